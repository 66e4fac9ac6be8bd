//! A row's signature and values while they are put together.

use super::signature::{Form, Shape, Token, encode, encode_head, encode_text};
use super::token::{Kind, Scanner, Span};

/// Longest value handed on, in bytes; a longer one is cut.
pub const VALUE_MAX_BYTES: usize = 160;

/// The values of one row's variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    text: String,
    /// Token position, soft, end in `text`.
    ends: Vec<(u16, bool, u32)>,
}

impl Values {
    pub(super) fn push(&mut self, position: usize, soft: bool, value: &str) {
        self.text.push_str(value);
        self.ends.push((position_of(position), soft, u32::try_from(self.text.len()).unwrap_or(u32::MAX)));
    }

    /// (position among the signature's tokens, soft, value), ascending by position.
    pub fn iter(&self) -> impl Iterator<Item = (u16, bool, &str)> {
        let mut from = 0;
        self.ends.iter().map(move |&(position, soft, end)| {
            let start = from;
            from = end as usize;
            (position, soft, &self.text[start..from])
        })
    }
}

/// A token's position, as it is stored.
pub(super) fn position_of(position: usize) -> u16 {
    u16::try_from(position).unwrap_or(u16::MAX)
}

/// As much of a value as is handed on.
#[inline]
pub(super) fn cut_value(value: &str) -> &str {
    if value.len() <= VALUE_MAX_BYTES { value } else { cut(value, VALUE_MAX_BYTES) }
}

/// Cuts to at most `limit` bytes at a character boundary.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// A signature under construction, borrowing from the row.
pub(super) struct Parts<'a> {
    form: Form,
    exception: Option<&'a str>,
    pieces: Vec<Piece<'a>>,
}

#[derive(Clone, Copy)]
enum Piece<'a> {
    Space,
    Constant(&'a str),
    Variable(bool, &'a str),
}

impl<'a> Parts<'a> {
    pub(super) fn new(form: Form, exception: Option<&'a str>) -> Self {
        Self { form, exception, pieces: Vec::with_capacity(48) }
    }

    pub(super) fn word(&mut self, text: &'a str) {
        self.pieces.push(Piece::Constant(text));
    }

    pub(super) fn space(&mut self) {
        if !self.pieces.is_empty() {
            self.pieces.push(Piece::Space);
        }
    }

    pub(super) fn variable(&mut self, soft: bool, value: &'a str) {
        self.pieces.push(Piece::Variable(soft, value));
    }

    pub(super) fn mined(&mut self, scanner: &mut Scanner, line: &'a str) {
        self.spans(scanner.scan(line), line);
    }

    pub(super) fn spans(&mut self, spans: &[Span], line: &'a str) {
        self.pieces.extend(spans.iter().map(|span| piece(span, line)));
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        encode_head(out, self.form, self.exception);
        for piece in &self.pieces {
            match piece {
                Piece::Space => encode(out, &Token::Space),
                Piece::Variable(..) => encode(out, &Token::Var),
                Piece::Constant(text) => encode_text(out, text),
            }
        }
    }

    pub(super) fn shape(&self) -> Shape {
        let tokens = self.pieces.iter().map(|piece| match piece {
            Piece::Space => Token::Space,
            Piece::Variable(..) => Token::Var,
            Piece::Constant(text) => Token::text(text),
        });
        Shape { form: self.form, exception: self.exception.map(Into::into), tokens: tokens.collect() }
    }

    /// (soft, value) of each variable.
    pub(super) fn values(&self) -> impl Iterator<Item = (bool, &'a str)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(soft, value) => Some((*soft, cut_value(value))),
            Piece::Space | Piece::Constant(_) => None,
        })
    }
}

fn piece<'a>(span: &Span, line: &'a str) -> Piece<'a> {
    match span.kind {
        Kind::Space => Piece::Space,
        Kind::Hard => Piece::Variable(false, span.text(line)),
        Kind::Soft => Piece::Variable(true, span.text(line)),
        Kind::Word | Kind::Delim => Piece::Constant(span.text(line)),
    }
}
