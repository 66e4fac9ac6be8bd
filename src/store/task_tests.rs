//! What the steps of a cluster promise: the store of one ingest, whatever the tasks.

use std::path::Path;

use proptest::prelude::*;

use super::fixture::{DAY_ONE, Dump, MS, append, error, folder, input, row, store_of};
use super::tests::{any_record, contents};
use super::*;
use crate::record::receipt::{Receipt, Step};
use crate::record::{Collect, LogRecord, Split, hash128};
use crate::time::{self, DAY_NS};

const DAY_NAME: &str = "2025-09-15";

/// One task: some inputs, each in pieces of two rows, the last piece first.
fn shard(root: &Path, dumps: &[Dump], memory_bytes: usize) -> Receipt {
    let shard = Shard::begin(root, ShardOptions { memory_bytes, ..ShardOptions::default() }).expect("begins");
    for dump in dumps {
        for piece in dump.records.chunks(2).rev() {
            let mut part = shard.collector(&dump.read.content_id);
            for record in piece {
                part.push(&mut LogRecord { raw: "".into(), ..record.clone() }, &[], || record.raw.clone());
            }
            shard.take(part).expect("takes");
        }
        shard.finish_file(dump.read.clone());
    }
    shard.finish(&[]).expect("finishes")
}

/// Parts of a day in receipts, by day.
fn parts(receipts: &[Receipt]) -> std::collections::BTreeMap<String, Vec<String>> {
    let mut days: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for part in receipts.iter().flat_map(|receipt| &receipt.parts) {
        days.entry(part.day.clone()).or_default().push(part.path.clone());
    }
    days
}

fn compacted(root: &Path, day: &str, parts: &[String]) -> Receipt {
    compact_parts(root, day, parts, MEMORY_BYTES, true).expect("compacts")
}

fn sketches(receipts: &[Receipt]) -> Vec<String> {
    receipts.iter().filter_map(|receipt| receipt.sketch.clone()).collect()
}

/// All steps, one shard each for some groups of inputs.
fn cluster(root: &Path, groups: &[Vec<Dump>]) -> Result<Receipt, StoreError> {
    let mut made: Vec<Receipt> = groups.iter().map(|group| shard(root, group, MEMORY_BYTES)).collect();
    for (day, parts) in parts(&made) {
        made.push(compact_parts(root, &day, &parts, MEMORY_BYTES, true)?);
    }
    merge_sketches(root, &sketches(&made), true)
}

fn assert_same_store(one: &Store, other: &Store) {
    let (a, b) = (one.snapshot().expect("snapshot"), other.snapshot().expect("snapshot"));
    assert_eq!(contents(one), contents(other));
    assert_eq!(a.digest(), b.digest());
    assert_eq!(a.conflicts(), b.conflicts());
    assert_eq!(a.deploys(), b.deploys());
    assert_eq!(a.sources(), b.sources());
    assert_eq!(a.signature_table(None).expect("table").to_rows(), b.signature_table(None).expect("table").to_rows());
    assert_eq!(a.summary(None).expect("summary"), b.summary(None).expect("summary"));
    let figures = |snapshot: &Snapshot| Stats { bytes: 0, files: 0, ..snapshot.stats() };
    assert_eq!(figures(&a), figures(&b));
    assert_eq!(b.verify().expect("verifies"), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_order_and_repetition_of_tasks_gives_the_store_of_one_ingest(
        inputs in prop::collection::vec(prop::collection::vec(any_record(), 0..6), 1..6),
        groups in prop::collection::vec(prop::collection::vec(0_usize..6, 1..4), 0..5),
        seed in any::<u64>(),
    ) {
        let inputs: Vec<Dump> = inputs.into_iter().zip(1_u8..).map(|(rows, number)| input(number, rows)).collect();
        let (one, many) = (folder(), folder());
        // Some inputs may be in the store before.
        let known = (seed % 3 == 0).then(|| inputs[..inputs.len() / 2].to_vec());
        let once = store_of(&one, vec![inputs.clone()]);
        let root = many.path().join("s");
        if let Some(known) = &known {
            store_of(&many, vec![known.clone()]);
        }
        // Groups overlap as they like; the last holds everything that no other has.
        let mut groups: Vec<Vec<usize>> = groups
            .into_iter()
            .map(|group| group.into_iter().filter(|at| *at < inputs.len()).collect())
            .filter(|group: &Vec<usize>| !group.is_empty())
            .map(|mut group| { group.sort_unstable(); group.dedup(); group })
            .collect();
        groups.push((0..inputs.len()).filter(|at| !groups.iter().any(|group| group.contains(at))).collect());
        let shuffle = |of: &mut Vec<String>| of.sort_by_key(|text| hash128(&[&seed.to_le_bytes(), text.as_bytes()]));
        let mut made = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let dumps: Vec<Dump> = group.iter().map(|at| inputs[*at].clone()).collect();
            let memory = if (seed >> at) & 1 == 0 { 1 } else { MEMORY_BYTES };
            let first = shard(&root, &dumps, memory);
            // A task that ran before gives the same receipt, in whatever memory.
            prop_assert_eq!(&shard(&root, &dumps, MEMORY_BYTES), &first);
            made.push(first);
        }
        let mut leaves = sketches(&made);
        for (at, (day, mut parts)) in parts(&made).into_iter().enumerate() {
            shuffle(&mut parts);
            parts.push(parts[0].clone());
            if (seed >> at) & 2 == 0 {
                // Sorted in groups that share a part.
                let middle = parts.len() / 2;
                let sort = |some: &[String]| sort_parts(&root, &day, some, MEMORY_BYTES).expect("sorts").parts;
                let sorted = [sort(&parts[..=middle]), sort(&parts[middle..])].concat();
                parts = sorted.into_iter().map(|part| part.path).collect();
            }
            let first = compacted(&root, &day, &parts);
            prop_assert_eq!(&compacted(&root, &day, &parts), &first);
            leaves.extend(first.sketch);
        }
        shuffle(&mut leaves);
        // Two groups may be the same: in both halves, it would be an overlap in part.
        leaves.dedup();
        let (left, right) = leaves.split_at(leaves.len() / 2);
        let (left, right) = (left.to_vec(), right.to_vec());
        let merge = |some: &[String]| merge_sketches(&root, some, false).expect("merges").sketch.expect("a sketch");
        let mut all = leaves.clone();
        if !left.is_empty() {
            let merged = [merge(&left), merge(&right)];
            prop_assert_eq!(merge(&[merged[1].clone(), merged[0].clone()]), merge(&leaves));
            prop_assert_eq!(merge(&[merged[0].clone(), merged[0].clone(), left[0].clone()]), merged[0].clone());
            all = merged.to_vec();
        }
        let said = merge_sketches(&root, &all, true).expect("publishes");
        let built = Store::open(&root).expect("opens");
        assert_same_store(&once, &built);
        let digest = built.snapshot().expect("snapshot").digest();
        prop_assert_eq!(said.digest.as_deref(), Some(digest.as_str()));
        // What was needed on the way is gone.
        prop_assert_eq!(built.tidy(true).expect("counts").files, 0);
        prop_assert!(!root.join("receipt").exists());
    }
}

#[test]
fn what_belongs_together_is_joined_across_shards() {
    const TRACE: &str =
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad";
    const JOINER: &str = "During handling of the above exception, another exception occurred:";
    let part = |index: i32, text: &'static str| LogRecord {
        split: Some(Split { uid: "u".into(), index, total: 2 }),
        ..row(DAY_ONE + 1, &format!("s{index}"), text)
    };
    let undated = LogRecord { ts_ns: None, ..row(0, "u", "no time") };
    let ruled = LogRecord { set_aside: true, ..row(DAY_ONE, "r", "collector's own") };
    let one = input(1, vec![error(DAY_ONE + MS, "a", TRACE), part(1, "two"), undated.clone(), ruled.clone()]);
    let two = input(2, vec![error(DAY_ONE + 2 * MS, "b", JOINER), part(0, "one "), undated, ruled]);
    let three = input(3, vec![error(DAY_ONE + 3 * MS, "c", TRACE), row(DAY_ONE + DAY_NS, "d", "next day")]);
    let (local, other) = (folder(), folder());
    let once = store_of(&local, vec![vec![one.clone(), two.clone(), three.clone()]]);
    let root = other.path().join("s");
    cluster(&root, &[vec![three], vec![one], vec![two]]).expect("publishes");
    assert_same_store(&once, &Store::open(&root).expect("opens"));
    let stats = once.snapshot().expect("snapshot").stats();
    assert_eq!((stats.rows, stats.set_aside, stats.parts_joined), (5, 2, 1));
    assert!(contents(&once).iter().any(|row| row.contains("Traceback, 3,")), "one event of three rows");
}

#[test]
fn a_row_that_no_compaction_has_seen_keeps_the_store_from_being_published() {
    let folder = folder();
    let root = folder.path();
    let a = shard(root, &[input(1, vec![row(DAY_ONE, "a", "x")])], MEMORY_BYTES);
    let b = shard(root, &[input(2, vec![row(DAY_ONE + 1, "b", "y")])], MEMORY_BYTES);
    let half = compacted(root, DAY_NAME, &[a.parts[0].path.clone()]);
    let refused = |receipts: &[&Receipt]| {
        let receipts: Vec<Receipt> = receipts.iter().map(|receipt| (*receipt).clone()).collect();
        merge_sketches(root, &sketches(&receipts), true).expect_err("is refused").to_string()
    };
    let text = refused(&[&a, &b, &half]);
    assert!(text.contains("dump-2.json") && text.contains("1 rows of 2025-09-15, and 0"), "{text}");
    let text = refused(&[&half]);
    assert!(text.contains("whose shard's sketch is missing"), "{text}");
    // Two compactions of one day, each from less than all.
    let both = compacted(root, DAY_NAME, &[a.parts[0].path.clone(), b.parts[0].path.clone()]);
    let text = refused(&[&a, &b, &half, &both]);
    assert!(text.contains("compacted twice from different parts") && text.contains("1 of them the same"), "{text}");
    assert!(!root.join("manifest.json").exists());
    merge_sketches(root, &sketches(&[a, b, both]), true).expect("publishes");
    assert_eq!(Snapshot::open(root).expect("snapshot").stats().rows, 2);
}

#[test]
fn sketches_that_overlap_in_part_are_refused_by_name() {
    let folder = folder();
    let root = folder.path();
    let of = |n: u8| shard(root, &[input(n, vec![row(DAY_ONE + i64::from(n), &format!("r{n}"), "x")])], MEMORY_BYTES);
    let [a, b, c] = [of(1), of(2), of(3)].map(|receipt| receipt.sketch.expect("a sketch"));
    let merge = |some: [&String; 2]| {
        let some: Vec<String> = some.into_iter().cloned().collect();
        merge_sketches(root, &some, false).map(|receipt| receipt.sketch.expect("a sketch"))
    };
    let (ab, bc) = (merge([&a, &b]).expect("merges"), merge([&b, &c]).expect("merges"));
    let text = merge([&ab, &bc]).expect_err("is refused").to_string();
    assert!(text.contains(&ab) && text.contains(&bc) && text.contains("share 1 of 2 leaves"), "{text}");
    assert_eq!(merge([&ab, &b]).expect("nested"), ab);
}

#[test]
fn a_day_that_changed_since_is_compacted_again_and_pruned_days_stay_away() {
    let folder = folder();
    let root = folder.path().join("s");
    let day = |n: i64, id: &str| row(DAY_ONE + n * DAY_NS + MS, id, "tick");
    let mut store = store_of(&folder, vec![vec![input(1, vec![day(0, "a"), day(1, "b")])]]);
    let made = shard(&root, &[input(2, vec![day(0, "c"), day(1, "d")])], MEMORY_BYTES);
    let days = parts(std::slice::from_ref(&made));
    let old: Vec<Receipt> = days.iter().map(|(day, parts)| compacted(&root, day, parts)).collect();
    append(&mut store, vec![input(3, vec![day(1, "e")])]);
    let all = |days: &[Receipt]| [sketches(days), sketches(std::slice::from_ref(&made))].concat();
    let text = merge_sketches(&root, &all(&old), true).expect_err("is refused").to_string();
    assert!(text.contains("2025-09-16 of the store is not what it was compacted with"), "{text}");

    store.prune(time::day_of(DAY_ONE) + 1, false).expect("prunes");
    let new: Vec<Receipt> = days.iter().map(|(day, parts)| compacted(&root, day, parts)).collect();
    assert_eq!((new[0].rows_in, new[0].rows, new[0].files.len()), (1, 0, 1), "nothing is written of a pruned day");
    merge_sketches(&root, &all(&new), true).expect("publishes");
    let snapshot = Snapshot::open(&root).expect("snapshot");
    let stats = snapshot.stats();
    assert_eq!((stats.days, stats.rows, stats.pruned_rows), (1, 3, 2));
    let said: Vec<u64> = snapshot.sources().iter().map(|source| source.report.set_aside.pruned).collect();
    assert_eq!(said, [1, 1, 0]);
    assert_eq!(snapshot.verify().expect("verifies"), []);
}

#[test]
fn an_ingest_beside_a_cluster_leaves_its_files_alone() {
    let folder = folder();
    let root = folder.path().join("s");
    let mut store = store_of(&folder, Vec::new());
    let made = shard(&root, &[input(1, vec![row(DAY_ONE, "a", "x")])], MEMORY_BYTES);
    let half = root.join("raw").join(".partial-of-a-task");
    std::fs::write(&half, "half").expect("writes");
    append(&mut store, vec![input(2, vec![row(DAY_ONE + DAY_NS, "b", "y")])]);
    assert_eq!(store.tidy(false).expect("tidies").files, 0);
    assert!(half.exists() && made.files.iter().all(|file| root.join(file).exists()));
    let day = compacted(&root, DAY_NAME, &[made.parts[0].path.clone()]);
    merge_sketches(&root, &sketches(&[made.clone(), day]), true).expect("publishes");
    assert!(!half.exists() && made.parts.iter().all(|part| !root.join(&part.path).exists()));
    assert_eq!(Snapshot::open(&root).expect("snapshot").stats().rows, 2);
}

#[test]
fn what_is_no_part_or_of_another_day_is_named_and_strange_folders_are_left_alone() {
    let folder = folder();
    let root = folder.path().join("s");
    let made = shard(&root, &[input(1, vec![row(DAY_ONE, "a", "x")])], MEMORY_BYTES);
    assert_eq!((made.step, made.rows, made.parts.len()), (Step::Shard, 1, 1));
    let text = |day: &str, part: &str| {
        compact_parts(&root, day, &[part.to_owned()], MEMORY_BYTES, true).expect_err("is refused").to_string()
    };
    assert!(text("2025-09-16", &made.parts[0].path).contains("it holds rows of 2025-09-15"));
    assert!(text(DAY_NAME, made.sketch.as_deref().expect("a sketch")).contains("is no part"));
    assert!(text("15.9.2025", &made.parts[0].path).contains("is no day"));
    let other = folder.path().join("other");
    std::fs::create_dir_all(other.join("rows")).expect("makes");
    std::fs::write(other.join("rows/mine.txt"), "mine").expect("writes");
    assert!(matches!(Shard::begin(&other, ShardOptions::default()).map(drop), Err(StoreError::Foreign { .. })));
}
