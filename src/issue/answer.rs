//! The rows of `gardener match`: what a message alone would lead to.
//!
//! Only the text is judged, as if the export were fresh and complete and every closed issue completed. One thing stays
//! in doubt all the same: an export without texts cannot show that a problem is new, so it never answers `create`
//! for sure.

use super::export_types::{Export, IssueState};
use super::matching::{IndexOptions, IssueIndex, Match, MatchSubject, MatchVerdict, round4};
use super::parse_ns;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One row of `--from`; every field but `message` may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MatchRow {
    /// Given back as it came.
    #[serde(default)]
    pub id: serde_json::Value,
    /// RFC 3339.
    #[serde(default)]
    pub as_of: Option<String>,
    /// Service.
    #[serde(default)]
    pub service: Option<String>,
    /// Module.
    #[serde(default)]
    pub module: Option<String>,
    /// Function.
    #[serde(default)]
    pub function: Option<String>,
    /// Severity.
    #[serde(default)]
    pub severity: Option<String>,
    /// Message or template.
    #[serde(default)]
    pub message: String,
}

/// The answer to one row.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MatchAnswer {
    /// As it came.
    pub id: serde_json::Value,
    /// `create`, `comment`, `reopen`, `none`.
    pub kind: &'static str,
    /// `ready`, `needs_review`.
    pub status: &'static str,
    /// Issue number.
    pub target: Option<u64>,
    /// How it was found.
    pub tier: &'static str,
    /// 0 to 1, four digits.
    pub score: f64,
    /// For people.
    pub why: Vec<String>,
    /// The nearest issues.
    pub candidates: Vec<AnswerCandidate>,
}

/// An issue that came near.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AnswerCandidate {
    /// Issue number.
    pub number: u64,
    /// 0 to 1, four digits.
    pub score: f64,
    /// `open`, `closed`.
    pub state: &'static str,
    /// Terms that both share.
    pub shared_terms: Vec<String>,
}

/// Answers many rows over the same exports, reading them once.
#[derive(Debug)]
pub struct Matcher<'e> {
    base: IssueIndex<'e>,
    moments: BTreeMap<i64, IssueIndex<'e>>,
}

impl<'e> Matcher<'e> {
    /// Reads the exports.
    pub fn new(exports: &'e [Export]) -> Self {
        Self { base: IssueIndex::new(exports, IndexOptions::default()), moments: BTreeMap::new() }
    }

    /// Answers one row; without a readable `as_of` the issues count as they were exported.
    pub fn answer(&mut self, row: &MatchRow) -> MatchAnswer {
        let index = match row.as_of.as_deref().and_then(parse_ns) {
            Some(at) => self.moments.entry(at).or_insert_with(|| self.base.at(Some(at))),
            None => &self.base,
        };
        answer_from(row, index)
    }
}

/// Answers one row; for many rows use [`Matcher`], which reads the exports once.
pub fn answer(row: &MatchRow, exports: &[Export]) -> MatchAnswer {
    Matcher::new(exports).answer(row)
}

fn answer_from(row: &MatchRow, index: &IssueIndex<'_>) -> MatchAnswer {
    let subject = MatchSubject {
        message: &row.message,
        module: row.module.as_deref(),
        function: row.function.as_deref(),
        service: row.service.as_deref(),
        severity: row.severity.as_deref(),
        ..MatchSubject::default()
    };
    let found = index.find(&subject);
    let (kind, status) = kind_of(row, &found, index);
    MatchAnswer {
        id: row.id.clone(),
        kind,
        status,
        target: found.target,
        tier: found.tier.as_str(),
        score: round4(found.score),
        why: found.why,
        candidates: found
            .candidates
            .into_iter()
            .map(|candidate| AnswerCandidate {
                number: candidate.number,
                score: candidate.score,
                state: candidate.state.as_str(),
                shared_terms: candidate.shared_terms,
            })
            .collect(),
    }
}

fn kind_of(row: &MatchRow, found: &Match, index: &IssueIndex<'_>) -> (&'static str, &'static str) {
    if row.message.trim().is_empty() {
        return ("none", "needs_review");
    }
    let Some(number) = found.target else {
        return ("create", if index.has_bodies() { "ready" } else { "needs_review" });
    };
    let state = index.issue(None, number).map(|issue| issue.state_at(index.as_of_ns()));
    let kind = if state == Some(IssueState::Closed) { "reopen" } else { "comment" };
    (kind, if found.verdict == MatchVerdict::Auto { "ready" } else { "needs_review" })
}
