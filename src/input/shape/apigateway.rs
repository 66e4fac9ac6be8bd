//! Amazon API Gateway: access logs, whose members users name as its documentation does.
//!
//! A variable without a value is written as a dash. Source:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>.

use std::borrow::Cow;

use super::super::json::Value;
use super::generic::fill;
use super::{LOGGED_AT, Row, Shape, first, host_and_path, http_status, is_logged, part, text, upper};
use crate::record::{Http, Kind, LogRecord};

/// See the module.
pub(super) struct ApiGateway;

impl Shape for ApiGateway {
    fn keys(&self) -> &'static [&'static str] {
        &["routeKey", "resourcePath", "requestTime", "requestTimeEpoch"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |key: &str| row.value().some(key).is_some();
        has("requestId")
            && status(row.value()).is_some()
            && is_dated(row.value())
            && (has("routeKey") || has("resourcePath") || has("httpMethod"))
            && !is_logged(row.value(), &LOGGED_AT)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        record.kind = Kind::Request;
        // `GET /a/{id}`, or `$default` for whatever has no route.
        let route = said(value, &["routeKey"]).filter(|route| route.contains(' '));
        let of_route =
            |at: usize| route.clone().map(|route| part(route, |text| text.split(' ').nth(at).unwrap_or_default()));
        let (_, path) = said(value, &["resourcePath"])
            .or_else(|| of_route(1))
            .or_else(|| said(value, &["path", "proxy"]))
            .map_or((None, None), host_and_path);
        record.http = Some(Http {
            method: said(value, &["httpMethod"]).or_else(|| of_route(0)).map(upper),
            host: said(value, &["domainName", "domain"]),
            path,
            status: status(value),
            latency_ns: record.http.take().and_then(|http| http.latency_ns).or_else(|| {
                let ms = said(value, &["responseLatency", "integrationLatency"])?.parse::<i64>().ok()?;
                ms.checked_mul(1_000_000)
            }),
        });
        let errors = [
            "integrationErrorMessage",
            "integrationError",
            "authorizerError",
            "errorMessage",
            "error.message",
            "errorMessageString",
            "error",
        ];
        record.message = said(value, &["message", "msg"]).or_else(|| said(value, &errors)).unwrap_or_default();
        record.service = record.service.take().or_else(|| said(value, &["apiId", "domainName"]));
        let trace = record.trace.take().filter(|trace| trace != "-");
        record.trace = said(value, &["xrayTraceId"]).or(trace).or_else(|| said(value, &["requestId"]));
    }
}

/// Whether its times are as API Gateway writes them: `02/Jan/2024:03:04:05 +0000`, or milliseconds.
fn is_dated(value: Value<'_>) -> bool {
    let is =
        |key: &str, like: fn(&str) -> bool| value.some(key).and_then(Value::scalar).is_some_and(|time| like(&time));
    is("requestTime", |time| time.contains('/'))
        || is("requestTimeEpoch", |time| time.len() > 11 && time.bytes().all(|b| b.is_ascii_digit()))
}

fn status(value: Value<'_>) -> Option<i32> {
    http_status(value.some("status")?.scalar()?.parse().ok()?)
}

/// The first of several members that has a value.
fn said<'a>(value: Value<'a>, keys: &[&str]) -> Option<Cow<'a, str>> {
    keys.iter().find_map(|key| first(value, &[key]).and_then(text).filter(|text| text != "-"))
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn an_access_log_is_a_request_however_its_owner_chose_the_members() {
        for (members, method, path, status, message) in [
            (r#""httpMethod":"GET","resourcePath":"/a/{id}","status":"500""#, Some("GET"), Some("/a/{id}"), 500, ""),
            (r#""routeKey":"POST /a","status":"502","integrationErrorMessage":"-""#, Some("POST"), Some("/a"), 502, ""),
            (
                r#""httpMethod":"POST","path":"/a","status":503,"error":"-","integrationErrorMessage":"late""#,
                Some("POST"),
                Some("/a"),
                503,
                "late",
            ),
            (r#""routeKey":"$default","status":"504","integrationError":"timed out""#, None, None, 504, "timed out"),
            (
                r#""httpMethod":"GET","resourcePath":"/b","status":"504","errorMessage":"Endpoint request timed out""#,
                Some("GET"),
                Some("/b"),
                504,
                "Endpoint request timed out",
            ),
        ] {
            let text =
                format!(r#"{{"requestId":"r","ip":"10.2.3.4","requestTime":"02/Jan/2024:03:04:05 +0000",{members}}}"#);
            let inside = format!(
                r#"{{"logStreamName":"s","ingestionTime":1,"timestamp":1704164645000,"message":{}}}"#,
                serde_json::Value::from(text.as_str())
            );
            for text in [&text, &inside] {
                let row = map(text);
                assert_eq!(
                    (row.kind, row.message.as_ref(), row.effective_severity),
                    (Kind::Request, message, Severity::Error),
                    "{text}"
                );
                assert_eq!(
                    row.ts_ns.map(crate::time::rfc3339_short).as_deref(),
                    Some("2024-01-02T03:04:05Z"),
                    "{text}"
                );
                let http = row.http.expect("http");
                assert_eq!(
                    (http.method.as_deref(), http.path.as_deref(), http.status),
                    (method, path, Some(status)),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        for members in [
            r#""status":500,"requestTime":123"#,
            r#""status":200,"requestTime":"02/Jan/2024:03:04:05 +0000""#,
            r#""status":200,"requestTimeEpoch":1704164646000"#,
        ] {
            let row = map(&format!(
                r#"{{"timestamp":"2024-01-02T03:04:05Z","level":"error","service":"shop","traceId":"abc","requestId":"r1","httpMethod":"POST","message":"refused",{members}}}"#
            ));
            assert_eq!(
                (row.kind, row.severity, row.message.as_ref(), row.trace.as_deref(), row.service.as_deref()),
                (Kind::App, Severity::Error, "refused", Some("abc"), Some("shop")),
                "{members}"
            );
        }
        let row = map(
            r#"{"requestId":"r1","httpMethod":"POST","status":"500","requestTime":"02/Jan/2024:03:04:05 +0000","traceId":"abc","message":"refused"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.trace.as_deref()), (Kind::Request, "refused", Some("abc")));
    }
}
