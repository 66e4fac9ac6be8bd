//! Google's structured standard output: what a container writes before Cloud Logging lifts its special fields.
//!
//! `logging.googleapis.com/*`, and the time as seconds and nanoseconds side by side. Source:
//! <https://cloud.google.com/logging/docs/structured-logging#special-payload-fields>.

use std::borrow::Cow;

use super::super::json::Value;
use super::gcp::{self, request};
use super::generic::fill;
use super::payload::Payload;
use super::{Row, Shape, last_segment, text};
use crate::record::{Kind, LogRecord};
use crate::time::SECOND_NS;

/// See the module.
pub(super) struct Stdout;

impl Shape for Stdout {
    fn keys(&self) -> &'static [&'static str] {
        &["logging.googleapis.com", "timestampSeconds"]
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let mut payload = Payload::of(value);
        let (mut seconds, mut nanos) = (None, 0);
        for (key, value) in value.fields() {
            match key {
                b"timestampSeconds" => seconds = value.as_i64(),
                b"timestampNanos" => nanos = value.as_i64().unwrap_or(0),
                b"httpRequest" => record.http = request(value),
                _ => {}
            }
        }
        special(value, record, &mut payload);
        if let Some(ns) = seconds.and_then(|seconds| seconds.checked_mul(SECOND_NS)?.checked_add(nanos)) {
            record.ts_ns = Some(ns);
            record.ts_naive = false;
            record.ts_source = Some("timestampSeconds".into());
        }
        (record.module, record.function, record.line) = (None, None, None);
        payload.source(value, record);
        record.service = record.service.take().or_else(|| payload.service.text(value));
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
    }
}

/// Takes the fields that have names of their own, which count more than any key of the program's.
pub(super) fn special<'a>(row: Value<'a>, record: &mut LogRecord<'a>, payload: &mut Payload) {
    let take = |field: &mut Option<Cow<'a, str>>, value: Value<'a>| *field = text(value).or(field.take());
    for (key, value) in row.members() {
        match key.strip_prefix("logging.googleapis.com/") {
            Some("insertId") => take(&mut record.insert_id, value),
            Some("trace") => {
                take(&mut record.trace, value);
                record.trace = record.trace.take().map(last_segment);
            }
            Some("spanId") => take(&mut record.span, value),
            Some("sourceLocation") => payload.offer_location(value),
            Some("labels") if value.is_object() => drop(gcp::labels(value, record, payload)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;
    use crate::time::rfc3339_short;

    #[test]
    fn special_fields_are_what_cloud_logging_makes_of_them() {
        let row = map(
            r#"{"severity":"ERROR","message":"no","timestampSeconds":1704067200,"timestampNanos":5,"logging.googleapis.com/insertId":"i","logging.googleapis.com\/trace":"projects/p/traces/t","logging.googleapis.com/spanId":"s","logging.googleapis.com/sourceLocation":{"file":"a.go","line":"7","function":"f"},"logging.googleapis.com/labels":{"a":"b"},"serviceContext":{"service":"till","version":"v12"}}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-01T00:00:00.000000005Z"));
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no"));
        assert_eq!(
            (row.insert_id.as_deref(), row.trace.as_deref(), row.span.as_deref()),
            (Some("i"), Some("t"), Some("s"))
        );
        assert_eq!((row.module.as_deref(), row.function.as_deref(), row.line), (Some("a.go"), Some("f"), Some(7)));
        assert_eq!((row.service.as_deref(), row.revision.as_deref()), (Some("till"), Some("v12")));
        assert_eq!(row.labels.as_deref(), Some(r#"{"a":"b"}"#));
    }

    #[test]
    fn fields_of_standard_output_are_read_beside_the_name_of_the_log() {
        let row = map(
            r#"{"severity":"ERROR","timestamp":{"seconds":1756720800,"nanos":5},"message":"no room","logName":"projects/p/logs/x",
            "logging.googleapis.com/insertId":"i","logging.googleapis.com/trace":"projects/p/traces/t","logging.googleapis.com/spanId":"s",
            "logging.googleapis.com/labels":{"instanceId":"n"},"logging.googleapis.com/sourceLocation":{"file":"a.js","line":"3","function":"f"},
            "serviceContext":{"service":"till","version":"v2"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.insert_id.as_deref()), ("no room", Some("i")));
        assert_eq!(
            (row.trace.as_deref(), row.span.as_deref(), row.instance.as_deref()),
            (Some("t"), Some("s"), Some("n"))
        );
        assert_eq!((row.module.as_deref(), row.function.as_deref(), row.line), (Some("a.js"), Some("f"), Some(3)));
        assert_eq!((row.service.as_deref(), row.revision.as_deref()), (Some("till"), Some("v2")));
        assert_eq!((row.project.as_deref(), row.ts_ns), (Some("p"), Some(1_756_720_800_000_000_005)));
    }
}
