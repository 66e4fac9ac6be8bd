//! One day: what was stored and what came are merged, joined, signed, regrouped and written.
//!
//! Everything that counts is counted here, from surviving rows only. Counted where rows are read, overlapping dumps would be
//! counted twice.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

mod writer;

use super::StoreError;
use super::computed::{self, Computed, FromEvents};
use super::digest::Digest;
use super::durable::Root;
use super::files::FileList;
use super::layout::{BYTES_PER_GROUP, ROWS_PER_GROUP};
use super::ledger::{self, DayLedger};
use super::manifest::{Day, Role};
use super::merge::{Merger, Tally};
use super::order::sort;
use super::regroup;
use super::rows::{DictCol, NONE, Rows};
use super::slices::{Slice, Slices, Stream, block_rows};
use super::spill::Spill;
use super::split::{Fate, Splits};
use super::{decode, parquet_file, sketch, write};
use crate::mine::{Miner, SignatureTable};
use crate::record::ContentId;
pub(super) use writer::GROUPS_AT_ONCE;
use writer::{Apart, Writer};

/// What holds rows of a day.
const ROLES: [Role; 3] = [Role::Rows, Role::Parts, Role::SetAside];

/// What a day is compacted from.
pub(super) struct Sources<'a> {
    /// Rows of the call that are in memory.
    pub(super) memory: Vec<Rows>,
    /// Sorted rows of the call that were put aside, as files.
    pub(super) runs: Vec<Run>,
    /// Bytes of rows that are merged at a time, of those that are read from files.
    pub(super) slice_bytes: usize,
    /// What was stored of the day is the call's own: it was compacted before its time.
    pub(super) own: bool,
    /// Whether every other thread has work of its own, now.
    pub(super) alone: &'a (dyn Fn() -> bool + Sync),
}

impl Sources<'_> {
    /// Nothing.
    pub(super) fn none() -> Self {
        Self { memory: Vec::new(), runs: Vec::new(), slice_bytes: 0, own: false, alone: &|| false }
    }
}

/// A file of sorted rows.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) place: RunPlace,
    /// Its rows are set aside.
    pub(super) aside: bool,
    /// Inputs whose rows count; all without it.
    pub(super) only: Option<BTreeSet<ContentId>>,
}

/// Where sorted rows lie.
#[derive(Debug)]
pub(super) enum RunPlace {
    /// What this process put aside.
    Spill(Spill),
    /// A Parquet file, which any process may have written.
    Part(PathBuf),
}

impl Run {
    /// The file, read in blocks of so many rows.
    pub(super) fn stream(&self, block: usize) -> Result<Stream<'_>, StoreError> {
        let stream = match &self.place {
            RunPlace::Spill(spill) => Stream::spilled(spill),
            RunPlace::Part(path) => Stream::file(path.clone(), self.aside, false, block)?,
        };
        Ok(stream.only(self.only.clone()))
    }

    fn has_splits(&self) -> Result<bool, StoreError> {
        match &self.place {
            RunPlace::Spill(spill) => Ok(spill.has_splits),
            RunPlace::Part(path) => parquet_file::has_values(path, "split_uid"),
        }
    }
}

/// Merges the rows of a call into one day. Answers what the manifest is to say of it, and what the call added.
pub(super) fn compact(
    root: &Root,
    files: &FileList,
    day: Option<i64>,
    before: Option<&Day>,
    sources: &Sources<'_>,
) -> Result<(Day, Tally), StoreError> {
    Compaction::begin(root, day, before, sources.own)?.finish(files, before, sources)
}

/// A day that is being compacted. What comes in order of time can be merged and written as it comes.
pub(super) struct Compaction {
    root: Root,
    writer: Writer,
    merger: Merger,
    /// Rows that rows to come may still join.
    carry: Rows,
    /// Microsecond of the last row that was merged: what is to come stands behind it.
    merged_us: Option<i64>,
}

impl std::fmt::Debug for Compaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compaction").field("merged_us", &self.merged_us).finish_non_exhaustive()
    }
}

impl Compaction {
    /// Begins with nothing; `before` is what is stored of the day, and `own` says that the call itself stored it.
    pub(super) fn begin(root: &Root, day: Option<i64>, before: Option<&Day>, own: bool) -> Result<Self, StoreError> {
        let book = before.map(|before| day_ledger(root, before)).transpose()?;
        Ok(Self {
            root: root.to_owned(),
            writer: Writer::new(root, day),
            merger: Merger::new(book.unwrap_or_default().conflicts, own),
            carry: Rows::default(),
            merged_us: None,
        })
    }

    /// What was begun of a day; a beginning, if nothing was.
    pub(super) fn of(
        begun: Option<Box<Self>>,
        root: &Root,
        day: Option<i64>,
        before: Option<&Day>,
        own: bool,
    ) -> Result<Box<Self>, StoreError> {
        begun.map_or_else(|| Self::begin(root, day, before, own).map(Box::new), Ok)
    }

    /// Merges and writes the first of some rows, a few row groups of those before a moment; answers the others.
    ///
    /// It is for rows of which each has an id and none is part of a split entry: nothing but their neighbours in time matters
    /// to them. They are cut in a pause that no event outlasts; where there is none, all rows are answered.
    pub(super) fn advance(
        &mut self,
        memory: Vec<Rows>,
        before_ns: i64,
        files: &FileList,
        alone: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Rows>, StoreError> {
        let blocks: Vec<&Rows> = memory.iter().collect();
        let of = |(block, rows): (u32, &&Rows)| {
            let before = |(_, ts_ns): &(u32, &i64)| **ts_ns < before_ns;
            (0..).zip(&rows.ts_ns).filter(before).map(|(row, _)| (block, row)).collect::<Vec<_>>()
        };
        let mut order = sort(&blocks, (0..).zip(&blocks).flat_map(of).collect(), &files.files());
        let ts = |at: (u32, u32)| blocks[at.0 as usize].ts_ns[at.1 as usize];
        let mut groups: Vec<Range<usize>> =
            row_groups(&order, |at| blocks[at.0 as usize].text_bytes(at.1 as usize)).collect();
        // The last one may be small, and may still grow.
        if let [first, .., last] = &groups[..]
            && last.len() < first.len() / 2
        {
            groups.pop();
        }
        groups.truncate(GROUPS_AT_ONCE);
        let full = groups.last().map_or(0, |group| group.end);
        let is_pause = |at: &usize| ts(order[*at]).saturating_sub(ts(order[at - 1])) > regroup::GAP_NS;
        let Some(cut) = (full.div_ceil(2)..order.len().min(full + 1)).rev().filter(|at| *at > 0).find(is_pause) else {
            return Ok(memory);
        };
        let merged_us = ts(order[cut - 1]).div_euclid(1_000);
        order.truncate(cut);
        self.slice(&Slice::of(&memory, order), true, &Splits::default(), files, alone)?;
        self.merged_us = Some(merged_us);
        Ok(memory.into_iter().filter_map(|rows| rows_behind(rows, merged_us)).collect())
    }

    /// Whether any rows were merged.
    pub(super) fn has_begun(&self) -> bool {
        self.merged_us.is_some()
    }

    /// Whether rows came too late: they stand before some that were written.
    pub(super) fn is_late(&self, memory: &[Rows], runs: &[Run]) -> bool {
        let Some(merged_us) = self.merged_us else { return false };
        let late = |ts_ns: i64| ts_ns.div_euclid(1_000) <= merged_us;
        let first = |run: &Run| match &run.place {
            RunPlace::Spill(spill) => spill.first_ns,
            RunPlace::Part(_) => NONE,
        };
        memory.iter().flat_map(|rows| &rows.ts_ns).any(|ts_ns| late(*ts_ns)) || runs.iter().map(first).any(late)
    }

    /// Merges and writes the rows of a slice: all of them where `closed` says that nothing to come can join them, else as many
    /// as are certain; the others are carried over.
    fn slice(
        &mut self,
        slice: &Slice<'_>,
        closed: bool,
        splits: &Splits,
        files: &FileList,
        alone: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), StoreError> {
        // Inputs of stored rows are met while they are read.
        let list = files.files();
        let mut blocks = slice.blocks();
        let kept = self.merger.keep(&blocks, &slice.order, &list);
        let carry = std::mem::take(&mut self.carry);
        let (carried, joined) = (blocks.len() as u32, blocks.len() as u32 + 1);
        blocks.extend([&carry, &splits.rows]);
        let (mut places, mut parts, mut aside) = (Vec::with_capacity(kept.places.len()), Vec::new(), Vec::new());
        places.extend((0..carry.len() as u32).map(|row| (carried, row)));
        for at in &kept.places {
            let (rows, row) = (blocks[at.0 as usize], at.1 as usize);
            if rows.is_aside(row) {
                aside.push(*at);
                continue;
            }
            match if splits.is_empty() { None } else { splits.fate(rows, row, kept.copy(rows, *at)) } {
                None => places.push(*at),
                Some(Fate::Head(row)) => places.push((joined, row)),
                Some(Fate::Part) => parts.push(*at),
            }
        }
        let gather = |places: &[(u32, u32)]| kept.gather(&blocks, places);
        let apart = Apart { kept: &kept, blocks: &blocks };
        let weigh = |at: &(u32, u32)| blocks[at.0 as usize].text_bytes(at.1 as usize);
        self.writer.hidden(Role::Parts, &parts, (gather, weigh), &list)?;
        self.writer.hidden(Role::SetAside, &aside, (gather, weigh), &list)?;
        let found = regroup::regroup(&blocks, &places, &list);
        let end = if closed { places.len() } else { whole_groups(&blocks, &places, found.open_from, weigh) };
        self.writer.rows(&places[..end], &found, (&apart, weigh), &list, alone)?;
        self.carry = gather(&places[end..]);
        Ok(())
    }

    /// Merges and writes all there is: what is stored of the day, and what the call has of it besides.
    pub(super) fn finish(
        mut self,
        files: &FileList,
        before: Option<&Day>,
        sources: &Sources<'_>,
    ) -> Result<(Day, Tally), StoreError> {
        let root = self.root.clone();
        let splits = splits_of(&root, files, before, sources)?;
        let mut slices = Slices::new(&sources.memory, streams(&root, before, sources)?, sources.slice_bytes, files);
        while let Some(slice) = slices.next()? {
            self.slice(&slice, slice.last, &splits, files, sources.alone)?;
        }
        let changed = self.merger.changed;
        let (conflicts, tally) = self.merger.finish();
        if let Some(before) = before.filter(|_| !changed) {
            return Ok((before.clone(), tally));
        }
        Ok((self.writer.finish(conflicts)?, tally))
    }
}

/// Rows of a block that stand behind a microsecond.
fn rows_behind(rows: Rows, merged_us: i64) -> Option<Rows> {
    let is_behind = |row: &u32| rows.ts_ns[*row as usize].div_euclid(1_000) > merged_us;
    let places: Vec<(u32, u32)> = (0..rows.len() as u32).filter(is_behind).map(|row| (0, row)).collect();
    if places.len() == rows.len() {
        return Some(rows);
    }
    let mut behind = Rows::gather(&[&rows], &places);
    behind.settle_if_full();
    (!behind.is_empty()).then_some(behind)
}

/// Rows divided into row groups: as many as may be, unless their texts are long.
pub(super) fn row_groups(
    places: &[(u32, u32)],
    weigh: impl Fn(&(u32, u32)) -> usize,
) -> impl Iterator<Item = Range<usize>> {
    groups(places, weigh, (ROWS_PER_GROUP, BYTES_PER_GROUP))
}

/// Rows divided into groups: each is full with so many rows, or with so many bytes of long texts.
pub(super) fn groups(
    places: &[(u32, u32)],
    weigh: impl Fn(&(u32, u32)) -> usize,
    (most_rows, most_bytes): (usize, usize),
) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let (first, mut bytes) = (start, 0);
        while start < places.len() && start - first < most_rows && bytes < most_bytes {
            bytes += weigh(&places[start]);
            start += 1;
        }
        (first < start).then_some(first..start)
    })
}

/// How many of the first `ready` rows are written now: whole row groups, cut in a pause that no event outlasts.
fn whole_groups(blocks: &[&Rows], places: &[(u32, u32)], ready: usize, weigh: impl Fn(&(u32, u32)) -> usize) -> usize {
    let ts = |at: usize| blocks[places[at].0 as usize].ts_ns[places[at].1 as usize];
    // The last one may still grow.
    let mut groups: Vec<Range<usize>> = row_groups(&places[..ready], weigh).collect();
    groups.pop();
    let full = groups.last().map_or(0, |group| group.end);
    let pause = (1..=full).rev().find(|at| ts(*at).saturating_sub(ts(at - 1)) > regroup::GAP_NS);
    // Without a pause for a whole group, groups are as they come.
    pause.unwrap_or(if full > 0 { ready } else { 0 })
}

/// The sorted files of a day: what the store holds of it, and what the call put aside.
fn streams<'a>(root: &Path, before: Option<&Day>, sources: &'a Sources<'_>) -> Result<Vec<Stream<'a>>, StoreError> {
    let mut streams = Vec::new();
    let stored = before.map_or(0, |day| day.files.iter().filter(|file| ROLES.contains(&file.role)).count());
    let block = block_rows(stored + sources.runs.len(), sources.slice_bytes);
    for role in ROLES {
        for file in before.iter().flat_map(|day| day.of(role)) {
            streams.push(Stream::file(root.join(&file.path), role == Role::SetAside, true, block)?);
        }
    }
    for run in &sources.runs {
        streams.push(run.stream(block)?);
    }
    Ok(streams)
}

/// Parts of split entries of the whole day, joined. They are few; rows are read twice only where there are any.
fn splits_of(root: &Path, files: &FileList, before: Option<&Day>, sources: &Sources<'_>) -> Result<Splits, StoreError> {
    let stored = before.iter().flat_map(|day| &day.files).filter(|file| ROLES.contains(&file.role));
    let mut any = sources.memory.iter().any(Rows::has_splits);
    for file in stored {
        any = any || parquet_file::has_values(&root.join(&file.path), "split_uid")?;
    }
    for run in &sources.runs {
        any = any || run.has_splits()?;
    }
    if !any {
        return Ok(Splits::default());
    }
    let mut slices = Slices::new(&sources.memory, streams(root, before, sources)?, sources.slice_bytes, files);
    let (mut merger, mut rows) = (Merger::default(), Rows::default());
    while let Some(slice) = slices.next()? {
        let blocks = slice.blocks();
        let kept = merger.keep(&blocks, &slice.order, &files.files());
        let is_part = |at: &&(u32, u32)| {
            let (rows, row) = (blocks[at.0 as usize], at.1 as usize);
            rows.word(DictCol::SplitUid, row).is_some() && !rows.is_aside(row)
        };
        let parts: Vec<(u32, u32)> = kept.places.iter().filter(is_part).copied().collect();
        rows.append(&[&kept.gather(&blocks, &parts)], &(0..parts.len() as u32).map(|row| (0, row)).collect::<Vec<_>>());
    }
    Ok(Splits::join(&rows, &files.files()))
}

/// The books of a day.
pub(super) fn day_ledger(root: &Path, day: &Day) -> Result<DayLedger, StoreError> {
    day.of(Role::DayLedger)
        .next()
        .map_or_else(|| Ok(DayLedger::default()), |file| ledger::read_json(&root.join(&file.path)))
}

/// Signature table of a day's rows before a moment, as compacting makes it.
pub(super) fn signatures_before(root: &Path, day: &Day, until_ns: i64) -> Result<SignatureTable, StoreError> {
    let files = FileList::default();
    let (mut table, mut miner) = (SignatureTable::new(), Miner::new());
    // What fell out of the table of the whole day is counted in its buckets here as well: the summary counts it there.
    for file in day.of(Role::Signatures) {
        if let Some(floor) = sketch::read_signatures(&root.join(&file.path))?.floor() {
            table.lower(floor);
        }
    }
    for file in day.of(Role::Rows) {
        let path = root.join(&file.path);
        parquet_file::read(&path, |batch| {
            let rows = decode::rows_joined(batch, &path, &files)?;
            let before: Vec<(u32, u32)> = (0..rows.len())
                .filter(|row| rows.ts_ns[*row] != NONE && rows.ts_ns[*row] < until_ns)
                .map(|row| (0, row as u32))
                .collect();
            let rows = Rows::gather(&[&rows], &before);
            computed::sign(
                (&rows, 0..rows.len()),
                &FromEvents::default(),
                &mut miner,
                &mut table,
                &mut Computed::default(),
            );
            Ok(())
        })?;
    }
    Ok(table)
}

/// Number of rows of a day, hidden ones too, and the hash over them, as they lie in its files.
pub(super) fn recount(root: &Path, day: &Day) -> Result<(u64, String), StoreError> {
    let files = FileList::default();
    let mut count = 0;
    let mut all = blake3::Hasher::new();
    for role in ROLES {
        let mut digest = Digest::default();
        for file in day.of(role) {
            let path = root.join(&file.path);
            parquet_file::read(&path, |batch| {
                let rows = decode::rows_joined(batch, &path, &files)?;
                let computed = decode::computed(batch, &path)?;
                count += rows.len() as u64;
                digest.add(&write::digest((&rows, &rows.entries()), computed.as_ref(), &files.files()));
                Ok(())
            })?;
        }
        all.update(&digest.bytes());
    }
    Ok((count, all.finalize().to_hex().to_string()))
}
