//! What a person or a script meets: help, exit codes, refusals, and a stdout that carries only what was asked for.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{folder, gardener, repository, run, sample};
use crate::schema::assert_valid;

const VERBS: [&str; 17] = [
    "run",
    "ingest",
    "worklog",
    "query",
    "templates",
    "match",
    "explain",
    "results",
    "decide",
    "show",
    "compare",
    "config",
    "store",
    "schema",
    "mine",
    "completions",
    "man",
];

/// The verbs that the help of `args` lists under "Commands".
fn listed(args: &[&str]) -> Vec<String> {
    let help = run(args.iter().copied().chain(["--help"])).exits(0).out;
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let names = list.lines().take_while(|line| line.starts_with(' ')).filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_verb_explains_itself() {
    let verbs = listed(&[]);
    for verb in VERBS {
        assert!(verbs.iter().any(|listed| listed == verb), "{verb} is listed: {verbs:?}");
    }
    for verb in &verbs {
        let said = run([verb.as_str(), "--help"]).exits(0);
        assert!(said.out.contains(&format!("Usage: gardener {verb}")), "{verb}:\n{}", said.out);
        assert!(said.err.is_empty(), "{verb}: {}", said.err);
        // `clap` writes the description first; a verb without one begins with its usage.
        assert!(!said.out.starts_with("Usage"), "{verb} says what it does");
    }
    for verb in listed(&["store"]) {
        run(["store", &verb, "--help"]).exits(0);
    }
    assert!(run(["--version"]).exits(0).out.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_flag_that_does_not_exist_is_usage() {
    for args in [&["run", "--nope"][..], &["nope"], &["run"], &["schema", "nope"], &["ingest"]] {
        let said = run(args).exits(2);
        assert!(said.out.is_empty() && !said.err.is_empty(), "{args:?}: {said:?}");
    }
}

#[test]
fn a_time_or_a_configuration_that_cannot_be_read_is_usage_and_named() {
    let (sample, scratch) = (sample(), folder());
    let (store, out) = (sample.store.to_str().unwrap(), scratch.path().join("out"));
    let out = out.to_str().unwrap();
    let said = run(["worklog", "--store", store, "--out", out, "--since", "yesterday-ish"]).exits(2);
    assert!(said.err.contains("yesterday-ish"), "{}", said.err);
    let said =
        run(["worklog", "--store", store, "--out", out, "--since", "2025-09-02", "--until", "2025-09-01"]).exits(2);
    assert!(!said.err.is_empty());
    let said = run(["worklog", "--store", store, "--out", out, "--last", "soon"]).exits(2);
    assert!(said.err.contains("soon"), "{}", said.err);
    let said = run(["worklog", "--store", store, "--out", out, "--fail-on", "urgent"]).exits(2);
    assert!(said.err.contains("urgent"), "{}", said.err);

    let config = scratch.path().join("gardener.toml");
    fs::write(&config, "time-zone = \"UTC\"\ntimezone = \"UTC\"\n").unwrap();
    let said = run(["worklog", "--store", store, "--out", out, "--config", config.to_str().unwrap()]).exits(2);
    assert!(
        said.err.contains("timezone") && said.err.contains("gardener.toml"),
        "an unknown key is refused by name: {}",
        said.err
    );
    let said = run(["worklog", "--store", store, "--out", out, "--config", "no-such.toml"]).exits(2);
    assert!(said.err.contains("no-such.toml"), "{}", said.err);
    assert!(!scratch.path().join("out").exists(), "a refused run writes nothing");
}

#[test]
fn an_input_that_cannot_be_opened_is_named_and_exits_3() {
    let scratch = folder();
    let (store, out) = (scratch.path().join("store"), scratch.path().join("out"));
    let tail = ["--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    for input in ["no-such-file.json", "https://example.com/logs.json", "s3://bucket/logs.json", "gs://bucket/logs"] {
        let said = run(["run", input].into_iter().chain(tail)).exits(3);
        assert!(said.err.contains(input), "{input} is named: {}", said.err);
    }
    assert!(!out.exists(), "nothing was written");
}

/// The first bytes of a gzip file, then nothing that can be unpacked.
const BROKEN_GZIP: [u8; 13] = [0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xff, 0xff, 0xff];

#[test]
fn one_damaged_input_does_not_hide_the_others_being_read() {
    let scratch = folder();
    let store = scratch.path().join("store");
    let good = repository("data/dumps/client/raw_logs_20250911_1300.json");
    let broken = scratch.path().join("broken.json.gz");
    fs::write(&broken, BROKEN_GZIP).unwrap();
    let args = ["ingest", good.to_str().unwrap(), broken.to_str().unwrap(), "--store", store.to_str().unwrap()];
    let report = run(args.into_iter().chain(["--json"])).exits(0).json();
    assert_eq!(report["total"]["entries"], 51, "{report:#}");
    let files = report["files"].as_array().unwrap();
    let row = files.iter().find(|file| file["path"].as_str().unwrap().contains("broken")).unwrap();
    assert!(!row["problems"].as_array().unwrap().is_empty(), "{row:#}");
}

#[test]
fn exits_3_when_no_input_can_be_decoded() {
    let scratch = folder();
    let broken = scratch.path().join("broken.json.gz");
    fs::write(&broken, BROKEN_GZIP).unwrap();
    let store = scratch.path().join("store");
    run(["ingest", broken.to_str().unwrap(), "--store", store.to_str().unwrap()]).exits(3);
}

#[test]
fn a_form_feed_is_no_endless_line() {
    let scratch = folder();
    let dump = scratch.path().join("page.json");
    fs::write(&dump, "\u{c}\n{\"insertId\":\"a1\",\"timestamp\":\"2025-03-01T10:00:00Z\",\"textPayload\":\"x\"}\n")
        .unwrap();
    let store = scratch.path().join("store");
    let said = limited(&["ingest", dump.to_str().unwrap(), "--store", store.to_str().unwrap(), "--json"]);
    assert_eq!(said.code, 0, "it ends: {}", said.err.lines().next().unwrap_or_default());
    assert_eq!(said.json()["total"]["entries"], 1);
}

#[test]
fn bytes_that_are_no_log_are_counted_as_malformed_and_need_little_memory() {
    let scratch = folder();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for number in 0..12 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .take(3000)
        .collect();
        fs::write(scratch.path().join(format!("noise{number}.json")), bytes).unwrap();
    }
    let store = scratch.path().join("store");
    let said = limited(&["ingest", scratch.path().to_str().unwrap(), "--store", store.to_str().unwrap(), "--json"]);
    assert_eq!(said.code, 0, "it ends: {}", said.err.lines().next().unwrap_or_default());
    let report = said.json();
    assert_eq!(report["total"]["entries"], 0);
    assert!(report["total"]["malformed"].as_u64().unwrap() >= 12, "{}", report["total"]);
}

/// With 4 GiB of address space where there is a shell to say so: a reader that does not end would take the machine with it.
fn limited(args: &[&str]) -> crate::harness::Said {
    if cfg!(unix) {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -v 4194304; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_gardener")]).args(args);
        return command.output().expect("a shell").into();
    }
    run(args)
}

#[test]
fn without_a_store_every_reader_exits_4_and_says_how_to_make_one() {
    let scratch = folder();
    let none = scratch.path().join("none");
    let store = none.to_str().unwrap();
    let out = scratch.path().join("out");
    for args in [
        &["worklog", "--store", store, "--out", out.to_str().unwrap()][..],
        &["query", "days", "--store", store],
        &["templates", "--store", store],
        &["explain", "C0", "--store", store],
        &["store", "digest", "--store", store],
    ] {
        let said = run(args).exits(4);
        assert!(said.err.contains("gardener ingest"), "{args:?}: {}", said.err);
    }
    assert!(!none.exists() && !out.exists(), "reading creates nothing");
}

#[test]
fn a_damaged_manifest_exits_4() {
    let scratch = folder();
    let store = scratch.path().join("store");
    let dumps = repository("data/dumps/client");
    run(["ingest", dumps.to_str().unwrap(), "--store", store.to_str().unwrap()]).exits(0);
    run(["store", "verify", "--store", store.to_str().unwrap()]).exits(0);

    let file =
        run(["store", "files", "--store", store.to_str().unwrap()]).exits(0).out.lines().next().unwrap().to_owned();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let said = run(["store", "verify", "--store", store.to_str().unwrap()]).exits(4);
    let name = file.rsplit('/').next().unwrap();
    assert!(said.err.contains(name) || said.out.contains(name), "the damaged file is named: {said:?}");
    fs::write(&file, whole).unwrap();

    fs::write(store.join("manifest.json"), "{\"schema\":").unwrap();
    run(["store", "digest", "--store", store.to_str().unwrap()]).exits(4);
}

#[test]
fn empty_exports_are_read_and_said() {
    let scratch = folder();
    let (nothing, list) = (scratch.path().join("nothing.json"), scratch.path().join("list.json"));
    fs::write(&nothing, "").unwrap();
    fs::write(&list, "[]\n").unwrap();
    for file in [&nothing, &list] {
        let store = file.with_extension("store");
        let said = run(["ingest", file.to_str().unwrap(), "--store", store.to_str().unwrap(), "--json"]).exits(0);
        let report = said.json();
        assert_valid("ingest", &report);
        assert_eq!(report["total"]["entries"], 0);
        assert_eq!(report["files"][0]["path"].as_str().unwrap(), file.file_name().unwrap().to_str().unwrap());
    }
    let out = scratch.path().join("out");
    run([
        "run",
        nothing.to_str().unwrap(),
        list.to_str().unwrap(),
        "--store",
        scratch.path().join("both").to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
    .exits(0);
    let page = fs::read_to_string(out.join("worklog.md")).unwrap();
    assert!(page.contains("hold no entry"), "the worklog says that nothing was there:\n{page}");
    assert!(!page.contains("1970-01-01"), "and names no window that nobody asked for:\n{page}");
}

#[test]
fn malformed_entries_end_no_run_but_are_refused_when_strict() {
    let scratch = folder();
    let dump = scratch.path().join("mixed.json");
    let first = r#"{"insertId":"a1","timestamp":"2025-03-01T10:00:00Z","severity":"ERROR","textPayload":"disk full"}"#;
    let last = r#"{"insertId":"a2","timestamp":"2025-03-01T10:00:01Z","severity":"INFO","textPayload":"disk cleaned"}"#;
    fs::write(&dump, format!("{first}\nthis line is no entry\n{last}\n")).unwrap();
    let args = |store: &str| {
        [
            "ingest".to_owned(),
            dump.display().to_string(),
            "--store".to_owned(),
            scratch.path().join(store).display().to_string(),
        ]
    };
    let report = run(args("lenient").into_iter().chain(["--json".to_owned()])).exits(0).json();
    assert_eq!(
        (&report["total"]["entries"], &report["total"]["malformed"]),
        (&Value::from(2), &Value::from(1)),
        "{report:#}"
    );
    let problem = &report["files"][0]["problems"][0];
    assert_eq!(problem["offset"], first.len() + 1, "the byte where the line begins: {problem}");
    let said = run(args("strict").into_iter().chain(["--strict".to_owned(), "--json".to_owned()])).exits(3);
    assert_eq!(said.json()["total"]["entries"], 2, "the report is printed whatever the exit code");
}

#[test]
fn a_run_names_what_it_could_not_read_beside_what_it_could() {
    let scratch = folder();
    let dumps = scratch.path().join("dumps");
    fs::create_dir(&dumps).unwrap();
    let row = r#"{"insertId":"a1","timestamp":"2025-03-01T10:00:00Z","severity":"ERROR","textPayload":"disk full"}"#;
    fs::write(dumps.join("a.json"), row).unwrap();
    fs::write(dumps.join("broken.json.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff]).unwrap();
    fs::write(dumps.join("more.zip"), b"PK\x03\x04more").unwrap();
    let args = |store: &str, strict: bool| {
        let place = |name: &str| scratch.path().join(name).display().to_string();
        let args = ["run", &place("dumps"), "--store", &place(store), "--out", &place(&format!("{store}-out"))];
        args.map(str::to_owned).into_iter().chain(strict.then(|| "--strict".to_owned())).collect::<Vec<_>>()
    };
    let said = run(args("lenient", false)).exits(0);
    assert!(said.err.contains("not read: cannot decode") && said.err.contains("broken.json.gz"), "{}", said.err);
    let page = fs::read_to_string(scratch.path().join("lenient-out").join("worklog.md")).unwrap();
    assert!(page.contains("more.zip"), "an archive is a piece that could not be read:\n{page}");
    let said = run(args("strict", true)).exits(3);
    assert!(said.err.contains("1 files that could not be read"), "{}", said.err);
}

#[test]
fn json_on_stdout_is_the_ingest_report_and_nothing_else() {
    let scratch = folder();
    let said = run([
        "ingest",
        repository("data/dumps").to_str().unwrap(),
        "--store",
        scratch.path().join("store").to_str().unwrap(),
        "--json",
    ])
    .exits(0);
    let report = said.json();
    assert_valid("ingest", &report);
    for file in report["files"].as_array().unwrap() {
        let by = file["bytes_by"].as_object().unwrap();
        let sum: u64 = by.values().map(|bytes| bytes.as_u64().unwrap()).sum();
        assert_eq!(file["decoded_bytes"].as_u64().unwrap(), sum, "every byte of {} is accounted for", file["path"]);
        let rows: u64 = file["severity"].as_object().unwrap().values().map(|rows| rows.as_u64().unwrap()).sum();
        assert_eq!(file["entries"].as_u64().unwrap(), rows, "{}", file["path"]);
    }
}

#[test]
fn a_run_says_in_json_where_it_wrote_and_what_it_found() {
    let sample = sample();
    let scratch = folder();
    let out = scratch.path().join("out");
    let said = run(["worklog", "--store", sample.store.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"])
        .exits(0)
        .json();
    assert_eq!(said["out"].as_str().unwrap(), out.to_str().unwrap());
    assert!(said["run_id"].is_string() && said["findings"].is_array(), "{said:#}");
    assert_eq!((said["document"].as_str(), said["findings_left_out"].as_u64()), (Some("worklog"), Some(0)));
    assert_eq!(
        said["coverage"],
        serde_json::json!({
            "fraction": sample.report["coverage"]["fraction"],
            "complete": false,
            "reasons": sample.report["coverage"]["reasons"],
            "fetch": sample.report["coverage"]["fetch"],
        })
    );
}

#[test]
fn a_run_ends_with_a_worklog_and_an_action_list_on_screen_and_on_disk() {
    let sample = sample();
    for name in [
        "worklog.md",
        "worklog.html",
        "report.json",
        "actions.json",
        "review.md",
        "notes.md",
        ".written.json",
        "apply.sh",
        "apply.list",
    ] {
        assert!(sample.out.join(name).is_file(), "{name}");
    }
    assert!(fs::read_dir(sample.out.join("bodies")).unwrap().count() > 0);
    let said = &sample.said.out;
    for piece in ["KeyError: 'CHECKOUT_SIGNING_KEY'", "ready", "worklog.html", "gardener explain", "apply.sh"] {
        assert!(said.contains(piece), "{piece:?} in:\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "no colours where nobody looks");
}

#[test]
fn no_document_recommends_a_verb_that_does_not_exist() {
    let (sample, verbs) = (sample(), listed(&[]));
    let mut texts = vec![("the terminal".to_owned(), sample.said.out.clone())];
    for name in ["worklog.md", "review.md"] {
        texts.push((name.to_owned(), fs::read_to_string(sample.out.join(name)).unwrap()));
    }
    for name in ["README.md", "data/gardener.toml"] {
        texts.push((name.to_owned(), fs::read_to_string(repository(name)).unwrap()));
    }
    let unknown: Vec<String> = texts
        .iter()
        .flat_map(|(name, text)| gardener_verbs(text).into_iter().map(move |verb| (name, verb)))
        .filter(|(_, verb)| !verbs.contains(verb))
        .map(|(name, verb)| format!("{name}: gardener {verb}"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The verbs that a text tells people to type.
fn gardener_verbs(text: &str) -> std::collections::BTreeSet<String> {
    let after = text.split("gardener ").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next());
    let before: Vec<&str> = text.split("gardener ").collect();
    // Only in code: after a backtick, or at the start of a line or of a list item.
    before
        .iter()
        .zip(after)
        .filter(|(before, _)| before.is_empty() || before.ends_with(['`', '\n']) || before.ends_with("  "))
        .map(|(_, verb)| verb.to_owned())
        .filter(|verb| !verb.is_empty())
        .collect()
}

#[test]
fn findings_stop_a_pipeline_only_when_asked() {
    let sample = sample();
    let scratch = folder();
    let out = scratch.path().join("out");
    let args = ["worklog", "--store", sample.store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(args.iter().copied().chain(["--fail-on", "P0"])).exits(1);
    assert!(out.join("worklog.md").is_file(), "everything is written first");
    let said = run(args.iter().copied().chain(["--require-coverage", "1"])).exits(3);
    assert!(said.err.contains("gcloud logging read"), "with the command that fetches the rest: {}", said.err);
    run(args.iter().copied().chain(["--service", "shop-worker", "--fail-on", "P0"])).exits(0);
}

#[test]
fn too_little_coverage_exits_3_from_run_and_worklog_alike() {
    let scratch = folder();
    let dump = scratch.path().join("hour.json");
    let line = |minute: u32| {
        format!(
            "{{\"insertId\":\"m{minute}\",\"timestamp\":\"2025-03-01T10:{minute:02}:00Z\",\"severity\":\"ERROR\",\"textPayload\":\"valve is stuck\",\"resource\":{{\"type\":\"x\",\"labels\":{{\"service_name\":\"pump\"}}}}}}\n"
        )
    };
    // Half an hour of the hour that is asked for.
    fs::write(&dump, (0..=30).step_by(5).map(line).collect::<String>()).unwrap();
    let (store, out) = (scratch.path().join("store"), scratch.path().join("out"));
    let window = ["--since", "2025-03-01T10:00:00Z", "--until", "2025-03-01T11:00:00Z"];
    let tail = ["--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    for verb in [&["run", dump.to_str().unwrap()][..], &["worklog"]] {
        let with = |least: &str| {
            run(verb.iter().copied().chain(window).chain(tail).chain(["--require-coverage", least]).collect::<Vec<_>>())
        };
        with("0.4").exits(0);
        let said = with("0.9").exits(3);
        assert!(said.err.contains("0.5") && said.err.contains("0.9"), "both figures are named: {}", said.err);
        assert!(out.join("worklog.md").is_file(), "everything is written first");
        for wrong in ["1.5", "-0.1", "half"] {
            let said =
                run(verb.iter().copied().chain(window).chain(tail).chain([&*format!("--require-coverage={wrong}")]));
            assert!(said.exits(2).err.contains("require-coverage"), "{wrong}");
        }
    }
}

#[test]
fn the_tables_of_queries_are_documented() {
    let said = run(["query", "--tables", "--store", sample().store.to_str().unwrap()]).exits(0).out;
    for table in ["rows", "templates", "summary", "coverage", "deploys", "report_window"] {
        assert!(said.lines().any(|line| line.starts_with(&format!("{table}:"))), "{table} in:\n{said}");
    }
    for column in [
        "ts_ns",
        "ts",
        "insert_id",
        "project",
        "service",
        "severity",
        "effective_severity",
        "message",
        "kind",
        "revision",
        "instance",
        "trace",
        "sig_id",
        "event_id",
        "event_role",
        "exception",
    ] {
        assert!(said.lines().any(|line| line.split_whitespace().next() == Some(column)), "{column} in:\n{said}");
    }
}

#[test]
fn every_listed_query_runs_in_every_format() {
    let store = sample().store.to_str().unwrap();
    let names: Vec<String> = run(["query", "--store", store])
        .exits(0)
        .out
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in &names {
        let rows = run(["query", name, "--store", store, "--format", "json"]).exits(0).json();
        assert!(rows.is_array(), "{name}");
        run(["query", name, "--store", store, "--format", "csv", "--last", "7d"]).exits(0);
    }
    let said = run(["query", "nope", "--store", store]).exits(2);
    assert!(said.err.contains("nope") && said.err.contains(names[0].as_str()), "{}", said.err);
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    // More than a pipe holds, so that the writer meets the closed end.
    let scratch = folder();
    let sql = scratch.path().join("all.sql");
    fs::write(&sql, "SELECT message, raw, labels FROM rows ORDER BY ts_ns, insert_id\n").unwrap();
    let mut command = gardener();
    command.args(["query", sql.to_str().unwrap(), "--store", sample().store.to_str().unwrap(), "--format", "csv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("message,"), "{line}");
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{err}");
    assert!(err.is_empty(), "{err}");
}

#[test]
fn mine_answers_every_line_of_a_text() {
    let scratch = folder();
    let text = scratch.path().join("lines.txt");
    fs::write(&text, "job 17 took 3.2 s\n\njob 18 took 4.0 s\nno newline at the end").unwrap();
    let said = run(["mine", text.to_str().unwrap()]).exits(0);
    let rows: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.iter().map(|row| row["line"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(rows[0]["template"], rows[2]["template"]);
    assert_eq!(rows[0]["id"], rows[2]["id"]);
    assert_ne!(rows[0]["id"], rows[3]["id"]);
}

#[test]
fn match_finds_the_issue_of_a_message() {
    let issues = repository("data/issues.json");
    let said = run([
        "match",
        "--issues",
        issues.to_str().unwrap(),
        "--json",
        "Inventory lock not acquired within 5.2 s during start-up, another replica holds it",
    ])
    .exits(0);
    let answer = said.json();
    assert_eq!(answer["target"], 409, "{answer:#}");
    let scratch = folder();
    let rows = scratch.path().join("clusters.ndjson");
    fs::write(
        &rows,
        "{\"id\":\"a\",\"as_of\":\"2025-09-25T00:00:00Z\",\"service\":\"shop-worker\",\"module\":null,\"function\":null,\"severity\":\"ERROR\",\"message\":\"Inventory lock not acquired within 5.2 s during start-up, another replica holds it\"}\n{\"id\":\"b\",\"as_of\":\"2025-09-25T00:00:00Z\",\"service\":\"shop-worker\",\"module\":null,\"function\":null,\"severity\":\"ERROR\",\"message\":\"Glacier thermometer reads backwards\"}\n",
    )
    .unwrap();
    let said = run(["match", "--issues", issues.to_str().unwrap(), "--from", rows.to_str().unwrap()]).exits(0);
    let answers: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 2, "a row each: {}", said.out);
    assert_eq!((&answers[0]["id"], &answers[0]["target"]), (&Value::from("a"), &Value::from(409)));
    assert_eq!((&answers[1]["id"], &answers[1]["kind"]), (&Value::from("b"), &Value::from("create")));
}

#[test]
fn explain_takes_what_people_see() {
    let sample = sample();
    let cluster = &sample.report["clusters"][0];
    let store = sample.store.to_str().unwrap();
    for id in [
        cluster["id"].as_str().unwrap(),
        cluster["fingerprint"].as_str().unwrap(),
        cluster["family"].as_str().unwrap(),
        &cluster["id"].as_str().unwrap()[..6],
    ] {
        let said = run(["explain", id, "--store", store]).exits(0);
        assert!(said.out.contains("CHECKOUT_SIGNING_KEY"), "{id}:\n{}", said.out);
    }
    let said = run(["explain", "Cffffffffffff", "--store", store]).exits(2);
    assert!(said.err.contains("Cffffffffffff"), "{}", said.err);
}

#[test]
fn explain_tells_the_values_and_the_entries_of_quiet_clusters_too() {
    let sample = sample();
    let store = sample.store.to_str().unwrap();
    let is = |cluster: &&Value| cluster["template"].as_str().unwrap().starts_with("Queue depth");
    let cluster = sample.report["clusters"].as_array().unwrap().iter().find(is).unwrap();
    assert_eq!(cluster["parameters"], Value::Array(Vec::new()), "reports read no values of INFO");
    let id = cluster["id"].as_str().unwrap();
    let told = run(["explain", id, "--store", store, "--limit", "3", "--json"]).exits(0).json();
    let depth = &told["parameters"][0];
    assert_eq!(depth["n"], cluster["entries"], "{depth:#}");
    assert!(depth["min"].as_f64() <= depth["median"].as_f64() && depth["median"].as_f64() < depth["max"].as_f64());
    let first = told["first_entries"].as_array().unwrap();
    assert_eq!((first.len(), &first[0]["timestamp"]), (3, &cluster["first"]));
    let text = run(["explain", id, "--store", store, "--limit", "3"]).exits(0).out;
    assert!(text.contains("distinct; ") && text.contains("later ones (--limit)"), "{text}");
}

#[test]
fn completions_and_the_manual_name_the_verbs() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(["completions", shell]).exits(0);
        for word in VERBS.iter().chain(&["tidy", "prune", "before", "require-coverage"]) {
            assert!(said.out.contains(word), "{word} in the completions for {shell}");
        }
        assert!(said.err.is_empty(), "{}", said.err);
    }
    run(["completions", "tcsh-or-so"]).exits(2);
    let manual = run(["man"]).exits(0).out;
    assert!(manual.starts_with(".ie") || manual.starts_with(".TH"), "{}", &manual[..80.min(manual.len())]);
    for word in VERBS.iter().chain(&["Exit codes"]) {
        assert!(manual.contains(word), "{word} in the manual");
    }
}
