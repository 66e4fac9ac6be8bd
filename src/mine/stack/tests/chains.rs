//! Chains of exceptions of each runtime: root and wrappers, and frames that tell two stacks apart.

use crate::mine::parse_stack;

/// Root type, wrapper types from the inside, in-app functions.
fn chain(text: &str) -> (&str, Vec<&str>, Vec<String>) {
    let stack = parse_stack(text).expect("a stack");
    let own = stack.frames.iter().filter(|f| f.in_app).map(|f| f.function.to_owned()).collect();
    (stack.root().expect("a root").0, stack.wrappers().into_iter().map(|(name, _)| name).collect(), own)
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&s| s.to_owned()).collect()
}

#[test]
fn python_prints_the_root_first() {
    for joiner in [
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
    ] {
        let text = format!(
            "Traceback (most recent call last):\n  File \"/srv/shop/stock.py\", line 4, in take\n    raise KeyError(k)\nKeyError: 'apple'\n\n{joiner}\n\n\
             Traceback (most recent call last):\n  File \"/srv/shop/order.py\", line 9, in place\n    take(k)\nshop.OutOfStock: no apple left\n"
        );
        assert_eq!(chain(&text), ("KeyError", vec!["shop.OutOfStock"], strings(&["take", "place"])));
    }
}

#[test]
fn a_python_group_is_a_wrapper_of_what_it_holds() {
    let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"/srv/a.py\", line 3, in main\n  |     go()\n  | ExceptionGroup: both failed (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/srv/b.py\", line 1, in left\n    |     raise ValueError(1)\n    | ValueError: 1\n    +---------------- 2 ----------------\n    | Traceback (most recent call last):\n    |   File \"/srv/c.py\", line 1, in right\n    |     raise TypeError(2)\n    | TypeError: 2\n    +------------------------------------\n";
    assert_eq!(chain(text), ("TypeError", vec!["ValueError", "ExceptionGroup"], strings(&["main", "left", "right"])));
}

#[test]
fn java_prints_the_root_last_and_suppressed_ones_are_no_part_of_the_chain() {
    for tab in ["\t", "    "] {
        let text = "org.shop.OrderException: cannot order\n>at org.shop.Orders.place(Orders.java:42)\n>at java.base/java.lang.Thread.run(Thread.java:833)\n>Suppressed: org.shop.CloseException: late\n>>at org.shop.Pool.close(Pool.java:9)\n>Caused by: java.lang.InterruptedException\n>>at org.shop.Pool.wait(Pool.java:3)\n>>... 1 more\nCaused by: java.io.IOException: disk 7 gone\n>at org.shop.Disk.write(Disk.java:7)\n>... 2 more\n"
            .replace('>', tab);
        let (root, wrappers, own) = chain(&text);
        assert_eq!((root, wrappers), ("java.io.IOException", vec!["org.shop.OrderException"]), "{tab:?}");
        assert_eq!(own, ["org.shop.Orders.place", "org.shop.Disk.write"], "{tab:?}");
    }
    let wrapped = "java.io.IOException: disk\n\tat org.shop.Disk.write(Disk.java:7)\nWrapped by: org.shop.OrderException: cannot order\n\tat org.shop.Orders.place(Orders.java:42)\n";
    assert_eq!(chain(wrapped).0, "java.io.IOException");
}

#[test]
fn kotlin_reads_like_java() {
    let text = "Exception in thread \"main\" kotlin.KotlinNullPointerException\n\tat shop.OrdersKt.place(Orders.kt:3)\n\tat kotlinx.coroutines.DispatchedTask.run(DispatchedTask.kt:106)\nCaused by: shop.EmptyException: none\n\tat shop.StockKt$take$1.invokeSuspend(Stock.kt:9)\n";
    assert_eq!(
        chain(text),
        (
            "shop.EmptyException",
            vec!["kotlin.KotlinNullPointerException"],
            strings(&["shop.OrdersKt.place", "shop.StockKt$take$1.invokeSuspend"])
        )
    );
}

#[test]
fn node_prints_causes_in_brackets() {
    let text = "Error: cannot place order\n    at place (/srv/order.js:3:9)\n    at node:internal/timers:1:1 {\n  [cause]: RangeError: amount 0\n      at check (/srv/amount.js:1:7)\n}\n";
    assert_eq!(chain(text), ("RangeError", vec!["Error"], strings(&["place", "check"])));
}

#[test]
fn dotnet_prints_inner_exceptions_behind_arrows() {
    let text = "System.AggregateException: One or more errors occurred. (bad row 4)\n ---> Shop.LoadException: bad row 4\n   at Shop.Loader.Row(Int32 n) in /src/Loader.cs:line 8\n   --- End of inner exception stack trace ---\n   at System.Threading.Tasks.Task.Wait()\n   at Shop.Program.Main() in /src/Program.cs:line 2\n";
    assert_eq!(
        chain(text),
        ("Shop.LoadException", vec!["System.AggregateException"], strings(&["Shop.Loader.Row", "Shop.Program.Main"]))
    );
}

#[test]
fn ruby_prints_the_cause_after_its_wrapper() {
    let text = "/srv/order.rb:3:in 'place': cannot order (Shop::OrderError)\n\tfrom /srv/main.rb:1:in '<main>'\n/srv/stock.rb:7:in 'take': none left (Shop::EmptyError)\n\tfrom /srv/order.rb:2:in 'place'\n";
    let (root, wrappers, own) = chain(text);
    assert_eq!((root, wrappers), ("Shop::EmptyError", vec!["Shop::OrderError"]));
    assert_eq!(own, ["place", "<main>", "take", "place"]);
}

#[test]
fn php_prints_the_root_first() {
    let text = "PHP Fatal error:  Uncaught PDOException: gone away in /srv/db.php:3\nStack trace:\n#0 /srv/order.php(2): query()\n#1 {main}\n\nNext Shop\\OrderException: cannot order in /srv/order.php:5\nStack trace:\n#0 /srv/index.php(9): place()\n#1 {main}\n  thrown in /srv/order.php on line 5\n";
    assert_eq!(chain(text), ("PDOException", vec!["Shop\\OrderException"], strings(&["query", "place"])));
}

#[test]
fn go_reads_the_goroutine_that_failed_only() {
    let panic = |others: &str| {
        format!(
            "panic: cannot place order 7 [recovered]\n\tpanic: again\n\ngoroutine 34 [running]:\nshop/order.(*Book).Place(0xc000010000)\n\t/srv/order/book.go:12 +0x1d\nmain.main()\n\t/srv/main.go:3 +0x2a\n\n{others}"
        )
    };
    let (one, two) = (panic(""), panic("goroutine 7 [select]:\nshop/mail.loop()\n\t/srv/mail/loop.go:9 +0x1\n"));
    assert_eq!(chain(&one).0, "panic");
    assert_eq!(chain(&one).2, ["shop/order.(*Book).Place", "main.main"]);
    assert_eq!(parse_stack(&one).expect("a stack").root(), Some(("panic", "cannot place order 7")));
    assert_eq!(parse_stack(&one).expect("a stack").id(), parse_stack(&two).expect("a stack").id());
}

#[test]
fn rust_panics_name_no_type_and_keep_their_message() {
    let text = "\nthread 'worker-3' (4242) panicked at src/order.rs:5:10:\nno stock for order 7\nstack backtrace:\n   0: __rustc::rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:1:5\n   1: core::panicking::panic_fmt\n   2: shop::order::place\n             at ./src/order.rs:5:10\n   3: std::rt::lang_start::{{closure}}\n";
    assert_eq!(chain(text), ("panic", vec![], strings(&["shop::order::place"])));
    assert_eq!(parse_stack(text).expect("a stack").exceptions, [("panic", "no stock for order 7")]);
}

#[test]
fn an_error_in_brackets_below_one_line_is_its_exception() {
    let stack = parse_stack("job 7 crashed\n[AxisError: status 503]").expect("an exception");
    assert_eq!((stack.head, stack.exceptions.as_slice()), (Some("job 7 crashed"), &[("AxisError", "status 503")][..]));
    assert!(stack.frames.is_empty() && stack.id().is_none());
    for other in [
        "job crashed\n[the weather: bad]",
        "job crashed\n[AxisError: a]\nmore",
        "job crashed\n[AxisError: a",
        "a.b.FirstError: x\n[a.b.LastError: y]",
        "[a.b.LastError: y]",
    ] {
        assert_eq!(parse_stack(other), None, "{other}");
    }
}
