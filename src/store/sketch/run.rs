//! Sorted records that leave memory while a day is summarised, and their union in order.
//!
//! They lie in compressed blocks ([`aside`]), as rows do that are put aside.

use std::cmp::Ordering;
use std::path::Path;

use tempfile::TempPath;

use super::super::{StoreError, aside};

/// Bytes that make a block full: each file that is read has one in memory.
const BLOCK_BYTES: usize = 64 << 10;
/// Bytes of a file that are read at once.
const BUFFER: usize = 8 << 10;
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
    file: aside::Writer,
    plain: Vec<u8>,
}

impl Writer {
    /// Begins a file in the scratch folder.
    pub(super) fn new(root: &Path) -> Result<Self, StoreError> {
        Ok(Self { file: aside::Writer::new(root)?, plain: Vec::new() })
    }

    /// Adds a record behind those that were written.
    pub(super) fn write(&mut self, record: &impl Record) -> Result<(), StoreError> {
        record.put(&mut self.plain);
        if self.plain.len() >= BLOCK_BYTES { self.block() } else { Ok(()) }
    }

    fn block(&mut self) -> Result<(), StoreError> {
        self.file.write(&self.plain)?;
        self.plain.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Run, StoreError> {
        self.block()?;
        Ok(Run(self.file.finish()))
    }
}

/// Reads a file record by record.
struct Reader<R> {
    blocks: aside::Blocks,
    plain: Vec<u8>,
    at: usize,
    /// The next record; `None` behind the last.
    head: Option<R>,
}

impl<R: Record> Reader<R> {
    fn open(run: &Run) -> Result<Self, StoreError> {
        let mut reader = Self { blocks: aside::Blocks::open(&run.0, BUFFER)?, plain: Vec::new(), at: 0, head: None };
        reader.advance()?;
        Ok(reader)
    }

    /// Takes the next record out.
    fn advance(&mut self) -> Result<Option<R>, StoreError> {
        let next = self.read()?;
        Ok(std::mem::replace(&mut self.head, next))
    }

    fn read(&mut self) -> Result<Option<R>, StoreError> {
        while self.at == self.plain.len() {
            let Some(plain) = self.blocks.next(Some)? else { return Ok(None) };
            (self.plain, self.at) = (plain, 0);
        }
        let mut rest = self.plain.get(self.at..).unwrap_or_default();
        let record = R::take(&mut rest);
        self.at = self.plain.len() - rest.len();
        record.map(Some).ok_or_else(|| self.blocks.damaged())
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
