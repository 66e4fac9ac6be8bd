//! The two export scripts, against stand-ins for `gcloud` and `gh` that record how they are called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Said, folder, json, need, repository, run};

/// Runs a script with a folder of stand-ins before everything else on the path.
fn script(bash: &Path, name: &str, bin: &Path, folder: &Path, args: &[&str]) -> Said {
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(bash);
    command
        .arg(repository("scripts").join(name))
        .args(args)
        .current_dir(folder)
        .env("PATH", path)
        .env("CALLS", folder.join("calls.txt"));
    command.output().expect("bash starts").into()
}

/// A stand-in program; `body` sees the arguments and appends nothing by itself.
fn stand_in(folder: &Path, name: &str, body: &str) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let file = bin.join(name);
    fs::write(&file, format!("#!/usr/bin/env bash\nprintf '%s\\n' \"$*\" >>\"$CALLS\"\n{body}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

fn calls(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("calls.txt")).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const GCLOUD: &str = r#"
case "$*" in
  *FAIL*) echo half; echo "ERROR: no such project" >&2; exit 1 ;;
  *'timestamp>="2025-03-01T11:00:00Z"'*) echo '[]' ;;
  *) echo '[{"insertId":"a1","timestamp":"2025-03-01T10:15:00.5Z","severity":"ERROR","textPayload":"valve 7 is stuck","resource":{"type":"cloud_run_revision","labels":{"service_name":"pump","project_id":"acme"}}}]' ;;
esac"#;

#[test]
fn logs_are_exported_hour_by_hour_with_what_they_cover() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gcloud", GCLOUD);
    let args =
        ["acme", "2025-03-01T10:00Z", "2025-03-01T12:30:00Z", "severity>=\"INFO\" OR resource.type=\"x\"", "dumps"];
    script(&bash, "export-logs.sh", &bin, base, &args).exits(0);
    let expected = ["2025-03-01T10Z.json.gz", "2025-03-01T11Z.json.gz", "2025-03-01T120000Z-123000Z.json.gz"];
    assert_eq!(
        names(&base.join("dumps")),
        expected.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.meta.json")]).collect::<Vec<_>>()
    );
    let made = calls(base);
    assert_eq!(
        made[0],
        "logging read timestamp>=\"2025-03-01T10:00:00Z\" AND timestamp<\"2025-03-01T11:00:00Z\" AND (severity>=\"INFO\" OR resource.type=\"x\") --project=acme --order=asc --format=json"
    );
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|call| !call.contains("--limit")), "{made:?}");
    let sidecar = json(&base.join("dumps/2025-03-01T120000Z-123000Z.json.gz.meta.json"));
    assert_eq!(
        (sidecar["since"].as_str(), sidecar["until"].as_str()),
        (Some("2025-03-01T12:00:00Z"), Some("2025-03-01T12:30:00Z"))
    );
    assert_eq!(sidecar["filter"], args[3]);
    assert!(sidecar["limit"].is_null() && sidecar["exit"] == 0);

    // The same command asks for nothing again; a lost hour is fetched; another filter is another export.
    script(&bash, "export-logs.sh", &bin, base, &args).exits(0);
    assert_eq!(calls(base).len(), 3);
    fs::remove_file(base.join("dumps/2025-03-01T11Z.json.gz.meta.json")).unwrap();
    script(&bash, "export-logs.sh", &bin, base, &args).exits(0);
    assert_eq!(calls(base).len(), 4);
    let other =
        script(&bash, "export-logs.sh", &bin, base, &["acme", args[1], args[2], "severity>=ERROR", "dumps"]).exits(2);
    assert!(other.err.contains("another filter"), "{}", other.err);

    // What the script writes is what `ingest` reads: the middle hour is covered, and empty.
    let report = run([
        "ingest",
        base.join("dumps").to_str().unwrap(),
        "--store",
        base.join("store").to_str().unwrap(),
        "--json",
    ])
    .exits(0)
    .json();
    assert_eq!(
        (report["total"]["files"].as_u64(), report["total"]["entries"].as_u64(), report["total"]["unique"].as_u64()),
        (Some(3), Some(2), Some(1)),
        "{report:#}"
    );
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["declared_window"]["source"], "sidecar", "{file:#}");
    }
}

#[test]
fn a_failed_export_leaves_no_file_and_can_go_on() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gcloud", GCLOUD);
    let said =
        script(&bash, "export-logs.sh", &bin, base, &["acme", "2025-03-01", "2025-03-02", "FAIL", "dumps"]).exits(1);
    assert!(said.err.contains("run the same command again"), "{}", said.err);
    assert!(names(&base.join("dumps")).is_empty(), "{:?}", names(&base.join("dumps")));
}

/// Answers per hour: the first has rows, the second and the last none at all, not even `[]`, the third fails once half-way.
const GCLOUD_ONCE: &str = r#"
case "$*" in
  *'timestamp>="2025-03-01T11:00:00Z"'* | *'timestamp>="2025-03-01T13:00:00Z"'*) ;;
  *'timestamp>="2025-03-01T12:00:00Z"'*)
    echo '[{"insertId":"c1",'
    if [ ! -e "$CALLS.failed" ]; then touch "$CALLS.failed"; echo "ERROR: quota" >&2; exit 1; fi
    echo '"timestamp":"2025-03-01T12:30:00Z","severity":"INFO","textPayload":"valve 8 turns","resource":{"type":"x","labels":{"service_name":"pump"}}}]' ;;
  *) echo '[{"insertId":"a1","timestamp":"2025-03-01T10:15:00Z","severity":"ERROR","textPayload":"valve 7 is stuck","resource":{"type":"x","labels":{"service_name":"pump"}}}]' ;;
esac"#;

#[test]
fn an_export_that_broke_off_goes_on_with_the_hour_that_failed() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gcloud", GCLOUD_ONCE);
    let args = ["acme", "2025-03-01T10:00Z", "2025-03-01T14:00Z", "", "dumps"];
    let said = script(&bash, "export-logs.sh", &bin, base, &args).exits(1);
    assert!(said.err.contains("2025-03-01T12:00:00Z") && said.err.contains("2 files are new"), "{}", said.err);
    let two = ["2025-03-01T10Z.json.gz", "2025-03-01T11Z.json.gz"];
    let with_sidecars =
        |names: &[&str]| names.iter().flat_map(|n| [(*n).to_owned(), format!("{n}.meta.json")]).collect();
    let expected: Vec<String> = with_sidecars(&two);
    assert_eq!(names(&base.join("dumps")), expected, "what was whole stays, what was not leaves nothing");
    let finished = fs::read(base.join("dumps").join(two[0])).unwrap();

    script(&bash, "export-logs.sh", &bin, base, &args).exits(0);
    let hours: Vec<String> = calls(base).iter().map(|call| call[25..38].to_owned()).collect();
    assert_eq!(
        hours,
        ["2025-03-01T10", "2025-03-01T11", "2025-03-01T12", "2025-03-01T12", "2025-03-01T13"],
        "finished hours are not asked for again"
    );
    assert_eq!(fs::read(base.join("dumps").join(two[0])).unwrap(), finished);
    assert!(!calls(base)[0].contains("AND ("), "an empty filter adds nothing: {}", calls(base)[0]);

    // Hours in which gcloud said nothing are empty lists, byte for byte the same, and evidence all the same: the service is
    // covered throughout.
    let (store, out) = (base.join("store"), base.join("out"));
    let dumps = base.join("dumps");
    let words = ["run", dumps.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(words.into_iter().chain([
        "--since",
        "2025-03-01T10:00Z",
        "--until",
        "2025-03-01T14:00Z",
        "--require-coverage",
        "1",
    ]))
    .exits(0);
    let report = json(&out.join("report.json"));
    assert_eq!(report["coverage"]["by_severity"]["ERROR"]["covered_s"], 14_400.0, "{:#}", report["coverage"]);
    // Without what the sidecars say, the same files cover less than was asked for.
    for name in names(&dumps).iter().filter(|name| name.ends_with(".meta.json")) {
        fs::remove_file(dumps.join(name)).unwrap();
    }
    let (store, out) = (base.join("bare"), base.join("bare-out"));
    let words = ["run", dumps.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(words.into_iter().chain([
        "--since",
        "2025-03-01T10:00Z",
        "--until",
        "2025-03-01T14:00Z",
        "--require-coverage",
        "0.9",
    ]))
    .exits(3);
}

#[test]
fn a_filter_reaches_gcloud_and_the_sidecar_as_it_was_typed() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    // One argument a line, so that a word that was split shows.
    let bin = stand_in(base, "gcloud", "printf '<%s>\\n' \"$@\" >>\"$CALLS\"\necho '[]'");
    for (n, filter) in [
        r#"resource.labels.service_name = "my shop" AND textPayload:"it's   full""#,
        r#"textPayload=~"^C:\\temp\\[a-z]+\.txt$" OR labels."k8s/app"="*""#,
        r"textPayload:`whoami` OR textPayload:$(whoami) OR textPayload:$HOME; true | cat & ~ ?",
        "-severity=INFO",
        "textPayload:\"caf\u{e9} \u{1f980}\"",
    ]
    .iter()
    .enumerate()
    {
        let dir = format!("dumps {n}");
        script(&bash, "export-logs.sh", &bin, base, &["acme", "2025-03-01T10:00Z", "2025-03-01T11:00Z", filter, &dir])
            .exits(0);
        let words = calls(base);
        let asked =
            format!("<timestamp>=\"2025-03-01T10:00:00Z\" AND timestamp<\"2025-03-01T11:00:00Z\" AND ({filter})>");
        assert!(words.contains(&asked), "{filter}: {words:#?}");
        let sidecar = json(&base.join(&dir).join("2025-03-01T10Z.json.gz.meta.json"));
        assert_eq!(sidecar["filter"], **filter);
    }
    // Line breaks and tabs of a filter in a file become spaces; what is left is one line of valid JSON.
    let filter = "severity>=ERROR\n\tAND\u{1} labels.a=\"b\"";
    script(&bash, "export-logs.sh", &bin, base, &["acme", "2025-03-01T10:00Z", "2025-03-01T11:00Z", filter, "broken"])
        .exits(0);
    let sidecar = json(&base.join("broken/2025-03-01T10Z.json.gz.meta.json"));
    assert_eq!(sidecar["filter"], "severity>=ERROR  AND  labels.a=\"b\"");
}

#[test]
fn an_export_that_is_stopped_leaves_no_part_of_a_file() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gcloud", "echo '[{\"insertId\":'; kill -TERM \"$PPID\"; sleep 0.2");
    let said =
        script(&bash, "export-logs.sh", &bin, base, &["acme", "2025-03-01T10:00Z", "2025-03-01T11:00Z", "", "dumps"]);
    assert_ne!(said.code, 0, "{}", said.err);
    assert!(names(&base.join("dumps")).is_empty(), "{:?}", names(&base.join("dumps")));
}

#[test]
fn an_export_that_cannot_be_right_is_refused() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gcloud", GCLOUD);
    for (args, word) in [
        (&["acme", "2025-03-02", "2025-03-01", ""][..], "not before"),
        (&["acme", "2025-03-01", "2999-01-01", ""], "still to come"),
        (&["acme", "yesterday", "2025-03-01", ""], "yesterday"),
        (&["acme", "2025-03-01", "2025-03-02", "timestamp>\"2025-03-01\""], "timestamp"),
        (&["acme", "2025-03-01"], "usage"),
    ] {
        let said = script(&bash, "export-logs.sh", &bin, base, args).exits(2);
        assert!(said.err.contains(word), "{args:?}: {}", said.err);
    }
    assert!(calls(base).is_empty());
}

const GH: &str = r#"
case "$*" in
  *repos/acme/gone/*) echo "gh: Not Found (HTTP 404)" >&2; exit 1 ;;
  *issues/comments*) echo '{"id":9001,"issue_url":"https://api.github.com/repos/acme/shop/issues/7","html_url":"https://github.com/acme/shop/issues/7#issuecomment-9001","body":"seen again","created_at":"2025-03-02T08:00:00Z","updated_at":"2025-03-02T08:00:00Z","user":{"login":"ann"},"author_association":"MEMBER"}' ;;
  *) echo '{"number":7,"title":"Valve is stuck in the pump room","body":"valve is stuck","state":"open","state_reason":null,"labels":["P2"],"created_at":"2025-03-01T08:00:00Z","updated_at":"2025-03-02T08:00:00Z","closed_at":null,"html_url":"https://github.com/acme/shop/issues/7","user":{"login":"ann"},"author_association":"MEMBER","pull_request":null}'
     echo '{"number":8,"title":"Oil the valve","body":null,"state":"closed","state_reason":null,"labels":[],"created_at":"2025-03-01T09:00:00Z","updated_at":"2025-03-01T09:00:00Z","closed_at":"2025-03-01T10:00:00Z","html_url":"https://github.com/acme/shop/pull/8","user":{"login":null},"author_association":"NONE","pull_request":{"url":"x"}}' ;;
esac"#;

#[test]
fn issues_are_exported_with_comments_and_the_moment() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gh", GH);
    script(&bash, "export-issues.sh", &bin, base, &["acme/shop"]).exits(0);
    let export = json(&base.join("issues.json"));
    assert_eq!((export["repo"].as_str(), export["state"].as_str()), (Some("acme/shop"), Some("all")));
    assert_eq!(export["issues"].as_array().unwrap().len(), 2);
    assert_eq!(export["comments"][0]["body"], "seen again");
    let exported_at = export["exported_at"].as_str().unwrap();
    assert!(exported_at.len() == 20 && exported_at.ends_with('Z'), "{exported_at}");
    let made = calls(base);
    assert!(
        made.len() == 2
            && made
                .iter()
                .all(|call| call.starts_with("api --paginate repos/acme/shop/issues") && call.contains("--jq")),
        "{made:?}"
    );
    assert!(made[0].contains("state=all"));

    let said = run([
        "match",
        "--issues",
        base.join("issues.json").to_str().unwrap(),
        "--json",
        "Valve is stuck in the pump room",
    ])
    .exits(0);
    assert_eq!(said.json()["target"], 7, "gardener reads it: {}", said.out);
}

#[test]
fn a_failed_issue_export_keeps_the_old_file() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let bin = stand_in(base, "gh", GH);
    fs::write(base.join("issues.json"), "[]").unwrap();
    script(&bash, "export-issues.sh", &bin, base, &["acme/gone"]).exits(1);
    assert_eq!(fs::read_to_string(base.join("issues.json")).unwrap(), "[]");
    assert!(!names(base).iter().any(|name| name.contains(".part")), "{:?}", names(base));
    script(&bash, "export-issues.sh", &bin, base, &["no-slash"]).exits(2);
}

#[test]
fn scripts_of_the_repository_are_clean() {
    let Some(shellcheck) = need(&["shellcheck"]) else { return };
    let files = [
        repository("scripts/export-logs.sh"),
        repository("scripts/export-issues.sh"),
        repository("templates/apply.sh"),
        repository("benches/memory.sh"),
        repository("benches/speed.sh"),
        repository(".ci/run"),
    ];
    let said: Said = Command::new(shellcheck).args(files).output().expect("shellcheck starts").into();
    said.exits(0);
}
