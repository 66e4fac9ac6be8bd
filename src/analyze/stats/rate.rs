//! Whether a rate changed between two stretches of time, and what was to be expected.
//!
//! One formula serves status, onset, incident window and revisions: given E0 + E1 episodes in all, each falls into the
//! later stretch with probability q = t1 / (t0 + t1) if nothing changed, so E1 is binomial (Przyborowski and Wilenski
//! 1940). Dividing both counts by the dispersion D carries over-dispersed counts into the same formula as quasi-likelihood
//! does (Lund et al. 2012); D = 1 is the exact conditional test. Readers see the predictive interval, never the p-value.

use super::special::beta;

/// Least ratio of rates that is called a change.
pub const MIN_RATIO: f64 = 2.0;
/// Least episodes on the higher side of a change.
pub const MIN_EPISODES: u64 = 3;
/// Added to counts before a ratio is taken, so that zero has one (Anscombe 1949; Jeffreys' prior).
const HALF: f64 = 0.5;
/// Chance outside the interval that is shown, both sides together.
const OUTSIDE: f64 = 0.05;
/// Most likely to be chance that a silence may be and still be called resolved.
pub const ALPHA: f64 = 0.05;

/// Counts and exposures of two stretches of time, earlier (0) and later (1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Episodes (in an incident window: events) of the earlier stretch.
    pub e0: u64,
    /// Those of the later stretch.
    pub e1: u64,
    /// Exposure of the earlier stretch: weighted covered hours, requests or traces.
    pub t0: f64,
    /// That of the later stretch, in the same unit.
    pub t1: f64,
    /// Dispersion, at least 1.
    pub d: f64,
}

impl Counts {
    /// Probability that an episode falls into the later stretch if nothing changed; `None` without exposure on both sides.
    pub fn q(&self) -> Option<f64> {
        (self.t0 > 0.0 && self.t1 > 0.0).then(|| self.t1 / (self.t0 + self.t1))
    }

    /// Chance of at least E1 in the later stretch if nothing changed: I_q(E1/D, E0/D + 1); 1 without exposure.
    pub fn p_up(&self) -> f64 {
        let d = self.d.max(1.0);
        self.q().map_or(1.0, |q| beta(self.e1 as f64 / d, self.e0 as f64 / d + 1.0, q))
    }

    /// Chance of at least E0 in the earlier stretch if nothing changed: I_{1-q}(E0/D, E1/D + 1); 1 without exposure.
    pub fn p_down(&self) -> f64 {
        let d = self.d.max(1.0);
        self.q().map_or(1.0, |q| beta(self.e0 as f64 / d, self.e1 as f64 / d + 1.0, 1.0 - q))
    }

    /// Two-sided p-value: twice the smaller one.
    pub fn p_two_sided(&self) -> f64 {
        (2.0 * self.p_up().min(self.p_down())).min(1.0)
    }

    /// Least `p_up` that any split of the same episodes reaches: q^((E0 + E1)/D), Tarone's filter.
    pub fn least_p_up(&self) -> f64 {
        self.q().map_or(1.0, |q| q.powf((self.e0 + self.e1) as f64 / self.d.max(1.0)))
    }

    /// Least `p_down` that any split of the same episodes reaches.
    pub fn least_p_down(&self) -> f64 {
        self.q().map_or(1.0, |q| (1.0 - q).powf((self.e0 + self.e1) as f64 / self.d.max(1.0)))
    }

    /// Later rate over earlier rate, half an episode added to each; `None` without exposure.
    pub fn ratio(&self) -> Option<f64> {
        self.q().map(|_| ((self.e1 as f64 + HALF) / self.t1) / ((self.e0 as f64 + HALF) / self.t0))
    }

    /// Whether the later rate is high enough to be called a rise, chance aside.
    pub fn rises(&self) -> bool {
        self.e1 >= MIN_EPISODES && self.ratio().is_some_and(|ratio| ratio >= MIN_RATIO)
    }

    /// Whether the later rate is low enough to be called a fall, chance aside.
    pub fn falls(&self) -> bool {
        self.e0 >= MIN_EPISODES && self.ratio().is_some_and(|ratio| ratio <= 1.0 / MIN_RATIO)
    }

    /// Episodes expected in the later stretch at the earlier rate, 95 of 100 times, both ends included.
    ///
    /// Negative-binomial predictive distribution with r = E0/D + 1/2 and p = t0/(t0 + t1) (Jeffreys' prior; Gelman et al.,
    /// Bayesian Data Analysis, 2.6), scaled back by D. `None` without exposure.
    pub fn expected(&self) -> Option<(u64, u64)> {
        let d = self.d.max(1.0);
        let (r, p) = (self.e0 as f64 / d + HALF, 1.0 - self.q()?);
        let low = quantile(r, p, OUTSIDE / 2.0);
        let high = quantile(r, p, 1.0 - OUTSIDE / 2.0);
        Some(((low as f64 * d).floor() as u64, (high as f64 * d).ceil() as u64))
    }
}

/// Least k with P(X <= k) >= `level` for a negative binomial of `r` successes at `p`; P(X <= k) = I_p(r, k + 1).
fn quantile(r: f64, p: f64, level: f64) -> u64 {
    let reaches = |k: u64| beta(r, k as f64 + 1.0, p) >= level;
    let mut high = 1_u64;
    while !reaches(high) && high < 1 << 50 {
        high *= 2;
    }
    let mut low = 0;
    while low < high {
        let middle = low + (high - low) / 2;
        if reaches(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// A silence: episodes and exposure up to it, and the exposure it has lasted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Silence {
    /// Episodes before it.
    pub episodes: u64,
    /// Weighted covered hours up to the last episode.
    pub until: f64,
    /// Weighted covered hours since then.
    pub since: f64,
    /// Dispersion, at least 1.
    pub d: f64,
}

impl Silence {
    fn r(&self) -> f64 {
        self.episodes as f64 / self.d.max(1.0) + HALF
    }

    /// Chance of the silence at the rate before it: (t0 / (t0 + tq))^(E0/D + 1/2), the predictive distribution's zero.
    pub fn p0(&self) -> f64 {
        if self.until + self.since > 0.0 { (self.until / (self.until + self.since)).powf(self.r()) } else { 1.0 }
    }

    /// Covered hours of silence still to come until it can be called resolved at `alpha`; 0 when it can be now.
    ///
    /// `None` when nothing came before, or no silence of any length would do within a century.
    pub fn hours_to_go(&self, alpha: f64) -> Option<f64> {
        const CENTURY: f64 = 876_600.0;
        if self.episodes == 0 || self.until <= 0.0 {
            return None;
        }
        let needed = self.until * (alpha.powf(-1.0 / self.r()) - 1.0);
        Some((needed - self.since).max(0.0)).filter(|hours| *hours < CENTURY)
    }
}

/// Highest rate per hour that `hours` without an episode are compatible with, 95 of 100 times (Hanley and
/// Lippman-Hand 1983, the rule of three).
pub fn rule_of_three(hours: f64) -> Option<f64> {
    (hours > 0.0).then(|| 3.0 / hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(e0: u64, e1: u64, t0: f64, t1: f64, d: f64) -> Counts {
        Counts { e0, e1, t0, t1, d }
    }

    #[test]
    fn nothing_seen_and_nothing_covered_claim_nothing() {
        for none in [counts(0, 0, 10.0, 10.0, 1.0), counts(0, 0, 0.0, 0.0, 1.0), counts(5, 5, 0.0, 10.0, 1.0)] {
            assert!(none.p_up() >= 1.0 && none.p_down() >= 1.0 && !none.rises() && !none.falls(), "{none:?}");
        }
        assert_eq!(counts(5, 5, 0.0, 10.0, 1.0).expected(), None);
        assert_eq!(counts(5, 5, 0.0, 10.0, 1.0).ratio(), None);
        assert!(counts(0, 1, 24.0, 24.0, 1.0).p_up() <= 0.5 + 1e-12);
    }

    #[test]
    fn with_dispersion_one_the_test_is_the_exact_conditional_binomial() {
        let p = counts(4, 9, 28.0, 7.0, 1.0).p_up();
        assert!((p - super::super::special::binomial_tail(9, 13, 0.2)).abs() < 1e-12);
        assert!((counts(9, 4, 7.0, 28.0, 1.0).p_down() - p).abs() < 1e-12, "falls are rises read backwards");
        assert!(counts(4, 9, 28.0, 7.0, 3.0).p_up() > p, "noisy counts are weaker evidence");
    }

    #[test]
    fn equal_rates_are_no_change_and_one_huge_count_is() {
        let equal = counts(28, 7, 28.0, 7.0, 1.0);
        assert!(equal.p_two_sided() > 0.5 && !equal.rises() && !equal.falls());
        let huge = counts(3, 4_000_000_000, 28.0, 7.0, 1.0);
        assert!(huge.rises() && huge.p_up() < 1e-100);
        assert!(counts(4_000_000_000, 3, 28.0, 7.0, 1.0).falls());
        assert!(huge.expected().is_some_and(|(low, high)| low == 0 && high < 10));
    }

    #[test]
    fn the_least_p_is_reached_when_every_episode_falls_on_one_side() {
        let all = counts(0, 6, 28.0, 7.0, 1.0);
        assert!((all.least_p_up() - all.p_up()).abs() < 1e-12);
        assert!((counts(6, 0, 28.0, 7.0, 2.0).least_p_down() - counts(6, 0, 28.0, 7.0, 2.0).p_down()).abs() < 1e-12);
    }

    #[test]
    fn the_expected_interval_is_the_negative_binomial_one() {
        assert_eq!(counts(4, 9, 28.0, 7.0, 1.0).expected(), Some((0, 4)));
        assert_eq!(counts(0, 0, 28.0, 7.0, 1.0).expected(), Some((0, 1)));
        let (low, high) = counts(2_800, 700, 28.0, 7.0, 1.0).expected().expect("covered");
        assert!(low > 630 && low < 660 && high > 740 && high < 770, "{low}-{high}");
        let (wide_low, wide_high) = counts(2_800, 700, 28.0, 7.0, 4.0).expected().expect("covered");
        assert!(wide_low < low && wide_high > high);
    }

    #[test]
    fn silence_is_evidence_only_when_it_is_long_against_the_rate_before() {
        let silence = |episodes, until, since| Silence { episodes, until, since, d: 1.0 };
        assert!(silence(28, 28.0 * 24.0, 7.0 * 24.0).p0() < ALPHA);
        assert!(silence(4, 28.0 * 24.0, 7.0 * 24.0).p0() > ALPHA);
        assert!(silence(0, 0.0, 0.0).p0() >= 1.0);
        assert_eq!(silence(0, 24.0, 100.0).hours_to_go(ALPHA), None);
        assert_eq!(silence(28, 28.0 * 24.0, 7.0 * 24.0).hours_to_go(ALPHA), Some(0.0));
        let weekly = silence(4, 28.0 * 24.0, 0.0).hours_to_go(ALPHA).expect("seen");
        assert!(weekly > 21.0 * 24.0 && weekly < 30.0 * 24.0, "{weekly}");
        let then = silence(4, 28.0 * 24.0, weekly).p0();
        assert!((then - ALPHA).abs() < 1e-9, "the date is when the chance reaches the level");
        assert!(silence(u64::MAX, 1e6, 1.0).p0() < 1e-12);
    }

    #[test]
    fn three_hours_of_nothing_bound_a_rate() {
        assert_eq!(rule_of_three(0.0), None);
        assert_eq!(rule_of_three(30.0), Some(0.1));
    }
}
