//! Sums over all clusters that a single one is measured by, and the order in which clusters are shown.

use std::collections::BTreeMap;

use super::{Cluster, Ranked};

/// For each cluster, its share of its service's rows of its effective severity or worse.
pub(crate) fn shares(clusters: &[Cluster]) -> Vec<f64> {
    clusters
        .iter()
        .map(|cluster| {
            let level = cluster.effective_severity();
            let loud: u64 = clusters
                .iter()
                .filter(|other| other.key.service == cluster.key.service && other.key.project == cluster.key.project)
                .flat_map(|other| other.effective.range(level..))
                .map(|(_, n)| *n)
                .sum();
            let own: u64 = cluster.effective.range(level..).map(|(_, n)| *n).sum();
            if loud == 0 { 0.0 } else { own as f64 / loud as f64 }
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Severity;

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
}
