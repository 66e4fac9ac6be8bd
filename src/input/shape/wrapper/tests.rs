//! Wrappers and rows, told apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn count(text: &str) -> Option<usize> {
    let mut tape = Tape::default();
    match unwrap(tape.parse(text).expect("valid"), &[]) {
        Unwrapped::Row(_) => None,
        Unwrapped::Wrapper { rows, .. } => Some(rows.len()),
    }
}

#[test]
fn tells_wrappers_from_rows() {
    assert_eq!(count(r#"{"entries":[{"a":1},{"a":2}],"nextPageToken":"x"}"#), Some(2));
    assert_eq!(count(r#"{"raw_logs":[{"a":1}],"logs_by_severity":{"ERROR":50}}"#), Some(1));
    assert_eq!(count(r#"{"logs_by_severity":{"ERROR":[{"a":1}],"INFO":[{"a":2},{"a":3}]}}"#), Some(3));
    assert_eq!(count(r#"{"hits":{"hits":[{"_source":{"a":1}}]}}"#), Some(1));
    assert_eq!(count(r#"{"status":"success","result":[{"entries":[{"a":1},{"a":2}]}]}"#), Some(2));
    assert_eq!(count(r#"{"ERROR":[{"a":1}],"WARNING":[{"a":2},{"a":3}]}"#), Some(3));
    assert_eq!(count(r#"{"ERROR":[{"a":1}],"note":"x"}"#), None);
    assert_eq!(count(r#"{"_index":"i","_id":"1","_source":{"message":"x"}}"#), Some(1));
    assert_eq!(count(r#"{"entries":[]}"#), Some(0));
    assert_eq!(count(r#"{"timestamp":"2025-01-01T00:00:00Z","data":[{"a":1}]}"#), None);
    assert_eq!(count(r#"{"errorGroups":[{"id":"x"}],"textPayload":"y"}"#), None);
    assert_eq!(count(r#"{"a":{"b":[{"c":1}]}}"#), None);
    assert_eq!(count(r#"{"data":{"items":[{"c":1}]}}"#), None);
    assert_eq!(
        count(r#"{"id":1,"result":{"entries":[{"timestamp":"2025-01-01T00:00:00Z","severity":"INFO"}]}}"#),
        Some(1)
    );
    let rows = r#"[{"timestamp":"2025-01-01T00:00:00Z","severity":"ERROR"},{"severity":"INFO"}]"#;
    assert_eq!(count(&format!(r#"{{"status":"success","message":"2 logs","logs":{rows}}}"#)), Some(2));
    assert_eq!(count(&format!(r#"{{"timestamp":"2025-01-01T00:00:00Z","raw_logs":{rows}}}"#)), Some(2));
    for (first, second) in [("requests", "logs"), ("entries", "errors")] {
        let more = r#"[{"timestamp":"2025-01-01T00:00:01Z","insertId":"c","severity":"INFO","textPayload":"x"}]"#;
        let rows = format!("[{0},{0}]", &more[1..more.len() - 1]);
        assert_eq!(count(&format!(r#"{{"{first}":{rows},"{second}":{more},"note":"x"}}"#)), Some(3));
    }
    assert_eq!(count(&format!(r#"{{"logs":{rows},"services":[{{"severity":1}}]}}"#)), Some(2));
    let chart = r#"[{"timestamp":"2025-01-01T00:00:00Z","count":5}]"#;
    assert_eq!(count(&format!(r#"{{"logs":{rows},"histogram":{chart},"errors":{rows}}}"#)), Some(2));
    assert_eq!(count(r#"{"message":"bought","items":[{"sku":1},{"sku":2}]}"#), None);
    assert_eq!(count(r#"{"message":"bought","items":[]}"#), None);
}

#[test]
fn bundles_of_entries_are_opened_however_they_were_put_together() {
    let entry = r#"{"insertId":"a","timestamp":"2025-01-01T00:00:00Z","textPayload":"x"}"#;
    let rows = format!("[{entry},{entry}]");
    for (bundle, entries) in [
        (r#"{"fetched":"1h","error_logs":ROWS}"#, 2),
        (r#"{"error":ROWS,"Warning":ROWS}"#, 4),
        (r#"{"project":"acme","ERROR":ROWS,"WARNING":ROWS}"#, 4),
        (r#"{"errors":ROWS,"warnings":ROWS}"#, 4),
        (r#"{"shop":ROWS,"mail":ROWS,"from":"12:00"}"#, 4),
        (r#"{"services":{"shop":{"entries":ROWS},"mail":{"entries":ROWS}},"meta":{"a":1}}"#, 4),
        (r#"{"meta":{"a":{"b":1}},"data":{"logs":ROWS}}"#, 2),
        (r#"{"logEntry":ENTRY}"#, 1),
        (r#"{"entry":ENTRY,"index":4}"#, 1),
    ] {
        let text = bundle.replace("ROWS", &rows).replace("ENTRY", entry);
        assert_eq!(count(&text), Some(entries), "{text}");
    }
    assert_eq!(count(&format!(r#"{{"a":{rows},"b":[{{"sku":1}}]}}"#)), None, "not all are lists of entries");
    assert_eq!(count(&format!(r#"{{"message":"replayed","entry":{entry}}}"#)), None, "it says something itself");
}

#[test]
fn answers_of_graylog_and_new_relic_are_opened() {
    let message = r#"{"timestamp":"2024-01-02T03:04:05Z","message":"x","source":"h"}"#;
    let text = format!(r#"{{"messages":[{{"highlight_ranges":{{}},"message":{message},"index":"g_0"}}]}}"#);
    let mut tape = Tape::default();
    let Unwrapped::Wrapper { rows, .. } = unwrap(tape.parse(&text).expect("valid"), &[]) else { panic!("a row") };
    assert_eq!(rows.iter().map(|carried| carried.row.raw()).collect::<Vec<_>>(), [message]);
    let rows = r#"{"results":[{"timestamp":1,"message":"x"},{"timestamp":2,"message":"y"}]}"#;
    assert_eq!(count(&format!(r#"{{"data":{{"actor":{{"account":{{"nrql":{rows}}}}}}}}}"#)), Some(2));
    assert_eq!(count(r#"{"data":{"actor":{"name":"ann"}},"timestamp":"2024-01-02T03:04:05Z"}"#), None);
}

#[test]
fn an_entry_that_lists_things_is_no_wrapper() {
    let time = "2024-01-02T03:04:05.678Z";
    for text in [
        r#"{"datetime":"TIME","event":"cart","levelname":"ERROR","items":[{"sku":1},{"sku":2}]}"#,
        r#"{"outcome":"exception","scriptName":"wk","exceptions":[{"name":"E","message":"boom"}],"logs":[],"eventTimestamp":1704164645678}"#,
        r#"{"levelname":"ERROR","event":"cart","data":[]}"#,
        r#"{"id":7,"comments":[{"body":"x"}]}"#,
        r#"{"created_at":"TIME","title":"x","comments":[{"created_at":"TIME","body":"x"}]}"#,
        r#"{"a":[{"timestamp":"TIME","message":"x"}],"b":[{"timestamp":"TIME","message":"x"}]}"#,
    ] {
        assert_eq!(count(&text.replace("TIME", time)), None, "{text}");
    }
    for text in [
        r#"{"created_at":"TIME","description":"of today","items":[{"sku":1},{"sku":2}]}"#,
        r#"{"eventTime":"TIME","event":"export","items":[{"ts":1704164645,"msg":"x"},{"ts":1704164645,"msg":"y"}]}"#,
    ] {
        assert_eq!(count(&text.replace("TIME", time)), Some(2), "{text}");
    }
}

#[test]
fn an_empty_list_does_not_hide_another() {
    assert_eq!(count(r#"{"items":[],"rows":[{"timestamp":"2024-01-02T03:04:05Z","message":"x"}]}"#), Some(1));
    assert_eq!(count(r#"{"messages":[],"fields":["_time","_raw"],"rows":[["2024-01-02T03:04:05Z","x"]]}"#), Some(1));
    assert_eq!(count(r#"{"items":[],"rows":[]}"#), Some(0));
}

#[test]
fn rows_under_an_unknown_key_are_told_by_what_they_say() {
    let row = r#"{"timestamp":"2024-01-02T03:04:05Z","level":"error","message":"x"}"#;
    for text in [
        r#"{"total":1,"log_lines":[ROW,ROW]}"#,
        r#"{"responses":[{"took":1,"hits":{"hits":[{"_id":"a","_source":ROW}]}},{"hits":{"hits":[{"_id":"b","_source":ROW}]}}]}"#,
        r#"{"isPartial":false,"rawResponse":{"took":1,"hits":{"hits":[{"_id":"a","_source":ROW},{"_id":"b","_source":ROW}]}}}"#,
        r#"{"results":[{"statement_id":0,"series":[{"columns":["time","message"],"values":[[1,"x"],[2,"y"]]}]}]}"#,
    ] {
        assert_eq!(count(&text.replace("ROW", row)), Some(2), "{text}");
    }
}

#[test]
fn lookups_of_trails_are_unwrapped() {
    assert_eq!(count(r#"{"Events":[{"EventId":"e","EventName":"x"}],"NextToken":"n"}"#), Some(1));
}

#[test]
fn an_event_that_carries_an_entry_is_a_wrapper_and_any_other_a_row() {
    let event = |data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"google.cloud.audit.log.v1.written","source":"//x","id":"e","time":"2024-01-02T03:04:05Z","data":{data}}}"#
        )
    };
    let carried = |text: &str| {
        let mut tape = Tape::default();
        match unwrap(tape.parse(text).expect("valid"), &[]) {
            Unwrapped::Row(_) => None,
            Unwrapped::Wrapper { rows, .. } => {
                Some(rows.iter().map(|row| row.row.raw().to_owned()).collect::<Vec<_>>())
            }
        }
    };
    let entry = r#"{"insertId":"i","logName":"projects/p/logs/x","protoPayload":{"methodName":"m"},"resource":{"type":"t","labels":{}},"timestamp":"2024-01-02T03:04:04Z"}"#;
    assert_eq!(carried(&event(entry)), Some(vec![entry.to_owned()]));
    let message = |data: &str| {
        let data = STANDARD.encode(data);
        format!(
            r#"{{"subscription":"projects/p/subscriptions/s","message":{{"data":"{data}","messageId":"1","publishTime":"2024-01-02T03:04:05Z"}}}}"#
        )
    };
    let program = r#"{"time":"2024-01-02T03:04:04Z","level":"error","msg":"no stock"}"#;
    let many =
        [format!("[{program}]"), format!(r#"{{"entries":[{program}]}}"#), program.replace('}', ",\"rest\":NaN}")];
    for data in [entry, program].into_iter().chain(many.iter().map(String::as_str)) {
        assert_eq!(carried(&event(&message(data))), Some(vec![message(data)]), "{data}");
    }
    // What has no time of its own, or is no log, keeps that of the event.
    for data in [r#"{"order":17}"#, "{}", "hello", "7", "[]", r#"{"level":"error","msg":"no stock"}"#] {
        assert_eq!(carried(&event(&message(data))), None, "{data}");
    }
    assert_eq!(carried(&event(r#"{"message":{"data":"hi","from":"bob"}}"#)), None);
    for other in [r#"{"order":17}"#, "null", r#""text""#, r#"{"message":"no stock"}"#] {
        assert_eq!(carried(&event(other)), None, "{other}");
    }
}

#[test]
fn remembers_the_window_a_wrapper_was_asked_for() {
    let mut tape = Tape::default();
    let text = r#"{"time_range":{"start":"2025-09-15T20:00:00+00:00","end":"2025-09-15T21:00:00+00:00"},"entries":[]}"#;
    let Unwrapped::Wrapper { window: Some(window), .. } = unwrap(tape.parse(text).expect("valid"), &[]) else {
        panic!("a wrapper")
    };
    assert_eq!((window.since.as_str(), window.source.as_str()), ("2025-09-15T20:00:00.000000000Z", "file metadata"));
}
