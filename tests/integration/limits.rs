//! More clusters than a report tells: those that are told are the same as ever, of the others every sum is exact, and no
//! sentence says of them that there are none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{assert_same_tree, folder, gardener, json, repository, run, sample};
use crate::schema::assert_valid;

/// `worklog` of the sample's store with so many clusters told.
fn worklog(out: &Path, config: &Path, told: usize, more: &[&str]) {
    document("worklog", out, config, told, more);
}

/// A document of the sample's store with so many clusters told.
fn document(verb: &str, out: &Path, config: &Path, told: usize, more: &[&str]) {
    let text = fs::read_to_string(repository("data/gardener.toml")).unwrap();
    assert!(!text.contains("[limits]"));
    fs::write(config, format!("{text}\n[limits]\nreport-clusters = {told}\n")).unwrap();
    let mut command = gardener();
    command.arg(verb).arg("--store").arg(&sample().store).arg("--out").arg(out);
    command.arg("--config").arg(config).arg("--issues").arg(repository("data/issues.json")).args(more);
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn n(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn rows(list: &Value) -> u64 {
    list.as_array().expect("a list").len() as u64
}

fn severe(cluster: &Value) -> bool {
    ["WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"].contains(&word(cluster, "effective_severity"))
}

fn loud(cluster: &Value) -> bool {
    cluster["silent"].is_object() || severe(cluster) && present(cluster)
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
    let ids: Vec<&Value> = told.iter().map(|one| &one["id"]).collect();
    let (named, beyond): (Vec<&Value>, Vec<&Value>) = every.iter().partition(|one| ids.contains(&&one["id"]));
    for (one, other) in named.iter().zip(told) {
        assert_eq!(one["id"], other["id"], "the order is that of the whole report");
        assert_eq!((&one["entries"], &one["priority"]), (&other["entries"], &other["priority"]));
    }
    assert_eq!((&every[0]["id"], &every[1]["id"]), (ids[0], ids[1]), "the most urgent ones are told");
    let gone = |one: &&Value| {
        let stopped = ["resolved", "quiet"].contains(&word(one, "status")) && severe(one);
        one["silent"].is_object() || stopped && one["role"] != "symptom" && one["category"].is_null()
    };
    assert_eq!(every.iter().any(|one| gone(&one)), told.iter().any(|one| gone(&one)), "and one that went away");
    let rest = &cut["rest"];
    let here: Vec<&Value> = beyond.iter().copied().filter(|one| present(one)).collect();
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
    let mut priorities: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &here {
        *priorities.entry(word(one, "priority")).or_default() += 1;
    }
    assert_eq!(rest["priority"], serde_json::to_value(priorities).unwrap(), "of every cluster of the window");
    let loud: Vec<&Value> = beyond.iter().copied().filter(|one| loud(one)).collect();
    assert_eq!(n(rest, "loud"), loud.len() as u64);
    assert_eq!(n(rest, "loud_entries"), loud.iter().map(|one| n(one, "entries")).sum::<u64>());
    for (key, list) in [("new", "new"), ("gone", "gone"), ("next", "next")] {
        assert_eq!(rows(&all["summary"][list]), rows(&cut["summary"][list]) + n(&rest["lists"], key), "{list}");
    }
    let worse = ["silent", "regressed", "escalating", "values"].iter().map(|key| n(&rest["lists"], key)).sum::<u64>();
    assert_eq!(rows(&all["summary"]["worse"]), rows(&cut["summary"]["worse"]) + worse);
    assert_eq!(rows(&all["timeline"]), rows(&cut["timeline"]) + n(&rest["lists"], "timeline"));
    assert_eq!(all["totals"], cut["totals"], "sums are of everything");
    assert_eq!(all["summary"]["statuses"], cut["summary"]["statuses"]);
    let findings = |report: &Value| report["summary"]["findings"].as_array().unwrap().len() as u64;
    assert_eq!(findings(&all), findings(&cut) + n(rest, "findings"));
    let priorities: u64 = rest["problem_priority"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
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
    assert_eq!(n(&actions["unplanned"], "entries"), n(&report["rest"], "loud_entries"));
    assert_eq!(n(&actions["unplanned"], "services"), n(&report["rest"], "loud_services"));
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
    worklog(&out, &config, 1, &[]);
    let report = json(&out.join("report.json"));
    assert_eq!(rows(&report["clusters"]), 1);
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

/// Ids that a document links to, and those that have no place in it.
fn dangling(text: &str) -> Vec<String> {
    let targets = |open: &str, close: char| -> BTreeSet<String> {
        text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).map(str::to_owned).collect()
    };
    let places = targets("id=\"", '"');
    let links = targets("](#", ')').into_iter().chain(targets("href=\"#", '"'));
    // Markdown makes the places of its headings by itself.
    let is_id = |link: &String| link.starts_with(['C', 'F']) && link[1..].bytes().all(|b| b.is_ascii_hexdigit());
    links.filter(|link| is_id(link) && !places.contains(link)).collect()
}

#[test]
fn what_is_only_counted_is_linked_nowhere() {
    let scratch = folder();
    let (out, config) = (scratch.path().join("out"), scratch.path().join("gardener.toml"));
    for verb in ["worklog", "weekly"] {
        document(verb, &out, &config, 3, &[]);
        for name in [format!("{verb}.md"), format!("{verb}.html")] {
            let text = fs::read_to_string(out.join(&name)).unwrap();
            assert_eq!(dangling(&text), Vec::<String>::new(), "{name}");
        }
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn a_week_says_as_much_of_clusters_that_are_only_counted() {
    let scratch = folder();
    let (whole, few) = (scratch.path().join("whole"), scratch.path().join("few"));
    let config = scratch.path().join("gardener.toml");
    document("weekly", &whole, &config, 5_000, &[]);
    document("weekly", &few, &config, 3, &[]);
    let (all, cut) = (json(&whole.join("report.json")), json(&few.join("report.json")));
    assert_valid("report", &cut);
    let (all, cut, rest) = (&all["weekly"], &cut["weekly"], &cut["rest"]);
    assert!(rest.is_object() && all.get("counted").is_none(), "something is left out of one of them");
    let lists = [
        "new",
        "first_seen",
        "silent",
        "regressed",
        "still_back",
        "escalating",
        "declining",
        "resolved",
        "strips",
        "drifts",
    ];
    for list in lists {
        assert_eq!(rows(&all[list]), rows(&cut[list]) + n(&cut["counted"], list), "{list}");
    }
    for list in ["noise", "open", "fixes", "renamed"] {
        assert_eq!(all[list], cut[list], "{list}: whatever is told");
    }
    for (one, other) in all["deploys"].as_array().unwrap().iter().zip(cut["deploys"].as_array().unwrap()) {
        for (list, more) in [("came", "came_more"), ("went", "went_more")] {
            assert_eq!(rows(&one[list]), rows(&other[list]) + other[more].as_u64().unwrap_or(0), "{list} of {one}");
        }
    }
    let text = |folder: &Path| fs::read_to_string(folder.join("weekly.md")).unwrap();
    let lead = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("**Worst of the week:**")).expect("the lead").to_owned();
        line.split(" more went away").next().map(str::to_owned)
    };
    let (whole, few) = (text(&whole), text(&few));
    assert_eq!(lead(&whole), lead(&few));
    for none in ["None: ", "**Got worse:** none", "**Went away:** none", "**New:** none", "No value of a message"] {
        assert_eq!(whole.matches(none).count(), few.matches(none).count(), "{none:?} is said where it is true");
    }
}

#[test]
fn a_report_that_tells_nothing_is_refused() {
    let scratch = folder();
    let config = scratch.path().join("gardener.toml");
    fs::write(&config, "[limits]\nreport-clusters = 0\n").unwrap();
    let mut command = gardener();
    command.arg("worklog").arg("--store").arg(&sample().store).arg("--out").arg(scratch.path().join("out"));
    let output = command.arg("--config").arg(&config).output().expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("limits.report-clusters") && said.contains("at least 1"), "{said}");
}
