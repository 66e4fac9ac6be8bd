//! What the head of a text says of its severity: the forms in which loggers and runtimes write a level at the front of a line.
//!
//! This is asked of every row without a severity, and nearly all of them say nothing: a form is looked for only where the
//! first byte of the text can begin it. Behind a time a level must be in capitals, or stand between marks: prose has words
//! such as `error` anywhere.

mod blocks;
mod forms;

#[cfg(test)]
mod tests;

use super::{Severity, strip_ansi};

/// Why a text is taken for an error.
const TOLD: &str = "level in the text";
const STACK: &str = "stack trace";
const EXCEPTION: &str = "exception in the text";

pub use blocks::{Opening, opening};

const TRACEBACK: &str = "Traceback (most recent call last)";

/// What stands between a time and a level at most: thread, logger, id.
const MOST_BETWEEN: usize = 3;
/// Longest of them, in bytes.
const LONGEST_BETWEEN: usize = 80;

/// The severity that a text states, and why it counts.
pub(super) fn level(message: &str) -> Option<(Severity, &'static str)> {
    level_in(message, false)
}

/// The same of a text that a time stood before.
pub(super) fn level_behind_time(text: &str) -> Option<(Severity, &'static str)> {
    level_in(text, true)
}

fn level_in(message: &str, timed: bool) -> Option<(Severity, &'static str)> {
    let head = head_of(message);
    match strip_ansi(head) {
        None => level_of(head, message, timed),
        Some(plain) => level_of(plain.trim_start(), message, timed),
    }
}

fn level_of(head: &str, message: &str, timed: bool) -> Option<(Severity, &'static str)> {
    let behind = after_time(head).or_else(|| timed.then_some(Behind { rest: head, open: false }));
    let body = behind.map_or(head, |behind| behind.rest.trim_start_matches([' ', '\t']));
    // A collector's time before the line's own.
    if body.len() < head.len() && after_time(body).is_some() {
        return level_of(body, message, false);
    }
    if let Some(severity) = bracketed_level(body) {
        return Some((severity, TOLD));
    }
    if head.starts_with(TRACEBACK) || head.starts_with("panic: ") || is_panic_of_rust(body) {
        return Some((Severity::Error, STACK));
    }
    if is_crash(head, body, message) || blocks::opens_with(message) {
        return Some((Severity::Error, STACK));
    }
    if starts_with_error_type(head) || holds_stack(message) || body.starts_with("Unhandled exception. ") {
        return Some((Severity::Error, EXCEPTION));
    }
    leading_level(body, behind.is_some())
        .or_else(|| logfmt_level(body))
        .or_else(|| klog_level(body))
        .or_else(|| level_behind(behind?))
        .or_else(|| forms::behind_time(behind?.rest))
        .or_else(|| forms::lambda(behind.map_or(head, |behind| behind.rest)))
        .or_else(|| forms::named(body, message))
        .map(|severity| (severity, TOLD))
}

/// The first line, at most 256 bytes of it: a level stands at the front or not at all.
fn head_of(message: &str) -> &str {
    let text = message.trim_start();
    let mut end = text.len().min(256);
    end = memchr::memchr(b'\n', &text.as_bytes()[..end]).unwrap_or(end);
    &text[..text.floor_char_boundary(end)]
}

/// A traceback that starts at a later line, or frames right below a line that opens with an exception.
fn holds_stack(message: &str) -> bool {
    let (mut start, mut framed) = (0, None);
    for at in memchr::memchr_iter(b'\n', message.as_bytes()) {
        let below = &message[at + 1..];
        if below.starts_with(TRACEBACK) {
            return true;
        }
        // The first frame tells.
        if framed.is_none() && opens_with_frame(below) {
            framed = Some(starts_with_error_type(message[start..at].trim()));
        }
        start = at + 1;
    }
    framed == Some(true)
}

/// Whether a text begins with a frame as Node, Java or .NET write it.
fn opens_with_frame(text: &str) -> bool {
    ["    at ", "\tat ", "   at "].iter().any(|frame| text.starts_with(frame))
}

/// What stands behind the time that a line opens with.
#[derive(Clone, Copy)]
struct Behind<'a> {
    rest: &'a str,
    /// The bracket before the time is still open: `[2025-01-01T10:00:00Z ERROR till] …`.
    open: bool,
}

/// Looks behind a time: `2025-01-01 10:00:00,123 `, `2025-01-01T10:00:00Z `, `10:00:00.123 `, `01-Jan-2025 10:00:00 `, each in
/// a bracket as well.
fn after_time(head: &str) -> Option<Behind<'_>> {
    match head.as_bytes().first()? {
        b'0'..=b'9' => {
            let rest = time_cut(head)?;
            rest.starts_with([' ', '\t', '|']).then_some(Behind { rest, open: false })
        }
        b'[' => {
            let rest = time_cut(&head[1..])?;
            // Nothing but a zone, such as `UTC` or `Europe/Rome`.
            let is_zone = |zone: &str| {
                let name = zone.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'_'));
                // `ERROR/MainProcess` of Celery.
                name && Severity::from_word(zone.split('/').next().unwrap_or(zone)).is_none()
            };
            if let Some((_, rest)) = rest.split_once(']').filter(|(inner, _)| is_zone(inner.trim_start())) {
                return Some(Behind { rest, open: false });
            }
            rest.starts_with([' ', ':', '|']).then(|| Behind { rest: rest.trim_start_matches(':'), open: true })
        }
        _ => None,
    }
}

/// A text without the time at its front.
fn time_cut(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let clock = match *bytes.first_chunk::<12>()? {
        [_, _, b':', _, _, b':', ..] => 0,
        [_, _, b'-', _, _, _, b'-', _, _, _, _, b' ']
        | [_, _, b'/', _, _, _, b'/', _, _, _, _, b':' | b' ']
        | [_, _, b' ', _, _, _, b' ', _, _, _, _, b' '] => 12,
        [y1, y2, y3, y4, b'-' | b'/', m1, m2, b'-' | b'/', d1, d2, b'T' | b' ', _] => {
            if ![y1, y2, y3, y4, m1, m2, d1, d2].iter().all(u8::is_ascii_digit) {
                return None;
            }
            11
        }
        _ => return None,
    };
    if !digit(0) || !digit(clock) {
        return None;
    }
    let is_clock = |b: &&u8| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',');
    let end = clock + bytes[clock..].iter().take_while(is_clock).count();
    let rest = text[end..].trim_start_matches('Z');
    let zone = rest.trim_start_matches(' ').strip_prefix(['+', '-']).and_then(|zone| {
        let digits = zone.bytes().take_while(|b| b.is_ascii_digit() || *b == b':').count();
        matches!(digits, 4 | 5).then(|| &zone[digits..])
    });
    Some(zone.unwrap_or(rest))
}

/// `[ERROR]`, `[2025-01-01 …] [13] [WARNING] …`, `[core:error]`: a level in brackets among the leading bracketed groups.
fn bracketed_level(head: &str) -> Option<Severity> {
    let mut rest = head;
    for _ in 0..4 {
        let inside = rest.strip_prefix('[')?;
        let close = inside.find(']')?;
        let inner = &inside[..close];
        let module = || inner.split_once(':').and_then(|(_, level)| Severity::from_word(level));
        if let Some(severity) = Severity::from_word(inner).or_else(module) {
            return Some(severity);
        }
        rest = inside[close + 1..].trim_start();
    }
    None
}

/// `ERROR: …`, `WARNING - …`, `error: …` at the very front; behind a time, any level in capitals.
fn leading_level(head: &str, timed: bool) -> Option<Severity> {
    let end = head.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, rest) = head.split_at(end);
    let severity = Severity::from_word(word).filter(|severity| *severity != Severity::Default)?;
    let upper = word.bytes().all(|b| b.is_ascii_uppercase()) && word.len() > 3;
    let marked = rest.starts_with(':') || rest.starts_with(" - ") || rest.starts_with(" |") || rest.starts_with(" [");
    let timed = || timed || rest.strip_prefix(' ').is_some_and(|rest| time_cut(rest).is_some());
    let alone = rest.starts_with("  ") || rest.starts_with(' ') && timed();
    (upper && (marked || alone) || rest.starts_with(": ")).then_some(severity)
}

/// `level=error msg="…"`, as logfmt has it, among the pairs that a line begins with.
fn logfmt_level(head: &str) -> Option<Severity> {
    let pairs = head.split(' ').map_while(|word| word.split_once('='));
    let mut levels = pairs.filter(|(key, _)| matches!(*key, "level" | "lvl" | "severity"));
    levels.find_map(|(_, value)| Severity::from_word(value.trim_matches('"')))
}

/// `E0102 10:00:00.123456`, the head of Kubernetes' own components.
fn klog_level(head: &str) -> Option<Severity> {
    let [level, month_day @ .., b' ', h1, h2, b':'] = head.as_bytes().first_chunk::<9>()? else { return None };
    if !month_day.iter().chain([h1, h2]).all(u8::is_ascii_digit) {
        return None;
    }
    match level {
        b'I' => Some(Severity::Info),
        b'W' => Some(Severity::Warning),
        b'E' => Some(Severity::Error),
        b'F' => Some(Severity::Critical),
        _ => None,
    }
}

/// The level behind a time and what loggers write between them: `- till.cart - ERROR - …`, `[main] ERROR c.x …`,
/// `UTC [12] ERROR: …`.
fn level_behind(behind: Behind<'_>) -> Option<Severity> {
    let mut rest = behind.rest;
    for at in 0..=MOST_BETWEEN {
        let (before, token, after) = token(rest)?;
        let marked = before.contains(['\t', '|', '-'])
            && (after.starts_with(['\t', '|']) || after.starts_with(" - ") || after.trim_start().starts_with('|'));
        if let Some(severity) = level_token(token, marked, behind.open) {
            return Some(severity);
        }
        // Right behind a time a word of three letters is one of those that levels are cut to.
        if at == 0 && matches!(token, "TRC" | "DBG" | "INF" | "WRN" | "ERR" | "FTL" | "PNC") {
            return Severity::from_word(token);
        }
        if !stands_between(token, marked, at == 0) {
            return None;
        }
        rest = after;
    }
    None
}

/// What stands before the next word or group in brackets, the word, and what follows it.
fn token(rest: &str) -> Option<(&str, &str, &str)> {
    let mut start = 0;
    // A dash is a mark only where it stands alone.
    while let Some(byte) = rest.as_bytes().get(start) {
        match byte {
            b' ' | b'\t' | b'|' => start += 1,
            b'-' if rest[start..].starts_with("- ") => start += 2,
            _ => break,
        }
    }
    let (before, text) = rest.split_at(start);
    let end = match text.as_bytes().first()? {
        b'[' => text.find(']')? + 1,
        b'(' => text.find(')')? + 1,
        b'{' => text.find('}')? + 1,
        _ => text.find([' ', '\t', '|']).unwrap_or(text.len()),
    };
    (end <= LONGEST_BETWEEN).then(|| (before, &text[..end], &text[end..]))
}

/// The level that a word behind a time is: in capitals, or in any case between marks.
fn level_token(token: &str, marked: bool, open: bool) -> Option<Severity> {
    let is_level = |severity: &Severity| *severity != Severity::Default;
    if marked || token.starts_with('[') {
        let inner = token.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(token);
        return Severity::from_word(inner).filter(is_level);
    }
    // `production.ERROR:` names the environment before it.
    let word = token.strip_suffix(':').map_or(token, |word| word.rsplit_once('.').map_or(word, |(_, level)| level));
    let end = word.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(word.len());
    let (word, rest) = word.split_at(end);
    let ends = rest.is_empty() || open && rest.starts_with(['/', ']']);
    (ends && word.len() > if open { 2 } else { 3 }).then(|| Severity::from_word(word)).flatten().filter(is_level)
}

/// Whether a word is of those that loggers write between the time and the level.
fn stands_between(token: &str, marked: bool, first: bool) -> bool {
    let bytes = token.as_bytes();
    let zone = || first && (2..=5).contains(&token.len()) && bytes.iter().all(u8::is_ascii_uppercase);
    let logger = || {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$' | b'/');
        token.contains('.') && !token.ends_with('.') && bytes.iter().all(plain)
    };
    let id = || {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'#' | b':');
        let digits = bytes.iter().any(u8::is_ascii_digit);
        digits && (bytes[0].is_ascii_digit() || bytes.len() > 15) && bytes.iter().all(plain)
    };
    marked
        || matches!(bytes[0], b'[' | b'(' | b'{')
        || zone()
        || logger()
        || id()
        || token.contains('@')
        || token.starts_with("TID-")
}

/// `thread 'main' panicked at …`, the thread's number behind its name in newer ones.
fn is_panic_of_rust(head: &str) -> bool {
    head.strip_prefix("thread '").is_some_and(|rest| {
        rest.split_once("' ").is_some_and(|(_, rest)| {
            let numbered = rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")).map(|(_, rest)| rest);
            numbered.unwrap_or(rest).starts_with("panicked at ")
        })
    })
}

/// The heads of stacks that do not open with an exception and its message: an exception without one, or with a code behind
/// its name; Node's place, source line and caret; what Go's runtime and its server say.
fn is_crash(head: &str, body: &str, message: &str) -> bool {
    match head.as_bytes().first() {
        Some(b'/' | b'f' | b'n') if is_place(head) => message.contains("^\n") && message.contains("\n    at "),
        Some(b'(') => head.starts_with("(node:") && head.contains(") UnhandledPromiseRejectionWarning: "),
        Some(b'f') if head.starts_with("fatal error: ") => message.contains("\ngoroutine "),
        _ if body.starts_with("http: panic serving ") => true,
        Some(byte) if byte.is_ascii_alphabetic() => {
            let head = head
                .strip_prefix("Exception in thread ")
                .and_then(|rest| Some(rest.split_once("\" ")?.1))
                .unwrap_or(head);
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | ':');
            let (name, rest) = head.split_at(head.find(|c| !is_name(c)).unwrap_or(head.len()));
            let typed = name.len() > 5 && (name.ends_with("Error") || name.ends_with("Exception"));
            let coded = || {
                let code = rest.strip_prefix(" [").and_then(|rest| rest.split_once("]: "));
                let code = code.or_else(|| rest.strip_prefix(" (").and_then(|rest| rest.split_once("): ")));
                code.is_some_and(|(code, _)| !code.is_empty() && !code.contains(' '))
                    // As Rails says it.
                    || rest.starts_with(" (") && rest.ends_with("):")
            };
            let framed = || message.split('\n').skip(1).any(opens_with_frame);
            typed && (rest.is_empty() && framed() || coded())
        }
        _ => false,
    }
}

/// `/srv/cart.js:3`, `file:///srv/cart.mjs:3`, `node:internal/process/promises:288`: where a program in JavaScript stopped.
fn is_place(head: &str) -> bool {
    let (path, line) = head.rsplit_once(':').unwrap_or_default();
    !line.is_empty()
        && line.bytes().all(|b| b.is_ascii_digit())
        && (path.starts_with('/') || path.starts_with("file:///") || path.starts_with("node:"))
}

/// The exception type that a line opens with: `TypeError: …`, `java.io.IOException: …`, `Uncaught Error: …`.
pub fn error_type(line: &str) -> Option<&str> {
    let head = line.trim_start();
    starts_with_error_type(head).then(|| {
        let front = head.split(':').next().unwrap_or(head);
        front.rsplit(' ').next().unwrap_or(front)
    })
}

fn starts_with_error_type(head: &str) -> bool {
    let head = head.strip_prefix("Uncaught ").unwrap_or(head);
    let head = head
        .strip_prefix("Exception in thread ")
        .map_or(head, |rest| rest.split_once(' ').map_or(rest, |(_, tail)| tail));
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$'))).unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    rest.starts_with(':')
        && name.len() > 5
        && (name.ends_with("Error") || name.ends_with("Exception"))
        && name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()))
}
