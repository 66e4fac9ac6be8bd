//! JSON inside a text: a message that is one object is read once more.
//!
//! A runtime whose lines were not parsed by the collector leaves what its logger wrote, level and all, in one text. The
//! envelope wins wherever it says something itself: its time always, its severity when it names one.

use std::borrow::Cow;

use super::super::json::Tape;
use super::generic::in_tens;
use super::payload::Payload;
use super::{INNER_LEVEL, imply, last_segment};
use crate::record::LogRecord;

/// Reads a record's message once more where it is a JSON object, and takes what the envelope does not say.
pub(super) fn lift(record: &mut LogRecord<'_>) {
    // An object has quotes, which a text can only hold as escapes: a borrowed message is none, or is the row's own JSON.
    let Cow::Owned(text) = &record.message else { return };
    let text = text.trim_ascii();
    if !(text.starts_with('{') && text.ends_with('}')) {
        return;
    }
    // The record is filled from its own message, which is put back when it holds no other.
    let whole = std::mem::take(&mut record.message);
    if let Some(message) = fill(whole.trim_ascii(), record) {
        record.message = Cow::Owned(message);
    } else {
        record.message = whole;
    }
}

/// Fills a record from an object, and hands over the message that it holds.
fn fill(text: &str, record: &mut LogRecord<'_>) -> Option<String> {
    let mut tape = Tape::default();
    let object = tape.parse(text).ok()?;
    let payload = Payload::of(object);
    if record.effective_reason.is_none() {
        let level = payload.level.value(object).and_then(in_tens).or_else(|| payload.level(object));
        imply(record, level, INNER_LEVEL);
    }
    let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
    record.trace = record.trace.take().or_else(|| owned(payload.trace.text(object)).map(last_segment));
    record.user = record.user.take().or_else(|| owned(payload.user(object)));
    record.service = record.service.take().or_else(|| owned(payload.service.text(object)));
    if record.module.is_none() && record.function.is_none() {
        let mut inner = LogRecord::default();
        payload.source(object, &mut inner);
        record.module = owned(inner.module);
        record.function = owned(inner.function);
        record.line = record.line.or(inner.line);
    }
    let failed = record.severity >= crate::record::Severity::Error || record.effective_reason.is_some();
    let message = payload.message(object, failed);
    (!message.is_empty()).then(|| message.into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn the_envelope_wins_and_the_inner_object_fills_what_it_leaves_open() {
        let row = map(
            r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","textPayload":"{\n \"timestamp\": \"2025-01-01 00:00:09,5\", \"level\": \"ERROR\", \"logger\": \"till.cart\", \"event\": \"lost\", \"user_id\": 7, \"trace_id\": \"t\"}"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("lost", Severity::Error));
        assert_eq!(row.effective_reason, Some("level inside the payload"));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(
            (row.module.as_deref(), row.user.as_deref(), row.trace.as_deref()),
            (Some("till.cart"), Some("7"), Some("t"))
        );
        let row = map(
            r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"{\"level\":\"ERROR\",\"msg\":\"x\"}"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("x", Severity::Info));
    }

    #[test]
    fn a_text_that_only_looks_like_json_stays() {
        for text in [r#"{"insertId":"a","textPayload":"{x} and {y}"}"#, r#"{"insertId":"a","textPayload":"{\"n\":1}"}"#]
        {
            assert!(map(text).message.starts_with('{'));
        }
    }

    #[test]
    fn a_stack_inside_belongs_to_the_message() {
        let row = map(
            r#"{"log":"{\"level\":50,\"msg\":\"no\",\"err\":{\"stack\":\"Error: no\\n    at f (a.js:1:2)\"}}\n","stream":"stdout"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("Error: no\n    at f (a.js:1:2)", Severity::Error));
    }
}
