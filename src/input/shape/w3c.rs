//! The W3C's extended log format: requests as IIS and CloudFront name their columns, in tables and in JSON.
//!
//! Day and time of day are two members, in UTC. How long a request took is a number of milliseconds for IIS, and of seconds
//! for others. Sources: <https://learn.microsoft.com/windows/win32/http/w3c-logging>,
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>.

use super::{Row, Shape, duration, first_text, host_and_path, part, take_time, upper};
use crate::record::{Http, Kind, LogRecord};
use crate::time::{self, SECOND_NS};

/// See the module.
pub(super) struct W3c;

impl Shape for W3c {
    fn keys(&self) -> &'static [&'static str] {
        &["sc-status", "cs-uri-stem", "cs-method", "cs-uri"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |keys: &[&str]| keys.iter().any(|key| row.value().get(key).is_some());
        has(&["time", "timestamp"]) && has(&["sc-status", "cs-uri-stem", "cs-uri"])
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let said = |keys: &[&str]| first_text(value, keys).filter(|text| text != "-");
        match (said(&["date"]), said(&["time"])) {
            (Some(date), Some(clock)) => {
                if let Some(parsed) = time::parse(&format!("{date}T{clock}Z")) {
                    record.ts_ns = Some(parsed.ns);
                    record.ts_source = Some("date, time".into());
                }
            }
            _ => {
                for key in ["timestamp", "time"] {
                    if value.get(key).is_some_and(|time| take_time(record, key, time)) {
                        break;
                    }
                }
            }
        }
        let host = said(&["x-host-header", "cs-host", "cs(Host)"]);
        record.service = host.clone().or_else(|| said(&["s-sitename", "s-computername"]));
        record.instance = said(&["s-computername", "s-ip"]);
        record.location = said(&["x-edge-location"]);
        record.trace = said(&["x-edge-request-id"]);
        record.user = said(&["cs-username"]);
        let status = said(&["sc-status"]).and_then(|status| status.parse().ok());
        let path = said(&["cs-uri-stem", "cs-uri"]).and_then(|path| host_and_path(path).1);
        record.http = Some(Http {
            method: said(&["cs-method"]).map(upper),
            host: host.map(|host| part(host, |host| host.split(':').next().unwrap_or(host))),
            path,
            status: status.filter(|status| (100..600).contains(status)),
            latency_ns: said(&["time-taken"]).and_then(|taken| {
                let seconds = value.get("x-edge-location").is_some() || taken.contains('.');
                duration::read(&taken, if seconds { SECOND_NS } else { SECOND_NS / 1_000 })
            }),
        });
        record.kind = Kind::Request;
        // What ended a request before it was answered.
        record.message = said(&["s-reason"]).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn iis_and_cloudfront_name_the_same_columns() {
        let iis = map(
            r#"{"date":"2024-01-02","time":"03:04:05","s-ip":"10.0.0.1","cs-method":"GET","cs-uri-stem":"/a","cs-uri-query":"x=1","cs-username":"ann","cs-host":"till.example","sc-status":"500","time-taken":"1234"}"#,
        );
        let cloudfront = map(
            r#"{"date":"2024-01-02","time":"03:04:05","x-edge-location":"FRA2","cs-method":"GET","cs(Host)":"d1.example","cs-uri-stem":"/a","sc-status":"500","x-edge-request-id":"r","x-host-header":"till.example","time-taken":"1.234"}"#,
        );
        assert_eq!((iis.user.as_deref(), iis.instance.as_deref()), (Some("ann"), Some("10.0.0.1")));
        assert_eq!((cloudfront.trace.as_deref(), cloudfront.location.as_deref()), (Some("r"), Some("FRA2")));
        for row in [iis, cloudfront] {
            assert_eq!((row.kind, row.message.as_ref(), row.ts_naive), (Kind::Request, "", false));
            assert_eq!((row.severity, row.effective_severity), (Severity::Default, Severity::Error));
            assert_eq!(row.service.as_deref(), Some("till.example"));
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"));
            let http = row.http.expect("http");
            assert_eq!(
                (http.path.as_deref(), http.status, http.latency_ns),
                (Some("/a"), Some(500), Some(1_234_000_000))
            );
        }
        let row = map(r#"{"date":"2024-01-02","time":"03:04:05","cs-uri-stem":"/a","sc-status":"000"}"#);
        assert_eq!((row.http.and_then(|http| http.status), row.effective_severity), (None, Severity::Default));
    }
}
