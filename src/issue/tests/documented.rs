//! The decision table of the documentation: each row is a case that is planned here, and what the plan says is what stands there.

use super::super::{
    ActionKind, Auto, ChangeFacts, Decision, Finding, Link, Mute, PlannedAction, Priority, Snapshot, StateReason,
    Status, Verdict,
};
use super::{FP, World, closed, filed, finding, issue, ledger, ns, our_comment};

const PAGE: &str = include_str!("../../../docs/decision-table.md");
const BEGIN: &str = "<!-- table: checked against the code -->\n";
const END: &str = "<!-- end of table -->\n";

fn changed(before: Snapshot, now: Snapshot) -> Finding {
    Finding { changes: Some(ChangeFacts { before, now, ..ChangeFacts::default() }), ..finding() }
}

fn counts() -> Finding {
    let of = |events| Snapshot { events, ..Snapshot::default() };
    changed(of(10), of(40))
}

fn step() -> Finding {
    let of = |value: &str| Snapshot {
        events: 10,
        parameters: [("lease".to_owned(), value.to_owned())].into(),
        ..Snapshot::default()
    };
    changed(of("12 s"), of("30 s"))
}

fn urgent() -> Finding {
    let of = |number| Snapshot { events: 10, priority: Some(Priority::new(number)), ..Snapshot::default() };
    Finding { priority: Priority::new(0), ..changed(of(2), of(0)) }
}

fn decided(verdict: Verdict) -> World {
    let mut world = World::with(vec![ledger()]);
    world.decisions = vec![Decision { fingerprint: FP.into(), signatures: Vec::new(), verdict }];
    world
}

fn closed_as(reason: StateReason, at: &str) -> World {
    World::with(vec![closed(filed("2030-03-01T00:00:00Z"), at, Some(reason))])
}

fn in_revision(first: &str) -> Finding {
    Finding { revisions: [("ledger-00008".to_owned(), ns(first))].into_iter().collect(), ..finding() }
}

fn linked(change: impl FnOnce(&mut Link)) -> World {
    let mut world = World::with(vec![filed("2030-03-01T00:00:00Z")]);
    let mut link =
        Link { fingerprint: FP.into(), number: 7, last_at_ns: Some(ns("2030-03-15T00:00:00Z")), ..Link::default() };
    change(&mut link);
    world.links = vec![link];
    world
}

fn commented(at: &str) -> World {
    let mut own = filed("2030-03-01T00:00:00Z");
    own.comments = vec![our_comment(at, Some("991"))];
    World::with(vec![own])
}

/// What is the case, in the words of the page, and the plan for it.
fn rows() -> Vec<(&'static str, PlannedAction)> {
    let known = || commented("2030-03-15T00:00:00Z");
    let done = |at| closed_as(StateReason::Completed, at);
    let mute = Mute { reason: "r".into(), owner: "ann".into(), until_ns: None, events: 12, severity: 500 };
    let small = Finding { events: 1, ..finding() };
    let exact = |issues| {
        let mut world = World::with(issues);
        world.policy.auto = Auto::Exact;
        world
    };
    let mut sparse = ledger();
    sparse.title = "Writer trouble".into();
    let far = issue(8, "Lease of the reader", "Ledger writer lost its lease on replica_map after 12 s");
    let mut away = linked(|_| {});
    away.issues = vec![issue(9, "Elsewhere", "nothing alike at all")];
    let mut bare = World::with(vec![]);
    bare.exports = Some(Vec::new());
    let mut thin = World::with(vec![]);
    thin.run.blocked_by = Some("30 of 100 rows have no payload".into());
    let mut held = World::with(vec![]);
    held.policy.caps.max_create = 0;
    let suppressed = Finding { suppressed_by: Some("rule \"client-404\"".into()), ..finding() };
    let gone = Finding { status: Status::Quiet, absent_covered_days: 9, ..finding() };
    vec![
        ("about the data, not about a program", World::with(vec![]).one(&Finding { payload_less: true, ..finding() })),
        ("a rule or a mute of the configuration", World::with(vec![]).one(&suppressed)),
        ("a person said never", decided(Verdict::Never).one(&finding())),
        ("a person muted it, and it is no worse than then", decided(Verdict::Mute(mute.clone())).one(&finding())),
        (
            "the same with three times the events",
            decided(Verdict::Mute(mute)).one(&Finding { events: 36, ..finding() }),
        ),
        ("a person named its issue", decided(Verdict::Issue(7)).one(&finding())),
        ("a person said that it is new", decided(Verdict::New { not: vec![7] }).one(&finding())),
        ("no issue, over the floor", World::with(vec![]).one(&finding())),
        ("no issue, below the floor", World::with(vec![]).one(&small)),
        ("no issue, below the floor, CRITICAL", World::with(vec![]).one(&Finding { severity: 600, ..small.clone() })),
        ("no issue, `auto = \"exact\"`", exact(vec![]).one(&finding())),
        ("no export of its repository", bare.one(&finding())),
        ("more than 20 % of the rows without payload", thin.one(&finding())),
        ("more than the caps allow", held.one(&finding())),
        ("an open issue by its words, never written to", World::with(vec![sparse.clone()]).one(&finding())),
        ("the same with `auto = \"exact\"`", exact(vec![sparse]).one(&finding())),
        ("an open issue that is only alike", World::with(vec![far]).one(&finding())),
        ("an open issue of others, below the floor", World::with(vec![ledger()]).one(&small)),
        ("an open issue of ours, nothing changed", known().one(&finding())),
        ("… a number, an exception or a module changed", known().one(&step())),
        ("… within 24 h of our last comment", commented("2030-03-20T02:00:00Z").one(&step())),
        ("… only counts, within 7 days", known().one(&counts())),
        ("… only counts, later", commented("2030-03-12T00:00:00Z").one(&counts())),
        ("… a higher priority by two terms beside severity", known().one(&urgent())),
        ("an issue that only our state knows, nothing changed", away.one(&finding())),
        ("… and something changed", away.one(&step())),
        ("closed as completed, nothing since", done("2030-03-20T11:30:00Z").one(&in_revision("2030-03-10T00:00:00Z"))),
        ("… seen since, in an older revision", done("2030-03-12T00:00:00Z").one(&in_revision("2030-03-10T00:00:00Z"))),
        ("… seen since, in a newer revision", done("2030-03-12T00:00:00Z").one(&in_revision("2030-03-14T00:00:00Z"))),
        (
            "… the same, closed more than 30 days ago",
            done("2030-02-10T00:00:00Z").one(&in_revision("2030-03-14T00:00:00Z")),
        ),
        (
            "closed as not planned",
            closed_as(StateReason::NotPlanned, "2030-03-12T00:00:00Z").one(&in_revision("2030-03-14T00:00:00Z")),
        ),
        (
            "reopened twice in 14 days",
            linked(|link| link.reopened_ns = vec![ns("2030-03-10T00:00:00Z"), ns("2030-03-16T00:00:00Z")]).one(&step()),
        ),
        ("filed by us and taken back", linked(|link| link.undone = true).one(&finding())),
        ("gone from the logs, ours, for 7 covered days", World::with(vec![filed("2030-03-01T00:00:00Z")]).one(&gone)),
        ("gone from the logs, no issue", World::with(vec![]).one(&gone)),
    ]
}

fn table() -> String {
    let mut text = "| Case | Action | Status | Issue |\n|---|---|---|---|\n".to_owned();
    for (case, action) in rows() {
        let words = |text: &str| text.replace('_', " ");
        let issue = match (action.kind, &action.target) {
            (ActionKind::Create, _) if !action.related.is_empty() => "a new one that names the old",
            (ActionKind::Create, _) => "a new one",
            (_, Some(_)) => "that one",
            (_, None) => "",
        };
        // A row that writes nothing is as ready as it will ever be.
        let status = if action.kind == ActionKind::None && action.status == super::super::ActionStatus::Ready {
            String::new()
        } else {
            words(action.status.as_str())
        };
        text.push_str(&format!("| {case} | {} | {status} | {issue} |\n", words(action.kind.as_str())));
    }
    text
}

#[test]
fn the_documented_decision_table_is_what_the_code_decides() {
    let documented = PAGE.split(BEGIN).nth(1).and_then(|rest| rest.split(END).next()).unwrap();
    let table = table();
    assert!(documented == table, "put this between the marks of docs/decision-table.md:\n{table}");
}
