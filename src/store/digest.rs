//! The hash over rows: a sum over hashes of rows, so that it says the same whatever files and row groups they lie in.
//!
//! It is kept while rows are encoded, needs no order and no memory, and a row that is another, missing or there twice changes it.
//! It tells stores apart and finds damage; nobody is kept from making two sets of rows with one hash on purpose.

use xxhash_rust::xxh3::xxh3_64;

use super::chunk::Values;
use super::rows::NONE;

/// A hash of each row: the sum of hashes of its values, each with the name of its column. Absent values add nothing.
pub(super) struct RowHashes(Vec<u64>);

impl RowHashes {
    pub(super) fn new(rows: usize) -> Self {
        Self(vec![0; rows])
    }

    /// Adds the values of a column.
    pub(super) fn add(&mut self, column: &str, values: &Values<'_>) {
        let name = xxh3_64(column.as_bytes());
        let number = |value: i64| if value == NONE { 0 } else { mixed(value.cast_unsigned() ^ name) };
        let text = |text: &[u8]| if text.is_empty() { 0 } else { mixed(xxh3_64(text) ^ name) };
        match values {
            Values::Absent => {}
            Values::Many(ints) => sum(&mut self.0, ints.iter().map(|value| number(*value))),
            Values::Few(ints) => {
                // Neighbours mostly agree.
                let mut last = (NONE, 0);
                sum(
                    &mut self.0,
                    ints.iter().map(|value| {
                        if *value != last.0 {
                            last = (*value, number(*value));
                        }
                        last.1
                    }),
                );
            }
            Values::Truth(truths) => {
                let yes = number(1);
                sum(&mut self.0, truths.iter().map(|truth| if *truth { yes } else { 0 }));
            }
            Values::Codes(codes, texts) => {
                // The last one is of rows without a value.
                let known: Vec<u64> = (0..texts.len()).map(|at| text(texts.bytes_at(at))).chain([0]).collect();
                let absent = texts.len();
                sum(&mut self.0, codes.iter().map(|code| known[(*code as usize).min(absent)]));
            }
            Values::Ids(texts) | Values::Texts { texts, .. } => {
                let rows = self.0.len();
                sum(&mut self.0, (0..rows).map(|row| text(texts.bytes_at(row))));
            }
            Values::Entries(entries) => sum(&mut self.0, entries.iter().map(|entry| text(entry.as_bytes()))),
        }
    }

    /// Adds values of the same rows in other columns.
    pub(super) fn join(&mut self, others: &Self) {
        sum(&mut self.0, others.0.iter().copied());
    }

    pub(super) fn digest(self) -> Digest {
        let mut digest = Digest { rows: self.0.len() as u64, sums: [0; 2] };
        for hash in self.0 {
            let first = mixed(hash ^ FIRST);
            digest.sums[0] = digest.sums[0].wrapping_add(first);
            digest.sums[1] = digest.sums[1].wrapping_add(mixed(first ^ hash.rotate_left(32)));
        }
        digest
    }
}

/// Tells a row in which nothing is present from no row.
const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;

fn sum(rows: &mut [u64], values: impl Iterator<Item = u64>) {
    for (row, value) in rows.iter_mut().zip(values) {
        *row = row.wrapping_add(value);
    }
}

/// The finalizer of MurmurHash3, which spreads each bit over all of them:
/// <https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp>.
const fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// Hash over a set of rows: sums over their hashes, so that it says the same whatever row groups they lie in, and in which order
/// groups are added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    rows: u64,
    sums: [u64; 2],
}

impl Digest {
    /// Adds the rows of others.
    pub(super) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (sum, more) in self.sums.iter_mut().zip(other.sums) {
            *sum = sum.wrapping_add(more);
        }
    }

    /// The hash as bytes.
    pub(super) fn bytes(&self) -> [u8; 24] {
        let mut out = [0; 24];
        let words = [self.rows, self.sums[0], self.sums[1]];
        out.iter_mut().zip(words.iter().flat_map(|word| word.to_le_bytes())).for_each(|(out, byte)| *out = byte);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::FileList;
    use super::super::rows::{DictCol, IntCol, Rows, TextCol};
    use super::super::write::digest;
    use super::*;
    use crate::record::ContentId;

    /// Rows of which only `is` of the given column and row has a value.
    fn rows(count: usize, is: impl Fn(&str, usize) -> bool) -> Rows {
        let word = |column: DictCol, row| is(&format!("{column:?}"), row).then_some("x");
        let text = |column: TextCol, row| if is(&format!("{column:?}"), row) { "x" } else { "" };
        let int = |column: IntCol, row| if is(&format!("{column:?}"), row) { 1 } else { NONE };
        let rows = Rows::read_back(count, (word, text, int));
        rows.with_identity(vec![5; count], vec![0; count], vec![1; count], false)
    }

    #[test]
    fn every_column_counts_in_the_hash_and_in_no_other_row_group() {
        let files = FileList::default();
        files.add(ContentId([1; 32]));
        let files = files.files();
        let of = |rows: &Rows| digest((rows, &rows.entries()), None, &files);
        let columns = DictCol::ALL.iter().map(|column| format!("{column:?}"));
        let columns = columns.chain(IntCol::ALL.iter().map(|column| format!("{column:?}")));
        let columns = columns.chain(TextCol::ALL.iter().map(|column| format!("{column:?}")));
        let mut seen = vec![of(&rows(3, |_, _| false))];
        for name in columns {
            let one = of(&rows(3, |column, row| column == name && row == 1));
            assert!(!seen.contains(&one), "{name}");
            seen.push(one);
            let mut parts = of(&rows(1, |_, _| false));
            parts.add(&of(&rows(2, |column, row| column == name && row == 0)));
            assert_eq!(parts, one, "{name}, in two row groups");
        }
        let [both, apart] = [true, false].map(|same| {
            of(&rows(2, |column, row| column == "Service" && row == 0 || column == "Module" && (row == 0) == same))
        });
        assert_ne!(both, apart, "values of one row belong together");
    }
}
