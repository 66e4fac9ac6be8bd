//! What a cluster is doing, for its readers: the judgement of its rates, and what its issue says.
//!
//! The statistics are [`super::stats`]; here an issue that was closed decides whether a cluster that is back regressed.

use super::coverage::days_between;
use super::stats::judge::{Judgement, Status as Judged};
use super::{Cluster, Coverage, IssueTie, Revisions};
use crate::config::Config;
use crate::store::unite;
use crate::time::{DAY_NS, HOUR_NS, rfc3339_seconds, words};

/// Covered days without an entry after which a cluster is quiet.
pub(super) const QUIET_DAYS: u32 = 7;

/// A status word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Never seen before, while it would have been.
    New,
    /// Its issue was closed, and it came back in a newer revision.
    Regressed,
    /// More often than expected.
    Escalating,
    /// Seen before, and now.
    Ongoing,
    /// Less often than expected.
    Declining,
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
            Self::Escalating => "escalating",
            Self::Ongoing => "ongoing",
            Self::Declining => "declining",
            Self::Quiet => "quiet",
            Self::Resolved => "resolved",
            Self::InsufficientCoverage => "insufficient_coverage",
        }
    }
}

/// A status and the sentences that explain it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusOf {
    /// The word.
    pub status: Status,
    /// Why, for a reader.
    pub why: Vec<String>,
    /// The numbers behind it.
    pub judged: Judgement,
}

/// The status of one cluster; see the module.
pub(crate) fn status(cluster: &Cluster, judged: Judgement, revisions: &Revisions, tie: Option<&IssueTie>) -> StatusOf {
    let word = match judged.status {
        Judged::New => Status::New,
        Judged::Escalating => Status::Escalating,
        Judged::Ongoing => Status::Ongoing,
        Judged::Declining => Status::Declining,
        Judged::Quiet => Status::Quiet,
        Judged::Resolved => Status::Resolved,
        Judged::InsufficientCoverage => Status::InsufficientCoverage,
    };
    let mut found = StatusOf { status: word, why: vec![judged.why.clone()], judged };
    if !matches!(word, Status::Quiet | Status::Resolved)
        && let Some(why) = tie.and_then(|tie| regressed(cluster, tie))
    {
        found.status = Status::Regressed;
        if found.judged.status == Judged::Ongoing {
            // It came back, whatever its rate: that nothing is wrong with the rate would only be read against it.
            let away = found.judged.returned_after.map(|hours| words((hours * HOUR_NS as f64) as i64));
            found.why = away.into_iter().map(|away| format!("after {away} covered without an episode")).collect();
        }
        found.why.insert(0, why);
    }
    if let Some(silent) = &cluster.silent {
        if silent.whole_service {
            // Nothing was expected of a cluster that stands for what is missing; the silence itself is what is new.
            found.status = match silent.until_ns {
                Some(_) => Status::Resolved,
                None if silent.is_new => Status::New,
                None => Status::Ongoing,
            };
            found.why.clear();
        }
        found.why.insert(0, silent.told());
    }
    found.why.extend(revisions.told());
    found.why.retain(|why| !why.is_empty());
    found
}

/// Closed as completed, and seen again afterwards in a revision that is newer than the closing.
fn regressed(cluster: &Cluster, tie: &IssueTie) -> Option<String> {
    let closed_ns = tie.closed_ns?;
    // An issue that was opened again is one of many open ones, but where it came back while it was closed.
    let while_closed = |at: &i64| *at > closed_ns && tie.reopened_ns.is_none_or(|reopened| *at <= reopened);
    if !cluster.times_ns.iter().any(while_closed) {
        return None;
    }
    let after = cluster.times_ns.iter().filter(|at| **at > closed_ns).count();
    let mut newer: Vec<(i64, &str)> = cluster
        .revisions
        .iter()
        .filter(|(_, (_, first_ns))| *first_ns > closed_ns)
        .map(|(name, (_, first_ns))| (*first_ns, name.as_str()))
        .collect();
    newer.sort_unstable();
    let back = if cluster.revisions.is_empty() { cluster.last_ns > closed_ns + DAY_NS } else { !newer.is_empty() };
    back.then(|| {
        let revision = match newer.as_slice() {
            [] => String::new(),
            [(_, one)] => format!(" in {one}"),
            [(_, first), .., (_, last)] => format!(" since {first}, last in {last},"),
        };
        let events = if after == 1 { "1 event" } else { &format!("{after} events") };
        format!(
            "#{} was closed at {}; back{revision} with {events} of this window",
            tie.number,
            rfc3339_seconds(closed_ns)
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

/// Covered UTC days after the day of a cluster's last entry, up to the end of what is covered: how long it is gone while it
/// would have been seen.
pub fn absent_days(cluster: &Cluster, before: &Coverage, seen: &Coverage) -> u32 {
    let next_day_ns = (cluster.last_ns.div_euclid(DAY_NS) + 1) * DAY_NS;
    let all = unite([before.intervals_of(cluster), seen.intervals_of(cluster)].concat());
    u32::try_from(days_between(&all, next_day_ns, i64::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_on_which_it_would_have_been_seen_count_as_absence() {
        let covered = |days: &[i64]| {
            let intervals = days.iter().map(|day| (day * DAY_NS, (day + 1) * DAY_NS)).collect();
            let service = super::super::ServiceCoverage { intervals, ..super::super::ServiceCoverage::default() };
            Coverage { services: [(String::new(), service)].into(), ..Coverage::default() }
        };
        let cluster = Cluster { last_ns: 3 * DAY_NS + 5, ..Cluster::default() };
        assert_eq!(absent_days(&cluster, &covered(&[0, 1, 2, 3]), &covered(&[3])), 0, "its last day is no absence");
        assert_eq!(absent_days(&cluster, &covered(&[2, 3, 4, 7]), &covered(&[7, 9])), 3, "a day in both counts once");
        let other = Cluster {
            key: crate::analyze::ClusterKey { service: "x".into(), ..cluster.key },
            last_ns: 1,
            ..Cluster::default()
        };
        assert_eq!(absent_days(&other, &covered(&[4]), &covered(&[5])), 0, "another service's days say nothing");
    }

    #[test]
    fn a_closed_issue_is_regressed_only_by_a_newer_revision() {
        let mut cluster = Cluster { times_ns: vec![10, 30], last_ns: 30, ..Cluster::default() };
        cluster.revisions.insert("r1".into(), (2, 10));
        let tie = IssueTie { closed_ns: Some(20), number: 4, ..IssueTie::default() };
        assert_eq!(regressed(&cluster, &tie), None, "an old revision still serving is no regression");
        cluster.revisions.insert("r2".into(), (1, 30));
        assert!(
            regressed(&cluster, &tie)
                .is_some_and(|why| why.contains("#4") && why.ends_with("back in r2 with 1 event of this window"))
        );
        cluster.revisions.insert("r0".into(), (1, 40));
        cluster.times_ns.push(40);
        let why = regressed(&cluster, &tie).unwrap_or_default();
        assert!(why.ends_with("back since r2, last in r0, with 2 events of this window"), "{why}");
        assert_eq!(regressed(&cluster, &IssueTie { number: 4, ..IssueTie::default() }), None);
        let reopened = |ns| regressed(&cluster, &IssueTie { reopened_ns: Some(ns), ..tie.clone() });
        assert_eq!(reopened(30), Some(why), "our own reopening does not unsay that it came back");
        assert_eq!(reopened(25), None, "it came only after it was opened again");
    }
}
