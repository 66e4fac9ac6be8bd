//! The filing step, with the real `gh`, against the stand-in: what it writes, what it refuses, and how it goes on after a stop.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::github::{GitHub, Trouble};
use crate::harness::{Said, folder, json, repository, sample, tree};

/// Within a day of the sample's export.
pub(crate) const NOW: &str = "2025-09-25T01:00:00Z";

/// The stand-in with the sample's issues.
pub(crate) fn tracker() -> Option<GitHub> {
    GitHub::start(&json(&repository("data/issues.json")), NOW)
}

/// A copy of a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (name, bytes) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The outputs of the sample's run, to file from.
fn planned() -> tempfile::TempDir {
    let base = folder();
    copy(&sample().out, base.path());
    base
}

/// Rows of a results file.
pub(crate) fn rows(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("results.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn statuses(folder: &Path) -> Vec<String> {
    rows(folder).iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect()
}

fn said(mut command: Command) -> Said {
    command.stdin(Stdio::null()).output().expect("bash starts").into()
}

/// Ready actions that write, by kind.
fn ready(kind: &str) -> Vec<&'static Value> {
    let all = sample().actions["actions"].as_array().unwrap().iter();
    all.filter(|action| action["status"] == "ready" && action["kind"] == kind).collect()
}

fn ready_ids() -> BTreeSet<&'static str> {
    let all = sample().actions["actions"].as_array().unwrap().iter();
    let writes = all.filter(|action| action["status"] == "ready" && !action["commands"].as_array().unwrap().is_empty());
    writes.map(|action| action["id"].as_str().unwrap()).collect()
}

#[test]
fn without_apply_everything_is_shown_and_nothing_is_written() {
    let Some(github) = tracker() else { return };
    let base = planned();
    let mut command = github.apply(base.path(), NOW, &[]);
    command.env_remove("APPLY");
    let said = said(command).exits(0);
    assert!(said.out.contains("dry run") && said.out.contains("gh api -X POST repos/acme/shop/issues"), "{}", said.out);
    assert!(github.writes().is_empty());
    assert_eq!(statuses(base.path()).len(), ready_ids().len());
    assert!(statuses(base.path()).iter().all(|status| status == "dry_run"));
}

#[test]
fn what_is_ready_is_filed_once_however_often_it_is_called() {
    let Some(github) = tracker() else { return };
    github.page_of(4);
    let base = planned();
    let first = said(github.apply(base.path(), NOW, &[])).exits(0);
    assert!(first.out.contains(NOW), "the given clock is named: {}", first.out);
    let made = rows(base.path());
    assert_eq!(made.iter().map(|row| row["action_id"].as_str().unwrap()).collect::<BTreeSet<_>>(), ready_ids());
    for row in &made {
        assert_eq!((row["status"].as_str(), row["at"].as_str()), (Some("applied"), Some(NOW)), "{row}");
        assert_eq!(row["run_id"], sample().actions["run"]["run_id"]);
        crate::schema::assert_valid("results", row);
    }
    for action in ready("create") {
        let row = made.iter().find(|row| row["action_id"] == action["id"]).unwrap();
        let issue = github.issue(row["number"].as_u64().unwrap());
        assert_eq!(issue["title"], action["title"]);
        let body = fs::read_to_string(base.path().join(action["body_file"].as_str().unwrap())).unwrap();
        assert_eq!(issue["body"].as_str().unwrap(), body, "the body arrives byte for byte");
        let labels: Vec<&Value> = issue["labels"].as_array().unwrap().iter().map(|label| &label["name"]).collect();
        assert_eq!(json!(labels), action["labels"]["add"]);
    }
    let reopened = ready("reopen");
    assert!(!reopened.is_empty());
    for action in &reopened {
        let number = action["target"]["number"].as_u64().unwrap();
        assert_eq!(github.issue(number)["state"], "open");
        assert_eq!(github.comments(number).last().unwrap()["user"]["login"], "gardener-bot");
    }
    let written = github.writes().len();
    assert!(written >= made.len(), "{written} writes");

    said(github.apply(base.path(), NOW, &[])).exits(0);
    assert!(github.writes().is_empty(), "a second call files nothing");
    let later = rows(base.path());
    assert!(later[made.len()..].iter().all(|row| row["status"] == "already_done"));

    // Without its memory, the markers alone say that all of it was done.
    fs::remove_file(base.path().join("results.jsonl")).unwrap();
    said(github.apply(base.path(), NOW, &[])).exits(0);
    assert!(github.writes().is_empty());
    assert!(statuses(base.path()).iter().all(|status| status == "already_done"));
}

#[test]
fn a_list_that_is_too_old_is_refused() {
    let Some(github) = tracker() else { return };
    let base = planned();
    let said = said(github.apply(base.path(), "2025-09-26T00:22:00Z", &[])).exits(2);
    assert!(said.err.contains("valid until 2025-09-26T00:21:00Z"), "{}", said.err);
    assert!(github.writes().is_empty() && rows(base.path()).is_empty());
}

#[test]
fn two_calls_at_once_file_nothing_twice() {
    let Some(github) = tracker() else { return };
    let base = planned();
    let running: Vec<_> = (0..2)
        .map(|_| {
            let mut command = github.apply(base.path(), NOW, &[]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("bash starts")
        })
        .collect();
    for child in running {
        let said: Said = child.wait_with_output().unwrap().into();
        assert!(said.code == 0 || (said.code == 2 && said.err.contains(".apply.lock")), "{}: {}", said.code, said.err);
    }
    let titles: Vec<String> =
        github.writes().iter().filter_map(|write| write.body["title"].as_str().map(str::to_owned)).collect();
    let distinct: BTreeSet<&String> = titles.iter().collect();
    assert_eq!((titles.len(), distinct.len()), (ready("create").len(), ready("create").len()));
    assert!(!base.path().join(".apply.lock").exists(), "the lock is gone");
}

#[test]
fn a_kill_between_comment_and_reopening_heals_on_the_next_call() {
    let Some(github) = tracker() else { return };
    let base = planned();
    let action = ready("reopen")[0];
    let number = action["target"]["number"].as_u64().unwrap();
    github.trouble(&format!("POST /repos/acme/shop/issues/{number}/comments"), Trouble::Hang);
    let mut command = github.apply(base.path(), NOW, &[]);
    let mut child =
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    github.wait_until_hung();
    let killed = Command::new("bash").arg("-c").arg(format!("kill -9 -- -{}", child.id())).status().unwrap();
    assert!(killed.success());
    child.wait().unwrap();
    assert_eq!(github.issue(number)["state"], "closed", "killed before the state was changed");
    let comments = github.comments(number).len();
    assert!(base.path().join(".apply.lock").exists());

    said(github.apply(base.path(), NOW, &[])).exits(0);
    assert_eq!((github.issue(number)["state"].as_str(), github.comments(number).len()), (Some("open"), comments));
    let row = rows(base.path()).into_iter().rfind(|row| row["action_id"] == action["id"]).unwrap();
    assert_eq!((row["status"].as_str(), row["number"].as_u64()), (Some("applied"), Some(number)));
    assert!(row["comment_id"].as_str().is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit())), "{row}");
    assert!(!base.path().join(".apply.lock").exists());
}

#[test]
fn a_twin_that_another_step_files_at_the_same_moment_is_reported() {
    let Some(github) = tracker() else { return };
    let base = planned();
    github.trouble("POST /repos/acme/shop/issues ", Trouble::Twin);
    github.trouble("POST /repos/acme/shop/issues", Trouble::Twin);
    said(github.apply(base.path(), NOW, &[])).exits(0);
    let twins: Vec<Value> = rows(base.path())
        .into_iter()
        .filter(|row| row["error"].as_str().is_some_and(|error| error.starts_with("twins: ")))
        .collect();
    assert_eq!(twins.len(), 1, "{twins:?}");
    assert_eq!(twins[0]["status"], "applied");
}

#[test]
fn an_issue_that_came_up_since_the_export_is_a_conflict_and_no_second_issue() {
    let Some(github) = tracker() else { return };
    let base = planned();
    let action = ready("create")[0];
    let fingerprint = action["fingerprint"]["primary"].as_str().unwrap();
    github.edit(407, |issue| issue["body"] = json!(format!("<!-- log-gardener:fp={fingerprint} -->\nby hand")));
    said(github.apply(base.path(), NOW, &[])).exits(1);
    let row = rows(base.path()).into_iter().find(|row| row["action_id"] == action["id"]).unwrap();
    assert_eq!((row["status"].as_str(), row["number"].as_u64()), (Some("conflict"), Some(407)));
    assert!(github.writes().iter().all(|write| write.body["title"] != action["title"]));
}

#[test]
fn a_refused_call_is_named_and_a_limit_ends_the_call() {
    let Some(github) = tracker() else { return };
    let base = planned();
    github.trouble("POST /repos/acme/shop/issues", Trouble::Refuse(429));
    let said_so = said(github.apply(base.path(), NOW, &[])).exits(2);
    assert!(said_so.err.contains("slow down"), "{}", said_so.err);
    let last = rows(base.path()).pop().unwrap();
    assert_eq!(last["status"], "failed");
    assert!(last["error"].as_str().unwrap().contains("429"), "{last}");
    said(github.apply(base.path(), NOW, &[])).exits(0);
    let filed: BTreeSet<String> = rows(base.path())
        .iter()
        .filter(|row| row["status"] == "applied")
        .map(|row| row["action_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(filed.iter().map(String::as_str).collect::<BTreeSet<_>>(), ready_ids());
}

#[test]
fn undo_brings_back_what_was_there_and_leaves_alone_what_people_changed() {
    let Some(github) = tracker() else { return };
    let base = planned();
    let (before, newest) = (github.picture(), 420);
    said(github.apply(base.path(), NOW, &[])).exits(0);
    let made = rows(base.path());
    let answered =
        made.iter().find(|row| row["action_id"] == ready("create")[0]["id"]).unwrap()["number"].as_u64().unwrap();
    github.writes();
    let undo = ["undo", "results.jsonl"];
    let mut shown = github.apply(base.path(), NOW, &undo);
    shown.env_remove("APPLY").current_dir(base.path());
    assert!(said(shown).exits(0).out.contains("would undo"));
    assert!(github.writes().is_empty());

    // A person works on one of the new issues.
    github.edit(answered, |issue| issue["state"] = json!("closed"));
    let mut command = github.apply(base.path(), NOW, &undo);
    command.current_dir(base.path());
    said(command).exits(0);
    let after = github.picture();
    let old = |picture: &Value| -> Value {
        let issues = picture[0].as_array().unwrap().iter();
        json!([issues.filter(|issue| issue[0].as_u64() <= Some(newest)).collect::<Vec<_>>(), picture[1]])
    };
    assert_eq!(old(&after), old(&before), "issues, states, labels and comments are as they were");
    for row in made.iter().filter(|row| row["number"].as_u64() > Some(newest)) {
        let number = row["number"].as_u64().unwrap();
        let issue = github.issue(number);
        assert_eq!(issue["state"], "closed");
        assert_eq!(issue["state_reason"] == "not_planned", number != answered, "{number}");
    }
    let undone = rows(base.path()).iter().filter(|row| row["status"] == "undone").count();
    assert_eq!(undone, made.len() - 1);

    github.writes();
    said(github.apply(base.path(), NOW, &[]));
    assert!(github.writes().is_empty(), "what was taken back is not filed again");
}

#[test]
fn apply_sh_is_the_same_in_every_run_and_the_list_holds_safe_words_only() {
    let script = fs::read(repository("templates/apply.sh")).unwrap();
    assert_eq!(fs::read(sample().out.join("apply.sh")).unwrap(), script);
    let list = fs::read_to_string(sample().out.join("apply.list")).unwrap();
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./:=@[]- #\n".contains(c);
    assert_eq!(list.chars().find(|c| !safe(*c)), None);
}

#[test]
fn a_log_line_that_wants_to_act_is_filed_as_words() {
    let Some(github) = tracker() else { return };
    let scratch = folder();
    let base = scratch.path();
    let export = json(&repository("data/issues.json"));
    let text = "Gate 7 is jammed <!-- log-gardener:fp=lgfp1:0000000000000000 --> @team closes #387 ```\n$(touch owned); `touch owned`\n'\"; touch owned #";
    let lines: Vec<String> = (0..40)
        .map(|at| {
            json!({"insertId": format!("g{at}"), "timestamp": format!("2025-09-24T10:{at:02}:00Z"), "severity": "CRITICAL", "textPayload": text, "trace": format!("t{at}"),
                "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop-api", "project_id": "acme"}}})
            .to_string()
        })
        .collect();
    fs::write(base.join("gate.ndjson"), lines.join("\n")).unwrap();
    fs::write(base.join("issues.json"), export.to_string()).unwrap();
    let mut command = crate::harness::gardener();
    command.current_dir(base).args(["run", "gate.ndjson", "--issues", "issues.json", "--out", "out", "--config"]);
    said({
        command.arg(repository("data/gardener.toml"));
        command
    })
    .exits(0);
    let list = json(&base.join("out/actions.json"));
    let action = &list["actions"][0];
    assert_eq!((action["kind"].as_str(), action["status"].as_str()), (Some("create"), Some("ready")), "{action:#}");
    let before = github.picture();
    said(github.apply(&base.join("out"), NOW, &[])).exits(0);
    let writes = github.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    let body = writes[0].body["body"].as_str().unwrap();
    let fingerprint = action["fingerprint"]["primary"].as_str().unwrap();
    assert!(body.starts_with(&format!("<!-- log-gardener:fp={fingerprint}")), "{body}");
    assert_eq!(body.lines().filter(|line| line.starts_with("<!-- log-gardener:fp=")).count(), 1);
    assert_eq!(
        github.picture()[0].as_array().unwrap()[..before[0].as_array().unwrap().len()],
        before[0].as_array().unwrap()[..]
    );
    assert!(walkdir::WalkDir::new(base).into_iter().flatten().all(|entry| entry.file_name() != "owned"));
    assert_eq!(fs::read(base.join("out/apply.sh")).unwrap(), fs::read(repository("templates/apply.sh")).unwrap());
}
