//! How requests fare, by route: how many, how many fail, how long they take, and what of it changed.
//!
//! A route is method and path with ids masked; its statuses are clusters of their own, so the counts are sums over clusters.
//! Failures are compared with requests as exposure, by the formula of every other rate; requests of one burst are not
//! independent, so the dispersion of an incident window is taken. Latencies are compared by ranks, with the same veto of
//! small effects as any value; where the window as a whole is not slower, the hour is looked for since when it is
//! ([`Turn`]).

use std::collections::BTreeMap;

use super::cluster::{hourly, keys, request_of};
use super::stats::contrast::DISPERSION;
use super::stats::drift::{Drift, MIN_SHIFT, Slot, drifts};
use super::stats::multiple::{adjust, claimed};
use super::stats::rate::Counts;
use super::stats::turn::{self, Since, Turn};
use super::{AnalyzeError, Before, Cluster, ClusterKey, Coverage, changes, stats};
use crate::mine::TemplateSet;
use crate::query::Engine;
use crate::record::Severity;
use crate::time::{HOUR_NS, rfc3339_seconds};

/// Latencies of a side that are compared, evenly over the order.
const MOST: usize = 500;

/// Latencies in milliseconds with their hours since 1970.
type Hourly = Vec<(i64, f64)>;

/// Project, service, method and route.
pub type RouteKey = (String, String, String, String);

/// Latency of some requests, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Requests with one.
    pub n: usize,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Greatest.
    pub max: f64,
}

impl Latency {
    /// Of ascending values; `None` for none.
    fn of(sorted: &[f64]) -> Option<Self> {
        let (p50, p95) = (stats::quantile(sorted, 0.5)?, stats::quantile(sorted, 0.95)?);
        Some(Self { n: sorted.len(), p50, p95, max: *sorted.last()? })
    }
}

/// Requests of one route.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route {
    /// Which.
    pub key: RouteKey,
    /// Requests per status.
    pub statuses: BTreeMap<i32, u64>,
    /// Requests.
    pub requests: u64,
    /// Of those, answered 5xx.
    pub failed: u64,
    /// Covered hours.
    pub hours: f64,
    /// Requests of the time before the window, and those answered 5xx.
    pub before: Option<(u64, u64)>,
    /// Latency.
    pub latency: Option<Latency>,
    /// Latency in the days next to the window.
    pub latency_before: Option<Latency>,
    /// What changed, for a reader.
    pub changes: Vec<String>,
    /// Of that, what got worse: slower, or more failures.
    pub worse: Vec<String>,
}

impl Route {
    fn tell(&mut self, sentence: String, worse: bool) {
        self.worse.extend(worse.then(|| sentence.clone()));
        self.changes.push(sentence);
    }
}

/// Latencies per route, in milliseconds, ascending.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    routes: BTreeMap<RouteKey, Vec<f64>>,
    /// Some of them by hour, ascending by hour and value.
    hourly: BTreeMap<RouteKey, Hourly>,
}

fn key_of(cluster: &ClusterKey, template: &str) -> Option<(RouteKey, Option<i32>)> {
    let http = request_of(template).filter(|_| cluster.kind == "request")?;
    Some(((cluster.project.clone(), cluster.service.clone(), http.method, http.route), http.status))
}

/// Reads the latencies of a window.
pub fn latencies(engine: &Engine, templates: &TemplateSet) -> Result<Latencies, AnalyzeError> {
    let table = super::ask(engine, "request_latencies")?;
    let (latency, hour) = (table.i64("latency_ns")?, table.i64("hour_ns")?);
    let mut found = Latencies::default();
    let mut known: BTreeMap<ClusterKey, Option<RouteKey>> = BTreeMap::new();
    for (row, key) in keys(&table)?.into_iter().enumerate() {
        let Some(ns) = latency[row] else { continue };
        let route = known.entry(key).or_insert_with_key(|key| {
            let template = templates.by_id(&key.template_id)?;
            key_of(key, &template.text).map(|(route, _)| route)
        });
        if let Some(route) = route {
            found.routes.entry(route.clone()).or_default().push(ns as f64 / 1e6);
            if let Some(hour) = hour[row].map(|ns| ns.div_euclid(HOUR_NS)) {
                found.hourly.entry(route.clone()).or_default().push((hour, ns as f64 / 1e6));
            }
        }
    }
    for values in found.routes.values_mut() {
        values.sort_by(f64::total_cmp);
    }
    for values in found.hourly.values_mut() {
        values.sort_by(|a, b| a.1.total_cmp(&b.1));
        *values = hourly(values.drain(..));
    }
    Ok(found)
}

/// The routes of a window, most requests first.
pub(crate) fn routes(clusters: &[Cluster], before: &Before, seen: &Coverage) -> Vec<Route> {
    let mut routes: BTreeMap<RouteKey, (Route, Vec<f64>, Hourly)> = BTreeMap::new();
    for cluster in clusters.iter().filter(|cluster| cluster.is_present()) {
        let Some((key, status)) = key_of(&cluster.key, &cluster.template) else { continue };
        let (route, values, hourly) =
            routes.entry(key.clone()).or_insert_with(|| (Route { key, ..Route::default() }, Vec::new(), Vec::new()));
        route.requests += cluster.entries;
        route.failed += if status.is_some_and(|status| status >= 500) { cluster.entries } else { 0 };
        *route.statuses.entry(status.unwrap_or(0)).or_default() += cluster.entries;
        route.hours = route.hours.max(seen.hours_of(cluster));
        values.extend(cluster.http.iter().flat_map(|http| &http.latencies_ms));
        hourly.extend(cluster.http.iter().flat_map(|http| &http.hourly_ms));
    }
    let mut earlier: BTreeMap<RouteKey, (u64, u64)> = BTreeMap::new();
    for cluster in &before.clusters {
        let Some((key, status)) = key_of(&cluster.key, &cluster.template) else { continue };
        let sum = earlier.entry(key).or_default();
        sum.0 += cluster.entries;
        sum.1 += if status.is_some_and(|status| status >= 500) { cluster.entries } else { 0 };
    }
    let (none, no_hours) = (Vec::new(), Hourly::new());
    let (mut slots, mut turns) = (Vec::with_capacity(routes.len()), Vec::with_capacity(routes.len()));
    let mut unusual = Vec::with_capacity(routes.len());
    let mut found: Vec<Route> = routes
        .into_values()
        .map(|(mut route, mut values, mut hourly)| {
            values.sort_by(f64::total_cmp);
            route.latency = Latency::of(&values);
            // Where only failures were exported, they are compared with nothing.
            if !is_whole(seen, &route.key.1) || !is_whole(&before.coverage, &route.key.1) {
                slots.push(Slot::default());
                turns.push(None);
                unusual.push(false);
                return route;
            }
            let old = before.latencies.routes.get(&route.key).unwrap_or(&none);
            let old_hours = before.latencies.hourly.get(&route.key).unwrap_or(&no_hours);
            route.latency_before = Latency::of(old);
            route.before = earlier.get(&route.key).copied();
            slots.push(Slot { before: thin(old), after: thin(&values), measured: true });
            hourly.retain(|(hour, _)| is_routine(seen, &route.key.1, *hour));
            hourly.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            turns.push(Turn::of(old_hours, &hourly));
            let slower = route.latency.zip(route.latency_before).is_some_and(|(new, old)| new.p50 > old.p50);
            unusual.push(turn::is_unusual(old_hours, &hourly, slower));
            route
        })
        .collect();
    failures(&mut found);
    let since = turn::told(&turns);
    for (((route, drift), since), unusual) in found.iter_mut().zip(drifts(&slots)).zip(since).zip(unusual) {
        let moved = match drift {
            Some(Drift::Shift { shift, .. }) => Some(shift),
            Some(Drift::Constant { from, to, .. }) if (to - from).abs() >= MIN_SHIFT * from.abs() => Some(to - from),
            _ => None,
        };
        if let (Some(shift), Some(old), Some(new)) = (moved, route.latency_before, route.latency) {
            let ms = changes::short;
            let sentence = format!(
                "takes {} ms in the median and {} ms at the 95th percentile ({} requests), before {} ms and {} ms ({})",
                ms(new.p50),
                ms(new.p95),
                new.n,
                ms(old.p50),
                ms(old.p95),
                old.n
            );
            // The slow hours of every night are no change for the worse.
            route.tell(sentence, shift > 0.0 && unusual);
        } else if let Some(since) = since {
            route.tell(turned(since), since.is_slower());
        }
    }
    found.sort_by(|a, b| b.requests.cmp(&a.requests).then(a.key.cmp(&b.key)));
    found
}

/// Whether requests that succeed were exported like those that fail; so they were where nothing is known of a service.
fn is_whole(coverage: &Coverage, service: &str) -> bool {
    coverage.services.get(service).is_none_or(|own| own.is_whole(Severity::Info))
}

/// Whether requests that succeed were exported in some of an hour.
fn is_routine(coverage: &Coverage, service: &str, hour: i64) -> bool {
    let (from, until) = (hour * HOUR_NS, (hour + 1) * HOUR_NS);
    let intervals = coverage.services.get(service).map_or(&[][..], |own| own.at(Severity::Info));
    let next = intervals.partition_point(|(_, to)| *to < from);
    intervals.get(next).is_some_and(|(begin, _)| *begin < until)
}

/// Since when a route is slower, or faster.
fn turned(since: Since) -> String {
    let ms = changes::short;
    format!(
        "takes {} ms in the median and {} ms at the 95th percentile since {}, before {} ms and {} ms",
        ms(since.after.0),
        ms(since.after.1),
        rfc3339_seconds(since.hour * HOUR_NS),
        ms(since.before.0),
        ms(since.before.1),
    )
}

fn thin(sorted: &[f64]) -> Vec<(i64, f64)> {
    let n = sorted.len().min(MOST);
    (0..n).map(|at| (0, sorted[at * sorted.len() / n])).collect()
}

/// Says where the share of failed requests rose or fell.
fn failures(routes: &mut [Route]) {
    let counts: Vec<Option<Counts>> = routes
        .iter()
        .map(|route| {
            let (requests, failed) = route.before.filter(|(requests, _)| *requests > 0)?;
            let (t0, t1) = (requests as f64, route.requests as f64);
            Some(Counts { e0: failed, e1: route.failed, t0, t1, d: DISPERSION })
        })
        .collect();
    let adjusted = adjust(&counts.iter().map(|counts| Some(counts.as_ref()?.p_two_sided())).collect::<Vec<_>>());
    for ((route, counts), q) in routes.iter_mut().zip(counts).zip(adjusted) {
        let Some(counts) = counts.filter(|counts| claimed(q) && (counts.rises() || counts.falls())) else { continue };
        let sentence =
            format!("{} of {} requests answer 5xx, before {} of {}", counts.e1, route.requests, counts.e0, counts.t0);
        route.tell(sentence, counts.rises());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::{HttpStats, ServiceCoverage};

    fn cluster(template: &str, entries: u64, latencies_ms: Vec<f64>) -> Cluster {
        let http = HttpStats { latencies_ms, ..HttpStats::default() };
        let key = ClusterKey { template_id: template.into(), kind: "request".into(), ..ClusterKey::default() };
        Cluster { key, template: template.into(), entries, http: Some(http), ..Cluster::default() }
    }

    fn of(now: &[Cluster], earlier: Vec<Cluster>, old: Vec<f64>) -> Vec<Route> {
        let key: RouteKey = (String::new(), String::new(), "GET".into(), "/a".into());
        let latencies = Latencies { routes: BTreeMap::from([(key, old)]), ..Latencies::default() };
        let before = Before { clusters: earlier, latencies, ..Before::default() };
        routes(now, &before, &Coverage::default())
    }

    #[test]
    fn statuses_of_one_route_are_added_up() {
        let found = of(
            &[
                cluster("GET /a -> 200", 90, vec![10.0; 90]),
                cluster("GET /a -> 503", 10, vec![]),
                cluster("GET /b -> 200", 500, vec![]),
            ],
            vec![],
            vec![],
        );
        assert_eq!(
            found.iter().map(|route| (route.key.3.as_str(), route.requests)).collect::<Vec<_>>(),
            [("/b", 500), ("/a", 100)]
        );
        assert_eq!(
            (found[1].failed, found[1].before, &found[1].statuses),
            (10, None, &BTreeMap::from([(200, 90), (503, 10)]))
        );
        assert_eq!(found[1].latency.map(|latency| (latency.n, latency.p95)), Some((90, 10.0)));
        assert!(found.iter().all(|route| route.changes.is_empty()), "nothing is known of the time before");
        assert!(of(&[], vec![], vec![]).is_empty());
    }

    #[test]
    fn one_request_and_one_huge_count_are_told_without_a_claim_of_chance() {
        let one = of(&[cluster("GET /a -> 500", 1, vec![1e300])], vec![cluster("GET /a -> 200", 1, vec![])], vec![1.0]);
        assert_eq!((one[0].requests, one[0].failed, one[0].before), (1, 1, Some((1, 0))));
        assert!(one[0].changes.is_empty(), "{:?}", one[0].changes);
        let n = u64::MAX / 8;
        let huge = of(&[cluster("GET /a -> 200", n, vec![])], vec![cluster("GET /a -> 200", n, vec![])], vec![]);
        assert!(huge[0].requests == n && huge[0].changes.is_empty(), "{:?}", huge[0]);
    }

    #[test]
    fn where_only_failures_were_exported_nothing_got_worse() {
        let seen = |severity: Severity| {
            let own = ServiceCoverage {
                intervals: vec![(0, 1_000 * HOUR_NS)],
                severities: BTreeMap::from([(severity, vec![(0, 1_000 * HOUR_NS)])]),
                ..ServiceCoverage::default()
            };
            Coverage { services: BTreeMap::from([(String::new(), own)]), ..Coverage::default() }
        };
        let earlier = vec![cluster("GET /a -> 200", 4_000, vec![]), cluster("GET /a -> 500", 40, vec![])];
        let now = [cluster("GET /a -> 500", 40, vec![])];
        let told = |severity| {
            let before = Before { clusters: earlier.clone(), ..Before::default() };
            routes(&now, &before, &seen(severity)).remove(0)
        };
        assert_eq!(told(Severity::Info).worse, ["40 of 40 requests answer 5xx, before 40 of 4040"]);
        let errors = told(Severity::Error);
        assert!(errors.changes.is_empty() && errors.before.is_none(), "{errors:?}");
        assert!(is_routine(&seen(Severity::Info), "", 5) && !is_routine(&seen(Severity::Error), "", 5));
        assert!(!is_routine(&seen(Severity::Info), "", 1_001));
    }

    #[test]
    fn more_failures_and_longer_waits_are_told_and_chance_is_not() {
        let old: Vec<f64> = (0..200).map(|n| 100.0 + f64::from(n % 20)).collect();
        let slow: Vec<f64> = old.iter().map(|ms| ms * 2.0).collect();
        let earlier = vec![cluster("GET /a -> 200", 4_000, vec![]), cluster("GET /a -> 500", 4, vec![])];
        let now = [cluster("GET /a -> 200", 200, slow), cluster("GET /a -> 500", 40, vec![])];
        let found = of(&now, earlier.clone(), old.clone());
        assert_eq!(found[0].changes[0], "40 of 240 requests answer 5xx, before 4 of 4004");
        assert!(found[0].changes[1].starts_with("takes 219 ms in the median"), "{:?}", found[0].changes);
        let same = [cluster("GET /a -> 200", 200, old.clone()), cluster("GET /a -> 500", 1, vec![1e300])];
        assert!(of(&same, earlier, old)[0].changes.is_empty());
    }
}
