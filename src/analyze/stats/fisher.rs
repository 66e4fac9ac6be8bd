//! Presence in snapshots, for exports so short that a rate per hour would say more than was seen.
//!
//! When coverage comes in segments shorter than four episode gaps, a segment can hold one episode and hardly two: the unit
//! is the segment, and presence in k1 of m1 against k0 of m0 is tested by Fisher's exact test (Fisher 1935).

use statrs::function::factorial::ln_binomial;

/// Episode gap in seconds.
const GAP_S: f64 = 900.0;
/// Gaps that a segment must hold for rates to be used.
const GAPS: f64 = 4.0;
/// Outcomes as likely as the observed one, up to rounding, count with it (as in R's `fisher.test`).
const ROUNDING: f64 = 1.0 + 1e-7;

/// Whether coverage is fragmented: the median covered segment, in seconds, is shorter than four episode gaps.
pub fn is_fragmented(segments_s: &[f64]) -> bool {
    let mut sorted = segments_s.to_vec();
    sorted.sort_by(f64::total_cmp);
    super::quantile(&sorted, 0.5).is_some_and(|median| median < GAPS * GAP_S)
}

/// Presence in the segments of a window and of the time before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Segments of the window with an episode.
    pub k1: u64,
    /// Segments of the window.
    pub m1: u64,
    /// Segments before it with an episode.
    pub k0: u64,
    /// Segments before it.
    pub m0: u64,
}

impl Presence {
    /// Counts the segments that hold at least one moment; segments and moments ascending, in any one unit of time.
    pub fn of(segments: &[(i64, i64)], before: &[(i64, i64)], moments: &[i64]) -> Self {
        let present = |segments: &[(i64, i64)]| {
            let holds = |(from, to): &&(i64, i64)| {
                let at = moments.partition_point(|moment| moment < from);
                moments.get(at).is_some_and(|moment| moment <= to)
            };
            segments.iter().filter(holds).count() as u64
        };
        Self { k1: present(segments), m1: segments.len() as u64, k0: present(before), m0: before.len() as u64 }
    }

    /// Two-sided p-value of Fisher's exact test; 1 where either side has no segment.
    pub fn p(self) -> f64 {
        let (present, all) = (self.k0 + self.k1, self.m0 + self.m1);
        if self.m0 == 0 || self.m1 == 0 || self.k1 > self.m1 || self.k0 > self.m0 {
            return 1.0;
        }
        let probability =
            |k: u64| (ln_binomial(self.m1, k) + ln_binomial(self.m0, present - k) - ln_binomial(all, present)).exp();
        let observed = probability(self.k1) * ROUNDING;
        let possible = present.saturating_sub(self.m0)..=present.min(self.m1);
        possible.map(probability).filter(|p| *p <= observed).sum::<f64>().min(1.0)
    }

    /// For a reader: "present in 2 of 2 snapshots, 0 of 9 before".
    pub fn told(self) -> String {
        let before = if self.m0 > 0 { format!(", {} of {} before", self.k0, self.m0) } else { String::new() };
        format!("present in {} of {} snapshots{before}", self.k1, self.m1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(k1: u64, m1: u64, k0: u64, m0: u64) -> f64 {
        Presence { k1, m1, k0, m0 }.p()
    }

    #[test]
    fn no_segment_one_segment_and_equal_presence_prove_nothing() {
        for p in [p(0, 0, 0, 0), p(1, 1, 0, 0), p(1, 1, 1, 1), p(0, 5, 0, 5), p(5, 5, 5, 5)] {
            assert!((p - 1.0).abs() < 1e-9, "{p}");
        }
    }

    #[test]
    fn the_tea_is_tasted_as_by_fisher() {
        assert!((p(3, 4, 1, 4) - 0.485_714_285_7).abs() < 1e-9);
        assert!((p(4, 4, 0, 4) - 0.028_571_428_6).abs() < 1e-9);
        assert!((p(2, 2, 0, 9) - 1.0 / 55.0).abs() < 1e-9);
    }

    #[test]
    fn many_segments_stay_finite() {
        let many = p(900, 1_000, 100, 1_000);
        assert!(many.is_finite() && many < 1e-100);
    }

    #[test]
    fn segments_count_once_however_many_episodes_they_hold() {
        let found = Presence::of(&[(0, 100), (200, 300)], &[(400, 500)], &[0, 1, 2, 150, 300]);
        assert_eq!(found, Presence { k1: 2, m1: 2, k0: 0, m0: 1 });
        assert_eq!(found.told(), "present in 2 of 2 snapshots, 0 of 1 before");
        assert_eq!(Presence::of(&[(0, 9)], &[], &[3]).told(), "present in 1 of 1 snapshots");
    }

    #[test]
    fn coverage_is_fragmented_below_an_hour_a_segment() {
        assert!(!is_fragmented(&[]) && is_fragmented(&[106.0]) && is_fragmented(&[106.0, 125.0, 90_000.0]));
        assert!(!is_fragmented(&[3_600.0, 3_600.0, 106.0]));
    }
}
