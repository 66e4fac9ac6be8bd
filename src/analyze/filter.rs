//! The filter that reproduces a cluster outside this tool, and the command that fetches what is missing.
//!
//! Cloud Logging's query language has no templates, so the filter names the window, the service, the severity, and constant
//! texts of the template as stored entries hold them, each in the field that holds it ([`asked`]): it finds the cluster's rows,
//! and seldom others. Where entries came from another system there is none. Source:
//! <https://cloud.google.com/logging/docs/view/logging-query-language>.

mod asked;
mod words;

use super::Cluster;
use crate::record::Severity;
use crate::time::{Window, rfc3339_short};

pub use asked::Asked;
pub(super) use asked::ask;
use words::quoted;

/// A `gcloud logging read` filter that finds the rows of a cluster within a window; empty where none does.
pub fn logging_filter(cluster: &Cluster, window: Window) -> String {
    let asked = cluster.asked.clone().unwrap_or_else(|| asked::unseen(cluster));
    if asked.foreign {
        return String::new();
    }
    let mut parts = vec![format!(
        "timestamp>={} AND timestamp<{}",
        quoted(&rfc3339_short(window.since_ns)),
        quoted(&rfc3339_short(window.until_ns))
    )];
    parts.extend(asked.service);
    let severities: Vec<Severity> = cluster.severities.keys().copied().collect();
    match severities.as_slice() {
        [] => {}
        [one] => parts.push(format!("severity={one}")),
        many => parts.push(format!(
            "({})",
            many.iter().map(|severity| format!("severity={severity}")).collect::<Vec<_>>().join(" OR ")
        )),
    }
    parts.extend(asked.said);
    parts.join(" AND ")
}

/// The command that fetches a service's rows between two moments, whole.
pub fn fetch_command(project: &str, service: &str, since_ns: i64, until_ns: i64, severity: Option<&str>) -> String {
    let mut filter =
        format!("timestamp>=\"{}\" AND timestamp<\"{}\"", rfc3339_short(since_ns), rfc3339_short(until_ns));
    if !service.is_empty() {
        filter.push_str(&format!(" AND resource.labels.service_name={}", quoted(service)));
    }
    if let Some(severity) = severity {
        filter.push_str(&format!(" AND severity={severity}"));
    }
    let project = if project.is_empty() { String::new() } else { format!(" --project={project}") };
    format!("gcloud logging read '{}'{project} --order=asc --format=json", filter.replace('\'', ""))
}

/// A Logs Explorer link that opens a filter, where there is one.
pub fn explorer_url(project: &str, filter: &str) -> Option<String> {
    (!project.is_empty() && !filter.is_empty()).then(|| {
        format!("https://console.cloud.google.com/logs/query;query={}?project={}", percent(filter), percent(project))
    })
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_service_severity_window_and_the_constant_text() {
        let mut cluster =
            Cluster { template: "Cart <uuid> could not be priced within <num>s".into(), ..Cluster::default() };
        cluster.key.service = "shop-api".into();
        cluster.severities.insert(Severity::Error, 3);
        let window = Window { since_ns: 0, until_ns: 1_000_000_000 };
        let raw = r#"{"insertId":"a","jsonPayload":{"msg":"Cart 7 could not be  priced within 5s"},
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop-api"}}}"#;
        ask(&mut [&mut cluster], &[vec![raw.to_owned()]]);
        assert_eq!(
            logging_filter(&cluster, window),
            "timestamp>=\"1970-01-01T00:00:00Z\" AND timestamp<\"1970-01-01T00:00:01Z\" AND \
             resource.labels.service_name=\"shop-api\" AND severity=ERROR AND jsonPayload.msg:\"could not be  priced within\""
        );
        cluster.asked = None;
        let unseen = logging_filter(&cluster, window);
        assert!(unseen.ends_with("AND \"shop-api\" AND severity=ERROR AND \"could not be priced within\""), "{unseen}");
    }

    #[test]
    fn another_systems_entries_have_no_filter() {
        let mut cluster = Cluster { template: "it is lost".into(), ..Cluster::default() };
        ask(&mut [&mut cluster], &[vec![r#"{"@timestamp":"2025-01-01T00:00:00Z","message":"it is lost"}"#.to_owned()]]);
        assert_eq!(logging_filter(&cluster, Window { since_ns: 0, until_ns: 1 }), "");
    }

    #[test]
    fn links_are_encoded_and_no_service_ends_a_string() {
        assert_eq!(
            explorer_url("p", "a=\"b\"").as_deref(),
            Some("https://console.cloud.google.com/logs/query;query=a%3D%22b%22?project=p")
        );
        assert_eq!(explorer_url("", "a"), None);
        assert_eq!(explorer_url("p", ""), None);
        assert!(
            !fetch_command("p", "s'; rm", 0, 1, None)
                .replace("logging read '", "")
                .trim_end_matches("--order=asc --format=json")
                .contains("'s")
        );
    }
}
