//! bunyan and pino: JSON lines with levels in tens.
//!
//! `pid` with `hostname` or `v` tells them, because a bare number may be anything. bunyan's `name` is the service; pino has it
//! only where its owner set it.

use super::generic::{fill, in_tens};
use super::{INNER_LEVEL, Row, Shape, imply};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Bunyan;

impl Shape for Bunyan {
    fn keys(&self) -> &'static [&'static str] {
        &["pid", "hostname", "v", "msg"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        row.value().some("level").is_some_and(|level| level.as_i64().is_some())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let level = value.some("level").and_then(in_tens);
        let has = |key: &str| value.get(key).is_some();
        if value.some("severity").is_none() && has("pid") && (has("hostname") || has("v")) {
            record.severity = level.unwrap_or_default();
            record.severity_unknown = level.is_none();
        } else {
            imply(record, level, INNER_LEVEL);
        }
        if let Some(name) = value.some("name").and_then(super::text) {
            record.module = super::first_text(value, &["src.file"]);
            record.service = record.service.take().or(Some(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn levels_count_in_tens_where_the_other_keys_tell_so() {
        let row = map(
            r#"{"name":"till","hostname":"h","pid":1,"level":50,"msg":"no","time":"2024-01-01T00:00:00.000Z","v":0,"err":{"message":"x","name":"Error","stack":"Error: x\n    at f (a.js:1:2)"}}"#,
        );
        assert_eq!((row.severity, row.service.as_deref()), (Severity::Error, Some("till")));
        assert_eq!(row.message, "no\nError: x\n    at f (a.js:1:2)");
        let row = map(r#"{"level":30,"time":1704067200000,"pid":1,"hostname":"h","reqId":"r","msg":"ok"}"#);
        assert_eq!(
            (row.severity, row.trace.as_deref(), row.ts_ns),
            (Severity::Info, Some("r"), Some(1_704_067_200_000_000_000))
        );
        let row = map(r#"{"level":70,"time":1704067200000,"pid":1,"hostname":"h","msg":"ok"}"#);
        assert_eq!((row.severity, row.severity_unknown), (Severity::Default, true));
    }

    #[test]
    fn the_place_in_the_source_is_read() {
        let row = map(
            r#"{"name":"till","hostname":"h","pid":1,"level":30,"msg":"x","src":{"file":"/a.js","line":7,"func":"add"},"v":0}"#,
        );
        assert_eq!((row.module.as_deref(), row.line, row.function.as_deref()), (Some("/a.js"), Some(7), Some("add")));
    }

    #[test]
    fn a_bare_number_only_implies_a_level() {
        let row = map(r#"{"level":50,"time":1704067200000,"msg":"no"}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
    }
}
