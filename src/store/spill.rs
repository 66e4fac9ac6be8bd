//! Rows that leave memory for a while: sorted blocks, compressed, in a file that goes away with its value.
//!
//! They are read once, by the process that wrote them, so they lie there as they lay in memory. As Parquet, writing and reading
//! them took as long as reading the dumps.

use std::path::Path;

use tempfile::TempPath;

use super::rows::{DictCol, Rows};
use super::{StoreError, aside};

/// Most rows of a block, and bytes of long texts that make one full: every file of a day may have one in memory.
const BLOCK_ROWS: usize = 8 << 10;
const BLOCK_BYTES: usize = 4 << 20;
/// Bytes of a file that are read at once.
const BUFFER: usize = 8 << 10;

/// Sorted rows in a file.
#[derive(Debug)]
pub(super) struct Spill {
    path: TempPath,
    /// Time of the first row.
    pub(super) first_ns: i64,
    /// Some rows are parts of split entries.
    pub(super) has_splits: bool,
}

/// A file of sorted rows in the making.
pub(super) struct Writer {
    file: aside::Writer,
    plain: Vec<u8>,
    first_ns: Option<i64>,
    has_splits: bool,
}

impl Writer {
    /// Begins a file in the scratch folder.
    pub(super) fn new(root: &Path) -> Result<Self, StoreError> {
        Ok(Self { file: aside::Writer::new(root)?, plain: Vec::new(), first_ns: None, has_splits: false })
    }

    /// Adds rows behind those that were written.
    pub(super) fn write(&mut self, rows: &Rows) -> Result<(), StoreError> {
        self.first_ns = self.first_ns.or_else(|| rows.ts_ns.first().copied());
        self.has_splits |= !rows.dict(DictCol::SplitUid).is_empty();
        let all: Vec<(u32, u32)> = (0..rows.len() as u32).map(|row| (0, row)).collect();
        let weigh = |at: &(u32, u32)| rows.text_bytes(at.1 as usize);
        for block in super::compact::groups(&all, weigh, (BLOCK_ROWS, BLOCK_BYTES)) {
            self.plain.clear();
            Rows::gather(&[rows], &all[block]).put(&mut self.plain);
            self.file.write(&self.plain)?;
        }
        Ok(())
    }

    /// The file; `None` when nothing was written.
    pub(super) fn finish(self) -> Option<Spill> {
        let Self { file, first_ns, has_splits, .. } = self;
        Some(Spill { first_ns: first_ns?, path: file.finish(), has_splits })
    }
}

impl Spill {
    /// Its blocks, in order.
    pub(super) fn blocks(&self) -> Result<Blocks, StoreError> {
        Ok(Blocks(aside::Blocks::open(&self.path, BUFFER)?))
    }
}

/// Reads a file block by block.
pub(super) struct Blocks(aside::Blocks);

impl Iterator for Blocks {
    type Item = Result<Rows, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(|plain| Rows::take(&plain)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::RawPolicy;
    use super::super::aside::HEADER;
    use super::super::fixture::{DAY_ONE, MS, folder, row};
    use super::super::ingest::Part;
    use super::super::layout::{PARTIAL, SCRATCH};
    use super::*;
    use crate::record::{Collect, LogRecord};

    fn rows(records: impl IntoIterator<Item = LogRecord<'static>>) -> Rows {
        let mut part = Part { rows: Rows::default(), file: 7, raw: RawPolicy::All, read: 0 };
        for mut record in records {
            let raw = record.raw.clone();
            part.push(&mut record, &[], || raw);
        }
        Rows::gather(&[&part.rows], &(0..part.rows.len() as u32).map(|row| (0, row)).collect::<Vec<_>>())
    }

    fn bytes(rows: &Rows) -> Vec<u8> {
        let mut out = Vec::new();
        rows.put(&mut out);
        out
    }

    fn written(root: &Path, all: &Rows) -> Spill {
        let mut writer = Writer::new(root).expect("begins");
        writer.write(all).expect("writes");
        writer.finish().expect("has rows")
    }

    #[test]
    fn rows_come_back_as_they_were_in_blocks_that_are_bounded() {
        let dir = folder();
        let of = |at: i64| {
            // Some rows lack what others have, and one in a thousand is long.
            let id = if at % 3 == 0 { String::new() } else { format!("id-{at}") };
            let long = at % 1_000 == 999;
            let message = if long { "x".repeat(100_000) } else { format!("row {at} é") };
            LogRecord {
                line: (at % 5 == 0).then_some(at),
                trace: (at % 2 == 0).then(|| format!("trace-{at}").into()),
                function: Some(format!("f{}", at % 40).into()),
                set_aside: at % 100 == 0,
                ts_ns: (at > 10).then_some(DAY_ONE + at * MS),
                message: message.into(),
                ..row(DAY_ONE, &id, "")
            }
        };
        let all = rows((0..60_000).map(of));
        let spill = written(dir.path(), &all);
        assert_eq!(spill.first_ns, super::super::rows::NONE);
        assert!(!spill.has_splits);
        let blocks: Vec<Rows> = spill.blocks().expect("opens").collect::<Result<_, _>>().expect("reads");
        assert!(blocks.len() > 60_000 / BLOCK_ROWS, "long rows make more blocks: {}", blocks.len());
        let mut at = 0;
        for block in &blocks {
            let texts: usize = (0..block.len()).map(|row| block.text_bytes(row)).sum();
            assert!(block.len() <= BLOCK_ROWS && texts < BLOCK_BYTES + 250_000, "{} rows, {texts} bytes", block.len());
            let places: Vec<(u32, u32)> = (at..at + block.len() as u32).map(|row| (0, row)).collect();
            assert_eq!(bytes(block), bytes(&Rows::gather(&[&all], &places)));
            at += block.len() as u32;
        }
        assert_eq!(at as usize, all.len());
        drop(spill);
        assert_eq!(
            std::fs::read_dir(dir.path().join(SCRATCH)).expect("lists").count(),
            0,
            "the file went with its value"
        );
        assert!(Writer::new(dir.path()).expect("begins").finish().is_none(), "no rows, no file");
    }

    #[test]
    fn a_file_that_was_damaged_or_cut_is_told_by_name() {
        let dir = folder();
        let all = rows((0..100).map(|at| row(DAY_ONE + at, &format!("id-{at}"), "disk full")));
        let read = |spill: &Spill| spill.blocks().expect("opens").collect::<Result<Vec<Rows>, StoreError>>();
        let whole = std::fs::read(&written(dir.path(), &all).path).expect("reads");
        for cut in [3, HEADER, HEADER + 1, whole.len() - 1] {
            let spill = written(dir.path(), &all);
            std::fs::write(&spill.path, &whole[..cut]).expect("writes");
            let error = read(&spill).expect_err("it is cut").to_string();
            assert!(error.contains(PARTIAL), "{error}");
        }
        let spill = written(dir.path(), &all);
        let mut other = whole.clone();
        let last = other.len() - 10;
        other[last] ^= 0x55;
        std::fs::write(&spill.path, &other).expect("writes");
        assert!(read(&spill).is_err(), "its checksum does not hold");
    }
}
