//! Crash loops: starts, exits, roots and members.

use super::*;

const S: i64 = 1_000_000_000;

fn cluster(name: &str) -> Cluster {
    Cluster { key: key(name), entries: 1, ..Cluster::default() }
}

fn key(name: &str) -> ClusterKey {
    ClusterKey { template_id: name.into(), service: "s".into(), ..ClusterKey::default() }
}

const NAMES: [&str; 7] = ["noise", "trace-inner", "trace-outer2", "exit", "trace-a", "trace-b", "other"];

fn number(name: &str) -> u32 {
    NAMES.iter().position(|known| *known == name).expect("a name of the list") as u32
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

fn row(name: &str, instance: &str, ts_ns: i64, event: &str, message: &str) -> StartRow {
    StartRow {
        key: number(name),
        instance: Some(hash(instance) as u32),
        ts_ns,
        event: hash(event),
        head: !name.ends_with('2'),
        exception: name.starts_with("trace"),
        has_text: !message.is_empty(),
        severity: if name == "exit" { Severity::Warning } else { Severity::Error },
        exit: Exits::new(&[]).of(message),
    }
}

fn rows_of(rows: Vec<StartRow>) -> StartRows {
    StartRows { keys: NAMES.iter().map(|name| key(name)).collect(), rows }
}

fn loops(clusters: &[Cluster], rows: Vec<StartRow>) -> Vec<Family> {
    let found = rows_of(rows);
    crash_loops(clusters, &found, &starts(&found), &Coverage::default())
}

fn start(n: i64, cause: &str) -> Vec<StartRow> {
    let (at, i) = (n * 7 * S, format!("i{cause}{n}"));
    vec![
        row("noise", &i, at, &format!("n{i}"), "bad"),
        row(cause, &i, at + S, &format!("t{i}"), "Traceback"),
        row("trace-outer2", &i, at + S + 10, &format!("t{i}"), "Traceback"),
        row("exit", &i, at + 2 * S, &format!("x{i}"), "Container called exit(3)."),
    ]
}

#[test]
fn the_platforms_word_the_runtimes_and_the_configured_one_end_a_start() {
    let rule = |message: &str| ExitRule { message: message.into() };
    let exits = Exits::new(&[rule("bye *"), rule("")]);
    for (message, expected) in [
        ("Container called exit(1).", Exit::Platform),
        ("the process was killed because of memory", Exit::Platform),
        ("bye now", Exit::Platform),
        ("good bye now", Exit::None),
        ("Worker failed to boot.", Exit::Runtime),
        ("memory", Exit::None),
        ("", Exit::None),
    ] {
        assert_eq!(exits.of(message), expected, "{message:?}");
    }
    assert_eq!(Exits::new(&[rule("*")]).of("anything"), Exit::Platform, "a glob without a word matches all the same");
}

#[test]
fn a_loop_has_its_exits_as_events_and_the_first_exception_as_root() {
    let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
    let rows: Vec<_> = (0..5).flat_map(|n| start(n, "trace-inner")).collect();
    let families = loops(&clusters, rows);
    assert_eq!(families.len(), 1);
    let family = &families[0];
    assert_eq!((family.root, family.members.as_slice(), family.times_ns.len()), (1, &[0, 1, 2, 3][..], 5));
    assert_eq!(family.cadence().median_s, Some(7.0));
    assert_eq!(family.lags_ns.get(&3), Some(&S));
}

#[test]
fn the_last_words_of_a_runtime_belong_to_the_start_that_they_end() {
    let clusters = ["trace-inner", "exit", "noise", "other"].map(cluster);
    let rows: Vec<_> = (0..4)
        .flat_map(|n| {
            let (at, i) = (n * 7 * S, format!("i{n}"));
            [
                row("trace-inner", &i, at, &format!("t{i}"), "Traceback"),
                row("exit", &i, at + 10, &format!("x{i}"), "Worker exited with code 3"),
                row("noise", &i, at + 20, &format!("n{i}"), "Shutting down"),
                row("other", &i, at + 30, &format!("o{i}"), "Reason: Worker failed to boot."),
            ]
        })
        .collect();
    let families = loops(&clusters, rows);
    let told: Vec<_> = families.iter().map(|family| (family.root, &family.members[..], family.failed)).collect();
    assert_eq!(told, [(0, &[0, 1, 2, 3][..], 4)]);
}

#[test]
fn starts_whose_errors_have_no_text_do_not_speak_against_a_cluster() {
    let clusters = ["noise", "trace-inner", "trace-outer2", "exit"].map(cluster);
    let blind = |n| {
        let mut rows = start(n, "trace-inner");
        rows.retain(|row| row.key == number("exit"));
        let i = format!("itrace-inner{n}");
        rows.insert(0, row("other", &i, n * 7 * S, &format!("b{i}"), ""));
        rows
    };
    let day = crate::time::DAY_NS;
    let service = super::super::ServiceCoverage {
        severities: [(Severity::Error, vec![(0, day)])].into(),
        intervals: vec![(0, day)],
        ..Default::default()
    };
    let seen = Coverage { services: [("s".to_owned(), service)].into(), ..Coverage::default() };
    let members = |rows: Vec<StartRow>| {
        let found = rows_of(rows);
        crash_loops(&clusters, &found, &starts(&found), &seen).remove(0).members
    };
    assert_eq!(members((0..4).flat_map(blind).chain(start(4, "trace-inner")).collect()), [0, 1, 2, 3]);
    let silent = |n| start(n, "trace-inner").split_off(3);
    assert_eq!(members((0..4).flat_map(silent).chain(start(4, "trace-inner")).collect()), [1, 3], "those do speak");
}

#[test]
fn one_loop_in_two_runs_is_one_family() {
    let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
    let rows: Vec<_> = (0..4).chain(500..504).flat_map(|n| start(n, "trace-inner")).collect();
    let families = loops(&clusters, rows);
    assert_eq!(families.iter().map(|family| (family.root, family.times_ns.len())).collect::<Vec<_>>(), [(1, 8)]);
}

#[test]
fn two_exits_are_no_loop_but_their_errors_stand_in_failing_starts() {
    let clusters = [cluster("noise"), cluster("trace-inner"), cluster("trace-outer2"), cluster("exit")];
    let rows: Vec<_> = (0..2).flat_map(|n| start(n, "trace-inner")).collect();
    assert!(loops(&clusters, rows.clone()).is_empty());
    let found = rows_of(rows);
    assert_eq!(failing_starts(&clusters, &found, &starts(&found)), BTreeSet::from([0, 1, 2]));
}

#[test]
fn two_loops_with_other_exceptions_and_the_same_exit_are_two_families() {
    let clusters = [cluster("trace-a"), cluster("trace-b"), cluster("exit"), cluster("noise"), cluster("trace-outer2")];
    let rows: Vec<_> =
        (0..4).flat_map(|n| start(n, "trace-a")).chain((4..8).flat_map(|n| start(n, "trace-b"))).collect();
    let families = loops(&clusters, rows);
    assert_eq!(
        families.iter().map(|family| (family.root, family.times_ns.len())).collect::<Vec<_>>(),
        [(0, 4), (1, 4)]
    );
    for (family, first) in families.iter().zip([0, 4]) {
        assert_eq!(family.members[1..], [2, 3, 4], "what stands in the starts of both is of both");
        let own = Share { entries: 4, events: 4, first_ns: first * 7 * S + 2 * S };
        assert_eq!(family.shared.get(&2), Some(&own), "each has its own exits");
    }
}

#[test]
fn words_of_the_platform_for_one_exit_are_of_one_loop_and_the_first_is_its_root() {
    let clusters = ["exit", "other"].map(cluster);
    let rows = (0..3).flat_map(|n| {
        let (at, i) = (n * 60 * S, format!("i{n}"));
        let limit = StartRow {
            severity: Severity::Error,
            ..row("other", &i, at, &format!("m{n}"), "Memory limit of 512 MiB exceeded")
        };
        [limit, row("exit", &i, at + S / 2, &format!("x{n}"), "Container terminated on signal 9.")]
    });
    let families = loops(&clusters, rows.collect());
    let told: Vec<_> = families.iter().map(|family| (family.root, &family.members[..], family.failed)).collect();
    assert_eq!(told, [(1, &[0, 1][..], 3)]);
    assert_eq!((families[0].rooted, families[0].lags_ns[&0]), (0, S / 2));
}
