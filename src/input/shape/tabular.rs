//! Rows that are arrays: what their elements mean stands beside them.
//!
//! Logs Insights gives `[{"field":…,"value":…}]`, Azure Monitor a table's columns and then arrays of cells, Loki a stream's labels
//! and then `[time, line]`. Such a row is written out as the object it stands for and mapped like any other, which costs a
//! copy that only these pay.

use super::super::json::{NodeKind, Tape, Value};
use super::{Beside, Mapping, Row};
use crate::record::LogRecord;

/// Whether an array is a row, given the object that carries it.
pub(super) fn is_row(row: Value<'_>, carrier: Option<Value<'_>>) -> bool {
    row.is_array() && (is_fields(row) || carrier.is_some_and(|carrier| is_table(carrier) || is_stream(carrier)))
}

/// `[{"field":"@timestamp","value":"…"}, …]`
pub(super) fn is_fields(row: Value<'_>) -> bool {
    row.items().next().is_some_and(|first| first.get("field").is_some() && first.get("value").is_some())
}

/// Where the names and the cells of tables stand: Azure Monitor's, Splunk's, InfluxDB's and Elasticsearch's, OpenSearch's.
const TABLES: [(&str, &str); 4] =
    [("columns", "rows"), ("fields", "rows"), ("columns", "values"), ("schema", "datarows")];

/// `{"columns":[{"name":…}],"rows":[[…]]}`
pub(super) fn is_table(object: Value<'_>) -> bool {
    table(object).is_some()
}

/// The rows of a table.
pub(super) fn cells(object: Value<'_>) -> Option<Value<'_>> {
    table(object).map(|(_, cells)| cells)
}

fn table(object: Value<'_>) -> Option<(Value<'_>, Value<'_>)> {
    let list = |key: &str| object.get(key).filter(|list| list.is_array());
    let known = |at: usize, cells: Value<'_>| at == 0 || cells.items().next().is_some_and(Value::is_array);
    let pairs = TABLES.iter().enumerate().filter_map(|(at, (names, cells))| Some((at, list(names)?, list(cells)?)));
    pairs.filter(|(at, _, cells)| known(*at, *cells)).map(|(_, names, cells)| (names, cells)).next()
}

/// `{"stream":{…},"values":[["…","…"]]}`
pub(super) fn is_stream(object: Value<'_>) -> bool {
    object.get("stream").is_some_and(Value::is_object) && object.get("values").is_some_and(Value::is_array)
}

/// The canonical text of a row with what makes it another than the same row elsewhere: the resource and scope of an OTLP
/// record, the group of CloudWatch events, the names of an array's elements.
pub(crate) fn canonical(row: Value<'_>, beside: Beside<'_>, into: &mut String) {
    row.canonical(into);
    if let Some(carrier) = beside.resource {
        let named = ["stream", "columns", "fields", "schema"]
            .iter()
            .filter(|_| row.is_array())
            .find_map(|key| carrier.get(key));
        let groups = ["logGroup", "logStream"].iter().filter_map(|key| carrier.get(key));
        let resource = carrier.get("attributes").map(|_| carrier);
        groups.chain(named).chain(resource).for_each(|said| said.canonical(into));
    }
    if let Some(scope) = beside.scope {
        scope.canonical(into);
    }
}

/// Maps such a row.
pub(super) fn map(row: Value<'_>, carrier: Option<Value<'_>>, mappings: &[Mapping], record: &mut LogRecord<'_>) {
    let text = object(row, carrier);
    let mut tape = Tape::default();
    let Ok(value) = tape.parse(&text) else { return };
    let mut inner = LogRecord { offset: record.offset, length: record.length, ..LogRecord::default() };
    super::map(&Row::of(value), Beside::default(), mappings, &mut inner);
    *record = inner.into_owned();
}

/// The object that an array stands for.
fn object(row: Value<'_>, carrier: Option<Value<'_>>) -> String {
    let mut out = String::from("{");
    let mut add = |key: &str, value: Value<'_>| {
        if out.len() > 1 {
            out.push(',');
        }
        out.push('"');
        out.push_str(key);
        out.push_str("\":");
        written(value, &mut out);
    };
    if is_fields(row) {
        for pair in row.items() {
            if let (Some(key), Some(value)) = (pair.get("field"), pair.get("value")) {
                add(key.raw(), value);
            }
        }
    } else if let Some(stream) = carrier.filter(|carrier| is_stream(*carrier)) {
        for (key, value) in ["timestamp", "line", "structuredMetadata"].into_iter().zip(row.items()) {
            add(key, value);
        }
        if let Some(labels) = stream.get("stream") {
            add("labels", labels);
        }
    } else if let Some((columns, _)) = carrier.and_then(table) {
        for (column, value) in columns.items().zip(row.items()) {
            add(column.get("name").unwrap_or(column).raw(), value);
        }
    }
    out.push('}');
    out
}

fn written(value: Value<'_>, into: &mut String) {
    let quote = matches!(value.kind(), NodeKind::Plain | NodeKind::Escaped);
    into.push_str(if quote { "\"" } else { "" });
    into.push_str(value.raw());
    into.push_str(if quote { "\"" } else { "" });
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::super::{Carried, Unwrapped, unwrap};
    use super::*;
    use crate::record::Severity;

    fn rows(text: &str) -> Vec<LogRecord<'static>> {
        let mut tape = Tape::default();
        let Unwrapped::Wrapper { rows, .. } = unwrap(tape.parse(text).expect("valid"), &[]) else {
            panic!("a wrapper")
        };
        let mapped = |Carried { row, beside }: Carried<'_>| {
            let mut record = LogRecord { offset: 7, ..LogRecord::default() };
            super::super::map(&Row::of(row), beside, &[], &mut record);
            record.into_owned()
        };
        assert!(rows.iter().all(Carried::is_row));
        rows.into_iter().map(mapped).collect()
    }

    #[test]
    fn fields_and_values_of_insights_are_a_row() {
        let found = rows(
            r#"{"results":[[{"field":"@timestamp","value":"2024-01-01 00:00:00.000"},{"field":"@message","value":"{\"level\":\"error\",\"msg\":\"no\"}"},{"field":"@ptr","value":"p"}]],"status":"Complete"}"#,
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].message.as_ref(), found[0].effective_severity), ("no", Severity::Error));
        assert_eq!((found[0].insert_id.as_deref(), found[0].offset), (Some("p"), 7));
    }

    #[test]
    fn cells_of_a_table_take_the_names_of_its_columns() {
        let found = rows(
            r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"Message","type":"string"}],"rows":[["2024-01-01T00:00:00Z","a \"b\""],["2024-01-01T00:00:01Z","c"]]}]}"#,
        );
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].message.as_ref(), found[1].ts_ns), ("a \"b\"", Some(1_704_067_201_000_000_000)));
    }

    #[test]
    fn tables_of_other_systems_are_read_too() {
        for text in [
            r#"{"preview":false,"messages":[],"fields":["_time","_raw"],"rows":[["2024-01-02T03:04:05.678+00:00","boom"]]}"#,
            r#"{"columns":[{"name":"@timestamp","type":"date"},{"name":"message","type":"keyword"}],"values":[["2024-01-02T03:04:05.678Z","boom"]]}"#,
            r#"{"schema":[{"name":"@timestamp"},{"name":"message"}],"datarows":[["2024-01-02 03:04:05.678","boom"]],"total":1}"#,
        ] {
            let found = rows(text);
            assert_eq!(found.len(), 1);
            assert_eq!(
                (found[0].message.as_ref(), found[0].ts_ns),
                ("boom", Some(1_704_164_645_678_000_000)),
                "{text}"
            );
        }
    }

    #[test]
    fn metadata_of_a_line_fills_what_its_stream_leaves_open() {
        let found = rows(
            r#"{"streams":[{"stream":{"app":"till"},"values":[["1704067200000000000","a",{"trace_id":"t","detected_level":"error"}]]}]}"#,
        );
        assert_eq!((found[0].trace.as_deref(), found[0].service.as_deref()), (Some("t"), Some("till")));
        assert_eq!((found[0].severity, found[0].effective_severity), (Severity::Default, Severity::Error));
    }

    #[test]
    fn lines_of_a_stream_take_its_labels() {
        for text in [
            r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"app":"till","level":"warn"},"values":[["1704067200000000000","a"],["1704067200000000001","b"]]}]}}"#,
            r#"{"streams":[{"stream":{"app":"till","level":"warn"},"values":[["1704067200000000000","a"],["1704067200000000001","b"]]}]}"#,
        ] {
            let found = rows(text);
            assert_eq!(found.len(), 2);
            assert_eq!((found[1].message.as_ref(), found[1].severity), ("b", Severity::Warning));
            assert_eq!((found[1].service.as_deref(), found[1].ts_ns), (Some("till"), Some(1_704_067_200_000_000_001)));
        }
    }
}
