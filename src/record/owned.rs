//! A record that outlives the row it was read from.
//!
//! Needed only where a row is written out anew before it is mapped, and by tests: the hot path never copies.

use std::borrow::Cow;

use super::{Http, LogRecord, Split};

impl LogRecord<'_> {
    /// The same record with texts of its own.
    pub fn into_owned(self) -> LogRecord<'static> {
        LogRecord {
            ts_ns: self.ts_ns,
            ts_source: own(self.ts_source),
            ts_naive: self.ts_naive,
            receive_ns: self.receive_ns,
            severity: self.severity,
            severity_unknown: self.severity_unknown,
            effective_severity: self.effective_severity,
            effective_reason: self.effective_reason,
            kind: self.kind,
            message: self.message.into_owned().into(),
            project: own(self.project),
            service: own(self.service),
            resource_type: own(self.resource_type),
            location: own(self.location),
            revision: own(self.revision),
            instance: own(self.instance),
            trace: own(self.trace),
            span: own(self.span),
            insert_id: own(self.insert_id),
            log_name: own(self.log_name),
            module: own(self.module),
            function: own(self.function),
            line: self.line,
            user: own(self.user),
            http: self.http.map(|http| Http {
                method: own(http.method),
                host: own(http.host),
                path: own(http.path),
                status: http.status,
                latency_ns: http.latency_ns,
            }),
            labels: own(self.labels),
            split: self.split.map(|split| Split {
                uid: split.uid.into_owned().into(),
                index: split.index,
                total: split.total,
            }),
            deploy: self.deploy,
            payload_rank: self.payload_rank,
            lossy: self.lossy,
            payload_hash: self.payload_hash,
            identity: self.identity,
            content_hash: self.content_hash,
            set_aside: self.set_aside,
            raw: self.raw.into_owned().into(),
            offset: self.offset,
            length: self.length,
        }
    }
}

fn own(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}
