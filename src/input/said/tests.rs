//! Lines of every format, and what they say.

use super::*;

fn at(said: &Said<'_>) -> Option<String> {
    said.time.map(|parsed| time::rfc3339_short(parsed.ns))
}

fn time_of(line: &str) -> Option<String> {
    at(&of(&uncoloured(line)))
}

#[test]
fn the_time_of_every_usual_format_is_read() {
    for line in [
        "<165>1 2024-01-02T03:04:05Z host app 1 - - x",
        "1.2.3.4 - - [02/Jan/2024:04:04:05 +0100] \"GET /a HTTP/1.1\" 502 157",
        "2024/01/02 03:04:05 [error] 7#7: x",
        "[Tue Jan 02 03:04:05 2024] [core:error] [pid 7] x",
        "2024/01/02 03:04:05 x",
        "level=error ts=2024-01-02T03:04:05Z msg=\"no stock\"",
        "msg=\"no \\\"stock\\\"\" time=\"2024-01-02T03:04:05Z\" level=info",
        "till-1  | 2024-01-02T03:04:05Z x",
        "\u{1b}[90m2024-01-02T03:04:05Z\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m x",
        "2024-01-02T03:04:05Z {\"level\":\"error\"}",
    ] {
        assert_eq!(time_of(line).as_deref(), Some("2024-01-02T03:04:05Z"), "{line}");
        assert!(has_own_head(line), "{line}");
    }
    for line in ["", "x", "<34>", "<999>1 2024-01-02T03:04:05Z", "t=1", "a | b", "time=soon", "a=\"b", "[", "[1/2/3] x"]
    {
        assert_eq!(time_of(line), None, "{line}");
    }
}

#[test]
fn programs_are_named_behind_a_time() {
    fn named(line: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
        let said = of(line);
        (said.service, said.instance, said.named)
    }
    assert_eq!(
        named("2024-01-02T03:04:05.678+00:00 app[web.1]:     at f (a.js:1:2)"),
        (Some("app"), Some("web.1"), Some("    at f (a.js:1:2)"))
    );
    assert_eq!(named("2024-01-02T03:04:05+0000 box su[12]: no"), (Some("su"), Some("box"), Some("no")));
    for line in [
        "ERROR[main]: x",
        "INFO su[1]: x",
        "[main] su[1]: x",
        "su[1]: x",
        "box su[a]: x",
        "list[index]: x",
        "values[0.5]: x",
        "- su[1]: x",
        "CET su[1]: x",
        "a[b] x",
        "a[]: x",
        "a[: x",
    ] {
        assert_eq!(named(&format!("2024-01-02T03:04:05+00:00 {line}")), (None, None, None), "{line}");
    }
    for time in ["2024-01-02T03:04:05Z", "2024-01-02 03:04:05", "2024-01-02 03:04:05+00:00"] {
        assert_eq!(of(&format!("{time} failed row[17]: bad value")).named, None, "{time}");
    }
    let said =
        of("2024-01-02T03:04:05+00:00 heroku[router]: at=error code=H12 method=GET path=\"/a\" host=till.example \
        dyno=web.1 service=30000ms status=503 bytes=0");
    let http = said.http.expect("a request");
    assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(503)));
    assert_eq!((said.service, said.instance), (Some("heroku"), Some("router")));
}

#[test]
fn requests_of_load_balancers_and_buckets_are_read() {
    let behind = "app/till/50dc 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 502 200 0 57 \
        \"GET https://till.example:443/a?b HTTP/1.1\" \"curl/7.46.0\" - -";
    for line in [format!("https 2024-01-02T03:04:05.678901Z {behind}"), format!("2024-01-02T03:04:05.678901Z {behind}")]
    {
        let said = of(&line);
        assert_eq!(at(&said).as_deref(), Some("2024-01-02T03:04:05.678901Z"), "{line}");
        let http = said.http.expect("a request");
        assert_eq!((http.method.as_deref(), http.path.as_deref()), (Some("GET"), Some("/a")));
        assert_eq!((http.status, http.latency_ns), (Some(502), Some(171_000_000)));
    }
    let failed =
        of("h2 2024-01-02T03:04:05Z app/till/50dc 192.0.2.1:2817 - -1 -1 -1 503 - 0 57 \"GET / HTTP/1.1\" \"-\"");
    assert_eq!(failed.http.map(|http| (http.status, http.latency_ns)), Some((Some(503), None)));
    assert!(of("2024-01-02T03:04:05Z x 192.0.2.1:1 z inf 1 1 200 a b c \"GET /a HTTP/1.1\"").http.is_none());
    for other in ["h2 soon app/till/50dc", "http 2024-01-02T03:04:05Z x \"y\"", "ftp 2024-01-02T03:04:05Z x"] {
        assert!(of(other).http.is_none(), "{other}");
    }
    let bucket = of("79a5 till [02/Jan/2024:03:04:05 +0000] 192.0.2.3 79a5 3E57 REST.GET.VERSIONING - \
        \"GET /till?versioning HTTP/1.1\" 403 - 113 - 7 - \"-\" \"S3Console/0.4\" -");
    assert_eq!(
        (at(&bucket).as_deref(), bucket.http.and_then(|http| http.status)),
        (Some("2024-01-02T03:04:05Z"), Some(403))
    );
    assert!(of("a [02/Jan/2024:03:04:05 +0000] b \"c\" d").time.is_none());
}

#[test]
fn syslog_says_severity_host_and_program() {
    let said = of("<165>1 2024-01-01T00:00:00.003Z host app 1 - - x");
    assert_eq!((said.severity, said.instance, said.service), (Some(Severity::Notice), Some("host"), Some("app")));
    let said = of("<34>Oct 11 22:14:15 host su[1]: x");
    assert_eq!((said.severity, said.instance, said.service), (Some(Severity::Critical), Some("host"), Some("su")));
    assert!(said.begins && said.time.is_none() && said.yearless.is_some(), "no year, no time");
    assert_eq!(of("Oct 11 22:14:15 2023 host su[1]: x").yearless, None, "its year is another's");
    let said = of("E0914 10:59:24.465123       1 main.go:42] no stock");
    assert_eq!((said.level, said.begins, said.yearless.is_some()), (Some(Severity::Error), true, true));
    for other in
        ["E0914 10:59:24 x main.go:42] no", "E0914 10:59:24 1 main.go] no", "E0914 is late", "X0914 10:59:24 1 a:1] x"]
    {
        assert!(!of(other).begins, "{other}");
    }
    let said = of("Oct  1 22:14:15 host kernel: x");
    assert_eq!((said.severity, said.service, said.begins), (None, Some("kernel"), true));
    assert_eq!(of("<13>1 - - - - - x").service, None);
}

#[test]
fn requests_services_and_levels_are_taken_where_a_line_names_them() {
    let said = of("1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] \"GET /a?b HTTP/1.1\" 502 157 \"-\" \"curl\"");
    let http = said.http.expect("a request");
    assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(502)));
    let said = of("1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] \"-\" 408 0");
    assert!(said.http.is_none() && said.time.is_some());
    let said = of("time=2024-01-02T03:04:05Z msg=\"no stock\" level=warn app=till method=get path=/a status=500");
    assert_eq!((said.level, said.service), (Some(Severity::Warning), Some("till")));
    assert_eq!(said.http.and_then(|http| http.status), Some(500));
    let said = of("till-web-12  | [2024-01-02 03:04:05] local.ERROR: x");
    assert_eq!((said.service, said.instance), (Some("till-web"), Some("till-web-12")));
    let said = of("till_2  |     raise OutOfStock");
    assert_eq!((said.service, said.instance, said.named), (Some("till"), Some("till_2"), Some("    raise OutOfStock")));
    assert!(said.time.is_none() && !said.begins);
    let names = "till-1  | ".repeat(1 << 17);
    assert_eq!(of(&names).named, Some(&names[10..]), "one name, however many there are");
    for cell in ["till | x", "till-1 | x", "1-2  | x", "till- | x", "till-1| x"] {
        assert_eq!(of(cell).service, None, "{cell}");
    }
    assert_eq!(of("2024-01-02T03:04:05Z {\"a\":1}").object, Some("{\"a\":1}"));
}

#[test]
fn what_a_collector_put_before_a_line_that_reads_by_itself_is_none_of_its_words() {
    let named = |line: &str| of(line).named.map(str::to_owned);
    for rest in [
        "2024-01-02 03:04:06,678 ERROR till no stock",
        "[2024-01-02 03:04:06 +0000] [7] [ERROR] no stock",
        "E0102 03:04:05.000006       1 till.go:7] no stock",
        "time=\"2024-01-02T03:04:05Z\" level=error msg=\"no stock\"",
        "{\"level\":\"error\"}",
        "    at f (/srv/a.js:1:2)",
        "\tat a.B.c(D.java:1)",
        "  File \"a.py\", line 1, in f",
        "Traceback (most recent call last):",
        "java.io.IOException: no",
        "Caused by: a.B: no",
        "goroutine 1 [running]:",
        "panic: no stock",
    ] {
        for time in ["2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05+00:00", "2024-01-02T03:04:05.678901234Z"] {
            let line = format!("{time} {rest}");
            let said = of(&line);
            assert_eq!(said.named, Some(rest), "{line}");
            assert_eq!((said.time, said.begins), (time::parse(time), true), "{line}");
        }
    }
    for rest in ["up", "INFO till is up", " INFO till is up", "  WARN 7 --- [main] till : slow", "ERROR: no stock", ""]
    {
        assert_eq!(named(&format!("2024-01-02T03:04:05.678Z {rest}")), None, "{rest}");
        assert_eq!(named(&format!("2024-01-02 03:04:05 {rest}")), None, "{rest}");
        assert_eq!(named(&format!("2024-01-02T03:04:05.678901234Z {rest}")).as_deref(), Some(rest), "{rest}");
    }
    assert_eq!(blank_at(b"2024-01-02T03:04:05.678901234Z"), time::parse("2024-01-02T03:04:05.678901234Z"));
    for other in
        ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.678901234Z\n  x", "2024-01-02T03:04:05.678901234Z 7", "7"]
    {
        assert_eq!(blank_at(other.as_bytes()), None, "{other}");
    }
    let said =
        of("2024-01-02T03:04:05.678901234Z 1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] \"GET /a HTTP/1.1\" 502 157");
    assert_eq!(said.http.and_then(|http| http.status), Some(502));
    let many = "2024-01-02T03:04:05Z ".repeat(1 << 12);
    assert!(of(&many).begins, "so many heads, however many there are");
}

#[test]
fn pods_say_what_stands_behind_their_names() {
    fn named(line: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
        let said = of(line);
        (said.service, said.instance, said.named)
    }
    let pod = "till-7d9c5b8f6d-x2k4q";
    for prefix in [format!("[pod/{pod}/web]"), format!("{pod} web"), format!("shop {pod} web")] {
        for (line, rest) in [
            ("no stock", "no stock"),
            ("  File \"a.py\", line 1, in f", "  File \"a.py\", line 1, in f"),
            ("2024-01-02T03:04:05.678901234Z     at f (a.js:1:2)", "    at f (a.js:1:2)"),
            ("2024-01-02 03:04:05 ERROR no stock", "2024-01-02 03:04:05 ERROR no stock"),
        ] {
            let line = format!("{prefix} {line}");
            assert_eq!(named(&line), (Some("web"), Some(pod), Some(rest)), "{line}");
        }
    }
    let said = of("web-0 web {\"level\":\"error\"}");
    assert_eq!((said.object, said.service, said.begins), (Some("{\"level\":\"error\"}"), Some("web"), false));
    assert_eq!(named("till-x2k4q web 2024-01-02 03:04:05 x").0, Some("web"));
    for line in [
        "till-0 web is up",
        "attempt-2 failed {\"code\":500}",
        "pass-1 compile 2024-01-02 03:04:05 took long",
        "till-0 info 2024-01-02 03:04:05 x",
        "backup-20240102-daily done in time",
        "step-12345 of 3",
        "[pod/a] x",
        "[pod/A/b] x",
        "a b c",
        "till-7d9c5b8f6d-x2k4q",
        "x-1 y",
    ] {
        assert_eq!(named(line), (None, None, None), "{line}");
    }
}

#[test]
fn objects_are_found_behind_programs_and_syslog() {
    let object = "{\"level\":\"error\"}";
    for head in [
        "2024-01-02T03:04:05.678901+00:00 app[web.1]: ",
        "2024-01-02T03:04:05+0000 box till[7]: ",
        "<14>1 2024-01-02T03:04:05Z box till 7 - - ",
        "<14>1 2024-01-02T03:04:05Z box till 7 ID [a@1 b=\"c\\\"]\"][d@2] \u{feff}",
        "<14>Jan  2 03:04:05 box till[7]: ",
        "<14>2024-01-02T03:04:05+00:00 box till[7]: ",
        "Jan  2 03:04:05 box till: ",
        "2024-01-02T03:04:05Z app[148e4d5a] ams [info]",
        "2024-01-02T03:04:05.678+00:00 web/till/0a1b2c3d4e5f60718293a4b5c6d7e8f9 ",
        "2024-01-02T03:04:05.678+00:00 2024/01/02/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9 ",
        "[pod/till-0/web] 2024-01-02T03:04:05.678901234Z ",
        "till-1  | 2024-01-02T03:04:05Z ",
        "2024-01-02 03:04:05 ",
    ] {
        let line = format!("{head}{object}");
        assert_eq!(of(&line).object, Some(object), "{line}");
    }
    let said = of("Jan  2 03:04:05 box till[7]:   at f (a.js:1:2)");
    assert_eq!((said.named, said.service), (Some("  at f (a.js:1:2)"), Some("till")));
    let said = of("<14>1 2024-01-02T03:04:05Z box till 7 - - 2024-01-02 03:04:05,678 ERROR no stock");
    assert_eq!((said.named, said.service), (Some("2024-01-02 03:04:05,678 ERROR no stock"), Some("till")));
    for plain in ["<14>1 2024-01-02T03:04:05Z box till 7 - - no", "Jan  2 03:04:05 box till: no", "<14>1 - - - - - [a"]
    {
        assert_eq!(of(plain).named, None, "{plain}");
    }
    let said = of("2024-01-02T03:04:05Z app[148e4d5a] ams [error]no stock");
    assert_eq!((said.level, said.named, said.instance), (Some(Severity::Error), Some("no stock"), Some("148e4d5a")));
    for other in ["app[148e4d5a] is [error]no", "app[main] ams [error]no", "APP[148e4d5a] ams [error]no"] {
        assert_eq!(of(&format!("2024-01-02T03:04:05Z {other}")).level, None, "{other}");
    }
}

#[test]
fn a_time_may_stand_behind_a_level_or_a_process() {
    for line in [
        "E, [2024-01-02T03:04:05 #12] ERROR -- : no stock",
        "ERROR 2024-01-02 03:04:05 till no stock",
        "[ERROR]\t2024-01-02T03:04:05Z\tid\tno stock",
        "[ERROR] [2024-01-02 03:04:05] no stock",
        "WARN: 2024/01/02 03:04:05 slow",
        "[Nest] 7  - 01/02/2024, 3:04:05 AM   ERROR [Cart] no stock",
        "1:M 02 Jan 2024 03:04:05 # no stock",
        "[02/Jan/2024 03:04:05] \"GET /a HTTP/1.1\" 500 12",
        "1.2.3.4 - - [02/Jan/2024 03:04:05] \"GET /a HTTP/1.1\" 500 -",
        "[E 240102 03:04:05 web:123] no stock",
        "[W 2024-01-02 03:04:05 ServerApp] slow",
        "Jan 2, 2024 3:04:05 AM till.Cart sell",
        "Jan  2 03:04:05 box haproxy[7]: 1.2.3.4:5 [02/Jan/2024:03:04:05] web till/s1 0/0/1/2/3 503 12 - - ---- \
         1/1/0/0/0 0/0 \"GET /a HTTP/1.1\"",
    ] {
        assert_eq!(time_of(line).as_deref(), Some("2024-01-02T03:04:05Z"), "{line}");
        assert!(has_own_head(line), "{line}");
    }
    for line in [
        "ERROR in 2024-01-02 03:04:05",
        "Errors 2024-01-02 03:04:05",
        "[E 2401020 3:04:05 x] y",
        "[X 240102 03:04:05 x] y",
        "E 240102 03:04:05 x",
        "1:Z 02 Jan 2024 03:04:05 # x",
        "[Nest] x - 01/02/2024, 3:04:05 AM",
        "E, x",
        "ERROR",
        "ERROR: é",
        "[E é401 2 03:04:05 x] y",
    ] {
        assert_eq!(time_of(line), None, "{line}");
    }
    let said = of("Jan 2, 2024 3:04:05 AM till.Cart$Row <init>");
    assert_eq!(said.source, Some(("till.Cart$Row", Some("<init>"))));
    assert_eq!(of("Jan 2, 2024 3:04:05 AM the till is up").source, None);
    for (behind, source) in [
        ("Main main", Some(("Main", Some("main")))),
        ("Cart <init>", Some(("Cart", Some("<init>")))),
        ("Cart placeOrder", Some(("Cart", Some("placeOrder")))),
        ("shop.till.cart sell", Some(("shop.till.cart", Some("sell")))),
        ("org.shop.Version", Some(("org.shop.Version", None))),
        ("Deploy moved", None),
        ("Deploy", None),
        ("shop.example down", None),
    ] {
        assert_eq!(of(&format!("Jan 2, 2024 3:04:05 AM {behind}")).source, source, "{behind}");
    }
    let http = of("1.2.3.4:5 [02/Jan/2024:03:04:05.678] web till/s1 0/0/1/2/+31 503 12 - - ---- 1/1/0/0/0 0/0 \"GET /a HTTP/1.1\"")
        .http
        .expect("a request");
    assert_eq!((http.method.as_deref(), http.path.as_deref()), (Some("GET"), Some("/a")));
    assert_eq!((http.status, http.latency_ns), (Some(503), Some(31_000_000)));
    let http = of("INFO:     1.2.3.4:5 - \"GET /a HTTP/1.1\" 502 Bad Gateway").http.expect("a request");
    assert_eq!((http.path.as_deref(), http.status), (Some("/a"), Some(502)));
    for other in
        ["INFO: till - \"GET /a HTTP/1.1\" 502", "INFO: 1.2.3.4:5 - \"a b\" 502", "INFO: 1.2.3.4:5 - \"GET /a\" x"]
    {
        assert!(of(other).http.is_none(), "{other}");
    }
    let http = of("[02/Jan/2024 03:04:05] \"GET /a HTTP/1.1\" 500 12").http.expect("a request");
    assert_eq!((http.path.as_deref(), http.status), (Some("/a"), Some(500)));
}

#[test]
fn what_tools_print_for_people_is_read_as_what_it_was() {
    let http = of("2024-01-02 03:04:05 GET 503 https://shop.example/a?b").http.expect("a request");
    assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(503)));
    assert_eq!(http.host.as_deref(), Some("shop.example"));
    for other in ["GET 503 times", "GET 7 https://x/", "got 503 https://x/", "GET 503 https://x/ again", "GET 503"] {
        assert!(of(&format!("2024-01-02 03:04:05 {other}")).http.is_none(), "{other}");
    }
    for rest in [
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1, in f",
        "    charge(order)",
        "KeyError: 1",
        "    at f (a.js:1:2)",
        "Caused by: a.B: no",
        "panic: no stock",
        "thread 'main' panicked at src/main.rs:3:5:",
        "Unhandled exception. System.TimeoutException: slow",
    ] {
        let line = format!("2024-01-02 03:04:05 {rest}");
        assert_eq!((of(&line).named, of(&line).begins), (Some(rest), true), "{line}");
    }
    for rest in ["    INFO till is up", "     till up", "at noon", "  till"] {
        assert_eq!(of(&format!("2024-01-02 03:04:05 {rest}")).named, None, "{rest}");
    }
    // Fluentd's files.
    let said = of("2024-01-02T03:04:05+00:00\tshop.till\t{\"level\":\"error\"}");
    assert_eq!((said.object, said.service), (Some("{\"level\":\"error\"}"), Some("shop.till")));
    assert_eq!(of("2024-01-02T03:04:05+00:00\ta tag\t{\"a\":1}").object, None);
    for (head, level, service) in [
        ("2024-01-02T03:04:05+02:00\ttill", None, Some("till")),
        ("2024-01-02T03:04:05Z\tshop.till", None, Some("shop.till")),
        ("2024-01-02T03:04:05+00:00\tERROR", Some(Severity::Error), None),
        ("2024-01-02T03:04:05.678Z\twarn", Some(Severity::Warning), None),
    ] {
        let line = format!("{head}\t{{\"a\":1}}");
        let said = of(&line);
        assert_eq!((said.object, said.level, said.service), (Some("{\"a\":1}"), level, service), "{line}");
    }
    // What a logger says before its fields.
    for head in ["05.678Z\tdisconnected", "05Z\tdisconnected", "05Z\tmain.go:12", "05Z\tlost."] {
        let line = format!("2024-01-02T03:04:{head}\t{{\"a\":1}}");
        assert_eq!((of(&line).object, of(&line).service), (None, None), "{line}");
    }
    // Grafana's.
    let said = of("1704164645678\t2024-01-02T03:04:05.678Z\tlevel=error msg=x");
    assert_eq!((at(&said).as_deref(), said.named), (Some("2024-01-02T03:04:05.678Z"), Some("level=error msg=x")));
    assert_eq!(said.level, Some(Severity::Error));
    for other in ["1704164645678\t2024-01-02T03:04:06Z\tx", "1704164645678\tx", "17\t2024-01-02T03:04:05Z\tx"] {
        assert_eq!(of(other).named, None, "{other}");
    }
    // Services of a swarm.
    let said = of("till.1.x2k4q0abc@node-1    | 2024-01-02T03:04:05Z ERROR no stock");
    assert_eq!((said.service, said.instance), (Some("till"), Some("till.1.x2k4q0abc@node-1")));
    let said = of("till.1.x2k4q0abc@node-1    | no stock");
    assert_eq!((said.service, said.named), (Some("till"), Some("no stock")));
    for line in [
        "ann@shop.example | no stock",
        "ann@shop.example | 2024-01-02T03:04:05Z no stock",
        "till.1.a-b@node  | no stock",
        "ERROR | 2024-01-02T03:04:05Z no stock",
    ] {
        assert_eq!(of(line).service, None, "{line}");
    }
    for (head, named) in [
        ("till-1  | ", Some(("till", "till-1"))),
        ("shop-till_12 | ", Some(("shop-till", "shop-till_12"))),
        ("till.1.x2k4q0abc@node-1.example    | ", Some(("till", "till.1.x2k4q0abc@node-1.example"))),
        ("till  | ", Some(("till", "till"))),
        ("ERROR | ", None),
        ("INFO  | ", None),
        ("main | ", None),
        ("app.log | ", None),
        ("ann@shop.example  | ", None),
        ("2024-01-02  | ", None),
        ("7 | ", None),
    ] {
        assert_eq!(container(head), named, "{head}");
    }
    // Drains of Heroku.
    let said = of("83 <40>1 2024-01-02T03:04:05+00:00 host app web.3 - State changed from starting to up");
    assert_eq!((said.severity, said.service, at(&said).as_deref()), (None, Some("app"), Some("2024-01-02T03:04:05Z")));
    let said = of("83 <11>1 2024-01-02T03:04:05Z box till 7 - - no");
    assert_eq!((said.severity, said.instance), (Some(Severity::Error), Some("box")));
    assert!(of("83 <b>bold</b>").time.is_none());
}

#[test]
fn archives_and_kernels_name_who_wrote() {
    let line =
        "771156178332\t2024-01-02T03:04:05Z\t2024-01-02T03:04:06Z\t8\tbox\t1.2.3.4\tUser\tError\ttill\tno\tstock";
    let said = of(line);
    assert_eq!((said.severity, said.service, said.instance), (Some(Severity::Error), Some("till"), Some("box")));
    assert_eq!((at(&said).as_deref(), said.named), (Some("2024-01-02T03:04:05Z"), Some("no\tstock")));
    for other in [line.replace("Error", "x"), line.replacen('Z', "x", 2), line.replace("7711", "x"), "7\t8".to_owned()]
    {
        assert!(of(&other).time.is_none(), "{other}");
    }
    let said = of("2024-01-02T03:04:05+0000 box-1 kernel: out of memory");
    assert_eq!((said.service, said.instance, said.named), (Some("kernel"), Some("box-1"), Some("out of memory")));
    for line in [
        "the new kernel: none",
        "loading kernel: up",
        "Processing item[3]: no stock",
        "/objects/0123456789abcdef0123 not found",
        "https://x/0123456789abcdef0123456789abcdef is gone",
        "GET/deadbeefdeadbeefdeadbeef no",
    ] {
        let line = format!("2024-01-02T03:04:05+00:00 {line}");
        let said = of(&line);
        assert_eq!((said.service, said.instance), (None, None), "{line}");
    }
    for line in ["notice 2019-01-01 00:00:00 is the cutoff", "Error: 2024/01/02 03:04:08 is no valid start"] {
        assert!(of(line).time.is_none(), "{line}");
    }
    assert_eq!(at(&of("1:M 02 Jan 2024 03:04:04.678 # no\tstock")).as_deref(), Some("2024-01-02T03:04:04.678Z"));
}

#[test]
fn lines_of_functions_are_read_by_their_columns() {
    for (line, severity) in [
        ("E      till  abc123def  2024-01-02 03:04:05.678  no  stock", Some(Severity::Error)),
        ("I      till  2024-01-02 03:04:05.678  no  stock", Some(Severity::Info)),
        ("WARNING  till  abc123def  2024-01-02 03:04:05.678  no  stock", Some(Severity::Warning)),
        ("CRITICAL  till  2024-01-02 03:04:05.678  no  stock", Some(Severity::Critical)),
        ("till  abc123def  2024-01-02 03:04:05.678  no  stock", None),
        ("till  2024-01-02 03:04:05.678  no  stock", None),
    ] {
        let said = of(line);
        assert_eq!((said.severity, said.service, said.named), (severity, Some("till"), Some("no  stock")), "{line}");
        assert_eq!(at(&said).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        assert!(said.time.is_some_and(|time| !time.naive), "the column is in UTC");
    }
    for line in [
        "till  2024-01-02 03:04:05  no  stock",
        "till  abc  2024-01-02 03:04:05.678  no  stock",
        "E  till  abc  def  2024-01-02 03:04:05.678  no",
        "E      till  abc123def  2024-01-02T03:04:05Z  no",
        "E      till  abc123def  no stock since 2024-01-02 03:04:05",
        "a b  c  2024-01-02 03:04:05  d",
        "1001  2024-01-02 03:04:05.678  paid",
        "GET  /till  2024-01-02 03:04:05.678  up",
        "web1  nginx  2024-01-02 03:04:05.678  WARN slow",
    ] {
        assert_eq!(of(line).service, None, "{line}");
    }
}

#[test]
fn fluentd_prints_a_tag_with_a_dot_in_it() {
    let said = of("2024-01-02 03:04:05 +0100 till.web: {\"a\":1}");
    assert_eq!((said.service, said.object), (Some("till.web"), Some("{\"a\":1}")));
    assert_eq!(at(&said).as_deref(), Some("2024-01-02T02:04:05Z"));
    for word in ["ERROR", "error", "[ERROR]", "Response", ".till", "till ..", "[a.b]"] {
        assert_eq!(of(&format!("2024-01-02 03:04:05 +0100 {word}: {{\"a\":1}}")).service, None, "{word}");
    }
}
