//! What pass 2 joins and what it keeps apart, and what people read of it.

use super::super::*;
use super::{corpus, one, texts};

#[test]
fn text_damaged_by_a_narrow_code_page_joins_the_clean_template() {
    let clean = "✅ Größe geprüft für Konto 7";
    for damaged in [
        "?? Gr??e gepr?ft f?r Konto 8",
        "? Gr��e gepr�ft f�r Konto 9",
        "[U+2705] Größe geprüft für Konto 10",
        "� Gr?e gepr?ft f?r Konto 11",
    ] {
        let found = mine_lines([clean, damaged].into_iter());
        assert_eq!(found[0], found[1], "{damaged}");
        assert_eq!(found[0].1, "✅ Größe geprüft für Konto <num>", "{damaged}");
    }
    assert_eq!(texts(&["Is it done?", "Is it done?"]), ["Is it done?"; 2]);
    assert_eq!(texts(&["🚀 start", "⚠️ start"])[0], "<*> start");
}

#[test]
fn a_value_of_several_pieces_is_the_variable_that_others_have_there() {
    let found = texts(&["peer 10.0.0.1:80 refused the call", "peer cart:8080 refused the call"]);
    assert_eq!(found[0], found[1]);
    let quoted = texts(&["unit \"disk-7\" went away now", "unit \"SCSI:disk-9:x\" went away now"]);
    assert_eq!(quoted[0], quoted[1]);
}

#[test]
fn bracketed_lists_of_any_length_are_one_variable() {
    let found = texts(&["loaded plugins [auth, cart]", "loaded plugins [auth, cart, mail]", "loaded plugins []"]);
    assert_eq!(found, ["loaded plugins [<*>]"; 3]);
    let dicts = texts(&["state is {'a': 1, 'b': 'x'}", "state is {'a': 1}"]);
    assert_eq!(dicts, ["state is {<*>}"; 2]);
    let prose = texts(&["stopped (no space, disk full)", "stopped (no space)"]);
    assert_ne!(prose[0], prose[1]);
}

#[test]
fn two_names_that_change_together_are_two_variables() {
    let pair = [("auth-api", "host_a"), ("cart-api", "host_b"), ("mail-api", "host_c"), ("user-api", "host_d")];
    let lines: Vec<String> = pair.iter().map(|(s, h)| format!("moved service {s} over to {h} again")).collect();
    let found = mine_lines(lines.iter().map(String::as_str));
    assert!(found.iter().all(|(_, t)| t == "moved service <*> over to <*> again"), "{found:?}");
}

#[test]
fn a_size_said_twice_meets_the_size_said_once() {
    let found = texts(&["a.b closed, 310 bytes sent", "a.b closed, 2048 bytes (2.00 KB) sent"]);
    assert_eq!(found[0], found[1]);
}

#[test]
fn values_of_requests_have_names_positions_and_kinds() {
    let route = "/users/42/orders/6f1c2a340b5d?full=1";
    let template = one(Subject::Request { method: "GET", route, status: Some(503) });
    let found = extract_request(&template, "GET", route, Some(503), Some(0.25));
    let short: Vec<_> =
        found.iter().map(|p| (p.slot, p.position, p.name.as_deref(), p.kind, p.text.as_str())).collect();
    assert_eq!(
        short,
        [
            (0, Some(5), Some("users"), ParamKind::Num, "42"),
            (1, Some(9), Some("orders"), ParamKind::Hex, "6f1c2a340b5d"),
            (2, None, Some("method"), ParamKind::Text, "GET"),
            (3, None, Some("status"), ParamKind::Num, "503"),
            (4, None, Some("latency"), ParamKind::Duration, "0.25"),
        ]
    );
    let deep = "/a1b2c3d4".repeat(20);
    let template = one(Subject::Request { method: "GET", route: &deep, status: None });
    assert_eq!(extract_request(&template, "", &deep, None, None).len(), 17);
}

#[test]
fn units_are_kept_where_they_do_not_vary() {
    assert_eq!(texts(&["took 3ms", "took 20ms"]), ["took <num>ms"; 2]);
    assert_eq!(texts(&["took 3ms", "took 2s"]), ["took <duration>"; 2]);
    assert_eq!(texts(&["took 1m30.5s"]), ["took <duration>"]);
    assert_eq!(texts(&["mail to anna@shop.example sent"]), ["mail to <email> sent"]);
    let template = one(Subject::Text("waited 1m30.5s for Größe 3"));
    let found = extract(&template, "waited 2m0.5s for Gr??e 7");
    assert_eq!((found[0].number, found[0].unit.as_deref()), (Some(120.5), Some("s")));
    assert_eq!((found[1].number, found[1].position), (Some(7.0), Some(8)));
}

#[test]
fn the_word_after_time_and_level_names_the_event() {
    let names = ["order_saved", "stock_checked", "stock_missing", "mail_kept"];
    let lines: Vec<String> =
        names.iter().map(|n| format!("2031-01-02 03:04:05 [info     ] {n} hash=a1b2c3d4")).collect();
    let ids: std::collections::BTreeSet<_> = mine_lines(lines.iter().map(String::as_str)).into_iter().collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn lists_after_a_key_are_one_value_whatever_they_hold() {
    let found = texts(&[
        "check failed errors=['name: is empty', 'it\\'s (odd)'] left=2",
        "check failed errors=['age: is empty'] left=3",
    ]);
    assert_eq!(found[0], found[1]);
    let found = texts(&["odd cache key ':1:shop:list:7' met", "odd cache key ':2:shop:page:8:full' met"]);
    assert_eq!(found, ["odd cache key '<*>' met"; 2]);
}

#[test]
fn a_lone_word_in_brackets_is_no_list() {
    let found = texts(&["[ERROR] took [auth, cart]", "[INFO] took [auth, cart, mail]", "[INFO] took [auth]"]);
    assert_eq!(found, ["[ERROR] took [<*>]", "[INFO] took [<*>]", "[INFO] took [<*>]"]);
    let trace =
        |head: &str| format!("{head}\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1");
    let mut table = SignatureTable::new();
    let mut miner = Miner::new();
    for head in ["took [auth, cart]", "took [auth, cart, mail]"] {
        miner.sign(&mut table, Subject::Text(&trace(head)), Some(1), "", head);
    }
    let set = templates(&table);
    assert_eq!(set.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["took [<*>] [KeyError]"]);
}

#[test]
fn many_messages_in_which_several_words_vary_at_once_are_one_template() {
    let line = |n: u64| {
        format!("moved order {} of {} on to shelf {} now", corpus::word(n), corpus::word(n + 99), corpus::word(n * 7))
    };
    let lines: Vec<String> = (300..340).map(line).collect();
    let found = mine_lines(lines.iter().map(String::as_str));
    assert!(found.iter().all(|(_, t)| t == "moved order <*> of <*> on to shelf <*> now"), "{:?}", found[0]);
    let few = mine_lines(lines[..20].iter().map(String::as_str));
    assert_ne!(few[0].0, few[1].0);
}

#[test]
fn what_a_key_says_is_mined_and_what_it_holds_is_a_value() {
    let line =
        |level: &str, msg: &str, err: &str| format!("level={level} ts=2031-01-02T03:04:05Z msg={msg} err={err} n=7");
    let lines = [
        line("error", "\"cannot reach stock\"", "\"dial 10.2.3.4:80: refused\""),
        line("error", "\"cannot reach stock\"", "\"dial 10.2.3.5:81: refused\""),
        line("error", "\"cannot save cart 7\"", "\"disk full\""),
        line("info", "started", "\"\""),
        line("info", "stopped", "\"\""),
        line("info", "paused", "\"\""),
    ];
    let found = texts(&lines.each_ref().map(String::as_str));
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], "level=<*> ts=<time> msg=\"cannot save cart <num>\" err=\"disk full\" n=<num>");
    assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{found:#?}");
    let said = ["rpc error: code = Denied desc = Permission denied", "rpc error: code = Denied desc = Secret is gone"];
    assert_eq!(texts(&said)[0], "rpc error: code = <*> desc = Permission denied");
    assert_eq!(texts(&["made tags=[] n=7", "made tags=['a', 'b'] n=8"]), ["made tags=[<*>] n=<num>"; 2]);
}

#[test]
fn a_word_behind_a_cue_that_is_a_value_elsewhere_is_one_here() {
    let mut lines: Vec<String> = ["ann", "bob", "cid", "dan"].map(|n| format!("opened for user {n} by hand")).into();
    lines.extend(["closed for user ann", "closed for user bob", "check pass; user unknown"].map(String::from));
    let found = texts(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(found[4..], ["closed for user <*>", "closed for user <*>", "check pass; user unknown"]);
}

#[test]
fn two_long_messages_that_differ_in_one_name_are_one() {
    let line = |name: &str| {
        format!(
            "cannot fetch the token for client {name} because data of its visitors is missing, so some of the formats may not \
             be offered until somebody hands that data over by hand or with an option of the command line"
        )
    };
    let found = texts(&[&line("tv_small"), &line("web_large")]);
    assert_eq!(found[0], found[1]);
    assert_ne!(texts(&["client tv_small is up now", "client web_large is up now"])[0], "client <*> is up now");
}

#[test]
fn verbs_behind_a_cue_at_the_end_are_no_names() {
    for events in [
        ["Service started", "Service stopped", "Service failed", "Service paused"],
        ["worker process started", "worker process stopped", "worker process crashed", "worker process resumed"],
    ] {
        assert_eq!(texts(&events), events);
    }
    let names = ["lost the lock of service cart", "lost the lock of service mail", "lost the lock of service stock"];
    assert_eq!(texts(&names), ["lost the lock of service <*>"; 3]);
}
