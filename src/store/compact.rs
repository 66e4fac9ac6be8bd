//! One day: what was stored and what came are merged, joined, signed, regrouped and written.
//!
//! Everything that counts is counted here, from surviving rows only. Counted where rows are read, overlapping dumps would be
//! counted twice.

use std::path::Path;

use rayon::prelude::*;

use super::encode::{self, Digest};
use super::layout::{ROWS_PER_BATCH, ROWS_PER_FILE, day_folder};
use super::ledger::{self, DayLedger};
use super::manifest::{Day, LiveFile, Role};
use super::merge::{self, Tally};
use super::parquet_file::{self, Writer};
use super::row::{self, Row};
use super::sketch::{self, Sketches};
use super::{RawPolicy, StoreError, columns, decode, regroup, split};
use crate::mine::{Miner, RowRole, SignatureTable, row_role};
use crate::record::{LogRecord, Severity};

/// Rows signed by one thread at a time.
const ROWS_PER_CHUNK: usize = 8 << 10;

/// Rows of one day as they were exported: joined parts are apart again.
fn read_rows(root: &Path, day: &Day) -> Result<Vec<Row>, StoreError> {
    let mut rows = read(root, day.of(Role::Rows).chain(day.of(Role::Parts)))?;
    split::part(&mut rows);
    let aside = read(root, day.of(Role::SetAside))?;
    rows.extend(aside.into_iter().map(|row| Row { rec: LogRecord { set_aside: true, ..row.rec }, ..row }));
    Ok(rows)
}

/// Rows of one day as queries see them.
pub(super) fn read_rows_joined(root: &Path, day: &Day) -> Result<Vec<Row>, StoreError> {
    read(root, day.of(Role::Rows))
}

fn read<'a>(root: &Path, files: impl Iterator<Item = &'a LiveFile>) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        parquet_file::read(&path, |batch| decode::rows(batch, &path, &mut rows))?;
    }
    Ok(rows)
}

/// Merges the rows of a call into one day. Answers what the manifest is to say of it, and what the call added.
pub(super) fn compact(
    root: &Path,
    day: Option<i64>,
    before: Option<&Day>,
    called: Vec<Row>,
    raw: RawPolicy,
) -> Result<(Day, Tally), StoreError> {
    let (stored, known) = match before {
        Some(before) => (read_rows(root, before)?, day_ledger(root, before)?.conflicts),
        None => (Vec::new(), Vec::new()),
    };
    let merged = merge::merge(stored, called, &known);
    if let Some(before) = before.filter(|_| !merged.changed) {
        return Ok((before.clone(), merged.tally));
    }
    let mut book = DayLedger { conflicts: merged.conflicts, ..DayLedger::default() };
    for row in &merged.rows {
        *book.kept.entry(row.file.to_string()).or_insert(0) += 1;
    }
    let (mut aside, rows): (Vec<Row>, Vec<Row>) = row::sort(merged.rows).into_iter().partition(|row| row.rec.set_aside);
    let (mut rows, mut parts) = split::join(rows);
    let (table, roles) = sign(&mut rows);
    apply_raw(&mut rows, &roles, raw);
    for hidden in [&mut parts, &mut aside] {
        let roles: Vec<RowRole> = hidden.iter().map(|row| row_role(&row.rec.message)).collect();
        apply_raw(hidden, &roles, raw);
    }
    regroup::regroup(&mut rows, &roles);
    for row in &rows {
        if let Some(service) = &row.rec.service {
            *book.services.entry(service.clone()).or_insert(0) += 1;
        }
    }
    book.deploys = ledger::deploys_of(&rows);

    let name = day_folder(day);
    let mut digest = Digest::new();
    let mut files = Vec::new();
    for (role, rows) in [(Role::Rows, &rows), (Role::Parts, &parts), (Role::SetAside, &aside)] {
        files.extend(write_rows(root, &format!("rows/{name}"), rows, role, &mut digest)?);
    }
    let mut sketch_digest = String::new();
    if let Some(day) = day {
        let sketches = Sketches::new(&table, &sketch::summarise(day, &rows));
        sketch_digest = sketches.digest();
        let [signatures, summary] = sketches.write(root, &format!("sketch/{name}"))?;
        files.push(LiveFile::new(signatures.0, Role::Signatures, signatures.1));
        files.push(LiveFile::new(summary.0, Role::Summary, summary.1));
    }
    files.push(LiveFile::new(ledger::write_json(root, &format!("ledger/{name}"), &book)?, Role::DayLedger, 1));
    Ok((Day { files, rows_digest: digest.hex(), sketch_digest }, merged.tally))
}

/// The books of a day.
pub(super) fn day_ledger(root: &Path, day: &Day) -> Result<DayLedger, StoreError> {
    day.of(Role::DayLedger)
        .next()
        .map_or_else(|| Ok(DayLedger::default()), |file| ledger::read_json(&root.join(&file.path)))
}

/// Sets the signature of every row; answers the table of all of them and each row's role from its text.
fn sign(rows: &mut [Row]) -> (SignatureTable, Vec<RowRole>) {
    let mut roles = vec![RowRole::Plain; rows.len()];
    let table = rows
        .par_chunks_mut(ROWS_PER_CHUNK)
        .zip(roles.par_chunks_mut(ROWS_PER_CHUNK))
        .fold(
            || (Miner::new(), SignatureTable::new()),
            |(mut miner, mut table), (rows, roles)| {
                for (row, role) in rows.iter_mut().zip(roles) {
                    let scanned = miner.scan(row.subject());
                    if let Some(ts_ns) = row.rec.ts_ns {
                        table.add(&scanned, ts_ns, row.rec.insert_id.as_deref().unwrap_or(""), &row.rec.message);
                    }
                    row.sig = scanned.sig;
                    row.exception = scanned.exception.as_deref().map(str::to_owned);
                    row.stack_id = scanned.stack_id;
                    *role = row_role(&row.rec.message);
                }
                (miner, table)
            },
        )
        .map(|(_, table)| table)
        .reduce(SignatureTable::new, |mut a, b| {
            a.merge(b);
            a
        });
    (table, roles)
}

/// Signature table of some rows, as [`compact`] makes it.
pub(super) fn signatures(rows: &mut [Row]) -> SignatureTable {
    sign(rows).0
}

/// Drops the entry itself where it is not to be kept.
///
/// The row alone decides, never its neighbours: the rest of an event may come with a later file, and what was dropped is
/// gone. So rows that can only be part of a larger event (traces, joiners, frames) keep theirs.
fn apply_raw(rows: &mut [Row], roles: &[RowRole], policy: RawPolicy) {
    for (row, role) in rows.iter_mut().zip(roles) {
        // A joined row is judged by its own text too: its parts may have come later.
        let role =
            row.own_bytes.and_then(|own| row.rec.message.get(..usize::try_from(own).ok()?)).map_or(*role, row_role);
        let keep = match policy {
            RawPolicy::All => true,
            RawPolicy::None => false,
            RawPolicy::Warning => role != RowRole::Plain || row.rec.effective_severity >= Severity::Warning,
        };
        if !keep {
            row.rec.raw = String::new();
        }
    }
}

/// Writes sorted rows and adds them to the hash over the day.
fn write_rows(
    root: &Path,
    folder: &str,
    rows: &[Row],
    role: Role,
    digest: &mut Digest,
) -> Result<Vec<LiveFile>, StoreError> {
    let mut files = Vec::new();
    for rows in rows.chunks(ROWS_PER_FILE) {
        let mut writer = Writer::new(root, folder, columns::ROW_COLUMNS, columns::ROW_SCHEMA.clone())?;
        for rows in rows.chunks(ROWS_PER_BATCH) {
            let batch = encode::batch(rows);
            digest.add(&batch);
            writer.write(root, &batch)?;
        }
        let mut file = LiveFile::new(writer.place(root)?, role, rows.len());
        file.min_ns = rows.iter().filter_map(|row| row.rec.ts_ns).min();
        file.max_ns = rows.iter().filter_map(|row| row.rec.ts_ns).max();
        files.push(file);
    }
    Ok(files)
}

/// Number of rows of a day, hidden ones too, and the hash over them, as they lie in its files.
pub(super) fn recount(root: &Path, day: &Day) -> Result<(u64, String), StoreError> {
    let mut digest = Digest::new();
    let mut count = 0;
    for file in [Role::Rows, Role::Parts, Role::SetAside].into_iter().flat_map(|role| day.of(role)) {
        let rows = read(root, std::iter::once(file))?;
        count += rows.len() as u64;
        rows.chunks(ROWS_PER_BATCH).for_each(|rows| digest.add(&encode::batch(rows)));
    }
    Ok((count, digest.hex()))
}
