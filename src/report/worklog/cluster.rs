//! One cluster of the analysis as a row of the report.

use std::collections::BTreeMap;

use super::{Material, cadence_row, family_id, signatures};
use crate::analyze::{Cluster, explorer_url, logging_filter};
use crate::issue::Fingerprint;
use crate::mine::parse_stack;
use crate::record::Severity;
use crate::report::ties::Ties;
use crate::report::{facts, v1};
use crate::time::{SECOND_NS, day_name, day_of, local, rfc3339};

/// Letters of a message in a report.
const MESSAGE: usize = 20_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;
/// Letters of a title.
const TITLE: usize = 96;

/// What all rows are made with.
pub(super) struct Shared<'a> {
    pub(super) material: &'a Material<'a>,
    /// Of all clusters of the analysis.
    pub(super) ids: &'a [String],
    pub(super) ties: &'a Ties<'a>,
    /// Names of files by content.
    pub(super) files: &'a BTreeMap<&'a str, &'a str>,
    pub(super) days: &'a Days<'a>,
}

/// Rows of days of a cluster: a chart shows no more, and a window of years would fill pages with empty days.
const DAYS: i64 = 120;

/// The UTC days of the window, some of them together where there are many, and which are covered of each service.
pub(super) struct Days<'a> {
    window: Vec<(i64, i64)>,
    covered: BTreeMap<&'a str, Vec<i64>>,
}

impl<'a> Days<'a> {
    pub(super) fn new(material: &'a Material<'_>) -> Self {
        let (first, last) = (day_of(material.window.since_ns), day_of(material.window.until_ns - 1));
        let services = &material.coverage.services;
        Self {
            window: stretches(first, last),
            covered: services.iter().map(|(name, own)| (name.as_str(), own.days())).collect(),
        }
    }

    fn of(&self, cluster: &Cluster) -> Vec<v1::DayCount> {
        let covered = self.covered.get(cluster.key.service.as_str()).map_or(&[][..], Vec::as_slice);
        let count = |&(from, to): &(i64, i64)| {
            let (day, last) = (day_name(from), day_name(to));
            // Names of days sort as the days do, from year 0 to 9999.
            let entries = cluster.days.range(day.clone()..=last.clone()).map(|(_, n)| n).sum();
            let next = covered.partition_point(|day| *day < from);
            let covered = entries > 0 || covered.get(next).is_some_and(|day| *day <= to);
            v1::DayCount { entries, covered, day, last_day: (from < to).then_some(last) }
        };
        self.window.iter().map(count).collect()
    }
}

/// Days from the first to the last, so many of them together that there are [`DAYS`] at most.
fn stretches(first: i64, last: i64) -> Vec<(i64, i64)> {
    let step = ((last - first) / DAYS + 1).max(1);
    (first..=last).step_by(step as usize).map(|from| (from, (from + step - 1).min(last))).collect()
}

pub(super) fn cluster_row(shared: &Shared<'_>, at: usize, fingerprint: &Fingerprint) -> v1::Cluster {
    let Shared { material, ids, ties, files, days } = *shared;
    let ranked = &material.analysis.clusters[at];
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
        fingerprint: fingerprint.as_str().to_owned(),
        signatures: signatures(cluster).into_iter().map(|(signature, _)| signature).collect(),
        template_id: cluster.key.template_id.clone(),
        template: cluster.template.clone(),
        title: name(cluster),
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
        busiest: busiest(&cluster.times_ns).filter(|_| cluster.times_ns.len() > material.config.limits.times),
        module: module.map(str::to_owned),
        function: function.map(str::to_owned),
        frame: cluster.example.as_ref().and_then(|example| frame(&example.message)),
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
            share_5xx_while: ranked.share_5xx_while,
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
        trend: facts::trend(ranked, material.window.since_ns, days.of(cluster)),
        parameters: material
            .parameters
            .get(at)
            .map(|all| all.iter().map(facts::parameter).collect())
            .unwrap_or_default(),
        example: cluster.example.as_ref().map(|example| example_row(example, files)),
        family: ranked.family.map(|family| family_id(&ids[material.analysis.families[family].root])),
        role: ranked.role.as_str().to_owned(),
        links: ties.links(at),
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
        revision_ties: facts::revisions(&ranked.revisions),
    }
}

/// The short name of a cluster.
pub(in crate::report) fn name(cluster: &Cluster) -> String {
    match &cluster.silent {
        Some(found) if found.whole_service => {
            format!("{} {} silent", cluster.key.service, if found.is_open() { "went" } else { "was" })
        }
        Some(_) => format!("Went silent: {}", title(&cluster.template)),
        None => title(&cluster.template),
    }
}

/// The last own frame of a stack: where to look first.
fn frame(message: &str) -> Option<String> {
    let stack = parse_stack(message)?;
    let mut own = stack.frames.iter().filter(|frame| frame.in_app && !frame.file.is_empty());
    // Runtimes that print the root first print the innermost frame last.
    let frame = if stack.root_first { own.next_back() } else { own.next() }?;
    Some(if frame.function.is_empty() {
        frame.file.to_owned()
    } else {
        format!("{}, function {}", frame.file, frame.function)
    })
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

/// The minute with most of some moments, ascending; the earliest of equals.
fn busiest(times_ns: &[i64]) -> Option<v1::Busiest> {
    let minutes = times_ns.chunk_by(|a, b| a.div_euclid(MINUTE_NS) == b.div_euclid(MINUTE_NS));
    let most = minutes.max_by_key(|events| (events.len(), std::cmp::Reverse(events[0])))?;
    let minute = rfc3339(most[0].div_euclid(MINUTE_NS) * MINUTE_NS);
    Some(v1::Busiest { minute, events: most.len() as u64 })
}

fn example_row(example: &crate::analyze::Example, files: &BTreeMap<&str, &str>) -> v1::Example {
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
        file: (*files.get(example.file.as_str()).unwrap_or(&example.file.as_str())).to_owned(),
        offset: example.offset,
        revision: example.revision.clone(),
        instance: example.instance.clone(),
        trace: example.trace.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_minute_is_the_first_with_most_events() {
        let at = |seconds: &[i64]| busiest(&seconds.iter().map(|s| s * SECOND_NS).collect::<Vec<_>>());
        let found = at(&[3, 59, 60, 61, 125, 150, 151, 600, 601, 602]).expect("a minute");
        assert_eq!((found.minute.as_str(), found.events), ("1970-01-01T00:02:00.000000000Z", 3));
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn titles_lose_the_prefix_of_the_runtime_and_end_at_a_word() {
        assert_eq!(title("[<time> <num>] [<num>] [ERROR] Worker gave up"), "Worker gave up");
        assert_eq!(title("[auth] token <*> refused"), "[auth] token <*> refused");
        assert_eq!(title("[ERROR]"), "[ERROR]");
        assert!(title(&"word ".repeat(40)).ends_with("word …"));
        assert_eq!((super::super::level("P3"), super::super::level("odd")), (3, 10));
    }
}
