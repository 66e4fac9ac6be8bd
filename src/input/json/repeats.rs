//! Objects that stand in row after row as they are: resource, labels, what says of host and agent.
//!
//! They are a third of a row and more. Each is remembered with the nodes it parses to; where the next row begins with the
//! same bytes at such a place, comparing them is all the parsing there is. Which object to compare with is told by a few
//! bytes at a fixed distance, so nothing is looked at that does not repeat. Each has a number by which what comes after parsing
//! finds again what it made of it. A text that begins an object as another one does
//! and holds all of it parses to the same nodes: nothing here decides what a row says.

use std::sync::atomic::{AtomicU64, Ordering};

use super::node::Node;
use super::parse::word_at;

/// Objects remembered: those of hundreds of instances, with room between them.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 10;
/// Objects met before any is remembered: small files need none of it.
const FEW: u8 = 64;
/// Where the bytes begin by which objects are told apart, behind the first key of most.
const FROM: usize = 16;
/// Longest object remembered, in bytes.
const LONGEST: usize = 2 << 10;
/// Objects that were kept in vain, one after the other, until keeping becomes rare.
const PATIENCE: u8 = 8;

#[derive(Debug, Clone, Default)]
struct Slot {
    hash: u64,
    text: Vec<u8>,
    nodes: Vec<Node>,
    /// Objects met here since one was the one that is kept.
    missed: u8,
}

/// What is remembered; by default nothing.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    slots: Vec<Slot>,
    /// Tells them from those of all others.
    id: u64,
    /// Number of the object that was kept last. Those behind the last number have none.
    kept: u16,
    /// Objects still to be met before any is remembered; nothing is by default.
    few: Option<u8>,
}

/// Where an object would be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    slot: usize,
    hash: u64,
}

impl Repeats {
    /// For many rows.
    pub(super) fn remembering() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), few: Some(FEW), ..Self::default() }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Where the object that begins at `start` is kept, if anything is.
    #[inline]
    pub(super) fn place(&mut self, bytes: &[u8], start: usize) -> Option<Place> {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        if self.slots.is_empty() {
            return self.begin();
        }
        let at = start + FROM;
        let words = [word_at(bytes, at)?, word_at(bytes, at + 8)?, word_at(bytes, at + 16)?, word_at(bytes, at + 24)?];
        let hash = words.iter().fold(0_u64, |hash, word| (hash.rotate_left(29) ^ word).wrapping_mul(ODD));
        // Nothing is kept under 0.
        Some(Place { slot: (hash >> (u64::BITS - SLOT_BITS)) as usize, hash: hash | 1 })
    }

    #[cold]
    fn begin(&mut self) -> Option<Place> {
        match self.few {
            Some(0) => self.slots = vec![Slot::default(); SLOTS],
            Some(few) => self.few = Some(few - 1),
            None => {}
        }
        None
    }

    /// Adds the nodes of the object that `rest` begins with, if it is the one that is kept; answers its length.
    #[inline]
    pub(super) fn replay(&mut self, place: Place, rest: &[u8], start: usize, nodes: &mut Vec<Node>) -> Option<usize> {
        let slot = &mut self.slots[place.slot];
        if slot.hash != place.hash || slot.text.is_empty() || !rest.starts_with(&slot.text) {
            return None;
        }
        slot.missed = 0;
        let (by, first) = (start as u32, nodes.len() as u32);
        nodes.extend(slot.nodes.iter().map(|node| node.moved(by, first)));
        Some(slot.text.len())
    }

    /// Keeps an object when one like it was met before: what never comes again costs no copy.
    pub(super) fn keep(&mut self, place: Place, object: &[u8], start: usize, nodes: &[Node], index: usize) {
        let slot = &mut self.slots[place.slot];
        if slot.hash != place.hash {
            // The bytes told apart by may be those of objects that differ all the time.
            slot.missed = slot.missed.saturating_sub(1);
            slot.hash = place.hash;
            slot.text.clear();
            return;
        }
        slot.missed = slot.missed.wrapping_add(1);
        if object.len() > LONGEST || slot.missed > PATIENCE {
            return;
        }
        slot.text.clear();
        slot.text.extend_from_slice(object);
        slot.nodes.clear();
        let (by, first) = ((start as u32).wrapping_neg(), (index as u32).wrapping_neg());
        slot.nodes.extend(nodes.iter().map(|node| node.moved(by, first)));
        self.kept = self.kept.saturating_add(1);
        if let Some(object) = slot.nodes.first_mut().filter(|_| self.kept < u16::MAX) {
            *object = object.numbered(self.kept);
        }
    }
}
