//! A day in slices of time, each small enough for memory: rows in memory and sorted files, side by side.
//!
//! What may be one entry never falls into two slices, so each is merged on its own. A day whose rows are all in memory is one
//! slice.
//!
//! A file is opened when its first row is reached: runs of dumps that come in order of time follow one another, and then one or
//! two of them are open at a time, however many a day has.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use arrow_array::RecordBatch;

use super::StoreError;
use super::decode;
use super::files::{FileList, Files};
use super::merge::same_group;
use super::order::{Place, file_order, sort, sorted};
use super::parquet_file;
use super::rows::{NONE, Rows};
use super::spill::{self, Spill};
use crate::record::ContentId;

/// Rows read from a file at a time, if there are few files: every file of a day has as many in memory.
const BLOCK_ROWS: usize = 16 << 10;
/// The least, of many files.
const LEAST_BLOCK_ROWS: usize = 1 << 10;

/// Bytes that a row takes, about, with its share of what merging holds.
const ROW_BYTES: usize = 1 << 10;

/// Rows of a block, so that those of all files fit.
pub(super) fn block_rows(files: usize, slice_bytes: usize) -> usize {
    (slice_bytes / ROW_BYTES / files.max(1)).clamp(LEAST_BLOCK_ROWS, BLOCK_ROWS)
}

/// What a sorted file is read from.
enum Source<'a> {
    Parquet { path: PathBuf, block: usize, aside: bool, stored: bool },
    Spill(&'a Spill),
}

enum Blocks {
    Parquet(Box<dyn Iterator<Item = Result<RecordBatch, StoreError>> + Send>),
    Spill(spill::Blocks),
}

/// A sorted file that is read block by block.
pub(super) struct Stream<'a> {
    source: Source<'a>,
    /// Its blocks, once it was opened.
    blocks: Option<Blocks>,
    /// Time of its first row; the least there is where rows have none.
    first_ns: i64,
    /// Inputs whose rows count; all without it.
    only: Option<BTreeSet<ContentId>>,
    /// Rows read; those before `from` were given away.
    rows: Rows,
    from: usize,
    /// More may follow.
    open: bool,
}

impl<'a> Stream<'a> {
    /// A Parquet file: one of the store, or, with `stored` false, a part.
    pub(super) fn file(path: PathBuf, aside: bool, stored: bool, block: usize) -> Result<Self, StoreError> {
        let first_ns = parquet_file::least(&path, "ts_ns")?.unwrap_or(NONE);
        Ok(Self::new(Source::Parquet { path, block, aside, stored }, first_ns))
    }

    /// Rows that this process put aside.
    pub(super) fn spilled(spill: &'a Spill) -> Self {
        Self::new(Source::Spill(spill), spill.first_ns)
    }

    fn new(source: Source<'a>, first_ns: i64) -> Self {
        Self { source, blocks: None, first_ns, only: None, rows: Rows::default(), from: 0, open: true }
    }

    /// The same, without the rows of other inputs.
    pub(super) fn only(self, inputs: Option<BTreeSet<ContentId>>) -> Self {
        Self { only: inputs, ..self }
    }

    /// The next block of the file; `None` after the last.
    fn block(&mut self, files: &FileList) -> Result<Option<Rows>, StoreError> {
        let blocks = match (&mut self.blocks, &self.source) {
            (Some(blocks), _) => blocks,
            (none, Source::Parquet { path, block, .. }) => {
                none.insert(Blocks::Parquet(Box::new(parquet_file::batches(path, *block)?)))
            }
            (none, Source::Spill(spill)) => none.insert(Blocks::Spill(spill.blocks()?)),
        };
        match (blocks, &self.source) {
            (Blocks::Parquet(batches), Source::Parquet { path, aside, stored, .. }) => {
                let Some(batch) = batches.next() else { return Ok(None) };
                let mut rows = decode::rows(&batch?, path, files, *aside)?;
                rows.stored = *stored;
                rows.lower();
                Ok(Some(rows))
            }
            (Blocks::Spill(blocks), _) => blocks.next().transpose(),
            (Blocks::Parquet(_), Source::Spill(_)) => Ok(None),
        }
    }

    /// Reads a further block behind the rows at hand.
    fn more(&mut self, files: &FileList) -> Result<(), StoreError> {
        let rows = loop {
            let Some(mut rows) = self.block(files)? else {
                (self.open, self.blocks) = (false, None);
                return Ok(());
            };
            if let Some(only) = &self.only {
                let list = files.files();
                let counts = |row: &u32| only.contains(list.id(rows.files[*row as usize]));
                let places: Vec<(u32, u32)> = (0..rows.len() as u32).filter(counts).map(|row| (0, row)).collect();
                rows = Rows::gather(&[&rows], &places);
            }
            if !rows.is_empty() {
                break rows;
            }
        };
        self.rows = if self.is_empty() { rows } else { joined(&self.rows, self.from, &rows) };
        self.from = 0;
        Ok(())
    }

    /// Whether a row of it may be one entry with a row at this time, or stand before it.
    fn reaches(&self, ts_ns: i64) -> bool {
        self.first_ns == NONE || self.first_ns.div_euclid(1_000) <= ts_ns.div_euclid(1_000)
    }

    /// Whether anything was read of it.
    fn begun(&self) -> bool {
        self.blocks.is_some() || !self.open
    }

    /// The last row at hand.
    fn last(&self) -> Option<Place<'_>> {
        (!self.is_empty()).then(|| Place::new(&self.rows, self.rows.len() - 1))
    }

    /// Whether all rows that were read are given away.
    fn is_empty(&self) -> bool {
        self.from == self.rows.len()
    }

    /// Gives away the rows before `end`: a block, and which of its rows. The smaller part of the block is copied.
    fn cut(&mut self, end: usize) -> Piece {
        let places = |rows: Range<usize>| rows.map(|row| (0, row as u32)).collect::<Vec<_>>();
        if self.rows.len() - end > end - self.from {
            let front = Rows::gather(&[&self.rows], &places(self.from..end));
            self.from = end;
            return (0..front.len(), front);
        }
        let rest = Rows::gather(&[&self.rows], &places(end..self.rows.len()));
        (std::mem::take(&mut self.from)..end, std::mem::replace(&mut self.rows, rest))
    }
}

fn joined(a: &Rows, from: usize, b: &Rows) -> Rows {
    let of = |block: u32, rows: Range<usize>| rows.map(move |row| (block, row as u32)).collect::<Vec<_>>();
    Rows::gather(&[a, b], &[of(0, from..a.len()), of(1, 0..b.len())].concat())
}

/// Rows of a block that belong to a slice.
type Piece = (Range<usize>, Rows);

/// Rows of a slice: blocks, and places in them in file order.
pub(super) struct Slice<'a> {
    /// Blocks in memory, the same for every slice, then the slice's own.
    own: Vec<Piece>,
    memory: &'a [Rows],
    pub(super) order: Vec<(u32, u32)>,
    pub(super) last: bool,
}

impl<'a> Slice<'a> {
    /// Rows in memory, and places in them in file order; more are to come.
    pub(super) fn of(memory: &'a [Rows], order: Vec<(u32, u32)>) -> Self {
        Self { own: Vec::new(), memory, order, last: false }
    }

    pub(super) fn blocks(&'a self) -> Vec<&'a Rows> {
        self.memory.iter().chain(self.own.iter().map(|piece| &piece.1)).collect()
    }
}

/// Cuts a day into slices.
pub(super) struct Slices<'a> {
    memory: &'a [Rows],
    order: Vec<(u32, u32)>,
    streams: Vec<Stream<'a>>,
    /// Bytes of rows read from files that make a slice: small ones would be carried over and merged again.
    bytes: usize,
    files: &'a FileList,
}

impl<'a> Slices<'a> {
    /// Slices of rows in memory and sorted files.
    pub(super) fn new(memory: &'a [Rows], streams: Vec<Stream<'a>>, bytes: usize, files: &'a FileList) -> Self {
        let blocks: Vec<&Rows> = memory.iter().collect();
        Self { memory, order: sorted(&blocks, &files.files()), streams, bytes, files }
    }

    /// The next slice; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Slice<'a>>, StoreError> {
        let (mut own, mut memory) = (Vec::new(), Vec::new());
        loop {
            self.read_on()?;
            if self.streams.is_empty() && self.order.is_empty() {
                return Ok(None);
            }
            let files = self.files.files();
            let bound = self.bound(&files);
            let Some(bound) = bound else {
                own.extend(self.streams.drain(..).map(|stream| (stream.from..stream.rows.len(), stream.rows)));
                memory.append(&mut self.order);
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
                .map(|stream| {
                    let before = |row| before(Place::new(&stream.rows, stream.from + row));
                    stream.from + partition(stream.rows.len() - stream.from, before)
                })
                .collect();
            if in_memory == 0 && self.streams.iter().zip(&ends).all(|(stream, end)| *end == stream.from) {
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
            let cut = self.streams.iter_mut().zip(ends).filter(|(stream, end)| *end > stream.from);
            own.extend(cut.map(|(stream, end)| stream.cut(end)));
            memory.extend(self.order.drain(..in_memory));
            if own.iter().map(|piece| piece.1.bytes()).sum::<usize>() >= self.bytes {
                return Ok(Some(self.slice(own, memory, false)));
            }
        }
    }

    /// Reads until every open file has rows at hand, and opens those whose first row may come next.
    fn read_on(&mut self) -> Result<(), StoreError> {
        loop {
            let at_hand = |stream: &Stream<'_>| !stream.is_empty();
            for stream in self.streams.iter_mut().filter(|stream| stream.begun() && stream.open && !at_hand(stream)) {
                stream.more(self.files)?;
            }
            self.streams.retain(|stream| stream.open || at_hand(stream));
            let lasts = self.streams.iter().filter(|stream| stream.open).filter_map(Stream::last);
            let bound_ns = lasts.map(Place::ts_ns).min();
            let next = self.streams.iter_mut().filter(|stream| !stream.begun()).min_by_key(|stream| stream.first_ns);
            match next.filter(|next| bound_ns.is_none_or(|bound_ns| next.reaches(bound_ns))) {
                Some(next) => next.more(self.files)?,
                None => return Ok(()),
            }
        }
    }

    /// The row before which all rows are at hand; `None` where all files are at their end.
    fn bound(&self, files: &Files) -> Option<Place<'_>> {
        let open = self.streams.iter().filter(|stream| stream.open);
        open.filter_map(Stream::last).min_by(|a, b| file_order(*a, *b, files))
    }

    fn slice(&self, own: Vec<Piece>, memory: Vec<(u32, u32)>, last: bool) -> Slice<'a> {
        let order = if own.is_empty() {
            memory
        } else {
            let blocks: Vec<&Rows> = self.memory.iter().chain(own.iter().map(|piece| &piece.1)).collect();
            let mut order = memory;
            for (block, (rows, _)) in (self.memory.len() as u32..).zip(&own) {
                order.extend(rows.clone().map(|row| (block, row as u32)));
            }
            sort(&blocks, order, &self.files.files())
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{DAY_ONE, MS, folder, row};
    use super::super::ingest::{Part, put_aside};
    use super::super::{RawPolicy, compact::Run};
    use super::*;
    use crate::record::{Collect, ContentId};

    fn run(root: &std::path::Path, files: &FileList, times: Range<i64>) -> Run {
        let file = files.add(ContentId([1; 32]));
        let mut part = Part { rows: Rows::default(), file, raw: RawPolicy::None, read: 0 };
        for at in times {
            part.push(&mut row(DAY_ONE + at * MS, &format!("id-{at}"), "disk full"), &[], || "".into());
        }
        put_aside(root, &[part.rows], &files.files()).expect("writes").remove(0)
    }

    #[test]
    fn a_file_is_opened_when_its_first_row_is_reached_and_its_rows_come_in_order() {
        let (dir, files) = (folder(), FileList::default());
        // The second begins before the first ends; the third behind both.
        let runs = [
            run(dir.path(), &files, 40_000..50_000),
            run(dir.path(), &files, 0..20_000),
            run(dir.path(), &files, 15_000..30_000),
        ];
        let streams = runs.iter().map(|run| run.stream(1)).collect::<Result<Vec<_>, _>>().expect("opens");
        let mut slices = Slices::new(&[], streams, 0, &files);
        let mut times: Vec<i64> = Vec::new();
        let mut ends = 0;
        while let Some(slice) = slices.next().expect("reads") {
            assert!(ends == 0, "nothing comes behind the last slice");
            ends += usize::from(slice.last);
            let blocks = slice.blocks();
            times.extend(slice.order.iter().map(|at| (blocks[at.0 as usize].ts_ns[at.1 as usize] - DAY_ONE) / MS));
            let open = slices.streams.iter().filter(|stream| stream.begun()).count();
            assert!(open <= 2, "{open} of 3 files are open");
        }
        let mut wanted: Vec<i64> = (0..30_000).chain(15_000..20_000).chain(40_000..50_000).collect();
        wanted.sort_unstable();
        assert_eq!((times, ends), (wanted, 1));
    }
}
