//! Whether a pause of a service is one that its rows do not make by chance or by habit: an outage, over or not.
//!
//! A regular hour says little of a busy service: a hundred rows an hour that stop for half an hour are beyond chance, and an
//! hour of [`silent`](super::silent) is one habit missed. So the rows are counted that would have come. Independent bursts of
//! any sizes with dispersion D are silent with a chance of at most exp(-m/D), m the rows expected (D is the mean square over
//! the mean of a burst's size, which is no less than that mean), and with m against what was counted it is the predictive
//! zero of [`rate`](super::rate). D is the largest over blocks of an hour up to the pause's length, so a lull of hours that
//! comes now and then is noise. The chance is multiplied by the bursts of the window and by the services: each pause of each
//! of them had it.
//!
//! What no chance covers is habit, and habit is looked up and not modelled: an hour is expected to hold the least of its own
//! and its neighbours' rates by the clock (a day may begin or end an hour later, as in the weeks when clocks change); an
//! hour of the week without two comparable ones, the least of its kind of day, and nothing on a kind of day that was never
//! seen (the first weekend of an office is none); a service that came down to a trickle, the trickle; and a pause that is not
//! three times as long as what others come to now and then, in rows expected, is one of them. What is known after a pause counts
//! like what is known before it; pauses close to it are of one incident with it, and no habit.

use super::rate::Silence;
use super::season::{hour_of_day, is_weekend};
use super::table::Hours;

/// Most likely to be chance that is still told, over all services and pauses of a window.
const ALPHA: f64 = 0.01;
/// Least covered hours of a pause: shorter ones are not all known (see [`Pause`]), and one must be longer than those.
const LEAST_HOURS: f64 = 0.5;
/// Covered hours that a habit is known from.
const REFERENCE_HOURS: f64 = 48.0;
/// Hours with rows among them.
const REFERENCE_WITH: usize = 24;
/// Hours that are looked back.
const BACK: i64 = 28 * 24;
/// Covered hours of the same time of the day and kind of day that its rate is known from.
const COMPARABLE_HOURS: f64 = 1.5;
/// Covered hours below which a few days may have begun and ended alike by chance.
const LOOSE_HOURS: f64 = 240.0;
/// Covered hours before a pause that say at what level the service was.
const LEVEL_HOURS: f64 = 24.0;
/// The fewest of them that do.
const LEAST_LEVEL_HOURS: f64 = 6.0;
/// Blocks that a dispersion needs.
const BLOCKS: usize = 6;
/// Days in which one other pause of about its length leaves it out of the ordinary.
const DAYS_A_PAUSE: f64 = 3.0;
/// A pause so many times as long as others, in rows expected, is none of their kind.
const TIMES_OTHERS: f64 = 3.0;
/// Hours around a pause whose other pauses are of one incident with it.
const ONE_INCIDENT: i64 = 6;
/// Pauses of a window that are looked at, the weightiest.
const MOST: usize = 8;
/// Added to rows before a rate, so that an empty hour has one (Jeffreys' prior).
const HALF: f64 = 0.5;
const HOUR_S: f64 = 3_600.0;

/// Rows and covered seconds of a service per hour, from the first hour on (hours since 1970-01-01 00:00).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hourly {
    /// Hour of the first cell.
    pub first: i64,
    /// Covered seconds.
    pub covered_s: Vec<u32>,
    /// Rows, as many cells.
    pub rows: Vec<u64>,
}

/// Time between two rows of a service; all of more than a quarter of an hour are to be named, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pause {
    /// Hour in which it begins.
    pub first: i64,
    /// Covered seconds of it, of each hour that it touches.
    pub covered_s: Vec<u32>,
    /// It is asked about, and not only compared with.
    pub asked: bool,
}

impl Pause {
    fn hours(&self) -> f64 {
        self.covered_s.iter().map(|seconds| f64::from(*seconds) / HOUR_S).sum()
    }

    fn end(&self) -> i64 {
        self.first + self.covered_s.len() as i64
    }

    /// Rows expected in it at least.
    fn expected(&self, rates: &Rates) -> f64 {
        self.rows(|hour| rates.least_near(hour))
    }

    /// Rows that came in its hours on the average of days, this one among them.
    fn usual(&self, rates: &Rates) -> f64 {
        self.rows(|hour| rates.own(hour).unwrap_or(0.0))
    }

    fn rows(&self, rate: impl Fn(i64) -> f64) -> f64 {
        (self.first..).zip(&self.covered_s).map(|(hour, s)| rate(hour) * f64::from(*s) / HOUR_S).sum()
    }
}

/// A pause beyond chance and habit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outage {
    /// Which of the pauses.
    pub place: usize,
    /// Covered hours.
    pub hours: f64,
    /// Rows that were to be expected.
    pub expected: f64,
    /// Hours with rows that it is compared with.
    pub hours_with: u64,
    /// Their share of the covered hours.
    pub regular: f64,
    /// Chance of such a pause in any service of the window.
    pub p: f64,
}

/// Rows per covered hour by kind of day and hour of the day.
#[derive(Debug, Clone)]
struct Rates {
    known: [[Option<f64>; 24]; 2],
    /// The least of each kind of day; nothing of one that was never seen.
    least: [f64; 2],
    /// Hours of the clock by which a day may begin or end sooner or later.
    reach: i64,
}

impl Rates {
    fn of(beat: &Hourly, places: &[usize]) -> Self {
        let mut sums = [[(0.0, 0.0); 24]; 2];
        for at in places {
            let hour = beat.first + *at as i64;
            let sum = &mut sums[usize::from(is_weekend(hour))][hour_of_day(hour)];
            *sum = (sum.0 + beat.rows[*at] as f64, sum.1 + beat.covered(*at));
        }
        let known =
            sums.map(|kind| kind.map(|(rows, hours)| (hours >= COMPARABLE_HOURS).then(|| (rows + HALF) / hours)));
        let least = known.map(|kind| kind.into_iter().flatten().reduce(f64::min).unwrap_or(0.0));
        let reach = if beat.hours_of(places) < LOOSE_HOURS { 2 } else { 1 };
        Self { known, least, reach }
    }

    fn own(&self, hour: i64) -> Option<f64> {
        self.known[usize::from(is_weekend(hour))][hour_of_day(hour)]
    }

    fn least_near(&self, hour: i64) -> f64 {
        (hour - self.reach..=hour + self.reach)
            .map(|hour| self.own(hour).unwrap_or(self.least[usize::from(is_weekend(hour))]))
            .fold(f64::INFINITY, f64::min)
    }

    fn classes(&self) -> usize {
        self.known.iter().flatten().flatten().count()
    }
}

impl Hourly {
    fn covered(&self, place: usize) -> f64 {
        f64::from(self.covered_s[place]) / HOUR_S
    }

    /// Covered cells of some hours.
    fn places(&self, hours: Hours) -> impl Iterator<Item = usize> {
        let cells = self.covered_s.len().min(self.rows.len());
        let place = |hour: i64| usize::try_from(hour - self.first).unwrap_or(0).min(cells);
        (place(hours.since)..place(hours.until)).filter(|at| self.covered_s[*at] > 0)
    }

    fn hours_of(&self, places: &[usize]) -> f64 {
        places.iter().map(|at| self.covered(*at)).sum()
    }

    /// Rows counted and expected of a cell; `None` where its rate is not known.
    fn pair(&self, rates: &Rates, place: usize) -> Option<(f64, f64)> {
        Some((self.rows[place] as f64, rates.own(self.first + place as i64)? * self.covered(place)))
    }

    /// Pearson dispersion of blocks of covered hours, the largest of all lengths up to about that of a pause, at least 1.
    fn dispersion(&self, rates: &Rates, places: &[usize], pause: f64) -> f64 {
        let cells: Vec<(f64, f64)> = places.iter().filter_map(|at| self.pair(rates, *at)).collect();
        let (mut most, mut length) = (1.0_f64, 1);
        while cells.len() / length >= BLOCKS && (length == 1 || (length / 2) as f64 <= pause) {
            let blocks = cells.chunks_exact(length).map(|block| {
                let (rows, expected) = block.iter().fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
                (rows - expected).powi(2) / expected
            });
            let free = if length == 1 { rates.classes() } else { 1 };
            let free = (cells.len() / length).saturating_sub(free).max(1);
            most = most.max(blocks.sum::<f64>() / free as f64);
            length *= 2;
        }
        most
    }

    /// How much of its usual rate the service still had before an hour, at most 1.
    fn level(&self, rates: &Rates, places: &[usize], hour: i64) -> f64 {
        let mut sum = (0.0, 0.0, 0.0);
        for at in places.iter().rev().filter(|at| self.first + (**at as i64) < hour) {
            if sum.2 >= LEVEL_HOURS {
                break;
            }
            if let Some((rows, expected)) = self.pair(rates, *at) {
                sum = (sum.0 + rows, sum.1 + expected, sum.2 + self.covered(*at));
            }
        }
        if sum.2 < LEAST_LEVEL_HOURS { 1.0 } else { ((sum.0 + HALF) / (sum.1 + HALF)).min(1.0) }
    }
}

/// The outages among the pauses that are asked about, in their order; `services` are looked at in the same window.
pub fn outages(beat: &Hourly, pauses: &[Pause], window: Hours, services: usize) -> Vec<Outage> {
    let mut asked: Vec<usize> =
        (0..pauses.len()).filter(|at| pauses[*at].asked && pauses[*at].hours() >= LEAST_HOURS).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let everything: Vec<usize> = beat.places(Hours::new(i64::MIN / 2, i64::MAX / 2)).collect();
    let rough = Rates::of(beat, &everything);
    asked.sort_by(|a, b| pauses[*b].expected(&rough).total_cmp(&pauses[*a].expected(&rough)).then(a.cmp(b)));
    asked.truncate(MOST);
    asked.sort_unstable();
    asked.into_iter().filter_map(|at| outage(beat, pauses, at, window, services)).collect()
}

fn outage(beat: &Hourly, pauses: &[Pause], place: usize, window: Hours, services: usize) -> Option<Outage> {
    let pause = &pauses[place];
    let range = (pause.first - BACK, pause.end() + BACK);
    let mut places: Vec<usize> = beat.places(Hours::new(range.0, pause.first)).collect();
    places.extend(beat.places(Hours::new(pause.end(), range.1)));
    let with = places.iter().filter(|at| beat.rows[**at] > 0).count();
    if beat.hours_of(&places) < REFERENCE_HOURS || with < REFERENCE_WITH {
        return None;
    }
    let rates = Rates::of(beat, &places);
    let known = beat.hours_of(&places);
    let expected = pause.expected(&rates) * beat.level(&rates, &places, pause.first);
    let near = (pause.first - ONE_INCIDENT, pause.end() + ONE_INCIDENT);
    let comparable = |other: &&Pause| {
        let apart = other.end() <= near.0 || other.first >= near.1;
        apart && other.first >= range.0 && other.first < range.1 && TIMES_OTHERS * other.usual(&rates) >= expected
    };
    let others = pauses.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, other)| other);
    if others.filter(comparable).count() > (known / 24.0 / DAYS_A_PAUSE) as usize {
        return None;
    }
    let d = beat.dispersion(&rates, &places, pause.hours());
    let rows: u64 = places.iter().map(|at| beat.rows[*at]).sum();
    let chance = Silence { episodes: rows, until: rows as f64, since: expected, d };
    let in_window: f64 = beat.places(window).filter_map(|at| beat.pair(&rates, at)).map(|(_, own)| own).sum();
    let p = (chance.p0() * (1.0 + in_window / d) * services.max(1) as f64).min(1.0);
    (p <= ALPHA).then(|| Outage {
        place,
        hours: pause.hours(),
        expected,
        hours_with: with as u64,
        regular: with as f64 / places.len() as f64,
        p,
    })
}

#[cfg(test)]
mod tests;
