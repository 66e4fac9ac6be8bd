//! Microsoft 365: rows of the unified audit log.
//!
//! Times have no zone and are UTC. What was done is the message, the result its severity. Source:
//! <https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema>.

use std::borrow::Cow;

use super::super::json::{Tape, Value};
use super::generic::fill;
use super::{LOGGED_AT, Row, Shape, first_text, imply, is_logged, is_uuid};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Microsoft365;

impl Shape for Microsoft365 {
    fn keys(&self) -> &'static [&'static str] {
        &["CreationTime", "AuditData"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        is_audit(row.value()) || found(row.value()).is_some()
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        if let Some(text) = found(row.value()) {
            let (mut tape, mut inner) = (Tape::default(), LogRecord::default());
            if let Ok(value) = tape.parse(&text) {
                read(value, &mut inner);
                if inner.ts_ns.is_none() {
                    fill(row.value(), record);
                    (inner.ts_ns, inner.ts_naive) = (record.ts_ns, record.ts_naive);
                    inner.ts_source = record.ts_source.take();
                }
                *record = inner.into_owned();
                return;
            }
        }
        read(row.value(), record);
    }
}

fn is_audit(value: Value<'_>) -> bool {
    ["Operation", "Workload"].iter().all(|key| value.some(key).is_some())
}

/// The row of the log in a row of a search, which repeats some of it.
fn found(value: Value<'_>) -> Option<Cow<'_, str>> {
    let data = value.some("AuditData").filter(|_| !is_logged(value, &LOGGED_AT))?;
    let text = if data.is_object() { data.raw().into() } else { data.as_str()? };
    let mut tape = Tape::default();
    tape.parse(&text).is_ok_and(is_audit).then_some(text)
}

fn read<'a>(value: Value<'a>, record: &mut LogRecord<'a>) {
    fill(value, record);
    record.kind = Kind::Audit;
    // An id of another form is another program's, and may count anything.
    record.insert_id = first_text(value, &["Id"]).filter(|id| is_uuid(id));
    record.function = first_text(value, &["Operation"]);
    let failed = first_text(value, &["ResultStatus"])
        .is_some_and(|status| matches!(&*status.to_ascii_lowercase(), "failed" | "failure" | "false"));
    imply(record, failed.then_some(Severity::Error), "status of the operation");
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn a_row_of_a_search_is_the_row_that_was_found() {
        let data = r#"{"CreationTime":"2024-01-01T00:00:00","Id":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9","Operation":"FileViewed","Workload":"Drive","UserId":"u","ResultStatus":"Failed"}"#;
        for data in [data.to_owned(), serde_json::Value::from(data).to_string()] {
            let row = map(&format!(
                r#"{{"RecordType":15,"CreationDate":"2024-01-01T00:00:00.0000000Z","UserIds":"u","AuditData":{data}}}"#
            ));
            assert_eq!(
                (row.kind, row.message.as_ref(), row.insert_id.as_deref()),
                (Kind::Audit, "FileViewed", Some("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"))
            );
            assert_eq!((row.effective_severity, row.service.as_deref()), (Severity::Error, Some("Drive")));
        }
    }

    #[test]
    fn an_operation_is_an_audit_row_with_its_own_id() {
        let row = map(
            r#"{"CreationTime":"2024-01-01T00:00:00","Id":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9","Operation":"FileViewed","Workload":"Drive","UserId":"u","ResultStatus":"Failed"}"#,
        );
        assert_eq!(
            (row.kind, row.message.as_ref(), row.insert_id.as_deref()),
            (Kind::Audit, "FileViewed", Some("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"))
        );
        assert_eq!((row.severity, row.effective_severity, row.ts_naive), (Severity::Default, Severity::Error, true));
        assert_eq!((row.service.as_deref(), row.user.as_deref()), (Some("Drive"), Some("u")));
    }

    #[test]
    fn an_id_of_another_form_is_no_key_of_the_entry() {
        for id in [r#""7""#, "7", r#""order-17""#, r#""0a1b2c3d4e5f60718293a4b5c6d7e8f9""#] {
            let row = map(&format!(
                r#"{{"CreationTime":"2024-01-01T00:00:00","Id":{id},"Operation":"FileViewed","Workload":"Drive"}}"#
            ));
            assert_eq!((row.kind, row.insert_id), (Kind::Audit, None), "{id}");
        }
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        let row = map(
            r#"{"timestamp":"2024-01-02T03:04:06Z","level":"error","message":"could not parse","AuditData":{"Operation":"x","Workload":"y"}}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.severity), (Kind::App, "could not parse", Severity::Error));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:06Z"));
        let row = map(r#"{"CreationDate":"2024-01-02T03:04:06Z","AuditData":{"Operation":"x","Workload":"y"}}"#);
        assert_eq!((row.kind, row.ts_ns.is_some()), (Kind::Audit, true));
    }
}
