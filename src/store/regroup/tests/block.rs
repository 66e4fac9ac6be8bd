//! What belongs to the report of a failed start, and what stands between its rows.

use super::*;

#[test]
fn a_block_ends_with_a_pause_and_takes_no_longer_than_it_may() {
    let banner = |from: i64| {
        vec![at(from, "APPLICATION FAILED TO START"), at(from, "Description:"), at(from + 4_000, "The port is taken.")]
    };
    let mut rows = banner(0);
    rows.push(at(10_000, "started"));
    let found: Vec<usize> = events(rows).into_iter().map(|event| event.0).collect();
    assert_eq!(found, [0, 0, 0, 1]);
    let mut rows = banner(0);
    rows.extend((2..20).map(|n| at(n * 4_000, "It goes on.")));
    let found: Vec<usize> = events(rows).into_iter().map(|event| event.0).collect();
    assert_eq!(found.iter().filter(|event| **event == 0).count(), 14, "50 ms");
}

#[test]
fn a_block_takes_nothing_that_may_be_another_problem() {
    let loud = |record: LogRecord<'static>| LogRecord {
        severity: Severity::Error,
        effective_severity: Severity::Error,
        ..record
    };
    let quiet = |record: LogRecord<'static>| LogRecord {
        severity: Severity::Info,
        effective_severity: Severity::Info,
        ..record
    };
    let request = |record: LogRecord<'static>| LogRecord { kind: crate::record::Kind::Request, ..record };
    let opener = || at(0, "Error: Could not find or load main class shop.Main");
    let banner = || vec![at(0, "APPLICATION FAILED TO START"), at(1, "Description:"), at(2, "The port is taken.")];
    let below_banner = |row| [banner(), vec![row]].concat();
    for (what, rows, events) in [
        ("prose below a reason", vec![opener(), at(1, "order 17 paid")], 2),
        ("errors below a reason", vec![loud(opener()), loud(at(1, "Payment provider is down"))], 2),
        ("a request below a reason", vec![opener(), request(at(1, ""))], 2),
        ("a warning in passing", vec![quiet(opener()), quiet(at(1, "    warmed"))], 2),
        ("prose below a banner", vec![at(0, "APPLICATION FAILED TO START"), at(1, "order 17 paid")], 2),
        ("prose below Description", below_banner(at(3, "There is more of it.")), 1),
        ("words below Description", below_banner(at(3, "order 17 paid")), 2),
        ("an error below Description", below_banner(loud(at(3, "There is more of it."))), 2),
        ("a request below Description", below_banner(request(at(3, ""))), 2),
        ("a cause", vec![opener(), at(1, "Caused by: java.lang.ClassNotFoundException: shop.Main")], 1),
    ] {
        let mut found: Vec<usize> = self::events(rows).into_iter().map(|event| event.0).collect();
        found.dedup();
        assert_eq!(found.len(), events, "{what}");
    }
    // Another file's.
    let files = FileList::default();
    let mut rows = Rows::default();
    for (n, record) in banner().into_iter().chain([at(3, "Disk full")]).enumerate() {
        let file = files.add(crate::record::ContentId([1 + u8::from(n == 3); 32]));
        let record = LogRecord { service: None, ..record };
        rows.push(file, &record, &[], crate::mine::row_role(&record.message));
    }
    let members = regroup(&[&rows], &sorted(&[&rows], &files.files()), &files.files()).members;
    assert_eq!(members.iter().map(|member| member.rows).collect::<Vec<_>>(), [3, 3, 3, 1]);
}

/// Events of the banner of Spring with rows between its own that are none of it; those begin with `!`.
fn banner_with(severity: Severity, rows: &[&'static str]) -> (Vec<usize>, Vec<usize>, Vec<EventRole>) {
    let row = |(n, line): (usize, &&'static str)| LogRecord {
        severity,
        effective_severity: severity,
        ..at(n as i64 * 50, line.trim_start_matches('!'))
    };
    let found = events(rows.iter().enumerate().map(row).collect::<Vec<_>>());
    let of = |own: bool| {
        let events = found.iter().zip(rows).filter(|(_, line)| line.starts_with('!') != own);
        events.map(|(event, _)| *event).collect::<Vec<_>>()
    };
    let events = |own| of(own).into_iter().map(|event| event.0).collect();
    (events(true), events(false), of(true).into_iter().map(|event| event.1).collect())
}

#[test]
fn rows_between_those_of_a_banner_are_none_of_it_and_end_it_not() {
    let rows = [
        "***************************",
        "APPLICATION FAILED TO START",
        "!order 17 paid",
        "***************************",
        "",
        "Description:",
        "",
        "!cache is warm",
        "The bean 'stock' could not be registered.",
        "!order 18 paid",
        "!    in 12 ms",
        "Reason: it is defined twice",
        "    (in StockConfig)",
        "!Order 19 paid",
        "",
        "Action:",
        "!cache is warm",
        "",
        "Consider renaming one of the beans",
        "!order 20 paid",
        "",
    ];
    for severity in [Severity::Default, Severity::Info, Severity::Error] {
        let (own, others, roles) = banner_with(severity, &rows);
        assert!(own.iter().all(|event| *event == own[0]), "{severity}: {own:?}");
        assert!(others.iter().all(|event| *event != own[0]), "{severity}: {others:?}");
        // The reason names it, and no other row does.
        let named: Vec<usize> = (0..roles.len()).filter(|at| roles[*at] != EventRole::Frame).collect();
        assert_eq!(named, [6], "{severity}");
    }
}

#[test]
fn a_banner_that_a_collector_gave_a_severity_keeps_it() {
    let rows = ["APPLICATION FAILED TO START", "Description:", "No port is free", "Action:", "Stop the other one."];
    let row = |severity| {
        move |(n, line): (usize, &&'static str)| LogRecord {
            severity,
            effective_severity: severity,
            ..at(n as i64 * 50, line)
        }
    };
    for severity in [Severity::Info, Severity::Error] {
        let members = members_of(rows.iter().enumerate().map(row(severity)).collect::<Vec<_>>());
        assert!(members.iter().all(|(event, member)| (*event, member.rows, member.severity) == (0, 5, None)));
    }
}

#[test]
fn what_an_exception_of_python_says_on_further_lines_belongs_to_it() {
    const TRACE: &str = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in <module>\n    go()\n";
    for (rest, expected) in [
        (
            "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings\ndatabase_url\n  Field required [type=missing, input_value={}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.5/v/missing\nitems.0.price\n  Input should be a valid number [type=float_type]\nInvalid settings were found",
            "FFFHFFFFF H",
        ),
        (
            "pydantic.error_wrappers.ValidationError: 1 validation error for Order\nitems -> 0 -> price\n  field required (type=value_error.missing)\nWorker failed to boot: see above",
            "FFFHFF H",
        ),
        (
            "sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key value\nDETAIL:  Key (id)=(17) already exists.\n\n[SQL: INSERT INTO orders (id)\nVALUES (%(id)s)\nRETURNING id]\n[parameters: {'id': 17}]\n(Background on this error at: https://sqlalche.me/e/20/gkpj)\nretrying",
            "FFFHFFFFFFF H",
        ),
        ("psycopg2.OperationalError: connection refused\n\tIs the server running?\nLINE 1: SELECT\nno", "FFFHFF H"),
        (
            "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n\tdetails = \"no connection\"\n>\nretrying",
            "FFFHFFF H",
        ),
        ("socket.gaierror: [Errno -2] Name or service not known\nretrying", "FFFH H"),
        ("struct.error: unpack requires a buffer of 4 bytes\nretrying", "FFFH H"),
        // Any other exception, and what only looks like it.
        ("shop.orders: retrying", "FFF H"),
        ("ValueError: 2 validation errors for Settings\ndatabase_url\n[SQL: a", "FFFH H H"),
        ("shop.ValidationError: many validation errors for Settings\ndatabase_url", "FFFH H"),
    ] {
        assert_eq!(super::word(&format!("{TRACE}{rest}")), expected, "{rest}");
    }
    // A stack that follows is another one.
    let twice = "psycopg2.OperationalError: gone\n";
    assert_eq!(super::word(&format!("{TRACE}{twice}{TRACE}{twice}")), "FFFH FFFH");
}
