use super::super::json::Tape;
use super::*;

#[derive(Default)]
struct Log {
    rows: Vec<(u64, String)>,
    bad: Vec<(u64, String)>,
    limit: usize,
}

impl Sink for Log {
    fn front(&mut self, offset: u64, text: &str) -> Front {
        let mut tape = Tape::default();
        let Ok((_, length)) = tape.parse_front(text) else { return Front::Refused };
        if length > self.limit {
            return Front::Refused;
        }
        self.rows.push((offset, text[..length].to_owned()));
        Front::Read { length, entries: length as u64, wrapper: false, multi_line: tape.multi_line }
    }
    fn row(&mut self, _: u64, bytes: &[u8]) -> Verdict {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Verdict::Refused(Tape::default().parse(&text).expect_err("was refused").reason)
    }
    fn converted(&mut self, _: u64, length: u64, _: &str) -> Verdict {
        Verdict::Read { entries: length, wrapper: false }
    }
    fn pieces(&mut self, _: u64, _: &[u8], _: End) -> Option<Taken> {
        unreachable!("no row of these tests is a piece")
    }
    fn malformed(&mut self, offset: u64, length: u64, reason: &str, _: &[u8]) {
        assert!(length > 0);
        self.bad.push((offset, reason.to_owned()));
    }
}

fn run_with(text: &[u8], limit: usize) -> (Log, Counts) {
    let mut log = Log { limit, ..Log::default() };
    let mut framer = Framer::new(State::START, limit);
    let end = framer.run(Window { bytes: text, base: 0, last: true }, 0, text.len(), &mut log);
    assert_eq!(end, text.len());
    assert_eq!(framer.counts.by.total(), text.len() as u64);
    (log, framer.counts)
}

fn run(text: &[u8]) -> (Log, Counts) {
    run_with(text, 1 << 20)
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
        ("timestamp,severity\n1,INFO\n", 0, 0, "csv"),
    ] {
        let (log, counts) = run(text.as_bytes());
        assert_eq!((log.rows.len(), log.bad.len(), counts.framing()), (rows, bad, framing), "{text:?}");
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
fn a_damaged_element_of_a_pretty_array_takes_no_other_along() {
    let of = |damaged: &str| {
        let text = format!(
            "[\n  {{\n    \"a\": 1\n  }},\n  {damaged},\n  {{\n    \"b\": 2\n  }},\n  {damaged}\n]\n{{\"c\":3}}\n"
        );
        let (log, _) = run(text.as_bytes());
        let rows: Vec<_> = log.rows.iter().map(|row| row.1.split_whitespace().collect::<String>()).collect();
        assert_eq!(rows, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"], "{damaged}");
        assert_eq!(log.bad.len(), 2, "{damaged}: {:?}", log.bad);
    };
    of("{\n    \"r\": {\n      \"t\": \"x\"\n  }");
    of("{\n    \"r\": [\n      \"t\"\n  }");
    of("{\n    \"r\": [\n    \"t\": \"x\"\n  }");
    of("{\n    {\n    \"t\": \"x\"\n  }");
    of("{\n    \"t\": \"x\",\n    \"u\": [{\n  }");
    of("{\n    \"t\": \"x");
    of("{\n    \"t\": 01\n  }");
    of("{\"t\":[1,}");
}

#[test]
fn a_torn_row_behind_a_name_ends_with_its_line() {
    let (log, counts) = run(
        b"web-1  | {\"a\":1}\nweb-1  | {\"b\":\"cut\r\nweb-1  | started\n{\"x\":{\nweb-1  | {\"c\":3}\ndb | {\"d\":[}} off\ndb | {\"e\":",
    );
    let rows: Vec<_> = log.rows.iter().map(|row| row.1.as_str()).collect();
    assert_eq!(rows, ["{\"a\":1}", "{\"c\":3}"]);
    assert_eq!(log.bad.iter().map(|bad| bad.0).collect::<Vec<_>>(), [26, 37, 54, 83, 101], "{:?}", log.bad);
    assert_eq!(counts.framing(), "prefixed");
}

#[test]
fn an_array_may_begin_with_what_is_no_row_or_behind_a_comma() {
    for (text, rows, bad) in [
        ("[null, {\"a\":1}]\n", 1, 1),
        ("[1,\"x\",\n{\"a\":1}]\n", 1, 2),
        (",[{\"a\":1},{\"a\":2}]", 2, 0),
        (", {\"a\":1},{\"a\":2}]", 2, 0),
        ("[1, 2, 3] apples\n", 0, 1),
        ("[2025-01-01, 5] {\"a\":1}\n", 0, 1),
        ("[null,", 0, 1),
        (", and so on\n", 0, 1),
    ] {
        let (log, _) = run(text.as_bytes());
        assert_eq!((log.rows.len(), log.bad.len()), (rows, bad), "{text}");
    }
}

#[test]
fn sequences_of_json_texts_are_rows() {
    let (log, counts) = run(b"\x1e{\"a\":1}\n\x1e{\"b\":\n\x1e{\"c\":3}\n");
    assert_eq!((log.rows.len(), log.bad.len(), counts.framing()), (2, 1, "ndjson"));
}

#[test]
fn scalars_in_an_array_are_told_one_by_one() {
    let (log, _) = run(b"[{\"a\":1},7,\"x, y\",null,{\"b\":2}]");
    assert_eq!((log.rows.len(), log.bad.len()), (2, 3));
}

#[test]
fn a_row_over_the_limit_is_malformed_and_the_next_is_read() {
    let text = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(500));
    let (log, _) = run_with(text.as_bytes(), 100);
    assert_eq!((log.rows.len(), log.bad), (1, vec![(0, OVERSIZE.to_owned())]));
    let (log, _) = run_with(text.as_bytes(), 508);
    assert_eq!(log.rows.len(), 2, "the limit itself is within it");
}

#[test]
fn documents_of_yaml_are_rows_and_others_are_named_for_what_they_are() {
    let documents = "---\ninsertId: a\ntextPayload: |-\n  no\n\n  stock\n---\ninsertId: b\nlabels: {}\n\n";
    let (log, counts) = run(documents.as_bytes());
    assert_eq!((log.bad, counts.rows, counts.by.blank), (vec![], 2, 3));
    let (log, counts) = run(format!("{documents}---\na: *b\nc: d\n---\ntextPayload: f").as_bytes());
    let starts: Vec<u64> = log.bad.iter().map(|bad| bad.0).collect();
    assert_eq!((starts, counts.rows), ([0, 4, 10].map(|at| at + documents.len() as u64).to_vec(), 3));
    assert!(log.bad.iter().all(|bad| bad.1.contains("--format=json")));
    // Other files may begin with a line of dashes, and other documents are no rows.
    for (text, lines) in [
        ("---\nthe till is up\n", 2),
        ("---\nerror: no stock\n", 2),
        ("---\napiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n---\nkind: Secret\n", 7),
        ("---\n# Source: till.yaml\n\nkind: Secret\n", 3),
        ("---\n- name: install\n  hosts: all\n", 3),
        ("---\ntitle: Down\ntime: 2024-01-02T03:04:05Z\nseverity: ERROR\n---\n# Down\n", 6),
    ] {
        let (log, counts) = run(text.as_bytes());
        assert_eq!((log.bad.len(), counts.rows, counts.by.total()), (lines, 0, text.len() as u64), "{text}");
        assert!(log.bad.iter().all(|bad| bad.1.contains("--format=json")), "{text}");
    }
    let (log, counts) = run(b"---\n# of today\n\napiVersion: v1\nkind: Event\nreason: BackOff\n");
    assert_eq!((log.bad, counts.rows), (vec![], 1));
    // A document may be longer than what was read of the file.
    for cut in 0..documents.len() {
        let mut log = Log { limit: 1 << 20, ..Log::default() };
        let mut framer = Framer::new(State::START, 1 << 20);
        let bytes = documents.as_bytes();
        let at = framer.run(Window { bytes: &bytes[..cut], base: 0, last: false }, 0, cut, &mut log);
        let rest = Window { bytes: &bytes[at..], base: at as u64, last: true };
        framer.run(rest, 0, bytes.len() - at, &mut log);
        assert_eq!((log.bad, framer.counts.rows, framer.counts.by.total()), (vec![], 2, bytes.len() as u64), "{cut}");
    }
}

#[test]
fn a_table_drawn_for_people_is_named_for_what_it_is() {
    let (log, _) = run(b"+---+---+\n| a | b |\n+---+---+\n| 1 | 2 |\n+---+---+\n");
    assert_eq!(log.bad.len(), 5);
    assert!(log.bad.iter().all(|bad| bad.1.contains("drawn") && bad.1.contains("--format=json")));
    let (log, _) = run(b"+- up\n+-\n");
    assert!(log.bad.iter().all(|bad| bad.1 == "not a JSON object"));
}

#[test]
fn strings_that_hold_an_object_are_rows() {
    let row = r#""{\"a\":\"x | {\\n\"}""#;
    for (text, rows, bad, framing) in [
        (format!("{row}\n{row}\r\n"), 2, 0, "ndjson"),
        (format!("[\n  {row},\n  {row}\n]\n"), 2, 0, "array"),
        (format!("[{row},{{\"a\":1}},\"x\"]"), 2, 1, "array"),
        (format!("{row},\n{row} ,\r\n{row}\n"), 3, 0, "ndjson"),
        (r#"["{ \"a\":1}", "{ \"a\":2}"]"#.to_owned(), 2, 0, "array"),
        (r#"["{\n  \"a\":1\n}",\n "{\r\n\t\"a\":2}\n"]"#.replace(",\\n", ",\n"), 2, 0, "array"),
        ("[\"{x} up\" said the till]\n".to_owned(), 0, 1, "text"),
        (r#""{\"a\":1}\n""#.to_owned(), 1, 0, "ndjson"),
        (r#""{\"a\"""#.to_owned(), 0, 1, "text"),
        (r#""{x}" and more"#.to_owned(), 0, 1, "text"),
    ] {
        let (log, counts) = run(text.as_bytes());
        assert_eq!((counts.rows, log.bad.len(), counts.framing()), (rows, bad, framing), "{text}");
    }
    // A walk that looks for the end of the line from each of them takes minutes.
    let many = r#""{\"a\":1}","#.repeat(200_000);
    for (text, bad) in [(format!("[{many}7]"), 1), (many.replace("\"{", "[\"{"), 0)] {
        let (log, counts) = run(text.as_bytes());
        assert_eq!((counts.rows, log.bad.len(), counts.by.total()), (200_000, bad, text.len() as u64));
    }
}

#[test]
fn a_mark_before_a_row_is_where_files_were_joined() {
    let mark = "\u{feff}";
    for (text, rows) in [
        (format!("{mark}{{\"a\":1}}\n{mark}{{\"a\":2}}\n{{\"a\":3}}\n"), 3),
        (format!("{{\"a\":1}}{mark}{{\"a\":2}}"), 2),
        (format!("[{{\"a\":1}}]\n{mark}[{{\"a\":2}}]\n{mark}"), 2),
        (format!("{{\"a\":1}}\n{mark}till-1 | {{\"a\":2}}\n"), 2),
    ] {
        let (log, counts) = run(text.as_bytes());
        assert_eq!((counts.rows, log.bad, counts.by.total()), (rows, vec![], text.len() as u64), "{text}");
    }
    let (log, counts) = run("{\"a\":1}\n\u{ff21}\n".as_bytes());
    assert_eq!((counts.rows, log.bad.len()), (1, 1), "a letter that begins as the mark does");
}
