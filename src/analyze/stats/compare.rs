//! The rate test of every cluster of a table, a window against the time before it and against the anchor.
//!
//! This is the part of a status that is a matter of chance, so that windows, earlier windows and placebo windows run
//! exactly the same rule. Rises and falls are claimed by Benjamini-Hochberg inside a level of severity.

use super::dispersion::{Raw, moderated};
use super::multiple::{Discrete, adjust_families, claimed};
use super::onset::Direction;
use super::rate::Counts;
use super::table::{Hours, Subject, Table};

/// Share of the window's hours that must be covered, in the window and before it.
pub const MIN_COVERAGE: f64 = 0.2;

/// What a window was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// The time before the window.
    Before,
    /// The stretch frozen at the last action on the cluster's issue.
    Anchor,
}

/// One cluster's comparison, with everything that went into it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Which baseline the counts are of: the one that speaks more strongly for a change.
    pub baseline: Baseline,
    /// Where that baseline lies.
    pub against: Hours,
    /// Counts, exposures and dispersion.
    pub counts: Counts,
    /// The counts that a fall is tested on: what an unusual hole in the window's coverage hides is taken to be as before.
    pub filled: Counts,
    /// Chance of so many episodes or more; doubled where two baselines were tried, as is `p_down`.
    pub p_up: f64,
    /// Chance of so few or fewer.
    pub p_down: f64,
    /// Adjusted p-value of a rise inside the level; `None` where no outcome could have reached it.
    pub q_up: Option<f64>,
    /// Adjusted p-value of a fall.
    pub q_down: Option<f64>,
    /// Later rate over earlier rate.
    pub ratio: f64,
    /// Episodes expected in the window, 95 of 100 times.
    pub expected: (u64, u64),
    /// The change that is claimed.
    pub direction: Option<Direction>,
}

/// Whether enough of a stretch is covered, for a window of `asked` hours.
pub fn is_covered(covered: f64, asked: Hours) -> bool {
    covered > 0.0 && covered >= MIN_COVERAGE * asked.len() as f64
}

/// Hours of a block for the dispersion: days, or less where both stretches together hold few of them.
fn block(window: Hours, before: Hours) -> i64 {
    match window.len() + before.len() {
        hours if hours >= 7 * 24 => 24,
        hours if hours >= 42 => 6,
        _ => 1,
    }
}

/// Moderated dispersion of each cluster over the window and the time before it.
pub fn dispersions(table: &Table, window: Hours, before: Hours) -> Vec<f64> {
    let width = block(window, before);
    let raws: Vec<Raw> = table
        .subjects
        .iter()
        .map(|subject| Raw::of(&[&table.bins(subject, before, width), &table.bins(subject, window, width)]))
        .collect();
    moderated(&raws)
}

/// Tests every cluster; `None` where coverage does not allow it or nothing was seen in either stretch.
pub fn compare(table: &Table, window: Hours, before: Hours) -> Vec<Option<Test>> {
    let dispersions = dispersions(table, window, before);
    let holes: Vec<i64> =
        table.exposures.iter().map(|exposure| exposure.hole_hours(window, exposure.longest_hole(before))).collect();
    let mut tests: Vec<Option<Test>> = table
        .subjects
        .iter()
        .zip(&dispersions)
        .map(|(subject, d)| test(table, subject, window, before, *d, holes[subject.exposure]))
        .collect();
    let levels: Vec<_> = table.subjects.iter().map(|subject| subject.level).collect();
    let of = |test: &Option<Test>, side: fn(&Test) -> Discrete| test.as_ref().map(side);
    let up = |test: &Test| Discrete { p: test.p_up, least: test.counts.least_p_up() };
    let down = |test: &Test| Discrete { p: test.p_down, least: test.filled.least_p_down() };
    let up: Vec<Option<Discrete>> = tests.iter().map(|test| of(test, up)).collect();
    let down: Vec<Option<Discrete>> = tests.iter().map(|test| of(test, down)).collect();
    let (up, down) = (adjust_families(&up, &levels), adjust_families(&down, &levels));
    for (at, test) in tests.iter_mut().enumerate() {
        if let Some(test) = test {
            (test.q_up, test.q_down) = (up[at], down[at]);
            test.direction = if claimed(up[at]) && test.counts.rises() {
                Some(Direction::Rise)
            } else if claimed(down[at]) && test.counts.falls() {
                Some(Direction::Fall)
            } else {
                None
            };
        }
    }
    tests
}

/// One cluster against its baselines; the q-values and the claim are filled in by the family.
fn test(table: &Table, subject: &Subject, window: Hours, before: Hours, d: f64, hole: i64) -> Option<Test> {
    let exposure = table.exposure(subject);
    let against = |stretch: Hours| {
        let counts = Counts {
            e0: subject.count(stretch),
            e1: subject.count(window),
            t0: exposure.weighted(stretch),
            t1: exposure.weighted(window),
            d,
        };
        (is_covered(exposure.covered(stretch), window) && counts.e0 + counts.e1 > 0).then_some(counts)
    };
    if !is_covered(exposure.covered(window), window) {
        return None;
    }
    // A cluster that was never seen before is new; there is no rate to compare with.
    let seen_before = subject.known || subject.first(Hours::new(i64::MIN, window.since)).is_some();
    let previous = against(before).filter(|_| seen_before).map(|counts| (Baseline::Before, before, counts));
    // An earlier window, of the hysteresis or a placebo, may lie before the action: nothing was frozen by then.
    let frozen = subject.anchor.filter(|anchor| anchor.until <= window.since && *anchor != before);
    let anchored = frozen.and_then(|anchor| Some((Baseline::Anchor, anchor, against(anchor)?)));
    let tried = if previous.is_some() && anchored.is_some() { 2.0 } else { 1.0 };
    let filled = |counts: &Counts| {
        let hidden = (counts.e0 as f64 / counts.t0 * hole as f64).ceil();
        Counts { e1: counts.e1 + hidden as u64, t1: counts.t1 + hole as f64, ..*counts }
    };
    let least = |counts: &Counts| counts.p_up().min(filled(counts).p_down());
    let (baseline, against, counts) =
        previous.into_iter().chain(anchored).min_by(|a, b| least(&a.2).total_cmp(&least(&b.2)))?;
    Some(Test {
        baseline,
        against,
        counts,
        filled: filled(&counts),
        p_up: (tried * counts.p_up()).min(1.0),
        p_down: (tried * filled(&counts).p_down()).min(1.0),
        q_up: None,
        q_down: None,
        ratio: counts.ratio()?,
        expected: counts.expected()?,
        direction: None,
    })
}

/// Ratio below which a window counts as calm after a rise.
const CALM: f64 = 1.25;

/// Whether a cluster that is not flagged now is still escalating: it was flagged in one of the `earlier` windows (newest
/// first, each computed from the store), and since then there were neither two calm windows in a row nor a significant fall.
pub fn still_rising(now: Option<&Test>, earlier: &[Option<Test>]) -> bool {
    let calm = |test: &Test| test.ratio < CALM;
    let fell = |test: &Test| test.direction == Some(Direction::Fall);
    let Some(now) = now else { return false };
    let mut newer = now;
    if fell(now) {
        return false;
    }
    for test in earlier {
        let Some(test) = test else { return false };
        if test.direction == Some(Direction::Rise) {
            return true;
        }
        if fell(test) || calm(test) && calm(newer) {
            return false;
        }
        newer = test;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::season::Season;
    use super::super::table::{Exposure, Level};
    use super::*;

    fn table(days: usize, rows: &[&[u32]]) -> Table {
        let subject = |daily: &&[u32]| Subject {
            level: Level::Error,
            exposure: 0,
            episodes: (0..).zip(daily.iter()).filter(|(_, n)| **n > 0).map(|(day, n)| (day * 24 + 5, *n)).collect(),
            lasting: Vec::new(),
            runs: Vec::new(),
            known: false,
            anchor: None,
        };
        Table {
            origin_ns: 0,
            exposures: vec![Exposure::new(0, &vec![3_600; days * 24], &Season::default(), 0)],
            subjects: rows.iter().map(subject).collect(),
        }
    }

    const BEFORE: Hours = Hours { since: 0, until: 28 * 24 };
    const WINDOW: Hours = Hours { since: 28 * 24, until: 35 * 24 };

    #[test]
    fn an_empty_table_and_clusters_without_episodes_are_not_tested() {
        assert!(compare(&table(35, &[]), WINDOW, BEFORE).is_empty());
        assert_eq!(compare(&table(35, &[&[]]), WINDOW, BEFORE), [None]);
    }

    #[test]
    fn a_rise_and_a_fall_are_claimed_and_equal_rates_are_not() {
        let rise: Vec<u32> = (0..35).map(|day| if day < 28 { u32::from(day % 4 == 0) } else { 3 }).collect();
        let fall: Vec<u32> = (0..35).map(|day| if day < 28 { 2 } else { u32::from(day == 30) }).collect();
        let found = compare(&table(35, &[&rise, &fall, &[1; 35]]), WINDOW, BEFORE);
        let claims: Vec<_> = found.iter().map(|test| test.and_then(|test| test.direction)).collect();
        assert_eq!(claims, [Some(Direction::Rise), Some(Direction::Fall), None]);
        let rise = found[0].expect("tested");
        assert_eq!((rise.counts.e0, rise.counts.e1, rise.expected), (7, 21, (0, 5)));
    }

    #[test]
    fn what_was_never_seen_before_and_what_is_not_covered_are_not_tested() {
        let mut daily = [0; 35];
        daily[30] = 9;
        assert_eq!(compare(&table(35, &[&daily]), WINDOW, BEFORE), [None]);
        assert_eq!(compare(&table(29, &[&[1; 29]]), WINDOW, BEFORE), [None], "one day of seven is too little");
    }

    #[test]
    fn an_anchor_sees_what_the_time_before_has_absorbed() {
        let ramp: Vec<u32> = (0..35).map(|day| if day < 14 { 1 } else { 2 + (day / 7) as u32 }).collect();
        let mut table = table(35, &[&ramp]);
        let before = Hours::new(21 * 24, 28 * 24);
        assert_eq!(compare(&table, WINDOW, before)[0].and_then(|test| test.direction), None);
        table.subjects[0].anchor = Some(Hours::new(0, 14 * 24));
        let found = compare(&table, WINDOW, before)[0].expect("tested");
        assert_eq!((found.baseline, found.direction), (Baseline::Anchor, Some(Direction::Rise)));
    }

    #[test]
    fn a_window_before_the_action_knows_no_anchor() {
        let mut table = table(35, &[&[1; 35]]);
        table.subjects[0].anchor = Some(Hours::new(21 * 24, 35 * 24));
        let found = compare(&table, WINDOW, BEFORE)[0].expect("tested");
        assert_eq!((found.baseline, found.counts.e0), (Baseline::Before, 28));
    }

    #[test]
    fn a_rise_is_left_after_two_calm_windows_or_a_fall() {
        let of = |ratio: f64, direction: Option<Direction>| Test {
            baseline: Baseline::Before,
            against: BEFORE,
            counts: Counts { e0: 1, e1: 1, t0: 1.0, t1: 1.0, d: 1.0 },
            filled: Counts { e0: 1, e1: 1, t0: 1.0, t1: 1.0, d: 1.0 },
            p_up: 1.0,
            p_down: 1.0,
            q_up: None,
            q_down: None,
            ratio,
            expected: (0, 1),
            direction,
        };
        let (rise, calm, middling) = (of(3.0, Some(Direction::Rise)), of(1.0, None), of(1.6, None));
        let fall = of(0.3, Some(Direction::Fall));
        assert!(still_rising(Some(&calm), &[Some(rise)]), "one calm window is not enough");
        assert!(!still_rising(Some(&calm), &[Some(calm), Some(rise)]));
        assert!(still_rising(Some(&calm), &[Some(middling), Some(rise)]));
        assert!(!still_rising(Some(&fall), &[Some(rise)]));
        assert!(!still_rising(Some(&calm), &[None, Some(rise)]), "a window that cannot be judged holds nothing");
        assert!(!still_rising(Some(&calm), &[]) && !still_rising(None, &[Some(rise)]));
    }
}
