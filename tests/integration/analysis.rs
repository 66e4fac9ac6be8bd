//! What the analysis concludes of small stories: a value that changes, a service that falls silent, a deploy, two loops.
//!
//! The stories are invented here and told hour by hour, because each of them depends on what was exported when.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{folder, json as read, run};

const DAYS: i64 = 6;

/// `2025-03-03T05:00:07.000000Z` of an hour since the story began, and a second in it.
fn at(hour: i64, second: i64) -> String {
    let (day, hour) = (3 + hour / 24, hour % 24);
    format!("2025-03-{day:02}T{hour:02}:{:02}:{:02}.000000Z", second / 60, second % 60)
}

fn entry(hour: i64, second: i64, service: &str, revision: &str, severity: &str, text: &str) -> Value {
    json!({
        "insertId": format!("{service}-{hour}-{second}-{}", text.len()),
        "timestamp": at(hour, second),
        "severity": severity,
        "textPayload": text,
        "logName": "projects/story/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {
            "project_id": "story", "service_name": service, "revision_name": revision, "location": "europe-west1"}},
        "labels": {"instanceId": format!("{revision}-{}", hour / 6)},
    })
}

fn write(folder: &Path, name: &str, entries: &[Value]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), serde_json::to_vec(entries).unwrap()).unwrap();
}

/// Runs over a folder of dumps; answers the report.
fn report(dumps: &Path, base: &Path) -> Value {
    let (store, out) = (base.join("store"), base.join("out"));
    let words = ["run", dumps.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(words.iter().chain(&["--no-progress", "--quiet"])).exits(0);
    read(&out.join("report.json"))
}

/// The window of the last two days of a store.
fn last_days(base: &Path) -> Value {
    let (store, out) = (base.join("store"), base.join("late"));
    let words =
        ["worklog", "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap(), "--since", "2025-03-07"];
    run(words.iter().chain(&["--no-progress", "--quiet"])).exits(0);
    read(&out.join("report.json"))
}

fn rows<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no list: {value:#}"))
}

fn cluster<'a>(report: &'a Value, part: &str) -> &'a Value {
    let mut hits = rows(report, "clusters").iter().filter(|row| row["template"].as_str().unwrap().contains(part));
    let one = hits.next().unwrap_or_else(|| panic!("no cluster {part}: {:#}", report["clusters"]));
    assert!(hits.next().is_none(), "one cluster {part}");
    one
}

fn why(cluster: &Value) -> String {
    rows(cluster, "status_why").iter().map(|why| why.as_str().unwrap()).collect::<Vec<_>>().join("; ")
}

/// Two services, an hour a file; `silent` says from which hour on `mail` writes nothing, and whether its export ends too.
fn hours(dumps: &Path, silent: i64, apart: bool) {
    for hour in 0..DAYS * 24 {
        let beat = |service: &str| {
            let beats =
                (0..4).map(|n| entry(hour, n * 800 + 5, service, "r1", "INFO", &format!("beat {n} of {service}")));
            beats.collect::<Vec<_>>()
        };
        let shop = beat("shop");
        let mail = if hour < silent { beat("mail") } else { Vec::new() };
        if apart {
            write(dumps, &format!("shop_{hour:03}.json"), &shop);
            if hour < silent {
                write(dumps, &format!("mail_{hour:03}.json"), &mail);
            }
        } else {
            write(dumps, &format!("all_{hour:03}.json"), &[shop, mail].concat());
        }
    }
}

#[test]
fn a_service_that_goes_silent_while_it_is_exported_is_a_finding_with_its_last_entry() {
    let scratch = folder();
    let dumps = scratch.path().join("dumps");
    hours(&dumps, 130, false);
    for report in [report(&dumps, scratch.path()), last_days(scratch.path())] {
        let silent = cluster(&report, "<service went silent>");
        assert_eq!(
            (&silent["service"], &silent["entries"], &silent["status"]),
            (&json!("mail"), &json!(0), &json!("new"))
        );
        assert_eq!(silent["last"], "2025-03-08T09:40:05.000000000Z");
        assert_eq!((&silent["category"], &silent["silent"]["whole_service"]), (&json!("silence"), &json!(true)));
        assert!(
            why(silent).starts_with("went silent: the service wrote in 100 % of the covered hours"),
            "{}",
            why(silent)
        );
        assert_eq!((&silent["priority"], &silent["priority_points"]), (&json!("P2"), &json!(40)));
        let findings = rows(&report["summary"], "findings");
        assert_eq!(findings[0]["cluster"], silent["id"], "{findings:#?}");
        let action = read(&scratch.path().join("out/actions.json"));
        let planned = rows(&action, "actions").iter().find(|action| action["cluster"]["id"] == silent["id"]).unwrap();
        assert_eq!(planned["kind"], "create", "{planned:#}");
        let others = rows(&report, "clusters").iter().filter(|other| !other["silent"].is_null()).count();
        assert_eq!(others, 1, "its messages are not told once more");
        let sum: u64 = rows(&report, "clusters").iter().map(|row| row["entries"].as_u64().unwrap()).sum();
        assert_eq!(json!(sum), report["totals"]["unique"]);
    }
}

#[test]
fn a_service_whose_export_is_missing_is_a_line_of_coverage_and_no_finding() {
    let scratch = folder();
    let dumps = scratch.path().join("dumps");
    hours(&dumps, 130, true);
    let report = report(&dumps, scratch.path());
    assert!(rows(&report, "clusters").iter().all(|row| row["silent"].is_null()), "{:#}", report["clusters"]);
    let reasons = report["coverage"]["reasons"].to_string();
    assert!(reasons.contains("no export holds INFO of mail after 2025-03-08T09:40:05Z"), "{reasons}");
}

#[test]
fn a_value_a_deploy_and_an_end_are_told_with_their_moment_and_revision() {
    let scratch = folder();
    let dumps = scratch.path().join("dumps");
    // Revision r2 serves from hour 96 on, which is where the window of the last two days begins.
    for hour in 0..DAYS * 24 {
        let (revision, wait) = if hour < 96 { ("r1", "2.1s") } else { ("r2", "2.8s") };
        let mut all: Vec<Value> =
            (0..3).map(|n| entry(hour, n * 900, "shop", revision, "INFO", &format!("request {n} served"))).collect();
        if hour % 5 == 1 {
            all.push(entry(
                hour,
                100,
                "shop",
                revision,
                "WARNING",
                &format!("lock not acquired within {wait}, trying again"),
            ));
        }
        if hour % 6 == 2 && hour < 94 {
            all.push(entry(hour, 200, "shop", revision, "ERROR", "legacy voucher table is gone"));
        }
        if hour % 4 == 3 && hour >= 97 {
            all.push(entry(hour, 300, "shop", revision, "ERROR", "basket total is negative"));
        }
        write(&dumps, &format!("all_{hour:03}.json"), &all);
    }
    let whole = report(&dumps, scratch.path());
    let late = last_days(scratch.path());
    for report in [&whole, &late] {
        let drifting = cluster(report, "lock not acquired");
        let parameter = &rows(drifting, "parameters")[0];
        assert_eq!(parameter["drift"], "2.1 s -> 2.8 s, first at 2025-03-07T00:01:40Z, revision r2", "{parameter:#}");
        assert_eq!(
            (&parameter["change"]["kind"], &parameter["change"]["revision"]),
            (&json!("constant"), &json!("r2"))
        );
        let came = cluster(report, "basket total");
        assert_eq!(came["revision_ties"]["appeared"]["revision"], "r2", "{:#}", came["revision_ties"]);
        assert!(
            why(came).contains("appeared with revision r2, which began to write at 2025-03-07T00:00:00Z"),
            "{}",
            why(came)
        );
        let went = cluster(report, "legacy voucher");
        assert_eq!(went["revision_ties"]["gone"]["revision"], "r2", "{:#}", went["revision_ties"]);
        let neither = cluster(report, "request");
        assert_eq!(
            (&neither["revision_ties"]["appeared"], &neither["revision_ties"]["gone"]),
            (&Value::Null, &Value::Null)
        );
    }
    let words = ["explain", cluster(&late, "basket total")["id"].as_str().unwrap(), "--store"];
    let store = scratch.path().join("store");
    let said = run(words.iter().copied().chain([store.to_str().unwrap(), "--since", "2025-03-07"])).exits(0).out;
    assert!(said.contains("appeared with r2 (first entry 2025-03-07T00:00:00.000000000Z): "), "{said}");
}

#[test]
fn two_crash_loops_with_one_exit_line_and_other_exceptions_are_two_families_and_two_issues() {
    let scratch = folder();
    let dumps = scratch.path().join("dumps");
    let mut all = Vec::new();
    for (start, name) in [(2_i64, "KeyError: 'TOKEN'"), (9, "ValueError: port is no number")] {
        for n in 0..5 {
            let second = n * 20;
            let trace = format!("Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\n{name}");
            let mut rows = [
                entry(start, second, "shop", "r1", "ERROR", &trace),
                entry(start, second + 2, "shop", "r1", "WARNING", "Container called exit(1)."),
            ];
            for row in &mut rows {
                row["labels"]["instanceId"] = json!(format!("i{start}{n}"));
            }
            all.extend(rows);
        }
    }
    write(&dumps, "all.json", &all);
    let report = report(&dumps, scratch.path());
    let loops: Vec<&Value> = rows(&report, "families").iter().filter(|family| family["kind"] == "crash_loop").collect();
    assert_eq!(loops.len(), 2, "{loops:#?}");
    assert!(loops.iter().all(|family| family["events"] == 5), "{loops:#?}");
    let actions = read(&scratch.path().join("out/actions.json"));
    let created: Vec<&Value> = rows(&actions, "actions").iter().filter(|action| action["kind"] == "create").collect();
    let mut roots: Vec<&Value> = loops.iter().map(|family| &family["root"]).collect();
    let mut filed: Vec<&Value> = created.iter().map(|action| &action["cluster"]["id"]).collect();
    roots.sort_by_key(|id| id.as_str());
    filed.sort_by_key(|id| id.as_str());
    assert_eq!(filed, roots, "{created:#?}");
}
