//! The section `weekly` of `report.json`: one week against the weeks before it.
//!
//! Lists are complete, ordered, and name clusters by their ids, so that two weeks can be laid beside each other. What a week
//! cannot know (the first one has nothing before it) is absent, never zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::v1::{DayCount, is_zero};

/// One week against the weeks before it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Weekly {
    /// `2025-W38`
    pub week: String,
    /// First day of a week, as configured.
    pub week_starts: String,
    /// Zone of the days.
    pub day_zone: String,
    /// Weeks that are looked at, oldest first: at most four earlier ones that hold data, and this one.
    pub weeks: Vec<WeekSpan>,
    /// Whether there is a week before to compare with.
    pub compared: bool,
    /// What the comparison rests on, in a sentence.
    pub sentence: String,
    /// One row a service, most urgent first.
    pub services: Vec<WeekService>,
    /// Issues closed in the last 28 days that belong to something in the data, those that came back first.
    pub fixes: Vec<Fix>,
    /// Issues closed in the last 28 days that nothing in the data belongs to.
    pub fixes_elsewhere: Vec<IssueRef>,
    /// How many more rows the lists below would have, were every cluster told; absent where every one is.
    #[serde(default, skip_serializing_if = "WeekCounted::is_empty")]
    pub counted: WeekCounted,
    /// Never seen before.
    pub new: Vec<ChangeRow>,
    /// Not seen before either, where too little before the week is covered to call that new.
    pub first_seen: Vec<ChangeRow>,
    /// Services and messages that came in every covered hour, and are gone while they were exported.
    pub silent: Vec<ChangeRow>,
    /// Closed, and seen again in a newer revision.
    pub regressed: Vec<ChangeRow>,
    /// Regressed as well, but back since an earlier week: told once as regressed, and here as long as it is there.
    pub still_back: Vec<ChangeRow>,
    /// More than expected.
    pub escalating: Vec<ChangeRow>,
    /// Less than expected.
    pub declining: Vec<ChangeRow>,
    /// Gone while it would have been seen: quiet ones, and resolved ones after enough covered days.
    pub resolved: Vec<ChangeRow>,
    /// Entries per day of every cluster of WARNING and above, over all weeks.
    pub strips: Vec<Strip>,
    /// What fills the logs most.
    pub noise: Vec<NoiseRow>,
    /// Values in messages that changed.
    pub drifts: Vec<DriftRow>,
    /// Deploys of the week, with what came and went with them.
    pub deploys: Vec<DeployRow>,
    /// Requests by route.
    pub requests: Vec<RequestRow>,
    /// Open issues that belong to something in the data, oldest first.
    pub open: Vec<OpenRow>,
    /// Templates that became one, or several, since the week before.
    pub renamed: Vec<TemplateChange>,
    /// Mutes that have ended, or never will.
    pub mutes: Vec<MuteRow>,
    /// Stretches of the week that no export covers.
    pub gaps: Vec<UncoveredSpan>,
}

/// One week.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct WeekSpan {
    /// `2025-W38`
    pub week: String,
    /// First moment.
    pub since: String,
    /// First moment after.
    pub until: String,
    /// Its days in order, `YYYY-MM-DD`.
    pub days: Vec<String>,
}

/// A figure of this week, of the week before, and the median of up to four weeks before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// This week; absent where it cannot be computed.
    pub this: Option<f64>,
    /// The week before.
    pub last: Option<f64>,
    /// Median of the weeks before.
    pub median: Option<f64>,
    /// Number of weeks behind the median.
    pub weeks: u64,
}

/// One service in the week.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct WeekService {
    /// Name.
    pub service: String,
    /// Owner, as configured.
    pub owner: Option<String>,
    /// Most urgent priority among its clusters.
    pub worst_priority: String,
    /// Entries of effective severity ERROR and above, for 1,000 requests; absent without requests in the data.
    pub errors_per_1000_requests: Figures,
    /// Entries of effective severity ERROR and above.
    pub errors: u64,
    /// The same of the week before.
    pub errors_last: Option<u64>,
    /// Of `errors`, those of crash loops.
    pub errors_crash_loops: u64,
    /// The cluster of ERROR and above, outside of crash loops, that has most entries more than in the week before.
    pub most_risen: Option<Risen>,
    /// Requests.
    pub requests: u64,
    /// Requests of the week before.
    pub requests_last: Option<u64>,
    /// Problems of WARNING and above, a family once: never seen before.
    pub families_new: u64,
    /// Regressed, escalating, or gone silent.
    pub families_worse: u64,
    /// Ongoing or declining.
    pub families_same: u64,
    /// Quiet or resolved.
    pub families_gone: u64,
    /// With too little history to say.
    pub families_undecided: u64,
    /// Deploys.
    pub deploys: u64,
    /// Deploys that failed.
    pub deploys_failed: u64,
    /// Covered hours.
    pub covered_h: f64,
    /// Covered hours of the week before.
    pub covered_h_last: Option<f64>,
}

/// A cluster with more entries than in the week before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Risen {
    /// Cluster id.
    pub cluster: String,
    /// Entries of this week.
    pub entries: u64,
    /// Entries of the week before.
    pub entries_last: u64,
}

/// A closed issue, and what became of its problem.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// Issue number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: Option<String>,
    /// Repository.
    pub repo: Option<String>,
    /// When it was closed.
    pub closed: String,
    /// Up to when the data reached that gardener opened it again for; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reopened: Option<String>,
    /// Clusters that belong to it.
    pub clusters: Vec<String>,
    /// Service of the first of them.
    pub service: String,
    /// Events since closing.
    pub events_since: u64,
    /// Last of them.
    pub last: Option<String>,
    /// First event that says it came back; absent for every other verdict.
    pub back_since: Option<String>,
    /// Revisions they stand in, with their events.
    pub revisions: Vec<RevisionCount>,
    /// Covered hours since closing.
    pub covered_h_since: f64,
    /// Episodes that would have come in those hours at the rate before closing; absent without one.
    pub expected: Option<f64>,
    /// `holds`, `came_back` or `too_early`.
    pub verdict: String,
    /// Why.
    pub sentence: String,
}

/// Events in a revision.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RevisionCount {
    /// Revision.
    pub revision: String,
    /// Events.
    pub events: u64,
    /// First seen after the closing.
    pub newer: bool,
}

/// An issue by its number.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct IssueRef {
    /// Number.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Address.
    pub url: Option<String>,
    /// Repository.
    pub repo: Option<String>,
    /// When it was closed.
    pub closed: Option<String>,
}

/// A cluster that changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ChangeRow {
    /// Cluster id.
    pub cluster: String,
    /// Its family, whose root it is.
    pub family: Option<String>,
    /// Short name.
    pub title: String,
    /// Service.
    pub service: String,
    /// P0 to P10.
    pub priority: String,
    /// Status word.
    pub status: String,
    /// Why, for a reader.
    pub sentence: String,
    /// Entries of this week.
    pub entries: u64,
    /// Entries of the week before.
    pub entries_last: Option<u64>,
    /// First entry of the week; for what is gone, the last one ever.
    pub at: String,
    /// Owner, as configured.
    pub owner: Option<String>,
    /// First event after its issue was closed, of what regressed.
    pub back_since: Option<String>,
}

/// Entries per day of one cluster.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Strip {
    /// Cluster id.
    pub cluster: String,
    /// Days of all weeks, in order.
    pub days: Vec<DayCount>,
    /// Entries of each week, in the order of `weeks`.
    pub per_week: Vec<u64>,
}

/// A cluster that fills the logs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NoiseRow {
    /// Cluster id.
    pub cluster: String,
    /// Short name.
    pub title: String,
    /// Service.
    pub service: String,
    /// Effective severity.
    pub severity: String,
    /// Entries.
    pub entries: u64,
    /// Entries of the week before.
    pub entries_last: Option<u64>,
    /// Share of all entries of the week, 0 to 1.
    pub share: f64,
    /// Mute in force.
    pub muted: Option<String>,
}

/// A value in messages that changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DriftRow {
    /// Cluster id.
    pub cluster: String,
    /// Short name.
    pub title: String,
    /// Service.
    pub service: String,
    /// Position among the variables.
    pub slot: u64,
    /// Key or word before the value.
    pub name: Option<String>,
    /// Unit.
    pub unit: Option<String>,
    /// Median of this week.
    pub median: Option<f64>,
    /// Median of the week before.
    pub median_last: Option<f64>,
    /// Change inside the week, or against the days before it.
    pub inside: Option<String>,
    /// All of it, for a reader.
    pub sentence: String,
}

/// A deploy with what came and went with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DeployRow {
    /// Revision.
    pub revision: String,
    /// Service.
    pub service: String,
    /// First entry about it.
    pub at: String,
    /// ok, failed or unknown.
    pub outcome: String,
    /// Who.
    pub by: Option<String>,
    /// Clusters of WARNING and above that began with it: in this revision, within a day, and not in the week before it.
    pub came: Vec<Moved>,
    /// Further ones that are only counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub came_more: u64,
    /// Clusters of WARNING and above that have not been seen since, though that would have been expected.
    pub went: Vec<Moved>,
    /// Further ones that are only counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub went_more: u64,
}

/// Rows of clusters that a report only counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeekCounted {
    /// Of `new`.
    pub new: u64,
    /// Of `first_seen`.
    pub first_seen: u64,
    /// Of `silent`.
    pub silent: u64,
    /// Of `regressed`.
    pub regressed: u64,
    /// Of `still_back`.
    pub still_back: u64,
    /// Of `escalating`.
    pub escalating: u64,
    /// Of `declining`.
    pub declining: u64,
    /// Of `resolved`.
    pub resolved: u64,
    /// Of `strips`.
    pub strips: u64,
    /// Of `drifts`.
    pub drifts: u64,
}

impl WeekCounted {
    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A cluster that came or went.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// Cluster id.
    pub cluster: String,
    /// Short name.
    pub title: String,
    /// Its first entry after the deploy, or its last one before.
    pub at: String,
}

/// One route in the week.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RequestRow {
    /// Service.
    pub service: String,
    /// Verb.
    pub method: String,
    /// Route with ids masked.
    pub route: String,
    /// Requests.
    pub requests: u64,
    /// Requests per covered hour of its service.
    pub requests_per_h: Option<f64>,
    /// Requests of the week before.
    pub requests_last: Option<u64>,
    /// Share answered 5xx, 0 to 1.
    pub share_5xx: f64,
    /// The same of the week before.
    pub share_5xx_last: Option<f64>,
    /// Median latency in milliseconds.
    pub p50_ms: Option<f64>,
    /// The same of the week before.
    pub p50_ms_last: Option<f64>,
    /// 95th percentile in milliseconds.
    pub p95_ms: Option<f64>,
    /// The same of the week before.
    pub p95_ms_last: Option<f64>,
    /// What can be told from chance, against the time before the week.
    pub changes: Vec<String>,
}

/// An open issue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct OpenRow {
    /// Number.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Address.
    pub url: Option<String>,
    /// Repository.
    pub repo: Option<String>,
    /// When it was opened.
    pub opened: Option<String>,
    /// Whole days from then to the end of the week.
    pub age_days: Option<i64>,
    /// Clusters that belong to it.
    pub clusters: Vec<String>,
    /// Service of the first of them.
    pub service: String,
    /// Entries of the week in them.
    pub entries: u64,
    /// Status of the first of them.
    pub status: String,
    /// Most urgent priority among them.
    pub priority: String,
}

/// A template that became several, or several that became one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TemplateChange {
    /// `merged` or `split`.
    pub kind: String,
    /// Cluster ids of the week that it concerns.
    pub clusters: Vec<String>,
    /// Templates before.
    pub before: Vec<String>,
    /// Templates now.
    pub now: Vec<String>,
}

/// A mute that has ended, or never will.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MuteRow {
    /// What it matches.
    pub matches: String,
    /// Why, as configured.
    pub reason: String,
    /// Who, as configured.
    pub owner: String,
    /// Its end, or `never`.
    pub until: String,
    /// `expired` or `never`.
    pub state: String,
}

/// A stretch that no export covers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct UncoveredSpan {
    /// Service.
    pub service: String,
    /// First moment.
    pub since: String,
    /// First moment after.
    pub until: String,
    /// Length in words.
    pub words: String,
}
