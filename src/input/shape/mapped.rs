//! The user's own shapes: `[[shape]]` of `gardener.toml`, chosen when all keys of `match` are present.

use super::super::json::Value;
use super::generic::{in_tens, inside, without_line_end};
use super::{Row, Shape, host_and_path, latency_ns, take_severity, take_time, upper};
use crate::config::ShapeRule;
use crate::record::{Http, Kind, LogRecord};

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
    fn knows(&self, row: &Row<'_>) -> bool {
        self.rule.r#match.iter().all(|key| row.value().path(key).is_some())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let at = |path: &Option<String>| path.as_deref().and_then(|path| row.value().path(path));
        let text = |path: &Option<String>| at(path).and_then(Value::scalar).filter(|text| !text.is_empty());
        let rule = &self.rule;
        if let (Some(path), Some(value)) = (&rule.timestamp, at(&rule.timestamp)) {
            take_time(record, path.clone(), value);
        }
        if let Some(value) = at(&rule.severity) {
            take_severity(record, value);
            // Whoever names the key means its numbers, and those that are not Google's count in tens.
            if let Some(level) = in_tens(value).filter(|_| record.severity_unknown) {
                record.severity = level;
                record.severity_unknown = false;
            }
        }
        let whole = || at(&rule.message).filter(|value| value.is_object() || value.is_array()).and_then(inside);
        record.message = text(&rule.message).map(without_line_end).or_else(whole).unwrap_or_default();
        record.service = text(&rule.service);
        record.instance = text(&rule.instance);
        record.revision = text(&rule.revision);
        record.trace = text(&rule.trace);
        record.module = text(&rule.logger).or_else(|| text(&rule.file));
        record.function = text(&rule.function);
        record.line = at(&rule.line).and_then(Value::as_i64);
        let (host, path) = text(&rule.url).map_or((None, None), host_and_path);
        let http = Http {
            method: text(&rule.method).map(upper),
            host,
            path,
            status: at(&rule.status).and_then(Value::as_i64).and_then(|status| i32::try_from(status).ok()),
            latency_ns: at(&rule.latency).and_then(latency_ns),
        };
        record.http = (http != Http::default()).then_some(http);
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;
    use crate::record::Severity;

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
        super::super::map(&Row::of(row), None, &mappings, &mut record);
        assert_eq!(
            (record.message.as_ref(), record.severity, record.service.as_deref()),
            ("hello", Severity::Warning, Some("till"))
        );
    }
}
