//! Where things lie in a store, and how a file comes to lie there.
//!
//! Names are made of days and content hashes only: no text of a log ever becomes a path. A file is written beside its place
//! and renamed, so that whatever stands under its final name is whole; nothing written counts before the manifest names it,
//! which waits until all of it is on the disk ([`Root`]).

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::durable::{Root, sync_folder};
use super::{StoreError, receipt};
use crate::time;

/// Version of the layout; a store with a higher one is refused. In version 1, rows were hashed column by column.
pub const FORMAT_VERSION: u32 = 2;
/// Name of the format in the manifest.
pub(super) const FORMAT_NAME: &str = "log-gardener/store";
/// Most rows in one Parquet file.
pub(super) const ROWS_PER_FILE: usize = 4 << 20;
/// Most rows of a row group; a group is what one thread encodes at a time.
pub(super) const ROWS_PER_GROUP: usize = 1 << 16;
/// Bytes of text after which a row group ends before it has all its rows: it is held in memory while it is written.
pub(super) const BYTES_PER_GROUP: usize = 16 << 20;

pub(super) const MANIFEST: &str = "manifest.json";
const WRITER_LOCK: &str = "writer.lock";
const READERS_LOCK: &str = "readers.lock";
/// Prefix of files that are being written; never part of a name that counts.
pub(super) const PARTIAL: &str = ".partial-";
/// Folders that hold files named by the manifest, and `raw`, the scratch of an ingest, which the manifest never names.
pub(super) const FOLDERS: [&str; 5] = ["rows", "sketch", "ledger", "quarantine", SCRATCH];
/// The folder for what no manifest names.
pub(super) const SCRATCH: &str = "raw";

/// `day=2025-09-15`, or `day=none` for rows without a time.
pub(super) fn day_folder(day: Option<i64>) -> String {
    day.map_or_else(|| "day=none".to_owned(), |day| format!("day={}", time::day_name(day)))
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError + '_ {
    move |source| StoreError::Io { path: path.to_owned(), source }
}

/// Makes the folders of an empty store.
///
/// Refused where one of them holds something already: what no manifest names is removed later, and it may be somebody's.
pub(super) fn create(root: &Path) -> Result<(), StoreError> {
    refuse_foreign(root)?;
    make_folders(root)
}

/// Refuses a root in whose folders something lies already.
pub(super) fn refuse_foreign(root: &Path) -> Result<(), StoreError> {
    for folder in FOLDERS.into_iter().chain(["state"]) {
        let path = root.join(folder);
        if fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StoreError::Foreign { path });
        }
    }
    Ok(())
}

/// Makes the folders of a store.
pub(super) fn make_folders(root: &Path) -> Result<(), StoreError> {
    for folder in FOLDERS.into_iter().chain(["state"]) {
        let path = root.join(folder);
        fs::create_dir_all(&path).map_err(io(&path))?;
    }
    Ok(())
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held for its lock, which ends when it is closed")] File);

/// The one writer's lock; a second writer gets [`StoreError::Locked`].
pub(super) fn writer_lock(root: &Path) -> Result<Lock, StoreError> {
    try_exclusive(&root.join(WRITER_LOCK))?.ok_or_else(|| StoreError::Locked { path: root.to_owned() })
}

/// A reader's lock, shared with other readers; waits while a writer removes replaced files.
pub(super) fn reader_lock(root: &Path) -> Result<Lock, StoreError> {
    let path = root.join(READERS_LOCK);
    // A store on a medium that cannot be written is read through the lock file that its writer left.
    let file = lock_file(&path).or_else(|error| File::open(&path).map_err(|_| error)).map_err(io(&path))?;
    file.lock_shared().map_err(io(&path))?;
    Ok(Lock(file))
}

/// The right to delete what no reader can see any more; `None` while somebody reads.
pub(super) fn no_readers(root: &Path) -> Result<Option<Lock>, StoreError> {
    try_exclusive(&root.join(READERS_LOCK))
}

fn lock_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).read(true).open(path)
}

fn try_exclusive(path: &Path) -> Result<Option<Lock>, StoreError> {
    let file = lock_file(path).map_err(io(path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { path: path.to_owned(), source }),
    }
}

/// Bytes of a file in the making that are hashed and written at once: what comes in pieces of a few kilobytes costs more.
const DRAFT_BYTES: usize = 256 << 10;

/// A file in the making: it hashes what is written and gets its name from the hash.
pub(super) struct Draft {
    file: tempfile::NamedTempFile,
    waiting: Vec<u8>,
    folder: PathBuf,
    hasher: blake3::Hasher,
    bytes: u64,
}

/// A file that stands under its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// Path relative to the store, with `/`.
    pub(super) path: String,
    /// blake3 of its bytes, hex.
    pub(super) id: String,
    /// Length in bytes.
    pub(super) bytes: u64,
}

impl Draft {
    /// Starts a file in `folder`, a path relative to the store.
    pub(super) fn new(root: &Path, folder: &str) -> Result<Self, StoreError> {
        let full = root.join(folder);
        fs::create_dir_all(&full).map_err(io(&full))?;
        let file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(&full).map_err(io(&full))?;
        Ok(Self { file, waiting: Vec::new(), folder: PathBuf::from(folder), hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// Renames to `<hash>.<extension>` and has it synced. The same content gets the same name, so writing twice changes nothing.
    pub(super) fn place(mut self, root: &Root, extension: &str) -> Result<Placed, StoreError> {
        self.put().map_err(io(&root.join(&self.folder)))?;
        let id = self.hasher.finalize().to_hex().to_string();
        let name = self.folder.join(format!("{id}.{extension}"));
        let full = root.join(&name);
        let file = match self.file.persist_noclobber(&full) {
            Ok(file) => file,
            Err(there) => {
                // What stands there may be named already: it is replaced by nothing that is not on the disk.
                there.file.as_file().sync_all().map_err(io(&full))?;
                there.file.persist(&full).map_err(|error| StoreError::Io { path: full.clone(), source: error.error })?
            }
        };
        root.sync_soon(full, file)?;
        let path = name.to_string_lossy().replace('\\', "/");
        Ok(Placed { path, id, bytes: self.bytes })
    }
}

impl Draft {
    fn put(&mut self) -> std::io::Result<()> {
        self.hasher.update(&self.waiting);
        self.file.write_all(&self.waiting)?;
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(buf);
        if self.waiting.len() >= DRAFT_BYTES {
            self.put()?;
        }
        Ok(buf.len())
    }

    /// What waits is written when the file is placed: whoever writes in small pieces flushes each of them.
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Replaces a file as a whole: after a crash either the old or the new one stands there, and what it names is on the disk.
pub(super) fn replace(root: &Root, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    root.settle()?;
    let full = root.join(name);
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(&**root).map_err(io(root))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io(&full))?;
    file.persist(&full).map_err(|error| StoreError::Io { path: full.clone(), source: error.error })?;
    sync_folder(&full);
    Ok(())
}

/// Files that no manifest names (leftovers of killed runs, replaced files) with their lengths in bytes, by path.
///
/// The caller holds the writer's lock: without it, files in the making are among them. Tasks of a cluster hold none: while
/// there are receipts, what they name and everything in the making is left alone.
pub(super) fn leftovers(root: &Path, live: &BTreeSet<String>) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let tasks = receipt::kept(root)?;
    let is_kept = |name: &str| tasks.as_ref().is_some_and(|kept| kept.contains(name) || name.contains(PARTIAL));
    let mut found = Vec::new();
    for folder in FOLDERS {
        for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name().into_iter().flatten() {
            let name = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            if entry.file_type().is_file() && !live.contains(&name) && !is_kept(&name) {
                found.push((entry.path().to_owned(), entry.metadata().map_or(0, |data| data.len())));
            }
        }
    }
    for entry in fs::read_dir(root).map_err(io(root))?.flatten() {
        if tasks.is_none() && entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            found.push((entry.path(), entry.metadata().map_or(0, |data| data.len())));
        }
    }
    Ok(found)
}

/// Removes [`leftovers`], and folders of days that hold nothing then.
///
/// Returns what was removed. The caller holds the writer's lock and [`no_readers`].
pub(super) fn sweep(root: &Path, live: &BTreeSet<String>) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let found = leftovers(root, live)?;
    for (path, _) in &found {
        fs::remove_file(path).map_err(io(path))?;
        // Fails where other files stand beside it, and that is how it should be.
        if let Some(folder) = path.parent().filter(|folder| is_day_folder(folder)) {
            fs::remove_dir(folder).ok();
        }
    }
    Ok(found)
}

fn is_day_folder(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with("day=") || name.starts_with(PARTIAL)
    })
}
