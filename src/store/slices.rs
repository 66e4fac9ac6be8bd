//! A day in slices of time, each small enough for memory: rows in memory and sorted files, side by side.
//!
//! What may be one entry never falls into two slices, so each is merged on its own. A day whose rows are all in memory is one
//! slice.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow_array::RecordBatch;

use super::StoreError;
use super::decode;
use super::files::FileList;
use super::merge::same_group;
use super::order::{Place, file_order, sorted};
use super::parquet_file;
use super::rows::Rows;
use crate::record::ContentId;

/// Rows read from a file at a time, if there are few files: every file of a day has as many in memory.
const BLOCK_ROWS: usize = 16 << 10;
/// The least, of many files.
const LEAST_BLOCK_ROWS: usize = 1 << 10;

/// Rows of a block, so that those of all files fit.
pub(super) fn block_rows(files: usize, whole_rows: usize) -> usize {
    (whole_rows / files.max(1)).clamp(LEAST_BLOCK_ROWS, BLOCK_ROWS)
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, StoreError>> + Send>;

/// A sorted file that is read block by block.
pub(super) struct Stream {
    path: PathBuf,
    batches: Batches,
    aside: bool,
    stored: bool,
    /// Inputs whose rows count; all without it.
    only: Option<BTreeSet<ContentId>>,
    /// Rows read and not yet given away.
    rows: Rows,
    /// Rows not yet read.
    left: usize,
    /// More may follow.
    open: bool,
}

impl Stream {
    /// A file of the store, or, with `stored` false, of this call's scratch.
    pub(super) fn new(path: PathBuf, rows: usize, aside: bool, stored: bool, block: usize) -> Result<Self, StoreError> {
        let batches: Batches = Box::new(parquet_file::batches(&path, block)?);
        Ok(Self { path, batches, aside, stored, only: None, rows: Rows::default(), left: rows, open: true })
    }

    /// The same, without the rows of other inputs.
    pub(super) fn only(self, inputs: Option<BTreeSet<ContentId>>) -> Self {
        Self { only: inputs, ..self }
    }

    /// Reads a further block behind the rows at hand.
    fn more(&mut self, files: &FileList) -> Result<(), StoreError> {
        let rows = loop {
            let Some(batch) = self.batches.next() else {
                self.open = false;
                return Ok(());
            };
            let mut rows = decode::rows(&batch?, &self.path, files, self.aside)?;
            self.left = self.left.saturating_sub(rows.len());
            if let Some(only) = &self.only {
                let list = files.files();
                let counts = |row: &u32| only.contains(list.id(rows.files[*row as usize]));
                let places: Vec<(u32, u32)> = (0..rows.len() as u32).filter(counts).map(|row| (0, row)).collect();
                rows = Rows::gather(&[&rows], &places);
            }
            rows.stored = self.stored;
            if !rows.is_empty() {
                break rows;
            }
        };
        self.rows = if self.rows.is_empty() { rows } else { joined(&self.rows, &rows) };
        Ok(())
    }

    fn last(&self) -> Option<Place<'_>> {
        self.rows.len().checked_sub(1).map(|last| Place::new(&self.rows, last))
    }

    /// Gives away the rows before `end`.
    fn cut(&mut self, end: usize) -> Rows {
        if end == self.rows.len() {
            return std::mem::take(&mut self.rows);
        }
        let places = |from: usize, to: usize| (from..to).map(|row| (0, row as u32)).collect::<Vec<_>>();
        let front = Rows::gather(&[&self.rows], &places(0, end));
        self.rows = Rows::gather(&[&self.rows], &places(end, self.rows.len()));
        front
    }
}

fn joined(a: &Rows, b: &Rows) -> Rows {
    let of = |block: u32, rows: &Rows| (0..rows.len() as u32).map(move |row| (block, row)).collect::<Vec<_>>();
    Rows::gather(&[a, b], &[of(0, a), of(1, b)].concat())
}

/// Rows of a slice: blocks, and places in them in file order.
pub(super) struct Slice<'a> {
    /// Blocks in memory, the same for every slice, then the slice's own.
    pub(super) own: Vec<Rows>,
    memory: &'a [Rows],
    pub(super) order: Vec<(u32, u32)>,
    pub(super) last: bool,
}

impl<'a> Slice<'a> {
    pub(super) fn blocks(&'a self) -> Vec<&'a Rows> {
        self.memory.iter().chain(&self.own).collect()
    }
}

/// Cuts a day into slices.
pub(super) struct Slices<'a> {
    memory: &'a [Rows],
    order: Vec<(u32, u32)>,
    streams: Vec<Stream>,
    files: &'a FileList,
}

impl<'a> Slices<'a> {
    /// Slices of rows in memory and sorted files. Files of at most `whole_rows` rows are read whole: a day that fits is one
    /// slice.
    pub(super) fn new(
        memory: &'a [Rows],
        mut streams: Vec<Stream>,
        whole_rows: usize,
        files: &'a FileList,
    ) -> Result<Self, StoreError> {
        if streams.iter().map(|stream| stream.left).sum::<usize>() <= whole_rows {
            for stream in &mut streams {
                while stream.open {
                    stream.more(files)?;
                }
            }
        }
        let blocks: Vec<&Rows> = memory.iter().collect();
        Ok(Self { memory, order: sorted(&blocks, &files.files()), streams, files })
    }

    /// The next slice; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Slice<'a>>, StoreError> {
        loop {
            for stream in self.streams.iter_mut().filter(|stream| stream.open && stream.rows.is_empty()) {
                stream.more(self.files)?;
            }
            self.streams.retain(|stream| stream.open || !stream.rows.is_empty());
            if self.streams.is_empty() && self.order.is_empty() {
                return Ok(None);
            }
            let files = self.files.files();
            let bound = self
                .streams
                .iter()
                .filter(|stream| stream.open)
                .filter_map(Stream::last)
                .min_by(|a, b| file_order(*a, *b, &files));
            let Some(bound) = bound else {
                let own = self.streams.iter_mut().map(|stream| std::mem::take(&mut stream.rows)).collect();
                self.streams.clear();
                let memory = std::mem::take(&mut self.order);
                return Ok(Some(self.slice(own, memory, true)));
            };
            // Rows that cannot be one entry with the bound or anything after it.
            let before =
                |place: Place<'_>| file_order(place, bound, &files) == Ordering::Less && !same_group(place, bound);
            let in_memory = self
                .order
                .partition_point(|(block, row)| before(Place::new(&self.memory[*block as usize], *row as usize)));
            let ends: Vec<usize> = self
                .streams
                .iter()
                .map(|stream| partition(stream.rows.len(), |row| before(Place::new(&stream.rows, row))))
                .collect();
            if in_memory == 0 && ends.iter().all(|end| *end == 0) {
                // One group fills every block at hand: more of it must be read before anything can be decided.
                let stuck: Vec<bool> = self
                    .streams
                    .iter()
                    .map(|s| s.open && s.last().is_some_and(|last| same_group(last, bound)))
                    .collect();
                for (stream, _) in self.streams.iter_mut().zip(stuck).filter(|(_, stuck)| *stuck) {
                    stream.more(self.files)?;
                }
                continue;
            }
            let own = self.streams.iter_mut().zip(ends).map(|(stream, end)| stream.cut(end)).collect();
            let rest = self.order.split_off(in_memory);
            let memory = std::mem::replace(&mut self.order, rest);
            return Ok(Some(self.slice(own, memory, false)));
        }
    }

    fn slice(&self, own: Vec<Rows>, memory: Vec<(u32, u32)>, last: bool) -> Slice<'a> {
        let order = if own.is_empty() {
            memory
        } else {
            // Sorted runs one behind the other: sorting again costs little more than merging them.
            let blocks: Vec<&Rows> = self.memory.iter().chain(&own).collect();
            let mut order = memory;
            for (block, rows) in (self.memory.len() as u32..).zip(&own) {
                order.extend((0..rows.len() as u32).map(|row| (block, row)));
            }
            let files = self.files.files();
            let place = |at: (u32, u32)| Place::new(blocks[at.0 as usize], at.1 as usize);
            order.sort_by(|a, b| file_order(place(*a), place(*b), &files));
            order
        };
        Slice { own, memory: self.memory, order, last }
    }
}

fn partition(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
