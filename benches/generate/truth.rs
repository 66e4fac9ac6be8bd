//! The truth: what an honest analysis of the dumps must find, counted from what was written.
//!
//! Counts come from the files, not from the plan: an entry that no file holds is not in the truth, an
//! entry that three files hold is in it once.
//!
//! # `truth.json`, schema `log-gardener/truth`, version 1
//! - Times are RFC 3339, UTC, nine fraction digits. In `files` they stand as the file holds them
//!   (client-library dumps hold microseconds). Everywhere else they are floored to microseconds, which
//!   is the precision of the deduplication key, because which of two copies is kept may decide the rest.
//! - `generator {seed, entries, days, services}`: the arguments.
//! - `window {since, until, first, last}`: the whole days, half-open; the oldest and newest entry.
//! - `files[] {path, shape, codec, bytes, entries, malformed, unique, without_payload, severity{}, first,
//!   last, note}`: paths relative to `dumps/`; `entries` rows, `unique` distinct keys (insertId and
//!   microsecond) in this file alone; `without_payload` rows with neither payload nor request; `severity`
//!   by the envelope. `sidecars[]`: files that describe a dump and are no dumps.
//! - `totals {files, entries, unique, duplicates, attached}`: over all files; `duplicates` = entries -
//!   unique. A content that came under two names is read once by a tool that knows contents:
//!   `entries_of_distinct_contents` counts it so.
//! - `clusters[] {name, service, kind, contains, status, exception, finding, entries, attached, severities{},
//!   effective_severity, first, last, days, revisions[]}`: `contains` is a piece of the message that finds the
//!   cluster within its service and kind (for requests: method and the route up to its first id, and `status`
//!   the HTTP status); `entries` without and `attached` only joiners and frames; both after deduplication.
//!   `finding: false` marks everyday rows. Only clusters with rows are listed.
//! - `crash_loop {service, revision, starts, exits, median_gap_s, min_gap_s, max_gap_s, root, first,
//!   first_exit, last_exit, started_by, ended_by, symptoms[]}`; names in `symptoms` are of `clusters`.
//! - `deploys[] {service, revision, at, answered, outcome, by, message}`: `at` the command, `answered` the
//!   row of the system that names the revision; `ok` or `failed`.
//! - `row_caps[] {file, rows, asked_s, covered_s, first, last}`.
//! - `drift {cluster, unit, per_day[] {day, value, entries}}`: the one value of each UTC day.
//! - `cascade {root, symptom, pairs, days[], median_lag_ms, max_lag_ms}`: same trace, root first.
//! - `new[]`, `solved[]`, `regressed[] {cluster, since|last_seen|…, revision}`: begins with, ends with,
//!   comes back with that revision.
//! - `actions[] {cluster, kind, accept[], status[], target, regression_of, why}`: `kind` is what the decision table gives;
//!   `accept` lists every kind that is right as well; `status` the acceptable ones (empty: no write is
//!   planned, whatever stands there). Clusters that are not listed, except members of a listed family,
//!   must not be created.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::clock::{DAY, SECOND, START, date, micros, zulu9};
use crate::crash::Loop;
use crate::deploys::{DEPLOYER, Seen};
use crate::dumps::{CAP, Exports};
use crate::entry::{Role, Severity};
use crate::expected;
use crate::fleet::{API, BAD_REVISION, DAYS};
use crate::issues;
use crate::story::race_tenths;
use crate::world::World;

/// What the parts of the story know beside the rows themselves.
pub(crate) struct Story {
    pub(crate) crash: Loop,
    pub(crate) deploys: Vec<Seen>,
    pub(crate) cascade: Vec<(i64, i64)>,
    pub(crate) refunds_back: i64,
}

fn median(values: &mut [i64]) -> i64 {
    values.sort_unstable();
    match values.len() {
        0 => 0,
        n if n % 2 == 1 => values[n / 2],
        n => i64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// Seconds with three decimals.
fn seconds(ns: i64) -> f64 {
    (ns as f64 / 1e6).round() / 1e3
}

#[derive(Default)]
struct Tally {
    own: usize,
    attached: usize,
    severities: BTreeMap<&'static str, usize>,
    effective: BTreeMap<Severity, usize>,
    first: i64,
    last: i64,
    days: BTreeSet<String>,
    revisions: BTreeSet<String>,
}

impl Tally {
    /// The highest severity that at least a tenth of the entries have.
    fn effective(&self) -> &'static str {
        self.effective.iter().rev().find(|(_, n)| *n * 10 >= self.own).map_or("DEFAULT", |(s, _)| s.word())
    }
}

/// What stands in the written files, by cluster.
pub(crate) struct Counted {
    written: BTreeSet<usize>,
    tallies: BTreeMap<usize, Tally>,
}

impl Counted {
    /// Counts every entry that some file holds once.
    pub(crate) fn new(world: &World, exports: &Exports) -> Self {
        let written: BTreeSet<usize> = exports.files.iter().flat_map(|f| f.rows.iter().copied()).collect();
        let keys: BTreeSet<_> = written.iter().map(|&i| world.entries[i].key()).collect();
        // Keys are unique by construction; if chance ever made two alike, the truth would be wrong.
        assert_eq!(keys.len(), written.len(), "two entries share a key: choose another seed");
        let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
        for &i in &written {
            let e = &world.entries[i];
            let tally = tallies.entry(e.cluster).or_default();
            if e.role == Role::Attached {
                tally.attached += 1;
                continue;
            }
            let ts = micros(e.ts);
            tally.first = if tally.own == 0 { ts } else { tally.first.min(ts) };
            tally.last = tally.last.max(ts);
            tally.own += 1;
            *tally.severities.entry(e.severity.word()).or_default() += 1;
            *tally.effective.entry(e.effective).or_default() += 1;
            tally.days.insert(date(e.ts));
            if !e.revision.is_empty() {
                tally.revisions.insert(e.revision.clone());
            }
        }
        Self { written, tallies }
    }

    fn named<'a>(&'a self, world: &World, name: &str) -> Option<&'a Tally> {
        let index = world.clusters.iter().position(|c| c.name == name)?;
        self.tallies.get(&index)
    }

    /// How many distinct entries there are.
    pub(crate) fn unique(&self) -> usize {
        self.written.len()
    }
}

fn files(world: &World, exports: &Exports) -> Vec<Value> {
    let mut files: Vec<_> = exports.files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
        .into_iter()
        .map(|f| {
            let stamp = |i: &usize| if f.micros { micros(world.entries[*i].ts) } else { world.entries[*i].ts };
            let mut severity: BTreeMap<&str, usize> = BTreeMap::new();
            for &i in &f.rows {
                *severity.entry(world.entries[i].severity.word()).or_default() += 1;
            }
            let unique: BTreeSet<_> = f.rows.iter().map(|&i| world.entries[i].key()).collect();
            json!({
                "path": f.path, "shape": f.framing, "codec": f.codec.word(), "bytes": f.bytes,
                "entries": f.rows.len(), "malformed": 0, "unique": unique.len(), "without_payload": f.without_payload,
                "severity": severity, "first": f.rows.iter().map(stamp).min().map(zulu9),
                "last": f.rows.iter().map(stamp).max().map(zulu9), "note": f.note,
            })
        })
        .collect()
}

fn clusters(world: &World, counted: &Counted) -> Vec<Value> {
    let mut rows: Vec<_> = counted.tallies.iter().collect();
    rows.sort_by(|a, b| world.clusters[*a.0].name.cmp(&world.clusters[*b.0].name));
    rows.into_iter()
        .map(|(&index, t)| {
            let c = &world.clusters[index];
            json!({
                "name": c.name, "service": c.service, "kind": c.kind, "contains": c.contains, "status": c.status,
                "exception": c.exception, "finding": c.finding, "entries": t.own, "attached": t.attached,
                "severities": t.severities, "effective_severity": t.effective(), "first": zulu9(t.first),
                "last": zulu9(t.last), "days": t.days.len(), "revisions": t.revisions,
            })
        })
        .collect()
}

fn crash_loop(world: &World, story: &Story, first: i64) -> Value {
    let exits = &story.crash.exits;
    let mut gaps: Vec<i64> = exits.windows(2).map(|pair| micros(pair[1]) - micros(pair[0])).collect();
    let (least, most) = (gaps.iter().copied().min().unwrap_or(0), gaps.iter().copied().max().unwrap_or(0));
    let symptoms: Vec<&str> = world
        .clusters
        .iter()
        .map(|c| c.name.as_str())
        .filter(|n| n.starts_with("crash loop: ") && *n != "crash loop: KeyError")
        .collect();
    json!({
        "service": API, "revision": BAD_REVISION, "starts": exits.len(), "exits": exits.len(),
        "median_gap_s": seconds(median(&mut gaps)), "min_gap_s": seconds(least), "max_gap_s": seconds(most),
        "root": crate::crash::ROOT, "root_cluster": "crash loop: KeyError", "first": zulu9(first),
        "first_exit": exits.first().map(|&t| zulu9(micros(t))), "last_exit": exits.last().map(|&t| zulu9(micros(t))),
        "started_by": BAD_REVISION, "ended_by": "shop-api-00048-nar", "symptoms": symptoms,
    })
}

fn deploys(story: &Story) -> Vec<Value> {
    let mut all = story.deploys.clone();
    all.sort_by_key(|d| d.rollout.at);
    all.iter()
        .map(|d| {
            json!({
                "service": d.rollout.service, "revision": d.rollout.revision, "at": zulu9(d.rollout.at),
                "answered": zulu9(micros(d.answered)), "outcome": if d.rollout.ok { "ok" } else { "failed" },
                "by": DEPLOYER, "message": d.message,
            })
        })
        .collect()
}

fn drift(world: &World, counted: &Counted) -> Value {
    let index = world.clusters.iter().position(|c| c.name == "start-up race");
    let per_day: Vec<Value> = (1..=DAYS)
        .map(|day| {
            let name = date(START + (day - 1) * DAY);
            let entries = counted
                .written
                .iter()
                .filter(|&&i| Some(world.entries[i].cluster) == index && date(world.entries[i].ts) == name)
                .count();
            json!({"day": name, "value": race_tenths(day) as f64 / 10.0, "entries": entries})
        })
        .collect();
    json!({"cluster": "start-up race", "unit": "s", "per_day": per_day})
}

fn row_caps(world: &World, exports: &Exports) -> Vec<Value> {
    exports.files.iter().filter(|f| f.rows.len() == CAP).map(|f| {
        let times = || f.rows.iter().map(|&i| micros(world.entries[i].ts));
        let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        json!({"file": f.path, "rows": CAP, "asked_s": 3600, "covered_s": seconds(last - first), "first": zulu9(first), "last": zulu9(last)})
    }).collect()
}

fn cascade(story: &Story) -> Value {
    let mut lags: Vec<i64> = story.cascade.iter().map(|(a, b)| (micros(*b) - micros(*a)) / 1_000).collect();
    let days: BTreeSet<String> = story.cascade.iter().map(|(a, _)| date(*a)).collect();
    let most = lags.iter().copied().max().unwrap_or(0);
    json!({
        "root": "auth failure", "symptom": "database refused", "pairs": lags.len(), "days": days,
        "median_lag_ms": median(&mut lags) as f64 / 1e3, "max_lag_ms": most as f64 / 1e3,
    })
}

/// The whole truth.
pub(crate) fn build(world: &World, exports: &Exports, counted: &Counted, story: &Story, arguments: &Value) -> Value {
    let entries: usize = exports.files.iter().map(|f| f.rows.len()).sum();
    let twice: usize = exports.files.iter().filter(|f| f.note.starts_with("byte for byte")).map(|f| f.rows.len()).sum();
    let attached: usize = counted.tallies.values().map(|t| t.attached).sum();
    let times = || counted.written.iter().map(|&i| micros(world.entries[i].ts));
    let first_of = |name: &str| counted.named(world, name).map(|t| zulu9(t.first));
    let last_of = |name: &str| counted.named(world, name).map(|t| zulu9(t.last));
    let mut sidecars = exports.sidecars.clone();
    sidecars.sort();
    json!({
        "schema": "log-gardener/truth", "schema_version": "1.0",
        "generator": arguments,
        "window": {"since": zulu9(START), "until": zulu9(START + DAYS * DAY), "first": times().min().map(zulu9), "last": times().max().map(zulu9)},
        "files": files(world, exports),
        "sidecars": sidecars,
        "totals": {
            "files": exports.files.len(), "entries": entries, "entries_of_distinct_contents": entries - twice,
            "unique": counted.unique(), "duplicates": entries - counted.unique(), "attached": attached,
        },
        "clusters": clusters(world, counted),
        "crash_loop": crash_loop(world, story, micros(story.crash.first)),
        "deploys": deploys(story),
        "row_caps": row_caps(world, exports),
        "drift": drift(world, counted),
        "cascade": cascade(story),
        "new": [{"cluster": "coupon evaluation", "since": first_of("coupon evaluation"), "revision": "shop-api-00045-wep"}],
        "solved": [{"cluster": "stock sync", "last_seen": last_of("stock sync"), "revision": "shop-worker-00019-rog"}],
        "regressed": [{"cluster": "refund signature", "since": zulu9(micros(story.refunds_back)), "revision": "shop-api-00046-dox", "issue": issues::REFUND}],
        "actions": expected::build(),
        "issues": {"exported_at": zulu9(issues::EXPORTED_AT), "rows": issues::rows(), "pull_requests": 1},
    })
}

/// A moment so many seconds after the sample's last midnight.
pub(crate) fn after_end(s: i64) -> i64 {
    START + DAYS * DAY + s * SECOND
}
