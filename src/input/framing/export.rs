//! The journal's own export: `journalctl -o export`.
//!
//! An entry is a run of fields, each `NAME=text` on a line; where a value holds line ends or is no text, the name stands alone,
//! and its length (eight bytes, the lowest first), the value and a line end follow. An empty line ends the entry. Each becomes
//! the object that `journalctl -o json` would write. Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>.

use super::csv::write_string;

/// The field that journald writes first.
const FIRST: &[u8] = b"__CURSOR=";

/// Fields that an entry has at most.
const MOST_FIELDS: usize = 1024;

/// What stands at the front of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Export {
    /// An entry of so many bytes, without its last line end, as an object.
    Entry(usize, String),
    /// More bytes are needed.
    Open,
    /// None.
    None,
}

/// Reads the entry that `bytes` begin with; `last`: the file ends with them.
pub(super) fn entry(bytes: &[u8], last: bool) -> Export {
    if !bytes.starts_with(FIRST) {
        return Export::None;
    }
    let mut fields: Vec<(&str, Vec<String>)> = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(line) = memchr::memchr(b'\n', rest).map(|end| &rest[..end]).or(last.then_some(rest)) else {
            return Export::Open;
        };
        if line.is_empty() {
            // The line end before it is no part of the entry.
            return Export::Entry(at.min(bytes.len() + 1) - 1, object(&fields));
        }
        let sign = memchr::memchr(b'=', line);
        let Some(name) = name_of(&line[..sign.unwrap_or(line.len())]) else { return Export::None };
        // The next entry begins without the end of this one; or it has more fields than journald lets one have.
        if at > 0 && line.starts_with(FIRST) || fields.len() > MOST_FIELDS {
            return Export::None;
        }
        at += line.len() + 1;
        let value = if let Some(sign) = sign {
            &line[sign + 1..]
        } else {
            let behind = bytes.get(at..).unwrap_or_default().split_first_chunk::<8>();
            let value =
                behind.and_then(|(length, value)| value.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?));
            let Some(value) = value else { return if last { Export::None } else { Export::Open } };
            at += 8 + value.len() + 1;
            value
        };
        let value = String::from_utf8_lossy(value).into_owned();
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => fields.push((name, vec![value])),
        }
    }
}

/// The name of a field, which has letters, digits and lines only.
fn name_of(bytes: &[u8]) -> Option<&str> {
    let plain = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    (!bytes.is_empty() && bytes.len() <= 64 && bytes.iter().all(plain)).then(|| super::utf8(bytes))
}

/// A field that was given several times is an array.
fn object(fields: &[(&str, Vec<String>)]) -> String {
    let mut out = String::from("{");
    for (at, (name, values)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(name, &mut out);
        out.push(':');
        if let [value] = &values[..] {
            write_string(value, &mut out);
            continue;
        }
        for (at, value) in values.iter().enumerate() {
            out.push(if at == 0 { '[' } else { ',' });
            write_string(value, &mut out);
        }
        out.push(']');
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_with_an_empty_line_whatever_its_values_hold() {
        let mut bytes = b"__CURSOR=s=1;i=1\nMESSAGE\n\x09\0\0\0\0\0\0\0no\n\nstock\nA=1\nA=\"2\"\n".to_vec();
        let length = bytes.len() - 1;
        let text = r#"{"__CURSOR":"s=1;i=1","MESSAGE":"no\n\nstock","A":["1","\"2\""]}"#;
        for cut in FIRST.len()..bytes.len() {
            assert_eq!(entry(&bytes[..cut], false), Export::Open, "{cut}");
        }
        assert_eq!(entry(&bytes, true), Export::Entry(length, text.to_owned()));
        assert_eq!(entry(&bytes[..length], true), Export::Entry(length, text.to_owned()), "no line end");
        bytes.extend(b"\n__CURSOR=s=1;i=2\n");
        assert_eq!(entry(&bytes, false), Export::Entry(length, text.to_owned()));
    }

    #[test]
    fn what_is_no_field_is_no_entry() {
        for text in [
            "x",
            "__CURSOR=1\nno field\n",
            "__CURSOR=1\nA\n\u{1}\0\0",
            "__CURSOR=1\nA\n\u{7f}\0\0\0\0\0\0\0x",
            "__CURSOR=1\n=x",
            "__CURSOR=1\nA=2\n__CURSOR=3\nA=4\n",
        ] {
            assert_eq!(entry(text.as_bytes(), true), Export::None, "{text:?}");
        }
    }
}
