//! Events of Sentry, as its SDKs send them and as its API hands them out.
//!
//! An event lists its exceptions from the first cause to the last, and the frames of each from the outermost call to the one
//! that threw. Source: <https://develop.sentry.dev/sdk/data-model/event-payloads/>.

use std::fmt::Write as _;

use super::super::json::Value;
use super::frames::{CAUSE, headline};
use super::payload::with_stack;
use super::{Row, Shape, first, first_text, take_first_time, take_severity};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Sentry;

/// Whether an object is an event, which may list what it holds as a wrapper does.
pub(super) fn is_event(value: Value<'_>) -> bool {
    let has = |path: &str| value.path(path).is_some();
    // An id of 32 hex digits; other programs have ids of events, too.
    let is_id = |key: &str| {
        value.some(key).and_then(Value::as_str).is_some_and(|id| {
            id.bytes().filter(|b| *b != b'-').count() == 32 && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        })
    };
    let beside = || ["sdk", "contexts", "breadcrumbs", "tags", "environment", "release"].into_iter().any(has);
    is_id("event_id") && (has("exception.values") || has("logentry") || has("platform") && has("level") && beside())
        || is_id("eventID") && has("dateCreated") && has("platform")
}

impl Shape for Sentry {
    fn keys(&self) -> &'static [&'static str] {
        &["event_id", "eventID"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        is_event(row.value())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        take_first_time(record, value, &["timestamp", "datetime", "dateCreated", "received", "dateReceived"]);
        let said = |keys: &[&str]| first_text(value, keys);
        if let Some(level) = value.some("level").or_else(|| tag(value, "level")) {
            take_severity(record, level);
        }
        record.insert_id = said(&["event_id", "eventID"]);
        record.service = said(&["project_name", "project_slug", "projectSlug", "project", "projectID"]);
        record.revision = said(&["release.version", "release"]).or_else(|| tag(value, "release").and_then(super::text));
        record.instance = said(&["server_name"]).or_else(|| tag(value, "server_name").and_then(super::text));
        record.trace = said(&["contexts.trace.trace_id"]);
        record.span = said(&["contexts.trace.span_id"]);
        record.module = said(&["logger"]);
        record.function = said(&["transaction", "culprit"]);
        record.user = said(&["user.id", "user.username", "user.email"]);
        let message = ["logentry.formatted", "logentry.message", "message", "message.formatted", "title"];
        record.message = said(&message).unwrap_or_default();
        if let Some(stack) = chain(value) {
            record.message = with_stack(std::mem::take(&mut record.message), stack.into());
        }
        if record.message.is_empty() {
            record.message = value.raw().into();
        }
    }
}

/// A tag, in an object or in a list of pairs.
fn tag<'a>(value: Value<'a>, name: &str) -> Option<Value<'a>> {
    let tags = value.some("tags")?;
    let named = |pair: &Value<'a>| {
        let key = pair.some("key").or_else(|| pair.items().next());
        key.and_then(Value::as_str).as_deref() == Some(name)
    };
    tags.some(name).or_else(|| {
        let pair = tags.items().find(named)?;
        pair.some("value").or_else(|| pair.items().nth(1))
    })
}

/// The exceptions as their language prints them.
fn chain(value: Value<'_>) -> Option<String> {
    let entry = || {
        let entries = value.some("entries")?;
        let one =
            entries.items().find(|entry| entry.some("type").and_then(Value::as_str).as_deref() == Some("exception"))?;
        one.path("data.values")
    };
    let list = value.path("exception.values").or_else(entry)?;
    let python = first_text(value, &["platform"]).as_deref() == Some("python");
    let mut all: Vec<String> = list.items().map(|one| if python { traceback(one) } else { stack(one) }).collect();
    all.retain(|one| !one.is_empty());
    if !python {
        all.reverse();
    }
    let joiner =
        if python { "\n\nDuring handling of the above exception, another exception occurred:\n\n" } else { CAUSE };
    (!all.is_empty()).then(|| all.join(joiner))
}

fn head(one: Value<'_>) -> String {
    let said = |key: &str| first_text(one, &[key]).unwrap_or_default();
    headline(&said("type"), &said("value"))
}

fn frames(one: Value<'_>) -> Vec<Value<'_>> {
    let list = first(one, &["stacktrace.frames", "rawStacktrace.frames"]);
    list.into_iter().flat_map(Value::items).collect()
}

fn traceback(one: Value<'_>) -> String {
    let mut out = String::new();
    for (at, frame) in frames(one).into_iter().enumerate() {
        out.push_str(if at == 0 { "Traceback (most recent call last):\n" } else { "" });
        let said = |keys: &[&str]| first_text(frame, keys).unwrap_or_default();
        let file = said(&["abs_path", "absPath", "filename"]);
        let line = said(&["lineno", "lineNo"]);
        let _ = writeln!(out, "  File \"{file}\", line {line}, in {}", said(&["function"]));
        if let Some(code) = first_text(frame, &["context_line"]) {
            let _ = writeln!(out, "    {}", code.trim());
        }
    }
    out + &head(one)
}

fn stack(one: Value<'_>) -> String {
    let mut out = head(one);
    for frame in frames(one).into_iter().rev() {
        let said = |keys: &[&str]| first_text(frame, keys).unwrap_or_default();
        let file = said(&["abs_path", "absPath", "filename", "module"]);
        let (line, column) = (said(&["lineno", "lineNo"]), said(&["colno", "colNo"]));
        let mark = |part: &str| if part.is_empty() { "" } else { ":" };
        let function = first_text(frame, &["function"]).unwrap_or_else(|| "<anonymous>".into());
        let _ = write!(out, "\n    at {function} ({file}{}{line}{}{column})", mark(&line), mark(&column));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn an_event_is_its_exceptions() {
        let row = map(
            r#"{"event_id":"0123456789abcdef0123456789abcdef","level":"error","timestamp":1704164645.678,"platform":"python","server_name":"h","release":"1.2","logger":"till","contexts":{"trace":{"trace_id":"t","span_id":"s"}},"user":{"id":"7"},"exception":{"values":[{"type":"K","value":"y","stacktrace":{"frames":[{"filename":"b.py","function":"g","lineno":4}]}},{"type":"E","value":"x","stacktrace":{"frames":[{"filename":"c.py","function":"m","lineno":9},{"filename":"a.py","function":"f","lineno":3,"context_line":"  g()"}]}}]}}"#,
        );
        assert_eq!(
            row.message,
            "Traceback (most recent call last):\n  File \"b.py\", line 4, in g\nK: y\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"c.py\", line 9, in m\n  File \"a.py\", line 3, in f\n    g()\nE: x"
        );
        assert_eq!(
            (row.severity, row.insert_id.as_deref(), row.trace.as_deref(), row.user.as_deref()),
            (Severity::Error, Some("0123456789abcdef0123456789abcdef"), Some("t"), Some("7"))
        );
        assert_eq!((row.revision.as_deref(), row.instance.as_deref()), (Some("1.2"), Some("h")));
        let row = map(
            r#"{"eventID":"0123456789abcdef0123456789abcdef","dateCreated":"2024-01-02T03:04:05Z","platform":"node","title":"E: x","tags":[{"key":"level","value":"fatal"}],"entries":[{"type":"exception","data":{"values":[{"type":"E","value":"x","stacktrace":{"frames":[{"filename":"a.js","function":"f","lineNo":1,"colNo":2}]}}]}}]}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Critical, "E: x\n    at f (a.js:1:2)"));
        let row = map(
            r#"{"event_id":"0123456789abcdef0123456789abcdef","level":"info","timestamp":"2024-01-02T03:04:05Z","platform":"go","logentry":{"message":"up %s","formatted":"up 1"},"tags":[["a","b"]]}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Info, "up 1"));
        // Others count their events too.
        assert_eq!(
            map(r#"{"event_id":"0123456789abcdef0123456789abcdef","timestamp":"2024-01-02T03:04:05Z","message":"m"}"#)
                .insert_id,
            None
        );
    }
}
