//! `gardener postmortem`: one incident window against its baseline.
//!
//! The flow is that of every document; what is added is the section of the postmortem, from three engines: the window, the
//! time around it, and the baseline.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::args::PostmortemArgs;
use super::compare::revisions;
use super::context::{Asked, Context};
use super::document::{self, Document, Ground, Task, word};
use super::report::coverage;
use super::{Stop, planning};
use crate::analyze::incident::{self, AFTER_NS, BEFORE_NS, Incident, Material, Side, baseline::default_baseline};
use crate::analyze::{self, Cluster, ClusterKey, Coverage};
use crate::issue::Export;
use crate::query::{Engine, EngineOptions};
use crate::report::{IncidentMaterial, postmortem, v1};
use crate::time::{self, Window, rfc3339_seconds};

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &PostmortemArgs) -> anyhow::Result<()> {
    if args.window.since.is_none() && args.window.last.is_none() {
        return Err(Stop::Usage(
            "a postmortem is of a window: name it with --since T --until T, or --last 1h (and --as-of T)".into(),
        )
        .into());
    }
    let path = context.store_path(args.store.as_ref());
    let task = Task::new(Document::Postmortem, &path, &args.window, &args.report);
    let task = Task { out: args.out.as_deref(), actions: false, ..task };
    document::write(context, &task, &|ground, report| fill(ground, report, args))
}

/// The time that an incident is compared with.
struct Baseline {
    kind: &'static str,
    windows: Vec<Window>,
    /// The revision, with the services that it is of.
    revision: Option<(String, BTreeSet<String>)>,
}

fn fill(ground: &Ground<'_>, report: &mut v1::Report, args: &PostmortemArgs) -> anyhow::Result<()> {
    let window = ground.asked.window;
    let (first_ns, last_ns) = ground.snapshot.range().ok_or_else(|| {
        Stop::Usage("the store holds no entry with a time: ingest the dumps of the incident first".to_owned())
    })?;
    check_data(ground, report, (first_ns, last_ns))?;
    // Months before the others, an entry of a clock that was not set begins no time to compare with.
    let first_ns = ground.snapshot.span().map_or(first_ns, |(oldest, _)| oldest.min(window.since_ns));
    let baseline = baseline(ground, args, first_ns)?;
    let hull = hull(&baseline.windows).unwrap_or(Window { since_ns: window.since_ns - 1, until_ns: window.since_ns });
    let options = EngineOptions { services: &ground.asked.services };
    let mut quiet = Engine::open(ground.snapshot, ground.templates, hull, options)?.within(&baseline.windows);
    let mut covered = of_window(ground, hull).within(&baseline.windows);
    let present = ground.analysis.clusters.iter().map(|ranked| &ranked.cluster).filter(|cluster| cluster.is_present());
    let known = Some(present.cloned().collect());
    let mut now = incident::side(ground.engine, ground.templates, ground.coverage.clone(), known)?;
    if let Some((revision, services)) = &baseline.revision {
        quiet = quiet.of_revision(revision);
        covered.services.retain(|name, _| services.contains(name));
        keep(&mut now, services);
    }
    let then = incident::side(&quiet, ground.templates, covered, None)?;
    let around = Window {
        since_ns: (window.since_ns - BEFORE_NS).max(first_ns).min(window.since_ns),
        until_ns: (window.until_ns + AFTER_NS).min(ground.asked.as_of_ns).max(window.until_ns),
    };
    let wide = Engine::open(ground.snapshot, ground.templates, around, options)?;
    let wide_coverage = of_window(ground, around);
    let found = incident::incident(
        &Material {
            window,
            around,
            now: &now,
            then: &then,
            coverage: &wide_coverage,
            before: &newest_before(ground, window),
            known: &revisions_before(ground, first_ns, around)?,
            deploys: &ground.snapshot.deploys(),
            silences: &silences(ground),
        },
        ground.engine,
        &wide,
        ground.templates,
    )?;
    let flags = ground.asked.services.iter().fold(String::new(), |mut text, name| {
        let _ = write!(text, " --service {}", word(name));
        text
    });
    let issues = known_issues(ground, &found);
    let section = postmortem(
        report,
        &IncidentMaterial {
            incident: &found,
            now: &now,
            then: &then,
            kind: baseline.kind,
            revision: baseline.revision.as_ref().map(|(name, _)| name.as_str()),
            baseline: &baseline.windows,
            window,
            around,
            coverage: &wide_coverage,
            zone: &ground.asked.zone,
            times: ground.context.config.limits.times,
            issues: &issues,
            flags: &flags,
            own_flags: &own_flags(args),
        },
    );
    let parts = serde_json::json!([
        report.run.run_id,
        section.baseline.kind,
        section.baseline.revision,
        section.baseline.windows
    ]);
    let hash = blake3::hash(parts.to_string().as_bytes()).to_hex();
    report.run.run_id = format!("run_{}", &hash[..16]);
    report.postmortem = Some(section);
    Ok(())
}

/// The issue of each cluster that changed, where the exports hold one that is surely its own.
fn known_issues(ground: &Ground<'_>, found: &Incident) -> BTreeMap<ClusterKey, u64> {
    let raw: Vec<Export> = ground.exports.iter().map(|state| state.export.clone()).collect();
    if raw.is_empty() {
        return BTreeMap::new();
    }
    let config = &ground.context.config;
    let whole: BTreeMap<&ClusterKey, &Cluster> =
        ground.analysis.clusters.iter().map(|ranked| (&ranked.cluster.key, &ranked.cluster)).collect();
    let changed = found.compared.changes.iter().map(|change| &change.cluster);
    let clusters: Vec<Cluster> = changed.map(|own| whole.get(&own.key).copied().unwrap_or(own).clone()).collect();
    let index = planning::index(&raw, &planning::policy(config), ground.known);
    let ties = planning::ties(&clusters, &index, config);
    clusters.into_iter().zip(ties).filter_map(|(cluster, tie)| Some((cluster.key, tie?.number))).collect()
}

/// Refuses a window of which nothing is stored: the document could only say so.
fn check_data(ground: &Ground<'_>, report: &v1::Report, stored: (i64, i64)) -> anyhow::Result<()> {
    let window = ground.asked.window;
    let span = format!("{} to {}", rfc3339_seconds(window.since_ns), rfc3339_seconds(window.until_ns));
    if window.since_ns > stored.1 || window.until_ns <= stored.0 {
        return Err(Stop::Usage(format!(
            "nothing is stored of {span}: the store holds {} to {}; choose a window inside, or ingest the dumps of that time",
            rfc3339_seconds(stored.0),
            rfc3339_seconds(stored.1)
        ))
        .into());
    }
    if report.totals.unique == 0 && ground.coverage.any_s() <= 0.0 {
        return Err(Stop::Input(format!(
            "no export covers {span}, so nothing can be said of it, also not that nothing happened; export all severities \
             from 2 h before to 1 h after (scripts/export-logs.sh) and ingest them"
        ))
        .into());
    }
    Ok(())
}

fn baseline(ground: &Ground<'_>, args: &PostmortemArgs, first_ns: i64) -> anyhow::Result<Baseline> {
    let window = ground.asked.window;
    if let Some(revision) = &args.baseline_revision {
        return of_revision(ground, revision);
    }
    if let (Some(since), Some(until)) = (&args.baseline_since, &args.baseline_until) {
        let given =
            Window::new(time::parse_user(since, &ground.asked.zone)?, time::parse_user(until, &ground.asked.zone)?)?;
        if given.since_ns < window.until_ns && given.until_ns > window.since_ns {
            return Err(Stop::Usage(format!(
                "the baseline {} to {} overlaps the window {} to {}: choose a time without the incident",
                rfc3339_seconds(given.since_ns),
                rfc3339_seconds(given.until_ns),
                rfc3339_seconds(window.since_ns),
                rfc3339_seconds(window.until_ns)
            ))
            .into());
        }
        return Ok(Baseline { kind: "given", windows: vec![given], revision: None });
    }
    let start = first_ns.min(window.since_ns - 1);
    let before = of_window(ground, Window { since_ns: start, until_ns: window.since_ns });
    let windows = default_baseline(window, first_ns, |parts| before.within(parts).any_s());
    Ok(Baseline { kind: if windows.is_empty() { "none" } else { "default" }, windows, revision: None })
}

/// Everything that a revision wrote outside of the window.
fn of_revision(ground: &Ground<'_>, revision: &str) -> anyhow::Result<Baseline> {
    let window = ground.asked.window;
    let all = ground.snapshot.whole().unwrap_or(window);
    let options = EngineOptions { services: &ground.asked.services };
    let open = || Engine::open(ground.snapshot, ground.templates, all, options);
    let own = analyze::activity(&open()?.of_revision(revision))?;
    let span = own.values().map(|own| own.first_ns).min().zip(own.values().map(|own| own.last_ns).max());
    let Some((first_ns, last_ns)) = span else {
        let known = revisions(&open()?)?;
        return Err(Stop::Usage(format!("no row of revision {revision:?} is stored; there are {known}")).into());
    };
    let parts = [
        (first_ns, (last_ns + 1).min(window.since_ns - incident::baseline::GUARD_NS)),
        (first_ns.max(window.until_ns), last_ns + 1),
    ];
    let windows: Vec<Window> = parts
        .into_iter()
        .filter(|(since_ns, until_ns)| since_ns < until_ns)
        .map(|(since_ns, until_ns)| Window { since_ns, until_ns })
        .collect();
    let services = own.into_keys().collect();
    Ok(Baseline { kind: "revision", windows, revision: Some((revision.to_owned(), services)) })
}

/// Silences of whole services in the window.
fn silences(ground: &Ground<'_>) -> Vec<(i64, Option<i64>)> {
    let all = ground.analysis.clusters.iter().filter_map(|ranked| ranked.cluster.silent.as_ref());
    all.filter(|own| own.whole_service)
        .flat_map(|own| std::iter::once((own.last_ns, own.until_ns)).chain(own.further.iter().copied()))
        .collect()
}

/// Only what is of some services: a revision says nothing of the others.
fn keep(side: &mut Side, services: &BTreeSet<String>) {
    side.clusters.retain(|cluster| services.contains(&cluster.key.service));
    side.activity.retain(|name, _| services.contains(name));
    side.coverage.services.retain(|name, _| services.contains(name));
}

fn hull(windows: &[Window]) -> Option<Window> {
    let (first, last) = (windows.first()?, windows.last()?);
    Some(Window { since_ns: first.since_ns, until_ns: last.until_ns })
}

fn of_window(ground: &Ground<'_>, window: Window) -> Coverage {
    let asked = Asked { window, as_of_ns: window.until_ns, explicit: true, ..ground.asked.clone() };
    coverage(ground.stated, &asked)
}

/// Each cluster's newest row before the window, as far as the summaries say.
fn newest_before(ground: &Ground<'_>, window: Window) -> BTreeMap<analyze::ClusterKey, i64> {
    let runs = ground.before.history.runs.iter();
    runs.filter_map(|(key, runs)| {
        let before = runs.iter().rfind(|(from, _)| *from < window.since_ns)?;
        // Of a run that reaches into the window only its first row is known to lie before.
        Some((key.clone(), if before.1 < window.since_ns { before.1 } else { before.0 }))
    })
    .collect()
}

/// Services and revisions with rows before the time that is looked at.
fn revisions_before(ground: &Ground<'_>, first_ns: i64, around: Window) -> anyhow::Result<BTreeSet<(String, String)>> {
    let Ok(before) = Window::new(first_ns, around.since_ns) else { return Ok(BTreeSet::new()) };
    let rows = ground.snapshot.summary(Some(before))?.into_iter();
    Ok(rows
        .filter(|row| row.intervals.iter().any(|(from, _)| *from < around.since_ns))
        .filter_map(|row| Some((row.service.unwrap_or_default(), row.revision?)))
        .collect())
}

/// The baseline's flags, for a command that asks the same of another window.
fn own_flags(args: &PostmortemArgs) -> String {
    let given = [
        ("--baseline-since", &args.baseline_since),
        ("--baseline-until", &args.baseline_until),
        ("--baseline-revision", &args.baseline_revision),
    ];
    given.into_iter().filter_map(|(flag, value)| Some((flag, value.as_ref()?))).fold(
        String::new(),
        |mut text, (flag, value)| {
            let _ = write!(text, " {flag} {}", word(value));
            text
        },
    )
}
