//! Which clusters belong to one incident: crash loops, and clusters of one request.
//!
//! Order is stated, cause never is. A crash loop is read from the instances' own rows: a start is what one instance wrote up
//! to its exit, so two loops that end in the same exit line stay two families when their starts hold different errors.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{AnalyzeError, Cluster, ClusterKey, Coverage, cadence};
use crate::config::{ExitRule, glob_matches};
use crate::query::{self, ClusterRows, Engine};
use crate::record::Severity;

/// Exits that follow one another within this are one loop.
const LOOP_GAP_NS: i64 = 15 * 60 * 1_000_000_000;
/// Fewest exits of a loop.
const LOOP_EXITS: usize = 3;
/// Traces that two clusters must share.
const SHARED_TRACES: usize = 3;
/// Rows of one start that the platform writes this close together are one exit.
const SAME_EXIT_NS: i64 = 1_000_000_000;

/// The platform's own word for an exit.
const PLATFORM_EXITS: [&str; 5] = [
    "Container called exit(*",
    "Memory limit of * exceeded*",
    "*Container terminated on signal*",
    "Uncaught signal: *",
    "*was killed because*memory*",
];
/// The last words of the usual runtimes, needed only where the platform's are missing.
const RUNTIME_EXITS: [&str; 4] = [
    "*Worker failed to boot*",
    "Application startup failed. Exiting*",
    "*npm ERR! Lifecycle script*failed*",
    "*exited with code*",
];

/// What ends a start.
#[derive(Debug, Clone)]
pub struct Exits {
    own: Vec<String>,
}

impl Exits {
    /// The built-in last words and those of `[[exit]]`.
    pub fn new(rules: &[ExitRule]) -> Self {
        Self { own: rules.iter().map(|rule| rule.message.clone()).filter(|glob| !glob.is_empty()).collect() }
    }

    fn platform(&self, message: &str) -> bool {
        PLATFORM_EXITS
            .iter()
            .copied()
            .chain(self.own.iter().map(String::as_str))
            .any(|glob| glob_matches(glob, message))
    }

    fn runtime(message: &str) -> bool {
        RUNTIME_EXITS.iter().any(|glob| glob_matches(glob, message))
    }
}

/// A row of ERROR or above, or of the platform.
#[derive(Debug, Clone)]
pub(crate) struct StartRow {
    key: Arc<ClusterKey>,
    instance: String,
    ts_ns: i64,
    event_id: String,
    head: bool,
    exception: bool,
    severity: Severity,
    message: String,
}

impl StartRow {
    /// An error that says something: a row without payload names no problem, so it is neither root nor member.
    fn is_error(&self) -> bool {
        self.severity >= Severity::Error && !self.message.is_empty()
    }
}

/// A trace, or an instance, in which a louder cluster stands.
#[derive(Debug, Clone)]
pub(crate) struct TraceRow {
    pub(crate) key: Arc<ClusterKey>,
    pub(crate) trace: String,
    pub(crate) instance: String,
    pub(crate) first_ns: i64,
}

/// What ties a family together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Starts that end in an exit, again and again.
    CrashLoop,
    /// One request.
    SameTrace,
    /// One instance after another, in one order.
    SameInstance,
    /// One after the other, more often than the hours around explain.
    Precedes,
}

impl FamilyKind {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CrashLoop => "crash_loop",
            Self::SameTrace => "same_trace",
            Self::SameInstance => "same_instance",
            Self::Precedes => "precedes",
        }
    }
}

/// A cluster's place in its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What stands first.
    Root,
    /// What follows.
    Symptom,
    /// No family.
    Independent,
}

impl Role {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Symptom => "symptom",
            Self::Independent => "independent",
        }
    }
}

/// Clusters of one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// What ties it together.
    pub kind: FamilyKind,
    /// Index of the root's cluster.
    pub root: usize,
    /// Indexes of all members.
    pub members: Vec<usize>,
    /// Moments of its events, ascending: exits of a loop, shared traces otherwise.
    pub times_ns: Vec<i64>,
    /// Starts that failed.
    pub failed: u64,
    /// Service.
    pub service: String,
    /// Median time from the root to each other member, in nanoseconds, where one instance or trace holds both.
    pub lags_ns: BTreeMap<usize, i64>,
}

/// The clusters of rows, shared by them.
fn shared(clusters: Vec<ClusterRows>) -> Vec<Arc<ClusterKey>> {
    clusters.into_iter().map(|rows| Arc::new(ClusterKey::from(rows))).collect()
}

/// Reads the rows that starts are made of: those of instances that ended, as no other start can have failed.
pub(crate) fn start_rows(engine: &Engine, exits: &Exits) -> Result<Vec<StartRow>, AnalyzeError> {
    let found = engine.starts(&|message| exits.platform(message) || Exits::runtime(message))?;
    let keys = shared(found.clusters);
    let of = |(at, row): (u32, query::StartRow)| StartRow {
        key: keys[at as usize].clone(),
        instance: row.instance.to_string(),
        ts_ns: row.ts_ns,
        event_id: row.event_id,
        head: &*row.event_role == "head",
        exception: !row.exception.is_empty(),
        severity: Severity::from_number(row.effective).unwrap_or_default(),
        message: row.message,
    };
    Ok(found.rows.into_iter().map(of).collect())
}

/// Reads the traces and instances of clusters of WARNING and above; empty where a row names none.
pub(crate) fn trace_rows(engine: &Engine) -> Result<Vec<TraceRow>, AnalyzeError> {
    let found = engine.traces()?;
    let keys = shared(found.clusters);
    let of = |(at, row): (u32, query::TraceRow)| TraceRow {
        key: keys[at as usize].clone(),
        trace: row.trace,
        instance: row.instance.to_string(),
        first_ns: row.first_ns,
    };
    Ok(found.rows.into_iter().map(of).collect())
}

pub(super) fn positions(clusters: &[Cluster]) -> BTreeMap<&ClusterKey, usize> {
    clusters.iter().enumerate().map(|(at, cluster)| (&cluster.key, at)).collect()
}

/// One start: the rows of an instance up to its exit.
struct Start<'a> {
    exit: &'a StartRow,
    rows: Vec<&'a StartRow>,
}

/// The starts of one service that ended in an exit, in the order of their exits.
fn starts<'a>(rows: &[&'a StartRow], exits: &Exits) -> Vec<Start<'a>> {
    let by_platform = rows.iter().any(|row| exits.platform(&row.message));
    let is_exit =
        |row: &StartRow| if by_platform { exits.platform(&row.message) } else { Exits::runtime(&row.message) };
    let mut open: BTreeMap<&str, Vec<&StartRow>> = BTreeMap::new();
    let mut done: Vec<Start<'_>> = Vec::new();
    let mut last_exit: BTreeMap<&str, i64> = BTreeMap::new();
    for row in rows {
        if !is_exit(row) {
            open.entry(&row.instance).or_default().push(row);
            continue;
        }
        // One exit may be said in several rows.
        let again = last_exit
            .insert(&row.instance, row.ts_ns)
            .is_some_and(|before| !row.instance.is_empty() && row.ts_ns - before <= SAME_EXIT_NS);
        if !again {
            done.push(Start { exit: row, rows: open.remove(row.instance.as_str()).unwrap_or_default() });
        }
    }
    done.sort_by(|a, b| a.exit.ts_ns.cmp(&b.exit.ts_ns).then(a.exit.event_id.cmp(&b.exit.event_id)));
    done
}

fn by_service(rows: &[StartRow]) -> BTreeMap<(&str, &str), Vec<&StartRow>> {
    let mut services: BTreeMap<(&str, &str), Vec<&StartRow>> = BTreeMap::new();
    for row in rows {
        services.entry((&row.key.project, &row.key.service)).or_default().push(row);
    }
    for rows in services.values_mut() {
        rows.sort_by(|a, b| a.ts_ns.cmp(&b.ts_ns).then(a.event_id.cmp(&b.event_id)));
    }
    services
}

/// The loop's root within one start: the first exception of the last traceback event, else the earliest error.
fn root_of<'a>(start: &Start<'a>) -> Option<&'a ClusterKey> {
    let errors = || start.rows.iter().copied().filter(|row| row.is_error());
    let Some(last) = errors().rfind(|row| row.exception) else { return errors().next().map(|row| &*row.key) };
    let head = start.rows.iter().copied().find(|row| row.event_id == last.event_id && row.head && row.exception);
    Some(&*head.unwrap_or(last).key)
}

/// Crash loops: at least three exited starts of one service whose exits follow one another within 15 minutes.
pub(crate) fn crash_loops(clusters: &[Cluster], rows: &[StartRow], exits: &Exits, seen: &Coverage) -> Vec<Family> {
    let at = positions(clusters);
    let mut families = Vec::new();
    for ((_, service), rows) in by_service(rows) {
        let all = starts(&rows, exits);
        // Two loops of one service stay two: starts are told apart by the root of each.
        let mut runs: Vec<Vec<&Start<'_>>> = Vec::new();
        let mut by_root: BTreeMap<Option<&ClusterKey>, Vec<&Start<'_>>> = BTreeMap::new();
        for start in &all {
            by_root.entry(root_of(start)).or_default().push(start);
        }
        for starts in by_root.into_values() {
            for start in starts {
                match runs.last_mut() {
                    Some(run)
                        if root_of(run[0]) == root_of(start)
                            && run.last().is_some_and(|last| start.exit.ts_ns - last.exit.ts_ns <= LOOP_GAP_NS) =>
                    {
                        run.push(start);
                    }
                    _ => runs.push(vec![start]),
                }
            }
        }
        merge_rootless(&mut runs);
        for run in runs.into_iter().filter(|run| run.len() >= LOOP_EXITS) {
            families.extend(loop_of(&run, service, &at, seen));
        }
    }
    let mut families = one_family_a_root(families);
    families.sort_by_key(|family| (family.times_ns.first().copied(), family.root));
    dedup_members(&mut families);
    families
}

/// Starts in which no error was seen (exported under another cap, say) join the loop they stand in.
fn merge_rootless(runs: &mut Vec<Vec<&Start<'_>>>) {
    let (rootless, mut rooted): (Vec<_>, Vec<_>) =
        std::mem::take(runs).into_iter().partition(|run| root_of(run[0]).is_none());
    for run in rootless {
        let (first, last) = (run[0].exit.ts_ns, run[run.len() - 1].exit.ts_ns);
        let home = rooted.iter_mut().find(|other| {
            let (from, to) = (other[0].exit.ts_ns, other[other.len() - 1].exit.ts_ns);
            first <= to + LOOP_GAP_NS && last >= from - LOOP_GAP_NS
        });
        match home {
            Some(home) => {
                home.extend(run);
                home.sort_by_key(|start| start.exit.ts_ns);
            }
            None => rooted.push(run),
        }
    }
    *runs = rooted;
}

fn loop_of(run: &[&Start<'_>], service: &str, at: &BTreeMap<&ClusterKey, usize>, seen: &Coverage) -> Option<Family> {
    let mut members = BTreeSet::new();
    let mut presence: BTreeMap<&ClusterKey, usize> = BTreeMap::new();
    let mut levels: BTreeMap<&ClusterKey, Severity> = BTreeMap::new();
    for start in run {
        members.extend(at.get(&*start.exit.key));
        let standing: BTreeSet<&ClusterKey> =
            start.rows.iter().filter(|row| row.is_error()).map(|row| &*row.key).collect();
        for key in standing {
            *presence.entry(key).or_default() += 1;
        }
        for row in &start.rows {
            levels.entry(&*row.key).or_insert(row.severity);
        }
    }
    for (key, present) in &presence {
        // Only starts that were exported at the cluster's severity can speak for or against it.
        let level = levels.get(key).copied().unwrap_or(Severity::Error);
        let covered = run
            .iter()
            .filter(|start| {
                start.rows.iter().any(|row| *row.key == **key)
                    || seen.covers(service, level, start_of(start), start.exit.ts_ns)
            })
            .count();
        if present * 2 >= covered.max(1) {
            members.extend(at.get(*key));
        }
    }
    let mut roots: BTreeMap<usize, usize> = BTreeMap::new();
    for found in run.iter().filter_map(|start| root_of(start)).filter_map(|key| at.get(key)) {
        *roots.entry(*found).or_default() += 1;
    }
    let root = roots
        .iter()
        .max_by_key(|(index, n)| (**n, std::cmp::Reverse(**index)))
        .map(|(index, _)| *index)
        .or_else(|| members.first().copied())?;
    members.insert(root);
    let lags_ns = lags(
        run.iter()
            .map(|start| start.rows.iter().copied().chain([start.exit]).map(|row| (&*row.key, row.ts_ns)).collect()),
        root,
        &members,
        at,
    );
    Some(Family {
        kind: FamilyKind::CrashLoop,
        root,
        members: members.into_iter().collect(),
        times_ns: run.iter().map(|start| start.exit.ts_ns).collect(),
        failed: run.len() as u64,
        service: service.to_owned(),
        lags_ns,
    })
}

fn start_of(start: &Start<'_>) -> i64 {
    start.rows.first().map_or(start.exit.ts_ns, |row| row.ts_ns)
}

/// Median time from the root's first row to each other member's first row, over the groups that hold both.
fn lags<'a>(
    groups: impl Iterator<Item = Vec<(&'a ClusterKey, i64)>>,
    root: usize,
    members: &BTreeSet<usize>,
    at: &BTreeMap<&ClusterKey, usize>,
) -> BTreeMap<usize, i64> {
    let mut found: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for group in groups {
        let mut first: BTreeMap<usize, i64> = BTreeMap::new();
        for (key, ts_ns) in group {
            if let Some(index) = at.get(key).filter(|index| members.contains(index)) {
                let earliest = first.entry(*index).or_insert(ts_ns);
                *earliest = (*earliest).min(ts_ns);
            }
        }
        let Some(base) = first.get(&root).copied() else { continue };
        for (index, ts_ns) in first.into_iter().filter(|(index, _)| *index != root) {
            found.entry(index).or_default().push(ts_ns - base);
        }
    }
    found
        .into_iter()
        .map(|(index, mut lags)| {
            lags.sort_unstable();
            (index, lags[lags.len() / 2])
        })
        .collect()
}

/// Loops with one root are one problem that came in several runs.
fn one_family_a_root(families: Vec<Family>) -> Vec<Family> {
    let mut merged: BTreeMap<usize, Family> = BTreeMap::new();
    for family in families {
        match merged.entry(family.root) {
            Entry::Vacant(place) => {
                place.insert(family);
            }
            Entry::Occupied(mut place) => {
                let known = place.get_mut();
                known.members.extend(family.members);
                known.members.sort_unstable();
                known.members.dedup();
                known.times_ns.extend(family.times_ns);
                known.times_ns.sort_unstable();
                known.failed += family.failed;
                for (at, lag) in family.lags_ns {
                    known.lags_ns.entry(at).or_insert(lag);
                }
            }
        }
    }
    merged.into_values().collect()
}

/// A cluster belongs to one family only: the first that holds it as its root, else the first that holds it.
fn dedup_members(families: &mut [Family]) {
    let roots: BTreeSet<usize> = families.iter().map(|family| family.root).collect();
    let mut taken = BTreeSet::new();
    for family in families {
        let root = family.root;
        family.members.retain(|member| *member == root || !roots.contains(member) && taken.insert(*member));
    }
}

/// Clusters that stand in starts which failed without being a loop.
pub(crate) fn failing_starts(clusters: &[Cluster], rows: &[StartRow], exits: &Exits) -> BTreeSet<usize> {
    let at = positions(clusters);
    let mut found = BTreeSet::new();
    for rows in by_service(rows).into_values() {
        for start in starts(&rows, exits) {
            found.extend(
                start.rows.iter().filter(|row| row.severity >= Severity::Error).filter_map(|row| at.get(&*row.key)),
            );
        }
    }
    found
}

/// Clusters of WARNING and above that share requests: at least three traces, and half of the rarer one's.
pub(crate) fn same_trace(clusters: &[Cluster], rows: &[TraceRow], taken: &[Family]) -> Vec<Family> {
    let at = positions(clusters);
    let busy: BTreeSet<usize> = taken.iter().flat_map(|family| family.members.iter().copied()).collect();
    let mut traces: BTreeMap<&str, BTreeMap<usize, i64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.trace.is_empty()) {
        let Some(index) = at.get(&*row.key).filter(|index| !busy.contains(index)) else { continue };
        let first = traces.entry(&row.trace).or_default().entry(*index).or_insert(row.first_ns);
        *first = (*first).min(row.first_ns);
    }
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for members in traces.values() {
        let indexes: Vec<usize> = members.keys().copied().collect();
        for (i, a) in indexes.iter().enumerate() {
            *sizes.entry(*a).or_default() += 1;
            for b in &indexes[i + 1..] {
                *pairs.entry((*a, *b)).or_default() += 1;
            }
        }
    }
    let mut group: BTreeMap<usize, usize> = sizes.keys().map(|index| (*index, *index)).collect();
    for ((a, b), shared) in &pairs {
        if *shared >= SHARED_TRACES && shared * 2 >= sizes[a].min(sizes[b]) {
            let (from, to) = (group[a].max(group[b]), group[a].min(group[b]));
            group.values_mut().filter(|found| **found == from).for_each(|found| *found = to);
        }
    }
    let mut components: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (index, found) in group {
        components.entry(found).or_default().insert(index);
    }
    components
        .into_values()
        .filter(|members| members.len() > 1)
        .map(|members| trace_family(clusters, members, &traces, &at))
        .collect()
}

fn trace_family(
    clusters: &[Cluster],
    members: BTreeSet<usize>,
    traces: &BTreeMap<&str, BTreeMap<usize, i64>>,
    at: &BTreeMap<&ClusterKey, usize>,
) -> Family {
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut times_ns = Vec::new();
    for trace in traces.values() {
        let own: Vec<(i64, usize)> =
            trace.iter().filter(|(index, _)| members.contains(index)).map(|(index, ts_ns)| (*ts_ns, *index)).collect();
        if let Some(earliest) = own.iter().min().filter(|_| own.len() > 1) {
            *firsts.entry(earliest.1).or_default() += 1;
            times_ns.push(earliest.0);
        }
    }
    times_ns.sort_unstable();
    let root = firsts
        .iter()
        .max_by_key(|(index, n)| (**n, std::cmp::Reverse(**index)))
        .map_or_else(|| members.first().copied().unwrap_or(0), |(index, _)| *index);
    let groups =
        traces.values().map(|trace| trace.iter().map(|(index, ts_ns)| (&clusters[*index].key, *ts_ns)).collect());
    let lags_ns = lags(groups, root, &members, at);
    Family {
        kind: FamilyKind::SameTrace,
        root,
        failed: 0,
        service: clusters[root].key.service.clone(),
        members: members.into_iter().collect(),
        times_ns,
        lags_ns,
    }
}

impl Family {
    /// How often its events came.
    pub fn cadence(&self) -> cadence::Cadence {
        cadence::cadence(&self.times_ns)
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

    fn row(name: &str, instance: &str, ts_ns: i64, event: &str, message: &str) -> StartRow {
        StartRow {
            key: key(name).into(),
            instance: instance.into(),
            ts_ns,
            event_id: event.into(),
            head: !name.ends_with('2'),
            exception: name.starts_with("trace"),
            severity: if name == "exit" { Severity::Warning } else { Severity::Error },
            message: message.into(),
        }
    }

    fn start(n: i64, cause: &str) -> Vec<StartRow> {
        let (at, i) = (n * 7 * S, format!("i{cause}{n}"));
        vec![
            row("noise", &i, at, &format!("n{i}"), "bad"),
            row(cause, &i, at + S, &format!("t{i}"), "Traceback"),
            row("trace-outer2", &i, at + S + 10, &format!("t{i}"), "Traceback"),
            row("exit", &i, at + 2 * S, &format!("x{i}"), "Container called exit(3)."),
        ]
    }

    #[test]
    fn a_loop_has_its_exits_as_events_and_the_first_exception_as_root() {
        let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
        let rows: Vec<_> = (0..5).flat_map(|n| start(n, "trace-inner")).collect();
        let families = crash_loops(&clusters, &rows, &Exits::new(&[]), &Coverage::default());
        assert_eq!(families.len(), 1);
        let family = &families[0];
        assert_eq!((family.root, family.members.as_slice(), family.times_ns.len()), (1, &[0, 1, 2, 3][..], 5));
        assert_eq!(family.cadence().median_s, Some(7.0));
        assert_eq!(family.lags_ns.get(&3), Some(&S));
    }

    #[test]
    fn one_loop_in_two_runs_is_one_family() {
        let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
        let rows: Vec<_> = (0..4).chain(500..504).flat_map(|n| start(n, "trace-inner")).collect();
        let families = crash_loops(&clusters, &rows, &Exits::new(&[]), &Coverage::default());
        assert_eq!(families.iter().map(|family| (family.root, family.times_ns.len())).collect::<Vec<_>>(), [(1, 8)]);
    }

    #[test]
    fn two_exits_are_no_loop_but_their_errors_stand_in_failing_starts() {
        let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
        let rows: Vec<_> = (0..2).flat_map(|n| start(n, "trace-inner")).collect();
        assert!(crash_loops(&clusters, &rows, &Exits::new(&[]), &Coverage::default()).is_empty());
        assert_eq!(failing_starts(&clusters, &rows, &Exits::new(&[])), BTreeSet::from([0, 1, 2]));
    }

    #[test]
    fn two_loops_with_other_exceptions_and_the_same_exit_are_two_families() {
        let clusters =
            [cluster("trace-a"), cluster("trace-b"), cluster("exit"), cluster("noise"), cluster("trace-outer2")];
        let rows: Vec<_> =
            (0..4).flat_map(|n| start(n, "trace-a")).chain((4..8).flat_map(|n| start(n, "trace-b"))).collect();
        let families = crash_loops(&clusters, &rows, &Exits::new(&[]), &Coverage::default());
        assert_eq!(
            families.iter().map(|family| (family.root, family.times_ns.len())).collect::<Vec<_>>(),
            [(0, 4), (1, 4)]
        );
        let exits: Vec<_> = families.iter().filter(|family| family.members.contains(&2)).collect();
        assert_eq!(exits.len(), 1, "a cluster belongs to one family");
    }

    #[test]
    fn clusters_of_one_request_are_a_family_with_the_earlier_as_root() {
        let clusters = [cluster("db"), cluster("auth"), cluster("other")];
        let rows: Vec<TraceRow> = (0..4)
            .flat_map(|n| {
                [("auth", 0), ("db", 5)].map(|(name, lag)| TraceRow {
                    key: key(name).into(),
                    trace: format!("t{n}"),
                    instance: String::new(),
                    first_ns: n * S + lag,
                })
            })
            .chain([TraceRow { key: key("other").into(), trace: "t0".into(), instance: String::new(), first_ns: 0 }])
            .collect();
        let families = same_trace(&clusters, &rows, &[]);
        assert_eq!(families.len(), 1);
        assert_eq!((families[0].root, families[0].members.as_slice()), (1, &[0, 1][..]));
    }
}
