//! The statistics of the analysis: pure functions over plain tables, no query and no document among them.
//!
//! One method a file. [`judge`](judge::judge) joins them for a window with a time before it, [`inside`](inside::inside) for
//! one long window without. Counts are episodes, exposure is what the exports cover (never the calendar), and every rate is
//! tested by the one formula of [`rate`], so that a status, an onset, a canary and an incident window explain themselves in
//! the same words.

#[cfg(test)]
mod acceptance;
#[cfg(test)]
mod acceptance_tests;
pub mod compare;
pub mod contrast;
pub mod cooccur;
pub mod dispersion;
pub mod drift;
pub mod fisher;
pub mod inside;
pub mod judge;
pub mod multiple;
pub mod onset;
pub mod outage;
pub mod placebo;
pub mod rate;
pub mod revision;
pub mod season;
pub mod silent;
#[cfg(test)]
mod sim;
pub mod special;
pub mod table;
pub mod turn;

/// Quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7); `None` for no values.
///
/// `sorted` must be ascending.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (at.floor(), at.ceil());
    let (a, b) = (sorted[low as usize], sorted[high as usize]);
    Some(a + (b - a) * (at - low))
}

/// Coefficient of variation with the population's deviation; `None` below two values or when the mean is 0.
pub fn variation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    (mean > 0.0).then(|| variance.sqrt() / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_defined_for_none_one_and_equal_values() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.95), Some(3.0));
        assert_eq!(quantile(&[2.0, 2.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), Some(2.5));
        assert_eq!(quantile(&[0.0, 1e18], 1.0), Some(1e18));
    }

    #[test]
    fn variation_needs_two_values_and_a_mean() {
        assert_eq!(variation(&[]), None);
        assert_eq!(variation(&[1.0]), None);
        assert_eq!(variation(&[0.0, 0.0]), None);
        assert_eq!(variation(&[5.0, 5.0]), Some(0.0));
    }
}
