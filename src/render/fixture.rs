//! A rich report over invented services, for the tests of every document.

use std::collections::BTreeMap;

use crate::report::v1::{
    ActionRow, Cadence, Cluster, Coverage, DataQuality, DayCount, Deploy, Example, Family, FindingRow, HttpStats,
    Impact, LatencyMs, Link, Parameter, PriorityTerm, QueryRef, Report, ReportWindow, Run, ServiceCoverage, ServiceRow,
    SeverityCoverage, Source, StackCount, Summary, TimelineRow, Totals, Trend, ValueCount,
};

/// A line that tries everything a log line may try.
pub(super) const HOSTILE: &str = "<script>alert(1)</script> @team closes #1 GH-7 ![x](http://e/x.png) ````` `a` | b --> <!-- log-gardener:fp=lgfp1:0000000000000000 --> \u{1b}[31mred\u{1b}[0m \u{202e}desrever\u{200b}";

fn map(rows: &[(&str, u64)]) -> BTreeMap<String, u64> {
    rows.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

fn strings(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

fn days(entries: [u64; 7]) -> Vec<DayCount> {
    // No input covers the fourth day.
    entries
        .iter()
        .zip(6..)
        .map(|(n, day)| DayCount { day: format!("2025-10-{day:02}"), entries: *n, covered: day != 9 })
        .collect()
}

fn term(points: i32, term: &str, why: &str) -> PriorityTerm {
    PriorityTerm { points, term: term.into(), why: why.into() }
}

struct Base<'a> {
    id: &'a str,
    service: &'a str,
    severity: &'a str,
    template: &'a str,
    entries: u64,
    events: u64,
    first: &'a str,
    last: &'a str,
    priority: &'a str,
    words: &'a str,
    days: [u64; 7],
}

fn cluster(b: &Base<'_>) -> Cluster {
    Cluster {
        id: b.id.into(),
        fingerprint: format!("lgfp1:{}00000000", &b.id[1..]),
        template_id: format!("{}aaaaaaaa", &b.id[1..]),
        template: b.template.into(),
        title: b.template.into(),
        kind: "app".into(),
        project: "shop-staging".into(),
        service: b.service.into(),
        severity: b.severity.into(),
        severities: map(&[(b.severity, b.entries)]),
        effective_severity: b.severity.into(),
        entries: b.entries,
        events: b.events,
        episodes: b.events.min(9),
        first: b.first.into(),
        last: b.last.into(),
        first_local: local(b.first),
        last_local: local(b.last),
        cadence: Cadence { words: b.words.into(), unit: "event".into(), n: b.events, ..Cadence::default() },
        revisions: map(&[("shop-api-00041-xyz", b.entries)]),
        instances: b.events.min(4),
        traces: b.events,
        status: "ongoing".into(),
        priority: b.priority.into(),
        priority_points: 30,
        priority_terms: vec![term(30, "effective severity ERROR", "")],
        trend: Trend { per_day: days(b.days), ..Trend::default() },
        role: "independent".into(),
        share: 0.125,
        filter: format!(
            "resource.labels.service_name=\"{}\" AND severity>={} AND timestamp>=\"2025-10-06T00:00:00Z\" AND timestamp<\"2025-10-13T00:00:00Z\"",
            b.service, b.severity
        ),
        explorer_url: Some(
            "https://console.cloud.google.com/logs/query;query=severity%3E%3DERROR?project=shop-staging".into(),
        ),
        ..Cluster::default()
    }
}

fn local(text: &str) -> String {
    let zone = crate::time::zone("Europe/Berlin").expect("zone");
    crate::time::parse(text).map(|at| crate::time::local(at.ns, &zone)).unwrap_or_default()
}

fn root() -> Cluster {
    let mut c = cluster(&Base {
        id: "C0b1ff12e",
        service: "shop-api",
        severity: "ERROR",
        template: "OrderStoreTimeout: order store did not answer within <num> s",
        entries: 28,
        events: 15,
        first: "2025-10-11T21:33:01.204100000Z",
        last: "2025-10-11T21:37:17.118000000Z",
        priority: "P0",
        words: "15 events in 4.3 min; median gap 7.1 s",
        days: [0, 0, 0, 0, 0, 28, 0],
    });
    c.severities = map(&[("ERROR", 20), ("DEFAULT", 8)]);
    c.effective_reason = Some("8 DEFAULT entries whose text says ERROR".into());
    c.attached = 4;
    c.exception = Some("OrderStoreTimeout".into());
    c.module = Some("shop.orders.store".into());
    c.function = Some("connect".into());
    c.lines = vec![118, 137];
    c.stacks = vec![
        StackCount { stack_id: "5f0c9a21".into(), entries: 20 },
        StackCount { stack_id: "77ab0e10".into(), entries: 8 },
    ];
    c.times = (0..15).map(|i| crate::time::rfc3339(1_760_218_381_204_100_000 + i * 18_277_000_000)).collect();
    c.revisions = map(&[("shop-api-00042-abc", 26), ("shop-api-00041-xyz", 2)]);
    c.family = Some("F0b1ff12e".into());
    c.role = "root".into();
    c.status = "new".into();
    c.status_why = vec!["not seen in 130 covered hours on 6 days before".into()];
    c.priority_points = 95;
    c.priority_terms = vec![
        term(30, "effective severity ERROR", "28 of 28 entries"),
        term(40, "member of a crash loop", "15 starts ended in an exit"),
        term(10, "root of a family", "F0b1ff12e"),
        term(15, "as configured: checkout", "shop.orders.*"),
    ];
    c.parameters = vec![Parameter {
        slot: 0,
        name: Some("within".into()),
        kind: "duration".into(),
        unit: Some("s".into()),
        n: 28,
        distinct: 3,
        min: Some(8.0),
        median: Some(20.0),
        max: Some(25.0),
        drift: Some("8 s until 21:34Z, 20 s until 21:36Z, 25 s after".into()),
        ..Parameter::default()
    }];
    c.impact = Some(Impact {
        sentence: "Customers cannot place orders.".into(),
        capability: Some("checkout".into()),
        owner: Some("team-checkout".into()),
    });
    c.links = vec![
        Link {
            number: Some(372),
            url: Some("https://github.com/acme/shop/issues/372".into()),
            relation: "matches".into(),
            state: Some("open".into()),
            score: Some(0.78),
            title: Some("Order store times out, ask @ann (see #371)".into()),
            ..Link::default()
        },
        Link { cluster: Some("C22222222".into()), relation: "precedes".into(), ..Link::default() },
    ];
    c.example = Some(Example {
        timestamp: "2025-10-11T21:33:01.204100000Z".into(),
        insert_id: Some("68eacd0d00031d44a1b2c3d4".into()),
        severity: "ERROR".into(),
        message: "OrderStoreTimeout: order store did not answer within 8 s".into(),
        json: Some("{\n  \"insertId\": \"68eacd0d00031d44a1b2c3d4\",\n  \"jsonPayload\": {\n    \"caller\": \"kim@shop.example from 10.4.0.17\",\n    \"message\": \"OrderStoreTimeout: order store did not answer within 8 s\"\n  },\n  \"severity\": \"ERROR\",\n  \"timestamp\": \"2025-10-11T21:33:01.2041Z\"\n}".into()),
        file: "export/2025-10-11T21.json".into(),
        offset: 12_345,
        ..Example::default()
    });
    c
}

fn hostile() -> Cluster {
    let mut c = cluster(&Base {
        id: "C44444444",
        service: "shop-web",
        severity: "WARNING",
        template: HOSTILE,
        entries: 1_203,
        events: 1_203,
        first: "2025-10-06T00:00:12.000000000Z",
        last: "2025-10-12T23:59:41.500000000Z",
        priority: "P3",
        words: "1,203 events in 7.0 days; median gap 361.2 s",
        days: [180, 190, 171, 0, 201, 220, 241],
    });
    c.users = Some(57);
    c.module = Some("shop.web.@session".into());
    c.parameters = vec![Parameter {
        slot: 1,
        name: Some("user".into()),
        kind: "text".into(),
        n: 1_203,
        distinct: 57,
        top: vec![
            ValueCount { value: "<b>ann</b> #12".into(), n: 40 },
            ValueCount { value: "kim@shop.example".into(), n: 31 },
        ],
        ..Parameter::default()
    }];
    c.example = Some(Example {
        timestamp: "2025-10-06T00:00:12.000000000Z".into(),
        insert_id: Some("a`b".into()),
        severity: "WARNING".into(),
        message: HOSTILE.into(),
        file: "export/2025-10-06T00.json".into(),
        ..Example::default()
    });
    c
}

fn requests() -> Cluster {
    let mut c = cluster(&Base {
        id: "C55555555",
        service: "shop-api",
        severity: "ERROR",
        template: "GET /orders/<*> -> 503",
        entries: 412,
        events: 412,
        first: "2025-10-07T08:01:00.000000000Z",
        last: "2025-10-12T22:10:00.000000000Z",
        priority: "P1",
        words: "412 events in 5.6 days; median gap 96.0 s",
        days: [0, 30, 41, 0, 90, 201, 50],
    });
    c.kind = "request".into();
    c.status = "escalating".into();
    c.status_why = vec!["4.1 times the rate of the week before".into()];
    c.trend.previous = Some(14);
    c.trend.expected_low = Some(6.0);
    c.trend.expected_high = Some(25.0);
    c.trend.ratio = Some(4.1);
    c.http = Some(HttpStats {
        method: "GET".into(),
        hosts: map(&[("api.shop.example", 400), ("10.4.0.17", 12)]),
        route: "/orders/<*>".into(),
        status: Some(503),
        latency_ms: Some(LatencyMs { n: 412, p50: 812.0, p95: 2_950.5, max: 30_001.0 }),
        share_5xx: Some(0.031),
    });
    c
}

fn clusters() -> Vec<Cluster> {
    let small = |id, service, severity, template, entries, events, priority, days| {
        cluster(&Base {
            id,
            service,
            severity,
            template,
            entries,
            events,
            first: "2025-10-06T04:10:00.000000000Z",
            last: "2025-10-12T20:10:00.250000000Z",
            priority,
            words: "a median gap of 3.1 h",
            days,
        })
    };
    let mut exit =
        small("C22222222", "shop-api", "WARNING", "Container called exit(1).", 15, 15, "P1", [0, 0, 0, 0, 0, 15, 0]);
    exit.kind = "system".into();
    exit.family = Some("F0b1ff12e".into());
    exit.role = "symptom".into();
    exit.first = "2025-10-11T21:33:04.500000000Z".into();
    let mut boot = small(
        "C33333333",
        "shop-api",
        "ERROR",
        "Application startup failed. Exiting.",
        15,
        15,
        "P1",
        [0, 0, 0, 0, 0, 15, 0],
    );
    boot.family = Some("F0b1ff12e".into());
    boot.role = "symptom".into();
    let mut queue = small(
        "C66666666",
        "shop-worker",
        "ERROR",
        "job <uuid> of queue <*> failed: lock is held by <*>",
        96,
        40,
        "P2",
        [4, 9, 12, 0, 20, 31, 20],
    );
    queue.family = Some("F66666666".into());
    queue.role = "root".into();
    let mut retry = small(
        "C77777777",
        "shop-worker",
        "WARNING",
        "retry <num> of <num> for job <uuid>",
        240,
        120,
        "P3",
        [20, 30, 40, 0, 50, 60, 40],
    );
    retry.family = Some("F66666666".into());
    retry.role = "symptom".into();
    retry.muted = Some("fix is in release 42; ann, until 2025-11-01".into());
    let mut price = small(
        "C88888888",
        "shop-web",
        "WARNING",
        "price cache is older than <num> min",
        33,
        33,
        "P3",
        [3, 4, 6, 0, 6, 7, 7],
    );
    price.family = Some("F88888888".into());
    price.role = "root".into();
    let mut cart = small(
        "C99999999",
        "shop-web",
        "WARNING",
        "cart total was computed twice for <*>",
        31,
        31,
        "P4",
        [3, 4, 6, 0, 6, 6, 6],
    );
    cart.family = Some("F88888888".into());
    cart.role = "symptom".into();
    let mut empty = small("Caaaaaaaa", "shop-worker", "ERROR", "<no payload>", 9, 9, "P4", [0, 9, 0, 0, 0, 0, 0]);
    empty.category = Some("data-quality".into());
    let ready = small("Cbbbbbbbb", "shop-api", "INFO", "ready after <num> ms", 61, 61, "P4", [9, 10, 9, 0, 9, 14, 10]);
    let mut gone = small("Cdddddddd", "shop-api", "ERROR", "coupon service refused <num> requests", 0, 0, "P4", [0; 7]);
    gone.status = "resolved".into();
    gone.last = "2025-10-03T12:00:00.000000000Z".into();
    vec![root(), requests(), exit, boot, queue, retry, hostile(), price, cart, empty, ready, gone]
}

fn families() -> Vec<Family> {
    let family =
        |kind: &str, root: &str, members: &[&str], entries, events, service: &str, priority: &str, sentence: &str| {
            Family {
                id: format!("F{}", &root[1..]),
                kind: kind.into(),
                root: root.into(),
                members: strings(members),
                entries,
                events,
                first: "2025-10-11T21:33:01.204100000Z".into(),
                last: "2025-10-11T21:37:17.118000000Z".into(),
                cadence: Cadence { words: format!("{events} events, median gap 7.1 s"), ..Cadence::default() },
                service: service.into(),
                sentence: sentence.into(),
                priority: priority.into(),
                ..Family::default()
            }
        };
    let mut loop_ = family(
        "crash_loop",
        "C0b1ff12e",
        &["C0b1ff12e", "C33333333", "C22222222"],
        58,
        15,
        "shop-api",
        "P0",
        "Application startup failed follows OrderStoreTimeout by 0.15 s (median) in 15 of 15 starts; the exit follows by 3.2 s.",
    );
    loop_.failed = 15;
    loop_.starts = Some(16);
    vec![
        loop_,
        family(
            "same_trace",
            "C66666666",
            &["C66666666", "C77777777"],
            336,
            120,
            "shop-worker",
            "P2",
            "Both stand in 38 of 40 traces; the retry comes first in 36 of them.",
        ),
        family(
            "precedes",
            "C88888888",
            &["C88888888", "C99999999"],
            64,
            33,
            "shop-web",
            "P3",
            "C99999999 follows C88888888 within 2 s in 30 of 33 events.",
        ),
    ]
}

fn finding(
    cluster: &str,
    priority: &str,
    title: &str,
    service: &str,
    how_often: &str,
    since: &str,
    status: &str,
) -> FindingRow {
    FindingRow {
        cluster: cluster.into(),
        priority: priority.into(),
        title: title.into(),
        service: service.into(),
        how_often: how_often.into(),
        since: since.into(),
        status: status.into(),
        owner: (service == "shop-api").then(|| "team-checkout".into()),
        ..FindingRow::default()
    }
}

fn summary() -> Summary {
    let mut findings = vec![
        finding(
            "C0b1ff12e",
            "P0",
            "Crash loop: OrderStoreTimeout",
            "shop-api",
            "15 of 16 starts failed (58 entries)",
            "2025-10-11T21:33:01.2041Z",
            "new",
        ),
        finding(
            "C55555555",
            "P1",
            "GET /orders/<*> -> 503",
            "shop-api",
            "412 requests, 3.1 % of the route",
            "2025-10-07T08:01:00Z",
            "escalating",
        ),
        finding(
            "C66666666",
            "P2",
            "job <uuid> of queue <*> failed: lock is held by <*>",
            "shop-worker",
            "96 entries, 40 events",
            "2025-10-06T04:10:00Z",
            "ongoing",
        ),
        finding("C44444444", "P3", HOSTILE, "shop-web", "1,203 entries, 57 users", "2025-10-06T00:00:12Z", "ongoing"),
        finding(
            "C88888888",
            "P3",
            "price cache is older than <num> min",
            "shop-web",
            "33 events",
            "2025-10-06T04:10:00Z",
            "ongoing",
        ),
        finding(
            "Caaaaaaaa",
            "P4",
            "<no payload>",
            "shop-worker",
            "9 entries",
            "2025-10-07T04:10:00Z",
            "insufficient_coverage",
        ),
    ];
    findings[0].family = Some("F0b1ff12e".into());
    Summary {
        sentence: "3 services had 3 problem families; worst: 15 of 16 starts of shop-api failed (P0). 1 new, 1 worse, 6 unchanged, 1 gone."
            .into(),
        findings,
        statuses: map(&[("new", 1), ("escalating", 1), ("ongoing", 6), ("insufficient_coverage", 1), ("resolved", 1)]),
        new: strings(&["OrderStoreTimeout in shop-api since 2025-10-11 21:33:01Z, not seen in 130 covered hours on 6 days before"]),
        worse: strings(&["GET /orders/<*> -> 503: 14 to 58 episodes a week, 4.1 times the rate"]),
        gone: strings(&["coupon service refused <num> requests: last seen 2025-10-03 12:00:00Z"]),
        follows: strings(&[
            "startup failed follows OrderStoreTimeout by 0.15 s (15 of 15 starts)",
            "cart total computed twice follows price cache within 2 s (30 of 33)",
        ]),
        next: strings(&[
            "team-checkout: check shop.orders.store, function connect, line 118",
            "team-checkout: look at GET /orders/<*> since revision shop-api-00042-abc",
            "fetch ERROR entries of 2025-10-09",
        ]),
        unseen: strings(&["2025-10-09: no input covers any service", "WARNING before 2025-10-06 02:10:00Z: 5,000 rows, row cap suspected"]),
    }
}

fn coverage() -> Coverage {
    let part = |from: &str, to: &str| [from.to_owned(), to.to_owned()];
    let service = || ServiceCoverage {
        covered_s: 518_400.0,
        days: 6,
        intervals: vec![
            part("2025-10-06T00:00:00.000000000Z", "2025-10-09T00:00:00.000000000Z"),
            part("2025-10-10T00:00:00.000000000Z", "2025-10-13T00:00:00.000000000Z"),
        ],
        entries: 800,
    };
    let severity = |entries, covered_s, cap: bool| SeverityCoverage {
        entries,
        first: Some("2025-10-06T02:10:00.000000000Z".into()),
        last: Some("2025-10-12T23:59:41.500000000Z".into()),
        covered_s,
        asked_s: 604_800.0,
        cap_suspected: cap,
        cap_rows: cap.then_some(5_000),
    };
    Coverage {
        fraction: 0.844,
        complete: false,
        reasons: strings(&["2025-10-09 is covered by no input", "WARNING: exactly 5,000 rows in one file, row cap suspected"]),
        sentence: "ERROR entries cover 144.0 h of 168.0 h (2025-10-09 was not exported); WARNING rows were cut at exactly 5,000.".into(),
        services: ["shop-api", "shop-web", "shop-worker"].into_iter().map(|name| (name.to_owned(), service())).collect(),
        by_severity: [
            ("ERROR", severity(536, 518_400.0, false)),
            ("WARNING", severity(1_522, 510_600.0, true)),
            ("INFO", severity(61, 518_400.0, false)),
        ]
        .into_iter()
        .map(|(name, row)| (name.to_owned(), row))
        .collect(),
        fetch: strings(&["scripts/export-logs.sh shop-staging 2025-10-09T00:00:00Z 2025-10-10T00:00:00Z 'severity>=WARNING'"]),
    }
}

/// The report.
pub(super) fn report() -> Report {
    let clusters = clusters();
    let (entries, attached): (u64, u64) =
        (clusters.iter().map(|c| c.entries).sum(), clusters.iter().map(|c| c.attached).sum());
    let service = |name: &str, entries, errors, warnings, requests, bad, worst: &str| ServiceRow {
        service: name.into(),
        project: "shop-staging".into(),
        location: "europe-west1".into(),
        owner: (name == "shop-api").then(|| "team-checkout".into()),
        repo: Some("acme/shop".into()),
        entries,
        errors,
        warnings,
        requests,
        requests_5xx: bad,
        revisions: map(&[
            (&format!("{name}-00041-xyz"), entries / 2),
            (&format!("{name}-00042-abc"), entries - entries / 2),
        ]),
        worst_priority: worst.into(),
        ..ServiceRow::default()
    };
    let action =
        |id: &str, cluster: &str, kind: &str, status: &str, number: Option<u64>, priority: &str, reason: &str| {
            ActionRow {
                id: format!("act_{id}"),
                cluster: cluster.into(),
                kind: kind.into(),
                status: status.into(),
                number,
                url: number.map(|n| format!("https://github.com/acme/shop/issues/{n}")),
                title: None,
                priority: priority.into(),
                reason: reason.into(),
                repo: "acme/shop".into(),
            }
        };
    let row = |at: &str, kind: &str, text: &str, cluster: Option<&str>| TimelineRow {
        at: at.into(),
        kind: kind.into(),
        text: text.into(),
        cluster: cluster.map(Into::into),
    };
    Report {
        schema: "log-gardener/report".into(),
        schema_version: "0.1".into(),
        run: Run {
            run_id: "run_5f1c0a7e9b2d4c11".into(),
            tool: "log-gardener".into(),
            document: "worklog".into(),
            tool_version: "0.1.0".into(),
            config_digest: "ab12cd34".into(),
            store_digest: "99fe01aa".into(),
            data_up_to: "2025-10-12T23:59:41.500000001Z".into(),
            asked_for: "last 7 days".into(),
            examples: true,
        },
        window: ReportWindow {
            since: "2025-10-06T00:00:00.000000000Z".into(),
            until: "2025-10-13T00:00:00.000000000Z".into(),
            seconds: 604_800.0,
            words: "7.0 days".into(),
            timezone: "Europe/Berlin".into(),
            since_local: "2025-10-06 02:00:00 CEST".into(),
            until_local: "2025-10-13 02:00:00 CEST".into(),
            services: Vec::new(),
        },
        coverage: coverage(),
        totals: Totals {
            entries: 6_260,
            unique: entries + attached,
            events: 2_075,
            set_aside: 3,
            malformed: 2,
            severity: map(&[("ERROR", 560), ("WARNING", 1_522), ("INFO", 61), ("DEFAULT", 8)]),
            effective_severity: map(&[("ERROR", 568), ("WARNING", 1_522), ("INFO", 61)]),
            kind: map(&[("app", 1_724), ("request", 412), ("system", 15)]),
            clusters: clusters.iter().filter(|c| c.entries + c.attached > 0).count() as u64,
            without_payload: 9,
        },
        services: vec![
            service("shop-api", 531, 455, 15, 13_290, 412, "P0"),
            service("shop-worker", 345, 105, 240, 0, 0, "P2"),
            service("shop-web", 1_267, 0, 1_267, 90_114, 0, "P3"),
        ],
        clusters,
        families: families(),
        deploys: vec![
            Deploy {
                revision: "shop-api-00042-abc".into(),
                service: "shop-api".into(),
                at: "2025-10-11T21:32:40.000000000Z".into(),
                at_local: "2025-10-11 23:32:40 CEST".into(),
                outcome: "failed".into(),
                by: Some("ci@build.example".into()),
                message: Some("The user-provided container failed to start | see #9".into()),
                ..Deploy::default()
            },
            Deploy {
                revision: "shop-api-00043-def".into(),
                service: "shop-api".into(),
                at: "2025-10-11T21:40:02.000000000Z".into(),
                at_local: "2025-10-11 23:40:02 CEST".into(),
                outcome: "ok".into(),
                ..Deploy::default()
            },
        ],
        timeline: vec![
            row("2025-10-09T00:00:00.000000000Z", "coverage", "no input covers any service for 24.0 h", None),
            row("2025-10-11T21:32:40.000000000Z", "deploy", "shop-api-00042-abc failed", None),
            row("2025-10-11T21:33:01.204100000Z", "first_seen", "OrderStoreTimeout", Some("C0b1ff12e")),
            row("2025-10-11T21:37:17.118000000Z", "crash_loop", "15 of 16 starts failed in 4.3 min", Some("F0b1ff12e")),
            row("2025-10-11T21:40:02.000000000Z", "deploy", "shop-api-00043-def ok", None),
        ],
        data_quality: vec![DataQuality {
            kind: "row_cap".into(),
            text: "export/2025-10-06T00.json holds exactly 5,000 rows; older WARNING entries were not exported.".into(),
            files: strings(&["export/2025-10-06T00.json"]),
            n: 5_000,
            remedy: Some("export by the hour, without a limit".into()),
        }],
        queries: vec![QueryRef {
            name: "top_errors".into(),
            question: "Which clusters have most errors?".into(),
            command: "gardener query top_errors --since 2025-10-06 --until 2025-10-13".into(),
        }],
        sources: vec![Source {
            path: "export/2025-10-11T21.json".into(),
            content_id: "6f0c9a00aa11bb22cc33".into(),
            entries: 6_260,
            duplicates: 4_102,
            malformed: 2,
            first: Some("2025-10-06T00:00:12.000000000Z".into()),
            last: Some("2025-10-12T23:59:41.500000000Z".into()),
        }],
        masked: BTreeMap::new(),
        summary: summary(),
        actions: vec![
            action(
                "00f3a1b2c3d4e5f6",
                "C0b1ff12e",
                "comment",
                "ready",
                Some(372),
                "P0",
                "same template as an open issue, new exception since its last comment",
            ),
            action(
                "11f3a1b2c3d4e5f6",
                "C55555555",
                "create",
                "needs_review",
                None,
                "P1",
                "no issue matches; the export has no closed issues",
            ),
            action("22f3a1b2c3d4e5f6", "C88888888", "none", "ready", Some(88), "P3", "open issue, nothing changed"),
        ],
        issue_exports: strings(&["acme/shop: 109 issues, exported 2025-10-13T06:00:00Z, complete"]),
        ..Report::default()
    }
}
