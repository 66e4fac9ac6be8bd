//! What a weekly retrospective shows: the service table, the fixes, and each list short enough to be read.
//!
//! It stands on the same choices as the worklog ([`View`]) and adds those of the week. A cluster is linked only where the
//! document has a place for it, so every row says whether it has one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cluster::ClusterView;
use super::common::{Cut, beyond};
use super::notes::Notes;
use super::view::{RenderOptions, View};
use super::{chart, filters};
use crate::report::v1::{Cluster, FindingRow, Report};
use crate::report::v1_weekly::{
    ChangeRow, DeployRow, DriftRow, Fix, NoiseRow, OpenRow, RequestRow, Strip, TemplateChange, UncoveredSpan,
    WeekService, Weekly,
};

/// Services, fixes and changes of the first screen.
const FIRST: usize = 8;
/// Rows of each list below.
const ROWS: usize = 15;

/// Everything a weekly template reads.
#[derive(Debug, Serialize)]
pub(super) struct WeeklyView<'a> {
    #[serde(flatten)]
    base: View<'a>,
    w: &'a Weekly,
    /// The week before, by name.
    last: Option<&'a str>,
    week_services: Cut<ServiceRow<'a>>,
    fixes: Cut<FixRow<'a>>,
    fixes_below: Cut<FixRow<'a>>,
    elsewhere: Cut<String>,
    changes: Vec<Change<'a>>,
    /// How many problems there are, and what became of them.
    lead: String,
    worst: Cut<WorstRow<'a>>,
    /// What is new, or first seen here, for the first screen.
    first_new: Cut<String>,
    days: Cut<DaysRow<'a>>,
    noise: Cut<&'a NoiseRow>,
    drifts: Cut<&'a DriftRow>,
    deploys: Cut<&'a DeployRow>,
    routes: Cut<RouteRow<'a>>,
    open: Cut<&'a OpenRow>,
    renamed: Cut<&'a TemplateChange>,
    gaps: Cut<&'a UncoveredSpan>,
    /// Ids with a place in the document.
    shown: BTreeSet<&'a str>,
    /// Since when what was told in an earlier week is back.
    back: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
struct ServiceRow<'a> {
    s: &'a WeekService,
    /// `12.4 (last 8.1, median of 3 weeks 8.3)`
    rate: String,
    /// `+53 %` against the week before.
    change: Option<String>,
    /// `2 / 1 / 5 / 0`
    problems: String,
    /// `168 h of 168 h`
    covered: String,
}

#[derive(Debug, Serialize)]
struct FixRow<'a> {
    f: &'a Fix,
    verdict: &'static str,
    revisions: String,
    title: &'a str,
}

#[derive(Debug, Serialize)]
struct WorstRow<'a> {
    row: &'a FindingRow,
    svg: Option<String>,
}

/// One list of clusters that changed.
#[derive(Debug, Serialize)]
struct Change<'a> {
    name: &'static str,
    anchor: &'static str,
    what: &'static str,
    rows: Cut<ChangeView<'a>>,
}

#[derive(Debug, Serialize)]
struct ChangeView<'a> {
    row: &'a ChangeRow,
    x: Option<ClusterView<'a>>,
    spark: String,
    svg: Option<String>,
}

#[derive(Debug, Serialize)]
struct DaysRow<'a> {
    c: &'a Cluster,
    spark: String,
    svg: Option<String>,
    entries: u64,
    before: Option<u64>,
}

#[derive(Debug, Serialize)]
struct RouteRow<'a> {
    r: &'a RequestRow,
    share: String,
    p50: String,
    p95: String,
}

impl<'a> WeeklyView<'a> {
    pub(super) fn new(
        report: &'a Report,
        w: &'a Weekly,
        options: &RenderOptions<'a>,
        notes: &'a Notes,
        charts: bool,
    ) -> Self {
        let base = View::new(report, options, notes, charts);
        let by_id: BTreeMap<&str, &Cluster> = report.clusters.iter().map(|c| (c.id.as_str(), c)).collect();
        let lengths: Vec<usize> = w.weeks.iter().map(|week| week.days.len()).collect();
        let strips: BTreeMap<&str, &Strip> = w.strips.iter().map(|strip| (strip.cluster.as_str(), strip)).collect();
        let spark =
            |id: &str| strips.get(id).map_or_else(String::new, |strip| chart::spark_weeks(&strip.days, &lengths));
        let svg = |id: &str| strips.get(id).filter(|_| charts).map(|strip| chart::week_strip(&strip.days, &lengths));
        let context = View::context(report, options, notes, charts);
        let counted = &w.counted;
        let changes: Vec<Change<'a>> = [
            ("New", "new", "seen for the first time, with enough of the time before covered", &w.new, counted.new),
            (
                "First seen here",
                "first",
                "not seen before, but too little before the week is covered to call that new",
                &w.first_seen,
                counted.first_seen,
            ),
            (
                "Went silent",
                "silent",
                "came in every covered hour, and is gone while it was exported",
                &w.silent,
                counted.silent,
            ),
            (
                "Regressed",
                "regressed",
                "closed as fixed, and back in a newer revision since this week",
                &w.regressed,
                counted.regressed,
            ),
            (
                "Still back",
                "back",
                "closed as fixed, and back since an earlier week, when it was told",
                &w.still_back,
                counted.still_back,
            ),
            (
                "Escalating",
                "escalating",
                "more than the weeks before lead to expect",
                &w.escalating,
                counted.escalating,
            ),
            ("Declining", "declining", "less than the weeks before lead to expect", &w.declining, counted.declining),
            (
                "Resolved or quiet",
                "resolved",
                "not seen for long enough, with that time covered",
                &w.resolved,
                counted.resolved,
            ),
        ]
        .into_iter()
        .map(|(name, anchor, what, list, more)| Change {
            name,
            anchor,
            what,
            rows: Cut::new(list, ROWS).and(more).map(|row| ChangeView {
                row,
                x: by_id.get(row.cluster.as_str()).map(|c| context.cluster(c)),
                spark: spark(&row.cluster),
                svg: svg(&row.cluster),
            }),
        })
        .collect();
        let rows = w.strips.iter().filter_map(|strip| {
            let c = by_id.get(strip.cluster.as_str()).copied()?;
            let before = strip.per_week.len().checked_sub(2).map(|at| strip.per_week[at]);
            Some((c, strip.per_week.last().copied().unwrap_or(0), before))
        });
        let days = Cut::new(rows, options.clusters).and(counted.strips).map(|(c, entries, before)| DaysRow {
            spark: spark(&c.id),
            svg: svg(&c.id),
            c,
            entries,
            before,
        });
        let mut shown: BTreeSet<&str> = days.rows.iter().map(|row| row.c.id.as_str()).collect();
        shown.extend(report.families.iter().map(|family| family.id.as_str()));
        let fix = |f| fix_row(f, &report.window.since, &by_id);
        let (first, below) = w.fixes.split_at(w.fixes.len().min(FIRST));
        Self {
            base,
            w,
            last: w.weeks.len().checked_sub(2).map(|at| w.weeks[at].week.as_str()),
            week_services: Cut::new(&w.services, FIRST).map(service_row).and(beyond(report, |rest| rest.service_rows)),
            fixes: Cut::new(first, FIRST).map(fix),
            fixes_below: Cut::new(below, options.quiet).map(fix),
            elsewhere: Cut::new(&w.fixes_elsewhere, FIRST).map(|issue| format!("#{} {}", issue.number, issue.title)),
            changes,
            lead: lead(report, w),
            worst: Cut::new(&report.summary.findings, FIRST)
                .map(|row| WorstRow { row, svg: svg(&row.cluster) })
                .and(beyond(report, |rest| rest.findings)),
            first_new: Cut::new(w.new.iter().chain(&w.first_seen), 3)
                .map(|row| {
                    let since = filters::time_words(&row.at);
                    format!("{} {} ({}): since {since}; {}", row.cluster, row.title, row.service, row.sentence)
                })
                .and(counted.new + counted.first_seen),
            days,
            noise: Cut::new(&w.noise, 10),
            drifts: Cut::new(&w.drifts, ROWS).and(counted.drifts),
            deploys: Cut::new(&w.deploys, options.quiet),
            routes: Cut::new(&w.requests, ROWS).map(route_row).and(beyond(report, |rest| rest.routes)),
            open: Cut::new(&w.open, options.quiet),
            renamed: Cut::new(&w.renamed, ROWS),
            gaps: Cut::new(&w.gaps, ROWS),
            shown,
            back: w
                .still_back
                .iter()
                .filter_map(|row| Some((row.cluster.as_str(), row.back_since.as_deref()?)))
                .collect(),
        }
    }
}

fn service_row(s: &WeekService) -> ServiceRow<'_> {
    let figures = &s.errors_per_1000_requests;
    let number = |value: f64| filters::number((value * 10.0).round() / 10.0);
    let rate = match figures.this {
        None => format!("no requests in the data; {}", errors(s)),
        Some(this) => {
            let last = figures.last.map(|last| format!("last {}", number(last)));
            let median = figures
                .median
                .filter(|_| figures.weeks > 1)
                .map(|median| format!("median of {} weeks {}", figures.weeks, number(median)));
            let earlier: Vec<String> = last.into_iter().chain(median).collect();
            let rate =
                if earlier.is_empty() { number(this) } else { format!("{} ({})", number(this), earlier.join(", ")) };
            format!("{rate}{}", driver(s, this, figures.last).unwrap_or_default())
        }
    };
    // Without requests, the errors themselves are compared.
    let counted = || s.errors_last.map(|last| (s.errors as f64, last as f64));
    let compared = if figures.this.is_some() { figures.this.zip(figures.last) } else { counted() };
    let change = compared.filter(|(_, last)| *last > 0.0).map(|(this, last)| {
        let percent = ((this / last - 1.0) * 100.0).round();
        format!("{}{} %", if percent > 0.0 { "+" } else { "" }, filters::number(percent))
    });
    let undecided = if s.families_undecided > 0 {
        format!(" (+{} undecided)", filters::count(s.families_undecided))
    } else {
        String::new()
    };
    let counts = [s.families_new, s.families_worse, s.families_same, s.families_gone].map(filters::count);
    let last = s.covered_h_last.map_or_else(String::new, |last| format!(" (last {} h)", filters::number(last)));
    ServiceRow {
        rate,
        change,
        problems: format!("{}{undecided}", counts.join(" / ")),
        covered: format!("{} h{last}", filters::number(s.covered_h)),
        s,
    }
}

/// What a rate comes from: a crash loop, else the cluster that rose most.
fn driver(s: &WeekService, this: f64, last: Option<f64>) -> Option<String> {
    if s.errors_crash_loops > 0 {
        let looping = filters::count(s.errors_crash_loops);
        let without = this * (1.0 - s.errors_crash_loops as f64 / s.errors.max(1) as f64);
        return Some(format!(
            "; {looping} of {} errors in a crash loop, {} without them",
            filters::count(s.errors),
            filters::number((without * 10.0).round() / 10.0)
        ));
    }
    let risen = s.most_risen.as_ref().filter(|_| last.is_some_and(|last| this > last))?;
    let (now, before) = (filters::count(risen.entries), filters::count(risen.entries_last));
    Some(format!("; most risen: {} {now} (last {before})", risen.cluster))
}

fn lead(report: &Report, w: &Weekly) -> String {
    let n = |list: &[ChangeRow], more: u64| filters::count(list.len() as u64 + more);
    let c = &w.counted;
    let beyond = beyond(report, |rest| rest.findings);
    let problems = report.summary.findings.len() as u64 + beyond;
    let counted = if beyond == 0 { String::new() } else { format!("; {} are only counted", filters::count(beyond)) };
    // Every problem has its status in the summary, told or not; where all are told, they are counted as they stand.
    let told = || report.summary.findings.iter().filter(|finding| finding.status == "ongoing").count() as u64;
    let ongoing =
        if beyond == 0 { told() } else { report.summary.statuses.get("ongoing").copied().unwrap_or_else(told) };
    format!(
        "{} {} of WARNING and above: {} new, {} first seen here, {} gone silent, {} regressed, {} still back, {} escalating, {} declining, {} ongoing as before; {} more went away{counted}.",
        filters::count(problems),
        if problems == 1 { "problem" } else { "problems" },
        n(&w.new, c.new),
        n(&w.first_seen, c.first_seen),
        n(&w.silent, c.silent),
        n(&w.regressed, c.regressed),
        n(&w.still_back, c.still_back),
        n(&w.escalating, c.escalating),
        n(&w.declining, c.declining),
        filters::count(ongoing),
        n(&w.resolved, c.resolved),
    )
}

fn errors(s: &WeekService) -> String {
    let last = s.errors_last.map_or_else(String::new, |last| format!(" (last {})", filters::count(last)));
    format!("{} errors{last}", filters::count(s.errors))
}

fn fix_row<'a>(f: &'a Fix, since: &str, by_id: &BTreeMap<&str, &'a Cluster>) -> FixRow<'a> {
    let row = f.clusters.first().and_then(|id| by_id.get(id.as_str()));
    FixRow {
        verdict: match f.verdict.as_str() {
            "holds" => "holds",
            // Both are RFC 3339 in UTC with nine digits.
            "came_back" if f.back_since.as_deref().is_some_and(|back| back < since) => "still back",
            "came_back" => "came back",
            _ => "too early to say",
        },
        revisions: f
            .revisions
            .iter()
            .map(|row| format!("{} {}{}", row.revision, row.events, if row.newer { " (newer)" } else { "" }))
            .collect::<Vec<_>>()
            .join(", "),
        title: row.map_or(f.title.as_str(), |row| row.title.as_str()),
        f,
    }
}

fn route_row(r: &RequestRow) -> RouteRow<'_> {
    let with = |now: String, last: Option<String>| match last {
        Some(last) => format!("{now} (last {last})"),
        None => now,
    };
    let ms = |value: f64| filters::seconds(value / 1_000.0);
    RouteRow {
        share: with(filters::percent(r.share_5xx), r.share_5xx_last.map(filters::percent)),
        p50: r.p50_ms.map_or_else(String::new, |p50| with(ms(p50), r.p50_ms_last.map(ms))),
        p95: r.p95_ms.map_or_else(String::new, |p95| with(ms(p95), r.p95_ms_last.map(ms))),
        r,
    }
}
