//! Decoded bytes to rows: arrays, NDJSON, concatenated objects, wrappers, prefixed lines, CSV, told by content.
//!
//! A framer walks over a window of the file, token by token. It asks the reader of rows first, because a row that parses
//! says itself where it ends; only what was refused is scanned for its end and looked at by lines. What it does depends on
//! its [`State`] and on the bytes from there on, never on where the window ends: a token that is not complete is left for a
//! longer window. So a file may be walked in blocks, at the same time, and give what one walk gives. Every byte is accounted
//! for as entry, malformed, blank or structure.

mod csv;
mod cut;
mod scan;
mod state;
mod walk;

pub(crate) use cut::Profile;
pub(crate) use state::{Counts, State};
pub(crate) use walk::Framer;

/// Bytes of a malformed piece that are shown.
pub(crate) const SHOWN: usize = 256;
/// Bytes of it that are looked at for credentials: one that the cut goes through is masked before.
pub(crate) const LOOKED_AT: usize = 2 * SHOWN;
const OVERSIZE: &str = "entry larger than the limit of row-bytes";

/// What became of one candidate row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Read; this many of its bytes are entries, the rest is structure around them.
    Read {
        /// Bytes inside entries.
        entries: u64,
        /// The candidate was a wrapper around rows.
        wrapper: bool,
    },
    /// No row; why.
    Refused(&'static str),
}

/// What became of the text that begins at a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// It begins with strict JSON, which was read.
    Read {
        /// Its length.
        length: usize,
        /// Bytes inside entries.
        entries: u64,
        /// It was a wrapper around rows.
        wrapper: bool,
        /// It holds line ends.
        multi_line: bool,
    },
    /// Nothing was read; more text may help.
    Short,
    /// Nothing was read, and more text does not help.
    Refused,
}

/// Receives what the framer finds.
pub(crate) trait Sink {
    /// Reads the row that `text` begins with, where it is strict JSON.
    fn front(&mut self, _offset: u64, _text: &str) -> Front {
        Front::Refused
    }
    /// Whether an object, of which `text` is the front with its list of rows closed at once, is a wrapper around rows.
    fn wrapper(&mut self, _text: &str) -> bool {
        false
    }
    /// One JSON object at a byte offset of the decoded file.
    fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict;
    /// A row of a table, as a JSON object; offset and length are the table row's.
    fn converted(&mut self, offset: u64, length: u64, text: &str) -> Verdict;
    /// A piece that is no row; `shown` is its beginning.
    fn malformed(&mut self, offset: u64, length: u64, reason: &str, shown: &[u8]);
    /// A line that is no JSON, offered as an entry; `true` takes it.
    fn text_line(&mut self, _offset: u64, _bytes: &[u8]) -> bool {
        false
    }
}

/// A stretch of the decoded file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// Offset of the first one in the file.
    pub(crate) base: u64,
    /// The file ends with it.
    pub(crate) last: bool,
}

#[cfg(test)]
mod tests;
