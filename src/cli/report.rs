//! One window of the store to its report: query, analyze, match, rank, report. `gardener worklog` adds nothing to it.
//!
//! Nothing is written into the store; documents and actions are made from the report (`document.rs`).

use std::collections::BTreeMap;

use super::args::WorklogArgs;
use super::context::{Asked, Context, Known};
use super::document::{self, Document, Fill, Ground, Task};
use super::planning;
use super::progress::Bar;
use crate::analyze::{self, Analysis, Coverage};
use crate::issue::ExportState;
use crate::mine::TemplateSet;
use crate::query::{Engine, EngineOptions, NAMED};
use crate::record::Severity;
use crate::record::ingest::{DeclaredWindow, FileReport, Span};
use crate::render;
use crate::report::{self, Material, TotalRow, v1};
use crate::store::{Snapshot, SourceRow};
use crate::time::{self, Window};

/// Time before a window whose values are compared with its own, at least.
const VALUES_NS: i64 = 7 * time::DAY_NS;

/// `gardener worklog`
pub(crate) fn run(context: &Context, args: &WorklogArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let task = Task::new(Document::Worklog, &path, &args.window, &args.report);
    document::write(context, &Task { out: args.out.as_deref(), ..task }, &document::plain)
}

/// A report with all that was made on the way.
pub(crate) struct Made {
    pub(crate) report: v1::Report,
    pub(crate) analysis: Analysis,
    /// Of each cluster of the report, its place in the analysis.
    pub(crate) told: Vec<usize>,
    pub(crate) coverage: Coverage,
    /// Of the time before the window.
    pub(crate) before: Coverage,
    pub(crate) asked: Asked,
    pub(crate) exports: Vec<ExportState>,
    pub(crate) known: Known,
    pub(crate) snapshot: Snapshot,
    pub(crate) templates: TemplateSet,
    pub(crate) stated: Vec<Stated>,
}

/// Query, analysis, matching and the masked report of a window; `fill` adds the section of its document before masking.
pub(crate) fn make(context: &Context, task: &Task<'_>, fill: &Fill<'_>) -> anyhow::Result<Made> {
    let Task { store, window, args, inputs, .. } = *task;
    let snapshot = Snapshot::open(store)?;
    let zone = time::zone(&context.zone_name(window))?;
    let exported_at = args.issues_exported_at.as_deref().map(|text| time::parse_user(text, &zone)).transpose()?;
    let raw = planning::read_exports(&args.issues, exported_at)?;
    let steps = Bar::steps(context.bars(), 6);
    // A store without rows still has a report: it says that nothing was read.
    let mut asked = match context.window(window, &snapshot, inputs)? {
        Some(asked) => asked,
        None => Asked {
            window: Window { since_ns: 0, until_ns: 1 },
            as_of_ns: 1,
            zone: zone.clone(),
            zone_name: context.zone_name(window),
            services: window.service.clone(),
            words: "everything stored (which is nothing)".into(),
            explicit: false,
        },
    };
    if let Some(words) = &task.words {
        asked.words.clone_from(words);
    }
    let newest_ns = snapshot.range().map_or(0, |(_, last)| last);
    let known = context.known(store)?;
    let exports = planning::judged(&raw, &asked, newest_ns.min(asked.as_of_ns));
    steps.step("templates");
    let (templates, sources) = rayon::join(|| Context::templates(&snapshot, asked.as_of_ns), || snapshot.sources());
    let templates = templates?;
    steps.step("queries");
    let engine = Engine::open(&snapshot, &templates, asked.window, EngineOptions { services: &asked.services })?;
    let stated = stated(&sources);
    let files: Vec<FileReport> = sources.into_iter().map(|source| source.report).collect();
    // Either is read on its own, and leaves a thread idle where it puts its parts together.
    let earlier = || (before(&snapshot, &templates, &stated, &asked), coverage(&stated, &asked));
    let (clusters, (before, mut coverage)) = rayon::join(|| analyze::clusters(&engine, &templates), earlier);
    let (mut clusters, before) = (clusters?, before?);
    clusters.extend(analyze::absent(&clusters, &before.clusters));
    analyze::silences(&mut clusters, &before, &coverage, asked.window);
    coverage.missing = analyze::missing_exports(&before, &coverage, asked.window);
    steps.step("issues");
    let policy = planning::policy(&context.config);
    let ties = if raw.is_empty() {
        vec![None; clusters.len()]
    } else {
        planning::ties(&clusters, &planning::index(&raw, &policy, &known), &context.config)
    };
    steps.step("ranking");
    let starts = analyze::start_rows(&engine, &context.config)?;
    let variables = analyze::parameters(&engine, &clusters, &templates, &before.values, asked.window)?;
    analyze::name_users(&engine, &mut clusters, &variables)?;
    let keys: Vec<analyze::ClusterKey> = clusters.iter().map(|cluster| cluster.key.clone()).collect();
    let mut variables: BTreeMap<_, _> = keys.into_iter().zip(variables).collect();
    let mut analysis =
        analyze::run(&engine, &starts, clusters, &before, &coverage, &ties, asked.window, &context.config)?;
    let mut parameters: Vec<_> =
        analysis.clusters.iter().map(|ranked| variables.remove(&ranked.cluster.key).unwrap_or_default()).collect();
    let mut told = report::told(&analysis.clusters, context.config.limits.report_clusters);
    if let Some(id) = &args.variables_of {
        let wanted = super::explain::wanted(&analysis, id);
        super::explain::add_variables(&engine, &analysis, &wanted, &templates, &mut parameters)?;
        told.extend(wanted);
        told.sort_unstable();
        told.dedup();
    }
    let quoted = analysis.clusters.iter_mut().enumerate().filter(|(at, _)| told.binary_search(at).is_ok());
    analyze::quote(&engine, &mut quoted.map(|(_, ranked)| &mut ranked.cluster).collect::<Vec<_>>())?;
    steps.step("report");
    let totals = totals(&engine)?;
    let deploys: Vec<_> = snapshot.deploys().into_iter().filter(|deploy| asked.window.holds(deploy.at_ns)).collect();
    let inside: Vec<FileReport> = files.iter().filter(|file| touches(file, asked.window)).cloned().collect();
    let queries: Vec<(String, String)> =
        NAMED.iter().map(|(name, text)| ((*name).to_owned(), super::query::question(text))).collect();
    let material = Material {
        analysis: &analysis,
        told: &told,
        parameters: &parameters,
        coverage: &coverage,
        totals: &totals,
        further: engine.further()?,
        deploys: &deploys,
        files: &inside,
        config: &context.config,
        window: asked.window,
        zone: &asked.zone,
        zone_name: &asked.zone_name,
        services: &asked.services,
        run: run_of(&snapshot, &asked, context, &exports, &known, task),
        queries: &queries,
        conflicts: snapshot.conflicts().len() as u64,
        values_cut: engine.messages_cut()?,
    };
    let mut report = report::build(&material);
    let ground = Ground {
        context,
        snapshot: &snapshot,
        templates: &templates,
        engine: &engine,
        analysis: &analysis,
        told: &told,
        parameters: &parameters,
        before: &before,
        coverage: &coverage,
        asked: &asked,
        exports: &exports,
        known: &known,
        stated: &stated,
    };
    fill(&ground, &mut report)?;
    let report = render::mask_report(report);
    // What the walks over the rows left is millions of small pieces: the end of the process gives them back at once, and with
    // them the engine's share of the reader's lock.
    let analyze::Before { coverage: earlier, clusters, history, values, latencies } = before;
    std::mem::forget((engine, starts, clusters, history, values, latencies));
    Ok(Made { report, analysis, told, coverage, before: earlier, asked, exports, known, snapshot, templates, stated })
}

/// An input as coverage sees it: an empty content comes once for each window that was stated for it.
pub(crate) struct Stated {
    report: FileReport,
    spans: Vec<Span>,
}

fn stated(sources: &[SourceRow]) -> Vec<Stated> {
    let of = |source: &SourceRow| {
        let again = |window: &DeclaredWindow| Stated {
            report: FileReport { declared_window: Some(window.clone()), ..source.report.clone() },
            spans: Vec::new(),
        };
        let first = Stated { report: source.report.clone(), spans: source.spans.clone() };
        std::iter::once(first).chain(source.empty_windows.iter().map(again)).collect::<Vec<_>>()
    };
    sources.iter().flat_map(of).collect()
}

fn touches(file: &FileReport, window: Window) -> bool {
    let at = |text: &Option<String>| text.as_deref().and_then(time::parse).map(|parsed| parsed.ns);
    match (at(&file.first), at(&file.last)) {
        (Some(first), Some(last)) => first < window.until_ns && last >= window.since_ns,
        _ => true,
    }
}

/// The time before the window: its clusters, what was covered of it, and when clusters were active.
fn before(
    snapshot: &Snapshot,
    templates: &TemplateSet,
    files: &[Stated],
    asked: &Asked,
) -> anyhow::Result<analyze::Before> {
    let history = history(snapshot, templates, asked)?;
    let Some((first, _)) = snapshot.range().filter(|(first, _)| *first < asked.window.since_ns) else {
        return Ok(analyze::Before { history, ..analyze::Before::default() });
    };
    let window = Window::new(first, asked.window.since_ns)?;
    let engine = Engine::open(snapshot, templates, window, EngineOptions { services: &asked.services })?;
    let earlier = Asked { window, as_of_ns: window.until_ns, ..asked.clone() };
    let clusters = analyze::sizes(&engine, templates)?;
    // Values and latencies are read from rows, so only as far back as a comparison needs.
    let near = Window::new(
        first.max(window.until_ns - (asked.window.until_ns - asked.window.since_ns).max(VALUES_NS)),
        window.until_ns,
    )?;
    let engine = Engine::open(snapshot, templates, near, EngineOptions { services: &asked.services })?;
    let values = analyze::values(&engine, templates)?;
    let latencies = analyze::latencies(&engine, templates)?;
    Ok(analyze::Before { clusters, coverage: coverage(files, &earlier), history, values, latencies })
}

/// When clusters were active and services busy, from the summaries of all days up to the window's end.
fn history(snapshot: &Snapshot, templates: &TemplateSet, asked: &Asked) -> anyhow::Result<analyze::History> {
    let Some((first, _)) = snapshot.range().filter(|(first, _)| *first < asked.window.until_ns) else {
        return Ok(analyze::History::default());
    };
    let mut history = analyze::History::default();
    for row in snapshot.summary(Some(Window::new(first, asked.window.until_ns)?))? {
        let template = templates.get(row.sig_id).map_or_else(|| row.sig_id.to_string(), |found| found.id.clone());
        history.add(row, template);
    }
    Ok(history.united())
}

/// What the inputs of a store cover of a window.
pub(crate) fn coverage_of(snapshot: &Snapshot, asked: &Asked) -> Coverage {
    coverage(&stated(&snapshot.sources()), asked)
}

pub(super) fn coverage(files: &[Stated], asked: &Asked) -> Coverage {
    let beside: Vec<(&FileReport, &[Span])> = files.iter().map(|file| (&file.report, file.spans.as_slice())).collect();
    let mut wanted = asked.window;
    let mut inside = asked.window;
    if !asked.explicit {
        // What the dumps say they were asked for counts as asked, when nobody asked for anything else.
        for declared in files.iter().filter_map(|file| file.report.declared_window.as_ref()) {
            let (Some(since), Some(until)) = (time::parse(&declared.since), time::parse(&declared.until)) else {
                continue;
            };
            if since.ns < asked.as_of_ns {
                wanted.since_ns = wanted.since_ns.min(since.ns);
                wanted.until_ns = wanted.until_ns.max(until.ns.min(asked.as_of_ns));
                // What a sidecar states is covered also where no row stands.
                if declared.source != "file metadata" {
                    inside.since_ns = inside.since_ns.min(since.ns);
                    inside.until_ns = inside.until_ns.max(until.ns.min(asked.as_of_ns));
                }
            }
        }
    }
    analyze::coverage(&beside, inside, wanted, &asked.services)
}

fn totals(engine: &Engine) -> anyhow::Result<Vec<TotalRow>> {
    let table = analyze::totals(engine)?;
    let (projects, services, kinds) = (table.str("project")?, table.str("service")?, table.str("kind")?);
    let (severity, effective) = (table.i64("severity")?, table.i64("effective_severity")?);
    let (n, empty) = (table.i64("n")?, table.i64("without_payload")?);
    let (first, last) = (table.i64("first_ns")?, table.i64("last_ns")?);
    let level = |column: &[Option<i64>], row: usize| column[row].and_then(Severity::from_number).unwrap_or_default();
    let count = |column: &[Option<i64>], row: usize| column[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Ok((0..table.len())
        .map(|row| TotalRow {
            project: projects[row].clone().unwrap_or_default(),
            service: services[row].clone().unwrap_or_default(),
            kind: kinds[row].clone().unwrap_or_default(),
            severity: level(severity, row),
            effective: level(effective, row),
            n: count(n, row),
            without_payload: count(empty, row),
            first_ns: first[row].unwrap_or(0),
            last_ns: last[row].unwrap_or(0),
        })
        .collect())
}

fn run_of(
    snapshot: &Snapshot,
    asked: &Asked,
    context: &Context,
    exports: &[ExportState],
    known: &Known,
    task: &Task<'_>,
) -> v1::Run {
    let version = env!("CARGO_PKG_VERSION");
    let digest = snapshot.digest();
    let config_digest = context.config.digest();
    let parts = serde_json::json!([
        version,
        digest,
        asked.window.since_ns,
        asked.window.until_ns,
        asked.as_of_ns,
        asked.services,
        asked.zone_name,
        config_digest,
        task.args.no_examples,
        known.digest,
        task.document.name(),
        exports
            .iter()
            .map(|state| (&state.export.sha256, &state.export.repo, &state.export.exported_at))
            .collect::<Vec<_>>(),
    ]);
    let hash = blake3::hash(parts.to_string().as_bytes()).to_hex();
    v1::Run {
        run_id: format!("run_{}", &hash[..16]),
        document: task.document.name().into(),
        tool: "log-gardener".into(),
        tool_version: version.into(),
        config_digest,
        store_digest: digest,
        data_up_to: time::rfc3339_short(asked.as_of_ns),
        asked_for: asked.words.clone(),
        examples: !task.args.no_examples,
    }
}
