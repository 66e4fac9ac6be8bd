//! Since when measured values, such as latencies of a route, are higher or lower, where that begins inside the window.
//!
//! A week that is slow from its fourth day on is not slower than the week before in eight of ten cases, and a window without
//! a time before it has nothing to be compared with. So the moment is looked for that divides the latencies best in two, up
//! to the window's end (least squares of logarithms, of those moments whose sides differ enough to be told), and both sides
//! are tested by ranks as any value is, times the moments that were looked at. A day of its own has slow and fast hours: two
//! days must lie before the moment, the median must double and lie beyond nine of ten values before, and half of the hours
//! after it must be beyond the same hours of the same kind of day before ([`is_unusual`]), as far as those are known.

use std::collections::BTreeMap;

use super::drift::{Drift, MIN_A12, Slot, drifts};
use super::multiple::LEVEL;
use super::quantile;
use super::rate::MIN_RATIO;
use super::season::{hour_of_day, is_weekend};

/// Latencies that each side needs.
const LEAST: usize = 20;
/// Hours before the moment, where nothing is known of the time before the window.
const BEFORE_HOURS: i64 = 48;
/// Share of earlier values that the median must exceed, or stay below: those of slow hours are among them.
const USUAL: f64 = 0.9;
/// Hours with requests that follow the moment, and of which half or more must be beyond the usual by themselves: one burst of
/// slow answers is an incident, and nothing that holds since then.
const AFTER_HOURS: usize = 3;
/// Share of the hours about the same time that say what is usual: one request that hung in one of them does not.
const MOST_HOURS: f64 = 0.75;
/// Hours about the same time that are enough to say what is usual.
const KNOWN_HOURS: usize = 3;
/// What is faster than a microsecond is no slower than one.
const LEAST_MS: f64 = 1e-3;

/// The moment that divides a route's latencies best.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    hour: i64,
    looks: usize,
    slot: Slot,
}

/// A turn that is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Since {
    /// First hour after it, since 1970.
    pub hour: i64,
    /// Median and 95th percentile before.
    pub before: (f64, f64),
    /// The same from then on.
    pub after: (f64, f64),
}

impl Turn {
    /// `old` are latencies of each hour of the days before the window, `hourly` those of each hour in it, ascending.
    pub fn of(old: &[(i64, f64)], hourly: &[(i64, f64)]) -> Option<Self> {
        let first = hourly.first()?.0;
        let all: Vec<f64> = old.iter().map(|(_, ms)| *ms).chain(hourly.iter().map(|(_, ms)| *ms)).collect();
        let (ranks, logs) = (ranks(&all), logs(&all));
        let total: f64 = logs.iter().sum();
        let mut sum: f64 = ranks[..old.len()].iter().sum();
        let mut log: f64 = logs[..old.len()].iter().sum();
        let (mut best, mut looks): (Option<(f64, usize)>, usize) = (None, 0);
        for at in 0..hourly.len() {
            let (before, after) = (old.len() + at, hourly.len() - at);
            let begins = at == 0 || hourly[at - 1].0 != hourly[at].0;
            let known = !old.is_empty() || hourly[at].0 - first >= BEFORE_HOURS;
            if begins && at > 0 && known && before >= LEAST && after >= LEAST {
                looks += 1;
                let (n, m) = (before as f64, after as f64);
                let superior = 1.0 - (sum - n * (n + 1.0) / 2.0) / (n * m);
                // What the squares of the logarithms lose by two means in the place of one.
                let differs = n * m * (log / n - (total - log) / m).powi(2);
                let large = superior.max(1.0 - superior) >= MIN_A12;
                if large && best.is_none_or(|(most, _)| differs > most) {
                    best = Some((differs, at));
                }
            }
            sum += ranks[old.len() + at];
            log += logs[old.len() + at];
        }
        let (_, at) = best?;
        // Only the order of moments counts in a test by ranks, so hours stand for them.
        let (before, after) = ([old, &hourly[..at]].concat(), hourly[at..].to_vec());
        Some(Self { hour: hourly[at].0, looks, slot: Slot { before, after, measured: true } })
    }
}

/// Logarithms, those of the outer hundredths drawn in to theirs.
fn logs(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, 0.01).unwrap_or(0.0), quantile(&sorted, 0.99).unwrap_or(0.0));
    values.iter().map(|ms| ms.clamp(low, high.max(low)).max(LEAST_MS).ln()).collect()
}

/// Mid-ranks, from 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for equal in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let middle = from as f64 + f64::midpoint(equal.len() as f64, 1.0);
        for at in equal {
            ranks[*at] = middle;
        }
        from += equal.len();
    }
    ranks
}

/// The turns that are beyond chance and large enough, in the order of the routes.
pub fn told(turns: &[Option<Turn>]) -> Vec<Option<Since>> {
    let slots: Vec<Slot> =
        turns.iter().map(|turn| turn.as_ref().map(|own| own.slot.clone()).unwrap_or_default()).collect();
    let since = |(turn, drift): (&Option<Turn>, Option<Drift>)| {
        let (turn, drift) = (turn.as_ref()?, drift?);
        let beyond = match drift {
            Drift::Constant { .. } => true,
            Drift::Shift { q, .. } => q * turn.looks as f64 <= LEVEL,
        };
        let of = |side: &[(i64, f64)]| {
            let mut values: Vec<f64> = side.iter().map(|(_, ms)| *ms).collect();
            values.sort_by(f64::total_cmp);
            Some((values.clone(), (quantile(&values, 0.5)?, quantile(&values, 0.95)?)))
        };
        let ((earlier, before), (_, after)) = (of(&turn.slot.before)?, of(&turn.slot.after)?);
        let usual = (quantile(&earlier, 1.0 - USUAL)?, quantile(&earlier, USUAL)?);
        let is_slow = |ms: f64| ms >= usual.1.max(MIN_RATIO * before.0);
        let is_fast = |ms: f64| ms <= usual.0.min(before.0 / MIN_RATIO);
        let lasts = is_slow(after.0) && holds(&turn.slot.after, is_slow)
            || is_fast(after.0) && holds(&turn.slot.after, is_fast);
        let unusual = || is_unusual(&turn.slot.before, &turn.slot.after, after.0 > before.0);
        (beyond && lasts && unusual()).then_some(Since { hour: turn.hour, before, after })
    };
    turns.iter().zip(drifts(&slots)).map(since).collect()
}

/// Whether the medians of half of the hours, and of enough of them, are beyond the usual; values by hour, each ascending.
fn holds(values: &[(i64, f64)], is_beyond: impl Fn(f64) -> bool) -> bool {
    let hours = medians(values);
    hours.len() >= AFTER_HOURS && 2 * hours.iter().filter(|(_, ms)| is_beyond(*ms)).count() >= hours.len()
}

/// The median of each hour; values by hour, each ascending.
fn medians(values: &[(i64, f64)]) -> Vec<(i64, f64)> {
    values.chunk_by(|a, b| a.0 == b.0).map(|hour| (hour[0].0, hour[hour.len() / 2].1)).collect()
}

/// Whether half of the hours are slower, or faster, than most hours about the same time on the same kind of day before;
/// values by hour, each ascending. Where none of these hours is known, nothing speaks against it.
pub fn is_unusual(before: &[(i64, f64)], after: &[(i64, f64)], slower: bool) -> bool {
    let mut known: BTreeMap<(bool, usize), Vec<f64>> = BTreeMap::new();
    for (hour, ms) in medians(before) {
        for near in hour - 1..=hour + 1 {
            known.entry((is_weekend(hour), hour_of_day(near))).or_default().push(ms);
        }
    }
    for hours in known.values_mut() {
        hours.sort_by(f64::total_cmp);
    }
    let share = if slower { MOST_HOURS } else { 1.0 - MOST_HOURS };
    let (mut compared, mut beyond) = (0, 0);
    for (hour, ms) in medians(after) {
        let hours = known.get(&(is_weekend(hour), hour_of_day(hour))).filter(|hours| hours.len() >= KNOWN_HOURS);
        let Some(usual) = hours.and_then(|hours| quantile(hours, share)) else { continue };
        compared += 1;
        beyond += usize::from(if slower { ms >= MIN_RATIO * usual } else { ms <= usual / MIN_RATIO });
    }
    2 * beyond >= compared
}

impl Since {
    /// Whether the values rose.
    pub fn is_slower(&self) -> bool {
        self.after.0 > self.before.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::sim::Random;
    use super::*;

    fn since(old: &[(i64, f64)], hourly: &[(i64, f64)]) -> Option<Since> {
        told(&[Turn::of(old, hourly)]).remove(0)
    }

    /// Latencies of some hours, log-normal around a median that depends on the hour.
    fn hours(random: &mut Random, from: i64, to: i64, median: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
        let mut all: Vec<(i64, f64)> = Vec::new();
        for hour in from..to {
            for _ in 0..10 {
                all.push((hour, median(hour) * (0.5 * random.normal()).exp()));
            }
        }
        all
    }

    /// Calm nights, slow noons.
    fn daily(hour: i64) -> f64 {
        if (8..20).contains(&(hour % 24)) { 180.0 } else { 80.0 }
    }

    #[test]
    fn nothing_one_request_and_equal_ones_have_no_turn() {
        assert_eq!(since(&[], &[]), None);
        assert_eq!(since(&[(0, 1.0)], &[(1, 1e300)]), None);
        let equal: Vec<(i64, f64)> = (0..300).map(|at| (at / 3, 5.0)).collect();
        assert_eq!(since(&[], &equal), None);
        assert_eq!(since(&[(-1, 5.0); 100], &equal), None);
    }

    #[test]
    fn the_hour_is_found_from_which_on_requests_are_slower() {
        let mut random = Random::new(5);
        let slow = |hour| if hour >= 96 { 40.0 * daily(hour) } else { daily(hour) };
        let rows = hours(&mut random, 0, 168, slow);
        let found = since(&[], &rows).expect("slower");
        assert!(found.is_slower() && found.hour == 96, "{found:?}");
        assert!(found.after.0 > 10.0 * found.before.0 && found.before.0 < 200.0, "{found:?}");
        let old = hours(&mut random, 0, 168, daily);
        let late = hours(&mut random, 168, 192, |hour| if hour >= 188 { 40.0 * daily(hour) } else { daily(hour) });
        assert_eq!(since(&old, &late).map(|found| found.hour), Some(188), "the last hours of one day");
        let constant: Vec<(i64, f64)> = (0..168).map(|hour| (hour, if hour >= 96 { 5_000.0 } else { 100.0 })).collect();
        assert_eq!(since(&[], &constant).map(|found| found.hour), Some(96));
        assert_eq!(since(&[], &rows[..rows.len() - 710]), None, "a few requests at the end are not yet enough");
    }

    #[test]
    fn one_burst_of_slow_answers_is_nothing_that_holds_since() {
        let mut random = Random::new(2);
        let mut rows: Vec<(i64, f64)> = (0..160).map(|hour| (hour, 100.0 * (0.5 * random.normal()).exp())).collect();
        rows.splice(155..155, std::iter::repeat_n((154, 10_000.0), 30));
        assert_eq!(since(&[], &rows), None);
        rows.truncate(185);
        assert_eq!(since(&[], &rows), None, "nor where the data ends with it");
        rows.extend((155..160).map(|hour| (hour, 10_000.0)));
        assert_eq!(since(&[], &rows).map(|found| found.hour), Some(154), "but where it goes on");
    }

    #[test]
    fn slow_nights_and_weekends_are_no_turn() {
        let mut random = Random::new(4);
        // Few requests, slow ones, at night: most requests are those of the day.
        let sparse = |rows: Vec<(i64, f64)>, slow: fn(i64) -> bool| -> Vec<(i64, f64)> {
            let of = |(at, row): (usize, (i64, f64))| (!slow(row.0) || at % 5 == 0).then_some(row);
            rows.into_iter().enumerate().filter_map(of).collect()
        };
        let night = |hour: i64| hour.rem_euclid(24) < 6;
        let weekend = |hour: i64| is_weekend(hour);
        for (slow, end) in [(night as fn(i64) -> bool, 12 * 24 + 6), (weekend, 11 * 24)] {
            let median = |hour: i64| if slow(hour) { 2_500.0 } else { 120.0 };
            let rows = sparse(hours(&mut random, 0, end, median), slow);
            assert_eq!(since(&[], &rows), None);
            let at = rows.partition_point(|row| row.0 < end - 24);
            assert_eq!(since(&rows[..at], &rows[at..]), None);
            assert!(!is_unusual(&rows[..at], &rows[at..], true));
        }
        let old = hours(&mut random, 0, 168, daily);
        let slower = hours(&mut random, 168, 192, |hour| 5.0 * daily(hour));
        assert!(is_unusual(&old, &slower, true) && !is_unusual(&old, &slower, false));
        assert!(is_unusual(&[], &slower, true), "nothing is known");
    }

    #[test]
    fn days_that_are_as_ever_have_none() {
        let mut random = Random::new(9);
        let mut claims = 0;
        for run in 0..100 {
            // Ends at any hour of the day, with a time before it and without.
            let rows = hours(&mut random, 0, 48 + run, daily);
            let old = hours(&mut random, -168, 0, daily);
            claims += usize::from(since(&[], &rows).is_some()) + usize::from(since(&old, &rows[..240]).is_some());
        }
        assert!(claims <= 2, "{claims} of 200");
    }
}
