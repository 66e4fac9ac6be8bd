//! Google Cloud Logging entries: the API's camelCase, client libraries' snake_case, and rows of a log lake.
//!
//! One mapper reads them all, because only the spelling of keys differs. The envelope's severity is the only one believed;
//! a payload's own level counts when the envelope names none. Source:
//! <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>.

use std::borrow::Cow;

use super::super::json::{Tape, Value};
use super::{Shape, audit, first, first_text, host_and_path, latency_ns, severity, timestamp};
use crate::record::{Http, Kind, LogRecord, Severity, Split, effective};

/// Keys that only such an entry has.
const KEYS: [&str; 14] = [
    "textPayload",
    "jsonPayload",
    "protoPayload",
    "logName",
    "insertId",
    "httpRequest",
    "receiveTimestamp",
    "text_payload",
    "json_payload",
    "proto_payload",
    "log_name",
    "insert_id",
    "http_request",
    "resource",
];
/// Payload keys that hold what people read, most likely first.
const MESSAGE: [&str; 8] = ["message", "msg", "event", "error", "log", "MESSAGE", "textPayload", "description"];
/// Payload keys that hold a stack, in the order of Error Reporting.
const STACK: [&str; 7] = ["stack_trace", "stackTrace", "exception", "exc_info", "traceback", "stack", "stacktrace"];
/// Payload keys that hold a level.
const LEVEL: [&str; 5] = ["severity", "level", "levelname", "log_level", "lvl"];
/// Payload keys that name a user.
const USER: [&str; 9] =
    ["user_id", "userId", "user", "uid", "user_email", "userEmail", "context.user_id", "context.userId", "username"];
/// What Cloud Run itself writes about an instance; needed only where an export lacks the log's name.
const PLATFORM: [&str; 8] = [
    "Container called exit(",
    "Default STARTUP TCP probe",
    "STARTUP TCP probe",
    "STARTUP HTTP probe",
    "LIVENESS HTTP probe",
    "Starting new instance. Reason:",
    "Memory limit of ",
    "Container terminated",
];

/// See the module.
pub(super) struct CloudLogging;

/// The value of a key in either spelling.
fn either<'a>(row: Value<'a>, camel: &str, snake: &str) -> Option<Value<'a>> {
    row.some(camel).or_else(|| row.some(snake))
}

fn text(value: Option<Value<'_>>) -> Option<String> {
    value?.scalar().filter(|text| !text.is_empty()).map(Cow::into_owned)
}

impl Shape for CloudLogging {
    fn knows(&self, row: Value<'_>) -> bool {
        let named = KEYS.iter().filter(|key| row.get(key).is_some()).count();
        // A request or a resource alone may belong to any system.
        named >= 2 || named == 1 && ["httpRequest", "http_request", "resource"].iter().all(|key| row.get(key).is_none())
    }

    fn map(&self, row: Value<'_>, record: &mut LogRecord) {
        if let Some(parsed) = row.some("timestamp").and_then(timestamp) {
            record.ts_ns = Some(parsed.ns);
            record.ts_naive = parsed.naive;
        }
        record.receive_ns =
            either(row, "receiveTimestamp", "receive_timestamp").and_then(timestamp).map(|parsed| parsed.ns);
        record.severity = row.some("severity").and_then(severity).unwrap_or(Severity::Default);
        record.insert_id = text(either(row, "insertId", "insert_id"));
        record.log_name =
            text(either(row, "logName", "log_name")).map(|name| name.replace("%2F", "/").replace("%2f", "/"));
        record.trace = text(row.some("trace")).map(|trace| trace.rsplit('/').next().unwrap_or(&trace).to_owned());
        record.span = text(either(row, "spanId", "span_id"));
        resource(row, record);
        if let Some(split) = row.some("split") {
            let number = |keys: &[&str]| {
                first(split, keys).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()).unwrap_or(0)
            };
            record.split = text(split.some("uid")).map(|uid| Split {
                uid,
                index: number(&["index"]),
                total: number(&["totalSplits", "total_splits"]),
            });
        }
        record.http = either(row, "httpRequest", "http_request").filter(|http| http.is_object()).and_then(request);

        let json = either(row, "jsonPayload", "json_payload").filter(|payload| payload.is_object());
        let proto = either(row, "protoPayload", "proto_payload").filter(|payload| payload.is_object());
        let audited = proto.into_iter().chain(json).find(|payload| audit::is_audit(*payload));
        let plain = text(either(row, "textPayload", "text_payload"));
        let mut inner = None;
        if let Some(payload) = audited {
            audit::map(payload, record);
        } else if let Some(plain) = plain {
            inner = nested_level(&plain);
            record.message = plain;
        } else if let Some(payload) = json {
            inner = first(payload, &LEVEL).and_then(severity);
            payload_text(payload, record);
        } else if let Some(payload) = proto {
            record.message = first_text(payload, &["status.message", "methodName", "method_name", "message"])
                .unwrap_or_else(|| payload.raw().to_owned());
        }
        source(row, json, record);
        record.kind = kind(record, audited.is_some());
        record.payload_rank = if record.message.is_empty() { i32::from(record.http.is_some()) } else { 2 };
        let found = effective(record.severity, &record.message, inner);
        record.effective_severity = found.severity;
        record.effective_reason = found.reason;
    }
}

fn resource(row: Value<'_>, record: &mut LogRecord) {
    let labels = row.path("resource.labels");
    let label = |keys: &[&str]| labels.and_then(|labels| first_text(labels, keys));
    record.resource_type = row.path("resource.type").and_then(Value::scalar).map(Cow::into_owned);
    record.service = label(&["service_name", "container_name", "function_name", "module_id", "job_name", "service"]);
    record.revision = label(&["revision_name", "version_id"]);
    record.location = label(&["location", "region", "zone"]);
    record.project = label(&["project_id"]).or_else(|| record.log_name.as_deref().and_then(project_of));
    let own = row.some("labels").filter(|labels| labels.is_object());
    record.instance = own
        .and_then(|labels| first_text(labels, &["instanceId", "instance_id", "k8s-pod/pod", "execution_id"]))
        .or_else(|| label(&["pod_name", "instance_id", "task_id"]));
    record.labels = own.map(|labels| labels.raw().to_owned()).filter(|labels| labels.len() > 2);
}

/// `projects/P/logs/…`, also for organizations, folders and billing accounts.
fn project_of(log_name: &str) -> Option<String> {
    let mut parts = log_name.trim_start_matches('/').split('/');
    matches!(parts.next(), Some("projects" | "organizations" | "folders" | "billingAccounts"))
        .then(|| parts.next().map(str::to_owned))
        .flatten()
}

fn request(http: Value<'_>) -> Option<Http> {
    let url = first_text(http, &["requestUrl", "request_url", "url"]);
    let (host, path) = url.as_deref().map_or((None, None), host_and_path);
    let request = Http {
        method: first_text(http, &["requestMethod", "request_method", "method"])
            .map(|method| method.to_ascii_uppercase()),
        host,
        path,
        status: first(http, &["status"]).and_then(Value::as_i64).and_then(|status| i32::try_from(status).ok()),
        latency_ns: first(http, &["latency"]).and_then(latency_ns),
    };
    (request != Http::default()).then_some(request)
}

/// The text of a JSON payload: its message with the stack behind it, or the payload itself.
fn payload_text(payload: Value<'_>, record: &mut LogRecord) {
    let mut message = first_text(payload, &MESSAGE).unwrap_or_default();
    let stack = STACK
        .iter()
        .find_map(|key| payload.some(key)?.as_str().filter(|text| text.contains('\n')).map(Cow::into_owned));
    match stack {
        // Both are quoted often; the stack alone then holds everything.
        Some(stack) if message.is_empty() || stack.contains(&message) && !stack.starts_with("Traceback") => {
            message = stack;
        }
        Some(stack) if !message.contains(stack.trim()) => {
            message.push('\n');
            message.push_str(&stack);
        }
        _ => {}
    }
    if message.is_empty() && payload.members().next().is_some() {
        payload.raw().clone_into(&mut message);
    }
    record.message = message;
    record.user = first_text(payload, &USER);
}

/// Where in the program a row was written.
fn source(row: Value<'_>, json: Option<Value<'_>>, record: &mut LogRecord) {
    let location = either(row, "sourceLocation", "source_location");
    let labels = json.and_then(|payload| payload.some("labels"));
    let own = row.some("labels");
    let of = |value: Option<Value<'_>>, keys: &[&str]| value.and_then(|value| first_text(value, keys));
    record.module = of(labels, &["module"])
        .or_else(|| of(own, &["python_logger", "logger"]))
        .or_else(|| of(location, &["file"]))
        .or_else(|| of(json, &["logger", "module", "context.name", "loggerName", "name"]));
    record.function = of(labels, &["function"])
        .or_else(|| of(location, &["function"]))
        .or_else(|| of(json, &["function", "funcName", "func"]));
    record.line = of(labels, &["line"])
        .or_else(|| of(location, &["line"]))
        .or_else(|| of(json, &["line", "lineno"]))
        .and_then(|line| line.trim().parse().ok());
}

fn kind(record: &LogRecord, audited: bool) -> Kind {
    let log = record.log_name.as_deref().unwrap_or("");
    if log.ends_with("cloudbuild") || record.resource_type.as_deref() == Some("build") {
        Kind::Build
    } else if audited || log.contains("cloudaudit.googleapis.com/") {
        Kind::Audit
    } else if log.contains("/varlog/system")
        || log.is_empty() && PLATFORM.iter().any(|text| record.message.starts_with(text))
    {
        Kind::System
    } else if log.ends_with("/requests") || record.http.is_some() && (log.is_empty() || record.message.is_empty()) {
        Kind::Request
    } else {
        Kind::App
    }
}

/// The level inside a text that is JSON itself.
fn nested_level(message: &str) -> Option<Severity> {
    let trimmed = message.trim();
    if !(trimmed.starts_with('{') && trimmed.ends_with('}')) {
        return None;
    }
    let mut tape = Tape::default();
    first(tape.parse(trimmed).ok()?, &LEVEL).and_then(severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> LogRecord {
        let mut tape = Tape::default();
        let mut record = LogRecord::default();
        super::super::map(tape.parse(text).expect("valid"), None, &[], &mut record);
        record
    }

    #[test]
    fn both_spellings_give_the_same_row() {
        let camel = map(
            r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00.000001Z","severity":"ERROR","logName":"projects/p/logs/run.googleapis.com%2Fstderr",
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api","revision_name":"shop-api-00001-abc","project_id":"p","location":"eu"}},
            "labels":{"instanceId":"i1"},"trace":"projects/p/traces/t1","spanId":"s1","jsonPayload":{"message":"boom","labels":{"module":"shop.cart","function":"add","line":"12"},"user_id":7}}"#,
        );
        let snake = map(r#"{"insert_id":"a","timestamp":"2025-01-01T00:00:00.000001+00:00","severity":500,
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api","revision_name":"shop-api-00001-abc","project_id":"p","location":"eu"}},
            "labels":{"instanceId":"i1"},"trace":"projects/p/traces/t1","span_id":"s1","text_payload":null,"json_payload":{"message":"boom","labels":{"module":"shop.cart","function":"add","line":"12"},"user_id":7}}"#);
        assert_eq!(camel.dedup_key(), snake.dedup_key());
        for row in [&camel, &snake] {
            assert_eq!((row.message.as_str(), row.severity, row.kind), ("boom", Severity::Error, Kind::App));
            assert_eq!(
                (row.module.as_deref(), row.function.as_deref(), row.line),
                (Some("shop.cart"), Some("add"), Some(12))
            );
            assert_eq!(
                (row.trace.as_deref(), row.instance.as_deref(), row.user.as_deref()),
                (Some("t1"), Some("i1"), Some("7"))
            );
        }
    }

    #[test]
    fn a_nested_placeholder_never_sets_the_severity() {
        let row = map(
            r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"ok","error":{"severity":"ERROR","message":"Missing field"}}}"#,
        );
        assert_eq!((row.severity, row.effective_severity), (Severity::Info, Severity::Info));
        let row = map(r#"{"insertId":"a","jsonPayload":{"message":"careful","level":"warn"}}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Warning));
        let row = map(r#"{"insertId":"a","textPayload":"{\"level\":\"ERROR\",\"event\":\"lost\"}"}"#);
        assert_eq!(row.effective_reason, Some("level inside the payload"));
    }

    #[test]
    fn kinds_are_told_apart_with_and_without_the_log_name() {
        let log = |name: &str| format!(r#"{{"insertId":"a","textPayload":"x","logName":"projects/p/logs/{name}"}}"#);
        assert_eq!(map(&log("run.googleapis.com%2Fvarlog%2Fsystem")).kind, Kind::System);
        assert_eq!(map(&log("run.googleapis.com%2Frequests")).kind, Kind::Request);
        assert_eq!(map(&log("run.googleapis.com%2Fstdout")).kind, Kind::App);
        assert_eq!(map(&log("cloudbuild")).kind, Kind::Build);
        assert_eq!(map(r#"{"insert_id":"a","text_payload":"Container called exit(1)."}"#).kind, Kind::System);
        let row = map(
            r#"{"insertId":"a","httpRequest":{"requestMethod":"get","requestUrl":"https://h/x/1?q=2","status":503,"latency":"0.25s"}}"#,
        );
        assert_eq!((row.kind, row.payload_rank), (Kind::Request, 1));
        let http = row.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
            (Some("GET"), Some("/x/1"), Some(503), Some(250_000_000))
        );
    }

    #[test]
    fn a_stack_beside_the_message_belongs_to_it() {
        let row = map(
            r#"{"insertId":"a","severity":"ERROR","jsonPayload":{"message":"job failed","stack_trace":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no"}}"#,
        );
        assert!(row.message.starts_with("job failed\nTraceback") && row.message.ends_with("ValueError: no"));
    }

    #[test]
    fn a_row_without_payload_has_rank_zero() {
        let row = map(
            r#"{"insert_id":"a","severity":"ERROR","resource":{"type":"x","labels":{}},"json_payload":null,"text_payload":null}"#,
        );
        assert_eq!((row.payload_rank, row.message.as_str()), (0, ""));
    }
}
