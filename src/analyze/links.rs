//! Clusters that come one after the other without a request that holds both: on one instance, or within half a minute.
//!
//! Chance is judged first (against the rate of the half hours around, or against the instances that either stands on), then
//! order by a sign test. A family is made only where the order is proven and most of the later cluster's episodes are
//! explained, because what is a symptom gets no issue of its own; what merely comes together stays two findings with a link.
//! Nothing is judged outside the time that was exported for both, so a row cap cannot make the wrong one the first.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::family::{Family, FamilyKind, positions, services};
use super::stats::cooccur::{Order, Row, components, lagged};
use super::stats::multiple::{LEVEL, adjust, claimed};
use super::stats::special::{binomial_tail, hypergeometric_tail};
use super::traces::TraceRows;
use super::{Cluster, Coverage};
use crate::record::Severity;
use crate::store::EPISODE_GAP_NS;
use crate::time::{SECOND_NS, words};

/// Instances that two clusters must share.
const SHARED_INSTANCES: usize = 3;
/// Longest typical time between two clusters on one instance: what is further apart shares the instance only.
const NEAR_NS: i64 = 300 * SECOND_NS;
/// Clusters that are compared with one another, the most frequent ones first.
const MOST: usize = 400;

/// Two clusters that come together.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Index of the first cluster.
    pub a: usize,
    /// Index of the second one.
    pub b: usize,
    /// How they are tied.
    pub kind: FamilyKind,
    /// That `a` comes first is proven.
    pub ordered: bool,
    /// Episodes (or instances) of `a` with `b`.
    pub n: u64,
    /// Episodes (or instances) of `a` in the time that was exported for both.
    pub of: u64,
    /// Of those, the number that chance explains.
    pub expected: f64,
    /// Median time from `a` to `b`.
    pub lag_ns: i64,
    /// Chance of so many.
    pub p: f64,
    /// Adjusted over the pairs tested.
    pub q: f64,
}

impl Link {
    /// For a reader of either side.
    pub fn told(&self) -> String {
        let unit = if self.kind == FamilyKind::SameInstance { "instances" } else { "episodes" };
        let order = if self.ordered {
            format!("{} later (median)", words(self.lag_ns))
        } else {
            "together; which comes first cannot be told".to_owned()
        };
        format!("{} of {} {unit}, {order}; chance explains {:.1}", self.n, self.of, self.expected)
    }
}

/// Clusters that may be tied: loud ones that stand in no family yet.
fn free(clusters: &[Cluster], taken: &[Family]) -> Vec<usize> {
    let busy: BTreeSet<usize> = taken.iter().flat_map(|family| family.members.iter().copied()).collect();
    let mut free: Vec<usize> = (0..clusters.len())
        .filter(|at| {
            let cluster = &clusters[*at];
            let loud = cluster.effective_severity() >= Severity::Warning && cluster.is_present();
            loud && !cluster.data_quality && !busy.contains(at)
        })
        .collect();
    free.sort_by_key(|at| (std::cmp::Reverse(clusters[*at].events), *at));
    free.truncate(MOST);
    free.sort_unstable();
    free
}

/// First moment of each episode.
fn episodes(times_ns: &[i64]) -> Vec<i64> {
    let begins = |at: &usize| *at == 0 || times_ns[*at] - times_ns[*at - 1] > EPISODE_GAP_NS;
    (0..times_ns.len()).filter(begins).map(|at| times_ns[at]).collect()
}

/// Families of clusters that follow one another within half a minute, and every pair that comes together.
pub(crate) fn preceding(clusters: &[Cluster], taken: &[Family], seen: &Coverage) -> (Vec<Family>, Vec<Link>) {
    let free = free(clusters, taken);
    let mut services: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let rows: Vec<Row> = free
        .iter()
        .map(|at| {
            let cluster = &clusters[*at];
            let n = services.len();
            let service = *services.entry((&cluster.key.project, &cluster.key.service)).or_insert(n);
            let covered = seen.intervals_of(cluster).to_vec();
            Row { times_ns: episodes(&cluster.times_ns), covered, service }
        })
        .collect();
    let (pairs, _) = lagged(&rows);
    let links: Vec<Link> = pairs
        .iter()
        .map(|pair| Link {
            a: free[pair.a],
            b: free[pair.b],
            kind: FamilyKind::Precedes,
            ordered: pair.order == Order::Precedes,
            n: pair.k,
            of: pair.of,
            expected: pair.expected,
            lag_ns: pair.median_lag_ns,
            p: pair.p,
            q: pair.q,
        })
        .collect();
    // The later one is explained where at least half of its episodes follow.
    let explained = |link: &&Link| {
        let later = free.binary_search(&link.b).map_or(0, |at| rows[at].times_ns.len() as u64);
        link.ordered && link.n * 2 >= later
    };
    let strong: Vec<&Link> = links.iter().filter(explained).collect();
    let families = families(clusters, &strong, FamilyKind::Precedes, |link| {
        let from = free.binary_search(&link.a).map_or(&[][..], |at| rows[at].times_ns.as_slice());
        from.to_vec()
    });
    (families, links)
}

/// Families of links whose order is proven; a component with two beginnings is none, because neither is known to be first.
fn families(clusters: &[Cluster], links: &[&Link], kind: FamilyKind, times: impl Fn(&Link) -> Vec<i64>) -> Vec<Family> {
    let first_ns: Vec<i64> = clusters.iter().map(|cluster| cluster.first_ns).collect();
    let edges: Vec<(usize, usize, bool)> = links.iter().map(|link| (link.a, link.b, true)).collect();
    components(&edges, &first_ns)
        .into_iter()
        .filter(|component| component.proven)
        .map(|component| {
            let root = component.root;
            let own = || links.iter().filter(|link| link.a == root);
            let mut times_ns: Vec<i64> = own().flat_map(|link| times(link)).collect();
            times_ns.sort_unstable();
            times_ns.dedup();
            Family {
                kind,
                root,
                members: component.members,
                times_ns,
                failed: 0,
                ran: false,
                rooted: 0,
                service: clusters[root].key.service.clone(),
                lags_ns: own().map(|link| (link.b, link.lag_ns)).collect(),
                shared: BTreeMap::new(),
            }
        })
        .collect()
}

/// Service, instance, and the cluster where it is in question.
type Standing = (usize, u32, Option<usize>);

/// Instances of a service: those with clusters in question, with the first moment of each, and how many there are at all.
#[derive(Debug, Default)]
struct Stages {
    instances: Vec<BTreeMap<usize, i64>>,
    all: u64,
}

/// Families of clusters that stand on the same instances in one order, and every pair that shares them.
pub(crate) fn same_instance(clusters: &[Cluster], found: &TraceRows, taken: &[Family]) -> (Vec<Family>, Vec<Link>) {
    let mut is_free = vec![false; clusters.len()];
    for at in free(clusters, taken) {
        is_free[at] = true;
    }
    let at = positions(clusters, &found.keys);
    let (service_of, n) = services(&found.keys);
    let mut first: FxHashMap<Standing, i64> = FxHashMap::default();
    for row in &found.rows {
        let Some(instance) = row.instance else { continue };
        let index = at[row.key as usize].filter(|index| is_free[*index]);
        let known = first.entry((service_of[row.key as usize], instance, index)).or_insert(row.first_ns);
        *known = row.first_ns.min(*known);
    }
    let mut standing: Vec<(Standing, i64)> = first.into_iter().collect();
    standing.sort_unstable();
    let mut stages: Vec<Stages> = (0..n).map(|_| Stages::default()).collect();
    for rows in standing.chunk_by(|a, b| (a.0.0, a.0.1) == (b.0.0, b.0.1)) {
        let own: BTreeMap<usize, i64> =
            rows.iter().filter_map(|((.., index), ts_ns)| Some(((*index)?, *ts_ns))).collect();
        let service = &mut stages[rows[0].0.0];
        service.all += 1;
        if !own.is_empty() {
            service.instances.push(own);
        }
    }
    let mut tested: Vec<Link> = stages.par_iter().flat_map(pairs_of).collect();
    let adjusted = adjust(&tested.iter().map(|link| Some(link.p)).collect::<Vec<_>>());
    for (link, q) in tested.iter_mut().zip(adjusted) {
        link.q = q.unwrap_or(1.0);
    }
    tested.retain(|link| claimed(Some(link.q)) && link.lag_ns <= NEAR_NS);
    let strong: Vec<&Link> = tested.iter().filter(|link| link.ordered).collect();
    let moments = |link: &Link| -> Vec<i64> {
        let both = stages.iter().flat_map(|service| &service.instances);
        both.filter(|own| own.contains_key(&link.b)).filter_map(|own| own.get(&link.a).copied()).collect()
    };
    let families = families(clusters, &strong, FamilyKind::SameInstance, moments);
    (families, tested)
}

/// The pairs of one service that share enough instances, and more than chance has it.
fn pairs_of(Stages { instances, all }: &Stages) -> Vec<Link> {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut found: FxHashMap<(usize, usize), Vec<i64>> = FxHashMap::default();
    for own in instances {
        for (a, at_a) in own {
            *sizes.entry(*a).or_default() += 1;
            for (b, at_b) in own.range(a + 1..) {
                found.entry((*a, *b)).or_default().push(at_b - at_a);
            }
        }
    }
    let enough = |lags: &Vec<i64>| lags.len() >= SHARED_INSTANCES;
    let mut pairs: Vec<((usize, usize), Vec<i64>)> =
        found.into_iter().filter(|((a, b), lags)| enough(lags) && lags.len() * 2 >= sizes[a].min(sizes[b])).collect();
    pairs.sort_unstable_by_key(|(pair, _)| *pair);
    pairs
        .into_par_iter()
        .map(|((one, other), mut lags)| {
            lags.sort_unstable();
            let (later, earlier) = (
                lags.iter().filter(|lag| **lag > 0).count() as u64,
                lags.iter().filter(|lag| **lag < 0).count() as u64,
            );
            let swapped = earlier > later;
            let (a, b) = if swapped { (other, one) } else { (one, other) };
            let (first, second) = (later.max(earlier), later.min(earlier));
            let (n, of) = (lags.len() as u64, sizes[&a] as u64);
            Link {
                a,
                b,
                kind: FamilyKind::SameInstance,
                ordered: first > second && 2.0 * binomial_tail(first, first + second, 0.5) <= LEVEL,
                n,
                of,
                expected: of as f64 * sizes[&b] as f64 / *all as f64,
                lag_ns: lags[lags.len() / 2].abs(),
                p: hypergeometric_tail(n, of, sizes[&b] as u64, *all),
                q: 1.0,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::ClusterKey;
    use super::super::coverage::ServiceCoverage;
    use super::super::traces::TraceRow;
    use super::*;

    const S: i64 = SECOND_NS;
    const HOUR: i64 = 3_600 * S;

    fn cluster(name: &str, times_ns: Vec<i64>) -> Cluster {
        let mut cluster = Cluster {
            key: ClusterKey { template_id: name.into(), service: "s".into(), ..ClusterKey::default() },
            entries: times_ns.len() as u64,
            events: times_ns.len() as u64,
            first_ns: times_ns.first().copied().unwrap_or(0),
            times_ns,
            ..Cluster::default()
        };
        cluster.severities.insert(Severity::Error, 1);
        cluster.effective.insert(Severity::Error, cluster.entries);
        cluster
    }

    fn covered(hours: i64) -> Coverage {
        let mut seen = Coverage::default();
        let intervals = vec![(0, hours * HOUR)];
        seen.services.insert("s".into(), ServiceCoverage { intervals, ..ServiceCoverage::default() });
        seen
    }

    fn every(hours: i64, from: i64, shift: i64) -> Vec<i64> {
        (from..hours).step_by(5).map(|hour| hour * HOUR + hour % 7 * 61 * S + shift).collect()
    }

    #[test]
    fn what_follows_within_seconds_again_and_again_is_a_family_with_the_first_as_root() {
        let clusters =
            [cluster("b", every(100, 0, 4 * S)), cluster("a", every(100, 0, 0)), cluster("c", every(100, 2, 0))];
        let (families, links) = preceding(&clusters, &[], &covered(100));
        assert_eq!(families.len(), 1, "{links:?}");
        let family = &families[0];
        assert_eq!((family.kind, family.root, family.members.as_slice()), (FamilyKind::Precedes, 1, &[0, 1][..]));
        assert_eq!((family.times_ns.len(), family.lags_ns.get(&0)), (20, Some(&(4 * S))));
        assert!(
            links[0].told().starts_with("20 of 20 episodes, 4.0 s later (median); chance explains "),
            "{}",
            links[0].told()
        );
    }

    #[test]
    fn order_is_not_judged_where_one_of_them_was_not_exported() {
        let clusters = [cluster("a", every(100, 0, 0)), cluster("b", every(100, 0, 4 * S))];
        let mut seen = covered(100);
        let service = seen.services.get_mut("s").expect("service");
        service.severities.insert(Severity::Error, vec![(0, HOUR)]);
        assert_eq!(preceding(&clusters, &[], &seen), (vec![], vec![]), "one episode in the hour covered for both");
        let taken = [Family {
            kind: FamilyKind::CrashLoop,
            root: 0,
            members: vec![0],
            times_ns: vec![],
            failed: 0,
            ran: false,
            rooted: 0,
            service: "s".into(),
            lags_ns: BTreeMap::new(),
            shared: BTreeMap::new(),
        }];
        assert!(preceding(&clusters, &taken, &covered(100)).0.is_empty(), "a cluster belongs to one family");
    }

    #[test]
    fn nothing_one_cluster_and_equal_moments_are_no_family() {
        assert_eq!(preceding(&[], &[], &covered(9)), (vec![], vec![]));
        assert_eq!(preceding(&[cluster("a", vec![5])], &[], &covered(9)), (vec![], vec![]));
        let same = [cluster("a", every(100, 0, 0)), cluster("b", every(100, 0, 0))];
        let (families, links) = preceding(&same, &[], &covered(100));
        assert!(families.is_empty() && links.iter().all(|link| !link.ordered), "{links:?}");
    }

    fn on(key: u32, instances: std::ops::Range<u32>, shift: i64) -> Vec<TraceRow> {
        let row = |n: u32| TraceRow { key, trace: None, instance: Some(n), first_ns: i64::from(n) * HOUR + shift };
        instances.map(row).collect()
    }

    fn rows_of(rows: &[Vec<TraceRow>]) -> TraceRows {
        let key = |name: &str| ClusterKey { template_id: name.into(), service: "s".into(), ..ClusterKey::default() };
        TraceRows { keys: ["a", "b", "c"].map(key).to_vec(), rows: rows.concat() }
    }

    #[test]
    fn what_stands_on_the_same_few_of_many_instances_in_one_order_is_a_family() {
        let clusters = [cluster("a", vec![5]), cluster("b", vec![9]), cluster("c", vec![1])];
        let rows = rows_of(&[on(0, 0..8, 0), on(1, 0..8, 3 * S), on(2, 0..40, 9 * S)]);
        let (families, links) = same_instance(&clusters, &rows, &[]);
        assert_eq!(links.len(), 1, "c stands everywhere: {links:?}");
        assert_eq!((families[0].root, families[0].members.as_slice(), families[0].times_ns.len()), (0, &[0, 1][..], 8));
        assert_eq!(families[0].lags_ns.get(&1), Some(&(3 * S)));
    }

    #[test]
    fn sharing_the_only_instances_there_are_proves_nothing() {
        let clusters = [cluster("a", vec![5]), cluster("b", vec![9])];
        let rows = rows_of(&[on(0, 0..8, 0), on(1, 0..8, 3 * S)]);
        assert_eq!(same_instance(&clusters, &rows, &[]), (vec![], vec![]));
        assert_eq!(same_instance(&[], &TraceRows::default(), &[]), (vec![], vec![]));
    }
}
