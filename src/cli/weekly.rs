//! `gardener weekly`: one week against the weeks before it.
//!
//! The week itself goes the way of every document; beside it stand figures of up to four earlier weeks, which come from the
//! summaries of the store where those hold them, and from one pass over the rows of a week where they do not.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::args::{WeeklyArgs, WindowArgs};
use super::context::{Asked, Context, nothing_stored};
use super::document::{self, Document, Ground, Task};
use super::report::coverage;
use super::{Stop, planning};
use crate::analyze::{self, Cluster, ClusterKey, Coverage, Parameter, Values};
use crate::issue::{Export, Issue};
use crate::mine::TemplateSet;
use crate::query::{Engine, EngineOptions, Table, named};
use crate::record::Severity;
use crate::report::v1_weekly::{TemplateChange, Weekly};
use crate::report::weekly::{
    self, Event, FIX_DAYS, Route, RouteCount, ServiceCount, Tied, TiedCluster, WEEKS_BEFORE, WeekData, WeeklyMaterial,
    add_request, template_changes,
};
use crate::report::{self, v1};
use crate::store::Snapshot;
use crate::time::week::{Week, Weeks};
use crate::time::{self, DAY_NS, HOUR_NS, Window, rfc3339_seconds, rfc3339_short};

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &WeeklyArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let asked = WindowArgs {
        as_of: args.as_of.clone(),
        service: args.service.clone(),
        tz: args.tz.clone(),
        ..WindowArgs::default()
    };
    let zone = time::zone(&context.zone_name(&asked))?;
    let weeks = Weeks::new(context.config.week_starts.as_deref(), zone.clone())?;
    let snapshot = Snapshot::open(&path)?;
    let as_of_ns = args.as_of.as_deref().map(|text| time::parse_user(text, &zone)).transpose()?;
    let Some(week) = choose(&snapshot, &weeks, args.week.as_deref(), as_of_ns)? else {
        return Err(nothing_stored(&path));
    };
    drop(snapshot);
    let Window { since_ns, until_ns } = week.window;
    let window = WindowArgs { since: Some(rfc3339_short(since_ns)), until: Some(rfc3339_short(until_ns)), ..asked };
    let task = Task::new(Document::Weekly, &path, &window, &args.report);
    let task = Task {
        out: args.out.as_deref(),
        actions: args.actions,
        words: Some(match &args.week {
            Some(_) => format!("the week {}", week.name),
            None => format!("the last complete week, {}", week.name),
        }),
        ..task
    };
    document::write(context, &task, &|ground, report| {
        report.weekly = Some(section(ground, report, &weeks, &week)?);
        weekly::say_once(report);
        Ok(())
    })
}

/// The week asked for, else the last complete one; `None` for a store without a dated row.
fn choose(
    snapshot: &Snapshot,
    weeks: &Weeks,
    name: Option<&str>,
    as_of_ns: Option<i64>,
) -> anyhow::Result<Option<Week>> {
    let ends = if name.is_some() { snapshot.range() } else { snapshot.span() };
    let Some((first_ns, last_ns)) = ends else { return Ok(None) };
    let end_ns = as_of_ns.unwrap_or(last_ns + 1).min(last_ns + 1);
    let of = |ns| weeks.holding(ns).ok_or_else(|| anyhow::anyhow!("no week holds {}", rfc3339_short(ns)));
    let (oldest, newest) = (of(first_ns)?, of((end_ns - 1).max(first_ns))?);
    let stored = format!(
        "the store holds {} to {}, weeks {} to {}",
        rfc3339_seconds(first_ns),
        rfc3339_seconds(end_ns - 1),
        oldest.name,
        newest.name
    );
    if let Some(name) = name {
        let week = weeks.named(name)?;
        if week.window.until_ns <= first_ns || week.window.since_ns >= end_ns {
            return Err(Stop::Usage(format!("nothing of {} is stored: {stored}", week.name)).into());
        }
        return Ok(Some(week));
    }
    // What a sidecar or a flag states is covered to its end, whenever the last row came.
    let stated = snapshot.sources().into_iter().filter_map(|source| {
        let window = source.report.declared_window.filter(|window| window.source != "file metadata")?;
        time::parse(&window.until).map(|until| until.ns)
    });
    let data_end_ns = as_of_ns.unwrap_or_else(|| stated.max().unwrap_or(end_ns).max(end_ns));
    let week = if newest.window.until_ns <= data_end_ns {
        Some(newest.clone())
    } else {
        weeks.earlier(&newest, 1).filter(|week| week.window.until_ns > first_ns)
    };
    match week {
        Some(week) => Ok(Some(week)),
        None => Err(Stop::Usage(format!(
            "no week is complete: {stored}; take the one that is not with --week {}",
            newest.name
        ))
        .into()),
    }
}

/// The section of the week.
fn section(ground: &Ground<'_>, report: &v1::Report, weeks: &Weeks, week: &Week) -> anyhow::Result<Weekly> {
    let config = &ground.context.config;
    let first_ns = ground.snapshot.range().map_or(week.window.since_ns, |(first, _)| first);
    let mut data: Vec<WeekData> = Vec::new();
    let mut last: Option<Engine> = None;
    for earlier in (1..=WEEKS_BEFORE).rev().filter_map(|n| weeks.earlier(week, n)) {
        if earlier.window.until_ns > first_ns {
            let engine = open(ground, earlier.window)?;
            data.push(week_data(&engine, weeks, earlier)?);
            last = Some(engine);
        }
    }
    data.push(week_data(ground.engine, weeks, week.clone())?);
    let whole = Window::new(data[0].week.window.since_ns, week.window.until_ns)?;
    let asked = Asked { window: whole, as_of_ns: whole.until_ns, explicit: true, ..ground.asked.clone() };
    let long = coverage(ground.stated, &asked);
    let sketch = sketch(ground, whole)?;
    let light: Vec<Cluster> = ground.analysis.clusters.iter().map(|ranked| light(&ranked.cluster)).collect();
    let (before, routes_last, renamed) = match &last {
        Some(engine) => (
            parameters(engine, &light, ground, data[data.len() - 2].week.window)?,
            routes(engine, ground)?,
            renamed(ground, week, &sketch.signatures)?,
        ),
        None => (Vec::new(), BTreeMap::new(), Vec::new()),
    };
    let raw: Vec<Export> = ground.exports.iter().map(|state| state.export.clone()).collect();
    let tied = tied(ground, week, light, &raw, &long)?;
    let deploys: Vec<_> =
        ground.snapshot.deploys().into_iter().filter(|deploy| ground.asked.window.holds(deploy.at_ns)).collect();
    let runs = runs(&ground.before.history.runs, whole.until_ns);
    let issues: Vec<(Option<&str>, &Issue)> =
        raw.iter().flat_map(|export| export.issues.iter().map(|issue| (export.repo.as_deref(), issue))).collect();
    Ok(weekly::weekly(&WeeklyMaterial {
        report,
        analysis: ground.analysis,
        told: ground.told,
        ids: &report::ids(ground.analysis),
        config,
        weeks: &data,
        day_zone: if weeks.has_local_days(week) { &ground.asked.zone_name } else { "UTC" },
        hours: &sketch.hours,
        runs: &runs,
        revisions: &sketch.revisions,
        coverage: &long,
        parameters: (ground.parameters, &before),
        routes_last: &routes_last,
        deploys: &deploys,
        tied: &tied,
        issues: &issues,
        renamed: &renamed,
    }))
}

/// The variables of this week's clusters, in another one.
fn parameters(
    engine: &Engine,
    clusters: &[Cluster],
    ground: &Ground<'_>,
    window: Window,
) -> anyhow::Result<Vec<Vec<Parameter>>> {
    Ok(analyze::parameters(engine, clusters, ground.templates, &Values::default(), window)?)
}

fn open(ground: &Ground<'_>, window: Window) -> anyhow::Result<Engine> {
    let options = EngineOptions { services: &ground.asked.services };
    Ok(Engine::open(ground.snapshot, ground.templates, window, options)?)
}

fn ask(engine: &Engine, name: &str) -> anyhow::Result<Table> {
    let query = named(name).expect("the name is one of the project's queries; a test asks for each");
    Ok(engine.sql(query)?)
}

fn week_data(engine: &Engine, weeks: &Weeks, week: Week) -> anyhow::Result<WeekData> {
    let table = ask(engine, "days")?;
    let (services, errors, requests) = (table.str("service")?, table.i64("errors")?, table.i64("requests")?);
    let mut counts: BTreeMap<String, ServiceCount> = BTreeMap::new();
    for row in 0..table.len() {
        let n = |column: &[Option<i64>]| column[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let count = counts.entry(services[row].clone().unwrap_or_default()).or_default();
        count.errors += n(errors);
        count.requests += n(requests);
    }
    Ok(WeekData { days: weeks.days(&week), week, services: counts })
}

/// What the summaries hold of all weeks.
#[derive(Default)]
struct Sketch {
    hours: BTreeMap<ClusterKey, BTreeMap<i64, u64>>,
    revisions: BTreeMap<(String, String), i64>,
    signatures: BTreeSet<crate::mine::SigId>,
}

fn sketch(ground: &Ground<'_>, window: Window) -> anyhow::Result<Sketch> {
    let mut sketch = Sketch::default();
    for row in ground.snapshot.summary(Some(window))? {
        let template = ground.templates.get(row.sig_id);
        let key = ClusterKey {
            template_id: template.map_or_else(|| row.sig_id.to_string(), |found| found.id.clone()),
            project: row.project.unwrap_or_default(),
            service: row.service.unwrap_or_default(),
            kind: row.kind.as_str().to_owned(),
        };
        if let (Some(revision), Some((first_ns, _))) = (row.revision, row.intervals.first()) {
            let first = sketch.revisions.entry((key.service.clone(), revision)).or_insert(*first_ns);
            *first = (*first).min(*first_ns);
        }
        let own = sketch.hours.entry(key).or_default();
        for (hour, rows) in (row.day * (DAY_NS / HOUR_NS)..).zip(row.hours).filter(|(_, rows)| *rows > 0) {
            *own.entry(hour).or_default() += rows;
        }
        sketch.signatures.insert(row.sig_id);
    }
    Ok(sketch)
}

/// Runs that began before the end of the week.
fn runs(all: &BTreeMap<ClusterKey, Vec<(i64, i64)>>, until_ns: i64) -> BTreeMap<ClusterKey, Vec<(i64, i64)>> {
    all.iter()
        .map(|(key, runs)| {
            let inside = runs.iter().filter(|(first, _)| *first < until_ns);
            (key.clone(), inside.map(|(first, last)| (*first, (*last).min(until_ns - 1))).collect())
        })
        .collect()
}

/// What recognises a cluster, without its counts and moments.
fn light(cluster: &Cluster) -> Cluster {
    Cluster {
        key: cluster.key.clone(),
        template: cluster.template.clone(),
        canonical: cluster.canonical.clone(),
        exception: cluster.exception.clone(),
        entries: cluster.entries,
        severities: cluster.severities.clone(),
        effective: cluster.effective.clone(),
        places: cluster.places.clone(),
        http: cluster.http.clone(),
        example: cluster.example.clone(),
        signatures: cluster.signatures.clone(),
        ..Cluster::default()
    }
}

/// Requests by route in another week, for the routes of this one.
fn routes(engine: &Engine, ground: &Ground<'_>) -> anyhow::Result<BTreeMap<Route, RouteCount>> {
    let route = |cluster: &Cluster| {
        let http = cluster.http.as_ref()?;
        Some((cluster.key.service.clone(), http.method.clone(), http.route.clone()))
    };
    let known: BTreeMap<ClusterKey, Route> = ground
        .analysis
        .clusters
        .iter()
        .filter_map(|ranked| Some((ranked.cluster.key.clone(), route(&ranked.cluster)?)))
        .collect();
    let table = ask(engine, "request_latencies")?;
    let (status, latency) = (table.i64("status")?, table.i64("latency_ns")?);
    let mut found = BTreeMap::new();
    for (row, key) in keys(&table)?.iter().enumerate() {
        add_request(&mut found, &known, key, status[row], latency[row]);
    }
    Ok(found)
}

fn keys(table: &Table) -> anyhow::Result<Vec<ClusterKey>> {
    let columns = ["template_id", "project", "service", "kind"].map(|name| table.str(name));
    let [ids, projects, services, kinds] = columns;
    let (ids, projects, services, kinds) = (ids?, projects?, services?, kinds?);
    let text = |column: &[Option<String>], row: usize| column[row].clone().unwrap_or_default();
    Ok((0..table.len())
        .map(|row| ClusterKey {
            template_id: text(ids, row),
            project: text(projects, row),
            service: text(services, row),
            kind: text(kinds, row),
        })
        .collect())
}

/// Signatures that belong to another template than at the end of the week before.
fn renamed(
    ground: &Ground<'_>,
    week: &Week,
    seen: &BTreeSet<crate::mine::SigId>,
) -> anyhow::Result<Vec<TemplateChange>> {
    let before: TemplateSet = Context::templates(ground.snapshot, week.window.since_ns)?;
    let now = ground.templates;
    let mut pairs = BTreeSet::new();
    for template in before.iter() {
        for sig in before.members(&template.id).iter().filter(|sig| seen.contains(sig)) {
            if let Some(current) = now.get(*sig) {
                pairs.insert((template.id.clone(), current.id.clone()));
            }
        }
    }
    let text = |id: &str, of_now: bool| {
        let set = if of_now { now } else { &before };
        set.by_id(id).map_or_else(|| id.to_owned(), |template| template.text.clone())
    };
    Ok(template_changes(&pairs, &text))
}

/// Issues of the exports with their clusters, and the events of those that were closed lately.
fn tied<'e>(
    ground: &Ground<'_>,
    week: &Week,
    mut clusters: Vec<Cluster>,
    raw: &'e [Export],
    long: &Coverage,
) -> anyhow::Result<Vec<Tied<'e>>> {
    if raw.is_empty() {
        return Ok(Vec::new());
    }
    let config = &ground.context.config;
    let present: BTreeSet<&ClusterKey> = ground.analysis.clusters.iter().map(|ranked| &ranked.cluster.key).collect();
    clusters.extend(ground.before.clusters.iter().filter(|cluster| !present.contains(&cluster.key)).map(light));
    clusters.retain(|cluster| cluster.effective_severity() >= Severity::Warning && !cluster.data_quality);
    let index = planning::index(raw, &planning::policy(config), ground.known);
    let ties = planning::ties(&clusters, &index, config);
    let repos =
        |export: &'e Export| export.issues.iter().map(|issue| (std::ptr::from_ref(issue), export.repo.as_deref()));
    let owners: FxHashMap<*const Issue, Option<&str>> = raw.iter().flat_map(repos).collect();
    let mut found: BTreeMap<(Option<&str>, u64), Tied<'e>> = BTreeMap::new();
    for (cluster, tie) in clusters.iter().zip(&ties) {
        let Some(tie) = tie else { continue };
        let wanted = config.repo_of(&cluster.key.service);
        let Some(issue) = index.issue(wanted, tie.number) else { continue };
        let repo = owners.get(&std::ptr::from_ref(issue)).copied().flatten();
        found
            .entry((repo, tie.number))
            .or_insert_with(|| Tied {
                repo,
                issue,
                clusters: Vec::new(),
                closed: planning::closing(issue, &index, wanted, Some(week.window.until_ns)),
                events: Vec::new(),
            })
            .clusters
            .push(TiedCluster { key: cluster.key.clone(), covered: long.intervals_of(cluster).to_vec() });
    }
    let mut found: Vec<Tied<'e>> = found.into_values().collect();
    let oldest_ns = week.window.until_ns - FIX_DAYS * DAY_NS;
    let closed = |tied: &Tied<'_>| tied.closed.map(|closing| closing.closed_ns).filter(|ns| *ns >= oldest_ns);
    if let Some(from_ns) = found.iter().filter_map(closed).min() {
        let engine = open(ground, Window::new(from_ns, week.window.until_ns)?)?;
        let events = events(&engine)?;
        for tied in &mut found {
            let Some(closed_ns) = closed(tied) else { continue };
            let own = tied.clusters.iter().filter_map(|cluster| events.get(&cluster.key)).flatten();
            tied.events = own.filter(|event| event.at_ns > closed_ns).cloned().collect();
            tied.events.sort_by(|a, b| (a.at_ns, &a.revision).cmp(&(b.at_ns, &b.revision)));
        }
    }
    Ok(found)
}

fn events(engine: &Engine) -> anyhow::Result<BTreeMap<ClusterKey, Vec<Event>>> {
    let table = ask(engine, "event_revisions")?;
    let (at, revisions) = (table.i64("at_ns")?, table.str("revision")?);
    let mut events: BTreeMap<ClusterKey, Vec<Event>> = BTreeMap::new();
    for (row, key) in keys(&table)?.into_iter().enumerate() {
        let revision = revisions[row].clone().filter(|name| !name.is_empty());
        events.entry(key).or_default().push(Event { at_ns: at[row].unwrap_or(0), revision });
    }
    Ok(events)
}
