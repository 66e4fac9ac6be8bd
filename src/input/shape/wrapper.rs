//! Objects that only carry rows, and what they say of them.
//!
//! The rule is general, so that a wrapper nobody has seen yet works too: an object without time, severity and message of its
//! own, holding an array of objects (or a map of severities to arrays), is a wrapper. Under a key that no export is known by,
//! the objects must have time and text themselves, because programs list other things too. What stands beside the array is
//! the file's metadata: a window that was asked for, counts that were claimed.

use super::super::json::{Tape, Value};
use super::super::repair;
use super::table::{Field, Found};
use super::{
    Mapping, Row, Shape as _, appengine, bulk, first, gcp, generic, otlp, pubsub, sentry, tabular, timestamp, workers,
};
use crate::record::Severity;
use crate::record::ingest::DeclaredWindow;
use crate::time;

/// Keys under which exports put their rows, most specific first.
const LISTS: [&str; 19] = [
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
    "receivedMessages",
    "received_messages",
];
/// Times that a wrapper has as well: when it was written, and what it was asked for.
const OF_WRAPPERS: [&str; 7] =
    ["date", "created_at", "started_at", "StartTime", "start_time", "created", "metadata.timestamp"];
/// Elements of a list under an unknown key that are looked at.
const LOOKED_AT: usize = 3;
/// Bytes that a message in an event may hold once it is unpacked; with more, the event stays a row.
const MESSAGE: usize = 64 << 20;
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
    /// Which of the lines of its resource, a request of App Engine, the row is.
    pub(crate) line: Option<usize>,
}

impl<'a> Beside<'a> {
    pub(super) fn of(resource: Value<'a>) -> Self {
        Self { resource: Some(resource), ..Self::default() }
    }

    /// What is said here, and for the rest what is said further out.
    pub(crate) fn or(self, outer: Self) -> Self {
        Self { resource: self.resource.or(outer.resource), scope: self.scope.or(outer.scope), line: self.line }
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
    let beside =
        Beside { resource: object.some("resource").or(group), scope: object.some("scope"), ..Beside::default() };
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
    if let Some(lines) = appengine::lines(row) {
        let beside = Beside::of(row.value());
        rows.push(alone(row.value()));
        rows.extend(
            lines
                .items()
                .enumerate()
                .map(|(at, line)| Carried { row: line, beside: Beside { line: Some(at), ..beside } }),
        );
        return true;
    }
    if (row.is_entry || row.says && !row.may_wrap) && !row.is_wrapper {
        return false;
    }
    let object = row.value();
    // The user's word counts: a row of his own shape may hold lists.
    if depth == 0 || !object.is_object() || mappings.iter().any(|mapping| mapping.knows(row)) {
        return false;
    }
    if (row.is_wrapper || row.may_wrap) && (workers::is_invocation(object) || sentry::is_event(object)) {
        return false;
    }
    if row.is_wrapper || row.may_wrap {
        if bulk::is_action(object) {
            return true;
        }
        if let Some(document) = bulk::updated(object) {
            rows.push(alone(document));
            return true;
        }
        if let Some(entry) = of_event(object, mappings) {
            if !expand(&entry, depth - 1, mappings, rows) {
                rows.push(alone(entry.value()));
            }
            return true;
        }
        // No program calls a field so: whatever stands beside it is told of the whole.
        if let Some(list) = object.get("raw_logs").filter(|list| list.items().next().is_some_and(Value::is_object)) {
            of_list(list, Beside::default(), depth, mappings, rows);
            return true;
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
        if let Some(carried) = source(object).filter(|_| !row.is_entry && !row.says) {
            rows.push(carried);
            return true;
        }
        if arrays(object, rows) {
            return true;
        }
        if let Some(list) = object.path("data.actor").and_then(|actor| results(actor, DEPTH)) {
            of_list(list, Beside::default(), depth, mappings, rows);
            return true;
        }
    }
    if row.is_entry {
        return false;
    }
    let lists = if row.may_wrap { lists(object) } else { Vec::new() };
    let Some((key, list)) = lists.iter().find(|(_, list)| list.items().next().is_some()) else {
        return !row.says
            && (unknown(object, depth, mappings, rows) || !lists.is_empty() && !is_of_an_entry(object, None));
    };
    // An answer may say how it went beside the entries that it carries.
    let carries = !row.says || list.items().next().is_some_and(|item| Row::of(item).is_entry);
    if !carries || is_of_an_entry(object, Some(*list)) {
        return false;
    }
    // A subscription of CloudWatch names the group beside its events.
    let resource = Some(object).filter(|_| *key == "logEvents");
    of_list(*list, Beside { resource, ..Beside::default() }, depth, mappings, rows);
    // Entries beside them are rows as well.
    let others = object.fields().map(|(_, value)| value).filter(|other| other.start() != list.start());
    for other in others.filter(|other| of_entries(*other)) {
        of_list(other, Beside::default(), depth, mappings, rows);
    }
    true
}

/// Whether all items of a list are entries of Cloud Logging, each with a time: their ids tell which of them stand in the other
/// list as well.
fn of_entries(list: Value<'_>) -> bool {
    list.items().next().is_some() && list.items().all(|item| is_of_rows(item, true))
}

/// Whether the first item of a list, whatever the list's key, says that it holds rows: `beside` other rows only an entry with
/// an id does, because programs repeat rows.
pub(crate) fn is_of_rows(item: Value<'_>, beside: bool) -> bool {
    if !item.is_object() {
        return false;
    }
    let (row, found) = (Row::of(item), generic::read(item));
    is_timed(&found) && if beside { row.has_insert_id() } else { row.is_entry || says(&found) }
}

/// Whether an object has the level or the message of an entry.
fn says(found: &Found<'_>) -> bool {
    found.value(Field::Level).or_else(|| found.value(Field::Message)).is_some()
}

/// The lists of an object that stand where exports put their rows.
fn lists(object: Value<'_>) -> Vec<(&'static str, Value<'_>)> {
    let lists = LISTS.into_iter().filter_map(|key| Some((key, object.get(key).filter(|list| list.is_array())?)));
    lists
        .filter(|(_, list)| list.items().next().is_none_or(|item| item.is_object() || tabular::is_fields(item)))
        .collect()
}

/// Adds the rows of a list.
fn of_list<'a>(list: Value<'a>, beside: Beside<'a>, depth: usize, mappings: &[Mapping], rows: &mut Vec<Carried<'a>>) {
    for row in list.items() {
        let row = message_of_graylog(row).unwrap_or(row);
        if !expand(&Row::of(row), depth - 1, mappings, rows) {
            rows.push(Carried { row, beside });
        }
    }
}

/// Whether a list belongs to an entry, which has a time and says something; what it lists has no time. An entry with nothing
/// but an empty list is one by its time or its level.
fn is_of_an_entry(object: Value<'_>, list: Option<Value<'_>>) -> bool {
    let own = generic::read(object);
    let timed = is_timed(&own);
    let leveled = own.value(Field::Level).is_some();
    match list.and_then(|list| list.items().next()) {
        None => timed || leveled,
        Some(item) => {
            timed && (leveled || own.value(Field::Message).is_some()) && {
                let row = Row::of(item);
                !row.is_wrapper && !row.may_wrap && generic::read(item).time().is_none()
            }
        }
    }
}

/// Whether an object has the time of an entry.
fn is_timed(found: &Found<'_>) -> bool {
    found.time().is_some_and(|(_, path)| !OF_WRAPPERS.contains(&path))
}

/// Adds the rows of the only list of objects that an object has, under whatever key, where they look like entries or hold
/// some, of several lists where all hold entries of Cloud Logging, and of an answer of Elasticsearch that another service hands
/// on.
fn unknown<'a>(object: Value<'a>, depth: usize, mappings: &[Mapping], rows: &mut Vec<Carried<'a>>) -> bool {
    if let Some(answer) = object.get("rawResponse") {
        return expand(&Row::of(answer), depth - 1, mappings, rows);
    }
    let own = generic::read(object);
    if own.time().is_some() || says(&own) {
        return false;
    }
    let lists: Vec<Value<'_>> = object
        .fields()
        .map(|(_, list)| list)
        .filter(|list| list.items().next().is_some_and(Value::is_object))
        .collect();
    let mut inside = Vec::new();
    let carries = match lists[..] {
        [] => return inner(object, depth, mappings, rows),
        [list] => list
            .items()
            .take(LOOKED_AT)
            .all(|item| is_of_rows(item, false) || expand(&Row::of(item), depth - 1, mappings, &mut inside)),
        _ => lists.iter().all(|list| list.items().take(LOOKED_AT).all(is_cloud_entry)),
    };
    if carries {
        for list in lists {
            of_list(list, Beside::default(), depth, mappings, rows);
        }
    }
    carries
}

/// Whether an object is an entry of Cloud Logging with a time.
fn is_cloud_entry(object: Value<'_>) -> bool {
    gcp::CloudLogging.knows(&Row::of(object)) && is_timed(&generic::read(object))
}

/// Whether an object is an entry with a time.
fn is_entry(object: Value<'_>) -> bool {
    Row::of(object).is_entry && is_timed(&generic::read(object))
}

/// Adds the rows that objects inside an object carry or are, where they are entries: an answer within an answer, rows by
/// service or by hour. What stands beside them is said of them.
fn inner<'a>(object: Value<'a>, depth: usize, mappings: &[Mapping], rows: &mut Vec<Carried<'a>>) -> bool {
    let before = rows.len();
    for (_, value) in object.fields().filter(|(_, value)| value.is_object()) {
        let mut inside = Vec::new();
        if !expand(&Row::of(value), depth - 1, mappings, &mut inside) {
            inside = vec![alone(value)];
        }
        if inside.iter().take(LOOKED_AT).all(|carried| is_entry(carried.row)) {
            rows.append(&mut inside);
        }
    }
    rows.len() > before
}

/// The entry, or the message of Pub/Sub with entries, in an event as Eventarc hands it on; other events are rows, with a time
/// that what they carry need not have. Source: <https://cloud.google.com/eventarc/docs/cloudevents>.
fn of_event<'a>(object: Value<'a>, mappings: &[Mapping]) -> Option<Row<'a>> {
    object.some("specversion")?;
    let row = Row::of(object.some("data").filter(|data| data.is_object())?);
    let carries = || pubsub::data(&row, MESSAGE).and_then(Result::ok).is_some_and(|data| is_of_log(&data, mappings));
    (gcp::CloudLogging.knows(&row) || carries()).then_some(row)
}

/// Whether the data of a message are entries of a log.
fn is_of_log(data: &[u8], mappings: &[Mapping]) -> bool {
    let mut tape = Tape::default();
    let mended;
    let strict = std::str::from_utf8(data).ok().filter(|text| tape.parse(text).is_ok());
    let text = if let Some(text) = strict {
        text
    } else {
        mended = repair::repair(data);
        if tape.parse(&mended).is_err() {
            return false;
        }
        &mended
    };
    let is_entry = |value: Value<'_>| {
        let row = Row::of(value);
        let found = generic::read(value);
        let says = || found.value(Field::Level).or_else(|| found.value(Field::Message)).is_some();
        gcp::CloudLogging.knows(&row)
            || mappings.iter().any(|mapping| mapping.knows(&row))
            || is_timed(&found) && says()
    };
    let data = tape.parsed(text);
    let Some(first) = (if data.is_array() { data.items().next() } else { Some(data) }) else { return false };
    match unwrap(first, mappings) {
        Unwrapped::Row(row) => is_entry(row.value()),
        Unwrapped::Wrapper { rows, .. } => rows.first().is_some_and(|carried| is_entry(carried.row)),
    }
}

/// The document of an Elasticsearch hit, which its id belongs to.
fn source(hit: Value<'_>) -> Option<Carried<'_>> {
    let row = hit
        .some("_source")
        .filter(|row| row.is_object() && (hit.get("_id").is_some() || hit.get("_index").is_some()))?;
    Some(Carried { row, beside: Beside::of(hit) })
}

/// The message in an answer of Graylog, which says beside it where it was found.
fn message_of_graylog(found: Value<'_>) -> Option<Value<'_>> {
    let message = found.some("message").filter(|message| message.is_object())?;
    (found.get("index").is_some() && message.get("timestamp").is_some() && message.get("message").is_some())
        .then_some(message)
}

/// The rows in an answer of New Relic, under the names that the question gave to its parts.
fn results(object: Value<'_>, depth: usize) -> Option<Value<'_>> {
    let list = object.get("results").filter(|list| list.items().next().is_some_and(Value::is_object));
    let mut inner = object.fields().map(|(_, value)| value).filter(|value| depth > 0 && value.is_object());
    list.or_else(|| inner.find_map(|inner| results(inner, depth - 1)))
}

/// Adds rows that are arrays: the cells of tables, the lines of streams.
fn arrays<'a>(object: Value<'a>, rows: &mut Vec<Carried<'a>>) -> bool {
    let tables = object.get("tables").into_iter().flat_map(Value::items).chain([object]);
    let streams = object.path("data.result").or_else(|| object.get("streams"));
    let mut found = false;
    for table in tables.filter(|table| tabular::is_table(*table)) {
        found = true;
        let cells = tabular::cells(table).into_iter().flat_map(Value::items);
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
            limit: None,
        })
    })
}

#[cfg(test)]
mod tests;
