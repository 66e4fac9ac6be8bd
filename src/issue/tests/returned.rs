//! Results and the state that they make.

use super::super::results::{ResultStatus, merge_links, read_results};
use super::super::v1::{ActionList, Coverage, Run, Window};
use super::super::v1_build::build;
use super::super::{Finding, Link, StateReason};
use super::{FP, World, closed, filed, finding, ns};
use crate::store::IssueLink;
use std::collections::BTreeMap;

fn list(world: &World, found: &Finding, up_to: &str) -> ActionList {
    let window = Window { start: up_to.to_owned(), end: up_to.to_owned(), timezone: String::new() };
    let run = Run {
        run_id: format!("run_{}", &up_to[..10]),
        data_up_to: up_to.to_owned(),
        tool: String::new(),
        tool_version: String::new(),
        config_digest: String::new(),
        fingerprint_scheme: String::new(),
        window,
        coverage: Coverage { fraction: 1.0, complete: true, reasons: Vec::new() },
    };
    build(
        run,
        Vec::new(),
        &world.states(),
        &world.policy,
        &world.plan(std::slice::from_ref(found)),
        &BTreeMap::new(),
        None,
    )
}

fn row(list: &ActionList, status: &str, number: u64, comment: Option<&str>) -> String {
    serde_json::json!({"schema": "log-gardener/results", "schema_version": "1.0", "run_id": list.run.run_id,
        "action_id": list.actions[0].id, "status": status, "number": number, "comment_id": comment,
        "at": "2030-03-20T13:00:00Z"})
    .to_string()
        + "\n"
}

fn merged(links: Vec<IssueLink>, list: &ActionList, text: &str) -> Vec<IssueLink> {
    merge_links(links, list, &read_results("results.jsonl", text.as_bytes(), list).unwrap())
}

#[test]
fn what_was_filed_counts_and_a_later_dry_run_or_failure_does_not_unsay_it() {
    let list = list(&World::with(vec![]), &finding(), "2030-03-20T12:00:00Z");
    let text = row(&list, "dry_run", 0, None) + &row(&list, "applied", 31, None) + &row(&list, "failed", 0, None);
    let results = read_results("results.jsonl", text.as_bytes(), &list).unwrap();
    assert_eq!((results.read, results.rows[&list.actions[0].id].status), (3, ResultStatus::Applied));
    let links = merge_links(Vec::new(), &list, &results);
    assert_eq!((links.len(), links[0].number, links[0].fingerprint.as_str()), (1, 31, FP));
    assert_eq!(links[0].signatures, ["00000000000000b1"]);
    assert_eq!(merge_links(links.clone(), &list, &results), links, "twice is once");
    assert!(merged(Vec::new(), &list, &row(&list, "conflict", 31, None)).is_empty());
}

#[test]
fn state_alone_prevents_a_second_issue_and_a_second_reopening() {
    let mut world = World::with(vec![]);
    let first = list(&world, &finding(), "2030-03-20T12:00:00Z");
    let links = merged(Vec::new(), &first, &row(&first, "applied", 31, None));
    world.links = links.iter().map(Link::from).collect();
    let again = world.one(&finding());
    assert_eq!((again.kind.as_str(), again.target.unwrap().number), ("none", 31));

    let mut world =
        World::with(vec![closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed))]);
    let first = list(&world, &finding(), "2030-03-20T12:00:00Z");
    assert_eq!(first.actions[0].kind.as_str(), "reopen");
    let links = merged(Vec::new(), &first, &row(&first, "applied", 7, Some("991")));
    assert_eq!(links[0].reopened_at, ["2030-03-20T12:00:00Z"]);
    assert_eq!((links[0].closed_at.join(","), links[0].last_priority.as_str()), ("2030-03-12T00:00:00Z".into(), ""));
    world.links = links.iter().map(Link::from).collect();
    assert_eq!(world.one(&finding()).kind.as_str(), "none", "the export is older than our reopening");
    world.links[0].reopened_ns = vec![ns("2030-03-11T00:00:00Z")];
    assert_eq!(world.one(&finding()).kind.as_str(), "reopen", "it was closed again since");
}

#[test]
fn older_results_never_overwrite_newer_ones_and_an_undone_comment_is_not_edited() {
    let world =
        World::with(vec![closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed))]);
    let early = list(&world, &finding(), "2030-03-19T12:00:00Z");
    let late = list(&world, &finding(), "2030-03-20T12:00:00Z");
    let (one, two) = (row(&early, "applied", 7, Some("990")), row(&late, "applied", 7, Some("991")));
    let forward = merged(merged(Vec::new(), &early, &one), &late, &two);
    let backward = merged(merged(Vec::new(), &late, &two), &early, &one);
    assert_eq!(forward, backward);
    assert_eq!((forward[0].last_comment_id.as_str(), forward[0].reopened_at.len()), ("991", 2));
    let undone = merged(forward, &late, &(two + &row(&late, "undone", 7, Some("991"))));
    assert_eq!((undone[0].last_comment_id.as_str(), undone[0].undone), ("", false));

    let world = World::with(vec![]);
    let create = list(&world, &finding(), "2030-03-20T12:00:00Z");
    let both = row(&create, "applied", 31, None) + &row(&create, "undone", 31, None);
    assert!(merged(Vec::new(), &create, &both)[0].undone);
}
