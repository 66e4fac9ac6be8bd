//! The scanner: one message in, a list of token spans out.
//!
//! A token is a span of the message and a kind; no text is copied. Everything whose *form* says
//! that it varies becomes a variable here; what varies by *evidence* only is decided in pass 2.
//! The passes after the scan (gluing, `key=value`, lists) work in place on the spans.

use super::class::{self, is_space, is_word};
use super::mask::{self, Urls};
use super::wordform::{classify, has_alnum, is_redacted};

/// Constant words of one message that are mined; the rest of a longer message becomes one variable.
pub const WORDS_MAX: usize = 64;
/// Tokens of any kind (words, delimiters, spaces) kept of one message.
pub const TOKENS_MAX: usize = 280;
/// Tokens scanned before lists are collapsed; more cannot survive the caps above in practice.
const SCAN_TOKENS_MAX: usize = 2048;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Constant text.
    Word,
    /// A variable by its form.
    Hard,
    /// A variable that is shown as text again when it never varies (`ssh2`, a value after `=`).
    Soft,
    /// Punctuation.
    Delim,
    /// White space, whatever its length.
    Space,
}

impl Kind {
    pub(super) const fn is_variable(self) -> bool {
        matches!(self, Self::Hard | Self::Soft)
    }

    const fn is_value(self) -> bool {
        matches!(self, Self::Hard | Self::Soft | Self::Word)
    }

    const fn is_key(self) -> bool {
        matches!(self, Self::Soft | Self::Word)
    }
}

/// A span of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    const fn new(kind: Kind, start: usize, end: usize) -> Self {
        Self { kind, start, end }
    }

    pub(super) fn text<'a>(&self, message: &'a str) -> &'a str {
        message.get(self.start..self.end).unwrap_or_default()
    }

    const fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

fn is_delim(b: u8) -> bool {
    class::of(b) & class::DELIM != 0
}

/// Whether a token is a single delimiter of the scanner.
pub(super) fn is_delimiter(text: &str) -> bool {
    matches!(text.as_bytes(), [b] if is_delim(*b))
}

/// Reusable buffers of the scanner.
#[derive(Default)]
pub(super) struct Scanner {
    raw: Vec<Span>,
    spare: Vec<Span>,
    /// Whether the raw tokens hold a `=` or an empty parenthesis.
    has_keys: bool,
    /// Whether a `,` or `:` follows a value directly.
    has_lists: bool,
}

impl Scanner {
    /// The tokens of one line of text.
    pub(super) fn scan(&mut self, message: &str) -> &[Span] {
        self.raw.clear();
        (self.has_keys, self.has_lists) = (false, false);
        let cut = self.split(message);
        while self.raw.last().is_some_and(|t| t.kind == Kind::Space) {
            self.raw.pop();
        }
        if self.has_keys {
            self.key_values(message);
            std::mem::swap(&mut self.raw, &mut self.spare);
        }
        if self.has_lists {
            self.lists(message);
        }
        if self.raw.len() > WORDS_MAX || cut {
            self.cap(message.trim_end().len(), cut);
        }
        &self.raw
    }

    /// Cuts the message into raw tokens; answers whether it stopped early.
    fn split(&mut self, message: &str) -> bool {
        let s = message.as_bytes();
        let mut urls = Urls::new(s);
        let mut chunk = 0;
        // Classes of the bytes of the chunk so far.
        let mut seen = 0;
        let mut i = 0;
        while i < s.len() {
            let b = s[i];
            let classes = class::of(b);
            if classes & class::WORD != 0 {
                let boundary = i == 0 || !is_word(s[i - 1]);
                let url = b.is_ascii_alphabetic() && urls.starts(i);
                if (boundary || url)
                    && let Some(end) = masked_word(s, i, boundary, url, &mut urls)
                {
                    self.flush(message, chunk, i, seen);
                    self.push(Kind::Hard, i, end);
                    (i, chunk, seen) = (end, end, 0);
                    continue;
                }
                seen |= classes;
                i += 1;
                let stop = urls.stop().min(s.len());
                while i < stop {
                    let classes = class::of(s[i]);
                    if classes & class::WORD == 0 {
                        break;
                    }
                    seen |= classes;
                    i += 1;
                }
            } else if classes & class::SPACE != 0 {
                self.flush(message, chunk, i, seen);
                let start = i;
                while i < s.len() && is_space(s[i]) {
                    i += 1;
                }
                if !self.raw.is_empty() {
                    self.raw.push(Span::new(Kind::Space, start, i));
                }
                (chunk, seen) = (i, 0);
                if self.raw.len() >= SCAN_TOKENS_MAX {
                    return i < s.len();
                }
            } else if classes & class::DELIM != 0 {
                if b == b':'
                    && let Some((start, end)) = mask::host_port(s, chunk, i)
                {
                    self.flush(message, chunk, start, seen);
                    self.push(Kind::Hard, start, end);
                    i = end;
                } else {
                    self.flush(message, chunk, i, seen);
                    i = self.delimiter(s, i);
                }
                (chunk, seen) = (i, 0);
                // Text without spaces must end somewhere too.
                if self.raw.len() >= 2 * SCAN_TOKENS_MAX {
                    return i < s.len();
                }
            } else {
                let mask = if b == b'/' { mask::ipv4(s, i).or_else(|| mask::http_target(s, i)) } else { None };
                if let Some(end) = mask {
                    self.flush(message, chunk, i, seen);
                    self.push(Kind::Hard, i, end);
                    (i, chunk, seen) = (end, end, 0);
                } else if b == b'.' && s[i..].starts_with(b"...") {
                    self.flush(message, chunk, i, seen);
                    let start = i;
                    while i < s.len() && s[i] == b'.' {
                        i += 1;
                    }
                    self.raw.push(Span::new(Kind::Delim, start, i));
                    (chunk, seen) = (i, 0);
                } else {
                    seen |= classes;
                    i += 1;
                }
            }
        }
        self.flush(message, chunk, s.len(), seen);
        false
    }

    /// Adds a token; a word that touches a variable belongs to it.
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        if kind.is_value()
            && let Some(last) = self.raw.last_mut()
            && last.kind.is_value()
            && (kind == Kind::Hard || last.kind == Kind::Hard)
        {
            last.kind = Kind::Hard;
            last.end = end;
        } else {
            self.raw.push(Span::new(kind, start, end));
        }
    }

    fn delimiter(&mut self, s: &[u8], i: usize) -> usize {
        match s[i] {
            b'=' => {
                self.has_keys = true;
                if let Some((start, end, quoted)) = mask::attached_value(s, i) {
                    self.raw.push(Span::new(Kind::Delim, i, i + 1));
                    if quoted {
                        self.raw.push(Span::new(Kind::Delim, i + 1, i + 2));
                    }
                    self.raw.push(Span::new(Kind::Hard, start, end));
                    if quoted {
                        self.raw.push(Span::new(Kind::Delim, end, end + 1));
                        return end + 1;
                    }
                    return end;
                }
            }
            b'<' => {
                if let Some(end) = mask::less_than_seconds(s, i) {
                    self.push(Kind::Hard, i, end);
                    return end;
                }
            }
            b',' | b':' => self.has_lists |= self.raw.last().is_some_and(|t| t.kind.is_value()),
            b')' => self.has_keys |= i > 0 && s[i - 1] == b'(',
            _ => {}
        }
        self.raw.push(Span::new(Kind::Delim, i, i + 1));
        i + 1
    }

    /// Classifies the chunk `start..end`, without its closing `.!?`; `seen` are its bytes' classes.
    fn flush(&mut self, message: &str, start: usize, end: usize, seen: u8) {
        if start >= end {
            return;
        }
        let Some(text) = message.get(start..end) else {
            return;
        };
        let has_word = seen & (class::DIGIT | class::LETTER) != 0 || (seen & class::HIGH != 0 && has_alnum(text));
        if !has_word {
            // Exports written through a narrow code page hold `?` for every lost letter.
            let lost = text.len() >= 2 && text.bytes().all(|b| b == b'?');
            let kind = if lost { Kind::Hard } else { Kind::Delim };
            self.push(kind, start, end);
            return;
        }
        let body = text.trim_end_matches(['.', '!', '?']);
        let stop = start + body.len();
        let kind = if seen & (class::DIGIT | class::CLOSER) == 0 && !matches!(body.len(), 4 | 5) {
            Kind::Word
        } else {
            classify(body)
        };
        self.push(kind, start, stop);
        if stop < end {
            self.raw.push(Span::new(Kind::Delim, stop, end));
        }
    }

    /// Values after `key=` are soft variables; an empty value or ` ()` is an empty soft variable.
    fn key_values(&mut self, message: &str) {
        let s = message.as_bytes();
        let is = |t: &Span, b: u8| t.end == t.start + 1 && t.kind == Kind::Delim && s[t.start] == b;
        let res = &self.raw;
        let out = &mut self.spare;
        out.clear();
        for (i, &token) in res.iter().enumerate() {
            let mut token = token;
            let n = out.len();
            let after_key = n > 1 && is(&out[n - 1], b'=') && out[n - 2].kind.is_key();
            if token.kind == Kind::Word && !is_redacted(token.text(message)) {
                let spaced = n > 2
                    && out[n - 1].kind == Kind::Space
                    && is(&out[n - 2], b'=')
                    && (out[n - 3].kind.is_key()
                        || (n > 3 && out[n - 3].kind == Kind::Space && out[n - 4].kind.is_key()));
                if after_key || spaced {
                    token.kind = Kind::Soft;
                }
            }
            let space = token.kind == Kind::Space;
            if after_key && (space || is(&token, b',') || is(&token, b';')) {
                let value_follows = space
                    && res.get(i + 1).is_some_and(|t| t.kind.is_value())
                    && res.get(i + 2).is_none_or(|t| !is(t, b'='));
                if !value_follows {
                    out.push(Span::new(Kind::Soft, token.start, token.start));
                }
            }
            if n > 1 && is(&token, b')') && is(&out[n - 1], b'(') && out[n - 2].kind == Kind::Space {
                out.push(Span::new(Kind::Soft, token.start, token.start));
            }
            out.push(token);
        }
        let n = out.len();
        if n > 1 && is(&out[n - 1], b'=') && out[n - 2].kind.is_key() {
            let end = out[n - 1].end;
            out.push(Span::new(Kind::Soft, end, end));
        }
    }

    /// `v,v,v` and `v:v` are one variable.
    fn lists(&mut self, message: &str) {
        let s = message.as_bytes();
        let is = |t: &Span, b: u8| t.end == t.start + 1 && t.kind == Kind::Delim && s[t.start] == b;
        let out = &mut self.spare;
        out.clear();
        for &token in &self.raw {
            let n = out.len();
            if n >= 2 && token.kind.is_variable() {
                let comma = is(&out[n - 1], b',') && out[n - 2].kind.is_variable() && !token.is_empty();
                let colon = token.kind == Kind::Hard && is(&out[n - 1], b':') && out[n - 2].kind == Kind::Hard;
                if comma || colon {
                    out.pop();
                    out[n - 2].kind = Kind::Hard;
                    out[n - 2].end = token.end;
                    continue;
                }
            }
            out.push(token);
        }
        std::mem::swap(&mut self.raw, &mut self.spare);
    }

    /// Cuts after [`WORDS_MAX`] words and lets the rest be one variable.
    fn cap(&mut self, message_end: usize, cut: bool) {
        let mut words = 0;
        let over = self.raw.iter().position(|t| {
            words += usize::from(t.kind == Kind::Word);
            words > WORDS_MAX
        });
        let limit = over.unwrap_or(self.raw.len()).min(TOKENS_MAX);
        if limit == self.raw.len() && !cut {
            return;
        }
        self.raw.truncate(limit);
        while self.raw.last().is_some_and(|t| t.kind != Kind::Space) && limit == TOKENS_MAX {
            self.raw.pop();
        }
        let from = self.raw.last().map_or(0, |t| t.end);
        if from < message_end {
            self.raw.push(Span::new(Kind::Hard, from, message_end));
        }
    }
}

fn masked_word(s: &[u8], i: usize, boundary: bool, url: bool, urls: &mut Urls<'_>) -> Option<usize> {
    if url && let Some(end) = urls.end(i) {
        return Some(end);
    }
    if !boundary {
        return None;
    }
    let b = s[i];
    if b.is_ascii_digit() {
        return mask::uuid(s, i)
            .or_else(|| mask::date(s, i))
            .or_else(|| mask::mac(s, i))
            .or_else(|| mask::ipv6(s, i))
            .or_else(|| mask::ipv4(s, i))
            .or_else(|| mask::clock(s, i))
            .or_else(|| mask::hex_literal(s, i));
    }
    let mut found = None;
    if b.is_ascii_hexdigit() {
        found = mask::uuid(s, i);
    }
    if found.is_none() && matches!(b, b'M' | b'T' | b'W' | b'F' | b'S') {
        found = mask::weekday(s, i);
    }
    if found.is_none() && b.is_ascii_hexdigit() {
        found = mask::mac(s, i).or_else(|| mask::ipv6(s, i));
    }
    if found.is_none() && s.get(i + 1) == Some(&b':') {
        found = mask::drive_path(s, i);
    }
    found
}
