//! Objects that stand in row after row as they are: resource, labels, what says of host and agent.
//!
//! They are a third of a row and more. Each is remembered with the nodes it parses to; where the next row begins with the
//! same bytes at such a place, comparing them is all the parsing there is. Which object to compare with is told by a few
//! bytes at a fixed distance, so nothing is looked at that does not repeat. A text that begins an object as another one does
//! and holds all of it parses to the same nodes: nothing here decides what a row says.

use super::Node;
use super::parse::word_at;

/// Objects remembered.
const SLOTS: usize = 256;
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
pub(super) struct Repeats(Vec<Slot>);

/// Where an object would be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    slot: usize,
    hash: u64,
}

impl Repeats {
    /// For many rows.
    pub(super) fn remembering() -> Self {
        Self(vec![Slot::default(); SLOTS])
    }

    /// Where the object that begins at `start` is kept, if anything is.
    #[inline]
    pub(super) fn place(&self, bytes: &[u8], start: usize) -> Option<Place> {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        if self.0.is_empty() {
            return None;
        }
        let at = start + FROM;
        let words = [word_at(bytes, at)?, word_at(bytes, at + 8)?, word_at(bytes, at + 16)?, word_at(bytes, at + 24)?];
        let hash = words.iter().fold(0_u64, |hash, word| (hash.rotate_left(29) ^ word).wrapping_mul(ODD));
        // Nothing is kept under 0.
        Some(Place { slot: (hash >> 56) as usize % SLOTS, hash: hash | 1 })
    }

    /// Adds the nodes of the object that `rest` begins with, if it is the one that is kept; answers its length.
    #[inline]
    pub(super) fn replay(&mut self, place: Place, rest: &[u8], start: usize, nodes: &mut Vec<Node>) -> Option<usize> {
        let slot = &mut self.0[place.slot];
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
        let slot = &mut self.0[place.slot];
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
    }
}

impl Node {
    /// The node as it is where its text stands elsewhere and its object has another index.
    #[inline]
    fn moved(self, by: u32, first: u32) -> Self {
        Self {
            kind: self.kind,
            start: self.start.wrapping_add(by),
            end: self.end.wrapping_add(by),
            next: self.next.wrapping_add(first),
        }
    }
}
