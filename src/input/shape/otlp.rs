//! OpenTelemetry log records (`resourceLogs[].scopeLogs[].logRecords[]`, also in snake_case).
//!
//! A record's service stands beside it, in the resource that carries it; the unwrapping hands both over. Attributes are lists
//! of typed pairs. Source: <https://opentelemetry.io/docs/specs/otlp/>.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::json::Value;
use super::payload::with_stack;
use super::{
    Beside, Carried, INNER_LEVEL, Row, Shape, carrier, first, host_and_path, http_status, imply, level, part, severity,
    take_time, text, upper,
};
use crate::record::{Http, Kind, LogRecord, Severity};

/// The records of an OTLP document, or of a part of one that was too large to be held; `None` when the object is none.
pub(super) fn records(object: Value<'_>) -> Option<Vec<Carried<'_>>> {
    let has = |keys: &[&str]| keys.iter().any(|key| object.get(key).is_some());
    let mut rows = Vec::new();
    if has(&BUNDLES) {
        for bundle in list(object, &BUNDLES) {
            of_bundle(bundle, &mut rows);
        }
    } else if has(&SCOPES) {
        of_bundle(object, &mut rows);
    } else if has(&RECORDS) {
        of_scope(object, object.some("resource"), &mut rows);
    } else {
        return None;
    }
    Some(rows)
}

const BUNDLES: [&str; 2] = ["resourceLogs", "resource_logs"];
const SCOPES: [&str; 4] = ["scopeLogs", "scope_logs", "instrumentationLibraryLogs", "instrumentation_library_logs"];
const RECORDS: [&str; 2] = ["logRecords", "log_records"];

fn of_bundle<'a>(bundle: Value<'a>, rows: &mut Vec<Carried<'a>>) {
    for scope in list(bundle, &SCOPES) {
        of_scope(scope, bundle.some("resource"), rows);
    }
}

fn of_scope<'a>(of: Value<'a>, resource: Option<Value<'a>>, rows: &mut Vec<Carried<'a>>) {
    let scope = ["scope", "instrumentationLibrary", "instrumentation_library"].iter().find_map(|key| of.some(key));
    let beside = Beside { resource, scope, ..Beside::default() };
    // Before version 0.15 they were `logs`.
    let records = RECORDS.into_iter().chain(["logs"]).find_map(|key| of.some(key));
    rows.extend(records.into_iter().flat_map(Value::items).map(|row| Carried { row, beside }));
}

/// Fills what a record leaves open from its instrumentation scope, which is mostly the logger.
pub(super) fn apply_scope<'a>(scope: Value<'a>, record: &mut LogRecord<'a>) {
    if record.module.is_none() {
        record.module = scope.some("name").and_then(text);
    }
}

fn list<'a>(value: Value<'a>, keys: &[&str]) -> Vec<Value<'a>> {
    keys.iter().find_map(|key| value.some(key)).map(|found| found.items().collect()).unwrap_or_default()
}

/// The text of a resource's or record's attribute.
pub(super) fn attribute<'a>(of: Value<'a>, key: &str) -> Option<Cow<'a, str>> {
    let found = pairs(of.some("attributes")?).filter(|(name, _)| name == key).last()?.1;
    plain(found).filter(|text| !text.is_empty())
}

/// Names and values of attributes: a list of typed pairs, or an object, as exporters to the console print them.
fn pairs(attributes: Value<'_>) -> impl Iterator<Item = (Cow<'_, str>, Value<'_>)> {
    let listed = attributes.items().filter_map(|pair| Some((pair.some("key")?.as_str()?, pair.some("value")?)));
    listed.chain(attributes.members())
}

/// The text of a typed value, when it is a scalar.
fn plain(value: Value<'_>) -> Option<Cow<'_, str>> {
    if !value.is_object() {
        return value.scalar();
    }
    value.members().find_map(|(_, inner)| inner.scalar())
}

/// The JSON that a typed value stands for.
fn json(value: Value<'_>, into: &mut String) {
    let inner = value.members().next();
    // The lists stand in `values`, or by themselves.
    let nested =
        inner.as_ref().and_then(|(_, inner)| if inner.is_array() { Some(*inner) } else { first(*inner, &["values"]) });
    match (inner, nested) {
        (Some((key, _)), Some(list)) if matches!(key.as_ref(), "kvlistValue" | "kvlist_value") => {
            into.push('{');
            for (at, pair) in list.items().enumerate() {
                into.push_str(if at > 0 { "," } else { "" });
                let key = pair.some("key").and_then(Value::as_str).unwrap_or_default();
                into.push_str(&serde_json::Value::from(key.as_ref()).to_string());
                into.push(':');
                match pair.some("value") {
                    Some(value) => json(value, into),
                    None => into.push_str("null"),
                }
            }
            into.push('}');
        }
        (Some((key, _)), Some(list)) if matches!(key.as_ref(), "arrayValue" | "array_value") => {
            into.push('[');
            for (at, item) in list.items().enumerate() {
                into.push_str(if at > 0 { "," } else { "" });
                json(item, into);
            }
            into.push(']');
        }
        (Some((key, value)), _) if matches!(key.as_ref(), "stringValue" | "string_value") => {
            into.push_str(&serde_json::Value::from(value.as_str().unwrap_or_default().as_ref()).to_string());
        }
        (Some((_, value)), _) if value.scalar().is_some() => into.push_str(&value.scalar().unwrap_or_default()),
        _ => into.push_str("null"),
    }
}

/// An id as lower-case hex, whichever way the writer encoded it; all zeros is none.
fn id(value: Value<'_>) -> Option<Cow<'_, str>> {
    let written = part(text(value)?, |text| text.strip_prefix("0x").unwrap_or(text));
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let id = match written.len() {
        16 | 32 if hex(&written) => lower(written),
        // 8 and 16 bytes in base64.
        12 | 24 => match STANDARD.decode(written.as_bytes()) {
            Ok(bytes) => bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]).map(digit).collect::<String>().into(),
            Err(_) => written,
        },
        _ => written,
    };
    Some(id).filter(|id| id.bytes().any(|b| b != b'0'))
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text }
}

fn digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('0')
}

/// See the module.
pub(super) struct Otlp;

impl Shape for Otlp {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "timeUnixNano",
            "time_unix_nano",
            "observedTimeUnixNano",
            "observed_time_unix_nano",
            "severityNumber",
            "severity_number",
        ]
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let times = ["timestamp", "timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano"];
        for key in times {
            // A zero time says that only the observed one is known.
            let known = value.some(key).filter(|value| value.scalar().is_none_or(|text| text != "0"));
            if known.is_some_and(|known| take_time(record, key, known)) {
                break;
            }
        }
        severity_of(value, record);
        record.trace = first(value, &["traceId", "trace_id"]).and_then(id);
        record.span = first(value, &["spanId", "span_id"]).and_then(id);
        body(value, record);
        if record.message.is_empty() {
            record.message = first(value, &["eventName", "event_name"]).and_then(text).unwrap_or_default();
        }
        attributes(value, record);
        if let Some(resource) = value.some("resource").filter(|resource| resource.is_object()) {
            carrier::apply(resource, record);
        }
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
    }
}

pub(super) fn severity_of(value: Value<'_>, record: &mut LogRecord<'_>) {
    const RANGES: [Severity; 6] =
        [Severity::Debug, Severity::Debug, Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    let number = first(value, &["severityNumber", "severity_number", "SeverityNumber"]);
    // Some writers give the enum's name: SEVERITY_NUMBER_ERROR2.
    let name = number.and_then(Value::as_str).and_then(|text| {
        let name = text.strip_prefix("SEVERITY_NUMBER_")?.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        Severity::from_word(&name)
    });
    let number = number.and_then(Value::as_i64);
    let worded = first(value, &["severityText", "severity_text", "SeverityText"]);
    let found = match number {
        Some(number @ 1..) => usize::try_from((number.min(24) - 1) / 4).ok().and_then(|at| RANGES.get(at).copied()),
        Some(_) => None,
        None => name.or_else(|| worded.and_then(severity)),
    };
    record.severity = found.unwrap_or_default();
    record.severity_unknown = found.is_none() && number.is_none() && worded.is_some();
    if found.is_none() {
        // A number that says nothing, or a word of another library.
        imply(record, worded.and_then(level::word), INNER_LEVEL);
    }
}

fn body<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    let Some(body) = value.some("body") else { return };
    record.message = match plain(body) {
        Some(text) => text,
        None if body.is_object() && body.fields().next().is_some() => {
            let mut text = String::new();
            json(body, &mut text);
            text.into()
        }
        None => Cow::default(),
    };
}

fn attributes<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    let (mut kind, mut said, mut stack) = (None, None, None);
    let mut http = Http::default();
    for (key, value) in value.some("attributes").into_iter().flat_map(pairs) {
        let Some(text) = plain(value).filter(|text| !text.trim().is_empty()) else { continue };
        let number = || text.parse::<i64>().ok();
        match key.as_ref() {
            "exception.type" => kind = Some(text),
            "exception.message" => said = Some(text),
            "exception.stacktrace" => stack = Some(text),
            "code.function" | "code.function.name" => record.function = Some(text),
            "code.filepath" | "code.file.path" => record.module = Some(text),
            "code.namespace" => record.module = record.module.take().or(Some(text)),
            "code.lineno" | "code.line.number" => record.line = number(),
            "enduser.id" | "user.id" => record.user = Some(text),
            "log.record.uid" => record.insert_id = Some(text),
            "service.name" => record.service = Some(text),
            "http.method" | "http.request.method" => http.method = Some(upper(text)),
            "http.status_code" | "http.response.status_code" => http.status = number().and_then(http_status),
            "http.url" | "url.full" | "http.target" | "url.path" | "http.route" => {
                let (host, path) = host_and_path(text);
                http.host = http.host.take().or(host);
                http.path = http.path.take().or(path);
            }
            "http.host" | "server.address" => http.host = http.host.take().or(Some(text)),
            _ => {}
        }
    }
    let told = http.status.is_some() || http.method.is_some();
    record.http = told.then_some(http);
    let error = match (kind, said) {
        (Some(kind), Some(said)) => Some(Cow::Owned(format!("{kind}: {said}"))),
        (kind, said) => kind.or(said),
    };
    if let Some(more) = stack.or(error) {
        record.message = with_stack(std::mem::take(&mut record.message), more);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn records_keep_the_resource_that_carries_them_in_both_spellings() {
        for text in [
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"till"}}]},"scopeLogs":[{"logRecords":[{"a":1},{"a":2}]}]}]}"#,
            r#"{"resource_logs":[{"resource":{"attributes":[{"key":"service.name","value":{"string_value":"till"}}]},"scope_logs":[{"log_records":[{"a":1},{"a":2}]}]}]}"#,
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"till"}}]},"instrumentationLibraryLogs":[{"instrumentationLibrary":{"name":"l"},"logs":[{"a":1},{"a":2}]}]}]}"#,
        ] {
            let mut tape = Tape::default();
            let rows = records(tape.parse(text).expect("valid")).expect("otlp");
            assert_eq!(rows.len(), 2);
            assert_eq!(attribute(rows[1].beside.resource.expect("resource"), "service.name").as_deref(), Some("till"));
        }
        assert!(records(Tape::default().parse("{}").expect("valid")).is_none());
    }

    #[test]
    fn times_levels_and_ids_are_read_in_every_encoding() {
        let row = map(
            r#"{"timeUnixNano":"0","observedTimeUnixNano":"1704067200000000001","severityNumber":13,"severityText":"odd","body":{"stringValue":"b"},"traceId":"AAECAwQFBgcICQoLDA0ODw==","spanId":"0011223344556677"}"#,
        );
        assert_eq!((row.ts_ns, row.severity), (Some(1_704_067_200_000_000_001), Severity::Warning));
        assert_eq!(row.ts_source.as_deref(), Some("observedTimeUnixNano"));
        assert_eq!(row.trace.as_deref(), Some("000102030405060708090a0b0c0d0e0f"));
        let row = map(
            r#"{"time_unix_nano":1704067200000000000,"severity_text":"Error","body":{"string_value":"b"},"trace_id":"","span_id":"0000000000000000"}"#,
        );
        assert_eq!((row.severity, row.trace, row.span), (Severity::Error, None, None));
    }

    #[test]
    fn a_number_that_says_nothing_leaves_the_word_to_imply_it() {
        let row = map(
            r#"{"timeUnixNano":"1704164645678000000","severityNumber":0,"severityText":"ERROR","body":{"stringValue":"b"}}"#,
        );
        assert_eq!(
            (row.severity, row.severity_unknown, row.effective_severity),
            (Severity::Default, false, Severity::Error)
        );
        let row = map(r#"{"timeUnixNano":"1704164645678000000","severityText":"E","eventName":"lost"}"#);
        assert_eq!((row.effective_severity, row.message.as_ref()), (Severity::Error, "lost"));
    }

    #[test]
    fn ids_are_lower_case_hex_however_they_are_written() {
        for (written, id) in [
            ("0AF7651916CD43DD8448EB211C80319C", Some("0af7651916cd43dd8448eb211c80319c")),
            ("0x0af7651916cd43dd8448eb211c80319c", Some("0af7651916cd43dd8448eb211c80319c")),
            ("0x00000000000000000000000000000000", None),
            ("0x0", None),
            ("0x", None),
        ] {
            let row = map(&format!(r#"{{"timeUnixNano":"1704164645678000000","traceId":"{written}"}}"#));
            assert_eq!(row.trace.as_deref(), id, "{written}");
        }
    }

    #[test]
    fn rows_of_an_exporter_to_the_console_have_objects_of_attributes() {
        let row = map(
            r#"{"body":"no","severity_number":17,"severity_text":"ERROR","attributes":{"exception.type":"E","exception.message":"x"},"timestamp":"2024-01-02T03:04:05.678Z","trace_id":"0x0af7651916cd43dd8448eb211c80319c","resource":{"attributes":{"service.name":"till","service.version":"v12"}}}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no\nE: x"));
        assert_eq!((row.service.as_deref(), row.revision.as_deref()), (Some("till"), Some("v12")));
    }

    #[test]
    fn attributes_fill_exception_place_and_request() {
        let row = map(
            r#"{"timeUnixNano":"1704067200000000000","severityNumber":17,"body":{"stringValue":"failed"},"attributes":[{"key":"exception.type","value":{"stringValue":"E"}},{"key":"exception.stacktrace","value":{"stringValue":"E: no\n  at a.b(C.java:1)"}},{"key":"code.function","value":{"stringValue":"f"}},{"key":"code.lineno","value":{"intValue":"9"}},{"key":"http.status_code","value":{"intValue":503}},{"key":"http.target","value":{"stringValue":"/a?b"}}]}"#,
        );
        assert_eq!(row.message, "failed\nE: no\n  at a.b(C.java:1)");
        assert_eq!((row.function.as_deref(), row.line), (Some("f"), Some(9)));
        let http = row.http.expect("http");
        assert_eq!((http.path.as_deref(), http.status), (Some("/a"), Some(503)));
    }

    #[test]
    fn a_structured_body_is_json_and_its_message_is_the_message() {
        let row = map(
            r#"{"timeUnixNano":"1704067200000000000","body":{"kvlistValue":{"values":[{"key":"message","value":{"stringValue":"hi"}},{"key":"n","value":{"intValue":"1"}}]}}}"#,
        );
        assert_eq!(row.message, "hi");
        let row = map(
            r#"{"timeUnixNano":"1","body":{"kvlistValue":[{"key":"message","value":{"stringValue":"hi"}},{"key":"n","value":{"intValue":"1"}}]}}"#,
        );
        assert_eq!(row.message, "hi");
        let row =
            map(r#"{"timeUnixNano":"1","body":{"arrayValue":{"values":[{"stringValue":"a"},{"boolValue":true}]}}}"#);
        assert_eq!(row.message, r#"["a",true]"#);
    }
}
