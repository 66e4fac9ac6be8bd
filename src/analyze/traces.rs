//! Families of one request or one event: clusters that share traces, or rows of one occurrence.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::family::{Family, FamilyKind, keys, lags, positions};
use super::{AnalyzeError, Cluster, ClusterKey};
use crate::query::{self, Engine, Keyed, SharedEvent};
use crate::record::{Kind, Severity};

/// Clusters of one event from which on it is a burst of errors of all sorts, not one failure.
const EVENT_CLUSTERS: usize = 16;
/// Clusters of one trace from which on it is a job that meets all sorts of errors, not one request; pairs of them grow with
/// the square.
const TRACE_CLUSTERS: usize = 64;
/// Traces that two clusters must share.
const SHARED_TRACES: usize = 3;

/// A trace, or an instance, in which a louder cluster stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TraceRow {
    /// Place of its cluster's key.
    pub(crate) key: u32,
    pub(crate) trace: Option<u128>,
    pub(crate) instance: Option<u32>,
    pub(crate) first_ns: i64,
}

/// The traces and instances of louder clusters.
#[derive(Debug, Default)]
pub(crate) struct TraceRows {
    pub(crate) keys: Vec<ClusterKey>,
    pub(crate) rows: Vec<TraceRow>,
}

/// Reads the traces and instances of clusters of WARNING and above.
pub(crate) fn trace_rows(engine: &Engine) -> Result<TraceRows, AnalyzeError> {
    let found = engine.traces()?;
    let of = |(key, row): &(u32, query::TraceRow)| TraceRow {
        key: *key,
        trace: row.trace,
        instance: row.instance,
        first_ns: row.first_ns,
    };
    Ok(TraceRows { keys: keys(&found.clusters), rows: found.rows.iter().map(of).collect() })
}

/// A trace or event of a cluster, with its oldest row.
type Stage = (u128, usize, i64);

/// Clusters of WARNING and above that share requests: at least three traces, and half of the rarer one's.
pub(crate) fn same_trace(clusters: &[Cluster], found: &TraceRows, taken: &[Family]) -> Vec<Family> {
    let at = free(clusters, &found.keys, taken);
    let stage = |row: &TraceRow| -> Option<Stage> { Some((row.trace?, at[row.key as usize]?, row.first_ns)) };
    let mut stages = sorted(found.rows.iter().filter_map(stage).collect());
    let mut sizes: FxHashMap<usize, usize> = FxHashMap::default();
    for (_, index, _) in &stages {
        *sizes.entry(*index).or_default() += 1;
    }
    // What stands in fewer shares too few with anything.
    stages.retain(|(_, index, _)| sizes[index] >= SHARED_TRACES);
    let mut kept: Vec<Stage> = Vec::with_capacity(stages.len());
    for trace in stages.chunk_by(|a, b| a.0 == b.0).filter(|trace| trace.len() <= TRACE_CLUSTERS) {
        kept.extend_from_slice(trace);
    }
    let stages = kept;
    let are_tied = |a, b, shared| shared >= SHARED_TRACES && shared * 2 >= sizes[&a].min(sizes[&b]);
    tied(clusters, &stages, FamilyKind::SameTrace, are_tied)
}

/// Clusters of WARNING and above that are parts of one event, at least half of the events of either: how often does not
/// matter, the rows themselves belong together. A line that stands above many exceptions is not the root of all of them.
pub(crate) fn same_event(clusters: &[Cluster], found: &Keyed<SharedEvent>, taken: &[Family]) -> Vec<Family> {
    let at = free(clusters, &keys(&found.clusters), taken);
    let is_loud = |index: &usize| clusters[*index].effective_severity() >= Severity::Warning;
    let stage = |(key, row): &(u32, SharedEvent)| -> Option<Stage> {
        Some((row.event, at[*key as usize].filter(is_loud)?, row.first_ns))
    };
    let mut stages = sorted(found.rows.iter().filter_map(stage).collect());
    let mut sizes: FxHashMap<u128, usize> = FxHashMap::default();
    for (event, ..) in &stages {
        *sizes.entry(*event).or_default() += 1;
    }
    stages.retain(|(event, ..)| sizes[event] <= EVENT_CLUSTERS);
    let are_tied = |a: usize, b: usize, shared| shared as u64 * 2 >= clusters[a].events.max(clusters[b].events);
    tied(clusters, &stages, FamilyKind::SameEvent, are_tied)
}

/// Places of the clusters of keys, of those that are in no family.
fn free(clusters: &[Cluster], keys: &[ClusterKey], taken: &[Family]) -> Vec<Option<usize>> {
    let mut busy = vec![false; clusters.len()];
    for member in taken.iter().flat_map(|family| &family.members) {
        busy[*member] = true;
    }
    positions(clusters, keys).into_iter().map(|index| index.filter(|index| !busy[*index])).collect()
}

/// Stages by trace, each of a cluster once: with its oldest row.
fn sorted(mut stages: Vec<Stage>) -> Vec<Stage> {
    stages.par_sort_unstable();
    stages.dedup_by_key(|(trace, index, _)| (*trace, *index));
    stages
}

/// Families of clusters that are tied: `are_tied` is asked of pairs and the number of traces that both have.
fn tied(
    clusters: &[Cluster],
    stages: &[Stage],
    kind: FamilyKind,
    are_tied: impl Fn(usize, usize, usize) -> bool,
) -> Vec<Family> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut traces: Vec<&[Stage]> = Vec::new();
    for trace in stages.chunk_by(|a, b| a.0 == b.0) {
        let first = trace.iter().map(|stage| place(clusters, stage)).min().map(|(.., index)| index);
        for (i, (_, a, _)) in trace.iter().enumerate() {
            for (_, b, _) in &trace[i + 1..] {
                // The rows of an event follow from its first.
                if kind == FamilyKind::SameTrace || Some(*a) == first || Some(*b) == first {
                    pairs.push((*a, *b));
                }
            }
        }
        if trace.len() > 1 {
            traces.push(trace);
        }
    }
    pairs.par_sort_unstable();
    let mut group = Groups::default();
    for shared in pairs.chunk_by(|a, b| a == b) {
        let (a, b) = shared[0];
        if are_tied(a, b, shared.len()) {
            group.unite(a, b);
        }
    }
    let mut components: BTreeMap<usize, (BTreeSet<usize>, Vec<&[Stage]>)> = BTreeMap::new();
    for index in group.all() {
        components.entry(group.of(index)).or_default().0.insert(index);
    }
    for trace in traces {
        let mut own: Vec<usize> = trace.iter().map(|(_, index, _)| group.of(*index)).collect();
        own.sort_unstable();
        // Those of which it holds two members say something.
        for found in own.chunk_by(|a, b| a == b).filter(|found| found.len() > 1) {
            if let Some((_, traces)) = components.get_mut(&found[0]) {
                traces.push(trace);
            }
        }
    }
    components.into_values().map(|(members, traces)| trace_family(clusters, members, &traces, kind)).collect()
}

/// Where a cluster stands among others of its trace: by time, and what a program said before the answer that came of it.
fn place(clusters: &[Cluster], (_, index, ts_ns): &Stage) -> (i64, bool, usize) {
    (*ts_ns, clusters[*index].key.kind == Kind::Request.as_str(), *index)
}

/// Clusters that belong together; each group goes by its first.
#[derive(Default)]
struct Groups {
    /// Another one of the group, further ahead; the first is its own.
    ahead: BTreeMap<usize, usize>,
}

impl Groups {
    /// The first of the group of one.
    fn of(&self, mut index: usize) -> usize {
        while let Some(next) = self.ahead.get(&index).filter(|next| **next != index) {
            index = *next;
        }
        index
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (one, other) = (self.of(a), self.of(b));
        let first = one.min(other);
        // What was passed on the way is shortened, so that no way grows with the group.
        for index in [a, b, one, other] {
            self.ahead.insert(index, first);
        }
    }

    /// All that belong to some group, ascending.
    fn all(&self) -> Vec<usize> {
        self.ahead.keys().copied().collect()
    }
}

/// The family of clusters that share some of the traces, each of which holds several of them.
fn trace_family(clusters: &[Cluster], members: BTreeSet<usize>, traces: &[&[Stage]], kind: FamilyKind) -> Family {
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut times_ns = Vec::new();
    for trace in traces {
        let own = || trace.iter().filter(|(_, index, _)| members.contains(index)).map(|stage| place(clusters, stage));
        if let Some((first_ns, _, index)) = own().min().filter(|_| own().count() > 1) {
            *firsts.entry(index).or_default() += 1;
            times_ns.push(first_ns);
        }
    }
    times_ns.sort_unstable();
    let root = firsts
        .iter()
        .max_by_key(|(index, n)| (**n, std::cmp::Reverse(**index)))
        .map_or_else(|| members.first().copied().unwrap_or(0), |(index, _)| *index);
    let groups = traces.iter().map(|trace| trace.iter().map(|(_, index, ts_ns)| (*index, *ts_ns)).collect());
    let lags_ns = lags(groups, root, &members);
    Family {
        kind,
        root,
        failed: 0,
        ran: false,
        rooted: 0,
        service: clusters[root].key.service.clone(),
        members: members.into_iter().collect(),
        times_ns,
        lags_ns,
        shared: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn cluster(name: &str) -> Cluster {
        Cluster { key: key(name), entries: 1, ..Cluster::default() }
    }

    fn key(name: &str) -> ClusterKey {
        ClusterKey { template_id: name.into(), service: "s".into(), ..ClusterKey::default() }
    }

    #[test]
    fn clusters_of_one_event_are_a_family_however_often_it_happened() {
        let loud = |name: &str, events, level| Cluster { events, effective: [(level, events)].into(), ..cluster(name) };
        let clusters = [
            loud("exception", 1, Severity::Error),
            loud("logged", 2, Severity::Error),
            loud("aside", 9, Severity::Error),
            loud("quiet", 1, Severity::Info),
        ];
        let keys = ["exception", "logged", "aside", "quiet"].map(|name| crate::query::ClusterRows {
            template_id: name.into(),
            service: "s".into(),
            kind: "app".into(),
            ..crate::query::ClusterRows::default()
        });
        let row = |at, event, first_ns| (at, SharedEvent { event, first_ns });
        let rows = vec![row(0, 1, 20), row(1, 1, 10), row(1, 2, 90), row(2, 2, 95), row(0, 3, 5), row(3, 3, 1)];
        let found = Keyed { clusters: keys.to_vec(), rows };
        let families = same_event(&clusters, &found, &[]);
        let told: Vec<_> = families.iter().map(|found| (found.kind, found.root, found.members.as_slice())).collect();
        // Half of the events of "logged" are shared with "aside", too, of which that is one in nine.
        assert_eq!(told, [(FamilyKind::SameEvent, 1, &[0, 1][..])]);
        assert_eq!(families[0].times_ns, [10]);
        assert!(same_event(&clusters, &found, &families).is_empty());
    }

    #[test]
    fn clusters_of_one_request_are_a_family_with_the_earlier_as_root() {
        let names = ["db", "auth", "other"];
        let clusters = names.map(cluster);
        let row = |key, trace, first_ns| TraceRow { key, trace: Some(trace), instance: None, first_ns };
        let mut rows: Vec<TraceRow> = (0..4_u8)
            .flat_map(|n| [(1, 0), (0, 5)].map(|(key, lag)| row(key, n.into(), i64::from(n) * S + lag)))
            .chain([row(2, 0, 0)])
            .collect();
        // A trace of several groups of rows stands several times, the oldest row counts.
        rows.push(row(0, 3, 9 * S));
        rows.push(TraceRow { trace: None, ..row(2, 0, 0) });
        let families = same_trace(&clusters, &TraceRows { keys: names.map(key).to_vec(), rows }, &[]);
        assert_eq!(families.len(), 1);
        assert_eq!((families[0].root, families[0].members.as_slice()), (1, &[0, 1][..]));
        assert_eq!(families[0].lags_ns, BTreeMap::from([(0, 5)]));
        assert!(same_trace(&clusters, &TraceRows::default(), &[]).is_empty());
    }

    #[test]
    fn what_a_program_said_stands_before_the_answer_of_the_same_moment() {
        let request = ClusterKey { kind: "request".into(), ..key("GET / -> 500") };
        let clusters = [Cluster { key: request.clone(), ..Cluster::default() }, cluster("error")];
        let row = |at, n: u8, first_ns| TraceRow { key: at, trace: Some(n.into()), instance: None, first_ns };
        let rows: Vec<TraceRow> = (0..3).flat_map(|n| [row(0, n, 7), row(1, n, 7)]).collect();
        let families = same_trace(&clusters, &TraceRows { keys: vec![request, key("error")], rows }, &[]);
        assert_eq!((families[0].root, families[0].lags_ns[&0]), (1, 0));
    }
}
