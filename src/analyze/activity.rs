//! How much a service did: the exposure that counts of two stretches of time are measured by.
//!
//! What both stretches know best is taken: requests, else distinct traces, else covered hours. Ten times the errors in ten
//! times the requests is no change. But requests cannot measure their own absence: where a service did far less than it does
//! in such a time ([`has_collapsed`]), what fell is measured by time.

use std::collections::BTreeMap;

use super::AnalyzeError;
use super::stats::contrast::DISPERSION;
use super::stats::rate::{ALPHA, Counts};
use crate::query::Engine;

/// Requests or traces that each side needs before they stand for its exposure.
const MIN_EXPOSURE: u64 = 20;

/// What a service did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activity {
    /// Rows.
    pub entries: u64,
    /// Rows with a response status.
    pub requests: u64,
    /// Of them, answered 5xx.
    pub failed: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Oldest row, nanoseconds.
    pub first_ns: i64,
    /// Newest row, nanoseconds.
    pub last_ns: i64,
}

/// Activity per service of an engine's window; an empty name is unknown.
pub fn activity(engine: &Engine) -> Result<BTreeMap<String, Activity>, AnalyzeError> {
    let table = super::ask(engine, "activity")?;
    let services = table.str("service")?;
    let number = |name: &str, row: usize| Ok::<_, AnalyzeError>(table.i64(name)?[row].unwrap_or(0));
    let count = |name: &str, row: usize| Ok::<_, AnalyzeError>(u64::try_from(number(name, row)?).unwrap_or(0));
    (0..table.len())
        .map(|row| {
            let own = Activity {
                entries: count("entries", row)?,
                requests: count("requests", row)?,
                failed: count("failed", row)?,
                traces: count("traces", row)?,
                first_ns: number("first_ns", row)?,
                last_ns: number("last_ns", row)?,
            };
            Ok((services[row].clone().unwrap_or_default(), own))
        })
        .collect()
}

/// What both sides know best of how much a service did: (before, after, unit).
pub fn exposure(before: Activity, after: Activity, hours: (f64, f64)) -> (f64, f64, &'static str) {
    let known = [(before.requests, after.requests, "requests"), (before.traces, after.traces, "traces")];
    known
        .into_iter()
        .find(|(n, m, _)| (*n).min(*m) >= MIN_EXPOSURE)
        .map_or((hours.0, hours.1, "hours"), |(n, m, unit)| (n as f64, m as f64, unit))
}

/// Whether a service did less than half of what it does in such a time, beyond chance: then its requests measure the fall
/// itself, and only time can show it.
pub(super) fn has_collapsed(before: Activity, after: Activity, hours: (f64, f64)) -> bool {
    let of = |e0, e1| Counts { e0, e1, t0: hours.0, t1: hours.1, d: DISPERSION };
    let fell = |counts: Counts| counts.falls() && counts.p_down() <= ALPHA;
    if before.requests > 0 { fell(of(before.requests, after.requests)) } else { fell(of(before.traces, after.traces)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_does_far_less_has_collapsed_and_a_shorter_time_is_no_fall() {
        let of = |requests| Activity { requests, ..Activity::default() };
        assert!(has_collapsed(of(1_600), of(40), (13.0, 1.3)));
        assert!(!has_collapsed(of(1_600), of(150), (13.0, 1.3)), "as many as ever in a tenth of the time");
        assert!(!has_collapsed(of(16), of(0), (13.0, 1.3)), "one or two of them are nothing to go by");
        assert!(!has_collapsed(of(0), of(0), (0.0, 0.0)));
        let traces = |traces| Activity { traces, ..Activity::default() };
        assert!(has_collapsed(traces(1_600), traces(40), (13.0, 1.3)));
    }

    #[test]
    fn requests_come_before_traces_and_both_before_time() {
        let of = |requests, traces| Activity { requests, traces, ..Activity::default() };
        assert_eq!(exposure(of(700, 90), of(70, 80), (24.0, 1.0)), (700.0, 70.0, "requests"));
        assert_eq!(exposure(of(700, 90), of(7, 80), (24.0, 1.0)), (90.0, 80.0, "traces"));
        assert_eq!(exposure(of(700, 90), of(0, 0), (24.0, 1.0)), (24.0, 1.0, "hours"));
        assert_eq!(exposure(of(0, 0), of(0, 0), (0.0, 0.0)), (0.0, 0.0, "hours"));
    }
}
