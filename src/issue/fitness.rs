//! How far an export can be relied on: stale or incomplete exports must not let a filing step write unseen.
//!
//! An export that misses issues looks exactly like a tracker in which nothing was filed, and a plan made from it
//! files everything again. So every doubt is named with the command that removes it, and the plan waits for a person.

use super::export_types::{Export, IssueState};
use super::{DAY_NS, format_ns};

/// Counts at which the usual listing commands cut (defaults, pages, and limits people type).
pub const ROUND_COUNTS: [usize; 13] = [30, 50, 100, 200, 250, 300, 400, 500, 1000, 2000, 3000, 5000, 10_000];

/// What an export is fit for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitness {
    /// Holds, as far as can be seen, every issue with its text.
    pub complete: bool,
    /// Older than what it is compared with, or of unknown age.
    pub stale: bool,
    /// Sentences for people, each with its remedy.
    pub reasons: Vec<String>,
}

impl Fitness {
    /// Whether actions planned from it may be ready.
    pub fn is_fit(&self) -> bool {
        self.complete && !self.stale
    }
}

/// An export beside its judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportState {
    /// The export.
    pub export: Export,
    /// What it is fit for.
    pub fitness: Fitness,
}

/// Judges an export against the newest log entry and the moment the run stands at, both in ns since the epoch.
pub fn fitness(export: &Export, newest_evidence_ns: i64, as_of_ns: i64) -> Fitness {
    let remedy = format!("run scripts/export-issues.sh {}", export.repo.as_deref().unwrap_or("OWNER/REPO"));
    let mut stale_why = Vec::new();
    match export.exported_at {
        None => stale_why
            .push(format!("{}: when it was exported is unknown; {remedy} or give --issues-exported-at", export.path)),
        Some(at) if at < newest_evidence_ns => stale_why.push(format!(
            "{}: exported {}, before the newest log entry ({}); {remedy} again",
            export.path,
            format_ns(at),
            format_ns(newest_evidence_ns)
        )),
        Some(at) if at < as_of_ns.saturating_sub(DAY_NS) => stale_why.push(format!(
            "{}: exported {}, more than 24 h before {}; {remedy} again",
            export.path,
            format_ns(at),
            format_ns(as_of_ns)
        )),
        Some(_) => {}
    }
    let mut gaps = Vec::new();
    let count = export.issues.len();
    if ROUND_COUNTS.contains(&export.rows) || ROUND_COUNTS.contains(&count) {
        gaps.push(format!(
            "{}: exactly {} rows, which is where listing commands cut; {remedy}",
            export.path,
            if ROUND_COUNTS.contains(&count) { count } else { export.rows }
        ));
    }
    if export.state.as_deref() == Some("open") || !export.issues.iter().any(|issue| issue.state == IssueState::Closed) {
        gaps.push(format!(
            "{}: no closed issue among {count}, so what was fixed before cannot be recognised; {remedy}",
            export.path
        ));
    }
    if !export.issues.iter().any(|issue| issue.body.is_some()) {
        gaps.push(format!("{}: no issue has a text, and titles alone decide little; {remedy}", export.path));
    }
    Fitness {
        complete: gaps.is_empty(),
        stale: !stale_why.is_empty(),
        reasons: stale_why.into_iter().chain(gaps).collect(),
    }
}

/// Until when actions planned from these exports may be filed: the oldest export and 24 h; `None` when there is no
/// export or one of unknown age.
pub fn valid_until_ns(exports: &[ExportState]) -> Option<i64> {
    let ages: Option<Vec<i64>> = exports.iter().map(|state| state.export.exported_at).collect();
    ages?.into_iter().min().map(|at| at.saturating_add(DAY_NS))
}
