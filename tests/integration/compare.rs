//! `compare`: two days of the sample, two revisions of its store, and inputs of its own.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Said, folder, run, sample};

fn compare(a: &str, b: &str, more: &[&str]) -> Said {
    run(["compare", a, b, "--no-progress"].iter().chain(more))
}

fn templates<'a>(told: &'a Value, list: &str) -> Vec<&'a str> {
    told[list].as_array().unwrap().iter().map(|row| row["template"].as_str().unwrap()).collect()
}

/// A dump with requests of one service and messages of another severity beside them.
fn dump(path: &std::path::Path, requests: usize, messages: &[(&str, usize)]) {
    let mut rows = Vec::new();
    let mut row = |more: Value| {
        let n = rows.len();
        let mut row = json!({
            "insertId": format!("{}-{n}", path.display()), "severity": "ERROR",
            "timestamp": format!("2025-09-01T10:{:02}:{:02}.{:03}Z", n / 60_000, n / 1_000 % 60, n % 1_000),
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "desk"}},
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rows.push(row);
    };
    for _ in 0..requests {
        row(json!({"severity": "INFO", "httpRequest": {"requestMethod": "GET", "requestUrl": "/a", "status": 200}}));
    }
    for (message, times) in messages {
        (0..*times).for_each(|_| row(json!({"textPayload": message})));
    }
    fs::write(path, Value::Array(rows).to_string()).unwrap();
}

#[test]
fn a_revision_that_cannot_start_is_new_trouble_against_the_one_before() {
    let store = sample().store.to_str().unwrap();
    let (a, b) = (format!("{store}@shop-api-00046-dox"), format!("{store}@shop-api-00047-vik"));
    let told = compare(&a, &b, &["--json"]).exits(0).json();
    let new = templates(&told, "new");
    assert!(new.iter().any(|template| template.contains("CHECKOUT_SIGNING_KEY")), "{new:?}");
    assert!(told["new"].as_array().unwrap().iter().all(|row| row["a"] == 0 && row["b"].as_u64().unwrap() > 0));
    assert!(told["gone"].as_array().unwrap().iter().all(|row| row["b"] == 0));
    // A cluster has the id that the report of the store gives it.
    let is_known = |row: &Value| {
        sample().report["clusters"].as_array().unwrap().iter().any(|cluster| cluster["id"] == row["cluster"])
    };
    assert!(told["new"].as_array().unwrap().iter().all(is_known));
}

#[test]
fn an_input_is_the_same_as_itself() {
    let store = sample().store.to_str().unwrap();
    let told = compare(store, store, &["--json"]).exits(0).json();
    for list in ["new", "gone", "more", "less", "values"] {
        assert_eq!(told[list], json!([]), "{list}");
    }
    assert_eq!(told["same"], sample().report["totals"]["clusters"]);
}

#[test]
fn rates_are_per_request_and_values_and_disappearances_are_told() {
    let scratch = folder();
    let (a, b) = (scratch.path().join("good.json"), scratch.path().join("bad.json"));
    dump(&a, 2_000, &[("lock held for 2.1 s", 40), ("cache miss for kim@shop.example", 40), ("heartbeat sent", 200)]);
    dump(&b, 200, &[("lock held for 2.8 s", 60), ("cache miss for kim@shop.example", 4), ("disk is full", 1)]);
    let (a, b, out) = (a.to_str().unwrap(), b.to_str().unwrap(), scratch.path().join("out"));
    let told = compare(a, b, &["--json", "--out", out.to_str().unwrap()]).exits(0).json();
    assert_eq!((templates(&told, "new"), templates(&told, "gone")), (vec!["disk is full"], vec!["heartbeat sent"]));
    assert_eq!(
        (told["new"][0]["sure"].as_bool(), told["gone"][0]["exposure"].as_str()),
        (Some(false), Some("requests"))
    );
    assert_eq!(told["more"].as_array().unwrap().len(), 1, "more per request, though hardly more in all: {told:#}");
    assert!(told["more"][0]["template"].as_str().unwrap().starts_with("lock held"));
    let change = told["values"][0]["change"].as_str().unwrap();
    assert!(change.contains("always 2.1") && change.contains("always 2.8"), "{change}");
    assert_eq!(fs::read_to_string(out.join("compare.json")).unwrap(), compare(a, b, &["--json"]).exits(0).out);
    let document = fs::read_to_string(out.join("compare.md")).unwrap();
    assert!(document.contains("## New in B") && document.contains("`bad.json`"), "{document}");
    assert!(!document.contains(scratch.path().to_str().unwrap()), "no folder of this machine: {document}");
    fs::write(out.join("compare.md"), "mine").unwrap();
    compare(a, b, &["--out", out.to_str().unwrap()]).exits(2);
    let text = compare(a, b, &["--limit", "0"]).exits(0).out;
    assert!(text.contains("1 more (--limit)") && !text.contains('\u{1b}') && !text.contains("kim@"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_named() {
    let (store, scratch) = (sample().store.to_str().unwrap(), folder());
    let said = compare("no-such-dump.json", store, &[]).exits(3);
    assert!(said.err.contains("no-such-dump.json"), "{}", said.err);
    let said = compare(store, &format!("{store}@no-such-revision"), &[]).exits(2);
    assert!(said.err.contains("no-such-revision") && said.err.contains("shop-api-000"), "{}", said.err);
    compare("nowhere@r1", store, &[]).exits(2);
    let empty = scratch.path().join("empty.json");
    fs::write(&empty, "[]").unwrap();
    let told = compare(empty.to_str().unwrap(), store, &["--json"]).exits(0).json();
    assert_eq!((told["a"]["entries"].as_u64(), told["gone"].as_array().map(Vec::len)), (Some(0), Some(0)));
}
