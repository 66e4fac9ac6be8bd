//! Criterion benches of the stages that carry the weight: reading rows, pass 1 of the miner, storing, and the queries of a
//! report. The data are made here, so that a figure can be had without any dump.

#![allow(missing_docs, reason = "the macros of the harness make public functions")]

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use log_gardener::config::Config;
use log_gardener::input::{self, Outlet, ReadOptions, Source};
use log_gardener::mine::{Miner, SignatureTable, Subject, templates};
use log_gardener::query::{Engine, EngineOptions, named};
use log_gardener::record::{Collect, LogRecord, Stretch};
use log_gardener::store::{AppendOptions, Store};

const ROWS: usize = 20_000;

/// Rows as a Cloud Storage sink writes them, one JSON object a line.
fn ndjson() -> String {
    let mut text = String::new();
    for i in 0..ROWS {
        let severity = ["INFO", "INFO", "INFO", "WARNING", "ERROR"][i % 5];
        let message = message(i);
        let _ = writeln!(
            text,
            r#"{{"insertId":"{i:016x}","timestamp":"2025-09-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z","severity":"{severity}","logName":"projects/bench/logs/run.googleapis.com%2Fstdout","resource":{{"type":"cloud_run_revision","labels":{{"project_id":"bench","service_name":"till-{service}","revision_name":"till-{service}-00007-abc","location":"europe-west1"}}}},"labels":{{"instanceId":"i{instance}"}},"trace":"projects/bench/traces/{trace:032x}","jsonPayload":{{"message":"{message}","logger":"till.cart","user_id":{user}}}}}"#,
            day = 1 + i * 7 / ROWS,
            hour = i / 60 % 24,
            minute = i % 60,
            second = i * 7 % 60,
            micro = i * 7_919 % 1_000_000,
            service = i % 3,
            instance = i % 11,
            trace = i / 3,
            user = i % 997,
        );
    }
    text
}

/// About 71 bytes each, of 40 forms.
fn message(i: usize) -> String {
    let form = i % 40;
    format!("step {form} of basket b-{} priced {} items in {} ms for tenant t{}", i * 31, i % 17, i * 13 % 900, i % 5)
}

/// Counts the bytes of messages.
#[derive(Default)]
struct Weigh(u64);

impl Collect for Weigh {
    fn push<'a>(&mut self, record: &mut LogRecord<'a>, _: &[Stretch<'a>], _: impl FnOnce() -> Cow<'a, str>) {
        self.0 += record.message.len() as u64;
    }
}

fn read(path: &Path, options: &ReadOptions) {
    let source = Source { name: "bench.ndjson".into(), path: path.to_owned() };
    let outlet = Outlet {
        known: &|_| false,
        make: &|_, _| Weigh::default(),
        emit: &|weigh| _ = black_box(weigh.0),
        done: &|_| {},
        progress: &|_| {},
    };
    input::read(&source, options, outlet).expect("the file was just written");
}

fn append(path: &Path, options: &ReadOptions, store: &mut Store) {
    let source = Source { name: "bench.ndjson".into(), path: path.to_owned() };
    let append = AppendOptions::default();
    let ingest = store.ingest(&append).expect("nobody else writes");
    let outlet = Outlet {
        known: &|id| ingest.knows(id),
        make: &|id, bytes| ingest.collector(id, bytes),
        emit: &|part| ingest.take(part).expect("fits into memory"),
        done: &|_| {},
        progress: &|_| {},
    };
    let read = input::read(&source, options, outlet).expect("the file was just written");
    ingest.finish_file(read).expect("keeps");
    ingest.commit().expect("commits");
}

fn stages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.ndjson");
    let text = ndjson();
    std::fs::write(&path, &text).expect("writes");
    let options = ReadOptions::new(&Config::default()).expect("it has no patterns");

    let mut group = criterion.benchmark_group("input");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
    group.bench_function("read NDJSON, one thread", |bench| bench.iter(|| read(&path, &options)));
    group.finish();

    let messages: Vec<String> = (0..ROWS).map(message).collect();
    let mut group = criterion.benchmark_group("mine");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    group.bench_function("pass 1 with the signature table, unique messages, one thread", |bench| {
        bench.iter_batched_ref(
            || (Miner::new(), SignatureTable::new()),
            |(miner, table)| {
                for (at, message) in (0_i64..).zip(&messages) {
                    black_box(miner.sign(table, Subject::Text(message), Some(at), "", message).sig);
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();

    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    group.bench_function("read and store, empty store", |bench| {
        bench.iter_batched(
            || tempfile::tempdir().expect("folder"),
            |folder| {
                let mut store = Store::create_or_open(&folder.path().join("store")).expect("creates");
                append(&path, &options, &mut store);
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();

    let root = folder.path().join("store");
    let mut store = Store::create_or_open(&root).expect("creates");
    append(&path, &options, &mut store);
    let snapshot = store.snapshot().expect("reads");
    let set = templates(&snapshot.signature_table(None).expect("reads"));
    let window = snapshot.whole().expect("rows");
    let engine = Engine::open(&snapshot, &set, window, EngineOptions::default()).expect("opens");
    let mut group = criterion.benchmark_group("query");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for name in ["cluster_sizes", "cluster_events", "examples", "hours"] {
        let query = named(name).expect("ships with the program");
        group.bench_function(name, |bench| bench.iter(|| black_box(engine.sql(query).expect("runs"))));
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
