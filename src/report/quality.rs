//! What could not be seen and what is wrong with the data, in sentences: coverage, row caps, faults of files.
//!
//! A fault of an export is told as one, never as a fault of the service, and each says what would mend it.

use std::collections::BTreeMap;

use super::sentences::{count, of, seconds};
use super::v1;
use super::worklog::{Material, PAYLOAD_LESS};
use crate::analyze::CapCut;
use crate::record::Severity;
use crate::record::ingest::FileReport;
use crate::time::{parse, rfc3339_seconds, words};

/// What a row cap means.
pub(super) fn cap(cap: &CapCut) -> String {
    let what = cap.severity.map_or_else(|| "rows".to_owned(), |severity| format!("{severity} rows"));
    format!(
        "{}: exactly {} {what}, a round count that looks like a row cap, cover {} ({} to {}); what came {} was not exported",
        cap.file,
        count(cap.rows),
        words(cap.newest_ns - cap.oldest_ns),
        rfc3339_seconds(cap.oldest_ns),
        rfc3339_seconds(cap.newest_ns),
        if cap.oldest_first { "after" } else { "before" },
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
    let capped = file.caps().iter().any(|cap| cap.rows == most && shared.contains(&cap.severity.as_str()));
    let least = if capped { 2 } else { 3 };
    (most > 1 && shared.len() >= least && (capped || file.framing == "wrapper")).then_some((most, shared))
}

/// A time of a file's report, to the second.
fn seconds_of(text: &str) -> String {
    parse(text).map_or_else(|| text.to_owned(), |at| rfc3339_seconds(at.ns))
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
    for (file, strays) in material.files.iter().filter_map(|file| Some((file, file.strays.as_ref()?))) {
        let when = if strays.first == strays.last {
            seconds_of(&strays.first)
        } else {
            format!("{} to {}", seconds_of(&strays.first), seconds_of(&strays.last))
        };
        rows.push(row(
            "stray_times",
            format!(
                "{} {} far from the others of {} ({} to {}): {when}, as of a clock that was not set or a line delivered \
                 late. That is no evidence of coverage, and a window taken from the data leaves it out",
                of(strays.entries, "entry", "entries"),
                if strays.entries == 1 { "lies" } else { "lie" },
                file.path,
                seconds_of(&strays.since),
                seconds_of(&strays.until),
            ),
            vec![file.path.clone()],
            strays.entries,
            Some("a window that is given (--since, --until) takes it in"),
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

#[cfg(test)]
mod tests {
    use super::*;

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
            oldest_first: false,
        };
        let text = cap(&found);
        assert!(text.contains("exactly 1,000 rows") && text.contains("cover 106.9 s"), "{text}");
        assert!(text.ends_with("what came before was not exported"), "{text}");
        assert!(cap(&CapCut { oldest_first: true, ..found }).ends_with("what came after was not exported"));
    }
}
