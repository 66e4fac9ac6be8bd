//! The lists below the changes: noise, drifts, requests, open issues, templates that changed, mutes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Route, RouteCount, WeeklyMaterial, covered_ns};
use crate::analyze::{ClusterKey, Parameter, Ranked, stats};
use crate::issue::IssueState;
use crate::report::v1;
use crate::report::v1_weekly::{DriftRow, MuteRow, NoiseRow, OpenRow, RequestRow, TemplateChange};
use crate::report::worklog::{is_loud, level, name, title};
use crate::time::{HOUR_NS, rfc3339, week::whole_days};

/// Clusters listed as noise.
const NOISE: usize = 20;
/// Share of its old value by which a median must move to be told.
const STEP: f64 = 0.2;
/// Values on both sides of such a move.
const VALUES: u64 = 3;

/// The clusters with most entries, whatever their severity.
pub(super) fn noise(material: &WeeklyMaterial<'_>) -> Vec<NoiseRow> {
    let all = material.report.totals.unique.max(1) as f64;
    let mut most: Vec<(&str, &Ranked)> =
        material.all().filter(|(.., ranked)| ranked.cluster.is_present()).map(|(_, id, ranked)| (id, ranked)).collect();
    most.sort_by(|a, b| b.1.cluster.entries.cmp(&a.1.cluster.entries).then_with(|| a.0.cmp(b.0)));
    most.truncate(NOISE);
    let row = |(id, ranked): (&str, &Ranked)| {
        let cluster = &ranked.cluster;
        NoiseRow {
            cluster: id.to_owned(),
            title: name(cluster),
            service: cluster.key.service.clone(),
            severity: cluster.effective_severity().as_str().to_owned(),
            entries: cluster.entries,
            entries_last: material.rows_last(&cluster.key),
            share: (cluster.entries as f64 / all * 10_000.0).round() / 10_000.0,
            muted: ranked.priority.muted.clone(),
        }
    };
    most.into_iter().map(row).collect()
}

/// Values that changed inside the week, or whose median is another one than in the week before.
pub(super) fn drifts(material: &WeeklyMaterial<'_>) -> Vec<DriftRow> {
    let told = material.told.iter().zip(&material.report.clusters).filter(|(_, row)| is_loud(row));
    let drifts = told.flat_map(|(at, row)| drifts_of(material, *at).map(move |drift| (row, drift)));
    let row = |(row, drift): (&v1::Cluster, DriftRow)| DriftRow {
        cluster: row.id.clone(),
        title: row.title.clone(),
        service: row.service.clone(),
        ..drift
    };
    drifts.map(row).collect()
}

/// The drifts of the cluster at a place of the analysis, without its names.
pub(super) fn drifts_of(material: &WeeklyMaterial<'_>, at: usize) -> impl Iterator<Item = DriftRow> {
    let (now, before) = material.parameters;
    let last = before.get(at).map_or(&[][..], Vec::as_slice);
    let same = move |slot: usize| last.iter().find(move |other| other.slot == slot);
    let now = now.get(at).map_or(&[][..], Vec::as_slice).iter();
    now.filter_map(move |parameter| drift(parameter, same(parameter.slot)))
}

fn drift(parameter: &Parameter, last: Option<&Parameter>) -> Option<DriftRow> {
    let median = parameter.range().map(|(_, median, _)| median);
    let earlier = last.and_then(Parameter::range).map(|(_, median, _)| median);
    let inside = parameter.drift();
    let same_unit = last.is_some_and(|last| last.unit == parameter.unit);
    // Without a unit a number may be an id, and a change of ids is no drift.
    let step = match (median, earlier) {
        (Some(now), Some(before)) if same_unit && parameter.unit.is_some() => {
            let enough = parameter.n >= VALUES && last.is_some_and(|last| last.n >= VALUES);
            enough && before != 0.0 && ((now - before) / before).abs() >= STEP
        }
        _ => false,
    };
    if inside.is_none() && !step {
        return None;
    }
    let unit = parameter.unit.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    let mut words = Vec::new();
    if let (Some(now), Some(before)) = (median, earlier.filter(|_| same_unit)) {
        let number = |value: f64| (value * 1_000.0).round() / 1_000.0;
        words.push(format!("median {}{unit} last week, {}{unit} this week", number(before), number(now)));
    }
    words.extend(inside.clone());
    let name = parameter.name.clone().filter(|name| !name.is_empty());
    Some(DriftRow {
        slot: parameter.slot as u64,
        sentence: format!(
            "value{}: {}",
            name.as_ref().map_or_else(String::new, |name| format!(" after \"{name}\"")),
            words.join("; ")
        ),
        name,
        unit: parameter.unit.clone(),
        median,
        median_last: earlier,
        inside,
        ..DriftRow::default()
    })
}

/// Routes of the week, most requests first.
pub(super) fn requests(material: &WeeklyMaterial<'_>) -> Vec<RequestRow> {
    let mut routes: BTreeMap<Route, RouteCount> = BTreeMap::new();
    for ranked in material.analysis.clusters.iter().filter(|ranked| ranked.cluster.is_present()) {
        let cluster = &ranked.cluster;
        let Some(http) = &cluster.http else { continue };
        let route = (cluster.key.service.clone(), http.method.clone(), http.route.clone());
        let row = routes.entry(route).or_default();
        row.requests += cluster.entries;
        row.server_errors += if http.status.is_some_and(|status| status >= 500) { cluster.entries } else { 0 };
        row.latencies_ms.extend(&http.latencies_ms);
    }
    let quantile = |row: &RouteCount, q: f64| {
        let mut values = row.latencies_ms.clone();
        values.sort_by(f64::total_cmp);
        stats::quantile(&values, q).map(|ms| (ms * 10.0).round() / 10.0)
    };
    let share =
        |row: &RouteCount| (row.server_errors as f64 / row.requests.max(1) as f64 * 10_000.0).round() / 10_000.0;
    let compared = material.last().is_some();
    let mut changed: BTreeMap<[&str; 3], Vec<String>> = BTreeMap::new();
    for row in &material.report.routes {
        changed.entry([&row.service, &row.method, &row.route]).or_default().extend(row.changes.iter().cloned());
    }
    let changes = |(service, method, path): &Route| {
        changed.get(&[service.as_str(), method.as_str(), path.as_str()]).cloned().unwrap_or_default()
    };
    let per_h = |service: &str, requests: u64| {
        let intervals = material.coverage.services.get(service).map_or(&[][..], |found| &found.intervals);
        let hours = covered_ns(intervals, material.window()) as f64 / HOUR_NS as f64;
        (hours > 0.0).then(|| (requests as f64 / hours * 100.0).round() / 100.0)
    };
    let none = RouteCount::default();
    let mut rows: Vec<RequestRow> = routes
        .into_iter()
        .map(|(route, now)| {
            let last = compared.then(|| material.routes_last.get(&route).unwrap_or(&none));
            RequestRow {
                requests: now.requests,
                requests_per_h: per_h(&route.0, now.requests),
                requests_last: last.map(|last| last.requests),
                share_5xx: share(&now),
                share_5xx_last: last.filter(|last| last.requests > 0).map(share),
                p50_ms: quantile(&now, 0.5),
                p50_ms_last: last.and_then(|last| quantile(last, 0.5)),
                p95_ms: quantile(&now, 0.95),
                p95_ms_last: last.and_then(|last| quantile(last, 0.95)),
                changes: changes(&route),
                service: route.0,
                method: route.1,
                route: route.2,
            }
        })
        .collect();
    rows.sort_by(|a, b| {
        b.requests
            .cmp(&a.requests)
            .then_with(|| (&a.service, &a.route, &a.method).cmp(&(&b.service, &b.route, &b.method)))
    });
    if let Some(rest) = &material.report.rest {
        rows.truncate(usize::try_from(rest.limit).unwrap_or(usize::MAX));
    }
    rows
}

/// Issues that were open at the end of the week, oldest first.
pub(super) fn open(material: &WeeklyMaterial<'_>) -> Vec<OpenRow> {
    let until_ns = material.window().until_ns;
    let known = material.known();
    let is_open = |issue: &crate::issue::Issue| {
        issue.exists_at(Some(until_ns)) && issue.state_at(Some(until_ns)) == IssueState::Open
    };
    let mut rows: Vec<OpenRow> = material
        .tied
        .iter()
        .filter(|tied| is_open(tied.issue))
        .map(|tied| {
            let clusters: Vec<(&str, &Ranked)> =
                tied.clusters.iter().filter_map(|cluster| known.get(&cluster.key).copied()).collect();
            OpenRow {
                number: tied.issue.number,
                title: tied.issue.title.clone(),
                url: tied.issue.url.clone(),
                repo: tied.repo.map(str::to_owned),
                opened: tied.issue.created_ns.map(rfc3339),
                age_days: tied.issue.created_ns.map(|created| whole_days(until_ns - created)),
                service: tied.clusters.first().map(|cluster| cluster.key.service.clone()).unwrap_or_default(),
                entries: clusters.iter().map(|(_, row)| row.cluster.entries).sum(),
                status: clusters.first().map_or("not seen this week", |(_, row)| row.status.status.as_str()).to_owned(),
                priority: clusters
                    .iter()
                    .map(|(_, row)| row.priority.word())
                    .min_by_key(|priority| level(priority))
                    .unwrap_or_default(),
                clusters: clusters.iter().map(|(id, _)| (*id).to_owned()).collect(),
            }
        })
        .collect();
    rows.sort_by(|a, b| a.opened.cmp(&b.opened).then(a.number.cmp(&b.number)));
    rows
}

/// Changes of templates that touch a cluster of WARNING or above, with its id.
pub(super) fn renamed(material: &WeeklyMaterial<'_>) -> Vec<TemplateChange> {
    let mut loud: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, id, ranked) in material.all().filter(|(.., ranked)| ranked.cluster.is_loud()) {
        loud.entry(ranked.cluster.key.template_id.as_str()).or_default().insert(id);
    }
    let mut rows: Vec<TemplateChange> = material
        .renamed
        .iter()
        .filter_map(|change| {
            // Until here the list holds ids of templates.
            let clusters: BTreeSet<&str> =
                change.clusters.iter().filter_map(|template| loud.get(template.as_str())).flatten().copied().collect();
            (!clusters.is_empty()).then(|| TemplateChange {
                kind: change.kind.clone(),
                clusters: clusters.into_iter().map(str::to_owned).collect(),
                before: change.before.iter().map(|text| title(text)).collect(),
                now: change.now.iter().map(|text| title(text)).collect(),
            })
        })
        .collect();
    rows.sort_by(|a, b| (&a.kind, &a.clusters).cmp(&(&b.kind, &b.clusters)));
    rows
}

/// Mutes that ended before the week did, and those without an end.
pub(super) fn mutes(material: &WeeklyMaterial<'_>) -> Vec<MuteRow> {
    let until_ns = material.window().until_ns;
    material
        .config
        .mute
        .iter()
        .filter_map(|rule| {
            let until = rule.until.as_ref().map(crate::config::Until::text)?;
            let state = if until == "never" {
                "never"
            } else if rule.holds_at(until_ns - 1) {
                return None;
            } else {
                "expired"
            };
            let keys = [
                ("template", &rule.template),
                ("service", &rule.service),
                ("module", &rule.module),
                ("exception", &rule.exception),
            ];
            let matches: Vec<String> =
                keys.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_ref()?))).collect();
            Some(MuteRow {
                matches: matches.join(", "),
                reason: rule.reason.clone(),
                owner: rule.owner.clone(),
                until,
                state: state.to_owned(),
            })
        })
        .collect()
}

/// What changed between two readings of the same signatures: the template of each, before and now, by id and text.
///
/// The ids of the templates of now stand in `clusters`, until their clusters are known.
pub fn template_changes(
    pairs: &BTreeSet<(String, String)>,
    text: &dyn Fn(&str, bool) -> String,
) -> Vec<TemplateChange> {
    let mut by_now: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut by_before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (before, now) in pairs {
        by_now.entry(now).or_default().insert(before);
        by_before.entry(before).or_default().insert(now);
    }
    let texts = |ids: &BTreeSet<&str>, now: bool| ids.iter().map(|id| text(id, now)).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for (now, befores) in &by_now {
        let alone = befores.len() == 1 && by_before[befores.first().copied().unwrap_or_default()].len() == 1;
        let kind = match befores.len() {
            1 if alone && !befores.contains(now) => "reworded",
            1 => continue,
            _ => "merged",
        };
        rows.push(TemplateChange {
            kind: kind.into(),
            clusters: vec![(*now).to_owned()],
            before: texts(befores, false),
            now: vec![text(now, true)],
        });
    }
    for (before, nows) in by_before.iter().filter(|(_, nows)| nows.len() > 1) {
        rows.push(TemplateChange {
            kind: "split".into(),
            clusters: nows.iter().map(|id| (*id).to_owned()).collect(),
            before: vec![text(before, false)],
            now: texts(nows, true),
        });
    }
    rows
}

/// Adds one request to the routes of a week, if its cluster is one of requests.
pub fn add_request(
    routes: &mut BTreeMap<Route, RouteCount>,
    known: &BTreeMap<ClusterKey, Route>,
    key: &ClusterKey,
    status: Option<i64>,
    latency_ns: Option<i64>,
) {
    let Some(route) = known.get(key) else { return };
    let row = routes.entry(route.clone()).or_default();
    row.requests += 1;
    row.server_errors += u64::from(status.is_some_and(|status| status >= 500));
    row.latencies_ms.extend(latency_ns.map(|ns| ns as f64 / 1e6));
}
