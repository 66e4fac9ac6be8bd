//! Rows that wait for the rest of their day, and what is done when they take too much room.

use std::collections::{BTreeMap, BTreeSet};

use super::super::compact::{Compaction, GROUPS_AT_ONCE, Run};
use super::super::layout::ROWS_PER_GROUP;
use super::super::ledger::Place;
use super::super::manifest::{Day, LiveFile, Manifest};
use super::super::merge::Tally;
use super::super::packed::Packed;
use super::super::prune::Dropped;
use super::super::rows::Rows;
use crate::record::ContentId;

/// Of rows that come in order of time, so large a part of the room is used before they are written.
const IN_ORDER: usize = 3;
/// Inputs that must have followed one another before their order is relied on.
const FOLLOWED: u32 = 2;
/// How far an input may reach into the one before it: windows of exports overlap a little.
const OVERLAP_NS: i64 = 5 * 60 * 1_000_000_000;

/// Rows of a day that wait.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) blocks: Vec<Rows>,
    pub(super) bytes: usize,
    pub(super) runs: Vec<Run>,
    /// Inputs that rows in memory come from.
    pub(super) files: BTreeSet<u32>,
    /// The day as far as it was written while more of it came, because memory was short.
    pub(super) begun: Option<Box<Compaction>>,
    /// It cannot be written in parts: no pause was found in it.
    pub(super) is_dense: bool,
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
    /// Of the others, where the last piece that was taken stands: what it has left behind is likely to be over.
    pub(super) latest: BTreeMap<u32, Stand>,
    /// Bytes from which on it is looked again for a day that can be written in part: there was none.
    look_again: usize,
    /// Several inputs were under way at the same time.
    pub(super) reads_several: bool,
    /// Rows of pruned days, which are not stored, by input.
    pub(super) dropped: BTreeMap<u32, Dropped>,
    /// Greatest time in inputs that have ended.
    ended_ns: Option<i64>,
    /// The same as each of the others found it when it began.
    found_ns: BTreeMap<u32, Option<i64>>,
    /// Inputs that began behind those which had ended; none any more when one did not.
    followed: Option<u32>,
}

/// Where an input stands.
#[derive(Debug, Default)]
pub(super) struct Stand {
    /// Days of its last piece.
    pub(super) days: BTreeSet<Option<i64>>,
    /// Least time in it.
    pub(super) least_ns: i64,
    /// Greatest time in all of its pieces.
    greatest_ns: i64,
}

/// A file that was read to its end, or known.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) content_id: ContentId,
    pub(super) name: Box<str>,
    /// It was not read: its content is known.
    pub(super) known: bool,
    pub(super) source: Packed,
    pub(super) place: Place,
}

impl Bucket {
    /// Whether rows wait that no compaction has seen.
    pub(super) fn has_rows(&self) -> bool {
        !self.blocks.is_empty() || !self.runs.is_empty()
    }

    /// Whether the rows that wait can be written in parts, as they come: nothing but their neighbours matters to them.
    fn is_plain(&self) -> bool {
        let plain = |rows: &Rows| rows.has_ids() && !rows.has_splits();
        self.early.is_none() && self.runs.is_empty() && !self.is_dense && self.blocks.iter().all(plain)
    }

    /// The moment before which no more rows seem to come: the newest quarter of the rows stands behind it, and so do the
    /// inputs that go on. With it, about how many bytes of rows stand before it.
    fn seems_complete_before(&self, inputs_ns: i64) -> (i64, usize) {
        let least = |rows: &Rows| rows.ts_ns.iter().copied().min().unwrap_or(i64::MAX);
        let mut newest = 0;
        let is_newest = |rows: &&Rows| {
            let before = newest;
            newest += rows.bytes();
            before < self.bytes / 4
        };
        let until = self.blocks.iter().rev().take_while(is_newest).map(least).min().unwrap_or(i64::MIN);
        let until = until.min(inputs_ns);
        let bytes = |rows: &Rows| {
            let before = rows.ts_ns.iter().filter(|ts_ns| **ts_ns < until).count();
            rows.bytes() / rows.len().max(1) * before
        };
        (until, self.blocks.iter().map(bytes).sum())
    }

    /// Takes what was written of the day, if rows that wait stand before some of it: it counts as compacted too early.
    pub(super) fn take_late(&mut self) -> Option<Box<Compaction>> {
        let late = self.begun.take_if(|begun| begun.is_late(&self.blocks, &self.runs))?;
        // Claimed at once, as where a day is compacted.
        self.early = Some(Default::default());
        Some(late)
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
    Compact(Option<i64>, Option<Box<Compaction>>, Vec<Rows>),
    /// Of a day that goes on, what stands before a moment is written: its rows come in order of time.
    Advance(i64, Option<Box<Compaction>>, Vec<Rows>, i64),
    /// Rows came that stand before what was written of their day: it counts as compacted too early.
    Close(Option<i64>, Box<Compaction>),
    /// Raw entries are compressed.
    Pack(Vec<(Option<i64>, Rows)>),
    /// Rows are put aside as files.
    PutAside(Vec<(Option<i64>, Vec<Rows>)>),
}

impl Waiting {
    /// Notes that a piece of an input is being read.
    pub(super) fn begins(&mut self, file: u32) {
        self.found_ns.entry(file).or_insert(self.ended_ns);
    }

    /// Notes where an input stands, by a piece of it.
    pub(super) fn stands(&mut self, file: u32, days: BTreeSet<Option<i64>>, times: impl Iterator<Item = i64>) {
        let (mut least_ns, mut greatest_ns) = (i64::MAX, i64::MIN);
        for ts_ns in times {
            (least_ns, greatest_ns) = (least_ns.min(ts_ns), greatest_ns.max(ts_ns));
        }
        let before = self.latest.remove(&file);
        let found_ns = self.found_ns.get(&file).copied().flatten();
        if let Some(ended_ns) = found_ns.filter(|_| before.is_none()) {
            let follows = least_ns >= ended_ns.saturating_sub(OVERLAP_NS);
            self.followed = self.followed.filter(|_| follows).map(|inputs| inputs.saturating_add(1));
        }
        let greatest_ns = before.map_or(greatest_ns, |stand| stand.greatest_ns.max(greatest_ns));
        self.latest.insert(file, Stand { days, least_ns, greatest_ns });
        self.reads_several |= self.latest.len() > 1;
    }

    /// Notes that all of an input is here.
    pub(super) fn ends(&mut self, file: u32) {
        self.ended.insert(file);
        self.found_ns.remove(&file);
        if let Some(stand) = self.latest.remove(&file) {
            // The first of all begins the sequence.
            self.followed = if self.ended_ns.is_none() { Some(0) } else { self.followed };
            self.ended_ns = Some(self.ended_ns.map_or(stand.greatest_ns, |ns| ns.max(stand.greatest_ns)));
        }
    }

    /// Bytes of rows from which on those are written that can be written once.
    ///
    /// Memory that was never touched costs more than the work on what lies in it, so where inputs follow one another in time,
    /// rows do not wait until the room for them is full. Where they do not, days that were written too early would be written
    /// twice.
    pub(super) fn enough(&self, limit: usize) -> usize {
        if self.followed.is_some_and(|inputs| inputs >= FOLLOWED) { limit / IN_ORDER } else { limit }
    }

    /// What is to be done so that the limit is kept.
    ///
    /// Dumps come mostly in order of time: the oldest day of which all inputs have ended, or stand at other days by now, is
    /// likely to be complete, and is compacted, once. (Of an input that goes on only where every row has an id: those that are
    /// known by their content are numbered in one go, or a repeat that comes later would be taken for its first copy.) A day
    /// that the store has already, or that got more rows, waits on disk instead.
    ///
    /// A day that goes on is written as far as it seems complete, where its rows come in order of time. One that is larger than
    /// the room for it would be written twice otherwise, once to put it aside.
    pub(super) fn relief(&mut self, limit: usize, manifest: &Manifest) -> Option<Relief> {
        let enough = self.enough(limit);
        if self.bytes <= enough {
            return None;
        }
        let left = |file: &u32, day: &Option<i64>, has_ids: bool| {
            let elsewhere = || self.latest.get(file).is_some_and(|stand| !stand.days.contains(day));
            self.ended.contains(file) || has_ids && elsewhere()
        };
        let complete = self.days.iter_mut().find(|(day, bucket)| {
            let stored = day.is_none_or(|day| manifest.days.contains_key(&day));
            let fresh = bucket.early.is_none() && bucket.runs.is_empty() && !stored;
            let has_ids = fresh && bucket.blocks.iter().all(Rows::has_ids);
            fresh && !bucket.blocks.is_empty() && bucket.files.iter().all(|file| left(file, day, has_ids))
        });
        if let Some((day, bucket)) = complete {
            self.look_again = 0;
            if let Some(begun) = bucket.take_late() {
                return Some(Relief::Close(*day, begun));
            }
            // A large one in steps: whoever makes room goes on with its input in between, or the others leave it behind.
            let rows: usize = bucket.blocks.iter().map(Rows::len).sum();
            if let Some(day) = day.filter(|_| rows > (GROUPS_AT_ONCE + 1) * ROWS_PER_GROUP && bucket.is_plain()) {
                return Some(self.advance(day, i64::MAX));
            }
            self.bytes = self.bytes.saturating_sub(bucket.bytes);
            self.leaving += bucket.bytes;
            // Claimed at once: rows that come while it is compacted are late.
            bucket.early = Some(Default::default());
            return Some(Relief::Compact(*day, bucket.begun.take(), bucket.empty()));
        }
        // Looking goes over all rows that wait: with many small inputs it would be most of the work.
        if self.bytes >= self.look_again {
            let ahead = self.ahead(enough, manifest);
            self.look_again = if ahead.is_some() { 0 } else { self.bytes + enough / 16 };
            if ahead.is_some() {
                return ahead;
            }
        }
        if self.bytes <= limit {
            return None;
        }
        let loose: usize = self.days.values().flat_map(|bucket| &bucket.blocks).map(Rows::loose).sum();
        if loose > limit / 8 {
            return Some(Relief::Pack(self.take_loose()));
        }
        // A day may be about to become complete: writing its rows twice costs more than holding them a little longer.
        if self.bytes <= limit + limit / 2 {
            return None;
        }
        self.look_again = 0;
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

    /// What can be done of the day that holds most, if it goes on and its rows come in order of time.
    fn ahead(&mut self, enough: usize, manifest: &Manifest) -> Option<Relief> {
        let inputs_ns = self.latest.values().map(|stand| stand.least_ns).min().unwrap_or(i64::MAX);
        let (day, bucket) = self.days.iter_mut().max_by_key(|(_, bucket)| bucket.bytes)?;
        if let Some(begun) = bucket.take_late() {
            return Some(Relief::Close(*day, begun));
        }
        let day = day.filter(|day| !manifest.days.contains_key(day) && bucket.is_plain())?;
        let (until, bytes) = bucket.seems_complete_before(inputs_ns);
        (bytes >= enough / 4).then(|| self.advance(day, until))
    }

    fn advance(&mut self, day: i64, until_ns: i64) -> Relief {
        let bucket = self.days.entry(Some(day)).or_default();
        let bytes = std::mem::take(&mut bucket.bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.leaving += bytes;
        Relief::Advance(day, bucket.begun.take(), std::mem::take(&mut bucket.blocks), until_ns)
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
    pub(super) fn put_back(&mut self, day: Option<i64>, rows: impl IntoIterator<Item = Rows>) {
        let bucket = self.days.entry(day).or_default();
        let held: usize = bucket.blocks.iter().map(Rows::bytes).sum();
        bucket.blocks.splice(0..0, rows);
        let more = bucket.blocks.iter().map(Rows::bytes).sum::<usize>() - held;
        bucket.bytes += more;
        self.bytes += more;
    }
}
