//! How a cluster and the values in its messages went over time.
//!
//! The numbers of tests stand here for programs and for `explain`; documents print their sentences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Entries per UTC day of the window; of a window of more than 120 days, per so many days that there are 120 rows at most.
    pub per_day: Vec<DayCount>,
    /// What it was compared with: `before` (the time before the window) or `anchor` (before the last action on its issue).
    pub baseline: Option<String>,
    /// Where that baseline begins.
    pub baseline_since: Option<String>,
    /// Where it ends.
    pub baseline_until: Option<String>,
    /// Covered hours of the window, weighted by when the service is busy.
    pub exposure_h: Option<f64>,
    /// The same of the baseline.
    pub exposure_before_h: Option<f64>,
    /// How much noisier than chance its days are, at least 1.
    pub dispersion: Option<f64>,
    /// The probability, adjusted over the clusters of its level.
    pub q: Option<f64>,
    /// Chance of the silence at the window's end.
    pub silence_p: Option<f64>,
    /// From when on it can be called resolved if it stays silent.
    pub resolved_from: Option<String>,
    /// Moments at which its rate changed, oldest first.
    pub changes: Vec<RateChange>,
    /// Presence in snapshots, where the exports are too short for rates.
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
    /// Episodes before it, from the change before.
    pub episodes_before: u64,
    /// Episodes after it, up to the next change.
    pub episodes_after: u64,
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

/// Entries of one UTC day, or of several where the window is long.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DayCount {
    /// `YYYY-MM-DD`
    pub day: String,
    /// The last of them, where it counts several days.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_day: Option<String>,
    /// Entries.
    pub entries: u64,
    /// Whether some input covers the service on that day, or on one of them.
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
    pub change: Option<ValueChange>,
    /// Distinct values in the time before the window, where it was read.
    pub distinct_before: Option<u64>,
    /// Values that came for the first time, with their episodes.
    pub new_values: Vec<ValueCount>,
    /// Distinct addresses per domain, of e-mail addresses.
    pub domains: Vec<ValueCount>,
    /// Numbers per UTC day, where there are several days.
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
    /// Episodes with the value before.
    pub episodes_before: u64,
    /// Episodes with the value after.
    pub episodes_after: u64,
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
