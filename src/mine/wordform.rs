//! What the form of one word says: constant, variable, or variable until it proves constant.

use super::class::is_word;
use super::token::Kind;

/// Whether a text holds a letter or a digit of any script.
#[inline]
pub(super) fn has_alnum(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphanumeric()) || (!text.is_ascii() && text.chars().any(char::is_alphanumeric))
}

/// Whether an exporter wrote this in place of a secret; such text is a constant.
pub(super) fn is_redacted(word: &str) -> bool {
    word == "REDACTED" || word.starts_with("***") || word.eq_ignore_ascii_case("[redacted]")
}

/// The kind of a chunk that holds a letter or digit.
pub(super) fn classify(text: &str) -> Kind {
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    if (text.bytes().any(|b| b == b'/') && is_path(text)) || is_bool(text.as_bytes()) {
        return Kind::Hard;
    }
    if has_digit {
        return if is_soft(text.as_bytes()) && !is_hex(text.as_bytes()) { Kind::Soft } else { Kind::Hard };
    }
    if is_email(text) {
        return Kind::Hard;
    }
    let begins = matches!(text.as_bytes(), [b'?', next, ..] if is_word(*next));
    if begins || text.contains("??") || text.contains(LOST) || lost_inside(text) { Kind::Hard } else { Kind::Word }
}

/// `name@host.example`.
pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        let word = |s: &str| s.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-' | b'+'));
        !user.is_empty() && word(user) && word(host) && host.contains('.') && !host.starts_with('.')
    })
}

/// Whether a key names what is said rather than a value: `msg=stored` and `msg=lost` are two events.
pub(super) fn is_event_key(key: &str) -> bool {
    ["msg", "message", "event", "desc"].iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// Whether the quoted text behind a key is a sentence to be mined: what happened, or why.
pub(super) fn is_sentence_key(key: &str) -> bool {
    is_event_key(key) || ["error", "err", "reason", "detail"].iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// The dotted name of an operation, as audit logs write it: `storage.v2.Buckets.Create`, `Vendor.Compute/disks/delete`.
pub(super) fn is_operation(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && (part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') || is_soft(part.as_bytes()))
    };
    let first = text.split('/').next().unwrap_or_default();
    let dots = first.bytes().filter(|&b| b == b'.').count();
    (dots >= 2 || (dots == 1 && first.len() < text.len()))
        && text.split(['.', '/']).all(part)
        && text.rsplit(['.', '/']).next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// What stands for a character that could not be read.
pub(super) const LOST: char = '\u{fffd}';

/// Whether a text without letters and digits is an emoji or the like, or what a narrow code page left of it: the clean and the
/// damaged export of one message must meet.
pub(super) fn is_symbol(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '?' || !c.is_ascii())
}

/// What an export through a narrow code page would have left of a text, the same for every such page.
pub(super) fn skeleton(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let lost = c == '?' || !c.is_ascii();
        if !lost {
            out.push(c);
        } else if !out.ends_with(LOST) {
            out.push(LOST);
        }
    }
    out
}

/// A `?` between two letters or digits: text lost on the way through a narrow code page.
fn lost_inside(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| w[1] == b'?' && is_word(w[0]) && is_word(w[2]) && w[0] != b'=')
        && !text.contains('/')
}

/// `true`, `false`, `null` in any case.
#[inline]
pub(super) fn is_bool(text: &[u8]) -> bool {
    match text.len() {
        4 => text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"null"),
        5 => text.eq_ignore_ascii_case(b"false"),
        _ => false,
    }
}

/// `/a`, `~/a`, `./a`, `../a`, or at least three segments `a/b/c`.
fn is_path(text: &str) -> bool {
    let b = text.as_bytes();
    for prefix in [&b"/"[..], b"~/", b"./", b"../"] {
        if b.starts_with(prefix) && b[prefix.len()..].iter().any(|&c| is_word(c)) {
            return true;
        }
    }
    let body = text.strip_suffix('/').unwrap_or(text);
    let mut parts = 0;
    for part in body.split('/') {
        let first = parts == 0;
        if part.is_empty()
            || !part.bytes().all(|c| is_word(c) || matches!(c, b'.' | b'-' | b'$') || (!first && c == b'*'))
        {
            return false;
        }
        parts += 1;
    }
    parts >= 3
}

/// Letters, one or two digits, letters: `ssh2`, `eth0`, `worker-12`.
pub(super) fn is_soft(b: &[u8]) -> bool {
    let letter = |c: u8| c.is_ascii_alphabetic() || c == b'_' || c == b'-';
    if !b.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let digit = b.iter().position(|&c| !letter(c)).unwrap_or(b.len());
    let rest = &b[digit..];
    let digits = rest.iter().position(|c| !c.is_ascii_digit()).unwrap_or(rest.len());
    (1..=2).contains(&digits) && rest[digits..].iter().all(|&c| letter(c))
}

/// At least six hex digits with a decimal digit among them.
pub(super) fn is_hex(text: &[u8]) -> bool {
    text.len() >= 6 && text.iter().all(u8::is_ascii_hexdigit) && text.iter().any(u8::is_ascii_digit)
}
