use super::*;
use crate::record::{LogRecord, Severity};
use crate::store::files::FileList;
use crate::store::fixture::{DAY_ONE, MS, row};
use crate::store::order::sorted;

mod block;

const TRACE: &str = "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad";
const JOINER: &str = "During handling of the above exception, another exception occurred:";
const FRAME: &str = "    at handler (/app/index.js:10:5)";

/// (event, role, rows in event) of rows in file order of their times; events are numbered as they appear.
fn events(records: impl IntoIterator<Item = LogRecord<'static>>) -> Vec<(usize, EventRole, i32)> {
    members_of(records).into_iter().map(|(event, member)| (event, member.role, member.rows)).collect()
}

fn members_of(records: impl IntoIterator<Item = LogRecord<'static>>) -> Vec<(usize, Membership)> {
    let files = FileList::default();
    let file = files.add(crate::record::ContentId([1; 32]));
    let mut rows = Rows::default();
    for record in records {
        rows.push(file, &record, &[], crate::mine::row_role(&record.message));
    }
    let members = regroup(&[&rows], &sorted(&[&rows], &files.files()), &files.files()).members;
    let mut seen: Vec<u32> = Vec::new();
    let mut number = |id: u32| {
        seen.iter().position(|known| *known == id).unwrap_or_else(|| {
            seen.push(id);
            seen.len() - 1
        })
    };
    members.into_iter().map(|member| (number(member.named_by), member)).collect()
}

fn at(micros: i64, message: &'static str) -> LogRecord<'static> {
    row(DAY_ONE + micros * 1_000, &format!("id{micros:09}"), message)
}

#[test]
fn a_chained_exception_is_one_event_whatever_stands_between() {
    use EventRole::{Head, Joiner, Traceback};
    let mut rows =
        vec![at(0, TRACE), at(10, JOINER), at(15, "pool has 3 workers"), at(30, TRACE), at(34, JOINER), at(80, TRACE)];
    let expected = [(0, Head, 5), (0, Joiner, 5), (1, Head, 1), (0, Traceback, 5), (0, Joiner, 5), (0, Traceback, 5)];
    assert_eq!(events(rows.clone()), expected);
    rows.reverse();
    assert_eq!(events(rows), expected);
}

#[test]
fn lines_of_one_time_without_ids_are_read_in_the_order_of_their_dump() {
    let lines = [
        "Traceback (most recent call last):",
        "  File \"/srv/app.py\", line 3, in one",
        "    two()",
        "  File \"/srv/app.py\", line 7, in two",
        "    three()",
        "  File \"/srv/app.py\", line 9, in three",
        "    return {}[1]",
        "KeyError: 1",
        "GET /cart took 3 ms",
    ];
    let files = FileList::default();
    let file = files.add(crate::record::ContentId([1; 32]));
    // Times, so that the lines are the same ones at another time and lie in another order there.
    for (times, ms) in [(1, 0), (3, 1)] {
        let mut rows = Rows::default();
        for time in 0..times {
            for (at, line) in lines.iter().enumerate() {
                let mut record = row(DAY_ONE + time * 20 * MS + ms, "", line);
                record.offset = (time * 1_000 + at as i64 * 50) as u64;
                rows.push(file, &record, &[], crate::mine::row_role(line));
            }
        }
        let places = sorted(&[&rows], &files.files());
        let Regrouped { members, .. } = regroup(&[&rows], &places, &files.files());
        for (member, at) in members.iter().zip(&places) {
            let line = rows.int(IntCol::Offset, at.1 as usize) as usize % 1_000 / 50;
            let head = rows.int(IntCol::Offset, places[member.named_by as usize].1 as usize) as usize % 1_000 / 50;
            // The line of the exception names a stack of Python.
            let expected = if line == 8 { (8, 1) } else { (7, 8) };
            assert_eq!((head, member.rows), expected, "{}", lines[line]);
        }
    }
}

#[test]
fn two_crashes_and_two_instances_stay_apart() {
    let other = |mut record: LogRecord<'static>| {
        record.instance = Some("i2".into());
        record
    };
    let rows = vec![
        at(0, TRACE),
        other(at(1, TRACE)),
        at(2, JOINER),
        other(at(3, JOINER)),
        at(4, TRACE),
        other(at(5, TRACE)),
        at(9, TRACE),
    ];
    let found: Vec<usize> = events(rows).into_iter().map(|event| event.0).collect();
    assert_eq!(found, [0, 1, 0, 1, 0, 1, 2]);
}

#[test]
fn a_pause_ends_an_event() {
    let far = 5_001;
    let found: Vec<usize> =
        events(vec![at(0, TRACE), at(far, JOINER), at(2 * far, TRACE)]).into_iter().map(|event| event.0).collect();
    assert_eq!(found, [0, 1, 2]);
    let near: Vec<usize> =
        events(vec![at(0, TRACE), at(5_000, JOINER), at(10_000, TRACE)]).into_iter().map(|event| event.0).collect();
    assert_eq!(near, [0, 0, 0]);
}

#[test]
fn frames_follow_their_head_and_not_a_bystander() {
    use EventRole::{Frame, Head};
    let bystander =
        LogRecord { severity: Severity::Info, effective_severity: Severity::Info, ..at(20, "cache is warm") };
    let rows = vec![
        at(0, "Mail server refused"),
        at(5, FRAME),
        bystander,
        at(30, FRAME),
        at(40, "Payment refused"),
        at(44, FRAME),
    ];
    let expected = [(0, Head, 3), (0, Frame, 3), (1, Head, 1), (0, Frame, 3), (2, Head, 2), (2, Frame, 2)];
    assert_eq!(events(rows), expected);
}

#[test]
fn a_bystander_before_the_first_frame_is_no_head() {
    let bystander =
        LogRecord { severity: Severity::Info, effective_severity: Severity::Info, ..at(2, "cache is warm") };
    let found: Vec<usize> =
        events(vec![at(0, "Mail server refused"), bystander, at(5, FRAME)]).into_iter().map(|event| event.0).collect();
    assert_eq!(found, [0, 1, 0]);
}

#[test]
fn a_stack_of_python_that_was_written_line_by_line_is_one_event() {
    use EventRole::{Frame, Head, Joiner, Traceback};
    let lines = |from: i64| {
        vec![
            at(from, "Traceback (most recent call last):"),
            at(from + 1, "  File \"/app/a.py\", line 3, in f"),
            at(from + 2, "    g()"),
            at(from + 3, "  File \"/app/a.py\", line 9, in g"),
            at(from + 4, "    raise ValueError(1)"),
            at(from + 5, "ValueError: no"),
        ]
    };
    let one = [(0, Frame, 6), (0, Frame, 6), (0, Frame, 6), (0, Frame, 6), (0, Frame, 6), (0, Head, 6)];
    assert_eq!(events(lines(0)), one);
    // Another one behind it, an exception that no stack awaits, and rows that only look like parts.
    let mut rows = lines(0);
    rows.extend(lines(10));
    rows.extend([at(20, "ValueError: again"), at(21, "    indented")]);
    let found: Vec<_> = events(rows).into_iter().map(|event| (event.0, event.2)).collect();
    assert_eq!(found[..12], [[(0, 6); 6], [(1, 6); 6]].concat());
    assert_eq!(found[12..], [(2, 1), (3, 1)]);
    // A chain.
    let mut rows = lines(0);
    rows.push(at(7, JOINER));
    rows.extend(lines(10));
    let found = events(rows);
    assert!(found.iter().all(|event| (event.0, event.2) == (0, 13)), "{found:?}");
    assert_eq!((found[5].1, found[6].1, found[12].1), (Head, Joiner, Traceback));
}

#[test]
fn causes_and_functions_between_frames_belong_to_their_stack() {
    let java = vec![
        at(0, "org.shop.OrderException: cannot order"),
        at(1, "\tat org.shop.Orders.place(Orders.java:42)"),
        at(2, "Caused by: java.io.IOException: disk"),
        at(3, "\tat org.shop.Disk.write(Disk.java:7)"),
        at(4, "org.shop.OrderException: cannot order"),
        at(5, "\tat org.shop.Orders.place(Orders.java:42)"),
    ];
    let found: Vec<_> = events(java).into_iter().map(|event| (event.0, event.2)).collect();
    assert_eq!(found, [(0, 4), (0, 4), (0, 4), (0, 4), (1, 2), (1, 2)]);
    let go = vec![
        at(0, "panic: no stock"),
        at(1, "goroutine 1 [running]:"),
        at(2, "main.pick(0x1)"),
        at(3, "\t/src/shop/main.go:12 +0x1d"),
        at(4, "main.main()"),
        at(5, "\t/src/shop/main.go:7 +0x1d"),
    ];
    assert!(events(go).iter().all(|event| (event.0, event.2) == (0, 6)));
    let alone = at(0, "Caused by: java.io.IOException: disk");
    assert_eq!(events(vec![alone]), [(0, EventRole::Head, 1)]);
}

#[test]
fn an_event_without_a_head_is_named_by_its_first_row() {
    use EventRole::{Frame, Head, Joiner};
    assert_eq!(events(vec![at(0, FRAME), at(1, FRAME)]), [(0, Frame, 2), (0, Frame, 2)]);
    // The stack after a joiner whose first stack was not exported is the head.
    assert_eq!(events(vec![at(0, JOINER), at(1, TRACE)]), [(0, Joiner, 2), (0, Head, 2)]);
    assert_eq!(GAP_NS, 5 * MS);
}

/// (event, role, effective severity where the event says it) of lines of one stream, 50 µs after one another.
fn lines(text: &str) -> Vec<(usize, EventRole, Option<i64>)> {
    let row = |(n, line): (usize, &str)| {
        let told = crate::record::effective(Severity::Default, line, None);
        LogRecord {
            message: line.to_owned().into(),
            effective_severity: told.severity,
            effective_reason: told.reason,
            ..at(n as i64 * 50, "")
        }
    };
    let rows: Vec<_> = text.lines().enumerate().map(row).collect();
    members_of(rows).iter().map(|(event, member)| (*event, member.role, member.severity)).collect()
}

/// Events of lines as one letter a row: `H`ead, `T`raceback, `F`rame, `J`oiner; a row of another event starts a new word.
fn word(text: &str) -> String {
    let mut out = String::new();
    let mut last = None;
    for (event, role, _) in lines(text) {
        if last.is_some_and(|last| last != event) {
            out.push(' ');
        }
        last = Some(event);
        out.push(match role {
            EventRole::Head => 'H',
            EventRole::Traceback => 'T',
            EventRole::Joiner => 'J',
            EventRole::Frame => 'F',
        });
    }
    out
}

const ERROR: i64 = 500;

/// Stacks of all runtimes, line by line, and what their rows are, as [`word`] says it.
pub(super) const STACKS: [(&str, &str, &str); 19] = [
    (
        "go",
        "panic: no stock [recovered]\n\tpanic: no stock\n[signal SIGSEGV: segmentation violation]\n\ngoroutine 4 [running]:\nmain.pick(0x1)\n\t/src/shop/main.go:12 +0x1d\n\ngoroutine 1 [select]:\nmain.main()\n\t/src/shop/main.go:7\nexit status 2\nstarted",
        "HFFFFFFFFFFF H",
    ),
    (
        "rust",
        "thread 'main' panicked at src/main.rs:12:5:\nno stock\nstack backtrace:\n   0: shop::pick\n             at ./src/main.rs:12:5\nnote: Some details are omitted, run with `RUST_BACKTRACE=full`\nstarted",
        "FHFFFF H",
    ),
    (
        "rust without frames",
        "thread 'pool-1' (7) panicked at src/main.rs:12:5:\n  two lines\nnote: run with `RUST_BACKTRACE=1` environment variable\nstarted",
        "FHF H",
    ),
    (
        "node",
        "/srv/app.js:12\nthrow new Error('no stock')\n      ^\n\nError: no stock\n    at pick (/srv/app.js:12:7) {\n  code: 'E1'\n}\n\nNode.js v20.5.0\nstarted",
        "FFFFHFFFFF H",
    ),
    (
        "node without a stack",
        "node:internal/process/promises:288\n            triggerUncaughtException(err, true /* fromPromise */);\n            ^\n\n[UnhandledPromiseRejection: no stock] {\n  code: 'E1'\n}\n\nNode.js v20.5.0",
        "FFFFHFFFF",
    ),
    (
        "java",
        "12:00:01.250 ERROR shop.Orders - cannot order\norg.shop.StockException: none\n\tat org.shop.Orders.place(Orders.java:42)\nCaused by: java.io.IOException: disk\n\tat org.shop.Disk.write(Disk.java:7)\n\t... 12 more\nstarted",
        "HTFFFF H",
    ),
    (
        "dotnet",
        "Unhandled exception. System.InvalidOperationException: no stock\n ---> System.Data.SqlException (0x80131904): timeout\n   at Shop.Db.Query() in /src/Db.cs:line 12\n   --- End of inner exception stack trace ---\n   at Shop.Orders.Place() in /src/Orders.cs:line 40",
        "HFFJF",
    ),
    (
        "dotnet's console",
        "fail: Shop.Orders[13]\n      cannot order\n      System.InvalidOperationException: no stock\n       ---> System.Data.SqlException: timeout\n         at Shop.Db.Query() in /src/Db.cs:line 12\n         --- End of inner exception stack trace ---\n         at Shop.Orders.Place() in /src/Orders.cs:line 40\ninfo: Shop.Orders[0]\n      started",
        "HTTFFJF H H",
    ),
    (
        "php",
        "PHP Fatal error:  Uncaught Shop\\Empty: none in /srv/a.php:3\nStack trace:\n#0 /srv/index.php(2): run()\n#1 {main}\n  thrown in /srv/a.php on line 3",
        "HFFFF",
    ),
    (
        "python's groups",
        "  + Exception Group Traceback (most recent call last):\n  |   File \"/srv/a.py\", line 3, in <module>\n  |     raise ExceptionGroup(\"several\", all)\n  | ExceptionGroup: several (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +---------------- 2 ----------------\n    | TypeError: x\n    +------------------------------------",
        "FFFHFFFFF",
    ),
    (
        "python's chains",
        "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    g()\nshop.NoStock: 1\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 5, in f\n    raise OrderError from e\nshop.OrderError",
        "FFFHFJFFFFT",
    ),
    (
        "elixir",
        "12:00:01.250 [error] GenServer Shop.Stock terminating\n** (RuntimeError) no stock\n    (shop 0.1.0) lib/shop/stock.ex:12: Shop.Stock.take/1\n    (stdlib 4.2) gen_server.erl:1123: :gen_server.try_dispatch/4\nLast message: {:take, 17}\nState: %{left: 0}\nstarted",
        "HTFFFF H",
    ),
    (
        "rails",
        "NoMethodError (undefined method `pick' for nil:NilClass):\n  \napp/controllers/orders.rb:12:in `show'\napp/auth.rb:40:in `call'",
        "HFFF",
    ),
    (
        "rails behind a logger",
        "F, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1]   \nF, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1] Shop::NoStock (none of 'id'=17):\nF, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1]   \nF, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1] app/controllers/orders.rb:12:in `show'\nF, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1] app/auth.rb:40:in `call'\nI, [2025-01-01T10:00:00.123456 #7]  INFO -- : [0f3c-2] Started GET \"/orders\"",
        "FHFFF H",
    ),
    (
        "rails behind its tags",
        "F, [2025-01-01T10:00:00.123456 #7] FATAL -- : [0f3c-1]   \n[0f3c-1] ActionView::Template::Error (undefined method `pick' for nil):\n[0f3c-1]     10: <p>\n[0f3c-1]     11: <%= Shop::Order.pick %>\n[0f3c-1]     12: </p>\n[0f3c-1]   \n[0f3c-1] app/views/orders/show.html.erb:11:in `render'\nI, [2025-01-01T10:00:00.123456 #7]  INFO -- : [0f3c-2] Started GET \"/orders\"",
        "FHFFFFF H",
    ),
    (
        "ruby's logger",
        "E, [2025-01-01T10:00:00.123456 #7] ERROR -- : could not save\nE, [2025-01-01T10:00:00.123456 #7] ERROR -- shop: app/models/order.rb:3:in 'Order#save'\nE, [2025-01-01T10:00:00.123456 #7] ERROR -- shop: app/job.rb:9:in 'Job#run'\nE, [2025-01-01T10:00:00.123456 #7] ERROR -- shop: next",
        "HFF H",
    ),
    (
        "an exception whose message goes on",
        "\norg.shop.StockException: none\n  of 17\n\tat org.shop.Orders.place(Orders.java:42)\nstarted",
        "FHFF H",
    ),
    (
        "blank rows above a stack of python",
        "\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    g()\nValueError: 1",
        "FFFFH",
    ),
    (
        "python's own exception",
        "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    raise NoStock(17)\nNoStock: 17\nINFO: started",
        "FFFH H",
    ),
];

#[test]
fn stacks_of_all_runtimes_that_were_written_line_by_line_are_one_event() {
    for (runtime, text, expected) in STACKS {
        assert_eq!(word(text), expected, "{runtime}");
        assert_eq!(word(&behind_times(text)), expected, "{runtime} behind times");
    }
}

/// Lines as gcloud prints them.
pub(super) fn behind_times(text: &str) -> String {
    text.lines().flat_map(|line| ["2025-01-01 10:00:00 ", line, "\n"]).collect()
}

#[test]
fn what_runtimes_say_of_a_failed_start_is_one_event() {
    for (runtime, text, expected) in [
        (
            "spring",
            "\n***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nPort 8080 was already in use.\nIt is another's.\n\nAction:\n\nStop what listens there.\n\nstarted",
            "FFFFFFFHFFFFFF H",
        ),
        (
            "spring behind its logger",
            "2025-01-01T10:00:00.123Z ERROR 1 --- [main] o.s.b.d.LoggingFailureAnalysisReporter   : \n\n***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nThe beans form a cycle:\n\n|  a\n|  b\n\nAction:\n\nBreak it.\n\n2025-01-01T10:00:00.124Z  INFO 1 --- [main] shop.Main : closing",
            "FFFFFFFFHFFFFFFFF H",
        ),
        (
            "the jvm",
            "#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb) at pc=0x00007f1c, pid=1, tid=7\n#\n# Problematic frame:\n# C  [libstock.so+0x1b2c]  take+0x1c\n#\nstarted",
            "FFFHFFFF H",
        ),
        (
            "the launcher of java",
            "Error: Could not find or load main class shop.Main\nCaused by: java.lang.ClassNotFoundException: shop.Main\n[2025-01-01 10:00:00] started",
            "HF H",
        ),
        (
            "the launcher of dotnet",
            "You must install or update .NET to run this application.\n\nApp: /app/shop.dll\nArchitecture: x64\n\nThe following frameworks were found:\n  6.0.1 at [/usr/share/dotnet/shared/x]\n2025-01-01T10:00:00Z INFO started",
            "HFFFFFF H",
        ),
        (
            "django",
            "SystemCheckError: System check identified some issues:\n\nERRORS:\nshop.Order.stock: (fields.E304) Clashes.\n\tHINT: Rename it.\n\nSystem check identified 1 issue (0 silenced).",
            "HFFFFFF",
        ),
        (
            "mix",
            "** (Mix) Could not start application shop: Shop.Application.start(:normal, []) returned an error\n    ** (EXIT) an exception was raised:\n        ** (RuntimeError) no database\n            (shop 0.1.0) lib/shop/repo.ex:12: Shop.Repo.init/2",
            "HFFF",
        ),
        (
            "anyhow",
            "Error: could not start\n\nCaused by:\n    0: could not bind\n    1: Address already in use (os error 98)\nstarted",
            "HFFFF H",
        ),
        (
            "rake",
            "ActiveRecord::NoDatabaseError: none\n/app/lib/tasks/x.rake:3:in `main'\n\nCaused by:\nPG::ConnectionBad: FATAL: none\n/app/lib/tasks/x.rake:3:in `main'\nTasks: TOP => db:migrate",
            "HFFFTFF",
        ),
        (
            "rake that says so",
            "rake aborted!\nNoStock: 17\n/app/lib/tasks/x.rake:3:in `main'\n\nTasks: TOP => db:migrate\n(See full trace by running task with --trace)\nstarted",
            "FHFFFF H",
        ),
        (
            "node without a module",
            "node:internal/modules/cjs/loader:1078\n  throw err;\n  ^\n\nError: Cannot find module './stock'\nRequire stack:\n- /app/server.js\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1075:15)",
            "FFFFHFFF",
        ),
        (
            "uvicorn",
            "INFO:     Waiting\nERROR:    Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in lifespan\n    connect()\nConnectionRefusedError: [Errno 111] Connection refused\n\nERROR:    Application startup failed. Exiting.",
            "H FFFH H H",
        ),
    ] {
        assert_eq!(word(text), expected, "{runtime}");
    }
    // What a row says of its severity is kept; what says nothing is an error.
    let severities: Vec<_> = lines("***********\nAPPLICATION FAILED TO START\n\nDescription:\n\nNo port is free\n")
        .into_iter()
        .filter_map(|(.., severity)| severity)
        .collect();
    assert_eq!(severities, [ERROR]);
}

#[test]
fn a_request_between_the_rows_of_a_stack_is_none_of_them() {
    let request = |micros| LogRecord { kind: crate::record::Kind::Request, ..at(micros, "") };
    let rows = vec![
        request(0),
        at(1, "java.lang.IllegalStateException: no stock"),
        request(2),
        at(3, "\tat shop.A.b(A.java:3)"),
        request(4),
    ];
    let found: Vec<usize> = events(rows).into_iter().map(|event| event.0).collect();
    assert_eq!(found, [0, 1, 2, 1, 3]);
}

#[test]
fn only_what_looks_like_a_type_ends_a_stack_of_python_below_its_header() {
    for (what, text, expected) in [
        ("one word", "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\nCache: warmed", "FF H"),
        ("no header", "  File \"/srv/a.py\", line 3, in f\n    g()\nNoStock: 17", "FF H"),
    ] {
        assert_eq!(word(text), expected, "{what}");
    }
    let mut rows = vec![
        at(0, "Traceback (most recent call last):"),
        at(1, "  File \"/srv/a.py\", line 3, in f"),
        at(2, "NoStock: 17"),
    ];
    rows[2].severity = Severity::Info;
    assert_eq!(events(rows).into_iter().map(|event| event.0).collect::<Vec<_>>(), [0, 0, 1]);
}

#[test]
fn rows_around_a_stack_that_are_none_of_its_are_left_alone() {
    for (what, text, expected) in [
        ("blank rows without a stack", "started\n\nlistening\n", "H H H"),
        (
            "blank rows behind a stack",
            "org.shop.StockException: none\n\tat org.shop.Orders.place(Orders.java:42)\n\n\nstarted",
            "HF H H H",
        ),
        (
            "a line of INFO above an exception",
            "12:00:01.250 INFO shop.Orders - ordering\norg.shop.StockException: none\n\tat org.shop.Orders.place(Orders.java:42)",
            "H HF",
        ),
        (
            "two exceptions",
            "org.shop.StockException: a\norg.shop.StockException: b\n\tat org.shop.Orders.place(Orders.java:42)",
            "H HF",
        ),
        ("the console's next entry", "fail: Shop.Orders[13]\nwarn: Shop.Orders[14]\n      slow", "H HT"),
        (
            "an exception in brackets",
            "Retry (see above):\n  three times\nShop::NoStock (none):\n  indented\nstarted",
            "H H H H H",
        ),
        ("tags", "[worker-1]   listening\n[worker-1] app/models/order.rb:3:in 'save'\n[worker-1]   listening", "HF H"),
        (
            "entries of ruby's logger",
            "E, [2025-01-01T10:00:00.123456 #7] ERROR -- : Shop::NoStock (none):\nE, [2025-01-01T10:00:00.123456 #7] ERROR -- : app/a.rb:1:in 'f'\nE, [2025-01-01T10:00:00.123456 #7] ERROR -- :   Payment gateway refused card\nW, [2025-01-01T10:00:00.123456 #7]  WARN -- :   Retry queue is full",
            "HF H H",
        ),
        (
            "two requests of rails",
            "[0f3c-1] Shop::NoStock (none):\n[7aa1-2] NoMethodError (undefined x):\n[0f3c-1] app/a.rb:12:in 'f'\n[7aa1-2] app/b.rb:9:in 'h'",
            "H H F F",
        ),
        (
            "another's tags",
            "[2024-01-02] Shop::NoStock (17):\n[job-1] \n[job-1] app/a.rb:3:in 'f'\n[job-2]   12 left",
            "H H F H",
        ),
        (
            "a cause that is none",
            "java.lang.IllegalStateException: x\nCaused by:\norder 17 paid\norder 18 paid",
            "HF H H",
        ),
        ("a line below the console", "fail: Shop.Orders[13]\n      slow\nNow listening on: port 80", "HT H"),
        ("words on their own", "Stack trace:\nexit status 1\nNode.js v20.5.0\n}\nfail: order 13", "H H H H H"),
    ] {
        assert_eq!(word(text), expected, "{what}");
    }
}

#[test]
fn what_says_nothing_of_its_severity_is_as_severe_as_its_event() {
    let django = "Internal Server Error: /orders/17\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    g()\nshop.NoStock: 1";
    let of = |text| lines(text).into_iter().map(|(.., severity)| severity).collect::<Vec<_>>();
    assert_eq!(of(django), [Some(ERROR), None, None, None, Some(ERROR)]);
    // A row alone stays what it is, and so do the frames of an event without a head.
    assert_eq!(of("Internal Server Error: /orders/17\nstarted"), [None, None]);
    assert_eq!(of("\tat org.shop.Orders.place(Orders.java:42)\n\t... 12 more"), [None, None]);
    // What the head says counts for the exception, and nothing changes what a row says itself.
    let mut rows: Vec<_> = django.lines().enumerate().map(|(n, line)| at(n as i64 * 50, line)).collect();
    rows[0].severity = Severity::Warning;
    rows[0].effective_severity = Severity::Warning;
    let told = |rows| members_of(rows).into_iter().map(|(_, member)| member.severity).collect::<Vec<_>>();
    assert_eq!(told(rows.clone()), [None, None, None, None, Some(400)]);
    rows[0].severity = Severity::Default;
    rows[0].effective_reason = Some("level in the text");
    assert_eq!(told(rows), [None, None, None, None, Some(400)]);
}
