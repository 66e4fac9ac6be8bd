//! Whose files lie in an output folder: what one verb wrote, another neither removes nor replaces unasked.
//!
//! The documents of a window share the names `report.json`, `notes.md` and `actions.json`, so only one of them can stand in a
//! folder: in the place of a worklog, a weekly would leave its plan without the report that `results` reads it against. A
//! comparison shares no name with them and stands beside any.

use std::collections::BTreeSet;
use std::path::Path;

use super::Stop;

/// Documents that share a report, by the name of their files.
const DOCUMENTS: [&str; 3] = ["worklog", "weekly", "postmortem"];
const PLAN: &str = "actions.json";

/// Whether two files are of verbs that share a report, or both of those that do not.
pub(super) fn is_same(name: &str, names: &BTreeSet<&str>) -> bool {
    let compares = |name: &str| name.starts_with("compare.");
    compares(name) == names.iter().any(|own| compares(own))
}

/// Refuses to write `names` where another document, or a plan that these have no successor of, lies by an earlier run's memory.
pub(super) fn check<'a>(
    folder: &Path,
    names: &BTreeSet<&str>,
    earlier: impl Iterator<Item = &'a String>,
) -> anyhow::Result<()> {
    let document = |names: &dyn Fn(&str) -> bool| DOCUMENTS.into_iter().find(|name| names(&format!("{name}.md")));
    let Some(own) = document(&|name| names.contains(name)) else { return Ok(()) };
    let there: BTreeSet<&str> = earlier.map(String::as_str).filter(|name| folder.join(name).exists()).collect();
    let other = document(&|name| there.contains(name) && !names.contains(name));
    let plan = there.contains(PLAN) && !names.contains(PLAN);
    let what = match (other, plan) {
        (None, false) => return Ok(()),
        (None, true) => format!("a plan ({PLAN})"),
        (Some(other), _) if there.contains(PLAN) => format!("a {other} ({other}.md) and its plan ({PLAN})"),
        (Some(other), _) => format!("a {other} ({other}.md)"),
    };
    let keep = if other.is_none() { "make a new plan with --actions, " } else { "" };
    Err(Stop::Usage(format!(
        "{} holds {what}, which this {own} would take the place of: {keep}choose another --out, or replace them with --force",
        folder.display()
    ))
    .into())
}
