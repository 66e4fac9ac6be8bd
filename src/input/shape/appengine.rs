//! Requests of App Engine: one entry of the request, with the lines that the program logged while it served it.
//!
//! A line has a time, a level and a place of its own, so it is a row beside the request's, and says the rest as the request
//! does. Source: <https://cloud.google.com/appengine/docs/legacy/standard/python/logs>, the fields in
//! <https://github.com/googleapis/googleapis/blob/master/google/appengine/logging/v1/request_log.proto>.

use std::borrow::Cow;

use super::super::json::Value;
use super::{Row, first_text, gcp, host_and_path, http_status, latency_ns, take_severity, take_time, text, upper};
use crate::record::{Http, Kind, LogRecord, Severity};

/// Whether a payload is such a request.
pub(super) fn is_request(payload: Value<'_>) -> bool {
    let is_named = |key: &str| {
        payload.some(key).and_then(Value::as_str).is_some_and(|name| name.ends_with("appengine.logging.v1.RequestLog"))
    };
    let has = |key: &str| payload.get(key).is_some();
    // BigQuery keeps no type of it.
    let is_row = || !has("@type") && ["requestId", "startTime", "resource"].into_iter().all(has);
    is_named("@type") || is_named("at_sign_type") || is_row()
}

/// The lines of an entry, where it is a request that has some.
pub(super) fn lines<'a>(row: &Row<'a>) -> Option<Value<'a>> {
    let payload = row.value().at(row.cloud.proto).filter(|payload| payload.is_object())?;
    let lines = payload.some("line").filter(|lines| lines.items().next().is_some())?;
    (lines.items().all(Value::is_object) && is_request(payload)).then_some(lines)
}

/// Fills what the request says of itself.
pub(super) fn request<'a>(payload: Value<'a>, record: &mut LogRecord<'a>) {
    let http = record.http.take().unwrap_or_default();
    let said = |key: &str| payload.some(key).and_then(text);
    let (host, path) = said("resource").map_or((None, None), host_and_path);
    let status = payload.some("status").and_then(Value::as_i64).and_then(http_status);
    record.http = Some(Http {
        method: said("method").map(upper).or(http.method),
        host: host.or_else(|| said("host")).or(http.host),
        path: path.or(http.path),
        status: status.or(http.status),
        latency_ns: payload.some("latency").and_then(latency_ns).or(http.latency_ns),
    })
    .filter(|http| *http != Http::default());
    if record.http.is_none() {
        record.message = payload.raw().into();
    }
    record.trace = record.trace.take().or_else(|| said("traceId")).or_else(|| said("requestId"));
    record.instance = record.instance.take().or_else(|| said("instanceId"));
    record.service = record.service.take().or_else(|| said("moduleId"));
    record.revision = record.revision.take().or_else(|| said("versionId"));
}

/// Fills a record from a line of a request: its id is the request's, with its place among the lines.
pub(super) fn line<'a>(line: Value<'a>, at: usize, request: Value<'a>, record: &mut LogRecord<'a>) {
    gcp::entry(&Row::of(request), record);
    record.insert_id = record.insert_id.take().map(|id| Cow::Owned(format!("{id}/{at}")));
    record.split = None;
    record.http = None;
    record.kind = Kind::App;
    (record.severity, record.severity_unknown) = (Severity::Default, false);
    (record.effective_severity, record.effective_reason) = (Severity::Default, None);
    if let Some(severity) = line.some("severity") {
        take_severity(record, severity);
    }
    if let Some(time) = line.some("time") {
        take_time(record, "protoPayload.line.time", time);
    }
    record.message = first_text(line, &["logMessage", "logmessage"]).unwrap_or(Cow::Borrowed(""));
    (record.module, record.function, record.line) = (None, None, None);
    if let Some(place) = line.some("sourceLocation") {
        record.module = first_text(place, &["file"]);
        record.function = first_text(place, &["functionName"]);
        record.line = place.some("line").and_then(Value::as_i64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::super::{Beside, Carried, Row, Unwrapped, map, mapped_row, unwrap};
    use crate::record::{Kind, LogRecord, Severity};

    /// The records of an entry with these lines.
    fn records(lines: &str) -> Vec<LogRecord<'static>> {
        let text = format!(
            r#"{{"insertId":"r1","timestamp":"2025-09-01T10:00:00Z","severity":"ERROR","httpRequest":{{"status":500}},
            "logName":"projects/p/logs/appengine.googleapis.com%2Frequest_log",
            "resource":{{"type":"gae_app","labels":{{"module_id":"shop","version_id":"v7","project_id":"p","zone":"eu-1"}}}},
            "protoPayload":{{"@type":"type.googleapis.com/google.appengine.logging.v1.RequestLog","method":"GET","resource":"/cart?x=1",
            "host":"shop.example","status":500,"latency":"0.250s","traceId":"t1","instanceId":"i1"{lines}}}}}"#
        );
        let mut tape = Tape::default();
        let rows = match unwrap(tape.parse(&text).expect("valid"), &[]) {
            Unwrapped::Row(row) => vec![Carried { row: row.value(), beside: Beside::default() }],
            Unwrapped::Wrapper { rows, .. } => rows,
        };
        let mut found = Vec::new();
        for carried in rows {
            let mut record = LogRecord::default();
            map(&Row::of(carried.row), carried.beside, &[], &mut record);
            found.push(record.into_owned());
        }
        found
    }

    #[test]
    fn a_request_and_its_lines_are_rows() {
        let rows = records(
            r#","line":[{"time":"2025-09-01T10:00:00.100001Z","severity":"INFO","logMessage":"begin"},
            {"time":"2025-09-01T10:00:00.200002Z","severity":"ERROR","logMessage":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1",
            "sourceLocation":{"file":"a.py","line":"7","functionName":"f"}},{"time":"2025-09-01T10:00:00.3Z","logMessage":"end"}]"#,
        );
        assert_eq!(rows.len(), 4);
        let request = &rows[0];
        assert_eq!(
            (request.kind, request.message.as_ref(), request.insert_id.as_deref()),
            (Kind::Request, "", Some("r1"))
        );
        let http = request.http.as_ref().expect("http");
        assert_eq!(
            (http.method.as_deref(), http.host.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
            (Some("GET"), Some("shop.example"), Some("/cart"), Some(500), Some(250_000_000))
        );
        for row in &rows {
            assert_eq!((row.service.as_deref(), row.revision.as_deref()), (Some("shop"), Some("v7")));
            assert_eq!((row.trace.as_deref(), row.instance.as_deref()), (Some("t1"), Some("i1")));
            assert_eq!(row.project.as_deref(), Some("p"));
        }
        let failed = &rows[2];
        assert_eq!((failed.kind, failed.severity, failed.http.is_none()), (Kind::App, Severity::Error, true));
        assert!(failed.message.starts_with("Traceback"));
        assert_eq!((failed.insert_id.as_deref(), rows[3].insert_id.as_deref()), (Some("r1/1"), Some("r1/2")));
        assert_eq!(
            (failed.module.as_deref(), failed.function.as_deref(), failed.line),
            (Some("a.py"), Some("f"), Some(7))
        );
        assert_eq!(failed.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2025-09-01T10:00:00.200002Z"));
        assert_eq!((rows[1].severity, rows[3].severity), (Severity::Info, Severity::Default));
    }

    #[test]
    fn a_row_of_bigquery_is_a_request_without_its_type() {
        let row = mapped_row(
            r#"{"insertId":"r1","timestamp":"2025-09-01 10:00:00 UTC","logName":"projects/p/logs/appengine.googleapis.com%2Frequest_log","resource":null,
            "protoPayload":{"requestId":"5f","startTime":"2025-09-01 10:00:00 UTC","method":"GET","resource":"/cart","status":"404","latency":"0.5","line":[]}}"#,
        );
        let http = row.http.expect("http");
        assert_eq!((row.kind, http.path.as_deref(), http.status), (Kind::Request, Some("/cart"), Some(404)));
        assert_eq!((http.latency_ns, row.trace.as_deref()), (Some(500_000_000), Some("5f")));
    }

    #[test]
    fn a_request_without_lines_is_one_row() {
        for lines in ["", r#","line":[]"#, r#","line":null"#] {
            let rows = records(lines);
            assert_eq!((rows.len(), rows[0].kind), (1, Kind::Request), "{lines}");
        }
    }
}
