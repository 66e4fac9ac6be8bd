//! Google Cloud Logging entries: the API's camelCase, client libraries' snake_case, and rows of a log lake.
//!
//! One mapper reads them all, because only the spelling of keys differs. The envelope's severity is the only one believed;
//! a payload's own level counts when the envelope names none. Source:
//! <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>.

mod fields;

use std::borrow::Cow;

use super::super::json::{NodeKind, Spot, Tape, Value};
use super::made::Object;
use super::payload::{Best, Payload, Sort};
use super::{
    INNER_LEVEL, Row, Shape, appengine, attempt, audit, failure, first, first_text, generic, host_and_path,
    http_status, identify, imply, k8s_event, last_segment, latency_ns, nested, part, resource, stdout, structs,
    take_severity, take_time, text, timestamp, upper,
};
use crate::record::{Http, Kind, LogRecord, Severity, Split};

pub use fields::{EntryField, EntryFields, EntryOrigin, entry_origin};

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
    identify(record, within.at(slots.insert_id).and_then(text));
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
        let known = row.memory.zip(value.repeat());
        if let Some(instance) = known.and_then(|(memory, number)| memory.instance(number, value.raw())) {
            take_labels(value, Cow::Borrowed(instance), record);
        } else if let Some(instance) = labels(value, record, &mut payload)
            && let Some((memory, number)) = known
        {
            memory.note_instance(number, value.raw(), &instance);
        }
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
            if failure::is_reported(record) {
                record.message = failure::beside(std::mem::take(&mut record.message), json);
            }
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
            record.message = beside_blank(json).unwrap_or_else(|| json.raw().into());
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

/// What a payload whose message is blank says under the next key that holds a text for people.
fn beside_blank(payload: Value<'_>) -> Option<Cow<'_, str>> {
    const KEYS: [&str; 12] = [
        "text",
        "title",
        "short_message",
        "summary",
        "reason",
        "detail",
        "details",
        "errorMessage",
        "error_message",
        "body",
        "content",
        "action",
    ];
    let is_text = |key: &str| payload.some(key).is_some_and(|value| value.as_str().is_some());
    if !["message", "msg"].into_iter().any(is_text) {
        return None;
    }
    KEYS.into_iter().filter(|key| is_text(key)).find_map(|key| first_text(payload, &[key]))
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

/// The entry's own labels: the instance and, for client libraries, the logger. Where they name no logger, answers the instance,
/// which is empty where they name none.
pub(super) fn labels<'a>(labels: Value<'a>, record: &mut LogRecord<'a>, payload: &mut Payload) -> Option<Cow<'a, str>> {
    let (mut instance, mut alone) = (Best::default(), true);
    for (key, value) in labels.fields() {
        match key {
            b"instanceId" | b"instanceid" => instance.offer(0, value),
            b"instance_id" => instance.offer(1, value),
            b"k8s-pod/pod" => instance.offer(2, value),
            b"execution_id" => instance.offer(3, value),
            b"python_logger" | b"logger" => {
                payload.offer_logger(value);
                alone = false;
            }
            _ => {}
        }
    }
    let instance = instance.text(labels).unwrap_or_default();
    take_labels(labels, instance.clone(), record);
    alone.then_some(instance)
}

/// Labels as they were written, and the instance that they name, unless it is empty.
fn take_labels<'a>(labels: Value<'a>, instance: Cow<'a, str>, record: &mut LogRecord<'a>) {
    if !instance.is_empty() {
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
            b"status" | b"responseStatusCode" => http.status = value.as_i64().and_then(http_status),
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
mod tests;
