//! The decision table, row by row.

use super::super::{
    ActionKind, ActionStatus, Auto, Category, ChangeFacts, Decision, Finding, Link, PlannedAction, Priority, Snapshot,
    Status, Tier, Verdict,
};
use super::{FP, World, filed, finding, issue, ledger, ns, our_comment};

pub(super) fn outcome(action: &PlannedAction) -> (ActionKind, ActionStatus, Option<u64>) {
    (action.kind, action.status, action.target.as_ref().map(|target| target.number))
}

fn changed(before: Snapshot, now: Snapshot) -> Finding {
    Finding { changes: Some(ChangeFacts { before, now, ..ChangeFacts::default() }), ..finding() }
}

fn counts(before: u64, now: u64) -> Finding {
    changed(Snapshot { events: before, ..Snapshot::default() }, Snapshot { events: now, ..Snapshot::default() })
}

fn new_value() -> Finding {
    let with = |value: &str| Snapshot {
        events: 10,
        parameters: [("lease".to_owned(), value.to_owned())].into(),
        ..Snapshot::default()
    };
    changed(with("12 s"), with("30 s"))
}

fn raised(from: u8, to: u8) -> Finding {
    let with = |number| Snapshot { events: 10, priority: Some(Priority::new(number)), ..Snapshot::default() };
    Finding { priority: Priority::new(to), ..changed(with(from), with(to)) }
}

#[test]
fn creates_an_issue_for_an_unknown_problem_over_the_floor() {
    let action = World::with(vec![]).one(&finding());
    assert_eq!(outcome(&action), (ActionKind::Create, ActionStatus::Ready, None));
    assert_eq!(action.title.as_deref(), Some("GCP-active-dev | P2 | Ledger writer lost its lease"));
    assert_eq!(action.labels_add, ["log-gardener", "P2"]);
    assert!(action.change_key.is_empty());
    assert_eq!(action.evidence.insert_ids.len(), 5);
}

#[test]
fn the_floor_needs_priority_and_events_or_a_high_priority_alone() {
    let world = World::with(vec![]);
    for (priority, events, severity, expected) in [
        (3, 3, 500, (ActionKind::Create, ActionStatus::Ready)),
        (3, 2, 500, (ActionKind::None, ActionStatus::Ready)),
        (4, 900, 500, (ActionKind::None, ActionStatus::Ready)),
        (1, 1, 500, (ActionKind::Create, ActionStatus::Ready)),
        (2, 1, 600, (ActionKind::Create, ActionStatus::NeedsReview)),
        (2, 1, 500, (ActionKind::None, ActionStatus::Ready)),
    ] {
        let small = Finding { priority: Priority::new(priority), events, severity, ..finding() };
        let action = world.one(&small);
        assert_eq!((action.kind, action.status), expected, "P{priority} with {events} events at {severity}");
    }
}

#[test]
fn comments_on_an_open_issue_found_by_its_words() {
    let mut sparse = ledger();
    sparse.title = "Writer trouble".to_owned();
    let action = World::with(vec![sparse]).one(&finding());
    assert_eq!(outcome(&action), (ActionKind::Comment, ActionStatus::Ready, Some(7)));
    assert_eq!(action.matched.tier, Tier::Lexical);
    assert_eq!(action.labels_add, ["P2"], "an issue without a priority gets one");
}

#[test]
fn another_priority_on_the_label_of_an_issue_is_told_and_left() {
    let labelled = |label: &str| {
        let mut own = ledger();
        own.labels.push(label.to_owned());
        World::with(vec![own]).one(&finding())
    };
    for (label, told) in [
        ("P4", Some("labelled P4, P2 by its terms: raise it if you agree")),
        ("P0-critical", Some("labelled P0, P2 by its terms: a label is never lowered by itself")),
        ("P2", None),
    ] {
        let action = labelled(label);
        assert_eq!((action.kind, action.labels_add.len()), (ActionKind::Comment, 0), "{label}");
        assert_eq!(action.previous_priority.map(|old| format!("{old}")).as_deref(), label.get(..2));
        assert_eq!(action.reason.split("; ").find(|part| part.starts_with("labelled")), told, "{label}");
    }
}

#[test]
fn a_small_finding_does_not_bother_an_issue_of_people() {
    let action = World::with(vec![ledger()]).one(&Finding { events: 1, ..finding() });
    assert_eq!(action.kind, ActionKind::None);
}

#[test]
fn writes_nothing_when_nothing_changed_since_its_marker() {
    let world = World::with(vec![filed("2030-03-15T00:00:00Z")]);
    for same in [finding(), counts(10, 12), counts(0, 80)] {
        let action = world.one(&same);
        assert_eq!(outcome(&action), (ActionKind::None, ActionStatus::Ready, Some(7)));
        assert_eq!(action.matched.tier, Tier::Marker);
    }
}

#[test]
fn comments_when_a_parameter_changed_since_its_marker() {
    let action = World::with(vec![filed("2030-03-15T00:00:00Z")]).one(&new_value());
    assert_eq!(outcome(&action), (ActionKind::Comment, ActionStatus::Ready, Some(7)));
    assert_eq!(action.change_key, ["parameter=lease=30 s"]);
    assert_eq!(action.changes, ["lease 12 s -> 30 s"]);
}

#[test]
fn edits_its_last_comment_within_a_day_and_comments_after() {
    let mut young = filed("2030-03-15T00:00:00Z");
    young.comments = vec![our_comment("2030-03-20T02:00:00Z", Some("991"))];
    let action = World::with(vec![young.clone()]).one(&new_value());
    assert_eq!(action.kind, ActionKind::EditComment);
    assert_eq!(action.target.unwrap().comment_id.as_deref(), Some("991"));

    young.comments = vec![our_comment("2030-03-20T02:00:00Z", None)];
    assert_eq!(World::with(vec![young.clone()]).one(&new_value()).kind, ActionKind::None);

    young.comments = vec![our_comment("2030-03-18T02:00:00Z", Some("991"))];
    let action = World::with(vec![young]).one(&new_value());
    assert_eq!(action.kind, ActionKind::Comment);
    assert_eq!(action.target.unwrap().comment_id, None);
}

#[test]
fn counts_alone_are_worth_one_comment_a_week() {
    let mut known = filed("2030-03-01T00:00:00Z");
    known.comments = vec![our_comment("2030-03-15T00:00:00Z", Some("991"))];
    assert_eq!(World::with(vec![known.clone()]).one(&counts(10, 40)).kind, ActionKind::None);
    known.comments = vec![our_comment("2030-03-12T00:00:00Z", Some("991"))];
    let action = World::with(vec![known]).one(&counts(10, 40));
    assert_eq!(action.kind, ActionKind::Comment);
    assert_eq!(action.change_key, ["events=5"]);
}

#[test]
fn escalates_one_step_a_run_and_never_down() {
    let world = World::with(vec![filed("2030-03-15T00:00:00Z")]);
    let action = world.one(&raised(2, 0));
    assert_eq!(outcome(&action), (ActionKind::Escalate, ActionStatus::Ready, Some(7)));
    assert_eq!((action.labels_add, action.labels_remove), (vec!["P1".to_owned()], vec!["P2".to_owned()]));
    assert_eq!(action.previous_priority, Some(Priority::new(2)));
    assert_eq!(world.one(&raised(2, 4)).kind, ActionKind::None);
}

#[test]
fn a_priority_label_of_another_spelling_is_swapped_too() {
    let mut own = filed("2030-03-15T00:00:00Z");
    own.labels = vec!["log-gardener".to_owned(), "P2-medium".to_owned()];
    let action = World::with(vec![own]).one(&raised(2, 1));
    assert_eq!((action.labels_add, action.labels_remove), (vec!["P1".to_owned()], vec!["P2-medium".to_owned()]));
}

#[test]
fn escalation_needs_two_terms_beside_severity_or_a_rule() {
    let world = World::with(vec![filed("2030-03-15T00:00:00Z")]);
    let one_term = Finding { priority_terms_beside_severity: 1, ..raised(2, 1) };
    assert_eq!(world.one(&one_term).kind, ActionKind::Comment);
    let by_rule = Finding { priority_fixed_by: Some("pay".to_owned()), ..one_term };
    assert_eq!(world.one(&by_rule).kind, ActionKind::Escalate);
}

#[test]
fn what_is_gone_is_never_written_about_except_to_suggest_closing() {
    let gone = Finding { status: Status::Resolved, absent_covered_days: 9, ..finding() };
    assert_eq!(World::with(vec![]).one(&gone).kind, ActionKind::None);
    assert_eq!(World::with(vec![ledger()]).one(&gone).kind, ActionKind::None, "an issue of people is theirs to close");
    let world = World::with(vec![filed("2030-03-01T00:00:00Z")]);
    assert_eq!(outcome(&world.one(&gone)), (ActionKind::CloseCandidate, ActionStatus::NeedsReview, Some(7)));
    let lately = Finding { absent_covered_days: 3, ..gone.clone() };
    assert_eq!(world.one(&lately).kind, ActionKind::None);
    let named = Finding { title: "P2 | Ledger writer loses its lease".to_owned(), ..gone };
    assert_eq!(
        World::with(vec![ledger()]).one(&named).kind,
        ActionKind::CloseCandidate,
        "the same title is the same issue"
    );
}

#[test]
fn an_issue_is_not_suggested_for_closing_while_another_cluster_of_it_goes_on() {
    let gone = Finding { status: Status::Resolved, absent_covered_days: 9, ..finding() };
    let alive = Finding {
        id: "C00000001".to_owned(),
        fingerprint: "lgfp1:00000000000000bb".to_owned(),
        title: "Ledger reader waits".to_owned(),
        ..finding()
    };
    let world = World::with(vec![filed("2030-03-01T00:00:00Z")]);
    let kinds = |actions: Vec<PlannedAction>| actions.iter().map(|action| action.kind).collect::<Vec<_>>();
    assert_eq!(kinds(world.plan(&[gone.clone(), alive.clone()])), [ActionKind::None, ActionKind::None]);
    let both = Finding { status: Status::Quiet, absent_covered_days: 9, ..alive };
    assert!(kinds(world.plan(&[gone, both])).contains(&ActionKind::CloseCandidate));
}

#[test]
fn an_issue_that_opens_and_closes_is_left_to_people() {
    let mut world = World::with(vec![filed("2030-03-01T00:00:00Z")]);
    world.links = vec![Link {
        fingerprint: FP.to_owned(),
        number: 7,
        reopened_ns: vec![ns("2030-03-10T00:00:00Z"), ns("2030-03-16T00:00:00Z")],
        ..Link::default()
    }];
    let action = world.one(&new_value());
    assert_eq!(outcome(&action), (ActionKind::Relabel, ActionStatus::Ready, Some(7)));
    assert_eq!(action.labels_add, ["flaky"]);
    world.issues[0].labels.push("flaky".to_owned());
    assert_eq!(world.one(&new_value()).status, ActionStatus::Suppressed);
}

#[test]
fn data_quality_is_never_an_issue() {
    for quality in
        [Finding { payload_less: true, ..finding() }, Finding { category: Some(Category::DataQuality), ..finding() }]
    {
        let action = World::with(vec![ledger()]).one(&quality);
        assert_eq!((action.kind, action.category), (ActionKind::None, Category::DataQuality));
    }
}

#[test]
fn decisions_come_before_markers_and_markers_before_words() {
    let mut world = World::with(vec![filed("2030-03-15T00:00:00Z"), issue(9, "Elsewhere", "nothing alike at all")]);
    let decided = |verdict| Decision {
        fingerprint: "lgfp1:ffffffffffffffff".to_owned(),
        signatures: vec!["00000000000000b1".to_owned()],
        verdict,
    };
    world.decisions = vec![decided(Verdict::Issue(9))];
    let action = world.one(&finding());
    assert_eq!((action.matched.tier, action.kind), (Tier::Decision, ActionKind::Comment));
    assert_eq!(action.target.unwrap().number, 9);

    world.decisions = vec![decided(Verdict::New { not: vec![7] })];
    assert_eq!(outcome(&world.one(&finding())), (ActionKind::Create, ActionStatus::Ready, None));

    world.decisions.clear();
    world.links = vec![Link { fingerprint: FP.to_owned(), number: 9, ..Link::default() }];
    assert_eq!(world.one(&finding()).matched.tier, Tier::State);
}

#[test]
fn exact_mode_leaves_words_and_creates_to_people() {
    let mut world = World::with(vec![]);
    world.policy.auto = Auto::Exact;
    assert_eq!(outcome(&world.one(&finding())), (ActionKind::Create, ActionStatus::NeedsReview, None));
    let mut sparse = ledger();
    sparse.title = "Writer trouble".to_owned();
    world.issues = vec![sparse];
    assert_eq!(outcome(&world.one(&finding())), (ActionKind::Comment, ActionStatus::NeedsReview, Some(7)));
    world.issues = vec![filed("2030-03-15T00:00:00Z")];
    assert_eq!(world.one(&new_value()).status, ActionStatus::Ready);
}

#[test]
fn an_issue_that_is_only_alike_waits_for_a_person() {
    let alike = issue(8, "Lease of the reader", "Ledger writer lost its lease on replica_map after 12 s");
    let action = World::with(vec![alike]).one(&finding());
    assert_eq!(action.status, ActionStatus::NeedsReview, "{:?}", action.matched);
    assert_eq!(action.matched.candidates[0].number, 8);
    assert!(action.reason.contains("--new"));
}

#[test]
fn a_decision_for_an_issue_outside_the_export_waits() {
    let mut world = World::with(vec![]);
    world.decisions =
        vec![Decision { fingerprint: FP.to_owned(), signatures: Vec::new(), verdict: Verdict::Issue(555) }];
    assert_eq!(outcome(&world.one(&finding())), (ActionKind::Comment, ActionStatus::NeedsReview, Some(555)));
}
