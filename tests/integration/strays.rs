//! Entries whose times lie far from all others, as of clocks that were not set.

use std::fs;
use std::path::Path;

use crate::harness::{folder, json, run};

const MARCH: &str = "2025-03-03T10";

/// An hour of one service, and further lines.
fn dump(path: &Path, further: &[(&str, &str, &str)]) {
    let entry = |id: &str, time: &str, severity: &str, text: &str| {
        format!(
            r#"{{"insertId":"{id}","timestamp":"{time}","severity":"{severity}","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","project_id":"p"}}}},"textPayload":"{text}"}}"#
        )
    };
    let mut lines: Vec<String> = (0..240)
        .map(|n| {
            let (severity, text) = if n % 24 == 0 { ("ERROR", "order was lost") } else { ("INFO", "order was taken") };
            entry(&format!("row{n}"), &format!("{MARCH}:{:02}:{:02}Z", n / 4, n % 4 * 15), severity, text)
        })
        .collect();
    lines.extend(
        further.iter().enumerate().map(|(n, (time, severity, text))| entry(&format!("far{n}"), time, severity, text)),
    );
    fs::write(path, lines.join("\n")).unwrap();
}

#[test]
fn a_clock_that_was_not_set_stretches_neither_window_nor_coverage() {
    let scratch = folder();
    let base = scratch.path();
    let (store, out) = (base.join("store"), base.join("out"));
    let file = base.join("hour.ndjson");
    dump(&file, &[("1970-01-01T00:00:03Z", "INFO", "starting"), ("2106-02-07T06:28:15Z", "ERROR", "order was lost")]);
    let said = run(["run", file.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    said.exits(0);
    let report = json(&out.join("report.json"));
    assert_eq!(report["window"]["since"], "2025-03-03T10:00:00.000000000Z", "{:#}", report["window"]);
    assert_eq!(report["window"]["until"], "2025-03-03T10:59:45.000000001Z");
    let covered = report["coverage"]["services"]["shop"]["covered_s"].as_f64().unwrap();
    assert!((covered - 3_585.0).abs() < 1.0, "{covered}");
    let cluster = &report["clusters"][0];
    assert_eq!((&cluster["entries"], &cluster["status"]), (&10.into(), &"insufficient_coverage".into()), "{cluster:#}");
    let quality = report["data_quality"].as_array().unwrap();
    let stray = quality.iter().find(|row| row["kind"] == "stray_times").expect("it is said");
    let text = stray["text"].as_str().unwrap();
    assert!(text.starts_with("2 entries lie far from the others of hour.ndjson (2025-03-03T10:00:00Z to"), "{text}");
    assert!(text.contains("1970-01-01T00:00:03Z to 2106-02-07T06:28:15Z"), "{text}");

    // The store tells the same later, keeps the entries, and shows them where a window takes them in.
    let given = |more: &[&str]| {
        let mut args = vec!["worklog", "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
        args.extend(more);
        run(args).exits(0);
        json(&out.join("report.json"))
    };
    assert_eq!(given(&[])["window"], report["window"]);
    let whole = given(&["--since", "1970-01-01", "--until", "2106-02-08"]);
    assert_eq!(whole["totals"]["unique"], 242);
    assert!((whole["coverage"]["services"]["shop"]["covered_s"].as_f64().unwrap() - 3_585.0).abs() < 1.0);
    // A window of more than a century has as few rows of days as one of four months.
    let days = whole["clusters"][0]["trend"]["per_day"].as_array().unwrap();
    assert!(days.len() <= 120 && days.len() > 100, "{}", days.len());
    assert_eq!(days.iter().map(|day| day["entries"].as_u64().unwrap()).sum::<u64>(), 11);
    assert!(days[0]["last_day"].as_str().unwrap() > "1970-06-01", "{}", days[0]);
    assert!(fs::metadata(out.join("worklog.html")).unwrap().len() < 500_000);

    let week = base.join("week");
    let said = run(["weekly", "--store", store.to_str().unwrap(), "--out", week.to_str().unwrap()]).exits(2);
    assert!(said.err.contains("the store holds 2025-03-03T10:00:00Z to 2025-03-03T10:59:45Z"), "{}", said.err);
    // What came last is of March 2025 still: days after it cannot be pruned by mistake.
    let said = run(["store", "prune", "--store", store.to_str().unwrap(), "--before", "2030-01-01"]).exits(2);
    assert!(said.err.contains("2025-03-04 is the last date"), "{}", said.err);
}

#[test]
fn an_export_that_spans_months_is_covered_from_end_to_end() {
    let scratch = folder();
    let base = scratch.path();
    let file = base.join("months.ndjson");
    let further: Vec<_> = ["01", "02"].iter().map(|day| format!("2024-11-{day}T10:00:00Z")).collect();
    let further: Vec<_> = further.iter().map(|time| (time.as_str(), "ERROR", "order was lost")).collect();
    // Three of 243 are more than one of a hundred.
    dump(&file, &[further[0], further[1], ("2024-10-02T10:00:00Z", "ERROR", "order was lost")]);
    let (store, out) = (base.join("store"), base.join("out"));
    run(["run", file.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()]).exits(0);
    let report = json(&out.join("report.json"));
    assert_eq!(report["window"]["since"], "2024-10-02T10:00:00.000000000Z");
    assert_eq!(report["clusters"][0]["entries"], 13);
    assert!(report["data_quality"].as_array().unwrap().iter().all(|row| row["kind"] != "stray_times"));
}
