//! Graylog's messages, as its search API answers and as its indices hold them: `gl2_*` beside the fields of GELF.
//!
//! Source: <https://go2docs.graylog.org/current/getting_in_log_data/gelf.html>.

use super::generic::fill;
use super::level::syslog;
use super::{INNER_LEVEL, Row, Shape, first_text, imply};
use crate::record::{LogRecord, Severity};

/// See the module.
pub(super) struct Graylog;

impl Shape for Graylog {
    fn keys(&self) -> &'static [&'static str] {
        &["gl2_message_id", "gl2_source_input", "gl2_remote_ip", "gl2_source_node"]
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        // Its levels are syslog's, whatever wrote the message.
        let level = value.some("level").filter(|_| record.severity == Severity::Default).and_then(syslog);
        if level.is_some() {
            record.severity_unknown = false;
            imply(record, level, INNER_LEVEL);
        }
        record.insert_id = first_text(value, &["gl2_message_id", "_id"]);
        record.instance = first_text(value, &["source"]).or_else(|| record.instance.take());
        record.service = record.service.take().or_else(|| first_text(value, &["application_name", "facility"]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn a_message_has_the_level_of_syslog_and_says_where_it_is_from() {
        let row = map(
            r#"{"gl2_message_id":"01A","gl2_remote_ip":"10.0.0.1","level":3,"source":"web-1","facility":"till","message":"no stock","timestamp":"2024-01-02T03:04:05.678Z"}"#,
        );
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
        assert_eq!(
            (row.insert_id.as_deref(), row.instance.as_deref(), row.service.as_deref()),
            (Some("01A"), Some("web-1"), Some("till"))
        );
    }
}
