//! The store is plain Parquet: another engine reads the files that `store files` names.

use std::fs;
use std::process::Command;

use crate::harness::{folder, missing, need, run, sample};

/// Python, if it has DuckDB.
fn python() -> Option<std::path::PathBuf> {
    let python = need(&["python3"])?;
    let has = Command::new(&python).args(["-c", "import duckdb"]).output().is_ok_and(|output| output.status.success());
    if !has {
        missing("duckdb for python3 (pip install duckdb)");
    }
    has.then_some(python)
}

#[test]
fn duckdb_reads_the_rows_of_the_store() {
    let Some(python) = python() else { return };
    let (sample, scratch) = (sample(), folder());
    let script = scratch.path().join("read.py");
    fs::write(
        &script,
        r#"
import sys
import duckdb

db = duckdb.connect()
db.execute(sys.stdin.read())
rows, oldest, newest, errors = db.execute(
    "SELECT COUNT(*), MIN(ts_ns), MAX(ts_ns), COUNT(*) FILTER (WHERE severity >= 500) FROM rows"
).fetchone()
kinds = {name: kind for name, kind, *_ in db.execute("DESCRIBE rows").fetchall()}
print(rows, errors, (newest - oldest) // 86_400_000_000_000, kinds["ts_ns"], kinds["ts"], kinds["severity"], kinds["service"])
"#,
    )
    .unwrap();
    let view = run(["store", "files", "--duckdb", "--store", sample.store.to_str().unwrap()]).exits(0).out;
    fs::write(scratch.path().join("view.sql"), view).unwrap();
    let output = Command::new(python)
        .arg(&script)
        .stdin(fs::File::open(scratch.path().join("view.sql")).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let totals = &sample.report["totals"];
    let expected = format!(
        "{} {} 23 BIGINT TIMESTAMP WITH TIME ZONE INTEGER VARCHAR",
        totals["unique"], totals["severity"]["ERROR"]
    );
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_listed_files_are_the_ones_that_exist() {
    let store = &sample().store;
    let listed = run(["store", "files", "--store", store.to_str().unwrap()]).exits(0).out;
    assert!(listed.lines().count() >= 24, "{listed}");
    for file in listed.lines() {
        let bytes = fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{file}");
    }
}
