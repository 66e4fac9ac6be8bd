use proptest::prelude::*;

use super::super::json::Tape;
use super::*;

#[test]
fn a_time_of_php_has_its_zone_beside_it() {
    let row = mapped_row(
        r#"{"message":"m","level":400,"channel":"app","datetime":{"date":"2024-07-02 05:04:05.678000","timezone_type":3,"timezone":"Europe/Berlin"}}"#,
    );
    assert_eq!(row.ts_ns.map(time::rfc3339_short).as_deref(), Some("2024-07-02T03:04:05.678Z"));
    assert_eq!((row.ts_source.as_deref(), row.ts_naive), (Some("datetime"), false));
}

#[test]
fn every_shape_has_a_seed_that_it_knows() {
    let mut known = [false; REGISTRY.len()];
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for family in std::fs::read_dir(seeds).expect("families") {
        for seed in std::fs::read_dir(family.expect("a family").path()).expect("seeds") {
            let bytes = std::fs::read(seed.expect("a seed").path()).expect("a file");
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            for line in std::iter::once(text.trim()).chain(text.lines()) {
                let mut tape = Tape::default();
                let Ok(value) = tape.parse(line) else { continue };
                let listed = value.items().filter(|_| value.is_array()).map(Row::of).collect::<Vec<_>>();
                let rows = match unwrap(value, &[]) {
                    Unwrapped::Row(row) => {
                        if listed.is_empty() {
                            vec![row]
                        } else {
                            listed
                        }
                    }
                    Unwrapped::Wrapper { rows, .. } => rows.iter().map(|carried| Row::of(carried.row)).collect(),
                };
                for row in rows.iter().filter(|row| row.value().is_object()) {
                    let has = |key: &&str| row.value().fields().any(|(own, _)| own.starts_with(key.as_bytes()));
                    let knows = |shape: &&dyn Shape| {
                        (shape.keys().is_empty() || shape.keys().iter().any(has)) && shape.knows(row)
                    };
                    known[REGISTRY.iter().position(knows).expect("the last one knows all")] = true;
                }
            }
        }
    }
    let missing: Vec<_> = (0..known.len()).filter(|at| !known[*at]).map(|at| REGISTRY[at].keys()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Keys of every shape, some of which only mean something inside others.
fn key() -> impl Strategy<Value = String> {
    let known = REGISTRY.iter().flat_map(|shape| shape.keys()).copied();
    let listed = keys::FIELDS.iter().flat_map(|(_, paths)| *paths).copied();
    let nested = "resource labels service_name jsonPayload protoPayload textPayload httpRequest trace logName insertId \
        receiveTimestamp methodName resourceName response status code message attributes key value stringValue \
        kvlistValue values stream columns rows name result field logs stack exception context user level latency \
        requestUrl requestMethod split uid index body instant epochSecond nanoOfSecond seconds nanos";
    let all: Vec<&'static str> = known.chain(listed).chain(nested.split_whitespace()).collect();
    prop_oneof![9 => proptest::sample::select(all).prop_map(str::to_owned), 1 => "[a-z./\\\\ ]{0,6}"]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![
        Just(String::new()),
        Just("2025-01-01T00:00:00.5Z".to_owned()),
        Just("projects/p/traces/".to_owned()),
        Just("7:".to_owned()),
        Just(":7".to_owned()),
        Just(" \n".to_owned()),
        Just("E: x\n    at f (a.js:1:2)".to_owned()),
        Just("type.googleapis.com/google.cloud.audit.AuditLog".to_owned()),
        Just("{\"level\":\"error\",\"message\":{\"a\":1},\"logger\":\"\"}".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1.0e18..1.0e18).prop_map(Into::into),
        (0..900_i64).prop_map(Into::into),
        text.prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            2 => proptest::collection::btree_map(key(), inner.clone(), 0..7)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            1 => proptest::collection::vec(inner, 0..4).prop_map(Into::into),
        ]
    })
}

proptest! {
    #[test]
    fn no_row_of_any_shape_breaks_a_mapper(members in proptest::collection::btree_map(key(), json(), 1..9)) {
        let text = serde_json::Value::Object(members.into_iter().collect()).to_string();
        let mut tape = Tape::default();
        let carried = match unwrap(tape.parse(&text).expect("valid"), &[]) {
            Unwrapped::Row(row) => vec![Carried { row: row.value(), beside: Beside::default() }],
            Unwrapped::Wrapper { rows, .. } => rows,
        };
        for carried in carried.into_iter().filter(Carried::is_row) {
            let mut record = LogRecord::default();
            map(&Row::of(carried.row), carried.beside, &[], &mut record);
            let http = record.http.clone().unwrap_or_default();
            let texts = [
                &record.project, &record.service, &record.resource_type, &record.location, &record.revision,
                &record.instance, &record.trace, &record.span, &record.insert_id, &record.log_name, &record.module,
                &record.function, &record.user, &record.labels, &http.method, &http.host, &http.path,
            ];
            for text in texts {
                prop_assert!(text.as_deref() != Some(""), "an empty text in {record:?} of {text:?}");
            }
            prop_assert_eq!(record.ts_ns.is_some(), record.ts_source.is_some());
            let named = record.effective_reason == Some(level::NAMED);
            let same = record.effective_severity == record.severity;
            prop_assert!(record.severity == Severity::Default || named || same);
            prop_assert!(record.effective_severity >= record.severity);
        }
    }
}

#[test]
fn reads_latencies_and_urls() {
    let of = |text: &str| latency_ns(Tape::default().parse(text).expect("valid"));
    for negative in [r#""-1s""#, r#""-0.5s""#, "-3", r#"{"seconds":-1}"#] {
        assert_eq!(of(negative), None, "{negative}");
    }
    assert_eq!(of("\"3.786648988s\""), Some(3_786_648_988));
    assert_eq!(of("\"2s\""), Some(2_000_000_000));
    assert_eq!(of("{\"seconds\":1,\"nanos\":5}"), Some(1_000_000_005));
    assert_eq!(of("{}"), None);
    assert_eq!((of("\"12.3ms\""), of("1.5e-3"), of("\"soon\"")), (Some(12_300_000), Some(1_500_000), None));
    assert_eq!(host_and_path("https://a.b/c/d?e=f".into()), (Some("a.b".into()), Some("/c/d".into())));
    assert_eq!(host_and_path("/c?d".into()), (None, Some("/c".into())));
    assert_eq!(host_and_path("https://a.b".into()), (Some("a.b".into()), Some("/".into())));
    for (url, host, path) in [
        ("https://admin:hunter22@a.b/c", "a.b", "/c"),
        ("https://admin:hunt@er22@a.b:8080?d", "a.b:8080", "/"),
        ("https://admin@a.b#c/d", "a.b", "/"),
        ("https://[::1]:80/c", "[::1]:80", "/c"),
        ("https://[::1]", "[::1]", "/"),
        ("https://a.b?mail=c@d.e/f", "a.b", "/"),
        ("https://admin:hunter#22@a.b/c", "admin", "/"),
    ] {
        assert_eq!(host_and_path(url.into()), (Some(host.into()), Some(path.into())), "{url}");
    }
}
