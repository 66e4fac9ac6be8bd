//! `gardener run`: dumps to worklog and action list in one go.

use super::args::RunArgs;
use super::context::Context;
use super::document::{self, Document, Task};
use super::ingest;
use crate::record::ingest::{FileReport, Strays};
use crate::time::{self, Window};

/// Files that could not be read which are named.
const UNREAD_SHOWN: usize = 10;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &RunArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let (read, created) = ingest::ingest(context, &args.inputs, &path, &args.read)?;
    let total = &read.total;
    context.say(&format!(
        "read {} files: {} entries, {} malformed, {} repaired",
        total.files, total.entries, total.malformed, total.repaired
    ))?;
    // No ledger of the store has them, and so no document.
    let mut unread = 0;
    for file in read.files.iter().filter(ingest::is_unread) {
        unread += 1;
        if unread <= UNREAD_SHOWN {
            Context::warn(&format!("not read: {}", super::pages::shown(&file.skipped.unwrap_or_default())))?;
        }
    }
    if unread > UNREAD_SHOWN {
        Context::warn(&format!("not read: {} more: gardener ingest --json lists them", unread - UNREAD_SHOWN))?;
    }
    if !ingest::nothing_read(&read) {
        context.say(&ingest::store_line(&path, created)?)?;
    }
    let verdict = ingest::verdict(context, &read);
    if verdict.is_err() {
        // Bad entries end no run, but the person who asked for strictness sees them.
        Context::warn(ingest::text(&read).trim_end())?;
    }
    if ingest::nothing_read(&read) {
        return verdict;
    }
    let task = Task::new(Document::Worklog, &path, &args.window, &args.report);
    let task = Task { out: args.out.as_deref(), inputs: covered(&read), ..task };
    document::write(context, &task, &document::plain)?;
    verdict
}

/// From the oldest to the newest entry of the inputs, strays aside.
fn covered(read: &ingest::Report) -> Option<Window> {
    let at = |text: &Option<String>| text.as_deref().and_then(time::parse).map(|parsed| parsed.ns);
    let others = |file: &FileReport| file.strays.as_ref().and_then(Strays::others);
    let ends = read.files.iter().filter_map(|file| others(&file).or_else(|| Some((at(&file.first)?, at(&file.last)?))));
    let (first, last) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    Window::new(first, last + 1).ok()
}
