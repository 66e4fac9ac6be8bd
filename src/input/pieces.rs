//! Pieces of long lines: rows that a container runtime cut at 16 KiB, and that are one entry again.
//!
//! CRI marks a piece with `P`, in its own text lines and in the rows that shippers make of them; in journald, Docker says which
//! rows are pieces of one message. Its json-file has no mark
//! but the line end that is missing behind a full buffer: shorter rows without one are whole, the last words of a container.
//! Rows of other streams may stand between pieces. A run of pieces is one token of the framer, from the first of
//! them to the last of every stream that is open, so that where a file's blocks are cut changes nothing.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3Default;

use super::framing::End;
use super::json::{NodeKind, Tape, Value};
use crate::time;

/// Docker's buffer: a piece that fills it goes on.
const FULL: usize = 16 << 10;
/// Bytes checked for UTF-8 at once.
const CHUNK: usize = 64 << 10;

/// A line as CRI runtimes write it: `2024-01-02T03:04:05.678901234Z stdout P text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cri<'a> {
    pub(super) time: &'a str,
    pub(super) stream: &'a str,
    /// The line goes on in the next one of its stream.
    pub(super) partial: bool,
    pub(super) text: &'a str,
}

/// Reads the front of a line; `None` when it is none of CRI's.
pub(super) fn cri(line: &str) -> Option<Cri<'_>> {
    if !line.as_bytes().first()?.is_ascii_digit() || line.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (time, rest) = line.split_once(' ').filter(|(time, _)| time.len() <= 36)?;
    let (stream, rest) = rest.split_once(' ').filter(|(stream, _)| matches!(*stream, "stdout" | "stderr"))?;
    let (tags, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let partial = match tags.split(':').next() {
        Some("P") => true,
        Some("F") => false,
        _ => return None,
    };
    time::parse(time).filter(|parsed| !parsed.naive)?;
    Some(Cri { time, stream, partial, text })
}

/// What a row says of being a piece.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Which stream it belongs to.
    stream: u64,
    /// It goes on in another row.
    pub(super) open: bool,
    /// Where the text of the piece stands in the row.
    text: Range<usize>,
}

impl Part {
    /// Looks at a row; `None` when it can be no piece.
    pub(super) fn of(row: Value<'_>) -> Option<Self> {
        let string = |value: &Value<'_>| matches!(value.kind(), NodeKind::Plain | NodeKind::Escaped);
        let is_true = |key: &str| row.some(key).is_some_and(|value| value.raw() == "true");
        if is_true("CONTAINER_PARTIAL_MESSAGE") {
            let message = row.some("MESSAGE").filter(string)?;
            let id = row.some("CONTAINER_PARTIAL_ID").or_else(|| row.some("CONTAINER_ID_FULL")).map_or("", Value::raw);
            return Some(Self {
                stream: xxhash_rust::xxh3::xxh3_64(id.as_bytes()),
                open: !is_true("CONTAINER_PARTIAL_LAST"),
                text: message.start()..message.start() + message.raw().len(),
            });
        }
        let tag = row.some("logtag").or_else(|| row.some("_p")).and_then(Value::as_str);
        let log = row.some("log").or_else(|| tag.as_ref().and_then(|_| row.some("message"))).filter(string)?;
        let raw = log.raw();
        let line = cri(raw);
        let open = if let Some(tag) = &tag {
            tag.starts_with('P')
        } else if let Some(line) = line {
            line.partial
        } else if is_docker(row) {
            // What is escaped is longer than what was written.
            raw.len() >= FULL && !ends_line(raw) && log.as_str().is_some_and(|text| text.len() >= FULL)
        } else {
            return None;
        };
        let mut stream = Xxh3Default::new();
        stream.update(line.map_or("", |line| line.stream).as_bytes());
        for (key, value) in row.fields() {
            let own = b"log message time timestamp @timestamp date ts logtag _p";
            // All that is neither the text nor its time tells one stream from another.
            if !own.split(|byte| *byte == b' ').any(|name| name == key) {
                stream.update(key);
                stream.update(&[0]);
                stream.update(value.raw().as_bytes());
            }
        }
        let start = log.start() + line.map_or(0, |line| raw.len() - line.text.len());
        Some(Self { stream: stream.digest(), open, text: start..log.start() + raw.len() })
    }
}

/// Whether a row has the keys of Docker's json-file and no others.
fn is_docker(row: Value<'_>) -> bool {
    row.some("stream").is_some()
        && row.some("time").is_some()
        && row.fields().all(|(key, _)| matches!(key, b"log" | b"stream" | b"time" | b"attrs"))
}

/// Whether a string, as it is written in JSON, ends with a line end.
fn ends_line(raw: &str) -> bool {
    let slashes = |text: &str| text.bytes().rev().take_while(|byte| *byte == b'\\').count();
    raw.strip_suffix('n').is_some_and(|front| slashes(front) % 2 == 1)
}

/// An entry of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// From its first byte to its last, rows of other streams between them included.
    pub(super) range: Range<usize>,
    /// Bytes of its own.
    pub(super) bytes: usize,
    /// The row: one as it stands, or one made of all pieces.
    pub(super) text: String,
}

/// A run of pieces.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// In the order of their first bytes.
    pub(super) entries: Vec<Entry>,
    /// Rows or lines.
    pub(super) rows: u64,
    /// Rows that hold line ends.
    pub(super) multi_line: u64,
    pub(super) commas: u64,
    /// Where the last one begins.
    pub(super) last: usize,
    pub(super) length: usize,
}

struct Piece {
    range: Range<usize>,
    part: Option<Part>,
    /// A made row; one of JSON stands as it is.
    line: Option<Line>,
}

struct Line {
    time: Range<usize>,
    stream: Range<usize>,
}

/// Pieces of one stream, by their places in the list.
struct Stream {
    id: u64,
    members: Vec<usize>,
    open: bool,
}

/// Whether a line is one of CRI's.
pub(super) fn is_line(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_digit) && cri(super::framing::utf8(line.trim_ascii_end())).is_some()
}

/// Follows the run that begins with the row or CRI line at the front of `bytes`; `None` when it goes on beyond them.
pub(super) fn follow(bytes: &[u8], end: End) -> Option<Run> {
    let mut tape = Tape::default();
    let (mut run, mut pieces, mut streams) = (Run::default(), Vec::<Piece>::new(), Vec::<Stream>::new());
    let lines = bytes.first() != Some(&b'{');
    let mut at = 0;
    loop {
        let found = if lines { next_line(bytes, at, end) } else { next_row(bytes, at, end, &mut tape) };
        let (piece, multi_line) = match found {
            Found::Piece(piece, multi_line) => (piece, multi_line),
            Found::More if end == End::Window => return None,
            Found::More | Found::None => break,
        };
        run.commas += u64::from(bytes[at..piece.range.start].contains(&b','));
        at = piece.range.end;
        run.last = piece.range.start;
        run.rows += 1;
        run.multi_line += u64::from(multi_line);
        if let Some(part) = &piece.part {
            let place = pieces.len();
            match streams.iter_mut().find(|stream| stream.open && stream.id == part.stream) {
                Some(stream) => {
                    stream.members.push(place);
                    stream.open = part.open;
                }
                None if part.open => {
                    streams.push(Stream { id: part.stream, members: vec![place], open: true });
                }
                None => {}
            }
        }
        pieces.push(piece);
        if !streams.iter().any(|stream| stream.open) {
            break;
        }
    }
    run.length = at;
    let mut taken = vec![false; pieces.len()];
    for (place, piece) in pieces.iter().enumerate() {
        if taken[place] {
            continue;
        }
        let members = match streams.iter().find(|stream| stream.members[0] == place) {
            Some(stream) => stream.members.as_slice(),
            None => &[place],
        };
        for member in members {
            taken[*member] = true;
        }
        let parts: Vec<&Piece> = members.iter().map(|member| &pieces[*member]).collect();
        run.entries.push(Entry {
            range: piece.range.start..parts.last().map_or(piece.range.end, |last| last.range.end),
            bytes: parts.iter().map(|part| part.range.len()).sum(),
            text: joined(bytes, &parts),
        });
    }
    Some(run)
}

/// The row that pieces make together: the first, with the texts of all.
fn joined(bytes: &[u8], pieces: &[&Piece]) -> String {
    let text = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]);
    let first = pieces[0];
    let parts = || pieces.iter().filter_map(|piece| Some((piece, piece.part.as_ref()?)));
    if let Some(line) = &first.line {
        let whole: String = parts().map(|(_, part)| text(part.text.clone())).collect();
        let object = serde_json::json!({
            "log": whole, "stream": text(line.stream.clone()), "time": text(line.time.clone()),
        });
        return object.to_string();
    }
    let Some(part) = &first.part else { return text(first.range.clone()).into_owned() };
    let place = |piece: &Piece, range: &Range<usize>| piece.range.start + range.start..piece.range.start + range.end;
    let own = place(first, &part.text);
    let mut row = text(first.range.start..own.end).into_owned();
    for (piece, part) in parts().skip(1) {
        row.push_str(&text(place(piece, &part.text)));
    }
    row.push_str(&text(own.end..first.range.end));
    row
}

enum Found {
    Piece(Piece, bool),
    /// The bytes do not say.
    More,
    None,
}

/// What stands between two rows: blanks, at most one line end and one comma; where the next one may begin.
fn gap(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (mut ends, mut commas) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' => ends += 1,
            b',' => commas += 1,
            b' ' | b'\t' | b'\r' | 0x0b | 0x0c | 0 => {}
            _ => return Some(at),
        }
        if ends > 1 || commas > 1 {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn next_row(bytes: &[u8], at: usize, end: End, tape: &mut Tape) -> Found {
    let Some(at) = gap(bytes, at) else { return Found::None };
    match bytes.get(at) {
        None => return Found::More,
        Some(b'{') => {}
        Some(_) => return Found::None,
    }
    let rest = &bytes[at..];
    let mut asked = CHUNK;
    loop {
        let chunk = &rest[..rest.len().min(asked)];
        let text = super::framing::utf8(chunk);
        match tape.parse_front(text) {
            Ok((row, length)) => {
                let part = Part::of(row);
                let piece = Piece { range: at..at + length, part, line: None };
                return Found::Piece(piece, tape.multi_line);
            }
            Err(refused) if !refused.may_be_cut(text) || text.len() + 4 <= chunk.len() => return Found::None,
            Err(_) if chunk.len() < rest.len() => asked *= 4,
            Err(_) if end != End::Window => return Found::None,
            Err(_) => return Found::More,
        }
    }
}

fn next_line(bytes: &[u8], at: usize, end: End) -> Found {
    let Some(at) = gap(bytes, at) else { return Found::None };
    let rest = &bytes[at..];
    let line = match memchr::memchr(b'\n', rest) {
        Some(end) => &rest[..end],
        None if end == End::File && !rest.is_empty() => rest,
        None => return Found::More,
    };
    // Only the front must be text: what is no UTF-8 behind it is replaced.
    let Some(found) = cri(super::framing::utf8(line.trim_ascii_end())) else { return Found::None };
    // The blank at which a line was cut is one of its own.
    let line = if found.partial { line.strip_suffix(b"\r").unwrap_or(line) } else { line.trim_ascii_end() };
    let start = line.len().min(found.time.len() + 1 + found.stream.len() + 1);
    let tags = line[start..].iter().position(|byte| *byte == b' ').map_or(line.len(), |space| start + space + 1);
    let stream = at + found.time.len() + 1;
    let (time, stream) = (at..at + found.time.len(), stream..stream + found.stream.len());
    let id = xxhash_rust::xxh3::xxh3_64(found.stream.as_bytes());
    let part = Part { stream: id, open: found.partial, text: at + tags..at + line.len() };
    Found::Piece(Piece { range: at..at + line.len(), part: Some(part), line: Some(Line { time, stream }) }, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let run = follow(text.as_bytes(), End::File).expect("a run");
        run.entries.into_iter().map(|entry| entry.text).collect()
    }

    fn docker(stream: &str, log: &str) -> String {
        format!(r#"{{"log":"{log}","stream":"{stream}","time":"2024-01-02T03:04:05.6Z"}}"#)
    }

    #[test]
    fn pieces_of_two_streams_are_told_apart() {
        let (a, x) = ("a".repeat(FULL), "x".repeat(FULL));
        let rows = [docker("stdout", &a), docker("stderr", &x), docker("stdout", "b\\n"), docker("stderr", "y\\n")];
        let text = rows.join("\n") + "\n" + &docker("stdout", "next\\n");
        let run = follow(text.as_bytes(), End::File).expect("a run");
        assert_eq!(run.entries[0].text, docker("stdout", &format!("{a}b\\n")));
        assert_eq!(run.entries[1].text, docker("stderr", &format!("{x}y\\n")));
        assert_eq!((run.entries.len(), run.rows, run.length), (2, 4, rows.join("\n").len()));
        assert_eq!(run.entries[0].range, 0..rows[..3].join("\n").len());
    }

    #[test]
    fn short_rows_without_a_line_end_stay_rows_and_full_pieces_do_not() {
        for last in ["one\\n", "one"] {
            let rows = [docker("stdout", "Segmentation fault"), docker("stdout", last)];
            assert_eq!(texts(&rows.join("\n")), rows[..1]);
        }
        let escaped = docker("stdout", &"\\\"".repeat(FULL * 2 / 3));
        let found = texts(&[escaped.as_str(), &escaped].join("\n"));
        assert_eq!(found, std::slice::from_ref(&escaped), "written, it is shorter");
        let long = docker("stdout", &"z".repeat(FULL));
        assert_eq!(texts(&[long.as_str(), &long].join("\n"))[0].len(), long.len() + FULL);
        assert_eq!(
            texts(&docker("stdout", "the\\\\n")),
            [docker("stdout", "the\\\\n")],
            "an escaped slash is no line end"
        );
    }

    #[test]
    fn lines_of_cri_are_joined_by_their_mark() {
        let at = "2024-01-02T03:04:05.678901234Z";
        let text = format!("{at} stdout P {{\"a\"\n{at} stderr F no\r\n{at} stdout F : 1}}\n{at} stdout F next\n");
        let rows = texts(&text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], format!(r#"{{"log":"{{\"a\": 1}}","stream":"stdout","time":"{at}"}}"#));
        assert_eq!(cri(&format!("{at} stdout F")).map(|line| line.text), Some(""));
        for end in ["\n", "\r\n"] {
            let text = format!("{at} stdout P one {end}{at} stdout P {end}{at} stdout F two{end}");
            assert_eq!(texts(&text), [format!(r#"{{"log":"one two","stream":"stdout","time":"{at}"}}"#)]);
        }
        for other in ["2024-01-02T03:04:05Z stdout X a", "2024-01-02 03:04:05 stdout F a", "12 stdout F a"] {
            assert_eq!(cri(other), None, "{other}");
        }
    }

    #[test]
    fn marks_of_shippers_join_rows_of_one_pod() {
        let row = |pod: &str, tag: &str, text: &str| {
            format!(
                r#"{{"date":1.5,"log":"2024-01-02T03:04:05Z stdout {tag} {text}","kubernetes":{{"pod_name":"{pod}"}}}}"#
            )
        };
        let rows = [row("a", "P", "one "), row("b", "F", "other"), row("a", "F", "two")];
        assert_eq!(texts(&rows.join("\n")), [row("a", "P", "one two"), row("b", "F", "other")]);
        let row = |tag: &str, text: &str| format!(r#"{{"time":"t","logtag":"{tag}","message":"{text}"}}"#);
        assert_eq!(texts(&[row("P", "one "), row("F", "two")].join(",\n")), [row("P", "one two")]);
    }

    #[test]
    fn pieces_of_a_message_of_the_journal_are_one() {
        let row = |id: &str, at: u8, last: bool, text: &str| {
            format!(
                r#"{{"__CURSOR":"{at}","MESSAGE":"{text}","CONTAINER_PARTIAL_MESSAGE":"true","CONTAINER_PARTIAL_ID":"{id}","CONTAINER_PARTIAL_LAST":"{last}"}}"#
            )
        };
        let rows =
            [row("a", 1, false, "one "), row("b", 2, false, "x"), row("a", 3, true, "two"), row("b", 4, true, "y")];
        assert_eq!(texts(&rows.join("\n")), [row("a", 1, false, "one two"), row("b", 2, false, "xy")]);
        let whole = r#"{"__CURSOR":"5","MESSAGE":"m","CONTAINER_NAME":"till"}"#;
        let mut tape = Tape::default();
        assert!(Part::of(tape.parse(whole).expect("valid")).is_none());
    }

    #[test]
    fn a_run_that_goes_on_asks_for_more() {
        let text = docker("stdout", &"a".repeat(FULL)) + "\n";
        assert_eq!(follow(text.as_bytes(), End::Window), None);
        assert_eq!(follow((text + &docker("stdout", "b\\n")[..20]).as_bytes(), End::Window), None);
    }
}
