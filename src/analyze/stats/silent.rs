//! Whether what came hour after hour has gone silent while its exports went on.
//!
//! The unit is the covered hour with or without a row, not the episode: a service or a heartbeat is one endless episode, and
//! its silence is a matter of hours. The chance of the silence is that of [`rate`](super::rate); exposure is weighted by the
//! season, so a night without requests is not one.

use super::rate::Silence;
use super::table::{Hours, Subject, Table};

/// Share of covered hours with a row, from the first to the last one, that makes something regular.
pub const REGULAR: f64 = 0.9;
/// Least covered hours with a row that a habit needs.
const HABIT_HOURS: u64 = 24;
/// Least covered hours of silence.
const SILENT_HOURS: f64 = 2.0;
/// Most likely to be chance that is still told: every service is looked at in every window.
const ALPHA: f64 = 0.005;

/// Something regular that is gone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Silent {
    /// Last hour with a row.
    pub last: i64,
    /// Covered hours since then.
    pub hours: f64,
    /// Share of covered hours that had a row until then.
    pub regular: f64,
    /// Hours with a row, exposures; its `p0` is the chance.
    pub silence: Silence,
}

/// Whether covered hours with a row are a habit.
pub fn is_regular(with_rows: u64, covered: f64) -> bool {
    with_rows >= HABIT_HOURS && covered > 0.0 && with_rows as f64 >= REGULAR * covered
}

/// Judges the end of a stretch for a service's rows, or one message's; `subject` counts rows or episodes, which is the same.
///
/// `None` for what was never regular, still comes, or was not covered after it ended: then it is a gap of the exports.
pub fn gone_silent(table: &Table, subject: &Subject, stretch: Hours) -> Option<Silent> {
    let exposure = table.exposure(subject);
    let (first, last) = (subject.first(stretch)?, subject.last(stretch)?);
    let with_rows = subject.hours_with(stretch);
    let habit = Hours::new(first, last + 1);
    let covered = exposure.covered(habit);
    let regular = if covered > 0.0 { (with_rows as f64 / covered).min(1.0) } else { 0.0 };
    let after = Hours::new(last + 1, stretch.until);
    let silence =
        Silence { episodes: with_rows, until: exposure.weighted(habit), since: exposure.weighted(after), d: 1.0 };
    let hours = exposure.covered(after);
    let told = is_regular(with_rows, covered) && hours >= SILENT_HOURS && silence.p0() <= ALPHA;
    told.then_some(Silent { last, hours, regular, silence })
}

#[cfg(test)]
mod tests {
    use super::super::season::Season;
    use super::super::table::{Exposure, Level};
    use super::*;

    fn run(rows: impl Iterator<Item = (i64, u32)>, covered_s: &[u32]) -> Option<Silent> {
        let subject = Subject {
            level: Level::Other,
            exposure: 0,
            episodes: rows.collect(),
            lasting: Vec::new(),
            runs: Vec::new(),
            known: false,
            anchor: None,
        };
        let exposures = vec![Exposure::new(0, covered_s, &Season::default(), 0)];
        let table = Table { origin_ns: 0, exposures, subjects: vec![subject] };
        gone_silent(&table, &table.subjects[0], Hours::new(0, covered_s.len() as i64))
    }

    #[test]
    fn nothing_one_row_and_what_still_comes_are_not_silent() {
        assert_eq!(run(std::iter::empty(), &[3_600; 100]), None);
        assert_eq!(run([(3, 1)].into_iter(), &[3_600; 100]), None);
        assert_eq!(run((0..100).map(|hour| (hour, 1)), &[3_600; 100]), None);
    }

    #[test]
    fn a_regular_service_that_stops_is_found_however_many_rows_it_had() {
        for n in [1, u32::MAX] {
            let found = run((0..90).map(|hour| (hour, n)), &[3_600; 100]).expect("silent");
            assert_eq!((found.last, found.hours as i64), (89, 10));
        }
        assert_eq!(run((0..98).map(|hour| (hour, 1)), &[3_600; 100]), None, "two hours of a hundred are too few");
        assert_eq!(run((0..40).map(|hour| (hour * 2, 1)), &[3_600; 100]), None, "it came every other hour only");
    }

    #[test]
    fn a_gap_of_the_exports_is_no_silence() {
        let mut covered = [3_600; 100];
        covered[90..].fill(0);
        assert_eq!(run((0..90).map(|hour| (hour, 1)), &covered), None);
    }
}
