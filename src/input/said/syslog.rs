//! Syslog, with and without the year.

use super::{Said, plain, within};
use crate::record::Severity;
use crate::time::{self, Yearless};

/// `<165>1 2024-01-01T00:00:00.003Z host app 1 - - x` (RFC 5424), `<34>Oct 11 22:14:15 host su[1]: x` (RFC 3164).
pub(super) fn of(line: &str, heads: u8) -> Option<Said<'_>> {
    let (priority, rest) = line[1..].split_once('>').filter(|(priority, _)| (1..=3).contains(&priority.len()))?;
    let priority = priority.parse::<usize>().ok().filter(|priority| *priority < 192)?;
    let severity = Severity::from_syslog(priority % 8);
    let named = |text: &str| !text.is_empty() && text != "-";
    if let Some(rest) = rest.strip_prefix("1 ") {
        let mut words = rest.split(' ');
        let time = time::parse(words.next()?).filter(|_| rest.as_bytes()[0].is_ascii_digit());
        let instance = words.next().filter(|host| named(host));
        let service = words.next().filter(|app| named(app));
        let text = rest.splitn(6, ' ').nth(5);
        let message = text.and_then(message);
        let inner = message.and_then(|text| within(text, heads)).unwrap_or_default();
        // Heroku leaves the structured data out.
        let (time, behind_time) = (time.or(inner.time), inner.named.or(message).or(text));
        return Some(Said { time, yearless: None, begins: true, severity, instance, service, behind_time, ..inner });
    }
    // Relays write the whole time in its place.
    let dated = || Some(plain(rest, heads)).filter(|said| said.time.is_some() && rest.as_bytes()[0].is_ascii_digit());
    Some(Said { severity, ..bsd(rest, heads).or_else(dated)? })
}

/// `Oct 11 22:14:15 host su[1]: x`: the year is not there, and no other line says it.
pub(super) fn bsd(line: &str, heads: u8) -> Option<Said<'_>> {
    let (yearless, length) = Yearless::front(line)?;
    let rest = line[length..].strip_prefix(' ')?;
    // Some write the year behind the clock: no other must be taken for it.
    let stated = rest.split(' ').next().is_some_and(|word| {
        word.len() == 4 && matches!(&word.as_bytes()[..2], b"19" | b"20") && word.bytes().all(|b| b.is_ascii_digit())
    });
    let said = Said { yearless: Some(yearless).filter(|_| !stated), begins: true, ..Said::default() };
    if let Some((host, rest)) = rest.split_once(' ') {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@')));
        let (tag, rest) = rest.split_at(end.unwrap_or(rest.len()));
        // A tag ends with a colon, its process behind it or not; without one it is a word of the text.
        if !host.is_empty()
            && !tag.is_empty()
            && (rest.starts_with(':') || rest.starts_with('[') && rest.contains("]:"))
        {
            let text = rest.split_once(": ").map(|(_, text)| text);
            let inner = text.and_then(|text| within(text, heads)).unwrap_or_default();
            return Some(Said {
                yearless: said.yearless.filter(|_| inner.time.is_none()),
                begins: true,
                instance: Some(host),
                service: Some(tag),
                behind_time: inner.named.or(text),
                ..inner
            });
        }
    }
    Some(said)
}

/// What stands behind the structured data that a text begins with.
fn message(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    while let Some(element) = rest.strip_prefix('[') {
        let (mut quoted, mut escaped) = (false, false);
        let end = element.bytes().position(|b| {
            let closes = b == b']' && !quoted;
            quoted ^= b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            closes
        })?;
        rest = &element[end + 1..];
    }
    let text = rest.strip_prefix(' ')?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}
