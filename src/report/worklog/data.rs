//! The window, what of it is covered, the sums and the sources.

use std::collections::BTreeMap;

use super::Material;
use crate::analyze::{ServiceCoverage, fetch_command};
use crate::record::Severity;
use crate::record::ingest::FileReport;
use crate::report::facts::rounded;
use crate::report::{quality, v1};
use crate::time::{HOUR_NS, Window, local, rfc3339, words};

pub(super) fn window(material: &Material<'_>) -> v1::ReportWindow {
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

pub(super) fn coverage(material: &Material<'_>) -> v1::Coverage {
    let seen = material.coverage;
    let mut by_severity = BTreeMap::new();
    let mut fraction: Option<f64> = None;
    for (severity, found) in &seen.severities {
        let own = || material.totals.iter().filter(|row| row.severity == *severity);
        let entries = own().map(|row| row.n).sum();
        let covered_s = found.covered_s();
        if *severity >= Severity::Warning && entries > 0 && seen.asked_s > 0.0 {
            let own = share(covered_s, seen.asked_s);
            fraction = Some(fraction.map_or(own, |least| least.min(own)));
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
    let mut entries: BTreeMap<&str, u64> = BTreeMap::new();
    for row in material.totals {
        *entries.entry(&row.service).or_default() += row.n;
    }
    let services = seen
        .services
        .iter()
        .map(|(name, service)| {
            let row = v1::ServiceCoverage {
                covered_s: service.covered_s(),
                fraction: rounded(share(service.covered_s(), seen.asked_s), 4),
                days: service.days().len() as u64,
                intervals: service.intervals.iter().map(|(from, to)| [rfc3339(*from), rfc3339(*to)]).collect(),
                entries: entries.get(name.as_str()).copied().unwrap_or(0),
            };
            (name.clone(), row)
        })
        .collect();
    // Without a row of WARNING or above, what was covered at all says how much could have been seen; nothing covers nothing.
    let longest = seen.services.values().map(ServiceCoverage::covered_s).fold(0.0, f64::max);
    let fraction = fraction.unwrap_or_else(|| share(longest, seen.asked_s));
    let reasons = quality::coverage_reasons(material, &by_severity);
    v1::Coverage {
        fraction: rounded(fraction, 4),
        complete: reasons.is_empty(),
        sentence: quality::coverage_sentence(material, fraction, &reasons),
        reasons,
        services,
        by_severity,
        fetch: fetch(material),
    }
}

/// Covered seconds over those asked for, 0 to 1; nothing covers nothing.
fn share(covered_s: f64, asked_s: f64) -> f64 {
    if asked_s > 0.0 { (covered_s / asked_s).clamp(0.0, 1.0) } else { 0.0 }
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
            let severity = cap.severity.map(Severity::as_str);
            if cap.oldest_first {
                return fetch_command(project, service, cap.newest_ns, cap.newest_ns + HOUR_NS, severity);
            }
            let asked = material
                .coverage
                .asked_for
                .iter()
                .find(|(file, _)| *file == cap.file)
                .and_then(|(_, declared)| crate::time::parse(&declared.since));
            let since_ns = asked.map_or(cap.oldest_ns - HOUR_NS, |parsed| parsed.ns).min(cap.oldest_ns - 1);
            fetch_command(project, service, since_ns, cap.oldest_ns, severity)
        })
        .collect();
    commands.dedup();
    commands
}

pub(super) fn totals(material: &Material<'_>) -> v1::Totals {
    let mut totals = v1::Totals {
        entries: material.files.iter().map(|file| file.entries).sum(),
        malformed: material.files.iter().map(|file| file.malformed).sum(),
        set_aside: material.files.iter().map(|file| file.set_aside.no_time + file.set_aside.by_rule).sum(),
        unique: material.totals.iter().map(|row| row.n).sum(),
        without_payload: material.totals.iter().map(|row| row.without_payload).sum(),
        events: material.analysis.clusters.iter().map(|ranked| ranked.cluster.events).sum(),
        clusters: material.analysis.clusters.iter().filter(|ranked| ranked.cluster.is_present()).count() as u64,
        further: material.further,
        ..v1::Totals::default()
    };
    for row in material.totals {
        *totals.severity.entry(row.severity.as_str().to_owned()).or_default() += row.n;
        *totals.effective_severity.entry(row.effective.as_str().to_owned()).or_default() += row.n;
        *totals.kind.entry(row.kind.clone()).or_default() += row.n;
    }
    totals
}

pub(super) fn source(file: &FileReport) -> v1::Source {
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
