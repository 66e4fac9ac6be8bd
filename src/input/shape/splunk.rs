//! Splunk: `{"preview":…,"result":{…}}`, as its search API streams results, and events sent to its collector.
//!
//! `_raw` is the line as it was indexed, read once more where it is JSON. Source:
//! <https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTsearch>.

use super::super::json::Value;
use super::generic::{fill, inside};
use super::{Row, Shape, first_text, identify, nested, text};
use crate::record::{Kind, LogRecord};

/// See the module.
pub(super) struct Splunk;

impl Shape for Splunk {
    fn keys(&self) -> &'static [&'static str] {
        &["result", "_raw", "sourcetype"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let inner = value.some("result").filter(|inner| inner.is_object()).unwrap_or(value);
        inner.some("_raw").is_some() || value.some("sourcetype").is_some() && value.some("event").is_some()
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let inner = value.some("result").filter(|inner| inner.is_object()).unwrap_or(value);
        fill(inner, record);
        identify(record, first_text(inner, &["_cd"]));
        record.service = first_text(inner, &["service", "app", "sourcetype"]);
        record.instance = first_text(inner, &["host"]);
        let said = inner.some("_raw").and_then(text);
        let event = inner.some("event").filter(|event: &Value<'_>| event.is_object());
        // An event that is an object is what a program logged.
        let told = event.and_then(|event| nested::fill_from(event, record)).filter(|text| !text.is_empty());
        if let Some(message) =
            said.or(told.map(Into::into)).or_else(|| event.filter(|_| record.kind != Kind::Request).and_then(inside))
        {
            record.message = message;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn the_indexed_line_is_the_message() {
        let row = map(
            r#"{"preview":false,"result":{"_time":"2024-01-01T00:00:00.000+00:00","_raw":"{\"level\":\"error\",\"msg\":\"no\"}","host":"h","sourcetype":"till:json"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("no", Severity::Error));
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till:json"), Some("h")));
        assert_eq!(row.ts_ns, Some(1_704_067_200_000_000_000));
        let row = map(r#"{"time":1704067200.5,"host":"h","sourcetype":"s","event":{"message":"up"}}"#);
        assert_eq!((row.message.as_ref(), row.ts_ns), ("up", Some(1_704_067_200_500_000_000)));
        let row = map(
            r#"{"time":1704067200,"sourcetype":"s","event":{"level":"error","msg":"no","trace_id":"t","logger":"till.cart"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("no", Severity::Error));
        assert_eq!((row.trace.as_deref(), row.module.as_deref()), (Some("t"), Some("till.cart")));
    }
}
