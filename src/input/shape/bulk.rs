//! Requests of Elasticsearch's bulk API: a line that says what is done, and one with the document it is done with.
//!
//! Source: <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.

use super::super::json::Value;

/// What may stand in an action.
const OF_ACTION: [&[u8]; 15] = [
    b"_index",
    b"_id",
    b"_type",
    b"routing",
    b"pipeline",
    b"dynamic_templates",
    b"list_executed_pipelines",
    b"require_alias",
    b"require_data_stream",
    b"retry_on_conflict",
    b"if_seq_no",
    b"if_primary_term",
    b"version",
    b"version_type",
    b"op_type",
];

/// Whether an object only says what is done with the document behind it.
pub(super) fn is_action(object: Value<'_>) -> bool {
    let mut fields = object.fields();
    let Some((b"index" | b"create" | b"update" | b"delete", action)) = fields.next() else { return false };
    fields.next().is_none() && action.is_object() && action.fields().all(|(key, _)| OF_ACTION.contains(&key))
}

/// The document of an update.
pub(super) fn updated(object: Value<'_>) -> Option<Value<'_>> {
    let of_update = |key: &[u8]| {
        matches!(
            key,
            b"doc" | b"upsert" | b"doc_as_upsert" | b"detect_noop" | b"_source" | b"script" | b"scripted_upsert"
        )
    };
    let document = ["doc", "upsert"].iter().find_map(|key| object.some(key).filter(|doc| doc.is_object()))?;
    object.fields().all(|(key, _)| of_update(key)).then_some(document)
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    #[test]
    fn actions_are_told_from_rows_that_have_such_keys() {
        let is = |text: &str| is_action(Tape::default().parse(text).expect("valid"));
        assert!(is(r#"{"index":{"_index":"logs","_id":"1"}}"#) && is(r#"{"create":{}}"#));
        assert!(is(r#"{"delete":{"_id":"1","routing":"a"}}"#));
        for row in [
            r#"{"index":3}"#,
            r#"{"create":{"user":"a"}}"#,
            r#"{"index":{"_id":"1"},"msg":"m"}"#,
            r#"{"msg":"m","index":{"_id":"1"}}"#,
            "{}",
        ] {
            assert!(!is(row), "{row}");
        }
        let updated = |text: &str| updated(Tape::default().parse(text).expect("valid")).map(|doc| doc.raw().to_owned());
        assert_eq!(updated(r#"{"doc":{"a":1},"doc_as_upsert":true}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(updated(r#"{"script":{"source":"s"},"upsert":{"a":2}}"#).as_deref(), Some(r#"{"a":2}"#));
        assert_eq!((updated(r#"{"doc":{"a":1},"level":"info"}"#), updated(r#"{"doc":"a"}"#)), (None, None));
    }
}
