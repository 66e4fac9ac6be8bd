//! Wrappers larger than a row may be, whose rows are read one by one.

use super::*;

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

/// The same file held whole and with a limit that makes it a stream.
fn held_and_streamed(text: &str, limit: usize) -> Outcome {
    let held = ingest(text.as_bytes(), |_| {});
    let streamed = ingest(text.as_bytes(), |options| options.row_bytes = limit);
    assert_eq!(streamed.records, held.records);
    assert_eq!(streamed.report, held.report);
    assert_eq!(held.report.malformed, 0, "{:?}", held.report.problems);
    streamed
}

#[test]
fn open_telemetry_documents_larger_than_a_row_may_be_keep_resource_and_scope() {
    let record = |i: usize| format!(r#"{{"timeUnixNano":"17040672000000000{i:02}","body":{{"stringValue":"same"}}}}"#);
    let records = (0..30).map(record).collect::<Vec<_>>().join(",");
    let bundle = |service: &str| {
        let scopes: Vec<String> = ["cart", "till"]
            .iter()
            .map(|scope| format!(r#"{{"scope":{{"name":"{service}.{scope}"}},"logRecords":[{records}]}}"#))
            .collect();
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},"scopeLogs":[{}],"schemaUrl":"x"}}"#,
            scopes.join(",")
        )
    };
    let text = format!(r#"{{"resourceLogs":[{},{}]}}"#, bundle("shop"), bundle("mail"));
    for limit in [500, 3_000, 6_000] {
        let read = held_and_streamed(&text, limit);
        assert_eq!(read.report.entries, 120);
        assert_eq!((read.report.services["shop"], read.report.services["mail"]), (60, 60));
        let mut hashes: Vec<u128> = read.records.iter().map(|row| row.content_hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 120, "records that differ in service or scope alone are not equal");
        assert_eq!(read.records[0].module.as_deref(), Some("shop.cart"));
        assert_eq!(read.records[119].module.as_deref(), Some("mail.till"));
    }
}

#[test]
fn hits_and_groups_larger_than_a_row_may_be_are_read_row_by_row() {
    let row = |i: usize| format!(r#"{{"insertId":"{i}","textPayload":"x"}}"#);
    let rows = |from: usize| (from..from + 40).map(row).collect::<Vec<_>>().join(",");
    let hit = |i: usize| format!(r#"{{"_index":"logs","_id":"{i}","_source":{{"message":"m","level":"warn"}}}}"#);
    let hits = (0..40).map(hit).collect::<Vec<_>>().join(",");
    for (text, entries) in [
        (format!(r#"{{"took":3,"hits":{{"total":{{"value":40}},"hits":[{hits}]}},"more":"x"}}"#), 40),
        (format!(r#"{{"logs_by_severity":{{"ERROR":[{}],"WARNING":[{}],"INFO":[]}},"n":1}}"#, rows(0), rows(50)), 80),
        (format!(r#"{{"ERROR":[{}], "WARNING" : [{}]}}"#, rows(0), rows(50)), 80),
        (format!(r#"[{{"entries":[{}]}},{{"by_severity":{{"ERROR":[{}]}}}}]"#, rows(0), rows(50)), 80),
    ] {
        let read = held_and_streamed_rows(&text, 400);
        assert_eq!(read.report.entries, entries, "{text}");
    }
}

#[test]
fn lists_of_entries_beside_one_another_are_read_whatever_their_size_and_keys() {
    let row = |i: usize| format!(r#"{{"insertId":"{i}","timestamp":"2025-09-01T10:00:00Z","textPayload":"x {i}"}}"#);
    let rows = |from: usize| (from..from + 40).map(row).collect::<Vec<_>>().join(", ");
    for (text, entries) in [
        (format!(r#"{{"logs":[{}],"errors":[{}],"n":[{{"a":1}}]}}"#, rows(0), rows(50)), 80),
        (format!("{{\"errors\" : [\n{}\n], \"note\":\"]\", \"logs\":[ {}]}}\n", rows(0), rows(50)), 80),
        (format!(r#"{{"fetched":"1h","error_logs":[{}]}}"#, rows(0)), 40),
        (format!(r#"{{"stderr":[{}],"stdout":[{}],"none":[]}}"#, rows(0), rows(50)), 80),
        (format!(r#"{{"data":{{"found":[{}]}},"n":1}}"#, rows(0)), 40),
        (format!(r#"{{"logs":[{}],"more":[{{"insertId":"x"}},{{"insertId":"y"}}]}}"#, rows(0)), 40),
    ] {
        let read = held_and_streamed_rows(&text, 400);
        assert_eq!(read.report.entries, entries, "{text}");
    }
}

/// Like [`held_and_streamed`], for files whose framing is told by how they were read.
fn held_and_streamed_rows(text: &str, limit: usize) -> Outcome {
    let mut held = ingest(text.as_bytes(), |_| {});
    let streamed = ingest(text.as_bytes(), |options| options.row_bytes = limit);
    // Lists that stand beside one another are read in the order of their keys, and as they come.
    held.records.sort_by_key(|record| record.offset);
    assert_eq!(streamed.records, held.records);
    assert_eq!(streamed.report.malformed, 0, "{:?}", streamed.report.problems);
    assert_eq!(streamed.report.bytes_by.total(), text.len() as u64);
    streamed
}

#[test]
fn a_wrapper_that_cannot_be_streamed_is_refused_with_the_remedy() {
    let cells = (0..60).map(|i| format!("[{i},\"a\"]")).collect::<Vec<_>>().join(",");
    let text =
        format!(r#"{{"tables":[{{"columns":[{{"name":"TimeGenerated"}},{{"name":"Message"}}],"rows":[{cells}]}}]}}"#);
    assert_eq!(ingest(text.as_bytes(), |_| {}).report.entries, 60);
    let report = ingest(text.as_bytes(), |options| options.row_bytes = 300).report;
    assert_eq!((report.entries, report.malformed), (0, 1));
    assert!(report.problems[0].reason.contains("raise row-bytes"), "{:?}", report.problems);
}
