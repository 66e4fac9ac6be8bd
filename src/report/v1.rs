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
