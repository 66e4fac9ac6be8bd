//! Bytes on disk: plain, gzip, zstd. The same input gives the same bytes: no time, no name, one thread.

use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use flate2::{Compression, GzBuilder};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Codec {
    /// As it is.
    None,
    /// gzip with a time of zero.
    Gzip,
    /// One zstd frame.
    Zstd,
}

impl Codec {
    /// The word of the ingest report.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// What is appended to a file's name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// Compresses; `fast` for bulk load, else as small as it gets, because the sample stays in git.
    pub(crate) fn encode(self, bytes: Vec<u8>, fast: bool) -> io::Result<Vec<u8>> {
        match self {
            Self::None => Ok(bytes),
            Self::Gzip => {
                let level = if fast { Compression::fast() } else { Compression::best() };
                let mut out = GzBuilder::new().mtime(0).write(Vec::new(), level);
                out.write_all(&bytes)?;
                out.finish()
            }
            Self::Zstd => zstd::encode_all(bytes.as_slice(), if fast { 3 } else { 19 }),
        }
    }
}

/// Writes a file and the folders above it.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, bytes)
}
