//! Kubernetes events, as `kubectl get events -o json` lists them, of either API (`v1`, `events.k8s.io/v1`).
//!
//! Who reports is the service, what it reports of the instance; an event that came several times has the time of the last.
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>.

use super::super::json::Value;
use super::{Row, Shape, first_text, take_severity, take_time};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct KubernetesEvent;

/// Where the time of the last occurrence stands, most telling first.
const TIMES: [&str; 6] = [
    "series.lastObservedTime",
    "lastTimestamp",
    "deprecatedLastTimestamp",
    "eventTime",
    "firstTimestamp",
    "metadata.creationTimestamp",
];

impl Shape for KubernetesEvent {
    fn keys(&self) -> &'static [&'static str] {
        &["involvedObject", "regarding"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        // Operators log the objects that they act on: only an event has such times.
        let value = row.value();
        let has = |key: &str| value.path(key).is_some();
        let is_event = value.some("kind").and_then(Value::as_str).as_deref() == Some("Event");
        has("reason")
            && (has("involvedObject.kind") || has("regarding.kind"))
            && (is_event
                || ["firstTimestamp", "lastTimestamp", "deprecatedLastTimestamp", "eventTime"].into_iter().any(has))
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        if let Some((name, time)) =
            TIMES.iter().find_map(|name| Some((*name, value.path(name).filter(|at| !at.is_null())?)))
        {
            take_time(record, name, time);
        }
        match value.some("type") {
            Some(word) if word.as_str().as_deref() == Some("Normal") => record.severity = Severity::Info,
            Some(word) => take_severity(record, word),
            None => {}
        }
        record.kind = Kind::System;
        record.insert_id = first_text(value, &["metadata.uid"]);
        record.message = first_text(value, &["message", "note", "reason"]).unwrap_or_default();
        record.service = first_text(
            value,
            &["source.component", "reportingComponent", "reportingController", "deprecatedSource.component"],
        );
        record.instance = first_text(value, &["involvedObject.name", "regarding.name"]);
        record.project = first_text(value, &["involvedObject.namespace", "regarding.namespace", "metadata.namespace"]);
        record.resource_type = first_text(value, &["involvedObject.kind", "regarding.kind"]);
        record.module = first_text(value, &["reason"]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn events_of_both_apis_say_who_reports_what_of_whom() {
        let core = map(
            r#"{"kind":"Event","type":"Warning","reason":"BackOff","message":"Back-off","count":12,"eventTime":null,"firstTimestamp":"2024-01-01T00:00:00Z","lastTimestamp":"2024-01-01T00:00:09Z","source":{"component":"kubelet"},"involvedObject":{"kind":"Pod","name":"till-1","namespace":"shop"},"metadata":{"uid":"u"}}"#,
        );
        let events = map(
            r#"{"kind":"Event","type":"Warning","reason":"BackOff","note":"Back-off","eventTime":"2024-01-01T00:00:00.000001Z","series":{"count":3,"lastObservedTime":"2024-01-01T00:00:09Z"},"reportingController":"kubelet","regarding":{"kind":"Pod","name":"till-1","namespace":"shop"},"metadata":{"uid":"u"}}"#,
        );
        for row in [&core, &events] {
            assert_eq!((row.ts_ns, row.severity), (Some(1_704_067_209_000_000_000), Severity::Warning));
            assert_eq!(
                (row.message.as_ref(), row.kind, row.insert_id.as_deref()),
                ("Back-off", Kind::System, Some("u"))
            );
            assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("kubelet"), Some("till-1")));
            assert_eq!((row.project.as_deref(), row.module.as_deref()), (Some("shop"), Some("BackOff")));
        }
        let calm =
            map(r#"{"kind":"Event","type":"Normal","reason":"Pulled","message":"x","regarding":{"kind":"Pod"}}"#);
        assert_eq!((calm.severity, calm.ts_ns), (Severity::Info, None));
        let other = map(
            r#"{"level":"error","ts":"2024-01-02T03:04:05Z","msg":"cannot patch","service":"op","reason":"Conflict","involvedObject":{"kind":"Pod","name":"x"}}"#,
        );
        assert_eq!(
            (other.kind, other.message.as_ref(), other.service.as_deref()),
            (Kind::App, "cannot patch", Some("op"))
        );
    }
}
