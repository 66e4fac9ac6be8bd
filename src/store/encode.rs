//! Rows to Arrow columns, and the hash over them.
//!
//! The hash is taken over the columns' values in batches of a fixed number of rows, so that it says the same whatever files
//! the rows lie in.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use super::columns::{ROW_COLUMNS, ROW_SCHEMA};
use super::row::Row;
use crate::record::{Http, LogRecord};

fn text<'a>(rows: &'a [Row], of: impl Fn(&'a Row) -> Option<&'a str>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn made(rows: &[Row], of: impl Fn(&Row) -> Option<String>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn int(rows: &[Row], of: impl Fn(&Row) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Int64Array>())
}

fn short(rows: &[Row], of: impl Fn(&Row) -> Option<i32>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Int32Array>())
}

fn http<'a, T>(rec: &'a LogRecord, of: impl Fn(&'a Http) -> Option<T>) -> Option<T> {
    rec.http.as_ref().and_then(of)
}

/// Equal neighbours share one rendering: ids are repeated often, and hex is not free.
fn cached<'a, K: PartialEq + Copy>(
    rows: &'a [Row],
    key: impl Fn(&'a Row) -> K,
    render: impl Fn(K) -> String,
) -> ArrayRef {
    let mut last: Option<(K, String)> = None;
    let mut out = arrow_array::builder::StringBuilder::with_capacity(rows.len(), rows.len() * 32);
    for row in rows {
        let key = key(row);
        if last.as_ref().is_none_or(|(known, _)| *known != key) {
            last = Some((key, render(key)));
        }
        out.append_value(last.as_ref().map_or("", |(_, text)| text));
    }
    Arc::new(out.finish())
}

fn column(name: &str, rows: &[Row]) -> ArrayRef {
    match name {
        "ts_ns" => int(rows, |r| r.rec.ts_ns),
        "ts" => {
            let micros =
                rows.iter().map(|r| r.rec.ts_ns.map(|ns| ns.div_euclid(1_000))).collect::<TimestampMicrosecondArray>();
            Arc::new(micros.with_timezone("UTC"))
        }
        "ts_naive" => Arc::new(rows.iter().map(|r| Some(r.rec.ts_naive)).collect::<BooleanArray>()),
        "receive_ns" => int(rows, |r| r.rec.receive_ns),
        "insert_id" => text(rows, |r| r.rec.insert_id.as_deref()),
        "project" => text(rows, |r| r.rec.project.as_deref()),
        "service" => text(rows, |r| r.rec.service.as_deref()),
        "severity" => short(rows, |r| Some(r.rec.severity.number())),
        "effective_severity" => short(rows, |r| Some(r.rec.effective_severity.number())),
        "effective_reason" => text(rows, |r| r.reason.as_deref()),
        "message" => text(rows, |r| Some(&r.rec.message)),
        "kind" => text(rows, |r| Some(r.rec.kind.as_str())),
        "revision" => text(rows, |r| r.rec.revision.as_deref()),
        "instance" => text(rows, |r| r.rec.instance.as_deref()),
        "trace" => text(rows, |r| r.rec.trace.as_deref()),
        "span" => text(rows, |r| r.rec.span.as_deref()),
        "location" => text(rows, |r| r.rec.location.as_deref()),
        "resource_type" => text(rows, |r| r.rec.resource_type.as_deref()),
        "log_name" => text(rows, |r| r.rec.log_name.as_deref()),
        "module" => text(rows, |r| r.rec.module.as_deref()),
        "function" => text(rows, |r| r.rec.function.as_deref()),
        "line" => int(rows, |r| r.rec.line),
        "user_id" => text(rows, |r| r.rec.user.as_deref()),
        "labels" => text(rows, |r| r.rec.labels.as_deref()),
        "http_method" => text(rows, |r| http(&r.rec, |h| h.method.as_deref())),
        "http_host" => text(rows, |r| http(&r.rec, |h| h.host.as_deref())),
        "http_route" => text(rows, |r| http(&r.rec, |h| h.path.as_deref())),
        "http_status" => short(rows, |r| http(&r.rec, |h| h.status)),
        "http_latency_ns" => int(rows, |r| http(&r.rec, |h| h.latency_ns)),
        "sig_id" => cached(rows, |r| r.sig, |sig| sig.to_string()),
        "exception" => text(rows, |r| r.exception.as_deref()),
        "stack_id" => made(rows, |r| r.stack_id.map(|id| format!("{id:016x}"))),
        "event_id" => cached(rows, |r| r.event_id, |id| format!("{id:016x}")),
        "event_role" => text(rows, |r| Some(r.role.as_str())),
        "rows_in_event" => short(rows, |r| Some(r.rows_in_event)),
        "deploy_revision" => text(rows, |r| r.rec.deploy.as_ref().map(|d| d.revision.as_str())),
        "deploy_outcome" => text(rows, |r| r.rec.deploy.as_ref().map(|d| d.outcome)),
        "deploy_by" => text(rows, |r| r.rec.deploy.as_ref().and_then(|d| d.by.as_deref())),
        "deploy_message" => text(rows, |r| r.rec.deploy.as_ref().and_then(|d| d.message.as_deref())),
        "split_uid" => text(rows, |r| r.rec.split.as_ref().map(|s| s.uid.as_str())),
        "split_index" => short(rows, |r| r.rec.split.as_ref().map(|s| s.index)),
        "split_total" => short(rows, |r| r.rec.split.as_ref().map(|s| s.total)),
        "split_parts" => short(rows, |r| Some(r.parts)),
        "split_own_bytes" => int(rows, |r| r.own_bytes),
        "payload_rank" => short(rows, |r| Some(r.rec.payload_rank)),
        "lossy" => short(rows, |r| Some(r.rec.lossy)),
        "payload_hash" => int(rows, |r| Some(r.payload_hash)),
        "content_hash" => made(rows, |r| r.rec.insert_id.is_none().then(|| format!("{:032x}", r.rec.content_hash))),
        // Where the key follows from other columns it would only be 16 incompressible bytes more.
        "dedup_key" => made(rows, |r| r.rec.insert_id.is_none().then(|| format!("{:032x}", r.key))),
        "raw" => text(rows, |r| Some(r.rec.raw.as_str()).filter(|raw| !raw.is_empty())),
        "file" => cached(rows, |r| r.file, |file| file.to_string()),
        "offset" => int(rows, |r| i64::try_from(r.rec.offset).ok()),
        "length" => int(rows, |r| Some(i64::from(r.rec.length))),
        _ => unreachable!("every column of ROW_COLUMNS is encoded; {name} is not"),
    }
}

/// One batch of rows.
pub(super) fn batch(rows: &[Row]) -> RecordBatch {
    let columns = ROW_COLUMNS.iter().map(|spec| column(spec.name, rows)).collect();
    RecordBatch::try_new(ROW_SCHEMA.clone(), columns).expect("columns are made from the schema's own list")
}

/// Hash over batches, column by column.
pub(super) struct Digest {
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), bytes: Vec::new() }
    }

    /// Adds a batch. Batches must be cut after the same rows wherever equality matters.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        for column in batch.columns() {
            self.bytes.clear();
            push_values(&mut self.bytes, column.as_ref());
            self.hasher.update(&(self.bytes.len() as u64).to_le_bytes());
            self.hasher.update(&self.bytes);
        }
    }

    /// The hash, hex.
    pub(super) fn hex(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// Presence, then the values of what is present: two columns give the same bytes only if they hold the same.
fn push_values(out: &mut Vec<u8>, array: &dyn Array) {
    out.extend((0..array.len()).map(|at| u8::from(array.is_valid(at))));
    let any = array.as_any();
    if let Some(texts) = any.downcast_ref::<StringArray>() {
        for value in texts.iter().flatten() {
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
            out.extend_from_slice(value.as_bytes());
        }
    } else if let Some(numbers) = any.downcast_ref::<Int64Array>() {
        numbers.iter().flatten().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    } else if let Some(numbers) = any.downcast_ref::<Int32Array>() {
        numbers.iter().flatten().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    } else if let Some(truths) = any.downcast_ref::<BooleanArray>() {
        out.extend(truths.iter().flatten().map(u8::from));
    } else if let Some(moments) = any.downcast_ref::<TimestampMicrosecondArray>() {
        moments.iter().flatten().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }
}
