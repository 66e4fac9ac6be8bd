//! Signatures: the shape of one message, its 128-bit name, and the pieces it is made of.
//!
//! A signature is a sequence of constants and variables. Its id is a hash of that sequence and
//! of nothing else, so two machines name the same shape alike without talking to each other. The
//! low 16 bits are a hash of the leading words only: when a table is full, what falls out of it
//! can still be counted, and found again by id, in one of 65,536 coarse buckets.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MineError;
use super::wordform::has_alnum;

/// Leading constant words that name a coarse bucket.
const COARSE_WORDS: usize = 2;
/// Low bits of an id that name its coarse bucket.
const BUCKET_MASK: u128 = 0xffff;

/// 128-bit hash of a signature; written as 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SigId(pub u128);

impl SigId {
    /// The id under which rows are counted that fell out of a full table: same bucket, all other
    /// bits set, so that it sorts behind every real signature.
    #[must_use]
    pub const fn coarse(self) -> Self {
        Self(self.0 | !BUCKET_MASK)
    }

    /// Whether this is the id of a coarse bucket.
    pub const fn is_coarse(self) -> bool {
        self.0 | BUCKET_MASK == u128::MAX
    }
}

impl fmt::Display for SigId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for SigId {
    type Err = MineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        hex.then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| MineError::SigId { text: text.to_owned() })
    }
}

impl Serialize for SigId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SigId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;
        impl Visitor<'_> for Hex {
            type Value = SigId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("32 lower-case hex digits")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SigId, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Hex).map_err(D::Error::custom)
    }
}

/// What kind of row a signature or template describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Plain text.
    Text,
    /// A row that holds a stack trace.
    Exception,
    /// A request without text.
    Request,
    /// Neither text nor request.
    Empty,
    /// A message that is a JSON object.
    Json,
}

impl Form {
    /// Every form, in the order in which templates are mined.
    pub const ALL: [Self; 5] = [Self::Text, Self::Exception, Self::Request, Self::Empty, Self::Json];

    /// The lower-case name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Exception => "exception",
            Self::Request => "request",
            Self::Empty => "empty",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Form {
    type Err = MineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|f| f.as_str() == text).ok_or_else(|| MineError::Form { text: text.to_owned() })
    }
}

/// One piece of a signature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// A variable.
    Var,
    /// White space.
    Space,
    /// Constant text: a word or punctuation.
    Text(Box<str>),
}

impl Token {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// Whether the token is a constant that holds a letter or digit.
    pub(super) fn is_word(&self) -> bool {
        matches!(self, Self::Text(t) if has_alnum(t))
    }
}

/// A constant as its text, a space as `" "`, a variable as `0`: compact in JSON and unambiguous.
impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Var => serializer.serialize_u8(0),
            Self::Space => serializer.serialize_str(" "),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Piece;
        impl Visitor<'_> for Piece {
            type Value = Token;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or 0 for a variable")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Token, E> {
                if number == 0 { Ok(Token::Var) } else { Err(E::custom("only 0 stands for a variable")) }
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Token, E> {
                Ok(if text == " " { Token::Space } else { Token::text(text) })
            }
        }
        deserializer.deserialize_any(Piece)
    }
}

/// A signature: form, exception type (exception rows only) and tokens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// What kind of row.
    pub form: Form,
    /// Type of the row's last exception, as printed.
    pub exception: Option<Box<str>>,
    /// The pieces, in the order of the text.
    pub tokens: Box<[Token]>,
}

impl Shape {
    /// The id: a function of form, exception type and tokens.
    pub fn id(&self) -> SigId {
        let mut bytes = Vec::with_capacity(256);
        encode_head(&mut bytes, self.form, self.exception.as_deref());
        for token in &self.tokens {
            encode(&mut bytes, token);
        }
        self.id_of(&bytes)
    }

    /// As [`Shape::id`], for a caller that already holds the encoded signature.
    pub(super) fn id_of(&self, encoded: &[u8]) -> SigId {
        let full = first_128_bits(encoded);
        let mut bytes = Vec::with_capacity(64);
        encode_head(&mut bytes, self.form, self.exception.as_deref());
        for token in self.coarse_tokens() {
            encode(&mut bytes, token);
        }
        let id = (full & !BUCKET_MASK) | (first_128_bits(&bytes) & BUCKET_MASK);
        // Ids of buckets have all high bits set; a signature that hashes there steps aside.
        SigId(if SigId(id).is_coarse() { id & !(1 << 127) } else { id })
    }

    /// The coarse shape that stands for this one in a full table: its leading words.
    pub(super) fn coarse(&self) -> Self {
        let tokens = self.coarse_tokens().cloned().collect();
        Self { form: self.form, exception: self.exception.clone(), tokens }
    }

    fn coarse_tokens(&self) -> impl Iterator<Item = &Token> {
        let words = self.tokens.iter().filter(|t| t.is_word()).take(COARSE_WORDS);
        words.flat_map(|word| [word, &Token::Space]).chain([&Token::Var])
    }

    /// Token positions of the variables, ascending.
    pub fn variables(&self) -> impl Iterator<Item = usize> {
        self.tokens.iter().enumerate().filter(|(_, t)| **t == Token::Var).map(|(i, _)| i)
    }
}

/// First 128 bits of the BLAKE3 hash.
pub(super) fn first_128_bits(bytes: &[u8]) -> u128 {
    let hash = blake3::hash(bytes);
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_be_bytes(first)
}

/// Writes what stands before the tokens of an encoded signature.
pub(super) fn encode_head(out: &mut Vec<u8>, form: Form, exception: Option<&str>) {
    out.push(form as u8);
    if let Some(exception) = exception {
        encode_text(out, exception);
    }
    out.push(0xff);
}

/// Writes one token so that no two sequences share an encoding.
#[inline]
pub(super) fn encode(out: &mut Vec<u8>, token: &Token) {
    match token {
        Token::Var => out.push(0),
        Token::Space => out.push(1),
        Token::Text(text) => encode_text(out, text),
    }
}

#[inline]
pub(super) fn encode_text(out: &mut Vec<u8>, text: &str) {
    out.push(2);
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
