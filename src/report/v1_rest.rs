//! What a report counts without telling it one by one: clusters beyond `[limits] report-clusters`, and what goes with them.
//!
//! Sums of the report (`totals`, `services`, `summary.statuses`) hold all of it: only rows are left out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The clusters that are left out, the least urgent ones, and what is said of them only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rest {
    /// `[limits] report-clusters`.
    pub limit: u64,
    /// Clusters of the window that are left out; with those in `clusters` they are `totals.clusters`.
    pub clusters: u64,
    /// Their entries.
    pub entries: u64,
    /// Joiner and frame rows of their events.
    pub attached: u64,
    /// Their events.
    pub events: u64,
    /// Services that they are of.
    pub services: u64,
    /// Those of WARNING and above, or gone silent: no action is planned for any of them.
    pub loud: u64,
    /// Clusters left out that have no entry in the window: seen before, quiet or resolved.
    pub absent: u64,
    /// Clusters of the window per effective severity.
    pub effective_severity: BTreeMap<String, u64>,
    /// Clusters of the window per priority, `P0` to `P10`.
    pub priority: BTreeMap<String, u64>,
    /// Problems that `summary.findings` leaves out: families, and loud clusters outside of one.
    pub findings: u64,
    /// Those of them per status; `summary.statuses` counts them too.
    pub statuses: BTreeMap<String, u64>,
    /// Families of which no member is told.
    pub families: u64,
    /// Routes that `routes` leaves out, those with the fewest requests.
    pub routes: u64,
    /// Their requests.
    pub requests: u64,
    /// Services that `services` leaves out, those without a cluster that is told.
    pub service_rows: u64,
    /// Their entries.
    pub service_entries: u64,
    /// What is left out, for a reader.
    pub sentence: String,
}
