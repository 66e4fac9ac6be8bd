//! Which revision a cluster came or went with.
//!
//! A cluster "appeared with R" when it was silent before R, the silence is evidence at its rate since, and it came within a
//! day of R's first log. Revisions that serve at the same time are compared by the formula of [`rate`](super::rate), with
//! R's share of the traffic as exposure. The word is "first seen in", never "caused by".

use super::rate::{ALPHA, Counts, Silence};
use crate::time::DAY_NS;

/// Longest time between a revision's first log and the first episode that is put down to it.
const WITHIN_NS: i64 = DAY_NS;

/// One revision and one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its name.
    pub name: String,
    /// Its first log, of any cluster.
    pub first_ns: i64,
    /// Its exposure: requests, rows or covered hours, the same for all revisions.
    pub exposure: f64,
    /// Episodes of the cluster in it.
    pub episodes: u64,
}

/// The cluster over the time that the revisions stand in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// Its first episode.
    pub first_ns: i64,
    /// Its last episode.
    pub last_ns: i64,
    /// Dispersion, at least 1.
    pub d: f64,
}

/// What ties a cluster to a revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Tie {
    /// Index of the revision.
    pub revision: usize,
    /// Episodes in it.
    pub episodes: u64,
    /// Episodes in all.
    pub of: u64,
    /// Chance of the silence before (or after) it at the rate on the other side.
    pub p0: f64,
}

/// The revision that a cluster appeared with: none before it, the silence is evidence, first episode within a day.
///
/// `revisions` are in the order of their first logs.
pub fn appeared_with(revisions: &[Revision], times: Times) -> Option<Tie> {
    let at = revisions.iter().position(|revision| revision.episodes > 0)?;
    let (before, rest) = revisions.split_at(at);
    let lag = times.first_ns - rest[0].first_ns;
    if !(0..=WITHIN_NS).contains(&lag) {
        return None;
    }
    tie(before, rest, at, times.d)
}

/// The revision that a cluster is gone since: none in it or later ones, and the silence is evidence.
///
/// Episodes after its first log come from revisions that still serve; more than a day of them means that it is not gone.
pub fn gone_since(revisions: &[Revision], times: Times) -> Option<Tie> {
    let last = revisions.iter().rposition(|revision| revision.episodes > 0)?;
    let at = last + 1;
    let first_without = revisions.get(at)?;
    if times.last_ns - first_without.first_ns > WITHIN_NS {
        return None;
    }
    let (before, rest) = revisions.split_at(at);
    tie(rest, before, at, times.d).map(|tie| Tie { episodes: 0, ..tie })
}

/// Whether the silence of some revisions is evidence at the rate of the others.
fn tie(silent: &[Revision], seen: &[Revision], at: usize, d: f64) -> Option<Tie> {
    let exposure = |side: &[Revision]| side.iter().map(|revision| revision.exposure.max(0.0)).sum::<f64>();
    let of: u64 = seen.iter().map(|revision| revision.episodes).sum();
    let p0 = Silence { episodes: of, until: exposure(seen), since: exposure(silent), d }.p0();
    let episodes = seen.first().map_or(0, |revision| revision.episodes);
    (p0 <= ALPHA).then_some(Tie { revision: at, episodes, of, p0 })
}

/// One revision against those that served at the same time; exposures and episodes of the overlap only.
pub fn canary(own: &Revision, others: &[Revision], d: f64) -> Counts {
    Counts {
        e0: others.iter().map(|revision| revision.episodes).sum(),
        e1: own.episodes,
        t0: others.iter().map(|revision| revision.exposure.max(0.0)).sum(),
        t1: own.exposure.max(0.0),
        d,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = crate::time::HOUR_NS;

    fn revisions(rows: &[(i64, f64, u64)]) -> Vec<Revision> {
        let named = |(at, (hour, exposure, episodes)): (usize, &(i64, f64, u64))| Revision {
            name: format!("shop-{at:05}"),
            first_ns: hour * H,
            exposure: *exposure,
            episodes: *episodes,
        };
        rows.iter().enumerate().map(named).collect()
    }

    fn times(first_h: i64, last_h: i64) -> Times {
        Times { first_ns: first_h * H, last_ns: last_h * H, d: 1.0 }
    }

    #[test]
    fn no_revision_one_revision_and_equal_ones_tie_nothing() {
        assert_eq!(appeared_with(&[], times(0, 0)), None);
        assert_eq!(gone_since(&[], times(0, 0)), None);
        let one = revisions(&[(0, 100.0, 9)]);
        assert_eq!((appeared_with(&one, times(1, 90)), gone_since(&one, times(1, 90))), (None, None));
        let equal = revisions(&[(0, 100.0, 9), (100, 100.0, 9)]);
        assert_eq!((appeared_with(&equal, times(1, 190)), gone_since(&equal, times(1, 190))), (None, None));
    }

    #[test]
    fn what_came_only_since_a_deploy_appeared_with_it() {
        let rows = revisions(&[(0, 90.0, 0), (90, 50.0, 0), (140, 30.0, 6)]);
        let found = appeared_with(&rows, times(141, 169)).expect("tied");
        assert_eq!((found.revision, found.episodes, found.of), (2, 6, 6));
        assert_eq!(appeared_with(&rows, times(170, 199)), None, "a day and more after the deploy is no tie");
        let rare = revisions(&[(0, 1.0, 0), (1, 300.0, 3)]);
        assert_eq!(appeared_with(&rare, times(2, 200)), None, "an hour of silence is no evidence");
    }

    #[test]
    fn one_huge_revision_is_tied_by_its_own_silence_only() {
        let came = revisions(&[(0, 90.0, 0), (90, 50.0, u64::MAX / 4)]);
        assert_eq!(appeared_with(&came, times(91, 139)).map(|tie| tie.revision), Some(1));
        let went = revisions(&[(0, 90.0, u64::MAX / 4), (90, 60.0, 0)]);
        assert!(gone_since(&went, times(1, 89)).is_some_and(|tie| tie.p0.is_finite() && tie.p0 < 0.05));
        let both = revisions(&[(0, 90.0, u64::MAX / 4), (90, 60.0, 1)]);
        assert_eq!((appeared_with(&both, times(0, 91)), gone_since(&both, times(0, 91))), (None, None));
    }

    #[test]
    fn what_ended_with_a_deploy_is_gone_since_it() {
        let rows = revisions(&[(0, 90.0, 12), (90, 60.0, 0)]);
        assert_eq!(gone_since(&rows, times(1, 91)).map(|tie| (tie.revision, tie.episodes, tie.of)), Some((1, 0, 12)));
        assert_eq!(gone_since(&rows, times(1, 140)), None, "the old revision still serves, and it still comes");
    }

    #[test]
    fn a_canary_is_compared_by_its_share_of_the_traffic() {
        let rows = revisions(&[(0, 9_500.0, 4), (90, 500.0, 9)]);
        assert!(canary(&rows[1], &rows[..1], 1.0).rises());
        assert!(canary(&rows[1], &rows[..1], 1.0).p_up() < 1e-6);
        assert!(canary(&rows[0], &[], 1.0).p_up() >= 1.0);
        let huge = revisions(&[(0, 1e18, u64::MAX / 4), (9, 1e18, u64::MAX / 4)]);
        assert!(canary(&huge[1], &huge[..1], 1.0).p_up() > 0.1);
    }
}
