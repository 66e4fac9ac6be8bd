//! The user's own shapes: `[[shape]]` of `gardener.toml`, chosen when all keys of `match` are present.

use super::super::json::Value;
use super::generic::{caller, in_tens, inside, without_line_end};
use super::{Row, Shape, host_and_path, http_status, identify, latency_ns, take_severity, take_time, upper};
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
        record.span = text(&rule.span);
        identify(record, text(&rule.insert_id));
        record.user = text(&rule.user);
        record.labels = at(&rule.labels)
            .filter(|labels| labels.is_object() && labels.raw().len() > 2)
            .map(|labels| labels.raw().into());
        record.module = text(&rule.logger).or_else(|| text(&rule.file));
        record.function = text(&rule.function);
        record.line = at(&rule.line).and_then(Value::as_i64);
        if record.line.is_none() {
            // `file:line` is one key in many programs.
            if let Some((file, line)) = text(&rule.file).filter(|_| rule.line.is_none()).and_then(caller) {
                record.line = Some(line);
                record.module = text(&rule.logger).or(Some(file));
            }
        }
        let (host, path) = text(&rule.url).map_or((None, None), host_and_path);
        let http = Http {
            method: text(&rule.method).map(upper),
            host,
            path,
            status: at(&rule.status).and_then(Value::as_i64).and_then(http_status),
            latency_ns: at(&rule.latency).and_then(latency_ns),
        };
        record.http = (http != Http::default()).then_some(http);
        record.kind = if record.http.is_some() && record.message.is_empty() { Kind::Request } else { Kind::App };
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::super::Beside;
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
        super::super::map(&Row::of(row), Beside::default(), &mappings, &mut record);
        assert_eq!(
            (record.message.as_ref(), record.severity, record.service.as_deref()),
            ("hello", Severity::Warning, Some("till"))
        );
    }

    #[test]
    fn every_key_of_a_mapping_fills_its_field() {
        let keys = [
            "timestamp",
            "severity",
            "message",
            "service",
            "instance",
            "revision",
            "trace",
            "span",
            "insert-id",
            "user",
            "labels",
            "logger",
            "file",
            "line",
            "function",
            "status",
            "latency",
            "url",
            "method",
        ];
        let paths = keys.map(|key| format!("{key} = \"x.{key}\"")).join("\n");
        let config = format!("[[shape]]\nname = \"acme\"\nmatch = [\"x\"]\n{paths}");
        let config: crate::config::Config = toml::from_str(&config).expect("valid");
        let text = r#"{"x":{"timestamp":1704067200,"severity":50,"message":"m","service":"s","instance":"i","revision":"r","trace":"t","span":"p","insert-id":7,"user":"u","labels":{"a":"b"},"logger":"l","file":"f","line":3,"function":"fn","status":503,"latency":"1.5s","url":"https://h/p?q","method":"get"},"data":[{"x":1}]}"#;
        let mut tape = Tape::default();
        let mappings = Mapping::all(&config.shape);
        let object = tape.parse(text).expect("valid");
        let super::super::Unwrapped::Row(row) = super::super::unwrap(object, &mappings) else {
            panic!("a row of the user's own shape is no wrapper, whatever it holds")
        };
        let mut record = LogRecord::default();
        super::super::map(&row, Beside::default(), &mappings, &mut record);
        assert_eq!(record.ts_ns, Some(1_704_067_200_000_000_000));
        assert_eq!((record.severity, record.message.as_ref()), (Severity::Error, "m"));
        let texts = [
            &record.service,
            &record.instance,
            &record.revision,
            &record.trace,
            &record.span,
            &record.insert_id,
            &record.user,
            &record.labels,
            &record.module,
            &record.function,
        ];
        let texts: Vec<_> = texts.into_iter().map(|text| text.as_deref().unwrap_or("-")).collect();
        assert_eq!(texts, ["s", "i", "r", "t", "p", "7", "u", "{\"a\":\"b\"}", "l", "fn"]);
        assert_eq!(record.line, Some(3));
        let http = record.http.expect("http");
        assert_eq!(
            (http.method.as_deref(), http.host.as_deref(), http.path.as_deref()),
            (Some("GET"), Some("h"), Some("/p"))
        );
        assert_eq!((http.status, http.latency_ns), (Some(503), Some(1_500_000_000)));
    }
}
