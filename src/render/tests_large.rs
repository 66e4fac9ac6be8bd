//! Documents over a report of two thousand clusters: every list is cut and says so, the page stays usable, bytes repeat.

use std::time::{Duration, Instant};

use super::fixture_weekly::weekly;
use super::tests::renderer;
use super::*;
use crate::report::{v1, v1_weekly};

const CLUSTERS: usize = 2_000;
/// What a reader waits for without thinking is a second; a build without optimisation gets ten times as long.
const TIME: Duration = Duration::from_secs(10);
/// Largest page, in bytes: what a telephone shows without stalling.
const PAGE: usize = 2_000_000;

/// Longest title, in bytes.
const LINE: usize = 200;

/// A list as long as two thousand clusters make it.
fn many<T: Clone>(list: &mut Vec<T>) {
    *list = list.iter().cycle().take(if list.is_empty() { 0 } else { CLUSTERS }).cloned().collect();
}

/// The sample week, each list of it as long as two thousand clusters make it.
fn large() -> Report {
    let mut report = weekly();
    let id = |n: usize| format!("C{n:08x}");
    let (clusters, findings) = (report.clusters.clone(), report.summary.findings.clone());
    let loud: Vec<_> = clusters.iter().filter(|own| own.effective_severity == "ERROR").cloned().collect();
    report.clusters = (0..CLUSTERS).map(|n| v1::Cluster { id: id(n), ..loud[n % loud.len()].clone() }).collect();
    report.summary.findings =
        (0..CLUSTERS).map(|n| v1::FindingRow { cluster: id(n), ..findings[n % findings.len()].clone() }).collect();
    let action = report.actions[0].clone();
    report.actions = (0..CLUSTERS)
        .map(|n| v1::ActionRow { id: format!("act_{n:016x}"), cluster: id(n), ..action.clone() })
        .collect();
    many(&mut report.families);
    many(&mut report.deploys);
    many(&mut report.timeline);
    many(&mut report.data_quality);
    many(&mut report.sources);
    many(&mut report.routes);
    many(&mut report.services);
    let covered = report.coverage.services.values().next().expect("a service").clone();
    report.coverage.services = (0..CLUSTERS).map(|n| (format!("service-{n}"), covered.clone())).collect();
    let section = report.weekly.as_mut().expect("a week");
    let strip = section.strips[0].clone();
    section.strips = (0..CLUSTERS).map(|n| v1_weekly::Strip { cluster: id(n), ..strip.clone() }).collect();
    for list in [&mut section.new, &mut section.escalating, &mut section.resolved] {
        many(list);
    }
    many(&mut section.fixes);
    many(&mut section.fixes_elsewhere);
    many(&mut section.noise);
    many(&mut section.drifts);
    many(&mut section.deploys);
    many(&mut section.requests);
    many(&mut section.open);
    many(&mut section.renamed);
    many(&mut section.gaps);
    many(&mut section.services);
    report
}

fn check(report: &Report, left_out: &[&str]) {
    let renderer = renderer();
    let begun = Instant::now();
    let documents = renderer.documents(report, &RenderOptions::default()).expect("documents");
    let taken = begun.elapsed();
    assert!(taken < TIME, "{taken:?}");
    assert_eq!(documents, renderer.documents(report, &RenderOptions::default()).expect("documents"));
    let [(_, markdown), (_, html)] = &documents;
    assert!(html.len() < PAGE, "{} bytes", html.len());
    let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
    assert!(
        markdown.lines().find(|line| line.starts_with("# ")).is_some_and(|line| line.len() < LINE),
        "a short title"
    );
    assert!(title.len() < LINE, "{title}");
    assert!(html.contains("1,984 of 2,000 services are left out here"), "bars of coverage");
    for text in [markdown, html] {
        let rows = text.matches("<tr").count().max(text.lines().filter(|line| line.starts_with("| ")).count());
        assert!(rows < 1_500, "{rows} rows");
        for words in left_out {
            assert!(text.contains(words), "{words}");
        }
    }
}

#[test]
fn a_worklog_of_two_thousand_clusters_stays_short_and_says_what_it_left_out() {
    let report = Report { weekly: None, ..large() };
    check(
        &report,
        &[
            "1,960 of 2,000 clusters of WARNING or above are left out here",
            "1,940 of 2,000 actions are left out here",
            "1,985 of 2,000 routes are left out here",
            "1,800 of 2,000 files are left out here",
            "1,900 of 2,000 services are left out here",
            "deploys are left out here",
            "families are left out here",
            "of 2,000 rows are left out here",
        ],
    );
}

#[test]
fn a_retrospective_of_two_thousand_clusters_stays_short_and_says_what_it_left_out() {
    check(
        &large(),
        &[
            "1,960 of 2,000 clusters of WARNING or above are left out here",
            "1,985 of 2,000 problems are left out here",
            "closed issues are left out here",
            "1,992 of 2,000 services are left out here",
            "1,985 of 2,000 drifts are left out here",
        ],
    );
}
