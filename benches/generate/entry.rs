//! One log entry of the made-up shop, and the two ways in which teams hold it.
//!
//! An [`Entry`] exists once; each export renders it anew. So the same entry can stand in a pretty
//! `gcloud` array with camelCase keys, in a sink file, and in a client-library dump with keys in
//! snake case, no log name and microseconds only, which is exactly what deduplication has to see through.

use serde_json::{Map, Value, json};

use crate::clock::{python, zulu};

/// The project that all entries belong to.
pub(crate) const PROJECT: &str = "acme-shop-prod";
/// The region that all services run in.
pub(crate) const REGION: &str = "europe-west1";

/// Severity as the envelope states it; `Default` is written by leaving the field out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Default,
    Info,
    Notice,
    Warning,
    Error,
}

impl Severity {
    /// The word of the export format.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// The log an entry was written to; a sink puts each into a folder of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Log {
    Stdout,
    Stderr,
    Requests,
    System,
    Activity,
    SystemEvent,
}

impl Log {
    /// All logs, in the order in which sinks list them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Stdout, Self::Stderr, Self::Requests, Self::System, Self::Activity, Self::SystemEvent];

    /// The log's id with real slashes, as a sink names its folders.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Stdout => "run.googleapis.com/stdout",
            Self::Stderr => "run.googleapis.com/stderr",
            Self::Requests => "run.googleapis.com/requests",
            Self::System => "run.googleapis.com/varlog/system",
            Self::Activity => "cloudaudit.googleapis.com/activity",
            Self::SystemEvent => "cloudaudit.googleapis.com/system_event",
        }
    }
}

/// What an entry says.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// Nothing: a request row.
    Absent,
    /// `textPayload`.
    Text(String),
    /// `jsonPayload`, an object.
    Json(Value),
    /// `protoPayload`, an audit record.
    Audit(Value),
}

/// `httpRequest` of a request row.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) latency_ns: i64,
    pub(crate) remote_ip: String,
    pub(crate) agent: &'static str,
    pub(crate) bytes: u64,
}

/// The part an entry plays in the cluster that it is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Counted under `entries`.
    Own,
    /// A joiner or a frame: counted under `attached` of its event's head.
    Attached,
}

/// One log entry. Times are nanoseconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) ts: i64,
    pub(crate) received: i64,
    pub(crate) insert_id: String,
    pub(crate) service: String,
    pub(crate) revision: String,
    pub(crate) instance: Option<String>,
    pub(crate) severity: Severity,
    pub(crate) log: Log,
    pub(crate) payload: Payload,
    pub(crate) http: Option<Http>,
    pub(crate) trace: Option<String>,
    pub(crate) span: Option<String>,
    /// Python's logger name, which the library puts into `labels`.
    pub(crate) logger: Option<&'static str>,
    /// `sourceLocation`: line and function; its file follows from the logger.
    pub(crate) source: Option<(u32, &'static str)>,
    /// Present in read exports only, never in what a sink routes.
    pub(crate) error_group: Option<&'static str>,
    /// The cluster (index into the registry of [`crate::world::World`]) and the part in it.
    pub(crate) cluster: usize,
    pub(crate) role: Role,
    /// What a reader of the text would call it, where the envelope says nothing.
    pub(crate) effective: Severity,
}

fn insert(map: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    map.insert(key.to_owned(), value.into());
}

impl Entry {
    /// What makes two copies the same entry: insertId and the time floored to microseconds. The
    /// project is part of the key too, and the same for all entries here.
    pub(crate) fn key(&self) -> (i64, String) {
        (self.ts.div_euclid(1_000), self.insert_id.clone())
    }

    fn resource(&self) -> Value {
        json!({"labels": {
            // Audit rows about a whole service name neither a configuration nor a revision.
            "configuration_name": if self.revision.is_empty() { "" } else { &self.service },
            "location": REGION, "project_id": PROJECT,
            "revision_name": self.revision, "service_name": self.service,
        }, "type": "cloud_run_revision"})
    }

    fn labels(&self) -> Map<String, Value> {
        let mut labels = Map::new();
        if self.log == Log::System {
            insert(&mut labels, "container_name", format!("{}-1", self.service));
        }
        if let Some(instance) = &self.instance {
            insert(&mut labels, "instanceId", instance.as_str());
        }
        if let Some(logger) = self.logger {
            insert(&mut labels, "python_logger", logger);
        }
        labels
    }

    fn trace_name(&self) -> Option<String> {
        self.trace.as_ref().map(|id| format!("projects/{PROJECT}/traces/{id}"))
    }

    /// The entry with the camelCase keys of the API. `routed` leaves out what a sink never carries.
    pub(crate) fn camel(&self, routed: bool) -> Value {
        let mut row = Map::new();
        if let (Some(id), false) = (self.error_group, routed) {
            insert(&mut row, "errorGroups", json!([{"id": id}]));
        }
        if let Some(http) = &self.http {
            insert(
                &mut row,
                "httpRequest",
                json!({
                    "latency": format!("{}.{:09}s", http.latency_ns / 1_000_000_000, http.latency_ns % 1_000_000_000),
                    "protocol": "HTTP/1.1", "remoteIp": http.remote_ip, "requestMethod": http.method,
                    "requestSize": (300 + http.url.len()).to_string(), "requestUrl": http.url,
                    "responseSize": http.bytes.to_string(), "status": http.status, "userAgent": http.agent,
                }),
            );
        }
        insert(&mut row, "insertId", self.insert_id.as_str());
        match &self.payload {
            Payload::Json(value) => insert(&mut row, "jsonPayload", value.clone()),
            Payload::Audit(value) => insert(&mut row, "protoPayload", value.clone()),
            Payload::Text(text) => insert(&mut row, "textPayload", text.as_str()),
            Payload::Absent => {}
        }
        let labels = self.labels();
        if !labels.is_empty() {
            insert(&mut row, "labels", labels);
        }
        insert(&mut row, "logName", format!("projects/{PROJECT}/logs/{}", self.log.id().replace('/', "%2F")));
        insert(&mut row, "receiveTimestamp", zulu(self.received));
        insert(&mut row, "resource", self.resource());
        if self.severity != Severity::Default {
            insert(&mut row, "severity", self.severity.word());
        }
        if let (Some(logger), Some((line, function))) = (self.logger, self.source) {
            let file = format!("/srv/{}.py", logger.replace('.', "/"));
            insert(&mut row, "sourceLocation", json!({"file": file, "function": function, "line": line.to_string()}));
        }
        if let Some(span) = &self.span {
            insert(&mut row, "spanId", span.as_str());
        }
        insert(&mut row, "timestamp", zulu(self.ts));
        if let Some(trace) = self.trace_name() {
            insert(&mut row, "trace", trace);
            insert(&mut row, "traceSampled", true);
        }
        let mut row = Value::Object(row);
        // The export tool sorts its keys; without this the order would hang on a serde_json feature.
        row.sort_all_objects();
        row
    }

    /// The entry as a script over Python's client library dumps it. With `stripped` the payload is
    /// lost: such scripts read `entry.payload` of a class that has it under another name.
    pub(crate) fn snake(&self, stripped: bool) -> Value {
        let mut row = Map::new();
        insert(&mut row, "timestamp", python(self.ts));
        insert(
            &mut row,
            "severity",
            match self.severity {
                Severity::Default => Value::Null,
                other => other.word().into(),
            },
        );
        insert(&mut row, "insert_id", self.insert_id.as_str());
        let mut resource = self.resource();
        resource.sort_all_objects();
        insert(&mut row, "resource", resource);
        insert(&mut row, "labels", self.labels());
        insert(&mut row, "trace", self.trace_name());
        insert(&mut row, "span_id", self.span.clone());
        if !stripped {
            match &self.payload {
                Payload::Json(value) | Payload::Audit(value) => {
                    let mut value = value.clone();
                    value.sort_all_objects();
                    insert(&mut row, "json_payload", value);
                }
                Payload::Text(text) => insert(&mut row, "text_payload", text.as_str()),
                Payload::Absent => {}
            }
        }
        if let Some(http) = &self.http {
            insert(
                &mut row,
                "http_request",
                json!({
                    "method": http.method, "url": http.url, "status": http.status,
                    "user_agent": http.agent,
                    "latency": format!("{}.{:09}s", http.latency_ns / 1_000_000_000, http.latency_ns % 1_000_000_000),
                }),
            );
        }
        Value::Object(row)
    }
}
