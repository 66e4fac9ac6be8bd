//! One row group counted: everything that a report asks of every row, in one walk.
//!
//! Rows that agree in all words and levels share a cell, and nearly every breakdown of a cluster is a sum over its cells; what
//! sums cannot say (distinct traces, times of events, latencies, which row stands for the cluster) is kept beside them. Words
//! stay the codes of their group here; [`super::facts`] puts groups together.

use std::hash::Hash;

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::QueryError;
use super::facts::told_ns;
use super::loud::WARNING;
use super::rows::RowSource;
use crate::mine::SigId;
use crate::store::{Cut, NO_INT, NO_WORD, RowGroup, StoreError, Words};
use crate::time::HOUR_NS;

/// Rows that are remembered as the oldest of a cluster.
pub(super) const OLDEST: usize = 5;

/// Rows of unlike kinds that are remembered of a cluster.
pub(super) const UNLIKE: usize = 8;

/// The columns of words that make a cell.
pub(super) const CELL_WORDS: [&str; 9] =
    ["project", "service", "kind", "revision", "effective_reason", "module", "function", "stack_id", "http_host"];
pub(super) const PROJECT: usize = 0;
pub(super) const SERVICE: usize = 1;
pub(super) const KIND: usize = 2;
pub(super) const REVISION: usize = 3;
pub(super) const REASON: usize = 4;
pub(super) const MODULE: usize = 5;
pub(super) const FUNCTION: usize = 6;
pub(super) const STACK: usize = 7;
pub(super) const HOST: usize = 8;

/// All that is read of every row.
const COLUMNS: [&str; 22] = [
    "ts_ns",
    "project",
    "service",
    "kind",
    "revision",
    "effective_reason",
    "module",
    "function",
    "stack_id",
    "http_host",
    "severity",
    "effective_severity",
    "line",
    "payload_rank",
    "sig_id",
    "event_role",
    "rows_in_event",
    "instance",
    "user_id",
    "trace",
    "http_status",
    "http_latency_ns",
];
/// What sizes and severities need.
const FEW_COLUMNS: [&str; 11] = [
    "ts_ns",
    "project",
    "service",
    "kind",
    "revision",
    "effective_reason",
    "severity",
    "effective_severity",
    "sig_id",
    "event_role",
    "rows_in_event",
];

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Rows, times and severities.
    Sizes,
    /// Everything.
    Full,
}

/// What rows of one cell share: a signature, words by code, levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) sig: u32,
    pub(super) words: [u32; CELL_WORDS.len()],
    pub(super) severity: i32,
    pub(super) effective: i32,
    pub(super) line: i64,
    /// A joiner or a frame: it belongs to no cluster of its own.
    pub(super) attached: bool,
}

/// What is counted of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) first_ns: i64,
    pub(super) last_ns: i64,
    pub(super) without_payload: u64,
}

/// A row by its place, with what orders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) ts_ns: i64,
    pub(super) group: u32,
    pub(super) row: u32,
}

/// Template, project, service, kind; words by code.
pub(super) type Key = (u32, u32, u32, u32);

/// What sums over cells do not say of a cluster.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Events that are one row.
    pub(super) single_events: u64,
    /// Their times.
    pub(super) times_ns: Vec<i64>,
    /// Status, hour since 1970 and latency of each request, [`NO_INT`] where it states none.
    pub(super) requests: Vec<(i32, i32, i64)>,
    /// The loudest level and its oldest rows; several where their times are equal.
    pub(super) best: Option<(i64, Vec<Place>)>,
    /// Its oldest rows that have an id, in the order of the group.
    pub(super) oldest: Vec<Place>,
    /// Of the kinds of rows with the least hashes, by hash, the oldest row of each.
    pub(super) unlike: Vec<(u64, Place)>,
    /// Its newest row.
    pub(super) newest: Option<Place>,
}

/// A row of an event of several rows, or one that is attached to an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventRow {
    pub(super) event: u128,
    pub(super) ts_ns: i64,
    /// Its cluster in the group; none for what makes no cluster.
    pub(super) cluster: Option<u32>,
    pub(super) attached: bool,
    pub(super) head: bool,
    /// Project, service, kind.
    pub(super) own: [u32; 3],
}

/// A group, counted.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) words: Vec<Vec<String>>,
    pub(super) sigs: Vec<SigId>,
    pub(super) instances: Vec<String>,
    pub(super) users: Vec<String>,
    /// Cells with their cluster in the group, in the order of their first rows.
    pub(super) cells: Vec<(Cell, Option<u32>, Tally)>,
    pub(super) clusters: Vec<(Key, Gathered)>,
    /// Cluster and instance, each pair once, in no order.
    pub(super) by_instance: Vec<(u32, u32)>,
    /// Cluster and user, as those.
    pub(super) by_user: Vec<(u32, u32)>,
    /// The traces of the rows of each cluster of the group.
    pub(super) traces_of: Vec<Vec<u128>>,
    /// Cluster, trace, instance by code and oldest row of what is loud.
    pub(super) traces: Vec<(u32, Option<u128>, u32, i64)>,
    pub(super) events: Vec<EventRow>,
    /// Rows that are asked for one by one.
    pub(super) loud: Vec<u32>,
}

/// Numbers the values it meets.
struct Numbered<T> {
    at: FxHashMap<T, u32>,
    values: Vec<T>,
}

impl<T: Hash + Eq + Copy> Numbered<T> {
    fn new() -> Self {
        Self { at: FxHashMap::default(), values: Vec::new() }
    }

    fn of(&mut self, value: T) -> u32 {
        *self.at.entry(value).or_insert_with(|| {
            self.values.push(value);
            (self.values.len() - 1) as u32
        })
    }
}

/// Pairs that are met again and again. Most are answered by a look at the one that was met last in the same place.
struct Pairs {
    last: Vec<Option<(u32, u32)>>,
    all: FxHashSet<(u32, u32)>,
}

impl Pairs {
    /// Places; a power of two.
    const PLACES: usize = 1 << 12;

    fn new() -> Self {
        Self { last: vec![None; Self::PLACES], all: FxHashSet::default() }
    }

    fn add(&mut self, one: u32, other: u32) {
        let pair = Some((one, other));
        let place = (one.wrapping_mul(0x9e37_79b1) >> 20) ^ other;
        let last = &mut self.last[place as usize % Self::PLACES];
        if *last != pair {
            *last = pair;
            self.all.insert((one, other));
        }
    }

    /// The pairs, in no order: they are only counted.
    fn all(self) -> Vec<(u32, u32)> {
        self.all.into_iter().collect()
    }
}

/// Templates of a group's signatures; [`NO_WORD`] where none is known.
fn templates(source: &RowSource, sigs: &[SigId]) -> Vec<u32> {
    sigs.iter().map(|sig| source.templates.of(*sig).unwrap_or(NO_WORD)).collect()
}

fn text_of(cut: &Cut, name: &str, depth: Depth) -> Result<Words, StoreError> {
    if depth == Depth::Full || FEW_COLUMNS.contains(&name) { cut.words(name) } else { Ok(Words::default()) }
}

/// Counts the rows of a group that are in the source's window and services.
pub(super) fn count(source: &RowSource, at: u32, group: &RowGroup, depth: Depth) -> Result<Part, QueryError> {
    let full = depth == Depth::Full;
    let cut = group.read(if full { &COLUMNS } else { &FEW_COLUMNS }, None)?;
    let ts = cut.ints("ts_ns")?;
    let mut words: Vec<Words> = CELL_WORDS.iter().map(|name| text_of(&cut, name, depth)).collect::<Result<_, _>>()?;
    let none = vec![NO_WORD; if full { 0 } else { ts.len() }];
    for coded in words.iter_mut().filter(|coded| coded.codes.is_empty()) {
        coded.codes.clone_from(&none);
    }
    let (severity, effective) = (cut.ints("severity")?, cut.ints("effective_severity")?);
    let ints = |name: &str| if full { cut.ints(name) } else { Ok(vec![NO_INT; ts.len()]) };
    let (line, rank, in_event) = (ints("line")?, ints("payload_rank")?, cut.ints("rows_in_event")?);
    let (status, latency) = (ints("http_status")?, ints("http_latency_ns")?);
    let (instance, user) = (text_of(&cut, "instance", depth)?, text_of(&cut, "user_id", depth)?);
    let trace_texts = if full { Some(cut.texts("trace")?) } else { None };
    let (sig, role) = (cut.words("sig_id")?, cut.words("event_role")?);
    let sigs: Vec<SigId> = sig.words.iter().map(|hex| hex.parse().unwrap_or(SigId(0))).collect();
    let template_of = templates(source, &sigs);
    let keep = source.kept(&ts, &words[SERVICE], &words[REVISION]);
    let is = |name: &str| role.words.iter().position(|word| word == name).map_or(NO_WORD - 1, |at| at as u32);
    let (head, traceback) = (is("head"), is("traceback"));
    let has_ids = !full || !group.has_absent("insert_id");
    let ids = if has_ids { None } else { Some(group.read(&["insert_id"], None)?) };
    let ids = ids.as_ref().map(|cut| cut.texts("insert_id")).transpose()?;
    // Rows of events of one row need no name of the event.
    let is_several = |row: usize| in_event[row] > 1 || (role.codes[row] != head && role.codes[row] != traceback);
    let several: Vec<u32> = (0..ts.len()).filter(|row| keep[*row] && is_several(*row)).map(|row| row as u32).collect();
    let named = if several.is_empty() { None } else { Some(group.read(&["event_id"], Some(&several))?) };
    let named = named.as_ref().map(|cut| cut.texts("event_id")).transpose()?;
    let kind_of =
        |name: &str| words[KIND].words.iter().position(|word| word == name).map_or(NO_WORD - 1, |at| at as u32);
    let (system, request) = (kind_of("system"), kind_of("request"));

    let mut cells: Numbered<Cell> = Numbered::new();
    let mut last_cells: Vec<u32> = vec![NO_WORD; sigs.len() + 1];
    let mut tallies: Vec<Tally> = Vec::new();
    let mut first_rows: Vec<u32> = Vec::new();
    let mut cluster_of: Vec<Option<u32>> = Vec::new();
    let mut keys: Numbered<Key> = Numbered::new();
    let mut gathered: Vec<Gathered> = Vec::new();
    let (mut by_instance, mut by_user) = (Pairs::new(), Pairs::new());
    let mut traces_of: Vec<Vec<u128>> = Vec::new();
    let mut traces: Vec<(u32, Option<u128>, u32, i64)> = Vec::new();
    let mut trace_at: FxHashMap<(u32, Option<u128>, u32), u32> = FxHashMap::default();
    let mut events: Vec<EventRow> = Vec::new();
    let mut loud: Vec<u32> = Vec::new();
    let mut next_several = 0;
    for row in 0..ts.len() {
        if !keep[row] {
            continue;
        }
        let attached = role.codes[row] != head && role.codes[row] != traceback;
        let cell = Cell {
            sig: sig.codes[row],
            words: std::array::from_fn(|at| words[at].codes[row]),
            severity: severity[row] as i32,
            effective: effective[row] as i32,
            line: line[row],
            attached,
        };
        // Nearly always the cell that its signature had last.
        let last = &mut last_cells[if cell.sig == NO_WORD { sigs.len() } else { cell.sig as usize }];
        if cells.values.get(*last as usize) != Some(&cell) {
            *last = cells.of(cell);
        }
        let at_cell = *last as usize;
        let ts_ns = ts[row];
        if at_cell == tallies.len() {
            tallies.push(Tally { rows: 0, first_ns: ts_ns, last_ns: ts_ns, without_payload: 0 });
            first_rows.push(row as u32);
            let template = if cell.sig == NO_WORD { NO_WORD } else { template_of[cell.sig as usize] };
            cluster_of.push((!attached && template != NO_WORD).then(|| {
                let [project, service, kind, ..] = cell.words;
                let at = keys.of((template, project, service, kind));
                if at as usize == gathered.len() {
                    gathered.push(Gathered::default());
                    traces_of.push(Vec::new());
                }
                at
            }));
        }
        let tally = &mut tallies[at_cell];
        tally.rows += 1;
        tally.first_ns = tally.first_ns.min(ts_ns);
        tally.last_ns = tally.last_ns.max(ts_ns);
        // A blank line between the lines of a stack lacks nothing.
        tally.without_payload += u64::from(rank[row] == 0 && !attached);
        let cluster = cluster_of[at_cell];
        let [project, service, kind, ..] = cell.words;
        let is_named = is_several(row);
        if is_named {
            let name = named.as_ref().and_then(|names| names.get(next_several)).unwrap_or("");
            next_several += 1;
            events.push(EventRow {
                event: xxh3_128(name.as_bytes()),
                ts_ns,
                cluster,
                attached,
                head: role.codes[row] == head,
                own: [project, service, kind],
            });
        }
        let Some(cluster) = cluster else { continue };
        let facts = &mut gathered[cluster as usize];
        facts.single_events += u64::from(!is_named);
        if !full {
            continue;
        }
        if !is_named {
            facts.times_ns.push(ts_ns);
        }
        if effective[row] >= WARNING || kind == system {
            loud.push(row as u32);
        }
        if instance.codes[row] != NO_WORD {
            by_instance.add(cluster, instance.codes[row]);
        }
        if user.codes[row] != NO_WORD {
            by_user.add(cluster, user.codes[row]);
        }
        let trace = trace_texts.as_ref().and_then(|texts| texts.get(row));
        let hash = trace.map(|trace| xxh3_128(trace.as_bytes()));
        if let Some(hash) = hash {
            traces_of[cluster as usize].push(hash);
        }
        if effective[row] >= WARNING {
            let named = hash.filter(|_| trace.is_some_and(|trace| !trace.is_empty()));
            let instance = instance.codes[row];
            let at = *trace_at.entry((cluster, named, instance)).or_insert(traces.len() as u32) as usize;
            // The oldest row of a place stands for it.
            let told_ns = told_ns(ts_ns, kind == request, latency[row]);
            match traces.get_mut(at) {
                Some((.., first_ns)) => *first_ns = told_ns.min(*first_ns),
                None => traces.push((cluster, named, instance, told_ns)),
            }
        }
        if status[row] != NO_INT {
            let hour = i32::try_from(ts_ns.div_euclid(HOUR_NS)).unwrap_or(i32::MAX);
            facts.requests.push((i32::try_from(status[row]).unwrap_or(i32::MAX), hour, latency[row]));
        }
        let place = Place { ts_ns, group: at, row: row as u32 };
        offer(&mut facts.best, effective[row], place);
        facts.newest = facts.newest.max(Some(place));
        if facts.oldest.len() < OLDEST && ids.as_ref().is_none_or(|ids| ids.get(row).is_some()) {
            facts.oldest.push(place);
        }
    }
    let of_cells = cells.values.iter().zip(&cluster_of).zip(&first_rows);
    for ((cell, cluster), row) in of_cells.filter(|_| full) {
        let Some(cluster) = cluster else { continue };
        let word = |column: usize| text(&words[column], cell.words[column]);
        let sig = sigs.get(cell.sig as usize).copied().unwrap_or(SigId(0));
        let kind = (sig, cell.severity, [REVISION, MODULE, FUNCTION].map(word));
        let place = Place { ts_ns: ts[*row as usize], group: at, row: *row };
        let hash = xxh3_64(format!("{kind:?}").as_bytes());
        keep_unlike(&mut gathered[*cluster as usize].unlike, hash, place);
    }
    for own in &mut traces_of {
        // Neighbours often belong to one request.
        own.dedup();
    }
    Ok(Part {
        words: words.into_iter().map(|coded| coded.words).collect(),
        sigs,
        instances: instance.words,
        users: user.words,
        cells: cells
            .values
            .into_iter()
            .zip(cluster_of)
            .zip(tallies)
            .map(|((cell, of), tally)| (cell, of, tally))
            .collect(),
        clusters: keys.values.into_iter().zip(gathered).collect(),
        by_instance: by_instance.all(),
        by_user: by_user.all(),
        traces_of,
        traces,
        events,
        loud,
    })
}

fn text(words: &Words, code: u32) -> &str {
    if code == NO_WORD { "" } else { &words.words[code as usize] }
}

/// Keeps the oldest row of each kind, of the kinds with the least hashes: what is kept depends on neither groups nor threads.
pub(super) fn keep_unlike(kept: &mut Vec<(u64, Place)>, hash: u64, place: Place) {
    match kept.binary_search_by_key(&hash, |(hash, _)| *hash) {
        Ok(at) => kept[at].1 = kept[at].1.min(place),
        Err(at) if at < UNLIKE => {
            kept.insert(at, (hash, place));
            kept.truncate(UNLIKE);
        }
        Err(_) => {}
    }
}

/// Keeps the rows of the loudest level that are the oldest of it.
pub(super) fn offer(best: &mut Option<(i64, Vec<Place>)>, level: i64, place: Place) {
    match best {
        Some((known, rows)) if *known == level && rows[0].ts_ns == place.ts_ns => rows.push(place),
        Some((known, rows)) if *known > level || (*known == level && rows[0].ts_ns < place.ts_ns) => {}
        _ => *best = Some((level, vec![place])),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn of_unlike_rows_the_same_are_kept_whatever_the_order_and_the_cut() {
        let place = |n: u64| Place { ts_ns: (n * 7 % 31) as i64, group: 0, row: n as u32 };
        let rows: Vec<(u64, Place)> = (0..60).map(|n| (n * 11 % 20, place(n))).collect();
        let kept = |rows: &mut dyn Iterator<Item = (u64, Place)>| {
            let mut kept = Vec::new();
            rows.for_each(|(hash, place)| keep_unlike(&mut kept, hash, place));
            kept
        };
        let all = kept(&mut rows.iter().copied());
        let oldest = |hash: u64| rows.iter().filter(|(own, _)| *own == hash).map(|(_, place)| *place).min();
        let least: Vec<(u64, Place)> = (0..UNLIKE as u64).filter_map(|hash| Some((hash, oldest(hash)?))).collect();
        assert_eq!(all, least);
        assert_eq!(kept(&mut rows.iter().rev().copied()), all);
        let (front, back) = (kept(&mut rows[..23].iter().copied()), kept(&mut rows[23..].iter().copied()));
        assert_eq!(kept(&mut back.into_iter().chain(front)), all);
    }

    #[test]
    fn pairs_are_each_kept_once_whatever_was_met_before_them() {
        let (mut pairs, mut all) = (Pairs::new(), BTreeSet::new());
        let mut state = 7_u64;
        for n in 0..40_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Few of one with many of the other, and both ends of the numbers.
            let (one, other) = ((state >> 60) as u32 * (u32::MAX / 15), (state >> 40) as u32 % (1 + n));
            pairs.add(one, other);
            all.insert((one, other));
        }
        assert!(all.len() > Pairs::PLACES, "more than there are places");
        let mut kept = pairs.all();
        kept.sort_unstable();
        assert_eq!(kept, all.into_iter().collect::<Vec<_>>());
    }
}
