//! Hits of Elasticsearch without a document: `{"_index":…,"_id":…,"fields":{"@timestamp":["…"],"message":["…"]}}`.
//!
//! Searches that ask for `fields` answer every field as a list, as Kibana does. Source:
//! <https://www.elastic.co/guide/en/elasticsearch/reference/current/search-fields.html>.

use super::super::json::Value;
use super::made::Object;
use super::{Row, Shape, first_text, of_made};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Hit;

impl Shape for Hit {
    fn keys(&self) -> &'static [&'static str] {
        &["_index", "_id"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let fields = value.some("fields").filter(|fields| fields.is_object());
        value.some("_source").is_none()
            && fields.is_some_and(|fields| {
                let mut lists = fields.fields().map(|(_, list)| list.is_array()).peekable();
                lists.peek().is_some() && lists.all(|is_list| is_list)
            })
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        *record = of_made(&document(row.value()));
        record.insert_id = record.insert_id.take().or_else(|| first_text(row.value(), &["_id"]));
    }
}

/// The fields as a document has them: lists of one as what they list.
fn document(hit: Value<'_>) -> String {
    let mut out = Object::new();
    for (key, list) in hit.get("fields").into_iter().flat_map(Value::members) {
        let mut items = list.items();
        let only = items.next().filter(|_| items.next().is_none());
        out.put(&key, only.unwrap_or(list));
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn fields_are_read_as_a_document() {
        let row = map(
            r#"{"_index":"logs-1","_id":"x1","_score":null,"fields":{"@timestamp":["2025-09-01T10:00:00.000Z"],"message":["no \"db\""],
            "log.level":["error"],"service.name":["shop"],"tags":["a","b"],"labels.none":[]},"sort":[1]}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("no \"db\"", Severity::Error));
        assert_eq!((row.service.as_deref(), row.insert_id.as_deref()), (Some("shop"), Some("x1")));
        assert_eq!(row.ts_ns, Some(1_756_720_800_000_000_000));
    }

    #[test]
    fn rows_with_fields_of_their_own_are_no_hits() {
        let row = map(r#"{"_id":"7","time":"2025-09-01T10:00:00Z","message":"up","fields":{"user":"u"}}"#);
        assert_eq!((row.message.as_ref(), row.ts_ns), ("up", Some(1_756_720_800_000_000_000)));
    }
}
