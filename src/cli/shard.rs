//! `gardener shard`: dumps to sorted parts by day.
//!
//! Whatever could change on a second try (a file that is not there, or is still written to) is an error, so that the task is
//! run again. What would be the same for ever, such as a file that cannot be decoded, is told in the receipt.

use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Stop;
use super::args::ShardArgs;
use super::context::Context;
use super::ingest::{memory_bytes, options, raw, unread};
use crate::input::{self, InputError, Outlet, Source};
use crate::record::ingest::FileReport;
use crate::store::{Shard, ShardOptions, StoreError};

/// For tests only: names a file; who first finds it missing while a part is half written makes it,
/// writes its process id into it, and waits to be killed.
const PAUSE: &str = "GARDENER_TEST_PAUSE_IN_SHARD";

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &ShardArgs) -> anyhow::Result<()> {
    let root = context.store_path(args.store.as_ref());
    let input::Expanded { mut sources, missing } = input::expand(&args.inputs)?;
    if let Some((_, error)) = missing.into_iter().next() {
        return Err(error.into());
    }
    if let Some(base) = &args.base {
        for source in &mut sources {
            source.name = name_below(base, &source.path)?;
        }
    }
    let mut reading = options(context, &args.read)?;
    let how = format!("{:?}", (&context.config, args.read.text, args.read.no_redact));
    let written = || pause();
    let shard =
        ShardOptions { raw: raw(&args.read), memory_bytes: memory_bytes(context), reading: how, written: &written };
    let shard = Shard::begin(&root, shard)?;
    reading.spool = Some(shard.scratch().to_owned());
    let unread_files = read(&sources, &reading, &shard)?;
    let receipt = shard.finish(&unread_files)?;
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&receipt)?)?)
}

/// A file's name as `ingest BASE` would give it.
fn name_below(base: &Path, path: &Path) -> anyhow::Result<String> {
    let outside = || Stop::Usage(format!("{} does not lie in --base {}", path.display(), base.display()));
    let below = path.strip_prefix(base).map_err(|_| outside())?;
    Ok(below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// Reads files into a shard; answers those that can never be read.
fn read(sources: &[Source], options: &input::ReadOptions, shard: &Shard<'_>) -> anyhow::Result<Vec<FileReport>> {
    let failed: Mutex<Option<anyhow::Error>> = Mutex::new(None);
    let fail = |error: anyhow::Error| {
        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    };
    let unread_now: Mutex<Vec<FileReport>> = Mutex::default();
    let outlet = Outlet {
        known: &|id| shard.knows(id),
        make: &|id, _| shard.collector(id),
        emit: &|part| {
            if let Err(error) = shard.take(part) {
                fail(<StoreError as Into<anyhow::Error>>::into(error));
            }
        },
        done: &|_| {},
        progress: &|_| {},
    };
    input::read_all(sources, options, outlet, &|source, outcome| match outcome {
        Ok(read) => shard.finish_file(read),
        Err(error @ (InputError::Undecodable { .. } | InputError::Sidecar { .. })) => {
            let report = unread(source.name.clone(), &error);
            unread_now.lock().unwrap_or_else(PoisonError::into_inner).push(report);
        }
        Err(error) => fail(error.into()),
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(unread_now.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn pause() {
    let Some(mark) = std::env::var_os(PAUSE) else { return };
    if let Ok(mut file) = std::fs::OpenOptions::new().write(true).create_new(true).open(mark) {
        let _ = writeln!(file, "{}", std::process::id());
        std::thread::sleep(std::time::Duration::from_mins(10));
    }
}
