//! One JSON value as a flat tape over the text it came from.
//!
//! A row is parsed once into a reused vector of nodes that point into the row; strings stay slices until somebody asks for
//! them. Reading into `serde_json::Value` costs several times as much (`benches/README.md`), and mapping a row touches only
//! a few of its keys. The parser is strict: whatever it refuses goes to [`super::repair`], so that repairs are counted.

mod node;
mod parse;
mod repeats;

use std::borrow::Cow;

pub(crate) use node::NodeKind;

use node::Node;
use parse::{Parser, blank};
use repeats::Repeats;

/// Deepest nesting that is read.
pub(crate) const MAX_DEPTH: usize = 128;

/// Reused storage of one parsed value.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    /// Keys that stand a second time in their object; the last one wins.
    pub(crate) duplicate_keys: u64,
    /// Line ends stand between its tokens.
    pub(crate) multi_line: bool,
    repeats: Repeats,
}

/// Where a value that was parsed beside others begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Root(usize);

/// Longest token that may be cut in two by the end of a text: a pair of escapes.
const CUT: usize = 12;

/// Why a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Byte offset in the text.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) reason: &'static str,
}

impl Refused {
    /// Whether the text may only be too short.
    pub(crate) fn may_be_cut(self, text: &str) -> bool {
        self.at + CUT >= text.len()
    }
}

impl Tape {
    /// A tape for many rows, of which parts are the same.
    pub(crate) fn for_rows() -> Self {
        Self { repeats: Repeats::remembering(), ..Self::default() }
    }

    /// A number that no other tape has: with it, [`Value::repeat`]s are told apart everywhere.
    pub(crate) fn id(&self) -> u64 {
        self.repeats.id()
    }

    /// Parses the one value that `text` holds, with nothing but whitespace around it.
    pub(crate) fn parse<'a>(&'a mut self, text: &'a str) -> Result<Value<'a>, Refused> {
        let bytes = text.as_bytes();
        let end = self.scan(text)?;
        let rest = blank(bytes, end);
        if rest != bytes.len() {
            return Err(Refused { at: rest, reason: "text after the value" });
        }
        Ok(Value { text, nodes: &self.nodes, at: 0 })
    }

    /// Parses the value that `text` begins with; also where it ends, whatever follows.
    pub(crate) fn parse_front<'a>(&'a mut self, text: &'a str) -> Result<(Value<'a>, usize), Refused> {
        let end = self.scan(text)?;
        Ok((Value { text, nodes: &self.nodes, at: 0 }, end))
    }

    /// The value that was parsed last, from this very text.
    pub(crate) fn parsed<'a>(&'a self, text: &'a str) -> Value<'a> {
        Value { text, nodes: &self.nodes, at: 0 }
    }

    /// Forgets what was parsed.
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
    }

    /// Parses the value that stands at `at` in `text`, beside those of the same text that were parsed since the tape was cleared;
    /// where it stands on the tape, and where it ends in the text.
    pub(crate) fn parse_beside(&mut self, text: &str, at: usize) -> Result<(Root, usize), Refused> {
        let root = Root(self.nodes.len());
        let end = self.parse_at(text, at)?;
        Ok((root, end))
    }

    /// A value that was parsed from this very text.
    pub(crate) fn root<'a>(&'a self, text: &'a str, root: Root) -> Value<'a> {
        Value { text, nodes: &self.nodes, at: root.0 }
    }

    fn scan(&mut self, text: &str) -> Result<usize, Refused> {
        self.nodes.clear();
        self.parse_at(text, 0)
    }

    fn parse_at(&mut self, text: &str, at: usize) -> Result<usize, Refused> {
        // What it fills is its own meanwhile: a vector behind a reference costs a load at every node.
        let mut parser = Parser::new(text.as_bytes(), std::mem::take(&mut self.nodes), &mut self.repeats);
        let end = parser.parse(at);
        (self.duplicate_keys, self.multi_line) = (parser.duplicate_keys, parser.multi_line);
        self.nodes = parser.nodes;
        end
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, b| Some(value * 16 + (*b as char).to_digit(16)?))
}

/// A value on a tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
}

impl<'a> Value<'a> {
    #[inline]
    fn node(self) -> Node {
        self.nodes[self.at]
    }

    /// What it is.
    #[inline]
    pub(crate) fn kind(self) -> NodeKind {
        self.node().kind()
    }

    /// Offset of the value in the parsed text.
    pub(crate) fn start(self) -> usize {
        self.node().start()
    }

    /// The text of the value: a string without its quotes and with its escapes, anything else as written.
    #[inline]
    pub(crate) fn raw(self) -> &'a str {
        let node = self.node();
        &self.text[node.start()..node.end()]
    }

    /// Its first byte; `None` where it has none.
    #[inline]
    pub(crate) fn first_byte(self) -> Option<u8> {
        let node = self.node();
        self.text.as_bytes().get(node.start()).copied().filter(|_| node.start() < node.end())
    }

    #[inline]
    pub(crate) fn is_object(self) -> bool {
        self.kind() == NodeKind::Object
    }

    #[inline]
    pub(crate) fn is_array(self) -> bool {
        self.kind() == NodeKind::Array
    }

    #[inline]
    pub(crate) fn is_null(self) -> bool {
        self.kind() == NodeKind::Null
    }

    /// The text of a string.
    #[inline]
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            NodeKind::Plain => Some(Cow::Borrowed(self.raw())),
            NodeKind::Escaped => Some(self.unescaped()),
            _ => None,
        }
    }

    /// The text of a string, number or boolean; `None` for null, arrays and objects.
    #[inline]
    pub(crate) fn scalar(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            NodeKind::Plain | NodeKind::Number | NodeKind::True | NodeKind::False => Some(Cow::Borrowed(self.raw())),
            NodeKind::Escaped => Some(self.unescaped()),
            NodeKind::Null | NodeKind::Array | NodeKind::Object => None,
        }
    }

    #[inline(never)]
    fn unescaped(self) -> Cow<'a, str> {
        Cow::Owned(unescape(self.raw()))
    }

    /// An integer, written as one, as a whole float or as a string of digits.
    pub(crate) fn as_i64(self) -> Option<i64> {
        let text = self.scalar()?;
        let text = text.trim();
        if let Ok(value) = text.parse() {
            return Some(value);
        }
        let (whole, fraction) = text.split_once('.')?;
        fraction.bytes().all(|b| b == b'0').then(|| whole.parse().ok()).flatten()
    }

    /// Keys and values of an object, in the order written.
    #[inline]
    pub(crate) fn members(self) -> Members<'a> {
        let end = if self.is_object() { self.node().next() } else { 0 };
        Members { text: self.text, nodes: self.nodes, at: self.at + 1, end }
    }

    /// Keys as they are written (a key with escapes keeps them) and values of an object: what a mapper that asks for many
    /// keys walks over once.
    #[inline]
    pub(crate) fn fields(self) -> Fields<'a> {
        let end = if self.is_object() { self.node().next() } else { 0 };
        Fields { text: self.text, nodes: self.nodes, at: self.at + 1, end }
    }

    /// A number that it shares with values of this tape that have the same bytes; only members of the outermost object have
    /// one.
    #[inline]
    pub(crate) fn repeat(self) -> Option<u16> {
        Some(self.node().repeat()).filter(|repeat| *repeat != 0)
    }

    /// Where it stands, to be found again by [`Value::at`].
    #[inline]
    pub(crate) fn spot(self) -> Spot {
        Spot(self.at as u32)
    }

    /// The value at a spot of the same text; `None` for the default spot, which is nowhere.
    #[inline]
    pub(crate) fn at(self, spot: Spot) -> Option<Value<'a>> {
        (spot.0 != 0).then_some(Value { at: spot.0 as usize, ..self })
    }

    /// Elements of an array.
    pub(crate) fn items(self) -> impl Iterator<Item = Value<'a>> {
        let end = if self.is_array() { self.node().next() } else { 0 };
        let (text, nodes) = (self.text, self.nodes);
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let value = Value { text, nodes, at };
                at = value.node().next();
                value
            })
        })
    }

    /// The value of a key, the last one where it stands twice; `None` when it is absent.
    pub(crate) fn get(self, key: &str) -> Option<Value<'a>> {
        let end = if self.is_object() { self.node().next() } else { 0 };
        let mut at = self.at + 1;
        let mut found = None;
        while at < end {
            let name = Value { text: self.text, nodes: self.nodes, at };
            let value = Value { text: self.text, nodes: self.nodes, at: at + 1 };
            let same = match name.kind() {
                NodeKind::Plain => name.raw() == key,
                _ => name.as_str().is_some_and(|text| text == key),
            };
            if same {
                found = Some(value);
            }
            at = value.node().next();
        }
        found
    }

    /// The value of a key that is present and not null.
    pub(crate) fn some(self, key: &str) -> Option<Value<'a>> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// The value at a dotted path: nested keys, or one key that holds the dots itself.
    pub(crate) fn path(self, path: &str) -> Option<Value<'a>> {
        if let Some(value) = self.some(path) {
            return Some(value);
        }
        path.match_indices('.')
            .find_map(|(dot, _)| self.some(&path[..dot]).filter(|inner| inner.is_object())?.path(&path[dot + 1..]))
    }

    /// The JSON as everybody writes it: without blanks, keys in order, no more escapes than are needed. Two values are the same
    /// whatever their spacing and the order of their keys when this text of theirs is.
    pub(crate) fn canonical(self, into: &mut String) {
        match self.kind() {
            NodeKind::Object => {
                let mut members: Vec<_> = self.members().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                into.push('{');
                for (at, (key, value)) in members.into_iter().enumerate() {
                    into.push_str(if at > 0 { "," } else { "" });
                    into.push_str(&serde_json::Value::from(key.as_ref()).to_string());
                    into.push(':');
                    value.canonical(into);
                }
                into.push('}');
            }
            NodeKind::Array => {
                into.push('[');
                for (at, value) in self.items().enumerate() {
                    into.push_str(if at > 0 { "," } else { "" });
                    value.canonical(into);
                }
                into.push(']');
            }
            NodeKind::Plain | NodeKind::Escaped => {
                into.push_str(&serde_json::Value::from(self.as_str().unwrap_or_default().as_ref()).to_string());
            }
            _ => into.push_str(self.raw()),
        }
    }
}

/// The canonical text of JSON ([`Value::canonical`]), where it is another: what a pretty-printed dump says, or one whose keys
/// come in another order, is what a compact one says.
pub(crate) fn canonical(json: &str) -> Option<String> {
    let (mut tape, mut text) = (Tape::default(), String::with_capacity(json.len()));
    tape.parse(json).ok()?.canonical(&mut text);
    (text != json).then_some(text)
}

/// Where a member or element stands in a tape; the default is nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot(u32);

/// See [`Value::fields`].
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
    end: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let [key, value, ..] = self.nodes.get(self.at..)? else { return None };
        let found = Value { text: self.text, nodes: self.nodes, at: self.at + 1 };
        self.at = value.next();
        Some((&self.text.as_bytes()[key.start()..key.end()], found))
    }
}

/// See [`Value::members`].
#[derive(Debug, Clone)]
pub(crate) struct Members<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
    end: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = Value { text: self.text, nodes: self.nodes, at: self.at };
        let value = Value { text: self.text, nodes: self.nodes, at: self.at + 1 };
        self.at = value.node().next();
        Some((key.as_str().unwrap_or_default(), value))
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let step = match bytes.get(at + 1) {
            Some(b'n') => push(&mut out, '\n', 2),
            Some(b't') => push(&mut out, '\t', 2),
            Some(b'r') => push(&mut out, '\r', 2),
            Some(b'b') => push(&mut out, '\u{8}', 2),
            Some(b'f') => push(&mut out, '\u{c}', 2),
            Some(b'u') => match (hex4(bytes, at + 2), hex4(bytes, at + 8)) {
                (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => push(
                    &mut out,
                    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).unwrap_or('\u{FFFD}'),
                    12,
                ),
                (Some(code), _) => push(&mut out, char::from_u32(code).unwrap_or('\u{FFFD}'), 6),
                _ => push(&mut out, '\u{FFFD}', 2),
            },
            Some(byte) => push(&mut out, *byte as char, 2),
            None => push(&mut out, '\\', 1),
        };
        rest = &rest[(at + step).min(rest.len())..];
    }
    out.push_str(rest);
    out
}

fn push(out: &mut String, c: char, step: usize) -> usize {
    out.push(c);
    step
}

#[cfg(test)]
mod tests;
