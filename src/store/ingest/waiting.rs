//! Rows that wait for the rest of their day, and what is done when they take too much room.

use std::collections::{BTreeMap, BTreeSet};

use super::super::compact::Run;
use super::super::manifest::{Day, LiveFile, Manifest};
use super::super::merge::Tally;
use super::super::packed::Packed;
use super::super::prune::Dropped;
use super::super::rows::Rows;
use crate::record::ContentId;

/// Rows of a day that wait.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) blocks: Vec<Rows>,
    pub(super) bytes: usize,
    pub(super) runs: Vec<Run>,
    /// Inputs that rows in memory come from.
    pub(super) files: BTreeSet<u32>,
    /// The day as it was compacted before its time, because memory was short and it seemed complete.
    pub(super) early: Option<(Day, Tally)>,
}

#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) days: BTreeMap<Option<i64>, Bucket>,
    pub(super) bytes: usize,
    /// Bytes of rows that are being compacted or put aside.
    pub(super) leaving: usize,
    /// Files that were read to their end, or known.
    pub(super) done: Vec<Done>,
    /// Files with the pieces of them that could not be read.
    pub(super) quarantine: Vec<LiveFile>,
    pub(super) begun: BTreeSet<ContentId>,
    /// Inputs of which all rows are here.
    pub(super) ended: BTreeSet<u32>,
    /// Of the others, the days of the last piece that was taken: what it has left behind is likely to be over.
    pub(super) latest: BTreeMap<u32, BTreeSet<Option<i64>>>,
    /// Rows of pruned days, which are not stored, by input.
    pub(super) dropped: BTreeMap<u32, Dropped>,
}

/// A file that was read to its end, or known.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) content_id: ContentId,
    pub(super) name: Box<str>,
    /// It was not read: its content is known.
    pub(super) known: bool,
    pub(super) source: Packed,
}

impl Bucket {
    /// Whether rows wait that no compaction has seen.
    pub(super) fn has_rows(&self) -> bool {
        !self.blocks.is_empty() || !self.runs.is_empty()
    }

    /// Takes the rows out.
    fn empty(&mut self) -> Vec<Rows> {
        self.bytes = 0;
        self.files.clear();
        std::mem::take(&mut self.blocks)
    }

    /// Adds rows; answers how many bytes more are held.
    pub(super) fn add(&mut self, rows: Rows) -> isize {
        self.files.extend(rows.files.first());
        let bytes = Rows::wait(&mut self.blocks, rows);
        self.bytes = self.bytes.saturating_add_signed(bytes);
        bytes
    }
}

/// What is done when memory is short.
pub(super) enum Relief {
    /// A day that seems complete is compacted; should more rows come, it is compacted again.
    Compact(Option<i64>, Vec<Rows>),
    /// Raw entries are compressed.
    Pack(Vec<(Option<i64>, Rows)>),
    /// Rows are put aside as files.
    PutAside(Vec<(Option<i64>, Vec<Rows>)>),
}

impl Waiting {
    /// What is to be done so that the limit is kept.
    ///
    /// Dumps come mostly in order of time: the oldest day of which all inputs have ended, or stand at other days by now, is
    /// likely to be complete, and is compacted, once. (Of an input that goes on only where every row has an id: those that are
    /// known by their content are numbered in one go, or a repeat that comes later would be taken for its first copy.) A day
    /// that the store has already, or that got more rows, waits on disk instead.
    pub(super) fn relief(&mut self, limit: usize, manifest: &Manifest) -> Option<Relief> {
        if self.bytes <= limit {
            return None;
        }
        let left = |file: &u32, day: &Option<i64>, has_ids: bool| {
            let elsewhere = || self.latest.get(file).is_some_and(|days| !days.contains(day));
            self.ended.contains(file) || has_ids && elsewhere()
        };
        let complete = self.days.iter_mut().find(|(day, bucket)| {
            let stored = day.is_none_or(|day| manifest.days.contains_key(&day));
            let fresh = bucket.early.is_none() && bucket.runs.is_empty() && !stored;
            let has_ids = fresh && bucket.blocks.iter().all(Rows::has_ids);
            fresh && !bucket.blocks.is_empty() && bucket.files.iter().all(|file| left(file, day, has_ids))
        });
        if let Some((day, bucket)) = complete {
            self.bytes = self.bytes.saturating_sub(bucket.bytes);
            self.leaving += bucket.bytes;
            // Claimed at once: rows that come while it is compacted are late.
            bucket.early = Some(Default::default());
            return Some(Relief::Compact(*day, bucket.empty()));
        }
        let loose: usize = self.days.values().flat_map(|bucket| &bucket.blocks).map(Rows::loose).sum();
        if loose > limit / 8 {
            return Some(Relief::Pack(self.take_loose()));
        }
        // A day may be about to become complete: writing its rows twice costs more than holding them a little longer.
        if self.bytes <= limit + limit / 4 {
            return None;
        }
        let mut out = Vec::new();
        while self.bytes > limit / 2 {
            let Some((day, bucket)) = self.days.iter_mut().max_by_key(|(_, bucket)| bucket.bytes) else { break };
            if bucket.blocks.is_empty() {
                break;
            }
            self.bytes = self.bytes.saturating_sub(bucket.bytes);
            self.leaving += bucket.bytes;
            out.push((*day, bucket.empty()));
        }
        Some(Relief::PutAside(out))
    }

    /// Takes out the rows whose raw entries may be compressed.
    fn take_loose(&mut self) -> Vec<(Option<i64>, Rows)> {
        let mut out = Vec::new();
        for (day, bucket) in &mut self.days {
            for rows in bucket.blocks.extract_if(.., |rows| rows.loose() > 0) {
                let bytes = rows.bytes();
                bucket.bytes = bucket.bytes.saturating_sub(bytes);
                self.bytes = self.bytes.saturating_sub(bytes);
                self.leaving += bytes;
                out.push((*day, rows));
            }
        }
        out
    }

    /// Takes rows back, before those that came meanwhile: the last ones may still be added to.
    pub(super) fn put_back(&mut self, day: Option<i64>, rows: Rows) {
        let bucket = self.days.entry(day).or_default();
        let bytes = rows.bytes();
        bucket.bytes += bytes;
        self.bytes += bytes;
        bucket.blocks.insert(0, rows);
    }
}
