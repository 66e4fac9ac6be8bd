//! An error that stands beside a message without a stack: `{"msg":"failed to process","error":"connection refused"}`.
//!
//! zap, logrus, zerolog and slog write such a text, bunyan and Elastic's loggers an object with a type. Without it, unlike errors
//! under one message are one problem. One with a type stands on a line of its own, in brackets, as Node prints an error without a
//! stack; a text goes on behind the message, as programs of Go write it, and is mined with it.

use std::borrow::Cow;

use super::super::json::{NodeKind, Value};
use super::frames::headline;
use super::{first_text, text};
use crate::record::{LogRecord, Severity, error_type};

/// Where loggers put an error.
const KEYS: [&str; 3] = ["error", "err", "exception"];
/// What an error that is an object calls its type.
const KINDS: [&str; 4] = ["type", "name", "class", "className"];
/// What it says.
const SAID: [&str; 4] = ["message", "msg", "value", "errorMessage"];
/// Words for no error.
const NOTHING: [&str; 9] = ["-", "none", "null", "nil", "<nil>", "undefined", "false", "true", "{}"];
/// Longest text that goes on behind a message, in bytes.
const LONGEST: usize = 4096;

/// An error, as its logger wrote it.
enum Failure<'a> {
    /// With its type.
    Typed(Cow<'a, str>, Cow<'a, str>),
    /// A text.
    Said(Cow<'a, str>),
}

/// Whether a record reports an error, or says nothing of how severe it is.
pub(super) fn is_reported(record: &LogRecord<'_>) -> bool {
    let level = if record.severity == Severity::Default { record.effective_severity } else { record.severity };
    level == Severity::Default || level >= Severity::Error
}

/// The message of a row with the error beside it; the message alone where it says that error, or holds a stack that names one.
pub(super) fn beside<'a>(message: Cow<'a, str>, row: Value<'a>) -> Cow<'a, str> {
    if message.is_empty() {
        return message;
    }
    let lines = memchr::memchr(b'\n', message.as_bytes()).map(|at| (&message[..at], &message[at + 1..]));
    if lines.is_some_and(|(_, below)| !is_frames_of_go(below)) {
        return message;
    }
    let Some(failure) = KEYS.iter().find_map(|key| read(key, row)) else { return message };
    if let Some((first, below)) = lines {
        let own = beside(first.into(), row);
        return if own.contains('\n') { message } else { format!("{own}\n{below}").into() };
    }
    let said = match &failure {
        Failure::Typed(_, said) | Failure::Said(said) => said,
    };
    let is_said = |text: &str| !text.is_empty() && message.contains(text);
    match &failure {
        Failure::Typed(kind, _) if is_said(kind) => message,
        _ if is_said(said) => message,
        Failure::Typed(kind, said) if error_type(&format!("{kind}:")).is_some() => {
            format!("{message}\n[{}]", headline(kind, said)).into()
        }
        Failure::Typed(kind, said) => format!("{message}: {}", headline(kind, said)).into(),
        // Some loggers repeat the message.
        Failure::Said(said) if said.starts_with(&*message) => said.clone().into_owned().into(),
        Failure::Said(said) => format!("{message}: {said}").into(),
    }
}

/// Whether lines are the frames that loggers of Go write below a message: those of a panic name what it was.
fn is_frames_of_go(below: &str) -> bool {
    below.contains("\n\t") && below.contains(".go:") && !below.contains("goroutine ")
}

fn read<'a>(key: &str, row: Value<'a>) -> Option<Failure<'a>> {
    let line = |text: Cow<'a, str>| {
        let line = text.trim();
        let is_line = !line.is_empty() && line.len() <= LONGEST && !line.contains('\n');
        (is_line && !NOTHING.iter().any(|word| line.eq_ignore_ascii_case(word))).then(|| Cow::Owned(line.to_owned()))
    };
    if let Some(error) = row.some(key) {
        return match error.kind() {
            NodeKind::Plain | NodeKind::Escaped if key != "exception" => text(error).and_then(line).map(Failure::Said),
            NodeKind::Object => typed(|keys| first_text(error, keys).and_then(line)),
            _ => None,
        };
    }
    // Elastic's loggers write the path as one key.
    let dotted = |keys: &[&str]| keys.iter().find_map(|key| row.some(key).and_then(text)).and_then(line);
    if key == "error" { Some(Failure::Typed(dotted(&["error.type"])?, dotted(&["error.message"])?)) } else { None }
}

/// An error by its members: one that names no type is none, but what a validation found or a service answered.
fn typed<'a>(member: impl Fn(&[&str]) -> Option<Cow<'a, str>>) -> Option<Failure<'a>> {
    let (kind, said) = (member(&KINDS)?, member(&SAID)?);
    (!kind.contains(' ')).then_some(Failure::Typed(kind, said))
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;

    fn of(members: &str) -> [String; 2] {
        let entry = map(&format!(r#"{{"insertId":"a","severity":"ERROR","jsonPayload":{{{members}}}}}"#));
        let row = map(&format!(r#"{{"time":"2024-01-02T03:04:05Z","level":"error",{members}}}"#));
        [entry.message.into_owned(), row.message.into_owned()]
    }

    #[test]
    fn an_error_without_a_stack_stands_behind_its_message() {
        for (members, message) in [
            (r#""msg":"failed to process","error":"dial tcp: refused""#, "failed to process: dial tcp: refused"),
            (r#""msg":"failed to process","err":" dial tcp: refused ""#, "failed to process: dial tcp: refused"),
            (
                r#""msg":"job crashed","err":{"name":"AxiosError","message":"status 503"}"#,
                "job crashed\n[AxiosError: status 503]",
            ),
            (
                r#""message":"job crashed","error":{"type":"a.b.LateException","message":"no"}"#,
                "job crashed\n[a.b.LateException: no]",
            ),
            (
                r#""message":"job crashed","error.type":"a.b.LateException","error.message":"no""#,
                "job crashed\n[a.b.LateException: no]",
            ),
            (r#""message":"no","exception":{"type":"not_found","message":"cart"}"#, "no: not_found: cart"),
            (r#""message":"no: late","error":{"type":"a.LateException","message":"late"}"#, "no: late"),
            (r#""msg":"failed: refused","error":"refused""#, "failed: refused"),
            (
                r#""msg":"failed","error":"refused","stacktrace":"main.f\n\t/srv/a.go:7""#,
                "failed: refused\nmain.f\n\t/srv/a.go:7",
            ),
            (
                r#""msg":"failed","error":"refused","stacktrace":"E: x\n\tat a.b(C.java:1)""#,
                "failed\nE: x\n\tat a.b(C.java:1)",
            ),
            (r#""msg":"failed","error":"failed: refused""#, "failed: refused"),
        ] {
            assert_eq!(of(members), [message, message], "{members}");
        }
    }

    #[test]
    fn what_names_no_error_changes_no_message() {
        for members in [
            r#""msg":"done","error":"none""#,
            r#""msg":"done","error":"""#,
            r#""msg":"done","error":null"#,
            r#""msg":"done","error":7"#,
            r#""msg":"done","error":{"severity":"ERROR","message":"Missing field"}"#,
            r#""msg":"done","error":{"code":7,"message":"x"}"#,
            r#""msg":"done","exception":"ValueError""#,
            r#""msg":"done","error":["x"]"#,
        ] {
            assert_eq!(of(members), ["done", "done"], "{members}");
        }
        for level in ["INFO", "WARNING"] {
            let row =
                map(&format!(r#"{{"insertId":"a","severity":"{level}","jsonPayload":{{"msg":"a","error":"b"}}}}"#));
            assert_eq!(row.message, "a");
            let row = map(&format!(r#"{{"time":"2024-01-02T03:04:05Z","level":"{level}","msg":"a","error":"b"}}"#));
            assert_eq!(row.message, "a");
        }
    }

    #[test]
    fn a_text_that_is_json_says_its_error_too() {
        let row =
            map(r#"{"insertId":"a","textPayload":"{\"level\":\"error\",\"msg\":\"failed\",\"error\":\"refused\"}"}"#);
        assert_eq!(row.message, "failed: refused");
    }
}
