//! Rows and inputs that tests of the store and of queries are made of.

use std::path::PathBuf;

use super::{AppendOptions, Appended, Store, StoreError};
use crate::record::ingest::{FileReport, Ingested, SetAside, Span};
use crate::record::{Collect, ContentId, Kind, LogRecord, Severity, hash128};

/// 2025-09-15T00:00:00Z
pub(crate) const DAY_ONE: i64 = 1_757_894_400_000_000_000;
pub(crate) const MS: i64 = 1_000_000;

/// A row of service `shop` with an id.
pub(crate) fn row(ts_ns: i64, id: &str, message: &'static str) -> LogRecord<'static> {
    LogRecord {
        ts_ns: Some(ts_ns),
        insert_id: (!id.is_empty()).then(|| id.to_owned().into()),
        message: message.into(),
        service: Some("shop".into()),
        project: Some("acme".into()),
        instance: Some("i1".into()),
        log_name: Some("stderr".into()),
        kind: Kind::App,
        payload_rank: 2,
        content_hash: hash128(&[id.as_bytes(), message.as_bytes()]),
        raw: format!("{{\"textPayload\":{message:?}}}").into(),
        ..LogRecord::default()
    }
}

pub(crate) fn error(ts_ns: i64, id: &str, message: &'static str) -> LogRecord<'static> {
    LogRecord { severity: Severity::Error, effective_severity: Severity::Error, ..row(ts_ns, id, message) }
}

/// An input and its rows.
#[derive(Debug, Clone)]
pub(crate) struct Dump {
    pub(crate) read: Ingested,
    pub(crate) records: Vec<LogRecord<'static>>,
}

/// An input that holds some rows; its content id follows from the number.
pub(crate) fn input(number: u8, records: Vec<LogRecord<'static>>) -> Dump {
    let id = ContentId([number; 32]);
    let times = || records.iter().filter_map(|row| row.ts_ns);
    let spans = times().min().zip(times().max()).map(|(first_ns, last_ns)| Span {
        project: "acme".into(),
        service: "shop".into(),
        severity: Severity::Default,
        first_ns,
        last_ns,
        entries: records.len() as u64,
    });
    let report = FileReport {
        path: format!("dump-{number}.json"),
        content_id: id.to_string(),
        bytes: 100,
        entries: records.len() as u64,
        set_aside: SetAside { no_time: (records.len() - times().count()) as u64, ..SetAside::default() },
        ..FileReport::default()
    };
    let spans = spans.into_iter().collect();
    let records =
        records.into_iter().zip(0_u64..).map(|(row, at)| LogRecord { offset: at * 10, length: 10, ..row }).collect();
    let disk_path = PathBuf::from(&report.path);
    Dump { read: Ingested { content_id: id, disk_path, mtime_ns: 7, report, spans, quarantined: Vec::new() }, records }
}

impl Dump {
    /// The same rows, so many to an envelope: what lies in one has one offset.
    pub(crate) fn in_envelopes(mut self, rows: usize) -> Self {
        for (at, record) in self.records.iter_mut().enumerate() {
            record.offset = (at / rows * 10) as u64;
        }
        self
    }
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

/// Adds some inputs in one call, each in pieces of two rows, the last piece first.
pub(crate) fn append_with(
    store: &mut Store,
    call: Vec<Dump>,
    options: &AppendOptions<'_>,
) -> Result<Appended, StoreError> {
    let ingest = store.ingest(options)?;
    for dump in call {
        for piece in dump.records.chunks(2).rev() {
            let mut part = ingest.collector(&dump.read.content_id, 0);
            for record in piece {
                part.push(&mut LogRecord { raw: "".into(), ..record.clone() }, &[], || record.raw.clone());
            }
            ingest.take(part)?;
        }
        ingest.done(&dump.read.content_id);
        ingest.finish_file(dump.read)?;
    }
    ingest.commit()
}

/// Adds some inputs in one call.
pub(crate) fn append(store: &mut Store, call: Vec<Dump>) -> Appended {
    append_with(store, call, &AppendOptions::default()).expect("appends")
}

/// A store in a folder that holds some inputs, added one call after the other.
pub(crate) fn store_of(folder: &tempfile::TempDir, calls: Vec<Vec<Dump>>) -> Store {
    let mut store = Store::create_or_open(&folder.path().join("s")).expect("opens");
    for call in calls {
        append(&mut store, call);
    }
    store
}
