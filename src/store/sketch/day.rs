//! Both sketches of a day in the making, within bounds whatever the day holds: what is too much for memory is put aside in
//! order, and united when the files are written.
//!
//! What is written follows from the rows alone: which signatures fall out of the table does not depend on what was put aside,
//! and the rows of those that do are summed in the summary as well, under the coarse bucket that counts them.

use std::cmp::Ordering;

use super::super::StoreError;
use super::super::durable::Root;
use super::super::layout::Placed;
use super::run::{self, Record, Run};
use super::summary::{Summary, SummaryRecord, Uniting};
use super::written::{Chunks, SignatureColumns, SummaryColumns};
use crate::mine::{MineError, SigId, SignatureRow, SignatureTable, United};

/// Bytes of signatures, and of summaries, that are held of a day. They are small pieces that threads allocate in turn: what an
/// allocator keeps for each thread to use again is as much once more.
const TABLE_BYTES: usize = 16 << 20;
const SUMMARY_BYTES: usize = 8 << 20;
/// Signatures that are made rows at once.
const AT_ONCE: usize = 512;

/// The sketches of a day in the making.
pub(in crate::store) struct DaySketch {
    root: Root,
    day: i64,
    table: SignatureTable,
    summary: Summary,
    signature_runs: Vec<Run>,
    summary_runs: Vec<Run>,
    /// Bytes of each that are held.
    most: [usize; 2],
    /// Many rows have a signature of their own.
    is_large: bool,
}

/// Both files with their numbers of rows, signatures first, and the hash over what they say, whatever the files.
pub(in crate::store) type Written = ([(Placed, usize); 2], String);

impl DaySketch {
    pub(in crate::store) fn new(root: &Root, day: i64) -> Self {
        Self::within(root, day, [TABLE_BYTES, SUMMARY_BYTES])
    }

    fn within(root: &Root, day: i64, most: [usize; 2]) -> Self {
        let (table, summary) = (SignatureTable::new(), Summary::new(day));
        let root = root.to_owned();
        Self { root, day, table, summary, signature_runs: Vec::new(), summary_runs: Vec::new(), most, is_large: false }
    }

    /// Adds what some rows of the day say.
    pub(in crate::store) fn add(&mut self, table: SignatureTable, summary: Summary) -> Result<(), StoreError> {
        self.table.merge(table);
        self.summary.absorb(summary, self.table.floor());
        self.relieve()?;
        if self.summary.bytes() > self.most[1] {
            self.summary.settle(self.table.floor());
            if self.summary.bytes() > self.most[1] / 2 {
                self.put_summary_aside()?;
            }
        }
        Ok(())
    }

    /// Whether tables of several row groups beside it would take much room.
    pub(in crate::store) fn is_large(&self) -> bool {
        self.is_large
    }

    /// The table that rows are signed into; [`Self::relieve`] is to be called now and then.
    pub(in crate::store) fn table(&mut self) -> &mut SignatureTable {
        &mut self.table
    }

    /// Puts the table aside where it takes too much room.
    pub(in crate::store) fn relieve(&mut self) -> Result<(), StoreError> {
        let bytes = self.table.held_bytes();
        self.is_large |= bytes > self.most[0] / 2;
        if bytes > self.most[0] { self.put_table_aside() } else { Ok(()) }
    }

    fn put_table_aside(&mut self) -> Result<(), StoreError> {
        let mut floor = self.table.floor();
        if run::are_many(&self.signature_runs) {
            let mut one = run::Writer::new(&self.root)?;
            floor = self.unite_signatures(floor, |row| one.write(&row))?;
            self.signature_runs = vec![one.finish()?];
        }
        let table = std::mem::take(&mut self.table);
        let mut run = run::Writer::new(&self.root)?;
        rows_of(&table, |row| run.write(&row))?;
        self.signature_runs.push(run.finish()?);
        // What fell out stays out.
        if let Some(floor) = floor {
            self.table.lower(floor);
        }
        Ok(())
    }

    fn put_summary_aside(&mut self) -> Result<(), StoreError> {
        if run::are_many(&self.summary_runs) {
            let mut one = run::Writer::new(&self.root)?;
            self.unite_summaries(self.table.floor(), &mut |record| one.write(&record))?;
            self.summary_runs = vec![one.finish()?];
        }
        let mut run = run::Writer::new(&self.root)?;
        std::mem::replace(&mut self.summary, Summary::new(self.day)).records(|record| run.write(&record))?;
        self.summary_runs.push(run.finish()?);
        Ok(())
    }

    /// Hands the signatures of all files to `each`, in order; answers the least that fell out.
    fn unite_signatures(
        &self,
        floor: Option<SigId>,
        mut each: impl FnMut(SignatureRow) -> Result<(), StoreError>,
    ) -> Result<Option<SigId>, StoreError> {
        let broken = |error: MineError| StoreError::Damaged {
            path: self.root.to_path_buf(),
            reason: format!("put aside: {error}"),
        };
        let mut united = United::new(floor);
        run::in_order(&self.signature_runs, |row: SignatureRow| {
            united.add(row).map_err(broken)?.map_or(Ok(()), &mut each)
        })?;
        let (last, coarse, floor) = united.finish();
        last.map_or(Ok(()), &mut each)?;
        rows_of(&coarse, each)?;
        Ok(floor)
    }

    /// Hands the summaries of all files to `each`, in order.
    fn unite_summaries(
        &self,
        floor: Option<SigId>,
        each: &mut impl FnMut(SummaryRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut uniting = Uniting::new(self.day, floor);
        run::in_order(&self.summary_runs, |record| uniting.add(record, each))?;
        uniting.finish(each)
    }

    /// Writes both files below `folder`.
    pub(in crate::store) fn finish(mut self, folder: &str) -> Result<Written, StoreError> {
        let (root, day, mut hasher) = (self.root.clone(), self.day, blake3::Hasher::new());
        let mut out = Chunks::new(&root, folder, SignatureColumns::default(), &mut hasher)?;
        let floor = if self.signature_runs.is_empty() {
            let table = std::mem::take(&mut self.table);
            rows_of(&table, |row| out.add(row))?;
            table.floor()
        } else {
            self.put_table_aside()?;
            self.unite_signatures(self.table.floor(), |row| out.add(row))?
        };
        let signatures = out.place()?;
        let mut out = Chunks::new(&root, folder, SummaryColumns::default(), &mut hasher)?;
        let mut each = |record: SummaryRecord| out.add(record.into_row(day));
        self.summary.settle(floor);
        if self.summary_runs.is_empty() {
            self.summary.records(each)?;
        } else {
            self.put_summary_aside()?;
            self.unite_summaries(floor, &mut each)?;
        }
        let summary = out.place()?;
        Ok(([signatures, summary], hasher.finalize().to_hex().to_string()))
    }
}

/// Hands the rows of a table to `each`, in order.
fn rows_of(
    table: &SignatureTable,
    mut each: impl FnMut(SignatureRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    table.row_chunks(AT_ONCE).flatten().try_for_each(&mut each)
}

impl Record for SignatureRow {
    fn put(&self, out: &mut Vec<u8>) {
        for number in [self.count, self.first_ns, self.last_ns] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let texts = [&self.sig_id, &self.tokens, &self.exemplar, &self.exemplar_insert_id, &self.values, &self.form];
        for text in texts {
            run::put_text(out, Some(text));
        }
        run::put_text(out, self.exception.as_deref());
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (count, first_ns, last_ns) = (run::take_int(bytes)?, run::take_int(bytes)?, run::take_int(bytes)?);
        let (sig_id, tokens) = (run::take_text(bytes)??, run::take_text(bytes)??);
        let (exemplar, exemplar_insert_id) = (run::take_text(bytes)??, run::take_text(bytes)??);
        let (values, form, exception) = (run::take_text(bytes)??, run::take_text(bytes)??, run::take_text(bytes)?);
        Some(Self { sig_id, tokens, count, first_ns, last_ns, exemplar, exemplar_insert_id, exception, values, form })
    }

    /// Ids are hexadecimal digits of one length: their texts are in the order of their numbers.
    fn order(&self, other: &Self) -> Ordering {
        self.sig_id.cmp(&other.sig_id)
    }
}

#[cfg(test)]
mod tests;
