//! The columns of `rows/`: names, types, units, in the order in which they are written.
//!
//! Types are those that every Parquet reader knows the same way: signed integers, UTF-8, booleans and one UTC timestamp in
//! microseconds beside the exact integer. The same list makes the schema, the empty table of a query and its description.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// 64-bit integer.
    Int64,
    /// 32-bit integer.
    Int32,
    /// Text.
    Text,
    /// Truth value.
    Bool,
    /// Moment in UTC, microseconds.
    Micros,
}

/// A column: its name, its type and what stands in it.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec {
    /// Name in SQL and in the files.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnType,
    /// What stands in it, with its unit.
    pub about: &'static str,
    /// Few distinct values, so that a dictionary pays.
    repeats: bool,
}

const fn few(name: &'static str, kind: ColumnType, about: &'static str) -> ColumnSpec {
    ColumnSpec { name, kind, about, repeats: true }
}

const fn many(name: &'static str, kind: ColumnType, about: &'static str) -> ColumnSpec {
    ColumnSpec { name, kind, about, repeats: false }
}

use ColumnType::{Bool, Int32, Int64, Micros, Text};

/// Every column of `rows/`.
pub const ROW_COLUMNS: &[ColumnSpec] = &[
    many("ts_ns", Int64, "time of the entry, nanoseconds since 1970-01-01 UTC"),
    many("ts", Micros, "the same, floored to microseconds"),
    few("ts_source", Text, "field that the time was read from"),
    few("ts_naive", Bool, "the time had no zone and was read as UTC"),
    many("receive_ns", Int64, "when the collector received the entry, nanoseconds"),
    many("insert_id", Text, "the exporter's id of the entry"),
    few("project", Text, "cloud project or account"),
    few("service", Text, "service"),
    few("severity", Int32, "the envelope's severity, Google's numbers 0 to 800"),
    few("effective_severity", Int32, "the severity reports rank by, Google's numbers"),
    few("effective_reason", Text, "why the effective severity differs"),
    few("message", Text, "the text people read; empty without payload"),
    few("kind", Text, "app, request, system, audit or build"),
    few("revision", Text, "deployed revision or version"),
    few("instance", Text, "instance, pod or container"),
    few("trace", Text, "trace id"),
    many("span", Text, "span id"),
    few("location", Text, "region or zone"),
    few("resource_type", Text, "resource type"),
    few("log_name", Text, "log name, decoded"),
    few("module", Text, "module, logger or file that wrote the entry"),
    few("function", Text, "function that wrote the entry"),
    few("line", Int64, "source line"),
    few("user_id", Text, "user that the payload names"),
    few("labels", Text, "labels, a JSON object"),
    few("http_method", Text, "request verb"),
    few("http_host", Text, "request host"),
    few("http_route", Text, "request path without its query"),
    few("http_status", Int32, "response status"),
    many("http_latency_ns", Int64, "time to the response, nanoseconds"),
    few("sig_id", Text, "signature of the message, 32 hex; joins templates"),
    few("exception", Text, "type of the last exception in the row, or in the lines of its event"),
    few("stack_id", Text, "hash of the in-app frames, its own or its event's, 16 hex"),
    many(
        "event_id",
        Text,
        "occurrence that the row belongs to, 16 hex: its day and the place of the row that names it",
    ),
    few("event_role", Text, "head, traceback, joiner or frame"),
    few("rows_in_event", Int32, "rows of the event"),
    few("deploy_revision", Text, "revision whose deploy the row reports"),
    few("deploy_outcome", Text, "ok, failed or unknown"),
    few("deploy_by", Text, "who asked for the deploy"),
    few("deploy_message", Text, "the platform's words, where it failed"),
    few("split_uid", Text, "common id of the parts of a split entry"),
    few("split_index", Int32, "position of the part, from 0"),
    few("split_total", Int32, "number of parts"),
    few("split_parts", Int32, "parts joined into the row; only where there are several"),
    few("split_own_bytes", Int64, "bytes of the message before parts were joined"),
    few("payload_rank", Int32, "0 no payload, 1 request only, 2 text or JSON"),
    few("lossy", Int32, "number of ? and U+FFFD in the message; absent for none"),
    many("payload_hash", Int64, "hash of the payload before redaction; where it does not follow from the row itself"),
    many("content_hash", Text, "hash of the whole entry before redaction, 32 hex; rows that no id tells from others"),
    few("copy", Int32, "which of several equal entries of one input, from 0; rows with a content_hash only"),
    many("raw", Text, "the entry itself, redacted"),
    few("file", Text, "content id of the input, 64 hex"),
    many("offset", Int64, "byte offset in the decoded input"),
    many("length", Int64, "byte length in the decoded input"),
];

impl ColumnSpec {
    /// Whether a dictionary pays.
    pub(super) fn repeats(self) -> bool {
        self.repeats
    }

    fn data_type(self) -> DataType {
        match self.kind {
            Int64 => DataType::Int64,
            Int32 => DataType::Int32,
            Text => DataType::Utf8,
            Bool => DataType::Boolean,
            Micros => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
        }
    }
}

/// Arrow schema of a list of columns; all may be null.
pub(super) fn schema(columns: &[ColumnSpec]) -> SchemaRef {
    Arc::new(Schema::new(
        columns.iter().map(|column| Field::new(column.name, column.data_type(), true)).collect::<Vec<_>>(),
    ))
}

/// Arrow schema of `rows/`.
pub(super) static ROW_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema(ROW_COLUMNS));

/// Columns of the signature tables in `sketch/`.
pub(super) const SIGNATURE_COLUMNS: &[ColumnSpec] = &[
    many("sig_id", Text, "signature, 32 hex"),
    few("tokens", Text, "constants as strings, variables as 0, a JSON array"),
    many("rows", Int64, "rows of the day"),
    many("first_ns", Int64, "oldest row, nanoseconds"),
    many("last_ns", Int64, "newest row, nanoseconds"),
    many("exemplar", Text, "text of the least row by time and insert_id"),
    many("exemplar_insert_id", Text, "id of that row"),
    few("exception", Text, "type of the last exception"),
    many("values", Text, "values of the variables, as far as they are kept, a JSON array"),
    few("form", Text, "text, exception, request, empty or json"),
];

/// Columns of the summaries in `sketch/`.
pub(super) const SUMMARY_COLUMNS: &[ColumnSpec] = &[
    few("sig_id", Text, "signature, 32 hex"),
    few("project", Text, "cloud project or account"),
    few("service", Text, "service"),
    few("kind", Text, "app, request, system, audit or build"),
    few("revision", Text, "deployed revision or version"),
    few("rows", Int64, "rows of the day that are neither joiner nor frame"),
    few("hours", Text, "rows per hour of the day, a JSON array of 24"),
    few("intervals", Text, "[first, last] of runs without a gap over 15 minutes, nanoseconds, a JSON array"),
];
