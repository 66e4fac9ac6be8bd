//! The findings of the analysis as values of the report: silences, revisions, tests, links, calibration.
//!
//! One function a struct of [`v1`]; times become text and numbers are rounded here, nothing is concluded.

use super::v1;
use crate::analyze::stats::compare::Baseline;
use crate::analyze::stats::drift::Drift;
use crate::analyze::stats::onset::Direction;
use crate::analyze::stats::quantile;
use crate::analyze::{Calibration, Change, Latency, Parameter, Ranked, Revisions, Route, Silent, ValueChange};
use crate::time::{HOUR_NS, rfc3339};

/// A number with so many digits after the point.
pub(super) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    let scaled = (value * scale).round() / scale;
    // Adding 0 makes -0 plain 0: a lag of nothing has no direction.
    if scaled.is_finite() { scaled + 0.0 } else { value }
}

/// A probability with three digits that count, however small.
pub(super) fn probability(p: f64) -> f64 {
    format!("{p:.2e}").parse().unwrap_or(p)
}

pub(super) fn silence(found: &Silent) -> v1::Silence {
    v1::Silence {
        whole_service: found.whole_service,
        last: rfc3339(found.last_ns),
        covered_h: rounded(found.covered_h, 4),
        hours_with: found.hours_with,
        regular: rounded(found.regular, 4),
        p: probability(found.p0),
        until: found.until_ns.map(rfc3339),
        expected: found.expected.map(|rows| rounded(rows, 1)),
        sentence: found.told(),
    }
}

pub(super) fn revisions(found: &Revisions) -> v1::RevisionTies {
    let change = |change: &Change| v1::RevisionChange {
        revision: change.revision.clone(),
        since: rfc3339(change.since_ns),
        episodes: change.episodes,
        of: change.of,
        p: probability(change.p),
        q: probability(change.q),
    };
    v1::RevisionTies {
        appeared: found.appeared.as_ref().map(change),
        gone: found.gone.as_ref().map(change),
        canary: found.canary.as_ref().map(|canary| v1::RevisionShare {
            revision: canary.revision.clone(),
            episodes: canary.episodes,
            of: canary.of,
            share: rounded(canary.share, 4),
            ratio: rounded(canary.ratio, 3),
            p: probability(canary.p),
            q: probability(canary.q),
        }),
        only_in: found.only.as_ref().map(|(revision, _)| revision.clone()),
    }
}

/// The comparison with the time before and what else was tested; `origin_ns` is the window's start.
pub(super) fn trend(ranked: &Ranked, origin_ns: i64, per_day: Vec<v1::DayCount>) -> v1::Trend {
    let judged = &ranked.status.judged;
    let moment = |hour: i64| rfc3339(origin_ns + hour * HOUR_NS);
    let changes = judged.changes.iter().map(|change| v1::RateChange {
        at: moment(change.hour),
        earliest: moment(change.interval.since),
        latest: moment(change.interval.until),
        direction: if change.direction == Direction::Rise { "rise" } else { "fall" }.to_owned(),
        episodes_before: change.counts.e0,
        episodes_after: change.counts.e1,
    });
    let mut trend = v1::Trend {
        per_day,
        silence_p: judged.silence.map(|silence| probability(silence.p0())),
        resolved_from: judged.resolved_from.map(moment),
        changes: changes.collect(),
        snapshots: ranked.snapshots.map(|found| v1::Snapshots {
            present: found.k1,
            of: found.m1,
            present_before: found.k0,
            of_before: found.m0,
            p: probability(found.p()),
        }),
        ..v1::Trend::default()
    };
    if let Some(test) = &judged.test {
        let (p, q) = if test.p_up < test.p_down { (test.p_up, test.q_up) } else { (test.p_down, test.q_down) };
        let baseline = if test.baseline == Baseline::Anchor { "anchor" } else { "before" };
        trend.previous = Some(test.counts.e0);
        trend.expected_low = Some(test.expected.0 as f64);
        trend.expected_high = Some(test.expected.1 as f64);
        trend.ratio = test.ratio.is_finite().then(|| rounded(test.ratio, 3));
        trend.p = Some(probability(p));
        trend.q = q.map(probability);
        trend.baseline = Some(baseline.to_owned());
        trend.baseline_since = Some(moment(test.against.since));
        trend.baseline_until = Some(moment(test.against.until));
        trend.exposure_h = Some(rounded(test.counts.t1, 2));
        trend.exposure_before_h = Some(rounded(test.counts.t0, 2));
        trend.dispersion = Some(rounded(test.counts.d, 3));
    }
    trend
}

pub(super) fn parameter(found: &Parameter) -> v1::Parameter {
    let range = found.range();
    let count = |(value, n): &(String, u64)| v1::ValueCount { value: value.clone(), n: *n };
    let new = found.new_values.iter().flat_map(|new| &new.0);
    v1::Parameter {
        slot: found.slot as u64,
        name: found.name.clone(),
        kind: found.kind.clone(),
        unit: found.unit.clone(),
        n: found.n,
        distinct: found.distinct,
        min: range.map(|range| range.0),
        median: range.map(|range| range.1),
        max: range.map(|range| range.2),
        top: found.top.iter().map(count).collect(),
        drift: found.drift(),
        change: found.change.as_ref().and_then(value_change),
        distinct_before: found.distinct_before,
        new_values: new.map(|new| v1::ValueCount { value: new.value.clone(), n: new.n }).collect(),
        domains: found.domains.iter().map(count).collect(),
        per_day: found.per_day.iter().filter_map(|(day, numbers)| day_value(day, numbers)).collect(),
    }
}

fn day_value(day: &str, numbers: &[f64]) -> Option<v1::DayValue> {
    Some(v1::DayValue {
        day: day.to_owned(),
        n: numbers.len() as u64,
        min: *numbers.first()?,
        median: quantile(numbers, 0.5)?,
        p95: quantile(numbers, 0.95)?,
        max: *numbers.last()?,
    })
}

fn value_change(change: &ValueChange) -> Option<v1::ValueChange> {
    Some(match change {
        ValueChange::Steps(runs) => {
            let (old, new) = (runs.first()?, runs.last()?);
            v1::ValueChange {
                kind: if runs.len() == 2 { "constant" } else { "steps" }.to_owned(),
                from: old.value,
                to: new.value,
                first: Some(rfc3339(new.first_ns)),
                revision: new.revision.clone(),
                episodes_before: old.episodes as u64,
                episodes_after: new.episodes as u64,
                ..v1::ValueChange::default()
            }
        }
        ValueChange::Shift { drift: Drift::Shift { from, to, a12, p, q, n, .. }, .. } => v1::ValueChange {
            kind: "shift".to_owned(),
            from: *from,
            to: *to,
            episodes_before: n.0 as u64,
            episodes_after: n.1 as u64,
            a12: Some(rounded(*a12, 4)),
            p: Some(probability(*p)),
            q: Some(probability(*q)),
            ..v1::ValueChange::default()
        },
        ValueChange::Shift { .. } => return None,
    })
}

pub(super) fn route(found: &Route) -> v1::Route {
    let share = |failed: u64, all: u64| if all == 0 { 0.0 } else { rounded(failed as f64 / all as f64, 6) };
    let latency = |found: Latency| v1::LatencyMs {
        n: found.n as u64,
        p50: rounded(found.p50, 3),
        p95: rounded(found.p95, 3),
        max: rounded(found.max, 3),
    };
    let mut statuses = std::collections::BTreeMap::new();
    for (status, n) in &found.statuses {
        let class = if *status > 0 { format!("{}xx", status / 100) } else { "unknown".to_owned() };
        *statuses.entry(class).or_default() += n;
    }
    let (project, service, method, route) = found.key.clone();
    v1::Route {
        service,
        project,
        method,
        route,
        requests: found.requests,
        requests_per_h: if found.hours > 0.0 { rounded(found.requests as f64 / found.hours, 2) } else { 0.0 },
        statuses,
        share_5xx: share(found.failed, found.requests),
        requests_before: found.before.map(|(requests, _)| requests),
        share_5xx_before: found.before.map(|(requests, failed)| share(failed, requests)),
        latency_ms: found.latency.map(latency),
        latency_before_ms: found.latency_before.map(latency),
        changes: found.changes.clone(),
        worse: found.worse.clone(),
    }
}

pub(super) fn calibration(found: &Calibration) -> v1::Calibration {
    v1::Calibration {
        window_h: found.window_h,
        baseline_h: found.baseline_h,
        flags_mean: rounded(found.mean, 2),
        flags_now: found.now.map(|n| n as u64),
        splits: found
            .splits
            .iter()
            .map(|(since_ns, split)| v1::CalibrationSplit {
                since: rfc3339(*since_ns),
                tested: split.tested as u64,
                rising: split.rising as u64,
                falling: split.falling as u64,
            })
            .collect(),
        sentence: found.told(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_count() {
        assert!((rounded(2.345_678, 2) - 2.35).abs() < 1e-12 && rounded(f64::INFINITY, 2).is_infinite());
        assert!((probability(1.234_567e-9) - 1.23e-9).abs() < 1e-20 && probability(0.0).abs() < 1e-300);
    }
}
