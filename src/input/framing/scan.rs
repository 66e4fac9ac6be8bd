//! Where a value, a line or a row ends: scans over bytes that know nothing of the file around them.
//!
//! Braces and quotes are followed, not parsed: what the strict parser refused must still have an end. A scan also tells when
//! a value can no longer close where it should, because the export was torn; without that, each torn row would be followed
//! to the limit of its size.

use super::super::json::{MAX_DEPTH, Tape};

/// What stands before each row of a JSON text sequence.
pub(super) const RECORD: u8 = 0x1e;
/// Bytes in which the first key of a row stands.
const KEY: usize = 128;
/// Longest name before `|` in a prefixed line.
const PREFIX: usize = 128;

/// What a scan over the bytes of one value came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends after so many bytes.
    Ends(usize),
    /// No text after it can make it a value: it was torn, and another row follows on a line of its own.
    Torn,
    /// It goes on beyond the bytes given.
    Open,
}

/// Of the brackets that are open, which are arrays: a bit each, the innermost lowest. Deeper than it holds, kinds are not
/// told apart.
#[derive(Clone, Copy, Default)]
struct Brackets {
    depth: usize,
    arrays: u128,
}

impl Brackets {
    fn open(&mut self, array: bool) {
        if self.depth < MAX_DEPTH {
            self.arrays = self.arrays << 1 | u128::from(array);
        }
        self.depth += 1;
    }

    /// Closes the innermost bracket of a kind, and what was left open inside of it: how many; `None` when there is none.
    fn close(&mut self, array: bool) -> Option<u32> {
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            return Some(0);
        }
        let kind = if array { self.arrays } else { !self.arrays };
        let inside = kind.trailing_zeros();
        if inside as usize >= self.depth {
            return None;
        }
        self.depth -= 1 + inside as usize;
        self.arrays = self.arrays.checked_shr(inside + 1).unwrap_or(0);
        Some(inside)
    }

    /// Whether a value may follow what stands outside of strings: a comma in an object has a key behind it.
    fn take_value_behind(self, last: u8) -> bool {
        matches!(last, b'[' | b':') || last == b',' && self.arrays & 1 == 1
    }
}

/// Follows the object that `bytes` begins with; `indent` is the column it begins at, and it may stand in an array.
pub(super) fn extent(bytes: &[u8], indent: usize, in_array: bool) -> Extent {
    let (mut at, mut open, mut damaged) = (0, Brackets::default(), false);
    // Where the last byte outside of strings stands that is no blank.
    let mut last = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at + 1, indent) {
                Ok(end) => at = end,
                Err(extent) => return extent,
            },
            b'{' | b'[' => open.open(byte == b'['),
            b'}' | b']' => {
                let before = open;
                match open.close(byte == b']') {
                    Some(0) => {}
                    Some(_) => damaged = true,
                    None => {
                        let next = bytes[at + 1..].iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
                        match next {
                            None => return Extent::Open,
                            // That of the array around it: the object was never closed.
                            Some(next) if in_array && !b",}]:\"".contains(next) => return Extent::Ends(last + 1),
                            Some(_) => damaged = true,
                        }
                    }
                }
                if open.depth == 0 {
                    match if damaged { may_end(bytes, at, indent) } else { Some(true) } {
                        Some(true) => return Extent::Ends(at + 1),
                        Some(false) => open = before,
                        None => return Extent::Open,
                    }
                }
            }
            b'\n' => match next_line(bytes, at, indent) {
                Next::Row { .. } if !open.take_value_behind(bytes[last]) || open.depth > MAX_DEPTH => {
                    return Extent::Torn;
                }
                Next::Unknown => return Extent::Open,
                _ => {}
            },
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = at;
        }
        at += 1;
    }
    Extent::Open
}

/// Whether a row whose brackets do not match may end with the one at `at`: at its own indent, with its line, or before a row
/// that begins with the same key. `None` when the bytes do not say.
fn may_end(bytes: &[u8], at: usize, indent: usize) -> Option<bool> {
    if let Some(blanks) = blanks_before(bytes, at) {
        return Some(blanks <= indent);
    }
    let behind = &bytes[at + 1..];
    let next = behind.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b',' | b']'))?;
    match behind[next] {
        b'\n' => Some(true),
        b'{' => {
            let near = &behind[next..behind.len().min(next + KEY)];
            match (first_key(near), first_key(&bytes[..bytes.len().min(KEY)])) {
                (None, _) if near.len() < KEY => None,
                (key, own) => Some(key.is_some() && key == own),
            }
        }
        _ => Some(false),
    }
}

/// Blanks before a byte with which a line begins; `None` at other places, the first line's among them.
fn blanks_before(bytes: &[u8], at: usize) -> Option<usize> {
    let line = memchr::memrchr(b'\n', &bytes[..at])? + 1;
    let blanks = indent_of(&bytes[line..at]);
    (line + blanks == at).then_some(blanks)
}

/// Whether the bracket that ends an object of several lines is one of what stands in it, by its indent, which is that of the
/// first key or more: a line was lost that opened another.
pub(super) fn ends_inside(object: &[u8]) -> bool {
    let key = memchr::memchr(b'\n', object).map(|line| indent_of(&object[line + 1..]));
    let end = object.len().checked_sub(1).and_then(|last| blanks_before(object, last));
    key.zip(end).is_some_and(|(key, end)| end > 0 && end >= key)
}

fn first_key(object: &[u8]) -> Option<&[u8]> {
    let text = object.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    Some(&text[..memchr::memchr(b'"', text)?])
}

/// Ends of the texts `{…"key": [` that an object begins with, one for each of its own lists of objects and each of those in
/// an object of its own; and how many objects are open there.
pub(super) fn lists(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    // Of the brackets that are open, which are lists.
    let (mut at, mut depth, mut open) = (0, 0_usize, [false; 3]);
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => at = plain_string_end(bytes, at)? + 1,
                b'{' | b'[' => {
                    if let Some(list) = open.get_mut(depth) {
                        *list = byte == b'[';
                    }
                    depth += 1;
                    let objects = depth - 1;
                    let own = (1..=2).contains(&objects) && open[..depth] == [false, objects == 1, true][..depth];
                    let next = bytes[at..].iter().find(|byte| !byte.is_ascii_whitespace());
                    if byte == b'[' && own && next == Some(&b'{') {
                        return Some((at, objects));
                    }
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        None
    })
}

/// What stands behind a list of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// The next group's list, which opens after so many bytes.
    List(usize),
    /// The end of the wrapper, so many bytes on.
    Ends(usize),
    /// The bytes given do not say.
    Open,
}

/// Looks behind the end of a list in `objects` open objects, the innermost of which may hold more groups. Another list of its
/// own, whose items begin at a place, holds rows as well where `is_of_rows` says so.
pub(super) fn behind(
    bytes: &[u8],
    objects: usize,
    groups: bool,
    is_of_rows: &mut dyn FnMut(usize) -> Option<bool>,
) -> Behind {
    let (mut at, mut depth) = (0, objects);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => match plain_string_end(bytes, at) {
                Some(end) => at = end + 1,
                None => return Behind::Open,
            },
            b'[' if groups && depth == objects => return Behind::List(at),
            b'[' if depth == objects => match is_of_rows(at) {
                Some(true) => return Behind::List(at),
                Some(false) => depth += 1,
                None => return Behind::Open,
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Behind::Ends(at);
                }
                if depth < objects && groups {
                    // The map of groups is closed: a list behind it is none of them.
                    return match behind(&bytes[at..], depth, false, &mut |_| Some(false)) {
                        Behind::Ends(end) => Behind::Ends(at + end),
                        other => other,
                    };
                }
            }
            _ => {}
        }
    }
    Behind::Open
}

fn plain_string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Position of the quote that closes a string whose text begins at `at`.
fn string_end(bytes: &[u8], mut at: usize, indent: usize) -> Result<usize, Extent> {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else { return Err(Extent::Open) };
        at += found;
        match bytes[at] {
            b'"' => return Ok(at),
            b'\\' => at += 2,
            _ => match next_line(bytes, at, indent) {
                // The quote would close the string, and no key or text follows a string.
                Next::Row { key: Some(byte) } if !matches!(byte, b',' | b':' | b'}' | b']' | b' ') => {
                    return Err(Extent::Torn);
                }
                Next::Row { key: None } | Next::Unknown => return Err(Extent::Open),
                _ => at += 1,
            },
        }
    }
}

enum Next {
    /// Begins with `{`, or a name before it, at the same or a lower indent; the byte after `{"`, where it stands there.
    Row {
        key: Option<u8>,
    },
    Other,
    /// Too few bytes to say.
    Unknown,
}

fn next_line(bytes: &[u8], newline: usize, indent: usize) -> Next {
    let line = &bytes[newline + 1..];
    let blanks = indent_of(line);
    let row = match line.get(blanks) {
        None => return Next::Unknown,
        Some(b'{') if blanks <= indent => Some(blanks),
        Some(_) if blanks <= indent => match prefix(&line[blanks..]) {
            Prefix::Of(length) => Some(blanks + length),
            Prefix::Open => return Next::Unknown,
            Prefix::None => None,
        },
        Some(_) => None,
    };
    let Some(row) = row else { return Next::Other };
    match line.get(row + 1) {
        None => Next::Unknown,
        Some(b'"') => Next::Row { key: line.get(row + 2).copied() },
        Some(_) => Next::Row { key: Some(b' ') },
    }
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(**byte, b' ' | b'\t' | RECORD)).count()
}

/// Offset of the next line that begins with at most `indent` blanks and `{`, or a name before it.
pub(super) fn sibling(bytes: &[u8], indent: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|end| {
        let line = &bytes[end + 1..];
        let blanks = indent_of(line);
        let row = blanks <= indent && (line.get(blanks) == Some(&b'{') || prefix_of(&line[blanks..]).is_some());
        row.then_some(end + 1 + blanks)
    })
}

/// `name | ` before an object.
enum Prefix {
    /// So many bytes.
    Of(usize),
    /// Too few bytes to say.
    Open,
    None,
}

fn prefix(line: &[u8]) -> Prefix {
    let word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@');
    // PM2 writes a number before the name: `0|till  | `.
    let digits = line.iter().take(PREFIX).take_while(|byte| byte.is_ascii_digit()).count();
    let number = if digits > 0 && line.get(digits) == Some(&b'|') { digits + 1 } else { 0 };
    let name = number + line[number..].iter().take(PREFIX).take_while(word).count();
    let bar = name + indent_of(&line[name..]);
    match line.get(bar) {
        None if name > 0 => Prefix::Open,
        Some(b'|') if name > number && bar > name => {
            let object = bar + 1 + indent_of(&line[bar + 1..]);
            match line.get(object) {
                None => Prefix::Open,
                Some(b'{') => Prefix::Of(object),
                Some(_) => Prefix::None,
            }
        }
        _ => Prefix::None,
    }
}

/// Length of `name | ` before an object.
pub(super) fn prefix_of(line: &[u8]) -> Option<usize> {
    match prefix(line) {
        Prefix::Of(length) => Some(length),
        Prefix::Open | Prefix::None => None,
    }
}

/// Whether bytes are a value as JSON writes it.
pub(super) fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Tape::default().parse(text).is_ok())
}

/// Whether a string that `bytes` begin with may hold an object: behind its brace and blanks, however these are written,
/// stands a key.
pub(super) fn may_encode(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(b"\"{") else { return false };
    loop {
        match rest {
            [b' ', behind @ ..] | [b'\\', b'n' | b'r' | b't', behind @ ..] => rest = behind,
            _ => return rest.starts_with(b"\\\""),
        }
    }
}

/// The object in a string, which `text` is: a row that was encoded once more, `"{\"severity\":\"ERROR\"}"`.
pub(super) fn encoded(text: &[u8]) -> Option<String> {
    if !text.starts_with(b"\"{") || !text.ends_with(b"\"") {
        return None;
    }
    let mut tape = Tape::default();
    let string = tape.parse(std::str::from_utf8(text).ok()?).ok()?.as_str()?;
    let object = string.trim_ascii_end();
    object.ends_with('}').then(|| object.to_owned())
}

/// Whether a line is `name | {…`.
pub(crate) fn is_prefixed(line: &[u8]) -> bool {
    prefix_of(line).is_some()
}

/// What an element of an array is that begins with neither `{` nor `[`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    /// A string, number or word of so many bytes, with a comma or bracket behind it.
    Ends(usize),
    /// It may be one; the bytes given do not say.
    Open,
    /// A banner.
    None,
}

/// Looks at the element that `bytes` begin with.
pub(super) fn scalar(bytes: &[u8]) -> Scalar {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = match bytes.first() {
        Some(b'"') => {
            let mut at = 1;
            loop {
                match memchr::memchr3(b'"', b'\\', b'\n', bytes.get(at..).unwrap_or_default()) {
                    None => return Scalar::Open,
                    Some(found) if bytes[at + found] == b'"' => break at + found + 1,
                    Some(found) if bytes[at + found] == b'\\' => at += found + 2,
                    Some(_) => return Scalar::None,
                }
            }
        }
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => bytes.iter().take_while(|byte| word(byte)).count(),
        _ => return Scalar::None,
    };
    match bytes[length..].iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Scalar::Open,
        Some(b',' | b']') => Scalar::Ends(length),
        Some(_) => Scalar::None,
    }
}

/// Bytes between two rows of which each has a line of its own: a comma, if one has to stand there, and the line's end with the
/// indent of the next; `None` where anything else stands there.
pub(crate) fn gap(bytes: &[u8], comma: bool) -> Option<usize> {
    let rest = if comma { bytes.strip_prefix(b",")? } else { bytes };
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    let indent = rest.iter().position(|byte| *byte != b' ')?;
    (rest[indent] == b'{').then(|| bytes.len() - rest.len() + indent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Extent {
        extent(text.as_bytes(), 0, true)
    }

    #[test]
    fn braces_inside_strings_do_not_count() {
        assert_eq!(of(r#"{"a":"}\"{"}, "#), Extent::Ends(12));
        assert_eq!(of("{\"a\":\"x\ny\"}"), Extent::Ends(11));
        assert_eq!(of("{\"a\":[1,2"), Extent::Open);
        assert_eq!(of("{\"a\":\"\\"), Extent::Open);
    }

    #[test]
    fn a_torn_value_is_told_by_the_row_after_it() {
        assert_eq!(of("{\"a\":\"cut\n{\"b\":1}\n"), Extent::Torn);
        assert_eq!(of("{\"a\":1\n{\"b\":1}\n"), Extent::Torn);
        assert_eq!(of("{\"a\":\n{\"b\":1}\n}"), Extent::Ends(15));
        assert_eq!(of("{\"a\":\"x\n{\",\"b\":1}"), Extent::Ends(17), "text may hold a brace");
        assert_eq!(of("{\"a\":1\n  {\"b\":1}\n"), Extent::Open, "a deeper line is no sibling");
    }

    #[test]
    fn a_bracket_of_the_other_kind_ends_what_was_left_open() {
        let ends =
            |row: &str, behind: &str| assert_eq!(of(&format!("{row}{behind}")), Extent::Ends(row.len()), "{row}");
        ends("{\"a\":[1}", ",{\"a\":2}]");
        ends("{\"a\":[1}", " ,\r\n");
        ends("{\"a\":[{\"b\":1],\"c\":2}", ",\n");
        ends("{\"a\":{\"b\":1},{\"c\":2}", " ]\n");
        ends("{\"a\":1],\"b\":2}", ",{\"a\":");
        ends("{\"a\":[{\"b\":1},\n{\"c\":2}\n]}", "");
        // What follows is no row of the same kind: the object goes on.
        ends("{\"a\":[\"b\":1},{\"b\":2}],\"c\":3}", "\n");
        ends("{\"a\":[{\"b\":1]},{\"b\":2}],\"c\":3}", ",{\"a\":2}");
        ends("{\n  \"a\":[\n    \"b\":1\n  },\n  {\n  }],\n  \"c\":3\n}", "");
        assert_eq!(of("{\"a\":[1},{\"a"), Extent::Open);
        assert_eq!(of("{\"a\":{\"b\":1\n},\n{\"c\":2}\n]"), Extent::Torn, "no value follows a comma in an object");
        let deep = "[".repeat(200) + &"]".repeat(200);
        ends(&format!("{{\"a\":{deep}}}"), "");
    }

    #[test]
    fn lists_of_objects_and_the_end_behind_them_are_found() {
        let text = br#"{"a":{"b":[{}]},"c":[1],"d":"[{","e": [ {"f":[{"g":1}]}],"h":[{}]}"#;
        let found: Vec<_> = lists(text).map(|(end, objects)| (text[..end].to_vec(), objects)).collect();
        let ends = [(&b"{\"a\":{\"b\":["[..], 2), (b"\"e\": [", 1), (b"\"h\":[", 1)];
        assert_eq!(found.len(), ends.len());
        assert!(found.iter().zip(ends).all(|(found, end)| found.0.ends_with(end.0) && found.1 == end.1), "{found:?}");
        assert_eq!(behind(br#","n":{"x":"}"}} rest"#, 1, false, &mut |_| Some(false)), Behind::Ends(15));
        assert_eq!(behind(br#","n":{"x":"}"#, 1, false, &mut |_| Some(false)), Behind::Open);
        assert_eq!(behind(br#"},"n":[{"x":1}]} rest"#, 2, false, &mut |_| Some(false)), Behind::Ends(16));
        assert_eq!(behind(br#", "WARNING" : [{"a":1}]}}"#, 2, true, &mut |_| Some(false)), Behind::List(15));
        assert_eq!(
            behind(br#"},"n":[{"x":1}]} rest"#, 2, true, &mut |_| Some(true)),
            Behind::Ends(16),
            "no group outside of the map"
        );
        assert_eq!(behind(br#", "n":[{"x":1}]} rest"#, 1, false, &mut |at| Some(at == 7)), Behind::List(7));
        assert_eq!(behind(br#", "n":[{"x":1}]} rest"#, 1, false, &mut |_| None), Behind::Open);
    }

    #[test]
    fn scalars_end_at_their_comma_and_banners_with_their_line() {
        assert_eq!(scalar(b"7,{\"a\":1}]"), Scalar::Ends(1));
        assert_eq!(scalar(b"\"a,\\\"b\" , 2"), Scalar::Ends(7));
        assert_eq!(scalar(b"true]"), Scalar::Ends(4));
        assert_eq!(scalar(b"7 apples, pears"), Scalar::None);
        assert_eq!(scalar(b"note: a, b,"), Scalar::None);
        assert_eq!(scalar(b"12"), Scalar::Open);
    }
}
