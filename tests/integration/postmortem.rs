//! `postmortem`: the crash loop of the sample, and inputs of its own for what the sample does not hold.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::assert_good_page;
use crate::harness::{Said, assert_same_tree, folder, json as read, repository, run, sample};
use crate::pages::stands_alone;

fn postmortem(store: &Path, out: &Path, since: &str, until: &str, more: &[&str]) -> Said {
    let (store, out) = (store.to_str().unwrap(), out.to_str().unwrap());
    let fixed = ["postmortem", "--store", store, "--out", out, "--since", since, "--until", until, "--no-progress"];
    run(fixed.iter().chain(more))
}

fn crash(out: &Path, more: &[&str]) -> Said {
    let config = repository("data/gardener.toml");
    let flags = ["--config", config.to_str().unwrap()];
    let flags: Vec<&str> = flags.iter().chain(more).copied().collect();
    postmortem(&sample().store, out, "2025-09-21T17:38:00Z", "2025-09-21T17:41:00Z", &flags)
}

fn section(out: &Path) -> Value {
    read(&out.join("report.json"))["postmortem"].clone()
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn the_crash_loop_of_the_sample_has_its_first_signal_trigger_radius_and_recovery() {
    let scratch = folder();
    let out = scratch.path().join("out");
    let said = crash(&out, &[]).exits(0);
    assert!(said.out.lines().count() <= 28 && said.out.contains("postmortem.md"), "{}", said.out);
    let truth = read(&repository("data/truth.json"))["crash_loop"].clone();
    let found = section(&out);
    let (first, last) = (found["extent"]["first"].as_str().unwrap(), found["extent"]["last"].as_str().unwrap());
    assert!(first >= truth["first"].as_str().unwrap() && first < truth["first_exit"].as_str().unwrap(), "{first}");
    assert_eq!(last, truth["last_exit"].as_str().unwrap());
    let signal = &found["signals"][0];
    assert_eq!((signal["at"].as_str(), signal["service"].as_str()), (Some(first), Some("shop-api")));
    let started = truth["started_by"].as_str().unwrap();
    let candidates = found["triggers"].as_array().unwrap();
    let rollout = candidates.iter().find(|own| own["kind"] == "rollout").unwrap();
    assert_eq!((rollout["revision"].as_str(), rollout["order"].as_str()), (Some(started), Some("before")));
    assert!(
        candidates
            .iter()
            .any(|own| own["kind"] == "change" && own["text"].as_str().unwrap().contains("ReplaceService"))
    );
    assert!(candidates.iter().any(|own| own["kind"] == "revision" && own["revision"] == started));
    assert!(!fs::read_to_string(out.join("postmortem.md")).unwrap().contains("caused"));
    let reach = &found["reach"][0];
    assert!(
        reach["service"].is_null() && reach["instances"].as_u64().unwrap() >= truth["starts"].as_u64().unwrap(),
        "{reach}"
    );
    let starts = texts(&found["impact"], "value");
    assert!(starts.contains(&"16 starts ended in an exit".to_owned()), "{starts:?}");
    assert!(starts.iter().any(|value| value.starts_with("15 of 15")), "every request failed: {starts:?}");
    let end = &found["recovery"];
    assert_eq!((end["recovered"].as_str(), end["at"].as_str()), (Some("yes"), truth["last_exit"].as_str()));
    let after = texts(&end["rollouts"], "revision");
    assert!(after.contains(&truth["ended_by"].as_str().unwrap().to_owned()), "{after:?}");
    assert!(end["rollouts"][0]["lag_s"].as_f64().unwrap() > 0.0, "it came after the last event");
    assert!(texts(&end["back"], "kind").contains(&"answered".to_owned()), "{end:#}");
    let rose = texts(&found["rose"], "title");
    assert!(rose.iter().any(|title| title.contains("CHECKOUT_SIGNING_KEY")), "{rose:?}");
    let fields = found["fields"].as_array().unwrap();
    assert!(
        fields
            .iter()
            .any(|own| own["field"] == "revision" && own["value"] == started && own["residual"].as_f64() > Some(0.0))
    );
    assert!(found["baseline"]["covered_s"].as_f64().unwrap() >= 10.0 * 180.0);
    let shown = found["extent"]["sentence"].as_str().unwrap();
    assert!(
        shown.starts_with("asked 2025-09-21T17:38:00Z to 2025-09-21T17:41:00Z; the data shows 2025-09-21T17:38:28Z"),
        "{shown}"
    );
    assert!(
        found["extent"]["command"]
            .as_str()
            .unwrap()
            .contains("--since 2025-09-21T17:38:28Z --until 2025-09-21T17:40:30Z")
    );
}

#[test]
fn what_rose_names_the_issues_that_it_is_known_as() {
    let scratch = folder();
    let (out, file) = (scratch.path().join("out"), scratch.path().join("issues.json"));
    let issue = |number: u64, title: &str, body: &str| {
        json!({"number": number, "title": title, "body": body, "state": "open", "labels": [], "comments": [],
            "created_at": "2025-09-20T08:00:00Z", "updated_at": "2025-09-20T08:00:00Z",
            "html_url": format!("https://github.com/acme/shop/issues/{number}")})
    };
    let clusters = sample().report["clusters"].as_array().unwrap();
    let root = clusters.iter().find(|row| row["template"] == "KeyError: 'CHECKOUT_SIGNING_KEY'").unwrap();
    let known = format!("The service cannot start:\n```\n{}\n```\n", root["example"]["message"].as_str().unwrap());
    let issues = json!({"exported_at": "2025-09-25T00:21:00Z", "repo": "acme/shop", "state": "all", "issues": [
        issue(77, "KeyError: 'CHECKOUT_SIGNING_KEY'", &known),
        issue(78, "Colours of the back office", "The buttons are grey."),
    ]});
    fs::write(&file, issues.to_string()).unwrap();
    crash(&out, &["--quiet", "--issues", file.to_str().unwrap()]).exits(0);
    let found = section(&out);
    let rows = found["rose"].as_array().unwrap();
    let root = rows.iter().find(|row| row["title"] == "KeyError: 'CHECKOUT_SIGNING_KEY'").unwrap();
    assert_eq!(root["issues"], json!([77]), "{root:#}");
    assert!(rows.iter().all(|row| !row["issues"].as_array().unwrap().contains(&json!(78))), "and none is guessed");
    let id = root["cluster"].as_str().unwrap();
    for page in ["postmortem.md", "postmortem.html"] {
        let text = fs::read_to_string(out.join(page)).unwrap();
        assert!(text.lines().any(|line| line.contains(id) && line.contains("issue 77")), "{page}");
    }
    assert!(fs::read_to_string(out.join("postmortem.md")).unwrap().contains("| Known issues |"));
}

#[test]
fn the_page_stands_alone_and_works_on_a_telephone_and_a_desk_by_day_and_by_night() {
    let scratch = folder();
    let out = scratch.path().join("out");
    crash(&out, &["--quiet", "--tz", "America/Los_Angeles"]).exits(0);
    let page = fs::read_to_string(out.join("postmortem.html")).unwrap();
    stands_alone(&page);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<num>"), "a placeholder is not taken for a tag");
    assert_good_page("postmortem", &page);
}

#[test]
fn the_document_of_the_sample_reads_as_it_did() {
    let scratch = folder();
    let out = scratch.path().join("out");
    crash(&out, &["--quiet"]).exits(0);
    let mut found = section(&out);
    // A number a minute and service is read as a chart, not as text.
    found["series"]["services"].as_array_mut().unwrap().iter_mut().for_each(|own| {
        let length = own["entries"].as_array().unwrap().len();
        assert!(["warnings", "errors", "covered"].iter().all(|key| own[key].as_array().unwrap().len() == length));
        *own = json!({"service": own["service"], "steps": length});
    });
    let markdown = fs::read_to_string(out.join("postmortem.md")).unwrap();
    insta::with_settings!({filters => vec![
        (r"run_[0-9a-f]{16}", "run_…"),
        (r"`[0-9a-f]{16,64}`", "`…`"),
        (r"log-gardener \d+\.\d+\.\d+", "log-gardener x.y.z"),
    ]}, {
        insta::assert_snapshot!("postmortem_md", markdown);
        insta::assert_json_snapshot!("postmortem_json", found);
    });
}

#[test]
fn a_hostile_line_is_inert_in_every_document_and_on_the_terminal() {
    let scratch = folder();
    let path = |name: &str| scratch.path().join(name);
    let line = "<script>alert(1)</script> @team closes #1 ![x](http://e/x.png) `````\u{1b}[31m \u{202e}x <!-- a -->";
    let rows: Vec<Value> = (0..40)
        .map(|n| {
            let text = if n < 30 { "all is well".to_owned() } else { line.to_owned() };
            json!({
                "insertId": format!("h{n}"), "timestamp": stamp(8 * HOUR + n * 60), "severity": if n < 30 { "INFO" } else { "ERROR" },
                "textPayload": text, "trace": line,
                "resource": {"type": "cloud_run_revision", "labels": {"service_name": format!("desk{line}"), "revision_name": line, "instanceId": line}},
            })
        })
        .collect();
    fs::write(path("h.json"), Value::Array(rows).to_string()).unwrap();
    let (store, out) = (path("garden"), path("out"));
    ingest(&store, &[path("h.json")]);
    let said = postmortem(&store, &out, &stamp(8 * HOUR + 29 * 60), &stamp(8 * HOUR + 41 * 60), &[]).exits(0);
    assert!(!said.out.contains('\u{1b}') && !said.out.contains('\u{202e}'), "{}", said.out);
    let page = fs::read_to_string(out.join("postmortem.html")).unwrap();
    assert_eq!((page.matches("<script").count(), page.matches("<img").count()), (1, 0));
    assert!(page.contains("&lt;script&gt;") && !page.contains('\u{202e}'));
    let markdown = fs::read_to_string(out.join("postmortem.md")).unwrap();
    assert!(!markdown.contains('\u{1b}') && !markdown.contains('\u{202e}'));
    // Inside a fence nothing is live; every fence here is longer than any run of backticks in the line.
    let mut fence: Option<&str> = None;
    for row in markdown.lines() {
        let run = &row[..row.len() - row.trim_start_matches('`').len()];
        match fence {
            Some(open) if run.len() >= open.len() && row == run => fence = None,
            Some(_) => {}
            None if run.len() >= 3 => fence = Some(run),
            None if row.contains('`') => {}
            None => assert!(!row.contains("<script>") && !row.contains("![x]("), "{row}"),
        }
    }
    assert_eq!(fence, None, "every fence is closed");
}

#[test]
fn the_same_bytes_come_from_one_thread_and_from_four() {
    let scratch = folder();
    let (one, four) = (scratch.path().join("one"), scratch.path().join("four"));
    crash(&one, &["--threads", "1", "--quiet"]).exits(0);
    crash(&four, &["--threads", "4", "--quiet"]).exits(0);
    assert_same_tree(&one, &four);
    let names: Vec<String> = crate::harness::tree(&one).into_keys().collect();
    assert_eq!(names, [".written.json", "notes.md", "postmortem.html", "postmortem.md", "report.json"]);
    crate::schema::assert_valid("report", &read(&one.join("report.json")));
}

#[test]
fn what_people_wrote_is_merged_and_never_overwritten() {
    let scratch = folder();
    let out = scratch.path().join("out");
    crash(&out, &["--quiet"]).exits(0);
    let blank = fs::read_to_string(out.join("notes.md")).unwrap();
    assert!(blank.contains("## Root cause\n<!--") && blank.contains("## Action items"), "{blank}");
    let words = "\nThe signing key was missing in the new revision.\n";
    let mine = blank.replacen("## Root cause\n", &format!("## Root cause\n{words}"), 1).replacen(
        "## Detection\n",
        "## Detection\n\n2025-09-21T17:45:28Z Ann saw the pager.\n",
        1,
    ) + "\n## Something else\n\nkept as well\n";
    fs::write(out.join("notes.md"), &mine).unwrap();
    crash(&out, &["--quiet"]).exits(0);
    assert_eq!(fs::read_to_string(out.join("notes.md")).unwrap(), mine);
    for name in ["postmortem.md", "postmortem.html"] {
        let document = fs::read_to_string(out.join(name)).unwrap();
        assert!(document.contains("The signing key was missing") && document.contains("kept as well"), "{name}");
        assert!(document.contains("419.6 s after the first signal in the logs"), "{name}");
    }
    let markdown = fs::read_to_string(out.join("postmortem.md")).unwrap();
    assert!(
        markdown.contains("**Still to be written by people, in `notes.md`:** Customer impact, Response"),
        "{markdown}"
    );
    fs::write(out.join("postmortem.md"), "mine").unwrap();
    crash(&out, &[]).exits(2);
    crash(&out, &["--force", "--quiet"]).exits(0);
}

/// Entries of one service: a heartbeat and a sale at INFO every 20 s, errors where asked.
fn write(path: &Path, since_s: i64, until_s: i64, sells: &dyn Fn(i64) -> bool, fails: &dyn Fn(i64) -> bool) {
    let mut rows = Vec::new();
    for second in (since_s..until_s).step_by(20) {
        let mut row = |severity: &str, text: String| {
            rows.push(json!({
                "insertId": format!("{}-{second}-{}", path.file_stem().unwrap().to_str().unwrap(), rows.len()),
                "timestamp": stamp(second), "severity": severity, "textPayload": text,
                "resource": {"type": "cloud_run_revision", "labels": {"service_name": "desk", "revision_name": "desk-1"}},
            }));
        };
        row("INFO", "heartbeat sent".into());
        if sells(second) {
            row("INFO", format!("ticket {second} sold at counter west"));
        }
        if fails(second) {
            row("ERROR", "printer does not answer".into());
        }
    }
    fs::write(path, Value::Array(rows).to_string()).unwrap();
}

/// Seconds after 2025-09-01 as RFC 3339.
fn stamp(second: i64) -> String {
    format!("2025-09-{:02}T{:02}:{:02}:{:02}Z", 1 + second / 86_400, second / 3_600 % 24, second / 60 % 60, second % 60)
}

fn ingest(store: &Path, inputs: &[PathBuf]) {
    let inputs = inputs.iter().map(|path| path.to_str().unwrap().to_owned());
    let args = ["ingest".to_owned()].into_iter().chain(inputs);
    run(args.chain(["--store".to_owned(), store.to_str().unwrap().to_owned(), "--quiet".to_owned()])).exits(0);
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[test]
fn a_normal_line_that_falls_silent_is_a_disappearance_and_an_export_gap_is_said_beside_it() {
    let scratch = folder();
    let path = |name: &str| scratch.path().join(name);
    // Noon to one on the third day nothing is sold; from 12:30 to 12:50 nothing was exported.
    let quiet = 2 * DAY + 12 * HOUR;
    let sells = |second: i64| !(quiet..quiet + HOUR).contains(&second);
    let never = |_: i64| false;
    write(&path("a.json"), 8 * HOUR, 16 * HOUR, &sells, &never);
    write(&path("b.json"), DAY + 8 * HOUR, DAY + 16 * HOUR, &sells, &never);
    write(&path("c.json"), 2 * DAY + 8 * HOUR, quiet + HOUR / 2, &sells, &never);
    write(&path("d.json"), quiet + 50 * 60, 2 * DAY + 16 * HOUR, &sells, &never);
    let store = path("garden");
    ingest(&store, &["a.json", "b.json", "c.json", "d.json"].map(path));
    let out = path("out");
    postmortem(&store, &out, &stamp(quiet), &stamp(quiet + HOUR), &["--quiet"]).exits(0);
    let found = section(&out);
    assert_eq!(found["rose"], json!([]));
    let gone = &found["fell"][0];
    assert_eq!((gone["what"].as_str(), gone["events"].as_u64()), (Some("vanished"), Some(0)), "{gone:#}");
    assert!(gone["title"].as_str().unwrap().starts_with("ticket"), "{gone}");
    let gap = gone["gap"].as_str().unwrap();
    assert!(gap.starts_with("20.") && gap.contains("min of the 60.0 min were not exported"), "{gap}");
    assert!(found["gaps"].as_array().unwrap().iter().any(|gap| gap["inside"] == true), "{:#}", found["gaps"]);
    assert_eq!(found["extent"]["kind"], "silence");
    assert!(gone["back"].as_str().unwrap() >= stamp(quiet + HOUR).trim_end_matches('Z'), "{gone}");
    let document = fs::read_to_string(out.join("postmortem.md")).unwrap();
    assert!(
        document.contains("**vanished**: none, expected") && document.contains("not exported for it"),
        "{document}"
    );
    let page = fs::read_to_string(out.join("postmortem.html")).unwrap();
    assert!(page.contains("class=\"hatch\""), "the gap is drawn");
    assert!(found["values"].as_array().unwrap().is_empty());
}

#[test]
fn a_window_at_the_beginning_of_the_data_says_that_nothing_can_be_compared() {
    let scratch = folder();
    let path = |name: &str| scratch.path().join(name);
    write(&path("a.json"), 8 * HOUR, 10 * HOUR, &|_| true, &|second| second > 9 * HOUR);
    let store = path("garden");
    ingest(&store, &[path("a.json")]);
    let (out, since) = (path("out"), stamp(8 * HOUR));
    postmortem(&store, &out, &since, &stamp(10 * HOUR), &["--quiet"]).exits(0);
    let found = section(&out);
    assert_eq!(found["baseline"]["kind"], "none");
    let document = fs::read_to_string(out.join("postmortem.md")).unwrap();
    assert!(document.contains("nothing can be compared") && document.contains("there is no baseline"), "{document}");
    assert!(
        document.contains("what rose, fell or vanished is not known") && found["triggers"] == json!([]),
        "{document}"
    );
    // Outside of what is stored, in a hole of the export, without a window, and with a baseline that overlaps.
    let refused = |since: &str, until: &str, more: &[&str], code: i32, words: &str| {
        let said = postmortem(&store, &out, since, until, more).exits(code);
        assert!(said.err.contains(words), "{}", said.err);
    };
    refused("2025-10-01T00:00:00Z", "2025-10-01T01:00:00Z", &[], 2, "the store holds 2025-09-01T08:00:00Z");
    let overlap = ["--baseline-since", since.as_str(), "--baseline-until", "2025-09-01T09:30:00Z"];
    refused("2025-09-01T09:00:00Z", "2025-09-01T10:00:00Z", &overlap, 2, "overlaps the window");
    refused("2025-09-01T09:00:00Z", "2025-09-01T10:00:00Z", &["--baseline-revision", "desk-9"], 2, "there are desk-1");
    let said = run(["postmortem", "--store", store.to_str().unwrap()]).exits(2);
    assert!(said.err.contains("--since T --until T"), "{}", said.err);
}

#[test]
fn a_given_baseline_and_a_revision_are_what_is_compared_with() {
    let scratch = folder();
    let path = |name: &str| scratch.path().join(name);
    write(&path("a.json"), 8 * HOUR, 12 * HOUR, &|_| true, &|second| second >= 11 * HOUR);
    let store = path("garden");
    ingest(&store, &[path("a.json")]);
    let given = ["--baseline-since", "2025-09-01T08:00:00Z", "--baseline-until", "2025-09-01T10:00:00Z", "--quiet"];
    let (first, second) = (path("first"), path("second"));
    postmortem(&store, &first, &stamp(11 * HOUR), &stamp(12 * HOUR), &given).exits(0);
    let found = section(&first);
    assert_eq!(
        (found["baseline"]["kind"].as_str(), found["rose"][0]["what"].as_str()),
        (Some("given"), Some("first_seen"))
    );
    assert_eq!(found["recovery"]["recovered"], "unknown", "the data ends with the window");
    postmortem(&store, &second, &stamp(11 * HOUR), &stamp(12 * HOUR), &["--baseline-revision", "desk-1", "--quiet"])
        .exits(0);
    let found = section(&second);
    assert_eq!(
        (found["baseline"]["kind"].as_str(), found["baseline"]["revision"].as_str()),
        (Some("revision"), Some("desk-1"))
    );
    assert_eq!(found["rose"].as_array().unwrap().len(), 1);
    let ids: Vec<Value> =
        [&first, &second].iter().map(|out| read(&out.join("report.json"))["run"]["run_id"].clone()).collect();
    assert_ne!(ids[0], ids[1], "another baseline is another run");
}
