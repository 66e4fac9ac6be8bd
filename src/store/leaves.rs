//! Sketches of a run on a cluster: what shards and compacted days say, in a form that can be merged in any order.
//!
//! A sketch is a set of leaves, each under a hash of what it was made from, and merging is the union of sets: nothing is
//! ever added up, so a leaf that comes twice counts once. Rows, signature tables and summaries stay where they are; a leaf
//! names their files. Two sketches must be equal, nested or apart. Where they share a part only, or name one day twice, one
//! of them was made from less than the other, and which is for a person to say.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable::Root;
use super::ledger::{self, Source};
use super::manifest::{Day, LiveFile};
use super::rows::Rows;
use super::{FORMAT_VERSION, StoreError};

const FORMAT: &str = "log-gardener/sketch";
const VERSION: u32 = 1;
/// Folder of sketches.
const FOLDER: &str = "sketch";

/// Rows of one input and day, before deduplication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) rows: u64,
    /// Those that a `[[set-aside]]` rule keeps out of every query.
    pub(super) by_rule: u64,
}

impl Counted {
    pub(super) fn add(&mut self, rows: &Rows) {
        self.rows += rows.len() as u64;
        self.by_rule += (0..rows.len()).filter(|row| rows.is_aside(*row)).count() as u64;
    }
}

/// What a shard says of one input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ShardInput {
    pub(super) source: Source,
    /// Rows by day.
    pub(super) days: BTreeMap<String, Counted>,
    /// Pieces that could not be read.
    pub(super) quarantine: Option<LiveFile>,
}

/// What a shard says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ShardLeaf {
    /// By content id.
    pub(super) inputs: BTreeMap<String, ShardInput>,
}

/// A compacted day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DayLeaf {
    /// UTC day, or `none`.
    pub(super) day: String,
    /// The stored day that it began from.
    pub(super) base: Option<String>,
    /// Rows read, by input.
    pub(super) inputs: BTreeMap<String, u64>,
    /// What the manifest is to say of it; `None` for a day that was pruned.
    pub(super) files: Option<Day>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Leaf {
    Shard(ShardLeaf),
    Day(DayLeaf),
}

/// A set of leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sketch {
    format: String,
    version: u32,
    /// Layout of the files that leaves name.
    store_version: u32,
    pub(super) leaves: BTreeMap<String, Leaf>,
}

impl DayLeaf {
    /// The same for the same rows, whatever parts and files they lay in.
    pub(super) fn id(&self) -> String {
        let digests = self.files.as_ref().map(|day| (&day.rows_digest, &day.sketch_digest));
        let text = format!("log-gardener/day 1 {:?}", (&self.day, &self.base, &self.inputs, digests));
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}

/// Name of a stored day as it is, for [`DayLeaf::base`].
pub(super) fn name_of(day: &Day) -> String {
    let text = format!("log-gardener/base 1 {:?}", (&day.rows_digest, &day.sketch_digest, &day.files));
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

impl Sketch {
    fn new(leaves: BTreeMap<String, Leaf>) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, store_version: FORMAT_VERSION, leaves }
    }

    pub(super) fn of(id: String, leaf: Leaf) -> Self {
        Self::new([(id, leaf)].into())
    }

    /// Writes it under the hash of its text; answers the path relative to the store.
    pub(super) fn write(&self, root: &Root) -> Result<String, StoreError> {
        Ok(ledger::write_json(root, FOLDER, self)?.path)
    }

    pub(super) fn read(path: &Path) -> Result<Self, StoreError> {
        let sketch: Self = ledger::read_json(path)?;
        if sketch.format != FORMAT {
            let reason = format!(
                "{} is a {:?}, not a sketch that `gardener shard` or `compact` wrote",
                path.display(),
                sketch.format
            );
            return Err(StoreError::Apart { reason });
        }
        let (found, known) =
            if sketch.version > VERSION { (sketch.version, VERSION) } else { (sketch.store_version, FORMAT_VERSION) };
        if found > known {
            return Err(StoreError::Newer { path: path.to_owned(), found, known });
        }
        if sketch.store_version < FORMAT_VERSION {
            let reason = format!(
                "{} was written for stores of format {}, and this program writes {FORMAT_VERSION}: run its tasks again",
                path.display(),
                sketch.store_version
            );
            return Err(StoreError::Apart { reason });
        }
        Ok(sketch)
    }

    /// The union of sketches.
    pub(super) fn union(mut sketches: Vec<(PathBuf, Self)>) -> Result<Self, StoreError> {
        // Larger ones first, so that a sketch that is part of another meets it.
        sketches.sort_by(|a, b| b.1.leaves.len().cmp(&a.1.leaves.len()).then_with(|| a.0.cmp(&b.0)));
        let mut out: BTreeMap<String, Leaf> = BTreeMap::new();
        let mut brought: BTreeMap<String, usize> = BTreeMap::new();
        let mut paths: Vec<PathBuf> = Vec::with_capacity(sketches.len());
        for (at, (path, sketch)) in sketches.into_iter().enumerate() {
            let by: Vec<Option<usize>> = sketch.leaves.keys().map(|leaf| brought.get(leaf).copied()).collect();
            if let Some(other) = by.iter().flatten().next().filter(|_| by.iter().any(|one| *one != by[0])) {
                let shared = by.iter().flatten().count();
                return Err(StoreError::Apart {
                    reason: format!(
                        "{} and {} share {shared} of {} leaves, so they overlap in part: merge the sketches that they were \
                         made from, each once",
                        path.display(),
                        paths[*other].display(),
                        by.len()
                    ),
                });
            }
            for (id, leaf) in sketch.leaves {
                brought.entry(id.clone()).or_insert(at);
                match out.entry(id) {
                    Entry::Vacant(empty) => drop(empty.insert(leaf)),
                    // Two attempts at one task: both are right, one is chosen.
                    Entry::Occupied(mut known) => {
                        if files_of(&leaf) < files_of(known.get()) {
                            known.insert(leaf);
                        }
                    }
                }
            }
            paths.push(path);
        }
        one_leaf_a_day(&out)?;
        Ok(Self::new(out))
    }
}

fn files_of(leaf: &Leaf) -> Vec<&str> {
    match leaf {
        Leaf::Shard(leaf) => {
            leaf.inputs.values().filter_map(|input| Some(input.quarantine.as_ref()?.path.as_str())).collect()
        }
        Leaf::Day(leaf) => leaf.files.iter().flat_map(|day| &day.files).map(|file| file.path.as_str()).collect(),
    }
}

fn one_leaf_a_day(leaves: &BTreeMap<String, Leaf>) -> Result<(), StoreError> {
    let mut days: BTreeMap<&str, &DayLeaf> = BTreeMap::new();
    for leaf in leaves.values() {
        let Leaf::Day(leaf) = leaf else { continue };
        let Some(other) = days.insert(&leaf.day, leaf) else { continue };
        let both = leaf.inputs.keys().filter(|id| other.inputs.contains_key(*id)).count();
        return Err(StoreError::Apart {
            reason: format!(
                "{} was compacted twice from different parts (of {} and of {} inputs, {both} of them the same): compact it \
                 once, from all of its parts",
                leaf.day,
                leaf.inputs.len(),
                other.inputs.len()
            ),
        });
    }
    Ok(())
}
