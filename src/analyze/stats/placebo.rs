//! How many flags the rule raises in quiet weeks of this very data.
//!
//! The window and its baseline are moved back by whole windows over everything that is stored, and the same comparison is
//! run (placebo tests in time: Abadie, Diamond and Hainmueller 2015). A reader who sees "0.4 in a usual week" beside "9 this
//! week" needs no p-value.

use rayon::prelude::*;

use super::compare::compare;
use super::onset::Direction;
use super::table::{Hours, Table};

/// One placebo window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// The window.
    pub window: Hours,
    /// Clusters that could be compared.
    pub tested: usize,
    /// Clusters flagged as rising.
    pub rising: usize,
    /// Clusters flagged as falling.
    pub falling: usize,
}

/// The rule on past windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Placebo {
    /// Each past window of the same length with a baseline of the same length, newest first.
    pub splits: Vec<Split>,
    /// Mean flags of a past window; `None` without one.
    pub mean: Option<f64>,
}

/// Runs the comparison on every past split of the same lengths that lies in `stored` and in which clusters can be compared.
pub fn placebo(table: &Table, window: Hours, before: Hours, stored: Hours) -> Placebo {
    let step = window.len().max(1);
    let most = (before.since - stored.since).max(0) / step;
    let past: Vec<(Hours, Hours)> = (1..=most)
        .map(|back| (window.shifted(-back * step), before.shifted(-back * step)))
        .filter(|(_, before)| !before.is_empty())
        .collect();
    let split = |(window, before): &(Hours, Hours)| {
        let tests = compare(table, *window, *before);
        let flags = |direction| tests.iter().flatten().filter(|test| test.direction == Some(direction)).count();
        let tested = tests.iter().flatten().count();
        let (rising, falling) = (flags(Direction::Rise), flags(Direction::Fall));
        (tested > 0).then_some(Split { window: *window, tested, rising, falling })
    };
    let splits: Vec<Split> = past.par_iter().filter_map(split).collect();
    let flags: usize = splits.iter().map(|split| split.rising + split.falling).sum();
    let mean = (!splits.is_empty()).then(|| flags as f64 / splits.len() as f64);
    Placebo { splits, mean }
}

#[cfg(test)]
mod tests {
    use super::super::season::Season;
    use super::super::table::{Exposure, Level, Subject};
    use super::*;

    fn table(rows: &[Vec<u32>], days: usize) -> Table {
        let subject = |daily: &Vec<u32>| Subject {
            level: Level::Error,
            exposure: 0,
            episodes: (0..).zip(daily).filter(|(_, n)| **n > 0).map(|(day, n)| (day * 24 + 5, *n)).collect(),
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

    fn run(rows: &[Vec<u32>], days: i64) -> Placebo {
        let until = days * 24;
        let (window, before) = (Hours::new(until - 7 * 24, until), Hours::new(until - 21 * 24, until - 7 * 24));
        placebo(&table(rows, days as usize), window, before, Hours::new(0, until))
    }

    #[test]
    fn without_history_there_is_no_placebo() {
        assert_eq!(run(&[vec![1; 21]], 21), Placebo { splits: Vec::new(), mean: None });
        assert_eq!(run(&[], 70).mean, None, "and without clusters there is none");
    }

    #[test]
    fn equal_weeks_raise_no_flag_and_every_past_split_is_tried() {
        let quiet = run(&[vec![2; 70]], 70);
        assert_eq!((quiet.splits.len(), quiet.mean), (7, Some(0.0)));
        assert!(quiet.splits.iter().all(|split| split.tested == 1));
    }

    #[test]
    fn one_huge_past_week_is_counted_where_it_stands() {
        let mut daily = vec![1; 70];
        daily[42..49].fill(90);
        let found = run(&[daily], 70);
        let rising: Vec<i64> =
            found.splits.iter().filter(|split| split.rising > 0).map(|split| split.window.since / 24).collect();
        assert_eq!(rising, [42]);
    }
}
