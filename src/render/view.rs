//! What of a report a worklog shows: which clusters in full, which in a line, how many were left out.
//!
//! Templates hold loops and ifs only, so every choice and every joined fact stands here as a field. The report is never cut;
//! a document is, and each cut list carries the number it left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cluster::{ClusterView, Context, ns, rank};
use super::common::{Common, Cut, beyond, services, still_back};
use super::notes::{Notes, Sections};
use super::{chart, filters, safe};
use crate::report::v1::{
    ActionRow, Cluster, DayCount, Deploy, Family, FindingRow, Report, Rest, RestLists, ServiceRow, TimelineRow,
};

/// What is to be done now, of which so much is told at the top.
const NEXT: usize = 4;
/// Services whose coverage is drawn.
const BARS: usize = 16;
/// Others that are named there, and letters of the title of each.
const LEFT: usize = 8;
const SHORT: usize = 48;

/// What the filing step did with an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filed {
    /// Action id.
    pub action_id: String,
    /// `applied`, `already_done`, `skipped`, `conflict`, `failed`, `dry_run` or `undone`.
    pub status: String,
    /// Issue number.
    pub number: Option<u64>,
    /// Address of the issue.
    pub url: Option<String>,
    /// Address of the comment.
    pub comment_url: Option<String>,
    /// When, as the filing step says.
    pub at: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// What to show, and how much of it.
#[derive(Debug, Clone)]
pub struct RenderOptions<'a> {
    /// Quote entries; without, only templates and counts are shown.
    pub examples: bool,
    /// Clusters with a section of their own.
    pub clusters: usize,
    /// Clusters below WARNING, and clusters without entries, listed in a line each.
    pub quiet: usize,
    /// Occurrence times of a cluster.
    pub times: usize,
    /// Rows of the timeline.
    pub timeline: usize,
    /// Planned actions.
    pub actions: usize,
    /// Files that were read.
    pub sources: usize,
    /// Services.
    pub services: usize,
    /// Characters of a quoted entry.
    pub example_chars: usize,
    /// Text of `notes.md`: remarks under headings that name a section or an id.
    pub notes: Option<&'a str>,
    /// What was filed; empty before the filing step has run.
    pub filed: &'a [Filed],
    /// Templates see the whole report; a [`super::Renderer`] decides it by whether some are the user's.
    pub whole: bool,
}

impl Default for RenderOptions<'_> {
    fn default() -> Self {
        Self {
            examples: true,
            clusters: 40,
            quiet: 25,
            times: 20,
            timeline: 60,
            actions: 60,
            sources: 200,
            services: 100,
            example_chars: 4_000,
            notes: None,
            filed: &[],
            whole: true,
        }
    }
}

/// Everything a worklog template reads.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    services: Vec<&'a str>,
    service_rows: Cut<&'a ServiceRow>,
    /// The first screen: each list short enough for it.
    top: Top<'a>,
    findings: Cut<FindingView<'a>>,
    clusters: Cut<ClusterView<'a>>,
    below: Cut<ClusterView<'a>>,
    silent: Cut<ClusterView<'a>>,
    severities: Vec<SeverityRow<'a>>,
    effective: Vec<ShareRow<'a>>,
    kinds: Vec<ShareRow<'a>>,
    timeline: Cut<&'a TimelineRow>,
    deploy_rows: Cut<&'a Deploy>,
    actions: Cut<ActionView<'a>>,
    action_counts: Vec<(String, usize)>,
    filed: bool,
    sums: Sums,
    risks: Cut<&'a Cluster>,
    tiers: Vec<Tier<'a>>,
    families: Cut<FamilyView<'a>>,
    days_svg: Option<String>,
    days_text: Option<String>,
    /// What a column of both counts.
    days_unit: String,
    /// Services, those covered least where not all are shown, and severities of which rows are missing.
    coverage_rows: Cut<CoverageRow<'a>>,
    /// Ids with a place in the worklog; others are not linked.
    linked: BTreeMap<&'a str, bool>,
    notes: Sections,
    other_notes: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct Top<'a> {
    findings: Cut<&'a FindingRow>,
    new: Cut<&'a str>,
    worse: Cut<&'a str>,
    gone: Cut<&'a str>,
    follows: Cut<&'a str>,
    next: Cut<&'a str>,
    /// Those that are left out of it, in short.
    next_left: Vec<String>,
    unseen: Cut<&'a str>,
    /// Clusters of which nobody can say whether they are new.
    undecided: u64,
}

#[derive(Debug, Serialize)]
struct FindingView<'a> {
    row: &'a FindingRow,
    cluster: Option<&'a Cluster>,
    svg: Option<String>,
}

#[derive(Debug, Serialize)]
struct SeverityRow<'a> {
    name: &'a str,
    entries: u64,
    share: f64,
    first: Option<&'a str>,
    last: Option<&'a str>,
    covered_s: Option<f64>,
    asked_s: Option<f64>,
    cap_rows: Option<u64>,
    cap: bool,
}

#[derive(Debug, Serialize)]
struct ShareRow<'a> {
    name: &'a str,
    entries: u64,
    share: f64,
}

#[derive(Debug, Serialize)]
struct ActionView<'a> {
    a: &'a ActionRow,
    filed: Option<&'a Filed>,
    /// The family's or the cluster's title.
    title: &'a str,
}

/// Sums a reader can check.
#[derive(Debug, Serialize)]
struct Sums {
    entries: u64,
    attached: u64,
    /// Entries that are in no cluster.
    further: u64,
    unique: u64,
    agree: bool,
    clusters: u64,
}

#[derive(Debug, Serialize)]
struct Tier<'a> {
    name: &'static str,
    rows: Cut<&'a FindingRow>,
}

#[derive(Debug, Serialize)]
struct FamilyView<'a> {
    f: &'a Family,
    members: Vec<&'a Cluster>,
}

#[derive(Debug, Serialize)]
struct CoverageRow<'a> {
    name: &'a str,
    words: String,
    svg: String,
    whole: bool,
}

impl<'a> View<'a> {
    /// What every cluster of a document shares.
    pub(super) fn context<'b>(
        report: &'a Report,
        options: &'b RenderOptions<'a>,
        notes: &'a Notes,
        charts: bool,
    ) -> Context<'a, 'b> {
        Context { report, options, notes, charts, window: window(report) }
    }

    pub(super) fn new(report: &'a Report, options: &RenderOptions<'a>, notes: &'a Notes, charts: bool) -> Self {
        let by_id: BTreeMap<&str, &Cluster> = report.clusters.iter().map(|c| (c.id.as_str(), c)).collect();
        let found: BTreeSet<&str> = report.summary.findings.iter().map(|row| row.cluster.as_str()).collect();
        let context = Self::context(report, options, notes, charts);
        let (mut loud, mut below, mut silent) = (Vec::new(), Vec::new(), Vec::new());
        for c in &report.clusters {
            let present = c.entries + c.attached > 0;
            let urgent = present && rank(&c.effective_severity) >= rank("WARNING") || found.contains(c.id.as_str());
            let list = if urgent {
                &mut loud
            } else if present {
                &mut below
            } else {
                &mut silent
            };
            list.push(c);
        }
        let actions: Vec<ActionView> = report
            .actions
            .iter()
            .map(|a| ActionView {
                a,
                filed: options.filed.iter().rfind(|row| row.action_id == a.id),
                title: a
                    .title
                    .as_deref()
                    .or_else(|| by_id.get(a.cluster.as_str()).map(|c| c.title.as_str()))
                    .unwrap_or(""),
            })
            .collect();
        let days: Vec<_> = days_of_all(&loud);
        let (notes_used, other_notes) = notes.split(report);
        let list = |all, limit, more| Cut::new(all, limit).map(|c| context.cluster(c)).and(more);
        let clusters = list(loud.clone(), options.clusters, beyond(report, |rest| rest.loud));
        let below = list(below, options.quiet, beyond(report, |rest| rest.clusters + rest.absent_silent - rest.loud));
        let silent = list(silent, options.quiet, beyond(report, |rest| rest.absent - rest.absent_silent));
        let families = Cut::new(&report.families, options.clusters)
            .map(|f| FamilyView {
                f,
                members: f.members.iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect(),
            })
            .and(beyond(report, |rest| rest.families));
        let of_lists = [&clusters, &below, &silent].into_iter().flat_map(|list| &list.rows).map(ClusterView::id);
        let linked = of_lists.chain(families.rows.iter().map(|x| x.f.id.as_str())).map(|id| (id, true)).collect();
        View {
            common: Common::new(report, options),
            services: services(report),
            service_rows: Cut::new(&report.services, options.services).and(beyond(report, |rest| rest.service_rows)),
            top: Top::new(report),
            findings: Cut::new(&report.summary.findings, options.clusters)
                .map(|row| {
                    let cluster = by_id.get(row.cluster.as_str()).copied();
                    FindingView { row, cluster, svg: cluster.filter(|_| charts).and_then(|c| context.svg(c)) }
                })
                .and(beyond(report, |rest| rest.findings)),
            risks: Cut::new(loud.iter().copied().filter(|c| c.impact.is_some()), options.quiet)
                .and(beyond(report, |rest| rest.lists.impact)),
            clusters,
            below,
            silent,
            severities: severities(report),
            effective: shares(&report.totals.effective_severity),
            kinds: shares(&report.totals.kind),
            timeline: Cut::new(&report.timeline, options.timeline).and(beyond(report, |rest| rest.lists.timeline)),
            action_counts: action_counts(&actions),
            filed: actions.iter().any(|a| a.filed.is_some()),
            deploy_rows: Cut::new(&report.deploys, options.timeline),
            actions: Cut::new(actions, options.actions),
            sums: Sums::new(report),
            tiers: tiers(report, options),
            families,
            linked,
            days_svg: (charts && days.len() > 2).then(|| chart::day_bars(&days)),
            days_text: (days.len() > 1).then(|| chart::spark_text(&days)),
            days_unit: chart::unit(&days),
            coverage_rows: coverage_rows(report, context.window),
            notes: notes_used,
            other_notes,
        }
    }
}

fn window(report: &Report) -> (i64, i64) {
    (ns(&report.window.since).unwrap_or(0), ns(&report.window.until).unwrap_or(0))
}

impl<'a> Top<'a> {
    fn new(report: &'a Report) -> Self {
        let few = |list: &'a [String], limit| Cut::new(list.iter().map(String::as_str), limit);
        let s = &report.summary;
        let more = |of: fn(&RestLists) -> u64| beyond(report, |rest| of(&rest.lists));
        let pressing = s.findings.iter().filter(|row| row.is_pressing());
        Top {
            findings: Cut::new(&s.findings, 10).and(beyond(report, |rest| rest.findings)),
            new: few(&s.new, 3).and(more(|lists| lists.new)),
            worse: few(&s.worse, 3).and(more(RestLists::worse).saturating_sub(still_back(report))),
            gone: few(&s.gone, 3).and(more(|lists| lists.gone)),
            follows: few(&s.follows, 3).and(beyond(report, |rest| rest.families)),
            next: few(&s.next, NEXT).and(more(|lists| lists.next)),
            next_left: pressing.skip(NEXT).take(LEFT).map(short).collect(),
            unseen: few(&s.unseen, 4),
            undecided: s.statuses.get("insufficient_coverage").copied().unwrap_or(0),
        }
    }
}

fn short(row: &FindingRow) -> String {
    let owner = row.owner.as_deref().map_or_else(String::new, |owner| format!(" ({owner})"));
    format!("{} {}{owner}", row.cluster, safe::cut(&safe::one_line(&row.title), SHORT))
}

fn share(n: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { n as f64 / of as f64 }
}

fn shares(map: &BTreeMap<String, u64>) -> Vec<ShareRow<'_>> {
    let total: u64 = map.values().sum();
    let mut rows: Vec<_> =
        map.iter().map(|(name, n)| ShareRow { name, entries: *n, share: share(*n, total) }).collect();
    rows.sort_by(|a, b| {
        rank(b.name).cmp(&rank(a.name)).then_with(|| b.entries.cmp(&a.entries)).then_with(|| a.name.cmp(b.name))
    });
    rows
}

fn severities(report: &Report) -> Vec<SeverityRow<'_>> {
    let of = &report.coverage.by_severity;
    shares(&report.totals.severity)
        .into_iter()
        .map(|row| {
            let cover = of.get(row.name);
            SeverityRow {
                name: row.name,
                entries: row.entries,
                share: row.share,
                first: cover.and_then(|c| c.first.as_deref()),
                last: cover.and_then(|c| c.last.as_deref()),
                covered_s: cover.map(|c| c.covered_s),
                asked_s: cover.map(|c| c.asked_s),
                cap_rows: cover.and_then(|c| c.cap_rows),
                cap: cover.is_some_and(|c| c.cap_suspected),
            }
        })
        .collect()
}

/// One bar a service from its covered intervals, one a severity that is covered in part.
fn coverage_rows(report: &Report, window: (i64, i64)) -> Cut<CoverageRow<'_>> {
    let mut services: Vec<_> = report.coverage.services.iter().collect();
    if services.len() > BARS {
        services.sort_by(|(_, a), (_, b)| a.covered_s.total_cmp(&b.covered_s));
    }
    let mut rows = Cut::new(services, BARS).map(|(name, s)| {
        let parts: Vec<(i64, i64)> = s.intervals.iter().filter_map(|[from, to]| Some((ns(from)?, ns(to)?))).collect();
        let fraction = (s.covered_s / report.window.seconds.max(1e-9)).min(1.0);
        let words = format!("{} of {} covered", filters::seconds(s.covered_s), filters::seconds(report.window.seconds));
        let svg = chart::covered(window, &parts, &format!("{name}: {words}"));
        CoverageRow { name, words, svg, whole: fraction >= 1.0 }
    });
    for (name, s) in report.coverage.by_severity.iter().filter(|(_, s)| s.cap_suspected) {
        let words = format!("{} of {} seen", filters::seconds(s.covered_s), filters::seconds(s.asked_s));
        // A cap keeps the newest rows, so what is seen ends at the newest entry.
        let parts: Vec<(i64, i64)> =
            s.first.iter().zip(&s.last).filter_map(|(from, to)| Some((ns(from)?, ns(to)?))).collect();
        let svg = chart::covered(window, &parts, &format!("{name}: {words}"));
        rows.rows.push(CoverageRow { name, words, svg, whole: false });
    }
    rows
}

impl Sums {
    fn new(report: &Report) -> Self {
        let entries = report.clusters.iter().map(|c| c.entries).sum::<u64>() + beyond(report, |rest| rest.entries);
        let attached = report.clusters.iter().map(|c| c.attached).sum::<u64>() + beyond(report, |rest| rest.attached);
        let (unique, further) = (report.totals.unique, report.totals.further);
        Sums {
            entries,
            attached,
            unique,
            further,
            agree: entries + attached + further == unique,
            clusters: report.clusters.iter().filter(|c| c.entries + c.attached > 0).count() as u64
                + beyond(report, |rest| rest.clusters),
        }
    }
}

fn action_counts(actions: &[ActionView]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for action in actions {
        let status = action.filed.map_or(action.a.status.as_str(), |filed| filed.status.as_str());
        let words =
            if action.a.kind == "none" { "no action".to_owned() } else { format!("{} {status}", action.a.kind) };
        *counts.entry(words.replace('_', " ")).or_default() += 1;
    }
    counts.into_iter().collect()
}

fn tiers<'a>(report: &'a Report, options: &RenderOptions<'_>) -> Vec<Tier<'a>> {
    let tier = |name, wanted: fn(&str) -> bool| {
        let own = report.summary.findings.iter().filter(|row| wanted(&row.priority));
        let more = |rest: &Rest| rest.problem_priority.iter().filter(|(word, _)| wanted(word)).map(|(_, n)| n).sum();
        Tier { name, rows: Cut::new(own, options.quiet).and(beyond(report, more)) }
    };
    let mut tiers = vec![
        tier("Immediate (P0)", |p| p == "P0"),
        tier("High (P1)", |p| p == "P1"),
        tier("Medium (P2)", |p| p == "P2"),
        tier("Monitor (P3 and lower)", |p| !matches!(p, "P0" | "P1" | "P2")),
    ];
    tiers.retain(|tier| tier.rows.total > 0);
    tiers
}

/// Entries of WARNING and above per UTC day (or days, where the window is long), over all clusters shown or not.
fn days_of_all(loud: &[&Cluster]) -> Vec<DayCount> {
    let mut days: BTreeMap<&str, DayCount> = BTreeMap::new();
    for day in loud.iter().flat_map(|c| &c.trend.per_day) {
        let empty = || DayCount { entries: 0, covered: false, ..day.clone() };
        let sum = days.entry(&day.day).or_insert_with(empty);
        sum.entries += day.entries;
        sum.covered |= day.covered;
    }
    days.into_values().collect()
}
