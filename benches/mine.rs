//! Pass 1 of the miner on one core, messages a second: every message unique, and with realistic repeats,
//! and with many signatures. `benches/peers/mine` runs the same beside `drain-rs`, `benches/peers/mine_drain3.py` beside `drain3`.
//!
//! `cargo bench --bench mine` prints the rates; messages are 71 bytes long on average.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use log_gardener::mine::{Miner, SignatureTable, Subject};

#[path = "../src/mine/tests/corpus.rs"]
mod corpus;

const COUNT: usize = 100_000;
/// Share of rows that repeat an earlier message exactly, in percent.
const REPEATS: u64 = 85;

fn sign(messages: &[&str]) -> usize {
    let mut miner = Miner::new();
    let mut table = SignatureTable::new();
    for (n, message) in messages.iter().enumerate() {
        let ts_ns = i64::try_from(n).unwrap();
        black_box(miner.sign(&mut table, Subject::Text(message), Some(ts_ns), "", message).sig);
    }
    table.len()
}

fn bench(c: &mut Criterion) {
    let unique = corpus::unique(COUNT);
    let bytes: usize = unique.iter().map(String::len).sum();
    let all: Vec<&str> = unique.iter().map(String::as_str).collect();
    let mut random = corpus::Random(3);
    let mut repeated: Vec<&str> = Vec::with_capacity(COUNT);
    for n in 0..COUNT {
        let again = n > 0 && random.below(100) < REPEATS;
        let text = if again { repeated[n - 1 - random.below(n.min(2000) as u64) as usize] } else { all[n] };
        repeated.push(text);
    }
    let signatures = sign(&all);
    let mut group = c.benchmark_group(format!("pass 1, {} bytes a message, {signatures} signatures", bytes / COUNT));
    group.throughput(Throughput::Elements(COUNT as u64)).sample_size(10);
    group.bench_function("gardener, unique", |b| b.iter(|| sign(black_box(&all))));
    group.bench_function("gardener, 85 % repeats", |b| b.iter(|| sign(black_box(&repeated))));
    let many: Vec<String> = corpus::lines(1, 8, COUNT).into_iter().map(|line| line.text).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    group.bench_function(format!("gardener, {} signatures", sign(&many)), |b| b.iter(|| sign(black_box(&many))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
