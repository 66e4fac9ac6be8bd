//! Python: `Traceback (most recent call last):`, chained and grouped.

use super::{Stack, head_of, indent, is_joiner, lines, split_exception};

pub(super) const HEADER: &str = "Traceback (most recent call last)";

/// Whether a trimmed line is only the header.
pub(super) fn is_header(line: &str) -> bool {
    matches!(
        line.trim_start_matches(['+', '|', ' ']),
        "Traceback (most recent call last):" | "Exception Group Traceback (most recent call last):"
    )
}

/// File and function of a frame line.
pub(super) fn frame(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("File \"")?;
    let (file, rest) = rest.split_once("\", line ")?;
    Some((file, rest.split_once(", in ").map_or("", |(_, f)| f.trim())))
}

fn in_app(file: &str) -> bool {
    const LIBRARY: [&str; 4] = ["site-packages", "dist-packages", "/lib/python", "\\lib\\"];
    !file.starts_with('<') && !LIBRARY.iter().any(|l| file.contains(l))
}

/// Where the header stands in a line; asked for every line of every trace.
fn find_header(line: &str) -> Option<usize> {
    memchr::memchr_iter(HEADER.as_bytes()[0], line.as_bytes())
        .find(|&at| line.as_bytes()[at..].starts_with(HEADER.as_bytes()))
}

/// The line without the margin of an exception group.
fn bare(line: &str) -> &str {
    let t = line.trim_start();
    if line.len() == t.len() {
        return line;
    }
    t.strip_prefix("| ").or_else(|| t.strip_prefix("+ ")).unwrap_or(line)
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
    for (start, raw) in lines(message) {
        grouped |= raw.trim_start().starts_with("+-");
        let line = bare(raw);
        let t = line.trim();
        if let Some(at) = find_header(line) {
            end_message(message, &mut exceptions, &mut open, start);
            let before = line[..at].trim_end_matches("Exception Group ").trim();
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
                let from = start + raw.rfind(text).filter(|_| !text.is_empty()).unwrap_or(raw.len());
                open = Some((name, from));
                in_trace = false;
            }
        } else if is_joiner(t) || t.starts_with("+---") || t.starts_with("+-+-") {
            end_message(message, &mut exceptions, &mut open, start);
        }
    }
    end_message(message, &mut exceptions, &mut open, message.len());
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
