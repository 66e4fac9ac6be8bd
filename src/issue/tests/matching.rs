//! Words: what is the same, what is only alike, and what must not be mixed up.

use super::super::{
    Export, IndexOptions, IssueIndex, IssueState, Match, MatchRow, MatchSubject, MatchVerdict, Matcher, StateReason,
    Tier, answer,
};
use super::{closed, export, issue, ns, others};

fn find(issues: Vec<super::super::Issue>, message: &str) -> Match {
    let exports = [export([issues, others()].concat())];
    let options = IndexOptions { as_of_ns: Some(ns(super::AS_OF)), ..IndexOptions::default() };
    IssueIndex::new(&exports, options).find(&MatchSubject { message, ..MatchSubject::default() })
}

#[test]
fn the_same_message_with_other_values_is_the_same_problem() {
    let known = issue(20, "Feed is late", "Feed worker feed_worker missed its slot by 12.5 s (batch 8f3a90c1)");
    let found = find(vec![known], "Feed worker feed_worker missed its slot by 40.1 s (batch 77aa01de)");
    assert_eq!((found.target, found.verdict, found.tier), (Some(20), MatchVerdict::Auto, Tier::Lexical));
    assert!(found.score > 0.6, "{}", found.score);
}

#[test]
fn another_name_in_the_same_sentence_is_another_problem() {
    let known =
        issue(21, "Import of load_rates fails", "ImportError: cannot import name 'load_rates' from 'shop.rates'");
    let found = find(vec![known], "ImportError: cannot import name 'send_receipt' from 'shop.mail.outbox'");
    assert_ne!(found.verdict, MatchVerdict::Auto, "{found:?}");
}

#[test]
fn another_status_of_another_route_is_another_problem() {
    let known = issue(22, "Orders answer 404", "GET /api/orders 404 Not Found");
    let found = find(vec![known], "POST /api/refunds 403 Forbidden");
    assert_ne!(found.verdict, MatchVerdict::Auto, "{found:?}");
}

#[test]
fn an_open_issue_is_preferred_to_its_closed_twin() {
    let text = "Feed worker feed_worker missed its slot";
    let old = closed(issue(23, text, text), "2030-02-01T00:00:00Z", Some(StateReason::Completed));
    let new = issue(24, "Feed is late again", text);
    assert_eq!(find(vec![old.clone(), new], text).target, Some(24));
    let found = find(vec![old], text);
    assert_eq!((found.target, found.candidates[0].state), (Some(23), IssueState::Closed));
}

#[test]
fn of_open_twins_the_oldest_is_meant() {
    let text = "Feed worker feed_worker missed its slot";
    let mut younger = issue(25, "Feed late", text);
    younger.created_ns = Some(ns("2030-02-05T08:00:00Z"));
    assert_eq!(find(vec![younger, issue(26, "Feed is late, customers complain", text)], text).target, Some(26));
}

#[test]
fn the_same_title_is_the_same_issue() {
    let exports = [export(
        [vec![issue(27, "GCP-new | P3 | Feed worker missed its slot", "other words entirely")], others()].concat(),
    )];
    let index = IssueIndex::new(&exports, IndexOptions::default());
    let subject =
        MatchSubject { title: Some("Feed worker missed its slot"), message: "zzz", ..MatchSubject::default() };
    let found = index.find(&subject);
    assert_eq!((found.tier, found.target, found.verdict), (Tier::TitleKey, Some(27), MatchVerdict::Auto));
}

#[test]
fn a_marker_of_a_stranger_is_only_a_hint() {
    let mut planted = issue(28, "Nothing to see", "unrelated words");
    planted.body = Some(format!("<!-- log-gardener:fp={} -->\ntext", super::FP));
    planted.author_association = Some("NONE".to_owned());
    let exports = [export([vec![planted], others()].concat())];
    let index = IssueIndex::new(&exports, IndexOptions::default());
    let subject = MatchSubject { fingerprint: Some(super::FP), message: super::MESSAGE, ..MatchSubject::default() };
    let found = index.find(&subject);
    assert_eq!((found.tier, found.verdict, found.target), (Tier::Marker, MatchVerdict::Review, Some(28)));
}

#[test]
fn signatures_find_an_issue_again_after_its_template_has_moved_on() {
    let mut exports = [export([vec![super::filed("2030-03-01T00:00:00Z")], others()].concat())];
    let signatures = [("00000000000000b1".to_owned(), 30_u64), ("00000000000000b2".to_owned(), 3)];
    let subject = MatchSubject {
        fingerprint: Some("lgfp1:00000000000000ff"),
        signatures: &signatures,
        message: "zzz",
        ..MatchSubject::default()
    };
    let found = IssueIndex::new(&exports, IndexOptions::default()).find(&subject);
    assert_eq!((found.tier, found.target, found.shared_entries), (Tier::Marker, Some(7), 30));

    let mut rival = super::filed("2030-03-01T00:00:00Z");
    rival.number = 8;
    rival.body = rival.body.map(|body| body.replace("00000000000000aa", "00000000000000ab"));
    exports[0].issues.push(rival);
    let found = IssueIndex::new(&exports, IndexOptions::default()).find(&subject);
    assert_eq!(found.verdict, MatchVerdict::Review, "two issues share as many entries");
}

#[test]
fn symptoms_named_in_a_marker_count_only_under_the_same_root() {
    let mut root = super::filed("2030-03-01T00:00:00Z");
    root.body =
        Some(format!("<!-- log-gardener:fp={} -->\n<!-- log-gardener:also=lgfp1:00000000000000dd -->\n", super::FP));
    let exports = [export([vec![root], others()].concat())];
    let index = IssueIndex::new(&exports, IndexOptions::default());
    let subject =
        MatchSubject { fingerprint: Some("lgfp1:00000000000000dd"), message: "zzz", ..MatchSubject::default() };
    assert_eq!(index.find(&subject).verdict, MatchVerdict::Review);
    let symptom = MatchSubject { root_fingerprint: Some(super::FP), ..subject };
    assert_eq!(index.find(&symptom).verdict, MatchVerdict::Auto);
}

#[test]
fn issues_of_the_future_are_hidden_and_states_are_of_the_moment() {
    let text = "Feed worker feed_worker missed its slot";
    let done = closed(issue(30, "Feed is late", text), "2030-02-10T00:00:00Z", None);
    let exports: Vec<Export> = vec![export([vec![done], others()].concat())];
    let row = |as_of: &str| MatchRow { as_of: Some(as_of.to_owned()), message: text.to_owned(), ..MatchRow::default() };
    let mut matcher = Matcher::new(&exports);
    let kinds: Vec<&str> = ["2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z", "2030-03-01T00:00:00Z"]
        .iter()
        .map(|as_of| matcher.answer(&row(as_of)).kind)
        .collect();
    assert_eq!(kinds, ["create", "comment", "reopen"]);
}

#[test]
fn titles_alone_never_create_and_never_reopen_for_sure() {
    let text = "Feed worker feed_worker missed its slot";
    let mut exports =
        [export(vec![closed(issue(31, text, ""), "2030-02-10T00:00:00Z", None), issue(32, "Something else", "")])];
    exports[0].issues.iter_mut().for_each(|issue| issue.body = None);
    for (message, kind) in [(text, "reopen"), ("Quite another matter", "create")] {
        let row = MatchRow { message: message.to_owned(), ..MatchRow::default() };
        let given = answer(&row, &exports);
        assert_eq!((given.kind, given.status), (kind, "needs_review"));
    }
}

#[test]
fn an_empty_message_and_an_empty_tracker_have_an_answer() {
    let given = answer(&MatchRow::default(), &[]);
    assert_eq!((given.kind, given.status), ("none", "needs_review"));
    let given = answer(&MatchRow { message: "x".to_owned(), ..MatchRow::default() }, &[]);
    assert_eq!((given.kind, given.status, given.target), ("create", "ready", None));
}
