//! Deduplication: of all rows that share a key, one stays, whatever the order they came in.
//!
//! What stays is the least in [`super::row::preference`], a total order over content. Of the bodies that disagree with it,
//! one place each is remembered, the least: the list of conflicts then follows from the inputs alone as well.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::row::{Row, STORED, preference};
use crate::record::ContentId;

/// Payload rank from which a row has a body that can disagree.
const HAS_BODY: i32 = 2;

/// A body that was not kept though it differs from the one that was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Conflict {
    /// Key that both rows share, 32 hex.
    pub key: String,
    /// First 64 bits of the hash of the body that was not kept, 16 hex.
    pub payload_hash: String,
    /// Input that held it, content id.
    pub file: String,
    /// Where, in the decoded input.
    pub offset: u64,
}

/// What one call added to a day, by position of the input in the call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Distinct keys among the call's rows.
    pub(super) distinct: u64,
    /// Rows kept whose key the store did not have.
    pub(super) fresh: BTreeMap<u32, u64>,
    /// Rows whose body lost against another one.
    pub(super) conflicts: BTreeMap<u32, u64>,
}

/// The outcome of merging.
#[derive(Debug)]
pub(super) struct Merged {
    /// One row per key, in no particular order.
    pub(super) rows: Vec<Row>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) tally: Tally,
    /// Whether any row or conflict differs from what was stored.
    pub(super) changed: bool,
}

struct Slot {
    row: Row,
    stored: bool,
    called: bool,
}

struct Loser {
    slot: usize,
    payload_hash: i64,
    rank: i32,
    file: ContentId,
    offset: u64,
    input: u32,
}

/// Merges the rows of a call into those of the store. `known` are the conflicts of the store.
pub(super) fn merge(stored: Vec<Row>, called: Vec<Row>, known: &[Conflict]) -> Merged {
    let mut at: FxHashMap<u128, usize> = FxHashMap::default();
    at.reserve(stored.len() + called.len());
    let mut slots: Vec<Slot> = Vec::with_capacity(stored.len() + called.len());
    let mut losers: Vec<Loser> = Vec::new();
    let mut changed = false;
    for row in stored.into_iter().chain(called) {
        let new = row.input != STORED;
        let slot = *at.entry(row.key).or_insert(slots.len());
        let Some(kept) = slots.get_mut(slot) else {
            slots.push(Slot { row, stored: !new, called: new });
            changed |= new;
            continue;
        };
        kept.called |= new;
        let loser = if preference(&row, &kept.row) == Ordering::Less {
            changed = true;
            std::mem::replace(&mut kept.row, row)
        } else {
            row
        };
        losers.push(Loser {
            slot,
            payload_hash: loser.payload_hash,
            rank: loser.rec.payload_rank,
            file: loser.file,
            offset: loser.rec.offset,
            input: loser.input,
        });
    }

    let mut tally = Tally { distinct: slots.iter().filter(|slot| slot.called).count() as u64, ..Tally::default() };
    for slot in slots.iter().filter(|slot| !slot.stored) {
        *tally.fresh.entry(slot.row.input).or_insert(0) += 1;
    }
    let mut places: BTreeMap<(u128, i64), (String, u64)> = BTreeMap::new();
    let mut note = |key: u128, hash: i64, place: (String, u64)| {
        places.entry((key, hash)).and_modify(|least| *least = place.clone().min(least.clone())).or_insert(place);
    };
    for conflict in known {
        let key = u128::from_str_radix(&conflict.key, 16).unwrap_or(0);
        let hash = u64::from_str_radix(&conflict.payload_hash, 16).unwrap_or(0).cast_signed();
        if at.get(&key).is_some_and(|slot| slots[*slot].row.payload_hash != hash) {
            note(key, hash, (conflict.file.clone(), conflict.offset));
        }
    }
    for loser in &losers {
        let kept = &slots[loser.slot].row;
        if loser.rank >= HAS_BODY && kept.rec.payload_rank >= HAS_BODY && loser.payload_hash != kept.payload_hash {
            if loser.input != STORED {
                *tally.conflicts.entry(loser.input).or_insert(0) += 1;
            }
            note(kept.key, loser.payload_hash, (loser.file.to_string(), loser.offset));
        }
    }
    let conflicts: Vec<Conflict> = places
        .into_iter()
        .map(|((key, hash), (file, offset))| Conflict {
            key: format!("{key:032x}"),
            payload_hash: format!("{:016x}", hash.cast_unsigned()),
            file,
            offset,
        })
        .collect();
    changed |= conflicts != known;
    Merged { rows: slots.into_iter().map(|slot| slot.row).collect(), conflicts, tally, changed }
}
