//! Any other JSON row, by the keys that logging libraries use.
//!
//! One table of candidate keys serves bunyan, pino, zap, zerolog, logrus, winston, structlog, python-json-logger, ECS,
//! journald, OTLP records, Vercel, Railway and Docker alike; a shape with rules of its own gets a file of its own.

use std::borrow::Cow;

use super::super::json::Value;
use super::{Shape, first, first_text, host_and_path, severity, timestamp};
use crate::record::{Http, Kind, LogRecord, Severity, effective};

/// Keys of the time, most specific first.
const TIME: [&str; 24] = [
    "timestamp",
    "timeUnixNano",
    "time_unix_nano",
    "observedTimeUnixNano",
    "observed_time_unix_nano",
    "@timestamp",
    "time",
    "ts",
    "__REALTIME_TIMESTAMP",
    "eventTime",
    "EventTime",
    "eventTimestamp",
    "event_timestamp",
    "instant",
    "started_at",
    "created_at",
    "CreationTime",
    "TimeGenerated",
    "timestampInMs",
    "EdgeStartTimestamp",
    "timeStamp",
    "date",
    "datetime",
    "t",
];
const LEVEL: [&str; 13] = [
    "severity",
    "severityText",
    "severity_text",
    "level",
    "log.level",
    "lvl",
    "@fields.lvl",
    "attributes.level",
    "LogLevel",
    "Level",
    "message.level",
    "__lvl",
    "levelname",
];
const MESSAGE: [&str; 14] = [
    "message",
    "msg",
    "MESSAGE",
    "event",
    "log",
    "line",
    "@message",
    "body.stringValue",
    "body.string_value",
    "fields.message",
    "short_message",
    "text",
    "error",
    "body",
];
const STACK: [&str; 7] =
    ["error.stack_trace", "stack_trace", "stacktrace", "err.stack", "stack", "exc_info", "exception"];
const SERVICE: [&str; 9] = [
    "service.name",
    "service_name",
    "_SYSTEMD_UNIT",
    "SYSLOG_IDENTIFIER",
    "tags.service",
    "eventSource",
    "Workload",
    "kubernetes.container_name",
    "service",
];

/// See the module.
pub(super) struct Generic;

impl Shape for Generic {
    fn knows(&self, _: Value<'_>) -> bool {
        true
    }

    fn map(&self, row: Value<'_>, record: &mut LogRecord) {
        // A zero time is OTLP's way to say that only the observed one is known.
        let parsed = TIME
            .iter()
            .filter_map(|key| row.path(key))
            .filter(|value| value.scalar().is_none_or(|text| text != "0"))
            .find_map(timestamp);
        record.ts_ns = parsed.map(|parsed| parsed.ns);
        record.ts_naive = parsed.is_some_and(|parsed| parsed.naive);
        record.severity = level(row).unwrap_or(Severity::Default);
        record.insert_id = first_text(row, &["insertId", "insert_id", "__CURSOR"]);
        record.service = first_text(row, &SERVICE);
        record.trace = first_text(row, &["trace_id", "traceId", "trace.id", "request_id", "requestId", "reqId"]);
        record.span = first_text(row, &["span_id", "spanId", "span.id"]);
        record.instance = first_text(row, &["hostname", "host.name", "_HOSTNAME", "kubernetes.pod_name", "instance"]);
        record.revision = first_text(row, &["tags.deployment", "deploymentId", "service.version", "version"])
            .filter(|text| text.len() > 2);
        record.module = first_text(row, &["logger", "loggerName", "log.logger", "target", "name", "module"]);
        record.function = first_text(row, &["function", "funcName", "func"]);
        record.line = first(row, &["line", "lineno", "log.origin.file.line"]).and_then(Value::as_i64);
        record.user = first_text(row, &["user_id", "userId", "user.id", "user"]);
        record.message = message(row);
        record.http = request(row);
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
        record.payload_rank = if record.message.is_empty() { i32::from(record.http.is_some()) } else { 2 };
        let found = effective(record.severity, &record.message, None);
        record.effective_severity = found.severity;
        record.effective_reason = found.reason;
    }
}

/// The level of a row: words, Google's numbers, or the numbers of the system that the row's other keys tell.
fn level(row: Value<'_>) -> Option<Severity> {
    const SYSLOG: [Severity; 8] = [
        Severity::Emergency,
        Severity::Alert,
        Severity::Critical,
        Severity::Error,
        Severity::Warning,
        Severity::Notice,
        Severity::Info,
        Severity::Debug,
    ];
    const OTLP: [Severity; 6] =
        [Severity::Debug, Severity::Debug, Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    if row.get("__REALTIME_TIMESTAMP").is_some() {
        let number = row.some("PRIORITY")?.as_i64()?;
        return usize::try_from(number).ok().and_then(|at| SYSLOG.get(at).copied());
    }
    if let Some(number) = first(row, &["severityNumber", "severity_number"])
        .and_then(Value::as_i64)
        .filter(|number| (1..=24).contains(number))
    {
        return usize::try_from((number - 1) / 4).ok().and_then(|at| OTLP.get(at).copied());
    }
    let value = first(row, &LEVEL)?;
    if let Some(number) =
        value.as_i64().filter(|_| row.get("pid").is_some() && (row.get("hostname").is_some() || row.get("v").is_some()))
    {
        // bunyan and pino count in tens.
        return match number {
            10 | 20 => Some(Severity::Debug),
            30 => Some(Severity::Info),
            40 => Some(Severity::Warning),
            50 => Some(Severity::Error),
            60 => Some(Severity::Critical),
            _ => None,
        };
    }
    severity(value)
}

fn message(row: Value<'_>) -> String {
    let found = first(row, &MESSAGE);
    let mut message = match found {
        Some(value) if value.is_object() => {
            first_text(value, &["message", "msg", "event", "stringValue"]).unwrap_or_else(|| value.raw().to_owned())
        }
        // journald writes a message that is no text as an array of bytes.
        Some(value) if value.is_array() => {
            let bytes: Vec<u8> =
                value.items().filter_map(|item| item.as_i64().and_then(|n| u8::try_from(n).ok())).collect();
            if bytes.is_empty() { value.raw().to_owned() } else { String::from_utf8_lossy(&bytes).into_owned() }
        }
        Some(value) => value.scalar().map(Cow::into_owned).unwrap_or_default(),
        None => String::new(),
    };
    let kept = message.trim_end_matches(['\n', '\r']).len();
    message.truncate(kept);
    if let Some(stack) =
        STACK.iter().find_map(|key| row.path(key)?.as_str().filter(|text| text.contains('\n')).map(Cow::into_owned))
        && !message.contains(stack.trim())
    {
        if stack.contains(&message) && !stack.starts_with("Traceback") {
            message = stack;
        } else {
            message.push('\n');
            message.push_str(&stack);
        }
    }
    if message.is_empty() && found.is_none() && row.members().next().is_some() {
        row.raw().clone_into(&mut message);
    }
    message
}

fn request(row: Value<'_>) -> Option<Http> {
    let status =
        first(row, &["status", "statusCode", "http.response.status_code", "responseStatusCode", "EdgeResponseStatus"])
            .and_then(Value::as_i64)
            .filter(|status| (100..600).contains(status))?;
    let (host, path) = first_text(row, &["url", "url.path", "path", "requestPath", "request.uri", "request.url"])
        .as_deref()
        .map_or((None, None), host_and_path);
    let method = first_text(row, &["method", "http.request.method", "requestMethod", "request.method", "verb"])
        .map(|method| method.to_ascii_uppercase());
    (path.is_some() || method.is_some()).then(|| Http {
        method,
        host,
        path,
        status: i32::try_from(status).ok(),
        latency_ns: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;
    use crate::time::rfc3339;

    fn map(text: &str) -> LogRecord {
        let mut tape = Tape::default();
        let mut record = LogRecord::default();
        super::super::map(tape.parse(text).expect("valid"), None, &[], &mut record);
        record
    }

    #[test]
    fn knows_the_keys_and_numbers_of_logging_libraries() {
        for (text, ts, severity, message) in [
            (
                r#"{"ts":1704067200.5,"level":"warn","logger":"http","msg":"slow"}"#,
                "2024-01-01T00:00:00.500000000Z",
                Severity::Warning,
                "slow",
            ),
            (
                r#"{"level":50,"time":1704067200000,"pid":1,"hostname":"h","msg":"no"}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Error,
                "no",
            ),
            (
                r#"{"__REALTIME_TIMESTAMP":"1704067200000000","PRIORITY":"3","MESSAGE":[104,105]}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Error,
                "hi",
            ),
            (
                r#"{"@timestamp":"2024-01-01T00:00:00Z","log.level":"error","message":"m"}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Error,
                "m",
            ),
            (
                r#"{"timeUnixNano":"0","observedTimeUnixNano":"1704067200000000000","severityNumber":13,"body":{"stringValue":"b"}}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Warning,
                "b",
            ),
            (
                r#"{"time":"2024-01-01T00:00:00Z","stream":"stderr","log":"line\n"}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Default,
                "line",
            ),
        ] {
            let row = map(text);
            assert_eq!(
                (row.ts_ns.map(rfc3339).as_deref(), row.severity, row.message.as_str()),
                (Some(ts), severity, message),
                "{text}"
            );
        }
    }

    #[test]
    fn a_row_of_unknown_keys_is_kept_whole() {
        let row = map(r#"{"x":1,"y":{"z":2}}"#);
        assert_eq!((row.message.as_str(), row.ts_ns), (r#"{"x":1,"y":{"z":2}}"#, None));
    }
}
