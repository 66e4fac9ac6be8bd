//! Netlify: rows of log drains, of traffic, functions and deploys.
//!
//! Source: <https://docs.netlify.com/monitor-sites/log-drains/>.

use super::super::json::Value;
use super::generic::fill;
use super::{Row, Shape, first_text};
use crate::record::{Kind, LogRecord};

/// See the module.
pub(super) struct Netlify;

impl Shape for Netlify {
    fn keys(&self) -> &'static [&'static str] {
        &["log_type"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        // A number is another's.
        row.value().some("site_id").and_then(Value::as_str).is_some()
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let said = |keys: &[&str]| first_text(value, keys);
        record.service = record.service.take().or_else(|| said(&["function_name", "site_name", "domain", "site_id"]));
        record.project = record.project.take().or_else(|| said(&["account_id"]));
        record.revision = record.revision.take().or_else(|| said(&["deploy_id"]));
        record.trace = record.trace.take().or_else(|| said(&["request_id"]));
        if record.message.starts_with('{') && record.http.is_some() {
            record.message = std::borrow::Cow::default();
        }
        match said(&["log_type"]).as_deref() {
            Some("deploy") => record.kind = Kind::Build,
            Some("traffic") if record.http.is_some() => record.kind = Kind::Request,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn traffic_functions_and_deploys_are_told_apart() {
        let of = |members: &str| {
            map(&format!(
                r#"{{"site_id":"s","account_id":"a","request_id":"r","timestamp":"2024-01-02T03:04:05Z",{members}}}"#
            ))
        };
        let row = of(
            r#""log_type":"traffic","level":"error","domain":"till.example","method":"GET","path":"/a?b","url":"https://till.example/a?b","status_code":502,"duration":12"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.severity), (Kind::Request, "", Severity::Error));
        assert_eq!((row.service.as_deref(), row.trace.as_deref()), (Some("till.example"), Some("r")));
        let http = row.http.expect("http");
        assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(502)));
        let row = of(r#""log_type":"functions","level":"error","function_name":"pay","message":"no stock""#);
        assert_eq!((row.kind, row.message.as_ref(), row.service.as_deref()), (Kind::App, "no stock", Some("pay")));
        let row = of(r#""log_type":"deploy","deploy_id":"d1","level":"error","message":"Build failed""#);
        assert_eq!((row.kind, row.severity, row.revision.as_deref()), (Kind::Build, Severity::Error, Some("d1")));
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        for site in ["7", r#""s""#] {
            for kind in ["application", "traffic"] {
                let row = map(&format!(
                    r#"{{"timestamp":"2024-01-02T03:04:05Z","level":"error","service":"shop","traceId":"abc","log_type":"{kind}","site_id":{site},"message":"refused"}}"#
                ));
                assert_eq!((row.kind, row.message.as_ref(), row.severity), (Kind::App, "refused", Severity::Error));
                assert_eq!((row.service.as_deref(), row.trace.as_deref()), (Some("shop"), Some("abc")));
            }
        }
    }
}
