//! What a line of plain text says of itself: its time, and what its format names beside it.
//!
//! Formats are told by their heads: syslog (RFC 3164 and 5424), access logs (common, combined, S3, HAProxy, load balancers of
//! AWS), logfmt, the names that Docker Compose, kubectl and stern put before lines, programs behind a time (Heroku, Fly,
//! journals); all others by the time that they begin with, or that stands behind a level. Only what a line says in so many words
//! is taken; the line itself stays the message, but for the name of a container or program, and for what a collector put before
//! a line that reads by itself: a stack that was printed line by line is none with names or times in it.

mod dated;
mod named;
mod syslog;
mod web;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::lines;
use super::shape::host_and_path;
use crate::record::{Http, Severity};
use crate::time::{self, Parsed, Yearless};
pub(super) use named::container;

/// Bytes of a line in which its format shows.
const FRONT: usize = 512;
/// Pairs of logfmt that are looked at.
const PAIRS: usize = 24;
/// Heads that may stand one behind the other: a collector's time, a program's name, the line's own.
const HEADS: u8 = 3;

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) time: Option<Parsed>,
    /// The same, where it lacks the year.
    pub(super) yearless: Option<Yearless>,
    /// It begins an entry, with or without a time.
    pub(super) begins: bool,
    /// What syslog states.
    pub(super) severity: Option<Severity>,
    /// What a key of the line states.
    pub(super) level: Option<Severity>,
    pub(super) service: Option<&'a str>,
    pub(super) instance: Option<&'a str>,
    pub(super) trace: Option<&'a str>,
    pub(super) http: Option<Http<'a>>,
    /// What the program wrote, where names or a collector's time stand before it.
    pub(super) named: Option<&'a str>,
    /// What a collector wrote a time before: behind one, more is taken for a level.
    pub(super) behind_time: Option<&'a str>,
    /// The object that makes up the rest of the line.
    pub(super) object: Option<&'a str>,
    /// What stands before the object may be anything.
    pub(super) unknown_head: bool,
    /// Class and method, where level and message stand on the next line.
    pub(super) source: Option<(&'a str, Option<&'a str>)>,
    /// A container's runtime wrote the time, and the program nothing.
    pub(super) blank: bool,
}

/// Whether a line is the first one of an entry.
pub(super) fn has_own_head(line: &str) -> bool {
    of(&uncoloured(line)).begins
}

/// The time at the front of a text that may as well be prose: a date in words is the head of a line only where a level or the
/// place in a program follows.
pub(super) fn front_time(text: &str) -> Option<(Parsed, usize)> {
    let (parsed, end) = time::parse_front(text)?;
    let line = text.lines().next().unwrap_or_default();
    let (stamp, behind) = line.split_at_checked(end)?;
    let word = behind.trim_start_matches([' ', '[']).split([' ', ':', ']']).next().unwrap_or_default();
    let is_level = || word.bytes().all(|b| b.is_ascii_uppercase()) && Severity::from_word(word).is_some();
    let is_head = text.starts_with(|c: char| c.is_ascii_digit())
        || behind.is_empty()
        || dated::source(stamp, behind).is_some()
        || is_level();
    is_head.then_some((parsed, end))
}

/// The request of a line that a web server's access log holds.
pub(super) fn request_of(line: &str) -> Option<Http<'_>> {
    web::access(line).or_else(|| web::untimed(line))?.http
}

/// Class and method that a line names whose level and message stand `below` it.
pub(super) fn source_of<'a>(line: &'a str, below: &str) -> Option<(&'a str, Option<&'a str>)> {
    let (_, end) = time::parse_front(line).filter(|_| lines::begins_with_level(below))?;
    dated::source(&line[..end], &line[end..])
}

/// Whether level and message of a line stand on the next one.
pub(super) fn is_half(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_uppercase())
        && time::parse_front(line).is_some_and(|(_, end)| dated::source(&line[..end], &line[end..]).is_some())
}

/// The time of an entry that is nothing else: a container's runtime put it before an empty line.
pub(super) fn blank_at(entry: &[u8]) -> Option<Parsed> {
    // The last word must be a time; most are none.
    let word = entry.rsplit(|b| *b == b' ').next()?;
    if entry.len() > FRONT || word.len() < 30 || word[10] != b'T' {
        return None;
    }
    let line = String::from_utf8_lossy(entry);
    let line = uncoloured(&line);
    let said = of(&line);
    said.time.filter(|_| said.blank)
}

/// A line without its colours.
pub(super) fn uncoloured(line: &str) -> Cow<'_, str> {
    crate::record::strip_ansi(line).map_or(Cow::Borrowed(line), Cow::Owned)
}

/// Reads one line.
pub(super) fn of(line: &str) -> Said<'_> {
    let line = line.trim_ascii_start();
    named::of(line).unwrap_or_else(|| plain(line, HEADS))
}

/// Reads a line of a file in which nearly all are objects behind a head: the object, also where nobody knows the head.
pub(super) fn headed(line: &str) -> Option<Said<'_>> {
    let said = of(line);
    if said.object.is_some() {
        return Some(said);
    }
    let line = line.trim_ascii();
    let (head, object) = line.split_at(memchr::memchr(b'{', line.as_bytes()).filter(|at| *at < FRONT)?);
    // Several words are prose, which an object may end, and one without a sign behind it may be a word of it. A time alone is
    // none, nor is the mark of objects in lines of syslog.
    let head = head.trim_ascii_end();
    let is_head = head.ends_with([':', '|', ']', '>', '=', ')']) && !head.contains([' ', '\t'])
        || head.ends_with(" @cee:")
        || time::parse_front(head).is_some_and(|(_, length)| length == head.len());
    // The first brace may be of the head.
    let opens = object[1..].trim_ascii_start().starts_with('"');
    (is_head && opens && object.ends_with('}')).then_some(Said {
        object: Some(object),
        unknown_head: true,
        ..Said::default()
    })
}

/// The same of a line that no container's name stands before: what looks like a second name is none. Behind its head, so many
/// more are looked for.
fn plain(line: &str, heads: u8) -> Said<'_> {
    let line = line.trim_ascii_start();
    let Some(first) = line.as_bytes().first() else { return Said::default() };
    if *first == b'<'
        && let Some(said) = syslog::of(line, heads)
    {
        return said;
    }
    if first.is_ascii_digit()
        && let Some(said) = counted(line, heads).or_else(|| exported(line, heads))
    {
        return said;
    }
    let brackets = line.len() - line.trim_start_matches('[').len();
    if let Some((parsed, length)) = time::parse_front(&line[brackets..]) {
        return timed(line, brackets..brackets + length, parsed, heads);
    }
    syslog::bsd(line, heads)
        .or_else(|| {
            [klog, dated::of, web::access, web::balanced, web::untimed, logfmt].iter().find_map(|read| read(line))
        })
        .unwrap_or_default()
}

/// `83 <40>1 2024-01-02T03:04:05+00:00 host app web.1 - x`: a drain of Heroku writes how long each line is.
fn counted(line: &str, heads: u8) -> Option<Said<'_>> {
    let (_, rest) = line.split_once(' ').filter(|(length, _)| length.len() < 6 && is_number(length))?;
    let said = if rest.starts_with('<') { syslog::of(rest, heads) } else { None }?;
    // Its machines are all called `host`, and the priorities say nothing: `<40>` would be an emergency.
    let severity = said.severity.filter(|_| said.instance != Some("host"));
    Some(Said { severity, ..said })
}

/// `1704164645678\t2024-01-02T03:04:05.678Z\tx`, as Grafana downloads lines.
fn exported(line: &str, heads: u8) -> Option<Said<'_>> {
    [13, 19].iter().find(|at| line.as_bytes().get(**at) == Some(&b'\t'))?;
    let (epoch, rest) =
        line.split_once('\t').filter(|(epoch, _)| matches!(epoch.len(), 13 | 19) && is_number(epoch))?;
    let (instant, rest) = rest.split_once('\t')?;
    let (time, same) = (time::parse(epoch)?, time::parse(instant)?);
    let is_same = time.ns / 1_000_000 == same.ns / 1_000_000 && !same.naive;
    is_same.then(|| {
        let said = behind_name(rest, heads);
        Said { time: Some(time), yearless: None, begins: true, behind_time: said.named, ..said }
    })
}

/// A line that begins with a time, which stands at `place`.
fn timed(line: &str, place: std::ops::Range<usize>, parsed: Parsed, heads: u8) -> Said<'_> {
    let (stamp, behind) = (&line[place.clone()], &line[place.end..]);
    let whole = Said { time: Some(parsed), begins: true, ..Said::default() };
    // Collectors write an instant, and one blank.
    if place.start == 0
        && let Some(said) = named::printed(stamp, behind)
    {
        return Said { time: Some(parsed), begins: true, ..said };
    }
    let instant = place.start == 0 && !parsed.naive && stamp.as_bytes().get(10) == Some(&b'T');
    if instant && let Some(said) = collected(stamp, behind, heads) {
        return Said { time: Some(parsed), yearless: None, begins: true, behind_time: said.named, ..said };
    }
    // Of the lines of a stack, nobody writes a time before each but who collected them.
    if place.start == 0
        && let Some(rest) = behind.strip_prefix(' ').filter(|rest| lines::is_cut_from_stack(rest))
    {
        return Said { named: Some(rest), ..whole };
    }
    if let Some(source) = dated::source(stamp, behind) {
        return Said { source: Some(source), ..whole };
    }
    let rest = behind.trim_start_matches([']', ' ', '\t']);
    let http = match rest.strip_prefix('"') {
        Some(request) => web::request(request),
        None => web::balancer(rest).or_else(|| web::answered(rest)),
    };
    Said { object: Some(rest).filter(|rest| is_object(rest)), http, ..whole }
}

/// What stands behind the time that a collector wrote; `None` where that may as well be the program's own.
fn collected<'a>(stamp: &str, behind: &'a str, heads: u8) -> Option<Said<'a>> {
    // Docker and Kubernetes write nine digits, and hardly any program does.
    let runtime =
        stamp.as_bytes().get(19) == Some(&b'.') && stamp[20..].bytes().take_while(u8::is_ascii_digit).count() == 9;
    if runtime && behind.trim_ascii().is_empty() {
        return Some(Said { named: Some(behind.trim_ascii_start()), blank: true, ..Said::default() });
    }
    let rest = behind.strip_prefix([' ', '\t'])?;
    if behind.starts_with('\t')
        && let Some((word, object)) = rest.split_once('\t')
        && is_object(object.trim_ascii())
    {
        let object = object.trim_ascii();
        let said = Said { named: Some(object), object: Some(object), ..Said::default() };
        if let Some(level) = Severity::from_word(word) {
            return Some(Said { level: Some(level), ..said });
        }
        if is_tag(word, stamp) {
            return Some(Said { service: Some(word), ..said });
        }
    }
    // Heroku and journals write `2024-01-02T03:04:05+00:00`; behind other times the words may be any.
    let has_offset = stamp.as_bytes()[19..].iter().any(|b| matches!(b, b'+' | b'-'));
    let program = if has_offset { named::program(rest, heads).or_else(|| named::streamed(rest, heads)) } else { None };
    program
        .or_else(|| named::machine(rest, heads))
        .or_else(|| within(rest, heads))
        .or_else(|| runtime.then(|| Said { named: Some(rest), ..pairs(rest) }))
}

/// Whether a word behind a time is a tag of Fluentd, and not what a logger says: that writes parts of a second, or `Z`. A tag
/// with a dot in it is told by itself, but for a place in a program.
fn is_tag(word: &str, stamp: &str) -> bool {
    let is_word = !word.is_empty() && !word.contains([' ', ':']);
    let dotted = word.split_once('.').is_some_and(|(front, rest)| !front.is_empty() && !rest.is_empty());
    // `2024-01-02T03:04:05+00:00`
    let of_fluentd = stamp.len() == 25 && stamp[19..].starts_with(['+', '-']);
    is_word && (dotted || of_fluentd)
}

/// What a program wrote behind names or a collector's time, where that reads by itself: an object, a line with a head of its
/// own, a line of a stack.
fn within(rest: &str, heads: u8) -> Option<Said<'_>> {
    let text = rest.trim_ascii();
    if is_object(text) {
        return Some(Said { named: Some(rest), object: Some(text), ..Said::default() });
    }
    let inner = if heads == 0 { Said::default() } else { plain(rest, heads - 1) };
    if inner.begins {
        return Some(Said { named: inner.named.or(Some(rest)), ..inner });
    }
    lines::is_of_stack(rest).then(|| Said { named: Some(rest), ..Said::default() })
}

/// The same, where it is the message whatever it reads like.
fn behind_name(rest: &str, heads: u8) -> Said<'_> {
    within(rest, heads).unwrap_or_else(|| Said { named: Some(rest), ..pairs(rest) })
}

/// Whether a text may be one object.
pub(super) fn is_object(text: &str) -> bool {
    text.starts_with('{') && text.ends_with('}')
}

/// Whether a text is digits and nothing else.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `E0914 10:59:24.465123       1 main.go:42] x`, as Kubernetes' own programs write: no year either.
fn klog(line: &str) -> Option<Said<'_>> {
    let level = match line.as_bytes().first()? {
        b'I' => Severity::Info,
        b'W' => Severity::Warning,
        b'E' => Severity::Error,
        b'F' => Severity::Critical,
        _ => return None,
    };
    let (yearless, length) = Yearless::digits_front(&line[1..])?;
    let (thread, rest) = line[1 + length..].trim_start_matches(' ').split_once(' ')?;
    let (place, _) = rest.split_once("] ")?;
    let (_, number) = place.rsplit_once(':')?;
    (is_number(thread) && is_number(number) && !place.contains(' ')).then_some(Said {
        yearless: Some(yearless),
        begins: true,
        level: Some(level),
        ..Said::default()
    })
}

/// `time=… level=error msg="…"`, in any order.
fn logfmt(line: &str) -> Option<Said<'_>> {
    let said = pairs(line);
    said.begins.then_some(said)
}

/// What the pairs at the front of a text say.
fn pairs(line: &str) -> Said<'_> {
    let mut said = Said::default();
    let (mut method, mut path, mut code, mut rest) = (None, None, None, line);
    for _ in 0..PAIRS {
        let Some((key, value, behind)) = pair(rest) else { break };
        match key {
            "time" | "ts" | "timestamp" | "t" | "@timestamp" => {
                said.time = said.time.or_else(|| time::parse(value).filter(|_| value.len() > 9));
            }
            "level" | "lvl" | "severity" => said.level = said.level.or_else(|| Severity::from_word(value)),
            "service" | "app" => said.service = said.service.or(Some(value)),
            "trace_id" | "traceID" | "trace" => said.trace = said.trace.or(Some(value)),
            "method" => method = Some(value),
            "path" => path = Some(value),
            "status" => code = web::status(value),
            _ => {}
        }
        rest = behind;
    }
    if let (Some(method), Some(path), Some(_)) = (method, path, code) {
        let (host, path) = host_and_path(path.into());
        let method = Some(method.to_ascii_uppercase().into());
        said.http = Some(Http { method, host, path, status: code, latency_ns: None });
    }
    said.begins = said.time.is_some();
    said
}

/// Key and value of the pair at the front, which are not empty, and what follows it.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once('=')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@');
    if key.is_empty() || !key.bytes().all(plain) {
        return None;
    }
    let (value, behind) = match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut escaped = false;
            let end = quoted.bytes().position(|b| {
                let closes = b == b'"' && !escaped;
                escaped = b == b'\\' && !escaped;
                closes
            })?;
            (&quoted[..end], &quoted[end + 1..])
        }
        None => rest.split_at(rest.find(' ').unwrap_or(rest.len())),
    };
    Some((key, if value.is_empty() { "-" } else { value }, behind.trim_start_matches(' ')))
}
