//! Plans a run: findings and issues in, actions without bodies out.
//!
//! A pure function. The order is that of importance and depends on the findings alone; ids depend on what is written
//! and never on when the plan was made, so that a second run over the same data plans the same writes. Doubt about the
//! tracker (an unfit export, an unknown repository) and about the data never drops an action: it stays in the list,
//! for a person.

use super::commands::{fill_commands, is_repo};
use super::decide::{Context, decide};
use super::export_types::IssueState;
use super::finding::{Finding, Role};
use super::fingerprint::action_id;
use super::fitness::ExportState;
use super::group::{Item, keep_open_what_goes_on, link_symptoms, one_issue_per_title, one_write_per_issue, roots};
use super::known::Verdict;
use super::marker::{LastAction, act_marker};
use super::matching::{IssueIndex, Match, MatchSubject};
use super::planned::{ActionKind, ActionStatus, DoneWhen, Evidence, PlannedAction, Related, Relation, Target};
use super::policy::{Caps, Policy, Tracker};
use super::title::make_title;
use rayon::prelude::*;
use std::cmp::Reverse;

/// Most insert ids that an action names.
const MAX_INSERT_IDS: usize = 5;

/// What holds for the run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// The end of the data, ns since the epoch.
    pub as_of_ns: i64,
    /// Why the data are too thin to act on (share of entries without payload, nothing but a collector's note).
    pub blocked_by: Option<String>,
}

/// The repository that a finding is filed in: its service's own, else the policy's, else that of the only export.
pub fn repo_of(finding: &Finding, policy: &Policy, exports: &[ExportState]) -> String {
    let only = || match exports {
        [one] => one.export.repo.clone(),
        _ => None,
    };
    let policy_repo = || Some(policy.repo.clone()).filter(|repo| !repo.is_empty());
    finding.repo.clone().or_else(policy_repo).or_else(only).unwrap_or_default()
}

/// What an index is asked about a finding. `root_fingerprint` is that of its family's root when it is a symptom.
pub fn subject_of<'a>(
    finding: &'a Finding,
    repo: Option<&'a str>,
    root_fingerprint: Option<&'a str>,
) -> MatchSubject<'a> {
    MatchSubject {
        repo,
        fingerprint: Some(&finding.fingerprint),
        aliases: &finding.aliases,
        signatures: &finding.signatures,
        root_fingerprint,
        title: Some(&finding.title),
        headline: finding.headline.as_deref(),
        message: &finding.message,
        module: finding.module.as_deref(),
        function: finding.function.as_deref(),
        exception: finding.exception.as_deref(),
        service: Some(&finding.service),
        severity: Some(&finding.severity_name),
        ignore_mute: false,
    }
}

/// The issue of a finding. A mute that does not hold any more counts as none.
fn found(finding: &Finding, subject: MatchSubject<'_>, index: &IssueIndex<'_>, as_of_ns: i64) -> Match {
    let matched = index.find(&subject);
    match &matched.decided {
        Some(Verdict::Mute(mute)) if !mute.holds(as_of_ns, finding.events, finding.severity) => {
            let mut again = index.find(&MatchSubject { ignore_mute: true, ..subject });
            again.why.push(format!("the mute of {} ended: its day came, or it is worse than then", mute.owner));
            again
        }
        _ => matched,
    }
}

/// Our last write to the issue of each finding, in the order given: what a caller needs to compute `changes` before
/// [`plan`] is called.
pub fn last_actions(
    findings: &[Finding],
    index: &IssueIndex<'_>,
    exports: &[ExportState],
    policy: &Policy,
) -> Vec<Option<LastAction>> {
    let all: Vec<&Finding> = findings.iter().collect();
    let roots = roots(&all);
    let last = all.par_iter().zip(&roots).map(|(finding, root)| {
        let repo = repo_of(finding, policy, exports);
        let repo = Some(repo.as_str()).filter(|repo| !repo.is_empty());
        let root = root.map(|at| findings[at].fingerprint.as_str());
        let number = index.find(&subject_of(finding, repo, root)).target?;
        index.last_action(repo, number)
    });
    last.collect()
}

/// Plans the actions of a run, in the order of carrying out.
pub fn plan<'f>(
    findings: &'f [Finding],
    index: &IssueIndex<'_>,
    exports: &[ExportState],
    policy: &Policy,
    run: &RunFacts,
) -> Vec<PlannedAction> {
    let mut order: Vec<&'f Finding> = findings.iter().collect();
    order.sort_by_key(|finding| {
        (finding.priority, Reverse(finding.priority_score), rank(finding.role), finding.id.clone())
    });
    let roots = roots(&order);
    let item = |(at, finding): (usize, &&'f Finding)| {
        let repo = repo_of(finding, policy, exports);
        let asked = Some(repo.as_str()).filter(|repo| !repo.is_empty());
        let root_fingerprint = roots[at].map(|root| order[root].fingerprint.as_str());
        let matched = found(finding, subject_of(finding, asked, root_fingerprint), index, run.as_of_ns);
        let context = Context { index, policy, as_of_ns: run.as_of_ns, repo: asked };
        let draft = decide(finding, &matched, &context);
        Item { finding, repo, matched, draft, root: roots[at], also: Vec::new(), twin_of: None }
    };
    let mut items: Vec<Item<'f>> = order.par_iter().enumerate().map(item).collect();
    link_symptoms(&mut items);
    keep_open_what_goes_on(&mut items);
    one_write_per_issue(&mut items);
    one_issue_per_title(&mut items);
    for item in &mut items {
        doubt(item, exports, policy.tracker, run);
    }
    let mut actions: Vec<PlannedAction> = items.par_iter().map(|item| action(item, index, policy)).collect();
    relate(&items, &mut actions);
    for (at, action) in actions.iter_mut().enumerate() {
        action.seq = at + 1;
        if policy.tracker == Tracker::Github {
            fill_commands(action);
        }
    }
    hold_by_caps(&mut actions, &policy.caps);
    actions
}

fn rank(role: Role) -> u8 {
    match role {
        Role::Root => 0,
        Role::Independent => 1,
        Role::Symptom => 2,
    }
}

/// Everything that speaks against writing unseen.
fn doubt(item: &mut Item<'_>, exports: &[ExportState], tracker: Tracker, run: &RunFacts) {
    if !item.draft.kind.writes() {
        return;
    }
    if let Some(why) = run.blocked_by.as_ref().or(item.finding.blocked_by.as_ref()) {
        item.draft.status = ActionStatus::BlockedIncompleteData;
        item.draft.add_reason(why);
        return;
    }
    if tracker != Tracker::Github {
        let name = tracker.as_str();
        item.draft
            .review(&format!("what {name} holds is not known here: look there before this is filed by other means"));
        return;
    }
    if !is_repo(&item.repo) {
        item.draft.review("which repository this belongs to is unknown: set repo in the configuration or give --issues OWNER/REPO=FILE");
    }
    let held =
        |state: &&ExportState| state.export.repo.as_deref().is_none_or(|repo| repo.eq_ignore_ascii_case(&item.repo));
    let relevant: Vec<&ExportState> = exports.iter().filter(held).collect();
    if relevant.is_empty() {
        let repo = if item.repo.is_empty() { "OWNER/REPO" } else { &item.repo };
        let why =
            format!("no issue export of {repo}: run scripts/export-issues.sh {repo} and give the file with --issues");
        item.draft.review(&why);
    }
    for reason in relevant.iter().filter(|state| !state.fitness.is_fit()).flat_map(|state| &state.fitness.reasons) {
        item.draft.review(reason);
    }
}

fn action(item: &Item<'_>, index: &IssueIndex<'_>, policy: &Policy) -> PlannedAction {
    let (finding, draft) = (item.finding, &item.draft);
    let change_key: Vec<String> = match draft.kind {
        ActionKind::Create | ActionKind::Reopen => Vec::new(),
        _ => draft.changes.iter().map(|change| change.key.clone()).collect(),
    };
    let id = action_id(
        &item.repo,
        &finding.fingerprint,
        draft.kind.as_str(),
        draft.target,
        finding.active_period_start_ns,
        &change_key,
    );
    let repo = Some(item.repo.as_str()).filter(|repo| !repo.is_empty());
    let target = draft.target.map(|number| {
        let issue = index.issue(repo, number);
        Target {
            number,
            url: issue
                .and_then(|issue| issue.url.clone())
                .or_else(|| index.link(repo, number).and_then(|link| link.url.clone())),
            state: issue.map(|issue| issue.state_at(index.as_of_ns())),
            state_reason: issue.and_then(|issue| issue.state_reason.as_ref().map(|reason| reason.as_str().to_owned())),
            closed_ns: issue.and_then(|issue| issue.closed_ns),
            updated_ns: issue.and_then(|issue| issue.updated_ns),
            comment_id: draft.comment_id.clone(),
        }
    });
    let title = (draft.kind == ActionKind::Create).then(|| {
        let name = finding.headline.as_deref().unwrap_or(&finding.title);
        make_title(&policy.title, draft.category.as_str(), &finding.priority.to_string(), name)
    });
    PlannedAction {
        done_when: done_when(&id, item),
        id,
        seq: 0,
        depends_on: Vec::new(),
        kind: draft.kind,
        status: draft.status,
        cluster_id: finding.id.clone(),
        cluster_title: finding.title.clone(),
        family: finding.family.clone(),
        role: finding.role,
        service: finding.service.clone(),
        fingerprint: finding.fingerprint.clone(),
        aliases: finding.aliases.clone(),
        signatures: super::top_signatures(&finding.signatures).into_iter().map(|(id, _)| id).collect(),
        also: item.also.clone(),
        baseline: draft.baseline,
        target,
        title,
        labels_add: draft.labels_add.clone(),
        labels_remove: draft.labels_remove.clone(),
        priority: finding.priority,
        previous_priority: draft.previous_priority,
        priority_why: finding.priority_why.clone(),
        category: draft.category,
        evidence: Evidence {
            entries: finding.entries,
            events: finding.events,
            first_ns: finding.first_ns,
            last_ns: finding.last_ns,
            insert_ids: finding.insert_ids.iter().take(MAX_INSERT_IDS).cloned().collect(),
            query: finding.query.clone(),
            worklog: finding.worklog_anchor.clone(),
        },
        reason: draft.reason.clone(),
        matched: item.matched.clone(),
        related: draft.related.clone(),
        commands: Vec::new(),
        side_files: Vec::new(),
        repo: item.repo.clone(),
        owner: finding.owner.clone(),
        assignees: finding.assignees.clone(),
        change_key,
        changes: draft.changes.iter().map(|change| change.words.clone()).collect(),
        compared: finding.changes.clone().filter(|_| !draft.changes.is_empty()),
        since_closing: None,
        last_action: draft.last_action.clone(),
    }
}

fn done_when(id: &str, item: &Item<'_>) -> DoneWhen {
    let draft = &item.draft;
    let state = match draft.kind {
        ActionKind::Create | ActionKind::Reopen => Some(IssueState::Open.as_str()),
        ActionKind::CloseCandidate => Some(IssueState::Closed.as_str()),
        _ => None,
    };
    DoneWhen {
        marker: draft.kind.has_body().then(|| act_marker(id)),
        state,
        labels: if draft.kind.writes() { draft.labels_add.clone() } else { Vec::new() },
    }
}

/// Points symptoms at their root's action and its issue, and a second issue of one title at the first.
fn relate(items: &[Item<'_>], actions: &mut [PlannedAction]) {
    for (at, item) in items.iter().enumerate() {
        if let Some(first) = item.twin_of {
            let first_id = actions[first].id.clone();
            actions[at].depends_on = vec![first_id.clone()];
            let mentions = Related { number: None, action: Some(first_id), relation: Relation::Mentions };
            actions[at].related.push(mentions);
        }
        let Some(root) = item.root else { continue };
        let (root_id, writes) = (actions[root].id.clone(), actions[root].kind.writes());
        let number = actions[root].target.as_ref().map(|target| target.number);
        let action = &mut actions[at];
        if action.kind != ActionKind::Link {
            continue;
        }
        action.related.retain(|seen| seen.number != number || number.is_none());
        action.related.insert(0, Related { number, action: Some(root_id.clone()), relation: Relation::CausedBy });
        if writes {
            action.depends_on = vec![root_id];
        }
    }
}

/// Holds back what is too much for one run; the list is in order of importance, so the least important waits.
fn hold_by_caps(actions: &mut [PlannedAction], caps: &Caps) {
    let (mut creates, mut comments, mut reopens, mut total) = (0, 0, 0, 0);
    for action in actions.iter_mut().filter(|action| action.kind.writes() && action.status == ActionStatus::Ready) {
        let (count, cap, word) = match action.kind {
            ActionKind::Create => (&mut creates, caps.max_create, "new issues"),
            ActionKind::Reopen => (&mut reopens, caps.max_reopen, "reopened issues"),
            _ => (&mut comments, caps.max_comment, "comments"),
        };
        let over = if *count >= cap {
            Some(format!("held: at most {cap} {word} a run"))
        } else if total >= caps.max_total {
            Some(format!("held: at most {} writes a run", caps.max_total))
        } else {
            None
        };
        if let Some(why) = over {
            action.status = ActionStatus::HeldByCap;
            action.reason = format!("{}; {why}", action.reason);
        } else {
            *count += 1;
            total += 1;
        }
    }
}
