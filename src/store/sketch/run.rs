//! Sorted records that leave memory while a day is summarised, and their union in order.
//!
//! As what is put aside of rows ([`super::super::spill`]), they lie in compressed blocks in a file that goes away with its value.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::super::StoreError;
use super::super::layout::{self, PARTIAL, SCRATCH};

/// zstd level, as of rows that are put aside.
const LEVEL: i32 = -5;
/// Bytes that make a block full: each file that is read has one in memory.
const BLOCK_BYTES: usize = 64 << 10;
const HEADER: usize = 16;
/// Files from which on they are united to one: each is open while they are read.
const MOST: usize = 32;

/// What a file holds, in its order.
pub(super) trait Record: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(bytes: &mut &[u8]) -> Option<Self>;
    fn order(&self, other: &Self) -> Ordering;
}

/// A file of records in order.
#[derive(Debug)]
pub(super) struct Run(TempPath);

/// A file of records in the making.
pub(super) struct Writer {
    file: tempfile::NamedTempFile,
    zip: zstd::bulk::Compressor<'static>,
    plain: Vec<u8>,
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
        Ok(Self { file, zip, plain: Vec::new() })
    }

    /// Adds a record behind those that were written.
    pub(super) fn write(&mut self, record: &impl Record) -> Result<(), StoreError> {
        record.put(&mut self.plain);
        if self.plain.len() < BLOCK_BYTES {
            return Ok(());
        }
        self.block().map_err(layout::io(self.file.path()))
    }

    fn block(&mut self) -> io::Result<()> {
        let packed = self.zip.compress(&self.plain)?;
        let lengths = [packed.len() as u64, self.plain.len() as u64];
        self.file.write_all(lengths.map(u64::to_le_bytes).as_flattened())?;
        self.file.write_all(&packed)?;
        self.plain.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Run, StoreError> {
        self.block().map_err(layout::io(self.file.path()))?;
        Ok(Run(self.file.into_temp_path()))
    }
}

/// Reads a file record by record.
struct Reader<R> {
    file: BufReader<File>,
    path: PathBuf,
    packed: Vec<u8>,
    plain: Vec<u8>,
    at: usize,
    /// The next record; `None` behind the last.
    head: Option<R>,
}

impl<R: Record> Reader<R> {
    fn open(run: &Run) -> Result<Self, StoreError> {
        let file = File::open(&run.0).map_err(layout::io(&run.0))?;
        let file = BufReader::with_capacity(8 << 10, file);
        let (packed, plain) = (Vec::new(), Vec::new());
        let mut reader = Self { file, path: run.0.to_path_buf(), packed, plain, at: 0, head: None };
        reader.advance()?;
        Ok(reader)
    }

    /// Takes the next record out.
    fn advance(&mut self) -> Result<Option<R>, StoreError> {
        let next = self.read().map_err(layout::io(&self.path))?;
        Ok(std::mem::replace(&mut self.head, next))
    }

    fn read(&mut self) -> io::Result<Option<R>> {
        while self.at == self.plain.len() {
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
            (self.plain, self.at) = (zstd::bulk::decompress(&self.packed, plain)?, 0);
        }
        let mut rest = self.plain.get(self.at..).unwrap_or_default();
        let record = R::take(&mut rest);
        self.at = self.plain.len() - rest.len();
        record.map(Some).ok_or_else(|| io::Error::other("it does not hold what was written into it"))
    }
}

/// Hands the records of all files to `each`, in order.
pub(super) fn in_order<R: Record>(
    runs: &[Run],
    mut each: impl FnMut(R) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut readers = runs.iter().map(Reader::<R>::open).collect::<Result<Vec<_>, _>>()?;
    loop {
        readers.retain(|reader| reader.head.is_some());
        // They are few: the least is found by looking at all of them.
        let least = readers.iter_mut().reduce(|a, b| match (&a.head, &b.head) {
            (Some(x), Some(y)) if y.order(x) == Ordering::Less => b,
            _ => a,
        });
        match least.map(Reader::advance).transpose()?.flatten() {
            Some(record) => each(record)?,
            None => return Ok(()),
        }
    }
}

/// Whether so many files are to be united before another is added.
pub(super) fn are_many(runs: &[Run]) -> bool {
    runs.len() >= MOST
}

pub(super) fn put_text(out: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(u32::MAX, |text| u32::try_from(text.len()).unwrap_or(u32::MAX - 1));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

/// A text as [`put_text`] wrote it; the outer `None` where there is none.
#[allow(clippy::option_option, reason = "a text that is absent was read; one that cannot be read was not")]
pub(super) fn take_text(bytes: &mut &[u8]) -> Option<Option<String>> {
    let length = u32::from_le_bytes(*bytes.split_off(..4)?.first_chunk()?);
    if length == u32::MAX {
        return Some(None);
    }
    String::from_utf8(bytes.split_off(..length as usize)?.to_vec()).ok().map(Some)
}

pub(super) fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    bytes.split_off(..8)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

pub(super) fn take_int(bytes: &mut &[u8]) -> Option<i64> {
    take_number(bytes).map(u64::cast_signed)
}
