//! Plain data that every stage shares: the normalised log row, its severity and its kind.
//!
//! A [`LogRecord`] is what a shape mapper makes of one exported entry. It knows nothing of the file format it came from nor
//! of the Parquet columns it goes to; the envelope's own severity is kept apart from the one the text implies, because
//! reports show both.

mod ansi;
mod head;
pub mod ingest;
pub(crate) mod listed;
mod owned;
pub mod receipt;
mod severity;

pub use ansi::strip_ansi;
pub use head::{Opening, error_type, opening};
pub use severity::{EffectiveSeverity, Severity, effective, effective_behind_time};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What sort of row a record is; decided before anything is counted, so that build output never becomes an app's INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Written by the application.
    #[default]
    App,
    /// A request entry written by the platform's front end.
    Request,
    /// Written by the platform about the application (start, probe, exit).
    System,
    /// An audit entry: somebody changed something.
    Audit,
    /// Written by a build.
    Build,
}

impl Kind {
    /// The word stored in the `kind` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Request => "request",
            Self::System => "system",
            Self::Audit => "audit",
            Self::Build => "build",
        }
    }

    /// The kind a stored word stands for; `None` for any other word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::App, Self::Request, Self::System, Self::Audit, Self::Build]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// blake3 of a file's bytes as they are on disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 32]);

impl std::fmt::Display for ContentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for ContentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentId({self})")
    }
}

/// The request an entry describes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Http<'a> {
    /// Verb, upper case as exported.
    pub method: Option<Cow<'a, str>>,
    /// Host of the URL.
    pub host: Option<Cow<'a, str>>,
    /// Path of the URL without its query.
    pub path: Option<Cow<'a, str>>,
    /// Response status.
    pub status: Option<i32>,
    /// Time to the response, in nanoseconds.
    pub latency_ns: Option<i64>,
}

/// What tells a row from others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Identity {
    /// Its id: Google's `insertId`, the place in a journal or an index of Splunk, what CloudWatch or a mapping names.
    #[default]
    Id,
    /// Its content. Other ids are shown, and promise less: Elasticsearch's hold within an index, those of events are copied.
    Content,
}

/// What a deploy's audit entry says of one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployMark {
    /// Revision that it made; `None` for a command whose entry does not name it yet.
    pub revision: Option<String>,
    /// `ok`, `failed` or `unknown`.
    pub outcome: &'static str,
    /// Who asked for it, where the entry says so.
    pub by: Option<String>,
    /// The platform's message, where it failed.
    pub message: Option<String>,
}

/// One part of an entry that the exporter split because of its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split<'a> {
    /// Common id of the parts.
    pub uid: Cow<'a, str>,
    /// Position of this part, from 0.
    pub index: i32,
    /// Number of parts.
    pub total: i32,
}

/// One normalised log row.
///
/// Times are integer nanoseconds since 1970-01-01 UTC. Optional text fields are `None` when absent, never empty.
/// Texts point into the row they were read from wherever they stand there as they are: nothing is copied before a column is.
#[derive(Debug, Clone, Default)]
pub struct LogRecord<'a> {
    /// The entry's own time; `None` keeps the row out of every rate.
    pub ts_ns: Option<i64>,
    /// The field that the time was read from.
    pub ts_source: Option<Cow<'a, str>>,
    /// The time had no zone and was read as UTC.
    pub ts_naive: bool,
    /// When the collector received the entry.
    pub receive_ns: Option<i64>,
    /// The envelope's own severity; absent is [`Severity::Default`].
    pub severity: Severity,
    /// The envelope names a severity that is none.
    pub severity_unknown: bool,
    /// The severity the reports rank by.
    pub effective_severity: Severity,
    /// Why the effective severity differs from the envelope's.
    pub effective_reason: Option<&'static str>,
    /// What sort of row this is.
    pub kind: Kind,
    /// The one line or text that people read; empty when the entry had no payload.
    pub message: Cow<'a, str>,
    /// Cloud project or account.
    pub project: Option<Cow<'a, str>>,
    /// Service, as the resource names it.
    pub service: Option<Cow<'a, str>>,
    /// Resource type, such as `cloud_run_revision`.
    pub resource_type: Option<Cow<'a, str>>,
    /// Region or zone.
    pub location: Option<Cow<'a, str>>,
    /// Deployed revision or version.
    pub revision: Option<Cow<'a, str>>,
    /// Instance, pod or container id.
    pub instance: Option<Cow<'a, str>>,
    /// Trace id without its path.
    pub trace: Option<Cow<'a, str>>,
    /// Span id.
    pub span: Option<Cow<'a, str>>,
    /// The exporter's id of the entry.
    pub insert_id: Option<Cow<'a, str>>,
    /// Log name, decoded.
    pub log_name: Option<Cow<'a, str>>,
    /// Module, logger or file that wrote the row.
    pub module: Option<Cow<'a, str>>,
    /// Function that wrote the row.
    pub function: Option<Cow<'a, str>>,
    /// Source line.
    pub line: Option<i64>,
    /// User the row names, as the payload's own field says.
    pub user: Option<Cow<'a, str>>,
    /// The request, for request entries and application access logs.
    pub http: Option<Http<'a>>,
    /// Labels as a JSON object.
    pub labels: Option<Cow<'a, str>>,
    /// Set for parts of a split entry.
    pub split: Option<Split<'a>>,
    /// Set for audit and system rows that report a deploy.
    pub deploy: Option<Box<DeployMark>>,
    /// How much of a payload the row carries: 0 none, 1 request only, 2 text or JSON. The richer duplicate is kept.
    pub payload_rank: i32,
    /// Number of `?` and U+FFFD in the message: the less damaged duplicate is kept.
    pub lossy: i32,
    /// Hash of the payload before redaction, where that changed it; else it follows from the record. Equal keys with other
    /// payloads are conflicts.
    pub payload_hash: Option<u64>,
    /// What tells a row with an id from others.
    pub identity: Identity,
    /// Hash of the whole entry before redaction: the identity of rows without an id, or of which the id is none.
    pub content_hash: u128,
    /// A `[[set-aside]]` rule keeps the row out of the analysis.
    pub set_aside: bool,
    /// The entry itself, redacted; empty when it is not to be kept.
    pub raw: Cow<'a, str>,
    /// Byte offset of the entry in the decoded file.
    pub offset: u64,
    /// Byte length of the entry in the decoded file.
    pub length: u32,
}

impl LogRecord<'_> {
    /// Hash of the payload as it stands.
    pub fn own_payload_hash(&self) -> u64 {
        let Some(http) = &self.http else { return payload_hash(&self.message, "", "", None) };
        let (method, path) = (http.method.as_deref(), http.path.as_deref());
        payload_hash(&self.message, method.unwrap_or(""), path.unwrap_or(""), http.status)
    }
}

/// A stretch of an entry that earlier entries held too, byte by byte: its resource, its labels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stretch<'a> {
    /// It, as it stands in the text that the record points into.
    pub text: &'a str,
    /// Stretches with the same id have the same text.
    pub id: u64,
}

impl Stretch<'_> {
    /// Where a text stands in it, if it is a part of it: not one that reads the same, but the very bytes.
    #[inline]
    pub fn offset_of(&self, text: &str) -> Option<usize> {
        let offset = text.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        (offset < self.text.len() && text.len() <= self.text.len() - offset).then_some(offset)
    }
}

/// Takes the records of one piece of a file, in file order. What stands behind it decides what is copied.
pub trait Collect: Send {
    /// Takes one record. `known` are stretches of its text; `raw` makes the entry itself, its credentials masked, for who
    /// keeps it.
    fn push<'a>(&mut self, record: &mut LogRecord<'a>, known: &[Stretch<'a>], raw: impl FnOnce() -> Cow<'a, str>);
}

/// Hash of what a row says, before redaction: equal keys with other payloads are conflicts.
pub fn payload_hash(message: &str, method: &str, path: &str, status: Option<i32>) -> u64 {
    if method.is_empty() && path.is_empty() && status.is_none() {
        return xxhash_rust::xxh3::xxh3_64(message.as_bytes());
    }
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    for part in [message, method, path] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&status.unwrap_or(0).to_le_bytes());
    hasher.digest()
}

/// The first 128 bits of a blake3 hash.
pub fn hash128(parts: &[&[u8]]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    truncated(&hasher)
}

fn truncated(hasher: &blake3::Hasher) -> u128 {
    let mut first = [0_u8; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_survive_their_stored_word() {
        for kind in [Kind::App, Kind::Request, Kind::System, Kind::Audit, Kind::Build] {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::from_word("other"), None);
    }
}
