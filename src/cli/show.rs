//! `gardener show`: the entries themselves around a cluster's first entry, of a trace, or around a moment.
//!
//! A finding says what is wrong; what stands next to it, in every service, often says why. Values of people are masked as
//! in documents, and what is left out is counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Map, Value};

use super::answers::{self, LeftOut, Shown};
use super::args::{Same, ShowArgs, ShowFormat};
use super::context::{Asked, Context, DIM, nothing_stored};
use super::{Stop, listing};
use crate::analyze::{self, Cluster, ClusterKey};
use crate::issue::cluster_ids;
use crate::mine::TemplateSet;
use crate::query::{Engine, EngineOptions, EntryFilter, Table};
use crate::render::mask;
use crate::report::fingerprints;
use crate::store::Snapshot;
use crate::time::{self, SECOND_NS, Window};

/// Before and after a moment, when `--around` is not given.
const AROUND_NS: i64 = 30 * SECOND_NS;

/// Entries among which the one that was asked for is looked for; it stands at the moment itself.
const NEAR: usize = 1_000;

/// What is shown.
struct Subject {
    /// In words: `first entry of Ca55408f3`.
    words: String,
    /// The moment that the others are measured from.
    at_ns: i64,
    window: Window,
    /// Entries that must match to be shown at all.
    filter: EntryFilter,
    /// Entries marked as what was asked for.
    marked: Marked,
    title: Option<String>,
}

/// What was asked for, among what stands beside it.
enum Marked {
    Cluster(ClusterKey),
    Trace(String),
    InsertId(String),
    Nothing,
}

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &ShowArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let snapshot = Snapshot::open(&path)?;
    let asked = context.window(&args.window, &snapshot, None)?.ok_or_else(|| nothing_stored(&path))?;
    let templates = Context::templates(&snapshot, asked.as_of_ns)?;
    let place = Place { snapshot: &snapshot, templates: &templates, asked: &asked };
    let mut subject = place.find(args)?;
    place.narrow(&mut subject, &args.same)?;
    let engine = place.engine(subject.window)?;
    let found = engine.entries(&subject.filter, subject.at_ns, args.limit)?;
    let ids = ids(&analyze::clusters(&engine, &templates)?);
    let files: BTreeMap<String, String> =
        snapshot.sources().into_iter().map(|source| (source.content_id, source.report.path)).collect();
    let rows = rows(&found.rows, &subject, &ids, &files)?;
    let mut all = serde_json::to_value(Shown {
        what: subject.words.clone(),
        template: subject.title.clone(),
        at: time::rfc3339(subject.at_ns),
        since: time::rfc3339(subject.window.since_ns),
        until: time::rfc3339(subject.window.until_ns),
        left_out: LeftOut { earlier: found.earlier, later: found.later },
        entries: rows,
    })?;
    mask::mask_value(&mut all);
    if context.common.json {
        return answers::print(&all);
    }
    match args.format {
        ShowFormat::Ndjson => {
            let mut out = std::io::stdout().lock();
            for row in all["entries"].as_array().into_iter().flatten() {
                writeln!(out, "{row}")?;
            }
            if found.earlier + found.later > 0 && !context.common.quiet {
                Context::warn(&left_out_words(found.earlier, found.later))?;
            }
        }
        ShowFormat::Text => {
            let mut text = listing::head(&all, &asked.zone, subject.window);
            text.push_str(&listing::body(&all, &asked.zone, args.lines));
            if found.rows.is_empty() {
                text.push_str(&place.nearest(&subject)?);
            }
            if found.earlier + found.later > 0 {
                let _ = writeln!(text, "\n{DIM}{}{DIM:#}", left_out_words(found.earlier, found.later));
            }
            write!(anstream::stdout(), "{text}")?;
        }
    }
    Ok(())
}

fn left_out_words(earlier: u64, later: u64) -> String {
    format!("left out: {earlier} earlier and {later} later entries; --limit shows more, --around and --same fewer")
}

/// Ids of clusters by what makes them.
fn ids(clusters: &[Cluster]) -> BTreeMap<ClusterKey, String> {
    let prints = fingerprints(&clusters.iter().collect::<Vec<_>>());
    clusters.iter().map(|cluster| cluster.key.clone()).zip(cluster_ids(&prints)).collect()
}

/// Where things are looked for.
struct Place<'a> {
    snapshot: &'a Snapshot,
    templates: &'a TemplateSet,
    asked: &'a Asked,
}

impl Place<'_> {
    fn engine(&self, window: Window) -> anyhow::Result<Engine> {
        let options = EngineOptions { services: &self.asked.services };
        Ok(Engine::open(self.snapshot, self.templates, window, options)?)
    }

    /// What the argument names: a cluster, a moment, a trace, or the id of an entry.
    fn find(&self, args: &ShowArgs) -> anyhow::Result<Subject> {
        let around_ns = args.around.as_deref().map(time::parse_span).transpose()?;
        let what = args.what.trim();
        if let Some(wanted) = cluster_id(what) {
            return self.cluster(&wanted, around_ns.unwrap_or(AROUND_NS));
        }
        if let Ok(at_ns) = time::parse_user(what, &self.asked.zone) {
            return Ok(Subject {
                words: "the moment".into(),
                at_ns,
                window: beside(at_ns, at_ns, around_ns.unwrap_or(AROUND_NS))?,
                filter: EntryFilter::default(),
                marked: Marked::Nothing,
                title: None,
            });
        }
        let engine = self.engine(self.asked.window)?;
        let id = what.rsplit_once("traces/").map_or(what, |(_, id)| id);
        let trace = EntryFilter { trace: Some(id.to_owned()), ..EntryFilter::default() };
        if let Some((_, first, last)) = engine.extent(&trace)? {
            // Without a span only the trace itself is shown: it is the request, from first to last.
            let filter = if around_ns.is_some() { EntryFilter::default() } else { trace };
            return Ok(Subject {
                words: format!("trace {id}"),
                at_ns: first,
                window: beside(first, last, around_ns.unwrap_or(0))?,
                filter,
                marked: Marked::Trace(id.to_owned()),
                title: None,
            });
        }
        let entry = EntryFilter { insert_id: Some(what.to_owned()), ..EntryFilter::default() };
        if let Some((_, first, last)) = engine.extent(&entry)? {
            return Ok(Subject {
                words: format!("entry {what}"),
                at_ns: first,
                window: beside(first, last, around_ns.unwrap_or(AROUND_NS))?,
                filter: EntryFilter::default(),
                marked: Marked::InsertId(what.to_owned()),
                title: None,
            });
        }
        Err(Stop::Usage(format!(
            "{what:?} is no cluster or family (Ca55408f3, F…), no time (2025-09-15T17:00:00Z), and neither a trace nor an \
             insertId of this window: `gardener templates` lists what there is, --since and --until choose another window"
        ))
        .into())
    }

    fn cluster(&self, wanted: &str, around_ns: i64) -> anyhow::Result<Subject> {
        let clusters = analyze::clusters(&self.engine(self.asked.window)?, self.templates)?;
        let prints = fingerprints(&clusters.iter().collect::<Vec<_>>());
        let named: Vec<(String, &Cluster)> = cluster_ids(&prints)
            .into_iter()
            .zip(&prints)
            .zip(&clusters)
            .filter(|((id, print), _)| id.starts_with(wanted) || print.as_str().starts_with(wanted))
            .map(|((id, _), cluster)| (id, cluster))
            .collect();
        match named.as_slice() {
            [(id, cluster)] => Ok(Subject {
                words: format!("the first entry of {id}"),
                at_ns: cluster.first_ns,
                window: beside(cluster.first_ns, cluster.first_ns, around_ns)?,
                filter: EntryFilter::default(),
                marked: Marked::Cluster(cluster.key.clone()),
                title: Some(cluster.template.clone()),
            }),
            [] => Err(Stop::Usage(format!(
                "no cluster {wanted} in this window: `gardener templates` lists what there is, --since and --until choose \
                 another window"
            ))
            .into()),
            many => {
                let names = many.iter().take(5).map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
                Err(Stop::Usage(format!("{wanted} begins {} ids: {names}", many.len())).into())
            }
        }
    }

    /// Applies `--same`: what the entry that was asked for has, the others must have.
    fn narrow(&self, subject: &mut Subject, same: &[Same]) -> anyhow::Result<()> {
        if same.is_empty() {
            return Ok(());
        }
        let engine = self.engine(subject.window)?;
        // The moment itself has no instance; the first entry from it on stands for it.
        let near = engine.entries(&subject.filter, subject.at_ns, NEAR)?.rows;
        let (ts, keys) = (near.i64("ts_ns")?, keys(&near)?);
        let own = |row: &usize| subject.marked.holds(&near, *row, &keys[*row]);
        let from = (0..near.len()).find(|row| ts[*row].unwrap_or(0) >= subject.at_ns);
        let Some(row) = (0..near.len()).find(own).or(from).or(near.len().checked_sub(1)) else { return Ok(()) };
        for field in same {
            let name = field.column();
            let value = near.str(name)?[row].clone().ok_or_else(|| {
                Stop::Usage(format!("--same {name}: the entry at {} has none", time::rfc3339(ts[row].unwrap_or(0))))
            })?;
            match field {
                Same::Trace => subject.filter.trace = Some(value),
                Same::Instance => subject.filter.instance = Some(value),
                Same::Service => subject.filter.service = Some(value),
            }
        }
        Ok(())
    }

    /// Where there is something to see, when there is nothing here.
    fn nearest(&self, subject: &Subject) -> anyhow::Result<String> {
        let (first, last) = (self.asked.window.since_ns, self.asked.window.until_ns);
        let ends = [
            ("before", Window::new(first, subject.at_ns.clamp(first, last))),
            ("after", Window::new(subject.at_ns.clamp(first, last), last)),
        ];
        let mut found = Vec::new();
        for (side, window) in ends.into_iter().filter_map(|(side, window)| Some((side, window.ok()?))) {
            if let Some((_, first, last)) = self.engine(window)?.extent(&subject.filter)? {
                let at = if side == "before" { last } else { first };
                found.push(format!("the next one {side} is at {}", time::rfc3339(at)));
            }
        }
        Ok(format!("no entry here{}{}\n", if found.is_empty() { "" } else { "; " }, found.join(", ")))
    }
}

/// A cluster's id or fingerprint, or the beginning of one; a family has the digits of its root.
pub(crate) fn cluster_id(what: &str) -> Option<String> {
    if what.starts_with("lgfp1:") {
        return Some(what.to_owned());
    }
    let hex = what.strip_prefix(['C', 'F'])?;
    let is_id = (1..=16).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_id.then(|| format!("C{hex}"))
}

fn beside(first_ns: i64, last_ns: i64, around_ns: i64) -> anyhow::Result<Window> {
    Ok(Window::new(first_ns.saturating_sub(around_ns), last_ns.saturating_add(around_ns).saturating_add(1))?)
}

impl Marked {
    fn holds(&self, table: &Table, row: usize, key: &ClusterKey) -> bool {
        let is = |name: &str, value: &str| {
            table.str(name).is_ok_and(|column| column[row].as_deref().is_some_and(|text| text == value))
        };
        match self {
            Self::Cluster(own) => own == key,
            Self::Trace(id) => is("trace", id),
            Self::InsertId(id) => is("insert_id", id),
            Self::Nothing => false,
        }
    }
}

fn keys(table: &Table) -> anyhow::Result<Vec<ClusterKey>> {
    let text = |name| table.str(name);
    let (ids, projects, services, kinds) = (text("template_id")?, text("project")?, text("service")?, text("kind")?);
    let of = |column: &[Option<String>], row: usize| column[row].clone().unwrap_or_default();
    Ok((0..table.len())
        .map(|row| ClusterKey {
            template_id: of(ids, row),
            project: of(projects, row),
            service: of(services, row),
            kind: of(kinds, row),
        })
        .collect())
}

/// Entries as programs read them; what an entry does not have is absent.
fn rows(
    table: &Table,
    subject: &Subject,
    ids: &BTreeMap<ClusterKey, String>,
    files: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Map<String, Value>>> {
    const TEXTS: [&str; 18] = [
        "service",
        "message",
        "project",
        "kind",
        "revision",
        "instance",
        "trace",
        "span",
        "module",
        "function",
        "exception",
        "http_method",
        "http_host",
        "http_route",
        "insert_id",
        "event_id",
        "event_role",
        "template_id",
    ];
    let (ts, keys) = (table.i64("ts_ns")?, keys(table)?);
    (0..table.len())
        .map(|row| {
            let mut entry = Map::new();
            let ns = ts[row].unwrap_or(0);
            let text = |name: &str| Ok::<_, anyhow::Error>(table.str(name)?[row].clone());
            let number = |name: &str| Ok::<_, anyhow::Error>(table.i64(name)?[row]);
            entry.insert("ts".into(), time::rfc3339(ns).into());
            entry.insert("after_s".into(), ((ns - subject.at_ns) as f64 / SECOND_NS as f64).into());
            entry.insert("asked_for".into(), subject.marked.holds(table, row, &keys[row]).into());
            entry.insert("cluster".into(), ids.get(&keys[row]).cloned().into());
            entry.insert("severity".into(), text("severity_name")?.into());
            entry.insert("effective_severity".into(), text("effective_severity_name")?.into());
            for name in TEXTS {
                entry.insert(name.into(), text(name)?.into());
            }
            for name in ["line", "http_status", "http_latency_ns", "byte_offset"] {
                entry.insert(name.into(), number(name)?.into());
            }
            let file = text("file")?.unwrap_or_default();
            entry.insert("file".into(), files.get(&file).cloned().unwrap_or(file).into());
            entry.retain(|_, value| !value.is_null());
            Ok(entry)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_clusters_and_families_are_told_from_times_and_traces() {
        assert_eq!(cluster_id("Ca55408f3").as_deref(), Some("Ca55408f3"));
        assert_eq!(cluster_id("Fa55").as_deref(), Some("Ca55"));
        assert_eq!(cluster_id("lgfp1:0b").as_deref(), Some("lgfp1:0b"));
        for other in ["2025-09-15", "a55408f3", "Cargo", "C", "CA55408F3", "F0123456789abcdef0"] {
            assert_eq!(cluster_id(other), None, "{other}");
        }
    }
}
