//! Amazon EventBridge: what services of AWS and programs tell one another.
//!
//! An event has an envelope of its own, and a `detail` that is another thing with every source: a call that CloudTrail saw, a
//! row of a program's logger, or a state that something came into. Source:
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.

use std::borrow::Cow;

use super::super::json::Value;
use super::{LOGGED_AT, Row, Shape, first_text, imply, is_logged, is_uuid, nested, take_first_time};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct EventBridge;

/// Where sources put the state that something came into, and why it did.
const STATES: [&str; 9] = [
    "state.value",
    "state",
    "status",
    "lastStatus",
    "build-status",
    "deployment-status",
    "jobStatus",
    "Status",
    "eventName",
];
const REASONS: [&str; 8] = [
    "stoppedReason",
    "state.reason",
    "reason",
    "statusReason",
    "status-reason",
    "cause",
    "errorMessage",
    "additional-information.failure-reason",
];

impl Shape for EventBridge {
    fn keys(&self) -> &'static [&'static str] {
        &["detail-type"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        ["source", "time", "id", "account", "region"].iter().all(|key| value.some(key).is_some())
            && value.some("detail").is_some_and(Value::is_object)
            && !is_logged(value, &LOGGED_AT)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let said = |keys: &[&str]| first_text(value, keys);
        take_first_time(record, value, &["time"]);
        record.insert_id = said(&["id"]).filter(|id| is_uuid(id));
        record.service = said(&["source"]);
        record.project = said(&["account"]);
        record.location = said(&["region"]);
        record.module = said(&["detail-type"]);
        let kind = record.module.clone().unwrap_or_default();
        let detail = value.some("detail").unwrap_or(value);
        let told = nested::fill_from(detail, record).filter(|told| !told.is_empty() && !told.starts_with('{'));
        if record.kind == Kind::App && record.service.as_deref().is_some_and(|source| source.starts_with("aws.")) {
            record.kind = Kind::System;
        }
        let state = first_text(detail, &STATES);
        record.message = match told {
            // A call says all that there is to say of it.
            Some(told) if record.kind == Kind::Audit => told.into(),
            Some(told) => format!("{kind}: {told}").into(),
            None => {
                let words = [state.clone(), first_text(detail, &REASONS)];
                words.into_iter().flatten().fold(kind, |text, word| Cow::Owned(format!("{text}: {word}")))
            }
        };
        if record.effective_reason.is_none() {
            imply(record, state.and_then(|state| failed(&state)), "state in the event");
        }
    }
}

/// What a state means that is none to be in.
fn failed(state: &str) -> Option<Severity> {
    match &*state.to_ascii_lowercase() {
        "failed" | "failure" | "error" | "timed_out" | "timeout" | "fault" | "alarm" => Some(Severity::Error),
        "aborted" | "cancelled" | "canceled" | "degraded" => Some(Severity::Warning),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    fn event(source: &str, kind: &str, detail: &str) -> LogRecord<'static> {
        map(&format!(
            r#"{{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"{kind}","source":"{source}","account":"123456789012","time":"2024-01-02T03:04:05Z","region":"eu-west-1","resources":["arn:x"],"detail":{detail}}}"#
        ))
    }

    #[test]
    fn an_event_of_a_service_says_what_became_of_what() {
        for (kind, detail, message, severity) in [
            (
                "ECS Task State Change",
                r#"{"lastStatus":"STOPPED","stoppedReason":"Essential container in task exited","containers":[{"exitCode":1}]}"#,
                "ECS Task State Change: STOPPED: Essential container in task exited",
                Severity::Default,
            ),
            (
                "CodeBuild Build State Change",
                r#"{"build-status":"FAILED","project-name":"till"}"#,
                "CodeBuild Build State Change: FAILED",
                Severity::Error,
            ),
            (
                "CloudWatch Alarm State Change",
                r#"{"alarmName":"a","state":{"value":"ALARM","reason":"1 datapoint"}}"#,
                "CloudWatch Alarm State Change: ALARM: 1 datapoint",
                Severity::Error,
            ),
        ] {
            let row = event("aws.x", kind, detail);
            assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::System, message, severity));
            assert_eq!(row.service.as_deref(), Some("aws.x"));
            assert_eq!(row.insert_id.as_deref(), Some("6a7e8feb-b491-4cf7-a9f1-bf3703467718"));
            assert_eq!((row.project.as_deref(), row.location.as_deref()), (Some("123456789012"), Some("eu-west-1")));
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"));
        }
    }

    #[test]
    fn a_detail_that_is_a_row_is_read_as_one() {
        let row = event("shop.orders", "OrderFailed", r#"{"level":"error","message":"no stock","user_id":"7"}"#);
        assert_eq!((row.kind, row.message.as_ref()), (Kind::App, "OrderFailed: no stock"));
        assert_eq!((row.effective_severity, row.user.as_deref()), (Severity::Error, Some("7")));
        let row = event(
            "aws.s3",
            "AWS API Call via CloudTrail",
            r#"{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventName":"GetObject","errorCode":"AccessDenied","errorMessage":"no"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref()), (Kind::Audit, "GetObject AccessDenied: no"));
        assert_eq!(row.effective_severity, Severity::Error);
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        for members in ["", r#""id":"1","account":"a","region":"r","time":"2020-01-01T00:00:00Z","#] {
            let row = map(&format!(
                r#"{{"timestamp":"2024-01-02T03:04:05Z","level":"error","message":"could not handle event","detail-type":"OrderPlaced","source":"shop.orders",{members}"detail":{{"status":"ok"}},"service":"till"}}"#
            ));
            assert_eq!(
                (row.message.as_ref(), row.severity, row.service.as_deref()),
                ("could not handle event", Severity::Error, Some("till"))
            );
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"));
        }
    }
}
