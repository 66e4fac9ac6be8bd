//! What is put aside never shows, nor what is added when.

use super::super::super::computed::{self, Computed, FromEvents};
use super::super::super::fixture::{DAY_ONE, MS, folder, row};
use super::super::super::ingest::Part;
use super::super::super::rows::Rows;
use super::super::super::{EventRole, RawPolicy, parquet_file};
use super::*;
use crate::mine::Miner;
use crate::record::Collect;
use crate::store::decode::Columns;
use crate::time;

const ROWS: i64 = 3_000;

/// The sketches of some rows of a day that has nearly as many services and templates as rows, in parts of so many rows.
fn parts(rows: i64) -> Vec<(SignatureTable, Summary)> {
    let mut miner = Miner::new();
    let part = |first: i64| {
        let mut part = Part { rows: Rows::default(), file: 0, raw: RawPolicy::None, read: 0 };
        for at in first..(first + rows).min(ROWS) {
            let name = |of: i64| of.to_string().bytes().map(|digit| char::from(digit + 49)).collect::<String>();
            // Some come again an hour later, and some at once.
            let kind = if at % 7 == 0 { at % 140 } else { at };
            let mut record = row(DAY_ONE + at * 9_000 * MS, &format!("id-{at}"), "");
            record.message = format!("{} failed for {}", name(kind), name(kind * 7)).into();
            record.service = (kind % 3 > 0).then(|| format!("service-{}", kind / 2).into());
            record.revision = (kind % 5 == 0).then(|| format!("revision-{}", kind % 11).into());
            part.push(&mut record, &[], || "".into());
        }
        let (mut table, mut computed) = (SignatureTable::new(), Computed::default());
        computed::sign((&part.rows, 0..part.rows.len()), &FromEvents::default(), &mut miner, &mut table, &mut computed);
        computed.role.resize(part.rows.len(), EventRole::default());
        let summary = Summary::of(time::day_of(DAY_ONE), &part.rows, &computed);
        (table, summary)
    };
    (0..ROWS).step_by(rows as usize).map(part).collect()
}

fn sketched(root: &std::path::Path, parts: Vec<(SignatureTable, Summary)>, most: [usize; 2]) -> Written {
    let mut sketch = DaySketch::within(&Root::new(root), time::day_of(DAY_ONE), most);
    for (table, summary) in parts {
        sketch.add(table, summary).expect("adds");
    }
    sketch.finish("sketch/day").expect("writes")
}

#[test]
fn sketches_are_the_same_in_any_order_and_however_often_they_were_put_aside() {
    let dir = folder();
    let whole = sketched(dir.path(), parts(ROWS), [usize::MAX; 2]);
    let rows: Vec<usize> = whole.0.iter().map(|(_, rows)| *rows).collect();
    assert!(rows.iter().all(|rows| (2_400..3_000).contains(rows)), "{rows:?}");
    // Forty parts, each a file: they are united on the way.
    for (most, of) in [([0, 0], 75), ([0, usize::MAX], 1_000), ([usize::MAX, 0], 1_000), ([200_000, 40_000], 100)] {
        let (mut forth, back) = (parts(of), parts(of));
        forth.rotate_left(3 % (ROWS / of) as usize);
        assert_eq!(sketched(dir.path(), forth, most), whole, "{most:?}");
        assert_eq!(sketched(dir.path(), back.into_iter().rev().collect(), most), whole, "{most:?}, backwards");
    }
    let mut count = 0;
    parquet_file::read(&dir.path().join(&whole.0[1].0.path), |batch| {
        let columns = Columns::new(batch, dir.path());
        let rows = columns.int("rows")?;
        count += (0..batch.num_rows()).filter_map(|at| rows.get(at)).sum::<i64>();
        Ok(())
    })
    .expect("reads");
    assert_eq!(count, ROWS);
    let left = std::fs::read_dir(dir.path().join(super::super::super::layout::SCRATCH)).expect("lists").count();
    assert_eq!(left, 0, "what was put aside went with its value");
}

#[test]
fn rows_of_signatures_that_fell_out_are_summed_in_their_buckets() {
    let dir = folder();
    let mut ids: Vec<SigId> = parts(ROWS)[0].0.iter().map(|(sig, _)| sig).collect();
    ids.sort_unstable();
    let floor = ids[ids.len() / 3];
    let sketch = |of: i64, most: [usize; 2], early: bool| {
        let mut sketch = DaySketch::within(&Root::new(dir.path()), time::day_of(DAY_ONE), most);
        if early {
            sketch.table.lower(floor);
        }
        for (table, summary) in parts(of) {
            sketch.add(table, summary).expect("adds");
        }
        sketch.table.lower(floor);
        sketch.finish("sketch/day").expect("writes")
    };
    let whole = sketch(ROWS, [usize::MAX; 2], false);
    assert!(whole.0.iter().all(|(_, rows)| *rows < 3_000));
    for (of, most, early) in
        [(100, [0, 0], true), (100, [0, 0], false), (500, [200_000, 0], true), (75, [0, 40_000], false)]
    {
        assert_eq!(sketch(of, most, early), whole, "{of} {most:?} {early}");
    }
    let (mut rows, mut coarse) = (0, 0);
    let path = dir.path().join(&whole.0[1].0.path);
    parquet_file::read(&path, |batch| {
        let columns = Columns::new(batch, &path);
        let (sig, count) = (columns.text("sig_id")?, columns.int("rows")?);
        for at in 0..batch.num_rows() {
            let sig: SigId = sig.get(at).unwrap_or_default().parse().expect("an id");
            assert!(sig < floor || sig.is_coarse(), "{sig}");
            rows += count.get(at).unwrap_or(0);
            coarse += if sig.is_coarse() { count.get(at).unwrap_or(0) } else { 0 };
        }
        Ok(())
    })
    .expect("reads");
    assert_eq!(rows, ROWS);
    assert!(coarse > ROWS / 2, "{coarse}");
}
