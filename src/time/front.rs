//! The date and time that a line begins with, in the forms in which programs write them.

use super::parse::{Parsed, days_from_civil, fraction, month_named, nanoseconds, number, offset_seconds_of};

/// Reads the date and time that a line begins with, up to where they end: their length, too.
///
/// RFC 3339 and its relatives, with `/` in the date as well, `15/Sep/2025:17:00:00 +0000`, `15-Sep-2025 17:00:00.123`,
/// `15 Sep 2025 17:00:00.123`, `Mon Sep 15 17:00:00.123 2025`, and with the clock of twelve hours `Sep 15, 2025 5:00:00 PM` and
/// `09/15/2025, 5:00:00 PM`. A number is none: lines begin with numbers of all sorts.
pub fn parse_front(text: &str) -> Option<(Parsed, usize)> {
    let b = text.as_bytes();
    if !b.first()?.is_ascii_digit() {
        return parse_weekday_first(b).or_else(|| parse_month_first(b));
    }
    if b.get(10) == Some(&b',') {
        return parse_american(b);
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
        [_, _, b'/', _, _, _, b'/', _, _, _, _, b':' | b' ']
        | [_, _, b'-', _, _, _, b'-', _, _, _, _, b' ']
        | [_, _, b' ', _, _, _, b' ', _, _, _, _, b' '] => {
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

/// `Sep 15, 2025 5:00:00 PM`, as Java's own loggers write it.
fn parse_month_first(b: &[u8]) -> Option<(Parsed, usize)> {
    let [m1, m2, m3, b' ', rest @ ..] = b else { return None };
    let month = month_named(&[*m1, *m2, *m3])?;
    let digits = rest.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    let (day, rest) = rest.split_at(digits);
    let [b',', b' ', y1, y2, y3, y4, b' ', clock @ ..] = rest else { return None };
    let date = days_from_civil(number(&[*y1, *y2, *y3, *y4])?, month, number(day)?)?;
    twelve_hours(date, clock).map(|(parsed, length)| (parsed, b.len() - clock.len() + length))
}

/// `09/15/2025, 5:00:00 PM`, as JavaScript writes it in America: elsewhere its words for the halves of a day are others.
fn parse_american(b: &[u8]) -> Option<(Parsed, usize)> {
    let ([m1, m2, b'/', d1, d2, b'/', year @ .., b',', b' '], clock) = b.split_first_chunk::<12>()? else {
        return None;
    };
    let date = days_from_civil(number(year)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    twelve_hours(date, clock).map(|(parsed, length)| (parsed, 12 + length))
}

/// The time on a day at the front of `5:00:00 PM`, and its length. Newer tables of languages have a narrow space before the half.
fn twelve_hours(date: i64, b: &[u8]) -> Option<(Parsed, usize)> {
    let digits = b.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    let hour = number(&b[..digits]).filter(|hour| (1..=12).contains(hour))?;
    let [b':', m1, m2, b':', s1, s2, rest @ ..] = &b[digits..] else { return None };
    let (minute, second) = (number(&[*m1, *m2])?, number(&[*s1, *s2])?);
    let rest = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix("\u{202f}".as_bytes()))?;
    let (half, behind) = rest.split_first_chunk::<2>()?;
    let afternoon = match half {
        b"AM" => 0,
        b"PM" => 12,
        _ => return None,
    };
    if minute > 59 || second > 60 || behind.first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let seconds = date * 86_400 + (hour % 12 + afternoon) * 3_600 + minute * 60 + second;
    Some((Parsed { ns: nanoseconds(seconds, 0)?, naive: true }, b.len() - behind.len()))
}

#[cfg(test)]
mod tests {
    use super::super::{parse, rfc3339_short};
    use super::*;

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
    fn clocks_of_twelve_hours_are_read_where_they_say_the_half_of_the_day() {
        let of = |text: &str| {
            parse_front(text).map(|(parsed, length)| (rfc3339_short(parsed.ns), text[length..].to_owned()))
        };
        for (text, time) in [
            ("Jan 2, 2024 3:04:05 AM| till.Cart", "2024-01-02T03:04:05Z"),
            ("Jan 12, 2024 12:04:05 PM|", "2024-01-12T12:04:05Z"),
            ("Jan 12, 2024 12:04:05\u{202f}AM| x", "2024-01-12T00:04:05Z"),
            ("01/02/2024, 3:04:05 PM|   ERROR [Cart]", "2024-01-02T15:04:05Z"),
            ("02 Jan 2024 03:04:05.678| # x", "2024-01-02T03:04:05.678Z"),
            ("02/Jan/2024 03:04:05|] \"GET", "2024-01-02T03:04:05Z"),
        ] {
            let (text, rest) =
                text.split_once('|').map(|(front, rest)| (format!("{front}{rest}"), rest)).expect("a bar");
            assert_eq!(of(&text), Some((time.to_owned(), rest.to_owned())), "{text}");
        }
        for text in [
            "Jan 2, 2024 13:04:05 PM",
            "Jan 2, 2024 03:04:05",
            "Jan 2, 2024 3:04:05 pm",
            "Jan 2, 2024 3:04:05 AMBER",
            "Jan 32, 2024 3:04:05 AM",
            "Jan 2, 2024",
            "Jan",
            "13/02/2024, 3:04:05 PM",
            "01/02/2024, 03:04:05",
            "02 Jon 2024 03:04:05",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
