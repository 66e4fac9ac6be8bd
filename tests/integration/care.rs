//! Care of a store from the command line: what is tidied, what is pruned, and what is said of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Said, digest, folder, json, run};

/// A dump of some days of March 2025, three entries a day.
fn dump(folder: &Path, name: &str, days: std::ops::RangeInclusive<u32>) -> PathBuf {
    let path = folder.join(name);
    let line = |day: u32, n: u32| {
        format!(
            "{{\"insertId\":\"d{day}n{n}\",\"timestamp\":\"2025-03-{day:02}T1{n}:00:00Z\",\"severity\":\"ERROR\",\"textPayload\":\"valve {n} is stuck\",\"resource\":{{\"type\":\"cloud_run_revision\",\"labels\":{{\"service_name\":\"pump\",\"project_id\":\"acme\"}}}}}}\n"
        )
    };
    fs::write(&path, days.flat_map(|day| (0..3).map(move |n| line(day, n))).collect::<String>()).unwrap();
    path
}

fn ingest(store: &Path, input: &Path) -> Value {
    run(["ingest", input.to_str().unwrap(), "--json", "--store", store.to_str().unwrap()]).exits(0).json()
}

fn care(store: &Path, words: &[&str]) -> Said {
    run(["store"].iter().chain(words).copied().chain(["--store", store.to_str().unwrap()]))
}

#[test]
fn pruning_drops_whole_days_and_says_which() {
    let scratch = folder();
    let base = scratch.path();
    let (store, later) = (base.join("store"), base.join("later"));
    ingest(&store, &dump(base, "early.json", 1..=3));
    ingest(&store, &dump(base, "late.json", 4..=6));
    ingest(&later, &base.join("late.json"));
    let before = digest(&store);

    let said = care(&store, &["prune", "--before", "2025-03-04", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&said["rows"], &said["dry_run"], &said["before"]), (&9.into(), &true.into(), &"2025-03-04".into()));
    assert_eq!(digest(&store), before, "a dry run changes nothing");
    let said = care(&store, &["prune", "--before", "2025-03-04"]).exits(0);
    assert!(said.out.starts_with("dropped 3 days, 2025-03-01 to 2025-03-03: 9 rows, "), "{}", said.out);
    assert_eq!(digest(&store), digest(&later), "as if the early days had never been there");
    care(&store, &["verify"]).exits(0);
    assert_eq!(care(&store, &["tidy", "--dry-run", "--json"]).exits(0).json()["files"], 0, "the files are gone");
    let stats = care(&store, &["stats", "--json"]).exits(0).json();
    assert_eq!(
        (&stats["days"], &stats["rows"], &stats["pruned_before"], &stats["pruned_rows"]),
        (&3.into(), &9.into(), &"2025-03-04".into(), &9.into())
    );
    assert!(care(&store, &["stats"]).exits(0).out.contains("days before 2025-03-04 were pruned, with 9 rows"));
    let book = json(&store.join("state/pruned.json"));
    assert_eq!(
        (&book["before"], &book["rows"], &book["days"]["2025-03-02"]["rows"]),
        (&"2025-03-04".into(), &9.into(), &3.into())
    );
    let said = care(&store, &["prune", "--before", "2025-03-04"]).exits(0);
    assert!(said.out.contains("nothing is dropped"), "{}", said.out);
}

#[test]
fn pruned_days_do_not_come_back_and_no_report_claims_them() {
    let scratch = folder();
    let base = scratch.path();
    let store = base.join("store");
    ingest(&store, &dump(base, "all.json", 1..=6));
    fs::write(base.join("all.json.meta.json"), "{\"since\":\"2025-03-01T00:00:00Z\",\"until\":\"2025-03-07T00:00:00Z\",\"filter\":\"\",\"limit\":null,\"exit\":0}").unwrap();
    care(&store, &["prune", "--before", "2025-03-05"]).exits(0);
    let before = digest(&store);

    // The same file read again, and another that reaches back: what is old is counted, and not stored.
    let read = |name: &str| {
        let path = base.join(name);
        run(["ingest", path.to_str().unwrap(), "--rehash", "--json", "--store", store.to_str().unwrap()])
            .exits(0)
            .json()
    };
    let report = read("all.json");
    assert_eq!(
        (&report["files"][0]["set_aside"]["pruned"], &report["files"][0]["duplicates"], &report["total"]["set_aside"]),
        (&12.into(), &6.into(), &12.into()),
        "{report:#}"
    );
    dump(base, "other.json", 3..=4);
    let path = base.join("other.json");
    let said = run(["ingest", path.to_str().unwrap(), "--store", store.to_str().unwrap()]).exits(0);
    assert!(said.out.contains("6 of those set aside are of days that were pruned"), "{}", said.out);
    assert_eq!(digest(&store), before);

    let out = base.join("out");
    let input = base.join("all.json");
    run([
        "run",
        input.to_str().unwrap(),
        "--rehash",
        "--store",
        store.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
    .exits(0);
    let report = json(&out.join("report.json"));
    assert_eq!(report["totals"]["unique"], 6);
    for (severity, row) in report["coverage"]["by_severity"].as_object().unwrap() {
        let seconds = |name: &str| row[name].as_f64().unwrap();
        assert!(seconds("covered_s") <= 2.0 * 86_400.0 && seconds("asked_s") <= 2.0 * 86_400.0, "{severity}: {row}");
    }
    let sql = base.join("coverage.sql");
    fs::write(&sql, "SELECT * FROM coverage\n").unwrap();
    let rows =
        run(["query", sql.to_str().unwrap(), "--format", "csv", "--store", store.to_str().unwrap()]).exits(0).out;
    assert!(!rows.contains("2025-03-01") && !rows.contains("2025-03-04"), "no span in pruned days:\n{rows}");
}

#[test]
fn a_date_that_cannot_be_meant_is_usage_and_changes_nothing() {
    let scratch = folder();
    let base = scratch.path();
    let store = base.join("store");
    ingest(&store, &dump(base, "all.json", 1..=3));
    let before = digest(&store);
    for date in ["yesterday", "2025-03-04T00:00:00Z", "2025-02-30", "2025-3-4", "2925-03-04", ""] {
        let said = care(&store, &["prune", "--before", date]).exits(2);
        assert!(said.err.contains("2025-09-15"), "{date:?}: {}", said.err);
    }
    let said = care(&store, &["prune", "--before", "2125-03-04"]).exits(2);
    assert!(said.err.contains("2025-03-04 is the last date"), "{}", said.err);
    care(&store, &["prune"]).exits(2);
    assert_eq!(digest(&store), before);
    care(&store, &["prune", "--before", "2025-03-04"]).exits(0);
    assert_eq!(care(&store, &["stats", "--json"]).exits(0).json()["rows"], 0, "up to the day after the newest entry");
    care(&base.join("none"), &["prune", "--before", "2025-03-04"]).exits(4);
    care(&base.join("none"), &["tidy"]).exits(4);
}

#[test]
fn tidying_removes_leftovers_and_nothing_else() {
    let scratch = folder();
    let base = scratch.path();
    let store = base.join("store");
    ingest(&store, &dump(base, "all.json", 1..=3));
    let before = digest(&store);
    for name in [
        ".partial-a1",
        "rows/day=2025-03-01/.partial-b2",
        "rows/day=2025-03-09/0a.parquet",
        "ledger/0b.json",
        "quarantine/0c.jsonl",
    ] {
        fs::create_dir_all(store.join(name).parent().unwrap()).unwrap();
        fs::write(store.join(name), "0123456789").unwrap();
    }
    fs::write(store.join("NOTES.txt"), "whose store this is").unwrap();
    fs::write(store.join("state/mine.json"), "{}").unwrap();
    let said = care(&store, &["tidy", "--dry-run"]).exits(0);
    assert_eq!(said.out, "would remove 5 files, 50 bytes, that the manifest does not name\n");
    let said = care(&store, &["tidy", "--json"]).exits(0).json();
    assert_eq!((&said["files"], &said["bytes"], &said["dry_run"]), (&5.into(), &50.into(), &false.into()));
    assert_eq!(care(&store, &["tidy"]).exits(0).out, "removed 0 files, 0 bytes, that the manifest does not name\n");
    assert!(!store.join("rows/day=2025-03-09").exists(), "a folder that holds nothing goes too");
    assert!(store.join("NOTES.txt").exists() && store.join("state/mine.json").exists());
    assert_eq!(digest(&store), before);
    care(&store, &["verify"]).exits(0);

    // While somebody reads, nothing is taken away.
    let lock = fs::File::options().read(true).open(store.join("readers.lock")).unwrap();
    lock.lock_shared().unwrap();
    let said = care(&store, &["tidy"]).exits(4);
    assert!(said.err.contains("being read"), "{}", said.err);
}
