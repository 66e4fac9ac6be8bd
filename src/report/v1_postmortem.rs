//! The section of `report.json` that a postmortem adds: an incident window against its baseline.
//!
//! What logs cannot know stands here as blanks with their questions; a person's answers live in `notes.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::v1::Cadence;

/// An incident window against its baseline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Postmortem {
    /// The first lines: what, since when, how far, what came before, how it ended.
    pub summary: Vec<Point>,
    /// What the window is compared with.
    pub baseline: Baseline,
    /// When it began and ended in the data.
    pub extent: Option<Extent>,
    /// The impact in numbers.
    pub impact: Vec<Figure>,
    /// Services in the window and in the baseline, most affected first.
    pub services: Vec<ServiceImpact>,
    /// First signal of each service, in order of time.
    pub signals: Vec<Signal>,
    /// What came shortly before the first signal; candidates, never causes.
    pub triggers: Vec<Trigger>,
    /// Clusters with more events than the baseline has, or never seen before; loudest first.
    pub rose: Vec<Change>,
    /// Clusters that vanished or fell.
    pub fell: Vec<Change>,
    /// Clusters that could have been told from chance.
    pub tested: u64,
    /// Clusters that cannot be told from the baseline.
    pub unchanged: u64,
    /// Values of fields that stand out.
    pub fields: Vec<FieldSkew>,
    /// Values inside messages that changed.
    pub values: Vec<ParameterChange>,
    /// What the rows of the rising clusters name.
    pub reach: Vec<Reach>,
    /// How it ended.
    pub recovery: Recovery,
    /// Revisions that came around the window, in order of time.
    pub rollouts: Vec<Rollout>,
    /// Times without an export.
    pub gaps: Vec<ExportGap>,
    /// Rows per step and service.
    pub series: Series,
    /// What happened, in order of time.
    pub moments: Vec<Moment>,
    /// How late entries were received, latest first.
    pub receive_lags: Vec<ReceiveLag>,
    /// What could not be seen.
    pub unseen: Vec<String>,
    /// Commands that show more.
    pub commands: Vec<Command>,
    /// What only people know.
    pub blanks: Vec<Blank>,
}

/// One line of the summary.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// What it is about.
    pub name: String,
    /// The sentence.
    pub text: String,
}

/// What a window is compared with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// `default`, `given`, `revision` or `none`.
    pub kind: String,
    /// The revision, where one was asked for.
    pub revision: Option<String>,
    /// Its stretches of time, `[since, until]`.
    pub windows: Vec<[String; 2]>,
    /// Seconds of it that some input covers.
    pub covered_s: f64,
    /// Covered seconds of the window.
    pub window_covered_s: f64,
    /// Rows in it.
    pub entries: u64,
    /// One sentence on it.
    pub sentence: String,
}

/// When an incident began and ended in the data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Extent {
    /// `rise` or `silence`.
    pub kind: String,
    /// First event.
    pub first: String,
    /// Last event; of a silence, the first event after it.
    pub last: String,
    /// `first` in the report's zone.
    pub first_local: String,
    /// `last` in the report's zone.
    pub last_local: String,
    /// Length in seconds.
    pub seconds: f64,
    /// Length in words.
    pub words: String,
    /// "asked 14:05:00Z to 15:20:00Z; the data shows …".
    pub sentence: String,
    /// The command for that window, where it is another one than was asked for.
    pub command: Option<String>,
}

/// One line of the impact.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// What is counted.
    pub name: String,
    /// The value with its unit.
    pub value: String,
    /// The same in the baseline, or what else a reader must know.
    pub note: String,
}

/// One service in the window and in the baseline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceImpact {
    /// Service.
    pub service: String,
    /// Seconds of the window that some input covers for it.
    pub covered_s: f64,
    /// The same of the baseline.
    pub baseline_covered_s: f64,
    /// Rows in the window.
    pub entries: u64,
    /// Rows in the baseline.
    pub baseline_entries: u64,
    /// Events of WARNING and above in the window.
    pub warning_or_above: u64,
    /// The same in the baseline.
    pub baseline_warning_or_above: u64,
    /// Requests in the window.
    pub requests: u64,
    /// Of them answered 5xx.
    pub requests_5xx: u64,
    /// Requests in the baseline.
    pub baseline_requests: u64,
    /// Of them answered 5xx.
    pub baseline_requests_5xx: u64,
}

/// The first event of a service that belongs to the incident.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// When.
    pub at: String,
    /// `at` in the report's zone.
    pub at_local: String,
    /// Service.
    pub service: String,
    /// Cluster id.
    pub cluster: String,
    /// Short name of the cluster.
    pub title: String,
    /// Effective severity of the cluster.
    pub severity: String,
    /// `first`, `later`, or `unknown` when within a second of the first.
    pub order: String,
}

/// Something that came shortly before the first signal.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Trigger {
    /// rollout, change, first_line or revision.
    pub kind: String,
    /// When.
    pub at: String,
    /// `at` in the report's zone.
    pub at_local: String,
    /// What, in words.
    pub text: String,
    /// Seconds from it to the first signal; below 0 when it came later.
    pub lag_s: f64,
    /// `before`, `after` or `unknown` (within a second).
    pub order: String,
    /// Cluster id.
    pub cluster: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// Revision.
    pub revision: Option<String>,
}

/// A cluster that differs from its baseline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Cluster id.
    pub cluster: String,
    /// Short name.
    pub title: String,
    /// Template.
    pub template: String,
    /// Service.
    pub service: String,
    /// app, request, system, audit or build.
    pub kind: String,
    /// Effective severity.
    pub severity: String,
    /// first_seen, returned, risen, vanished or fallen.
    pub what: String,
    /// Events in the window.
    pub events: u64,
    /// Events in the baseline.
    pub baseline_events: u64,
    /// Least number of events expected in the window.
    pub expected_low: Option<u64>,
    /// Greatest number of events expected in the window.
    pub expected_high: Option<u64>,
    /// Rate against the baseline.
    pub ratio: Option<f64>,
    /// requests, traces or hours.
    pub exposure_unit: String,
    /// Exposure of the window.
    pub exposure_window: f64,
    /// Exposure of the baseline.
    pub exposure_baseline: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over the clusters; absent where no outcome could have been told from chance.
    pub q: Option<f64>,
    /// Told from chance at 5 % false claims.
    pub significant: bool,
    /// "expected 0-3, saw 9".
    pub sentence: String,
    /// First event around the window.
    pub first: Option<String>,
    /// Last event around the window.
    pub last: Option<String>,
    /// Newest entry stored before the window.
    pub seen_before: Option<String>,
    /// First event after the last one of the incident.
    pub back: Option<String>,
    /// What of the window was not exported for it, in words.
    pub gap: Option<String>,
    /// How often it came in the window.
    pub cadence: Option<Cadence>,
    /// Times of its events around the window, when there are few.
    pub times: Vec<String>,
    /// Family it belongs to.
    pub family: Option<String>,
    /// Issue numbers it is tied to.
    pub issues: Vec<u64>,
}

/// A value of a field whose share differs from the baseline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FieldSkew {
    /// service, revision, instance, route, status, host, location, severity or user domain.
    pub field: String,
    /// The value.
    pub value: String,
    /// `all` events, or those of `WARNING and above`.
    pub among: String,
    /// Events with it in the window.
    pub events: u64,
    /// Events with the field in the window.
    pub of: u64,
    /// Events with it in the baseline.
    pub baseline_events: u64,
    /// Events with the field in the baseline.
    pub baseline_of: u64,
    /// Share in the window, 0 to 1.
    pub share: f64,
    /// Share in the baseline, 0 to 1.
    pub baseline_share: f64,
    /// Share in the window over share in the baseline, half an event added to each.
    pub lift: f64,
    /// Signed root of G: standard deviations, above 0 when it is more frequent in the window.
    pub residual: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over all values compared.
    pub q: f64,
}

/// A value inside messages that changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ParameterChange {
    /// Cluster id.
    pub cluster: String,
    /// Short name of the cluster.
    pub title: String,
    /// Position among the variables, from 0.
    pub slot: u64,
    /// Key or word before it.
    pub name: Option<String>,
    /// Before and after, in words.
    pub change: String,
}

/// What the rows of the rising clusters name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// Service; absent for all together.
    pub service: Option<String>,
    /// Events.
    pub events: u64,
    /// Distinct instances.
    pub instances: u64,
    /// Distinct revisions.
    pub revisions: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Distinct users; absent when no entry names one.
    pub users: Option<u64>,
}

/// How it ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// `yes`, `no` or `unknown`.
    pub recovered: String,
    /// Last event of the incident; of a silence, the first event after it.
    pub at: Option<String>,
    /// `at` in the report's zone.
    pub at_local: Option<String>,
    /// Covered seconds after it that were looked at.
    pub after_s: f64,
    /// Events of the rising clusters in that time.
    pub events: u64,
    /// Greatest number that the baseline has in such a time.
    pub expected_high: Option<u64>,
    /// One sentence.
    pub sentence: String,
    /// What had fallen and came back, or was answered again, in order of time.
    pub back: Vec<BackRow>,
    /// Revisions that came between the first signal and half an hour after the last event.
    pub rollouts: Vec<RecoveryRollout>,
}

/// Something that is there again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct BackRow {
    /// When.
    pub at: String,
    /// Service.
    pub service: String,
    /// Cluster id.
    pub cluster: String,
    /// Short name.
    pub title: String,
    /// `back` (it had fallen) or `answered` (a request below 500).
    pub kind: String,
}

/// A revision that came before the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryRollout {
    /// Service.
    pub service: String,
    /// Revision.
    pub revision: String,
    /// When.
    pub at: String,
    /// Seconds from the last event to it; below 0 when it came before.
    pub lag_s: f64,
    /// In words.
    pub text: String,
}

/// A revision that came around the window.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Rollout {
    /// Service.
    pub service: String,
    /// Revision.
    pub revision: String,
    /// Its first entry or the report of its deploy, whichever is earlier.
    pub began: String,
    /// `began` in the report's zone.
    pub began_local: String,
    /// When its deploy was reported.
    pub reported: Option<String>,
    /// ok, failed or unknown.
    pub outcome: String,
    /// Who asked for it.
    pub by: Option<String>,
    /// The platform's words.
    pub message: Option<String>,
    /// What it has to do with the incident: `before`, `during` or `after` the extent.
    pub place: String,
}

/// Time in which a service was not exported.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExportGap {
    /// First moment.
    pub since: String,
    /// First moment after.
    pub until: String,
    /// Service.
    pub service: String,
    /// `everything`, or `INFO and below`.
    pub what: String,
    /// Length in seconds.
    pub seconds: f64,
    /// It reaches into the window that was asked for.
    pub inside: bool,
}

/// Rows per step and service, from two hours before the window to one hour after it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// First moment.
    pub since: String,
    /// First moment after.
    pub until: String,
    /// Seconds a step.
    pub step_s: u64,
    /// Services, most affected first.
    pub services: Vec<ServiceSeries>,
}

/// Rows of one service, a number a step.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceSeries {
    /// Service.
    pub service: String,
    /// Rows.
    pub entries: Vec<u64>,
    /// Of effective severity WARNING.
    pub warnings: Vec<u64>,
    /// Of ERROR and above.
    pub errors: Vec<u64>,
    /// Some input covers at least half of the step.
    pub covered: Vec<bool>,
}

/// One row of the timeline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// When.
    pub at: String,
    /// `at` in the report's zone.
    pub at_local: String,
    /// asked, first_signal, first, last, change, rollout, reported, family, gap, end.
    pub kind: String,
    /// What.
    pub text: String,
    /// Cluster or family id.
    pub cluster: Option<String>,
    /// It lies within a second of the row before: their order is unknown.
    pub order_unknown: bool,
}

/// How late entries of a service were received.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReceiveLag {
    /// Service.
    pub service: String,
    /// Rows of the window that say when they were received.
    pub received: u64,
    /// Greatest seconds from being written to being received.
    pub greatest_s: f64,
}

/// A command that shows more.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// The question it answers.
    pub what: String,
    /// The command line.
    pub command: String,
}

/// What only people know.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Blank {
    /// Heading in `notes.md` under which the answer is written.
    pub key: String,
    /// What to write.
    pub hint: String,
}
