//! One issue over many days, with the real `gh` against the stand-in: filed, commented on, its comment rewritten, its priority
//! raised, left alone; and two problems that end in the same line.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::filing::rows;
use crate::github::GitHub;
use crate::harness::{Said, folder, gardener, json};

/// A folder with a store, a configuration and a tracker, to which days are added.
struct Desk {
    base: tempfile::TempDir,
    github: GitHub,
    /// Entries written so far: every one has an id of its own.
    written: usize,
}

const CONFIG: &str = "[actions]\nrepo = \"acme/seats\"\n\n[actions.priority]\nthresholds = [60, 55, 35, 20]\n";

impl Desk {
    /// `None` where `gh` is missing.
    fn open() -> Option<Self> {
        let issue = |number: u64, state: &str, title: &str| {
            let closed = if state == "closed" { json!("2025-09-01T00:00:00Z") } else { Value::Null };
            json!({"number": number, "title": title, "body": format!("{title}, as customers say."), "state": state, "state_reason": null, "labels": [], "created_at": "2025-08-01T00:00:00Z", "updated_at": "2025-09-01T00:00:00Z", "closed_at": closed, "user": {"login": "ann"}, "author_association": "MEMBER"})
        };
        let issues = json!([
            issue(1, "closed", "Posters hang crooked"),
            issue(2, "open", "The foyer is too dark"),
            issue(3, "open", "Coffee runs out in the break")
        ]);
        let github =
            GitHub::start(&json!({"repo": "acme/seats", "state": "all", "issues": issues}), "2025-10-04T00:30:00Z")?;
        let base = folder();
        fs::write(base.path().join("gardener.toml"), CONFIG).unwrap();
        Some(Self { base, github, written: 0 })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    fn gardener(&self, args: &[&str]) -> Said {
        gardener().args(args).current_dir(self.base.path()).output().expect("the binary starts").into()
    }

    /// An entry of the seat service.
    fn entry(&mut self, at: &str, severity: &str, text: &str, log: &str, instance: &str) -> Value {
        self.written += 1;
        let id = self.written;
        json!({"insertId": format!("e{id}"), "timestamp": at, "severity": severity, "textPayload": text,
            "trace": format!("projects/acme/traces/t{id}"), "labels": {"instanceId": instance},
            "logName": format!("projects/acme/logs/run.googleapis.com%2F{log}"),
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "seat-api", "project_id": "acme", "revision_name": "seat-api-00001-abc"}}})
    }

    fn ingest(&self, name: &str, entries: &[Value]) {
        let text: Vec<String> = entries.iter().map(Value::to_string).collect();
        fs::write(self.path(name), text.join("\n")).unwrap();
        self.gardener(&["ingest", name, "--store", "garden"]).exits(0);
    }

    /// The hours of a day up to one of them: a sign of life each, and so many refused locks in all.
    fn day(&mut self, day: &str, until_h: usize, locks: usize, severity: &str, waited: &str) {
        let mut entries = Vec::new();
        for hour in 0..until_h {
            entries.push(self.entry(&format!("{day}T{hour:02}:00:00Z"), "INFO", "Seat map is served", "stdout", "i"));
            entries.push(self.entry(&format!("{day}T{hour:02}:59:30Z"), "INFO", "Seat map is served", "stdout", "i"));
        }
        for lock in 0..locks {
            let second = (lock * until_h * 3_600 + 1_800) / locks;
            let at = format!("{day}T{:02}:{:02}:{:02}.5Z", second / 3_600, second / 60 % 60, second % 60);
            let text = format!("Seat lock not acquired within {waited}s during sale, another replica holds it");
            entries.push(self.entry(&at, severity, &text, "stderr", "i"));
        }
        self.ingest(&format!("{day}-{until_h}.ndjson"), &entries);
    }

    /// Plans the last day with a fresh export.
    fn plan(&self, out: &str, exported_at: &str, store: &str) -> Value {
        fs::write(self.path("issues.json"), self.github.export(exported_at).to_string()).unwrap();
        let last = if out.starts_with("day") { &["--last", "24h"][..] } else { &[] };
        let args = [&["worklog", "--store", store, "--out", out, "--issues", "issues.json"][..], last].concat();
        self.gardener(&args).exits(0);
        json(&self.path(out).join("actions.json"))
    }

    /// Files what is ready and takes the results back.
    fn file(&self, out: &str, now: &str) -> Vec<Value> {
        let said: Said = self.github.apply(&self.path(out), now, &[]).output().unwrap().into();
        said.exits(0);
        self.gardener(&["results", &format!("{out}/results.jsonl"), "--store", "garden"]).exits(0);
        rows(&self.path(out))
    }

    fn labels(&self, number: u64) -> Vec<String> {
        let issue = self.github.issue(number);
        let names = issue["labels"].as_array().unwrap().iter();
        names.map(|label| label["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// The one action about a cluster.
fn about<'a>(list: &'a Value, part: &str) -> &'a Value {
    let all = list["actions"].as_array().unwrap();
    let is = |action: &&Value| action["cluster"]["title"].as_str().unwrap().contains(part);
    all.iter().find(is).unwrap_or_else(|| panic!("{part} in {list:#}"))
}

fn kind(action: &Value) -> (&str, &str) {
    (action["kind"].as_str().unwrap(), action["status"].as_str().unwrap())
}

#[test]
fn an_issue_is_commented_on_its_comment_rewritten_and_its_priority_raised_by_one_step() {
    let Some(mut desk) = Desk::open() else { return };
    for day in ["2025-10-01", "2025-10-02", "2025-10-03"] {
        desk.day(day, 24, 20, "ERROR", "2.1");
    }
    let part = "Seat lock not acquired";
    let list = desk.plan("day3", "2025-10-04T00:10:00Z", "garden");
    assert_eq!(kind(about(&list, part)), ("create", "ready"), "{:#}", about(&list, part));
    let filed = desk.file("day3", "2025-10-04T00:30:00Z");
    let number = filed[0]["number"].as_u64().unwrap();
    assert_eq!(desk.labels(number), ["log-gardener", "P2"]);

    // A day later it takes longer: worth a comment.
    desk.day("2025-10-04", 24, 20, "ERROR", "2.8");
    let list = desk.plan("day4", "2025-10-05T00:10:00Z", "garden");
    let action = about(&list, part);
    assert_eq!((kind(action), action["target"]["number"].as_u64()), (("comment", "ready"), Some(number)), "{action:#}");
    assert!(action["reason"].as_str().unwrap().contains("2.1 s -> 2.8 s"), "{}", action["reason"]);
    desk.file("day4", "2025-10-05T00:30:00Z");
    let first = desk.github.comments(number);
    assert_eq!(first.len(), 1);
    let body = first[0]["body"].as_str().unwrap();
    assert!(
        body.contains("| Before (data up to 2025-10-04T00:00:00Z) | Now |") || body.contains("| Before (data up to"),
        "{body}"
    );
    assert!(
        body.lines().any(|line| line.starts_with("| ") && line.contains("2.1 s") && line.contains("2.8 s")),
        "{body}"
    );
    assert!(body.lines().last().unwrap().starts_with("**Next action:** "), "{body}");

    // Ten hours later it is worse again: the same comment says so, and keeps what it said.
    desk.day("2025-10-05", 10, 40, "ERROR", "4.1");
    let list = desk.plan("day5", "2025-10-05T10:30:00Z", "garden");
    let action = about(&list, part);
    assert_eq!(kind(action), ("edit_comment", "ready"), "{action:#}");
    assert_eq!(action["target"]["comment_id"], first[0]["id"].to_string());
    let review = fs::read_to_string(desk.path("day5/review.md")).unwrap();
    let diff = review.split("Against our last comment:").nth(1).expect("a diff");
    assert!(diff.contains("@@ -") && diff.contains("\n-") && diff.contains("\n+"), "{diff}");
    let filed = desk.file("day5", "2025-10-05T10:40:00Z");
    assert_eq!(filed[0]["comment_id"], first[0]["id"].to_string());
    let after = desk.github.comments(number);
    assert_eq!(after.len(), 1, "no second comment within a day");
    let body = after[0]["body"].as_str().unwrap();
    assert!(body.contains("2.8 s -&gt; 4.1 s") || body.contains("2.8 s -> 4.1 s"), "{body}");
    let before = body.split("This comment said before:").nth(1).expect("what it said before");
    assert!(before.contains("2.1 s -> 2.8 s"), "{before}");

    // It hits everybody: two steps more urgent, of which the label goes one.
    desk.day("2025-10-06", 24, 1_600, "CRITICAL", "4.1");
    let list = desk.plan("day6", "2025-10-07T00:10:00Z", "garden");
    let action = about(&list, part);
    assert_eq!(kind(action), ("escalate", "ready"), "{action:#}");
    assert_eq!((&action["priority"]["value"], &action["priority"]["previous"]), (&json!("P0"), &json!("P2")));
    assert_eq!((&action["labels"]["add"], &action["labels"]["remove"]), (&json!(["P1"]), &json!(["P2"])));
    desk.file("day6", "2025-10-07T00:30:00Z");
    assert_eq!(desk.labels(number), ["log-gardener", "P1"]);
    let comments = desk.github.comments(number);
    assert_eq!(comments.len(), 2);
    assert!(comments[1]["body"].as_str().unwrap().contains("priority raised from P2 to P1"), "{}", comments[1]["body"]);
    let again = desk.plan("day6-again", "2025-10-07T00:40:00Z", "garden");
    assert_eq!(kind(about(&again, part)).0, "none", "{:#}", about(&again, part));

    // Calm again: counts alone are worth one comment a week, and a priority never falls by itself.
    desk.day("2025-10-07", 24, 20, "ERROR", "4.1");
    let list = desk.plan("day7", "2025-10-08T00:10:00Z", "garden");
    assert_eq!(kind(about(&list, part)).0, "none", "{:#}", about(&list, part));
    assert_eq!(desk.labels(number), ["log-gardener", "P1"]);

    // Undone, the raised label and the rewritten comment are as before.
    let mut undo = desk.github.apply(&desk.path("day6"), "2025-10-08T00:30:00Z", &["undo", "results.jsonl"]);
    let said: Said = undo.current_dir(desk.path("day6")).output().unwrap().into();
    said.exits(0);
    let mut labels = desk.labels(number);
    labels.sort();
    assert_eq!(labels, ["P2", "log-gardener"]);
    assert_eq!(desk.github.comments(number).len(), 1);
}

/// Ten starts that fail with an exception, each ending in the same line.
fn crash_loop(desk: &mut Desk, name: &str, day: &str, hour: usize, exception: &str) {
    let mut entries = Vec::new();
    for start in 0..10 {
        let at = |second: usize| {
            let second = start * 9 + second;
            format!("{day}T{hour:02}:{:02}:{:02}.25Z", second / 60, second % 60)
        };
        let instance = format!("00f{hour:02}{start:02}aa");
        let trace = format!(
            "Traceback (most recent call last):\n  File \"/srv/seats/boot.py\", line 7, in boot\n    read()\n{exception}"
        );
        entries.push(desk.entry(&at(0), "INFO", "Seat server starts", "stdout", &instance));
        entries.push(desk.entry(&at(2), "ERROR", &trace, "stderr", &instance));
        entries.push(desk.entry(&at(3), "WARNING", "Container called exit(1).", "varlog%2Fsystem", &instance));
    }
    desk.ingest(name, &entries);
}

#[test]
fn two_crash_loops_with_the_same_exit_line_keep_their_own_issues() {
    let Some(mut desk) = Desk::open() else { return };
    let (one, other) = ("KeyError: 'SEAT_KEY'", "ValueError: port must be a number");
    crash_loop(&mut desk, "morning.ndjson", "2025-10-03", 6, one);
    crash_loop(&mut desk, "evening.ndjson", "2025-10-03", 20, other);
    let list = desk.plan("both", "2025-10-04T00:10:00Z", "garden");
    for part in [one, other] {
        let action = about(&list, part);
        assert_eq!(kind(action), ("create", "ready"), "{action:#}");
        assert_eq!(action["cluster"]["role"], "root");
        let title = action["title"].as_str().unwrap();
        assert!(title.contains(&format!("seat-api cannot start: {part}")), "{title}");
    }
    assert_eq!(kind(about(&list, "Container called exit")), ("link", "ready"));
    let filed = desk.file("both", "2025-10-04T00:30:00Z");
    let number = |part: &str| {
        let id = &about(&list, part)["id"];
        filed.iter().find(|row| row["action_id"] == *id).unwrap()["number"].as_u64().unwrap()
    };
    let numbers = [number(one), number(other)];
    assert_ne!(numbers[0], numbers[1]);

    let again = desk.plan("again", "2025-10-04T00:50:00Z", "garden");
    for (part, number) in [one, other].into_iter().zip(numbers) {
        let action = about(&again, part);
        assert_eq!((kind(action).0, action["target"]["number"].as_u64()), ("none", Some(number)), "{action:#}");
    }
    // A store without memory that holds the evening only knows it by its marker, not by the line that both end in.
    desk.gardener(&["ingest", "evening.ndjson", "--store", "evening"]).exits(0);
    let fresh = desk.plan("evening-only", "2025-10-04T00:50:00Z", "evening");
    let action = about(&fresh, other);
    assert_eq!((kind(action).0, action["target"]["number"].as_u64()), ("none", Some(numbers[1])), "{action:#}");
    assert_eq!(action["match"]["tier"], "marker");
    let loud = fresh["actions"].as_array().unwrap().iter().filter(|action| !["none", "link"].contains(&kind(action).0));
    assert_eq!(loud.count(), 0, "{fresh:#}");
}

#[test]
fn of_two_new_issues_of_one_title_the_second_waits_and_then_names_the_first() {
    let Some(mut desk) = Desk::open() else { return };
    let mut entries = Vec::new();
    for minute in 0..40 {
        for service in ["seat-api", "seat-worker"] {
            let mut entry = desk.entry(
                &format!("2025-10-03T10:{minute:02}:00Z"),
                "CRITICAL",
                "Hall plan cannot be read",
                "stderr",
                "i",
            );
            entry["resource"]["labels"]["service_name"] = json!(service);
            entries.push(entry);
        }
    }
    desk.ingest("halls.ndjson", &entries);
    let list = desk.plan("first", "2025-10-04T00:10:00Z", "garden");
    let of = |list: &Value| -> Vec<Value> {
        let all = list["actions"].as_array().unwrap().iter();
        all.filter(|action| action["cluster"]["title"] == "Hall plan cannot be read").cloned().collect()
    };
    let [first, second] = of(&list).try_into().unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!((kind(&first), kind(&second)), (("create", "ready"), ("create", "needs_review")), "{second:#}");
    let id = second["cluster"]["id"].as_str().unwrap();
    desk.gardener(&["decide", id, "--new", "--report", "first"]).exits(0);
    let list = desk.plan("second", "2025-10-04T00:10:00Z", "garden");
    assert!(of(&list).iter().all(|action| kind(action) == ("create", "ready")), "{:#?}", of(&list));
    let filed = desk.file("second", "2025-10-04T00:30:00Z");
    let number = |id: &Value| filed.iter().find(|row| row["action_id"] == *id).unwrap()["number"].as_u64().unwrap();
    let (first, second) = (number(&first["id"]), number(&second["id"]));
    let body = desk.github.issue(second)["body"].as_str().unwrap().to_owned();
    assert!(body.contains(&format!("Related: mentions #{first}\n")), "{body}");
}
