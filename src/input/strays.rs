//! Entries whose times lie far from all others of their file: a clock that was not set, a line delivered months late.
//!
//! Without a statement a file covers what lies between its first and its last entry. One entry of 1970 would make that half
//! a century, in which nothing was seen of anything, and everything would be new. So the times of a file are counted by day,
//! and few entries behind a long gap are told apart from the rest.

use std::collections::BTreeMap;

use crate::record::ingest::{FAR_NS, Strays};
use crate::time::{DAY_NS, day_of, rfc3339};

/// Groups of strays; more of them are a pattern.
const GROUPS: usize = 3;
/// Of so many entries of a file one may be a stray.
const ONE_OF: u64 = 100;
/// The same, where they lie so far away that only a clock can have meant it.
const ONE_OF_REMOTE: u64 = 10;
/// Ten years: clocks that were not set begin in 1970, 1980 or 2000, those that overflowed end in 2038 or 2106.
const REMOTE_NS: i128 = 3_652 * DAY_NS as i128;

/// Entries with times in a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    entries: u64,
    first_ns: i64,
    last_ns: i64,
}

impl Stretch {
    const NONE: Self = Self { entries: 0, first_ns: i64::MAX, last_ns: i64::MIN };

    fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
    }
}

/// Times of a file by UTC day.
#[derive(Debug)]
pub(crate) struct Times {
    days: BTreeMap<i64, Stretch>,
    /// The day that was met last: most entries follow one another.
    day: i64,
    begins_ns: i64,
    ends_ns: i64,
    open: Stretch,
}

impl Default for Times {
    fn default() -> Self {
        Self { days: BTreeMap::new(), day: 0, begins_ns: 0, ends_ns: 0, open: Stretch::NONE }
    }
}

impl Times {
    /// Counts an entry.
    #[inline]
    pub(crate) fn count(&mut self, ns: i64) {
        if ns < self.begins_ns || ns >= self.ends_ns {
            self.turn(ns);
        }
        self.open.add(Stretch { entries: 1, first_ns: ns, last_ns: ns });
    }

    fn turn(&mut self, ns: i64) {
        self.close();
        self.day = day_of(ns);
        self.begins_ns = self.day.saturating_mul(DAY_NS);
        self.ends_ns = (self.day + 1).saturating_mul(DAY_NS);
    }

    fn close(&mut self) {
        let open = std::mem::replace(&mut self.open, Stretch::NONE);
        if open.entries > 0 {
            self.days.entry(self.day).or_insert(Stretch::NONE).add(open);
        }
    }

    /// Adds the times of another stretch of the file.
    pub(crate) fn add(&mut self, mut other: Self) {
        other.close();
        for (day, stretch) in other.days {
            self.days.entry(day).or_insert(Stretch::NONE).add(stretch);
        }
    }

    /// The strays, if there are any.
    pub(crate) fn strays(mut self) -> Option<Strays> {
        self.close();
        let mut groups: Vec<Stretch> = Vec::new();
        for stretch in self.days.into_values() {
            match groups.last_mut() {
                Some(open) if i128::from(stretch.first_ns) - i128::from(open.last_ns) <= i128::from(FAR_NS) => {
                    open.add(stretch);
                }
                _ => groups.push(stretch),
            }
        }
        if groups.len() < 2 || groups.len() > GROUPS + 1 {
            return None;
        }
        let (at, most) = groups.iter().copied().enumerate().max_by_key(|(at, group)| (group.entries, *at))?;
        let mut strays = Stretch::NONE;
        groups.iter().enumerate().filter(|(other, _)| *other != at).for_each(|(_, group)| strays.add(*group));
        let beside = groups.windows(2).enumerate().filter(|(n, _)| *n == at || *n + 1 == at);
        let gaps = beside.map(|(_, pair)| i128::from(pair[1].first_ns) - i128::from(pair[0].last_ns));
        let gap = gaps.min()?;
        let one_of = if gap > REMOTE_NS { ONE_OF_REMOTE } else { ONE_OF };
        let few = strays.entries.saturating_mul(one_of) <= strays.entries + most.entries;
        let length = i128::from(most.last_ns) - i128::from(most.first_ns);
        (few && gap > length).then(|| Strays {
            entries: strays.entries,
            first: rfc3339(strays.first_ns),
            last: rfc3339(strays.last_ns),
            since: rfc3339(most.first_ns),
            until: rfc3339(most.last_ns),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND_NS;

    const NOW_NS: i64 = 1_757_000_000 * SECOND_NS;

    fn strays(times: &[(i64, u64)]) -> Option<Strays> {
        let mut all = Times::default();
        for (ns, n) in times {
            (0..*n as i64).for_each(|at| all.count(ns + at * SECOND_NS));
        }
        all.strays()
    }

    #[test]
    fn few_entries_behind_a_long_gap_are_strays() {
        let found = strays(&[(NOW_NS, 500), (0, 1)]).expect("a clock that was not set");
        assert_eq!(
            (found.entries, found.first.as_str(), &found.last),
            (1, "1970-01-01T00:00:00.000000000Z", &found.first)
        );
        assert_eq!((found.since, found.until), (rfc3339(NOW_NS), rfc3339(NOW_NS + 499 * SECOND_NS)));
        assert_eq!(strays(&[(NOW_NS, 500), (NOW_NS + 80 * 365 * DAY_NS, 2)]).map(|found| found.entries), Some(2));
        let both = strays(&[(0, 1), (NOW_NS - 92 * DAY_NS, 3), (NOW_NS, 500), (NOW_NS + 60 * DAY_NS, 1)]);
        assert_eq!(both.map(|found| found.entries), Some(5));
        assert_eq!(strays(&[(NOW_NS, 12), (0, 1)]).map(|found| found.entries), Some(1), "1970");
        assert_eq!(strays(&[(NOW_NS, 12), (i64::from(u32::MAX) * SECOND_NS, 1)]).map(|found| found.entries), Some(1));
    }

    #[test]
    fn what_may_be_an_export_of_that_time_is_none() {
        assert_eq!(strays(&[]), None);
        assert_eq!(strays(&[(0, 5)]), None, "nothing else is there");
        assert_eq!(strays(&[(NOW_NS, 500), (NOW_NS - 29 * DAY_NS, 1)]), None, "within what is kept");
        assert_eq!(strays(&[(NOW_NS, 50), (NOW_NS - 60 * DAY_NS, 1)]), None, "one of few");
        assert_eq!(strays(&[(NOW_NS, 500), (NOW_NS - 60 * DAY_NS, 6)]), None, "too many");
        let monthly: Vec<_> = (1..6).map(|month| (NOW_NS - month * 31 * DAY_NS, 1)).chain([(NOW_NS, 900)]).collect();
        assert_eq!(strays(&monthly), None, "a pattern");
        let season: Vec<_> = (0..90).map(|day| (NOW_NS + day * DAY_NS, 9)).chain([(NOW_NS - 60 * DAY_NS, 1)]).collect();
        assert_eq!(strays(&season), None, "the rest is longer than the gap");
    }

    #[test]
    fn the_order_and_the_stretches_of_a_file_do_not_matter() {
        let times: Vec<i64> = (0..300).map(|at| NOW_NS + at * 3_600 * SECOND_NS).chain([i64::MAX, i64::MIN]).collect();
        let of = |times: &[i64], stretch: usize| {
            let mut all = Times::default();
            for part in times.chunks(stretch) {
                let mut own = Times::default();
                for ns in part {
                    own.count(*ns);
                }
                all.add(own);
            }
            all.strays()
        };
        let whole = of(&times, times.len());
        assert_eq!(whole.as_ref().map(|found| found.entries), Some(2));
        let backwards: Vec<i64> = times.iter().rev().copied().collect();
        assert_eq!((of(&times, 7), of(&backwards, 11)), (whole.clone(), whole));
    }
}
