//! Lines of plain text that belong together: a line with a time (it may lack the year), and what follows it without one.
//!
//! A stack is a part of the entry before it; any other line without a time is an entry of its own, at the time of the line
//! before. A run from one line with a time up to the next is one token of the framer, so that where a file's blocks are cut
//! changes nothing; so it must not be longer than a block can wait for.

use std::ops::Range;

use super::framing::{End, utf8};
use super::{pieces, said};
use crate::record::{Severity, effective, error_type};

/// Most bytes of a run; lines beyond them have no time.
const MOST_BYTES: usize = 256 << 10;
/// Bytes of a line that say what it is.
const HEAD: usize = 512;

/// A line with a time, and those behind it that have none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Entries, the one with the time first, each from its first byte to its last.
    pub(super) entries: Vec<Range<usize>>,
    pub(super) blank_lines: u64,
    pub(super) length: usize,
}

/// The newest entry of a run, as far as what follows depends on it.
struct Open {
    /// It is no failure by its level: a stack behind it is an entry of its own.
    calm: bool,
    stack: Stack,
    /// Its level and its message stand on the next line.
    half: bool,
}

/// What an entry holds of stacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stack {
    None,
    /// A stack, which may be complete.
    Some,
    /// It ends inside a stack of Python, whose exception comes behind its frames.
    Python,
    /// It ends with a sentence that ties the next stack to the one before.
    Tied,
}

/// What a line without a time is to the entry before it.
#[derive(PartialEq, Eq)]
enum Role {
    /// A part of it.
    Part,
    /// An entry of its own.
    Own,
    /// No line of text, or one with a time.
    End,
}

/// Follows the run that begins with the line at the front of `bytes`; `None` when it may go on beyond them.
pub(super) fn follow(bytes: &[u8], end: End) -> Option<Run> {
    let first = line_at(bytes, 0, end)?;
    let text = first.trim_ascii_end();
    // One byte at least, or the line would be looked at for ever.
    let length = text.len().max(1);
    let mut run = Run { entries: std::iter::once(0..length).collect(), blank_lines: 0, length };
    if !said::has_own_head(head(text)) {
        return Some(run);
    }
    let mut open = Open::of(head(text));
    let (mut at, mut blank_lines) = (first.len(), 0);
    loop {
        let line = match next_line(bytes, at, end) {
            Next::Line(line) => line,
            Next::Nothing => break,
            Next::More => return None,
        };
        let start = at + 1;
        at = start + line.len();
        let text = line.trim_ascii_end();
        if text.is_empty() {
            blank_lines += 1;
            continue;
        }
        let blanks = text.len() - text.trim_ascii_start().len();
        let role = match open.role_of(text, blanks) {
            // Only the line behind it says whether a stack begins.
            None => match next_line(bytes, at, end) {
                Next::More => return None,
                // A function of Go, whose place stands below it.
                Next::Line(next) if next.starts_with(b"\t/") && open.stack != Stack::None => Role::Part,
                Next::Line(next) if is_indented_frame(next) => open.begins_stack(),
                _ => Role::Own,
            },
            Some(role) => role,
        };
        match (role, run.entries.last_mut()) {
            (Role::End, _) => break,
            (Role::Part, Some(entry)) => {
                entry.end = start + text.len();
                open.take(text);
            }
            _ => {
                run.entries.push(start + blanks..start + text.len());
                run.blank_lines += blank_lines;
                open = Open::of(head(&text[blanks..]));
            }
        }
        blank_lines = 0;
        run.length = start + text.len();
    }
    Some(run)
}

/// The line at a place, without its end; `None` where only more bytes say where it ends.
fn line_at(bytes: &[u8], at: usize, end: End) -> Option<&[u8]> {
    match memchr::memchr(b'\n', &bytes[at..]) {
        Some(length) => Some(&bytes[at..at + length]),
        None => (end != End::Window).then(|| &bytes[at..]),
    }
}

/// What stands behind the end of a line.
enum Next<'a> {
    Line(&'a [u8]),
    /// Nothing that can belong to the run.
    Nothing,
    /// Only more bytes say it.
    More,
}

fn next_line(bytes: &[u8], at: usize, end: End) -> Next<'_> {
    let near = &bytes[..bytes.len().min(MOST_BYTES)];
    let cut = near.len() < bytes.len() || end == End::Limit;
    let rest = near.get(at + 1..).unwrap_or_default();
    match memchr::memchr(b'\n', rest) {
        Some(length) => Next::Line(&rest[..length]),
        None if cut => Next::Nothing,
        None if end == End::Window => Next::More,
        None if rest.is_empty() => Next::Nothing,
        None => Next::Line(rest),
    }
}

/// The beginning of a line as text.
fn head(line: &[u8]) -> &str {
    utf8(&line[..line.len().min(HEAD)])
}

impl Open {
    fn of(head: &str) -> Self {
        let calm = is_calm(head);
        let stack = match () {
            () if is_header(head) => Stack::Python,
            () if begins_alone(head) || error_type(head).is_some() => Stack::Some,
            () => Stack::None,
        };
        Self { calm, stack, half: said::is_half(head) }
    }

    /// What a line is to the entry; `None` where the line behind it decides.
    fn role_of(&self, text: &[u8], blanks: usize) -> Option<Role> {
        let line = head(&text[blanks..]);
        match text[blanks] {
            b'{' | b',' | b']' => return Some(Role::End),
            b'[' if matches!(text[blanks + 1..].trim_ascii_start().first(), None | Some(b'{' | b'[' | b']')) => {
                return Some(Role::End);
            }
            _ => {}
        }
        if said::has_own_head(line) || pieces::is_line(&text[blanks..]) || super::framing::is_prefixed(&text[blanks..])
        {
            return Some(Role::End);
        }
        if blanks > 0 || is_tied(line) || is_inside(line) || self.half && begins_with_level(line) {
            return Some(Role::Part);
        }
        if self.stack == Stack::Python {
            return Some(if line.starts_with(PYTHON) { self.begins_stack() } else { Role::Part });
        }
        if begins_alone(line) {
            return Some(Role::Own);
        }
        if line.starts_with(PYTHON) || error_type(line).is_some() {
            return Some(self.begins_stack());
        }
        None
    }

    /// A stack that begins is a part of a failure, and of a stack that was tied to it.
    fn begins_stack(&self) -> Role {
        match self.stack {
            Stack::Tied => Role::Part,
            Stack::None if !self.calm => Role::Part,
            _ => Role::Own,
        }
    }

    /// Goes on behind a part.
    fn take(&mut self, text: &[u8]) {
        let indented = matches!(text[0], b' ' | b'\t');
        let line = head(text);
        if std::mem::take(&mut self.half) {
            self.calm = is_calm(line);
            return;
        }
        self.stack = match () {
            () if is_tied(line) => Stack::Tied,
            () if line.starts_with(PYTHON) || self.stack == Stack::Python && indented => Stack::Python,
            () if self.stack != Stack::None || !indented || is_indented_frame(text) => Stack::Some,
            () => Stack::None,
        };
    }
}

/// Whether a text states a level that is none of a failure.
fn is_calm(text: &str) -> bool {
    let level = effective(Severity::Default, text, None).severity;
    matches!(level, Severity::Debug | Severity::Info | Severity::Notice)
}

/// `SEVERE: x`, as Java's own loggers write it.
pub(super) fn begins_with_level(line: &str) -> bool {
    line.split_once(": ")
        .is_some_and(|(word, _)| matches!(word, "SEVERE" | "WARNING" | "INFO" | "CONFIG" | "FINE" | "FINER" | "FINEST"))
}

/// Whether a line that a time stands before reads like one of a stack.
pub(super) fn is_of_stack(line: &str) -> bool {
    let text = line.trim_ascii_start();
    let indented = line.starts_with('\t') || line.len() - text.len() > 1;
    // Levels are padded with blanks on either side.
    let levelled = || text.split(' ').next().is_some_and(|word| Severity::from_word(word).is_some());
    line.starts_with(PYTHON)
        || begins_alone(line)
        || is_tied(line)
        || is_inside(line)
        || error_type(line).is_some()
        || indented && !text.is_empty() && !levelled()
}

/// Whether a line is the head of Python's stacks; behind a time, a level may stand before it.
fn is_header(line: &str) -> bool {
    let is_timed = || line.starts_with(|c: char| c.is_ascii_digit() || c == '[');
    line.starts_with(PYTHON) || is_timed() && line.strip_suffix(':').is_some_and(|line| line.ends_with(PYTHON))
}

/// Whether a line that any time stands before is one that was cut from a stack: one of Python's in full, and of others a frame,
/// a cause, or what only a runtime writes. Lines of entries may be indented as well, but name their level.
pub(super) fn is_cut_from_stack(line: &str) -> bool {
    let is_code = || {
        let code = line.strip_prefix("    ").filter(|code| code.starts_with(|c: char| !c.is_whitespace()));
        code.is_some_and(|code| {
            !code.split(' ').any(|word| word.len() > 2 && word.bytes().all(|b| b.is_ascii_uppercase()))
        })
    };
    line.starts_with(PYTHON)
        || is_tied(line)
        || begins_alone(line)
        || is_indented_frame(line.as_bytes())
        || error_type(line).is_some()
        || is_code()
}

/// The head of Python's stacks.
const PYTHON: &str = "Traceback (most recent call last)";

/// Whether a runtime wrote the line at its end, whatever was logged before.
fn begins_alone(line: &str) -> bool {
    const STARTS: [&str; 6] = [
        "panic: ",
        "fatal error: ",
        "thread '",
        "Unhandled exception. ",
        "Unhandled Exception: ",
        "Exception in thread ",
    ];
    STARTS.iter().any(|start| line.starts_with(start))
}

/// Whether a line ties the stack behind it to the one before.
fn is_tied(line: &str) -> bool {
    const STARTS: [&str; 4] =
        ["During handling of the above exception", "The above exception was", "Caused by: ", "[previous exception]"];
    STARTS.iter().any(|start| line.starts_with(start))
}

/// Whether a line at the margin means nothing outside of an entry.
fn is_inside(line: &str) -> bool {
    const STARTS: [&str; 14] = [
        "at ",
        "created by ",
        "goroutine ",
        "[signal ",
        "exit status ",
        "--- End of ",
        "... ",
        "Suppressed: ",
        "Stack trace:",
        "[stacktrace]",
        "stack backtrace:",
        "note: run with `RUST_BACKTRACE",
        "}",
        ")",
    ];
    // `#0 /srv/a.php(7): f()`
    let php = || line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    STARTS.iter().any(|start| line.starts_with(start)) || php()
}

/// Whether a line is a frame below a line at the margin: `    at f (a.js:1:2)`, `\tat a.b(C.java:1)`, `\t/srv/a.go:7 +0x1d`.
fn is_indented_frame(line: &[u8]) -> bool {
    let frame = line.trim_ascii_start();
    frame.len() < line.len() && (frame.starts_with(b"at ") || line.starts_with(b"\t/") || frame.starts_with(b"File \""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<&str> {
        let run = follow(text.as_bytes(), End::File).expect("a run");
        run.entries.into_iter().map(|entry| &text[entry]).collect()
    }

    const AT: &str = "2024-01-02 03:04:05,678";

    #[test]
    fn a_stack_belongs_to_the_failure_before_it() {
        for stack in [
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x()\nKeyError: 1",
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x()\napp.OutOfStock: tills\n\n\
             During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  \
             File \"a.py\", line 2, in g\n    f()\nValueError: no",
            "java.io.IOException: no\n\tat a.b.C.d(C.java:7)\n\t... 3 more\nCaused by: x.Y: z\n\tat a.b.C.e(C.java:9)",
            "OutOfStock: no\n    at f (/srv/a.js:1:2)\n    at g (/srv/a.js:3:4) {\n  code: 7\n}",
            "goroutine 7 [running]:\nmain.f(0x1)\n\t/srv/a.go:7 +0x1d\nmain.main()\n\t/srv/a.go:9 +0x2d",
            "#0 /srv/a.php(7): f()\n#1 {main}\n  thrown in /srv/a.php on line 7",
        ] {
            let text = format!("{AT} ERROR no stock\n{stack}\n{AT} INFO up\n");
            assert_eq!(entries(&text), [format!("{AT} ERROR no stock\n{stack}")], "{stack}");
        }
    }

    #[test]
    fn a_line_that_says_something_of_its_own_is_an_entry() {
        let text = format!("{AT} INFO up\n\npool is warm\n  with 3 workers\nERROR: no stock\n\n{AT} INFO up\n");
        assert_eq!(entries(&text), [&format!("{AT} INFO up"), "pool is warm\n  with 3 workers", "ERROR: no stock"]);
        let run = follow(text.as_bytes(), End::File).expect("a run");
        assert_eq!((run.blank_lines, &text[run.length..]), (1, &*format!("\n\n{AT} INFO up\n")));
    }

    #[test]
    fn a_stack_is_no_part_of_what_is_no_failure() {
        for stack in [
            "panic: no\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/a.go:4 +0x2c\nexit status 2",
            "TypeError: x is not a function\n    at f (/srv/a.js:1:2)",
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1",
            "Exception in thread \"main\" java.lang.Error: no\n\tat a.B.c(D.java:1)",
        ] {
            let text = format!("{AT} INFO up\n{stack}");
            assert_eq!(entries(&text), [&format!("{AT} INFO up"), stack], "{stack}");
        }
        let twice = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1";
        assert_eq!(entries(&format!("{AT} ERROR no\n{twice}\n{twice}")), [&format!("{AT} ERROR no\n{twice}"), twice]);
    }

    #[test]
    fn a_stack_of_python_may_begin_behind_a_level() {
        let stack = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nNoStock: 17";
        for head in ["ERROR ", "\tERROR\t", " [till] ERROR: ", " "] {
            let text = format!("{AT}{head}{stack}");
            assert_eq!(entries(&text), [&text], "{head}");
        }
    }

    #[test]
    fn a_line_of_java_says_its_level_on_the_next_one() {
        let head = "Jan 2, 2024 3:04:05 AM till.Cart sell";
        let stack = "java.io.IOException: no\n\tat a.b.C.d(C.java:7)";
        let text = format!("{head}\nSEVERE: no stock\n{stack}\n{head}\nINFO: up\n");
        assert_eq!(entries(&text), [format!("{head}\nSEVERE: no stock\n{stack}")]);
        let text = format!("{head}\nINFO: up\n{stack}\nSEVERE: late\n");
        assert_eq!(entries(&text), [&format!("{head}\nINFO: up"), stack, "SEVERE: late"]);
        for prose in [
            "Meeting\nNOTE: bring it",
            "Deploy failed\nERROR: x",
            "Invoice\nInfo: paid",
            "Invoice\nINFO: paid",
            "Deploy moved\nINFO: x",
            "shop.example down\nWARNING: x",
            ".Cart sell\nINFO: x",
        ] {
            let text = format!("Jan 2, 2024 3:04:05 PM {prose}");
            assert_eq!(
                super::super::said::source_of(text.lines().next().expect("one"), prose.lines().last().expect("one")),
                None
            );
        }
        let other = format!("{AT} INFO up\nSEVERE: no\n");
        assert_eq!(entries(&other), [&format!("{AT} INFO up"), "SEVERE: no"]);
    }

    #[test]
    fn a_run_ends_where_something_else_begins() {
        for end in [
            "{\"a\":1}",
            "[\n",
            ", ",
            "web-1 | {\"a\":1}",
            "2024-01-02T03:04:05Z stdout F x",
            "02/Jan/2024:03:04:05 +0000",
        ] {
            assert_eq!(
                entries(&format!("{AT} ERROR no\n  x\n{end}\n  y\n")),
                [&format!("{AT} ERROR no\n  x")],
                "{end}"
            );
        }
        assert_eq!(entries("no time\n  x\n"), ["no time"]);
    }

    #[test]
    fn a_run_that_may_go_on_asks_for_more_and_a_long_one_ends() {
        let text = format!("{AT} ERROR no\n  x\n");
        assert_eq!(follow(text.as_bytes(), End::Window), None);
        assert_eq!(follow(format!("{text}other").as_bytes(), End::Window), None);
        assert!(follow(format!("{text}{AT} ERROR no\n").as_bytes(), End::Window).is_some());
        let long = text.clone() + &"  x\n".repeat(MOST_BYTES);
        for end in [End::Window, End::Limit, End::File] {
            let run = follow(long.as_bytes(), end).expect("a run");
            assert!(run.length > MOST_BYTES - 8 && run.length < MOST_BYTES, "{}", run.length);
        }
    }
}
