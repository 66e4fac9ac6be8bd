//! What each cluster is doing in one long window that has no time before it.
//!
//! The window is its own baseline: statuses come from the change points inside it, and only those count that pass
//! Benjamini-Hochberg over the clusters of a level. Documents say "new since", "rising since", "falling since", "gone since".

use rayon::prelude::*;

use super::judge::{
    Judgement, Options, SILENT_HOURS, Status, change_points, is_history, rarer, silence, since as told_since, span,
    unseen,
};
use super::multiple::{Discrete, LEVEL, adjust_families};
use super::onset::{Change, Direction, scan};
use super::rate::ALPHA;
use super::table::{Hours, Subject, Table};

/// Covered days from which a window can be its own baseline, and before a first episode that `New` needs.
pub const MIN_DAYS: usize = 3;

/// Judges every cluster of a window without a time before it.
pub fn inside(table: &Table, window: Hours, options: &Options) -> Vec<Judgement> {
    let scanned: Vec<Option<Discrete>> = table
        .subjects
        .par_iter()
        .map(|subject| {
            scan(&table.bins(subject, window, 24), 1.0)
                .filter(|_| table.exposure(subject).days(window) >= MIN_DAYS)
                .map(|change| {
                    // The scan takes the best of many boundaries, so it has no floor of its own.
                    Discrete { p: change.p, least: 0.0 }
                })
        })
        .collect();
    let levels: Vec<_> = table.subjects.iter().map(|subject| subject.level).collect();
    let adjusted = adjust_families(&scanned, &levels);
    (0..table.subjects.len())
        .into_par_iter()
        .map(|at| {
            let p = scanned[at].filter(|_| adjusted[at].is_some_and(|q| q <= LEVEL)).map(|scan| scan.p);
            one(table, &table.subjects[at], window, p, options)
        })
        .collect()
}

fn one(table: &Table, subject: &Subject, window: Hours, first_p: Option<f64>, options: &Options) -> Judgement {
    let exposure = table.exposure(subject);
    let found = first_p.map_or_else(Vec::new, |p| change_points(table, subject, window, p));
    let d = found.last().map_or(1.0, |change| change.counts.d);
    let silence = silence(table, subject, window, d);
    let days = exposure.days(window);
    let (mut status, mut why) = match (found.last(), &silence) {
        _ if days < MIN_DAYS => {
            let covered = span(exposure.covered(window));
            let why = format!("{covered} covered on {days} days, and nothing before; change needs {MIN_DAYS} days");
            (Status::InsufficientCoverage, why)
        }
        (_, None) => (Status::Quiet, "not seen in this window".into()),
        (Some(_), Some(silence)) => {
            let told: Vec<String> = (0..found.len()).map(|at| told(table, subject, window, &found, at)).collect();
            (of_change(table, subject, window, &found, silence.since), told.join("; "))
        }
        (None, Some(_)) => late(table, subject, window).unwrap_or_else(|| {
            let seen = days_seen(table, subject, window);
            let why = format!("seen on {seen} of {days} covered days, no change of rate to be told from chance");
            (Status::Ongoing, why)
        }),
    };
    let last = subject.last(window).unwrap_or(window.since);
    let silent = exposure.covered(Hours::new(last + 1, window.until));
    let mut resolved_from = None;
    if (matches!(status, Status::Ongoing | Status::Declining) || status == Status::New && found.is_empty())
        && silent >= options.quiet_days * 24.0
    {
        status = Status::Quiet;
        let ended = format!("last seen at {}, {} covered since then", table.ended(subject, last), span(silent));
        why = if found.is_empty() {
            format!("seen on {} of {days} covered days; {ended}", days_seen(table, subject, window))
        } else {
            format!("{why}; {ended}")
        };
        resolved_from = silence
            .and_then(|silence| silence.hours_to_go(ALPHA))
            .filter(|hours| *hours > 0.0)
            .map(|hours| window.until + hours.ceil() as i64);
    }
    Judgement { status, why, test: None, silence, resolved_from, changes: found, returned_after: None, held: false }
}

/// What came for the first time late in the window is new by the rule of a window with a time before it, whatever its rate.
fn late(table: &Table, subject: &Subject, window: Hours) -> Option<(Status, String)> {
    let first = subject.first(window).filter(|_| !subject.known)?;
    let (exposure, before) = (table.exposure(subject), Hours::new(window.since, first));
    let (hours, days) = (exposure.covered(before), exposure.days(before));
    is_history(hours, days, exposure.covered(Hours::new(first, window.until))).then(|| {
        let why = format!("first seen at {}, {}, {}", table.began(subject, first), unseen(hours, days), rarer(hours));
        (Status::New, why)
    })
}

fn days_seen(table: &Table, subject: &Subject, window: Hours) -> usize {
    table.bins(subject, window, 24).iter().filter(|bin| bin.n > 0).count()
}

/// Whether a rise begins from nothing, with enough covered days of nothing.
fn is_new(table: &Table, subject: &Subject, window: Hours, change: &Change) -> bool {
    let first = subject.first(window).unwrap_or(window.since);
    change.direction == Direction::Rise
        && !subject.known
        && first >= change.interval.since
        && table.exposure(subject).days(Hours::new(window.since, first)) >= MIN_DAYS
}

/// Whether nothing came after a fall, for long enough.
fn is_gone(table: &Table, subject: &Subject, window: Hours, change: &Change) -> bool {
    let last = subject.last(window).unwrap_or(window.since);
    change.direction == Direction::Fall
        && last < change.interval.until
        && table.exposure(subject).covered(Hours::new(last + 1, window.until)) >= SILENT_HOURS
}

fn told(table: &Table, subject: &Subject, window: Hours, found: &[Change], at: usize) -> String {
    let change = &found[at];
    let covered = |since: i64, until: i64| span(table.exposure(subject).covered(Hours::new(since, until)));
    let since = at.checked_sub(1).map_or(window.since, |earlier| found[earlier].hour);
    let until = found.get(at + 1).map_or(window.until, |later| later.hour);
    let verb = match change.direction {
        Direction::Rise if is_new(table, subject, window, change) => "new",
        Direction::Rise => "rising",
        Direction::Fall if is_gone(table, subject, window, change) => "gone",
        Direction::Fall => "falling",
    };
    let counts = &change.counts;
    format!(
        "{verb} since {}: {} episodes in {} before, {} in {} after",
        told_since(table, subject, change),
        counts.e0,
        covered(since, change.hour),
        counts.e1,
        covered(change.hour, until)
    )
}

fn of_change(table: &Table, subject: &Subject, window: Hours, found: &[Change], silent: f64) -> Status {
    match found.last() {
        None => Status::Ongoing,
        Some(change) if change.direction == Direction::Rise => {
            let rises = |change: &&Change| change.direction == Direction::Rise;
            let only = found.iter().filter(rises).count() == 1;
            if only && is_new(table, subject, window, change) { Status::New } else { Status::Escalating }
        }
        Some(change) if silent >= SILENT_HOURS && is_gone(table, subject, window, change) => Status::Resolved,
        Some(_) => Status::Declining,
    }
}

#[cfg(test)]
mod tests {
    use super::super::season::Season;
    use super::super::table::{Exposure, Level};
    use super::*;

    fn judged(daily: &[u32]) -> Judgement {
        let subject = Subject {
            level: Level::Error,
            exposure: 0,
            episodes: (0..).zip(daily).filter(|(_, n)| **n > 0).map(|(day, n)| (day * 24 + 5, *n)).collect(),
            lasting: Vec::new(),
            runs: Vec::new(),
            known: false,
            anchor: None,
        };
        let table = Table {
            origin_ns: 0,
            exposures: vec![Exposure::new(0, &vec![3_600; daily.len() * 24], &Season::default(), 0)],
            subjects: vec![subject],
        };
        inside(&table, Hours::new(0, daily.len() as i64 * 24), &Options::default()).remove(0)
    }

    #[test]
    fn short_windows_and_empty_ones_say_that_they_cannot_tell() {
        assert_eq!(judged(&[]).status, Status::InsufficientCoverage);
        assert_eq!(judged(&[4]).status, Status::InsufficientCoverage);
        assert_eq!(judged(&[0; 10]).status, Status::Quiet);
    }

    #[test]
    fn equal_days_and_one_huge_day_are_ongoing() {
        assert_eq!(judged(&[2; 30]).status, Status::Ongoing);
        let mut daily = [2; 30];
        daily[20] = 4_000_000_000;
        assert_eq!(judged(&daily).status, Status::Ongoing);
        assert_eq!(judged(&daily).why, "seen on 30 of 30 covered days, no change of rate to be told from chance");
    }

    #[test]
    fn what_comes_once_late_in_the_window_is_new_until_it_is_quiet() {
        let once = |at: usize| {
            let mut daily = [0; 30];
            daily[at] = 1;
            judged(&daily)
        };
        let late = once(25);
        assert_eq!(late.status, Status::New, "{late:?}");
        let words = "not seen in 25.2 days covered on 26 days before, so that it came less than once in 8.4 days";
        assert_eq!(late.why, format!("first seen at 1970-01-26T05:00:00Z, {words}"));
        assert_eq!((once(22).status, once(2).status), (Status::Quiet, Status::Quiet), "silent for a week and more");
        let mut early = [0; 30];
        (early[2], early[29]) = (1, 1);
        assert_eq!(judged(&early).status, Status::Ongoing);
    }

    #[test]
    fn the_four_changes_have_their_words() {
        let rows = |from: u32, to: u32| -> Vec<u32> { (0..30).map(|day| if day < 18 { from } else { to }).collect() };
        for (from, to, status, word) in [
            (
                0,
                2,
                Status::New,
                "new since 1970-01-19T05:00:00Z: 0 episodes in 18.0 days before, 24 in 12.0 days after",
            ),
            (1, 5, Status::Escalating, "rising since 1970-01-19T05:00:00Z: 18 episodes"),
            (5, 1, Status::Declining, "falling since "),
            (3, 0, Status::Resolved, "gone since 1970-01-18T06:00:00Z: 54 episodes"),
        ] {
            let found = judged(&rows(from, to));
            assert_eq!(found.status, status, "{found:?}");
            assert!(found.why.starts_with(word), "{}", found.why);
        }
    }

    #[test]
    fn a_rare_cluster_that_is_silent_is_quiet_with_a_date() {
        let mut daily = [0; 40];
        (daily[3], daily[15]) = (1, 1);
        let found = judged(&daily);
        assert_eq!(found.status, Status::Quiet);
        assert!(found.resolved_from.is_some_and(|hour| hour > 40 * 24), "{found:?}");
    }
}
