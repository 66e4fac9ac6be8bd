//! One trace of each runtime in every wrapping that exports put around it: type, mined message and stack stay the same.

use super::super::*;
use super::one;

/// Runtime, trace, type of its last exception, template.
const TRACES: [(&str, &str, &str, &str); 12] = [
    (
        "python",
        "Traceback (most recent call last):\n  File \"/srv/shop/stock.py\", line 4, in take\n    raise KeyError(k)\nKeyError: 'apple'\n\n\
         The above exception was the direct cause of the following exception:\n\n\
         Traceback (most recent call last):\n  File \"/srv/shop/order.py\", line 9, in place\n    take(k)\n    ~~~~^^^\nshop.OutOfStock: no more than 7 left\n",
        "shop.OutOfStock",
        "shop.OutOfStock: no more than <num> left",
    ),
    (
        "python group",
        "  + Exception Group Traceback (most recent call last):\n  |   File \"/srv/a.py\", line 3, in main\n  |     go()\n  | ExceptionGroup: both failed (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/srv/b.py\", line 1, in left\n    |     raise ValueError(1)\n    | ValueError: bad row 1\n    +------------------------------------\n",
        "ValueError",
        "ValueError: bad row <num>",
    ),
    (
        "java",
        "org.shop.OrderException: cannot order\n\tat org.shop.Orders.place(Orders.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\n\tSuppressed: org.shop.CloseException: late\n\t\tat org.shop.Pool.close(Pool.java:9)\nCaused by: java.io.IOException: disk 7 is gone\n\tat org.shop.Disk.write(Disk.java:7)\n\t... 12 more\n",
        "java.io.IOException",
        "java.io.IOException: disk <num> is gone",
    ),
    (
        "kotlin",
        "Exception in thread \"main\" java.lang.IllegalStateException: cart 9 is closed\n\tat shop.CartKt.add(Cart.kt:3)\n\tat kotlinx.coroutines.DispatchedTask.run(DispatchedTask.kt:106)\n",
        "java.lang.IllegalStateException",
        "java.lang.IllegalStateException: cart <num> is closed",
    ),
    (
        "node",
        "TypeError: cannot read amount of order 12\n    at place (/srv/src/order.js:3:9)\n    at async Router.handle (/srv/node_modules/router/index.js:3:1)\n    at node:internal/timers:1:1\n",
        "TypeError",
        "TypeError: cannot read amount of order <num>",
    ),
    (
        "go",
        "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.pick(0x1, 0x2)\n\t/src/shop/main.go:12 +0x1d\nmain.main()\n\t/src/shop/main.go:7 +0x9\n\ngoroutine 18 [select]:\nnet.wait()\n\t/usr/local/go/src/net/wait.go:4 +0x2\n",
        "panic",
        "panic: runtime error: index out of range [<num>] with length <num>",
    ),
    (
        "rust",
        "thread 'main' panicked at src/main.rs:5:10:\nno stock for order 12\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:1:5\n   1: shop::order::place\n             at ./src/order.rs:9:1\n",
        "panic",
        "panic: no stock for order <num>",
    ),
    (
        "dotnet",
        "System.AggregateException: One or more errors occurred. (bad row 4)\n ---> Shop.LoadException: bad row 4\n   at Shop.Loader.Row(Int32 n) in /src/Loader.cs:line 8\n   --- End of inner exception stack trace ---\n   at System.Threading.Tasks.Task.Wait()\n   at Shop.Program.Main() in /src/Program.cs:line 2\n",
        "Shop.LoadException",
        "Shop.LoadException: bad row <num>",
    ),
    (
        "ruby",
        "/srv/order.rb:3:in 'place': no stock for 12 (Shop::EmptyError)\n\tfrom /usr/lib/ruby/gems/web.rb:2:in 'call'\n\tfrom /srv/main.rb:1:in '<main>'\n",
        "Shop::EmptyError",
        "Shop::EmptyError: no stock for <num>",
    ),
    (
        "php",
        "PHP Fatal error:  Uncaught Shop\\EmptyException: no stock for 12 in /srv/order.php:3\nStack trace:\n#0 /srv/vendor/web.php(12): place()\n#1 /srv/index.php(2): Web->run(Array)\n#2 {main}\n  thrown in /srv/order.php on line 3\n",
        "Shop\\EmptyException",
        "Shop\\EmptyException: no stock for <num>",
    ),
    (
        "elixir",
        "GenServer Shop.Stock terminating\n** (Shop.EmptyError) no stock for 12\n    (shop 0.1.0) lib/shop/stock.ex:12: Shop.Stock.take/1\n    (stdlib 4.2) gen_server.erl:1123: :gen_server.try_dispatch/4\nLast message: {:take, 17}\n",
        "Shop.EmptyError",
        "GenServer Shop.Stock terminating [Shop.EmptyError]",
    ),
    (
        "php in json",
        "[2031-02-03 04:05:06] live.ERROR: no stock for 12 {\"user\":7,\"exception\":\"[object] (Shop\\EmptyException(code: 0): no stock for 12 at /srv/order.php:3)\n[stacktrace]\n#0 /srv/vendor/web.php(12): place()\n#1 /srv/index.php(2): Web->run(Array)\n#2 {main}\n\"}",
        "Shop\\EmptyException",
        "Shop\\EmptyException: no stock for <num>",
    ),
];

fn scan(text: &str) -> Scanned {
    Miner::new().scan(Subject::Text(text))
}

#[test]
fn traces_of_all_runtimes_are_their_type_and_mined_message() {
    for (runtime, trace, exception, template) in TRACES {
        let found = scan(trace);
        assert_eq!(found.exception.as_deref(), Some(exception), "{runtime}");
        assert_eq!(one(Subject::Text(trace)).text, template, "{runtime}");
        assert!(found.stack_id.is_some(), "{runtime}");
        assert_eq!(row_role(trace), RowRole::Traceback, "{runtime}");
    }
}

#[test]
fn line_ends_of_windows_and_colours_change_nothing_about_a_trace() {
    for (runtime, trace, ..) in TRACES {
        let plain = scan(trace);
        let windows = trace.replace('\n', "\r\n");
        let coloured =
            format!("\u{1b}[31m{}\u{1b}[0m\n", trace.trim_end_matches('\n').replace('\n', "\u{1b}[0m\n\u{1b}[31m"));
        for text in [&windows, &coloured] {
            let found = scan(text);
            assert_eq!(found.sig, plain.sig, "{runtime}: {text:?}");
            assert_eq!(found.stack_id, plain.stack_id, "{runtime}");
            assert_eq!(found.exception_message, plain.exception_message, "{runtime}");
        }
    }
}

#[test]
fn a_trace_in_a_field_of_a_json_message_is_read() {
    for (runtime, trace, exception, _) in TRACES {
        let plain = scan(trace);
        for key in ["stack", "stack_trace", "exception", "StackTrace", "exc_info", "error.stack_trace"] {
            let text = serde_json::json!({"level": "error", "message": "order 12 failed", key: trace}).to_string();
            let found = scan(&text);
            assert_eq!(found.exception.as_deref(), Some(exception), "{runtime} {key}");
            assert_eq!(found.stack_id, plain.stack_id, "{runtime} {key}");
            let shown = format!("order <num> failed [{exception}] {{");
            assert!(one(Subject::Text(&text)).text.starts_with(&shown), "{runtime} {key}");
        }
        let nested = serde_json::json!({"msg": "failed", "err": {"type": "x", "stack": trace}}).to_string();
        assert_eq!(scan(&nested).stack_id, plain.stack_id, "{runtime} nested");
        let alone = serde_json::json!({"level": "error", "message": trace}).to_string();
        assert_eq!(scan(&alone).exception.as_deref(), Some(exception), "{runtime} in the message");
    }
}

#[test]
fn a_trace_with_damaged_letters_finds_the_clean_one() {
    for (runtime, trace, exception, _) in TRACES {
        let (Some((before, after)), told) = (trace.rsplit_once("stock").or_else(|| trace.rsplit_once("row")), "Größe")
        else {
            continue;
        };
        let clean = format!("{before}{told}{after}");
        let damaged = format!("{before}Gr??e{after}");
        let mut miner = Miner::new();
        let mut table = SignatureTable::new();
        let sigs = [&clean, &damaged].map(|text| miner.sign(&mut table, Subject::Text(text), Some(1), "", text).sig);
        let set = templates(&table);
        let ids = sigs.map(|sig| set.get(sig).unwrap().id.clone());
        assert_eq!(ids[0], ids[1], "{runtime}");
        assert_eq!(scan(&damaged).exception.as_deref(), Some(exception), "{runtime}");
    }
}

#[test]
fn lines_around_the_frames_of_a_php_trace_belong_to_it() {
    for line in ["[stacktrace]", "\"}", "\"} ", "#3 /srv/x.php(12): run()"] {
        assert_eq!(row_role(line), RowRole::Frame, "{line}");
    }
    let previous = "[previous exception] [object] (Shop\\NoRoute(code: 0): no route at /srv/route.php:3)";
    assert_eq!(row_role(previous), RowRole::Joiner);
    for line in ["[stack]", "\"a\"}", "{}", "[previous] page"] {
        assert_eq!(row_role(line), RowRole::Plain, "{line}");
    }
}
