//! The retrospective of one week of `data/` names what `data/truth.json` says of it, and keeps what people wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::harness::{Said, assert_same_tree, folder, gardener, json, repository, run, sample};

/// The week of the new, the regressed and the crash loop.
const WEEK: &str = "2025-W38";

fn weekly(out: &Path, more: &[&str]) -> Said {
    let mut command = gardener();
    command.arg("weekly").arg("--store").arg(&sample().store).arg("--out").arg(out);
    command.arg("--config").arg(repository("data/gardener.toml"));
    command.args(more).output().expect("the binary starts").into()
}

fn with_issues<'a>(more: &[&'a str], issues: &'a str) -> Vec<&'a str> {
    [&["--issues", issues], more].concat()
}

struct Week {
    _folder: tempfile::TempDir,
    out: PathBuf,
    said: Said,
    report: Value,
    markdown: String,
}

/// One run that all tests share; nobody writes into it.
fn week() -> &'static Week {
    static WEEKLY: LazyLock<Week> = LazyLock::new(|| {
        let scratch = folder();
        let out = scratch.path().join("weekly");
        let issues = repository("data/issues.json").display().to_string();
        let said = weekly(&out, &with_issues(&[], &issues)).exits(0);
        let report = json(&out.join("report.json"));
        let markdown = fs::read_to_string(out.join("weekly.md")).unwrap();
        Week { _folder: scratch, out, said, report, markdown }
    });
    &WEEKLY
}

fn truth() -> Value {
    json(&repository("data/truth.json"))
}

/// The cluster of the report that the truth names so.
fn cluster<'a>(report: &'a Value, truth: &Value, name: &str) -> &'a Value {
    let wanted =
        truth["clusters"].as_array().unwrap().iter().find(|row| row["name"] == name).expect("named in the truth");
    let contains = wanted["contains"].as_str().unwrap();
    let hit = |row: &&Value| {
        row["service"] == wanted["service"]
            && (row["example"]["message"].as_str().is_some_and(|text| text.contains(contains))
                || row["template"].as_str().is_some_and(|text| text.contains(contains)))
    };
    report["clusters"].as_array().unwrap().iter().find(hit).unwrap_or_else(|| panic!("no cluster for {name}"))
}

fn ids<'a>(rows: &'a Value, key: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap()).collect()
}

#[test]
fn the_last_complete_week_is_taken_and_written() {
    let week = week();
    assert_eq!(week.report["weekly"]["week"], WEEK);
    assert_eq!(week.report["run"]["document"], "weekly");
    assert_eq!(week.report["window"]["since"], "2025-09-15T00:00:00.000000000Z");
    assert_eq!(week.report["window"]["until"], "2025-09-22T00:00:00.000000000Z");
    let mut files: Vec<String> = fs::read_dir(&week.out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, [".written.json", "notes.md", "report.json", "weekly.html", "weekly.md"]);
    assert!(week.said.out.contains(WEEK) && week.said.out.contains("gardener explain C"), "{}", week.said.out);
    let weeks = ids(&week.report["weekly"]["weeks"], "week");
    assert_eq!(weeks, ["2025-W36", "2025-W37", WEEK]);
}

#[test]
fn the_report_follows_its_schema_and_lays_days_over_all_weeks() {
    let schema = run(["schema", "report"]).exits(0).json();
    let valid = jsonschema::validator_for(&schema).unwrap();
    let report = &week().report;
    let errors: Vec<String> = valid.iter_errors(report).map(|error| error.to_string()).take(3).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for strip in report["weekly"]["strips"].as_array().unwrap() {
        assert_eq!(strip["days"].as_array().unwrap().len(), 21);
        let id = strip["cluster"].as_str().unwrap();
        let row = report["clusters"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        let weeks = strip["per_week"].as_array().unwrap();
        assert_eq!(weeks.last(), Some(&row["entries"]), "{id}: the summaries and the rows agree");
    }
}

#[test]
fn the_new_the_regressed_the_drift_and_the_loop_are_named() {
    let (report, truth) = (&week().report, truth());
    let section = &report["weekly"];
    let of = |key: &str| cluster(report, &truth, key)["id"].as_str().unwrap();
    // The two weeks before are covered for twice the week, less the seconds between one export and the next.
    for row in truth["new"].as_array().unwrap() {
        let new = ids(&section["new"], "cluster");
        assert!(new.contains(&of(row["cluster"].as_str().unwrap())), "{new:?}");
    }
    assert_eq!(section["first_seen"], serde_json::json!([]), "enough is covered to say of everything");
    assert_eq!(ids(&section["regressed"], "cluster"), [of("refund signature")]);
    assert!(ids(&section["drifts"], "cluster").contains(&of(truth["drift"]["cluster"].as_str().unwrap())));
    let loops: Vec<&Value> =
        report["families"].as_array().unwrap().iter().filter(|family| family["kind"] == "crash_loop").collect();
    assert_eq!(loops.len(), 1);
    assert_eq!(
        (&loops[0]["events"], &loops[0]["service"]),
        (&truth["crash_loop"]["exits"], &truth["crash_loop"]["service"])
    );
    assert_eq!(loops[0]["root"], of("crash loop: KeyError"));
    let cascade = cluster(report, &truth, truth["cascade"]["symptom"].as_str().unwrap());
    assert_eq!(cascade["role"], "symptom");
    let family = report["families"].as_array().unwrap().iter().find(|family| family["id"] == cascade["family"]);
    assert_eq!(family.unwrap()["root"], of(truth["cascade"]["root"].as_str().unwrap()));
}

#[test]
fn what_came_back_is_told_once_as_worse_and_then_since_when() {
    let truth = truth();
    // Closed in spring, and there again since before this week.
    let report = &week().report;
    let id = cluster(report, &truth, "auth failure")["id"].as_str().unwrap();
    let row = report["weekly"]["still_back"].as_array().unwrap().iter().find(|row| row["cluster"] == id);
    let row = row.unwrap_or_else(|| panic!("{}", report["weekly"]["still_back"]));
    assert!(row["back_since"].as_str().unwrap().starts_with(truth["cascade"]["days"][0].as_str().unwrap()), "{row}");
    assert!(row["sentence"].as_str().unwrap().starts_with("back since 2025-09-03T"), "{row}");
    assert!(week().markdown.contains("## Still back") && week().said.out.contains("shop-gateway"));
    // The one that came back in this week is news in it, and an old story in the next.
    let scratch = folder();
    let out = scratch.path().join("next");
    let issues = repository("data/issues.json").display().to_string();
    weekly(&out, &with_issues(&["--week", "2025-W39"], &issues)).exits(0);
    let next = json(&out.join("report.json"));
    let back = &truth["regressed"][0];
    let id = cluster(&next, &truth, back["cluster"].as_str().unwrap())["id"].as_str().unwrap();
    assert!(ids(&next["weekly"]["still_back"], "cluster").contains(&id), "{}", next["weekly"]["still_back"]);
    assert!(!ids(&next["weekly"]["regressed"], "cluster").contains(&id));
    let fix = next["weekly"]["fixes"].as_array().unwrap().iter().find(|fix| fix["number"] == back["issue"]).unwrap();
    assert_eq!(fix["back_since"].as_str().unwrap()[..26], back["since"].as_str().unwrap()[..26]);
    let markdown = fs::read_to_string(out.join("weekly.md")).unwrap();
    assert!(markdown.contains("**still back**") && !markdown.contains("**came back**"), "{markdown}");
}

#[test]
fn what_was_solved_is_gone_in_its_week_and_stays_gone() {
    let truth = truth();
    let scratch = folder();
    let out = scratch.path().join("next");
    weekly(&out, &["--week", "2025-W38"]).exits(0);
    let report = json(&out.join("report.json"));
    let id = cluster(&report, &truth, "stock sync")["id"].as_str().unwrap();
    assert!(ids(&report["weekly"]["resolved"], "cluster").contains(&id), "{}", report["weekly"]["resolved"]);
}

#[test]
fn each_deploy_stands_with_what_came_with_it() {
    let (report, truth) = (&week().report, truth());
    let window = (report["window"]["since"].as_str().unwrap(), report["window"]["until"].as_str().unwrap());
    let wanted: Vec<(&str, &str)> = truth["deploys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| (window.0..window.1).contains(&row["at"].as_str().unwrap()))
        .map(|row| (row["revision"].as_str().unwrap(), row["outcome"].as_str().unwrap()))
        .collect();
    let rows = report["weekly"]["deploys"].as_array().unwrap();
    let found: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["revision"].as_str().unwrap(), row["outcome"].as_str().unwrap())).collect();
    assert_eq!(found, wanted);
    let came = |revision: &str, key: &str| {
        let row = rows.iter().find(|row| row["revision"] == revision).unwrap();
        ids(&row[key], "cluster")
    };
    let of = |name: &str| cluster(report, &truth, name)["id"].as_str().unwrap();
    let (new, back, start) = (&truth["new"][0], &truth["regressed"][0], &truth["crash_loop"]);
    assert!(came(new["revision"].as_str().unwrap(), "came").contains(&of("coupon evaluation")));
    assert!(came(back["revision"].as_str().unwrap(), "came").contains(&of("refund signature")));
    assert!(came(start["started_by"].as_str().unwrap(), "came").contains(&of("crash loop: KeyError")));
    assert!(came(start["ended_by"].as_str().unwrap(), "went").contains(&of("crash loop: KeyError")));
}

#[test]
fn a_fix_that_did_not_hold_is_said_first() {
    let (report, truth) = (&week().report, truth());
    let fixes = report["weekly"]["fixes"].as_array().unwrap();
    let back = &truth["regressed"][0];
    assert_eq!(fixes[0]["number"], back["issue"]);
    assert_eq!(fixes[0]["verdict"], "came_back");
    assert!(fixes[0]["events_since"].as_u64().unwrap() > 0 && fixes[0]["covered_h_since"].as_f64().unwrap() > 0.0);
    let newer: Vec<&Value> =
        fixes[0]["revisions"].as_array().unwrap().iter().filter(|row| row["newer"] == true).collect();
    assert!(newer.iter().any(|row| row["revision"] == back["revision"]), "{}", fixes[0]);
    // Closed without anything in the data: told, and not judged.
    let elsewhere: Vec<u64> = report["weekly"]["fixes_elsewhere"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["number"].as_u64().unwrap())
        .collect();
    assert!(elsewhere.contains(&414) && elsewhere.contains(&380), "{elsewhere:?}");
    let open: Vec<u64> =
        report["weekly"]["open"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert!(open.contains(&409), "{open:?}");
}

#[test]
fn the_service_table_counts_what_the_queries_count() {
    let report = &week().report;
    for row in report["weekly"]["services"].as_array().unwrap() {
        let name = row["service"].as_str().unwrap();
        let of = report["services"].as_array().unwrap().iter().find(|other| other["service"] == name).unwrap();
        assert_eq!((&row["errors"], &row["requests"]), (&of["errors"], &of["requests"]), "{name}");
        let covered = row["covered_h"].as_f64().unwrap();
        assert!(covered > 0.0 && covered <= 168.0, "{name}: {covered}");
    }
}

#[test]
fn a_remark_survives_and_a_changed_document_is_refused() {
    let scratch = folder();
    let out = scratch.path().join("weekly");
    let args = ["--week", WEEK];
    weekly(&out, &args).exits(0);
    let notes = fs::read_to_string(out.join("notes.md")).unwrap();
    assert!(notes.contains("## Did the fixes hold?"));
    fs::write(out.join("notes.md"), notes.replacen("## Deploys\n", "## Deploys\nThe rollback was by hand.\n", 1))
        .unwrap();
    weekly(&out, &args).exits(0);
    for file in ["weekly.md", "weekly.html"] {
        assert!(fs::read_to_string(out.join(file)).unwrap().contains("The rollback was by hand."), "{file}");
    }
    fs::write(out.join("weekly.md"), "mine").unwrap();
    let said = weekly(&out, &args).exits(2);
    assert!(said.err.contains("weekly.md") && said.err.contains("--force"), "{}", said.err);
    assert_eq!(fs::read_to_string(out.join("weekly.md")).unwrap(), "mine");
    weekly(&out, &["--week", WEEK, "--force"]).exits(0);
}

#[test]
fn the_same_week_gives_the_same_bytes_on_one_thread_and_on_four() {
    let scratch = folder();
    let outs = ["1", "4"].map(|threads| {
        let out = scratch.path().join(threads);
        let issues = repository("data/issues.json").display().to_string();
        weekly(&out, &with_issues(&["--threads", threads, "--actions"], &issues)).exits(0);
        out
    });
    assert_same_tree(&outs[0], &outs[1]);
    assert!(
        outs[0].join("actions.json").exists() && outs[0].join("apply.sh").exists() && outs[0].join("bodies").is_dir()
    );
    let markdown = fs::read_to_string(outs[0].join("weekly.md")).unwrap();
    assert!(markdown.contains("## Planned actions"));
}

#[test]
fn a_first_week_has_no_comparison_and_a_week_that_is_not_stored_is_refused() {
    let scratch = folder();
    let out = scratch.path().join("first");
    weekly(&out, &["--week", "2025-W36"]).exits(0);
    let report = json(&out.join("report.json"));
    assert_eq!(report["weekly"]["compared"], false);
    assert!(report["weekly"]["services"][0]["covered_h_last"].is_null());
    let markdown = fs::read_to_string(out.join("weekly.md")).unwrap();
    assert!(markdown.contains("is the first week of the data"), "{markdown}");
    let said = weekly(&scratch.path().join("x"), &["--week", "2025-W20"]).exits(2);
    assert!(
        said.err.contains("nothing of 2025-W20 is stored") && said.err.contains("2025-W36 to 2025-W39"),
        "{}",
        said.err
    );
    let said = weekly(&scratch.path().join("x"), &["--week", "38"]).exits(2);
    assert!(said.err.contains("write 2025-W37"), "{}", said.err);
    assert!(!scratch.path().join("x").exists());
}

#[test]
fn a_running_week_is_shown_only_when_asked_for_and_gates_hold() {
    let scratch = folder();
    let out = scratch.path().join("running");
    let said = weekly(&out, &["--week", "2025-W39", "--require-coverage", "0.9"]).exits(3);
    assert!(said.err.contains("coverage is"), "{}", said.err);
    let report = json(&out.join("report.json"));
    assert!(
        report["weekly"]["gaps"].as_array().unwrap().iter().any(|gap| gap["until"] == "2025-09-29T00:00:00.000000000Z")
    );
    weekly(&out, &["--week", WEEK, "--fail-on", "P1"]).exits(1);
    let json = weekly(&out, &["--as-of", "2025-09-16T12:00:00Z", "--json"]).exits(0).json();
    assert_eq!(json["week"], "2025-W37");
}

#[test]
fn the_page_fits_a_telephone_and_a_desk_and_stands_alone() {
    let page = fs::read_to_string(week().out.join("weekly.html")).unwrap();
    crate::pages::stands_alone(&page);
    crate::browser::assert_good_page("weekly", &page);
}
