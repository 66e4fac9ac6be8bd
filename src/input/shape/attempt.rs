//! What Cloud Scheduler and Cloud Tasks write about an attempt to call a program: when it was made, and what came of it.
//!
//! Sources: <https://cloud.google.com/scheduler/docs/logging>, <https://cloud.google.com/tasks/docs/logging>.

use std::borrow::Cow;

use super::super::json::Value;
use super::{first_text, host_and_path, upper};
use crate::record::LogRecord;

/// What the type of a payload begins with, behind `type.googleapis.com/`.
const TYPES: [&str; 2] = ["google.cloud.scheduler.logging.", "google.cloud.tasks.logging."];

/// Keys of which a payload of Cloud Tasks has one, and what happened.
const TASKS: [(&str, &str); 3] = [
    ("taskCreationLog", "TaskCreation"),
    ("attemptDispatchLog", "AttemptDispatch"),
    ("attemptResponseLog", "AttemptResponse"),
];

/// Whether the type of a payload is one of theirs.
pub(super) fn is_type(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    TYPES.iter().any(|known| name.starts_with(known))
}

/// Fills message and request: `AttemptFinished UNAVAILABLE: why (https://shop.example/sync)`.
pub(super) fn map<'a>(payload: Value<'a>, record: &mut LogRecord<'a>) {
    let task = TASKS.into_iter().find_map(|(key, name)| Some((payload.some(key)?, name)));
    let kind = first_text(payload, &["@type", "at_sign_type", "type"]).unwrap_or_default();
    let (said, name) = task.unwrap_or_else(|| (payload, kind.rsplit('.').next().unwrap_or_default()));
    let target = first_text(said, &["targetAddress", "url", "pubsubTopic", "appEngineHttpTarget.relativeUri"]);
    let mut message = name.to_owned();
    if let Some(status) = first_text(said, &["status"]) {
        message.push(' ');
        message.push_str(&status);
    }
    if let Some(why) = first_text(said, &["debugInfo", "statusMessage"]) {
        message.push_str(": ");
        message.push_str(&why);
    }
    if let Some(target) = &target {
        message.push_str(" (");
        message.push_str(target);
        message.push(')');
    }
    record.message = Cow::Owned(message);
    let Some(target) = target.filter(|target| target.contains("://")) else { return };
    // Cloud Tasks writes the method before the address.
    let (method, url) = match target.split_once(' ') {
        Some((method, url)) => (Some(upper(method.to_owned().into())), url.to_owned().into()),
        None => (first_text(said, &["httpMethod"]).map(upper), target),
    };
    let http = record.http.get_or_insert_default();
    let (host, path) = host_and_path(url);
    http.method = http.method.take().or(method);
    http.host = http.host.take().or(host);
    http.path = http.path.take().or(path);
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    /// An entry of a resource with a payload.
    fn row(resource: &str, severity: &str, payload: &str) -> crate::record::LogRecord<'static> {
        map(&format!(
            r#"{{"insertId":"a","timestamp":"2025-09-01T10:00:00Z","severity":"{severity}","httpRequest":{{"status":503}},
            "logName":"projects/p/logs/x","resource":{resource},"jsonPayload":{payload}}}"#
        ))
    }

    #[test]
    fn an_attempt_of_a_scheduler_says_what_came_of_it() {
        let resource = r#"{"type":"cloud_scheduler_job","labels":{"job_id":"nightly"}}"#;
        let ended = row(
            resource,
            "ERROR",
            r#"{"@type":"type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished","debugInfo":"no answer","jobName":"projects/p/locations/eu/jobs/nightly","status":"UNAVAILABLE","targetType":"HTTP","url":"https://shop.example/sync?all=1"}"#,
        );
        assert_eq!(ended.message, "AttemptFinished UNAVAILABLE: no answer (https://shop.example/sync?all=1)");
        assert_eq!((ended.kind, ended.severity), (Kind::System, Severity::Error));
        assert_eq!(ended.service.as_deref(), Some("nightly"));
        let http = ended.http.expect("http");
        assert_eq!(
            (http.host.as_deref(), http.path.as_deref(), http.status),
            (Some("shop.example"), Some("/sync"), Some(503))
        );
        let begun = row(
            resource,
            "INFO",
            r#"{"@type":"type.googleapis.com/google.cloud.scheduler.logging.AttemptStarted","scheduledTime":"2025-09-01T10:00:00Z","targetType":"PUB_SUB","pubsubTopic":"projects/p/topics/t"}"#,
        );
        assert_eq!((begun.message.as_ref(), begun.kind), ("AttemptStarted (projects/p/topics/t)", Kind::System));
    }

    #[test]
    fn an_attempt_of_a_queue_says_what_came_of_it() {
        let row = row(
            r#"{"type":"cloud_tasks_queue","labels":{"queue_id":"mail"}}"#,
            "ERROR",
            r#"{"@type":"type.googleapis.com/google.cloud.tasks.logging.v1.TaskActivityLog","task":"projects/p/locations/eu/queues/mail/tasks/7","attemptResponseLog":{"attemptDuration":"0.1s","dispatchCount":"3","status":"UNAVAILABLE","targetAddress":"POST https://shop.example/mail/7","targetType":"HTTP"}}"#,
        );
        assert_eq!(row.message, "AttemptResponse UNAVAILABLE (POST https://shop.example/mail/7)");
        assert_eq!((row.kind, row.service.as_deref()), (Kind::System, Some("mail")));
        let http = row.http.expect("http");
        assert_eq!((http.method.as_deref(), http.path.as_deref()), (Some("POST"), Some("/mail/7")));
    }

    #[test]
    fn a_status_alone_is_no_request_and_hides_no_payload() {
        let resource = r#"{"type":"global","labels":{}}"#;
        let row = row(resource, "ERROR", r#"{"reason":"no stock","status":"failed"}"#);
        assert_eq!((row.message.as_ref(), row.kind), (r#"{"reason":"no stock","status":"failed"}"#, Kind::App));
    }
}
