//! Stacks that are arrays or objects, written out as their language prints them.
//!
//! structlog lists exceptions with their frames, zerolog frames alone, Lambda and ECS lines of text, log4j2 nests causes.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::json::{NodeKind, Value};
use super::{first, first_text};

/// Causes of causes that are followed.
const DEPTH: usize = 8;
const PYTHON: &str = "Traceback (most recent call last):";

/// The stack that a value holds; only a text of several lines is one, and only a list of what looks like frames.
pub(super) fn of(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind() {
        NodeKind::Escaped if value.raw().contains("\\n") => value.as_str(),
        NodeKind::Array => {
            let item = value.items().next()?;
            let text = if !item.is_object() {
                lines(value)?
            } else if item.get("exc_type").is_some() {
                // The last one that was raised stands first.
                let chain: Vec<_> = value.items().filter_map(exception).collect();
                let joiner = "\n\nThe above exception was the direct cause of the following exception:\n\n";
                chain.into_iter().rev().collect::<Vec<_>>().join(joiner)
            } else {
                let mut text = String::new();
                frames(value, &mut text);
                text.trim_start_matches('\n').to_owned()
            };
            Some(text).filter(|text| !text.is_empty()).map(Cow::Owned)
        }
        NodeKind::Object => exception(value).map(Cow::Owned),
        _ => None,
    }
}

/// A stack with the exception that its lines do not name.
pub(super) fn named<'a>(stack: Cow<'a, str>, kind: &str, said: Option<&str>) -> Cow<'a, str> {
    let head = said.map_or_else(|| kind.to_owned(), |said| format!("{kind}: {said}"));
    let last = stack.lines().last().unwrap_or_default();
    if stack.starts_with(PYTHON) && last.starts_with(' ') {
        format!("{stack}\n{head}").into()
    } else if stack.starts_with(['\t', ' ']) {
        format!("{head}\n{stack}").into()
    } else {
        stack
    }
}

/// Lines of text, where at least one of them is a frame's.
fn lines(list: Value<'_>) -> Option<String> {
    let mut lines = Vec::new();
    for item in list.items() {
        lines.push(item.as_str()?.trim_end().to_owned());
    }
    let first = lines.first()?.trim_start();
    if first.starts_with("File \"") {
        lines.insert(0, PYTHON.to_owned());
    }
    let bare = |line: &str| {
        line.ends_with(')') && [".java:", ".kt:", "(Native Method", "(Unknown "].iter().any(|file| line.contains(file))
    };
    for line in &mut lines {
        if bare(line) && !line.trim_start().starts_with("at ") {
            *line = format!("\tat {}", line.trim_start());
        }
    }
    let numbered = |line: &str| line.split(':').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let framed = |line: &String| {
        let line = line.trim_start();
        line.starts_with("at ") || line.starts_with("File \"") || numbered(line)
    };
    lines.iter().any(framed).then(|| lines.join("\n"))
}

/// An exception that is an object with a list of frames.
fn exception(value: Value<'_>) -> Option<String> {
    let mut out = String::new();
    write_exception(value, DEPTH, &mut out).then_some(out)
}

fn write_exception(value: Value<'_>, depth: usize, out: &mut String) -> bool {
    let lists = ["extendedStackTrace", "frames", "stackTrace", "stacktrace", "stack_trace", "stack", "trace"];
    let Some(list) = first(value, &lists).filter(|list| list.is_array()) else { return false };
    let text = |keys: &[&str]| first_text(value, keys).unwrap_or_default();
    let kind = text(&["exc_type", "class", "type", "name"]);
    let said = text(&["exc_value", "message", "value", "msg", "localizedMessage"]);
    let mut head = kind.into_owned();
    if !said.is_empty() {
        head.push_str(if head.is_empty() { "" } else { ": " });
        head.push_str(&said);
    }
    let mut below = String::new();
    let item = list.items().next();
    if item.is_some_and(Value::is_object) {
        frames(list, &mut below);
    } else if let Some(lines) = lines(list) {
        // The lines may begin with the head already.
        let _ = if lines.starts_with(head.as_str()) {
            write!(below, "{}", &lines[head.len()..])
        } else {
            write!(below, "\n{lines}")
        };
    }
    if head.is_empty() && below.is_empty() {
        return false;
    }
    let python =
        list.items().next().is_some_and(|frame| frame.get("filename").is_some() && frame.get("lineno").is_some());
    let _ = if python { write!(out, "{PYTHON}{below}\n{head}") } else { write!(out, "{head}{below}") };
    if let Some(cause) = value.some("cause").filter(|cause| depth > 0 && cause.is_object()) {
        let length = out.len();
        out.push_str("\nCaused by: ");
        if !write_exception(cause, depth - 1, out) {
            out.truncate(length);
        }
    }
    true
}

/// Adds frames, each on a line of its own.
fn frames(list: Value<'_>, out: &mut String) {
    for frame in list.items() {
        let text = |keys: &[&str]| first_text(frame, keys).unwrap_or_default();
        let function = text(&["method", "func", "function", "name", "functionName", "methodName"]);
        let class = text(&["class", "className", "declaringClass", "module"]);
        let file = text(&["file", "filename", "fileName", "source", "path"]);
        let line = text(&["lineno", "lineNumber", "line"]);
        if function.is_empty() && file.is_empty() {
            continue;
        }
        let has = |key: &str| frame.get(key).is_some();
        let _ = if has("method") || has("methodName") {
            write!(out, "\n\tat {class}.{function}({file}:{line})")
        } else if has("filename") && has("lineno") {
            let said = frame.some("line").and_then(Value::as_str).filter(|line| !line.trim().is_empty());
            let said = said.map(|line| format!("\n    {}", line.trim())).unwrap_or_default();
            write!(out, "\n  File \"{file}\", line {line}, in {function}{said}")
        } else if has("func") || has("source") {
            // As `%+v` of Go's pkg/errors.
            write!(out, "\n{function}\n\t{file}:{line}")
        } else {
            let column = first_text(frame, &["column", "colno", "columnNumber"]).map(|column| format!(":{column}"));
            write!(out, "\n    at {function} ({file}:{line}{})", column.unwrap_or_default())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;

    #[test]
    fn stacks_that_are_lists_or_objects_are_written_as_their_language_does() {
        for (members, message) in [
            (
                r#""event":"no","exception":[{"exc_type":"E","exc_value":"x","frames":[{"filename":"a.py","lineno":3,"name":"f","line":"g()"}]},{"exc_type":"K","exc_value":"y","frames":[{"filename":"b.py","lineno":4,"name":"g"}]}]"#,
                "no\nTraceback (most recent call last):\n  File \"b.py\", line 4, in g\nK: y\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nE: x",
            ),
            (
                r#""message":"no","stack":[{"func":"main.f","line":"7","source":"a.go"},{"func":"main.main","line":"9","source":"a.go"}]"#,
                "no\nmain.f\n\ta.go:7\nmain.main\n\ta.go:9",
            ),
            (
                r#""errorMessage":"x","errorType":"ValueError","stackTrace":["  File \"/var/task/a.py\", line 3, in f\n    g()\n"]"#,
                "x\nTraceback (most recent call last):\n  File \"/var/task/a.py\", line 3, in f\n    g()\nValueError: x",
            ),
            (
                r#""errorMessage":"x y","errorType":"a.E","stackTrace":["a.B.c(B.java:1)","a.B.d(B.java:2)"]"#,
                "a.E: x y\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)",
            ),
            (r#""msg":"no","stack":["Error: x","    at f (a.js:1:1)"]"#, "no\nError: x\n    at f (a.js:1:1)"),
            (r#""message":"x","error":{"stack_trace":["E: x","\tat a.b(C.java:1)"]}"#, "E: x\n\tat a.b(C.java:1)"),
            (r#""message":"no","err":{"stack":["E: x","    at f (a.js:1:1)"]}"#, "no\nE: x\n    at f (a.js:1:1)"),
            (
                r#""message":"no","exception":{"type":"E","message":"x","frames":[{"function":"f","file":"a.js","line":1,"column":2}]}"#,
                "no\nE: x\n    at f (a.js:1:2)",
            ),
            (r#""message":"no","stack":["python","django"]"#, "no"),
            (r#""message":"no","exception":{"type":"E"}"#, "no"),
            (r#""message":"no","stack":[]"#, "no"),
        ] {
            assert_eq!(map(&format!(r#"{{"timestamp":"2024-01-02T03:04:05Z",{members}}}"#)).message, message);
            let row = map(&format!(r#"{{"insertId":"a","severity":"ERROR","jsonPayload":{{{members}}}}}"#));
            assert!(members.contains("errorType") || row.message == message, "{:?} of {members}", row.message);
        }
    }

    #[test]
    fn causes_follow_what_they_caused() {
        let frame = r#"{"class":"a.B","method":"c","file":"B.java","line":1}"#;
        let row = map(&format!(
            r#"{{"timeMillis":1704164645678,"level":"ERROR","message":"no","thrown":{{"name":"E","message":"x","extendedStackTrace":[{frame}],"cause":{{"name":"F","message":"y","extendedStackTrace":[{frame}]}}}}}}"#
        ));
        assert_eq!(row.message, "no\nE: x\n\tat a.B.c(B.java:1)\nCaused by: F: y\n\tat a.B.c(B.java:1)");
    }
}
