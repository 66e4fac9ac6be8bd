//! What reading one file yields: its report, its rows, and what it could not read.
//!
//! The report's shape is the contract of `gardener ingest --json`; the same values become the store's ledger of sources.
//! Counting happens here and nowhere else, so that the two can never disagree.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, Severity};
use crate::time::{DAY_NS, parse};

/// Why a line is no row, where nothing more is known of it.
pub const NO_OBJECT: &str = "not a JSON object";

/// Why a file whose content the store has is not read.
pub const KNOWN: &str = "its content is in the store already";
/// A gap between entries that parts strays from the rest: as long as Cloud Logging keeps entries unless told otherwise, so
/// longer than most exports.
pub const FAR_NS: i64 = 30 * DAY_NS;
/// How the reason ends why a file of this program itself was not read.
pub const OWN: &str = "is no log: gardener wrote it";
/// Problems listed per file; more are counted.
pub const PROBLEMS_LISTED: usize = 100;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// How the bytes of a file divide; the parts sum to the decoded bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BytesBy {
    /// Bytes of rows read as entries.
    pub entries: u64,
    /// Bytes of pieces that could not be read.
    pub malformed: u64,
    /// Whitespace and empty lines.
    pub blank: u64,
    /// Brackets, commas, wrapper keys, byte order mark, prefixes, banners.
    pub structure: u64,
}

impl BytesBy {
    /// Sum of the parts.
    pub fn total(self) -> u64 {
        self.entries + self.malformed + self.blank + self.structure
    }
}

/// Entries kept out of the analysis, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// No readable time.
    pub no_time: u64,
    /// A `[[set-aside]]` rule.
    pub by_rule: u64,
    /// Of a UTC day that was pruned from the store: not stored again.
    #[serde(default)]
    pub pruned: u64,
}

impl SetAside {
    /// Sum over the reasons.
    pub fn total(self) -> u64 {
        self.no_time + self.by_rule + self.pruned
    }
}

/// A window somebody stated for a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredWindow {
    /// Start, RFC 3339.
    pub since: String,
    /// End, RFC 3339.
    pub until: String,
    /// `sidecar`, `flag` (both: covered) or `file metadata` (asked for, never covered).
    pub source: String,
    /// Filter of the export, where stated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filter: Option<String>,
    /// Most rows that the export was to hold, where stated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<u64>,
}

impl DeclaredWindow {
    /// Whether somebody states that the file covers it: what a file says of itself is only what was asked for.
    pub fn covers(&self) -> bool {
        self.source != "file metadata"
    }

    /// Says why it cannot be meant: an end that is no time, a year outside of 1970 to 2199, or an end that is not after the
    /// start.
    pub fn check(&self) -> Result<(), String> {
        let at = |text: &str| match crate::time::parse(text) {
            None => Err(format!("{text:?} is no time")),
            Some(parsed) if !crate::time::is_plausible(parsed.ns) => {
                Err(format!("{text} is no time of a log: years from 1970 to 2199 are"))
            }
            Some(parsed) => Ok(parsed.ns),
        };
        if at(&self.since)? < at(&self.until)? {
            Ok(())
        } else {
            Err(format!("its start {} is not before its end {}", self.since, self.until))
        }
    }
}

/// A row count that looks like a `--limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CapSuspected {
    /// Severity, or `ALL` for the file as a whole.
    pub severity: String,
    /// Number of rows.
    pub rows: u64,
}

/// A piece of a file that could not be read, or was read only after repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Byte offset in the decoded file.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

/// Entries whose times lie far from all others of their file: clocks that were not set, lines delivered months late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Strays {
    /// How many they are.
    pub entries: u64,
    /// The oldest of them, RFC 3339 with nine digits.
    pub first: String,
    /// The newest of them.
    pub last: String,
    /// The oldest of the others.
    pub since: String,
    /// The newest of the others.
    pub until: String,
}

impl Strays {
    /// From the oldest to the newest of the others, nanoseconds.
    pub fn others(&self) -> Option<(i64, i64)> {
        Some((parse(&self.since)?.ns, parse(&self.until)?.ns))
    }
}

/// The ingest report of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileReport {
    /// Name relative to the argument that brought it.
    pub path: String,
    /// blake3 of the file as it is on disk, hex.
    pub content_id: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes after decompression and decoding to UTF-8, before any repair.
    pub decoded_bytes: u64,
    /// How the decoded bytes divide.
    pub bytes_by: BytesBy,
    /// array, ndjson, concatenated, wrapper, document, prefixed, csv, text or empty.
    pub framing: String,
    /// none, gzip or zstd.
    pub codec: String,
    /// utf-8, utf-16le or utf-16be.
    pub encoding: String,
    /// JSON objects read as log entries, before deduplication.
    pub entries: u64,
    /// Pieces that could not be read.
    pub malformed: u64,
    /// Entries read only after repair.
    pub repaired: u64,
    /// Blank lines or elements.
    pub blank: u64,
    /// Entries that were in the store, or earlier in this call, already.
    pub duplicates: u64,
    /// Duplicates whose payload differs from the kept one.
    pub conflicts: u64,
    /// Entries without an id.
    pub no_insert_id: u64,
    /// Entries with neither payload nor request.
    pub without_payload: u64,
    /// Entries kept out of the analysis.
    pub set_aside: SetAside,
    /// Entries per envelope severity.
    pub severity: BTreeMap<String, u64>,
    /// Entries per service.
    pub services: BTreeMap<String, u64>,
    /// Entries of services beyond those listed, of which there are 16,384 at most: those whose names have the least hashes.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub services_more: u64,
    /// Oldest entry, RFC 3339 with nine digits.
    pub first: Option<String>,
    /// Newest entry, RFC 3339 with nine digits.
    pub last: Option<String>,
    /// Few entries whose times lie far from all others: they are no evidence of what the file covers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub strays: Option<Strays>,
    /// A window stated for the file.
    pub declared_window: Option<DeclaredWindow>,
    /// Row counts that look like a `--limit`.
    pub cap_suspected: Vec<CapSuspected>,
    /// Why the file was not read, when it was not.
    pub skipped: Option<String>,
    /// The first problems.
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub problems_more: u64,
    /// Times without a zone, read as UTC.
    pub naive_times: u64,
    /// Severities that are none, read as `DEFAULT`.
    pub unknown_severities: u64,
    /// Keys that stand a second time in their object; the last one was read.
    pub duplicate_keys: u64,
    /// Credentials masked before anything was stored.
    pub redacted: u64,
    /// The same, by what they look like.
    pub redacted_by: BTreeMap<String, u64>,
}

impl FileReport {
    /// Whether this program wrote the file, which is left out for that reason.
    pub fn is_own(&self) -> bool {
        self.skipped.as_deref().is_some_and(|why| why.ends_with(OWN))
    }

    /// Row counts that hide what came before.
    ///
    /// What was stated wins over what a count looks like: there, only a limit that was stated and reached is one.
    pub fn caps(&self) -> Vec<CapSuspected> {
        let Some(stated) = self.declared_window.as_ref().filter(|declared| declared.covers()) else {
            return self.cap_suspected.clone();
        };
        let reached = stated.limit.is_some_and(|limit| self.entries + self.malformed >= limit);
        reached.then(|| CapSuspected { severity: "ALL".into(), rows: self.entries }).into_iter().collect()
    }
}

/// Sums over the files of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IngestTotal {
    /// Files named.
    pub files: u64,
    /// Entries read.
    pub entries: u64,
    /// Distinct dedup keys among them.
    pub unique: u64,
    /// `entries - unique`.
    pub duplicates: u64,
    /// Entries kept out of the analysis.
    pub set_aside: u64,
    /// Pieces that could not be read.
    pub malformed: u64,
    /// Entries read only after repair.
    pub repaired: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// The whole of `gardener ingest --json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IngestReport {
    /// `log-gardener/ingest`
    pub schema: String,
    /// `1.0`
    pub schema_version: String,
    /// A row a file.
    pub files: Vec<FileReport>,
    /// Their sums.
    pub total: IngestTotal,
}

/// First and last entry of one service and severity in a file, for the coverage ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Project, or empty.
    pub project: String,
    /// Service, or empty.
    pub service: String,
    /// Envelope severity.
    pub severity: Severity,
    /// Oldest entry.
    pub first_ns: i64,
    /// Newest entry.
    pub last_ns: i64,
    /// Number of entries.
    pub entries: u64,
}

/// A piece that could not be read, kept for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Byte offset in the decoded file.
    pub offset: u64,
    /// Byte length.
    pub length: u64,
    /// What is wrong.
    pub reason: String,
    /// The first bytes of the piece, as text.
    pub text: String,
}

/// All that reading one file yields beside its records, which go to a [`super::Collect`].
#[derive(Debug, Clone)]
pub struct Ingested {
    /// Hash of the file's bytes.
    pub content_id: ContentId,
    /// Path as the system knows it, for the list of known files.
    pub disk_path: std::path::PathBuf,
    /// Modification time in nanoseconds, for the same list.
    pub mtime_ns: i64,
    /// What is said of the file; duplicates and conflicts are filled in by the store.
    pub report: FileReport,
    /// First and last entry per service and severity.
    pub spans: Vec<Span>,
    /// What could not be read.
    pub quarantined: Vec<Quarantined>,
}
