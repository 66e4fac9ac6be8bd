//! Log records of OpenTelemetry as stores keep them: documents of Elastic (`body.text`, `resource.attributes`) and rows of
//! ClickHouse's table `otel_logs` (`Body`, `ResourceAttributes`).
//!
//! The fields are those of OTLP with plain attributes, nested or dotted. Sources:
//! <https://www.elastic.co/docs/reference/opentelemetry/compatibility/data-streams>,
//! <https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/clickhouseexporter>.

use super::generic::fill;
use super::{Row, Shape, nested, otlp};
use crate::record::LogRecord;

/// See the module.
pub(super) struct OtelRow;

impl Shape for OtelRow {
    fn keys(&self) -> &'static [&'static str] {
        &["body", "body.text", "Body"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let has = |keys: &[&str]| keys.iter().any(|key| value.some(key).is_some());
        let body =
            value.some("body").is_some_and(|body| ["text", "structured"].iter().any(|key| body.get(key).is_some()));
        let beside = has(&["severity_text", "severity_number", "observed_timestamp"])
            || value.path("resource.attributes").is_some();
        has(&["@timestamp"]) && (body && beside || has(&["body.text"]))
            || has(&["Timestamp"]) && has(&["SeverityText", "SeverityNumber"]) && has(&["ServiceName", "LogAttributes"])
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        if ["severity_text", "severity_number", "SeverityText", "SeverityNumber"]
            .iter()
            .any(|key| value.some(key).is_some())
        {
            otlp::severity_of(value, record);
        }
        // A body that is an object is what a program logged.
        let body = value.some("body").and_then(|body| body.some("structured")).filter(|body| body.is_object());
        if let Some(body) = body {
            let told = nested::fill_from(body, record);
            record.message = told.map_or_else(|| body.raw().into(), Into::into);
        }
        let zero = |id: &str| id.bytes().all(|b| b == b'0');
        record.trace = record.trace.take().filter(|id| !zero(id));
        record.span = record.span.take().filter(|id| !zero(id));
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn documents_of_elastic_are_records() {
        let stack = r"E: x\n    at f (a.js:1:1)";
        for (text, attributes) in [
            (
                r#""body":{"text":"no stock"},"resource":{"attributes":{"service.name":"till","k8s.pod.name":"p"}},"scope":{"name":"shop.cart"}"#,
                format!(r#""attributes":{{"exception.type":"E","exception.stacktrace":"{stack}","user.id":"u"}}"#),
            ),
            (
                r#""body.text":"no stock","resource.attributes.service.name":"till","resource.attributes.k8s.pod.name":"p","scope.name":"shop.cart""#,
                format!(r#""attributes":{{"exception":{{"type":"E","stacktrace":"{stack}"}},"user":{{"id":"u"}}}}"#),
            ),
        ] {
            let row = map(&format!(
                r#"{{"@timestamp":"2024-01-02T03:04:05.678Z","severity_text":"ERROR","severity_number":17,{text},{attributes},"trace_id":"0af7651916cd43dd8448eb211c80319c"}}"#
            ));
            assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no stock\nE: x\n    at f (a.js:1:1)"));
            assert_eq!(
                (row.service.as_deref(), row.instance.as_deref(), row.module.as_deref(), row.user.as_deref()),
                (Some("till"), Some("p"), Some("shop.cart"), Some("u"))
            );
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        }
        let row = map(
            r#"{"@timestamp":"2024-01-02T03:04:05Z","severity_text":"WARN","body":{"structured":{"message":"slow","a":1}},"resource":{"attributes":{"service.name":"till"}}}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Warning, "slow"));
    }

    #[test]
    fn rows_of_clickhouse_are_records() {
        let row = map(
            r#"{"Timestamp":"2024-01-02 03:04:05.123456789","TraceId":"0af7651916cd43dd8448eb211c80319c","SpanId":"0000000000000000","SeverityText":"","SeverityNumber":13,"ServiceName":"till","Body":"no stock","ResourceAttributes":{"service.version":"1.2.3","host.name":"h"},"ScopeName":"shop.cart","LogAttributes":{"user.id":"u","exception.type":"E","exception.stacktrace":"E: x\n    at f (a.js:1:1)"}}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Warning, "no stock\nE: x\n    at f (a.js:1:1)"));
        assert_eq!(
            (row.service.as_deref(), row.revision.as_deref(), row.instance.as_deref(), row.user.as_deref()),
            (Some("till"), Some("1.2.3"), Some("h"), Some("u"))
        );
        assert_eq!((row.span, row.module.as_deref()), (None, Some("shop.cart")));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.123456789Z"));
    }
}
