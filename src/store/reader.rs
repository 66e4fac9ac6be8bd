//! Reading a store: a snapshot that stays whole while others append.
//!
//! A snapshot holds a shared lock and the manifest it began with. Writers replace the manifest but delete replaced files only
//! when nobody holds that lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::ledger::{DayLedger, Sources, StoredSpan};
use super::manifest::{Day, Manifest, Role};
use super::{Conflict, Deploy, StoreError, SummaryRow, compact, layout, ledger, prune, sketch};
use crate::mine::SignatureTable;
use crate::record::ingest::{DeclaredWindow, FAR_NS, FileReport, Span};
use crate::time::{self, Window};

/// One content that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRow {
    /// blake3 of the file, hex.
    pub content_id: String,
    /// Its report under the least name. `duplicates` is what other files hold as well or better, whatever came first;
    /// `conflicts` the bodies of it that were not kept.
    pub report: FileReport,
    /// Every name it came under, least first.
    pub names: Vec<String>,
    /// Rows of the store that come from it.
    pub kept: u64,
    /// Further windows that were stated for it, when it holds no entry: each is evidence that nothing was there. (A content
    /// with entries lies where they lie; `report` has the window of it.)
    pub empty_windows: Vec<DeclaredWindow>,
    /// What it covers of the days that were not pruned, strays aside: per project, service and severity, in that order.
    pub spans: Vec<Span>,
}

/// Summaries of some days, to be read when they are needed.
#[derive(Debug, Clone)]
pub struct SummaryFiles(Vec<(i64, PathBuf)>);

impl SummaryFiles {
    /// Rows per hour and intervals of whole days.
    pub fn read(&self) -> Result<Vec<SummaryRow>, StoreError> {
        let read = |(day, path): &(i64, PathBuf)| {
            let mut rows = Vec::new();
            sketch::read_summary(path, *day, &mut rows)?;
            Ok(rows)
        };
        let days: Vec<Vec<SummaryRow>> = self.0.par_iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(days.into_iter().flatten().collect())
    }
}

/// From the earlier beginning to the later end.
fn united(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// A store as it stood at one moment. A clone is the same moment, and costs nothing.
#[derive(Debug, Clone)]
pub struct Snapshot {
    root: Arc<Path>,
    pub(super) manifest: Arc<Manifest>,
    sources: Arc<Sources>,
    books: Arc<BTreeMap<Option<i64>, DayLedger>>,
    _lock: Arc<layout::Lock>,
}

impl Snapshot {
    /// Takes a snapshot of the store in a folder.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let absent = || StoreError::Absent { path: root.to_owned() };
        // Asked before locking: a lock file must not appear where there is no store.
        Manifest::load(root)?.ok_or_else(absent)?;
        let lock = layout::reader_lock(root)?;
        let manifest = Manifest::load(root)?.ok_or_else(absent)?;
        let days = manifest.days.iter().map(|(day, files)| (Some(*day), files));
        let days: Vec<_> = days.chain(manifest.undated.iter().map(|files| (None, files))).collect();
        let of = |(day, files): &(Option<i64>, &Day)| Ok((*day, compact::day_ledger(root, files)?));
        let books = || days.par_iter().with_max_len(1).map(of).collect::<Result<_, StoreError>>();
        let (sources, books) = rayon::join(|| super::read_sources(root, &manifest), books);
        let (sources, books) = (sources?, books?);
        Ok(Self {
            root: root.into(),
            manifest: Arc::new(manifest),
            sources: Arc::new(sources),
            books: Arc::new(books),
            _lock: Arc::new(lock),
        })
    }

    /// Folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Days with rows that a window touches, or all of them.
    fn days(&self, window: Option<Window>) -> impl Iterator<Item = (i64, &Day)> {
        let (first, last) = window
            .map_or((i64::MIN, i64::MAX), |window| (time::day_of(window.since_ns), time::day_of(window.until_ns - 1)));
        self.manifest.days.range(first..=last).map(|(day, files)| (*day, files))
    }

    /// Parquet files with the rows of the days that a window touches, oldest first. Rows without a time are in none of them.
    pub fn files(&self, window: Option<Window>) -> Vec<PathBuf> {
        let rows = self.days(window).flat_map(|(_, day)| day.of(Role::Rows));
        rows.map(|file| self.root.join(&file.path)).collect()
    }

    /// Oldest and newest row that has a time, nanoseconds; `None` for an empty store.
    pub fn range(&self) -> Option<(i64, i64)> {
        self.manifest.range()
    }

    /// As [`Self::range`], without entries whose times lie far from all others of their file: what documents are about
    /// where no window is given, and what ages are counted from.
    pub fn span(&self) -> Option<(i64, i64)> {
        let (first, last) = self.range()?;
        let days: Vec<i64> = self.manifest.days.keys().copied().collect();
        let far = days.windows(2).any(|pair| (pair[1] - pair[0]).saturating_mul(time::DAY_NS) > FAR_NS);
        // Reading what is known of every file takes time, and without a gap there are no strays.
        let hull = far.then(|| self.sources.par_iter().filter_map(|(_, source)| source.hull()).reduce_with(united));
        let Some((oldest, newest)) = hull.flatten() else { return Some((first, last)) };
        let kept = (oldest.max(first), newest.min(last));
        Some(if kept.0 <= kept.1 { kept } else { (first, last) })
    }

    /// The window that holds every row: from the oldest to 1 ns after the newest.
    pub fn whole(&self) -> Option<Window> {
        let (first, last) = self.range()?;
        Window::new(first, last.checked_add(1)?).ok()
    }

    /// Union of the signature tables of all rows before `up_to_ns`, or of all rows.
    ///
    /// The day that the moment falls into is read row by row, so the cut is exact.
    pub fn signature_table(&self, up_to_ns: Option<i64>) -> Result<SignatureTable, StoreError> {
        // Days before the moment, and whether it cuts the day.
        let days = self.manifest.days.iter().map_while(|(day, files)| {
            let newest = files.of(Role::Rows).filter_map(|file| file.max_ns).max();
            match up_to_ns {
                Some(until) if time::day_start(*day) >= until => None,
                Some(until) if newest.is_some_and(|newest| newest >= until) => Some((files, Some(until))),
                _ => Some((files, None)),
            }
        });
        let days: Vec<_> = days.collect();
        let read = |(files, cut): &(&Day, Option<i64>)| match cut {
            Some(until) => Ok(vec![compact::signatures_before(&self.root, files, *until)?]),
            None => files
                .of(Role::Signatures)
                .map(|file| sketch::read_signatures(&self.root.join(&file.path)))
                .collect::<Result<Vec<_>, StoreError>>(),
        };
        let mut table = SignatureTable::new();
        // Days are read side by side, a few at once, while those before them are united in their order.
        let mut last: Vec<Vec<SignatureTable>> = Vec::new();
        for some in days.chunks(rayon::current_num_threads()) {
            let before = std::mem::take(&mut last);
            let unite = || before.into_iter().flatten().for_each(|day| table.merge(day));
            last = rayon::join(|| some.par_iter().map(read).collect::<Result<_, StoreError>>(), unite).0?;
        }
        last.into_iter().flatten().for_each(|day| table.merge(day));
        Ok(table)
    }

    /// Rows per hour and intervals of the days that a window touches, or of all days. Whole days: the caller cuts.
    pub fn summary(&self, window: Option<Window>) -> Result<Vec<SummaryRow>, StoreError> {
        self.summary_files(window).read()
    }

    /// The files that [`Self::summary`] reads.
    pub fn summary_files(&self, window: Option<Window>) -> SummaryFiles {
        let days = self.days(window);
        let files = days.flat_map(|(day, files)| files.of(Role::Summary).map(move |file| (day, file)));
        SummaryFiles(files.map(|(day, file)| (day, self.root.join(&file.path))).collect())
    }

    /// Every content that was read, by least name.
    pub fn sources(&self) -> Vec<SourceRow> {
        let mut conflicts: BTreeMap<&str, u64> = BTreeMap::new();
        for conflict in self.books.values().flat_map(|book| &book.conflicts) {
            *conflicts.entry(&conflict.file).or_insert(0) += 1;
        }
        let floor_ns = self.pruned_until().unwrap_or(i64::MIN);
        let mut out: Vec<SourceRow> = self
            .sources
            .par_iter()
            .map(|(id, source)| {
                let id = id.to_string();
                let kept: u64 = self.books.values().filter_map(|book| book.kept.get(&id)).sum();
                let (from_ns, to_ns) = source.evidence().unwrap_or((i64::MIN, i64::MAX));
                let from_ns = from_ns.max(floor_ns);
                let mut report = source.report;
                let further = source.windows.iter().filter(|window| Some(*window) != report.declared_window.as_ref());
                let further: Vec<DeclaredWindow> =
                    further.filter(|_| source.spans.is_empty() && report.entries == 0).cloned().collect();
                let empty_windows =
                    further.into_iter().filter_map(|window| prune::clamp_window(window, floor_ns)).collect();
                if let Some(floor_ns) = self.pruned_until() {
                    prune::clamp_report(&mut report, &source.spans, floor_ns);
                }
                report.set_aside.pruned = source.pruned;
                report.duplicates = report.entries.saturating_sub(kept + source.pruned);
                report.conflicts = conflicts.get(id.as_str()).copied().unwrap_or(0);
                report.strays.take_if(|strays| time::parse(&strays.last).is_none_or(|at| at.ns < floor_ns));
                let kept_of = |span: StoredSpan| Span {
                    first_ns: span.first_ns.max(from_ns),
                    last_ns: span.last_ns.min(to_ns),
                    ..span.into()
                };
                let touching = |span: &StoredSpan| span.last_ns >= from_ns && span.first_ns <= to_ns;
                SourceRow {
                    content_id: id,
                    report,
                    names: source.names.into_iter().collect(),
                    kept,
                    empty_windows,
                    spans: source.spans.into_iter().filter(touching).map(kept_of).collect(),
                }
            })
            .collect();
        out.sort_by(|a, b| (&a.report.path, &a.content_id).cmp(&(&b.report.path, &b.content_id)));
        out
    }

    /// Deploys that stored rows report, one per project and revision, in order of time.
    pub fn deploys(&self) -> Vec<Deploy> {
        let mut deploys = ledger::deploys(self.books.values().flat_map(|book| book.deploys.iter().cloned()));
        let commands: Vec<_> = self.books.values().flat_map(|book| book.commands.iter().cloned()).collect();
        ledger::name_people(&mut deploys, &commands);
        deploys
    }

    /// Bodies that were not kept though they differ from the kept one.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.books.values().flat_map(|book| book.conflicts.iter().cloned()).collect()
    }

    /// Rows per service, of rows that name one.
    pub fn services(&self) -> BTreeMap<String, u64> {
        let mut out = BTreeMap::new();
        for (service, rows) in self.books.iter().filter(|(day, _)| day.is_some()).flat_map(|(_, book)| &book.services) {
            *out.entry(service.clone()).or_insert(0) += rows;
        }
        out
    }

    /// Whether rows name a service; `true` also where a day has too many of them for its list to tell.
    pub fn may_have_service(&self, name: &str) -> bool {
        let of = |book: &DayLedger| {
            book.services_more > 0 || book.services.keys().any(|known| known.eq_ignore_ascii_case(name))
        };
        self.books.iter().any(|(day, book)| day.is_some() && of(book))
    }

    /// First moment that was not pruned, nanoseconds; `None` when nothing was.
    pub fn pruned_until(&self) -> Option<i64> {
        self.manifest.pruned_before.map(time::day_start)
    }

    /// First UTC day that was not pruned, and how many rows of the inputs are not stored for that reason.
    pub(super) fn pruned(&self) -> Option<(i64, u64)> {
        Some((self.manifest.pruned_before?, self.sources.iter().map(|(_, source)| source.pruned).sum()))
    }

    /// Number of contents that were read.
    pub(super) fn source_count(&self) -> usize {
        self.sources.len()
    }
}
