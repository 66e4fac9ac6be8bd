//! The fields of a stored entry under the names that Cloud Logging's query language has for them.
//!
//! A filter is only as good as the field it looks at, and the same text stands in `textPayload`, `jsonPayload.msg` or
//! `jsonPayload."@mt"`, as its logger likes. Client libraries and log lakes spell the fields of an entry in other ways; the
//! language knows one.

use super::super::super::json::{Tape, Value};
use super::super::{Row, Shape, golang, nodejs, stdout};
use super::{CloudLogging, Payload, Sort, is_folded, unfolded};

/// Fields that are read of one entry; what stands behind them is not looked at.
const MOST: usize = 400;
/// Levels of objects within a payload.
const DEEPEST: usize = 8;

/// One text, number or boolean of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryField {
    /// Its name as a filter writes it; empty where only some field is known to hold the text.
    pub path: String,
    /// What it holds.
    pub text: String,
    /// It is a text.
    pub is_text: bool,
}

/// What the fields of an entry hold, in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFields {
    /// Of its payload.
    pub payload: Vec<EntryField>,
    /// Of its request.
    pub request: Vec<EntryField>,
    /// The labels of its resource.
    pub resource: Vec<EntryField>,
    /// Its own labels.
    pub labels: Vec<EntryField>,
    /// Keys of its payload, objects and lists too: dotted as templates name them, and as a filter does.
    pub keys: Vec<(String, String)>,
}

/// Where an entry came from, as far as a filter could fetch it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryOrigin {
    /// Cloud Logging, with fields that it can be asked for.
    Fields(EntryFields),
    /// A program wrote it for Cloud Logging; under which names its fields went on is not known.
    Google,
    /// Another system.
    Foreign,
}

/// Reads where a stored entry came from.
pub fn entry_origin(raw: &str) -> EntryOrigin {
    let mut tape = Tape::default();
    let Ok(value) = tape.parse(raw) else { return EntryOrigin::Foreign };
    if !value.is_object() {
        return EntryOrigin::Foreign;
    }
    let row = Row::of(value);
    if CloudLogging.knows(&row) {
        let made = unfolded(&row);
        let mut tape = Tape::default();
        return EntryOrigin::Fields(match made.as_deref().map(|text| tape.parse(text)) {
            Some(Ok(value)) => fields(&Row::of(value)),
            _ => fields(&row),
        });
    }
    let written_for_it: [&dyn Shape; 3] = [&nodejs::NodeEntry, &golang::GoEntry, &stdout::Stdout];
    let has = |key: &str| {
        let is =
            |own: &[u8]| own.strip_prefix(key.as_bytes()).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')));
        value.fields().any(|(own, _)| is(own))
    };
    let is = |shape: &&dyn Shape| shape.keys().iter().any(|key| has(key)) && shape.knows(&row);
    if written_for_it.iter().any(is) { EntryOrigin::Google } else { EntryOrigin::Foreign }
}

fn fields(row: &Row<'_>) -> EntryFields {
    let (slots, within) = (&row.cloud, row.value());
    let mut out = EntryFields::default();
    let mut payload = Walk::default();
    let json = within.at(slots.json).or_else(|| within.at(slots.payload));
    if let Some(text) = within.at(slots.text).or(json).filter(|value| value.as_str().is_some()) {
        payload.value("textPayload", "", text, 0);
    }
    if let Some(json) = json.filter(|json| json.is_object()) {
        // An audit entry is a `protoPayload`, whatever an export made of it.
        let audited = Payload::of(json).sort() == Sort::Audit;
        payload.value(if audited { "protoPayload" } else { "jsonPayload" }, "", json, 0);
    }
    for proto in [slots.proto, slots.audit].into_iter().filter_map(|spot| within.at(spot)) {
        payload.value("protoPayload", "", proto, 0);
    }
    (out.payload, out.keys) = (payload.fields, payload.keys);
    let of = |prefix: &str, value: Option<Value<'_>>| {
        let mut walk = Walk::default();
        if let Some(value) = value {
            walk.value(prefix, "", value, 0);
        }
        walk.fields
    };
    out.request = of("httpRequest", within.at(slots.http));
    for field in &mut out.request {
        field.path = spelled(&field.path);
    }
    let resource = within.at(slots.resource);
    let listed = resource.and_then(|resource| resource.items().nth(1));
    let labels = resource.and_then(|resource| resource.some("labels")).or(listed);
    out.resource = of("resource.labels", labels.filter(|labels| !is_folded(*labels)));
    out.labels = of("labels", within.at(slots.labels));
    out
}

/// A name of several words as the API spells it: `httpRequest.request_url` is `httpRequest.requestUrl`.
fn spelled(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut upper = false;
    for c in path.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.extend(if upper { c.to_uppercase().next() } else { Some(c) });
            upper = false;
        }
    }
    out
}

/// What was met so far.
#[derive(Default)]
struct Walk {
    fields: Vec<EntryField>,
    keys: Vec<(String, String)>,
}

impl Walk {
    fn value(&mut self, path: &str, dotted: &str, value: Value<'_>, depth: usize) {
        if self.fields.len() >= MOST || depth > DEEPEST {
            return;
        }
        if let Some(text) = value.scalar() {
            let (text, is_text) = (text.into_owned(), value.as_str().is_some());
            return self.fields.push(EntryField { path: path.to_owned(), text, is_text });
        }
        // The elements of a list are asked for by its own name.
        for item in value.items() {
            self.value(path, dotted, item, depth + 1);
        }
        for (key, member) in value.members().filter(|(_, member)| !member.is_null()) {
            let own = format!("{path}.{}", named(&key));
            let told = if dotted.is_empty() { key.to_string() } else { format!("{dotted}.{key}") };
            self.value(&own, &told, member, depth + 1);
            if self.keys.len() < MOST {
                self.keys.push((told, own));
            }
        }
    }
}

/// A part of a field's name, quoted where the language would read it as something else.
fn named(key: &str) -> String {
    let mut bytes = key.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !matches!(key, "AND" | "OR" | "NOT");
    if plain { key.to_owned() } else { format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> EntryFields {
        match entry_origin(raw) {
            EntryOrigin::Fields(fields) => fields,
            other => panic!("{other:?}: {raw}"),
        }
    }

    fn pairs(fields: &[EntryField]) -> Vec<(&str, &str)> {
        fields.iter().map(|field| (field.path.as_str(), field.text.as_str())).collect()
    }

    #[test]
    fn fields_have_the_names_of_the_language_however_an_export_spells_them() {
        let api =
            of(r#"{"insertId":"a","jsonPayload":{"@mt":"late","err":{"code":7,"k8s/x":null},"list":["p",{"q":"r"}]},
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop"}},"labels":{"k8s-pod/app":"till"},
            "httpRequest":{"requestUrl":"/a","status":503}}"#);
        assert_eq!(
            pairs(&api.payload),
            [
                ("jsonPayload.\"@mt\"", "late"),
                ("jsonPayload.err.code", "7"),
                ("jsonPayload.list", "p"),
                ("jsonPayload.list.q", "r")
            ]
        );
        assert!(api.payload[0].is_text && !api.payload[1].is_text);
        assert_eq!(pairs(&api.resource), [("resource.labels.service_name", "shop")]);
        assert_eq!(pairs(&api.labels), [("labels.\"k8s-pod/app\"", "till")]);
        assert_eq!(pairs(&api.request), [("httpRequest.requestUrl", "/a"), ("httpRequest.status", "503")]);
        assert!(api.keys.contains(&("err.code".into(), "jsonPayload.err.code".into())), "{:?}", api.keys);

        let client =
            of(r#"{"insert_id":"a","log_name":"projects/p/logs/x","payload":"no","http_request":{"request_url":"/a"},
            "resource":["cloud_run_revision",{"service_name":"shop"}]}"#);
        assert_eq!(pairs(&client.payload), [("textPayload", "no")]);
        assert_eq!(pairs(&client.request), [("httpRequest.requestUrl", "/a")]);
        assert_eq!(pairs(&client.resource), [("resource.labels.service_name", "shop")]);

        let lake = of(r#"{"insertId":"a","logName":"projects/p/logs/x","jsonPayload":"{\"msg\":\"no\"}"}"#);
        assert_eq!(pairs(&lake.payload), [("jsonPayload.msg", "no")]);

        let audit = of(
            r#"{"insertId":"a","json_payload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","methodName":"m"}}"#,
        );
        assert_eq!(audit.payload[1].path, "protoPayload.methodName");
    }

    #[test]
    fn entries_of_other_systems_are_told_apart() {
        for raw in [
            r#"{"@timestamp":"2025-01-01T00:00:00Z","message":"no","log.level":"error"}"#,
            r#"{"eventId":"1","logStreamName":"s","message":"no","timestamp":1}"#,
            "plain text",
            "[1,2]",
        ] {
            assert_eq!(entry_origin(raw), EntryOrigin::Foreign, "{raw}");
        }
        let lifted = r#"{"severity":"ERROR","message":"no","logging.googleapis.com/trace":"projects/p/traces/t"}"#;
        assert_ne!(entry_origin(lifted), EntryOrigin::Foreign);
    }
}
