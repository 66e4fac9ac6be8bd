//! The user's own shapes: `[[shape]]` of `gardener.toml`, chosen when all keys of `match` are present.

use std::borrow::Cow;

use super::super::json::Value;
use super::{Shape, host_and_path, latency_ns, severity, timestamp};
use crate::config::ShapeRule;
use crate::record::{Http, Kind, LogRecord, Severity, effective};

/// One `[[shape]]`, ready to map rows.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    rule: ShapeRule,
}

impl Mapping {
    /// Mappings of a configuration; one without a condition would swallow every row and is left out.
    pub(crate) fn all(rules: &[ShapeRule]) -> Vec<Self> {
        rules.iter().filter(|rule| !rule.r#match.is_empty()).map(|rule| Self { rule: rule.clone() }).collect()
    }
}

impl Shape for Mapping {
    fn knows(&self, row: Value<'_>) -> bool {
        self.rule.r#match.iter().all(|key| row.path(key).is_some())
    }

    fn map(&self, row: Value<'_>, record: &mut LogRecord) {
        let at = |path: &Option<String>| path.as_deref().and_then(|path| row.path(path));
        let text = |path: &Option<String>| {
            at(path).and_then(Value::scalar).filter(|text| !text.is_empty()).map(Cow::into_owned)
        };
        let rule = &self.rule;
        let parsed = at(&rule.timestamp).and_then(timestamp);
        record.ts_ns = parsed.map(|parsed| parsed.ns);
        record.ts_naive = parsed.is_some_and(|parsed| parsed.naive);
        record.severity = at(&rule.severity).and_then(severity).unwrap_or(Severity::Default);
        record.message = text(&rule.message).unwrap_or_default();
        record.service = text(&rule.service);
        record.instance = text(&rule.instance);
        record.revision = text(&rule.revision);
        record.trace = text(&rule.trace);
        record.module = text(&rule.logger).or_else(|| text(&rule.file));
        record.function = text(&rule.function);
        record.line = at(&rule.line).and_then(Value::as_i64);
        let (host, path) = text(&rule.url).as_deref().map_or((None, None), host_and_path);
        let http = Http {
            method: text(&rule.method).map(|method| method.to_ascii_uppercase()),
            host,
            path,
            status: at(&rule.status).and_then(Value::as_i64).and_then(|status| i32::try_from(status).ok()),
            latency_ns: at(&rule.latency).and_then(latency_ns),
        };
        record.http = (http != Http::default()).then_some(http);
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
        record.payload_rank = if record.message.is_empty() { i32::from(record.http.is_some()) } else { 2 };
        let found = effective(record.severity, &record.message, None);
        record.effective_severity = found.severity;
        record.effective_reason = found.reason;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    #[test]
    fn a_mapping_is_taken_before_the_built_in_shapes() {
        let rule: ShapeRule =
            toml::from_str("name=\"acme\"\nmatch=[\"when\",\"a.lvl\"]\ntimestamp=\"when\"\nseverity=\"a.lvl\"\nmessage=\"text\"\nservice=\"app\"").expect("valid");
        let mappings = Mapping::all(&[rule, ShapeRule::default()]);
        assert_eq!(mappings.len(), 1);
        let mut tape = Tape::default();
        let mut record = LogRecord::default();
        let row = tape
            .parse(
                r#"{"when":"2024-01-01T00:00:00Z","a":{"lvl":"WARN"},"text":"hello","app":"till","message":"other"}"#,
            )
            .expect("valid");
        super::super::map(row, None, &mappings, &mut record);
        assert_eq!(
            (record.message.as_str(), record.severity, record.service.as_deref()),
            ("hello", Severity::Warning, Some("till"))
        );
    }
}
