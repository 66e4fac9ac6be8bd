//! What a run adds to the table: fitness, families, caps, order, ids.

use super::super::{
    ActionKind, ActionStatus, Decision, Finding, Fingerprint, Priority, Role, StateReason, Tracker, Verdict,
};
use super::{AS_OF, World, closed, export, filed, finding, issue, ledger, ns, others};
use proptest::prelude::*;

fn other(number: u64, priority: u8) -> Finding {
    let hex = format!("{:016x}", number + 0x1000);
    Finding {
        id: format!("C{}", &hex[8..]),
        fingerprint: Fingerprint::parse(&format!("lgfp1:{hex}")).unwrap().to_string(),
        title: format!(
            "Widget {} stopped turning",
            ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"][usize::try_from(number).unwrap() % 7]
        ),
        message: format!("spindle_{number} vanished"),
        signatures: Vec::new(),
        priority: Priority::new(priority),
        ..finding()
    }
}

#[test]
fn an_unfit_export_leaves_nothing_ready() {
    let good = || export([vec![ledger()], others()].concat());
    let mut unfit =
        vec![("stale", good()), ("old", good()), ("open only", good()), ("no texts", good()), ("asked open", good())];
    unfit[0].1.exported_at = None;
    unfit[1].1.exported_at = Some(ns("2030-03-19T00:00:00Z"));
    unfit[2].1.issues.retain(|issue| issue.closed_ns.is_none());
    unfit[3].1.issues.iter_mut().for_each(|issue| issue.body = None);
    unfit[4].1.state = Some("open".to_owned());
    let mut round = good();
    round.issues.extend((100..125).map(|number| issue(number, "Filler", "nothing")));
    round.rows = round.issues.len();
    assert_eq!(round.rows, 30);
    unfit.push(("round", round));
    for (name, export) in unfit {
        let mut world = World::with(vec![]);
        world.exports = Some(vec![export]);
        for action in world.plan(&[finding(), other(1, 1)]) {
            assert!(!action.kind.writes() || action.status == ActionStatus::NeedsReview, "{name}: {action:?}");
            if action.kind.writes() {
                assert!(action.reason.contains("scripts/export-issues.sh acme/shop"), "{name}: {}", action.reason);
            }
        }
    }
}

#[test]
fn without_an_export_creates_wait_for_a_person() {
    let mut world = World::with(vec![]);
    world.exports = Some(vec![]);
    let action = world.one(&finding());
    assert_eq!((action.kind, action.status), (ActionKind::Create, ActionStatus::NeedsReview));
    world.policy.repo.clear();
    let action = world.one(&finding());
    assert!(action.commands.is_empty() && action.reason.contains("repository"));
}

#[test]
fn thin_data_block_every_write() {
    let mut world = World::with(vec![ledger()]);
    world.run.blocked_by = Some("31 % of the entries have no payload".to_owned());
    for action in world.plan(&[finding(), other(1, 1)]) {
        assert_eq!(action.status, ActionStatus::BlockedIncompleteData);
    }
}

#[test]
fn symptoms_are_links_to_the_action_of_their_root() {
    let family = |finding: Finding, role| Finding { family: Some("F1".to_owned()), role, ..finding };
    let root = family(other(1, 1), Role::Root);
    let symptom = family(other(2, 0), Role::Symptom);
    let actions = World::with(vec![]).plan(&[symptom.clone(), root.clone()]);
    let of = |id: &str| actions.iter().find(|action| action.cluster_id == id).unwrap();
    let (root, symptom) = (of(&root.id), of(&symptom.id));
    assert_eq!((root.kind, symptom.kind), (ActionKind::Create, ActionKind::Link));
    assert!(symptom.commands.is_empty());
    assert_eq!(symptom.related[0].action.as_deref(), Some(root.id.as_str()));
    assert_eq!(root.also, std::slice::from_ref(&symptom.fingerprint));
    assert_eq!(symptom.depends_on, std::slice::from_ref(&root.id));
}

#[test]
fn a_root_waits_when_its_symptom_has_an_issue_already() {
    let symptom = Finding { family: Some("F1".to_owned()), role: Role::Symptom, ..finding() };
    let root = Finding { family: Some("F1".to_owned()), role: Role::Root, ..other(1, 1) };
    let quoted = super::issue(9, "Orders are late on Mondays", super::MESSAGE);
    for (known, number, why) in
        [(filed("2030-03-15T00:00:00Z"), 7, "is already filed as #7"), (quoted, 9, "is surely #9 (")]
    {
        let actions = World::with(vec![known]).plan(&[root.clone(), symptom.clone()]);
        assert_eq!((actions[0].kind, actions[0].status), (ActionKind::Create, ActionStatus::NeedsReview));
        assert!(actions[0].reason.contains(why), "{}", actions[0].reason);
        assert_eq!(actions[0].related[0].number, Some(number));
    }
}

#[test]
fn one_issue_gets_one_write_a_run() {
    let twin = Finding {
        id: "C00000001".to_owned(),
        fingerprint: "lgfp1:00000000000000ab".to_owned(),
        signatures: Vec::new(),
        ..finding()
    };
    let actions = World::with(vec![ledger()]).plan(&[finding(), twin]);
    let ready = actions.iter().filter(|action| action.status == ActionStatus::Ready).count();
    assert_eq!((actions.len(), ready), (2, 1));
}

#[test]
fn caps_hold_the_least_important_back() {
    let findings: Vec<Finding> = (0..7).map(|number| other(number, if number == 6 { 0 } else { 2 })).collect();
    let actions = World::with(vec![]).plan(&findings);
    let held: Vec<&str> = actions
        .iter()
        .filter(|action| action.status == ActionStatus::HeldByCap)
        .map(|action| action.cluster_id.as_str())
        .collect();
    assert_eq!(held.len(), 2);
    assert_eq!(actions[0].priority, Priority::new(0));
    assert_eq!(actions[0].status, ActionStatus::Ready);
    assert_eq!(actions.iter().map(|action| action.seq).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
}

#[test]
fn the_cap_of_all_writes_counts_every_kind_by_importance() {
    let mut world = World::with(vec![ledger()]);
    world.policy.caps.max_total = 2;
    let findings = [finding(), other(1, 0), other(2, 1), other(3, 3)];
    let statuses: Vec<(String, ActionKind, ActionStatus)> = world
        .plan(&findings)
        .into_iter()
        .map(|action| (action.priority.to_string(), action.kind, action.status))
        .collect();
    let row = |priority: &str, kind, status| (priority.to_owned(), kind, status);
    assert_eq!(
        statuses,
        [
            row("P0", ActionKind::Create, ActionStatus::Ready),
            row("P1", ActionKind::Create, ActionStatus::Ready),
            row("P2", ActionKind::Comment, ActionStatus::HeldByCap),
            row("P3", ActionKind::Create, ActionStatus::HeldByCap),
        ]
    );
}

#[test]
fn each_repository_is_judged_by_its_own_export() {
    let mut world = World::with(vec![]);
    let mut old = export(vec![issue(9, "Mail is slow", "relay queue is long")]);
    old.repo = Some("acme/mail".to_owned());
    old.exported_at = None;
    world.exports = Some(vec![export(others()), old]);
    let mail = Finding { repo: Some("acme/mail".to_owned()), ..other(1, 1) };
    let third = Finding { repo: Some("acme/third".to_owned()), ..other(2, 1) };
    let actions = world.plan(&[finding(), mail, third]);
    let status = |repo: &str| actions.iter().find(|action| action.repo == repo).unwrap();
    assert_eq!(status("acme/shop").status, ActionStatus::Ready);
    assert_eq!(status("acme/mail").status, ActionStatus::NeedsReview);
    assert!(status("acme/third").reason.contains("no issue export of acme/third"), "{}", status("acme/third").reason);
}

#[test]
fn a_persons_answer_ends_a_review_for_whatever_reason() {
    let decided = |mut world: World, found: &Finding, verdict| {
        world.decisions = vec![Decision { fingerprint: found.fingerprint.clone(), signatures: Vec::new(), verdict }];
        world
    };
    // The export does not say why it was closed, which one kind of export never does.
    let done = || World::with(vec![closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", None)]);
    assert_eq!(done().one(&finding()).status, ActionStatus::NeedsReview);
    let action = decided(done(), &finding(), Verdict::Issue(7)).one(&finding());
    assert_eq!((action.kind, action.status), (ActionKind::Reopen, ActionStatus::Ready));
    // A lone CRITICAL.
    let lone = Finding { events: 1, severity: 600, ..finding() };
    assert_eq!(World::with(vec![]).one(&lone).status, ActionStatus::NeedsReview);
    let action = decided(World::with(vec![]), &lone, Verdict::New { not: Vec::new() }).one(&lone);
    assert_eq!((action.kind, action.status), (ActionKind::Create, ActionStatus::Ready));
    // Two of one title.
    let twin = Finding { title: finding().title, message: "spindle_1 vanished".to_owned(), ..other(1, 3) };
    let waiting = World::with(vec![]).plan(&[finding(), twin.clone()]);
    assert_eq!((waiting[0].status, waiting[1].status), (ActionStatus::Ready, ActionStatus::NeedsReview));
    let both = decided(World::with(vec![]), &twin, Verdict::New { not: Vec::new() }).plan(&[finding(), twin]);
    assert_eq!((both[0].status, both[1].status), (ActionStatus::Ready, ActionStatus::Ready));
    assert_eq!(both[1].depends_on, std::slice::from_ref(&both[0].id));
    assert_eq!(both[1].related[0].action.as_ref(), Some(&both[0].id));
}

#[test]
fn other_trackers_get_texts_but_no_calls_and_nothing_ready() {
    for tracker in [Tracker::Gitlab, Tracker::Jira] {
        let mut world = World::with(vec![ledger()]);
        world.policy.tracker = tracker;
        for action in world.plan(&[finding(), other(1, 1)]) {
            assert_eq!(action.status, ActionStatus::NeedsReview);
            assert!(action.commands.is_empty() && action.side_files.is_empty());
            assert!(action.reason.contains(tracker.as_str()), "{}", action.reason);
        }
    }
    assert!(Tracker::Jira.body_limit() <= 32_767 && Tracker::Github.body_limit() <= 60_000);
}

#[test]
fn a_second_run_over_what_the_first_one_filed_writes_nothing() {
    let first = World::with(vec![]).one(&finding());
    assert_eq!(first.kind, ActionKind::Create);
    let mut written = ledger();
    written.body = Some(format!("{}\ntext", first.markers(ns(AS_OF)).format()));
    let second = World::with(vec![written]).one(&finding());
    assert_eq!(second.kind, ActionKind::None);
    assert_eq!(second.last_action.unwrap().act.as_deref(), Some(first.id.as_str()));
}

#[test]
fn every_call_of_a_reopen_is_a_rest_call_without_words_of_a_log() {
    let mut done = closed(filed("2030-03-01T00:00:00Z"), "2030-03-12T00:00:00Z", Some(StateReason::Completed));
    done.labels.clear();
    let action = World::with(vec![done]).one(&finding());
    let body = format!("body=@bodies/{}.md", action.id);
    let calls: Vec<Vec<&str>> =
        action.commands.iter().map(|call| call.argv.iter().map(String::as_str).collect()).collect();
    assert_eq!(
        calls,
        [
            vec!["gh", "api", "-X", "POST", "repos/acme/shop/issues/7/comments", "-F", &body],
            vec!["gh", "api", "-X", "PATCH", "repos/acme/shop/issues/7", "-f", "state=open"],
            vec!["gh", "api", "-X", "POST", "repos/acme/shop/issues/7/labels", "-f", "labels[]=P2"],
        ]
    );
}

#[test]
fn the_title_of_a_new_issue_stands_in_a_file() {
    let action = World::with(vec![]).one(&finding());
    assert_eq!(action.side_files, [(format!("bodies/{}.title", action.id), action.title.clone().unwrap())]);
    let lines = super::super::apply_list_lines(&action).unwrap();
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].contains(&format!("create -X POST repos/acme/shop/issues -F title=@bodies/{}.title", action.id)),
        "{}",
        lines[0]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_log_or_of_a_tracker_reaches_the_list_of_calls(
        title in any::<String>(),
        message in any::<String>(),
        label in "\\PC{1,20}",
        flaky in "\\PC{1,20}",
        service in any::<String>(),
    ) {
        let mut world = World::with(vec![ledger(), filed("2030-03-15T00:00:00Z")]);
        world.policy.label = label;
        world.policy.flaky_label = flaky;
        let hostile = Finding { title, message, service, priority: Priority::new(0), ..other(3, 0) };
        for action in world.plan(&[hostile, finding()]) {
            for line in super::super::apply_list_lines(&action).unwrap() {
                prop_assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_alphanumeric() || b"_./:=@[]-".contains(&byte)), "{line}");
            }
        }
    }

    #[test]
    fn the_order_of_findings_does_not_matter(seed in 0_usize..24) {
        let mut findings = vec![finding(), other(1, 1), other(2, 2), other(3, 3)];
        let world = World::with(vec![ledger()]);
        let expected = world.plan(&findings);
        findings.rotate_left(seed % 4);
        findings.swap(0, seed / 6);
        prop_assert_eq!(world.plan(&findings), expected);
    }
}
