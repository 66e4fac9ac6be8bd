//! One planned action: everything about a write but its body.
//!
//! The body is made elsewhere, from the report and this value; its first lines are [`PlannedAction::markers`].

use super::change::ChangeFacts;
use super::export_types::IssueState;
use super::finding::{Category, Priority, Role};
use super::marker::{LastAction, Markers};
use super::matching::Match;

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// Opens an issue.
    Create,
    /// Writes a comment.
    Comment,
    /// Rewrites our last comment.
    EditComment,
    /// Writes a comment and raises the priority label.
    Escalate,
    /// Changes labels only.
    Relabel,
    /// Writes a comment and opens the issue again.
    Reopen,
    /// Writes nothing; the root's body names this cluster.
    Link,
    /// Suggests to close.
    CloseCandidate,
    /// Writes nothing.
    None,
}

impl ActionKind {
    /// The word of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Comment => "comment",
            Self::EditComment => "edit_comment",
            Self::Escalate => "escalate",
            Self::Relabel => "relabel",
            Self::Reopen => "reopen",
            Self::Link => "link",
            Self::CloseCandidate => "close_candidate",
            Self::None => "none",
        }
    }

    /// Whether it would change the tracker.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Link | Self::None)
    }

    /// Whether it carries a body.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Create | Self::Comment | Self::EditComment | Self::Escalate | Self::Reopen)
    }
}

/// Whether an action may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionStatus {
    /// As it stands.
    Ready,
    /// After a person has looked.
    NeedsReview,
    /// Too many for one run.
    HeldByCap,
    /// People do not want it.
    Suppressed,
    /// The data are too thin.
    BlockedIncompleteData,
}

impl ActionStatus {
    /// The word of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NeedsReview => "needs_review",
            Self::HeldByCap => "held_by_cap",
            Self::Suppressed => "suppressed",
            Self::BlockedIncompleteData => "blocked_incomplete_data",
        }
    }
}

/// How the tracker stands to the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// Not known there.
    New,
    /// Known, nothing to add.
    Unchanged,
    /// Known, something to add.
    Updated,
    /// Known, gone from the logs.
    Absent,
}

impl Baseline {
    /// The word of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Absent => "absent",
        }
    }
}

/// How another issue or action stands to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Follows from it.
    CausedBy,
    /// Same family.
    SameFamily,
    /// Closed earlier, back now.
    RegressionOf,
    /// Worth a look.
    Mentions,
}

impl Relation {
    /// The word of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CausedBy => "caused_by",
            Self::SameFamily => "same_family",
            Self::RegressionOf => "regression_of",
            Self::Mentions => "mentions",
        }
    }
}

/// An issue, or an action whose issue has no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Issue number.
    pub number: Option<u64>,
    /// Action id; bodies refer to it as `{{issue:act_…}}`.
    pub action: Option<String>,
    /// How it stands to this one.
    pub relation: Relation,
}

/// The issue that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Number.
    pub number: u64,
    /// Page.
    pub url: Option<String>,
    /// State in the export; `None` when the export does not hold it.
    pub state: Option<IssueState>,
    /// Why.
    pub state_reason: Option<String>,
    /// When it was closed, ns since the epoch; `None` for one that is open.
    pub closed_ns: Option<i64>,
    /// Last change, ns since the epoch.
    pub updated_ns: Option<i64>,
    /// The comment that is rewritten.
    pub comment_id: Option<String>,
}

/// What the evidence is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Entries.
    pub entries: u64,
    /// Events.
    pub events: u64,
    /// First entry, ns since the epoch.
    pub first_ns: i64,
    /// Last entry, ns since the epoch.
    pub last_ns: i64,
    /// At most five.
    pub insert_ids: Vec<String>,
    /// The filter that reproduces it.
    pub query: String,
    /// Where it stands in the worklog.
    pub worklog: String,
}

/// When an action counts as done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoneWhen {
    /// The marker stands in the issue or one of its comments.
    pub marker: Option<String>,
    /// The issue is in this state.
    pub state: Option<&'static str>,
    /// It carries these labels.
    pub labels: Vec<String>,
}

/// One call of the filing step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// `create`, `comment`, `edit`, `state`, `labels`, `unlabel`: what tells whether it still has to run.
    pub step: &'static str,
    /// `gh api …`.
    pub argv: Vec<String>,
}

/// A planned action without its body.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedAction {
    /// `act_` and 16 hex.
    pub id: String,
    /// Order of carrying out, from 1.
    pub seq: usize,
    /// Actions that must be carried out before.
    pub depends_on: Vec<String>,
    /// What it does.
    pub kind: ActionKind,
    /// Whether it may be carried out.
    pub status: ActionStatus,
    /// Cluster id.
    pub cluster_id: String,
    /// Human name.
    pub cluster_title: String,
    /// Family id.
    pub family: Option<String>,
    /// Place in the family.
    pub role: Role,
    /// Service.
    pub service: String,
    /// Fingerprint.
    pub fingerprint: String,
    /// Fingerprints of older schemes.
    pub aliases: Vec<String>,
    /// Issue signatures.
    pub signatures: Vec<String>,
    /// Fingerprints of its symptoms.
    pub also: Vec<String>,
    /// How the tracker stands to it.
    pub baseline: Baseline,
    /// The issue.
    pub target: Option<Target>,
    /// Title of a new issue.
    pub title: Option<String>,
    /// Labels to set.
    pub labels_add: Vec<String>,
    /// Labels to take off.
    pub labels_remove: Vec<String>,
    /// Priority of the finding.
    pub priority: Priority,
    /// Priority on the issue before.
    pub previous_priority: Option<Priority>,
    /// The terms behind it.
    pub priority_why: Vec<String>,
    /// Word of the title.
    pub category: Category,
    /// What the evidence is.
    pub evidence: Evidence,
    /// Why this and nothing else.
    pub reason: String,
    /// How its issue was found.
    pub matched: Match,
    /// Other issues and actions.
    pub related: Vec<Related>,
    /// Calls, in order; empty when it writes nothing or cannot.
    pub commands: Vec<Command>,
    /// Files that the calls refer to, beside the body: path and content.
    pub side_files: Vec<(String, String)>,
    /// `OWNER/REPO`; empty when unknown.
    pub repo: String,
    /// Owner.
    pub owner: Option<String>,
    /// People to assign.
    pub assignees: Vec<String>,
    /// When it counts as done.
    pub done_when: DoneWhen,
    /// What changed since the last action, canonical.
    pub change_key: Vec<String>,
    /// The same for people.
    pub changes: Vec<String>,
    /// The numbers behind them; `None` when nothing changed.
    pub compared: Option<ChangeFacts>,
    /// Our last write to the issue.
    pub last_action: Option<LastAction>,
    /// What came after the issue that is reopened was closed: events, and the first of them, ns since the epoch.
    pub since_closing: Option<(u64, i64)>,
}

impl PlannedAction {
    /// The markers for the head of the body; `data_up_to_ns` is the end of the data.
    pub fn markers(&self, data_up_to_ns: i64) -> Markers {
        Markers {
            fp: Some(self.fingerprint.clone()),
            sigs: self.signatures.clone(),
            also: self.also.clone(),
            act: Some(self.id.clone()),
            at_ns: Some(data_up_to_ns),
            closed_ns: match self.kind {
                ActionKind::Reopen => self.target.as_ref().and_then(|target| target.closed_ns),
                // The comment that is rewritten may be the only one that tells of a closing.
                ActionKind::EditComment => self.last_action.as_ref().and_then(|last| last.closed_ns),
                _ => None,
            },
        }
    }

    /// Path of the body beside `actions.json`.
    pub fn body_file(&self) -> String {
        format!("bodies/{}.md", self.id)
    }

    /// State that the issue must still have when the action is carried out.
    pub fn expected_state(&self) -> Option<&'static str> {
        self.target.as_ref().and_then(|target| target.state).map(IssueState::as_str)
    }
}
