//! What is written of one day: row groups are signed and encoded, several at a time, and what they add to the sketches and
//! books of the day is collected until it is finished.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::super::chunk::{Encoder, ZSTD_LEVEL};
use super::super::computed::{self, Computed, FromEvents};
use super::super::digest::Digest;
use super::super::durable::Root;
use super::super::files::Files;
use super::super::layout::day_folder;
use super::super::ledger::{self, DayLedger, Deploy, DeployCommand, ServiceCounts};
use super::super::manifest::{Day, LiveFile, Role};
use super::super::merge::Kept;
use super::super::regroup::{Membership, Regrouped};
use super::super::rows::{DictCol, NO_CODE, Rows};
use super::super::sketch::{DaySketch, Summary};
use super::super::write::{self, Columns, Group, Made, Output};
use super::super::{Conflict, StoreError};
use super::{ROLES, row_groups};
use crate::mine::{Miner, SignatureTable};

/// Row groups encoded before the first of them is written.
pub(in crate::store) const GROUPS_AT_ONCE: usize = 2;

/// Rows that are signed into the table of a day before it is looked at.
const SIGNED_AT_ONCE: usize = 16 << 10;

/// What is written of one day.
pub(super) struct Writer {
    root: Root,
    day: Option<i64>,
    /// One for each row group of a wave: what they remember of messages serves the next wave.
    miners: [Mutex<Miner>; GROUPS_AT_ONCE],
    outputs: [Output; 3],
    digests: [Digest; 3],
    /// Rows written so far: an event is named by its place in the day.
    written: u64,
    book: DayLedger,
    services: ServiceCounts,
    /// Nothing for rows without a time.
    sketch: Option<DaySketch>,
    deploys: Vec<Deploy>,
    commands: Vec<DeployCommand>,
}

/// Rows of one row group, to which events they belong, and what they have from them.
type Piece<'a> = (&'a [(u32, u32)], &'a [Membership], FromEvents<'a>);

/// Where rows lie that are gathered without their raw entries.
pub(super) struct Apart<'b> {
    pub(super) kept: &'b Kept,
    pub(super) blocks: &'b [&'b Rows],
}

/// A row group, ready to be written, and what it adds to the sketches.
struct Ready {
    group: Group,
    table: SignatureTable,
    summary: Option<Summary>,
    deploys: Vec<Deploy>,
    commands: Vec<DeployCommand>,
    kept: BTreeMap<u32, u64>,
    services: BTreeMap<String, u64>,
}

impl Writer {
    pub(super) fn new(root: &Root, day: Option<i64>) -> Self {
        let folder = format!("rows/{}", day_folder(day));
        Self {
            root: root.to_owned(),
            day,
            miners: Default::default(),
            outputs: ROLES.map(|role| Output::new(root, folder.clone(), role)),
            digests: ROLES.map(|_| Digest::default()),
            written: 0,
            book: DayLedger::default(),
            services: ServiceCounts::default(),
            sketch: day.map(|day| DaySketch::new(root, day)),
            deploys: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Rows that queries see, in file order; `alone` says whether every other thread has work of its own, now: row groups and
    /// their columns are then encoded one after the other.
    pub(super) fn rows(
        &mut self,
        places: &[(u32, u32)],
        found: &Regrouped,
        (apart, weigh): (&Apart<'_>, impl Fn(&(u32, u32)) -> usize),
        files: &Files,
        alone: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), StoreError> {
        let (day, first) = (self.day, self.written);
        let told = Some(&found.told).filter(|told| !told.is_empty());
        let piece = |group: Range<usize>| {
            let from = FromEvents { told, first: group.start };
            (&places[group.clone()], &found.members[group], from)
        };
        let groups: Vec<Piece<'_>> = row_groups(places, weigh).map(piece).collect();
        let miners = std::mem::take(&mut self.miners);
        // Signed into the table of the day, or into one of the row group that others are encoded beside.
        let encode = |(at, (places, members, from)): (usize, &Piece<'_>), day_sketch: Option<&mut DaySketch>| {
            let (mut rows, raws) = apart.kept.gather_apart(apart.blocks, places);
            for (row, member) in members.iter().enumerate() {
                if let Some(severity) = member.severity {
                    rows.raise(row, severity);
                }
            }
            let mut table = SignatureTable::new();
            let sign = |encoder: &mut Encoder, table: &mut SignatureTable, day_sketch: Option<&mut DaySketch>| {
                let mut computed = Computed::default();
                let mut miner = miners[at].lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(sketch) = day_sketch {
                    for start in (0..rows.len()).step_by(SIGNED_AT_ONCE) {
                        let some = start..rows.len().min(start + SIGNED_AT_ONCE);
                        computed::sign((&rows, some), from, &mut miner, sketch.table(), &mut computed);
                        sketch.relieve()?;
                    }
                } else {
                    computed::sign((&rows, 0..rows.len()), from, &mut miner, table, &mut computed);
                }
                drop(miner);
                computed::name_events(day, first, members, &mut computed);
                let summary = day.map(|day| Summary::of(day, &rows, &computed));
                Ok::<_, StoreError>((Columns::computed(rows.len(), Some(&computed), encoder)?, summary))
            };
            let entries = raws.entries();
            let made = Made::new((&rows, &entries), files);
            let long = |encoder: &mut Encoder| Columns::long(&rows, &made, encoder);
            let other = |encoder: &mut Encoder| Columns::other(&rows, &made, encoder);
            let another = || write::encoder(ZSTD_LEVEL);
            let mut encoder = another()?;
            let (signed, (long, other)) = if alone() {
                (sign(&mut encoder, &mut table, day_sketch), (long(&mut encoder), other(&mut encoder)))
            } else {
                let held = || rayon::join(|| long(&mut another()?), || other(&mut another()?));
                rayon::join(|| sign(&mut encoder, &mut table, day_sketch), held)
            };
            let (computed, summary) = signed?;
            Ok(Ready {
                group: Group::of(&rows, [long?, other?, computed]),
                table,
                summary,
                deploys: ledger::deploys_of(&rows),
                commands: ledger::commands_of(&rows),
                kept: kept_of(&rows),
                services: services_of(&rows),
            })
        };
        let mut left = &groups[..];
        while !left.is_empty() {
            let single = alone() || self.sketch.as_ref().is_some_and(DaySketch::is_large);
            let (wave, rest) = left.split_at(if single { 1 } else { GROUPS_AT_ONCE.min(left.len()) });
            left = rest;
            let ready: Vec<Ready> = match wave {
                [one] => vec![encode((0, one), self.sketch.as_mut())?],
                several => {
                    let encode = |piece| encode(piece, None);
                    several.par_iter().enumerate().map(encode).collect::<Result<_, StoreError>>()?
                }
            };
            for ready in ready {
                self.digests[0].add(&ready.group.digest);
                self.outputs[0].write(ready.group)?;
                if let Some((sketch, summary)) = self.sketch.as_mut().zip(ready.summary) {
                    sketch.add(ready.table, summary)?;
                }
                self.deploys.extend(ready.deploys);
                self.commands.extend(ready.commands);
                self.keep(&ready.kept, files);
                ready.services.iter().for_each(|(service, rows)| self.services.add(service, *rows));
            }
        }
        self.written += places.len() as u64;
        self.miners = miners;
        Ok(())
    }

    /// Rows that no query sees.
    pub(super) fn hidden(
        &mut self,
        role: Role,
        places: &[(u32, u32)],
        (gather, weigh): (impl Fn(&[(u32, u32)]) -> Rows, impl Fn(&(u32, u32)) -> usize),
        files: &Files,
    ) -> Result<(), StoreError> {
        let at = ROLES.iter().position(|known| *known == role).unwrap_or(0);
        for group in row_groups(places, weigh) {
            let rows = gather(&places[group]);
            let group = write::encode(&rows, files, ZSTD_LEVEL)?;
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

    pub(super) fn finish(mut self, conflicts: Vec<Conflict>) -> Result<Day, StoreError> {
        let name = day_folder(self.day);
        self.book.conflicts = conflicts;
        (self.book.services, self.book.services_more) = self.services.finish();
        self.book.deploys = ledger::deploys(self.deploys);
        self.commands.sort_unstable();
        self.book.commands = self.commands;
        let (outputs, digests) = (self.outputs, self.digests);
        let rows = || {
            let mut all = blake3::Hasher::new();
            let mut files: Vec<LiveFile> = Vec::new();
            for (output, digest) in outputs.into_iter().zip(digests) {
                all.update(&digest.bytes());
                files.extend(output.finish()?);
            }
            Ok::<_, StoreError>((files, all.finalize().to_hex().to_string()))
        };
        let sketches = || {
            let Some(sketch) = self.sketch else { return Ok(Default::default()) };
            let ([signatures, summary], digest) = sketch.finish(&format!("sketch/{name}"))?;
            let signatures = LiveFile::new(signatures.0, Role::Signatures, signatures.1);
            Ok::<_, StoreError>((vec![signatures, LiveFile::new(summary.0, Role::Summary, summary.1)], digest))
        };
        let (rows, sketches) = rayon::join(rows, sketches);
        let ((mut files, rows_digest), (more, sketch_digest)) = (rows?, sketches?);
        files.extend(more);
        let book = ledger::write_json(&self.root, &format!("ledger/{name}"), &self.book)?;
        files.push(LiveFile::new(book, Role::DayLedger, 1));
        Ok(Day { files, rows_digest, sketch_digest })
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
