//! What every document shows: where it stands in time, requests by route, faults of the data, sources.
//!
//! Worklog, retrospective and postmortem say these in the same words, so the values of their templates are made here once.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::cluster::ns;
use super::filters;
use super::view::RenderOptions;
use crate::report::v1::{
    Cluster, Coverage, DataQuality, LatencyMs, QueryRef, Report, ReportWindow, Rest, Route, Run, ServiceRow, Source,
    Summary, Totals,
};

/// Routes that are listed.
const ROUTES: usize = 15;

/// A list that may have been cut.
#[derive(Debug, Serialize)]
pub(super) struct Cut<T> {
    pub(super) rows: Vec<T>,
    pub(super) left: usize,
    pub(super) total: usize,
    /// Of those left out, the ones that `report.json` counts only.
    pub(super) beyond: usize,
}

impl<T> Cut<T> {
    pub(super) fn new(all: impl IntoIterator<Item = T>, limit: usize) -> Self {
        let mut rows: Vec<T> = all.into_iter().collect();
        let total = rows.len();
        rows.truncate(limit);
        Self { left: total - rows.len(), rows, total, beyond: 0 }
    }

    /// Only what is shown is worked out.
    pub(super) fn map<U>(self, f: impl FnMut(T) -> U) -> Cut<U> {
        let Self { rows, left, total, beyond } = self;
        Cut { rows: rows.into_iter().map(f).collect(), left, total, beyond }
    }

    /// With those that the report itself only counts.
    pub(super) fn and(mut self, beyond: u64) -> Self {
        let more = usize::try_from(beyond).unwrap_or(usize::MAX);
        self.left = self.left.saturating_add(more);
        self.total = self.total.saturating_add(more);
        self.beyond = more;
        self
    }
}

/// The report as templates see it. Ours read none of the lists that documents cut but through cut lists, and of thousands of
/// clusters the values of such lists are most of a rendering's memory; templates of a user see all of it.
#[derive(Debug)]
struct Seen<'a> {
    report: &'a Report,
    whole: bool,
}

impl Serialize for Seen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Short<'a> {
            schema: &'a str,
            schema_version: &'a str,
            run: &'a Run,
            window: &'a ReportWindow,
            coverage: &'a Coverage,
            totals: &'a Totals,
            services: &'a [ServiceRow],
            data_quality: &'a [DataQuality],
            queries: &'a [QueryRef],
            masked: &'a BTreeMap<String, u64>,
            summary: &'a Summary,
            issue_exports: &'a [String],
        }
        let Report { schema, schema_version, run, window, coverage, totals, services, .. } = self.report;
        let Report { data_quality, queries, masked, summary, issue_exports, .. } = self.report;
        if self.whole {
            return self.report.serialize(serializer);
        }
        let short = Short {
            schema,
            schema_version,
            run,
            window,
            coverage,
            totals,
            services,
            data_quality,
            queries,
            masked,
            summary,
            issue_exports,
        };
        short.serialize(serializer)
    }
}

/// What the templates of all documents read.
#[derive(Debug, Serialize)]
pub(super) struct Common<'a> {
    report: Seen<'a>,
    /// The report's zone is not UTC.
    local: bool,
    /// Entries are quoted.
    examples: bool,
    route_rows: Cut<RouteView<'a>>,
    pub(super) quality_rows: Cut<&'a DataQuality>,
    source_rows: Cut<&'a Source>,
    /// How often the rule for rising and falling clusters flags one, where past windows could be looked at.
    calibration: Option<&'a str>,
    /// What the report only counts.
    rest: Option<&'a Rest>,
    /// Services beside those that the report names.
    services_beyond: u64,
    /// Clusters that came before the window as well: their first entry in it is not the first of all.
    earlier: Vec<&'a str>,
    /// Clusters that came so early in the data that they may have come before it.
    from_start: Vec<&'a str>,
}

/// Requests of a route, beside the time before where that is known.
#[derive(Debug, Serialize)]
struct RouteView<'a> {
    r: &'a Route,
    /// `0.4 %`
    share_4xx: String,
    /// `1.2 % (before 0.1 %)`
    share_5xx: String,
    /// `46 ms (before 40 ms)`
    p50: String,
    p95: String,
}

impl<'a> Common<'a> {
    pub(super) fn new(report: &'a Report, options: &RenderOptions<'a>) -> Self {
        Self {
            report: Seen { report, whole: options.whole },
            local: !report.window.timezone.is_empty() && !report.window.timezone.eq_ignore_ascii_case("UTC"),
            examples: options.examples,
            route_rows: Cut::new(&report.routes, ROUTES).map(route).and(beyond(report, |rest| rest.routes)),
            rest: report.rest.as_ref(),
            services_beyond: beyond(report, |rest| rest.service_rows),
            quality_rows: Cut::new(&report.data_quality, options.quiet),
            source_rows: Cut::new(&report.sources, options.sources),
            calibration: report.calibration.as_ref().map(|found| found.sentence.as_str()),
            earlier: report.clusters.iter().filter(|c| came_before(c)).map(|c| c.id.as_str()).collect(),
            from_start: report.clusters.iter().filter(|c| from_start(c, report)).map(|c| c.id.as_str()).collect(),
        }
    }
}

/// A sum over what the report only counts.
pub(super) fn beyond(report: &Report, of: impl Fn(&Rest) -> u64) -> u64 {
    report.rest.as_ref().map_or(0, of)
}

/// Clusters that are only counted and back since an earlier week: they have got no worse in this one.
pub(super) fn still_back(report: &Report) -> u64 {
    report.weekly.as_ref().map_or(0, |weekly| weekly.counted.still_back)
}

/// Whether a cluster was seen before the window.
pub(super) fn came_before(c: &Cluster) -> bool {
    let trend = &c.trend;
    trend.previous.is_some_and(|n| n > 0) || trend.snapshots.as_ref().is_some_and(|seen| seen.present_before > 0)
}

/// Whether the data begins no longer before a cluster than it was away in it: when it began is unknown then.
fn from_start(c: &Cluster, report: &Report) -> bool {
    let covered = report.coverage.services.get(&c.service);
    let begin = covered.and_then(|own| own.intervals.first()).and_then(|[from, _]| ns(from));
    let (Some(begin), Some(first), Some(gap_s)) = (begin, ns(&c.first), c.cadence.max_s) else { return false };
    (first - begin) as f64 <= gap_s * crate::time::SECOND_NS as f64
}

fn route(r: &Route) -> RouteView<'_> {
    let clients = r.statuses.get("4xx").copied().unwrap_or(0);
    let latency = |of: fn(&LatencyMs) -> f64| {
        let ms = |found: &LatencyMs| filters::seconds(of(found) / 1_000.0);
        r.latency_ms.as_ref().map_or_else(String::new, |now| beside(ms(now), r.latency_before_ms.as_ref().map(ms)))
    };
    RouteView {
        share_4xx: filters::percent(if r.requests == 0 { 0.0 } else { clients as f64 / r.requests as f64 }),
        share_5xx: beside(filters::percent(r.share_5xx), r.share_5xx_before.map(filters::percent)),
        p50: latency(|found| found.p50),
        p95: latency(|found| found.p95),
        r,
    }
}

/// `12 ms (before 8 ms)`; the same twice says nothing.
fn beside(now: String, before: Option<String>) -> String {
    match before.filter(|before| *before != now) {
        Some(before) => format!("{now} (before {before})"),
        None => now,
    }
}

/// The services of a report that have a name; those asked for where nothing was read.
pub(super) fn services(report: &Report) -> Vec<&str> {
    let named: Vec<&str> =
        report.services.iter().map(|row| row.service.as_str()).filter(|name| !name.is_empty()).collect();
    match (report.services.is_empty(), named.is_empty()) {
        (true, _) => report.window.services.iter().map(String::as_str).collect(),
        (false, true) => vec!["(no service)"],
        _ => named,
    }
}
