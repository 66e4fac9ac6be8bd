//! What `benches/mine.rs` and the package of its peers measure alike: a million messages of about 70 bytes, and pass 1 over them.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a bench")]

use std::hint::black_box;

use log_gardener::mine::{Miner, SignatureTable, Subject};

#[path = "../../src/mine/tests/corpus.rs"]
mod corpus;

pub const COUNT: usize = 1_000_000;
/// Share of rows that repeat an earlier message exactly, in percent.
const REPEATS: u64 = 85;

/// All different, of a few hundred shapes.
pub fn unique() -> Vec<String> {
    corpus::unique(COUNT)
}

/// As many of them, most of them one of the last two thousand once more.
pub fn repeated(unique: &[String]) -> Vec<&str> {
    let mut random = corpus::Random(3);
    let mut repeated: Vec<&str> = Vec::with_capacity(unique.len());
    for (n, text) in unique.iter().enumerate() {
        let again = n > 0 && random.below(100) < REPEATS;
        let text = if again { repeated[n - 1 - random.below(n.min(2000) as u64) as usize] } else { text.as_str() };
        repeated.push(text);
    }
    repeated
}

/// Lines whose lists and names give a shape of its own to every dozen.
#[allow(dead_code, reason = "not by every bench")]
pub fn many() -> Vec<String> {
    corpus::lines(1, 8, COUNT / 10).into_iter().map(|line| line.text).collect()
}

pub fn mean_bytes(messages: &[String]) -> usize {
    messages.iter().map(String::len).sum::<usize>() / messages.len()
}

pub fn table_of(messages: &[&str]) -> SignatureTable {
    let mut miner = Miner::new();
    let mut table = SignatureTable::new();
    for (n, message) in messages.iter().enumerate() {
        let ts_ns = i64::try_from(n).unwrap();
        black_box(miner.sign(&mut table, Subject::Text(message), Some(ts_ns), "", message).sig);
    }
    table
}
