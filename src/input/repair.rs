//! The lenient second pass over what the strict parser refused.
//!
//! Real exports hold NaN, raw tabs inside strings, half a surrogate pair, a comma behind the last value and bytes that are not
//! UTF-8. Each has one meaning
//! that loses nothing a reader needs, so the row is kept and counted as `repaired`; whatever is still no JSON afterwards is
//! malformed.

/// The text of a row with the known damages mended; the strict parser decides whether it is a row now.
pub(crate) fn repair(bytes: &[u8]) -> String {
    if let Some(text) = utf16(bytes) {
        return repair(text.as_bytes());
    }
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest: &str = &text;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let mut step = c.len_utf8();
        if in_string {
            match c {
                '"' => {
                    in_string = false;
                    out.push(c);
                }
                '\\' => step = escape(rest, &mut out),
                c if (c as u32) < 0x20 => {
                    out.push_str(&format!("\\u{:04x}", c as u32));
                }
                c => out.push(c),
            }
        } else {
            match c {
                '"' => {
                    in_string = true;
                    out.push(c);
                }
                'N' | 'I' | '-' => {
                    let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word));
                    if let Some(word) = word {
                        out.push_str("null");
                        step = word.len();
                    } else {
                        out.push(c);
                    }
                }
                '\0' => out.push(' '),
                '}' | ']' => {
                    without_comma(&mut out);
                    out.push(c);
                }
                c => out.push(c),
            }
        }
        rest = &rest[step..];
    }
    out
}

/// A row in UTF-16, which PowerShell adds to a file of another encoding.
fn utf16(bytes: &[u8]) -> Option<String> {
    let [b'{', 0, second, 0, ..] = bytes else { return None };
    // The byte that belongs to the last brace stands behind it.
    let whole = [bytes, if bytes.len() % 2 == 1 { &[0] } else { &[] }].concat();
    (*second != 0).then(|| encoding_rs::UTF_16LE.decode_without_bom_handling(&whole).0.into_owned())
}

/// Takes the comma away that stands behind the last value of an object or a list.
fn without_comma(out: &mut String) {
    let Some(before) = out.trim_ascii_end().strip_suffix(',') else { return };
    if !before.trim_ascii_end().ends_with([',', '{', '[', ':']) {
        out.truncate(before.len());
    }
}

/// Copies one escape, half a surrogate pair and unknown escapes mended; returns the bytes consumed.
fn escape(rest: &str, out: &mut String) -> usize {
    let code = |at: usize| {
        let digits = rest.get(at..at + 4)?;
        let is_code = rest.get(at - 2..at)? == "\\u" && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if is_code { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    match rest.as_bytes().get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
            out.push_str(&rest[..2]);
            2
        }
        Some(b'u') => match (code(2), code(8)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                out.push_str(&rest[..12]);
                12
            }
            (Some(0xD800..=0xDFFF), _) => {
                out.push_str("\\ufffd");
                6
            }
            (Some(_), _) => {
                out.push_str(&rest[..6]);
                6
            }
            _ => {
                out.push_str("\\\\u");
                2
            }
        },
        // A lone backslash was meant as itself.
        _ => {
            out.push_str("\\\\");
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::{Tape, Value};
    use super::*;

    #[test]
    fn mends_what_real_exports_hold() {
        for (damaged, key, expected) in [
            (&b"{\"a\":NaN,\"m\":\"x\"}"[..], "m", "x"),
            (b"{\"a\":-Infinity,\"m\":\"NaN stays\"}", "m", "NaN stays"),
            (b"{\"m\":\"a\tb\"}", "m", "a\tb"),
            (b"{\"m\":\"\\ud83d!\"}", "m", "\u{fffd}!"),
            (b"{\"m\":\"\xff!\"}", "m", "\u{fffd}!"),
            (b"{\"m\":\"C:\\dir\"}", "m", "C:\\dir"),
            (b"{\"a\":[1,2,\n],\"o\":{\"p\":1, },\"m\":\"x,]\",\r\n}", "m", "x,]"),
        ] {
            let text = repair(damaged);
            let mut tape = Tape::default();
            let value = tape.parse(&text).expect(&text);
            assert_eq!(value.get(key).and_then(Value::as_str).as_deref(), Some(expected));
        }
    }

    #[test]
    fn reads_a_row_that_was_added_in_utf16() {
        let row = "{\"m\":\"naïve ✓\"}";
        let bytes: Vec<u8> = row.encode_utf16().flat_map(u16::to_le_bytes).collect();
        // The last byte is behind the brace at which the row seems to end.
        assert_eq!(repair(&bytes[..bytes.len() - 1]), row);
        assert_eq!(repair(&bytes), row);
        assert!(Tape::default().parse(&repair(b"{\0\"\0")).is_err());
    }

    #[test]
    fn leaves_what_is_no_json_malformed() {
        assert!(Tape::default().parse(&repair(b"{\"a\":")).is_err());
        for text in ["{a:1}", "{,}", "{\"a\":[1,,]}", "{\"a\":,}", "{\"a\":1,,}"] {
            assert!(Tape::default().parse(&repair(text.as_bytes())).is_err(), "{text}");
        }
    }
}
