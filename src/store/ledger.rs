//! Books kept beside the rows: which inputs were read and what they cover, and per day what they brought.
//!
//! Nothing may be called new, gone or rising without asking what was covered, so the ledger is as important as the rows. What
//! it says of a content does not depend on the call that brought it: duplicates and conflicts of a file are computed from
//! what was kept, a content that came under several names is listed under the least.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

mod services;

use super::durable::Root;
use super::layout::{Draft, Placed, io};
use super::merge::Conflict;
use super::packed::{Packed, Packer};
use super::rows::{DictCol, NONE, Rows};
use super::{StoreError, decode};
use crate::record::ingest::{DeclaredWindow, FileReport, Ingested, Quarantined, Span, Strays};
use crate::record::{ContentId, Severity};
use crate::time::SECOND_NS;
pub(super) use services::ServiceCounts;

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
    /// Rows of services beyond those listed.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub(super) services_more: u64,
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

impl From<StoredSpan> for Span {
    fn from(span: StoredSpan) -> Self {
        let StoredSpan { project, service, severity, first_ns, last_ns, entries } = span;
        Self { project, service, severity, first_ns, last_ns, entries }
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

impl Source {
    /// From its oldest to its newest entry that is evidence of what it covers, where strays are set apart.
    pub(super) fn evidence(&self) -> Option<(i64, i64)> {
        self.report.strays.as_ref().and_then(Strays::others)
    }

    /// From its oldest to its newest entry, strays aside.
    pub(super) fn hull(&self) -> Option<(i64, i64)> {
        let ends = || self.spans.iter().map(|span| (span.first_ns, span.last_ns));
        self.evidence().or_else(|| Some((ends().map(|(first, _)| first).min()?, ends().map(|(_, last)| last).max()?)))
    }

    /// What one reading of a file says.
    pub(super) fn of(read: Ingested) -> Self {
        let Ingested { disk_path, mtime_ns, report, spans, .. } = read;
        let mut spans: Vec<StoredSpan> = spans.iter().map(StoredSpan::from).collect();
        spans.sort();
        Self {
            names: [report.path.clone()].into(),
            places: [(disk_path.to_string_lossy().into_owned(), (report.bytes, mtime_ns))].into(),
            windows: report.declared_window.iter().cloned().collect(),
            report: FileReport { duplicates: 0, conflicts: 0, skipped: None, ..report },
            spans,
            pruned: 0,
        }
    }

    /// Takes in that the content came again, under another name or with another statement of what it covers.
    fn absorb(&mut self, again: Self) {
        self.report.declared_window = wider(self.report.declared_window.take(), again.report.declared_window);
        self.windows.extend(again.windows);
        self.names.extend(again.names);
        self.places.extend(again.places);
        self.settle();
    }

    /// Puts the report under the least name.
    fn settle(&mut self) {
        if let Some(least) = self.names.first() {
            self.report.path.clone_from(least);
        }
    }
}

/// Where an input lies: path, bytes and modification time in nanoseconds.
pub(super) type Place = (Box<str>, u64, i64);

/// Every content that was read, by content id.
#[derive(Debug, Default)]
pub(super) struct Sources {
    by_id: BTreeMap<ContentId, Packed>,
    /// What lies at each place: its content, bytes and modification time in nanoseconds.
    by_place: FxHashMap<Box<str>, (ContentId, u64, i64)>,
    packer: Packer,
}

impl Sources {
    /// Number of contents.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether a content was read.
    pub(super) fn has(&self, id: &ContentId) -> bool {
        self.by_id.contains_key(id)
    }

    /// A content.
    pub(super) fn get(&self, id: &ContentId) -> Option<Source> {
        self.by_id.get(id).map(|packed| self.packer.unpack(packed))
    }

    /// Every content, made side by side.
    pub(super) fn par_iter(&self) -> impl ParallelIterator<Item = (ContentId, Source)> {
        self.by_id.par_iter().map(|(id, packed)| (*id, self.packer.unpack(packed)))
    }

    /// Every content, each made when it is asked for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ContentId, Source)> {
        self.by_id.iter().map(|(id, packed)| (*id, self.packer.unpack(packed)))
    }

    /// Packs what one reading of a file says, for [`Self::note_packed`].
    pub(super) fn pack(&self, source: &Source) -> Packed {
        self.packer.pack(source)
    }

    fn put(&mut self, id: ContentId, source: &Source) {
        self.by_id.insert(id, self.packer.pack(source));
    }

    /// Changes what is known of a content, if anything is; whether it is another now.
    fn change(&mut self, id: &ContentId, with: impl FnOnce(&mut Source)) -> bool {
        let Some(before) = self.get(id) else { return false };
        let mut source = before.clone();
        with(&mut source);
        let changed = source != before;
        if changed {
            self.put(*id, &source);
        }
        changed
    }

    fn move_all_in(&mut self, id: ContentId, places: &BTreeMap<String, (u64, i64)>) {
        for (path, (bytes, mtime_ns)) in places {
            self.move_in(id, &(path.as_str().into(), *bytes, *mtime_ns));
        }
    }

    /// Notes that a place holds a content now, and no longer what it held before.
    fn move_in(&mut self, id: ContentId, (path, bytes, mtime_ns): &Place) {
        let before = self.by_place.insert(path.clone(), (id, *bytes, *mtime_ns));
        if let Some((other, ..)) = before.filter(|(other, ..)| *other != id) {
            self.change(&other, |source| {
                source.places.remove(&**path);
            });
        }
    }

    /// Notes a content, or a further reading of a known one.
    pub(super) fn note(&mut self, id: ContentId, source: Source) {
        if self.has(&id) {
            self.again(id, source);
        } else {
            self.move_all_in(id, &source.places);
            self.put(id, &source);
        }
    }

    /// Notes a reading as [`Self::pack`] made it, of a content that lies at one place.
    pub(super) fn note_packed(&mut self, id: ContentId, source: Packed, place: &Place) {
        if self.has(&id) {
            self.again(id, self.packer.unpack(&source));
        } else {
            self.move_in(id, place);
            self.by_id.insert(id, source);
        }
    }

    /// A reading as it was before it was packed.
    pub(super) fn unpack(&self, source: &Packed) -> Source {
        self.packer.unpack(source)
    }

    /// Notes that a content came again; whether that is news. Of one that is not known its place alone is noted.
    pub(super) fn again(&mut self, id: ContentId, source: Source) -> bool {
        self.move_all_in(id, &source.places);
        self.change(&id, |known| known.absorb(source))
    }

    /// Notes a name and a place of a known content; whether that is news.
    pub(super) fn name(&mut self, id: ContentId, name: &str, (path, bytes, mtime_ns): (&Path, u64, i64)) -> bool {
        let path = path.to_string_lossy();
        let known = self.by_place.get(path.as_ref()) == Some(&(id, bytes, mtime_ns));
        self.move_in(id, &(path.as_ref().into(), bytes, mtime_ns));
        let named = self.change(&id, |source| {
            source.names.insert(name.to_owned());
            source.places.insert(path.into_owned(), (bytes, mtime_ns));
            source.settle();
        });
        named || !known
    }

    /// Notes that rows of a content are not stored because their day was pruned.
    pub(super) fn note_pruned(&mut self, id: &ContentId, rows: u64) {
        self.change(id, |source| source.pruned += rows);
    }

    /// The content that lay at a path with this length and modification time.
    pub(super) fn known(&self, path: &Path, bytes: u64, mtime_ns: i64) -> Option<ContentId> {
        let (id, known_bytes, known_mtime_ns) = self.by_place.get(path.to_string_lossy().as_ref())?;
        ((*known_bytes, *known_mtime_ns) == (bytes, mtime_ns) && self.has(id)).then_some(*id)
    }
}

/// Sources that are unpacked at a time, side by side.
pub(super) const AT_ONCE: usize = 1 << 10;

/// Writes the book of inputs: an object of sources by content id.
pub(super) fn write_sources(root: &Root, sources: &Sources) -> Result<Placed, StoreError> {
    // Streamed: the book of a hundred thousand inputs is 150 MB of text. It lies packed as the text it is written as.
    let mut out = BufWriter::with_capacity(64 << 10, Draft::new(root, "ledger")?);
    let entry = |(id, packed): &(&ContentId, &Packed)| {
        let mut text = format!("\"{id}\":").into_bytes();
        text.extend(sources.packer.text(packed));
        text
    };
    let mut put = || {
        out.write_all(b"{")?;
        let all: Vec<_> = sources.by_id.iter().collect();
        let mut comma = &b""[..];
        for some in all.chunks(AT_ONCE) {
            let texts: Vec<Vec<u8>> = some.par_iter().map(entry).collect();
            for text in texts {
                out.write_all(comma)?;
                out.write_all(&text)?;
                comma = b",";
            }
        }
        out.write_all(b"}\n")
    };
    put().map_err(io(root))?;
    out.into_inner().map_err(|error| io(root)(error.into_error()))?.place(root, "json")
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Sources;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("sources by content id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sources, A::Error> {
                let mut sources = Sources::default();
                while let Some((id, source)) = map.next_entry::<String, Source>()? {
                    let id =
                        decode::content_id(&id).ok_or_else(|| A::Error::custom(format!("{id} is no content id")))?;
                    for (path, (bytes, mtime_ns)) in &source.places {
                        sources.by_place.insert(path.as_str().into(), (id, *bytes, *mtime_ns));
                    }
                    sources.put(id, &source);
                }
                Ok(sources)
            }
        }
        deserializer.deserialize_map(Read)
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
            window.limit,
        )
    };
    [a, b].into_iter().flatten().min_by_key(rank)
}

/// Writes a value as JSON under the hash of its text.
pub(super) fn write_json<T: Serialize>(root: &Root, folder: &str, value: &T) -> Result<Placed, StoreError> {
    // Streamed: the book of a hundred thousand inputs is 150 MB of text.
    let mut out = BufWriter::with_capacity(64 << 10, Draft::new(root, folder)?);
    serde_json::to_writer(&mut out, value).map_err(|error| io(root)(error.into()))?;
    out.write_all(b"\n").map_err(io(root))?;
    out.into_inner().map_err(|error| io(root)(error.into_error()))?.place(root, "json")
}

/// A longer text is read in pieces.
const READ_WHOLE: u64 = 16 << 20;

/// Reads what [`write_json`] wrote.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let mut file = File::open(path).map_err(io(path))?;
    let length = file.metadata().map_err(io(path))?.len();
    // Streaming takes three times as long, so only what is too large is not read as a whole.
    let read = if length > READ_WHOLE {
        serde_json::from_reader(BufReader::with_capacity(64 << 10, file))
    } else {
        let mut text = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.read_to_end(&mut text).map_err(io(path))?;
        serde_json::from_slice(&text)
    };
    read.map_err(|error| StoreError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// Writes the pieces of one input that could not be read, a JSON line each.
pub(super) fn write_quarantine(root: &Root, content_id: &str, pieces: &[Quarantined]) -> Result<Placed, StoreError> {
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
            limit: None,
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
