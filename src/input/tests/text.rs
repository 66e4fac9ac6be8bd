//! Lines of text, and what containers and journals write around them.

use super::*;

#[test]
fn plain_lines_are_entries_only_when_asked() {
    let text = b"2025-01-01 00:00:01 ERROR: disk full\nsecond line\n";
    assert_eq!(ingest(text, |_| {}).report.malformed, 2);
    let read = ingest(text, |options| options.text = true);
    assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 0, "text"));
    assert!(read.records[0].ts_ns.is_some());
}

#[test]
fn the_time_of_a_plain_line_ends_with_its_zone() {
    let text = "1704164645678901234 rows\n2024-01-02T03:04:05.678901234+02:00 ERROR boom\n2024-01-02T01:04:05Z up\n\
        2024-01-02 01:04:05 up\n";
    let read = ingest(text.as_bytes(), |options| options.text = true);
    let times: Vec<_> = read.records.iter().map(|row| row.ts_ns.map(time::rfc3339_short)).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(
        times,
        [None, at("2024-01-02T01:04:05.678901234Z"), at("2024-01-02T01:04:05Z"), at("2024-01-02T01:04:05Z")]
    );
    assert_eq!(read.report.naive_times, 1);
}

#[test]
fn a_plain_line_without_a_time_has_that_of_the_line_before() {
    let at = "2024-01-02 03:04:05,678";
    let stack = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x()\nKeyError: 1";
    let text = format!("early\n{at} ERROR till no stock\n{stack}\nsecond\n{at} up\n");
    let read = ingest(text.as_bytes(), |options| options.text = true);
    let seen: Vec<_> = read.records.iter().map(|row| (row.ts_ns.is_some(), row.message.as_str())).collect();
    let failure = format!("{at} ERROR till no stock\n{stack}");
    let up = format!("{at} up");
    assert_eq!(seen, [(false, "early"), (true, &*failure), (true, "second"), (true, &*up)]);
    assert_eq!((read.report.set_aside.no_time, read.report.bytes_by.total()), (1, text.len() as u64));
}

#[test]
fn a_plain_line_says_severity_and_service_and_stays_the_message() {
    let text = "<11>1 2024-01-02T03:04:05Z host till 1 - - no stock\n<34>Oct 11 22:14:15 host su[1]: no\n\
        2024-01-02T03:04:05Z {\"level\":\"warn\",\"message\":\"slow\",\"service\":\"cart\"}\n\
        web-1  | 2024-01-02T03:04:05Z up\n";
    let read = ingest(text.as_bytes(), |options| options.text = true);
    let counts: Vec<_> = read.report.severity.iter().map(|(severity, rows)| (severity.as_str(), *rows)).collect();
    assert_eq!(counts, [("CRITICAL", 1), ("DEFAULT", 1), ("ERROR", 1), ("WARNING", 1)]);
    let services: Vec<_> = read.report.services.keys().map(String::as_str).collect();
    assert_eq!(services, ["cart", "su", "till", "web"]);
    let messages: Vec<_> = read.records.iter().map(|row| row.message.as_str()).collect();
    let mut lines: Vec<_> = text.lines().collect();
    (lines[2], lines[3]) = ("slow", "2024-01-02T03:04:05Z up");
    assert_eq!(messages, lines, "but for an object and the name of a container, which is none of its words");
    assert_eq!(read.report.set_aside.no_time, 1, "a year is missing");
}

#[test]
fn the_year_of_a_line_without_one_is_that_of_the_window() {
    let stack = "Dec 31 23:59:59 box till[7]: no stock\n  at f (a.js:1:2)\n";
    let text = format!("{stack}second\n<34>Jan  1 00:00:00 box su: no\nE0102 03:04:05.000006 1 a.go:1] no\n");
    let declared = DeclaredWindow {
        since: "2024-12-30T00:00:00Z".into(),
        until: "2025-01-06T00:00:00Z".into(),
        source: "flags".into(),
        filter: None,
        limit: None,
    };
    let read = ingest(text.as_bytes(), |options| (options.text, options.declared) = (true, Some(declared)));
    let seen: Vec<_> =
        read.records.iter().map(|row| (row.message.as_str(), row.ts_ns.map(time::rfc3339_short))).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [
            (stack.trim_end(), at("2024-12-31T23:59:59Z")),
            ("second", at("2024-12-31T23:59:59Z")),
            ("<34>Jan  1 00:00:00 box su: no", at("2025-01-01T00:00:00Z")),
            ("E0102 03:04:05.000006 1 a.go:1] no", at("2025-01-02T03:04:05.000006Z")),
        ]
    );
    assert_eq!((read.report.naive_times, read.report.set_aside.no_time), (4, 0));
    let without = ingest(text.as_bytes(), |options| options.text = true);
    assert!(without.records.iter().all(|row| row.ts_ns.is_none()));
    assert_eq!((without.report.entries, without.report.set_aside.no_time), (4, 4));
}

#[test]
fn a_container_says_the_lines_behind_its_name() {
    let text = "web-1  | 2024-01-02T03:04:05Z ERROR no stock\nweb-1  | Traceback (most recent call last):\n\
        db-12  |   with 3 workers\n\u{1b}[36mweb-1  | \u{1b}[0m  File \"a.py\", line 1, in f\nweb-1  | KeyError: 1\nid | x\n";
    let read = ingest(text.as_bytes(), |options| options.text = true);
    let messages: Vec<_> = read.records.iter().map(|row| row.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "2024-01-02T03:04:05Z ERROR no stock",
            "Traceback (most recent call last):",
            "  with 3 workers",
            "  File \"a.py\", line 1, in f",
            "KeyError: 1",
            "id | x"
        ]
    );
    assert_eq!(read.report.services.into_iter().collect::<Vec<_>>(), [("db".to_owned(), 1), ("web".to_owned(), 4)]);
    assert!(read.records.iter().all(|row| row.ts_ns.is_some()), "that of the line before");
    assert_eq!(read.report.bytes_by.total(), text.len() as u64);
}

#[test]
fn a_row_behind_a_collectors_time_is_that_row() {
    let at = "2024-01-02T03:04:05.678901234Z";
    let text = format!(
        "{at} {{\"level\":\"warn\",\"message\":\"slow\",\"time\":\"2024-01-02T03:04:04Z\",\"service\":\"cart\"}}\n\
         {at} {{\"level\":\"error\",\"message\":\"no\",\"a\":1}}\n{at} {{\"level\":\"error\",\"message\":\"no\",\"a\":1}}\n{at}\n\
         <14>1 2024-01-02T03:04:06Z box till 7 - - {{\"level\":\"error\",\"message\":\"late\"}}\n\
         <14>1 2024-01-02T03:04:06Z box till 7 - - {{\"message\":\"up\"}}\n\
         2024-01-02T03:04:07.5Z {{\"message\":\"lost\"}}\n  at f (a.js:1:2)\n{at} {{\"torn\":}}\n"
    );
    let read = ingest(text.as_bytes(), |options| options.text = true);
    let seen: Vec<_> = read
        .records
        .iter()
        .map(|row| (row.message.as_str(), row.ts_ns.map(time::rfc3339_short).unwrap_or_default()))
        .collect();
    let of = |message, time: &str| (message, time.to_owned());
    assert_eq!(
        seen,
        [
            of("slow", "2024-01-02T03:04:04Z"),
            of("no", at),
            of("no", at),
            of("late", "2024-01-02T03:04:06Z"),
            of("up", "2024-01-02T03:04:06Z"),
            of("lost\n  at f (a.js:1:2)", "2024-01-02T03:04:07.500Z"),
            of("{\"torn\":}", at),
        ]
    );
    let counts: Vec<_> = read.report.severity.iter().map(|(severity, rows)| (severity.as_str(), *rows)).collect();
    assert_eq!(counts, [("DEFAULT", 2), ("ERROR", 3), ("INFO", 1), ("WARNING", 1)]);
    let services: Vec<_> = read.report.services.into_iter().collect();
    assert_eq!(services, [("cart".to_owned(), 1), ("till".to_owned(), 2)]);
    assert_eq!((read.report.malformed, read.report.bytes_by.total()), (0, text.len() as u64));
    assert_eq!(read.report.bytes_by.blank, at.len() as u64 + text.lines().count() as u64 - 1, "its line is empty");
}

#[test]
fn entries_of_the_journals_own_export_are_rows() {
    let entry = |n: usize| {
        format!(
            "__CURSOR=s=1;i={n}\n__REALTIME_TIMESTAMP=170416464567890{n}\nPRIORITY=3\n_HOSTNAME=box\n\
             SYSLOG_IDENTIFIER=till\nMESSAGE\n\u{8}\0\0\0\0\0\0\0no\nstock\n\n"
        )
    };
    let text = entry(1) + &entry(2) + "__CURSOR=s=1;i=3\nno field\n";
    let read = ingest(text.as_bytes(), |_| {});
    let seen: Vec<_> =
        read.records.iter().map(|row| (row.message.as_str(), row.ts_ns.map(time::rfc3339_short))).collect();
    let at = |n: usize| Some(format!("2024-01-02T03:04:05.67890{n}Z"));
    assert_eq!(seen, [("no\nstock", at(1)), ("no\nstock", at(2))]);
    assert_eq!((read.report.malformed, read.report.bytes_by.total()), (2, text.len() as u64));
    assert_eq!(read.report.services.into_iter().collect::<Vec<_>>(), [("till".to_owned(), 2)]);
    let many: String = (0..450).map(|n| entry(n % 10)).collect();
    same_however_cut(&many, false);
}

#[test]
fn plain_text_is_the_same_however_it_is_cut() {
    let at = |i: usize| format!("2024-01-02 03:04:{:02},{:03}", i / 1_000, i % 1_000);
    let stack = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n\n    x()\nKeyError: 1\n";
    let stamp = "2024-01-02T03:04:05.678901234Z";
    let text: String = (0..400)
        .map(|i| match i % 11 {
            3 => format!("{} ERROR no stock\n{stack}{stack}", at(i)),
            5 => format!("\r\n  \n{} INFO up\npool is warm\n  x\n", at(i)),
            6 => "{\"insertId\":\"a\",\"textPayload\":\"x\"}\nweb | {\"a\":1}\n".to_owned(),
            7 => "\tat a.b(C.java:1)\n]\nö\n".to_owned(),
            8 => format!("  {} {}\n", at(i), "y".repeat(i)),
            9 => format!("Oct 11 22:14:15 host su: x\nweb | {} x\nlevel=info ts=2024-01-02T03:04:05Z\n", at(i)),
            10 => format!(
                "{stamp}\n{stamp} {{\"a\":{i}}}\n  x\nJan 2, 2024 3:04:05 AM a.B c\nSEVERE: no\n\tat a.b(C.java:1)\n\
                 [pod/a/b] {stamp}   x\n[pod/a/b] y\n{stamp} {}\n",
                at(i)
            ),
            _ => format!("{} INFO row {i}\n", at(i)),
        })
        .collect();
    same_however_cut(&text, true);
}

#[test]
fn pieces_of_a_container_line_are_one_entry_whatever_stands_between_them() {
    let row = |stream: &str, log: &str| {
        format!(
            "{{\"log\":{},\"stream\":\"{stream}\",\"time\":\"2024-01-02T03:04:05.6Z\"}}\n",
            serde_json::Value::from(log)
        )
    };
    let part = "z".repeat(16 << 10);
    let text = [
        row("stdout", &part),
        row("stderr", "other\n"),
        row("stdout", &part),
        row("stdout", "end\n"),
        row("stdout", "next\n"),
    ]
    .concat();
    let read = ingest(text.as_bytes(), |_| {});
    assert_eq!((read.report.entries, read.report.malformed), (3, 0));
    assert_eq!(read.records[0].message, format!("{part}{part}end"));
    assert_eq!((read.records[0].offset, read.records[0].length), (0, text.len() - row("stdout", "next\n").len() - 1));
    assert_eq!((read.records[1].message.as_str(), read.records[2].message.as_str()), ("other", "next"));
    assert_eq!(read.report.bytes_by.blank, 5);
    // A line without an end is cut where a row would be.
    let endless = row("stdout", &part).repeat(10);
    let read = ingest(endless.as_bytes(), |options| options.row_bytes = 70_000);
    assert_eq!(read.report.entries, 3);
    assert!(read.records.iter().all(|row| row.length <= 70_000));
}

#[test]
fn lines_and_rows_of_kubernetes_carry_time_and_stream() {
    let at = "2024-01-02T03:04:05.678901234Z";
    let text = format!(
        "{at} stdout P {{\"level\":\"error\",\n{at} stderr F warming up\n{at} stdout F \"msg\":\"no\"}}\nbanner\n"
    );
    let read = ingest(text.as_bytes(), |_| {});
    assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 1, "text"));
    assert_eq!((read.records[0].message.as_str(), read.records[1].message.as_str()), ("no", "warming up"));
    let ns = time::parse(at).map(|parsed| parsed.ns);
    assert!(read.records.iter().all(|row| row.ts_ns == ns));
    for limit in [line_of(at).len(), line_of(at).len() + 1] {
        let read = ingest(line_of(at).as_bytes(), |options| options.row_bytes = limit);
        assert_eq!((read.report.entries, read.report.malformed), (1, 0), "a last line without its end may be as large");
    }
    let row = |tag: &str, text: &str| {
        format!(
            "{{\"date\":1704164650.5,\"log\":\"{at} stderr {tag} {text}\",\"kubernetes\":{{\"container_name\":\"till\"}}}}\n"
        )
    };
    let read = ingest((row("P", "one ") + &row("F", "two")).as_bytes(), |_| {});
    assert_eq!((read.report.entries, read.records[0].message.as_str()), (1, "one two"));
    assert_eq!((read.records[0].ts_ns, read.report.services["till"]), (ns, 1));
}

#[test]
fn objects_behind_heads_are_rows_where_hardly_any_other_line_is_there() {
    let at = |second: usize, head: &str, tail: &str| {
        format!(
            "{head}{{\"level\":\"error\",\"message\":\"no stock {second}\",\"time\":\"2024-01-02T03:04:{second:02}Z\"}}{tail}\n"
        )
    };
    for (head, service) in [
        ("2024-01-02T03:04:00.678901234Z ", None),
        ("2024-01-02 03:04:00,678 ", None),
        ("[pod/till-7d9c5b8f6d-x2k4q/web] ", Some("web")),
        ("till-7d9c5b8f6d-x2k4q web ", Some("web")),
        ("<134>1 2024-01-02T03:04:00.1Z h till 1 - - ", Some("till")),
        ("Jan  2 03:04:00 h till[1]: @cee: ", None),
        ("data: ", None),
        ("dump.log:7:", None),
    ] {
        let mut text: String = (0..40).map(|second| at(second, head, "")).collect();
        text.push_str("no stock\n");
        for text in [text.clone(), text.replace('\n', "\r\n")] {
            let read = ingest(text.as_bytes(), |_| {});
            assert_eq!((read.report.entries, read.report.malformed), (40, 1), "{head}");
            assert_eq!((read.report.framing.as_str(), read.report.repaired), ("prefixed", 0), "{head}");
            assert_eq!(read.report.bytes_by.total(), text.len() as u64);
            for (second, row) in read.records.iter().enumerate() {
                assert_eq!(row.message, format!("no stock {second}"), "{head}");
                assert_eq!(
                    row.ts_ns.map(time::rfc3339_short),
                    Some(format!("2024-01-02T03:04:{second:02}Z")),
                    "{head}"
                );
            }
            assert_eq!(
                read.report.severity.iter().next().map(|(severity, rows)| (severity.as_str(), *rows)),
                Some(("ERROR", 40))
            );
            let services: Vec<_> = read.report.services.keys().map(String::as_str).collect();
            assert_eq!(services, service.into_iter().collect::<Vec<_>>(), "{head}");
            let asked = ingest(text.as_bytes(), |options| options.text = true);
            let times = |read: &Outcome| {
                read.records.iter().take(40).map(|row| (row.message.clone(), row.ts_ns)).collect::<Vec<_>>()
            };
            assert_eq!(times(&asked), times(&read), "{head}");
        }
        // One that has to be mended is told, and one that cannot be is malformed.
        let mended = format!("{text}{}{head}{{\"level\":\"error\",\n", at(40, head, "").replace("\"error\"", "NaN"));
        let read = ingest(mended.as_bytes(), |_| {});
        assert_eq!((read.report.entries, read.report.repaired, read.report.malformed), (41, 1, 2), "{head}");
    }
    // Words that an object ends are no head, and few objects make no file of them.
    for line in ["2024-01-02 03:04:05 INFO sold {\"sku\":7}\n", "sold {\"sku\":7}\n"] {
        assert_eq!(ingest(line.repeat(20).as_bytes(), |_| {}).report.malformed, 20, "{line}");
    }
    let few = format!("{}{}", at(1, "2024-01-02T03:04:00.678901234Z ", ""), "up\n".repeat(5));
    assert_eq!(ingest(few.as_bytes(), |_| {}).report.malformed, 6);
}

#[test]
fn prose_that_an_object_ends_stays_prose_and_an_object_has_its_time_and_the_lines_below() {
    let object = r#"{"timestamp":"2024-01-02T03:04:05Z","message":"order placed","level":"info"}"#;
    for head in ["ERROR Failed to publish event ", "ERROR dead letter: ", "published ", "order-42 "] {
        let line = format!("{head}{object}\n");
        let text = format!("2024-06-01T00:00:00Z up\n{line}");
        let read = ingest(text.as_bytes(), |options| options.text = true);
        assert_eq!(read.records.last().map(|row| row.message.as_str()), Some(line.trim_end()), "{head}");
        assert_eq!(ingest(line.repeat(20).as_bytes(), |_| {}).report.malformed, 20, "{head}");
    }
    let text = format!(
        "2020-01-01T00:00:00Z up\ndata: {object}\njava.lang.IllegalStateException: no stock\n\tat a.B.c(B.java:1)\nplain\n"
    );
    let read = ingest(text.as_bytes(), |options| options.text = true);
    let told: Vec<_> =
        read.records.iter().map(|row| (row.message.as_str(), row.ts_ns.map(time::rfc3339_short))).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            ("2020-01-01T00:00:00Z up", at("2020-01-01T00:00:00Z")),
            (
                "order placed\njava.lang.IllegalStateException: no stock\n\tat a.B.c(B.java:1)",
                at("2024-01-02T03:04:05Z")
            ),
            ("plain", at("2024-01-02T03:04:05Z")),
        ]
    );
}

#[test]
fn columns_that_a_remark_names_make_a_table() {
    let table = "#Software: x\n#Version: 1.0\n#Date: 2024-01-02 03:04:05\n\
        #Fields: date time s-ip cs-method cs-uri-stem c-ip sc-status time-taken\n\
        2024-01-02 03:04:05 10.0.0.1 GET /a 10.2.3.4 500 1234\n2024-01-02 03:04:06 10.0.0.1 GET - 10.2.3.4 404 7\n";
    for (text, is_text) in
        [(table.to_owned(), false), (table.replace('\n', "\r\n"), true), (table.replace(' ', "\t"), false)]
    {
        // The columns stand between blanks even where cells stand between tabs.
        let text = text.replace("#Fields:\t", "#Fields: ").replace("#Date:\t", "#Date: ");
        let read = ingest(text.as_bytes(), |options| options.text = is_text);
        assert_eq!((read.report.entries, read.report.malformed, read.report.framing.as_str()), (2, 0, "csv"), "{text}");
        assert_eq!(read.report.bytes_by.total(), text.len() as u64);
        assert_eq!(read.records[0].ts_ns.map(time::rfc3339_short).as_deref(), Some("2024-01-02T03:04:05Z"));
    }
    let flows = "version account-id interface-id srcaddr dstaddr srcport dstport protocol start action log-status\n\
        2 123456789012 eni-1 10.0.0.1 10.0.0.2 7 22 6 1704164645 REJECT OK\n";
    let read = ingest(flows.as_bytes(), |_| {});
    assert_eq!((read.report.entries, read.report.malformed), (1, 0));
    assert_eq!(read.records[0].message, "REJECT protocol 6 10.0.0.1:7 -> 10.0.0.2:22");
}

#[test]
fn a_server_writes_one_level_before_every_request() {
    for (line, severity) in [
        (r#"INFO:     10.2.3.4:5 - "GET /a HTTP/1.1" 502 Bad Gateway"#, Severity::Error),
        (r#"INFO:     10.2.3.4:5 - "GET /a HTTP/1.1" 404 Not Found"#, Severity::Warning),
        (r#"INFO:     10.2.3.4:5 - "GET /a HTTP/1.1" 200 OK"#, Severity::Info),
        (r#"10.2.3.4 - - [02/Jan/2024:03:04:05 +0000] "GET /a HTTP/1.1" 503 1"#, Severity::Error),
        // What a program said of its own request stays.
        ("time=2024-01-02T03:04:05Z level=info method=GET path=/a status=500", Severity::Info),
    ] {
        let read = ingest(line.as_bytes(), |options| options.text = true);
        assert_eq!(read.records[0].effective, severity, "{line}");
    }
}

#[test]
fn prose_that_begins_with_a_date_keeps_its_words() {
    let text = "Mar 12, 2024 3:04:05 PM meeting minutes\n  - the till is out of stock\n";
    let read = ingest(text.as_bytes(), |options| options.text = true);
    assert_eq!(read.records.iter().map(|row| row.message.as_str()).collect::<Vec<_>>(), [text.trim_end()]);
}

#[test]
fn the_name_of_its_container_is_the_service_of_a_row() {
    let mut text = String::new();
    for i in 0..80 {
        text += &format!("till-1  | {{\"level\":\"info\",\"msg\":\"up {i}\"}}\n");
        text += &format!(
            "shop.db.12.x2k4q@node-1 | {{\"level\":\"info\",\"msg\":\"up {i}\"}}\ncaddy  | {{\"n\":{i}}} {{\"n\":7}}\n"
        );
        text += &format!("till-1 | {{\"msg\":\"own {i}\",\"service\":\"cart\"}}\n7 | {{\"msg\":\"x {i}\"}}\n");
        // Words that name none.
        text += &format!("ERROR  | {{\"msg\":\"y {i}\"}}\nmain | {{\"msg\":\"z {i}\"}}\n");
    }
    same_however_cut(&text, false);
    let read = ingest(text.as_bytes(), |_| {});
    let of = |service: &str| read.report.services.get(service).copied();
    assert_eq!((read.report.entries, read.report.malformed, read.report.services.len()), (640, 0, 4));
    assert_eq!(["till", "shop.db", "caddy", "cart"].map(of), [Some(80); 4]);
    // A row that is torn is one malformed piece, and leaves no name to the next.
    let read = ingest(b"till-1 | {\"msg\":\"cut\n{\"msg\":\"x\"}\n", |_| {});
    assert_eq!((read.report.entries, read.report.malformed, read.report.services.contains_key("till")), (1, 1, false));
}

#[test]
fn a_level_behind_the_head_of_a_collector_is_one_behind_a_time() {
    for head in [
        "2024-01-02T03:04:05.678901+00:00 app[web.1]: ",
        "2024-01-02T03:04:05+0000 box till[7]: ",
        "2024-01-02T03:04:05.678+00:00 ecs/web/0a1b2c3d4e5f60718293a4b5c6d7e8f9 ",
        "2024-01-02T03:04:05.678901234Z ",
        "1704164645678\t2024-01-02T03:04:05.678Z\t",
        "83 <40>1 2024-01-02T03:04:05+00:00 host app web.3 - ",
        "Jan  2 03:04:05 box till[7]: ",
        "[pod/till-0/web] 2024-01-02T03:04:05.678901234Z ",
    ] {
        for (text, severity) in [
            ("ERROR no stock", Severity::Error),
            ("[main] WARN shop.Till slow", Severity::Warning),
            ("2024-01-02 03:04:05 ERROR no stock", Severity::Error),
            ("Error budget is fine", Severity::Default),
            ("no ERROR so far", Severity::Default),
        ] {
            let read = ingest(format!("{head}{text}\n").as_bytes(), |options| options.text = true);
            assert_eq!(read.records[0].effective, severity, "{head}{text}");
        }
    }
    // What syslog says counts, and behind no time a level needs a mark.
    for line in ["<14>1 2024-01-02T03:04:05Z box till 7 - - ERROR no stock", "[pod/till-0/web] ERROR no stock"] {
        let read = ingest(line.as_bytes(), |options| options.text = true);
        assert!(read.records[0].effective < Severity::Error, "{line}");
    }
}
