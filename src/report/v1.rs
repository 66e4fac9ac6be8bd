//! `report.json`, schema `log-gardener/report` 0.x until every field of the contract is filled, then 1.0 and frozen.
//!
//! Every value that a document prints stands here, computed and with its unit in its name: templates hold loops and ifs
//! only. Lists are complete; what a document leaves out it counts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Clusters, most urgent first.
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
    #[serde(default)]
    pub routes: Vec<Route>,
    /// How often the rule for rising and falling clusters flagged one in past weeks of this data.
    #[serde(default)]
    pub calibration: Option<Calibration>,
}

/// Which run a report comes from; no wall clock.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `run_` and 16 hex: hash over tool version, store digest, window, flags, configuration, decisions, exports.
    pub run_id: String,
    /// Which document the report is of: `worklog`, `weekly` or `postmortem`.
    #[serde(default = "worklog")]
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
    #[serde(default = "yes")]
    pub examples: bool,
}

fn yes() -> bool {
    true
}

fn worklog() -> String {
    "worklog".to_owned()
}

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
    /// Distinct rows in the window: the sum of entries and attached rows over all clusters.
    pub unique: u64,
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
    #[serde(default)]
    pub errors_per_1000_requests: Option<f64>,
    /// Requests answered 5xx per 1,000 requests.
    #[serde(default)]
    pub requests_5xx_per_1000: Option<f64>,
    /// Last entry, of a service that went silent while it was exported.
    #[serde(default)]
    pub silent_since: Option<String>,
}

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
    /// Module of most entries.
    pub module: Option<String>,
    /// Function of most entries.
    pub function: Option<String>,
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
    /// data-quality, or nothing.
    pub category: Option<String>,
    /// `gcloud logging read` filter that reproduces it.
    pub filter: String,
    /// Logs Explorer link.
    pub explorer_url: Option<String>,
    /// Mute in force: reason, owner and end.
    pub muted: Option<String>,
    /// It came in every hour and is gone; a cluster without entries stands for a whole service.
    #[serde(default)]
    pub silent: Option<Silence>,
    /// Which revision it came or went with.
    #[serde(default)]
    pub revision: RevisionTies,
}

/// Something that came in every covered hour and is gone, while it was exported.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// A service, and not one message.
    pub whole_service: bool,
    /// Last entry.
    pub last: String,
    /// Covered hours since then.
    pub covered_h: f64,
    /// Covered hours with an entry until then.
    pub hours_with: u64,
    /// Share of the covered hours until then that had one, 0 to 1.
    pub regular: f64,
    /// Chance of such a silence at the rate before it.
    pub p0: f64,
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

/// The rule for rising and falling clusters on past weeks of this very data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Calibration {
    /// Hours of a past window.
    pub window_h: i64,
    /// Hours before it that it was compared with.
    pub baseline_h: i64,
    /// Flags in one of them, on average.
    pub mean: f64,
    /// Flags in this window; nothing where it has no time before it.
    pub now: Option<u64>,
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
    pub per_h: f64,
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

/// Against the time before the window, and per day inside it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// Episodes in the time before.
    pub previous: Option<u64>,
    /// Least number expected.
    pub expected_low: Option<f64>,
    /// Greatest number expected.
    pub expected_high: Option<f64>,
    /// Rate against the time before.
    pub ratio: Option<f64>,
    /// Probability of such a change by chance.
    pub p: Option<f64>,
    /// Entries per UTC day of the window.
    pub per_day: Vec<DayCount>,
    /// What it was compared with: `before` (the time before the window) or `anchor` (before the last action on its issue).
    #[serde(default)]
    pub baseline: Option<String>,
    /// Where that baseline begins.
    #[serde(default)]
    pub baseline_since: Option<String>,
    /// Where it ends.
    #[serde(default)]
    pub baseline_until: Option<String>,
    /// Covered hours of the window, weighted by when the service is busy.
    #[serde(default)]
    pub exposure_h: Option<f64>,
    /// The same of the baseline.
    #[serde(default)]
    pub exposure_before_h: Option<f64>,
    /// How much noisier than chance its days are, at least 1.
    #[serde(default)]
    pub dispersion: Option<f64>,
    /// The probability, adjusted over the clusters of its level.
    #[serde(default)]
    pub q: Option<f64>,
    /// Chance of the silence at the window's end.
    #[serde(default)]
    pub silence_p: Option<f64>,
    /// From when on it can be called resolved if it stays silent.
    #[serde(default)]
    pub resolved_from: Option<String>,
    /// Moments at which its rate changed, oldest first.
    #[serde(default)]
    pub changes: Vec<RateChange>,
    /// Presence in snapshots, where the exports are too short for rates.
    #[serde(default)]
    pub snapshots: Option<Snapshots>,
}

/// A moment at which a rate changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RateChange {
    /// Best estimate.
    pub at: String,
    /// Earliest moment that the data allows.
    pub earliest: String,
    /// Latest moment that the data allows.
    pub latest: String,
    /// `rise` or `fall`.
    pub direction: String,
    /// Episodes before and after it, up to the next change.
    pub episodes: [u64; 2],
}

/// Presence in short stretches that were exported.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Snapshots {
    /// Stretches of the window that hold it.
    pub present: u64,
    /// Stretches of the window.
    pub of: u64,
    /// Stretches before it that hold it.
    pub present_before: u64,
    /// Stretches before it.
    pub of_before: u64,
    /// Fisher's exact test, two-sided.
    pub p: f64,
}

/// Entries of one UTC day.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DayCount {
    /// `YYYY-MM-DD`
    pub day: String,
    /// Entries.
    pub entries: u64,
    /// Whether some input covers the service on that day.
    pub covered: bool,
}

/// One variable of a template.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Position among the variables, from 0.
    pub slot: u64,
    /// Key or word before it.
    pub name: Option<String>,
    /// num, duration, ip, uuid, text …
    pub kind: String,
    /// Unit, where the text has one.
    pub unit: Option<String>,
    /// Values seen.
    pub n: u64,
    /// Distinct values.
    pub distinct: u64,
    /// Least number.
    pub min: Option<f64>,
    /// Median number.
    pub median: Option<f64>,
    /// Greatest number.
    pub max: Option<f64>,
    /// Most frequent values.
    pub top: Vec<ValueCount>,
    /// A change over time, in words.
    pub drift: Option<String>,
    /// The same as numbers.
    #[serde(default)]
    pub change: Option<ValueChange>,
    /// Distinct values in the time before the window, where it was read.
    #[serde(default)]
    pub distinct_before: Option<u64>,
    /// Values that came for the first time, with their episodes.
    #[serde(default)]
    pub new_values: Vec<ValueCount>,
    /// Distinct addresses per domain, of e-mail addresses.
    #[serde(default)]
    pub domains: Vec<ValueCount>,
    /// Numbers per UTC day, where there are several days.
    #[serde(default)]
    pub per_day: Vec<DayValue>,
}

/// How a value changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ValueChange {
    /// `constant` (one value before, another after), `steps` (several, one after the other) or `shift` (the values moved).
    pub kind: String,
    /// Value before; of a shift the median.
    pub from: f64,
    /// Value after.
    pub to: f64,
    /// First entry with the new value.
    pub first: Option<String>,
    /// Revision of that entry.
    pub revision: Option<String>,
    /// Episodes before and after.
    pub episodes: [u64; 2],
    /// Chance that a value after exceeds one before, of a shift.
    pub a12: Option<f64>,
    /// Probability of such a difference by chance, of a shift.
    pub p: Option<f64>,
    /// Adjusted over all variables.
    pub q: Option<f64>,
}

/// Numbers of one UTC day.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DayValue {
    /// `YYYY-MM-DD`
    pub day: String,
    /// Values.
    pub n: u64,
    /// Least.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Greatest.
    pub max: f64,
}

/// A value and how often it was seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ValueCount {
    /// The value, masked where it is personal.
    pub value: String,
    /// Times.
    pub n: u64,
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
    #[serde(default)]
    pub why: Option<String>,
    /// Median time from this cluster to the other one in seconds, below 0 where the other comes first.
    #[serde(default)]
    pub lag_s: Option<f64>,
    /// Chance of coming together so often, adjusted over the pairs tested.
    #[serde(default)]
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

/// Clusters of one incident.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Family {
    /// `F` and 8 hex of its root.
    pub id: String,
    /// `crash_loop`, `same_trace`, `same_instance` or `precedes`.
    pub kind: String,
    /// Cluster id of the root.
    pub root: String,
    /// Cluster ids of all members, root first.
    pub members: Vec<String>,
    /// Entries of all members.
    pub entries: u64,
    /// Events; for a crash loop its starts that ended in an exit.
    pub events: u64,
    /// Starts that failed; for a crash loop.
    pub failed: u64,
    /// Starts seen in the covered time, where the data shows them.
    pub starts: Option<u64>,
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
    #[serde(default)]
    pub appeared: Vec<String>,
    /// Ids of clusters that are gone since the revision.
    #[serde(default)]
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
    /// Status word.
    pub status: String,
    /// Owner, as configured.
    pub owner: Option<String>,
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
    /// Why.
    pub reason: String,
    /// Repository.
    pub repo: String,
}

/// The JSON Schema of `report.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}
