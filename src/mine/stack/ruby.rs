//! Ruby, and what its logger and Rails put before the lines of a stack.

use super::{Stack, head_of, is_name, is_type, lines, split_once};

/// File and function of `/app/x.rb:12:in 'f'`, and what follows.
fn place(line: &str) -> Option<(&str, &str, &str)> {
    let (place, rest) = split_once(line, ":in `").or_else(|| split_once(line, ":in '"))?;
    let (file, number) = place.rsplit_once(':')?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (function, after) = rest.split_once('\'')?;
    Some((file, function, after))
}

/// Whether a trimmed line is a Ruby frame.
pub(super) fn is_frame(line: &str) -> bool {
    let body = line.strip_prefix("from ").unwrap_or(line);
    place(body).is_some_and(|(file, _, after)| after.is_empty() && !file.contains(' '))
}

/// What Rake writes above the exception that ended a task, under the names that it is called by.
pub(super) const ABORTED: [&str; 4] = ["rake aborted!", "rails aborted!", "bin/rake aborted!", "bin/rails aborted!"];

/// Whether a line is one of those that Rake writes below the frames: the tasks, and how to see more.
pub(super) fn is_of_rake(line: &str) -> bool {
    line.starts_with("Tasks: TOP => ") || line.starts_with("(See full trace by running task with ")
}

/// `file.rb:1:in 'f': message (Type)` with `from` lines, or `Type (message):` above the frames.
pub(super) fn parse(message: &str) -> Stack<'_> {
    let mut stack = Stack::default();
    let mut first_frame = None;
    for (start, raw) in lines(message) {
        let t = raw.trim();
        let body = t.strip_prefix("from ").unwrap_or(t);
        let Some((file, function, after)) = place(body) else {
            continue;
        };
        first_frame.get_or_insert(start);
        if let Some((text, name)) = after.strip_prefix(": ").and_then(typed_message) {
            if stack.exceptions.is_empty() {
                stack.head = head_of(&message[..start]);
            }
            stack.exceptions.push((name, text));
        }
        let file = file.rsplit(' ').next().unwrap_or(file);
        stack.frame(file, function, !file.contains("/gems/") && !file.contains("/lib/ruby/") && !file.starts_with('<'));
    }
    if stack.exceptions.is_empty()
        && let Some(start) = first_frame
    {
        above(&mut stack, &message[..start]);
    }
    stack
}

/// `message (Type)`.
fn typed_message(text: &str) -> Option<(&str, &str)> {
    let (text, name) = text.strip_suffix(')')?.rsplit_once(" (")?;
    is_name(name).then_some((text.trim(), name))
}

/// The exception printed above the frames: `Type (message):` or `Type: message`.
fn above<'a>(stack: &mut Stack<'a>, text: &'a str) {
    let typed = |line: &'a str| {
        let line = behind(line.trim()).trim_start();
        let (name, rest) = line.split_once(" (").or_else(|| line.split_once(": "))?;
        let rest = rest.trim_end_matches([':', ')']);
        (is_name(name) && name.starts_with(char::is_uppercase) && !name.ends_with(':')).then_some((name, rest))
    };
    let found = lines(text).find_map(|(start, line)| Some((start, typed(line)?)));
    stack.head = said(found.map_or(text, |(start, _)| &text[..start]));
    stack.exceptions.extend(found.map(|(_, exception)| exception));
}

/// First line of the text before a trace that says more than what a logger writes before it.
fn said(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !behind(line).trim().is_empty())
}

/// Longest tag, and name of a program, in bytes.
const WORD_MAX_BYTES: usize = 64;

/// A line without what Ruby's logger and the tags of Rails put before it.
fn behind(line: &str) -> &str {
    tags(logged(line).unwrap_or(line))
}

/// The text behind what Ruby's logger writes: `E, [2025-01-01T10:00:00.123456 #12] ERROR -- : `.
fn logged(line: &str) -> Option<&str> {
    let [b'D' | b'I' | b'W' | b'E' | b'F' | b'A', b',', b' ', b'[', ..] = line.as_bytes() else { return None };
    let (level, rest) = split_once(split_once(line, "] ")?.1, " -- ")?;
    let (program, text) = rest.split_once(':')?;
    let is_level = level.trim_start().bytes().all(|b| b.is_ascii_uppercase());
    (is_level && program.len() <= WORD_MAX_BYTES).then(|| text.strip_prefix(' ').unwrap_or(text))
}

/// A text without the tags before it, such as the id of a request: `[0f3c7a52-77…] `.
fn tags(mut text: &str) -> &str {
    while let Some((_, rest)) = tag(text) {
        text = rest;
    }
    text
}

/// The tag at the front of a text, and what stands behind it.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let end = memchr::memchr(b']', &inner.as_bytes()[..inner.len().min(WORD_MAX_BYTES + 1)])?;
    let (tag, rest) = (&inner[..end], &inner[end + 1..]);
    let is_tag = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b));
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    is_tag.then_some((tag, rest))
}

/// Whether Ruby's logger wrote a line.
pub(super) fn is_logged(line: &str) -> bool {
    logged(line).is_some()
}

/// Whether a line is one of the code that Rails shows, with its number: `    11: <%= pick %>`.
pub(super) fn is_excerpt(line: &str) -> bool {
    line.starts_with("  ") && line.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

/// What Ruby's logger and the tags of Rails put before a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks<'a> {
    level: Option<u8>,
    tags: &'a str,
}

impl<'a> Marks<'a> {
    /// The marks of a line, if it is one of those that count behind marks.
    pub fn of(line: &'a str) -> Self {
        let line = line.trim_end_matches(['\n', '\r']);
        let counts = matches!(line.as_bytes(), [b'[', ..] | [b'A'..=b'Z', b',', ..])
            && !line.contains('\n')
            && text_behind(line).is_some();
        if counts { Self::before(line) } else { Self::default() }
    }

    /// The marks before a line of any kind.
    pub fn before(line: &'a str) -> Self {
        let line = line.lines().next().unwrap_or_default();
        let behind = logged(line);
        let text = behind.unwrap_or(line);
        let tags = text[..text.len() - tags(text).len()].trim_end();
        Self { level: behind.map(|_| line.as_bytes()[0]), tags }
    }

    /// Whether nothing stands before the line.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether two lines can be of one crash: the logger writes its level before the first of them, or before each.
    pub fn agrees(&self, other: Self) -> bool {
        self.tags == other.tags && (self.level == other.level || self.level.is_none() || other.level.is_none())
    }
}

/// The text of a row of one line behind what Ruby's logger and the tags of Rails put before it; `None` where nothing does.
///
/// Rails writes its tags before each line of a crash, and its logger only before the first. Other programs begin lines with
/// such words, too: behind tags alone, a text counts only if it is what Rails writes of a crash.
pub(super) fn text_behind(line: &str) -> Option<&str> {
    if let Some(text) = logged(line) {
        return Some(tags(text));
    }
    let (first, _) = tag(line).filter(|(tag, _)| tag.bytes().any(|b| b.is_ascii_digit() || b == b'-'))?;
    if line.len() == first.len() + 2 {
        return None;
    }
    let text = tags(line);
    let body = text.trim();
    let told = match body.as_bytes().last() {
        None => true,
        Some(b'\'') => is_frame(body),
        Some(b')' | b':') if raised(body).is_some() => true,
        _ => is_excerpt(text),
    };
    told.then_some(text)
}

/// The type that a line says, where it is an exception as Rails writes it above its frames:
/// `ActiveRecord::RecordNotFound (no order 17):`.
pub(super) fn raised(line: &str) -> Option<&str> {
    let told = line.strip_suffix(':').unwrap_or(line).strip_suffix(')')?;
    let (name, _) = split_once(told, " (")?;
    let is_constant = || is_name(name) && name.starts_with(char::is_uppercase) && name.contains("::");
    (is_type(name) || is_constant()).then_some(name)
}
