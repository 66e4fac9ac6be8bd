//! Pass 1 of the miner on one core, messages a second, beside `drain-rs`: every message unique, and with realistic repeats.
//!
//! `cargo bench` in this folder prints the rates; `cargo run --release --example lines` prints the unique messages, for
//! `../mine_drain3.py`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

#[path = "../../../mine/common.rs"]
mod common;

use common::{COUNT, mean_bytes, repeated, table_of, unique};

fn drain(messages: &[&str]) -> usize {
    let mut tree = drain_rs::DrainTree::new();
    for message in messages {
        black_box(tree.add_log_line(message).is_some());
    }
    tree.log_groups().len()
}

fn bench(c: &mut Criterion) {
    let unique = unique();
    let all: Vec<&str> = unique.iter().map(String::as_str).collect();
    let repeated = repeated(&unique);
    let signatures = table_of(&all).len();
    let mut group = c.benchmark_group(format!("pass 1, {} bytes a message, {signatures} signatures", mean_bytes(&unique)));
    group.throughput(Throughput::Elements(COUNT as u64)).sample_size(10).sampling_mode(SamplingMode::Flat);
    let kinds = [("unique", &all), ("85 % repeats", &repeated)];
    for (name, messages) in kinds {
        group.bench_function(format!("gardener, {name}"), |b| b.iter(|| table_of(black_box(messages)).len()));
    }
    // A tenth of them: more of what is unique takes drain-rs longer by more than its number.
    group.throughput(Throughput::Elements(COUNT as u64 / 10));
    for (name, messages) in kinds {
        let part = &messages[..COUNT / 10];
        group.bench_function(format!("gardener, {name}, a tenth"), |b| b.iter(|| table_of(black_box(part)).len()));
        group.bench_function(format!("drain-rs, {name}, a tenth"), |b| b.iter(|| drain(black_box(part))));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
