//! Python: `Traceback (most recent call last):`, chained and grouped.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;

use super::{Stack, head_of, indent, is_joiner, is_type, lines, split_exception, split_once};
use crate::record::Severity;

pub(super) const HEADER: &str = "Traceback (most recent call last)";

/// Whether a trimmed line is only the header.
pub(super) fn is_header(line: &str) -> bool {
    let Some(front) = line.strip_suffix("Traceback (most recent call last):") else { return false };
    let front = front.trim_start_matches(['+', '|', ' ']).trim_end();
    // A logger's level may stand before it.
    let is_level = || front.strip_suffix(':').is_some_and(|level| Severity::from_word(level).is_some());
    front.is_empty() || front == "Exception Group" || is_level()
}

/// File and function of a frame line.
pub(super) fn frame(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("File \"")?;
    let (file, rest) = split_once(rest, "\", line ")?;
    Some((file, split_once(rest, ", in ").map_or("", |(_, f)| f.trim())))
}

/// Whether a line is the exception of a group: it stands in the outermost margin, those that the group holds further in.
pub(super) fn ends_group(line: &str) -> bool {
    line.strip_prefix("  | ")
        .and_then(split_exception)
        .is_some_and(|(_, text)| text.ends_with(" sub-exceptions)") || text.ends_with(" sub-exception)"))
}

fn in_app(file: &str) -> bool {
    !file.starts_with('<') && !LIBRARY.as_ref().is_some_and(|library| library.is_match(file))
}

/// A searcher is made once: making it takes as long as a search.
static HEADERS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(HEADER));

/// What the paths of libraries hold.
static LIBRARY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let parts = ["site-packages", "dist-packages", "/lib/python", "\\lib\\"];
    // Which of them is found does not matter, and this kind is searched for with vectors.
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(parts).ok()
});

/// The line without the margin of an exception group.
fn bare(line: &str) -> &str {
    let t = line.trim_start();
    if line.len() == t.len() {
        return line;
    }
    t.strip_prefix("| ").or_else(|| t.strip_prefix("+ ")).unwrap_or(line)
}

/// Whether a line of a trace is code that tells nothing, seen from how it begins: half of them are.
fn is_code(line: &str, margin: usize) -> bool {
    let indent = line.bytes().take_while(|b| *b == b' ').count();
    indent > margin
        && line.as_bytes().get(indent).is_some_and(|b| {
            b.is_ascii_graphic() && !matches!(b, b'F' | b'T' | b'D' | b'E' | b'+' | b'|' | b'-' | b'[')
        })
}

pub(super) fn parse(message: &str) -> Stack<'_> {
    let mut stack = Stack::default();
    // Where the current exception's message starts, while it may still go on.
    let mut open: Option<(&str, usize)> = None;
    let mut in_trace = false;
    let mut margin = 0;
    let mut started = false;
    let mut grouped = false;
    let mut exceptions: Vec<(&str, &str)> = Vec::new();
    let mut headers = HEADERS.find_iter(message.as_bytes()).peekable();
    for (start, raw) in lines(message) {
        while headers.next_if(|at| *at < start).is_some() {}
        let header = headers.peek().filter(|at| **at < start + raw.len()).map(|at| at - start);
        if in_trace && header.is_none() && is_code(raw, margin) {
            continue;
        }
        grouped |= raw.trim_ascii_start().starts_with("+-");
        let line = bare(raw);
        let t = line.trim();
        if let Some(at) = header {
            let at = at - (raw.len() - line.len());
            end_message(message, &mut exceptions, &mut open, start);
            let mut before = &line[..at];
            while let Some(rest) = before.strip_suffix("Exception Group ") {
                before = rest;
            }
            let before = before.trim();
            if !started {
                let text = message[..start].trim();
                stack.head = head_of(text).or_else(|| before.chars().any(char::is_alphanumeric).then_some(before));
            }
            margin = if before.is_empty() { indent(line) } else { 0 };
            (in_trace, started) = (true, true);
        } else if let Some((file, function)) = frame(t) {
            if !started {
                stack.head = head_of(&message[..start]);
                margin = indent(line).saturating_sub(2);
            }
            end_message(message, &mut exceptions, &mut open, start);
            (in_trace, started) = (true, true);
            stack.frame(file, function, in_app(file));
        } else if in_trace && !t.is_empty() && indent(line) <= margin {
            if let Some((name, text)) = split_exception(line) {
                // The text is the line's end.
                let from = start + if text.is_empty() { raw.len() } else { raw.trim_end().len() - text.len() };
                open = Some((name, from));
                in_trace = false;
            }
        } else if is_joiner(t) || t.starts_with("+---") || t.starts_with("+-+-") {
            end_message(message, &mut exceptions, &mut open, start);
        }
    }
    end_message(message, &mut exceptions, &mut open, message.len());
    // Lambda names the exception above its frames only: `[ERROR] ValueError: no stock`.
    if exceptions.is_empty()
        && let Some(named) = stack.head.and_then(|head| head.strip_prefix("[ERROR] ")).and_then(split_exception)
        && is_type(named.0)
    {
        exceptions.push(named);
        stack.head = None;
    }
    // A group is printed before what it holds.
    stack.root_first = !grouped;
    stack.exceptions = exceptions;
    stack
}

fn end_message<'a>(
    message: &'a str,
    exceptions: &mut Vec<(&'a str, &'a str)>,
    open: &mut Option<(&'a str, usize)>,
    end: usize,
) {
    if let Some((name, from)) = open.take() {
        exceptions.push((name, message.get(from..end).unwrap_or_default().trim()));
    }
}
