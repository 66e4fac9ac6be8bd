//! `config check`: what each rule of the sample's configuration matches, and what is said of a wrong one.

use std::fs;

use serde_json::Value;

use crate::harness::{folder, repository, run, sample};

fn check(config: &str, more: &[&str]) -> crate::harness::Said {
    run(["config", "check", "--config", config].iter().chain(more))
}

#[test]
fn each_rule_of_the_sample_says_what_it_matches() {
    let (config, store) = (repository("data/gardener.toml"), sample().store.to_str().unwrap());
    let said = check(config.to_str().unwrap(), &["--store", store, "--json"]).exits(0).json();
    let rules = said["rules"].as_array().unwrap();
    let of = |table: &str| -> Vec<&Value> { rules.iter().filter(|rule| rule["table"] == table).collect() };
    assert_eq!([of("service").len(), of("impact").len(), of("rule").len(), of("mute").len()], [3, 2, 1, 1]);
    assert!(rules.iter().all(|rule| rule["idle"] == false), "every rule of the sample matches: {said:#}");
    // The report marks the same clusters.
    let clusters = sample().report["clusters"].as_array().unwrap();
    let marked = |is: &dyn Fn(&&Value) -> bool| -> Vec<&str> {
        let mut ids: Vec<&str> = clusters.iter().filter(is).map(|cluster| cluster["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids
    };
    let matched = |rules: &[&'static str]| -> Vec<String> {
        let hits = rules.iter().flat_map(|table| of(table)).flat_map(|rule| rule["matched"].as_array().unwrap());
        let mut ids: Vec<String> = hits.map(|id| id.as_str().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(matched(&["mute"]), marked(&|cluster| !cluster["muted"].is_null()));
    assert_eq!(matched(&["impact"]), marked(&|cluster| !cluster["impact"].is_null()));
    let fixed =
        |cluster: &&Value| cluster["priority_terms"].as_array().unwrap().iter().any(|term| term["term"] == "rule");
    assert_eq!(matched(&["rule"]), marked(&fixed));
    let text = check(config.to_str().unwrap(), &["--store", store]).exits(0).out;
    assert!(text.contains("[[mute]]") && text.contains("0 match nothing") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn rules_that_match_nothing_and_expired_mutes_are_named() {
    let scratch = folder();
    let config = scratch.path().join("gardener.toml");
    fs::write(
        &config,
        "[[service]]\nmatch = \"no-such-*\"\n[[mute]]\ntemplate = \"*\"\nreason = \"r\"\nowner = \"ann\"\nuntil = 2025-09-10\n\
         [[rule]]\nname = \"idle\"\nstatus = 999\npriority = \"P9\"\n",
    )
    .unwrap();
    let store = sample().store.to_str().unwrap();
    let text = check(config.to_str().unwrap(), &["--store", store, "--limit", "2"]).exits(0).out;
    assert!(text.contains("nothing: [[service]] 1, [[rule]] 1"), "{text}");
    assert!(text.contains("expired on 2025-09-10") && text.contains("more (--limit)"), "{text}");
}

#[test]
fn an_invalid_configuration_exits_2_with_every_unknown_key_and_its_line() {
    let scratch = folder();
    let config = scratch.path().join("gardener.toml");
    let path = config.to_str().unwrap();
    fs::write(&config, "time-zome = \"UTC\"\n\n[[rule]]\nname = \"x\"\nseverity = 3\n").unwrap();
    let said = check(path, &[]).exits(2);
    assert!(said.err.contains("line 1: unknown key time-zome; time-zone is known"), "{}", said.err);
    assert!(said.err.contains("line 5: unknown key rule.severity"), "{}", said.err);
    let told = check(path, &["--json"]).exits(2).json();
    assert_eq!((told["valid"].as_bool(), told["unknown"][1]["line"].as_u64()), (Some(false), Some(5)));
    for (wrong, word) in [("quiet-days = \"x\"", "line 1"), ("[[mute]]\ntemplate = \"x\"", "mute[0]")] {
        fs::write(&config, wrong).unwrap();
        let said = check(path, &[]).exits(2);
        assert!(said.err.contains(word), "{}", said.err);
    }
    fs::write(&config, "time-zone = \"UTC\"\n").unwrap();
    let none = scratch.path().join("none");
    check(path, &["--store", none.to_str().unwrap()]).exits(4);
    assert!(check(path, &[]).exits(0).out.contains("is valid"));
    check("no-such.toml", &[]).exits(2);
}
