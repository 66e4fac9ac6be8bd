//! AWS CloudTrail: who called what, as `lookup-events` prints it and as `Records` of its files.
//!
//! `lookup-events` has the whole event as JSON inside a string. An event names no severity; an error code implies one. Source:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use std::borrow::Cow;

use super::super::json::{Tape, Value};
use super::generic::fill;
use super::{Row, Shape, first_text, imply, text};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct CloudTrail;

impl Shape for CloudTrail {
    fn keys(&self) -> &'static [&'static str] {
        &["CloudTrailEvent", "eventVersion", "EventName"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        value.some("CloudTrailEvent").is_some()
            || value.some("eventName").is_some() && value.some("eventSource").is_some()
            || value.some("EventName").is_some() && value.some("EventSource").is_some()
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        record.kind = Kind::Audit;
        record.http = None;
        record.insert_id = first_text(value, &["eventID", "EventId"]);
        record.service = first_text(value, &["eventSource", "EventSource"]);
        record.function = first_text(value, &["eventName", "EventName"]);
        record.user = first_text(value, &["Username"]);
        record.message = record.function.clone().unwrap_or_default();
        event(value, record);
        if let Some(inner) = value.some("CloudTrailEvent").and_then(text) {
            let mut tape = Tape::default();
            if let Ok(object) = tape.parse(&inner) {
                let mut told = LogRecord { message: record.message.to_string().into(), ..LogRecord::default() };
                event(object, &mut told);
                let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
                record.user = record.user.take().or_else(|| owned(told.user));
                record.project = owned(told.project);
                record.location = owned(told.location);
                record.message = told.message.into_owned().into();
                imply(record, told.effective_reason.map(|_| told.effective_severity), ERROR_CODE);
            }
        }
    }
}

/// Why an event counts as an error.
const ERROR_CODE: &str = "error code";

/// What the event itself says.
fn event<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    let said = |keys: &[&str]| first_text(value, keys);
    record.user = record.user.take().or_else(|| {
        said(&["userIdentity.userName", "userIdentity.arn", "userIdentity.principalId", "userIdentity.type"])
    });
    record.project = said(&["recipientAccountId", "userIdentity.accountId"]);
    record.location = said(&["awsRegion"]);
    let Some(code) = said(&["errorCode"]) else { return };
    let why = said(&["errorMessage"]).map(|why| format!(": {why}")).unwrap_or_default();
    record.message = format!("{} {code}{why}", record.message).into();
    imply(record, Some(Severity::Error), ERROR_CODE);
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;
    use crate::record::Identity;
    use crate::time::rfc3339_short;

    #[test]
    fn both_forms_of_an_event_give_the_same_row() {
        let file = map(
            r#"{"eventVersion":"1.08","eventTime":"2024-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","eventID":"e1","errorCode":"AccessDenied","errorMessage":"no","userIdentity":{"type":"IAMUser","userName":"ann"},"recipientAccountId":"12"}"#,
        );
        let lookup = map(
            r#"{"EventId":"e1","EventName":"GetObject","EventTime":"2024-01-01T11:00:00+11:00","EventSource":"s3.amazonaws.com","CloudTrailEvent":"{\"errorCode\":\"AccessDenied\",\"errorMessage\":\"no\",\"awsRegion\":\"eu-west-1\",\"userIdentity\":{\"userName\":\"ann\"},\"recipientAccountId\":\"12\"}"}"#,
        );
        let short = map(
            r#"{"EventId":"e1","EventName":"GetObject","EventTime":1704067200,"EventSource":"s3.amazonaws.com","Username":"ann"}"#,
        );
        assert_eq!([file.identity, short.identity], [Identity::Content; 2], "no id of Google's");
        let google = map(r#"{"insertId":"e1","timestamp":"2024-01-01T00:00:00Z","textPayload":"x"}"#);
        assert_eq!(google.identity, Identity::Id);
        assert_eq!(
            (short.kind, short.message.as_ref(), short.user.as_deref()),
            (Kind::Audit, "GetObject", Some("ann"))
        );
        for row in [file, lookup] {
            assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-01T00:00:00Z"));
            assert_eq!(
                (row.kind, row.severity, row.effective_severity),
                (Kind::Audit, Severity::Default, Severity::Error)
            );
            assert_eq!((row.message.as_ref(), row.user.as_deref()), ("GetObject AccessDenied: no", Some("ann")));
            assert_eq!((row.insert_id.as_deref(), row.location.as_deref()), (Some("e1"), Some("eu-west-1")));
            assert_eq!((row.service.as_deref(), row.project.as_deref()), (Some("s3.amazonaws.com"), Some("12")));
        }
    }
}
