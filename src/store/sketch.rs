//! What reports read instead of rows: the signature table of a day, and rows per hour with the intervals they stand in.
//!
//! Both are unions of sums, minima and maxima over distinct rows, so they can be merged over days, machines and groupings of
//! signatures in any order and stay exact. Events, traces, users and instances are never summed here: they are counted from
//! rows.

use std::path::Path;

mod day;
mod run;
mod summary;
mod written;

use super::StoreError;
use super::decode::Columns;
use super::parquet_file;
use crate::mine::{MineError, SigId, SignatureRow, SignatureTable};
use crate::record::Kind;
use crate::time::HOUR_NS;
pub(super) use day::DaySketch;
pub(super) use summary::Summary;

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

/// Reads a signature table.
pub(super) fn read_signatures(path: &Path) -> Result<SignatureTable, StoreError> {
    let damaged = |error: MineError| StoreError::Damaged { path: path.to_owned(), reason: error.to_string() };
    let mut table = SignatureTable::new();
    parquet_file::read(path, |batch| {
        let columns = Columns::new(batch, path);
        let (sig, tokens, count) = (columns.text("sig_id")?, columns.text("tokens")?, columns.int("rows")?);
        let (first, last, exemplar) = (columns.int("first_ns")?, columns.int("last_ns")?, columns.text("exemplar")?);
        let (insert_id, exception) = (columns.text("exemplar_insert_id")?, columns.text("exception")?);
        let (values, form) = (columns.text("values")?, columns.text("form")?);
        for at in 0..batch.num_rows() {
            let row = SignatureRow {
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
            };
            table.add_table_row(row).map_err(damaged)?;
        }
        Ok(())
    })?;
    table.close();
    Ok(table)
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
    use crate::time;

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
