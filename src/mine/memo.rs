//! What a miner remembers: signatures it has met, lines by what is constant in them, whole messages.
//!
//! Everything here only saves work. A line's tokens are a function of its texts between variables and of the kinds of its
//! variables, so lines are looked up by those (finer than by signature: white space counts) and compared in whole.
//! A hash decides nothing.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHasher};

use super::signature::{Shape, SigId};
use super::token::{Kind, Span};

/// Shapes remembered before the memory is emptied.
const SHAPES_MAX: usize = 1 << 14;
/// Longest constant part of a line that is remembered, in bytes.
const LINE_MAX_BYTES: usize = 4096;
/// Slots of the cache of whole messages; a power of two.
const MESSAGE_SLOTS: usize = 1 << 12;
/// Longest message kept in the cache, in bytes.
const MESSAGE_MAX_BYTES: usize = 1024;

/// A signature met before.
pub(super) struct Known {
    pub(super) id: SigId,
    pub(super) shape: Arc<Shape>,
    pub(super) exception: Option<Arc<str>>,
    /// Where its entry lies in the table of that epoch.
    pub(super) place: (u32, u32),
}

/// A line: what is constant in it, cut where its variables stand.
struct Line {
    /// For each variable four bytes (twice the end in the text of what stands before it, plus one where it is soft), then the
    /// head, then the text: one piece of memory, because with many signatures each further piece is a further cache miss.
    packed: Box<[u8]>,
    cuts: u32,
    head: u32,
    known: u32,
}

/// The line asked for: `head` tells apart what is not text, `vars` are the variables in `text`.
#[derive(Clone, Copy)]
pub(super) struct LineKey<'a> {
    pub(super) head: &'a [u8],
    pub(super) text: &'a [u8],
    pub(super) vars: &'a [Span],
}

impl<'a> LineKey<'a> {
    /// What stands before each variable, and the variable's softness.
    fn runs(self) -> impl Iterator<Item = (&'a [u8], bool)> {
        let mut from = 0;
        self.vars.iter().map(move |var| {
            let run = self.text.get(from..var.start).unwrap_or_default();
            from = var.end;
            (run, var.kind == Kind::Soft)
        })
    }

    fn rest(self) -> &'a [u8] {
        self.text.get(self.vars.last().map_or(0, |var| var.end)..).unwrap_or_default()
    }

    /// Whether the line may be remembered: little of it is constant.
    pub(super) fn is_short(self) -> bool {
        self.text.len() <= LINE_MAX_BYTES
            || self.runs().map(|(run, _)| run.len()).sum::<usize>() + self.rest().len() <= LINE_MAX_BYTES
    }

    /// Not for keeps: 64 bits by which lines are found again.
    pub(super) fn hash(self) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write(self.head);
        for (run, soft) in self.runs() {
            hasher.write(run);
            hasher.write_u8(u8::from(soft));
        }
        hasher.write(self.rest());
        hasher.finish()
    }

    fn is(self, line: &Line) -> bool {
        let (cuts, rest) = line.packed.split_at(4 * line.cuts as usize);
        let (head, text) = rest.split_at(line.head as usize);
        let (cuts, _) = cuts.as_chunks::<4>();
        if cuts.len() != self.vars.len() || head != self.head {
            return false;
        }
        let mut from = 0;
        for ((run, soft), cut) in self.runs().zip(cuts) {
            let cut = u32::from_le_bytes(*cut);
            let end = (cut >> 1) as usize;
            if u32::from(soft) != cut & 1 || text.get(from..end) != Some(run) {
                return false;
            }
            from = end;
        }
        text.get(from..) == Some(self.rest())
    }

    fn line(self, known: u32) -> Line {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut packed = Vec::with_capacity(4 * self.vars.len() + self.head.len() + self.text.len());
        let mut end = 0;
        for (run, soft) in self.runs() {
            end += run.len();
            packed.extend_from_slice(&(narrow(end) << 1 | u32::from(soft)).to_le_bytes());
        }
        packed.extend_from_slice(self.head);
        for (run, _) in self.runs() {
            packed.extend_from_slice(run);
        }
        packed.extend_from_slice(self.rest());
        Line { packed: packed.into(), cuts: narrow(self.vars.len()), head: narrow(self.head.len()), known }
    }
}

/// A hash as its own hash.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// Signatures met, found by their encoding or by a line that has them.
#[derive(Default)]
pub(super) struct Shapes {
    known: Vec<Known>,
    by_encoding: FxHashMap<Box<[u8]>, u32>,
    by_line: std::collections::HashMap<u64, Line, BuildHasherDefault<AsIs>>,
}

impl Shapes {
    pub(super) fn get(&mut self, index: u32) -> &mut Known {
        &mut self.known[index as usize]
    }

    pub(super) fn of_line(&self, hash: u64, key: LineKey<'_>) -> Option<u32> {
        self.by_line.get(&hash).filter(|line| key.is(line)).map(|line| line.known)
    }

    pub(super) fn of_encoding(&self, encoded: &[u8]) -> Option<u32> {
        self.by_encoding.get(encoded).copied()
    }

    /// Remembers a signature.
    pub(super) fn add(&mut self, encoded: &[u8], shape: Shape) -> u32 {
        let id = shape.id_of(encoded);
        let exception = shape.exception.as_deref().map(Arc::from);
        let index = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        self.known.push(Known { id, shape: Arc::new(shape), exception, place: (0, 0) });
        self.by_encoding.insert(encoded.into(), index);
        index
    }

    pub(super) fn add_line(&mut self, hash: u64, key: LineKey<'_>, known: u32) {
        self.by_line.insert(hash, key.line(known));
    }

    pub(super) fn is_full(&self) -> bool {
        self.known.len().max(self.by_line.len()) >= SHAPES_MAX
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.by_encoding.clear();
        self.by_line.clear();
    }
}

/// What was learned of a whole message.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) known: u32,
    pub(super) stack_id: Option<u64>,
    /// The table that has its values.
    pub(super) epoch: u32,
}

#[derive(Default)]
struct Slot {
    text: String,
    seen: Option<Seen>,
}

/// Messages met twice, by hash: many rows are exact repeats.
pub(super) struct Messages {
    hashes: Vec<u64>,
    slots: Vec<Slot>,
}

/// A message's place in the cache.
#[derive(Clone, Copy)]
pub(super) struct Place {
    hash: u64,
    slot: usize,
}

impl Messages {
    pub(super) fn new() -> Self {
        Self { hashes: Vec::new(), slots: Vec::new() }
    }

    /// Where a message belongs; nowhere when it is too long.
    pub(super) fn place(&mut self, message: &str) -> Option<Place> {
        if message.len() > MESSAGE_MAX_BYTES {
            return None;
        }
        if self.hashes.is_empty() {
            self.hashes.resize(MESSAGE_SLOTS, 0);
            self.slots.resize_with(MESSAGE_SLOTS, Slot::default);
        }
        let hash = FxBuildHasher.hash_one(message);
        Some(Place { hash, slot: hash as usize % MESSAGE_SLOTS })
    }

    pub(super) fn get(&self, place: Place, message: &str) -> Option<Seen> {
        if self.hashes[place.slot] != place.hash {
            return None;
        }
        let slot = &self.slots[place.slot];
        slot.seen.filter(|_| slot.text == message)
    }

    /// Keeps a message; its text from the second time on, so that unique messages cost no copy.
    pub(super) fn put(&mut self, place: Place, message: &str, seen: Seen) {
        if self.hashes[place.slot] == place.hash {
            let slot = &mut self.slots[place.slot];
            slot.text.clear();
            slot.text.push_str(message);
            slot.seen = Some(seen);
        } else {
            self.hashes[place.slot] = place.hash;
            self.slots[place.slot].seen = None;
        }
    }

    pub(super) fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.seen = None;
        }
    }
}
