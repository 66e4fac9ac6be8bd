//! What may be given away: with `--no-examples` no file that a document brings quotes a stored entry; and what people wrote
//! beside a document stays theirs.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Said, folder, gardener, repository, sample, tree};

/// One document of the sample with these flags.
fn document(name: &str, out: &Path, more: &[&str]) -> Said {
    let mut command = gardener();
    command.arg(name).arg("--store").arg(&sample().store).arg("--out").arg(out).arg("--quiet");
    command.arg("--config").arg(repository("data/gardener.toml")).arg("--issues").arg(repository("data/issues.json"));
    match name {
        "weekly" => command.args(["--week", "2025-W38", "--actions"]),
        "postmortem" => command.args(["--since", "2025-09-21T17:38:00Z", "--until", "2025-09-21T17:41:00Z"]),
        _ => &mut command,
    };
    command.args(more).output().expect("the binary starts").into()
}

/// Words of the stored examples that stand in no template: what would give an entry away.
fn telling(report: &Value) -> Vec<String> {
    let mut words = Vec::new();
    for cluster in report["clusters"].as_array().unwrap() {
        let (template, example) = (cluster["template"].as_str().unwrap(), &cluster["example"]);
        let Some(message) = example["message"].as_str() else { continue };
        // One line of the message that the template does not hold as it is.
        let own = message.lines().find(|line| line.len() > 24 && !template.contains(line.trim()));
        words.extend(own.map(str::to_owned));
    }
    words
}

#[test]
fn without_examples_no_file_quotes_an_entry() {
    for name in ["worklog", "weekly", "postmortem"] {
        let scratch = folder();
        let (open, closed) = (scratch.path().join("open"), scratch.path().join("closed"));
        document(name, &open, &[]).exits(0);
        document(name, &closed, &["--no-examples"]).exits(0);
        let report = crate::harness::json(&open.join("report.json"));
        let telling = telling(&report);
        assert!(telling.len() > 8, "{name}: {} entries to look for", telling.len());
        let held = |files: &std::collections::BTreeMap<String, Vec<u8>>, word: &str| -> Vec<String> {
            let plain = serde_json::to_string(word).unwrap();
            let needles = [word.to_owned(), plain[1..plain.len() - 1].to_owned()];
            let hit = |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes);
                needles.iter().any(|needle| text.contains(needle))
            };
            files.iter().filter(|(_, bytes)| hit(bytes)).map(|(file, _)| file.clone()).collect()
        };
        let (with, without) = (tree(&open), tree(&closed));
        assert_eq!(with.keys().collect::<Vec<_>>(), without.keys().collect::<Vec<_>>(), "{name}: the same files");
        assert!(telling.iter().any(|word| held(&with, word).len() > 1), "{name}: with examples they are quoted");
        for word in &telling {
            let files = held(&without, word);
            assert!(files.is_empty(), "{name}: {word:?} in {files:?}");
        }
        for (file, bytes) in &without {
            let text = String::from_utf8_lossy(bytes);
            let raw = ["textPayload\"", "jsonPayload\"", "receiveTimestamp"].into_iter().find(|key| text.contains(key));
            assert_eq!(raw, None, "{name}: {file} holds an entry as stored");
        }
        let report = crate::harness::json(&closed.join("report.json"));
        assert!(report["clusters"].as_array().unwrap().iter().all(|cluster| cluster["example"].is_null()), "{name}");
    }
}

#[test]
fn a_remark_survives_each_document_and_one_changed_by_hand_is_refused() {
    for (name, heading) in [("worklog", "## Deploys"), ("weekly", "## Deploys"), ("postmortem", "## Timeline")] {
        let scratch = folder();
        let out = scratch.path().join(name);
        document(name, &out, &[]).exits(0);
        let notes = fs::read_to_string(out.join("notes.md")).unwrap();
        let remark = "Ann rolled it back by hand.";
        assert!(notes.contains(&format!("{heading}\n")), "{name}:\n{notes}");
        fs::write(out.join("notes.md"), notes.replacen(heading, &format!("{heading}\n{remark}"), 1)).unwrap();
        document(name, &out, &[]).exits(0);
        for file in [format!("{name}.md"), format!("{name}.html")] {
            assert!(fs::read_to_string(out.join(&file)).unwrap().contains(remark), "{file}");
        }
        assert!(fs::read_to_string(out.join("notes.md")).unwrap().contains(remark), "{name}: and is kept");
        for file in [format!("{name}.md"), format!("{name}.html"), "report.json".to_owned()] {
            let written = fs::read(out.join(&file)).unwrap();
            fs::write(out.join(&file), "mine").unwrap();
            let said = document(name, &out, &[]).exits(2);
            assert!(said.err.contains(&file) && said.err.contains("--force"), "{}", said.err);
            assert_eq!(fs::read_to_string(out.join(&file)).unwrap(), "mine", "{name}: nothing was overwritten");
            document(name, &out, &["--force"]).exits(0);
            assert_eq!(fs::read(out.join(&file)).unwrap(), written, "{name}: {file}");
        }
    }
}

#[test]
fn a_document_is_what_its_report_renders_to() {
    use log_gardener::render::{RenderOptions, Renderer};
    for name in ["worklog", "weekly", "postmortem"] {
        let scratch = folder();
        document(name, scratch.path(), &[]).exits(0);
        let text = fs::read(scratch.path().join("report.json")).unwrap();
        let report: log_gardener::report::v1::Report = serde_json::from_slice(&text).unwrap();
        let notes = fs::read_to_string(scratch.path().join("notes.md")).unwrap();
        let options = RenderOptions { notes: Some(&notes), ..RenderOptions::default() };
        for (file, rendered) in Renderer::new(None).unwrap().documents(&report, &options).unwrap() {
            let written = fs::read_to_string(scratch.path().join(&file)).unwrap();
            assert!(rendered == written, "{file}: a document needs nothing but report.json and notes.md");
        }
    }
}

#[test]
fn a_template_of_ones_own_is_used_and_a_broken_one_is_named_with_its_line() {
    let scratch = folder();
    let mine = scratch.path().join("mine");
    fs::create_dir(&mine).unwrap();
    let broken = [
        ("worklog", "# {{ report.run.run_id }}\n\n{{ report.run.nothing }}\n", "line 3"),
        ("weekly", "# {{ w.week }}\n{% for x in w.fixes %}\n", "line 2"),
        ("postmortem", "{{ p.summary[0].text }}\n{{ p.baseline|nothing }}\n", "line 2"),
    ];
    for (name, text, line) in broken {
        let file = mine.join(format!("{name}.md.j2"));
        fs::write(&file, text).unwrap();
        let out = scratch.path().join(name);
        let said = document(name, &out, &["--templates", mine.to_str().unwrap()]).exits(2);
        assert!(said.err.contains(file.to_str().unwrap()) && said.err.contains(line), "{name}: {}", said.err);
        assert!(!out.exists(), "{name}: nothing was written");
        fs::write(&file, "mine: {{ report.run.run_id }}\n").unwrap();
        document(name, &out, &["--templates", mine.to_str().unwrap()]).exits(0);
        let written = fs::read_to_string(out.join(format!("{name}.md"))).unwrap();
        assert!(written.starts_with("mine: run"), "{name}: {written}");
        assert!(out.join(format!("{name}.html")).exists(), "{name}: the others stay ours");
    }
    fs::write(mine.join("worklogs.md.j2"), "").unwrap();
    let said = document("worklog", &scratch.path().join("x"), &["--templates", mine.to_str().unwrap()]).exits(2);
    assert!(said.err.contains("worklogs.md.j2") && said.err.contains("worklog.md.j2"), "{}", said.err);
}
