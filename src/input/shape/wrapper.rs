//! Objects that only carry rows, and what they say of them.
//!
//! The rule is general, so that a wrapper nobody has seen yet works too: an object without time, severity and message of its
//! own, holding an array of objects (or a map of severities to arrays), is a wrapper. What stands beside the array is the
//! file's metadata: a window that was asked for, counts that were claimed.

use super::super::json::Value;
use super::{Row, first, otlp, tabular, timestamp};
use crate::record::ingest::DeclaredWindow;
use crate::time;

/// Keys under which exports put their rows, most specific first.
const LISTS: [&str; 16] = [
    "raw_logs",
    "entries",
    "logEntries",
    "log_entries",
    "logs",
    "events",
    "records",
    "Records",
    "results",
    "result",
    "items",
    "data",
    "value",
    "rows",
    "messages",
    "logEvents",
];
/// Wrappers inside wrappers that are followed.
const DEPTH: usize = 6;

/// What a top-level object turned out to hold.
pub(crate) enum Unwrapped<'a> {
    /// It is a row itself.
    Row(Row<'a>),
    /// It carries rows; elements that are no objects are counted as malformed by the caller.
    Wrapper {
        /// The rows.
        rows: Vec<Carried<'a>>,
        /// A window it says it was asked for.
        window: Option<DeclaredWindow>,
    },
}

/// A row, and what its wrapper says of it.
#[derive(Clone, Copy)]
pub(crate) struct Carried<'a> {
    /// The row.
    pub(crate) row: Value<'a>,
    /// The resource that carries it.
    pub(crate) resource: Option<Value<'a>>,
}

impl Carried<'_> {
    /// Whether it can be mapped: an object, or an array whose elements have names beside it.
    pub(crate) fn is_row(&self) -> bool {
        self.row.is_object() || tabular::is_row(self.row, self.resource)
    }
}

fn alone(row: Value<'_>) -> Carried<'_> {
    Carried { row, resource: None }
}

/// Tells rows from wrappers; a row costs the one pass over its keys, which mapping it needs anyway.
pub(crate) fn unwrap(object: Value<'_>) -> Unwrapped<'_> {
    let row = Row::of(object);
    let mut rows = Vec::new();
    if expand(&row, DEPTH, &mut rows) {
        Unwrapped::Wrapper { rows, window: window(object) }
    } else {
        Unwrapped::Row(row)
    }
}

/// Adds the rows that an object carries; `false` when it is a row itself.
fn expand<'a>(row: &Row<'a>, depth: usize, rows: &mut Vec<Carried<'a>>) -> bool {
    if !row.is_wrapper && (row.is_entry || !row.may_wrap) {
        return false;
    }
    let object = row.value();
    if depth == 0 || !object.is_object() {
        return false;
    }
    if let Some(records) = otlp::records(object) {
        rows.extend(records.into_iter().map(|(row, resource)| Carried { row, resource }));
        return true;
    }
    if let Some(groups) = by_severity(object) {
        rows.extend(groups.into_iter().map(alone));
        return true;
    }
    if let Some(hits) = object.path("hits.hits").filter(|hits| hits.is_array()) {
        rows.extend(hits.items().map(|hit| match hit.some("_source").filter(|source| source.is_object()) {
            Some(row) => Carried { row, resource: Some(hit) },
            None => alone(hit),
        }));
        return true;
    }
    if arrays(object, rows) {
        return true;
    }
    if row.is_entry {
        return false;
    }
    for key in LISTS {
        let Some(list) = object.get(key).filter(|list| list.is_array()) else { continue };
        if list.items().next().is_some_and(|item| !item.is_object() && !tabular::is_fields(item)) {
            continue;
        }
        for item in list.items() {
            if !expand(&Row::of(item), depth - 1, rows) {
                // A subscription of CloudWatch names the group beside its events.
                rows.push(Carried { row: item, resource: Some(object).filter(|_| key == "logEvents") });
            }
        }
        return true;
    }
    false
}

/// Adds rows that are arrays: the cells of tables, the lines of streams.
fn arrays<'a>(object: Value<'a>, rows: &mut Vec<Carried<'a>>) -> bool {
    let tables = object.get("tables").into_iter().flat_map(Value::items).chain([object]);
    let streams = object.path("data.result").or_else(|| object.get("streams"));
    let mut found = false;
    for table in tables.filter(|table| tabular::is_table(*table)) {
        found = true;
        let cells = table.get("rows").into_iter().flat_map(Value::items);
        rows.extend(cells.map(|row| Carried { row, resource: Some(table) }));
    }
    for stream in streams.into_iter().flat_map(Value::items).filter(|stream| tabular::is_stream(*stream)) {
        found = true;
        let lines = stream.get("values").into_iter().flat_map(Value::items);
        rows.extend(lines.map(|row| Carried { row, resource: Some(stream) }));
    }
    found
}

/// Rows grouped by severity: a map of names to arrays, or of names to samples of a summary.
fn by_severity(object: Value<'_>) -> Option<Vec<Value<'_>>> {
    for key in ["logs_by_severity", "entries_by_severity", "by_severity"] {
        let Some(groups) = object.some(key).filter(|groups| groups.is_object()) else { continue };
        if groups.members().next().is_some() && groups.members().all(|(_, list)| list.is_array()) {
            // A list beside the map is the whole; the map then only counts or repeats it.
            if object.get("raw_logs").is_some_and(Value::is_array) {
                return None;
            }
            return Some(groups.members().flat_map(|(_, list)| list.items()).collect());
        }
    }
    let groups = object.some("detailed_by_severity").filter(|groups| groups.is_object())?;
    Some(groups.members().filter_map(|(_, group)| group.some("sample_entries")).flat_map(Value::items).collect())
}

/// The window that a wrapper says it was asked for.
fn window(object: Value<'_>) -> Option<DeclaredWindow> {
    ["time_range", "timeRange", "window", "range", "query"].iter().find_map(|key| {
        let range = object.some(key).filter(|range| range.is_object())?;
        let at = |keys: &[&str]| first(range, keys).and_then(timestamp).map(|parsed| time::rfc3339(parsed.ns));
        Some(DeclaredWindow {
            since: at(&["start", "since", "from", "start_time", "startTime"])?,
            until: at(&["end", "until", "to", "end_time", "endTime"])?,
            source: "file metadata".into(),
            filter: None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    fn count(text: &str) -> Option<usize> {
        let mut tape = Tape::default();
        match unwrap(tape.parse(text).expect("valid")) {
            Unwrapped::Row(_) => None,
            Unwrapped::Wrapper { rows, .. } => Some(rows.len()),
        }
    }

    #[test]
    fn tells_wrappers_from_rows() {
        assert_eq!(count(r#"{"entries":[{"a":1},{"a":2}],"nextPageToken":"x"}"#), Some(2));
        assert_eq!(count(r#"{"raw_logs":[{"a":1}],"logs_by_severity":{"ERROR":50}}"#), Some(1));
        assert_eq!(count(r#"{"logs_by_severity":{"ERROR":[{"a":1}],"INFO":[{"a":2},{"a":3}]}}"#), Some(3));
        assert_eq!(count(r#"{"hits":{"hits":[{"_source":{"a":1}}]}}"#), Some(1));
        assert_eq!(count(r#"{"status":"success","result":[{"entries":[{"a":1},{"a":2}]}]}"#), Some(2));
        assert_eq!(count(r#"{"entries":[]}"#), Some(0));
        assert_eq!(count(r#"{"timestamp":"2025-01-01T00:00:00Z","data":[{"a":1}]}"#), None);
        assert_eq!(count(r#"{"errorGroups":[{"id":"x"}],"textPayload":"y"}"#), None);
        assert_eq!(count(r#"{"a":{"b":[{"c":1}]}}"#), None);
    }

    #[test]
    fn remembers_the_window_a_wrapper_was_asked_for() {
        let mut tape = Tape::default();
        let text =
            r#"{"time_range":{"start":"2025-09-15T20:00:00+00:00","end":"2025-09-15T21:00:00+00:00"},"entries":[]}"#;
        let Unwrapped::Wrapper { window: Some(window), .. } = unwrap(tape.parse(text).expect("valid")) else {
            panic!("a wrapper")
        };
        assert_eq!(
            (window.since.as_str(), window.source.as_str()),
            ("2025-09-15T20:00:00.000000000Z", "file metadata")
        );
    }
}
