//! What is written validates against the schemas that the binary prints.

use serde_json::{Value, json};

use crate::harness::{repository, run, sample};

fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a valid schema");
    validator.iter_errors(value).take(20).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn schema(name: &str) -> Value {
    run(["schema", name]).exits(0).json()
}

#[track_caller]
pub(crate) fn assert_valid(name: &str, value: &Value) {
    let errors = errors(&schema(name), value);
    assert!(errors.is_empty(), "{} errors against `schema {name}`:\n{}", errors.len(), errors.join("\n"));
}

#[test]
fn the_action_list_is_valid() {
    assert_valid("actions", &sample().actions);
    let mut broken = sample().actions.clone();
    broken["actions"][0]["kind"] = json!("delete");
    assert!(!errors(&schema("actions"), &broken).is_empty(), "the schema refuses an unknown kind");
}

#[test]
fn the_report_is_valid() {
    assert_valid("report", &sample().report);
    let mut broken = sample().report.clone();
    broken["clusters"][0]["entries"] = json!("many");
    assert!(!errors(&schema("report"), &broken).is_empty(), "the schema refuses a count that is a word");
}

#[test]
fn the_sample_configuration_is_valid() {
    let text = std::fs::read_to_string(repository("data/gardener.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    assert_valid("config", &as_json(&toml::Value::Table(table)));
}

/// TOML as JSON; dates become text, as in the configuration's schema.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => json!(date.to_string()),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.clone(), as_json(value))).collect())
        }
        plain => serde_json::to_value(plain).unwrap(),
    }
}

#[test]
fn a_reader_of_version_one_may_meet_unknown_fields() {
    let mut later = sample().actions.clone();
    later["added_in_1_1"] = json!(true);
    later["actions"][0]["added_in_1_1"] = json!([1]);
    assert_valid("actions", &later);
}

#[test]
fn every_body_is_there_with_the_hash_that_the_list_names() {
    use sha2::{Digest, Sha256};
    let mut bodies = 0;
    for action in sample().actions["actions"].as_array().unwrap() {
        let Some(name) = action["body_file"].as_str() else { continue };
        let bytes = std::fs::read(sample().out.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let hash = format!("{:x}", Sha256::digest(&bytes));
        assert_eq!(action["body_sha256"], json!(hash), "{name}");
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(action["body_chars"], json!(text.chars().count()), "{name}");
        assert!(text.starts_with("<!-- log-gardener:fp=lgfp1:"), "{name} begins with its marker");
        bodies += 1;
    }
    assert!(bodies >= 5, "{bodies} bodies");
}

/// All schemas that the program prints.
const NAMES: &[&str] = &[
    "actions",
    "compare",
    "report",
    "config",
    "results",
    "ingest",
    "receipt",
    "written",
    "explain",
    "show",
    "templates",
    "mine",
    "match",
    "decide",
    "returned",
    "config-check",
    "store",
    "queries",
];

/// The beginning of a cluster's id, as somebody would type it.
fn some_cluster() -> String {
    sample().report["clusters"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_verb_answers_with_json_is_valid() {
    let store = sample().store.display().to_string();
    let cluster = some_cluster();
    let scratch = crate::harness::folder();
    let config = scratch.path().join("gardener.toml");
    std::fs::write(&config, "time-zone = \"UTC\"\n").unwrap();
    let (config, out) = (config.display().to_string(), sample().out.display().to_string());
    let data = repository("data/gardener.toml").display().to_string();
    let issues = repository("data/issues.json").display().to_string();
    let folders = ["worklog", "weekly", "postmortem"].map(|name| scratch.path().join(name).display().to_string());
    let [worklog, weekly, postmortem] = folders.each_ref().map(String::as_str);
    let window = ["--since", "2025-09-21T17:38:00Z", "--until", "2025-09-21T17:41:00Z"];
    let incident = [&["postmortem", "--store", &store, "--out", postmortem], &window[..]].concat();
    let dumps = repository("data/dumps/client").display().to_string();
    let (fresh, ran) = (scratch.path().join("garden").display().to_string(), scratch.path().join("run"));
    let ran = ran.display().to_string();
    let cases: &[(&str, Vec<&str>)] = &[
        ("written", vec!["run", &dumps, "--store", &fresh, "--out", &ran]),
        ("written", vec!["worklog", "--store", &store, "--out", worklog, "--issues", &issues]),
        ("written", vec!["weekly", "--store", &store, "--out", weekly, "--issues", &issues]),
        ("written", incident),
        ("explain", vec!["explain", &cluster, "--store", &store]),
        ("show", vec!["show", &cluster, "--store", &store, "--around", "5s"]),
        ("templates", vec!["templates", "--store", &store]),
        ("match", vec!["match", "--issues", &issues, "Payment capture answers 503"]),
        ("config-check", vec!["config", "check", "--config", &data, "--store", &store]),
        ("decide", vec!["decide", &cluster, "--new", "--report", &out, "--config", &config, "--store", &store]),
        ("store", vec!["store", "stats", "--store", &store]),
        ("store", vec!["store", "files", "--store", &store]),
        ("store", vec!["store", "digest", "--store", &store]),
        ("store", vec!["store", "verify", "--store", &store]),
        ("store", vec!["store", "tidy", "--dry-run", "--store", &store]),
        ("store", vec!["store", "prune", "--before", "2025-09-05", "--dry-run", "--store", &store]),
        ("queries", vec!["query"]),
    ];
    for (name, words) in cases {
        let said = run(words.iter().copied().chain(["--json"])).exits(0).json();
        assert_valid(name, &said);
    }
}

#[test]
fn an_invalid_configuration_is_told_to_programs_too() {
    let scratch = crate::harness::folder();
    let config = scratch.path().join("gardener.toml");
    std::fs::write(&config, "time-zome = \"UTC\"\n").unwrap();
    let said = run(["config", "check", "--json", "--config", &config.display().to_string()]).exits(2).json();
    assert_valid("config-check", &said);
    assert_eq!((said["valid"].as_bool(), said["unknown"][0]["meant"].as_str()), (Some(false), Some("time-zone")));
}

#[test]
fn the_published_schemas_are_what_the_program_prints() {
    for name in NAMES.iter().copied() {
        let printed = run(["schema", name]).exits(0).out;
        let published = std::fs::read_to_string(repository(&format!("docs/schema/{name}.json"))).unwrap();
        assert_eq!(printed, published, "write it again: gardener schema {name} > docs/schema/{name}.json");
    }
}
