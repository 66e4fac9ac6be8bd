//! Decoded bytes to rows: arrays, NDJSON, concatenated objects, wrappers, prefixed lines, told by content.
//!
//! A streaming scanner finds where each top-level or array element ends, holding no more than one of them; the reader of
//! rows then says whether it could read it. Only a refused or endless element is looked at by lines, because only there can
//! a line's start tell where the next row begins. Every byte is accounted for as entry, malformed, blank or structure.

use std::io::{self, Read};

use crate::record::ingest::BytesBy;

/// Bytes asked from the stream at once.
const READ: usize = 256 << 10;
/// Longest name before `|` in a prefixed line.
const PREFIX: usize = 128;

/// What became of one candidate row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Read; this many of its bytes are entries, the rest is structure around them.
    Read {
        /// Bytes inside entries.
        entries: u64,
        /// The candidate was a wrapper around rows.
        wrapper: bool,
    },
    /// No row; why.
    Refused(String),
}

/// Receives what the framer finds.
pub(crate) trait Sink {
    /// One JSON object at a byte offset of the decoded file.
    fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict;
    /// A piece that is no row; `shown` is its beginning.
    fn malformed(&mut self, offset: u64, length: u64, reason: &str, shown: &[u8]);
    /// A line that is no JSON, offered as an entry; `true` takes it.
    fn text_line(&mut self, _offset: u64, _bytes: &[u8]) -> bool {
        false
    }
}

/// What the framer saw of the file as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Framed {
    pub(crate) by: BytesBy,
    pub(crate) decoded: u64,
    pub(crate) blank_lines: u64,
    pub(crate) framing: &'static str,
}

#[derive(Default)]
struct Seen {
    rows: u64,
    wrappers: u64,
    arrays: u64,
    prefixed: u64,
    multi_line: u64,
    lines: u64,
    texts: u64,
}

struct Framer<'a, R> {
    reader: R,
    buf: Vec<u8>,
    /// Position in `buf` of the next byte to look at.
    at: usize,
    /// Offset in the file of `buf[0]`.
    base: u64,
    end: bool,
    by: BytesBy,
    blank_lines: u64,
    in_array: bool,
    line_start: bool,
    /// Bytes since the line began, up to the element that is looked at.
    column: usize,
    limit: usize,
    seen: Seen,
    sink: &'a mut dyn Sink,
}

/// Reads a whole stream; rows larger than `limit` bytes are malformed.
pub(crate) fn frame(reader: impl Read, limit: usize, sink: &mut dyn Sink) -> io::Result<Framed> {
    let mut framer = Framer {
        reader,
        buf: Vec::with_capacity(READ),
        at: 0,
        base: 0,
        end: false,
        by: BytesBy::default(),
        blank_lines: 0,
        in_array: false,
        line_start: true,
        column: 0,
        limit,
        seen: Seen::default(),
        sink,
    };
    framer.run()?;
    let decoded = framer.base + framer.buf.len() as u64;
    debug_assert_eq!(framer.by.total(), decoded, "every byte is accounted for");
    Ok(Framed { by: framer.by, decoded, blank_lines: framer.blank_lines, framing: framer.seen.framing() })
}

impl Seen {
    fn framing(&self) -> &'static str {
        match self {
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

/// Where the scan of one value stands, so that more bytes never mean scanning again.
#[derive(Default)]
struct Scan {
    at: usize,
    depth: usize,
    in_string: bool,
    /// Offsets just after line ends inside strings: no exporter writes them, so the row before may be broken.
    torn_at: Option<usize>,
}

impl Scan {
    /// Goes on over `bytes` (the value from its first byte); the length of the value when it is complete.
    fn step(&mut self, bytes: &[u8]) -> Option<usize> {
        while self.at < bytes.len() {
            if self.in_string {
                let rest = &bytes[self.at..];
                let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
                    self.at = bytes.len();
                    return None;
                };
                match rest[found] {
                    b'"' => {
                        self.in_string = false;
                        self.at += found + 1;
                    }
                    b'\n' => {
                        self.torn_at.get_or_insert(self.at + found + 1);
                        self.at += found + 1;
                    }
                    _ if found + 1 < rest.len() => self.at += found + 2,
                    _ => {
                        self.at += found;
                        return None;
                    }
                }
                continue;
            }
            match bytes[self.at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(self.at + 1);
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        None
    }
}

impl<R: Read> Framer<'_, R> {
    /// Reads more; `false` at the end of the stream.
    fn fill(&mut self) -> io::Result<bool> {
        if self.end {
            return Ok(false);
        }
        // What is done with goes first, so that the buffer holds one element at most.
        if self.at > 0 {
            self.buf.drain(..self.at);
            self.base += self.at as u64;
            self.at = 0;
        }
        let before = self.buf.len();
        self.buf.resize(before + READ, 0);
        let n = self.reader.read(&mut self.buf[before..])?;
        self.buf.truncate(before + n);
        self.end = n == 0;
        Ok(n > 0)
    }

    fn peek(&mut self, ahead: usize) -> io::Result<Option<u8>> {
        while self.at + ahead >= self.buf.len() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buf[self.at + ahead]))
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    fn run(&mut self) -> io::Result<()> {
        if self.peek(2)?.is_some() && self.buf[self.at..].starts_with(b"\xef\xbb\xbf") {
            self.at += 3;
            self.by.structure += 3;
        }
        while let Some(byte) = self.peek(0)? {
            match byte {
                b'\n' => {
                    self.blank_lines += u64::from(self.line_start && !self.in_array);
                    self.line_start = true;
                    self.blank();
                    self.column = 0;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c | 0 => self.blank(),
                b',' | b']' if self.in_array => {
                    self.in_array = byte == b',';
                    self.structure();
                }
                b'[' if self.opens_array()? => {
                    self.in_array = true;
                    self.seen.arrays += 1;
                    self.structure();
                }
                b'{' => self.object()?,
                b',' | b']' if self.seen.rows > 0 => self.structure(),
                _ => self.line()?,
            }
        }
        Ok(())
    }

    fn blank(&mut self) {
        self.at += 1;
        self.column += 1;
        self.by.blank += 1;
    }

    fn structure(&mut self) {
        self.at += 1;
        self.column += 1;
        self.by.structure += 1;
        self.line_start = false;
    }

    /// Whether `[` begins an array of rows and not a line such as `[2025-01-01 …] text`.
    fn opens_array(&mut self) -> io::Result<bool> {
        let mut ahead = 1;
        while let Some(byte) = self.peek(ahead)? {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => ahead += 1,
                _ => return Ok(matches!(byte, b'{' | b']' | b'[')),
            }
            if ahead > READ {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn object(&mut self) -> io::Result<()> {
        let mut scan = Scan::default();
        loop {
            if let Some(length) = scan.step(&self.buf[self.at..]) {
                self.candidate(length, scan.torn_at);
                return Ok(());
            }
            if self.buf.len() - self.at > self.limit {
                return self.endless("entry larger than the limit of row-bytes");
            }
            if !self.fill()? {
                return self.endless("unterminated object");
            }
        }
    }

    /// A complete object of `length` bytes: read, or refused and looked at by lines.
    fn candidate(&mut self, length: usize, torn_at: Option<usize>) {
        let offset = self.offset();
        let bytes = &self.buf[self.at..self.at + length];
        match self.sink.row(offset, bytes) {
            Verdict::Read { entries, wrapper } => {
                self.seen.rows += 1;
                self.seen.wrappers += u64::from(wrapper);
                self.seen.multi_line += u64::from(!self.in_array && memchr::memchr(b'\n', bytes).is_some());
                self.by.entries += entries;
                self.by.structure += length as u64 - entries;
                self.at += length;
                self.line_start = false;
            }
            Verdict::Refused(reason) => {
                // The brackets matched, so the piece ends where it ends, unless a string ran over a line's end: then an
                // earlier line may hold the next row.
                let cut = torn_at.and_then(|_| self.sibling(length)).unwrap_or(length);
                self.refuse(cut, &reason);
            }
        }
    }

    /// An object without an end: everything up to the next line that can begin a row is malformed.
    fn endless(&mut self, reason: &str) -> io::Result<()> {
        let length = self.buf.len() - self.at;
        if let Some(cut) = self.sibling(length) {
            self.refuse(cut, reason);
            return Ok(());
        }
        let offset = self.offset();
        let shown = self.buf[self.at..(self.at + 256).min(self.buf.len())].to_vec();
        let mut total = 0;
        loop {
            total += (self.buf.len() - self.at) as u64;
            self.at = self.buf.len();
            if !self.fill()? {
                break;
            }
            if let Some(cut) = sibling(&self.buf[self.at..], 0) {
                total += cut as u64;
                self.at += cut;
                break;
            }
        }
        self.by.malformed += total;
        self.seen.lines += 1;
        self.sink.malformed(offset, total, reason, &shown);
        Ok(())
    }

    fn refuse(&mut self, length: usize, reason: &str) {
        let shown = &self.buf[self.at..(self.at + length.min(256))];
        self.sink.malformed(self.base + self.at as u64, length as u64, reason, shown);
        self.by.malformed += length as u64;
        self.seen.lines += 1;
        self.at += length;
        self.line_start = false;
    }

    /// Length up to the next line within `length` bytes that begins with `{` at the same or a lower indent.
    fn sibling(&self, length: usize) -> Option<usize> {
        sibling(&self.buf[self.at..self.at + length], self.column)
    }

    /// A line that begins with anything but `{` or `[`: a prefix before an object, or no row at all.
    fn line(&mut self) -> io::Result<()> {
        let mut length = 0;
        loop {
            let rest = &self.buf[self.at + length..];
            if let Some(end) = memchr::memchr(b'\n', rest) {
                length += end;
                break;
            }
            length += rest.len();
            if length > self.limit || !self.fill()? {
                break;
            }
        }
        let line = &self.buf[self.at..self.at + length];
        if let Some(prefix) = prefix_of(line) {
            self.by.structure += prefix as u64;
            self.at += prefix;
            self.seen.prefixed += 1;
            return Ok(());
        }
        let trimmed = line.trim_ascii_end();
        // Inside an array a scalar element ends at its comma; a banner ends with its line. At least one byte is taken, or
        // the line would be looked at for ever.
        let element = if self.in_array {
            trimmed.strip_suffix(b",").or(trimmed.strip_suffix(b"]")).unwrap_or(trimmed)
        } else {
            trimmed
        };
        let length = element.len().max(1);
        let (offset, bytes) = (self.base + self.at as u64, &self.buf[self.at..self.at + length]);
        if self.sink.text_line(offset, bytes) {
            self.seen.texts += 1;
            self.by.entries += length as u64;
        } else {
            self.seen.lines += 1;
            self.sink.malformed(offset, length as u64, "not a JSON object", &bytes[..bytes.len().min(256)]);
            self.by.malformed += length as u64;
        }
        self.at += length;
        self.line_start = false;
        Ok(())
    }
}

/// Offset of the next line that begins with at most `indent` blanks and `{`.
fn sibling(bytes: &[u8], indent: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|end| {
        let line = &bytes[end + 1..];
        let blanks = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        (blanks <= indent && line.get(blanks) == Some(&b'{')).then_some(end + 1 + blanks)
    })
}

/// Length of `name | ` before an object.
fn prefix_of(line: &[u8]) -> Option<usize> {
    let name =
        line.iter().take(PREFIX).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')).count();
    let bar = name + line[name..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    if name == 0 || bar == name || line.get(bar) != Some(&b'|') {
        return None;
    }
    let object = bar + 1 + line[bar + 1..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    (line.get(object) == Some(&b'{')).then_some(object)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::json::Tape;
    use super::*;

    #[derive(Default)]
    struct Log {
        rows: Vec<(u64, String)>,
        bad: Vec<(u64, String)>,
    }

    impl Sink for Log {
        fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let verdict = match Tape::default().parse(&text) {
                Ok(_) => Verdict::Read { entries: bytes.len() as u64, wrapper: false },
                Err(refused) => return Verdict::Refused(refused.reason.into()),
            };
            self.rows.push((offset, text));
            verdict
        }
        fn malformed(&mut self, offset: u64, length: u64, reason: &str, _: &[u8]) {
            assert!(length > 0);
            self.bad.push((offset, reason.to_owned()));
        }
    }

    fn run(text: &[u8]) -> (Log, Framed) {
        let mut log = Log::default();
        let framed = frame(text, 1 << 20, &mut log).expect("memory never fails");
        assert_eq!(framed.by.total(), text.len() as u64);
        assert_eq!(framed.decoded, text.len() as u64);
        (log, framed)
    }

    #[test]
    fn tells_framings_by_content() {
        for (text, rows, bad, framing) in [
            ("", 0, 0, "empty"),
            ("[]", 0, 0, "array"),
            ("[{\"a\":1},\n {\"a\":2}]\n", 2, 0, "array"),
            ("{\"a\":1}\n\n{\"a\":2}\r\n", 2, 0, "ndjson"),
            ("{\n \"a\":1\n}\n{\n \"a\":2\n}\n", 2, 0, "concatenated"),
            ("{\n \"a\":1\n}\n", 1, 0, "document"),
            ("web-1  | {\"a\":1}\nweb-1  | {\"a\":2}\n", 2, 0, "prefixed"),
            ("[2025-01-01] hello\nworld\n", 0, 2, "text"),
            ("\u{feff}{\"a\":1}\n", 1, 0, "ndjson"),
            ("{\"a\":1}\nWARNING: banner\n{\"a\":2}\n", 2, 1, "ndjson"),
        ] {
            let (log, framed) = run(text.as_bytes());
            assert_eq!((log.rows.len(), log.bad.len(), framed.framing), (rows, bad, framing), "{text:?}");
        }
    }

    #[test]
    fn a_torn_array_keeps_its_whole_elements() {
        let (log, _) = run(b"[\n  {\"a\": 1},\n  {\"a\": 2},\n  {\"a\": \"cut of");
        assert_eq!(log.rows.len(), 2);
        assert_eq!(log.bad, [(28, "unterminated object".to_owned())]);
    }

    #[test]
    fn a_broken_row_does_not_take_its_neighbours_along() {
        let (log, _) = run(b"{\"a\":1}\n{\"b\":\"open}\n{\"c\":3}\n{\"d\":4}\n");
        let rows: Vec<_> = log.rows.iter().map(|row| row.1.as_str()).collect();
        assert_eq!(rows, ["{\"a\":1}", "{\"c\":3}", "{\"d\":4}"]);
        assert_eq!(log.bad.len(), 1);
        assert_eq!(log.bad[0].0, 8);
    }

    #[test]
    fn a_row_over_the_limit_is_malformed_and_the_next_is_read() {
        let mut log = Log::default();
        let text = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(READ * 5));
        let framed = frame(text.as_bytes(), READ, &mut log).expect("reads");
        assert_eq!((log.rows.len(), log.bad.len()), (1, 1));
        assert_eq!(framed.by.total(), text.len() as u64);
    }

    proptest! {
        #[test]
        fn every_byte_is_accounted_for(pieces in proptest::collection::vec(
            prop_oneof![
                Just("{\"a\":1}".to_owned()), Just("[".to_owned()), Just("]".to_owned()), Just("\n".to_owned()), Just(",".to_owned()),
                Just("{\"b\":\"".to_owned()), Just("}".to_owned()), Just("  ".to_owned()), Just("x | ".to_owned()), "[ -~\\n]{0,12}",
            ], 0..30))
        {
            let text = pieces.concat();
            run(text.as_bytes());
        }

        #[test]
        fn rows_are_the_slices_at_their_offsets(n in 1_usize..40, pretty in any::<bool>()) {
            let rows: Vec<String> = (0..n).map(|i| if pretty { format!("{{\n  \"i\": {i}\n}}") } else { format!("{{\"i\":{i}}}") }).collect();
            let text = rows.join("\n");
            let (log, _) = run(text.as_bytes());
            prop_assert_eq!(log.rows.len(), n);
            for (offset, row) in log.rows {
                let at = usize::try_from(offset).expect("small");
                prop_assert_eq!(&text[at..at + row.len()], row.as_str());
            }
        }
    }
}
