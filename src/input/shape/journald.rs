//! journald: `journalctl -o json`.
//!
//! Every field is a string; a field that was given several times is an array of them, and one that is no text an array of
//! bytes. The cursor is unique, so it is the row's id. Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>.

use std::borrow::Cow;

use super::super::json::Value;
use super::generic::{fill, without_line_end};
use super::{Row, Shape, first_text, take_time};
use crate::record::{LogRecord, Severity};

/// Severities of syslog's numbers.
const SYSLOG: [Severity; 8] = [
    Severity::Emergency,
    Severity::Alert,
    Severity::Critical,
    Severity::Error,
    Severity::Warning,
    Severity::Notice,
    Severity::Info,
    Severity::Debug,
];

/// See the module.
pub(super) struct Journald;

impl Shape for Journald {
    fn keys(&self) -> &'static [&'static str] {
        &["__REALTIME_TIMESTAMP", "__CURSOR", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_TRANSPORT"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        // A shipper leaves journald's own time and cursor out.
        let has = |key: &str| row.value().get(key).is_some();
        has("__REALTIME_TIMESTAMP") || has("__CURSOR") || has("MESSAGE")
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        if let Some(time) = value.some("__REALTIME_TIMESTAMP") {
            take_time(record, "__REALTIME_TIMESTAMP", time);
        }
        if let Some(priority) = value.some("PRIORITY").map(last) {
            let found = priority.as_i64().and_then(|number| SYSLOG.get(usize::try_from(number).ok()?).copied());
            record.severity = found.unwrap_or_default();
            record.severity_unknown = found.is_none();
        }
        let text = |keys: &[&str]| first_text(value, keys);
        record.insert_id = text(&["__CURSOR"]);
        record.service = text(&["_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM"]).or_else(|| record.service.take());
        record.instance = text(&["_HOSTNAME"]);
        record.module = text(&["CODE_FILE"]).or_else(|| text(&["SYSLOG_IDENTIFIER", "_COMM"]));
        record.function = text(&["CODE_FUNC"]);
        record.line = value.some("CODE_LINE").and_then(Value::as_i64);
        record.log_name = text(&["_TRANSPORT"]);
        record.message = value.some("MESSAGE").map(message).unwrap_or_default();
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
    use super::*;
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
    fn rows_that_a_shipper_took_from_the_journal_keep_their_fields() {
        let row = map(
            r#"{"date":1704067200.25,"MESSAGE":"m","PRIORITY":"4","_HOSTNAME":"h","_SYSTEMD_UNIT":"till.service"}"#,
        );
        assert_eq!((row.severity, row.service.as_deref()), (Severity::Warning, Some("till.service")));
        assert_eq!((row.ts_ns, row.instance.as_deref()), (Some(1_704_067_200_250_000_000), Some("h")));
    }

    #[test]
    fn a_message_too_large_to_be_exported_is_no_payload() {
        let row = map(r#"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1704067200000000","PRIORITY":"9","MESSAGE":null}"#);
        assert_eq!((row.payload_rank, row.severity, row.severity_unknown), (0, Severity::Default, true));
    }
}
