//! The decision table for issues that are closed.

use super::super::{ActionKind, ActionStatus, Category, Decision, Finding, StateReason, Verdict};
use super::table::outcome;
use super::{FP, World, closed, filed, finding, ns};

#[test]
fn reopens_a_closed_issue_when_the_fingerprint_returns_in_a_newer_revision() {
    let done = closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed));
    let world = World::with(vec![done]);
    let returned = Finding { revisions: vec![("r-42".to_owned(), ns("2030-03-13T00:00:00Z"))], ..finding() };
    let action = world.one(&returned);
    assert_eq!(outcome(&action), (ActionKind::Reopen, ActionStatus::Ready, Some(7)));
    assert_eq!(action.category, Category::Regression);
    assert_eq!(action.done_when.state, Some("open"));

    let same_revision = Finding { revisions: vec![("r-41".to_owned(), ns("2030-03-11T00:00:00Z"))], ..finding() };
    assert_eq!(world.one(&same_revision).kind, ActionKind::None);
}

#[test]
fn without_revisions_a_reopen_waits_for_the_grace_period() {
    let done = |at: &str| World::with(vec![closed(filed("2030-03-01T00:00:00Z"), at, Some(StateReason::Completed))]);
    assert_eq!(done("2030-03-20T06:00:00Z").one(&finding()).kind, ActionKind::None);
    assert_eq!(done("2030-03-18T06:00:00Z").one(&finding()).kind, ActionKind::Reopen);
}

#[test]
fn an_unknown_reason_of_closing_makes_the_reopen_wait() {
    for reason in [None, Some(StateReason::Other("archived".to_owned()))] {
        let action =
            World::with(vec![closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", reason)]).one(&finding());
        assert_eq!(outcome(&action), (ActionKind::Reopen, ActionStatus::NeedsReview, Some(7)));
    }
    let mut undated = closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed));
    undated.closed_ns = None;
    assert_eq!(World::with(vec![undated]).one(&finding()).status, ActionStatus::NeedsReview);
}

#[test]
fn an_issue_closed_long_ago_gets_a_successor() {
    let old = closed(filed("2030-01-01T00:00:00Z"), "2030-02-01T00:00:00Z", Some(StateReason::Completed));
    let action = World::with(vec![old]).one(&finding());
    assert_eq!(outcome(&action), (ActionKind::Create, ActionStatus::Ready, None));
    assert_eq!(action.related[0].number, Some(7));
    assert_eq!(action.related[0].relation.as_str(), "regression_of");
    assert!(action.title.unwrap().starts_with("GCP-regression | P2 |"));
}

#[test]
fn old_logs_reopen_nothing() {
    let done = closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed));
    let before = Finding { last_ns: ns("2030-03-11T00:00:00Z"), ..finding() };
    let action = World::with(vec![done]).one(&before);
    assert_eq!(outcome(&action), (ActionKind::None, ActionStatus::Ready, Some(7)));
    assert!(action.reason.contains("old logs"));
}

#[test]
fn what_people_do_not_want_is_suppressed() {
    for reason in [StateReason::NotPlanned, StateReason::Duplicate] {
        let unwanted = closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(reason));
        let action = World::with(vec![unwanted]).one(&finding());
        assert_eq!(outcome(&action), (ActionKind::None, ActionStatus::Suppressed, Some(7)));
    }
    let ruled = Finding { suppressed_by: Some("rule client-404".to_owned()), ..finding() };
    assert_eq!(World::with(vec![]).one(&ruled).status, ActionStatus::Suppressed);
    let mut world = World::with(vec![]);
    world.decisions = vec![Decision { fingerprint: FP.to_owned(), signatures: Vec::new(), verdict: Verdict::Never }];
    assert_eq!(world.one(&finding()).status, ActionStatus::Suppressed);
}
