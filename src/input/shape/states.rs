//! AWS Step Functions: events of an execution, as `get-execution-history` prints them and as a log group gets them.
//!
//! What an event tells stands under a key that its type names; the cause of a failure may be the error of a function as JSON.
//! Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>.

use super::super::json::Tape;
use super::arn::{self, ACCOUNT, REGION, RESOURCE};
use super::{LOGGED_AT, Row, Shape, first_text, frames, imply, is_logged, part, take_first_time};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct StepFunctions;

impl Shape for StepFunctions {
    fn keys(&self) -> &'static [&'static str] {
        &["previousEventId", "previous_event_id"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |keys: [&str; 3]| keys.iter().all(|key| row.value().some(key).is_some());
        (has(["previousEventId", "timestamp", "type"]) || has(["previous_event_id", "execution_arn", "type"]))
            && !is_logged(row.value(), &LOGGED_AT)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let said = |keys: &[&str]| first_text(value, keys);
        take_first_time(record, value, &["timestamp", "event_timestamp"]);
        record.kind = Kind::System;
        if let Some(execution) = said(&["execution_arn"]) {
            record.location = arn::field(&execution, REGION);
            record.project = arn::field(&execution, ACCOUNT);
            // `execution:till:run-7`, with one more name where the execution is an express one.
            record.service = arn::field(&execution, RESOURCE)
                .map(|resource| part(resource, |resource| resource.split(':').nth(1).unwrap_or_default()))
                .filter(|machine| !machine.is_empty());
            record.trace = Some(execution);
        }
        let kind = said(&["type"]).unwrap_or_default();
        let is_details = |key: &[u8]| key == b"details" || key.ends_with(b"EventDetails");
        let details = value.fields().find(|(key, value)| is_details(key) && value.is_object()).map(|(_, value)| value);
        let told = |keys: &[&str]| details.and_then(|details| first_text(details, keys));
        record.function = told(&["name"]);
        let mut message = kind.to_string();
        for word in [told(&["name"]), told(&["error"])].into_iter().flatten() {
            message = format!("{message}: {word}");
        }
        if let Some(cause) = told(&["cause"]) {
            let mut tape = Tape::default();
            let error = tape.parse(&cause).ok().filter(|error| error.is_object());
            let stack = error.and_then(frames::of).or_else(|| first_text(error?, &["errorMessage", "message"]));
            message = match stack {
                Some(stack) if stack.contains('\n') => format!("{message}\n{stack}"),
                Some(stack) => format!("{message}: {stack}"),
                None => format!("{message}: {cause}"),
            };
        }
        record.message = message.into();
        let severity = match () {
            () if kind.ends_with("Failed") || kind.ends_with("TimedOut") => Some(Severity::Error),
            () if kind.ends_with("Aborted") => Some(Severity::Warning),
            () => None,
        };
        imply(record, severity, "type of the event");
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn an_event_tells_of_its_state_and_of_what_failed() {
        for (event, message, severity) in [
            (
                r#""type":"TaskFailed","taskFailedEventDetails":{"resourceType":"lambda","error":"States.TaskFailed","cause":"no stock"}"#,
                "TaskFailed: States.TaskFailed: no stock",
                Severity::Error,
            ),
            (
                r#""type":"LambdaFunctionFailed","lambdaFunctionFailedEventDetails":{"error":"OutOfStock","cause":"{\"errorMessage\":\"no stock\",\"errorType\":\"OutOfStock\",\"trace\":[\"OutOfStock: no stock\",\"    at f (/srv/a.js:1:2)\"]}"}"#,
                "LambdaFunctionFailed: OutOfStock\nOutOfStock: no stock\n    at f (/srv/a.js:1:2)",
                Severity::Error,
            ),
            (
                r#""type":"TaskStateEntered","stateEnteredEventDetails":{"name":"Pay","input":"{}"}"#,
                "TaskStateEntered: Pay",
                Severity::Default,
            ),
            (r#""type":"ExecutionAborted""#, "ExecutionAborted", Severity::Warning),
        ] {
            let row = map(&format!(r#"{{"timestamp":1704164645.678,"id":2,"previousEventId":1,{event}}}"#));
            assert_eq!((row.kind, row.message.as_ref(), row.effective_severity), (Kind::System, message, severity));
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        }
    }

    #[test]
    fn a_row_of_a_log_group_names_the_machine() {
        let row = map(
            r#"{"id":"3","type":"ExecutionFailed","details":{"error":"E","cause":"no stock"},"previous_event_id":"2","event_timestamp":"1704164645678","execution_arn":"arn:aws:states:eu-west-1:123456789012:execution:till:run-7"}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("ExecutionFailed: E: no stock", Severity::Error));
        assert_eq!((row.service.as_deref(), row.location.as_deref()), (Some("till"), Some("eu-west-1")));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        for level in ["", r#""level":"info","#] {
            let row = map(&format!(
                r#"{{"timestamp":"2024-01-02T03:04:05Z",{level}"type":"OrderFailed","previousEventId":1,"service":"es","message":"m"}}"#
            ));
            assert_eq!((row.kind, row.message.as_ref(), row.service.as_deref()), (Kind::App, "m", Some("es")));
        }
    }
}
