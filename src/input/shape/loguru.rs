//! loguru with `serialize=True`: the text as it would be printed, and a record of its parts.
//!
//! Source: <https://loguru.readthedocs.io/en/stable/api/logger.html#record>.

use super::generic::{fill, without_line_end};
use super::payload::with_stack;
use super::{INNER_LEVEL, Row, Shape, first_text, imply, level};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Loguru;

impl Shape for Loguru {
    fn keys(&self) -> &'static [&'static str] {
        &["record"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        row.value().path("record.level").is_some() && row.value().some("text").is_some()
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        imply(record, value.path("record.level.name").and_then(level::word), INNER_LEVEL);
        record.module = first_text(value, &["record.name", "record.module"]);
        record.function = first_text(value, &["record.function"]);
        record.line = value.path("record.line").and_then(super::super::json::Value::as_i64);
        let Some(message) = first_text(value, &["record.message"]) else { return };
        record.message = message;
        // The stack stands in the printed text only.
        let printed = first_text(value, &["text"]).filter(|_| value.path("record.exception").is_some());
        if let Some(at) = printed.as_deref().and_then(|text| text.find("Traceback (most recent call last)")) {
            let stack = printed.unwrap_or_default()[at..].to_owned();
            record.message = with_stack(std::mem::take(&mut record.message), without_line_end(stack.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn the_record_tells_what_the_text_prints() {
        let row = map(
            r#"{"text":"2024-01-02 03:04:05.678 | ERROR    | till:add:7 - no stock\nTraceback (most recent call last):\n  File \"a.py\", line 7, in add\nE: x\n","record":{"exception":{"type":"E","value":"x","traceback":true},"function":"add","level":{"icon":"x","name":"ERROR","no":40},"line":7,"message":"no stock","name":"till","time":{"repr":"2024-01-02 03:04:05.678+00:00","timestamp":1704164645.678}}}"#,
        );
        assert_eq!((row.ts_ns, row.effective_severity), (Some(1_704_164_645_678_000_000), Severity::Error));
        assert_eq!((row.module.as_deref(), row.function.as_deref(), row.line), (Some("till"), Some("add"), Some(7)));
        assert_eq!(row.message, "no stock\nTraceback (most recent call last):\n  File \"a.py\", line 7, in add\nE: x");
    }
}
