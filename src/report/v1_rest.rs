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
    /// Those of WARNING and above, or gone silent (`absent_silent` of them have no entry): no action is planned for any.
    pub loud: u64,
    /// Entries of these.
    pub loud_entries: u64,
    /// Services that these are of.
    pub loud_services: u64,
    /// Clusters left out that have no entry in the window: seen before, quiet or resolved.
    pub absent: u64,
    /// Those of them that went silent: they are problems all the same.
    pub absent_silent: u64,
    /// Clusters of the window per effective severity.
    pub effective_severity: BTreeMap<String, u64>,
    /// Clusters of the window per priority of their own, `P0` to `P10`.
    pub priority: BTreeMap<String, u64>,
    /// Problems that `summary.findings` leaves out: families, and loud clusters outside of one.
    pub findings: u64,
    /// These problems per status; `summary.statuses` counts them too.
    pub statuses: BTreeMap<String, u64>,
    /// These problems per priority, a root's family included.
    pub problem_priority: BTreeMap<String, u64>,
    /// Rows that the lists of the report leave out with these clusters.
    pub lists: RestLists,
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

/// How many more rows lists would have, were every cluster told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestLists {
    /// Of `summary.new`.
    pub new: u64,
    /// Of `summary.worse`: gone silent.
    pub silent: u64,
    /// Of `summary.worse`: came back.
    pub regressed: u64,
    /// Of `summary.worse`: come more often.
    pub escalating: u64,
    /// Of `summary.worse`: values that moved.
    pub values: u64,
    /// Of `summary.gone`.
    pub gone: u64,
    /// Of `summary.next`.
    pub next: u64,
    /// Clusters with an impact that is configured.
    pub impact: u64,
    /// Of `timeline`.
    pub timeline: u64,
}

impl RestLists {
    /// Of `summary.worse`.
    pub fn worse(&self) -> u64 {
        self.silent + self.regressed + self.escalating + self.values
    }
}
