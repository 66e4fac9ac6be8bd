//! When of the day and of the week a service is busy, as weights of its covered hours.
//!
//! Pooled per service from the volume of its INFO rows or requests, never per template: a template has too few days.
//! The weights enter exposures only, so a night's silence weighs less than a noon's, and every test keeps its formula. They
//! are frequencies with rows added in proportion (additive smoothing: Lidstone 1920), because a few rows say little of an hour.

/// Rows added to each class, in the proportion of its coverage, so that few rows give nearly flat weights.
const PRIOR: f64 = 24.0;
/// Weekends that must be covered before weekdays and weekends are told apart.
const WEEKENDS: usize = 2;
/// Covered hours that make a weekend a covered one.
const WEEKEND_HOURS: f64 = 12.0;
const HOUR_S: f64 = 3_600.0;

/// Weight of an hour of the day and of a day of the week; the mean over what is covered is about 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Season {
    /// By hour of the day.
    pub hours: [f64; 24],
    /// Of Monday to Friday.
    pub weekday: f64,
    /// Of Saturday and Sunday.
    pub weekend: f64,
}

impl Default for Season {
    fn default() -> Self {
        Self { hours: [1.0; 24], weekday: 1.0, weekend: 1.0 }
    }
}

/// Hour of the day, 0 to 23, of an hour counted from 1970-01-01 00:00.
pub(super) fn hour_of_day(hour: i64) -> usize {
    hour.rem_euclid(24) as usize
}

/// Whether an hour falls on Saturday or Sunday; 1970-01-01 is a Thursday.
pub(super) fn is_weekend(hour: i64) -> bool {
    matches!((hour.div_euclid(24) + 3).rem_euclid(7), 5 | 6)
}

impl Season {
    /// Weights from a service's rows and covered seconds per hour, both starting at `first_hour` (hours since 1970-01-01).
    ///
    /// An hour of the day weighs (N_h + 24) / (N c_h + 24), with c_h its share of the covered time; with even coverage that
    /// is 24 (N_h + 24) / (N + 24 x 24), shrunk frequencies as in additive smoothing (Good 1953). What is never covered
    /// weighs 1.
    pub fn of(rows: &[u64], covered_s: &[u32], first_hour: i64) -> Self {
        let hours = first_hour..first_hour + rows.len().min(covered_s.len()) as i64;
        let cells = || hours.clone().zip(rows.iter().map(|n| *n as f64).zip(covered_s.iter().map(|s| f64::from(*s))));
        let mut season = Self::default();
        let mut by_hour = [(0.0, 0.0); 24];
        for (hour, (n, covered)) in cells().filter(|(_, (_, covered))| *covered > 0.0) {
            let cell = &mut by_hour[hour_of_day(hour)];
            *cell = (cell.0 + n, cell.1 + covered);
        }
        for (weight, shrunk) in season.hours.iter_mut().zip(weights(&by_hour)) {
            *weight = shrunk;
        }
        let mut weekends: Vec<(i64, f64)> = Vec::new();
        let mut by_kind = [(0.0, 0.0); 2];
        for (hour, (n, covered)) in cells().filter(|(_, (_, covered))| *covered > 0.0) {
            let cell = &mut by_kind[usize::from(is_weekend(hour))];
            *cell = (cell.0 + n, cell.1 + covered * season.hours[hour_of_day(hour)]);
            if is_weekend(hour) {
                let week = (hour.div_euclid(24) + 3).div_euclid(7);
                match weekends.last_mut() {
                    Some(last) if last.0 == week => last.1 += covered,
                    _ => weekends.push((week, covered)),
                }
            }
        }
        if weekends.iter().filter(|(_, covered)| *covered >= WEEKEND_HOURS * HOUR_S).count() >= WEEKENDS {
            let of_kind = weights(&by_kind);
            (season.weekday, season.weekend) = (of_kind[0], of_kind[1]);
        }
        season
    }

    /// Weight of one hour, counted from 1970-01-01 00:00.
    pub fn weight(&self, hour: i64) -> f64 {
        self.hours[hour_of_day(hour)] * if is_weekend(hour) { self.weekend } else { self.weekday }
    }
}

/// Rate of each class (rows, exposure) over the rate of all, shrunk to 1.
fn weights(classes: &[(f64, f64)]) -> Vec<f64> {
    let (rows, exposure) = classes.iter().fold((0.0, 0.0), |sum, class| (sum.0 + class.0, sum.1 + class.1));
    let weight = |(n, own): &(f64, f64)| {
        if *own > 0.0 { (n + PRIOR) / (rows * own / exposure + PRIOR) } else { 1.0 }
    };
    classes.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_rows_or_with_equal_rows_every_hour_weighs_the_same() {
        assert_eq!(Season::of(&[], &[], 0), Season::default());
        assert_eq!(Season::of(&[0; 48], &[3_600; 48], 0), Season::default());
        let equal = Season::of(&[10; 24 * 28], &[3_600; 24 * 28], 0);
        assert!((0..24 * 28).all(|hour| (equal.weight(hour) - 1.0).abs() < 1e-9));
        assert!((Season::of(&[5], &[3_600], 7).hours[8] - 1.0).abs() < 1e-12, "an hour that is never covered weighs 1");
    }

    #[test]
    fn with_even_coverage_the_weights_are_the_shrunk_frequencies() {
        let mut rows = [0_u64; 48];
        rows[12] = 90;
        rows[36] = 86;
        let season = Season::of(&rows, &[3_600; 48], 0);
        assert!((season.hours[12] - 24.0 * (176.0 + 24.0) / (176.0 + 576.0)).abs() < 1e-9);
        assert!((season.hours[0] - 24.0 * 24.0 / (176.0 + 576.0)).abs() < 1e-9);
        assert!((season.hours.iter().sum::<f64>() - 24.0).abs() < 1e-9);
        assert!((season.weekend - 1.0).abs() < 1e-9, "no weekend is covered");
    }

    #[test]
    fn uncovered_hours_do_not_look_quiet() {
        let covered: Vec<u32> = (0..24 * 10).map(|hour| if hour % 24 < 6 { 3_600 } else { 0 }).collect();
        let rows: Vec<u64> = covered.iter().map(|s| u64::from(*s > 0) * 100).collect();
        assert!(Season::of(&rows, &covered, 0).hours.iter().all(|weight| (weight - 1.0).abs() < 1e-9));
    }

    #[test]
    fn weekends_count_only_when_two_are_covered() {
        let rows =
            |days: i64| -> Vec<u64> { (0..days * 24).map(|hour| if is_weekend(hour) { 50 } else { 100 }).collect() };
        let of = |days: i64| Season::of(&rows(days), &vec![3_600; days as usize * 24], 0);
        assert!((of(7).weekend - 1.0).abs() < 1e-9);
        let four = of(28);
        assert!((four.weekend / four.weekday - 0.5).abs() < 0.02, "{four:?}");
        assert!(!is_weekend(24) && is_weekend(48) && is_weekend(95) && !is_weekend(96), "1970-01-03 is a Saturday");
    }

    #[test]
    fn one_huge_hour_stays_finite() {
        let mut rows = vec![0_u64; 24 * 14];
        rows[5] = u64::MAX;
        let season = Season::of(&rows, &vec![3_600; 24 * 14], 0);
        assert!(season.hours.iter().all(|weight| weight.is_finite() && *weight >= 0.0));
    }
}
