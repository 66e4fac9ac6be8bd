//! The project's own generator of log dumps: the sample in `data/`, and bulk load for the benches.
//!
//! Without arguments it writes exactly `data/`: 24 days of three services of a made-up shop in the
//! shapes in which teams hold their logs, an issue export that goes with them, a configuration, and
//! the truth about all of it. With more entries, other days or other services it writes hour files of
//! plain load instead. The same arguments give the same bytes: there is no clock in it, and no random
//! number that does not come from `--seed`. `--load` makes entries of a kilobyte by the gibibyte, fast,
//! for the comparison with other programs and for the tests of limits.
//!
//! `cargo run --example generate` rewrites `data/`; `-- --entries 1000000 --days 8 --out target/bulk`
//! makes a million entries, `-- --load 1000000 --out target/load` a gibibyte.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "small made-up numbers, far from every limit; the summary is the program's only output"
)]

#[path = "generate/bulk.rs"]
mod bulk;
#[path = "generate/clock.rs"]
mod clock;
#[path = "generate/codec.rs"]
mod codec;
#[path = "generate/crash.rs"]
mod crash;
#[path = "generate/deploys.rs"]
mod deploys;
#[path = "generate/dumps.rs"]
mod dumps;
#[path = "generate/entry.rs"]
mod entry;
#[path = "generate/expected.rs"]
mod expected;
#[path = "generate/fleet.rs"]
mod fleet;
#[path = "generate/folder.rs"]
mod folder;
#[path = "generate/issues.rs"]
mod issues;
#[path = "generate/load.rs"]
mod load;
#[path = "generate/load_entry.rs"]
mod load_entry;
#[path = "generate/own.rs"]
mod own;
#[path = "generate/rng.rs"]
mod rng;
#[path = "generate/story.rs"]
mod story;
#[path = "generate/traffic.rs"]
mod traffic;
#[path = "generate/truth.rs"]
mod truth;
#[path = "generate/visits.rs"]
mod visits;
#[path = "generate/world.rs"]
mod world;

use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::{Value, json};

use crate::clock::{MINUTE, at};
use crate::codec::{Codec, save};
use crate::dumps::{CAPPED_HOUR, Exports};
use crate::fleet::{DAYS, Fleet, SERVICES};
use crate::load::Shape;
use crate::rng::Rng;
use crate::traffic::Traffic;
use crate::world::World;

/// Above this many entries the sample's story would drown; bulk load is made instead.
const SAMPLE_LIMIT: i64 = 60_000;
/// Rows that an average visit leaves behind, and rows that are there without visits: measured, and
/// used only to come near the number of entries that was asked for.
const ROWS_PER_VISIT: i64 = 27;
const ROWS_WITHOUT_VISITS: i64 = 7_000;

/// Write synthetic log dumps with a known truth.
#[derive(Parser)]
#[command(name = "generate")]
struct Arguments {
    /// Distinct entries: near this number for the sample, exactly this number for bulk load.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(i64).range(1..))]
    entries: i64,
    /// Make load instead: this many distinct entries of about a kilobyte, and 2 in 100 of them twice.
    #[arg(long, conflicts_with = "entries", value_parser = clap::value_parser!(i64).range(1..))]
    load: Option<i64>,
    /// How the load lies in files.
    #[arg(long, value_enum, default_value_t = Shape::Hours, requires = "load")]
    shape: Shape,
    /// Make load instead in which each entry has something of its own, without repeats.
    #[arg(long, value_enum, requires = "load", conflicts_with_all = ["shape", "files", "services", "compress"])]
    own: Option<own::Own>,
    /// Files of the shape `small`.
    #[arg(long, default_value_t = 100_000, requires = "load", value_parser = clap::value_parser!(i64).range(1..))]
    files: i64,
    /// Days from Monday 2025-09-01. The sample has 24; any other number makes bulk load. [load: 8]
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=3_650))]
    days: Option<i64>,
    /// Services. The sample has 3; any other number makes bulk load. [load: 6]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    services: Option<u64>,
    /// Distinct message forms of bulk load.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    templates: u64,
    /// Every random number comes from here.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Compression of bulk load; the sample mixes all three.
    #[arg(long, value_enum, default_value_t = Codec::None)]
    compress: Codec,
    /// The folder to write; its `dumps` folder is replaced.
    #[arg(long, default_value = "data")]
    out: PathBuf,
}

fn pretty(path: &Path, value: &Value) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    save(path, &text)
}

/// The story, in the order in which its parts need one another.
fn tell(seed: u64, entries: i64) -> (World, truth::Story) {
    let mut world = World::new(seed);
    let deploys = deploys::write(&mut world);
    let fleet = Fleet::raise(&mut world);
    let crash = crash::write(&mut world);
    story::race(&mut world);
    let cascade = story::cascade(&mut world, &fleet);
    story::stock_sync(&mut world, &fleet);
    story::coupons(&mut world, &fleet);
    let refunds_back = story::refunds(&mut world, &fleet);
    story::thumbnails(&mut world, &fleet);
    story::sitemap(&mut world, &fleet);
    story::pretty_json(&mut world, &fleet);
    story::node_stack(&mut world, &fleet);
    story::last_entry(&mut world, &fleet);
    let mut traffic = Traffic { rng: Rng::new(seed, "traffic"), world: &mut world, fleet: &fleet };
    traffic.jobs();
    traffic.days((entries - ROWS_WITHOUT_VISITS).max(0) * 10 / ROWS_PER_VISIT);
    // While all starts crash, invoices are asked for and nobody answers.
    let mut ts = crash.first + 4 * clock::SECOND;
    while ts < crash.exits.last().copied().unwrap_or(0) {
        traffic.invoice(ts, true);
        ts += traffic.rng.range(6_000_000, 13_000_000) * 1_000;
    }
    // The flash sale that fills the limit of an export within minutes.
    let (day, hour) = CAPPED_HOUR;
    for _ in 0..760 {
        let ts = at(day, hour, 48, 0) + traffic.rng.range(0, 12 * MINUTE / 1_000 - 3_000_000) * 1_000;
        traffic.visit(ts);
    }
    (world, truth::Story { crash, deploys, cascade, refunds_back })
}

fn sample(arguments: &Arguments, described: &Value) -> io::Result<String> {
    let (world, story) = tell(arguments.seed, arguments.entries);
    let out = &arguments.out;
    let mut exports = Exports::new(&world, out.join("dumps"));
    exports.write_all()?;
    let counted = truth::Counted::new(&world, &exports);
    pretty(&out.join("truth.json"), &truth::build(&world, &exports, &counted, &story, described))?;
    pretty(&out.join("issues.json"), &issues::export())?;
    save(&out.join("gardener.toml"), expected::CONFIG.as_bytes())?;
    let bytes: usize = exports.files.iter().map(|f| f.bytes).sum();
    let rows: usize = exports.files.iter().map(|f| f.rows.len()).sum();
    Ok(format!(
        "Wrote {}: {} dumps of {:.1} MiB hold {rows} entries, {} of them distinct, of {} services over {DAYS} days (seed {}), with a crash loop of {} starts, {} deploys and {} issues; truth.json says what an analysis must find.",
        out.display(),
        exports.files.len(),
        bytes as f64 / f64::from(1 << 20),
        counted.unique(),
        SERVICES.len(),
        arguments.seed,
        crash::STARTS,
        story.deploys.len(),
        issues::rows(),
    ))
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let (days, services) = match arguments.load {
        Some(_) => (arguments.days.unwrap_or(8), arguments.services.unwrap_or(6)),
        None => (arguments.days.unwrap_or(DAYS), arguments.services.unwrap_or(SERVICES.len() as u64)),
    };
    let entries = arguments.load.unwrap_or(arguments.entries);
    let described = json!({"entries": entries, "days": days, "services": services, "seed": arguments.seed});
    // Files of an earlier run would be read as dumps of this one.
    let dumps = arguments.out.join("dumps");
    if dumps.is_dir() {
        if !arguments.out.join("truth.json").is_file() {
            return Err(io::Error::other(format!(
                "{} is not the generator's own work (no truth.json beside it): choose another --out",
                dumps.display()
            )));
        }
        std::fs::remove_dir_all(&dumps)?;
    }
    let is_sample = days == DAYS && services == SERVICES.len() as u64 && arguments.entries <= SAMPLE_LIMIT;
    let summary = if let Some(own) = arguments.own {
        let load = own::Load { own, entries, days, seed: arguments.seed };
        let written = own::write(&load, &arguments.out, &described)?;
        format!("Wrote {}: {entries} entries in {} files.", arguments.out.display(), written.files)
    } else if arguments.load.is_some() {
        let load = load::Load {
            entries,
            days,
            services: services as usize,
            templates: arguments.templates as usize,
            seed: arguments.seed,
            codec: arguments.compress,
            shape: arguments.shape,
            files: arguments.files,
        };
        let written = load::write(&load, &arguments.out, &described)?;
        format!(
            "Wrote {}: {} entries, {entries} of them distinct, in {} files of {:.1} MiB (seed {}).",
            arguments.out.display(),
            written.entries,
            written.files,
            written.bytes as f64 / f64::from(1 << 20),
            load.seed,
        )
    } else if is_sample {
        sample(&arguments, &described)?
    } else {
        let bulk = bulk::Bulk {
            entries,
            days,
            services: services as usize,
            templates: arguments.templates as usize,
            seed: arguments.seed,
            codec: arguments.compress,
        };
        let bytes = bulk::write(&bulk, &arguments.out, &described)?;
        format!(
            "Wrote {}: {} entries of {} services over {} days in hour files of {:.1} MiB (seed {}).",
            arguments.out.display(),
            bulk.entries,
            bulk.services,
            bulk.days,
            bytes as f64 / f64::from(1 << 20),
            bulk.seed,
        )
    };
    println!("{summary}");
    Ok(())
}
