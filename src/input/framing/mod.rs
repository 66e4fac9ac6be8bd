//! Decoded bytes to rows: arrays, NDJSON, concatenated objects, wrappers, prefixed lines, tables, told by content.
//!
//! A framer walks over a window of the file, token by token. It asks the reader of rows first, because a row that parses
//! says itself where it ends; only what was refused is scanned for its end and looked at by lines. What it does depends on
//! its [`State`] and on the bytes from there on, never on where the window ends: a token that is not complete is left for a
//! longer window. So a file may be walked in blocks, at the same time, and give what one walk gives. Every byte is accounted
//! for as entry, malformed, blank or structure.

mod csv;
mod cut;
mod export;
mod fields;
mod headed;
mod longer;
mod scan;
mod state;
mod table;
mod walk;
mod yaml;

pub(crate) use cut::Profile;
pub(crate) use scan::{gap, is_prefixed};
pub(crate) use state::{Counts, State};
pub(crate) use walk::{Framer, utf8};

/// Bytes of a malformed piece that are shown.
pub(crate) const SHOWN: usize = 256;
/// Bytes of it that are looked at for credentials: one that the cut goes through is masked before.
pub(crate) const LOOKED_AT: usize = 2 * SHOWN;
const OVERSIZE: &str = "larger than limits.row-bytes, and no wrapper whose rows can be read one by one: raise row-bytes, or \
    export in smaller parts";

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
    /// Nothing was read: the row is a piece of an entry that goes on in another row.
    Piece,
    /// Nothing was read; more text may help.
    Short,
    /// Nothing was read, and more text does not help.
    Refused,
}

/// Where the bytes that a sink may look at end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With the window: a longer one may be had.
    Window,
    /// With the limit of a row.
    Limit,
    /// With the file.
    File,
}

/// What became of a line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// It was read, with lines behind it.
    Read(Taken),
    /// Lines behind the window may belong to it.
    Short,
    /// Text is no entry.
    Refused,
}

/// A run of rows or lines that was read as one token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Its length; what is neither entry nor structure is blank.
    pub(crate) length: usize,
    /// Bytes inside entries.
    pub(crate) entries: u64,
    /// Bytes of commas, and of wrappers around rows.
    pub(crate) structure: u64,
    /// Rows or lines.
    pub(crate) rows: u64,
    /// Wrappers among them.
    pub(crate) wrappers: u64,
    /// Rows that hold line ends.
    pub(crate) multi_line: u64,
    /// Lines between them that are blank.
    pub(crate) blank_lines: u64,
    /// Where the last one begins.
    pub(crate) last: usize,
}

/// A wrapper that is read as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// By which the sink knows it: the same for the same bytes around and before its rows.
    pub(crate) id: u64,
    /// Its rows stand in several lists, in groups of one map.
    pub(crate) groups: bool,
}

/// Receives what the framer finds.
pub(crate) trait Sink {
    /// Reads several rows that `text` begins with and that follow one another closely ([`gap`]), as far as each is strict JSON, a
    /// row of its own and begins before `until`; `None` when it reads none so. `comma`: commas stand between them.
    fn rows(&mut self, _offset: u64, _text: &str, _until: usize, _comma: bool) -> Option<Taken> {
        None
    }
    /// Reads the row that `text` begins with, where it is strict JSON.
    fn front(&mut self, _offset: u64, _text: &str) -> Front {
        Front::Refused
    }
    /// The same of a row that stands behind a name on its line, of which `text` is the rest.
    fn named(&mut self, _offset: u64, _name: &str, _text: &str) -> Front {
        Front::Refused
    }
    /// Whether an object, of which `text` is the front with its list of rows closed at once, is a wrapper around rows; it is
    /// known to be one where its list was looked at.
    fn wrapper(&mut self, _offset: u64, _text: &str, _known: bool) -> Option<Opened> {
        None
    }
    /// Whether the list whose items `text` begins with holds entries, whatever its key: `beside` the rows of a wrapper that is
    /// read as a stream, or as the rows of one. `None` when it may be said of a longer text.
    fn list(&mut self, _text: &str, _beside: bool) -> Option<bool> {
        Some(false)
    }
    /// The wrapper in which the rows that follow stand, by its id; 0 is none.
    fn within(&mut self, _wrapper: u64) {}
    /// The wrapper around the one in which the walk stands.
    fn outer(&mut self) -> u64 {
        0
    }
    /// Reads the run of rows or lines that `bytes` begin with, the first of which is a piece; `None` when it may go on behind
    /// the window.
    fn pieces(&mut self, offset: u64, bytes: &[u8], end: End) -> Option<Taken>;
    /// One JSON object at a byte offset of the decoded file.
    fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict;
    /// A row of a table, as a JSON object; offset and length are the table row's.
    fn converted(&mut self, offset: u64, length: u64, text: &str) -> Verdict;
    /// A piece that is no row; `shown` is its beginning.
    fn malformed(&mut self, offset: u64, length: u64, reason: &str, shown: &[u8]);
    /// A line of a file in which nearly all are objects behind a head; `true` where it is one.
    fn headed(&mut self, _offset: u64, _bytes: &[u8]) -> bool {
        false
    }
    /// A line that is no JSON, offered as an entry; `true` takes it.
    fn text_line(&mut self, _offset: u64, _bytes: &[u8]) -> bool {
        false
    }
    /// The same for the line that `bytes` begin with, and for those behind it that belong to it.
    fn text_lines(&mut self, _offset: u64, _bytes: &[u8], _end: End) -> Text {
        Text::Refused
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
