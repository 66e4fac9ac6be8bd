//! Tail probabilities that the tests share, from `statrs`' special functions, made total: no input panics.
//!
//! Every function answers with a probability in 0..=1 for any finite input, because counts of logs have no upper limit
//! and an empty side is the usual case.

use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;
use statrs::function::factorial::ln_binomial;
use statrs::function::gamma::gamma_lr;

/// Effective counts above which both arguments are scaled down together: the continued fraction needs about the square
/// root of its larger argument in steps, and past this the evidence is beyond doubt for any ratio that is reported.
const LARGE: f64 = 8_000.0;

/// Regularised incomplete beta function I_x(a, b) (DLMF 8.17); 1 for `a <= 0`, 0 for `b <= 0`.
///
/// Arguments beyond 8,000 are scaled down in proportion, which understates the evidence and never overstates it.
pub fn beta(a: f64, b: f64, x: f64) -> f64 {
    if a <= 0.0 || x >= 1.0 {
        return 1.0;
    }
    if b <= 0.0 || x <= 0.0 {
        return 0.0;
    }
    let scale = (LARGE / (a + b)).min(1.0);
    clamp(beta_reg(a * scale, b * scale, x))
}

/// P(X >= k) for a Poisson count of mean `mean`; 1 for `k` = 0.
pub fn poisson_tail(k: u64, mean: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let scale = (LARGE / (k as f64).max(mean)).min(1.0);
    clamp(gamma_lr(k as f64 * scale, mean * scale))
}

/// P(X >= k) for a binomial count of `n` trials at `p`.
pub fn binomial_tail(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    beta(k as f64, (n - k) as f64 + 1.0, p)
}

/// Two-sided probability of a standard normal deviate of at least `|z|`.
pub fn normal_two_sided(z: f64) -> f64 {
    clamp(erfc(z.abs() / std::f64::consts::SQRT_2))
}

/// P(X >= x) for chi-squared with one degree of freedom.
pub fn chi2_tail(x: f64) -> f64 {
    normal_two_sided(x.max(0.0).sqrt())
}

/// P(X >= k) for the number of marked ones among `drawn` of `all`, of which `marked` are marked (Fisher 1935, one-sided).
pub fn hypergeometric_tail(k: u64, drawn: u64, marked: u64, all: u64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if drawn > all || marked > all {
        return 1.0;
    }
    let ways = |k: u64| (ln_binomial(marked, k) + ln_binomial(all - marked, drawn - k) - ln_binomial(all, drawn)).exp();
    let least = k.max(drawn.saturating_sub(all - marked));
    clamp((least..=drawn.min(marked)).map(ways).sum())
}

fn clamp(p: f64) -> f64 {
    if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hypergeometric_tail_is_fishers_and_total() {
        assert!((hypergeometric_tail(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-9);
        assert!((hypergeometric_tail(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-9);
        for (k, drawn, marked, all) in [(0, 0, 0, 0), (1, 1, 1, 1), (8, 8, 8, 8), (3, 9, 2, 4)] {
            assert!((hypergeometric_tail(k, drawn, marked, all) - 1.0).abs() < 1e-9, "{k} {drawn} {marked} {all}");
        }
        let huge = hypergeometric_tail(90_000, 100_000, 100_000, 1_000_000);
        assert!((0.0..1e-100).contains(&huge), "{huge}");
    }

    /// The sum that the incomplete beta function abbreviates.
    fn summed(k: u64, n: u64, p: f64) -> f64 {
        let mut term = (1.0 - p).powi(n as i32);
        let mut sum = 0.0;
        for i in 0..=n {
            if i >= k {
                sum += term;
            }
            term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
        }
        sum
    }

    #[test]
    fn the_incomplete_beta_function_is_the_binomial_tail() {
        for (k, n, p) in [(1, 1, 0.2), (9, 12, 0.2), (3, 400, 0.01), (120, 400, 0.25), (399, 400, 0.7)] {
            let (got, want) = (binomial_tail(k, n, p), summed(k, n, p));
            assert!((got - want).abs() <= 1e-9 * want, "{k} of {n} at {p}: {got} against {want}");
        }
    }

    #[test]
    fn nothing_and_everything_have_probabilities() {
        assert_eq!(
            (beta(0.0, 3.0, 0.5), beta(3.0, 0.0, 0.5), beta(2.0, 2.0, 0.0), beta(2.0, 2.0, 1.0)),
            (1.0, 0.0, 0.0, 1.0)
        );
        assert_eq!(
            (poisson_tail(0, 0.0), poisson_tail(3, 0.0), binomial_tail(0, 0, 0.5), binomial_tail(1, 0, 0.5)),
            (1.0, 0.0, 1.0, 0.0)
        );
        assert!((poisson_tail(1, 2.0) - (1.0 - (-2.0_f64).exp())).abs() < 1e-12);
        assert!((normal_two_sided(1.959_963_985) - 0.05).abs() < 1e-9);
        assert!((chi2_tail(3.841_458_821) - 0.05).abs() < 1e-9);
        assert!((normal_two_sided(0.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn huge_counts_stay_finite_and_keep_their_side() {
        assert!(beta(1e12, 1e12, 0.2) < 1e-12);
        assert!(beta(1e12, 1e12, 0.8) > 1.0 - 1e-12);
        assert!((beta(4_000.0, 4_000.0, 0.5) - 0.5).abs() < 1e-9, "the fraction converges up to the limit");
        assert!(poisson_tail(u64::MAX / 2, 1.0) < 1e-300);
        assert!(poisson_tail(1_000_000, 1_000_000.0) > 0.4);
        assert!(normal_two_sided(f64::NAN) >= 1.0);
    }
}
