//! What `shard`, `compact` and `merge` print: one line that says what a task made and under which names.
//!
//! Whoever schedules tasks moves only these lines. Paths are relative to the store, so that a task may work in a folder of
//! its own and have its files carried to the store's place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of the format.
pub const SCHEMA: &str = "log-gardener/receipt";
/// Its version; fields may be added under it.
pub const SCHEMA_VERSION: &str = "1.0";

/// The verb that made something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Dumps became sorted parts by day.
    Shard,
    /// Sorted parts of a day became one, without counting anything.
    Sort,
    /// The parts of a day became its rows and sketches.
    Compact,
    /// Sketches became one.
    Merge,
    /// Sketches became the store's manifest.
    Publish,
}

/// One file of sorted rows of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartFile {
    /// UTC day, or `none` for rows without a time.
    pub day: String,
    /// Path relative to the store.
    pub path: String,
    /// Rows, before deduplication.
    pub rows: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// A `[[set-aside]]` rule keeps its rows out of every query.
    pub set_aside: bool,
}

/// One file that a shard was to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadFile {
    /// Name in reports.
    pub name: String,
    /// blake3 of the file, hex; empty when it could not be read.
    pub content_id: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// Entries read, before deduplication.
    pub entries: u64,
    /// Pieces that could not be read.
    pub malformed: u64,
    /// Why it was not read, when it was not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skipped: Option<String>,
}

/// What one task made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// `log-gardener/receipt`
    pub schema: String,
    /// `1.0`
    pub schema_version: String,
    /// Version of the program.
    pub tool: String,
    /// What was done.
    pub step: Step,
    /// Hash of what it was done to: the same task has the same id wherever and however often it runs.
    pub id: String,
    /// Day of a sort or compaction: a UTC day, or `none`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub day: Option<String>,
    /// Files that a shard was to read.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inputs: Vec<ReadFile>,
    /// Rows read of the inputs or parts.
    pub rows_in: u64,
    /// Rows written: of a compaction, the distinct ones.
    pub rows: u64,
    /// Sorted rows by day, for `compact`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<PartFile>,
    /// What `merge` takes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sketch: Option<String>,
    /// Every file that the task made and that later tasks or the store need, in the order in which it must be carried.
    pub files: Vec<String>,
    /// Shards and days that the task's files are made of.
    pub leaves: Vec<String>,
    /// The store's digest, once published.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
}

impl Receipt {
    /// A receipt that names nothing yet.
    pub fn new(step: Step, id: String) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            step,
            id,
            day: None,
            inputs: Vec::new(),
            rows_in: 0,
            rows: 0,
            parts: Vec::new(),
            sketch: None,
            files: Vec::new(),
            leaves: Vec::new(),
            digest: None,
        }
    }
}
