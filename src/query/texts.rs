//! What a report asks of the texts of louder rows, in one walk over them: messages that hold values, and starts that ended.
//!
//! Texts are the dearest column, so they are decoded once. Of the rows of a start a report needs no text, only whether there
//! is one and whether it ends the start: they are codes and numbers, of which millions fit. The same rows with their texts are
//! what `starts` answers.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::facts::{Interner, LoudRows};
use super::loud::{KEY, Keyed, MESSAGES, MessageRow, Shared, WARNING, clusters, in_order, joined};
use super::rows::RowSource;
use super::turn::in_turn;
use super::{ClusterRows, QueryError};
use crate::store::{NO_WORD, StoreError, Words};

/// By whose word a message ends a start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It ends none.
    #[default]
    None,
    /// A runtime's last words.
    Runtime,
    /// The platform's.
    Platform,
}

/// A row of `starts` without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRow {
    /// Instance by number; `None` where it is unknown.
    pub instance: Option<u32>,
    /// Its time, nanoseconds.
    pub ts_ns: i64,
    /// Its event: the number that its name writes.
    pub event: u64,
    /// The first row of its event.
    pub is_head: bool,
    /// It names an exception.
    pub has_exception: bool,
    /// It has a message.
    pub has_text: bool,
    /// Effective severity, Google's number.
    pub effective: i64,
    /// Whether it ends a start.
    pub exit: Exit,
}

/// What the walk leaves.
#[derive(Debug)]
pub(super) struct Texts {
    /// The rows of `messages`.
    pub(super) messages: Keyed<MessageRow>,
    /// The rows of `starts` on instances on which some start ended, by time, event and cluster.
    pub(super) ended: Keyed<EndedRow>,
}

/// Reads one message for a start.
pub type ExitOf<'a> = dyn Fn(&str) -> Exit + Sync + 'a;

/// A row by what it is and says; the cluster and the instance by number.
#[derive(Debug, Clone, Copy)]
struct Told {
    cluster: u32,
    instance: u32,
    ts_ns: i64,
    effective: i64,
    has_text: bool,
    exit: Exit,
}

/// The rows of one group.
#[derive(Debug)]
struct Part {
    clusters: Vec<ClusterRows>,
    instances: Vec<String>,
    told: Vec<Told>,
    messages: Vec<(u32, MessageRow)>,
}

fn part(source: &RowSource, (group, rows): &LoudRows, exit_of: &ExitOf<'_>, keep: bool) -> Result<Part, StoreError> {
    let mut names: Vec<&str> = KEY.to_vec();
    names.extend(["ts_ns", "effective_severity", "revision", "instance", "message"]);
    let cut = group.read(&names, Some(rows))?;
    let (clusters, of_row) = clusters(source, &cut)?;
    let (ts, effective) = (cut.ints("ts_ns")?, cut.ints("effective_severity")?);
    let (sig, revision) = (Shared::new(cut.words("sig_id")?), Shared::new(cut.words("revision")?));
    let Words { codes, words: instances } = cut.words("instance")?;
    let texts = cut.shared_texts("message")?;
    let mut told = Vec::with_capacity(cut.len());
    let mut messages = Vec::new();
    for row in 0..cut.len() {
        let text = texts.get(row).unwrap_or("");
        let (ts_ns, effective, cluster) = (ts[row], effective[row], of_row[row]);
        let (has_text, exit) = (!text.is_empty(), exit_of(text));
        told.push(Told { cluster, instance: codes[row], ts_ns, effective, has_text, exit });
        if keep && has_text && effective >= WARNING {
            let (sig, revision) = (sig.own(row), revision.get(row).cloned());
            messages.extend(texts.own(row).map(|message| (cluster, MessageRow { sig, ts_ns, revision, message })));
        }
    }
    Ok(Part { clusters, instances, told, messages })
}

/// Groups put together so far.
#[derive(Default)]
struct Whole {
    words: Interner,
    messages: Vec<Keyed<MessageRow>>,
    /// Clusters of a group, and its rows with instances by the number that they have in all groups.
    all: Vec<(Vec<ClusterRows>, Vec<Told>)>,
    /// Project, service, instance.
    ended: FxHashSet<(u32, u32, u32)>,
    /// Messages so far, and the time of the newest.
    n: usize,
    newest_ns: Option<i64>,
    /// There are as many messages as are read.
    full: bool,
}

impl Whole {
    fn add(&mut self, part: Part) {
        // Rows come in the order of time: nothing later than the limit's own moment can stand before it.
        let first_ns = part.messages.first().map(|(_, row)| row.ts_ns);
        self.full |= self.n >= MESSAGES && first_ns.is_some_and(|first_ns| Some(first_ns) > self.newest_ns);
        let Part { clusters, instances, mut told, messages: rows } = part;
        if !self.full {
            self.n += rows.len();
            self.newest_ns = rows.iter().map(|(_, row)| row.ts_ns).max().max(self.newest_ns);
            self.messages.push(Keyed { clusters: clusters.clone(), rows });
        }
        let words = &mut self.words;
        let instances: Vec<u32> =
            instances.into_iter().map(|name| if name.is_empty() { NO_WORD } else { words.of(name) }).collect();
        let services = services(words, &clusters);
        for row in &mut told {
            row.instance = if row.instance == NO_WORD { NO_WORD } else { instances[row.instance as usize] };
            if row.exit != Exit::None {
                let (project, service) = services[row.cluster as usize];
                self.ended.insert((project, service, row.instance));
            }
        }
        self.all.push((clusters, told));
    }
}

/// Reads the texts of the rows of a walk.
pub(super) fn texts(source: &RowSource, groups: &[LoudRows], exit_of: &ExitOf<'_>) -> Result<Texts, QueryError> {
    let mut whole = Whole::default();
    // What is kept although there are enough is not added.
    let enough = AtomicBool::new(false);
    let read = |rows: &LoudRows| part(source, rows, exit_of, !enough.load(Ordering::Relaxed));
    in_turn(groups, read, |part| {
        whole.add(part);
        enough.store(whole.full, Ordering::Relaxed);
    })?;
    let Whole { words, messages, all, ended, .. } = whole;
    let (messages, ended) = rayon::join(|| in_order(joined(messages)), || rows_on(groups, all, words, &ended));
    Ok(Texts { messages, ended: ended? })
}

/// Of a group, project and service of each cluster by number, the clusters, and the rows.
type Numbered<'a> = (&'a LoudRows, Vec<(u32, u32)>, Vec<ClusterRows>, Vec<Told>);

/// Of the rows of groups, those on instances that ended.
fn rows_on(
    groups: &[LoudRows],
    all: Vec<(Vec<ClusterRows>, Vec<Told>)>,
    mut words: Interner,
    ended: &FxHashSet<(u32, u32, u32)>,
) -> Result<Keyed<EndedRow>, StoreError> {
    let parts: Vec<Numbered<'_>> = groups
        .iter()
        .zip(all)
        .map(|(group, (clusters, told))| (group, services(&mut words, &clusters), clusters, told))
        .collect();
    let of = |(group, services, clusters, mut told): Numbered<'_>| {
        let is_ended = |row: &Told| {
            let (project, service) = services[row.cluster as usize];
            ended.contains(&(project, service, row.instance))
        };
        let rows: Vec<u32> = group.1.iter().zip(&told).filter(|(_, row)| is_ended(row)).map(|(at, _)| *at).collect();
        told.retain(is_ended);
        if rows.is_empty() { None } else { Some(named(group, clusters, &told, &rows)) }
    };
    let named: Vec<Keyed<EndedRow>> = parts.into_par_iter().filter_map(of).collect::<Result<_, StoreError>>()?;
    let mut rows = joined(named);
    rows.rows.par_sort_by_key(|(cluster, row)| (row.ts_ns, row.event, *cluster));
    Ok(rows)
}

/// Project and service of each cluster, by number.
fn services(words: &mut Interner, clusters: &[ClusterRows]) -> Vec<(u32, u32)> {
    clusters.iter().map(|key| (words.of(key.project.clone()), words.of(key.service.clone()))).collect()
}

/// The rows with their events.
fn named(
    (group, _): &LoudRows,
    clusters: Vec<ClusterRows>,
    told: &[Told],
    rows: &[u32],
) -> Result<Keyed<EndedRow>, StoreError> {
    let cut = group.read(&["event_id", "event_role", "exception"], Some(rows))?;
    let (events, roles, exceptions) = (cut.texts("event_id")?, cut.words("event_role")?, cut.words("exception")?);
    let is = |words: &Words, row: usize, wanted: &dyn Fn(&str) -> bool| {
        words.codes[row] != NO_WORD && wanted(&words.words[words.codes[row] as usize])
    };
    let of = |(row, told): (usize, &Told)| {
        let ended = EndedRow {
            instance: Some(told.instance).filter(|code| *code != NO_WORD),
            ts_ns: told.ts_ns,
            event: events.get(row).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(u64::MAX),
            is_head: is(&roles, row, &|role| role == "head"),
            has_exception: is(&exceptions, row, &|exception| !exception.is_empty()),
            has_text: told.has_text,
            effective: told.effective,
            exit: told.exit,
        };
        (told.cluster, ended)
    };
    Ok(Keyed { clusters, rows: told.iter().enumerate().map(of).collect() })
}
