//! Raw entries apart from all else of their rows: they are as long as the other columns together, and what is only written
//! need not be copied before.

use std::borrow::Cow;

use super::{Rows, TextCol, Texts};

/// Raw entries of rows, where they lie.
pub(in crate::store) struct Raws<'b> {
    /// Of each block from which there are rows.
    texts: Vec<Option<Cow<'b, Texts>>>,
    places: &'b [(u32, u32)],
}

impl Raws<'_> {
    /// The entries; none where no row has any.
    pub(in crate::store) fn entries(&self) -> Vec<&str> {
        if self.texts.iter().flatten().all(|texts| texts.is_empty()) {
            return Vec::new();
        }
        let of = |(block, row): &(u32, u32)| {
            self.texts[*block as usize].as_ref().map_or("", |texts| texts.get(*row as usize))
        };
        self.places.iter().map(of).collect()
    }
}

impl Rows {
    /// The raw entries; none where no row has any.
    pub(in crate::store) fn entries(&self) -> Vec<&str> {
        let texts = self.texts(TextCol::Raw);
        if texts.is_empty() { Vec::new() } else { (0..self.len()).map(|row| texts.get(row)).collect() }
    }

    /// As [`Rows::gather`], without the raw entries; they stay where they are.
    pub(in crate::store) fn gather_apart<'b>(blocks: &[&'b Self], places: &'b [(u32, u32)]) -> (Self, Raws<'b>) {
        let mut out = Self { stored: blocks.iter().all(|block| block.stored), ..Self::default() };
        out.append_columns(blocks, places, &TextCol::ALL[..TextCol::Raw as usize]);
        let mut met = vec![false; blocks.len()];
        for (block, _) in places {
            met[*block as usize] = true;
        }
        let of = |(block, met): (&&'b Self, bool)| met.then(|| block.texts(TextCol::Raw).unpacked());
        (out, Raws { texts: blocks.iter().zip(met).map(of).collect(), places })
    }
}

#[cfg(test)]
mod tests {
    use super::super::PACKED_BYTES;
    use super::*;
    use crate::mine::RowRole;
    use crate::record::LogRecord;

    #[test]
    fn entries_are_the_same_where_they_lie_and_copied() {
        // One of long entries, which are compressed; one in which some rows have none; one without any; one of no rows here.
        let block = |raw: fn(usize) -> String| {
            let mut rows = Rows::default();
            for n in 0..40 {
                let record = LogRecord { message: format!("m{n}").into(), raw: raw(n).into(), ..LogRecord::default() };
                rows.push(0, &record, &[], RowRole::Plain);
            }
            rows.settle();
            rows.pack();
            rows
        };
        let blocks = [
            block(|n| format!("{n}").repeat(PACKED_BYTES / 40)),
            block(|n| if n % 3 == 0 { format!("raw {n}") } else { String::new() }),
            block(|_| String::new()),
            block(|n| n.to_string()),
        ];
        assert!(blocks[0].packed && !blocks[1].packed);
        let blocks: Vec<&Rows> = blocks.iter().collect();
        let places: Vec<(u32, u32)> = (0..90).map(|n| (n % 3, n / 3 % 40)).collect();
        let (rows, raws) = Rows::gather_apart(&blocks, &places);
        let whole = Rows::gather(&blocks, &places);
        assert_eq!(raws.entries(), whole.entries());
        assert_eq!((0..90).map(|row| rows.text(TextCol::Message, row)).collect::<Vec<_>>(), {
            (0..90).map(|row| whole.text(TextCol::Message, row)).collect::<Vec<_>>()
        });
        assert!(rows.entries().is_empty() && raws.entries().iter().any(|entry| entry.len() > 999));
        let none: Vec<(u32, u32)> = (0..9).map(|row| (2, row)).collect();
        assert!(Rows::gather_apart(&blocks, &none).1.entries().is_empty());
    }
}
