//! `show`: the entries around a finding, a trace or a moment of the sample.

use serde_json::Value;

use crate::harness::{Said, folder, run, sample};

fn show(args: &[&str]) -> Said {
    run(["show"].iter().chain(args).copied().chain(["--store", sample().store.to_str().unwrap()]))
}

fn rows(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

/// The crash loop of the sample.
fn loud() -> &'static Value {
    let clusters = sample().report["clusters"].as_array().unwrap();
    clusters.iter().find(|cluster| cluster["template"].as_str().unwrap().contains("CHECKOUT_SIGNING_KEY")).unwrap()
}

#[test]
fn the_entries_around_a_cluster_are_told_in_order_with_its_own_marked() {
    let id = loud()["id"].as_str().unwrap();
    let said = show(&[id, "--format", "ndjson"]).exits(0);
    let rows = rows(&said);
    let at: Vec<&str> = rows.iter().map(|row| row["ts"].as_str().unwrap()).collect();
    assert!(at.is_sorted() && at.len() > 10, "{at:?}");
    let own: Vec<&Value> = rows.iter().filter(|row| row["asked_for"] == true).collect();
    assert!(own.iter().all(|row| row["cluster"] == id) && own[0]["ts"] == loud()["first"], "{own:?}");
    assert!(rows.iter().all(|row| row["after_s"].as_f64().unwrap().abs() <= 30.0));
    assert!(rows.iter().any(|row| row["cluster"] != id), "what stands beside it is there too");

    let text = show(&[id]).exits(0).out;
    assert!(text.contains(&format!("the first entry of {id}")) && !text.contains('\u{1b}'), "{text}");
    let stack = text.lines().find(|line| line.trim_start().starts_with("File ")).expect("a frame on a line of its own");
    assert!(stack.starts_with("      "), "{stack:?}");
    // A family and a unique beginning name the same.
    assert_eq!(show(&[&id.replace('C', "F")[..7]]).exits(0).out, text);
}

#[test]
fn a_limit_keeps_the_nearest_and_counts_the_others() {
    let id = loud()["id"].as_str().unwrap();
    let all = show(&[id, "--json"]).exits(0).json();
    let few = show(&[id, "--json", "--limit", "5"]).exits(0).json();
    assert_eq!(few["entries"].as_array().unwrap().len(), 5);
    let left = few["left_out"]["earlier"].as_u64().unwrap() + few["left_out"]["later"].as_u64().unwrap();
    assert_eq!(left + 5, all["entries"].as_array().unwrap().len() as u64);
    assert!(few["entries"].as_array().unwrap().iter().any(|row| row["ts"] == few["at"]), "{few:#}");
    assert!(show(&[id, "--limit", "5"]).exits(0).out.contains("left out: "));
}

#[test]
fn a_trace_is_shown_whole_and_across_services() {
    let said = run(["query", "traces", "--json", "--store", sample().store.to_str().unwrap()]).exits(0).json();
    let trace = said.as_array().unwrap().iter().max_by_key(|row| row["services"].as_u64()).unwrap();
    let id = trace["trace"].as_str().unwrap();
    let rows = rows(&show(&[id, "--format", "ndjson"]).exits(0));
    assert_eq!(rows.len() as u64, trace["entries"].as_u64().unwrap());
    assert!(rows.iter().all(|row| row["trace"] == id && row["asked_for"] == true));
    assert_eq!(show(&[&format!("projects/p/traces/{id}"), "--json"]).exits(0).json()["what"], format!("trace {id}"));
}

#[test]
fn a_moment_can_be_narrowed_to_what_its_entry_shares() {
    let id = loud()["id"].as_str().unwrap();
    for field in ["instance", "service"] {
        let rows = rows(&show(&[id, "--same", field, "--format", "ndjson"]).exits(0));
        let first = rows.iter().find(|row| row["asked_for"] == true).unwrap();
        assert!(rows.iter().all(|row| row[field] == first[field]), "{field}");
    }
    let at = loud()["first"].as_str().unwrap();
    let rows = rows(&show(&[at, "--around", "1s", "--format", "ndjson"]).exits(0));
    assert!(rows.iter().any(|row| row["ts"] == at) && rows.iter().all(|row| row["asked_for"] == false));
}

#[test]
fn what_cannot_be_shown_is_said_with_a_way_on() {
    for wrong in ["Cffffffff", "no such thing"] {
        let said = show(&[wrong]).exits(2);
        assert!(said.out.is_empty() && said.err.contains(wrong) && said.err.contains("--since"), "{}", said.err);
    }
    show(&["2025-09-20", "--around", "soon"]).exits(2);
    show(&["2025-09-20", "--store-x"]).exits(2);
    let said = show(&["2030-01-01"]).exits(0);
    assert!(said.out.contains("no entry here; the next one before is at 2025-09-24T"), "{}", said.out);
    let none = folder();
    run(["show", "2025-09-20", "--store", none.path().to_str().unwrap()]).exits(4);
}

#[test]
fn people_are_masked_and_nothing_steers_the_terminal() {
    let scratch = folder();
    let (dump, store) = (scratch.path().join("a.json"), scratch.path().join("store"));
    let row = serde_json::json!({
        "insertId": "one", "timestamp": "2025-09-01T10:00:00Z", "severity": "ERROR",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "desk"}},
        "textPayload": "mail to kim@shop.example failed\n\u{1b}[2J\u{202e}from 10.11.12.13",
    });
    std::fs::write(&dump, format!("[{row}]")).unwrap();
    let store = store.to_str().unwrap();
    run(["ingest", dump.to_str().unwrap(), "--store", store]).exits(0);
    for format in [&["--format", "text"][..], &["--format", "ndjson"], &["--json"]] {
        let out = run(["show", "one", "--store", store].iter().chain(format)).exits(0).out;
        assert!(out.contains("<email-1>") && out.contains("<ip-1>"), "{out}");
        assert!(!out.contains("kim@") && !out.contains("10.11.12.13") && !out.contains('\u{1b}'), "{out}");
    }
}
