//! Values that are more than one word: after `key=` quoted, in brackets, lists and maps; in access logs the quoted agent.

use super::class::{is_space, is_word};
use super::mask::{at, run};

/// Longest list or map after a key that is one value.
const LITERAL_MAX_BYTES: usize = 4096;

/// Longest name and longest whole text of a program that made a request.
const PRODUCT_MAX_BYTES: usize = 48;
const AGENT_MAX_BYTES: usize = 1024;

/// End of the quoted text from `i` on when it names the program behind a request (`curl/8.1`, `Mozilla/5.0 (X11) …`), or is
/// a lone dash: one value, however many words it has.
pub(super) fn agent(s: &[u8], i: usize) -> Option<usize> {
    if at(s, i) == b'-' {
        return (at(s, i + 1) == b'"').then_some(i + 1);
    }
    if !at(s, i).is_ascii_alphabetic() {
        return None;
    }
    let slash = run(&s[..s.len().min(i + PRODUCT_MAX_BYTES)], i, |b| is_word(b) || matches!(b, b'-' | b'.'));
    if at(s, slash) != b'/' || !at(s, slash + 1).is_ascii_digit() {
        return None;
    }
    let window = &s[..s.len().min(i + AGENT_MAX_BYTES)];
    memchr::memchr(b'"', window.get(slash..)?).map(|p| slash + p)
}

/// End of the status behind the closing quote of a request: a space and three digits that can be one.
pub(super) fn status(s: &[u8], i: usize) -> Option<usize> {
    let known = at(s, i) == b' '
        && matches!(at(s, i + 1), b'1'..=b'5')
        && at(s, i + 2).is_ascii_digit()
        && at(s, i + 3).is_ascii_digit();
    (known && (i + 4 == s.len() || is_space(s[i + 4]))).then_some(i + 4)
}

/// End of the bracket that opens at `i` and holds neither white space nor another of its kind.
fn bracketed(s: &[u8], i: usize) -> Option<usize> {
    let open = at(s, i);
    let close = match open {
        b'{' => b'}',
        b'(' => b')',
        b'[' => b']',
        _ => return None,
    };
    let end = run(s, i + 1, |b| b != close && b != open && !is_space(b));
    (at(s, end) == close).then_some(end + 1)
}

/// End of the list or map at `i` as Python and JSON write them: it begins with a quote or another bracket, and may hold spaces.
fn literal(s: &[u8], i: usize) -> Option<usize> {
    let inside = matches!(at(s, i + 1), b'\'' | b'"' | b'[' | b'{' | b'(');
    if !inside || !matches!(at(s, i), b'[' | b'{' | b'(') {
        return None;
    }
    let window = &s[..s.len().min(i + LITERAL_MAX_BYTES)];
    let (mut depth, mut quote, mut end) = (0_usize, None, i);
    while let Some(&b) = window.get(end) {
        end += 1;
        match (quote, b) {
            (Some(_), b'\\') => end += 1,
            (Some(open), _) => quote = quote.filter(|_| b != open),
            (None, b'\'' | b'"') => quote = Some(b),
            (None, b'[' | b'{' | b'(') => depth += 1,
            (None, b']' | b'}' | b')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(end);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a value may end before the byte at `i`.
fn closes(s: &[u8], i: usize) -> bool {
    i >= s.len() || is_space(s[i]) || matches!(s[i], b',' | b';' | b')' | b']' | b'}')
}

/// The value after the `=` at `i` when it is quoted or ends in one balanced bracket: its span
/// without quotes, and whether it is quoted.
pub(super) fn attached_value(s: &[u8], i: usize) -> Option<(usize, usize, bool)> {
    if i >= 1 && matches!(s[i - 1], b'=' | b'!' | b'<' | b'>') {
        return None;
    }
    let open = at(s, i + 1);
    // `tags=[]` and `err=""`: nothing is a value too.
    let empty =
        matches!((open, at(s, i + 2)), (b'[', b']') | (b'{', b'}') | (b'(', b')') | (b'"', b'"') | (b'\'', b'\''));
    if empty && closes(s, i + 3) {
        let quoted = matches!(open, b'"' | b'\'');
        return Some(if quoted { (i + 2, i + 2, true) } else { (i + 1, i + 3, false) });
    }
    let (start, end, quoted) = if matches!(open, b'"' | b'\'') {
        let end = run(s, i + 2, |b| b != open && b != b'\n');
        if at(s, end) != open {
            return None;
        }
        (i + 2, end, true)
    } else {
        let bracket = run(s, i + 1, |b| is_word(b) || matches!(b, b'.' | b'$' | b'-'));
        let mut end = bracketed(s, bracket).or_else(|| literal(s, bracket))?;
        // `[0,1][2,3]` is one value.
        while let Some(next) = bracketed(s, end) {
            end = next;
        }
        (i + 1, end, false)
    };
    let after = end + usize::from(quoted);
    let length = if quoted { end - start + 2 } else { end - start };
    (closes(s, after) && length >= 3 && s[start..end].iter().any(|&b| b.is_ascii_alphanumeric() || b >= 0x80))
        .then_some((start, end, quoted))
}
