//! Deduplication: of all rows that are one entry, one stays, whatever the order they came in.
//!
//! Rows come sorted, so what may be one entry stands together: rows with times of one microsecond, or without any. What stays
//! is the least in [`super::order::preference`], a total order over content. Of the bodies that disagree with it, one place
//! each is remembered, the least: the list of conflicts then follows from the inputs alone as well.
//!
//! Rows without an id that promises it are known by their content. Repeats inside one file are rows of their own, overlaps
//! between files collapse: the multiplicity kept is the largest of any one file.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::files::Files;
use super::order::{self, Place};
use super::rows::{IntCol, NONE, Raws, Rows};
use crate::record::hash128;

/// Payload rank from which a row has a body that can disagree.
const HAS_BODY: i64 = 2;

/// A body that was not kept though it differs from the one that was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Conflict {
    /// Key that both rows share, 32 hex.
    pub key: String,
    /// Hash of the body that was not kept, 16 hex.
    pub payload_hash: String,
    /// Input that held it, content id.
    pub file: String,
    /// Where, in the decoded input.
    pub offset: u64,
}

/// What one call added to a day, by position of the input in the list of files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Distinct entries among the call's rows.
    pub(super) distinct: u64,
    /// Rows kept that the store did not have.
    pub(super) fresh: BTreeMap<u32, i64>,
    /// Rows whose body lost against another one.
    pub(super) conflicts: BTreeMap<u32, u64>,
}

impl Tally {
    /// Adds what another part of the call added.
    pub(super) fn add(&mut self, other: &Self) {
        self.distinct += other.distinct;
        for (file, count) in &other.fresh {
            *self.fresh.entry(*file).or_insert(0) += count;
        }
        for (file, count) in &other.conflicts {
            *self.conflicts.entry(*file).or_insert(0) += count;
        }
    }
}

/// Walks over sorted rows and keeps one of each entry; for all slices of a day.
#[derive(Default)]
pub(super) struct Merger {
    /// Conflicts of the store that still have to be looked at, by key.
    known: FxHashMap<u128, Vec<Conflict>>,
    places: BTreeMap<(u128, u64), (String, u64)>,
    fresh: Vec<i64>,
    /// Rows read back are the call's own: it compacted the day before, and its store had none of it.
    own: bool,
    pub(super) tally: Tally,
    /// Whether any row kept is not one of the store's, or a conflict is new.
    pub(super) changed: bool,
}

/// What is kept of a slice.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Places of the rows that stay, in file order.
    pub(super) places: Vec<(u32, u32)>,
    /// Rows that are a further copy of their content.
    pub(super) repeats: FxHashMap<(u32, u32), u32>,
}

impl Kept {
    /// Rows of a slice, each with the number of its copy.
    pub(super) fn gather(&self, blocks: &[&Rows], places: &[(u32, u32)]) -> Rows {
        self.numbered(Rows::gather(blocks, places), places)
    }

    /// The same rows without their raw entries, and those where they lie.
    pub(super) fn gather_apart<'b>(&self, blocks: &[&'b Rows], places: &'b [(u32, u32)]) -> (Rows, Raws<'b>) {
        let (rows, raws) = Rows::gather_apart(blocks, places);
        (self.numbered(rows, places), raws)
    }

    /// Which copy of its content a row is; 0 for most.
    pub(super) fn copy(&self, rows: &Rows, at: (u32, u32)) -> u32 {
        self.repeats.get(&at).copied().unwrap_or_else(|| rows.repeat(at.1 as usize))
    }

    fn numbered(&self, mut rows: Rows, places: &[(u32, u32)]) -> Rows {
        if !self.repeats.is_empty() {
            let of =
                |(at, row): (&(u32, u32), usize)| self.repeats.get(at).copied().unwrap_or_else(|| rows.repeat(row));
            let repeats: Vec<u32> = places.iter().zip(0..).map(of).collect();
            rows.set_repeats(&repeats);
        }
        rows
    }
}

impl Merger {
    /// `known`: conflicts of the store.
    pub(super) fn new(known: Vec<Conflict>, own: bool) -> Self {
        let mut by_key: FxHashMap<u128, Vec<Conflict>> = FxHashMap::default();
        for conflict in known {
            by_key.entry(u128::from_str_radix(&conflict.key, 16).unwrap_or(0)).or_default().push(conflict);
        }
        Self { known: by_key, own, ..Self::default() }
    }

    /// Keeps one of each entry of a slice; `order` holds the places of its rows in file order.
    pub(super) fn keep(&mut self, blocks: &[&Rows], order: &[(u32, u32)], files: &Files) -> Kept {
        let mut kept = Kept { places: Vec::with_capacity(order.len()), ..Kept::default() };
        let mut at = 0;
        while at < order.len() {
            let end = at + group_len(blocks, &order[at..]);
            if end == at + 1 {
                self.alone(blocks, order[at]);
                kept.places.push(order[at]);
            } else {
                self.group(blocks, &order[at..end], files, &mut kept);
            }
            at = end;
        }
        kept
    }

    fn alone(&mut self, blocks: &[&Rows], at: (u32, u32)) {
        let rows = blocks[at.0 as usize];
        if !rows.stored {
            self.tally.distinct += 1;
            self.count_fresh(rows.files[at.1 as usize]);
        } else if !self.known.is_empty() {
            self.settle(place(blocks, at));
        }
    }

    fn count_fresh(&mut self, file: u32) {
        let file = file as usize;
        self.fresh_of(file);
        self.fresh[file] += 1;
        self.changed = true;
    }

    fn fresh_of(&mut self, file: usize) {
        if self.fresh.len() <= file {
            self.fresh.resize(file + 1, 0);
        }
    }

    /// Rows of one microsecond: those that are one entry are found among them.
    fn group(&mut self, blocks: &[&Rows], members: &[(u32, u32)], files: &Files, kept: &mut Kept) {
        let first = kept.places.len();
        let mut members = members.to_vec();
        let key = |at: (u32, u32)| place(blocks, at);
        members
            .sort_by(|a, b| identity_order(key(*a), key(*b)).then_with(|| order::file_order(key(*a), key(*b), files)));
        for same in members.chunk_by(|a, b| order::same_identity(key(*a), key(*b))) {
            if same.len() == 1 {
                self.alone(blocks, same[0]);
                kept.places.push(same[0]);
            } else if key(same[0]).by_content() {
                self.copies(blocks, same, files, kept);
            } else {
                kept.places.push(self.one_of(blocks, same, files));
            }
        }
        kept.places[first..].sort_by(|a, b| order::file_order(key(*a), key(*b), files));
    }

    /// The row that stays of several that are one entry.
    fn one_of(&mut self, blocks: &[&Rows], same: &[(u32, u32)], files: &Files) -> (u32, u32) {
        let key = |at: (u32, u32)| place(blocks, at);
        let best = same
            .iter()
            .copied()
            .reduce(|a, b| if order::preference(key(b), key(a), files) == Ordering::Less { b } else { a });
        let winner = best.unwrap_or(same[0]);
        let stored = |at: &(u32, u32)| blocks[at.0 as usize].stored;
        let known = same.iter().copied().find(stored);
        self.tally.distinct += u64::from(!(same.iter().all(stored) || self.own && known.is_some()));
        match known {
            None => self.count_fresh(key(winner).file()),
            // It was counted for the row that stood here before.
            Some(known) if self.own && known != winner => {
                self.count_fresh(key(winner).file());
                self.fresh_of(key(known).file() as usize);
                self.fresh[key(known).file() as usize] -= 1;
            }
            Some(_) => {}
        }
        self.changed |= !stored(&winner);
        self.settle(key(winner));
        for loser in same.iter().copied().filter(|at| *at != winner) {
            self.compare(key(winner), key(loser), files);
        }
        winner
    }

    /// Copies of one content: as many stay as the file that holds most of them has.
    fn copies(&mut self, blocks: &[&Rows], same: &[(u32, u32)], files: &Files, kept: &mut Kept) {
        let key = |at: (u32, u32)| place(blocks, at);
        let mut by_copy: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        let mut next: BTreeMap<u32, u32> = BTreeMap::new();
        // `same` is in order of (file, offset): copies of one file are numbered as they stand in it.
        for at in same {
            let rows = blocks[at.0 as usize];
            let copy = if rows.stored {
                rows.repeat(at.1 as usize)
            } else {
                let next = next.entry(key(*at).file()).or_insert(0);
                *next += 1;
                *next - 1
            };
            by_copy.entry(copy).or_default().push(*at);
        }
        for (copy, same) in by_copy {
            let winner = self.one_of(blocks, &same, files);
            if copy > 0 {
                kept.repeats.insert(winner, copy);
            }
            kept.places.push(winner);
        }
    }

    fn compare(&mut self, winner: Place<'_>, loser: Place<'_>, files: &Files) {
        let rank = |place: Place<'_>| place.rows.int(IntCol::PayloadRank, place.row);
        let hash = loser.rows.payload_hash(loser.row);
        if rank(winner) < HAS_BODY || rank(loser) < HAS_BODY || hash == winner.rows.payload_hash(winner.row) {
            return;
        }
        // What the call itself stored before its time is one of its rows as well.
        if !loser.rows.stored || self.own {
            *self.tally.conflicts.entry(loser.file()).or_insert(0) += 1;
        }
        self.changed = true;
        let at = (files.id(loser.file()).to_string(), u64::try_from(loser.offset()).unwrap_or(0));
        self.note(dedup_key(winner, winner.rows.repeat(winner.row)), hash, at);
    }

    fn note(&mut self, key: u128, hash: u64, at: (String, u64)) {
        self.places.entry((key, hash)).and_modify(|least| *least = at.clone().min(least.clone())).or_insert(at);
    }

    /// Conflicts of the store with a row that is kept now: those that still disagree stay.
    fn settle(&mut self, winner: Place<'_>) {
        if self.known.is_empty() {
            return;
        }
        let key = dedup_key(winner, winner.rows.repeat(winner.row));
        for conflict in self.known.remove(&key).unwrap_or_default() {
            let hash = u64::from_str_radix(&conflict.payload_hash, 16).unwrap_or(0);
            if hash != winner.rows.payload_hash(winner.row) {
                self.note(key, hash, (conflict.file, conflict.offset));
            }
        }
    }

    /// Conflicts in order, and what the call added.
    pub(super) fn finish(mut self) -> (Vec<Conflict>, Tally) {
        let conflicts = self.places.into_iter().map(|((key, hash), (file, offset))| Conflict {
            key: format!("{key:032x}"),
            payload_hash: format!("{hash:016x}"),
            file,
            offset,
        });
        let fresh = (0_u32..).zip(self.fresh).filter(|(_, count)| *count != 0);
        self.tally.fresh.extend(fresh);
        (conflicts.collect(), self.tally)
    }
}

fn place<'a>(blocks: &[&'a Rows], at: (u32, u32)) -> Place<'a> {
    Place::new(blocks[at.0 as usize], at.1 as usize)
}

fn identity_order(a: Place<'_>, b: Place<'_>) -> Ordering {
    a.insert_id()
        .cmp(b.insert_id())
        .then_with(|| a.content().cmp(&b.content()))
        .then_with(|| if a.by_content() { Ordering::Equal } else { a.project().cmp(&b.project()) })
}

/// Whether two rows that follow one another in file order may be one entry.
pub(super) fn same_group(a: Place<'_>, b: Place<'_>) -> bool {
    if a.ts_ns() == NONE || b.ts_ns() == NONE {
        return a.ts_ns() == b.ts_ns() && order::same_identity(a, b);
    }
    a.ts_ns().div_euclid(1_000) == b.ts_ns().div_euclid(1_000)
}

fn group_len(blocks: &[&Rows], order: &[(u32, u32)]) -> usize {
    let first = place(blocks, order[0]);
    1 + order[1..].iter().take_while(|at| same_group(first, place(blocks, **at))).count()
}

/// Key of an entry, for the books: a hash of (project, id, microsecond), or of its content and which copy it is.
pub(super) fn dedup_key(at: Place<'_>, copy: u32) -> u128 {
    if at.by_content() {
        return hash128(&[b"content", &at.content().to_le_bytes(), &copy.to_le_bytes()]);
    }
    let micros = if at.ts_ns() == NONE { NONE } else { at.ts_ns().div_euclid(1_000) };
    hash128(&[at.project().unwrap_or("").as_bytes(), at.insert_id().as_bytes(), &micros.to_le_bytes()])
}
