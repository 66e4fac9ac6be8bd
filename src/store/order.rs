//! The two orders of the store: in what order rows lie, and which of several duplicates is kept.
//!
//! Both are total and depend on content only, so that no order of inputs, threads or ingests can show. Rows that may be
//! duplicates of one another stand together in the first, which makes deduplication a walk over neighbours.

use std::cmp::{Ordering, Reverse};

use super::files::Files;
use super::rows::{DictCol, IntCol, NONE, Rows, TextCol};

/// One row of a block of rows.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) rows: &'a Rows,
    pub(super) row: usize,
}

impl<'a> Place<'a> {
    pub(super) fn new(rows: &'a Rows, row: usize) -> Self {
        Self { rows, row }
    }

    pub(super) fn ts_ns(self) -> i64 {
        self.rows.ts_ns[self.row]
    }

    pub(super) fn insert_id(self) -> &'a str {
        self.rows.text(TextCol::InsertId, self.row)
    }

    pub(super) fn project(self) -> Option<&'a str> {
        self.rows.word(DictCol::Project, self.row)
    }

    pub(super) fn content(self) -> u128 {
        self.rows.content_hash(self.row)
    }

    /// Whether the content tells the entry from others, and not its id: only of such rows a hash is kept.
    pub(super) fn by_content(self) -> bool {
        self.content() != 0 || self.insert_id().is_empty()
    }

    pub(super) fn offset(self) -> i64 {
        self.rows.int(IntCol::Offset, self.row)
    }

    pub(super) fn file(self) -> u32 {
        self.rows.files[self.row]
    }
}

/// Order of rows in a file: time, id, project, content; then where they come from, so that it has no ties.
pub(super) fn file_order(a: Place<'_>, b: Place<'_>, files: &Files) -> Ordering {
    a.ts_ns()
        .cmp(&b.ts_ns())
        .then_with(|| a.insert_id().cmp(b.insert_id()))
        .then_with(|| a.project().cmp(&b.project()))
        .then_with(|| a.content().cmp(&b.content()))
        .then_with(|| origin(a, b, files))
}

/// Where rows come from: file, offset, and the number of an equal row there.
pub(super) fn origin(a: Place<'_>, b: Place<'_>, files: &Files) -> Ordering {
    let by_file = if a.file() == b.file() { Ordering::Equal } else { files.id(a.file()).cmp(files.id(b.file())) };
    by_file.then_with(|| a.offset().cmp(&b.offset())).then_with(|| a.rows.repeat(a.row).cmp(&b.rows.repeat(b.row)))
}

/// `Less` when `a` is to be kept: richest payload, then least damaged text, then least (content id, offset) (D2). Entries of one
/// envelope have one offset: the hash of their payload decides there.
pub(super) fn preference(a: Place<'_>, b: Place<'_>, files: &Files) -> Ordering {
    let of = |place: Place<'_>| {
        let lossy = place.rows.int(IntCol::Lossy, place.row);
        (Reverse(place.rows.int(IntCol::PayloadRank, place.row)), if lossy == NONE { 0 } else { lossy })
    };
    let payload = |place: Place<'_>| place.rows.payload_hash(place.row);
    of(a).cmp(&of(b)).then_with(|| origin(a, b, files)).then_with(|| payload(a).cmp(&payload(b)))
}

/// Whether two rows with times of one microsecond (or without) may be the same entry.
pub(super) fn same_identity(a: Place<'_>, b: Place<'_>) -> bool {
    a.insert_id() == b.insert_id() && a.content() == b.content() && (a.by_content() || a.project() == b.project())
}

/// Places of all rows of several blocks, in [`file_order`].
pub(super) fn sorted(blocks: &[&Rows], files: &Files) -> Vec<(u32, u32)> {
    let of = |(block, rows): (u32, &&Rows)| (0..rows.len() as u32).map(move |row| (block, row));
    let mut places = Vec::with_capacity(blocks.iter().map(|rows| rows.len()).sum());
    places.extend((0..).zip(blocks).flat_map(of));
    sort(blocks, places, files)
}

/// Places of rows of several blocks, in [`file_order`].
pub(super) fn sort(blocks: &[&Rows], places: Vec<(u32, u32)>, files: &Files) -> Vec<(u32, u32)> {
    let place = |block: u32, row: u32| Place::new(blocks[block as usize], row as usize);
    let of = |(block, row): (u32, u32)| (place(block, row).ts_ns(), block, row);
    let mut order: Vec<(i64, u32, u32)> = places.into_iter().map(of).collect();
    // By times first, which are here: nearly all rows are told apart by them, and dumps are nearly sorted.
    order.sort_by_key(|row| row.0);
    for ties in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|ties| ties.len() > 1) {
        ties.sort_by(|a, b| file_order(place(a.1, a.2), place(b.1, b.2), files));
    }
    order.into_iter().map(|(_, block, row)| (block, row)).collect()
}
