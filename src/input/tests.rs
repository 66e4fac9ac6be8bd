use std::borrow::Cow;
use std::sync::Mutex;

use super::*;
use crate::record::{LogRecord, Severity, Stretch};

mod streamed;
mod text;

/// What a test wants to know of a record.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    offset: usize,
    length: usize,
    ts_ns: Option<i64>,
    message: String,
    raw: String,
    set_aside: bool,
    content_hash: u128,
    module: Option<String>,
    labels: Option<String>,
    effective: Severity,
}

#[derive(Default)]
struct Keep(Vec<Seen>);

impl Collect for Keep {
    fn push<'a>(&mut self, record: &mut LogRecord<'a>, _: &[Stretch<'a>], raw: impl FnOnce() -> Cow<'a, str>) {
        self.0.push(Seen {
            offset: usize::try_from(record.offset).expect("small"),
            length: record.length as usize,
            ts_ns: record.ts_ns,
            message: record.message.to_string(),
            raw: raw().into_owned(),
            set_aside: record.set_aside,
            content_hash: record.content_hash,
            module: record.module.as_deref().map(str::to_owned),
            labels: record.labels.as_deref().map(str::to_owned),
            effective: record.effective_severity,
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
        make: &|_, _| Keep::default(),
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
fn rows_are_the_same_however_they_are_cut_and_read_at_once() {
    let labels = r#""resource":{"type":"cloud_run_revision","labels":{"service_name":"till","project_id":"acme"}}"#;
    let row =
        |i: usize| format!(r#"{{"insertId":"r{i}","timestamp":"2024-01-02T03:04:05Z",{labels},"textPayload":"x{i}"}}"#);
    let rows: Vec<String> = (0..600)
        .map(|i| match i % 67 {
            20 => format!(r#"{{"insertId":"d{i}","severity":"INFO","severity":"ERROR","textPayload":"x"}}"#),
            27 => format!(r#"{{"entries":[{},{}]}}"#, row(i), row(i + 1)),
            31 => r#"{"message":{"data":"eyJpbnNlcnRJZCI6ImEifQ==","messageId":"1"},"subscription":"s"}"#.to_owned(),
            36..39 => format!(r#"{{"log":"part {i}","stream":"stdout","time":"2024-01-02T03:04:05.{i}Z"}}"#),
            39 => r#"{"log":"end\n","stream":"stdout","time":"2024-01-02T03:04:06Z"}"#.to_owned(),
            44 => format!(r#"{{"insertId":"y{i}","textPayload":"{}"}}"#, "y".repeat(5 * i)),
            50 => format!("{{\n  \"insertId\": \"m{i}\",\n  \"textPayload\": \"x\"\n}}"),
            _ => row(i),
        })
        .collect();
    let arrays = [",\n  ", ",", "\n,"].map(|between| format!("[{}\n]\n", rows.join(between)));
    let lines: String = rows
        .iter()
        .enumerate()
        .map(|(i, row)| match i % 41 {
            13 => format!("{row}\r\n"),
            17 => format!("{row}\n\n"),
            23 => format!("{row}{row}\n"),
            29 => format!("{row}\n{{\"insertId\":\n"),
            35 => format!("web | {row}\n  "),
            _ => format!("{row}\n"),
        })
        .collect();
    for text in arrays.iter().chain([&lines]) {
        same_however_cut(text, false);
    }
}

#[test]
fn damaged_objects_are_the_same_however_a_file_is_cut() {
    let row = |at: usize| {
        let labels = if at % 7 == 3 { "...\n" } else { "    \"labels\": {\n" };
        let stray = if at % 11 == 5 { " stray" } else { "" };
        format!("{{\n    \"insertId\": \"{at}\",{stray}\n{labels}      \"a\": \"b\"\n    }},\n    \"n\": {at}\n  }}")
    };
    let rows: Vec<String> = (0..600).map(row).collect();
    for (before, between, after) in [("[\n  ", ",\n  ", "\n]\n"), ("[", ",\n  ", "\n]\n"), ("  ", "\n  ", "\n")] {
        same_however_cut(&format!("{before}{}{after}", rows.join(between)), false);
    }
}

/// Reads a text in blocks of many sizes, and with that as many rows at once as there are in one.
fn same_however_cut(text: &str, lines: bool) {
    let mut options = ReadOptions::new(&Config::default()).expect("options");
    (options.text, options.row_bytes) = (lines, 2_000);
    let read = |block: usize, blocks: usize| {
        let streamed = Streamed::default();
        let mut records = Vec::new();
        let rest = Decoded::new(Box::new(text.as_bytes()), text.len() as u64, 1_000).expect("opens");
        let plan = Plan { block, least: block.div_ceil(4), blocks, limit: 2_000 };
        let make = |_| Reader::new(&options, &streamed, Keep::default());
        let (walked, _) = walk(rest, plan, &make, &mut |reader| records.extend(reader.finish().0.0));
        assert_eq!(walked.counts.by.total(), text.len() as u64);
        (records, walked.counts)
    };
    let whole = read(1 << 20, 1);
    assert!(whole.0.len() > 400);
    for (block, blocks) in [(1, 1), (7, 1), (64, 4), (33, 3), (200, 8), (3_000, 4)] {
        let (records, counts) = read(block, blocks);
        let other = records.iter().zip(&whole.0).find(|(record, same)| record != same);
        assert_eq!((other, counts), (None, whole.1), "{block} x {blocks}");
        assert_eq!(records.len(), whole.0.len());
    }
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
fn what_repeats_from_row_to_row_is_masked_as_what_does_not() {
    let token = "abcdefabcdefabcdef012345";
    let labels = |n: usize| {
        let note = match n {
            3 => r#","api_key":"a1b2c3d4e5""#.to_owned(),
            4 => format!(r#","note":"Bearer {token}""#),
            // Half of a credential, whose other half stands elsewhere in the row.
            5 => r#","note":"Bearer""#.to_owned(),
            _ => String::new(),
        };
        format!(r#"{{"instanceId":"0069c7a988f970c99bfcc08205b30c45b0{n}"{note}}}"#)
    };
    let messages = [
        "tick".to_owned(),
        format!("sent Bearer {token} on"),
        "password=hunter22 refused".to_owned(),
        token.to_owned(),
        "ends with Bearer".to_owned(),
        format!(r#"said \"Bearer {token}\""#),
    ];
    let rows: Vec<String> = (0..600)
        .map(|n| {
            let said = &messages[n / 7 % messages.len()];
            let payload = match n % 4 {
                0 => format!(r#""jsonPayload":{{"message":"{said}","secret_key":"{n}{n}{n}{n}{n}{n}"}}"#),
                1 => format!(r#""jsonPayload":{{"cookie":"{said}","message":"{said}"}}"#),
                _ => format!(r#""textPayload":"{said}""#),
            };
            format!(
                r#"{{"insertId":"i{n}","labels":{},{payload},"resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop-{}"}}}},"severity":"ERROR"}}"#,
                labels(n % 7),
                n % 3,
            )
        })
        .collect();
    let redactor = super::redact::Redactor::new(&[], &[]).expect("no rules");
    let masked = |text: &str| redactor.redact(text, &mut super::redact::Hits::default()).into_owned();
    let read = ingest((rows.join("\n") + "\n").as_bytes(), |_| {});
    assert_eq!(read.records.len(), rows.len());
    for (n, (row, seen)) in rows.iter().zip(&read.records).enumerate() {
        assert_eq!(seen.raw, masked(row));
        assert_eq!(seen.labels, Some(masked(&labels(n % 7))));
        assert!(!seen.message.contains(&format!("Bearer {token}")) && !seen.message.contains("hunter22"));
    }
}

#[test]
fn a_repaired_row_has_the_length_it_has_in_the_file() {
    let text = b"{\"insertId\":\"a\",\"textPayload\":\"a\tb\"}\n{\"insertId\":\"b\",\"insertId\":\"c\"}\n";
    let read = ingest(text, |_| {});
    assert_eq!((read.report.repaired, read.report.duplicate_keys), (1, 1));
    assert_eq!((read.records[0].offset, read.records[0].length, read.records[1].offset), (0, 36, 37));
}

#[test]
fn tables_are_known_by_the_columns_that_viewers_write() {
    for header in [
        "_time,_raw,host",
        "Time,Message,Host",
        "Date,Content,Host",
        "\"timestamp [UTC]\",message,host",
        "TimeGenerated,Log_s,ContainerAppName_s",
        "\"TimeGenerated [UTC]\",Log_s,ContainerAppName_s",
    ] {
        let read = ingest(format!("{header}\n2025-01-01T00:00:00Z,no space,till\n").as_bytes(), |_| {});
        assert_eq!(read.report.framing.as_str(), "csv", "{header}");
        let rows: Vec<_> = read.records.iter().map(|row| (row.message.as_str(), row.ts_ns.is_some())).collect();
        assert_eq!(rows, [("no space", true)], "{header}");
    }
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
        make: &|_, _| Keep::default(),
        emit: &|_| panic!("nothing is read"),
        done: &|_| {},
        progress: &|_| {},
    };
    let source = Source { name: "dump.json".into(), path };
    let read = super::read(&source, &ReadOptions::new(&Config::default()).expect("options"), outlet).expect("reads");
    assert_eq!((read.report.entries, read.report.skipped.as_deref()), (0, Some(KNOWN)));
}

#[test]
fn a_credential_across_the_cut_of_a_quarantined_piece_is_masked() {
    let secret = "abcdef0123456789abcdef0123456789";
    let text = format!("{}Authorization: Bearer {secret} and more\n", "x".repeat(220));
    let read = ingest(text.as_bytes(), |_| {});
    let kept = &read.quarantined[0].text;
    assert!(kept.len() <= 256 && kept.contains("Bearer <redact") && !kept.contains("abcdef"), "{kept}");
}

#[test]
fn an_archive_is_one_piece_that_is_not_read_with_the_remedy() {
    use std::io::Write as _;
    let mut tar = vec![0; 1 << 20];
    tar[..5].copy_from_slice(b"a.log");
    tar[257..262].copy_from_slice(b"ustar");
    tar[600..607].copy_from_slice(b"{\"a\":1}");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&tar).expect("packs");
    let packed = packed.finish().expect("ends");
    // Two members are no single one that is unpacked at once.
    let twice = [&packed[..], &packed].concat();
    let zip = b"PK\x03\x04{\"a\":1}\n".to_vec();
    for (bytes, decoded, tool) in [
        (&tar, tar.len(), "tar -xf"),
        (&packed, tar.len(), "tar -xf"),
        (&twice, 2 * tar.len(), "tar -xf"),
        (&zip, zip.len(), "unzip"),
    ] {
        let Outcome { report, records, quarantined } = ingest(bytes, |_| {});
        assert_eq!((report.entries, report.malformed, records.len(), quarantined.len()), (0, 1, 0, 1));
        assert_eq!((report.decoded_bytes, report.bytes_by.malformed), (decoded as u64, decoded as u64));
        assert!(report.problems[0].reason.contains(tool), "{}", report.problems[0].reason);
    }
}

#[test]
fn a_limit_of_a_sidecar_is_a_number_or_none() {
    let limit = |text: &str| {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("dump.json");
        let stated = r#""since":"2024-01-02T00:00:00Z","until":"2024-01-03T00:00:00Z""#;
        std::fs::write(source::sidecar_of(&path), format!("{{{stated},\"limit\":{text}}}")).expect("write");
        sidecar(&path).map(|window| window.expect("a window").limit)
    };
    for (text, found) in
        [("null", None), ("1000", Some(1000)), ("1000.0", Some(1000)), ("\"1000\"", Some(1000)), ("0", None)]
    {
        assert_eq!(limit(text).expect("valid"), found, "{text}");
    }
    for text in ["\"1k\"", "-5", "[]"] {
        assert!(limit(text).is_err_and(|error| error.to_string().contains("is no limit")), "{text}");
    }
}

#[test]
fn a_damaged_object_costs_no_other_however_rows_are_laid_out() {
    let row = |id: &str, indent: &str, stray: &str| {
        format!(
            "{{\n{indent}  \"insertId\": \"{id}\",{stray}\n{indent}  \"labels\": {{\n{indent}    \"a\": \"b\"\n{indent}  }}\n{indent}}}"
        )
    };
    for (before, between, after, indent) in [
        ("[", ",\n  ", "\n]\n", "  "),
        ("[", ", ", "]\n", "  "),
        ("", " ", "\n", "  "),
        ("[\n  ", ",\n  ", "\n]\n", "  "),
        ("", "\n", "\n", ""),
    ] {
        for damaged in 0..3 {
            let rows = [0, 1, 2].map(|at| row(&at.to_string(), indent, if at == damaged { " stray" } else { "" }));
            let text = format!("{before}{}{after}", rows.join(between));
            let read = ingest(text.as_bytes(), |_| {});
            assert_eq!((read.report.entries, read.report.malformed), (2, 1), "{text}");
            assert_eq!(read.report.bytes_by.total(), text.len() as u64);
        }
    }
}

#[test]
fn an_object_that_lost_the_line_which_opened_another_is_one_piece() {
    for (before, after) in [("[\n", "\n]\n"), ("", "\n")] {
        let object = |id: &str, middle: &str| {
            format!(
                "  {{\n    \"insertId\": \"{id}\",\n{middle}      \"instanceId\": \"00af\"\n    }},\n    \"severity\": \"INFO\",\n    \"timestamp\": \"2025-09-15T10:00:00Z\"\n  }}"
            )
        };
        let whole = "    \"labels\": {\n";
        let rows = [object("a", whole), object("b", "...\n"), object("c", whole)];
        let joined = rows.join(if before.is_empty() { "\n" } else { ",\n" });
        let text = format!("{before}{joined}{after}");
        let read = ingest(text.as_bytes(), |_| {});
        assert_eq!((read.report.entries, read.report.malformed), (2, 1), "{text}");
        assert_eq!(read.report.bytes_by.total(), text.len() as u64);
        let at = text.find("{\n    \"insertId\": \"b\"").expect("the damaged one") as u64;
        assert_eq!(read.report.problems[0].offset, at);
    }
}

#[test]
fn what_pub_sub_delivers_is_read_as_a_file_is() {
    let entry = |id: &str| format!(r#"{{"insertId":"{id}","textPayload":"x"}}"#);
    let envelope = |data: &[u8]| {
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
        format!(r#"{{"message":{{"data":"{data}","messageId":"1"}},"subscription":"s"}}"#)
    };
    for (data, entries, malformed, repaired) in [
        (entry("a").into_bytes(), 1, 0, 0),
        (format!("\u{feff}{}\n", entry("a")).into_bytes(), 1, 0, 0),
        (format!("[{},[{},7]]", entry("a"), entry("b")).into_bytes(), 2, 1, 0),
        (format!(r#"{{"entries":[{}]}}"#, entry("a")).into_bytes(), 1, 0, 0),
        (br#"{"insertId":"a","jsonPayload":{"n":NaN,"message":"\ud83d"}}"#.to_vec(), 1, 0, 1),
        (b"{\"insertId\":\"a\",\"textPayload\":\"caf\xe9\"}".to_vec(), 1, 0, 1),
        (b"\xff\xfe".to_vec(), 0, 1, 0),
        (b"7".to_vec(), 0, 1, 0),
        (b"[]".to_vec(), 0, 0, 0),
    ] {
        let report = ingest(envelope(&data).as_bytes(), |_| {}).report;
        let shown = String::from_utf8_lossy(&data);
        assert_eq!((report.entries, report.malformed, report.repaired), (entries, malformed, repaired), "{shown}");
        assert_eq!(report.bytes_by.total(), report.decoded_bytes);
    }
    // An envelope and what it carries are one row, also where both are damaged.
    let damaged = envelope(b"{\"insertId\":\"a\",\"textPayload\":\"caf\xe9\"}").replace("\"1\"", "\"\t\"");
    let report = ingest(damaged.as_bytes(), |_| {}).report;
    assert_eq!((report.entries, report.repaired), (1, 1));
}

#[test]
fn a_window_that_cannot_be_meant_is_told_and_counts_as_none() {
    let row = r#"{"insertId":"a","textPayload":"x"}"#;
    for (start, end) in
        [("2025-01-02T00:00:00Z", "2025-01-01T00:00:00Z"), ("1875-01-01T00:00:00Z", "2025-01-01T00:00:00Z")]
    {
        let text = format!(r#"{{"time_range":{{"start":"{start}","end":"{end}"}},"entries":[{row}]}}"#);
        let report = ingest(text.as_bytes(), |_| {}).report;
        assert_eq!((report.entries, report.declared_window.clone()), (1, None));
        assert!(
            report.problems[0].reason.starts_with("the window that the file names is ignored"),
            "{:?}",
            report.problems
        );
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("dump.json");
        std::fs::write(&path, row).expect("write");
        std::fs::write(dir.path().join("dump.json.meta.json"), format!(r#"{{"since":"{start}","until":"{end}"}}"#))
            .expect("write");
        let mut options = ReadOptions::new(&Config::default()).expect("options");
        assert!(matches!(read_path(&path, &options).err(), Some(InputError::Sidecar { .. })));
        std::fs::remove_file(dir.path().join("dump.json.meta.json")).expect("remove");
        options.declared = Some(DeclaredWindow {
            since: start.into(),
            until: end.into(),
            source: "flag".into(),
            filter: None,
            limit: None,
        });
        assert!(matches!(read_path(&path, &options).err(), Some(InputError::Declared { .. })));
    }
}

fn line_of(at: &str) -> String {
    format!("{at} stdout P cut off")
}

#[test]
fn a_file_that_is_written_over_while_it_is_read_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("dump.json");
    let row = format!("{{\"insertId\":\"a\",\"textPayload\":\"{}\"}}\n", "x".repeat(1 << 20));
    std::fs::write(&path, row.repeat(17)).expect("write");
    let write_over = |_: &crate::record::ContentId| {
        std::fs::write(&path, row.replace('x', "y").repeat(17)).expect("write");
        false
    };
    let outlet = Outlet {
        known: &write_over,
        make: &|_, _| Keep::default(),
        emit: &|_| {},
        done: &|_| panic!("a content that is not what was hashed is never done"),
        progress: &|_| {},
    };
    let source = Source { name: "dump.json".into(), path: path.clone() };
    let error = read(&source, &ReadOptions::new(&Config::default()).expect("options"), outlet).expect_err("changed");
    assert!(error.spoils() && error.to_string().contains("dump.json"), "{error}");
}
