//! Books kept beside the rows: which inputs were read and what they cover, and per day what they brought.
//!
//! Nothing may be called new, gone or rising without asking what was covered, so the ledger is as important as the rows. What
//! it says of a content does not depend on the call that brought it: duplicates and conflicts of a file are computed from
//! what was kept, a content that came under several names is listed under the least.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::layout::{Draft, Placed, io};
use super::merge::Conflict;
use super::rows::{DictCol, NONE, Rows};
use crate::record::Severity;
use crate::record::ingest::{DeclaredWindow, FileReport, Quarantined, Span};
use crate::time::SECOND_NS;

/// Longest time from a deploy's command to the first row that names its revision: a failed start may be waited for.
const ANSWER_NS: i64 = 900 * SECOND_NS;

/// What the rows of the store say of one revision's deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// Project.
    pub project: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// Revision.
    pub revision: String,
    /// First row that names it, nanoseconds.
    pub at_ns: i64,
    /// `ok` if any row says so, else `failed` if any row says so, else `unknown`.
    pub outcome: String,
    /// Who asked for it, as the first row that knows says, else the one person who gave a command just before.
    pub by: Option<String>,
    /// The platform's words in the first row of the outcome.
    pub message: Option<String>,
}

impl Deploy {
    fn rank(&self) -> u8 {
        match self.outcome.as_str() {
            "ok" => 2,
            "failed" => 1,
            _ => 0,
        }
    }

    /// Takes in what a later row or day says of the same revision.
    fn absorb(&mut self, later: &Self) {
        self.at_ns = self.at_ns.min(later.at_ns);
        if later.rank() > self.rank() {
            self.outcome.clone_from(&later.outcome);
            self.message.clone_from(&later.message);
        } else if later.rank() == self.rank() && self.message.is_none() {
            self.message.clone_from(&later.message);
        }
        if self.by.is_none() {
            self.by.clone_from(&later.by);
        }
        if self.service.is_none() {
            self.service.clone_from(&later.service);
        }
    }
}

/// A command to deploy whose row does not name the revision that came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct DeployCommand {
    /// When it was given, nanoseconds.
    pub(super) at_ns: i64,
    /// Project.
    pub(super) project: Option<String>,
    /// Service.
    pub(super) service: Option<String>,
    /// Who gave it.
    pub(super) by: String,
}

/// Names who asked for deploys that no row of their own names anybody for, by the commands before them.
///
/// A command belongs to the next revision of its service within a quarter of an hour. Where several people gave commands since the
/// revision before, nobody is named.
pub(super) fn name_people(deploys: &mut [Deploy], commands: &[DeployCommand]) {
    let mut before: BTreeMap<(Option<String>, Option<String>), i64> = BTreeMap::new();
    for deploy in deploys.iter_mut() {
        let place = (deploy.project.clone(), deploy.service.clone());
        let from_ns = (deploy.at_ns - ANSWER_NS).max(before.get(&place).map_or(i64::MIN, |at_ns| at_ns + 1));
        before.insert(place, deploy.at_ns);
        if deploy.by.is_some() || deploy.service.is_none() {
            continue;
        }
        let people: BTreeSet<&str> = commands
            .iter()
            .filter(|command| command.project == deploy.project && command.service == deploy.service)
            .filter(|command| (from_ns..=deploy.at_ns).contains(&command.at_ns))
            .map(|command| command.by.as_str())
            .collect();
        if people.len() == 1 {
            deploy.by = people.first().map(|name| (*name).to_owned());
        }
    }
}

/// One deploy per project and revision, in order of time.
pub(super) fn deploys(seen: impl IntoIterator<Item = Deploy>) -> Vec<Deploy> {
    let mut by_revision: BTreeMap<(Option<String>, String), Deploy> = BTreeMap::new();
    for deploy in seen {
        let key = (deploy.project.clone(), deploy.revision.clone());
        match by_revision.get_mut(&key) {
            Some(known) => known.absorb(&deploy),
            None => {
                by_revision.insert(key, deploy);
            }
        }
    }
    let mut out: Vec<Deploy> = by_revision.into_values().collect();
    out.sort_by(|a, b| (a.at_ns, &a.revision, &a.project).cmp(&(b.at_ns, &b.revision, &b.project)));
    out
}

/// Deploys that some sorted rows of a day report.
pub(super) fn deploys_of(rows: &Rows) -> Vec<Deploy> {
    if rows.dict(DictCol::DeployRevision).is_empty() {
        return Vec::new();
    }
    let own = |column, row| rows.word(column, row).map(str::to_owned);
    let of = |row: usize| {
        Some(Deploy {
            revision: own(DictCol::DeployRevision, row)?,
            project: own(DictCol::Project, row),
            service: own(DictCol::Service, row),
            at_ns: Some(rows.ts_ns[row]).filter(|ts_ns| *ts_ns != NONE)?,
            outcome: own(DictCol::DeployOutcome, row).unwrap_or_else(|| "unknown".to_owned()),
            by: own(DictCol::DeployBy, row),
            message: own(DictCol::DeployMessage, row),
        })
    };
    deploys((0..rows.len()).filter_map(of))
}

/// Commands among some sorted rows of a day that name no revision.
pub(super) fn commands_of(rows: &Rows) -> Vec<DeployCommand> {
    if rows.dict(DictCol::DeployBy).is_empty() {
        return Vec::new();
    }
    let own = |column, row| rows.word(column, row).map(str::to_owned);
    let of = |row: usize| {
        if rows.word(DictCol::DeployRevision, row).is_some() {
            return None;
        }
        Some(DeployCommand {
            by: own(DictCol::DeployBy, row)?,
            at_ns: Some(rows.ts_ns[row]).filter(|ts_ns| *ts_ns != NONE)?,
            project: own(DictCol::Project, row),
            service: own(DictCol::Service, row),
        })
    };
    (0..rows.len()).filter_map(of).collect()
}

/// What a day's rows came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DayLedger {
    /// Rows kept per input, by content id.
    pub(super) kept: BTreeMap<String, u64>,
    /// Rows per service.
    pub(super) services: BTreeMap<String, u64>,
    /// Bodies that were not kept.
    pub(super) conflicts: Vec<Conflict>,
    /// Deploys, in order of time.
    pub(super) deploys: Vec<Deploy>,
    /// Commands that name no revision, in order of time.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) commands: Vec<DeployCommand>,
}

/// A span of coverage as stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct StoredSpan {
    pub(super) project: String,
    pub(super) service: String,
    pub(super) severity: Severity,
    pub(super) first_ns: i64,
    pub(super) last_ns: i64,
    pub(super) entries: u64,
}

impl From<&Span> for StoredSpan {
    fn from(span: &Span) -> Self {
        Self {
            project: span.project.clone(),
            service: span.service.clone(),
            severity: span.severity,
            first_ns: span.first_ns,
            last_ns: span.last_ns,
            entries: span.entries,
        }
    }
}

/// One content that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Source {
    /// Its report, under the least name, without what depends on the call.
    pub(super) report: FileReport,
    /// Every name it came under.
    pub(super) names: BTreeSet<String>,
    /// Where it lies: path to (bytes, modification time in nanoseconds).
    pub(super) places: BTreeMap<String, (u64, i64)>,
    /// What it covers.
    pub(super) spans: Vec<StoredSpan>,
    /// Every window that was stated for it: all empty exports are one content, and each states another hour.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub(super) windows: BTreeSet<DeclaredWindow>,
    /// Rows of it that are not stored because their day was pruned, before or after it came.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub(super) pruned: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Every content that was read, by content id.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sources(
    pub(super) BTreeMap<String, Source>,
    /// The content at each place, once somebody asked: there may be as many places as files.
    #[serde(skip)]
    OnceLock<FxHashMap<String, String>>,
);

impl PartialEq for Sources {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Sources {
    /// Notes a content, or a further name or place of a known one.
    pub(super) fn note(&mut self, report: FileReport, spans: &[Span], place: Option<(&Path, u64, i64)>) {
        let (id, path, stated) = (report.content_id.clone(), report.path.clone(), report.declared_window.clone());
        let stored = FileReport { duplicates: 0, conflicts: 0, skipped: None, ..report };
        let mut spans: Vec<StoredSpan> = spans.iter().map(StoredSpan::from).collect();
        spans.sort();
        let source = self.0.entry(id.clone()).or_insert_with(|| Source {
            report: stored,
            names: BTreeSet::new(),
            places: BTreeMap::new(),
            spans,
            windows: BTreeSet::new(),
            pruned: 0,
        });
        source.windows.extend(stated.clone());
        source.report.declared_window = wider(source.report.declared_window.take(), stated);
        self.name(&id, &path, place);
    }

    /// Notes that a known content came again, under another name or with another statement of what it covers.
    pub(super) fn again(&mut self, report: &FileReport, place: Option<(&Path, u64, i64)>) {
        if let Some(source) = self.0.get_mut(&report.content_id) {
            let stated = report.declared_window.clone();
            source.windows.extend(stated.clone());
            source.report.declared_window = wider(source.report.declared_window.take(), stated);
        }
        self.name(&report.content_id, &report.path, place);
    }

    /// Notes a name and a place of a known content.
    pub(super) fn name(&mut self, content_id: &str, name: &str, place: Option<(&Path, u64, i64)>) {
        if let Some((path, bytes, mtime_ns)) = place {
            let path = path.to_string_lossy().into_owned();
            self.by_place();
            let before = self.1.get_mut().and_then(|index| index.insert(path.clone(), content_id.to_owned()));
            if let Some(source) = before.and_then(|id| self.0.get_mut(&id)) {
                source.places.remove(&path);
            }
            if let Some(source) = self.0.get_mut(content_id) {
                source.places.insert(path, (bytes, mtime_ns));
            }
        }
        let Some(source) = self.0.get_mut(content_id) else { return };
        source.names.insert(name.to_owned());
        if let Some(least) = source.names.first() {
            source.report.path.clone_from(least);
        }
    }

    /// Notes that rows of a content are not stored because their day was pruned.
    pub(super) fn note_pruned(&mut self, content_id: &str, rows: u64) {
        if let Some(source) = self.0.get_mut(content_id) {
            source.pruned += rows;
        }
    }

    /// The content that lay at a path with this length and modification time.
    pub(super) fn known(&self, path: &Path, bytes: u64, mtime_ns: i64) -> Option<&str> {
        let path = path.to_string_lossy();
        let id = self.by_place().get(path.as_ref())?;
        (self.0.get(id)?.places.get(path.as_ref()) == Some(&(bytes, mtime_ns))).then_some(id.as_str())
    }

    fn by_place(&self) -> &FxHashMap<String, String> {
        self.1.get_or_init(|| {
            let of = |(id, source): (&String, &Source)| {
                let id = id.clone();
                source.places.keys().cloned().map(move |path| (path, id.clone())).collect::<Vec<_>>()
            };
            self.0.iter().flat_map(of).collect()
        })
    }
}

/// Of two windows stated for one content the one that begins first and ends last; `file metadata` yields to any other.
fn wider(a: Option<DeclaredWindow>, b: Option<DeclaredWindow>) -> Option<DeclaredWindow> {
    let rank = |window: &DeclaredWindow| {
        (
            window.source == "file metadata",
            window.since.clone(),
            std::cmp::Reverse(window.until.clone()),
            window.source.clone(),
            window.filter.clone(),
        )
    };
    [a, b].into_iter().flatten().min_by_key(rank)
}

/// Writes a value as JSON under the hash of its text.
pub(super) fn write_json<T: Serialize>(root: &Path, folder: &str, value: &T) -> Result<Placed, StoreError> {
    // Streamed: the book of a hundred thousand inputs is 150 MB of text.
    let mut out = BufWriter::with_capacity(64 << 10, Draft::new(root, folder)?);
    serde_json::to_writer(&mut out, value).map_err(|error| io(root)(error.into()))?;
    out.write_all(b"\n").map_err(io(root))?;
    out.into_inner().map_err(|error| io(root)(error.into_error()))?.place(root, "json")
}

/// Reads what [`write_json`] wrote.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let text = std::fs::read_to_string(path).map_err(io(path))?;
    serde_json::from_str(&text)
        .map_err(|error| StoreError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// Writes the pieces of one input that could not be read, a JSON line each.
pub(super) fn write_quarantine(root: &Path, content_id: &str, pieces: &[Quarantined]) -> Result<Placed, StoreError> {
    let mut draft = Draft::new(root, "quarantine")?;
    for piece in pieces {
        let line = serde_json::json!({
            "file": content_id, "offset": piece.offset, "length": piece.length, "reason": piece.reason, "text": piece.text,
        });
        writeln!(draft, "{line}").map_err(io(root))?;
    }
    draft.place(root, "jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixture::{DAY_ONE, folder, input, row, store_of};

    fn hour(number: u32) -> DeclaredWindow {
        DeclaredWindow {
            since: format!("2025-09-15T{number:02}:00:00Z"),
            until: format!("2025-09-15T{:02}:00:00Z", number + 1),
            source: "sidecar".into(),
            filter: None,
        }
    }

    #[test]
    fn empty_exports_are_one_content_and_each_stated_window_of_it_counts() {
        let stating = |number: u32| {
            let mut empty = input(1, Vec::new());
            empty.read.report.path = format!("hour-{number}.json");
            empty.read.report.declared_window = Some(hour(number));
            empty
        };
        let orders = [[3, 5, 9], [9, 3, 5]];
        let found = orders.map(|order| {
            let folder = folder();
            let store = store_of(&folder, order.iter().map(|number| vec![stating(*number)]).collect());
            store.snapshot().expect("snapshot").sources()
        });
        assert_eq!(found[0], found[1], "whatever the order");
        assert_eq!(found[0].len(), 1);
        assert_eq!(found[0][0].report.declared_window, Some(hour(3)));
        assert_eq!(found[0][0].empty_windows, [hour(5), hour(9)]);
        assert_eq!(found[0][0].names, ["hour-3.json", "hour-5.json", "hour-9.json"]);
    }

    #[test]
    fn a_content_with_entries_has_one_window() {
        let folder = folder();
        let stating = |number: u32| {
            let mut read = input(1, vec![row(DAY_ONE, "a", "tick")]);
            read.read.report.declared_window = Some(hour(number));
            read
        };
        let store = store_of(&folder, vec![vec![stating(4)], vec![stating(2)]]);
        let sources = store.snapshot().expect("snapshot").sources();
        assert_eq!(sources[0].report.declared_window, Some(hour(2)));
        assert!(sources[0].empty_windows.is_empty());
    }
}
