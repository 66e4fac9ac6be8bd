//! Makes the frozen `actions.json` out of a plan: run data, exports, planned actions and the bodies made for them.
//!
//! A separate file so that the frozen types know nothing of the internal ones.

use super::export_types::{Export, IssueState};
use super::finding::{self, Role as FindingRole};
use super::fingerprint::SCHEME;
use super::fitness::{ExportState, valid_until_ns};
use super::format_ns;
use super::marker::act_marker;
use super::matching::{Match as FoundMatch, Tier as FoundTier};
use super::planned::{self, ActionKind, ActionStatus, Baseline, PlannedAction};
use super::policy::Policy;
use super::v1::{
    Action, ActionList, BaselineState, Candidate, Caps, Category, Cluster, DoneWhen, Evidence, Expect, Fingerprint,
    IssuesExport, Kind, LabelRequired, Labels, Match, Priority, Related, Relation, Role, Run, SCHEMA, SCHEMA_VERSION,
    Source, State, Status, Target, Tier, Tracker, Unplanned,
};
use std::collections::{BTreeMap, BTreeSet};

/// The body made for an action, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyInfo {
    /// Path beside `actions.json`.
    pub file: String,
    /// sha256 of its bytes, 64 hex.
    pub sha256: String,
    /// Characters.
    pub chars: u64,
}

/// Joins everything into the frozen form. `bodies` by action id; actions without one have no body.
pub fn build(
    run: Run,
    mut source: Vec<Source>,
    exports: &[ExportState],
    policy: &Policy,
    actions: &[PlannedAction],
    bodies: &BTreeMap<String, BodyInfo>,
    unplanned: Option<Unplanned>,
) -> ActionList {
    source.sort_by(|a, b| (&a.path, &a.content_id).cmp(&(&b.path, &b.content_id)));
    let held = actions.iter().filter(|action| action.status == ActionStatus::HeldByCap);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    ActionList {
        schema: SCHEMA.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        run,
        source,
        issues_exports: exports.iter().map(IssuesExport::from).collect(),
        labels_required: labels_required(actions, exports),
        caps: Caps {
            max_create: count(policy.caps.max_create),
            max_comment: count(policy.caps.max_comment),
            max_reopen: count(policy.caps.max_reopen),
            max_total: count(policy.caps.max_total),
            min_interval_ms: policy.caps.min_interval_ms,
            truncated: held.map(|action| action.id.clone()).collect(),
        },
        actions: actions.iter().map(|action| one(action, bodies.get(&action.id))).collect(),
        unplanned,
        valid_until: valid_until_ns(exports).map(format_ns),
    }
}

fn labels_required(actions: &[PlannedAction], exports: &[ExportState]) -> Vec<LabelRequired> {
    let known = |name: &str| {
        let carried = |export: &Export| export.issues.iter().any(|issue| issue.has_label(name));
        exports.iter().any(|state| carried(&state.export)).then_some(true)
    };
    let names: BTreeSet<&String> =
        actions.iter().filter(|action| action.kind.writes()).flat_map(|action| &action.labels_add).collect();
    names.into_iter().map(|name| LabelRequired { name: name.clone(), exists: known(name) }).collect()
}

impl From<&ExportState> for IssuesExport {
    fn from(state: &ExportState) -> Self {
        let export = &state.export;
        Self {
            path: export.path.clone(),
            sha256: export.sha256.clone(),
            count: export.issues.len() as u64,
            exported_at: export.exported_at.map(format_ns),
            tracker: Tracker::Github,
            repo: export.repo.clone(),
            complete: state.fitness.complete,
            stale: state.fitness.stale,
            reasons: state.fitness.reasons.clone(),
        }
    }
}

fn one(action: &PlannedAction, body: Option<&BodyInfo>) -> Action {
    let priority = Priority {
        value: action.priority.to_string(),
        previous: action.previous_priority.map(|priority| priority.to_string()),
        why: action.priority_why.clone(),
    };
    Action {
        id: action.id.clone(),
        seq: action.seq as u64,
        depends_on: action.depends_on.clone(),
        kind: action.kind.into(),
        status: action.status.into(),
        cluster: Cluster {
            id: action.cluster_id.clone(),
            title: action.cluster_title.clone(),
            family: action.family.clone(),
            role: action.role.into(),
            service: action.service.clone(),
        },
        fingerprint: Fingerprint {
            primary: action.fingerprint.clone(),
            scheme: SCHEME.to_owned(),
            aliases: action.aliases.clone(),
            signatures: action.signatures.clone(),
        },
        baseline_state: action.baseline.into(),
        target: action.target.as_ref().map(|target| target_of(action, target)),
        title: action.title.clone(),
        body_file: body.map(|body| body.file.clone()),
        body_sha256: body.map(|body| body.sha256.clone()),
        body_chars: body.map(|body| body.chars),
        labels: Labels { add: action.labels_add.clone(), remove: action.labels_remove.clone() },
        priority,
        category: action.category.into(),
        evidence: Evidence {
            count: action.evidence.entries,
            distinct_events: action.evidence.events,
            first: format_ns(action.evidence.first_ns),
            last: format_ns(action.evidence.last_ns),
            insert_ids: action.evidence.insert_ids.clone(),
            query: action.evidence.query.clone(),
            worklog: action.evidence.worklog.clone(),
        },
        reason: action.reason.clone(),
        matched: Match::from(&action.matched),
        related: action.related.iter().map(Related::from).collect(),
        commands: action.commands.iter().map(|command| command.argv.clone()).collect(),
        repo: action.repo.clone(),
        owner: action.owner.clone(),
        assignees: action.assignees.clone(),
        done_when: DoneWhen {
            marker: action.done_when.marker.clone(),
            state: action.done_when.state.map(str::to_owned),
            labels: action.done_when.labels.clone(),
        },
        change_key: action.change_key.clone(),
    }
}

fn target_of(action: &PlannedAction, target: &planned::Target) -> Target {
    let expect = if action.kind.writes() {
        Expect {
            state: action.expected_state().map(str::to_owned),
            marker_absent: action.kind.has_body().then(|| act_marker(&action.id)),
        }
    } else {
        Expect::default()
    };
    Target {
        number: target.number,
        url: target.url.clone(),
        state_at_export: target.state.map(State::from),
        state_reason: target.state_reason.clone(),
        closed_at: target.closed_ns.map(format_ns),
        updated_at: target.updated_ns.map(format_ns),
        comment_id: target.comment_id.clone(),
        expect,
    }
}

impl From<&FoundMatch> for Match {
    fn from(found: &FoundMatch) -> Self {
        let candidates = found.candidates.iter().map(|candidate| Candidate {
            number: candidate.number,
            score: candidate.score,
            state: candidate.state.into(),
            shared_terms: candidate.shared_terms.clone(),
        });
        Self { tier: found.tier.into(), score: found.score, why: found.why.clone(), candidates: candidates.collect() }
    }
}

impl From<&planned::Related> for Related {
    fn from(related: &planned::Related) -> Self {
        let relation = match related.relation {
            planned::Relation::CausedBy => Relation::CausedBy,
            planned::Relation::SameFamily => Relation::SameFamily,
            planned::Relation::RegressionOf => Relation::RegressionOf,
            planned::Relation::Mentions => Relation::Mentions,
        };
        Self { number: related.number, action: related.action.clone(), relation }
    }
}

/// One arm a variant, so that a new variant does not compile until the frozen form has a word for it.
macro_rules! frozen {
    ($from:ty => $to:ident: $($variant:ident),+) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                match value { $(<$from>::$variant => Self::$variant),+ }
            }
        }
    };
}

frozen!(ActionKind => Kind: Create, Comment, EditComment, Escalate, Relabel, Reopen, Link, CloseCandidate, None);
frozen!(ActionStatus => Status: Ready, NeedsReview, HeldByCap, Suppressed, BlockedIncompleteData);
frozen!(FindingRole => Role: Root, Symptom, Independent);
frozen!(Baseline => BaselineState: New, Unchanged, Updated, Absent);
frozen!(IssueState => State: Open, Closed);
frozen!(finding::Category => Category: Regression, New, ActiveDev, Noise, DataQuality);
frozen!(FoundTier => Tier: Decision, State, Marker, TitleKey, Lexical, None);
