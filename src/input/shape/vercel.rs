//! Vercel: `vercel logs --json` and log drains.
//!
//! One row is one request, with what it wrote in `logs`; the message may be empty then. Source:
//! <https://vercel.com/docs/drains/reference/logs>.

use super::generic::fill;
use super::{Row, Shape, first_text, host_and_path, http_status, upper};
use crate::record::{Http, Kind, LogRecord};

/// See the module.
pub(super) struct Vercel;

impl Shape for Vercel {
    fn keys(&self) -> &'static [&'static str] {
        &["deploymentId", "timestampInMs"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        // Others deploy too.
        ["timestampInMs", "projectId", "projectName", "proxy", "logs", "requestPath", "responseStatusCode"]
            .iter()
            .any(|key| row.value().get(key).is_some())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let said = |keys: &[&str]| first_text(value, keys);
        record.service = record.service.take().or_else(|| said(&["projectName", "projectId", "domain", "host"]));
        record.project = None;
        record.trace = said(&["traceId", "trace.id", "requestId"]);
        record.location = said(&["executionRegion", "proxy.region"]);
        let status = ["responseStatusCode", "statusCode", "proxy.statusCode"]
            .iter()
            .find_map(|key| value.path(key)?.as_i64())
            .and_then(http_status);
        let path = said(&["requestPath", "path", "proxy.path"]);
        if status.is_some() && path.is_some() {
            let (host, path) = path.map_or((None, None), host_and_path);
            record.http = Some(Http {
                method: said(&["requestMethod", "proxy.method"]).map(upper),
                host: host.or_else(|| said(&["domain", "host"])),
                path,
                status,
                latency_ns: None,
            });
        }
        if said(&["message"]).is_none() && (record.http.is_some() || value.get("logs").is_some()) {
            let lines: Vec<_> = value
                .some("logs")
                .into_iter()
                .flat_map(super::super::json::Value::items)
                .filter_map(|line| first_text(line, &["message"]))
                .collect();
            record.message = lines.join("\n").into();
        }
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    #[test]
    fn what_a_request_wrote_is_its_message() {
        let row = map(
            r#"{"id":"r1","timestamp":1704067200000,"level":"error","message":"","logs":[{"level":"info","message":"one"},{"message":"two"}],"projectId":"prj","deploymentId":"dpl_1","requestMethod":"get","requestPath":"/a?b","responseStatusCode":500,"domain":"till.example"}"#,
        );
        assert_eq!((row.message.as_ref(), row.severity, row.kind), ("one\ntwo", Severity::Error, Kind::App));
        assert_eq!((row.service.as_deref(), row.revision.as_deref()), (Some("prj"), Some("dpl_1")));
        let http = row.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.host.as_deref(), http.path.as_deref()),
            (Some("GET"), Some("till.example"), Some("/a"))
        );
        let row = map(
            r#"{"deploymentId":"d","timestamp":1704067200000,"level":"info","requestPath":"/","responseStatusCode":200}"#,
        );
        assert_eq!((row.kind, row.payload_rank), (Kind::Request, 1));
        let row = map(r#"{"deploymentId":"d","timestamp":1704067200000,"level":"info","msg":"up"}"#);
        assert_eq!((row.message.as_ref(), row.revision), ("up", None));
    }
}
