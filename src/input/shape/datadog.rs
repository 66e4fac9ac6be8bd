//! Datadog: events of the logs API (`attributes` inside `attributes`) and rows as its agent sends them.
//!
//! `status` is the level, not a request's. Source: <https://docs.datadoghq.com/api/latest/logs/>.

use super::super::json::Value;
use super::generic::fill;
use super::{LOGGED_AT, Row, Shape, first_text, is_logged, part, take_severity, take_time};
use crate::record::{LogRecord, Severity};

/// See the module.
pub(super) struct Datadog;

impl Shape for Datadog {
    fn keys(&self) -> &'static [&'static str] {
        &["attributes", "ddsource", "ddtags", "content", "status", "Status"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let has = |path: &str| value.path(path).is_some();
        has("ddsource")
            || has("ddtags")
            || has("attributes.status") && (has("attributes.message") || has("type"))
            || is_archived(value)
            || listed(value).is_some()
            || is_downloaded(value)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let inner = value.some("attributes").filter(|own| own.is_object() && !is_archived(value));
        let own = inner.or_else(|| listed(value)).unwrap_or(value);
        fill(own, record);
        record.http = None;
        if let Some(custom) = own.some("attributes").filter(|custom| custom.is_object()) {
            let mut inner = LogRecord::default();
            fill(custom, &mut inner);
            record.http = inner.http;
            record.user = record.user.take().or(inner.user);
            record.module = record.module.take().or(inner.module);
            record.trace = record.trace.take().or(inner.trace);
            record.span = record.span.take().or(inner.span);
            if !["message", "msg"].iter().any(|key| own.some(key).is_some()) && inner.message != custom.raw() {
                record.message = inner.message;
            }
            if let Some(stack) = first_text(custom, &["error.stack", "error.stack_trace"]) {
                record.message = super::payload::with_stack(std::mem::take(&mut record.message), stack);
            }
        }
        if let Some(time) = ["timestamp", "date", "Date"].iter().find_map(|key| own.some(key)) {
            take_time(record, "attributes.timestamp", time);
        }
        if let Some(status) = status(own) {
            take_severity(record, status);
        }
        record.insert_id = first_text(value, &["id", "_id"]).filter(|id| is_event_id(id));
        record.instance = first_text(own, &["host", "hostname", "Host"]);
        record.service = record.service.take().or_else(|| first_text(own, &["Service"]));
        record.revision = version(own).or_else(|| record.revision.take());
    }
}

/// The event of a row as the older list of logs has it, `{"id": …, "content": {…}}`.
fn listed(value: Value<'_>) -> Option<Value<'_>> {
    let content = value.some("content").filter(|content| content.is_object())?;
    value.some("id").and_then(Value::as_str).filter(|_| !is_logged(value, &LOGGED_AT))?;
    let has = |key: &str| content.some(key).is_some();
    (has("timestamp") && (has("service") || has("host") || has("tags"))).then_some(content)
}

/// Whether a row is of a table that was downloaded, in which the status is the level.
fn is_downloaded(value: Value<'_>) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| value.some(key).is_some());
    let is_level = |value: Value<'_>| value.as_str().is_some_and(|word| Severity::from_word(&word).is_some());
    let columns = ["date", "host", "service", "status", "content", "message"];
    has(&["date", "Date"])
        && has(&["host", "Host", "service", "Service"])
        && status(value).is_some_and(is_level)
        && (has(&["content", "Content"]) && !is_logged(value, &["date"])
            || value.fields().all(|(key, _)| is_column(key, &columns)))
}

/// The level, under the name that the column has.
fn status(value: Value<'_>) -> Option<Value<'_>> {
    value.some("status").or_else(|| value.some("Status"))
}

/// Whether a column has one of some names, which are written with capitals where a table was downloaded.
fn is_column(key: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| key.eq_ignore_ascii_case(name.as_bytes()))
}

/// Whether a row is of an archive, which has the custom attributes beside the fields of the event.
fn is_archived(value: Value<'_>) -> bool {
    let has = |key: &str| value.some(key).is_some();
    let is_level = |value: Value<'_>| value.as_str().is_some_and(|word| Severity::from_word(&word).is_some());
    has("_id")
        && has("date")
        && value.some("status").is_some_and(is_level)
        && value.some("attributes").is_some_and(Value::is_object)
        && !has("level")
}

/// Whether an id is one that Datadog gives, `AwAAAZPq7cT1…`: some bytes in base64, the first of which count up slowly. One of
/// another form is a program's own, and may count anything.
fn is_event_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    id.len() >= 20 && id.starts_with('A') && id.bytes().all(plain)
}

/// The version among the tags.
fn version(own: Value<'_>) -> Option<std::borrow::Cow<'_, str>> {
    let tags = own.some("tags")?;
    let tag = tags.items().filter_map(Value::as_str).find(|tag| tag.starts_with("version:"))?;
    Some(part(tag, |tag| &tag["version:".len()..]))
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn the_older_list_and_downloads_say_the_same() {
        for text in [
            r#"{"id":"AwAAAYzHhKJOEQpKZwAA","content":{"timestamp":"2024-01-02T03:04:05Z","tags":["version:v1"],"attributes":{"n":1},"host":"h","service":"till","status":"error","message":"no stock"}}"#,
            r#"{"date":"2024-01-02T03:04:05Z","host":"h","service":"till","status":"error","content":"no stock"}"#,
        ] {
            let row = map(text);
            assert_eq!((row.severity, row.message.as_ref()), (crate::record::Severity::Error, "no stock"), "{text}");
            assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till"), Some("h")), "{text}");
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"), "{text}");
        }
    }

    #[test]
    fn the_status_is_the_level() {
        let row = map(
            r#"{"id":"AQAAAYzHhKJOEQpKZwAA","type":"log","attributes":{"timestamp":"2024-01-01T00:00:00.000Z","status":"error","service":"till","host":"h","message":"no","attributes":{"http":{"status_code":503,"method":"GET","url":"/a"},"error":{"stack":"E: no\n  at f"}}}}"#,
        );
        assert_eq!(
            (row.severity, row.service.as_deref(), row.insert_id.as_deref()),
            (Severity::Error, Some("till"), Some("AQAAAYzHhKJOEQpKZwAA"))
        );
        assert_eq!((row.message.as_ref(), row.http.and_then(|http| http.status)), ("E: no\n  at f", Some(503)));
        let row = map(
            r#"{"id":"AQAAAYzHhKJOEQpKZwAA","type":"log","attributes":{"timestamp":"2024-01-01T00:00:00.000Z","status":"warn","attributes":{"msg":"late"}}}"#,
        );
        assert_eq!((row.message.as_ref(), row.severity), ("late", Severity::Warning));
        let row = map(r#"{"ddsource":"go","status":"warn","service":"till","message":"x","timestamp":1704067200000}"#);
        assert_eq!((row.severity, row.ts_ns), (Severity::Warning, Some(1_704_067_200_000_000_000)));
    }

    #[test]
    fn an_id_of_another_form_is_no_key_of_the_entry() {
        for id in
            [r#""7""#, "7", r#""A17""#, r#""Order 17 of 20 January""#, r#""0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9""#]
        {
            let row = map(&format!(
                r#"{{"id":{id},"ddsource":"go","status":"warn","service":"till","message":"x","timestamp":1704067200000}}"#
            ));
            assert_eq!((row.severity, row.insert_id), (Severity::Warning, None), "{id}");
        }
    }

    #[test]
    fn rows_of_an_archive_have_their_attributes_beside_them() {
        let row = map(
            r#"{"_id":"AYzHhKJOEQpKZwAAAABB","date":"2024-01-02T03:04:05.678Z","service":"till","host":"h","status":"error","message":"no stock","source":"nodejs","tags":["env:prod","version:1.2"],"attributes":{"http":{"method":"GET","url":"https://h/a?b","status_code":500},"error":{"kind":"E","stack":"E: x\n    at f (a.js:1:2)"},"dd":{"trace_id":"t","span_id":"s"},"usr":{"id":"7"}}}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no stock\nE: x\n    at f (a.js:1:2)"));
        assert_eq!(
            (row.insert_id.as_deref(), row.service.as_deref(), row.instance.as_deref(), row.revision.as_deref()),
            (Some("AYzHhKJOEQpKZwAAAABB"), Some("till"), Some("h"), Some("1.2"))
        );
        assert_eq!((row.trace.as_deref(), row.span.as_deref(), row.user.as_deref()), (Some("t"), Some("s"), Some("7")));
        assert_eq!(row.http.and_then(|http| http.status), Some(500));
    }

    #[test]
    fn columns_of_a_download_may_have_capitals() {
        let row = map(
            r#"{"date":"2024-01-02T03:04:05.678Z","Host":"h","Service":"till","Status":"error","message":"no stock"}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no stock"));
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till"), Some("h")));
        // As a table is read, whose header has them in lower case then.
        let row = map(r#"{"date":"2024-01-02T03:04:05Z","host":"h","status":"warn","message":"m"}"#);
        assert_eq!((row.severity, row.instance.as_deref()), (Severity::Warning, Some("h")));
        let row = map(r#"{"date":"2024-01-02T03:04:05Z","Host":"h","Status":"error","message":"m","order":"7"}"#);
        assert_eq!(row.severity, Severity::Default, "a table of some program");
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        for (text, severity, message) in [
            (
                r#"{"id":5,"timestamp":"2024-01-02T03:04:05Z","level":"error","message":"saved","content":{"timestamp":"2023-01-01T00:00:00Z","tags":["a"],"title":"t"}}"#,
                Severity::Error,
                "saved",
            ),
            (
                r#"{"id":"a","timestamp":"2024-01-02T03:04:05Z","level":"error","message":"saved","content":{"timestamp":"2023-01-01T00:00:00Z","tags":["a"]}}"#,
                Severity::Error,
                "saved",
            ),
            (
                r#"{"date":"2024-01-02T03:04:05Z","content":"page","host":"h","status":"critical","level":"info","message":"reindexed"}"#,
                Severity::Info,
                "reindexed",
            ),
        ] {
            let row = map(text);
            assert_eq!((row.severity, row.message.as_ref()), (severity, message));
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"));
        }
    }
}
