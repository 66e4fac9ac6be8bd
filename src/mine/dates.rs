//! Dates and times of day as the logs of various programs write them: one variable each, whatever the month.
//!
//! Like the other masks, each matcher looks at one position and answers where the value ends.

use super::class::is_space;
use super::mask::{at, digit, digits, ends_word, run};

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// `2025-01-31` or `2025/01/31`, with time, fraction and zone when they follow.
pub(super) fn date(s: &[u8], i: usize) -> Option<usize> {
    let dash = at(s, i + 4);
    if !matches!(dash, b'-' | b'/')
        || at(s, i + 7) != dash
        || !digits(s, i, 4)
        || !digits(s, i + 5, 2)
        || !digits(s, i + 8, 2)
        || (dash == b'/' && matches!(at(s, i + 10), b'/' | b'.' | b'-' | b'_' | b'0'..=b'9'))
    {
        return None;
    }
    let mut end = i + 10;
    if !matches!(at(s, end), b'T' | b' ') || !digits(s, end + 1, 2) || at(s, end + 3) != b':' || !digits(s, end + 4, 2)
    {
        return Some(end);
    }
    end += 6;
    if at(s, end) == b':' && digits(s, end + 1, 2) {
        end += 3;
    }
    end = fraction(s, end);
    if at(s, end) == b'Z' {
        end += 1;
    } else if let Some(zone) = offset(s, end) {
        end = zone;
    }
    Some(end)
}

/// `.123` or `,123` behind the seconds.
fn fraction(s: &[u8], i: usize) -> usize {
    if matches!(at(s, i), b'.' | b',') && digit(s, i + 1) { run(s, i + 1, |b| b.is_ascii_digit()) } else { i }
}

/// `+0200`, `-07:00`.
fn offset(s: &[u8], i: usize) -> Option<usize> {
    if !matches!(at(s, i), b'+' | b'-') || !digits(s, i + 1, 2) {
        return None;
    }
    let minutes = i + 3 + usize::from(at(s, i + 3) == b':');
    digits(s, minutes, 2).then_some(minutes + 2)
}

/// `12:00:00`, with fraction.
fn seconds(s: &[u8], i: usize) -> Option<usize> {
    let clock = digits(s, i, 2)
        && at(s, i + 2) == b':'
        && digits(s, i + 3, 2)
        && at(s, i + 5) == b':'
        && digits(s, i + 6, 2)
        && !digit(s, i + 8);
    clock.then(|| fraction(s, i + 8))
}

fn is_month(s: &[u8], i: usize) -> bool {
    s.get(i..i + 3).is_some_and(|name| MONTHS.contains(&name))
}

/// `Mon Jan 31 12:00:00 UTC 2025`, zone and year optional.
pub(super) fn weekday(s: &[u8], i: usize) -> Option<usize> {
    // Asked for every word that starts with one of five letters: the cheap test first.
    if !is_space(at(s, i + 3)) || !s.get(i..i + 3).is_some_and(|day| DAYS.contains(&day)) {
        return None;
    }
    month(s, i + 4)
}

/// `Jan 31 12:00:00 UTC 2025`, zone and year optional; `Jan 31, 2025 12:00:00 PM`, the time optional.
pub(super) fn month(s: &[u8], i: usize) -> Option<usize> {
    if !is_space(at(s, i + 3)) || !is_month(s, i) {
        return None;
    }
    let day = run(s, i + 3, is_space);
    let day_end = run(s, day, |b| b.is_ascii_digit());
    if !(1..=2).contains(&(day_end - day)) {
        return None;
    }
    if at(s, day_end) == b',' && at(s, day_end + 1) == b' ' && digits(s, day_end + 2, 4) && ends_word(s, day_end + 6) {
        let year = day_end + 6;
        let hour = year + 1 + usize::from(digit(s, year + 2)) + 1;
        let clock = (at(s, year) == b' ' && digit(s, year + 1) && at(s, hour) == b':' && digits(s, hour + 1, 2))
            .then(|| if at(s, hour + 3) == b':' && digits(s, hour + 4, 2) { hour + 6 } else { hour + 3 });
        return Some(clock.map_or(year, |end| {
            let half = at(s, end) == b' ' && matches!(at(s, end + 1), b'A' | b'P') && at(s, end + 2) == b'M';
            if half && ends_word(s, end + 3) { end + 3 } else { end }
        }));
    }
    if !is_space(at(s, day_end)) {
        return None;
    }
    let clock = seconds(s, day_end + 1)?;
    let zone_end = run(s, clock + 1, |b| b.is_ascii_uppercase());
    let zone = (is_space(at(s, clock)) && (3..=4).contains(&(zone_end - clock - 1)) && ends_word(s, zone_end))
        .then_some(zone_end);
    let year =
        |from: usize| (is_space(at(s, from)) && digits(s, from + 1, 4) && ends_word(s, from + 5)).then_some(from + 5);
    // Without a year behind it, a zone is believed by its last letter: capitals after a clock may begin the message.
    zone.and_then(year)
        .or(zone.filter(|&end| matches!(s[end - 1], b'T' | b'C')))
        .or_else(|| year(clock))
        .or_else(|| ends_word(s, clock).then_some(clock))
}

/// `31/Jan/2025:12:00:00 +0000`, `31-Jan-2025 12:00:00`, time and zone optional.
pub(super) fn day(s: &[u8], i: usize) -> Option<usize> {
    let first = if digit(s, i + 1) { i + 2 } else { i + 1 };
    let dash = at(s, first);
    if !digit(s, i) || !matches!(dash, b'-' | b'/') || !is_month(s, first + 1) || at(s, first + 4) != dash {
        return None;
    }
    let year = first + 5;
    let end = year + 4;
    if !digits(s, year, 4) || digit(s, end) {
        return None;
    }
    if let Some(clock) = seconds(s, end + 1).filter(|_| matches!(at(s, end), b':' | b' ')) {
        let zone = if at(s, clock) == b' ' { offset(s, clock + 1) } else { None };
        return Some(zone.filter(|&end| ends_word(s, end)).unwrap_or(clock));
    }
    ends_word(s, end).then_some(end)
}

/// `31 Jan 2025 12:00:00.123`, the time with it: without one the numbers may be any.
pub(super) fn spaced(s: &[u8], i: usize) -> Option<usize> {
    let dated = digits(s, i, 2) && is_month(s, i + 3) && at(s, i + 6) == b' ' && digits(s, i + 7, 4);
    if dated && at(s, i + 11) == b' ' { seconds(s, i + 12) } else { None }
}

/// `12:34`, `12:34:56`, `12:34:56.789`.
pub(super) fn clock(s: &[u8], i: usize) -> Option<usize> {
    let hour = if digit(s, i + 1) { i + 2 } else { i + 1 };
    if at(s, hour) != b':' || !digits(s, hour + 1, 2) {
        return None;
    }
    let minute = hour + 3;
    if at(s, minute) == b':' && digits(s, minute + 1, 2) {
        let second = minute + 3;
        if matches!(at(s, second), b'.' | b',') && digit(s, second + 1) {
            let end = run(s, second + 1, |b| b.is_ascii_digit());
            if ends_word(s, end) {
                return Some(end);
            }
        }
        if ends_word(s, second) {
            return Some(second);
        }
    }
    ends_word(s, minute).then_some(minute)
}
