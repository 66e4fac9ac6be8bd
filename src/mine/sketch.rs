//! The distinct values of one variable, as far as they are kept: the 16 least by hash.
//!
//! Keeping the least by hash makes the sketch a function of the set of values alone: union, in
//! any order and over any split of the input, gives the same 16 and the same overflow flag.

use std::cmp::Ordering;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Distinct values kept of one variable.
pub const SKETCH_VALUES: usize = 16;

/// Bottom-k sketch of distinct values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// (hash, soft, value), ascending. Most values are short enough to lie in the item itself.
    items: Vec<(u64, bool, CompactString)>,
    overflow: bool,
    /// Where the items are full, the greatest hash among them: most values of a busy place are told by it to be no item,
    /// without a look at the items themselves.
    above: Option<u64>,
}

/// Stored form: overflow, hard values, soft values.
#[derive(Serialize, Deserialize)]
struct Stored(u8, Vec<String>, Vec<String>);

impl Sketch {
    /// Adds one value.
    #[inline]
    pub fn add(&mut self, soft: bool, value: &str) {
        let hash = hash(soft, value);
        if self.above.is_some_and(|last| hash > last) {
            self.overflow = true;
        } else {
            self.keep(hash, soft, value);
        }
    }

    #[cold]
    fn keep(&mut self, hash: u64, soft: bool, value: &str) {
        // By the hash alone, which is found without a branch; what shares its hash is told apart after that.
        let mut index = self.items.partition_point(|(h, ..)| *h < hash);
        while let Some((_, s, v)) = self.items.get(index).filter(|(h, ..)| *h == hash) {
            match (*s, &**v).cmp(&(soft, value)) {
                Ordering::Less => index += 1,
                Ordering::Equal => return,
                Ordering::Greater => break,
            }
        }
        if self.items.len() >= SKETCH_VALUES {
            self.overflow = true;
            if index == self.items.len() {
                return;
            }
            self.items.pop();
        }
        self.items.insert(index, (hash, soft, value.into()));
        self.set_above();
    }

    fn set_above(&mut self) {
        self.above = if self.items.len() < SKETCH_VALUES { None } else { self.items.last().map(|(hash, ..)| *hash) };
    }

    /// Adds all values of another sketch.
    pub fn merge(&mut self, other: Self) {
        self.overflow |= other.overflow;
        if self.items.is_empty() {
            (self.items, self.above) = (other.items, other.above);
            return;
        }
        self.items.extend(other.items);
        self.items.sort_unstable();
        self.items.dedup();
        self.overflow |= self.items.len() > SKETCH_VALUES;
        self.items.truncate(SKETCH_VALUES);
        self.set_above();
    }

    /// (soft, value) of the values kept, in hash order.
    pub fn iter(&self) -> impl Iterator<Item = (bool, &str)> {
        self.items.iter().map(|(_, soft, value)| (*soft, &**value))
    }

    /// Bytes that the values take outside of the sketch, about.
    pub(super) fn held_bytes(&self) -> usize {
        let long =
            self.items.iter().filter(|(.., value)| value.is_heap_allocated()).map(|(.., value)| value.capacity());
        self.items.capacity() * size_of::<(u64, bool, CompactString)>() + long.sum::<usize>()
    }

    /// Whether there were more distinct values than are kept.
    pub const fn overflow(&self) -> bool {
        self.overflow
    }

    /// The only value, when there is exactly one and it is soft.
    pub(super) fn only_soft(&self) -> Option<&str> {
        match self.items.as_slice() {
            [(_, true, value)] => Some(value),
            _ => None,
        }
    }
}

impl Serialize for Sketch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |soft: bool| self.iter().filter(|(s, _)| *s == soft).map(|(_, v)| v.into()).collect();
        Stored(u8::from(self.overflow), of(false), of(true)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored(overflow, hard, soft) = Stored::deserialize(deserializer)?;
        let mut sketch = Self::default();
        for (is_soft, values) in [(false, hard), (true, soft)] {
            for value in values {
                sketch.add(is_soft, &value);
            }
        }
        sketch.overflow |= overflow != 0;
        Ok(sketch)
    }
}

/// The last bytes of a value, less than eight, as a number: read in one or two pieces, as most values are no longer.
#[inline]
fn tail(value: &[u8], rest: &[u8]) -> u64 {
    if let Some(eight) = value.last_chunk::<8>() {
        // What stands before the rest is shifted out.
        return if rest.is_empty() { 0 } else { u64::from_le_bytes(*eight) >> (64 - 8 * rest.len()) };
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
        return first | last << (8 * (rest.len() - 4));
    }
    match *rest {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, ..] => u64::from(u32::from_le_bytes([a, b, c, 0])),
    }
}

/// Eight bytes at a time, with a closing mix. Written out here because stored sketches depend on it: which values
/// are the least must not change with a dependency's version.
#[inline]
fn hash(soft: bool, value: &str) -> u64 {
    const MULTIPLIER: u64 = 0x9fb2_1c65_1e98_df25;
    let step = |h: u64, word: u64| {
        let h = (h ^ word).wrapping_mul(MULTIPLIER);
        h ^ (h >> 29)
    };
    // The length tells apart what zeros at the end would make alike.
    let mut h: u64 = 0xcbf2_9ce4_8422_2325 ^ u64::from(soft) ^ ((value.len() as u64) << 1);
    let (words, rest) = value.as_bytes().as_chunks::<8>();
    for word in words {
        h = step(h, u64::from_le_bytes(*word));
    }
    h = step(h, tail(value.as_bytes(), rest));
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_value_is_its_bytes_in_order() {
        let bytes: Vec<u8> = (1..=30).map(|n| n * 7).collect();
        for n in 0..=bytes.len() {
            let value = &bytes[..n];
            let rest = value.as_chunks::<8>().1;
            assert_eq!(tail(value, rest), rest.iter().rev().fold(0, |word, &b| word << 8 | u64::from(b)), "{n}");
        }
    }
}
