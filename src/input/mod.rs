//! Dumps in, records out: every shape in which people hold exported logs.
//!
//! One stage after the other, each over a stream: `source` names files, `codec` decodes them, `framing` finds rows, `json`
//! reads them strictly and `repair` leniently, `shape` maps them, `redact` masks credentials. Nothing is lost in silence: a
//! row is read, or it is counted with its offset and reason. No stage holds a whole file's text.

mod codec;
mod framing;
mod json;
mod redact;
mod repair;
mod shape;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use thiserror::Error;

pub use source::{Expanded, SIDECAR_SUFFIX, Source, expand};

use crate::config::{Config, SetAsideRule, glob_matches};
use crate::record::ingest::{
    CapSuspected, DeclaredWindow, FileReport, Ingested, PROBLEMS_LISTED, Problem, Quarantined, Span,
};
use crate::record::{ContentId, LogRecord, Severity, effective, hash128};
use crate::time;

use framing::{Sink, Verdict};
use json::{Tape, Value};
use shape::{Carried, Mapping, Unwrapped};

/// Bytes of a malformed piece that are kept for a person to look at.
const QUARANTINE_TEXT: usize = 4 << 10;

/// Why an input cannot be read at all.
#[derive(Debug, Error)]
pub enum InputError {
    /// No such file.
    #[error("no such file or folder: {}", path.display())]
    NotFound {
        /// As given.
        path: PathBuf,
    },
    /// A folder or pattern without a file.
    #[error("{argument} holds no file to read")]
    Nothing {
        /// As given.
        argument: String,
    },
    /// An address of another machine.
    #[error(
        "{argument} is an address ({scheme}://), and gardener reads local files only: download it first, then name the file or folder"
    )]
    Address {
        /// As given.
        argument: String,
        /// Its scheme.
        scheme: String,
    },
    /// A pattern that is none.
    #[error("{pattern} is no valid pattern: {reason}")]
    Glob {
        /// As given.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// A folder that cannot be listed.
    #[error("cannot list {}: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A file that cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A compressed file of which nothing can be decoded.
    #[error("cannot decode {}: {reason}", path.display())]
    Undecodable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the stream.
        reason: String,
    },
    /// A sidecar that is not valid.
    #[error("{} is not a valid sidecar: {reason}", path.display())]
    Sidecar {
        /// The sidecar.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Largest row in bytes.
    pub row_bytes: usize,
    /// Row counts that look like a `--limit`.
    pub round_counts: Vec<u64>,
    /// Plain lines are entries.
    pub text: bool,
    /// Mask credentials.
    pub redact: bool,
    /// Keep the text of entries.
    pub keep_raw: bool,
    /// A window stated by flags for every file of the call.
    pub declared: Option<DeclaredWindow>,
    mappings: Vec<Mapping>,
    set_aside: Vec<SetAsideRule>,
}

impl ReadOptions {
    /// Options of a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            row_bytes: config.limits.row_bytes,
            round_counts: config.limits.round_counts.clone(),
            text: false,
            redact: true,
            keep_raw: true,
            declared: None,
            mappings: Mapping::all(&config.shape),
            set_aside: config.set_aside.clone(),
        }
    }
}

/// Size and modification time in nanoseconds, by which a known file is told without reading it.
pub fn identity(path: &Path) -> Option<(u64, i64)> {
    let meta = std::fs::metadata(path).ok()?;
    let mtime = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((meta.len(), i64::try_from(mtime.as_nanos()).ok()?))
}

/// blake3 of a file as it is on disk.
pub fn content_id(path: &Path) -> Result<ContentId, InputError> {
    codec::content_id(path).map_err(|source| InputError::Open { path: path.to_owned(), source })
}

/// Reads one file: its rows, its report, and what could not be read.
pub fn read(source: &Source, options: &ReadOptions) -> Result<Ingested, InputError> {
    let mtime_ns = identity(&source.path).map_or(0, |(_, mtime)| mtime);
    let declared = sidecar(&source.path)?.or_else(|| options.declared.clone());
    let mut decoded = codec::open(&source.path)?;
    let coding = decoded.coding;
    let mut reader = Reader::new(options);
    let framed = framing::frame(&mut decoded, options.row_bytes, &mut reader)
        .map_err(|error| InputError::Open { path: source.path.clone(), source: error })?;
    if let Some(reason) = decoded.broken.take() {
        if framed.decoded == 0 {
            return Err(InputError::Undecodable { path: source.path.clone(), reason });
        }
        reader.problem(framed.decoded, reason);
    }
    let (content_id, bytes) = decoded.finish();
    let mut report = reader.report;
    report.path.clone_from(&source.name);
    report.content_id = content_id.to_string();
    report.bytes = bytes;
    report.decoded_bytes = framed.decoded;
    report.bytes_by = framed.by;
    report.blank = framed.blank_lines;
    framed.framing.clone_into(&mut report.framing);
    coding.codec.clone_into(&mut report.codec);
    coding.encoding.clone_into(&mut report.encoding);
    report.first = reader.spans.values().map(|span| span.first_ns).min().map(time::rfc3339);
    report.last = reader.spans.values().map(|span| span.last_ns).max().map(time::rfc3339);
    report.declared_window = declared.or(reader.window);
    report.cap_suspected = caps(&report, &options.round_counts);
    Ok(Ingested {
        content_id,
        disk_path: source.path.clone(),
        mtime_ns,
        report,
        records: reader.records,
        spans: reader.spans.into_values().collect(),
        quarantined: reader.quarantined,
    })
}

/// Row counts of a file that look like a `--limit`: its own, or one that two of its severities share.
fn caps(report: &FileReport, round: &[u64]) -> Vec<CapSuspected> {
    let mut caps = Vec::new();
    if round.contains(&report.entries) {
        caps.push(CapSuspected { severity: "ALL".into(), rows: report.entries });
    }
    for (severity, rows) in &report.severity {
        let shared = report.severity.values().filter(|other| *other == rows).count() > 1;
        if shared && round.contains(rows) {
            caps.push(CapSuspected { severity: severity.clone(), rows: *rows });
        }
    }
    caps
}

/// What a sidecar beside a file states.
fn sidecar(path: &Path) -> Result<Option<DeclaredWindow>, InputError> {
    #[derive(serde::Deserialize)]
    struct Sidecar {
        since: String,
        until: String,
        filter: Option<String>,
        exit: Option<i64>,
    }
    let beside = source::sidecar_of(path);
    let Ok(text) = std::fs::read_to_string(&beside) else { return Ok(None) };
    let invalid = |reason: String| InputError::Sidecar { path: beside.clone(), reason };
    let stated: Sidecar = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let at =
        |text: &str| time::parse(text).map(|parsed| parsed.ns).ok_or_else(|| invalid(format!("{text:?} is no time")));
    let (since, until) = (at(&stated.since)?, at(&stated.until)?);
    // An export that failed covers nothing, whatever it was asked for.
    if stated.exit.unwrap_or(0) != 0 {
        return Ok(None);
    }
    Ok(Some(DeclaredWindow {
        since: time::rfc3339(since),
        until: time::rfc3339(until),
        source: "sidecar".into(),
        filter: stated.filter,
    }))
}

struct Reader<'a> {
    options: &'a ReadOptions,
    tape: Tape,
    report: FileReport,
    records: Vec<LogRecord>,
    spans: BTreeMap<(String, String, Severity), Span>,
    quarantined: Vec<Quarantined>,
    window: Option<DeclaredWindow>,
}

impl<'a> Reader<'a> {
    fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            tape: Tape::default(),
            report: FileReport::default(),
            records: Vec::new(),
            spans: BTreeMap::new(),
            quarantined: Vec::new(),
            window: None,
        }
    }

    fn problem(&mut self, offset: u64, reason: String) {
        if self.report.problems.len() < PROBLEMS_LISTED {
            self.report.problems.push(Problem { offset, reason });
        } else {
            self.report.problems_more += 1;
        }
    }

    /// Maps all rows that a top-level object holds.
    fn take(&mut self, offset: u64, text: &str, repaired: Option<&str>) -> Result<Verdict, json::Refused> {
        // The tape is moved out while rows borrow it; it keeps its capacity.
        let mut tape = std::mem::take(&mut self.tape);
        let verdict = tape.parse(text).map(|object| {
            if repaired.is_some() {
                self.report.repaired += 1;
            }
            match shape::unwrap(object) {
                Unwrapped::Row => {
                    self.keep(object, None, offset, text);
                    Verdict::Read { entries: text.len() as u64, wrapper: false }
                }
                Unwrapped::Wrapper { rows, window } => {
                    if self.window.is_none() {
                        self.window = window;
                    }
                    let mut entries = 0;
                    for Carried { row, resource } in rows {
                        let at = offset + row.start() as u64;
                        if row.is_object() {
                            entries += row.raw().len() as u64;
                            self.keep(row, resource, at, row.raw());
                        } else {
                            self.malformed(at, row.raw().len() as u64, "not a JSON object", row.raw().as_bytes());
                        }
                    }
                    Verdict::Read { entries, wrapper: true }
                }
            }
        });
        self.tape = tape;
        verdict
    }

    fn keep(&mut self, row: Value<'_>, resource: Option<Value<'_>>, offset: u64, text: &str) {
        if let Some(data) = shape::pubsub::data(row, self.options.row_bytes) {
            self.delivered(&data, offset, text);
            return;
        }
        let mut record =
            LogRecord { offset, length: u32::try_from(text.len()).unwrap_or(u32::MAX), ..LogRecord::default() };
        shape::map(row, resource, &self.options.mappings, &mut record);
        if record.insert_id.is_none() {
            let mut canonical = String::with_capacity(text.len());
            row.canonical(&mut canonical);
            record.content_hash = hash128(&[canonical.as_bytes()]);
        }
        record.set_aside = self.options.set_aside.iter().any(|rule| {
            row.path(&rule.field).and_then(Value::scalar).is_some_and(|value| glob_matches(&rule.value, &value))
        });
        self.finish(record, text);
    }

    /// The entries inside a Pub/Sub envelope; offset and length are the envelope's.
    fn delivered(&mut self, data: &Result<String, &'static str>, offset: u64, envelope: &str) {
        let mut tape = Tape::default();
        let object = match data {
            Ok(text) => tape.parse(text).map_err(|refused| refused.reason),
            Err(reason) => Err(*reason),
        };
        let rows = match object.map(|object| (object, shape::unwrap(object))) {
            Ok((object, Unwrapped::Row)) if object.is_object() => vec![Carried { row: object, resource: None }],
            Ok((_, Unwrapped::Wrapper { rows, .. })) => rows,
            Ok(_) => {
                return self.malformed(
                    offset,
                    envelope.len() as u64,
                    "Pub/Sub data is not a JSON object",
                    envelope.as_bytes(),
                );
            }
            Err(reason) => return self.malformed(offset, envelope.len() as u64, reason, envelope.as_bytes()),
        };
        for Carried { row, resource } in rows {
            let before = self.records.len();
            self.keep(row, resource, offset, row.raw());
            for record in &mut self.records[before..] {
                record.length = u32::try_from(envelope.len()).unwrap_or(u32::MAX);
            }
        }
    }

    fn finish(&mut self, mut record: LogRecord, text: &str) {
        record.ts_ns = record.ts_ns.filter(|ns| time::is_plausible(*ns));
        let http = record.http.as_ref();
        record.payload_hash = hash128(&[
            record.message.as_bytes(),
            http.and_then(|http| http.method.as_deref()).unwrap_or("").as_bytes(),
            http.and_then(|http| http.path.as_deref()).unwrap_or("").as_bytes(),
            &http.and_then(|http| http.status).unwrap_or(0).to_le_bytes(),
        ]);
        if self.options.redact {
            let hits = &mut self.report.redacted;
            let mut mask = |text: &mut String| {
                if let std::borrow::Cow::Owned(masked) = redact::redact(text, hits) {
                    *text = masked;
                }
            };
            mask(&mut record.message);
            record.labels.iter_mut().for_each(&mut mask);
            if self.options.keep_raw {
                // The same secrets again: counted once, with the message.
                record.raw = redact::redact(text, &mut 0).into_owned();
            }
        } else if self.options.keep_raw {
            text.clone_into(&mut record.raw);
        }
        self.count(&record);
        self.records.push(record);
    }

    fn count(&mut self, record: &LogRecord) {
        let report = &mut self.report;
        report.entries += 1;
        *report.severity.entry(record.severity.as_str().to_owned()).or_default() += 1;
        if let Some(service) = &record.service {
            *report.services.entry(service.clone()).or_default() += 1;
        }
        report.no_insert_id += u64::from(record.insert_id.is_none());
        report.without_payload += u64::from(record.payload_rank == 0);
        report.naive_times += u64::from(record.ts_naive);
        report.set_aside.by_rule += u64::from(record.set_aside);
        let Some(ts_ns) = record.ts_ns else {
            report.set_aside.no_time += u64::from(!record.set_aside);
            return;
        };
        let key =
            (record.project.clone().unwrap_or_default(), record.service.clone().unwrap_or_default(), record.severity);
        let span = self.spans.entry(key).or_insert_with_key(|(project, service, severity)| Span {
            project: project.clone(),
            service: service.clone(),
            severity: *severity,
            first_ns: ts_ns,
            last_ns: ts_ns,
            entries: 0,
        });
        span.first_ns = span.first_ns.min(ts_ns);
        span.last_ns = span.last_ns.max(ts_ns);
        span.entries += 1;
    }
}

impl Sink for Reader<'_> {
    fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict {
        let strict = std::str::from_utf8(bytes).ok().map(|text| self.take(offset, text, None));
        if let Some(Ok(verdict)) = strict {
            return verdict;
        }
        let mended = repair::repair(bytes);
        match self.take(offset, &mended, Some(&mended)) {
            // Lengths are those of the file's own bytes, not of the mended text.
            Ok(Verdict::Read { wrapper: false, .. }) => {
                if let Some(record) = self.records.last_mut() {
                    record.length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                }
                Verdict::Read { entries: bytes.len() as u64, wrapper: false }
            }
            Ok(Verdict::Read { entries, wrapper }) => {
                Verdict::Read { entries: entries.min(bytes.len() as u64), wrapper }
            }
            Ok(refused) => refused,
            Err(refused) => {
                let reason = strict.and_then(Result::err).unwrap_or(refused).reason;
                Verdict::Refused(reason.to_owned())
            }
        }
    }

    fn malformed(&mut self, offset: u64, length: u64, reason: &str, shown: &[u8]) {
        self.report.malformed += 1;
        self.problem(offset, reason.to_owned());
        let mut hits = 0;
        let text = String::from_utf8_lossy(&shown[..shown.len().min(QUARANTINE_TEXT)]).into_owned();
        let text = if self.options.redact { redact::redact(&text, &mut hits).into_owned() } else { text };
        self.quarantined.push(Quarantined { offset, length, reason: reason.to_owned(), text });
    }

    fn text_line(&mut self, offset: u64, bytes: &[u8]) -> bool {
        if !self.options.text {
            return false;
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        let found = effective(Severity::Default, &text, None);
        let parsed = [29, 26, 23, 19].into_iter().find_map(|length| {
            let front = text.trim_start_matches('[');
            time::parse(front.get(..length)?)
        });
        let record = LogRecord {
            ts_ns: parsed.map(|parsed| parsed.ns),
            ts_naive: parsed.is_some_and(|parsed| parsed.naive),
            effective_severity: found.severity,
            effective_reason: found.reason,
            content_hash: hash128(&[bytes]),
            payload_rank: 2,
            lossy: i32::try_from(text.matches(['?', '\u{FFFD}']).count()).unwrap_or(i32::MAX),
            offset,
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            message: text.clone(),
            ..LogRecord::default()
        };
        self.finish(record, &text);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ingest(text: &[u8], change: impl FnOnce(&mut ReadOptions)) -> Ingested {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("dump.json");
        std::fs::write(&path, text).expect("write");
        let mut options = ReadOptions::new(&Config::default());
        change(&mut options);
        read(&Source { name: "dump.json".into(), path }, &options).expect("reads")
    }

    #[test]
    fn the_report_adds_up_and_names_what_it_could_not_read() {
        let text = b"{\"insertId\":\"a\",\"timestamp\":\"2025-01-01T00:00:00Z\",\"severity\":\"ERROR\",\"textPayload\":\"x\"}\n{\"insertId\":\"b\",\"textPayload\":NaN}\nbanner\n{\"c\":\n";
        let read = ingest(text, |_| {});
        let report = &read.report;
        assert_eq!((report.entries, report.malformed, report.repaired, report.set_aside.no_time), (2, 2, 1, 1));
        assert_eq!(report.bytes_by.total(), report.decoded_bytes);
        assert_eq!(report.problems.iter().map(|problem| problem.offset).collect::<Vec<_>>(), [124, 131]);
        assert_eq!(report.first.as_deref(), Some("2025-01-01T00:00:00.000000000Z"));
        assert_eq!(read.quarantined[0].text, "banner");
    }

    #[test]
    fn wrapper_rows_keep_their_offsets_in_the_file() {
        let text = br#"{"time_range":{"start":"2025-01-01T00:00:00Z","end":"2025-01-01T01:00:00Z"},"entries":[{"insertId":"a","textPayload":"x"},{"insertId":"b","textPayload":"y"},7]}"#;
        let read = ingest(text, |_| {});
        assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 1, "wrapper"));
        let row = &read.records[1];
        let at = usize::try_from(row.offset).expect("small");
        assert_eq!(&text[at..at + row.length as usize], &br#"{"insertId":"b","textPayload":"y"}"#[..]);
        assert_eq!(read.report.declared_window.as_ref().map(|window| window.source.as_str()), Some("file metadata"));
        assert_eq!(read.report.bytes_by.total(), text.len() as u64);
    }

    #[test]
    fn caps_are_suspected_for_the_file_and_for_severities_that_share_a_count() {
        let row = |i: usize, severity: &str| {
            format!("{{\"insertId\":\"{severity}{i}\",\"severity\":\"{severity}\",\"textPayload\":\"x\"}}\n")
        };
        let both: String = (0..50).flat_map(|i| [row(i, "ERROR"), row(i, "INFO")]).collect();
        let caps = ingest(both.as_bytes(), |_| {}).report.cap_suspected;
        assert_eq!(caps.iter().map(|cap| cap.severity.as_str()).collect::<Vec<_>>(), ["ALL", "ERROR", "INFO"]);
        let odd: String = (0..51).map(|i| row(i, "ERROR")).collect();
        assert!(ingest(odd.as_bytes(), |_| {}).report.cap_suspected.is_empty());
    }

    #[test]
    fn plain_lines_are_entries_only_when_asked() {
        let text = b"2025-01-01 00:00:01 ERROR: disk full\nsecond line\n";
        assert_eq!(ingest(text, |_| {}).report.malformed, 2);
        let read = ingest(text, |options| options.text = true);
        assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 0, "text"));
        assert!(read.records[0].ts_ns.is_some());
    }

    #[test]
    fn set_aside_rules_and_credentials_are_applied_per_row() {
        let text = b"{\"insertId\":\"a\",\"source\":\"fallback\",\"textPayload\":\"Bearer abcdefabcdefabcdef012345\"}";
        let read = ingest(text, |options| {
            options.set_aside = vec![SetAsideRule { field: "source".into(), value: "fall*".into(), reason: None }];
        });
        assert!(read.records[0].set_aside);
        assert_eq!(read.report.redacted, 1);
        assert!(!read.records[0].raw.contains("abcdefabcdef") && !read.records[0].message.contains("abcdefabcdef"));
    }
}
