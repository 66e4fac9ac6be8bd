use std::collections::HashMap;

use super::*;

fn refused(text: &str) -> &'static str {
    Tape::default().parse(text).expect_err(text).reason
}

#[test]
fn finds_members_items_and_paths() {
    let mut tape = Tape::default();
    let text = r#" {"a":1,"b":{"c":[true,null,"x\ny"]},"log.level":"warn","a":2.0,"d":{"e":{"f":"g"}}} "#;
    let value = tape.parse(text).expect("valid");
    assert_eq!(value.get("a").and_then(Value::as_i64), Some(2), "the last of two equal keys wins");
    assert_eq!(value.path("log.level").and_then(Value::as_str).as_deref(), Some("warn"));
    assert_eq!(value.path("d.e.f").and_then(Value::as_str).as_deref(), Some("g"));
    let items: Vec<_> =
        value.path("b.c").expect("array").items().map(|item| item.scalar().map(Cow::into_owned)).collect();
    assert_eq!(items, [Some("true".to_owned()), None, Some("x\ny".to_owned())]);
    assert_eq!(value.members().count(), 5);
    assert!(value.get("nothing").is_none());
}

#[test]
fn refuses_what_json_refuses() {
    assert_eq!(refused("{\"a\":NaN}"), "expected a value");
    assert_eq!(refused("{\"a\":\"\t\"}"), "control character in a string");
    assert_eq!(refused(r#"{"a":"\ud83d"}"#), "lone surrogate");
    assert_eq!(refused(r#"{"a":"\x"}"#), "not an escape");
    assert_eq!(refused("{\"a\":1"), "the value ends early");
    assert_eq!(refused("{\"a\":01}"), "not a number");
    assert_eq!(refused("{} {}"), "text after the value");
    assert_eq!(refused(&"[".repeat(200)), "nested deeper than 128 levels");
    assert_eq!(refused(""), "the value ends early");
}

#[test]
fn agrees_with_serde_json_on_escapes() {
    for text in [r#""\u00e9\ud83d\ude00\/\\\"\b\f\r\t""#, r#""plain é""#, r#""\u0041""#] {
        let expected: String = serde_json::from_str(text).expect("valid");
        assert_eq!(Tape::default().parse(text).expect("valid").as_str().as_deref(), Some(expected.as_str()));
    }
}

#[test]
fn strings_end_where_they_end_whatever_their_length() {
    for length in 0..40 {
        for tail in ["\"", "\\n\"", "é\"", "\\\\\""] {
            let text = format!("\"{}{tail}", "x".repeat(length));
            let expected: String = serde_json::from_str(&text).expect("valid");
            let mut tape = Tape::default();
            assert_eq!(tape.parse(&text).expect("valid").as_str().as_deref(), Some(expected.as_str()));
            for end in 1..text.len() {
                let cut = text.get(..end).unwrap_or("\"");
                assert!(tape.parse(cut).expect_err(cut).may_be_cut(cut), "{cut}");
            }
        }
    }
}

#[test]
fn the_front_of_a_text_ends_with_its_value() {
    let mut tape = Tape::default();
    assert_eq!(tape.parse_front("{\"a\":[1, 2]},{\"b\":2}").expect("valid").1, 12);
    assert!(!tape.multi_line);
    assert_eq!(tape.parse_front("{\n}\n").expect("valid").1, 3);
    assert!(tape.multi_line);
}

#[test]
fn keys_that_stand_twice_are_counted_in_any_order() {
    let of = |text: &str| {
        let mut tape = Tape::default();
        tape.parse(text).expect("valid");
        tape.duplicate_keys
    };
    assert_eq!(of(r#"{"a":1,"b":2,"c":{"a":1}}"#), 0);
    assert_eq!(of(r#"{"b":1,"a":2,"b":3,"a":4,"a":5}"#), 3);
    assert_eq!(of(r#"{"longer key 1":1,"longer key 2":2,"longer key 1":3}"#), 1);
    let many = (0..40).map(|i| format!("\"k{}\":{i},", (i * 7) % 40)).collect::<Vec<_>>().concat();
    assert_eq!(of(&format!("{{{many}\"k3\":0}}")), 1);
    assert_eq!(of(&format!("{{{many}\"z\":0}}")), 0);
}

#[test]
fn canonical_text_ignores_spacing_and_the_order_of_keys() {
    let of = |text: &str| {
        let (mut tape, mut out) = (Tape::default(), String::new());
        tape.parse(text).expect("valid").canonical(&mut out);
        out
    };
    assert_eq!(of(r#"{"b": [1, "x"], "a": {"z":1,"y":2}}"#), of(r#"{"a":{"y":2,"z":1},"b":[1,"\u0078"]}"#));
    assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
}

#[test]
fn canonical_text_is_json_and_told_only_where_it_is_another() {
    let spaced =
        "{\n  \"c\\\" d\\\\\": \"e  { \\\" f\\/\",\n \"a b\" : [ 1.50 ,\t{}, \"\\u00e9\" ],\r\n  \"g\": null\n}";
    let compact = r#"{"a b":[1.50,{},"é"],"c\" d\\":"e  { \" f/","g":null}"#;
    assert_eq!(canonical(spaced).as_deref(), Some(compact));
    assert_eq!(canonical(compact), None);
    assert_eq!(canonical("{\"a\""), None, "no JSON");
}

#[test]
fn a_tape_that_remembers_reads_rows_as_a_fresh_one_does() {
    let resource = |n: usize| {
        format!(r#"{{"labels":{{"service_name":"shop-{}","zone":"eu-{}","\u0061":[1,{{}}]}}}}"#, n % 3, n / 7 % 2)
    };
    let labels = |n: usize| format!(r#"{{"instance":"0069c7a95f1620496c46dc{:04}","in":{}}}"#, n % 5, n % 2);
    let own = |n: usize| format!(r#"{{"request":"a text that is never the same {n}","a":1,"a":{n}}}"#);
    let mut remembering = Tape::for_rows();
    let mut repeated: HashMap<u16, String> = HashMap::new();
    for n in 0..400 {
        let (space, cut) = (if n % 50 == 49 { "\n " } else { "" }, if n % 31 == 30 { 9 } else { 0 });
        let object = |text: String| text.replace(",\"", &format!(",{space}\""));
        let row = format!(
            r#"{{"pad":"{}","labels":{},"own":{},{space}"resource":{},"z":{{}}}}"#,
            "x".repeat(n % 17),
            object(labels(n)),
            own(n),
            object(resource(n)),
        );
        let row = &row[..row.len() - cut];
        let mut fresh = Tape::default();
        let found = remembering.parse_front(row).map(|(value, length)| (value.raw().len(), length));
        let expected = fresh.parse_front(row).map(|(value, length)| (value.raw().len(), length));
        assert_eq!(found, expected, "{row}");
        if expected.is_ok() {
            let nodes = remembering.nodes.iter().map(|node| node.numbered(0)).collect::<Vec<_>>();
            assert_eq!(format!("{nodes:?}"), format!("{:?}", fresh.nodes), "{row}");
            for (_, member) in remembering.parsed(row).fields() {
                if let Some(number) = member.repeat() {
                    assert_eq!(repeated.entry(number).or_insert_with(|| member.raw().to_owned()), member.raw());
                }
            }
            let flags = |tape: &Tape| (tape.duplicate_keys, tape.multi_line);
            assert_eq!(flags(&remembering), flags(&fresh), "{row}");
        }
    }
    assert!(repeated.len() > 10, "{repeated:?}");
}
