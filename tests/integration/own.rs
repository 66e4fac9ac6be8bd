//! What gardener wrote itself: it is not read as a log, and one verb does not remove what another one wrote.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{folder, gardener, json, repository, run, sample, tree};

#[test]
fn what_gardener_wrote_beside_dumps_is_named_and_not_read() {
    let base = folder();
    let dumps = base.path().join("dumps");
    let store = |name: &str| base.path().join(name).display().to_string();
    fs::create_dir(&dumps).unwrap();
    // Rows that merely have such a field are somebody's log.
    let row = |n: u8| {
        format!(
            "{{\"schema\":\"acme/log\",\"schema_version\":\"1.0\",\"timestamp\":\"2025-09-18T10:0{n}:00Z\",\"severity\":\"ERROR\",\"message\":\"pump {n} stopped\"}}\n"
        )
    };
    fs::write(dumps.join("a.json"), (0..5).map(row).collect::<String>()).unwrap();
    let input = dumps.display().to_string();
    let alone = run(["ingest", &input, "--store", &store("alone"), "--json"]).exits(0).json();
    assert_eq!(alone["total"]["entries"], 5, "{alone}");

    for (name, bytes) in tree(&sample().out) {
        let path = dumps.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let said = run(["ingest", &input, "--store", &store("beside"), "--json", "--strict"]).exits(0).json();
    for key in ["entries", "unique", "malformed", "bytes"] {
        assert_eq!(said["total"][key], alone["total"][key], "{key}");
    }
    let skipped: Vec<(&str, &str)> = said["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|file| Some((file["path"].as_str()?, file["skipped"].as_str()?)))
        .collect();
    assert!(skipped.iter().all(|(_, why)| why.ends_with("gardener wrote it")), "{skipped:?}");
    for name in ["worklog.md", "worklog.html", "report.json", "actions.json", "review.md", "notes.md", "apply.sh"] {
        assert!(skipped.iter().any(|(path, _)| *path == name), "{name} is named");
    }
    // The marks alone tell it, where the folder lost its memory; and a store among the dumps is not walked into.
    fs::remove_file(dumps.join(".written.json")).unwrap();
    let inside = dumps.join("garden").display().to_string();
    run(["ingest", &input, "--store", &inside]).exits(0);
    let said = run(["run", &input, "--store", &inside, "--out", &store("out")]).exits(0);
    assert!(said.err.contains("(a store) is no log"), "{}", said.err);
    assert_eq!(json(&base.path().join("out/report.json"))["totals"]["unique"], 5);
    // Alone they are no input, and no store is made for them.
    let none = base.path().join("none");
    let said =
        run(["run", &dumps.join("worklog.md").display().to_string(), "--store", &none.display().to_string()]).exits(3);
    assert!(said.err.contains("gardener wrote it") && !none.exists(), "{}", said.err);
}

#[test]
fn inputs_that_do_not_exist_leave_no_store_behind() {
    let base = folder();
    for (verb, argument) in [("run", "nope.json"), ("run", "x*.json"), ("ingest", "nope.json")] {
        let mut command = gardener();
        let said: crate::harness::Said =
            command.args([verb, argument]).current_dir(base.path()).output().unwrap().into();
        let said = said.exits(3);
        assert!(said.err.contains("no input could be read"), "{}", said.err);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0, "{verb} {argument}");
    }
}

#[test]
fn a_document_takes_the_place_of_another_only_when_asked() {
    let base = folder();
    let (store, out) = (sample().store.display().to_string(), base.path().join("out").display().to_string());
    let issues = repository("data/issues.json").display().to_string();
    run(["worklog", "--store", &store, "--last", "1d", "--issues", &issues, "--out", &out]).exits(0);
    let before = tree(base.path());
    let said = run(["weekly", "--store", &store, "--out", &out]).exits(2);
    assert!(
        said.err.contains("worklog.md") && said.err.contains("its plan") && said.err.contains("--force"),
        "{}",
        said.err
    );
    assert!(tree(base.path()) == before, "nothing was touched");
    run(["weekly", "--store", &store, "--out", &out, "--force"]).exits(0);
    let after = tree(base.path());
    assert!(after.contains_key("out/weekly.md") && !after.contains_key("out/worklog.md"));
}

/// Whether standard output or standard error is closed before anything is written into it.
#[derive(Clone, Copy)]
enum Closed {
    Out,
    Err,
}

#[test]
fn a_closed_pipe_ends_no_verb_as_a_bug_and_keeps_its_work() {
    let base = folder();
    let at = |name: &str| base.path().join(name).display().to_string();
    let (store, dumps) = (sample().store.display().to_string(), repository("data/dumps/gcloud").display().to_string());
    let issues = repository("data/issues.json").display().to_string();
    let config = repository("data/gardener.toml").display().to_string();
    let id =
        sample().report["clusters"].as_array().and_then(|all| Some(all.first()?["id"].as_str()?.to_owned())).unwrap();
    let verbs: Vec<Vec<&str>> = vec![
        vec!["ingest", &dumps, "--json"],
        vec!["ingest", &dumps],
        vec!["run", &dumps],
        vec!["worklog", "--store", &store],
        vec!["worklog", "--store", &store, "--json"],
        vec!["weekly", "--store", &store],
        vec!["postmortem", "--store", &store, "--since", "2025-09-21T17:38:00Z", "--until", "2025-09-21T17:41:00Z"],
        vec!["explain", &id, "--store", &store],
        vec!["show", &id, "--store", &store],
        vec!["templates", "--store", &store],
        vec!["templates", "--store", &store, "--format", "json"],
        vec!["query", "hours", "--store", &store, "--format", "csv"],
        vec!["query", "--tables"],
        vec!["match", "--issues", &issues, "Inventory lock not acquired within 5 s"],
        vec!["store", "files", "--store", &store],
        vec!["store", "stats", "--store", &store],
        vec!["config", "check", "--config", &config, "--store", &store],
        vec!["schema", "report"],
        vec!["completions", "bash"],
        vec!["man"],
    ];
    for (n, verb) in verbs.iter().enumerate() {
        for closed in [Closed::Out, Closed::Err] {
            let mut command = gardener();
            command.args(verb).current_dir(base.path());
            let own = format!("{n}-{}", closed as u8);
            match verb[0] {
                "ingest" => drop(command.args(["--store", &at(&own)])),
                "run" => drop(command.args(["--store", &at(&own), "--out", &at(&format!("out-{own}"))])),
                "worklog" | "weekly" | "postmortem" => drop(command.args(["--out", &at(&format!("out-{own}"))])),
                _ => {}
            }
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
            match closed {
                Closed::Out => drop(child.stdout.take()),
                Closed::Err => drop(child.stderr.take()),
            }
            let done = child.wait_with_output().expect("it ends");
            let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            assert_eq!(done.status.code(), Some(0), "{verb:?}\n{out}\n{err}");
            assert!(!err.contains("error") && !err.contains("panicked"), "{verb:?}: {err}");
            let written = base.path().join(format!("out-{own}/report.json"));
            assert!(
                !["run", "worklog", "weekly", "postmortem"].contains(&verb[0]) || written.exists(),
                "{verb:?} is done"
            );
            assert!(verb[0] != "ingest" || base.path().join(&own).join("manifest.json").exists(), "{verb:?} is done");
        }
    }
}

#[test]
fn a_list_of_something_else_is_no_issue_export() {
    let base = folder();
    let dump = base.path().join("dump.json");
    fs::write(&dump, r#"[{"severity":"ERROR","textPayload":"x"},{"severity":"INFO","textPayload":"y"}]"#).unwrap();
    let (store, out) = (sample().store.display().to_string(), base.path().join("out").display().to_string());
    let said = run(["worklog", "--store", &store, "--issues", &dump.display().to_string(), "--out", &out]).exits(3);
    assert!(
        said.err.contains("2 rows, none with an issue number") && !base.path().join("out").exists(),
        "{}",
        said.err
    );
}

#[test]
fn an_id_that_names_nothing_is_refused_and_a_mute_of_the_past_is_told() {
    let store = sample().store.display().to_string();
    for verb in ["explain", "show"] {
        run([verb, "", "--store", &store]).exits(2);
    }
    let base = folder();
    let kept = base.path().join("garden").display().to_string();
    let report = sample().out.display().to_string();
    let cluster = sample().actions["actions"][0]["cluster"]["id"].as_str().unwrap().to_owned();
    let mute = |until: &str| {
        run([
            "decide", &cluster, "--mute", "--reason", "r", "--owner", "o", "--until", until, "--report", &report,
            "--store", &kept,
        ])
    };
    for past in ["2020-01-01", "2025-09-24"] {
        let said = mute(past).exits(0);
        assert!(said.out.contains("that is over") && !said.out.contains("follows it"), "{}", said.out);
    }
    assert!(mute("2025-10-15").exits(0).out.contains("the next run follows it"));
    assert!(fs::read_to_string(base.path().join("decisions.toml")).unwrap().contains("2025-10-15"));
}

#[cfg(unix)]
#[test]
fn a_plan_with_nothing_to_file_says_so_and_its_results_can_be_taken_back() {
    let base = folder();
    let store = base.path().join("garden");
    crate::filing::copy(&sample().store, &store);
    let (store, out) = (store.display().to_string(), base.path().join("out"));
    let folder = out.display().to_string();
    run(["worklog", "--store", &store, "--last", "1h", "--out", &folder]).exits(0);
    let plan: Value = json(&out.join("actions.json"));
    assert!(
        plan["actions"]
            .as_array()
            .unwrap()
            .iter()
            .all(|action| action["status"] != "ready" || action["kind"] == "none")
    );
    for apply in ["0", "1"] {
        let said = std::process::Command::new("bash").arg(out.join("apply.sh")).env("APPLY", apply).output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && text.contains("nothing to file"), "{text}");
    }
    let said = run(["results", &out.join("results.jsonl").display().to_string(), "--store", &store]).exits(0);
    assert!(said.out.contains("no rows"), "{}", said.out);
}
