//! The frozen form of one action; see [`super::v1`].
//!
//! Apart from the top of the file only because there is much of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// Hash of repository, fingerprint, kind, target, active period and changes: the same in every run.
    #[schemars(regex(pattern = r"^act_[0-9a-f]{16}$"))]
    pub id: String,
    /// Order of carrying out, from 1.
    pub seq: u64,
    /// Actions that come before.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// What it does.
    pub kind: Kind,
    /// Whether it may be carried out.
    pub status: Status,
    /// What it is about.
    pub cluster: Cluster,
    /// By what it is recognised again.
    pub fingerprint: Fingerprint,
    /// How the tracker stands to it.
    pub baseline_state: BaselineState,
    /// The issue that is written to.
    #[serde(default)]
    pub target: Option<Target>,
    /// Title of a new issue.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub title: Option<String>,
    /// Body, relative to this file.
    #[serde(default)]
    pub body_file: Option<String>,
    /// Of the body before references are replaced.
    #[serde(default)]
    pub body_sha256: Option<String>,
    /// Its length.
    #[serde(default)]
    #[schemars(range(max = 65536))]
    pub body_chars: Option<u64>,
    /// Labels to set and to take off.
    #[serde(default)]
    pub labels: Labels,
    /// How urgent it is.
    pub priority: Priority,
    /// Word of the title.
    pub category: Category,
    /// What it rests on.
    pub evidence: Evidence,
    /// Why this and nothing else.
    pub reason: String,
    /// How its issue was found.
    #[serde(rename = "match")]
    pub matched: Match,
    /// Other issues and actions.
    #[serde(default)]
    pub related: Vec<Related>,
    /// Word lists of `gh api`, never shell text.
    #[serde(default)]
    pub commands: Vec<Vec<String>>,
    /// `OWNER/REPO`; empty when unknown.
    #[serde(default)]
    pub repo: String,
    /// Owner.
    #[serde(default)]
    pub owner: Option<String>,
    /// People to assign.
    #[serde(default)]
    pub assignees: Vec<String>,
    /// Already done only when all of it holds.
    #[serde(default)]
    pub done_when: DoneWhen,
    /// What changed since the last action; empty for create and reopen.
    #[serde(default)]
    pub change_key: Vec<String>,
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Opens an issue.
    Create,
    /// Writes a comment.
    Comment,
    /// Rewrites our last comment.
    EditComment,
    /// Comments and raises the priority label.
    Escalate,
    /// Changes labels only.
    Relabel,
    /// Comments and opens the issue again.
    Reopen,
    /// Writes nothing; the root names it.
    Link,
    /// Suggests to close.
    CloseCandidate,
    /// Writes nothing.
    None,
}

impl Kind {
    /// The word of the list.
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
}

/// Whether an action may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
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

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// Cluster id.
    pub id: String,
    /// Human name.
    pub title: String,
    /// Family id.
    #[serde(default)]
    pub family: Option<String>,
    /// Place in the family.
    pub role: Role,
    /// Service.
    #[serde(default)]
    pub service: String,
}

/// Place in a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What the others follow from.
    Root,
    /// Follows from the root.
    Symptom,
    /// Of no family.
    Independent,
}

/// By what a cluster is recognised again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// `lgfp1:` and 16 hex.
    pub primary: String,
    /// `lgfp1`.
    #[serde(default)]
    pub scheme: String,
    /// Fingerprints of older schemes.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Issue signatures, at most eight.
    #[schemars(length(max = 8), inner(regex(pattern = r"^[0-9a-f]{16}$")))]
    pub signatures: Vec<String>,
}

/// How the tracker stands to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineState {
    /// Not known there.
    New,
    /// Known, nothing to add.
    Unchanged,
    /// Known, something to add.
    Updated,
    /// Known, gone from the logs.
    Absent,
}

/// The issue that is written to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// Number.
    pub number: u64,
    /// Page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub url: Option<String>,
    /// State in the export; absent when the export does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "State")]
    pub state_at_export: Option<State>,
    /// Why.
    #[serde(default)]
    pub state_reason: Option<String>,
    /// When it was closed; absent for one that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub closed_at: Option<String>,
    /// Last change.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// The comment that is rewritten.
    #[serde(default)]
    pub comment_id: Option<String>,
    /// What the filing step must find.
    #[serde(default)]
    pub expect: Expect,
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Open.
    Open,
    /// Closed.
    Closed,
}

/// What the filing step must find before it writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expect {
    /// State of the issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub state: Option<String>,
    /// Marker that must not be there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub marker_absent: Option<String>,
}

/// Labels to set and to take off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Labels {
    /// To set.
    #[serde(default)]
    pub add: Vec<String>,
    /// To take off.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// When an action counts as done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoneWhen {
    /// The marker stands in the issue or a comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub marker: Option<String>,
    /// The issue is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub state: Option<String>,
    /// It carries these labels.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// How urgent a finding is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Priority {
    /// `P0` to `P10`.
    #[schemars(regex(pattern = r"^P(10|[0-9])$"))]
    pub value: String,
    /// What the issue carries.
    #[serde(default)]
    pub previous: Option<String>,
    /// The terms behind it.
    pub why: Vec<String>,
}

/// Word of a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Was fixed, is back.
    Regression,
    /// Never seen before.
    New,
    /// Going on, or too little history.
    ActiveDev,
    /// Named noise by a rule.
    Noise,
    /// About the data.
    DataQuality,
}

/// What an action rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Entries.
    pub count: u64,
    /// Events.
    pub distinct_events: u64,
    /// First entry.
    pub first: String,
    /// Last entry.
    pub last: String,
    /// At most five.
    #[serde(default)]
    pub insert_ids: Vec<String>,
    /// The filter that reproduces it.
    #[serde(default)]
    pub query: String,
    /// Where it stands in the worklog.
    #[serde(default)]
    pub worklog: String,
}

/// How an issue was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// By what.
    pub tier: Tier,
    /// 0 to 1, four digits.
    pub score: f64,
    /// Why this and not another.
    #[serde(default)]
    pub why: Vec<String>,
    /// At most five, the chosen one first.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
}

/// By what an issue was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// A person said so.
    Decision,
    /// Results of an earlier run.
    State,
    /// A marker in the issue.
    Marker,
    /// The same title.
    TitleKey,
    /// Words.
    Lexical,
    /// Not found.
    None,
}

/// An issue that came near.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Number.
    pub number: u64,
    /// 0 to 1, four digits.
    pub score: f64,
    /// State.
    pub state: State,
    /// Terms that both share.
    #[serde(default)]
    pub shared_terms: Vec<String>,
}

/// Another issue or action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// Number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub number: Option<u64>,
    /// Action whose issue has no number yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub action: Option<String>,
    /// How it stands to this one.
    pub relation: Relation,
}

/// How another issue stands to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Says the same.
    DuplicateOf,
    /// Follows from it.
    CausedBy,
    /// Same family.
    SameFamily,
    /// Closed earlier, back now.
    RegressionOf,
    /// Worth a look.
    Mentions,
}
