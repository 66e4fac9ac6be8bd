//! What is counted while records are made, per stretch of a file, and its sum over the file.
//!
//! A row looks up one cell by (project, service, severity) and adds to it; every count by severity or service is a sum over
//! the cells at the end. Nothing is allocated for a row whose service was seen before. Lists are bounded: a file of millions
//! of broken lines must not fill the memory with their beginnings.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::{FxHashMap, FxHasher};

use super::redact::Hits;
use super::strays::Times;
use crate::record::ingest::{DeclaredWindow, FileReport, PROBLEMS_LISTED, Problem, Quarantined, Span};
use crate::record::listed::{self, Floor, SERVICES_LISTED};
use crate::record::{LogRecord, Severity};
use crate::time;

/// Pieces that are kept for a person to look at, a file; more are counted.
pub(crate) const QUARANTINED: usize = 10_000;

/// Cells that are found again without a hash of their names.
const LATELY: usize = 32;

/// Where a cell is remembered: services mostly differ in their ends.
#[inline]
fn spot(project: &str, service: Option<&str>, severity: Severity) -> usize {
    let name = service.unwrap_or(project).as_bytes();
    let end = name.last().map_or(0, |byte| usize::from(*byte));
    (name.len() + 3 * end + 5 * severity as usize) % LATELY
}

/// The place of a service among those that are listed; rows of no project and no service have the first.
fn rank(project: &str, service: Option<&str>) -> u128 {
    if project.is_empty() && service.is_none() {
        return 0;
    }
    listed::rank([project, if service.is_some() { "1" } else { "" }, service.unwrap_or("")])
}

/// Counts of one stretch, or of several that follow one another.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cells: Vec<Cell>,
    /// Projects and services that are not listed: there are too many. Their entries are counted as of no service.
    unlisted: Floor,
    services_more: u64,
    by_hash: FxHashMap<u64, usize>,
    /// Cells when services were left out last.
    kept: usize,
    /// Cells that were met lately, by a few bits of what they are of; any may stand anywhere.
    lately: [u32; LATELY],
    malformed: u64,
    pub(crate) repaired: u64,
    no_insert_id: u64,
    without_payload: u64,
    by_rule: u64,
    no_time: u64,
    naive_times: u64,
    unknown_severities: u64,
    times: Times,
    pub(crate) duplicate_keys: u64,
    pub(crate) redacted: Hits,
    problems: Vec<Problem>,
    problems_more: u64,
    quarantined: Vec<Quarantined>,
    pub(crate) window: Option<DeclaredWindow>,
}

/// Entries of one project, service and severity.
#[derive(Debug)]
struct Cell {
    project: String,
    service: Option<String>,
    severity: Severity,
    entries: u64,
    timed: u64,
    first_ns: i64,
    last_ns: i64,
}

impl Cell {
    fn is(&self, project: &str, service: Option<&str>, severity: Severity) -> bool {
        self.severity == severity && self.service.as_deref() == service && self.project == project
    }
}

impl Tally {
    /// Counts one record.
    pub(crate) fn count(&mut self, record: &LogRecord<'_>) {
        self.no_insert_id += u64::from(record.insert_id.is_none());
        self.without_payload += u64::from(record.payload_rank == 0);
        self.naive_times += u64::from(record.ts_naive);
        self.unknown_severities += u64::from(record.severity_unknown);
        self.by_rule += u64::from(record.set_aside);
        self.no_time += u64::from(record.ts_ns.is_none() && !record.set_aside);
        let project = record.project.as_deref().unwrap_or("");
        let at = self.cell(project, record.service.as_deref(), record.severity, 1);
        let cell = &mut self.cells[at];
        cell.entries += 1;
        if let Some(ns) = record.ts_ns {
            self.times.count(ns);
            cell.timed += 1;
            cell.first_ns = cell.first_ns.min(ns);
            cell.last_ns = cell.last_ns.max(ns);
        }
    }

    /// The cell to which so many entries are about to be added.
    fn cell(&mut self, project: &str, service: Option<&str>, severity: Severity, entries: u64) -> usize {
        let spot = spot(project, service, severity);
        let lately = self.lately[spot] as usize;
        if self.cells.get(lately).is_some_and(|cell| cell.is(project, service, severity)) {
            return lately;
        }
        let mut hash = BuildHasherDefault::<FxHasher>::default().hash_one((project, service, severity));
        loop {
            match self.by_hash.get(&hash) {
                Some(&at) if self.cells[at].is(project, service, severity) => {
                    self.lately[spot] = at as u32;
                    return at;
                }
                // Another cell of the same hash: the next number is tried.
                Some(_) => hash = hash.wrapping_add(1),
                None => break,
            }
        }
        if self.cells.len() >= 2 * SERVICES_LISTED.max(self.kept) {
            self.leave_out();
        }
        if !self.unlisted.is_none() && self.unlisted.leaves_out(rank(project, service)) {
            self.services_more += entries;
            return self.cell("", None, severity, entries);
        }
        let at = self.cells.len();
        self.lately[spot] = at as u32;
        self.by_hash.insert(hash, at);
        self.cells.push(Cell {
            project: project.to_owned(),
            service: service.map(str::to_owned),
            severity,
            entries: 0,
            timed: 0,
            first_ns: i64::MAX,
            last_ns: i64::MIN,
        });
        at
    }

    /// Leaves out the services that are too many, all severities of each.
    fn leave_out(&mut self) {
        let ranks = self.cells.iter().map(|cell| rank(&cell.project, cell.service.as_deref()));
        // What is of no service is always there, and is none of them.
        self.unlisted.lower(ranks.filter(|rank| *rank > 0).collect(), SERVICES_LISTED);
        self.lately = [0; LATELY];
        self.by_hash = FxHashMap::default();
        // The cells are added again: those that stay find their place, the others have theirs in common.
        self.kept = usize::MAX / 2;
        for cell in std::mem::take(&mut self.cells) {
            self.add_cell(&cell);
        }
        self.kept = self.cells.len();
    }

    fn add_cell(&mut self, cell: &Cell) {
        let at = self.cell(&cell.project, cell.service.as_deref(), cell.severity, cell.entries);
        let sum = &mut self.cells[at];
        sum.entries += cell.entries;
        sum.timed += cell.timed;
        sum.first_ns = sum.first_ns.min(cell.first_ns);
        sum.last_ns = sum.last_ns.max(cell.last_ns);
    }

    /// Notes the window that a wrapper says it was asked for; one that cannot be meant is told and counts as none.
    pub(crate) fn asked(&mut self, offset: u64, window: Option<DeclaredWindow>) {
        let Some(window) = window else { return };
        match window.check() {
            Ok(()) => drop(self.window.get_or_insert(window)),
            Err(reason) => self.problem(offset, format!("the window that the file names is ignored: {reason}")),
        }
    }

    /// Lists a problem, or counts it where many are listed.
    pub(crate) fn problem(&mut self, offset: u64, reason: String) {
        if self.problems.len() < PROBLEMS_LISTED {
            self.problems.push(Problem { offset, reason });
        } else {
            self.problems_more += 1;
        }
    }

    /// Counts a piece that could not be read; `text` makes the text that is kept of it.
    pub(crate) fn malformed(&mut self, offset: u64, length: u64, reason: &str, text: impl FnOnce() -> String) {
        self.malformed += 1;
        self.problem(offset, reason.to_owned());
        if self.quarantined.len() < QUARANTINED {
            self.quarantined.push(Quarantined { offset, length, reason: reason.to_owned(), text: text() });
        }
    }

    /// Adds the counts of the stretch that follows.
    pub(crate) fn add(&mut self, next: Self) {
        if !next.unlisted.is_none() {
            self.unlisted.meet(next.unlisted);
            self.services_more += next.services_more;
            self.leave_out();
        }
        next.cells.iter().for_each(|cell| self.add_cell(cell));
        self.malformed += next.malformed;
        self.repaired += next.repaired;
        self.no_insert_id += next.no_insert_id;
        self.without_payload += next.without_payload;
        self.by_rule += next.by_rule;
        self.no_time += next.no_time;
        self.naive_times += next.naive_times;
        self.unknown_severities += next.unknown_severities;
        self.times.add(next.times);
        self.duplicate_keys += next.duplicate_keys;
        self.redacted.merge(&next.redacted);
        for problem in next.problems {
            self.problem(problem.offset, problem.reason);
        }
        self.problems_more += next.problems_more;
        let room = QUARANTINED - self.quarantined.len();
        self.quarantined.extend(next.quarantined.into_iter().take(room));
        self.window = self.window.take().or(next.window);
    }

    /// Writes the sums into a file's report and returns the window that the file itself names.
    pub(crate) fn fill(
        mut self,
        report: &mut FileReport,
        spans: &mut Vec<Span>,
        quarantined: &mut Vec<Quarantined>,
    ) -> Option<DeclaredWindow> {
        if self.cells.len() > SERVICES_LISTED {
            self.leave_out();
        }
        report.services_more = self.services_more;
        self.cells.sort_by(|a, b| (&a.project, &a.service, a.severity).cmp(&(&b.project, &b.service, b.severity)));
        for cell in &self.cells {
            report.entries += cell.entries;
            *report.severity.entry(cell.severity.as_str().to_owned()).or_default() += cell.entries;
            if let Some(service) = &cell.service {
                *report.services.entry(service.clone()).or_default() += cell.entries;
            }
        }
        for cell in self.cells.into_iter().filter(|cell| cell.timed > 0) {
            spans.push(Span {
                project: cell.project,
                service: cell.service.unwrap_or_default(),
                severity: cell.severity,
                first_ns: cell.first_ns,
                last_ns: cell.last_ns,
                entries: cell.timed,
            });
        }
        report.first = spans.iter().map(|span| span.first_ns).min().map(time::rfc3339);
        report.last = spans.iter().map(|span| span.last_ns).max().map(time::rfc3339);
        report.strays = self.times.strays();
        report.malformed = self.malformed;
        report.repaired = self.repaired;
        report.no_insert_id = self.no_insert_id;
        report.without_payload = self.without_payload;
        report.set_aside.by_rule = self.by_rule;
        report.set_aside.no_time = self.no_time;
        report.naive_times = self.naive_times;
        report.unknown_severities = self.unknown_severities;
        report.duplicate_keys = self.duplicate_keys;
        report.redacted = self.redacted.total();
        report.redacted_by = self.redacted.iter().map(|(form, hits)| (form.to_owned(), hits)).collect();
        report.problems = self.problems;
        report.problems_more = self.problems_more;
        *quarantined = self.quarantined;
        self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(service: Option<&'static str>, severity: Severity, ts_ns: Option<i64>) -> LogRecord<'static> {
        LogRecord { service: service.map(Into::into), severity, ts_ns, ..LogRecord::default() }
    }

    #[test]
    fn stretches_add_up_to_what_one_would_have_counted() {
        let rows = [
            record(Some("shop"), Severity::Info, Some(5)),
            record(Some("shop"), Severity::Error, Some(2)),
            record(None, Severity::Info, None),
            record(Some("shop"), Severity::Info, Some(1)),
            record(Some(""), Severity::Info, Some(9)),
        ];
        let sums = |parts: &[&[LogRecord<'_>]]| {
            let mut all = Tally::default();
            for part in parts {
                let mut tally = Tally::default();
                part.iter().for_each(|row| tally.count(row));
                part.iter().for_each(|_| tally.malformed(1, 2, "x", String::new));
                all.add(tally);
            }
            let (mut report, mut spans, mut quarantined) = (FileReport::default(), Vec::new(), Vec::new());
            all.fill(&mut report, &mut spans, &mut quarantined);
            (report, spans, quarantined)
        };
        let whole = sums(&[&rows]);
        assert_eq!(sums(&[&rows[..2], &rows[2..]]), whole);
        assert_eq!((whole.0.entries, whole.0.severity["INFO"], whole.0.services["shop"]), (5, 4, 3));
        assert_eq!((whole.0.set_aside.no_time, whole.1.len()), (1, 3));
        let shop = whole.1.iter().find(|span| span.service == "shop" && span.severity == Severity::Info);
        assert_eq!(shop.map(|span| (span.first_ns, span.last_ns, span.entries)), Some((1, 5, 2)));
    }

    #[test]
    fn of_too_many_services_the_same_are_listed_whatever_the_stretches() {
        let many = 3 * SERVICES_LISTED;
        let row = |at: usize| LogRecord {
            project: Some(format!("p{}", at % 3).into()),
            service: Some(format!("s{}", at % many).into()),
            ..record(None, [Severity::Info, Severity::Error][at % 2], Some(at as i64))
        };
        let sums = |stretch: usize| {
            let mut all = Tally::default();
            for first in (0..2 * many).step_by(stretch) {
                let mut tally = Tally::default();
                (first..(first + stretch).min(2 * many)).for_each(|at| tally.count(&row(at)));
                assert!(tally.cells.len() <= 2 * SERVICES_LISTED + 2, "{}", tally.cells.len());
                all.add(tally);
            }
            let (mut report, mut spans) = (FileReport::default(), Vec::new());
            all.fill(&mut report, &mut spans, &mut Vec::new());
            (report, spans)
        };
        let (report, spans) = sums(2 * many);
        assert_eq!(sums(5_000), (report.clone(), spans.clone()));
        assert_eq!(report.services.len(), SERVICES_LISTED);
        assert_eq!(report.services.values().sum::<u64>() + report.services_more, report.entries);
        assert_eq!(
            (report.entries, spans.iter().map(|span| span.entries).sum::<u64>()),
            (2 * many as u64, report.entries)
        );
        assert_eq!(spans.iter().filter(|span| span.service.is_empty()).count(), 2, "one a severity");
        assert_eq!(
            (spans.iter().map(|span| span.first_ns).min(), report.last),
            (Some(0), Some(time::rfc3339(2 * many as i64 - 1)))
        );
    }

    #[test]
    fn lists_are_bounded_and_counts_are_not() {
        let mut tally = Tally::default();
        (0..QUARANTINED as u64 + 5).for_each(|at| tally.malformed(at, 1, "x", String::new));
        let (mut report, mut spans, mut quarantined) = (FileReport::default(), Vec::new(), Vec::new());
        tally.fill(&mut report, &mut spans, &mut quarantined);
        assert_eq!((report.malformed, quarantined.len()), (QUARANTINED as u64 + 5, QUARANTINED));
        assert_eq!(report.problems.len() as u64 + report.problems_more, report.malformed);
    }
}
