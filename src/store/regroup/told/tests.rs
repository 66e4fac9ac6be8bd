use super::super::tests::{STACKS, behind_times};
use crate::mine::{Miner, Subject};
use crate::record::{LogRecord, Severity, effective};
use crate::store::fixture::{DAY_ONE, Dump, folder, input, row, store_of};
use crate::store::manifest::Role;
use crate::store::rows::TextCol;
use crate::store::tests::{blocks_of, contents};
use crate::store::{Store, event::EventRole};

fn at(micros: i64, message: &str) -> LogRecord<'static> {
    let told = effective(Severity::Default, message, None);
    LogRecord {
        message: message.to_owned().into(),
        effective_severity: told.severity,
        effective_reason: told.reason,
        ..row(DAY_ONE + micros * 1_000, &format!("id{micros:09}"), "")
    }
}

/// A row: text, role, exception, stack, number of its event.
type Found = (String, EventRole, Option<String>, Option<String>, String);

fn found(store: &Store) -> Vec<Found> {
    let mut out = Vec::new();
    for (rows, computed) in blocks_of(store, Role::Rows) {
        let computed = computed.expect("columns");
        out.extend((0..rows.len()).map(|at| {
            let word = |word: Option<&str>| word.map(str::to_owned);
            let (exception, stack) = (word(computed.exception.get(at)), word(computed.stack.get(at)));
            let text = rows.text(TextCol::Message, at).to_owned();
            (text, computed.role[at], exception, stack, computed.event_id.get(at).to_owned())
        }));
    }
    out
}

#[test]
fn the_head_of_lines_has_the_exception_and_the_stack_of_the_same_lines_as_one_message() {
    for (runtime, text, _) in STACKS {
        let one = folder();
        let lines = text.lines().zip(0..).map(|(line, n)| at(n * 50, line)).collect();
        let rows = found(&store_of(&one, vec![vec![input(1, lines)]]));
        let (_, _, exception, stack, event) =
            rows.iter().find(|(_, role, ..)| *role == EventRole::Head).expect("a head");
        let whole: Vec<&str> = rows.iter().filter(|row| row.4 == *event).map(|row| &*row.0).collect();
        let whole = Miner::new().scan(Subject::Text(&whole.join("\n")));
        assert_eq!(exception.as_deref(), whole.exception.as_deref(), "{runtime}");
        assert_eq!(*stack, whole.stack_id.map(|id| format!("{id:016x}")), "{runtime}");
        // A place and what was thrown, which is no error, are neither.
        let is_told = exception.is_some() || stack.is_some();
        assert_eq!(is_told, runtime != "node without a stack", "{runtime}");
        let other = folder();
        let lines = behind_times(text).lines().zip(0..).map(|(line, n)| at(n * 50, line)).collect();
        let behind = found(&store_of(&other, vec![vec![input(1, lines)]]));
        let told =
            |rows: &[Found]| -> Vec<_> { rows.iter().map(|row| (row.1, row.2.clone(), row.3.clone())).collect() };
        assert_eq!(told(&behind), told(&rows), "{runtime} behind times");
    }
}

#[test]
fn two_places_of_one_exception_have_two_stacks_and_rows_around_them_none() {
    let crash = |from: i64, frame| {
        vec![
            at(from, "could not save"),
            at(from + 1, "Traceback (most recent call last):"),
            at(from + 2, frame),
            at(from + 3, "shop.NoStock: 17"),
            at(from + 4, "started"),
        ]
    };
    let mut lines = crash(0, "  File \"/srv/a.py\", line 3, in take");
    lines.extend(crash(60_000, "  File \"/srv/b.py\", line 3, in give"));
    lines.extend(crash(120_000, "  File \"/srv/b.py\", line 9, in give"));
    let folder = folder();
    let rows = found(&store_of(&folder, vec![vec![input(1, lines)]]));
    let stacks = |text: &str| -> Vec<_> {
        let of = rows.iter().filter(|row| row.0 == text);
        of.map(|(_, _, exception, stack, _)| (exception.as_deref(), stack.as_deref())).collect()
    };
    for text in ["could not save", "shop.NoStock: 17"] {
        let found = stacks(text);
        assert!(found.iter().all(|(exception, stack)| *exception == Some("shop.NoStock") && stack.is_some()), "{text}");
        assert!(found[0] != found[1] && found[1] == found[2], "{text}: {found:?}");
    }
    assert_eq!(stacks("started"), [(None, None); 3]);
    assert_eq!(stacks("Traceback (most recent call last):"), [(None, None); 3]);
}

#[test]
fn what_comes_later_gives_other_rows_the_exception_and_takes_it_back() {
    let early = || input(1, vec![at(0, "TypeError: a"), at(6, "    at save (/app/order.js:10:5)")]);
    let late = || input(2, vec![at(3, "RangeError: b"), at(9, "    at sell (/app/shop.js:3:5)")]);
    let (one, two, all) = (folder(), folder(), folder());
    let told = |store: &Store| -> Vec<_> {
        found(store).into_iter().filter(|row| row.1 == EventRole::Head).map(|row| (row.0, row.2, row.3)).collect()
    };
    let stores: Vec<Vec<Vec<Dump>>> =
        vec![vec![vec![early()], vec![late()]], vec![vec![late()], vec![early()]], vec![vec![late(), early()]]];
    let stores: Vec<Store> =
        [&one, &two, &all].into_iter().zip(stores).map(|(at, calls)| store_of(at, calls)).collect();
    let alone = folder();
    let before = told(&store_of(&alone, vec![vec![early()]]));
    assert_eq!((before[0].1.as_deref(), before[0].2.is_some()), (Some("TypeError"), true));
    for store in &stores {
        let after = told(store);
        assert_eq!((&*after[0].0, after[0].1.as_deref(), after[0].2.as_deref()), ("TypeError: a", None, None));
        assert_eq!((&*after[1].0, after[1].1.as_deref()), ("RangeError: b", Some("RangeError")));
        assert!(after[1].2.is_some() && after[1].2 != before[0].2);
        assert_eq!(contents(store), contents(&stores[0]));
        assert_eq!(store.snapshot().expect("snapshot").digest(), stores[0].snapshot().expect("snapshot").digest());
    }
}
