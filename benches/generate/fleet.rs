//! What runs: three services, their revisions over the weeks, their instances, and how each starts.
//!
//! The rollouts are a fixed list, because findings hang on them ("new with this revision", "gone
//! since that one"). Instances come and go by chance, and every one writes the same few rows when it
//! starts, so that a start that fails can be told from a start that works.

use serde_json::json;

use crate::clock::{DAY, HOUR, SECOND, START, at, date, python, time};
use crate::entry::{Log, Severity};
use crate::rng::Rng;
use crate::world::{Draft, World};

pub(crate) const API: &str = "shop-api";
pub(crate) const WORKER: &str = "shop-worker";
pub(crate) const GATEWAY: &str = "shop-gateway";
/// The services of the sample.
pub(crate) const SERVICES: [&str; 3] = [API, WORKER, GATEWAY];

/// The whole days of the sample: three weeks, then Monday to Wednesday.
pub(crate) const DAYS: i64 = 24;

/// One call of the deploy command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rollout {
    pub(crate) service: &'static str,
    pub(crate) revision: &'static str,
    /// When the command was given; the revision is ready some seconds later.
    pub(crate) at: i64,
    /// False: the revision never became ready and the one before went on serving.
    pub(crate) ok: bool,
    /// The second generation of the API (`Services.UpdateService`) instead of the first.
    pub(crate) v2: bool,
}

/// How long a revision takes to become ready.
pub(crate) const READY_AFTER: i64 = 15 * SECOND;

/// The revision whose starts crash, and the one that ends it.
pub(crate) const BAD_REVISION: &str = "shop-api-00047-vik";

/// All rollouts, oldest first. The first line of each service was live before the sample starts and
/// so has no audit rows.
pub(crate) fn rollouts() -> Vec<Rollout> {
    let r = |service, revision, at, ok, v2| Rollout { service, revision, at, ok, v2 };
    vec![
        r(API, "shop-api-00041-kez", START - 9 * DAY, true, false),
        r(WORKER, "shop-worker-00018-bun", START - 20 * DAY, true, true),
        r(GATEWAY, "shop-gateway-00027-zul", START - 4 * DAY, true, false),
        r(GATEWAY, "shop-gateway-00028-xot", at(2, 14, 5, 10), true, false),
        r(API, "shop-api-00042-hab", at(4, 9, 31, 44), true, false),
        r(API, "shop-api-00043-tif", at(8, 10, 12, 3), true, false),
        r(WORKER, "shop-worker-00019-rog", at(11, 13, 40, 27), true, true),
        r(API, "shop-api-00044-qum", at(12, 15, 20, 51), false, false),
        r(API, "shop-api-00045-wep", at(16, 8, 55, 12), true, false),
        r(API, "shop-api-00046-dox", at(17, 11, 25, 38), true, false),
        r(WORKER, "shop-worker-00020-lam", at(18, 9, 2, 16), true, true),
        r(API, BAD_REVISION, at(21, 17, 38, 20), true, false),
        r(API, "shop-api-00048-nar", at(21, 17, 41, 2), true, false),
        r(GATEWAY, "shop-gateway-00029-pyx", at(23, 9, 15, 33), true, false),
    ]
}

/// One container instance.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) service: &'static str,
    pub(crate) revision: &'static str,
    pub(crate) id: String,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// Who is alive when.
pub(crate) struct Fleet {
    instances: Vec<Instance>,
}

/// The id of an instance: long, hexadecimal, with the same head for all of a project.
pub(crate) fn instance_id(rng: &mut Rng) -> String {
    format!("0071d3be{}", rng.hex(88))
}

/// The rows that an instance writes while it starts, without any that says how it ended.
pub(crate) fn start_rows(world: &mut World, rng: &mut Rng, i: &Instance, reason: &str) {
    let (service, revision) = (i.service, i.revision);
    let row = |ts, cluster| Draft::new(ts, service, revision, cluster).instance(&i.id);
    let us = |rng: &mut Rng, low: i64, high: i64| rng.range(low, high) * 1_000;
    let cluster = world.cluster(crate::world::Cluster {
        name: format!("{service}: instance starts"),
        service: service.to_owned(),
        kind: "system",
        contains: "Starting a new instance".to_owned(),
        status: None,
        exception: None,
        finding: false,
    });
    world.push(row(i.from, cluster).log(Log::System).text(format!("Starting a new instance, reason: {reason}.")));
    if service == GATEWAY {
        let cluster = world.app("shop-gateway: listening", service, "gateway listening on port", false);
        let ts = i.from + us(rng, 700_000, 1_100_000);
        world.push(row(ts, cluster).json(json!({
            "message": format!("gateway listening on port 8080 after {} ms", rng.range(310, 640)),
            "module": "server", "pid": 1,
        })));
        return;
    }
    let mut ts = i.from + us(rng, 250_000, 400_000);
    let pid = rng.range(7, 16);
    for (name, text) in [
        ("server starts", "Starting web server 23.1".to_owned()),
        ("server listens", "Listening at: http://0.0.0.0:8080 (1)".to_owned()),
        ("worker boots", format!("Booting worker with pid {pid}")),
    ] {
        let contains = if name == "worker boots" { "Booting worker with pid" } else { text.as_str() };
        let cluster = world.app(&format!("{service}: {name}"), service, contains, false);
        let who = if name == "worker boots" { pid } else { 1 };
        let line = format!("[{} {} +0000] [{who}] [INFO] {text}", date(ts), time(ts));
        world.push(row(ts, cluster).severity(Severity::Default).effective(Severity::Info).log(Log::Stderr).text(line));
        ts += us(rng, 4_000, 40_000);
    }
    ts += us(rng, 900_000, 1_400_000);
    let cluster = world.app(&format!("{service}: settings"), service, "Settings loaded for profile", false);
    world.push(row(ts, cluster).from("shop.config", 58, "load").json(json!({
        "message": "Settings loaded for profile production in europe-west1", "timestamp": python(ts),
    })));
}

/// The rows with which a start ends that works.
fn ready_rows(world: &mut World, rng: &mut Rng, i: &Instance) {
    let ts = i.from + rng.range(3_100_000, 5_200_000) * 1_000;
    let service = i.service;
    let cluster = world.cluster(crate::world::Cluster {
        name: format!("{service}: probe passed"),
        service: service.to_owned(),
        kind: "system",
        contains: "Startup check passed".to_owned(),
        status: None,
        exception: None,
        finding: false,
    });
    world.push(
        Draft::new(ts, service, i.revision, cluster)
            .instance(&i.id)
            .log(Log::System)
            .text(format!("Startup check passed at attempt 1 for container {service}-1 on port 8080.")),
    );
    if service == API {
        // Said once per start and of no consequence: what a mute is for.
        let cluster = world.app("optional plugin missing", API, "Optional price-history plugin", true);
        let ts = ts - rng.range(200_000, 600_000) * 1_000;
        world.push(
            Draft::new(ts, API, i.revision, cluster).instance(&i.id).severity(Severity::Warning)
                .from("shop.pricing.history", 31, "install")
                .json(json!({"message": "Optional price-history plugin is not installed and charts stay hidden", "timestamp": python(ts)})),
        );
    }
}

impl Fleet {
    /// Lets two instances a service come and go over the weeks and writes their start rows.
    pub(crate) fn raise(world: &mut World) -> Self {
        let end = START + DAYS * DAY;
        let rollouts = rollouts();
        let mut instances = Vec::new();
        for service in SERVICES {
            let live: Vec<_> = rollouts.iter().filter(|r| r.service == service && r.ok).collect();
            for slot in 0..2 {
                let mut rng = Rng::new(world.seed, &format!("fleet {service} {slot}"));
                for (index, rollout) in live.iter().enumerate() {
                    if rollout.revision == BAD_REVISION {
                        continue; // its starts are told by the crash loop
                    }
                    let close = live.get(index + 1).map_or(end, |next| next.at + READY_AFTER);
                    let mut from = rollout.at + rng.range(4 * SECOND, READY_AFTER);
                    let mut reason = "DEPLOYMENT";
                    while from < close {
                        let to = close.min(from + rng.range(7 * HOUR, 19 * HOUR));
                        if to > START {
                            let i =
                                Instance { service, revision: rollout.revision, id: instance_id(&mut rng), from, to };
                            if from >= START {
                                start_rows(world, &mut rng, &i, reason);
                                ready_rows(world, &mut rng, &i);
                            }
                            instances.push(i);
                        }
                        from = to + rng.range(0, 2 * SECOND);
                        reason = "AUTOSCALING";
                    }
                }
            }
        }
        Self { instances }
    }

    /// One of the instances of `service` that is alive and past its start at `ts`; none while all starts fail.
    pub(crate) fn alive(&self, service: &str, ts: i64, rng: &mut Rng) -> Option<&Instance> {
        let up: Vec<_> =
            self.instances.iter().filter(|i| i.service == service && i.from + 6 * SECOND <= ts && ts < i.to).collect();
        if up.is_empty() { None } else { Some(rng.pick(&up)) }
    }
}
