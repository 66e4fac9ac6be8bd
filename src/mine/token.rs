//! The scanner: one message in, a list of token spans out.
//!
//! A token is a span of the message and a kind; no text is copied. Everything whose *form* says
//! that it varies becomes a variable here; what varies by *evidence* only is decided in pass 2.
//! The passes after the scan (gluing, `key=value`, lists) work in place on the spans.

mod passes;

use super::attached;
use super::class::{self, is_space, is_word};
use super::dates;
use super::mask::{self, Urls};
use super::wordform::{LOST, classify, has_alnum, is_bool, is_hex, is_operation, is_sentence_key, is_soft, is_symbol};

/// Constant words of one message that are mined; the rest of a longer message becomes one variable.
pub const WORDS_MAX: usize = 64;
/// Longest constant, in bytes; what is longer is no word of a template.
pub const WORD_MAX_BYTES: usize = 128;
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
#[allow(clippy::struct_excessive_bools, reason = "each says of one line which further pass it needs")]
#[derive(Default)]
pub(super) struct Scanner {
    raw: Vec<Span>,
    spare: Vec<Span>,
    /// Whether the raw tokens hold a `=` or an empty parenthesis.
    has_keys: bool,
    /// Whether a `,` or `:` follows a value directly.
    has_lists: bool,
    /// Whether one stands between a variable and something other than white space: where no key
    /// turns words into variables later, there is no list without it.
    has_open_lists: bool,
    /// See [`Scanner::is_irregular`].
    irregular: bool,
}

impl Scanner {
    /// The tokens of one line of text.
    pub(super) fn scan(&mut self, message: &str) -> &[Span] {
        self.clear();
        let cut = self.split::<false>(message, None).unwrap_or_else(|| {
            self.clear();
            self.split::<true>(message, Some(Urls::new(message.as_bytes()))).unwrap_or(false)
        });
        while self.raw.last().is_some_and(|t| t.kind == Kind::Space) {
            self.raw.pop();
        }
        if self.has_keys {
            self.key_values(message);
            std::mem::swap(&mut self.raw, &mut self.spare);
        }
        if self.has_lists && (self.has_keys || self.has_open_lists) {
            self.lists(message);
        }
        self.irregular |= cut;
        if self.raw.len() > WORDS_MAX || cut {
            self.cap(message.trim_end().len(), cut);
        }
        // A message that is one name (of a method, of an operation) says that name, though a version may stand in it.
        if let [only] = &mut self.raw[..]
            && only.kind == Kind::Hard
            && is_operation(only.text(message))
        {
            only.kind = Kind::Word;
        }
        &self.raw
    }

    /// The tokens found last.
    pub(super) fn spans(&self) -> &[Span] {
        &self.raw
    }

    /// Whether that line's tokens are more than a function of the texts between its variables and of their kinds, or its last
    /// variable is the rest of a line that was too long.
    pub(super) const fn is_irregular(&self) -> bool {
        self.irregular
    }

    fn clear(&mut self) {
        self.raw.clear();
        (self.has_keys, self.has_lists, self.has_open_lists, self.irregular) = (false, false, false, false);
    }

    /// Cuts the message into raw tokens; answers whether it stopped early, or nothing when `urls` is
    /// absent and a URL was met: looking for URLs ahead costs time that few messages pay back.
    fn split<const URLS: bool>(&mut self, message: &str, mut urls: Option<Urls<'_>>) -> Option<bool> {
        let s = message.as_bytes();
        let mut chunk = 0;
        // Classes of the bytes of the chunk so far.
        let mut seen = 0;
        let mut i = 0;
        while let Some(&b) = s.get(i) {
            let classes = class::of(b);
            if classes & class::WORD != 0 {
                let mut stop = s.len();
                let mut mask = None;
                if URLS && let Some(urls) = &mut urls {
                    if b.is_ascii_alphabetic() && urls.starts(i) {
                        mask = urls.end(i);
                    }
                    stop = stop.min(urls.stop());
                }
                if mask.is_none() && classes & class::LEAD != 0 && (i == 0 || !is_word(s[i - 1])) {
                    mask = masked_word(s, i);
                }
                if let Some(end) = mask {
                    self.flush(message, chunk, i, seen);
                    self.push(Kind::Hard, i, end);
                    (i, chunk, seen) = (end, end, 0);
                    continue;
                }
                seen |= classes;
                i += 1;
                let stop = stop.max(i);
                while i < stop {
                    let letters = class::letters(s, i);
                    if letters > 0 {
                        seen |= class::LETTER;
                        i += letters;
                        if letters == 8 || i >= stop {
                            continue;
                        }
                    }
                    let classes = class::of(s[i]);
                    if classes & class::WORD == 0 {
                        break;
                    }
                    seen |= classes;
                    i += 1;
                    // Where a URL may stop the word, what lies behind must not be looked at.
                    if !URLS {
                        let (more, found) = class::word(s, i);
                        seen |= found;
                        i += more;
                    }
                }
                i = i.min(stop);
            } else if classes & class::SPACE != 0 {
                self.flush(message, chunk, i, seen);
                let start = i;
                i += 1;
                while s.get(i).is_some_and(|&b| is_space(b)) {
                    i += 1;
                }
                if !self.raw.is_empty() {
                    self.raw.push(Span::new(Kind::Space, start, i));
                }
                (chunk, seen) = (i, 0);
                if self.raw.len() >= SCAN_TOKENS_MAX {
                    return Some(i < s.len());
                }
            } else if classes & class::DELIM != 0 {
                let mut around = None;
                if b == b':' {
                    if !URLS && s[i..].starts_with(b"://") {
                        return None;
                    }
                    around = mask::host_port(s, chunk, i);
                    if around.is_none()
                        && let Some(end) = drive_path(s, chunk, i)
                    {
                        seen = s[chunk..i - 1].iter().fold(0, |seen, &b| seen | class::of(b));
                        around = Some((i - 1, end));
                    }
                }
                if let Some((start, end)) = around {
                    // The classes seen are those of the masked bytes too, and decide about what stands before.
                    self.irregular |= chunk < start;
                    self.flush_any(message, chunk, start, seen);
                    self.push(Kind::Hard, start, end);
                    i = end;
                } else {
                    self.flush(message, chunk, i, seen);
                    i = self.delimiter(message, i);
                }
                (chunk, seen) = (i, 0);
                // Text without spaces must end somewhere too.
                if self.raw.len() >= 2 * SCAN_TOKENS_MAX {
                    return Some(i < s.len());
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
                    self.push(Kind::Delim, start, i);
                    (chunk, seen) = (i, 0);
                } else if mask::is_separator(s, chunk, i) {
                    self.flush(message, chunk, i, seen);
                    self.push(Kind::Delim, i, i + 2);
                    i += 2;
                    (chunk, seen) = (i, 0);
                } else {
                    seen |= classes;
                    i += 1;
                }
            }
        }
        self.flush(message, chunk, s.len(), seen);
        Some(false)
    }

    /// Adds a token; a word that touches a variable belongs to it.
    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let kind = if end - start > WORD_MAX_BYTES { Kind::Hard } else { kind };
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

    fn delimiter(&mut self, message: &str, i: usize) -> usize {
        let s = message.as_bytes();
        match s[i] {
            b'=' => {
                self.has_keys = true;
                if let Some((start, end, quoted)) = attached::attached_value(s, i)
                    && !(quoted && self.is_said(message, &s[start..end]))
                {
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
            b'[' => {
                if let Some(end) = mask::code_points(s, i) {
                    self.push(Kind::Soft, i, end);
                    return end;
                }
            }
            b'<' => {
                if let Some(end) = mask::less_than_seconds(s, i) {
                    self.push(Kind::Hard, i, end);
                    return end;
                }
            }
            b',' | b':' => {
                if let Some(last) = self.raw.last() {
                    self.has_lists |= last.kind.is_value();
                    self.has_open_lists |= last.kind.is_variable() && s.get(i + 1).is_some_and(|&b| !is_space(b));
                }
            }
            b')' => self.has_keys |= i > 0 && s[i - 1] == b'(',
            b'"' => return self.quote(s, i),
            _ => {}
        }
        self.raw.push(Span::new(Kind::Delim, i, i + 1));
        i + 1
    }

    /// Whether the quoted value behind the key read last is several words that tell what happened.
    fn is_said(&self, message: &str, value: &[u8]) -> bool {
        self.raw.last().is_some_and(|key| key.kind == Kind::Word && is_sentence_key(key.text(message)))
            && value.iter().any(|&b| is_space(b))
    }

    /// A quote, and what an access log writes in quotes or behind them.
    fn quote(&mut self, s: &[u8], i: usize) -> usize {
        self.raw.push(Span::new(Kind::Delim, i, i + 1));
        if let Some(end) = attached::agent(s, i + 1) {
            // `"-"` stands for what was not told.
            self.push(if end == i + 2 { Kind::Soft } else { Kind::Hard }, i + 1, end);
            return end;
        }
        let n = self.raw.len();
        let verb = |t: &Span| t.kind == Kind::Word && s[t.start..t.end].iter().all(u8::is_ascii_uppercase);
        let delim = |t: &Span| t.kind == Kind::Delim && s[t.start] == b'"';
        // `"GET /path" 404`: as with requests that have no text, the status tells what happened.
        if n >= 5
            && delim(&self.raw[n - 5])
            && verb(&self.raw[n - 4])
            && self.raw[n - 3].kind == Kind::Space
            && self.raw[n - 2].kind == Kind::Hard
            && let Some(end) = attached::status(s, i + 1)
        {
            self.raw.push(Span::new(Kind::Space, i + 1, i + 2));
            self.raw.push(Span::new(Kind::Word, i + 2, end));
            return end;
        }
        i + 1
    }

    /// Whether the asterisks before `rest` stand between numbers, for one that was too wide to be printed.
    fn is_overflow(&self, text: &str, rest: &[u8]) -> bool {
        text.len() >= 3
            && text.bytes().all(|b| b == b'*')
            && matches!(rest, [b' ', b'0'..=b'9', ..])
            && matches!(self.raw[..], [.., number, space] if number.kind == Kind::Hard && space.kind == Kind::Space)
    }

    /// Classifies the chunk `start..end`, without its closing `.!?`; `seen` are its bytes' classes.
    #[inline]
    fn flush(&mut self, message: &str, start: usize, end: usize, seen: u8) {
        if start >= end {
            return;
        }
        let plain = seen & (class::CLOSER | class::HIGH) == 0 && seen & (class::DIGIT | class::LETTER) != 0;
        if !plain {
            self.flush_any(message, start, end, seen);
            return;
        }
        let s = message.as_bytes();
        let mut stop = end;
        while stop > start && matches!(s[stop - 1], b'.' | b'!') {
            stop -= 1;
        }
        let body = &s[start..stop];
        let kind = if seen & class::DIGIT != 0 {
            if is_soft(body) && !is_hex(body) { Kind::Soft } else { Kind::Hard }
        } else if is_bool(body) {
            Kind::Hard
        } else {
            Kind::Word
        };
        self.push(kind, start, stop);
        if stop < end {
            self.push(Kind::Delim, stop, end);
        }
    }

    /// As [`Scanner::flush`], for any chunk.
    fn flush_any(&mut self, message: &str, start: usize, end: usize, seen: u8) {
        if start >= end {
            return;
        }
        let Some(text) = message.get(start..end) else {
            return;
        };
        let has_word = seen & (class::DIGIT | class::LETTER) != 0 || (seen & class::HIGH != 0 && has_alnum(text));
        if !has_word {
            let stop = start + text.trim_end_matches(['.', '!']).len();
            if is_symbol(&text[..stop - start]) || self.is_overflow(text, &message.as_bytes()[end..]) {
                self.push(Kind::Soft, start, stop);
                if stop < end {
                    self.push(Kind::Delim, stop, end);
                }
            } else {
                self.push(Kind::Delim, start, end);
            }
            return;
        }
        let body = text.trim_end_matches(['.', '!', '?']);
        let stop = start + body.len();
        let kind = if seen & (class::DIGIT | class::CLOSER) == 0 && !matches!(body.len(), 4 | 5) && !body.contains(LOST)
        {
            Kind::Word
        } else {
            classify(body)
        };
        self.push(kind, start, stop);
        if stop < end {
            self.push(Kind::Delim, stop, end);
        }
    }
}

/// Where the mask ends that starts with the word at `i`; what follows its hex digits says which it can be.
fn masked_word(s: &[u8], i: usize) -> Option<usize> {
    let b = s[i];
    if b.is_ascii_uppercase()
        && let Some(end) = dates::weekday(s, i).or_else(|| dates::month(s, i))
    {
        return Some(end);
    }
    // Most words that begin with a letter go on with one that is no hexadecimal digit.
    if b.is_ascii_alphabetic() && matches!(s.get(i + 1), Some(b'g'..=b'z' | b'G'..=b'Z')) {
        return None;
    }
    let run = class::hex_digits(s, i);
    match (s.get(i + run)?, run) {
        (b'-', 8) => mask::uuid(s, i),
        (b'-' | b'/', 4) => dates::date(s, i),
        (b'-', 2) => mask::mac(s, i).or_else(|| dates::day(s, i)),
        (b'-' | b'/', 1 | 2) => dates::day(s, i),
        (b' ', 2) => dates::spaced(s, i),
        (b':', 1..=4) => {
            let clock = || if b.is_ascii_digit() { dates::clock(s, i) } else { None };
            mask::mac(s, i).or_else(|| mask::pci(s, i)).or_else(|| mask::ipv6(s, i)).or_else(clock)
        }
        (b'.', 1..=3) => mask::ipv4(s, i),
        (b'x' | b'X', 1) => mask::hex_literal(s, i),
        _ => None,
    }
}

/// Where the drive path ends whose colon is at `colon`; its letter must be a word of the chunk.
fn drive_path(s: &[u8], chunk: usize, colon: usize) -> Option<usize> {
    let start = colon.checked_sub(1).filter(|&start| start >= chunk)?;
    if s.get(colon + 1) != Some(&b'\\') || (start > 0 && is_word(s[start - 1])) {
        return None;
    }
    mask::drive_path(s, start)
}
