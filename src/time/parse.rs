//! Reading of timestamps in every form that exports hold.
//!
//! Nearly all of them are RFC 3339 with `Z`, so that form is read eight bytes at a time; every other one takes the slower way.

use super::SECOND_NS;

/// A time read from an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// Nanoseconds since 1970-01-01 UTC.
    pub ns: i64,
    /// It had no zone and was read as UTC.
    pub naive: bool,
}

/// Reads a timestamp of any shape that exports hold; `None` when it is none.
///
/// RFC 3339 and its relatives (`T` or space, 0 to n fraction digits after point or comma, `Z`, ` UTC`, `+hh:mm`, `+hhmm`),
/// Common Log Format (in its brackets, too), `Sep 15, 2025 @ 17:00:00.123` as Kibana writes it, and integers or decimals as epoch seconds, milli-, micro-
/// or nanoseconds by their size. More than nine fraction digits are cut. A leap second counts as the first second after it.
pub fn parse(text: &str) -> Option<Parsed> {
    if let Some(parsed) = parse_common(text.as_bytes()) {
        return Some(parsed);
    }
    let text = text.trim();
    // As a web server's format writes it.
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let bytes = text.as_bytes();
    if bytes.len() >= 19 && bytes[4] == b'-' && bytes[7] == b'-' {
        return parse_iso(text);
    }
    if bytes.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-') && !text.contains('/') {
        return parse_epoch(text).map(|ns| Parsed { ns, naive: false });
    }
    parse_clf(text).map(|ns| Parsed { ns, naive: false }).or_else(|| parse_month_first(text))
}

/// Epoch number as text, seconds to nanoseconds by size; fractions are kept exactly.
pub fn parse_epoch(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) {
        let ns = parse_epoch(&shifted(mantissa, exponent.parse().ok()?)?)?;
        return Some(if negative { -ns } else { ns });
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() > 19 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i64 = whole.parse().ok()?;
    let (unit_ns, scale) = match value {
        0..100_000_000_000 => (SECOND_NS, 9),
        100_000_000_000..100_000_000_000_000 => (1_000_000, 6),
        100_000_000_000_000..100_000_000_000_000_000 => (1_000, 3),
        _ => (1, 0),
    };
    let mut below = 0_i64;
    for place in 0..scale {
        below = below * 10 + i64::from(fraction.as_bytes().get(place).map_or(0, |b| b - b'0'));
    }
    let ns = value.checked_mul(unit_ns)?.checked_add(below)?;
    Some(if negative { -ns } else { ns })
}

/// A decimal number with its point that many places further right: a float would lose the last digits.
fn shifted(mantissa: &str, places: i32) -> Option<String> {
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let is_number = !whole.is_empty() && digits.len() < 40 && digits.bytes().all(|b| b.is_ascii_digit());
    // Of no use as a time, and long.
    if !is_number || !(-20..=20).contains(&places) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()? + places;
    let Ok(point) = usize::try_from(point) else { return Some("0".into()) };
    let padded = format!("{digits:0<point$}");
    let (whole, fraction) = padded.split_at(point);
    let whole = whole.trim_start_matches('0');
    Some(format!("{}.{fraction}", if whole.is_empty() { "0" } else { whole }))
}

/// Powers of ten up to a second in nanoseconds.
const POWERS: [i64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, SECOND_NS];

/// The six numbers of `2025-09-15T00:00:00`, eight bytes at a time.
fn date_and_time(head: &[u8; 19]) -> Option<[i64; 6]> {
    let word = |at: usize| head[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    // What differs from the form with zeros: digits become their value, and the signs between them must vanish.
    let front = word(0) ^ u64::from_le_bytes(*b"0000-00-");
    let middle = word(8) ^ u64::from_le_bytes(*b"00T00:00");
    let last = word(11) ^ u64::from_le_bytes(*b"00:00:00");
    let signs = front & 0xFF00_00FF_0000_0000 | middle & 0x0000_FF00_00FF_0000 | last & 0x0000_FF00_0000_0000;
    let too_large = |digits: u64| (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    if signs | too_large(front) | too_large(middle) | too_large(last) != 0 {
        return None;
    }
    // Each byte becomes the number of two digits that begins with it.
    let pairs = |word: u64| word.wrapping_mul(10).wrapping_add(word >> 8);
    let (front, middle, last) = (pairs(front), pairs(middle), pairs(last));
    let two = |pairs: u64, at: u32| (pairs >> (8 * at) & 0xFF) as i64;
    let year = two(front, 0) * 100 + two(front, 2);
    Some([year, two(front, 5), two(middle, 0), two(last, 0), two(last, 3), two(last, 6)])
}

/// The digits that `rest` begins with as nanoseconds, and what follows them; the first eight of them at once.
pub(super) fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let (mut value, mut digits) = rest.first_chunk().map_or((0, 0), |chunk| {
        let word = u64::from_le_bytes(*chunk) ^ u64::from_le_bytes(*b"00000000");
        let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        let digits = others.trailing_zeros() / 8;
        // Behind zeros, so that they are the last of eight digits; the first one is the lowest byte.
        let word = word.checked_shl(64 - 8 * digits).unwrap_or(0);
        let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
        let odd = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
        let even = (pairs >> 16 & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
        ((odd.wrapping_add(even) >> 32) as i64, digits as usize)
    });
    if matches!(digits, 0 | 8) {
        while let Some(digit) = rest.get(digits).filter(|b| b.is_ascii_digit()) {
            if digits < 9 {
                value = value * 10 + i64::from(digit - b'0');
            }
            digits += 1;
        }
    }
    (digits > 0).then(|| (value * POWERS[9 - digits.min(9)], &rest[digits..]))
}

/// `2025-09-15T00:00:00[.f]Z` and the same with `±hh:mm`, the form of nearly every entry; anything else is `None`.
fn parse_common(b: &[u8]) -> Option<Parsed> {
    let (head, rest) = b.split_first_chunk::<19>()?;
    let [year, month, day, hour, minute, second] = date_and_time(head)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let date = days_from_civil(year, month, day)?;
    let (fraction_ns, zone) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        rest => (0, rest),
    };
    let offset_s = match zone {
        b"Z" | b"+00:00" => 0,
        [b'+' | b'-', _, _, b':', _, _] => offset_seconds_of(zone)?,
        _ => return None,
    };
    let seconds = date * 86_400 + hour * 3_600 + minute * 60 + second - offset_s;
    Some(Parsed { ns: nanoseconds(seconds, fraction_ns)?, naive: false })
}

/// Nanoseconds of whole seconds and a fraction; `None` where a number cannot hold them.
pub(super) fn nanoseconds(seconds: i64, fraction_ns: i64) -> Option<i64> {
    match seconds.checked_mul(SECOND_NS) {
        Some(ns) => ns.checked_add(fraction_ns),
        // The first second that a number reaches into begins before it.
        None => i64::try_from(i128::from(seconds) * i128::from(SECOND_NS) + i128::from(fraction_ns)).ok(),
    }
}

pub(super) fn number(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(bytes.iter().fold(0, |value, b| value * 10 + i64::from(b - b'0')))
}

fn parse_iso(text: &str) -> Option<Parsed> {
    let b = text.as_bytes();
    if !(matches!(b[10], b'T' | b't' | b' ') && b[13] == b':' && b[16] == b':') {
        return None;
    }
    let date = days_from_civil(number(&b[0..4])?, number(&b[5..7])?, number(&b[8..10])?)?;
    let (hour, minute, second) = (number(&b[11..13])?, number(&b[14..16])?, number(&b[17..19])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut fraction_ns = 0_i64;
    if matches!(b.get(at), Some(b'.' | b',')) {
        at += 1;
        let start = at;
        while b.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == start {
            return None;
        }
        for place in 0..9 {
            fraction_ns = fraction_ns * 10 + i64::from(if start + place < at { b[start + place] - b'0' } else { 0 });
        }
    }
    let zone = text[at..].trim();
    let (offset_s, naive) = match zone {
        "" => (0, true),
        "Z" | "z" | "UTC" | "GMT" => (0, false),
        _ => (offset_seconds(zone)?, false),
    };
    let seconds = date * 86_400 + hour * 3_600 + minute * 60 + second - offset_s;
    Some(Parsed { ns: nanoseconds(seconds, fraction_ns)?, naive })
}

fn offset_seconds(zone: &str) -> Option<i64> {
    offset_seconds_of(zone.as_bytes())
}

pub(super) fn offset_seconds_of(b: &[u8]) -> Option<i64> {
    let sign = match b.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match b.len() {
        3 => (number(&b[1..3])?, 0),
        5 => (number(&b[1..3])?, number(&b[3..5])?),
        6 if b[3] == b':' => (number(&b[1..3])?, number(&b[4..6])?),
        _ => return None,
    };
    Some(sign * (hours * 3_600 + minutes * 60))
}

/// The number of a month by the three letters that logs write.
pub fn month_named(name: &[u8]) -> Option<i64> {
    MONTHS.iter().position(|known| known.as_bytes() == name).map(|at| at as i64 + 1)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sep 15, 2025 @ 17:00:00.123`
fn parse_month_first(text: &str) -> Option<Parsed> {
    let (date, time) = text.split_once(" @ ")?;
    let (month, day_year) = date.split_once(' ')?;
    let (day, year) = day_year.split_once(", ")?;
    let month = month_named(month.as_bytes())?;
    let iso = format!("{year}-{month:02}-{day:0>2}T{time}");
    (iso.is_ascii() && year.len() == 4 && iso.len() >= 19).then(|| parse_iso(&iso))?
}

/// `15/Sep/2025:17:00:00 +0000`
fn parse_clf(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if !text.is_ascii() || b.len() != 26 || b[2] != b'/' || b[6] != b'/' || b[11] != b':' || b[20] != b' ' {
        return None;
    }
    let month = month_named(&b[3..6])?;
    let date = days_from_civil(number(&b[7..11])?, month, number(&b[0..2])?)?;
    let (hour, minute, second) = (number(&b[12..14])?, number(&b[15..17])?, number(&b[18..20])?);
    let offset = offset_seconds(&text[21..])?;
    let seconds = date * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    // Years before 1678 and after 2261 are more nanoseconds away than a number holds.
    seconds.checked_mul(SECOND_NS).filter(|_| hour < 24 && minute < 60 && second < 61)
}

/// Days since 1970-01-01 of a civil date of the years 0 to 9999; `None` when the calendar has no such day.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [u32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    // Small unsigned numbers: dividing them costs next to nothing, and every entry has two times.
    let (year, month, day) = (year as u32, month as usize, day as u32);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = *BEFORE.get(month.wrapping_sub(1))?;
    let length = BEFORE.get(month)? - before + u32::from(leap && month == 2);
    if day < 1 || day > length {
        return None;
    }
    // Days since the first of the year 0, which is a leap year; 719,528 of them lie before 1970.
    let leaps = year.div_ceil(4) - year.div_ceil(100) + year.div_ceil(400);
    let days = year * 365 + leaps + before + u32::from(leap && month > 2) + day - 1;
    Some(i64::from(days) - 719_528)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_NS, rfc3339, rfc3339_short};

    #[test]
    fn every_day_reads_back_as_it_was_written() {
        for day in -25_567..84_006 {
            let ns = day * DAY_NS + 45_296_123_456_789;
            let parsed = parse(&rfc3339(ns)).expect("a time");
            assert_eq!((parsed.ns, parsed.naive), (ns, false), "day {day}");
        }
    }

    #[test]
    fn a_month_may_stand_first() {
        let of = |text: &str| parse(text).map(|parsed| (rfc3339_short(parsed.ns), parsed.naive));
        assert_eq!(of("Sep 15, 2025 @ 17:00:00.123"), Some(("2025-09-15T17:00:00.123Z".to_owned(), true)));
        assert_eq!(of("Jan 1, 2025 @ 07:00:00"), Some(("2025-01-01T07:00:00Z".to_owned(), true)));
        for bad in [
            "Sep 15, 2025",
            "Sop 15, 2025 @ 17:00:00",
            "Sep 315, 2025 @ 17:00:00",
            "Sep x, 2025 @ 1",
            "é 1, 2025 @ 17:00:00",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn fractions_of_any_length_are_read_the_same_in_both_ways() {
        for digits in ["9", "0", "102030405060708", "999999999999", "000000001234", "123456789012"] {
            for length in 1..=digits.len() {
                for zone in ["Z", "+00:00", "-07:30"] {
                    let text = format!("2025-09-16T00:41:13.{}{zone}", &digits[..length]);
                    assert!(parse_common(text.as_bytes()).is_some(), "{text}");
                    assert_eq!(parse_common(text.as_bytes()), parse_iso(&text), "{text}");
                }
            }
        }
        for bad in [".Z", ".x1234567Z", "./1234567Z", ".:1234567Z", ".1234567", ".123456789", ".12345678"] {
            assert_eq!(parse_common(format!("2025-09-16T00:41:13{bad}").as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn the_common_form_is_read_the_same_in_both_ways() {
        for ns in [0, 1, 1_757_983_273_023_662_000, 1_757_983_273_000_000_000, 1_757_983_273_100_000_000] {
            let text = rfc3339_short(ns);
            assert_eq!(parse_common(text.as_bytes()), parse_iso(&text), "{text}");
        }
        for text in ["2025-09-16T00:41:13.1234567891Z", "2025-09-16T11:41:13+11:00", "2025-09-16T00:41:13.5-07:30"] {
            assert!(parse_common(text.as_bytes()).is_some());
            assert_eq!(parse_common(text.as_bytes()), parse_iso(text), "{text}");
        }
        for text in ["2025-09-16T00:41:13", "2025-09-16 00:41:13Z", "2025-09-1xT00:41:13Z", "2025:09-16T00:41:13Z"] {
            assert_eq!(parse_common(text.as_bytes()), None, "{text}");
        }
    }
}
