//! What a store promises, over whole calls.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::computed::Computed;
use super::files::FileList;
use super::fixture::{DAY_ONE, Dump, MS, append, append_with, error, folder, input, row, store_of};
use super::rows::{DictCol, IntCol, Rows, TextCol};
use super::*;
use crate::record::{Identity, LogRecord, Severity, Split, payload_hash};
use crate::time::DAY_NS;

/// Rows of the files of one role, as queries see them, in order.
pub(super) fn blocks_of(store: &Store, role: Role) -> Vec<(Rows, Option<Computed>)> {
    let snapshot = store.snapshot().expect("snapshot");
    let files = FileList::default();
    let mut out = Vec::new();
    for file in snapshot.manifest.all_files().filter(|file| file.role == role) {
        let path = store.root().join(&file.path);
        for batch in parquet_file::batches(&path, 1 << 16).expect("opens") {
            let batch = batch.expect("reads");
            let rows = decode::rows_joined(&batch, &path, &files).expect("rows");
            out.push((rows, decode::computed(&batch, &path).expect("columns")));
        }
    }
    out
}

/// Everything that the store's files say, as text, in order.
pub(super) fn contents(store: &Store) -> Vec<String> {
    let mut out = Vec::new();
    for role in [Role::Rows, Role::Parts, Role::SetAside] {
        for (rows, computed) in blocks_of(store, role) {
            for at in 0..rows.len() {
                let found = computed.as_ref().map(|computed| {
                    (
                        computed.sig[at],
                        computed.role[at],
                        computed.rows_in_event[at],
                        computed.event_id.get(at).to_owned(),
                        computed.exception.get(at).map(str::to_owned),
                        computed.stack.get(at).map(str::to_owned),
                    )
                });
                out.push(format!("{role:?} {} {found:?}", described(&rows, at)));
            }
        }
    }
    out
}

fn described(rows: &Rows, at: usize) -> String {
    let ints: Vec<i64> = IntCol::ALL.iter().map(|column| rows.int(*column, at)).collect();
    let words: Vec<Option<&str>> = DictCol::ALL.iter().map(|column| rows.word(*column, at)).collect();
    let texts: Vec<&str> = TextCol::ALL.iter().map(|column| rows.text(*column, at)).collect();
    format!("{} {ints:?} {words:?} {texts:?} {:x}", rows.ts_ns[at], rows.content_hash(at))
}

/// Messages of the rows that queries see, in order of days.
pub(super) fn messages(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot().expect("snapshot");
    let files = FileList::default();
    let mut out = Vec::new();
    for path in snapshot.files(None) {
        for batch in parquet_file::batches(&path, 1 << 16).expect("opens") {
            let rows = decode::rows_joined(&batch.expect("reads"), &path, &files).expect("rows");
            out.extend((0..rows.len()).map(|at| rows.text(TextCol::Message, at).to_owned()));
        }
    }
    out
}

#[test]
fn ingesting_twice_adds_nothing() {
    let folder = folder();
    let call = || {
        vec![input(
            1,
            vec![row(DAY_ONE, "a", "started"), error(DAY_ONE + MS, "b", "failed"), row(DAY_ONE, "a", "started")],
        )]
    };
    let mut store = store_of(&folder, Vec::new());
    let first = append(&mut store, call());
    assert_eq!((first.total.entries, first.total.unique, first.total.duplicates), (3, 2, 1));
    assert_eq!(first.files.iter().next().expect("a file").duplicates, 1);
    let (before, manifest) = (store.snapshot().expect("snapshot").digest(), store.manifest.clone());
    let second = append(&mut store, call());
    assert_eq!((second.total.unique, second.files.iter().next().expect("a file").duplicates), (2, 3));
    assert_eq!(store.snapshot().expect("snapshot").digest(), before);
    assert_eq!(store.manifest, manifest);
    assert!(store.has_content(&ContentId([1; 32])));
    assert_eq!(store.known_file(Path::new("dump-1.json"), 100, 7), Some(ContentId([1; 32])));
    assert_eq!(store.known_file(Path::new("dump-1.json"), 100, 8), None);
}

#[test]
fn the_richer_duplicate_wins_in_any_order_and_other_bodies_are_conflicts() {
    let poor = || input(1, vec![LogRecord { payload_rank: 0, payload_hash: Some(0), ..row(DAY_ONE, "a", "") }]);
    let damaged = || input(2, vec![LogRecord { lossy: 3, ..row(DAY_ONE + 1, "a", "caf???") }]);
    let whole = || input(3, vec![row(DAY_ONE + 2, "a", "café")]);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let folder = folder();
        let calls = order.map(|at| vec![[poor(), damaged(), whole()][at].clone()]);
        let store = store_of(&folder, calls.to_vec());
        assert_eq!(messages(&store), ["café"]);
        assert_eq!(blocks_of(&store, Role::Rows)[0].0.ts_ns, [DAY_ONE + 2]);
        let snapshot = store.snapshot().expect("snapshot");
        let conflicts = snapshot.conflicts();
        assert_eq!(conflicts.len(), 1, "{order:?}");
        assert_eq!(conflicts[0].file, ContentId([2; 32]).to_string());
        assert_eq!(
            snapshot.sources().iter().map(|source| (source.kept, source.report.conflicts)).collect::<Vec<_>>(),
            [(0, 0), (0, 1), (1, 0)]
        );
    }
}

#[test]
fn a_call_counts_conflicts_of_its_own_files() {
    let folder = folder();
    let mut store = store_of(&folder, vec![vec![input(1, vec![row(DAY_ONE, "a", "one body")])]]);
    let added = append(&mut store, vec![input(2, vec![row(DAY_ONE, "a", "another body")])]);
    assert_eq!(
        (added.files.iter().next().expect("a file").conflicts, added.files.iter().next().expect("a file").duplicates),
        (1, 1)
    );
}

#[test]
fn repeats_without_an_id_survive_and_overlaps_collapse() {
    let same = || LogRecord { insert_id: None, content_hash: 9, ..row(DAY_ONE, "", "tick") };
    for order in [[3, 2], [2, 3]] {
        let folder = folder();
        let calls = order.map(|n| vec![input(n, (0..n).map(|_| same()).collect())]);
        let store = store_of(&folder, calls.to_vec());
        assert_eq!(messages(&store).len(), 3);
    }
}

#[test]
fn an_id_that_promises_nothing_does_not_make_other_contents_one_entry() {
    let entry =
        |content: u128| LogRecord { identity: Identity::Content, content_hash: content, ..row(DAY_ONE, "1", "login") };
    for order in [[0, 1], [1, 0]] {
        let folder = folder();
        let files =
            [input(1, vec![entry(7), entry(8), entry(7)]), input(2, vec![entry(7), entry(9), row(DAY_ONE, "1", "x")])];
        let mut files: Vec<_> = files.into_iter().map(Some).collect();
        let calls = order.map(|at: usize| vec![files[at].take().expect("each once")]);
        let store = store_of(&folder, calls.to_vec());
        // Twice in one file is two entries; an id of Google's beside them is another entry.
        assert_eq!(messages(&store).len(), 5);
        assert_eq!(store.snapshot().expect("snapshot").verify().expect("verifies"), []);
    }
}

#[test]
fn a_late_file_rewrites_only_its_days() {
    let folder = folder();
    let mut store =
        store_of(&folder, vec![vec![input(1, vec![row(DAY_ONE, "a", "x"), row(DAY_ONE + DAY_NS, "b", "y")])]]);
    let before = store.manifest.days.clone();
    append(&mut store, vec![input(2, vec![row(DAY_ONE + DAY_NS + MS, "c", "z")])]);
    let day = crate::time::day_of(DAY_ONE);
    assert_eq!(store.manifest.days[&day], before[&day]);
    assert_ne!(store.manifest.days[&(day + 1)], before[&(day + 1)]);
    assert_eq!(store.manifest.days[&(day + 1)].count(Role::Rows), 2);
}

#[test]
fn replaced_files_go_when_nobody_reads_and_stay_while_somebody_does() {
    let folder = folder();
    let mut store = store_of(&folder, vec![vec![input(1, vec![row(DAY_ONE, "a", "x")])]]);
    let reader = store.snapshot().expect("snapshot");
    let old = reader.files(None);
    append(&mut store, vec![input(2, vec![row(DAY_ONE + 1, "b", "y")])]);
    assert!(old.iter().all(|file| file.exists()));
    drop(reader);
    append(&mut store, Vec::new());
    assert!(old.iter().all(|file| !file.exists()));
}

#[test]
fn what_a_killed_run_left_changes_nothing_and_is_removed() {
    let folder = folder();
    let mut store = store_of(&folder, vec![vec![input(1, vec![row(DAY_ONE, "a", "x")])]]);
    let manifest = store.root().join(layout::MANIFEST);
    let (digest, before) = (store.snapshot().expect("snapshot").digest(), std::fs::read(&manifest).expect("manifest"));
    // A second call up to its last step: a reader keeps it from removing what it replaced, and the manifest is put back.
    let reader = store.snapshot().expect("snapshot");
    append(&mut store, vec![input(2, vec![row(DAY_ONE + 1, "b", "y")])]);
    let left = store.snapshot().expect("snapshot").files(None);
    std::fs::write(&manifest, &before).expect("manifest");
    drop(reader);

    let mut store = Store::open(store.root()).expect("opens");
    let snapshot = store.snapshot().expect("snapshot");
    assert_eq!(snapshot.digest(), digest);
    assert_eq!(snapshot.verify().expect("verifies"), []);
    assert!(!store.has_content(&ContentId([2; 32])));
    drop(snapshot);
    append(&mut store, Vec::new());
    assert!(left.iter().all(|file| !file.exists()));
}

#[test]
fn a_second_writer_is_told_to_wait_and_a_newer_format_is_refused() {
    let folder = folder();
    let mut store = store_of(&folder, Vec::new());
    let lock = layout::writer_lock(store.root()).expect("lock");
    let refused = append_with(&mut store, Vec::new(), &AppendOptions::default()).expect_err("is locked");
    assert!(matches!(refused, StoreError::Locked { .. }) && refused.to_string().contains("wait"));
    drop(lock);
    let newer = Manifest { version: 99, ..Manifest::default() };
    newer.save(&store.root).expect("saves");
    let refused = Store::open(store.root()).expect_err("is newer").to_string();
    assert!(refused.contains("99") && refused.contains(&FORMAT_VERSION.to_string()), "{refused}");
}

#[test]
fn a_store_of_the_layout_before_is_read_and_brought_up_to_date_by_the_next_write() {
    let (first, second) = (folder(), folder());
    let one = || input(1, vec![error(DAY_ONE, "a", "no"), row(DAY_ONE + MS, "b", "yes")]);
    let other = || input(2, vec![row(DAY_ONE + DAY_NS, "c", "late")]);
    let mut store = store_of(&first, vec![vec![one()]]);
    let mut old = store.manifest.clone();
    old.version = 1;
    old.days.values_mut().for_each(|day| "over columns".clone_into(&mut day.rows_digest));
    old.save(&store.root).expect("saves");
    assert!(store.snapshot().expect("is read").verify().expect("reads").is_empty());
    append(&mut store, vec![other()]);
    assert_eq!(store.manifest.version, FORMAT_VERSION);
    let snapshot = store.snapshot().expect("snapshot");
    assert!(snapshot.verify().expect("reads").is_empty());
    assert_eq!(snapshot.digest(), store_of(&second, vec![vec![one(), other()]]).snapshot().expect("snapshot").digest());
}

#[test]
fn a_folder_without_a_store_is_named_and_left_as_it_is() {
    let folder = folder();
    for error in
        [Store::open(folder.path()).expect_err("no store"), Snapshot::open(folder.path()).expect_err("no store")]
    {
        assert!(error.to_string().starts_with("no store in "), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 0);
}

#[test]
fn a_folder_with_other_peoples_files_does_not_become_a_store() {
    let folder = folder();
    let file = folder.path().join("ledger").join("accounts.txt");
    std::fs::create_dir(folder.path().join("ledger")).expect("makes");
    std::fs::write(&file, "mine").expect("writes");
    assert!(matches!(Store::create_or_open(folder.path()), Err(StoreError::Foreign { .. })));
    assert!(file.exists());
}

#[test]
fn rows_that_are_set_aside_are_counted_and_in_no_file_that_queries_read() {
    let folder = folder();
    let undated = LogRecord { ts_ns: None, ..row(0, "a", "no time") };
    let ruled = LogRecord { set_aside: true, ..row(DAY_ONE, "b", "collector's own") };
    let mut store = store_of(&folder, vec![vec![input(1, vec![undated, ruled, row(DAY_ONE, "c", "kept")])]]);
    append(&mut store, vec![input(2, vec![row(DAY_ONE + 1, "d", "later")])]);
    let snapshot = store.snapshot().expect("snapshot");
    let stats = snapshot.stats();
    assert_eq!((stats.unique, stats.set_aside, stats.rows), (4, 2, 2));
    assert_eq!(messages(&store), ["kept", "later"]);
    assert_eq!(snapshot.files(None).len(), 1);
    assert_eq!(snapshot.verify().expect("verifies"), []);
}

#[test]
fn the_entry_itself_is_kept_for_warnings_and_for_pieces_of_stacks() {
    let folder = folder();
    let quiet = row(DAY_ONE, "a", "all is well");
    let piece = row(DAY_ONE + MS, "b", "During handling of the above exception, another exception occurred:");
    let store = store_of(&folder, vec![vec![input(1, vec![quiet, piece, error(DAY_ONE + 2 * MS, "c", "broken")])]]);
    let rows = &blocks_of(&store, Role::Rows)[0].0;
    assert_eq!([0, 1, 2].map(|at| !rows.text(TextCol::Raw, at).is_empty()), [false, true, true]);
}

#[test]
fn a_content_under_two_names_is_listed_once_under_the_least() {
    let folder = folder();
    let mut store = store_of(&folder, vec![vec![input(1, vec![row(DAY_ONE, "a", "x")])]]);
    let named = Named {
        content_id: ContentId([1; 32]),
        name: "a-copy.json",
        disk_path: Path::new("/x/a-copy.json"),
        bytes: 100,
        mtime_ns: 1,
    };
    store.add_names(&[named]).expect("names");
    let snapshot = store.snapshot().expect("snapshot");
    let sources = snapshot.sources();
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].report.path, "a-copy.json");
    assert_eq!(sources[0].names, ["a-copy.json", "dump-1.json"]);
}

#[test]
fn an_empty_store_answers_everything() {
    let folder = folder();
    let store = store_of(&folder, vec![vec![input(1, Vec::new())]]);
    let snapshot = store.snapshot().expect("snapshot");
    assert_eq!((snapshot.range(), snapshot.files(None).len(), snapshot.deploys().len()), (None, 0, 0));
    assert!(snapshot.signature_table(None).expect("table").to_rows().is_empty());
    assert_eq!(snapshot.stats().sources, 1);
    assert_eq!(snapshot.verify().expect("verifies"), []);
}

#[test]
fn the_signature_table_is_cut_to_the_moment() {
    let folder = folder();
    let rows = (0..10).map(|n| row(DAY_ONE + n * MS, &format!("r{n}"), "tick")).collect();
    let store = store_of(&folder, vec![vec![input(1, rows)]]);
    let snapshot = store.snapshot().expect("snapshot");
    let count =
        |up_to| snapshot.signature_table(up_to).expect("table").to_rows().iter().map(|row| row.count).sum::<i64>();
    assert_eq!(
        (count(None), count(Some(DAY_ONE + 4 * MS)), count(Some(DAY_ONE)), count(Some(DAY_ONE + DAY_NS))),
        (10, 4, 0, 10)
    );
}

#[test]
fn summaries_count_hours_and_intervals_without_joiners() {
    let folder = folder();
    let minute = 60_000 * MS;
    let rows = vec![
        row(DAY_ONE, "a", "tick"),
        row(DAY_ONE + 10 * minute, "b", "tick"),
        row(DAY_ONE + 70 * minute, "c", "tick"),
        row(DAY_ONE + 80 * minute, "d", "During handling of the above exception, another exception occurred:"),
    ];
    let store = store_of(&folder, vec![vec![input(1, rows)]]);
    let summary = store.snapshot().expect("snapshot").summary(None).expect("summary");
    assert_eq!(summary.len(), 1);
    assert_eq!((summary[0].rows, summary[0].hours[0], summary[0].hours[1]), (3, 2, 1));
    assert_eq!(
        summary[0].intervals,
        [(DAY_ONE, DAY_ONE + 10 * minute), (DAY_ONE + 70 * minute, DAY_ONE + 70 * minute)]
    );
}

#[test]
fn damage_is_found_and_named() {
    let folder = folder();
    let store = store_of(&folder, vec![vec![input(1, vec![row(DAY_ONE, "a", "x")])]]);
    let snapshot = store.snapshot().expect("snapshot");
    let file = snapshot.files(None)[0].clone();
    let mut bytes = std::fs::read(&file).expect("reads");
    bytes[40] ^= 1;
    std::fs::write(&file, bytes).expect("writes");
    let defects = snapshot.verify().expect("verifies");
    assert_eq!(defects.len(), 1);
    assert_eq!(defects[0].path, file);
}

#[test]
fn every_column_survives_the_way_to_disk_and_back() {
    use crate::record::{DeployMark, Http, Kind};
    let full = LogRecord {
        ts_naive: true,
        receive_ns: Some(DAY_ONE + 9),
        severity: Severity::Notice,
        effective_severity: Severity::Critical,
        effective_reason: Some("level in the text"),
        kind: Kind::Audit,
        resource_type: Some("t".into()),
        location: Some("l".into()),
        revision: Some("r".into()),
        trace: Some("tr".into()),
        span: Some("sp".into()),
        module: Some("m".into()),
        function: Some("f".into()),
        line: Some(3),
        user: Some("u".into()),
        labels: Some("{}".into()),
        http: Some(Http {
            method: Some("GET".into()),
            host: Some("h".into()),
            path: Some("/p".into()),
            status: Some(200),
            latency_ns: Some(5),
        }),
        deploy: Some(Box::new(DeployMark {
            revision: Some("r".into()),
            outcome: "failed",
            by: Some("ann".into()),
            message: Some("no".into()),
        })),
        lossy: 2,
        ..row(DAY_ONE + 1, "full", "text\nwith lines")
    };
    let mut expected = Rows::default();
    let role = crate::mine::row_role(&full.message);
    expected.push(0, &LogRecord { offset: 0, length: 10, ..full.clone() }, &[], role);
    let folder = folder();
    let store = store_of(&folder, vec![vec![input(1, vec![full])]]);
    assert_eq!(described(&blocks_of(&store, Role::Rows)[0].0, 0), described(&expected, 0));
    let deploys = store.snapshot().expect("snapshot").deploys();
    assert_eq!((deploys[0].outcome.as_str(), deploys[0].by.as_deref()), ("failed", Some("ann")));
}

#[test]
fn a_deploy_is_ok_if_any_row_says_so_and_failed_before_unknown() {
    let mark = |n: i64, revision: &str, outcome| LogRecord {
        deploy: Some(Box::new(crate::record::DeployMark {
            revision: Some(revision.into()),
            outcome,
            by: None,
            message: None,
        })),
        ..row(DAY_ONE + n * DAY_NS, &format!("{revision}{n}"), "deploy")
    };
    let folder = folder();
    let rows = vec![
        mark(0, "r1", "unknown"),
        mark(1, "r1", "failed"),
        mark(2, "r1", "ok"),
        mark(0, "r2", "failed"),
        mark(1, "r2", "unknown"),
    ];
    let store = store_of(&folder, vec![vec![input(1, rows)]]);
    let found: BTreeMap<String, (String, i64)> = store
        .snapshot()
        .expect("snapshot")
        .deploys()
        .into_iter()
        .map(|deploy| (deploy.revision, (deploy.outcome, deploy.at_ns)))
        .collect();
    assert_eq!(found["r1"], ("ok".into(), DAY_ONE));
    assert_eq!(found["r2"], ("failed".into(), DAY_ONE));
}

#[test]
fn a_deploy_is_by_the_one_person_who_gave_a_command_just_before() {
    let mark = |minute: i64, revision: Option<&str>, by: Option<&str>| LogRecord {
        deploy: Some(Box::new(crate::record::DeployMark {
            revision: revision.map(str::to_owned),
            outcome: "unknown",
            by: by.map(str::to_owned),
            message: None,
        })),
        service: Some(if by == Some("stranger") { "mail".into() } else { "shop".into() }),
        ..row(DAY_ONE + minute * 60 * crate::time::SECOND_NS, &format!("{minute}"), "deploy")
    };
    // The command of the first one stands on the day before its answer; a row of its own names who asked for the fourth.
    let rows = vec![
        mark(-1, None, Some("ann")),
        mark(1, Some("r1"), None),
        mark(2, Some("r2"), None),
        mark(30, None, Some("ann")),
        mark(31, None, Some("bob")),
        mark(32, Some("r3"), None),
        mark(33, None, Some("ann")),
        mark(34, Some("r4"), Some("eve")),
        mark(40, None, Some("bob")),
        mark(41, None, Some("stranger")),
        mark(50, Some("r5"), None),
        mark(60, None, Some("bob")),
        mark(80, Some("r6"), None),
    ];
    let folder = folder();
    let store = store_of(&folder, vec![vec![input(1, rows)]]);
    let found = store.snapshot().expect("snapshot").deploys();
    let by: Vec<(&str, Option<&str>)> =
        found.iter().map(|deploy| (deploy.revision.as_str(), deploy.by.as_deref())).collect();
    let nobody = |revision| (revision, None);
    assert_eq!(
        by,
        [("r1", Some("ann")), nobody("r2"), nobody("r3"), ("r4", Some("eve")), ("r5", Some("bob")), nobody("r6")]
    );
}

/// Few ids, times, bodies and severities, so that everything collides: duplicates, conflicts, joiners, two days, no time.
pub(super) fn any_record() -> impl Strategy<Value = LogRecord<'static>> {
    let texts = prop::sample::select(vec![
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad",
        "During handling of the above exception, another exception occurred:",
        "    at handler (/app/index.js:10:5)",
        "  File \"/app/a.py\", line 3, in f",
        "ValueError: bad",
        "APPLICATION FAILED TO START",
        "order 17 failed",
        "",
    ]);
    (
        0..6_i64,
        prop::option::weighted(0.7, 0..5_u8),
        texts,
        0..2_i32,
        prop::bool::weighted(0.1),
        prop::option::weighted(0.1, 0..3_i32),
    )
        .prop_map(|(at, id, text, lossy, undated, split)| LogRecord {
            ts_ns: (!undated).then_some(DAY_ONE + DAY_NS - 3 * MS + at * MS),
            insert_id: id.map(|id| format!("id{id}").into()),
            lossy,
            payload_rank: if text.is_empty() { 0 } else { 2 },
            content_hash: crate::record::hash128(&[text.as_bytes(), &at.to_le_bytes(), &[u8::from(undated)]]),
            payload_hash: Some(payload_hash(text, "", "", Some(lossy))),
            severity: if at % 2 == 0 { Severity::Error } else { Severity::Default },
            effective_severity: if at % 2 == 0 { Severity::Error } else { Severity::Default },
            split: split.map(|index| Split { uid: "u".into(), index, total: 3 }),
            ..row(0, "", text)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_partition_of_inputs_gives_the_same_store(
        inputs in prop::collection::vec(prop::collection::vec(any_record(), 0..6), 1..5),
        seed in any::<u64>(),
    ) {
        let inputs: Vec<Dump> = inputs.into_iter().zip(1_u8..).map(|(rows, number)| input(number, rows)).collect();
        let (one, many) = (folder(), folder());
        let once = store_of(&one, vec![inputs.clone()]);
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|at| hash128(&[&seed.to_le_bytes(), &at.to_le_bytes()]));
        let mut calls: Vec<Vec<Dump>> = Vec::new();
        for (step, at) in order.into_iter().enumerate() {
            if step == 0 || (seed >> step) & 1 == 0 {
                calls.push(Vec::new());
            }
            calls.last_mut().expect("the first step opens a call").push(inputs[at].clone());
        }
        calls.push(inputs.clone());
        let stepwise = store_of(&many, calls);
        prop_assert_eq!(contents(&once), contents(&stepwise));
        let (a, b) = (once.snapshot().expect("snapshot"), stepwise.snapshot().expect("snapshot"));
        prop_assert_eq!(a.digest(), b.digest());
        prop_assert_eq!(a.conflicts(), b.conflicts());
        prop_assert_eq!(a.sources(), b.sources());
        prop_assert_eq!(a.stats(), b.stats());
        prop_assert_eq!(&a.manifest, &b.manifest);
        prop_assert_eq!(a.verify().expect("verifies"), vec![]);
    }

    #[test]
    fn rows_that_waited_on_disk_give_the_same_store(
        inputs in prop::collection::vec(prop::collection::vec(any_record(), 0..8), 1..5),
        // With little, all rows are put aside; with somewhat more, days are compacted before their time.
        memory_bytes in prop_oneof![Just(1_usize), 4_000_usize..40_000],
    ) {
        let inputs: Vec<Dump> = inputs.into_iter().zip(1_u8..).map(|(rows, number)| input(number, rows)).collect();
        let (one, other) = (folder(), folder());
        let mut in_memory = store_of(&one, Vec::new());
        let said = append(&mut in_memory, inputs.clone());
        let mut on_disk = store_of(&other, Vec::new());
        let options = AppendOptions { memory_bytes, ..AppendOptions::default() };
        let also = append_with(&mut on_disk, inputs, &options).expect("appends");
        prop_assert_eq!(&said.total, &also.total);
        let duplicates = |said: &Appended| said.files.iter().map(|file| file.duplicates).collect::<Vec<_>>();
        prop_assert_eq!(duplicates(&said), duplicates(&also));
        let conflicts = |said: &Appended| said.files.iter().map(|file| file.conflicts).sum::<u64>();
        prop_assert_eq!(conflicts(&said) == 0, conflicts(&also) == 0);
        prop_assert_eq!(contents(&in_memory), contents(&on_disk));
        let (a, b) = (in_memory.snapshot().expect("snapshot"), on_disk.snapshot().expect("snapshot"));
        prop_assert_eq!(a.digest(), b.digest());
        prop_assert_eq!(a.conflicts(), b.conflicts());
        prop_assert_eq!(a.sources(), b.sources());
        prop_assert_eq!(std::fs::read_dir(on_disk.root().join("raw")).expect("lists").count(), 0);
    }
}

use crate::record::hash128;
