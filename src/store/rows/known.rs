//! Codes of texts that stand in stretches which repeat from row to row: service, revision, instance, labels.
//!
//! Where such a stretch comes again, its texts stand in it at the same offsets, and their codes are those of last time:
//! nothing is compared and nothing looked up.

use super::DictCol;
use crate::record::Stretch;

/// Stretches remembered.
const SLOTS: usize = 256;

/// A text of a stretch: where it begins, its length, and its code. No text is empty.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    from: u32,
    length: u32,
    code: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    id: u64,
    words: [Word; DictCol::ALL.len()],
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownCodes(Vec<Slot>);

/// Where the code of a text is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    id: u64,
    from: u32,
    length: u32,
}

impl KnownCodes {
    /// Where a text's code is kept, if it stands in one of these stretches.
    #[inline]
    pub(super) fn spot(stretches: &[Stretch<'_>], text: &str) -> Option<Spot> {
        stretches.iter().find_map(|stretch| {
            let from = stretch.offset_of(text)? as u32;
            Some(Spot { id: stretch.id, from, length: text.len() as u32 })
        })
    }

    #[inline]
    pub(super) fn code(&self, column: DictCol, spot: Spot) -> Option<u32> {
        let slot = self.0.get(spot.id as usize % SLOTS).filter(|slot| slot.id == spot.id)?;
        let word = slot.words[column as usize];
        (word.from == spot.from && word.length == spot.length).then_some(word.code)
    }

    pub(super) fn keep(&mut self, column: DictCol, Spot { id, from, length }: Spot, code: u32) {
        if self.0.is_empty() {
            self.0 = vec![Slot::default(); SLOTS];
        }
        let slot = &mut self.0[id as usize % SLOTS];
        if slot.id != id {
            *slot = Slot { id, ..Slot::default() };
        }
        slot.words[column as usize] = Word { from, length, code };
    }

    /// Forgets all, when no further row comes.
    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NO_CODE, Rows};
    use super::*;
    use crate::mine::RowRole;
    use crate::record::LogRecord;

    #[test]
    fn rows_are_the_same_with_and_without_what_is_known_of_them() {
        // Both ids have one slot: the stretches take turns in it.
        let texts = [("a:shop:rev-1:pod-7", 5), ("b:shop:rev-2:pod-7", 5 + SLOTS as u64), ("c:cart:rev-1:pod-9", 6)];
        let (mut known, mut plain) = (Rows::default(), Rows::default());
        for n in 0..500_usize {
            let [first, second] = [n / 3, n / 5].map(|at| texts[at % texts.len()]);
            let record = LogRecord {
                service: Some(first.0[2..6].into()),
                revision: Some(first.0[7..12].into()),
                instance: Some(second.0[13..].into()),
                // Stands in no stretch, or in one whose part it is not.
                location: (n % 2 == 0).then(|| "shop".into()),
                labels: Some(if n % 11 == 0 { second.0[..6].into() } else { second.0.into() }),
                ..LogRecord::default()
            };
            let stretches = [first, second].map(|(text, id)| Stretch { text, id });
            known.push(0, &record, &stretches, RowRole::Plain);
            plain.push(0, &record, &[], RowRole::Plain);
        }
        for column in DictCol::ALL {
            for row in 0..500 {
                assert_eq!(known.dict(*column).get(row), plain.dict(*column).get(row), "{column:?} of row {row}");
            }
        }
        assert!(known.dict(DictCol::Service).code_at(499) != NO_CODE);
        assert!(known.known.0.iter().any(|slot| slot.words.iter().any(|word| word.length > 0)), "nothing was kept");
    }
}
