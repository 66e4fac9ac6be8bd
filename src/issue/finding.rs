//! What the plan knows of one cluster: plain data, filled from the analysis.
//!
//! It holds numbers and words only, never rows of the store, so that the decision table can be tested without one.

use super::change::ChangeFacts;
use std::fmt;
use std::str::FromStr;

/// `P0` (worst) to `P10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// From its number; above 10 it is 10.
    pub const fn new(number: u8) -> Self {
        Self(if number > 10 { 10 } else { number })
    }

    /// Its number, 0 to 10.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// One step worse for the reader, better for the queue: `P2` gives `P1`; `P0` stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(4)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "P{}", self.0)
    }
}

impl FromStr for Priority {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = super::title::rank_number(text);
        number.map(Self).ok_or_else(|| format!("`{text}` is no priority; expected P0 to P10"))
    }
}

/// Place of a cluster in its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// What the others follow from.
    Root,
    /// Follows from the root.
    Symptom,
    /// Belongs to no family.
    #[default]
    Independent,
}

impl Role {
    /// The word of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Symptom => "symptom",
            Self::Independent => "independent",
        }
    }
}

/// How the window compares with the time before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Never seen before, while it would have been.
    New,
    /// Came back after its issue was closed.
    Regressed,
    /// More than expected.
    Escalating,
    /// As expected.
    Ongoing,
    /// Less than expected.
    Declining,
    /// Not there at the window's end.
    Quiet,
    /// Gone for long enough, or its issue is closed and it stayed away.
    Resolved,
    /// Too little history to say.
    #[default]
    InsufficientCoverage,
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "new" => Self::New,
            "regressed" => Self::Regressed,
            "escalating" => Self::Escalating,
            "ongoing" => Self::Ongoing,
            "declining" => Self::Declining,
            "quiet" => Self::Quiet,
            "resolved" => Self::Resolved,
            "insufficient_coverage" => Self::InsufficientCoverage,
            other => return Err(format!("`{other}` is no status")),
        })
    }
}

/// The word behind `GCP-` in a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Was fixed, is back.
    Regression,
    /// Never seen before.
    New,
    /// Going on, or too little history to say more.
    ActiveDev,
    /// Named noise by a rule.
    Noise,
    /// Says something about the data, not about a program.
    DataQuality,
}

impl Category {
    /// The word of titles and of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::New => "new",
            Self::ActiveDev => "active-dev",
            Self::Noise => "noise",
            Self::DataQuality => "data-quality",
        }
    }
}

/// One cluster, as the plan sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finding {
    /// Cluster id.
    pub id: String,
    /// Human name.
    pub title: String,
    /// Name of a new issue, where it says more than the cluster's own.
    pub headline: Option<String>,
    /// Service.
    pub service: String,
    /// Project.
    pub project: String,
    /// `app`, `request`, …
    pub kind: String,
    /// Family id.
    pub family: Option<String>,
    /// Place in the family.
    pub role: Role,
    /// Fingerprint.
    pub fingerprint: String,
    /// Fingerprints of older schemes.
    pub aliases: Vec<String>,
    /// Issue signatures with their entries, most entries first, at most eight.
    pub signatures: Vec<(String, u64)>,
    /// Against the time before the window.
    pub status: Status,
    /// Set by a rule or by the data (noise, data quality); wins over what the status says.
    pub category: Option<Category>,
    /// Effective severity on Google's scale (ERROR 500, CRITICAL 600).
    pub severity: i32,
    /// Its word.
    pub severity_name: String,
    /// Priority.
    pub priority: Priority,
    /// Points behind it.
    pub priority_score: i64,
    /// The terms, as printed.
    pub priority_why: Vec<String>,
    /// Positive terms beside severity.
    pub priority_terms_beside_severity: usize,
    /// The rule that fixed the priority.
    pub priority_fixed_by: Option<String>,
    /// Entries in the window.
    pub entries: u64,
    /// Events in the window.
    pub events: u64,
    /// First entry, ns since the epoch.
    pub first_ns: i64,
    /// Last entry, ns since the epoch.
    pub last_ns: i64,
    /// Insert ids of entries that show it.
    pub insert_ids: Vec<String>,
    /// Revisions with entries of this cluster, and when each was first seen in the service at all.
    pub revisions: Vec<(String, i64)>,
    /// Message or template.
    pub message: String,
    /// Module.
    pub module: Option<String>,
    /// Function.
    pub function: Option<String>,
    /// Exception type.
    pub exception: Option<String>,
    /// Start of the active period, ns since the epoch.
    pub active_period_start_ns: i64,
    /// Covered days without an entry up to the window's end.
    pub absent_covered_days: u32,
    /// The filter that reproduces it.
    pub query: String,
    /// Where it stands in the worklog.
    pub worklog_anchor: String,
    /// Cluster ids of its family.
    pub family_members: Vec<String>,
    /// Entries without payload.
    pub payload_less: bool,
    /// The mute or `never` rule that covers it.
    pub suppressed_by: Option<String>,
    /// Why the data behind it are too thin to act on (only a collector's own note).
    pub blocked_by: Option<String>,
    /// Repository of its service, where the configuration names one.
    pub repo: Option<String>,
    /// Owner, where the configuration names one.
    pub owner: Option<String>,
    /// People to assign.
    pub assignees: Vec<String>,
    /// What changed since the last action on its issue; `None` when the store knows nothing of before.
    pub changes: Option<ChangeFacts>,
}
