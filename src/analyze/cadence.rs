//! How often something comes, in words that carry their unit.
//!
//! A hand-written report printed `1:13` and its readers took minutes for hours; so every figure has a unit and no word is
//! approximate. Which words fit is decided by the coefficient of variation of the gaps (Cox and Lewis 1966): it is 0 for a
//! clock, 1 for what comes by chance at a steady rate, and above that for what comes in bursts.

use super::stats;
use crate::store::EPISODE_GAP_NS;
use crate::time::{HOUR_NS, SECOND_NS, words};

/// Variation of gaps below which something comes like a clock.
const REGULAR_CV: f64 = 0.3;
/// Variation of gaps above which it comes in bursts.
const BURSTS_CV: f64 = 1.5;

/// How often something comes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cadence {
    /// In words.
    pub words: String,
    /// Number of events.
    pub n: u64,
    /// Median gap in seconds.
    pub median_s: Option<f64>,
    /// Least gap in seconds.
    pub min_s: Option<f64>,
    /// Greatest gap in seconds.
    pub max_s: Option<f64>,
    /// Coefficient of variation of the gaps.
    pub cv: Option<f64>,
}

/// Number of episodes among sorted times.
pub(crate) fn episodes(times_ns: &[i64]) -> u64 {
    if times_ns.is_empty() {
        0
    } else {
        1 + times_ns.windows(2).filter(|pair| pair[1] - pair[0] > EPISODE_GAP_NS).count() as u64
    }
}

/// Describes sorted times of events.
pub(crate) fn cadence(times_ns: &[i64]) -> Cadence {
    let n = times_ns.len() as u64;
    let (Some(first), Some(last)) = (times_ns.first(), times_ns.last()) else {
        return Cadence { words: "never".into(), ..Cadence::default() };
    };
    // Sorted as whole numbers, which takes less.
    let mut gaps_ns: Vec<i64> = times_ns.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps_ns.sort_unstable();
    let gaps: Vec<f64> = gaps_ns.into_iter().map(|gap| gap as f64 / SECOND_NS as f64).collect();
    let (median_s, min_s, max_s) = (stats::quantile(&gaps, 0.5), gaps.first().copied(), gaps.last().copied());
    let cv = stats::variation(&gaps);
    let span_ns = last - first;
    let words = match (n, median_s, cv) {
        (1, ..) => "once".to_owned(),
        (_, Some(median), _) if n == 2 => format!("twice, {} apart", seconds(median)),
        (_, Some(median), Some(cv)) if cv < REGULAR_CV && median > 0.0 => {
            format!(
                "every {} (median of {n} events; {} to {})",
                seconds(median),
                seconds(min_s.unwrap_or(0.0)),
                seconds(max_s.unwrap_or(0.0))
            )
        }
        (_, Some(median), Some(cv)) if cv <= BURSTS_CV && span_ns >= HOUR_NS => {
            format!("{} per hour ({n} events in {}; median gap {})", rate(n, span_ns), words(span_ns), seconds(median))
        }
        // Many events in few episodes; where nearly every event is an episode of its own, a rate says more.
        (_, Some(median), _) if span_ns >= HOUR_NS && episodes(times_ns) * 2 > n => {
            format!("{} per hour ({n} events in {}; median gap {})", rate(n, span_ns), words(span_ns), seconds(median))
        }
        (_, Some(median), _) if episodes(times_ns) > 1 => {
            format!("{} bursts, {n} events in {}; median gap {}", episodes(times_ns), words(span_ns), seconds(median))
        }
        (_, Some(median), _) => format!("{n} events in {}; median gap {}", words(span_ns), seconds(median)),
        _ => format!("{n} events at one moment"),
    };
    Cadence { words, n, median_s, min_s, max_s, cv }
}

fn rate(n: u64, span_ns: i64) -> String {
    let per_hour = n as f64 * HOUR_NS as f64 / span_ns as f64;
    match per_hour {
        x if x < 1.0 => format!("{x:.2}"),
        x if x < 10.0 => format!("{x:.1}"),
        x => format!("{x:.0}"),
    }
}

fn seconds(value: f64) -> String {
    words((value * SECOND_NS as f64) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(gaps_s: &[f64]) -> Vec<i64> {
        let mut at = 0.0;
        std::iter::once(0)
            .chain(gaps_s.iter().map(|gap| {
                at += gap;
                (at * 1e9) as i64
            }))
            .collect()
    }

    #[test]
    fn words_carry_units_and_are_exact() {
        assert_eq!(cadence(&[]).words, "never");
        assert_eq!(cadence(&[5]).words, "once");
        assert_eq!(cadence(&times(&[7.0])).words, "twice, 7.0 s apart");
        assert_eq!(cadence(&times(&[7.0, 7.2, 6.9])).words, "every 7.0 s (median of 4 events; 6.9 s to 7.2 s)");
        assert_eq!(cadence(&[5, 5, 5]).words, "3 events in 0 ms; median gap 0 ms");
        let mut gaps = [1.0; 17];
        gaps[8] = 40_000.0;
        assert_eq!(cadence(&times(&gaps)).words, "2 bursts, 18 events in 11.1 h; median gap 1.0 s");
        assert_eq!(
            cadence(&times(&[100.0, 9_000.0, 700.0])).words,
            "1.5 per hour (4 events in 2.7 h; median gap 11.7 min)"
        );
    }

    #[test]
    fn equal_gaps_are_a_clock_and_one_huge_gap_stays_finite() {
        let equal = cadence(&times(&[60.0; 100]));
        assert_eq!(equal.words, "every 60.0 s (median of 101 events; 60.0 s to 60.0 s)");
        assert_eq!(equal.cv, Some(0.0));
        let huge = cadence(&[0, 1, i64::MAX]);
        assert!(huge.max_s.is_some_and(f64::is_finite) && huge.cv.is_some_and(f64::is_finite), "{huge:?}");
        assert_eq!((huge.n, cadence(&[i64::MAX]).median_s), (3, None));
    }

    #[test]
    fn episodes_are_separated_by_more_than_fifteen_minutes() {
        assert_eq!(episodes(&[]), 0);
        assert_eq!(episodes(&times(&[900.0])), 1);
        assert_eq!(episodes(&times(&[900.1])), 2);
    }
}
