//! Plain data that every stage shares: the normalised log row, its severity and its kind.
//!
//! A [`LogRecord`] is what a shape mapper makes of one exported entry. It knows nothing of the file format it came from nor
//! of the Parquet columns it goes to; the envelope's own severity is kept apart from the one the text implies, because
//! reports show both.

pub mod ingest;
mod severity;

pub use severity::{EffectiveSeverity, Severity, effective, error_type};

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
pub struct Http {
    /// Verb, upper case as exported.
    pub method: Option<String>,
    /// Host of the URL.
    pub host: Option<String>,
    /// Path of the URL without its query.
    pub path: Option<String>,
    /// Response status.
    pub status: Option<i32>,
    /// Time to the response, in nanoseconds.
    pub latency_ns: Option<i64>,
}

/// What a deploy's audit entry says of one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployMark {
    /// Revision name.
    pub revision: String,
    /// `ok`, `failed` or `unknown`.
    pub outcome: &'static str,
    /// Who asked for it, where the entry says so.
    pub by: Option<String>,
    /// The platform's message, where it failed.
    pub message: Option<String>,
}

/// One part of an entry that the exporter split because of its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Common id of the parts.
    pub uid: String,
    /// Position of this part, from 0.
    pub index: i32,
    /// Number of parts.
    pub total: i32,
}

/// One normalised log row.
///
/// Times are integer nanoseconds since 1970-01-01 UTC. Optional text fields are `None` when absent, never empty.
#[derive(Debug, Clone, Default)]
pub struct LogRecord {
    /// The entry's own time; `None` keeps the row out of every rate.
    pub ts_ns: Option<i64>,
    /// The time had no zone and was read as UTC.
    pub ts_naive: bool,
    /// When the collector received the entry.
    pub receive_ns: Option<i64>,
    /// The envelope's own severity; absent is [`Severity::Default`].
    pub severity: Severity,
    /// The severity the reports rank by.
    pub effective_severity: Severity,
    /// Why the effective severity differs from the envelope's.
    pub effective_reason: Option<&'static str>,
    /// What sort of row this is.
    pub kind: Kind,
    /// The one line or text that people read; empty when the entry had no payload.
    pub message: String,
    /// Cloud project or account.
    pub project: Option<String>,
    /// Service, as the resource names it.
    pub service: Option<String>,
    /// Resource type, such as `cloud_run_revision`.
    pub resource_type: Option<String>,
    /// Region or zone.
    pub location: Option<String>,
    /// Deployed revision or version.
    pub revision: Option<String>,
    /// Instance, pod or container id.
    pub instance: Option<String>,
    /// Trace id without its path.
    pub trace: Option<String>,
    /// Span id.
    pub span: Option<String>,
    /// The exporter's id of the entry.
    pub insert_id: Option<String>,
    /// Log name, decoded.
    pub log_name: Option<String>,
    /// Module, logger or file that wrote the row.
    pub module: Option<String>,
    /// Function that wrote the row.
    pub function: Option<String>,
    /// Source line.
    pub line: Option<i64>,
    /// User the row names, as the payload's own field says.
    pub user: Option<String>,
    /// The request, for request entries and application access logs.
    pub http: Option<Http>,
    /// Labels as a JSON object.
    pub labels: Option<String>,
    /// Set for parts of a split entry.
    pub split: Option<Split>,
    /// Set for audit and system rows that report a deploy.
    pub deploy: Option<DeployMark>,
    /// How much of a payload the row carries: 0 none, 1 request only, 2 text or JSON. The richer duplicate is kept.
    pub payload_rank: i32,
    /// Number of `?` and U+FFFD in the message: the less damaged duplicate is kept.
    pub lossy: i32,
    /// Hash of the payload before redaction: equal keys with other payloads are conflicts.
    pub payload_hash: u128,
    /// Hash of the whole entry before redaction: the identity of rows without an id.
    pub content_hash: u128,
    /// A `[[set-aside]]` rule keeps the row out of the analysis.
    pub set_aside: bool,
    /// The entry itself, redacted; empty when it is not to be kept.
    pub raw: String,
    /// Byte offset of the entry in the decoded file.
    pub offset: u64,
    /// Byte length of the entry in the decoded file.
    pub length: u32,
}

impl LogRecord {
    /// Identity of the row for deduplication, before redaction.
    ///
    /// With an id and a time: (project, id, time floored to a microsecond), because some exports keep only microseconds.
    /// Otherwise the content itself.
    pub fn dedup_key(&self) -> u128 {
        let mut hasher = blake3::Hasher::new();
        if let (Some(id), ts_ns) = (&self.insert_id, self.ts_ns) {
            hasher.update(b"id\0");
            hasher.update(self.project.as_deref().unwrap_or("").as_bytes());
            hasher.update(b"\0");
            hasher.update(id.as_bytes());
            hasher.update(b"\0");
            hasher.update(&ts_ns.map_or(i64::MIN, |ns| ns.div_euclid(1_000)).to_le_bytes());
        } else {
            hasher.update(b"content\0");
            hasher.update(&self.content_hash.to_le_bytes());
        }
        truncated(&hasher)
    }
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
    fn keys_agree_below_a_microsecond_and_differ_between_projects() {
        let row = |project: &str, ts_ns| LogRecord {
            project: Some(project.into()),
            insert_id: Some("a1".into()),
            ts_ns: Some(ts_ns),
            ..LogRecord::default()
        };
        assert_eq!(row("p", 1_000_000_123).dedup_key(), row("p", 1_000_000_900).dedup_key());
        assert_ne!(row("p", 1_000_000_123).dedup_key(), row("q", 1_000_000_123).dedup_key());
        assert_ne!(row("p", 1_000_000_123).dedup_key(), row("p", 1_000_001_123).dedup_key());
    }

    #[test]
    fn kinds_survive_their_stored_word() {
        for kind in [Kind::App, Kind::Request, Kind::System, Kind::Audit, Kind::Build] {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::from_word("other"), None);
    }
}
