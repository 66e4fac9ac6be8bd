//! Which revision a cluster came or went with, and what revisions that serve at the same time do differently.
//!
//! Everything comes from the summaries: episodes of a cluster per revision, rows of a service per revision as exposure. The
//! claims of all clusters are corrected for one another, because every cluster is looked at for every deploy.

use std::collections::BTreeMap;

use super::history::{Judged, Runs};
use super::stats::compare::dispersions;
use super::stats::multiple::{adjust, claimed};
use super::stats::revision::{Revision, Tie, Times, appeared_with, canary, gone_since};
use super::stats::table::Hours;
use super::{Cluster, History};
use crate::time::{HOUR_NS, Window, rfc3339_seconds};

/// Hours in which both of two revisions must have served to be compared.
const OVERLAP_HOURS: usize = 2;
/// Share of the rows of those hours that the smaller one must have.
const LEAST_SHARE: f64 = 0.02;

/// Episodes missed before a revision from which on a cluster went earlier, and not with it.
pub(crate) const MISSED: f64 = 3.0;

/// A revision that a cluster came or went with.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The revision.
    pub revision: String,
    /// Its first entry, of any cluster.
    pub since_ns: i64,
    /// Episodes in it.
    pub episodes: u64,
    /// Episodes in all that the claim rests on.
    pub of: u64,
    /// Chance of the silence on the other side.
    pub p: f64,
    /// Adjusted over the clusters.
    pub q: f64,
}

/// One revision beside others that served in the same hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// The revision.
    pub revision: String,
    /// Episodes in it, in those hours.
    pub episodes: u64,
    /// Episodes in all of them, in those hours.
    pub of: u64,
    /// Its share of the service's rows in those hours, 0 to 1.
    pub share: f64,
    /// Its rate over the others'.
    pub ratio: f64,
    /// Two-sided.
    pub p: f64,
    /// Adjusted over the clusters.
    pub q: f64,
}

/// How a cluster stands to the revisions of its service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Revisions {
    /// The one it appeared with.
    pub appeared: Option<Change>,
    /// The one it is gone since.
    pub gone: Option<Change>,
    /// One that has more or less of it than those beside it.
    pub canary: Option<Canary>,
    /// The only one that has it, of so many that the service ran: a fact, and no claim.
    pub only: Option<(String, usize)>,
}

impl Revisions {
    /// For a reader.
    pub fn told(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(Change { revision, since_ns, episodes, of, .. }) = &self.appeared {
            let since = rfc3339_seconds(*since_ns);
            words.push(format!(
                "appeared with revision {revision}, which began to write at {since}: none in the revisions before it, {episodes} of {of} episodes in it{}",
                if episodes < of { ", the others in later ones" } else { "" }
            ));
        } else if let Some((revision, all)) = &self.only {
            words.push(format!("only in revision {revision}, one of {all} that ran"));
        }
        if let Some(Change { revision, since_ns, of, .. }) = &self.gone {
            let since = rfc3339_seconds(*since_ns);
            words.push(format!(
                "gone since revision {revision}, which began to write at {since}: {of} episodes in the revisions before it"
            ));
        }
        if let Some(Canary { revision, episodes, of, share, .. }) = &self.canary {
            words.push(format!(
                "{episodes} of {of} episodes in revision {revision}, which wrote {:.0} % of the service's entries in the hours that it shared with others",
                share * 100.0
            ));
        }
        words
    }
}

/// The revisions of one service, in the order of their first entries, up to a moment.
fn served(history: &History, service: &str, until_ns: i64) -> Vec<(String, BTreeMap<i64, u64>)> {
    let all = history.served.get(service).into_iter().flatten();
    let mut rows: Vec<(String, BTreeMap<i64, u64>)> = all
        .map(|(name, hours)| {
            let inside = hours.iter().filter(|(hour, _)| **hour * HOUR_NS < until_ns);
            (name.clone(), inside.map(|(hour, n)| (*hour, *n)).collect::<BTreeMap<_, _>>())
        })
        .filter(|(_, hours)| !hours.is_empty())
        .collect();
    rows.sort_by_key(|(name, hours)| (hours.keys().next().copied(), name.clone()));
    rows
}

fn total(hours: &BTreeMap<i64, u64>) -> f64 {
    hours.values().sum::<u64>() as f64
}

/// Each revision's first moment, services by name: of a service's own runs, because an hour is too coarse to say who was first.
fn first_moments(history: &History) -> BTreeMap<&str, BTreeMap<String, i64>> {
    let mut first: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
    for (key, revisions) in &history.by_revision {
        let first = first.entry(&key.service).or_default();
        for (name, runs) in revisions {
            if let Some((begin, _)) = runs.first() {
                let known = first.entry(name.clone()).or_insert(*begin);
                *known = (*known).min(*begin);
            }
        }
    }
    first
}

/// What of a service is the same for all its clusters.
struct Served {
    revisions: Vec<(String, BTreeMap<i64, u64>)>,
    first_ns: BTreeMap<String, i64>,
}

impl Served {
    fn of(history: &History, service: &str, first_ns: BTreeMap<String, i64>, until_ns: i64) -> Self {
        let mut revisions = served(history, service, until_ns);
        revisions.sort_by_key(|(name, _)| (first_ns.get(name).copied().unwrap_or(i64::MAX), name.clone()));
        Self { revisions, first_ns }
    }

    fn rows(&self, own: &BTreeMap<String, Runs>, until_ns: i64) -> Vec<Revision> {
        let row = |(name, hours): &(String, BTreeMap<i64, u64>)| Revision {
            name: name.clone(),
            first_ns: self.first_ns.get(name).copied().unwrap_or(i64::MAX),
            exposure: total(hours),
            episodes: own.get(name).map_or(0, |runs| runs.iter().filter(|(first, _)| *first < until_ns).count()) as u64,
        };
        self.revisions.iter().map(row).collect()
    }

    /// The newest revision against the others, in the hours in which it served beside one of them.
    fn canary(&self, own: &BTreeMap<String, Runs>, d: f64) -> Option<(Canary, bool)> {
        let (newest, before) = self.revisions.split_last()?;
        let shared: Vec<i64> =
            newest.1.keys().copied().filter(|hour| before.iter().any(|(_, hours)| hours.contains_key(hour))).collect();
        if shared.len() < OVERLAP_HOURS {
            return None;
        }
        let row = |(name, hours): &(String, BTreeMap<i64, u64>)| {
            let inside = |ns: i64| shared.binary_search(&ns.div_euclid(HOUR_NS)).is_ok();
            let runs = own.get(name).into_iter().flatten();
            Revision {
                name: name.clone(),
                first_ns: 0,
                exposure: shared.iter().filter_map(|hour| hours.get(hour)).sum::<u64>() as f64,
                episodes: runs.filter(|(first, _)| inside(*first)).count() as u64,
            }
        };
        let others: Vec<Revision> = before.iter().map(row).collect();
        let (new, counts) = (row(newest), canary(&row(newest), &others, d));
        let share = counts.t1 / (counts.t0 + counts.t1);
        (LEAST_SHARE..=1.0 - LEAST_SHARE).contains(&share).then_some(())?;
        let found = Canary {
            revision: new.name,
            episodes: counts.e1,
            of: counts.e0 + counts.e1,
            share,
            ratio: counts.ratio()?,
            p: counts.p_two_sided(),
            q: 1.0,
        };
        Some((found, counts.rises() || counts.falls()))
    }
}

/// Episodes that a cluster would have had, at the rate at which it came, between the last that it had and a moment after it.
pub(crate) fn missed_before(runs: &[(i64, i64)], at_ns: i64) -> f64 {
    let earlier = || runs.iter().filter(|(first, _)| *first < at_ns);
    let Some(first_ns) = earlier().map(|(first, _)| *first).min() else { return 0.0 };
    let last_ns = earlier().map(|(_, last)| *last).max().unwrap_or(first_ns);
    let rate = earlier().count() as f64 / (last_ns - first_ns).max(HOUR_NS) as f64;
    rate * (at_ns - last_ns).max(0) as f64
}

/// How each cluster stands to the revisions of its service, in the order of `clusters`.
pub(crate) fn revisions(clusters: &[Cluster], history: &History, judged: &Judged, window: Window) -> Vec<Revisions> {
    let before = judged.earlier.unwrap_or(Hours::new(judged.hours.since, judged.hours.since));
    let noise = dispersions(&judged.table, judged.hours, before);
    let mut services: BTreeMap<&str, Served> = BTreeMap::new();
    let mut first = first_moments(history);
    let none = BTreeMap::new();
    let mut appeared: Vec<Option<(Tie, Change)>> = Vec::with_capacity(clusters.len());
    let mut gone: Vec<Option<(Tie, Change)>> = Vec::with_capacity(clusters.len());
    let mut beside: Vec<Option<(Canary, bool)>> = Vec::with_capacity(clusters.len());
    let mut found = vec![Revisions::default(); clusters.len()];
    for (at, cluster) in clusters.iter().enumerate() {
        let service = cluster.key.service.as_str();
        let served = services.entry(service).or_insert_with(|| {
            Served::of(history, service, first.remove(service).unwrap_or_default(), window.until_ns)
        });
        let own = history.by_revision.get(&cluster.key).unwrap_or(&none);
        // What reports deploys names each of them; and what has no revision says nothing of any.
        let fits = !own.is_empty() && matches!(cluster.key.kind.as_str(), "app" | "request" | "system");
        if !fits || cluster.data_quality {
            appeared.push(None);
            gone.push(None);
            beside.push(None);
            continue;
        }
        let rows = served.rows(own, window.until_ns);
        let runs = || own.values().flatten().filter(|(first, _)| *first < window.until_ns);
        let times = Times {
            first_ns: runs().map(|(first, _)| *first).min().unwrap_or(0),
            last_ns: runs().map(|(_, last)| *last).max().unwrap_or(0),
            d: noise[at],
        };
        let change = |tie: Tie| {
            let row = &rows[tie.revision];
            let (revision, since_ns) = (row.name.clone(), row.first_ns);
            let change = Change { revision, since_ns, episodes: tie.episodes, of: tie.of, p: tie.p0, q: 1.0 };
            (tie, change)
        };
        appeared.push(appeared_with(&rows, times).map(change));
        // What had been away for long when the revision came did not go with it.
        let went = gone_since(&rows, times).map(change);
        let runs: Vec<(i64, i64)> = runs().copied().collect();
        gone.push(went.filter(|(_, change)| missed_before(&runs, change.since_ns) < MISSED));
        beside.push(served.canary(own, noise[at]));
        let with: Vec<&Revision> = rows.iter().filter(|row| row.episodes > 0).collect();
        if let ([one], true) = (with.as_slice(), rows.len() > 1 && cluster.entries > 1) {
            found[at].only = Some((one.name.clone(), rows.len()));
        }
    }
    let q_of =
        |ties: &[Option<(Tie, Change)>]| adjust(&ties.iter().map(|tie| Some(tie.as_ref()?.0.p0)).collect::<Vec<_>>());
    let (q_appeared, q_gone) = (q_of(&appeared), q_of(&gone));
    let q_beside = adjust(&beside.iter().map(|canary| Some(canary.as_ref()?.0.p)).collect::<Vec<_>>());
    let claim = |tie: Option<(Tie, Change)>, q: Option<f64>| {
        tie.filter(|_| claimed(q)).map(|(_, change)| Change { q: q.unwrap_or(1.0), ..change })
    };
    let all =
        appeared.into_iter().zip(q_appeared).zip(gone.into_iter().zip(q_gone)).zip(beside.into_iter().zip(q_beside));
    for (own, (((came, q_came), (went, q_went)), (canary, q_canary))) in found.iter_mut().zip(all) {
        own.appeared = claim(came, q_came);
        own.gone = claim(went, q_went);
        own.canary = canary
            .filter(|(_, large)| *large && claimed(q_canary))
            .map(|(canary, _)| Canary { q: q_canary.unwrap_or(1.0), ..canary });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::history::judged;
    use super::super::{Before, ClusterKey, Coverage};
    use super::*;

    fn key(name: &str) -> ClusterKey {
        ClusterKey { template_id: name.into(), service: "shop".into(), ..ClusterKey::default() }
    }

    /// Rows (cluster, revision, hours); every hour of a revision has ten rows of traffic.
    fn told(serves: &[(&str, std::ops::Range<i64>)], rows: &[(&str, &str, Vec<i64>)]) -> Vec<Revisions> {
        let mut history = History::default();
        for (revision, hours) in serves {
            let own = history.served.entry("shop".into()).or_default().entry((*revision).into()).or_default();
            own.extend(hours.clone().map(|hour| (hour, 10)));
            let beat = history.by_revision.entry(key("beat")).or_default().entry((*revision).into()).or_default();
            beat.extend(hours.clone().map(|hour| (hour * HOUR_NS, hour * HOUR_NS)));
        }
        for (name, revision, hours) in rows {
            let own = history.by_revision.entry(key(name)).or_default().entry((*revision).into()).or_default();
            own.extend(hours.iter().map(|hour| (hour * HOUR_NS + 60, hour * HOUR_NS + 90)));
            history.runs.entry(key(name)).or_default().extend(own.iter().copied());
        }
        let mut names: Vec<&str> = rows.iter().map(|(name, _, _)| *name).collect();
        names.dedup();
        let clusters: Vec<Cluster> =
            names.iter().map(|name| Cluster { key: key(name), entries: 9, ..Cluster::default() }).collect();
        let window = Window::new(0, 240 * HOUR_NS).expect("window");
        let before = Before::default();
        let judged = judged(&clusters, &before, &Coverage::default(), &[], window, 7.0);
        revisions(&clusters, &history, &judged, window)
    }

    #[test]
    fn what_had_been_away_for_long_missed_more_than_one_pause_would() {
        let hour = |n: i64| (n * HOUR_NS, n * HOUR_NS);
        let runs = [hour(0), hour(1), hour(2)];
        assert!((missed_before(&runs, 10 * HOUR_NS) - 12.0).abs() < 1e-9);
        assert!((missed_before(&runs, 3 * HOUR_NS) - 1.5).abs() < 1e-9, "a pause as any other");
        assert!(missed_before(&runs, 0).abs() < 1e-9 && missed_before(&[], HOUR_NS).abs() < 1e-9);
    }

    #[test]
    fn what_begins_with_a_deploy_appeared_with_its_revision() {
        let serves = [("r1", 0..120), ("r2", 120..240)];
        let found = told(&serves, &[("new", "r2", (121..240).step_by(8).collect())]);
        let change = found[0].appeared.as_ref().expect("appeared");
        assert_eq!((change.revision.as_str(), change.since_ns, change.of), ("r2", 120 * HOUR_NS, 15));
        assert!(
            found[0].told()[0].starts_with("appeared with revision r2, which began to write at 1970-01-06T00:00:00Z")
        );
        assert_eq!((&found[0].gone, &found[0].canary), (&None, &None));
    }

    #[test]
    fn what_ends_with_a_deploy_is_gone_since_its_revision() {
        let serves = [("r1", 0..120), ("r2", 120..240)];
        let found = told(&serves, &[("old", "r1", (1..119).step_by(8).collect())]);
        let change = found[0].gone.as_ref().expect("gone");
        assert_eq!((change.revision.as_str(), change.of), ("r2", 15));
        assert_eq!(found[0].appeared, None, "it stands in the first revision there is");
    }

    #[test]
    fn what_is_in_both_revisions_or_too_rare_is_tied_to_neither() {
        let serves = [("r1", 0..120), ("r2", 120..240)];
        let both = told(
            &serves,
            &[("both", "r1", (1..119).step_by(9).collect()), ("both", "r2", (121..240).step_by(9).collect())],
        );
        assert_eq!(both[0], Revisions::default());
        let rare = told(&serves, &[("rare", "r2", vec![130])]);
        assert_eq!((&rare[0].appeared, &rare[0].only), (&None, &Some(("r2".to_owned(), 2))));
        assert!(told(&[], &[("none", "r1", vec![])])[0].told().is_empty());
    }

    #[test]
    fn a_canary_is_compared_by_its_share_of_the_traffic() {
        let serves = [("r1", 0..240), ("r2", 100..240)];
        let found =
            told(&serves, &[("bad", "r1", vec![3, 50, 110, 200]), ("bad", "r2", (101..240).step_by(4).collect())]);
        let canary = found[0].canary.as_ref().expect("more of it in r2");
        assert_eq!((canary.revision.as_str(), canary.episodes, canary.of), ("r2", 35, 37));
        assert!((canary.share - 0.5).abs() < 1e-9 && canary.ratio > 2.0, "{canary:?}");
        let even = told(
            &serves,
            &[("even", "r1", (0..240).step_by(6).collect()), ("even", "r2", (100..240).step_by(6).collect())],
        );
        assert_eq!(even[0].canary, None);
    }
}
