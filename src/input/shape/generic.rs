//! Any other JSON row, by the keys that logging libraries and systems use.
//!
//! One table serves zap, zerolog, logrus, slog, winston, structlog, python-json-logger, logback and logstash, ECS, Rust's
//! tracing, Docker, Kubernetes, Railway, Microsoft 365, Cloudflare and Splunk alike; a shape with rules of its own has a file
//! of its own, and starts from the same table.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::super::json::{NodeKind, Value};
use super::super::pieces::cri;
use super::keys::FIELDS;
use super::payload::with_stack;
use super::table::{Field, Found, Table};
use super::{
    INNER_LEVEL, Row, Shape, duration, failure, first_text, frames, host_and_path, http_status, identify, imply, level,
    nested, part, severity, take_severity, text, upper,
};
use crate::record::{Http, Kind, LogRecord, Severity};

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(&FIELDS));

/// See the module.
pub(super) struct Generic;

impl Shape for Generic {
    fn knows(&self, _: &Row<'_>) -> bool {
        true
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        if let Some(labels) = value.some("labels").filter(|labels| labels.is_array()) {
            listed(labels, record);
        }
        // What Fluent Bit read of the line, beside the line.
        if let Some(processed) = value.some("log_processed").filter(|processed| processed.is_object())
            && let Some(message) = nested::fill_from(processed, record)
        {
            record.message = message.into();
        }
    }
}

/// Labels as pairs of names and values, as Render exports them.
fn listed<'a>(labels: Value<'a>, record: &mut LogRecord<'a>) {
    let (mut http, mut is_request) = (Http::default(), false);
    for label in labels.items() {
        let (Some(name), Some(value)) = (label.some("name").and_then(Value::as_str), label.some("value")) else {
            continue;
        };
        match name.as_ref() {
            "level" => imply(record, level::word(value), INNER_LEVEL),
            "resource" | "service" => record.service = record.service.take().or_else(|| text(value)),
            "instance" => record.instance = record.instance.take().or_else(|| text(value)),
            "type" => is_request = value.as_str().as_deref() == Some("request"),
            "method" => http.method = text(value).map(upper),
            "host" => http.host = text(value),
            "path" => http.path = text(value).and_then(|path| host_and_path(path).1),
            "statusCode" => {
                http.status = value.scalar().and_then(|code| http_status(code.parse().ok()?));
            }
            _ => {}
        }
    }
    if is_request && http.status.is_some() && record.http.is_none() {
        (record.http, record.kind) = (Some(http), Kind::Request);
    }
}

/// What the table finds in an object.
pub(super) fn read(row: Value<'_>) -> Found<'_> {
    TABLE.read(row)
}

/// Fills a record by the table, and hands over what was found for shapes that know more.
pub(super) fn fill<'a>(row: Value<'a>, record: &mut LogRecord<'a>) -> Found<'a> {
    let found = read(row);
    settle(&found, row, record);
    found
}

/// Fills the time that a record lacks, and its level where that is open.
pub(super) fn take_time_and_level(found: &Found<'_>, level: bool, record: &mut LogRecord<'_>) {
    if record.ts_ns.is_none() {
        take_time(found, record);
    }
    if let Some(level) = found.value(Field::Level).filter(|_| level) {
        take_severity(record, level);
    }
}

fn take_time(found: &Found<'_>, record: &mut LogRecord<'_>) {
    if let Some((parsed, path)) = found.time() {
        record.ts_ns = Some(parsed.ns);
        record.ts_naive = parsed.naive;
        record.ts_source = Some(path.into());
    }
}

/// Fills what else a record leaves open, but for its request.
pub(super) fn complete<'a>(found: &Found<'a>, row: Value<'a>, record: &mut LogRecord<'a>) {
    let fill = |field: &mut Option<Cow<'a, str>>, from: Field| {
        if field.is_none() {
            *field = found.text(from);
        }
    };
    fill(&mut record.service, Field::Service);
    fill(&mut record.instance, Field::Instance);
    fill(&mut record.project, Field::Project);
    fill(&mut record.location, Field::Location);
    fill(&mut record.log_name, Field::LogName);
    fill(&mut record.trace, Field::Trace);
    fill(&mut record.span, Field::Span);
    fill(&mut record.module, Field::Module);
    fill(&mut record.function, Field::Function);
    fill(&mut record.user, Field::User);
    record.line = record.line.or_else(|| found.number(Field::Line));
    if record.message.is_empty() {
        record.message = told(found, row);
    }
}

/// Fills a record from what a table found in a row.
pub(super) fn settle<'a>(found: &Found<'a>, row: Value<'a>, record: &mut LogRecord<'a>) {
    take_time(found, record);
    if let Some(level) = found.value(Field::Level) {
        take_severity(record, level);
    }
    level::implied(found, row, record);
    identify(record, found.text(Field::Id));
    // Docker writes a slash before the names of containers.
    let bare = |name| part(name, |name| name.strip_prefix('/').filter(|name| !name.contains('/')).unwrap_or(name));
    record.service = found.text(Field::Service).map(bare);
    // GELF's version is the format's.
    let gelf = |text: &str| matches!(text, "1.0" | "1.1") && row.some("short_message").is_some();
    record.revision = found.text(Field::Revision).filter(|text| text.len() > 2 && !gelf(text));
    record.instance = found.text(Field::Instance);
    record.project = found.text(Field::Project);
    record.location = found.text(Field::Location);
    record.resource_type = found.text(Field::ResourceType);
    record.log_name = found.text(Field::LogName);
    record.trace = found.text(Field::Trace);
    record.span = found.text(Field::Span);
    record.function = found.text(Field::Function);
    record.line = found.number(Field::Line);
    if let Some((file, line)) = found.text(Field::Caller).and_then(caller) {
        record.module = Some(file);
        record.line = Some(line);
    }
    if record.module.is_none() {
        record.module = found.text(Field::Module);
    }
    // API Gateway and web servers write a dash for nobody.
    record.user = found.text(Field::User).filter(|user| user != "-");
    record.labels = found.value(Field::Labels).map(|labels| labels.raw().into());
    record.message = told(found, row);
    unprefix(record);
    let level = found.value(Field::Level).and_then(in_tens);
    if level.map_or_else(|| failure::is_reported(record), |level| level >= Severity::Error) {
        record.message = failure::beside(std::mem::take(&mut record.message), row);
    }
    record.http = request(found, row);
    // A row whose message is blank says nothing; one that has no message says what it holds.
    if record.message.is_empty() && record.http.is_none() && !found.has_message() && says_more(row) {
        record.message = row.raw().into();
    }
    record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
}

/// Whether a row holds more than time and level, which a table of some columns may leave of an entry.
fn says_more(row: Value<'_>) -> bool {
    row.fields().any(|(key, _)| !matches!(key, b"timestamp" | b"severity" | b"time" | b"level"))
}

/// Takes what a container runtime wrote before the message, where a shipper left it there: its time is the line's own.
fn unprefix(record: &mut LogRecord<'_>) {
    let Some(line) = cri(&record.message) else { return };
    if let Some(parsed) = crate::time::parse(line.time) {
        record.ts_ns = Some(parsed.ns);
        record.ts_naive = false;
        record.ts_source = Some("log".into());
    }
    record.log_name = Some(Cow::Owned(line.stream.to_owned()));
    let front = record.message.len() - line.text.len();
    // Owned, as a text is that may be JSON and is read once more.
    record.message = Cow::Owned(record.message[front..].to_owned());
}

/// `file.go:12`, as zap and logrus write it.
pub(super) fn caller(text: Cow<'_, str>) -> Option<(Cow<'_, str>, i64)> {
    let (file, line) = text.rsplit_once(':')?;
    let line = if file.is_empty() { None } else { line.parse().ok() }?;
    Some((part(text, |text| text.rsplit_once(':').map_or(text, |(file, _)| file)), line))
}

/// The message with its stack, in whatever keys they stand.
fn told<'a>(found: &Found<'a>, row: Value<'a>) -> Cow<'a, str> {
    let own = found.text(Field::Message).map(without_line_end);
    let mut message = own.or_else(|| found.whole_message().and_then(inside)).unwrap_or_default();
    if let Some(stack) = found.value(Field::Stack).and_then(frames::of).map(without_line_end) {
        let kind = found.text(Field::ErrorType);
        let said = || first_text(row, &["error.message", "exception.message", "err.message", "errorMessage"]);
        let stack = match kind {
            Some(kind) => frames::named(stack, &kind, said().as_deref()),
            None => stack,
        };
        message = with_stack(message, stack);
    }
    message
}

/// The text of a message that is an object, or the object itself; one that is an exception is its stack.
pub(super) fn inside(value: Value<'_>) -> Option<Cow<'_, str>> {
    if let Some(stack) = Some(value).filter(|value| value.is_object()).and_then(frames::of) {
        return Some(stack);
    }
    first_text(value, &["message", "msg", "event", "error", "stringValue"])
        .or_else(|| Some(value.raw().into()).filter(|raw: &Cow<'_, str>| raw.len() > 2))
}

/// A text without the end of its line.
pub(super) fn without_line_end(text: Cow<'_, str>) -> Cow<'_, str> {
    part(text, |text| text.trim_end_matches(['\n', '\r']))
}

/// The request that a row describes: a status with a path or a method.
pub(super) fn request<'a>(found: &Found<'a>, row: Value<'a>) -> Option<Http<'a>> {
    let status = found.number(Field::Status).and_then(http_status)?;
    let (mut method, url) = (found.text(Field::Method).map(upper), found.text(Field::Url));
    let line = if method.is_none() || url.is_none() { row.some("request").and_then(request_line) } else { None };
    let (host, path) = url.or(line.map(|(_, target)| target.into())).map_or((None, None), host_and_path);
    method = method.or(line.map(|(verb, _)| verb.into()));
    (path.is_some() || method.is_some()).then(|| Http {
        method,
        host: host.or_else(|| found.text(Field::Host)),
        path,
        status: Some(status),
        latency_ns: duration::of_request(found, row),
    })
}

/// Whether a request says what was asked of whom: a status and a path alone may be a file's or another program's.
pub(super) fn is_told(http: &Http<'_>) -> bool {
    const VERBS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    http.path.is_some() && http.method.as_deref().is_some_and(|method| VERBS.contains(&method))
}

/// Verb and target of `GET /a HTTP/1.1`, as web servers log it.
fn request_line(value: Value<'_>) -> Option<(&str, &str)> {
    let mut words = value.raw().split(' ');
    let (verb, target, protocol) = (words.next()?, words.next()?, words.next()?);
    let told = value.kind() == NodeKind::Plain && verb.bytes().all(|b| b.is_ascii_uppercase());
    (told && protocol.starts_with("HTTP/") && words.next().is_none()).then_some((verb, target))
}

/// The level of bunyan, pino and other loggers that count in tens; otherwise a word or one of Google's numbers.
pub(super) fn in_tens(level: Value<'_>) -> Option<Severity> {
    match level.as_i64() {
        Some(10 | 20) => Some(Severity::Debug),
        Some(30) => Some(Severity::Info),
        Some(40) => Some(Severity::Warning),
        Some(50) => Some(Severity::Error),
        Some(60) => Some(Severity::Critical),
        _ => severity(level),
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;
    use crate::time::rfc3339;

    #[test]
    fn a_level_in_colours_is_no_severity_and_counts_without_them() {
        for row in [
            r#"{"level":"\u001b[31merror\u001b[39m","message":"boom","timestamp":"2024-01-01T00:00:00Z"}"#,
            r#"{"log":"{\"level\":\"\\u001b[31merror\\u001b[39m\",\"message\":\"boom\"}","time":"2024-01-01T00:00:00Z"}"#,
        ] {
            let row = map(row);
            assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
        }
        let row = map(r#"{"level":"\u001b[31mloud\u001b[39m","message":"boom"}"#);
        assert_eq!((row.severity_unknown, row.effective_severity), (true, Severity::Default));
    }

    #[test]
    fn a_level_inside_a_message_is_the_messages() {
        let row = map(r#"{"time":"2024-01-01T00:00:00Z","message":{"message":"boom","level":"error"}}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
        let row = map(r#"{"time":"2024-01-01T00:00:00Z","message":"boom","message.level":"error"}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Error, Severity::Error));
    }

    #[test]
    fn knows_the_keys_of_logging_libraries() {
        for (text, ts, severity, message) in [
            (
                r#"{"ts":1704067200.5,"level":"dpanic","logger":"http","caller":"srv/main.go:12","msg":"slow"}"#,
                "2024-01-01T00:00:00.500000000Z",
                Severity::Critical,
                "slow",
            ),
            (
                r#"{"@timestamp":"2024-01-01T00:00:00Z","log.level":"error","message":"m","error.stack_trace":"E: m\n\tat a.b(C.java:1)"}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Error,
                "E: m\n\tat a.b(C.java:1)",
            ),
            (
                r#"{"time":"2024-01-01T00:00:00.0","stream":"stderr","log":"line\n"}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Default,
                "line",
            ),
            (
                r#"{"date":1704067200.25,"log":"up","kubernetes":{"pod_name":"p-1","namespace_name":"shop","container_name":"c","labels":{"app":"till"}}}"#,
                "2024-01-01T00:00:00.250000000Z",
                Severity::Default,
                "up",
            ),
            (
                r#"{"event":"lost","level":"critical","timestamp":"2024-01-01 00:00:00,5","exception":"Traceback (most recent call last):\nE: x"}"#,
                "2024-01-01T00:00:00.500000000Z",
                Severity::Critical,
                "lost\nTraceback (most recent call last):\nE: x",
            ),
            (
                r#"{"timestamp":"2024-01-01T00:00:00Z","level":"WARN","fields":{"message":"late"},"target":"till::cart","span":{"name":"s"}}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Warning,
                "late",
            ),
            (
                r#"{"message":"boot","timestamp":"2024-01-01T00:00:00.000000001Z","attributes":{"level":"error"},"tags":{"service":"s","deployment":"dep-1"}}"#,
                "2024-01-01T00:00:00.000000001Z",
                Severity::Error,
                "boot",
            ),
            (
                r#"{"@t":"2024-01-01T00:00:00.5Z","@mt":"Lost {Id}","@m":"Lost 7","@l":"Error","@x":"E: no\n   at A.B() in a.cs:line 3"}"#,
                "2024-01-01T00:00:00.500000000Z",
                Severity::Error,
                "Lost 7\nE: no\n   at A.B() in a.cs:line 3",
            ),
            (
                r#"{"line":"level=warn msg=\"late\"","timestamp":"1704067200000000000","date":"2024-01-01T00:00:00.000Z","fields":{"app":"till","level":"warn"}}"#,
                "2024-01-01T00:00:00.000000000Z",
                Severity::Warning,
                "level=warn msg=\"late\"",
            ),
        ] {
            let row = map(text);
            assert_eq!(
                (row.ts_ns.map(rfc3339).as_deref(), row.severity, row.message.as_ref()),
                (Some(ts), severity, message),
                "{text}"
            );
            assert!(row.ts_source.is_some());
        }
    }

    #[test]
    fn places_and_services_come_from_the_keys_of_each_system() {
        let row = map(r#"{"ts":1,"level":"info","caller":"srv/main.go:12","msg":"x"}"#);
        assert_eq!((row.module.as_deref(), row.line), (Some("srv/main.go"), Some(12)));
        let row = map(r#"{"log":"x","kubernetes":{"pod_name":"p-1","container_name":"c","labels":{"app":"till"}}}"#);
        assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("till"), Some("p-1")));
        let row = map(
            r#"{"message":"GET /a","http":{"request":{"method":"get"},"response":{"status_code":404}},"url":{"path":"/a","domain":"h"},"event":{"duration":5000}}"#,
        );
        let http = row.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.host.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
            (Some("GET"), Some("h"), Some("/a"), Some(404), Some(5_000))
        );
        let row =
            map(r#"{"CreationTime":"2024-01-01T00:00:00","Operation":"FileViewed","Workload":"Drive","UserId":"u"}"#);
        assert_eq!(
            (row.message.as_ref(), row.service.as_deref(), row.user.as_deref(), row.ts_naive),
            ("FileViewed", Some("Drive"), Some("u"), true)
        );
    }

    #[test]
    fn a_level_word_that_is_none_is_counted_and_not_guessed_at() {
        let row = map(r#"{"level":"loud","msg":"x"}"#);
        assert_eq!((row.severity, row.severity_unknown), (Severity::Default, true));
        let row = map(r#"{"level":"","msg":"x"}"#);
        assert_eq!((row.severity, row.severity_unknown), (Severity::Default, false));
    }

    #[test]
    fn a_request_without_a_level_takes_that_of_its_status() {
        let row = map(
            r#"{"EdgeStartTimestamp":1704067200000000000,"ClientRequestHost":"h","ClientRequestMethod":"GET","ClientRequestURI":"/a?b","EdgeResponseStatus":502,"RayID":"r"}"#,
        );
        assert_eq!(
            (row.kind, row.severity, row.effective_severity),
            (Kind::Request, Severity::Default, Severity::Error)
        );
        assert_eq!((row.effective_reason, row.trace.as_deref()), (Some("response status"), Some("r")));
    }

    #[test]
    fn a_web_servers_own_json_is_a_request() {
        let row = map(
            r#"{"time_local":"01/Jan/2024:01:00:00 +0100","remote_addr":"10.2.3.4","request":"GET /a?b=1 HTTP/1.1","status":"502","request_time":"0.120"}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339).as_deref(), Some("2024-01-01T00:00:00.000000000Z"));
        let http = row.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
            (Some("GET"), Some("/a"), Some(502), Some(120_000_000))
        );
        assert_eq!((row.kind, row.effective_severity), (Kind::Request, Severity::Error));
        let row = map(
            r#"{"time_iso8601":"2024-01-01T00:00:00+00:00","request_method":"GET","request_uri":"/a?x","status":"502","request_time":0.1}"#,
        );
        let http = row.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
            (Some("GET"), Some("/a"), Some(502), Some(100_000_000))
        );
        // A sentence under the same key is none.
        assert!(map(r#"{"request":"please help","status":"502"}"#).http.is_none());
    }

    #[test]
    fn front_ends_of_all_kinds_write_requests() {
        for row in [
            r#"{"time":"2024-01-01T00:00:00Z","RequestMethod":"GET","RequestPath":"/a?x","RequestHost":"h","DownstreamStatus":502,"Duration":5}"#,
            r#"{"start_time":"2024-01-01T00:00:00Z","method":"GET","path":"/a","authority":"h","response_code":502,"duration":5}"#,
            r#"{"ts":1704067200.5,"logger":"http.log.access","request":{"method":"GET","host":"h","uri":"/a"},"status":502,"duration":0.5}"#,
            r#"{"timestamp":"2024-01-01T00:00:00Z","requestId":"r","method":"GET","path":"/a","http_host":"h","httpStatus":502,"totalDuration":5,"deploymentId":"dep-1"}"#,
            r#"{"time":1704067200,"method":"GET","path":"/a","authority":"h","status":"error","statusCode":502,"responseTime":5.5}"#,
        ] {
            let row = map(row);
            let http = row.http.expect("http");
            assert_eq!(
                (http.method.as_deref(), http.host.as_deref(), http.path.as_deref(), http.status),
                (Some("GET"), Some("h"), Some("/a"), Some(502))
            );
            assert!(http.latency_ns.is_some());
            assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::Request, "", Severity::Error));
        }
    }

    #[test]
    fn what_a_shipper_read_of_a_line_and_lists_of_labels_count() {
        let row = map(
            r#"{"time":"2024-01-02T03:04:05Z","log":"x","log_processed":{"level":"error","msg":"no","trace_id":"t"},"kubernetes":{"pod_namespace":"shop","pod_labels":{"app":"till"}}}"#,
        );
        assert_eq!(
            (row.message.as_ref(), row.effective_severity, row.trace.as_deref()),
            ("no", Severity::Error, Some("t"))
        );
        assert_eq!((row.service.as_deref(), row.project.as_deref()), (Some("till"), Some("shop")));
        let row = map(
            r#"{"id":"a","timestamp":"2024-01-02T03:04:05Z","message":"no","labels":[{"name":"level","value":"error"},{"name":"resource","value":"srv-1"}]}"#,
        );
        assert_eq!((row.effective_severity, row.service.as_deref()), (Severity::Error, Some("srv-1")));
        let row = map(r#"{"timestamp":"2024-01-02T03:04:05Z","event_message":"no","mdc":{"traceId":"t"}}"#);
        assert_eq!((row.message.as_ref(), row.trace.as_deref()), ("no", Some("t")));
    }

    #[test]
    fn a_blank_message_stays_blank() {
        for row in [
            r#"{"log":"\n","stream":"stdout","time":"2024-01-02T03:04:05.678Z"}"#,
            r#"{"ts":1,"level":"info","message":""}"#,
            r#"{"ts":1,"level":"info","message":null,"x":1}"#,
            r#"{"ts":1,"level":"info","msg":[],"x":1}"#,
            r#"{"ts":1,"level":"info","event":{}}"#,
        ] {
            let row = map(row);
            assert_eq!((row.message.as_ref(), row.payload_rank), ("", 0));
        }
        // A key that may mean something else leaves the row its other keys.
        assert!(map(r#"{"ts":1,"error":null,"op":"sync"}"#).message.starts_with('{'));
        assert!(map(r#"{"ts":1,"status":"ok","op":"sync"}"#).message.starts_with('{'));
        assert_eq!(map(r#"{"ts":1,"message":"","error":"no stock"}"#).message, "no stock");
    }

    #[test]
    fn a_row_of_unknown_keys_is_kept_whole() {
        let row = map(r#"{"x":1,"y":{"z":2}}"#);
        assert_eq!((row.message.as_ref(), row.ts_ns), (r#"{"x":1,"y":{"z":2}}"#, None));
    }

    #[test]
    fn rows_of_programs_are_no_rows_of_platforms_for_a_word_or_two() {
        for members in [
            r#""event_id":"e1","platform":"ios""#,
            r#""event_id":"0123456789abcdef0123456789abcdef","platform":"ios""#,
            r#""message_id":"1","publish_time":"2024-01-02T03:04:05Z","data":{"id":7}"#,
            r#""body":{"text":"hello"}"#,
            r#""body":{"structured":{"message":"inner","level":"debug"}}"#,
            r#""type":"extension","record":{"id":7}"#,
            r#""verb":"get","stage":"prod","requestURI":"/a","auditID":"q""#,
            r#""_id":"x","date":"2024-01-02","status":"open","attributes":{"a":1}"#,
            r#""outcome":"failure","scriptName":"s","eventTimestamp":1704164645000"#,
            r#""L":"info","M":"metres","T":"tons""#,
            r#""reason":"OOM","regarding":{"kind":"Pod","name":"x"},"eventTime":"2024-01-01T00:00:00Z""#,
            r#""namespace":"shop","containerName":"web","podName":"p","labels":{"app":"other"}"#,
        ] {
            let text = format!(
                r#"{{"@timestamp":"2024-01-02T03:04:05Z","time":"2024-01-02T03:04:05Z","level":"error","message":"no stock","service":"till",{members}}}"#
            );
            let row = map(&text);
            assert_eq!(
                (row.message.as_ref(), row.severity.max(row.effective_severity), row.service.as_deref()),
                ("no stock", Severity::Error, Some("till")),
                "{members}"
            );
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"), "{members}");
        }
    }

    #[test]
    fn a_status_among_labels_is_one_of_http() {
        for (code, kind) in [("500", Kind::Request), ("99999", Kind::App), ("0", Kind::App)] {
            let row = map(&format!(
                r#"{{"id":"b","timestamp":"2024-01-02T03:04:06Z","message":"payment failed","level":"error","labels":[{{"name":"type","value":"request"}},{{"name":"statusCode","value":"{code}"}}]}}"#
            ));
            assert_eq!((row.kind, row.http.is_some()), (kind, kind == Kind::Request), "{code}");
            assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "payment failed"));
        }
    }

    #[test]
    fn a_row_of_nothing_but_time_and_level_says_nothing() {
        let row = map(r#"{"timestamp":"2024-01-02T03:04:05Z","severity":"ERROR"}"#);
        assert_eq!((row.message.as_ref(), row.payload_rank, row.severity), ("", 0, Severity::Error));
        let row = map(r#"{"timestamp":"2024-01-02T03:04:05Z","level":"error","sku":17}"#);
        assert!(row.message.starts_with('{'));
    }

    #[test]
    fn docker_names_the_service_of_a_container() {
        for (members, service) in [
            (r#""container_name":"/till""#, "till"),
            (r#""container_name":"a/till""#, "a/till"),
            (r#""attrs":{"tag":"till"}"#, "till"),
            (r#""attrs":{"tag":"0a1b","com.docker.compose.service":"till"}"#, "till"),
        ] {
            let row = map(&format!(r#"{{"log":"up","stream":"stdout",{members},"time":"2024-01-02T03:04:05Z"}}"#));
            assert_eq!(row.service.as_deref(), Some(service), "{members}");
        }
        // A tag says less than the row that the container wrote, and an id names nothing.
        let id = "0a1b2c3d4e5f";
        for (log, tag, service) in [
            (r#"{\"service\":\"inner\",\"msg\":\"up\"}\n"#, "img/till", Some("inner")),
            (r#"{\"level\":\"info\",\"msg\":\"up\"}\n"#, "img/till", Some("img/till")),
            ("up", id, None),
            ("up", &id.repeat(6)[..64], None),
            ("up", "0a1b2c3d4e5", Some("0a1b2c3d4e5")),
        ] {
            let row = map(&format!(r#"{{"log":"{log}","attrs":{{"tag":"{tag}"}},"time":"2024-01-02T03:04:05Z"}}"#));
            assert_eq!(row.service.as_deref(), service, "{log} {tag}");
        }
    }
}
