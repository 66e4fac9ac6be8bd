//! AWS WAF: requests that a web ACL let pass or not.
//!
//! A row says what was asked, which rule ended the evaluation and what it did; the status is there only where the rule answered
//! itself. Source: <https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html>.

use super::super::json::Value;
use super::arn::{self, ACCOUNT, REGION, RESOURCE};
use super::{LOGGED_AT, Row, Shape, first_text, host_and_path, imply, is_logged, part, take_first_time, text, upper};
use crate::record::{Http, Kind, LogRecord, Severity};

/// See the module.
pub(super) struct Waf;

const ACTIONS: [&str; 6] = ["ALLOW", "BLOCK", "COUNT", "CAPTCHA", "CHALLENGE", "EXCLUDED_AS_COUNT"];

impl Shape for Waf {
    fn keys(&self) -> &'static [&'static str] {
        &["webaclId"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let value = row.value();
        let action = value.some("action").and_then(Value::as_str);
        action.is_some_and(|action| ACTIONS.contains(&&*action))
            && value.some("httpRequest").is_some_and(Value::is_object)
            && !is_logged(value, &LOGGED_AT)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let said = |keys: &[&str]| first_text(value, keys);
        take_first_time(record, value, &["timestamp"]);
        record.kind = Kind::Request;
        let acl = said(&["webaclId"]);
        let named = |at| acl.as_ref().and_then(|acl| arn::field(acl, at));
        (record.location, record.project) = (named(REGION), named(ACCOUNT));
        // `regional/webacl/shop/0a1b…`: scope, type, name, id.
        let name = named(RESOURCE).map(|path| part(path, |path| path.split('/').nth(2).unwrap_or_default()));
        record.service = name.filter(|name| !name.is_empty()).or_else(|| acl.clone());
        record.instance = said(&["httpSourceId", "httpSourceName"]);
        record.trace = said(&["httpRequest.requestId"]);
        let action = said(&["action"]).unwrap_or_default();
        record.message = match said(&["terminatingRuleId"]) {
            Some(rule) => format!("{action} {rule}").into(),
            None => action.clone(),
        };
        let (host, path) = said(&["httpRequest.uri"]).map_or((None, None), host_and_path);
        record.http = Some(Http {
            method: said(&["httpRequest.httpMethod"]).map(upper),
            host: host.or_else(|| said(&["httpRequest.host"])).or_else(|| header(value)),
            path,
            status: value
                .some("responseCodeSent")
                .and_then(Value::as_i64)
                .and_then(|code| i32::try_from(code).ok())
                .filter(|code| (100..600).contains(code)),
            latency_ns: None,
        });
        imply(record, (action == "BLOCK").then_some(Severity::Warning), "action of the firewall");
    }
}

/// The host that was asked for, among the headers.
fn header(value: Value<'_>) -> Option<std::borrow::Cow<'_, str>> {
    let headers = value.path("httpRequest.headers")?;
    let host = headers.items().find(|header| {
        header.some("name").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case("host"))
    });
    host?.some("value").and_then(text)
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;

    #[test]
    fn a_request_that_was_stopped_names_the_rule() {
        let of = |action: &str, code: &str| {
            map(&format!(
                r#"{{"timestamp":1704164645678,"formatVersion":1,"webaclId":"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/0a","terminatingRuleId":"SqlInjection","terminatingRuleType":"REGULAR","action":"{action}","httpSourceName":"ALB","httpSourceId":"123456789012-app/till/0b","ruleGroupList":[{{"a":1}}],"responseCodeSent":{code},"httpRequest":{{"clientIp":"10.2.3.4","headers":[{{"name":"host","value":"till.example"}}],"uri":"/a","args":"x=1","httpMethod":"GET","requestId":"1-2"}},"labels":[{{"name":"awswaf:x"}}]}}"#
            ))
        };
        let row = of("BLOCK", "403");
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        assert_eq!((row.kind, row.message.as_ref()), (Kind::Request, "BLOCK SqlInjection"));
        assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Warning));
        assert_eq!((row.service.as_deref(), row.trace.as_deref()), (Some("shop"), Some("1-2")));
        assert_eq!((row.project.as_deref(), row.location.as_deref()), (Some("123456789012"), Some("eu-west-1")));
        let http = row.http.expect("http");
        assert_eq!((http.method.as_deref(), http.host.as_deref()), (Some("GET"), Some("till.example")));
        assert_eq!((http.path.as_deref(), http.status), (Some("/a"), Some(403)));
        let row = of("ALLOW", "null");
        assert_eq!((row.effective_severity, row.http.and_then(|http| http.status)), (Severity::Default, None));
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        for action in ["sync", "BLOCK"] {
            let row = map(&format!(
                r#"{{"timestamp":"2024-01-02T03:04:06Z","level":"error","message":"waf sync failed","service":"s","action":"{action}","webaclId":"x","httpRequest":{{"requestMethod":"GET","status":500}}}}"#
            ));
            assert_eq!((row.kind, row.message.as_ref(), row.severity), (Kind::App, "waf sync failed", Severity::Error));
            assert_eq!(row.service.as_deref(), Some("s"));
        }
    }
}
