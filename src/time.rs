//! Times: parsing of every shape that exports hold, windows, days and zones. No other module touches a clock.
//!
//! A moment is an integer number of nanoseconds since 1970-01-01 UTC. Floats and string order are never used: exports drop
//! trailing zeros, so `…28.333Z` sorts after `…28.333007Z` as text.

mod front;
mod parse;
mod seldom;
pub mod week;
mod yearless;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use thiserror::Error;

pub use front::parse_front;
pub use parse::{Parsed, month_named, parse, parse_epoch};
pub use seldom::parse_seldom;
pub use yearless::Yearless;

use parse::{days_from_civil, number};

/// Nanoseconds in a second.
pub const SECOND_NS: i64 = 1_000_000_000;
/// Nanoseconds in an hour.
pub const HOUR_NS: i64 = 3_600 * SECOND_NS;
/// Nanoseconds in a UTC day.
pub const DAY_NS: i64 = 24 * HOUR_NS;
/// First moment an entry may have: 1970-01-01.
const EARLIEST_NS: i64 = 0;
/// First moment no entry may have: 2200-01-01. Differences and sums of moments in between never overflow.
const LATEST_NS: i64 = 84_006 * DAY_NS;

/// Whether a moment can be the time of an entry; a broken clock's year 1 or 2262 would stretch every window.
pub fn is_plausible(ns: i64) -> bool {
    (EARLIEST_NS..LATEST_NS).contains(&ns)
}

/// What a person typed cannot be read as a time.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// Neither RFC 3339, nor a date, nor a date and time.
    #[error(
        "cannot read {0:?} as a time: write 2025-09-15, 2025-09-15T17:00:00Z or \"2025-09-15 17:00 America/Los_Angeles\""
    )]
    Moment(String),
    /// Not a span such as `1h`.
    #[error("cannot read {0:?} as a span: write 15m, 1h, 12h, 2d or 7d")]
    Span(String),
    /// Not in the time zone database.
    #[error("unknown time zone {0:?}: write a name such as UTC or America/Los_Angeles")]
    Zone(String),
    /// Not a week such as `2025-W37`.
    #[error("cannot read {0:?} as a week: write 2025-W37, a year and the number of an ISO week")]
    Week(String),
    /// Not a day of the week.
    #[error("configuration key week-starts: {0:?} is no day of the week: write Monday … Sunday")]
    Weekday(String),
    /// The window ends before it starts.
    #[error("the window is empty: --since {since} is not before --until {until}")]
    EmptyWindow {
        /// Start as it was understood.
        since: String,
        /// End as it was understood.
        until: String,
    },
}

/// A half-open window `[since_ns, until_ns)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First moment inside.
    pub since_ns: i64,
    /// First moment after.
    pub until_ns: i64,
}

impl Window {
    /// A window that holds at least one nanosecond.
    pub fn new(since_ns: i64, until_ns: i64) -> Result<Self, TimeError> {
        if since_ns < until_ns {
            Ok(Self { since_ns, until_ns })
        } else {
            Err(TimeError::EmptyWindow { since: rfc3339(since_ns), until: rfc3339(until_ns) })
        }
    }

    /// Whether a moment lies inside.
    pub fn holds(self, ns: i64) -> bool {
        self.since_ns <= ns && ns < self.until_ns
    }

    /// Length in seconds.
    pub fn seconds(self) -> f64 {
        (self.until_ns - self.since_ns) as f64 / SECOND_NS as f64
    }
}

/// UTC day of a moment as days since 1970-01-01.
pub fn day_of(ns: i64) -> i64 {
    ns.div_euclid(DAY_NS)
}

/// First nanosecond of a UTC day.
pub fn day_start(day: i64) -> i64 {
    day * DAY_NS
}

/// `YYYY-MM-DD` of a UTC day.
pub fn day_name(day: i64) -> String {
    rfc3339(day_start(day))[..10].to_owned()
}

/// The day that a name such as `2025-09-15` stands for.
pub fn day_from_name(name: &str) -> Option<i64> {
    let b = name.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    days_from_civil(number(&b[0..4])?, number(&b[5..7])?, number(&b[8..10])?)
}

fn civil(ns: i64) -> (i64, i64, i64, i64, i64, i64, i64) {
    let days = day_of(ns);
    let rest = ns.rem_euclid(DAY_NS);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted - era * 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let seconds = rest / SECOND_NS;
    (year, month, day, seconds / 3_600, seconds / 60 % 60, seconds % 60, rest % SECOND_NS)
}

/// Reads a date and a time that were written apart from their zone: an offset such as `+02:00`, or a name such as
/// `Europe/Berlin`.
pub fn parse_in_zone(text: &str, zone: &str) -> Option<Parsed> {
    let told = parse(text)?;
    if !told.naive {
        return Some(told);
    }
    if zone.starts_with(['+', '-']) {
        return parse(&format!("{text}{zone}"));
    }
    let zone = TimeZone::get(zone).ok()?;
    let local = Timestamp::from_nanosecond(told.ns.into()).ok()?.to_zoned(TimeZone::UTC).datetime();
    let moment = zone.to_timestamp(local).ok()?;
    Some(Parsed { ns: i64::try_from(moment.as_nanosecond()).ok()?, naive: false })
}

/// RFC 3339 in UTC with nine fraction digits.
pub fn rfc3339(ns: i64) -> String {
    let (year, month, day, hour, minute, second, fraction) = civil(ns);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z")
}

/// RFC 3339 in UTC, as few fraction digits as lose nothing (0, 3, 6 or 9).
pub fn rfc3339_short(ns: i64) -> String {
    let full = rfc3339(ns);
    let cut = match ns.rem_euclid(SECOND_NS) {
        0 => 19,
        n if n % 1_000_000 == 0 => 23,
        n if n % 1_000 == 0 => 26,
        _ => 29,
    };
    format!("{}Z", &full[..cut])
}

/// RFC 3339 in UTC to the second, floored.
pub fn rfc3339_seconds(ns: i64) -> String {
    format!("{}Z", &rfc3339(ns)[..19])
}

/// `2025-09-16T004113Z`: a moment in a form that every file system takes as a name.
pub fn file_stamp(ns: i64) -> String {
    rfc3339_seconds(ns).replace(':', "")
}

/// A zone by name; `UTC` always works.
pub fn zone(name: &str) -> Result<TimeZone, TimeError> {
    if name.eq_ignore_ascii_case("utc") {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| TimeError::Zone(name.to_owned()))
}

/// `2025-09-15 17:41:13 PDT`: a moment in a zone, to the second.
pub fn local(ns: i64, zone: &TimeZone) -> String {
    Timestamp::from_nanosecond(i128::from(ns)).map_or_else(
        |_| rfc3339_seconds(ns),
        |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

/// Reads a moment as a person types it: RFC 3339, a date, a date and time, or either followed by a zone's name.
///
/// What has no zone of its own is read in `default_zone`.
pub fn parse_user(text: &str, default_zone: &TimeZone) -> Result<i64, TimeError> {
    let bad = || TimeError::Moment(text.to_owned());
    let trimmed = text.trim();
    if let Some(parsed) = parse(trimmed).filter(|parsed| !parsed.naive && trimmed.contains('-')) {
        return Ok(parsed.ns);
    }
    let (stamp, zone_of) = match trimmed.rsplit_once(' ') {
        Some((front, last)) if last.starts_with(|c: char| c.is_ascii_alphabetic()) => (front.trim(), zone(last)?),
        _ => (
            trimmed.trim_end_matches(['Z', 'z']),
            if trimmed.ends_with(['Z', 'z']) { TimeZone::UTC } else { default_zone.clone() },
        ),
    };
    let civil: DateTime = stamp.parse().map_err(|_| bad())?;
    let at = civil.to_zoned(zone_of).map_err(|_| bad())?;
    i64::try_from(at.timestamp().as_nanosecond()).map_err(|_| bad())
}

/// Reads a span such as `15m`, `1h`, `2d` or `1h30m` as nanoseconds.
pub fn parse_span(text: &str) -> Result<i64, TimeError> {
    let bad = || TimeError::Span(text.to_owned());
    let mut total = 0_i64;
    let mut digits = String::new();
    for c in text.trim().chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit_ns = match c {
            's' => SECOND_NS,
            'm' => 60 * SECOND_NS,
            'h' => HOUR_NS,
            'd' => DAY_NS,
            'w' => 7 * DAY_NS,
            _ => return Err(bad()),
        };
        let count: i64 = digits.parse().map_err(|_| bad())?;
        total = count.checked_mul(unit_ns).and_then(|ns| total.checked_add(ns)).ok_or_else(bad)?;
        digits.clear();
    }
    if total > 0 && digits.is_empty() { Ok(total) } else { Err(bad()) }
}

/// `2 h 13 min`, `106.9 s`, `450 ms`: a length with its unit, never ambiguous.
pub fn words(ns: i64) -> String {
    let seconds = ns as f64 / SECOND_NS as f64;
    if ns < SECOND_NS {
        format!("{:.0} ms", seconds * 1_000.0)
    } else if ns < 10 * 60 * SECOND_NS {
        format!("{seconds:.1} s")
    } else if ns < 2 * HOUR_NS {
        format!("{:.1} min", seconds / 60.0)
    } else if ns < 2 * DAY_NS {
        format!("{:.1} h", seconds / 3_600.0)
    } else {
        format!("{:.1} days", seconds / 86_400.0)
    }
}

/// Monday of the ISO week that holds a UTC day.
pub fn week_start(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    day - (day + 3).rem_euclid(7)
}

/// A moment some whole hours later, for messages such as "valid until".
pub fn plus_hours(ns: i64, hours: i64) -> i64 {
    Timestamp::from_nanosecond(i128::from(ns))
        .ok()
        .and_then(|at| at.checked_add(hours.hours()).ok())
        .and_then(|at| i64::try_from(at.as_nanosecond()).ok())
        .unwrap_or(ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_beside_a_time_counts() {
        let of = |text: &str, zone: &str| parse_in_zone(text, zone).map(|parsed| rfc3339_short(parsed.ns));
        assert_eq!(of("2024-07-02 05:04:05.678", "Europe/Berlin").as_deref(), Some("2024-07-02T03:04:05.678Z"));
        assert_eq!(of("2024-01-02 03:04:05.678", "+02:00").as_deref(), Some("2024-01-02T01:04:05.678Z"));
        assert_eq!(of("2024-01-02 03:04:05", "UTC").as_deref(), Some("2024-01-02T03:04:05Z"));
        assert_eq!(of("2024-01-02 03:04:05", "Nowhere/Town"), None);
        assert_eq!(of("soon", "UTC"), None);
    }

    #[test]
    fn reads_every_shape_of_timestamp_exactly() {
        for (text, expected, naive) in [
            ("2025-09-16T00:41:13.023662Z", "2025-09-16T00:41:13.023662000Z", false),
            ("2025-09-16T00:41:13Z", "2025-09-16T00:41:13.000000000Z", false),
            ("2025-09-16 00:41:13,557", "2025-09-16T00:41:13.557000000Z", true),
            ("2025-09-16 00:41:13.1234567891 UTC", "2025-09-16T00:41:13.123456789Z", false),
            ("2025-09-16T11:41:13+11:00", "2025-09-16T00:41:13.000000000Z", false),
            ("2025-09-15T17:41:13-0700", "2025-09-16T00:41:13.000000000Z", false),
            ("[15/Sep/2025:17:00:00 -0700]", "2025-09-16T00:00:00.000000000Z", false),
            ("15/Sep/2025:17:00:00 -0700", "2025-09-16T00:00:00.000000000Z", false),
            ("1757983273", "2025-09-16T00:41:13.000000000Z", false),
            ("1757983273.5", "2025-09-16T00:41:13.500000000Z", false),
            ("1757983273023", "2025-09-16T00:41:13.023000000Z", false),
            ("1757983273023662", "2025-09-16T00:41:13.023662000Z", false),
            ("1757983273023662123", "2025-09-16T00:41:13.023662123Z", false),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000000Z", false),
            ("1.757983273023662E9", "2025-09-16T00:41:13.023662000Z", false),
            ("1.7579832730236621E9", "2025-09-16T00:41:13.023662100Z", false),
            ("1.757983273e+9", "2025-09-16T00:41:13.000000000Z", false),
            ("1.757983273023662123E18", "2025-09-16T00:41:13.023662123Z", false),
            ("17579832730.5e-1", "2025-09-16T00:41:13.050000000Z", false),
        ] {
            let parsed = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((rfc3339(parsed.ns).as_str(), parsed.naive), (expected, naive), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2025-02-30T00:00:00Z",
            "2025-09-16T25:00:00Z",
            "2025-09-16T00:00:00+xx",
            "2025-09-16T00:00:00.Z",
            "1.7E99",
            "1.7E",
            "1E9E9",
            "1.7F9",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_their_names_agree_around_leap_years_and_before_1970() {
        for name in ["1969-12-31", "1970-01-01", "2000-02-29", "2024-02-29", "2025-09-15", "2100-03-01"] {
            assert_eq!(day_name(day_from_name(name).expect(name)), name);
        }
        assert_eq!(day_of(-1), -1);
        assert_eq!(week_start(day_from_name("2025-09-24").expect("day")), day_from_name("2025-09-22").expect("day"));
    }

    #[test]
    fn reads_what_people_type_in_the_zone_they_mean() {
        let la = zone("America/Los_Angeles").expect("zone");
        assert_eq!(parse_user("2025-09-15T17:00:00Z", &la).map(rfc3339_seconds), Ok("2025-09-15T17:00:00Z".into()));
        assert_eq!(parse_user("2025-09-15", &TimeZone::UTC).map(rfc3339_seconds), Ok("2025-09-15T00:00:00Z".into()));
        assert_eq!(parse_user("2025-09-15 17:00", &la).map(rfc3339_seconds), Ok("2025-09-16T00:00:00Z".into()));
        assert_eq!(
            parse_user("2025-09-15 17:00 America/Los_Angeles", &TimeZone::UTC).map(rfc3339_seconds),
            Ok("2025-09-16T00:00:00Z".into())
        );
        assert!(parse_user("soon", &TimeZone::UTC).is_err());
        assert!(parse_user("2025-09-15 17:00 Mars/Base", &TimeZone::UTC).is_err());
    }

    #[test]
    fn spans_and_words_carry_units() {
        assert_eq!(parse_span("1h30m"), Ok(90 * 60 * SECOND_NS));
        assert!(parse_span("7").is_err() && parse_span("h").is_err() && parse_span("0s").is_err());
        assert_eq!(words(106_887_000_000), "106.9 s");
        assert_eq!(words(7 * DAY_NS), "7.0 days");
    }

    #[test]
    fn implausible_moments_are_told() {
        let at = |text: &str| parse(text).expect(text).ns;
        assert!(is_plausible(at("1970-01-01T00:00:00Z")) && is_plausible(at("2199-12-31T23:59:59Z")));
        assert!(!is_plausible(at("1969-12-31T23:59:59Z")) && !is_plausible(at("2200-01-01T00:00:00Z")));
    }

    #[test]
    fn windows_are_half_open_and_never_empty() {
        let window = Window::new(10, 20).expect("window");
        assert!(window.holds(10) && !window.holds(20));
        assert!(Window::new(20, 20).is_err());
    }
}
