//! Old days go: the manifest stops naming them, and the books remember that they went.
//!
//! A pruned day must not come back by itself. The next ingest of the same folder would bring it, so the manifest keeps the
//! first day that was not pruned, and rows before it are counted and not stored. For the same reason no file may claim
//! afterwards that it covers such a day: what the store says of spans, stated windows and row caps is cut there.

use std::collections::BTreeMap;
use std::fs;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::StoredSpan;
use super::manifest::{Day, Role};
use super::rows::Rows;
use super::{Store, StoreError, compact, decode, layout, ledger};
use crate::record::ingest::{DeclaredWindow, FileReport};
use crate::time;

/// What was pruned, for people and other programs. The manifest decides; this only remembers.
const BOOK: &str = "state/pruned.json";
const BOOK_FORMAT: &str = "log-gardener/pruned";
const BOOK_VERSION: u32 = 1;

/// One day that was pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrunedDay {
    /// Rows that queries saw.
    pub rows: u64,
    /// Rows that a `[[set-aside]]` rule had kept out of every query.
    pub set_aside: u64,
    /// Parts of split entries that were joined into a row.
    pub parts_joined: u64,
    /// Live files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl PrunedDay {
    fn of(day: &Day) -> Self {
        Self {
            rows: day.count(Role::Rows),
            set_aside: day.count(Role::SetAside),
            parts_joined: day.count(Role::Parts),
            files: day.files.len() as u64,
            bytes: day.files.iter().map(|file| file.bytes).sum(),
        }
    }
}

/// What pruning dropped, or would drop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pruned {
    /// First day that stays, `YYYY-MM-DD`.
    pub before: String,
    /// Days that are dropped, oldest first.
    pub days: BTreeMap<String, PrunedDay>,
    /// Rows that queries saw, of all of them.
    pub rows: u64,
    /// Live files of all of them.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Pruned {
    fn of<'a>(before: i64, days: impl Iterator<Item = (&'a i64, &'a Day)>) -> Self {
        let days: BTreeMap<String, PrunedDay> =
            days.map(|(day, files)| (time::day_name(*day), PrunedDay::of(files))).collect();
        let sum = |of: fn(&PrunedDay) -> u64| days.values().map(of).sum();
        Self {
            before: time::day_name(before),
            rows: sum(|day| day.rows),
            files: sum(|day| day.files),
            bytes: sum(|day| day.bytes),
            days,
        }
    }
}

/// The text of [`BOOK`].
#[derive(Debug, Serialize, Deserialize)]
struct Book {
    format: String,
    version: u32,
    before: String,
    rows: u64,
    days: BTreeMap<String, PrunedDay>,
}

impl Store {
    /// Drops whole UTC days before a day, given as days since 1970-01-01; with `dry_run` it only says which.
    ///
    /// It counts when the manifest is replaced. A store without such a day is left as it is. Rows without a time stay.
    pub fn prune(&mut self, before: i64, dry_run: bool) -> Result<Pruned, StoreError> {
        let found = Pruned::of(before, self.manifest.days.range(..before));
        if dry_run || found.days.is_empty() {
            return Ok(found);
        }
        let _lock = self.lock()?;
        let kept = self.manifest.days.split_off(&before);
        let dropped = std::mem::replace(&mut self.manifest.days, kept);
        let pruned = Pruned::of(before, dropped.iter());
        let books: Vec<_> =
            dropped.values().map(|day| compact::day_ledger(&self.root, day)).collect::<Result<_, _>>()?;
        // Before the manifest: killed in between, the book names days that the next call drops again.
        self.remember(&pruned)?;
        for (content_id, rows) in books.iter().flat_map(|book| &book.kept) {
            if let Some(id) = decode::content_id(content_id) {
                self.sources.note_pruned(&id, *rows);
            }
        }
        self.manifest.pruned_before = self.manifest.pruned_before.max(Some(before));
        self.commit()?;
        Ok(pruned)
    }

    /// Adds days to the book in `state/`.
    fn remember(&self, pruned: &Pruned) -> Result<(), StoreError> {
        let path = self.root.join(BOOK);
        let known: Option<Book> = if path.exists() { Some(ledger::read_json(&path)?) } else { None };
        let mut days = known.map(|book| book.days).unwrap_or_default();
        days.extend(pruned.days.iter().map(|(name, day)| (name.clone(), *day)));
        let book = Book {
            format: BOOK_FORMAT.to_owned(),
            version: BOOK_VERSION,
            before: pruned.before.clone(),
            rows: days.values().map(|day| day.rows).sum(),
            days,
        };
        let state = self.root.join("state");
        fs::create_dir_all(&state).map_err(layout::io(&state))?;
        let mut text = serde_json::to_vec_pretty(&book).expect("a book has string keys and numbers only");
        text.push(b'\n');
        layout::replace(&self.root, BOOK, &text)
    }
}

/// Rows of one input that were not stored because their day was pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    /// All of them.
    pub(super) all: u64,
    /// Those that a `[[set-aside]]` rule had counted already.
    pub(super) by_rule: u64,
}

impl Dropped {
    /// Counts rows of one input each.
    pub(super) fn count(rows: &Rows, into: &mut BTreeMap<u32, Self>) {
        for (row, file) in rows.files.iter().enumerate() {
            let count = into.entry(*file).or_default();
            count.all += 1;
            count.by_rule += u64::from(rows.is_aside(row));
        }
    }
}

/// Cuts what a file claims to cover at the first moment that was not pruned.
///
/// A file whose every entry was pruned claims nothing more: with its entries went the knowledge for which services its
/// window stands, and an empty file would be evidence of zero for all.
pub(super) fn clamp_report(report: &mut FileReport, spans: &[StoredSpan], floor_ns: i64) {
    let oldest = |severity: Option<&str>| {
        let of = spans.iter().filter(|span| severity.is_none_or(|name| span.severity.as_str() == name));
        of.map(|span| span.first_ns).min()
    };
    // What a cap cut off lay before its oldest row: in days that are gone, it hides nothing that is still asked for.
    report.cap_suspected.retain(|cap| {
        let severity = Some(cap.severity.as_str()).filter(|name| *name != "ALL");
        oldest(severity).is_none_or(|first_ns| first_ns >= floor_ns)
    });
    if let Some(window) = report.declared_window.as_mut().filter(|_| oldest(None).is_some_and(|first| first < floor_ns))
    {
        window.limit = None;
    }
    let emptied = !spans.is_empty() && spans.iter().all(|span| span.last_ns < floor_ns);
    report.declared_window =
        report.declared_window.take().filter(|_| !emptied).and_then(|window| clamp_window(window, floor_ns));
}

/// What is left of a window after a moment, if anything is.
pub(super) fn clamp_window(mut window: DeclaredWindow, floor_ns: i64) -> Option<DeclaredWindow> {
    let at = |text: &str| time::parse(text).map(|parsed| parsed.ns);
    if at(&window.until).is_some_and(|until_ns| until_ns <= floor_ns) {
        return None;
    }
    if at(&window.since).is_some_and(|since_ns| since_ns < floor_ns) {
        window.since = time::rfc3339(floor_ns);
    }
    Some(window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ingest::CapSuspected;
    use crate::record::{ContentId, Severity};
    use crate::store::Snapshot;
    use crate::store::fixture::{DAY_ONE, Dump, MS, append, folder, input, row, store_of};
    use crate::time::{DAY_NS, SECOND_NS};

    fn day(number: i64) -> i64 {
        time::day_of(DAY_ONE) + number
    }

    /// Three days, the second in two files.
    fn three_days() -> Vec<Dump> {
        let at = |day: i64, n: i64| row(DAY_ONE + day * DAY_NS + n * MS, &format!("d{day}n{n}"), "tick");
        vec![
            input(1, vec![at(0, 1), at(0, 2), at(1, 1)]),
            input(2, vec![at(1, 1), at(1, 2), at(2, 1)]),
            input(3, vec![at(2, 2)]),
        ]
    }

    #[test]
    fn a_pruned_store_is_the_store_that_never_had_those_days() {
        let (one, other) = (folder(), folder());
        let mut store = store_of(&one, vec![three_days()]);
        let said = store.prune(day(1), true).expect("counts");
        assert_eq!((said.rows, said.days.keys().next().map(String::as_str)), (2, Some("2025-09-15")));
        assert_eq!(store.snapshot().expect("snapshot").stats().days, 3, "a dry run changes nothing");
        assert_eq!(store.prune(day(1), false).expect("prunes"), said);

        let snapshot = store.snapshot().expect("snapshot");
        let mut rest = three_days();
        rest[0].records.retain(|row| row.ts_ns >= Some(DAY_ONE + DAY_NS));
        let expected = store_of(&other, vec![rest]).snapshot().expect("snapshot").digest();
        assert_eq!(snapshot.digest(), expected);
        assert_eq!(snapshot.verify().expect("verifies"), []);
        assert_eq!(snapshot.range().map(|range| time::day_of(range.0)), Some(day(1)));
        let stats = snapshot.stats();
        assert_eq!((stats.pruned_before.as_deref(), stats.pruned_rows, stats.rows), (Some("2025-09-16"), 2, 4));
        let book: serde_json::Value = ledger::read_json(&store.root().join(BOOK)).expect("the book");
        assert_eq!((&book["before"], &book["rows"]), (&"2025-09-16".into(), &2.into()));
        assert!(!store.root().join("rows/day=2025-09-15").exists(), "its files are gone");
    }

    #[test]
    fn pruned_days_do_not_come_back_and_are_counted() {
        let folder = folder();
        let mut store = store_of(&folder, vec![three_days()]);
        store.prune(day(1), false).expect("prunes");
        let digest = store.snapshot().expect("snapshot").digest();
        let late = input(4, vec![row(DAY_ONE + 5, "late", "tick"), row(DAY_ONE + DAY_NS + MS, "d1n1", "tick")]);
        let mut calls = three_days();
        calls.push(late);
        let said = append(&mut store, calls);
        let of = |at: usize| {
            (
                said.files.iter().nth(at).expect("a file").set_aside.pruned,
                said.files.iter().nth(at).expect("a file").duplicates,
            )
        };
        assert_eq!((of(0), of(1), of(3)), ((2, 1), (0, 3), (1, 1)));
        assert_eq!((said.total.set_aside, said.total.unique, said.total.duplicates), (3, 4, 2));
        let snapshot = store.snapshot().expect("snapshot");
        assert_eq!(snapshot.digest(), digest, "nothing came back");
        let sources = snapshot.sources();
        let of = |at: usize| (sources[at].kept, sources[at].report.set_aside.pruned, sources[at].report.duplicates);
        assert_eq!((of(0), of(1), of(3)), ((1, 2, 0), (2, 0, 1), (0, 1, 1)), "read twice, counted once");
        assert_eq!(snapshot.stats().pruned_rows, 3);
    }

    #[test]
    fn pruning_twice_and_further_adds_up() {
        let folder = folder();
        let mut store = store_of(&folder, vec![three_days()]);
        store.prune(day(1), false).expect("prunes");
        assert!(store.prune(day(1), false).expect("nothing left").days.is_empty());
        assert!(store.prune(day(0), false).expect("nothing there").days.is_empty());
        assert_eq!(store.snapshot().expect("snapshot").pruned_until(), Some(time::day_start(day(1))));
        store.prune(day(2), false).expect("prunes");
        let stats = store.snapshot().expect("snapshot").stats();
        assert_eq!((stats.days, stats.pruned_rows), (1, 4));
        let book: Book = ledger::read_json(&store.root().join(BOOK)).expect("the book");
        assert_eq!((book.days.len(), book.rows, book.before.as_str()), (2, 4, "2025-09-17"));
    }

    #[test]
    fn killed_before_the_manifest_is_replaced_nothing_has_happened() {
        let folder = folder();
        let mut store = store_of(&folder, vec![three_days()]);
        let digest = store.snapshot().expect("snapshot").digest();
        let pruned = store.prune(day(1), true).expect("counts");
        store.remember(&pruned).expect("writes the book");
        let snapshot = Snapshot::open(store.root()).expect("snapshot");
        assert_eq!((snapshot.digest(), snapshot.pruned_until()), (digest, None));
        drop(snapshot);
        store.prune(day(1), false).expect("prunes");
        let book: Book = ledger::read_json(&store.root().join(BOOK)).expect("the book");
        assert_eq!(book.rows, 2, "the same days are not counted twice");
    }

    #[test]
    fn who_reads_is_not_disturbed_and_tidying_waits() {
        let folder = folder();
        let mut store = store_of(&folder, vec![three_days()]);
        let reader = store.snapshot().expect("snapshot");
        store.prune(day(2), false).expect("prunes");
        assert_eq!(reader.verify().expect("verifies"), [], "a reader that has begun can finish");
        assert!(matches!(store.tidy(false), Err(StoreError::InUse { .. })));
        let left = store.tidy(true).expect("counts");
        assert!(left.files >= 6 && left.bytes > 0, "{left:?}");
        drop(reader);
        std::fs::write(store.root().join("rows/.partial-x"), "half a file").expect("writes");
        let done = store.tidy(false).expect("tidies");
        assert_eq!((done.files, done.bytes), (left.files + 1, left.bytes + 11));
        assert_eq!(store.tidy(true).expect("counts").files, 0);
        assert_eq!(store.snapshot().expect("snapshot").verify().expect("verifies"), []);
        let lock = layout::writer_lock(store.root()).expect("lock");
        assert!(matches!(store.tidy(false), Err(StoreError::Locked { .. })), "not while somebody writes");
        drop(lock);
    }

    #[test]
    fn spans_begin_where_pruning_ended() {
        let folder = folder();
        let mut store = store_of(&folder, vec![three_days()]);
        store.prune(day(1), false).expect("prunes");
        let snapshot = store.snapshot().expect("snapshot");
        let floor_ns = time::day_start(day(1));
        let sources = snapshot.sources();
        let spans = || sources.iter().flat_map(|source| &source.spans);
        assert_eq!(spans().map(|span| span.first_ns).min(), Some(floor_ns));
        store.prune(day(2), false).expect("prunes");
        let snapshot = store.snapshot().expect("snapshot");
        let left = snapshot.sources().into_iter().filter(|source| !source.spans.is_empty());
        let files: Vec<String> = left.map(|source| source.report.path).collect();
        assert_eq!(files, ["dump-2.json", "dump-3.json"], "the first file held nothing of what is left");
        assert!(store.has_content(&ContentId([1; 32])), "but it is known, and not read again");
    }

    #[test]
    fn stated_windows_and_row_caps_are_cut_too() {
        let span = |severity, first_s: i64, last_s: i64| StoredSpan {
            project: "p".into(),
            service: "s".into(),
            severity,
            first_ns: first_s * SECOND_NS,
            last_ns: last_s * SECOND_NS,
            entries: 50,
        };
        let report = || FileReport {
            declared_window: Some(DeclaredWindow {
                since: "1970-01-01T00:00:00Z".into(),
                until: "1970-01-01T00:01:40Z".into(),
                source: "sidecar".into(),
                filter: None,
                limit: None,
            }),
            cap_suspected: ["ERROR", "INFO", "ALL"]
                .map(|severity| CapSuspected { severity: severity.into(), rows: 50 })
                .to_vec(),
            ..FileReport::default()
        };
        let spans = [span(Severity::Error, 10, 90), span(Severity::Info, 60, 90)];
        let cut = |spans: &[StoredSpan], floor_s: i64| {
            let mut report = report();
            clamp_report(&mut report, spans, floor_s * SECOND_NS);
            let since = report.declared_window.map(|window| window.since[11..19].to_owned());
            (since, report.cap_suspected.into_iter().map(|cap| cap.severity).collect::<Vec<_>>())
        };
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(cut(&spans, 5), (at("00:00:05"), vec!["ERROR".to_owned(), "INFO".into(), "ALL".into()]));
        assert_eq!(cut(&spans, 50), (at("00:00:50"), vec!["INFO".to_owned()]));
        assert_eq!(cut(&spans, 95).0, None, "all of its entries went");
        assert_eq!(cut(&[], 95).0, at("00:01:35"), "an export that was empty from the start stays evidence");
        assert_eq!(cut(&[], 100).0, None);
    }
}
