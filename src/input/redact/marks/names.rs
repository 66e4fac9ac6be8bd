//! Names before a `:` or `=` that tell of a credential behind it, and URLs with a password.
//!
//! Nearly every `:` of a row stands behind the name of something else: the three letters before it say so.

use super::super::values::{JUDGED, PARTING, RANDOM};
use super::super::{COOKIE, HEADER, PASSWORD, SIGNATURE, URL};
use super::{Forms, Set, is_edge};

/// Names before a `:` or `=`, in lower case and without `_` and `-`: what they end in, and their form.
const NAMES: [(&str, usize); 44] = [
    ("password", PASSWORD),
    ("passwd", PASSWORD),
    ("pwd", PASSWORD),
    ("passphrase", PASSWORD),
    ("clientsecret", PASSWORD),
    ("clientkey", PASSWORD),
    ("apisecret", PASSWORD),
    ("apikey", PASSWORD),
    ("appsecret", PASSWORD),
    ("appkey", PASSWORD),
    ("secretsecret", PASSWORD),
    ("secretkey", PASSWORD),
    ("webhooksecret", PASSWORD),
    ("jwtsecret", PASSWORD),
    ("sessionsecret", PASSWORD),
    ("signingsecret", PASSWORD),
    ("oauthsecret", PASSWORD),
    ("secretaccesskey", PASSWORD),
    ("sharedaccesskey", PASSWORD),
    ("accountkey", PASSWORD),
    ("accesstoken", PASSWORD),
    ("authtoken", PASSWORD),
    ("refreshtoken", PASSWORD),
    ("idtoken", PASSWORD),
    ("sessiontoken", PASSWORD),
    ("securitytoken", PASSWORD),
    ("apitoken", PASSWORD),
    ("bottoken", PASSWORD),
    (WEAK[0], PASSWORD),
    (WEAK[1], PASSWORD),
    (VALUE, PASSWORD),
    ("authorization", HEADER),
    ("cookie", COOKIE),
    ("phpsessid", COOKIE),
    ("jsessionid", COOKIE),
    ("connect.sid", COOKIE),
    ("xgoogsignature", SIGNATURE),
    ("xamzsignature", SIGNATURE),
    ("xgoogsecuritytoken", SIGNATURE),
    ("xamzsecuritytoken", SIGNATURE),
    ("?sig", SIGNATURE),
    ("&sig", SIGNATURE),
    ("\\u0026sig", SIGNATURE),
    ("&amp;sig", SIGNATURE),
];
/// Names that prove nothing, unless what follows may be a secret.
const WEAK: [&str; 2] = ["token", "secret"];
/// The name of the second half of a pair, whose first one says what it is.
const VALUE: &str = "value";
/// Longest name of [`NAMES`] as it may be written, in bytes.
const NAME_MAX_BYTES: usize = 24;

/// Three lower-case letters as a number: comparing numbers is one step.
const fn three(text: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, text[0], text[1], text[2]])
}

/// Letters that were in upper case, in lower case; also three at once.
const LOWER: u32 = three([0x20; 3]);

/// What each of [`NAMES`] ends in.
const ENDS: [u32; NAMES.len()] = {
    let mut ends = [0; NAMES.len()];
    let mut at = 0;
    while at < ends.len() {
        let [.., a, b, c] = *NAMES[at].0.as_bytes() else { panic!("a name has three letters") };
        ends[at] = three([a, b, c]);
        at += 1;
    }
    ends
};

/// The same behind which an escaped tab stands.
const ENDS_AND_TAB: [u32; NAMES.len()] = {
    let (mut ends, mut at) = (ENDS, 0);
    while at < ends.len() {
        ends[at] = three([ends[at].to_be_bytes()[3], b'\\', b't']) | LOWER;
        at += 1;
    }
    ends
};

/// The same where more stands between the two: a quote, a blank, another such tab.
const TABS: [u32; 6] = [
    three(*b"\"\\t") | LOWER,
    three(*b"'\\t") | LOWER,
    three(*b" \\t") | LOWER,
    three(*b"\t\\t") | LOWER,
    three(*b"t\\t") | LOWER,
    three(*b"\\\\t") | LOWER,
];

static NAME_ENDS: Set = Set::of(&ENDS).and(&ENDS_AND_TAB).and(&TABS);

/// What the `:`, `=` or backslash at `at` tells of: a name before it, or a URL with a password.
#[inline]
pub(super) fn named_before(s: &[u8], at: usize) -> Forms {
    if s[at] == b'\\' {
        return named_before_escape(s, at);
    }
    let name = match &s[..at] {
        name @ [.., last] if !is_around_name(*last) => name,
        [name @ .., b'"'] if name.last().is_some_and(|last| !is_around_name(*last)) => name,
        around => without_around(around),
    };
    let mut found = if may_name(name) { name_form(name, &s[at + 1..]) } else { 0 };
    match s.get(at + 1..at + 3) {
        Some(b"//") if has_password(&s[at + 3..]) => found |= 1 << URL,
        Some(b"\\/" | b"\\\\") if has_escaped_password(&s[at + 1..]) => found |= 1 << URL,
        _ => {}
    }
    found
}

/// The same of an escape: it may be a `=`, which encoders write so for HTML.
#[inline]
fn named_before_escape(s: &[u8], at: usize) -> Forms {
    let Some([b'u', b'0', b'0', b'3', b'd' | b'D', rest @ ..]) = s.get(at + 1..) else { return 0 };
    let name = without_around(&s[..at]);
    if may_name(name) { name_form(name, rest) } else { 0 }
}

/// Whether a byte may stand between a name and its `:` or `=`.
#[inline]
fn is_around_name(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\' | b' ' | b'\t')
}

/// Whether a text may end as one of [`NAMES`] does.
#[inline]
fn may_name(s: &[u8]) -> bool {
    s.last_chunk().is_some_and(|end| NAME_ENDS.has(three(*end) | LOWER))
}

/// The form that the name at the end of `s` tells of; `rest` stands behind its `:` or `=`.
#[cold]
#[inline(never)]
fn name_form(s: &[u8], rest: &[u8]) -> Forms {
    let mut s = s;
    while let [before @ .., b't'] = s
        && before.last() == Some(&b'\\')
    {
        s = without_around(before);
    }
    let end = s.last_chunk().map_or(0, |end| three(*end) | LOWER);
    let found = NAMES.iter().zip(ENDS).filter(|((name, _), ends)| *ends == end && is_name(s, name));
    found.fold(0, |forms, ((name, form), _)| {
        let likely = match *name {
            VALUE => return forms | first_of_pair(&s[..s.len() - VALUE.len()], rest),
            name if WEAK.contains(&name) => may_be_secret(rest, RANDOM),
            // At the end of a longer word it proves less.
            _ if *form == PASSWORD && !is_whole(s, name) => may_be_secret(rest, 0),
            _ => true,
        };
        forms | Forms::from(likely) << form
    })
}

/// A text without what may stand between a name and its `:` or `=`.
fn without_around(s: &[u8]) -> &[u8] {
    &s[..s.iter().rposition(|byte| !is_around_name(*byte)).map_or(0, |last| last + 1)]
}

/// The forms that the first half of a pair tells of, which `s` ends with before the name of the second.
fn first_of_pair(s: &[u8], rest: &[u8]) -> Forms {
    let mut comma = s;
    // Between the two may be line breaks, also escaped.
    loop {
        comma = match comma {
            [before @ .., last] if is_around_name(*last) || last.is_ascii_whitespace() => before,
            [before @ .., b'\\', b'n' | b'r' | b't'] | [before @ .., b'\\', b'u', b'0', b'0', b'0', _] => before,
            _ => break,
        };
    }
    let [first @ .., b','] = comma else { return 0 };
    let first = without_around(first);
    let is_name_of_one = may_name(first) && !is_name(first, VALUE);
    if is_name_of_one { name_form(first, rest) } else { 0 }
}

/// Whether a value may be a secret where its name does not prove it: long enough, and not of letters alone.
fn may_be_secret(rest: &[u8], least: usize) -> bool {
    let start = rest.iter().position(|b| !is_around_name(*b) && *b != b'>').unwrap_or(rest.len());
    let (before, value) = rest.split_at(start);
    let ends =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b',' | b';' | b'&' | b'{' | b'}' | b'<' | b'>');
    // As many bytes as characters are judged: what is none of ASCII tells at once.
    let judged = &value[..value.len().min(JUDGED)];
    let value = &judged[..judged.iter().position(ends).unwrap_or(judged.len())];
    let tells = |b: &u8| !b.is_ascii_alphabetic() && !PARTING.as_bytes().contains(b);
    // What is escaped is left to the pattern.
    value.len() >= least && value.iter().any(tells) || before.last() == Some(&b'\\') || value.contains(&b'\\')
}

/// Whether a text ends with a name, however that is written.
fn is_name(s: &[u8], name: &str) -> bool {
    before_name(s, name).is_some()
}

/// Whether the name that a text ends with is more than the end of a word.
fn is_whole(s: &[u8], name: &str) -> bool {
    before_name(s, name).is_some_and(|before| before.ends_with(b"_") || is_edge(before))
}

/// What stands before the name that a text ends with.
fn before_name<'s>(s: &'s [u8], name: &str) -> Option<&'s [u8]> {
    let mut written = s.iter().enumerate().rev().take(NAME_MAX_BYTES).filter(|(_, b)| !matches!(b, b'_' | b'-'));
    let mut start = s.len();
    for letter in name.bytes().rev() {
        start = written.next().filter(|(_, b)| b.to_ascii_lowercase() == letter)?.0;
    }
    Some(&s[..start])
}

/// As [`has_password`], where the slashes of `://` are escaped.
#[cold]
#[inline(never)]
fn has_escaped_password(rest: &[u8]) -> bool {
    let slash = |rest: &[u8]| {
        let slashes = rest.iter().take_while(|b| **b == b'\\').count();
        (rest.get(slashes) == Some(&b'/')).then_some(slashes + 1)
    };
    slash(rest).is_some_and(|one| slash(&rest[one..]).is_some_and(|two| has_password(&rest[one + two..])))
}

/// Longest password of a URL, in bytes as they may be escaped.
const URL_PASSWORD: usize = 256 * 9;

/// Whether what follows `://` is `user:password@`.
#[cold]
#[inline(never)]
fn has_password(rest: &[u8]) -> bool {
    let ends = |b: &u8| matches!(b, b'/' | b'@' | b'"' | b'\'') || b.is_ascii_whitespace();
    let user = rest.iter().position(|b| *b == b':' || ends(b) || *b == b'\\').unwrap_or(rest.len());
    rest.get(user) == Some(&b':')
        && rest[user..].iter().take(URL_PASSWORD).position(ends).is_some_and(|end| rest[user + end] == b'@')
}

/// Whether what follows `--` is an option of [`NAMES`], with its value behind it.
pub(super) fn is_option(rest: &[u8]) -> bool {
    let end = rest.iter().take(64).position(|b| !b.is_ascii_alphanumeric() && *b != b'-').unwrap_or(0);
    matches!(rest[end..].first(), Some(b' ' | b'\t' | b'\\' | b'"' | b'\''))
        && NAMES.iter().any(|(name, form)| *form == PASSWORD && is_name(&rest[..end], name))
}
