//! The frozen form of `actions.json`, version 1.0.
//!
//! These types belong to the readers of the file, not to us: the internal types may change, these may only gain optional
//! fields. The published schema lets unknown fields pass, so that 1.x stays readable; [`strict_schema`] does not, and
//! is what tests hold our own output against.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use super::v1_action::{
    Action, BaselineState, Candidate, Category, Cluster, DoneWhen, Evidence, Expect, Fingerprint, Kind, Labels, Match,
    Priority, Related, Relation, Role, State, Status, Target, Tier,
};

/// Value of `schema`.
pub const SCHEMA: &str = "log-gardener/actions";
/// Value of `schema_version`.
pub const SCHEMA_VERSION: &str = "1.0";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionList {
    /// Always `log-gardener/actions`.
    #[schemars(extend("const" = "log-gardener/actions"))]
    pub schema: String,
    /// `1.x`; readers refuse 2.
    #[schemars(regex(pattern = r"^1\.\d+$"))]
    pub schema_version: String,
    /// The run that planned.
    pub run: Run,
    /// Inputs, by path.
    pub source: Vec<Source>,
    /// Every export given with `--issues`; empty when none was.
    pub issues_exports: Vec<IssuesExport>,
    /// Labels that the actions set, by name.
    #[serde(default)]
    pub labels_required: Vec<LabelRequired>,
    /// How much one run may write.
    pub caps: Caps,
    /// In the order of carrying out.
    pub actions: Vec<Action>,
    /// Clusters of WARNING and above that no action is planned for, because the report only counts them; absent where there
    /// are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Unplanned")]
    pub unplanned: Option<Unplanned>,
    /// Oldest `exported_at` and 24 h; null when an export has none.
    #[schemars(schema_with = "time_or_null")]
    pub valid_until: Option<String>,
}

/// What is beyond the clusters that a report tells one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unplanned {
    /// Clusters of WARNING and above, or gone silent.
    pub clusters: u64,
    /// Their entries.
    pub entries: u64,
    /// Services that they are of.
    pub services: u64,
    /// What is left out, and how to have it planned.
    pub reason: String,
}

/// The run that planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Hash over inputs and configuration.
    pub run_id: String,
    /// Newest stored entry, or `--as-of`.
    #[schemars(extend("format" = "date-time"))]
    pub data_up_to: String,
    /// `log-gardener`.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// Digest of the configuration.
    pub config_digest: String,
    /// `lgfp1`.
    #[serde(default)]
    pub fingerprint_scheme: String,
    /// What was looked at.
    pub window: Window,
    /// How much of it the data hold.
    pub coverage: Coverage,
}

/// A half-open span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// First moment.
    #[schemars(extend("format" = "date-time"))]
    pub start: String,
    /// First moment after it.
    #[schemars(extend("format" = "date-time"))]
    pub end: String,
    /// Zone of display.
    #[serde(default)]
    pub timezone: String,
}

/// How much of the window the data hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub fraction: f64,
    /// Nothing is missing, as far as can be seen.
    pub complete: bool,
    /// Why not.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// An input file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Relative to the argument that brought it.
    pub path: String,
    /// blake3 of the file as it is on disk.
    pub content_id: String,
    /// Entries read from it.
    pub entries: u64,
}

/// An issue export and what it is fit for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IssuesExport {
    /// File name as given.
    #[serde(default)]
    pub path: String,
    /// Of the file.
    pub sha256: String,
    /// Issues in it.
    pub count: u64,
    /// When the export began.
    #[schemars(schema_with = "time_or_null")]
    pub exported_at: Option<String>,
    /// Which tracker.
    #[serde(default)]
    pub tracker: Tracker,
    /// `OWNER/REPO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub repo: Option<String>,
    /// False when the count is round, no issue is closed, or none has a text.
    pub complete: bool,
    /// Older than the evidence, or of unknown age.
    pub stale: bool,
    /// Why it is not fit, with the remedy.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// Which tracker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tracker {
    /// GitHub.
    #[default]
    Github,
}

/// A label that an action sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LabelRequired {
    /// Name.
    pub name: String,
    /// True when an issue of the exports carries it; null when unknown.
    #[serde(default)]
    pub exists: Option<bool>,
}

/// How much one run may write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Caps {
    /// New issues.
    pub max_create: u64,
    /// Comments, edits, escalations and label changes.
    pub max_comment: u64,
    /// Reopened issues.
    pub max_reopen: u64,
    /// All together.
    pub max_total: u64,
    /// Pause between writes, ms.
    #[serde(default)]
    pub min_interval_ms: u64,
    /// Ids of actions held back.
    #[serde(default)]
    pub truncated: Vec<String>,
}

/// A key that is always there and may be null, which `Option` alone does not say.
fn time_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time" })
}

/// The schema for readers: unknown fields pass.
pub fn schema() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(ActionList)).unwrap_or_default();
    if let Value::Object(object) = &mut schema {
        object.insert("$id".to_owned(), "log-gardener/actions/1".into());
        object.insert("title".to_owned(), "log gardener action list".into());
    }
    schema
}

/// The schema for our own tests: unknown fields are refused.
pub fn strict_schema() -> Value {
    let mut schema = schema();
    close(&mut schema);
    schema
}

/// Closes every object that lists its properties.
fn close(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if is_closed_by_list(object) {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn is_closed_by_list(object: &Map<String, Value>) -> bool {
    object.get("type").and_then(Value::as_str) == Some("object")
        && object.get("properties").is_some_and(Value::is_object)
}
