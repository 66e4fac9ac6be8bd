//! When a rate changed: the most surprising boundaries in a row of covered days or hours.
//!
//! Each boundary that touches an episode is tested by the formula of [`rate`](super::rate), Bonferroni over boundaries
//! (binary segmentation: Scott and Knott 1974; Vostrikova 1981). The dispersion comes from successive differences (von
//! Neumann 1941), which a step hardly moves. A change that rests on one day alone is dropped: the test must hold without
//! the largest day. The answer is an interval of boundaries that explain the counts about as well, not a false exact point.

use super::rate::{Counts, MIN_EPISODES, MIN_RATIO};
use super::table::{Bin, Hours};

/// Level of one scan, over all its boundaries.
pub const ALPHA: f64 = 0.05;
/// Most changes that are reported of one row of counts.
pub const MOST: usize = 5;
/// Boundaries whose p-value is within this factor of the least belong to the onset interval.
const INTERVAL: f64 = 20.0;
/// Weight of dispersion 1 against the successive differences.
const PRIOR: f64 = 10.0;

/// Which way a rate went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More than before.
    Rise,
    /// Less than before.
    Fall,
}

/// One change of rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Which way.
    pub direction: Direction,
    /// First bin of the later stretch.
    pub at: usize,
    /// Its first hour: the boundary that explains the counts best.
    pub hour: i64,
    /// Hours in which the change may have come: between the first and the last boundary that explain it.
    pub interval: Hours,
    /// Counts of the stretches before and after.
    pub counts: Counts,
    /// p-value, corrected for the boundaries tested; 1 when it rests on one bin alone.
    pub p: f64,
}

impl Change {
    /// Whether it is large enough to be told, chance aside.
    pub fn is_large(&self) -> bool {
        match self.direction {
            Direction::Rise => self.counts.rises(),
            Direction::Fall => self.counts.falls(),
        }
    }
}

/// Dispersion from successive differences of rates, shrunk to 1 and never below it.
pub fn dispersion(bins: &[Bin]) -> f64 {
    let n: f64 = bins.iter().map(|bin| f64::from(bin.n)).sum();
    let t: f64 = bins.iter().map(|bin| bin.t).sum();
    if bins.len() < 3 || n == 0.0 {
        return 1.0;
    }
    // Pairs weigh by their harmonic exposure, so that slivers of coverage say little.
    let (mut squares, mut weights) = (0.0, 0.0);
    for pair in bins.windows(2) {
        let harmonic = pair[0].t * pair[1].t / (pair[0].t + pair[1].t);
        let difference = f64::from(pair[1].n) / pair[1].t - f64::from(pair[0].n) / pair[0].t;
        squares += harmonic * difference.powi(2);
        weights += n / t;
    }
    let df = (bins.len() - 1) as f64;
    ((PRIOR + df * squares / weights) / (PRIOR + df)).max(1.0)
}

/// The most surprising boundary of a row of bins, whether or not it is significant; `None` without one to test.
///
/// `least_d` is a dispersion known from elsewhere, 1 if none is.
pub fn scan(bins: &[Bin], least_d: f64) -> Option<Change> {
    let d = dispersion(bins).max(least_d);
    let total = sums(bins);
    let touched = |k: usize| bins[k - 1].n > 0 || bins[k].n > 0;
    let boundaries = (1..bins.len()).filter(|k| touched(*k)).count();
    let mut before = (0, 0.0);
    let mut tested: Vec<(usize, Counts, f64)> = Vec::with_capacity(boundaries);
    for k in 1..bins.len() {
        before = (before.0 + u64::from(bins[k - 1].n), before.1 + bins[k - 1].t);
        if touched(k) {
            let counts = Counts { e0: before.0, e1: total.0 - before.0, t0: before.1, t1: total.1 - before.1, d };
            tested.push((k, counts, counts.p_two_sided()));
        }
    }
    let (at, counts, least) = tested.iter().copied().min_by(|a, b| {
        // Very strong changes have p-values of 0 on many boundaries; there the likelihood decides.
        a.2.total_cmp(&b.2).then_with(|| gain(&b.1).total_cmp(&gain(&a.1))).then(a.0.cmp(&b.0))
    })?;
    let direction = if counts.p_up() <= counts.p_down() { Direction::Rise } else { Direction::Fall };
    let higher = if direction == Direction::Rise { counts.e1 } else { counts.e0 };
    if higher < MIN_EPISODES {
        return None;
    }
    let explains =
        |p: f64, other: &Counts| p <= least * INTERVAL && (p > 0.0 || gain(other) >= gain(&counts) - INTERVAL.ln());
    let near = || tested.iter().filter(|(_, other, p)| explains(*p, other)).map(|(k, _, _)| *k);
    let (first, last) = (near().min().unwrap_or(at), near().max().unwrap_or(at));
    // A boundary lies somewhere between the last hour of one bin and the first of the next, or inside a gap of coverage.
    let interval = Hours::new(bins[first - 1].hours.until.min(bins[first].hours.since), bins[last].hours.until);
    // The retest searches nothing, so it is not corrected for the boundaries.
    let alone = muted(bins, at, direction, least_d) > ALPHA;
    let p = if alone { 1.0 } else { (least * boundaries as f64).min(1.0) };
    Some(Change { direction, at, hour: bins[at].hours.since, interval, counts, p })
}

/// Log-likelihood of two Poisson rates over D, up to what all boundaries share.
fn gain(counts: &Counts) -> f64 {
    let side = |n: u64, t: f64| if n > 0 { n as f64 * (n as f64 / t).ln() } else { 0.0 };
    (side(counts.e0, counts.t0) + side(counts.e1, counts.t1)) / counts.d.max(1.0)
}

/// The same change on finer bins of the same stretch: the likeliest boundary inside its interval, and a narrower interval.
///
/// Only the place moves; what was claimed from days is not tested again, because hours have a rhythm of their own.
pub fn refined(change: &Change, bins: &[Bin]) -> Change {
    let total = sums(bins);
    let (mut before, mut inside) = ((0, 0.0), Vec::new());
    for k in 1..bins.len() {
        before = (before.0 + u64::from(bins[k - 1].n), before.1 + bins[k - 1].t);
        let hour = bins[k].hours.since;
        if change.interval.since <= hour && hour < change.interval.until {
            let counts =
                Counts { e0: before.0, e1: total.0 - before.0, t0: before.1, t1: total.1 - before.1, ..change.counts };
            inside.push((k, gain(&counts), counts));
        }
    }
    let Some(best) = inside.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { return *change };
    let near = || inside.iter().filter(|other| other.1 >= best.1 - INTERVAL.ln()).map(|other| other.0);
    let (first, last) = (near().min().unwrap_or(best.0), near().max().unwrap_or(best.0));
    let interval = Hours::new(bins[first - 1].hours.until.min(bins[first].hours.since), bins[last].hours.until);
    Change { hour: bins[best.0].hours.since, interval, counts: best.2, ..*change }
}

/// p-value at a boundary without the largest bin on the side of the higher rate.
fn muted(bins: &[Bin], at: usize, direction: Direction, least_d: f64) -> f64 {
    let side = if direction == Direction::Rise { at..bins.len() } else { 0..at };
    let Some(largest) = side.clone().max_by_key(|k| (bins[*k].n, std::cmp::Reverse(*k))) else { return 1.0 };
    let rest: Vec<Bin> = bins.iter().enumerate().filter(|(k, _)| *k != largest).map(|(_, bin)| *bin).collect();
    let cut = if largest < at { at - 1 } else { at };
    let (earlier, later) = (sums(&rest[..cut]), sums(&rest[cut..]));
    let d = dispersion(&rest).max(least_d);
    let counts = Counts { e0: earlier.0, e1: later.0, t0: earlier.1, t1: later.1, d };
    let one_sided = if direction == Direction::Rise { counts.p_up() } else { counts.p_down() };
    if counts.q().is_some() { (2.0 * one_sided).min(1.0) } else { 1.0 }
}

fn sums(bins: &[Bin]) -> (u64, f64) {
    bins.iter().fold((0, 0.0), |sum, bin| (sum.0 + u64::from(bin.n), sum.1 + bin.t))
}

/// Every change of a row of bins, oldest first, at most five; `first_p` is what the first must reach.
///
/// A caller who scans many clusters passes the largest p-value that Benjamini-Hochberg let through; [`ALPHA`] for one
/// cluster alone. Later splits of the same row are tested at [`ALPHA`].
pub fn changes(bins: &[Bin], first_p: f64, least_d: f64) -> Vec<Change> {
    let mut cuts: Vec<(usize, Change)> = Vec::new();
    let mut open = vec![(0, bins.len(), first_p)];
    while cuts.len() < MOST {
        // The strongest split of all open segments comes first, so that the limit keeps the strongest.
        let best = open
            .iter()
            .enumerate()
            .filter_map(|(at, (from, to, level))| {
                let change = scan(&bins[*from..*to], least_d)?;
                (change.p <= *level && change.is_large()).then_some((at, *from, *to, change))
            })
            .min_by(|a, b| a.3.p.total_cmp(&b.3.p).then(a.1.cmp(&b.1)));
        let Some((at, from, to, change)) = best else { break };
        open.remove(at);
        cuts.push((from + change.at, change));
        for (from, to) in [(from, from + change.at), (from + change.at, to)] {
            if sums(&bins[from..to]).0 >= MIN_EPISODES {
                open.push((from, to, ALPHA));
            }
        }
        open.sort_by_key(|segment| segment.0);
    }
    cuts.sort_by_key(|cut| cut.0);
    let ends: Vec<usize> = cuts.iter().map(|cut| cut.0).chain([bins.len()]).collect();
    let starts: Vec<usize> = std::iter::once(0).chain(cuts.iter().map(|cut| cut.0)).collect();
    cuts.iter()
        .enumerate()
        .map(|(at, (cut, change))| {
            let (earlier, later) = (sums(&bins[starts[at]..*cut]), sums(&bins[*cut..ends[at + 1]]));
            let counts = Counts { e0: earlier.0, e1: later.0, t0: earlier.1, t1: later.1, ..change.counts };
            let ratio = counts.ratio().unwrap_or(1.0);
            // Later cuts may turn what a first split saw; the neighbours decide what a reader is told.
            let direction = match change.direction {
                Direction::Rise if ratio < 1.0 / MIN_RATIO => Direction::Fall,
                Direction::Fall if ratio > MIN_RATIO => Direction::Rise,
                same => same,
            };
            Change { direction, at: *cut, counts, ..*change }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(counts: &[u32]) -> Vec<Bin> {
        (0..).zip(counts).map(|(day, n)| Bin { hours: Hours::new(day * 24, day * 24 + 24), n: *n, t: 24.0 }).collect()
    }

    #[test]
    fn no_bin_one_bin_and_equal_bins_have_no_change() {
        for counts in [&[][..], &[9], &[0, 0, 0, 0], &[4; 35], &[1, 0, 1, 0, 1, 0, 1]] {
            assert!(changes(&bins(counts), ALPHA, 1.0).is_empty(), "{counts:?}");
        }
    }

    #[test]
    fn a_step_is_found_where_it_is_and_named_by_its_direction() {
        let mut counts = [1, 0, 2, 1, 1, 0, 1].repeat(4);
        counts.extend([5, 4, 6, 3, 5, 4, 5]);
        let found = changes(&bins(&counts), ALPHA, 1.0);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].direction, found[0].at), (Direction::Rise, 28));
        assert!(found[0].interval.since <= 28 * 24 && found[0].interval.until >= 28 * 24);
        counts.reverse();
        let back = changes(&bins(&counts), ALPHA, 1.0);
        assert_eq!((back.len(), back[0].direction, back[0].at), (1, Direction::Fall, 7));
    }

    #[test]
    fn an_episode_of_trouble_is_a_rise_and_a_fall() {
        let mut counts = [1, 0, 2, 1, 1, 0, 1].repeat(5);
        counts[14..21].copy_from_slice(&[9, 12, 10, 11, 9, 10, 12]);
        let found = changes(&bins(&counts), ALPHA, 1.0);
        let told: Vec<_> = found.iter().map(|change| (change.direction, change.at)).collect();
        assert_eq!(told, [(Direction::Rise, 14), (Direction::Fall, 21)]);
    }

    #[test]
    fn one_huge_day_is_no_change() {
        let mut counts = [1, 0, 2, 1, 1, 0, 1].repeat(5);
        counts[30] = 4_000_000;
        assert!(changes(&bins(&counts), ALPHA, 1.0).is_empty());
    }

    #[test]
    fn huge_steps_are_placed_by_likelihood() {
        let counts: Vec<u32> = (0..35).map(|day| if day < 20 { 1_000_000 } else { 90_000_000 }).collect();
        let found = changes(&bins(&counts), ALPHA, 1.0);
        assert_eq!((found.len(), found[0].at), (1, 20));
        assert_eq!(found[0].interval, Hours::new(20 * 24, 21 * 24));
    }

    #[test]
    fn a_change_found_in_days_is_placed_by_the_hour() {
        let counts: Vec<u32> = (0..10).map(|day| [5, 5, 5, 5, 31, 40, 40, 40, 40, 40][day]).collect();
        let hours: Vec<Bin> = (0..240)
            .map(|hour| Bin {
                hours: Hours::new(hour, hour + 1),
                n: u32::from(hour % 5 == 0) + u32::from(hour >= 103),
                t: 1.0,
            })
            .collect();
        let change = changes(&bins(&counts), ALPHA, 1.0).remove(0);
        let fine = refined(&change, &hours);
        assert!(fine.hour.abs_diff(103) <= 2 && fine.interval.len() < change.interval.len(), "{fine:?}");
        assert_eq!(refined(&change, &[]), change);
    }

    #[test]
    fn what_begins_after_weeks_of_nothing_is_found() {
        let mut counts = vec![0; 20];
        counts.extend([2, 1, 3, 2, 2, 1]);
        let found = changes(&bins(&counts), ALPHA, 1.0);
        assert_eq!((found.len(), found[0].at, found[0].counts.e0), (1, 20, 0));
    }

    #[test]
    fn a_gap_of_coverage_is_no_silence() {
        let mut days = bins(&[3; 30]);
        days.drain(12..24);
        assert!(changes(&days, ALPHA, 1.0).is_empty());
        let mut half = bins(&[4; 30]);
        half[15..].iter_mut().for_each(|bin| (bin.n, bin.t) = (2, 12.0));
        assert!(changes(&half, ALPHA, 1.0).is_empty(), "half the hours, half the episodes");
    }
}
