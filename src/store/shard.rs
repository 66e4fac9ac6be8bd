//! The first step of an ingest for a cluster: dumps to sorted parts by day, and the books of what was read.
//!
//! A shard counts nothing but what it has read: which rows stay is decided where all rows of a day are. It looks at nothing
//! but its inputs, writes nothing but files named by their content, and so may run twice, at the same time, or half.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::compact::Run;
use super::durable::Root;
use super::files::FileList;
use super::ingest::{by_day, put_aside, quarantined};
use super::leaves::{Counted, Leaf, ShardInput, ShardLeaf, Sketch};
use super::ledger::{Source, Sources};
use super::part::{self, Maker, day_name};
use super::rows::Rows;
use super::slices::{Slices, Stream, block_rows};
use super::{MEMORY_BYTES, Part, RawPolicy, StoreError, layout, receipt};
use crate::record::ContentId;
use crate::record::ingest::{FileReport, Ingested};
use crate::record::receipt::{PartFile, ReadFile, Receipt, Step};

/// Options of a [`Shard`].
pub struct ShardOptions<'a> {
    /// For which rows the entry itself is kept.
    pub raw: RawPolicy,
    /// Bytes of rows that wait in memory; more are put aside on disk.
    pub memory_bytes: usize,
    /// What else decides how rows look, for the id: the configuration and flags of reading.
    pub reading: String,
    /// Told of each row group, before the file that it is in has its name.
    pub written: &'a (dyn Fn() + Sync),
}

impl Default for ShardOptions<'_> {
    fn default() -> Self {
        Self { raw: RawPolicy::default(), memory_bytes: MEMORY_BYTES, reading: String::new(), written: &|| {} }
    }
}

#[derive(Default)]
struct Waiting {
    days: BTreeMap<Option<i64>, Vec<Rows>>,
    bytes: usize,
    runs: BTreeMap<Option<i64>, Vec<Run>>,
    /// Rows by input and day.
    counts: BTreeMap<(u32, Option<i64>), Counted>,
    begun: BTreeSet<ContentId>,
    done: Vec<Ingested>,
}

/// A shard under way.
pub struct Shard<'a> {
    root: Root,
    options: ShardOptions<'a>,
    files: FileList,
    waiting: Mutex<Waiting>,
    /// Rows that were put aside; goes away with the value.
    scratch: tempfile::TempDir,
}

impl<'a> Shard<'a> {
    /// Begins a shard into a store's folder, which need not be a store yet.
    pub fn begin(root: &Path, options: ShardOptions<'a>) -> Result<Self, StoreError> {
        receipt::begin(root)?;
        let scratch = scratch(root)?;
        Ok(Self { root: Root::new(root), options, files: FileList::default(), waiting: Mutex::default(), scratch })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Folder for what is needed while the shard runs.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Whether a content is being read already, under another name.
    pub fn knows(&self, id: &ContentId) -> bool {
        !self.waiting().begun.insert(*id)
    }

    /// Takes rows of an input.
    pub fn collector(&self, id: &ContentId) -> Part {
        Part { rows: Rows::default(), file: self.files.add(*id), raw: self.options.raw, read: 0 }
    }

    /// Takes the rows of a piece.
    pub fn take(&self, part: Part) -> Result<(), StoreError> {
        let file = part.file;
        let mut days = by_day(part.rows);
        for (_, rows) in &mut days {
            rows.settle_if_full();
            rows.pack();
        }
        let mut leaving = Vec::new();
        {
            let mut waiting = self.waiting();
            for (day, rows) in days {
                waiting.counts.entry((file, day)).or_default().add(&rows);
                waiting.add(day, rows);
            }
            let limit = self.options.memory_bytes;
            while waiting.bytes > limit || !leaving.is_empty() && waiting.bytes > limit / 2 {
                let bytes = |blocks: &Vec<Rows>| blocks.iter().map(Rows::bytes).sum::<usize>();
                let largest = waiting.days.iter().max_by_key(|(_, blocks)| bytes(blocks));
                let Some((day, held)) = largest.map(|(day, blocks)| (*day, bytes(blocks))) else { break };
                let blocks = waiting.days.remove(&day).unwrap_or_default();
                waiting.bytes = waiting.bytes.saturating_sub(held);
                leaving.push((day, blocks));
            }
        }
        for (day, blocks) in leaving {
            tracing::debug!(day, "memory is short: putting rows aside");
            let runs = put_aside(self.scratch.path(), &blocks, &self.files.files())?;
            self.waiting().runs.entry(day).or_default().extend(runs);
        }
        Ok(())
    }

    /// Notes that a file was read to its end.
    pub fn finish_file(&self, read: Ingested) {
        self.waiting().done.push(read);
    }

    /// Writes the parts, the books and the receipt. `unread`: files that could not be read.
    pub fn finish(self, unread: &[FileReport]) -> Result<Receipt, StoreError> {
        let root = &self.root;
        let mut waiting = std::mem::take(&mut *self.waiting());
        waiting
            .done
            .sort_by(|a, b| (&a.report.path, &a.report.content_id).cmp(&(&b.report.path, &b.report.content_id)));
        let mut inputs: Vec<ReadFile> = waiting.done.iter().map(|read| read_file(&read.report)).collect();
        inputs.extend(unread.iter().map(read_file));
        inputs.sort_by(|a, b| (&a.name, &a.content_id).cmp(&(&b.name, &b.content_id)));
        let leaf = self.books(&mut waiting)?;
        let quarantine: Vec<String> =
            leaf.inputs.values().filter_map(|input| Some(input.quarantine.as_ref()?.path.clone())).collect();
        let id = self.id(&leaf);
        let maker = Maker { id: id.clone(), shards: [id.clone()].into() };
        let mut days: BTreeMap<Option<i64>, (Vec<Rows>, Vec<Run>)> = BTreeMap::new();
        for (day, blocks) in std::mem::take(&mut waiting.days) {
            days.entry(day).or_default().0 = blocks;
        }
        for (day, runs) in std::mem::take(&mut waiting.runs) {
            days.entry(day).or_default().1 = runs;
        }
        let one = |(day, (blocks, runs)): (Option<i64>, (Vec<Rows>, Vec<Run>))| self.day(day, &blocks, &runs, &maker);
        let parts = days.into_iter().collect::<Vec<_>>().into_par_iter().map(one).collect::<Result<Vec<_>, _>>()?;

        let sketch = Sketch::of(id.clone(), Leaf::Shard(leaf)).write(root)?;
        let mut receipt = Receipt::new(Step::Shard, id.clone());
        receipt.inputs = inputs;
        receipt.parts = parts.concat();
        receipt.rows_in = receipt.parts.iter().map(|part| part.rows).sum();
        receipt.rows = receipt.rows_in;
        receipt.files = receipt.parts.iter().map(|part| part.path.clone()).chain(quarantine).collect();
        receipt.files.push(sketch.clone());
        receipt.sketch = Some(sketch);
        receipt.leaves = vec![id];
        receipt::keep(root, &receipt)?;
        Ok(receipt)
    }

    fn day(&self, day: Option<i64>, blocks: &[Rows], runs: &[Run], maker: &Maker) -> Result<Vec<PartFile>, StoreError> {
        let slice_bytes = self.options.memory_bytes / 2;
        let block = block_rows(runs.len(), slice_bytes);
        let streams = runs.iter().map(|run| run.stream(block)).collect::<Result<Vec<Stream>, _>>()?;
        let mut slices = Slices::new(blocks, streams, slice_bytes, &self.files);
        let folder = format!("{}/{}", layout::SCRATCH, layout::day_folder(day));
        part::write_sorted((&self.root, &folder), &day_name(day), maker, &mut slices, &self.files, self.options.written)
    }

    /// What is said of the inputs; their pieces that could not be read are written.
    fn books(&self, waiting: &mut Waiting) -> Result<ShardLeaf, StoreError> {
        let (mut sources, mut quarantine) = (Sources::default(), BTreeMap::new());
        // Where a file lies now says nothing: it may be a folder of the task.
        let source = |read| Source { places: BTreeMap::new(), ..Source::of(read) };
        let (read, again): (Vec<Ingested>, Vec<Ingested>) =
            std::mem::take(&mut waiting.done).into_iter().partition(|read| read.report.skipped.is_none());
        for read in read {
            quarantine.extend(quarantined(&self.root, &read)?.map(|file| (read.content_id, file)));
            sources.note(read.content_id, source(read));
        }
        for read in again {
            sources.again(read.content_id, source(read));
        }
        let list = self.files.files();
        let mut days: BTreeMap<ContentId, BTreeMap<String, Counted>> = BTreeMap::new();
        for ((file, day), counted) in std::mem::take(&mut waiting.counts) {
            days.entry(*list.id(file)).or_default().insert(day_name(day), counted);
        }
        let input = |(id, source): (ContentId, Source)| {
            let input =
                ShardInput { days: days.remove(&id).unwrap_or_default(), quarantine: quarantine.remove(&id), source };
            (id.to_string(), input)
        };
        Ok(ShardLeaf { inputs: sources.iter().map(input).collect() })
    }

    /// The same for the same inputs read in the same way, wherever they lie.
    fn id(&self, leaf: &ShardLeaf) -> String {
        let books = serde_json::to_string(leaf).expect("books have string keys and finite numbers only");
        let how = (env!("CARGO_PKG_VERSION"), layout::FORMAT_VERSION, self.options.raw as u8, &self.options.reading);
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("log-gardener/shard 1 {how:?}\0").as_bytes()).update(books.as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

impl Waiting {
    /// Adds rows of a day; small blocks are joined.
    fn add(&mut self, day: Option<i64>, rows: Rows) {
        let bytes = Rows::wait(self.days.entry(day).or_default(), rows);
        self.bytes = self.bytes.saturating_add_signed(bytes);
    }
}

fn read_file(report: &FileReport) -> ReadFile {
    ReadFile {
        name: report.path.clone(),
        content_id: report.content_id.clone(),
        bytes: report.bytes,
        entries: report.entries,
        malformed: report.malformed,
        skipped: report.skipped.clone(),
    }
}

/// A folder of a task's own for what it needs on the way.
pub(super) fn scratch(root: &Path) -> Result<tempfile::TempDir, StoreError> {
    let folder = root.join(layout::SCRATCH);
    std::fs::create_dir_all(&folder).map_err(layout::io(&folder))?;
    tempfile::Builder::new().prefix(layout::PARTIAL).tempdir_in(&folder).map_err(layout::io(&folder))
}
