//! Tests of the module, with a small invented tracker to plan against.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod actions_file;
mod documented;
mod exports;
mod identities;
mod matching;
mod properties;
mod returned;
mod run;
mod slow;
mod table;
mod table_closed;

use super::fitness::{ExportState, fitness};
use super::{
    Comment, Decision, Export, Finding, IndexOptions, Issue, IssueIndex, IssueState, Link, PlannedAction, Policy,
    Priority, RunFacts, StateReason, parse_ns, plan,
};

/// The end of the data in every test.
pub(super) const AS_OF: &str = "2030-03-20T12:00:00Z";
pub(super) const FP: &str = "lgfp1:00000000000000aa";
pub(super) const MESSAGE: &str = "Ledger writer lost its lease on shard_map after 12 s";

pub(super) fn ns(text: &str) -> i64 {
    parse_ns(text).unwrap()
}

/// An open issue of a person, with the message quoted.
pub(super) fn issue(number: u64, title: &str, message: &str) -> Issue {
    Issue {
        number,
        title: title.to_owned(),
        body: Some(format!("It happens on every start.\n\n```\n{message}\n```\n")),
        body_absent: false,
        state: IssueState::Open,
        state_reason: None,
        labels: Vec::new(),
        created_ns: Some(ns("2030-01-05T08:00:00Z")),
        closed_ns: None,
        updated_ns: Some(ns("2030-03-01T08:00:00Z")),
        url: Some(format!("https://github.com/acme/shop/issues/{number}")),
        author: Some("robin".to_owned()),
        author_association: Some("MEMBER".to_owned()),
        comments: Vec::new(),
    }
}

/// A few of some words.
pub(super) fn words(known: &'static [&'static str], most: usize) -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::strategy::Strategy as _;
    proptest::collection::vec(proptest::sample::select(known), 1..most).prop_map(|words| words.join(" "))
}

pub(super) fn closed(mut issue: Issue, at: &str, reason: Option<StateReason>) -> Issue {
    issue.state = IssueState::Closed;
    issue.closed_ns = Some(ns(at));
    issue.state_reason = reason;
    issue
}

/// The issue that is about [`MESSAGE`].
pub(super) fn ledger() -> Issue {
    issue(7, "Ledger writer loses its lease", MESSAGE)
}

/// [`ledger`], filed by us; the marker says up to when.
pub(super) fn filed(at: &str) -> Issue {
    let mut own = ledger();
    own.labels = vec!["log-gardener".to_owned(), "P2".to_owned()];
    let markers = super::Markers {
        fp: Some(FP.to_owned()),
        sigs: vec!["00000000000000b1".to_owned()],
        also: Vec::new(),
        act: Some("act_00000000000000c1".to_owned()),
        at_ns: Some(ns(at)),
        ..super::Markers::default()
    };
    own.body = Some(format!("{}\n{}", markers.format(), own.body.unwrap()));
    own
}

/// A comment of ours.
pub(super) fn our_comment(at: &str, id: Option<&str>) -> Comment {
    let markers = super::Markers { fp: Some(FP.to_owned()), at_ns: Some(ns(at)), ..super::Markers::default() };
    Comment {
        id: id.map(str::to_owned),
        author: Some("robin".to_owned()),
        author_association: Some("MEMBER".to_owned()),
        body: format!("{}\nStill there.", markers.format()),
        created_ns: Some(ns(at)),
        updated_ns: None,
    }
}

/// Issues that every tracker has beside the one in question; among them a closed one, so that the export is fit.
pub(super) fn others() -> Vec<Issue> {
    vec![
        issue(1, "Checkout button is misaligned", "layout warning in checkout_button at width 320"),
        issue(2, "Search returns stale results", "index refresh skipped for catalog_index because queue is full"),
        issue(3, "Mail template misses the footer", "template order_mail rendered without block footer"),
        closed(
            issue(4, "Login page is slow", "login took 9 s, budget 2 s"),
            "2030-02-01T00:00:00Z",
            Some(StateReason::Completed),
        ),
    ]
}

pub(super) fn export(issues: Vec<Issue>) -> Export {
    Export {
        path: "issues.json".to_owned(),
        repo: Some("acme/shop".to_owned()),
        exported_at: Some(ns("2030-03-20T12:30:00Z")),
        state: Some("all".to_owned()),
        rows: issues.len(),
        issues,
        sha256: "0".repeat(64),
        dropped_pull_requests: 0,
        dropped_malformed: 0,
    }
}

/// A finding worth an issue, whose message is [`MESSAGE`].
pub(super) fn finding() -> Finding {
    Finding {
        id: "C00000000".to_owned(),
        title: "Ledger writer lost its lease".to_owned(),
        service: "ledger".to_owned(),
        project: "acme".to_owned(),
        kind: "app".to_owned(),
        fingerprint: FP.to_owned(),
        signatures: vec![("00000000000000b1".to_owned(), 40)],
        status: super::Status::Ongoing,
        severity: 500,
        severity_name: "ERROR".to_owned(),
        priority: Priority::new(2),
        priority_score: 50,
        priority_why: vec!["ERROR 30".to_owned(), "seen on 4 days 10".to_owned()],
        priority_terms_beside_severity: 2,
        entries: 40,
        events: 12,
        first_ns: ns("2030-03-10T00:00:00Z"),
        last_ns: ns("2030-03-20T11:00:00Z"),
        insert_ids: (0..7).map(|at| format!("insert{at}")).collect(),
        message: MESSAGE.to_owned(),
        active_period_start_ns: ns("2030-03-10T00:00:00Z"),
        query: "severity>=ERROR".to_owned(),
        worklog_anchor: "worklog.md#c00000000".to_owned(),
        ..Finding::default()
    }
}

/// Everything that a plan depends on, ready to be changed by a test.
pub(super) struct World {
    pub(super) issues: Vec<Issue>,
    pub(super) exports: Option<Vec<Export>>,
    pub(super) decisions: Vec<Decision>,
    pub(super) links: Vec<Link>,
    pub(super) policy: Policy,
    pub(super) run: RunFacts,
}

impl World {
    /// A fit export of the given issues and some others.
    pub(super) fn with(issues: Vec<Issue>) -> Self {
        Self {
            issues,
            exports: None,
            decisions: Vec::new(),
            links: Vec::new(),
            policy: Policy { repo: "acme/shop".to_owned(), ..Policy::default() },
            run: RunFacts { as_of_ns: ns(AS_OF), blocked_by: None },
        }
    }

    pub(super) fn states(&self) -> Vec<ExportState> {
        let exports = self.exports.clone().unwrap_or_else(|| vec![export([self.issues.clone(), others()].concat())]);
        let newest = ns(AS_OF) - 1;
        exports.into_iter().map(|export| ExportState { fitness: fitness(&export, newest, ns(AS_OF)), export }).collect()
    }

    pub(super) fn plan(&self, findings: &[Finding]) -> Vec<PlannedAction> {
        let states = self.states();
        let exports: Vec<Export> = states.iter().map(|state| state.export.clone()).collect();
        let options = IndexOptions {
            as_of_ns: Some(self.run.as_of_ns),
            trust: self.policy.trust(),
            decisions: self.decisions.clone(),
            links: self.links.clone(),
        };
        plan(findings, &IssueIndex::new(&exports, options), &states, &self.policy, &self.run)
    }

    pub(super) fn one(&self, finding: &Finding) -> PlannedAction {
        self.plan(std::slice::from_ref(finding)).remove(0)
    }
}
