//! journald: `journalctl -o json`.
//!
//! Every field is a string; a field that was given several times is an array of them, and one that is no text an array of
//! bytes. The cursor is unique, so it is the row's id. Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>. Containers that
//! log to it: <https://docs.docker.com/engine/logging/drivers/journald/>.

use std::borrow::Cow;

use super::super::json::Value;
use super::generic::{fill, without_line_end};
use super::{INNER_LEVEL, Row, Shape, identify, imply, level, part, take_first_time};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Journald;

impl Shape for Journald {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "__REALTIME_TIMESTAMP",
            "__CURSOR",
            "_SYSTEMD_UNIT",
            "SYSLOG_IDENTIFIER",
            "_TRANSPORT",
            "SYSTEMD_UNIT",
            "PRIORITY",
        ]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        // A shipper leaves journald's own time and cursor out.
        let has = |key: &str| row.value().get(key).is_some();
        has("__REALTIME_TIMESTAMP") || has("__CURSOR") || has("MESSAGE") || has("message") && has("PRIORITY")
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let has = |key: &str| value.get(key).is_some();
        // A time that a shipper set is the row's own.
        let shipped = matches!(record.ts_source.as_deref(), Some("timestamp" | "@timestamp" | "time" | "ts"));
        if !shipped {
            take_first_time(record, value, &["__REALTIME_TIMESTAMP", "REALTIME_TIMESTAMP"]);
        }
        if let Some(priority) = value.some("PRIORITY").map(last) {
            let found = level::syslog(priority);
            if ["__REALTIME_TIMESTAMP", "__CURSOR", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_TRANSPORT"]
                .into_iter()
                .any(has)
            {
                record.severity = found.unwrap_or_default();
                record.severity_unknown = found.is_none();
            } else {
                imply(record, found, INNER_LEVEL);
            }
        }
        let text = |keys: &[&str]| keys.iter().find_map(|key| value.some(key).map(last).and_then(super::text));
        identify(record, text(&["__CURSOR"]));
        // Docker's driver writes as Docker, and names the container beside that.
        let container = text(&["CONTAINER_NAME"]).map(|name| part(name, |name| name.trim_start_matches('/')));
        record.service = container
            .or_else(|| text(&["_SYSTEMD_UNIT", "SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM", "COMM"]))
            .or_else(|| record.service.take());
        record.instance =
            text(&["CONTAINER_ID_FULL", "CONTAINER_ID", "_HOSTNAME", "HOSTNAME"]).or_else(|| record.instance.take());
        record.module = text(&["CODE_FILE", "SYSLOG_IDENTIFIER", "_COMM", "COMM"]);
        record.function = text(&["CODE_FUNC"]);
        record.line = value.some("CODE_LINE").and_then(Value::as_i64);
        record.log_name = text(&["_TRANSPORT", "TRANSPORT"]);
        if value.get("MESSAGE").is_some() {
            record.message = value.some("MESSAGE").map(message).unwrap_or_default();
        }
    }
}

/// The last of several values of one field.
fn last(value: Value<'_>) -> Value<'_> {
    value.items().last().unwrap_or(value)
}

fn message(value: Value<'_>) -> Cow<'_, str> {
    let bytes: Option<Vec<u8>> = value.items().map(|item| item.as_i64().and_then(|n| u8::try_from(n).ok())).collect();
    let text = match (value.is_array(), bytes) {
        (true, Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned().into(),
        (true, None) => value.items().map(message).collect::<Vec<_>>().join("\n").into(),
        (false, _) => value.scalar().unwrap_or_default(),
    };
    without_line_end(text)
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;
    use crate::time::rfc3339_short;

    #[test]
    fn reads_numbers_bytes_and_repeated_fields() {
        let row = map(
            r#"{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1704067200000001","PRIORITY":"3","MESSAGE":[104,105],"_SYSTEMD_UNIT":"till.service","_HOSTNAME":"h","CODE_FILE":"a.c","CODE_LINE":"7"}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-01T00:00:00.000001Z"));
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "hi"));
        assert_eq!((row.insert_id.as_deref(), row.service.as_deref()), (Some("s=1;i=2"), Some("till.service")));
        assert_eq!((row.module.as_deref(), row.line), (Some("a.c"), Some(7)));
        let row =
            map(r#"{"__CURSOR":"c","PRIORITY":["6","4"],"MESSAGE":["one",[116,119,111]],"SYSLOG_IDENTIFIER":"cron"}"#);
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Warning, "one\ntwo"));
        assert_eq!((row.service.as_deref(), row.ts_ns), (Some("cron"), None));
    }

    #[test]
    fn rows_of_a_container_are_not_of_docker() {
        let row = map(
            r#"{"__CURSOR":"c","PRIORITY":"3","MESSAGE":"m","CONTAINER_NAME":"web_0","CONTAINER_ID":"ab","CONTAINER_ID_FULL":"abcd","SYSLOG_IDENTIFIER":"ab","_COMM":"dockerd","_SYSTEMD_UNIT":"docker.service","_HOSTNAME":"h"}"#,
        );
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("web_0"), Some("abcd")));
    }

    #[test]
    fn rows_that_a_shipper_took_from_the_journal_keep_their_fields() {
        let row = map(
            r#"{"date":1704067200.25,"MESSAGE":"m","PRIORITY":"4","_HOSTNAME":"h","_SYSTEMD_UNIT":"till.service"}"#,
        );
        assert_eq!((row.severity, row.service.as_deref()), (Severity::Warning, Some("till.service")));
        assert_eq!((row.ts_ns, row.instance.as_deref()), (Some(1_704_067_200_250_000_000), Some("h")));
    }

    #[test]
    fn rows_that_a_shipper_renamed_are_read_too() {
        let row = map(
            r#"{"message":"m","PRIORITY":"3","__REALTIME_TIMESTAMP":"1704164645678000","timestamp":"2024-01-02T03:04:05.678Z","_SYSTEMD_UNIT":"till.service","host":"h"}"#,
        );
        assert_eq!((row.message.as_ref(), row.severity, row.instance.as_deref()), ("m", Severity::Error, Some("h")));
        assert_eq!((row.ts_ns, row.ts_source.as_deref()), (Some(1_704_164_645_678_000_000), Some("timestamp")));
        let row =
            map(r#"{"date":1704164645.678,"SYSTEMD_UNIT":"till.service","PRIORITY":"4","MESSAGE":"m","HOSTNAME":"h"}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Warning));
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till.service"), Some("h")));
        let row = map(r#"{"__CURSOR":"c","MESSAGE":"m","SYSLOG_IDENTIFIER":["a","b"]}"#);
        assert_eq!(row.service.as_deref(), Some("b"));
    }

    #[test]
    fn a_message_too_large_to_be_exported_is_no_payload() {
        let row = map(r#"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1704067200000000","PRIORITY":"9","MESSAGE":null}"#);
        assert_eq!((row.payload_rank, row.severity, row.severity_unknown), (0, Severity::Default, true));
    }
}
