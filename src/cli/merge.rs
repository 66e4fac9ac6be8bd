//! `gardener merge`: sketches to one, and at the end to the store's manifest.

use std::io::Write;

use super::args::MergeArgs;
use super::context::Context;
use crate::store;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &MergeArgs) -> anyhow::Result<()> {
    let root = context.store_path(args.store.as_ref());
    let receipt = store::merge_sketches(&root, &args.sketches, args.publish)?;
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&receipt)?)?)
}
