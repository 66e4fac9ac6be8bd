//! What a walk remembers and what it counts.
//!
//! The state is small, plain and comparable, because a block that was walked from a guessed state is taken only if the walk
//! before it ended in that very state. Counts are sums, so that those of blocks are those of the file.

use crate::record::ingest::{BytesBy, NO_OBJECT};

/// Where in a line the walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Only blanks so far.
    Start,
    /// Brackets or commas.
    Opened,
    /// A name before the row that comes.
    Named,
    /// A row or a piece of text.
    Row,
}

/// All that the walk remembers from one token to the next.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all combinations occur")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(super) begun: bool,
    pub(super) in_array: bool,
    pub(super) line: Line,
    /// Bytes before the first row of the line.
    pub(super) column: usize,
    /// A row was read, so that brackets and commas outside of arrays are leftovers of one.
    pub(super) rows: bool,
    /// The file says that it is YAML.
    pub(super) yaml: bool,
    /// It begins with the border of a table for people.
    pub(super) drawn: bool,
    /// Nearly all of its lines are objects behind a head.
    pub(super) headed: bool,
    /// Wrappers too large to be held that are open; for each a bit that says whether it stands in an array.
    pub(super) wrappers: u32,
    pub(super) outer: u32,
    /// Likewise, whether its rows stand in an object of its own, and whether they stand in groups.
    pub(super) deep: u32,
    pub(super) groups: u32,
    /// By which the sink knows the innermost one; 0 is none.
    pub(super) within: u64,
}

impl State {
    /// At the first byte of a file.
    pub(crate) const START: Self = Self {
        begun: false,
        in_array: false,
        line: Line::Start,
        column: 0,
        rows: false,
        yaml: false,
        drawn: false,
        headed: false,
        wrappers: 0,
        outer: 0,
        deep: 0,
        groups: 0,
        within: 0,
    };
}

impl State {
    /// Why a line is no row, and what helps.
    pub(super) fn no_row(&self) -> &'static str {
        match self {
            Self { yaml: true, .. } => "YAML that is no entry of a log: export again with --format=json",
            Self { drawn: true, .. } => "a table drawn for people, not JSON: export again with --format=json",
            _ => NO_OBJECT,
        }
    }
}

/// What was seen in a stretch; sums of stretches are those of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) by: BytesBy,
    pub(crate) blank_lines: u64,
    pub(super) rows: u64,
    pub(super) wrappers: u64,
    pub(super) arrays: u64,
    pub(super) prefixed: u64,
    pub(super) multi_line: u64,
    pub(super) lines: u64,
    pub(super) texts: u64,
    pub(super) table_rows: u64,
    /// Wrappers read as streams.
    pub(super) streamed: u64,
}

impl Counts {
    /// Counts one piece of so many bytes that is not read.
    pub(crate) fn refuse(&mut self, bytes: u64) {
        self.by.malformed += bytes;
        self.lines += 1;
    }

    /// Adds those of the next stretch.
    pub(crate) fn add(&mut self, other: &Self) {
        self.by.entries += other.by.entries;
        self.by.malformed += other.by.malformed;
        self.by.blank += other.by.blank;
        self.by.structure += other.by.structure;
        self.blank_lines += other.blank_lines;
        self.rows += other.rows;
        self.wrappers += other.wrappers;
        self.arrays += other.arrays;
        self.prefixed += other.prefixed;
        self.multi_line += other.multi_line;
        self.lines += other.lines;
        self.texts += other.texts;
        self.table_rows += other.table_rows;
        self.streamed += other.streamed;
    }

    /// The word for the file's framing.
    pub(crate) fn framing(&self) -> &'static str {
        match self {
            Self { table_rows: 1.., .. } => "csv",
            Self { streamed: 1.., .. } => "wrapper",
            Self { rows: 0, wrappers: 0, arrays: 0, lines: 0, texts: 0, .. } => "empty",
            Self { texts: 1.., rows, .. } if *rows == 0 => "text",
            Self { wrappers: 1.., rows, .. } if *rows <= 1 => "wrapper",
            Self { arrays: 1.., .. } => "array",
            Self { prefixed, rows, .. } if *rows > 0 && prefixed * 2 > *rows => "prefixed",
            Self { rows: 1, multi_line: 1, lines: 0, .. } => "document",
            Self { multi_line: 1.., .. } => "concatenated",
            Self { rows: 0, lines: 1.., .. } => "text",
            _ => "ndjson",
        }
    }
}
