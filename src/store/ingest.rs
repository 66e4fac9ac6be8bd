//! One ingest into a store: rows are taken from any thread, in any order, and become part of the store all at once.
//!
//! Rows wait in memory, by day. When they exceed the limit, days that seem complete are compacted, and days that come in order
//! of time are written as they come; else the largest are put aside as sorted files, which compacting reads like any other
//! source. Nothing counts before [`Ingest::commit`] has replaced the manifest.

mod waiting;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rayon::prelude::*;
use waiting::{Bucket, Done, Relief, Waiting};

use super::compact::{self, Compaction, Run, RunPlace, Sources};
use super::durable::Root;
use super::files::{FileList, Files};
use super::ledger;
use super::manifest::{Day, LiveFile, Role};
use super::merge::Tally;
use super::order::sorted;
use super::packed::Reports;
use super::prune::Dropped;
use super::rows::{Room, Rows};
use super::{AppendOptions, Appended, Progress, RawPolicy, Store, StoreError, layout, spill};
use crate::mine::{RowRole, may_be_exception, row_role, traced, unstamped};
use crate::record::ingest::{IngestTotal, Ingested};
use crate::record::{Collect, ContentId, LogRecord, Severity, Stretch};
use crate::time;

/// How long a thread that waits for room does nothing, where there is nothing to do.
const PAUSE: Duration = Duration::from_micros(200);

thread_local! {
    /// This thread has the turn to make room, in this ingest or another.
    static MAKES_ROOM: Cell<bool> = const { Cell::new(false) };
}

/// Rows of one piece of an input, on their way into a store.
#[derive(Debug)]
pub struct Part {
    pub(super) rows: Rows,
    pub(super) file: u32,
    pub(super) raw: RawPolicy,
    /// Bytes of the piece.
    pub(super) read: usize,
}

impl Collect for Part {
    fn push<'a>(&mut self, record: &mut LogRecord<'a>, known: &[Stretch<'a>], raw: impl FnOnce() -> Cow<'a, str>) {
        let role = row_role(&record.message);
        // Its text says nothing of its severity, but holds an exception with its stack.
        if role == RowRole::Traceback && record.effective_severity == Severity::Default {
            let severity = if is_warning(&record.message) { Severity::Warning } else { Severity::Error };
            (record.effective_severity, record.effective_reason) = (severity, Some("stack trace"));
        }
        let keeps = match self.raw {
            RawPolicy::All => true,
            RawPolicy::None => false,
            // The row alone decides, never its neighbours: the rest of an event may come with a later file, and what was
            // dropped is gone. So rows that can only be part of a larger event keep theirs, as do those that may be the exception
            // of one. Prose that an event makes an error, such as what Spring writes below `Description:`, cannot be told from
            // any other and does not: it would be kept for every row without a severity.
            RawPolicy::Warning => {
                // A name alone is a method's in the audit log.
                let text = || unstamped(&record.message);
                let is_exception = || role == RowRole::Exception && text().contains(' ');
                record.effective_severity >= Severity::Warning
                    || role.is_of_stack()
                    || is_exception()
                    || record.effective_severity == Severity::Default && may_end_stack(text())
                    || is_reason_of_jvm(&record.message)
            }
        };
        if keeps {
            record.raw = raw();
        }
        self.rows.push(self.file, record, known, role);
    }
}

/// Whether what a row's stack belongs to is a warning: `DeprecationWarning`.
fn is_warning(message: &str) -> bool {
    traced(message).and_then(|(exception, _)| exception).is_some_and(|name| name.ends_with("Warning"))
}

/// Whether a line may be the exception that a stack of Python ends with, `NoStock: 17`, which makes it an error there.
fn may_end_stack(message: &str) -> bool {
    // Nearly every other line is told by its first word.
    let word = &message[..memchr::memchr(b' ', message.as_bytes()).unwrap_or(0)];
    word.ends_with(':') && !message.trim_end().contains('\n') && may_be_exception(message)
}

/// Whether a line is the one in which the JVM says why it crashed.
fn is_reason_of_jvm(message: &str) -> bool {
    const FRONTS: [&str; 5] =
        ["#  SIG", "#  EXCEPTION_", "#  Internal Error (", "# Native memory allocation ", "#  Out of Memory Error ("];
    FRONTS.iter().any(|front| message.starts_with(front))
}

/// An ingest under way; holds the writer's lock.
pub struct Ingest<'s, 'o> {
    store: &'s mut Store,
    options: &'o AppendOptions<'o>,
    files: FileList,
    waiting: Mutex<Waiting>,
    /// What the last piece needed, and the next may need, in proportion to its bytes.
    room: Mutex<Room>,
    /// Held by the thread that makes room.
    relief: Mutex<()>,
    /// Memory was short: raw entries are compressed as they come.
    packs: AtomicBool,
    _lock: layout::Lock,
}

impl<'s, 'o> Ingest<'s, 'o> {
    pub(super) fn begin(store: &'s mut Store, options: &'o AppendOptions<'o>) -> Result<Self, StoreError> {
        let lock = store.lock()?;
        Ok(Self {
            store,
            options,
            files: FileList::default(),
            waiting: Mutex::default(),
            room: Mutex::default(),
            relief: Mutex::default(),
            packs: AtomicBool::new(false),
            _lock: lock,
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a content need not be read: the store has it, or it is being read. A content that is not known counts as
    /// being read from now on.
    pub fn knows(&self, id: &ContentId) -> bool {
        self.store.has_content(id) || !self.waiting().begun.insert(*id)
    }

    /// Takes rows of an input, of a piece of about so many bytes.
    pub fn collector(&self, id: &ContentId, read: usize) -> Part {
        let rows = Rows::with_room(&self.room.lock().unwrap_or_else(PoisonError::into_inner), read);
        let file = self.files.add(*id);
        self.waiting().begins(file);
        Part { rows, file, raw: self.options.raw, read }
    }

    /// Takes the rows of a piece.
    pub fn take(&self, part: Part) -> Result<(), StoreError> {
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = part.rows.room(part.read);
        let file = part.file;
        let mut days = by_day(part.rows);
        for (_, rows) in &mut days {
            rows.settle_if_full();
            if self.packs.load(Relaxed) {
                rows.pack();
            }
        }
        let (held, fits) = {
            let mut waiting = self.waiting();
            let pruned_before = self.store.manifest.pruned_before;
            if !days.is_empty() {
                let times = days.iter().filter(|(day, _)| day.is_some()).flat_map(|(_, rows)| &rows.ts_ns);
                waiting.stands(file, days.iter().map(|(day, _)| *day).collect(), times.copied());
            }
            for (day, rows) in days {
                if day.zip(pruned_before).is_some_and(|(day, before)| day < before) {
                    Dropped::count(&rows, &mut waiting.dropped);
                    continue;
                }
                let bytes = waiting.days.entry(day).or_default().add(rows);
                waiting.bytes = waiting.bytes.saturating_add_signed(bytes);
            }
            (waiting.bytes + waiting.leaving, waiting.bytes <= waiting.enough(self.options.memory_bytes))
        };
        let limit = self.options.memory_bytes;
        if fits {
            return Ok(());
        }
        // One thread at a time makes room, which takes room itself; the others read on until half as much again is held.
        // Whoever makes room may meanwhile work on something that takes rows: it cannot wait for itself.
        if MAKES_ROOM.get() {
            return Ok(());
        }
        let turn = if held > limit / 2 * 3 { Some(self.turn()) } else { self.relief.try_lock().ok() };
        if turn.is_none() {
            return Ok(());
        }
        MAKES_ROOM.set(true);
        let made = self.relieve();
        MAKES_ROOM.set(false);
        made
    }

    /// Of two threads that read a file each, whoever makes room works alone: helped by the other one, it would read a further
    /// file while it waits for that help, and leave the one behind that it is at.
    fn works_alone(&self) -> bool {
        rayon::current_num_threads() <= 2 && self.waiting().reads_several
    }

    /// Waits for the turn to make room, and works on what whoever has it gives out until then: nothing, if it works alone, and
    /// what else there is to do would be a further file.
    fn turn(&self) -> MutexGuard<'_, ()> {
        loop {
            match self.relief.try_lock() {
                Ok(turn) => return turn,
                Err(TryLockError::Poisoned(turn)) => return turn.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
            if self.works_alone() || rayon::yield_now() != Some(rayon::Yield::Executed) {
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Takes rows out of memory until the limit is kept; whoever calls it holds the turn.
    fn relieve(&self) -> Result<(), StoreError> {
        let relief = self.waiting().relief(self.options.memory_bytes, &self.store.manifest);
        match relief {
            None => {}
            Some(Relief::Pack(mut days)) => {
                self.packs.store(true, Relaxed);
                days.par_iter_mut().for_each(|(_, rows)| rows.pack());
                let mut waiting = self.waiting();
                for (day, rows) in days {
                    waiting.put_back(day, [rows]);
                }
            }
            Some(Relief::Close(day, begun)) => {
                tracing::debug!(day, "rows came that stand before what was written of their day");
                let early = begun.finish(&self.files, None, &Sources::none())?;
                self.waiting().days.entry(day).or_default().early = Some(early);
            }
            Some(Relief::Advance(day, begun, blocks, until_ns)) => {
                let rows: usize = blocks.iter().map(Rows::len).sum();
                let mut begun = Compaction::of(begun, &self.store.root, Some(day), None, false)?;
                let alone = self.works_alone();
                let behind = begun.advance(blocks, until_ns, &self.files, &|| alone)?;
                let left: usize = behind.iter().map(Rows::len).sum();
                tracing::debug!(day, rows = rows - left, left, "memory is short: writing what came of a day");
                let mut waiting = self.waiting();
                let bucket = waiting.days.entry(Some(day)).or_default();
                bucket.is_dense = left == rows;
                bucket.begun = Some(begun).filter(|begun| begun.has_begun());
                waiting.put_back(Some(day), behind);
                waiting.leaving = 0;
                drop(waiting);
                if left == rows {
                    return self.relieve();
                }
            }
            Some(Relief::Compact(day, begun, blocks)) => {
                let rows: usize = blocks.iter().map(Rows::len).sum();
                tracing::debug!(day, rows, "memory is short: compacting a day that seems complete");
                // Threads that wait for room help to make it.
                let sources =
                    Sources { memory: blocks, runs: Vec::new(), slice_bytes: 0, own: false, alone: &|| false };
                let begun = Compaction::of(begun, &self.store.root, day, None, false)?;
                let early = begun.finish(&self.files, None, &sources)?;
                drop(sources);
                self.waiting().days.entry(day).or_default().early = Some(early);
            }
            Some(Relief::PutAside(days)) => {
                for (day, blocks) in days {
                    let rows: usize = blocks.iter().map(Rows::len).sum();
                    tracing::debug!(day, rows, "memory is short: putting rows aside");
                    let runs = put_aside(self.store.root(), &blocks, &self.files.files())?;
                    self.waiting().days.entry(day).or_default().runs.extend(runs);
                }
            }
        }
        self.waiting().leaving = 0;
        Ok(())
    }

    /// Notes that all rows of an input were taken.
    pub fn done(&self, id: &ContentId) {
        let file = self.files.add(*id);
        self.waiting().ends(file);
    }

    /// Notes that a file was read to its end.
    pub fn finish_file(&self, read: Ingested) -> Result<(), StoreError> {
        let quarantine = quarantined(&self.store.root, &read)?;
        let (content_id, known) = (read.content_id, read.report.skipped.is_some());
        let name = read.report.path.as_str().into();
        let place = (read.disk_path.to_string_lossy().into(), read.report.bytes, read.mtime_ns);
        let source = self.store.sources.pack(&ledger::Source::of(read));
        let mut waiting = self.waiting();
        waiting.done.push(Done { content_id, name, known, source, place });
        waiting.quarantine.extend(quarantine);
        Ok(())
    }

    /// Compacts every day that got rows and replaces the manifest: from here on the call has happened.
    pub fn commit(self) -> Result<Appended, StoreError> {
        let Self { store, options, files, waiting, room: _, relief: _, packs: _, _lock } = self;
        let waiting = waiting.into_inner().unwrap_or_else(PoisonError::into_inner);
        // First of all, so that rows and books are not held at the same time.
        let tally = compact_days(store, &files, waiting.days, options)?;
        let mut done = waiting.done;
        // In the order of names, whatever the order in which reading ended.
        done.sort_by(|a, b| (&a.name, a.content_id).cmp(&(&b.name, b.content_id)));
        for file in waiting.quarantine {
            if let Err(at) = store.manifest.quarantine.binary_search_by(|known| known.path.cmp(&file.path)) {
                store.manifest.quarantine.insert(at, file);
            }
        }
        for read in done.iter_mut().filter(|read| !read.known) {
            let first_met = !store.has_content(&read.content_id);
            store.sources.note_packed(read.content_id, std::mem::take(&mut read.source), &read.place);
            let dropped = waiting.dropped.get(&files.add(read.content_id)).map_or(0, |rows| rows.all);
            if first_met && dropped > 0 {
                store.sources.note_pruned(&read.content_id, dropped);
            }
        }
        for read in done.iter().filter(|read| read.known) {
            store.sources.again(read.content_id, store.sources.unpack(&read.source));
        }
        store.commit()?;
        Ok(appended(store, &done, &tally, &waiting.dropped, &files))
    }
}

/// Writes blocks as sorted files, one for rows that count and one for those that are set aside.
pub(super) fn put_aside(root: &Path, blocks: &[Rows], files: &Files) -> Result<Vec<Run>, StoreError> {
    let blocks: Vec<&Rows> = blocks.iter().collect();
    let order = sorted(&blocks, files);
    let (aside, rows): (Vec<_>, Vec<_>) =
        order.into_iter().partition(|at| blocks[at.0 as usize].is_aside(at.1 as usize));
    let mut runs = Vec::new();
    for (places, aside) in [(rows, false), (aside, true)] {
        let mut writer = spill::Writer::new(root)?;
        let weigh = |at: &(u32, u32)| blocks[at.0 as usize].text_bytes(at.1 as usize);
        // What waits compressed is unpacked once a group, not once a block of the file.
        for group in compact::row_groups(&places, weigh) {
            writer.write(&Rows::gather(&blocks, &places[group]))?;
        }
        runs.extend(writer.finish().map(|spill| Run { place: RunPlace::Spill(spill), aside, only: None }));
    }
    Ok(runs)
}

/// Rows by UTC day; `None` for rows without a time.
pub(super) fn by_day(rows: Rows) -> Vec<(Option<i64>, Rows)> {
    let day = |ts_ns: i64| (ts_ns != super::rows::NONE).then(|| time::day_of(ts_ns));
    let Some(first) = rows.ts_ns.first() else { return Vec::new() };
    let first = day(*first);
    if rows.ts_ns.iter().all(|ts_ns| day(*ts_ns) == first) {
        return vec![(first, rows)];
    }
    let mut days: BTreeMap<Option<i64>, Vec<(u32, u32)>> = BTreeMap::new();
    for (ts_ns, row) in rows.ts_ns.iter().zip(0..) {
        days.entry(day(*ts_ns)).or_default().push((0, row));
    }
    days.into_iter().map(|(day, places)| (day, Rows::gather(&[&rows], &places))).collect()
}

fn compact_days(
    store: &mut Store,
    files: &FileList,
    days: BTreeMap<Option<i64>, Bucket>,
    options: &AppendOptions<'_>,
) -> Result<Tally, StoreError> {
    let total = days.len();
    let done = AtomicUsize::new(0);
    let (root, manifest) = (&store.root, &store.manifest);
    let threads = rayon::current_num_threads();
    // Days that were compacted before their time, and got nothing since, are done.
    let busy = days.values().filter(|bucket| bucket.early.is_none() || bucket.has_rows()).count();
    // Where there are more days than threads, several threads work on several days, or together on one: with both at once,
    // each day that is under way would hold row groups that wait for others. The last days have threads to help them.
    let apart = busy >= 2 * threads;
    let together = busy > threads && !apart;
    let left = AtomicUsize::new(busy);
    let alone = || apart && left.load(Relaxed) >= threads;
    // Beside the rows of a slice, merging holds those of a row group that is not full, and of one that is being encoded.
    let slice_bytes = options.memory_bytes / (2 * if together { 1 } else { busy.clamp(1, threads) });
    let one = |(day, mut bucket): (Option<i64>, Bucket)| {
        let before = day.map_or(manifest.undated.as_ref(), |day| manifest.days.get(&day));
        if let Some(begun) = bucket.take_late() {
            bucket.early = Some(begun.finish(files, None, &Sources::none())?);
        }
        let (own, has_rows) = (bucket.early.is_some(), bucket.has_rows());
        let (early, mut tally) = bucket.early.unzip();
        let mut kept = early;
        if kept.is_none() || has_rows {
            let sources = Sources { memory: bucket.blocks, runs: bucket.runs, slice_bytes, own, alone: &alone };
            let before = kept.as_ref().or(before);
            let begun = Compaction::of(bucket.begun, root, day, before, own)?;
            let (day, added) = begun.finish(files, before, &sources)?;
            left.fetch_sub(1, Relaxed);
            kept = Some(day);
            tally.get_or_insert_default().add(&added);
        }
        let (kept, tally) = (kept.unwrap_or_default(), tally.unwrap_or_default());
        let days_done = done.fetch_add(1, Relaxed) + 1;
        if let Some(progress) = options.progress {
            progress(Progress { days_done, days: total });
        }
        Ok((day, kept, tally))
    };
    let results: Vec<(Option<i64>, Day, Tally)> = if together {
        days.into_iter().map(one).collect::<Result<_, StoreError>>()?
    } else {
        // What holds most comes first: the others then have its room.
        let mut days: Vec<(Option<i64>, Bucket)> = days.into_iter().collect();
        days.sort_by_key(|(day, bucket)| (std::cmp::Reverse(bucket.bytes), *day));
        days.into_iter().par_bridge().map(one).collect::<Result<_, StoreError>>()?
    };
    let mut tally = Tally::default();
    for (day, files, added) in results {
        tally.add(&added);
        match day {
            Some(day) => drop(store.manifest.days.insert(day, files)),
            None => store.manifest.undated = Some(files),
        }
    }
    Ok(tally)
}

/// Fills in what only the store knows: which entries were there already. Of several files of one content the one with the
/// least name counts as read, whichever was.
fn appended(
    store: &Store,
    done: &[Done],
    tally: &Tally,
    dropped: &BTreeMap<u32, Dropped>,
    list: &FileList,
) -> Appended {
    let read: BTreeSet<ContentId> = done.iter().filter(|one| !one.known).map(|one| one.content_id).collect();
    let mut total = IngestTotal { unique: tally.distinct, ..IngestTotal::default() };
    let mut seen: BTreeSet<ContentId> = BTreeSet::new();
    let mut pruned = 0;
    let mut files = Reports::default();
    let known = done.chunks(ledger::AT_ONCE).flat_map(|some| {
        let report = |one: &Done| store.report_of(&one.content_id).unwrap_or_default();
        some.par_iter().map(report).collect::<Vec<_>>()
    });
    for (one, mut report) in done.iter().zip(known) {
        let id = one.content_id;
        report.path = one.name.to_string();
        if seen.insert(id) && read.contains(&id) {
            let at = list.add(id);
            let fresh = tally.fresh.get(&at).map_or(0, |rows| u64::try_from(*rows).unwrap_or(0));
            let dropped = dropped.get(&at).copied().unwrap_or_default();
            report.set_aside.pruned = dropped.all;
            report.set_aside.by_rule = report.set_aside.by_rule.saturating_sub(dropped.by_rule);
            report.duplicates = report.entries.saturating_sub(dropped.all + fresh);
            report.conflicts = tally.conflicts.get(&at).copied().unwrap_or(0);
            pruned += dropped.all;
        } else {
            pruned += report.set_aside.pruned;
            report.skipped = Some(crate::record::ingest::KNOWN.to_owned());
        }
        total.files += 1;
        total.entries += report.entries;
        total.set_aside += report.set_aside.total();
        total.malformed += report.malformed;
        total.repaired += report.repaired;
        total.bytes += report.bytes;
        files.push(&report);
    }
    total.duplicates = total.entries.saturating_sub(total.unique + pruned);
    Appended { files, total }
}

/// Writes the pieces of an input that could not be read, if there are any. The file counts once the manifest names it.
pub(super) fn quarantined(root: &Root, read: &Ingested) -> Result<Option<LiveFile>, StoreError> {
    if read.quarantined.is_empty() {
        return Ok(None);
    }
    let placed = ledger::write_quarantine(root, &read.content_id.to_string(), &read.quarantined)?;
    Ok(Some(LiveFile::new(placed, Role::Quarantine, read.quarantined.len())))
}

#[cfg(test)]
mod tests;
