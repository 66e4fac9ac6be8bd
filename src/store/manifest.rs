//! The manifest: which files live, and nothing else decides that.
//!
//! It is replaced by rename as the last step of a write. Everything in it follows from the inputs: no clock, no counter of
//! runs, so two stores of the same inputs have the same manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::durable::Root;
use super::layout::{self, FORMAT_NAME, FORMAT_VERSION, MANIFEST, Placed};
use super::{StoreError, compact};

/// What a live file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Rows of a day, as queries see them.
    Rows,
    /// Parts of split entries that were joined into a row, kept so that a late part can be joined exactly.
    Parts,
    /// Rows of a day that a `[[set-aside]]` rule keeps out of every query.
    SetAside,
    /// The signature table of a day.
    Signatures,
    /// Rows per hour and intervals, per signature, project, service, kind and revision.
    Summary,
    /// Who brought the rows of a day, what disagreed, what was deployed.
    DayLedger,
    /// Sources and their coverage.
    Sources,
    /// Pieces of one input that could not be read.
    Quarantine,
}

/// A live file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveFile {
    /// Path relative to the store, with `/`.
    pub path: String,
    /// What it holds.
    pub role: Role,
    /// blake3 of its bytes, hex.
    pub id: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Number of rows or lines.
    pub rows: u64,
    /// Oldest row.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min_ns: Option<i64>,
    /// Newest row.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_ns: Option<i64>,
}

impl LiveFile {
    pub(super) fn new(placed: Placed, role: Role, rows: usize) -> Self {
        Self {
            path: placed.path,
            role,
            id: placed.id,
            bytes: placed.bytes,
            rows: rows as u64,
            min_ns: None,
            max_ns: None,
        }
    }
}

/// The files of one UTC day, and hashes of what they say whatever the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    /// Live files, in reading order.
    pub(super) files: Vec<LiveFile>,
    /// Hash over the distinct rows in order.
    pub(super) rows_digest: String,
    /// Hash over the sketches.
    pub(super) sketch_digest: String,
}

impl Day {
    pub(super) fn of(&self, role: Role) -> impl Iterator<Item = &LiveFile> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// Distinct entries: rows, and those that no query sees.
    pub(super) fn distinct(&self) -> u64 {
        [Role::Rows, Role::Parts, Role::SetAside].into_iter().map(|role| self.count(role)).sum()
    }

    pub(super) fn count(&self, role: Role) -> u64 {
        self.of(role).map(|file| file.rows).sum()
    }
}

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// `log-gardener/store`
    pub(super) format: String,
    /// Layout version.
    pub(super) version: u32,
    /// Files per day, by day since 1970-01-01.
    pub(super) days: BTreeMap<i64, Day>,
    /// Rows without a time: set aside, counted, in no query.
    pub(super) undated: Option<Day>,
    /// The list of sources.
    pub(super) sources: Option<LiveFile>,
    /// Pieces that could not be read, by input.
    pub(super) quarantine: Vec<LiveFile>,
    /// First day that was not pruned, since 1970-01-01: no row before it comes back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) pruned_before: Option<i64>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            format: FORMAT_NAME.to_owned(),
            version: FORMAT_VERSION,
            days: BTreeMap::new(),
            undated: None,
            sources: None,
            quarantine: Vec::new(),
            pruned_before: None,
        }
    }
}

/// Only what must be known before the rest may be read.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Manifest {
    /// Reads a store's manifest; `None` when there is no store.
    pub(super) fn load(root: &Path) -> Result<Option<Self>, StoreError> {
        let path = root.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let damaged = |reason: String| StoreError::Damaged { path: path.clone(), reason };
        let head: Head = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if head.format != FORMAT_NAME {
            return Err(damaged(format!("format is {:?}, not {FORMAT_NAME:?}", head.format)));
        }
        if head.version > FORMAT_VERSION {
            return Err(StoreError::Newer { path: root.to_owned(), found: head.version, known: FORMAT_VERSION });
        }
        serde_json::from_str(&text).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Replaces the manifest: the moment at which a write counts.
    pub(super) fn save(&self, root: &Root) -> Result<(), StoreError> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest has string keys and finite numbers only");
        text.push(b'\n');
        layout::replace(root, MANIFEST, &text)
    }

    /// Brings a manifest of an older layout up to date; it counts when it is saved.
    pub(super) fn update(&mut self, root: &Path) -> Result<(), StoreError> {
        if self.version < FORMAT_VERSION {
            for day in self.days.values_mut().chain(&mut self.undated) {
                day.rows_digest = compact::recount(root, day)?.1;
            }
            self.version = FORMAT_VERSION;
        }
        Ok(())
    }

    /// Every live file, by role and day.
    pub(super) fn all_files(&self) -> impl Iterator<Item = &LiveFile> {
        let days = self.days.values().chain(&self.undated).flat_map(|day| &day.files);
        days.chain(&self.sources).chain(&self.quarantine)
    }

    /// Paths of every live file.
    pub(super) fn live(&self) -> BTreeSet<String> {
        self.all_files().map(|file| file.path.clone()).collect()
    }

    /// One hash over rows and sketches, hex, whatever the files.
    pub(super) fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"log-gardener/store 1\0");
        let days = self.days.iter().map(|(day, files)| (*day, files));
        for (day, files) in days.chain(self.undated.iter().map(|files| (i64::MIN, files))) {
            hasher.update(&day.to_le_bytes());
            hasher.update(files.rows_digest.as_bytes());
            hasher.update(files.sketch_digest.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Distinct entries: rows, and those that no query sees.
    pub(super) fn distinct(&self) -> u64 {
        self.days.values().chain(&self.undated).map(Day::distinct).sum()
    }

    /// Oldest and newest row that has a time.
    pub(super) fn range(&self) -> Option<(i64, i64)> {
        let rows = || self.days.values().flat_map(|day| day.of(Role::Rows));
        Some((rows().filter_map(|file| file.min_ns).min()?, rows().filter_map(|file| file.max_ns).max()?))
    }
}
