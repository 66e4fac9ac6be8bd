//! `gardener templates`: the mined templates with their counts; the counts add up to the rows of the window.

use std::io::Write;

use super::args::{Format, TemplatesArgs};
use super::context::{Context, nothing_stored};
use super::query::print;
use crate::query::{Engine, EngineOptions};
use crate::store::Snapshot;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &TemplatesArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let snapshot = Snapshot::open(&path)?;
    let asked = context.window(&args.window, &snapshot, None)?.ok_or_else(|| nothing_stored(&path))?;
    let templates = Context::templates(&snapshot, asked.as_of_ns)?;
    let engine = Engine::open(&snapshot, &templates, asked.window, EngineOptions { services: &asked.services })?;
    let table = engine.answer("template_counts")?;
    let format = if context.common.json { Format::Json } else { args.format };
    write!(std::io::stdout(), "{}", print(&table, format))?;
    if format == Format::Table {
        let rows: i64 = table.i64("entries")?.iter().flatten().sum();
        context.say(&format!("{} templates, {rows} rows", table.len()))?;
    }
    Ok(())
}
