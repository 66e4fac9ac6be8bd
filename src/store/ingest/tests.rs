use super::super::fixture::{DAY_ONE, MS, folder, row};
use super::*;
use crate::time::DAY_NS;

/// Takes pieces of one input of which each holds a row of each of some days, with an id or without one.
fn taken(ingest: &Ingest<'_, '_>, pieces: &[&[i64]], has_ids: bool) {
    for (piece, days) in pieces.iter().enumerate() {
        let mut part = ingest.collector(&ContentId([1; 32]), 0);
        for day in *days {
            let id = if has_ids { format!("id{piece}-{day}") } else { String::new() };
            part.push(&mut row(DAY_ONE + day * DAY_NS, &id, "tick"), &[], || "".into());
        }
        ingest.take(part).expect("takes");
    }
}

/// Bytes of a piece of one row while it waits.
fn held(has_ids: bool) -> usize {
    let folder = folder();
    let mut store = Store::create_or_open(folder.path()).expect("opens");
    let options = AppendOptions::default();
    let ingest = store.ingest(&options).expect("begins");
    taken(&ingest, &[&[0]], has_ids);
    ingest.waiting().bytes
}

#[test]
fn a_day_that_its_only_input_has_left_is_compacted_instead_of_put_aside() {
    let held = held(true);
    let first = Some(time::day_of(DAY_ONE));
    for (pieces, early) in [
        (&[&[0][..], &[1]][..], true),
        // Newest first is an order, too.
        (&[&[1], &[0]], false),
        // It is still there.
        (&[&[0], &[0, 1]], false),
    ] {
        let folder = folder();
        let mut store = Store::create_or_open(folder.path()).expect("opens");
        let options = AppendOptions { memory_bytes: held, ..AppendOptions::default() };
        let ingest = store.ingest(&options).expect("begins");
        taken(&ingest, pieces, true);
        let bucket = ingest.waiting().days.remove(&first).expect("the first day");
        assert_eq!(bucket.early.is_some(), early, "{pieces:?}");
        let other = ingest.waiting().days.values().any(|bucket| bucket.early.is_some());
        assert_eq!(early || other, pieces.iter().all(|days| days.len() == 1), "{pieces:?}");
    }
}

#[test]
fn inputs_that_follow_one_another_are_written_before_the_room_is_full() {
    let held = held(true);
    for (days, early) in [(&[0, 1, 2][..], true), (&[0, 1], false), (&[0, 1, 0, 1], false), (&[3, 2, 1, 0], false)] {
        let folder = folder();
        let mut store = Store::create_or_open(folder.path()).expect("opens");
        let options = AppendOptions { memory_bytes: 6 * held, ..AppendOptions::default() };
        let ingest = store.ingest(&options).expect("begins");
        for (day, input) in days.iter().zip(1..) {
            let id = ContentId([input; 32]);
            let mut part = ingest.collector(&id, 0);
            part.push(&mut row(DAY_ONE + day * DAY_NS, &format!("id{input}"), "tick"), &[], || "".into());
            ingest.take(part).expect("takes");
            ingest.done(&id);
        }
        let written = ingest.waiting().days.values().filter(|bucket| bucket.early.is_some()).count();
        assert_eq!(written, usize::from(early), "{days:?}");
        assert_eq!(ingest.commit().expect("commits").total.unique, days.len() as u64);
    }
}

#[test]
fn inputs_that_are_read_side_by_side_follow_those_that_had_ended_when_they_began() {
    let folder = folder();
    let mut store = Store::create_or_open(folder.path()).expect("opens");
    let options = AppendOptions { memory_bytes: 6 * held(true), ..AppendOptions::default() };
    let ingest = store.ingest(&options).expect("begins");
    let begin = |input: u8| (input, ingest.collector(&ContentId([input; 32]), 0));
    let end = |(input, mut part): (u8, Part)| {
        let ts_ns = DAY_ONE + i64::from(input) * DAY_NS;
        part.push(&mut row(ts_ns, &format!("id{input}"), "tick"), &[], || "".into());
        ingest.take(part).expect("takes");
        ingest.done(&ContentId([input; 32]));
    };
    let (first, second) = (begin(1), begin(2));
    end(second);
    let third = begin(3);
    end(first);
    end(third);
    assert!(ingest.waiting().days.values().all(|bucket| bucket.early.is_none()));
    end(begin(4));
    assert_eq!(ingest.waiting().days.values().filter(|bucket| bucket.early.is_some()).count(), 1);
}

#[test]
fn a_row_without_an_id_that_stands_twice_stays_twice_however_little_memory_there_is() {
    let pieces: &[&[i64]] = &[&[0], &[1], &[0], &[1]];
    let held = held(false);
    let digests = [1, held, held * 3 / 2, held * 2, held * 3, held * 9].map(|memory_bytes| {
        let folder = folder();
        let mut store = Store::create_or_open(folder.path()).expect("opens");
        let options = AppendOptions { memory_bytes, ..AppendOptions::default() };
        let ingest = store.ingest(&options).expect("begins");
        taken(&ingest, pieces, false);
        let said = ingest.commit().expect("commits");
        assert_eq!(said.total.unique, 4, "{memory_bytes}");
        store.snapshot().expect("snapshot").digest()
    });
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), 1);
}

/// Rows of a piece: no small ones, which would share a block.
const PIECE: i64 = 4_096;

/// Takes pieces of one input, by number: a piece holds rows that follow one another, so many milliseconds apart, of which every
/// fourth is a frame of what stands before it. Answers how the day waited, and what the store is then.
fn taken_in_pieces(pieces: &[i64], step: i64, has_ids: bool, memory_bytes: usize) -> (Vec<&'static str>, String) {
    let folder = folder();
    let mut store = Store::create_or_open(folder.path()).expect("opens");
    let options = AppendOptions { memory_bytes, ..AppendOptions::default() };
    let ingest = store.ingest(&options).expect("begins");
    for piece in pieces {
        let mut part = ingest.collector(&ContentId([1; 32]), 0);
        for at in piece * PIECE..(piece + 1) * PIECE {
            let id = if has_ids { format!("id{at}") } else { String::new() };
            let (back, text) = match at % 4 {
                3 => (step - 1, "    at handler (/app/index.js:10:5)"),
                2 => (0, "order failed"),
                _ => (0, "tick"),
            };
            let record = row(DAY_ONE + (at * step - back) * MS, &id, text);
            part.push(&mut LogRecord { offset: at.unsigned_abs(), ..record }, &[], || "{}".into());
        }
        ingest.take(part).expect("takes");
    }
    let waited = {
        let waiting = ingest.waiting();
        let bucket = waiting.days.values().next().expect("the day");
        let how = [
            ("begun", bucket.begun.is_some()),
            ("early", bucket.early.is_some()),
            ("aside", !bucket.runs.is_empty()),
            ("dense", bucket.is_dense),
        ];
        how.into_iter().filter(|(_, is)| *is).map(|(word, _)| word).collect()
    };
    let said = ingest.commit().expect("commits");
    assert_eq!(std::fs::read_dir(folder.path().join("raw")).expect("lists").count(), 0, "{pieces:?}");
    let snapshot = store.snapshot().expect("snapshot");
    assert_eq!(snapshot.verify().expect("verifies"), vec![], "{pieces:?}");
    (waited, format!("{} {:?} {:?}", snapshot.digest(), said.total, snapshot.conflicts()))
}

#[test]
fn a_day_that_goes_on_is_written_as_it_comes_and_the_store_is_the_same() {
    let piece = {
        let folder = folder();
        let mut store = Store::create_or_open(folder.path()).expect("opens");
        let options = AppendOptions::default();
        let ingest = store.ingest(&options).expect("begins");
        let mut part = ingest.collector(&ContentId([1; 32]), 0);
        for at in 0..PIECE {
            part.push(&mut row(DAY_ONE + at * MS, &format!("id{at}"), "order failed"), &[], || "".into());
        }
        ingest.take(part).expect("takes");
        ingest.waiting().bytes
    };
    for (pieces, step, has_ids, wanted) in [
        (&[0, 1, 2, 3, 4, 5, 6, 7][..], 12, true, &["begun"][..]),
        // Threads hand pieces in as they have them.
        (&[1, 0, 2, 4, 3, 5, 6, 7], 12, true, &["begun"]),
        // Of what came too late, some is found when memory is short, some at the end; rows that stood there once stay one.
        (&[0, 1, 2, 3, 4, 5, 0, 6, 7], 12, true, &["early"]),
        (&[1, 2, 3, 4, 5, 6, 7, 0], 12, true, &["early"]),
        (&[0, 1, 2, 3, 4, 5, 6, 7, 1], 12, true, &["begun"]),
        // Newest first.
        (&[7, 6, 5, 4, 3, 2, 1, 0], 12, true, &["aside"]),
        // Copies of one content are numbered over the whole day.
        (&[0, 1, 2, 3, 4, 5, 6, 7], 12, false, &["aside"]),
        // Events may go on and on.
        (&[0, 1, 2, 3, 4, 5, 6, 7], 2, true, &["aside", "dense"]),
    ] {
        let (waited, store) = taken_in_pieces(pieces, step, has_ids, piece * 4);
        let (_, in_memory) = taken_in_pieces(pieces, step, has_ids, AppendOptions::default().memory_bytes);
        assert_eq!(store, in_memory, "{pieces:?}");
        assert_eq!(waited, wanted, "{pieces:?} {step} {has_ids}");
    }
}

#[test]
fn a_stack_below_a_warning_is_one() {
    let ingested = |message: &'static str| {
        let folder = folder();
        let mut store = Store::create_or_open(folder.path()).expect("opens");
        let options = AppendOptions::default();
        let ingest = store.ingest(&options).expect("begins");
        let mut part = ingest.collector(&ContentId([1; 32]), 0);
        let mut record = LogRecord { raw: "".into(), ..row(DAY_ONE, "id", message) };
        part.push(&mut record, &[], || "raw".into());
        (record.effective_severity, record.raw.is_empty())
    };
    let warning = "(node:7) DeprecationWarning: Buffer() is deprecated\n    at f (/app/a.js:1:2)";
    assert_eq!(ingested(warning), (Severity::Warning, false));
    assert_eq!(ingested("NoStockError: none\n    at f (/app/a.js:1:2)").0, Severity::Error);
    // The row may be the head of a crash that is told row by row.
    assert_eq!(ingested("#  SIGSEGV (0xb) at pc=0x0, pid=1, tid=2"), (Severity::Default, false));
    assert_eq!(ingested("# a list"), (Severity::Default, true));
    // Or the exception of one of Python.
    assert_eq!(ingested("NoStock: 17"), (Severity::Default, false));
    assert_eq!(ingested("NoStock: 17\nleft"), (Severity::Default, true));
    assert_eq!(ingested("Cache: warmed"), (Severity::Default, true));
}
