//! AWS CloudWatch: events of `filter-log-events` and subscriptions, and rows of Logs Insights.
//!
//! The message is what the program wrote, often JSON. Insights has the fields it discovered beside it, flat or dotted, and
//! times without a zone, which are UTC. Source:
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>.

use super::generic::{fill, inside, without_line_end};
use super::{Row, Shape, first_text, identify, nested, part, text};
use crate::record::{Kind, LogRecord};

/// See the module.
pub(super) struct CloudWatch;

impl Shape for CloudWatch {
    fn keys(&self) -> &'static [&'static str] {
        &["ingestionTime", "@message", "@ptr", "@log", "@logStream", "logStreamName"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        // Streams are listed under their names too.
        let has = |key: &str| row.value().get(key).is_some();
        !has("logStreamName") || has("ingestionTime") || has("message") && has("timestamp")
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        identify(record, first_text(value, &["eventId", "@ptr"]));
        record.instance = first_text(value, &["logStreamName", "@logStream"]).or_else(|| record.instance.take());
        let group = first_text(value, &["@log", "logGroupName"]);
        // `account:group`, the account being digits.
        let group = group.map(|group| {
            part(group, |text| match text.split_once(':') {
                Some((account, group)) if !group.is_empty() && account.bytes().all(|b| b.is_ascii_digit()) => group,
                _ => text,
            })
        });
        let stream = || record.instance.as_deref().and_then(service_of).map(|name| name.to_owned().into());
        record.service = record.service.take().or(group).or_else(stream);
        let traces = ["@xrayTraceId", "@requestId", "@message.trace_id", "@message.request_id", "@message.requestId"];
        record.trace = first_text(value, &traces).or_else(|| record.trace.take());
        let Some(message) = value.some("@message").or_else(|| value.some("message")) else { return };
        if message.is_object() {
            let told = nested::fill_from(message, record).filter(|text| !text.is_empty()).map(Into::into);
            // A request needs no text.
            let whole = || inside(message).filter(|_| record.kind != Kind::Request);
            record.message = told.or_else(whole).unwrap_or_default();
        } else if let Some(text) = text(message) {
            record.message = without_line_end(text);
        }
    }
}

/// What the name of a stream says of the service, where no group is named: `prefix/container/task` of containers, or a plain
/// name. Lambda's dates and the ids of machines name none.
fn service_of(stream: &str) -> Option<&str> {
    let mut parts = stream.split('/');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let ((Some(name), None, ..) | (_, Some(name), Some(_), None)) = parts else { return None };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let named = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && name.as_bytes().iter().all(plain);
    (named && !name.starts_with("i-")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;
    use crate::time::rfc3339_short;

    #[test]
    fn the_name_of_a_stream_is_a_service_only_where_it_can_be_one() {
        use super::service_of;
        assert_eq!(service_of("web/till/0af7"), Some("till"));
        assert_eq!(service_of("till-api"), Some("till-api"));
        for other in ["2024/01/01/[$LATEST]a", "i-0abc", "2024-01-01", "a/b", "", "7/8/9"] {
            assert_eq!(service_of(other), None, "{other}");
        }
        let row = map(
            r#"{"@timestamp":"2024-01-01 00:00:00.000","@message":{"message":"m","request_id":"r"},"@log":"1:/g"}"#,
        );
        assert_eq!((row.trace.as_deref(), row.service.as_deref()), (Some("r"), Some("/g")));
    }

    #[test]
    fn filtered_events_are_read_through_their_text() {
        let row = map(
            r#"{"logStreamName":"2024/01/01/[$LATEST]a","timestamp":1704067200001,"message":"{\"level\":\"ERROR\",\"message\":\"no stock\",\"traceId\":\"t\"}\n","ingestionTime":1704067200900,"eventId":"37"}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-01T00:00:00.001Z"));
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
        assert_eq!((row.message.as_ref(), row.trace.as_deref()), ("no stock", Some("t")));
        assert_eq!((row.insert_id.as_deref(), row.instance.as_deref()), (Some("37"), Some("2024/01/01/[$LATEST]a")));
    }

    #[test]
    fn an_event_needs_no_time_of_its_arrival() {
        let row = map(r#"{"timestamp":1704067200001,"message":"no stock\n","logStreamName":"web/till/0af7"}"#);
        assert_eq!((row.message.as_ref(), row.service.as_deref()), ("no stock", Some("till")));
        assert_eq!(row.instance.as_deref(), Some("web/till/0af7"));
        assert!(map(r#"{"logStreamName":"web/till/0af7","creationTime":1704067200001}"#).message.starts_with('{'));
    }

    #[test]
    fn insights_rows_hold_objects_and_fields_beside_them() {
        let row = map(
            r#"{"@timestamp":"2024-01-01 00:00:00.250","@message":{"level":"WARN","msg":"slow","logger":"till"},"@log":"123:/aws/lambda/till","@ptr":"Cl8"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity, row.ts_naive), ("slow", Severity::Warning, true));
        assert_eq!((row.service.as_deref(), row.module.as_deref()), (Some("/aws/lambda/till"), Some("till")));
        let row = map(
            r#"{"@timestamp":"2024-01-01 00:00:00.250","@message.level":"warn","@message.message":"slow","@logStream":"web/till/0af7"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("slow", Severity::Warning));
        let row = map(r#"{"@timestamp":"2024-01-01 00:00:00.250","@message":"plain","LogLevel":"Error"}"#);
        assert_eq!((row.message.as_ref(), row.severity), ("plain", Severity::Error));
    }
}
