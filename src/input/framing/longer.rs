//! What is longer than a row: runs of pieces, and wrappers too large to be held, whose rows are read one by one.

use super::scan::{self, Behind};
use super::state::Line;
use super::{End, Framer, Sink, Taken, Text, Window, walk};

/// Bytes in which a wrapper must open its rows to be read as a stream.
const WRAPPER: usize = 64 << 10;
/// Bytes looked at first for the first item of a list.
const ITEM: usize = 16 << 10;
/// Wrappers inside wrappers that are followed.
const WRAPPERS: u32 = 32;

impl Framer {
    /// The bytes that a token may have, and what they end with.
    fn near<'a>(&self, window: Window<'a>, at: usize) -> (&'a [u8], End) {
        let rest = &window.bytes[at..];
        let bytes = &rest[..rest.len().min(self.limit)];
        let end = match () {
            () if window.last && bytes.len() == rest.len() => End::File,
            () if bytes.len() == self.limit => End::Limit,
            () => End::Window,
        };
        (bytes, end)
    }

    /// A line of text and those that belong to it.
    pub(super) fn texts<S: Sink>(&mut self, window: Window<'_>, at: usize, sink: &mut S) -> Text {
        let (bytes, end) = self.near(window, at);
        let text = sink.text_lines(window.base + at as u64, bytes, end);
        if let Text::Read(taken) = &text {
            self.counts.texts += taken.rows;
            self.counts.blank_lines += taken.blank_lines;
            self.counts.by.entries += taken.entries;
            self.counts.by.blank += taken.length as u64 - taken.entries;
            self.state.line = Line::Row;
        }
        text
    }

    /// A run of rows or lines that make one entry or several.
    pub(super) fn pieces<S: Sink>(&mut self, window: Window<'_>, at: usize, rows: bool, sink: &mut S) -> Option<usize> {
        let (bytes, end) = self.near(window, at);
        let taken: Taken = sink.pieces(window.base + at as u64, bytes, end)?;
        debug_assert!(taken.length > 0, "the first row or line was read before, so it is one");
        self.took(bytes, &taken, rows);
        Some(at + taken.length)
    }

    /// Counts a run that `bytes` begin with, of rows or of lines.
    pub(super) fn took(&mut self, bytes: &[u8], taken: &Taken, rows: bool) {
        let counts = &mut self.counts;
        counts.wrappers += taken.wrappers;
        counts.by.entries += taken.entries;
        counts.by.structure += taken.structure;
        counts.by.blank += taken.length as u64 - taken.entries - taken.structure;
        if rows {
            counts.rows += taken.rows;
            counts.multi_line += if self.state.in_array { 0 } else { taken.multi_line };
            self.state.rows = true;
            if let Some(line) = memchr::memrchr(b'\n', &bytes[..taken.last]) {
                self.state.column = taken.last - line - 1;
            }
        } else {
            counts.texts += taken.rows;
        }
        self.state.line = Line::Row;
    }

    /// An object too large to be held may be a wrapper: its rows are then read one by one, like those of an array. Length of
    /// what stands before them.
    pub(super) fn open_wrapper<S: Sink>(&mut self, offset: u64, bytes: &[u8], sink: &mut S) -> Option<usize> {
        if self.state.wrappers == WRAPPERS {
            return None;
        }
        let front = &bytes[..bytes.len().min(WRAPPER)];
        let closed = |length: usize, objects: usize| [&front[..length], b"]", &b"}}"[..objects]].concat();
        let (length, objects, opened) = scan::lists(front)
            .find_map(|(length, objects)| {
                let opened = sink.wrapper(offset, std::str::from_utf8(&closed(length, objects)).ok()?, false)?;
                Some((length, objects, opened))
            })
            .or_else(|| {
                // Under a key that nobody knows, the first of its rows tells.
                let mut lists = scan::lists(front);
                let (length, objects) =
                    lists.find(|(length, _)| holds_rows(&bytes[*length..], false, sink) == Some(true))?;
                let opened = sink.wrapper(offset, std::str::from_utf8(&closed(length, objects)).ok()?, true)?;
                Some((length, objects, opened))
            })?;
        let state = &mut self.state;
        state.outer = state.outer << 1 | u32::from(state.in_array);
        state.deep = state.deep << 1 | u32::from(objects > 1);
        state.groups = state.groups << 1 | u32::from(opened.groups);
        state.within = opened.id;
        state.wrappers += 1;
        state.in_array = true;
        state.rows = true;
        state.line = Line::Opened;
        sink.within(opened.id);
        self.counts.streamed += 1;
        self.counts.by.structure += length as u64;
        Some(length)
    }

    /// The end of a wrapper's list of rows, and what it says behind it, up to its next list or its own end; `None` when the
    /// window is too short.
    pub(super) fn close_wrapper<S: Sink>(&mut self, window: Window<'_>, at: usize, sink: &mut S) -> Option<usize> {
        let rest = &window.bytes[at + 1..];
        let near = &rest[..rest.len().min(self.limit)];
        let (deep, groups) = (self.state.deep & 1, self.state.groups & 1 == 1);
        let mut is_of_rows = |at: usize| holds_rows(&near[at..], true, sink);
        let length = match scan::behind(near, 1 + deep as usize, groups, &mut is_of_rows) {
            Behind::List(length) => {
                self.counts.by.structure += length as u64 + 1;
                self.state.line = Line::Opened;
                return Some(at + 1 + length);
            }
            Behind::Ends(length) => length,
            Behind::Open if near.len() == rest.len() && !window.last => return None,
            Behind::Open => 0,
        };
        let state = &mut self.state;
        state.in_array = state.outer & 1 == 1;
        state.outer >>= 1;
        state.deep >>= 1;
        state.groups >>= 1;
        state.wrappers -= 1;
        state.within = sink.outer();
        state.line = Line::Row;
        sink.within(state.within);
        self.counts.by.structure += length as u64 + 1;
        Some(at + 1 + length)
    }
}

/// Whether the list whose items `bytes` begin with holds rows ([`Sink::list`]): its first item says so, which is short in
/// most lists, and there may be many.
fn holds_rows<S: Sink>(bytes: &[u8], beside: bool, sink: &mut S) -> Option<bool> {
    let mut asked = ITEM;
    loop {
        match sink.list(walk::utf8(&bytes[..bytes.len().min(asked)]), beside) {
            None if asked < bytes.len() => asked *= 4,
            said => return said,
        }
    }
}
