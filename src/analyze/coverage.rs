//! How much of the window the data covers, per service and severity.
//!
//! Exposure comes from the exports, never from the calendar: a missing hour is not an hour without errors. What a sidecar or
//! a flag states is covered; without one a file covers what lies between its first and its last entry, and where its row
//! count looks like a `--limit`, only what lies after the oldest entry of the capped severity. A window that a dump names
//! inside itself was asked for, and proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use self::stated::Stated;
use super::Cluster;
use super::streams::Streams;
use crate::record::Severity;
use crate::record::ingest::{DeclaredWindow, FileReport, Span};
use crate::store::unite;
use crate::time::{SECOND_NS, Window, day_of, parse};

mod stated;

/// Share of a service's covered time in which a severity must be covered to be seen like the others.
const SAME_COVER: f64 = 0.95;
/// Mean gaps of capped rows within which a first row begins with the stated window.
const NEAR_GAPS: i64 = 20;

/// A row cap that a file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapCut {
    /// Name of the file.
    pub file: String,
    /// The capped severity; `None` when the file as a whole is capped.
    pub severity: Option<Severity>,
    /// Number of rows.
    pub rows: u64,
    /// Oldest entry that was exported under the cap.
    pub oldest_ns: i64,
    /// Newest entry of the file.
    pub newest_ns: i64,
    /// The oldest rows were kept and what came after them was cut, where the stated window tells so.
    pub oldest_first: bool,
}

/// Coverage of one severity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeverityCoverage {
    /// Union of the covered intervals, ascending; gaps of at most 15 minutes are no gaps.
    pub intervals: Vec<(i64, i64)>,
    /// Rows of the file or severity whose count looks like a cap.
    pub cap_rows: Option<u64>,
}

/// Coverage of one service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceCoverage {
    /// Union over its severities.
    pub intervals: Vec<(i64, i64)>,
    /// Per severity.
    pub severities: BTreeMap<Severity, Vec<(i64, i64)>>,
    /// Rows per severity in the files that touch the window, before deduplication: which severity it speaks in.
    pub rows: BTreeMap<Severity, u64>,
}

/// Coverage of a window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    /// The window that was asked for.
    pub asked_s: f64,
    /// Per service, by name.
    pub services: BTreeMap<String, ServiceCoverage>,
    /// Per envelope severity.
    pub severities: BTreeMap<Severity, SeverityCoverage>,
    /// Caps that cut it.
    pub caps: Vec<CapCut>,
    /// Windows that dumps say they were asked for.
    pub asked_for: Vec<(String, DeclaredWindow)>,
    /// What was stated and not only observed, per service: an export without a row in the middle is whole all the same.
    pub stated: BTreeMap<String, Vec<(i64, i64)>>,
    /// Services whose exports end while those of others go on; filled by [`missing_exports`](super::missing_exports).
    pub missing: Vec<MissingExport>,
}

/// A service that came in every hour up to the end of its exports: nothing is known of it from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingExport {
    /// The service.
    pub service: String,
    /// Severity of most of its rows, of which nothing more is exported.
    pub severity: Severity,
    /// Last moment that some export covers.
    pub until_ns: i64,
}

/// Covered intervals per service and severity, not yet joined.
type ByService = BTreeMap<String, BTreeMap<Severity, Vec<(i64, i64)>>>;

fn length_s(intervals: &[(i64, i64)]) -> f64 {
    intervals.iter().map(|(from, to)| (to - from) as f64).sum::<f64>() / SECOND_NS as f64
}

impl SeverityCoverage {
    /// Covered seconds.
    pub fn covered_s(&self) -> f64 {
        length_s(&self.intervals)
    }
}

impl ServiceCoverage {
    /// Covered seconds.
    pub fn covered_s(&self) -> f64 {
        length_s(&self.intervals)
    }

    /// Intervals in which rows of a severity were exported; all of them where severities are not told apart.
    pub(super) fn at(&self, severity: Severity) -> &[(i64, i64)] {
        match self.severities.get(&severity) {
            Some(own) => own,
            None if self.severities.is_empty() => &self.intervals,
            None => &[],
        }
    }

    /// Whether rows of a severity were exported in (nearly) all the time that the service's were.
    pub(super) fn is_whole(&self, severity: Severity) -> bool {
        length_s(self.at(severity)) >= SAME_COVER * self.covered_s()
    }

    /// UTC days in which some input covers the service.
    pub fn days(&self) -> Vec<i64> {
        days_of(self.intervals.iter().copied())
    }
}

impl Coverage {
    /// Hours in which rows of a cluster's severity could have been seen.
    pub fn hours_of(&self, cluster: &Cluster) -> f64 {
        length_s(self.intervals_of(cluster)) / 3_600.0
    }

    /// Intervals in which rows of a cluster's severity could have been seen.
    pub fn intervals_of(&self, cluster: &Cluster) -> &[(i64, i64)] {
        self.services.get(&cluster.key.service).map_or(&[], |service| service.at(cluster.severity()))
    }

    /// Of some disjoint windows only.
    #[must_use]
    pub fn within(&self, windows: &[Window]) -> Self {
        let cut = |intervals: &[(i64, i64)]| -> Vec<(i64, i64)> {
            let mut parts: Vec<(i64, i64)> = windows
                .iter()
                .flat_map(|window| {
                    intervals.iter().map(|(from, to)| ((*from).max(window.since_ns), (*to).min(window.until_ns)))
                })
                .filter(|(from, to)| from < to)
                .collect();
            parts.sort_unstable();
            parts
        };
        let services = self.services.iter().map(|(name, own)| {
            let severities = own.severities.iter().map(|(severity, parts)| (*severity, cut(parts))).collect();
            (name.clone(), ServiceCoverage { intervals: cut(&own.intervals), severities, rows: own.rows.clone() })
        });
        let severities = self.severities.iter().map(|(severity, own)| {
            (*severity, SeverityCoverage { intervals: cut(&own.intervals), cap_rows: own.cap_rows })
        });
        let touches = |cap: &&CapCut| {
            windows.iter().any(|window| cap.newest_ns >= window.since_ns && cap.oldest_ns < window.until_ns)
        };
        Self {
            asked_s: windows.iter().map(|window| window.seconds()).sum(),
            services: services.collect(),
            severities: severities.collect(),
            caps: self.caps.iter().filter(touches).cloned().collect(),
            asked_for: self.asked_for.clone(),
            stated: self.stated.iter().map(|(name, parts)| (name.clone(), cut(parts))).collect(),
            missing: self.missing.clone(),
        }
    }

    /// Seconds in which any service was covered.
    pub fn any_s(&self) -> f64 {
        length_s(&self.any())
    }

    /// Intervals in which any service was covered, ascending.
    pub fn any(&self) -> Vec<(i64, i64)> {
        let mut all: Vec<(i64, i64)> = self.services.values().flat_map(|own| own.intervals.iter().copied()).collect();
        all.sort_unstable();
        let mut out: Vec<(i64, i64)> = Vec::new();
        for (from, to) in all {
            match out.last_mut() {
                Some(open) if from <= open.1 => open.1 = open.1.max(to),
                _ => out.push((from, to)),
            }
        }
        out
    }

    /// Whether a service's rows of a severity would have been seen throughout an interval.
    pub(crate) fn covers(&self, service: &str, severity: Severity, from_ns: i64, to_ns: i64) -> bool {
        let intervals = self.services.get(service).map_or(&[][..], |service| service.at(severity));
        intervals.iter().any(|(from, to)| *from <= from_ns && to_ns <= *to)
    }
}

/// Covered UTC days of an interval list between two moments.
pub(crate) fn days_between(intervals: &[(i64, i64)], from_ns: i64, to_ns: i64) -> usize {
    let parts = intervals.iter().filter(|(from, to)| *from < to_ns && *to > from_ns);
    days_of(parts.map(|(from, to)| ((*from).max(from_ns), (*to).min(to_ns)))).len()
}

/// UTC days that intervals touch; an interval that ends at midnight does not touch the day that begins there.
fn days_of(intervals: impl Iterator<Item = (i64, i64)>) -> Vec<i64> {
    let mut days: Vec<i64> = intervals.flat_map(|(from, to)| day_of(from)..=day_of((to - 1).max(from))).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// Coverage of a window by files: each file's report with its spans per service and severity.
///
/// `services` limits the answer to some services; empty means all.
pub fn coverage(files: &[(&FileReport, &[Span])], window: Window, asked: Window, services: &[String]) -> Coverage {
    let mut result = Coverage { asked_s: asked.seconds(), ..Coverage::default() };
    let mut by_severity: BTreeMap<Severity, SeverityCoverage> = BTreeMap::new();
    let mut by_service = ByService::new();
    let known = Known::of(files, window, services);
    for (report, spans) in files {
        file(report, spans, window, &known, &mut result, &mut by_severity, &mut by_service);
    }
    for severity in by_severity.values_mut() {
        severity.intervals = unite(std::mem::take(&mut severity.intervals));
    }
    for stated in result.stated.values_mut() {
        *stated = unite(std::mem::take(stated));
    }
    result.severities = by_severity;
    result.services = by_service
        .into_iter()
        .map(|(name, severities)| {
            let severities: BTreeMap<_, _> =
                severities.into_iter().map(|(severity, intervals)| (severity, unite(intervals))).collect();
            let intervals = unite(severities.values().flatten().copied().collect());
            let rows = known.rows.get(&name).cloned().unwrap_or_default();
            (name, ServiceCoverage { intervals, severities, rows })
        })
        .collect();
    result.caps.sort_by(|a, b| (a.oldest_ns, &a.file, a.severity).cmp(&(b.oldest_ns, &b.file, b.severity)));
    result
}

fn stated(declared: Option<&DeclaredWindow>) -> Option<(i64, i64)> {
    let declared = declared.filter(|declared| declared.covers())?;
    Some((parse(&declared.since)?.ns, parse(&declared.until)?.ns))
}

/// What stands anywhere in the window: a file without a row of it may still have covered it.
struct Known<'a> {
    wanted: &'a [String],
    services: BTreeSet<String>,
    severities: BTreeSet<Severity>,
    rows: BTreeMap<String, BTreeMap<Severity, u64>>,
    streams: Streams,
}

impl<'a> Known<'a> {
    fn of(files: &[(&FileReport, &[Span])], window: Window, wanted: &'a [String]) -> Self {
        let mut known = Self {
            wanted,
            services: BTreeSet::new(),
            severities: BTreeSet::new(),
            rows: BTreeMap::new(),
            streams: Streams::of(files),
        };
        for span in files.iter().flat_map(|(_, spans)| *spans) {
            if known.is_wanted(span) && span.last_ns >= window.since_ns && span.first_ns < window.until_ns {
                known.services.insert(span.service.clone());
                known.severities.insert(span.severity);
                *known.rows.entry(span.service.clone()).or_default().entry(span.severity).or_default() += span.entries;
            }
        }
        known
    }

    fn is_wanted(&self, span: &Span) -> bool {
        self.is_wanted_name(&span.service)
    }

    fn is_wanted_name(&self, service: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|name| name.eq_ignore_ascii_case(service))
    }
}

fn file(
    report: &FileReport,
    spans: &[Span],
    window: Window,
    known: &Known<'_>,
    result: &mut Coverage,
    by_severity: &mut BTreeMap<Severity, SeverityCoverage>,
    by_service: &mut ByService,
) {
    if let Some(declared) = report.declared_window.as_ref().filter(|declared| !declared.covers()) {
        result.asked_for.push((report.path.clone(), declared.clone()));
    }
    let stated = stated(report.declared_window.as_ref());
    let observed = spans.iter().map(|span| span.first_ns).min().zip(spans.iter().map(|span| span.last_ns).max());
    let Some((mut from, mut to)) = stated.or(observed) else { return };
    let mut own: BTreeSet<String> =
        spans.iter().filter(|span| known.is_wanted(span)).map(|span| span.service.clone()).collect();
    own.extend(known.streams.silent_in(report, spans).filter(|name| known.is_wanted_name(name)).map(str::to_owned));
    let declared = report.declared_window.as_ref().filter(|declared| declared.covers());
    let filter = Stated::of(declared.and_then(|declared| declared.filter.as_deref()));
    // An empty export that says what it covers is evidence of zero, for every service the others name, or its filter.
    if spans.is_empty() && !filter.narrow {
        let is_asked = |name: &&String| filter.services.is_empty() || filter.services.contains(name);
        own.extend(known.services.iter().filter(is_asked).cloned());
    }
    let names = &own;
    let caps = report.caps();
    let capped = |severity: Option<Severity>| {
        let name = severity.map_or("ALL", Severity::as_str);
        caps.iter().find(|cap| cap.severity == name).map(|cap| cap.rows)
    };
    let newest_ns = observed.map_or(to, |(_, last)| last);
    let mut oldest_first = false;
    if let (Some(rows), Some((oldest, newest))) = (capped(None), observed) {
        // The newest rows are kept, unless the rows begin with the stated window and end before it.
        let near = (newest - oldest) / i64::try_from(rows.max(1)).unwrap_or(i64::MAX) * NEAR_GAPS;
        oldest_first = stated.is_some() && oldest - from <= near && to - newest > near;
        if oldest_first { to = to.min(newest) } else { from = from.max(oldest) }
    }
    let path = &report.path;
    let cut =
        |severity, rows, oldest_ns| CapCut { file: path.clone(), severity, rows, oldest_ns, newest_ns, oldest_first };
    if let (Some(rows), Some((oldest, _))) = (capped(None), observed) {
        note_cap(result, window, cut(None, rows, oldest));
    }
    // Without a word about its filter, a file that holds no routine rows says nothing of what lies below them; one
    // with routine rows does, of rows without a severity as well.
    let floor = match declared {
        Some(_) if filter.narrow => Severity::ALL.last().copied(),
        Some(_) => filter.floor,
        None => spans.iter().map(|span| span.severity).min().filter(|least| *least > Severity::Info),
    };
    for severity in Severity::ALL {
        let oldest = spans.iter().filter(|span| span.severity == severity).map(|span| span.first_ns).min();
        let mut since = from;
        let mut cap_rows = capped(None).filter(|_| oldest.is_some());
        if let (Some(rows), Some(oldest)) = (capped(Some(severity)), oldest) {
            since = since.max(oldest);
            cap_rows = Some(rows);
            if capped(None).is_none() {
                note_cap(result, window, cut(Some(severity), rows, oldest));
            }
        }
        // A filter with a severity floor says nothing of what lies below it.
        if floor.is_some_and(|floor| severity < floor) && oldest.is_none() {
            continue;
        }
        let clipped = (since.max(window.since_ns), to.min(window.until_ns));
        if clipped.0 > clipped.1 || names.is_empty() {
            continue;
        }
        for name in names {
            if stated.is_some() && !filter.narrow {
                result.stated.entry(name.clone()).or_default().push(clipped);
            }
            by_service.entry(name.clone()).or_default().entry(severity).or_default().push(clipped);
        }
        if known.severities.contains(&severity) {
            let entry = by_severity.entry(severity).or_default();
            entry.intervals.push(clipped);
            entry.cap_rows = entry.cap_rows.max(cap_rows);
        }
    }
}

fn note_cap(result: &mut Coverage, window: Window, cap: CapCut) {
    if cap.newest_ns >= window.since_ns && cap.oldest_ns < window.until_ns {
        result.caps.push(cap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ingest::CapSuspected;

    fn span(severity: Severity, first_s: i64, last_s: i64, entries: u64) -> Span {
        Span {
            project: "p".into(),
            service: "s".into(),
            severity,
            first_ns: first_s * SECOND_NS,
            last_ns: last_s * SECOND_NS,
            entries,
        }
    }

    fn window(since_s: i64, until_s: i64) -> Window {
        Window::new(since_s * SECOND_NS, until_s * SECOND_NS).expect("window")
    }

    #[test]
    fn a_coverage_is_cut_to_windows_without_bridging_them() {
        let report = FileReport { path: "a".into(), ..FileReport::default() };
        let seen =
            coverage(&[(&report, &[span(Severity::Info, 0, 1_000, 5)])], window(0, 2_000), window(0, 2_000), &[]);
        let cut = seen.within(&[window(100, 200), window(900, 1_200)]);
        assert!((cut.asked_s - 400.0).abs() < 1e-9 && (cut.any_s() - 200.0).abs() < 1e-9);
        assert_eq!(cut.services["s"].intervals.len(), 2);
        assert!(seen.within(&[]).any().is_empty() && Coverage::default().any().is_empty());
    }

    #[test]
    fn a_file_covers_what_lies_between_its_first_and_last_entry() {
        let report = FileReport { path: "a".into(), ..FileReport::default() };
        let seen = coverage(
            &[(&report, &[span(Severity::Info, 10, 100, 5), span(Severity::Error, 40, 50, 2)])],
            window(0, 200),
            window(0, 200),
            &[],
        );
        assert!(
            (seen.severities[&Severity::Error].covered_s() - 90.0).abs() < 1e-9,
            "errors would have been seen throughout"
        );
        assert_eq!(seen.severities[&Severity::Error].cap_rows, None);
        assert!(!seen.severities.contains_key(&Severity::Warning));
        assert!(seen.covers("s", Severity::Warning, 20 * SECOND_NS, 30 * SECOND_NS));
    }

    #[test]
    fn a_capped_severity_is_covered_from_its_oldest_entry_on() {
        let report = FileReport {
            path: "a".into(),
            cap_suspected: vec![
                CapSuspected { severity: "ERROR".into(), rows: 50 },
                CapSuspected { severity: "INFO".into(), rows: 50 },
            ],
            ..FileReport::default()
        };
        let spans = [
            span(Severity::Info, 190, 200, 50),
            span(Severity::Error, 100, 180, 50),
            span(Severity::Notice, 0, 150, 12),
        ];
        let seen = coverage(&[(&report, &spans)], window(0, 300), window(0, 300), &[]);
        assert!((seen.severities[&Severity::Error].covered_s() - 100.0).abs() < 1e-9);
        assert!((seen.severities[&Severity::Info].covered_s() - 10.0).abs() < 1e-9);
        assert_eq!(
            (seen.severities[&Severity::Notice].cap_rows, seen.severities[&Severity::Error].cap_rows),
            (None, Some(50))
        );
        assert_eq!(seen.caps.len(), 2);
    }

    #[test]
    fn a_stated_window_wins_and_an_empty_export_is_evidence_of_zero_only_with_one() {
        let mut report = FileReport { path: "a".into(), ..FileReport::default() };
        assert!(coverage(&[(&report, &[])], window(0, 10), window(0, 10), &[]).services.is_empty());
        report.declared_window = Some(DeclaredWindow {
            since: "1970-01-01T00:00:00Z".into(),
            until: "1970-01-01T00:01:40Z".into(),
            source: "sidecar".into(),
            filter: Some("severity>=WARNING".into()),
            limit: None,
        });
        let seen = coverage(&[(&report, &[span(Severity::Error, 40, 50, 2)])], window(0, 100), window(0, 100), &[]);
        assert!((seen.services["s"].covered_s() - 100.0).abs() < 1e-9);
        assert!(
            !seen.services["s"].severities.contains_key(&Severity::Info),
            "a filter with a floor covers only what is above it"
        );
    }

    #[test]
    fn what_is_stated_wins_over_a_count_that_looks_like_a_cap() {
        let spans = [span(Severity::Error, 40, 90, 100)];
        let stating = |source: &str, limit: Option<u64>| {
            let report = FileReport {
                path: "a".into(),
                entries: 100,
                cap_suspected: vec![CapSuspected { severity: "ALL".into(), rows: 100 }],
                declared_window: Some(DeclaredWindow {
                    since: "1970-01-01T00:00:00Z".into(),
                    until: "1970-01-01T00:01:40Z".into(),
                    source: source.into(),
                    filter: None,
                    limit,
                }),
                ..FileReport::default()
            };
            let seen = coverage(&[(&report, &spans)], window(0, 100), window(0, 100), &[]);
            let rows = seen.severities[&Severity::Error].cap_rows;
            (seen.caps.len(), rows, seen.services["s"].covered_s().round())
        };
        assert_eq!(stating("sidecar", None), (0, None, 100.0));
        assert_eq!(stating("flag", None), (0, None, 100.0));
        assert_eq!(stating("sidecar", Some(101)), (0, None, 100.0), "a limit that was not reached");
        assert_eq!(stating("sidecar", Some(100)), (1, Some(100), 60.0), "one that was");
        assert_eq!(stating("file metadata", None), (1, Some(100), 50.0), "asked for, not covered");
    }

    #[test]
    fn a_file_of_errors_alone_says_nothing_of_what_lies_below_them() {
        let report = FileReport { path: "a".into(), ..FileReport::default() };
        let spans = [span(Severity::Error, 0, 100, 5), span(Severity::Critical, 50, 60, 1)];
        let seen = coverage(&[(&report, &spans)], window(0, 100), window(0, 100), &[]);
        assert!(seen.covers("s", Severity::Error, 10, 20) && seen.covers("s", Severity::Emergency, 10, 20));
        assert!(!seen.covers("s", Severity::Info, 10, 20));
        assert_eq!(seen.services["s"].rows, BTreeMap::from([(Severity::Error, 5), (Severity::Critical, 1)]));
    }

    #[test]
    fn a_stated_empty_export_covers_the_services_and_severities_that_are_seen_elsewhere() {
        let seen = FileReport { path: "a".into(), ..FileReport::default() };
        let spans = [span(Severity::Error, 0, 100, 5), span(Severity::Info, 10, 90, 2)];
        let stating = |filter: Option<&str>| FileReport {
            path: "b".into(),
            declared_window: Some(DeclaredWindow {
                since: "1970-01-01T01:00:00Z".into(),
                until: "1970-01-01T02:00:00Z".into(),
                source: "sidecar".into(),
                filter: filter.map(str::to_owned),
                limit: None,
            }),
            ..FileReport::default()
        };
        let whole = window(0, 7_200);
        let hour = (3_600 * SECOND_NS, 7_200 * SECOND_NS);
        let empty = stating(None);
        let found = coverage(&[(&seen, &spans), (&empty, &[])], whole, whole, &[]);
        assert!(found.covers("s", Severity::Error, hour.0, hour.1), "no error came in that hour");
        assert!(found.covers("s", Severity::Warning, hour.0, hour.1), "nor anything else of that service");
        assert_eq!(found.services["s"].intervals, [(0, 100 * SECOND_NS), hour]);
        for severity in [Severity::Error, Severity::Info] {
            assert!((found.severities[&severity].covered_s() - 3_700.0).abs() < 1e-9, "{severity:?}");
        }
        assert!(!found.severities.contains_key(&Severity::Warning), "of what nobody has seen nothing is said");
        assert!(!found.covers("other", Severity::Error, hour.0, hour.1), "nor of services that no file names");

        let errors_only = stating(Some("severity>=ERROR"));
        let found = coverage(&[(&seen, &spans), (&errors_only, &[])], whole, whole, &[]);
        assert!(found.covers("s", Severity::Error, hour.0, hour.1));
        assert!(!found.covers("s", Severity::Info, hour.0, hour.1), "below the filter's floor it is no evidence");

        let asked_only = FileReport { declared_window: None, ..stating(None) };
        let found = coverage(&[(&seen, &spans), (&asked_only, &[])], whole, whole, &[]);
        assert!(!found.covers("s", Severity::Error, hour.0, hour.1), "an empty file without a statement is none");
    }

    #[test]
    fn a_row_cap_cuts_the_side_on_which_rows_lack() {
        let of = |first: i64, last: i64| {
            let report = FileReport {
                path: "a".into(),
                entries: 1_000,
                declared_window: Some(DeclaredWindow {
                    since: "1970-01-01T00:00:00Z".into(),
                    until: "1970-01-01T10:00:00Z".into(),
                    source: "sidecar".into(),
                    filter: None,
                    limit: Some(1_000),
                }),
                ..FileReport::default()
            };
            let whole = window(0, 36_000);
            let found = coverage(&[(&report, &[span(Severity::Info, first, last, 1_000)])], whole, whole, &[]);
            let seconds = |ns: i64| ns / SECOND_NS;
            let intervals: Vec<(i64, i64)> =
                found.services["s"].intervals.iter().map(|(from, to)| (seconds(*from), seconds(*to))).collect();
            (intervals, found.caps[0].oldest_first)
        };
        assert_eq!(of(20_000, 35_990), (vec![(20_000, 36_000)], false), "the newest rows, as is usual");
        assert_eq!(of(30, 20_000), (vec![(0, 20_000)], true), "the oldest ones");
        assert_eq!(of(9_000, 15_000), (vec![(9_000, 36_000)], false), "the newest of an export made before its end");
    }

    #[test]
    fn unions_join_what_overlaps_or_nearly_touches() {
        let minute = 60 * SECOND_NS;
        assert_eq!(
            unite(vec![(0, minute), (5 * minute, 6 * minute), (40 * minute, 41 * minute)]),
            [(0, 6 * minute), (40 * minute, 41 * minute)]
        );
        let day = crate::time::DAY_NS;
        assert_eq!(days_between(&[(0, 2 * day + 1)], 0, 10 * day), 3);
        assert_eq!(days_between(&[(0, 2 * day)], 0, 10 * day), 2, "an end at midnight begins no day");
    }
}
