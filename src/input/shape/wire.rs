//! Messages of protocol buffers as their bytes: an audit entry that was exported without being opened.
//!
//! Only what its numbers say is read; what is no such message is none. Sources:
//! <https://protobuf.dev/programming-guides/encoding/>,
//! <https://github.com/googleapis/googleapis/blob/master/google/cloud/audit/audit_log.proto>.

use base64::Engine as _;

use super::super::json::Value;
use super::made::Object;

/// What stands behind the number of a field.
enum Held<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed number, which no field of interest is.
    Other,
}

/// The fields of a message; `None` where the bytes are none.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Held<'_>)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = number(&mut bytes)?;
        let held = match tag & 7 {
            0 => Held::Number(number(&mut bytes)?),
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                Held::Bytes(bytes.split_off(..length)?)
            }
            1 => bytes.split_off(..8).map(|_| Held::Other)?,
            5 => bytes.split_off(..4).map(|_| Held::Other)?,
            _ => return None,
        };
        if tag < 8 {
            return None;
        }
        found.push((tag >> 3, held));
    }
    Some(found)
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The audit entry whose bytes a payload holds, with the members that a payload of JSON has.
pub(super) fn audit(payload: Value<'_>) -> Option<String> {
    let text = payload.some("value")?.as_str()?;
    let alphabet = if text.contains(['-', '_']) {
        base64::engine::general_purpose::URL_SAFE
    } else {
        base64::engine::general_purpose::STANDARD
    };
    let bytes = alphabet.decode(text.as_bytes()).ok()?;
    let mut out = Object::new();
    for (field, held) in fields(&bytes)? {
        match (field, held) {
            (2, Held::Bytes(status)) => put(&mut out, "status", status, &[(1, "code"), (2, "message")])?,
            (3, Held::Bytes(caller)) => put(&mut out, "authenticationInfo", caller, &[(1, "principalEmail")])?,
            (7, Held::Bytes(text)) => string(&mut out, "serviceName", text)?,
            (8, Held::Bytes(text)) => string(&mut out, "methodName", text)?,
            (11, Held::Bytes(text)) => string(&mut out, "resourceName", text)?,
            _ => {}
        }
    }
    let text = out.finish();
    (text.len() > 2).then_some(text)
}

fn string(out: &mut Object, name: &str, bytes: &[u8]) -> Option<()> {
    let text = std::str::from_utf8(bytes).ok()?;
    out.with(name, |out| out.push_str(&serde_json::Value::from(text).to_string()));
    Some(())
}

/// Adds a message inside, with those of its fields that are named.
fn put(out: &mut Object, name: &str, bytes: &[u8], names: &[(u64, &str)]) -> Option<()> {
    let mut inner = Object::new();
    for (field, held) in fields(bytes)? {
        let Some((_, name)) = names.iter().find(|(number, _)| *number == field) else { continue };
        match held {
            Held::Number(number) => inner.with(name, |out| out.push_str(&number.to_string())),
            Held::Bytes(text) => string(&mut inner, name, text)?,
            Held::Other => {}
        }
    }
    let inner = inner.finish();
    out.with(name, |out| out.push_str(&inner));
    Some(())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::super::mapped_row as map;
    use crate::record::Kind;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).expect("short")], bytes].concat()
    }

    fn row(bytes: &[u8]) -> crate::record::LogRecord<'static> {
        let value = base64::engine::general_purpose::STANDARD.encode(bytes);
        map(&format!(
            r#"{{"insertId":"i","timestamp":"2025-09-01T10:00:00Z","severity":"NOTICE","logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"till"}}}},"protoPayload":{{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","value":"{value}"}}}}"#
        ))
    }

    #[test]
    fn an_audit_entry_says_the_same_as_bytes() {
        let status = [&[8, 9][..], &field(2, b"not ready")].concat();
        let bytes = [
            field(2, &status),
            field(3, &field(1, b"ann@till.example")),
            field(7, b"run.googleapis.com"),
            field(8, b"/Services.ReplaceService"),
            field(11, b"namespaces/p/services/till/revisions/till-9"),
        ]
        .concat();
        let found = row(&bytes);
        assert_eq!((found.kind, found.message.as_ref()), (Kind::Audit, "not ready"));
        assert_eq!(found.function.as_deref(), Some("/Services.ReplaceService"));
        assert_eq!(found.user.as_deref(), Some("ann@till.example"));
        let deploy = found.deploy.expect("a deploy");
        assert_eq!((deploy.outcome, deploy.revision.as_deref()), ("failed", Some("till-9")));
        assert_eq!(row(&field(8, b"a.b.Get")).message, "a.b.Get");
    }

    #[test]
    fn what_is_no_message_stays_as_it_is_written() {
        for bytes in [&b"\xff\xff"[..], b"", b"\x0a\x7f", b"\x42\x02\xff\xfe"] {
            let found = row(bytes);
            assert_eq!(found.kind, Kind::Audit);
            assert!(found.message.starts_with('{'), "{}", found.message);
        }
    }
}
