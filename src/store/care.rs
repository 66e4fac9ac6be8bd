//! Care of a store: its one hash, its figures, whether its files still hold what was written, and what lies about in it.

use std::fs::File;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::layout::{self, FORMAT_VERSION, io};
use super::manifest::{Day, LiveFile, Manifest, Role};
use super::{Snapshot, Store, StoreError, compact};
use crate::time;

/// Figures of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stats {
    /// UTC days with rows.
    pub days: u64,
    /// Rows that queries see.
    pub rows: u64,
    /// Rows without a time, or under a `[[set-aside]]` rule: kept out of every query.
    pub set_aside: u64,
    /// Parts of split entries that were joined into a row.
    pub parts_joined: u64,
    /// `rows + set_aside + parts_joined`: distinct keys.
    pub unique: u64,
    /// Contents that were read.
    pub sources: u64,
    /// Bodies that were not kept though they differ.
    pub conflicts: u64,
    /// Live files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Oldest row, nanoseconds.
    pub first_ns: Option<i64>,
    /// Newest row, nanoseconds.
    pub last_ns: Option<i64>,
    /// First UTC day that was not pruned, `YYYY-MM-DD`; `None` when nothing was.
    pub pruned_before: Option<String>,
    /// Rows of the inputs that are not stored because their day was pruned.
    pub pruned_rows: u64,
}

/// What tidying removed, or would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tidied {
    /// Files that no manifest names.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Tidied {
    pub(super) fn of(files: &[(PathBuf, u64)]) -> Self {
        Self { files: files.len() as u64, bytes: files.iter().map(|(_, bytes)| bytes).sum() }
    }
}

impl Store {
    /// Removes what no manifest names: files of killed runs, and files that were replaced while somebody read them.
    ///
    /// With `dry_run` it only counts. [`StoreError::InUse`] while somebody reads, [`StoreError::Locked`] while somebody
    /// writes.
    pub fn tidy(&self, dry_run: bool) -> Result<Tidied, StoreError> {
        let root = self.root();
        let _lock = layout::writer_lock(root)?;
        let manifest = Manifest::load(root)?.ok_or_else(|| StoreError::Absent { path: root.to_owned() })?;
        if dry_run {
            return Ok(Tidied::of(&layout::leftovers(root, &manifest.live())?));
        }
        let Some(_lock) = layout::no_readers(root)? else { return Err(StoreError::InUse { path: root.to_owned() }) };
        Ok(Tidied::of(&layout::sweep(root, &manifest.live())?))
    }
}

/// A live file that does not hold what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl Snapshot {
    /// One hash over the distinct rows and the sketches, hex: the same for the same set of input contents, whatever the
    /// files, the order, the number of ingests and the machine.
    pub fn digest(&self) -> String {
        self.manifest.digest()
    }

    /// Figures of the store.
    pub fn stats(&self) -> Stats {
        let days = || self.manifest.days.values();
        let rows = days().map(|day| day.count(Role::Rows)).sum();
        let undated = |role| self.manifest.undated.as_ref().map_or(0, |day| day.count(role));
        let aside: u64 = days().map(|day| day.count(Role::SetAside)).sum();
        let set_aside = aside + undated(Role::Rows) + undated(Role::SetAside);
        let parts_joined = days().map(|day| day.count(Role::Parts)).sum::<u64>() + undated(Role::Parts);
        let (range, pruned) = (self.range(), self.pruned());
        Stats {
            days: self.manifest.days.len() as u64,
            rows,
            set_aside,
            parts_joined,
            unique: rows + set_aside + parts_joined,
            sources: self.source_count() as u64,
            conflicts: self.conflicts().len() as u64,
            files: self.manifest.all_files().count() as u64,
            bytes: self.manifest.all_files().map(|file| file.bytes).sum(),
            first_ns: range.map(|range| range.0),
            last_ns: range.map(|range| range.1),
            pruned_before: pruned.map(|(day, _)| time::day_name(day)),
            pruned_rows: pruned.map_or(0, |(_, rows)| rows),
        }
    }

    /// Reads every live file again and says which do not hold what was written.
    pub fn verify(&self) -> Result<Vec<Defect>, StoreError> {
        let mut defects = Vec::new();
        for file in self.manifest.all_files() {
            if let Some(reason) = self.defect_of(file)? {
                defects.push(Defect { path: self.root().join(&file.path), reason });
            }
        }
        if !defects.is_empty() {
            return Ok(defects);
        }
        for day in self.manifest.days.values().chain(&self.manifest.undated) {
            defects.extend(self.day_defect(day)?);
        }
        Ok(defects)
    }

    fn defect_of(&self, file: &LiveFile) -> Result<Option<String>, StoreError> {
        let path = self.root().join(&file.path);
        let mut reader = match File::open(&path) {
            Ok(reader) => reader,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some("is missing".to_owned())),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let mut hasher = blake3::Hasher::new();
        std::io::copy(&mut reader, &mut hasher).map_err(io(&path))?;
        let found = hasher.finalize().to_hex();
        Ok((found.as_str() != file.id).then(|| format!("hash is {found}, written was {}", file.id)))
    }

    fn day_defect(&self, day: &Day) -> Result<Option<Defect>, StoreError> {
        let Some(first) = day.files.first() else { return Ok(None) };
        let path = self.root().join(&first.path);
        let (rows, digest) = compact::recount(self.root(), day)?;
        let expected: u64 = [Role::Rows, Role::Parts, Role::SetAside].into_iter().map(|role| day.count(role)).sum();
        if rows != expected {
            return Ok(Some(Defect { path, reason: format!("day holds {rows} rows, written were {expected}") }));
        }
        // Rows of an older layout were hashed in another way.
        Ok((self.manifest.version == FORMAT_VERSION && digest != day.rows_digest)
            .then(|| Defect { path, reason: "rows of the day hash to another value".to_owned() }))
    }
}
