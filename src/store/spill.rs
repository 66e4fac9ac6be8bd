//! Rows that leave memory for a while: sorted blocks, compressed, in a file that goes away with its value.
//!
//! They are read once, by the process that wrote them, so they lie there as they lay in memory. As Parquet, writing and reading
//! them took as long as reading the dumps.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::StoreError;
use super::layout::{self, PARTIAL, SCRATCH};
use super::rows::{DictCol, Rows};

/// zstd level: a third less time than level 1 both ways.
const LEVEL: i32 = -5;
/// Most rows of a block, and bytes of long texts that make one full: every file of a day may have one in memory.
const BLOCK_ROWS: usize = 8 << 10;
const BLOCK_BYTES: usize = 4 << 20;
const HEADER: usize = 16;

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
    file: tempfile::NamedTempFile,
    zip: zstd::bulk::Compressor<'static>,
    plain: Vec<u8>,
    first_ns: Option<i64>,
    has_splits: bool,
}

impl Writer {
    /// Begins a file in the scratch folder.
    pub(super) fn new(root: &Path) -> Result<Self, StoreError> {
        let folder = root.join(SCRATCH);
        let begin = || {
            std::fs::create_dir_all(&folder)?;
            let mut zip = zstd::bulk::Compressor::new(LEVEL)?;
            zip.include_checksum(true)?;
            Ok((tempfile::Builder::new().prefix(PARTIAL).tempfile_in(&folder)?, zip))
        };
        let (file, zip) = begin().map_err(layout::io(&folder))?;
        Ok(Self { file, zip, plain: Vec::new(), first_ns: None, has_splits: false })
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
            let mut put = || {
                let packed = self.zip.compress(&self.plain)?;
                let lengths = [packed.len() as u64, self.plain.len() as u64];
                self.file.write_all(lengths.map(u64::to_le_bytes).as_flattened())?;
                self.file.write_all(&packed)
            };
            put().map_err(layout::io(self.file.path()))?;
        }
        Ok(())
    }

    /// The file; `None` when nothing was written.
    pub(super) fn finish(self) -> Option<Spill> {
        let Self { file, first_ns, has_splits, .. } = self;
        Some(Spill { first_ns: first_ns?, path: file.into_temp_path(), has_splits })
    }
}

impl Spill {
    /// Its blocks, in order.
    pub(super) fn blocks(&self) -> Result<Blocks, StoreError> {
        let file = File::open(&self.path).map_err(layout::io(&self.path))?;
        Ok(Blocks { file: BufReader::new(file), path: self.path.to_path_buf(), packed: Vec::new() })
    }
}

/// Reads a file block by block.
pub(super) struct Blocks {
    file: BufReader<File>,
    path: PathBuf,
    packed: Vec<u8>,
}

impl Blocks {
    fn read(&mut self) -> io::Result<Option<Rows>> {
        let mut header = [0; HEADER];
        if self.file.fill_buf()?.is_empty() {
            return Ok(None);
        }
        self.file.read_exact(&mut header)?;
        let length = |at: usize| {
            let bytes = header[at..].first_chunk().copied().unwrap_or_default();
            usize::try_from(u64::from_le_bytes(bytes)).map_err(io::Error::other)
        };
        let (packed, plain) = (length(0)?, length(8)?);
        self.packed.clear();
        if self.file.by_ref().take(packed as u64).read_to_end(&mut self.packed)? < packed {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let plain = zstd::bulk::decompress(&self.packed, plain)?;
        let rows = Rows::take(&plain);
        rows.map(Some).ok_or_else(|| io::Error::other("it does not hold what was written into it"))
    }
}

impl Iterator for Blocks {
    type Item = Result<Rows, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().map_err(layout::io(&self.path)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{DAY_ONE, MS, folder, row};
    use super::super::ingest::Part;
    use super::super::{RawPolicy, StoreError};
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
