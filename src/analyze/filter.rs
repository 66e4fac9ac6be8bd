//! The filter that reproduces a cluster outside this tool, and the command that fetches what is missing.
//!
//! Cloud Logging's query language has no templates, so the filter names the service, the severity, the window and the
//! longest constant pieces of the template: it finds the cluster's rows, and seldom others.

use super::Cluster;
use crate::record::Severity;
use crate::time::{Window, rfc3339_short};

/// Shortest constant piece worth searching for.
const PIECE: usize = 8;

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The two longest constant pieces of a template, in the order they stand.
fn pieces(template: &str) -> Vec<&str> {
    let line = template.lines().next().unwrap_or("");
    let mut all = Vec::new();
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        let name = rest[open + 1..].find('>').map(|close| &rest[open + 1..open + 1 + close]);
        if let Some(name) = name
            .filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'*' | b'-' | b':')))
        {
            all.push(&rest[..open]);
            rest = &rest[open + name.len() + 2..];
        } else {
            let (before, after) = rest.split_at(open + 1);
            all.push(before);
            rest = after;
        }
    }
    all.push(rest);
    let mut kept: Vec<&str> = all.into_iter().map(str::trim).filter(|piece| piece.len() >= PIECE).collect();
    let mut by_length: Vec<usize> = kept.iter().map(|piece| piece.len()).collect();
    by_length.sort_unstable_by(|a, b| b.cmp(a));
    let least = by_length.get(1).or(by_length.first()).copied().unwrap_or(0);
    kept.retain(|piece| piece.len() >= least);
    kept.truncate(2);
    kept
}

/// A `gcloud logging read` filter that finds the rows of a cluster within a window.
pub fn logging_filter(cluster: &Cluster, window: Window) -> String {
    let mut parts = vec![format!(
        "timestamp>={} AND timestamp<{}",
        quoted(&rfc3339_short(window.since_ns)),
        quoted(&rfc3339_short(window.until_ns))
    )];
    if !cluster.key.service.is_empty() {
        let service = quoted(&cluster.key.service);
        parts.push(format!("(resource.labels.service_name={service} OR resource.labels.function_name={service} OR resource.labels.container_name={service})"));
    }
    let severities: Vec<Severity> = cluster.severities.keys().copied().collect();
    match severities.as_slice() {
        [] => {}
        [one] => parts.push(format!("severity={one}")),
        many => parts.push(format!(
            "({})",
            many.iter().map(|severity| format!("severity={severity}")).collect::<Vec<_>>().join(" OR ")
        )),
    }
    if let Some(http) = &cluster.http {
        parts.push(format!("httpRequest.requestMethod={}", quoted(&http.method)));
        parts.extend(http.status.map(|status| format!("httpRequest.status={status}")));
        parts.extend(
            pieces(&http.route)
                .iter()
                .chain(&[http.route.split('<').next().unwrap_or("")])
                .take(1)
                .map(|piece| format!("httpRequest.requestUrl:{}", quoted(piece))),
        );
    } else if cluster.key.kind == "audit" {
        parts.push(format!("protoPayload:{}", quoted(pieces(&cluster.template).first().copied().unwrap_or(""))));
    } else if !cluster.data_quality && cluster.silent.as_ref().is_none_or(|found| !found.whole_service) {
        parts.extend(pieces(&cluster.template).iter().map(|piece| {
            let piece = quoted(piece);
            format!("(textPayload:{piece} OR jsonPayload.message:{piece})")
        }));
    }
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

/// A Logs Explorer link that opens a filter.
pub fn explorer_url(project: &str, filter: &str) -> Option<String> {
    (!project.is_empty()).then(|| {
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
        let filter = logging_filter(&cluster, Window { since_ns: 0, until_ns: 1_000_000_000 });
        assert!(
            filter.starts_with("timestamp>=\"1970-01-01T00:00:00Z\" AND timestamp<\"1970-01-01T00:00:01Z\""),
            "{filter}"
        );
        assert!(
            filter.contains("severity=ERROR") && filter.contains("textPayload:\"could not be priced within\""),
            "{filter}"
        );
    }

    #[test]
    fn quotes_cannot_end_a_string_and_links_are_encoded() {
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c \"");
        assert_eq!(
            explorer_url("p", "a=\"b\"").as_deref(),
            Some("https://console.cloud.google.com/logs/query;query=a%3D%22b%22?project=p")
        );
        assert_eq!(explorer_url("", "a"), None);
        assert!(
            !fetch_command("p", "s'; rm", 0, 1, None)
                .replace("logging read '", "")
                .trim_end_matches("--order=asc --format=json")
                .contains("'s")
        );
    }

    #[test]
    fn pieces_are_the_longest_constants() {
        assert_eq!(pieces("a <num> long constant text <*> x"), ["long constant text"]);
        assert_eq!(pieces("first piece <num> second piece"), ["first piece", "second piece"]);
        assert!(pieces("<*>").is_empty());
    }
}
