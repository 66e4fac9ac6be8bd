//! One cluster: a template in one project, service and kind, with everything that is known of it.
//!
//! Severity, module, revision and stack are breakdowns inside a cluster and never part of what it is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::v1_trend::{Parameter, Trend};

/// One template in one project, service and kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// `C` and 8 or more hex; the anchor in documents.
    pub id: String,
    /// `lgfp1:` and 16 hex.
    pub fingerprint: String,
    /// Issue signatures, most entries first, at most 8.
    pub signatures: Vec<String>,
    /// Id of the template.
    pub template_id: String,
    /// Template text with typed placeholders.
    pub template: String,
    /// Short name for people: the template cut to one line.
    pub title: String,
    /// app, request, system, audit or build.
    pub kind: String,
    /// Project.
    pub project: String,
    /// Service.
    pub service: String,
    /// Envelope severity of most entries.
    pub severity: String,
    /// Entries per envelope severity.
    pub severities: BTreeMap<String, u64>,
    /// Highest effective severity that at least 10 % of the entries have.
    pub effective_severity: String,
    /// Why it differs from the envelope's, if it does.
    pub effective_reason: Option<String>,
    /// Entries.
    pub entries: u64,
    /// Joiner and frame rows of its events.
    pub attached: u64,
    /// Events.
    pub events: u64,
    /// Episodes: events with gaps of at most 15 minutes.
    pub episodes: u64,
    /// Oldest entry.
    pub first: String,
    /// Newest entry.
    pub last: String,
    /// `first` and `last` in the report's zone.
    pub first_local: String,
    /// See `first_local`.
    pub last_local: String,
    /// How often.
    pub cadence: Cadence,
    /// Occurrence times, when there are few.
    pub times: Vec<String>,
    /// The minute with most events, when there are more of them than `times` may hold.
    pub busiest: Option<Busiest>,
    /// Module of most entries.
    pub module: Option<String>,
    /// Function of most entries.
    pub function: Option<String>,
    /// Where the stack of the example ends in the application's own code.
    pub frame: Option<String>,
    /// Source lines seen.
    pub lines: Vec<i64>,
    /// Exception type.
    pub exception: Option<String>,
    /// Stacks seen.
    pub stacks: Vec<StackCount>,
    /// Entries per revision.
    pub revisions: BTreeMap<String, u64>,
    /// Distinct instances.
    pub instances: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Distinct users; `None` when no entry names one.
    pub users: Option<u64>,
    /// Requests, for clusters of requests.
    pub http: Option<HttpStats>,
    /// Status word.
    pub status: String,
    /// Sentences that explain it.
    pub status_why: Vec<String>,
    /// P0 to P10.
    pub priority: String,
    /// Points behind it.
    pub priority_points: i32,
    /// The points, term by term.
    pub priority_terms: Vec<PriorityTerm>,
    /// Against the time before, and per day.
    pub trend: Trend,
    /// Variables of the template.
    pub parameters: Vec<Parameter>,
    /// One real stored entry.
    pub example: Option<Example>,
    /// Family it belongs to.
    pub family: Option<String>,
    /// root, symptom or independent.
    pub role: String,
    /// Issues and clusters it is tied to.
    pub links: Vec<Link>,
    /// What it means, as configured.
    pub impact: Option<Impact>,
    /// Share of its service's entries of this severity or worse, 0 to 1.
    pub share: f64,
    /// `data-quality`, or `silence` for a service that wrote nothing; absent for everything else.
    pub category: Option<String>,
    /// `gcloud logging read` filter that reproduces it; empty where its entries came from no Cloud Logging.
    pub filter: String,
    /// Logs Explorer link.
    pub explorer_url: Option<String>,
    /// Mute in force: reason, owner and end.
    pub muted: Option<String>,
    /// It came in every hour and is gone; a cluster without entries stands for a whole service.
    pub silent: Option<Silence>,
    /// Which revision it came or went with.
    pub revision_ties: RevisionTies,
}

/// How often something comes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Cadence {
    /// In words, with units.
    pub words: String,
    /// `event` or `episode`.
    pub unit: String,
    /// Number of units.
    pub n: u64,
    /// Median gap in seconds.
    pub median_s: Option<f64>,
    /// Least gap in seconds.
    pub min_s: Option<f64>,
    /// Greatest gap in seconds.
    pub max_s: Option<f64>,
    /// Coefficient of variation of the gaps.
    pub cv: Option<f64>,
}

/// Entries with one stack.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct StackCount {
    /// Hash of the in-app frames.
    pub stack_id: String,
    /// Entries.
    pub entries: u64,
}

/// Requests of a cluster.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct HttpStats {
    /// Verb.
    pub method: String,
    /// Entries per host.
    pub hosts: BTreeMap<String, u64>,
    /// Route with ids masked.
    pub route: String,
    /// Response status.
    pub status: Option<i32>,
    /// Latency.
    pub latency_ms: Option<LatencyMs>,
    /// Share of the route's requests answered 5xx, 0 to 1.
    pub share_5xx: Option<f64>,
    /// The same of the hours from its first entry to its last, where ten requests or more failed.
    pub share_5xx_while: Option<f64>,
}

/// Latency in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct LatencyMs {
    /// Requests with a latency.
    pub n: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Greatest.
    pub max: f64,
}

/// One term of a priority.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct PriorityTerm {
    /// Points, signed.
    pub points: i32,
    /// Name of the term.
    pub term: String,
    /// The fact behind it.
    pub why: String,
}

/// One real stored entry.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// Its time.
    pub timestamp: String,
    /// The exporter's id.
    #[serde(rename = "insertId")]
    pub insert_id: Option<String>,
    /// Envelope severity.
    pub severity: String,
    /// The message, masked; cut at a limit.
    pub message: String,
    /// The entry as stored, masked, pretty-printed JSON; `None` when only columns were kept.
    pub json: Option<String>,
    /// File it came from.
    pub file: String,
    /// Byte offset in that file.
    pub offset: i64,
    /// Revision.
    pub revision: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// Trace.
    pub trace: Option<String>,
}

/// The UTC minute with most events of a cluster; the earliest of equals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Busiest {
    /// Its beginning.
    pub minute: String,
    /// Events in it.
    pub events: u64,
}

/// A tie to an issue or a cluster.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Issue number.
    pub number: Option<u64>,
    /// Address of the issue.
    pub url: Option<String>,
    /// Cluster id.
    pub cluster: Option<String>,
    /// matches, same_family, precedes, regression_of …
    pub relation: String,
    /// open or closed, for issues.
    pub state: Option<String>,
    /// Score of the match.
    pub score: Option<f64>,
    /// Title of the issue, made safe by the renderer.
    pub title: Option<String>,
    /// How often the two come together, in words.
    pub why: Option<String>,
    /// Median time from this cluster to the other one in seconds, below 0 where the other comes first.
    pub lag_s: Option<f64>,
    /// Chance of coming together so often, adjusted over the pairs tested.
    pub q: Option<f64>,
}

/// What a cluster means, as configured.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Impact {
    /// The sentence, word for word.
    pub sentence: String,
    /// What the business calls it.
    pub capability: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
}

/// Something that came in every covered hour and is gone, or a service that paused beyond chance, while it was exported.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// A service, and not one message.
    pub whole_service: bool,
    /// Last entry.
    pub last: String,
    /// Covered hours since then, up to the first entry after it.
    pub covered_h: f64,
    /// Covered hours with an entry, of those that it is compared with.
    pub hours_with: u64,
    /// Share of the covered hours until then that had one, 0 to 1.
    pub regular: f64,
    /// Chance of such a silence at the rate before it.
    pub p: f64,
    /// First entry after it; `null` while it lasts.
    #[serde(default)]
    pub until: Option<String>,
    /// Entries that were to be expected in it, where they were counted.
    #[serde(default)]
    pub expected: Option<f64>,
    /// For a reader.
    pub sentence: String,
}

/// How a cluster stands to the revisions of its service.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RevisionTies {
    /// The revision it appeared with.
    pub appeared: Option<RevisionChange>,
    /// The revision it is gone since.
    pub gone: Option<RevisionChange>,
    /// A revision that has more or less of it than those that served in the same hours.
    pub canary: Option<RevisionShare>,
    /// The only revision that has it, where several ran.
    pub only_in: Option<String>,
}

/// A revision that a cluster came or went with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RevisionChange {
    /// The revision.
    pub revision: String,
    /// Its first entry, of any cluster.
    pub since: String,
    /// Episodes in it.
    pub episodes: u64,
    /// Episodes in all that the claim rests on.
    pub of: u64,
    /// Chance of the silence on the other side.
    pub p: f64,
    /// Adjusted over all clusters.
    pub q: f64,
}

/// A revision beside others that served in the same hours.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RevisionShare {
    /// The revision.
    pub revision: String,
    /// Episodes in it, in those hours.
    pub episodes: u64,
    /// Episodes in all of them, in those hours.
    pub of: u64,
    /// Its share of the service's entries in those hours, 0 to 1.
    pub share: f64,
    /// Its rate over the others'.
    pub ratio: f64,
    /// Two-sided chance of such a difference.
    pub p: f64,
    /// Adjusted over all clusters.
    pub q: f64,
}
