//! A source as bytes whose content id is known before the first of its records is made.
//!
//! Small files are read whole and hashed in memory; larger ones are hashed in a pass of their own, because a record cannot
//! wait for the end of a file that does not fit into memory. Standard input is spooled to a file first. What grows while it
//! is read is read up to the size it was hashed at.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, ErrorKind, Read, Seek};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::InputError;
use super::held::Held;
use crate::record::ContentId;

/// Largest file that is held whole, in bytes.
pub(crate) const WHOLE: u64 = 16 << 20;
/// Largest compressed file that one thread reads alone: it may hold ten times as much.
pub(crate) const WHOLE_PACKED: u64 = 4 << 20;
/// Bytes hashed at once, by all threads together.
const PIECE: usize = 4 << 20;
/// Room for what may follow the size that was told.
const LEAST_ROOM: usize = 4 << 10;
/// Bytes that are hashed while a processor still has them from reading.
const HASHED: usize = 128 << 10;
/// Bytes read at once where they are decoded.
const BUFFER: usize = 256 << 10;

/// Bytes of a file on disk; `None` of a stream.
pub(crate) fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(Metadata::is_file).map(|meta| meta.len())
}

/// Whether a file of so many bytes is one that is not held whole.
pub(crate) fn is_large(path: &Path, size: u64) -> bool {
    size > WHOLE || size > WHOLE_PACKED && is_packed(path).unwrap_or(false)
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
    /// How a file looked that is read a second time; what is in memory cannot change.
    pub(crate) seen: Option<Seen>,
}

/// A file as it looked before it was hashed.
pub(crate) struct Seen {
    file: File,
    meta: Metadata,
}

impl Seen {
    /// Whether the bytes that were hashed are others now. Where size and times are the same nothing is read; what was only
    /// added to is hashed again, up to the size it had, and found unchanged.
    pub(crate) fn differs(mut self, id: &ContentId, size: u64) -> io::Result<bool> {
        let now = self.file.metadata()?;
        if now.len() == self.meta.len() && times(&now) == times(&self.meta) {
            return Ok(false);
        }
        self.file.rewind()?;
        let again = hashed(self.file.take(size))?;
        Ok(again.1 != size || again.0 != *id)
    }
}

/// When a file was written, and where the system tells it, when anything about it was changed.
fn times(meta: &Metadata) -> (Option<i64>, Option<(i64, i64)>) {
    #[cfg(unix)]
    let changed = {
        use std::os::unix::fs::MetadataExt;
        Some((meta.ctime(), meta.ctime_nsec()))
    };
    #[cfg(not(unix))]
    let changed = None;
    (mtime_ns(meta), changed)
}

/// Where its bytes are.
pub(crate) enum Body {
    /// In memory.
    Whole(Held),
    /// In a file, which stands at its beginning.
    File(File),
}

/// The first bytes of a file that stands at its beginning, and stands there again.
pub(crate) fn front(file: &File, bytes: usize) -> io::Result<Vec<u8>> {
    let (mut file, mut front) = (file, Vec::with_capacity(bytes));
    file.take(bytes as u64).read_to_end(&mut front)?;
    file.rewind()?;
    Ok(front)
}

/// Reads all that follows into the memory of `buffer`, and its hash. `size`: how much that is likely to be.
fn read(from: impl Read, size: u64, buffer: &mut Held) -> io::Result<(Held, ContentId)> {
    let mut held = std::mem::take(buffer);
    held.clear();
    let mut hasher = blake3::Hasher::new();
    let mut from = from.take(WHOLE + 1);
    loop {
        // One more, so that the end is seen without growing.
        let room = (size as usize).saturating_sub(held.len()).max(held.len() / 2).max(LEAST_ROOM) + 1;
        let mut more = 0;
        for piece in held.free(room).chunks_mut(HASHED) {
            let filled = fill(&mut from, piece)?;
            hasher.update(&piece[..filled]);
            more += filled;
            if filled < piece.len() {
                break;
            }
        }
        held.grow(more);
        if more < room {
            return Ok((held, ContentId(*hasher.finalize().as_bytes())));
        }
    }
}

/// Reads until a piece of memory is full, or there is no more; answers how much was read.
fn fill(from: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut held = 0;
    while held < piece.len() {
        match from.read(&mut piece[held..]) {
            Ok(0) => break,
            Ok(more) => held += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

/// Opens a file; `-` is standard input, spooled to a file in `spool` (the system's temporary folder without one). What is
/// held whole is held in what was `buffer`.
pub(crate) fn open(path: &Path, spool: Option<&Path>, buffer: &mut Held) -> Result<Opened, InputError> {
    let failed = |source| InputError::Open { path: path.to_owned(), source };
    if path == Path::new("-") {
        return spooled(io::stdin().lock(), spool);
    }
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    let mtime_ns = mtime_ns(&meta).unwrap_or(0);
    if meta.len() > WHOLE {
        let seen = Some(Seen { file: file.try_clone().map_err(failed)?, meta });
        return Ok(Opened { mtime_ns, seen, ..twice(file).map_err(failed)? });
    }
    let (read, content_id) = read(&file, meta.len(), buffer).map_err(failed)?;
    if read.bytes().len() as u64 > WHOLE {
        // It has grown since it was looked at, or is a pipe and never had a size.
        return Ok(Opened { mtime_ns, ..spooled(read.bytes().chain(file), spool)? });
    }
    Ok(Opened { mtime_ns, ..whole(read, content_id) })
}

/// Modification time in nanoseconds since 1970.
pub(crate) fn mtime_ns(meta: &Metadata) -> Option<i64> {
    let mtime = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(mtime.as_nanos()).ok()
}

/// Bytes in memory.
fn whole(read: Held, content_id: ContentId) -> Opened {
    let size = read.len() as u64;
    Opened { content_id, size, mtime_ns: 0, body: Body::Whole(read), seen: None }
}

/// A file that is read twice: hashed, then decoded.
fn twice(mut file: File) -> io::Result<Opened> {
    let (content_id, size) = hashed(&mut file)?;
    file.rewind()?;
    Ok(Opened { content_id, size, mtime_ns: 0, body: Body::File(file), seen: None })
}

/// Hash and number of all bytes. A piece is hashed while the next one is read.
fn hashed(mut from: impl Read + Send) -> io::Result<(ContentId, u64)> {
    let mut hasher = blake3::Hasher::new();
    let (mut piece, mut next) = (Held::default(), Held::default());
    let mut size = 0;
    let mut more = fill(&mut from, piece.free(PIECE))?;
    while more > 0 {
        piece.grow(more);
        size += more as u64;
        let read = || fill(&mut from, next.free(PIECE));
        more = rayon::join(read, || hasher.update_rayon(piece.bytes())).0?;
        std::mem::swap(&mut piece, &mut next);
        next.clear();
    }
    Ok((ContentId(*hasher.finalize().as_bytes()), size))
}

/// A stream, which can be read only once: kept in a file without a name that vanishes with this process.
fn spooled(mut stream: impl Read, spool: Option<&Path>) -> Result<Opened, InputError> {
    let failed = |source| InputError::Spool { folder: spool.map_or_else(std::env::temp_dir, Path::to_owned), source };
    let mut keep = || {
        let mut file = match spool {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        let size = io::copy(&mut stream, &mut file)?;
        file.rewind()?;
        if size > WHOLE {
            return twice(file);
        }
        let (read, content_id) = read(file, size, &mut Held::default())?;
        Ok(whole(read, content_id))
    };
    keep().map_err(failed)
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
    Ok(hashed(File::open(path)?)?.0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_stream_is_kept_in_the_folder_that_was_named_and_leaves_nothing_there() {
        let dir = tempfile::tempdir().expect("dir");
        for size in [0, 5, WHOLE + 5] {
            let bytes = vec![b'x'; size as usize];
            let opened = spooled(bytes.as_slice(), Some(dir.path())).expect("spooled");
            assert_eq!((opened.size, opened.content_id), (size, ContentId(*blake3::hash(&bytes).as_bytes())));
            assert_eq!(matches!(opened.body, Body::File(_)), size > WHOLE, "only what is small is held");
            drop(opened);
            assert_eq!(std::fs::read_dir(dir.path()).expect("folder").count(), 0);
        }
        let error = spooled(&b"x"[..], Some(&dir.path().join("none"))).err().expect("no such folder").to_string();
        assert!(error.contains("none") && error.contains("standard input"), "{error}");
    }

    /// Gives a few bytes at a time, is interrupted now and then, and fails at the end if it is to.
    struct Slow<'a>(&'a [u8], u32, bool);

    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(5) {
                return Err(ErrorKind::Interrupted.into());
            }
            if self.0.is_empty() && self.2 {
                return Err(io::Error::other("no disk"));
            }
            let n = buf.len().min(self.0.len()).min(100_003);
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn every_byte_is_read_and_hashed_once_however_slowly_it_comes() {
        let text: Vec<u8> = (0..2 * PIECE + 9).map(|n| (n % 251) as u8).collect();
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 9] {
            let bytes = &text[..size];
            let found = hashed(Slow(bytes, 0, false)).expect("reads");
            assert_eq!(found, (ContentId(*blake3::hash(bytes).as_bytes()), size as u64));
            for told in [0, 10, size as u64, size as u64 + 10] {
                let held = read(Slow(bytes, 0, false), told, &mut Held::default()).expect("reads");
                assert!(held.0.bytes() == bytes && held.1 == found.0, "{size}, said to be {told}");
            }
            assert!(hashed(Slow(bytes, 0, true)).is_err());
            assert!(read(Slow(bytes, 0, true), 9, &mut Held::default()).is_err());
        }
    }

    #[test]
    fn what_was_written_over_is_changed_and_what_was_added_to_is_not() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("large");
        let write = |bytes: &[u8], append: bool| {
            let mut file =
                std::fs::OpenOptions::new().append(append).write(true).create(true).truncate(false).open(&path);
            file.as_mut().expect("opens").write_all(bytes).expect("write");
        };
        write(&vec![b'x'; WHOLE as usize + 9], false);
        let looked = || {
            let opened = open(&path, None, &mut Held::default()).expect("opens");
            (opened.seen.expect("read twice"), opened.content_id, opened.size)
        };
        let changed = |(seen, id, size): (Seen, ContentId, u64)| seen.differs(&id, size).expect("looks");
        assert!(!changed(looked()));
        let before = looked();
        write(b"more", true);
        assert!(!changed(before), "it has grown");
        let before = looked();
        write(b"other", false);
        assert!(changed(before), "it is another");
        let before = looked();
        File::options().write(true).open(&path).expect("opens").set_len(WHOLE + 2).expect("cut");
        assert!(changed(before), "it is shorter");
    }
}
