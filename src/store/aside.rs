//! Compressed blocks in a scratch file that goes away with its value: what of a call does not fit into memory.
//!
//! They are read once, by the process that wrote them, so what lies in a block is the caller's matter.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::StoreError;
use super::layout::{self, PARTIAL, SCRATCH};

/// zstd level: a third less time than level 1 both ways.
const LEVEL: i32 = -5;
/// Bytes in front of a block: its length as it lies there, and unpacked.
pub(super) const HEADER: usize = 16;

/// A file in the making.
pub(super) struct Writer {
    file: NamedTempFile,
    zip: zstd::bulk::Compressor<'static>,
}

impl Writer {
    /// Begins a file in the scratch folder.
    pub(super) fn new(root: &Path) -> Result<Self, StoreError> {
        let folder = root.join(SCRATCH);
        let begin = || {
            std::fs::create_dir_all(&folder)?;
            let mut zip = zstd::bulk::Compressor::new(LEVEL)?;
            zip.include_checksum(true)?;
            Ok(Self { file: tempfile::Builder::new().prefix(PARTIAL).tempfile_in(&folder)?, zip })
        };
        begin().map_err(layout::io(&folder))
    }

    /// Adds a block behind those that were written.
    pub(super) fn write(&mut self, plain: &[u8]) -> Result<(), StoreError> {
        let mut put = || {
            let packed = self.zip.compress(plain)?;
            let lengths = [packed.len() as u64, plain.len() as u64];
            self.file.write_all(lengths.map(u64::to_le_bytes).as_flattened())?;
            self.file.write_all(&packed)
        };
        put().map_err(layout::io(self.file.path()))
    }

    pub(super) fn finish(self) -> TempPath {
        self.file.into_temp_path()
    }
}

/// Reads a file block by block.
pub(super) struct Blocks {
    file: BufReader<File>,
    path: PathBuf,
    packed: Vec<u8>,
}

impl Blocks {
    /// Opens a file; `buffer`: bytes of it that are read at once.
    pub(super) fn open(path: &Path, buffer: usize) -> Result<Self, StoreError> {
        let file = BufReader::with_capacity(buffer, File::open(path).map_err(layout::io(path))?);
        Ok(Self { file, path: path.to_owned(), packed: Vec::new() })
    }

    /// What `take` makes of the next block; `None` behind the last. It answers nothing where a block is not what was written.
    pub(super) fn next<T>(&mut self, take: impl FnOnce(Vec<u8>) -> Option<T>) -> Result<Option<T>, StoreError> {
        let read = match self.read() {
            Ok(None) => return Ok(None),
            Ok(Some(plain)) => take(plain).ok_or_else(damaged),
            Err(error) => Err(error),
        };
        read.map(Some).map_err(layout::io(&self.path))
    }

    /// Something in a block is not what was written.
    pub(super) fn damaged(&self) -> StoreError {
        layout::io(&self.path)(damaged())
    }

    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
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
        zstd::bulk::decompress(&self.packed, plain).map(Some)
    }
}

fn damaged() -> io::Error {
    io::Error::other("it does not hold what was written into it")
}
