//! Heads that state a severity, and prose that states none.

use super::*;

fn of(text: &str) -> Severity {
    level(text).map_or(Severity::Default, |found| found.0)
}

#[test]
fn a_stack_is_an_error_also_where_its_head_names_no_message() {
    for text in [
        "a.b.NullPointerException\n\tat a.B.c(B.java:3)",
        "Exception in thread \"main\" a.b.NullPointerException\n\tat a.B.c(B.java:3)",
        "/srv/cart.js:3\n    throw new Error('no');\n    ^\n\nError: no\n    at f (/srv/cart.js:3:9)\n\nNode.js v20.11.0",
        "node:internal/process/promises:288\n    trigger(e);\n    ^\n\nError: no\n    at f (/srv/cart.js:3:9)",
        "(node:1) UnhandledPromiseRejectionWarning: Error: no\n    at f (/srv/cart.js:3:9)",
        "TypeError [ERR_INVALID_ARG_TYPE]: The argument is none\n    at f (/srv/cart.js:3:9)",
        "A.B.SqlException (0x80131904): late\n   at A.B()",
        "NoMethodError (undefined method 'f' for nil):\n  app/cart.rb:3:in 'g'",
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()",
        "http: panic serving 10.0.0.1:1: no\ngoroutine 5 [running]:",
        "cart is lost\nTypeError: no\n    at f (/srv/cart.js:3:9)",
        "cart is lost\na.b.NoneException: no\n\tat a.B.c(B.java:3)",
        "2024/01/02 03:04:05 http: panic serving 10.0.0.1:1: no\ngoroutine 5 [running]:",
    ] {
        assert_eq!(of(text), Severity::Error, "{text}");
    }
    for text in [
        "/srv/cart.js:3",
        "who is\n    at home",
        "KeyError",
        "NoSuchException is a class",
        "fatal error: is a word",
        "TypeError (and others) are counted",
        "node:internal is a module",
    ] {
        assert_eq!(of(text), Severity::Default, "{text}");
    }
}

#[test]
fn a_level_is_found_behind_time_thread_logger_and_id() {
    for text in [
        "2024-01-02 03:04:05,678 - till.cart - ERROR - no stock",
        "2024-01-02 03:04:05,678 - root - ERROR - no stock",
        "[2024-01-02 03:04:05,678] ERROR in app: no stock",
        "[2024-01-02 03:04:05,678: ERROR/ForkPoolWorker-1] no stock",
        "2024-01-02 03:04:05.678 | ERROR    | m:f:1 - no stock",
        "2024-01-02 03:04:05.678 [main] ERROR c.x - no stock",
        "03:04:05.001 [main] ERROR c.x - no stock",
        "2024-01-02 03:04:05.6789|ERROR|Till.Cart|no stock",
        "[2024-01-02 03:04:05,678: ERROR/MainProcess] no stock",
        "ERROR 2024-01-02 03:04:05,678 cart 7 140 no stock",
        "[2024-01-02T03:04:05.678+0000] {cart.py:18} ERROR - no stock",
        "2024-01-02 03:04:05 UTC:10.0.0.5(4567):app@shop:[12]:ERROR:  no stock",
        "2024-01-02T03:04:05.678Z 8b1c5f0e-8d7c-4f4e-9a51-0d6c2f3f4a5b Task timed out after 3.00 seconds",
        "RequestId: 8b1c5f0e-8d7c-4f4e-9a51-0d6c2f3f4a5b Error: Runtime exited with error: signal: killed",
        "03:04:05,001 ERROR [c.x] (main) no stock",
        "2024-01-02 03:04:05,678 till.cart ERROR no stock",
        "2024-01-02 03:04:05.678 UTC [12] ERROR:  no stock",
        "2024-01-02 03:04:05.678 CET [12] till@shop ERROR:  no stock",
        "[2024-01-02 03:04:05] production.ERROR: no stock",
        "2024-01-02T03:04:05.678901Z 0 [ERROR] [MY-010119] [Server] Aborting",
        "2024-01-02T03:04:05.124Z\treqid\tERROR\tno stock",
        "2024-01-02T03:04:05.124Z\t8b1c5f0e-8d7c-4f4e-9a51-0d6c2f3f4a5b\tERROR\tno stock",
        "2024-01-02T03:04:05.124+0100\tERROR\ttill/cart.go:7\tno stock",
        "2024-01-02T03:04:05.124+0100\terror\ttill/cart.go:7\tno stock",
        "[2024-01-02T03:04:05Z ERROR till] no stock",
        "[03:04:05 ERR] no stock",
        "[Nest] 7  - 01/02/2024, 3:04:05 AM   ERROR [Cart] no stock",
        "02-Jan-2024 03:04:05.678 SEVERE [main] org.apache.Cart.f no stock",
        "[Tue Jan 02 03:04:05.678901 2024] [core:error] [pid 7:tid 8] no stock",
        "2024/01/02 03:04:05 [error] 7#7: *1 no stock",
        "E, [2024-01-02T03:04:05.678901 #12] ERROR -- : no stock",
        "fail: Microsoft.AspNetCore.Server.Kestrel[13]\n      no stock",
        "PHP Fatal error:  no stock in /srv/a.php on line 7",
        "Fatal error: no stock in /srv/a.php on line 7",
        "Fatal error: Uncaught Shop\\NoStock: none in /srv/a.php:7",
        "nginx: [error] open() \"/run/nginx.pid\" failed (2: No such file or directory)",
        "[02-Jan-2024 03:04:05 UTC] PHP Parse error:  no stock",
        "thread 'main' panicked at src/main.rs:7:5:\nno stock",
        "thread 'main' (7) panicked at src/main.rs:7:5:",
        "Unhandled exception. System.InvalidOperationException: no stock",
        "Unhandled Exception: System.InvalidOperationException: no stock",
        "\u{1b}[31mERROR\u{1b}[0m  no stock",
        "\u{1b}[90m03:04:05\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m no stock",
        "\u{1b}[32m[Nest] 7  - \u{1b}[39m01/02/2024, 3:04:05 AM \u{1b}[31m  ERROR\u{1b}[39m [Cart] no stock",
    ] {
        assert_eq!(of(text), Severity::Error, "{text}");
    }
    assert_eq!(of("2024-01-02 03:04:05.678 [main] WARN  c.x - slow"), Severity::Warning);
    assert_eq!(of("[03:04:05 INF] up"), Severity::Info);
    assert_eq!(of("[2024-01-02 03:04:05] local.INFO: up"), Severity::Info);
    assert_eq!(of("dbug: Microsoft.Extensions.Hosting[1]"), Severity::Debug);
    assert_eq!(of("PHP Deprecated:  f() is old"), Severity::Notice);
    assert_eq!(of("2024-01-02 03:04:05.678 UTC [12] FATAL:  no"), Severity::Critical);
}

#[test]
fn prose_with_a_level_in_it_states_none() {
    for text in [
        "Fatal error: none found in a.php",
        "Parse error: see /docs/index.php for help",
        "nginx: [error] in config",
        "2024-01-02 03:04:05 connection ERROR rate is 0",
        "2024-01-02 03:04:05 the ERROR rate is 0",
        "2024-01-02 03:04:05 [main] no ERROR today",
        "2024-01-02 03:04:05 done. ERROR rate is 0",
        "2024-01-02 03:04:05 a b c ERROR",
        "2024-01-02 03:04:05 - sync of errors - error - done",
        "2024-01-02 03:04:05 till.cart Error rates are fine",
        "2024-01-02 03:04:05 till.cart ERRORS: 0",
        "2024-01-02 03:04:05 UTC [12] LOG:  ERROR is a word",
        "03:04:05 is when the ERROR came",
        "[main] ERROR rates are fine",
        "[a] [b] ERROR",
        "[12:30] ERROR rates are fine",
        "fail: expected three",
        "fail:",
        "PHP 8.3 is out: ERROR",
        "E, [x] y",
        "thread 'main' is up",
        "Unhandled exceptions are counted",
        "[Nest] 7  - 01/02/2024, 3:04:05 AM     LOG [Cart] ERROR rate is 0",
        "\u{1b}[32mup\u{1b}[0m",
        "2024-01-02 03:04:05 -",
        "2024-01-02 03:04:05 [",
        "2024-01-02 03:04:05 ö ERROR",
        "[",
        "[2024-01-02 03:04:05",
    ] {
        assert_eq!(of(text), Severity::Default, "{text}");
    }
}

#[test]
fn levels_of_single_programs_are_read() {
    for (text, severity) in [
        ("2024-01-02T03:04:05Z ERR no stock", Severity::Error),
        ("2024-01-02T03:04:05Z WRN slow", Severity::Warning),
        ("2024-01-02T03:04:05Z FTL no stock", Severity::Critical),
        ("3:04AM ERR no stock error=\"none left\"", Severity::Error),
        ("11:04PM DBG x", Severity::Debug),
        ("ERRO[0012] no stock   till=3", Severity::Error),
        ("WARN[12345] slow", Severity::Warning),
        ("2024-01-02T03:04:05.678Z pid=7 tid=2m WARN: slow", Severity::Warning),
        ("2024-01-02T03:04:05.678Z pid=7 tid=2m class=Sell jid=3 elapsed=0.1 ERROR: no stock", Severity::Error),
        ("2024-01-02T03:04:05.678Z 7 TID-abc ERROR: no stock", Severity::Error),
        ("[E 240102 03:04:05 web:123] no stock", Severity::Error),
        ("[W 2024-01-02 03:04:05.678 ServerApp] slow", Severity::Warning),
        ("1:M 02 Jan 2024 03:04:05.678 # no stock", Severity::Warning),
        ("1:C 02 Jan 2024 03:04:05.678 * up", Severity::Notice),
        ("Jan 2, 2024 3:04:05 AM till.Cart sell\nSEVERE: no stock", Severity::Error),
        ("Jan 2, 2024 3:04:05 PM till.Cart sell\nCONFIG: one till", Severity::Debug),
        ("2024-01-02T03:04:05.678901234Z 2024-01-02 03:04:05,678 ERROR till no stock", Severity::Error),
        ("2024-01-02T03:04:05.678901234Z [2024-01-02 03:04:05 +0000] [7] [ERROR] no stock", Severity::Error),
        ("2024-01-02T03:04:05.678901234Z E0102 03:04:05.000006       1 till.go:7] no stock", Severity::Error),
    ] {
        assert_eq!(of(text), severity, "{text}");
    }
    for text in [
        "2024-01-02T03:04:05Z ERRS are words",
        "2024-01-02T03:04:05Z a ERR b",
        "ERR no stock",
        "3:04AM is when the ERR came",
        "3:99AM ERR x",
        "ERRO[12] x",
        "ERRO[0012 x",
        "2024-01-02T03:04:05.678Z pid=7 tid=2m ERROR rates are fine",
        "2024-01-02T03:04:05.678Z a=7 ERROR: no stock",
        "[E is a letter] x",
        "[E 24 letters] x",
        "1:M 02 Jan 2024 # x",
        "1:M is # x",
        "Jan 2, 2024 3:04:05 AM till.Cart sell",
        "Jan 2, 2024 3:04:05 AM till.Cart sell\nno: stock",
        "Jan 2, there were\nSEVERE: losses",
    ] {
        assert_eq!(of(text), Severity::Default, "{text}");
    }
}

#[test]
fn what_rake_and_the_virtual_machine_of_java_say_first_is_their_level() {
    let of = |text: &str| level(text).map(|(severity, _)| severity);
    for text in
        ["rake aborted!", "bin/rails aborted!\nActiveRecord::NoDatabaseError: none\n/app/lib/tasks/x.rake:3:in `main'"]
    {
        assert_eq!(of(text), Some(Severity::Error), "{text}");
    }
    for text in [
        "OpenJDK 64-Bit Server VM warning: Options -Xverify:none and -noverify were deprecated in JDK 13",
        "Java HotSpot(TM) Server VM warning: ignoring option MaxPermSize",
    ] {
        assert_eq!(of(text), Some(Severity::Warning), "{text}");
    }
    for text in [
        "Error R14 is new",
        "Error R1 (x)",
        "rake aborted",
        "the rake aborted!",
        "order aborted!",
        "OpenJDK 64-Bit Server VM (build 17.0.1+12)",
        "OpenJDK is here. VM warning: none",
    ] {
        assert_eq!(of(text), None, "{text}");
    }
}
