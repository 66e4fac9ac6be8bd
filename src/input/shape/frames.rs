//! Stacks that are arrays or objects, written out as their language prints them.
//!
//! structlog lists exceptions with their frames, zerolog frames alone, Lambda and ECS lines of text, log4j2 nests causes,
//! Serilog lists the chain, Monolog places alone.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::json::{NodeKind, Value};
use super::super::said::is_number;
use super::{first, first_text, part};

/// Causes of causes that are followed.
const DEPTH: usize = 8;
const PYTHON: &str = "Traceback (most recent call last):";
pub(super) const CAUSE: &str = "\nCaused by: ";
/// Where loggers put frames or lines, most telling first.
const LISTS: [&str; 8] =
    ["extendedStackTrace", "frames", "stackTrace", "stacktrace", "stack_trace", "stack", "trace", "stepArray"];
/// Where they put the stack as their language prints it.
const TEXTS: [&str; 8] =
    ["stack", "stack_trace", "stackTrace", "stacktrace", "traceback", "StackTraceString", "StackTrace", "trace"];
const KINDS: [&str; 9] =
    ["exc_type", "class", "exceptionType", "className", "ClassName", "type", "Type", "errorType", "name"];
const SAID: [&str; 7] = ["exc_value", "message", "Message", "value", "msg", "errorMessage", "localizedMessage"];
/// What an exception came of.
const CAUSES: [&str; 3] = ["cause", "causedBy.exception", "InnerException"];

/// The stack that a value holds; only a text of several lines is one, and only a list of what looks like frames.
pub(super) fn of(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind() {
        NodeKind::Escaped if value.raw().contains("\\n") => value.as_str(),
        NodeKind::Escaped | NodeKind::Plain => joined(value).map(Cow::Owned),
        NodeKind::Array => {
            let item = value.items().next()?;
            let text = if !item.is_object() {
                lines(value)?
            } else if item.get("exc_type").is_some() {
                // The last one that was raised stands first.
                let chain: Vec<_> = value.items().filter_map(exception).collect();
                let joiner = "\n\nThe above exception was the direct cause of the following exception:\n\n";
                chain.into_iter().rev().collect::<Vec<_>>().join(joiner)
            } else if text_of_stack(item).is_some()
                || LISTS.iter().any(|key| item.some(key).is_some_and(Value::is_array))
            {
                // Each caused the one before it.
                value.items().filter_map(exception).collect::<Vec<_>>().join(CAUSE)
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

/// An exception of .NET whose lines were joined by spaces, as its JSON console writes them; `None` for any other text.
pub(super) fn joined(value: Value<'_>) -> Option<String> {
    let text = Some(value.raw()).filter(|raw| raw.contains("    at ") && !raw.contains("\\n"))?;
    // A name, what it says, and calls behind it.
    let (head, frames) = text.split_once("    at ")?;
    let named = head.split_once(": ").is_some_and(|(name, _)| name.contains('.') && !name.contains(' '));
    (named && frames.contains('(')).then(|| value.as_str().map(|text| text.replace("    at ", "\n   at ")))?
}

/// A stack with the exception that its lines do not name.
pub(super) fn named<'a>(stack: Cow<'a, str>, kind: &str, said: Option<&str>) -> Cow<'a, str> {
    let head = said.map_or_else(|| kind.to_owned(), |said| format!("{kind}: {said}"));
    let last = stack.lines().last().unwrap_or_default();
    if stack.starts_with(PYTHON) && last.starts_with(' ') {
        format!("{}\n{head}", stack.trim_end()).into()
    } else if stack.trim_start().starts_with("File \"") && last.starts_with(' ') {
        // Frames alone, as `format_tb` of Python writes them.
        format!("{PYTHON}\n{}\n{head}", stack.trim_end()).into()
    } else if stack.starts_with(['\t', ' ']) || is_place_of_ruby(stack.lines().next().unwrap_or_default()) {
        format!("{head}\n{stack}").into()
    } else {
        stack
    }
}

/// `app/cart.rb:12:in 'open'`, with which a backtrace of Ruby begins that does not say its exception.
fn is_place_of_ruby(line: &str) -> bool {
    let place = line.split_once(":in `").or_else(|| line.split_once(":in '"));
    place
        .and_then(|(place, _)| place.rsplit_once(':'))
        .is_some_and(|(file, line)| !file.contains(' ') && is_number(line))
}

/// The stack of an exception that is an object, where that is a text.
fn text_of_stack(value: Value<'_>) -> Option<Cow<'_, str>> {
    TEXTS.iter().find_map(|key| value.some(key).filter(|text| is_stack_text(*text))?.as_str())
}

/// Whether a text may be a stack: one of one line may have one frame, and may be anything else.
fn is_stack_text(text: Value<'_>) -> bool {
    let raw = text.raw();
    text.kind() == NodeKind::Escaped && raw.contains("\\n") || raw.trim_start().starts_with("at ")
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

/// Whether an object with such a member may be an exception: most that are called errors say what they are in two words.
fn may_hold_stack(key: &[u8], value: Value<'_>) -> bool {
    let is_among = |keys: &[&str]| keys.iter().any(|known| known.as_bytes() == key);
    match value.kind() {
        NodeKind::Array => key == b"exception" || is_among(&LISTS),
        NodeKind::Plain | NodeKind::Escaped => key == b"file" || is_stack_text(value) && is_among(&TEXTS),
        _ => false,
    }
}

fn write_exception(value: Value<'_>, depth: usize, out: &mut String) -> bool {
    if !value.fields().any(|(key, value)| may_hold_stack(key, value)) {
        return false;
    }
    // Elastic's agents list the chain inside the error.
    if let Some(chain) = value.some("exception").filter(|chain| depth > 0 && chain.is_array()) {
        let start = out.len();
        for one in chain.items() {
            let length = out.len();
            out.push_str(if length > start { CAUSE } else { "" });
            if !write_exception(one, depth - 1, out) {
                out.truncate(length);
            }
        }
        return out.len() > start;
    }
    if has_place(value) {
        return write_places(value, depth, out);
    }
    let text = |keys: &[&str]| first_text(value, keys).unwrap_or_default();
    let head = headline(&text(&KINDS), &text(&SAID));
    let start = out.len();
    let list = LISTS.iter().find_map(|key| value.some(key).filter(|list| list.is_array()));
    if let Some(list) = list {
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
        let python = item.is_some_and(|frame| frame.get("filename").is_some() && frame.get("lineno").is_some());
        let _ = if python { write!(out, "{PYTHON}{below}\n{head}") } else { write!(out, "{head}{below}") };
    } else if let Some(stack) = text_of_stack(value) {
        let stack = part(stack, |stack| stack.trim_end());
        out.push_str(&if head.is_empty() { stack } else { named(stack, &head, None) });
    } else {
        return false;
    }
    // A printed stack may hold its causes.
    let cause = first(value, &CAUSES).filter(|cause| depth > 0 && cause.is_object());
    if let Some(cause) = cause.filter(|_| !out[start..].contains(CAUSE)) {
        let length = out.len();
        out.push_str(CAUSE);
        if !write_exception(cause, depth - 1, out) {
            out.truncate(length);
        }
    }
    true
}

/// `Type: message`, or what there is of it.
pub(super) fn headline(kind: &str, said: &str) -> String {
    match (kind, said) {
        ("", said) => said.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, said) => format!("{kind}: {said}"),
    }
}

/// `/srv/app/Cart.php:12`
fn place(text: &str) -> Option<(&str, &str)> {
    let (file, line) = text.rsplit_once(':')?;
    (!file.is_empty() && is_number(line)).then_some((file, line))
}

/// Whether an object is an exception of PHP as Monolog normalises it, `{"class":…,"message":…,"file":"/a.php:12"}`, with a
/// `trace` of such places if it is told to.
fn has_place(value: Value<'_>) -> bool {
    let is_place = value.some("file").and_then(Value::as_str).is_some_and(|file| place(&file).is_some());
    let is_text = |key: &str| value.some(key).is_some_and(|text| text.as_str().is_some());
    is_place && is_text("class") && is_text("message")
}

/// Writes such an exception as PHP prints it: what came before stands first.
fn write_places(value: Value<'_>, depth: usize, out: &mut String) -> bool {
    let previous = value.some("previous").filter(|previous| depth > 0 && previous.is_object());
    if previous.is_some_and(|previous| write_exception(previous, depth - 1, out)) {
        out.push_str("\n\nNext ");
    }
    let text = |key: &str| first_text(value, &[key]).unwrap_or_default();
    let _ = write!(out, "{} in {}", headline(&text("class"), &text("message")), text("file"));
    let trace = value.some("trace").into_iter().flat_map(Value::items).filter_map(Value::as_str);
    for (at, frame) in trace.enumerate() {
        out.push_str(if at == 0 { "\nStack trace:" } else { "" });
        let _ = match place(&frame) {
            Some((file, line)) => write!(out, "\n#{at} {file}({line})"),
            None => write!(out, "\n#{at} {frame}"),
        };
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
        let line = text(&["lineno", "lineNumber", "line", "line.number"]);
        if function.is_empty() && file.is_empty() {
            continue;
        }
        let has = |key: &str| frame.get(key).is_some();
        let _ = if has("method") || has("methodName") {
            let file = if file.is_empty() { "Unknown Source" } else { &*file };
            let mark = if line.is_empty() { "" } else { ":" };
            write!(out, "\n\tat {class}.{function}({file}{mark}{line})")
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
            (
                r#""message":"no","exception":{"exceptionType":"a.E","message":"x","frames":[{"class":"a.B","method":"c","line":1}],"causedBy":{"exception":{"exceptionType":"a.F","message":"y","frames":[{"class":"a.D","method":"d"}]}}}"#,
                "no\na.E: x\n\tat a.B.c(Unknown Source:1)\nCaused by: a.F: y\n\tat a.D.d(Unknown Source)",
            ),
            (
                r#""message":"no","exceptions":[{"Depth":0,"ClassName":"A.E","Message":"x","StackTraceString":"   at A.B() in /a.cs:line 1"},{"Depth":1,"ClassName":"A.F","Message":"y","StackTraceString":"   at A.C() in /a.cs:line 2\r\n   at A.D()"}]"#,
                "no\nA.E: x\n   at A.B() in /a.cs:line 1\nCaused by: A.F: y\n   at A.C() in /a.cs:line 2\r\n   at A.D()",
            ),
            (
                r#""message":"no","exception":{"Type":"A.E","Message":"x","StackTrace":"   at A.B() in /a.cs:line 1"}"#,
                "no\nA.E: x\n   at A.B() in /a.cs:line 1",
            ),
            (
                r#""message":"no","throwable":{"className":"a.E","message":"x","stepArray":[{"className":"a.B","methodName":"c","fileName":"B.java","lineNumber":1}],"cause":{"className":"a.F","message":"y","commonFramesCount":1,"stepArray":[{"className":"a.D","methodName":"d","fileName":"D.java","lineNumber":2}]}}"#,
                "no\na.E: x\n\tat a.B.c(B.java:1)\nCaused by: a.F: y\n\tat a.D.d(D.java:2)",
            ),
            (
                r#""message":"no","context":{"exception":{"class":"A\\E","message":"x","code":0,"file":"/a.php:1","trace":["/b.php:2"],"previous":{"class":"A\\F","message":"y","code":0,"file":"/c.php:3"}}}"#,
                "no\nA\\F: y in /c.php:3\n\nNext A\\E: x in /a.php:1\nStack trace:\n#0 /b.php(2)",
            ),
            (
                r#""msg":"no","err":{"name":"A::E","message":"x","stack":"a.rb:1:in `f'\n  b.rb:2:in `g'"}"#,
                "no\nA::E: x\na.rb:1:in `f'\n  b.rb:2:in `g'",
            ),
            (
                r#""message":"no","error":{"type":"E","message":"x","stack_trace":"  File \"a.py\", line 3, in f\n    g()\n"}"#,
                "no\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nE: x",
            ),
            (
                r#""message":{"errorType":"TypeError","errorMessage":"x","stack":["TypeError: x","    at f (a.js:1:1)"]}"#,
                "TypeError: x\n    at f (a.js:1:1)",
            ),
            (r#""message":"no","error":"TypeError: x\n    at f (a.js:1:1)""#, "no\nTypeError: x\n    at f (a.js:1:1)"),
            (
                r#""message":"no","error":{"grouping_key":"k","exception":[{"type":"E","message":"x","stacktrace":[{"filename":"a.js","function":"f","line":{"number":3}}]},{"type":"F","message":"y","stacktrace":[{"filename":"b.js","function":"g","line":{"number":4}}]}]}"#,
                "no\nE: x\n    at f (a.js:3)\nCaused by: F: y\n    at g (b.js:4)",
            ),
            (r#""message":"no","error":{"code":7,"message":"x","trace":"abc"}"#, "no"),
            (r#""message":"no","context":{"exception":{"class":"A\\E","file":"/a.php"}}"#, "no"),
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
    fn lines_that_were_joined_are_lines_again() {
        let members = r#""EventId":1,"LogLevel":"Error","Category":"A.B","Message":"no","Exception":"A.E: x    at A.B.C(Int32 i) in /a.cs:line 1    at A.D.E()""#;
        let message = "no\nA.E: x\n   at A.B.C(Int32 i) in /a.cs:line 1\n   at A.D.E()";
        assert_eq!(map(&format!("{{{members}}}")).message, message);
        let row = map(&format!(r#"{{"insertId":"a","severity":"ERROR","jsonPayload":{{{members}}}}}"#));
        assert_eq!(row.message, message);
        assert_eq!(map(r#"{"Message":"no","Exception":"met    at noon (daily)"}"#).message, "no");
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
