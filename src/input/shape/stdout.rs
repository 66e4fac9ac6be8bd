//! Google's structured standard output: what a container writes before Cloud Logging lifts its special fields.
//!
//! `logging.googleapis.com/*`, and the time as seconds and nanoseconds side by side. Source:
//! <https://cloud.google.com/logging/docs/structured-logging#special-payload-fields>.

use super::super::json::Value;
use super::gcp::request;
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
        for (key, value) in value.members() {
            match key.as_ref() {
                "timestampSeconds" => seconds = value.as_i64(),
                "timestampNanos" => nanos = value.as_i64().unwrap_or(0),
                "httpRequest" => record.http = request(value),
                "logging.googleapis.com/insertId" => record.insert_id = text(value),
                "logging.googleapis.com/trace" => record.trace = text(value).map(last_segment),
                "logging.googleapis.com/spanId" => record.span = text(value),
                "logging.googleapis.com/sourceLocation" => payload.offer_location(value),
                "logging.googleapis.com/labels" => labels(value, record),
                _ => {}
            }
        }
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

fn labels<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    if value.is_object() && value.raw().len() > 2 {
        record.labels = Some(value.raw().into());
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
}
