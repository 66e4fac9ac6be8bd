//! What an incident window is compared with: the same hours of earlier days, and the hours before.
//!
//! The same hours, because traffic has a daily shape; the hours before, because a release or a migration may have changed
//! the shape since yesterday. The minutes right before the window are left out: an incident begins before anybody asks.

use crate::time::{DAY_NS, HOUR_NS, Window};

/// Time before the window that belongs to neither side.
pub const GUARD_NS: i64 = HOUR_NS / 4;
/// Time before the window that is always taken, at least.
const BEFORE_NS: i64 = 2 * HOUR_NS;
/// Days whose same hours are taken even when fewer would do: a week has all its weekdays.
const DAYS: i64 = 7;
/// Days looked back at most.
const MOST_DAYS: i64 = 28;
/// Covered time wanted, in lengths of the window.
pub const WANTED: f64 = 10.0;

/// The default baseline of a window, ascending and disjoint; empty when nothing is stored before it.
///
/// `first_ns` is the oldest stored row, `covered_s` says how many seconds of some windows the inputs cover.
pub fn default_baseline(window: Window, first_ns: i64, covered_s: impl Fn(&[Window]) -> f64) -> Vec<Window> {
    let length = window.until_ns - window.since_ns;
    let end = window.since_ns - GUARD_NS;
    let whole = (
        window.since_ns.div_euclid(HOUR_NS) * HOUR_NS,
        window.until_ns.saturating_add(HOUR_NS - 1).div_euclid(HOUR_NS) * HOUR_NS,
    );
    let wanted_s = WANTED * window.seconds();
    let mut parts = vec![(window.since_ns - BEFORE_NS.max(length), end)];
    for day in 1..=MOST_DAYS {
        parts.push((whole.0 - day * DAY_NS, whole.1 - day * DAY_NS));
        if day >= DAYS && covered_s(&united(&parts, first_ns, end)) >= wanted_s {
            break;
        }
    }
    let mut windows = united(&parts, first_ns, end);
    if covered_s(&windows) < wanted_s {
        parts.push((window.since_ns - MOST_DAYS * DAY_NS, end));
        windows = united(&parts, first_ns, end);
    }
    windows
}

/// The union of some stretches between the first stored row and an end.
fn united(parts: &[(i64, i64)], first_ns: i64, end_ns: i64) -> Vec<Window> {
    let mut parts: Vec<(i64, i64)> =
        parts.iter().map(|(from, to)| ((*from).max(first_ns), (*to).min(end_ns))).collect();
    parts.retain(|(from, to)| from < to);
    parts.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (from, to) in parts {
        match out.last_mut() {
            Some(open) if from <= open.1 => open.1 = open.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out.into_iter().map(|(since_ns, until_ns)| Window { since_ns, until_ns }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 40 * DAY_NS + 12 * HOUR_NS;
    const MINUTE: i64 = HOUR_NS / 60;

    fn all(windows: &[Window]) -> f64 {
        windows.iter().map(|window| window.seconds()).sum()
    }

    fn window(since_ns: i64, until_ns: i64) -> Window {
        Window { since_ns, until_ns }
    }

    #[test]
    fn the_same_hours_of_a_week_and_the_hours_before_without_the_last_minutes() {
        let asked = window(NOON + 5 * MINUTE, NOON + 20 * MINUTE);
        let found = default_baseline(asked, 0, all);
        assert_eq!(found.len(), 8);
        assert_eq!(found[7], window(asked.since_ns - 2 * HOUR_NS, asked.since_ns - GUARD_NS));
        assert_eq!(found[6], window(NOON - DAY_NS, NOON - DAY_NS + HOUR_NS));
        assert!(all(&found) >= WANTED * asked.seconds());
    }

    #[test]
    fn more_days_and_then_everything_are_taken_where_little_is_covered() {
        let asked = window(NOON, NOON + HOUR_NS);
        let thin = |windows: &[Window]| all(windows) / 2.5;
        assert!(default_baseline(asked, 0, thin).len() > 20);
        let found = default_baseline(asked, 0, |_| 0.0);
        assert_eq!(found, [window(NOON - 28 * DAY_NS, NOON - GUARD_NS)]);
    }

    #[test]
    fn nothing_stored_before_is_no_baseline_and_a_long_window_has_no_overlap() {
        assert!(default_baseline(window(NOON, NOON + HOUR_NS), NOON - MINUTE, all).is_empty());
        assert!(default_baseline(window(NOON, NOON + 1), NOON + HOUR_NS, all).is_empty());
        let long = window(NOON, NOON + 36 * HOUR_NS);
        let found = default_baseline(long, 0, all);
        assert!(found.iter().all(|part| part.until_ns <= NOON - GUARD_NS && part.since_ns < part.until_ns));
        assert!(found.windows(2).all(|pair| pair[0].until_ns < pair[1].since_ns));
    }
}
