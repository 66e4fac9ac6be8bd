//! The whole way round over `data/`: plan, file with the real `gh` against the stand-in, take the results back, plan again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::filing::{NOW, copy, rows, tracker};
use crate::github::GitHub;
use crate::harness::{Said, folder, gardener, json, repository, sample};

/// A garden of its own: a copy of the sample's store and configuration.
struct Garden {
    base: tempfile::TempDir,
    store: PathBuf,
}

impl Garden {
    fn new() -> Self {
        let base = folder();
        let store = base.path().join("garden");
        copy(&sample().store, &store);
        fs::copy(repository("data/gardener.toml"), base.path().join("gardener.toml")).unwrap();
        Self { base, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    fn keep(&self, name: &str, value: &Value) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, value.to_string()).unwrap();
        path
    }

    fn gardener(&self, args: &[&str]) -> Said {
        let mut command = gardener();
        command.args(args).current_dir(self.base.path());
        command.output().expect("the binary starts").into()
    }

    /// Plans with an export; the action list.
    fn plan(&self, out: &str, issues: &Path, more: &[&str]) -> Value {
        let issues = issues.to_str().unwrap();
        let args = [&["worklog", "--store", "garden", "--out", out, "--issues", issues][..], more].concat();
        self.gardener(&args).exits(0);
        json(&self.path(out).join("actions.json"))
    }

    fn results(&self, out: &str) -> Said {
        self.gardener(&["results", &format!("{out}/results.jsonl"), "--store", "garden"])
    }

    fn file(&self, github: &GitHub, out: &str) -> Vec<Value> {
        let said: Said = github.apply(&self.path(out), NOW, &[]).output().unwrap().into();
        said.exits(0);
        rows(&self.path(out))
    }
}

fn of_kind<'a>(list: &'a Value, kinds: &[&str]) -> Vec<&'a Value> {
    let all = list["actions"].as_array().unwrap().iter();
    all.filter(|action| kinds.contains(&action["kind"].as_str().unwrap())).collect()
}

fn brief(actions: &[&Value]) -> Vec<String> {
    let one = |a: &&Value| {
        format!("{} {} {} -> {}: {}", a["kind"], a["status"], a["cluster"]["title"], a["target"]["number"], a["reason"])
    };
    actions.iter().map(one).collect()
}

fn about<'a>(list: &'a Value, part: &str) -> &'a Value {
    let all = list["actions"].as_array().unwrap();
    all.iter().find(|action| action["cluster"]["title"].as_str().unwrap().contains(part)).expect(part)
}

#[track_caller]
fn assert_quiet(what: &str, list: &Value) {
    let loud = of_kind(list, &["create", "comment", "edit_comment", "escalate", "reopen", "relabel"]);
    assert!(loud.is_empty(), "{what}: nothing changed, and yet\n{}", brief(&loud).join("\n"));
}

#[test]
fn what_was_filed_is_known_by_state_by_markers_and_by_both() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    let old = repository("data/issues.json");
    let first = garden.plan("first", &old, &[]);
    assert_eq!(first["actions"], sample().actions["actions"], "a copied store plans the same");
    let filed = garden.file(&github, "first");
    let fresh = garden.keep("fresh.json", &github.export("2025-09-25T02:00:00Z"));
    fs::write(garden.path("first/notes.md"), "# Next Steps\n\nwe look on Monday\n").unwrap();

    // The markers alone: the same rows, no state.
    assert_quiet("markers alone", &garden.plan("marked", &fresh, &[]));

    let said = garden.results("first").exits(0);
    assert!(said.out.contains(&format!("{} applied", filed.len())), "{}", said.out);
    let worklog = fs::read_to_string(garden.path("first/worklog.md")).unwrap();
    let processed = worklog.split("## Processing results").nth(1).unwrap();
    for row in &filed {
        assert!(processed.contains(row["url"].as_str().unwrap()), "{row}");
    }
    assert!(processed.contains("create applied 4") && !processed.contains("Planned, not yet filed"));
    assert!(worklog.contains("we look on Monday"), "remarks are merged in");
    assert_eq!(fs::read_to_string(garden.path("first/notes.md")).unwrap(), "# Next Steps\n\nwe look on Monday\n");
    assert!(fs::read_to_string(garden.path("first/worklog.html")).unwrap().contains("Processing results"));

    // Taking the same in again changes nothing.
    let state = garden.store.join("state/issue_links.parquet");
    let (kept, page) = (fs::read(&state).unwrap(), worklog);
    garden.results("first").exits(0);
    assert_eq!(fs::read(&state).unwrap(), kept);
    assert_eq!(fs::read_to_string(garden.path("first/worklog.md")).unwrap(), page);

    assert_quiet("state and markers", &garden.plan("both", &fresh, &[]));
    let stale = garden.plan("stale", &old, &[]);
    assert_quiet("state alone", &stale);
    for row in &filed {
        let action = of_kind(&first, &["create", "comment", "reopen"]);
        let cluster = action.iter().find(|action| action["id"] == row["action_id"]).unwrap();
        let again = about(&stale, cluster["cluster"]["title"].as_str().unwrap());
        assert_eq!((again["match"]["tier"].as_str(), &again["target"]["number"]), (Some("state"), &row["number"]));
    }
    assert_ne!(first["run"]["run_id"], stale["run"]["run_id"], "what is known of filing is part of a run's id");
}

#[test]
fn a_new_store_of_the_last_days_finds_what_was_filed_by_markers_and_signatures() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    garden.plan("first", &repository("data/issues.json"), &[]);
    let filed = garden.file(&github, "first");
    let fresh = garden.keep("fresh.json", &github.export("2025-09-25T02:00:00Z"));
    let dumps = repository("data/dumps");
    for input in
        ["hours", "gcloud/shop_logs_2025-09-23_afternoon.json.gz", "gcloud/shop_logs_2025-09-23_morning.json.gz"]
    {
        garden.gardener(&["ingest", dumps.join(input).to_str().unwrap(), "--store", "last-days"]).exits(0);
    }
    let out = ["worklog", "--store", "last-days", "--out", "later", "--issues", fresh.to_str().unwrap()];
    garden.gardener(&out).exits(0);
    let list = json(&garden.path("later/actions.json"));
    assert_quiet("a new store", &list);
    let numbers: Vec<u64> = filed.iter().filter_map(|row| row["number"].as_u64()).collect();
    let by_marker = list["actions"].as_array().unwrap().iter().filter(|action| action["match"]["tier"] == "marker");
    let found = by_marker.filter(|action| numbers.contains(&action["target"]["number"].as_u64().unwrap_or(0))).count();
    assert!(found >= 4, "{found} of {numbers:?} are in these days");
}

#[test]
fn later_data_bring_comments_only_where_something_changed() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    let old = repository("data/issues.json");
    let early = garden.plan("early", &old, &["--as-of", "2025-09-13"]);
    let written = of_kind(&early, &["create", "comment", "reopen"]);
    assert!(!written.is_empty());
    garden.file(&github, "early");
    garden.results("early").exits(0);
    let known: Vec<u64> = rows(&garden.path("early")).iter().filter_map(|row| row["number"].as_u64()).collect();
    let fresh = garden.keep("fresh.json", &github.export("2025-09-25T02:00:00Z"));
    for (name, issues) in [("late", &fresh), ("late-old", &old)] {
        let list = garden.plan(name, issues, &[]);
        let again: Vec<&Value> = of_kind(&list, &["create", "comment", "edit_comment", "escalate", "reopen"])
            .into_iter()
            .filter(|action| known.contains(&action["target"]["number"].as_u64().unwrap_or(0)))
            .collect();
        for action in &again {
            assert!(!action["change_key"].as_array().unwrap().is_empty(), "{}", brief(&[action])[0]);
        }
        let changed = about(&list, "Inventory lock not acquired");
        assert!(known.contains(&409), "{known:?}");
        assert!(["comment", "escalate"].contains(&changed["kind"].as_str().unwrap()), "{}", brief(&[changed])[0]);
        assert!(changed["reason"].as_str().unwrap().contains(" s -> "), "{}", brief(&[changed])[0]);
        let body = fs::read_to_string(garden.path(name).join(changed["body_file"].as_str().unwrap())).unwrap();
        assert!(body.contains(" s -&gt; ") || body.contains(" s -> "), "the comment says what changed:\n{body}");
        let creates = of_kind(&list, &["create"]);
        assert!(creates.iter().all(|action| action["fingerprint"] != written[0]["fingerprint"]));
    }
}

#[test]
fn an_issue_of_ours_that_was_closed_is_reopened_when_it_is_back_in_a_newer_revision() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    garden.plan("early", &repository("data/issues.json"), &["--as-of", "2025-09-20"]);
    garden.file(&github, "early");
    garden.results("early").exits(0);
    let part = "Token exchange with identity provider failed";
    let early = json(&garden.path("early/actions.json"));
    let id = about(&early, part)["id"].clone();
    let number = rows(&garden.path("early")).iter().find(|row| row["action_id"] == id).unwrap()["number"].clone();
    github.edit(number.as_u64().unwrap(), |issue| {
        issue["state"] = json!("closed");
        issue["state_reason"] = json!("completed");
        issue["closed_at"] = json!("2025-09-21T00:00:00Z");
    });
    let mut export = github.export("2025-09-25T02:00:00Z");
    // Two more, because exactly thirty would look like an export that was cut.
    for number in [9, 10] {
        let mut shed = json(&repository("data/issues.json"))["issues"][5].clone();
        (shed["number"], shed["title"]) = (json!(number), json!(format!("Paint shed {number}")));
        shed["body"] = json!("It has no colour at all.");
        export["issues"].as_array_mut().unwrap().push(shed);
    }
    let fresh = garden.keep("fresh.json", &export);
    let list = garden.plan("late", &fresh, &[]);
    let action = about(&list, part);
    assert_eq!(
        (action["kind"].as_str(), action["status"].as_str(), &action["target"]["number"]),
        (Some("reopen"), Some("ready"), &number),
        "{}",
        brief(&[action])[0]
    );
    // Filed and taken back, an export from before it does not reopen it again.
    garden.file(&github, "late");
    garden.results("late").exits(0);
    assert_quiet_about(&garden.plan("again", &fresh, &[]), part);

    // The tracker forgets when an issue was closed once it is open again. That the fix did not hold is told all the same: with the
    // state of this store, with the comment alone, and with a comment from before there was a marker for it.
    let now = github.export("2025-09-25T03:00:00Z");
    let fields =
        |found: &Value| found["issues"].as_array().unwrap().iter().find(|one| one["number"] == number).cloned();
    assert_eq!(
        fields(&now).map(|one| (one["state"].clone(), one["closed_at"].clone())),
        Some((json!("open"), Value::Null))
    );
    let mut unmarked = now.clone();
    for comment in unmarked["comments"].as_array_mut().unwrap() {
        let body = comment["body"].as_str().unwrap();
        let lines: Vec<&str> = body.lines().filter(|line| !line.starts_with("<!-- log-gardener:closed=")).collect();
        comment["body"] = json!(lines.join("\n"));
    }
    assert_ne!(unmarked, now, "the comment that opened it again carries the marker");
    let mut silent = now.clone();
    silent["comments"] = json!([]);
    copy(&sample().store, &garden.path("blank"));
    for (store, name, export) in
        [("garden", "state", &silent), ("blank", "marked", &now), ("blank", "unmarked", &unmarked)]
    {
        garden.keep("now.json", export);
        let args = ["weekly", "--store", store, "--issues", "now.json", "--week", "2025-W39", "--out", name];
        garden.gardener(&args).exits(0);
        let report = json(&garden.path(name).join("report.json"));
        let fix = report["weekly"]["fixes"].as_array().unwrap().iter().find(|fix| fix["number"] == number);
        let fix = fix.unwrap_or_else(|| panic!("{name}: #{number} is one of the fixes"));
        assert_eq!(
            (&fix["verdict"], &fix["closed"]),
            (&json!("came_back"), &json!("2025-09-21T00:00:00.000000000Z")),
            "{name}"
        );
        assert!(
            fix["reopened"].is_string() && fix["sentence"].as_str().unwrap().contains("opened again"),
            "{name}: {fix}"
        );
        let status = |id: &Value| {
            let cluster = report["clusters"].as_array().unwrap().iter().find(|cluster| cluster["id"] == *id);
            cluster.map(|cluster| cluster["status"].clone())
        };
        assert_eq!(status(&fix["clusters"][0]), Some(json!("regressed")), "{name}");
    }
}

#[track_caller]
fn assert_quiet_about(list: &Value, part: &str) {
    let action = about(list, part);
    assert_eq!(action["kind"], "none", "{}", brief(&[action])[0]);
}

#[test]
fn an_export_of_exactly_thirty_issues_leaves_no_create_ready() {
    let garden = Garden::new();
    let mut export = json(&repository("data/issues.json"));
    let issues = export["issues"].as_array_mut().unwrap();
    while issues.len() < 30 {
        let mut more = issues[issues.len() - 1].clone();
        more["number"] = json!(100 + issues.len());
        more["title"] = json!(format!("Paint the shed in colour {}", issues.len()));
        more["body"] = json!("It has no colour at all.");
        issues.push(more);
    }
    let path = garden.keep("thirty.json", &export);
    let list = garden.plan("thirty", &path, &[]);
    let creates = of_kind(&list, &["create"]);
    assert!(!creates.is_empty() && creates.iter().all(|action| action["status"] == "needs_review"));
    assert!(creates[0]["reason"].as_str().unwrap().contains("exactly 30 rows"));
    let lines = fs::read_to_string(garden.path("thirty/apply.list")).unwrap();
    assert!(lines.lines().all(|line| line.starts_with('#')), "{lines}");
}

#[test]
fn what_was_taken_back_is_not_planned_again() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    let old = repository("data/issues.json");
    garden.plan("first", &old, &[]);
    garden.file(&github, "first");
    garden.results("first").exits(0);
    let mut undo = github.apply(&garden.path("first"), NOW, &["undo", "results.jsonl"]);
    let said: Said = undo.current_dir(garden.path("first")).output().unwrap().into();
    said.exits(0);
    garden.results("first").exits(0);
    let worklog = fs::read_to_string(garden.path("first/worklog.md")).unwrap();
    assert!(worklog.contains("create undone 4"), "{}", worklog.split("## Processing results").nth(1).unwrap());
    let fresh = garden.keep("fresh.json", &github.export("2025-09-25T02:00:00Z"));
    for (name, issues) in [("again", &fresh), ("again-old", &old)] {
        let list = garden.plan(name, issues, &[]);
        let creates = of_kind(&list, &["create"]);
        assert!(creates.is_empty(), "{name}: {:?}", brief(&creates));
        assert_eq!(about(&list, "Coupon evaluation failed")["status"], "suppressed", "{name}");
    }
}

#[test]
fn results_that_do_not_fit_are_refused_by_line() {
    let garden = Garden::new();
    let out = garden.path("out");
    copy(&sample().out, &out);
    let file = out.join("results.jsonl");
    let run = sample().actions["run"]["run_id"].as_str().unwrap();
    let row = |run: &str, action: &str, status: &str, number: &str| {
        format!(
            "{{\"schema\":\"log-gardener/results\",\"schema_version\":\"1.0\",\"run_id\":\"{run}\",\"action_id\":\"{action}\",\"status\":\"{status}\",\"number\":{number},\"at\":\"2025-09-25T01:00:00Z\"}}\n"
        )
    };
    let known = sample().actions["actions"][0]["id"].as_str().unwrap();
    let good = row(run, known, "dry_run", "null");
    let stranger = row("run_00000000000000aa", "act_00000000000000aa", "applied", "7");
    for (text, words) in [
        (
            format!("{good}{}", row(run, "act_00000000000000aa", "applied", "7")),
            &["line 2", "act_00000000000000aa"][..],
        ),
        (format!("{good}{good}{{\"schema\":\n"), &["line 3"]),
        (row(run, known, "deleted", "7"), &["line 1", "deleted"]),
        (row(run, known, "applied", "null"), &["line 1", "names no issue"]),
        (good.replace("\"1.0\"", "\"2.0\""), &["line 1", "newer gardener"]),
        (good.replace("log-gardener/results", "log-gardener/other"), &["line 1", "schema"]),
        (stranger.clone(), &["none of its 1 rows"]),
    ] {
        fs::write(&file, &text).unwrap();
        let said = garden.gardener(&["results", "out/results.jsonl", "--store", "garden"]).exits(2);
        for word in words {
            assert!(said.err.contains(word), "{word} in {}", said.err);
        }
    }
    assert!(!garden.store.join("state/issue_links.parquet").exists(), "nothing was kept");
    fs::write(&file, format!("{good}\n{stranger}")).unwrap();
    let said = garden.gardener(&["results", "out/results.jsonl", "--store", "garden"]).exits(0);
    assert!(said.out.contains("1 dry run") && said.out.contains("1 rows of other runs"), "{}", said.out);

    fs::write(out.join("worklog.md"), "changed by hand").unwrap();
    let said = garden.gardener(&["results", "out/results.jsonl", "--store", "garden"]).exits(2);
    assert!(said.err.contains("worklog.md") && said.err.contains("--force"), "{}", said.err);
    assert_eq!(fs::read_to_string(out.join("worklog.md")).unwrap(), "changed by hand");

    for missing in ["report.json", "actions.json"] {
        fs::remove_file(out.join(missing)).unwrap();
        let said = garden.gardener(&["results", "out/results.jsonl", "--store", "garden"]).exits(2);
        assert!(said.err.contains(missing) && said.err.contains("beside"), "{}", said.err);
    }
    garden.gardener(&["results", "nowhere.jsonl"]).exits(2);
}

#[test]
fn each_answer_of_a_person_ends_the_review() {
    let garden = Garden::new();
    // Everything that rests on words alone is doubtful.
    let config = fs::read_to_string(garden.path("gardener.toml")).unwrap();
    fs::write(garden.path("gardener.toml"), config + "\n[actions]\nauto = \"exact\"\n").unwrap();
    let issues = repository("data/issues.json");
    let first = garden.plan("worklogs/first", &issues, &[]);
    let doubtful: Vec<&Value> = of_kind(&first, &["create", "comment", "reopen"])
        .into_iter()
        .filter(|action| action["status"] == "needs_review")
        .collect();
    assert!(doubtful.len() >= 4, "{:?}", brief(&doubtful));
    let decide = |id: &str, answer: &[&str]| garden.gardener(&[&["decide", id][..], answer].concat());
    let name = |at: usize, key: &str| doubtful[at][key].as_str().unwrap();
    let cluster = |at: usize| doubtful[at]["cluster"]["id"].as_str().unwrap();
    decide(name(0, "id"), &["--issue", "360"]).exits(0);
    decide(&name(1, "id")[..12], &["--new"]).exits(0);
    decide(cluster(2), &["--never"]).exits(0);
    let mute = ["--mute", "--reason", "fix is in release 42", "--owner", "ann", "--until", "2025-10-15"];
    decide(&cluster(3)[..7], &mute).exits(0);
    let kept = fs::read_to_string(garden.path("decisions.toml")).unwrap();
    assert_eq!(kept.matches("[[decision]]").count(), 4, "{kept}");
    let said = decide(cluster(2), &["--never"]).exits(0);
    assert!(said.out.contains("says so already"), "{}", said.out);
    assert_eq!(fs::read_to_string(garden.path("decisions.toml")).unwrap(), kept);

    let second = garden.plan("worklogs/second", &issues, &[]);
    let now = |at: usize| about(&second, doubtful[at]["cluster"]["title"].as_str().unwrap());
    let outcome = |at: usize| (now(at)["match"]["tier"].as_str().unwrap(), now(at)["status"].as_str().unwrap());
    assert_eq!((outcome(0), now(0)["target"]["number"].as_u64()), (("decision", "ready"), Some(360)), "{}", now(0));
    assert_eq!((outcome(1), now(1)["kind"].as_str()), (("decision", "ready"), Some("create")), "{}", now(1));
    assert_eq!(outcome(2), ("decision", "suppressed"));
    assert_eq!(outcome(3), ("decision", "suppressed"));
    assert!(now(3)["reason"].as_str().unwrap().contains("muted by ann until 2025-10-15"), "{}", now(3)["reason"]);
    assert_ne!(first["run"]["run_id"], second["run"]["run_id"]);

    // A mute that is over is a question again; the newest answer counts.
    let over = ["--mute", "--reason", "r", "--owner", "ann", "--until", "2025-09-20"];
    decide(cluster(3), &over).exits(0);
    let third = garden.plan("worklogs/third", &issues, &[]);
    let again = about(&third, doubtful[3]["cluster"]["title"].as_str().unwrap());
    assert_ne!(again["status"], "suppressed", "{again}");

    for (args, word) in [
        (&["decide", "act_0000", "--new"][..], "act_0000"),
        (&["decide", "a", "--new"], "begins"),
        (&["decide", cluster(0)], "required"),
        (&["decide", cluster(0), "--new", "--never"], "cannot be used with"),
        (&["decide", cluster(0), "--mute"], "--reason"),
        (&["decide", cluster(0), "--mute", "--reason", "r", "--owner", "o", "--until", "soon"], "soon"),
        (&["decide", cluster(0), "--new", "--report", "nowhere"], "nowhere"),
    ] {
        let said = garden.gardener(args).exits(2);
        assert!(said.err.contains(word), "{word} in {}", said.err);
    }
    fs::write(garden.path("decisions.toml"), "[[decision]]\nfingerprint = \"x\"\nanswer = \"never\"\n").unwrap();
    let said = garden.gardener(&["worklog", "--store", "garden", "--out", "broken"]).exits(2);
    assert!(said.err.contains("decisions.toml") && said.err.contains("decision 1"), "{}", said.err);
}

#[test]
fn a_new_problem_that_was_decided_and_filed_is_found_again() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    let old = repository("data/issues.json");
    let first = garden.plan("worklogs/first", &old, &[]);
    let part = "Inventory lock not acquired";
    let id = about(&first, part)["id"].as_str().unwrap();
    garden.gardener(&["decide", id, "--new"]).exits(0);
    let second = garden.plan("worklogs/second", &old, &[]);
    assert_eq!(about(&second, part)["kind"], "create", "not #409 after all: {}", about(&second, part));
    garden.file(&github, "worklogs/second");
    let fresh = garden.keep("fresh.json", &github.export("2025-09-25T02:00:00Z"));
    assert_quiet_about(&garden.plan("marked", &fresh, &[]), part);
    garden.results("worklogs/second").exits(0);
    assert_quiet_about(&garden.plan("known", &old, &[]), part);
}

#[test]
fn an_issue_of_ours_whose_problem_is_gone_is_suggested_for_closing_and_never_closed_unseen() {
    let Some(github) = tracker() else { return };
    let garden = Garden::new();
    let old = repository("data/issues.json");
    let part = "Stock synchronisation failed";
    let early = garden.plan("early", &old, &["--as-of", "2025-09-11T12:00:00Z"]);
    let said = about(&early, part);
    assert_eq!((said["kind"].as_str(), said["target"]["number"].as_u64()), (Some("comment"), Some(402)), "{said:#}");
    garden.file(&github, "early");
    garden.results("early").exits(0);
    let fresh = garden.keep("fresh.json", &github.export("2025-09-25T02:00:00Z"));
    github.writes();
    // All that is stored, and a window in which it never came.
    for (name, window) in [("late", &[][..]), ("later", &["--since", "2025-09-18"])] {
        let list = garden.plan(name, &fresh, window);
        let action = about(&list, part);
        assert_eq!(
            (action["kind"].as_str(), action["status"].as_str(), action["target"]["number"].as_u64()),
            (Some("close_candidate"), Some("needs_review"), Some(402)),
            "{name}: {action:#}"
        );
        assert_eq!(action["baseline_state"], "absent");
        assert!(action["reason"].as_str().unwrap().contains("not seen on 13 covered days"), "{}", action["reason"]);
        let id = action["id"].as_str().unwrap();
        assert!(!fs::read_to_string(garden.path(name).join("apply.list")).unwrap().contains(id));
        let review = fs::read_to_string(garden.path(name).join("review.md")).unwrap();
        assert!(review.contains("close acme/shop issue 402 by hand"), "{review}");
    }
    garden.file(&github, "late");
    assert_eq!(github.issue(402)["state"], "open", "what is ready was filed, and nothing closed");
    // Two days after the last one is too early to say.
    let soon = garden.plan("soon", &fresh, &["--as-of", "2025-09-14"]);
    assert_ne!(about(&soon, part)["kind"], "close_candidate");
}
