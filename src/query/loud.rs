//! The questions that look at rows one by one, answered for the rows that the walk over all of them has found already.
//!
//! `starts`, `messages` and `cluster_traces` ask for rows of WARNING and above and for the platform's own; only these are
//! fetched, with the columns that the question names. The tables are those that the files of `queries/` answer.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::facts::{LoudRows, TotalRows};
use super::rows::RowSource;
use super::table::{Data, Table};
use super::{ClusterRows, QueryError};
use crate::store::{Cut, NO_INT, NO_WORD, StoreError, Words};

/// Rows of `messages` at most, as in its file.
const MESSAGES: usize = 200_000;
/// WARNING.
const WARNING: i64 = 400;

/// What makes the cluster of a row.
const KEY: [&str; 4] = ["sig_id", "project", "service", "kind"];

/// Keys of the rows of a cut.
struct Keys<'a> {
    source: &'a RowSource,
    templates: Vec<Option<u32>>,
    words: [Words; 4],
}

fn word(words: &Words, row: usize) -> &str {
    match words.codes[row] {
        NO_WORD => "",
        code => &words.words[code as usize],
    }
}

impl<'a> Keys<'a> {
    fn new(source: &'a RowSource, cut: &Cut) -> Result<Self, StoreError> {
        let [sig, project, service, kind] = KEY;
        let words = [cut.words(sig)?, cut.words(project)?, cut.words(service)?, cut.words(kind)?];
        let templates =
            words[0].words.iter().map(|hex| hex.parse().ok().and_then(|sig| source.templates.of(sig))).collect();
        Ok(Self { source, templates, words })
    }

    fn of(&self, row: usize) -> ClusterRows {
        let code = self.words[0].codes[row];
        let template = if code == NO_WORD { None } else { self.templates[code as usize] };
        ClusterRows {
            template_id: template.map_or_else(String::new, |at| self.source.templates.ids[at as usize].clone()),
            project: word(&self.words[1], row).to_owned(),
            service: word(&self.words[2], row).to_owned(),
            kind: word(&self.words[3], row).to_owned(),
        }
    }
}

/// The four columns of keys.
fn columns_of(keys: impl Iterator<Item = ClusterRows>) -> Vec<(&'static str, Data)> {
    let mut columns: [Vec<Option<String>>; 4] = Default::default();
    for ClusterRows { template_id, project, service, kind } in keys {
        for (column, text) in columns.iter_mut().zip([template_id, project, service, kind]) {
            column.push(Some(text));
        }
    }
    ["template_id", "project", "service", "kind"].into_iter().zip(columns.map(Data::Str)).collect()
}

/// Reads columns of the rows of each group, beside their keys, and hands each row to `each`.
fn rows<T: Send>(
    source: &RowSource,
    groups: &[LoudRows],
    columns: &[&str],
    read: impl Fn(&Cut, &Keys<'_>) -> Result<Vec<T>, StoreError> + Sync,
) -> Result<Vec<T>, QueryError> {
    let names: Vec<&str> = KEY.into_iter().chain(columns.iter().copied()).collect();
    let of = |(group, rows): &LoudRows| {
        let cut = group.read(&names, Some(rows))?;
        read(&cut, &Keys::new(source, &cut)?)
    };
    let found: Vec<Vec<T>> = groups.par_iter().map(of).collect::<Result<_, StoreError>>()?;
    Ok(found.into_iter().flatten().collect())
}

struct Start {
    key: ClusterRows,
    instance: String,
    ts_ns: i64,
    event_id: String,
    event_role: String,
    exception: String,
    effective: i64,
    message: Option<String>,
}

/// `starts`.
pub(super) fn starts(source: &RowSource, groups: &[LoudRows]) -> Result<Table, QueryError> {
    let columns = ["instance", "ts_ns", "event_id", "event_role", "exception", "effective_severity", "message"];
    let mut all = rows(source, groups, &columns, |cut, keys| {
        let (instance, role, exception) = (cut.words("instance")?, cut.words("event_role")?, cut.words("exception")?);
        let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
        let (event, message) = (cut.texts("event_id")?, cut.texts("message")?);
        let start = |row: usize| Start {
            key: keys.of(row),
            instance: word(&instance, row).to_owned(),
            ts_ns: ts[row],
            event_id: event.get(row).unwrap_or("").to_owned(),
            event_role: word(&role, row).to_owned(),
            exception: word(&exception, row).to_owned(),
            effective: effective[row],
            message: message.get(row).map(str::to_owned),
        };
        Ok((0..cut.len()).map(start).collect())
    })?;
    all.sort_by(|a, b| (a.ts_ns, &a.event_id, &a.key.template_id).cmp(&(b.ts_ns, &b.event_id, &b.key.template_id)));
    let mut texts: [Vec<Option<String>>; 5] = Default::default();
    let (mut ts, mut effective, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for row in all {
        let own = [Some(row.instance), Some(row.event_id), Some(row.event_role), Some(row.exception), row.message];
        texts.iter_mut().zip(own).for_each(|(column, text)| column.push(text));
        ts.push(Some(row.ts_ns));
        effective.push(Some(row.effective).filter(|n| *n != NO_INT));
        keys.push(row.key);
    }
    let [instance, event, role, exception, message] = texts.map(Data::Str);
    let mut columns = columns_of(keys.into_iter());
    columns.extend([
        ("instance", instance),
        ("ts_ns", Data::I64(ts)),
        ("event_id", event),
        ("event_role", role),
        ("exception", exception),
        ("effective_severity", Data::I64(effective)),
        ("message", message),
    ]);
    Ok(Table::new(columns))
}

struct Message {
    key: ClusterRows,
    sig: String,
    ts_ns: i64,
    message: String,
    revision: Option<String>,
}

/// `messages`.
pub(super) fn messages(source: &RowSource, groups: &[LoudRows]) -> Result<Table, QueryError> {
    let mut all: Vec<Message> = Vec::new();
    for some in groups.chunks(2 * rayon::current_num_threads()) {
        all.extend(rows(source, some, &["ts_ns", "effective_severity", "message", "revision"], |cut, keys| {
            let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
            let (messages, revision) = (cut.texts("message")?, cut.words("revision")?);
            let is_asked =
                |row: &usize| effective[*row] >= WARNING && messages.get(*row).is_some_and(|text| !text.is_empty());
            let message = |row: usize| Message {
                key: keys.of(row),
                sig: word(&keys.words[0], row).to_owned(),
                ts_ns: ts[row],
                message: messages.get(row).unwrap_or("").to_owned(),
                revision: Some(word(&revision, row).to_owned()).filter(|name| !name.is_empty()),
            };
            Ok((0..cut.len()).filter(is_asked).map(message).collect())
        })?);
        // Rows come in the order of time: nothing later can stand before the limit.
        if all.len() > MESSAGES && all[MESSAGES - 1].ts_ns < all[all.len() - 1].ts_ns {
            break;
        }
    }
    all.sort_by(|a, b| {
        (a.ts_ns, &a.key.template_id, &a.message, &a.key, &a.sig, &a.revision).cmp(&(
            b.ts_ns,
            &b.key.template_id,
            &b.message,
            &b.key,
            &b.sig,
            &b.revision,
        ))
    });
    all.truncate(MESSAGES);
    let (mut sigs, mut ts, mut texts, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut revisions = Vec::new();
    for row in all {
        revisions.push(row.revision);
        sigs.push(Some(row.sig));
        ts.push(Some(row.ts_ns));
        texts.push(Some(row.message));
        keys.push(row.key);
    }
    let mut columns = columns_of(keys.into_iter());
    columns.extend([
        ("sig_id", Data::Str(sigs)),
        ("ts_ns", Data::I64(ts)),
        ("revision", Data::Str(revisions)),
        ("message", Data::Str(texts)),
    ]);
    Ok(Table::new(columns))
}

/// `cluster_traces`.
pub(super) fn traces(source: &RowSource, groups: &[LoudRows]) -> Result<Table, QueryError> {
    let found = rows(source, groups, &["ts_ns", "effective_severity", "trace", "instance"], |cut, keys| {
        let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
        let (trace, instance) = (cut.texts("trace")?, cut.words("instance")?);
        let mut first: BTreeMap<(ClusterRows, &str, &str), i64> = BTreeMap::new();
        for row in (0..cut.len()).filter(|row| effective[*row] >= WARNING) {
            let place = (keys.of(row), trace.get(row).unwrap_or(""), word(&instance, row));
            let known = first.entry(place).or_insert(ts[row]);
            *known = ts[row].min(*known);
        }
        let own = |((key, trace, instance), ts_ns): ((ClusterRows, &str, &str), i64)| {
            ((key, trace.to_owned(), instance.to_owned()), ts_ns)
        };
        Ok(first.into_iter().map(own).collect())
    })?;
    let mut first: BTreeMap<(ClusterRows, String, String), i64> = BTreeMap::new();
    for (place, ts_ns) in found {
        let known = first.entry(place).or_insert(ts_ns);
        *known = ts_ns.min(*known);
    }
    let (mut traces, mut instances, mut times, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((key, trace, instance), ts_ns) in first {
        keys.push(key);
        traces.push(Some(trace));
        instances.push(Some(instance));
        times.push(Some(ts_ns));
    }
    let mut columns = columns_of(keys.into_iter());
    columns.extend([("trace", Data::Str(traces)), ("instance", Data::Str(instances)), ("first_ns", Data::I64(times))]);
    Ok(Table::new(columns))
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
