//! Cloudflare Workers: what `wrangler tail --format json` and tail Workers get of one invocation, and the same under the names
//! of Logpush (`EventTimestampMs`, `ScriptName`).
//!
//! One row is one invocation, with the lines it logged and the exceptions it threw. Sources:
//! <https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/>,
//! <https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/workers_trace_events/>.

use std::fmt::Write as _;

use super::super::json::Value;
use super::{
    Row, Shape, first, first_text, host_and_path, http_status, imply, level, nested, take_first_time, take_severity,
    text, upper,
};
use crate::record::{Http, Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Worker;

/// Whether an object is an invocation, which lists lines as a wrapper does.
pub(super) fn is_invocation(value: Value<'_>) -> bool {
    let has = |keys: [&str; 2]| keys.iter().any(|key| value.get(key).is_some());
    has(["outcome", "Outcome"])
        && has(["scriptName", "ScriptName"])
        && has(["eventTimestamp", "EventTimestampMs"])
        && !has(["level", "msg"])
}

impl Shape for Worker {
    fn keys(&self) -> &'static [&'static str] {
        &["outcome", "Outcome", "$workers"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        is_invocation(row.value()) || is_line(row.value())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        if is_line(value) {
            return line(value, record);
        }
        take_first_time(record, value, &["eventTimestamp", "EventTimestampMs"]);
        let said = |keys: &[&str]| first_text(value, keys);
        record.service = said(&["scriptName", "ScriptName"]);
        record.revision = said(&["scriptVersion.id", "ScriptVersion.ID", "ScriptVersion.Id"]);
        record.trace = said(&["event.request.headers.cf-ray", "Event.RayID"]);
        record.location = said(&["event.request.cf.colo"]);
        record.function = said(&["entrypoint", "Entrypoint"]);
        let outcome = said(&["outcome", "Outcome"]).unwrap_or_default();
        let (method, url) = (
            said(&["event.request.method", "Event.Request.Method"]),
            said(&["event.request.url", "Event.Request.URL"]),
        );
        if method.is_some() || url.is_some() {
            let (host, path) = url.map_or((None, None), host_and_path);
            let status = first(value, &["event.response.status", "Event.Response.Status"]).and_then(Value::as_i64);
            let status = status.and_then(http_status);
            record.http = Some(Http { method: method.map(upper), host, path, status, latency_ns: None });
        }
        let mut worst = None;
        record.message = lines(value, &mut worst).into();
        if record.message.is_empty() && record.http.is_none() {
            // A schedule, a queue, an alarm.
            let cause = said(&["event.cron", "Event.Cron", "event.queue", "EventType"]);
            let parts = [Some(outcome.clone()), cause].into_iter().flatten();
            record.message = parts.collect::<Vec<_>>().join(" ").into();
        }
        record.kind = if record.message.is_empty() { Kind::Request } else { Kind::App };
        // A client that went away is no failure of the program.
        let failed = !matches!(&*outcome, "ok" | "canceled" | "responseStreamDisconnected" | "");
        imply(record, failed.then_some(Severity::Error).or(worst), "outcome of the invocation");
    }
}

/// Whether an object is a line of Workers Logs, which has beside it what is known of its invocation.
fn is_line(value: Value<'_>) -> bool {
    value.some("$workers").is_some() && value.some("$metadata").is_some() && value.some("timestamp").is_some()
}

fn line<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    take_first_time(record, value, &["timestamp"]);
    let said = |keys: &[&str]| first_text(value, keys);
    record.service = said(&["$workers.scriptName", "$metadata.service"]);
    record.insert_id = said(&["$metadata.id"]);
    record.trace = said(&["$workers.requestId", "$metadata.requestId"]);
    if let Some(level) = value.path("$metadata.level") {
        take_severity(record, level);
    }
    let (method, url) = (said(&["$workers.event.request.method"]), said(&["$workers.event.request.url"]));
    let status = value.path("$workers.event.response.status").and_then(Value::as_i64).and_then(http_status);
    if method.is_some() && status.is_some() {
        let (host, path) = url.map_or((None, None), host_and_path);
        record.http = Some(Http { method: method.map(upper), host, path, status, latency_ns: None });
    }
    // What the program logged, if it was an object.
    let source = value.some("source").filter(|source| source.is_object());
    let told = source.and_then(|source| nested::fill_from(source, record)).filter(|told| !told.is_empty());
    let written = said(&["source", "$metadata.message", "$metadata.error"]);
    record.message = told.map(Into::into).or(written).unwrap_or_default();
}

/// The lines and the exceptions of an invocation, and the worst level of the lines.
fn lines(value: Value<'_>, worst: &mut Option<Severity>) -> String {
    let mut out = String::new();
    let list = |keys: &[&str]| first(value, keys).into_iter().flat_map(Value::items);
    for line in list(&["logs", "Logs"]) {
        *worst = first(line, &["level", "Level"]).and_then(level::word).max(*worst);
        out.push_str(if out.is_empty() { "" } else { "\n" });
        let Some(said) = first(line, &["message", "Message"]) else { continue };
        if said.is_array() {
            // What was passed to `console.log`.
            for (at, one) in said.items().enumerate() {
                out.push_str(if at > 0 { " " } else { "" });
                out.push_str(&one.as_str().unwrap_or_else(|| one.raw().into()));
            }
        } else {
            out.push_str(&text(said).unwrap_or_else(|| said.raw().into()));
        }
    }
    for thrown in list(&["exceptions", "Exceptions"]) {
        let said = |keys: &[&str]| first_text(thrown, keys).unwrap_or_default();
        let (name, message, stack) =
            (said(&["name", "Name"]), said(&["message", "Message"]), said(&["stack", "Stack"]));
        out.push_str(if out.is_empty() { "" } else { "\n" });
        if !stack.starts_with(&*name) || name.is_empty() {
            let _ = write!(out, "{name}: {message}{}", if stack.is_empty() { "" } else { "\n" });
        }
        out.push_str(stack.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn lines_of_workers_logs_have_their_invocation_beside_them() {
        let row = map(
            r#"{"source":{"level":"error","message":"no stock"},"dataset":"cloudflare-workers","timestamp":"2024-01-02T03:04:05.678Z","$workers":{"event":{"request":{"url":"https://h/a","method":"GET"},"response":{"status":500}},"scriptName":"till","requestId":"r"},"$metadata":{"id":"i","level":"error","message":"no stock"}}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no stock"));
        assert_eq!(
            (row.service.as_deref(), row.trace.as_deref(), row.insert_id.as_deref()),
            (Some("till"), Some("r"), Some("i"))
        );
        assert_eq!(row.http.and_then(|http| http.status), Some(500));
    }

    #[test]
    fn an_invocation_is_a_request_with_what_it_logged_and_threw() {
        let row = map(
            r#"{"outcome":"exception","scriptName":"till","exceptions":[{"name":"TypeError","message":"x","timestamp":1704164645700,"stack":"    at f (worker.js:1:2)"}],"logs":[{"message":["cart",7,{"a":1}],"level":"log","timestamp":1704164645690}],"eventTimestamp":1704164645678,"event":{"request":{"url":"https://h/a?b","method":"GET","headers":{"cf-ray":"r"}},"response":{"status":500}}}"#,
        );
        assert_eq!(row.message, "cart 7 {\"a\":1}\nTypeError: x\n    at f (worker.js:1:2)");
        let http = row.http.as_ref().expect("http");
        assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(500)));
        assert_eq!(
            (row.kind, row.effective_severity, row.service.as_deref(), row.trace.as_deref()),
            (Kind::App, Severity::Error, Some("till"), Some("r"))
        );
        let row = map(
            r#"{"EventTimestampMs":1704164645678,"Outcome":"ok","ScriptName":"till","Exceptions":[],"Logs":[],"Event":{"RayID":"r","Request":{"URL":"https://h/a","Method":"GET"},"Response":{"Status":200}}}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::Request, "", Severity::Default));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        let row = map(
            r#"{"outcome":"exceededCpu","scriptName":"till","exceptions":[],"logs":[],"eventTimestamp":1704164645678,"event":{"cron":"* * * * *"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("exceededCpu * * * * *", Severity::Error));
        let row = map(
            r#"{"outcome":"ok","scriptName":"till","exceptions":[],"logs":[{"message":["late"],"level":"warn","timestamp":1}],"eventTimestamp":1704164645678,"event":null}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("late", Severity::Warning));
    }
}
