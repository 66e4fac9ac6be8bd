//! Load for benchmarks: any number of entries in hour files, written while they are made.
//!
//! Each hour is a function of the seed and its own number, so hours are made on all cores and the
//! bytes do not depend on how many there are. Nothing is held but one hour per thread. There is no
//! story in it; its truth is the totals, the files, and the counts per template.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::clock::{DAY, HOUR, START, civil, python, zulu9};
use crate::codec::{Codec, save};
use crate::entry::{Entry, Http, Log, Payload, Role, Severity};
use crate::rng::Rng;

/// What is asked for.
pub(crate) struct Bulk {
    pub(crate) entries: i64,
    pub(crate) days: i64,
    pub(crate) services: usize,
    pub(crate) templates: usize,
    pub(crate) seed: u64,
    pub(crate) codec: Codec,
}

pub(crate) const WORDS: &str = "account address agent alert amount archive asset audit balance banner basket batch binding bridge broker bucket buffer bundle cache carrier catalog channel charge chunk claim client cluster column commit contract counter courier credit cursor customer dataset deadline delivery digest discount dispatch document domain draft driver duplicate element endpoint entity envelope event exchange export factory feature field filter folder forecast format fragment gateway glossary grant group handler harbour header history holder image import index ingress input invoice item journal label ladder latency layer ledger lesson letter level license limit listing loader locker locale mailbox manifest margin market marker matrix member menu mirror model monitor namespace network notice object offer operator option order outlet output owner packet page parcel partner patch payload payment period permit picker pipeline pixel planner platform player pocket pointer policy portal position prefix preview price printer producer profile project proxy publisher quota query queue quote ranking rating reader receipt record refund region registry relay release reminder renderer reply report request reserve resource retailer return review reward rollout route routine rule sample scanner schedule schema scope script search section sector segment selector sender sequence session setting shard shelf shipment signal snapshot socket source stage stamp station status stock storage stream subject supplier surface survey switch symbol table target tariff task tenant terminal ticket timer token topic tracker traffic transfer trigger update upload validator value variant vendor version visitor volume voucher wallet warehouse watcher webhook widget window wizard worker workflow zone";
pub(crate) const VERBS: [&str; 16] = [
    "accepted", "blocked", "checked", "closed", "copied", "delayed", "dropped", "expired", "finished", "joined",
    "loaded", "merged", "opened", "parsed", "queued", "skipped",
];

/// One message form: words with holes in it.
struct Form {
    words: Vec<Option<&'static str>>,
    severity: Severity,
    traceback: bool,
}

/// Sentences long enough that no two share all but one word: a miner must not merge them.
fn forms(bulk: &Bulk) -> Vec<Form> {
    let words: Vec<&str> = WORDS.split(' ').collect();
    let mut rng = Rng::new(bulk.seed, "forms");
    (0..bulk.templates)
        .map(|n| {
            let mut form: Vec<Option<&'static str>> = Vec::new();
            for _ in 0..rng.range(3, 6) {
                form.push(Some(rng.pick(&words)));
            }
            form.insert(1, Some(rng.pick(&VERBS)));
            for _ in 0..rng.range(1, 4) {
                form.push(None);
                form.push(Some(rng.pick(&words)));
            }
            let severity = match n % 20 {
                0..=13 => Severity::Info,
                14 | 15 => Severity::Default,
                16 | 17 => Severity::Warning,
                18 => Severity::Notice,
                _ => Severity::Error,
            };
            Form { words: form, severity, traceback: n % 40 == 39 }
        })
        .collect()
}

/// The name of service `n`: the three of the sample, then numbered ones.
fn service(n: usize) -> String {
    crate::fleet::SERVICES.get(n).map_or_else(|| format!("shop-extra-{n:02}"), |&s| s.to_owned())
}

/// What stands in a hole: a number, a hash, an order, an address.
fn value(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => rng.range(1, 90_000).to_string(),
        1 => rng.hex(12),
        2 => format!("A-{}", rng.range(100_000, 999_999)),
        _ => format!("192.0.2.{}", rng.range(1, 255)),
    }
}

fn message(form: &Form, rng: &mut Rng) -> String {
    let mut text = String::with_capacity(96);
    for word in &form.words {
        if !text.is_empty() {
            text.push(' ');
        }
        match word {
            Some(word) => text.push_str(word),
            None => text.push_str(&value(rng)),
        }
    }
    text
}

fn entry(bulk: &Bulk, forms: &[Form], hour: i64, rng: &mut Rng) -> (Entry, Option<usize>) {
    let ts = START + hour * HOUR + rng.range(0, HOUR);
    let n = usize::try_from(rng.below(bulk.services as u64)).unwrap_or(0);
    let name = service(n);
    let revision = format!("{name}-{:05}-blk", 10 + hour / 60);
    let (slot, mut id) = (rng.below(4), Rng::new(bulk.seed ^ n as u64, &revision));
    let instance = (0..=slot).map(|_| format!("0071d3be{}", id.hex(88))).last();
    let mut entry = Entry {
        ts,
        received: ts + rng.range(18_000_000, 290_000_000),
        insert_id: String::new(),
        service: name,
        revision,
        instance,
        severity: Severity::Info,
        log: Log::Stdout,
        payload: Payload::Absent,
        http: None,
        trace: None,
        span: None,
        logger: None,
        source: None,
        error_group: None,
        cluster: 0,
        role: Role::Own,
        effective: Severity::Info,
    };
    entry.insert_id = format!("{:08x}{:08x}{}", ts / 1_000_000_000, ts % 1_000_000_000 / 1_000, rng.hex(8));
    if rng.below(4) == 0 {
        let status = rng.pick(&[200, 200, 200, 200, 200, 201, 204, 404, 503]);
        entry.severity = match status {
            500.. => Severity::Error,
            400..=499 => Severity::Warning,
            _ => Severity::Info,
        };
        entry.log = Log::Requests;
        entry.http = Some(Http {
            method: rng.pick(&["GET", "POST"]),
            url: format!("https://shop.acme.example/r{}/{}", rng.below(12), rng.below(90_000)),
            status,
            latency_ns: (rng.long_tail(12.0) * 1e6) as i64,
            remote_ip: format!("192.0.2.{}", rng.range(1, 255)),
            agent: "acme-partner-client/2.1",
            bytes: rng.below(48_000),
        });
        (entry.trace, entry.span) = (Some(rng.hex(32)), Some(rng.hex(16)));
        return (entry, None);
    }
    // The product of two draws: some forms are common, most are rare.
    let which = (rng.unit() * rng.unit() * rng.unit() * forms.len() as f64) as usize;
    let form = &forms[which];
    let text = message(form, rng);
    entry.severity = form.severity;
    if form.traceback {
        entry.log = Log::Stderr;
        entry.payload = Payload::Text(format!(
            "Traceback (most recent call last):\n  File \"/srv/shop/bulk.py\", line {}, in run\n    step()\nValueError: {text}\n",
            rng.range(10, 400)
        ));
    } else if form.severity == Severity::Default {
        entry.log = Log::Stderr;
        entry.payload = Payload::Text(text);
    } else {
        entry.payload = Payload::Json(json!({"message": text, "timestamp": python(ts)}));
    }
    (entry, Some(which))
}

/// What one hour adds to the truth.
struct Hour {
    path: String,
    rows: i64,
    bytes: usize,
    first: i64,
    last: i64,
    severity: BTreeMap<&'static str, i64>,
    forms: Vec<i64>,
}

fn write_hour(bulk: &Bulk, forms: &[Form], hour: i64, root: &Path) -> io::Result<Hour> {
    let total = bulk.days * 24;
    // Quotas that add up to the number asked for, whatever the rounding.
    let rows = bulk.entries * (hour + 1) / total - bulk.entries * hour / total;
    let mut rng = Rng::new(bulk.seed, &format!("hour {hour}"));
    let mut all: Vec<_> = (0..rows).map(|_| entry(bulk, forms, hour, &mut rng)).collect();
    all.sort_by(|a, b| (a.0.ts, &a.0.insert_id).cmp(&(b.0.ts, &b.0.insert_id)));
    let (y, m, d) = civil(START + hour * HOUR);
    let path =
        format!("sink/{y:04}/{m:02}/{d:02}/{0:02}-00-00_{0:02}-59-59_S0.json{1}", hour % 24, bulk.codec.suffix());
    let mut text = Vec::with_capacity(all.len() * 1_000);
    let mut sum =
        Hour { path, rows, bytes: 0, first: i64::MAX, last: 0, severity: BTreeMap::new(), forms: vec![0; forms.len()] };
    for (entry, which) in &all {
        serde_json::to_writer(&mut text, &entry.camel(true))?;
        text.push(b'\n');
        sum.first = sum.first.min(entry.ts);
        sum.last = sum.last.max(entry.ts);
        *sum.severity.entry(entry.severity.word()).or_default() += 1;
        if let Some(which) = which {
            sum.forms[*which] += 1;
        }
    }
    let bytes = bulk.codec.encode(text, true)?;
    sum.bytes = bytes.len();
    save(&root.join("dumps").join(&sum.path), &bytes)?;
    Ok(sum)
}

/// Writes `dumps/sink/**` and `truth.json` below `root`; returns the bytes written.
pub(crate) fn write(bulk: &Bulk, root: &Path, arguments: &Value) -> io::Result<u64> {
    let forms = forms(bulk);
    let (next, done) = (AtomicI64::new(0), Mutex::new(BTreeMap::new()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let hour = next.fetch_add(1, Ordering::Relaxed);
                    if hour >= bulk.days * 24 {
                        return;
                    }
                    let result = write_hour(bulk, &forms, hour, root);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(hour, result);
                }
            });
        }
    });
    let mut hours = Vec::new();
    for (_, result) in done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        hours.push(result?);
    }
    let files: Vec<Value> = hours.iter().filter(|h| h.rows > 0).map(|h| json!({
        "path": h.path, "shape": "ndjson", "codec": bulk.codec.word(), "bytes": h.bytes, "entries": h.rows, "malformed": 0,
        "unique": h.rows, "severity": h.severity, "first": zulu9(h.first), "last": zulu9(h.last),
    })).collect();
    let templates: Vec<Value> = forms.iter().enumerate().map(|(n, form)| json!({
        "template": form.words.iter().map(|w| w.unwrap_or("<*>")).collect::<Vec<_>>().join(" "),
        "traceback": form.traceback, "severity": form.severity.word(), "entries": hours.iter().map(|h| h.forms[n]).sum::<i64>(),
    })).collect();
    let rows: i64 = hours.iter().map(|h| h.rows).sum();
    let truth = json!({
        "schema": "log-gardener/truth-bulk", "schema_version": "1.0", "generator": arguments,
        "window": {"since": zulu9(START), "until": zulu9(START + bulk.days * DAY)},
        "files": files, "totals": {"files": hours.len(), "entries": rows, "unique": rows, "duplicates": 0}, "templates": templates,
    });
    let mut text = serde_json::to_vec_pretty(&truth)?;
    text.push(b'\n');
    save(&root.join("truth.json"), &text)?;
    Ok(hours.iter().map(|h| h.bytes as u64).sum())
}
