//! The small table that all statistics run on: episodes per cluster and hour, covered seconds per hour.
//!
//! Hours are whole numbers counted from one origin, so a window that begins at 17:51 is counted in hours from 17:51 and
//! needs no split cells; days are blocks of 24 such hours. Exposure is kept as running sums, because every test asks for
//! the covered time of some stretch, thousands of times.

use std::ops::Range;

use super::season::Season;
use crate::time::{HOUR_NS, rfc3339_seconds};

const HOUR_S: f64 = 3_600.0;

/// A half-open stretch of hours, counted from the table's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    /// First hour inside.
    pub since: i64,
    /// First hour after.
    pub until: i64,
}

impl Hours {
    /// A stretch; empty when `until` is not after `since`.
    pub fn new(since: i64, until: i64) -> Self {
        Self { since, until: until.max(since) }
    }

    /// Hours in it.
    pub fn len(self) -> i64 {
        self.until - self.since
    }

    /// Whether it holds no hour.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The same stretch, later by `hours` (earlier when negative).
    #[must_use]
    pub fn shifted(self, hours: i64) -> Self {
        Self { since: self.since + hours, until: self.until + hours }
    }

    /// Blocks of `width` hours from its start on; the last one may be shorter.
    pub fn blocks(self, width: i64) -> impl Iterator<Item = Self> {
        let width = width.max(1);
        (0..(self.len() + width - 1) / width).map(move |at| {
            let since = self.since + at * width;
            Self { since, until: (since + width).min(self.until) }
        })
    }
}

/// What was covered of one service (at one severity), hour by hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    first_hour: i64,
    covered: Vec<f64>,
    weighted: Vec<f64>,
}

impl Exposure {
    /// Exposure from covered seconds per hour, the first of them in `first_hour`; `season` weighs the hours, whose clock
    /// time is `hour + clock_offset` hours since 1970-01-01 00:00 in the zone of the report.
    pub fn new(first_hour: i64, covered_s: &[u32], season: &Season, clock_offset: i64) -> Self {
        let mut covered = Vec::with_capacity(covered_s.len() + 1);
        let mut weighted = Vec::with_capacity(covered_s.len() + 1);
        let mut sums = (0.0, 0.0);
        covered.push(0.0);
        weighted.push(0.0);
        for (hour, seconds) in (first_hour..).zip(covered_s) {
            let hours = f64::from(*seconds) / HOUR_S;
            sums = (sums.0 + hours, sums.1 + hours * season.weight(hour + clock_offset));
            covered.push(sums.0);
            weighted.push(sums.1);
        }
        Self { first_hour, covered, weighted }
    }

    fn cells(&self, hours: Hours) -> Range<usize> {
        let place = |hour: i64| usize::try_from(hour - self.first_hour).unwrap_or(0).min(self.covered.len() - 1);
        place(hours.since)..place(hours.until)
    }

    /// First hour and the hour after the last.
    pub fn extent(&self) -> (i64, i64) {
        (self.first_hour, self.first_hour + self.covered.len() as i64 - 1)
    }

    /// Covered hours of a stretch.
    pub fn covered(&self, hours: Hours) -> f64 {
        let cells = self.cells(hours);
        self.covered[cells.end] - self.covered[cells.start]
    }

    /// Covered hours of a stretch, each weighted by its season: the exposure of a test.
    pub fn weighted(&self, hours: Hours) -> f64 {
        let cells = self.cells(hours);
        self.weighted[cells.end] - self.weighted[cells.start]
    }

    /// Runs of hours of a stretch of which nothing is covered: (hours, hour after the last).
    fn holes(&self, hours: Hours) -> Vec<(i64, i64)> {
        let mut holes: Vec<(i64, i64)> = Vec::new();
        for hour in hours.since.max(self.extent().0)..hours.until.min(self.extent().1) {
            if self.covered(Hours::new(hour, hour + 1)) > 0.0 {
                continue;
            }
            match holes.last_mut() {
                Some(open) if open.1 == hour => *open = (open.0 + 1, hour + 1),
                _ => holes.push((1, hour + 1)),
            }
        }
        holes
    }

    /// Hours of the longest run of which nothing is covered.
    pub fn longest_hole(&self, hours: Hours) -> i64 {
        self.holes(hours).iter().map(|hole| hole.0).max().unwrap_or(0)
    }

    /// Hours in runs of which nothing is covered, of those longer than `usual` hours.
    pub fn hole_hours(&self, hours: Hours, usual: i64) -> i64 {
        self.holes(hours).iter().map(|hole| hole.0).filter(|length| *length > usual).sum()
    }

    /// Hour after the last run of which nothing is covered, of those longer than `usual` hours.
    pub fn hole_end(&self, hours: Hours, usual: i64) -> Option<i64> {
        self.holes(hours).iter().rev().find(|hole| hole.0 > usual).map(|hole| hole.1)
    }

    /// Blocks of 24 hours from the start of a stretch of which something is covered.
    pub fn days(&self, hours: Hours) -> usize {
        hours.blocks(24).filter(|day| self.covered(*day) > 0.0).count()
    }
}

/// Hypotheses that are corrected for one another: clusters of one level of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// ERROR and above.
    Error,
    /// WARNING.
    Warning,
    /// Everything else.
    Other,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its level of severity.
    pub level: Level,
    /// Index of its exposure in the table.
    pub exposure: usize,
    /// Episodes that begin in an hour, ascending by hour, hours without any left out.
    pub episodes: Vec<(i64, u32)>,
    /// Known from before the table's first hour.
    pub known: bool,
    /// The stretch that an action on its issue froze as baseline.
    pub anchor: Option<Hours>,
}

impl Subject {
    fn cells(&self, hours: Hours) -> &[(i64, u32)] {
        let from = self.episodes.partition_point(|(hour, _)| *hour < hours.since);
        let to = self.episodes.partition_point(|(hour, _)| *hour < hours.until);
        &self.episodes[from..to.max(from)]
    }

    /// Episodes that begin in a stretch.
    pub fn count(&self, hours: Hours) -> u64 {
        self.cells(hours).iter().map(|(_, n)| u64::from(*n)).sum()
    }

    /// Hours of a stretch in which an episode begins.
    pub fn hours_with(&self, hours: Hours) -> u64 {
        self.cells(hours).iter().filter(|(_, n)| *n > 0).count() as u64
    }

    /// Last hour of a stretch in which an episode begins.
    pub fn last(&self, hours: Hours) -> Option<i64> {
        self.cells(hours).last().map(|(hour, _)| *hour)
    }

    /// First hour of a stretch in which an episode begins.
    pub fn first(&self, hours: Hours) -> Option<i64> {
        self.cells(hours).first().map(|(hour, _)| *hour)
    }
}

/// Everything that is counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Start of hour 0, in nanoseconds since 1970.
    pub origin_ns: i64,
    /// Exposures that the subjects point to.
    pub exposures: Vec<Exposure>,
    /// Clusters, in the caller's order, which is the order of every answer.
    pub subjects: Vec<Subject>,
}

impl Table {
    /// Exposure of a subject.
    pub fn exposure(&self, subject: &Subject) -> &Exposure {
        &self.exposures[subject.exposure]
    }

    /// The start of an hour, for a reader.
    pub fn moment(&self, hour: i64) -> String {
        rfc3339_seconds(self.origin_ns + hour * HOUR_NS)
    }

    /// Episodes and exposure of a subject in the covered blocks of `width` hours of a stretch.
    pub fn bins(&self, subject: &Subject, hours: Hours, width: i64) -> Vec<Bin> {
        let exposure = self.exposure(subject);
        let mut cells = subject.cells(hours).iter().peekable();
        hours
            .blocks(width)
            .filter_map(|block| {
                let mut n = 0;
                while let Some((_, own)) = cells.next_if(|(hour, _)| *hour < block.until) {
                    n += *own;
                }
                let t = exposure.weighted(block);
                (t > 0.0).then_some(Bin { hours: block, n, t })
            })
            .collect()
    }
}

/// Episodes and exposure of a block of hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Where it lies.
    pub hours: Hours,
    /// Episodes that begin in it.
    pub n: u32,
    /// Its exposure, above 0.
    pub t: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(episodes: &[(i64, u32)]) -> Subject {
        Subject { level: Level::Error, exposure: 0, episodes: episodes.to_vec(), known: false, anchor: None }
    }

    #[test]
    fn exposure_is_what_was_covered_and_nothing_outside() {
        let exposure = Exposure::new(10, &[3_600, 0, 1_800], &Season::default(), 0);
        assert!((exposure.covered(Hours::new(0, 100)) - 1.5).abs() < 1e-12);
        assert!((exposure.covered(Hours::new(11, 13)) - 0.5).abs() < 1e-12);
        assert!(
            exposure.covered(Hours::new(-5, 10)).abs() < 1e-12 && exposure.covered(Hours::new(13, 99)).abs() < 1e-12
        );
        assert!((Exposure::new(0, &[], &Season::default(), 0).covered(Hours::new(-9, 9))).abs() < 1e-12);
        assert_eq!(exposure.days(Hours::new(10, 10 + 72)), 1);
        assert_eq!(
            (exposure.longest_hole(Hours::new(10, 13)), exposure.hole_end(Hours::new(10, 13), 0)),
            (1, Some(12))
        );
        assert_eq!(exposure.hole_end(Hours::new(10, 13), 1), None);
        assert_eq!((exposure.hole_hours(Hours::new(10, 13), 0), exposure.hole_hours(Hours::new(10, 13), 1)), (1, 0));
    }

    #[test]
    fn bins_hold_covered_blocks_only_and_every_episode_of_them_once() {
        let table = Table {
            origin_ns: 0,
            exposures: vec![Exposure::new(0, &[3_600, 3_600, 0, 0, 3_600], &Season::default(), 0)],
            subjects: vec![subject(&[(0, 2), (1, 1), (4, 7)])],
        };
        let bins = table.bins(&table.subjects[0], Hours::new(0, 5), 2);
        assert_eq!(bins.iter().map(|bin| (bin.hours.since, bin.n)).collect::<Vec<_>>(), [(0, 3), (4, 7)]);
        assert_eq!(table.subjects[0].count(Hours::new(1, 5)), 8);
        assert_eq!(
            (table.subjects[0].first(Hours::new(1, 5)), table.subjects[0].last(Hours::new(0, 4))),
            (Some(1), Some(1))
        );
        assert_eq!(table.moment(25), "1970-01-02T01:00:00Z");
        assert!(table.bins(&subject(&[]), Hours::new(5, 5), 2).is_empty());
    }
}
