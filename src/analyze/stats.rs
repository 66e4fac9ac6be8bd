//! Small statistics with their sources; each is defined for no value, one value and equal values.

/// Quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7); `None` for no values.
///
/// `sorted` must be ascending.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (at.floor(), at.ceil());
    let (a, b) = (sorted[low as usize], sorted[high as usize]);
    Some(a + (b - a) * (at - low))
}

/// Coefficient of variation with the population's deviation; `None` below two values or when the mean is 0.
pub(crate) fn variation(values: &[f64]) -> Option<f64> {
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
