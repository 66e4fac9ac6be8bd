//! Forms of times that only some programs write. They are asked for where no field of a row has a usual form.

use super::parse::{Parsed, month_named, parse};

/// Reads `2024/01/02 03:04:05`, `02/Jan/2024:03:04:05.678 +0100`, `2024-01-02 03:04:05 +0000 UTC` as Go prints it,
/// `Tue, 02 Jan 2024 03:04:05 GMT`, `20240102T030405Z`, `1/2/2024, 3:04:05.678 PM`, `Tue Jan 02 2024 03:04:05 GMT+0100 (…)`,
/// `Tue Jan  2 03:04:05 UTC 2024`, `2024-01-02T03:04:05Z[UTC]` and `02-Jan-2024 03:04:05`; `None` for anything else, a usual
/// form too.
pub fn parse_seldom(text: &str) -> Option<Parsed> {
    let text = text.trim();
    // The narrow blank that newer runtimes write before AM and PM.
    let narrow = text.contains('\u{202f}').then(|| text.replace('\u{202f}', " "));
    let text = narrow.as_deref().unwrap_or(text);
    if !text.is_ascii() {
        return None;
    }
    slashed(text)
        .or_else(|| common_log(text))
        .or_else(|| go(text))
        .or_else(|| mail(text))
        .or_else(|| basic(text))
        .or_else(|| american(text))
        .or_else(|| script(text))
        .or_else(|| unix(text))
        .or_else(|| in_region(text))
        .or_else(|| dashed(text))
}

/// `Tue Jan  2 03:04:05 2024` as C prints a time, and with a zone before the year as `date` and Java do.
fn unix(text: &str) -> Option<Parsed> {
    let mut words = text.split_ascii_whitespace();
    let (weekday, month, day, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (zone, year) = match (words.next()?, words.next()) {
        (zone, Some(year)) => (zone, year),
        (year, None) => ("", year),
    };
    let is_day = weekday.len() == 3 && weekday.bytes().all(|b| b.is_ascii_alphabetic());
    // Which zone other letters mean, nobody can say.
    let zone = match zone {
        "" => "",
        "UTC" | "GMT" => "Z",
        _ => return None,
    };
    (is_day && words.next().is_none()).then(|| civil(year, month, day, &format!("{time}{zone}")))?
}

/// `2024-01-02T03:04:05+01:00[Europe/Berlin]`, as Java prints a time of a region.
fn in_region(text: &str) -> Option<Parsed> {
    let (time, region) = text.strip_suffix(']')?.split_once('[')?;
    let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
    parse(time).filter(|parsed| is_region && !parsed.naive)
}

/// `02-Jan-2024 03:04:05.678`, as Tomcat writes it.
fn dashed(text: &str) -> Option<Parsed> {
    let (date, time) = text.split_once(' ')?;
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then(|| civil(year, month, day, time))?
}

/// `1/2/2024, 3:04:05.678 PM` and `Jan 2, 2024 3:04:05 PM`, as portals set to English of the United States write it: only their
/// clocks count to twelve.
fn american(text: &str) -> Option<Parsed> {
    let text = text.strip_suffix('M')?;
    let (text, half) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let later = match half {
        "A" => 0,
        "P" => 12,
        _ => return None,
    };
    let (date, time) = text.trim_end().rsplit_once(' ')?;
    let date = date.trim_end_matches([',', ' ']);
    let (hour, rest) = time.split_once(':')?;
    let hour = hour.parse::<u32>().ok().filter(|hour| (1..=12).contains(hour))? % 12 + later;
    if !date.contains('/') {
        let named = date.split_once(' ').and_then(|(month, rest)| Some((month, rest.split_once(", ")?)));
        return match named {
            Some((month, (day, year))) => civil(year, month, day, &format!("{hour:02}:{rest}")),
            None => parse(&format!("{date} {hour:02}:{rest}")),
        };
    }
    let mut parts = date.splitn(3, '/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let short = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    (short(month) && short(day) && year.len() == 4)
        .then(|| parse(&format!("{year}-{month:0>2}-{day:0>2}T{hour:02}:{rest}")))?
}

/// `Tue Jan 02 2024 03:04:05 GMT+0100 (Central European Standard Time)`, as JavaScript prints a date.
fn script(text: &str) -> Option<Parsed> {
    let (text, zone) = text.split_once(" GMT")?;
    let offset = zone.get(..5).filter(|_| zone.len() == 5 || zone[5..].starts_with(" ("))?;
    let mut words = text.split(' ').skip(1);
    let (month, day, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    words.next().is_none().then(|| civil(year, month, day, &format!("{time}{offset}")))?
}

fn slashed(text: &str) -> Option<Parsed> {
    let (date, time) = text.split_at_checked(10)?;
    (date.as_bytes()[4] == b'/' && date.as_bytes()[7] == b'/')
        .then(|| parse(&format!("{}{time}", date.replace('/', "-"))))?
}

/// The Common Log Format with a fraction.
fn common_log(text: &str) -> Option<Parsed> {
    let (date, time) = text.split_once(':')?;
    let mut parts = date.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    civil(year, month, day, time)
}

/// `2024-01-02 03:04:05.678 +0000 UTC m=+0.01`
fn go(text: &str) -> Option<Parsed> {
    let mut words = text.split(' ');
    let (date, time, offset, zone) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let sign = offset.starts_with(['+', '-']);
    let zone = zone.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-'));
    (sign && zone && words.all(|word| word.starts_with("m="))).then(|| parse(&format!("{date} {time}{offset}")))?
}

/// As HTTP and mail have it.
fn mail(text: &str) -> Option<Parsed> {
    let rest = text.split_once(", ").map_or(text, |(_, rest)| rest);
    let mut words = rest.splitn(4, ' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    civil(year, month, day, time)
}

fn civil(year: &str, month: &str, day: &str, time: &str) -> Option<Parsed> {
    let month = month_named(month.as_bytes())?;
    (year.len() == 4 && (1..=2).contains(&day.len())).then(|| parse(&format!("{year}-{month:02}-{day:0>2}T{time}")))?
}

/// ISO 8601 without signs.
fn basic(text: &str) -> Option<Parsed> {
    let (date, rest) = text.split_once('T')?;
    let (time, rest) = rest.split_at_checked(6)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (date.len() == 8 && digits(date) && digits(time)).then(|| {
        let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
        parse(&format!("{year}-{month}-{day}T{}:{}:{}{rest}", &time[..2], &time[2..4], &time[4..]))
    })?
}

#[cfg(test)]
mod tests {
    use super::super::rfc3339_short;
    use super::*;

    #[test]
    fn forms_that_few_programs_write_are_read() {
        for (text, time, naive) in [
            ("2024/01/02 03:04:05", "2024-01-02T03:04:05Z", true),
            ("2024/01/02 03:04:05.678", "2024-01-02T03:04:05.678Z", true),
            ("02/Jan/2024:03:04:05.678 +0100", "2024-01-02T02:04:05.678Z", false),
            ("2024-01-02 03:04:05.678 +0000 UTC", "2024-01-02T03:04:05.678Z", false),
            ("2024-01-02 03:04:05.678 +0100 CET m=+0.001", "2024-01-02T02:04:05.678Z", false),
            ("Tue, 02 Jan 2024 03:04:05 GMT", "2024-01-02T03:04:05Z", false),
            ("2 Jan 2024 03:04:05 +0100", "2024-01-02T02:04:05Z", false),
            ("20240102T030405Z", "2024-01-02T03:04:05Z", false),
            ("1/2/2024, 3:04:05.678 PM", "2024-01-02T15:04:05.678Z", true),
            ("1/2/2024, 3:04:05\u{202f}PM", "2024-01-02T15:04:05Z", true),
            ("Jan 2, 2024 3:04:05.678 PM", "2024-01-02T15:04:05.678Z", true),
            ("2024-01-02 03:04:05 PM", "2024-01-02T15:04:05Z", true),
            ("12/31/2024 12:04:05 AM", "2024-12-31T00:04:05Z", true),
            ("1/2/2024, 12:04:05 PM", "2024-01-02T12:04:05Z", true),
            ("Tue Jan 02 2024 03:04:05 GMT+0100 (Central European Standard Time)", "2024-01-02T02:04:05Z", false),
            ("Tue Jan 02 2024 03:04:05 GMT+0000", "2024-01-02T03:04:05Z", false),
            ("20240102T030405.678+0100", "2024-01-02T02:04:05.678Z", false),
            ("Tue Jan  2 03:04:05 2024", "2024-01-02T03:04:05Z", true),
            ("Tue Jan 02 03:04:05 UTC 2024", "2024-01-02T03:04:05Z", false),
            ("2024-01-02T03:04:05.678+01:00[Europe/Berlin]", "2024-01-02T02:04:05.678Z", false),
            ("2024-01-02T03:04:05Z[UTC]", "2024-01-02T03:04:05Z", false),
            ("02-Jan-2024 03:04:05.678", "2024-01-02T03:04:05.678Z", true),
        ] {
            assert_eq!(parse(text), None, "{text}");
            let parsed = parse_seldom(text).expect(text);
            assert_eq!((rfc3339_short(parsed.ns).as_str(), parsed.naive), (time, naive), "{text}");
        }
        for text in [
            "",
            "Tue Jan 02 03:04:05 CET 2024",
            "2024-01-02T03:04:05[UTC]",
            "2024-01-02T03:04:05Z[a b]",
            "02-Jan-24 03:04:05",
            "M",
            "PM",
            "1/2/2024, 13:04:05 PM",
            "1/2/2024, 0:04:05 AM",
            "Tue Jan 02 2024 GMT",
            "2024/13/02 03:04:05",
            "a/b/c:d",
            "Tue, 02 Jan 2024",
            "2024010T030405Z",
            "é/Jan/2024:1",
            "T",
            "1:2",
        ] {
            assert_eq!(parse_seldom(text), None, "{text}");
        }
    }
}
