//! The questions that look at rows one by one, answered for the rows that a walk over all of them has found.
//!
//! `starts`, `messages` and `cluster_traces` ask for rows of WARNING and above and for the platform's own; only these are
//! fetched, with the columns that the question names. Words that repeat are shared, and a row names its cluster by its place
//! in a list: of a million entries, a third may be asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{LoudRows, TotalRows, told_ns};
use super::rows::RowSource;
use super::table::{Data, Table};
use super::{ClusterRows, QueryError};
use crate::store::{Cut, NO_INT, NO_WORD, RowGroup, StoreError, Text, Words, row_groups};

/// Rows of `messages` at most, as in its file.
pub(super) const MESSAGES: usize = 200_000;
/// WARNING.
pub(super) const WARNING: i64 = 400;

/// What makes the cluster of a row.
pub(super) const KEY: [&str; 4] = ["sig_id", "project", "service", "kind"];
/// What finds the rows without a walk over all columns.
const FIND: [&str; 7] = ["ts_ns", "service", "revision", "effective_severity", "kind", "sig_id", "event_role"];

/// Rows, each with the place of its cluster.
#[derive(Debug)]
pub struct Keyed<T> {
    /// Clusters by key.
    pub clusters: Vec<ClusterRows>,
    /// Place of the cluster, and the row.
    pub rows: Vec<(u32, T)>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { clusters: Vec::new(), rows: Vec::new() }
    }
}

/// A row of `starts`.
#[derive(Debug, Clone)]
pub struct StartRow {
    /// Instance, or empty.
    pub instance: Arc<str>,
    /// Its time, nanoseconds.
    pub ts_ns: i64,
    /// Its event.
    pub event_id: String,
    /// head or traceback.
    pub event_role: Arc<str>,
    /// Exception type, or empty.
    pub exception: Arc<str>,
    /// Effective severity, Google's number.
    pub effective: i64,
    /// What people read.
    pub message: String,
}

/// A row of `messages`.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// Signature.
    pub sig: Arc<str>,
    /// Its time, nanoseconds.
    pub ts_ns: i64,
    /// Revision.
    pub revision: Option<Arc<str>>,
    /// What people read.
    pub message: Text,
}

/// A trace on an instance (`cluster_traces`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TraceRow {
    /// Trace, or empty.
    trace: String,
    /// Instance, or empty.
    instance: Arc<str>,
    /// Oldest row, nanoseconds.
    first_ns: i64,
}

/// Words that rows share.
pub(super) struct Shared {
    codes: Vec<u32>,
    words: Vec<Arc<str>>,
    empty: Arc<str>,
}

impl Shared {
    pub(super) fn new(words: Words) -> Self {
        let shared = words.words.into_iter().map(Arc::from).collect();
        Self { codes: words.codes, words: shared, empty: Arc::from("") }
    }

    pub(super) fn get(&self, row: usize) -> Option<&Arc<str>> {
        match self.codes[row] {
            NO_WORD => None,
            code => Some(&self.words[code as usize]),
        }
    }

    pub(super) fn own(&self, row: usize) -> Arc<str> {
        self.get(row).unwrap_or(&self.empty).clone()
    }
}

/// Clusters of the rows of a cut, numbered as they come.
pub(super) fn clusters(source: &RowSource, cut: &Cut) -> Result<(Vec<ClusterRows>, Vec<u32>), StoreError> {
    let [sig, project, service, kind] = KEY;
    let words = [cut.words(sig)?, cut.words(project)?, cut.words(service)?, cut.words(kind)?];
    let word = |column: usize, code: u32| {
        if code == NO_WORD { String::new() } else { words[column].words[code as usize].clone() }
    };
    let mut known: FxHashMap<[u32; 4], u32> = FxHashMap::default();
    let mut keys: Vec<ClusterRows> = Vec::new();
    let mut of_row = Vec::with_capacity(cut.len());
    for row in 0..cut.len() {
        let codes: [u32; 4] = std::array::from_fn(|column| words[column].codes[row]);
        of_row.push(*known.entry(codes).or_insert_with(|| {
            let template = word(0, codes[0]).parse().ok().and_then(|sig| source.templates.of(sig));
            keys.push(ClusterRows {
                template_id: template.map_or_else(String::new, |at| source.templates.ids[at as usize].clone()),
                project: word(1, codes[1]),
                service: word(2, codes[2]),
                kind: word(3, codes[3]),
            });
            (keys.len() - 1) as u32
        }));
    }
    Ok((keys, of_row))
}

/// What `read` makes of the rows of each group (nothing, where they are not asked for), in order, beside their clusters.
fn keyed<T: Send>(
    source: &RowSource,
    groups: &[LoudRows],
    columns: &[&str],
    read: impl Fn(&Cut, &[u32]) -> Result<Vec<Option<T>>, StoreError> + Sync,
) -> Result<Keyed<T>, QueryError> {
    let mut names: Vec<&str> = KEY.to_vec();
    names.extend(columns.iter().filter(|name| !KEY.contains(name)));
    let of = |(group, rows): &LoudRows| {
        let cut = group.read(&names, Some(rows))?;
        let (keys, of_row) = clusters(source, &cut)?;
        let found = read(&cut, &of_row)?;
        let rows = of_row.into_iter().zip(found).filter_map(|(at, row)| Some((at, row?))).collect();
        Ok(Keyed { clusters: keys, rows })
    };
    let parts: Vec<Keyed<T>> = groups.par_iter().map(of).collect::<Result<_, StoreError>>()?;
    Ok(joined(parts))
}

/// Parts as one, clusters in the order of their keys.
pub(super) fn joined<T>(parts: Vec<Keyed<T>>) -> Keyed<T> {
    // Parts have the same clusters, nearly all of them.
    let all: FxHashSet<&ClusterRows> = parts.iter().flat_map(|part| &part.clusters).collect();
    let mut clusters: Vec<ClusterRows> = all.into_iter().cloned().collect();
    clusters.sort_unstable();
    let places: FxHashMap<&ClusterRows, u32> = clusters.iter().zip(0..).collect();
    let maps: Vec<Vec<u32>> = parts.iter().map(|part| part.clusters.iter().map(|key| places[key]).collect()).collect();
    let mut rows = Vec::with_capacity(parts.iter().map(|part| part.rows.len()).sum());
    for (part, map) in parts.into_iter().zip(maps) {
        rows.extend(part.rows.into_iter().map(|(at, row)| (map[at as usize], row)));
    }
    Keyed { clusters, rows }
}

/// The rows that are asked for one by one, found on their own.
pub(super) fn find(source: &RowSource) -> Result<Vec<LoudRows>, QueryError> {
    let of = |group: RowGroup| {
        let cut = group.read(&FIND, None)?;
        let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
        let (kind, sig, role) = (cut.words("kind")?, cut.words("sig_id")?, cut.words("event_role")?);
        let kept = source.kept(&ts, &cut.words("service")?, &cut.words("revision")?);
        let holds = |words: &Words, is: &dyn Fn(&str) -> bool| words.words.iter().map(|word| is(word)).collect();
        let system: Vec<bool> = holds(&kind, &|word| word == "system");
        let member: Vec<bool> = holds(&role, &|word| matches!(word, "head" | "traceback"));
        let known: Vec<bool> =
            holds(&sig, &|hex| hex.parse().ok().is_some_and(|sig| source.templates.of(sig).is_some()));
        let is =
            |words: &Words, holds: &[bool], row: usize| words.codes[row] != NO_WORD && holds[words.codes[row] as usize];
        let asked = |row: &usize| {
            kept[*row]
                && (effective[*row] >= WARNING || is(&kind, &system, *row))
                && is(&role, &member, *row)
                && is(&sig, &known, *row)
        };
        let rows: Vec<u32> = (0..ts.len()).filter(asked).map(|row| row as u32).collect();
        Ok((group, rows))
    };
    let groups = row_groups(&source.files, source.window)?;
    let found: Vec<LoudRows> = groups.into_par_iter().map(of).collect::<Result<_, StoreError>>()?;
    Ok(found.into_iter().filter(|(_, rows)| !rows.is_empty()).collect())
}

/// The rows of `starts`, by time, event, template.
pub(super) fn starts(source: &RowSource, groups: &[LoudRows]) -> Result<Keyed<StartRow>, QueryError> {
    let columns = ["instance", "ts_ns", "event_id", "event_role", "exception", "effective_severity", "message"];
    let mut all = keyed(source, groups, &columns, |cut, _| {
        let (instance, role) = (Shared::new(cut.words("instance")?), Shared::new(cut.words("event_role")?));
        let exception = Shared::new(cut.words("exception")?);
        let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
        let (event, message) = (cut.texts("event_id")?, cut.texts("message")?);
        let start = |row: usize| StartRow {
            instance: instance.own(row),
            ts_ns: ts[row],
            event_id: event.get(row).unwrap_or("").to_owned(),
            event_role: role.own(row),
            exception: exception.own(row),
            effective: effective[row],
            message: message.get(row).unwrap_or("").to_owned(),
        };
        Ok((0..cut.len()).map(|row| Some(start(row))).collect())
    })?;
    let clusters = &all.clusters;
    all.rows.sort_by(|(a_at, a), (b_at, b)| {
        let template = |at: &u32| &clusters[*at as usize].template_id;
        (a.ts_ns, &a.event_id, template(a_at)).cmp(&(b.ts_ns, &b.event_id, template(b_at)))
    });
    Ok(all)
}

/// The rows of `messages`, in their order.
pub(super) fn messages(source: &RowSource, groups: &[LoudRows]) -> Result<Keyed<MessageRow>, QueryError> {
    let mut parts: Vec<Keyed<MessageRow>> = Vec::new();
    let (mut n, mut newest_ns) = (0, i64::MIN);
    for some in groups.chunks(2 * rayon::current_num_threads()) {
        let columns = ["ts_ns", "effective_severity", "revision", "message"];
        let part = keyed(source, some, &columns, |cut, _| {
            let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
            let (sig, revision) = (Shared::new(cut.words("sig_id")?), Shared::new(cut.words("revision")?));
            let messages = cut.shared_texts("message")?;
            let row = |row: usize| {
                let message = messages.own(row).filter(|text| !text.is_empty() && effective[row] >= WARNING)?;
                Some(MessageRow { sig: sig.own(row), ts_ns: ts[row], revision: revision.get(row).cloned(), message })
            };
            Ok((0..cut.len()).map(row).collect())
        })?;
        // Rows come in the order of time: nothing later than the limit's own moment can stand before it.
        let enough = n >= MESSAGES && part.rows.first().is_none_or(|(_, row)| row.ts_ns > newest_ns);
        n += part.rows.len();
        newest_ns = part.rows.iter().map(|(_, row)| row.ts_ns).fold(newest_ns, i64::max);
        if enough {
            break;
        }
        parts.push(part);
    }
    Ok(in_order(joined(parts)))
}

/// The rows of `messages` in their order, as many as there may be.
pub(super) fn in_order(mut all: Keyed<MessageRow>) -> Keyed<MessageRow> {
    let clusters = &all.clusters;
    all.rows.par_sort_by(|(a_at, a), (b_at, b)| {
        let template = |at: &u32| &clusters[*at as usize].template_id;
        (a.ts_ns, template(a_at), &*a.message, a_at, &a.sig).cmp(&(b.ts_ns, template(b_at), &*b.message, b_at, &b.sig))
    });
    all.rows.truncate(MESSAGES);
    all
}

/// The traces and instances of louder clusters, in the order of groups; one may stand in several groups.
pub(super) fn traces(source: &RowSource, groups: &[LoudRows]) -> Result<Keyed<TraceRow>, QueryError> {
    let columns = ["ts_ns", "effective_severity", "kind", "http_latency_ns", "trace", "instance"];
    keyed(source, groups, &columns, |cut, of_row| {
        let (ts, effective, latency) =
            (cut.ints("ts_ns")?, cut.ints("effective_severity")?, cut.ints("http_latency_ns")?);
        let (kind, trace, instance) =
            (Shared::new(cut.words("kind")?), cut.texts("trace")?, Shared::new(cut.words("instance")?));
        let mut known: FxHashMap<(u32, &str, u32), usize> = FxHashMap::default();
        let mut out: Vec<Option<TraceRow>> = (0..cut.len()).map(|_| None).collect();
        for row in (0..cut.len()).filter(|row| effective[*row] >= WARNING) {
            let is_request = kind.get(row).is_some_and(|kind| &**kind == "request");
            let first_ns = told_ns(ts[row], is_request, latency[row]);
            let text = trace.get(row).unwrap_or("");
            let place = *known.entry((of_row[row], text, instance.codes[row])).or_insert(row);
            // The oldest row of a place stands for it.
            match &mut out[place] {
                Some(known) => known.first_ns = first_ns.min(known.first_ns),
                none => *none = Some(TraceRow { trace: text.to_owned(), instance: instance.own(row), first_ns }),
            }
        }
        Ok(out)
    })
}

/// The four columns of keys.
fn key_columns<T>(rows: &Keyed<T>) -> Vec<(&'static str, Data)> {
    let column = |of: fn(&ClusterRows) -> &String| {
        Data::Str(rows.rows.iter().map(|(at, _)| Some(of(&rows.clusters[*at as usize]).clone())).collect())
    };
    vec![
        ("template_id", column(|key| &key.template_id)),
        ("project", column(|key| &key.project)),
        ("service", column(|key| &key.service)),
        ("kind", column(|key| &key.kind)),
    ]
}

fn texts<T>(rows: &Keyed<T>, of: impl Fn(&T) -> Option<String>) -> Data {
    Data::Str(rows.rows.iter().map(|(_, row)| of(row)).collect())
}

fn ints<T>(rows: &Keyed<T>, of: impl Fn(&T) -> i64) -> Data {
    Data::I64(rows.rows.iter().map(|(_, row)| Some(of(row)).filter(|n| *n != NO_INT)).collect())
}

/// `starts` as SQL answers it.
pub(super) fn starts_table(rows: &Keyed<StartRow>) -> Table {
    let mut columns = key_columns(rows);
    columns.extend([
        ("instance", texts(rows, |row| Some(row.instance.to_string()))),
        ("ts_ns", ints(rows, |row| row.ts_ns)),
        ("event_id", texts(rows, |row| Some(row.event_id.clone()))),
        ("event_role", texts(rows, |row| Some(row.event_role.to_string()))),
        ("exception", texts(rows, |row| Some(row.exception.to_string()))),
        ("effective_severity", ints(rows, |row| row.effective)),
        ("message", texts(rows, |row| Some(row.message.clone()))),
    ]);
    Table::new(columns)
}

/// `messages` as SQL answers it.
pub(super) fn messages_table(rows: &Keyed<MessageRow>) -> Table {
    let mut columns = key_columns(rows);
    columns.extend([
        ("sig_id", texts(rows, |row| Some(row.sig.to_string()))),
        ("ts_ns", ints(rows, |row| row.ts_ns)),
        ("revision", texts(rows, |row| row.revision.as_deref().map(str::to_owned))),
        ("message", texts(rows, |row| Some((*row.message).to_owned()))),
    ]);
    Table::new(columns)
}

/// `cluster_traces` as SQL answers it.
pub(super) fn traces_table(rows: Keyed<TraceRow>) -> Table {
    let mut first: BTreeMap<(u32, String, Arc<str>), i64> = BTreeMap::new();
    for (at, TraceRow { trace, instance, first_ns }) in rows.rows {
        let known = first.entry((at, trace, instance)).or_insert(first_ns);
        *known = first_ns.min(*known);
    }
    let row = |((at, trace, instance), first_ns)| (at, TraceRow { trace, instance, first_ns });
    let rows = Keyed { clusters: rows.clusters, rows: first.into_iter().map(row).collect() };
    let mut columns = key_columns(&rows);
    columns.extend([
        ("trace", texts(&rows, |row| Some(row.trace.clone()))),
        ("instance", texts(&rows, |row| Some(row.instance.to_string()))),
        ("first_ns", ints(&rows, |row| row.first_ns)),
    ]);
    Table::new(columns)
}

/// `totals`.
pub(super) fn totals(rows: &[TotalRows]) -> Table {
    let text = |of: fn(&TotalRows) -> &String| Data::Str(rows.iter().map(|row| Some(of(row).clone())).collect());
    let int =
        |of: fn(&TotalRows) -> i64| Data::I64(rows.iter().map(|row| Some(of(row)).filter(|n| *n != NO_INT)).collect());
    Table::new(vec![
        ("project", text(|row| &row.project)),
        ("service", text(|row| &row.service)),
        ("kind", text(|row| &row.kind)),
        ("severity", int(|row| row.severity)),
        ("effective_severity", int(|row| row.effective)),
        ("n", int(|row| row.rows as i64)),
        ("first_ns", int(|row| row.first_ns)),
        ("last_ns", int(|row| row.last_ns)),
        ("without_payload", int(|row| row.without_payload as i64)),
    ])
}
