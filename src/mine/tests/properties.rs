//! Order, shards, threads and days change nothing: neither a table nor a template nor an id.

use proptest::prelude::*;
use rayon::prelude::*;

use super::super::*;
use super::{corpus, table_of};

/// Lines with enough in common that every rule of pass 2 has work.
fn line() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "open",
        "close",
        "read",
        "write",
        "user",
        "ssh2",
        "eth0",
        "file",
        "a.b.c",
        "x_y",
        "Anna",
        "7",
        "10.0.0.1",
        "KB",
        "B",
        "=",
        "user=bob",
        "(3 KB)",
        "()",
        "id=",
        "Größe",
        "/a/b",
        "\"q\"",
        "true",
        "2025-01-02",
        "...",
    ]);
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

fn shuffled() -> impl Strategy<Value = (Vec<(String, i64)>, Vec<usize>, usize)> {
    prop::collection::vec((line(), 0_i64..50), 1..60).prop_flat_map(|rows| {
        let order: Vec<usize> = (0..rows.len()).collect();
        (Just(rows), Just(order).prop_shuffle(), 1_usize..8)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn shuffling_and_sharding_change_no_template((rows, order, shards) in shuffled()) {
        let whole = table_of(&rows);
        let mut parts = vec![Vec::new(); shards];
        for (n, &i) in order.iter().enumerate() {
            parts[n % shards].push(rows[i].clone());
        }
        let mut merged = SignatureTable::new();
        for part in parts.iter().rev() {
            merged.merge(table_of(part));
        }
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(templates(&merged), templates(&whole));
        let lines: Vec<&str> = rows.iter().map(|(l, _)| l.as_str()).collect();
        let mixed: Vec<&str> = order.iter().map(|&i| lines[i]).collect();
        let (straight, mixed) = (mine_lines(lines.into_iter()), mine_lines(mixed.into_iter()));
        for (n, &i) in order.iter().enumerate() {
            prop_assert_eq!(&mixed[n], &straight[i]);
        }
    }

    #[test]
    fn rows_and_back_are_the_identity((rows, _, _) in shuffled()) {
        let table = table_of(&rows);
        let stored = table.to_rows();
        let back = SignatureTable::from_rows(stored.clone()).unwrap();
        prop_assert_eq!(back.to_rows(), stored);
        prop_assert_eq!(back, table);
    }

    #[test]
    fn any_text_is_scanned_the_same_with_and_without_caches(lines in prop::collection::vec("\\PC{0,60}|[ -~\\n\\t]{0,80}", 1..20)) {
        let mut warm = Miner::new();
        for line in lines.iter().chain(&lines).chain(&lines) {
            let a = warm.scan(Subject::Text(line));
            let b = Miner::new().scan(Subject::Text(line));
            prop_assert_eq!(a.sig, b.sig);
            prop_assert_eq!(a.values, b.values);
            prop_assert_eq!(a.shape.id(), a.sig);
            row_role(line);
        }
    }
}

/// (text, time) of generated messages, and where the days begin.
fn rows(seed: u64) -> Vec<(String, i64)> {
    let mut rows = Vec::new();
    for week in 1..=4 {
        let lines = corpus::lines(seed, week, 150);
        rows.extend(lines.into_iter().map(|l| l.text).zip((week as i64 * 1000)..));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn generated_logs_have_one_result_whatever_the_shards_threads_and_days(
        seed in 0_u64..1000, shards in 1_usize..=64, threads in 1_usize..=8, rotate in 0_usize..64,
    ) {
        let rows = rows(seed);
        let whole = table_of(&rows);
        let expected = templates(&whole);
        let mut random = corpus::Random(seed);
        let mut parts = vec![Vec::new(); shards];
        for row in &rows {
            parts[random.below(shards as u64) as usize].push(row.clone());
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut tables: Vec<SignatureTable> = pool.install(|| parts.par_iter().map(|p| table_of(p)).collect());
        tables.rotate_left(rotate % shards);
        let mut merged = SignatureTable::new();
        for table in tables {
            merged.merge(table);
        }
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(templates(&merged), expected.clone());
        // One day after the other, each through its stored form.
        let mut days = SignatureTable::new();
        for day in rows.chunks(90) {
            days.merge(SignatureTable::from_rows(table_of(day).to_rows()).unwrap());
            templates(&days);
        }
        prop_assert_eq!(templates(&days), expected.clone());
        // Reversed, with another miner's memory.
        let reversed: Vec<_> = rows.iter().rev().cloned().collect();
        prop_assert_eq!(templates(&table_of(&reversed)), expected);
    }
}
