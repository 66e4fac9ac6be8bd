//! `gardener results`: what the filing step did comes back.
//!
//! The rows are read against the list that they answer, and rendered from the report beside it: the store may have grown since.
//! The state is kept first; documents that people changed are a lesser harm than an issue that is filed twice.

use std::path::Path;

use super::answers::{self, Returned};
use super::args::ResultsArgs;
use super::context::Context;
use super::outputs::Outputs;
use super::{Stop, document, pages};
use crate::issue::v1::{ActionList, SCHEMA};
use crate::issue::{Results, merge_links, read_results};
use crate::render::{Filed, RenderOptions, Renderer};
use crate::report::v1;
use crate::store::update_links;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &ResultsArgs) -> anyhow::Result<()> {
    let renderer = Renderer::new(args.templates.as_deref())?;
    let file = &args.file;
    let shown = file.display();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let bytes = std::fs::read(file)
        .map_err(|error| Stop::Usage(format!("cannot read {shown}: {error}; apply.sh writes it")))?;
    let list = action_list(&folder.join("actions.json"))?;
    let report = report(&folder.join("report.json"))?;
    if report.run.run_id != list.run.run_id {
        return Err(Stop::Usage(format!(
            "{}: report.json is of {} and actions.json of {}: they must come from one run",
            folder.display(),
            pages::shown(&report.run.run_id),
            pages::shown(&list.run.run_id)
        ))
        .into());
    }
    let name = file.file_name().map_or_else(|| shown.to_string(), |name| name.to_string_lossy().into_owned());
    let results = read_results(&name, &bytes, &list)?;
    if results.read > 0 && results.rows.is_empty() {
        return Err(Stop::Usage(format!(
            "{shown}: none of its {} rows is about an action of {}: take it from the folder of its own run",
            results.read, list.run.run_id
        ))
        .into());
    }
    let links = update_links(&context.store_path(args.store.as_ref()), |links| merge_links(links, &list, &results))?;

    let notes = document::notes_of(folder)?;
    let filed = filed(&list, &results);
    let options = RenderOptions { filed: &filed, ..document::render_options(context, &report, notes.as_deref()) };
    let mut outputs = Outputs::default();
    let documents = renderer.documents(&report, &options)?;
    let names = documents.each_ref().map(|(name, _)| name.clone()).join(" ");
    for (name, text) in documents {
        outputs.add(name, text);
    }
    outputs.replace(folder, args.force)?;
    say(context, folder, &names, &filed, &results, links.len())
}

fn beside<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let needed = "results are read against the report.json and actions.json that their run wrote beside them";
    let bytes = std::fs::read(path)
        .map_err(|error| Stop::Usage(format!("cannot read {}: {error}; {needed}", path.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Stop::Usage(format!("{} cannot be read: {error}; {needed}", path.display())).into())
}

/// A report of a version that this program renders; the version is read first, because another one has other fields.
fn report(path: &Path) -> anyhow::Result<v1::Report> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema: String,
        schema_version: String,
    }
    let found: Version = beside(path)?;
    if found.schema != v1::SCHEMA || !found.schema_version.starts_with("1.") {
        let (schema, version) = (pages::shown(&found.schema), pages::shown(&found.schema_version));
        return Err(Stop::Usage(format!(
            "{} is {schema} {version}, not {} 1.x: make the document again with this version",
            path.display(),
            v1::SCHEMA
        ))
        .into());
    }
    beside(path)
}

/// An action list of a version that this program reads.
pub(super) fn action_list(path: &Path) -> anyhow::Result<ActionList> {
    let list: ActionList = beside(path)?;
    if list.schema != SCHEMA || !list.schema_version.starts_with("1.") {
        let (schema, version) = (pages::shown(&list.schema), pages::shown(&list.schema_version));
        return Err(Stop::Usage(format!("{} is {schema} {version}, not {SCHEMA} 1.x", path.display())).into());
    }
    Ok(list)
}

/// The rows for the documents, in the order of the list.
fn filed(list: &ActionList, results: &Results) -> Vec<Filed> {
    let row = |id: &String| results.rows.get(id);
    let rows = list.actions.iter().filter_map(|action| row(&action.id));
    rows.map(|row| Filed {
        action_id: row.action_id.clone(),
        status: row.status.as_str().to_owned(),
        number: row.number,
        url: row.url.clone(),
        comment_url: row.comment_url.clone(),
        at: Some(row.at.clone()),
        error: row.error.clone(),
    })
    .collect()
}

fn say(
    context: &Context,
    folder: &Path,
    names: &str,
    filed: &[Filed],
    results: &Results,
    links: usize,
) -> anyhow::Result<()> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for row in filed {
        *counts.entry(row.status.clone()).or_default() += 1;
    }
    if context.common.json {
        return answers::print(&Returned {
            out: folder.display().to_string(),
            rows: results.read,
            statuses: counts,
            strangers: results.strangers,
            links,
        });
    }
    let words: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {}", name.replace('_', " "))).collect();
    let words = if words.is_empty() { "no rows".to_owned() } else { words.join(", ") };
    context.say(&format!("{words}; the store knows {links} filed problems"))?;
    if results.strangers > 0 {
        context.say(&format!(
            "{} rows of other runs, about actions that this list does not hold, were left out",
            results.strangers
        ))?;
    }
    context.say(&format!("wrote {}: {names}", folder.display()))?;
    Ok(())
}
