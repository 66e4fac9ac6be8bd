//! The weekly retrospective: one week of a report against the weeks before it, in words and figures.
//!
//! Everything counts from two tables that cover five weeks, rows per cluster and hour and covered stretches per service, and
//! from the analysis of the week itself; nothing here reads the store. The same template set serves every week, so a template
//! that was read differently a week ago is named as such and never shown as gone and new.

mod deploys;
mod fixes;
mod lists;

use std::collections::{BTreeMap, BTreeSet};

pub use lists::{add_request, template_changes};

use super::v1;
use super::v1_weekly::{
    ChangeRow, Figures, Risen, Strip, TemplateChange, UncoveredSpan, WeekCounted, WeekService, WeekSpan, Weekly,
};
use super::worklog::{is_loud, is_problem, level};
use crate::analyze::{Analysis, ClusterKey, Coverage, FamilyKind, Parameter, Priority, Ranked, Role, Status};
use crate::config::Config;
use crate::issue::Issue;
use crate::record::Severity;
use crate::store::Deploy;
use crate::time::week::{Day, Week, hours};
use crate::time::{HOUR_NS, SECOND_NS, Window, rfc3339, rfc3339_seconds, words};

/// Earlier weeks that a week is compared with, at most.
pub const WEEKS_BEFORE: i64 = 4;
/// Days before the end of a week in which a closed issue is looked after.
pub const FIX_DAYS: i64 = 28;
/// Shortest stretch without coverage that is told; exports by the hour leave seconds between their rows.
const GAP_NS: i64 = HOUR_NS;

/// Errors and requests of a service in one week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceCount {
    /// Rows of effective severity ERROR and above.
    pub errors: u64,
    /// Rows with a status of a request.
    pub requests: u64,
}

/// One of the weeks that are looked at.
#[derive(Debug, Clone)]
pub struct WeekData {
    /// Which.
    pub week: Week,
    /// Its days.
    pub days: Vec<Day>,
    /// Per service.
    pub services: BTreeMap<String, ServiceCount>,
}

/// Requests of one route.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouteCount {
    /// Requests.
    pub requests: u64,
    /// Of them, answered 5xx.
    pub server_errors: u64,
    /// Latencies in milliseconds.
    pub latencies_ms: Vec<f64>,
}

/// Service, method, route.
pub type Route = (String, String, String);

/// An event of a cluster that belongs to an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its first row.
    pub at_ns: i64,
    /// Revision, where the row names one.
    pub revision: Option<String>,
}

/// An issue with the clusters that belong to it.
#[derive(Debug, Clone)]
pub struct Tied<'a> {
    /// Repository, where it is known.
    pub repo: Option<&'a str>,
    /// The issue.
    pub issue: &'a Issue,
    /// Its clusters.
    pub clusters: Vec<TiedCluster>,
    /// The last closing before the end of the week.
    pub closed: Option<Closing>,
    /// Their events since the issue was closed, ascending; empty for one that never was.
    pub events: Vec<Event>,
}

/// A closing of an issue as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// When, ns since the epoch.
    pub closed_ns: i64,
    /// Up to when the data reached that we opened it again for, ns since the epoch; the tracker forgets the closing then.
    pub reopened_ns: Option<i64>,
}

/// A cluster of an issue; it may be one of the week, or one that was only seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TiedCluster {
    /// What makes it.
    pub key: ClusterKey,
    /// Its covered stretches, over all weeks.
    pub covered: Vec<(i64, i64)>,
}

/// All that the section is made of.
#[derive(Debug)]
pub struct WeeklyMaterial<'a> {
    /// The report of the week.
    pub report: &'a v1::Report,
    /// The analysis of the week.
    pub analysis: &'a Analysis,
    /// Places in the analysis of the report's clusters, in their order.
    pub told: &'a [usize],
    /// Ids of all clusters of the analysis.
    pub ids: &'a [String],
    /// Configuration.
    pub config: &'a Config,
    /// Weeks, oldest first; the last one is the week of the report.
    pub weeks: &'a [WeekData],
    /// Zone of the days.
    pub day_zone: &'a str,
    /// Rows per cluster and hour since 1970, over all weeks.
    pub hours: &'a BTreeMap<ClusterKey, BTreeMap<i64, u64>>,
    /// First and last row of each run of activity per cluster, over everything stored up to the end of the week.
    pub runs: &'a BTreeMap<ClusterKey, Vec<(i64, i64)>>,
    /// First row of each revision of a service, over all weeks.
    pub revisions: &'a BTreeMap<(String, String), i64>,
    /// Coverage over all weeks.
    pub coverage: &'a Coverage,
    /// Variables per cluster of the analysis, of this week and the one before.
    pub parameters: (&'a [Vec<Parameter>], &'a [Vec<Parameter>]),
    /// Requests by route of the week before.
    pub routes_last: &'a BTreeMap<Route, RouteCount>,
    /// Deploys of the week.
    pub deploys: &'a [Deploy],
    /// Issues of the exports that belong to something.
    pub tied: &'a [Tied<'a>],
    /// All issues of the exports, with their repository.
    pub issues: &'a [(Option<&'a str>, &'a Issue)],
    /// Templates that became one, several or another since the week before, without their clusters.
    pub renamed: &'a [TemplateChange],
}

impl WeeklyMaterial<'_> {
    fn this(&self) -> &WeekData {
        self.weeks.last().expect("a retrospective has its week")
    }

    fn window(&self) -> Window {
        self.this().week.window
    }

    fn last(&self) -> Option<&WeekData> {
        self.weeks.len().checked_sub(2).map(|at| &self.weeks[at])
    }

    /// Rows of a cluster in a week.
    fn rows(&self, key: &ClusterKey, window: Window) -> u64 {
        self.hours.get(key).map_or(0, |hours_of| hours_of.range(hours(window)).map(|(_, n)| n).sum())
    }

    /// Rows of a cluster in the week before.
    fn rows_last(&self, key: &ClusterKey) -> Option<u64> {
        self.last().map(|last| self.rows(key, last.week.window))
    }

    /// Clusters of the report beside their analysis.
    fn pairs(&self) -> impl Iterator<Item = (&v1::Cluster, &Ranked)> {
        self.report.clusters.iter().zip(self.told.iter().map(|at| &self.analysis.clusters[*at]))
    }

    /// All clusters, told or not, with their places and ids.
    fn all(&self) -> impl Iterator<Item = (usize, &str, &Ranked)> {
        self.ids.iter().zip(&self.analysis.clusters).enumerate().map(|(at, (id, ranked))| (at, id.as_str(), ranked))
    }

    /// All clusters by what makes them.
    fn known(&self) -> BTreeMap<&ClusterKey, (&str, &Ranked)> {
        self.all().map(|(_, id, ranked)| (&ranked.cluster.key, (id, ranked))).collect()
    }

    fn tells(&self, at: usize) -> bool {
        self.told.binary_search(&at).is_ok()
    }

    /// Clusters that the report only counts, with their places.
    fn left(&self) -> impl Iterator<Item = (usize, &Ranked)> {
        self.all().filter(move |(at, ..)| !self.tells(*at)).map(|(at, _, ranked)| (at, ranked))
    }

    /// Places in the analysis of the clusters of each service, told or not.
    fn by_service(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut services: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, ranked) in self.analysis.clusters.iter().enumerate() {
            services.entry(&ranked.cluster.key.service).or_default().push(at);
        }
        services
    }

    /// Whether a service has rows in the report: of very many, some are only counted.
    fn is_told(&self) -> impl Fn(&str) -> bool {
        let counted = self.report.rest.as_ref().is_some_and(|rest| rest.service_rows > 0);
        let names: BTreeSet<&str> = self.report.services.iter().map(|row| row.service.as_str()).collect();
        move |name| !counted || names.contains(name)
    }

    fn owner(&self, service: &str) -> Option<String> {
        self.config.service_rule(service).and_then(|rule| rule.owner.clone())
    }
}

/// Covered nanoseconds of a window.
fn covered_ns(intervals: &[(i64, i64)], window: Window) -> i64 {
    intervals.iter().map(|(from, to)| ((*to).min(window.until_ns) - (*from).max(window.since_ns)).max(0)).sum()
}

/// Hours to a tenth.
fn tenths(ns: i64) -> f64 {
    (ns as f64 / (HOUR_NS as f64 / 10.0)).round() / 10.0
}

/// Makes the section.
pub fn weekly(material: &WeeklyMaterial<'_>) -> Weekly {
    let this = material.this();
    let with = |wanted: &[&str]| changes(material, wanted);
    let (fixes, fixes_elsewhere) = fixes::fixes(material);
    let since = rfc3339(this.week.window.since_ns);
    let is_old = |row: &ChangeRow| row.back_since.as_ref().is_some_and(|back| *back < since);
    let (still_back, regressed): (Vec<ChangeRow>, Vec<ChangeRow>) = with(&["regressed"]).into_iter().partition(is_old);
    Weekly {
        week: this.week.name.clone(),
        week_starts: material.config.week_starts.clone().unwrap_or_else(|| "Monday".into()),
        day_zone: material.day_zone.to_owned(),
        weeks: material.weeks.iter().map(span).collect(),
        compared: material.last().is_some(),
        sentence: sentence(material),
        counted: counted(material),
        services: services(material),
        fixes,
        fixes_elsewhere,
        new: with(&["new"]),
        first_seen: first_seen(material),
        silent: silent(material),
        regressed,
        still_back,
        escalating: with(&["escalating"]),
        declining: with(&["declining"]),
        resolved: with(&["resolved", "quiet"]),
        strips: strips(material),
        noise: lists::noise(material),
        drifts: lists::drifts(material),
        deploys: deploys::deploys(material),
        requests: lists::requests(material),
        open: lists::open(material),
        renamed: lists::renamed(material),
        mutes: lists::mutes(material),
        gaps: gaps(material),
    }
}

fn span(data: &WeekData) -> WeekSpan {
    WeekSpan {
        week: data.week.name.clone(),
        since: rfc3339(data.week.window.since_ns),
        until: rfc3339(data.week.window.until_ns),
        days: data.days.iter().map(|(name, _)| name.clone()).collect(),
    }
}

fn sentence(material: &WeeklyMaterial<'_>) -> String {
    let this = &material.this().week.name;
    match material.last() {
        None => format!(
            "{this} is the first week of the data: there is nothing to compare it with, and problems are ranked by priority."
        ),
        Some(last) => {
            let before = material.weeks.len() - 1;
            let weeks =
                if before == 1 { "one earlier week is".to_owned() } else { format!("{before} earlier weeks are") };
            format!("{this} against {}; {weeks} in the data.", last.week.name)
        }
    }
}

/// Errors for 1,000 requests, to a hundredth.
fn per_1000(count: ServiceCount) -> Option<f64> {
    (count.requests > 0).then(|| (count.errors as f64 * 100_000.0 / count.requests as f64).round() / 100.0)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(((values[middle - 1] + values[middle]) * 50.0).round() / 100.0),
    }
}

fn services(material: &WeeklyMaterial<'_>) -> Vec<WeekService> {
    let mut names: BTreeSet<&str> = material.report.services.iter().map(|row| row.service.as_str()).collect();
    let is_told = material.is_told();
    let earlier = material.weeks.iter().flat_map(|data| data.services.keys()).map(String::as_str);
    names.extend(earlier.filter(|name| is_told(name)));
    let clusters = material.by_service();
    let looping = looping(material);
    let own = |name| clusters.get(name).map_or(&[][..], Vec::as_slice);
    let mut rows: Vec<WeekService> =
        names.into_iter().map(|name| service(material, name, own(name), &looping)).collect();
    rows.sort_by(|a, b| {
        level(&a.worst_priority)
            .cmp(&level(&b.worst_priority))
            .then(b.errors.cmp(&a.errors))
            .then_with(|| a.service.cmp(&b.service))
    });
    rows
}

/// `clusters` are the places of the service's own, `looping` those of all that stand in crash loops.
fn service(material: &WeeklyMaterial<'_>, name: &str, clusters: &[usize], looping: &BTreeSet<usize>) -> WeekService {
    let count = |data: &WeekData| data.services.get(name).copied().unwrap_or_default();
    let this = count(material.this());
    let last = material.last().map(count);
    let earlier: Vec<f64> = material.weeks.iter().rev().skip(1).filter_map(|data| per_1000(count(data))).collect();
    let all = || clusters.iter().map(|at| &material.analysis.clusters[*at]);
    // A family counts once: symptoms are its root's.
    let counts = |row: &&Ranked| row.cluster.is_loud() && row.role != Role::Symptom && row.cluster.silent.is_none();
    let families = |wanted: &[&str]| {
        all().filter(counts).filter(|row| wanted.contains(&row.status.status.as_str())).count() as u64
    };
    let silent = all().filter(|row| row.cluster.silent.is_some()).count() as u64;
    // What came back in an earlier week was told as worse then.
    let is_still_back = |row: &&Ranked| {
        row.status.status == Status::Regressed
            && back_ns(material, &row.cluster.key).is_some_and(|ns| ns < material.window().since_ns)
    };
    let still_back = all().filter(counts).filter(is_still_back).count() as u64;
    let worst = all().filter(|row| row.cluster.is_loud() && row.cluster.is_present()).map(|row| &row.priority);
    let deploys = || material.report.deploys.iter().filter(|deploy| deploy.service == name);
    let covered = |window| {
        let intervals = material.coverage.services.get(name).map_or(&[][..], |service| &service.intervals);
        tenths(covered_ns(intervals, window))
    };
    WeekService {
        service: name.to_owned(),
        owner: material.owner(name),
        worst_priority: worst.min_by_key(|own| own.level).map(Priority::word).unwrap_or_default(),
        errors_per_1000_requests: Figures {
            this: per_1000(this),
            last: last.and_then(per_1000),
            weeks: earlier.len() as u64,
            median: median(earlier),
        },
        errors: this.errors,
        errors_last: last.map(|count| count.errors),
        errors_crash_loops: crash_loop_errors(material, clusters, looping),
        most_risen: most_risen(material, clusters, looping),
        requests: this.requests,
        requests_last: last.map(|count| count.requests),
        families_new: families(&["new"]),
        families_worse: families(&["regressed", "escalating"]) - still_back + silent,
        families_same: families(&["ongoing", "declining"]) + still_back,
        families_gone: families(&["resolved", "quiet"]),
        families_undecided: families(&["insufficient_coverage"]),
        deploys: deploys().count() as u64,
        deploys_failed: deploys().filter(|deploy| deploy.outcome == "failed").count() as u64,
        covered_h: covered(material.window()),
        covered_h_last: material.last().map(|last| covered(last.week.window)),
    }
}

/// Entries of ERROR and above of the crash loops of a service.
fn crash_loop_errors(material: &WeeklyMaterial<'_>, clusters: &[usize], looping: &BTreeSet<usize>) -> u64 {
    let own = clusters.iter().filter(|at| looping.contains(at)).map(|at| &material.analysis.clusters[*at]);
    own.flat_map(|ranked| ranked.cluster.effective.range(Severity::Error..)).map(|(_, n)| *n).sum()
}

/// Places of the clusters that stand in crash loops.
fn looping(material: &WeeklyMaterial<'_>) -> BTreeSet<usize> {
    let loops = material.analysis.families.iter().filter(|family| family.kind == FamilyKind::CrashLoop);
    loops.flat_map(|family| &family.members).copied().collect()
}

/// The cluster that rose most.
fn most_risen(material: &WeeklyMaterial<'_>, clusters: &[usize], looping: &BTreeSet<usize>) -> Option<Risen> {
    let of = |at: usize| {
        let (id, ranked) = (material.ids.get(at)?, &material.analysis.clusters[at]);
        let counts = ranked.cluster.effective_severity() >= Severity::Error && !looping.contains(&at);
        let entries_last = material.rows_last(&ranked.cluster.key).filter(|_| counts)?;
        Some(Risen { cluster: id.clone(), entries: ranked.cluster.entries, entries_last })
    };
    let risen = clusters.iter().filter_map(|at| of(*at)).filter(|row| row.entries > row.entries_last);
    risen.max_by(|a, b| {
        let rise = |row: &Risen| row.entries - row.entries_last;
        rise(a).cmp(&rise(b)).then_with(|| b.cluster.cmp(&a.cluster))
    })
}

/// Clusters of WARNING and above with one of these statuses, most urgent first; a family by its root.
fn changes(material: &WeeklyMaterial<'_>, wanted: &[&str]) -> Vec<ChangeRow> {
    let told = |row: &v1::Cluster| {
        let counts = row.role != "symptom" && row.category.is_none() && row.silent.is_none();
        is_loud(row) && counts && wanted.contains(&row.status.as_str())
    };
    let mut rows: Vec<ChangeRow> = material
        .pairs()
        .filter(|(row, _)| told(row))
        .map(|(row, ranked)| change(material, row, &ranked.cluster.key))
        .collect();
    let place = |row: &ChangeRow| wanted.iter().position(|word| *word == row.status);
    rows.sort_by(|a, b| {
        place(a)
            .cmp(&place(b))
            .then(level(&a.priority).cmp(&level(&b.priority)))
            .then_with(|| a.cluster.cmp(&b.cluster))
    });
    rows
}

/// What the lists leave out with the clusters that are only counted: as many rows as these would have in them.
fn counted(material: &WeeklyMaterial<'_>) -> WeekCounted {
    let mut counted = WeekCounted::default();
    let since_ns = material.window().since_ns;
    for (at, ranked) in material.left() {
        let key = &ranked.cluster.key;
        counted.silent += u64::from(ranked.cluster.silent.is_some());
        counted.strips += u64::from(ranked.cluster.is_loud());
        if ranked.cluster.is_loud() {
            counted.drifts += lists::drifts_of(material, at).count() as u64;
        }
        if !is_problem(ranked) {
            continue;
        }
        match ranked.status.status {
            Status::New => counted.new += 1,
            Status::Regressed if back_ns(material, key).is_some_and(|ns| ns < since_ns) => counted.still_back += 1,
            Status::Regressed => counted.regressed += 1,
            Status::Escalating => counted.escalating += 1,
            Status::Declining => counted.declining += 1,
            Status::Resolved | Status::Quiet => counted.resolved += 1,
            Status::InsufficientCoverage if material.last().is_some() && !came_before(material, key) => {
                counted.first_seen += 1;
            }
            Status::InsufficientCoverage | Status::Ongoing => {}
        }
    }
    counted
}

/// Whether a cluster was active before the week.
fn came_before(material: &WeeklyMaterial<'_>, key: &ClusterKey) -> bool {
    let runs = material.runs.get(key).map_or(&[][..], Vec::as_slice);
    runs.iter().any(|(first, _)| *first < material.window().since_ns)
}

/// First entry of a cluster after its issue was closed, over all that is stored.
fn back_ns(material: &WeeklyMaterial<'_>, key: &ClusterKey) -> Option<i64> {
    let tied = material.tied.iter().find(|tied| tied.clusters.iter().any(|cluster| cluster.key == *key))?;
    let closed_ns = tied.closed?.closed_ns;
    let runs = material.runs.get(key)?;
    runs.iter().find(|(_, last)| *last > closed_ns).map(|(first, _)| (*first).max(closed_ns))
}

/// The week that holds a moment, of those that are looked at.
fn week_of<'a>(material: &'a WeeklyMaterial<'_>, ns: i64) -> Option<&'a str> {
    material.weeks.iter().find(|data| data.week.window.holds(ns)).map(|data| data.week.name.as_str())
}

/// What the top of the document says of a week: what came back in an earlier one has got no worse in this one.
pub fn say_once(report: &mut v1::Report) {
    let Some(weekly) = &report.weekly else { return };
    let told: BTreeSet<String> = weekly
        .still_back
        .iter()
        .filter_map(|row| report.clusters.iter().find(|cluster| cluster.id == row.cluster))
        .map(super::sentences::came_back)
        .collect();
    report.summary.worse.retain(|line| !told.contains(line));
}

fn change(material: &WeeklyMaterial<'_>, row: &v1::Cluster, key: &ClusterKey) -> ChangeRow {
    let back_ns = (row.status == "regressed").then(|| back_ns(material, key)).flatten();
    let since = back_ns.filter(|ns| *ns < material.window().since_ns).map_or_else(String::new, |ns| {
        let week = week_of(material, ns).map_or_else(String::new, |name| format!(" ({name})"));
        format!("back since {}{week}; ", rfc3339_seconds(ns))
    });
    let gone = matches!(row.status.as_str(), "resolved" | "quiet") || row.silent.is_some();
    ChangeRow {
        cluster: row.id.clone(),
        family: row.family.clone(),
        title: row.title.clone(),
        service: row.service.clone(),
        priority: row.priority.clone(),
        status: row.status.clone(),
        sentence: row
            .silent
            .as_ref()
            .map_or_else(|| format!("{since}{}", row.status_why.join("; ")), |found| found.sentence.clone()),
        entries: row.entries,
        entries_last: material.rows_last(key),
        at: if gone { row.last.clone() } else { row.first.clone() },
        owner: material.owner(&row.service),
        back_since: back_ns.map(rfc3339),
    }
}

/// What went silent, whatever its severity; whole services first.
fn silent(material: &WeeklyMaterial<'_>) -> Vec<ChangeRow> {
    let mut rows: Vec<(bool, ChangeRow)> = material
        .pairs()
        .filter_map(|(row, ranked)| {
            let found = row.silent.as_ref()?;
            Some((!found.whole_service, change(material, row, &ranked.cluster.key)))
        })
        .collect();
    rows.sort_by(|a, b| (a.0, level(&a.1.priority), &a.1.cluster).cmp(&(b.0, level(&b.1.priority), &b.1.cluster)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Of what has too little history, that which never stood in it.
fn first_seen(material: &WeeklyMaterial<'_>) -> Vec<ChangeRow> {
    let mut rows = changes(material, &["insufficient_coverage"]);
    let came_before = material.pairs().filter(|(_, ranked)| came_before(material, &ranked.cluster.key));
    let before: BTreeSet<&str> = came_before.map(|(row, _)| row.id.as_str()).collect();
    rows.retain(|row| material.last().is_some() && !before.contains(row.cluster.as_str()));
    rows
}

/// Entries per day of what is loud in this week, or gone in it.
fn strips(material: &WeeklyMaterial<'_>) -> Vec<Strip> {
    let none = BTreeMap::new();
    material
        .pairs()
        .filter(|(row, _)| is_loud(row) || row.silent.is_some())
        .map(|(row, ranked)| {
            let key = &ranked.cluster.key;
            let own = material.hours.get(key).unwrap_or(&none);
            let intervals = material.coverage.services.get(&key.service).map_or(&[][..], |service| &service.intervals);
            let day = |(name, window): &Day| {
                let entries = own.range(hours(*window)).map(|(_, n)| n).sum();
                let covered = entries > 0 || covered_ns(intervals, *window) > 0;
                v1::DayCount { day: name.clone(), last_day: None, entries, covered }
            };
            Strip {
                cluster: row.id.clone(),
                days: material.weeks.iter().flat_map(|data| data.days.iter().map(day)).collect(),
                per_week: material.weeks.iter().map(|data| material.rows(key, data.week.window)).collect(),
            }
        })
        .collect()
}

/// What of the week no export covers, per service.
fn gaps(material: &WeeklyMaterial<'_>) -> Vec<UncoveredSpan> {
    let Window { since_ns, until_ns } = material.window();
    let mut gaps = Vec::new();
    let is_told = material.is_told();
    for (name, service) in material.coverage.services.iter().filter(|(name, _)| is_told(name)) {
        let mut open = since_ns;
        let inside = service.intervals.iter().filter(|(from, to)| *to > since_ns && *from < until_ns);
        for (from, to) in inside.copied().chain([(until_ns, until_ns)]) {
            if from - open >= GAP_NS {
                gaps.push(UncoveredSpan {
                    service: name.clone(),
                    since: rfc3339(open),
                    until: rfc3339(from),
                    words: words(from - open),
                });
            }
            open = open.max(to);
        }
    }
    gaps
}

/// Seconds of a length, for words.
fn hours_words(hours: f64) -> String {
    words((hours * 3_600.0 * SECOND_NS as f64).round() as i64)
}

#[cfg(test)]
mod tests;
