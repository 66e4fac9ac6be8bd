//! Objects that only carry rows, and what they say of them.
//!
//! The rule is general, so that a wrapper nobody has seen yet works too: an object without time, severity and message of its
//! own, holding an array of objects (or a map of severities to arrays), is a wrapper. What stands beside the array is the
//! file's metadata: a window that was asked for, counts that were claimed.

use super::super::json::Value;
use super::{Mapping, Row, Shape as _, first, otlp, tabular, timestamp};
use crate::record::Severity;
use crate::record::ingest::DeclaredWindow;
use crate::time;

/// Keys under which exports put their rows, most specific first.
const LISTS: [&str; 17] = [
    "raw_logs",
    "entries",
    "logEntries",
    "log_entries",
    "logs",
    "events",
    "Events",
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
        /// A window it says it was asked for, which may be one that cannot be meant.
        window: Option<DeclaredWindow>,
    },
}

/// What wrappers say of the rows they carry.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    /// The resource of OTLP records, or the object that carries a row.
    pub(crate) resource: Option<Value<'a>>,
    /// The instrumentation scope of OTLP records.
    pub(crate) scope: Option<Value<'a>>,
}

impl<'a> Beside<'a> {
    pub(super) fn of(resource: Value<'a>) -> Self {
        Self { resource: Some(resource), scope: None }
    }

    /// What is said here, and for the rest what is said further out.
    pub(crate) fn or(self, outer: Self) -> Self {
        Self { resource: self.resource.or(outer.resource), scope: self.scope.or(outer.scope) }
    }
}

/// A row, and what its wrapper says of it.
#[derive(Clone, Copy)]
pub(crate) struct Carried<'a> {
    /// The row.
    pub(crate) row: Value<'a>,
    /// What is said of it.
    pub(crate) beside: Beside<'a>,
}

impl Carried<'_> {
    /// Whether it can be mapped: an object, or an array whose elements have names beside it.
    pub(crate) fn is_row(&self) -> bool {
        self.row.is_object() || tabular::is_row(self.row, self.beside.resource)
    }
}

fn alone(row: Value<'_>) -> Carried<'_> {
    Carried { row, beside: Beside::default() }
}

/// What an object, whose list of rows is empty, says of the rows that follow it; `None` when it is no wrapper around rows.
/// With it, whether the rows stand in several lists.
pub(crate) fn front<'a>(object: Value<'a>, mappings: &[Mapping]) -> Option<(Beside<'a>, bool)> {
    let row = Row::of(object);
    let mut rows = Vec::new();
    if !expand(&row, DEPTH, mappings, &mut rows) || !rows.is_empty() {
        return None;
    }
    let is_list = |key: &str| object.get(key).is_some_and(Value::is_array);
    let group = is_list("logEvents").then_some(object);
    let beside = Beside { resource: object.some("resource").or(group), scope: object.some("scope") };
    Some((beside, by_severity(object).is_some()))
}

/// Tells rows from wrappers; a row costs the one pass over its keys, which mapping it needs anyway.
pub(crate) fn unwrap<'a>(object: Value<'a>, mappings: &[Mapping]) -> Unwrapped<'a> {
    let row = Row::of(object);
    let mut rows = Vec::new();
    if expand(&row, DEPTH, mappings, &mut rows) {
        Unwrapped::Wrapper { rows, window: window(object) }
    } else {
        Unwrapped::Row(row)
    }
}

/// Adds the rows that an object carries; `false` when it is a row itself.
fn expand<'a>(row: &Row<'a>, depth: usize, mappings: &[Mapping], rows: &mut Vec<Carried<'a>>) -> bool {
    if !row.is_wrapper && (row.is_entry || !row.may_wrap) {
        return false;
    }
    let object = row.value();
    // The user's word counts: a row of his own shape may hold lists.
    if depth == 0 || !object.is_object() || mappings.iter().any(|mapping| mapping.knows(row)) {
        return false;
    }
    if let Some(records) = otlp::records(object) {
        rows.extend(records);
        return true;
    }
    if let Some(groups) = by_severity(object) {
        rows.extend(groups.into_iter().map(alone));
        return true;
    }
    if let Some(hits) = object.path("hits.hits").filter(|hits| hits.is_array()) {
        rows.extend(hits.items().map(|hit| source(hit).unwrap_or_else(|| alone(hit))));
        return true;
    }
    if let Some(carried) = source(object).filter(|_| !row.is_entry) {
        rows.push(carried);
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
            if !expand(&Row::of(item), depth - 1, mappings, rows) {
                // A subscription of CloudWatch names the group beside its events.
                let resource = Some(object).filter(|_| key == "logEvents");
                rows.push(Carried { row: item, beside: Beside { resource, scope: None } });
            }
        }
        return true;
    }
    false
}

/// The document of an Elasticsearch hit, which its id belongs to.
fn source(hit: Value<'_>) -> Option<Carried<'_>> {
    let row = hit
        .some("_source")
        .filter(|row| row.is_object() && (hit.get("_id").is_some() || hit.get("_index").is_some()))?;
    Some(Carried { row, beside: Beside::of(hit) })
}

/// Adds rows that are arrays: the cells of tables, the lines of streams.
fn arrays<'a>(object: Value<'a>, rows: &mut Vec<Carried<'a>>) -> bool {
    let tables = object.get("tables").into_iter().flat_map(Value::items).chain([object]);
    let streams = object.path("data.result").or_else(|| object.get("streams"));
    let mut found = false;
    for table in tables.filter(|table| tabular::is_table(*table)) {
        found = true;
        let cells = table.get("rows").into_iter().flat_map(Value::items);
        rows.extend(cells.map(|row| Carried { row, beside: Beside::of(table) }));
    }
    for stream in streams.into_iter().flat_map(Value::items).filter(|stream| tabular::is_stream(*stream)) {
        found = true;
        let lines = stream.get("values").into_iter().flat_map(Value::items);
        rows.extend(lines.map(|row| Carried { row, beside: Beside::of(stream) }));
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
    let is_severity = |key: &str| Severity::from_word(key).is_some_and(|severity| severity.as_str() == key);
    if object.members().next().is_some() && object.members().all(|(key, list)| is_severity(&key) && list.is_array()) {
        return Some(object.members().flat_map(|(_, list)| list.items()).collect());
    }
    let groups = object.some("detailed_by_severity").filter(|groups| groups.is_object())?;
    Some(groups.members().filter_map(|(_, group)| group.some("sample_entries")).flat_map(Value::items).collect())
}

/// The window that a wrapper says it was asked for.
pub(crate) fn window(object: Value<'_>) -> Option<DeclaredWindow> {
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
        match unwrap(tape.parse(text).expect("valid"), &[]) {
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
        assert_eq!(count(r#"{"ERROR":[{"a":1}],"WARNING":[{"a":2},{"a":3}]}"#), Some(3));
        assert_eq!(count(r#"{"ERROR":[{"a":1}],"note":"x"}"#), None);
        assert_eq!(count(r#"{"_index":"i","_id":"1","_source":{"message":"x"}}"#), Some(1));
        assert_eq!(count(r#"{"entries":[]}"#), Some(0));
        assert_eq!(count(r#"{"timestamp":"2025-01-01T00:00:00Z","data":[{"a":1}]}"#), None);
        assert_eq!(count(r#"{"errorGroups":[{"id":"x"}],"textPayload":"y"}"#), None);
        assert_eq!(count(r#"{"a":{"b":[{"c":1}]}}"#), None);
    }

    #[test]
    fn lookups_of_trails_are_unwrapped() {
        assert_eq!(count(r#"{"Events":[{"EventId":"e","EventName":"x"}],"NextToken":"n"}"#), Some(1));
    }

    #[test]
    fn remembers_the_window_a_wrapper_was_asked_for() {
        let mut tape = Tape::default();
        let text =
            r#"{"time_range":{"start":"2025-09-15T20:00:00+00:00","end":"2025-09-15T21:00:00+00:00"},"entries":[]}"#;
        let Unwrapped::Wrapper { window: Some(window), .. } = unwrap(tape.parse(text).expect("valid"), &[]) else {
            panic!("a wrapper")
        };
        assert_eq!(
            (window.since.as_str(), window.source.as_str()),
            ("2025-09-15T20:00:00.000000000Z", "file metadata")
        );
    }
}
