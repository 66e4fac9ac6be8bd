//! Rendering alone: `cargo bench --bench documents`. Both documents of a report of 2,000 clusters, in one thread.
//!
//! The target is a second for the pair, whatever the number of clusters: documents are cut, so only what chooses may grow.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use log_gardener::render::{RenderOptions, Renderer};
use log_gardener::report::v1::{
    ActionRow, Cadence, Cluster, DayCount, Deploy, Example, Family, FindingRow, PriorityTerm, Report, Source,
    TimelineRow, Trend,
};

/// A moment in an invented month.
fn at(n: usize) -> String {
    format!("2025-09-{:02}T{:02}:{:02}:00.000000000Z", 1 + n % 28, n % 24, n % 60)
}

fn cluster(n: usize) -> Cluster {
    let per_day = (1..=28).map(|day| DayCount {
        last_day: None,
        day: format!("2025-09-{day:02}"),
        entries: ((n * 31 + day) % 17) as u64,
        covered: day != 13,
    });
    let line = format!("job {n} of queue <*> gave up after <num> ms: lock is held by <*>");
    Cluster {
        id: format!("C{n:08x}"),
        fingerprint: format!("lgfp1:{n:016x}"),
        template: line.clone(),
        title: line.clone(),
        kind: "app".into(),
        project: "shop-prod".into(),
        service: format!("service-{}", n % 12),
        severity: "ERROR".into(),
        severities: BTreeMap::from([("ERROR".to_owned(), 280)]),
        effective_severity: if n.is_multiple_of(4) { "INFO" } else { "ERROR" }.into(),
        entries: 280,
        events: 280,
        episodes: 40,
        first: at(n),
        last: at(n + 7),
        cadence: Cadence { words: "0.42 per hour".into(), unit: "event".into(), n: 280, ..Cadence::default() },
        times: (0..20).map(|k| at(n + k)).collect(),
        status: "ongoing".into(),
        status_why: vec!["expected 200-320 episodes, saw 280".into()],
        priority: format!("P{}", n % 5),
        priority_terms: vec![PriorityTerm { points: 30, term: "severity".into(), why: "ERROR".into() }],
        trend: Trend { per_day: per_day.collect(), ..Trend::default() },
        example: Some(Example {
            timestamp: at(n),
            message: line.clone(),
            json: Some(format!("{{\n  \"textPayload\": \"{line}\"\n}}")),
            file: "a.json".into(),
            ..Example::default()
        }),
        role: "independent".into(),
        filter: "severity>=ERROR".into(),
        ..Cluster::default()
    }
}

/// A report each of whose lists is as long as so many clusters make it.
fn report(clusters: usize) -> Report {
    let clusters: Vec<Cluster> = (0..clusters).map(cluster).collect();
    let mut report = Report::default();
    report.window.since = "2025-09-01T00:00:00.000000000Z".into();
    report.window.until = "2025-09-29T00:00:00.000000000Z".into();
    report.window.seconds = 28.0 * 86_400.0;
    report.totals.unique = clusters.iter().map(|own| own.entries).sum();
    report.summary.findings = clusters
        .iter()
        .map(|own| FindingRow {
            cluster: own.id.clone(),
            priority: own.priority.clone(),
            title: own.title.clone(),
            service: own.service.clone(),
            how_often: own.cadence.words.clone(),
            since: own.first.clone(),
            last: own.last.clone(),
            status: own.status.clone(),
            ..FindingRow::default()
        })
        .collect();
    report.actions = clusters
        .iter()
        .map(|own| ActionRow {
            id: format!("act_{}", &own.fingerprint[6..]),
            cluster: own.id.clone(),
            kind: "create".into(),
            status: "ready".into(),
            priority: own.priority.clone(),
            ..ActionRow::default()
        })
        .collect();
    report.families = clusters
        .iter()
        .step_by(10)
        .map(|own| Family {
            id: own.id.replacen('C', "F", 1),
            kind: "same_trace".into(),
            root: own.id.clone(),
            members: vec![own.id.clone()],
            ..Family::default()
        })
        .collect();
    report.timeline = clusters
        .iter()
        .map(|own| TimelineRow {
            at: own.first.clone(),
            kind: "first_in_window".into(),
            text: own.title.clone(),
            cluster: None,
        })
        .collect();
    report.deploys = (0..500).map(|n| Deploy { at: at(n), revision: format!("r{n}"), ..Deploy::default() }).collect();
    report.sources = (0..5_000).map(|n| Source { path: format!("{n}.json"), ..Source::default() }).collect();
    report.clusters = clusters;
    report
}

fn documents(c: &mut Criterion) {
    let renderer = Renderer::new(None).expect("the embedded templates");
    let options = RenderOptions::default();
    let mut group = c.benchmark_group("documents");
    group.sample_size(10);
    for clusters in [40, 2_000] {
        let report = report(clusters);
        group.bench_function(format!("{clusters} clusters"), |b| {
            b.iter(|| renderer.documents(black_box(&report), &options).expect("both documents"));
        });
    }
    group.finish();
}

criterion_group!(benches, documents);
criterion_main!(benches);
