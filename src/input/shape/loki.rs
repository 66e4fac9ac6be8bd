//! Grafana Loki: `logcli -o jsonl`, the lines of a query's streams once they are rows, and the table that Grafana's Explore
//! saves as CSV (`labels`, `Time`, `Line`, `tsNs`, `id`).
//!
//! The line is the program's, read once more where it is JSON; service and level are labels of its stream. Source:
//! <https://grafana.com/docs/loki/latest/reference/loki-http-api/>.

use super::super::json::Value;
use super::generic::{fill, without_line_end};
use super::{INNER_LEVEL, Row, Shape, first_text, imply, level, take_severity, take_time, text};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Loki;

impl Shape for Loki {
    fn keys(&self) -> &'static [&'static str] {
        &["line", "Line"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        is_saved(value)
            || value.some("labels").is_some_and(Value::is_object)
                && value.some("line").is_some_and(|line| line.as_str().is_some())
                && value.some("timestamp").is_some()
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        if is_saved(value) {
            return saved(value, record);
        }
        fill(value, record);
        record.line = None;
        record.message = value.some("line").and_then(text).map(without_line_end).unwrap_or_default();
        let Some(labels) = value.some("labels") else { return };
        labelled(labels, record);
        if let Some(beside) = value.some("structuredMetadata").filter(|more| more.is_object()) {
            // A client may ask for what was parsed apart from it.
            let more = beside.some("structuredMetadata").filter(|more| more.is_object()).unwrap_or(beside);
            let level = ["level", "detected_level", "severity_text", "severity"].iter().find_map(|key| more.some(key));
            let level = level.or_else(|| beside.path("parsed.level"));
            imply(record, level.and_then(level::word), INNER_LEVEL);
            record.trace = record.trace.take().or_else(|| first_text(more, &["trace_id", "traceID", "traceId"]));
            record.span = record.span.take().or_else(|| first_text(more, &["span_id", "spanID", "spanId"]));
            record.instance = record.instance.take().or_else(|| first_text(more, &["pod", "instance"]));
        }
    }
}

/// Takes what labels say.
fn labelled<'a>(labels: Value<'a>, record: &mut LogRecord<'a>) {
    let said = |keys: &[&str]| first_text(labels, keys);
    record.service = said(&["service_name", "app", "service", "job", "container", "container_name"]);
    record.instance = said(&["pod", "instance", "host", "hostname"]);
    record.project = said(&["namespace"]);
    record.trace = record.trace.take().or_else(|| said(&["trace_id", "traceID", "traceId"]));
    if let Some(level) = ["level", "detected_level", "severity"].iter().find_map(|key| labels.some(key)) {
        take_severity(record, level);
    }
}

/// Whether a row is one of the table that Explore saves; what reads a table has made an object of its labels.
fn is_saved(value: Value<'_>) -> bool {
    value.some("Line").is_some_and(|line| line.as_str().is_some())
        && value.some("tsNs").is_some()
        && value.some("labels").is_some_and(Value::is_object)
}

fn saved<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    fill(value, record);
    record.line = None;
    record.message = value.some("Line").and_then(text).map(without_line_end).unwrap_or_default();
    // The cell beside it is in the zone of somebody's browser.
    if let Some(time) = value.some("tsNs") {
        take_time(record, "tsNs", time);
    }
    if let Some(labels) = value.some("labels") {
        labelled(labels, record);
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn labels_tell_service_and_level_and_the_line_is_read_again() {
        let row = map(
            r#"{"labels":{"app":"till","level":"error","pod":"p"},"line":"{\"msg\":\"no\",\"user_id\":\"u\"}\n","timestamp":"1704067200000000001"}"#,
        );
        assert_eq!(
            (row.ts_ns, row.severity, row.message.as_ref()),
            (Some(1_704_067_200_000_000_001), Severity::Error, "no")
        );
        assert_eq!(
            (row.service.as_deref(), row.instance.as_deref(), row.user.as_deref()),
            (Some("till"), Some("p"), Some("u"))
        );
    }

    #[test]
    fn what_was_parsed_may_stand_apart_from_structured_metadata() {
        let row = map(
            r#"{"timestamp":"1704164645678000000","line":"slow","labels":{"app":"till"},"structuredMetadata":{"structuredMetadata":{"trace_id":"t"},"parsed":{"level":"warn"}}}"#,
        );
        assert_eq!((row.trace.as_deref(), row.effective_severity), (Some("t"), crate::record::Severity::Warning));
    }

    #[test]
    fn a_table_of_explore_has_its_time_in_nanoseconds() {
        let row = map(
            r#"{"labels":{"app":"till","pod":"p","level":"error"},"Time":"2025-09-15 17:41:13.123","Line":"{\"msg\":\"no\"}","tsNs":"1757983273123456789","id":"1_a"}"#,
        );
        assert_eq!((row.ts_ns, row.ts_naive), (Some(1_757_983_273_123_456_789), false));
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no"));
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till"), Some("p")));
        let row = map(r#"{"labels":"a, b","Time":"2025-09-15 17:41:13.123","Line":"no","tsNs":"1757983273123456789"}"#);
        assert_eq!(row.service, None, "another table");
    }
}
