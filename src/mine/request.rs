//! Requests without text: method, route with ids masked, status.
//!
//! A path segment is masked by its form only. Names of endpoints look alike and few; a rule that
//! counted them would melt `/orders` and `/users` into one.

use super::parts::Parts;

/// Segments of a path that are mined; the rest of a longer path is one variable.
const SEGMENTS_MAX: usize = 16;

/// Writes `METHOD /route -> status` into `parts`.
pub(super) fn parts<'a>(parts: &mut Parts<'a>, method: &'a str, route: &'a str, status: Option<u16>) {
    let method = method.trim();
    parts.word(if method.is_empty() { "?" } else { method });
    parts.space();
    let path = path_of(route.trim());
    let mut segments = path.split('/').skip(1).peekable();
    if segments.peek().is_none() {
        parts.word("/");
    }
    for (n, segment) in segments.enumerate() {
        parts.word("/");
        if n == SEGMENTS_MAX {
            parts.variable(false, segment);
            break;
        }
        if is_id(segment) {
            parts.variable(false, segment);
        } else if !segment.is_empty() {
            parts.word(segment);
        }
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
    let cut = route.split(['?', '#']).next().unwrap_or_default();
    let Some(host) = cut.find("://").map(|p| p + 3) else {
        return cut;
    };
    cut[host..].find('/').map_or("/", |p| &cut[host + p..])
}

/// Whether a segment names one thing rather than a kind of thing.
fn is_id(segment: &str) -> bool {
    if segment.bytes().any(|b| matches!(b, b'%' | b'@')) {
        return true;
    }
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return false;
    }
    digits == segment.len() || segment.split(['.', '-', '_', '~', ':', '+', '=']).any(is_id_part)
}

fn is_id_part(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    if digits == part.len() {
        return digits >= 3;
    }
    if digits == 0 || !part.is_ascii() {
        return false;
    }
    let hex = part.len() >= 6 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let turns = part.as_bytes().windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
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
