//! Flow logs of a virtual network of AWS: which address spoke with which, and whether it was let.
//!
//! Source: <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.

use super::super::json::Value;
use super::{LOGGED_AT, Row, Shape, first_text, is_logged, take_time};
use crate::record::{Kind, LogRecord};

/// See the module.
pub(super) struct Flow;

impl Shape for Flow {
    fn keys(&self) -> &'static [&'static str] {
        &["srcaddr", "log-status"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |key: &str| row.value().get(key).is_some();
        // Seconds since 1970, and one of three words.
        let is = |key: &str, like: fn(&str) -> bool| {
            row.value().some(key).and_then(Value::scalar).is_none_or(|text| text == "-" || like(&text))
        };
        has("start")
            && (has("interface-id") || has("log-status"))
            && is("start", |start| start.len() == 10 && start.bytes().all(|b| b.is_ascii_digit()))
            && is("log-status", |status| matches!(status, "OK" | "NODATA" | "SKIPDATA"))
            && !is_logged(row.value(), &LOGGED_AT)
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let said = |keys: &[&str]| first_text(value, keys).filter(|text| text != "-");
        if let Some(time) = value.get("start") {
            take_time(record, "start", time);
        }
        record.kind = Kind::System;
        record.project = said(&["account-id"]);
        record.location = said(&["region"]);
        record.service = said(&["service", "vpc-id", "interface-id"]);
        record.trace = said(&["trace_id", "traceId"]);
        record.instance = said(&["interface-id"]);
        let end = |address: &str, port: &str| {
            let address = said(&[address])?;
            Some(said(&[port]).map_or_else(|| address.to_string(), |port| format!("{address}:{port}")))
        };
        let words = [
            said(&["action"]).map(Into::into),
            said(&["protocol"]).map(|number| format!("protocol {number}")),
            end("srcaddr", "srcport"),
            end("dstaddr", "dstport").map(|end| format!("-> {end}")),
            // `NODATA`, `SKIPDATA`
            said(&["log-status"]).filter(|status| status != "OK").map(Into::into),
        ];
        let told = words.into_iter().flatten().collect::<Vec<String>>().join(" ");
        record.message = said(&["message", "msg"]).unwrap_or_else(|| told.into());
        if record.message.is_empty() {
            record.message = value.raw().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn a_flow_says_who_spoke_with_whom() {
        let of = |members: &str| {
            map(&format!(
                r#"{{"version":"2","account-id":"123456789012","interface-id":"eni-1","start":"1704164645",{members}}}"#
            ))
        };
        let row = of(
            r#""srcaddr":"10.0.0.1","dstaddr":"10.0.0.2","srcport":"20641","dstport":"22","protocol":"6","action":"REJECT","log-status":"OK""#,
        );
        assert_eq!((row.kind, row.message.as_ref()), (Kind::System, "REJECT protocol 6 10.0.0.1:20641 -> 10.0.0.2:22"));
        assert_eq!((row.effective_severity, row.service.as_deref()), (Severity::Default, Some("eni-1")));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"));
        assert_eq!(of(r#""log-status":"NODATA""#).message, "NODATA");
    }

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        for (members, message) in [
            (r#""message":"lost","log-status":"full","start":"2024-01-01T00:00:00Z""#, "lost"),
            (r#""message":"blocked","srcaddr":"10.0.0.1","interface-id":"eth0","start":1"#, "blocked"),
            (r#""message":"no","srcaddr":"10.0.0.1","interface-id":"eth0","start":1704164645"#, "no"),
        ] {
            let row = map(&format!(
                r#"{{"timestamp":"2024-01-02T03:04:06Z","level":"error","service":"fx","trace_id":"t",{members}}}"#
            ));
            assert_eq!((row.kind, row.message.as_ref(), row.severity), (Kind::App, message, Severity::Error));
            assert_eq!((row.service.as_deref(), row.trace.as_deref()), (Some("fx"), Some("t")));
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:06Z"));
        }
    }
}
