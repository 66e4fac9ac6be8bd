//! log4j2's JSON layout: the exception is an object, its stack often an array of frames.
//!
//! Source: <https://logging.apache.org/log4j/2.x/manual/json-template-layout.html>.

use super::generic::fill;
use super::payload::with_stack;
use super::{Row, Shape, first_text, frames};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Log4j;

impl Shape for Log4j {
    fn keys(&self) -> &'static [&'static str] {
        &["thrown", "contextMap", "loggerFqcn"]
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        if let Some(context) = value.some("contextMap").filter(|context| context.is_object()) {
            record.trace = record.trace.take().or_else(|| first_text(context, &["traceId", "trace_id"]));
            record.user = record.user.take().or_else(|| first_text(context, &["userId", "user_id", "user"]));
        }
        let Some(thrown) = value.some("thrown").filter(|thrown| thrown.is_object()) else { return };
        if let Some(stack) = frames::of(thrown) {
            record.message = with_stack(std::mem::take(&mut record.message), stack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;
    use crate::time::rfc3339_short;

    #[test]
    fn instant_logger_and_frames_are_read() {
        let row = map(
            r#"{"instant":{"epochSecond":1704067200,"nanoOfSecond":7},"level":"FATAL","loggerName":"till.Cart","message":"no","thrown":{"name":"java.lang.IllegalStateException","message":"empty","extendedStackTrace":[{"class":"till.Cart","method":"add","file":"Cart.java","line":9}]},"contextMap":{"traceId":"t"}}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-01T00:00:00.000000007Z"));
        assert_eq!(
            (row.severity, row.module.as_deref(), row.trace.as_deref()),
            (Severity::Critical, Some("till.Cart"), Some("t"))
        );
        assert_eq!(row.message, "no\njava.lang.IllegalStateException: empty\n\tat till.Cart.add(Cart.java:9)");
        let row = map(
            r#"{"timeMillis":1704067200001,"level":"ERROR","message":"m","thrown":{"extendedStackTrace":"E: m\n\tat a.b(C.java:1)"}}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-01T00:00:00.001Z"));
        assert_eq!(row.message, "E: m\n\tat a.b(C.java:1)");
    }
}
