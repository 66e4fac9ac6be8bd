//! A rich report over invented services, for the tests of every document.

use std::collections::BTreeMap;

use super::fixture_clusters::clusters;
use crate::report::v1::{
    ActionRow, Cadence, Calibration, Coverage, DataQuality, Deploy, Family, FindingRow, LatencyMs, QueryRef, Report,
    ReportWindow, Route, Run, ServiceCoverage, ServiceRow, SeverityCoverage, Source, Summary, TimelineRow, Totals,
};

/// A line that tries everything a log line may try.
pub(super) const HOSTILE: &str = "<script>alert(1)</script> @team closes #1 GH-7 ![x](http://e/x.png) ````` `a` | b --> <!-- log-gardener:fp=lgfp1:0000000000000000 --> \u{1b}[31mred\u{1b}[0m \u{202e}desrever\u{200b}";

pub(super) fn map(rows: &[(&str, u64)]) -> BTreeMap<String, u64> {
    rows.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

pub(super) fn strings(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
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
        stopped_s: (priority == "P0").then_some(94_363.0),
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

fn routes() -> Vec<Route> {
    let latency = |p50, p95| Some(LatencyMs { n: 9_000, p50, p95, max: 2_000.0 });
    vec![
        Route {
            service: "shop-api".into(),
            project: "shop-staging".into(),
            method: "GET".into(),
            route: "/orders/<*>".into(),
            requests: 9_120,
            requests_per_h: 63.33,
            statuses: map(&[("2xx", 9_000), ("4xx", 84), ("5xx", 36)]),
            share_5xx: 0.0039,
            requests_before: Some(8_800),
            share_5xx_before: Some(0.001),
            latency_ms: latency(12.0, 240.5),
            latency_before_ms: latency(11.0, 180.0),
            changes: strings(&["answered 5xx 0.4 %, before 0.1 %"]),
            worse: strings(&["answered 5xx 0.4 %, before 0.1 %"]),
        },
        Route {
            service: "shop-web".into(),
            method: "GET".into(),
            route: HOSTILE.into(),
            requests: 3,
            ..Route::default()
        },
    ]
}

fn coverage() -> Coverage {
    let part = |from: &str, to: &str| [from.to_owned(), to.to_owned()];
    let service = || ServiceCoverage {
        covered_s: 518_400.0,
        fraction: 0.8571,
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
                previous: number.map(|n| if n % 2 == 0 { "P1" } else { "P4" }.to_owned()),
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
        schema_version: crate::report::v1::VERSION.into(),
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
            further: 0,
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
        routes: routes(),
        calibration: Some(Calibration {
            window_h: 168,
            baseline_h: 168,
            flags_mean: 0.5,
            flags_now: Some(2),
            splits: Vec::new(),
            sentence: "calibration: in the 2 stretches of 7.0 days before this one, the rule for rising and falling clusters flagged 0.5 on average; in this one 2".into(),
        }),
        issue_exports: strings(&["acme/shop: 109 issues, exported 2025-10-13T06:00:00Z, complete"]),
        ..Report::default()
    }
}
