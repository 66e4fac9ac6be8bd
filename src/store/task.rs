//! The later steps of an ingest for a cluster: parts to days, sketches to a manifest.
//!
//! The inner functions are those of an ingest; what stands here is the bookkeeping around them. A task reads what it is
//! given and the stored day it adds to, and writes files named by their content. Only publishing changes the store, and it
//! first holds the books against one another: every row that a shard has counted must have been seen by the compaction of
//! its day, else nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::compact::{self, Run, RunPlace, Sources};
use super::durable::Root;
use super::files::FileList;
use super::leaves::{DayLeaf, Leaf, ShardInput, Sketch, name_of};
use super::manifest::{Day, Manifest};
use super::part::{self, Maker, day_of_name};
use super::shard::scratch;
use super::slices::{Slices, block_rows};
use super::{Store, StoreError, decode, layout, receipt};
use crate::record::ContentId;
use crate::record::receipt::{PartFile, Receipt, Step};

/// Least and most parts that are merged at a time.
const FAN_IN: (usize, usize) = (8, 64);
/// Bytes that an open part holds, about: a row group and a block of rows.
const PART_BYTES: usize = 2 << 20;

fn fan_in(memory_bytes: usize) -> usize {
    (memory_bytes / PART_BYTES).clamp(FAN_IN.0, FAN_IN.1)
}

fn hash(what: &str, of: &impl std::fmt::Debug) -> String {
    blake3::hash(format!("log-gardener/{what} 1 {} {of:?}", env!("CARGO_PKG_VERSION")).as_bytes()).to_hex().to_string()
}

/// A path as a receipt names it, or any other.
fn resolve(root: &Path, paths: &[String]) -> Vec<PathBuf> {
    let of = |path: &String| Some(root.join(path)).filter(|full| full.exists()).unwrap_or_else(|| PathBuf::from(path));
    paths.iter().map(of).collect()
}

/// Merges runs into parts in `place`, without dropping a row.
fn sorted(
    place: (&Root, &str),
    day: &str,
    maker: &Maker,
    runs: &[Run],
    memory_bytes: usize,
) -> Result<Vec<PartFile>, StoreError> {
    let (files, slice_bytes) = (FileList::default(), memory_bytes / 2);
    let block = block_rows(runs.len(), slice_bytes);
    let streams = runs.iter().map(|run| run.stream(block)).collect::<Result<Vec<_>, _>>()?;
    let mut slices = Slices::new(&[], streams, slice_bytes, &files);
    part::write_sorted(place, day, maker, &mut slices, &files, &|| {})
}

/// So few runs that they can be merged at a time; what is written on the way lies in `scratch`.
fn few_enough(scratch: &Path, day: &str, mut runs: Vec<Run>, memory_bytes: usize) -> Result<Vec<Run>, StoreError> {
    let most = fan_in(memory_bytes);
    while runs.len() > most {
        let mut next = Vec::new();
        for (at, some) in runs.chunks(most).enumerate() {
            let maker = Maker { id: "run".to_owned(), shards: BTreeSet::new() };
            let root = Root::new(&scratch.join(format!("{}-{at}", runs.len())));
            let parts = sorted((&root, "runs"), day, &maker, some, memory_bytes)?;
            next.extend(parts.into_iter().map(|part| Run {
                place: RunPlace::Part(root.join(part.path)),
                aside: part.set_aside,
                only: None,
            }));
        }
        runs = next;
    }
    Ok(runs)
}

/// Merges parts of a day into one sorted part, for a day with more of them than one task should open.
pub fn sort_parts(root: &Path, day: &str, paths: &[String], memory_bytes: usize) -> Result<Receipt, StoreError> {
    let number = day_of_name(day)?;
    let root = &Root::new(root);
    receipt::begin(root)?;
    let opened = part::open(&resolve(root, paths), day)?;
    let id = hash("sort", &(day, &opened.makers, &opened.inputs));
    let maker = Maker { id: id.clone(), shards: opened.shards.clone() };
    let scratch = scratch(root)?;
    let runs = few_enough(scratch.path(), day, opened.runs, memory_bytes)?;
    let folder = format!("{}/{}", layout::SCRATCH, layout::day_folder(number));
    let mut done = Receipt::new(Step::Sort, id);
    done.parts = sorted((root, &folder), day, &maker, &runs, memory_bytes)?;
    done.day = Some(day.to_owned());
    done.rows_in = opened.inputs.values().sum();
    done.rows = done.parts.iter().map(|part| part.rows).sum();
    done.files = done.parts.iter().map(|part| part.path.clone()).collect();
    done.leaves = opened.shards.into_iter().collect();
    receipt::keep(root, &done)?;
    Ok(done)
}

/// Makes a day's rows and sketches of all of its parts, and of what the store has of it.
///
/// A day that was pruned from the store stays away: nothing is written of it.
pub fn compact_parts(
    root: &Path,
    day: &str,
    paths: &[String],
    memory_bytes: usize,
    alone: bool,
) -> Result<Receipt, StoreError> {
    let number = day_of_name(day)?;
    let root = &Root::new(root);
    receipt::begin(root)?;
    let manifest = Manifest::load(root)?.unwrap_or_default();
    let opened = part::open(&resolve(root, paths), day)?;
    let before = stored(&manifest, number);
    let is_pruned = pruned(&manifest, number);
    let mut leaf = DayLeaf { day: day.to_owned(), base: before.map(name_of), inputs: opened.inputs, files: None };
    let rows_in = leaf.inputs.values().sum();
    if !is_pruned {
        let scratch = scratch(root)?;
        let runs = few_enough(scratch.path(), day, opened.runs, memory_bytes)?;
        let slice_bytes = memory_bytes / 2;
        let sources = Sources { memory: Vec::new(), runs, slice_bytes, own: false, alone: &|| alone };
        leaf.files = Some(compact::compact(root, &FileList::default(), number, before, &sources)?.0);
    }
    let id = leaf.id();
    let mut done = Receipt::new(Step::Compact, id.clone());
    done.day = Some(day.to_owned());
    done.rows_in = rows_in;
    if let Some(made) = &leaf.files {
        done.rows = made.distinct();
        done.files = made.files.iter().map(|file| file.path.clone()).collect();
    }
    let sketch = Sketch::of(id.clone(), Leaf::Day(leaf)).write(root)?;
    done.files.push(sketch.clone());
    done.sketch = Some(sketch);
    done.leaves = vec![id];
    receipt::keep(root, &done)?;
    Ok(done)
}

fn stored(manifest: &Manifest, day: Option<i64>) -> Option<&Day> {
    day.map_or(manifest.undated.as_ref(), |day| manifest.days.get(&day))
}

fn pruned(manifest: &Manifest, day: Option<i64>) -> bool {
    day.zip(manifest.pruned_before).is_some_and(|(day, before)| day < before)
}

/// Makes one sketch of several; with `publish` the store is then what they say.
pub fn merge_sketches(root: &Path, paths: &[String], publish: bool) -> Result<Receipt, StoreError> {
    let root = &Root::new(root);
    receipt::begin(root)?;
    let sketches = resolve(root, paths)
        .into_iter()
        .map(|path| Sketch::read(&path).map(|sketch| (path, sketch)))
        .collect::<Result<Vec<_>, _>>()?;
    let sketch = Sketch::union(sketches)?;
    let leaves: Vec<String> = sketch.leaves.keys().cloned().collect();
    if publish {
        let mut done = Receipt::new(Step::Publish, hash("publish", &leaves));
        done.leaves = leaves;
        return publish_leaves(root, sketch, done);
    }
    let mut done = Receipt::new(Step::Merge, hash("merge", &leaves));
    let path = sketch.write(root)?;
    done.files = vec![path.clone()];
    done.sketch = Some(path);
    done.leaves = leaves;
    receipt::keep(root, &done)?;
    Ok(done)
}

fn apart(reason: String) -> StoreError {
    StoreError::Apart { reason }
}

fn publish_leaves(root: &Root, sketch: Sketch, mut done: Receipt) -> Result<Receipt, StoreError> {
    layout::make_folders(root)?;
    let lock = layout::writer_lock(root)?;
    let manifest = Manifest::load(root)?.unwrap_or_default();
    let sources = super::read_sources(root, &manifest)?;
    let mut store = Store { root: root.clone(), manifest, sources };
    let published: BTreeSet<String> = sketch.leaves.keys().cloned().collect();
    let (mut shards, mut days) = (Vec::new(), BTreeMap::new());
    for leaf in sketch.leaves.into_values() {
        match leaf {
            Leaf::Shard(leaf) => shards.extend(leaf.inputs),
            Leaf::Day(leaf) => drop(days.insert(leaf.day.clone(), leaf)),
        }
    }
    let compacted: BTreeSet<String> = days.keys().cloned().collect();
    let fresh = books_agree(&store, &shards, &days)?;
    done.rows_in = fresh.values().flat_map(|input| input.days.values()).map(|counted| counted.rows).sum();
    for (id, input) in &fresh {
        let gone = input.days.iter().map(|(name, counted)| Ok((day_of_name(name)?, counted.rows)));
        let gone = gone.collect::<Result<Vec<_>, StoreError>>()?;
        let gone = gone.iter().filter(|(day, _)| pruned(&store.manifest, *day)).map(|(_, rows)| rows).sum::<u64>();
        let content = content_of(id)?;
        store.sources.note(content, input.source.clone());
        if gone > 0 {
            store.sources.note_pruned(&content, gone);
        }
        if let Some(file) = &input.quarantine
            && let Err(at) = store.manifest.quarantine.binary_search_by(|known| known.path.cmp(&file.path))
        {
            store.manifest.quarantine.insert(at, file.clone());
        }
    }
    // Further names, and inputs that the store had.
    for (id, input) in shards {
        store.sources.note(content_of(&id)?, input.source);
    }
    for leaf in days.into_values() {
        let (day, Some(files)) = (day_of_name(&leaf.day)?, leaf.files) else { continue };
        match day {
            _ if pruned(&store.manifest, day) => {}
            Some(day) => drop(store.manifest.days.insert(day, files)),
            None => store.manifest.undated = Some(files),
        }
    }
    store.commit()?;
    receipt::release(root, &published, &compacted)?;
    store.sweep()?;
    done.files = store.manifest.sources.iter().map(|file| file.path.clone()).collect();
    done.files.push(layout::MANIFEST.to_owned());
    drop(lock);
    done.rows = store.manifest.distinct();
    done.digest = Some(store.manifest.digest());
    Ok(done)
}

/// Holds what shards have counted against what compactions have seen. Answers the inputs that the store did not have.
fn books_agree(
    store: &Store,
    shards: &[(String, ShardInput)],
    days: &BTreeMap<String, DayLeaf>,
) -> Result<BTreeMap<String, ShardInput>, StoreError> {
    for leaf in days.values() {
        let day = day_of_name(&leaf.day)?;
        if pruned(&store.manifest, day) {
            continue;
        }
        let now = stored(&store.manifest, day);
        // What was published before may be published again.
        if now.map(name_of) != leaf.base && now != leaf.files.as_ref() {
            return Err(apart(format!(
                "{} of the store is not what it was compacted with: compact it again",
                leaf.day
            )));
        }
    }
    let mut fresh: BTreeMap<String, ShardInput> = BTreeMap::new();
    for (id, input) in shards {
        if !store.sources.has(&content_of(id)?) {
            fresh.entry(id.clone()).or_insert_with(|| input.clone());
        }
    }
    for (id, input) in &fresh {
        for (day, counted) in &input.days {
            let seen = days.get(day).and_then(|leaf| leaf.inputs.get(id)).copied().unwrap_or(0);
            if seen != counted.rows && !pruned(&store.manifest, day_of_name(day)?) {
                return Err(apart(format!(
                    "{} ({id}) has {} rows of {day}, and {seen} of them were compacted: compact that day from the parts of \
                     every shard",
                    input.source.report.path, counted.rows
                )));
            }
        }
    }
    for (leaf, id) in days.values().flat_map(|leaf| leaf.inputs.keys().map(move |id| (leaf, id))) {
        if !fresh.contains_key(id) && !store.sources.has(&content_of(id)?) {
            let day = &leaf.day;
            return Err(apart(format!(
                "{day} holds rows of an input {id} whose shard's sketch is missing: name it as well"
            )));
        }
    }
    Ok(fresh)
}

fn content_of(id: &str) -> Result<ContentId, StoreError> {
    decode::content_id(id).ok_or_else(|| apart(format!("{id} is no content id: the sketch that names it is damaged")))
}
