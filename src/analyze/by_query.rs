//! The clusters of a window once more, from the SQL of `queries/` alone, to hold that the walk over rows answers the same.
//!
//! Every figure of a report can be asked by name; this is what makes it true.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::{HEADLESS, hourly, keys, request_of};
use super::{AnalyzeError, Cluster, ClusterKey, Example, cadence};
use crate::mine::{Form, TemplateSet, templates};
use crate::query::{Data, EndedRow, Engine, EngineOptions, Exit, Table, named};
use crate::record::{Http, Kind, LogRecord, Severity, error_type};
use crate::store::Snapshot;
use crate::store::fixture::{DAY_ONE, MS, folder, input, row, store_of};
use crate::time::{DAY_NS, HOUR_NS, Window};

fn ask(engine: &Engine, name: &str) -> Result<Table, AnalyzeError> {
    Ok(engine.sql(named(name).expect("the query ships with the program"))?)
}

struct Book {
    at: BTreeMap<ClusterKey, usize>,
    clusters: Vec<Cluster>,
}

impl Book {
    /// The clusters of a query's rows, beside the row numbers.
    fn rows(&self, table: &Table) -> Result<Vec<(usize, usize)>, AnalyzeError> {
        Ok(keys(table)?.iter().enumerate().filter_map(|(row, key)| self.at.get(key).map(|at| (row, *at))).collect())
    }
}

fn count(column: &[Option<i64>], row: usize) -> u64 {
    column[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

fn text(column: &[Option<String>], row: usize) -> Option<String> {
    column[row].clone().filter(|text| !text.is_empty())
}

fn severity(column: &[Option<i64>], row: usize) -> Severity {
    column[row].and_then(Severity::from_number).unwrap_or_default()
}

/// Every cluster of the engine's window, from SQL alone.
fn clusters(engine: &Engine, templates: &TemplateSet) -> Result<Vec<Cluster>, AnalyzeError> {
    let mut book = base(engine, templates)?;
    breakdowns(engine, &mut book)?;
    places(engine, &mut book)?;
    requests(engine, &mut book)?;
    examples(engine, &mut book)?;
    let table = ask(engine, "insert_ids")?;
    let ids = table.str("insert_id")?;
    for (row, at) in book.rows(&table)? {
        book.clusters[at].insert_ids.extend(text(ids, row));
    }
    Ok(book.clusters)
}

fn base(engine: &Engine, templates: &TemplateSet) -> Result<Book, AnalyzeError> {
    let table = ask(engine, "cluster_sizes")?;
    let (entries, events, first, last) =
        (table.i64("entries")?, table.i64("events")?, table.i64("first_ns")?, table.i64("last_ns")?);
    let (instances, traces, users, empty) =
        (table.i64("instances")?, table.i64("traces")?, table.i64("users")?, table.i64("without_payload")?);
    let by_id: BTreeMap<&str, &crate::mine::Template> =
        templates.iter().map(|template| (template.id.as_str(), template)).collect();
    let mut book = Book { at: BTreeMap::new(), clusters: Vec::new() };
    for (row, key) in keys(&table)?.into_iter().enumerate() {
        let template = by_id.get(key.template_id.as_str());
        book.at.insert(key.clone(), book.clusters.len());
        book.clusters.push(Cluster {
            template: template.map(|template| template.text.clone()).unwrap_or_default(),
            canonical: template.map(|template| template.canonical.clone()).unwrap_or_default(),
            exception: template.and_then(|template| {
                // A stack that came row by row has its type in the first row only.
                template.exception.clone().or_else(|| error_type(&template.text).map(str::to_owned))
            }),
            data_quality: template.is_some_and(|template| template.form == Form::Empty),
            entries: count(entries, row),
            events: count(events, row),
            first_ns: first[row].unwrap_or(0),
            last_ns: last[row].unwrap_or(0),
            instances: count(instances, row),
            traces: count(traces, row),
            users: Some(count(users, row)).filter(|n| *n > 0),
            without_payload: count(empty, row),
            key,
            ..Cluster::default()
        });
    }
    attached(engine, &mut book)?;
    Ok(book)
}

/// Joiner and frame rows go to the cluster of their head, those without one to a cluster of the service.
fn attached(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = ask(engine, "attached")?;
    let (rows, first, last) = (table.i64("attached")?, table.i64("first_ns")?, table.i64("last_ns")?);
    for (row, mut key) in keys(&table)?.into_iter().enumerate() {
        let headless = key.template_id.is_empty();
        if headless {
            HEADLESS.clone_into(&mut key.template_id);
        }
        let at = *book.at.entry(key.clone()).or_insert_with(|| {
            book.clusters.push(Cluster {
                template: HEADLESS.into(),
                canonical: HEADLESS.into(),
                data_quality: true,
                key,
                ..Cluster::default()
            });
            book.clusters.len() - 1
        });
        let cluster = &mut book.clusters[at];
        cluster.attached += count(rows, row);
        if headless {
            let (first_ns, last_ns) = (first[row].unwrap_or(0), last[row].unwrap_or(0));
            cluster.first_ns = if cluster.first_ns == 0 { first_ns } else { cluster.first_ns.min(first_ns) };
            cluster.last_ns = cluster.last_ns.max(last_ns);
        }
    }
    Ok(())
}

fn severities(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = ask(engine, "cluster_severities")?;
    let (envelope, effective, reasons, n) = (
        table.i64("severity")?,
        table.i64("effective_severity")?,
        table.str("effective_reason")?,
        table.i64("entries")?,
    );
    for (row, at) in book.rows(&table)? {
        let cluster = &mut book.clusters[at];
        *cluster.severities.entry(severity(envelope, row)).or_default() += count(n, row);
        *cluster.effective.entry(severity(effective, row)).or_default() += count(n, row);
        if let Some(reason) = text(reasons, row) {
            *cluster.reasons.entry(reason).or_default() += count(n, row);
        }
    }
    Ok(())
}

fn breakdowns(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    severities(engine, book)?;
    let table = ask(engine, "cluster_revisions")?;
    let (names, n, first) = (table.str("revision")?, table.i64("entries")?, table.i64("first_ns")?);
    for (row, at) in book.rows(&table)? {
        if let Some(name) = text(names, row) {
            book.clusters[at].revisions.insert(name, (count(n, row), first[row].unwrap_or(0)));
        }
    }
    let table = ask(engine, "cluster_days")?;
    let (names, n) = (table.str("day")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].days.insert(text(names, row).unwrap_or_default(), count(n, row));
    }
    let table = ask(engine, "cluster_events")?;
    let at_ns = table.i64("at_ns")?;
    for (row, at) in book.rows(&table)? {
        book.clusters[at].times_ns.extend(at_ns[row]);
    }
    for cluster in &mut book.clusters {
        cluster.times_ns.sort_unstable();
        cluster.episodes = cadence::episodes(&cluster.times_ns);
    }
    let table = ask(engine, "signatures")?;
    let (ids, n) = (table.str("sig_id")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].signatures.insert(text(ids, row).unwrap_or_default(), count(n, row));
    }
    Ok(())
}

fn places(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = ask(engine, "cluster_places")?;
    let (modules, functions, lines, n) =
        (table.str("module")?, table.str("function")?, table.i64("line")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        let cluster = &mut book.clusters[at];
        let place = (text(modules, row).unwrap_or_default(), text(functions, row).unwrap_or_default());
        if !(place.0.is_empty() && place.1.is_empty()) {
            *cluster.places.entry(place).or_default() += count(n, row);
        }
        if let Some(line) = lines[row].filter(|line| *line >= 0)
            && !cluster.lines.contains(&line)
        {
            cluster.lines.push(line);
        }
    }
    book.clusters.iter_mut().for_each(|cluster| cluster.lines.sort_unstable());
    let table = ask(engine, "cluster_stacks")?;
    let (ids, n) = (table.str("stack_id")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].stacks.insert(text(ids, row).unwrap_or_default(), count(n, row));
    }
    Ok(())
}

fn requests(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    for cluster in &mut book.clusters {
        cluster.http = request_of(&cluster.template).filter(|_| cluster.key.kind == "request");
    }
    let table = ask(engine, "cluster_hosts")?;
    let (hosts, n) = (table.str("host")?, table.i64("entries")?);
    for (row, at) in book.rows(&table)? {
        if let (Some(http), Some(host)) = (&mut book.clusters[at].http, text(hosts, row)) {
            http.hosts.insert(host, count(n, row));
        }
    }
    let table = ask(engine, "request_latencies")?;
    let (status, latency, hour) = (table.i64("status")?, table.i64("latency_ns")?, table.i64("hour_ns")?);
    let mut by_hour: BTreeMap<usize, Vec<(i64, f64)>> = BTreeMap::new();
    for (row, at) in book.rows(&table)? {
        if let Some(http) = &mut book.clusters[at].http {
            http.status = http.status.or_else(|| status[row].and_then(|status| i32::try_from(status).ok()));
            http.latencies_ms.extend(latency[row].map(|ns| ns as f64 / 1e6));
            if let (Some(ns), Some(hour)) = (latency[row], hour[row]) {
                by_hour.entry(at).or_default().push((hour.div_euclid(HOUR_NS), ns as f64 / 1e6));
            }
        }
    }
    for (at, mut rows) in by_hour {
        rows.sort_by(|a, b| a.1.total_cmp(&b.1));
        let http = book.clusters[at].http.as_mut().expect("a request");
        http.hourly_ms = hourly(rows.into_iter());
    }
    for http in book.clusters.iter_mut().filter_map(|cluster| cluster.http.as_mut()) {
        http.latencies_ms.sort_by(f64::total_cmp);
    }
    Ok(())
}

fn examples(engine: &Engine, book: &mut Book) -> Result<(), AnalyzeError> {
    let table = ask(engine, "examples")?;
    let (ts, ids, severities, messages, raws) = (
        table.i64("ts_ns")?,
        table.str("insert_id")?,
        table.i64("severity")?,
        table.str("message")?,
        table.str("raw")?,
    );
    let (files, offsets, revisions) = (table.str("file")?, table.i64("byte_offset")?, table.str("revision")?);
    let (instances, traces, locations) = (table.str("instance")?, table.str("trace")?, table.str("location")?);
    for (row, at) in book.rows(&table)? {
        book.clusters[at].example = Some(Example {
            ts_ns: ts[row].unwrap_or(0),
            insert_id: text(ids, row),
            severity: severity(severities, row),
            message: messages[row].clone().unwrap_or_default(),
            raw: text(raws, row),
            file: text(files, row).unwrap_or_default(),
            offset: offsets[row].unwrap_or(0),
            revision: text(revisions, row),
            instance: text(instances, row),
            trace: text(traces, row),
            location: text(locations, row),
        });
    }
    Ok(())
}

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

const TRACE: &str = "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad";
const MESSAGES: [&str; 10] = [
    "cache is warm",
    "",
    TRACE,
    "During handling of the above exception, another exception occurred:",
    "    at handler (/app/index.js:10:5)",
    "Mail server refused",
    "Container called exit(1).",
    "sent 3 letters in 20 ms",
    "sent 4 letters in 25 ms",
    "Worker failed to boot.",
];

/// Rows with every kind of tie, gap and event: times repeat, ids lack, words are absent.
fn rows(seed: u64, n: usize) -> Vec<LogRecord<'static>> {
    let mut numbers = Numbers(seed);
    let mut at = DAY_ONE + 20 * HOUR_NS;
    (0..n)
        .map(|place| {
            at += [0, 0, MS / 2, 3 * MS, 90_000 * MS, 400_000 * MS][numbers.below(6) as usize];
            let severity = numbers.of(&[Severity::Default, Severity::Info, Severity::Warning, Severity::Error]);
            let louder = if numbers.below(5) == 0 { Severity::Error } else { severity };
            let id = if numbers.below(3) == 0 { String::new() } else { format!("id{}", numbers.below(1_000_000)) };
            let word = |numbers: &mut Numbers, list: &[&'static str]| {
                Some(numbers.of(list)).filter(|word| !word.is_empty()).map(Into::into)
            };
            let mut record = LogRecord {
                severity,
                effective_severity: louder,
                effective_reason: (louder != severity).then_some("its text says so"),
                service: word(&mut numbers, &["shop", "Mail", ""]),
                project: word(&mut numbers, &["acme", "acme", "zeta", ""]),
                kind: numbers.of(&[Kind::App, Kind::App, Kind::System, Kind::Request]),
                revision: word(&mut numbers, &["r1", "r2", ""]),
                instance: word(&mut numbers, &["i1", "i2", "i3", ""]),
                trace: word(&mut numbers, &["t1", "t2", "t3", "t4", ""]),
                user: word(&mut numbers, &["u1", "u2", "", ""]),
                module: word(&mut numbers, &["a", "b", ""]),
                function: word(&mut numbers, &["f", ""]),
                line: (numbers.below(2) == 0).then(|| numbers.of(&[3_i64, 14])),
                location: word(&mut numbers, &["north", ""]),
                ..row(at, &id, numbers.of(&MESSAGES))
            };
            if record.kind == Kind::Request {
                record.http = Some(Http {
                    method: Some("GET".into()),
                    path: word(&mut numbers, &["/cart", "/users/17"]),
                    status: numbers.of(&[Some(200), Some(503), None]),
                    latency_ns: numbers.of(&[Some(3 * MS), Some(5 * MS), None]),
                    host: word(&mut numbers, &["one.example", "two.example", ""]),
                });
            }
            record.payload_rank = if record.message.is_empty() { i32::from(record.http.is_some()) } else { 2 };
            record.content_hash = crate::record::hash128(&[&(place as u64 ^ seed).to_le_bytes()]);
            record
        })
        .collect()
}

fn sorted(table: &Table) -> Vec<String> {
    let text = |data: &Data, at: usize| match data {
        Data::I64(values) => format!("{:?}", values[at]),
        Data::F64(values) => format!("{:?}", values[at]),
        Data::Str(values) => format!("{:?}", values[at]),
        Data::Bool(values) => format!("{:?}", values[at]),
    };
    let row = |at| {
        let cells: Vec<String> =
            table.columns.iter().map(|column| format!("{}={}", column.name, text(&column.data, at))).collect();
        cells.join(" ")
    };
    let mut rows: Vec<String> = (0..table.len()).map(row).collect();
    rows.sort();
    rows
}

fn holds(engine: &Engine, set: &TemplateSet, what: &str) {
    let (mut walked, asked) = (super::clusters(engine, set).expect("walks"), clusters(engine, set).expect("runs"));
    super::quote(engine, &mut walked.iter_mut().collect::<Vec<_>>()).expect("quotes");
    assert_eq!(walked.len(), asked.len(), "{what}");
    for (walked, asked) in walked.iter_mut().zip(&asked) {
        // What a filter asks for is read from stored entries: no query answers it.
        walked.asked = None;
        assert_eq!(walked, asked, "{what}");
    }
    let sizes = |list: &[Cluster]| -> Vec<_> {
        let of = |one: &Cluster| {
            (one.key.clone(), one.entries, one.attached, one.events, one.first_ns, one.last_ns, one.effective.clone())
        };
        list.iter().map(of).collect()
    };
    assert_eq!(sizes(&super::sizes(engine, set).expect("walks")), sizes(&asked), "{what}");
    for name in ["cluster_traces", "messages", "starts", "template_counts", "totals"] {
        let (answer, table) = (engine.answer(name).expect("answers"), ask(engine, name).expect("runs"));
        assert_eq!(sorted(&answer), sorted(&table), "{name}, {what}");
        let names = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&answer), names(&table), "{name}");
    }
    ended_holds(engine, what);
    traces_hold(engine, what);
    shared_events_hold(engine, what);
}

fn exit_of(message: &str) -> Exit {
    match message {
        "Container called exit(1)." => Exit::Platform,
        "Worker failed to boot." => Exit::Runtime,
        _ => Exit::None,
    }
}

/// One line a row: what a report reads of starts is `starts` on instances that ended, without texts.
fn ended_holds(engine: &Engine, what: &str) {
    let found = engine.ended(&exit_of).expect("walks");
    let walked: Vec<String> = found
        .rows
        .iter()
        .map(|(at, row)| {
            let key = ClusterKey::from(found.clusters[*at as usize].clone());
            let EndedRow { ts_ns, event, is_head, has_exception, has_text, effective, exit, .. } = row;
            format!("{ts_ns} {event:016x} {key:?} {is_head} {has_exception} {has_text} {effective} {exit:?}")
        })
        .collect();
    let table = ask(engine, "starts").expect("runs");
    let (keys, instance) = (keys(&table).expect("keys"), table.str("instance").expect("column"));
    let (ts, event) = (table.i64("ts_ns").expect("column"), table.str("event_id").expect("column"));
    let (role, exception) = (table.str("event_role").expect("column"), table.str("exception").expect("column"));
    let (effective, message) =
        (table.i64("effective_severity").expect("column"), table.str("message").expect("column"));
    let text = |column: &[Option<String>], row: usize| column[row].clone().unwrap_or_default();
    let place = |row: usize| (keys[row].project.clone(), keys[row].service.clone(), text(instance, row));
    let all = 0..table.len();
    let ended: BTreeSet<_> = all.clone().filter(|row| exit_of(&text(message, *row)) != Exit::None).map(place).collect();
    let mut asked: Vec<String> = all
        .filter(|row| ended.contains(&place(*row)))
        .map(|row| {
            format!(
                "{} {} {:?} {} {} {} {} {:?}",
                ts[row].unwrap_or(0),
                text(event, row),
                keys[row],
                text(role, row) == "head",
                !text(exception, row).is_empty(),
                !text(message, row).is_empty(),
                effective[row].unwrap_or(0),
                exit_of(&text(message, row))
            )
        })
        .collect();
    // Rows of one moment and event may stand in any order of clusters.
    let mut sorted = walked.clone();
    sorted.sort();
    asked.sort();
    assert_eq!(sorted, asked, "{what}");
    let moments: Vec<&str> = walked.iter().filter_map(|row| row.split(' ').next()).collect();
    assert!(moments.is_sorted_by_key(|ts_ns| ts_ns.parse::<i64>().expect("a time")), "{what}");
    let kept = engine.messages().expect("kept").rows.len();
    assert_eq!(kept, ask(engine, "messages").expect("runs").len(), "the messages read on the way: {what}");
}

/// Traces and instances by number are as many as those by name, and each has the same first moments.
fn traces_hold(engine: &Engine, what: &str) {
    let found = engine.traces().expect("walks");
    let mut first: BTreeMap<(u32, Option<u128>, Option<u32>), i64> = BTreeMap::new();
    for (at, row) in &found.rows {
        let known = first.entry((*at, row.trace, row.instance)).or_insert(row.first_ns);
        *known = row.first_ns.min(*known);
    }
    let mut walked: Vec<String> = first
        .into_iter()
        .map(|((at, trace, instance), first_ns)| {
            let key = ClusterKey::from(found.clusters[at as usize].clone());
            format!("{key:?} {} {} {first_ns}", trace.is_some(), instance.is_some())
        })
        .collect();
    let table = ask(engine, "cluster_traces").expect("runs");
    let (trace, instance) = (table.str("trace").expect("column"), table.str("instance").expect("column"));
    let (keys, first_ns) = (keys(&table).expect("keys"), table.i64("first_ns").expect("column"));
    let named = |column: &[Option<String>], row: usize| column[row].as_ref().is_some_and(|text| !text.is_empty());
    let row = |row: usize| {
        format!("{:?} {} {} {}", keys[row], named(trace, row), named(instance, row), first_ns[row].unwrap_or(0))
    };
    let mut asked: Vec<String> = (0..table.len()).map(row).collect();
    walked.sort();
    asked.sort();
    assert_eq!(walked, asked, "{what}");
}

/// Events that clusters share are those that the query names.
fn shared_events_hold(engine: &Engine, what: &str) {
    let found = engine.shared_events().expect("walks");
    let mut walked: Vec<String> = found
        .rows
        .iter()
        .map(|(at, row)| format!("{:?} {}", ClusterKey::from(found.clusters[*at as usize].clone()), row.first_ns))
        .collect();
    let table = ask(engine, "shared_events").expect("runs");
    let (keys, first_ns) = (keys(&table).expect("keys"), table.i64("first_ns").expect("column"));
    let mut asked: Vec<String> =
        (0..table.len()).map(|row| format!("{:?} {}", keys[row], first_ns[row].unwrap_or(0))).collect();
    walked.sort();
    asked.sort();
    assert_eq!(walked, asked, "{what}");
}

#[test]
fn a_walk_over_the_rows_says_what_the_queries_say() {
    // In the dev profile a query takes a tenth of a second, and each case asks twenty.
    for seed in 1..=2 {
        let folder = folder();
        let mut all = rows(seed, 500);
        let late = all.split_off(300);
        let store = store_of(&folder, vec![vec![input(1, all)], vec![input(2, late)]]);
        let snapshot: Snapshot = store.snapshot().expect("snapshot");
        let set = templates(&snapshot.signature_table(None).expect("table"));
        let whole = snapshot.whole().expect("rows");
        let middle = DAY_ONE + DAY_NS - 17 * MS;
        let mail = ["mail".to_owned()];
        let cut = if seed == 1 { (whole.since_ns, middle, &[][..]) } else { (middle, whole.until_ns, &mail[..]) };
        let window = Window::new(cut.0, cut.1).expect("window");
        let open = |window, services| Engine::open(&snapshot, &set, window, EngineOptions { services }).expect("opens");
        holds(&open(whole, &[]), &set, &format!("seed {seed}"));
        holds(&open(window, cut.2), &set, &format!("seed {seed}, {cut:?}"));
        holds(&open(whole, &[]).of_revision("r2"), &set, &format!("seed {seed}, revision"));
        let found =
            super::clusters(&Engine::open(&snapshot, &set, whole, EngineOptions::default()).expect("opens"), &set);
        let found = found.expect("walks");
        assert!(found.iter().any(|cluster| cluster.attached > 0 && cluster.entries > 0), "an event of several rows");
        assert!(found.iter().any(|cluster| cluster.template == HEADLESS), "a stack without its head");
        assert!(found.iter().any(|cluster| cluster.http.is_some()), "a request");
    }
}

#[test]
fn a_window_without_rows_has_no_clusters() {
    let folder = folder();
    let store = store_of(&folder, vec![vec![input(1, rows(9, 20))]]);
    let snapshot = store.snapshot().expect("snapshot");
    let set = templates(&snapshot.signature_table(None).expect("table"));
    let window = Window::new(0, 1).expect("window");
    let engine = Engine::open(&snapshot, &set, window, EngineOptions::default()).expect("opens");
    holds(&engine, &set, "nothing");
}
