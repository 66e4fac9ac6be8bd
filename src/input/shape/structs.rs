//! `google.protobuf.Struct` as protobuf.js writes it: each value under the name of its kind.
//!
//! Google's client library for Node.js turns a payload into one where a program writes its entries as JSON. Source:
//! <https://protobuf.dev/reference/protobuf/google.protobuf/#struct>.

use super::super::json::Value;
use super::made::{Object, as_is};

/// The only member of an object beside `kind`, in which protobuf.js says which of them is set.
fn only(object: Value<'_>) -> Option<(&[u8], Value<'_>)> {
    let mut members = object.fields().filter(|(key, _)| *key != b"kind");
    members.next().filter(|_| members.next().is_none())
}

/// The members of a struct.
fn members(value: Value<'_>) -> Option<Value<'_>> {
    only(value).filter(|(key, fields)| *key == b"fields" && fields.is_object()).map(|(_, fields)| fields)
}

/// A value by its kind.
fn kind(value: Value<'_>) -> Option<(&[u8], Value<'_>)> {
    only(value).filter(|(key, _)| {
        matches!(*key, b"nullValue" | b"numberValue" | b"stringValue" | b"boolValue" | b"structValue" | b"listValue")
    })
}

/// Whether an object is a struct that holds something.
pub(super) fn is_struct(value: Value<'_>) -> bool {
    members(value).is_some_and(|fields| {
        let mut values = fields.fields().map(|(_, value)| kind(value).is_some()).peekable();
        values.peek().is_some() && values.all(|known| known)
    })
}

/// Adds what a struct says, as plain JSON.
pub(super) fn write(value: Value<'_>, out: &mut String) {
    let Some(fields) = members(value) else { return as_is(value, out) };
    let mut object = Object::new();
    for (key, value) in fields.members() {
        object.with(&key, |out| one(value, out));
    }
    out.push_str(&object.finish());
}

fn one(value: Value<'_>, out: &mut String) {
    match kind(value) {
        Some((b"nullValue", _)) => out.push_str("null"),
        Some((b"structValue", inner)) => write(inner, out),
        Some((b"listValue", list)) => {
            out.push('[');
            for (at, item) in list.get("values").into_iter().flat_map(Value::items).enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                one(item, out);
            }
            out.push(']');
        }
        Some((_, inner)) => as_is(inner, out),
        None => as_is(value, out),
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use super::*;
    use crate::input::json::Tape;
    use crate::record::Severity;

    fn plain(text: &str) -> Option<String> {
        let mut tape = Tape::default();
        let value = tape.parse(text).expect("valid");
        is_struct(value).then(|| {
            let mut out = String::new();
            write(value, &mut out);
            out
        })
    }

    #[test]
    fn values_of_every_kind_are_plain_again() {
        let text = r#"{"fields":{"a\"b":{"stringValue":"x\ny","kind":"stringValue"},"n":{"numberValue":1.5},"t":{"boolValue":true},
            "z":{"nullValue":"NULL_VALUE"},"l":{"listValue":{"values":[{"numberValue":1},{"stringValue":""}]}},
            "e":{"listValue":{}},"s":{"structValue":{"fields":{"k":{"stringValue":"v"}}}},"o":{"structValue":{"fields":{}}}}}"#;
        assert_eq!(
            plain(text).as_deref(),
            Some(r#"{"a\"b":"x\ny","n":1.5,"t":true,"z":null,"l":[1,""],"e":[],"s":{"k":"v"},"o":{}}"#)
        );
        // Fields of others: of tracing, of nothing, beside something else.
        for other in
            [r#"{"fields":{"message":"x"}}"#, r#"{"fields":{}}"#, r#"{"fields":{"a":{"stringValue":"x"}},"b":1}"#]
        {
            assert_eq!(plain(other), None, "{other}");
        }
    }

    #[test]
    fn a_payload_that_is_a_struct_is_read_as_what_it_says() {
        let row = map(
            r#"{"insertId":"a","logName":"projects/p/logs/run.googleapis.com%2Fstdout","severity":"DEFAULT","timestamp":{"seconds":1757000000,"nanos":5},
            "resource":{"type":"cloud_run_revision","labels":{"service_name":"shop"}},
            "jsonPayload":{"fields":{"message":{"stringValue":"no room","kind":"stringValue"},"level":{"stringValue":"error"}}}}"#,
        );
        assert_eq!((row.message.as_ref(), row.effective_severity), ("no room", Severity::Error));
        assert_eq!((row.service.as_deref(), row.ts_ns), (Some("shop"), Some(1_757_000_000_000_000_005)));
    }
}
