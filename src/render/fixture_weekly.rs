//! The week of the sample report, for the tests of the retrospective.

use super::fixture::{HOSTILE, report};
use crate::report::v1::{DayCount, Report};
use crate::report::v1_weekly::{
    ChangeRow, DeployRow, DriftRow, Figures, Fix, IssueRef, Moved, MuteRow, NoiseRow, OpenRow, RequestRow,
    RevisionCount, Strip, TemplateChange, UncoveredSpan, WeekCounted, WeekService, WeekSpan, Weekly,
};

fn span(week: &str, first: u32) -> WeekSpan {
    let days: Vec<String> = (first..first + 7)
        .map(|day| if day > 30 { format!("2025-10-{:02}", day - 30) } else { format!("2025-09-{day:02}") })
        .collect();
    WeekSpan { week: week.into(), since: format!("{}T00:00:00.000000000Z", days[0]), until: String::new(), days }
}

fn strip(cluster: &str, weeks: &[WeekSpan], entries: [u64; 14]) -> Strip {
    let names = weeks.iter().flat_map(|week| &week.days);
    // No input covers one day of the first week.
    let days: Vec<DayCount> = names
        .zip(entries)
        .enumerate()
        .map(|(at, (day, entries))| DayCount { day: day.clone(), last_day: None, entries, covered: at != 3 })
        .collect();
    let per_week = days.chunks(7).map(|week| week.iter().map(|day| day.entries).sum()).collect();
    Strip { cluster: cluster.into(), days, per_week }
}

fn service(name: &str, this: Option<f64>, last: Option<f64>, counts: [u64; 5]) -> WeekService {
    WeekService {
        service: name.into(),
        owner: Some("team-checkout".into()),
        worst_priority: "P0".into(),
        errors_per_1000_requests: Figures { this, last, median: last, weeks: u64::from(last.is_some()) },
        errors: 43,
        errors_last: Some(12),
        errors_crash_loops: if name == "shop-api" { 18 } else { 0 },
        most_risen: None,
        requests: if this.is_some() { 9_120 } else { 0 },
        requests_last: Some(8_800),
        families_new: counts[0],
        families_worse: counts[1],
        families_same: counts[2],
        families_gone: counts[3],
        families_undecided: counts[4],
        deploys: 2,
        deploys_failed: u64::from(this.is_none()),
        covered_h: 144.0,
        covered_h_last: Some(168.0),
    }
}

fn change(cluster: &str, title: &str, status: &str, sentence: &str, entries: (u64, u64)) -> ChangeRow {
    ChangeRow {
        cluster: cluster.into(),
        family: None,
        title: title.into(),
        service: "shop-api".into(),
        priority: "P1".into(),
        status: status.into(),
        sentence: sentence.into(),
        entries: entries.0,
        entries_last: Some(entries.1),
        at: "2025-10-11T21:33:01.204100000Z".into(),
        owner: Some("team-checkout".into()),
        back_since: None,
    }
}

/// The sample report as a weekly retrospective.
pub(super) fn weekly() -> Report {
    let mut report = report();
    report.run.document = "weekly".into();
    report.run.asked_for = "the last complete week, 2025-W41".into();
    let weeks = vec![span("2025-W40", 29), span("2025-W41", 36)];
    let fix = |number: u64, verdict: &str, sentence: &str| Fix {
        number,
        title: if number == 88 { HOSTILE.into() } else { "Order store times out".into() },
        url: Some(format!("https://github.com/acme/shop/issues/{number}")),
        repo: Some("acme/shop".into()),
        closed: "2025-10-02T09:00:00.000000000Z".into(),
        reopened: None,
        clusters: vec!["C0b1ff12e".into()],
        service: "shop-api".into(),
        events_since: 15,
        last: Some("2025-10-11T21:37:17.118000000Z".into()),
        back_since: (verdict == "came_back").then(|| "2025-10-11T21:33:01.204100000Z".into()),
        revisions: vec![RevisionCount { revision: "shop-api-00042-abc".into(), events: 15, newer: true }],
        covered_h_since: 210.5,
        expected: Some(4.2),
        verdict: verdict.into(),
        sentence: sentence.into(),
    };
    let moved = |cluster: &str, title: &str| Moved {
        cluster: cluster.into(),
        title: title.into(),
        at: "2025-10-11T21:33:01.204100000Z".into(),
    };
    report.weekly = Some(Weekly {
        week: "2025-W41".into(),
        week_starts: "Monday".into(),
        day_zone: "UTC".into(),
        compared: true,
        sentence: "2025-W41 against 2025-W40; one earlier week is in the data.".into(),
        services: vec![
            service("shop-api", Some(4.71), Some(1.36), [1, 1, 4, 1, 0]),
            service("shop-worker", None, None, [0, 0, 2, 0, 3]),
        ],
        fixes: vec![
            fix(372, "came_back", "15 events in revisions newer than the closing, first shop-api-00042-abc"),
            fix(88, "holds", "not seen in 210.5 h covered; 4 episodes would have come at its earlier rate"),
        ],
        fixes_elsewhere: vec![IssueRef { number: 90, title: "Footer @team".into(), ..IssueRef::default() }],
        counted: WeekCounted::default(),
        new: vec![change("C0b1ff12e", "OrderStoreTimeout", "new", "not seen in 130 covered hours before", (28, 0))],
        first_seen: vec![change("C55555555", "first <b>here</b>", "insufficient_coverage", "first seen here", (4, 0))],
        silent: Vec::new(),
        regressed: Vec::new(),
        still_back: vec![ChangeRow {
            back_since: Some("2025-10-03T08:00:00.000000000Z".into()),
            ..change("C33333333", "session lost", "regressed", "back since 2025-10-03T08:00:00Z (2025-W40)", (6, 9))
        }],
        escalating: vec![change("C44444444", HOSTILE, "escalating", "expected 0 to 3, saw 9", (1_203, 312))],
        declining: Vec::new(),
        resolved: vec![change("Cdddddddd", "coupon service refused", "resolved", "gone for 8 covered days", (0, 41))],
        strips: vec![
            strip("C0b1ff12e", &weeks, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0]),
            strip("C44444444", &weeks, [40, 50, 60, 0, 50, 60, 52, 170, 180, 170, 171, 172, 170, 170]),
            strip("Cdddddddd", &weeks, [20, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ],
        noise: vec![NoiseRow {
            cluster: "C44444444".into(),
            title: HOSTILE.into(),
            service: "shop-web".into(),
            severity: "ERROR".into(),
            entries: 1_203,
            entries_last: Some(312),
            share: 0.31,
            muted: Some("known (ann, until 2025-11-15)".into()),
        }],
        drifts: vec![DriftRow {
            cluster: "C0b1ff12e".into(),
            title: "OrderStoreTimeout".into(),
            service: "shop-api".into(),
            name: Some("within".into()),
            unit: Some("s".into()),
            median: Some(20.0),
            median_last: Some(8.0),
            sentence: "value after \"within\": median 8 s last week, 20 s this week".into(),
            ..DriftRow::default()
        }],
        deploys: vec![DeployRow {
            revision: "shop-api-00042-abc".into(),
            service: "shop-api".into(),
            at: "2025-10-11T21:32:55.000000000Z".into(),
            outcome: "ok".into(),
            by: Some("kim@shop.example".into()),
            came_more: 0,
            went_more: 0,
            came: vec![moved("C0b1ff12e", "OrderStoreTimeout")],
            went: vec![moved("Cdddddddd", "coupon service refused")],
        }],
        requests: vec![RequestRow {
            service: "shop-api".into(),
            method: "GET".into(),
            route: "/orders/<*>".into(),
            requests: 9_120,
            requests_per_h: Some(63.33),
            requests_last: Some(8_800),
            share_5xx: 0.004,
            share_5xx_last: Some(0.001),
            p50_ms: Some(12.0),
            p50_ms_last: Some(11.0),
            p95_ms: Some(240.5),
            p95_ms_last: Some(180.0),
            changes: vec!["answered 5xx 0.4 %, before 0.1 %".into()],
        }],
        open: vec![OpenRow {
            number: 91,
            title: HOSTILE.into(),
            url: Some("https://github.com/acme/shop/issues/91".into()),
            age_days: Some(41),
            clusters: vec!["C44444444".into()],
            service: "shop-web".into(),
            entries: 1_203,
            status: "escalating".into(),
            priority: "P1".into(),
            ..OpenRow::default()
        }],
        renamed: vec![TemplateChange {
            kind: "merged".into(),
            clusters: vec!["C44444444".into()],
            before: vec!["cart <num> lost".into(), HOSTILE.into()],
            now: vec!["cart <*> lost".into()],
        }],
        mutes: vec![MuteRow {
            matches: "template Plugin * missing".into(),
            reason: "comes back in autumn".into(),
            owner: "ann".into(),
            until: "2025-10-01".into(),
            state: "expired".into(),
        }],
        gaps: vec![UncoveredSpan {
            service: "shop-api".into(),
            since: "2025-10-09T00:00:00.000000000Z".into(),
            until: "2025-10-10T00:00:00.000000000Z".into(),
            words: "24.0 h".into(),
        }],
        weeks,
    });
    report
}
