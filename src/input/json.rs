//! One JSON value as a flat tape over the text it came from.
//!
//! A row is parsed once into a reused vector of nodes that point into the row; strings stay slices until somebody asks for
//! them. Reading into `serde_json::Value` costs several times as much (`benches/README.md`), and mapping a row touches only
//! a few of its keys. The parser is strict: whatever it refuses goes to [`super::repair`], so that repairs are counted.

use std::borrow::Cow;

/// Deepest nesting that is read.
pub(crate) const MAX_DEPTH: usize = 128;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Null,
    False,
    True,
    Number,
    /// Without escapes: the slice is the text.
    Plain,
    /// With escapes.
    Escaped,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    kind: NodeKind,
    start: u32,
    end: u32,
    /// Index of the node after this one and all inside it.
    next: u32,
}

/// Reused storage of one parsed value.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    /// Objects in which a key stands twice; the last one wins.
    pub(crate) duplicate_keys: u64,
}

/// Why a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Byte offset in the text.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) reason: &'static str,
}

impl Tape {
    /// Parses the one value that `text` holds, with nothing but whitespace around it.
    pub(crate) fn parse<'a>(&'a mut self, text: &'a str) -> Result<Value<'a>, Refused> {
        self.nodes.clear();
        self.duplicate_keys = 0;
        let mut parser = Parser { bytes: text.as_bytes(), at: 0, nodes: &mut self.nodes };
        parser.blank();
        parser.value(0)?;
        parser.blank();
        if parser.at != text.len() {
            return Err(parser.refuse("text after the value"));
        }
        Ok(Value { text, nodes: &self.nodes, at: 0 })
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: &'a mut Vec<Node>,
}

impl Parser<'_> {
    fn refuse(&self, reason: &'static str) -> Refused {
        Refused { at: self.at, reason }
    }

    fn blank(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: NodeKind, start: usize, end: usize) {
        let next = self.nodes.len() + 1;
        self.nodes.push(Node { kind, start: position(start), end: position(end), next: position(next) });
    }

    fn value(&mut self, depth: usize) -> Result<(), Refused> {
        if depth > MAX_DEPTH {
            return Err(self.refuse("nested deeper than 128 levels"));
        }
        let start = self.at;
        match self.bytes.get(self.at) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b't') => self.word(b"true", NodeKind::True),
            Some(b'f') => self.word(b"false", NodeKind::False),
            Some(b'n') => self.word(b"null", NodeKind::Null),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                self.push(NodeKind::Number, start, self.at);
                Ok(())
            }
            Some(_) => Err(self.refuse("expected a value")),
            None => Err(self.refuse("the value ends early")),
        }
    }

    fn word(&mut self, word: &'static [u8], kind: NodeKind) -> Result<(), Refused> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.refuse("expected a value"));
        }
        let start = self.at;
        self.at += word.len();
        self.push(kind, start, self.at);
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<(), Refused> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let whole = self.digits();
        if whole == 0 || leading_zero && whole > 1 {
            return Err(self.refuse("not a number"));
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.refuse("not a number"));
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.refuse("not a number"));
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Refused> {
        let start = self.at + 1;
        self.at = start;
        let mut kind = NodeKind::Plain;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(step) = rest.iter().position(|b| matches!(b, b'"' | b'\\') || *b < 0x20) else {
                return Err(self.refuse("unterminated string"));
            };
            self.at += step;
            match self.bytes[self.at] {
                b'"' => {
                    self.push(kind, start, self.at);
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    kind = NodeKind::Escaped;
                    self.escape()?;
                }
                _ => return Err(self.refuse("control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Refused> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let first = hex4(self.bytes, self.at + 2).ok_or_else(|| self.refuse("not an escape"))?;
                match first {
                    0xD800..=0xDBFF => {
                        let second = (self.bytes.get(self.at + 6..self.at + 8) == Some(b"\\u"))
                            .then(|| hex4(self.bytes, self.at + 8))
                            .flatten();
                        if !matches!(second, Some(0xDC00..=0xDFFF)) {
                            return Err(self.refuse("lone surrogate"));
                        }
                        self.at += 12;
                    }
                    0xDC00..=0xDFFF => return Err(self.refuse("lone surrogate")),
                    _ => self.at += 6,
                }
            }
            _ => return Err(self.refuse("not an escape")),
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Refused> {
        let index = self.open(NodeKind::Array);
        if self.closes(b']') {
            self.close(index);
            return Ok(());
        }
        loop {
            self.blank();
            self.value(depth + 1)?;
            if !self.comma(b']')? {
                self.close(index);
                return Ok(());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Refused> {
        let index = self.open(NodeKind::Object);
        if self.closes(b'}') {
            self.close(index);
            return Ok(());
        }
        loop {
            self.blank();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.refuse("expected a key"));
            }
            self.string()?;
            self.blank();
            if self.bytes.get(self.at) != Some(&b':') {
                return Err(self.refuse("expected a colon"));
            }
            self.at += 1;
            self.blank();
            self.value(depth + 1)?;
            if !self.comma(b'}')? {
                self.close(index);
                return Ok(());
            }
        }
    }

    fn open(&mut self, kind: NodeKind) -> usize {
        let index = self.nodes.len();
        self.push(kind, self.at, self.at);
        self.at += 1;
        index
    }

    fn close(&mut self, index: usize) {
        self.nodes[index].end = position(self.at);
        self.nodes[index].next = position(self.nodes.len());
    }

    fn closes(&mut self, bracket: u8) -> bool {
        self.blank();
        let closes = self.bytes.get(self.at) == Some(&bracket);
        self.at += usize::from(closes);
        closes
    }

    /// Whether another element follows.
    fn comma(&mut self, bracket: u8) -> Result<bool, Refused> {
        self.blank();
        match self.bytes.get(self.at) {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if *byte == bracket => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Err(self.refuse("expected a comma")),
            None => Err(self.refuse("the value ends early")),
        }
    }
}

fn position(at: usize) -> u32 {
    // Rows are limited to far less than 4 GiB; a larger position saturates and its row is refused by the limit before.
    u32::try_from(at).unwrap_or(u32::MAX)
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
    fn node(self) -> Node {
        self.nodes[self.at]
    }

    /// What it is.
    pub(crate) fn kind(self) -> NodeKind {
        self.node().kind
    }

    /// Offset of the value in the parsed text.
    pub(crate) fn start(self) -> usize {
        self.node().start as usize
    }

    /// The text of the value: a string without its quotes and with its escapes, anything else as written.
    pub(crate) fn raw(self) -> &'a str {
        &self.text[self.node().start as usize..self.node().end as usize]
    }

    pub(crate) fn is_object(self) -> bool {
        self.kind() == NodeKind::Object
    }

    pub(crate) fn is_array(self) -> bool {
        self.kind() == NodeKind::Array
    }

    pub(crate) fn is_null(self) -> bool {
        self.kind() == NodeKind::Null
    }

    /// The text of a string.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            NodeKind::Plain => Some(Cow::Borrowed(self.raw())),
            NodeKind::Escaped => Some(Cow::Owned(unescape(self.raw()))),
            _ => None,
        }
    }

    /// The text of a string, number or boolean; `None` for null, arrays and objects.
    pub(crate) fn scalar(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            NodeKind::Null | NodeKind::Array | NodeKind::Object => None,
            NodeKind::Number | NodeKind::True | NodeKind::False => Some(Cow::Borrowed(self.raw())),
            _ => self.as_str(),
        }
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
    pub(crate) fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        let end = if self.is_object() { self.node().next as usize } else { 0 };
        let (text, nodes) = (self.text, self.nodes);
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let key = Value { text, nodes, at };
            let value = Value { text, nodes, at: at + 1 };
            at = value.node().next as usize;
            Some((key.as_str().unwrap_or_default(), value))
        })
    }

    /// Elements of an array.
    pub(crate) fn items(self) -> impl Iterator<Item = Value<'a>> {
        let end = if self.is_array() { self.node().next as usize } else { 0 };
        let (text, nodes) = (self.text, self.nodes);
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let value = Value { text, nodes, at };
                at = value.node().next as usize;
                value
            })
        })
    }

    /// The value of a key, the last one where it stands twice; `None` when it is absent.
    pub(crate) fn get(self, key: &str) -> Option<Value<'a>> {
        let end = if self.is_object() { self.node().next as usize } else { 0 };
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
            at = value.node().next as usize;
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

    /// Whether two values are the same JSON, whatever their spacing and the order of their keys: their canonical text.
    pub(crate) fn canonical(self, into: &mut String) {
        match self.kind() {
            NodeKind::Object => {
                let mut members: Vec<_> = self.members().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                into.push('{');
                for (key, value) in members {
                    into.push_str(&serde_json::Value::from(key.as_ref()).to_string());
                    into.push(':');
                    value.canonical(into);
                    into.push(',');
                }
                into.push('}');
            }
            NodeKind::Array => {
                into.push('[');
                for value in self.items() {
                    value.canonical(into);
                    into.push(',');
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

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
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
mod tests {
    use super::*;

    fn refused(text: &str) -> &'static str {
        Tape::default().parse(text).expect_err(text).reason
    }

    #[test]
    fn finds_members_items_and_paths() {
        let mut tape = Tape::default();
        let text = r#" {"a":1,"b":{"c":[true,null,"x\ny"]},"log.level":"warn","a":2.0,"d":{"e":{"f":"g"}}} "#;
        let value = tape.parse(text).expect("valid");
        assert_eq!(value.get("a").and_then(Value::as_i64), Some(2), "the last of two equal keys wins");
        assert_eq!(value.path("log.level").and_then(Value::as_str).as_deref(), Some("warn"));
        assert_eq!(value.path("d.e.f").and_then(Value::as_str).as_deref(), Some("g"));
        let items: Vec<_> =
            value.path("b.c").expect("array").items().map(|item| item.scalar().map(Cow::into_owned)).collect();
        assert_eq!(items, [Some("true".to_owned()), None, Some("x\ny".to_owned())]);
        assert_eq!(value.members().count(), 5);
        assert!(value.get("nothing").is_none());
    }

    #[test]
    fn refuses_what_json_refuses() {
        assert_eq!(refused("{\"a\":NaN}"), "expected a value");
        assert_eq!(refused("{\"a\":\"\t\"}"), "control character in a string");
        assert_eq!(refused(r#"{"a":"\ud83d"}"#), "lone surrogate");
        assert_eq!(refused(r#"{"a":"\x"}"#), "not an escape");
        assert_eq!(refused("{\"a\":1"), "the value ends early");
        assert_eq!(refused("{\"a\":01}"), "not a number");
        assert_eq!(refused("{} {}"), "text after the value");
        assert_eq!(refused(&"[".repeat(200)), "nested deeper than 128 levels");
        assert_eq!(refused(""), "the value ends early");
    }

    #[test]
    fn agrees_with_serde_json_on_escapes() {
        for text in [r#""\u00e9\ud83d\ude00\/\\\"\b\f\r\t""#, r#""plain é""#, r#""\u0041""#] {
            let expected: String = serde_json::from_str(text).expect("valid");
            assert_eq!(Tape::default().parse(text).expect("valid").as_str().as_deref(), Some(expected.as_str()));
        }
    }

    #[test]
    fn canonical_text_ignores_spacing_and_the_order_of_keys() {
        let of = |text: &str| {
            let (mut tape, mut out) = (Tape::default(), String::new());
            tape.parse(text).expect("valid").canonical(&mut out);
            out
        };
        assert_eq!(of(r#"{"b": [1, "x"], "a": {"z":1,"y":2}}"#), of(r#"{"a":{"y":2,"z":1},"b":[1,"\u0078"]}"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
    }
}
