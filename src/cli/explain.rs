//! `gardener explain`: everything known of one cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use super::answers::{self, EntryRef, Explained};
use super::args::{ExplainArgs, ReportArgs};
use super::context::{BOLD, Context};
use super::document::{self, Document, Task};
use super::show::cluster_id;
use super::{Stop, pages, report};
use crate::analyze::{self, Analysis, ClusterKey};
use crate::issue::cluster_ids;
use crate::mine::TemplateSet;
use crate::query::{ClusterRows, Engine, EngineOptions, EntryFilter};
use crate::render::safe::shell_word;
use crate::report::fingerprints;
use crate::report::v1::{Cluster, LatencyMs, Report, Route, Trend};
use crate::store::Snapshot;
use crate::time;

/// Messages whose values are read for one cluster.
const MESSAGES: usize = 200_000;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &ExplainArgs) -> anyhow::Result<()> {
    if args.id.is_empty() {
        return Err(Stop::Usage("the id is empty: name a cluster or a family".into()).into());
    }
    let path = context.store_path(args.store.as_ref());
    let asked = ReportArgs {
        issues: args.issues.clone(),
        variables_of: Some(cluster_id(&args.id).unwrap_or_else(|| args.id.clone())),
        ..ReportArgs::default()
    };
    let task = Task::new(Document::Worklog, &path, &args.window, &asked);
    let made = report::make(context, &task, &document::plain)?;
    let cluster = find(&made.report, &args.id)?;
    let entries = entries(&path, &made, cluster, args.limit)?;
    if context.common.json {
        return answers::print(&Explained { cluster, first_entries: entries });
    }
    Ok(write!(anstream::stdout(), "{}", text(&made.report, cluster, &entries, args.limit))?)
}

/// The oldest entries of a cluster.
fn entries(path: &Path, made: &report::Made, cluster: &Cluster, most: usize) -> anyhow::Result<Vec<EntryRef>> {
    let snapshot = Snapshot::open(path)?;
    let templates = Context::templates(&snapshot, made.asked.as_of_ns)?;
    let options = EngineOptions { services: &made.asked.services };
    let engine = Engine::open(&snapshot, &templates, made.asked.window, options)?;
    // The analysis has the names as they are stored; the report's may be masked.
    let own = made.report.clusters.iter().position(|other| other.id == cluster.id);
    let Some(key) =
        own.and_then(|at| made.analysis.clusters.get(*made.told.get(at)?)).map(|ranked| &ranked.cluster.key)
    else {
        return Ok(Vec::new());
    };
    let rows = engine.entries(&of(key), 0, most)?.rows;
    let files: BTreeMap<String, String> =
        snapshot.sources().into_iter().map(|source| (source.content_id, source.report.path)).collect();
    let (ts, offsets) = (rows.i64("ts_ns")?, rows.i64("byte_offset")?);
    let (severities, ids, contents) = (rows.str("severity_name")?, rows.str("insert_id")?, rows.str("file")?);
    let name = |id: &Option<String>| id.as_ref().map_or_else(String::new, |id| files.get(id).unwrap_or(id).clone());
    Ok((0..rows.len())
        .map(|row| EntryRef {
            timestamp: time::rfc3339(ts[row].unwrap_or(0)),
            severity: severities[row].clone().unwrap_or_default(),
            insert_id: ids[row].clone(),
            file: name(&contents[row]),
            offset: offsets[row].unwrap_or(0),
        })
        .collect())
}

fn of(key: &ClusterKey) -> EntryFilter {
    let ClusterKey { template_id, project, service, kind } = key.clone();
    EntryFilter { cluster: Some(ClusterRows { template_id, project, service, kind }), ..EntryFilter::default() }
}

/// Places of the clusters whose ids or fingerprints begin so.
pub(crate) fn wanted(analysis: &Analysis, id: &str) -> Vec<usize> {
    let prints = fingerprints(&analysis.clusters.iter().map(|ranked| &ranked.cluster).collect::<Vec<_>>());
    let ids = cluster_ids(&prints);
    let is_meant = |at: &usize| ids[*at].starts_with(id) || prints[*at].as_str().starts_with(id);
    (0..prints.len()).filter(is_meant).collect()
}

/// Reads the values of some clusters, where the report's own query left them out for being quiet.
pub(crate) fn add_variables(
    engine: &Engine,
    analysis: &Analysis,
    wanted: &[usize],
    templates: &TemplateSet,
    into: &mut [Vec<analyze::Parameter>],
) -> anyhow::Result<()> {
    for at in wanted.iter().copied() {
        let key = &analysis.clusters[at].cluster.key;
        let Some(template) = templates.by_id(&key.template_id).filter(|_| into[at].is_empty()) else {
            continue;
        };
        let rows = engine.entries(&of(key), 0, MESSAGES)?.rows;
        let (ts, messages) = (rows.i64("ts_ns")?, rows.str("message")?);
        let messages = ts.iter().zip(messages).map(|(ts, text)| (ts.unwrap_or(0), text.as_deref().unwrap_or("")));
        into[at] = analyze::Parameter::of_messages(template, messages);
    }
    Ok(())
}

/// The cluster of an id, of a family's root, or of a unique beginning of either.
fn find<'a>(report: &'a Report, id: &str) -> anyhow::Result<&'a Cluster> {
    let families = report.families.iter().filter(|family| family.id.starts_with(id));
    let roots: BTreeSet<&str> = families.map(|family| family.root.as_str()).collect();
    let is_meant = |cluster: &&Cluster| {
        if roots.is_empty() {
            cluster.id.starts_with(id) || cluster.fingerprint.starts_with(id)
        } else {
            roots.contains(cluster.id.as_str())
        }
    };
    let hits: Vec<&Cluster> = report.clusters.iter().filter(is_meant).collect();
    match hits.as_slice() {
        [one] => Ok(one),
        [] => Err(Stop::Usage(format!("no cluster {id} in this window: `gardener templates` lists what there is, --since and --until choose another window")).into()),
        many => {
            let names = many.iter().take(5).map(|cluster| cluster.id.as_str()).collect::<Vec<_>>().join(", ");
            Err(Stop::Usage(format!("{id} begins {} ids: {names}", many.len())).into())
        }
    }
}

fn text(report: &Report, cluster: &Cluster, entries: &[EntryRef], limit: usize) -> String {
    let mut out = String::new();
    let counts = |map: &std::collections::BTreeMap<String, u64>| {
        map.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    };
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "{BOLD}{name:<12}{BOLD:#} {}", pages::shown(&value));
        }
    };
    line("cluster", format!("{}  {}  {}", cluster.id, cluster.priority, cluster.fingerprint));
    line("template", cluster.template.clone());
    line("service", format!("{} ({}, {})", cluster.service, cluster.kind, cluster.project));
    line("severity", format!("{} in effect; envelope: {}", cluster.effective_severity, counts(&cluster.severities)));
    line("raised", cluster.effective_reason.clone().unwrap_or_default());
    line(
        "counts",
        format!(
            "{} entries, {} attached, {} events, {} episodes",
            cluster.entries, cluster.attached, cluster.events, cluster.episodes
        ),
    );
    line("seen", format!("{} to {}", cluster.first, cluster.last));
    line("cadence", cluster.cadence.words.clone());
    line("status", format!("{}: {}", cluster.status, cluster.status_why.join("; ")));
    line(
        "where",
        [cluster.module.as_deref(), cluster.function.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" / "),
    );
    line("revisions", counts(&cluster.revisions));
    line(
        "reach",
        format!(
            "{} instances, {} traces, {}",
            cluster.instances,
            cluster.traces,
            cluster.users.map_or_else(|| "users unknown".into(), |n| format!("{n} users"))
        ),
    );
    if let Some(http) = &cluster.http {
        let status = http.status.map_or_else(|| "unknown".into(), |status| status.to_string());
        let share =
            http.share_5xx.map_or_else(String::new, |share| format!("; {:.1} % of the route are 5xx", share * 100.0));
        line("requests", format!("{} {} -> {status}{share}", http.method, http.route));
        line("hosts", most(&http.hosts, limit));
        if let Some(ms) = &http.latency_ms {
            let LatencyMs { n, p50, p95, max } = ms;
            line("latency", format!("{n} known; median {p50:.1} ms, 95 % within {p95:.1} ms, longest {max:.1} ms"));
        }
    }
    let stacks = cluster.stacks.iter().map(|stack| (stack.stack_id.clone(), stack.entries)).collect();
    line("stacks", most(&stacks, limit));
    line("family", cluster.family.as_ref().map_or_else(String::new, |id| format!("{id} ({})", cluster.role)));
    for family in report.families.iter().filter(|family| Some(&family.id) == cluster.family.as_ref()) {
        line("", family.sentence.clone());
    }
    for link in &cluster.links {
        let number = link.number.map_or_else(String::new, |number| format!("#{number} "));
        let state = link.state.as_deref().unwrap_or_default();
        let title = link.title.as_deref().or(link.cluster.as_deref()).unwrap_or_default();
        line("tied to", format!("{}: {number}{state} {title}", link.relation));
        line("", link.why.clone().unwrap_or_default());
        line("", link.q.map_or_else(String::new, |q| format!("adjusted p = {q:.3e}")));
    }
    if let Some(impact) = &cluster.impact {
        line("impact", format!("{} (as configured)", impact.sentence));
    }
    line("muted", cluster.muted.clone().unwrap_or_default());
    for term in &cluster.priority_terms {
        line("points", format!("{:+4} {}: {}", term.points, term.term, term.why));
    }
    for parameter in &cluster.parameters {
        let top =
            parameter.top.iter().map(|value| format!("{} ({})", value.value, value.n)).collect::<Vec<_>>().join(", ");
        let range = parameter.min.zip(parameter.max).map_or_else(String::new, |(min, max)| {
            let unit = parameter.unit.as_deref().map_or_else(String::new, |unit| format!(" {unit}"));
            let median = parameter.median.map_or_else(String::new, |median| format!(", median {median}"));
            format!("; {min} to {max}{unit}{median}")
        });
        let name = parameter.name.as_deref().unwrap_or("-");
        line(
            "variable",
            format!(
                "{} {name} <{}>: {} values, {} distinct{range}; top: {top}",
                parameter.slot, parameter.kind, parameter.n, parameter.distinct
            ),
        );
        if let Some(before) = parameter.distinct_before {
            line("", format!("{before} distinct in the days before the window"));
        }
        let domains = parameter.domains.iter().map(|domain| format!("{} ({})", domain.value, domain.n));
        line("by domain", domains.collect::<Vec<_>>().join(", "));
        for day in &parameter.per_day {
            let numbers = [day.min, day.median, day.p95, day.max].map(|number| format!("{number:.4}"));
            line("per day", format!("{} {} values; least, median, p95, most: {}", day.day, day.n, numbers.join(", ")));
        }
        line("drift", parameter.drift.clone().unwrap_or_default());
        if let Some((p, q)) = parameter.change.as_ref().and_then(|change| change.p.zip(change.q)) {
            line("", format!("Mann-Whitney p = {p:.3e}, adjusted {q:.3e}"));
        }
    }
    for text in tested(&cluster.trend).into_iter().chain(others(cluster)) {
        line("test", text);
    }
    for route in report.routes.iter().filter(|route| {
        cluster.http.as_ref().is_some_and(|http| {
            (&http.method, &http.route, &cluster.service) == (&route.method, &route.route, &route.service)
        })
    }) {
        line("route", route_words(route));
        for change in &route.changes {
            line("", change.clone());
        }
    }
    for day in cluster.trend.per_day.iter().filter(|day| day.entries > 0 || !day.covered) {
        line(
            "day",
            match (&day.last_day, day.covered) {
                (Some(last), true) => format!("{} to {last} {}", day.day, day.entries),
                (Some(last), false) => format!("{} to {last} not covered", day.day),
                (None, true) => format!("{} {}", day.day, day.entries),
                (None, false) => format!("{} not covered", day.day),
            },
        );
    }
    let filter = Some(&cluster.filter).filter(|filter| !filter.is_empty());
    line("filter", filter.map_or_else(String::new, |filter| format!("gcloud logging read {}", shell_word(filter))));
    line("explorer", cluster.explorer_url.clone().unwrap_or_default());
    for entry in entries {
        let id = entry.insert_id.as_deref().unwrap_or("(no insertId)");
        line("stored", format!("{} {} {id} {} at byte {}", entry.timestamp, entry.severity, entry.file, entry.offset));
    }
    let more = cluster.entries.saturating_sub(entries.len() as u64);
    line("", if more > 0 { format!("and {more} later ones (--limit)") } else { String::new() });
    if let Some(example) = &cluster.example {
        line(
            "example",
            format!(
                "{} {} at byte {}",
                example.insert_id.as_deref().unwrap_or("(no insertId)"),
                example.file,
                example.offset
            ),
        );
        for row in example.message.lines().take(30) {
            line("", row.to_owned());
        }
    }
    out
}

/// The numbers behind a status; empty where nothing was compared.
fn tested(trend: &Trend) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(n), Some((low, high))) = (trend.previous, trend.expected_low.zip(trend.expected_high)) {
        let against = match trend.baseline.as_deref() {
            Some("anchor") => "before the last action on its issue",
            _ => "in the time before the window",
        };
        let mut parts = vec![format!("{n} episodes {against}"), format!("expected {low} to {high}")];
        let span = trend.baseline_since.as_ref().zip(trend.baseline_until.as_ref());
        parts.extend(span.map(|(since, until)| format!("{since} to {until}")));
        let exposure = trend.exposure_before_h.zip(trend.exposure_h);
        parts.extend(exposure.map(|(before, now)| format!("{before:.2} weighted hours before, {now:.2} now")));
        parts.extend(trend.dispersion.map(|d| format!("dispersion {d:.2}")));
        parts.extend(trend.ratio.map(|ratio| format!("rate x{ratio:.2}")));
        parts.extend(trend.p.map(|p| format!("p = {p:.3e}")));
        parts.extend(trend.q.map(|q| format!("adjusted {q:.3e}")));
        lines.push(parts.join(", "));
    }
    lines.extend(trend.silence_p.map(|p| format!("silence at the window's end: p = {p:.3e}")));
    lines.extend(trend.resolved_from.as_ref().map(|at| format!("can be called resolved from {at}")));
    lines.extend(trend.changes.iter().map(|change| {
        let (before, after) = (change.episodes_before, change.episodes_after);
        format!(
            "{} at {} ({} to {}): {before} episodes before, {after} after",
            change.direction, change.at, change.earliest, change.latest
        )
    }));
    lines.extend(trend.snapshots.as_ref().map(|found| {
        let (k1, m1, k0, m0) = (found.present, found.of, found.present_before, found.of_before);
        format!("snapshots: in {k1} of {m1}, before in {k0} of {m0}; Fisher's exact p = {:.3e}", found.p)
    }));
    lines
}

/// The tests beside that of the rate: revisions, silence, what comes together.
fn others(cluster: &Cluster) -> Vec<String> {
    let mut lines = Vec::new();
    for (word, change) in
        [("appeared with", &cluster.revision_ties.appeared), ("gone since", &cluster.revision_ties.gone)]
    {
        lines.extend(change.as_ref().map(|change| {
            format!(
                "{word} {} (first entry {}): {} of {} episodes in it; silence on the other side p = {:.3e}, adjusted {:.3e}",
                change.revision, change.since, change.episodes, change.of, change.p, change.q
            )
        }));
    }
    lines.extend(cluster.revision_ties.canary.as_ref().map(|canary| {
        format!(
            "{} of {} episodes in {} on {:.1} % of the entries: rate x{:.2}, p = {:.3e}, adjusted {:.3e}",
            canary.episodes,
            canary.of,
            canary.revision,
            canary.share * 100.0,
            canary.ratio,
            canary.p,
            canary.q
        )
    }));
    lines.extend(cluster.silent.as_ref().map(|silent| {
        format!(
            "silence: {} covered hours with an entry ({:.1} %), then {:.1} without; p = {:.3e}",
            silent.hours_with,
            silent.regular * 100.0,
            silent.covered_h,
            silent.p
        )
    }));
    lines
}

fn route_words(route: &Route) -> String {
    let Route { requests, requests_per_h, share_5xx, .. } = route;
    let before = route
        .requests_before
        .zip(route.share_5xx_before)
        .map_or_else(String::new, |(n, share)| format!("; before {n} requests, {:.1} % of them 5xx", share * 100.0));
    format!(
        "{} {}: {requests} requests, {requests_per_h} per covered hour, {:.1} % of them 5xx{before}",
        route.method,
        route.route,
        share_5xx * 100.0
    )
}

/// The most frequent names with their counts, and how many others there are.
fn most(counts: &BTreeMap<String, u64>, limit: usize) -> String {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut parts: Vec<String> = sorted.iter().take(limit).map(|(name, n)| format!("{name} {n}")).collect();
    if sorted.len() > limit {
        parts.push(format!("{} more (--limit)", sorted.len() - limit));
    }
    parts.join(", ")
}
