//! Dates without a clock: nanoseconds since 1970 in, the texts of the export tools out.
//!
//! Nothing here asks what time it is. The sample always starts on the same Monday, because a
//! generator that looked at the clock could not write the same bytes twice.

/// One second, minute, hour and day in nanoseconds.
pub(crate) const SECOND: i64 = 1_000_000_000;
/// See [`SECOND`].
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// See [`SECOND`].
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// See [`SECOND`].
pub(crate) const DAY: i64 = 24 * HOUR;

/// Monday 2025-09-01T00:00:00Z, the first moment of the sample.
pub(crate) const START: i64 = 1_756_684_800 * SECOND;

/// The moment `h:m:s` on day `day` (1 = the first day of the sample, a Monday).
pub(crate) fn at(day: i64, h: i64, m: i64, s: i64) -> i64 {
    START + (day - 1) * DAY + h * HOUR + m * MINUTE + s * SECOND
}

/// Year, month and day of a moment (Howard Hinnant's `civil_from_days`).
pub(crate) fn civil(ts: i64) -> (i64, i64, i64) {
    let z = ts.div_euclid(DAY) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

/// `2025-09-01`.
pub(crate) fn date(ts: i64) -> String {
    let (y, m, d) = civil(ts);
    format!("{y:04}-{m:02}-{d:02}")
}

/// `00:00:00`, the time of day in whole seconds.
pub(crate) fn time(ts: i64) -> String {
    let s = ts.rem_euclid(DAY) / SECOND;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// Fraction digits: as few as 0, 3, 6 or 9 hold the value, which is what Google's exports print.
fn fraction(ts: i64) -> String {
    let ns = ts.rem_euclid(SECOND);
    match () {
        () if ns == 0 => String::new(),
        () if ns % 1_000_000 == 0 => format!(".{:03}", ns / 1_000_000),
        () if ns % 1_000 == 0 => format!(".{:06}", ns / 1_000),
        () => format!(".{ns:09}"),
    }
}

/// `2025-09-01T00:00:00.123456Z`, as gcloud prints it.
pub(crate) fn zulu(ts: i64) -> String {
    format!("{}T{}{}Z", date(ts), time(ts), fraction(ts))
}

/// The same with nine fraction digits always, as this project's own reports print it.
pub(crate) fn zulu9(ts: i64) -> String {
    format!("{}T{}.{:09}Z", date(ts), time(ts), ts.rem_euclid(SECOND))
}

/// `2025-09-01T00:00:00.123456+00:00`, as Python's `isoformat` prints what its client library read:
/// microseconds, because that is all a Python `datetime` holds.
pub(crate) fn python(ts: i64) -> String {
    format!("{}T{}.{:06}+00:00", date(ts), time(ts), ts.rem_euclid(SECOND) / 1_000)
}

/// `ts` floored to a microsecond, the precision of the deduplication key.
pub(crate) fn micros(ts: i64) -> i64 {
    ts.div_euclid(1_000) * 1_000
}
