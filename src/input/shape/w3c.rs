//! The W3C's extended log format: requests as IIS and CloudFront name their columns, in tables and in JSON.
//!
//! Day and time of day are two members, in UTC. How long a request took is a number of milliseconds for IIS, and of seconds
//! for others. Sources: <https://learn.microsoft.com/windows/win32/http/w3c-logging>,
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>.

use super::generic::fill;
use super::{Row, Shape, duration, first_text, host_and_path, http_status, is_logged, part, upper};
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
        has(&["time", "timestamp"])
            && has(&["sc-status", "cs-uri-stem", "cs-uri"])
            && !is_logged(row.value(), &["@timestamp", "ts", "datetime", "timestamp"])
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        let said = |keys: &[&str]| first_text(value, keys).filter(|text| text != "-");
        fill(value, record);
        // Two members that make no time are another's.
        if let Some((date, clock)) = said(&["date"]).zip(said(&["time"]))
            && let Some(parsed) = time::parse(&format!("{date}T{clock}Z"))
        {
            (record.ts_ns, record.ts_naive) = (Some(parsed.ns), parsed.naive);
            record.ts_source = Some("date, time".into());
        }
        let host = said(&["x-host-header", "cs-host", "cs(Host)"]);
        record.service =
            record.service.take().or_else(|| host.clone()).or_else(|| said(&["s-sitename", "s-computername"]));
        record.instance = said(&["s-computername", "s-ip"]).or_else(|| record.instance.take());
        record.location = record.location.take().or_else(|| said(&["x-edge-location"]));
        record.trace = record.trace.take().or_else(|| said(&["x-edge-request-id"]));
        record.user = record.user.take().or_else(|| said(&["cs-username"]));
        let status = said(&["sc-status"]).and_then(|status| http_status(status.parse().ok()?));
        let path = said(&["cs-uri-stem", "cs-uri"]).and_then(|path| host_and_path(path).1);
        record.http = Some(Http {
            method: said(&["cs-method"]).map(upper),
            host: host.map(|host| part(host, |host| host.split(':').next().unwrap_or(host))),
            path,
            status,
            latency_ns: said(&["time-taken"]).and_then(|taken| {
                let seconds = value.get("x-edge-location").is_some() || taken.contains('.');
                duration::read(&taken, if seconds { SECOND_NS } else { SECOND_NS / 1_000 })
            }),
        });
        record.kind = Kind::Request;
        // What ended a request before it was answered.
        record.message = said(&["s-reason", "message", "msg"]).unwrap_or_default();
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

    #[test]
    fn rows_of_programs_keep_what_they_say() {
        let row = map(
            r#"{"time":"2024-01-02T03:04:06Z","level":"error","message":"upstream broke","service":"edge","sc-status":502,"cs-method":"GET","cs-uri-stem":"/a","trace_id":"t"}"#,
        );
        assert_eq!((row.kind, row.message.as_ref(), row.severity), (Kind::App, "upstream broke", Severity::Error));
        assert_eq!((row.service.as_deref(), row.trace.as_deref()), (Some("edge"), Some("t")));
    }

    #[test]
    fn a_day_and_a_clock_that_make_no_time_leave_it_to_other_members() {
        for time in [
            r#""time":"2024-01-02T03:04:05Z""#,
            r#""timestamp":"2024-01-02T03:04:05Z","time":"03:04""#,
            r#""timestamp":1704164645000,"time":"soon""#,
        ] {
            let row = map(&format!(r#"{{"date":"2024-01-02",{time},"cs-uri-stem":"/a","sc-status":500}}"#));
            assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"), "{time}");
            assert_eq!((row.kind, row.message.as_ref()), (Kind::Request, ""), "{time}");
        }
    }
}
