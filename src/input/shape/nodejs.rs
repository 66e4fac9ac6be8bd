//! Entries as programs hold them that read logs with Google's client library for Node.js: `{"metadata":{…},"data":…}`.
//!
//! `metadata` is the entry, its payload in the words of protobuf, and `data` is the payload. Source:
//! <https://github.com/googleapis/nodejs-logging/blob/main/src/entry.ts>.

use super::super::json::Value;
use super::made::Object;
use super::{Row, Shape, gcp};
use crate::record::LogRecord;

/// See the module.
pub(super) struct NodeEntry;

/// Whether the `metadata` of a row is an entry of Cloud Logging.
pub(super) fn is_entry(metadata: Value<'_>) -> bool {
    metadata.some("insertId").is_some() && metadata.some("timestamp").is_some()
}

impl Shape for NodeEntry {
    fn keys(&self) -> &'static [&'static str] {
        &["metadata"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        row.value().some("metadata").is_some_and(is_entry)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        if let Some(read) = gcp::read(&joined(row.value())) {
            *record = read;
        }
    }
}

/// The entry with its payload.
fn joined(row: Value<'_>) -> String {
    // A payload that the library does not know stays bytes; the entry may hold it as well.
    let is_bytes = |data: &Value<'_>| data.get("type").and_then(Value::as_str).as_deref() == Some("Buffer");
    let data = row.some("data").filter(|data| !is_bytes(data));
    let mut out = Object::new();
    for (key, value) in row.get("metadata").into_iter().flat_map(Value::members) {
        let is_payload = matches!(key.as_ref(), "jsonPayload" | "textPayload" | "protoPayload");
        if key != "payload" && !(is_payload && data.is_some()) {
            out.put(&key, value);
        }
    }
    match data {
        Some(data) if data.is_object() => out.put("jsonPayload", data),
        Some(data) => {
            let text = data.as_str().unwrap_or_else(|| data.raw().into());
            out.with("textPayload", |out| out.push_str(&serde_json::Value::from(text.as_ref()).to_string()));
        }
        None => {}
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    /// A row with this after its metadata's common part, and this behind it.
    fn row(metadata: &str, data: &str) -> crate::record::LogRecord<'static> {
        map(&format!(
            r#"{{"metadata":{{"insertId":"a1","timestamp":"2025-09-01T10:00:00.123Z","severity":"ERROR","payload":"x",
            "logName":"projects/p/logs/run.googleapis.com%2Fstderr","resource":{{"type":"cloud_run_revision",
            "labels":{{"service_name":"shop","revision_name":"shop-1"}}}}{metadata}}}{data}}}"#
        ))
    }

    #[test]
    fn metadata_is_the_entry_and_data_its_payload() {
        let found = row(r#","textPayload":"no \"room\"""#, r#","data":"no \"room\"""#);
        assert_eq!((found.message.as_ref(), found.severity), ("no \"room\"", Severity::Error));
        assert_eq!((found.service.as_deref(), found.insert_id.as_deref()), (Some("shop"), Some("a1")));
        assert_eq!((found.project.as_deref(), found.ts_ns), (Some("p"), Some(1_756_720_800_123_000_000)));
        let structured = r#","jsonPayload":{"fields":{"message":{"stringValue":"low"}}}"#;
        let found = row(structured, r#","data":{"message":"low","logs":[{"a":1},{"a":2}],"user_id":"u"}"#);
        assert_eq!((found.message.as_ref(), found.user.as_deref()), ("low", Some("u")));
        // What the library left out, and what it knows as bytes only.
        assert_eq!(row(structured, "").message, "low");
        assert_eq!(row(structured, r#","data":{"type":"Buffer","data":[1,2]}"#).message, "low");
        assert_eq!(row("", r#","data":[1,"x"]"#).message, r#"[1,"x"]"#);
        assert_eq!(row("", "").message, "");
    }

    #[test]
    fn other_rows_with_metadata_are_no_entries_of_the_library() {
        let found = map(r#"{"metadata":{"name":"pod"},"data":"x","message":"up","time":"2025-09-01T10:00:00Z"}"#);
        assert_eq!((found.message.as_ref(), found.insert_id.as_deref()), ("up", None));
    }
}
