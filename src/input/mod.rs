//! Dumps in, records out: every shape in which people hold exported logs.
//!
//! One stage after the other, each over a stream: `source` names files, `disk` opens and hashes them, `codec` decodes them,
//! `blocks` divides them for several threads, `framing` finds rows, `json` reads them strictly and `repair` leniently,
//! `reader` makes records, `shape` maps them, `redact` masks credentials. Nothing is lost in silence: a row is read, or it is
//! counted with its offset and reason. No stage holds a whole file's text unless the file is small.

mod blocks;
mod codec;
mod disk;
mod framing;
mod held;
mod json;
mod lines;
mod own;
mod pieces;
mod reader;
mod redact;
mod repair;
mod said;
mod shape;
mod source;
mod strays;
mod streamed;
mod tally;
mod unpack;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

pub use own::{MARK, WRITTEN};
pub use shape::{EntryField, EntryFields, EntryOrigin, entry_origin};
pub use source::{Expanded, SIDECAR_SUFFIX, Source, expand};

use crate::config::{Config, SetAsideRule};
use crate::record::ingest::{CapSuspected, DeclaredWindow, FileReport, Ingested, KNOWN, OWN};
use crate::record::{Collect, ContentId};
use crate::time;

use blocks::{Plan, Walked, walk, walk_whole};
use codec::{Coding, Decoded};
use disk::{Body, Opened};
use held::Held;
use reader::Reader;
use redact::Redactor;
use shape::Mapping;
use streamed::Streamed;
use tally::Tally;
use unpack::Unpacker;

/// Most bytes of a block that one thread walks at a time.
const BLOCK: usize = 4 << 20;
/// The least, where many threads share a batch, and at the end of one.
const LEAST_BLOCK: usize = 512 << 10;
/// Most bytes of a batch of blocks; two batches of one file are held.
const BATCH: usize = 32 << 20;

/// Why an input cannot be read at all.
#[derive(Debug, Error)]
pub enum InputError {
    /// No such file.
    #[error("no such file or folder: {}", path.display())]
    NotFound {
        /// As given.
        path: PathBuf,
    },
    /// A folder or pattern without a file.
    #[error("{argument} holds no file to read")]
    Nothing {
        /// As given.
        argument: String,
    },
    /// An address of another machine.
    #[error(
        "{argument} is an address ({scheme}://), and gardener reads local files only: download it first, then name the file or folder"
    )]
    Address {
        /// As given.
        argument: String,
        /// Its scheme.
        scheme: String,
    },
    /// A pattern that is none.
    #[error("{pattern} is no valid pattern: {reason}")]
    Glob {
        /// As given.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// A folder that cannot be listed.
    #[error("cannot list {}: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A file that cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A compressed file of which nothing can be decoded.
    #[error("cannot decode {}: {reason}", path.display())]
    Undecodable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the stream.
        reason: String,
    },
    /// A pattern of the configuration that cannot be used.
    #[error("{reason}")]
    Redaction {
        /// Which, and why.
        reason: String,
    },
    /// A window stated by flags that cannot be meant.
    #[error("the declared window cannot be used: {reason}")]
    Declared {
        /// What is wrong with it.
        reason: String,
    },
    /// Standard input that cannot be kept while it is read.
    #[error("cannot keep standard input in {}: {source}", folder.display())]
    Spool {
        /// Where a temporary file was to be made.
        folder: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file that was written over while it was read: rows of it that were handed on belong to no content.
    #[error("{} was changed while it was read, so nothing is kept: ingest again when it is complete", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file that this program wrote: what it quotes of a log has not happened again.
    #[error("{} ({what}) {OWN}", path.display())]
    Own {
        /// The file, or the folder of a store.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A sidecar that is not valid.
    #[error("{} is not a valid sidecar: {reason}", path.display())]
    Sidecar {
        /// The sidecar.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl InputError {
    /// Whether rows of the file were handed on before the error was known, so that the whole call must be given up.
    pub fn spoils(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }
}

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Largest row in bytes.
    pub row_bytes: usize,
    /// Times its size on disk that a compressed file may hold, beyond the first 64 MiB.
    pub max_ratio: u64,
    /// Row counts that look like a `--limit`.
    pub round_counts: Vec<u64>,
    /// Plain lines are entries.
    pub text: bool,
    /// Mask credentials.
    pub redact: bool,
    /// A window stated by flags for every file of the call.
    pub declared: Option<DeclaredWindow>,
    /// Folder for what standard input holds; the system's temporary folder without one.
    pub spool: Option<PathBuf>,
    mappings: Vec<Mapping>,
    set_aside: Vec<SetAsideRule>,
    redactor: Arc<Redactor>,
}

impl ReadOptions {
    /// Options of a configuration; refused where one of its patterns cannot be used.
    pub fn new(config: &Config) -> Result<Self, InputError> {
        let own = &config.redaction;
        let rules: Vec<(&str, &str)> =
            own.patterns.iter().map(|rule| (rule.name.as_str(), rule.pattern.as_str())).collect();
        let allow: Vec<&str> = own.allow.iter().map(String::as_str).collect();
        let redactor = Redactor::new(&rules, &allow).map_err(|reason| InputError::Redaction { reason })?;
        Ok(Self {
            redactor: Arc::new(redactor),
            // Positions inside a row are 32 bits wide.
            row_bytes: config.limits.row_bytes.min(1 << 30),
            max_ratio: config.limits.max_ratio,
            round_counts: config.limits.round_counts.clone(),
            text: false,
            redact: true,
            declared: None,
            spool: None,
            mappings: Mapping::all(&config.shape),
            set_aside: config.set_aside.clone(),
        })
    }

    /// What masks credentials, unless it was switched off.
    fn redactor(&self) -> Option<&Redactor> {
        self.redact.then_some(&*self.redactor)
    }
}

/// A file that is more than one in so many parts of all bytes, for each thread, is read by all threads together.
const SHARES: u64 = 8;

/// Where records go and what is asked on the way. All of it is called from several threads at the same time.
pub struct Outlet<'a, C> {
    /// Whether a content need not be read; asked once a file, before its first record is made. Who answers may note the
    /// content as taken, so that of two files of one content only one is read.
    pub known: &'a (dyn Fn(&ContentId) -> bool + Sync),
    /// A collector for one stretch of a content, of about so many bytes. Some are dropped without being emitted: their records
    /// were read again.
    pub make: &'a (dyn Fn(&ContentId, usize) -> C + Sync),
    /// Takes a collector that is complete. Those of one file come in file order.
    pub emit: &'a (dyn Fn(C) + Sync),
    /// Told that the last collector of a content was emitted.
    pub done: &'a (dyn Fn(&ContentId) + Sync),
    /// Told how many more bytes were read from disk.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

impl<C> Clone for Outlet<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Outlet<'_, C> {}

/// Size and modification time in nanoseconds, by which a known file is told without reading it.
pub fn identity(path: &Path) -> Option<(u64, i64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.len(), disk::mtime_ns(&meta)?))
}

/// Whether a file can be opened and is none that this program wrote; what it holds is not read.
pub fn look(source: &Source) -> Result<(), InputError> {
    // A pipe gives what it holds only once.
    if std::fs::metadata(&source.path).is_ok_and(|meta| !meta.is_file()) || source.path == Path::new("-") {
        return Ok(());
    }
    let open = |source_error| InputError::Open { path: source.path.clone(), source: source_error };
    let file = std::fs::File::open(&source.path).map_err(open)?;
    own::refuse_carried(&source.path, &disk::front(&file, own::FRONT).map_err(open)?)
}

/// blake3 of a file as it is on disk.
pub fn content_id(path: &Path) -> Result<ContentId, InputError> {
    disk::content_id(path).map_err(|source| InputError::Open { path: path.to_owned(), source })
}

/// Reads files: huge ones one after the other, each on all threads, then all others side by side, each on one. `finished` is
/// told of each file, from any thread; the outcomes of a hundred thousand files are never held here.
///
/// The order bounds memory: a thread that waits inside one huge file never begins another. Others are taken in turn and not
/// dealt out in halves: they come mostly in order of time, and only so do the rows of one day become complete before those
/// of the next arrive.
pub fn read_all<C: Collect>(
    sources: &[Source],
    options: &ReadOptions,
    outlet: Outlet<'_, C>,
    finished: &(dyn Fn(&Source, Result<Ingested, InputError>) + Sync),
) {
    let sizes: Vec<Option<u64>> = sources.iter().map(|source| disk::size(&source.path)).collect();
    // Threads that work on files of their own never wait for one another. A file that is much of all there is would leave
    // the others without work at the end.
    let share = sizes.iter().flatten().sum::<u64>() / (SHARES * rayon::current_num_threads() as u64);
    let is_huge = |at: &usize| sizes[*at].is_none_or(|size| size > share && disk::is_large(&sources[*at].path, size));
    let (huge, others): (Vec<usize>, Vec<usize>) = (0..sources.len()).partition(is_huge);
    for source in huge.into_iter().map(|at| &sources[at]) {
        finished(source, read(source, options, outlet));
    }
    let next = AtomicUsize::new(0);
    let alone = alone(options.row_bytes);
    rayon::broadcast(|_| {
        let mut room = Room::default();
        while let Some(at) = others.get(next.fetch_add(1, Ordering::Relaxed)) {
            finished(&sources[*at], read_with(&sources[*at], options, outlet, &mut room, alone));
        }
    });
}

/// Reads one file: its records go to the outlet; returns its report, and what could not be read.
///
/// May be called for several files at once from within a thread pool. A file of more than 16 MiB holds two batches of
/// blocks while it is read.
pub fn read<C: Collect>(source: &Source, options: &ReadOptions, outlet: Outlet<'_, C>) -> Result<Ingested, InputError> {
    read_with(source, options, outlet, &mut Room::default(), together(options.row_bytes))
}

/// What held the file before, and what it was packed in: asking the system for fresh memory costs more than reading into it.
#[derive(Default)]
struct Room {
    file: Held,
    text: Vec<u8>,
    unpacker: Unpacker,
}

/// The same in the room of the file before. `large`: how a file is read that is not held whole.
fn read_with<C: Collect>(
    source: &Source,
    options: &ReadOptions,
    outlet: Outlet<'_, C>,
    room: &mut Room,
    large: Plan,
) -> Result<Ingested, InputError> {
    let declared = sidecar(&source.path)?.or_else(|| options.declared.clone());
    if let Some(Err(reason)) = options.declared.as_ref().map(DeclaredWindow::check) {
        return Err(InputError::Declared { reason });
    }
    let open = |source_error| InputError::Open { path: source.path.clone(), source: source_error };
    let Opened { content_id, size, mtime_ns, body, seen } =
        disk::open(&source.path, options.spool.as_deref(), &mut room.file)?;
    match &body {
        Body::Whole(held) => own::refuse(&source.path, held.bytes(), &content_id),
        Body::File(file) => own::refuse(&source.path, &disk::front(file, own::FRONT).map_err(open)?, &content_id),
    }?;
    let mut ingested = Ingested {
        content_id,
        disk_path: source.path.clone(),
        mtime_ns,
        report: FileReport {
            path: source.name.clone(),
            content_id: content_id.to_string(),
            bytes: size,
            ..FileReport::default()
        },
        spans: Vec::new(),
        quarantined: Vec::new(),
    };
    if (outlet.known)(&content_id) {
        (outlet.progress)(size);
        ingested.report.skipped = Some(KNOWN.into());
        ingested.report.declared_window = declared;
        return Ok(ingested);
    }
    let mut tally = Tally::default();
    let mut done = |reader: Reader<'_, C>| {
        let (collector, part) = reader.finish();
        (outlet.emit)(collector);
        tally.add(part);
    };
    let streamed = Streamed::default();
    let near = declared
        .as_ref()
        .and_then(|window| time::Window::new(time::parse(&window.since)?.ns, time::parse(&window.until)?.ns).ok());
    let make = |bytes: usize| Reader::new(options, &streamed, (outlet.make)(&content_id, bytes)).near(near);
    let plain = Coding { codec: "none", encoding: "utf-8" };
    let mut archive;
    let (coding, (walked, broken)) = match body {
        Body::Whole(held) => {
            let bytes = held.bytes();
            archive = codec::archive_of(bytes);
            let read = if archive.is_some() {
                (plain, (Walked::unread(size), None))
            } else if codec::is_plain(bytes) {
                (plain, (walk_whole(bytes, options.row_bytes, &make, &mut done), None))
            } else if let Some(coding) = room.unpacker.whole(bytes, &mut room.text, disk::WHOLE as usize) {
                archive = codec::archive_of(&room.text);
                let walked = match archive {
                    Some(_) => Walked::unread(room.text.len() as u64),
                    None => walk_whole(&room.text, options.row_bytes, &make, &mut done),
                };
                (coding, (walked, None))
            } else {
                let decoded = Decoded::new(Box::new(bytes), size, options.max_ratio).map_err(open)?;
                archive = decoded.archive;
                let plan = if size > disk::WHOLE_PACKED { large } else { alone(options.row_bytes) };
                (decoded.coding, walk_unless(archive, decoded, plan, &make, &mut done))
            };
            (outlet.progress)(size);
            room.file = held;
            read
        }
        Body::File(file) => {
            let reader = disk::reader(file, size, outlet.progress);
            let decoded = Decoded::new(Box::new(reader), size, options.max_ratio).map_err(open)?;
            archive = decoded.archive;
            (decoded.coding, walk_unless(archive, decoded, large, &make, &mut done))
        }
    };
    if let Some(seen) = seen
        && seen.differs(&content_id, size).map_err(open)?
    {
        return Err(InputError::Changed { path: source.path.clone() });
    }
    (outlet.done)(&content_id);
    if let Some(reason) = broken {
        if walked.decoded == 0 {
            return Err(InputError::Undecodable { path: source.path.clone(), reason });
        }
        tally.problem(walked.decoded, reason);
    }
    if let Some(remedy) = archive {
        tally.malformed(0, walked.decoded, remedy, String::new);
    }
    let report = &mut ingested.report;
    report.decoded_bytes = walked.decoded;
    report.bytes_by = walked.counts.by;
    report.blank = walked.counts.blank_lines;
    walked.counts.framing().clone_into(&mut report.framing);
    coding.codec.clone_into(&mut report.codec);
    coding.encoding.clone_into(&mut report.encoding);
    let window = tally.fill(report, &mut ingested.spans, &mut ingested.quarantined);
    let report = &mut ingested.report;
    report.declared_window = declared.or(window);
    report.cap_suspected = caps(report, &options.round_counts);
    report.cap_suspected = report.caps();
    Ok(ingested)
}

/// Walks over a file as it is decoded; over an archive only to see how much it holds.
fn walk_unless<S: framing::Sink + Send>(
    archive: Option<&str>,
    text: Decoded<'_>,
    plan: Plan,
    make: &(dyn Fn(usize) -> S + Sync),
    done: &mut (dyn FnMut(S) + Send),
) -> (Walked, Option<String>) {
    if archive.is_none() {
        return walk(text, plan, make, done);
    }
    let (bytes, broken) = text.length();
    (Walked::unread(bytes), broken)
}

/// How one thread reads a file.
fn alone(limit: usize) -> Plan {
    Plan { block: BLOCK, least: BLOCK, blocks: 1, limit }
}

/// How all threads read one file: two of the largest blocks for each of them, and smaller ones in place of the last, so that
/// one that is done early finds more to do.
fn together(limit: usize) -> Plan {
    let blocks = (2 * rayon::current_num_threads()).clamp(2, BATCH / LEAST_BLOCK);
    Plan { block: (BATCH / blocks).min(BLOCK), least: LEAST_BLOCK, blocks, limit }
}

/// Row counts of a file that look like a `--limit`: its own, or one that two of its severities share.
fn caps(report: &FileReport, round: &[u64]) -> Vec<CapSuspected> {
    let mut caps = Vec::new();
    if round.contains(&report.entries) {
        caps.push(CapSuspected { severity: "ALL".into(), rows: report.entries });
    }
    for (severity, rows) in &report.severity {
        let shared = report.severity.values().filter(|other| *other == rows).count() > 1;
        if shared && round.contains(rows) {
            caps.push(CapSuspected { severity: severity.clone(), rows: *rows });
        }
    }
    caps
}

/// What a sidecar beside a file states.
fn sidecar(path: &Path) -> Result<Option<DeclaredWindow>, InputError> {
    #[derive(serde::Deserialize)]
    struct Sidecar {
        since: String,
        until: String,
        filter: Option<String>,
        limit: Option<serde_json::Value>,
        exit: Option<i64>,
    }
    let beside = source::sidecar_of(path);
    let Ok(text) = std::fs::read_to_string(&beside) else { return Ok(None) };
    let invalid = |reason: String| InputError::Sidecar { path: beside.clone(), reason };
    let stated: Sidecar = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let at =
        |text: &str| time::parse(text).map(|parsed| parsed.ns).ok_or_else(|| invalid(format!("{text:?} is no time")));
    let (since, until) = (at(&stated.since)?, at(&stated.until)?);
    // An export that failed covers nothing, whatever it was asked for.
    if stated.exit.unwrap_or(0) != 0 {
        return Ok(None);
    }
    let limit = match &stated.limit {
        None | Some(serde_json::Value::Null) => None,
        // Some languages know no whole numbers.
        Some(limit) => Some(
            limit
                .as_u64()
                .or_else(|| {
                    limit.as_f64().filter(|limit| *limit >= 0.0 && limit.fract() == 0.0).map(|limit| limit as u64)
                })
                .or_else(|| limit.as_str()?.parse().ok())
                .ok_or_else(|| invalid(format!("{limit} is no limit")))?,
        ),
    };
    let window = DeclaredWindow {
        since: time::rfc3339(since),
        until: time::rfc3339(until),
        source: "sidecar".into(),
        filter: stated.filter,
        limit: limit.filter(|limit| *limit > 0),
    };
    window.check().map_err(invalid)?;
    Ok(Some(window))
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod tests;
