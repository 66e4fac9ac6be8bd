//! The findings that people would want to be told of, planted one by one.
//!
//! Each function plants one and draws from a stream of its own. Texts, modules and names are invented
//! for this shop. Where a finding ends ("fixed by revision R") or begins ("new with R"), its rows hang
//! on the rollouts in [`crate::fleet`].

use serde_json::json;

use crate::clock::{DAY, HOUR, MINUTE, SECOND, at, python};
use crate::entry::{Log, Severity};
use crate::fleet::{API, DAYS, Fleet, GATEWAY, Instance, WORKER, instance_id, rollouts, start_rows};
use crate::rng::Rng;
use crate::traffic::{hundredths, uuid};
use crate::world::{Cluster, Draft, World};

/// The days (1 = first) on which the identity provider refuses the gateway.
pub(crate) const CASCADE_DAYS: [i64; 5] = [3, 9, 15, 19, 23];

/// When a revision began to serve.
pub(crate) fn live_from(revision: &str) -> i64 {
    rollouts().iter().find(|r| r.revision == revision).map_or(0, |r| r.at + crate::fleet::READY_AFTER)
}

/// Moments of a day between 06:00 and 23:00 at which somebody meets a problem, in order.
fn moments(rng: &mut Rng, day: i64, count: i64) -> Vec<i64> {
    let mut all: Vec<_> = (0..count).map(|_| at(day, 6, 0, 0) + rng.range(0, 17 * HOUR / 1_000) * 1_000).collect();
    all.sort_unstable();
    all
}

/// The timeout of the start-up race on day `day`, in tenths of a second: 2.1 s, and a little more every day.
pub(crate) fn race_tenths(day: i64) -> i64 {
    21 + (day - 1) * 13 / 10
}

/// A start-up race: the worker waits for a lock that another replica holds, longer from day to day.
pub(crate) fn race(world: &mut World) {
    let mut rng = Rng::new(world.seed, "race");
    let lost = world.app("start-up race", WORKER, "Inventory lock not acquired within", true);
    let won = world.app("start-up race: second attempt", WORKER, "Inventory lock acquired", false);
    for day in 1..=DAYS {
        let count = rng.range(3, 6);
        for from in moments(&mut rng, day, count) {
            let Some(rollout) =
                rollouts().into_iter().filter(|r| r.service == WORKER && r.at + MINUTE <= from).max_by_key(|r| r.at)
            else {
                continue;
            };
            let i = Instance {
                service: WORKER,
                revision: rollout.revision,
                id: instance_id(&mut rng),
                from,
                to: from + HOUR,
            };
            start_rows(world, &mut rng, &i, "AUTOSCALING");
            let tenths = race_tenths(day);
            let mut ts = from + 2 * SECOND + tenths * 100_000_000 + rng.range(0, 90_000) * 1_000;
            let row = |ts, cluster, message: String, line: &str| {
                Draft::new(ts, WORKER, i.revision, cluster).instance(&i.id).json(json!({
                    "message": message, "logger": "shop.inventory.lock", "timestamp": python(ts - 28_000),
                    "labels": {"function": "acquire", "line": line, "module": "shop.inventory.lock"},
                }))
            };
            let text = format!(
                "Inventory lock not acquired within {}.{}s during start-up, another replica holds it",
                tenths / 10,
                tenths % 10
            );
            world.push(row(ts, lost, text, "66").severity(Severity::Error));
            ts += rng.range(300_000, 900_000) * 1_000;
            world.push(row(ts, won, "Inventory lock acquired at attempt 2".to_owned(), "71"));
        }
    }
}

/// An identity provider that refuses the gateway, and database errors of another service in the same requests.
pub(crate) fn cascade(world: &mut World, fleet: &Fleet) -> Vec<(i64, i64)> {
    let mut rng = Rng::new(world.seed, "cascade");
    let root = world.app("auth failure", GATEWAY, "Token exchange with identity provider failed", true);
    let symptom = world.app("database refused", API, "Database session for tenant", true);
    let mut pairs = Vec::new();
    for day in CASCADE_DAYS {
        let from = at(day, 10, 0, 0) + rng.range(0, 3 * HOUR / 1_000) * 1_000;
        let mut ts = from;
        for _ in 0..rng.range(6, 11) {
            ts += rng.range(20_000_000, 170_000_000) * 1_000;
            let (Some(gate), Some(api)) =
                (fleet.alive(GATEWAY, ts, &mut rng).cloned(), fleet.alive(API, ts, &mut rng).cloned())
            else {
                continue;
            };
            let (trace, span) = (rng.hex(32), rng.hex(16));
            world.push(
                Draft::new(ts, GATEWAY, gate.revision, root).severity(Severity::Error).instance(&gate.id).trace(&trace, span)
                    .json(json!({
                        "message": format!("Token exchange with identity provider failed: invalid_client, client shop-gateway-{}, attempt 3 of 3", rng.pick(&["eu", "nl", "be"])),
                        "module": "auth/token", "pid": 1, "code": "invalid_client",
                    })),
            );
            let after = ts + rng.range(90_000, 800_000) * 1_000;
            let span = rng.hex(16);
            world.push(
                Draft::new(after, API, api.revision, symptom).severity(Severity::Error).instance(&api.id).trace(&trace, span)
                    .from("shop.db.session", 112, "open")
                    .json(json!({
                        "message": format!("Database session for tenant acme-{} refused: role shop_anonymous may not read table orders", rng.pick(&["nl", "be", "de", "fr"])),
                        "timestamp": python(after - 60_000),
                    })),
            );
            pairs.push((ts, after));
        }
    }
    pairs
}

/// Solved in the second week: the stock synchronisation that failed until the worker of Thursday.
pub(crate) fn stock_sync(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "stock sync");
    let cluster = world.app("stock sync", WORKER, "Stock synchronisation failed", true);
    let fixed = live_from("shop-worker-00019-rog");
    for day in 1..=11 {
        let count = rng.range(5, 9);
        for ts in moments(&mut rng, day, count) {
            let Some(i) = fleet.alive(WORKER, ts, &mut rng).filter(|_| ts < fixed) else {
                continue;
            };
            let message = format!(
                "Stock synchronisation failed for warehouse wh-{}: response has no field \"reserved\"",
                rng.range(1, 9)
            );
            world.push(Draft::new(ts, WORKER, i.revision, cluster).severity(Severity::Error).instance(&i.id).json(
                json!({
                    "message": message, "logger": "shop.stock.sync", "timestamp": python(ts - 30_000),
                    "labels": {"function": "merge", "line": "208", "module": "shop.stock.sync"},
                }),
            ));
        }
    }
}

/// New in the third week: coupons that the new API revision cannot evaluate, one traceback in one row.
pub(crate) fn coupons(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "coupons");
    let cluster = world.cluster(Cluster {
        name: "coupon evaluation".to_owned(),
        service: API.to_owned(),
        kind: "app",
        contains: "Coupon evaluation failed".to_owned(),
        status: None,
        exception: Some("ValueError"),
        finding: true,
    });
    let from = live_from("shop-api-00045-wep");
    for day in 16..=DAYS {
        let count = rng.range(6, 11);
        for ts in moments(&mut rng, day, count) {
            let Some(i) = fleet.alive(API, ts, &mut rng).filter(|_| ts > from + 20 * MINUTE) else {
                continue;
            };
            let percent = rng.range(101, 180);
            let text = format!(
                "Coupon evaluation failed for basket b-{}
Traceback (most recent call last):
  File \"/srv/shop/coupons/engine.py\", line 57, in evaluate
    rate = Discount.parse(row.value)
  File \"/srv/shop/coupons/discount.py\", line 19, in parse
    raise ValueError(f\"discount outside of 0 to 100: {{value}}\")
ValueError: discount outside of 0 to 100: {percent}
",
                rng.range(10_000, 99_999)
            );
            world.push(
                Draft::new(ts, API, i.revision, cluster)
                    .severity(Severity::Error)
                    .instance(&i.id)
                    .log(Log::Stderr)
                    .group("CIr7shopcoupon002")
                    .text(text),
            );
        }
    }
}

/// Fixed and closed in the second week, back with a later revision in the third.
pub(crate) fn refunds(world: &mut World, fleet: &Fleet) -> i64 {
    let mut rng = Rng::new(world.seed, "refunds");
    let cluster = world.app("refund signature", API, "Refund webhook rejected", true);
    let (fixed, back) = (live_from("shop-api-00043-tif"), live_from("shop-api-00046-dox"));
    let mut returned = 0;
    for day in 1..=DAYS {
        let count = rng.range(4, 8);
        for ts in moments(&mut rng, day, count) {
            let broken = ts < fixed || ts > back + 15 * MINUTE;
            let Some(i) = fleet.alive(API, ts, &mut rng).filter(|_| broken) else {
                continue;
            };
            if ts > fixed && returned == 0 {
                returned = ts;
            }
            let message = format!(
                "Refund webhook rejected: signature of payment provider does not match for refund r-{}",
                rng.range(40_000, 99_999)
            );
            world.push(
                Draft::new(ts, API, i.revision, cluster)
                    .severity(Severity::Error)
                    .instance(&i.id)
                    .from("shop.refunds.webhook", 73, "verify")
                    .json(json!({"message": message, "timestamp": python(ts - 44_000)})),
            );
        }
    }
    returned
}

/// Known, judged harmless and closed as not planned; still logged every day.
pub(crate) fn thumbnails(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "thumbnails");
    let cluster = world.app("thumbnail misses", GATEWAY, "Thumbnail cache misses", true);
    for day in 1..=DAYS {
        let count = rng.range(3, 7);
        for ts in moments(&mut rng, day, count) {
            let Some(i) = fleet.alive(GATEWAY, ts, &mut rng) else {
                continue;
            };
            let message = format!(
                "Thumbnail cache misses above target: {} percent of {} lookups",
                rng.range(31, 64),
                rng.range(900, 4_000)
            );
            world.push(
                Draft::new(ts, GATEWAY, i.revision, cluster)
                    .severity(Severity::Warning)
                    .instance(&i.id)
                    .json(json!({"message": message, "module": "media/thumbnails", "pid": 1})),
            );
        }
    }
}

/// Too rare to be filed: two errors in three weeks.
pub(crate) fn sitemap(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "sitemap");
    let cluster = world.app("sitemap upload", WORKER, "Sitemap upload refused", true);
    for ts in [at(22, 4, 12, 7), at(24, 4, 12, 9)] {
        let ts = ts + rng.range(0, 1_000_000) * 1_000;
        let Some(i) = fleet.alive(WORKER, ts, &mut rng) else {
            continue;
        };
        let message = format!("Sitemap upload refused by bucket policy after {} urls", rng.range(5_000, 6_000));
        world.push(Draft::new(ts, WORKER, i.revision, cluster).severity(Severity::Error).instance(&i.id).json(json!({
            "message": message, "logger": "shop.seo.sitemap", "timestamp": python(ts - 31_000),
            "labels": {"function": "upload", "line": "91", "module": "shop.seo.sitemap"},
        })));
    }
}

/// JSON over several lines: the agent takes only single lines for JSON, so this arrives as text without severity.
pub(crate) fn pretty_json(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "pretty json");
    let cluster = world.app("pretty-printed report", WORKER, "Sales report took longer than planned", true);
    for ts in [at(4, 2, 30, 0), at(4, 2, 44, 0), at(11, 2, 30, 0), at(11, 2, 51, 0)] {
        let ts = ts + rng.range(0, 9_000_000) * 1_000;
        let Some(i) = fleet.alive(WORKER, ts, &mut rng) else {
            continue;
        };
        let text = format!(
            "{{\n  \"level\": \"warning\",\n  \"logger\": \"shop.reports.sales\",\n  \"message\": \"Sales report took longer than planned\",\n  \"duration_s\": {},\n  \"report_id\": \"{}\"\n}}",
            hundredths(rng.range(9_100, 17_000)),
            uuid(&mut rng),
        );
        world.push(
            Draft::new(ts, WORKER, i.revision, cluster)
                .severity(Severity::Default)
                .effective(Severity::Warning)
                .instance(&i.id)
                .text(text),
        );
    }
}

/// The frames of that stack, one row each.
const FRAMES: [&str; 4] = [
    "    at renderBanner (/srv/gateway/dist/banner.js:41:27)",
    "    at layout (/srv/gateway/dist/layout.js:118:9)",
    "    at async handle (/srv/gateway/dist/server.js:77:5)",
    "    at async runChain (/srv/gateway/node_modules/routerlib/chain.js:203:13)",
];

/// A Node stack written line by line: one row a line, no severity, a few microseconds apart.
pub(crate) fn node_stack(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "node stack");
    let cluster = world.cluster(Cluster {
        name: "stack row by row".to_owned(),
        service: GATEWAY.to_owned(),
        kind: "app",
        contains: "Cannot read properties of undefined".to_owned(),
        status: None,
        exception: Some("TypeError"),
        finding: true,
    });
    for ts in [at(10, 9, 21, 14), at(10, 9, 48, 2)] {
        let mut ts = ts + rng.range(0, 900_000) * 1_000;
        let Some(i) = fleet.alive(GATEWAY, ts, &mut rng) else {
            continue;
        };
        let row = |ts| {
            Draft::new(ts, GATEWAY, i.revision, cluster).severity(Severity::Default).instance(&i.id).log(Log::Stderr)
        };
        world.push(
            row(ts)
                .effective(Severity::Error)
                .text("TypeError: Cannot read properties of undefined (reading 'campaign')"),
        );
        for frame in FRAMES {
            ts += rng.range(4, 12) * 1_000;
            world.push(row(ts).attached().text(frame));
        }
    }
}

/// The last sign of life of the sample: the newest entry, seconds before midnight.
pub(crate) fn last_entry(world: &mut World, fleet: &Fleet) {
    let mut rng = Rng::new(world.seed, "last entry");
    let ts = at(1, 0, 0, 0) + DAYS * DAY - 4 * SECOND + 183_000 * 1_000;
    let Some(i) = fleet.alive(WORKER, ts, &mut rng) else {
        return;
    };
    let cluster = world.app("shop-worker: queue depth", WORKER, "Queue depth", false);
    world.push(Draft::new(ts, WORKER, i.revision, cluster).instance(&i.id).json(json!({
        "message": "Queue depth 3, oldest message waits 0.40 s", "logger": "shop.queue.monitor", "timestamp": python(ts - 35_000),
        "labels": {"function": "tick", "line": "29", "module": "shop.queue.monitor"},
    })));
}
