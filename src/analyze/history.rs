//! The small table that statuses are judged on: when clusters were active, and what was covered, as far back as is stored.
//!
//! It comes from the summaries of the store, never from rows: per signature they hold the runs of activity, and the runs of
//! all signatures of one cluster unite exactly. Hours are counted from the window's start, so that the window and the time
//! before it share no cell; a run that lasts is an episode again every 24 hours, in the window as before it.

use std::collections::BTreeMap;

use super::stats::fisher::{Presence, is_fragmented};
use super::stats::judge::{Judgement, Options, judge};
use super::stats::season::Season;
use super::stats::table::{Exposure, Hours, Level, Subject, Table};
use super::{Before, Cluster, ClusterKey, Coverage, IssueTie};
use crate::record::Severity;
use crate::store::{SummaryRow, unite};
use crate::time::{HOUR_NS, SECOND_NS, Window};

/// Hours before a window that it is compared with, at most.
const BEFORE_HOURS: i64 = 28 * 24;
/// Covered days from which a service's rows say when it is busy.
const SEASON_DAYS: usize = 3;
/// Hours after which a run that lasts counts as one episode more.
const DAY: i64 = 24;

/// First and last row of each run without a pause of more than 15 minutes, ascending.
pub type Runs = Vec<(i64, i64)>;

/// Activity as stored, up to the window's end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Runs of activity per cluster.
    pub runs: BTreeMap<ClusterKey, Runs>,
    /// The same per revision, of the rows that name one.
    pub by_revision: BTreeMap<ClusterKey, BTreeMap<String, Runs>>,
    /// Rows per service and UTC hour (hours since 1970), services by name.
    pub volume: BTreeMap<String, BTreeMap<i64, u64>>,
    /// Rows per service, revision and UTC hour.
    pub served: BTreeMap<String, BTreeMap<String, BTreeMap<i64, u64>>>,
}

impl History {
    /// Adds a day of one signature, which belongs to a template.
    pub fn add(&mut self, row: SummaryRow, template_id: String) {
        let service = row.service.unwrap_or_default();
        let hours: Vec<(i64, u64)> = (row.day * DAY..).zip(row.hours).filter(|(_, rows)| *rows > 0).collect();
        let mut volumes = vec![self.volume.entry(service.clone()).or_default()];
        if let Some(revision) = &row.revision {
            volumes.push(self.served.entry(service.clone()).or_default().entry(revision.clone()).or_default());
        }
        for volume in volumes {
            for (hour, rows) in &hours {
                *volume.entry(*hour).or_default() += rows;
            }
        }
        let project = row.project.unwrap_or_default();
        let key = ClusterKey { template_id, project, service, kind: row.kind.as_str().to_owned() };
        if let Some(revision) = row.revision {
            let own = self.by_revision.entry(key.clone()).or_default().entry(revision).or_default();
            own.extend_from_slice(&row.intervals);
        }
        self.runs.entry(key).or_default().extend(row.intervals);
    }

    /// Joins the runs of all signatures and days; to be called after the last [`History::add`].
    #[must_use]
    pub fn united(mut self) -> Self {
        let lists = self.runs.values_mut().chain(self.by_revision.values_mut().flat_map(BTreeMap::values_mut));
        for runs in lists {
            *runs = unite(std::mem::take(runs));
        }
        self
    }
}

/// What the clusters were judged on, for the questions that follow.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// In the order of the clusters.
    pub(crate) judgements: Vec<Judgement>,
    /// Episodes and exposures.
    pub(crate) table: Table,
    /// The window, in hours from its start.
    pub(crate) hours: Hours,
    /// The time before it; `None` where nothing is stored of it.
    pub(crate) earlier: Option<Hours>,
    /// Presence in snapshots, where the exports are too short for rates.
    pub(crate) snapshots: Vec<Option<Presence>>,
}

/// Judges every cluster; `ties` are what issues say of each, in their order.
pub(crate) fn judged(
    clusters: &[Cluster],
    before: &Before,
    seen: &Coverage,
    ties: &[Option<IssueTie>],
    window: Window,
    quiet_days: f64,
) -> Judged {
    let hours = Hours::new(0, ceil_hours(window.until_ns - window.since_ns));
    let mut table = table(clusters, before, seen, window, hours);
    let snapshots = clusters.iter().map(|cluster| snapshots(cluster, before, seen, window)).collect();
    let stored = table.exposures.iter().map(|exposure| exposure.extent().0).min().unwrap_or(0).min(0);
    let options = Options { quiet_days, ..Options::default() };
    let earlier = Hours::new(stored.max(-BEFORE_HOURS.max(4 * hours.len())), 0);
    if before.coverage.services.values().all(|service| service.intervals.is_empty()) {
        let judgements = super::stats::inside::inside(&table, hours, &options);
        return Judged { judgements, table, hours, earlier: None, snapshots };
    }
    for (subject, tie) in table.subjects.iter_mut().zip(ties) {
        let acted_ns = tie.as_ref().and_then(|tie| tie.acted_ns);
        subject.anchor = acted_ns.and_then(|acted_ns| anchor(acted_ns, stored, window, earlier));
    }
    let judgements = judge(&table, hours, earlier, &options);
    Judged { judgements, table, hours, earlier: Some(earlier), snapshots }
}

/// Presence in the covered stretches, where they are so short that each is one look and no rate: of two or more of them.
fn snapshots(cluster: &Cluster, before: &Before, seen: &Coverage, window: Window) -> Option<Presence> {
    let (inside, outside) = (seen.intervals_of(cluster), before.coverage.intervals_of(cluster));
    let all = inside.iter().chain(outside);
    let lengths: Vec<f64> = all.map(|(from, to)| (to - from) as f64 / SECOND_NS as f64).collect();
    if lengths.len() < 2 || !is_fragmented(&lengths) {
        return None;
    }
    let runs = before.history.runs.get(&cluster.key)?;
    let moments: Vec<i64> =
        runs.iter().filter(|(first, _)| *first < window.until_ns).flat_map(|(first, last)| [*first, *last]).collect();
    Some(Presence::of(inside, outside, &moments))
}

/// The stretch that an action froze as baseline: as long as the time before the window, and ending where the action's data
/// did. It says nothing of its own where that is the window's start, or where the window holds the action.
fn anchor(acted_ns: i64, stored: i64, window: Window, earlier: Hours) -> Option<Hours> {
    let until = (acted_ns - window.since_ns).div_euclid(HOUR_NS);
    let since = (until - earlier.len()).max(stored);
    (until < 0 && since < until).then(|| Hours::new(since, until))
}

pub(super) fn ceil_hours(ns: i64) -> i64 {
    ns.div_euclid(HOUR_NS) + i64::from(ns.rem_euclid(HOUR_NS) > 0)
}

fn table(clusters: &[Cluster], before: &Before, seen: &Coverage, window: Window, hours: Hours) -> Table {
    let mut table = Table { origin_ns: window.since_ns, exposures: Vec::new(), subjects: Vec::new() };
    let mut known: BTreeMap<(String, Severity), usize> = BTreeMap::new();
    let mut seasons: BTreeMap<String, Season> = BTreeMap::new();
    for cluster in clusters {
        let service = &cluster.key.service;
        let exposure = *known.entry((service.clone(), cluster.severity())).or_insert_with(|| {
            let all = [before.coverage.intervals_of(cluster), seen.intervals_of(cluster)].concat();
            let season =
                seasons.entry(service.clone()).or_insert_with(|| season(before.history.volume.get(service), &all));
            table.exposures.push(exposure(&unite(all), window.since_ns, hours.until, season));
            table.exposures.len() - 1
        });
        let level = match cluster.effective_severity() {
            severity if severity >= Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            _ => Level::Other,
        };
        let runs = before.history.runs.get(&cluster.key).map_or(&[][..], Vec::as_slice);
        let (episodes, lasting) = episodes(runs, window);
        let runs = runs.iter().copied().filter(|(first, _)| *first < window.until_ns).collect();
        table.subjects.push(Subject { level, exposure, episodes, lasting, runs, known: false, anchor: None });
    }
    table
}

/// Covered seconds of each hour from the first to `until`, hours counted from `origin_ns`; of no hour where nothing is covered.
pub(super) fn covered(intervals: &[(i64, i64)], origin_ns: i64, until: i64) -> (i64, Vec<u32>) {
    let hour_of = |ns: i64| (ns - origin_ns).div_euclid(HOUR_NS);
    let first = intervals.first().map_or(until, |(from, _)| hour_of(*from)).min(until);
    let mut cells = vec![0_i64; usize::try_from(until - first).unwrap_or(0)];
    for (from, to) in intervals {
        let mut at = *from;
        while at < *to {
            let hour = hour_of(at);
            let end = (origin_ns + (hour + 1) * HOUR_NS).min(*to);
            if let Some(cell) = usize::try_from(hour - first).ok().and_then(|cell| cells.get_mut(cell)) {
                *cell += end - at;
            }
            at = end;
        }
    }
    let seconds = |ns: i64| u32::try_from((ns + SECOND_NS / 2) / SECOND_NS).unwrap_or(3_600).min(3_600);
    (first, cells.into_iter().map(seconds).collect())
}

pub(super) fn exposure(intervals: &[(i64, i64)], origin_ns: i64, until: i64, season: &Season) -> Exposure {
    let (first, cells) = covered(intervals, origin_ns, until);
    Exposure::new(first, &cells, season, origin_ns.div_euclid(HOUR_NS))
}

/// When a service is busy, by its rows; flat where too little was covered.
pub(super) fn season(volume: Option<&BTreeMap<i64, u64>>, intervals: &[(i64, i64)]) -> Season {
    let Some(volume) = volume else { return Season::default() };
    let intervals = unite(intervals.to_vec());
    let until = intervals.last().map_or(0, |(_, to)| ceil_hours(*to));
    let (first, cells) = covered(&intervals, 0, until);
    let days: std::collections::BTreeSet<i64> =
        (first..).zip(&cells).filter(|(_, seconds)| **seconds > 0).map(|(hour, _)| hour.div_euclid(DAY)).collect();
    if days.len() < SEASON_DAYS {
        return Season::default();
    }
    let rows: Vec<u64> = (first..until).map(|hour| volume.get(&hour).copied().unwrap_or(0)).collect();
    Season::of(&rows, &cells, first)
}

/// Episodes and hours: (hour, episodes that begin in it), and (first, last) hour.
type Episodes = (Vec<(i64, u32)>, Vec<(i64, i64)>);

/// Episodes per hour, and those that last, from runs of activity.
fn episodes(runs: &[(i64, i64)], window: Window) -> Episodes {
    let hour_of = |ns: i64| (ns - window.since_ns).div_euclid(HOUR_NS);
    let mut starts: BTreeMap<i64, u32> = BTreeMap::new();
    let mut lasting: Vec<(i64, i64)> = Vec::new();
    for (from, to) in runs.iter().filter(|(from, _)| *from < window.until_ns) {
        let (first, last) = (hour_of(*from), hour_of((*to).min(window.until_ns - 1)));
        *starts.entry(first).or_insert(0) += 1;
        for block in first.div_euclid(DAY) + 1..=last.div_euclid(DAY) {
            *starts.entry(block * DAY).or_insert(0) += 1;
        }
        if last > first {
            // A run may begin in the hour in which the one before it ends.
            match lasting.last_mut() {
                Some(open) if open.1 >= first => open.1 = last,
                _ => lasting.push((first, last)),
            }
        }
    }
    (starts.into_iter().collect(), lasting)
}

#[cfg(test)]
mod tests {
    use super::super::coverage::ServiceCoverage;
    use super::super::stats::judge::Status;
    use super::*;
    use crate::time::DAY_NS;

    fn covered_days(from: i64, to: i64) -> Coverage {
        let mut seen = Coverage::default();
        let intervals = vec![(from * DAY_NS, to * DAY_NS)];
        seen.services.insert(String::new(), ServiceCoverage { intervals, ..ServiceCoverage::default() });
        seen
    }

    /// Status of a cluster that is active in some hours, in a window of days, with days before it.
    fn judge_tied(stored: i64, window: (i64, i64), hours: &[(i64, i64)], tie: Option<IssueTie>) -> Judgement {
        let cluster = Cluster { entries: 1, ..Cluster::default() };
        let runs = hours.iter().map(|(from, to)| (from * HOUR_NS, to * HOUR_NS)).collect();
        let coverage = if stored < window.0 { covered_days(stored, window.0) } else { Coverage::default() };
        let history = History { runs: [(cluster.key.clone(), runs)].into(), ..History::default() };
        let before = Before { coverage, history, ..Before::default() };
        let asked = Window::new(window.0 * DAY_NS, window.1 * DAY_NS).expect("window");
        judged(&[cluster], &before, &covered_days(window.0, window.1), &[tie], asked, 7.0).judgements.remove(0)
    }

    fn judge(stored: i64, window: (i64, i64), hours: &[(i64, i64)]) -> Judgement {
        judge_tied(stored, window, hours, None)
    }

    fn daily(days: std::ops::Range<i64>) -> Vec<(i64, i64)> {
        days.map(|day| (day * 24 + 5, day * 24 + 5)).collect()
    }

    #[test]
    fn what_goes_on_without_a_pause_is_ongoing_and_not_silent() {
        assert_eq!(judge(0, (21, 28), &[(3, 28 * 24 - 1)]).status, Status::Ongoing);
        assert_eq!(judge(0, (0, 14), &[(3, 14 * 24 - 1)]).status, Status::Ongoing);
    }

    #[test]
    fn new_needs_enough_covered_time_before_the_window() {
        assert_eq!(judge(0, (20, 22), &[(500, 500)]).status, Status::New);
        assert_eq!(judge(18, (20, 22), &[(500, 500)]).status, Status::InsufficientCoverage);
        assert_eq!(judge(20, (20, 21), &[(500, 500)]).status, Status::InsufficientCoverage, "nothing is stored before");
    }

    #[test]
    fn a_rise_and_a_fall_are_told_with_what_was_expected() {
        let mut rising = daily(0..28);
        rising.extend((21 * 24..28 * 24).step_by(2).map(|hour| (hour, hour)));
        rising.sort_unstable();
        let found = judge(0, (21, 28), &rising);
        assert_eq!(found.status, Status::Escalating, "{}", found.why);
        assert!(found.why.starts_with("expected "), "{}", found.why);
        let falling: Vec<(i64, i64)> = (0..21 * 24).step_by(3).chain([25 * 24]).map(|hour| (hour, hour)).collect();
        assert_eq!(judge(0, (21, 28), &falling).status, Status::Declining);
    }

    #[test]
    fn silence_is_evidence_only_when_it_is_long_against_the_rate_before() {
        assert_eq!(judge(0, (21, 28), &daily(0..21)).status, Status::Resolved);
        assert_eq!(judge(0, (21, 28), &daily(5..6)).status, Status::Quiet, "one entry long ago proves nothing");
        assert_eq!(judge(0, (0, 28), &daily(0..14)).status, Status::Resolved, "inside one long window");
        assert_eq!(judge(0, (0, 28), &daily(10..28)).status, Status::New, "inside one long window");
    }

    #[test]
    fn short_exports_are_looks_and_not_rates() {
        let cluster = Cluster { entries: 1, ..Cluster::default() };
        let short = |hours: &[i64]| {
            let intervals = hours.iter().map(|hour| (hour * HOUR_NS, hour * HOUR_NS + 100 * SECOND_NS)).collect();
            let own = ServiceCoverage { intervals, ..ServiceCoverage::default() };
            Coverage { services: BTreeMap::from([(String::new(), own)]), ..Coverage::default() }
        };
        let runs = vec![(100 * HOUR_NS + 5, 100 * HOUR_NS + 9), (110 * HOUR_NS, 110 * HOUR_NS)];
        let history = History { runs: [(cluster.key.clone(), runs)].into(), ..History::default() };
        let before = Before { history, coverage: short(&[1, 9, 20]), ..Before::default() };
        let window = Window::new(90 * HOUR_NS, 120 * HOUR_NS).expect("window");
        let found = snapshots(&cluster, &before, &short(&[100, 110]), window).expect("fragmented");
        assert_eq!(found.told(), "present in 2 of 2 snapshots, 0 of 3 before");
        assert_eq!(snapshots(&cluster, &Before::default(), &short(&[100]), window), None, "one look compares nothing");
        let days = Before { coverage: covered_days(0, 2), ..before };
        assert_eq!(snapshots(&cluster, &days, &covered_days(4, 9), window), None, "days are no looks");
    }

    #[test]
    fn a_ramp_that_the_time_before_absorbs_escalates_against_the_last_action() {
        // Once a day up to the action on day 14, then a little more every week.
        let mut hours = daily(0..14);
        for day in 14..35 {
            let n = 2 + (day - 14) / 7;
            hours.extend((0..n).map(|at| (day * 24 + at * 4, day * 24 + at * 4)));
        }
        let tie = |at_ns| Some(IssueTie { acted_ns: Some(at_ns), ..IssueTie::default() });
        assert_eq!(judge(21, (28, 35), &hours).status, Status::Ongoing, "as in the week before");
        let found = judge_tied(0, (28, 35), &hours, tie(14 * DAY_NS));
        assert_eq!(found.status, Status::Escalating, "{}", found.why);
        assert!(found.why.contains("against the time before the last action on its issue"), "{}", found.why);
        let inside = judge_tied(21, (28, 35), &hours, tie(30 * DAY_NS));
        assert_eq!(inside.status, Status::Ongoing, "an action inside the window froze nothing before it");
    }

    #[test]
    fn cells_hold_covered_seconds_and_runs_become_episodes() {
        let (first, cells) = covered(&[(HOUR_NS / 2, 2 * HOUR_NS), (5 * HOUR_NS, 5 * HOUR_NS)], 0, 4);
        assert_eq!((first, cells), (0, vec![1_800, 3_600, 0, 0]));
        // Not of every hour since 1970, for each of many services that no export names.
        assert_eq!(covered(&[], 0, 2), (2, vec![]));
        let window = Window::new(0, 3 * DAY_NS).expect("window");
        let (starts, lasting) = episodes(&[(-HOUR_NS, 30 * HOUR_NS), (31 * HOUR_NS, 31 * HOUR_NS)], window);
        assert_eq!(starts, [(-1, 1), (0, 1), (24, 1), (31, 1)]);
        assert_eq!(lasting, [(-1, 30)]);
    }
}
