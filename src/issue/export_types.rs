//! What an issue export holds once it is read: plain data, with everything that may be missing marked as such.
//!
//! The state of an issue is asked for a moment ([`Issue::open_at`]), because a dump is usually older than the export
//! that it is compared with.

/// Open or closed, as the export says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueState {
    /// Open.
    Open,
    /// Closed.
    Closed,
}

impl IssueState {
    /// The word used in documents and in the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// Why an issue is in its state; absent in exports of older tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateReason {
    /// Closed as done.
    Completed,
    /// Closed as not planned.
    NotPlanned,
    /// Closed as a duplicate.
    Duplicate,
    /// Open again after it was closed.
    Reopened,
    /// A word that this version does not know, lower case.
    Other(String),
}

impl StateReason {
    /// The tracker's word, lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Completed => "completed",
            Self::NotPlanned => "not_planned",
            Self::Duplicate => "duplicate",
            Self::Reopened => "reopened",
            Self::Other(word) => word,
        }
    }

    /// Reads `COMPLETED`, `not_planned`, `NOT PLANNED`; empty text is no reason.
    pub fn read(text: &str) -> Option<Self> {
        let word = text.trim().to_lowercase().replace([' ', '-'], "_");
        Some(match word.as_str() {
            "" => return None,
            "completed" => Self::Completed,
            "not_planned" => Self::NotPlanned,
            "duplicate" => Self::Duplicate,
            "reopened" => Self::Reopened,
            _ => Self::Other(word),
        })
    }
}

/// One comment of an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comment {
    /// Numeric id for the REST interface; `None` when only a node id is known.
    pub id: Option<String>,
    /// Login of the author.
    pub author: Option<String>,
    /// `OWNER`, `MEMBER`, `COLLABORATOR`, …, upper case.
    pub author_association: Option<String>,
    /// Text.
    pub body: String,
    /// Written, ns since the epoch.
    pub created_ns: Option<i64>,
    /// Last edited, ns since the epoch.
    pub updated_ns: Option<i64>,
}

/// One issue of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Number in its repository.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Text; `None` when the export has none or an empty one.
    pub body: Option<String>,
    /// The export has no `body` key at all.
    pub body_absent: bool,
    /// State at the time of the export.
    pub state: IssueState,
    /// Why, where the export says.
    pub state_reason: Option<StateReason>,
    /// Label names, in the export's order.
    pub labels: Vec<String>,
    /// Opened, ns since the epoch.
    pub created_ns: Option<i64>,
    /// Closed, ns since the epoch.
    pub closed_ns: Option<i64>,
    /// Last change, ns since the epoch.
    pub updated_ns: Option<i64>,
    /// Page of the issue.
    pub url: Option<String>,
    /// Login of the author.
    pub author: Option<String>,
    /// `OWNER`, `MEMBER`, `COLLABORATOR`, …, upper case.
    pub author_association: Option<String>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
}

impl Issue {
    /// Whether the issue existed at a moment; without a date of creation it counts as existing.
    pub fn exists_at(&self, at_ns: Option<i64>) -> bool {
        match (self.created_ns, at_ns) {
            (Some(created), Some(at)) => created <= at,
            _ => true,
        }
    }

    /// The state at a moment: closed only from `closed_ns` on; without dates, as exported.
    pub fn state_at(&self, at_ns: Option<i64>) -> IssueState {
        match (self.state, self.closed_ns, at_ns) {
            (IssueState::Closed, Some(closed), Some(at)) if closed > at => IssueState::Open,
            (state, _, _) => state,
        }
    }

    /// Whether the issue carries a label, without regard to case.
    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.eq_ignore_ascii_case(name))
    }

    /// Whether people closed it as something that shall not be worked on.
    pub fn closed_unwanted(&self) -> bool {
        matches!(self.state_reason, Some(StateReason::NotPlanned | StateReason::Duplicate))
            || ["duplicate", "wontfix", "won't fix", "invalid", "not planned"].iter().any(|name| self.has_label(name))
    }
}

/// One export file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// File name as given.
    pub path: String,
    /// `OWNER/REPO`, from the file, an override, or the issues' addresses.
    pub repo: Option<String>,
    /// When the export began, ns since the epoch.
    pub exported_at: Option<i64>,
    /// Which issues were asked for (`all`, `open`), where the file says.
    pub state: Option<String>,
    /// Issues by number, each once.
    pub issues: Vec<Issue>,
    /// sha256 of the file, 64 hex.
    pub sha256: String,
    /// Rows of the file before anything was dropped.
    pub rows: usize,
    /// Pull requests left out.
    pub dropped_pull_requests: usize,
    /// Rows without a usable number, left out.
    pub dropped_malformed: usize,
}
