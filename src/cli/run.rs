//! `gardener run`: dumps to worklog and action list in one go.

use super::args::RunArgs;
use super::context::Context;
use super::{ingest, report};

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &RunArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let (read, created) = ingest::ingest(context, &args.inputs, &path, &args.read)?;
    let total = &read.total;
    context.say(&format!(
        "read {} files: {} entries, {} malformed, {} repaired",
        total.files, total.entries, total.malformed, total.repaired
    ))?;
    context.say(&ingest::store_line(&path, created)?)?;
    ingest::verdict(context, &read)?;
    report::report(context, &path, args.out.as_deref(), &args.window, &args.report)
}
