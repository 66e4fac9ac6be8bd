//! The frozen form: what we write is what its schema says, strictly.

use super::super::v1::{self, ActionList, Coverage, Run, Source, Window};
use super::super::v1_build::{BodyInfo, build};
use super::super::{Finding, PlannedAction, Priority, Role, StateReason, Status};
use super::{World, closed, filed, finding, ledger};
use std::collections::BTreeMap;

fn list(world: &World, findings: &[Finding]) -> ActionList {
    let actions = world.plan(findings);
    let body = |action: &PlannedAction| BodyInfo { file: action.body_file(), sha256: "a".repeat(64), chars: 120 };
    let bodies: BTreeMap<String, BodyInfo> = actions
        .iter()
        .filter(|action| action.kind.has_body())
        .map(|action| (action.id.clone(), body(action)))
        .collect();
    let run = Run {
        run_id: "0011223344556677".to_owned(),
        data_up_to: super::AS_OF.to_owned(),
        tool: "log-gardener".to_owned(),
        tool_version: "0.1.0".to_owned(),
        config_digest: "d".to_owned(),
        fingerprint_scheme: "lgfp1".to_owned(),
        window: Window {
            start: "2030-03-19T00:00:00Z".to_owned(),
            end: super::AS_OF.to_owned(),
            timezone: "UTC".to_owned(),
        },
        coverage: Coverage { fraction: 0.5, complete: false, reasons: vec!["half".to_owned()] },
    };
    let source = vec![Source { path: "a.json".to_owned(), content_id: "c".to_owned(), entries: 3 }];
    build(run, source, &world.states(), &world.policy, &actions, &bodies, None)
}

/// Plans that together hold every kind of target, title, label and relation.
fn plans() -> Vec<ActionList> {
    let done = closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed));
    let gone = Finding { status: Status::Quiet, absent_covered_days: 9, ..finding() };
    let family = |id: &str, role| Finding {
        id: id.to_owned(),
        fingerprint: format!("lgfp1:{:0>16}", id.to_lowercase().replace('c', "d")),
        family: Some("F1".to_owned()),
        role,
        priority: Priority::new(1),
        ..finding()
    };
    let mut bare = World::with(vec![]);
    bare.exports = Some(vec![]);
    bare.policy.repo.clear();
    vec![
        list(&World::with(vec![]), &[finding()]),
        list(&World::with(vec![ledger()]), &[finding()]),
        list(&World::with(vec![done]), &[finding()]),
        list(&World::with(vec![filed("2030-03-01T00:00:00Z")]), &[gone]),
        list(&World::with(vec![]), &[family("C1", Role::Root), family("C2", Role::Symptom)]),
        list(&bare, &[finding(), Finding { payload_less: true, id: "C3".to_owned(), ..finding() }]),
        list(&bare, &[]),
    ]
}

fn assert_valid(schema: &serde_json::Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    for plan in plans() {
        let value = serde_json::to_value(&plan).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let back: ActionList = serde_json::from_value(value).unwrap();
        assert_eq!(back, plan);
    }
}

#[test]
fn every_plan_is_valid_under_the_strict_schema() {
    assert_valid(&v1::strict_schema());
}

#[test]
fn every_plan_is_valid_under_the_schema_that_readers_were_given() {
    // The schema that v1 was frozen from; its place is given by whoever has it.
    let Some(path) = std::env::var_os("GARDENER_ACTIONS_SCHEMA") else {
        return;
    };
    let mut schema: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    schema.as_object_mut().unwrap().remove("$id");
    assert_valid(&schema);
}

#[test]
fn readers_accept_fields_they_do_not_know_and_tests_do_not() {
    let mut value = serde_json::to_value(&plans()[0]).unwrap();
    value["actions"][0]["later"] = 1.into();
    assert!(jsonschema::is_valid(&v1::schema(), &value));
    assert!(!jsonschema::is_valid(&v1::strict_schema(), &value));
    value["actions"][0]["id"] = "act_x".into();
    assert!(!jsonschema::is_valid(&v1::schema(), &value));
}

#[test]
fn no_fact_of_the_plan_is_lost_in_the_file() {
    let plan = &plans()[0];
    let action = &plan.actions[0];
    assert_eq!(plan.valid_until.as_deref(), Some("2030-03-21T12:30:00Z"));
    assert_eq!(action.done_when.marker.as_deref(), Some(format!("<!-- log-gardener:act={} -->", action.id).as_str()));
    assert_eq!((action.evidence.count, action.evidence.distinct_events), (40, 12));
    assert_eq!(
        plan.labels_required.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(),
        ["P2", "log-gardener"]
    );
}
