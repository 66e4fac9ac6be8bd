//! The way back: rows of `results.jsonl`, and what they make of the state.
//!
//! A row is the frozen form that any filing step may write. Rows are checked against the action list they answer, because a
//! row of another list would tie a problem to a wrong issue for good. Taking the same rows in again changes nothing, and an
//! older file never overwrites what a newer one said.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::v1::{Action, ActionList, Kind};
use super::{IssueError, parse_ns};
use crate::store::IssueLink;

/// Value of `schema`.
pub const SCHEMA: &str = "log-gardener/results";
/// Value of `schema_version`.
pub const SCHEMA_VERSION: &str = "1.0";

/// One row: what the filing step did about one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultRow {
    /// Always `log-gardener/results`.
    #[schemars(extend("const" = "log-gardener/results"))]
    pub schema: String,
    /// `1.x`; readers refuse 2.
    #[schemars(regex(pattern = r"^1\.\d+$"))]
    pub schema_version: String,
    /// The run that planned the action.
    pub run_id: String,
    /// The action.
    #[schemars(regex(pattern = r"^act_[0-9a-f]{16}$"))]
    pub action_id: String,
    /// What became of it.
    pub status: ResultStatus,
    /// Issue number.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub number: Option<u64>,
    /// Page of the issue.
    #[serde(default)]
    pub url: Option<String>,
    /// Comment that was written or edited.
    #[serde(default)]
    pub comment_id: Option<String>,
    /// Page of the comment.
    #[serde(default)]
    pub comment_url: Option<String>,
    /// How the issue was before.
    #[serde(default)]
    pub before: Option<Before>,
    /// Why it failed, or what else is to be known.
    #[serde(default)]
    pub error: Option<String>,
    /// When, by the filing step's clock.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
}

/// How an issue was before a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Before {
    /// `open`, `closed`.
    #[serde(default)]
    pub state: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Title.
    #[serde(default)]
    pub title: Option<String>,
    /// Where the text of an edited comment is kept, beside the results.
    #[serde(default)]
    pub body_file: Option<String>,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultStatus {
    /// Written.
    Applied,
    /// Written by an earlier call.
    AlreadyDone,
    /// Left out.
    Skipped,
    /// The issue is not as the plan expected; nothing was written.
    Conflict,
    /// The tracker refused.
    Failed,
    /// Only shown.
    DryRun,
    /// Taken back.
    Undone,
}

impl ResultStatus {
    /// The word of the rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AlreadyDone => "already_done",
            Self::Skipped => "skipped",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::DryRun => "dry_run",
            Self::Undone => "undone",
        }
    }

    /// How much a row says when several tell of one action: a later dry run or failure does not unsay that it was filed.
    fn lasts(self) -> bool {
        matches!(self, Self::Applied | Self::AlreadyDone | Self::Undone)
    }
}

/// The schema of one row.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(ResultRow).to_value()
}

/// Rows of a results file that answer one action list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// The row that counts for each action, by action id: the last that says that it was filed or taken back, else the last.
    pub rows: BTreeMap<String, ResultRow>,
    /// Rows read.
    pub read: usize,
    /// Rows of other runs about actions that this list does not hold.
    pub strangers: usize,
}

/// Reads the lines of a results file against the list that they answer.
///
/// Rows of an earlier run count where they tell of an action of this list (an id is the same in every run), else they are
/// strangers; a row of this very run about an unknown action is an error, as is every line that is no row.
pub fn read_results(name: &str, bytes: &[u8], list: &ActionList) -> Result<Results, IssueError> {
    let malformed =
        |line: usize, reason: String| IssueError::ResultRow { name: name.to_owned(), line: line + 1, reason };
    let known: BTreeSet<&str> = list.actions.iter().map(|action| action.id.as_str()).collect();
    let mut results = Results::default();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row: ResultRow = serde_json::from_slice(line).map_err(|error| malformed(at, error.to_string()))?;
        check(&row).map_err(|reason| malformed(at, reason))?;
        results.read += 1;
        if !known.contains(row.action_id.as_str()) {
            if row.run_id == list.run.run_id {
                let reason = format!("actions.json of {} has no action {}", row.run_id, row.action_id);
                return Err(malformed(at, reason));
            }
            results.strangers += 1;
            continue;
        }
        let counts = |kept: &ResultRow| row.status.lasts() || !kept.status.lasts();
        if results.rows.get(&row.action_id).is_none_or(counts) {
            let merged = keep_places(results.rows.get(&row.action_id), row);
            results.rows.insert(merged.action_id.clone(), merged);
        }
    }
    Ok(results)
}

/// A row that says less than an earlier one (a second call finds its comment without an address) keeps what that knew.
fn keep_places(earlier: Option<&ResultRow>, mut row: ResultRow) -> ResultRow {
    if let Some(earlier) = earlier.filter(|earlier| earlier.number == row.number || row.number.is_none()) {
        row.number = row.number.or(earlier.number);
        row.url = row.url.or_else(|| earlier.url.clone());
        row.comment_id = row.comment_id.or_else(|| earlier.comment_id.clone());
        row.comment_url = row.comment_url.or_else(|| earlier.comment_url.clone());
    }
    row
}

fn check(row: &ResultRow) -> Result<(), String> {
    if row.schema != SCHEMA {
        return Err(format!("schema is {:?}, not {SCHEMA:?}", row.schema));
    }
    if !row.schema_version.starts_with("1.") {
        return Err(format!(
            "schema_version {:?} is not read by this version: use a newer gardener",
            row.schema_version
        ));
    }
    if parse_ns(&row.at).is_none() {
        return Err(format!("at {:?} is no moment", row.at));
    }
    if row.status == ResultStatus::Applied && row.number.is_none() {
        return Err("it was applied, and names no issue".into());
    }
    if row.comment_id.as_deref().is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("comment_id is no number".into());
    }
    Ok(())
}

/// What was filed, after these results came back.
pub fn merge_links(links: Vec<IssueLink>, list: &ActionList, results: &Results) -> Vec<IssueLink> {
    let key = |link: &IssueLink| (link.repo.to_lowercase(), link.fingerprint.clone());
    let mut by_key: BTreeMap<_, _> = links.into_iter().map(|link| (key(&link), link)).collect();
    for action in &list.actions {
        let Some(row) = results.rows.get(&action.id).filter(|row| row.status.lasts()) else { continue };
        let Some(new) = link_of(action, row, list) else { continue };
        match by_key.get_mut(&key(&new)) {
            Some(old) => absorb(old, new),
            None => {
                by_key.insert(key(&new), new);
            }
        }
    }
    by_key.into_values().collect()
}

fn link_of(action: &Action, row: &ResultRow, list: &ActionList) -> Option<IssueLink> {
    let number = row.number.or(action.target.as_ref().map(|target| target.number))?;
    let undone = row.status == ResultStatus::Undone;
    let at = list.run.data_up_to.clone();
    Some(IssueLink {
        repo: action.repo.clone(),
        fingerprint: action.fingerprint.primary.clone(),
        signatures: action.fingerprint.signatures.clone(),
        number,
        url: row.url.clone().unwrap_or_default(),
        last_run_id: list.run.run_id.clone(),
        last_action_id: action.id.clone(),
        last_kind: action.kind.as_str().to_owned(),
        // A comment that was taken back cannot be edited.
        last_comment_id: row
            .comment_id
            .clone()
            .filter(|_| !undone || action.kind == Kind::EditComment)
            .unwrap_or_default(),
        last_at: at.clone(),
        change_keys: action.change_key.clone(),
        reopened_at: if action.kind == Kind::Reopen { vec![at] } else { Vec::new() },
        undone: undone && action.kind == Kind::Create,
        closed_at: action
            .target
            .as_ref()
            .and_then(|target| target.closed_at.clone())
            .filter(|_| action.kind == Kind::Reopen)
            .into_iter()
            .collect(),
        // A change of labels says nothing in words, and what was taken back is not said any more.
        last_priority: Some(action.priority.value.clone())
            .filter(|_| action.body_file.is_some() && !undone)
            .unwrap_or_default(),
    })
}

/// Joins two rows of one fingerprint: the later one says what was last, both say what ever happened.
fn absorb(old: &mut IssueLink, new: IssueLink) {
    if old.number != new.number {
        if later(&new, old) {
            *old = new;
        }
        return;
    }
    let mut reopened: BTreeSet<String> = old.reopened_at.drain(..).collect();
    reopened.extend(new.reopened_at.iter().cloned());
    let mut closed: BTreeSet<String> = old.closed_at.drain(..).collect();
    closed.extend(new.closed_at.iter().cloned());
    if later(&new, old) {
        let before = std::mem::replace(old, new);
        if old.url.is_empty() {
            old.url = before.url;
        }
        // A change of labels writes no comment, and the newest one stays the one to edit; the one taken back does not.
        if old.last_comment_id.is_empty() && old.last_action_id != before.last_action_id {
            old.last_comment_id = before.last_comment_id;
        }
        if old.last_priority.is_empty() {
            old.last_priority = before.last_priority;
        }
    }
    old.reopened_at = reopened.into_iter().collect();
    old.closed_at = closed.into_iter().collect();
}

fn later(new: &IssueLink, old: &IssueLink) -> bool {
    parse_ns(&new.last_at) >= parse_ns(&old.last_at)
}
