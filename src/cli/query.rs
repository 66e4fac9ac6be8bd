//! `gardener query`: one of the project's queries, or the user's own, over a window of the store.

use std::io::Write;
use std::path::Path;

use super::Stop;
use super::answers::{self, NamedQuery};
use super::args::{Format, QueryArgs};
use super::context::{Context, nothing_stored};
use crate::query::{Engine, EngineOptions, NAMED, Table, named, tables_text};
use crate::store::Snapshot;

/// Rows of a table on the terminal; `csv` and `json` print all of them.
const ROWS_SHOWN: usize = 200;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &QueryArgs) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if args.tables {
        return Ok(write!(out, "{}", tables_text())?);
    }
    if args.query.is_none() && args.export.is_none() {
        if context.common.json {
            let named = NAMED.iter().map(|(name, text)| NamedQuery { name, question: question(text) });
            return answers::print(&named.collect::<Vec<_>>());
        }
        for (name, text) in NAMED {
            writeln!(out, "{name:<20} {}", question(text))?;
        }
        return Ok(());
    }
    let path = context.store_path(args.store.as_ref());
    let snapshot = Snapshot::open(&path)?;
    let asked = context.window(&args.window, &snapshot, None)?.ok_or_else(|| nothing_stored(&path));
    let (window, as_of_ns) = match asked {
        Ok(asked) => (asked.window, asked.as_of_ns),
        // An empty store answers with empty tables.
        Err(_) => (crate::time::Window { since_ns: 0, until_ns: 1 }, 1),
    };
    let templates = Context::templates(&snapshot, as_of_ns)?;
    let engine = Engine::open(&snapshot, &templates, window, EngineOptions { services: &args.window.service })?;
    if let Some(folder) = &args.export {
        for file in engine.export(folder, !args.without_rows)? {
            writeln!(out, "{}", file.display())?;
        }
    }
    if let Some(query) = &args.query {
        write!(
            out,
            "{}",
            print(&engine.sql(&text_of(query)?)?, if context.common.json { Format::Json } else { args.format })
        )?;
    }
    Ok(())
}

/// A table in the format asked for.
pub(crate) fn print(table: &Table, format: Format) -> String {
    match format {
        Format::Table => table.to_text_table(ROWS_SHOWN),
        Format::Csv => table.to_csv(),
        Format::Json => table.to_json_rows(),
    }
}

fn text_of(query: &str) -> anyhow::Result<String> {
    if Path::new(query).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
        && Path::new(query).exists()
    {
        return Ok(std::fs::read_to_string(query)?);
    }
    named(query).map(str::to_owned).ok_or_else(|| {
        let names = NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        Stop::Usage(format!("no query {query:?}: give a .sql file, or one of {names}")).into()
    })
}

/// The question at the head of a query.
pub(crate) fn question(text: &str) -> String {
    text.lines().next().and_then(|line| line.strip_prefix("--")).unwrap_or("").trim().to_owned()
}
