//! The same inputs give the same bytes, whatever the store, the order and the threads.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{assert_same_tree, digest, folder, json, repository, run, run_data, sample};

#[test]
fn writes_the_same_bytes_from_two_stores_and_twice_from_one() {
    let (sample, scratch) = (sample(), folder());
    let (store, out) = (scratch.path().join("store"), scratch.path().join("out"));
    run_data(&store, &out, &[]).exits(0);
    assert_same_tree(&sample.out, &out);
    assert_eq!(digest(&sample.store), digest(&store));

    let again = scratch.path().join("again");
    run_data(&store, &again, &[]).exits(0);
    assert_same_tree(&out, &again);
    // Over its own documents as well: nobody has changed them by hand.
    run_data(&store, &out, &[]).exits(0);
    assert_same_tree(&again, &out);
}

#[test]
fn writes_the_same_bytes_with_one_thread_and_with_four() {
    let (sample, scratch) = (sample(), folder());
    for threads in ["1", "4"] {
        let (store, out) =
            (scratch.path().join(format!("store{threads}")), scratch.path().join(format!("out{threads}")));
        run_data(&store, &out, &["--threads", threads]).exits(0);
        assert_eq!(digest(&store), digest(&sample.store), "--threads {threads}");
        assert_same_tree(&sample.out, &out);
    }
}

#[test]
fn a_second_ingest_of_the_same_files_adds_nothing() {
    let scratch = folder();
    let store = scratch.path().join("store");
    let dumps = repository("data/dumps/client");
    let ingest = |more: &[&str]| {
        let mut args = vec!["ingest", dumps.to_str().unwrap(), "--store", store.to_str().unwrap(), "--json"];
        args.extend(more);
        run(args).exits(0).json()
    };
    let first = ingest(&[]);
    let unique = first["total"]["unique"].as_u64().unwrap();
    assert!(unique > 0, "{first:#}");
    let before = digest(&store);
    let count = scratch.path().join("count.sql");
    fs::write(&count, "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM rows\n").unwrap();
    // Once by what the ledger remembers, once by reading every byte again.
    for more in [&[][..], &["--rehash"][..]] {
        let second = ingest(more);
        assert_eq!(digest(&store), before, "{more:?}");
        for file in second["files"].as_array().unwrap() {
            assert_eq!(file["entries"], file["duplicates"], "every entry of {} is known: {more:?}", file["path"]);
        }
        let rows = run(["query", count.to_str().unwrap(), "--store", store.to_str().unwrap(), "--format", "json"])
            .exits(0)
            .json();
        assert_eq!(rows[0]["n"].as_u64(), Some(unique), "{rows}");
    }
}

#[test]
fn the_order_of_inputs_and_the_number_of_ingests_change_nothing() {
    let scratch = folder();
    // Folders that overlap: the same entries with and without payload, in whole exports and in parts.
    let mut inputs: Vec<PathBuf> =
        ["client", "gcloud", "incident", "rest"].iter().map(|name| repository("data/dumps").join(name)).collect();
    let report = |store: &Path, out: &Path| {
        run(["worklog", "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()]).exits(0);
    };
    let (forwards, backwards) = (scratch.path().join("forwards"), scratch.path().join("backwards"));
    let mut args = vec!["ingest".to_owned(), "--store".to_owned(), forwards.display().to_string()];
    args.extend(inputs.iter().map(|input| input.display().to_string()));
    run(&args).exits(0);

    inputs.reverse();
    for input in &inputs {
        run(["ingest", "--store", backwards.to_str().unwrap(), input.to_str().unwrap()]).exits(0);
    }
    assert_eq!(digest(&forwards), digest(&backwards));
    let (left, right) = (scratch.path().join("left"), scratch.path().join("right"));
    report(&forwards, &left);
    report(&backwards, &right);
    assert_same_tree(&left, &right);
}

#[test]
fn documents_changed_by_hand_are_not_overwritten_without_force() {
    let scratch = folder();
    let (store, out) = (scratch.path().join("store"), scratch.path().join("out"));
    let dumps = repository("data/dumps/client");
    let args = ["run", dumps.to_str().unwrap(), "--store", store.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(args).exits(0);
    let page = out.join("worklog.md");
    let written = fs::read_to_string(&page).unwrap();
    fs::write(&page, format!("{written}\nSeen by Ann.\n")).unwrap();
    let refused = run(args).exits(2);
    assert!(refused.err.contains("worklog.md") && refused.err.contains("--force"), "{}", refused.err);
    assert!(fs::read_to_string(&page).unwrap().ends_with("Seen by Ann.\n"));

    // Remarks have a place of their own, which stays and is rendered.
    let notes = out.join("notes.md");
    let skeleton = fs::read_to_string(&notes).unwrap();
    let remark = "Ann looked at this on Monday.";
    fs::write(&notes, skeleton.replacen("## Summary\n", &format!("## Summary\n\n{remark}\n"), 1)).unwrap();
    run(args.iter().copied().chain(["--force"])).exits(0);
    let page = fs::read_to_string(&page).unwrap();
    assert!(page.contains(remark) && !page.contains("Seen by Ann"), "the remark is merged");
    assert!(fs::read_to_string(&notes).unwrap().contains(remark), "and kept");
}

#[test]
fn sums_of_a_report_agree_with_the_store() {
    let sample = sample();
    let totals = &sample.report["totals"];
    let clusters = sample.report["clusters"].as_array().unwrap();
    let sum: u64 = clusters
        .iter()
        .map(|cluster| cluster["entries"].as_u64().unwrap() + cluster["attached"].as_u64().unwrap())
        .sum();
    assert_eq!(totals["unique"].as_u64().unwrap(), sum, "unique = entries + attached over all clusters");
    for part in ["severity", "effective_severity", "kind"] {
        let parts: u64 = totals[part].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(totals["unique"].as_u64().unwrap(), parts, "{part}");
    }
    let report = json(&sample.out.join("report.json"));
    assert_eq!(report, sample.report, "nobody wrote into the shared run");
}

#[test]
fn a_report_as_of_a_day_asks_for_nothing_that_came_later() {
    let (sample, scratch) = (sample(), folder());
    let out = scratch.path().join("out");
    run([
        "worklog",
        "--store",
        sample.store.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--as-of",
        "2025-09-10",
    ])
    .exits(0);
    let report = json(&out.join("report.json"));
    assert_eq!(report["window"]["until"], "2025-09-10T00:00:00.000000000Z");
    for (severity, row) in report["coverage"]["by_severity"].as_object().unwrap() {
        let asked_s = row["asked_s"].as_f64().unwrap();
        assert!(asked_s <= 9.0 * 86_400.0, "{severity}: {asked_s} s asked for, in a window of nine days");
    }
}
