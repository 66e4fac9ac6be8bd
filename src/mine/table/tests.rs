//! Full tables: what stays, what is counted coarsely, in any order.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use super::*;
use crate::mine::{Miner, Subject};

fn table(lines: &[String], bytes: usize) -> SignatureTable {
    let mut miner = Miner::new();
    let mut table = SignatureTable::with_limits(40, bytes);
    for (n, line) in lines.iter().enumerate() {
        table.add(&miner.scan(Subject::Text(line)), i64::try_from(n % 7).unwrap(), "", line);
    }
    table
}

fn letters(mut n: usize) -> String {
    let mut word = String::new();
    while n > 0 || word.is_empty() {
        word.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
        n /= 26;
    }
    word
}

#[test]
fn a_full_table_counts_every_row_and_is_the_same_in_any_order() {
    let lines: Vec<String> =
        (0..500).map(|n| format!("{} cache {} dropped", ["warm", "cold"][n % 2], letters(n / 2))).collect();
    let bare = |t: &SignatureTable| t.iter().map(|(s, e)| (s, e.count, e.shape.clone())).collect::<Vec<_>>();
    for bytes in [BYTES_MAX, 100_000] {
        let whole = table(&lines, bytes);
        let held = whole.entries.len();
        assert!(if bytes == BYTES_MAX { held == 40 } else { (10..40).contains(&held) }, "{held}");
        assert!(whole.bytes() <= bytes);
        assert_eq!(whole.coarse.len(), 2);
        assert_eq!(whole.iter().map(|(_, e)| e.count).sum::<i64>(), 500);
        let mut parts = table(&[], bytes);
        for chunk in lines.chunks(37).rev() {
            // Times are those of the part, so compare counts and shapes only.
            parts.merge(table(chunk, bytes));
        }
        assert_eq!(bare(&parts), bare(&whole));
        let backwards: Vec<String> = lines.iter().rev().cloned().collect();
        assert_eq!(bare(&table(&backwards, bytes)), bare(&whole));
    }
}

#[test]
fn tables_that_are_united_row_by_row_are_the_union() {
    let lines: Vec<String> =
        (0..900).map(|n| format!("{} of {} is late", letters(n % 450), ["a", "b"][n % 2])).collect();
    for bytes in [BYTES_MAX, 100_000] {
        let mut whole = table(&[], bytes);
        let parts: Vec<SignatureTable> = lines.chunks(70).map(|some| table(some, bytes)).collect();
        let floor = parts.iter().filter_map(SignatureTable::floor).min();
        let mut rows: Vec<SignatureRow> = parts.iter().flat_map(SignatureTable::to_rows).collect();
        parts.into_iter().rev().for_each(|part| whole.merge(part));
        rows.sort_by(|a, b| a.sig_id.cmp(&b.sig_id));
        let mut united = United::with_limits(floor, 40, bytes);
        let mut found: Vec<SignatureRow> = rows.into_iter().filter_map(|row| united.add(row).unwrap()).collect();
        let (last, coarse, floor) = united.finish();
        found.extend(last.into_iter().chain(coarse.to_rows()));
        assert_eq!(found, whole.to_rows());
        assert_eq!(floor, whole.floor());
        assert!(floor.is_some());
    }
}

#[test]
fn what_fell_out_does_not_come_back_where_there_is_room_again() {
    let of = |line: String| Miner::new().scan(Subject::Text(&line));
    let mut short: Vec<Scanned> = (0..40).map(|n| of(format!("{} came late", letters(n + 30)))).collect();
    short.sort_by_key(|scanned| scanned.sig);
    let between = |scanned: &Scanned| (short[9].sig..short[30].sig).contains(&scanned.sig);
    let numbers = |n| format!("{} took 7 ms of 9 s in 11 tries, 13 left of 15 and 17 more", letters(n));
    let long = (0..500).map(|n| of(numbers(n))).find(between).unwrap();
    let first = short.iter().find(|scanned| scanned.sig > long.sig).unwrap();
    let room = 2 * worst_bytes(&first.shape);
    assert!(worst_bytes(&long.shape) > room, "the long one never fits");
    let of = |order: &[&Scanned]| {
        let mut table = SignatureTable::with_limits(100, room);
        for scanned in order {
            table.add(scanned, 1, "", "");
        }
        table.iter().map(|(sig, entry)| (sig, entry.count)).collect::<Vec<_>>()
    };
    assert_eq!(of(&[first, &long, first]), of(&[&long, first, first]));
    assert_eq!(of(&[first, first, &long]), of(&[&long, first, first]));
}
