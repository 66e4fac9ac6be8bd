//! Stack traces inside one row: which exceptions were printed, in which order, over which frames;
//! and what a row is when an export cut one stack into many rows.
//!
//! A trace is read line by line by the rules of its runtime and only for three things: the text
//! before it, the exceptions, the frames. Frames never become text of a template: two crashes
//! with one exception are one cluster, and the frames tell them apart inside it.

mod at;
mod elixir;
mod native;
mod python;
mod role;
mod ruby;
mod script;

#[cfg(test)]
mod tests;

use memchr::memmem::find;

pub use role::{RowRole, row_role, unstamped};
pub use ruby::Marks;

use crate::record::strip_ansi;

/// Frames kept of one stack; deep recursion repeats itself.
const FRAMES_MAX: usize = 256;
/// Frames for which there is room from the first one on.
const FRAMES_LIKELY: usize = 16;
/// Longest name of an exception type, in bytes.
const NAME_MAX_BYTES: usize = 256;
/// Lines of one row that are looked at.
const LINES_MAX: usize = 5000;

/// One stack frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// File, class file or module, as printed, without line numbers; may be empty.
    pub file: &'a str,
    /// Function, as printed; may be empty.
    pub function: &'a str,
    /// Whether the frame is the application's own code rather than a runtime's or a library's.
    pub in_app: bool,
}

/// What one row's stack trace says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack<'a> {
    /// First line of text before the trace.
    pub head: Option<&'a str>,
    /// (type, message) in printed order; the last one is the row's exception.
    pub exceptions: Vec<(&'a str, &'a str)>,
    /// Frames in printed order.
    pub frames: Vec<Frame<'a>>,
    /// Whether the chain is printed from its root to the outermost wrapper (Python, PHP, Go), not the other way round (Java,
    /// .NET, Node, Ruby).
    pub root_first: bool,
}

impl<'a> Stack<'a> {
    /// The exception with which the chain began: type and message.
    pub fn root(&self) -> Option<(&'a str, &'a str)> {
        let root = if self.root_first { self.exceptions.first() } else { self.exceptions.last() };
        root.copied()
    }

    /// The exceptions around the root, the innermost first.
    pub fn wrappers(&self) -> Vec<(&'a str, &'a str)> {
        let mut all = self.exceptions.clone();
        if !self.root_first {
            all.reverse();
        }
        all.into_iter().skip(1).collect()
    }

    /// Hash over file and function of the in-app frames, of all frames when none is in-app.
    pub fn id(&self) -> Option<u64> {
        let any = self.frames.iter().any(|f| f.in_app);
        let mut bytes = Vec::with_capacity(64 * self.frames.len());
        for frame in self.frames.iter().filter(|f| f.in_app || !any) {
            for part in [frame.file, frame.function] {
                // Generated names (`Lambda$14/0x0800`) differ from start to start.
                for plain in part.as_bytes().split(u8::is_ascii_digit) {
                    bytes.extend_from_slice(plain);
                }
                bytes.push(0);
            }
        }
        let hash = blake3::hash(&bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        (!self.frames.is_empty()).then(|| u64::from_be_bytes(first))
    }

    fn frame(&mut self, file: &'a str, function: &'a str, in_app: bool) {
        if self.frames.is_empty() {
            self.frames.reserve(FRAMES_LIKELY);
        }
        if self.frames.len() < FRAMES_MAX {
            self.frames.push(Frame { file, function, in_app });
        }
    }
}

/// Reads the stack trace of a row; `None` when the row holds none.
pub fn parse_stack(message: &str) -> Option<Stack<'_>> {
    let bytes = message.as_bytes();
    let has = |needle: &str| find(bytes, needle.as_bytes()).is_some();
    if !message.trim_end().contains('\n') {
        return None;
    }
    let stack = if let Some(stack) = bracketed(message) {
        stack
    } else if has(python::HEADER) || has("\", line ") {
        python::parse(message)
    } else if has("panicked at") {
        native::rust(message)
    } else if has("goroutine ") {
        native::go(message)
    } else if (has("Stack trace:") || has("[stacktrace]")) && has("#0 ") {
        script::php(message)
    } else if has(":in `") || has(":in '") {
        ruby::parse(message)
    } else if has(elixir::MARK) && elixir_frames(message) {
        elixir::parse(message)
    } else if has(".go:") && native::has_go_frame(message) {
        native::go_frames(message)
    } else if has(".php:") && has(" in /") {
        script::php(message)
    } else if has("at ") {
        at::parse(message)
    } else {
        return None;
    };
    let known = !stack.exceptions.is_empty() || !stack.frames.is_empty();
    known.then_some(stack)
}

/// A message and below it nothing but an error in brackets: so Node prints one that has no stack, and so one is told that a
/// logger put beside its message.
fn bracketed(message: &str) -> Option<Stack<'_>> {
    // Few messages end so, and each message of several lines is asked.
    let message = message.trim_end();
    let inner = message.strip_suffix(']')?;
    let (head, error) = inner.split_at(memchr::memchr(b'\n', inner.as_bytes())?);
    let error = error.strip_prefix("\n[")?;
    let (name, text) = split_exception(error).filter(|(name, _)| is_type(name))?;
    let is_alone = !error.contains('\n') && exception_of(head).is_none();
    is_alone.then(|| Stack { head: head_of(head), exceptions: vec![(name, text)], ..Stack::default() })
}

/// Exception type and stack id that a message of several lines has; `None` when it holds no stack trace.
pub fn traced(message: &str) -> Option<(Option<String>, Option<u64>)> {
    let clean = strip_ansi(message);
    let stack = parse_stack(clean.as_deref().unwrap_or(message))?;
    Some((stack.exceptions.last().map(|(name, _)| (*name).to_owned()), stack.id()))
}

/// The type that the line of an exception says.
pub fn exception_of(line: &str) -> Option<&str> {
    let body = line.trim();
    let typed = || split_exception(body).map(|(name, _)| name).filter(|name| is_type(name));
    elixir::exception(body).map(|(name, _)| name).or_else(|| ruby::raised(body)).or_else(typed)
}

/// Whether a line can be that of an exception of any name, where one is awaited: `NoStock: 17`. One plain word is what programs
/// begin lines of any kind with: `Cache: warmed`.
pub fn may_be_exception(line: &str) -> bool {
    split_exception(line).is_some_and(|(name, text)| !text.is_empty() && (is_type(name) || has_humps(name)))
}

/// Whether the last word of a name is of several: `NoStock`.
fn has_humps(name: &str) -> bool {
    let last = name.rsplit(['.', ':', '$', '\\']).next().unwrap_or_default();
    let hump = |pair: &[u8]| !pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase();
    last.starts_with(|c: char| c.is_ascii_uppercase())
        && last.bytes().all(|b| b.is_ascii_alphanumeric())
        && last.as_bytes().windows(2).any(hump)
}

fn is_joiner(line: &str) -> bool {
    const JOINERS: [&str; 4] = [
        "During handling of the above exception, another exception occurred",
        "The above exception was the direct cause of the following exception",
        "--- End of inner exception stack trace ---",
        "--- End of stack trace from previous location",
    ];
    JOINERS
        .iter()
        .any(|j| line.strip_prefix(j).is_some_and(|rest| rest.bytes().all(|b| matches!(b, b':' | b'.' | b'-' | b' '))))
        || line.starts_with("[previous exception] [object] (")
}

/// A trace that was logged on one line with its line breaks written as `\\n`; as lines again.
pub(super) fn unescape(message: &str) -> Option<String> {
    const MARKS: [&str; 4] = ["last):\\n", "\\n    at ", "\\n\\tat ", "\\n\tat "];
    let bytes = message.as_bytes();
    let one_line = memchr::memchr(b'\\', bytes).is_some() && !message.trim_end().contains('\n');
    (one_line && MARKS.iter().any(|m| find(bytes, m.as_bytes()).is_some()))
        .then(|| message.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\""))
}

/// Whether a frame of Elixir stands in a text.
fn elixir_frames(message: &str) -> bool {
    lines(message).any(|(_, line)| elixir::frame(line.trim()).is_some())
}

/// Whether one line is nothing but a frame of any runtime.
fn is_frame_line(line: &str) -> bool {
    let t = line.trim();
    python::frame(t).is_some()
        || at::is_frame(t)
        || at::is_elision(t)
        || script::is_php_frame(t)
        || ruby::is_frame(t)
        || native::is_frame(t)
        || elixir::frame(t).is_some()
}

/// The underlines that newer Python and Ruby print below code.
fn is_carets(line: &str) -> bool {
    matches!(line.as_bytes(), [b'^' | b'~' | b' ' | b'|', ..])
        && line.bytes().any(|b| b == b'^')
        && line.bytes().all(|b| matches!(b, b'^' | b'~' | b' ' | b'|'))
}

/// Whether a text is a dotted identifier.
fn is_name(text: &str) -> bool {
    (1..=NAME_MAX_BYTES).contains(&text.len())
        && !text.ends_with('.')
        && text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | ':' | '\\'))
        && !text.ends_with(':')
}

/// Whether a name reads like an exception's type.
fn is_type(name: &str) -> bool {
    const ENDS: [&str; 12] = [
        "Error",
        "Exception",
        "Throwable",
        "Fault",
        "Failure",
        "Interrupt",
        "Exit",
        "Warning",
        "Iteration",
        "Timeout",
        "Abort",
        "Panic",
    ];
    let last = name.rsplit(['.', ':', '$', '\\']).next().unwrap_or_default();
    // Private ones of Python, and its old ones in small letters: `grpc._channel._InactiveRpcError`, `socket.gaierror`.
    let (public, is_dotted) = (last.trim_start_matches('_'), name.contains('.'));
    let is_small = || is_dotted && ["error", "timeout"].iter().any(|end| last.ends_with(end));
    is_name(name)
        && if public.starts_with(char::is_uppercase) {
            is_dotted || public == last && ENDS.iter().any(|e| last.ends_with(e))
        } else {
            is_small()
        }
}

/// Where a text stands in a line. The searcher of the standard library is made anew for each line of every trace, which takes
/// longer than the search.
fn place_of(line: &str, wanted: &str) -> Option<usize> {
    let first = wanted.as_bytes().first()?;
    memchr::memchr_iter(*first, line.as_bytes()).find(|&at| line.as_bytes()[at..].starts_with(wanted.as_bytes()))
}

fn split_once<'a>(line: &'a str, by: &str) -> Option<(&'a str, &'a str)> {
    let at = place_of(line, by)?;
    Some((&line[..at], &line[at + by.len()..]))
}

/// Splits `Type: message` or a bare `Type`; `Type [CODE]: message` and `Type (0x80004005): message` too.
fn split_exception(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (name, text) = split_once(line, ": ").unwrap_or_else(|| (line.strip_suffix(':').unwrap_or(line), ""));
    let number = |code: &str| {
        code.strip_suffix(')').is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x'))
    };
    let plain = split_once(name, " [").filter(|(_, code)| code.ends_with(']'));
    let plain = plain.or_else(|| split_once(name, " (").filter(|(_, code)| number(code))).map_or(name, |(n, _)| n);
    is_name(plain).then_some((plain, text.trim()))
}

/// First non-blank line of the text before the trace.
fn head_of(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|l| !l.is_empty())
}

/// Lines with the offset at which each starts.
fn lines(message: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b'\n', message.as_bytes()).chain([message.len()]);
    ends.take(LINES_MAX).map(move |end| {
        let start = std::mem::replace(&mut from, end + 1);
        let line = &message[start..end];
        (start, line.strip_suffix('\r').unwrap_or(line))
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
