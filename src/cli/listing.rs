//! Entries as people read them: one line each, stacks below, nothing that steers the terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::context::{BOLD, DIM, RED};
use super::pages;
use crate::time::{self, SECOND_NS, Window};

/// Warnings.
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// What is shown, how much of it, and over which time.
pub(super) fn head(all: &Value, zone: &TimeZone, window: Window) -> String {
    let entries = all["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let services: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["service"].as_str()).collect();
    let shown = |key: &str| pages::shown(all[key].as_str().unwrap_or_default());
    let mut text = format!(
        "{BOLD}{}{BOLD:#}  {}  {} of {} within {}\n",
        shown("what"),
        all["at"].as_str().and_then(time::parse).map_or_else(String::new, |at| time::local(at.ns, zone)),
        counted(entries.len(), "entry", "entries"),
        counted(services.len(), "service", "services"),
        time::words(window.until_ns - 1 - window.since_ns),
    );
    if all["template"].is_string() {
        let _ = writeln!(text, "{}", shown("template"));
    }
    text
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// One line an entry, the further lines of its message (at most `lines`) below it; a line with the day wherever it changes.
pub(super) fn body(all: &Value, zone: &TimeZone, lines: usize) -> String {
    let entries = all["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let width = |key: &str| {
        entries.iter().map(|entry| entry[key].as_str().unwrap_or("-").chars().count()).max().unwrap_or(0).min(24)
    };
    let (service_width, cluster_width) = (width("service"), width("cluster"));
    let (mut text, mut day) = (String::new(), String::new());
    for entry in entries {
        let of = |key: &str| pages::shown(entry[key].as_str().unwrap_or("-"));
        let ns = entry["ts"].as_str().and_then(time::parse).map_or(0, |parsed| parsed.ns);
        let local = time::local(ns, zone);
        let today = local.get(..10).unwrap_or_default();
        if today != day {
            today.clone_into(&mut day);
            let _ = writeln!(text, "\n{DIM}{day}{DIM:#}");
        }
        let severity = of("effective_severity");
        let style = match severity.as_str() {
            "ERROR" | "CRITICAL" | "ALERT" | "EMERGENCY" => RED,
            "WARNING" => YELLOW,
            _ => Style::new(),
        };
        let mark = if entry["asked_for"] == true { '>' } else { ' ' };
        let message = said(entry);
        let mut rest = message.trim_start_matches(['\r', '\n']).lines();
        let _ = writeln!(
            text,
            "{mark} {DIM}{}.{:03} {:>+10.3} s{DIM:#}  {style}{severity:<9}{style:#} {:<service_width$}  {DIM}{:<cluster_width$}{DIM:#}  {}",
            local.get(11..19).unwrap_or_default(),
            ns.rem_euclid(SECOND_NS) / 1_000_000,
            entry["after_s"].as_f64().unwrap_or(0.0),
            of("service"),
            of("cluster"),
            pages::shown(rest.next().unwrap_or_default()),
        );
        let rest: Vec<&str> = rest.collect();
        for line in rest.iter().take(lines) {
            let line = line.replace('\t', "    ");
            let _ = writeln!(text, "      {}", pages::shown(line.trim_end()));
        }
        if rest.len() > lines {
            let _ = writeln!(text, "      {DIM}… {} more lines (--lines){DIM:#}", rest.len() - lines);
        }
    }
    text
}

/// The message, or the request where there is none.
fn said(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    if !text("message").is_empty() {
        return text("message").to_owned();
    }
    let status = entry["http_status"].as_i64().map_or_else(String::new, |status| format!(" -> {status}"));
    let latency = entry["http_latency_ns"].as_i64().map_or_else(String::new, |ns| format!(" ({})", time::words(ns)));
    let request = format!("{} {}{status}{latency}", text("http_method"), text("http_route"));
    if request.trim().is_empty() { "(no payload)".into() } else { request.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_without_text_shows_its_request() {
        let entry =
            json!({"http_method": "GET", "http_route": "/a", "http_status": 503, "http_latency_ns": 12_000_000});
        assert_eq!(said(&entry), "GET /a -> 503 (12 ms)");
        assert_eq!(said(&json!({"message": ""})), "(no payload)");
    }
}
