//! `gardener store`: what other programs and careful people ask of a store.

use std::io::Write;
use std::path::Path;

use super::answers::{self, DamagedFile, StoreAnswer};
use super::args::{StoreAction, StoreArgs};
use super::context::Context;
use super::{Stop, pages};
use crate::store::{Defect, Snapshot, Stats, Store};
use crate::time::{self, DAY_NS, rfc3339_seconds};

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &StoreArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    // Those that remove files hold no snapshot: they would wait for themselves.
    match &args.action {
        StoreAction::Tidy { dry_run } => return tidy(context, &path, *dry_run),
        StoreAction::Prune { before, dry_run } => return prune(context, &path, before, *dry_run),
        _ => {}
    }
    let snapshot = Snapshot::open(&path)?;
    if context.common.json {
        return answer(&snapshot, &args.action);
    }
    let mut out = std::io::stdout().lock();
    match &args.action {
        StoreAction::Files { duckdb: false } => {
            for file in snapshot.files(None) {
                writeln!(out, "{}", file.display())?;
            }
        }
        StoreAction::Files { duckdb: true } => {
            let files: Vec<String> = snapshot
                .files(None)
                .iter()
                .map(|file| format!("  '{}'", file.display().to_string().replace('\'', "''")))
                .collect();
            writeln!(out, "CREATE OR REPLACE VIEW rows AS SELECT * FROM read_parquet([\n{}\n]);", files.join(",\n"))?;
        }
        StoreAction::Digest => writeln!(out, "{}", snapshot.digest())?,
        StoreAction::Stats => write!(out, "{}", figures(&snapshot.stats()))?,
        StoreAction::Verify => {
            let defects = snapshot.verify()?;
            for defect in &defects {
                writeln!(out, "{}: {}", defect.path.display(), pages::shown(&defect.reason))?;
            }
            sound(&defects)?;
            writeln!(out, "the store is sound")?;
        }
        StoreAction::Tidy { .. } | StoreAction::Prune { .. } => {}
    }
    Ok(())
}

/// What the verbs that only read say to programs.
fn answer(snapshot: &Snapshot, action: &StoreAction) -> anyhow::Result<()> {
    match action {
        StoreAction::Files { .. } => {
            let files = snapshot.files(None).iter().map(|file| file.display().to_string()).collect();
            answers::print(&StoreAnswer::Files { files })
        }
        StoreAction::Digest => answers::print(&StoreAnswer::Digest { digest: snapshot.digest() }),
        StoreAction::Verify => {
            let defects = snapshot.verify()?;
            let damaged = defects
                .iter()
                .map(|defect| DamagedFile { path: defect.path.display().to_string(), reason: defect.reason.clone() });
            answers::print(&StoreAnswer::Verified { sound: defects.is_empty(), defects: damaged.collect() })?;
            sound(&defects)
        }
        StoreAction::Stats | StoreAction::Tidy { .. } | StoreAction::Prune { .. } => {
            answers::print(&StoreAnswer::Stats(snapshot.stats()))
        }
    }
}

fn sound(defects: &[Defect]) -> anyhow::Result<()> {
    if defects.is_empty() {
        return Ok(());
    }
    let n = defects.len();
    Err(Stop::Store(format!("{n} of the store's files are damaged: ingest their inputs again into a new store")).into())
}

/// Figures for people.
fn figures(stats: &Stats) -> String {
    let span = stats.first_ns.zip(stats.last_ns).map_or_else(
        || "no entry".to_owned(),
        |(first, last)| format!("{} to {}", rfc3339_seconds(first), rfc3339_seconds(last)),
    );
    let mut text = format!(
        "{span}: {} days, {} rows, {} set aside, {} parts joined\n{} inputs, {} conflicts; {} live files, {} bytes\n",
        stats.days,
        stats.rows,
        stats.set_aside,
        stats.parts_joined,
        stats.sources,
        stats.conflicts,
        stats.files,
        stats.bytes
    );
    if let Some(day) = &stats.pruned_before {
        text.push_str(&format!("days before {day} were pruned, with {} rows\n", stats.pruned_rows));
    }
    text
}

fn tidy(context: &Context, path: &Path, dry_run: bool) -> anyhow::Result<()> {
    let tidied = Store::open(path)?.tidy(dry_run)?;
    let mut out = std::io::stdout();
    if context.common.json {
        answers::print(&StoreAnswer::Tidied { tidied, dry_run })?;
    } else if !context.common.quiet {
        let verb = if dry_run { "would remove" } else { "removed" };
        writeln!(out, "{verb} {} files, {} bytes, that the manifest does not name", tidied.files, tidied.bytes)?;
    }
    Ok(())
}

fn prune(context: &Context, path: &Path, before: &str, dry_run: bool) -> anyhow::Result<()> {
    let is_whole = |day: &i64| day.checked_mul(DAY_NS).is_some() && time::day_name(*day) == before;
    let day = time::day_from_name(before).filter(is_whole).ok_or_else(|| {
        Stop::Usage(format!("--before {before:?} is no date: whole UTC days are pruned, write one such as 2025-09-15"))
    })?;
    let mut store = Store::open(path)?;
    // Opened and closed here: a snapshot that is still held would keep the files on disk.
    let newest = store.snapshot()?.span().map(|(_, last_ns)| time::day_of(last_ns));
    if let Some(newest) = newest.filter(|newest| day > newest + 1) {
        return Err(Stop::Usage(format!(
            "--before {before} lies after everything stored and would keep later days out as well: the newest entry is \
             of {}, so {} is the last date that can be given",
            time::day_name(newest),
            time::day_name(newest + 1)
        ))
        .into());
    }
    let pruned = store.prune(day, dry_run)?;
    let mut out = std::io::stdout();
    if context.common.json {
        answers::print(&StoreAnswer::Pruned { pruned, dry_run })?;
    } else if !context.common.quiet {
        match (pruned.days.keys().next(), pruned.days.keys().next_back()) {
            (Some(first), Some(last)) => writeln!(
                out,
                "{} {} days, {first} to {last}: {} rows, {} files, {} bytes",
                if dry_run { "would drop" } else { "dropped" },
                pruned.days.len(),
                pruned.rows,
                pruned.files,
                pruned.bytes
            )?,
            _ => writeln!(out, "no stored day lies before {before}: nothing is dropped")?,
        }
    }
    Ok(())
}
