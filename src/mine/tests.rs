//! What must hold of mining as a whole: order, shards and rows change nothing.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use super::*;

mod corpus;
mod formats;
mod generalise;
mod hostile;
mod properties;
mod quality;
mod traces;

fn texts(lines: &[&str]) -> Vec<String> {
    mine_lines(lines.iter().copied()).into_iter().map(|(_, text)| text).collect()
}

fn one(subject: Subject<'_>) -> Template {
    let mut table = SignatureTable::new();
    let scanned = Miner::new().scan(subject);
    table.add(&scanned, 1, "a", "");
    templates(&table).get(scanned.sig).unwrap().clone()
}

fn table_of(rows: &[(String, i64)]) -> SignatureTable {
    let mut miner = Miner::new();
    let mut table = SignatureTable::new();
    for (line, ts) in rows {
        table.add(&miner.scan(Subject::Text(line)), *ts, &format!("id{ts}"), line);
    }
    table
}

#[test]
fn dates_are_one_variable_however_they_are_written() {
    for date in [
        "2031-02-03 04:05:06,789",
        "2031/02/03 04:05:06",
        "2031/02/03",
        "03/Feb/2031:04:05:06 +0000",
        "03-Feb-2031 04:05:06",
        "03 Feb 2031 04:05:06.123",
        "Feb  3 04:05:06",
        "Feb 13 04:05:06 2031",
        "Feb 3, 2031 4:05:06 PM",
        "Mon Feb 03 04:05:06.123456 2031",
        "Mon Feb  3 04:05:06 UTC 2031",
    ] {
        assert_eq!(texts(&[&format!("[{date}] disk is full")]), ["[<time>] disk is full"]);
        assert_eq!(texts(&[&format!("{date} cart sold")]), ["<time> cart sold"]);
    }
    assert_eq!(
        texts(&["May 3 apples", "read a/2031/02/03/b", "10 May 2031"]),
        ["May <num> apples", "read <*>", "<num> May <num>"]
    );
}

#[test]
fn a_message_that_is_one_name_is_not_any_value() {
    let names =
        ["shop.v2.Carts.Create", "shop.v2.Carts.Delete", "io.k8s.shop.v1.carts.create", "Vendor.Compute/disks/write"];
    assert_eq!(texts(&names), names);
    for (value, shown) in [("10.2.3.4", "<ip>"), ("a/b/c", "<*>"), ("8f14e45fceea167a", "<hex>")] {
        assert_eq!(texts(&[value]), [shown]);
    }
}

#[test]
fn an_access_log_keeps_its_status_and_joins_all_agents() {
    let line = |status: u16, agent: &str, from: &str| {
        format!(
            "10.2.3.4 - - [03/Feb/2031:04:05:06 +0000] \"GET /carts/7?x=1 HTTP/1.1\" {status} 1234 \"{from}\" \"{agent}\""
        )
    };
    let lines = [
        line(200, "Mozilla/5.0 (X11; Linux) Gecko/7", "-"),
        line(200, "curl/8.1", "https://shop.example/"),
        line(500, "Mozilla/5.0 (X11; Linux) like Gecko/7 Firefox/9", "-"),
    ];
    let found = texts(&lines.each_ref().map(String::as_str));
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], "<ip> - - [<time>] \"GET <path>\" 500 <num> \"<*>\" \"<*>\"");
    let many = [200, 201, 204, 301, 400, 404, 500, 503].map(|status| format!("\"GET /carts\" {status}"));
    assert_eq!(texts(&many.each_ref().map(String::as_str))[7], "\"GET <path>\" 503");
}

#[test]
fn brackets_around_every_value_stay() {
    let found = texts(&["start cats=[a.b] app=Intent{x1}", "start cats=[c.d,e] app=Intent{y2}"]);
    assert_eq!(found, ["start cats=[<*>] app=Intent{<*>}"; 2]);
    assert_eq!(texts(&["took lock=[7] ok", "took lock=[9,8] ok"]), ["took lock=[<*>] ok"; 2]);
    assert_eq!(
        texts(&["closed ticket #7 (see #12)", "closed ticket #80 (see #9)"])[1],
        "closed ticket #<num> (see #<num>)"
    );
    assert_eq!(texts(&["moved to=[7,8][9,6] ok"]), ["moved to=<*> ok"]);
}

#[test]
fn masks_values_whose_form_varies() {
    assert_eq!(
        texts(&["Connected to 10.1.2.3:8080 in 12 ms after 2025-01-02T03:04:05.678Z"]),
        ["Connected to <ip> in <num> ms after <time>"]
    );
    assert_eq!(texts(&["GET https://shop.example/cart?id=7 done"]), ["GET <url> done"]);
    assert_eq!(
        texts(&["job 6f1c2a34-0b5d-4e6f-8a7b-9c0d1e2f3a4b wrote /var/data/out.bin"]),
        ["job <uuid> wrote <path>"]
    );
    assert_eq!(texts(&["peer 2001:db8::7:1 and fe80:1:2:3:4:5:6:7 met"]), ["peer <ip> and <ip> met"]);
    let devices = ["PCI 0000:02:0e.0[A] -> IRQ 5", "PCI 0000:12:03.1[A] -> IRQ 7", "PCI 0000:8b:1f.0[A] -> IRQ 9"];
    assert_eq!(texts(&devices), ["PCI <*>[A] -> IRQ <num>"; 3]);
    assert_eq!(texts(&["peer db.eu.example.org:5432 refused"]), ["peer <host> refused"]);
    assert_eq!(texts(&[r"opened C:\data\new.txt, then left"]), ["opened <path>, then left"]);
}

#[test]
fn values_after_a_key_vary_but_redacted_ones_do_not() {
    let lines = ["login AUTH=REDACTED user=anna ok", "login AUTH=REDACTED user=boris ok"];
    assert_eq!(texts(&lines), ["login AUTH=REDACTED user=<*> ok"; 2]);
    let mixed = ["AUTH=REDACTED sent to peer", "AUTH=abcdef sent to peer"];
    assert_eq!(texts(&mixed)[0], "AUTH=REDACTED sent to peer");
}

#[test]
fn a_single_row_keeps_the_word_with_digits_that_others_have_in_its_place() {
    let named = ["anna", "boris", "clara", "dora", "emil", "fritz", "gerd", "hans"];
    let line = |user: &str, port: usize| format!("refused invalid user {user} from 10.0.0.{port} port 40{port} ssh2");
    let mut lines: Vec<String> =
        named.iter().cycle().zip(1..=24).map(|(user, port)| line(user, port)).chain([line("0", 77)]).collect();
    lines.push("accepted key from 10.0.0.9 port 4022 rsa2".to_owned());
    let found = texts(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(found[..25], ["refused invalid user <*> from <ip> port <num> ssh2"; 25]);
    assert_eq!(found[25], "accepted key from <ip> port <num> <*>", "nothing is known of this one");
}

#[test]
fn keeps_events_apart_that_differ_in_one_plain_word() {
    let found = texts(&["worker 1 started", "worker 2 started", "worker 1 stopped", "worker 2 stopped"]);
    assert_eq!(found, ["worker <num> started", "worker <num> started", "worker <num> stopped", "worker <num> stopped"]);
}

#[test]
fn joins_names_that_stand_in_one_place() {
    let found = texts(&["service auth-api is ready", "service cart-api is ready", "service mail-api is ready"]);
    assert_eq!(found, ["service <*> is ready"; 3]);
}

#[test]
fn gives_one_row_for_every_line_and_empty_lines_too() {
    let found = mine_lines(["", "a b", "   ", ""].into_iter());
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], found[2]);
    assert_eq!(found[0].1, "");
    assert!(found.iter().all(|(id, _)| id.len() == 16));
}

#[test]
fn reads_the_first_line_of_text_of_several_lines() {
    assert_eq!(one(Subject::Text("\n\nreport ready\nline two\nline three")).text, "report ready <*>");
}

#[test]
fn strips_terminal_colours() {
    assert_eq!(texts(&["\u{1b}[31mdisk full\u{1b}[0m", "disk full"]), ["disk full"; 2]);
}

#[test]
fn a_request_is_method_masked_route_and_status() {
    let request = |route, status| one(Subject::Request { method: "GET", route, status }).text;
    assert_eq!(request("/users/42?full=1", Some(503)), "GET /users/<num> -> 503");
    assert_eq!(request("https://api.example/v1/orders/6f1c2a340b5d", None), "GET /v1/orders/<hex>");
    assert_eq!(request("https://api.example", Some(200)), "GET / -> 200");
    assert_eq!(request("/shop.v1.Cart/AddItem2", Some(200)), "GET /shop.v1.Cart/AddItem2 -> 200");
}

#[test]
fn endpoints_are_not_melted_into_one() {
    let mut table = SignatureTable::new();
    let mut miner = Miner::new();
    for name in ["orders", "users", "carts", "items", "stock", "mails", "posts", "votes"] {
        let route = format!("/{name}");
        table.add(&miner.scan(Subject::Request { method: "GET", route: &route, status: Some(200) }), 0, "", "");
    }
    assert_eq!(templates(&table).len(), 8);
}

#[test]
fn an_empty_row_and_a_text_of_the_same_words_are_two_templates() {
    let empty = one(Subject::Empty);
    let text = one(Subject::Text("<no payload>"));
    assert_eq!(empty.text, "<no payload>");
    assert_ne!(empty.id, text.id);
}

#[test]
fn a_json_message_is_its_sorted_keys_and_its_mined_text() {
    let a = one(Subject::Text(r#"{"msg":"saved 3 items","level":"info","at":{"zone":"x"}}"#));
    let b = one(Subject::Text("{\n \"at\": {\"zone\": \"y\"},\n \"level\": \"warn\", \"msg\": \"saved 4 items\"\n}"));
    assert_eq!(a.text, "saved <num> items {at.zone, level, msg}");
    assert_eq!(a.id, b.id);
    assert_eq!(a.form, Form::Json);
}

#[test]
fn a_traceback_is_its_last_exception_and_frames_are_no_part_of_it() {
    let trace = |file: &str, line: u32| {
        format!(
            "Traceback (most recent call last):\n  File \"/app/{file}.py\", line {line}, in load\n    go()\nKeyError: 'a'\n\n\
             During handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"/app/main.py\", line 9, in main\n    load()\n\
             shop.errors.LoadError: cannot load item 7\n"
        )
    };
    let mut miner = Miner::new();
    let (a, b, c) = (trace("one", 5), trace("two", 6), trace("one", 77));
    let [a, b, c] = [&a, &b, &c].map(|t| miner.scan(Subject::Text(t)));
    assert_eq!(a.exception.as_deref(), Some("shop.errors.LoadError"));
    assert_eq!(a.exception_message.as_deref(), Some("cannot load item 7"));
    assert_eq!(a.sig, b.sig);
    assert_ne!(a.stack_id, b.stack_id);
    assert_eq!(a.stack_id, c.stack_id);
    let template = one(Subject::Text(&trace("one", 5)));
    assert_eq!(template.text, "shop.errors.LoadError: cannot load item <num>");
}

#[test]
fn text_before_a_traceback_is_mined_and_the_type_follows() {
    let text = "[2025-01-02 03:04:05 +0000] [7] [ERROR] Exception in worker process\nTraceback (most recent call last):\n  File \"/app/x.py\", line 1, in <module>\n    import y\nModuleNotFoundError: No module named 'y'";
    assert_eq!(
        one(Subject::Text(text)).text,
        "[<time> <num>] [<num>] [ERROR] Exception in worker process [ModuleNotFoundError]"
    );
}

#[test]
fn a_traceback_with_written_out_line_breaks_is_read_like_any_other() {
    let lines = "Traceback (most recent call last):\n  File \"/app/x.py\", line 1, in f\n    go()\nTimeoutError: slow";
    let flat = lines.replace('\n', "\\n");
    assert_eq!(one(Subject::Text(&flat)), one(Subject::Text(lines)));
    assert_eq!(row_role(&flat), RowRole::Traceback);
}

#[test]
fn exceptions_of_different_type_never_share_a_template() {
    let mut table = SignatureTable::new();
    let mut miner = Miner::new();
    for name in ["KeyError", "TypeError", "IOError", "OSError", "NameError", "EOFError", "LookupError"] {
        let text = format!("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n{name}: broken pipe");
        table.add(&miner.scan(Subject::Text(&text)), 0, "", &text);
    }
    assert_eq!(templates(&table).len(), 7);
}

#[test]
fn a_long_message_is_cut_after_the_cap() {
    let long = "tick tock ".repeat(5000);
    let text = one(Subject::Text(&long)).text;
    assert!(text.ends_with(" <*>"), "{text}");
    assert_eq!(text.split(' ').count(), WORDS_MAX + 1);
    let hostile = "(a=".repeat(100_000);
    assert!(one(Subject::Text(&hostile)).canonical.len() < 4 * TOKENS_MAX);
}

#[test]
fn values_carry_names_units_and_numbers() {
    let template = one(Subject::Text("copied 12 MB from host=alpha:81 took 3.5s"));
    let found = extract(&template, "copied 900 MB from host=beta:82 took 4.25s");
    let short: Vec<_> =
        found.iter().map(|p| (p.name.as_deref(), p.unit.as_deref(), p.number, p.text.as_str())).collect();
    assert_eq!(short[0], (Some("copied"), Some("MB"), Some(900.0), "900"));
    assert_eq!(short[1].0, Some("host"));
    assert_eq!(short.last().unwrap(), &(Some("took"), Some("s"), Some(4.25), "4.25s"));
}

#[test]
fn values_are_found_in_json_and_behind_an_exception_type() {
    let json = r#"{"level":"warn","msg":"retry 7 of job"}"#;
    let found = extract(&one(Subject::Text(json)), json);
    assert_eq!((found.len(), found[0].number), (1, Some(7.0)));
    let trace = "java.io.IOException: disk 9 is full\n\tat org.shop.Disk.write(Disk.java:7)";
    let found = extract(&one(Subject::Text(trace)), trace);
    assert_eq!((found.len(), found[0].number, found[0].name.as_deref()), (1, Some(9.0), Some("disk")));
}

#[test]
fn evidence_without_rows_keeps_a_place_variable() {
    let names = ["auth-api", "cart-api", "mail-api"].map(|n| (format!("service {n} is ready"), 1));
    let full = table_of(&names);
    let id = templates(&full).iter().next().unwrap().id.clone();
    let row = templates(&full).evidence_row(&id).unwrap();
    assert_eq!(row.count, 0);
    let mut left = table_of(&names[..1]);
    left.merge(SignatureTable::from_rows([row]).unwrap());
    let set = templates(&left);
    assert_eq!(set.len(), 1);
    assert_eq!(set.iter().next().unwrap().id, id);
    assert_eq!(left.iter().map(|(_, e)| (e.count, e.first_ns)).max(), Some((1, 1)));
}

#[test]
fn a_size_keeps_no_unit_when_units_vary_beside_it() {
    let found = texts(&["stored 5 KB, free 7 MB", "stored 8 B, free 9 MB", "stored 4 MB, free 3 MB"]);
    assert_eq!(found, ["stored <size>, free <size>"; 3]);
}

#[test]
fn a_row_with_a_wrong_id_is_refused() {
    let mut rows = table_of(&[("a 1".into(), 1)]).to_rows();
    rows[0].tokens = "[\"b\"]".into();
    assert!(matches!(SignatureTable::from_rows(rows), Err(MineError::Mismatch { .. })));
    assert!("xyz".parse::<SigId>().is_err());
}

#[test]
fn signing_equals_scanning_and_adding_in_any_order_of_tables() {
    let trace = "boom\nTraceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\nValueError: bad 7";
    let texts = [
        "job 17 done in 3 ms",
        "job 18 done in 4 ms",
        "job 17 done in 3 ms",
        "job  19 done in 5 ms",
        "user=anna tried 3,4,5",
        "peer --db.eu.example.org:5432 refused",
        "see http://shop.example/cart?id=7, then C:\\data\\new.txt",
        r#"{"msg":"saved 3 items","level":"info"}"#,
        trace,
        trace,
        "",
    ];
    let (mut scanning, mut signing) = (Miner::new(), Miner::new());
    let mut expected = [SignatureTable::new(), SignatureTable::new()];
    let mut found = [SignatureTable::new(), SignatureTable::new()];
    for n in 0..texts.len() * 12 {
        let text = texts[n * 7 % texts.len()];
        let subject = match n % 5 {
            0 => Subject::Request { method: "GET", route: "/users/42/orders/?x=1", status: Some(200 + n as u16 % 2) },
            _ if text.is_empty() => Subject::Empty,
            _ => Subject::Text(text),
        };
        // Tables change now in long runs, now row by row; some rows have no time.
        let table = if n < 60 { n / 20 % 2 } else { n % 2 };
        let ts_ns = (n % 6 != 0).then_some(1000 - (n as i64 * 37) % 500);
        let id = format!("id{}", n % 3);
        let scanned = scanning.scan(subject);
        if let Some(ts_ns) = ts_ns {
            expected[table].add(&scanned, ts_ns, &id, text);
        }
        let signed = signing.sign(&mut found[table], subject, ts_ns, &id, text);
        assert_eq!((signed.sig, signed.stack_id), (scanned.sig, scanned.stack_id));
        assert_eq!(signed.exception, scanned.exception.as_deref());
    }
    assert_eq!(found, expected);
    let rows = |tables: &[SignatureTable; 2]| tables.each_ref().map(SignatureTable::to_rows);
    assert_eq!(rows(&found), rows(&expected));
}

#[test]
fn a_copy_of_a_table_takes_no_values_for_known_that_only_the_other_has() {
    let mut miner = Miner::new();
    let mut first = SignatureTable::new();
    let mut sign = |table: &mut SignatureTable, text| miner.sign(table, Subject::Text(text), Some(1), "", text).sig;
    let sig = sign(&mut first, "job 1 done");
    let mut second = first.clone();
    for text in ["job 2 done", "job 2 done"] {
        sign(&mut first, text);
    }
    sign(&mut second, "job 2 done");
    let values = |table: &SignatureTable| table.get(sig).unwrap().sketch(2).unwrap().iter().count();
    assert_eq!((values(&first), values(&second)), (2, 2));
}
