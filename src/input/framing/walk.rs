//! The walk itself: one token after the other, from any state.
//!
//! Most rows are read by the reader of rows at the first attempt and never scanned. The rest is about what was refused: how
//! far the damage goes, and where the next row can begin.

use super::super::pieces;
use super::csv::Lead;
use super::export::{self, Export};
use super::headed;
use super::scan::{self, Extent, Scalar};
use super::state::{Counts, Line, State};
use super::table::{Opened, Table};
use super::yaml::{self, Document};
use super::{Front, LOOKED_AT, OVERSIZE, Sink, Text, Verdict, Window};

/// Bytes checked for UTF-8 at once: a piece stays in the cache until its rows are parsed.
const PIECE: usize = 64 << 10;
/// Bytes looked at for a comma-separated header line.
const HEADER: usize = 64 << 10;
/// Blanks looked at to tell an array of rows from a line that begins with a bracket.
const OPENING: usize = 256 << 10;

/// The mark of UTF-8 in front of a file.
const MARK: &[u8] = b"\xef\xbb\xbf";
const UNTERMINATED: &str = "unterminated object";

/// A malformed piece whose end has not come yet.
#[derive(Debug)]
struct Skip {
    offset: u64,
    length: u64,
    reason: &'static str,
    shown: Vec<u8>,
    /// Rows at this indent or a lower one end the piece; without it the line's end does.
    indent: Option<usize>,
}

/// Walks over a stretch of a file.
#[derive(Debug)]
pub(crate) struct Framer {
    pub(crate) state: State,
    pub(crate) counts: Counts,
    pub(super) limit: usize,
    skip: Option<Skip>,
    table: Option<Table>,
}

/// A part of the window that is UTF-8.
struct Piece<'a> {
    start: usize,
    text: &'a str,
    /// Neither the window nor the UTF-8 ends with it.
    more: bool,
}

impl<'a> Piece<'a> {
    fn of(window: Window<'a>, start: usize, length: usize) -> Self {
        let bytes = &window.bytes[start..];
        let bytes = &bytes[..bytes.len().min(length)];
        let text = utf8(bytes);
        // A letter may be cut at the end.
        let more = bytes.len() == length && text.len() + 4 > length;
        Self { start, text, more }
    }
}

impl Framer {
    /// A walk that begins in a state; rows larger than `limit` bytes are malformed.
    pub(crate) fn new(state: State, limit: usize) -> Self {
        Self { state, counts: Counts::default(), limit, skip: None, table: None }
    }

    /// Goes on with fresh counts.
    pub(crate) fn next(self) -> Self {
        Self { counts: Counts::default(), ..self }
    }

    /// Whether the state alone says how to go on.
    pub(crate) fn is_between_rows(&self) -> bool {
        self.skip.is_none() && self.table.is_none()
    }

    /// Whether the file is a table, which nothing but a walk from its beginning can read.
    pub(crate) fn is_table(&self) -> bool {
        self.table.is_some()
    }

    /// Walks from `at` until `stop` is reached or passed; returns where it stands. Before `stop`, the token there needs bytes
    /// beyond the window.
    pub(crate) fn run<S: Sink>(&mut self, window: Window<'_>, mut at: usize, stop: usize, sink: &mut S) -> usize {
        let bytes = window.bytes;
        let mut piece = Piece { start: at, text: "", more: false };
        let stop = stop.min(bytes.len());
        sink.within(self.state.within);
        while at < stop {
            if self.skip.is_some() {
                let next = self.skip_on(window, at, sink);
                if next == at {
                    return at;
                }
                at = next;
                continue;
            }
            if !self.state.begun {
                match self.begin(window, at) {
                    Some(next) => at = next,
                    None => return at,
                }
                continue;
            }
            let next = if let Some(table) = &mut self.table {
                table.step(window, at, self.limit, &mut self.counts, sink)
            } else {
                match bytes[at] {
                    b'-' if self.state.yaml && self.state.line == Line::Start && self.state.column == 0 => {
                        self.document(window, at, sink)
                    }
                    b'\n' => {
                        self.counts.blank_lines += u64::from(self.state.line == Line::Start && !self.state.in_array);
                        self.counts.by.blank += 1;
                        self.state.line = Line::Start;
                        self.state.column = 0;
                        Some(at + 1)
                    }
                    b' ' | b'\t' | b'\r' | 0x0b | 0x0c | 0 | scan::RECORD => {
                        self.counts.by.blank += 1;
                        self.state.column += usize::from(self.state.line != Line::Row);
                        Some(at + 1)
                    }
                    b'{' => self.object(window, at, stop, &mut piece, sink),
                    // The front of another file, joined to this one.
                    0xef if bytes[at..].starts_with(MARK) => {
                        self.counts.by.structure += MARK.len() as u64;
                        Some(at + MARK.len())
                    }
                    b']' if self.state.in_array && self.state.wrappers > 0 => self.close_wrapper(window, at, sink),
                    // One that was cut from what stood before it.
                    b',' if !self.state.in_array && !self.state.rows => match Self::may_be_cut_off(window, at) {
                        Some(true) => Some(self.structure(at)),
                        Some(false) => self.line(window, at, sink),
                        None => None,
                    },
                    byte @ (b',' | b']') if self.state.in_array || self.state.rows => {
                        self.state.in_array &= byte == b',';
                        Some(self.structure(at))
                    }
                    b'[' => match Self::opens_array(window, at) {
                        Some(true) => {
                            self.state.in_array = true;
                            self.counts.arrays += 1;
                            Some(self.structure(at))
                        }
                        Some(false) => self.line(window, at, sink),
                        None => None,
                    },
                    _ => self.line(window, at, sink),
                }
            };
            match next {
                Some(next) => at = next,
                None => return at,
            }
        }
        if window.last && at == bytes.len() {
            // A piece that the end of the file ends.
            self.skip_on(window, at, sink);
        }
        at
    }

    /// The look at the front of a file: byte order mark, header of a table, YAML.
    fn begin(&mut self, window: Window<'_>, at: usize) -> Option<usize> {
        let bytes = &window.bytes[at..];
        if !window.last && bytes.len() < MARK.len() {
            return None;
        }
        let skipped = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
        let bytes = &bytes[skipped..];
        let front = &bytes[..bytes.len().min(HEADER)];
        let known = front.len() == HEADER || window.last;
        let lead = Lead::of(front);
        let front = &front[lead.length..];
        if known || memchr::memchr(b'\n', front).is_some() {
            let table = Table::open(&bytes[..bytes.len().min(HEADER)], lead, known);
            let may_be_headed = headed::may_open(&bytes[lead.length..bytes.len().min(HEADER)], known);
            if !known
                && (may_be_headed != Some(false) && !matches!(table, Opened::Table(..))
                    || matches!(table, Opened::Open))
            {
                return None;
            }
            self.state.begun = true;
            self.counts.by.structure += skipped as u64;
            self.state.yaml = yaml::is_marked(front);
            self.state.drawn = is_border(front);
            if let Opened::Table(table, length, lead) = table {
                self.counts.by.structure += (lead.structure + length) as u64;
                self.counts.by.blank += (lead.length - lead.structure) as u64;
                self.counts.table_rows += 1;
                self.table = Some(table);
                return Some(at + skipped + lead.length + length);
            }
            let front = &bytes[..bytes.len().min(HEADER)];
            self.state.headed =
                may_be_headed == Some(true) && headed::is_most(front, window.last && front.len() == bytes.len());
            return Some(at + skipped);
        }
        None
    }

    fn structure(&mut self, at: usize) -> usize {
        self.counts.by.structure += 1;
        if self.state.line != Line::Row {
            self.state.line = Line::Opened;
            self.state.column += 1;
        }
        at + 1
    }

    /// Whether `[` begins an array of rows and not a line such as `[2025-01-01 …] text`; `None` when the window is too short.
    fn opens_array(window: Window<'_>, at: usize) -> Option<bool> {
        let rest = &window.bytes[at + 1..];
        let mut near = &rest[..rest.len().min(OPENING)];
        let full = near.len() == OPENING;
        let mut scalars = false;
        loop {
            near = near.trim_ascii_start();
            match near.first() {
                None if full => return Some(false),
                None => return window.last.then_some(!scalars),
                Some(b'{' | b'[') => return Some(true),
                Some(b']') => return Some(!scalars),
                Some(b'"') if scan::may_encode(near) => return Some(true),
                // What is no row may stand before the rows.
                Some(_) => match scan::scalar(near) {
                    Scalar::Ends(length) if scan::is_json(&near[..length]) => {
                        let behind = near[length..].trim_ascii_start();
                        near = behind.strip_prefix(b",").unwrap_or(behind);
                        scalars = true;
                    }
                    Scalar::Open if !full && !window.last => return None,
                    _ => return Some(false),
                },
            }
        }
    }

    /// Whether a row or an array follows the comma at `at`; `None` when the window is too short.
    fn may_be_cut_off(window: Window<'_>, at: usize) -> Option<bool> {
        let rest = &window.bytes[at + 1..];
        let near = &rest[..rest.len().min(OPENING)];
        let behind = near.trim_ascii_start();
        match behind.first() {
            Some(b'{') => Some(true),
            Some(b'[') => Self::opens_array(window, at + 1 + near.len() - behind.len()),
            None if near.len() < OPENING && !window.last => None,
            _ => Some(false),
        }
    }

    fn object<'a, S: Sink>(
        &mut self,
        window: Window<'a>,
        at: usize,
        stop: usize,
        piece: &mut Piece<'a>,
        sink: &mut S,
    ) -> Option<usize> {
        let offset = window.base + at as u64;
        let rest = &window.bytes[at..];
        let (mut asked, mut short) = (PIECE, false);
        loop {
            let text = piece.text.get(at - piece.start..).unwrap_or_default();
            if !text.is_empty() {
                if let Some(taken) = sink.rows(offset, text, stop - at, self.state.in_array) {
                    self.took(text.as_bytes(), &taken, true);
                    return Some(at + taken.length);
                }
                match sink.front(offset, text) {
                    Front::Read { length, entries, wrapper, multi_line } => {
                        self.taken(length, entries, wrapper, multi_line);
                        return Some(at + length);
                    }
                    Front::Piece => return self.pieces(window, at, true, sink),
                    // It may be the text that ends, not the row.
                    Front::Short if piece.more && asked <= self.limit.saturating_mul(4) => {}
                    Front::Short => {
                        // A letter may be cut at the end.
                        short = text.len() + 4 > rest.len();
                        break;
                    }
                    Front::Refused => break,
                }
            }
            *piece = Piece::of(window, at, asked);
            asked *= 4;
        }
        let mut bytes = &rest[..rest.len().min(self.limit)];
        let named = self.state.line == Line::Named;
        if named {
            if short && !window.last && rest.len() <= self.limit {
                return None;
            }
            // The name is the line's, and so is the damage.
            match memchr::memchr(b'\n', bytes) {
                Some(end) => bytes = bytes[..end].trim_ascii_end(),
                None if rest.len() > self.limit => {
                    self.begin_skip(window, at, OVERSIZE, None);
                    return Some(self.skip_on(window, at, sink));
                }
                None if window.last => {}
                None => return None,
            }
        }
        match scan::extent(bytes, self.state.column, self.state.in_array) {
            Extent::Torn | Extent::Open if named => {
                self.refuse(offset, bytes, UNTERMINATED, sink);
                Some(at + bytes.len())
            }
            Extent::Ends(length) => {
                match sink.row(offset, &bytes[..length]) {
                    // Rows that begin with their lines are found behind it.
                    Verdict::Refused(reason)
                        if self.state.line == Line::Start && scan::ends_inside(&bytes[..length]) =>
                    {
                        Some(self.endless(window, at, reason, sink))
                    }
                    Verdict::Refused(reason) => {
                        // Where a row may stand in it the damage ends.
                        let cut = if named { bytes.len() } else { length };
                        let cut = scan::sibling(&bytes[..cut], self.state.column).unwrap_or(cut);
                        self.refuse(offset, &bytes[..cut], reason, sink);
                        Some(at + cut)
                    }
                    Verdict::Read { entries, wrapper } => {
                        let multi_line = memchr::memchr(b'\n', &bytes[..length]).is_some();
                        self.taken(length, entries, wrapper, multi_line);
                        Some(at + length)
                    }
                }
            }
            Extent::Torn => Some(self.endless(window, at, UNTERMINATED, sink)),
            Extent::Open if window.bytes.len() - at > self.limit => self
                .open_wrapper(offset, bytes, sink)
                .map(|length| at + length)
                .or_else(|| Some(self.endless(window, at, OVERSIZE, sink))),
            Extent::Open if window.last => Some(self.endless(window, at, UNTERMINATED, sink)),
            Extent::Open => None,
        }
    }

    fn taken(&mut self, length: usize, entries: u64, wrapper: bool, multi_line: bool) {
        let counts = &mut self.counts;
        counts.rows += 1;
        counts.wrappers += u64::from(wrapper);
        counts.multi_line += u64::from(multi_line && !self.state.in_array);
        counts.by.entries += entries;
        counts.by.structure += length as u64 - entries;
        self.state.rows = true;
        self.state.line = Line::Row;
    }

    /// A document of YAML behind its marker; one that cannot be read is so many lines.
    fn document<S: Sink>(&mut self, window: Window<'_>, at: usize, sink: &mut S) -> Option<usize> {
        let rest = &window.bytes[at..];
        let near = &rest[..rest.len().min(self.limit)];
        match yaml::document(near, window.last && near.len() == rest.len()) {
            Document::Read(mark, length, object) if yaml::is_of_log(&object) => {
                let offset = window.base + (at + mark) as u64;
                let Verdict::Read { entries, wrapper } = sink.converted(offset, length as u64, &object) else {
                    return self.line(window, at, sink);
                };
                self.taken(mark + length, entries, wrapper, true);
                Some(at + mark + length)
            }
            Document::Open if near.len() == rest.len() => None,
            Document::Read(..) | Document::Open | Document::None => self.line(window, at, sink),
        }
    }

    /// An object without an end: everything up to the next line that can begin a row is malformed.
    fn endless<S: Sink>(&mut self, window: Window<'_>, at: usize, reason: &'static str, sink: &mut S) -> usize {
        let indent = Some(self.state.column);
        self.begin_skip(window, at, reason, indent);
        self.skip_on(window, at, sink)
    }

    fn begin_skip(&mut self, window: Window<'_>, at: usize, reason: &'static str, indent: Option<usize>) {
        let shown = &window.bytes[at..window.bytes.len().min(at + LOOKED_AT)];
        self.skip = Some(Skip { offset: window.base + at as u64, length: 0, reason, shown: shown.to_vec(), indent });
    }

    /// Goes on to the end of a malformed piece; what may belong to the next row stays until the window is longer.
    fn skip_on<S: Sink>(&mut self, window: Window<'_>, at: usize, sink: &mut S) -> usize {
        let Some(skip) = &mut self.skip else { return at };
        let rest = &window.bytes[at..];
        let (taken, ends) = match skip.indent {
            Some(indent) => match scan::sibling(rest, indent) {
                Some(cut) => (cut, true),
                None if window.last => (rest.len(), true),
                // The last line's beginning may be that of a row.
                None => (memchr::memrchr(b'\n', rest).unwrap_or(rest.len()), false),
            },
            None => match memchr::memchr(b'\n', rest) {
                Some(end) => (end, true),
                None => (rest.len(), window.last),
            },
        };
        skip.length += taken as u64;
        self.counts.by.malformed += taken as u64;
        if ends && let Some(mut skip) = self.skip.take() {
            skip.shown.truncate(skip.length as usize);
            sink.malformed(skip.offset, skip.length, skip.reason, &skip.shown);
            self.counts.lines += 1;
            self.state.line = Line::Row;
        }
        at + taken
    }

    fn refuse<S: Sink>(&mut self, offset: u64, bytes: &[u8], reason: &str, sink: &mut S) {
        sink.malformed(offset, bytes.len() as u64, reason, &bytes[..bytes.len().min(LOOKED_AT)]);
        self.counts.by.malformed += bytes.len() as u64;
        self.counts.lines += 1;
        self.state.line = Line::Row;
    }

    /// A line that begins with anything but `{` or `[`: a prefix before an object, or no row at all.
    fn line<S: Sink>(&mut self, window: Window<'_>, at: usize, sink: &mut S) -> Option<usize> {
        let rest = &window.bytes[at..];
        let near = &rest[..rest.len().min(self.limit)];
        let scalar = if self.state.in_array { scan::scalar(near) } else { Scalar::None };
        let scalar = match scalar {
            Scalar::Ends(length) => Some(length),
            Scalar::Open if near.len() == rest.len() && !window.last => return None,
            Scalar::Open | Scalar::None => None,
        };
        // Of an array on one line, the end is looked for once, not from each of its elements.
        let end = if scalar.is_none() { memchr::memchr(b'\n', near) } else { None };
        let line = match end {
            _ if scalar.is_some() => near,
            Some(end) => &near[..end],
            None if rest.len() > self.limit => {
                self.begin_skip(window, at, "line larger than the limit of row-bytes", None);
                return Some(self.skip_on(window, at, sink));
            }
            None if window.last => rest,
            None => return None,
        };
        let whole = line.trim_ascii_end();
        // The comma is the array's from which the line was cut.
        let cut = || whole.strip_suffix(b",").map_or(whole, <[u8]>::trim_ascii_end);
        let text = scalar.map_or_else(cut, |length| &near[..length]);
        if let Some(object) = scan::encoded(text)
            && let Verdict::Read { entries, wrapper } =
                sink.converted(window.base + at as u64, text.len() as u64, &object)
        {
            self.taken(text.len(), entries, wrapper, false);
            return Some(at + text.len());
        }
        if scalar.is_none()
            && let Some(prefix) = scan::prefix_of(line)
        {
            self.counts.by.structure += prefix as u64;
            self.counts.prefixed += 1;
            let (name, row) = line.split_at(prefix);
            // One token, so that a block never begins between the two.
            if let Front::Read { length, entries, wrapper, multi_line } =
                sink.named(window.base + (at + prefix) as u64, utf8(name), utf8(row))
            {
                self.taken(length, entries, wrapper, multi_line);
                return Some(at + prefix + length);
            }
            self.state.line = Line::Named;
            return Some(at + prefix);
        }
        if !self.state.in_array {
            match export::entry(near, window.last && near.len() == rest.len()) {
                Export::Entry(length, text) => {
                    let offset = window.base + at as u64;
                    match sink.converted(offset, length as u64, &text) {
                        Verdict::Read { .. } => self.taken(length, length as u64, false, true),
                        Verdict::Refused(reason) => self.refuse(offset, &rest[..length], reason, sink),
                    }
                    return Some(at + length);
                }
                Export::Open if rest.len() <= self.limit => return None,
                Export::Open | Export::None => {}
            }
            if pieces::is_line(line) {
                return self.pieces(window, at, false, sink);
            }
            match self.texts(window, at, sink) {
                Text::Read(taken) => return Some(at + taken.length),
                Text::Short => return None,
                Text::Refused => {}
            }
            // An indented line would belong to the one before.
            if self.state.headed
                && self.state.column == 0
                && sink.headed(window.base + at as u64, line.trim_ascii_end())
            {
                let length = line.trim_ascii_end().len();
                self.counts.prefixed += 1;
                self.taken(length, length as u64, false, false);
                return Some(at + length);
            }
        }
        // A banner in an array ends with its line, but the comma or bracket there is the array's. At least one byte is taken,
        // or the line would be looked at for ever.
        let text = line.trim_ascii_end();
        let banner =
            text.strip_suffix(b",").or(text.strip_suffix(b"]")).filter(|_| self.state.in_array).unwrap_or(text);
        let length = scalar.unwrap_or(banner.len());
        let (offset, bytes) = (window.base + at as u64, &line[..length.max(1)]);
        if sink.text_line(offset, bytes) {
            self.counts.texts += 1;
            self.counts.by.entries += bytes.len() as u64;
            self.state.line = Line::Row;
        } else {
            self.refuse(offset, bytes, self.state.no_row(), sink);
        }
        Some(at + bytes.len())
    }
}

/// Whether the first line is the border of a table that was drawn for a terminal: `+-----+---+`.
fn is_border(front: &[u8]) -> bool {
    let line = &front[..memchr::memchr(b'\n', front).unwrap_or(front.len())];
    let line = line.trim_ascii_end();
    line.starts_with(b"+-") && line.ends_with(b"-+") && line.iter().all(|b| matches!(b, b'+' | b'-'))
}

/// The longest front of `bytes` that is UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> &str {
    // The place of an error is told by the slower one only.
    simdutf8::basic::from_utf8(bytes).unwrap_or_else(|_| match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    })
}
