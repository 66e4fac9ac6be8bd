//! `gardener config check`: whether a configuration is valid, and what each of its rules matches in a store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::answers::{self, Checked};
use super::args::{Common, ConfigAction, ConfigArgs};
use super::context::{BOLD, Context, DIM, RED};
use super::{Stop, pages};
use crate::analyze;
use crate::config::check::{CheckedCluster, Facts, RuleHits, UnknownKey, unknown_keys};
use crate::config::{Config, ConfigError, RuleSubject};
use crate::issue::cluster_ids;
use crate::query::{Engine, EngineOptions};
use crate::render::Masker;
use crate::report::identities;
use crate::store::Snapshot;

/// What reading the file said.
struct Read {
    path: PathBuf,
    config: Config,
    unknown: Vec<UnknownKey>,
    invalid: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(common: &Common, args: &ConfigArgs) -> anyhow::Result<()> {
    let ConfigAction::Check { store, limit } = &args.action;
    let given = common.config.clone();
    let Some(path) = given.or_else(|| Some(PathBuf::from("gardener.toml")).filter(|path| path.exists())) else {
        return Err(Stop::Usage("there is no gardener.toml here: name one with --config FILE".into()).into());
    };
    let read = read(&path)?;
    if read.invalid.is_some() {
        return refuse(common, &read);
    }
    let context = Context { common: common.clone(), config: read.config.clone(), config_path: Some(read.path.clone()) };
    let folder = context.store_path(store.as_ref());
    // A store is needed to count, not to check; but one that was named must be there.
    let hits =
        if store.is_some() || folder.join("manifest.json").exists() { Some(hits(&context, &folder)?) } else { None };
    if common.json {
        let rules = hits.as_deref().map(|hits| hits.iter().map(row).collect::<Vec<_>>());
        let configuration = read.path.display().to_string();
        return answers::print(&Checked { configuration, valid: true, rules, ..Checked::default() });
    }
    Ok(write!(anstream::stdout(), "{}", text(&read, hits.as_deref(), *limit))?)
}

fn row(hits: &RuleHits) -> serde_json::Value {
    let mut row = serde_json::to_value(hits).unwrap_or_default();
    row["idle"] = hits.is_idle().into();
    row
}

fn read(path: &Path) -> anyhow::Result<Read> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let unknown = unknown_keys(&text);
    let (config, invalid) = match Config::load(Some(path)) {
        Ok(config) => (config, None),
        Err(error) => (Config::default(), Some(error.to_string())),
    };
    Ok(Read { path: path.to_owned(), config, unknown, invalid })
}

fn refuse(common: &Common, read: &Read) -> anyhow::Result<()> {
    let name = read.path.display();
    let mut lines: Vec<String> = read
        .unknown
        .iter()
        .map(|key| {
            let meant = key.meant.as_ref().map_or_else(String::new, |meant| format!("; {meant} is known"));
            format!("line {}: unknown key {}{meant}", key.line, key.key)
        })
        .collect();
    if lines.is_empty() {
        lines.extend(read.invalid.clone());
    }
    if common.json {
        answers::print(&Checked {
            configuration: name.to_string(),
            unknown: read.unknown.clone(),
            problems: lines.clone(),
            ..Checked::default()
        })?;
    }
    let shown: Vec<String> = lines.iter().flat_map(|line| line.lines()).map(pages::shown).collect();
    Err(Stop::Usage(format!("configuration {name} is not valid:\n  {}", shown.join("\n  "))).into())
}

/// Holds the rules against everything stored.
fn hits(context: &Context, folder: &Path) -> anyhow::Result<Vec<RuleHits>> {
    let snapshot = Snapshot::open(folder)?;
    let Some(window) = snapshot.whole() else { return Ok(context.config.hits(&Facts::default())) };
    let templates = Context::templates(&snapshot, window.until_ns)?;
    let engine = Engine::open(&snapshot, &templates, window, EngineOptions::default())?;
    let clusters = analyze::clusters(&engine, &templates)?;
    let prints: Vec<_> = identities(&clusters.iter().collect::<Vec<_>>()).into_iter().map(|(print, _)| print).collect();
    let ids = cluster_ids(&prints);
    let checked = clusters.iter().zip(&ids).map(|(cluster, id)| {
        let http = cluster.http.as_ref();
        let subject = RuleSubject {
            service: &cluster.key.service,
            module: cluster.place().0.unwrap_or(""),
            route: http.map_or("", |http| http.route.as_str()),
            status: http.and_then(|http| http.status),
            exception: cluster.exception.as_deref().unwrap_or(""),
            template: &cluster.template,
        };
        CheckedCluster { id, subject, entries: cluster.entries, last_ns: cluster.last_ns }
    });
    let starts = engine.answer("starts")?;
    let fields = engine
        .sql("SELECT ts_source, CAST(COUNT(*) AS BIGINT) AS n FROM rows GROUP BY ts_source ORDER BY ts_source")?;
    let (names, counts) = (fields.str("ts_source")?, fields.i64("n")?);
    let time_fields =
        names.iter().zip(counts).filter_map(|(name, n)| Some((name.clone()?, u64::try_from((*n)?).ok()?)));
    let mut redacted: BTreeMap<String, u64> = BTreeMap::new();
    let mut set_aside = 0;
    for source in snapshot.sources() {
        set_aside += source.report.set_aside.by_rule;
        for (form, n) in source.report.redacted_by {
            *redacted.entry(form).or_default() += n;
        }
    }
    let facts = Facts {
        services: snapshot.services(),
        clusters: checked.collect(),
        time_fields: time_fields.collect(),
        set_aside,
        redacted,
        endings: starts.str("message")?.iter().flatten().map(String::as_str).collect(),
        as_of_ns: window.until_ns,
    };
    let mut hits = context.config.hits(&facts);
    // Names of services come from logs.
    let masker = Masker::new(hits.iter().flat_map(|rule| rule.matched.iter().map(String::as_str)));
    hits.iter_mut().flat_map(|rule| &mut rule.matched).for_each(|name| *name = masker.apply(name));
    Ok(hits)
}

fn text(read: &Read, hits: Option<&[RuleHits]>, limit: usize) -> String {
    let mut out = format!("{} is valid\n", pages::shown(&read.path.display().to_string()));
    let Some(hits) = hits else {
        out.push_str("no store to hold its rules against: name one with --store DIR\n");
        return out;
    };
    let mut table = "";
    for rule in hits {
        if rule.table != table {
            table = &rule.table;
            let _ = writeln!(out, "\n{BOLD}[[{table}]]{BOLD:#}");
        }
        let unit = match table {
            "exit" => "messages",
            "redaction" => "credentials",
            _ => "entries",
        };
        let n = match rule.entries {
            Some(0) => format!("{RED}matches nothing{RED:#}"),
            Some(n) => format!("{n} {unit}"),
            None => "not counted".into(),
        };
        let _ = writeln!(out, "{:>3}. {}: {n}", rule.number, pages::shown(&rule.name));
        if !rule.matched.is_empty() {
            let listed: Vec<String> = rule.matched.iter().take(limit).map(|name| pages::shown(name)).collect();
            let more = rule.matched.len() - listed.len();
            let more = if more > 0 { format!(" and {more} more (--limit)") } else { String::new() };
            let _ = writeln!(out, "     {DIM}{}{more}{DIM:#}", listed.join(", "));
        }
        for note in &rule.notes {
            let _ = writeln!(out, "     {DIM}{}{DIM:#}", pages::shown(note));
        }
    }
    let idle: Vec<String> =
        hits.iter().filter(|rule| rule.is_idle()).map(|rule| format!("[[{}]] {}", rule.table, rule.number)).collect();
    let expired = hits.iter().filter(|rule| rule.notes.iter().any(|note| note.starts_with("expired"))).count();
    let _ = writeln!(out, "\n{} rules, {} match nothing, {expired} mutes have expired", hits.len(), idle.len());
    if !idle.is_empty() {
        let _ = writeln!(out, "nothing: {}", idle.join(", "));
    }
    out
}
