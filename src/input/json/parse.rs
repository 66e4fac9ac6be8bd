//! The strict parser: text to nodes, at the speed of its branches.
//!
//! Strings are scanned sixteen bytes at a time, because most of a log row is inside of them; compact JSON pays one comparison
//! for the whitespace it does not have. A value is read twice only where its text is unescaped.

use wide::u8x16;

use super::node::{Node, NodeKind};
use super::repeats::Repeats;
use super::{MAX_DEPTH, Refused, hex4};

/// A refusal whose place and reason the parser keeps, so that results fit into registers.
struct Bad;

/// Takes positions and returns the next ones, because a position in a field would be stored and loaded at every step.
pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    pub(super) nodes: Vec<Node>,
    repeats: &'a mut Repeats,
    refused: (usize, &'static str),
    pub(super) duplicate_keys: u64,
    pub(super) multi_line: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = ONES * 0x22;
const SLASHES: u64 = ONES * 0x5c;
const SPACES: u64 = ONES * 0x20;

/// Marks the bytes that end a run of plain text in a string: quotes, backslashes, control characters. The lowest mark is
/// exact; higher ones may be a borrow of it.
fn marks(word: u64) -> u64 {
    let quote = (word ^ QUOTES).wrapping_sub(ONES);
    let slash = (word ^ SLASHES).wrapping_sub(ONES);
    // The marks themselves are below 0x80, so one look at the high bits of the text serves all three.
    (quote | slash | word.wrapping_sub(SPACES)) & !word & HIGHS
}

pub(super) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// The first position from `at` on that is no whitespace.
pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
        while word_at(bytes, at) == Some(SPACES) {
            at += 8;
        }
    }
    at
}

/// As [`marks`], of sixteen bytes: a bit for each, and all of them are exact.
#[inline]
fn marks_of(bytes: [u8; 16]) -> u32 {
    let text = u8x16::new(bytes);
    let quote = text.simd_eq(u8x16::splat(b'"'));
    let slash = text.simd_eq(u8x16::splat(b'\\'));
    let control = text.min(u8x16::splat(0x1f)).simd_eq(text);
    (quote | slash | control).to_bitmask()
}

/// The first position from `at` on that ends a run of plain text in a string; the text's end where nothing does.
fn plain(bytes: &[u8], mut at: usize) -> usize {
    let (chunks, _) = bytes.get(at..).unwrap_or_default().as_chunks();
    for chunk in chunks {
        let found = marks_of(*chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    while let Some(word) = word_at(bytes, at) {
        let found = marks(word);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | ..0x20)) {
        at += 1;
    }
    at
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

impl<'a> Parser<'a> {
    /// A parser that adds the nodes of `bytes` to `nodes`.
    pub(super) fn new(bytes: &'a [u8], nodes: Vec<Node>, repeats: &'a mut Repeats) -> Self {
        Self { bytes, nodes, repeats, refused: (0, ""), duplicate_keys: 0, multi_line: false }
    }

    /// Parses the value that stands at `at`; where it ends.
    pub(super) fn parse(&mut self, at: usize) -> Result<usize, Refused> {
        let end = self.value(blank(self.bytes, at), 0);
        let (at, reason) = self.refused;
        end.map_err(|Bad| Refused { at, reason })
    }

    #[cold]
    fn refuse<T>(&mut self, at: usize, reason: &'static str) -> Result<T, Bad> {
        self.refused = (at, reason);
        Err(Bad)
    }

    fn byte(&self, at: usize) -> u8 {
        // NUL stands for the end: no JSON holds one outside of strings, and inside of them it is looked for by `plain`.
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The first byte from `at` on that is no whitespace; compact JSON pays one comparison.
    #[inline]
    fn next(&mut self, at: &mut usize) -> u8 {
        let byte = self.byte(*at);
        if byte > b' ' {
            return byte;
        }
        *at = self.skip_blank(*at);
        self.byte(*at)
    }

    #[cold]
    fn skip_blank(&mut self, at: usize) -> usize {
        let end = blank(self.bytes, at);
        self.multi_line |= self.bytes[at..end].contains(&b'\n');
        end
    }

    fn push(&mut self, kind: NodeKind, start: usize, end: usize) {
        let next = self.nodes.len() + 1;
        self.nodes.push(Node::new(kind, start, end, next));
    }

    fn value(&mut self, at: usize, depth: usize) -> Result<usize, Bad> {
        match self.byte(at) {
            b'"' => self.longer(at + 1, at + 1),
            b'{' => self.object(at, depth),
            b'[' => self.array(at, depth),
            b't' => self.word(at, b"true", NodeKind::True),
            b'f' => self.word(at, b"false", NodeKind::False),
            b'n' => self.word(at, b"null", NodeKind::Null),
            b'-' | b'0'..=b'9' => self.number(at),
            _ => self.unexpected(at, "expected a value"),
        }
    }

    #[cold]
    fn unexpected(&mut self, at: usize, reason: &'static str) -> Result<usize, Bad> {
        self.refuse(at, if at < self.bytes.len() { reason } else { "the value ends early" })
    }

    fn word(&mut self, at: usize, word: &'static [u8], kind: NodeKind) -> Result<usize, Bad> {
        if !self.bytes[at..].starts_with(word) {
            return self.refuse(at, "expected a value");
        }
        self.push(kind, at, at + word.len());
        Ok(at + word.len())
    }

    #[inline(never)]
    fn number(&mut self, start: usize) -> Result<usize, Bad> {
        let whole = start + usize::from(self.byte(start) == b'-');
        let mut at = digits(self.bytes, whole);
        if at == whole || self.byte(whole) == b'0' && at > whole + 1 {
            return self.refuse(at, "not a number");
        }
        if self.byte(at) == b'.' {
            let fraction = at + 1;
            at = digits(self.bytes, fraction);
            if at == fraction {
                return self.refuse(at, "not a number");
            }
        }
        if matches!(self.byte(at), b'e' | b'E') {
            let exponent = at + 1 + usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
            at = digits(self.bytes, exponent);
            if at == exponent {
                return self.refuse(at, "not a number");
            }
        }
        self.push(NodeKind::Number, start, at);
        Ok(at)
    }

    /// So many bytes from a position on, if there are as many: asked once for all that is looked at within them.
    #[inline]
    fn ahead<const N: usize>(&self, at: usize) -> Option<&'a [u8; N]> {
        self.bytes.get(at..)?.first_chunk()
    }

    /// A string that begins behind its quote with these bytes; nearly all keys and many values are over within them.
    #[expect(clippy::inline_always, reason = "two calls a member: a tenth of the parser's time")]
    #[inline(always)]
    fn string(&mut self, start: usize, chunk: Option<&[u8; 16]>) -> Result<usize, Bad> {
        let Some(chunk) = chunk else { return self.longer(start, start) };
        let plain = marks_of(*chunk).trailing_zeros() as usize;
        match chunk.get(plain) {
            Some(b'"') => {
                self.push(NodeKind::Plain, start, start + plain);
                Ok(start + plain + 1)
            }
            Some(_) => self.escaped(start, start + plain),
            None => self.longer(start, start + 16),
        }
    }

    /// A string that is plain up to `at`.
    #[inline(never)]
    fn longer(&mut self, start: usize, at: usize) -> Result<usize, Bad> {
        let at = plain(self.bytes, at);
        if self.byte(at) == b'"' {
            self.push(NodeKind::Plain, start, at);
            return Ok(at + 1);
        }
        self.escaped(start, at)
    }

    /// The rest of a string that holds more than plain text.
    #[inline(never)]
    fn escaped(&mut self, start: usize, mut at: usize) -> Result<usize, Bad> {
        loop {
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.push(NodeKind::Escaped, start, at);
                    return Ok(at + 1);
                }
                Some(b'\\') => at = plain(self.bytes, self.escape(at)?),
                Some(_) => return self.refuse(at, "control character in a string"),
                None => return self.refuse(at, "unterminated string"),
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<usize, Bad> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match hex4(self.bytes, at + 2) {
                Some(0xD800..=0xDBFF) => {
                    let second =
                        (self.bytes.get(at + 6..at + 8) == Some(b"\\u")).then(|| hex4(self.bytes, at + 8)).flatten();
                    if matches!(second, Some(0xDC00..=0xDFFF)) {
                        Ok(at + 12)
                    } else {
                        self.refuse(at, "lone surrogate")
                    }
                }
                Some(0xDC00..=0xDFFF) => self.refuse(at, "lone surrogate"),
                Some(_) => Ok(at + 6),
                None => self.refuse(at, "not an escape"),
            },
            _ => self.refuse(at, "not an escape"),
        }
    }

    fn array(&mut self, start: usize, depth: usize) -> Result<usize, Bad> {
        let index = self.open(NodeKind::Array, start, depth)?;
        let mut at = start + 1;
        if self.next(&mut at) == b']' {
            return Ok(self.close(index, at));
        }
        loop {
            at = self.value(at, depth + 1)?;
            match self.next(&mut at) {
                b',' => at += 1,
                b']' => return Ok(self.close(index, at)),
                _ => return self.unexpected(at, "expected a comma"),
            }
            self.next(&mut at);
        }
    }

    fn object(&mut self, start: usize, depth: usize) -> Result<usize, Bad> {
        let index = self.open(NodeKind::Object, start, depth)?;
        let mut at = start + 1;
        if self.next(&mut at) == b'}' {
            return Ok(self.close(index, at));
        }
        // Exporters sort keys; as long as each is greater than the one before, none stands twice.
        let (mut sorted, mut last) = (true, 0);
        if self.byte(at) != b'"' {
            return self.unexpected(at, "expected a key");
        }
        let (mut key, mut front) = (at + 1, self.ahead(at + 1));
        loop {
            at = self.string(key, front)?;
            let word = word_of(front, at - 1 - key);
            sorted &= word > last;
            last = word;
            // Most values are strings: no jump for them, and compact JSON pays one comparison for what stands around them.
            at = if let Some([b':', b'"', value @ ..]) = self.ahead::<18>(at) {
                self.string(at + 2, Some(value))?
            } else {
                if self.next(&mut at) != b':' {
                    return self.unexpected(at, "expected a colon");
                }
                at += 1;
                match self.next(&mut at) {
                    b'"' => self.string(at + 1, self.ahead(at + 1))?,
                    b'{' if depth == 0 => self.member(at)?,
                    _ => self.value(at, depth + 1)?,
                }
            };
            if let Some([b',', b'"', next @ ..]) = self.ahead::<18>(at) {
                (key, front) = (at + 2, Some(next));
                continue;
            }
            match self.next(&mut at) {
                b',' => at += 1,
                b'}' => break,
                _ => return self.unexpected(at, "expected a comma"),
            }
            if self.next(&mut at) != b'"' {
                return self.unexpected(at, "expected a key");
            }
            (key, front) = (at + 1, self.ahead(at + 1));
        }
        let end = self.close(index, at);
        if !sorted && self.may_repeat(index) {
            self.duplicate_keys += self.repeats(index);
        }
        Ok(end)
    }

    /// An object that is a member of the outermost one: what repeats from row to row is compared instead of parsed.
    fn member(&mut self, start: usize) -> Result<usize, Bad> {
        let Some(place) = self.repeats.place(self.bytes, start) else { return self.object(start, 1) };
        if let Some(length) = self.repeats.replay(place, &self.bytes[start..], start, &mut self.nodes) {
            return Ok(start + length);
        }
        let (index, keys) = (self.nodes.len(), self.duplicate_keys);
        let end = self.object(start, 1)?;
        if !self.multi_line && self.duplicate_keys == keys {
            self.repeats.keep(place, &self.bytes[start..end], start, &self.nodes[index..], index);
        }
        Ok(end)
    }

    /// How many keys of the object at `index` stand in it a second time.
    fn repeats(&self, index: usize) -> u64 {
        let mut keys = Vec::new();
        let mut at = index + 1;
        while at < self.nodes.len() {
            keys.push(&self.bytes[self.nodes[at].start()..self.nodes[at].end()]);
            at = self.nodes[at + 1].next();
        }
        keys.sort_unstable();
        keys.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
    }

    /// Whether the keys of the object at `index` may repeat: an exact answer for few keys, yes for many.
    fn may_repeat(&self, index: usize) -> bool {
        let mut keys: [&[u8]; 16] = [&[]; 16];
        let (mut at, mut count) = (index + 1, 0);
        while at < self.nodes.len() {
            let key = &self.bytes[self.nodes[at].start()..self.nodes[at].end()];
            if count == keys.len() || keys[..count].contains(&key) {
                return true;
            }
            keys[count] = key;
            count += 1;
            at = self.nodes[at + 1].next();
        }
        false
    }

    fn open(&mut self, kind: NodeKind, at: usize, depth: usize) -> Result<usize, Bad> {
        if depth >= MAX_DEPTH {
            return self.refuse(at, "nested deeper than 128 levels");
        }
        let index = self.nodes.len();
        self.push(kind, at, at);
        Ok(index)
    }

    fn close(&mut self, index: usize, bracket: usize) -> usize {
        let next = self.nodes.len();
        self.nodes[index].close(bracket + 1, next);
        bracket + 1
    }
}

/// The first eight bytes of a key, which begins with these, as a number that orders like the text. Near the end of the text it
/// is 0, which is greater than none: the keys are then compared.
#[inline]
fn word_of(front: Option<&[u8; 16]>, length: usize) -> u64 {
    const FRONTS: [u64; 9] = {
        let mut masks = [u64::MAX; 9];
        let mut length = 0;
        while length < 8 {
            masks[length] = !(u64::MAX >> (8 * length));
            length += 1;
        }
        masks
    };
    let first = front.and_then(|front| front.first_chunk()).map_or(0, |first| u64::from_be_bytes(*first));
    first & FRONTS[length.min(8)]
}
