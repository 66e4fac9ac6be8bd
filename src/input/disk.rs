//! A source as bytes whose content id is known before the first of its records is made.
//!
//! Small files are read whole and hashed in memory; larger ones are hashed in a pass of their own, because a record cannot
//! wait for the end of a file that does not fit into memory. Standard input is spooled to a file first. What grows while it
//! is read is read up to the size it was hashed at.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::InputError;
use crate::record::ContentId;

/// Largest file that is held whole, in bytes.
pub(crate) const WHOLE: u64 = 16 << 20;
/// Largest compressed file that one thread reads alone: it may hold ten times as much.
pub(crate) const WHOLE_PACKED: u64 = 4 << 20;
/// Bytes hashed at once, by all threads together.
const PIECE: usize = 4 << 20;
/// Bytes read at once where they are decoded.
const BUFFER: usize = 256 << 10;

/// Whether a file is one that all threads should read together.
pub(crate) fn is_large(path: &Path) -> bool {
    let Ok(meta) = std::fs::metadata(path) else { return false };
    meta.len() > WHOLE || meta.len() > WHOLE_PACKED && is_packed(path).unwrap_or(false)
}

fn is_packed(path: &Path) -> io::Result<bool> {
    let mut front = [0; 4];
    File::open(path)?.read_exact(&mut front)?;
    Ok(super::codec::codec_of(&front) != "none")
}

/// A source, opened and hashed.
pub(crate) struct Opened {
    pub(crate) content_id: ContentId,
    /// Bytes on disk.
    pub(crate) size: u64,
    /// Modification time in nanoseconds; 0 where there is none.
    pub(crate) mtime_ns: i64,
    pub(crate) body: Body,
}

/// Where its bytes are.
pub(crate) enum Body {
    /// In memory.
    Whole(Vec<u8>),
    /// In a file, which stands at its beginning.
    File(File),
}

/// Opens a file; `-` is standard input, spooled to a file in `spool` (the system's temporary folder without one).
pub(crate) fn open(path: &Path, spool: Option<&Path>) -> Result<Opened, InputError> {
    let failed = |source| InputError::Open { path: path.to_owned(), source };
    if path == Path::new("-") {
        return stdin(spool).map_err(failed);
    }
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    // Pipes and devices have no size: they are read as long as they last.
    let opened = if meta.len() > WHOLE { hashed(file) } else { whole(file, meta.len()) };
    Ok(Opened { mtime_ns: mtime_ns(&meta).unwrap_or(0), ..opened.map_err(failed)? })
}

/// Modification time in nanoseconds since 1970.
pub(crate) fn mtime_ns(meta: &Metadata) -> Option<i64> {
    let mtime = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(mtime.as_nanos()).ok()
}

fn whole(mut file: File, size: u64) -> io::Result<Opened> {
    let mut bytes = Vec::with_capacity(size as usize + 1);
    (&mut file).take(WHOLE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > WHOLE {
        // It has grown since it was looked at, or never had a size.
        let mut spooled = tempfile::tempfile()?;
        spooled.write_all(&bytes)?;
        io::copy(&mut file, &mut spooled)?;
        spooled.rewind()?;
        return hashed(spooled);
    }
    let content_id = ContentId(*blake3::hash(&bytes).as_bytes());
    Ok(Opened { content_id, size: bytes.len() as u64, mtime_ns: 0, body: Body::Whole(bytes) })
}

fn hashed(mut file: File) -> io::Result<Opened> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    let mut size = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&piece[..n]);
                size += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()?;
    Ok(Opened { content_id: ContentId(*hasher.finalize().as_bytes()), size, mtime_ns: 0, body: Body::File(file) })
}

fn stdin(spool: Option<&Path>) -> io::Result<Opened> {
    let mut file = match spool {
        Some(folder) => tempfile::tempfile_in(folder)?,
        None => tempfile::tempfile()?,
    };
    io::copy(&mut io::stdin().lock(), &mut file)?;
    file.rewind()?;
    let size = file.metadata()?.len();
    if size > WHOLE { hashed(file) } else { whole(file, size) }
}

/// The bytes of an opened file, each read told to `progress`.
pub(crate) fn reader(file: File, size: u64, progress: &(dyn Fn(u64) + Sync)) -> BufReader<impl Read + Send> {
    BufReader::with_capacity(BUFFER, Told { inner: file.take(size), progress })
}

struct Told<'a, R> {
    inner: R,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Told<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        (self.progress)(n as u64);
        Ok(n)
    }
}

/// Hash of a file's bytes, without decoding it.
pub(crate) fn content_id(path: &Path) -> io::Result<ContentId> {
    Ok(hashed(File::open(path)?)?.content_id)
}
