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

#[test]
fn a_full_table_counts_every_row_and_is_the_same_in_any_order() {
    let letters = |mut n: usize| {
        let mut word = String::new();
        while n > 0 || word.is_empty() {
            word.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
            n /= 26;
        }
        word
    };
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
