//! Entries as Google's client library for Go holds them: `{"Timestamp":…,"Severity":500,"Payload":…,"InsertID":…}`.
//!
//! The fields are those of an entry under names of their own. Source:
//! <https://github.com/googleapis/google-cloud-go/blob/main/logging/logging.go>.

use super::super::json::Value;
use super::made::Object;
use super::{Row, Shape, gcp};
use crate::record::LogRecord;

/// See the module.
pub(super) struct GoEntry;

/// What the API calls the fields.
const NAMES: [(&str, &str); 11] = [
    ("Timestamp", "timestamp"),
    ("Severity", "severity"),
    ("Labels", "labels"),
    ("InsertID", "insertId"),
    ("Operation", "operation"),
    ("LogName", "logName"),
    ("Resource", "resource"),
    ("Trace", "trace"),
    ("SpanID", "spanId"),
    ("TraceSampled", "traceSampled"),
    ("SourceLocation", "sourceLocation"),
];

impl Shape for GoEntry {
    fn keys(&self) -> &'static [&'static str] {
        &["InsertID"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        ["Timestamp", "Severity", "Payload"].iter().all(|key| row.value().get(key).is_some())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        if let Some(read) = gcp::read(&renamed(row.value())) {
            *record = read;
        }
    }
}

/// The entry under the names of the API.
fn renamed(row: Value<'_>) -> String {
    let mut out = Object::new();
    for (theirs, name) in NAMES {
        if let Some(value) = row.some(theirs) {
            out.put(name, value);
        }
    }
    if let Some(payload) = row.some("Payload") {
        out.put(if payload.is_object() { "jsonPayload" } else { "textPayload" }, payload);
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn fields_are_those_of_an_entry() {
        let row = map(
            r#"{"Timestamp":"2025-09-01T10:00:00.123456789Z","Severity":500,"Payload":"no \"room\"","Labels":{"instanceId":"i"},"InsertID":"g1",
            "HTTPRequest":null,"Operation":null,"LogName":"projects/p/logs/run.googleapis.com%2Fstderr","Resource":{"type":"cloud_run_revision",
            "labels":{"service_name":"shop"}},"Trace":"projects/p/traces/t","SpanID":"","TraceSampled":false,
            "SourceLocation":{"file":"a.go","line":7,"function":"main.f"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.severity), ("no \"room\"", Severity::Error));
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("shop"), Some("i")));
        assert_eq!((row.trace.as_deref(), row.function.as_deref(), row.line), (Some("t"), Some("main.f"), Some(7)));
        assert_eq!((row.insert_id.as_deref(), row.ts_ns), (Some("g1"), Some(1_756_720_800_123_456_789)));
        let row = map(
            r#"{"Timestamp":"2025-09-01T10:00:01Z","Severity":400,"Payload":{"message":"low","user_id":"u"},"Labels":null,"InsertID":"g2"}"#,
        );
        assert_eq!((row.message.as_ref(), row.user.as_deref()), ("low", Some("u")));
        assert_eq!(row.severity, Severity::Warning);
    }
}
