//! Load by the gibibyte: entries of about a kilobyte, as fast as a disk takes them, for benches and for tests of limits.
//!
//! Bulk load ([`crate::bulk`]) builds each entry as a value and knows the truth about every template. Here bytes are put
//! together from pieces that were rendered once ([`crate::load_entry`]), because a peer's figure means nothing when making the
//! data takes longer than reading it. Hours are made on all cores and written in order, so the bytes do not depend on how
//! many there are.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::json;

use crate::clock::{DAY, HOUR, START, date, zulu9};
use crate::codec::{Codec, save};
use crate::load_entry::{Maker, forms};

/// How entries lie in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// One entry a line, a file an hour.
    Hours,
    /// One JSON array in one file.
    Array,
    /// One file that is one line: entries with a space between them.
    Line,
    /// Very many small files, one entry a line.
    Small,
}

/// What is asked for.
pub(crate) struct Load {
    /// Distinct entries; about 2 in 100 come twice.
    pub(crate) entries: i64,
    pub(crate) days: i64,
    pub(crate) services: usize,
    pub(crate) templates: usize,
    pub(crate) seed: u64,
    pub(crate) codec: Codec,
    pub(crate) shape: Shape,
    /// Files of [`Shape::Small`].
    pub(crate) files: i64,
}

/// What was written.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) files: i64,
    pub(crate) bytes: u64,
    pub(crate) entries: i64,
}

/// Writes `dumps/**` and `truth.json` below `root`.
pub(crate) fn write(load: &Load, root: &Path, arguments: &serde_json::Value) -> io::Result<Written> {
    let forms = forms(load);
    let dumps = root.join("dumps");
    std::fs::create_dir_all(&dumps)?;
    let between = match load.shape {
        Shape::Hours | Shape::Small => "\n",
        Shape::Array => ",\n",
        Shape::Line => " ",
    };
    let mut whole = match load.shape {
        Shape::Hours | Shape::Small => None,
        Shape::Array | Shape::Line => Some(BufWriter::with_capacity(1 << 20, File::create(dumps.join("all.json"))?)),
    };
    let mut sum = Written::default();
    if let Some(file) = &mut whole {
        (sum.files, sum.bytes) = (1, 0);
        if load.shape == Shape::Array {
            file.write_all(b"[")?;
            sum.bytes += 1;
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let hours: Vec<i64> = (0..load.days * 24).collect();
    for wave in hours.chunks(threads) {
        let parts: Vec<io::Result<(String, Written)>> = std::thread::scope(|scope| {
            let part = |hour: i64| {
                let maker = Maker::new(load, &forms, hour);
                let before = (hour > 0).then(|| Maker::new(load, &forms, hour - 1));
                let (text, entries) = maker.hour(before.as_ref(), between);
                match load.shape {
                    Shape::Hours => one_file(load, &dumps, hour, text, entries),
                    Shape::Small => small_files(load, &dumps, hour, &text, entries),
                    Shape::Array | Shape::Line => Ok((text, Written { entries, ..Written::default() })),
                }
            };
            let running: Vec<_> = wave.iter().map(|hour| scope.spawn(move || part(*hour))).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let last = wave.last() == hours.last();
        for (n, part) in parts.into_iter().enumerate() {
            let (mut text, written) = part?;
            if let Some(file) = &mut whole {
                if last && n + 1 == wave.len() {
                    text.truncate(text.len() - between.len());
                }
                file.write_all(text.as_bytes())?;
                sum.bytes += text.len() as u64;
            }
            sum.files += written.files;
            sum.bytes += written.bytes;
            sum.entries += written.entries;
        }
    }
    if let Some(mut file) = whole {
        let end: &[u8] = if load.shape == Shape::Array { b"\n]\n" } else { b"\n" };
        file.write_all(end)?;
        file.flush()?;
        sum.bytes += end.len() as u64;
    }
    let truth = json!({
        "schema": "log-gardener/truth-load", "schema_version": "1.0", "generator": arguments,
        "window": {"since": zulu9(START), "until": zulu9(START + load.days * DAY)},
        "totals": {"files": sum.files, "bytes": sum.bytes, "entries": sum.entries, "unique": load.entries,
                   "duplicates": sum.entries - load.entries},
    });
    let mut text = serde_json::to_vec_pretty(&truth)?;
    text.push(b'\n');
    save(&root.join("truth.json"), &text)?;
    Ok(sum)
}

fn one_file(load: &Load, dumps: &Path, hour: i64, text: String, entries: i64) -> io::Result<(String, Written)> {
    let name = format!("{}T{:02}Z.json{}", date(START + hour * HOUR), hour % 24, load.codec.suffix());
    let bytes = load.codec.encode(text.into_bytes(), true)?;
    std::fs::write(dumps.join(name), &bytes)?;
    Ok((String::new(), Written { files: 1, bytes: bytes.len() as u64, entries }))
}

/// The lines of an hour in as many files as are its share.
fn small_files(load: &Load, dumps: &Path, hour: i64, text: &str, entries: i64) -> io::Result<(String, Written)> {
    let total = load.days * 24;
    let (first, end) = (load.files * hour / total, load.files * (hour + 1) / total);
    let folder = dumps.join(format!("{}T{:02}Z", date(START + hour * HOUR), hour % 24));
    std::fs::create_dir_all(&folder)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut written = Written { entries, ..Written::default() };
    for file in first..end {
        let share = |n: i64| (lines.len() as i64 * n / (end - first).max(1)) as usize;
        let part = lines[share(file - first)..share(file - first + 1)].concat();
        let bytes = load.codec.encode(part.into_bytes(), true)?;
        std::fs::write(folder.join(format!("{file:06}.json{}", load.codec.suffix())), &bytes)?;
        written.files += 1;
        written.bytes += bytes.len() as u64;
    }
    Ok((String::new(), written))
}
