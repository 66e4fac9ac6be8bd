//! `gardener store`: what other programs and careful people ask of a store.

use std::io::Write;

use super::args::{StoreAction, StoreArgs};
use super::context::Context;
use super::{Stop, pages};
use crate::store::Snapshot;
use crate::time::rfc3339_seconds;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &StoreArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let snapshot = Snapshot::open(&path)?;
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
        StoreAction::Stats => {
            let stats = snapshot.stats();
            if context.common.json {
                writeln!(out, "{}", serde_json::to_string_pretty(&stats)?)?;
            } else {
                let span = stats.first_ns.zip(stats.last_ns).map_or_else(
                    || "no entry".to_owned(),
                    |(first, last)| format!("{} to {}", rfc3339_seconds(first), rfc3339_seconds(last)),
                );
                writeln!(
                    out,
                    "{span}: {} days, {} rows, {} set aside, {} parts joined",
                    stats.days, stats.rows, stats.set_aside, stats.parts_joined
                )?;
                writeln!(
                    out,
                    "{} inputs, {} conflicts; {} live files, {} bytes",
                    stats.sources, stats.conflicts, stats.files, stats.bytes
                )?;
            }
        }
        StoreAction::Verify => {
            let defects = snapshot.verify()?;
            for defect in &defects {
                writeln!(out, "{}: {}", defect.path.display(), pages::shown(&defect.reason))?;
            }
            if !defects.is_empty() {
                return Err(Stop::Store(format!(
                    "{} of the store's files are damaged: ingest their inputs again into a new store",
                    defects.len()
                ))
                .into());
            }
            writeln!(out, "the store is sound")?;
        }
    }
    Ok(())
}
