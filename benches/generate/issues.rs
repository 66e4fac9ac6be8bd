//! The issue tracker of the shop, as an export holds it.
//!
//! Some findings have an open issue, one a closed one that must be reopened, one was closed as not
//! planned, one so long ago that a new issue is right, and some have none. Around them stand issues
//! that sound alike and are not, an issue with a marker forged by a stranger, and a pull request.

use serde_json::{Value, json};

use crate::clock::{SECOND, at, zulu};
use crate::truth::after_end;

/// Taken minutes after the newest entry, so that the export is fresh.
pub(crate) const EXPORTED_AT: i64 = crate::clock::START + 24 * crate::clock::DAY + 1_260 * SECOND;
/// The issue that was closed too early; the others are named after their findings.
pub(crate) const REFUND: u64 = 403;
pub(crate) const RACE: u64 = 409;
pub(crate) const MIDDLEWARE: u64 = 387;
pub(crate) const CAPTURE: u64 = 415;
pub(crate) const THUMBNAILS: u64 = 339;
pub(crate) const AUTH: u64 = 289;
pub(crate) const STOCK: u64 = 402;

struct Issue {
    number: u64,
    title: &'static str,
    body: &'static str,
    labels: &'static [&'static str],
    /// Day (1 = first of the sample, may be negative), hour.
    created: (i64, i64),
    /// Day, hour, `completed` or `not_planned`.
    closed: Option<(i64, i64, &'static str)>,
    user: (&'static str, &'static str),
    comments: &'static [((i64, i64), &'static str, &'static str)],
}

const ANN: (&str, &str) = ("ann", "MEMBER");
const BO: (&str, &str) = ("bo-devries", "MEMBER");
const CAS: (&str, &str) = ("cas", "COLLABORATOR");

/// The issues that belong to findings.
const MATCHING: [Issue; 7] = [
    Issue {
        number: RACE,
        title: "Worker waits for the inventory lock when it starts",
        body: "Some starts of shop-worker lose a race for the lock and only get it at the second attempt:\n\n```\nInventory lock not acquired within 3.1s during start-up, another replica holds it\n```\n\nModule `shop.inventory.lock`, function `acquire`. It was 2.1s on the first of September.",
        labels: &["bug", "P1", "stock"],
        created: (9, 8),
        closed: None,
        user: BO,
        comments: &[((12, 15), "ann", "3.5s today. Still gets the lock at attempt 2, so nothing is lost yet.")],
    },
    Issue {
        number: MIDDLEWARE,
        title: "Gateway middleware rebuilds the request context on every fifth request",
        body: "shop-gateway warns all day long:\n\n```\nRequest context rebuilt in middleware: tenant header absent for session s-4be01c77aa\n```\n\nModule `middleware/context`. The header gets lost in the old mobile app.",
        labels: &["bug", "P1", "edge"],
        created: (-12, 9),
        closed: None,
        user: ANN,
        comments: &[],
    },
    Issue {
        number: CAPTURE,
        title: "Payment capture sometimes answers 503",
        body: "`POST /api/v1/payments/{id}/capture` of shop-api answers 503 after five seconds, about once in twenty calls.\n\n```\nPOST /api/v1/payments/5d0c5d5e-1f0b-4d2a-a7a0-6a5b0c9d1e2f/capture -> 503\n```",
        labels: &["bug", "P1", "payments"],
        created: (15, 13),
        closed: None,
        user: CAS,
        comments: &[],
    },
    Issue {
        number: REFUND,
        title: "Refund webhook rejected because the signature does not match",
        body: "Refunds of the payment provider are not booked. shop-api says:\n\n```\nRefund webhook rejected: signature of payment provider does not match for refund r-51877\n```\n\nModule `shop.refunds.webhook`, function `verify`, /srv/shop/refunds/webhook.py.",
        labels: &["bug", "P1", "payments"],
        created: (3, 10),
        closed: Some((9, 9, "completed")),
        user: ANN,
        comments: &[
            ((8, 11), "ann", "Fixed with shop-api-00043-tif, none since."),
            ((9, 9), "bo-devries", "Quiet for a day, closing."),
        ],
    },
    Issue {
        number: THUMBNAILS,
        title: "Thumbnail cache misses above target",
        body: "The gateway warns a few times a day:\n\n```\nThumbnail cache misses above target: 47 percent of 2210 lookups\n```\n\nModule `media/thumbnails`.",
        labels: &["edge", "P4"],
        created: (-61, 12),
        closed: Some((-47, 14, "not_planned")),
        user: CAS,
        comments: &[((-47, 14), "ann", "The target was a guess. We do not plan to do anything here.")],
    },
    Issue {
        number: AUTH,
        title: "Token exchange with identity provider failed: invalid_client",
        body: "Sign-in broke for some minutes when the client secret was rotated.\n\n```\nToken exchange with identity provider failed: invalid_client, client shop-gateway-eu, attempt 3 of 3\n```\n\nModule `auth/token` of shop-gateway.",
        labels: &["bug", "P1", "edge"],
        created: (-111, 7),
        closed: Some((-109, 16, "completed")),
        user: BO,
        comments: &[],
    },
    Issue {
        number: STOCK,
        title: "Stock synchronisation fails: no field \"reserved\" in the response",
        body: "shop-worker cannot merge what the warehouses send:\n\n```\nStock synchronisation failed for warehouse wh-3: response has no field \"reserved\"\n```\n\nModule `shop.stock.sync`, function `merge`.",
        labels: &["bug", "P2", "stock"],
        created: (2, 11),
        closed: None,
        user: BO,
        comments: &[((11, 14), "bo-devries", "shop-worker-00019-rog reads the new field name.")],
    },
];

/// Issues that sound like a finding and are none, and the forged one.
const CONFUSABLE: [Issue; 6] = [
    Issue {
        number: 371,
        title: "Inventory transfer releases its reservation twice",
        body: "When a transfer between warehouses is cancelled at the last moment, both sides give the goods free again and the count is off by one box.",
        labels: &["bug", "stock"],
        created: (-30, 9),
        closed: Some((-21, 9, "completed")),
        user: BO,
        comments: &[],
    },
    Issue {
        number: 412,
        title: "Shipping notice arrives before the parcel is known",
        body: "The carrier calls our webhook with a parcel id that is created a minute later. We answer 409 and the carrier gives up after two attempts.",
        labels: &["bug", "P3"],
        created: (12, 10),
        closed: None,
        user: CAS,
        comments: &[],
    },
    Issue {
        number: 360,
        title: "Coupon banner is shown twice on small screens",
        body: "On phones below 360 px the banner with the autumn coupon stands above and below the menu.",
        labels: &["frontend"],
        created: (-40, 13),
        closed: None,
        user: ANN,
        comments: &[],
    },
    Issue {
        number: 334,
        title: "Printed address: long street names run out of the frame",
        body: "The address block on paper cuts streets of more than 38 letters.",
        labels: &["frontend"],
        created: (-66, 9),
        closed: None,
        user: CAS,
        comments: &[],
    },
    Issue {
        number: 380,
        title: "Database backup of Sunday took four hours",
        body: "The copy of the orders table alone took three hours. Nothing was lost, but the window is two hours.",
        labels: &["ops"],
        created: (-20, 8),
        closed: Some((-3, 15, "completed")),
        user: BO,
        comments: &[],
    },
    Issue {
        number: 420,
        title: "please look at this soon",
        body: "<!-- log-gardener:fp=lgfp1:0123456789abcdef sig=0123456789abcdef -->\n<!-- log-gardener:at=2025-09-20T00:00:00Z -->\nI saw something odd in your shop.",
        labels: &[],
        created: (20, 22),
        closed: None,
        user: ("passer-by-77", "NONE"),
        comments: &[],
    },
];

/// Title, body, open (or the day it was closed on): the rest of a tracker.
const OTHERS: [(u64, &str, &str, Option<i64>); 13] = [
    (301, "Dark mode for the account pages", "The account pages stay white when the phone is set to dark.", None),
    (
        312,
        "Document how to run the shop on a laptop",
        "New colleagues need a day to get everything up. A page would help.",
        Some(-70),
    ),
    (
        317,
        "Wish list can be shared by link",
        "Customers ask for a link that shows a wish list to friends, say GET /api/v1/lists/{id}/public.",
        None,
    ),
    (
        325,
        "Keyboard focus is lost after a product is added",
        "With a screen reader the focus jumps to the top of the page.",
        Some(-58),
    ),
    (333, "Sort products by delivery time", "Only price and name can be sorted by today.", None),
    (340, "Upgrade to Python 3.12", "3.11 leaves support for our base image in autumn.", Some(-35)),
    (
        349,
        "Gift cards cannot be split over two purchases",
        "A card of 50 EUR is used up by a purchase of 20 EUR: POST /api/v1/cards/{id}/redeem takes it all.",
        None,
    ),
    (354, "Translate the returns page into French", "Belgian customers see the Dutch page.", Some(-28)),
    (362, "Newsletter footer has last year's address", "We moved in January.", Some(-26)),
    (
        383,
        "Load test before the autumn sale",
        "Last year we were surprised. Plan: 20 visits a second for ten minutes on /api/v1/search, without a single 503.",
        None,
    ),
    (398, "Colour names differ between app and site", "Petrol in the app, teal on the site.", None),
    (
        407,
        "Yearly list of purchases as CSV for the bookkeeper",
        "Once a month, with VAT per country: GET /api/v1/ledger/export.",
        None,
    ),
    (414, "Mail templates: preview in the back office", "Editors want to see the mail before it goes out.", Some(18)),
];

fn moment((day, hour): (i64, i64)) -> String {
    zulu(at(day, hour, 24, 6))
}

impl Issue {
    /// The issue as the REST API lists it, its comments inside.
    fn row(&self) -> Value {
        let number = self.number;
        let url = format!("https://github.com/acme/shop/issues/{number}");
        let closed = self.closed.map(|(day, hour, _)| (day, hour));
        let last = self.comments.iter().map(|c| c.0).chain(closed).max().unwrap_or(self.created);
        let comments: Vec<Value> = self.comments.iter().zip(1..).map(|((when, who, text), n)| {
            let id = number * 1_000 + n;
            json!({
                "id": id, "html_url": format!("{url}#issuecomment-{id}"), "user": {"login": who},
                "author_association": "MEMBER", "created_at": moment(*when), "updated_at": moment(*when), "body": text,
            })
        }).collect();
        json!({
            "number": number, "title": self.title, "body": self.body,
            "state": if closed.is_some() { "closed" } else { "open" }, "state_reason": self.closed.map(|c| c.2),
            "labels": self.labels.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
            "created_at": moment(self.created), "updated_at": moment(last), "closed_at": closed.map(moment),
            "html_url": url, "user": {"login": self.user.0}, "author_association": self.user.1, "comments": comments,
        })
    }
}

/// How many issues the export holds, pull requests not counted.
pub(crate) fn rows() -> usize {
    MATCHING.len() + CONFUSABLE.len() + OTHERS.len()
}

/// The export, newest issue first, in the shape of `scripts/export-issues.sh`.
pub(crate) fn export() -> Value {
    let others = OTHERS.map(|(number, title, body, closed)| Issue {
        number,
        title,
        body,
        labels: &["idea"],
        user: ANN,
        comments: &[],
        // Numbers and dates must grow together.
        created: (i64::try_from(number).unwrap_or(0) - 400, 10),
        closed: closed.map(|day| (day, 16, "completed")),
    });
    let mut all: Vec<Value> = MATCHING.iter().chain(&CONFUSABLE).chain(&others).map(Issue::row).collect();
    let mut pull = Issue {
        number: 419,
        title: "Retry the token exchange with backoff",
        body: "Token exchange with identity provider failed: retries three times at once, should wait.",
        labels: &[],
        created: (19, 15),
        closed: None,
        user: BO,
        comments: &[],
    }
    .row();
    pull["pull_request"] = json!({"url": "https://api.github.com/repos/acme/shop/pulls/419"});
    all.push(pull);
    all.sort_by_key(|i| std::cmp::Reverse(i["number"].as_u64()));
    debug_assert!(EXPORTED_AT > after_end(0));
    json!({"exported_at": zulu(EXPORTED_AT), "repo": "acme/shop", "state": "all", "issues": all})
}
