//! Pass 1 of the miner, messages a second. On one core: every message unique, and with realistic repeats, and with many
//! signatures. On several: the same messages in shards, a thread and a table each, merged at the end. `benches/peers/mine` runs
//! the same beside `drain-rs`, `benches/peers/mine_drain3.py` beside `drain3`.
//!
//! `cargo bench --bench mine` prints the rates.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

#[path = "mine/common.rs"]
mod common;

use common::{COUNT, many, mean_bytes, repeated, table_of, unique};

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
    let unique = unique();
    let all: Vec<&str> = unique.iter().map(String::as_str).collect();
    let repeated = repeated(&unique);
    let signatures = table_of(&all).len();
    let mut group =
        c.benchmark_group(format!("pass 1, {} bytes a message, {signatures} signatures", mean_bytes(&unique)));
    group.throughput(Throughput::Elements(COUNT as u64)).sample_size(10).sampling_mode(SamplingMode::Flat);
    for threads in [1, 2] {
        let name = format!("gardener, unique, threads: {threads}");
        group.bench_function(name, |b| b.iter(|| sign_sharded(black_box(&all), threads)));
    }
    group.bench_function("gardener, 85 % repeats", |b| b.iter(|| table_of(black_box(&repeated)).len()));
    let many = many();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    group.throughput(Throughput::Elements(many.len() as u64));
    let name = format!("gardener, {} signatures", table_of(&many).len());
    group.bench_function(name, |b| b.iter(|| table_of(black_box(&many)).len()));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
