//! The store: deduplicated rows as Parquet by UTC day, sketches of them, and the books of what was read.
//!
//! One rule decides everything here: what a store says follows from the set of input contents alone. Which duplicate stays,
//! in what order rows lie, what their events are called and which name a file is listed under are total orders over content,
//! so the order of inputs, the number of ingests and the number of threads cannot show. A late file rewrites only the days it
//! touches, and nothing counts before the manifest is replaced.

mod care;
mod columns;
mod compact;
mod decode;
mod encode;
mod layout;
mod ledger;
mod manifest;
mod merge;
mod parquet_file;
mod reader;
mod regroup;
mod row;
mod shard;
mod sketch;
mod split;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use thiserror::Error;

pub use care::{Defect, Stats};
pub use columns::{ColumnSpec, ColumnType, ROW_COLUMNS};
pub use layout::FORMAT_VERSION;
pub use ledger::Deploy;
pub use manifest::{LiveFile, Role};
pub use merge::Conflict;
pub use reader::{Snapshot, SourceRow, SpanRow};
pub use regroup::GAP_NS;
pub use row::{EventRole, subject};
pub use sketch::{EPISODE_GAP_NS, SummaryRow, unite};

use ledger::Sources;
use manifest::{Day, Manifest};
use merge::Tally;
use row::Row;

use crate::record::ContentId;
use crate::record::ingest::{FileReport, IngestTotal, Ingested};

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
    /// A file does not hold what it must.
    #[error("{} is damaged: {reason}; `gardener store verify` lists what is, ingest the dumps into a new store to mend it", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong.
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
    /// For rows of effective severity WARNING or above, and for stack traces, joiners and frames whatever their severity.
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

/// Options of [`Store::append`].
#[derive(Default)]
pub struct AppendOptions<'a> {
    /// For which rows the entry itself is kept.
    pub raw: RawPolicy,
    /// Called after each day, from any thread.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

/// What a call added.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    /// Reports in the order of the call, with `duplicates` and `conflicts` filled in.
    pub files: Vec<FileReport>,
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
    root: PathBuf,
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
                Manifest::default().save(root)?;
            }
        }
        Self::open(root)
    }

    /// Opens a store that exists.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let manifest = Manifest::load(root)?.ok_or_else(|| StoreError::Absent { path: root.to_owned() })?;
        let sources = read_sources(root, &manifest)?;
        Ok(Self { root: root.to_owned(), manifest, sources })
    }

    /// Folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store as it stands now; it stays readable while others append.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::open(&self.root)
    }

    /// The content that was read from this path when it had this length and modification time.
    pub fn known_file(&self, path: &Path, bytes: u64, mtime_ns: i64) -> Option<ContentId> {
        self.sources.known(path, bytes, mtime_ns).and_then(decode::content_id)
    }

    /// Whether a content was read before.
    pub fn has_content(&self, id: &ContentId) -> bool {
        self.sources.0.contains_key(&id.to_string())
    }

    /// The report of a content that was read before, under its least name; `duplicates` and `conflicts` are 0.
    pub fn report_of(&self, id: &ContentId) -> Option<&FileReport> {
        self.sources.0.get(&id.to_string()).map(|source| &source.report)
    }

    /// Adds what was read from some files. Nothing is changed when it fails, or when the process is killed on the way.
    pub fn append(&mut self, ingested: Vec<Ingested>, options: &AppendOptions<'_>) -> Result<Appended, StoreError> {
        let _lock = self.lock()?;
        let mut files = Vec::with_capacity(ingested.len());
        let mut inputs = Vec::with_capacity(ingested.len());
        for (input, read) in (0_u32..).zip(ingested) {
            if read.report.skipped.is_none() {
                let place = Some((read.disk_path.as_path(), read.report.bytes, read.mtime_ns));
                self.sources.note(&read.report, &read.spans, place);
                self.keep_pieces(&read)?;
            }
            files.push((read.report, read.records.len() as u64));
            inputs.push((read.records, read.content_id, input));
        }
        let rows: Vec<Vec<Row>> =
            inputs.into_par_iter().map(|(records, id, input)| shard::rows(records, id, input)).collect();
        let tallies = self.compact_days(shard::by_day(rows), options)?;
        self.commit()?;
        Ok(appended(files, &tallies))
    }

    /// Notes names and places of contents that need not be read again.
    pub fn add_names(&mut self, names: &[Named<'_>]) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let before = self.sources.clone();
        for named in names {
            let place = Some((named.disk_path, named.bytes, named.mtime_ns));
            self.sources.name(&named.content_id.to_string(), named.name, place);
        }
        if self.sources == before { Ok(()) } else { self.commit() }
    }

    /// Takes the writer's lock and looks again at what there is: others may have written since the store was opened.
    fn lock(&mut self) -> Result<layout::Lock, StoreError> {
        let lock = layout::writer_lock(&self.root)?;
        self.manifest = Manifest::load(&self.root)?.ok_or_else(|| StoreError::Absent { path: self.root.clone() })?;
        self.sources = read_sources(&self.root, &self.manifest)?;
        self.sweep()?;
        Ok(lock)
    }

    fn keep_pieces(&mut self, read: &Ingested) -> Result<(), StoreError> {
        if read.quarantined.is_empty() {
            return Ok(());
        }
        let placed = ledger::write_quarantine(&self.root, &read.content_id.to_string(), &read.quarantined)?;
        let file = LiveFile::new(placed, Role::Quarantine, read.quarantined.len());
        if let Err(at) = self.manifest.quarantine.binary_search_by(|known| known.path.cmp(&file.path)) {
            self.manifest.quarantine.insert(at, file);
        }
        Ok(())
    }

    fn compact_days(
        &mut self,
        days: BTreeMap<Option<i64>, Vec<Row>>,
        options: &AppendOptions<'_>,
    ) -> Result<Vec<Tally>, StoreError> {
        let total = days.len();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let before = |day: Option<i64>| day.map_or(self.manifest.undated.as_ref(), |day| self.manifest.days.get(&day));
        let results: Vec<(Option<i64>, Day, Tally)> = days
            .into_par_iter()
            .map(|(day, rows)| {
                let (files, tally) = compact::compact(&self.root, day, before(day), rows, options.raw)?;
                let days_done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                if let Some(progress) = options.progress {
                    progress(Progress { days_done, days: total });
                }
                Ok((day, files, tally))
            })
            .collect::<Result<_, StoreError>>()?;
        let mut tallies = Vec::with_capacity(total);
        for (day, files, tally) in results {
            tallies.push(tally);
            match day {
                Some(day) => drop(self.manifest.days.insert(day, files)),
                None => self.manifest.undated = Some(files),
            }
        }
        Ok(tallies)
    }

    /// Writes the sources and replaces the manifest: from here on the call has happened.
    fn commit(&mut self) -> Result<(), StoreError> {
        let placed = ledger::write_json(&self.root, "ledger", &self.sources)?;
        self.manifest.sources = Some(LiveFile::new(placed, Role::Sources, self.sources.0.len()));
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

/// Fills in what only the store knows: which entries were there already.
fn appended(files: Vec<(FileReport, u64)>, tallies: &[Tally]) -> Appended {
    let sum = |of: fn(&Tally) -> &BTreeMap<u32, u64>, input: u32| -> u64 {
        tallies.iter().filter_map(|tally| of(tally).get(&input)).sum()
    };
    let mut total = IngestTotal { unique: tallies.iter().map(|tally| tally.distinct).sum(), ..IngestTotal::default() };
    let mut out = Vec::with_capacity(files.len());
    let mut records = 0;
    for (input, (mut report, rows)) in (0_u32..).zip(files) {
        report.duplicates = rows - sum(|tally| &tally.fresh, input);
        report.conflicts = sum(|tally| &tally.conflicts, input);
        records += rows;
        total.files += 1;
        total.entries += report.entries;
        total.set_aside += report.set_aside.no_time + report.set_aside.by_rule;
        total.malformed += report.malformed;
        total.repaired += report.repaired;
        total.bytes += report.bytes;
        out.push(report);
    }
    total.duplicates = records - total.unique;
    Appended { files: out, total }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
