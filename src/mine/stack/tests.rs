//! One trace of each runtime, and the roles of rows.

use super::{RowRole, parse_stack, row_role, unstamped};

mod chains;

type Summary<'a> = (Option<&'a str>, Vec<(&'a str, &'a str)>, Vec<(String, bool)>);

fn summary(text: &str) -> Summary<'_> {
    let stack = parse_stack(text).expect("a stack");
    let frames = stack.frames.iter().map(|f| (f.function.to_owned(), f.in_app)).collect();
    (stack.head, stack.exceptions, frames)
}

fn frames(list: &[(&str, bool)]) -> Vec<(String, bool)> {
    list.iter().map(|(f, a)| ((*f).to_owned(), *a)).collect()
}

#[test]
fn reads_chained_python() {
    let (head, exceptions, found) = summary(
        "Cannot start\nTraceback (most recent call last):\n  File \"/app/a.py\", line 3, in load\n    x = y[k]\n        ~^^^\nKeyError: 'k'\n\n\
         The above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  \
         File \"/usr/lib/python3.12/site-packages/web/run.py\", line 7, in run\n    go()\n  File \"/app/b.py\", line 9, in go\n    raise Bad(1)\nshop.Bad: first\nsecond line\n",
    );
    assert_eq!(head, Some("Cannot start"));
    assert_eq!(exceptions, [("KeyError", "'k'"), ("shop.Bad", "first\nsecond line")]);
    assert_eq!(found, frames(&[("load", true), ("run", false), ("go", true)]));
}

#[test]
fn reads_a_python_exception_group() {
    let (_, exceptions, _) = summary(
        "  + Exception Group Traceback (most recent call last):\n  |   File \"/app/a.py\", line 3, in main\n  |     go()\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/app/b.py\", line 1, in one\n    |     raise ValueError(1)\n    | ValueError: 1\n    +------------------------------------\n",
    );
    assert_eq!(exceptions, [("ExceptionGroup", "two (2 sub-exceptions)"), ("ValueError", "1")]);
}

#[test]
fn reads_java_with_causes() {
    let (head, exceptions, found) = summary(
        "Request failed\norg.shop.OrderException: cannot order\n\tat org.shop.Orders.place(Orders.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\nCaused by: java.io.IOException: disk\n\tat org.shop.Disk.write(Disk.java:7)\n\t... 2 more\n",
    );
    assert_eq!(head, Some("Request failed"));
    assert_eq!(exceptions, [("org.shop.OrderException", "cannot order"), ("java.io.IOException", "disk")]);
    assert_eq!(
        found,
        frames(&[("org.shop.Orders.place", true), ("java.lang.Thread.run", false), ("org.shop.Disk.write", true)])
    );
}

#[test]
fn reads_node() {
    let (head, exceptions, found) = summary(
        "Cannot save order: TypeError: x is not a function\n    at save (/app/src/order.js:10:5)\n    at async Router.handle (/app/node_modules/router/index.js:3:1)\n    at /app/src/main.js:2:2\n    at node:internal/main/run:1:1\n",
    );
    assert_eq!(head, Some("Cannot save order:"));
    assert_eq!(exceptions, [("TypeError", "x is not a function")]);
    assert_eq!(found, frames(&[("save", true), ("Router.handle", false), ("", true), ("", false)]));
    let (head, exceptions, _) =
        summary("Error: connect refused\n    at connect (file:///app/net.mjs:1:2) {\n  code: 'X'\n}");
    assert_eq!((head, exceptions), (None, vec![("Error", "connect refused")]));
    // What a method is called by.
    let (head, exceptions, found) = summary(
        "Error: connect ECONNREFUSED 192.0.2.1:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1494:16) {\n  errno: -111,\n  code: 'ECONNREFUSED'\n}",
    );
    assert_eq!((head, exceptions), (None, vec![("Error", "connect ECONNREFUSED 192.0.2.1:5432")]));
    assert_eq!(found, frames(&[("TCPConnectWrap.afterConnect [as oncomplete]", false)]));
    // Words that end as a type does, before the line that opens with one.
    let (head, exceptions, _) = summary("Internal Server Error\nRangeError: no\n    at save (/app/src/order.js:10:5)");
    assert_eq!((head, exceptions), (Some("Internal Server Error"), vec![("RangeError", "no")]));
    let (head, exceptions, _) = summary("Internal Server Error\n    at save (/app/src/order.js:10:5)");
    assert_eq!((head, exceptions), (Some("Internal Server"), vec![("Error", "")]));
    // What Node prints above an exception that nothing caught.
    let (head, exceptions, _) = summary(
        "/app/src/order.js:10\n    throw new Error('no');\n    ^\n\nError: no\n    at save (/app/src/order.js:10:5)\n\nNode.js v20.11.0",
    );
    assert_eq!((head, exceptions), (None, vec![("Error", "no")]));
}

#[test]
fn reads_dotnet() {
    let (head, exceptions, found) = summary(
        "Unhandled exception. System.InvalidOperationException: outer ---> Shop.LoadException: inner\n   at Shop.Loader.Load(String name) in /src/Loader.cs:line 12\n   --- End of inner exception stack trace ---\n   at System.Threading.Tasks.Task.Run()\n",
    );
    assert_eq!(head, None);
    assert_eq!(exceptions, [("System.InvalidOperationException", "outer"), ("Shop.LoadException", "inner")]);
    assert_eq!(found, frames(&[("Shop.Loader.Load", true), ("System.Threading.Tasks.Task.Run", false)]));
}

#[test]
fn reads_go() {
    let (head, exceptions, found) = summary(
        "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.pick(0x1, 0x2)\n\t/src/shop/main.go:12 +0x1d\nruntime.main()\n\t/usr/local/go/src/runtime/proc.go:250 +0x1\n",
    );
    assert_eq!(head, None);
    assert_eq!(exceptions, [("panic", "runtime error: index out of range [5] with length 3")]);
    assert_eq!(found, frames(&[("main.pick", true), ("runtime.main", false)]));
}

#[test]
fn reads_go_that_could_not_go_on() {
    let (head, exceptions, found) = summary(
        "runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow\n\nruntime stack:\nruntime.throw({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:1023 +0x5c\n\ngoroutine 1 [running]:\nmain.pick(0x1)\n\t/src/shop/main.go:12 +0x1d\n...27 frames elided...\nmain.main()\n\t/src/shop/main.go:7 +0x1d\n",
    );
    assert_eq!(head, Some("runtime: goroutine stack exceeds 1000000000-byte limit"));
    assert_eq!(exceptions, [("fatal error", "stack overflow")]);
    assert_eq!(found, frames(&[("main.pick", true), ("main.main", true)]));
}

#[test]
fn reads_go_whose_server_goes_on() {
    let trace = "goroutine 7 [running]:\nmain.handler()\n\t/app/main.go:12 +0x1";
    let text = format!("2025/09/16 00:41:13 http: panic serving [::1]:52: no stock: 3\n{trace}");
    assert_eq!(summary(&text), (None, vec![("panic", "no stock: 3")], frames(&[("main.handler", true)])));
    assert_eq!(row_role(&text), RowRole::Traceback);
    let text = format!("cannot sell\n{trace}");
    assert_eq!(summary(&text), (Some("cannot sell"), vec![], frames(&[("main.handler", true)])));
    assert_eq!((row_role(&text), row_role(trace)), (RowRole::Plain, RowRole::Frame));
}

#[test]
fn reads_rust_of_both_forms() {
    let (_, exceptions, found) = summary(
        "thread 'main' panicked at src/main.rs:5:10:\ncalled `Option::unwrap()` on a `None` value\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:1:5\n   1: shop::order::place\n             at ./src/order.rs:9:1\n",
    );
    assert_eq!(exceptions, [("panic", "called `Option::unwrap()` on a `None` value")]);
    assert_eq!(found, frames(&[("shop::order::place", true)]));
    let (_, exceptions, _) = summary("thread 'w' panicked at 'no stock', src/main.rs:5:10\nnote: run with more\n");
    assert_eq!(exceptions, [("panic", "no stock")]);
}

#[test]
fn reads_ruby_and_php() {
    let (_, exceptions, found) = summary(
        "/app/order.rb:3:in 'place': no stock (Shop::EmptyError)\n\tfrom /usr/lib/ruby/gems/web.rb:2:in 'call'\n\tfrom /app/main.rb:1:in '<main>'\n",
    );
    assert_eq!(exceptions, [("Shop::EmptyError", "no stock")]);
    assert_eq!(found, frames(&[("place", true), ("call", false), ("<main>", true)]));
    let (head, exceptions, found) = summary(
        "PHP Fatal error:  Uncaught Shop\\EmptyException: no stock in /app/order.php:3\nStack trace:\n#0 /app/vendor/web.php(12): place()\n#1 /app/index.php(2): Web->run(Array)\n#2 {main}\n  thrown in /app/order.php on line 3\n",
    );
    assert_eq!(head, None);
    assert_eq!(exceptions, [("Shop\\EmptyException", "no stock")]);
    assert_eq!(found, frames(&[("place", false), ("Web->run", true), ("{main}", false)]));
}

#[test]
fn rows_know_their_role() {
    let role = row_role;
    assert_eq!(role("During handling of the above exception, another exception occurred:"), RowRole::Joiner);
    assert_eq!(role("\nThe above exception was the direct cause of the following exception:\n\n"), RowRole::Joiner);
    assert_eq!(role("    at save (/app/src/order.js:10:5)"), RowRole::Frame);
    assert_eq!(role("\tat org.shop.Orders.place(Orders.java:42)"), RowRole::Frame);
    assert_eq!(role("  File \"/app/a.py\", line 3, in load"), RowRole::PythonFrame);
    assert_eq!(role("Traceback (most recent call last):"), RowRole::PythonFrame);
    for inside in [
        "    load()",
        "Caused by: java.io.IOException: disk",
        "main.pick(0x1, {0x2, 0x3}, ...)",
        "net/http.(*conn).serve(0xc000)",
        "panic({0x1?, 0x2})",
    ] {
        assert_eq!(role(inside), RowRole::Inside, "{inside}");
    }
    for exception in ["ValueError: no", "shop.Bad: no", "KeyboardInterrupt"] {
        assert_eq!(role(exception), RowRole::Exception, "{exception}");
    }
    assert_eq!(role("INFO: started"), RowRole::Plain);
    assert_eq!(role("see main.pick(3 times)"), RowRole::Plain);
    assert_eq!(role("#3 /app/x.php(12): run()"), RowRole::Frame);
    assert_eq!(role("#3 /app/x.php(12)"), RowRole::Frame);
    assert_eq!(role("\t... 12 more"), RowRole::Frame);
    assert_eq!(role("Meeting at noon (room 3)"), RowRole::Plain);
    assert_eq!(role("at 10:20 the job ended"), RowRole::Plain);
    assert_eq!(role("During handling of the above exception we gave up"), RowRole::Plain);
    assert_eq!(role("#1 priority (high)"), RowRole::Plain);
    assert_eq!(
        role("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1"),
        RowRole::Traceback
    );
    assert_eq!(role("two\nlines"), RowRole::Plain);
    for between in ["", "  \t", "Stack trace:", "stack backtrace:", " ---> a.B: c", "\tpanic: x", "[signal SIGSEGV: x]"]
    {
        assert_eq!(role(between), RowRole::Between, "{between}");
    }
    for opener in
        ["thread 'main' panicked at src/main.rs:3:5:", "thread '<unnamed>' (7) panicked at /srv/a b/x.rs:3:5:"]
    {
        assert_eq!(role(opener), RowRole::Opener, "{opener}");
    }
    for console in ["fail: Shop.Orders[13]", "warn: Microsoft.Hosting.Lifetime[0]", "crit: A`1[-1]"] {
        assert_eq!(role(console), RowRole::Console, "{console}");
    }
    for place in ["node:internal/process/promises:288", "/srv/app.js:12", "file:///srv/x.mjs:1", "C:\\srv\\x.ts:9"] {
        assert_eq!(role(place), RowRole::Place, "{place}");
    }
    for plain in [
        "thread 'main' panicked at 'no stock', src/main.rs:3:5",
        "thread 'a' panicked at noon:",
        "fail: order[x]",
        "fail: two words[1]",
        "info: Shop.Orders[13]",
        "app.js:12",
        "/srv/app.py:12",
        "node:12 started",
        "see Stack trace:",
    ] {
        assert_eq!(role(plain), RowRole::Plain, "{plain}");
    }
    for inside in ["}", "Node.js v20.5.0", "exit status 2", "note: run with `RUST_BACKTRACE=1` to see"] {
        assert_eq!(role(inside), RowRole::Inside, "{inside}");
    }
    assert_eq!(role("  | ExceptionGroup: two (2 sub-exceptions)"), RowRole::Exception);
    assert_eq!(role("    | ExceptionGroup: two (2 sub-exceptions)"), RowRole::Inside);
    assert_eq!(role("      System.TimeoutException: slow"), RowRole::Exception);
}

#[test]
fn lines_that_look_like_parts_of_a_stack_at_one_end_only_are_plain() {
    for plain in [
        "at noon",
        "During lunch",
        "took 12",
        "main.go:12 failed",
        "12 apples",
        "it's 'quoted'",
        "- item",
        "caf\u{e9}",
        "created by admin.user",
        "created by a.b on 1/2",
        "panic(no stock)",
        "panic in the till (row 3)",
        "runtime stack: none",
        "...many frames elided...",
    ] {
        assert_eq!(row_role(plain), RowRole::Plain, "{plain}");
    }
    for frame in [
        "/src/main.go:12 +0x1d",
        "/src/main.go:12",
        "app/x.rb:12:in 'f'",
        "12: shop::cart::add",
        "goroutine 7 [running]:",
        "created by main.start",
        "created by net/http.(*Server).Serve",
        "created by shop.run in goroutine 1",
        "... 12 more",
        "^^^^",
        "#3 /app/x.php(12): f()",
        "\tat a.b.C.d(C.java:1)",
        "\tat a.b.C.d(C.java:1) ~[shop.jar!/:1.2]",
        "\tat a.b.C.d(C.java:1) [shop.jar:1.2]",
        "    at Socket.emit [as close] (node:events:517:28) {",
        "runtime stack:",
        "...additional frames elided...",
        "...27 frames elided...",
    ] {
        assert_eq!(row_role(frame), RowRole::Frame, "{frame}");
    }
}

#[test]
fn reads_frames_of_go_below_a_message() {
    let text = "no stock\nacme.io/shop/cart.(*Cart).Open\n\t/srv/cart/cart.go:41\nmain.main\n\t/srv/main.go:12\nruntime.main\n\t/usr/local/go/src/runtime/proc.go:250";
    let (head, exceptions, found) = summary(text);
    assert_eq!((head, exceptions.len()), (Some("no stock"), 0));
    assert_eq!(
        found,
        frames(&[("acme.io/shop/cart.(*Cart).Open", true), ("main.main", true), ("runtime.main", false)])
    );
    assert_eq!(row_role(text), RowRole::Plain);
    // zerolog cuts functions and files to their names.
    let (_, _, found) = summary("no stock\n(*Cart).Open\n\tcart.go:41\nmain\n\tproc.go:250");
    assert_eq!(found, frames(&[("(*Cart).Open", true), ("main", false)]));
    for text in ["see\n\tcart.go:41", "a list of\n\tcart.go:41", "cart\n\tcart.go:41 is wrong", "a\ncart.go:41"] {
        assert!(parse_stack(text).is_none_or(|stack| stack.frames.is_empty() || text.starts_with("see")), "{text}");
    }
}

#[test]
fn reads_the_place_of_a_php_exception_without_frames() {
    let (head, exceptions, _) = summary("no stock\nApp\\Cart\\Locked: cart is locked in /srv/app/src/Cart.php:41");
    assert_eq!((head, exceptions), (Some("no stock"), vec![("App\\Cart\\Locked", "cart is locked")]));
    let id = |text: &str| parse_stack(text).and_then(|stack| stack.id());
    let here = id("no\nA\\E: x in /srv/a.php:1");
    assert!(here.is_some() && here == id("no\nA\\E: y in /srv/a.php:2"));
    assert_ne!(here, id("no\nA\\E: x in /srv/b.php:1"));
}

#[test]
fn reads_the_exception_that_lambda_writes_above_its_frames() {
    let text = "[ERROR] ValueError: no stock\nTraceback (most recent call last):\n\u{a0}\u{a0}File \"/var/task/a.py\", line 3, in f\n\u{a0}\u{a0}\u{a0}\u{a0}raise ValueError(1)";
    let (head, exceptions, found) = summary(text);
    assert_eq!((head, exceptions), (None, vec![("ValueError", "no stock")]));
    assert_eq!(found, frames(&[("f", true)]));
}

#[test]
fn reads_what_rails_writes_behind_a_logger_and_tags() {
    let (head, exceptions, found) = summary(
        "F, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1]   \n[0f3c-1] Shop::NoStock (none of 'id'=17):\n[0f3c-1]   \n[0f3c-1] app/orders.rb:12:in `show'\n[0f3c-1] /usr/local/bundle/gems/rack/lib/rack.rb:3:in `call'",
    );
    assert_eq!((head, exceptions), (None, vec![("Shop::NoStock", "none of 'id'=17")]));
    assert_eq!(found, frames(&[("show", true), ("call", false)]));
    let logger = "E, [2025-01-01T10:00:00.123456 #7] ERROR -- shop: ";
    for (text, expected) in [
        ("Shop::NoStock (none):", RowRole::Exception),
        ("app/orders.rb:12:in 'Orders#show'", RowRole::Frame),
        ("[0f3c-1] app/orders.rb:12:in `show'", RowRole::Frame),
        ("", RowRole::Between),
        ("[0f3c-1]", RowRole::Between),
        ("order 17 failed", RowRole::Plain),
    ] {
        assert_eq!(row_role(&format!("{logger}{text}")), expected, "{text}");
        assert_eq!(row_role(&format!("{logger}{text}\n")), expected, "{text}");
    }
    for line in ["[done]", "[0f3c-1] order 17 failed", "[0f3c-1]   said twice", "E, [1] x", "Shop (3 carts)"] {
        assert_eq!(row_role(line), RowRole::Plain, "{line}");
    }
}

#[test]
fn a_time_before_each_line_hides_no_role() {
    let at = "2025-01-01 10:00:00";
    for line in [
        "    at Socket.emit [as close] (node:events:517:28)",
        "  File \"/app/a.py\", line 3, in load",
        "shop.Bad: no",
        "}",
        "  code: 'E1',",
        "main.pick(0x1)",
        "stack backtrace:",
        "During handling of the above exception, another exception occurred:",
        "thread 'main' panicked at src/main.rs:3:5:",
        "fail: Shop.Orders[13]",
        "/srv/app.js:12",
        "Caused by:",
        "no stock",
        "",
    ] {
        assert_eq!(row_role(&format!("{at} {line}")), row_role(line), "{line}");
        assert_eq!(unstamped(&format!("{at} {line}\n")), line);
    }
    assert_eq!(row_role(at), RowRole::Between);
    for plain in [
        "  INFO up",
        "   WARN slow",
        "APPLICATION FAILED TO START",
        "It was not possible to find any compatible framework version",
    ] {
        assert_eq!(row_role(&format!("{at} {plain}")), RowRole::Plain, "{plain}");
    }
    for other in ["2025-01-01 10:00:00,123   x", "2025-01-01 10:00:0x   x", "2025-01-01 10:00:00x", "2025-01-01 10:00"]
    {
        assert_eq!((unstamped(other), row_role(other)), (other, RowRole::Plain), "{other}");
    }
    let lines = format!("{at} no\n  File \"/app/a.py\", line 3, in load");
    assert_eq!(unstamped(&lines), lines);
    let many = format!("{at} ").repeat(1 << 16);
    assert_eq!(row_role(&many), RowRole::Plain);
}
