//! `report.json`, schema `log-gardener/report` 1.0: the value that every document renders from.
//!
//! Frozen: fields may be added, none changes its name or meaning, and readers must allow for new ones. Every value that a
//! document prints stands here, computed and with its unit in its name: templates hold loops and ifs only. Lists are
//! complete up to a limit that is far above what a document shows; what is beyond it, and what a document leaves out, is
//! counted. A file a duty: what was read, clusters, values over time, findings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::v1_cluster::{
    Busiest, Cadence, Cluster, Example, HttpStats, Impact, LatencyMs, Link, PriorityTerm, RevisionChange,
    RevisionShare, RevisionTies, Silence, StackCount,
};
pub use super::v1_data::{
    Coverage, DataQuality, QueryRef, ReportWindow, ServiceCoverage, SeverityCoverage, Source, Totals,
};
pub use super::v1_findings::{
    ActionRow, Calibration, CalibrationSplit, Deploy, Family, FindingRow, Route, ServiceRow, SharedMember, Summary,
    TimelineRow,
};
pub use super::v1_rest::{Rest, RestLists};
pub use super::v1_trend::{DayCount, DayValue, Parameter, RateChange, Snapshots, Trend, ValueChange, ValueCount};

/// Name of the schema.
pub const SCHEMA: &str = "log-gardener/report";
/// Its version: the first number changes when a reader of the one before could be misled.
pub const VERSION: &str = "1.0";

/// The report of one window.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `log-gardener/report`
    pub schema: String,
    /// `0.1` until the contract is filled.
    pub schema_version: String,
    /// Which run this is.
    pub run: Run,
    /// The window.
    pub window: ReportWindow,
    /// What of the window the data covers.
    pub coverage: Coverage,
    /// Sums.
    pub totals: Totals,
    /// Services, most urgent first.
    pub services: Vec<ServiceRow>,
    /// Clusters, most urgent first; beyond `[limits] report-clusters` they are counted in `rest`.
    pub clusters: Vec<Cluster>,
    /// Families, most urgent first.
    pub families: Vec<Family>,
    /// Deploys in time order.
    pub deploys: Vec<Deploy>,
    /// What happened, in time order.
    pub timeline: Vec<TimelineRow>,
    /// What is wrong with the data itself.
    pub data_quality: Vec<DataQuality>,
    /// The queries that reproduce the numbers.
    pub queries: Vec<QueryRef>,
    /// Exports the rows came from.
    pub sources: Vec<Source>,
    /// What was masked in documents.
    pub masked: BTreeMap<String, u64>,
    /// Sentences for the top of a document.
    pub summary: Summary,
    /// Planned actions, one row a cluster that has one; empty without an action list.
    pub actions: Vec<ActionRow>,
    /// What is said of the issue exports.
    pub issue_exports: Vec<String>,
    /// The week against the weeks before it, in a weekly retrospective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<super::v1_weekly::Weekly>,
    /// An incident window against its baseline; of a postmortem only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postmortem: Option<super::v1_postmortem::Postmortem>,
    /// Requests by route, most requests first.
    pub routes: Vec<Route>,
    /// How often the rule for rising and falling clusters flagged one in past weeks of this data.
    pub calibration: Option<Calibration>,
    /// What `clusters`, `families`, `routes` and `services` leave out; absent where they are whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// Which run a report comes from; no wall clock.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `run_` and 16 hex: hash over tool version, store digest, window, flags, configuration, decisions, exports.
    pub run_id: String,
    /// Which document the report is of: `worklog`, `weekly` or `postmortem`.
    pub document: String,
    /// `log-gardener`
    pub tool: String,
    /// Version of the tool.
    pub tool_version: String,
    /// Digest of the configuration.
    pub config_digest: String,
    /// Digest of the store.
    pub store_digest: String,
    /// Newest stored entry, or `--as-of`.
    pub data_up_to: String,
    /// What was asked for, in words.
    pub asked_for: String,
    /// Documents quote entries; they are rendered the same way when results come back.
    pub examples: bool,
}

/// The JSON Schema of `report.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}

/// Whether a count is left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
pub(super) fn is_zero(n: &u64) -> bool {
    *n == 0
}
