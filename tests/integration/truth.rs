//! A whole run over `data/` held against the truth that the sample's generator wrote beside it.
//!
//! Clusters are found by the piece of text that the truth names, never by id or template: how a template is cut is the
//! program's business, what it counts is not. Every test collects all differences before it fails.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::harness::{json, repository, run, sample};

static TRUTH: LazyLock<Value> = LazyLock::new(|| json(&repository("data/truth.json")));

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no list: {}", value[key]))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text: {}", value[key]))
}

fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} is no count: {}", value[key]))
}

#[track_caller]
fn assert_none(what: &str, differences: &[String]) {
    assert!(differences.is_empty(), "{} {what}:\n  {}", differences.len(), differences.join("\n  "));
}

/// Both are RFC 3339 with nine digits; equal to the microsecond, which is the precision of the deduplication key.
fn same_moment(left: &Value, right: &Value) -> bool {
    left.as_str().and_then(|text| text.get(..26)) == right.as_str().and_then(|text| text.get(..26))
}

fn can_be(cluster: &Value, truth: &Value) -> bool {
    let example = cluster["example"]["message"].as_str().unwrap_or_default();
    let differs = |left: &Value, right: &Value| !left.is_null() && !right.is_null() && left != right;
    cluster["service"] == truth["service"]
        && cluster["kind"] == truth["kind"]
        && (truth["status"].is_null() || cluster["http"]["status"] == truth["status"])
        && !differs(&cluster["exception"], &truth["exception"])
        && (text(cluster, "template").contains(text(truth, "contains")) || example.contains(text(truth, "contains")))
}

/// Clusters of the report by the name of the truth's cluster, each given away once.
///
/// First whole clusters, most telling text first; then, for everyday rows, what is left: the miner may keep `by password`
/// and `by passkey` apart, and no reader is misled by that.
static FOUND: LazyLock<BTreeMap<String, Vec<&'static Value>>> = LazyLock::new(|| {
    let mut left: Vec<&'static Value> = list(&sample().report, "clusters").iter().collect();
    let mut truths: Vec<&Value> = list(&TRUTH, "clusters").iter().collect();
    truths.sort_by_key(|truth| (std::cmp::Reverse(text(truth, "contains").len()), text(truth, "name")));
    let mut found = BTreeMap::new();
    for truth in &truths {
        let whole = |cluster: &&Value| {
            can_be(cluster, truth) && cluster["entries"] == truth["entries"] && cluster["attached"] == truth["attached"]
        };
        if let Some(position) = left.iter().position(whole) {
            found.insert(text(truth, "name").to_owned(), vec![left.remove(position)]);
        }
    }
    for truth in &truths {
        let name = text(truth, "name");
        if !found.contains_key(name) {
            let (mine, others) = left.into_iter().partition(|cluster| can_be(cluster, truth));
            left = others;
            found.insert(name.to_owned(), mine);
        }
    }
    found.insert("left over".to_owned(), left);
    found
});

/// The one cluster of a finding.
#[track_caller]
fn the(name: &str) -> &'static Value {
    match FOUND.get(name).map(Vec::as_slice) {
        Some([one]) => one,
        other => panic!("{name}: {} clusters", other.map_or(0, <[_]>::len)),
    }
}

#[test]
fn counts_what_the_files_hold() {
    let (truth, report) = (&TRUTH["totals"], &sample().report["totals"]);
    assert_eq!(report["unique"], truth["unique"]);
    // A content that came under two names is read once.
    assert_eq!(report["entries"], truth["entries_of_distinct_contents"]);
    assert_eq!(report["malformed"], 0);
    let attached: u64 = list(&sample().report, "clusters").iter().map(|cluster| count(cluster, "attached")).sum();
    assert_eq!(attached, count(truth, "attached"));
    for (ours, theirs) in [("since", "first"), ("until", "last")] {
        assert!(same_moment(&sample().report["window"][ours], &TRUTH["window"][theirs]), "{ours}");
    }
}

#[test]
fn reads_every_file_as_what_it_is() {
    let scratch = crate::harness::folder();
    let dumps = repository("data/dumps");
    let said =
        run(["ingest", dumps.to_str().unwrap(), "--store", scratch.path().join("store").to_str().unwrap(), "--json"])
            .exits(0)
            .json();
    let files: BTreeMap<&str, &Value> = list(&said, "files").iter().map(|file| (text(file, "path"), file)).collect();
    let mut differences = Vec::new();
    for truth in list(&TRUTH, "files") {
        let path = text(truth, "path");
        let Some(file) = files.get(path) else {
            differences.push(format!("{path}: not read"));
            continue;
        };
        // An empty file has no framing that anybody could tell; the one word for it is "empty".
        let keys = [
            ("framing", "shape"),
            ("codec", "codec"),
            ("bytes", "bytes"),
            ("entries", "entries"),
            ("malformed", "malformed"),
            ("without_payload", "without_payload"),
            ("severity", "severity"),
            ("first", "first"),
            ("last", "last"),
        ];
        for (ours, theirs) in keys {
            if file[ours] != truth[theirs] {
                differences.push(format!("{path}: {ours} is {}, not {}", file[ours], truth[theirs]));
            }
        }
    }
    let known: Vec<&str> = list(&TRUTH, "files").iter().map(|file| text(file, "path")).collect();
    differences.extend(files.keys().filter(|path| !known.contains(path)).map(|path| format!("{path}: is no dump")));
    assert_none("differences between the ingest report and the files", &differences);
    assert_eq!(said["total"]["unique"], TRUTH["totals"]["unique"]);
    assert_eq!(said["total"]["files"], TRUTH["totals"]["files"]);
}

#[test]
fn finds_every_cluster_with_its_exact_numbers() {
    let mut differences = Vec::new();
    for truth in list(&TRUTH, "clusters") {
        let (name, found) = (text(truth, "name"), &FOUND[text(truth, "name")]);
        if truth["finding"] == true && found.len() != 1 {
            let shown: Vec<_> = found
                .iter()
                .map(|cluster| format!("{} {} ({} entries)", cluster["id"], cluster["template"], cluster["entries"]))
                .collect();
            differences.push(format!(
                "{name}: {} clusters hold {:?}: {}",
                found.len(),
                text(truth, "contains"),
                shown.join("; ")
            ));
            continue;
        }
        for key in ["entries", "attached"] {
            let sum: u64 = found.iter().map(|cluster| count(cluster, key)).sum();
            if sum != count(truth, key) {
                differences.push(format!("{name}: {sum} {key}, not {}", truth[key]));
            }
        }
        let [one] = found.as_slice() else { continue };
        for key in ["first", "last"] {
            if !same_moment(&one[key], &truth[key]) {
                differences.push(format!("{name}: {key} is {}, not {}", one[key], truth[key]));
            }
        }
        for key in ["severities", "effective_severity"] {
            if one[key] != truth[key] {
                differences.push(format!("{name}: {key} is {}, not {}", one[key], truth[key]));
            }
        }
        let revisions: Vec<&String> = one["revisions"].as_object().unwrap().keys().collect();
        let expected: Vec<&str> = list(truth, "revisions").iter().map(|revision| revision.as_str().unwrap()).collect();
        if revisions != expected {
            differences.push(format!("{name}: revisions are {revisions:?}, not {expected:?}"));
        }
        let days = list(&one["trend"], "per_day").iter().filter(|day| count(day, "entries") > 0).count() as u64;
        if days != count(truth, "days") {
            differences.push(format!("{name}: on {days} days, not {}", truth["days"]));
        }
    }
    differences.extend(
        FOUND["left over"].iter().map(|cluster| format!("{} {}: in no file", cluster["id"], cluster["template"])),
    );
    assert_none("differences in clusters", &differences);
}

#[test]
fn names_the_exception_of_every_cluster_that_has_one() {
    let truths = list(&TRUTH, "clusters").iter().filter(|truth| truth["exception"].is_string());
    let differences: Vec<String> = truths
        .filter(|truth| the(text(truth, "name"))["exception"] != truth["exception"])
        .map(|truth| {
            format!(
                "{}: {} is named {}",
                text(truth, "name"),
                truth["exception"],
                the(text(truth, "name"))["exception"]
            )
        })
        .collect();
    assert_none("exceptions are named otherwise", &differences);
}

#[test]
fn describes_the_crash_loop() {
    let truth = &TRUTH["crash_loop"];
    let loops: Vec<&Value> =
        list(&sample().report, "families").iter().filter(|family| family["kind"] == "crash_loop").collect();
    let [family] = loops.as_slice() else { panic!("one crash loop, not {loops:#?}") };
    assert_eq!(
        (&family["service"], &family["events"], &family["failed"]),
        (&truth["service"], &truth["exits"], &truth["starts"])
    );
    for (ours, theirs) in [("median_s", "median_gap_s"), ("min_s", "min_gap_s"), ("max_s", "max_gap_s")] {
        let (found, expected) = (family["cadence"][ours].as_f64().unwrap(), truth[theirs].as_f64().unwrap());
        assert!((found - expected).abs() <= 0.001_5, "{ours} is {found}, not {expected}");
    }
    assert!(same_moment(&family["last"], &truth["last_exit"]), "last {}", family["last"]);
    assert!(
        text(family, "first") <= text(truth, "first_exit") && text(family, "first") >= &text(truth, "first")[..26],
        "first {}",
        family["first"]
    );
    assert_eq!(family["root"], the(text(truth, "root_cluster"))["id"], "the root is {}", text(truth, "root"));
    assert_eq!(the(text(truth, "root_cluster"))["template"], truth["root"]);

    let mut members: Vec<&Value> = list(family, "members").iter().collect();
    let mut expected: Vec<&Value> = list(truth, "symptoms")
        .iter()
        .map(|name| &the(name.as_str().unwrap())["id"])
        .chain([&family["root"]])
        .collect();
    members.sort_by_key(|id| id.as_str());
    expected.sort_by_key(|id| id.as_str());
    assert_eq!(members, expected, "its members");
    for (name, role) in list(truth, "symptoms")
        .iter()
        .map(|name| (name.as_str().unwrap(), "symptom"))
        .chain([(text(truth, "root_cluster"), "root")])
    {
        assert_eq!((&the(name)["role"], &the(name)["family"]), (&Value::from(role), &family["id"]), "{name}");
    }
}

#[test]
fn ties_the_cascade_to_its_root() {
    let truth = &TRUTH["cascade"];
    let (root, symptom) = (the(text(truth, "root")), the(text(truth, "symptom")));
    let family = list(&sample().report, "families")
        .iter()
        .find(|family| family["root"] == root["id"])
        .expect("a family with that root");
    assert!(list(family, "members").contains(&symptom["id"]), "{family:#}");
    assert_eq!(family["kind"], "same_trace");
    assert_eq!(family["events"], truth["pairs"]);
    assert_eq!((&root["role"], &symptom["role"]), (&Value::from("root"), &Value::from("symptom")));
}

#[test]
fn lists_every_deploy_with_its_outcome() {
    let found = list(&sample().report, "deploys");
    let mut differences = Vec::new();
    for truth in list(&TRUTH, "deploys") {
        let mine: Vec<&Value> = found.iter().filter(|deploy| deploy["revision"] == truth["revision"]).collect();
        let [deploy] = mine.as_slice() else {
            differences.push(format!("{}: listed {} times", truth["revision"], mine.len()));
            continue;
        };
        for key in ["service", "outcome", "message"] {
            if deploy[key] != truth[key] {
                differences.push(format!("{}: {key} is {}, not {}", truth["revision"], deploy[key], truth[key]));
            }
        }
        // Between the command and the platform's answer, which is the first row that names the revision.
        let at = text(deploy, "at");
        if at < &text(truth, "at")[..26] || &at[..26] > text(truth, "answered") {
            differences
                .push(format!("{}: at {at}, not from {} to {}", truth["revision"], truth["at"], truth["answered"]));
        }
    }
    if found.len() != list(&TRUTH, "deploys").len() {
        differences.push(format!("{} deploys, not {}", found.len(), list(&TRUTH, "deploys").len()));
    }
    assert_none("differences in deploys", &differences);
}

#[test]
fn says_who_asked_for_each_deploy() {
    let sql = "SELECT revision, by_whom FROM deploys ORDER BY revision\n";
    let scratch = crate::harness::folder();
    let file = scratch.path().join("who.sql");
    std::fs::write(&file, sql).unwrap();
    let words = ["query", file.to_str().unwrap(), "--store", sample().store.to_str().unwrap(), "--format", "json"];
    let rows = crate::harness::run(words).exits(0).json();
    let by: BTreeMap<&str, &Value> =
        rows.as_array().unwrap().iter().map(|row| (text(row, "revision"), &row["by_whom"])).collect();
    let differences: Vec<String> = list(&TRUTH, "deploys")
        .iter()
        .filter(|truth| by[text(truth, "revision")] != &truth["by"])
        .map(|truth| format!("{}: by {}", truth["revision"], by[text(truth, "revision")]))
        .collect();
    assert_none("deploys by somebody else", &differences);
    // In documents a person has a number, the same one everywhere.
    let names: std::collections::BTreeSet<&str> =
        list(&sample().report, "deploys").iter().map(|deploy| deploy["by"].as_str().expect("somebody")).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("<email-")), "{names:?}");
}

#[test]
fn names_every_export_that_a_row_cap_cut() {
    let named: Vec<&Value> =
        list(&sample().report, "data_quality").iter().filter(|row| row["kind"] == "row_cap").collect();
    let page = std::fs::read_to_string(sample().out.join("worklog.md")).unwrap();
    for truth in list(&TRUTH, "row_caps") {
        let file = text(truth, "file");
        let row = named
            .iter()
            .find(|row| list(row, "files").contains(&truth["file"]))
            .unwrap_or_else(|| panic!("{file} is not named: {named:#?}"));
        let (rows, covered) = (count(truth, "rows"), truth["covered_s"].as_f64().unwrap());
        assert_eq!(count(row, "n"), rows);
        let words = format!("{covered:.1} s");
        assert!(text(row, "text").contains(&words), "{words} covered: {row:#}");
        let head: String = page.lines().take(60).collect::<Vec<_>>().join("\n");
        assert!(head.contains(file) && head.contains("1,000 rows"), "the first screen names it:\n{head}");
    }
    assert_eq!(named.len(), list(&TRUTH, "row_caps").len(), "and no other: {named:#?}");
    let coverage = &sample().report["coverage"];
    assert_eq!(coverage["complete"], false);
    let fetch = list(coverage, "fetch");
    assert!(fetch[0].as_str().unwrap().starts_with("gcloud logging read"), "with the command for the rest: {fetch:?}");
}

#[test]
fn says_which_value_drifts() {
    let truth = &TRUTH["drift"];
    let cluster = the(text(truth, "cluster"));
    let drifting: Vec<&Value> =
        list(cluster, "parameters").iter().filter(|parameter| !parameter["drift"].is_null()).collect();
    let [parameter] = drifting.as_slice() else { panic!("one value drifts: {:#}", cluster["parameters"]) };
    let days = list(truth, "per_day");
    let (first, last) =
        (days.first().unwrap()["value"].as_f64().unwrap(), days.last().unwrap()["value"].as_f64().unwrap());
    assert_eq!(parameter["unit"], truth["unit"]);
    assert_eq!((parameter["min"].as_f64().unwrap(), parameter["max"].as_f64().unwrap()), (first, last));
    assert_eq!(parameter["n"], cluster["entries"], "every entry holds it");
    let words = text(parameter, "drift");
    assert!(
        words.contains(&first.to_string()) && words.contains(&last.to_string()) && words.contains("rising"),
        "{words}"
    );
    let others: Vec<_> = list(&sample().report, "clusters")
        .iter()
        .filter(|other| other["id"] != cluster["id"])
        .flat_map(|other| list(other, "parameters"))
        .filter(|parameter| !parameter["drift"].is_null())
        .collect();
    assert!(others.is_empty(), "and no other value does: {others:#?}");
}

#[test]
fn says_what_is_new_what_is_gone_and_what_came_back() {
    let (new, solved, back) = (&list(&TRUTH, "new")[0], &list(&TRUTH, "solved")[0], &list(&TRUTH, "regressed")[0]);
    let status = |row: &Value| the(text(row, "cluster"))["status"].clone();
    assert_eq!(status(new), "new");
    assert!(same_moment(&the(text(new, "cluster"))["first"], &new["since"]));
    assert_eq!(status(solved), "resolved");
    assert!(same_moment(&the(text(solved, "cluster"))["last"], &solved["last_seen"]));
    assert_eq!(status(back), "regressed");
    assert!(
        the(text(back, "cluster"))["status_why"].to_string().contains(&format!("#{}", back["issue"])),
        "it names the issue"
    );
    let head: String = std::fs::read_to_string(sample().out.join("worklog.md"))
        .unwrap()
        .lines()
        .take(60)
        .collect::<Vec<_>>()
        .join("\n");
    for name in ["new", "solved", "regressed"] {
        let id = text(the(text(&list(&TRUTH, name)[0], "cluster")), "id");
        assert!(head.contains(id), "{name} {id} stands on the first screen");
    }
}

#[test]
fn ties_clusters_to_the_revision_that_brought_or_ended_them() {
    let (new, solved) = (&list(&TRUTH, "new")[0], &list(&TRUTH, "solved")[0]);
    let deploy = |revision: &Value| -> &'static Value {
        let mut all = list(&sample().report, "deploys").iter();
        all.find(|deploy| &deploy["revision"] == revision).unwrap_or_else(|| panic!("no deploy {revision}"))
    };
    for (key, list_key, row) in [("appeared", "appeared", new), ("gone", "gone", solved)] {
        let cluster = the(text(row, "cluster"));
        assert_eq!(cluster["revision_ties"][key]["revision"], row["revision"], "{key}: {:#}", cluster["revision_ties"]);
        assert!(list(deploy(&row["revision"]), list_key).contains(&cluster["id"]), "the deploy names it");
        assert!(cluster["status_why"].to_string().contains(text(row, "revision")), "{}", cluster["status_why"]);
    }
    let crash = the(text(&TRUTH["crash_loop"], "root_cluster"));
    assert_eq!(crash["revision_ties"]["only_in"], TRUTH["crash_loop"]["revision"]);
    // Nothing else is claimed of a finding whose rows stand in several revisions.
    for name in ["auth failure", "database refused", "start-up race"] {
        let ties = &the(name)["revision_ties"];
        assert!(ties["appeared"].is_null() && ties["gone"].is_null() && ties["canary"].is_null(), "{name}: {ties:#}");
    }
}

#[test]
fn claims_no_silence_and_no_order_that_the_files_do_not_hold() {
    let report = &sample().report;
    let silent: Vec<&Value> = list(report, "clusters").iter().filter(|row| !row["silent"].is_null()).collect();
    assert!(silent.is_empty(), "every service and every hourly message goes on to the end: {silent:#?}");
    let kinds: Vec<&str> = list(report, "families").iter().map(|family| text(family, "kind")).collect();
    assert_eq!(kinds, ["crash_loop", "same_trace"], "{:#}", report["families"]);
    let calibration = &report["calibration"];
    assert_eq!(calibration["window_h"], 168);
    assert!(
        !list(calibration, "splits").is_empty() && calibration["flags_mean"].as_f64().is_some_and(|mean| mean < 5.0)
    );
    for service in list(report, "services").iter().filter(|service| count(service, "requests") > 0) {
        let expected = 1_000.0 * count(service, "errors") as f64 / count(service, "requests") as f64;
        assert!((service["errors_per_1000_requests"].as_f64().unwrap() - expected).abs() < 0.01, "{service:#}");
    }
    let routed: u64 = list(report, "routes").iter().map(|route| count(route, "requests")).sum();
    let requests: u64 = list(report, "services").iter().map(|service| count(service, "requests")).sum();
    assert_eq!(routed, requests);
}

/// The action planned for a cluster.
fn planned(cluster: &Value) -> &'static Value {
    let mut mine = list(&sample().actions, "actions").iter().filter(|action| action["cluster"]["id"] == cluster["id"]);
    let one = mine.next().unwrap_or_else(|| panic!("no action for {}", cluster["id"]));
    assert!(mine.next().is_none(), "one action for {}", cluster["id"]);
    one
}

#[test]
fn plans_what_a_careful_person_would() {
    let mut differences = Vec::new();
    for truth in list(&TRUTH, "actions") {
        let (name, action) = (text(truth, "cluster"), planned(the(text(truth, "cluster"))));
        let shown = format!("{} {} because {}", action["kind"], action["status"], action["reason"]);
        if !list(truth, "accept").contains(&action["kind"]) {
            differences.push(format!(
                "{name}: {} is right ({}), planned is {shown}",
                truth["accept"],
                text(truth, "why")
            ));
        }
        if !list(truth, "status").is_empty() && !list(truth, "status").contains(&action["status"]) {
            differences.push(format!("{name}: {} is right, planned is {shown}", truth["status"]));
        }
        let writes = ["comment", "reopen", "edit_comment", "escalate", "relabel"].contains(&text(action, "kind"));
        if writes && action["target"]["number"] != truth["target"] {
            differences.push(format!("{name}: the issue is {}, not {}", truth["target"], action["target"]["number"]));
        }
        if !truth["regression_of"].is_null()
            && !list(action, "related")
                .iter()
                .any(|row| row["number"] == truth["regression_of"] && row["relation"] == "regression_of")
        {
            differences.push(format!(
                "{name}: does not name #{} as what it is a regression of: {}",
                truth["regression_of"], action["related"]
            ));
        }
    }
    assert_none("actions are not what the truth accepts", &differences);
}

#[test]
fn creates_nothing_that_the_truth_does_not_name() {
    let wanted: Vec<&Value> = list(&TRUTH, "actions")
        .iter()
        .filter(|truth| list(truth, "accept").contains(&Value::from("create")))
        .map(|truth| &the(text(truth, "cluster"))["id"])
        .collect();
    let mut created: Vec<&Value> = list(&sample().actions, "actions")
        .iter()
        .filter(|action| action["kind"] == "create")
        .map(|action| &action["cluster"]["id"])
        .collect();
    created.retain(|id| !wanted.contains(id));
    assert!(created.is_empty(), "{created:?}");
}

#[test]
fn judges_the_issue_export_as_fresh_and_complete() {
    let exports = list(&sample().actions, "issues_exports");
    let [export] = exports else { panic!("{exports:#?}") };
    assert_eq!(
        (&export["count"], &export["stale"], &export["complete"]),
        (&TRUTH["issues"]["rows"], &Value::from(false), &Value::from(true)),
        "pull requests are no issues: {export:#}"
    );
    assert_eq!(sample().actions["valid_until"], "2025-09-26T00:21:00Z", "a day after the export");
}
