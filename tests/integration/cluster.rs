//! The store that tasks of a cluster build is the store of one ingest, and other engines answer its queries alike.
//!
//! The dumps are made here: hours of one service in which everything stands that could show how work was divided: 5 in 100
//! entries a second time in the next hour's file, a chain of tracebacks and a split entry across two files, entries without
//! an id or a time, lines that cannot be read, an hour that is known to be empty.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Said, assert_same_tree, digest, folder, gardener, missing, need, repository, run};
use crate::schema;

const HOURS: u64 = 40;
const PER_HOUR: u64 = 120;

fn line(id: &str, time: &str, severity: &str, text: &str, more: &Value) -> String {
    let mut entry = json!({
        "insertId": id, "timestamp": time, "severity": severity, "textPayload": text,
        "logName": "projects/acme/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {"project_id": "acme", "service_name": "shop-api", "revision_name": "shop-api-7"}},
        "labels": {"instanceId": "i-1"},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        entry[key] = value.clone();
    }
    if id.is_empty() {
        entry.as_object_mut().expect("an object").remove("insertId");
    }
    if time.is_empty() {
        entry.as_object_mut().expect("an object").remove("timestamp");
    }
    entry.to_string()
}

/// Writes the dumps; answers their folder.
fn dumps(base: &Path) -> PathBuf {
    const TRACE: &str = "Traceback (most recent call last):\n  File \"/app/shop.py\", line 3, in pay\n    charge()\nValueError: card 17 refused";
    const JOINER: &str = "During handling of the above exception, another exception occurred:";
    let out = base.join("dumps");
    let mut before: Vec<String> = Vec::new();
    let mut carried: Vec<String> = Vec::new();
    for hour in 0..HOURS {
        let at = |second: u64, micros: u64| {
            format!("2025-09-{:02}T{:02}:{:02}:{:02}.{micros:06}Z", 15 + hour / 24, hour % 24, second / 60, second % 60)
        };
        let mut lines: Vec<String> = std::mem::take(&mut carried);
        for n in 0..PER_HOUR {
            let (severity, text) = match n % 10 {
                0 => ("ERROR", format!("payment of order {} failed after {n} ms", hour * 1000 + n)),
                1 | 2 => ("WARNING", format!("slow answer from stock-{}: {} ms", n % 3, n * 7)),
                _ => ("INFO", format!("order {} accepted", hour * 1000 + n)),
            };
            lines.push(line(&format!("h{hour}n{n}"), &at(n * 29, n), severity, &text, &json!({})));
        }
        // Rows without an id, twice in one file; one without a time.
        let tick = line("", &at(30, 5), "INFO", "tick", &json!({}));
        lines.extend([tick.clone(), tick, line(&format!("u{hour}"), "", "INFO", "nobody knows when", &json!({}))]);
        // One event and one entry in two files.
        let of = |n: u64, text: &str| line(&format!("t{hour}-{n}"), &at(3_000, n * 40), "ERROR", text, &json!({}));
        let part = |n: u64| {
            let split = json!({"split": {"uid": format!("s{hour}"), "index": n, "totalSplits": 2}});
            line(&format!("p{hour}-{n}"), &at(3_100, n), "NOTICE", ["first half, ", "second half"][n as usize], &split)
        };
        lines.extend([of(0, TRACE), of(2, TRACE), part(1)]);
        carried.extend([of(1, JOINER), part(0)]);
        let repeated: Vec<String> = before.iter().take(before.len() / 20).cloned().collect();
        before.clone_from(&lines);
        lines.extend(repeated);
        if hour % 7 == 3 {
            lines.push("{\"insertId\": \"broken".to_owned());
        }
        let place = out.join(if hour % 2 == 0 { "even" } else { "odd" });
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join(format!("hour-{hour:02}.ndjson")), lines.join("\n") + "\n").unwrap();
    }
    fs::write(out.join("quiet.json"), "[]").unwrap();
    let window = json!({"since": "2025-09-17T00:00:00Z", "until": "2025-09-17T01:00:00Z", "exit": 0});
    fs::write(out.join("quiet.json.meta.json"), window.to_string()).unwrap();
    out
}

fn ingested(base: &Path, dumps: &Path) -> PathBuf {
    let store = base.join("one");
    run([OsStr::new("ingest"), dumps.as_os_str(), OsStr::new("--store"), store.as_os_str()]).exits(0);
    store
}

#[track_caller]
fn assert_same_reports(base: &Path, one: &Path, other: &Path) {
    assert_eq!(digest(one), digest(other));
    let verified = run([OsStr::new("store"), OsStr::new("verify"), OsStr::new("--store"), other.as_os_str()]);
    verified.exits(0);
    let report = |store: &Path, name: &str| {
        let out = base.join(name);
        run([OsStr::new("worklog"), OsStr::new("--store"), store.as_os_str(), OsStr::new("--out"), out.as_os_str()])
            .exits(0);
        out
    };
    assert_same_tree(&report(one, "report-one"), &report(other, "report-other"));
}

/// Runs a step and answers its receipt: one line, valid against its schema.
#[track_caller]
fn step<S: AsRef<OsStr>>(args: &[S]) -> Value {
    let said = run(args).exits(0);
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    schema::assert_valid("receipt", &said.json());
    said.json()
}

#[test]
fn shard_compact_and_merge_build_the_store_of_one_ingest() {
    let base = folder();
    let dumps = dumps(base.path());
    let one = ingested(base.path(), &dumps);
    let store = base.path().join("tasks");
    let text = |path: &Path| path.display().to_string();
    let mut files: Vec<String> = walkdir::WalkDir::new(&dumps)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file() && !entry.path().ends_with("quiet.json.meta.json"))
        .map(|entry| text(entry.path()))
        .collect();
    files.reverse();
    let (mut sketches, mut parts): (Vec<String>, std::collections::BTreeMap<String, Vec<String>>) = Default::default();
    for some in files.chunks(9) {
        let mut args = vec!["shard".into(), "--store".into(), text(&store), "--base".into(), text(&dumps)];
        args.extend(some.iter().cloned());
        let receipt = step(&args);
        assert_eq!(step(&args), receipt, "a task that runs again says the same");
        sketches.push(receipt["sketch"].as_str().unwrap().to_owned());
        for part in receipt["parts"].as_array().unwrap() {
            let day = part["day"].as_str().unwrap().to_owned();
            parts.entry(day).or_default().push(part["path"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["2025-09-15", "2025-09-16", "none"]);
    for (day, parts) in parts {
        let mut args = vec!["compact".into(), "--store".into(), text(&store), "--day".into(), day];
        args.extend(parts);
        sketches.push(step(&args)["sketch"].as_str().unwrap().to_owned());
    }
    let mut args = vec!["merge".into(), "--store".into(), text(&store), "--publish".into()];
    args.extend(sketches);
    assert_eq!(step(&args)["digest"], json!(digest(&one)));
    assert_same_reports(base.path(), &one, &store);
}

#[test]
fn a_shard_fails_where_a_second_try_may_help_and_tells_what_it_can_never_read() {
    let base = folder();
    let store = base.path().join("s");
    let shard = |file: &Path| run([OsStr::new("shard"), OsStr::new("--store"), store.as_os_str(), file.as_os_str()]);
    let said = shard(&base.path().join("not-yet.json")).exits(3);
    assert!(said.out.is_empty() && said.err.contains("no such file"), "{}", said.err);
    let broken = base.path().join("broken.json.gz");
    fs::write(&broken, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff]).unwrap();
    let receipt = shard(&broken).exits(0).json();
    let why = receipt["inputs"][0]["skipped"].as_str().unwrap();
    assert!(why.contains("cannot decode"), "{why}");
}

/// Python with these modules.
fn python(modules: &str) -> Option<PathBuf> {
    let python = need(&["python3"])?;
    let import = format!("import {modules}");
    let has = Command::new(&python).args(["-c", &import]).output().is_ok_and(|output| output.status.success());
    if !has {
        missing(&format!("one of the python3 modules {modules} (pip)"));
        return None;
    }
    need(&["java"])?;
    Some(python)
}

/// Runs a program of `distributed/`.
fn program(python: &Path, name: &str, args: &[&OsStr]) -> Said {
    let mut command = Command::new(python);
    command.arg(repository("distributed").join(name)).args(args);
    command.env_remove("GARDENER_CONFIG").env("PYSPARK_PYTHON", python).env("SPARK_LOCAL_IP", "127.0.0.1");
    command.env("PYSPARK_SUBMIT_ARGS", "--master local[2] --conf spark.ui.enabled=false pyspark-shell");
    command.output().expect("python starts").into()
}

#[test]
fn spark_builds_the_store_of_one_ingest_and_does_nothing_twice() {
    let Some(python) = python("pyspark, pyarrow, pandas") else { return };
    let base = folder();
    let dumps = dumps(base.path());
    let one = ingested(base.path(), &dumps);
    let store = base.path().join("garden");
    let binary = gardener();
    let hours = repository("queries/hours.sql");
    let build = |more: &[&OsStr]| {
        let mut args = vec![OsStr::new("--bin"), binary.get_program(), OsStr::new("--store"), store.as_os_str()];
        args.extend([OsStr::new("--task-bytes"), OsStr::new("256KiB"), dumps.as_os_str()]);
        args.extend(more);
        program(&python, "gardener_spark.py", &args).exits(0)
    };
    let first: Value = serde_json::from_str(build(&[]).out.trim()).unwrap();
    assert_eq!(first["digest"], json!(digest(&one)));
    assert!(first["tasks"]["shard"].as_u64().unwrap() >= 4, "{first}");
    assert_same_reports(base.path(), &one, &store);
    // Again, with a query: nothing is read twice, and Spark answers as the binary does.
    let said = build(&[OsStr::new("--ship"), OsStr::new("--sql"), hours.as_os_str()]);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["tasks"]["shard"], &lines[0]["tasks"]["compact"]), (&json!(0), &json!(0)), "{}", said.err);
    let answer = run([
        OsStr::new("query"),
        OsStr::new("hours"),
        OsStr::new("--format"),
        OsStr::new("json"),
        OsStr::new("--store"),
        one.as_os_str(),
    ]);
    let without_nulls = |rows: &[Value]| -> Vec<Value> {
        let mut rows = rows.to_vec();
        for row in &mut rows {
            row.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        rows
    };
    assert_eq!(lines[1..], without_nulls(answer.exits(0).json().as_array().unwrap()));
}

#[test]
fn a_store_in_an_object_store_is_the_store_of_one_ingest_also_when_a_dump_is_added() {
    let Some(python) = python("pyspark, pyarrow, pandas, moto.server, boto3") else { return };
    let base = folder();
    let dumps = dumps(base.path());
    let one = ingested(base.path(), &dumps);
    let binary = gardener();
    let said = program(&python, "s3_test.py", &[binary.get_program(), dumps.as_os_str(), base.path().as_os_str()]);
    let said = said.exits(0);
    // The stand-in of the object store says where it listens before the answer comes.
    let said: Value = serde_json::from_str(said.out.lines().last().unwrap_or_default()).unwrap();
    assert_ne!(said["first"]["digest"], said["second"]["digest"]);
    assert_eq!((&said["second"]["tasks"]["shard"], &said["left"]), (&json!(1), &json!([])), "{said}");
    assert_same_reports(base.path(), &one, &base.path().join("garden"));
}

#[test]
fn a_worker_that_dies_while_it_writes_changes_nothing() {
    if python("pyspark, pyarrow, pandas").is_none() || need(&["ps"]).is_none() {
        return;
    }
    let base = folder();
    let dumps = dumps(base.path());
    let mut command = Command::new(repository("distributed/cluster_test.sh"));
    command.arg(gardener().get_program()).arg(&dumps).arg(base.path().join("work")).env_remove("GARDENER_CONFIG");
    let said: Said = command.output().expect("bash starts").into();
    let said = said.exits(0);
    assert!(said.out.contains("one app, two executors, 42 starts for 41 shards"), "{}", said.out);
}

#[test]
fn every_query_answers_alike_on_polars_duckdb_and_spark() {
    let Some(python) = python("pyspark, pyarrow, pandas, duckdb") else { return };
    let base = folder();
    let one = crate::harness::sample().store.clone();
    let binary = gardener();
    let queries = repository("queries");
    let args = [binary.get_program(), one.as_os_str(), queries.as_os_str(), base.path().as_os_str()];
    let said = program(&python, "sql_test.py", &args).exits(0).json();
    let known = fs::read_dir(&queries).unwrap().count() as u64;
    assert_eq!(said["queries"], json!(known));
    let rows = said["rows"].as_object().unwrap();
    let empty = rows.iter().filter(|(_, rows)| **rows == json!(0)).fold(String::new(), |mut text, (name, _)| {
        let _ = write!(text, " {name}");
        text
    });
    assert_eq!(empty, "", "queries without a row show nothing");
}
