//! Documents of YAML between lines of `---`: what `gcloud logging read` prints unless it is told otherwise.
//!
//! Each becomes the JSON object that it stands for, or a wrapper around the entries that it lists, and goes the way of any
//! other row; its offset and length stay those of the document in the file. A plain word is a number, `true`, `false` or
//! `null` where JSON has it so, and a text otherwise. Aliases are not followed: a short document could stand for a huge one.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::super::json::{MAX_DEPTH, Tape, Value};
use super::csv::write_string;
use super::scan;

/// What separates documents.
const MARK: &[u8] = b"---";

/// A document that a marker stands before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// The marker takes so many bytes, the document so many behind it; as an object.
    Read(usize, usize, String),
    /// More bytes are needed.
    Open,
    /// None that can be read.
    None,
}

/// Keys that only entries of a log have.
const OF_ENTRIES: [&str; 5] = ["insertId", "logName", "textPayload", "jsonPayload", "protoPayload"];

/// Whether a file says that it is YAML: its first line is a marker.
pub(super) fn is_marked(front: &[u8]) -> bool {
    front[..memchr::memchr(b'\n', front).unwrap_or(front.len())].trim_ascii_end() == MARK
}

/// Whether the object of a document is an entry of Cloud Logging, an event of Kubernetes, or a list of them. Manifests,
/// playbooks and the front of a page stand between markers, too, and are no rows of a log.
pub(super) fn is_of_log(object: &str) -> bool {
    let mut tape = Tape::default();
    let Ok(object) = tape.parse(object) else { return false };
    let is_entry = |row: Value<'_>| {
        let is_event = || {
            row.some("kind").and_then(Value::as_str).is_some_and(|kind| kind == "Event")
                && row.get("apiVersion").is_some()
        };
        OF_ENTRIES.iter().any(|key| row.get(key).is_some()) || is_event()
    };
    let mut lists = ["entries", "items"].iter().filter_map(|key| object.some(key)).filter(|list| list.is_array());
    is_entry(object) || lists.any(|list| list.items().next().is_some() && list.items().all(is_entry))
}

/// Whether a marker and below it a key stand at the front, behind comments and blank lines. `None`: only more bytes say it.
fn may_open(front: &[u8], whole: bool) -> Option<bool> {
    if !is_mark(front) {
        return Some(false);
    }
    let Some(end) = memchr::memchr(b'\n', front) else { return whole.then_some(false) };
    let mut below = &front[end + 1..];
    let line = loop {
        let line = match memchr::memchr(b'\n', below) {
            Some(end) => &below[..end],
            None if whole => below,
            None => return None,
        };
        let is_told = !line.trim_ascii().is_empty() && !line.trim_ascii_start().starts_with(b"#");
        if is_told || line.len() == below.len() {
            break line;
        }
        below = &below[line.len() + 1..];
    };
    let line = line.strip_prefix(b"- ").unwrap_or(line).trim_ascii_end();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.@/'\"".contains(b);
    let key = line.iter().take_while(|b| plain(b)).count();
    Some(key > 0 && line.get(key) == Some(&b':') && line.get(key + 1).is_none_or(|b| *b == b' '))
}

/// Whether a line is a marker.
fn is_mark(line: &[u8]) -> bool {
    line.strip_prefix(MARK).is_some_and(|rest| matches!(rest.first(), None | Some(b'\n' | b'\r' | b' ')))
}

/// Reads the document whose marker `bytes` begin with; `last`: the file ends with them.
pub(super) fn document(bytes: &[u8], last: bool) -> Document {
    match may_open(bytes, last) {
        Some(true) => {}
        Some(false) => return Document::None,
        None => return Document::Open,
    }
    let Some(start) = memchr::memchr(b'\n', bytes).map(|end| end + 1) else {
        return if last { Document::None } else { Document::Open };
    };
    // The line end of the marker may be that before the next one.
    let ends = memchr::memmem::find_iter(&bytes[start - 1..], b"\n---").map(|at| start - 1 + at);
    let mut next = ends.filter(|at| is_mark(&bytes[at + 1..]));
    let end = match next.next() {
        Some(end) if end + 1 + MARK.len() < bytes.len() || last => end.max(start),
        None if last => bytes.len(),
        _ => return Document::Open,
    };
    let text = bytes[start..end].trim_ascii_end();
    let Ok(text) = std::str::from_utf8(text) else { return Document::None };
    object(text).map_or(Document::None, |object| Document::Read(start, text.len(), object))
}

/// The object that a document is, or that wraps its list.
fn object(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut open: Vec<Open> = Vec::new();
    let mut is_list = None;
    for event in Parser::new_from_str(text) {
        let depth = open.len();
        match event.ok()?.0 {
            Event::MappingStart(..) => {
                is_list.get_or_insert(false);
                value(&mut open, &mut out)?;
                out.push('{');
                open.push(Open::Map { key: true, first: true });
            }
            Event::SequenceStart(..) => {
                is_list.get_or_insert(true);
                value(&mut open, &mut out)?;
                out.push('[');
                open.push(Open::List { first: true });
            }
            Event::MappingEnd => {
                open.pop();
                out.push('}');
            }
            Event::SequenceEnd => {
                open.pop();
                out.push(']');
            }
            Event::Scalar(text, style, ..) => {
                if let Open::Map { key: key @ true, first } = open.last_mut()? {
                    if !std::mem::replace(first, false) {
                        out.push(',');
                    }
                    // `resource.labels.zone: x`: gcloud flattened it.
                    if depth == 1 && text.contains('.') {
                        return None;
                    }
                    *key = false;
                    write_string(&text, &mut out);
                    out.push(':');
                } else {
                    value(&mut open, &mut out)?;
                    scalar(&text, style, &mut out);
                }
            }
            Event::Alias(_) => return None,
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return None;
        }
    }
    match is_list {
        Some(true) => Some(format!("{{\"entries\":{out}}}")),
        Some(false) => Some(out),
        None => None,
    }
}

/// An object or a list that is being written.
enum Open {
    Map { key: bool, first: bool },
    List { first: bool },
}

/// Makes place for a value; `None` where a key has to stand that is a word.
fn value(open: &mut [Open], out: &mut String) -> Option<()> {
    match open.last_mut() {
        None => {}
        Some(Open::Map { key: true, .. }) => return None,
        Some(Open::Map { key, .. }) => *key = true,
        Some(Open::List { first }) if *first => *first = false,
        Some(Open::List { .. }) => out.push(','),
    }
    Some(())
}

fn scalar(text: &str, style: ScalarStyle, out: &mut String) {
    let is_number = || {
        text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && text.len() < 64 && scan::is_json(text.as_bytes())
    };
    match text {
        _ if style != ScalarStyle::Plain => write_string(text, out),
        "" | "~" | "null" | "Null" | "NULL" => out.push_str("null"),
        "true" | "True" | "TRUE" => out.push_str("true"),
        "false" | "False" | "FALSE" => out.push_str("false"),
        _ if is_number() => out.push_str(text),
        _ => write_string(text, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        document(text.as_bytes(), true)
    }

    #[test]
    fn a_document_is_the_object_that_it_stands_for() {
        for (text, json) in [
            (
                "severity: ERROR\nn: 12\nf: -1.5\nt: 'true'\nb: true\nz: null\nq:",
                r#"{"severity":"ERROR","n":12,"f":-1.5,"t":"true","b":true,"z":null,"q":null}"#,
            ),
            ("a:\n  b:\n  - 1\n  - c: d\n  e: {}\n  f: []", r#"{"a":{"b":[1,{"c":"d"}],"e":{},"f":[]}}"#),
            (
                "text: |-\n  no\n    stock\n\n  ---\nt: '2024-01-02T03:04:05Z'",
                r#"{"text":"no\n  stock\n\n---","t":"2024-01-02T03:04:05Z"}"#,
            ),
            (
                "text: 'it''s: a long text\n  in two lines'\nu: \"\\e[31m\\t\\\"\"",
                r#"{"text":"it's: a long text in two lines","u":"\u001b[31m\t\""}"#,
            ),
            ("id: 0123\nh: 0x1F\nd: 2024-01-02", r#"{"id":"0123","h":"0x1F","d":"2024-01-02"}"#),
            ("- a: 1\n- a: 2", r#"{"entries":[{"a":1},{"a":2}]}"#),
        ] {
            let text = format!("---\n{text}\n");
            assert_eq!(read(&text), Document::Read(4, text.len() - 5, json.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_document_ends_where_the_next_begins() {
        let text = "---\r\na: 1\r\n---\r\nb: 2\r\n";
        assert_eq!(read(text), Document::Read(5, 4, "{\"a\":1}".to_owned()));
        assert_eq!(read(&text[11..]), Document::Read(5, 4, "{\"b\":2}".to_owned()));
        for cut in 3..text.find("\n---\r").expect("a marker") + 5 {
            assert_eq!(document(&text.as_bytes()[..cut], false), Document::Open, "{cut}");
        }
        assert_eq!(read("---\na: |\n  x\n ---\n---- no\n"), Document::None);
    }

    #[test]
    fn what_is_no_object_is_no_document() {
        for text in [
            "---\n",
            "---",
            "---\n---\na: 1\n",
            "---\ntext\n",
            "---\na: *b\n",
            "---\n? [a]\n: b\n",
            "---\na: 'x\n",
            "---\na: x\nb.c: d\n",
            "a: 1\n",
            "--- \n\"\n",
        ] {
            assert_eq!(read(text), Document::None, "{text:?}");
        }
        let deep = format!("---\na: {}{}\n", "[".repeat(200), "]".repeat(200));
        assert_eq!(read(&deep), Document::None);
        let bomb = "---\na: &a [1, 1]\nb: &b [*a, *a]\n";
        assert_eq!(read(bomb), Document::None);
    }

    #[test]
    fn entries_and_events_are_told_from_other_documents() {
        let event = r#"{"apiVersion":"v1","kind":"Event","reason":"BackOff"}"#;
        for text in [r#"{"insertId":"a"}"#, r#"{"timestamp":"x","jsonPayload":{"a":1}}"#, event] {
            assert!(is_of_log(text), "{text}");
            for list in ["entries", "items"] {
                assert!(is_of_log(&format!(r#"{{"kind":"List","{list}":[{text}]}}"#)), "{text}");
                assert!(!is_of_log(&format!(r#"{{"{list}":[{text},{{"kind":"Pod"}}]}}"#)), "{text}");
            }
        }
        for text in [
            "{}",
            r#"{"apiVersion":"v1","kind":"Pod"}"#,
            r#"{"kind":"Event"}"#,
            r#"{"entries":[]}"#,
            r#"{"error":"boom"}"#,
            r#"{"time":"2024-01-02T03:04:05Z","title":"x"}"#,
        ] {
            assert!(!is_of_log(text), "{text}");
        }
    }

    #[test]
    fn a_marker_and_a_key_open_a_document() {
        for (front, whole, may) in [
            ("---\ninsertId: x\n", false, Some(true)),
            ("---\r\nlabels:\r\n", false, Some(true)),
            ("---\n- insertId: x\n", false, Some(true)),
            ("---\nhttpReq", false, None),
            ("---\na: 1", true, Some(true)),
            ("---\n# x\n\n  # y\na: 1", true, Some(true)),
            ("---\n# x\r\n\r\na: 1\n", false, Some(true)),
            ("---\n# x\n", false, None),
            ("---\n# x\n", true, Some(false)),
            ("---\nthe till is up\n", false, Some(false)),
            ("---\n10:00:01 up\n", false, Some(false)),
            ("----\na: 1\n", false, Some(false)),
            ("---", true, Some(false)),
            ("---", false, None),
            ("a: 1\n", false, Some(false)),
        ] {
            assert_eq!(may_open(front.as_bytes(), whole), may, "{front:?}");
        }
    }
}
