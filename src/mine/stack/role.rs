//! What a row is to its neighbours where an export cut one stack into many rows: told from its text alone.

use super::{LINES_MAX, elixir, is_carets, is_frame_line, is_joiner, is_type, native, parse_stack, python};
use super::{ruby, script, split_exception, unescape};
use crate::record::{Opening, Severity, opening};

/// What a row is to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowRole {
    /// Anything else.
    Plain,
    /// Holds an exception and its stack.
    Traceback,
    /// Only ties two tracebacks together.
    Joiner,
    /// Only frames of a stack, or lines that mean nothing outside one.
    Frame,
    /// The same of Python, whose exception stands below its frames.
    PythonFrame,
    /// A line that belongs to a stack where one is open, such as code below a frame or a cause; otherwise anything else.
    Inside,
    /// An exception's line, which ends a stack of Python that is open; otherwise anything else.
    Exception,
    /// No text, or a line such as `Stack trace:`: belongs to the stack of which a row follows.
    Between,
    /// Says that something failed, and the row below it what: `thread 'main' panicked at src/main.rs:3:5:`.
    Opener,
    /// The same of .NET's console, which indents what stands below: `fail: Shop.Orders[13]`.
    Console,
    /// The place of an error of Node; the row below it is the code that stands there, the error comes behind that.
    Place,
    /// Says that a program did not start; the rows below it say why: `APPLICATION FAILED TO START`.
    Banner,
    /// Says why a program did not start; the rows below it tell more.
    Reason,
    /// Announces the cause of what failed above it, on the row below it: `Caused by:`.
    Cause,
}

impl RowRole {
    /// Every role.
    pub const ALL: [Self; 14] = [
        Self::Plain,
        Self::Traceback,
        Self::Joiner,
        Self::Frame,
        Self::PythonFrame,
        Self::Inside,
        Self::Exception,
        Self::Between,
        Self::Opener,
        Self::Console,
        Self::Place,
        Self::Banner,
        Self::Reason,
        Self::Cause,
    ];

    /// Whether the row is a part of a stack whatever stands around it.
    pub fn is_of_stack(self) -> bool {
        !matches!(self, Self::Plain | Self::Inside | Self::Exception | Self::Between)
    }
}

/// A row of one line without the time that tools such as gcloud print before each line that they read: `2025-01-01 10:00:00 `.
/// Behind it a line of a stack is one, whatever else it would be.
pub fn unstamped(message: &str) -> &str {
    stamped(message).unwrap_or(message)
}

/// What stands behind the time at the front of a row of one line.
fn stamped(message: &str) -> Option<&str> {
    let stamp = message.as_bytes().first_chunk::<19>()?;
    let is_stamp = stamp[0].is_ascii_digit()
        && stamp.iter().zip(b"0000-00-00 00:00:00").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        });
    if !is_stamp {
        return None;
    }
    let rest = message[19..].trim_end_matches(['\n', '\r']);
    let text = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    memchr::memchr(b'\n', text.as_bytes()).is_none().then_some(text)
}

/// The role of what stands behind a time.
fn of_stamped(text: &str) -> RowRole {
    // Levels are padded with blanks on either side.
    let is_levelled = || text.split_ascii_whitespace().next().is_some_and(|word| Severity::from_word(word).is_some());
    match of_text(text) {
        // An entry may say anything below them, and has such a time, too.
        RowRole::Banner | RowRole::Reason => RowRole::Plain,
        RowRole::Inside if is_levelled() => RowRole::Plain,
        role => role,
    }
}

/// The role of a row, from its text alone.
pub fn row_role(message: &str) -> RowRole {
    stamped(message).map_or_else(|| of_text(message), of_stamped)
}

fn of_text(message: &str) -> RowRole {
    if let [b'[', ..] | [b'A'..=b'Z', b',', ..] = message.as_bytes()
        && let Some(text) = ruby::text_behind(message.trim_end_matches(['\n', '\r']))
        && !text.contains('\n')
    {
        let body = text.trim();
        let role = if body.is_empty() { RowRole::Between } else { of_line(text, body) };
        // Entries of their own are indented, too.
        let is_entry = || ruby::is_logged(message) && text.starts_with([' ', '\t']) && !ruby::is_excerpt(text);
        return if role == RowRole::Inside && is_entry() { RowRole::Plain } else { role };
    }
    if is_plain(message.as_bytes()) {
        return RowRole::Plain;
    }
    let body = message.trim();
    if body.is_empty() {
        return RowRole::Between;
    }
    if let Some(lines) = unescape(body).filter(|_| !body.starts_with('{')) {
        return of_text(&lines);
    }
    if !body.contains('\n') {
        return of_line(message, body);
    }
    let mut lines = body.lines().map(str::trim).filter(|l| !l.is_empty()).take(LINES_MAX);
    if lines.clone().all(is_joiner) {
        return RowRole::Joiner;
    }
    let follows_frame = |l: &str| is_carets(l) || l.starts_with("at ");
    if lines.all(|l| is_frame_line(l) || follows_frame(l)) {
        return RowRole::Frame;
    }
    match parse_stack(message) {
        Some(stack) if !stack.exceptions.is_empty() => RowRole::Traceback,
        Some(stack) if stack.head.is_none() => RowRole::Frame,
        _ => RowRole::Plain,
    }
}

/// The role of a row of one line; `body` is the line without what surrounds it.
fn of_line(line: &str, body: &str) -> RowRole {
    if is_joiner(body) {
        RowRole::Joiner
    } else if let Some(opening) = opening(body) {
        match opening {
            Opening::Banner => RowRole::Banner,
            Opening::Reason => RowRole::Reason,
        }
    } else if matches!(body, "Caused by:" | "Causes:") {
        RowRole::Cause
    } else if python::frame(body).is_some() || python::is_header(body) {
        RowRole::PythonFrame
    } else if is_frame_line(line) || is_carets(body) || script::is_php_margin(body) {
        RowRole::Frame
    } else if is_between(line, body) {
        RowRole::Between
    } else if native::is_opener(body) || ruby::ABORTED.contains(&body) {
        RowRole::Opener
    } else if is_console(line) {
        RowRole::Console
    } else if script::is_place(body) {
        RowRole::Place
    } else if python::ends_group(line)
        || is_in_console(line)
        || elixir::exception(body).is_some()
        || ruby::raised(body).is_some()
    {
        RowRole::Exception
    } else if is_inside(line) {
        RowRole::Inside
    } else if split_exception(line).is_some_and(|(name, _)| is_type(name)) {
        RowRole::Exception
    } else {
        RowRole::Plain
    }
}

/// Whether one line only stands between an error and its stack.
fn is_between(line: &str, body: &str) -> bool {
    matches!(body, "Stack trace:" | "stack backtrace:" | "#")
        || is_border(body)
        || script::is_required(body)
        // An exception of .NET inside another; a panic of Go that was recovered, and what the processor said.
        || line.starts_with([' ', '\t']) && (body.starts_with("---> ") || body.starts_with("panic: "))
        || body.starts_with("[signal SIG") && body.ends_with(']')
}

/// Whether a line is nothing but stars, or what Spring logs its report of a failed start with.
fn is_border(line: &str) -> bool {
    let reports = |line: &str| line.trim_end().ends_with(".LoggingFailureAnalysisReporter");
    is_stars(line.as_bytes()) || line.strip_suffix(':').is_some_and(reports)
}

fn is_stars(line: &[u8]) -> bool {
    line.len() >= 10 && line.iter().all(|b| *b == b'*')
}

/// Whether a line is the first of two that the console of .NET writes for a warning or worse: `fail: Shop.Orders[13]`.
fn is_console(line: &str) -> bool {
    const LEVELS: [&str; 3] = ["fail: ", "warn: ", "crit: "];
    let rest =
        LEVELS.iter().find_map(|level| line.strip_prefix(level)).and_then(|rest| rest.trim_end().strip_suffix(']'));
    let is_category = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'`' | b'-' | b'<' | b'>'))
    };
    rest.and_then(|rest| rest.split_once('[')).is_some_and(|(name, event)| {
        is_category(name)
            && !event.is_empty()
            && event.strip_prefix('-').unwrap_or(event).bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a line is the exception below a message on the console of .NET, which indents both by six.
fn is_in_console(line: &str) -> bool {
    let inner = line.strip_prefix("      ").filter(|inner| !inner.starts_with(' '));
    inner.and_then(split_exception).is_some_and(|(name, _)| is_type(name))
}

/// Whether one line can stand below the frames of a stack: code of Python, a cause, a function of Go, the last words of a runtime.
fn is_inside(line: &str) -> bool {
    const STARTS: [&str; 9] = [
        "Caused by: ",
        "Suppressed: ",
        "Node.js v",
        "Emitted 'error' event ",
        "note: run with `RUST_BACKTRACE",
        "note: Some details are omitted",
        "exit status ",
        "Last message",
        "State: ",
    ];
    line.starts_with("  ")
        || line.starts_with('\t')
        || line.trim_end() == "}"
        || ruby::is_of_rake(line)
        || STARTS.iter().any(|start| line.starts_with(start))
        || native::is_call(line)
}

/// Whether a text is one line that can be no line of any stack, seen from its ends; asked for every row that is read.
fn is_plain(s: &[u8]) -> bool {
    let [first @ b'!'..=b'~', .., last @ b'!'..=b'~'] = s else {
        return false;
    };
    // Joiners, elisions, carets and frames that start with a sign; Rust's start with a number; Ruby's end with a quote.
    let start = match first {
        b'-' | b'.' | b'#' | b'+' | b'|' | b'^' | b'~' | b'0'..=b'9' => true,
        b'[' | b'"' => matches!(s, b"[stacktrace]" | b"\"}") || starts(s, &["[previous exception] ", "[signal SIG"]),
        b'*' => starts(s, &[elixir::MARK]) || is_stars(s),
        b'A' => starts(s, &["APPLICATION FAILED "]),
        b'(' if s.starts_with(b"(See full trace ") => true,
        b'(' => memchr::memmem::find(s, b") ").is_some() && memchr::memmem::find(s, b": ").is_some(),
        b'a' => starts(s, &["at "]),
        b'r' if s.starts_with(b"runtime stack:") => true,
        b'b' | b'r' => *last == b'!' && ruby::ABORTED.iter().any(|line| line.as_bytes() == s),
        b'c' => starts(s, &["created by ", "crit: "]),
        b'e' => starts(s, &["exit status "]),
        b'f' => starts(s, &["fail: "]),
        b'g' => starts(s, &["goroutine "]),
        b'n' => starts(s, &["note: run with ", "note: Some details "]),
        b'p' => starts(s, &["panic("]),
        b's' => starts(s, &["stack backtrace:"]),
        b't' => starts(s, &["thread '", "thrown in "]),
        b'w' => starts(s, &["warn: "]),
        b'C' => starts(s, &["Caused by:", "Causes:"]),
        b'D' => starts(s, &["During "]),
        b'E' => starts(s, &["Exception Group ", "Emitted 'error' "]),
        b'F' => starts(s, &["File \""]),
        b'I' => starts(s, &["It was not possible to find any compatible framework "]),
        b'L' => starts(s, &["Last message"]),
        b'N' => starts(s, &["Node.js v"]),
        b'R' => starts(s, &["Require stack:"]),
        b'S' => starts(s, &["Suppressed: ", "Stack trace:", "State: "]),
        b'T' => starts(s, &["The above ", "Traceback ", "Tasks: TOP => "]),
        b'Y' => starts(s, &["You must install or update .NET "]),
        _ => false,
    };
    // A logger's level may stand before the header of Python.
    let header = *last == b':' && s.ends_with(b"Traceback (most recent call last):");
    if start || header || *last == b'\'' || memchr::memchr2(b'\n', b'\\', s).is_some() {
        return false;
    }
    let word = &s[..memchr::memchr(b' ', s).unwrap_or(s.len())];
    // Rails: `Type (message):`.
    if matches!(last, b':' | b')') && s[word.len()..].starts_with(b" (") && first.is_ascii_uppercase() {
        return false;
    }
    // Go: the first word is `file.go:12`, or the line a call. An exception's is its name.
    let name = word.strip_suffix(b":").filter(|_| word.len() < s.len()).or((word.len() == s.len()).then_some(word));
    let exception = name.and_then(|name| std::str::from_utf8(name).ok()).is_some_and(is_type);
    let call = *last == b')' && memchr::memchr(b'(', word).is_some() && memchr::memchr(b'.', word).is_some();
    let place =
        word.iter().rposition(|b| !b.is_ascii_digit()).is_some_and(|at| at + 1 < word.len() && word[at] == b':');
    !exception && !call && !place
}

fn starts(s: &[u8], with: &[&str]) -> bool {
    with.iter().any(|start| s.starts_with(start.as_bytes()))
}
