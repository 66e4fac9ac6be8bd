use std::sync::Mutex;

use super::*;
use crate::record::LogRecord;

/// What a test wants to know of a record.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    offset: usize,
    length: usize,
    ts_ns: Option<i64>,
    message: String,
    raw: String,
    set_aside: bool,
}

#[derive(Default)]
struct Keep(Vec<Seen>);

impl Collect for Keep {
    fn wants_raw(&self, _: &LogRecord<'_>) -> bool {
        true
    }
    fn push(&mut self, record: &LogRecord<'_>) {
        self.0.push(Seen {
            offset: usize::try_from(record.offset).expect("small"),
            length: record.length as usize,
            ts_ns: record.ts_ns,
            message: record.message.to_string(),
            raw: record.raw.to_string(),
            set_aside: record.set_aside,
        });
    }
}

struct Outcome {
    report: FileReport,
    quarantined: Vec<crate::record::ingest::Quarantined>,
    records: Vec<Seen>,
}

fn read_path(path: &Path, options: &ReadOptions) -> Result<Outcome, InputError> {
    let records = Mutex::new(Vec::new());
    let outlet = Outlet {
        known: &|_| false,
        make: &|_| Keep::default(),
        emit: &|keep: Keep| records.lock().expect("lock").extend(keep.0),
        done: &|_| {},
        progress: &|_| {},
    };
    let source = Source { name: "dump.json".into(), path: path.to_owned() };
    let Ingested { report, quarantined, .. } = read(&source, options, outlet)?;
    Ok(Outcome { report, quarantined, records: records.into_inner().expect("lock") })
}

fn ingest(text: &[u8], change: impl FnOnce(&mut ReadOptions)) -> Outcome {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("dump.json");
    std::fs::write(&path, text).expect("write");
    let mut options = ReadOptions::new(&Config::default()).expect("options");
    change(&mut options);
    read_path(&path, &options).expect("reads")
}

#[test]
fn the_report_adds_up_and_names_what_it_could_not_read() {
    let text = b"{\"insertId\":\"a\",\"timestamp\":\"2025-01-01T00:00:00Z\",\"severity\":\"ERROR\",\"textPayload\":\"x\"}\n{\"insertId\":\"b\",\"textPayload\":NaN}\nbanner\n{\"c\":\n";
    let read = ingest(text, |_| {});
    let report = &read.report;
    assert_eq!((report.entries, report.malformed, report.repaired, report.set_aside.no_time), (2, 2, 1, 1));
    assert_eq!(report.bytes_by.total(), report.decoded_bytes);
    assert_eq!(report.problems.iter().map(|problem| problem.offset).collect::<Vec<_>>(), [124, 131]);
    assert_eq!(report.first.as_deref(), Some("2025-01-01T00:00:00.000000000Z"));
    assert_eq!(read.quarantined[0].text, "banner");
}

#[test]
fn wrapper_rows_keep_their_offsets_in_the_file() {
    let text = br#"{"time_range":{"start":"2025-01-01T00:00:00Z","end":"2025-01-01T01:00:00Z"},"entries":[{"insertId":"a","textPayload":"x"},{"insertId":"b","textPayload":"y"},7]}"#;
    let read = ingest(text, |_| {});
    assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 1, "wrapper"));
    let row = &read.records[1];
    assert_eq!(&text[row.offset..row.offset + row.length], &br#"{"insertId":"b","textPayload":"y"}"#[..]);
    assert_eq!(read.report.declared_window.as_ref().map(|window| window.source.as_str()), Some("file metadata"));
    assert_eq!(read.report.bytes_by.total(), text.len() as u64);
}

#[test]
fn caps_are_suspected_for_the_file_and_for_severities_that_share_a_count() {
    let row = |i: usize, severity: &str| {
        format!("{{\"insertId\":\"{severity}{i}\",\"severity\":\"{severity}\",\"textPayload\":\"x\"}}\n")
    };
    let both: String = (0..50).flat_map(|i| [row(i, "ERROR"), row(i, "INFO")]).collect();
    let caps = ingest(both.as_bytes(), |_| {}).report.cap_suspected;
    assert_eq!(caps.iter().map(|cap| cap.severity.as_str()).collect::<Vec<_>>(), ["ALL", "ERROR", "INFO"]);
    let odd: String = (0..51).map(|i| row(i, "ERROR")).collect();
    assert!(ingest(odd.as_bytes(), |_| {}).report.cap_suspected.is_empty());
}

#[test]
fn plain_lines_are_entries_only_when_asked() {
    let text = b"2025-01-01 00:00:01 ERROR: disk full\nsecond line\n";
    assert_eq!(ingest(text, |_| {}).report.malformed, 2);
    let read = ingest(text, |options| options.text = true);
    assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 0, "text"));
    assert!(read.records[0].ts_ns.is_some());
}

#[test]
fn set_aside_rules_and_credentials_are_applied_per_row() {
    let text = b"{\"insertId\":\"a\",\"source\":\"fallback\",\"textPayload\":\"Bearer abcdefabcdefabcdef012345\"}";
    let read = ingest(text, |options| {
        options.set_aside = vec![SetAsideRule { field: "source".into(), value: "fall*".into(), reason: None }];
    });
    assert!(read.records[0].set_aside);
    assert_eq!(read.report.redacted, 1);
    assert!(!read.records[0].raw.contains("abcdefabcdef") && !read.records[0].message.contains("abcdefabcdef"));
}

#[test]
fn a_repaired_row_has_the_length_it_has_in_the_file() {
    let text = b"{\"insertId\":\"a\",\"textPayload\":\"a\tb\"}\n{\"insertId\":\"b\",\"insertId\":\"c\"}\n";
    let read = ingest(text, |_| {});
    assert_eq!((read.report.repaired, read.report.duplicate_keys), (1, 1));
    assert_eq!((read.records[0].offset, read.records[0].length, read.records[1].offset), (0, 36, 37));
}

#[test]
fn a_table_is_read_with_the_offsets_of_its_records() {
    let text = "\u{feff}timestamp,severity,insertId,textPayload\r\n2025-01-01T00:00:00Z,ERROR,a,\"no,\nspace\"\r\n";
    let read = ingest(text.as_bytes(), |_| {});
    assert_eq!((read.report.entries, read.report.framing.as_str()), (1, "csv"));
    let row = &read.records[0];
    assert_eq!(row.message, "no,\nspace");
    assert!(text[row.offset..row.offset + row.length].ends_with("space\""));
    assert_eq!(read.report.bytes_by.total(), text.len() as u64);
}

#[test]
fn a_large_file_reads_like_a_small_one_whatever_its_framing() {
    let row = |i: usize| {
        format!(
            "{{\"insertId\":\"{i}\",\"timestamp\":\"2025-01-01T00:00:00.{i:06}Z\",\"textPayload\":\"{}\"}}",
            "z".repeat(900)
        )
    };
    let rows: Vec<String> = (0..20_000).map(row).collect();
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("large");
    let options = ReadOptions::new(&Config::default()).expect("options");
    for (open, by, close) in [("", "\n", "\n"), ("[", ",", "]"), ("[\n  ", ",\n  ", "\n]\n")] {
        let mut text = format!("{open}{}{close}", rows.join(by));
        // One row in the middle is torn.
        let torn = text.len() / 2;
        text.replace_range(torn..=torn, "\n");
        assert!(text.len() as u64 > disk::WHOLE);
        std::fs::write(&path, &text).expect("write");
        let read = read_path(&path, &options).expect("reads");
        assert_eq!(read.report.entries, 20_000, "a line end in a text is repaired");
        assert_eq!(read.report.repaired, 1);
        assert_eq!(read.report.content_id, blake3::hash(text.as_bytes()).to_hex().as_str());
        assert!(read.records.is_sorted_by_key(|record| record.offset), "file order");
        assert!(read.records.iter().all(|row| text[row.offset..row.offset + row.length].starts_with("{\"insertId\"")));
        assert_eq!(read.report.bytes_by.total(), text.len() as u64);
        let packed = zstd::encode_all(text.as_bytes(), 1).expect("zstd");
        std::fs::write(&path, packed).expect("write");
        let packed = read_path(&path, &options).expect("reads");
        assert_eq!(packed.records, read.records);
        assert_eq!((packed.report.codec.as_str(), packed.report.entries), ("zstd", 20_000));
    }
}

#[test]
fn a_known_content_is_not_read() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("dump.json");
    std::fs::write(&path, "{\"insertId\":\"a\",\"textPayload\":\"x\"}").expect("write");
    let outlet = Outlet {
        known: &|_| true,
        make: &|_| Keep::default(),
        emit: &|_| panic!("nothing is read"),
        done: &|_| {},
        progress: &|_| {},
    };
    let source = Source { name: "dump.json".into(), path };
    let read = super::read(&source, &ReadOptions::new(&Config::default()).expect("options"), outlet).expect("reads");
    assert_eq!((read.report.entries, read.report.skipped.as_deref()), (0, Some(KNOWN)));
}

#[test]
fn a_wrapper_larger_than_a_row_may_be_is_read_row_by_row() {
    let row = |i: usize| format!("{{\"insertId\":\"{i}\",\"textPayload\":\"x\"}}");
    let rows: Vec<String> = (0..100).map(row).collect();
    let text = format!(
        "{{\"time_range\":{{\"start\":\"2025-01-01T00:00:00Z\",\"end\":\"2025-01-01T01:00:00Z\"}},\"entries\":[{}],\"nextPageToken\":\"x\"}}",
        rows.join(",")
    );
    let held = ingest(text.as_bytes(), |_| {});
    let streamed = ingest(text.as_bytes(), |options| options.row_bytes = 500);
    assert_eq!(streamed.records, held.records);
    assert_eq!(streamed.report, held.report);
}

#[test]
fn a_credential_across_the_cut_of_a_quarantined_piece_is_masked() {
    let secret = "abcdef0123456789abcdef0123456789";
    let text = format!("{}Authorization: Bearer {secret} and more\n", "x".repeat(220));
    let read = ingest(text.as_bytes(), |_| {});
    let kept = &read.quarantined[0].text;
    assert!(kept.len() <= 256 && kept.contains("Bearer <redact") && !kept.contains("abcdef"), "{kept}");
}
