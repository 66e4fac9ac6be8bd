//! Weeks: named as ISO 8601 names them, beginning on the day and in the zone that the configuration says.
//!
//! Whatever the first day, seven days hold one Thursday; the ISO week of that Thursday names them. A day of a week is a day of
//! the zone where its offset is whole hours, because counts are stored by UTC hour; elsewhere it is a UTC day.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{DAY_NS, HOUR_NS, TimeError, Window, day_name, day_of, day_start};

/// One week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// `2025-W38`
    pub name: String,
    /// From its first moment to the first of the next week.
    pub window: Window,
    first: Date,
}

/// The weeks of a zone.
#[derive(Debug, Clone)]
pub struct Weeks {
    zone: TimeZone,
    starts: Weekday,
}

/// A day of a week: its name and its moments.
pub type Day = (String, Window);

impl Weeks {
    /// Weeks that begin on a day of this name, Monday without one.
    pub fn new(starts: Option<&str>, zone: TimeZone) -> Result<Self, TimeError> {
        let starts = match starts.unwrap_or("Monday").trim().to_ascii_lowercase().as_str() {
            "monday" => Weekday::Monday,
            "tuesday" => Weekday::Tuesday,
            "wednesday" => Weekday::Wednesday,
            "thursday" => Weekday::Thursday,
            "friday" => Weekday::Friday,
            "saturday" => Weekday::Saturday,
            "sunday" => Weekday::Sunday,
            other => return Err(TimeError::Weekday(other.to_owned())),
        };
        Ok(Self { zone, starts })
    }

    /// The week of a name such as `2025-W38`.
    pub fn named(&self, name: &str) -> Result<Week, TimeError> {
        let bad = || TimeError::Week(name.to_owned());
        let (year, week) = name.trim().split_once("-W").or_else(|| name.trim().split_once("-w")).ok_or_else(bad)?;
        if year.len() != 4 || week.len() != 2 {
            return Err(bad());
        }
        let (year, week) = (year.parse().map_err(|_| bad())?, week.parse().map_err(|_| bad())?);
        let thursday = ISOWeekDate::new(year, week, Weekday::Thursday).map_err(|_| bad())?.date();
        self.around(thursday).ok_or_else(bad)
    }

    /// The week that holds a moment.
    pub fn holding(&self, ns: i64) -> Option<Week> {
        let date = Timestamp::from_nanosecond(i128::from(ns)).ok()?.to_zoned(self.zone.clone()).date();
        let since = i64::from(self.starts.until(date.weekday()));
        self.of(date.checked_sub(since.days()).ok()?)
    }

    /// The week some weeks earlier.
    pub fn earlier(&self, week: &Week, weeks: i64) -> Option<Week> {
        self.of(week.first.checked_sub((7 * weeks).days()).ok()?)
    }

    fn around(&self, thursday: Date) -> Option<Week> {
        self.of(thursday.checked_sub(i64::from(self.starts.until(Weekday::Thursday)).days()).ok()?)
    }

    fn of(&self, first: Date) -> Option<Week> {
        let thursday = first.checked_add(i64::from(self.starts.until(Weekday::Thursday)).days()).ok()?;
        let iso = thursday.iso_week_date();
        let window = Window::new(self.start(first)?, self.start(first.checked_add(7.days()).ok()?)?).ok()?;
        Some(Week { name: format!("{:04}-W{:02}", iso.year(), iso.week()), window, first })
    }

    /// First moment of a day of the zone.
    fn start(&self, day: Date) -> Option<i64> {
        let zoned = day.to_zoned(self.zone.clone()).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok()
    }

    /// Whether days are those of the zone.
    pub fn has_local_days(&self, week: &Week) -> bool {
        let whole = |ns: i64| {
            Timestamp::from_nanosecond(i128::from(ns)).is_ok_and(|at| self.zone.to_offset(at).seconds() % 3_600 == 0)
        };
        whole(week.window.since_ns) && whole(week.window.until_ns - 1)
    }

    /// The days of a week, in order: seven of the zone, or every UTC day that the week touches.
    pub fn days(&self, week: &Week) -> Vec<Day> {
        if !self.has_local_days(week) {
            let Window { since_ns, until_ns } = week.window;
            let utc = |day| (day_name(day), Window { since_ns: day_start(day), until_ns: day_start(day + 1) });
            return (day_of(since_ns)..=day_of(until_ns - 1)).map(utc).collect();
        }
        let day = |offset: i64| {
            let date = week.first.checked_add(offset.days()).ok()?;
            let window = Window::new(self.start(date)?, self.start(date.tomorrow().ok()?)?).ok()?;
            Some((date.to_string(), window))
        };
        (0..7).filter_map(day).collect()
    }
}

/// Hours since 1970 that a window of whole hours holds; a part of an hour counts as all of it.
pub fn hours(window: Window) -> std::ops::Range<i64> {
    window.since_ns.div_euclid(HOUR_NS)..(window.until_ns + HOUR_NS - 1).div_euclid(HOUR_NS)
}

/// Whole days, rounded down.
pub fn whole_days(ns: i64) -> i64 {
    ns.max(0) / DAY_NS
}

#[cfg(test)]
mod tests {
    use super::super::{parse, rfc3339_short, zone};
    use super::*;

    fn weeks(starts: &str, name: &str) -> Weeks {
        Weeks::new(Some(starts), zone(name).expect("zone")).expect("weekday")
    }

    fn words(week: &Week) -> String {
        format!("{} {} {}", week.name, rfc3339_short(week.window.since_ns), rfc3339_short(week.window.until_ns))
    }

    fn at(text: &str) -> i64 {
        parse(text).expect("a time").ns
    }

    #[test]
    fn a_week_is_named_by_its_thursday_whatever_its_first_day() {
        let monday = weeks("Monday", "UTC");
        let found = monday.named("2025-W38").expect("week");
        assert_eq!(words(&found), "2025-W38 2025-09-15T00:00:00Z 2025-09-22T00:00:00Z");
        assert_eq!(monday.holding(at("2025-09-21T23:59:59Z")), Some(found.clone()));
        assert_eq!(monday.earlier(&found, 1), Some(monday.named("2025-W37").expect("week")));
        let sunday = weeks("sunday", "UTC").named("2025-W38").expect("week");
        assert_eq!(words(&sunday), "2025-W38 2025-09-14T00:00:00Z 2025-09-21T00:00:00Z");
        // A year's first days may belong to the last week of the year before.
        assert_eq!(monday.holding(at("2027-01-01T00:00:00Z")).expect("week").name, "2026-W53");
    }

    #[test]
    fn weeks_of_a_zone_follow_its_clock_changes() {
        let there = weeks("Monday", "America/Los_Angeles");
        let spring = there.named("2025-W10").expect("week");
        assert_eq!(words(&spring), "2025-W10 2025-03-03T08:00:00Z 2025-03-10T07:00:00Z");
        let days = there.days(&spring);
        assert_eq!((days.len(), days[6].0.as_str()), (7, "2025-03-09"));
        assert_eq!(days[6].1.until_ns - days[6].1.since_ns, 23 * HOUR_NS, "the day of the change has 23 hours");
    }

    #[test]
    fn days_are_utc_days_where_the_zone_is_off_by_half_an_hour() {
        let there = weeks("Monday", "Asia/Kolkata");
        let week = there.named("2025-W38").expect("week");
        assert!(!there.has_local_days(&week));
        assert_eq!(there.days(&week).len(), 8);
    }

    #[test]
    fn what_is_no_week_is_refused_with_the_way_to_write_one() {
        for text in ["2025", "2025-W1", "2025-W54", "W38", "2025-38", "2025-Wxx", "99999-W01"] {
            let error = weeks("Monday", "UTC").named(text).expect_err(text).to_string();
            assert!(error.contains("2025-W37"), "{error}");
        }
        assert!(Weeks::new(Some("Moonday"), TimeZone::UTC).is_err());
    }
}
