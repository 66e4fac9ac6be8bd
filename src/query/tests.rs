//! Queries over small stores.

use super::*;
use crate::mine::templates;
use crate::record::{DeployMark, Http, Kind, LogRecord, Severity};
use crate::store::Store;
use crate::store::fixture::{DAY_ONE, MS, error, folder, input, row, store_of};
use crate::time::{DAY_NS, HOUR_NS};

const JOINER: &str = "During handling of the above exception, another exception occurred:";
const TRACE: &str = "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad";
const CAUSED: &str = "Traceback (most recent call last):\n  File \"/app/b.py\", line 9, in h\n    f()\nKeyError: 7";

fn engine(store: &Store, window: Option<Window>, services: &[String]) -> (Snapshot, Engine) {
    let snapshot = store.snapshot().expect("snapshot");
    let set = templates(&snapshot.signature_table(None).expect("table"));
    let window = window.or_else(|| snapshot.whole()).unwrap_or(Window { since_ns: 0, until_ns: 1 });
    let engine = Engine::open(&snapshot, &set, window, EngineOptions { services }).expect("opens");
    (snapshot, engine)
}

fn busy(folder: &tempfile::TempDir) -> Store {
    let request = LogRecord {
        http: Some(Http {
            method: Some("GET".into()),
            path: Some("/cart".into()),
            status: Some(503),
            latency_ns: Some(3 * MS),
            host: Some("shop.example".into()),
        }),
        trace: Some("t1".into()),
        severity: Severity::Error,
        effective_severity: Severity::Error,
        ..row(DAY_ONE + 4 * MS, "q", "")
    };
    let deploy = LogRecord {
        deploy: Some(Box::new(DeployMark {
            revision: Some("shop-2".into()),
            outcome: "failed",
            by: None,
            message: Some("no port".into()),
        })),
        revision: Some("shop-2".into()),
        ..row(DAY_ONE + DAY_NS, "d", "replace")
    };
    let other = LogRecord { service: Some("Mail".into()), ..row(DAY_ONE + 2 * HOUR_NS, "m", "sent 3 letters") };
    let rows = vec![
        error(DAY_ONE, "a", TRACE),
        row(DAY_ONE + MS, "b", JOINER),
        error(DAY_ONE + 2 * MS, "c", CAUSED),
        request,
        deploy,
        other,
        LogRecord { kind: Kind::Audit, ..row(DAY_ONE + HOUR_NS, "u", "Services.Replace") },
        row(DAY_ONE + 3 * HOUR_NS, "x1", "Container called exit(3)."),
        row(DAY_ONE + 3 * HOUR_NS + 7_000 * MS, "x2", "Container called exit(3)."),
    ];
    store_of(folder, vec![vec![input(1, rows)]])
}

fn n(engine: &Engine, sql: &str) -> i64 {
    engine.sql(sql).expect(sql).i64("n").expect("n")[0].expect("not null")
}

#[test]
fn counts_rows_events_and_failed_deploys() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    assert_eq!(n(&engine, "SELECT COUNT(*) AS n FROM rows"), 9);
    assert_eq!(n(&engine, "SELECT COUNT(*) AS n FROM rows WHERE event_role = 'joiner'"), 1);
    assert_eq!(n(&engine, "SELECT COUNT(DISTINCT event_id) AS n FROM rows WHERE event_role = 'joiner'"), 1);
    assert_eq!(n(&engine, "SELECT COUNT(DISTINCT revision) AS n FROM deploys WHERE outcome = 'failed'"), 1);
    assert_eq!(n(&engine, "SELECT SUM(rows) AS n FROM summary"), 8);
}

#[test]
fn derived_columns_say_what_the_integers_mean() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    let table =
        engine.sql("SELECT ts, day, hour, hour_ns, severity_name FROM rows WHERE insert_id = 'm'").expect("runs");
    assert_eq!(table.str("ts").expect("ts")[0].as_deref(), Some("2025-09-15T02:00:00Z"));
    assert_eq!(table.str("day").expect("day")[0].as_deref(), Some("2025-09-15"));
    assert_eq!(table.i64("hour").expect("hour")[0], Some(2));
    assert_eq!(table.i64("hour_ns").expect("hour_ns")[0], Some(DAY_ONE + 2 * HOUR_NS));
    assert_eq!(table.str("severity_name").expect("severity_name")[0].as_deref(), Some("DEFAULT"));
}

#[test]
fn the_window_and_the_services_are_cut_before_the_query() {
    let folder = folder();
    let store = busy(&folder);
    let window = Window::new(DAY_ONE + 2 * MS, DAY_ONE + 3 * HOUR_NS + 1).expect("window");
    let (_snapshot, cut) = engine(&store, Some(window), &[]);
    assert_eq!(n(&cut, "SELECT COUNT(*) AS n FROM rows"), 5);
    // The cut hours are counted from rows, whole ones from the sketch: both agree.
    assert_eq!(n(&cut, "SELECT SUM(rows) AS n FROM summary"), 5);
    assert_eq!(n(&cut, "SELECT COUNT(*) AS n FROM deploys"), 0);
    let (_snapshot, mail) = engine(&store, None, &["mail".to_owned()]);
    assert_eq!(n(&mail, "SELECT COUNT(*) AS n FROM rows"), 1);
    assert_eq!(n(&mail, "SELECT SUM(rows) AS n FROM summary"), 1);
    assert_eq!(n(&mail, "SELECT COUNT(*) AS n FROM deploys"), 0);
}

#[test]
fn every_named_query_runs_on_a_busy_and_on_an_empty_store() {
    let (one, two) = (folder(), folder());
    let busy = busy(&one);
    let empty = store_of(&two, Vec::new());
    for (name, sql) in NAMED {
        let (_snapshot, full) = engine(&busy, None, &[]);
        let table = full.sql(sql).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!table.is_empty(), "{name} finds nothing");
        let (_snapshot, none) = engine(&empty, None, &[]);
        let nothing = none.sql(sql).unwrap_or_else(|error| panic!("{name} on an empty store: {error}"));
        assert!(nothing.is_empty(), "{name}");
        let names = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&table), names(&nothing), "{name}");
        for column in &table.columns {
            assert!(
                sql.split("SELECT").next().expect("head").contains(&column.name),
                "{name}: header does not name {}",
                column.name
            );
        }
        let again = full.sql(sql).expect("runs");
        assert_eq!(table, again, "{name}");
    }
}

#[test]
fn named_queries_keep_to_the_dialect() {
    for (name, sql) in NAMED {
        let code: String = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        assert!(sql.starts_with("-- "), "{name} has no header");
        assert!(sql.contains("\n-- Output: "), "{name} names no output");
        assert!(code.contains("ORDER BY"), "{name} is not ordered");
        assert_eq!(
            code.matches("COUNT(").count(),
            code.matches("CAST(COUNT(").count(),
            "{name}: counts wrap below zero without a cast"
        );
        assert_eq!(
            code.matches("ROW_NUMBER(").count(),
            code.matches("CAST(ROW_NUMBER(").count(),
            "{name}: row numbers wrap below zero without a cast"
        );
        for banned in ["\"", "LENGTH(", "QUALIFY", "EXTRACT", "STRFTIME", "DATE_TRUNC", "~"] {
            assert!(!code.contains(banned), "{name} uses {banned}");
        }
    }
}

#[test]
fn exits_tell_the_seconds_between_them() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    let exits = engine.sql(named("exits.sql").expect("is there")).expect("runs");
    assert_eq!(exits.f64("gap_s").expect("gap_s"), [None, Some(7.0)]);
}

#[test]
fn the_described_columns_are_the_columns() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    for info in tables() {
        let table = engine.sql(&format!("SELECT * FROM {}", info.name)).expect("runs");
        let found: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let mut described: Vec<&str> = info.columns.iter().map(|column| column.0).collect();
        described.sort_unstable();
        let mut sorted = found.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, described, "{}", info.name);
    }
    assert!(tables_text().contains("effective_severity"));
}

#[test]
fn mistakes_are_answered_with_names_and_files_are_refused() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    let error = engine.sql("SELECT nothing_such FROM rows").expect_err("no such column").to_string();
    assert!(error.contains("nothing_such"), "{error}");
    for query in ["SELECT * FROM read_parquet('s3://x/y')", "SELECT * FROM READ_CSV('/etc/passwd')"] {
        assert!(matches!(engine.sql(query), Err(QueryError::OutsideTable { .. })), "{query}");
    }
    let hidden = "SELECT 1 AS \"--\" FROM \"read_parquet\"/**/('x')";
    assert!(matches!(engine.sql(hidden), Err(QueryError::OutsideTable { .. })));
    assert_eq!(n(&engine, "SELECT 1 - 2 AS n FROM report_window -- a remark"), -1);
}

#[test]
fn tables_are_written_for_other_engines() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    let files = engine.export(&folder.path().join("out"), true).expect("writes");
    assert_eq!(files.len(), tables().len());
    assert!(files.iter().all(|file| file.metadata().is_ok_and(|meta| meta.len() > 0)));
}

#[test]
fn parts_of_a_window_are_cut_for_sql_and_for_the_walk_alike() {
    let folder = folder();
    let store = busy(&folder);
    let parts = |windows: &[Window]| {
        let (_snapshot, engine) = engine(&store, None, &[]);
        let engine = engine.within(windows);
        let walked: u64 = engine.sizes().expect("sizes").clusters.iter().map(|cluster| cluster.entries).sum();
        (n(&engine, "SELECT COUNT(*) AS n FROM rows WHERE event_role IN ('head', 'traceback')"), walked)
    };
    let window = |since_ns, until_ns| Window { since_ns, until_ns };
    assert_eq!(parts(&[]), (0, 0));
    // One letter, and the first of two exits.
    let some = [
        window(DAY_ONE + 2 * HOUR_NS, DAY_ONE + 2 * HOUR_NS + 1),
        window(DAY_ONE + 3 * HOUR_NS, DAY_ONE + 3 * HOUR_NS + MS),
    ];
    assert_eq!(parts(&some), (2, 2));
}

#[test]
fn what_clusters_reach_is_counted_once_over_all_of_them() {
    let folder = folder();
    let (_snapshot, engine) = engine(&busy(&folder), None, &[]);
    let keys: Vec<ClusterRows> =
        engine.sizes().expect("sizes").clusters.into_iter().map(|cluster| cluster.key).collect();
    let reach = engine.reach(&keys).expect("reach");
    let named: u64 = reach[1..].iter().map(|own| own.events).sum();
    assert_eq!((reach[0].service.clone(), reach[0].traces), (None, 1));
    assert_eq!(reach[0].events, named, "an event is of one service");
    let times = engine.event_times(&keys).expect("times");
    // The event of two exceptions is an event of two clusters.
    assert_eq!(times.values().map(Vec::len).sum::<usize>() as u64, named + 1);
    assert!(times.values().all(|times| times.is_sorted()));
    assert!(engine.reach(&[]).expect("none").is_empty() && engine.event_times(&[]).expect("none").is_empty());
}

#[test]
fn an_instance_had_lived_from_its_first_row_to_the_first_of_a_cluster() {
    let folder = folder();
    let on = |instance: &'static str, at_ns, id, text| LogRecord {
        instance: Some(instance.into()),
        ..row(DAY_ONE + at_ns, id, text)
    };
    let minutes = 60_000 * MS;
    let rows = vec![
        on("i1", 0, "a", "ready"),
        on("i1", 7 * minutes, "b", "Container called exit(3)."),
        on("i1", 9 * minutes, "c", "Container called exit(3)."),
        on("i2", 8 * minutes, "d", "Container called exit(3)."),
        LogRecord { instance: None, ..row(DAY_ONE, "e", "Container called exit(3).") },
    ];
    let (_snapshot, engine) = engine(&store_of(&folder, vec![vec![input(1, rows)]]), None, &[]);
    let keys: Vec<ClusterRows> =
        engine.sizes().expect("sizes").clusters.into_iter().map(|cluster| cluster.key).collect();
    let mut lived: Vec<Vec<i64>> = engine.lived(&keys).expect("runs").into_values().collect();
    lived.sort();
    assert_eq!(lived, [vec![0], vec![0, 7 * minutes]]);
}
