//! `gardener templates`: the mined templates with their counts; the counts add up to the rows of the window.

use std::fmt::Write as _;
use std::io::Write;

use super::args::{Format, TemplatesArgs};
use super::context::{Context, nothing_stored};
use super::pages::shown;
use super::query::print;
use crate::query::{Engine, EngineOptions, Table};
use crate::record::Severity;
use crate::store::Snapshot;
use crate::time;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &TemplatesArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let snapshot = Snapshot::open(&path)?;
    let asked = context.window(&args.window, &snapshot, None)?.ok_or_else(|| nothing_stored(&path))?;
    let templates = Context::templates(&snapshot, asked.as_of_ns)?;
    let engine = Engine::open(&snapshot, &templates, asked.window, EngineOptions { services: &asked.services })?;
    let table = engine.answer("template_counts")?;
    let format = if context.common.json { Format::Json } else { args.format };
    let text = if format == Format::Table { list(&table)? } else { print(&table, format) };
    write!(anstream::stdout(), "{text}")?;
    if format == Format::Table {
        let rows: i64 = table.i64("entries")?.iter().flatten().sum();
        context.say(&format!("{} templates, {rows} rows", table.len()))?;
    }
    Ok(())
}

/// One line a template: how often, how bad, since when and until when, and the template in full, because two that differ at
/// their ends must not read alike.
fn list(table: &Table) -> anyhow::Result<String> {
    let (ids, texts, forms) = (table.str("template_id")?, table.str("template")?, table.str("form")?);
    let (entries, severities) = (table.i64("entries")?, table.i64("severity")?);
    let (firsts, lasts) = (table.i64("first_ns")?, table.i64("last_ns")?);
    let mut out = format!(
        "{:<16}  {:>9}  {:<9}  {:<20}  {:<20}  {:<9}  template\n",
        "template_id", "entries", "severity", "first", "last", "form"
    );
    let moment = |ns: Option<i64>| ns.map(time::rfc3339_seconds).unwrap_or_default();
    for row in 0..table.len() {
        let severity = severities[row].and_then(Severity::from_number).map_or("", Severity::as_str);
        let text = texts[row].as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "{:<16}  {:>9}  {severity:<9}  {:<20}  {:<20}  {:<9}  {}",
            ids[row].as_deref().unwrap_or_default(),
            entries[row].unwrap_or(0),
            moment(firsts[row]),
            moment(lasts[row]),
            forms[row].as_deref().unwrap_or_default(),
            shown(text),
        );
    }
    Ok(out)
}
