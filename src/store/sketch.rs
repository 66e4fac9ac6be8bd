//! What reports read instead of rows: the signature table of a day, and rows per hour with the intervals they stand in.
//!
//! Both are unions of sums, minima and maxima over distinct rows, so they can be merged over days, machines and groupings of
//! signatures in any order and stay exact. Events, traces, users and instances are never summed here: they are counted from
//! rows.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use rustc_hash::FxHashMap;

use super::StoreError;
use super::columns::{ColumnSpec, SIGNATURE_COLUMNS, SUMMARY_COLUMNS, schema};
use super::computed::Computed;
use super::decode::Columns;
use super::layout::Placed;
use super::parquet_file::{self, Writer};
use super::rows::{DictCol, NONE, Rows};
use crate::mine::{SigId, SignatureRow, SignatureTable};
use crate::record::Kind;
use crate::time::{self, HOUR_NS};

/// What rows are summarised by, beside their signature.
const SUMMARISED: [DictCol; 4] = [DictCol::Project, DictCol::Service, DictCol::Kind, DictCol::Revision];

/// Longest pause inside an interval: the gap between two episodes.
pub const EPISODE_GAP_NS: i64 = HOUR_NS / 4;

/// Rows of one signature in one project, service, kind and revision on one UTC day; joiners and frames are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryRow {
    /// UTC day, days since 1970-01-01.
    pub day: i64,
    /// Signature.
    pub sig_id: SigId,
    /// Project.
    pub project: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// Kind.
    pub kind: Kind,
    /// Revision.
    pub revision: Option<String>,
    /// Rows of the day.
    pub rows: u64,
    /// Rows per hour of the day.
    pub hours: [u64; 24],
    /// First and last row of each run without a pause over [`EPISODE_GAP_NS`], nanoseconds, in order.
    pub intervals: Vec<(i64, i64)>,
}

/// Unites intervals of any number of lists; runs that come within [`EPISODE_GAP_NS`] become one.
///
/// The result is the same in whatever order and grouping lists are united.
pub fn unite(mut intervals: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    intervals.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::with_capacity(intervals.len());
    for (first, last) in intervals {
        match out.last_mut() {
            Some(open) if first.saturating_sub(open.1) <= EPISODE_GAP_NS => open.1 = open.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

/// The summary of some sorted rows of a day.
pub(super) fn summarise(day: i64, rows: &Rows, computed: &Computed) -> Vec<SummaryRow> {
    let mut index: FxHashMap<(SigId, [u32; 4]), usize> = FxHashMap::default();
    let mut out: Vec<SummaryRow> = Vec::new();
    let start = time::day_start(day);
    for row in 0..rows.len() {
        let ts_ns = rows.ts_ns[row];
        if computed.role[row].is_attached() || ts_ns == NONE {
            continue;
        }
        let codes = SUMMARISED.map(|column| rows.dict(column).code_at(row));
        let at = *index.entry((computed.sig[row], codes)).or_insert_with(|| {
            let [project, service, kind, revision] = SUMMARISED.map(|column| rows.word(column, row));
            out.push(SummaryRow {
                day,
                sig_id: computed.sig[row],
                project: project.map(str::to_owned),
                service: service.map(str::to_owned),
                kind: kind.and_then(Kind::from_word).unwrap_or_default(),
                revision: revision.map(str::to_owned),
                rows: 0,
                hours: [0; 24],
                intervals: Vec::new(),
            });
            out.len() - 1
        });
        let summary = &mut out[at];
        summary.rows += 1;
        let hour = usize::try_from((ts_ns - start) / HOUR_NS).unwrap_or(0).min(23);
        summary.hours[hour] += 1;
        match summary.intervals.last_mut() {
            Some(open) if ts_ns - open.1 <= EPISODE_GAP_NS => open.1 = ts_ns,
            Some(_) => summary.intervals.push((ts_ns, ts_ns)),
            // Most have one, for which a vector that grows has too much room.
            None => summary.intervals = vec![(ts_ns, ts_ns)],
        }
    }
    out
}

/// Summaries of parts of one day as the summary of the day.
///
/// In place: where every line is unique, a day has as many summaries as rows.
pub(super) fn merged(mut parts: Vec<SummaryRow>) -> Vec<SummaryRow> {
    fn key(row: &SummaryRow) -> (&Option<String>, &Option<String>, Kind, &Option<String>, SigId) {
        (&row.project, &row.service, row.kind, &row.revision, row.sig_id)
    }
    parts.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    parts.dedup_by(|part, known| {
        let same = key(part) == key(known);
        if same {
            known.rows += part.rows;
            known.hours.iter_mut().zip(part.hours).for_each(|(sum, rows)| *sum += rows);
            let both = [std::mem::take(&mut known.intervals), std::mem::take(&mut part.intervals)];
            known.intervals = unite(both.concat());
        }
        same
    });
    parts
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn made(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<StringArray>())
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("sketches hold numbers and strings only")
}

fn batch(columns: &[ColumnSpec], arrays: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(schema(columns), arrays).expect("arrays are made in the order of the column list")
}

fn numbers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<Int64Array>())
}

fn signature_batch(table: &SignatureTable) -> RecordBatch {
    let mut rows = table.to_rows();
    rows.sort_by(|a, b| a.sig_id.cmp(&b.sig_id));
    let text = |of: fn(&SignatureRow) -> Option<&str>| texts(rows.iter().map(of));
    let number = |of: fn(&SignatureRow) -> i64| numbers(rows.iter().map(of));
    batch(
        SIGNATURE_COLUMNS,
        vec![
            text(|row| Some(&row.sig_id)),
            text(|row| Some(&row.tokens)),
            number(|row| row.count),
            number(|row| row.first_ns),
            number(|row| row.last_ns),
            text(|row| Some(&row.exemplar)),
            text(|row| Some(&row.exemplar_insert_id)),
            text(|row| row.exception.as_deref()),
            text(|row| Some(&row.values)),
            text(|row| Some(&row.form)),
        ],
    )
}

fn summary_batch(rows: &[SummaryRow]) -> RecordBatch {
    let counts = numbers(rows.iter().map(|row| i64::try_from(row.rows).unwrap_or(i64::MAX)));
    batch(
        SUMMARY_COLUMNS,
        vec![
            made(rows.iter().map(|row| row.sig_id.to_string())),
            texts(rows.iter().map(|row| row.project.as_deref())),
            texts(rows.iter().map(|row| row.service.as_deref())),
            texts(rows.iter().map(|row| Some(row.kind.as_str()))),
            texts(rows.iter().map(|row| row.revision.as_deref())),
            counts,
            made(rows.iter().map(|row| json(&row.hours))),
            made(rows.iter().map(|row| json(&row.intervals))),
        ],
    )
}

/// Presence, then the values of what is present: two columns give the same bytes only if they hold the same.
fn push_values(out: &mut Vec<u8>, array: &dyn Array) {
    out.extend((0..array.len()).map(|at| u8::from(array.is_valid(at))));
    if let Some(texts) = array.as_any().downcast_ref::<StringArray>() {
        for value in texts.iter().flatten() {
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
            out.extend_from_slice(value.as_bytes());
        }
    } else if let Some(numbers) = array.as_any().downcast_ref::<Int64Array>() {
        numbers.iter().flatten().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }
}

/// Both sketches of a day, ready to be written.
pub(super) struct Sketches {
    signatures: RecordBatch,
    summary: RecordBatch,
}

impl Sketches {
    pub(super) fn new(table: &SignatureTable, summary: &[SummaryRow]) -> Self {
        let (signatures, summary) = rayon::join(|| signature_batch(table), || summary_batch(summary));
        Self { signatures, summary }
    }

    /// Hash over both, whatever the files.
    pub(super) fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for column in self.signatures.columns().iter().chain(self.summary.columns()) {
            let mut bytes = Vec::new();
            push_values(&mut bytes, column.as_ref());
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Writes both; answers (signatures, summary) with their numbers of rows.
    pub(super) fn write(&self, root: &Path, folder: &str) -> Result<[(Placed, usize); 2], StoreError> {
        let put = |columns: &[ColumnSpec], batch: &RecordBatch| {
            let mut writer = Writer::new(root, folder, columns, schema(columns))?;
            writer.write(root, batch)?;
            let rows = writer.rows();
            Ok((writer.place(root)?, rows))
        };
        let (signatures, summary) =
            rayon::join(|| put(SIGNATURE_COLUMNS, &self.signatures), || put(SUMMARY_COLUMNS, &self.summary));
        Ok([signatures?, summary?])
    }
}

/// Reads a signature table.
pub(super) fn read_signatures(path: &Path) -> Result<SignatureTable, StoreError> {
    let mut rows: Vec<SignatureRow> = Vec::new();
    parquet_file::read(path, |batch| {
        let columns = Columns::new(batch, path);
        let (sig, tokens, count) = (columns.text("sig_id")?, columns.text("tokens")?, columns.int("rows")?);
        let (first, last, exemplar) = (columns.int("first_ns")?, columns.int("last_ns")?, columns.text("exemplar")?);
        let (insert_id, exception) = (columns.text("exemplar_insert_id")?, columns.text("exception")?);
        let (values, form) = (columns.text("values")?, columns.text("form")?);
        for at in 0..batch.num_rows() {
            rows.push(SignatureRow {
                sig_id: sig.own(at).unwrap_or_default(),
                tokens: tokens.own(at).unwrap_or_default(),
                count: count.get(at).unwrap_or(0),
                first_ns: first.get(at).unwrap_or(0),
                last_ns: last.get(at).unwrap_or(0),
                exemplar: exemplar.own(at).unwrap_or_default(),
                exemplar_insert_id: insert_id.own(at).unwrap_or_default(),
                exception: exception.own(at),
                values: values.own(at).unwrap_or_default(),
                form: form.own(at).unwrap_or_default(),
            });
        }
        Ok(())
    })?;
    SignatureTable::from_rows(rows)
        .map_err(|error| StoreError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// Appends the rows of a summary.
pub(super) fn read_summary(path: &Path, day: i64, out: &mut Vec<SummaryRow>) -> Result<(), StoreError> {
    parquet_file::read(path, |batch| {
        let columns = Columns::new(batch, path);
        let (sig, project, service) = (columns.text("sig_id")?, columns.text("project")?, columns.text("service")?);
        let (kind, revision, rows) = (columns.text("kind")?, columns.text("revision")?, columns.int("rows")?);
        let (hours, intervals) = (columns.text("hours")?, columns.text("intervals")?);
        for at in 0..batch.num_rows() {
            let bad = |what: &str| columns.damaged(&format!("summary row {at}: {what} cannot be read"));
            out.push(SummaryRow {
                day,
                sig_id: sig.get(at).and_then(|hex| hex.parse().ok()).ok_or_else(|| bad("sig_id"))?,
                project: project.own(at),
                service: service.own(at),
                kind: kind.get(at).and_then(Kind::from_word).ok_or_else(|| bad("kind"))?,
                revision: revision.own(at),
                rows: rows.get(at).and_then(|n| u64::try_from(n).ok()).ok_or_else(|| bad("rows"))?,
                hours: serde_json::from_str(hours.get(at).unwrap_or("")).map_err(|_| bad("hours"))?,
                intervals: serde_json::from_str(intervals.get(at).unwrap_or("")).map_err(|_| bad("intervals"))?,
            });
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_unite_to_the_same_whatever_the_grouping() {
        const MINUTE: i64 = 60 * time::SECOND_NS;
        let all = [0, 10, 40, 56, 200].map(|minute| (minute * MINUTE, minute * MINUTE));
        let whole = unite(all.to_vec());
        assert_eq!(
            whole,
            [(0, 10 * MINUTE), (40 * MINUTE, 40 * MINUTE), (56 * MINUTE, 56 * MINUTE), (200 * MINUTE, 200 * MINUTE)]
        );
        let (left, right) = (unite(vec![all[4], all[0], all[2]]), unite(vec![all[1], all[3]]));
        assert_eq!(unite([right, left].concat()), whole);
    }
}
