//! Tables with dotted headers: what a log viewer downloads as CSV.
//!
//! Each record becomes the JSON object that its headers describe and then goes the way of any other row; its offset and
//! length stay those of the record in the file. Only a first line that names columns of logs makes a file a table, because
//! any prose may hold commas. Quoting is that of RFC 4180; a record with fewer cells than columns is read, one with more is
//! not, because nobody can say which cell is which. What spreadsheets, data frames and clients of databases add is passed
//! over: blank lines, `sep=,` or a few lines of words before the header, columns without a name, `(2 rows)` at the end.

use super::super::json::Tape;
use super::{Counts, LOOKED_AT, OVERSIZE, Sink, Verdict, Window};

/// Columns that logs have, in lower case; one of the first group alone makes a header.
const SURE: [&str; 18] = [
    "textpayload",
    "jsonpayload",
    "protopayload",
    "insertid",
    "logname",
    "receivetimestamp",
    "text_payload",
    "json_payload",
    "proto_payload",
    "insert_id",
    "log_name",
    "receive_timestamp",
    "@timestamp",
    "@message",
    "_time",
    "_raw",
    "timegenerated",
    "auditdata",
];
const LIKELY: [&str; 16] = [
    "timestamp",
    "severity",
    "message",
    "msg",
    "level",
    "time",
    "date",
    "ts",
    "service",
    "log",
    "trace",
    "labels",
    "resource",
    "httprequest",
    "host",
    "content",
];
/// Columns whose cells may hold a JSON object.
const OBJECTS: [&str; 12] = [
    "jsonPayload",
    "json_payload",
    "protoPayload",
    "proto_payload",
    "labels",
    "httpRequest",
    "http_request",
    "resource",
    "operation",
    "sourceLocation",
    "source_location",
    "resource.labels",
];
/// Lines of words before a header.
const BANNER: usize = 10;
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A table whose header was read.
#[derive(Debug)]
pub(super) struct Table {
    separator: u8,
    /// The last byte of a line's end.
    end: u8,
    columns: usize,
    /// The line that names them, which joined files have again.
    header: Vec<u8>,
    root: Vec<Field>,
    cells: Vec<Cell>,
    text: String,
}

/// A key of the object, filled from a column, from the columns below it, or from both.
#[derive(Debug)]
struct Field {
    key: String,
    column: Option<usize>,
    object: bool,
    inner: Vec<Field>,
}

/// Where a cell's text stands in its record.
#[derive(Debug, Clone, Copy)]
struct Cell {
    start: usize,
    end: usize,
    /// It holds doubled quotes.
    doubled: bool,
}

/// What stands at the front of the rest of a table.
enum Record {
    /// A record of so many bytes, without its line end; whether that end was seen.
    Whole(usize, bool),
    /// A quoted cell without an end.
    Open,
}

/// What may stand before a header.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lead {
    /// Its length.
    pub(super) length: usize,
    /// How much of it is no line end.
    pub(super) structure: usize,
    /// The separator that it names.
    separator: Option<u8>,
}

/// Bytes of line ends in front.
fn ends(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

impl Lead {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let length = ends(bytes);
        match bytes[length..] {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator, b'\r' | b'\n', ..] => {
                Self { length: length + 5 + ends(&bytes[length + 5..]), structure: 5, separator: Some(separator) }
            }
            _ => Self { length, ..Self::default() },
        }
    }
}

/// Whether words may stand before a header here: JSON has none.
pub(super) fn may_have_banner(bytes: &[u8], lead: Lead) -> bool {
    lead.separator.is_none() && bytes.get(lead.length).is_some_and(|byte| !matches!(byte, b'{' | b'[' | b'\0'))
}

/// The table whose header stands below a few lines of words; a record of as many cells must follow it.
pub(super) fn below_banner(bytes: &[u8], lead: Lead) -> Option<(Table, usize, Lead)> {
    let mut lead = Some(lead).filter(|lead| may_have_banner(bytes, *lead))?;
    for _ in 0..BANNER {
        let line = memchr::memchr2(b'\n', b'\r', &bytes[lead.length..])?;
        lead.structure += line;
        lead.length += line;
        lead.length += ends(&bytes[lead.length..]);
        if let Some((mut table, length)) = Table::open(bytes, lead)
            && table.columns > 2
        {
            let below = bytes[lead.length + length..].trim_ascii_start();
            let record = split(below, table.separator, table.end, &mut table.cells);
            let follows = matches!(record, Record::Whole(..)) && table.cells.len() == table.columns;
            return follows.then_some((table, length, lead));
        }
    }
    None
}

/// `(2 rows)`, which clients of databases write below a table.
fn is_row_count(record: &[u8]) -> bool {
    let inner = record.trim_ascii().strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")"));
    inner
        .and_then(|inner| inner.strip_suffix(b" rows").or_else(|| inner.strip_suffix(b" row")))
        .is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit))
}

impl Table {
    /// The table whose header stands behind `lead`, and the header's length.
    pub(super) fn open(bytes: &[u8], lead: Lead) -> Option<(Self, usize)> {
        let bytes = &bytes[lead.length..];
        let line = &bytes[..memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len())];
        let end = if bytes[line.len()..].starts_with(b"\r") && !bytes[line.len()..].starts_with(b"\r\n") {
            b'\r'
        } else {
            b'\n'
        };
        let first =
            |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'"' | b'@' | b'_') || SEPARATORS.contains(byte);
        if !line.first().is_some_and(first) {
            return None;
        }
        SEPARATORS.into_iter().filter(|separator| lead.separator.is_none_or(|named| named == *separator)).find_map(
            |separator| {
                let mut cells = Vec::new();
                let Record::Whole(length, _) = split(line, separator, end, &mut cells) else { return None };
                let names: Vec<String> = cells.iter().map(|cell| named(text_of(line, *cell).trim())).collect();
                is_header(&names).then(|| {
                    let mut root = Vec::new();
                    for (column, name) in names.iter().enumerate().filter(|(_, name)| !is_nameless(name)) {
                        place(&mut root, name, name, column);
                    }
                    let header = line[..length].to_vec();
                    (Self { separator, end, columns: names.len(), header, root, cells, text: String::new() }, length)
                })
            },
        )
    }

    /// Reads the next record; `None` when it needs a longer window.
    pub(super) fn step<S: Sink>(
        &mut self,
        window: Window<'_>,
        at: usize,
        limit: usize,
        counts: &mut Counts,
        sink: &mut S,
    ) -> Option<usize> {
        let rest = &window.bytes[at..];
        let offset = window.base + at as u64;
        let seen = &rest[..rest.len().min(limit)];
        let refused = |length: usize, reason: &str, counts: &mut Counts, sink: &mut S| {
            sink.malformed(offset, length as u64, reason, &rest[..length.min(LOOKED_AT)]);
            counts.by.malformed += length as u64;
            counts.lines += 1;
            Some(at + length)
        };
        let record = split(seen, self.separator, self.end, &mut self.cells);
        let length = match record {
            // A record that reaches the end of the window may go on behind it.
            Record::Whole(length, ended) if ended || window.last && seen.len() == rest.len() => length,
            _ if rest.len() > limit || window.last => {
                let line = memchr::memchr(self.end, seen).unwrap_or(seen.len());
                let reason = if rest.len() > limit { OVERSIZE } else { "a quoted cell without an end" };
                return refused(line.max(1), reason, counts, sink);
            }
            _ => return None,
        };
        let record = &rest[..length];
        if *record == *self.header || self.columns > 1 && self.cells.len() == 1 && is_row_count(record) {
            counts.by.structure += length as u64;
            return Some(at + length);
        }
        if self.cells[self.columns.min(self.cells.len())..].iter().any(|cell| cell.end > cell.start) {
            return refused(length, "more cells than the header has columns", counts, sink);
        }
        self.text.clear();
        self.text.push('{');
        write_fields(&self.root, record, &self.cells, &mut self.text);
        self.text.push('}');
        match sink.converted(offset, length as u64, &self.text) {
            Verdict::Read { .. } => {
                counts.rows += 1;
                counts.by.entries += length as u64;
                Some(at + length)
            }
            Verdict::Refused(reason) => refused(length, reason, counts, sink),
        }
    }
}

/// Whether a column has no name, or the one that a data frame gave it for want of one: an index, or nothing.
fn is_nameless(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: ")
}

/// The key of a column: without the zone that Azure's portal writes behind it, and in lower case where it is a word of logs
/// with a capital, as in `Date,Host,Service,Content`.
fn named(column: &str) -> String {
    let name = column.strip_suffix(" [UTC]").unwrap_or(column);
    let lower = name.to_ascii_lowercase();
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase()) && name[1..] == lower[1..];
    if capital && (LIKELY.contains(&lower.as_str()) || lower == "status") { lower } else { name.to_owned() }
}

fn is_header(names: &[String]) -> bool {
    let plain = |name: &String| {
        is_nameless(name)
            || name.len() <= 200
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._-/ []\"'".contains(&byte))
    };
    let root = |name: &String| name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let count = |words: &[&str]| names.iter().filter(|name| words.contains(&root(name).as_str())).count();
    let (sure, likely) = (count(&SURE), count(&LIKELY));
    names.len() > 1 && names.iter().all(plain) && (sure > 0 || likely > 1)
}

/// Puts a column at its place; below `labels`, dots belong to the key.
fn place(fields: &mut Vec<Field>, name: &str, path: &str, column: usize) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    let at = fields.iter().position(|field| field.key == key).unwrap_or_else(|| {
        fields.push(Field { key: key.to_owned(), column: None, object: false, inner: Vec::new() });
        fields.len() - 1
    });
    let field = &mut fields[at];
    match rest {
        None => {
            field.column.get_or_insert(column);
            field.object = OBJECTS.contains(&name);
        }
        Some(rest) if key == "labels" => {
            let known = field.inner.iter().any(|inner| inner.key == rest);
            if !known {
                let inner = Field { key: rest.to_owned(), column: Some(column), object: false, inner: Vec::new() };
                field.inner.push(inner);
            }
        }
        Some(rest) => place(&mut field.inner, name, rest, column),
    }
}

/// Finds the cells of the record that `bytes` begins with.
fn split(bytes: &[u8], separator: u8, line_end: u8, cells: &mut Vec<Cell>) -> Record {
    cells.clear();
    let mut at = 0;
    loop {
        let (cell, end) = if bytes.get(at) == Some(&b'"') {
            let Some((close, doubled)) = closing(bytes, at + 1) else { return Record::Open };
            // What stands between the quote and the separator belongs to no cell.
            let next = memchr::memchr2(separator, line_end, &bytes[close + 1..]).map(|next| close + 1 + next);
            (Cell { start: at + 1, end: close, doubled }, next.unwrap_or(bytes.len()))
        } else {
            let end = memchr::memchr2(separator, line_end, &bytes[at..]).map_or(bytes.len(), |next| at + next);
            let last = bytes.get(end) != Some(&separator);
            let text = if last { bytes[at..end].strip_suffix(b"\r").map_or(end, |text| at + text.len()) } else { end };
            (Cell { start: at, end: text, doubled: false }, end)
        };
        cells.push(cell);
        if bytes.get(end) == Some(&separator) {
            at = end + 1;
            continue;
        }
        let length = if end > 0 && bytes[end - 1] == b'\r' { end - 1 } else { end };
        return Record::Whole(length, end < bytes.len());
    }
}

/// Position of the quote that closes a cell, and whether the cell holds doubled ones.
fn closing(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut doubled = false;
    loop {
        at += memchr::memchr(b'"', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some((at, doubled));
        }
        doubled = true;
        at += 2;
    }
}

fn text_of(record: &[u8], cell: Cell) -> String {
    let text = String::from_utf8_lossy(&record[cell.start..cell.end]);
    if cell.doubled { text.replace("\"\"", "\"") } else { text.into_owned() }
}

/// Writes the members of an object; absent cells are absent keys.
fn write_fields(fields: &[Field], record: &[u8], cells: &[Cell], out: &mut String) {
    let begin = out.len();
    for field in fields {
        let before = out.len();
        if before > begin {
            out.push(',');
        }
        write_string(&field.key, out);
        out.push(':');
        let own = field.column.and_then(|column| cells.get(column)).filter(|cell| cell.end > cell.start);
        if let Some(cell) = own {
            let text = text_of(record, *cell);
            let object = field.object && text.starts_with('{') && Tape::default().parse(&text).is_ok();
            if object {
                out.push_str(&text);
            } else {
                write_string(&text, out);
            }
            continue;
        }
        let inner = out.len();
        out.push('{');
        write_fields(&field.inner, record, cells, out);
        if out.len() == inner + 1 {
            out.truncate(before);
        } else {
            out.push('}');
        }
    }
}

pub(super) fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log {
        rows: Vec<(u64, u64, String)>,
        bad: Vec<(u64, String)>,
    }

    impl Sink for Log {
        fn pieces(&mut self, _: u64, _: &[u8], _: super::super::End) -> Option<super::super::Taken> {
            unreachable!("tables have no pieces")
        }
        fn row(&mut self, _: u64, _: &[u8]) -> Verdict {
            Verdict::Refused("no row of a table")
        }
        fn converted(&mut self, offset: u64, length: u64, text: &str) -> Verdict {
            self.rows.push((offset, length, text.to_owned()));
            Verdict::Read { entries: length, wrapper: false }
        }
        fn malformed(&mut self, offset: u64, _: u64, reason: &str, _: &[u8]) {
            self.bad.push((offset, reason.to_owned()));
        }
    }

    fn run(text: &str) -> (Log, Counts) {
        let mut log = Log::default();
        let mut framer = super::super::Framer::new(super::super::State::START, 1 << 20);
        let window = Window { bytes: text.as_bytes(), base: 0, last: true };
        assert_eq!(framer.run(window, 0, text.len(), &mut log), text.len());
        assert_eq!(framer.counts.by.total(), text.len() as u64);
        (log, framer.counts)
    }

    #[test]
    fn dotted_headers_make_nested_objects() {
        let (log, counts) = run(
            "timestamp,resource.labels.service_name,jsonPayload.message,labels.a.b/c\r\n2025-01-01T00:00:00Z,shop,\"said \"\"no\"\",\nthen left\",x\r\n\r\n2025-01-01T00:00:01Z,,later\r\n",
        );
        assert_eq!(
            log.rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(),
            [
                r#"{"timestamp":"2025-01-01T00:00:00Z","resource":{"labels":{"service_name":"shop"}},"jsonPayload":{"message":"said \"no\",\nthen left"},"labels":{"a.b/c":"x"}}"#,
                r#"{"timestamp":"2025-01-01T00:00:01Z","jsonPayload":{"message":"later"}}"#,
            ]
        );
        assert_eq!((log.rows[0].0, log.rows[0].1, log.rows[1].0), (73, 52, 129));
        assert_eq!((counts.framing(), log.bad.len()), ("csv", 0));
    }

    #[test]
    fn cells_that_hold_json_are_embedded_where_an_object_belongs() {
        let (log, _) = run("insertId,jsonPayload,textPayload\na,\"{\"\"m\"\":1}\",\"{\"\"m\"\":1}\"\nb,no json,\n");
        assert_eq!(log.rows[0].2, r#"{"insertId":"a","jsonPayload":{"m":1},"textPayload":"{\"m\":1}"}"#);
        assert_eq!(log.rows[1].2, r#"{"insertId":"b","jsonPayload":"no json"}"#);
    }

    #[test]
    fn ragged_and_open_records_are_told() {
        let (log, _) = run("timestamp,severity,textPayload\n1,2,3,4\n1,INFO\n1,INFO,\"open\n2,INFO,x\n");
        assert_eq!(log.bad[0], (31, "more cells than the header has columns".into()));
        assert_eq!(log.bad[1].1, "a quoted cell without an end");
        assert_eq!(log.rows.len(), 2);
    }

    #[test]
    fn a_header_that_comes_again_is_no_row() {
        let head = "timestamp,severity,textPayload";
        for end in ["\n", "\r\n"] {
            let (log, _) = run(&format!("{head}{end}1,INFO,a{end}{head}{end}2,INFO,b{end}{head}"));
            assert_eq!((log.rows.len(), log.bad.len()), (2, 0));
        }
    }

    /// Asserts that each of these is a table of one and the same row.
    fn hold_one_row(texts: &[&str]) {
        for text in texts {
            let (log, counts) = run(text);
            assert_eq!((log.rows.len(), log.bad.len(), counts.framing()), (1, 0, "csv"), "{text:?}");
            assert_eq!(log.rows[0].2, r#"{"timestamp":"1","severity":"ERROR","textPayload":"a"}"#, "{text:?}");
        }
    }

    #[test]
    fn what_spreadsheets_and_data_frames_add_is_passed_over() {
        hold_one_row(&[
            ",timestamp,severity,textPayload\n0,1,ERROR,a\n",
            "Unnamed: 0,timestamp,severity,textPayload\n0,1,ERROR,a\n",
            "timestamp,severity,textPayload,\n1,ERROR,a,\n",
            "\r\n\ntimestamp,severity,textPayload\r\n1,ERROR,a\r\n",
            "sep=;\r\ntimestamp;severity;textPayload\r\n1;ERROR;a\r\n",
            "timestamp,severity,textPayload\r1,ERROR,a\r",
            "\u{feff}sep=,\rtimestamp,severity,textPayload\r1,ERROR,a",
        ]);
        let (log, _) = run("insert_id,json_payload\na,\"{\"\"m\"\":1}\"\n");
        assert_eq!(log.rows[0].2, r#"{"insert_id":"a","json_payload":{"m":1}}"#);
        assert!(Table::open(b"sep=;\ntimestamp,severity\n", Lead::of(b"sep=;\ntimestamp,severity\n")).is_none());
    }

    #[test]
    fn words_above_a_header_and_the_count_below_are_no_rows() {
        hold_one_row(&[
            "Search: errors, last hour\ntimestamp,severity,textPayload\n1,ERROR,a\n",
            "Report\r\nmade by x\r\n\r\ntimestamp,severity,textPayload\r\n1,ERROR,a\r\n(1 row)\r\n",
            "\u{feff}# errors\ntimestamp;severity;textPayload\n1;ERROR;a\n(1 rows)",
        ]);
        let (log, _) = run("timestamp,severity,textPayload\n1,ERROR,(2 rows)\n(2 rows) were lost\n");
        assert_eq!(log.rows.len(), 2, "words of a log stay");
        for text in [
            "we log timestamp, severity, message\nand so on\n",
            "a\ntimestamp,severity\n1,2\n",
            "a\ntimestamp,severity,message\nno record\n",
            "{\"a\":1}\ntimestamp,severity,message\n1,2,3\n",
        ] {
            assert!(below_banner(text.as_bytes(), Lead::default()).is_none(), "{text}");
        }
    }

    #[test]
    fn prose_with_commas_is_no_table() {
        for text in [
            "Hello, world\n",
            "a,b\n1,2\n",
            ",\n",
            ", severity\n",
            "{\"timestamp\":1,\"severity\":2}\n",
            "message\nx\n",
        ] {
            assert!(Table::open(text.as_bytes(), Lead::default()).is_none(), "{text}");
        }
        assert!(Table::open(b"@timestamp,@message\n", Lead::default()).is_some());
        assert!(Table::open(b"\"timestamp\";\"severity\";\"message\"\n", Lead::default()).is_some());
    }
}
