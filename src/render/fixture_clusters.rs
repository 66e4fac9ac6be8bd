//! The clusters of the fixture: the root of a crash loop, a hostile line, requests, and quiet ones.

use super::fixture::{HOSTILE, map};
use crate::report::v1::{
    Cadence, Cluster, DayCount, Example, HttpStats, Impact, LatencyMs, Link, Parameter, PriorityTerm, StackCount,
    Trend, ValueCount,
};

fn days(entries: [u64; 7]) -> Vec<DayCount> {
    // No input covers the fourth day.
    entries
        .iter()
        .zip(6..)
        .map(|(n, day)| DayCount { day: format!("2025-10-{day:02}"), last_day: None, entries: *n, covered: day != 9 })
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

pub(super) fn local(text: &str) -> String {
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
        share_5xx_while: None,
    });
    c
}

/// All clusters of the report.
pub(super) fn clusters() -> Vec<Cluster> {
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
