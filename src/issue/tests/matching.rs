//! Words: what is the same, what is only alike, and what must not be mixed up.

use super::super::{
    Export, IndexOptions, IssueIndex, IssueState, Match, MatchRow, MatchSubject, MatchVerdict, Matcher, StateReason,
    Tier, answer,
};
use super::{closed, export, issue, ns, others};

fn find(issues: Vec<super::super::Issue>, message: &str) -> Match {
    let exports = [export([issues, others()].concat())];
    let options = IndexOptions { as_of_ns: Some(ns(super::AS_OF)), ..IndexOptions::default() };
    let (index, subject) = (IssueIndex::new(&exports, options), MatchSubject { message, ..MatchSubject::default() });
    let found = index.find(&subject);
    let sure = found.target.filter(|_| found.verdict == MatchVerdict::Auto);
    assert_eq!(index.sure(&subject), sure, "the short way answers the same: {message}");
    found
}

#[test]
fn what_mostly_says_what_no_issue_says_is_none_of_them() {
    let known = issue(19, "Feed is late", "Feed worker feed_worker missed its slot");
    let found =
        find(vec![known], "Feed of zumabo_relti: kavuno_pesta gave up on mirobo_tansu, limo_varek and suno_brali");
    assert_ne!(found.verdict, MatchVerdict::Auto, "{found:?}");
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

/// Issues in the styles of several teams: plain, with emoji, from an error tracker, in Jira's markup, with pasted logs.
fn desk() -> Vec<super::super::Issue> {
    let closed_as = |issue, reason| closed(issue, "2030-02-01T00:00:00Z", Some(reason));
    vec![
        issue(
            101,
            "ImportError: cannot import name 'load_rates' from 'shop.rates'",
            "Traceback (most recent call last):\n  File \"/srv/shop/app.py\", line 12, in <module>\nImportError: cannot import name 'load_rates' from 'shop.rates' (/srv/shop/rates/__init__.py)",
        ),
        issue(
            102,
            "🔥 [BUG] 'CartSession' object has no attribute 'expires_at'",
            "AttributeError: 'CartSession' object has no attribute 'expires_at'",
        ),
        issue(
            103,
            "SingletonGuard: duplicate registry classes found at start-up",
            "SingletonGuard WARNING: 3 duplicate registry classes detected: OrderRegistry, StockRegistry",
        ),
        issue(
            104,
            "SingletonGuard: several registry instances for one tenant",
            "SingletonGuard WARNING: multiple registry instances for tenant t-881: potential violation",
        ),
        issue(105, "No module named 'pay_service'", "ModuleNotFoundError: No module named 'pay_service'"),
        super::super::Issue {
            body: Some(
                "h3. Description\n{noformat}\nPaymentManager created twice for scope pay_scope\n{noformat}".into(),
            ),
            ..issue(106, "PAY-221 Payment managers are created twice", "")
        },
        issue(
            107,
            "TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
            "Sentry Issue: SHOP-API-4K2\nTimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
        ),
        closed_as(
            issue(
                108,
                "Database start-up times out after 8 s",
                "Database initialization timeout after 8.0s, db_host=10.0.0.3",
            ),
            StateReason::Completed,
        ),
        issue(
            109,
            "Database start-up times out after 20 s",
            "Database initialization timeout after 20.0s, db_host=10.0.0.3",
        ),
        issue(
            111,
            "Everything is slow on Mondays",
            "09:00:01Z INFO request GET /cart 200 1201ms\n09:00:02Z WARNING stock cache is cold for warehouse wh-1\n09:00:04Z ERROR Refund webhook rejected: signature does not match for refund r-1",
        ),
        closed_as(
            issue(
                112,
                "Refund webhook rejected, signature mismatch",
                "Refund webhook rejected: signature does not match for refund r-55",
            ),
            StateReason::Duplicate,
        ),
        issue(
            113,
            "Refund webhook signature fails since key rotation",
            "Refund webhook rejected: signature does not match for refund r-812",
        ),
        issue(115, "Health check 503", "GET 503 https://api.shop.example/health"),
        issue(116, "[Sentry] KeyError: 'currency'", "KeyError: 'currency'\n  at shop/prices.py in convert"),
        issue(117, "Redis connection refused", "Error 111 connecting to 10.1.2.3:6379. Connection refused."),
        issue(118, "chore: bump tracing-sdk to 2.0", "The tracing SDK needs an update."),
        issue(
            119,
            "Tracing SDK is not installed, error tracking is off",
            "Tracing SDK not available, error tracking disabled",
        ),
        super::super::Issue {
            body: Some("As of the rules they may.".into()),
            ..issue(120, "Gift cards cannot be combined", "")
        },
        super::super::Issue {
            body: Some("Should be half up.".into()),
            ..issue(121, "Loyalty points are rounded down", "")
        },
    ]
}

/// Messages and the issue each belongs to, `None` for a problem of its own.
const MESSAGES: [(&str, Option<u64>); 33] = [
    ("ImportError: cannot import name 'load_rates' from 'shop.rates' (/srv/shop/rates/__init__.py)", Some(101)),
    ("ImportError: cannot import name 'send_receipt' from 'shop.mail.outbox'", None),
    ("ImportError: cannot import name 'load_prices' from 'shop.rates' (/srv/shop/rates/__init__.py)", None),
    ("AttributeError: 'CartSession' object has no attribute 'expires_at'", Some(102)),
    ("AttributeError: 'CartSession' object has no attribute 'owner_id'", None),
    ("AttributeError: 'OrderDraft' object has no attribute 'configure'", None),
    ("SingletonGuard WARNING: 5 duplicate registry classes detected: OrderRegistry, StockRegistry", Some(103)),
    ("SingletonGuard WARNING: multiple registry instances for tenant t-12: potential violation", Some(104)),
    ("SingletonGuard WARNING: registry accessed before initialisation by test-only helper", None),
    ("ModuleNotFoundError: No module named 'pay_service'", Some(105)),
    ("ModuleNotFoundError: No module named 'shop.services.monitoring'", None),
    ("PaymentManager created twice for scope pay_scope", Some(106)),
    ("TimeoutError: QueuePool limit of size 20 overflow 5 reached, connection timed out, timeout 10.00", Some(107)),
    ("TimeoutError: mail relay did not answer within 30.00 s", None),
    ("Database initialization timeout after 25.0s, db_host=10.0.0.9", Some(109)),
    ("Database migration timeout after 25.0s, db_host=10.0.0.9", None),
    ("stock cache is cold for warehouse wh-9", Some(111)),
    ("Refund webhook rejected: signature does not match for refund r-999", Some(113)),
    ("Refund webhook rejected: body is empty for refund r-999", None),
    ("Payout webhook rejected: signature does not match for payout p-1", None),
    ("GET 503 https://api.shop.example/health", Some(115)),
    ("GET 404 https://api.shop.example/health", None),
    ("GET 503 https://api.shop.example/orders/12", None),
    ("KeyError: 'currency'", Some(116)),
    ("KeyError: 'discount'", None),
    ("Error 111 connecting to 10.9.9.9:6379. Connection refused.", Some(117)),
    ("Error 111 connecting to 10.9.9.9:5432. Connection refused.", None),
    ("Tracing SDK not available, error tracking disabled", Some(119)),
    ("Thumbnail worker ran out of memory", None),
    ("Loyalty points job failed: ledger is locked", None),
    ("ValueError: could not convert string to float: 'abc'", None),
    ("Gift card gc-1 cannot be redeemed twice", None),
    ("Traceback (most recent call last): KeyError: 'currency'", Some(116)),
];

#[test]
fn what_is_nearly_said_is_never_written_about_unseen() {
    let bare = |issue: super::super::Issue| super::super::Issue { body: None, body_absent: true, ..issue };
    let titles: Vec<_> = desk().into_iter().map(bare).collect();
    for (name, issues) in [("texts", desk()), ("titles only", titles)] {
        let exports = [export([issues, others()].concat())];
        let mut matcher = Matcher::new(&exports);
        let mut sure = 0;
        for (message, right) in MESSAGES {
            let row = MatchRow { message: message.to_owned(), ..MatchRow::default() };
            let given = matcher.answer(&row);
            if given.status == "ready" {
                assert_eq!(given.target, right, "{name}: {message}: {:?} {:?}", given.why, given.candidates);
                sure += usize::from(right.is_some());
            } else if name == "texts" && right.is_some() {
                let near: Vec<u64> = given.candidates.iter().take(3).map(|candidate| candidate.number).collect();
                assert!(right.is_some_and(|number| near.contains(&number)), "{message}: {near:?}");
            }
        }
        let least = if name == "texts" { 12 } else { 0 };
        assert!(sure >= least, "{name}: only {sure} of the same are surely the same");
    }
}
