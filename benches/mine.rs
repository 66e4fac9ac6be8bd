//! Pass 1 of the miner, messages a second. On one core: every message unique, and with realistic repeats, and with many
//! signatures. On several: the same messages in shards, a thread and a table each, merged at the end. `benches/peers/mine` runs the same beside `drain-rs`, `benches/peers/mine_drain3.py` beside `drain3`.
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
    table_of(messages).len()
}

fn table_of(messages: &[&str]) -> SignatureTable {
    let mut miner = Miner::new();
    let mut table = SignatureTable::new();
    for (n, message) in messages.iter().enumerate() {
        let ts_ns = i64::try_from(n).unwrap();
        black_box(miner.sign(&mut table, Subject::Text(message), Some(ts_ns), "", message).sig);
    }
    table
}

/// The messages in as many shards as threads, merged.
fn sign_sharded(messages: &[&str], threads: usize) -> usize {
    let shards: Vec<&[&str]> = messages.chunks(messages.len().div_ceil(threads)).collect();
    let tables = std::thread::scope(|scope| {
        let running: Vec<_> = shards.iter().map(|shard| scope.spawn(|| table_of(shard))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let merged = tables.into_iter().reduce(|mut sum, table| {
        sum.merge(table);
        sum
    });
    merged.map_or(0, |table| table.len())
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
    // Ten times as many, so that starting threads and merging tables weigh as little as in an ingest.
    let large: Vec<&str> = all.iter().copied().cycle().take(10 * COUNT).collect();
    group.throughput(Throughput::Elements(large.len() as u64));
    for threads in [1, 2] {
        let name = format!("gardener, unique, threads: {threads}");
        group.bench_function(name, |b| b.iter(|| sign_sharded(black_box(&large), threads)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
