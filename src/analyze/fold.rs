//! Sums over all clusters that a single one is measured by, and the order in which clusters are shown.

use std::collections::BTreeMap;

use super::{Cluster, Ranked};
use crate::record::Severity;
use crate::time::HOUR_NS;

/// For each cluster, its share of its service's rows of its effective severity or worse.
pub(crate) fn shares(clusters: &[Cluster]) -> Vec<f64> {
    let service = |cluster: &'_ Cluster| (cluster.key.project.clone(), cluster.key.service.clone());
    let mut rows: BTreeMap<(String, String), BTreeMap<Severity, u64>> = BTreeMap::new();
    for cluster in clusters {
        let levels = rows.entry(service(cluster)).or_default();
        for (level, n) in &cluster.effective {
            *levels.entry(*level).or_default() += n;
        }
    }
    let share = |cluster: &Cluster| {
        let level = cluster.effective_severity();
        let from = |levels: &BTreeMap<Severity, u64>| levels.range(level..).map(|(_, n)| n).sum::<u64>();
        let loud = rows.get(&service(cluster)).map_or(0, from);
        if loud == 0 { 0.0 } else { from(&cluster.effective) as f64 / loud as f64 }
    };
    clusters.iter().map(share).collect()
}

/// Share of requests answered 5xx per (service, method, route).
pub(crate) fn routes(clusters: &[Cluster]) -> BTreeMap<(String, String, String), f64> {
    let mut sums: BTreeMap<(String, String, String), (u64, u64)> = BTreeMap::new();
    for cluster in clusters {
        let Some(http) = &cluster.http else { continue };
        let sum = sums.entry((cluster.key.service.clone(), http.method.clone(), http.route.clone())).or_default();
        sum.0 += cluster.entries;
        if http.status.is_some_and(|status| status >= 500) {
            sum.1 += cluster.entries;
        }
    }
    sums.into_iter()
        .map(|(route, (all, failed))| (route, if all == 0 { 0.0 } else { failed as f64 / all as f64 }))
        .collect()
}

/// Requests answered 5xx from which on their hours are looked at alone.
const FAILED: usize = 10;

/// Of each cluster of requests that failed: the share answered 5xx of its route's requests in the hours from its first entry to
/// its last. An hour in which all fail is a small part of a week's requests. Of few failures nothing is told.
pub(crate) fn shares_while(clusters: &[Cluster]) -> Vec<Option<f64>> {
    let mut routes: BTreeMap<(&str, &str, &str), Vec<&Cluster>> = BTreeMap::new();
    for cluster in clusters {
        let Some(http) = &cluster.http else { continue };
        routes.entry((&cluster.key.service, &http.method, &http.route)).or_default().push(cluster);
    }
    let fails =
        |cluster: &Cluster| cluster.http.as_ref().and_then(|http| http.status).is_some_and(|status| status >= 500);
    let share = |cluster: &Cluster| {
        let http = cluster.http.as_ref().filter(|_| fails(cluster) && cluster.times_ns.len() >= FAILED)?;
        let (first, last) = (cluster.times_ns.first()?, cluster.times_ns.last()?);
        let (from, to) = (first.div_euclid(HOUR_NS) * HOUR_NS, (last.div_euclid(HOUR_NS) + 1) * HOUR_NS);
        let inside = |times: &[i64]| times.partition_point(|at| *at < to) - times.partition_point(|at| *at < from);
        let (mut all, mut failed) = (0, 0);
        for other in routes.get(&(cluster.key.service.as_str(), http.method.as_str(), http.route.as_str()))? {
            let n = inside(&other.times_ns);
            all += n;
            failed += if fails(other) { n } else { 0 };
        }
        Some(failed as f64 / all as f64)
    };
    clusters.iter().map(share).collect()
}

/// Indexes of clusters, most urgent first: priority, points, severity, entries, then the key.
pub(crate) fn order(ranked: &[Ranked]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ranked.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&ranked[*a], &ranked[*b]);
        let level = |ranked: &Ranked| ranked.cluster.effective_severity();
        (a.priority.level, -a.priority.points)
            .cmp(&(b.priority.level, -b.priority.points))
            .then(level(b).cmp(&level(a)))
            .then(b.cluster.entries.cmp(&a.cluster.entries))
            .then(a.cluster.key.cmp(&b.cluster.key))
    });
    order
}

/// Brings rows into an order of their places, in place.
pub(crate) fn arrange<T>(rows: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut at = start;
        // Around the cycle of places that this one is part of.
        while order[at] != start && order[at] != at {
            let from = order[at];
            rows.swap(at, from);
            order[at] = at;
            at = from;
        }
        order[at] = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_into_any_order() {
        for order in [vec![], vec![0], vec![2, 0, 1], vec![1, 0, 3, 2], vec![4, 3, 2, 1, 0], vec![0, 2, 1, 4, 3]] {
            let mut rows: Vec<usize> = (10..10 + order.len()).collect();
            let wanted: Vec<usize> = order.iter().map(|old| rows[*old]).collect();
            arrange(&mut rows, order);
            assert_eq!(rows, wanted);
        }
    }

    #[test]
    fn shares_are_of_the_own_service_and_severity_or_worse() {
        let cluster = |service: &str, severity, n| {
            let mut cluster = Cluster { entries: n, ..Cluster::default() };
            cluster.key.service = service.into();
            cluster.effective.insert(severity, n);
            cluster
        };
        let clusters = [
            cluster("a", Severity::Error, 30),
            cluster("a", Severity::Critical, 10),
            cluster("a", Severity::Info, 60),
            cluster("b", Severity::Error, 5),
        ];
        assert_eq!(shares(&clusters), [0.75, 1.0, 0.6, 1.0]);
    }

    #[test]
    fn failures_of_some_hours_are_told_by_the_requests_of_these_hours() {
        let cluster = |status: i32, hours: &[(i64, usize)]| Cluster {
            http: Some(crate::analyze::HttpStats { status: Some(status), ..Default::default() }),
            times_ns: hours.iter().flat_map(|(hour, n)| vec![hour * HOUR_NS + 1; *n]).collect(),
            ..Cluster::default()
        };
        let all = [
            cluster(200, &[(1, 90), (5, 3), (9, 90)]),
            cluster(502, &[(5, 10)]),
            cluster(503, &[(5, 2), (9, 5)]),
            Cluster::default(),
        ];
        assert_eq!(shares_while(&all), [None, Some(12.0 / 15.0), None, None]);
    }
}
