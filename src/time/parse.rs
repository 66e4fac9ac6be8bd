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
/// Common Log Format, `Sep 15, 2025 @ 17:00:00.123` as Kibana writes it, and integers or decimals as epoch seconds, milli-, micro-
/// or nanoseconds by their size. More than nine fraction digits are cut. A leap second counts as the first second after it.
pub fn parse(text: &str) -> Option<Parsed> {
    if let Some(parsed) = parse_common(text.as_bytes()) {
        return Some(parsed);
    }
    let text = text.trim();
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
    let two = |word: u64, at: u32| ((word >> (8 * at) & 0xF) * 10 + (word >> (8 * at + 8) & 0xF)) as i64;
    let year = two(front, 0) * 100 + two(front, 2);
    Some([year, two(front, 5), two(middle, 0), two(last, 0), two(last, 3), two(last, 6)])
}

/// The digits that `rest` begins with as nanoseconds, and what follows them; the first eight of them at once.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
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
fn nanoseconds(seconds: i64, fraction_ns: i64) -> Option<i64> {
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

fn offset_seconds_of(b: &[u8]) -> Option<i64> {
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

/// Reads the date and time that a line begins with, up to where they end: their length, too.
///
/// RFC 3339 and its relatives, with `/` in the date as well, `15/Sep/2025:17:00:00 +0000` and `15-Sep-2025 17:00:00.123`, and
/// `Mon Sep 15 17:00:00.123 2025`. A number is none: lines begin with numbers of all sorts.
pub fn parse_front(text: &str) -> Option<(Parsed, usize)> {
    let b = text.as_bytes();
    if !b.first()?.is_ascii_digit() {
        return parse_weekday_first(b);
    }
    let (date, at) = date_front(b)?;
    let (seconds, fraction_ns, length) = clock_front(b.get(at..)?)?;
    let end = at + length;
    let (offset_s, length) = zone_front(&b[end..]).map_or((None, 0), |(offset_s, length)| (Some(offset_s), length));
    let seconds = date * 86_400 + seconds - offset_s.unwrap_or(0);
    Some((Parsed { ns: nanoseconds(seconds, fraction_ns)?, naive: offset_s.is_none() }, end + length))
}

/// The day of the date at the front, and where the time behind it begins.
fn date_front(b: &[u8]) -> Option<(i64, usize)> {
    match *b.first_chunk::<12>()? {
        [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b't' | b' ', _]
        | [_, _, _, _, b'/', _, _, b'/', _, _, b'T' | b't' | b' ', _] => {
            Some((days_from_civil(number(&b[0..4])?, number(&b[5..7])?, number(&b[8..10])?)?, 11))
        }
        [_, _, b'/', _, _, _, b'/', _, _, _, _, b':'] | [_, _, b'-', _, _, _, b'-', _, _, _, _, b' '] => {
            Some((days_from_civil(number(&b[7..11])?, month_named(&b[3..6])?, number(&b[0..2])?)?, 12))
        }
        _ => None,
    }
}

/// The seconds of the `hh:mm:ss` at the front, the nanoseconds of its fraction, and its length.
pub(super) fn clock_front(b: &[u8]) -> Option<(i64, i64, usize)> {
    let [_, _, b':', _, _, b':', _, _] = *b.first_chunk::<8>()? else { return None };
    let (hour, minute, second) = (number(&b[0..2])?, number(&b[3..5])?, number(&b[6..8])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = &b[8..];
    let (fraction_ns, rest) = match rest {
        [b'.' | b',', digits @ ..] => fraction(digits).unwrap_or((0, rest)),
        _ => (0, rest),
    };
    Some((hour * 3_600 + minute * 60 + second, fraction_ns, b.len() - rest.len()))
}

/// The offset of the zone at the front, and its length with the blank before it.
fn zone_front(b: &[u8]) -> Option<(i64, usize)> {
    let blank = usize::from(b.first() == Some(&b' '));
    let zone = &b[blank..];
    let digits = |from: usize| zone.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let length = match zone {
        [b'Z' | b'z', ..] if blank == 0 => 1,
        [b'U', b'T', b'C', ..] | [b'G', b'M', b'T', ..] => 3,
        [b'+' | b'-', ..] => match (digits(1), zone.get(3)) {
            (2, Some(b':')) if digits(4) == 2 => 6,
            (4, _) => 5,
            // Behind a blank it may be any number.
            (2, _) if blank == 0 => 3,
            _ => return None,
        },
        _ => return None,
    };
    let goes_on = zone.get(length).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/'));
    let offset_s = if length > 1 && !zone[0].is_ascii_alphabetic() { offset_seconds_of(&zone[..length])? } else { 0 };
    (!goes_on && offset_s.abs() <= 14 * 3_600).then_some((offset_s, blank + length))
}

/// `Mon Sep 15 17:00:00.123 2025`, as C and web servers write it.
fn parse_weekday_first(b: &[u8]) -> Option<(Parsed, usize)> {
    let [w1, w2, w3, b' ', m1, m2, m3, b' ', d1, d2, b' '] = *b.first_chunk::<11>()? else { return None };
    if ![*b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun"].contains(&[w1, w2, w3]) {
        return None;
    }
    let day = number(if d1 == b' ' { &b[9..10] } else { &b[8..10] }).filter(|_| d2.is_ascii_digit())?;
    let (seconds, fraction_ns, length) = clock_front(&b[11..])?;
    let [b' ', year @ ..] = *b[11 + length..].first_chunk::<5>()? else { return None };
    let date = days_from_civil(number(&year)?, month_named(&[m1, m2, m3])?, day)?;
    Some((Parsed { ns: nanoseconds(date * 86_400 + seconds, fraction_ns)?, naive: true }, 11 + length + 5))
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
    fn the_time_at_the_front_of_a_line_is_read_to_its_end() {
        let of = |text: &str| {
            parse_front(text)
                .map(|(parsed, length)| (rfc3339_short(parsed.ns), parsed.naive, text[length..].to_owned()))
        };
        let plain = "2024-01-02T01:04:05";
        for (text, fraction, naive) in [
            ("2024-01-02T03:04:05.678901234+02:00| boom", ".678901234", false),
            ("2024-01-02T03:34:05.678901+02:30| boom", ".678901", false),
            ("2024-01-02T03:04:05.1234567+02:00| boom", ".123456700", false),
            ("2024-01-02T03:04:05.678901 +02:00| boom", ".678901", false),
            ("2024-01-02T03:04:05.1+0200| boom", ".100", false),
            ("2024-01-02 03:04:05,5+02| boom", ".500", false),
            ("2024-01-02T01:04:05Z|", "", false),
            ("2024-01-02T01:04:05.678Z| boom", ".678", false),
            ("2024/01/02 01:04:05 UTC| boom", "", false),
            ("2024-01-02 01:04:05| UTCX", "", true),
            ("2024-01-02 01:04:05| -12 degrees", "", true),
            ("2024-01-02 01:04:05| - till", "", true),
            ("2024-01-02 01:04:05| +9900", "", true),
            ("2024-01-02 01:04:05.123456789123| x", ".123456789", true),
            ("2024-01-02 01:04:05|. Then", "", true),
            ("02/Jan/2024:02:04:05 +0100|] \"GET", "", false),
            ("02-Jan-2024 01:04:05.678| SEVERE", ".678", true),
            ("02-Jan-2024 01:04:05 UTC|] PHP", "", false),
            ("Tue Jan 02 01:04:05.678901 2024|] [core:error]", ".678901", true),
            ("Tue Jan  2 01:04:05 2024|", "", true),
        ] {
            let (time, rest) = text.split_once('|').expect("a mark");
            let moment = format!("{plain}{fraction}").trim_end_matches('Z').to_owned();
            let expected = (rfc3339_short(parse(&format!("{moment}Z")).expect("a time").ns), naive, rest.to_owned());
            assert_eq!(of(&format!("{time}{rest}")), Some(expected), "{text}");
        }
        for text in [
            "",
            "1704164645678901234 rows",
            "17041646456789012345678",
            "2024-01-02",
            "2024-01-02 03:04",
            "2024-13-02 03:04:05",
            "2024-01-02 25:04:05",
            "2024-01/02 03:04:05",
            "2024-01-02 03:04:ö5",
            "02/Jun/20é4:03:04:05 +0100",
            "Tue Jan 02 03:04:05",
            "Tuesday",
            "Moé Jan 02 03:04:05 2024",
        ] {
            assert_eq!(of(text), None, "{text}");
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
