//! The store: deduplicated rows as Parquet by UTC day, sketches of them, and the books of what was read.
//!
//! One rule decides everything here: what a store says follows from the set of input contents alone. Which duplicate stays,
//! in what order rows lie, what their events are called and which name a file is listed under are total orders over content,
//! so the order of inputs, the number of ingests and the number of threads cannot show. A late file rewrites only the days it
//! touches, and nothing counts before the manifest is replaced.

mod aside;
mod care;
mod chunk;
mod columns;
mod compact;
mod computed;
mod decode;
mod digest;
mod durable;
mod encoding;
mod event;
mod files;
mod ingest;
mod layout;
mod leaves;
mod ledger;
mod links;
mod manifest;
mod merge;
mod order;
mod packed;
mod parquet_file;
mod part;
mod prune;
mod reader;
mod receipt;
mod regroup;
mod rows;
mod scan;
mod shard;
mod sketch;
mod slices;
mod spill;
mod split;
mod task;
mod write;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use care::{Defect, Stats, Tidied};
pub use columns::{ColumnSpec, ColumnType, ROW_COLUMNS};
pub use event::EventRole;
pub use ingest::{Ingest, Part};
pub use layout::FORMAT_VERSION;
pub use ledger::Deploy;
pub use links::{IssueLink, read_links, update_links};
pub use manifest::{LiveFile, Role};
pub use merge::Conflict;
pub use packed::Reports;
pub use prune::{Pruned, PrunedDay};
pub use reader::{Snapshot, SourceRow, SummaryFiles};
pub use regroup::GAP_NS;
pub use scan::{Cut, NO_INT, NO_WORD, RowGroup, Text, TextsOf, Words, row_groups};
pub use shard::{Shard, ShardOptions};
pub use sketch::{EPISODE_GAP_NS, SummaryRow, unite};
pub use task::{compact_parts, merge_sketches, sort_parts};

use durable::Root;
use ledger::Sources;
use manifest::Manifest;

use crate::record::ContentId;
use crate::record::ingest::{FileReport, IngestTotal};

/// Why a store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No store in the folder.
    #[error("no store in {}: create it with `gardener ingest INPUT... --store {}`", path.display(), path.display())]
    Absent {
        /// Folder as given.
        path: PathBuf,
    },
    /// A folder that is to become a store holds other files where the store's would lie.
    #[error("{} holds files, but there is no store around it: name another folder with --store", path.display())]
    Foreign {
        /// The folder that is not empty.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error("store {} has format {found}, this program reads up to {known}: use a newer gardener, or ingest into another folder", path.display())]
    Newer {
        /// Folder as given.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// Highest version this program reads.
        known: u32,
    },
    /// Another process writes.
    #[error("store {} is being written by another process: wait until it has ended and run again", path.display())]
    Locked {
        /// Folder as given.
        path: PathBuf,
    },
    /// Files cannot be removed while somebody reads.
    #[error("store {} is being read by another process: wait until it has ended and run again", path.display())]
    InUse {
        /// Folder as given.
        path: PathBuf,
    },
    /// A file does not hold what it must.
    #[error("{} is damaged: {reason}; `gardener store verify` lists what is, ingest the dumps into a new store to mend it", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that no shard has made, or of another day.
    #[error("{} is no part of that day: {reason}; name files that `gardener shard` lists under `parts`", path.display())]
    NoPart {
        /// File.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// A day that is none.
    #[error("{name:?} is no day: write one such as 2025-09-15, or none for rows without a time")]
    Day {
        /// As given.
        name: String,
    },
    /// Sketches that do not fit together.
    #[error("sketches cannot be merged: {reason}")]
    Apart {
        /// Which do not, and what to do.
        reason: String,
    },
    /// Rows that Parquet cannot hold.
    #[error("rows cannot be written as Parquet: {reason}")]
    Unwritable {
        /// What the writer says.
        reason: String,
    },
    /// The system refused.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// For which rows the entry itself is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RawPolicy {
    /// For none.
    None,
    /// For rows of effective severity WARNING or above, and for stack traces, joiners, frames and lines that may be a stack's
    /// exception whatever their severity. Prose that is an error only by the rows around it, as below the `Description:` of a
    /// failed start, has none: whether a row keeps its entry must not depend on which files came before.
    #[default]
    Warning,
    /// For all.
    All,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Days written.
    pub days_done: usize,
    /// Days that the call touches.
    pub days: usize,
}

/// Bytes of rows that wait in memory, unless said otherwise.
pub const MEMORY_BYTES: usize = 48 << 20;

/// Options of an [`Ingest`].
pub struct AppendOptions<'a> {
    /// For which rows the entry itself is kept.
    pub raw: RawPolicy,
    /// Bytes of rows that wait in memory; more are put aside on disk.
    pub memory_bytes: usize,
    /// Called after each day, from any thread.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Default for AppendOptions<'_> {
    fn default() -> Self {
        Self { raw: RawPolicy::default(), memory_bytes: MEMORY_BYTES, progress: None }
    }
}

/// What a call added.
#[derive(Debug)]
pub struct Appended {
    /// Reports in the order of the call, with `duplicates` and `conflicts` filled in.
    pub files: Reports,
    /// Their sums.
    pub total: IngestTotal,
}

/// A further name of a content that the store has.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// The content.
    pub content_id: ContentId,
    /// Name relative to the argument that brought it.
    pub name: &'a str,
    /// Path as the system knows it.
    pub disk_path: &'a Path,
    /// Bytes on disk.
    pub bytes: u64,
    /// Modification time in nanoseconds.
    pub mtime_ns: i64,
}

/// A store that can be appended to. Reading goes through [`Store::snapshot`].
#[derive(Debug)]
pub struct Store {
    root: Root,
    manifest: Manifest,
    sources: Sources,
}

impl Store {
    /// Opens a store, or creates an empty one.
    pub fn create_or_open(root: &Path) -> Result<Self, StoreError> {
        if Manifest::load(root)?.is_none() {
            std::fs::create_dir_all(root).map_err(layout::io(root))?;
            let _lock = layout::writer_lock(root)?;
            // Another process may have been faster between the look and the lock.
            if Manifest::load(root)?.is_none() {
                layout::create(root)?;
                Manifest::default().save(&Root::new(root))?;
            }
        }
        Self::open(root)
    }

    /// Opens a store that exists.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let manifest = Manifest::load(root)?.ok_or_else(|| StoreError::Absent { path: root.to_owned() })?;
        let sources = read_sources(root, &manifest)?;
        Ok(Self { root: Root::new(root), manifest, sources })
    }

    /// Folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder for what is needed during a call only; what a broken call leaves there is removed by the next.
    pub fn scratch(&self) -> Result<PathBuf, StoreError> {
        let folder = self.root.join(layout::SCRATCH);
        std::fs::create_dir_all(&folder).map_err(layout::io(&folder))?;
        Ok(folder)
    }

    /// The store as it stands now; it stays readable while others append.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::open(&self.root)
    }

    /// The content that was read from this path when it had this length and modification time.
    pub fn known_file(&self, path: &Path, bytes: u64, mtime_ns: i64) -> Option<ContentId> {
        self.sources.known(path, bytes, mtime_ns)
    }

    /// Whether a content was read before.
    pub fn has_content(&self, id: &ContentId) -> bool {
        self.sources.has(id)
    }

    /// The report of a content that was read before, under its least name, as it counts when it comes again: every entry is
    /// a duplicate, but for those of days that were pruned.
    pub fn report_of(&self, id: &ContentId) -> Option<FileReport> {
        let source = self.sources.get(id)?;
        let mut report = source.report;
        report.set_aside.pruned = source.pruned;
        report.duplicates = report.entries.saturating_sub(source.pruned);
        Some(report)
    }

    /// Begins to add rows. Nothing is changed before the ingest is committed, nor when the process is killed on the way.
    pub fn ingest<'s, 'o>(&'s mut self, options: &'o AppendOptions<'o>) -> Result<Ingest<'s, 'o>, StoreError> {
        Ingest::begin(self, options)
    }

    /// Notes names and places of contents that need not be read again.
    pub fn add_names(&mut self, names: &[Named<'_>]) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut changed = false;
        for named in names {
            let place = (named.disk_path, named.bytes, named.mtime_ns);
            changed |= self.sources.name(named.content_id, named.name, place);
        }
        if changed { self.commit() } else { Ok(()) }
    }

    /// Takes the writer's lock and looks again at what there is: others may have written since the store was opened.
    fn lock(&mut self) -> Result<layout::Lock, StoreError> {
        let lock = layout::writer_lock(&self.root)?;
        let mut manifest =
            Manifest::load(&self.root)?.ok_or_else(|| StoreError::Absent { path: self.root.to_path_buf() })?;
        manifest.update(&self.root)?;
        // The file is named by its hash: under the same name stands what was read when the store was opened.
        if manifest.sources != self.manifest.sources {
            self.sources = read_sources(&self.root, &manifest)?;
        }
        self.manifest = manifest;
        self.sweep()?;
        Ok(lock)
    }

    /// Writes the sources and replaces the manifest: from here on the call has happened.
    fn commit(&mut self) -> Result<(), StoreError> {
        let written = self.replace_manifest();
        if written.is_err() {
            // What was noted did not happen: the next call looks at the disk again.
            (self.manifest, self.sources) = (Manifest::default(), Sources::default());
        }
        written
    }

    fn replace_manifest(&mut self) -> Result<(), StoreError> {
        let placed = ledger::write_sources(&self.root, &self.sources)?;
        self.manifest.sources = Some(LiveFile::new(placed, Role::Sources, self.sources.len()));
        self.manifest.save(&self.root)?;
        self.sweep()
    }

    /// Removes what no manifest names any more, unless somebody still reads.
    fn sweep(&self) -> Result<(), StoreError> {
        if let Some(_lock) = layout::no_readers(&self.root)? {
            layout::sweep(&self.root, &self.manifest.live())?;
        }
        Ok(())
    }
}

fn read_sources(root: &Path, manifest: &Manifest) -> Result<Sources, StoreError> {
    manifest.sources.as_ref().map_or_else(|| Ok(Sources::default()), |file| ledger::read_json(&root.join(&file.path)))
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod task_tests;
#[cfg(test)]
mod tests;
