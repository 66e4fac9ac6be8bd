//! The rules of filing that a team may change, with their defaults.
//!
//! Every threshold of the decision table stands here under a name with its unit last; the table itself holds none.

use super::finding::Priority;
use super::marker::Trust;

/// How far words alone are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auto {
    /// The measured bands decide.
    #[default]
    Lexical,
    /// Only decisions, state, markers and title keys; creates wait for a person.
    Exact,
}

/// Where issues are filed, for its limits; calls are made for GitHub only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tracker {
    /// GitHub: 65,536 characters a text.
    #[default]
    Github,
    /// GitLab: a million, of which nobody reads more than of the others.
    Gitlab,
    /// Jira: 32,767.
    Jira,
}

impl Tracker {
    /// Characters of a body at most, with room for what a filing step adds.
    pub fn body_limit(self) -> usize {
        match self {
            Self::Github | Self::Gitlab => 60_000,
            Self::Jira => 32_000,
        }
    }

    /// Its name, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Jira => "Jira",
        }
    }
}

/// How much one run may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// New issues.
    pub max_create: usize,
    /// Comments, edits, escalations and label changes.
    pub max_comment: usize,
    /// Reopened issues.
    pub max_reopen: usize,
    /// All together.
    pub max_total: usize,
    /// Pause between writes, ms.
    pub min_interval_ms: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self { max_create: 5, max_comment: 20, max_reopen: 3, max_total: 25, min_interval_ms: 3000 }
    }
}

/// The rules of one team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `OWNER/REPO` for services without one of their own; empty when unknown.
    pub repo: String,
    /// How much one run may write.
    pub caps: Caps,
    /// Lowest priority that makes an issue.
    pub create_floor: Priority,
    /// Events it needs.
    pub create_min_events: u64,
    /// From this priority on one event is enough.
    pub create_alone: Priority,
    /// Effective severity from which a lone event below the floor is shown to a person (CRITICAL).
    pub lone_severity: i32,
    /// Longest time since closing in which an issue is reopened, days.
    pub reopen_days: i64,
    /// How long after closing events are put down to old revisions when revisions are unknown, h.
    pub reopen_grace_h: i64,
    /// Least time between comments on one issue, h; inside it the last comment is edited.
    pub comment_gap_h: i64,
    /// Least time between comments when only counts changed, days.
    pub count_gap_days: i64,
    /// Covered days without an entry after which closing is suggested.
    pub absent_days: u32,
    /// Reopens within [`Policy::flaky_days`] from which an issue is left to people.
    pub flaky_reopens: usize,
    /// See [`Policy::flaky_reopens`], days.
    pub flaky_days: i64,
    /// Carried by every issue that we create.
    pub label: String,
    /// Label of an issue that opens and closes again and again.
    pub flaky_label: String,
    /// Whether the priority is a label as well.
    pub priority_labels: bool,
    /// How far words alone are believed.
    pub auto: Auto,
    /// Title of a new issue; holds `{category}`, `{priority}`, `{name}`.
    pub title: String,
    /// Logins whose markers are believed.
    pub trusted_authors: Vec<String>,
    /// Where issues are filed.
    pub tracker: Tracker,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            repo: String::new(),
            caps: Caps::default(),
            create_floor: Priority::new(3),
            create_min_events: 3,
            create_alone: Priority::new(1),
            lone_severity: 600,
            reopen_days: 30,
            reopen_grace_h: 24,
            comment_gap_h: 24,
            count_gap_days: 7,
            absent_days: 7,
            flaky_reopens: 2,
            flaky_days: 14,
            label: "log-gardener".to_owned(),
            flaky_label: "flaky".to_owned(),
            priority_labels: true,
            auto: Auto::Lexical,
            title: "GCP-{category} | {priority} | {name}".to_owned(),
            trusted_authors: Vec::new(),
            tracker: Tracker::default(),
        }
    }
}

impl Policy {
    /// Whose markers are believed, for the index.
    pub fn trust(&self) -> Trust {
        Trust { authors: self.trusted_authors.clone(), label: self.label.clone() }
    }
}
