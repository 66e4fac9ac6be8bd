//! The sentences of a report: every number in them is exact, and has its unit.
//!
//! Words that only seem to say how many ("multiple", "~", "50+") never appear; what could not be seen is said first.

use std::collections::BTreeMap;

use super::v1;
use super::worklog::{Material, PAYLOAD_LESS, is_loud, is_shown, level};
use crate::analyze::{CapCut, Family, FamilyKind, Ranked, Status};
use crate::record::Severity;
use crate::record::ingest::FileReport;
use crate::time::{SECOND_NS, rfc3339_seconds, words};

/// `1,234,567`
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 entry`, `2 entries`
pub(crate) fn of(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

fn seconds(value: f64) -> String {
    words((value * SECOND_NS as f64).round() as i64)
}

/// What a row cap means.
pub(super) fn cap(cap: &CapCut) -> String {
    let what = cap.severity.map_or_else(|| "rows".to_owned(), |severity| format!("{severity} rows"));
    format!(
        "{}: exactly {} {what}, a round count that looks like a row cap, cover {} ({} to {}); what came before was not exported",
        cap.file,
        count(cap.rows),
        words(cap.newest_ns - cap.oldest_ns),
        rfc3339_seconds(cap.oldest_ns),
        rfc3339_seconds(cap.newest_ns),
    )
}

/// Why the coverage is not complete.
pub(super) fn coverage_reasons(
    material: &Material<'_>,
    by_severity: &BTreeMap<String, v1::SeverityCoverage>,
) -> Vec<String> {
    let mut reasons: Vec<String> = material.coverage.caps.iter().map(cap).collect();
    for (severity, seen) in by_severity {
        if seen.asked_s > 0.0
            && seen.covered_s < 0.95 * seen.asked_s
            && seen.entries > 0
            && Severity::from_word(severity).is_some_and(|found| found >= Severity::Warning)
        {
            let percent = (100.0 * seen.covered_s / seen.asked_s * 10.0).floor() / 10.0;
            reasons.push(format!(
                "{severity} is covered for {} of {} asked for ({percent} %)",
                seconds(seen.covered_s),
                seconds(seen.asked_s)
            ));
        }
    }
    for found in &material.coverage.missing {
        reasons.push(format!(
            "no export holds {} of {} after {}, although others go on: nothing is known of it since then",
            found.severity,
            if found.service.is_empty() { "what names no service" } else { &found.service },
            rfc3339_seconds(found.until_ns)
        ));
    }
    if material.coverage.services.is_empty() {
        reasons.push("no entry was read: this says nothing about the services, only about the exports".into());
    }
    reasons
}

/// The sentence that heads every document.
pub(super) fn coverage_sentence(material: &Material<'_>, fraction: f64, reasons: &[String]) -> String {
    let seen = material.coverage;
    if seen.services.is_empty() {
        return "The exports hold no entry of this window: no data is neither \"no errors\" nor an outage.".into();
    }
    if let [only] = seen.caps.as_slice()
        && material.files.iter().filter(|file| file.entries > 0).count() == 1
        && only.severity.is_none()
    {
        return format!("{}.", cap(only));
    }
    let days: u64 = seen.services.values().map(|service| service.days().len() as u64).max().unwrap_or(0);
    let span = seen
        .services
        .values()
        .flat_map(|service| service.intervals.iter())
        .fold((i64::MAX, i64::MIN), |span, part| (span.0.min(part.0), span.1.max(part.1)));
    let mut sentence = format!(
        "The exports cover {} ({} to {}, {}) of {} asked for; of WARNING and above at least {} %.",
        seconds(seen.services.values().map(crate::analyze::ServiceCoverage::covered_s).fold(0.0, f64::max)),
        rfc3339_seconds(span.0),
        rfc3339_seconds(span.1),
        of(days, "day", "days"),
        seconds(seen.asked_s),
        (fraction * 1_000.0).floor() / 10.0,
    );
    if !seen.caps.is_empty() {
        sentence.push_str(&format!(
            " {} by a row cap: rates are lower bounds there.",
            match seen.caps.len() {
                1 => "One export is cut".to_owned(),
                n => format!("{n} parts of the exports are cut"),
            }
        ));
    } else if reasons.is_empty() {
        sentence.push_str(" No row cap is suspected.");
    }
    sentence
}

/// Severities that share the greatest count of a file, and that count: two at a row cap, or three of a wrapper that groups
/// its rows by severity, as a summary with samples does.
fn stratified(file: &FileReport) -> Option<(u64, Vec<&str>)> {
    let most = *file.severity.values().max()?;
    let shared: Vec<&str> =
        file.severity.iter().filter(|(_, n)| **n == most).map(|(severity, _)| severity.as_str()).collect();
    let capped = file.cap_suspected.iter().any(|cap| cap.rows == most && shared.contains(&cap.severity.as_str()));
    let least = if capped { 2 } else { 3 };
    (most > 1 && shared.len() >= least && (capped || file.framing == "wrapper")).then_some((most, shared))
}

/// What is wrong with the data itself.
pub(super) fn data_quality(material: &Material<'_>) -> Vec<v1::DataQuality> {
    let row = |kind: &str, text: String, files: Vec<String>, n: u64, remedy: Option<&str>| v1::DataQuality {
        kind: kind.to_owned(),
        text,
        files,
        n,
        remedy: remedy.map(str::to_owned),
    };
    let mut rows = Vec::new();
    for found in &material.coverage.caps {
        rows.push(row(
            "row_cap",
            cap(found),
            vec![found.file.clone()],
            found.rows,
            Some("export again without --limit, hour by hour (scripts/export-logs.sh)"),
        ));
    }
    for file in material.files {
        if let Some((n, severities)) = stratified(file) {
            rows.push(row(
                "stratified",
                format!(
                    "{} holds exactly {} of each of {}: a sample by severity, so shares of severities say nothing, and what came first is told only where both were exported",
                    file.path,
                    of(n, "row", "rows"),
                    severities.join(", ")
                ),
                vec![file.path.clone()],
                n * severities.len() as u64,
                Some("export again without --limit, hour by hour (scripts/export-logs.sh)"),
            ));
        }
    }
    let files = |wanted: &dyn Fn(&FileReport) -> u64| -> (Vec<String>, u64) {
        let hit: Vec<_> = material.files.iter().filter(|file| wanted(file) > 0).collect();
        (hit.iter().map(|file| file.path.clone()).collect(), hit.iter().map(|file| wanted(file)).sum())
    };
    let all: u64 = material.totals.iter().map(|total| total.n).sum();
    let without: u64 = material.totals.iter().map(|total| total.without_payload).sum();
    if without > 0 {
        let share = 100.0 * without as f64 / all.max(1) as f64;
        let fault = if share > 100.0 * PAYLOAD_LESS {
            "; that is a fault of the collector, not of the service, so nothing is filed from it"
        } else {
            ""
        };
        let (names, _) = files(&|file| file.without_payload);
        rows.push(row(
            "without_payload",
            format!("{} of {} rows ({share:.1} %) have neither payload nor request{fault}", count(without), count(all)),
            names,
            without,
            Some("export the whole entries"),
        ));
    }
    let (names, n) = files(&|file| file.malformed);
    if n > 0 {
        rows.push(row(
            "malformed",
            format!(
                "{} could not be read; they are kept in the store's quarantine with their offsets",
                of(n, "piece", "pieces")
            ),
            names,
            n,
            Some("gardener ingest --json lists them"),
        ));
    }
    let (names, n) = files(&|file| file.repaired);
    if n > 0 {
        rows.push(row(
            "repaired",
            format!(
                "{} read after repair (NaN, control characters, broken escapes or encoding)",
                of(n, "row was", "rows were")
            ),
            names,
            n,
            None,
        ));
    }
    let empty: Vec<String> = material
        .files
        .iter()
        .filter(|file| file.entries == 0 && file.declared_window.is_none())
        .map(|file| file.path.clone())
        .collect();
    if !empty.is_empty() {
        let n = empty.len() as u64;
        rows.push(row(
            "empty_file",
            format!(
                "{} no entry: a finding about the export, not about the service",
                of(n, "file holds", "files hold")
            ),
            empty,
            n,
            Some("a sidecar .meta.json with exit 0 makes it evidence of zero"),
        ));
    }
    let (names, n) = files(&|file| file.naive_times);
    if n > 0 {
        rows.push(row(
            "naive_times",
            format!("{} had no zone and were read as UTC", of(n, "time", "times")),
            names,
            n,
            None,
        ));
    }
    if let Some((n, until_ns)) = material.values_cut {
        rows.push(row(
            "values_cut",
            format!(
                "values inside messages are told of the first {} entries of WARNING and above, up to {}",
                count(n),
                rfc3339_seconds(until_ns)
            ),
            Vec::new(),
            n,
            Some("report a shorter window to see the values of all its messages"),
        ));
    }
    let (names, n) = files(&|file| file.set_aside.no_time + file.set_aside.by_rule);
    if n > 0 {
        rows.push(row(
            "set_aside",
            format!(
                "{} kept out of the analysis: no readable time, or a [[set-aside]] rule",
                of(n, "row was", "rows were")
            ),
            names,
            n,
            None,
        ));
    }
    let (names, n) = files(&|file| file.redacted);
    if n > 0 {
        rows.push(row(
            "redacted",
            format!("{} masked before anything was stored", of(n, "credential was", "credentials were")),
            names,
            n,
            None,
        ));
    }
    if material.conflicts > 0 {
        rows.push(row(
            "conflicts",
            format!("{} came with another body than the kept one", of(material.conflicts, "duplicate", "duplicates")),
            Vec::new(),
            material.conflicts,
            None,
        ));
    }
    for (file, asked) in &material.coverage.asked_for {
        rows.push(row(
            "asked_window",
            format!(
                "{file} says it was asked for {} to {}; that is what was wanted, not what is covered",
                asked.since, asked.until
            ),
            vec![file.clone()],
            1,
            None,
        ));
    }
    rows
}

/// One sentence on a family: what follows what, never a cause.
pub(super) fn family(family: &Family, clusters: &[Ranked]) -> String {
    let title = |at: usize| super::worklog::title(&clusters[at].cluster.template);
    let n = family.times_ns.len() as u64;
    let after: Vec<String> = family
        .lags_ns
        .iter()
        .filter(|(member, _)| family.members.contains(member))
        .take(3)
        .map(|(member, lag)| {
            let order = if *lag < 0 { "before" } else { "after" };
            format!("\"{}\" {} {order} it (median)", title(*member), words(lag.abs()))
        })
        .collect();
    let after = if after.is_empty() { String::new() } else { format!("; {}", after.join(", ")) };
    match family.kind {
        FamilyKind::CrashLoop => format!(
            "crash loop: {} ended in an exit, {}; {}: \"{}\"{after}",
            of(n, "start", "starts"),
            family.cadence().words,
            if clusters[family.root].cluster.exception.is_some() {
                "first exception of each"
            } else {
                "what stands first in each"
            },
            title(family.root),
        ),
        FamilyKind::SameTrace => {
            format!("same request in {}: \"{}\" stands first{after}", of(n, "trace", "traces"), title(family.root))
        }
        FamilyKind::SameInstance => {
            let instances = of(n, "instance", "instances");
            format!("same instance, on {instances}: \"{}\" stands first{after}", title(family.root))
        }
        FamilyKind::Precedes => format!(
            "\"{}\" precedes what follows within 30 s, more often than the hours around explain{after}",
            title(family.root)
        ),
    }
}

fn how_often(cluster: &v1::Cluster) -> String {
    if let Some(silent) = &cluster.silent {
        let hours = words((silent.covered_h * 3_600.0 * SECOND_NS as f64) as i64);
        return format!("silent for {hours} that were exported");
    }
    let events = if cluster.events == cluster.entries {
        String::new()
    } else {
        format!(" ({})", of(cluster.events, "event", "events"))
    };
    let words = &cluster.cadence.words;
    if cluster.entries == 1 {
        "once".into()
    } else {
        format!("{}{events}, {words}", of(cluster.entries, "entry", "entries"))
    }
}

/// The top of a document.
pub(super) fn summary(report: &v1::Report, material: &Material<'_>) -> v1::Summary {
    let mut summary = v1::Summary::default();
    let owner = |service: &str| material.config.service_rule(service).and_then(|rule| rule.owner.clone());
    let families: BTreeMap<&str, &v1::Family> =
        report.families.iter().map(|family| (family.root.as_str(), family)).collect();
    for cluster in report.clusters.iter().filter(|cluster| is_loud(cluster) && is_shown(cluster)) {
        if cluster.role == "symptom" {
            continue;
        }
        *summary.statuses.entry(cluster.status.clone()).or_default() += 1;
        let family = families.get(cluster.id.as_str());
        summary.findings.push(v1::FindingRow {
            cluster: cluster.id.clone(),
            family: family.map(|family| family.id.clone()),
            priority: family
                .map_or(&cluster.priority, |family| {
                    if level(&family.priority) < level(&cluster.priority) {
                        &family.priority
                    } else {
                        &cluster.priority
                    }
                })
                .clone(),
            title: cluster.title.clone(),
            service: cluster.service.clone(),
            how_often: family.map_or_else(
                || how_often(cluster),
                |family| match family.kind.as_str() {
                    "crash_loop" => format!(
                        "crash loop, {} ended in an exit, {}",
                        of(family.events, "start", "starts"),
                        family.cadence.words
                    ),
                    _ => format!(
                        "{} over {}",
                        how_often(cluster),
                        of(family.members.len() as u64, "cluster", "clusters")
                    ),
                },
            ),
            since: family
                .map_or(
                    &cluster.first,
                    |family| if family.first < cluster.first { &family.first } else { &cluster.first },
                )
                .clone(),
            last: family
                .map_or(&cluster.last, |family| if family.last > cluster.last { &family.last } else { &cluster.last })
                .clone(),
            status: cluster.status.clone(),
            owner: owner(&cluster.service),
        });
    }
    summary.findings.sort_by_key(|row| level(&row.priority));
    let loud: Vec<&v1::Cluster> =
        report.clusters.iter().filter(|cluster| is_loud(cluster) && cluster.category.is_none()).collect();
    let lines = |status: Status| -> Vec<String> {
        let rows = loud.iter().filter(|cluster| {
            cluster.status == status.as_str() && cluster.role != "symptom" && cluster.silent.is_none()
        });
        rows.map(|cluster| {
            format!("{} {} ({}): {}", cluster.id, cluster.title, cluster.service, cluster.status_why.join("; "))
        })
        .collect()
    };
    summary.new = lines(Status::New);
    let silent = report.clusters.iter().filter_map(|cluster| {
        let silent = cluster.silent.as_ref()?;
        Some(format!("{} {} ({}): {}", cluster.id, cluster.title, cluster.service, silent.sentence))
    });
    let worse = lines(Status::Regressed).into_iter().chain(lines(Status::Escalating));
    summary.worse = silent.chain(worse).collect();
    for cluster in &loud {
        let drifts = cluster.parameters.iter().filter_map(|parameter| {
            let drift = parameter.drift.as_ref()?;
            let name = parameter
                .name
                .as_deref()
                .filter(|name| !name.is_empty())
                .map_or_else(String::new, |name| format!(" after \"{name}\""));
            Some(format!("{} {} ({}): value{name} {drift}", cluster.id, cluster.title, cluster.service))
        });
        summary.worse.extend(drifts);
    }
    summary.gone = lines(Status::Resolved).into_iter().chain(lines(Status::Quiet)).collect();
    summary.follows =
        report.families.iter().map(|family| format!("{} {}: {}", family.id, family.service, family.sentence)).collect();
    summary.next = summary
        .findings
        .iter()
        .filter(|row| level(&row.priority) <= 2 && !matches!(row.status.as_str(), "resolved" | "quiet"))
        .map(|row| {
            let who = row.owner.as_ref().map_or_else(|| "no owner configured".to_owned(), Clone::clone);
            format!(
                "{}: {} ({}), {who}; start with gardener explain {}",
                row.priority, row.title, row.service, row.cluster
            )
        })
        .collect();
    summary.unseen.clone_from(&report.coverage.reasons);
    if !material.totals.is_empty() && material.totals.iter().all(|row| row.severity != Severity::Info) {
        summary.unseen.push("no INFO entry is in this window: what stopped coming cannot be seen".into());
    }
    let unseen = report
        .data_quality
        .iter()
        .filter(|row| matches!(row.kind.as_str(), "without_payload" | "malformed" | "empty_file"));
    summary.unseen.extend(unseen.map(|row| row.text.clone()));
    summary.sentence = sentence(report, &summary);
    summary
}

fn sentence(report: &v1::Report, summary: &v1::Summary) -> String {
    let names: Vec<&str> = report
        .services
        .iter()
        .map(|row| if row.service.is_empty() { "(no service)" } else { row.service.as_str() })
        .take(3)
        .collect();
    let who = match report.services.len() {
        0 => return "No entry was read in this window.".into(),
        n if n > 3 => format!("{} and {}", names.join(", "), of(n as u64 - 3, "other service", "other services")),
        _ => names.join(", "),
    };
    let Some(worst) = summary.findings.first() else {
        return format!(
            "{who}: no cluster of WARNING or above in {} of data; see what could not be seen.",
            report.window.words
        );
    };
    let families = report.families.len() as u64;
    let gone = ["resolved", "quiet"].iter().filter_map(|status| summary.statuses.get(*status)).sum::<u64>();
    let n = |status: &str| summary.statuses.get(status).copied().unwrap_or(0);
    format!(
        "{who}: {} of WARNING and above ({}) in {}. Worst: {} ({}, {}). {} new, {} regressed, {} ongoing, {gone} gone or quiet, {} with too little history to compare.",
        of(summary.findings.len() as u64, "problem", "problems"),
        of(families, "family", "families"),
        report.window.words,
        worst.title,
        worst.priority,
        worst.how_often,
        n("new"),
        n("regressed"),
        n("ongoing"),
        n("insufficient_coverage"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_have_their_unit() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(of(1, "entry", "entries"), "1 entry");
        assert_eq!(of(1_000, "entry", "entries"), "1,000 entries");
    }

    #[test]
    fn equal_counts_of_severities_are_a_sample_by_severity() {
        use crate::record::ingest::CapSuspected;
        let file = |counts: &[(&str, u64)], framing: &str, caps: &[&str]| FileReport {
            severity: counts.iter().map(|(severity, n)| ((*severity).to_owned(), *n)).collect(),
            framing: framing.into(),
            cap_suspected: caps.iter().map(|cap| CapSuspected { severity: (*cap).into(), rows: 50 }).collect(),
            ..FileReport::default()
        };
        let capped = file(&[("ERROR", 50), ("INFO", 50), ("NOTICE", 12)], "array", &["ERROR", "INFO"]);
        assert_eq!(stratified(&capped), Some((50, vec!["ERROR", "INFO"])));
        let samples = file(&[("ERROR", 3), ("INFO", 3), ("NOTICE", 2), ("WARNING", 3)], "wrapper", &[]);
        assert_eq!(stratified(&samples), Some((3, vec!["ERROR", "INFO", "WARNING"])));
        for other in [
            file(&[("ERROR", 3), ("INFO", 3), ("WARNING", 3)], "array", &[]),
            file(&[("ERROR", 50), ("INFO", 40)], "array", &["ERROR"]),
            file(&[("ERROR", 1), ("INFO", 1), ("WARNING", 1)], "wrapper", &[]),
            file(&[], "wrapper", &[]),
        ] {
            assert_eq!(stratified(&other), None, "{:?}", other.severity);
        }
    }

    #[test]
    fn a_cap_says_how_much_time_its_rows_cover() {
        let found = CapCut {
            file: "last_hour.json".into(),
            severity: None,
            rows: 1_000,
            oldest_ns: 0,
            newest_ns: 106_887_000_000,
        };
        let text = cap(&found);
        assert!(text.contains("exactly 1,000 rows") && text.contains("cover 106.9 s"), "{text}");
    }
}
