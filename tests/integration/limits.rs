//! More clusters than a report tells: the most urgent ones are the same as ever, and of the others every sum is exact.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{assert_same_tree, folder, gardener, json, repository, run, sample};
use crate::schema::assert_valid;

/// `worklog` of the sample's store with so many clusters told.
fn worklog(out: &Path, config: &Path, told: usize, more: &[&str]) {
    let text = fs::read_to_string(repository("data/gardener.toml")).unwrap();
    assert!(!text.contains("[limits]"));
    fs::write(config, format!("{text}\n[limits]\nreport-clusters = {told}\n")).unwrap();
    let mut command = gardener();
    command.arg("worklog").arg("--store").arg(&sample().store).arg("--out").arg(out);
    command.arg("--config").arg(config).arg("--issues").arg(repository("data/issues.json")).args(more);
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn n(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn present(cluster: &Value) -> bool {
    n(cluster, "entries") + n(cluster, "attached") > 0
}

#[test]
fn clusters_beyond_the_limit_are_counted_exactly() {
    let scratch = folder();
    let (whole, few) = (scratch.path().join("whole"), scratch.path().join("few"));
    let config = scratch.path().join("gardener.toml");
    worklog(&whole, &config, 5_000, &[]);
    worklog(&few, &config, 3, &[]);
    let (all, cut) = (json(&whole.join("report.json")), json(&few.join("report.json")));
    assert!(all.get("rest").is_none(), "nothing is left out: no word of it");
    assert_valid("report", &cut);
    let (every, told) = (all["clusters"].as_array().unwrap(), cut["clusters"].as_array().unwrap());
    assert_eq!(told.len(), 3);
    for (one, other) in every.iter().zip(told) {
        assert_eq!(one["id"], other["id"], "the order is that of the whole report");
        assert_eq!((&one["entries"], &one["priority"]), (&other["entries"], &other["priority"]));
    }
    let (rest, beyond) = (&cut["rest"], &every[3..]);
    let here: Vec<&Value> = beyond.iter().filter(|one| present(one)).collect();
    assert_eq!((n(rest, "limit"), n(rest, "clusters")), (3, here.len() as u64));
    for key in ["entries", "attached", "events"] {
        assert_eq!(n(rest, key), here.iter().map(|one| n(one, key)).sum::<u64>(), "{key}");
    }
    assert_eq!(n(rest, "absent"), (beyond.len() - here.len()) as u64);
    let services: BTreeSet<String> = here.iter().map(|one| format!("{} {}", one["project"], one["service"])).collect();
    assert_eq!(n(rest, "services"), services.len() as u64);
    let mut levels: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &here {
        *levels.entry(one["effective_severity"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(rest["effective_severity"], serde_json::to_value(levels).unwrap());
    assert_eq!(all["totals"], cut["totals"], "sums are of everything");
    assert_eq!(all["summary"]["statuses"], cut["summary"]["statuses"]);
    let findings = |report: &Value| report["summary"]["findings"].as_array().unwrap().len() as u64;
    assert_eq!(findings(&all), findings(&cut) + n(rest, "findings"));
    let priorities: u64 = rest["priority"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(priorities, n(rest, "findings"));
    let named: BTreeSet<&str> =
        cut["services"].as_array().unwrap().iter().map(|row| row["service"].as_str().unwrap()).collect();
    for row in all["services"].as_array().unwrap() {
        let other = cut["services"].as_array().unwrap().iter().find(|other| other["service"] == row["service"]);
        assert!(other.is_none_or(|other| other == row), "a service that is told is told whole: {row}");
    }
    assert_eq!(n(rest, "service_rows"), (all["services"].as_array().unwrap().len() - named.len()) as u64);
    assert_eq!(all["families"].as_array().unwrap().len() as u64, {
        cut["families"].as_array().unwrap().len() as u64 + n(rest, "families")
    });
}

#[test]
fn what_is_only_counted_is_said_where_people_look() {
    let scratch = folder();
    let (out, config) = (scratch.path().join("out"), scratch.path().join("gardener.toml"));
    worklog(&out, &config, 3, &[]);
    let (report, actions) = (json(&out.join("report.json")), json(&out.join("actions.json")));
    assert_valid("actions", &actions);
    let loud = n(&report["rest"], "loud");
    assert!(loud > 0, "the sample has more than three problems");
    assert_eq!(n(&actions["unplanned"], "clusters"), loud);
    assert!(actions["unplanned"]["reason"].as_str().unwrap().contains("report-clusters = 3"));
    for name in ["worklog.md", "worklog.html", "review.md"] {
        let text = fs::read_to_string(out.join(name)).unwrap();
        assert!(text.contains("report-clusters = 3"), "{name}");
    }
    let planned: BTreeSet<&str> =
        actions["actions"].as_array().unwrap().iter().map(|row| row["cluster"]["id"].as_str().unwrap()).collect();
    let told: BTreeSet<&str> =
        report["clusters"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(planned.is_subset(&told), "{planned:?}");
    assert!(sample().actions.get("unplanned").is_none());
    // Rows that add up for a reader, although most are not there.
    let text = fs::read_to_string(out.join("worklog.md")).unwrap();
    assert!(text.contains("which are only counted"), "the lists say what report.json does not hold");
}

#[test]
fn a_cluster_that_is_only_counted_is_explained_all_the_same() {
    let scratch = folder();
    let (out, config) = (scratch.path().join("out"), scratch.path().join("gardener.toml"));
    worklog(&out, &config, 0, &[]);
    let report = json(&out.join("report.json"));
    assert!(report["clusters"].as_array().unwrap().is_empty());
    let last = sample().report["clusters"].as_array().unwrap().iter().rfind(|one| present(one)).unwrap();
    let mut args = vec!["explain", last["id"].as_str().unwrap(), "--json", "--store"];
    args.extend([sample().store.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    let explained = run(args).exits(0).json();
    assert_eq!((&explained["id"], &explained["entries"]), (&last["id"], &last["entries"]));
    assert!(explained["example"].is_object(), "with its entry");
}

#[test]
fn the_same_clusters_are_told_with_any_number_of_threads() {
    let scratch = folder();
    let config = scratch.path().join("gardener.toml");
    let (one, four) = (scratch.path().join("one"), scratch.path().join("four"));
    worklog(&one, &config, 4, &["--threads", "1"]);
    worklog(&four, &config, 4, &["--threads", "4"]);
    assert_same_tree(&one, &four);
}
