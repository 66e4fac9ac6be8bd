//! Times whose year is not there, as syslog (RFC 3164) and klog write them: only a window says which it is.

use super::front::clock_front;
use super::parse::{days_from_civil, number};
use super::{DAY_NS, SECOND_NS, Window, month_named, rfc3339};

/// A day of some year, and a time on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Yearless {
    month: i64,
    day: i64,
    since_midnight_ns: i64,
}

impl Yearless {
    /// `Sep 14 10:59:24` at the front of a text, and its length.
    pub fn front(text: &str) -> Option<(Self, usize)> {
        let b = text.as_bytes();
        let [m1, m2, m3, b' ', d1, d2, b' ', ..] = *b.first_chunk::<16>()? else { return None };
        let month = month_named(&[m1, m2, m3])?;
        let day = number(if d1 == b' ' { &b[5..6] } else { &b[4..6] }).filter(|_| d2.is_ascii_digit())?;
        let (seconds, fraction_ns, length) = clock_front(&b[7..])?;
        Some((Self::new(month, day, seconds, fraction_ns)?, 7 + length))
    }

    /// `0914 10:59:24.465123` at the front of a text, and its length.
    pub fn digits_front(text: &str) -> Option<(Self, usize)> {
        let b = text.as_bytes();
        let (month, day) = (number(b.get(..2)?)?, number(b.get(2..4)?)?);
        let (seconds, fraction_ns, length) = clock_front(b.get(4..)?.strip_prefix(b" ")?)?;
        Some((Self::new(month, day, seconds, fraction_ns)?, 5 + length))
    }

    /// A day that some year has.
    fn new(month: i64, day: i64, seconds: i64, fraction_ns: i64) -> Option<Self> {
        days_from_civil(2_000, month, day)?;
        Some(Self { month, day, since_midnight_ns: seconds * SECOND_NS + fraction_ns })
    }

    fn in_year(self, year: i64) -> Option<i64> {
        days_from_civil(year, self.month, self.day)?.checked_mul(DAY_NS)?.checked_add(self.since_midnight_ns)
    }

    /// The moment, in UTC, of the year in which it is in a window, or nearest to it; `None` where it is there in several.
    pub fn near(self, window: Window) -> Option<i64> {
        let year = |ns: i64| number(rfc3339(ns).as_bytes().get(..4)?);
        let (first, last) = (year(window.since_ns)?, year(window.until_ns)?);
        let distance = |ns: i64| {
            if ns < window.since_ns {
                window.since_ns.abs_diff(ns)
            } else if ns >= window.until_ns {
                window.until_ns.abs_diff(ns) + 1
            } else {
                0
            }
        };
        let mut found: Vec<(u64, i64)> =
            (first - 1..=last + 1).filter_map(|year| self.in_year(year)).map(|ns| (distance(ns), ns)).collect();
        found.sort_unstable();
        match found[..] {
            [(0, _), (0, _), ..] | [] => None,
            [(_, ns), ..] => Some(ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, rfc3339_short};
    use super::*;

    fn near(text: &str, since: &str, until: &str) -> Option<String> {
        let at = |text: &str| parse(text).expect("a time").ns;
        let (time, _) = Yearless::front(text).or_else(|| Yearless::digits_front(text)).expect("a time without a year");
        time.near(Window::new(at(since), at(until)).expect("a window")).map(rfc3339_short)
    }

    #[test]
    fn the_year_is_that_of_the_window_also_across_its_end() {
        let week = |text| near(text, "2024-12-28T00:00:00Z", "2025-01-04T00:00:00Z");
        assert_eq!(week("Dec 31 23:59:59 x").as_deref(), Some("2024-12-31T23:59:59Z"));
        assert_eq!(week("Jan  1 00:00:00.25 x").as_deref(), Some("2025-01-01T00:00:00.250Z"));
        assert_eq!(week("0102 03:04:05.000006 x").as_deref(), Some("2025-01-02T03:04:05.000006Z"));
        // Outside, the nearest.
        assert_eq!(week("Dec 27 00:00:00 box x").as_deref(), Some("2024-12-27T00:00:00Z"));
        assert_eq!(week("Jan 30 00:00:00 box x").as_deref(), Some("2025-01-30T00:00:00Z"));
        assert_eq!(week("Feb 29 00:00:00 box x").as_deref(), Some("2024-02-29T00:00:00Z"));
        let years = |until| near("Sep 14 10:59:24 x", "2024-06-01T00:00:00Z", until);
        assert_eq!(years("2025-09-14T10:59:25Z"), None, "of two years, nothing says which");
        assert_eq!(years("2025-09-14T10:59:24Z").as_deref(), Some("2024-09-14T10:59:24Z"));
    }

    #[test]
    fn what_is_no_day_or_no_time_is_refused() {
        for text in [
            "Sep 31 10:59:24 x",
            "Feb 30 00:00:00 x",
            "sep 14 10:59:24 x",
            "Sep 14 24:00:00 x",
            "Sep x4 10:59:24 x",
            "Sep",
        ] {
            assert_eq!(Yearless::front(text), None, "{text}");
        }
        for text in ["1314 10:59:24", "0931 10:59:24", "091 10:59:24", "0914T10:59:24", "0914 10:59", "09", ""] {
            assert_eq!(Yearless::digits_front(text), None, "{text}");
        }
    }
}
