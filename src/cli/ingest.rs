//! `gardener ingest`: dumps into the store, and the report of what was read.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::args::{IngestArgs, Raw, ReadArgs};
use super::context::{BOLD, Context, DIM, unheard};
use super::progress::Bar;
use super::{Stop, context};
use crate::input::{self, InputError, Outlet, ReadOptions, Source};
use crate::record::ContentId;
use crate::record::ingest::{self, DeclaredWindow, FileReport, IngestTotal, Problem};
use crate::record::listed::SERVICES_LISTED;
use crate::store::{AppendOptions, Ingest, MEMORY_BYTES, Named, Progress, RawPolicy, Reports, Store, StoreError};
use crate::time;

/// Why a known file is not read again.
const KNOWN: &str = "unchanged since it was read";
/// Lines of the report for people.
const FILES_SHOWN: usize = 20;
/// Problems shown for people.
const PROBLEMS_SHOWN: usize = 10;

/// The report of a call, as `IngestReport` freezes it: the rows of a hundred thousand files are made one by one.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    schema_version: &'static str,
    /// A row a file.
    pub(crate) files: Reports,
    /// Their sums.
    pub(crate) total: IngestTotal,
}

impl Report {
    fn new(files: Reports, total: IngestTotal) -> Self {
        Self { schema: "log-gardener/ingest", schema_version: "1.0", files, total }
    }
}

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &IngestArgs) -> anyhow::Result<()> {
    let path = context.store_path(args.store.as_ref());
    let (report, _) = ingest(context, &args.inputs, &path, &args.read)?;
    if context.common.json {
        unheard(json(&report))?;
    } else if !context.common.quiet {
        unheard(write!(anstream::stdout(), "{}", text(&report)))?;
    }
    verdict(context, &report)
}

fn json(report: &Report) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()
}

/// Exit code 3 when nothing could be read at all, or with `--strict` when something was not read as it stands.
pub(crate) fn verdict(context: &Context, report: &Report) -> anyhow::Result<()> {
    if nothing_read(report) {
        let why = report.files.iter().next().and_then(|file| file.skipped).unwrap_or_default();
        return Err(Stop::Input(format!("no input could be read: {why}")).into());
    }
    // What gardener wrote itself is left out rightly.
    let unread = report.files.iter().filter(|file| is_unread(file) && !file.is_own()).count();
    if context.common.strict && report.total.malformed + report.total.repaired + unread as u64 > 0 {
        let total = &report.total;
        return Err(Stop::Input(format!(
            "--strict: {} malformed and {} repaired entries, {unread} files that could not be read; see the problems above",
            total.malformed, total.repaired
        ))
        .into());
    }
    Ok(())
}

/// Whether no input could be opened or decoded; empty ones count as read.
pub(crate) fn nothing_read(report: &Report) -> bool {
    !report.files.is_empty() && report.files.iter().all(|file| is_unread(&file))
}

/// Whether a file could not be opened or decoded.
pub(crate) fn is_unread(file: &FileReport) -> bool {
    file.skipped.as_deref().is_some_and(|why| ![KNOWN, ingest::KNOWN].iter().any(|known| why.starts_with(known)))
}

/// Reads inputs into a store; also whether the store was created.
pub(crate) fn ingest(
    context: &Context,
    inputs: &[String],
    path: &Path,
    args: &ReadArgs,
) -> anyhow::Result<(Report, bool)> {
    let input::Expanded { sources, missing } = input::expand(inputs)?;
    let mut options = options(context, args)?;
    let created = !path.join("manifest.json").exists();
    if created && let Some(report) = nothing_to_read(&sources, &missing) {
        return Ok((report, created));
    }
    let mut store = Store::create_or_open(path)?;
    options.spool = Some(store.scratch()?);
    let (known, fresh) = split(&store, sources, args.rehash);
    let mut files = Unread::default();
    for (source, id) in &known {
        let mut report = skipped(&store, source, id);
        say_text(&mut report, args.text);
        files.push(&report);
    }
    store.add_names(&known.iter().filter_map(|(source, id)| named(source, id)).collect::<Vec<_>>())?;

    for (path, error) in missing {
        files.push(&unread(path, &error));
    }
    let days = Bar::days(context.bars(), 0);
    let progress = |progress: Progress| days.set(progress.days_done as u64, progress.days as u64);
    let append = AppendOptions { raw: raw(args), memory_bytes: memory_bytes(context), progress: Some(&progress) };
    let ingest = store.ingest(&append)?;
    read(context, &fresh, &options, &ingest, &mut files)?;
    let appended = ingest.commit()?;
    let Unread { reports: mut files, mut total } = files;
    add(&mut total, &appended.total);
    files.extend(appended.files);
    files.sort();
    Ok((Report::new(files, total), created))
}

/// The report where not one input can be opened, or all are of this program's own: no store is made for nothing.
fn nothing_to_read(sources: &[Source], missing: &[(String, InputError)]) -> Option<Report> {
    let mut files = Unread::default();
    for (path, error) in missing {
        files.push(&unread(path.clone(), error));
    }
    for source in sources {
        files.push(&unread(source.name.clone(), &input::look(source).err()?));
    }
    let Unread { reports: mut files, total } = files;
    files.sort();
    Some(Report::new(files, total)).filter(|report| !report.files.is_empty())
}

/// Files that are not read, and their sums.
#[derive(Debug, Default)]
struct Unread {
    reports: Reports,
    total: IngestTotal,
}

impl Unread {
    fn push(&mut self, file: &FileReport) {
        let one = IngestTotal {
            files: 1,
            entries: file.entries,
            unique: 0,
            duplicates: file.duplicates,
            set_aside: file.set_aside.total(),
            malformed: file.malformed,
            repaired: file.repaired,
            bytes: file.bytes,
        };
        add(&mut self.total, &one);
        self.reports.push(file);
    }
}

fn add(total: &mut IngestTotal, other: &IngestTotal) {
    total.files += other.files;
    total.entries += other.entries;
    total.unique += other.unique;
    total.duplicates += other.duplicates;
    total.set_aside += other.set_aside;
    total.malformed += other.malformed;
    total.repaired += other.repaired;
    total.bytes += other.bytes;
}

pub(super) fn raw(args: &ReadArgs) -> RawPolicy {
    match args.raw {
        Raw::None => RawPolicy::None,
        Raw::Warning => RawPolicy::Warning,
        Raw::All => RawPolicy::All,
    }
}

/// Rows that wait get a part of the limit; the rest is for what is being read, sorted and encoded.
pub(super) fn memory_bytes(context: &Context) -> usize {
    context.common.memory_limit.map_or(MEMORY_BYTES, |limit| limit / 32 * 3)
}

/// Reads files into an ingest; those that cannot be read are told in `unread_files`.
fn read(
    context: &Context,
    sources: &[Source],
    options: &ReadOptions,
    ingest: &Ingest<'_, '_>,
    unread_files: &mut Unread,
) -> anyhow::Result<()> {
    let bytes = sources.iter().filter_map(|source| input::identity(&source.path)).map(|(bytes, _)| bytes).sum();
    let bar = Bar::bytes(context.bars(), bytes);
    let failed: Mutex<Option<StoreError>> = Mutex::new(None);
    let outlet = Outlet {
        known: &|id| ingest.knows(id),
        make: &|id, bytes| ingest.collector(id, bytes),
        emit: &|part| {
            if let Err(error) = ingest.take(part) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        },
        done: &|id| ingest.done(id),
        progress: &|bytes| bar.add(bytes),
    };
    let spoiled: Mutex<Option<InputError>> = Mutex::new(None);
    let unread_now = Mutex::new(unread_files);
    input::read_all(sources, options, outlet, &|source, outcome| match outcome {
        Ok(read) => {
            let report = &read.report;
            tracing::info!(file = report.path, report.framing, report.entries, report.malformed, "read");
            for problem in &report.problems {
                tracing::debug!(file = report.path, problem.offset, problem.reason, "not read as it stands");
            }
            if let Err(error) = ingest.finish_file(read) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
        // Rows of it are in the ingest already, under a name that is not theirs.
        Err(error) if error.spoils() => {
            spoiled.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        Err(error) => {
            let report = unread(source.name.clone(), &error);
            unread_now.lock().unwrap_or_else(PoisonError::into_inner).push(&report);
        }
    });
    if let Some(error) = spoiled.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error.into());
    }
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |error| Err(error.into()))
}

pub(super) fn options(context: &Context, args: &ReadArgs) -> anyhow::Result<ReadOptions> {
    let mut options = ReadOptions::new(&context.config)?;
    options.text = args.text;
    options.redact = !args.no_redact;
    if let (Some(since), Some(until)) = (&args.declared_since, &args.declared_until) {
        let zone = time::zone(context.config.time_zone.as_deref().unwrap_or("UTC"))?;
        let window = DeclaredWindow {
            since: time::rfc3339(time::parse_user(since, &zone)?),
            until: time::rfc3339(time::parse_user(until, &zone)?),
            source: "flag".into(),
            filter: args.declared_filter.clone(),
            limit: None,
        };
        window.check().map_err(|reason| InputError::Declared { reason })?;
        options.declared = Some(window);
    }
    Ok(options)
}

/// The report of a file that could not be opened or decoded.
pub(super) fn unread(path: String, error: &InputError) -> FileReport {
    let reason = error.to_string();
    // What gardener wrote is left out rightly, and nothing to mend.
    let is_problem = !matches!(error, InputError::Own { .. });
    let problems = is_problem.then(|| Problem { offset: 0, reason: reason.clone() }).into_iter().collect();
    FileReport { path, skipped: Some(reason), problems, ..FileReport::default() }
}

/// Files that the store knows by path, size and time, and those that must be read.
fn split(store: &Store, sources: Vec<Source>, rehash: bool) -> (Vec<(Source, ContentId)>, Vec<Source>) {
    let mut known = Vec::new();
    let mut fresh = Vec::new();
    for source in sources {
        let id = input::identity(&source.path)
            .filter(|_| !rehash)
            .and_then(|(bytes, mtime_ns)| store.known_file(&source.path, bytes, mtime_ns));
        match id {
            Some(id) => known.push((source, id)),
            None => fresh.push(source),
        }
    }
    (known, fresh)
}

fn named<'a>(source: &'a Source, id: &ContentId) -> Option<Named<'a>> {
    let (bytes, mtime_ns) = input::identity(&source.path)?;
    Some(Named { content_id: *id, name: &source.name, disk_path: &source.path, bytes, mtime_ns })
}

fn skipped(store: &Store, source: &Source, id: &ContentId) -> FileReport {
    let mut report = store.report_of(id).unwrap_or_default();
    report.path.clone_from(&source.name);
    report.skipped = Some(KNOWN.into());
    report
}

/// Whether a file is text for the most part, of which nothing was read.
fn is_text(file: &FileReport) -> bool {
    file.malformed > file.entries && file.problems.first().is_some_and(|problem| problem.reason == ingest::NO_OBJECT)
}

/// Says of a file of text that was read before why `--text` comes too late: a store reads each content once.
fn say_text(file: &mut FileReport, text: bool) {
    if text
        && is_text(file)
        && let Some(why) = &mut file.skipped
    {
        why.push_str(" without --text: ingest it into another store to read its lines as entries");
    }
}

/// The report for people.
pub(crate) fn text(report: &Report) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{BOLD}{:>9} {:>9} {:>9}  {:<12} {:<52} file{BOLD:#}",
        "entries", "new", "malformed", "framing", "first to last"
    );
    for file in report.files.iter().take(FILES_SHOWN) {
        let span = file
            .first
            .as_deref()
            .zip(file.last.as_deref())
            .map_or_else(|| "-".to_owned(), |(first, last)| format!("{} to {}", &first[..23], &last[..23]));
        let new = file.entries.saturating_sub(file.duplicates);
        let _ = writeln!(
            out,
            "{:>9} {:>9} {:>9}  {:<12} {span:<52} {}",
            file.entries,
            new,
            file.malformed,
            file.framing,
            super::pages::shown(&file.path)
        );
        if let Some(why) = &file.skipped {
            let _ = writeln!(out, "{:>31}{DIM}{}{DIM:#}", "", super::pages::shown(why));
        }
        for cap in file.caps() {
            let what = if cap.severity == "ALL" { "rows".to_owned() } else { format!("{} rows", cap.severity) };
            let _ = writeln!(out, "{:>31}{DIM}exactly {} {what}: a row cap is suspected{DIM:#}", "", cap.rows);
        }
    }
    if report.files.len() > FILES_SHOWN {
        let _ = writeln!(out, "{DIM}{:>31}and {} more files{DIM:#}", "", report.files.len() - FILES_SHOWN);
    }
    // One walk over all files, which may be many, for what is said behind the first of them.
    let (mut problems, mut pruned, mut no_time, mut unlisted, mut strays, mut own) = (0, 0, 0, 0, 0, 0);
    let mut texts = 0;
    for file in report.files.iter() {
        texts += u64::from(is_text(&file));
        own += usize::from(file.is_own());
        pruned += file.set_aside.pruned;
        no_time += file.set_aside.no_time;
        strays += file.strays.as_ref().map_or(0, |strays| strays.entries);
        unlisted += file.services_more;
        for problem in &file.problems {
            problems += 1;
            if problems <= PROBLEMS_SHOWN {
                let (name, reason) = (super::pages::shown(&file.path), super::pages::shown(&problem.reason));
                let _ = writeln!(out, "  {name} at byte {}: {reason}", problem.offset);
            }
        }
    }
    if problems > PROBLEMS_SHOWN {
        let _ = writeln!(
            out,
            "  and {} more problems: --json lists them, quarantine/ in the store keeps the pieces",
            problems - PROBLEMS_SHOWN
        );
    }
    let total = &report.total;
    let _ = writeln!(
        out,
        "{} files, {} bytes: {} entries, {} distinct, {} duplicates, {} set aside, {} malformed, {} repaired",
        total.files,
        total.bytes,
        total.entries,
        total.unique,
        total.duplicates,
        total.set_aside,
        total.malformed,
        total.repaired
    );
    if own > 0 {
        let _ =
            writeln!(out, "{own} of these were written by gardener itself and not read: they quote logs, and are none");
    }
    if texts > 0 {
        let files = if texts == 1 { "1 file is".to_owned() } else { format!("{texts} files are") };
        let _ = writeln!(
            out,
            "{files} text for the most part: with --text, lines are entries; ingest it so into another store, as this one \
             reads each content once"
        );
    }
    if no_time > 0 {
        let _ = writeln!(
            out,
            "{no_time} of those set aside have no time, so no report counts them: a [[shape]] says which key holds it, \
             --declared-since and --declared-until which year lines of syslog are of; then ingest them into another store"
        );
    }
    if strays > 0 {
        let _ = writeln!(
            out,
            "{strays} entries have times far from all others of their file, as of clocks that were not set: they are stored, but \
             are no evidence of coverage, and documents without a window leave them out (--since takes them in)"
        );
    }
    if unlisted > 0 {
        let _ = writeln!(
            out,
            "{unlisted} entries are of services beyond the {SERVICES_LISTED} that are listed of a file, so what the store says of its \
             coverage does not name them: a [[shape]] says which key names the service, if it is not this one"
        );
    }
    if pruned > 0 {
        let _ = writeln!(
            out,
            "{pruned} of those set aside are of days that were pruned: `gardener store stats` says before which day; to \
             analyze them, ingest their files into another store"
        );
    }
    out
}

/// `store garden (created)` or `(7 days, 1,204 entries)`.
pub(crate) fn store_line(path: &Path, created: bool) -> anyhow::Result<String> {
    let stats = Store::open(path)?.snapshot()?.stats();
    let state = if created { "created, ".to_owned() } else { String::new() };
    Ok(format!(
        "{}store {} ({state}{} days, {} entries){}",
        context::DIM.render(),
        path.display(),
        stats.days,
        stats.rows,
        context::DIM.render_reset()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ingest::IngestReport;

    #[test]
    fn a_report_made_row_by_row_is_the_frozen_one() {
        let files = (0..3).map(|n| FileReport { path: format!("{n}.json"), entries: n, ..FileReport::default() });
        let mut unread = Unread::default();
        files.for_each(|file| unread.push(&file));
        let Unread { reports: files, total } = unread;
        assert_eq!((total.files, total.entries), (3, 3));
        let report = Report::new(files, total);
        let text = serde_json::to_string_pretty(&report).expect("text");
        let frozen: IngestReport = serde_json::from_str(&text).expect("an ingest report");
        assert_eq!(serde_json::to_string_pretty(&frozen).expect("text"), text);
    }

    #[test]
    fn a_file_of_text_says_how_it_is_read_and_that_it_was() {
        let problem = Problem { offset: 0, reason: ingest::NO_OBJECT.into() };
        let file = FileReport { malformed: 3, problems: vec![problem], ..FileReport::default() };
        let told = |file: &FileReport| {
            let mut unread = Unread::default();
            unread.push(file);
            text(&Report::new(unread.reports, unread.total))
        };
        assert!(told(&file).contains("1 file is text for the most part: with --text, lines are entries"));
        assert!(!told(&FileReport { entries: 3, ..file.clone() }).contains("--text"), "some lines among rows");
        let mut known = FileReport { skipped: Some(KNOWN.into()), ..file };
        say_text(&mut known, false);
        assert_eq!(known.skipped.as_deref(), Some(KNOWN));
        say_text(&mut known, true);
        assert!(known.skipped.as_deref().is_some_and(|why| why.contains("into another store")) && !is_unread(&known));
    }
}
