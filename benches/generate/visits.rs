//! What customers, partners and bots do. Nothing here is a finding except what shows in volume only:
//! the middleware warning, the client 404s, and the two routes that sometimes answer 503.

use crate::entry::Severity;
use crate::fleet::{API, GATEWAY, WORKER};
use crate::rng::Rng;
use crate::traffic::{Line, Route, Traffic, hundredths, uuid};

const TERMS: [&str; 8] =
    ["blue lamp", "oak table", "garden hose", "wool rug", "desk", "mirror", "plant pot", "led strip"];

const SHOP_PRODUCT: Route = Route(GATEWAY, "GET", "/products/<*>");
const API_PRODUCT: Route = Route(API, "GET", "/api/v1/products/<*>");
const SEARCH: Route = Route(GATEWAY, "GET", "/search");
const CART: Route = Route(API, "POST", "/api/v1/carts/<*>/items");
const CHECKOUT: Route = Route(GATEWAY, "POST", "/checkout");
const INVOICE: Route = Route(API, "GET", "/api/v1/orders/<*>/invoice");
const LOGIN: Route = Route(GATEWAY, "POST", "/login");
const SETUP: Route = Route(GATEWAY, "GET", "/wp-admin/setup.php");
const DOT_ENV: Route = Route(GATEWAY, "GET", "/.env");
const CAPTURE: Route = Route(API, "POST", "/api/v1/payments/<*>/capture");

const PRODUCT_LINE: Line = Line(API, "product rendered", "Product page", "shop.catalog.views", 142, "product");
const PRICE_LINE: Line = Line(API, "price cache", "Price cache", "shop.pricing.cache", 64, "get");
const SEARCH_LINE: Line = Line(API, "search", "Search for", "shop.search.service", 203, "query");
const CART_LINE: Line = Line(API, "cart", "added to cart", "shop.cart.service", 118, "add_item");
const ORDER_LINE: Line = Line(API, "order placed", "placed by user", "shop.orders.service", 88, "place");
const MAIL_LINE: Line = Line(WORKER, "mail queued", "Confirmation mail", "shop.mail.queue", 47, "enqueue");
const INVOICE_LINE: Line = Line(API, "invoice rendered", "Invoice for order", "shop.invoices.render", 77, "render");
const LOGIN_LINE: Line = Line(GATEWAY, "signed in", "signed in from", "auth/session", 0, "");

/// One visit while it happens.
struct Visit {
    ts: i64,
    trace: String,
    user: String,
    /// Milliseconds that this visit's requests take, more or less.
    pace: f64,
}

impl Visit {
    /// A moment `low..high` microseconds into the visit.
    fn after(&self, rng: &mut Rng, low: i64, high: i64) -> i64 {
        self.ts + rng.range(low, high) * 1_000
    }

    fn share(&self, of: f64) -> i64 {
        (self.pace * of * 1_000_000.0) as i64
    }
}

impl Traffic<'_> {
    /// One visit of somebody at `ts`, a whole microsecond.
    pub(crate) fn visit(&mut self, ts: i64) {
        let visit = Visit {
            ts: ts + self.rng.range(0, 1_000), // the gateway's clock has odd nanoseconds
            trace: self.rng.hex(32),
            user: format!("u-{}", self.rng.range(10_000, 13_000)),
            pace: self.rng.long_tail(24.0),
        };
        match self.rng.weighted([38, 18, 14, 6, 9, 9, 5, 4].into_iter()) {
            0 => self.browse(&visit),
            1 => self.search(&visit),
            2 => self.fill_cart(&visit),
            3 => self.order(&visit),
            4 => self.sign_in(&visit),
            // What does not pass the middleware ends here.
            5 => {
                let fails = self.rng.chance(0.07);
                return self.invoice(ts, fails);
            }
            6 => return self.stray(&visit),
            _ => return self.capture(ts, &visit),
        }
        if self.rng.chance(0.2) {
            let inside = visit.after(&mut self.rng, 200, 1_400);
            self.middleware(inside, &visit.trace);
        }
    }

    fn info(&mut self, ts: i64, line: &Line, visit: &Visit, message: &str) {
        self.say(ts, line, Severity::Info, message, Some(&visit.trace));
    }

    fn browse(&mut self, visit: &Visit) {
        let id = self.rng.range(1_000, 9_999).to_string();
        self.request(visit.ts, &SHOP_PRODUCT, &id, (200, visit.pace + 4.0), &visit.trace);
        let inner = visit.after(&mut self.rng, 1_500, 4_000);
        self.request(inner, &API_PRODUCT, &id, (200, visit.pace), &visit.trace);
        let offers = self.rng.range(1, 24);
        let took = visit.pace.round();
        let message = format!("Product page {id} rendered with {offers} offers in {took} ms");
        self.info(inner + visit.share(0.8), &PRODUCT_LINE, visit, &message);
        if self.rng.chance(0.35) {
            let price = hundredths(self.rng.range(199, 48_900));
            let sku = self.rng.range(10_000, 99_999);
            let message = format!("Price cache refreshed for sku-{sku}: {price} EUR");
            self.info(inner + 700_000, &PRICE_LINE, visit, &message);
        }
    }

    fn search(&mut self, visit: &Visit) {
        let term = self.rng.pick(&TERMS);
        let query = format!("?q={}", term.replace(' ', "+"));
        self.request(visit.ts, &SEARCH, &query, (200, visit.pace + 9.0), &visit.trace);
        let found = self.rng.range(0, 240);
        let took = visit.pace.round();
        let inner = visit.after(&mut self.rng, 2_000, 9_000);
        let message = format!("Search for \"{term}\" found {found} products in {took} ms");
        self.info(inner, &SEARCH_LINE, visit, &message);
    }

    fn fill_cart(&mut self, visit: &Visit) {
        let cart = uuid(&mut self.rng);
        let inner = visit.after(&mut self.rng, 1_500, 5_000);
        self.request(inner, &CART, &cart, (201, visit.pace), &visit.trace);
        let sku = self.rng.range(10_000, 99_999);
        let message = format!("Item sku-{sku} added to cart {cart} by user {}", visit.user);
        self.info(inner + 2_100_000, &CART_LINE, visit, &message);
    }

    fn order(&mut self, visit: &Visit) {
        let order = self.rng.range(100_000, 999_999);
        self.request(visit.ts, &CHECKOUT, "", (200, visit.pace + 110.0), &visit.trace);
        let total = hundredths(self.rng.range(900, 90_000));
        let inner = visit.after(&mut self.rng, 60_000, 110_000);
        let message = format!("Order A-{order} placed by user {}, total {total} EUR", visit.user);
        self.info(inner, &ORDER_LINE, visit, &message);
        let later = inner + self.rng.range(400, 2_400) * 1_000_000;
        let message = format!("Confirmation mail for order A-{order} queued, template confirm-v3");
        self.say(later, &MAIL_LINE, Severity::Info, &message, None);
    }

    fn sign_in(&mut self, visit: &Visit) {
        self.request(visit.ts, &LOGIN, "", (200, visit.pace + 60.0), &visit.trace);
        let how = self.rng.pick(&["password", "passkey", "magic link"]);
        let message = format!("User {} signed in from {} by {how}", visit.user, self.ip());
        let inner = visit.after(&mut self.rng, 40_000, 60_000);
        self.info(inner, &LOGIN_LINE, visit, &message);
    }

    /// An invoice that comes, or does not: the printer behind it gives up after some seconds.
    pub(crate) fn invoice(&mut self, ts: i64, fails: bool) {
        let trace = self.rng.hex(32);
        let order = format!("A-{}", self.rng.range(100_000, 999_999));
        if fails {
            let latency = 8_000.0 + 4_000.0 * self.rng.unit();
            return self.request(ts, &INVOICE, &order, (503, latency), &trace);
        }
        let latency = self.rng.long_tail(90.0);
        self.request(ts, &INVOICE, &order, (200, latency), &trace);
        let message = format!("Invoice for order {order} rendered in {} ms", latency.round());
        let late = ts + (latency * 900.0) as i64 * 1_000;
        self.say(late, &INVOICE_LINE, Severity::Info, &message, Some(&trace));
    }

    /// Bots and old links. A client's 404 says nothing about the shop.
    fn stray(&mut self, visit: &Visit) {
        let answer = (404, self.rng.long_tail(6.0));
        let id = self.rng.range(1_000, 9_999).to_string();
        match self.rng.below(4) {
            0 => self.request(visit.ts, &SETUP, "", answer, &visit.trace),
            1 => self.request(visit.ts, &DOT_ENV, "", answer, &visit.trace),
            _ => self.request(visit.ts, &SHOP_PRODUCT, &id, answer, &visit.trace),
        }
    }

    fn capture(&mut self, ts: i64, visit: &Visit) {
        let payment = uuid(&mut self.rng);
        let answer =
            if self.rng.chance(0.05) { (503, 5_000.0 + 900.0 * self.rng.unit()) } else { (200, visit.pace + 180.0) };
        self.request(ts, &CAPTURE, &payment, answer, &visit.trace);
    }
}
