//! From a window of the store to the files of one document: make, plan, render, write, say.
//!
//! The way is the same for the worklog, the weekly retrospective and the postmortem. What a document holds beyond the report
//! of its window is a section of its own, filled in by its verb before personal data is masked.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::answers::{self, Written};
use super::args::{ReportArgs, WindowArgs};
use super::changes;
use super::context::{Asked, Context, Known, RED};
use super::outputs::Outputs;
use super::report::{Made, Stated, make};
use super::{Stop, filing, pages, planning};
use crate::analyze::{Analysis, Before, Coverage, Parameter};
use crate::issue::v1::ActionList;
use crate::issue::{ExportState, Policy};
use crate::mine::TemplateSet;
use crate::query::Engine;
use crate::render::{self, RenderOptions, Renderer};
use crate::report::{level, v1};
use crate::store::Snapshot;
use crate::time::{self, Window};

/// Which document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    Worklog,
    Weekly,
    Postmortem,
}

impl Document {
    /// The name of its files, and its word in `report.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Worklog => "worklog",
            Self::Weekly => "weekly",
            Self::Postmortem => "postmortem",
        }
    }
}

/// What a verb asks for.
pub(crate) struct Task<'a> {
    pub(crate) document: Document,
    pub(crate) store: &'a Path,
    /// Folder to write into, if one was given.
    pub(crate) out: Option<&'a Path>,
    pub(crate) window: &'a WindowArgs,
    pub(crate) args: &'a ReportArgs,
    /// What the inputs of this call cover.
    pub(crate) inputs: Option<Window>,
    /// Actions are planned, and written beside the document.
    pub(crate) actions: bool,
    /// What was asked for, in words, where the flags of the window do not say it.
    pub(crate) words: Option<String>,
}

impl<'a> Task<'a> {
    /// A worklog over everything, with actions; the verbs change what differs.
    pub(crate) fn new(document: Document, store: &'a Path, window: &'a WindowArgs, args: &'a ReportArgs) -> Self {
        Self { document, store, out: None, window, args, inputs: None, actions: true, words: None }
    }
}

/// What the section of a document is made of: the window's analysis, and the store around it.
pub(crate) struct Ground<'a> {
    pub(crate) context: &'a Context,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) templates: &'a TemplateSet,
    /// Over the window.
    pub(crate) engine: &'a Engine,
    pub(crate) analysis: &'a Analysis,
    /// Places of the clusters that the report tells.
    pub(crate) told: &'a [usize],
    /// Per cluster of the analysis.
    pub(crate) parameters: &'a [Vec<Parameter>],
    pub(crate) before: &'a Before,
    pub(crate) coverage: &'a Coverage,
    pub(crate) asked: &'a Asked,
    pub(crate) exports: &'a [ExportState],
    pub(crate) known: &'a Known,
    pub(crate) stated: &'a [Stated],
}

/// Fills in the section of a document.
pub(crate) type Fill<'a> = dyn Fn(&Ground<'_>, &mut v1::Report) -> anyhow::Result<()> + 'a;

/// Nothing is filled in.
#[allow(clippy::unnecessary_wraps, reason = "it has the form of the functions that fill something in")]
pub(crate) fn plain(_: &Ground<'_>, _: &mut v1::Report) -> anyhow::Result<()> {
    Ok(())
}

/// Analyzes a window and writes its document.
pub(crate) fn write(context: &Context, task: &Task<'_>, fill: &Fill<'_>) -> anyhow::Result<()> {
    let args = task.args;
    if let Some(least) = args.require_coverage.filter(|least| !(0.0..=1.0).contains(least)) {
        return Err(Stop::Usage(format!("--require-coverage {least} is no share: write a number from 0 to 1")).into());
    }
    let renderer = Renderer::new(args.templates.as_deref())?;
    if let Some(word) = &args.fail_on {
        check_priority(word)?;
    }
    let made = make(context, task, fill)?;
    let mut outputs = Outputs::default();
    let (mut report, window, list) = if task.actions {
        let (report, window, list) = planned(context, &renderer, args, made, &mut outputs)?;
        (report, window, Some(list))
    } else {
        let Made { mut report, asked, exports, .. } = made;
        filing::add_actions(&mut report, &[], &exports);
        (report, asked.window, None)
    };
    if !report.run.examples {
        // The folder is to be shared: what no document quotes is not in its report either.
        report.clusters.iter_mut().for_each(|cluster| cluster.example = None);
    }
    let folder = task.out.map_or_else(|| default_out(task.document, &report, window), Path::to_owned);
    let notes = notes_of(&folder)?;
    let options = render_options(context, &report, notes.as_deref());
    let name = task.document.name();
    let mut further = vec![format!("{name}.md"), format!("{name}.html"), "report.json".to_owned()];
    further.extend(list.as_ref().map(|_| "actions.json".to_owned()));
    outputs.write_with(&folder, args.force, &further, |sink| {
        let documents = || -> anyhow::Result<()> {
            for (name, text) in renderer.documents(&report, &options)? {
                sink.put(name, text);
            }
            Ok(())
        };
        let report = || -> anyhow::Result<()> {
            sink.put("report.json", json_of(&report)?);
            Ok(())
        };
        let list = || -> anyhow::Result<()> {
            if let Some(list) = &list {
                sink.put("actions.json", json_of(list)?);
            }
            Ok(())
        };
        let (documents, (report, list)) = rayon::join(documents, || rayon::join(report, list));
        documents.and(report).and(list)
    })?;
    if notes.is_none() {
        // Another run may have made them since, and somebody have written into them.
        match std::fs::File::create_new(folder.join("notes.md")) {
            Ok(mut file) => file.write_all(render::notes_skeleton(&report).as_bytes())?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    let finished = finish(context, task, &report, &folder);
    // Nothing follows: the end of the process gives it back at once.
    std::mem::forget((report, list));
    finished
}

fn json_of<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

/// The report with its actions, and their list; the other files of them are added.
fn planned(
    context: &Context,
    renderer: &Renderer,
    args: &ReportArgs,
    made: Made,
    outputs: &mut Outputs,
) -> anyhow::Result<(v1::Report, Window, ActionList)> {
    let policy = Policy { tracker: planning::tracker(args.tracker), ..planning::policy(&context.config) };
    let raw: Vec<_> = made.exports.iter().map(|state| state.export.clone()).collect();
    let index = planning::index(&raw, &policy, &made.known);
    let ranked = &made.analysis.clusters;
    let mut findings = planning::findings(&made.report, ranked, &made.before, &made.coverage, &context.config);
    let last = crate::issue::last_actions(&findings, &index, &made.exports, &policy);
    changes::fill(&made, &index, &context.config, &last, &mut findings)?;
    let Made { mut report, asked, exports, analysis, before, .. } = made;
    let facts = planning::run_facts(&report, &asked);
    let mut planned = crate::issue::plan(&findings, &index, &exports, &policy, &facts);
    planning::since_closing(&mut planned, &report, &analysis.clusters);
    // As large as the report, and needed no more: the end of the process gives it back at once.
    std::mem::forget((analysis, before));
    filing::add_actions(&mut report, &planned, &exports);
    let list = filing::actions(renderer, &report, &planned, &exports, &policy, &asked, outputs)?;
    std::mem::forget((findings, planned));
    Ok((report, asked.window, list))
}

/// What people wrote beside a report. It is read as it is, whatever its encoding, and never written again.
pub(super) fn notes_of(folder: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read(folder.join("notes.md")) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(anyhow::Error::new(error).context(format!("cannot read {}/notes.md", folder.display()))),
    }
}

/// How the documents of a report are rendered, the first time and again.
pub(super) fn render_options<'a>(context: &Context, report: &v1::Report, notes: Option<&'a str>) -> RenderOptions<'a> {
    let limits = &context.config.limits;
    RenderOptions {
        examples: report.run.examples,
        clusters: limits.clusters,
        quiet: limits.quiet_clusters,
        times: limits.times,
        timeline: limits.timeline,
        actions: limits.actions,
        sources: limits.sources,
        services: limits.services,
        notes,
        ..RenderOptions::default()
    }
}

fn finish(context: &Context, task: &Task<'_>, report: &v1::Report, folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    let (document, args) = (task.document.name(), task.args);
    let listed = report.postmortem.as_ref().and_then(|section| section.rose.first().or(section.fell.first()));
    let first = match &report.postmortem {
        // Of what fell, `explain` knows only what the report lists.
        Some(_) => listed.map(|change| &change.cluster).filter(|id| report.clusters.iter().any(|own| own.id == **id)),
        None => report.summary.findings.first().map(|row| &row.cluster),
    };
    let commands: Vec<String> = [
        Some(format!("open {shown}/{document}.html")),
        first.map(|id| format!("gardener explain {id}{}", flags(context, task.store, task.window, args))),
        Some(format!("less {shown}/{}", if task.actions { "review.md" } else { "notes.md" })),
    ]
    .into_iter()
    .flatten()
    .collect();
    if context.common.json {
        answers::print(&Written::new(report, folder, context.config.limits.clusters))?;
    } else if !context.common.quiet {
        let mut said = String::new();
        for line in render::terminal_summary_with(report, &commands).lines() {
            said += &if line.starts_with("P0 ") || line.starts_with("P1 ") {
                format!("{}{}{}{}\n", RED.render(), &line[..2], RED.render_reset(), &line[2..])
            } else {
                format!("{line}\n")
            };
        }
        let actions = if task.actions { " actions.json review.md" } else { "" };
        let filing = if task.actions { " apply.sh apply.list bodies/" } else { "" };
        context.say(&format!(
            "{said}\nwrote {shown}: {document}.md {document}.html report.json{actions} notes.md{filing}"
        ))?;
    }
    if let Some(least) = args.require_coverage.filter(|least| report.coverage.fraction < *least) {
        let fetch = report
            .coverage
            .fetch
            .first()
            .map_or_else(String::new, |command| format!("; fetch the rest with: {command}"));
        return Err(Stop::Input(format!(
            "coverage is {} and --require-coverage asks for {least}{fetch}",
            report.coverage.fraction
        ))
        .into());
    }
    if let Some(word) = &args.fail_on {
        let urgent: Vec<&v1::FindingRow> =
            report.summary.findings.iter().filter(|row| level(&row.priority) <= level(word)).collect();
        let counted = report.rest.iter().flat_map(|rest| &rest.problem_priority);
        let counted: u64 = counted.filter(|(own, _)| level(own) <= level(word)).map(|(_, n)| n).sum();
        if urgent.len() as u64 + counted > 0 {
            let first = urgent
                .first()
                .map_or_else(String::new, |first| format!("; first: {} {}", first.cluster, pages::shown(&first.title)));
            let all = urgent.len() as u64 + counted;
            return Err(Stop::Findings(format!("{all} findings at {word} or more urgent{first}")).into());
        }
    }
    Ok(())
}

/// The flags under which another verb sees the same window, configuration and issues.
fn flags(context: &Context, store: &Path, window: &WindowArgs, args: &ReportArgs) -> String {
    let mut words = vec![("--store", store.display().to_string())];
    words.extend(context.common.config.iter().map(|path| ("--config", path.display().to_string())));
    words.extend(args.issues.iter().map(|issues| ("--issues", issues.clone())));
    let given = [
        ("--since", &window.since),
        ("--until", &window.until),
        ("--last", &window.last),
        ("--as-of", &window.as_of),
        ("--tz", &window.tz),
    ];
    words.extend(given.into_iter().filter_map(|(flag, value)| Some((flag, value.clone()?))));
    words.extend(window.service.iter().map(|name| ("--service", name.clone())));
    words.iter().fold(String::new(), |text, (flag, value)| format!("{text} {flag} {}", word(value)))
}

/// A word of a shell command, quoted where it must be.
pub(super) fn word(value: &str) -> String {
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&b));
    if plain { value.to_owned() } else { render::safe::shell_word(value) }
}

fn check_priority(word: &str) -> anyhow::Result<()> {
    let valid = word.strip_prefix('P').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= 10);
    if valid { Ok(()) } else { Err(Stop::Usage(format!("--fail-on {word:?} is no priority: write P0 to P10")).into()) }
}

/// `worklogs/2025-09-16T004113Z-004259Z-<8 hex of the run id>`; the other documents say which they are.
fn default_out(document: Document, report: &v1::Report, window: Window) -> PathBuf {
    let (since, until) = (time::file_stamp(window.since_ns), time::file_stamp(window.until_ns - 1));
    let until = if since[..10] == until[..10] { until[11..].to_owned() } else { until };
    let id = report.run.run_id.trim_start_matches("run_");
    let kind = if document == Document::Worklog { String::new() } else { format!("{}-", document.name()) };
    PathBuf::from("worklogs").join(format!("{kind}{since}-{until}-{}", &id[..id.len().min(8)]))
}
