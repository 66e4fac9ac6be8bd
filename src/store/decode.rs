//! Parquet back to rows: what a late file's day is merged from.

use std::path::Path;

use arrow_array::{Array, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};

use super::StoreError;
use super::computed::Computed;
use super::event::EventRole;
use super::files::FileList;
use super::rows::{DictCol, IntCol, NONE, Rows, TextCol};
use crate::record::ContentId;

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

    pub(super) fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Damaged { path: self.path.to_owned(), reason: reason.to_owned() }
    }
}

/// A text column.
#[derive(Clone, Copy)]
pub(super) struct TextColumn<'a>(&'a StringArray);

impl<'a> TextColumn<'a> {
    pub(super) fn get(self, at: usize) -> Option<&'a str> {
        self.0.is_valid(at).then(|| self.0.value(at))
    }

    pub(super) fn own(self, at: usize) -> Option<String> {
        self.get(at).map(str::to_owned)
    }
}

/// A column of 64-bit integers.
#[derive(Clone, Copy)]
pub(super) struct IntColumn<'a>(&'a Int64Array);

impl IntColumn<'_> {
    pub(super) fn get(self, at: usize) -> Option<i64> {
        self.0.is_valid(at).then(|| self.0.value(at))
    }
}

/// A column of integers or truth values of any width.
enum Number<'a> {
    Long(&'a Int64Array),
    Short(&'a Int32Array),
    Truth(&'a BooleanArray),
}

impl Number<'_> {
    fn get(&self, at: usize) -> i64 {
        match self {
            Self::Long(array) if array.is_valid(at) => array.value(at),
            Self::Short(array) if array.is_valid(at) => i64::from(array.value(at)),
            Self::Truth(array) if array.is_valid(at) && array.value(at) => 1,
            _ => NONE,
        }
    }
}

const fn dict_name(column: DictCol) -> &'static str {
    match column {
        DictCol::Project => "project",
        DictCol::Service => "service",
        DictCol::Reason => "effective_reason",
        DictCol::Kind => "kind",
        DictCol::Revision => "revision",
        DictCol::Instance => "instance",
        DictCol::Location => "location",
        DictCol::ResourceType => "resource_type",
        DictCol::LogName => "log_name",
        DictCol::Module => "module",
        DictCol::Function => "function",
        DictCol::User => "user_id",
        DictCol::Labels => "labels",
        DictCol::HttpMethod => "http_method",
        DictCol::HttpHost => "http_host",
        DictCol::HttpRoute => "http_route",
        DictCol::DeployRevision => "deploy_revision",
        DictCol::DeployOutcome => "deploy_outcome",
        DictCol::DeployBy => "deploy_by",
        DictCol::DeployMessage => "deploy_message",
        DictCol::SplitUid => "split_uid",
        DictCol::TsSource => "ts_source",
    }
}

const fn text_name(column: TextCol) -> &'static str {
    match column {
        TextCol::InsertId => "insert_id",
        TextCol::Message => "message",
        TextCol::Trace => "trace",
        TextCol::Span => "span",
        TextCol::Raw => "raw",
    }
}

const fn int_name(column: IntCol) -> &'static str {
    match column {
        IntCol::Receive => "receive_ns",
        IntCol::Severity => "severity",
        IntCol::EffectiveSeverity => "effective_severity",
        IntCol::Naive => "ts_naive",
        IntCol::Line => "line",
        IntCol::HttpStatus => "http_status",
        IntCol::HttpLatency => "http_latency_ns",
        IntCol::SplitIndex => "split_index",
        IntCol::SplitTotal => "split_total",
        IntCol::SplitParts => "split_parts",
        IntCol::SplitOwnBytes => "split_own_bytes",
        IntCol::PayloadRank => "payload_rank",
        IntCol::Lossy => "lossy",
        IntCol::PayloadHash => "payload_hash",
        IntCol::Offset => "offset",
        IntCol::Length => "length",
        IntCol::Repeat => "copy",
    }
}

/// Rows of a batch as they were exported: joined parts are apart again. `aside`: the batch is of rows that were set aside.
pub(super) fn rows(batch: &RecordBatch, path: &Path, files: &FileList, aside: bool) -> Result<Rows, StoreError> {
    read(batch, path, files, aside, false)
}

/// Rows of a batch as queries see them.
pub(super) fn rows_joined(batch: &RecordBatch, path: &Path, files: &FileList) -> Result<Rows, StoreError> {
    read(batch, path, files, false, true)
}

fn read(batch: &RecordBatch, path: &Path, files: &FileList, aside: bool, whole: bool) -> Result<Rows, StoreError> {
    let columns = Columns::new(batch, path);
    let texts = TextCol::ALL.iter().map(|column| columns.text(text_name(*column))).collect::<Result<Vec<_>, _>>()?;
    let words = DictCol::ALL.iter().map(|column| columns.text(dict_name(*column))).collect::<Result<Vec<_>, _>>()?;
    let number = |column: &IntCol| {
        let name = int_name(*column);
        if let Ok(array) = columns.column(name) {
            return Ok(Number::Long(array));
        }
        columns.column(name).map(Number::Short).or_else(|_| columns.column(name).map(Number::Truth))
    };
    let numbers = IntCol::ALL.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    let int = |column: IntCol, row: usize| match column {
        IntCol::SplitParts | IntCol::SplitOwnBytes if !whole => NONE,
        _ => numbers[column as usize].get(row),
    };
    let text = |column: TextCol, row: usize| {
        let text = texts[column as usize].get(row).unwrap_or("");
        let own = numbers[IntCol::SplitOwnBytes as usize].get(row);
        match usize::try_from(own) {
            Ok(own) if !whole && column == TextCol::Message => text.get(..own).unwrap_or(text),
            _ => text,
        }
    };
    let word = |column: DictCol, row: usize| words[column as usize].get(row);
    let count = batch.num_rows();
    let (ts_ns, content, file) = (columns.int("ts_ns")?, columns.text("content_hash")?, columns.text("file")?);
    let mut last: Option<(&str, u32)> = None;
    let mut from = Vec::with_capacity(count);
    for row in 0..count {
        let name = file.get(row).unwrap_or("");
        let at = match last {
            Some((known, at)) if known == name => at,
            _ => files.add(content_id(name).ok_or_else(|| columns.damaged(&format!("row {row} names no input")))?),
        };
        last = Some((name, at));
        from.push(at);
    }
    let times = (0..count).map(|row| ts_ns.get(row).unwrap_or(NONE)).collect();
    let hashes = (0..count).map(|row| content.get(row).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or(0));
    let rows = Rows::read_back(count, (word, text, int)).with_identity(times, from, hashes.collect(), aside);
    if whole {
        return Ok(rows);
    }
    let joined: Vec<bool> = (0..count).map(|row| numbers[IntCol::SplitOwnBytes as usize].get(row) != NONE).collect();
    Ok(rows.apart(&joined))
}

/// What compacting found out about the rows of a batch; `None` for rows that no query sees.
pub(super) fn computed(batch: &RecordBatch, path: &Path) -> Result<Option<Computed>, StoreError> {
    let columns = Columns::new(batch, path);
    let (sig, role) = (columns.text("sig_id")?, columns.text("event_role")?);
    let (exception, stack, event) = (columns.text("exception")?, columns.text("stack_id")?, columns.text("event_id")?);
    let in_event: &Int32Array = columns.column("rows_in_event")?;
    let mut out = Computed::default();
    for row in 0..batch.num_rows() {
        let Some(hex) = sig.get(row) else { return Ok(None) };
        out.sig.push(hex.parse().map_err(|_| columns.damaged(&format!("row {row}: sig_id cannot be read")))?);
        let word = role.get(row).unwrap_or("");
        out.role.push(EventRole::ALL.into_iter().find(|role| role.as_str() == word).unwrap_or_default());
        out.exception.push(row, exception.get(row));
        out.stack.push(row, stack.get(row));
        out.event_id.add(event.get(row).unwrap_or(""));
        out.rows_in_event.push(if in_event.is_valid(row) { i64::from(in_event.value(row)) } else { NONE });
    }
    Ok(Some(out))
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
