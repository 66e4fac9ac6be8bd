//! MongoDB's own log (4.4 and later): `{"t":{"$date":…},"s":"E","c":"NETWORK","ctx":…,"msg":…,"attr":{…}}`.
//!
//! Source: <https://www.mongodb.com/docs/manual/reference/log-messages/>.

use super::generic::fill;
use super::{INNER_LEVEL, Row, Shape, first_text, imply, level};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Mongo;

impl Shape for Mongo {
    fn keys(&self) -> &'static [&'static str] {
        &["ctx"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        ["t", "s", "c"].iter().all(|key| row.value().some(key).is_some())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        imply(record, value.some("s").and_then(level::word), INNER_LEVEL);
        record.module = first_text(value, &["c"]);
        if let Some(error) =
            first_text(value, &["attr.error.errmsg", "attr.error"]).filter(|_| !record.message.is_empty())
        {
            record.message = format!("{}: {error}", record.message).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn letters_are_levels_and_components_are_modules() {
        for date in [r#""2024-01-02T03:04:05.678+00:00""#, r#"{"$numberLong":"1704164645678"}"#] {
            let row = map(&format!(
                r#"{{"t":{{"$date":{date}}},"s":"E","c":"NETWORK","id":7,"ctx":"conn1","msg":"lost","attr":{{"error":"no route"}}}}"#
            ));
            assert_eq!((row.ts_ns, row.ts_naive), (Some(1_704_164_645_678_000_000), false));
            assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
            assert_eq!((row.message.as_ref(), row.module.as_deref()), ("lost: no route", Some("NETWORK")));
        }
    }
}
