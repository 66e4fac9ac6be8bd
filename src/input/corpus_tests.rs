//! What must hold for any input, as checks on bytes that a fuzzer finds and as tests over a fixed corpus.
//!
//! The fuzz package (`fuzz/README.md`) compiles this file with the input stage alone and feeds the checks without end; here
//! they run over `fuzz/seeds`, so that an input that once broke something stays a test. Everything goes through [`read`], as
//! it does in a run: what a check cannot see from there, no caller can.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};

use jiff::tz::TimeZone;

use bytes::Bytes;
pub(crate) use families::{app_loggers, audit_build, aws, containers, gcp, mapped, otlp, platform, text_csv};

use crate::config::Config;
use crate::input::{InputError, Outlet, ReadOptions, Source, read};
use crate::record::ingest::{Ingested, PROBLEMS_LISTED};
use crate::record::{Collect, LogRecord, Severity, Stretch};
use crate::time;

// By path: the fuzz package includes this file from elsewhere.
#[path = "corpus_tests/bytes.rs"]
mod bytes;
#[path = "corpus_tests/families.rs"]
mod families;

/// Rows that `repair` damages.
const ROWS: [&str; 6] = [
    r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","severity":"ERROR","textPayload":"x"}"#,
    r#"{"insertId":"a","jsonPayload":{"message":"caf\u00e9 \ud83d\ude00","n":[1,2.5,-3e2,true,null]},"labels":{"a":"b"}}"#,
    r#"{"msg":"C:\\dir\\file \"quoted\"\n\ttab","level":50,"time":1704067200000}"#,
    r#"{"entries":[{"insertId":"a","textPayload":"x"},{"insertId":"b","textPayload":"y"}]}"#,
    r#"{"a":NaN,"b":-Infinity,"c":Infinity,"d":"NaN","message":"m"}"#,
    r#"{"message":{"data":"eyJhIjoxfQ==","messageId":"1"},"subscription":"s"}"#,
];
/// Starts of credentials, and how many characters make one whole.
const TOKENS: [(&str, usize); 12] = [
    ("AKIA", 16),
    ("ghp_", 36),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("sk-ant-", 24),
    ("sk_live_", 24),
    ("npm_", 36),
    ("hf_", 34),
    ("AIza", 35),
    ("Bearer ", 32),
    ("password=", 20),
    ("X-Amz-Signature=", 40),
];

static OPTIONS: LazyLock<ReadOptions> = LazyLock::new(|| ReadOptions::new(&Config::default()).expect("options"));

#[derive(Default)]
struct Keep(Vec<LogRecord<'static>>);

impl Collect for Keep {
    fn push<'a>(&mut self, record: &mut LogRecord<'a>, _: &[Stretch<'a>], raw: impl FnOnce() -> Cow<'a, str>) {
        record.raw = raw();
        self.0.push(record.clone().into_owned());
    }
}

/// Reads bytes as a file, and checks what holds for every file; `None` where nothing can be decoded or where it is ours.
fn read_bytes(bytes: &[u8], options: &ReadOptions) -> Option<(Ingested, Vec<LogRecord<'static>>)> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a write");
    let records = Mutex::new(Vec::new());
    let outlet = Outlet {
        known: &|_| false,
        make: &|_, _| Keep::default(),
        emit: &|keep: Keep| records.lock().expect("lock").extend(keep.0),
        done: &|_| {},
        progress: &|_| {},
    };
    let source = Source { name: "dump".into(), path: file.path().to_owned() };
    let ingested = match read(&source, options, outlet) {
        Ok(ingested) => ingested,
        Err(InputError::Undecodable { .. } | InputError::Own { .. }) => return None,
        Err(error) => panic!("{error}"),
    };
    let records = records.into_inner().expect("lock");
    let report = &ingested.report;
    assert_eq!(report.bytes, bytes.len() as u64);
    assert_eq!(report.bytes_by.total(), report.decoded_bytes, "every byte is accounted for: {report:?}");
    assert_eq!(report.entries, records.len() as u64);
    assert_eq!(report.entries, report.severity.values().sum::<u64>());
    assert!(report.repaired <= report.entries + report.malformed + report.blank || report.framing == "wrapper");
    assert!(ingested.quarantined.len() as u64 <= report.malformed);
    assert!(report.problems.len() <= PROBLEMS_LISTED);
    assert!(report.problems.len() as u64 + report.problems_more >= report.malformed);
    assert!(report.first <= report.last);
    let within = |offset: u64, length: u64| offset + length <= report.decoded_bytes;
    assert!(ingested.quarantined.iter().all(|piece| within(piece.offset, piece.length)), "{:?}", ingested.quarantined);
    for record in &records {
        assert!(within(record.offset, u64::from(record.length)), "{record:?} of {}", report.decoded_bytes);
        assert!(record.ts_ns.is_none_or(time::is_plausible));
        assert!(record.ts_ns.is_none() || record.ts_source.is_some());
        assert!(record.severity == Severity::Default || record.effective_severity == record.severity);
        let http = record.http.as_ref();
        let texts = [
            &record.project,
            &record.service,
            &record.resource_type,
            &record.location,
            &record.revision,
            &record.instance,
            &record.trace,
            &record.span,
            &record.insert_id,
            &record.log_name,
            &record.module,
            &record.function,
            &record.user,
            &record.labels,
        ];
        let of_http = http.into_iter().flat_map(|http| [&http.method, &http.host, &http.path]);
        for text in texts.into_iter().chain(of_http) {
            assert!(text.as_deref() != Some(""), "an empty text in {record:?}");
        }
        if let Some(labels) = &record.labels {
            let parsed = serde_json::from_str::<serde_json::Value>(labels);
            assert!(parsed.as_ref().is_ok_and(serde_json::Value::is_object) || is_number_error(&parsed), "{labels:?}");
        }
    }
    Some((ingested, records))
}

/// JSON numbers have no limits, those of this parser do.
fn is_number_error<T>(parsed: &serde_json::Result<T>) -> bool {
    parsed.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range"))
}

/// Any bytes: they are read without a panic, every byte is accounted for, and twice the same.
pub(crate) fn framing(data: &[u8]) {
    let first = read_bytes(data, &OPTIONS);
    let again = read_bytes(data, &OPTIONS);
    assert_eq!(first.is_some(), again.is_some());
    if let (Some((first, records)), Some((again, same))) = (first, again) {
        assert_eq!(first.report, again.report);
        assert_eq!(first.quarantined, again.quarantined);
        let identity =
            |record: &LogRecord<'_>| (record.offset, record.length, record.payload_hash, record.content_hash);
        assert!(records.iter().map(identity).eq(same.iter().map(identity)));
    }
    let mut lines = OPTIONS.clone();
    (lines.text, lines.row_bytes) = (true, 64);
    read_bytes(data, &lines);
}

/// A row, damaged as the bytes say, between two good ones: what is read of it is JSON, and the good ones stay.
pub(crate) fn repair(data: &[u8]) {
    let damaged = if data.first() == Some(&b'{') {
        data.to_vec()
    } else {
        let mut bytes = Bytes(data);
        let mut row = bytes.pick(&ROWS).as_bytes().to_vec();
        while !bytes.0.is_empty() {
            let (how, at, byte) = (bytes.next(), usize::from(bytes.next()), bytes.next());
            let at = at.min(row.len());
            match how % 4 {
                0 => row.insert(at, byte),
                1 if at < row.len() => row[at] = byte,
                2 => drop(row.drain(at..(at + usize::from(byte % 8)).min(row.len()))),
                3 if byte < 32 => row.truncate(at),
                _ => drop(row.splice(at..at, bytes.text().bytes())),
            }
        }
        row
    };
    if damaged.len() > 1 << 16 {
        return;
    }
    let good = |id: &str| format!("{{\"insertId\":\"good-{id}\",\"textPayload\":\"kept\"}}");
    let text = [good("first").as_bytes(), b"\n", &damaged, b"\n", good("last").as_bytes(), b"\n"].concat();
    let (_, records) = read_bytes(&text, &OPTIONS).expect("plain text decodes");
    for id in ["good-first", "good-last"] {
        let kept = records.iter().any(|record| record.insert_id.as_deref() == Some(id));
        assert!(kept, "{id} is lost beside {:?}", String::from_utf8_lossy(&damaged));
    }
    for record in &records {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(&record.raw);
        assert!(parsed.is_ok(), "{parsed:?}: {:?}", record.raw);
    }
}

/// Any text as a time, also its bytes as a number: none, or a moment that reads back from RFC 3339.
pub(crate) fn timestamps(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut texts = vec![text.to_string()];
    if let Some(bytes) = data.first_chunk::<8>() {
        let (whole, float) = (i64::from_le_bytes(*bytes), f64::from_le_bytes(*bytes));
        texts.extend([whole.to_string(), format!("{float}"), format!("{float:e}"), format!("{float:.3}")]);
    }
    for text in texts {
        let Some(parsed) = time::parse(&text) else { continue };
        for written in [time::rfc3339(parsed.ns), time::rfc3339_short(parsed.ns)] {
            let again = time::parse(&written).map(|again| (again.ns, again.naive));
            assert_eq!(again, Some((parsed.ns, false)), "{text:?} as {written}");
        }
        let (day, seconds) = (time::day_of(parsed.ns), time::rfc3339_seconds(parsed.ns));
        assert!(!time::is_plausible(parsed.ns) || time::day_from_name(&time::day_name(day)) == Some(day));
        assert!(time::local(parsed.ns, &TimeZone::UTC).starts_with(&seconds[..10]));
    }
    let _ = (time::parse_epoch(&text), time::parse_user(&text, &TimeZone::UTC));
    if let Ok(span) = time::parse_span(&text) {
        assert!(span > 0 && !time::words(span).is_empty());
    }
}

/// A credential among any text, in a message, a label or a broken row: no part of what is kept holds it.
pub(crate) fn redaction(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (start, length) = TOKENS[usize::from(bytes.next()) % TOKENS.len()];
    let alphabet: &[u8] = if start == "AKIA" { b"A1B2C3D4E5F6G7H8" } else { b"a1B2c3D4e5F6g7H8" };
    let secret: String = (0..length).map(|_| char::from(alphabet[usize::from(bytes.next() % 16)])).collect();
    // Made of one character a secret is a placeholder; short of variety it may stand in the text by itself.
    if secret.bytes().collect::<std::collections::BTreeSet<_>>().len() < 4 {
        return;
    }
    let place = bytes.next();
    let around = String::from_utf8_lossy(bytes.0).replace(&secret, "");
    let cut = (0..=around.len() / 2).rev().find(|at| around.is_char_boundary(*at)).unwrap_or(0);
    let (before, after) = around.split_at(cut);
    let text = serde_json::Value::from(format!("{before} {start}{secret} {after}")).to_string();
    let row = match place % 4 {
        0 => format!("{{\"insertId\":\"a\",\"textPayload\":{text}}}"),
        1 => format!(
            "{{\"insertId\":\"a\",\"labels\":{{\"l\":{text}}},\"jsonPayload\":{{\"message\":\"m\",\"x\":{text}}}}}"
        ),
        2 => format!("{{\"msg\":{text},\"level\":50,\"time\":1704067200000}}"),
        _ => format!("{{\"broken\":{text}"),
    };
    let (ingested, records) = read_bytes(row.as_bytes(), &OPTIONS).expect("plain text decodes");
    for record in &records {
        for kept in [&record.message, &record.raw].into_iter().chain(&record.labels) {
            assert!(!kept.contains(&secret), "{start}{secret} is kept in {kept:?}");
        }
    }
    assert!(ingested.quarantined.iter().all(|piece| !piece.text.contains(&secret)), "{:?}", ingested.quarantined);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Runs every seed of a target through its check.
    fn all_of(target: &str, check: impl Fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        let files: Vec<_> =
            std::fs::read_dir(&folder).expect("a folder of seeds").map(|file| file.expect("a file")).collect();
        assert!(!files.is_empty(), "{} holds no seed", folder.display());
        for file in files {
            // Shown only where a check fails: it names the seed.
            let name = file.file_name();
            let seed = std::fs::read(file.path()).expect("a seed");
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&seed)));
            assert!(outcome.is_ok(), "the check of {target} fails for the seed {}", name.display());
        }
    }

    #[test]
    fn seeds_of_any_bytes_are_accounted_for() {
        all_of("framing", super::framing);
    }

    #[test]
    fn seeds_of_damaged_rows_are_repaired_or_refused() {
        all_of("repair", super::repair);
    }

    #[test]
    fn seeds_of_times_read_back() {
        all_of("timestamps", super::timestamps);
    }

    #[test]
    fn seeds_of_every_shape_are_mapped() {
        all_of("gcp", super::gcp);
        all_of("audit_build", super::audit_build);
        all_of("aws", super::aws);
        all_of("otlp", super::otlp);
        all_of("containers", super::containers);
        all_of("app_loggers", super::app_loggers);
        all_of("platform", super::platform);
        all_of("text_csv", super::text_csv);
        all_of("mapped", super::mapped);
    }

    #[test]
    fn seeds_with_credentials_are_masked() {
        all_of("redaction", super::redaction);
    }
}
