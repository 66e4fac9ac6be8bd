//! JSON inside a text: a message that is one object is read once more.
//!
//! A runtime whose lines were not parsed by the collector leaves what its logger wrote, level and all, in one text. The
//! envelope wins wherever it says something itself: its time always, its severity when it names one.

use std::borrow::Cow;

use super::super::json::{Tape, Value};
use super::super::said::is_object;
use super::generic::{self, in_tens};
use super::payload::Payload;
use super::{INNER_LEVEL, Row, failure, frames, imply, last_segment, resource, shape_of, spoken};
use crate::record::{Kind, LogRecord};
use crate::time;

/// Reads a record's message once more where it is a JSON object, and takes what the envelope does not say.
pub(super) fn lift(record: &mut LogRecord<'_>) {
    // An object has quotes, which a text can only hold as escapes: a borrowed message is none, or is the row's own JSON.
    let Cow::Owned(text) = &record.message else { return };
    let text = text.trim_ascii();
    if !is_object(behind_time(text)) {
        if let Some((said, stack)) = failed_invocation(text) {
            record.message = Cow::Owned(format!("{said}\n{stack}"));
        } else {
            spoken::lift(record);
        }
        return;
    }
    // The record is filled from its own message, which is put back when it holds no other.
    let whole = std::mem::take(&mut record.message);
    if let Some(message) = fill(behind_time(&whole), record) {
        record.message = Cow::Owned(message);
    } else {
        record.message = whole;
    }
}

/// A text without the blanks around it, and without the time that a collector put before an object.
fn behind_time(text: &str) -> &str {
    let text = text.trim_ascii();
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) || !text.ends_with('}') {
        return text;
    }
    time::parse_front(text).map_or(text, |(_, length)| text[length..].trim_ascii_start())
}

/// What Lambda's runtime for Node says of an exception, `…\tERROR\tInvoke Error \t{"errorType":…,"stack":[…]}`: the text, and
/// the stack that the object is.
fn failed_invocation(text: &str) -> Option<(&str, String)> {
    if !text.ends_with('}') {
        return None;
    }
    let (said, error) = text.split_once("\t{")?;
    let said = said.trim_end();
    let ends = ["\tInvoke Error", "\tUncaught Exception", "\tUnhandled Promise Rejection"];
    if !ends.into_iter().any(|end| said.ends_with(end)) {
        return None;
    }
    let mut tape = Tape::default();
    let error = tape.parse(&text[text.len() - error.len() - 1..]).ok()?;
    // A promise was rejected because of another.
    let stack = error.some("reason").and_then(frames::of).or_else(|| frames::of(error))?;
    Some((said, stack.into_owned()))
}

/// Fills a record from an object, and hands over the message that it holds.
///
/// The keys of a payload count first, because an entry whose collector did read the line has them; what they leave open is
/// what the object says as a row of its own.
fn fill(text: &str, record: &mut LogRecord<'_>) -> Option<String> {
    let mut tape = Tape::default();
    fill_from(tape.parse(text).ok()?, record)
}

/// As [`fill`], from an object that is parsed already.
pub(super) fn fill_from(object: Value<'_>, record: &mut LogRecord<'_>) -> Option<String> {
    let (text, payload) = (object.raw(), Payload::of(object));
    let mut inner = LogRecord::default();
    let row = Row::of(object);
    shape_of(&row).map(&row, &mut inner);
    if record.effective_reason.is_none() {
        let level = payload.level.value(object).and_then(in_tens).or_else(|| payload.level(object));
        let told = [Some(inner.severity), inner.effective_reason.map(|_| inner.effective_severity)];
        imply(record, told.into_iter().chain([level]).flatten().max(), INNER_LEVEL);
    }
    let failed = record.severity >= crate::record::Severity::Error || record.effective_reason.is_some();
    // What writes a dash for nothing has no message.
    let message = Some(payload.message(object, failed)).filter(|message| message != "-").unwrap_or_default();
    let message = if failure::is_reported(record) { failure::beside(message, object) } else { message };
    // A row without any text stands for itself, which the envelope's text does already. One that is a request needs none.
    let told = record.resource_type.is_none() || inner.http.as_ref().is_some_and(generic::is_told);
    let request = inner.http.is_some() && told && record.http.is_none() && record.kind == Kind::App;
    let whole = inner.message == text || inner.http.is_some() && !request;
    let own = if inner.message == text { Cow::default() } else { std::mem::take(&mut inner.message) };
    // What an object is written in says nothing: spaces between its values may be ends of lines.
    let several = !is_object(&own) && own.contains('\n');
    let fuller = several && (!message.contains('\n') || own.contains(&*message));
    let message = if message.is_empty() || fuller { own } else { message };
    let message = (!whole || !message.is_empty()).then(|| message.into_owned());
    if matches!(inner.kind, Kind::System | Kind::Audit) && record.kind == Kind::App {
        record.kind = inner.kind;
    }
    let is_request = message.as_deref() == Some("") || inner.kind == Kind::Request;
    if request && is_request && !resource::writes_requests(record) {
        record.kind = Kind::Request;
    }
    // An envelope without a time has that of what it carries.
    if record.ts_ns.is_none() && inner.ts_ns.is_some() {
        record.ts_ns = inner.ts_ns;
        record.ts_naive = inner.ts_naive;
        record.ts_source = inner.ts_source.take().map(|source| Cow::Owned(source.into_owned()));
    }
    let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
    record.trace = record.trace.take().or_else(|| owned(payload.trace.text(object)).map(last_segment));
    record.user = record.user.take().or_else(|| owned(payload.user(object)));
    record.service = record.service.take().or_else(|| owned(payload.service.text(object)));
    if record.module.is_none() && record.function.is_none() {
        let mut named = LogRecord::default();
        payload.source(object, &mut named);
        record.module = owned(named.module).or_else(|| owned(inner.module.take()));
        record.function = owned(named.function).or_else(|| owned(inner.function.take()));
        record.line = record.line.or(named.line).or(inner.line);
    }
    rest(inner.into_owned(), record);
    message
}

/// Takes what else a row says, where nothing says it yet; its time and its id are not the entry's.
fn rest(inner: LogRecord<'static>, record: &mut LogRecord<'_>) {
    fn open<'a>(field: &mut Option<Cow<'a, str>>, inner: Option<Cow<'a, str>>) {
        *field = field.take().or(inner);
    }
    open(&mut record.project, inner.project);
    open(&mut record.service, inner.service);
    open(&mut record.location, inner.location);
    open(&mut record.revision, inner.revision);
    open(&mut record.instance, inner.instance);
    open(&mut record.trace, inner.trace);
    open(&mut record.span, inner.span);
    open(&mut record.user, inner.user);
    open(&mut record.labels, inner.labels);
    if record.http.is_none() {
        record.http = inner.http;
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn a_time_may_stand_before_the_object() {
        let of = |text: &str| {
            let row = map(&format!(r#"{{"timestamp":"2025-01-01T00:00:00Z","textPayload":"{text}"}}"#));
            (row.message.to_string(), row.effective_severity)
        };
        let object = r#"{\"level\":\"error\",\"msg\":\"lost\"}"#;
        for time in ["2025-01-01T00:00:09.123456789Z ", "2025-01-01 00:00:09,5 ", ""] {
            assert_eq!(of(&format!("{time}{object}")), ("lost".to_owned(), Severity::Error), "{time}");
        }
        for other in [format!("7 {object}"), format!("2025-01-01T00:00:09Z till {object}")] {
            assert_eq!(of(&other).0, other.replace("\\\"", "\""), "{other}");
        }
    }

    #[test]
    fn the_envelope_wins_and_the_inner_object_fills_what_it_leaves_open() {
        let row = map(
            r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","textPayload":"{\n \"timestamp\": \"2025-01-01 00:00:09,5\", \"level\": \"ERROR\", \"logger\": \"till.cart\", \"event\": \"lost\", \"user_id\": 7, \"trace_id\": \"t\"}"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("lost", Severity::Error));
        assert_eq!(row.effective_reason, Some("level inside the payload"));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(
            (row.module.as_deref(), row.user.as_deref(), row.trace.as_deref()),
            (Some("till.cart"), Some("7"), Some("t"))
        );
        let row = map(
            r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"{\"level\":\"ERROR\",\"msg\":\"x\"}"}}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("x", Severity::Info));
    }

    #[test]
    fn a_text_that_only_looks_like_json_stays() {
        for text in [r#"{"insertId":"a","textPayload":"{x} and {y}"}"#, r#"{"insertId":"a","textPayload":"{\"n\":1}"}"#]
        {
            assert!(map(text).message.starts_with('{'));
        }
    }

    #[test]
    fn an_object_is_no_text_of_several_lines_however_it_is_written() {
        for blank in ["", "\n  "] {
            let row = map(&format!(
                r#"{{"@timestamp":"2024-01-01 00:00:00.250","@message":{{"log":"late","proto_payload":{{{blank}"Workload":"till"}}}}}}"#
            ));
            assert_eq!((row.message.as_ref(), row.service.as_deref()), ("late", None), "{blank:?}");
        }
    }

    #[test]
    fn a_stack_inside_belongs_to_the_message() {
        let row = map(
            r#"{"log":"{\"level\":50,\"msg\":\"no\",\"err\":{\"stack\":\"Error: no\\n    at f (a.js:1:2)\"}}\n","stream":"stdout"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("Error: no\n    at f (a.js:1:2)", Severity::Error));
    }

    #[test]
    fn the_object_inside_is_read_like_any_row() {
        let inside = |row: &str| {
            let line = serde_json::Value::from(format!("{row}\n"));
            map(&format!(r#"{{"log":{line},"stream":"stdout","time":"2024-01-02T03:04:05.678Z"}}"#))
        };
        let row = inside(
            r#"{"@timestamp":"2020-01-01T00:00:00Z","log.level":"ERROR","message":"no stock","service.name":"till","trace.id":"t","span.id":"s","error.stack_trace":"E: no\n\tat a.b(C.java:1)"}"#,
        );
        assert_eq!(
            (row.effective_severity, row.message.as_ref()),
            (Severity::Error, "no stock\nE: no\n\tat a.b(C.java:1)")
        );
        assert_eq!(
            (row.service.as_deref(), row.trace.as_deref(), row.span.as_deref()),
            (Some("till"), Some("t"), Some("s"))
        );
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        for (text, severity, message) in [
            (r#"{"log":{"level":"warn"},"message":"late","service":{"name":"till"}}"#, Severity::Warning, "late"),
            (
                r#"{"@t":"2020-01-01T00:00:00Z","@l":"Error","@mt":"Lost {Id}","@x":"E: x\n   at A.B()"}"#,
                Severity::Error,
                "Lost {Id}\nE: x\n   at A.B()",
            ),
            (
                r#"{"EventId":1,"LogLevel":"Critical","Category":"Till.Cart","Message":"no","Exception":"E: x\n   at A.B()"}"#,
                Severity::Critical,
                "no\nE: x\n   at A.B()",
            ),
            (
                r#"{"timestamp":"2020-01-01T00:00:00Z","level":"WARN","fields":{"message":"slow"},"target":"till::cart"}"#,
                Severity::Warning,
                "slow",
            ),
            (
                r#"{"level":"ERROR","message":"no","thrown":{"name":"E","message":"x","extendedStackTrace":[{"class":"a.C","method":"b","file":"C.java","line":1}]}}"#,
                Severity::Error,
                "no\nE: x\n\tat a.C.b(C.java:1)",
            ),
            (
                r#"{"name":"till","pid":1,"hostname":"h","level":40,"msg":"late","time":1577836800000}"#,
                Severity::Warning,
                "late",
            ),
        ] {
            let row = inside(text);
            assert_eq!(
                (row.severity, row.effective_severity, row.message.as_ref()),
                (Severity::Default, severity, message)
            );
            assert_eq!(row.ts_source.as_deref(), Some("time"));
        }
        let row = inside(
            r#"{"level":"info","msg":"up","service":"till","requestId":"r","span_id":"s","caller":"srv/a.go:7"}"#,
        );
        assert_eq!(
            (row.service.as_deref(), row.trace.as_deref(), row.span.as_deref()),
            (Some("till"), Some("r"), Some("s"))
        );
        assert_eq!((row.module.as_deref(), row.line), (Some("srv/a.go"), Some(7)));
    }

    #[test]
    fn an_access_log_inside_is_a_request() {
        let row = map(
            r#"{"log":"{\"request\":\"GET /a?b HTTP/1.1\",\"status\":502,\"request_time\":0.5}\n","stream":"stdout"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::Request, "", Severity::Error));
        assert_eq!(row.http.and_then(|http| http.latency_ns), Some(500_000_000));
    }

    #[test]
    fn a_program_that_logs_requests_says_what_was_asked_and_answered() {
        let of = |resource: &str, payload: &str| {
            map(&format!(
                r#"{{"insertId":"i","timestamp":"2025-09-01T10:00:00Z","logName":"projects/p/logs/stdout",
                "resource":{{"type":"{resource}","labels":{{"container_name":"web","service_name":"web"}}}},{payload}}}"#
            ))
        };
        let ms = Some(120_000_000);
        for payload in [
            r#""jsonPayload":{"remote_addr":"10.2.3.4","request":"GET /a?b=1 HTTP/1.1","status":"502","request_time":"0.120"}"#,
            r#""jsonPayload":{"vhost":"h","method":"GET","path":"/a","request_query":"b=1","status":502,"request_time":0.12}"#,
            r#""jsonPayload":{"method":"GET","path":"/a","authority":"h","response_code":502,"response_flags":"UF","duration":120}"#,
            r#""jsonPayload":{"RequestMethod":"GET","RequestPath":"/a?b","RequestHost":"h","DownstreamStatus":502,"Duration":120000000,"level":"info","msg":""}"#,
            r#""jsonPayload":{"method":"GET","path":"/a","format":"html","controller":"CartController","action":"show","status":502,"duration":120.0,"db":3.1}"#,
            r#""jsonPayload":{"level":30,"time":1756720800123,"req":{"method":"GET","url":"/a"},"res":{"statusCode":502},"responseTime":120}"#,
            r#""jsonPayload":{"level":"info","latency":"120ms","status":502,"method":"GET","path":"/a"}"#,
            r#""textPayload":"{\"request\":\"GET /a?b=1 HTTP/1.1\",\"status\":502,\"request_time\":0.12}""#,
        ] {
            // Nobody else counts the requests of a container; of a service, its platform does.
            for (resource, kind) in [("k8s_container", Kind::Request), ("cloud_run_revision", Kind::App)] {
                let row = of(resource, payload);
                assert_eq!((row.kind, row.message.as_ref(), row.payload_rank), (kind, "", 1), "{payload}");
                let http = row.http.expect("http");
                assert_eq!(
                    (http.method.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
                    (Some("GET"), Some("/a"), Some(502), ms),
                    "{payload}"
                );
                let implied = if kind == Kind::Request { Severity::Error } else { row.effective_severity };
                assert_eq!(row.effective_severity, implied, "{payload}");
            }
        }
        // What has a text of its own keeps it.
        let row = of(
            "k8s_container",
            r#""jsonPayload":{"msg":"handled request","request":{"method":"GET","host":"h","uri":"/a"},"status":404,"duration":0.5}"#,
        );
        assert_eq!((row.kind, row.message.as_ref()), (Kind::App, "handled request"));
        assert_eq!(row.http.and_then(|http| http.status), Some(404));
        // Words that programs use for other things.
        for payload in [
            r#"{"amount":12,"method":"card","status":"failed"}"#,
            r#"{"method":"card","status":12}"#,
            r#"{"code":404,"path":"/srv/a"}"#,
            r#"{"amount":12,"status":200}"#,
            r#"{"path":"/srv/a.csv","rows":7,"status":200}"#,
            r#"{"attempt":2,"status":503,"url":"https://bank.example/pay"}"#,
            r#"{"method":"card","path":"/pay","status":200}"#,
        ] {
            let row = of("k8s_container", &format!(r#""jsonPayload":{payload}"#));
            assert_eq!((row.kind, row.message.as_ref(), row.http), (Kind::App, payload, None));
        }
        let shaped = r#"{"caller":"till/a.go:7","path":"/srv/a.csv","rows":7,"status":200}"#;
        let row = of("k8s_container", &format!(r#""jsonPayload":{shaped}"#));
        assert_eq!((row.kind, row.message.as_ref()), (Kind::App, shaped));
    }
}
