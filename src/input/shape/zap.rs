//! zap under the keys of its development configuration: `{"L":"ERROR","T":…,"N":…,"C":"cart/cart.go:41","M":…,"S":…}`.
//!
//! Source: <https://github.com/uber-go/zap/blob/master/config.go>.

use super::super::json::Value;
use super::made::Object;
use super::{Row, Shape, of_made};
use crate::record::{LogRecord, Severity};

/// See the module.
pub(super) struct ZapDevelopment;

/// What its production configuration calls them.
const NAMES: [(&str, &str); 7] =
    [("L", "level"), ("T", "ts"), ("N", "logger"), ("C", "caller"), ("F", "func"), ("M", "msg"), ("S", "stacktrace")];

impl Shape for ZapDevelopment {
    fn keys(&self) -> &'static [&'static str] {
        &["L"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        let has = |key: &str| row.value().some(key).and_then(Value::as_str).is_some();
        let level = row.value().some("L").and_then(Value::as_str);
        // A logger has one name for each of them.
        has("M")
            && (has("T") || has("C"))
            && !has("level")
            && !has("msg")
            && level.is_some_and(|level| Severity::from_word(&level).is_some())
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let mut out = Object::new();
        for (key, value) in row.value().members() {
            let name = NAMES.iter().find(|(theirs, _)| *theirs == key).map_or(&*key, |(_, name)| name);
            out.put(name, value);
        }
        *record = of_made(&out.finish());
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;

    #[test]
    fn short_keys_are_those_of_the_production_configuration() {
        let row = map(
            r#"{"L":"ERROR","T":"2024-01-02T03:04:05.678Z","N":"till","C":"cart/cart.go:41","M":"no stock","S":"main.f\n\t/srv/a.go:7"}"#,
        );
        assert_eq!((row.severity, row.message.as_ref()), (Severity::Error, "no stock\nmain.f\n\t/srv/a.go:7"));
        assert_eq!((row.module.as_deref(), row.line), (Some("cart/cart.go"), Some(41)));
        assert_eq!(row.ts_ns.map(crate::time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        // Letters that mean something else.
        assert!(map(r#"{"L":12.5,"M":"kg","T":"2024-01-02T03:04:05Z"}"#).message.starts_with('{'));
        assert!(map(r#"{"L":"left","M":"kg","T":"2024-01-02T03:04:05Z"}"#).message.starts_with('{'));
    }
}
