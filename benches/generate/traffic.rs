//! Everyday life, the machinery of it: how a service says a line, how a request row looks, when
//! customers come, and the jobs that run by the clock. What customers do stands in `visits.rs`.

use serde_json::json;

use crate::clock::{DAY, HOUR, MINUTE, SECOND, START, python};
use crate::entry::{Http, Severity};
use crate::fleet::{API, BAD_REVISION, DAYS, Fleet, GATEWAY, WORKER};
use crate::rng::Rng;
use crate::world::{Draft, World};

/// Visits by hour of the day (UTC), in arbitrary units: a shop in one time zone.
const BY_HOUR: [u32; 24] = [8, 5, 4, 4, 5, 9, 18, 30, 42, 50, 55, 58, 60, 56, 52, 50, 52, 58, 66, 72, 70, 52, 32, 16];

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15",
    "AcmeShopApp/7.4 (Android 15)",
    "acme-partner-client/2.1",
];

/// Documentation addresses (RFC 5737): nobody lives there.
const NETS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];

const QUEUE: Line = Line(WORKER, "queue depth", "Queue depth", "shop.queue.monitor", 29, "tick");
const FEED: Line = Line(WORKER, "price feed", "Price feed imported", "shop.feeds.prices", 171, "run");
const ROUTES: Line = Line(GATEWAY, "route table", "Route table reloaded", "router/table", 0, "");
const SWEEP: Line = Line(API, "cleanup", "Expired carts removed", "shop.cart.cleanup", 52, "sweep");

/// Where a line of an application comes from: service, the cluster's short name, a piece of the text
/// that finds it, logger, line and function.
pub(crate) struct Line(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) u32,
    pub(crate) &'static str,
);

/// A request's service, method and path, with `<*>` where an id stands.
pub(crate) struct Route(pub(crate) &'static str, pub(crate) &'static str, pub(crate) &'static str);

/// What the background needs to push rows.
pub(crate) struct Traffic<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) fleet: &'a Fleet,
    pub(crate) rng: Rng,
}

/// A UUID-shaped id.
pub(crate) fn uuid(rng: &mut Rng) -> String {
    let mut text = rng.hex(8);
    for (mark, len) in [("-", 4), ("-4", 3), ("-a", 3), ("-", 12)] {
        text.push_str(mark);
        text.push_str(&rng.hex(len));
    }
    text
}

/// `15.73` for 1573 hundredths.
pub(crate) fn hundredths(n: i64) -> String {
    format!("{}.{:02}", n / 100, n % 100)
}

impl Traffic<'_> {
    /// The address of somebody out there.
    pub(crate) fn ip(&mut self) -> String {
        format!("{}.{}", self.rng.pick(&NETS), self.rng.range(1, 255))
    }

    /// Pushes an application row in the manner of its service; nothing while the service has no
    /// instance.
    pub(crate) fn say(&mut self, ts: i64, line: &Line, severity: Severity, message: &str, trace: Option<&str>) {
        let &Line(service, name, contains, logger, number, function) = line;
        let Some(instance) = self.fleet.alive(service, ts, &mut self.rng).cloned() else {
            return;
        };
        let cluster = self.world.app(&format!("{service}: {name}"), service, contains, false);
        let mut draft = Draft::new(ts, service, instance.revision, cluster).severity(severity).instance(&instance.id);
        if let Some(trace) = trace {
            let span = self.rng.hex(16);
            draft = draft.trace(trace, span);
        }
        // Three services, three habits: Python with sourceLocation, Python with labels inside, Node.
        self.world.push(match service {
            API => {
                draft.from(logger, number, function).json(json!({"message": message, "timestamp": python(ts - 41_000)}))
            }
            WORKER => draft.json(json!({
                "message": message, "logger": logger, "timestamp": python(ts - 35_000),
                "labels": {"function": function, "line": number.to_string(), "module": logger},
            })),
            _ => draft.json(json!({"message": message, "module": logger, "pid": 1})),
        });
    }

    /// Pushes a request row. `id` takes the place of the route's `<*>`, or is appended as a query.
    pub(crate) fn request(&mut self, ts: i64, route: &Route, id: &str, (status, latency_ms): (u16, f64), trace: &str) {
        let &Route(service, method, shape) = route;
        let cluster = self.world.route(service, method, shape, status, status == 503);
        let host = if service == API { "api" } else { "shop" };
        let path = if shape.contains("<*>") { shape.replace("<*>", id) } else { format!("{shape}{id}") };
        let http = Http {
            method,
            url: format!("https://{host}.acme.example{path}"),
            status,
            // Odd nanoseconds below the microsecond, as real latencies have.
            latency_ns: (latency_ms * 1_000.0).round() as i64 * 1_000 + self.rng.range(0, 1_000),
            remote_ip: self.ip(),
            agent: self.rng.pick(&AGENTS),
            bytes: self.rng.below(48_000) + 90,
        };
        let (instance, revision) = match self.fleet.alive(service, ts, &mut self.rng) {
            Some(i) => (Some(i.id.clone()), i.revision),
            // Nobody is up: the platform answers in the name of the revision that should be.
            None => (None, BAD_REVISION),
        };
        let span = self.rng.hex(16);
        let mut draft = Draft::new(ts, service, revision, cluster).trace(trace, span).http(http);
        if let Some(id) = instance {
            draft = draft.instance(&id);
        }
        self.world.push(draft);
    }

    /// The warning that everybody has stopped reading.
    pub(crate) fn middleware(&mut self, ts: i64, trace: &str) {
        let Some(instance) = self.fleet.alive(GATEWAY, ts, &mut self.rng).cloned() else {
            return;
        };
        let contains = "Request context rebuilt in middleware";
        let cluster = self.world.app("middleware warning", GATEWAY, contains, true);
        let session = self.rng.hex(10);
        let message = format!("{contains}: tenant header absent for session s-{session}");
        let span = self.rng.hex(16);
        self.world.push(
            Draft::new(ts, GATEWAY, instance.revision, cluster)
                .severity(Severity::Warning)
                .instance(&instance.id)
                .trace(trace, span)
                .json(json!({"message": message, "module": "middleware/context", "pid": 1})),
        );
    }

    /// The jobs that run by the clock on every day of the sample.
    pub(crate) fn jobs(&mut self) {
        for quarter in 0..DAYS * 96 {
            let ts = START + quarter * 15 * MINUTE + self.rng.range(0, 4 * 1_000_000) * 1_000;
            let waits = hundredths(self.rng.range(4, 380));
            let message = format!("Queue depth {}, oldest message waits {waits} s", self.rng.below(40));
            self.say(ts, &QUEUE, Severity::Info, &message, None);
            if quarter % 4 == 0 {
                let (rows, changed) = (self.rng.range(11_800, 12_400), self.rng.below(300));
                let took = hundredths(self.rng.range(610, 1_490));
                let message = format!("Price feed imported: {rows} rows, {changed} changed, took {took} s");
                self.say(ts + 5 * MINUTE, &FEED, Severity::Info, &message, None);
                let message = format!("Route table reloaded: 41 routes in {} ms", self.rng.range(7, 29));
                self.say(ts + 31 * MINUTE, &ROUTES, Severity::Info, &message, None);
            }
            if quarter % 96 == 9 {
                let (gone, all) = (self.rng.range(40, 180), self.rng.range(900, 1_800));
                let message = format!("Expired carts removed: {gone} of {all}");
                self.say(ts, &SWEEP, Severity::Notice, &message, None);
            }
        }
    }

    /// About `visits` visits over the whole sample, by hour and weekday.
    pub(crate) fn days(&mut self, visits: i64) {
        let week: i64 = BY_HOUR.iter().map(|&w| i64::from(w)).sum();
        for hour in 0..DAYS * 24 {
            let day = hour / 24;
            let weight = i64::from(BY_HOUR[(hour % 24) as usize]);
            // Saturday and Sunday are quieter.
            let share = if day % 7 >= 5 { 80 } else { 106 };
            let expected = (visits * weight * share) as f64 / (week * DAYS * 100) as f64;
            let floor = expected.floor();
            let count = floor as i64 + i64::from(self.rng.chance(expected - floor));
            let spread = (expected.sqrt() * 2.0) as i64;
            let count = (count + self.rng.range(-spread, spread + 1)).max(1);
            for _ in 0..count {
                let ts = START + hour * HOUR + self.rng.range(0, HOUR / 1_000) * 1_000;
                if ts < START + DAYS * DAY - 30 * SECOND {
                    self.visit(ts);
                }
            }
        }
    }
}
