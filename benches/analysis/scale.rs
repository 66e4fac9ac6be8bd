//! The statistics over summaries of a month: 400 templates on 4 services, two revisions a day, 100 million rows.
//!
//! A store keeps for each signature, service, revision and day the rows of each hour and the runs of activity, whatever the
//! number of rows behind them; these are made here as an ingest leaves them, from few runs to the 96 that a day can hold. What
//! is timed is everything from those rows on: history, rates, change points, past weeks, revisions.

use std::time::Instant;

use log_gardener::analyze::{Before, Cluster, ClusterKey, Coverage, History, ServiceCoverage, conclude};
use log_gardener::mine::SigId;
use log_gardener::record::{Kind, Severity};
use log_gardener::store::SummaryRow;
use log_gardener::time::{DAY_NS, HOUR_NS, Window};

const TEMPLATES: u64 = 400;
const SERVICES: u64 = 4;
/// Days that a revision serves; two overlap.
const SERVES_DAYS: i64 = 6;
/// Runs of activity that a summary holds a day.
const RUNS_A_DAY: u64 = 96;
const QUIET_DAYS: f64 = 7.0;

/// One after the other, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// A month, and the clusters in its last week.
struct Month {
    rows: Vec<SummaryRow>,
    clusters: Vec<Cluster>,
    counted: u64,
}

/// Rows of one signature of one service and revision on a day: its runs, spread over the day, and the hours they fall into.
fn day(numbers: &mut Numbers, day: i64, sig: u64, service: &str, revision: String, runs: u64, rows: u64) -> SummaryRow {
    let step = DAY_NS / runs as i64;
    let mut hours = [0; 24];
    let intervals: Vec<(i64, i64)> = (0..runs as i64)
        .map(|at| {
            let first = at * step + (numbers.next() as i64 * 1_000) % (step / 3);
            // A run leaves more than a quarter of an hour to the next, unless the day is full of them.
            let last = first + step / 4;
            let share = rows / runs + u64::from((at as u64) < rows % runs);
            hours[(first / HOUR_NS).clamp(0, 23) as usize] += share;
            (day * DAY_NS + first, day * DAY_NS + last)
        })
        .collect();
    SummaryRow {
        day,
        sig_id: SigId(sig.into()),
        project: Some("acme".into()),
        service: Some(service.into()),
        kind: Kind::App,
        revision: Some(revision),
        rows,
        hours,
        intervals,
    }
}

fn month(days: i64, total: u64) -> Month {
    let mut numbers = Numbers(42);
    let mut rows = Vec::new();
    let mut clusters = Vec::new();
    // Frequencies fall by a power of the rank, as those of messages do.
    let weight = |template: u64| 1.0 / (template + 3) as f64;
    let all: f64 = (0..TEMPLATES).map(weight).sum();
    let cells = (SERVICES * 2) as f64 * days as f64;
    let mut counted = 0;
    for template in 0..TEMPLATES {
        let a_day = (total as f64 * weight(template) / all / cells).max(1.0) as u64;
        for service in 0..SERVICES {
            let name = format!("service-{service}");
            let key = ClusterKey {
                template_id: format!("{template:016x}"),
                project: "acme".into(),
                service: name.clone(),
                kind: "app".into(),
            };
            let level = [Severity::Info, Severity::Warning, Severity::Error][(template % 3) as usize];
            let mut cluster = Cluster { key, ..Cluster::default() };
            for at in 0..days {
                for back in 0..2 {
                    let revision = format!("{name}-{:05}", at / SERVES_DAYS + 1 - back);
                    // A third of the templates comes now and then, the others up to all day long.
                    let runs = if template % 3 == 0 { 1 + numbers.next() % 4 } else { 1 + numbers.next() % RUNS_A_DAY };
                    let row = day(&mut numbers, at, template, &name, revision, runs.min(a_day), a_day);
                    counted += row.rows;
                    if at >= days - 7 {
                        cluster.entries += row.rows;
                    }
                    rows.push(row);
                }
            }
            cluster.events = cluster.entries;
            cluster.severities.insert(level, cluster.entries);
            cluster.effective.insert(level, cluster.entries);
            clusters.push(cluster);
        }
    }
    Month { rows, clusters, counted }
}

fn covered(from: i64, to: i64) -> Coverage {
    let mut seen = Coverage::default();
    for service in 0..SERVICES {
        // An hour a file, as exports come.
        let intervals = vec![(from * DAY_NS, to * DAY_NS)];
        seen.services.insert(format!("service-{service}"), ServiceCoverage { intervals, ..ServiceCoverage::default() });
    }
    seen
}

/// Most memory that the process held so far, MiB.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

pub(crate) fn run() {
    println!(
        "\n## Scale\n\n{TEMPLATES} templates on {SERVICES} services, two revisions at a time, up to {RUNS_A_DAY} runs a day; statistics of the last \
         week against the time before, and of the whole as one window.\n"
    );
    println!(
        "| days | rows behind it | rows of summary | week against before | as one window | peak memory, the rows of summary with it |\n|--:|--:|--:|--:|--:|--:|"
    );
    for (days, total) in [(8, 1_000_000), (15, 50_000_000), (30, 100_000_000), (60, 200_000_000)] {
        let Month { rows, clusters, counted } = month(days, total);
        let n = rows.len();
        let window = Window::new((days - 7) * DAY_NS, days * DAY_NS).expect("a week");
        let whole = Window::new(0, days * DAY_NS).expect("a month");
        let ties = vec![None; clusters.len()];
        let start = Instant::now();
        let mut history = History::default();
        for row in rows {
            let template = format!("{:016x}", row.sig_id.0);
            history.add(row, template);
        }
        let history = history.united();
        let read = start.elapsed();
        let before = Before { coverage: covered(0, days - 7), history, ..Before::default() };
        let start = Instant::now();
        let found = conclude(&clusters, &before, &covered(days - 7, days), &ties, window, QUIET_DAYS);
        let week = read + start.elapsed();
        assert_eq!(found.judgements.len(), clusters.len());
        let before = Before { coverage: Coverage::default(), ..before };
        let start = Instant::now();
        let found = conclude(&clusters, &before, &covered(0, days), &ties, whole, QUIET_DAYS);
        let inside = read + start.elapsed();
        assert_eq!(found.revisions.len(), clusters.len());
        let peak = peak_mib().map_or_else(|| "?".to_owned(), |mib| format!("{mib} MiB"));
        println!(
            "| {days} | {:.1} M | {n} | {:.2} s | {:.2} s | {peak} |",
            counted as f64 / 1e6,
            week.as_secs_f64(),
            inside.as_secs_f64()
        );
    }
}
