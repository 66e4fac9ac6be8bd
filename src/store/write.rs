//! Rows to Parquet files.
//!
//! A row group is encoded on its own, and its columns in three parts, so that several threads can work on one day.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use parquet::arrow::ArrowSchemaConverter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::SchemaDescriptor;

use super::StoreError;
use super::chunk::{Chunk, Encoder, Values};
use super::columns::{ROW_COLUMNS, ROW_SCHEMA};
use super::computed::Computed;
use super::digest::{Digest, RowHashes};
use super::durable::Root;
use super::files::Files;
use super::layout::{Draft, ROWS_PER_FILE};
use super::manifest::{LiveFile, Role};
use super::order::Place;
use super::rows::{Dict, DictCol, IntCol, NONE, Rows, TextCol, Texts};

static DESCRIPTOR: LazyLock<SchemaDescriptor> = LazyLock::new(|| {
    ArrowSchemaConverter::new().convert(&ROW_SCHEMA).expect("the columns of a row are types that Parquet has")
});

/// Texts of the rows of one row group that no column holds yet.
pub(super) struct Made<'a> {
    file: (Vec<u32>, Texts),
    content: Texts,
    raw: &'a [&'a str],
}

impl<'a> Made<'a> {
    pub(super) fn new((rows, raw): (&Rows, &'a [&'a str]), files: &Files) -> Self {
        let file = coded(&rows.files, |file| files.id(*file).to_string());
        let mut content = Texts::default();
        let by_content = |row: usize| Place::new(rows, row).by_content();
        if (0..rows.len()).any(by_content) {
            for row in 0..rows.len() {
                if by_content(row) {
                    content.add(&format!("{:032x}", rows.content_hash(row)));
                } else {
                    content.add("");
                }
            }
        }
        Self { file, content, raw }
    }
}

/// The same of what is computed of them.
#[derive(Default)]
struct Named {
    sig: (Vec<u32>, Texts),
    role: (Vec<u32>, Texts),
}

impl Named {
    fn new(computed: Option<&Computed>) -> Self {
        computed.map_or_else(Self::default, |computed| Self {
            sig: coded(&computed.sig, ToString::to_string),
            role: coded(&computed.role, |role| role.as_str().into()),
        })
    }
}

/// Codes of values that repeat, and their texts.
fn coded<T: std::hash::Hash + Eq + Copy>(values: &[T], text: impl Fn(&T) -> String) -> (Vec<u32>, Texts) {
    let mut known: rustc_hash::FxHashMap<T, u32> = rustc_hash::FxHashMap::default();
    let mut texts = Texts::default();
    // Neighbours often agree.
    let mut last = None;
    let code = |value: &T| match last {
        Some((before, code)) if before == *value => code,
        _ => {
            let code = *known.entry(*value).or_insert_with(|| texts.add(&text(value)));
            last = Some((*value, code));
            code
        }
    };
    (values.iter().map(code).collect(), texts)
}

fn codes(made: &(Vec<u32>, Texts)) -> Values<'_> {
    if made.1.is_empty() { Values::Absent } else { Values::Codes(Cow::Borrowed(&made.0), &made.1) }
}

fn dictionary(dict: &Dict, rows: usize) -> Values<'_> {
    if dict.is_empty() { Values::Absent } else { Values::Codes(dict.codes(rows), &dict.values) }
}

/// The values of a column that is computed; `None` of another.
fn computed<'a>(name: &str, rows: usize, computed: Option<&'a Computed>, named: &'a Named) -> Option<Values<'a>> {
    let of = |values: fn(&'a Computed, usize) -> Values<'a>| {
        computed.map_or(Values::Absent, |computed| values(computed, rows))
    };
    Some(match name {
        "sig_id" => codes(&named.sig),
        "exception" => of(|computed, rows| dictionary(&computed.exception, rows)),
        "stack_id" => of(|computed, rows| dictionary(&computed.stack, rows)),
        "event_id" => of(|computed, _| Values::Ids(&computed.event_id)),
        "event_role" => codes(&named.role),
        "rows_in_event" => of(|computed, _| Values::Few(Cow::Borrowed(&computed.rows_in_event))),
        _ => return None,
    })
}

/// The values of a column that rows hold; `None` of another.
fn held<'a>(name: &str, rows: &'a Rows, made: &'a Made<'_>) -> Option<Values<'a>> {
    use DictCol as D;
    use IntCol as I;
    use TextCol as T;
    let many = |column: I| {
        if rows.ints(column).is_empty() {
            return Values::Absent;
        }
        Values::Many(rows.ints(column).of(rows.len()))
    };
    let few = |column: I| match many(column) {
        Values::Many(ints) => Values::Few(ints),
        other => other,
    };
    let dict = |column: D| dictionary(rows.dict(column), rows.len());
    let ids = |column: T| {
        let texts = rows.texts(column);
        if texts.is_empty() { Values::Absent } else { Values::Ids(texts) }
    };
    let times = |of: fn(i64) -> i64| {
        if rows.ts_ns.iter().all(|ts| *ts == NONE) {
            return Values::Absent;
        }
        Values::Many(rows.ts_ns.iter().map(|ts| if *ts == NONE { NONE } else { of(*ts) }).collect())
    };
    Some(match name {
        "ts_ns" => times(|ts| ts),
        "ts" => times(|ts| ts.div_euclid(1_000)),
        "ts_source" => dict(D::TsSource),
        "ts_naive" => Values::Truth((0..rows.len()).map(|row| rows.int(I::Naive, row) == 1).collect()),
        "receive_ns" => many(I::Receive),
        "insert_id" => ids(T::InsertId),
        "project" => dict(D::Project),
        "service" => dict(D::Service),
        "severity" => few(I::Severity),
        "effective_severity" => few(I::EffectiveSeverity),
        "effective_reason" => dict(D::Reason),
        "message" => Values::Texts { texts: rows.texts(T::Message), empty: true },
        "kind" => dict(D::Kind),
        "revision" => dict(D::Revision),
        "instance" => dict(D::Instance),
        "trace" => ids(T::Trace),
        "span" => ids(T::Span),
        "location" => dict(D::Location),
        "resource_type" => dict(D::ResourceType),
        "log_name" => dict(D::LogName),
        "module" => dict(D::Module),
        "function" => dict(D::Function),
        "line" => few(I::Line),
        "user_id" => dict(D::User),
        "labels" => dict(D::Labels),
        "http_method" => dict(D::HttpMethod),
        "http_host" => dict(D::HttpHost),
        "http_route" => dict(D::HttpRoute),
        "http_status" => few(I::HttpStatus),
        "http_latency_ns" => many(I::HttpLatency),
        "deploy_revision" => dict(D::DeployRevision),
        "deploy_outcome" => dict(D::DeployOutcome),
        "deploy_by" => dict(D::DeployBy),
        "deploy_message" => dict(D::DeployMessage),
        "split_uid" => dict(D::SplitUid),
        "split_index" => few(I::SplitIndex),
        "split_total" => few(I::SplitTotal),
        "split_parts" => few(I::SplitParts),
        "split_own_bytes" => few(I::SplitOwnBytes),
        "payload_rank" => few(I::PayloadRank),
        "lossy" => few(I::Lossy),
        "payload_hash" => many(I::PayloadHash),
        "content_hash" => {
            if made.content.is_empty() {
                Values::Absent
            } else {
                Values::Ids(&made.content)
            }
        }
        "copy" => few(I::Repeat),
        "raw" => {
            let is_empty = made.raw.iter().all(|entry| entry.is_empty());
            if is_empty { Values::Absent } else { Values::Entries(made.raw) }
        }
        "file" => codes(&made.file),
        "offset" => many(I::Offset),
        "length" => few(I::Length),
        _ => return None,
    })
}

fn unwritable(error: &parquet::errors::ParquetError) -> StoreError {
    StoreError::Unwritable { reason: error.to_string() }
}

/// What encodes columns, one after the other.
pub(super) fn encoder(level: i32) -> Result<Encoder, StoreError> {
    Encoder::new(level).map_err(|error| unwritable(&error))
}

/// The columns that rows hold and that seldom repeat: what takes most of the time.
const LONG: [&str; 5] = ["insert_id", "message", "trace", "span", "raw"];

/// Some columns of a row group, encoded.
pub(super) struct Columns {
    /// With the place of each.
    chunks: Vec<(usize, Chunk)>,
    hashes: RowHashes,
}

impl Columns {
    /// What rows hold, if it seldom repeats, with their raw entries.
    pub(super) fn long(rows: &Rows, made: &Made<'_>, encoder: &mut Encoder) -> Result<Self, StoreError> {
        Self::of(rows.len(), encoder, |name| if LONG.contains(&name) { held(name, rows, made) } else { None })
    }

    /// What else rows hold.
    pub(super) fn other(rows: &Rows, made: &Made<'_>, encoder: &mut Encoder) -> Result<Self, StoreError> {
        Self::of(rows.len(), encoder, |name| if LONG.contains(&name) { None } else { held(name, rows, made) })
    }

    /// What is computed of rows; nothing of those that no query sees.
    pub(super) fn computed(rows: usize, of: Option<&Computed>, encoder: &mut Encoder) -> Result<Self, StoreError> {
        let named = Named::new(of);
        Self::of(rows, encoder, |name| computed(name, rows, of, &named))
    }

    fn of<'v>(
        rows: usize,
        encoder: &mut Encoder,
        values: impl Fn(&str) -> Option<Values<'v>>,
    ) -> Result<Self, StoreError> {
        let mut out = Self { chunks: Vec::with_capacity(ROW_COLUMNS.len()), hashes: RowHashes::new(rows) };
        for (at, (spec, column)) in ROW_COLUMNS.iter().zip(DESCRIPTOR.columns()).enumerate() {
            if let Some(values) = values(spec.name) {
                out.hashes.add(spec.name, &values);
                out.chunks.push((at, encoder.chunk(column, rows, &values).map_err(|error| unwritable(&error))?));
            }
        }
        Ok(out)
    }
}

/// A row group, encoded.
pub(super) struct Group {
    chunks: Vec<Chunk>,
    rows: usize,
    min_ns: Option<i64>,
    max_ns: Option<i64>,
    pub(super) digest: Digest,
}

impl Group {
    /// Puts the columns of rows together.
    pub(super) fn of(rows: &Rows, parts: [Columns; 3]) -> Self {
        let (mut chunks, mut hashes) = (Vec::with_capacity(ROW_COLUMNS.len()), RowHashes::new(rows.len()));
        for part in parts {
            hashes.join(&part.hashes);
            chunks.extend(part.chunks);
        }
        chunks.sort_unstable_by_key(|(at, _)| *at);
        let times = || rows.ts_ns.iter().copied().filter(|ts| *ts != NONE);
        Self {
            chunks: chunks.into_iter().map(|(_, chunk)| chunk).collect(),
            rows: rows.len(),
            min_ns: times().min(),
            max_ns: times().max(),
            digest: hashes.digest(),
        }
    }
}

/// Encodes rows that no query sees, with their raw entries.
pub(super) fn encode(rows: &Rows, files: &Files, level: i32) -> Result<Group, StoreError> {
    let entries = rows.entries();
    let made = Made::new((rows, &entries), files);
    let mut encoder = encoder(level)?;
    let (long, other) = (Columns::long(rows, &made, &mut encoder)?, Columns::other(rows, &made, &mut encoder)?);
    Ok(Group::of(rows, [long, other, Columns::computed(rows.len(), None, &mut encoder)?]))
}

/// The hash over rows, without encoding them.
pub(super) fn digest((rows, raw): (&Rows, &[&str]), of: Option<&Computed>, files: &Files) -> Digest {
    let (made, named) = (Made::new((rows, raw), files), Named::new(of));
    let mut hashes = RowHashes::new(rows.len());
    for spec in ROW_COLUMNS {
        if let Some(values) = held(spec.name, rows, &made).or_else(|| computed(spec.name, rows.len(), of, &named)) {
            hashes.add(spec.name, &values);
        }
    }
    hashes.digest()
}

/// Writes the row groups of one role of a day, a file after the other.
pub(super) struct Output {
    root: Root,
    folder: String,
    role: Role,
    open: Option<Open>,
    done: Vec<LiveFile>,
}

struct Open {
    writer: SerializedFileWriter<Draft>,
    rows: usize,
    min_ns: Option<i64>,
    max_ns: Option<i64>,
}

impl Output {
    pub(super) fn new(root: &Root, folder: String, role: Role) -> Self {
        Self { root: root.to_owned(), folder, role, open: None, done: Vec::new() }
    }

    fn broken(&self, error: parquet::errors::ParquetError) -> StoreError {
        let path = self.root.join(&self.folder);
        match error {
            parquet::errors::ParquetError::External(source) => match source.downcast::<std::io::Error>() {
                Ok(source) => StoreError::Io { path, source: *source },
                Err(other) => StoreError::Unwritable { reason: other.to_string() },
            },
            other => StoreError::Unwritable { reason: other.to_string() },
        }
    }

    /// Appends a row group.
    pub(super) fn write(&mut self, group: Group) -> Result<(), StoreError> {
        if self.open.as_ref().is_some_and(|open| open.rows + group.rows > ROWS_PER_FILE) {
            self.place()?;
        }
        if self.open.is_none() {
            let properties = WriterProperties::builder().set_created_by("log-gardener".to_owned()).build();
            let draft = Draft::new(&self.root, &self.folder)?;
            let schema = DESCRIPTOR.root_schema_ptr();
            let writer =
                SerializedFileWriter::new(draft, schema, Arc::new(properties)).map_err(|error| self.broken(error))?;
            self.open = Some(Open { writer, rows: 0, min_ns: None, max_ns: None });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.rows += group.rows;
        open.min_ns = open.min_ns.into_iter().chain(group.min_ns).min();
        open.max_ns = open.max_ns.into_iter().chain(group.max_ns).max();
        let put = |writer: &mut SerializedFileWriter<Draft>| {
            let mut row_group = writer.next_row_group()?;
            for chunk in group.chunks {
                row_group.append_column(&chunk.bytes, chunk.close)?;
            }
            row_group.close().map(drop)
        };
        put(&mut open.writer).map_err(|error| self.broken(error))
    }

    fn place(&mut self) -> Result<(), StoreError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let draft = open.writer.into_inner().map_err(|error| self.broken(error))?;
        let mut file = LiveFile::new(draft.place(&self.root, "parquet")?, self.role, open.rows);
        file.min_ns = open.min_ns;
        file.max_ns = open.max_ns;
        self.done.push(file);
        Ok(())
    }

    /// The files, with a note in the footer of the last.
    pub(super) fn finish_with(mut self, note: KeyValue) -> Result<Vec<LiveFile>, StoreError> {
        if let Some(open) = &mut self.open {
            open.writer.append_key_value_metadata(note);
        }
        self.finish()
    }

    /// The files, in reading order.
    pub(super) fn finish(mut self) -> Result<Vec<LiveFile>, StoreError> {
        self.place()?;
        Ok(self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::FileList;
    use super::*;

    #[test]
    fn each_column_is_written_once_and_in_one_part() {
        let (rows, files) = (Rows::default(), FileList::default());
        let (made, named) = (Made::new((&rows, &[]), &files.files()), Named::default());
        let is_held = |name: &str| held(name, &rows, &made).is_some();
        for spec in ROW_COLUMNS {
            assert_ne!(is_held(spec.name), computed(spec.name, 0, None, &named).is_some(), "{}", spec.name);
        }
        for name in LONG {
            assert!(is_held(name) && ROW_COLUMNS.iter().any(|spec| spec.name == name), "{name}");
        }
    }
}
