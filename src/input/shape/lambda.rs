//! What AWS Lambda says of a function where its log format is JSON, and what extensions are told of it:
//! `{"time":…,"type":"platform.report","record":{…}}`.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>.

use std::fmt::Write as _;

use super::super::json::Value;
use super::generic::without_line_end;
use super::{Row, Shape, first_text, imply, nested, take_first_time, text};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Lambda;

/// Why a report counts.
const STATUS: &str = "status of the invocation";

impl Shape for Lambda {
    fn keys(&self) -> &'static [&'static str] {
        &["record"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let kind = value.some("type").and_then(Value::as_str);
        value.some("time").is_some()
            && value.some("record").is_some()
            && kind.is_some_and(|kind| {
                let written = matches!(&*kind, "function" | "extension") && value.fields().count() == 3;
                written || kind.starts_with("platform.")
            })
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        take_first_time(record, value, &["time"]);
        let (Some(kind), Some(said)) = (value.some("type").and_then(text), value.some("record")) else { return };
        let name = kind.strip_prefix("platform.");
        if name.is_none() {
            // What the function or an extension wrote itself.
            record.message = if said.is_object() {
                nested::fill_from(said, record).map_or_else(|| said.raw().into(), Into::into)
            } else {
                text(said).map(without_line_end).unwrap_or_default()
            };
            return;
        }
        record.kind = Kind::System;
        record.trace = first_text(said, &["requestId"]);
        record.service = first_text(said, &["functionName"]);
        record.revision = first_text(said, &["functionVersion", "version"]).filter(|version| version != "$LATEST");
        record.message = report(&kind, said).into();
        let status = first_text(said, &["status"]);
        let failed = name == Some("fault") || matches!(status.as_deref(), Some("error" | "failure" | "timeout"));
        imply(record, failed.then_some(Severity::Error), STATUS);
        imply(record, (name == Some("logsDropped")).then_some(Severity::Warning), STATUS);
    }
}

/// The report on one line: its kind, how it went, and its figures.
fn report(kind: &str, said: Value<'_>) -> String {
    let mut out = kind.to_owned();
    if let Some(said) = text(said) {
        let _ = write!(out, " {}", said.trim());
        return out;
    }
    // How it ended tells reports apart, the figures do not.
    for key in ["status", "errorType"] {
        if let Some(text) = said.some(key).and_then(text) {
            let _ = write!(out, " {}", text.trim());
        }
    }
    for (key, value) in said.members().chain(said.some("metrics").into_iter().flat_map(Value::members)) {
        if let Some(text) = text(value).filter(|_| !matches!(&*key, "status" | "errorType")) {
            let quote = if text.contains(' ') { "\"" } else { "" };
            let _ = write!(out, " {key}={quote}{}{quote}", text.trim());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn reports_of_the_platform_say_how_an_invocation_went() {
        let row = map(
            r#"{"time":"2024-01-02T03:04:05.678Z","type":"platform.report","record":{"requestId":"r","metrics":{"durationMs":140.5,"memorySizeMB":128},"status":"timeout"}}"#,
        );
        assert_eq!(row.message, "platform.report timeout requestId=r durationMs=140.5 memorySizeMB=128");
        assert_eq!(
            (row.kind, row.effective_severity, row.trace.as_deref()),
            (Kind::System, Severity::Error, Some("r"))
        );
        let row = map(
            r#"{"time":"2024-01-02T03:04:05.678Z","type":"platform.initStart","record":{"phase":"init","functionName":"till","functionVersion":"7"}}"#,
        );
        assert_eq!((row.service.as_deref(), row.revision.as_deref()), (Some("till"), Some("7")));
        assert_eq!(row.effective_severity, Severity::Default);
        let row =
            map(r#"{"time":"2024-01-02T03:04:05.678Z","type":"platform.fault","record":"RequestId: r Error: x\n"}"#);
        assert_eq!(
            (row.message.as_ref(), row.effective_severity),
            ("platform.fault RequestId: r Error: x", Severity::Error)
        );
    }

    #[test]
    fn what_the_function_wrote_is_its_own() {
        let row = map(r#"{"time":"2024-01-02T03:04:05.678Z","type":"function","record":"no stock\n"}"#);
        assert_eq!((row.kind, row.message.as_ref()), (Kind::App, "no stock"));
        let row = map(
            r#"{"time":"2024-01-02T03:04:05.678Z","type":"function","record":{"level":"ERROR","message":"no","requestId":"r"}}"#,
        );
        assert_eq!(
            (row.message.as_ref(), row.effective_severity, row.trace.as_deref()),
            ("no", Severity::Error, Some("r"))
        );
        // A record of something else.
        assert!(map(r#"{"time":"2024-01-02T03:04:05Z","type":"sale","record":{"a":1}}"#).message.starts_with('{'));
    }

    #[test]
    fn reports_in_a_stream_of_cloudwatch_are_the_platforms_too() {
        let row = map(
            r#"{"logStreamName":"s/a","timestamp":1704067200001,"message":"{\"time\":\"2024-01-02T03:04:05.678Z\",\"type\":\"platform.start\",\"record\":{\"requestId\":\"r\",\"version\":\"3\"}}\n","ingestionTime":1704067200900,"eventId":"37"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref()), (Kind::System, "platform.start requestId=r version=3"));
        assert_eq!((row.trace.as_deref(), row.insert_id.as_deref()), (Some("r"), Some("37")));
    }

    #[test]
    fn what_its_runtime_for_node_says_of_an_exception_is_read_as_a_stack() {
        let row = map(
            r#"{"logStreamName":"s/a","timestamp":1704067200001,"message":"2024-01-02T03:04:05.678Z\tr\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"x is y\",\"stack\":[\"TypeError: x is y\",\"    at f (/var/task/a.js:1:2)\"]}\n","ingestionTime":1704067200900,"eventId":"37"}"#,
        );
        assert!(
            row.message.ends_with("Invoke Error\nTypeError: x is y\n    at f (/var/task/a.js:1:2)"),
            "{}",
            row.message
        );
        assert_eq!(row.effective_severity, Severity::Error);
        let row = map(
            r#"{"timestamp":"2024-01-02T03:04:05Z","level":"ERROR","message":{"errorType":"TypeError","errorMessage":"x is y","stackTrace":["TypeError: x is y","    at f (/var/task/a.js:1:2)"]}}"#,
        );
        assert_eq!(row.message, "TypeError: x is y\n    at f (/var/task/a.js:1:2)");
    }
}
