//! Everything that the made-up shop logged, before any of it is exported.
//!
//! The parts of the story (traffic, fleet, deploys, findings) push entries here and say of each which
//! cluster it belongs to. The truth is counted later from what was written to files, so a part that
//! pushes an entry into a gap between two exports does not make the truth wrong.

use std::collections::BTreeMap;

use crate::entry::{Entry, Http, Log, Payload, Role, Severity};
use crate::rng::Rng;

/// What the truth says of a cluster beside its counts.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// A name for people and tests.
    pub(crate) name: String,
    pub(crate) service: String,
    /// `app`, `request`, `system` or `audit`.
    pub(crate) kind: &'static str,
    /// A piece of the message that no other cluster of the service and kind has. For requests without
    /// text: method and the route up to its first id, with the status beside it.
    pub(crate) contains: String,
    pub(crate) status: Option<u16>,
    pub(crate) exception: Option<&'static str>,
    /// Planted on purpose (true), or everyday noise.
    pub(crate) finding: bool,
}

/// All entries and all clusters.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) clusters: Vec<Cluster>,
    names: BTreeMap<String, usize>,
    ids: Rng,
}

/// The least that an entry needs; the rest is filled in by [`Draft`]'s methods.
pub(crate) struct Draft(Entry);

impl World {
    /// An empty world.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, entries: Vec::new(), clusters: Vec::new(), names: BTreeMap::new(), ids: Rng::new(seed, "ids") }
    }

    /// The number of a cluster, registered at its first mention.
    pub(crate) fn cluster(&mut self, cluster: Cluster) -> usize {
        if let Some(&index) = self.names.get(&cluster.name) {
            return index;
        }
        self.names.insert(cluster.name.clone(), self.clusters.len());
        self.clusters.push(cluster);
        self.clusters.len() - 1
    }

    /// A cluster of an application's own messages.
    pub(crate) fn app(&mut self, name: &str, service: &str, contains: &str, finding: bool) -> usize {
        self.cluster(Cluster {
            name: name.to_owned(),
            service: service.to_owned(),
            kind: "app",
            contains: contains.to_owned(),
            status: None,
            exception: None,
            finding,
        })
    }

    /// A cluster of request rows without text.
    pub(crate) fn route(&mut self, service: &str, method: &str, shape: &str, status: u16, finding: bool) -> usize {
        let prefix = shape.split("<*>").next().unwrap_or(shape);
        self.cluster(Cluster {
            name: format!("{service}: {method} {shape} -> {status}"),
            service: service.to_owned(),
            kind: "request",
            contains: format!("{method} {prefix}"),
            status: Some(status),
            exception: None,
            finding,
        })
    }

    /// Pushes a finished entry, giving it the id and the receive time that Cloud Logging would.
    pub(crate) fn push(&mut self, draft: Draft) {
        let mut entry = draft.0;
        entry.insert_id = if matches!(entry.log, Log::Activity | Log::SystemEvent) {
            // Audit entries have short ids that tell nothing.
            self.ids.digits(b"0123456789abcdefghijklmnopqrstuvwxyz", 12)
        } else {
            // Cloud Run writes seconds and microseconds into its ids.
            format!("{:08x}{:08x}{}", entry.ts / 1_000_000_000, entry.ts % 1_000_000_000 / 1_000, self.ids.hex(8))
        };
        // A request is logged under the time it came in, once its answer is out.
        let answered = entry.http.as_ref().map_or(0, |http| http.latency_ns);
        entry.received = entry.ts + answered + self.ids.range(18_000_000, 290_000_000);
        self.entries.push(entry);
    }
}

impl Draft {
    /// An entry at `ts` of `service`, severity `INFO`, on standard output, without payload.
    pub(crate) fn new(ts: i64, service: &str, revision: &str, cluster: usize) -> Self {
        Self(Entry {
            ts,
            received: ts,
            insert_id: String::new(),
            service: service.to_owned(),
            revision: revision.to_owned(),
            instance: None,
            severity: Severity::Info,
            log: Log::Stdout,
            payload: Payload::Absent,
            http: None,
            trace: None,
            span: None,
            logger: None,
            source: None,
            error_group: None,
            cluster,
            role: Role::Own,
            effective: Severity::Info,
        })
    }

    /// The envelope's severity; the effective one follows it.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self.0.effective = severity;
        self
    }

    /// An effective severity that differs from the envelope's.
    pub(crate) fn effective(mut self, severity: Severity) -> Self {
        self.0.effective = severity;
        self
    }

    /// The log it was written to.
    pub(crate) fn log(mut self, log: Log) -> Self {
        self.0.log = log;
        self
    }

    /// A text payload.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.payload = Payload::Text(text.into());
        self
    }

    /// A structured payload.
    pub(crate) fn json(mut self, value: serde_json::Value) -> Self {
        self.0.payload = Payload::Json(value);
        self
    }

    /// An audit payload.
    pub(crate) fn audit(mut self, value: serde_json::Value) -> Self {
        self.0.payload = Payload::Audit(value);
        self
    }

    /// The instance that wrote it.
    pub(crate) fn instance(mut self, id: &str) -> Self {
        self.0.instance = Some(id.to_owned());
        self
    }

    /// The request it belongs to.
    pub(crate) fn trace(mut self, id: &str, span: String) -> Self {
        self.0.trace = Some(id.to_owned());
        self.0.span = Some(span);
        self
    }

    /// The place in the code: logger, line, function. The file follows from the logger.
    pub(crate) fn from(mut self, logger: &'static str, line: u32, function: &'static str) -> Self {
        self.0.logger = Some(logger);
        self.0.source = Some((line, function));
        self
    }

    /// Error Reporting's group, as read exports carry it.
    pub(crate) fn group(mut self, id: &'static str) -> Self {
        self.0.error_group = Some(id);
        self
    }

    /// A joiner or a frame of an event whose head is elsewhere.
    pub(crate) fn attached(mut self) -> Self {
        self.0.role = Role::Attached;
        self
    }

    /// A request row: log and severity follow from the status, as Cloud Run derives them.
    pub(crate) fn http(mut self, http: Http) -> Self {
        let severity = match http.status {
            500.. => Severity::Error,
            400..=499 => Severity::Warning,
            _ => Severity::Info,
        };
        self.0.http = Some(http);
        self.log(Log::Requests).severity(severity)
    }
}
