//! Input made to hurt: what it may cost is counted, not timed.

use super::super::*;
use super::corpus::word;
use crate::mine::dictionary::templates_work;

/// Signatures that the small tables here hold one by one; the cap of real ones differs in nothing else.
const LIMIT: usize = 2048;

fn table_of(lines: impl Iterator<Item = String>) -> SignatureTable {
    let mut miner = Miner::new();
    let mut table = SignatureTable::with_limits(LIMIT, BYTES_MAX);
    for line in lines {
        miner.sign(&mut table, Subject::Text(&line), Some(1), "", &line);
    }
    table
}

/// Bytes of a table's rows as stored, close to what it holds in memory.
fn bytes(table: &SignatureTable) -> usize {
    table.to_rows().iter().map(|r| r.tokens.len() + r.values.len() + r.exemplar.len()).sum()
}

#[test]
fn a_message_of_any_size_keeps_few_tokens_and_short_values() {
    let megabyte = 1 << 20;
    for unit in [
        "x", "-", ".", "!", "a!", "é", "x ", "(", "[[", "a=", "a,", "1 ", "\"", "{\"a\":", "<", "http://", "::", "/a",
        "?", "✅ ", "[U+2705]", "a:1 ",
    ] {
        let line = unit.repeat(megabyte / unit.len());
        let scanned = Miner::new().scan(Subject::Text(&line));
        assert!(scanned.shape.tokens.len() <= TOKENS_MAX + 1, "{unit}: {} tokens", scanned.shape.tokens.len());
        let longest = scanned.shape.tokens.iter().map(|t| if let Token::Text(t) = t { t.len() } else { 0 }).max();
        assert!(longest <= Some(WORD_MAX_BYTES), "{unit}: {longest:?}");
        assert!(scanned.values.iter().all(|(_, _, v)| v.len() <= VALUE_MAX_BYTES), "{unit}");
        let table = table_of(std::iter::once(line));
        assert!(templates(&table).iter().all(|t| t.text.len() <= 1 << 16), "{unit}");
        assert!(table.bytes() <= 1 << 20, "{unit}: {} bytes", table.bytes());
    }
}

#[test]
fn requests_of_any_size_keep_short_constants() {
    let long = "x".repeat(1 << 20);
    for (method, route) in [(long.as_str(), "/a"), ("GET", &format!("/{long}")), ("GET", &"/a".repeat(1 << 19))] {
        let scanned = Miner::new().scan(Subject::Request { method, route, status: Some(200) });
        let longest = scanned.shape.tokens.iter().map(|t| if let Token::Text(t) = t { t.len() } else { 0 }).max();
        assert!(longest <= Some(WORD_MAX_BYTES) && scanned.shape.tokens.len() < 64, "{longest:?}");
    }
}

#[test]
fn a_place_with_very_many_words_ends_in_one_template_and_under_the_cap() {
    let count = 10 * LIMIT as u64;
    let table = table_of((0..count).map(|n| format!("opened {} for reading", word(n))));
    assert!(table.len() <= LIMIT + COARSE_MAX, "{} signatures", table.len());
    assert_eq!(table.iter().map(|(_, e)| e.count).sum::<i64>(), count as i64);
    let set = templates(&table);
    let some: Vec<_> = set.iter().map(|t| &t.canonical).take(9).collect();
    // The place itself, the coarse buckets, and what shares a bucket with other words.
    assert!(set.len() <= 3, "{} templates: {some:?}", set.len());
}

#[test]
fn unique_lines_end_in_coarse_templates_under_the_cap() {
    let line = |n: u64| format!("{} {} {} {}", word(n), word(n * 7 + 3), word(n * 31 + 1), word(n / 3));
    let count = 10 * LIMIT as u64;
    let table = table_of((0..count).map(line));
    assert!(table.len() <= LIMIT + COARSE_MAX, "{} signatures", table.len());
    assert_eq!(table.iter().map(|(_, e)| e.count).sum::<i64>(), count as i64);
    assert!(bytes(&table) / table.len() < 512, "{} bytes", bytes(&table));
}

#[test]
fn the_work_of_pass_two_grows_with_the_signatures_and_not_with_their_square() {
    let work = |count: u64| {
        let names = (0..count)
            .map(|n| format!("a {} b_{} c.d{} [e_{}, f] {{g: {}}} h", word(n), word(n), word(n), word(n), word(n)));
        templates_work(&table_of(names))
    };
    let (small, large) = (work(250), work(2000));
    assert!(large <= 12 * small, "{small} for 250 signatures, {large} for 2000");
}
