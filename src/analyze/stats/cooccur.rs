//! Which clusters come together, and which of them comes first.
//!
//! A shared trace is direct evidence. Without one, B within 30 s of A is set against the rate of B in the half hours around:
//! under shared traffic a rate over the whole window links everything that has a daily rhythm, a local one links nothing.
//! Direction is a sign test. The words are "same request", "precedes" and "together", never "causes".

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::multiple::{LEVEL, adjust, claimed};
use super::special::{binomial_tail, poisson_tail};
use crate::time::SECOND_NS;

/// Longest time from A to B.
pub const LAG_NS: i64 = 30 * SECOND_NS;
/// Time around A, to each side, in which the local rate of B is taken.
const AROUND_NS: i64 = 30 * 60 * SECOND_NS;
/// Least co-occurrences of a pair that is tested.
pub const MIN_PAIRS: u64 = 3;
/// Least ratio of co-occurrences to what the local rate explains: at the edges of a busy hour the local rate is some way
/// off, and with many episodes that alone would be significant.
const MIN_LIFT: f64 = 2.0;
/// Events added to the local count of B, so that none seen is not a rate of zero.
const HALF: f64 = 0.5;
/// Clocks of two services are not compared below this.
const CLOCK_NS: i64 = SECOND_NS;
/// Most clusters of one trace that are paired; a trace with more says little of each pair.
const WIDEST: usize = 64;

/// The first event of a cluster in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traced {
    /// Number of the trace.
    pub trace: u64,
    /// Number of the cluster.
    pub cluster: usize,
    /// Its moment.
    pub ts_ns: i64,
}

/// Two clusters that share traces; `a` is the one that comes first more often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SameTrace {
    /// Earlier cluster.
    pub a: usize,
    /// Later cluster.
    pub b: usize,
    /// Traces that hold both.
    pub support: u64,
    /// Share of A's traces that hold B.
    pub b_given_a: f64,
    /// That share over B's share of all traces.
    pub lift: f64,
    /// Median time from A to B, below 0 where B is often first.
    pub median_lag_ns: i64,
}

/// Pairs of clusters that share at least three traces, of `traces` in all; ordered by (a, b).
pub fn same_trace(rows: &[Traced], traces: u64) -> Vec<SameTrace> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows.dedup_by_key(|row| (row.trace, row.cluster));
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    let mut lags: BTreeMap<(usize, usize), Vec<i64>> = BTreeMap::new();
    for members in rows.chunk_by(|a, b| a.trace == b.trace) {
        for (at, a) in members.iter().enumerate() {
            *sizes.entry(a.cluster).or_default() += 1;
            for b in members[at + 1..].iter().filter(|_| members.len() <= WIDEST) {
                lags.entry((a.cluster, b.cluster)).or_default().push(b.ts_ns - a.ts_ns);
            }
        }
    }
    let traces = traces.max(1) as f64;
    let mut found: Vec<SameTrace> = lags
        .into_iter()
        .filter(|(_, lags)| lags.len() as u64 >= MIN_PAIRS)
        .map(|((one, other), mut lags)| {
            lags.sort_unstable();
            let median = lags[lags.len() / 2];
            let (a, b, median_lag_ns) = if median < 0 { (other, one, -median) } else { (one, other, median) };
            let support = lags.len() as u64;
            let b_given_a = support as f64 / sizes[&a] as f64;
            SameTrace { a, b, support, b_given_a, lift: b_given_a / (sizes[&b] as f64 / traces), median_lag_ns }
        })
        .collect();
    found.sort_by_key(|pair| (pair.a, pair.b));
    found
}

/// Episodes of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// First moments of its episodes, ascending.
    pub times_ns: Vec<i64>,
    /// Where it would have been seen: sorted, disjoint, both ends inside.
    pub covered: Vec<(i64, i64)>,
    /// Number of its service: inside one service, order is known below a second.
    pub service: usize,
}

/// How two clusters are tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// A comes first.
    Precedes,
    /// They come together; which is first cannot be told.
    Together,
}

/// Two clusters that come together more often than the local rate explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lagged {
    /// First cluster.
    pub a: usize,
    /// Second cluster.
    pub b: usize,
    /// Whether A is proven to come first.
    pub order: Order,
    /// Episodes of A that B follows within the lag.
    pub k: u64,
    /// Episodes of A seen while both were covered.
    pub of: u64,
    /// Number that the local rate of B explains.
    pub expected: f64,
    /// Episodes of B that A follows within the lag.
    pub reverse: u64,
    /// Median time from A to B.
    pub median_lag_ns: i64,
    /// Poisson tail.
    pub p: f64,
    /// Adjusted over the pairs tested.
    pub q: f64,
}

/// Pairs of clusters in lagged co-occurrence, and the number of pairs that were tested; ordered by (a, b).
///
/// Only episodes in which both clusters were covered count; a pair that is linked both ways is given once.
pub fn lagged(rows: &[Row]) -> (Vec<Lagged>, usize) {
    let follows = followers(rows);
    let candidates: Vec<(usize, usize)> =
        follows.iter().filter(|(_, pair)| pair.lags.len() as u64 >= MIN_PAIRS).map(|(pair, _)| *pair).collect();
    let tested: Vec<Lagged> = candidates.par_iter().map(|(a, b)| expected(rows, *a, *b, &follows)).collect();
    let adjusted = adjust(&tested.iter().map(|pair| Some(pair.p)).collect::<Vec<_>>());
    let mut found: BTreeMap<(usize, usize), Lagged> = BTreeMap::new();
    for (pair, q) in tested.iter().zip(adjusted) {
        let large = pair.k as f64 >= MIN_LIFT * pair.expected;
        let Some(q) = q.filter(|q| large && claimed(Some(*q))) else { continue };
        let pair = Lagged { q, order: order(pair.a, pair.b, &follows), ..*pair };
        let key = (pair.a.min(pair.b), pair.a.max(pair.b));
        let known = found.entry(key).or_insert(pair);
        let rank = |pair: &Lagged| (pair.order, std::cmp::Reverse(pair.k), pair.a);
        if rank(&pair) < rank(known) {
            *known = pair;
        }
    }
    let mut found: Vec<Lagged> = found.into_values().collect();
    found.sort_by_key(|pair| (pair.a, pair.b));
    (found, tested.len())
}

/// Times that B follows A, per ordered pair.
#[derive(Debug, Default)]
struct Follows {
    lags: Vec<i64>,
    /// Of those, the ones whose order the clocks can tell.
    ordered: u64,
}

type Pairs = BTreeMap<(usize, usize), Follows>;

/// Walks all episodes in time order and notes, for each, the first of every other cluster within the lag.
fn followers(rows: &[Row]) -> Pairs {
    let mut all: Vec<(i64, usize)> =
        rows.iter().enumerate().flat_map(|(at, row)| row.times_ns.iter().map(move |ts| (*ts, at))).collect();
    all.sort_unstable();
    let mut pairs = Pairs::new();
    let mut seen: Vec<usize> = vec![usize::MAX; rows.len()];
    for (place, (ts, a)) in all.iter().enumerate() {
        for (later, b) in all[place + 1..].iter().take_while(|(later, _)| later - ts <= LAG_NS) {
            if b == a || seen[*b] == place || !holds(&rows[*b].covered, *ts) || !holds(&rows[*a].covered, *later) {
                continue;
            }
            seen[*b] = place;
            let pair = pairs.entry((*a, *b)).or_default();
            pair.lags.push(later - ts);
            let clock = if rows[*a].service == rows[*b].service { 0 } else { CLOCK_NS };
            pair.ordered += u64::from(later - ts > clock);
        }
    }
    pairs
}

fn holds(covered: &[(i64, i64)], ts: i64) -> bool {
    let at = covered.partition_point(|(_, to)| *to < ts);
    covered.get(at).is_some_and(|(from, _)| *from <= ts)
}

/// Covered length of [from, to], in seconds.
fn length_s(covered: &[(i64, i64)], from: i64, to: i64) -> f64 {
    let first = covered.partition_point(|(_, end)| *end < from);
    let parts = covered[first..].iter().take_while(|(start, _)| *start <= to);
    parts.map(|(start, end)| ((*end).min(to) - (*start).max(from)).max(0) as f64).sum::<f64>() / SECOND_NS as f64
}

/// Number of A's episodes that B would follow at its local rate: sum of 1 - exp(-rate x lag), and the Poisson tail.
fn expected(rows: &[Row], a: usize, b: usize, follows: &Pairs) -> Lagged {
    let (from, to) = (&rows[a], &rows[b]);
    let (mut sum, mut of) = (0.0, 0);
    let lag_s = LAG_NS as f64 / SECOND_NS as f64;
    for ts in from.times_ns.iter().filter(|ts| holds(&to.covered, **ts)) {
        let within = |since: i64, until: i64| {
            (to.times_ns.partition_point(|other| *other <= until) - to.times_ns.partition_point(|other| *other < since))
                as f64
        };
        let n = within(ts - AROUND_NS, ts + AROUND_NS) - within(*ts, ts + LAG_NS);
        let seconds = length_s(&to.covered, ts - AROUND_NS, ts + AROUND_NS) - length_s(&to.covered, *ts, ts + LAG_NS);
        sum += 1.0 - (-(n + HALF) / seconds.max(lag_s) * lag_s).exp();
        of += 1;
    }
    let own = &follows[&(a, b)];
    let mut lags = own.lags.clone();
    lags.sort_unstable();
    let k = lags.len() as u64;
    Lagged {
        a,
        b,
        order: Order::Together,
        k,
        of,
        expected: sum,
        reverse: follows.get(&(b, a)).map_or(0, |pair| pair.lags.len() as u64),
        median_lag_ns: lags[lags.len() / 2],
        p: poisson_tail(k, sum),
        q: 1.0,
    }
}

/// Whether a sign test proves that A comes first.
fn order(a: usize, b: usize, follows: &Pairs) -> Order {
    let ordered = |a, b| follows.get(&(a, b)).map_or(0, |pair| pair.ordered);
    let (first, second) = (ordered(a, b), ordered(b, a));
    let two_sided = 2.0 * binomial_tail(first, first + second, 0.5);
    if first > second && two_sided <= LEVEL { Order::Precedes } else { Order::Together }
}

/// Clusters that hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its clusters, ascending.
    pub members: Vec<usize>,
    /// The earliest member that nothing precedes.
    pub root: usize,
    /// The root is proven: some member is preceded, and no other unpreceded member stands beside it.
    pub proven: bool,
}

/// Connected components of links `(a, b, a precedes b)`; `first_ns` is each cluster's first moment.
pub fn components(links: &[(usize, usize, bool)], first_ns: &[i64]) -> Vec<Component> {
    let mut group: Vec<usize> = (0..first_ns.len()).collect();
    let mut preceded = vec![false; first_ns.len()];
    let mut linked = vec![false; first_ns.len()];
    for (a, b, precedes) in links {
        let (from, to) = (group[*a].max(group[*b]), group[*a].min(group[*b]));
        group.iter_mut().filter(|own| **own == from).for_each(|own| *own = to);
        preceded[*b] |= *precedes;
        (linked[*a], linked[*b]) = (true, true);
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in (0..group.len()).filter(|at| linked[*at]) {
        members.entry(group[at]).or_default().push(at);
    }
    members
        .into_values()
        .map(|members| {
            let free: Vec<usize> = members.iter().copied().filter(|at| !preceded[*at]).collect();
            // In a circle everything is preceded; then the earliest stands for it.
            let candidates = if free.is_empty() { &members } else { &free };
            let root = candidates.iter().copied().min_by_key(|at| (first_ns[*at], *at)).unwrap_or(members[0]);
            Component { root, proven: free.len() == 1, members }
        })
        .collect()
}

#[cfg(test)]
mod tests;
