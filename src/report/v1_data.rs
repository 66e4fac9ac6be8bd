//! What was read, and what it covers: window, coverage, sums, sources, faults of the data.
//!
//! These stand before any finding, because a document says first what could not be seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The window of a report.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReportWindow {
    /// First moment inside, RFC 3339 with nine digits.
    pub since: String,
    /// First moment after.
    pub until: String,
    /// Length in seconds.
    pub seconds: f64,
    /// Length in words.
    pub words: String,
    /// Zone of the local times.
    pub timezone: String,
    /// `since` in that zone.
    pub since_local: String,
    /// `until` in that zone.
    pub until_local: String,
    /// Services asked for; empty means all.
    pub services: Vec<String>,
}

/// What of the window the data covers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Least `covered_s / asked_s` over the severities of WARNING and above that have entries, 0 to 1.
    pub fraction: f64,
    /// Nothing is known to be missing.
    pub complete: bool,
    /// Why not.
    pub reasons: Vec<String>,
    /// The sentence that heads every document.
    pub sentence: String,
    /// Per service.
    pub services: BTreeMap<String, ServiceCoverage>,
    /// Per envelope severity.
    pub by_severity: BTreeMap<String, SeverityCoverage>,
    /// Commands that would fetch what is missing.
    pub fetch: Vec<String>,
}

/// Coverage of one service.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceCoverage {
    /// Covered seconds.
    pub covered_s: f64,
    /// Share of the window that is covered, 0 to 1.
    pub fraction: f64,
    /// Covered UTC days.
    pub days: u64,
    /// Covered intervals, `[since, until]`.
    pub intervals: Vec<[String; 2]>,
    /// Entries in the window.
    pub entries: u64,
}

/// Coverage of one envelope severity.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SeverityCoverage {
    /// Entries in the window.
    pub entries: u64,
    /// Oldest entry.
    pub first: Option<String>,
    /// Newest entry.
    pub last: Option<String>,
    /// Seconds covered, cut where a cap is suspected.
    pub covered_s: f64,
    /// Seconds asked for.
    pub asked_s: f64,
    /// A row cap is suspected.
    pub cap_suspected: bool,
    /// Rows of the capped file or severity.
    pub cap_rows: Option<u64>,
}

/// Sums over the window.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Entries read from the sources, duplicates included.
    pub entries: u64,
    /// Distinct rows in the window: the sum of entries and attached rows over all clusters, and `further`.
    pub unique: u64,
    /// Entries of templates beyond those that are kept one by one (131,072 signatures a day): counted together, in no
    /// cluster. Absent where there are none.
    #[serde(default, skip_serializing_if = "super::v1::is_zero")]
    pub further: u64,
    /// Events.
    pub events: u64,
    /// Rows kept out of the analysis.
    pub set_aside: u64,
    /// Pieces that could not be read.
    pub malformed: u64,
    /// Rows per envelope severity.
    pub severity: BTreeMap<String, u64>,
    /// Rows per effective severity.
    pub effective_severity: BTreeMap<String, u64>,
    /// Rows per kind.
    pub kind: BTreeMap<String, u64>,
    /// Clusters.
    pub clusters: u64,
    /// Rows without payload.
    pub without_payload: u64,
}

/// Something wrong with the data itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DataQuality {
    /// row_cap, without_payload, malformed, empty_file, naive_times, conflicts, set_aside, stratified …
    pub kind: String,
    /// The sentence for people.
    pub text: String,
    /// Files concerned.
    pub files: Vec<String>,
    /// Rows or pieces concerned.
    pub n: u64,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// A query that reproduces numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct QueryRef {
    /// Name under `queries/`.
    pub name: String,
    /// The question it answers.
    pub question: String,
    /// The command line.
    pub command: String,
}

/// An export rows came from.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Name relative to the argument that brought it.
    pub path: String,
    /// blake3 of the file on disk.
    pub content_id: String,
    /// Entries read.
    pub entries: u64,
    /// Duplicates among them.
    pub duplicates: u64,
    /// Pieces that could not be read.
    pub malformed: u64,
    /// Oldest entry.
    pub first: Option<String>,
    /// Newest entry.
    pub last: Option<String>,
}
