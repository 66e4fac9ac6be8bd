//! From clusters to an action list: reads issue exports, recognises clusters again in them, and plans what a
//! filing step should do.
//!
//! Nothing here talks to a tracker, renders text or looks at a clock. Everything a plan depends on arrives as data
//! (findings, exports, decisions, the moment the data ends), so that the same inputs plan the same actions with the
//! same ids. When identity is in doubt the plan waits for a person: a filing that was skipped heals in the next run,
//! a duplicate does not.
//!
//! Stages, in the order in which data passes: [`export`] and [`fitness`] read what a tracker holds and say how far
//! it can be relied on; [`fingerprint`] and [`marker`] are the identities written into bodies; [`text`],
//! [`matching`] and [`answer`] find the issue a cluster belongs to; [`finding`], [`policy`], [`plan`], [`decide`],
//! [`group`], [`change`] and [`commands`] are the decision table; [`v1`] is the frozen output; [`results`] and
//! [`decisions`] bring back what became of it.

pub mod answer;
pub mod change;
pub mod commands;
mod corpus;
pub mod decide;
mod decide_known;
pub mod decisions;
pub mod export;
mod export_row;
pub mod export_types;
pub mod finding;
pub mod fingerprint;
pub mod fitness;
pub mod group;
mod identity;
pub mod known;
pub mod lexical;
pub mod marker;
pub mod matching;
mod named;
pub mod plan;
pub mod planned;
pub mod policy;
pub mod results;
pub mod text;
pub mod title;
pub mod v1;
pub mod v1_action;
pub mod v1_build;

#[cfg(test)]
mod tests;

pub use answer::{MatchAnswer, MatchRow, Matcher, answer};
pub use change::{ChangeFacts, Delta, Snapshot};
pub use commands::{apply_list_line, apply_list_lines};
pub use export::{ExportOverrides, read_export};
pub use export_types::{Comment, Export, Issue, IssueState, StateReason};
pub use finding::{Category, Finding, Priority, Role, Status};
pub use fingerprint::{
    Fingerprint, FingerprintParts, FingerprintText, action_id, cluster_ids, issue_signature, top_signatures,
};
pub use fitness::{ExportState, Fitness, fitness, valid_until_ns};
pub use known::{Decision, Link, Mute, Reopening, Verdict};
pub use marker::{LastAction, Markers, parse_markers};
pub use matching::{Candidate, IndexOptions, IssueIndex, Match, MatchSubject, MatchVerdict, Tier};
pub use plan::{RunFacts, last_actions, plan};
pub use planned::{ActionKind, ActionStatus, PlannedAction, Related, Target};
pub use policy::{Auto, Caps, Policy, Tracker};
pub use results::{ResultRow, Results, merge_links, read_results};

/// What can go wrong when an issue export is read or an action is written down.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The file is not JSON, or is cut off.
    #[error(
        "issue export {name}: not readable as JSON at line {line}, column {column} ({reason}); export it again with scripts/export-issues.sh OWNER/REPO"
    )]
    NotJson {
        /// File name as given.
        name: String,
        /// Line of the first unreadable character, from 1.
        line: usize,
        /// Column of that character, from 1.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// JSON, but nothing in it is a list of issues.
    #[error(
        "issue export {name}: {found} holds no list of issues; expected an array of issues or an object with a key `issues` (scripts/export-issues.sh OWNER/REPO writes one)"
    )]
    NoIssues {
        /// File name as given.
        name: String,
        /// What stands there instead.
        found: String,
    },
    /// A line of a results file is no row, or not one of this list.
    #[error("results {name}, line {line}: {reason}")]
    ResultRow {
        /// File name as given.
        name: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A word of a command holds a character that the list of calls does not carry.
    #[error(
        "action {action}: the word `{word}` of a command holds a character outside A-Z a-z 0-9 _ . / : = @ [ ] -; put the text into a file and refer to it"
    )]
    UnsafeWord {
        /// Action id.
        action: String,
        /// The refused word.
        word: String,
    },
}

/// Nanoseconds since the epoch of an RFC 3339 text, `None` when it is none or out of range.
pub fn parse_ns(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

/// RFC 3339 in UTC, with as many digits behind the second as the value needs.
pub fn format_ns(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns)).map_or_else(|_| String::new(), |at| at.to_string())
}

/// Nanoseconds of an hour.
pub(crate) const HOUR_NS: i64 = 3_600_000_000_000;
/// Nanoseconds of a day.
pub(crate) const DAY_NS: i64 = 24 * HOUR_NS;
