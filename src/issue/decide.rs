//! The decision table: what one finding and its match lead to, before anything else of the run is looked at.
//!
//! A pure function with one arm a row of the table. Each arm says its reason in words, because the reason is what a
//! reviewer reads; whatever a later step adds (fitness, caps) it adds to that sentence. The rows of issues that are
//! known stand in [`super::decide_known`].

use super::change::Change;
use super::decide_known::{closed, open, since_last};
use super::export_types::{Issue, IssueState};
use super::finding::{Category, Finding, Priority, Status};
use super::known::Verdict;
use super::marker::LastAction;
use super::matching::{IssueIndex, Match, MatchVerdict, Tier};
use super::planned::{ActionKind, ActionStatus, Baseline, Related, Relation};
use super::policy::{Auto, Policy};
use super::title::rank_number;
use super::{DAY_NS, format_ns};

/// What the table decides for one finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What to do.
    pub kind: ActionKind,
    /// Whether it may be done.
    pub status: ActionStatus,
    /// How the tracker stands to it.
    pub baseline: Baseline,
    /// Issue written to.
    pub target: Option<u64>,
    /// Comment that is rewritten.
    pub comment_id: Option<String>,
    /// Word of the title.
    pub category: Category,
    /// Labels to set.
    pub labels_add: Vec<String>,
    /// Labels to take off.
    pub labels_remove: Vec<String>,
    /// Priority that the issue carries.
    pub previous_priority: Option<Priority>,
    /// Why, in words.
    pub reason: String,
    /// Other issues.
    pub related: Vec<Related>,
    /// What changed.
    pub changes: Vec<Change>,
    /// Our last write to the target.
    pub last_action: Option<LastAction>,
}

/// What the table looks at beside the finding.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The issues.
    pub index: &'a IssueIndex<'a>,
    /// The rules.
    pub policy: &'a Policy,
    /// The end of the data, ns since the epoch.
    pub as_of_ns: i64,
    /// Repository of the finding.
    pub repo: Option<&'a str>,
}

impl Draft {
    /// A row that writes nothing.
    pub(super) fn none(finding: &Finding, baseline: Baseline, reason: impl Into<String>) -> Self {
        Self {
            kind: ActionKind::None,
            status: ActionStatus::Ready,
            baseline,
            target: None,
            comment_id: None,
            category: category(finding),
            labels_add: Vec::new(),
            labels_remove: Vec::new(),
            previous_priority: None,
            reason: reason.into(),
            related: Vec::new(),
            changes: Vec::new(),
            last_action: None,
        }
    }

    pub(super) fn write(finding: &Finding, kind: ActionKind, baseline: Baseline, reason: impl Into<String>) -> Self {
        Self { kind, ..Self::none(finding, baseline, reason) }
    }

    pub(super) fn suppressed(finding: &Finding, baseline: Baseline, reason: impl Into<String>) -> Self {
        Self { status: ActionStatus::Suppressed, ..Self::none(finding, baseline, reason) }
    }

    pub(super) fn on(mut self, number: u64) -> Self {
        self.target = Some(number);
        self
    }

    /// Leaves the action to a person, saying why; a suppressed or empty row stays as it is.
    pub fn review(&mut self, why: &str) {
        if self.kind.writes() && self.status == ActionStatus::Ready {
            self.status = ActionStatus::NeedsReview;
        }
        self.add_reason(why);
    }

    /// Adds to the sentence.
    pub fn add_reason(&mut self, why: &str) {
        if !self.reason.contains(why) {
            self.reason.push_str("; ");
            self.reason.push_str(why);
        }
    }
}

/// The category of a finding by what sets it, else by its status.
pub fn category(finding: &Finding) -> Category {
    finding.category.unwrap_or(match finding.status {
        _ if finding.payload_less => Category::DataQuality,
        Status::Regressed => Category::Regression,
        Status::New => Category::New,
        _ => Category::ActiveDev,
    })
}

/// The table.
pub fn decide(finding: &Finding, matched: &Match, context: &Context<'_>) -> Draft {
    if category(finding) == Category::DataQuality {
        return Draft::none(
            finding,
            Baseline::New,
            "says something about the data, not about a program: a note in the worklog, never an issue",
        );
    }
    if let Some(rule) = &finding.suppressed_by {
        return Draft::suppressed(finding, Baseline::Unchanged, format!("not filed: {rule}"));
    }
    match &matched.decided {
        Some(Verdict::Never) => {
            return Draft::suppressed(finding, Baseline::Unchanged, "a person decided that this is never filed");
        }
        Some(Verdict::Mute(mute)) => {
            let until = mute.until_ns.map_or_else(|| "for good".to_owned(), |ns| format!("until {}", format_ns(ns)));
            let reason = format!("muted by {} {until}: {}", mute.owner, mute.reason);
            return Draft::suppressed(finding, Baseline::Unchanged, reason);
        }
        _ => {}
    }
    if matches!(finding.status, Status::Quiet | Status::Resolved) {
        return gone(finding, matched, context);
    }
    let Some(number) = matched.target else {
        return create(finding, matched, context);
    };
    // What we filed ourselves keeps its row below the floor; a stranger's issue is not bothered with small things.
    let ours = matches!(matched.tier, Tier::Decision | Tier::State | Tier::Marker);
    if !ours && !over_floor(finding, context.policy) {
        return small(finding, context.policy);
    }
    let mut draft = match context.index.issue(context.repo, number) {
        None => outside(finding, matched, number, context),
        Some(issue) => {
            let mut draft = match issue.state_at(Some(context.as_of_ns)) {
                IssueState::Open => open(finding, matched, issue, context),
                IssueState::Closed => closed(finding, matched, issue, context),
            };
            tell_label(&mut draft, finding, issue);
            draft
        }
    };
    if matched.verdict == MatchVerdict::Review {
        if !draft.kind.writes() {
            // The doubtful issue needs nothing; if it is another problem, this one has no issue yet.
            let mut instead = create(finding, matched, context);
            instead.related.push(Related { number: Some(number), action: None, relation: Relation::Mentions });
            draft = instead;
        }
        draft.review(&format!("#{number} is only alike ({}): decide with --issue {number} or --new", matched.score));
    }
    if context.policy.auto == Auto::Exact && matched.tier == Tier::Lexical {
        draft.review("found by words alone, and auto = \"exact\"");
    }
    draft
}

/// Says so where the issue carries another priority than its entries have: people set labels with what they knew then.
fn tell_label(draft: &mut Draft, finding: &Finding, issue: &Issue) {
    let Some(label) = label_priority(issue).filter(|_| draft.target == Some(issue.number)) else { return };
    draft.previous_priority = Some(label);
    if !draft.kind.writes() || draft.kind == ActionKind::Escalate || label == finding.priority {
        return;
    }
    let then = if finding.priority < label { "raise it if you agree" } else { "a label is never lowered by itself" };
    draft.add_reason(&format!("labelled {label}, {} by its terms: {then}", finding.priority));
}

/// An issue that the export does not hold: filed since it was made, or in another repository.
fn outside(finding: &Finding, matched: &Match, number: u64, context: &Context<'_>) -> Draft {
    let mut draft = match context.index.last_action(context.repo, number) {
        Some(last) => {
            if let Some(draft) = taken_back(finding, number, context) {
                return draft;
            }
            since_last(finding, number, None, &last, context)
        }
        None => Draft::write(finding, ActionKind::Comment, Baseline::Updated, matched.why.join("; ")).on(number),
    };
    if draft.kind.writes() {
        draft.review(&format!("#{number} is not in the export, so its state is unknown"));
    }
    draft
}

/// What we filed and took back stays away until a person says otherwise.
pub(super) fn taken_back(finding: &Finding, number: u64, context: &Context<'_>) -> Option<Draft> {
    context.index.link(context.repo, number).filter(|link| link.undone)?;
    let reason = format!("#{number} was filed by an earlier run and taken back");
    Some(Draft::suppressed(finding, Baseline::Unchanged, reason).on(number))
}

/// Absent findings: never written about, except to suggest closing an issue that is surely theirs.
fn gone(finding: &Finding, matched: &Match, context: &Context<'_>) -> Draft {
    let days = finding.absent_covered_days;
    // Words are no ground to suggest closing: they were never what the issue was filed for.
    let sure = matched.tier < Tier::Lexical && matched.verdict == MatchVerdict::Auto;
    let long = days >= context.policy.absent_days;
    let open = matched
        .target
        .and_then(|number| context.index.issue(context.repo, number))
        .filter(|issue| long && issue.state_at(Some(context.as_of_ns)) == IssueState::Open);
    match open {
        Some(issue) if sure => {
            let reason = format!(
                "not seen on {days} covered days up to the end of the data; last {}",
                format_ns(finding.last_ns)
            );
            let mut draft =
                Draft::write(finding, ActionKind::CloseCandidate, Baseline::Absent, reason).on(issue.number);
            draft.review("closing is always left to a person");
            draft
        }
        Some(issue) if matched.verdict == MatchVerdict::Auto => Draft::none(
            finding,
            Baseline::Absent,
            format!("gone for {days} covered days; the open #{} says the same: look whether it is done", issue.number),
        ),
        _ => Draft::none(
            finding,
            Baseline::Absent,
            "not there at the end of the data: nothing is written about what is gone",
        ),
    }
}

/// No issue is meant.
fn create(finding: &Finding, matched: &Match, context: &Context<'_>) -> Draft {
    let policy = context.policy;
    let decided_new = matches!(matched.decided, Some(Verdict::New { .. }));
    if !over_floor(finding, policy) {
        let mut draft = small(finding, policy);
        if finding.severity >= policy.lone_severity && finding.events > 0 {
            draft.kind = ActionKind::Create;
            if decided_new {
                draft.add_reason("a person decided that this is a problem of its own");
            } else {
                draft.review(&format!("{} all the same, so a person looks", finding.severity_name));
            }
            draft.labels_add = create_labels(finding, policy);
        }
        return draft;
    }
    let why = if decided_new {
        "a person decided that this is a problem of its own".to_owned()
    } else {
        matched.why.join("; ")
    };
    let reason = format!("{}, {} events: over the floor; {why}", finding.priority, finding.events);
    let mut draft = Draft::write(finding, ActionKind::Create, Baseline::New, reason);
    draft.labels_add = create_labels(finding, policy);
    if policy.auto == Auto::Exact && !decided_new {
        draft.review("auto = \"exact\": new issues wait for a person");
    }
    if !context.index.has_bodies() && !decided_new {
        draft.review("most issues of the export have no text, so that no match means little");
    }
    draft
}

pub(super) fn small(finding: &Finding, policy: &Policy) -> Draft {
    let reason = format!(
        "{} with {} events is below the floor ({} with {}, or {} alone)",
        finding.priority, finding.events, policy.create_floor, policy.create_min_events, policy.create_alone
    );
    Draft::none(finding, Baseline::New, reason)
}

/// Whether a finding is worth an issue.
pub fn over_floor(finding: &Finding, policy: &Policy) -> bool {
    (finding.priority <= policy.create_floor && finding.events >= policy.create_min_events)
        || (finding.priority <= policy.create_alone && finding.events > 0)
}

/// Issues that people have taken out of our hands: set aside for a time, or opening and closing again and again.
pub(super) fn left_to_people(finding: &Finding, issue: &Issue, context: &Context<'_>) -> Option<Draft> {
    let (number, policy) = (issue.number, context.policy);
    if issue.has_label(&policy.flaky_label) {
        let reason = format!("#{number} is labelled {}: left to people", policy.flaky_label);
        return Some(Draft::suppressed(finding, Baseline::Unchanged, reason).on(number));
    }
    if let Some(draft) = taken_back(finding, number, context) {
        return Some(draft);
    }
    let link = context.index.link(context.repo, number)?;
    if let Some(until) = link.suppressed_until_ns.filter(|until| *until > context.as_of_ns) {
        let reason = format!("#{number} is left alone until {}", format_ns(until));
        return Some(Draft::suppressed(finding, Baseline::Unchanged, reason).on(number));
    }
    let from = context.as_of_ns.saturating_sub(policy.flaky_days * DAY_NS);
    let reopened = link.reopened_ns.iter().filter(|at| **at >= from && **at <= context.as_of_ns).count();
    (reopened >= policy.flaky_reopens).then(|| {
        let reason = format!(
            "#{number} was reopened {reopened} times in {} days: labelled, and left to people",
            policy.flaky_days
        );
        let mut draft = Draft::write(finding, ActionKind::Relabel, Baseline::Updated, reason).on(number);
        draft.labels_add = vec![policy.flaky_label.clone()];
        draft
    })
}

/// The priority that an issue carries as a label (`P1`, `P0-critical`); the worst of several.
pub fn label_priority(issue: &Issue) -> Option<Priority> {
    issue.labels.iter().filter_map(|label| label_rank(label)).min().map(Priority::new)
}

/// The number of a label that is a priority: `P1`, `P0-critical`.
pub(super) fn label_rank(label: &str) -> Option<u8> {
    rank_number(label.split(['-', ':', ' ']).next().unwrap_or_default())
}

pub(super) fn missing_priority(finding: &Finding, issue: &Issue, policy: &Policy) -> Vec<String> {
    let wanted = policy.priority_labels && label_priority(issue).is_none();
    wanted.then(|| finding.priority.to_string()).into_iter().collect()
}

pub(super) fn create_labels(finding: &Finding, policy: &Policy) -> Vec<String> {
    let priority = policy.priority_labels.then(|| finding.priority.to_string());
    [Some(policy.label.clone()).filter(|label| !label.is_empty()), priority].into_iter().flatten().collect()
}
