//! OpenTelemetry log records (`resourceLogs[].scopeLogs[].logRecords[]`, also in snake_case).
//!
//! A record's service stands beside it, in the resource that carries it; the unwrapping hands both over. Everything else is
//! mapped like any other JSON row, whose keys include OTLP's. Source: <https://opentelemetry.io/docs/specs/otlp/>.

use std::borrow::Cow;

use super::super::json::Value;

/// The record lists of an OTLP document: each record with its resource; `None` when the object is none.
pub(super) fn records(object: Value<'_>) -> Option<Vec<(Value<'_>, Option<Value<'_>>)>> {
    let either = |value: Value<'_>, camel: &str, snake: &str| value.get(camel).or_else(|| value.get(snake)).is_some();
    if !either(object, "resourceLogs", "resource_logs") {
        return None;
    }
    let mut rows = Vec::new();
    for bundle in list(object, &["resourceLogs", "resource_logs"]) {
        let resource = bundle.some("resource");
        for scope in list(bundle, &["scopeLogs", "scope_logs", "instrumentationLibraryLogs"]) {
            rows.extend(list(scope, &["logRecords", "log_records"]).into_iter().map(|row| (row, resource)));
        }
    }
    Some(rows)
}

fn list<'a>(value: Value<'a>, keys: &[&str]) -> Vec<Value<'a>> {
    keys.iter().find_map(|key| value.some(key)).map(|found| found.items().collect()).unwrap_or_default()
}

/// The text of a resource's or record's attribute.
pub(super) fn attribute(of: Value<'_>, key: &str) -> Option<String> {
    let found = of
        .some("attributes")?
        .items()
        .find(|item| item.get("key").and_then(Value::as_str).is_some_and(|name| name == key))?;
    let value = found.some("value")?;
    ["stringValue", "string_value", "intValue", "int_value"]
        .iter()
        .find_map(|name| value.some(name)?.scalar().map(Cow::into_owned))
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    #[test]
    fn records_keep_the_resource_that_carries_them_in_both_spellings() {
        for text in [
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"till"}}]},"scopeLogs":[{"logRecords":[{"a":1},{"a":2}]}]}]}"#,
            r#"{"resource_logs":[{"resource":{"attributes":[{"key":"service.name","value":{"string_value":"till"}}]},"scope_logs":[{"log_records":[{"a":1},{"a":2}]}]}]}"#,
        ] {
            let mut tape = Tape::default();
            let rows = records(tape.parse(text).expect("valid")).expect("otlp");
            assert_eq!(rows.len(), 2);
            assert_eq!(attribute(rows[1].1.expect("resource"), "service.name").as_deref(), Some("till"));
        }
        assert!(records(Tape::default().parse("{}").expect("valid")).is_none());
    }
}
