//! Kubernetes events, as `kubectl get events -o json` lists them, of either API (`v1`, `events.k8s.io/v1`).
//!
//! Who reports is the service, what it reports of the instance; an event that came several times has the time of the last.
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>.

use std::borrow::Cow;

use super::super::json::Value;
use super::{INNER_LEVEL, Row, Shape, first_text, imply, severity, take_first_time};
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
        is_event(row.value())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        take_first_time(record, value, &TIMES);
        if let Some(word) = value.some("type") {
            imply(record, type_of(word).or_else(|| severity(word)), "type of the event");
        }
        record.insert_id = first_text(value, &["metadata.uid"]);
        record.project = first_text(value, &["involvedObject.namespace", "regarding.namespace", "metadata.namespace"]);
        fill(value, record);
    }
}

/// The severity of the types that there are.
fn type_of(word: Value<'_>) -> Option<Severity> {
    match word.as_str()?.as_ref() {
        "Normal" => Some(Severity::Info),
        "Warning" => Some(Severity::Warning),
        _ => None,
    }
}

/// Whether an object is an event. Operators log the objects that they act on: only an event has such times.
pub(super) fn is_event(value: Value<'_>) -> bool {
    let has = |key: &str| value.path(key).is_some();
    let is_event = value.some("kind").and_then(Value::as_str).as_deref() == Some("Event");
    has("reason")
        && (has("involvedObject.kind") || has("regarding.kind"))
        && (is_event
            // A program that logs of an event has words of its own.
            || !has("level")
                && !has("msg")
                && ["firstTimestamp", "lastTimestamp", "deprecatedLastTimestamp", "eventTime"].into_iter().any(has))
}

/// Fills an entry of Cloud Logging from an event of one of its clusters: what the entry says itself counts more.
pub(super) fn of_entry<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    imply(record, value.some("type").and_then(type_of), INNER_LEVEL);
    let resource_type = record.resource_type.take();
    fill(value, record);
    record.resource_type = resource_type.or(record.resource_type.take());
}

/// Fills what an event says, but for its time, its id, its place and its severity.
pub(super) fn fill<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    record.kind = Kind::System;
    let reason = first_text(value, &["reason"]);
    record.message = match (reason.clone(), first_text(value, &["message", "note"])) {
        (Some(reason), Some(said)) if !said.starts_with(&*reason) => Cow::Owned(format!("{reason}: {said}")),
        (reason, said) => said.or(reason).unwrap_or_default(),
    };
    record.module = reason;
    let component = first_text(
        value,
        &["source.component", "reportingComponent", "reportingController", "deprecatedSource.component"],
    );
    record.service = component.or(record.service.take());
    record.instance = first_text(value, &["involvedObject.name", "regarding.name"]).or(record.instance.take());
    record.resource_type = first_text(value, &["involvedObject.kind", "regarding.kind"]);
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
            assert_eq!((row.ts_ns, row.severity), (Some(1_704_067_209_000_000_000), Severity::Default));
            assert_eq!(row.effective_severity, Severity::Warning);
            assert_eq!(
                (row.message.as_ref(), row.kind, row.insert_id.as_deref()),
                ("BackOff: Back-off", Kind::System, Some("u"))
            );
            assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("kubelet"), Some("till-1")));
            assert_eq!((row.project.as_deref(), row.module.as_deref()), (Some("shop"), Some("BackOff")));
        }
        let exported = |envelope: &str| {
            map(&format!(
                r#"{{"insertId":"a","timestamp":"2024-01-01T00:00:10Z",{envelope}"logName":"projects/p/logs/events",
                "resource":{{"type":"k8s_pod","labels":{{"pod_name":"till-1","namespace_name":"shop","project_id":"p"}}}},
                "jsonPayload":{{"apiVersion":"v1","kind":"Event","type":"Warning","reason":"BackOff","message":"Back-off","source":{{"component":"kubelet"}},
                "involvedObject":{{"kind":"Pod","name":"till-1","namespace":"shop"}},"metadata":{{"uid":"u"}},"lastTimestamp":"2024-01-01T00:00:09Z"}}}}"#
            ))
        };
        for (envelope, severity) in [(r#""severity":"WARNING","#, Severity::Warning), ("", Severity::Default)] {
            let row = exported(envelope);
            assert_eq!((row.severity, row.effective_severity), (severity, Severity::Warning));
            assert_eq!((row.message.as_ref(), row.kind), ("BackOff: Back-off", Kind::System));
            assert_eq!((row.service.as_deref(), row.instance.as_deref()), (Some("kubelet"), Some("till-1")));
            assert_eq!((row.project.as_deref(), row.resource_type.as_deref()), (Some("p"), Some("k8s_pod")));
            assert_eq!((row.insert_id.as_deref(), row.ts_ns), (Some("a"), Some(1_704_067_210_000_000_000)));
        }
        let calm =
            map(r#"{"kind":"Event","type":"Normal","reason":"Pulled","message":"x","regarding":{"kind":"Pod"}}"#);
        assert_eq!((calm.effective_severity, calm.ts_ns), (Severity::Info, None));
        let other = map(
            r#"{"level":"error","ts":"2024-01-02T03:04:05Z","msg":"cannot patch","service":"op","reason":"Conflict","involvedObject":{"kind":"Pod","name":"x"}}"#,
        );
        assert_eq!(
            (other.kind, other.message.as_ref(), other.service.as_deref()),
            (Kind::App, "cannot patch", Some("op"))
        );
    }
}
