//! One day: what was stored and what came are merged, joined, signed, regrouped and written.
//!
//! Everything that counts is counted here, from surviving rows only. Counted where rows are read, overlapping dumps would be
//! counted twice.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::StoreError;
use super::chunk::ZSTD_LEVEL;
use super::computed::{self, Computed};
use super::digest::Digest;
use super::files::{FileList, Files};
use super::layout::{BYTES_PER_GROUP, ROWS_PER_GROUP, day_folder};
use super::ledger::{self, DayLedger, Deploy, DeployCommand};
use super::manifest::{Day, LiveFile, Role};
use super::merge::{Kept, Merger, Tally};
use super::regroup::{self, Membership};
use super::rows::{DictCol, NO_CODE, NONE, Rows};
use super::sketch::{self, Sketches, SummaryRow};
use super::slices::{Slices, Stream, block_rows};
use super::spill::Spill;
use super::split::{Fate, Splits};
use super::write::{self, Output};
use super::{decode, parquet_file};
use crate::mine::{Miner, SignatureTable};
use crate::record::ContentId;

/// Row groups encoded before the first of them is written.
const GROUPS_AT_ONCE: usize = 2;

/// What a day is compacted from.
pub(super) struct Sources<'a> {
    /// Rows of the call that are in memory.
    pub(super) memory: Vec<Rows>,
    /// Sorted rows of the call that were put aside, as files.
    pub(super) runs: Vec<Run>,
    /// Bytes of rows that are merged at a time, of those that are read from files.
    pub(super) slice_bytes: usize,
    /// What was stored of the day is the call's own: it was compacted before its time.
    pub(super) own: bool,
    /// Whether every other thread has work of its own, now.
    pub(super) alone: &'a (dyn Fn() -> bool + Sync),
}

/// A file of sorted rows.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) place: RunPlace,
    /// Its rows are set aside.
    pub(super) aside: bool,
    /// Inputs whose rows count; all without it.
    pub(super) only: Option<BTreeSet<ContentId>>,
}

/// Where sorted rows lie.
#[derive(Debug)]
pub(super) enum RunPlace {
    /// What this process put aside.
    Spill(Spill),
    /// A Parquet file, which any process may have written.
    Part(PathBuf),
}

impl Run {
    /// The file, read in blocks of so many rows.
    pub(super) fn stream(&self, block: usize) -> Result<Stream<'_>, StoreError> {
        let stream = match &self.place {
            RunPlace::Spill(spill) => Stream::spilled(spill),
            RunPlace::Part(path) => Stream::file(path.clone(), self.aside, false, block)?,
        };
        Ok(stream.only(self.only.clone()))
    }

    fn has_splits(&self) -> Result<bool, StoreError> {
        match &self.place {
            RunPlace::Spill(spill) => Ok(spill.has_splits),
            RunPlace::Part(path) => parquet_file::has_values(path, "split_uid"),
        }
    }
}

/// Merges the rows of a call into one day. Answers what the manifest is to say of it, and what the call added.
pub(super) fn compact(
    root: &Path,
    files: &FileList,
    day: Option<i64>,
    before: Option<&Day>,
    sources: &Sources<'_>,
) -> Result<(Day, Tally), StoreError> {
    let known = before.map_or_else(|| Ok(Vec::new()), |before| day_ledger(root, before).map(|book| book.conflicts))?;
    let splits = splits_of(root, files, before, sources)?;
    let mut slices = Slices::new(&sources.memory, streams(root, before, sources)?, sources.slice_bytes, files);
    let mut writer = Writer::new(root, day, sources.alone);
    let mut merger = Merger::new(known, sources.own);
    let mut carry = Rows::default();
    while let Some(slice) = slices.next()? {
        // Inputs of stored rows are met while they are read.
        let list = files.files();
        let mut blocks = slice.blocks();
        let kept = merger.keep(&blocks, &slice.order, &list);
        let (carried, joined) = (blocks.len() as u32, blocks.len() as u32 + 1);
        blocks.extend([&carry, &splits.rows]);
        let (mut places, mut parts, mut aside) = (Vec::with_capacity(kept.places.len()), Vec::new(), Vec::new());
        places.extend((0..carry.len() as u32).map(|row| (carried, row)));
        for at in &kept.places {
            let (rows, row) = (blocks[at.0 as usize], at.1 as usize);
            if rows.is_aside(row) {
                aside.push(*at);
                continue;
            }
            match if splits.is_empty() { None } else { splits.fate(rows, row) } {
                None => places.push(*at),
                Some(Fate::Head(row)) => places.push((joined, row)),
                Some(Fate::Part) => parts.push(*at),
            }
        }
        let gather = |places: &[(u32, u32)]| kept.gather(&blocks, places);
        let apart = Apart { kept: &kept, blocks: &blocks };
        let weigh = |at: &(u32, u32)| blocks[at.0 as usize].text_bytes(at.1 as usize);
        writer.hidden(Role::Parts, &parts, (gather, weigh), &list)?;
        writer.hidden(Role::SetAside, &aside, (gather, weigh), &list)?;
        let (members, open_from) = regroup::regroup(&blocks, &places);
        let end = if slice.last { places.len() } else { whole_groups(&blocks, &places, open_from, weigh) };
        writer.rows(&places[..end], &members[..end], (&apart, weigh), &list)?;
        carry = gather(&places[end..]);
    }
    let changed = merger.changed;
    let (conflicts, tally) = merger.finish();
    if let Some(before) = before.filter(|_| !changed) {
        return Ok((before.clone(), tally));
    }
    Ok((writer.finish(conflicts)?, tally))
}

/// Rows divided into row groups: as many as may be, unless their texts are long.
pub(super) fn row_groups(
    places: &[(u32, u32)],
    weigh: impl Fn(&(u32, u32)) -> usize,
) -> impl Iterator<Item = Range<usize>> {
    groups(places, weigh, (ROWS_PER_GROUP, BYTES_PER_GROUP))
}

/// Rows divided into groups: each is full with so many rows, or with so many bytes of long texts.
pub(super) fn groups(
    places: &[(u32, u32)],
    weigh: impl Fn(&(u32, u32)) -> usize,
    (most_rows, most_bytes): (usize, usize),
) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let (first, mut bytes) = (start, 0);
        while start < places.len() && start - first < most_rows && bytes < most_bytes {
            bytes += weigh(&places[start]);
            start += 1;
        }
        (first < start).then_some(first..start)
    })
}

/// How many of the first `ready` rows are written now: whole row groups, cut in a pause that no event outlasts.
fn whole_groups(blocks: &[&Rows], places: &[(u32, u32)], ready: usize, weigh: impl Fn(&(u32, u32)) -> usize) -> usize {
    let ts = |at: usize| blocks[places[at].0 as usize].ts_ns[places[at].1 as usize];
    // The last one may still grow.
    let mut groups: Vec<Range<usize>> = row_groups(&places[..ready], weigh).collect();
    groups.pop();
    let full = groups.last().map_or(0, |group| group.end);
    let pause = (1..=full).rev().find(|at| ts(*at).saturating_sub(ts(at - 1)) > regroup::GAP_NS);
    // Without a pause for a whole group, groups are as they come.
    pause.unwrap_or(if full > 0 { ready } else { 0 })
}

/// The sorted files of a day: what the store holds of it, and what the call put aside.
fn streams<'a>(root: &Path, before: Option<&Day>, sources: &'a Sources<'_>) -> Result<Vec<Stream<'a>>, StoreError> {
    let mut streams = Vec::new();
    let stored = before.map_or(0, |day| day.files.iter().filter(|file| ROLES.contains(&file.role)).count());
    let block = block_rows(stored + sources.runs.len(), sources.slice_bytes);
    for role in ROLES {
        for file in before.iter().flat_map(|day| day.of(role)) {
            streams.push(Stream::file(root.join(&file.path), role == Role::SetAside, true, block)?);
        }
    }
    for run in &sources.runs {
        streams.push(run.stream(block)?);
    }
    Ok(streams)
}

/// Parts of split entries of the whole day, joined. They are few; rows are read twice only where there are any.
fn splits_of(root: &Path, files: &FileList, before: Option<&Day>, sources: &Sources<'_>) -> Result<Splits, StoreError> {
    let stored = before.iter().flat_map(|day| &day.files).filter(|file| ROLES.contains(&file.role));
    let mut any = sources.memory.iter().any(Rows::has_splits);
    for file in stored {
        any = any || parquet_file::has_values(&root.join(&file.path), "split_uid")?;
    }
    for run in &sources.runs {
        any = any || run.has_splits()?;
    }
    if !any {
        return Ok(Splits::default());
    }
    let mut slices = Slices::new(&sources.memory, streams(root, before, sources)?, sources.slice_bytes, files);
    let (mut merger, mut rows) = (Merger::default(), Rows::default());
    while let Some(slice) = slices.next()? {
        let blocks = slice.blocks();
        let kept = merger.keep(&blocks, &slice.order, &files.files());
        let is_part = |at: &&(u32, u32)| {
            let (rows, row) = (blocks[at.0 as usize], at.1 as usize);
            rows.word(DictCol::SplitUid, row).is_some() && !rows.is_aside(row)
        };
        let parts: Vec<(u32, u32)> = kept.places.iter().filter(is_part).copied().collect();
        rows.append(&[&kept.gather(&blocks, &parts)], &(0..parts.len() as u32).map(|row| (0, row)).collect::<Vec<_>>());
    }
    Ok(Splits::join(&rows, &files.files()))
}

/// The books of a day.
pub(super) fn day_ledger(root: &Path, day: &Day) -> Result<DayLedger, StoreError> {
    day.of(Role::DayLedger)
        .next()
        .map_or_else(|| Ok(DayLedger::default()), |file| ledger::read_json(&root.join(&file.path)))
}

/// What is written of one day.
struct Writer<'a> {
    root: &'a Path,
    day: Option<i64>,
    /// Whether row groups are encoded one after the other, because no other thread is free.
    alone: &'a (dyn Fn() -> bool + Sync),
    /// One for each row group of a wave: what they remember of messages serves the next wave.
    miners: [Mutex<Miner>; GROUPS_AT_ONCE],
    outputs: [Output<'a>; 3],
    digests: [Digest; 3],
    /// Rows written so far: an event is named by its place in the day.
    written: u64,
    book: DayLedger,
    table: SignatureTable,
    summary: Vec<SummaryRow>,
    deploys: Vec<Deploy>,
    commands: Vec<DeployCommand>,
}

/// Rows of one row group, and to which events they belong.
type Piece<'a> = (&'a [(u32, u32)], &'a [Membership]);

/// Where rows lie that are gathered without their raw entries.
struct Apart<'b> {
    kept: &'b Kept,
    blocks: &'b [&'b Rows],
}

/// A row group, ready to be written, and what it adds to the sketches.
struct Ready {
    group: write::Group,
    table: SignatureTable,
    summary: Vec<SummaryRow>,
    deploys: Vec<Deploy>,
    commands: Vec<DeployCommand>,
    kept: BTreeMap<u32, u64>,
    services: BTreeMap<String, u64>,
}

const ROLES: [Role; 3] = [Role::Rows, Role::Parts, Role::SetAside];

impl<'a> Writer<'a> {
    fn new(root: &'a Path, day: Option<i64>, alone: &'a (dyn Fn() -> bool + Sync)) -> Self {
        let folder = format!("rows/{}", day_folder(day));
        Self {
            root,
            day,
            alone,
            miners: Default::default(),
            outputs: ROLES.map(|role| Output::new(root, folder.clone(), role)),
            digests: ROLES.map(|_| Digest::default()),
            written: 0,
            book: DayLedger::default(),
            table: SignatureTable::new(),
            summary: Vec::new(),
            deploys: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Rows that queries see, in file order.
    fn rows(
        &mut self,
        places: &[(u32, u32)],
        members: &[Membership],
        (apart, weigh): (&Apart<'_>, impl Fn(&(u32, u32)) -> usize),
        files: &Files,
    ) -> Result<(), StoreError> {
        let (day, first) = (self.day, self.written);
        let groups: Vec<_> = row_groups(places, weigh).map(|group| (&places[group.clone()], &members[group])).collect();
        let miners = std::mem::take(&mut self.miners);
        let encode = |(at, (places, members)): (usize, &Piece<'_>)| {
            let (rows, raws) = apart.kept.gather_apart(apart.blocks, places);
            let mut computed = Computed::default();
            let mut table = SignatureTable::new();
            let mut miner = miners[at].lock().unwrap_or_else(PoisonError::into_inner);
            computed::sign(&rows, &mut miner, &mut table, &mut computed);
            drop(miner);
            computed::name_events(day, first, members, &mut computed);
            Ok(Ready {
                group: write::encode((&rows, &raws.entries()), Some(&computed), files, ZSTD_LEVEL)?,
                table,
                summary: day.map_or_else(Vec::new, |day| sketch::summarise(day, &rows, &computed)),
                deploys: ledger::deploys_of(&rows),
                commands: ledger::commands_of(&rows),
                kept: kept_of(&rows),
                services: services_of(&rows),
            })
        };
        let mut left = &groups[..];
        while !left.is_empty() {
            let (wave, rest) = left.split_at(if (self.alone)() { 1 } else { GROUPS_AT_ONCE.min(left.len()) });
            left = rest;
            let ready: Vec<Ready> = match wave {
                [one] => vec![encode((0, one))?],
                several => several.par_iter().enumerate().map(encode).collect::<Result<_, StoreError>>()?,
            };
            for ready in ready {
                self.digests[0].add(&ready.group.digest);
                self.outputs[0].write(ready.group)?;
                self.table.merge(ready.table);
                self.summary.extend(ready.summary);
                self.deploys.extend(ready.deploys);
                self.commands.extend(ready.commands);
                self.keep(&ready.kept, files);
                for (service, rows) in ready.services {
                    *self.book.services.entry(service).or_insert(0) += rows;
                }
            }
        }
        self.written += places.len() as u64;
        self.miners = miners;
        Ok(())
    }

    /// Rows that no query sees.
    fn hidden(
        &mut self,
        role: Role,
        places: &[(u32, u32)],
        (gather, weigh): (impl Fn(&[(u32, u32)]) -> Rows, impl Fn(&(u32, u32)) -> usize),
        files: &Files,
    ) -> Result<(), StoreError> {
        let at = ROLES.iter().position(|known| *known == role).unwrap_or(0);
        for group in row_groups(places, weigh) {
            let rows = gather(&places[group]);
            let group = write::encode((&rows, &rows.entries()), None, files, ZSTD_LEVEL)?;
            self.keep(&kept_of(&rows), files);
            self.digests[at].add(&group.digest);
            self.outputs[at].write(group)?;
        }
        Ok(())
    }

    fn keep(&mut self, kept: &BTreeMap<u32, u64>, files: &Files) {
        for (file, rows) in kept {
            *self.book.kept.entry(files.id(*file).to_string()).or_insert(0) += rows;
        }
    }

    fn finish(mut self, conflicts: Vec<super::Conflict>) -> Result<Day, StoreError> {
        let name = day_folder(self.day);
        self.book.conflicts = conflicts;
        self.book.deploys = ledger::deploys(self.deploys);
        self.commands.sort_unstable();
        self.book.commands = self.commands;
        let mut all = blake3::Hasher::new();
        let mut files: Vec<LiveFile> = Vec::new();
        for (output, digest) in self.outputs.into_iter().zip(self.digests) {
            all.update(&digest.bytes());
            files.extend(output.finish()?);
        }
        let mut sketch_digest = String::new();
        if self.day.is_some() {
            let sketches = Sketches::new(&self.table, &sketch::merged(self.summary));
            sketch_digest = sketches.digest();
            let [signatures, summary] = sketches.write(self.root, &format!("sketch/{name}"))?;
            files.push(LiveFile::new(signatures.0, Role::Signatures, signatures.1));
            files.push(LiveFile::new(summary.0, Role::Summary, summary.1));
        }
        let book = ledger::write_json(self.root, &format!("ledger/{name}"), &self.book)?;
        files.push(LiveFile::new(book, Role::DayLedger, 1));
        Ok(Day { files, rows_digest: all.finalize().to_hex().to_string(), sketch_digest })
    }
}

fn kept_of(rows: &Rows) -> BTreeMap<u32, u64> {
    let mut kept = BTreeMap::new();
    for same in rows.files.chunk_by(|a, b| a == b) {
        *kept.entry(same[0]).or_insert(0) += same.len() as u64;
    }
    kept
}

fn services_of(rows: &Rows) -> BTreeMap<String, u64> {
    let dict = rows.dict(DictCol::Service);
    let mut counts = vec![0_u64; dict.values.len()];
    for code in (0..rows.len()).map(|row| dict.code_at(row)).filter(|code| *code != NO_CODE) {
        counts[code as usize] += 1;
    }
    (0..dict.values.len())
        .map(|at| (dict.values.get(at).to_owned(), counts[at]))
        .filter(|(_, rows)| *rows > 0)
        .collect()
}

/// Signature table of a day's rows before a moment, as compacting makes it.
pub(super) fn signatures_before(root: &Path, day: &Day, until_ns: i64) -> Result<SignatureTable, StoreError> {
    let files = FileList::default();
    let (mut table, mut miner) = (SignatureTable::new(), Miner::new());
    for file in day.of(Role::Rows) {
        let path = root.join(&file.path);
        parquet_file::read(&path, |batch| {
            let rows = decode::rows_joined(batch, &path, &files)?;
            let before: Vec<(u32, u32)> = (0..rows.len())
                .filter(|row| rows.ts_ns[*row] != NONE && rows.ts_ns[*row] < until_ns)
                .map(|row| (0, row as u32))
                .collect();
            let rows = Rows::gather(&[&rows], &before);
            computed::sign(&rows, &mut miner, &mut table, &mut Computed::default());
            Ok(())
        })?;
    }
    Ok(table)
}

/// Number of rows of a day, hidden ones too, and the hash over them, as they lie in its files.
pub(super) fn recount(root: &Path, day: &Day) -> Result<(u64, String), StoreError> {
    let files = FileList::default();
    let mut count = 0;
    let mut all = blake3::Hasher::new();
    for role in ROLES {
        let mut digest = Digest::default();
        for file in day.of(role) {
            let path = root.join(&file.path);
            parquet_file::read(&path, |batch| {
                let rows = decode::rows_joined(batch, &path, &files)?;
                let computed = decode::computed(batch, &path)?;
                count += rows.len() as u64;
                digest.add(&write::digest((&rows, &rows.entries()), computed.as_ref(), &files.files()));
                Ok(())
            })?;
        }
        all.update(&digest.bytes());
    }
    Ok((count, all.finalize().to_hex().to_string()))
}
