//! What is concluded over all clusters: families, services, deploys, routes, the timeline and the sentences of the top.
//!
//! A finding is a family or a cluster outside of one, so that one incident is counted once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::v1_cluster::{Cadence, LatencyMs};
use super::worklog::level;

/// One service in the window.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRow {
    /// Name.
    pub service: String,
    /// Project.
    pub project: String,
    /// Region.
    pub location: String,
    /// Owner, as configured.
    pub owner: Option<String>,
    /// Repository, as configured.
    pub repo: Option<String>,
    /// Rows.
    pub entries: u64,
    /// Rows of effective severity ERROR and above.
    pub errors: u64,
    /// Rows of effective severity WARNING.
    pub warnings: u64,
    /// Requests seen.
    pub requests: u64,
    /// Requests answered 5xx.
    pub requests_5xx: u64,
    /// Revisions seen, with their rows.
    pub revisions: BTreeMap<String, u64>,
    /// Most urgent priority among its clusters.
    pub worst_priority: String,
    /// Rows of effective severity ERROR and above per 1,000 requests, where it has requests.
    pub errors_per_1000_requests: Option<f64>,
    /// Requests answered 5xx per 1,000 requests.
    pub requests_5xx_per_1000: Option<f64>,
    /// Last entry, of a service that went silent while it was exported.
    pub silent_since: Option<String>,
}

/// Clusters of one incident.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Family {
    /// `F` and 8 hex of its root.
    pub id: String,
    /// `crash_loop`, `same_event`, `same_trace`, `same_instance` or `precedes`.
    pub kind: String,
    /// Cluster id of the root.
    pub root: String,
    /// Cluster ids of all members, root first.
    pub members: Vec<String>,
    /// Entries of all members; of shared ones those that are its own.
    pub entries: u64,
    /// Members that another crash loop has as well, such as the exit line of both, with what is of this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_members: Vec<SharedMember>,
    /// Events; for a crash loop its starts that ended in an exit.
    pub events: u64,
    /// Starts that failed; for a crash loop.
    pub failed: u64,
    /// Half of its instances or more had run for five minutes before they ended; for a crash loop.
    pub ran: bool,
    /// First event.
    pub first: String,
    /// Last event.
    pub last: String,
    /// How often.
    pub cadence: Cadence,
    /// Service.
    pub service: String,
    /// One sentence: what follows from what, never "causes".
    pub sentence: String,
    /// Most urgent priority of its members.
    pub priority: String,
}

/// What a crash loop has of a cluster that stands in the starts of several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SharedMember {
    /// Cluster id.
    pub cluster: String,
    /// Entries in its own starts.
    pub entries: u64,
    /// Their events.
    pub events: u64,
    /// The oldest of them.
    pub first: String,
}

/// A revision that was rolled out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Deploy {
    /// Revision.
    pub revision: String,
    /// Service.
    pub service: String,
    /// First entry about it.
    pub at: String,
    /// `at` in the report's zone.
    pub at_local: String,
    /// ok, failed or unknown.
    pub outcome: String,
    /// Who.
    pub by: Option<String>,
    /// The platform's message.
    pub message: Option<String>,
    /// Ids of clusters that appeared with the revision.
    pub appeared: Vec<String>,
    /// Ids of clusters that are gone since the revision.
    pub gone: Vec<String>,
}

/// One row of the timeline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TimelineRow {
    /// When.
    pub at: String,
    /// first_seen, last_seen, deploy, crash_loop, coverage …
    pub kind: String,
    /// What.
    pub text: String,
    /// Cluster or family id.
    pub cluster: Option<String>,
}

/// Sentences for the top of a document.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// One sentence: families, worst, new, worse, same, gone.
    pub sentence: String,
    /// The ranked list, one line a finding (a family counts once).
    pub findings: Vec<FindingRow>,
    /// Statuses counted over clusters of WARNING and above.
    pub statuses: BTreeMap<String, u64>,
    /// What is new.
    pub new: Vec<String>,
    /// What got worse, and by how much.
    pub worse: Vec<String>,
    /// What went away.
    pub gone: Vec<String>,
    /// What follows from what.
    pub follows: Vec<String>,
    /// What to do now, by whom.
    pub next: Vec<String>,
    /// What could not be seen.
    pub unseen: Vec<String>,
}

/// One line of the ranked list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FindingRow {
    /// Cluster id, the family's root for families.
    pub cluster: String,
    /// Family id.
    pub family: Option<String>,
    /// P0 to P10.
    pub priority: String,
    /// What.
    pub title: String,
    /// Service.
    pub service: String,
    /// How often, with units.
    pub how_often: String,
    /// Since when.
    pub since: String,
    /// Last event or entry in the window.
    pub last: String,
    /// Covered seconds since then, where that is longer than any gap between its events: it stopped.
    pub stopped_s: Option<f64>,
    /// Status word.
    pub status: String,
    /// Owner, as configured.
    pub owner: Option<String>,
}

impl FindingRow {
    /// Whether it went away.
    pub fn is_gone(&self) -> bool {
        matches!(self.status.as_str(), "resolved" | "quiet")
    }

    /// Whether something is to be done about it now.
    pub fn is_pressing(&self) -> bool {
        level(&self.priority) <= 2 && !self.is_gone()
    }
}

/// A planned action as the worklog shows it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ActionRow {
    /// Action id.
    pub id: String,
    /// Cluster id.
    pub cluster: String,
    /// create, comment, reopen, none …
    pub kind: String,
    /// ready, needs_review …
    pub status: String,
    /// Issue number.
    pub number: Option<u64>,
    /// Address of the issue.
    pub url: Option<String>,
    /// Title of the issue to create, or of the target.
    pub title: Option<String>,
    /// P0 to P10.
    pub priority: String,
    /// Priority of the issue: its label, else that of our last action.
    pub previous: Option<String>,
    /// Why.
    pub reason: String,
    /// Repository.
    pub repo: String,
}

/// Requests of one method and route.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// Service.
    pub service: String,
    /// Project.
    pub project: String,
    /// Verb.
    pub method: String,
    /// Route with ids masked.
    pub route: String,
    /// Requests.
    pub requests: u64,
    /// Requests per covered hour.
    pub requests_per_h: f64,
    /// Requests per class of status: `2xx`, `4xx`, `5xx` …
    pub statuses: BTreeMap<String, u64>,
    /// Share answered 5xx, 0 to 1.
    pub share_5xx: f64,
    /// Requests in the time before the window.
    pub requests_before: Option<u64>,
    /// Share answered 5xx in the time before.
    pub share_5xx_before: Option<f64>,
    /// Latency of all of them.
    pub latency_ms: Option<LatencyMs>,
    /// Latency in the time before that it was compared with.
    pub latency_before_ms: Option<LatencyMs>,
    /// Sentences on what changed; empty where nothing can be told from chance.
    pub changes: Vec<String>,
    /// Of `changes`, what got worse: slower, or more failures.
    #[serde(default)]
    pub worse: Vec<String>,
}

/// The rule for rising and falling clusters on past weeks of this very data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Calibration {
    /// Hours of a past window.
    pub window_h: i64,
    /// Hours before it that it was compared with.
    pub baseline_h: i64,
    /// Flags in one of them, on average.
    pub flags_mean: f64,
    /// Flags in this window; nothing where it has no time before it.
    pub flags_now: Option<u64>,
    /// Past windows, newest first.
    pub splits: Vec<CalibrationSplit>,
    /// For a reader.
    pub sentence: String,
}

/// One past window.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationSplit {
    /// Its start.
    pub since: String,
    /// Clusters that could be compared.
    pub tested: u64,
    /// Flagged as rising.
    pub rising: u64,
    /// Flagged as falling.
    pub falling: u64,
}
