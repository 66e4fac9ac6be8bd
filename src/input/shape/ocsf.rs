//! OCSF events: what the schema's numbers imply where words are missing.
//!
//! A severity such as `High` is no log level; its number implies one. Source: <https://schema.ocsf.io/>.

use super::generic::fill;
use super::{Row, Shape, first_text, imply};
use crate::record::{Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Ocsf;

impl Shape for Ocsf {
    fn keys(&self) -> &'static [&'static str] {
        &["class_uid", "severity_id"]
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        record.kind = Kind::Audit;
        let said = |keys: &[&str]| first_text(value, keys);
        let level = match value.some("severity_id").and_then(super::super::json::Value::as_i64) {
            Some(1) => Some(Severity::Info),
            Some(2) => Some(Severity::Notice),
            Some(3) => Some(Severity::Warning),
            Some(4) => Some(Severity::Error),
            Some(5) => Some(Severity::Critical),
            Some(6) => Some(Severity::Emergency),
            _ => None,
        };
        imply(record, level, "severity_id");
        record.insert_id = said(&["metadata.uid"]);
        record.service =
            said(&["api.service.name", "metadata.product.name", "app_name"]).or_else(|| record.service.take());
        record.project = said(&["cloud.account.uid", "cloud.project_uid"]);
        record.user = said(&["actor.user.name", "actor.user.uid", "user.name"]);
        record.function = said(&["api.operation"]);
        if let Some(text) = said(&["message", "activity_name", "type_name", "class_name"]) {
            record.message = text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn the_number_tells_how_bad_an_event_is() {
        let row = map(
            r#"{"time":1704067200000,"class_uid":3002,"severity":"High","severity_id":4,"activity_name":"Logon","metadata":{"uid":"m","product":{"name":"idp"}},"actor":{"user":{"name":"ann"}}}"#,
        );
        assert_eq!(
            (row.severity, row.severity_unknown, row.effective_severity),
            (Severity::Default, true, Severity::Error)
        );
        assert_eq!(row.insert_id.as_deref(), Some("m"));
        assert_eq!(
            (row.message.as_ref(), row.service.as_deref(), row.user.as_deref()),
            ("Logon", Some("idp"), Some("ann"))
        );
        let row =
            map(r#"{"time":1704067200000,"class_uid":1,"severity":"Informational","severity_id":4,"message":"m"}"#);
        assert_eq!(row.effective_severity, Severity::Info);
    }
}
