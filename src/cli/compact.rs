//! `gardener compact`: the parts of one day to its rows and sketches, or to one part.

use std::io::Write;

use super::args::CompactArgs;
use super::context::Context;
use super::ingest::memory_bytes;
use crate::store;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &CompactArgs) -> anyhow::Result<()> {
    let root = context.store_path(args.store.as_ref());
    let memory = memory_bytes(context);
    let receipt = if args.sort {
        store::sort_parts(&root, &args.day, &args.parts, memory)?
    } else {
        let alone = context.common.threads == Some(1);
        store::compact_parts(&root, &args.day, &args.parts, memory, alone)?
    };
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&receipt)?)?)
}
