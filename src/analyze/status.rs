//! What a cluster is doing: new, ongoing, quiet, resolved, regressed, or not enough was seen to say.
//!
//! This version answers with the two exact statements that need no model of rates: how surprising it is that nothing was
//! seen before the first entry, and how surprising it is that nothing was seen after the last one, both in covered hours
//! (conditional binomial with dispersion 1: Przyborowski and Wilenski 1940). Rising and falling rates are not judged here and are not claimed.

use super::coverage::{days_between, hours_between};
use super::{Before, Cluster, Coverage, IssueTie};
use crate::config::Config;
use crate::time::{DAY_NS, Window, rfc3339_seconds};

/// Covered days without an entry after which a cluster is quiet.
const QUIET_DAYS: u32 = 7;
/// Most likely to be chance that is still called a change.
const ALPHA: f64 = 0.05;
/// Covered days before the first entry that `new` needs.
const NEW_DAYS: usize = 3;
/// Covered time before a window, in its own length, that `new` needs.
const HISTORY: f64 = 2.0;
/// Covered days in a window that has no time before it, from which statuses come from the window itself.
const LONG_WINDOW_DAYS: usize = 3;
/// Covered hours after the last entry that `resolved` needs.
const RESOLVED_HOURS: f64 = 24.0;

/// A status word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Never seen before, while it would have been.
    New,
    /// Its issue was closed, and it came back in a newer revision.
    Regressed,
    /// Seen before, and now.
    Ongoing,
    /// Not seen for a while.
    Quiet,
    /// Gone, and the silence is evidence.
    Resolved,
    /// Too little was seen to say.
    InsufficientCoverage,
}

impl Status {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Regressed => "regressed",
            Self::Ongoing => "ongoing",
            Self::Quiet => "quiet",
            Self::Resolved => "resolved",
            Self::InsufficientCoverage => "insufficient_coverage",
        }
    }
}

/// A status and the sentences that explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusOf {
    /// The word.
    pub status: Status,
    /// Why, for a reader.
    pub why: Vec<String>,
}

fn of(status: Status, why: String) -> StatusOf {
    StatusOf { status, why: vec![why] }
}

/// Judges one cluster; see the module.
pub(crate) fn status(
    cluster: &Cluster,
    before: &Before,
    seen: &Coverage,
    tie: Option<&IssueTie>,
    window: Window,
    config: &Config,
) -> StatusOf {
    let intervals = seen.intervals_of(cluster);
    let hours = hours_between(intervals, window.since_ns, window.until_ns);
    let days = days_between(intervals, window.since_ns, window.until_ns);
    let gone = gone(cluster, intervals, window, config);
    if let Some(found) = tie.and_then(|tie| regressed(cluster, tie)) {
        return gone.unwrap_or(found);
    }
    if let Some(earlier) = before.clusters.iter().find(|earlier| earlier.key == cluster.key) {
        let mut found = gone.unwrap_or_else(|| of(Status::Ongoing, String::new()));
        found.why.retain(|why| !why.is_empty());
        found.why.push(format!(
            "seen before the window too: {} entries, last at {}",
            earlier.entries,
            rfc3339_seconds(earlier.last_ns)
        ));
        return found;
    }
    if let Some(found) = against_before(cluster, before, hours, window) {
        return found;
    }
    if days < LONG_WINDOW_DAYS {
        return of(
            Status::InsufficientCoverage,
            format!("first seen here; {} covered in this window, and nothing before it is stored", hours_words(hours)),
        );
    }
    if let Some(found) = gone {
        return found;
    }
    let hours_before = hours_between(intervals, window.since_ns, cluster.first_ns);
    let days_before = days_between(intervals, window.since_ns, cluster.first_ns);
    let chance = ((hours - hours_before) / hours).powf(cluster.episodes.saturating_sub(1) as f64 + 0.5);
    if days_before >= NEW_DAYS && hours_before > 0.0 && chance <= ALPHA {
        return of(
            Status::New,
            format!(
                "new since {}: not seen in {} covered on {days_before} days before",
                rfc3339_seconds(cluster.first_ns),
                hours_words(hours_before)
            ),
        );
    }
    of(
        Status::Ongoing,
        format!(
            "seen on {} of {days} covered days, first at {}",
            cluster.days.len(),
            rfc3339_seconds(cluster.first_ns)
        ),
    )
}

/// New, or too little history to say so: not seen before the window, while a time before it is stored.
///
/// `new` needs at least twice the window's covered hours before it, on three days or more; both figures are printed.
fn against_before(cluster: &Cluster, before: &Before, hours: f64, window: Window) -> Option<StatusOf> {
    let intervals = before.coverage.intervals_of(cluster);
    let hours_before = hours_between(intervals, i64::MIN, window.since_ns);
    let days_before = days_between(intervals, i64::MIN, window.since_ns);
    if hours_before <= 0.0 {
        return None;
    }
    let unseen = format!("not seen in {} covered on {days_before} days before", hours_words(hours_before));
    Some(if hours_before >= HISTORY * hours && days_before >= NEW_DAYS {
        of(Status::New, format!("new since {}: {unseen}", rfc3339_seconds(cluster.first_ns)))
    } else {
        let needed =
            format!("calling it new needs {HISTORY} times the window's {} on {NEW_DAYS} days", hours_words(hours));
        of(Status::InsufficientCoverage, format!("first seen here; {unseen}, and {needed}"))
    })
}

/// Closed as completed, and seen again afterwards in a revision that is newer than the closing.
fn regressed(cluster: &Cluster, tie: &IssueTie) -> Option<StatusOf> {
    let closed_ns = tie.closed_ns?;
    let after = cluster.times_ns.iter().filter(|at| **at > closed_ns).count();
    let newer: Vec<&String> =
        cluster.revisions.iter().filter(|(_, (_, first_ns))| *first_ns > closed_ns).map(|(name, _)| name).collect();
    let back = if cluster.revisions.is_empty() { cluster.last_ns > closed_ns + DAY_NS } else { !newer.is_empty() };
    (after > 0 && back).then(|| {
        let revision = newer.first().map_or_else(String::new, |name| format!(", in {name}"));
        of(
            Status::Regressed,
            format!("#{} was closed at {}; {after} events since{revision}", tie.number, rfc3339_seconds(closed_ns)),
        )
    })
}

/// Resolved or quiet: P(no episode) = (t0 / (t0 + t1)) ^ (E0 + 0.5), with t0 the covered hours up to the last entry and t1
/// those after it.
fn gone(cluster: &Cluster, intervals: &[(i64, i64)], window: Window, config: &Config) -> Option<StatusOf> {
    let until = hours_between(intervals, window.since_ns.min(cluster.first_ns), cluster.last_ns);
    let after = hours_between(intervals, cluster.last_ns, window.until_ns);
    let days_after = days_between(intervals, cluster.last_ns + DAY_NS, window.until_ns);
    let chance = if until + after > 0.0 { (until / (until + after)).powf(cluster.episodes as f64 + 0.5) } else { 1.0 };
    let last = rfc3339_seconds(cluster.last_ns);
    if after >= RESOLVED_HOURS && chance <= ALPHA {
        return Some(of(
            Status::Resolved,
            format!(
                "gone since {last}: {} covered since then, {} episodes before",
                hours_words(after),
                cluster.episodes
            ),
        ));
    }
    let quiet_days = config.quiet_days.unwrap_or(QUIET_DAYS) as usize;
    (days_after >= quiet_days).then(|| {
        of(
            Status::Quiet,
            format!("not seen since {last}, on {days_after} covered days; too rare before to call it resolved"),
        )
    })
}

/// Start of the active period that a cluster's newest event belongs to: events without a gap of more than `quiet-days`
/// covered days.
pub fn active_period_start(cluster: &Cluster, seen: &Coverage, config: &Config) -> i64 {
    let quiet_days = config.quiet_days.unwrap_or(QUIET_DAYS) as usize;
    let intervals = seen.intervals_of(cluster);
    let gap = cluster.times_ns.windows(2).rposition(|pair| {
        pair[1] - pair[0] > i64::from(config.quiet_days.unwrap_or(QUIET_DAYS)) * DAY_NS
            && days_between(intervals, pair[0] + DAY_NS, pair[1]) > quiet_days
    });
    gap.map_or(cluster.first_ns, |at| cluster.times_ns[at + 1])
}

fn hours_words(hours: f64) -> String {
    crate::time::words((hours * crate::time::HOUR_NS as f64) as i64)
}

#[cfg(test)]
mod tests {
    use super::super::coverage::ServiceCoverage;
    use super::*;

    const H: i64 = crate::time::HOUR_NS;

    fn judged(days: i64, times_h: &[i64]) -> StatusOf {
        let mut seen = Coverage::default();
        seen.services.insert(
            String::new(),
            ServiceCoverage { intervals: vec![(0, days * DAY_NS)], severities: std::collections::BTreeMap::new() },
        );
        let times_ns: Vec<i64> = times_h.iter().map(|hour| hour * H).collect();
        let cluster = Cluster {
            entries: times_ns.len() as u64,
            episodes: times_ns.len() as u64,
            first_ns: times_ns[0],
            last_ns: times_ns[times_ns.len() - 1],
            times_ns,
            ..Cluster::default()
        };
        status(
            &cluster,
            &Before::default(),
            &seen,
            None,
            Window::new(0, days * DAY_NS).expect("window"),
            &Config::default(),
        )
    }

    #[test]
    fn a_short_window_without_a_before_says_that_it_cannot_tell() {
        assert_eq!(judged(1, &[1, 2, 3]).status, Status::InsufficientCoverage);
    }

    #[test]
    fn new_against_the_time_before_needs_enough_of_it() {
        let interval = |from: i64, to: i64| {
            let mut seen = Coverage::default();
            let intervals = vec![(from * DAY_NS, to * DAY_NS)];
            seen.services
                .insert(String::new(), ServiceCoverage { intervals, severities: std::collections::BTreeMap::new() });
            seen
        };
        let window = Window::new(10 * DAY_NS, 12 * DAY_NS).expect("window");
        let at = 11 * DAY_NS;
        let cluster =
            Cluster { entries: 1, episodes: 1, first_ns: at, last_ns: at, times_ns: vec![at], ..Cluster::default() };
        let judge = |covered_before: Coverage, clusters: Vec<Cluster>| {
            let before = Before { clusters, coverage: covered_before };
            status(&cluster, &before, &interval(10, 12), None, window, &Config::default()).status
        };
        assert_eq!(judge(interval(1, 10), Vec::new()), Status::New);
        assert_eq!(judge(interval(8, 10), Vec::new()), Status::InsufficientCoverage, "two days are too few");
        assert_eq!(judge(interval(1, 10), vec![cluster.clone()]), Status::Ongoing);
        assert_eq!(judge(Coverage::default(), Vec::new()), Status::InsufficientCoverage);
    }

    #[test]
    fn silence_is_evidence_only_when_it_is_long_against_the_rate_before() {
        let daily: Vec<i64> = (0..7).map(|day| day * 24 + 12).collect();
        assert_eq!(judged(14, &daily).status, Status::Resolved);
        assert_eq!(judged(7, &daily).status, Status::Ongoing);
        assert_eq!(judged(20, &[5 * 24]).status, Status::Quiet, "one entry long ago proves nothing");
    }

    #[test]
    fn new_needs_covered_days_before_and_more_than_one_entry_after() {
        let late: Vec<i64> = (12..20).map(|day| day * 24 + 3).collect();
        let found = judged(20, &late);
        assert_eq!(found.status, Status::New);
        assert!(
            found.why[0].contains("not seen in 12.1 days covered on 13 days before")
                || found.why[0].contains("not seen in 12.1 days"),
            "{:?}",
            found.why
        );
        assert_eq!(judged(20, &[19 * 24]).status, Status::Ongoing);
    }

    #[test]
    fn a_closed_issue_is_regressed_only_by_a_newer_revision() {
        let mut cluster = Cluster { times_ns: vec![10, 30], last_ns: 30, ..Cluster::default() };
        cluster.revisions.insert("r1".into(), (2, 10));
        let tie = IssueTie { closed_ns: Some(20), number: 4 };
        assert_eq!(regressed(&cluster, &tie), None, "an old revision still serving is no regression");
        cluster.revisions.insert("r2".into(), (1, 30));
        assert!(
            regressed(&cluster, &tie)
                .is_some_and(|found| found.why[0].contains("#4") && found.why[0].ends_with("1 events since, in r2"))
        );
        assert_eq!(regressed(&cluster, &IssueTie { closed_ns: None, number: 4 }), None);
    }
}
