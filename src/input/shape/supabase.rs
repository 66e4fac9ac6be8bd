//! Supabase: rows of its log explorer, whose `metadata` is a list of one object in which every object is such a list again.
//!
//! Source: <https://supabase.com/docs/guides/telemetry/logs>.

use super::super::json::Value;
use super::generic::fill;
use super::{INNER_LEVEL, Row, Shape, first_text, http_status, imply, is_uuid, level, text, upper};
use crate::record::{Http, Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Supabase;

impl Shape for Supabase {
    fn keys(&self) -> &'static [&'static str] {
        &["event_message"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |key: &str| row.value().some(key).is_some();
        has("id") && has("timestamp") && !has("message") && !has("msg")
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        // Under the row itself, or in what its metadata list.
        let at = |path: &[&str]| within(value, path).or_else(|| within(value.some("metadata")?, path));
        let said = |paths: &[&[&str]]| paths.iter().find_map(|path| at(path).and_then(text));
        // Others count their rows, or the things that these are of.
        let is_own = value.some("metadata").is_some_and(Value::is_array);
        record.insert_id =
            record.insert_id.take().or_else(|| first_text(value, &["id"]).filter(|id| is_own || is_uuid(id)));
        record.service = record.service.take().or_else(|| said(&[&["identifier"], &["project"], &["function_id"]]));
        record.instance = record.instance.take().or_else(|| said(&[&["host"]]));
        record.user = record.user.take().or_else(|| said(&[&["parsed", "user_name"]]));
        let severity = [["parsed", "error_severity"].as_slice(), &["error_severity"], &["level"]];
        if record.severity == Severity::Default && record.effective_reason.is_none() {
            imply(record, severity.into_iter().find_map(|path| at(path).and_then(level::word)), INNER_LEVEL);
        }
        let status = at(&["response", "status_code"]).or_else(|| at(&["status_code"])).and_then(Value::as_i64);
        if let Some(status) = status.and_then(http_status) {
            record.kind = Kind::Request;
            record.http = Some(Http {
                method: said(&[&["request", "method"], &["method"]]).map(upper),
                host: said(&[&["request", "host"]]),
                path: said(&[&["request", "path"], &["path"]]),
                status: Some(status),
                latency_ns: None,
            });
        }
    }
}

/// What stands at a path, the only elements of lists being taken for the lists.
fn within<'a>(value: Value<'a>, path: &[&str]) -> Option<Value<'a>> {
    let only = |value: Value<'a>| if value.is_array() { value.items().next() } else { Some(value) };
    path.iter().try_fold(only(value)?, |value, key| only(value.some(key)?))
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn levels_and_requests_stand_in_lists_of_one_object() {
        let of = |message: &str, members: &str| {
            map(&format!(r#"{{"id":"u1","timestamp":1704164645678000,"event_message":"{message}",{members}}}"#))
        };
        for members in [
            r#""metadata":[{"host":"db","parsed":[{"error_severity":"ERROR","user_name":"ann"}]}]"#,
            r#""identifier":"shop","host":"db","parsed":{"error_severity":"ERROR","user_name":"ann"}"#,
        ] {
            let row = of("no such table", members);
            assert_eq!(
                (row.kind, row.message.as_ref(), row.effective_severity),
                (Kind::App, "no such table", Severity::Error)
            );
            assert_eq!((row.instance.as_deref(), row.user.as_deref()), (Some("db"), Some("ann")), "{members}");
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        }
        for members in [
            r#""metadata":[{"request":[{"method":"GET","path":"/a","host":"h"}],"response":[{"status_code":500}]}]"#,
            r#""method":"GET","path":"/a","status_code":500"#,
        ] {
            let row = of("GET | 500 | /a", members);
            assert_eq!((row.kind, row.effective_severity), (Kind::Request, Severity::Error), "{members}");
            let http = row.http.expect("http");
            assert_eq!(
                (http.method.as_deref(), http.path.as_deref(), http.status),
                (Some("GET"), Some("/a"), Some(500))
            );
        }
        let row = of("{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"late\\\"}", r#""metadata":[]"#);
        assert_eq!((row.message.as_ref(), row.effective_severity), ("late", Severity::Error));
        assert_eq!(row.insert_id.as_deref(), Some("u1"));
        assert_eq!(of("x", r#""message":"y""#).insert_id, None);
    }

    #[test]
    fn an_id_that_anything_may_have_is_no_rows_own() {
        for (id, own) in [("17", false), (r#""17""#, false), (r#""6a7e8feb-b491-4cf7-a9f1-bf3703467718""#, true)] {
            let row = map(&format!(
                r#"{{"id":{id},"timestamp":"2024-01-02T03:04:05Z","event_message":"door jammed","level":"error","service":"hub"}}"#
            ));
            assert_eq!((row.insert_id.is_some(), row.message.as_ref()), (own, "door jammed"), "{id}");
            assert_eq!((row.severity, row.service.as_deref()), (Severity::Error, Some("hub")));
        }
    }
}
