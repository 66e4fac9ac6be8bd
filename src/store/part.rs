//! Parts: sorted rows of one day on their way from `shard` to `compact`.
//!
//! A part says in its footer of which inputs it holds how many rows. So tasks may run twice, shards may overlap, and parts
//! may be sorted together in any grouping: of several parts that hold an input one is believed and its rows are skipped in
//! the others, and in the end the rows of each input must add up to what its shard has counted. Row groups are cut by
//! content, never by how rows came, so that the same task writes the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::compact::{Run, RunPlace};
use super::durable::Root;
use super::files::{FileList, Files};
use super::layout::{ROWS_PER_FILE, day_folder, io};
use super::manifest::Role;
use super::rows::Rows;
use super::slices::Slices;
use super::write::{self, Output};
use crate::record::ContentId;
use crate::record::receipt::PartFile;

/// Key of [`Footer`] in a part.
const KEY: &str = "log-gardener/part";
const VERSION: u32 = 1;
/// zstd level of rows that are read once more.
const LEVEL: i32 = 1;
/// Most rows of a row group, and bytes of text after which it ends: whoever merges parts holds one group of each.
const GROUP_ROWS: usize = 16 << 10;
const GROUP_BYTES: usize = 2 << 20;

/// What a part says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Footer {
    version: u32,
    /// UTC day, or `none`.
    day: String,
    /// Its rows are set aside.
    aside: bool,
    /// What it was made by; parts of one maker complete one another.
    maker: String,
    /// Shards that its rows come from.
    shards: BTreeSet<String>,
    /// Rows by input.
    inputs: BTreeMap<String, u64>,
}

/// Who makes parts: a shard, or a sort of several shards' parts.
pub(super) struct Maker {
    pub(super) id: String,
    pub(super) shards: BTreeSet<String>,
}

/// Name of a day in paths and receipts.
pub(super) fn day_name(day: Option<i64>) -> String {
    day_folder(day).trim_start_matches("day=").to_owned()
}

/// The day of a name; `Err` when it is none.
pub(super) fn day_of_name(name: &str) -> Result<Option<i64>, StoreError> {
    if name == "none" {
        return Ok(None);
    }
    let day = crate::time::day_from_name(name).filter(|day| crate::time::day_name(*day) == name);
    day.map(Some).ok_or_else(|| StoreError::Day { name: name.to_owned() })
}

/// Rows of one kind on their way into files.
struct Lane<'a> {
    root: &'a Root,
    folder: &'a str,
    day: &'a str,
    aside: bool,
    maker: &'a Maker,
    /// Rows of a row group that is not full yet.
    carry: Rows,
    open: Option<(Output, usize, BTreeMap<u32, u64>)>,
    done: Vec<PartFile>,
}

impl Lane<'_> {
    /// Writes whole row groups; what is left waits for more, unless these are the last rows.
    fn take(
        &mut self,
        blocks: &[&Rows],
        places: &[(u32, u32)],
        last: bool,
        files: &Files,
        written: &(dyn Fn() + Sync),
    ) -> Result<(), StoreError> {
        let carry = std::mem::take(&mut self.carry);
        let mut all = blocks.to_vec();
        all.push(&carry);
        let carried = (0..carry.len() as u32).map(|row| (blocks.len() as u32, row));
        let places: Vec<(u32, u32)> = carried.chain(places.iter().copied()).collect();
        let (mut start, mut bytes) = (0, 0);
        for (at, place) in places.iter().enumerate() {
            bytes += all[place.0 as usize].text_bytes(place.1 as usize);
            if at + 1 - start == GROUP_ROWS || bytes >= GROUP_BYTES {
                self.write(&Rows::gather(&all, &places[start..=at]), files)?;
                written();
                (start, bytes) = (at + 1, 0);
            }
        }
        let rest = Rows::gather(&all, &places[start..]);
        if !last {
            self.carry = rest;
            return Ok(());
        }
        if !rest.is_empty() {
            self.write(&rest, files)?;
            written();
        }
        self.place(files)
    }

    fn write(&mut self, rows: &Rows, files: &Files) -> Result<(), StoreError> {
        if self.open.as_ref().is_some_and(|open| open.1 + rows.len() > ROWS_PER_FILE) {
            self.place(files)?;
        }
        let (root, folder) = (self.root, self.folder);
        let open =
            self.open.get_or_insert_with(|| (Output::new(root, folder.to_owned(), Role::Rows), 0, BTreeMap::new()));
        open.1 += rows.len();
        for file in &rows.files {
            *open.2.entry(*file).or_insert(0) += 1;
        }
        open.0.write(write::encode(rows, files, LEVEL)?)
    }

    fn place(&mut self, files: &Files) -> Result<(), StoreError> {
        let Some((output, _, counts)) = self.open.take() else { return Ok(()) };
        let footer = Footer {
            version: VERSION,
            day: self.day.to_owned(),
            aside: self.aside,
            maker: self.maker.id.clone(),
            shards: self.maker.shards.clone(),
            inputs: counts.into_iter().map(|(file, rows)| (files.id(file).to_string(), rows)).collect(),
        };
        let text = serde_json::to_string(&footer).expect("a footer has string keys and whole numbers only");
        let placed = output.finish_with(KeyValue::new(KEY.to_owned(), text))?;
        self.done.extend(placed.into_iter().map(|file| PartFile {
            day: self.day.to_owned(),
            path: file.path,
            rows: file.rows,
            bytes: file.bytes,
            set_aside: self.aside,
        }));
        Ok(())
    }
}

/// Writes the rows of a day, in file order and with every duplicate, as parts in `folder`. `written` is told of each row
/// group, before the file that it is in has its name.
pub(super) fn write_sorted(
    (root, folder): (&Root, &str),
    day: &str,
    maker: &Maker,
    slices: &mut Slices<'_>,
    files: &FileList,
    written: &(dyn Fn() + Sync),
) -> Result<Vec<PartFile>, StoreError> {
    let lane = |aside| Lane { root, folder, day, aside, maker, carry: Rows::default(), open: None, done: Vec::new() };
    let (mut seen, mut aside) = (lane(false), lane(true));
    while let Some(slice) = slices.next()? {
        let (blocks, list) = (slice.blocks(), files.files());
        let (out, rows): (Vec<_>, Vec<_>) =
            slice.order.iter().copied().partition(|at| blocks[at.0 as usize].is_aside(at.1 as usize));
        seen.take(&blocks, &rows, slice.last, &list, written)?;
        aside.take(&blocks, &out, slice.last, &list, written)?;
    }
    let mut parts = seen.done;
    parts.extend(aside.done);
    Ok(parts)
}

/// Parts of one day, opened: each input is read from one maker only.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) runs: Vec<Run>,
    /// Rows that will be read, by input.
    pub(super) inputs: BTreeMap<String, u64>,
    /// Makers of the parts.
    pub(super) makers: BTreeSet<String>,
    /// Shards that rows come from.
    pub(super) shards: BTreeSet<String>,
}

/// Opens parts of a day; the same part may be named twice.
pub(super) fn open(paths: &[PathBuf], day: &str) -> Result<Opened, StoreError> {
    type Part = (PathBuf, Footer);
    let mut by_maker: BTreeMap<(String, bool), Vec<Part>> = BTreeMap::new();
    let mut seen: BTreeSet<std::ffi::OsString> = BTreeSet::new();
    for path in paths {
        // Names are hashes of content: the same name in two folders is the same part.
        if !seen.insert(path.file_name().unwrap_or_default().to_owned()) {
            continue;
        }
        let footer = read_footer(path)?;
        if footer.day != day {
            return Err(StoreError::NoPart { path: path.clone(), reason: format!("it holds rows of {}", footer.day) });
        }
        by_maker.entry((footer.maker.clone(), footer.aside)).or_default().push((path.clone(), footer));
    }
    let mut opened = Opened::default();
    // Inputs that are read already, their rows that count and those that are set aside each on their own.
    let mut taken: BTreeSet<(String, bool)> = BTreeSet::new();
    for ((maker, aside), mut parts) in by_maker {
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let held = parts.iter().flat_map(|part| part.1.inputs.keys().cloned());
        let fresh: BTreeSet<String> = held.filter(|id| !taken.contains(&(id.clone(), aside))).collect();
        for (path, footer) in &parts {
            let mine: Vec<(&String, u64)> =
                footer.inputs.iter().filter(|(id, _)| fresh.contains(*id)).map(|(id, rows)| (id, *rows)).collect();
            if mine.is_empty() {
                continue;
            }
            let ids = mine.iter().filter_map(|(id, _)| super::decode::content_id(id));
            let only = (mine.len() < footer.inputs.len()).then(|| ids.collect::<BTreeSet<ContentId>>());
            opened.runs.push(Run { place: RunPlace::Part(path.clone()), aside, only });
            opened.shards.extend(footer.shards.iter().cloned());
            opened.makers.insert(maker.clone());
        }
        // Only now: files of one maker complete one another.
        for (id, rows) in parts.iter().flat_map(|part| &part.1.inputs).filter(|(id, _)| fresh.contains(*id)) {
            *opened.inputs.entry(id.clone()).or_insert(0) += rows;
        }
        taken.extend(fresh.into_iter().map(|id| (id, aside)));
    }
    Ok(opened)
}

fn read_footer(path: &Path) -> Result<Footer, StoreError> {
    let no_part = |reason: String| StoreError::NoPart { path: path.to_owned(), reason };
    let file = File::open(path).map_err(io(path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| no_part(error.to_string()))?;
    let data = reader.metadata().file_metadata();
    let text = data.key_value_metadata().and_then(|pairs| pairs.iter().find(|pair| pair.key == KEY)?.value.clone());
    let text = text.ok_or_else(|| no_part("its footer does not say what it holds".to_owned()))?;
    let footer: Footer = serde_json::from_str(&text).map_err(|error| no_part(error.to_string()))?;
    if footer.version > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found: footer.version, known: VERSION });
    }
    let rows = u64::try_from(data.num_rows()).unwrap_or(0);
    if footer.inputs.values().sum::<u64>() != rows {
        return Err(no_part(format!("it holds {rows} rows, and its footer names another number")));
    }
    Ok(footer)
}
