//! `gardener compare`: a good run against a bad one.
//!
//! Dumps are read into a store of their own that goes away afterwards; stores are only read. Templates are mined from both
//! sides together, so that no message differs only because one side saw fewer of its kind.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{CompareArgs, ReadArgs};
use super::context::{Asked, Context};
use super::outputs::Outputs;
use super::{Stop, ingest, report};
use crate::analyze;
use crate::compare::{Comparison, Side, compare};
use crate::mine::{TemplateSet, templates};
use crate::query::{Engine, EngineOptions, Table};
use crate::render::{comparison, mask};
use crate::store::Snapshot;

/// One opened input.
struct Input {
    name: String,
    snapshot: Snapshot,
    revision: Option<String>,
    // Holds the folder of a store that was made for this comparison.
    _scratch: Option<tempfile::TempDir>,
}

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &CompareArgs) -> anyhow::Result<()> {
    let inputs = [open(context, &args.a)?, open(context, &args.b)?];
    let mut table = inputs[0].snapshot.signature_table(None)?;
    table.merge(inputs[1].snapshot.signature_table(None)?);
    let templates = templates(&table);
    let [a, b] = [side(&inputs[0], &templates, args)?, side(&inputs[1], &templates, args)?];
    let mut value = serde_json::to_value(compare(&a, &b))?;
    mask::mask_value(&mut value);
    let all: Comparison = serde_json::from_value(value)?;
    let json = format!("{}\n", serde_json::to_string_pretty(&all)?);
    if let Some(folder) = &args.out {
        let mut outputs = Outputs::default();
        outputs.add("compare.md", comparison::comparison_markdown(&all, args.limit));
        outputs.add("compare.json", json.clone());
        outputs.write(folder, args.force)?;
    }
    if context.common.json {
        return Ok(write!(std::io::stdout(), "{json}")?);
    }
    if !context.common.quiet {
        write!(anstream::stdout(), "{}", comparison::comparison_text(&all, args.limit))?;
        if let Some(folder) = &args.out {
            writeln!(anstream::stdout(), "\nwrote {}: compare.md compare.json", folder.display())?;
        }
    }
    Ok(())
}

/// A store, a revision of one, or dumps.
fn open(context: &Context, argument: &str) -> anyhow::Result<Input> {
    let is_store = |path: &str| Path::new(path).join("manifest.json").exists();
    let kept = |name: &str, path: &str, revision| {
        let snapshot = Snapshot::open(Path::new(path))?;
        Ok(Input { name: last(name), snapshot, revision, _scratch: None })
    };
    if is_store(argument) {
        return kept(argument, argument, None);
    }
    if let Some((path, revision)) = argument.rsplit_once('@').filter(|_| !Path::new(argument).exists()) {
        if !is_store(path) {
            return Err(Stop::Usage(format!("{path} is no store: STORE@REVISION names a revision of a store")).into());
        }
        return kept(argument, path, Some(revision.to_owned()));
    }
    let scratch = tempfile::Builder::new().prefix("gardener-compare-").tempdir()?;
    let path: PathBuf = scratch.path().join("store");
    let (told, _) = ingest::ingest(context, &[argument.to_owned()], &path, &ReadArgs::default())?;
    if ingest::nothing_read(&told) {
        ingest::verdict(context, &told)?;
    }
    Ok(Input { name: last(argument), snapshot: Snapshot::open(&path)?, revision: None, _scratch: Some(scratch) })
}

/// The last part of a path: documents are passed on, and folders of one machine mean nothing elsewhere.
fn last(argument: &str) -> String {
    argument.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(argument).to_owned()
}

fn side(input: &Input, templates: &TemplateSet, args: &CompareArgs) -> anyhow::Result<Side> {
    let mut side = Side { name: input.name.clone(), ..Side::default() };
    let Some(window) = input.snapshot.whole() else { return Ok(side) };
    let options = EngineOptions { services: &args.service };
    let mut engine = Engine::open(&input.snapshot, templates, window, options)?;
    if let Some(revision) = &input.revision {
        let all = engine;
        engine = Engine::open(&input.snapshot, templates, window, options)?.of_revision(revision);
        if ask(&engine, "activity")?.is_empty() {
            let known = revisions(&all)?;
            return Err(Stop::Usage(format!("no row of revision {revision:?}; there are {known}")).into());
        }
    } else {
        let asked = Asked {
            window,
            as_of_ns: window.until_ns,
            zone: jiff::tz::TimeZone::UTC,
            zone_name: "UTC".into(),
            services: args.service.clone(),
            words: String::new(),
            explicit: true,
        };
        side.coverage = Some(report::coverage_of(&input.snapshot, &asked));
    }
    side.activity = analyze::activity(&engine)?;
    side.clusters = analyze::clusters(&engine, templates)?;
    side.values = analyze::values(&engine, templates)?;
    side.fields = analyze::fields(&engine, &side.clusters)?;
    Ok(side)
}

fn ask(engine: &Engine, name: &str) -> anyhow::Result<Table> {
    Ok(engine.answer(name)?)
}

/// Names of the revisions with most rows, at most eight.
pub(super) fn revisions(engine: &Engine) -> anyhow::Result<String> {
    let table = engine.sql(
        "SELECT revision, CAST(COUNT(*) AS BIGINT) AS n FROM rows WHERE revision IS NOT NULL GROUP BY revision \
         ORDER BY n DESC, revision ASC LIMIT 8",
    )?;
    Ok(table.str("revision")?.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", "))
}
