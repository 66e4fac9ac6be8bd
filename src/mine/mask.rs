//! Hard masks: values whose form alone says that they vary (addresses, ids, times, URLs).
//!
//! Each matcher looks at one position of the bytes and answers where the value ends. They are
//! written by hand over bytes instead of as one regular expression, because the scanner visits
//! every byte once and must never go back over a long hostile run.

use memchr::memmem;

use super::class::{is_space, is_word};

/// Longest HTTP request target looked for; bounds the work on text such as `"/"/"/…`.
const TARGET_MAX_BYTES: usize = 4096;
/// Top-level names after which `name.tld:port` is a host even with a single dot.
const KNOWN_TLD: [&[u8]; 13] =
    [b"com", b"net", b"org", b"io", b"cn", b"de", b"uk", b"edu", b"gov", b"dev", b"cloud", b"local", b"internal"];

#[inline]
pub(super) fn at(s: &[u8], i: usize) -> u8 {
    s.get(i).copied().unwrap_or(0)
}

#[inline]
pub(super) fn digit(s: &[u8], i: usize) -> bool {
    at(s, i).is_ascii_digit()
}

#[inline]
pub(super) fn run(s: &[u8], from: usize, test: impl Fn(u8) -> bool) -> usize {
    s.get(from..).map_or(from, |rest| from + rest.iter().position(|&b| !test(b)).unwrap_or(rest.len()))
}

#[inline]
pub(super) fn digits(s: &[u8], from: usize, count: usize) -> bool {
    (from..from + count).all(|i| digit(s, i))
}

/// Whether a word ends exactly at `i` (the byte before `i` is a word byte).
#[inline]
pub(super) fn ends_word(s: &[u8], i: usize) -> bool {
    i >= s.len() || !is_word(s[i])
}

/// Finds URLs of one message: `scheme://…`.
pub(super) struct Urls<'a> {
    bytes: &'a [u8],
    /// Start of the scheme and position of `://`; `None` when no more follow.
    next: Option<(usize, usize)>,
}

impl<'a> Urls<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut urls = Self { bytes, next: None };
        urls.seek(0);
        urls
    }

    /// Moves to the first URL that starts at or after `from`.
    fn seek(&mut self, from: usize) {
        let mut search = from;
        self.next = None;
        while let Some(found) = memmem::find(&self.bytes[search..], b"://") {
            let mark = search + found;
            let back = self.bytes[from..mark]
                .iter()
                .rposition(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-')))
                .map_or(from, |p| from + p + 1);
            if let Some(letter) = self.bytes[back..mark].iter().position(u8::is_ascii_alphabetic) {
                self.next = Some((back + letter, mark));
                return;
            }
            search = mark + 3;
        }
    }

    /// Whether a URL may start at `i`.
    pub(super) fn starts(&mut self, i: usize) -> bool {
        match self.next {
            Some((start, _)) if i < start => false,
            Some((start, _)) if i == start => true,
            Some(_) => {
                self.seek(i);
                self.next.is_some_and(|(start, _)| start == i)
            }
            None => false,
        }
    }

    /// Start of the next URL, as a stop for the fast path through words.
    pub(super) fn stop(&self) -> usize {
        self.next.map_or(usize::MAX, |(start, _)| start)
    }

    /// End of the URL that starts at `i`, after [`Urls::starts`] said yes.
    pub(super) fn end(&mut self, i: usize) -> Option<usize> {
        let (_, mark) = self.next?;
        let body = mark + 3;
        let stop = run(self.bytes, body, |b| !(is_space(b) || matches!(b, b'"' | b'\'' | b'<' | b'>')));
        let tail = self.bytes[body..stop].iter().rposition(|&b| !matches!(b, b',' | b';' | b':' | b'.' | b')' | b']'));
        self.seek(i.max(body));
        tail.map(|p| body + p + 1)
    }
}

/// `host.name:port` around the colon at `colon`: where it starts, not before `from`, and ends.
///
/// Looked for from the colon backwards, because most words are followed by none.
pub(super) fn host_port(s: &[u8], from: usize, colon: usize) -> Option<(usize, usize)> {
    if !digit(s, colon + 1) || from >= colon {
        return None;
    }
    let port = run(s, colon + 1, |b| b.is_ascii_digit());
    if !ends_word(s, port) {
        return None;
    }
    let run_start = s[from..colon].iter().rposition(|&b| !(is_word(b) || matches!(b, b'-' | b'.')));
    let run_start = run_start.map_or(from, |p| from + p + 1);
    let whole = memmem::rfind(&s[run_start..colon], b"..").map_or(run_start, |p| run_start + p + 2);
    let start = whole + s[whole..colon].iter().position(|&b| is_word(b))?;
    let name = &s[start..colon];
    let last = &name[memchr::memrchr(b'.', name)? + 1..];
    let several = memchr::memchr_iter(b'.', name).count() >= 2;
    let named = last.first().is_some_and(u8::is_ascii_alphabetic);
    (named && (several || KNOWN_TLD.contains(&last))).then_some((start, port))
}

#[inline]
fn hex_run(s: &[u8], from: usize, count: usize) -> bool {
    (from..from + count).all(|i| at(s, i).is_ascii_hexdigit())
}

/// UUID, with a word suffix when one is attached by `_`.
pub(super) fn uuid(s: &[u8], i: usize) -> Option<usize> {
    if at(s, i + 8) != b'-' {
        return None;
    }
    let whole = s.get(i..i + 36)?;
    let groups = [0..8, 9..13, 14..18, 19..23, 24..36];
    if [13, 18, 23].iter().any(|&dash| whole[dash] != b'-')
        || !groups.into_iter().all(|group| whole[group].iter().all(u8::is_ascii_hexdigit))
    {
        return None;
    }
    let end = i + 36;
    if at(s, end) == b'_' && is_word(at(s, end + 1)) {
        return Some(run(s, end + 1, is_word));
    }
    Some(end)
}

/// Pairs of hex digits joined by `:` or `-`, six or more.
pub(super) fn mac(s: &[u8], i: usize) -> Option<usize> {
    let mut groups = 0;
    let mut end = i;
    while hex_run(s, end, 2) && matches!(at(s, end + 2), b':' | b'-') {
        groups += 1;
        end += 3;
    }
    if groups >= 5 && hex_run(s, end, 2) && ends_word(s, end + 2) {
        return Some(end + 2);
    }
    (groups >= 6).then(|| end - 1)
}

/// Address of a PCI device as kernels print it: domain, bus, device and function, `0000:02:0e.0`.
pub(super) fn pci(s: &[u8], i: usize) -> Option<usize> {
    let colon = |at_: usize| at(s, at_) == b':';
    (hex_run(s, i, 4)
        && colon(i + 4)
        && hex_run(s, i + 5, 2)
        && colon(i + 7)
        && hex_run(s, i + 8, 2)
        && at(s, i + 10) == b'.'
        && matches!(at(s, i + 11), b'0'..=b'7')
        && ends_word(s, i + 12))
    .then_some(i + 12)
}

/// Dotted IPv4 address, with prefix length and port when they follow; a leading `/` belongs to it.
pub(super) fn ipv4(s: &[u8], i: usize) -> Option<usize> {
    let mut end = i + usize::from(at(s, i) == b'/');
    for part in 0..4 {
        let stop = run(&s[..s.len().min(end + 4)], end, |b| b.is_ascii_digit());
        if stop == end || stop - end > 3 {
            return None;
        }
        end = stop;
        if part < 3 {
            if at(s, end) != b'.' {
                return None;
            }
            end += 1;
        }
    }
    let port = |from: usize| {
        (at(s, from) == b':' && digit(s, from + 1))
            .then(|| run(s, from + 1, |b| b.is_ascii_digit()))
            .filter(|&e| ends_word(s, e))
    };
    if at(s, end) == b'/' && digit(s, end + 1) {
        let net = end + 2 + usize::from(digit(s, end + 2));
        if let Some(e) = port(net).or_else(|| ends_word(s, net).then_some(net)) {
            return Some(e);
        }
    }
    port(end).or_else(|| ends_word(s, end).then_some(end))
}

/// IPv6 address: eight groups of hex digits, or fewer around one `::`.
pub(super) fn ipv6(s: &[u8], i: usize) -> Option<usize> {
    let (mut end, mut groups, mut gap) = (i, 0, false);
    loop {
        let stop = run(&s[..s.len().min(end + 5)], end, |b| b.is_ascii_hexdigit());
        if stop == end || stop - end > 4 || groups == 8 {
            return None;
        }
        groups += 1;
        end = stop;
        let double = at(s, end) == b':' && at(s, end + 1) == b':';
        if double && gap {
            return None;
        }
        gap |= double;
        let next = end + 1 + usize::from(double);
        if at(s, end) != b':' || !at(s, next).is_ascii_hexdigit() {
            // A closing `::` belongs to the address, a single `:` is punctuation.
            end += if double { 2 } else { 0 };
            break;
        }
        end = next;
    }
    let whole = (groups == 8 && !gap) || (gap && (2..8).contains(&groups));
    let told = s[i..end].iter().any(u8::is_ascii_digit);
    (whole && told && ends_word(s, end)).then_some(end)
}

/// A doubled sign between two numbers (`12##7`) parts fields, as a comma does.
pub(super) fn is_separator(s: &[u8], chunk: usize, i: usize) -> bool {
    matches!(s[i], b'#' | b'~' | b'&' | b'$' | b'%' | b'^' | b'*')
        && i > chunk
        && s[i - 1].is_ascii_digit()
        && at(s, i + 1) == s[i]
        && digit(s, i + 2)
}

/// `0x` and hex digits.
pub(super) fn hex_literal(s: &[u8], i: usize) -> Option<usize> {
    if at(s, i) != b'0' || !matches!(at(s, i + 1), b'x' | b'X') {
        return None;
    }
    let end = run(s, i + 2, |b| b.is_ascii_hexdigit());
    (end > i + 2 && ends_word(s, end)).then_some(end)
}

/// `<12 sec`.
pub(super) fn less_than_seconds(s: &[u8], i: usize) -> Option<usize> {
    let end = run(s, i + 1, |b| b.is_ascii_digit());
    (end > i + 1 && s[end..].starts_with(b" sec") && ends_word(s, end + 4)).then_some(end + 4)
}

/// The target and version of a quoted HTTP request line: `/path HTTP/1.1` before the closing quote.
pub(super) fn http_target(s: &[u8], i: usize) -> Option<usize> {
    let quoted = i >= 1 && s[i - 1] == b'"';
    let after_verb = i >= 2 && s[i - 1] == b' ' && s[i - 2].is_ascii_uppercase();
    if !quoted && !after_verb {
        return None;
    }
    let window = &s[..s.len().min(i + TARGET_MAX_BYTES)];
    let target = run(window, i + 1, |b| !is_space(b));
    let version = run(window, target, is_space);
    if version == target || !window[version..].starts_with(b"HTTP/") || !digit(s, version + 5) {
        return None;
    }
    let mut end = version + 6;
    if at(s, end) == b'.' && digit(s, end + 1) {
        end += 2;
    }
    (at(s, end) == b'"').then_some(end)
}

/// `[U+2705]`, once or several times: an emoji as exports without it write it.
pub(super) fn code_points(s: &[u8], i: usize) -> Option<usize> {
    let mut end = i;
    while s[end..].starts_with(b"[U+") {
        let close = run(&s[..s.len().min(end + 9)], end + 3, |b| b.is_ascii_hexdigit());
        if close < end + 7 || at(s, close) != b']' {
            break;
        }
        end = close + 1;
    }
    (end > i).then_some(end)
}

/// A drive path: `C:\dir\file`.
pub(super) fn drive_path(s: &[u8], i: usize) -> Option<usize> {
    if !at(s, i).is_ascii_alphabetic() || at(s, i + 1) != b':' || at(s, i + 2) != b'\\' {
        return None;
    }
    let stop = run(s, i + 3, |b| {
        !(is_space(b) || matches!(b, b'"' | b'\'' | b'<' | b'>' | b'|' | b',' | b';' | b')' | b']' | b'=' | b':'))
    });
    let tail = s[i + 3..stop].iter().rposition(|&b| b != b'.')?;
    Some(i + 3 + tail + 1)
}
