//! The report of one window, from its analysis: ids, words and times are made here, nothing is counted.
//!
//! Every list is complete and ordered; a document may cut it, and says so.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::facts;
use super::sentences;
use super::v1;
use crate::analyze::{
    Analysis, Cadence, Cluster, Coverage, Parameter, Ranked, ServiceCoverage, Status, explorer_url, fetch_command,
    logging_filter,
};
use crate::config::Config;
use crate::issue::{Fingerprint, FingerprintParts, FingerprintText, cluster_ids, issue_signature, top_signatures};
use crate::record::Severity;
use crate::record::ingest::FileReport;
use crate::store::Deploy;
use crate::time::{HOUR_NS, Window, day_name, local, rfc3339, words};

/// Letters of a message in a report.
const MESSAGE: usize = 20_000;
/// Letters of a title.
const TITLE: usize = 96;
/// Share of rows without payload from which the collector is at fault.
pub const PAYLOAD_LESS: f64 = 0.2;

/// Rows of one project, service, kind and severity.
#[derive(Debug, Clone)]
pub struct TotalRow {
    /// Project.
    pub project: String,
    /// Service.
    pub service: String,
    /// Kind.
    pub kind: String,
    /// Envelope severity.
    pub severity: Severity,
    /// Effective severity.
    pub effective: Severity,
    /// Rows.
    pub n: u64,
    /// Rows without payload.
    pub without_payload: u64,
    /// Oldest row.
    pub first_ns: i64,
    /// Newest row.
    pub last_ns: i64,
}

/// All that a report is made of.
#[derive(Debug)]
pub struct Material<'a> {
    /// The analysis.
    pub analysis: &'a Analysis,
    /// Variables per cluster, in the analysis' order.
    pub parameters: &'a [Vec<Parameter>],
    /// Coverage of the window.
    pub coverage: &'a Coverage,
    /// Sums.
    pub totals: &'a [TotalRow],
    /// Deploys in the window.
    pub deploys: &'a [Deploy],
    /// Files of the store.
    pub files: &'a [FileReport],
    /// Configuration.
    pub config: &'a Config,
    /// The window.
    pub window: Window,
    /// Zone of display.
    pub zone: &'a TimeZone,
    /// Name of that zone.
    pub zone_name: &'a str,
    /// Services asked for.
    pub services: &'a [String],
    /// Which run this is.
    pub run: v1::Run,
    /// Queries behind the numbers: name and question.
    pub queries: &'a [(String, String)],
    /// Number of conflicts between duplicates.
    pub conflicts: u64,
    /// Where values were not read from all messages: from how many, and the time of the last.
    pub values_cut: Option<(u64, i64)>,
}

/// Fingerprints and issue signatures of clusters, in their order.
pub fn identities(clusters: &[&Cluster]) -> Vec<(Fingerprint, Vec<(String, u64)>)> {
    clusters
        .iter()
        .map(|cluster| {
            let status = cluster
                .http
                .as_ref()
                .and_then(|http| http.status)
                .map_or_else(|| "-".to_owned(), |status| status.to_string());
            let text = match &cluster.http {
                Some(http) => FingerprintText::Request { method: &http.method, route: &http.route, status: &status },
                None => FingerprintText::Template(&cluster.canonical),
            };
            let key = &cluster.key;
            let exception = cluster.exception.as_deref();
            let fingerprint = Fingerprint::of(&FingerprintParts {
                project: &key.project,
                service: &key.service,
                kind: &key.kind,
                exception,
                text,
            });
            let signatures: Vec<(String, u64)> = cluster
                .signatures
                .iter()
                .map(|(sig, n)| (issue_signature(&key.project, &key.service, &key.kind, exception, sig), *n))
                .collect();
            // What is not in the window has no counts to choose by, and is only looked up.
            let signatures = if cluster.entries == 0 { signatures } else { top_signatures(&signatures) };
            (fingerprint, signatures)
        })
        .collect()
}

/// Makes the report; actions and links are added by the caller.
pub fn build(material: &Material<'_>) -> v1::Report {
    let clusters: Vec<&Cluster> = material.analysis.clusters.iter().map(|ranked| &ranked.cluster).collect();
    let identities = identities(&clusters);
    let ids = cluster_ids(&identities.iter().map(|(fingerprint, _)| fingerprint.clone()).collect::<Vec<_>>());
    let mut report = v1::Report {
        schema: "log-gardener/report".into(),
        schema_version: "0.1".into(),
        run: material.run.clone(),
        window: window(material),
        coverage: coverage(material),
        totals: totals(material),
        deploys: material.deploys.iter().map(|deploy| deploy_row(deploy, material.zone)).collect(),
        sources: material.files.iter().map(source).collect(),
        ..v1::Report::default()
    };
    report.families = material.analysis.families.iter().map(|family| family_row(family, material, &ids)).collect();
    for (at, ranked) in material.analysis.clusters.iter().enumerate() {
        report.clusters.push(cluster_row(material, ranked, at, &ids, &identities[at]));
    }
    for family in &mut report.families {
        let best = report
            .clusters
            .iter()
            .filter(|cluster| family.members.contains(&cluster.id))
            .min_by_key(|cluster| level(&cluster.priority));
        family.priority = best.map(|cluster| cluster.priority.clone()).unwrap_or_default();
    }
    for cluster in &mut report.clusters {
        cluster.family =
            report.families.iter().find(|family| family.members.contains(&cluster.id)).map(|family| family.id.clone());
    }
    for deploy in &mut report.deploys {
        let of = |tie: &dyn Fn(&v1::RevisionTies) -> Option<&v1::RevisionChange>| {
            let own = report.clusters.iter().filter(|cluster| cluster.service == deploy.service);
            let tied = own.filter(|cluster| tie(&cluster.revision).is_some_and(|t| t.revision == deploy.revision));
            tied.map(|cluster| cluster.id.clone()).collect::<Vec<_>>()
        };
        (deploy.appeared, deploy.gone) = (of(&|ties| ties.appeared.as_ref()), of(&|ties| ties.gone.as_ref()));
    }
    report.calibration = material.analysis.calibration.as_ref().map(facts::calibration);
    report.routes = material.analysis.routes.iter().map(facts::route).collect();
    report.services = services(material, &report);
    report.data_quality = sentences::data_quality(material);
    report.timeline = timeline(&report, material);
    report.queries = queries(material);
    report.summary = sentences::summary(&report, material);
    report
}

/// 0 for P0 … 10 for P10.
pub fn level(priority: &str) -> u8 {
    priority.strip_prefix('P').and_then(|n| n.parse().ok()).unwrap_or(10)
}

fn window(material: &Material<'_>) -> v1::ReportWindow {
    let Window { since_ns, until_ns } = material.window;
    v1::ReportWindow {
        since: rfc3339(since_ns),
        until: rfc3339(until_ns),
        seconds: material.window.seconds(),
        words: words(until_ns - since_ns),
        timezone: material.zone_name.to_owned(),
        since_local: local(since_ns, material.zone),
        until_local: local(until_ns, material.zone),
        services: material.services.to_vec(),
    }
}

fn coverage(material: &Material<'_>) -> v1::Coverage {
    let seen = material.coverage;
    let mut by_severity = BTreeMap::new();
    let mut fraction: Option<f64> = None;
    for (severity, found) in &seen.severities {
        let own = || material.totals.iter().filter(|row| row.severity == *severity);
        let entries = own().map(|row| row.n).sum();
        let covered_s = found.covered_s();
        if *severity >= Severity::Warning && entries > 0 && seen.asked_s > 0.0 {
            let share = (covered_s / seen.asked_s).clamp(0.0, 1.0);
            fraction = Some(fraction.map_or(share, |least| least.min(share)));
        }
        by_severity.insert(
            severity.as_str().to_owned(),
            v1::SeverityCoverage {
                entries,
                first: own().map(|row| row.first_ns).min().map(rfc3339),
                last: own().map(|row| row.last_ns).max().map(rfc3339),
                covered_s,
                asked_s: seen.asked_s,
                cap_suspected: found.cap_rows.is_some(),
                cap_rows: found.cap_rows,
            },
        );
    }
    let services = seen
        .services
        .iter()
        .map(|(name, service)| {
            let row = v1::ServiceCoverage {
                covered_s: service.covered_s(),
                days: service.days().len() as u64,
                intervals: service.intervals.iter().map(|(from, to)| [rfc3339(*from), rfc3339(*to)]).collect(),
                entries: material.totals.iter().filter(|row| row.service == *name).map(|row| row.n).sum(),
            };
            (name.clone(), row)
        })
        .collect();
    // Without a row of WARNING or above, what was covered at all says how much could have been seen; nothing covers nothing.
    let longest = seen.services.values().map(ServiceCoverage::covered_s).fold(0.0, f64::max);
    let fraction = fraction.unwrap_or(if seen.asked_s > 0.0 { (longest / seen.asked_s).clamp(0.0, 1.0) } else { 0.0 });
    let reasons = sentences::coverage_reasons(material, &by_severity);
    v1::Coverage {
        fraction: (fraction * 10_000.0).round() / 10_000.0,
        complete: reasons.is_empty(),
        sentence: sentences::coverage_sentence(material, fraction, &reasons),
        reasons,
        services,
        by_severity,
        fetch: fetch(material),
    }
}

/// One command for each cap: the hour before the oldest row that was exported.
fn fetch(material: &Material<'_>) -> Vec<String> {
    let mut commands: Vec<String> = material
        .coverage
        .caps
        .iter()
        .map(|cap| {
            let row = material
                .totals
                .iter()
                .filter(|row| material.coverage.services.contains_key(&row.service))
                .max_by_key(|row| row.n);
            let (project, service) = row.map_or(("", ""), |row| (row.project.as_str(), row.service.as_str()));
            let service = if material.coverage.services.len() == 1 { service } else { "" };
            let asked = material
                .coverage
                .asked_for
                .iter()
                .find(|(file, _)| *file == cap.file)
                .and_then(|(_, declared)| crate::time::parse(&declared.since));
            let since_ns = asked.map_or(cap.oldest_ns - HOUR_NS, |parsed| parsed.ns).min(cap.oldest_ns - 1);
            fetch_command(project, service, since_ns, cap.oldest_ns, cap.severity.map(Severity::as_str))
        })
        .collect();
    commands.dedup();
    commands
}

fn totals(material: &Material<'_>) -> v1::Totals {
    let mut totals = v1::Totals {
        entries: material.files.iter().map(|file| file.entries).sum(),
        malformed: material.files.iter().map(|file| file.malformed).sum(),
        set_aside: material.files.iter().map(|file| file.set_aside.no_time + file.set_aside.by_rule).sum(),
        unique: material.totals.iter().map(|row| row.n).sum(),
        without_payload: material.totals.iter().map(|row| row.without_payload).sum(),
        events: material.analysis.clusters.iter().map(|ranked| ranked.cluster.events).sum(),
        clusters: material.analysis.clusters.iter().filter(|ranked| ranked.cluster.is_present()).count() as u64,
        ..v1::Totals::default()
    };
    for row in material.totals {
        *totals.severity.entry(row.severity.as_str().to_owned()).or_default() += row.n;
        *totals.effective_severity.entry(row.effective.as_str().to_owned()).or_default() += row.n;
        *totals.kind.entry(row.kind.clone()).or_default() += row.n;
    }
    totals
}

fn deploy_row(deploy: &Deploy, zone: &TimeZone) -> v1::Deploy {
    v1::Deploy {
        revision: deploy.revision.clone(),
        service: deploy.service.clone().unwrap_or_default(),
        at: rfc3339(deploy.at_ns),
        at_local: local(deploy.at_ns, zone),
        outcome: deploy.outcome.clone(),
        by: deploy.by.clone(),
        message: deploy.message.clone(),
        ..v1::Deploy::default()
    }
}

fn source(file: &FileReport) -> v1::Source {
    v1::Source {
        path: file.path.clone(),
        content_id: file.content_id.clone(),
        entries: file.entries,
        duplicates: file.duplicates,
        malformed: file.malformed,
        first: file.first.clone(),
        last: file.last.clone(),
    }
}

fn cadence_row(cadence: &Cadence) -> v1::Cadence {
    let round = |value: Option<f64>| value.map(|value| (value * 1_000.0).round() / 1_000.0);
    v1::Cadence {
        words: cadence.words.clone(),
        unit: "event".into(),
        n: cadence.n,
        median_s: round(cadence.median_s),
        min_s: round(cadence.min_s),
        max_s: round(cadence.max_s),
        cv: round(cadence.cv),
    }
}

fn family_id(root: &str) -> String {
    format!("F{}", root.strip_prefix('C').unwrap_or(root))
}

fn family_row(family: &crate::analyze::Family, material: &Material<'_>, ids: &[String]) -> v1::Family {
    let clusters = &material.analysis.clusters;
    let first = family.times_ns.first().copied().unwrap_or(clusters[family.root].cluster.first_ns);
    let last = family.times_ns.last().copied().unwrap_or(clusters[family.root].cluster.last_ns);
    v1::Family {
        id: family_id(&ids[family.root]),
        kind: family.kind.as_str().to_owned(),
        root: ids[family.root].clone(),
        members: family.members.iter().map(|member| ids[*member].clone()).collect(),
        entries: family.members.iter().map(|member| clusters[*member].cluster.entries).sum(),
        events: family.times_ns.len() as u64,
        failed: family.failed,
        starts: None,
        first: rfc3339(first),
        last: rfc3339(last),
        cadence: cadence_row(&family.cadence()),
        service: family.service.clone(),
        sentence: sentences::family(family, clusters),
        priority: String::new(),
    }
}

fn cluster_row(
    material: &Material<'_>,
    ranked: &Ranked,
    at: usize,
    ids: &[String],
    identity: &(Fingerprint, Vec<(String, u64)>),
) -> v1::Cluster {
    let cluster = &ranked.cluster;
    let (module, function) = cluster.place();
    let words_of = |map: &BTreeMap<Severity, u64>| {
        let held = map.iter().filter(|(_, n)| **n > 0);
        held.map(|(severity, n)| (severity.as_str().to_owned(), *n)).collect::<BTreeMap<_, _>>()
    };
    let effective = cluster.effective_severity();
    let filter = logging_filter(cluster, material.window);
    let raised = cluster.reasons.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    v1::Cluster {
        id: ids[at].clone(),
        fingerprint: identity.0.as_str().to_owned(),
        signatures: identity.1.iter().map(|(signature, _)| signature.clone()).collect(),
        template_id: cluster.key.template_id.clone(),
        template: cluster.template.clone(),
        title: match &cluster.silent {
            Some(found) if found.whole_service => format!("{} went silent", cluster.key.service),
            Some(_) => format!("Went silent: {}", title(&cluster.template)),
            None => title(&cluster.template),
        },
        kind: cluster.key.kind.clone(),
        project: cluster.key.project.clone(),
        service: cluster.key.service.clone(),
        severity: cluster.severity().as_str().to_owned(),
        severities: words_of(&cluster.severities),
        effective_severity: effective.as_str().to_owned(),
        effective_reason: raised.map(|(reason, n)| format!("{n} entries without a severity: {reason}")),
        entries: cluster.entries,
        attached: cluster.attached,
        events: cluster.events,
        episodes: cluster.episodes,
        first: rfc3339(cluster.first_ns),
        last: rfc3339(cluster.last_ns),
        first_local: local(cluster.first_ns, material.zone),
        last_local: local(cluster.last_ns, material.zone),
        cadence: cadence_row(&ranked.cadence),
        times: if cluster.times_ns.len() <= material.config.limits.times {
            cluster.times_ns.iter().map(|ns| rfc3339(*ns)).collect()
        } else {
            Vec::new()
        },
        module: module.map(str::to_owned),
        function: function.map(str::to_owned),
        lines: cluster.lines.clone(),
        exception: cluster.exception.clone(),
        stacks: cluster
            .stacks
            .iter()
            .map(|(stack_id, entries)| v1::StackCount { stack_id: stack_id.clone(), entries: *entries })
            .collect(),
        revisions: cluster.revisions.iter().map(|(name, (n, _))| (name.clone(), *n)).collect(),
        instances: cluster.instances,
        traces: cluster.traces,
        users: cluster.users,
        http: cluster.http.as_ref().map(|http| v1::HttpStats {
            method: http.method.clone(),
            hosts: http.hosts.clone(),
            route: http.route.clone(),
            status: http.status,
            latency_ms: http.latency().map(|(p50, p95, max)| v1::LatencyMs {
                n: http.latencies_ms.len() as u64,
                p50,
                p95,
                max,
            }),
            share_5xx: ranked.share_5xx,
        }),
        status: ranked.status.status.as_str().to_owned(),
        status_why: ranked.status.why.clone(),
        priority: ranked.priority.word(),
        priority_points: ranked.priority.points,
        priority_terms: ranked
            .priority
            .terms
            .iter()
            .map(|term| v1::PriorityTerm { points: term.points, term: term.term.clone(), why: term.why.clone() })
            .collect(),
        trend: facts::trend(ranked, material.window.since_ns, per_day(cluster, material)),
        parameters: material
            .parameters
            .get(at)
            .map(|all| all.iter().map(facts::parameter).collect())
            .unwrap_or_default(),
        example: cluster.example.as_ref().map(|example| example_row(example, material.files)),
        family: None,
        role: ranked.role.as_str().to_owned(),
        links: facts::links(at, material.analysis, ids),
        impact: ranked.priority.impact.as_ref().map(|(sentence, capability, owner)| v1::Impact {
            sentence: sentence.clone(),
            capability: capability.clone(),
            owner: owner.clone(),
        }),
        share: (ranked.share * 10_000.0).round() / 10_000.0,
        category: if cluster.data_quality {
            Some("data-quality".to_owned())
        } else {
            cluster.silent.as_ref().filter(|found| found.whole_service).map(|_| "silence".to_owned())
        },
        explorer_url: explorer_url(&cluster.key.project, &filter),
        filter,
        muted: ranked.priority.muted.clone(),
        silent: cluster.silent.as_ref().map(facts::silence),
        revision: facts::revisions(&ranked.revisions),
    }
}

/// The first line of a template, cut at a word, without what a runtime prints before every line: time, process, level.
pub fn title(template: &str) -> String {
    let line = template.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    let mut bare = line;
    while let Some((inside, rest)) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let prefix = inside
            .split_whitespace()
            .all(|word| word.starts_with('<') && word.ends_with('>') || Severity::from_word(word).is_some());
        if !prefix || rest.trim().is_empty() {
            break;
        }
        bare = rest.trim_start();
    }
    let line = bare;
    if line.chars().count() <= TITLE {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE).collect();
    format!("{} …", cut.rsplit_once(' ').map_or(cut.as_str(), |(front, _)| front))
}

fn per_day(cluster: &Cluster, material: &Material<'_>) -> Vec<v1::DayCount> {
    let covered = material.coverage.services.get(&cluster.key.service).map(ServiceCoverage::days).unwrap_or_default();
    let (first, last) =
        (crate::time::day_of(material.window.since_ns), crate::time::day_of(material.window.until_ns - 1));
    (first..=last)
        .map(|day| {
            let name = day_name(day);
            let entries = cluster.days.get(&name).copied().unwrap_or(0);
            v1::DayCount { entries, covered: entries > 0 || covered.contains(&day), day: name }
        })
        .collect()
}

fn example_row(example: &crate::analyze::Example, files: &[FileReport]) -> v1::Example {
    let pretty = example
        .raw
        .as_deref()
        .and_then(|raw| serde_json::from_str::<serde_json::Value>(raw).ok())
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    v1::Example {
        timestamp: rfc3339(example.ts_ns),
        insert_id: example.insert_id.clone(),
        severity: example.severity.as_str().to_owned(),
        message: example.message.chars().take(MESSAGE).collect(),
        json: pretty,
        file: files
            .iter()
            .find(|file| file.content_id == example.file)
            .map_or_else(|| example.file.clone(), |file| file.path.clone()),
        offset: example.offset,
        revision: example.revision.clone(),
        instance: example.instance.clone(),
        trace: example.trace.clone(),
    }
}

fn services(material: &Material<'_>, report: &v1::Report) -> Vec<v1::ServiceRow> {
    let mut rows: BTreeMap<(String, String), v1::ServiceRow> = BTreeMap::new();
    for total in material.totals {
        let row = rows.entry((total.project.clone(), total.service.clone())).or_default();
        row.entries += total.n;
        row.errors += if total.effective >= Severity::Error { total.n } else { 0 };
        row.warnings += if total.effective == Severity::Warning { total.n } else { 0 };
    }
    for cluster in report.clusters.iter().filter(|cluster| cluster.silent.as_ref().is_some_and(|s| s.whole_service)) {
        // A service that wrote nothing has no rows to be counted, and is the one to be seen.
        rows.entry((cluster.project.clone(), cluster.service.clone())).or_default();
    }
    let mut rows: Vec<v1::ServiceRow> = rows
        .into_iter()
        .map(|((project, service), mut row)| {
            let own: Vec<&v1::Cluster> = report
                .clusters
                .iter()
                .filter(|cluster| cluster.service == service && cluster.project == project && is_shown(cluster))
                .collect();
            for cluster in &own {
                for (revision, n) in &cluster.revisions {
                    *row.revisions.entry(revision.clone()).or_default() += n;
                }
                if let Some(http) = &cluster.http {
                    row.requests += cluster.entries;
                    row.requests_5xx +=
                        if http.status.is_some_and(|status| status >= 500) { cluster.entries } else { 0 };
                }
            }
            row.worst_priority = own
                .iter()
                .map(|cluster| cluster.priority.clone())
                .min_by_key(|priority| level(priority))
                .unwrap_or_default();
            let location = |ranked: &&Ranked| ranked.cluster.key.service == service;
            row.location = material
                .analysis
                .clusters
                .iter()
                .filter(location)
                .find_map(|ranked| ranked.cluster.example.as_ref()?.location.clone())
                .unwrap_or_default();
            if row.requests > 0 {
                let per_1000 = |n: u64| facts::rounded(1_000.0 * n as f64 / row.requests as f64, 2);
                row.errors_per_1000_requests = Some(per_1000(row.errors));
                row.requests_5xx_per_1000 = Some(per_1000(row.requests_5xx));
            }
            let gone = own.iter().filter_map(|cluster| cluster.silent.as_ref()).find(|silent| silent.whole_service);
            row.silent_since = gone.map(|silent| silent.last.clone());
            row.owner = material.config.service_rule(&service).and_then(|rule| rule.owner.clone());
            row.repo = material.config.repo_of(&service).map(str::to_owned);
            row.project = project;
            row.service = service;
            row
        })
        .collect();
    rows.sort_by(|a, b| {
        level(&a.worst_priority)
            .cmp(&level(&b.worst_priority))
            .then(b.errors.cmp(&a.errors))
            .then(a.service.cmp(&b.service))
            .then(a.project.cmp(&b.project))
    });
    rows
}

fn timeline(report: &v1::Report, material: &Material<'_>) -> Vec<v1::TimelineRow> {
    let row = |at: &str, kind: &str, text: String, cluster: Option<&str>| v1::TimelineRow {
        at: at.to_owned(),
        kind: kind.to_owned(),
        text,
        cluster: cluster.map(str::to_owned),
    };
    let mut rows = Vec::new();
    for deploy in &report.deploys {
        let by = deploy.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
        rows.push(row(
            &deploy.at,
            "deploy",
            format!("{} {}: deploy {}{by}", deploy.service, deploy.revision, deploy.outcome),
            None,
        ));
    }
    for family in &report.families {
        rows.push(row(
            &family.first,
            "family_begins",
            format!("{}: {}", family.service, family.sentence),
            Some(&family.id),
        ));
        if family.last != family.first {
            rows.push(row(
                &family.last,
                "family_ends",
                format!("last event of {} ({} events)", family.id, family.events),
                Some(&family.id),
            ));
        }
    }
    for cluster in report.clusters.iter().filter(|cluster| is_loud(cluster) && is_shown(cluster)) {
        if let Some(silent) = &cluster.silent {
            let name = if silent.whole_service { "the service" } else { cluster.title.as_str() };
            rows.push(row(
                &silent.last,
                "went_silent",
                format!("{}: last entry of {name}", cluster.service),
                Some(&cluster.id),
            ));
            continue;
        }
        let what = if cluster.status == Status::New.as_str() { "first_seen" } else { "first_in_window" };
        rows.push(row(&cluster.first, what, format!("{}: {}", cluster.service, cluster.title), Some(&cluster.id)));
        if cluster.status == Status::Resolved.as_str() {
            rows.push(row(
                &cluster.last,
                "last_seen",
                format!("{}: last entry of {}", cluster.service, cluster.title),
                Some(&cluster.id),
            ));
        }
    }
    for cap in &material.coverage.caps {
        rows.push(row(&rfc3339(cap.oldest_ns), "coverage", sentences::cap(cap), None));
    }
    rows.sort_by(|a, b| (&a.at, &a.kind, &a.text).cmp(&(&b.at, &b.kind, &b.text)));
    rows
}

/// Whether the window holds anything of a cluster.
pub(super) fn is_present(cluster: &v1::Cluster) -> bool {
    cluster.entries + cluster.attached > 0
}

/// Whether the window shows something of a cluster: entries, or that they stopped.
pub(super) fn is_shown(cluster: &v1::Cluster) -> bool {
    is_present(cluster) || cluster.silent.is_some()
}

/// Whether a cluster is of WARNING or above, or went silent.
pub fn is_loud(cluster: &v1::Cluster) -> bool {
    cluster.silent.is_some()
        || Severity::from_word(&cluster.effective_severity).is_some_and(|severity| severity >= Severity::Warning)
}

fn queries(material: &Material<'_>) -> Vec<v1::QueryRef> {
    material
        .queries
        .iter()
        .map(|(name, question)| v1::QueryRef {
            name: name.clone(),
            question: question.clone(),
            command: format!("gardener query {name}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_lose_the_prefix_of_the_runtime_and_end_at_a_word() {
        assert_eq!(title("[<time> <num>] [<num>] [ERROR] Worker gave up"), "Worker gave up");
        assert_eq!(title("[auth] token <*> refused"), "[auth] token <*> refused");
        assert_eq!(title("[ERROR]"), "[ERROR]");
        assert!(title(&"word ".repeat(40)).ends_with("word …"));
        assert_eq!((level("P3"), level("odd")), (3, 10));
    }
}
