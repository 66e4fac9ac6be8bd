//! The rows of the decision table for an issue that is known: open, and closed.
//!
//! An open issue hears from us only when something changed; a closed one is opened again only when the problem is back
//! in a revision that its fix should have been in.

use super::change::ChangeFacts;
use super::decide::{
    Context, Draft, create_labels, label_priority, label_rank, left_to_people, missing_priority, over_floor, small,
};
use super::export_types::{Issue, StateReason};
use super::finding::{Category, Finding};
use super::marker::LastAction;
use super::matching::{Match, Tier};
use super::planned::{ActionKind, Baseline, Related, Relation};
use super::policy::Policy;
use super::{DAY_NS, HOUR_NS, format_ns};

/// A known issue that is open.
pub(super) fn open(finding: &Finding, matched: &Match, issue: &Issue, context: &Context<'_>) -> Draft {
    if let Some(draft) = left_to_people(finding, issue, context) {
        return draft;
    }
    let Some(last) = context.index.last_action(context.repo, issue.number) else {
        return first_contact(finding, matched, issue, context.policy);
    };
    since_last(finding, issue.number, Some(issue), &last, context)
}

/// We never wrote to it, as far as can be known.
fn first_contact(finding: &Finding, matched: &Match, issue: &Issue, policy: &Policy) -> Draft {
    if matches!(matched.tier, Tier::State | Tier::Marker) {
        let reason = format!("filed as #{}; up to when is unknown, so no change is known", issue.number);
        return Draft::none(finding, Baseline::Unchanged, reason).on(issue.number);
    }
    let reason = format!("open #{}, to which this was never reported: {}", issue.number, matched.why.join("; "));
    let mut draft = Draft::write(finding, ActionKind::Comment, Baseline::Updated, reason).on(issue.number);
    draft.labels_add = missing_priority(finding, issue, policy);
    draft
}

/// We wrote to it before: only what changed since is worth another word. `issue` is `None` for one outside the export.
pub(super) fn since_last(
    finding: &Finding,
    number: u64,
    issue: Option<&Issue>,
    last: &LastAction,
    context: &Context<'_>,
) -> Draft {
    let mut draft = changed(finding, number, issue, last, context);
    draft.last_action = Some(last.clone());
    draft
}

fn changed(finding: &Finding, number: u64, issue: Option<&Issue>, last: &LastAction, context: &Context<'_>) -> Draft {
    let policy = context.policy;
    let changes = finding.changes.as_ref().map(ChangeFacts::changes).unwrap_or_default();
    let since = format_ns(last.at_ns);
    if changes.is_empty() {
        return Draft::none(
            finding,
            Baseline::Unchanged,
            format!("#{number} says so already; nothing changed since {since}"),
        )
        .on(number);
    }
    let words: Vec<&str> = changes.iter().map(|change| change.words.as_str()).collect();
    let reason = format!("#{number}, since {since}: {}", words.join(", "));
    let age = context.as_of_ns.saturating_sub(last.at_ns.max(last.written_ns.unwrap_or(last.at_ns)));
    let recent = last.is_comment && age < policy.comment_gap_h * HOUR_NS;
    if changes.iter().all(|change| change.is_count) && age < policy.count_gap_days * DAY_NS {
        let mut draft = Draft::none(finding, Baseline::Unchanged, reason).on(number);
        draft.add_reason(&format!("only counts changed, worth one comment in {} days", policy.count_gap_days));
        return draft;
    }
    let previous = issue.and_then(label_priority).or(finding.changes.as_ref().and_then(|facts| facts.before.priority));
    let raised = changes.iter().any(|change| change.is_priority)
        && previous.is_some_and(|old| finding.priority < old)
        && (finding.priority_terms_beside_severity >= 2 || finding.priority_fixed_by.is_some());
    let kind = match (raised, recent) {
        (true, _) => ActionKind::Escalate,
        (false, true) => ActionKind::EditComment,
        (false, false) => ActionKind::Comment,
    };
    let mut draft = Draft::write(finding, kind, Baseline::Updated, reason).on(number);
    draft.previous_priority = previous;
    if recent {
        if last.comment_id.is_none() {
            draft = Draft::none(finding, Baseline::Updated, draft.reason).on(number);
            draft.add_reason(&format!(
                "our last comment is younger than {} h and its id is unknown",
                policy.comment_gap_h
            ));
            draft.changes = changes;
            return draft;
        }
        draft.comment_id.clone_from(&last.comment_id);
    }
    if let (true, Some(old)) = (raised, previous) {
        // One step a run, and never down: a jump from P4 to P0 is more often a fault of the numbers than of the world.
        let next = old.raised();
        draft.add_reason(&format!("escalated {old} -> {next}"));
        if policy.priority_labels {
            draft.labels_add = vec![next.to_string()];
            let carried = issue.map_or(&[][..], |issue| issue.labels.as_slice());
            draft.labels_remove =
                carried.iter().filter(|label| label_rank(label) == Some(old.number())).cloned().collect();
        }
    }
    draft.changes = changes;
    draft
}

/// A known issue that is closed.
pub(super) fn closed(finding: &Finding, matched: &Match, issue: &Issue, context: &Context<'_>) -> Draft {
    let (number, policy) = (issue.number, context.policy);
    if issue.closed_unwanted() {
        let how = issue.state_reason.as_ref().map(|reason| reason.as_str().replace('_', " "));
        let how = how.filter(|how| how != "completed").unwrap_or_else(|| "unwanted, by its labels".to_owned());
        let reason = format!("#{number} was closed as {how}");
        return Draft::suppressed(finding, Baseline::Unchanged, reason).on(number);
    }
    if let Some(draft) = left_to_people(finding, issue, context) {
        return draft;
    }
    // The export is older than our own reopening, which knew of this closing.
    let reopened = |ns: &i64| issue.closed_ns.is_some_and(|closed| *ns >= closed);
    if let Some(last) = context
        .index
        .link(context.repo, number)
        .filter(|link| link.reopened_ns.iter().any(reopened))
        .and_then(|_| context.index.last_action(context.repo, number))
    {
        return since_last(finding, number, Some(issue), &last, context);
    }
    let same = matched.why.join("; ");
    let mut draft =
        Draft::write(finding, ActionKind::Reopen, Baseline::Updated, format!("closed #{number}: {same}")).on(number);
    draft.category = finding.category.unwrap_or(Category::Regression);
    draft.labels_add = missing_priority(finding, issue, policy);
    let Some(closed_ns) = issue.closed_ns else {
        draft.review("when it was closed is unknown");
        return draft;
    };
    let quiet = |reason: String| Draft::none(finding, Baseline::Unchanged, reason).on(number);
    if finding.last_ns <= closed_ns {
        return quiet(format!("old logs: nothing after #{number} was closed {}", format_ns(closed_ns)));
    }
    if finding.revisions.is_empty() {
        if finding.last_ns <= closed_ns.saturating_add(policy.reopen_grace_h * HOUR_NS) {
            return quiet(format!(
                "seen after #{number} was closed {}, but within {} h and in an unknown revision",
                format_ns(closed_ns),
                policy.reopen_grace_h
            ));
        }
        draft.add_reason(&format!(
            "seen again {}, more than {} h after closing",
            format_ns(finding.last_ns),
            policy.reopen_grace_h
        ));
    } else {
        let newer = finding
            .revisions
            .iter()
            .filter(|(_, first)| *first > closed_ns)
            .min_by_key(|(name, first)| (*first, name.clone()));
        let Some((revision, _)) = newer else {
            return quiet(format!(
                "seen after #{number} was closed {}, but only in revisions that ran before: a fix may not be deployed yet",
                format_ns(closed_ns)
            ));
        };
        draft.add_reason(&format!(
            "seen again in revision {revision}, first seen after closing {}",
            format_ns(closed_ns)
        ));
    }
    if context.as_of_ns.saturating_sub(closed_ns) > policy.reopen_days * DAY_NS {
        if !over_floor(finding, policy) {
            return small(finding, policy);
        }
        draft.kind = ActionKind::Create;
        draft.baseline = Baseline::New;
        draft.target = None;
        draft.labels_add = create_labels(finding, policy);
        draft.related.push(Related { number: Some(number), action: None, relation: Relation::RegressionOf });
        draft.add_reason(&format!("closed more than {} days ago, so a new issue", policy.reopen_days));
        return draft;
    }
    match &issue.state_reason {
        Some(StateReason::Completed) => {}
        None if matched.tier == Tier::Decision => draft.add_reason("a person named this issue"),
        None => draft.review("the export does not say why it was closed"),
        Some(other) => draft.review(&format!("closed as `{}`", other.as_str())),
    }
    draft
}
