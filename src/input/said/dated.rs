//! Times that do not stand first: a level, a process or a logger's name comes before them.

use super::Said;
use crate::record::Severity;
use crate::time;

/// A line whose time stands behind what its logger writes first.
pub(super) fn of(line: &str) -> Option<Said<'_>> {
    let behind = match line.as_bytes().first()? {
        b'0'..=b'9' => match archived(line) {
            None => redis(line)?,
            archived => return archived,
        },
        b'[' => line.strip_prefix("[Nest] ").and_then(nest).or_else(|| tornado(line)).or_else(|| level(line))?,
        byte if byte.is_ascii_alphabetic() => ruby(line).or_else(|| level(line))?,
        _ => return None,
    };
    let parsed = match time::parse_front(behind) {
        Some((parsed, _)) => parsed,
        None => compact(behind).filter(|_| line.starts_with('['))?,
    };
    Some(Said { time: Some(parsed), begins: true, ..Said::default() })
}

/// A line of an archive of Papertrail: id, two times, number, name and address of the source, facility, severity, program,
/// message.
fn archived(line: &str) -> Option<Said<'_>> {
    let mut fields = line.splitn(10, '\t');
    let id = fields.next()?;
    let (time, received) = (time::parse(fields.next()?)?, fields.next()?);
    let (_, host) = (fields.next()?, fields.next()?);
    let severity = Severity::from_word(fields.nth(2)?)?;
    let (program, message) = (fields.next()?, fields.next()?);
    let is_one = id.len() > 9 && id.bytes().all(|b| b.is_ascii_digit()) && time::parse(received).is_some();
    is_one.then_some(Said {
        time: Some(time),
        begins: true,
        severity: Some(severity),
        service: Some(program).filter(|program| !program.is_empty()),
        instance: Some(host).filter(|host| !host.is_empty()),
        named: Some(message),
        ..Said::default()
    })
}

/// `1:M 02 Jan 2024 03:04:05.678 # x`: process and role.
fn redis(line: &str) -> Option<&str> {
    let (process, rest) = line.split_once(':').filter(|(process, _)| process.len() < 8)?;
    let digits = process.bytes().all(|b| b.is_ascii_digit());
    let (role, rest) = rest.split_once(' ')?;
    (digits && matches!(role, "X" | "C" | "S" | "M")).then_some(rest)
}

/// `E, [2024-01-02T03:04:05.678901 #12] ERROR -- : x`
fn ruby(line: &str) -> Option<&str> {
    line.strip_prefix(['D', 'I', 'W', 'E', 'F', 'A'])?.strip_prefix(", [")
}

/// `[Nest] 7  - 01/02/2024, 3:04:05 AM   ERROR [Cart] x`
fn nest(rest: &str) -> Option<&str> {
    let (process, rest) = rest.split_once(" - ")?;
    process.trim_end().bytes().all(|b| b.is_ascii_digit()).then(|| rest.trim_start_matches(' '))
}

/// `[E 240102 03:04:05 web:123] x`, `[E 2024-01-02 03:04:05.678 ServerApp] x`
fn tornado(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_prefix(['D', 'I', 'W', 'E', 'C'])?.strip_prefix(' ')
}

/// `ERROR 2024-01-02 03:04:05,678 x`, `[ERROR] [2024-01-02T03:04:05Z] x`, `ERROR: 2024/01/02 03:04:05 x`
fn level(line: &str) -> Option<&str> {
    let text = line.strip_prefix('[').unwrap_or(line);
    let (word, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic())?);
    // A word of a sentence is none.
    Severity::from_word(word).filter(|_| text.len() < line.len() || word.bytes().all(|b| b.is_ascii_uppercase()))?;
    let time = rest.trim_start_matches([']', ':', ' ', '\t', '-', '|', '[']);
    (rest.len() - time.len() <= 8 && time.len() < rest.len()).then_some(time)
}

/// `240102 03:04:05` in this century.
fn compact(text: &str) -> Option<time::Parsed> {
    let (date, clock) = text.split_at_checked(6)?;
    if !date.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let clock = clock.strip_prefix(' ')?.split(' ').next()?;
    time::parse(&format!("20{}-{}-{}T{clock}", &date[..2], &date[2..4], &date[4..]))
}

/// Class and method behind the time of a line of Java's own loggers, whose level and message stand on the next one.
pub(super) fn source<'a>(stamp: &str, behind: &'a str) -> Option<(&'a str, Option<&'a str>)> {
    if !stamp.starts_with(|c: char| c.is_ascii_uppercase()) || !stamp.ends_with('M') {
        return None;
    }
    let mut words = behind.strip_prefix(' ')?.split(' ');
    let (class, method) = (words.next()?, words.next());
    let named = |word: &str| {
        // A constructor is `<init>`.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'<' | b'>');
        !word.is_empty() && word.bytes().all(plain)
    };
    // Words of a sentence are no class and no method: `Deploy moved`, `shop.example down`.
    let is_class = match class.rsplit_once('.') {
        Some((package, name)) => {
            !package.is_empty() && (name.starts_with(|c: char| c.is_ascii_uppercase()) || package.contains('.'))
        }
        None => class.starts_with(|c: char| c.is_ascii_uppercase()) && method.is_some_and(is_method),
    };
    (is_class && named(class) && method.is_none_or(named) && words.next().is_none()).then_some((class, method))
}

/// Whether a word is the method of a class that has no package, and no word that may stand behind a name: `main`, `<init>`,
/// `placeOrder`.
fn is_method(word: &str) -> bool {
    let is_of_several =
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.contains(|c: char| c.is_ascii_uppercase());
    word == "main" || word.starts_with('<') || is_of_several
}
