//! Requests without text: method, route with ids masked, status.
//!
//! A path segment is masked by its form only. Names of endpoints look alike and few; a rule that
//! counted them would melt `/orders` and `/users` into one.

use super::parts::Parts;
use super::token::{Kind, Span, WORD_MAX_BYTES};

/// Segments of a path that are mined; the rest of a longer path is one variable.
const SEGMENTS_MAX: usize = 16;

/// Longest method, in bytes; a longer one is none.
const METHOD_MAX_BYTES: usize = 32;

/// Finds the segments of a route's path that are ids; answers the path as far as it is mined.
pub(super) fn scan<'a>(vars: &mut Vec<Span>, route: &'a str) -> &'a str {
    vars.clear();
    let path = path_of(super::scan::trim(route));
    let mut at = path.find('/').unwrap_or(path.len());
    for n in 0.. {
        if at >= path.len() {
            break;
        }
        let start = at + 1;
        let end = memchr::memchr(b'/', &path.as_bytes()[start..]).map_or(path.len(), |p| start + p);
        if n == SEGMENTS_MAX || is_id(&path[start..end]) {
            vars.push(Span { kind: Kind::Hard, start, end });
        }
        if n == SEGMENTS_MAX {
            return &path[..end];
        }
        at = end;
    }
    path
}

/// Writes `METHOD /route -> status` into `parts`; `path` and `vars` are those of [`scan`].
pub(super) fn parts<'a>(parts: &mut Parts<'a>, method: &'a str, path: &'a str, vars: &[Span], status: Option<u16>) {
    parts.word(if method.is_empty() || method.len() > METHOD_MAX_BYTES { "?" } else { method });
    parts.space();
    let mut vars = vars.iter().peekable();
    let mut at = path.find('/').unwrap_or(path.len());
    if at == path.len() {
        parts.word("/");
    }
    while at < path.len() {
        parts.word("/");
        let start = at + 1;
        let end = path[start..].find('/').map_or(path.len(), |p| start + p);
        if vars.next_if(|var| var.start == start).is_some() {
            parts.variable(false, &path[start..end]);
        } else if start < end {
            parts.word(&path[start..end]);
        }
        at = end;
    }
    if let Some(status) = status {
        parts.space();
        parts.word("->");
        parts.space();
        parts.word(status_text(status));
    }
}

/// Path of a URL or path: without scheme, host, query and fragment.
fn path_of(route: &str) -> &str {
    let cut = memchr::memchr2(b'?', b'#', route.as_bytes()).map_or(route, |p| &route[..p]);
    if cut.starts_with('/') && memchr::memchr(b':', cut.as_bytes()).is_none() {
        return cut;
    }
    let Some(host) = cut.find("://").map(|p| p + 3) else {
        return cut;
    };
    memchr::memchr(b'/', &cut.as_bytes()[host..]).map_or("/", |p| &cut[host + p..])
}

/// Whether a segment names one thing rather than a kind of thing.
fn is_id(segment: &str) -> bool {
    let s = segment.as_bytes();
    let mut digits = 0;
    for b in s {
        match b {
            b'%' | b'@' => return true,
            _ => digits += usize::from(b.is_ascii_digit()),
        }
    }
    if s.len() > WORD_MAX_BYTES {
        return true;
    }
    digits > 0
        && (digits == s.len()
            || s.split(|b| matches!(b, b'.' | b'-' | b'_' | b'~' | b':' | b'+' | b'=')).any(is_id_part))
}

fn is_id_part(part: &[u8]) -> bool {
    let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == part.len() {
        return digits >= 3;
    }
    if digits == 0 || !part.is_ascii() {
        return false;
    }
    let hex = part.len() >= 6 && part.iter().all(u8::is_ascii_hexdigit);
    let turns = part.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    hex || (turns >= 3 && part.len() >= 6) || (part.len() >= 12 && digits >= 3) || part.len() >= 24
}

/// The decimal text of a status, borrowed from a table of the codes in use.
fn status_text(status: u16) -> &'static str {
    const CODES: &str = concat!(
        "100101102103200201202203204205206207208226300301302303304305307308",
        "400401402403404405406407408409410411412413414415416417418419420421422423424425426428429",
        "431440444449450451460463464494495496497498499",
        "500501502503504505506507508509510511520521522523524525526527529530561598599",
    );
    let digits = [status / 100, status / 10 % 10, status % 10];
    let found = CODES
        .as_bytes()
        .chunks_exact(3)
        .position(|c| status < 1000 && c.iter().zip(digits).all(|(&b, d)| u16::from(b) == u16::from(b'0') + d));
    found.map_or("<other status>", |n| &CODES[n * 3..n * 3 + 3])
}
