//! Which clusters belong to one incident: crash loops, and clusters of one request.
//!
//! Order is stated, cause never is. A crash loop is read from the instances' own rows: a start is what one instance wrote up
//! to its exit, so two loops that end in the same exit line stay two families when their starts hold different errors.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{AnalyzeError, Cluster, ClusterKey, Coverage, cadence};
use crate::config::{ExitRule, glob_matches};
use crate::query::{self, ClusterRows, EndedRow, Engine, Exit};
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
    /// Globs of the platform's words, the configured ones behind the built-in ones.
    platform: Vec<String>,
    /// The longest constant part of each glob.
    hints: Option<AhoCorasick>,
}

impl Exits {
    /// The built-in last words and those of `[[exit]]`.
    pub fn new(rules: &[ExitRule]) -> Self {
        let own = rules.iter().map(|rule| rule.message.clone()).filter(|glob| !glob.is_empty());
        let platform: Vec<String> = PLATFORM_EXITS.iter().map(|glob| (*glob).to_owned()).chain(own).collect();
        let telling = |glob: &'static str| glob.split(['*', '?']).max_by_key(|part| part.len()).unwrap_or("");
        let built_in = PLATFORM_EXITS.iter().chain(&RUNTIME_EXITS).map(|glob| telling(glob));
        let own = platform[PLATFORM_EXITS.len()..].iter();
        let own = own.map(|glob| glob.split(['*', '?']).max_by_key(|part| part.len()).unwrap_or(""));
        // A text of nothing stands in every message, so that a glob without a letter is tried on each.
        // Which of them is found does not matter, and this kind is searched for with vectors.
        let hints = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(built_in.chain(own));
        Self { hints: hints.ok(), platform }
    }

    /// By whose word a message ends a start.
    fn of(&self, message: &str) -> Exit {
        // Nearly no message holds any of the words, and each glob looks at all of it.
        if self.hints.as_ref().is_some_and(|hints| !hints.is_match(message)) {
            Exit::None
        } else if self.platform.iter().any(|glob| glob_matches(glob, message)) {
            Exit::Platform
        } else if RUNTIME_EXITS.iter().any(|glob| glob_matches(glob, message)) {
            Exit::Runtime
        } else {
            Exit::None
        }
    }
}

/// A row of WARNING or above, or of the platform, on an instance on which a start ended.
#[derive(Debug, Clone)]
struct StartRow {
    /// Place of its cluster's key.
    key: u32,
    instance: Option<u32>,
    ts_ns: i64,
    event: u64,
    head: bool,
    exception: bool,
    has_text: bool,
    severity: Severity,
    exit: Exit,
}

impl StartRow {
    /// An error that says something: a row without payload names no problem, so it is neither root nor member.
    fn is_error(&self) -> bool {
        self.severity >= Severity::Error && self.has_text
    }
}

/// The rows of starts, by time.
#[derive(Debug, Default)]
pub struct StartRows {
    /// Clusters in the order of their keys.
    keys: Vec<ClusterKey>,
    rows: Vec<StartRow>,
}

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
    /// Those of them in which the root was seen; of the others nothing louder was exported.
    pub rooted: u64,
    /// Service.
    pub service: String,
    /// Median time from the root to each other member, in nanoseconds, where one instance or trace holds both.
    pub lags_ns: BTreeMap<usize, i64>,
}

fn keys(clusters: &[ClusterRows]) -> Vec<ClusterKey> {
    clusters.iter().cloned().map(ClusterKey::from).collect()
}

/// Reads the rows that starts are made of: those of instances that ended, as no other start can have failed.
pub(crate) fn start_rows(engine: &Engine, exits: &Exits) -> Result<StartRows, AnalyzeError> {
    let found = engine.ended(&|message| exits.of(message))?;
    let of = |(key, row): (u32, EndedRow)| StartRow {
        key,
        instance: row.instance,
        ts_ns: row.ts_ns,
        event: row.event,
        head: row.is_head,
        exception: row.has_exception,
        has_text: row.has_text,
        severity: Severity::from_number(row.effective).unwrap_or_default(),
        exit: row.exit,
    };
    Ok(StartRows { keys: keys(&found.clusters), rows: found.rows.into_iter().map(of).collect() })
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

/// Place of each key among the clusters, where it is one of them.
pub(super) fn positions(clusters: &[Cluster], keys: &[ClusterKey]) -> Vec<Option<usize>> {
    let at: BTreeMap<&ClusterKey, usize> =
        clusters.iter().enumerate().map(|(at, cluster)| (&cluster.key, at)).collect();
    keys.iter().map(|key| at.get(key).copied()).collect()
}

/// The keys of each service of a project, the services by name: number of the service of each key, and how many there are.
pub(super) fn services(keys: &[ClusterKey]) -> (Vec<usize>, usize) {
    let of = |key: &'_ ClusterKey| (key.project.clone(), key.service.clone());
    let names: BTreeSet<(String, String)> = keys.iter().map(of).collect();
    let places: BTreeMap<(String, String), usize> = names.into_iter().zip(0..).collect();
    (keys.iter().map(|key| places[&of(key)]).collect(), places.len())
}

/// One start: the rows of an instance up to its exit.
#[derive(Debug)]
struct Start<'a> {
    exit: &'a StartRow,
    rows: Vec<&'a StartRow>,
    /// The loop's root within it: the first exception of the last traceback event, else the earliest error.
    root: Option<u32>,
}

/// The starts of one service that ended in an exit.
#[derive(Debug)]
pub(crate) struct Starts<'a>(Vec<Start<'a>>);

/// The starts of each service, services by name, in the order of their exits.
pub(crate) fn starts(found: &StartRows) -> Vec<Starts<'_>> {
    let (service_of, n) = services(&found.keys);
    let mut services: Vec<Vec<&StartRow>> = vec![Vec::new(); n];
    for row in &found.rows {
        services[service_of[row.key as usize]].push(row);
    }
    for rows in &mut services {
        rows.sort_by_key(|row| (row.ts_ns, row.event));
    }
    services.iter().map(|rows| Starts(starts_of(rows))).collect()
}

fn starts_of<'a>(rows: &[&'a StartRow]) -> Vec<Start<'a>> {
    let by_platform = rows.iter().any(|row| row.exit == Exit::Platform);
    let wanted = if by_platform { Exit::Platform } else { Exit::Runtime };
    let mut open: FxHashMap<Option<u32>, Vec<&StartRow>> = FxHashMap::default();
    let mut done: Vec<Start<'_>> = Vec::new();
    let mut last_exit: FxHashMap<Option<u32>, (i64, usize)> = FxHashMap::default();
    for row in rows {
        if row.exit != wanted {
            open.entry(row.instance).or_default().push(row);
            continue;
        }
        let rows = open.remove(&row.instance).unwrap_or_default();
        let same = |(before, _): &(i64, usize)| row.instance.is_some() && row.ts_ns - before <= SAME_EXIT_NS;
        if let Some((_, at)) = last_exit.get(&row.instance).copied().filter(same) {
            // One exit may be said in several rows: these, and what stands between them, are the end of the same start.
            let start: &mut Start<'_> = &mut done[at];
            start.rows.extend(rows.into_iter().chain([*row]));
            last_exit.insert(row.instance, (row.ts_ns, at));
            continue;
        }
        last_exit.insert(row.instance, (row.ts_ns, done.len()));
        done.push(Start { exit: row, root: root_of(&rows), rows });
    }
    done.sort_by_key(|start| (start.exit.ts_ns, start.exit.event));
    done
}

fn root_of(rows: &[&StartRow]) -> Option<u32> {
    let errors = || rows.iter().filter(|row| row.is_error());
    let Some(last) = errors().rfind(|row| row.exception) else { return errors().next().map(|row| row.key) };
    let head = rows.iter().find(|row| row.event == last.event && row.head && row.exception);
    Some(head.unwrap_or(last).key)
}

/// Crash loops: at least three exited starts of one service whose exits follow one another within 15 minutes.
pub(crate) fn crash_loops(
    clusters: &[Cluster],
    found: &StartRows,
    services: &[Starts<'_>],
    seen: &Coverage,
) -> Vec<Family> {
    let at = positions(clusters, &found.keys);
    let mut families = Vec::new();
    for Starts(all) in services {
        // Two loops of one service stay two: starts are told apart by the root of each.
        let mut runs: Vec<Vec<&Start<'_>>> = Vec::new();
        let mut by_root: BTreeMap<Option<u32>, Vec<&Start<'_>>> = BTreeMap::new();
        for start in all {
            by_root.entry(start.root).or_default().push(start);
        }
        for starts in by_root.into_values() {
            for start in starts {
                match runs.last_mut() {
                    Some(run)
                        if run[0].root == start.root
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
            let service = &found.keys[run[0].exit.key as usize].service;
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
        std::mem::take(runs).into_iter().partition(|run| run[0].root.is_none());
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

fn loop_of(run: &[&Start<'_>], service: &str, at: &[Option<usize>], seen: &Coverage) -> Option<Family> {
    let mut members = BTreeSet::new();
    let mut presence: BTreeMap<u32, usize> = BTreeMap::new();
    let mut levels: BTreeMap<u32, Severity> = BTreeMap::new();
    // Of each start: its clusters, ascending, and whether all of its errors have a text.
    let mut standing: Vec<(Vec<u32>, bool)> = Vec::with_capacity(run.len());
    for start in run {
        members.extend(at[start.exit.key as usize]);
        let errors: BTreeSet<u32> = start.rows.iter().filter(|row| row.is_error()).map(|row| row.key).collect();
        for key in errors {
            *presence.entry(key).or_default() += 1;
        }
        for row in &start.rows {
            levels.entry(row.key).or_insert(row.severity);
        }
        let own: BTreeSet<u32> = start.rows.iter().map(|row| row.key).collect();
        let told = start.rows.iter().all(|row| row.has_text || row.severity < Severity::Error);
        standing.push((own.into_iter().collect(), told));
    }
    for (key, present) in &presence {
        // Only starts that were exported at the cluster's severity can speak for or against it, and with their texts: an
        // error without one may be any.
        let level = levels.get(key).copied().unwrap_or(Severity::Error);
        let speaks = |(start, (own, told)): &(&&Start<'_>, &(Vec<u32>, bool))| {
            own.binary_search(key).is_ok() || *told && seen.covers(service, level, start_of(start), start.exit.ts_ns)
        };
        let covered = run.iter().zip(&standing).filter(speaks).count();
        if present * 2 >= covered.max(1) {
            members.extend(at[*key as usize]);
        }
    }
    let mut roots: BTreeMap<usize, usize> = BTreeMap::new();
    for found in run.iter().filter_map(|start| at[start.root? as usize]) {
        *roots.entry(found).or_default() += 1;
    }
    let root = roots
        .iter()
        .max_by_key(|(index, n)| (**n, std::cmp::Reverse(**index)))
        .map(|(index, _)| *index)
        .or_else(|| members.first().copied())?;
    members.insert(root);
    let placed = |row: &StartRow| Some((at[row.key as usize]?, row.ts_ns));
    let lags_ns = lags(
        run.iter().map(|start| start.rows.iter().copied().chain([start.exit]).filter_map(placed).collect()),
        root,
        &members,
    );
    Some(Family {
        kind: FamilyKind::CrashLoop,
        root,
        members: members.into_iter().collect(),
        times_ns: run.iter().map(|start| start.exit.ts_ns).collect(),
        failed: run.len() as u64,
        rooted: roots.get(&root).map_or(0, |n| *n as u64),
        service: service.to_owned(),
        lags_ns,
    })
}

fn start_of(start: &Start<'_>) -> i64 {
    start.rows.first().map_or(start.exit.ts_ns, |row| row.ts_ns)
}

/// Median time from the root's first row to each other member's first row, over the groups that hold both; rows by cluster.
fn lags(
    groups: impl Iterator<Item = Vec<(usize, i64)>>,
    root: usize,
    members: &BTreeSet<usize>,
) -> BTreeMap<usize, i64> {
    let mut found: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for mut group in groups {
        group.retain(|(index, _)| members.contains(index));
        group.sort_unstable();
        group.dedup_by_key(|(index, _)| *index);
        let Ok(base) = group.binary_search_by_key(&root, |(index, _)| *index) else { continue };
        let base = group[base].1;
        for (index, ts_ns) in group.into_iter().filter(|(index, _)| *index != root) {
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
                known.rooted += family.rooted;
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
pub(crate) fn failing_starts(clusters: &[Cluster], found: &StartRows, services: &[Starts<'_>]) -> BTreeSet<usize> {
    let at = positions(clusters, &found.keys);
    let starts = services.iter().flat_map(|Starts(starts)| starts);
    let rows = starts.flat_map(|start| &start.rows).filter(|row| row.severity >= Severity::Error);
    rows.filter_map(|row| at[row.key as usize]).collect()
}

/// A trace of a cluster, with its oldest row.
type Stage = (u128, usize, i64);

/// Clusters of WARNING and above that share requests: at least three traces, and half of the rarer one's.
pub(crate) fn same_trace(clusters: &[Cluster], found: &TraceRows, taken: &[Family]) -> Vec<Family> {
    let at = positions(clusters, &found.keys);
    let mut busy = vec![false; clusters.len()];
    for member in taken.iter().flat_map(|family| &family.members) {
        busy[*member] = true;
    }
    let stage = |row: &TraceRow| -> Option<Stage> {
        let index = at[row.key as usize].filter(|index| !busy[*index])?;
        Some((row.trace?, index, row.first_ns))
    };
    let mut stages: Vec<Stage> = found.rows.iter().filter_map(stage).collect();
    stages.par_sort_unstable();
    stages.dedup_by_key(|(trace, index, _)| (*trace, *index));
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut traces: Vec<&[Stage]> = Vec::new();
    for trace in stages.chunk_by(|a, b| a.0 == b.0) {
        for (i, (_, a, _)) in trace.iter().enumerate() {
            *sizes.entry(*a).or_default() += 1;
            for (_, b, _) in &trace[i + 1..] {
                *pairs.entry((*a, *b)).or_default() += 1;
            }
        }
        if trace.len() > 1 {
            traces.push(trace);
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
        .map(|members| trace_family(clusters, members, &traces))
        .collect()
}

/// The family of clusters that share some of the traces, each of which holds several clusters.
fn trace_family(clusters: &[Cluster], members: BTreeSet<usize>, traces: &[&[Stage]]) -> Family {
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut times_ns = Vec::new();
    for trace in traces {
        let own: Vec<(i64, usize)> = trace
            .iter()
            .filter(|(_, index, _)| members.contains(index))
            .map(|(_, index, ts_ns)| (*ts_ns, *index))
            .collect();
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
    let groups = traces.iter().map(|trace| trace.iter().map(|(_, index, ts_ns)| (*index, *ts_ns)).collect());
    let lags_ns = lags(groups, root, &members);
    Family {
        kind: FamilyKind::SameTrace,
        root,
        failed: 0,
        rooted: 0,
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

    const NAMES: [&str; 7] = ["noise", "trace-inner", "trace-outer2", "exit", "trace-a", "trace-b", "other"];

    fn number(name: &str) -> u32 {
        NAMES.iter().position(|known| *known == name).expect("a name of the list") as u32
    }

    fn hash(text: &str) -> u64 {
        text.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
    }

    fn row(name: &str, instance: &str, ts_ns: i64, event: &str, message: &str) -> StartRow {
        StartRow {
            key: number(name),
            instance: Some(hash(instance) as u32),
            ts_ns,
            event: hash(event),
            head: !name.ends_with('2'),
            exception: name.starts_with("trace"),
            has_text: !message.is_empty(),
            severity: if name == "exit" { Severity::Warning } else { Severity::Error },
            exit: Exits::new(&[]).of(message),
        }
    }

    fn rows_of(rows: Vec<StartRow>) -> StartRows {
        StartRows { keys: NAMES.iter().map(|name| key(name)).collect(), rows }
    }

    fn loops(clusters: &[Cluster], rows: Vec<StartRow>) -> Vec<Family> {
        let found = rows_of(rows);
        crash_loops(clusters, &found, &starts(&found), &Coverage::default())
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
    fn the_platforms_word_the_runtimes_and_the_configured_one_end_a_start() {
        let rule = |message: &str| ExitRule { message: message.into() };
        let exits = Exits::new(&[rule("bye *"), rule("")]);
        for (message, expected) in [
            ("Container called exit(1).", Exit::Platform),
            ("the process was killed because of memory", Exit::Platform),
            ("bye now", Exit::Platform),
            ("good bye now", Exit::None),
            ("Worker failed to boot.", Exit::Runtime),
            ("memory", Exit::None),
            ("", Exit::None),
        ] {
            assert_eq!(exits.of(message), expected, "{message:?}");
        }
        assert_eq!(
            Exits::new(&[rule("*")]).of("anything"),
            Exit::Platform,
            "a glob without a word matches all the same"
        );
    }

    #[test]
    fn a_loop_has_its_exits_as_events_and_the_first_exception_as_root() {
        let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
        let rows: Vec<_> = (0..5).flat_map(|n| start(n, "trace-inner")).collect();
        let families = loops(&clusters, rows);
        assert_eq!(families.len(), 1);
        let family = &families[0];
        assert_eq!((family.root, family.members.as_slice(), family.times_ns.len()), (1, &[0, 1, 2, 3][..], 5));
        assert_eq!(family.cadence().median_s, Some(7.0));
        assert_eq!(family.lags_ns.get(&3), Some(&S));
    }

    #[test]
    fn the_last_words_of_a_runtime_belong_to_the_start_that_they_end() {
        let clusters = ["trace-inner", "exit", "noise", "other"].map(cluster);
        let rows: Vec<_> = (0..4)
            .flat_map(|n| {
                let (at, i) = (n * 7 * S, format!("i{n}"));
                [
                    row("trace-inner", &i, at, &format!("t{i}"), "Traceback"),
                    row("exit", &i, at + 10, &format!("x{i}"), "Worker exited with code 3"),
                    row("noise", &i, at + 20, &format!("n{i}"), "Shutting down"),
                    row("other", &i, at + 30, &format!("o{i}"), "Reason: Worker failed to boot."),
                ]
            })
            .collect();
        let families = loops(&clusters, rows);
        let told: Vec<_> = families.iter().map(|family| (family.root, &family.members[..], family.failed)).collect();
        assert_eq!(told, [(0, &[0, 1, 2, 3][..], 4)]);
    }

    #[test]
    fn starts_whose_errors_have_no_text_do_not_speak_against_a_cluster() {
        let clusters = ["noise", "trace-inner", "trace-outer2", "exit"].map(cluster);
        let blind = |n| {
            let mut rows = start(n, "trace-inner");
            rows.retain(|row| row.key == number("exit"));
            let i = format!("itrace-inner{n}");
            rows.insert(0, row("other", &i, n * 7 * S, &format!("b{i}"), ""));
            rows
        };
        let day = crate::time::DAY_NS;
        let service = super::super::ServiceCoverage {
            severities: [(Severity::Error, vec![(0, day)])].into(),
            intervals: vec![(0, day)],
            ..Default::default()
        };
        let seen = Coverage { services: [("s".to_owned(), service)].into(), ..Coverage::default() };
        let members = |rows: Vec<StartRow>| {
            let found = rows_of(rows);
            crash_loops(&clusters, &found, &starts(&found), &seen).remove(0).members
        };
        assert_eq!(members((0..4).flat_map(blind).chain(start(4, "trace-inner")).collect()), [0, 1, 2, 3]);
        let silent = |n| start(n, "trace-inner").split_off(3);
        assert_eq!(members((0..4).flat_map(silent).chain(start(4, "trace-inner")).collect()), [1, 3], "those do speak");
    }

    #[test]
    fn one_loop_in_two_runs_is_one_family() {
        let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
        let rows: Vec<_> = (0..4).chain(500..504).flat_map(|n| start(n, "trace-inner")).collect();
        let families = loops(&clusters, rows);
        assert_eq!(families.iter().map(|family| (family.root, family.times_ns.len())).collect::<Vec<_>>(), [(1, 8)]);
    }

    #[test]
    fn two_exits_are_no_loop_but_their_errors_stand_in_failing_starts() {
        let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
        let rows: Vec<_> = (0..2).flat_map(|n| start(n, "trace-inner")).collect();
        assert!(loops(&clusters, rows.clone()).is_empty());
        let found = rows_of(rows);
        assert_eq!(failing_starts(&clusters, &found, &starts(&found)), BTreeSet::from([0, 1, 2]));
    }

    #[test]
    fn two_loops_with_other_exceptions_and_the_same_exit_are_two_families() {
        let clusters =
            [cluster("trace-a"), cluster("trace-b"), cluster("exit"), cluster("noise"), cluster("trace-outer2")];
        let rows: Vec<_> =
            (0..4).flat_map(|n| start(n, "trace-a")).chain((4..8).flat_map(|n| start(n, "trace-b"))).collect();
        let families = loops(&clusters, rows);
        assert_eq!(
            families.iter().map(|family| (family.root, family.times_ns.len())).collect::<Vec<_>>(),
            [(0, 4), (1, 4)]
        );
        let exits: Vec<_> = families.iter().filter(|family| family.members.contains(&2)).collect();
        assert_eq!(exits.len(), 1, "a cluster belongs to one family");
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
}
