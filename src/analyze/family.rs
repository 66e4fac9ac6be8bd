//! Which clusters belong to one incident: families, and those of crash loops. Those of one request or one event are in
//! [`super::traces`].
//!
//! Order is stated, cause never is. A crash loop is read from the instances' own rows: a start is what one instance wrote up
//! to its exit, so two loops that end in the same exit line stay two families when their starts hold different errors.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{AnalyzeError, Cluster, ClusterKey, Coverage, cadence};
use crate::config::{ExitRule, glob_matches};
use crate::query::{ClusterRows, EndedRow, Engine, Exit};
use crate::record::Severity;

/// Exits that follow one another within this are one loop.
const LOOP_GAP_NS: i64 = 15 * 60 * 1_000_000_000;
/// Fewest exits of a loop.
const LOOP_EXITS: usize = 3;
/// Rows of one start that the platform writes this close together are one exit.
const SAME_EXIT_NS: i64 = 1_000_000_000;

/// Time from which on an instance that ends had started: platforms give a start four minutes.
pub(super) const RAN_NS: i64 = 5 * 60 * 1_000_000_000;

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

/// A glob that is held against many messages.
#[derive(Debug, Clone)]
struct Ending {
    glob: String,
    /// Its longest constant part.
    telling: Finder<'static>,
}

impl Ending {
    fn new(glob: &str) -> Self {
        Self { glob: glob.to_owned(), telling: Finder::new(telling(glob)).into_owned() }
    }

    fn covers(&self, message: &str) -> bool {
        self.telling.find(message.as_bytes()).is_some() && glob_matches(&self.glob, message)
    }
}

/// The longest constant part of a glob.
fn telling(glob: &str) -> &str {
    glob.split(['*', '?']).max_by_key(|part| part.len()).unwrap_or("")
}

/// What ends a start.
#[derive(Debug, Clone)]
pub struct Exits {
    /// The platform's words, the configured ones behind the built-in ones.
    platform: Vec<Ending>,
    /// Those of runtimes.
    runtime: Vec<Ending>,
    /// What tells each of them.
    hints: Option<AhoCorasick>,
}

impl Exits {
    /// The built-in last words and those of `[[exit]]`.
    pub fn new(rules: &[ExitRule]) -> Self {
        let own = rules.iter().map(|rule| rule.message.as_str()).filter(|glob| !glob.is_empty());
        let platform: Vec<Ending> = PLATFORM_EXITS.into_iter().chain(own).map(Ending::new).collect();
        let runtime: Vec<Ending> = RUNTIME_EXITS.into_iter().map(Ending::new).collect();
        // A text of nothing stands in every message, so that a glob without a letter is tried on each.
        // Which of them is found does not matter, and this kind is searched for with vectors.
        let all = platform.iter().chain(&runtime).map(|ending| telling(&ending.glob));
        let hints = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(all);
        Self { hints: hints.ok(), platform, runtime }
    }

    /// By whose word a message ends a start.
    fn of(&self, message: &str) -> Exit {
        // Nearly no message holds any of the words, and each glob looks at all of it.
        if self.hints.as_ref().is_some_and(|hints| !hints.is_match(message)) {
            Exit::None
        } else if self.platform.iter().any(|ending| ending.covers(message)) {
            Exit::Platform
        } else if self.runtime.iter().any(|ending| ending.covers(message)) {
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

/// What ties a family together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Starts that end in an exit, again and again.
    CrashLoop,
    /// One occurrence that was written as several rows: a line of a log and the exception below it.
    SameEvent,
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
            Self::SameEvent => "same_event",
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
    /// Moments of its events, ascending: exits of a loop, shared events or traces otherwise.
    pub times_ns: Vec<i64>,
    /// Starts that failed.
    pub failed: u64,
    /// Those of them in which the root was seen; of the others nothing louder was exported.
    pub rooted: u64,
    /// Half of a crash loop's instances or more had run for five minutes before they ended: it is not that none can start.
    pub ran: bool,
    /// Service.
    pub service: String,
    /// Median time from the root to each other member, in nanoseconds, where one instance or trace holds both.
    pub lags_ns: BTreeMap<usize, i64>,
    /// Of a crash loop's members that stand in another loop as well, such as the exit line of both: what is of this one.
    pub shared: BTreeMap<usize, Share>,
}

/// What a family has of a cluster that it does not have alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Rows in its starts.
    pub entries: u64,
    /// Their events.
    pub events: u64,
    /// The oldest of them.
    pub first_ns: i64,
}

impl Share {
    /// Of rows by time and event.
    fn of(rows: &BTreeSet<(i64, u64)>, entries: u64) -> Self {
        let events: BTreeSet<u64> = rows.iter().map(|(_, event)| *event).collect();
        Self { entries, events: events.len() as u64, first_ns: rows.first().map_or(0, |(ts_ns, _)| *ts_ns) }
    }

    /// With those of another run of the loop, which is another time.
    fn with(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            events: self.events + other.events,
            first_ns: self.first_ns.min(other.first_ns),
        }
    }
}

pub(super) fn keys(clusters: &[ClusterRows]) -> Vec<ClusterKey> {
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
pub(crate) fn starts<'a>(found: &'a StartRows) -> Vec<Starts<'a>> {
    let (service_of, n) = services(&found.keys);
    let mut services: Vec<Vec<&StartRow>> = vec![Vec::new(); n];
    for row in &found.rows {
        services[service_of[row.key as usize]].push(row);
    }
    let of = |mut rows: Vec<&'a StartRow>| {
        rows.sort_by_key(|row| (row.ts_ns, row.event));
        Starts(starts_of(&rows))
    };
    services.into_par_iter().with_max_len(1).map(of).collect()
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
    let of_service = |Starts(all): &Starts<'_>| {
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
        runs.retain(|run| run.len() >= LOOP_EXITS);
        let service = |run: &[&Start<'_>]| &found.keys[run[0].exit.key as usize].service;
        runs.par_iter().filter_map(|run| loop_of(run, service(run), &at, seen)).collect::<Vec<_>>()
    };
    let families = services.par_iter().with_max_len(1).flat_map(of_service).collect();
    let mut families = one_family_a_root(families);
    families.sort_by_key(|family| (family.times_ns.first().copied(), family.root));
    part_members(&mut families);
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
        // The platform may say an exit in several words, whatever their level.
        let counts = |row: &&&StartRow| row.is_error() || row.exit == start.exit.exit && row.has_text;
        let errors: BTreeSet<u32> = start.rows.iter().filter(counts).map(|row| row.key).collect();
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
    let most = |found: &mut dyn Iterator<Item = usize>| {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for index in found {
            *counts.entry(index).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(index, n)| (*n, std::cmp::Reverse(*index)))
    };
    let first_error = most(&mut run.iter().filter_map(|start| at[start.root? as usize]));
    // Where no error was exported before the exits, the first of their members is what is known.
    let earliest = |start: &&Start<'_>| {
        let rows = start.rows.iter().copied().chain([start.exit]).filter(|row| row.has_text);
        let of_loop = rows.filter_map(|row| Some((row.ts_ns, row.event, at[row.key as usize]?)));
        of_loop.filter(|(.., index)| members.contains(index)).min().map(|(.., index)| index)
    };
    let root = first_error
        .or_else(|| most(&mut run.iter().filter_map(earliest)))
        .map(|(index, _)| index)
        .or_else(|| members.first().copied())?;
    members.insert(root);
    let placed = |row: &StartRow| Some((at[row.key as usize]?, row.ts_ns));
    let lags_ns = lags(
        run.iter().map(|start| start.rows.iter().copied().chain([start.exit]).filter_map(placed).collect()),
        root,
        &members,
    );
    Some(Family {
        shared: shares(run, root, &members, at),
        kind: FamilyKind::CrashLoop,
        root,
        members: members.into_iter().collect(),
        times_ns: run.iter().map(|start| start.exit.ts_ns).collect(),
        failed: run.len() as u64,
        ran: false,
        rooted: first_error.map_or(0, |(_, n)| n as u64),
        service: service.to_owned(),
        lags_ns,
    })
}

/// What stands of each member but the root in the starts of a run.
fn shares(run: &[&Start<'_>], root: usize, members: &BTreeSet<usize>, at: &[Option<usize>]) -> BTreeMap<usize, Share> {
    let mut rows: BTreeMap<usize, (BTreeSet<(i64, u64)>, u64)> = BTreeMap::new();
    for row in run.iter().flat_map(|start| start.rows.iter().copied().chain([start.exit])) {
        if let Some(member) = at[row.key as usize].filter(|own| *own != root && members.contains(own)) {
            let known = rows.entry(member).or_default();
            known.0.insert((row.ts_ns, row.event));
            known.1 += 1;
        }
    }
    rows.into_iter().map(|(member, (rows, entries))| (member, Share::of(&rows, entries))).collect()
}

fn start_of(start: &Start<'_>) -> i64 {
    start.rows.first().map_or(start.exit.ts_ns, |row| row.ts_ns)
}

/// Median time from the root's first row to each other member's first row, over the groups that hold both; rows by cluster.
pub(super) fn lags(
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
                for (at, share) in family.shared {
                    known.shared.entry(at).and_modify(|own| *own = own.with(share)).or_insert(share);
                }
            }
        }
    }
    merged.into_values().collect()
}

/// The root of one loop is no member of another. Any other cluster may stand in the starts of several: then each has of it
/// what its own starts hold.
fn part_members(families: &mut [Family]) {
    let roots: BTreeSet<usize> = families.iter().map(|family| family.root).collect();
    let mut homes: BTreeMap<usize, usize> = BTreeMap::new();
    for family in &mut *families {
        let root = family.root;
        family.members.retain(|member| *member == root || !roots.contains(member));
        family.members.iter().for_each(|member| *homes.entry(*member).or_default() += 1);
    }
    for family in families {
        family.shared.retain(|member, _| homes.get(member).is_some_and(|homes| *homes > 1));
    }
}

/// Clusters that stand in starts which failed without being a loop.
pub(crate) fn failing_starts(clusters: &[Cluster], found: &StartRows, services: &[Starts<'_>]) -> BTreeSet<usize> {
    let at = positions(clusters, &found.keys);
    let starts = services.iter().flat_map(|Starts(starts)| starts);
    let rows = starts.flat_map(|start| &start.rows).filter(|row| row.severity >= Severity::Error);
    rows.filter_map(|row| at[row.key as usize]).collect()
}

impl Family {
    /// How often its events came.
    pub fn cadence(&self) -> cadence::Cadence {
        cadence::cadence(&self.times_ns)
    }
}

#[cfg(test)]
mod tests;
