//! Records to rows: each gets the key it is deduplicated by and goes to its UTC day.
//!
//! A row without an id is known by its content and by how many equal ones stood before it in its file. So repeats inside one
//! file survive, overlaps between files collapse, and the multiplicity kept is the largest of any one file.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::row::Row;
use crate::record::{ContentId, Http, LogRecord, hash128};
use crate::time;

/// Rows of one input, in file order.
pub(super) fn rows(records: Vec<LogRecord>, file: ContentId, input: u32) -> Vec<Row> {
    let mut repeats: FxHashMap<u128, u64> = FxHashMap::default();
    let row = |mut rec: LogRecord| {
        let mut key = rec.dedup_key();
        if rec.insert_id.is_none() {
            let before = repeats.entry(key).or_insert(0);
            if *before > 0 {
                key = hash128(&[&key.to_le_bytes(), &before.to_le_bytes()]);
            }
            *repeats.entry(rec.dedup_key()).or_insert(0) += 1;
        }
        // A request that says nothing is none: it could not be told from an absent one after reading back.
        rec.http = rec.http.filter(|http| *http != Http::default());
        Row::new(rec, key, file, input)
    };
    records.into_iter().map(row).collect()
}

/// Rows by UTC day; `None` for rows without a time.
pub(super) fn by_day(inputs: Vec<Vec<Row>>) -> BTreeMap<Option<i64>, Vec<Row>> {
    let mut days: BTreeMap<Option<i64>, Vec<Row>> = BTreeMap::new();
    for row in inputs.into_iter().flatten() {
        days.entry(row.rec.ts_ns.map(time::day_of)).or_default().push(row);
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_inside_a_file_get_keys_of_their_own_and_overlaps_share_them() {
        let record = || LogRecord { ts_ns: Some(5), content_hash: 7, ..LogRecord::default() };
        let keys =
            |n, id| rows(vec![record(); n], ContentId([id; 32]), 0).iter().map(|row| row.key).collect::<Vec<_>>();
        let (three, two) = (keys_of(&record, 3), keys(2, 2));
        assert_eq!(three[..2], two[..]);
        assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2]);
    }

    fn keys_of(record: &impl Fn() -> LogRecord, n: usize) -> Vec<u128> {
        rows((0..n).map(|_| record()).collect(), ContentId([1; 32]), 0).iter().map(|row| row.key).collect()
    }

    #[test]
    fn rows_go_to_the_utc_day_of_their_time() {
        let at = |ts_ns| LogRecord { ts_ns, insert_id: Some("a".into()), ..LogRecord::default() };
        let days = by_day(vec![rows(vec![at(Some(-1)), at(Some(0)), at(None)], ContentId([1; 32]), 0)]);
        assert_eq!(days.keys().copied().collect::<Vec<_>>(), [None, Some(-1), Some(0)]);
    }
}
