//! Arrow columns back to rows: what a late file's day is merged from.

use std::borrow::Cow;
use std::path::Path;

use arrow_array::{Array, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};

use super::StoreError;
use super::row::{EventRole, Row, STORED};
use crate::mine::SigId;
use crate::record::{ContentId, DeployMark, Http, Kind, LogRecord, Severity, Split};

/// Columns of one batch, by name; a column that is missing or of another type is damage, told with its name.
pub(super) struct Columns<'a> {
    batch: &'a RecordBatch,
    path: &'a Path,
}

impl<'a> Columns<'a> {
    pub(super) fn new(batch: &'a RecordBatch, path: &'a Path) -> Self {
        Self { batch, path }
    }

    fn column<T: 'static>(&self, name: &str) -> Result<&'a T, StoreError> {
        self.batch
            .column_by_name(name)
            .and_then(|column| column.as_any().downcast_ref::<T>())
            .ok_or_else(|| self.damaged(&format!("column {name} is missing or of another type")))
    }

    pub(super) fn text(&self, name: &str) -> Result<TextColumn<'a>, StoreError> {
        self.column(name).map(TextColumn)
    }

    pub(super) fn int(&self, name: &str) -> Result<IntColumn<'a>, StoreError> {
        self.column(name).map(IntColumn)
    }

    fn short(&self, name: &str) -> Result<ShortColumn<'a>, StoreError> {
        self.column(name).map(ShortColumn)
    }

    pub(super) fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Damaged { path: self.path.to_owned(), reason: reason.to_owned() }
    }
}

pub(super) struct TextColumn<'a>(&'a StringArray);
pub(super) struct IntColumn<'a>(&'a Int64Array);
struct ShortColumn<'a>(&'a Int32Array);

impl<'a> TextColumn<'a> {
    pub(super) fn get(&self, at: usize) -> Option<&'a str> {
        self.0.is_valid(at).then(|| self.0.value(at))
    }

    pub(super) fn own(&self, at: usize) -> Option<String> {
        self.get(at).map(str::to_owned)
    }
}

impl IntColumn<'_> {
    pub(super) fn get(&self, at: usize) -> Option<i64> {
        self.0.is_valid(at).then(|| self.0.value(at))
    }
}

impl ShortColumn<'_> {
    fn get(&self, at: usize) -> Option<i32> {
        self.0.is_valid(at).then(|| self.0.value(at))
    }

    fn or_zero(&self, at: usize) -> i32 {
        self.get(at).unwrap_or(0)
    }
}

/// Appends the rows of one batch.
pub(super) fn rows(batch: &RecordBatch, path: &Path, out: &mut Vec<Row>) -> Result<(), StoreError> {
    let columns = Columns::new(batch, path);
    let text = |name: &str| columns.text(name);
    let int = |name: &str| columns.int(name);
    let short = |name: &str| columns.short(name);
    let (ts_ns, receive_ns, insert_id) = (int("ts_ns")?, int("receive_ns")?, text("insert_id")?);
    let naive: &BooleanArray = columns.column("ts_naive")?;
    let (project, service, severity, effective) =
        (text("project")?, text("service")?, short("severity")?, short("effective_severity")?);
    let (reason, message, kind, revision) =
        (text("effective_reason")?, text("message")?, text("kind")?, text("revision")?);
    let (instance, trace, span, location) = (text("instance")?, text("trace")?, text("span")?, text("location")?);
    let (resource_type, log_name, module, function) =
        (text("resource_type")?, text("log_name")?, text("module")?, text("function")?);
    let (line, user, labels) = (int("line")?, text("user_id")?, text("labels")?);
    let (method, host, route, status, latency) =
        (text("http_method")?, text("http_host")?, text("http_route")?, short("http_status")?, int("http_latency_ns")?);
    let (sig, exception, stack) = (text("sig_id")?, text("exception")?, text("stack_id")?);
    let (event, role, in_event) = (text("event_id")?, text("event_role")?, short("rows_in_event")?);
    let (deployed, outcome, by, words) =
        (text("deploy_revision")?, text("deploy_outcome")?, text("deploy_by")?, text("deploy_message")?);
    let (split_uid, split_index, split_total) = (text("split_uid")?, short("split_index")?, short("split_total")?);
    let (parts, own_bytes, rank, lossy) =
        (short("split_parts")?, int("split_own_bytes")?, short("payload_rank")?, short("lossy")?);
    let (payload_hash, content_hash, key) = (int("payload_hash")?, text("content_hash")?, text("dedup_key")?);
    let (raw, file, offset, length) = (text("raw")?, text("file")?, int("offset")?, int("length")?);

    for at in 0..batch.num_rows() {
        let hex = |column: &TextColumn<'_>| -> Result<Option<u128>, StoreError> {
            let parse = |text| {
                u128::from_str_radix(text, 16)
                    .map_err(|_| columns.damaged(&format!("row {at} holds an id that is not hex")))
            };
            column.get(at).map(parse).transpose()
        };
        let level = |number: i32| Severity::from_number(i64::from(number)).unwrap_or_default();
        let http = Http {
            method: method.own(at),
            host: host.own(at),
            path: route.own(at),
            status: status.get(at),
            latency_ns: latency.get(at),
        };
        let rec = LogRecord {
            ts_ns: ts_ns.get(at),
            ts_naive: naive.is_valid(at) && naive.value(at),
            receive_ns: receive_ns.get(at),
            severity: level(severity.or_zero(at)),
            effective_severity: level(effective.or_zero(at)),
            effective_reason: None,
            kind: kind.get(at).and_then(Kind::from_word).unwrap_or_default(),
            message: message.own(at).unwrap_or_default(),
            project: project.own(at),
            service: service.own(at),
            resource_type: resource_type.own(at),
            location: location.own(at),
            revision: revision.own(at),
            instance: instance.own(at),
            trace: trace.own(at),
            span: span.own(at),
            insert_id: insert_id.own(at),
            log_name: log_name.own(at),
            module: module.own(at),
            function: function.own(at),
            line: line.get(at),
            user: user.own(at),
            http: (http != Http::default()).then_some(http),
            labels: labels.own(at),
            split: split_uid.own(at).map(|uid| Split {
                uid,
                index: split_index.or_zero(at),
                total: split_total.or_zero(at),
            }),
            deploy: deployed.own(at).map(|revision| DeployMark {
                revision,
                outcome: outcome_word(outcome.get(at)),
                by: by.own(at),
                message: words.own(at),
            }),
            payload_rank: rank.or_zero(at),
            lossy: lossy.or_zero(at),
            payload_hash: 0,
            content_hash: hex(&content_hash)?.unwrap_or(0),
            set_aside: false,
            raw: raw.own(at).unwrap_or_default(),
            offset: offset.get(at).and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            length: length.get(at).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        };
        let key = hex(&key)?.unwrap_or_else(|| rec.dedup_key());
        let file =
            file.get(at).and_then(content_id).ok_or_else(|| columns.damaged(&format!("row {at} names no input")))?;
        let mut row = Row::new(rec, key, file, STORED);
        row.reason = reason.own(at).map(Cow::Owned);
        row.payload_hash = payload_hash.get(at).unwrap_or(0);
        row.parts = parts.or_zero(at);
        row.own_bytes = own_bytes.get(at);
        row.sig = SigId(hex(&sig)?.unwrap_or(0));
        row.exception = exception.own(at);
        row.stack_id = hex(&stack)?.and_then(|id| u64::try_from(id).ok());
        row.event_id = hex(&event)?.and_then(|id| u64::try_from(id).ok()).unwrap_or(0);
        row.role = role.get(at).and_then(EventRole::from_word).unwrap_or_default();
        row.rows_in_event = in_event.or_zero(at);
        out.push(row);
    }
    Ok(())
}

fn outcome_word(word: Option<&str>) -> &'static str {
    match word {
        Some("ok") => "ok",
        Some("failed") => "failed",
        _ => "unknown",
    }
}

/// The content id that 64 hex digits stand for.
pub(super) fn content_id(hex: &str) -> Option<ContentId> {
    let mut id = [0_u8; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(ContentId(id))
}
