//! Google Cloud Logging entries: the API's camelCase, client libraries' snake_case, and rows of a log lake.
//!
//! One mapper reads them all, because only the spelling of keys differs. The envelope's severity is the only one believed;
//! a payload's own level counts when the envelope names none. Source:
//! <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>.

use std::borrow::Cow;

use super::super::json::{NodeKind, Spot, Tape, Value};
use super::made::Object;
use super::payload::{Best, Payload, Sort};
use super::{
    INNER_LEVEL, Row, Shape, appengine, attempt, audit, first, first_text, generic, host_and_path, imply, k8s_event,
    last_segment, latency_ns, nested, part, resource, stdout, structs, take_severity, take_time, text, timestamp,
    upper,
};
use crate::record::{Http, Kind, LogRecord, Severity, Split};

/// What Cloud Run itself writes about an instance; needed only where an export lacks the log's name.
const PLATFORM: [&str; 8] = [
    "Container called exit(",
    "Default STARTUP TCP probe",
    "STARTUP TCP probe",
    "STARTUP HTTP probe",
    "LIVENESS HTTP probe",
    "Starting new instance. Reason:",
    "Memory limit of ",
    "Container terminated",
];

/// The logs of Cloud Audit Logs.
const AUDIT_LOGS: [&str; 5] = [
    "cloudaudit.googleapis.com/activity",
    "cloudaudit.googleapis.com/data_access",
    "cloudaudit.googleapis.com/system_event",
    "cloudaudit.googleapis.com/policy",
    "cloudaudit.googleapis.com/access_transparency",
];

/// Where the fields of an entry stand, in any spelling; null is nowhere.
#[derive(Clone, Copy, Default)]
pub(super) struct Slots {
    pub(super) timestamp: Spot,
    pub(super) receive: Spot,
    pub(super) severity: Spot,
    pub(super) insert_id: Spot,
    pub(super) log_name: Spot,
    pub(super) trace: Spot,
    pub(super) span: Spot,
    pub(super) text: Spot,
    pub(super) json: Spot,
    pub(super) proto: Spot,
    /// BigQuery's column of audit entries, which say so nowhere else.
    pub(super) audit: Spot,
    pub(super) http: Spot,
    pub(super) resource: Spot,
    pub(super) labels: Spot,
    pub(super) source: Spot,
    pub(super) split: Spot,
    /// What a client library calls its payload, of whatever kind.
    pub(super) payload: Spot,
    /// It has a key that no such entry has: someone chose the keys, and may have chosen those of the fields as well.
    pub(super) foreign: bool,
    /// It has a field as programs write it to standard output for Cloud Logging to lift.
    pub(super) special: bool,
    /// Keys that only such an entry has.
    pub(super) own: u8,
    /// Keys that an entry of another system may have as well.
    pub(super) shared: u8,
}

/// See the module.
pub(super) struct CloudLogging;

impl Shape for CloudLogging {
    fn knows(&self, row: &Row<'_>) -> bool {
        let Slots { own, shared, resource, .. } = row.cloud;
        // A request or a resource alone may belong to any system; that of OpenTelemetry has attributes instead.
        let labelled = |resource: Value<'_>| {
            let labels = resource.some("labels").is_some_and(|labels| labels.is_object() || is_folded(labels));
            labels && resource.get("attributes").is_none()
        };
        own + shared >= 2 || own == 1 || shared == 1 && row.value().at(resource).is_some_and(labelled)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        match unfolded(row).and_then(|text| read(&text)) {
            Some(read) => *record = read,
            None => entry(row, record),
        }
    }
}

/// An entry that was made of a row.
pub(super) fn read(text: &str) -> Option<LogRecord<'static>> {
    let (mut tape, mut record) = (Tape::default(), LogRecord::default());
    entry(&Row::of(tape.parse(text).ok()?), &mut record);
    Some(record.into_owned())
}

/// Fills a record from an entry.
pub(super) fn entry<'a>(row: &Row<'a>, record: &mut LogRecord<'a>) {
    let (slots, within) = (&row.cloud, row.value());
    if let Some(value) = within.at(slots.timestamp) {
        take_time(record, "timestamp", value);
    }
    record.receive_ns = within.at(slots.receive).and_then(timestamp).map(|parsed| parsed.ns);
    if let Some(value) = within.at(slots.severity) {
        take_severity(record, value);
    }
    let mut others = None;
    if slots.foreign {
        let unsaid = !record.severity_unknown && within.at(slots.severity).and_then(text).is_none();
        if unsaid || record.ts_ns.is_none() {
            let found = others.get_or_insert_with(|| generic::read(within));
            generic::take_time_and_level(found, unsaid, record);
        }
    }
    record.insert_id = within.at(slots.insert_id).and_then(text);
    let log_name = within.at(slots.log_name).and_then(text);
    record.trace = within.at(slots.trace).and_then(text).map(last_segment);
    record.span = within.at(slots.span).and_then(text);
    if let Some(value) = within.at(slots.resource) {
        let known = row.memory.zip(value.repeat());
        if !known.is_some_and(|(memory, number)| memory.recall(number, value.raw(), record)) {
            resource::read(value, record);
            if let Some((memory, number)) = known {
                memory.note(number, value.raw(), record);
            }
        }
    }
    if record.project.is_none() {
        record.project = log_name.clone().and_then(project_of);
    }
    record.log_name = log_name.map(|name| match row.memory {
        _ if memchr::memchr(b'%', name.as_bytes()).is_none() => name,
        Some(memory) => memory.name(&name, decoded),
        None => decoded(&name).into(),
    });
    record.split = within.at(slots.split).and_then(split);
    record.http = within.at(slots.http).and_then(request);
    // What a payload says of a request does not make its row one, nor does a status alone.
    let answered = record.http.is_some();
    let requested = record.http.as_ref().is_some_and(|http| http.method.is_some() || http.path.is_some());

    // The name of a field is no payload: protobuf.js says so which of them is set.
    let is_name = |value: &Value<'_>| {
        value.as_str().is_some_and(|name| matches!(&*name, "protoPayload" | "jsonPayload" | "textPayload"))
    };
    let said = within.at(slots.json).or_else(|| within.at(slots.payload).filter(|value| !is_name(value)));
    let json = said.filter(|payload| payload.is_object());
    let proto = within.at(slots.proto).filter(|payload| payload.is_object());
    let mut payload = json.map(Payload::of).unwrap_or_default();
    let audited = within
        .at(slots.audit)
        .or_else(|| proto.and_then(audit::entry))
        .or_else(|| json.filter(|_| payload.sort() == Sort::Audit));
    if slots.special {
        if json.is_none() {
            payload = Payload::of(within);
        }
        stdout::special(within, record, &mut payload);
    }
    let mut told = None;
    if let Some(value) = within.at(slots.labels).filter(|labels| labels.is_object()) {
        labels(value, record, &mut payload);
    }
    if let Some(location) = within.at(slots.source) {
        payload.offer_location(location);
    }
    if let Some(audited) = audited {
        audit::map(audited, record);
    } else if let Some(plain) = within.at(slots.text).and_then(text).or_else(|| said.and_then(text)) {
        record.message = plain;
    } else if let Some(json) = json {
        imply(record, (payload.sort() == Sort::Reported).then_some(Severity::Error), "reported error event");
        if payload.sort() == Sort::Attempt {
            attempt::map(json, record);
            told = Some(Kind::System);
        } else if payload.sort() == Sort::Involved && k8s_event::is_event(json) {
            k8s_event::of_entry(json, record);
            told = Some(Kind::System);
        } else if payload.shaped() {
            record.message = nested::fill_from(json, record).map(Into::into).unwrap_or_default();
        } else {
            imply(record, payload.level(within), INNER_LEVEL);
            let failed = record.severity == Severity::Default || record.severity >= Severity::Error;
            record.message = payload.message(within, failed);
            if record.http.is_none() {
                record.http = payload.request(json);
            }
        }
        // A request needs no message, and what a load balancer says beside one is none. What a program says of one that it
        // calls worth a warning tells more.
        let is_told = || record.http.as_ref().is_some_and(generic::is_told);
        let requested =
            requested || !answered && record.severity.max(record.effective_severity) < Severity::Warning && is_told();
        if record.message.is_empty() && !payload.is_empty() && !requested {
            record.message = json.raw().into();
        }
        record.user = record.user.take().or_else(|| payload.user(within));
        record.trace = record.trace.take().or_else(|| payload.trace.text(within).map(last_segment));
        if record.ts_ns.is_none() && slots.timestamp == Spot::default() {
            take_inner_time(json, record);
        }
    } else if let Some(request) = proto.filter(|proto| appengine::is_request(*proto)) {
        appengine::request(request, record);
        told = Some(Kind::Request);
    } else if let Some(proto) = proto {
        record.message = first_text(proto, &["status.message", "methodName", "method_name", "message"])
            .unwrap_or_else(|| proto.raw().into());
    }
    payload.source(within, record);
    if record.service.is_none() {
        record.service = payload.service.text(within);
        record.revision = record.revision.take().or_else(|| payload.revision.text(within));
    }
    if slots.foreign && (record.service.is_none() || record.message.is_empty()) {
        let found = others.get_or_insert_with(|| generic::read(within));
        generic::complete(found, within, record);
    }
    record.kind = told.unwrap_or_else(|| kind(record, audited.is_some(), answered, requested));
    // What a program wrote of a request, where nobody else writes a row of it.
    if record.kind == Kind::App
        && record.http.is_some()
        && record.message.is_empty()
        && !resource::writes_requests(record)
    {
        record.kind = Kind::Request;
    }
    if let Some(found) = others.filter(|_| record.http.is_none()) {
        record.http = generic::request(&found, within);
        if record.http.is_some() && record.message.is_empty() && record.kind == Kind::App {
            record.kind = Kind::Request;
        }
    }
}

/// Takes the time that a logger wrote, where an export left out the entry's own.
fn take_inner_time(payload: Value<'_>, record: &mut LogRecord<'_>) {
    for key in ["timestamp", "@timestamp", "time", "ts", "asctime", "@t"] {
        if let Some(time) = payload.some(key)
            && take_time(record, format!("jsonPayload.{key}"), time)
        {
            return;
        }
    }
}

/// Whether a value is an object in a text, as columns of tables hold it.
pub(super) fn is_folded(value: Value<'_>) -> bool {
    value.kind() == NodeKind::Escaped && value.raw().starts_with('{')
}

/// The row with the objects that its columns hold as texts, or as structs of protobuf.
fn unfolded(row: &Row<'_>) -> Option<String> {
    let Slots { json, proto, audit, http, resource, labels, source, .. } = row.cloud;
    let columns = [json, proto, audit, http, resource, labels, source];
    let is_struct = row.value().at(json).is_some_and(structs::is_struct);
    if !is_struct && !columns.iter().any(|spot| row.value().at(*spot).is_some_and(is_folded)) {
        return None;
    }
    let mut out = Object::new();
    for (key, value) in row.value().members() {
        if is_struct && value.spot() == json {
            out.with(&key, |out| structs::write(value, out));
            continue;
        }
        let column = is_folded(value) && columns.contains(&value.spot());
        match value.as_str().filter(|text| column && Tape::default().parse(text).is_ok()) {
            Some(object) => out.with(&key, |out| out.push_str(&object)),
            None => out.put(&key, value),
        }
    }
    Some(out.finish())
}

/// A log's name with its slashes.
fn decoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = memchr::memchr(b'%', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let slash = rest[at..].get(..3).is_some_and(|code| code.eq_ignore_ascii_case("%2f"));
        out.push(if slash { '/' } else { '%' });
        rest = &rest[at + if slash { 3 } else { 1 }..];
    }
    out.push_str(rest);
    out
}

/// The entry's own labels: the instance and, for client libraries, the logger.
pub(super) fn labels<'a>(labels: Value<'a>, record: &mut LogRecord<'a>, payload: &mut Payload) {
    let mut instance = Best::default();
    for (key, value) in labels.fields() {
        match key {
            b"instanceId" | b"instanceid" => instance.offer(0, value),
            b"instance_id" => instance.offer(1, value),
            b"k8s-pod/pod" => instance.offer(2, value),
            b"execution_id" => instance.offer(3, value),
            b"python_logger" | b"logger" => payload.offer_logger(value),
            _ => {}
        }
    }
    if let Some(instance) = instance.text(labels) {
        record.instance = Some(instance);
    }
    record.labels = Some(labels.raw()).filter(|labels| labels.len() > 2).map(Cow::Borrowed);
}

/// `projects/P/logs/…`, also for organizations, folders and billing accounts.
fn project_of(log_name: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let project = part(log_name, |name| {
        let mut parts = name.trim_start_matches('/').split('/');
        let held = matches!(parts.next(), Some("projects" | "organizations" | "folders" | "billingAccounts"));
        parts.next().filter(|_| held).unwrap_or_default()
    });
    Some(project).filter(|project| !project.is_empty())
}

fn split(value: Value<'_>) -> Option<Split<'_>> {
    let number =
        |keys: &[&str]| first(value, keys).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
    Some(Split {
        uid: value.some("uid").and_then(text)?,
        index: number(&["index"]),
        total: number(&["totalSplits", "total_splits", "totalsplits"]),
    })
}

/// The request of an entry, in any spelling.
pub(super) fn request(value: Value<'_>) -> Option<Http<'_>> {
    let (mut url, mut method, mut http) = (Best::default(), Best::default(), Http::default());
    for (key, value) in value.fields() {
        match key {
            b"requestUrl" | b"request_url" | b"requesturl" => url.offer(0, value),
            b"url" => url.offer(1, value),
            b"requestMethod" | b"request_method" | b"requestmethod" => method.offer(0, value),
            b"method" => method.offer(1, value),
            b"status" | b"responseStatusCode" => {
                http.status = value.as_i64().and_then(|status| i32::try_from(status).ok());
            }
            b"latency" => http.latency_ns = latency_ns(value),
            _ => {}
        }
    }
    (http.host, http.path) = url.text(value).map_or((None, None), host_and_path);
    http.method = method.text(value).map(upper);
    (http != Http::default()).then_some(http)
}

fn kind(record: &LogRecord<'_>, audited: bool, answered: bool, requested: bool) -> Kind {
    let log = record.log_name.as_deref().unwrap_or("");
    // No comparison for nearly all of them.
    let is = |name: &&str| log.as_bytes().last() == name.as_bytes().last() && log.ends_with(*name);
    if log.ends_with("cloudbuild") || record.resource_type.as_deref() == Some("build") {
        Kind::Build
    } else if audited || AUDIT_LOGS.iter().any(is) {
        Kind::Audit
    } else if log.ends_with("/varlog/system")
        || log.is_empty() && PLATFORM.iter().any(|text| record.message.starts_with(text))
    {
        Kind::System
    } else if log.ends_with("/requests") || requested && log.is_empty() || answered && record.message.is_empty() {
        Kind::Request
    } else {
        Kind::App
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn both_spellings_give_the_same_row() {
        let camel = map(
            r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00.000001Z","severity":"ERROR","logName":"projects/p/logs/run.googleapis.com%2Fstderr",
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api","revision_name":"shop-api-00001-abc","project_id":"p","location":"eu"}},
            "labels":{"instanceId":"i1"},"trace":"projects/p/traces/t1","spanId":"s1","jsonPayload":{"message":"boom","labels":{"module":"shop.cart","function":"add","line":"12"},"user_id":7}}"#,
        );
        let snake = map(r#"{"insert_id":"a","timestamp":"2025-01-01T00:00:00.000001+00:00","severity":500,
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api","revision_name":"shop-api-00001-abc","project_id":"p","location":"eu"}},
            "labels":{"instanceId":"i1"},"trace":"projects/p/traces/t1","span_id":"s1","text_payload":null,"json_payload":{"message":"boom","labels":{"module":"shop.cart","function":"add","line":"12"},"user_id":7}}"#);
        assert_eq!((&camel.project, &camel.insert_id, camel.ts_ns), (&snake.project, &snake.insert_id, snake.ts_ns));
        for row in [&camel, &snake] {
            assert_eq!((row.message.as_ref(), row.severity, row.kind), ("boom", Severity::Error, Kind::App));
            assert_eq!(
                (row.module.as_deref(), row.function.as_deref(), row.line),
                (Some("shop.cart"), Some("add"), Some(12))
            );
            assert_eq!(
                (row.trace.as_deref(), row.instance.as_deref(), row.user.as_deref()),
                (Some("t1"), Some("i1"), Some("7"))
            );
        }
    }

    #[test]
    fn a_nested_placeholder_never_sets_the_severity() {
        let row = map(
            r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"ok","error":{"severity":"ERROR","message":"Missing field"}}}"#,
        );
        assert_eq!((row.severity, row.effective_severity), (Severity::Info, Severity::Info));
        let row = map(r#"{"insertId":"a","jsonPayload":{"message":"careful","level":"warn"}}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Warning));
        let row = map(r#"{"insertId":"a","textPayload":"{\"level\":\"ERROR\",\"event\":\"lost\"}"}"#);
        assert_eq!(row.effective_reason, Some("level inside the payload"));
    }

    #[test]
    fn a_payload_of_a_logger_says_as_much_as_its_line_does() {
        let of = |payload: &str| {
            map(&format!(
                r#"{{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","logName":"projects/p/logs/run.googleapis.com%2Fstderr",
                "resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop"}}}},"jsonPayload":{payload}}}"#
            ))
        };
        for (payload, level, message, module) in [
            (
                r#"{"@t":"2020-01-01T00:00:00Z","@l":"Error","@mt":"Lost {Id}","@x":"E: x\n   at A.B()"}"#,
                Severity::Error,
                "Lost {Id}\nE: x\n   at A.B()",
                None,
            ),
            (
                r#"{"Level":"Error","RenderedMessage":"Lost 4","Exception":"E: x\n   at A.B()"}"#,
                Severity::Error,
                "Lost 4\nE: x\n   at A.B()",
                None,
            ),
            (
                r#"{"level":"ERROR","fields":{"message":"slow"},"target":"till::cart"}"#,
                Severity::Error,
                "slow",
                Some("till::cart"),
            ),
            (r#"{"log":{"level":"warn"},"message":"late"}"#, Severity::Warning, "late", None),
            (r#"{"log.level":"error","message":"late"}"#, Severity::Error, "late", None),
            (
                r#"{"message":"no","context":{},"level":500,"level_name":"CRITICAL","channel":"till"}"#,
                Severity::Critical,
                "no",
                Some("till"),
            ),
            (r#"{"@level":"error","@message":"no","@module":"till"}"#, Severity::Error, "no", Some("till")),
            (
                r#"{"level":"warn","msg":"late","caller":"till/cart.go:7"}"#,
                Severity::Warning,
                "late",
                Some("till/cart.go"),
            ),
            (r#"{"severity_text":"ERROR","body":"no"}"#, Severity::Error, "no", None),
        ] {
            let row = of(payload);
            assert_eq!((row.severity, row.effective_severity), (Severity::Default, level), "{payload}");
            assert_eq!(
                (row.message.as_ref(), row.module.as_deref(), row.kind),
                (message, module, Kind::App),
                "{payload}"
            );
            assert_eq!(
                (row.service.as_deref(), row.ts_source.as_deref()),
                (Some("shop"), Some("timestamp")),
                "{payload}"
            );
        }
        // The envelope's severity counts; what it leaves open is filled.
        let row = map(r#"{"insertId":"a","severity":"INFO","jsonPayload":{"@l":"Error","@m":"no","@tr":"t"}}"#);
        assert_eq!(
            (row.effective_severity, row.message.as_ref(), row.trace.as_deref()),
            (Severity::Info, "no", Some("t"))
        );
        for key in ["error", "err"] {
            let row = of(&format!(
                r#"{{"message":"no","{key}":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1"}}"#
            ));
            assert!(row.message.starts_with("no\nTraceback") && row.effective_severity == Severity::Error, "{key}");
        }
        let row = of(r#"{"message":"no","trace_id":"t"}"#);
        assert_eq!(row.trace.as_deref(), Some("t"));
    }

    #[test]
    fn keys_that_an_author_chose_fill_what_the_entrys_own_leave_open() {
        let at = "2025-01-01T00:00:00Z";
        let of = |text: &str| map(&text.replace("AT", at));
        let row = of(
            r#"{"timestamp":"AT","severity":"ERROR","insert_id":"a","message":"hello","service":"shop","user_id":7}"#,
        );
        assert_eq!(
            (row.message.as_ref(), row.service.as_deref(), row.user.as_deref()),
            ("hello", Some("shop"), Some("7"))
        );
        for payload in [r#""text""#, r#"{"message":"text"}"#] {
            let row = of(&format!(r#"{{"insert_id":"a","timestamp":"AT","payload":{payload}}}"#));
            assert_eq!((row.message.as_ref(), row.kind), ("text", Kind::App), "{payload}");
        }
        for text in [
            r#"{"time":"AT","severity":"ERROR","textPayload":"x","service_name":"shop"}"#,
            r#"{"@timestamp":"AT","logName":"projects/p/logs/l","level":"error","message":"x","service.name":"shop"}"#,
            r#"{"eventTime":"AT","jsonPayload":{"message":"x"},"severity":"","level":"ERROR","service":{"name":"shop"}}"#,
        ] {
            let row = of(text);
            assert_eq!(row.ts_ns, crate::time::parse(at).map(|parsed| parsed.ns), "{text}");
            assert!(row.ts_source.is_some_and(|source| source != "timestamp"));
            assert_eq!(
                (row.severity, row.message.as_ref(), row.service.as_deref()),
                (Severity::Error, "x", Some("shop")),
                "{text}"
            );
        }
        // The entry's own word counts, also where it is none.
        let row = of(r#"{"insertId":"a","severity":"DEFAULT","level":"ERROR","textPayload":"x","message":"y"}"#);
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Default, "x"));
        let row = of(r#"{"insertId":"a","severity":"loud","level":"ERROR","httpRequest":{"status":200},"n":1}"#);
        assert_eq!((row.severity_unknown, row.message.as_ref(), row.kind), (true, "", Kind::Request));
    }

    #[test]
    fn a_resource_with_labels_is_googles() {
        let row = map(
            r#"{"timestamp":"2025-01-01T00:00:00Z","severity":"ERROR","message":"x","logger":"cart","status":503,"path":"/a","resource":{"type":"cloud_run_revision","labels":{"service_name":"shop","project_id":"p"}}}"#,
        );
        assert_eq!(
            (row.service.as_deref(), row.project.as_deref(), row.message.as_ref()),
            (Some("shop"), Some("p"), "x")
        );
        assert_eq!((row.kind, row.module.as_deref()), (Kind::App, Some("cart")));
        assert_eq!(row.http.and_then(|http| http.status), Some(503));
        let row =
            map(r#"{"severity":"ERROR","payload":{"message":"x"},"resource":{"labels":{"service_name":"shop"}}}"#);
        assert_eq!((row.service.as_deref(), row.message.as_ref()), (Some("shop"), "x"));
        let row =
            map(r#"{"severity":"ERROR","message":"x","resource":{"labels":{"service_name":"s"},"attributes":{}}}"#);
        assert_eq!(row.service, None, "the resource of another system");
    }

    #[test]
    fn columns_of_tables_hold_objects_as_texts() {
        let row = map(
            r#"{"insert_id":"a","timestamp":"2025-01-01T00:00:00Z","log_name":"projects/p/logs/x","json_payload":"{\"message\":\"m\",\"level\":\"warn\"}","labels":"{\"instanceId\":\"i\"}","resource":{"type":"cloud_run_revision","labels":"{\"service_name\":\"shop\"}"}}"#,
        );
        assert_eq!(
            (row.message.as_ref(), row.service.as_deref(), row.instance.as_deref()),
            ("m", Some("shop"), Some("i"))
        );
        assert_eq!((row.effective_severity, row.log_name.as_deref()), (Severity::Warning, Some("projects/p/logs/x")));
        let row = map(
            r#"{"insert_id":"a","proto_payload":"{\"@type\":\"type.googleapis.com/google.cloud.audit.AuditLog\",\"methodName\":\"a.Drop\"}"}"#,
        );
        assert_eq!(row.kind, Kind::Audit);
        let row = map(r#"{"insertId":"a","timestamp":{"value":"2025-01-01T00:00:00Z"},"textPayload":"m"}"#);
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2025-01-01T00:00:00Z"));
        let row = map(r#"{"insertId":"a","jsonPayload":"plain \"text\""}"#);
        assert_eq!(row.message, "plain \"text\"");
        let row = map(r#"{"insertId":"a","jsonPayload":"{no \"json\"}","labels":"{\"a\":\"b\"}"}"#);
        assert_eq!((row.message.as_ref(), row.labels.as_deref()), ("{no \"json\"}", Some("{\"a\":\"b\"}")));
    }

    #[test]
    fn loggers_inside_a_payload_keep_their_levels_and_keys() {
        let row = map(r#"{"insertId":"i","jsonPayload":{"level":50,"pid":1,"hostname":"h","msg":"x"}}"#);
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
        let level =
            |rest: &str| map(&format!(r#"{{"insertId":"i","jsonPayload":{{"level":50,{rest}}}}}"#)).effective_severity;
        assert_eq!(level(r#""msg":"x","time":1756720800123"#), Severity::Error);
        assert_eq!(level(r#""msg":"x","time":1.756720800123E12"#), Severity::Error);
        assert_eq!(level(r#""message":"x","time":1756720800123,"err":{"message":"y"}"#), Severity::Error);
        assert_eq!(level(r#""msg":"x""#), Severity::Default);
        assert_eq!(level(r#""message":"x","time":1756720800123"#), Severity::Default, "40 is an error in Python");
        let row = map(
            r#"{"insertId":"i","jsonPayload":{"LogLevel":"Error","Category":"Shop.Cart","Message":"lost","Exception":"System.Exception: no\n   at Shop.Cart.Add() in a.cs:line 3"}}"#,
        );
        assert_eq!((row.effective_severity, row.module.as_deref()), (Severity::Error, Some("Shop.Cart")));
        assert_eq!(row.message, "lost\nSystem.Exception: no\n   at Shop.Cart.Add() in a.cs:line 3");
    }

    #[test]
    fn what_a_load_balancer_says_beside_a_request_is_no_message() {
        let row = map(
            r#"{"insertId":"i","httpRequest":{"requestMethod":"GET","requestUrl":"/a","status":502},"jsonPayload":{"@type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry","statusDetails":"backend_timeout"}}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.payload_rank), (Kind::Request, "", 1));
    }

    #[test]
    fn kinds_are_told_apart_with_and_without_the_log_name() {
        let log = |name: &str| format!(r#"{{"insertId":"a","textPayload":"x","logName":"projects/p/logs/{name}"}}"#);
        assert_eq!(map(&log("run.googleapis.com%2Fvarlog%2Fsystem")).kind, Kind::System);
        assert_eq!(map(&log("run.googleapis.com%2Frequests")).kind, Kind::Request);
        assert_eq!(map(&log("run.googleapis.com%2Fstdout")).kind, Kind::App);
        assert_eq!(map(&log("cloudbuild")).kind, Kind::Build);
        assert_eq!(map(r#"{"insert_id":"a","text_payload":"Container called exit(1)."}"#).kind, Kind::System);
        let row = map(
            r#"{"insertId":"a","httpRequest":{"requestMethod":"get","requestUrl":"https://h/x/1?q=2","status":503,"latency":"0.25s"}}"#,
        );
        assert_eq!((row.kind, row.payload_rank), (Kind::Request, 1));
        let http = row.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.path.as_deref(), http.status, http.latency_ns),
            (Some("GET"), Some("/x/1"), Some(503), Some(250_000_000))
        );
    }

    #[test]
    fn a_stack_beside_the_message_belongs_to_it() {
        let row = map(
            r#"{"insertId":"a","severity":"ERROR","jsonPayload":{"message":"job failed","stack_trace":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no"}}"#,
        );
        assert!(row.message.starts_with("job failed\nTraceback") && row.message.ends_with("ValueError: no"));
    }

    #[test]
    fn rows_of_bigquery_and_log_analytics_are_entries_too() {
        let row = map(
            r#"{"logName":"projects/p/logs/run.googleapis.com%2Fstderr","resource":{"type":"cloud_run_revision","labels":{"service_name":"till"}},"textPayload":null,"protopayload_auditlog":null,"jsonpayload_v1_event":{"message":"no","stack_trace":null,"userid":"u","loggername":"till.cart"},"timestamp":"2025-01-01 00:00:00.000001 UTC","severity":"ERROR","insertId":"a","httpRequest":null}"#,
        );
        assert_eq!((row.message.as_ref(), row.severity, row.ts_naive), ("no", Severity::Error, false));
        assert_eq!(row.ts_ns, Some(1_735_689_600_000_001_000));
        assert_eq!((row.user.as_deref(), row.module.as_deref()), (Some("u"), Some("till.cart")));
        let audit = r#"{"log_name":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","insert_id":"a","timestamp":"2025-01-01 00:00:00 UTC",PAYLOAD}"#;
        for payload in [
            r#""protopayload_auditlog":{"methodName":"google.cloud.run.v1.Services.ReplaceService","resourceName":"namespaces/p/services/s","authenticationInfo":{"principalEmail":"a@b.example"},"responseJson":"{\"status\":{\"latestCreatedRevisionName\":\"s-2\"}}"}"#,
            r#""proto_payload":{"type":"type.googleapis.com/google.cloud.audit.AuditLog","audit_log":{"method_name":"google.cloud.run.v1.Services.ReplaceService","resource_name":"namespaces/p/services/s","authentication_info":{"principal_email":"a@b.example"},"response":{"status":{"latestCreatedRevisionName":"s-2"}}}}"#,
        ] {
            let row = map(&audit.replace("PAYLOAD", payload));
            assert_eq!((row.kind, row.user.as_deref()), (Kind::Audit, Some("a@b.example")));
            assert_eq!(row.deploy.and_then(|mark| mark.revision).as_deref(), Some("s-2"), "{payload}");
        }
    }

    #[test]
    fn the_name_of_the_field_that_holds_the_payload_is_none() {
        let row = map(
            r#"{"insertId":"a","timestamp":{"seconds":1756720800,"nanos":5},"payload":"protoPayload","resource":{"type":"cloud_run_revision","labels":{"service_name":"shop"}},
            "protoPayload":{"type_url":"type.googleapis.com/google.cloud.audit.AuditLog","value":"Cg=="}}"#,
        );
        assert_eq!((row.kind, row.message.starts_with(r#"{"type_url""#)), (Kind::Audit, true));
    }

    #[test]
    fn a_time_of_the_logger_counts_where_the_export_left_out_the_entrys() {
        let row = map(r#"{"jsonPayload":{"message":"x","time":"2025-09-02T10:00:01.5Z"}}"#);
        assert_eq!((row.ts_ns, row.ts_source.as_deref()), (Some(1_756_807_201_500_000_000), Some("jsonPayload.time")));
        let row = map(r#"{"jsonPayload":{"message":"x","created_at":"2020-01-01T00:00:00Z"}}"#);
        assert_eq!((row.ts_ns, row.message.as_ref()), (None, "x"), "a time of the order's, not of the row's");
        let row = map(r#"{"timestamp":"never","jsonPayload":{"message":"x","time":"2025-09-02T10:00:01.5Z"}}"#);
        assert_eq!(row.ts_ns, None);
    }

    #[test]
    fn stacks_stand_in_the_order_of_error_reporting() {
        let row = map(
            r#"{"insertId":"a","jsonPayload":{"@type":"type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent","serviceContext":{"service":"till","version":"v12"},"message":"boom","context":{"user":"u","reportLocation":{"filePath":"a.js","lineNumber":3,"functionName":"f"}},"exception":"Error: second\n    at g (b.js:2:2)","stack_trace":"Error: boom\n    at f (a.js:3:1)"}}"#,
        );
        assert_eq!(row.message, "Error: boom\n    at f (a.js:3:1)");
        assert_eq!((row.effective_severity, row.effective_reason), (Severity::Error, Some("reported error event")));
        assert_eq!(
            (row.service.as_deref(), row.revision.as_deref(), row.user.as_deref()),
            (Some("till"), Some("v12"), Some("u"))
        );
        assert_eq!((row.module.as_deref(), row.function.as_deref(), row.line), (Some("a.js"), Some("f"), Some(3)));
        let row = map(
            r#"{"insertId":"a","severity":"ERROR","jsonPayload":{"message":"failed","details":"Error: odd\n    at f (a.js:3:1)"}}"#,
        );
        assert_eq!(row.message, "failed\nError: odd\n    at f (a.js:3:1)");
        let row = map(r#"{"insertId":"a","severity":"INFO","jsonPayload":{"message":"ok","details":"E\n    at f"}}"#);
        assert_eq!(row.message, "ok");
    }

    #[test]
    fn a_row_without_payload_has_rank_zero() {
        let row = map(
            r#"{"insert_id":"a","severity":"ERROR","resource":{"type":"x","labels":{}},"json_payload":null,"text_payload":null}"#,
        );
        assert_eq!((row.payload_rank, row.message.as_ref()), (0, ""));
    }

    #[test]
    fn what_a_program_says_of_a_request_that_failed_stays() {
        let said = r#"{"method":"POST","path":"/pay","status":500,"reason":"locked"}"#;
        let row = |severity: &str| {
            map(&format!(
                r#"{{"insertId":"a","timestamp":"2024-01-02T03:04:05Z","severity":"{severity}","resource":{{"type":"k8s_container","labels":{{"container_name":"till"}}}},"jsonPayload":{said}}}"#
            ))
        };
        assert_eq!((row("ERROR").message.as_ref(), row("ERROR").kind), (said, Kind::App));
        assert_eq!((row("INFO").message.as_ref(), row("INFO").kind), ("", Kind::Request));
        assert_eq!(row("ERROR").http.and_then(|http| http.status), Some(500));
    }
}
