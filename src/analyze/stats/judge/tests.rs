//! Tests of [`judge`](super): one case a status, and the numbers that come with it.

use super::super::season::Season;
use super::super::table::{Exposure, Level};
use super::*;

const WEEK: i64 = 7 * 24;

fn subject(daily: &[u32]) -> Subject {
    Subject {
        level: Level::Error,
        exposure: 0,
        episodes: (0..).zip(daily).filter(|(_, n)| **n > 0).map(|(day, n)| (day * 24 + 12, *n)).collect(),
        lasting: Vec::new(),
        runs: Vec::new(),
        known: false,
        anchor: None,
    }
}

fn table(daily: &[u32], covered_s: &[u32]) -> Table {
    let exposures = vec![Exposure::new(0, covered_s, &Season::default(), 0)];
    Table { origin_ns: 0, exposures, subjects: vec![subject(daily)] }
}

/// Judges the last week of fully covered days against the time before it.
fn judged(daily: &[u32]) -> Judgement {
    let hours = daily.len() as i64 * 24;
    of(&table(daily, &vec![3_600; daily.len() * 24]), hours)
}

fn of(table: &Table, hours: i64) -> Judgement {
    let window = Hours::new(hours - WEEK, hours);
    judge(table, window, Hours::new(0, window.since), &Options::default()).remove(0)
}

fn days(before: u32, n: usize, after: u32) -> Vec<u32> {
    let mut daily = vec![before; n];
    daily.extend([after; 7]);
    daily
}

#[test]
fn no_cluster_and_a_cluster_without_episodes_are_judged() {
    let empty = Table { origin_ns: 0, exposures: Vec::new(), subjects: Vec::new() };
    assert!(judge(&empty, Hours::new(0, WEEK), Hours::new(-WEEK, 0), &Options::default()).is_empty());
    let none = judged(&days(0, 28, 0));
    assert_eq!((none.status, none.silence, none.test), (Status::Quiet, None, None));
}

#[test]
fn equal_rates_are_ongoing_with_what_was_expected() {
    let found = judged(&days(1, 28, 1));
    assert_eq!(found.status, Status::Ongoing);
    assert_eq!(
        found.why,
        "no change of rate to be told from chance: expected 2-14 episodes, saw 7 (against the time before the window: 28 in 28.0 days covered)"
    );
    assert!(found.changes.is_empty() && !found.held && found.returned_after.is_none());
}

#[test]
fn a_rise_says_what_was_expected_and_since_when() {
    let found = judged(&days(1, 28, 5));
    assert_eq!(found.status, Status::Escalating);
    assert!(found.why.starts_with("expected 2-14 episodes, saw 35 (against"), "{}", found.why);
    assert!(found.why.ends_with("rising since 1970-01-29T12:00:00Z"), "{}", found.why);
    let huge = judged(&days(1, 28, 400_000_000));
    assert_eq!(huge.status, Status::Escalating);
}

#[test]
fn a_fall_is_declining_and_an_end_is_resolved() {
    let mut falling = days(4, 28, 0);
    falling[29] = 1;
    falling[34] = 1;
    assert_eq!(judged(&falling).status, Status::Declining);
    let gone = judged(&days(2, 28, 0));
    assert_eq!((gone.status, gone.resolved_from), (Status::Resolved, None));
    let why = "last seen at 1970-01-28T12:00:00Z; 7.5 days covered since then, 56 episodes in 28.0 days before";
    assert_eq!(gone.why, why);
}

#[test]
fn a_rare_cluster_is_quiet_and_the_date_is_told() {
    let mut rare = days(0, 28, 0);
    (rare[2], rare[9], rare[16], rare[23]) = (1, 1, 1, 1);
    let found = judged(&rare);
    assert_eq!(found.status, Status::Quiet);
    let from = found.resolved_from.expect("a date");
    assert!(found.why.contains(&format!("can be from {}", table(&[], &[]).moment(from))), "{}", found.why);
    let mut later = rare.clone();
    later.resize((from / 24 + 1) as usize, 0);
    assert_eq!(judged(&later).status, Status::Resolved, "it keeps its word");
    later.truncate((from / 24 - 2) as usize);
    assert_eq!(judged(&later).status, Status::Quiet);
}

#[test]
fn new_needs_twice_the_window_on_three_days_before_it() {
    let found = judged(&days(0, 28, 1));
    assert_eq!(found.status, Status::New);
    assert_eq!(
        found.why,
        "not seen in 28.0 days covered on 28 days before, so that it came less than once in 9.3 days"
    );
    let short = judged(&days(0, 10, 1));
    assert_eq!(short.status, Status::InsufficientCoverage);
    assert!(short.why.ends_with("calling it new needs 14.0 days on 3 days"), "{}", short.why);
    // Seconds between one export and the next are no reason to doubt two whole weeks; a missing morning is.
    let with_holes = |seconds: &[u32]| {
        let mut covered = vec![3_600; 21 * 24];
        covered[100..100 + seconds.len()].copy_from_slice(seconds);
        of(&table(&days(0, 14, 1), &covered), 21 * 24).status
    };
    assert_eq!(with_holes(&[2_000, 3_000]), Status::New);
    assert_eq!(with_holes(&[0; 4]), Status::InsufficientCoverage);
    let mut known = table(&days(0, 28, 1), &[3_600; 35 * 24]);
    known.subjects[0].known = true;
    assert_eq!(
        of(&known, 35 * 24).status,
        Status::Escalating,
        "known from an earlier store, and back at a rate of seven"
    );
}

#[test]
fn nothing_is_claimed_of_what_is_not_covered() {
    let mut covered = vec![3_600; 35 * 24];
    covered[29 * 24..].fill(0);
    let found = of(&table(&days(2, 29, 0), &covered), 35 * 24);
    assert_eq!(found.status, Status::InsufficientCoverage);
    assert_eq!(found.why, "24.0 h of the window covered; comparing with 7.0 days needs 33.6 h");
}

#[test]
fn an_unusual_hole_in_the_window_may_hide_an_episode() {
    let daily = days(1, 28, 0);
    let mut covered = vec![3_600; 35 * 24];
    assert_eq!(of(&table(&daily, &covered), 35 * 24).status, Status::Resolved);
    covered[30 * 24..30 * 24 + 12].fill(0);
    assert_eq!(of(&table(&daily, &covered), 35 * 24).status, Status::Quiet);
    for day in 0..35 {
        covered[day * 24..day * 24 + 12].fill(0);
    }
    assert_eq!(of(&table(&daily, &covered), 35 * 24).status, Status::Resolved, "exports that always have it are usual");
}

#[test]
fn a_rise_is_held_until_two_windows_are_calm() {
    let mut daily = days(1, 28, 6);
    daily.extend([2; 7]);
    let found = judged(&daily);
    assert!(found.status == Status::Escalating && found.held, "{found:?}");
    daily.extend([1; 14]);
    assert!(!judged(&daily).held);
}

#[test]
fn what_comes_back_after_a_long_silence_says_so() {
    let mut daily = days(2, 28, 0);
    daily.extend([0; 14]);
    daily.extend([0, 0, 1, 0, 1, 0, 1]);
    let found = judged(&daily);
    assert!(found.returned_after.is_some_and(|hours| hours > 20.0 * 24.0), "{found:?}");
    assert!(found.why.contains("back after 24.0 days covered without an episode"), "{}", found.why);
}
