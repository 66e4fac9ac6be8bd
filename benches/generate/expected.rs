//! What a plan must make of the sample, and the configuration that goes with it.
//!
//! Where the rules leave room (a comment that names a change of counts, say), every right kind is
//! listed, so that the truth tests the rules and not one reading of them.

use serde_json::{Value, json};

use crate::issues::{AUTH, CAPTURE, MIDDLEWARE, RACE, REFUND, STOCK, THUMBNAILS};

/// What a plan over the whole sample must hold.
pub(crate) fn build() -> Value {
    let action = |cluster: &str, kind: &str, accept: &[&str], status: &[&str], target: Option<u64>, why: &str| json!({"cluster": cluster, "kind": kind, "accept": accept, "status": status, "target": target, "regression_of": null, "why": why});
    let ready: &[&str] = &["ready"];
    let open: &[&str] = &["comment", "escalate", "relabel", "edit_comment", "none"];
    let none: &[&str] = &["none"];
    let mut plan = json!([
        action(
            "crash loop: KeyError",
            "create",
            &["create"],
            ready,
            None,
            "root of the crash loop, no issue; the other clusters of the loop are its symptoms"
        ),
        action(
            "auth failure",
            "create",
            &["create"],
            ready,
            None,
            "root of the cascade; its issue was closed more than 30 days ago, so a new one names it"
        ),
        action(
            "shop-api: GET /api/v1/orders/<*>/invoice -> 503",
            "create",
            &["create"],
            &["ready", "needs_review"],
            None,
            "no issue; the one about the other 503 sounds alike, so a review is right as well"
        ),
        action("coupon evaluation", "create", &["create"], ready, None, "new in the third week, no issue"),
        action(
            "start-up race",
            "comment",
            &["comment", "escalate", "edit_comment"],
            ready,
            Some(RACE),
            "open issue, and the timeout has grown since"
        ),
        action(
            "refund signature",
            "reopen",
            &["reopen"],
            ready,
            Some(REFUND),
            "closed as completed 15 days ago, back in a revision first seen after that"
        ),
        action(
            "middleware warning",
            "none",
            open,
            &[],
            Some(MIDDLEWARE),
            "open issue, nothing changed; a comment that names a change of counts is no mistake"
        ),
        action(
            "shop-api: POST /api/v1/payments/<*>/capture -> 503",
            "none",
            open,
            &[],
            Some(CAPTURE),
            "open issue, nothing changed"
        ),
        action("thumbnail misses", "none", none, &["suppressed"], Some(THUMBNAILS), "closed as not planned"),
        action(
            "stock sync",
            "none",
            &["none", "close_candidate"],
            &[],
            Some(STOCK),
            "resolved in the second week: at most a candidate for closing, for a person to decide"
        ),
        action("database refused", "none", &["none", "link"], &[], None, "symptom of the auth failure"),
        action("sitemap upload", "none", none, &[], None, "two events: below the floor of three"),
        action(
            "pretty-printed report",
            "none",
            none,
            &[],
            None,
            "four warnings on two days, last seen in the second week"
        ),
        action("stack row by row", "none", none, &[], None, "two events, last seen in the second week"),
        action("startup check failed", "none", none, &[], None, "one event"),
        action("optional plugin missing", "none", none, &["suppressed"], None, "muted in gardener.toml"),
        action("shop-gateway: GET /products/<*> -> 404", "none", none, &[], None, "rule client-404: issue = never"),
    ]);
    plan[1]["regression_of"] = AUTH.into();
    plan
}

/// The configuration that goes with the sample.
pub(crate) const CONFIG: &str = r#"# Configuration of the sample in data/: who owns what, what it means, and what is known noise.

time-zone   = "UTC"
week-starts = "Monday"

# Who owns what. The first match wins.
[[service]]
match = "shop-api*"
owner = "team-checkout"
repo  = "acme/shop"

[[service]]
match = "shop-worker*"
owner = "team-stock"
repo  = "acme/shop"

[[service]]
match = "shop-*"
owner = "team-edge"
repo  = "acme/shop"

# What it means when something fails. Printed word for word, marked "as configured".
[[impact]]
module     = "shop.refunds.*"
capability = "refunds"
sentence   = "Refunds of the payment provider are not booked."
points     = 10

[[impact]]
route      = "/api/v1/orders/*/invoice"
capability = "invoices"
sentence   = "Customers cannot download an invoice."
points     = 5

# Bots and old links: counted, never an issue.
[[rule]]
name     = "client-404"
status   = 404
priority = "P9"
issue    = "never"

# Known and accepted until the plugin is back; counted and listed all the same.
[[mute]]
template = "Optional price-history plugin is not installed and charts stay hidden"
reason   = "the plugin returns with the autumn release"
owner    = "ann"
until    = 2025-11-15
"#;
