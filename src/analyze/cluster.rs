//! What a cluster is made of, read from the queries.
//!
//! A cluster is one template in one project, service and kind. Everything else (severity, revision, place, stack, host) is a
//! breakdown inside it; the sums of entries and attached rows over all clusters are the rows of the window.

use std::collections::{BTreeMap, BTreeSet};

use super::{AnalyzeError, Silent, cadence, stats};
use crate::mine::{Form, TemplateSet};
use crate::query::{Engine, Table};
use crate::record::{Severity, error_type};

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
}

/// One stored entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Example {
    /// Its time.
    pub ts_ns: i64,
    /// The exporter's id.
    pub insert_id: Option<String>,
    /// Envelope severity.
    pub severity: Severity,
    /// What people read.
    pub message: String,
    /// The entry, where it was kept.
    pub raw: Option<String>,
    /// Content id of its file.
    pub file: String,
    /// Byte offset in the decoded file.
    pub offset: i64,
    /// Revision.
    pub revision: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// Trace.
    pub trace: Option<String>,
    /// Region.
    pub location: Option<String>,
}

/// The facts about one cluster.
#[derive(Debug, Clone, Default)]
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
    let (ids, projects, services, kinds) =
        (table.str("template_id")?, table.str("project")?, table.str("service")?, table.str("kind")?);
    let text = |column: &[Option<String>], at: usize| column[at].clone().unwrap_or_default();
    Ok((0..table.len())
        .map(|at| ClusterKey {
            template_id: text(ids, at),
            project: text(projects, at),
            service: text(services, at),
            kind: text(kinds, at),
        })
        .collect())
}

struct Book {
    at: BTreeMap<ClusterKey, usize>,
    clusters: Vec<Cluster>,
}

impl Book {
    /// The clusters of a query's rows, beside the row numbers.
    fn rows(&self, table: &Table) -> Result<Vec<(usize, usize)>, AnalyzeError> {
        Ok(keys(table)?.iter().enumerate().filter_map(|(row, key)| self.at.get(key).map(|at| (row, *at))).collect())
    }
}

fn count(column: &[Option<i64>], row: usize) -> u64 {
    column[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

fn text(column: &[Option<String>], row: usize) -> Option<String> {
    column[row].clone().filter(|text| !text.is_empty())
}

fn severity(column: &[Option<i64>], row: usize) -> Severity {
    column[row].and_then(Severity::from_number).unwrap_or_default()
}

/// Reads keys, templates, counts and severities only, for a window that another is compared with. Signatures are those of the
/// template, uncounted: by them an issue is found again that was filed before the template was as general as now.
pub fn sizes(engine: &Engine, templates: &TemplateSet) -> Result<Vec<Cluster>, AnalyzeError> {
    let mut book = base(engine, templates)?;
    severities(engine, &mut book)?;
    for cluster in &mut book.clusters {
        let members = templates.members(&cluster.key.template_id).iter();
        cluster.signatures = members.map(|signature| (signature.to_string(), 0)).collect();
    }
    Ok(book.clusters)
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

/// Reads every cluster of the engine's window, ordered by key.
pub fn clusters(engine: &Engine, templates: &TemplateSet) -> Result<Vec<Cluster>, AnalyzeError> {
    let mut book = base(engine, templates)?;
    breakdowns(engine, &mut book)?;
    places(engine, &mut book)?;
    requests(engine, &mut book)?;
    examples(engine, &mut book)?;
    let table = super::ask(engine, "insert_ids")?;
    let ids = table.str("insert_id")?;
    for (row, at) in book.rows(&table)? {
        book.clusters[at].insert_ids.extend(text(ids, row));
    }
    Ok(book.clusters)
}

fn base(engine: &Engine, templates: &TemplateSet) -> Result<Book, AnalyzeError> {
    let table = super::ask(engine, "cluster_sizes")?;
    let (entries, events, first, last) =
        (table.i64("entries")?, table.i64("events")?, table.i64("first_ns")?, table.i64("last_ns")?);
    let (instances, traces, users, empty) =
        (table.i64("instances")?, table.i64("traces")?, table.i64("users")?, table.i64("without_payload")?);
    let by_id: BTreeMap<&str, &crate::mine::Template> =
        templates.iter().map(|template| (template.id.as_str(), template)).collect();
    let mut book = Book { at: BTreeMap::new(), clusters: Vec::new() };
    for (row, key) in keys(&table)?.into_iter().enumerate() {
        let template = by_id.get(key.template_id.as_str());
        book.at.insert(key.clone(), book.clusters.len());
        book.clusters.push(Cluster {
            template: template.map(|template| template.text.clone()).unwrap_or_default(),
            canonical: template.map(|template| template.canonical.clone()).unwrap_or_default(),
            exception: template.and_then(|template| {
                // A stack that came row by row has its type in the first row only.
                template.exception.clone().or_else(|| error_type(&template.text).map(str::to_owned))
            }),
            data_quality: template.is_some_and(|template| template.form == Form::Empty),
            entries: count(entries, row),
            events: count(events, row),
            first_ns: first[row].unwrap_or(0),
            last_ns: last[row].unwrap_or(0),
            instances: count(instances, row),
            traces: count(traces, row),
            users: Some(count(users, row)).filter(|n| *n > 0),
            without_payload: count(empty, row),
            http: template.and_then(|template| request_of(&template.text)).filter(|_| key.kind == "request"),
            key,
            ..Cluster::default()
        });
    }
    // Method, route and status are part of what makes a request's id, so they are known of every cluster.
    for cluster in &mut book.clusters {
        cluster.http = request_of(&cluster.template).filter(|_| cluster.key.kind == "request");
    }
    attached(engine, &mut book)?;
    Ok(book)
}

/// Joiner and frame rows go to the cluster of their head, those without one to a cluster of the service.
fn attached(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = super::ask(engine, "attached")?;
    let (rows, first, last) = (table.i64("attached")?, table.i64("first_ns")?, table.i64("last_ns")?);
    for (row, mut key) in keys(&table)?.into_iter().enumerate() {
        let headless = key.template_id.is_empty();
        if headless {
            HEADLESS.clone_into(&mut key.template_id);
        }
        let at = *book.at.entry(key.clone()).or_insert_with(|| {
            book.clusters.push(Cluster {
                template: HEADLESS.into(),
                canonical: HEADLESS.into(),
                data_quality: true,
                key,
                ..Cluster::default()
            });
            book.clusters.len() - 1
        });
        let cluster = &mut book.clusters[at];
        cluster.attached += count(rows, row);
        if headless {
            let (first_ns, last_ns) = (first[row].unwrap_or(0), last[row].unwrap_or(0));
            cluster.first_ns = if cluster.first_ns == 0 { first_ns } else { cluster.first_ns.min(first_ns) };
            cluster.last_ns = cluster.last_ns.max(last_ns);
        }
    }
    Ok(())
}

fn severities(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = super::ask(engine, "cluster_severities")?;
    let (envelope, effective, reasons, n) = (
        table.i64("severity")?,
        table.i64("effective_severity")?,
        table.str("effective_reason")?,
        table.i64("entries")?,
    );
    for (row, at) in book.rows(&table)? {
        let cluster = &mut book.clusters[at];
        *cluster.severities.entry(severity(envelope, row)).or_default() += count(n, row);
        *cluster.effective.entry(severity(effective, row)).or_default() += count(n, row);
        if let Some(reason) = text(reasons, row) {
            *cluster.reasons.entry(reason).or_default() += count(n, row);
        }
    }
    Ok(())
}

fn breakdowns(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    severities(engine, book)?;
    let table = super::ask(engine, "cluster_revisions")?;
    let (names, n, first) = (table.str("revision")?, table.i64("entries")?, table.i64("first_ns")?);
    for (row, at) in book.rows(&table)? {
        if let Some(name) = text(names, row) {
            book.clusters[at].revisions.insert(name, (count(n, row), first[row].unwrap_or(0)));
        }
    }
    let table = super::ask(engine, "cluster_days")?;
    let (names, n) = (table.str("day")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].days.insert(text(names, row).unwrap_or_default(), count(n, row));
    }
    let table = super::ask(engine, "cluster_events")?;
    let at_ns = table.i64("at_ns")?;
    for (row, at) in book.rows(&table)? {
        book.clusters[at].times_ns.extend(at_ns[row]);
    }
    for cluster in &mut book.clusters {
        cluster.times_ns.sort_unstable();
        cluster.episodes = cadence::episodes(&cluster.times_ns);
    }
    let table = super::ask(engine, "signatures")?;
    let (ids, n) = (table.str("sig_id")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].signatures.insert(text(ids, row).unwrap_or_default(), count(n, row));
    }
    Ok(())
}

fn places(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = super::ask(engine, "cluster_places")?;
    let (modules, functions, lines, n) =
        (table.str("module")?, table.str("function")?, table.i64("line")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        let cluster = &mut book.clusters[at];
        let place = (text(modules, row).unwrap_or_default(), text(functions, row).unwrap_or_default());
        if !(place.0.is_empty() && place.1.is_empty()) {
            *cluster.places.entry(place).or_default() += count(n, row);
        }
        if let Some(line) = lines[row].filter(|line| *line >= 0)
            && !cluster.lines.contains(&line)
        {
            cluster.lines.push(line);
        }
    }
    book.clusters.iter_mut().for_each(|cluster| cluster.lines.sort_unstable());
    let table = super::ask(engine, "cluster_stacks")?;
    let (ids, n) = (table.str("stack_id")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].stacks.insert(text(ids, row).unwrap_or_default(), count(n, row));
    }
    Ok(())
}

fn requests(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = super::ask(engine, "cluster_hosts")?;
    let (hosts, n) = (table.str("host")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        if let (Some(http), Some(host)) = (&mut book.clusters[at].http, text(hosts, row)) {
            http.hosts.insert(host, count(n, row));
        }
    }
    let table = super::ask(engine, "request_latencies")?;
    let (status, latency) = (table.i64("status")?, table.i64("latency_ns")?);
    for (row, at) in book.rows(&table)? {
        if let Some(http) = &mut book.clusters[at].http {
            http.status = http.status.or_else(|| status[row].and_then(|status| i32::try_from(status).ok()));
            http.latencies_ms.extend(latency[row].map(|ns| ns as f64 / 1e6));
        }
    }
    for http in book.clusters.iter_mut().filter_map(|cluster| cluster.http.as_mut()) {
        http.latencies_ms.sort_by(f64::total_cmp);
    }
    Ok(())
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

fn examples(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = super::ask(engine, "examples")?;
    let (ts, ids, severities, messages, raws) = (
        table.i64("ts_ns")?,
        table.str("insert_id")?,
        table.i64("severity")?,
        table.str("message")?,
        table.str("raw")?,
    );
    let (files, offsets, revisions) = (table.str("file")?, table.i64("byte_offset")?, table.str("revision")?);
    let (instances, traces, locations) = (table.str("instance")?, table.str("trace")?, table.str("location")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].example = Some(Example {
            ts_ns: ts[row].unwrap_or(0),
            insert_id: text(ids, row),
            severity: severity(severities, row),
            message: messages[row].clone().unwrap_or_default(),
            raw: text(raws, row),
            file: text(files, row).unwrap_or_default(),
            offset: offsets[row].unwrap_or(0),
            revision: text(revisions, row),
            instance: text(instances, row),
            trace: text(traces, row),
            location: text(locations, row),
        });
    }
    Ok(())
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
