//! What a cluster is made of, read from the queries.
//!
//! A cluster is one template in one project, service and kind. Everything else (severity, revision, place, stack, host) is a
//! breakdown inside it; the sums of entries and attached rows over all clusters are the rows of the window.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{AnalyzeError, Silent, cadence, filter, stats};
use crate::mine::{Form, TemplateSet};
use crate::query::{AttachedRows, ClusterFacts, ClusterRows, Engine, Example, Facts, Table};
use crate::record::{Severity, error_type};
use crate::time::day_name;

/// Template of rows of an event whose first row was not exported.
pub(super) const HEADLESS: &str = "<stack without head>";

/// What makes a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterKey {
    /// Id of the template.
    pub template_id: String,
    /// Project, or empty.
    pub project: String,
    /// Service, or empty.
    pub service: String,
    /// app, request, system, audit or build.
    pub kind: String,
}

/// Requests of a cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpStats {
    /// Verb.
    pub method: String,
    /// Route with ids masked.
    pub route: String,
    /// Response status.
    pub status: Option<i32>,
    /// Entries per host.
    pub hosts: BTreeMap<String, u64>,
    /// Latencies in milliseconds, ascending.
    pub latencies_ms: Vec<f64>,
    /// Some of them by hour since 1970, at most [`A_HOUR`] each, evenly over the order; ascending.
    pub hourly_ms: Vec<(i64, f64)>,
}

/// Latencies kept of an hour: enough to see when they changed.
const A_HOUR: usize = 20;

/// Latencies with their hours, ascending by latency, thinned to what is kept of each hour.
pub(super) fn hourly(rows: impl Iterator<Item = (i64, f64)>) -> Vec<(i64, f64)> {
    let mut hours: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (hour, ms) in rows {
        hours.entry(hour).or_default().push(ms);
    }
    let thin = |(hour, all): (i64, Vec<f64>)| {
        let n = all.len().min(A_HOUR);
        (0..n).map(move |at| (hour, all[at * all.len() / n])).collect::<Vec<_>>()
    };
    hours.into_iter().flat_map(thin).collect()
}

/// The facts about one cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cluster {
    /// What makes it.
    pub key: ClusterKey,
    /// Template text for people.
    pub template: String,
    /// Template text that ids are made of.
    pub canonical: String,
    /// Exception type of its template.
    pub exception: Option<String>,
    /// It has neither payload nor request, or is the rows of headless stacks.
    pub data_quality: bool,
    /// Rows.
    pub entries: u64,
    /// Joiner and frame rows of its events.
    pub attached: u64,
    /// Events.
    pub events: u64,
    /// Events with gaps of at most 15 minutes.
    pub episodes: u64,
    /// Oldest row.
    pub first_ns: i64,
    /// Newest row.
    pub last_ns: i64,
    /// First row of each event, ascending.
    pub times_ns: Vec<i64>,
    /// Rows per envelope severity.
    pub severities: BTreeMap<Severity, u64>,
    /// Rows per effective severity.
    pub effective: BTreeMap<Severity, u64>,
    /// Why rows were raised, with their number.
    pub reasons: BTreeMap<String, u64>,
    /// Rows and first row per revision.
    pub revisions: BTreeMap<String, (u64, i64)>,
    /// Rows per (module, function).
    pub places: BTreeMap<(String, String), u64>,
    /// Source lines.
    pub lines: Vec<i64>,
    /// Rows per stack.
    pub stacks: BTreeMap<String, u64>,
    /// Rows per UTC day.
    pub days: BTreeMap<String, u64>,
    /// Distinct instances.
    pub instances: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Distinct users; `None` when no row names one.
    pub users: Option<u64>,
    /// Rows without payload.
    pub without_payload: u64,
    /// Requests.
    pub http: Option<HttpStats>,
    /// One stored entry.
    pub example: Option<Example>,
    /// Rows per signature.
    pub signatures: BTreeMap<String, u64>,
    /// Ids of its oldest rows, at most five.
    pub insert_ids: Vec<String>,
    /// What a filter asks for, once entries were looked at ([`quote`]).
    pub asked: Option<filter::Asked>,
    /// It came in every hour and is gone; for the cluster of a silent service, that.
    pub silent: Option<Silent>,
}

impl Default for ClusterKey {
    fn default() -> Self {
        Self { template_id: String::new(), project: String::new(), service: String::new(), kind: "app".into() }
    }
}

impl Cluster {
    /// Whether the window holds anything of it.
    pub fn is_present(&self) -> bool {
        self.entries + self.attached > 0
    }

    /// Whether the window shows something of it: rows, or that they stopped.
    pub fn is_shown(&self) -> bool {
        self.is_present() || self.silent.is_some()
    }

    /// Whether it is of WARNING or above, or went silent.
    pub fn is_loud(&self) -> bool {
        self.silent.is_some() || self.effective_severity() >= Severity::Warning
    }

    /// Envelope severity of most rows; the higher one of equals.
    pub fn severity(&self) -> Severity {
        self.severities
            .iter()
            .max_by_key(|(severity, n)| (**n, **severity))
            .map_or(Severity::Default, |(severity, _)| *severity)
    }

    /// Highest effective severity that at least 10 % of the rows have.
    pub fn effective_severity(&self) -> Severity {
        self.effective
            .iter()
            .rev()
            .find(|(_, n)| **n * 10 >= self.entries)
            .map_or(Severity::Default, |(severity, _)| *severity)
    }

    /// Module and function of most rows; the first by name of equals.
    pub fn place(&self) -> (Option<&str>, Option<&str>) {
        let best = self.places.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        let text = |text: &'_ str| !text.is_empty();
        best.map_or((None, None), |((module, function), _)| {
            (Some(module.as_str()).filter(|m| text(m)), Some(function.as_str()).filter(|f| text(f)))
        })
    }
}

/// Reads a key's four columns.
pub(crate) fn keys(table: &Table) -> Result<Vec<ClusterKey>, AnalyzeError> {
    Ok(table.clusters()?.into_iter().map(ClusterKey::from).collect())
}

/// Reads keys, templates, counts and severities only, for a window that another is compared with. Signatures are those of the
/// template, uncounted: by them an issue is found again that was filed before the template was as general as now.
pub fn sizes(engine: &Engine, templates: &TemplateSet) -> Result<Vec<Cluster>, AnalyzeError> {
    let mut clusters = of_facts(engine.sizes()?, templates);
    for cluster in &mut clusters {
        let members = templates.members(&cluster.key.template_id).iter();
        cluster.signatures = members.map(|signature| (signature.to_string(), 0)).collect();
    }
    Ok(clusters)
}

/// Clusters that were seen before and are not among those of the window: without entries, first and last seen as before.
pub fn absent(clusters: &[Cluster], before: &[Cluster]) -> Vec<Cluster> {
    let present: BTreeSet<&ClusterKey> = clusters.iter().map(|cluster| &cluster.key).collect();
    let gone = before.iter().filter(|earlier| !present.contains(&earlier.key) && !earlier.data_quality);
    let none = |levels: &BTreeMap<Severity, u64>| {
        // The level stays known, of those that count for it; nothing is counted.
        let most = levels.values().copied().max().unwrap_or(0);
        levels.iter().filter(|(_, n)| **n * 10 >= most).map(|(severity, _)| (*severity, 0)).collect()
    };
    gone.map(|earlier| Cluster {
        key: earlier.key.clone(),
        template: earlier.template.clone(),
        canonical: earlier.canonical.clone(),
        exception: earlier.exception.clone(),
        http: earlier.http.clone(),
        signatures: earlier.signatures.clone(),
        first_ns: earlier.first_ns,
        last_ns: earlier.last_ns,
        severities: none(&earlier.severities),
        effective: none(&earlier.effective),
        ..Cluster::default()
    })
    .collect()
}

/// Reads every cluster of the engine's window, ordered by key; clusters of headless stacks come last.
pub fn clusters(engine: &Engine, templates: &TemplateSet) -> Result<Vec<Cluster>, AnalyzeError> {
    Ok(of_facts(engine.facts()?, templates))
}

/// Completes the examples of some clusters with the entries as they were stored, and finds in them what a filter can ask for.
pub fn quote(engine: &Engine, clusters: &mut [&mut Cluster]) -> Result<(), AnalyzeError> {
    let mut raws = engine.raws(&clusters.iter().map(|cluster| cluster.key.rows()).collect())?;
    let mut samples = Vec::with_capacity(clusters.len());
    for cluster in &mut *clusters {
        let mut own = raws.remove(&cluster.key.rows()).unwrap_or_default();
        own.samples.extend(own.example.clone());
        samples.push(own.samples);
        if let Some(example) = &mut cluster.example {
            example.raw = own.example;
        }
    }
    filter::ask(clusters, &samples);
    Ok(())
}

fn of_facts(facts: Facts, templates: &TemplateSet) -> Vec<Cluster> {
    let by_id: BTreeMap<&str, &crate::mine::Template> =
        templates.iter().map(|template| (template.id.as_str(), template)).collect();
    let of = |facts: ClusterFacts| {
        let template = by_id.get(facts.key.template_id.as_str());
        of_cluster(facts, template.copied())
    };
    let mut clusters: Vec<Cluster> = facts.clusters.into_par_iter().map(of).collect();
    attach(&mut clusters, facts.attached);
    clusters
}

fn of_cluster(facts: ClusterFacts, template: Option<&crate::mine::Template>) -> Cluster {
    let mut cluster = Cluster {
        key: facts.key.into(),
        template: template.map(|template| template.text.clone()).unwrap_or_default(),
        canonical: template.map(|template| template.canonical.clone()).unwrap_or_default(),
        exception: template.and_then(|template| {
            // A stack that came row by row has its type in the first row only.
            template.exception.clone().or_else(|| error_type(&template.text).map(str::to_owned))
        }),
        data_quality: template.is_some_and(|template| template.form == Form::Empty),
        entries: facts.entries,
        events: facts.events,
        episodes: cadence::episodes(&facts.times_ns),
        first_ns: facts.first_ns,
        last_ns: facts.last_ns,
        times_ns: facts.times_ns,
        revisions: facts.revisions.into_iter().collect(),
        stacks: facts.stacks.into_iter().collect(),
        days: facts.days.into_iter().map(|(day, n)| (day_name(day), n)).collect(),
        instances: facts.instances,
        traces: facts.traces,
        users: Some(facts.users).filter(|n| *n > 0),
        without_payload: facts.without_payload,
        signatures: facts.signatures.into_iter().map(|(sig, n)| (sig.to_string(), n)).collect(),
        insert_ids: facts.insert_ids,
        example: facts.example,
        ..Cluster::default()
    };
    for ((envelope, effective, reason), n) in facts.severities {
        let level = |number: i64| Severity::from_number(number).unwrap_or_default();
        *cluster.severities.entry(level(envelope)).or_default() += n;
        *cluster.effective.entry(level(effective)).or_default() += n;
        if !reason.is_empty() {
            *cluster.reasons.entry(reason).or_default() += n;
        }
    }
    let mut lines = BTreeSet::new();
    for ((module, function, line), n) in facts.places {
        if !(module.is_empty() && function.is_empty()) {
            *cluster.places.entry((module, function)).or_default() += n;
        }
        lines.extend(Some(line).filter(|line| *line >= 0));
    }
    cluster.lines = lines.into_iter().collect();
    cluster.http = request_of(&cluster.template).filter(|_| cluster.key.kind == "request").map(|http| HttpStats {
        hosts: facts.hosts.into_iter().collect(),
        status: http.status.or_else(|| facts.requests.first().map(|(status, ..)| *status)),
        latencies_ms: facts.requests.iter().filter_map(|(.., ns)| ns.map(|ns| ns as f64 / 1e6)).collect(),
        hourly_ms: hourly(
            facts.requests.iter().filter_map(|(_, hour, ns)| Some((i64::from(*hour), (*ns)? as f64 / 1e6))),
        ),
        ..http
    });
    cluster
}

/// Joiner and frame rows go to the cluster of their head, those without one to a cluster of the service.
fn attach(clusters: &mut Vec<Cluster>, attached: Vec<AttachedRows>) {
    let at: BTreeMap<ClusterKey, usize> =
        clusters.iter().enumerate().map(|(at, cluster)| (cluster.key.clone(), at)).collect();
    for rows in attached {
        let ClusterRows { template_id, project, service, kind } = rows.key;
        let headless = template_id.is_empty();
        let template_id = if headless { HEADLESS.to_owned() } else { template_id };
        let key = ClusterKey { template_id, project, service, kind };
        if let Some(known) = at.get(&key) {
            clusters[*known].attached += rows.rows;
            continue;
        }
        clusters.push(Cluster {
            template: HEADLESS.into(),
            canonical: HEADLESS.into(),
            data_quality: true,
            attached: rows.rows,
            first_ns: if headless { rows.first_ns } else { 0 },
            last_ns: if headless { rows.last_ns } else { 0 },
            key,
            ..Cluster::default()
        });
    }
}

impl ClusterKey {
    /// As queries name it.
    pub(super) fn rows(&self) -> ClusterRows {
        let Self { template_id, project, service, kind } = self.clone();
        ClusterRows { template_id, project, service, kind }
    }
}

impl From<ClusterRows> for ClusterKey {
    fn from(rows: ClusterRows) -> Self {
        let ClusterRows { template_id, project, service, kind } = rows;
        Self { template_id, project, service, kind }
    }
}

impl HttpStats {
    /// Median, 95th percentile and greatest latency in milliseconds.
    pub fn latency(&self) -> Option<(f64, f64, f64)> {
        Some((
            stats::quantile(&self.latencies_ms, 0.5)?,
            stats::quantile(&self.latencies_ms, 0.95)?,
            *self.latencies_ms.last()?,
        ))
    }
}

/// Method, route and status of a template such as `GET /users/<*> -> 503`.
pub(super) fn request_of(template: &str) -> Option<HttpStats> {
    let (front, status) = template.rsplit_once(" -> ")?;
    let (method, route) = front.split_once(' ')?;
    Some(HttpStats {
        method: method.to_owned(),
        route: route.to_owned(),
        status: status.parse().ok(),
        ..HttpStats::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_severity_is_the_highest_that_a_tenth_has() {
        let mut cluster = Cluster { entries: 100, ..Cluster::default() };
        cluster.effective = BTreeMap::from([(Severity::Info, 85), (Severity::Warning, 11), (Severity::Error, 4)]);
        assert_eq!(cluster.effective_severity(), Severity::Warning);
        cluster.effective = BTreeMap::from([(Severity::Info, 90), (Severity::Error, 10)]);
        assert_eq!(cluster.effective_severity(), Severity::Error);
        assert_eq!(Cluster::default().effective_severity(), Severity::Default);
    }

    #[test]
    fn a_request_template_names_method_route_and_status() {
        let http = request_of("GET /users/<*> -> 503").expect("request");
        assert_eq!((http.method.as_str(), http.route.as_str(), http.status), ("GET", "/users/<*>", Some(503)));
        assert_eq!(request_of("hello"), None);
    }

    #[test]
    fn the_place_of_most_rows_wins_and_ties_go_to_the_first_name() {
        let places = [(("b", ""), 3), (("a", "f"), 3), (("z", "g"), 1)];
        let cluster = Cluster {
            places: places.into_iter().map(|((m, f), n)| ((m.to_owned(), f.to_owned()), n)).collect(),
            ..Cluster::default()
        };
        assert_eq!(cluster.place(), (Some("a"), Some("f")));
    }
}
