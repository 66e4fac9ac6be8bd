//! The bytes of one entry of load, put together from pieces.
//!
//! Every entry is a function of the seed, its hour and its number: an hour file can begin with the last entries of the hour
//! before, as overlapping exports do, without anybody keeping them.

use std::fmt::{Display, Write};

use crate::clock::{HOUR, START, date};
use crate::load::Load;
use crate::rng::Rng;

/// A piece of a message.
enum Piece {
    Text(String),
    Number,
    Hex,
    Order,
    Address,
    Millis,
    Uuid,
}

/// One message form.
pub(crate) struct Form {
    pieces: Vec<Piece>,
    kind: Kind,
    /// `"severity":"ERROR",`, or nothing for DEFAULT.
    severity: &'static str,
    /// What stands around the message, rendered once.
    logger: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Text,
    Traceback,
}

/// An instance of a revision: `"labels":…,"logName":"` up to the log's id, and `"resource":…,`.
struct Place {
    labels: String,
    resource: String,
}

const MODULES: [&str; 12] = [
    "basket.total",
    "basket.lines",
    "catalog.search",
    "catalog.images",
    "checkout.pay",
    "checkout.refund",
    "mail.queue",
    "mail.render",
    "stock.sync",
    "stock.count",
    "users.login",
    "users.profile",
];
const FUNCTIONS: [&str; 8] = ["apply", "collect", "dispatch", "load", "prepare", "resolve", "store", "verify"];
const ROUTES: [&str; 10] = [
    "baskets",
    "baskets/lines",
    "catalog/items",
    "catalog/search",
    "checkout/pay",
    "orders",
    "orders/invoice",
    "stock",
    "users",
    "users/addresses",
];
const EXCEPTIONS: [&str; 5] = ["ValueError", "KeyError", "TimeoutError", "ConnectionResetError", "LookupError"];

/// The forms of messages that a load draws from.
pub(crate) fn forms(load: &Load) -> Vec<Form> {
    let words: Vec<&str> = crate::bulk::WORDS.split(' ').collect();
    let mut rng = Rng::new(load.seed, "load forms");
    (0..load.templates)
        .map(|n| {
            let mut pieces = Vec::new();
            let mut text = format!("{} {}", rng.pick(&words), rng.pick(&crate::bulk::VERBS));
            for _ in 0..rng.range(1, 5) {
                let _ = write!(text, " {}", rng.pick(&words));
            }
            for _ in 0..rng.range(1, 6) {
                let _ = write!(text, " {}=", rng.pick(&words));
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(match rng.below(12) {
                    0..=3 => Piece::Number,
                    4 | 5 => Piece::Millis,
                    6 | 7 => Piece::Order,
                    8 => Piece::Address,
                    9 | 10 => Piece::Hex,
                    _ => Piece::Uuid,
                });
                let _ = write!(text, ", {}", rng.pick(&words));
            }
            pieces.push(Piece::Text(text));
            let severity = match n % 20 {
                0..=11 => r#""severity":"INFO","#,
                12 => r#""severity":"DEBUG","#,
                13..=15 => "",
                16 | 17 => r#""severity":"WARNING","#,
                _ => r#""severity":"ERROR","#,
            };
            let kind = match n % 20 {
                13..=15 => Kind::Text,
                18 => Kind::Traceback,
                _ => Kind::Json,
            };
            let (module, function) = (rng.pick(&MODULES), rng.pick(&FUNCTIONS));
            let logger = format!(
                r#""logger":"shop.{module}","source":{{"file":"/srv/shop/{}.py","function":"{function}","line":{}}},"#,
                module.replace('.', "/"),
                rng.range(10, 700)
            );
            Form { pieces, kind, severity, logger }
        })
        .collect()
}

/// Four instances of the revision that each service runs in an hour.
fn places(load: &Load, hour: i64) -> Vec<Place> {
    (0..load.services * 4)
        .map(|n| {
            let service = format!("shop-load-{:02}", n / 4);
            let revision = format!("{service}-{:05}-lod", 10 + hour / 9);
            let mut rng = Rng::new(load.seed ^ n as u64, &revision);
            Place {
                labels: format!(
                    r#""labels":{{"instanceId":"0071d3be{}","managed-by":"deploy-bot","release":"2025.{:02}"}},"logName":"projects/acme-shop-load/logs/run.googleapis.com%2F"#,
                    rng.hex(128),
                    10 + hour / 9
                ),
                resource: format!(
                    r#""resource":{{"labels":{{"configuration_name":"{service}","location":"europe-west1","project_id":"acme-shop-load","revision_name":"{revision}","service_name":"{service}"}},"type":"cloud_run_revision"}},"#
                ),
            }
        })
        .collect()
}

/// Everything that the entries of one hour are made from.
pub(crate) struct Maker<'a> {
    load: &'a Load,
    forms: &'a [Form],
    places: Vec<Place>,
    hour: i64,
    rows: i64,
    /// `2025-09-01T00:`
    prefix: String,
}

/// Writing to a `String` cannot fail.
fn put(out: &mut String, what: impl Display) {
    let _ = write!(out, "{what}");
}

impl<'a> Maker<'a> {
    pub(crate) fn new(load: &'a Load, forms: &'a [Form], hour: i64) -> Self {
        let total = load.days * 24;
        let rows = load.entries * (hour + 1) / total - load.entries * hour / total;
        let prefix = format!("{}T{:02}:", date(START + hour * HOUR), hour % 24);
        Self { load, forms, places: places(load, hour), hour, rows, prefix }
    }

    /// A moment of this hour, given in microseconds since it began. Beyond its end it stays at the last one.
    fn moment(&self, out: &mut String, micros: i64) {
        let micros = micros.min(3_599_999_999);
        out.push_str(&self.prefix);
        let _ = write!(out, "{:02}:{:02}.{:06}Z", micros / 60_000_000, micros / 1_000_000 % 60, micros % 1_000_000);
    }

    /// Entry `n` of the hour, without what separates it from the next.
    fn entry(&self, out: &mut String, n: i64) {
        let mut rng = Rng::numbered(self.load.seed, self.hour as u64, n as u64);
        // In order of time without sorting: each entry has a slice of the hour of its own.
        let slice = 3_600_000_000 / self.rows.max(1);
        let at = n * 3_600_000_000 / self.rows.max(1) + rng.range(0, slice.max(1));
        let place = &self.places[rng.below(self.places.len() as u64) as usize];
        let seconds = (START + self.hour * HOUR) / 1_000_000_000 + at / 1_000_000;
        let request = rng.below(100) < 12;
        out.push('{');
        let status = rng.pick(&[200, 200, 200, 200, 200, 200, 201, 204, 302, 404, 429, 500, 503]);
        if request {
            let _ = write!(
                out,
                r#""httpRequest":{{"latency":"{}.{:06}s","protocol":"HTTP/1.1","remoteIp":"192.0.2.{}","requestMethod":"{}","requestSize":"{}","requestUrl":"https://shop.acme.example/api/v2/{}/{}","responseSize":"{}","serverIp":"198.51.100.{}","status":{status},"userAgent":"acme-storefront/4.2 (load)"}},"#,
                rng.below(3),
                rng.below(1_000_000),
                rng.range(1, 255),
                rng.pick(&["GET", "GET", "POST", "PUT"]),
                rng.range(200, 4_000),
                rng.pick(&ROUTES),
                rng.below(900_000),
                rng.range(100, 90_000),
                rng.range(1, 255),
            );
        }
        let _ = write!(out, r#""insertId":"{seconds:08x}{:08x}{:08x}","#, at % 1_000_000, rng.next() as u32);
        // The product of draws: some forms are common, most are rare.
        let form = &self.forms[(rng.unit() * rng.unit() * self.forms.len() as f64) as usize];
        let log = match (request, form.kind) {
            (true, _) => "requests",
            (_, Kind::Json) => "stdout",
            _ => "stderr",
        };
        if !request && form.kind == Kind::Json {
            let _ = write!(
                out,
                r#""jsonPayload":{{"context":{{"basket":"b-{}","customer":"c-{}","request_id":"{:016x}{:016x}"}},{}"message":""#,
                rng.below(40_000),
                rng.below(9_000),
                rng.next(),
                rng.next(),
                form.logger,
            );
            message(out, form, &mut rng);
            out.push_str(r#"","timestamp":""#);
            self.moment(out, at - rng.range(0, 900).min(at));
            out.push_str("\"},");
        }
        out.push_str(&place.labels);
        out.push_str(log);
        out.push_str(r#"","receiveTimestamp":""#);
        self.moment(out, at + rng.range(18_000, 290_000));
        out.push_str("\",");
        out.push_str(&place.resource);
        out.push_str(match (request, status) {
            (true, 500..) => r#""severity":"ERROR","#,
            (true, 400..) => r#""severity":"WARNING","#,
            (true, _) => r#""severity":"INFO","#,
            _ => form.severity,
        });
        let traced = request || rng.below(3) == 0;
        if traced {
            let _ = write!(out, r#""spanId":"{:016x}","#, rng.next());
        }
        if !request && form.kind != Kind::Json {
            out.push_str(r#""textPayload":""#);
            if form.kind == Kind::Traceback {
                traceback(out, &mut rng);
            }
            message(out, form, &mut rng);
            out.push_str("\",");
        }
        out.push_str(r#""timestamp":""#);
        self.moment(out, at);
        out.push('"');
        if traced {
            let _ = write!(
                out,
                r#","trace":"projects/acme-shop-load/traces/{:016x}{:016x}","traceSampled":true"#,
                rng.next(),
                rng.next()
            );
        }
        out.push('}');
    }

    /// All entries of the hour, with `between` after each; the last hundredth of the hour before comes first, and every
    /// hundredth entry twice. Returns how many were written.
    pub(crate) fn hour(&self, before: Option<&Self>, between: &str) -> (String, i64) {
        let mut out = String::with_capacity((self.rows as usize + 64) * 1_200);
        let mut written = 0;
        if let Some(before) = before {
            for n in before.rows - before.rows / 100..before.rows {
                before.entry(&mut out, n);
                out.push_str(between);
                written += 1;
            }
        }
        for n in 0..self.rows {
            let from = out.len();
            self.entry(&mut out, n);
            out.push_str(between);
            written += 1;
            if n % 100 == 57 {
                out.extend_from_within(from..);
                written += 1;
            }
        }
        (out, written)
    }
}

fn message(out: &mut String, form: &Form, rng: &mut Rng) {
    for piece in &form.pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Number => put(out, rng.below(90_000)),
            Piece::Hex => {
                let _ = write!(out, "{:012x}", rng.next() >> 16);
            }
            Piece::Order => {
                let _ = write!(out, "A-{}", rng.range(100_000, 999_999));
            }
            Piece::Address => {
                let _ = write!(out, "192.0.2.{}:{}", rng.range(1, 255), rng.range(1_024, 60_000));
            }
            Piece::Millis => {
                let _ = write!(out, "{}.{} ms", rng.below(4_000), rng.below(10));
            }
            Piece::Uuid => {
                let (a, b) = (rng.next(), rng.next());
                let _ = write!(
                    out,
                    "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
                    a >> 32,
                    a & 0xffff,
                    a >> 20 & 0xfff,
                    b >> 52,
                    b & 0xffff_ffff_ffff
                );
            }
        }
    }
}

fn traceback(out: &mut String, rng: &mut Rng) {
    out.push_str("Traceback (most recent call last):\\n");
    for _ in 0..rng.range(6, 18) {
        let (module, function) = (rng.pick(&MODULES), rng.pick(&FUNCTIONS));
        let _ = write!(
            out,
            r#"  File \"/srv/shop/{module}.py\", line {}, in {function}\n    return self.{function}(request, basket, timeout=30)\n"#,
            rng.range(10, 700)
        );
    }
    out.push_str(rng.pick(&EXCEPTIONS));
    out.push_str(": ");
}
