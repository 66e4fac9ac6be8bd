//! Load in which nearly every entry has something of its own: a service, a template, a revision. What a program keeps of each
//! of them must not fill its memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::json;

use crate::clock::{DAY, HOUR, START, date, zulu9};
use crate::codec::save;
use crate::load::Written;
use crate::rng::Rng;

/// What each entry has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Own {
    Service,
    /// Words that no other entry has in their places.
    Template,
    /// A type of exception.
    Exception,
    Trace,
    /// A route of a request.
    Route,
    Revision,
    /// A template, with six kilobytes of words.
    Long,
    Instance,
}

/// What is asked for.
pub(crate) struct Load {
    pub(crate) own: Own,
    pub(crate) entries: i64,
    pub(crate) days: i64,
    pub(crate) seed: u64,
}

/// Words of a long message.
const LONG_WORDS: usize = 850;

/// A number as letters: no program takes it for a number.
fn letters(mut number: u64) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            return out;
        }
    }
}

fn line(load: &Load, at: i64, ts: i64) -> String {
    let (number, mut rng) = (at as u64, Rng::numbered(load.seed, 77, at as u64));
    let name = letters(number);
    let own = |kind: Own, text: String, other: &str| if load.own == kind { text } else { other.to_owned() };
    let words = |count: usize, rng: &mut Rng| {
        let words: Vec<String> = (0..count).map(|_| letters(rng.below(40_000))).collect();
        words.join(" ")
    };
    let service = own(Own::Service, format!("worker-{name}"), "shop");
    let severity = ["INFO", "INFO", "WARNING", "ERROR"][rng.below(4) as usize];
    let mut entry = json!({
        "insertId": format!("own-{}-{at:09}", load.seed), "timestamp": zulu9(ts), "severity": severity,
        "logName": "projects/mill/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {
            "project_id": "mill", "service_name": service, "location": "europe-west1",
            "revision_name": own(Own::Revision, format!("shop-{number:06}-{}", &rng.hex(3)), "shop-00007-abc"),
        }},
        "labels": {"instanceId": own(Own::Instance, rng.hex(40), "0087244a80")},
        "trace": format!("projects/mill/traces/{}", own(Own::Trace, rng.hex(32), "4fd1b28c5a0e4e1d8b2a7c9e3f6d5a10")),
    });
    let text = match load.own {
        Own::Template => format!("{} {name} {}", letters(rng.below(40_000)), words(6, &mut rng)),
        Own::Long => format!("{name} {}", words(LONG_WORDS, &mut rng)),
        Own::Exception => {
            format!(
                "Traceback (most recent call last):\n  File \"/app/{name}.py\", line 7, in run\n{name}.Late{name}Error: it is late"
            )
        }
        Own::Route => {
            entry["httpRequest"] = json!({"requestMethod": "GET", "requestUrl": format!("https://shop.example/{name}/{}", words(1, &mut rng)),
                "status": 200, "latency": "0.012s"});
            String::new()
        }
        _ => format!("stored {} rows in {} ms", rng.below(900), rng.below(90)),
    };
    if !text.is_empty() {
        entry["textPayload"] = text.into();
    }
    format!("{entry}\n")
}

/// Writes `dumps/*.json`, a file an hour, and `truth.json` below `root`.
pub(crate) fn write(load: &Load, root: &Path, arguments: &serde_json::Value) -> io::Result<Written> {
    let dumps = root.join("dumps");
    std::fs::create_dir_all(&dumps)?;
    let hours = load.days * 24;
    let hour_file = |hour: i64| {
        let from = START + hour * HOUR;
        let mut out = BufWriter::new(File::create(dumps.join(format!("{}T{:02}Z.json", date(from), hour % 24)))?);
        let (first, end) = (load.entries * hour / hours, load.entries * (hour + 1) / hours);
        let mut sum = Written { files: 1, bytes: 0, entries: end - first };
        for at in first..end {
            let text = line(load, at, from + (at - first) * (HOUR / (end - first)));
            sum.bytes += text.len() as u64;
            out.write_all(text.as_bytes())?;
        }
        out.flush()?;
        Ok::<_, io::Error>(sum)
    };
    let mut sum = Written::default();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for wave in (0..hours).collect::<Vec<_>>().chunks(threads) {
        let parts: Vec<io::Result<Written>> = std::thread::scope(|scope| {
            let running: Vec<_> = wave.iter().map(|hour| scope.spawn(move || hour_file(*hour))).collect();
            let joined = running.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        for part in parts {
            let part = part?;
            sum.files += part.files;
            sum.bytes += part.bytes;
            sum.entries += part.entries;
        }
    }
    let truth = json!({
        "schema": "log-gardener/truth-load", "schema_version": "1.0", "generator": arguments,
        "window": {"since": zulu9(START), "until": zulu9(START + load.days * DAY)},
        "totals": {"files": sum.files, "bytes": sum.bytes, "entries": sum.entries, "unique": sum.entries, "duplicates": 0},
    });
    let mut text = serde_json::to_vec_pretty(&truth)?;
    text.push(b'\n');
    save(&root.join("truth.json"), &text)?;
    Ok(sum)
}
