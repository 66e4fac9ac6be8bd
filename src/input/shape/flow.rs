//! Flow logs of a virtual network of AWS: which address spoke with which, and whether it was let.
//!
//! Source: <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.

use super::{Row, Shape, first_text, take_time};
use crate::record::{Kind, LogRecord};

/// See the module.
pub(super) struct Flow;

impl Shape for Flow {
    fn keys(&self) -> &'static [&'static str] {
        &["srcaddr", "log-status"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |key: &str| row.value().get(key).is_some();
        has("start") && (has("interface-id") || has("log-status"))
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
        record.service = said(&["vpc-id", "interface-id"]);
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
        record.message = words.into_iter().flatten().collect::<Vec<String>>().join(" ").into();
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
}
