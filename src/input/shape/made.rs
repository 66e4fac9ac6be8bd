//! Rows made of other rows: JSON that is put together of what was parsed, to be parsed again.

use super::super::json::{NodeKind, Value};

/// An object in the making.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a member; `value` writes what it is.
    pub(super) fn with(&mut self, key: &str, value: impl FnOnce(&mut String)) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&serde_json::Value::from(key).to_string());
        self.0.push(':');
        value(&mut self.0);
    }

    /// Adds a member as it is written elsewhere.
    pub(super) fn put(&mut self, key: &str, value: Value<'_>) {
        self.with(key, |out| as_is(value, out));
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Adds a value as it is written.
pub(super) fn as_is(value: Value<'_>, out: &mut String) {
    let quote = if matches!(value.kind(), NodeKind::Plain | NodeKind::Escaped) { "\"" } else { "" };
    out.push_str(quote);
    out.push_str(value.raw());
    out.push_str(quote);
}
