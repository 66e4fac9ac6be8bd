//! What a report asks of every row of a window: all groups of rows, counted in parallel and put together in order.
//!
//! Each figure is what one of `queries/*.sql` answers (the fields name it), and a test holds that they are equal. SQL asks
//! seventeen questions in seventeen scans and joins; a report needs all of them, so it walks once. Sums and sets do not depend
//! on the number of threads; groups are put together in the order of the files.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::cells::{
    self, Depth, EventRow, FUNCTION, Gathered, HOST, KIND, Key, MODULE, OLDEST, PROJECT, Part, Place, REASON, REVISION,
    SERVICE, STACK, keep_unlike, offer,
};
use super::loud::Keyed;
use super::picked::{self, Example};
use super::rows::RowSource;
use super::turn::in_turn;
use super::{ClusterRows, QueryError};
use crate::mine::SigId;
use crate::store::{NO_INT, NO_WORD, RowGroup, row_groups};
use crate::time::day_of;

/// Numbers by what they are of, ascending. A cluster has few of each, and of a hundred thousand clusters a tree each would be
/// most of the memory.
pub type Counts<T> = Vec<(T, u64)>;

/// What the rows of a window say of one cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterFacts {
    /// Template, project, service, kind.
    pub key: ClusterRows,
    /// Rows (`cluster_sizes`).
    pub entries: u64,
    /// Events (`cluster_sizes`).
    pub events: u64,
    /// Oldest row, nanoseconds.
    pub first_ns: i64,
    /// Newest row, nanoseconds.
    pub last_ns: i64,
    /// Distinct instances.
    pub instances: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Distinct users.
    pub users: u64,
    /// Rows without payload.
    pub without_payload: u64,
    /// Rows per (severity, effective severity, reason or empty) (`cluster_severities`).
    pub severities: Counts<(i64, i64, String)>,
    /// Rows and first row per revision (`cluster_revisions`).
    pub revisions: Vec<(String, (u64, i64))>,
    /// Rows per UTC day, days since 1970 (`cluster_days`).
    pub days: Counts<i64>,
    /// First row of each event, ascending, nanoseconds (`cluster_events`).
    pub times_ns: Vec<i64>,
    /// Rows per signature (`signatures`).
    pub signatures: Counts<SigId>,
    /// Rows per (module, function, line or -1) (`cluster_places`).
    pub places: Counts<(String, String, i64)>,
    /// Rows per stack (`cluster_stacks`).
    pub stacks: Counts<String>,
    /// Rows per request host (`cluster_hosts`).
    pub hosts: Counts<String>,
    /// Status, hour since 1970 and latency in nanoseconds of each request with a status, by latency, unknown first
    /// (`request_latencies`).
    pub requests: Vec<(i32, i32, Option<i64>)>,
    /// The oldest of its loudest rows (`examples`).
    pub example: Option<Example>,
    /// Ids of its oldest rows, at most five (`insert_ids`).
    pub insert_ids: Vec<String>,
}

/// Joiners and frames of the events of a cluster; those of events without a head have an empty template (`attached`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttachedRows {
    /// Of the event's head, or of the rows themselves.
    pub key: ClusterRows,
    /// Rows.
    pub rows: u64,
    /// Oldest row, nanoseconds.
    pub first_ns: i64,
    /// Newest row, nanoseconds.
    pub last_ns: i64,
}

/// Rows of one project, service, kind and pair of levels (`totals`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TotalRows {
    /// Project, or empty.
    pub project: String,
    /// Service, or empty.
    pub service: String,
    /// Kind.
    pub kind: String,
    /// Envelope severity, Google's number.
    pub severity: i64,
    /// Effective severity.
    pub effective: i64,
    /// Rows.
    pub rows: u64,
    /// Oldest row, nanoseconds.
    pub first_ns: i64,
    /// Newest row, nanoseconds.
    pub last_ns: i64,
    /// Rows without payload.
    pub without_payload: u64,
}

/// A trace on an instance, each by number: equal numbers are equal names (`cluster_traces`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceRow {
    /// Hash of the trace; `None` where a row names none.
    pub trace: Option<u128>,
    /// Instance; `None` where a row names none.
    pub instance: Option<u32>,
    /// Moment of the oldest row of a group of rows ([`told_ns`]), nanoseconds.
    pub first_ns: i64,
}

/// Longest time to a response that is believed.
const LONGEST_NS: i64 = 86_400_000_000_000;

/// The moment at which a row was told, for its place among the rows of its trace: a request is told when it was answered, and
/// platforms give it the time at which it came, before everything that failed in it. `latency_ns` is below 0 where none is
/// known.
pub(super) fn told_ns(ts_ns: i64, is_request: bool, latency_ns: i64) -> i64 {
    if is_request && (0..=LONGEST_NS).contains(&latency_ns) { ts_ns.saturating_add(latency_ns) } else { ts_ns }
}

/// An event in which a cluster stands beside others (`shared_events`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedEvent {
    /// Hash of the event's id.
    pub event: u128,
    /// Its oldest row of the cluster, nanoseconds.
    pub first_ns: i64,
}

/// What the rows of a window say.
#[derive(Debug, Default)]
pub struct Facts {
    /// Clusters by key.
    pub clusters: Vec<ClusterFacts>,
    /// Attached rows by key.
    pub attached: Vec<AttachedRows>,
    /// Totals by project, service, kind and levels.
    pub totals: Vec<TotalRows>,
    /// Entries of no template that is known: of signatures beyond those that are kept one by one, counted in buckets.
    pub further: u64,
    /// Rows that are asked for one by one: WARNING and above, and the platform's own.
    pub(super) loud: Vec<LoudRows>,
    /// Traces and instances of those of WARNING and above.
    pub(super) traces: Keyed<TraceRow>,
    /// Events in which several clusters stand.
    pub(super) shared: Keyed<SharedEvent>,
    /// Where the row stands that stands for each cluster, by the clusters' places in `traces`.
    pub(super) shown: Vec<(u32, Place)>,
    /// Where rows of it stand that differ, and its newest, in the order of places.
    pub(super) samples: Vec<(u32, Place)>,
}

/// Rows of a group, by their places in it.
pub(super) type LoudRows = (RowGroup, Vec<u32>);

/// Words of all groups by one code each.
#[derive(Default)]
pub(super) struct Interner {
    at: FxHashMap<String, u32>,
    words: Vec<String>,
}

impl Interner {
    pub(super) fn of(&mut self, word: String) -> u32 {
        if let Some(at) = self.at.get(&word) {
            return *at;
        }
        let at = self.words.len() as u32;
        self.words.push(word.clone());
        self.at.insert(word, at);
        at
    }

    fn all(&mut self, words: Vec<String>) -> Vec<u32> {
        words.into_iter().map(|word| self.of(word)).collect()
    }

    /// The word of a code; empty where it is absent.
    fn text(&self, code: u32) -> &str {
        if code == NO_WORD { "" } else { &self.words[code as usize] }
    }

    fn own(&self, code: u32) -> String {
        self.text(code).to_owned()
    }
}

fn translated(map: &[u32], code: u32) -> u32 {
    if code == NO_WORD { NO_WORD } else { map[code as usize] }
}

/// Breakdowns of a cluster by codes.
#[derive(Default)]
struct Sums {
    entries: u64,
    first_ns: i64,
    last_ns: i64,
    without_payload: u64,
    severities: FxHashMap<(i32, i32, u32), u64>,
    revisions: FxHashMap<u32, (u64, i64)>,
    days: BTreeMap<i64, u64>,
    signatures: FxHashMap<SigId, u64>,
    places: FxHashMap<(u32, u32, i64), u64>,
    stacks: FxHashMap<u32, u64>,
    hosts: FxHashMap<u32, u64>,
    instances: u64,
    traces: FxHashSet<u128>,
    users: u64,
    several_events: u64,
    more: Gathered,
}

/// Rows, first, last, without payload of a group of totals.
type Total = (u64, i64, i64, u64);

/// Groups put together so far.
#[derive(Default)]
struct Whole {
    words: Interner,
    at: FxHashMap<Key, u32>,
    keys: Vec<Key>,
    sums: Vec<Sums>,
    by_instance: FxHashSet<(u32, u32)>,
    by_user: FxHashSet<(u32, u32)>,
    events: Vec<EventRow>,
    totals: FxHashMap<(u32, u32, u32, i32, i32), Total>,
    loud: Vec<(u32, Vec<u32>)>,
    traces: Vec<(u32, TraceRow)>,
    shared: Vec<(u32, SharedEvent)>,
    further: u64,
}

impl Whole {
    fn add(&mut self, at: u32, part: Part, depth: Depth) {
        let maps: Vec<Vec<u32>> = part.words.into_iter().map(|words| self.words.all(words)).collect();
        let (instances, users) = (self.words.all(part.instances), self.words.all(part.users));
        let word = |column: usize, code: u32| translated(&maps[column], code);
        let own =
            |[project, service, kind]: [u32; 3]| (word(PROJECT, project), word(SERVICE, service), word(KIND, kind));
        let mut clusters: Vec<u32> = Vec::with_capacity(part.clusters.len());
        for ((template, project, service, kind), gathered) in part.clusters {
            let (project, service, kind) = own([project, service, kind]);
            let key = (template, project, service, kind);
            let place = *self.at.entry(key).or_insert_with(|| {
                self.keys.push(key);
                self.sums.push(Sums::default());
                (self.keys.len() - 1) as u32
            });
            clusters.push(place);
            self.sums[place as usize].more.join(gathered);
        }
        for (cell, cluster, tally) in part.cells {
            let (project, service, kind) = own([cell.words[PROJECT], cell.words[SERVICE], cell.words[KIND]]);
            let total = (project, service, kind, cell.severity, cell.effective);
            let total = self.totals.entry(total).or_insert((0, tally.first_ns, tally.last_ns, 0));
            *total = (
                total.0 + tally.rows,
                total.1.min(tally.first_ns),
                total.2.max(tally.last_ns),
                total.3 + tally.without_payload,
            );
            let Some(cluster) = cluster else {
                self.further += if cell.attached { 0 } else { tally.rows };
                continue;
            };
            let sums = &mut self.sums[clusters[cluster as usize] as usize];
            sums.first_ns = if sums.entries == 0 { tally.first_ns } else { sums.first_ns.min(tally.first_ns) };
            sums.last_ns = if sums.entries == 0 { tally.last_ns } else { sums.last_ns.max(tally.last_ns) };
            sums.entries += tally.rows;
            sums.without_payload += tally.without_payload;
            let reason = word(REASON, cell.words[REASON]);
            *sums.severities.entry((cell.severity, cell.effective, reason)).or_default() += tally.rows;
            if depth == Depth::Sizes {
                continue;
            }
            // A group holds rows of one UTC day, as its file does.
            *sums.days.entry(day_of(tally.first_ns)).or_default() += tally.rows;
            *sums.signatures.entry(part.sigs[cell.sig as usize]).or_default() += tally.rows;
            let revision = word(REVISION, cell.words[REVISION]);
            if revision != NO_WORD {
                let known = sums.revisions.entry(revision).or_insert((0, tally.first_ns));
                *known = (known.0 + tally.rows, known.1.min(tally.first_ns));
            }
            let place = (word(MODULE, cell.words[MODULE]), word(FUNCTION, cell.words[FUNCTION]), cell.line);
            *sums.places.entry(place).or_default() += tally.rows;
            for (column, counts) in [(STACK, &mut sums.stacks), (HOST, &mut sums.hosts)] {
                let code = word(column, cell.words[column]);
                if code != NO_WORD {
                    *counts.entry(code).or_default() += tally.rows;
                }
            }
        }
        let cluster = |at: u32| clusters[at as usize];
        self.traces.extend(part.traces.into_iter().map(|(at, trace, instance, first_ns)| {
            let instance = Some(translated(&instances, instance)).filter(|code| !self.words.text(*code).is_empty());
            (cluster(at), TraceRow { trace, instance, first_ns })
        }));
        for (at, code) in part.by_instance {
            let is_new = self.by_instance.insert((cluster(at), instances[code as usize]));
            self.sums[cluster(at) as usize].instances += u64::from(is_new);
        }
        for (at, code) in part.by_user {
            let is_new = self.by_user.insert((cluster(at), users[code as usize]));
            self.sums[cluster(at) as usize].users += u64::from(is_new);
        }
        for (at, traces) in (0..).zip(part.traces_of) {
            self.sums[cluster(at) as usize].traces.extend(traces);
        }
        self.events.extend(part.events.into_iter().map(|row| {
            let (project, service, kind) = own(row.own);
            EventRow { cluster: row.cluster.map(cluster), own: [project, service, kind], ..row }
        }));
        if !part.loud.is_empty() {
            self.loud.push((at, part.loud));
        }
    }

    fn key(&self, source: &RowSource, (template, project, service, kind): Key) -> ClusterRows {
        let template_id =
            if template == NO_WORD { String::new() } else { source.templates.ids[template as usize].clone() };
        let (project, service, kind) = (self.words.own(project), self.words.own(service), self.words.own(kind));
        ClusterRows { template_id, project, service, kind }
    }

    /// Events of several rows: the first row of each for its clusters, and the attached rows for its head's.
    fn events(&mut self, source: &RowSource, depth: Depth) -> Vec<AttachedRows> {
        let events = std::mem::take(&mut self.events);
        let mut first: FxHashMap<(u32, u128), i64> = FxHashMap::default();
        let mut heads: FxHashMap<u128, u32> = FxHashMap::default();
        for row in &events {
            if let Some(cluster) = row.cluster {
                let known = first.entry((cluster, row.event)).or_insert(row.ts_ns);
                *known = row.ts_ns.min(*known);
                if row.head {
                    heads.insert(row.event, cluster);
                }
            }
        }
        let clusters = first.keys().fold(FxHashMap::<u128, u32>::default(), |mut clusters, (_, event)| {
            *clusters.entry(*event).or_default() += 1;
            clusters
        });
        let shared = first.iter().filter(|((_, event), _)| clusters[event] > 1);
        self.shared = shared.map(|((at, event), ts)| (*at, SharedEvent { event: *event, first_ns: *ts })).collect();
        self.shared.sort_unstable();
        let mut found: Vec<(u32, i64)> = first.into_iter().map(|((cluster, _), ts_ns)| (cluster, ts_ns)).collect();
        found.sort_unstable();
        for (cluster, ts_ns) in found {
            let sums = &mut self.sums[cluster as usize];
            sums.several_events += 1;
            if depth == Depth::Full {
                sums.more.times_ns.push(ts_ns);
            }
        }
        let mut attached: FxHashMap<Key, (u64, i64, i64)> = FxHashMap::default();
        for row in events.iter().filter(|row| row.attached) {
            let [project, service, kind] = row.own;
            let key = heads.get(&row.event).map_or((NO_WORD, project, service, kind), |at| self.keys[*at as usize]);
            let known = attached.entry(key).or_insert((0, row.ts_ns, row.ts_ns));
            *known = (known.0 + 1, known.1.min(row.ts_ns), known.2.max(row.ts_ns));
        }
        let of =
            |(key, (rows, first_ns, last_ns))| AttachedRows { key: self.key(source, key), rows, first_ns, last_ns };
        let mut out: Vec<AttachedRows> = attached.into_iter().map(of).collect();
        out.sort_by(|a, b| a.key.cmp(&b.key));
        out
    }

    fn totals(&self) -> Vec<TotalRows> {
        let of = |((project, service, kind, severity, effective), (rows, first_ns, last_ns, without_payload)): (
            &(u32, u32, u32, i32, i32),
            &Total,
        )| TotalRows {
            project: self.words.own(*project),
            service: self.words.own(*service),
            kind: self.words.own(*kind),
            severity: i64::from(*severity),
            effective: i64::from(*effective),
            rows: *rows,
            first_ns: *first_ns,
            last_ns: *last_ns,
            without_payload: *without_payload,
        };
        let mut out: Vec<TotalRows> = self.totals.iter().map(of).collect();
        out.sort_by(|a, b| {
            let key = |row: &TotalRows| (row.severity, row.effective);
            (&a.project, &a.service, &a.kind, key(a)).cmp(&(&b.project, &b.service, &b.kind, key(b)))
        });
        out
    }

    fn cluster(&self, key: ClusterRows, sums: Sums) -> ClusterFacts {
        let counts =
            |counts: FxHashMap<u32, u64>| sorted(counts.into_iter().map(|(code, n)| (self.words.own(code), n)));
        let mut times_ns = sums.more.times_ns;
        times_ns.sort_unstable();
        let mut requests: Vec<(i32, i32, Option<i64>)> = sums
            .more
            .requests
            .into_iter()
            .map(|(status, hour, latency)| (status, hour, Some(latency).filter(|ns| *ns != NO_INT)))
            .collect();
        requests.sort_unstable_by_key(|(status, hour, latency)| (*latency, *status, *hour));
        ClusterFacts {
            key,
            entries: sums.entries,
            events: sums.more.single_events + sums.several_events,
            first_ns: sums.first_ns,
            last_ns: sums.last_ns,
            instances: sums.instances,
            traces: sums.traces.len() as u64,
            users: sums.users,
            without_payload: sums.without_payload,
            severities: sorted(sums.severities.into_iter().map(|((envelope, effective, reason), n)| {
                ((i64::from(envelope), i64::from(effective), self.words.own(reason)), n)
            })),
            revisions: sorted(sums.revisions.into_iter().map(|(code, found)| (self.words.own(code), found))),
            days: sums.days.into_iter().collect(),
            times_ns,
            signatures: sorted(sums.signatures.into_iter()),
            places: sorted(sums.places.into_iter().map(|((module, function, line), n)| {
                let line = if line == NO_INT { -1 } else { line };
                ((self.words.own(module), self.words.own(function), line), n)
            })),
            stacks: counts(sums.stacks),
            hosts: counts(sums.hosts),
            requests,
            example: None,
            insert_ids: Vec::new(),
        }
    }
}

/// What a table held, in the order of its keys.
fn sorted<T: Ord>(rows: impl Iterator<Item = T>) -> Vec<T> {
    let mut rows: Vec<T> = rows.collect();
    rows.sort_unstable();
    rows
}

impl Gathered {
    /// Joins what another group gathered; neither says anything of the order of groups.
    fn join(&mut self, other: Self) {
        self.single_events += other.single_events;
        self.times_ns.extend(other.times_ns);
        self.requests.extend(other.requests);
        for (level, place) in
            other.best.into_iter().flat_map(|(level, rows)| rows.into_iter().map(move |row| (level, row)))
        {
            offer(&mut self.best, level, place);
        }
        self.oldest.extend(other.oldest);
        self.oldest.sort_unstable_by_key(|place| (place.ts_ns, place.group, place.row));
        self.oldest.truncate(OLDEST);
        for (hash, place) in other.unlike {
            keep_unlike(&mut self.unlike, hash, place);
        }
        self.newest = self.newest.max(other.newest);
    }
}

/// Counts the rows of a source.
pub(super) fn facts(source: &RowSource, depth: Depth) -> Result<Facts, QueryError> {
    let groups = row_groups(&source.files, source.window)?;
    let numbered: Vec<(u32, &RowGroup)> = (0_u32..).zip(&groups).collect();
    let mut whole = Whole::default();
    let count = |(at, group): &(u32, &RowGroup)| Ok((*at, cells::count(source, *at, group, depth)?));
    in_turn::<_, _, QueryError>(&numbered, count, |(at, part)| whole.add(at, part, depth))?;
    let attached = whole.events(source, depth);
    let totals = whole.totals();
    let (keys, sums) = (std::mem::take(&mut whole.keys), std::mem::take(&mut whole.sums));
    let trace_keys: Vec<ClusterRows> = keys.iter().map(|key| whole.key(source, *key)).collect();
    let places = |of: fn(&Gathered) -> &[Place]| sums.iter().flat_map(|sums| of(&sums.more)).copied().collect();
    let best: BTreeSet<Place> = places(|more| more.best.as_ref().map_or(&[], |best| &best.1));
    let oldest: BTreeSet<Place> = places(|more| &more.oldest);
    let mut samples: Vec<(u32, Place)> = (0..)
        .zip(&sums)
        .flat_map(|(at, Sums { more, .. })| {
            let places = more.unlike.iter().map(|(_, place)| place).chain(&more.newest);
            places.map(move |place| (at, *place))
        })
        .collect();
    samples.sort_unstable();
    samples.dedup();
    let (found, ids) = rayon::join(|| picked::entries(&groups, &best), || picked::insert_ids(&groups, &oldest));
    let (found, ids) = (found?, ids?);
    let of = |(key, mut sums): (Key, Sums)| {
        let (best, oldest) = (sums.more.best.take(), std::mem::take(&mut sums.more.oldest));
        let mut facts = whole.cluster(whole.key(source, key), sums);
        let rows = best.iter().flat_map(|best| &best.1).filter_map(|place| Some((*place, found.get(place)?)));
        let shown = rows.min_by(|(_, a), (_, b)| a.order().cmp(&b.order()));
        facts.example = shown.map(|(_, example)| example.clone());
        facts.insert_ids = oldest.iter().filter_map(|place| ids.get(place)?.clone()).collect();
        (facts, shown.map(|(place, _)| place))
    };
    // The order of millions of times is one cluster's: the next goes to whoever is free.
    let pairs: Vec<(Key, Sums)> = keys.into_iter().zip(sums).collect();
    let (mut clusters, shown): (Vec<ClusterFacts>, Vec<Option<Place>>) =
        pairs.into_par_iter().with_max_len(1).map(of).unzip();
    let shown = (0..).zip(shown).filter_map(|(at, place)| Some((at, place?))).collect();
    clusters.sort_by(|a, b| a.key.cmp(&b.key));
    let shared = Keyed { clusters: trace_keys.clone(), rows: std::mem::take(&mut whole.shared) };
    let traces = Keyed { clusters: trace_keys, rows: std::mem::take(&mut whole.traces) };
    let loud = whole.loud.into_iter().map(|(at, rows)| (groups[at as usize].clone(), rows)).collect();
    Ok(Facts { clusters, attached, totals, further: whole.further, loud, traces, shared, shown, samples })
}
