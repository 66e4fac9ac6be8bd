//! Messages that are a JSON object: which keys they hold and which text in them is mined.

use std::collections::BTreeSet;

use serde_json::Value;

use super::wordform::{is_hex, is_soft};

/// Key paths of an object that enter its signature.
const PATHS_MAX: usize = 48;
/// Longest key that enters a signature, in bytes.
const KEY_MAX_BYTES: usize = 64;
/// Nesting followed below the top level.
const DEPTH_MAX: usize = 3;
/// Keys whose text is mined, first match wins; case and `_` do not count.
const MESSAGE_KEYS: [&str; 14] = [
    "message",
    "msg",
    "error",
    "event",
    "err",
    "detail",
    "errormessage",
    "errormsg",
    "description",
    "reason",
    "statusdetails",
    "details",
    "title",
    "content",
];
/// Keys under which loggers keep a stack trace, alone or as the last part of a dotted one; case and `_` do not count.
const STACK_KEYS: [&str; 7] = ["exception", "stack", "stacktrace", "traceback", "excinfo", "error", "err"];

/// What a JSON message is mined from.
pub(super) struct Object {
    /// `{a, b.c, message}`: the sorted key paths.
    pub(super) paths: String,
    /// The text to mine; empty when the object holds none.
    pub(super) message: String,
    /// A stack trace found under one of the usual keys, or in the message itself.
    pub(super) stack: Option<String>,
}

/// Reads a message that is one JSON object.
pub(super) fn parse(body: &str) -> Option<Object> {
    if !body.ends_with('}') {
        return None;
    }
    let Value::Object(map) = serde_json::from_str(body).ok()? else {
        return None;
    };
    let mut paths = BTreeSet::new();
    for (key, value) in &map {
        collect(&mut paths, &masked(key), value, 0);
    }
    let more = paths.len() > PATHS_MAX;
    let mut list: Vec<String> = paths.into_iter().take(PATHS_MAX).collect();
    if more {
        list.push("...".to_owned());
    }
    // The first of two keys that differ in case wins.
    let values = |key: &'static str| map.iter().filter(move |(name, _)| is_key(name, key)).map(|(_, value)| value);
    let text = |value: &Value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Object(inner) => inner.get("message").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let message = MESSAGE_KEYS.iter().flat_map(|key| values(key)).find_map(text).unwrap_or_default();
    let last = |name: &str, key: &str| is_key(name.rsplit('.').next().unwrap_or(name), key);
    let stack = STACK_KEYS
        .iter()
        .flat_map(|key| map.iter().filter(move |(name, _)| last(name, key)).map(|(_, value)| value))
        .filter_map(|value| match value {
            Value::String(text) => Some(text.as_str()),
            Value::Object(inner) => {
                let inside =
                    |key| inner.iter().find(|(name, _)| is_key(name, key)).and_then(|(_, value)| value.as_str());
                inside("stack").or_else(|| inside("stacktrace"))
            }
            _ => None,
        })
        .chain(std::iter::once(message.as_str()))
        .find(|text| text.contains('\n'))
        .map(str::to_owned);
    Some(Object { paths: format!("{{{}}}", list.join(", ")), message, stack })
}

/// Whether a key is the one asked for (in lower case, without `_`).
fn is_key(name: &str, key: &str) -> bool {
    name.bytes().filter(|&b| b != b'_').map(|b| b.to_ascii_lowercase()).eq(key.bytes())
}

fn collect(paths: &mut BTreeSet<String>, path: &str, value: &Value, depth: usize) {
    if paths.len() > 4 * PATHS_MAX {
        return;
    }
    match value {
        Value::Object(map) if depth < DEPTH_MAX && !map.is_empty() => {
            for (key, value) in map {
                collect(paths, &format!("{path}.{}", masked(key)), value, depth + 1);
            }
        }
        Value::Array(items) if depth < DEPTH_MAX && items.iter().any(Value::is_object) => {
            for item in items {
                collect(paths, &format!("{path}[]"), item, depth + 1);
            }
        }
        _ => {
            paths.insert(path.to_owned());
        }
    }
}

/// A key that is an id (maps keyed by user, by day) must not make a signature of its own.
fn masked(key: &str) -> String {
    let varies = key.bytes().any(|b| b.is_ascii_digit()) && (!is_soft(key.as_bytes()) || is_hex(key.as_bytes()));
    if varies || key.len() > KEY_MAX_BYTES { "*".to_owned() } else { key.to_owned() }
}
