//! What a store and its inputs may hold that is meant badly, or broken: damage, another version, addresses, names.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::faults::{assert_names, assert_sound, dumps, ingested, store_args};
use crate::harness::{Said, folder, gardener, run, tree};

#[test]
fn damage_is_named_by_its_file() {
    let scratch = folder();
    let base = scratch.path();
    let store = base.join("store");
    ingested(&store, &dumps(&base.join("dumps"), 240));
    let live = |folder: &str| {
        let found = walkdir::WalkDir::new(store.join(folder)).sort_by_file_name().into_iter().flatten();
        found.map(walkdir::DirEntry::into_path).find(|path| path.is_file()).unwrap()
    };
    for (place, damage) in
        [("rows", "missing"), ("rows", "cut"), ("rows", "bit"), ("sketch", "bit"), ("sketch", "missing")]
    {
        let file = live(place);
        let whole = fs::read(&file).unwrap();
        match damage {
            "missing" => fs::remove_file(&file).unwrap(),
            "cut" => fs::write(&file, &whole[..whole.len() / 2]).unwrap(),
            _ => {
                let mut bytes = whole.clone();
                bytes[whole.len() / 2] ^= 4;
                fs::write(&file, bytes).unwrap();
            }
        }
        let said = run(store_args(&store, "verify")).exits(4);
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(said.out.contains(name), "{place}, {damage}: {said:?}");
        assert!(said.err.contains("into a new store"), "it says what to do: {}", said.err);
        fs::write(&file, whole).unwrap();
        assert_sound(&store);
    }
    // Books that every reader needs: who reads them names the file.
    let file = live("ledger");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, "{\"a\":").unwrap();
    let said = run(store_args(&store, "verify")).exits(4);
    assert!(said.err.contains(file.file_name().unwrap().to_str().unwrap()), "{}", said.err);
    fs::write(&file, whole).unwrap();
    assert_sound(&store);
}

#[test]
fn a_store_of_a_newer_version_is_refused_by_all_and_left_alone() {
    let scratch = folder();
    let base = scratch.path();
    let inputs = dumps(&base.join("dumps"), 120);
    let store = base.join("store");
    ingested(&store, &inputs);
    let manifest = store.join("manifest.json");
    let mut text: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    text["version"] = 99.into();
    text["days"] = "laid out in another way".into();
    fs::write(&manifest, text.to_string()).unwrap();
    let before = tree(&store);
    let place = store.to_str().unwrap();
    for args in [
        &["store", "verify"][..],
        &["store", "digest"],
        &["store", "tidy"],
        &["store", "prune", "--before", "2025-03-02"],
        &["query", "days"],
        &["ingest", inputs[0].to_str().unwrap()],
    ] {
        let said = run(args.iter().copied().chain(["--store", place])).exits(4);
        assert!(said.err.contains("99") && said.err.contains("newer gardener"), "{args:?}: {}", said.err);
    }
    assert_eq!(tree(&store), before);
}

#[test]
fn addresses_are_refused_by_name_before_a_store_is_made() {
    let scratch = folder();
    let store = scratch.path().join("store");
    let good = dumps(&scratch.path().join("dumps"), 24);
    for address in [
        "https://example.com/a.json",
        "http://10.0.0.1/a",
        "gs://bucket/a",
        "s3://bucket/a",
        "ftp://host/a",
        "file:///etc/passwd",
    ] {
        let words = ["ingest", good[0].to_str().unwrap(), address, "--store", store.to_str().unwrap()];
        let said = run(words).exits(3);
        assert!(said.err.contains(address) && said.err.contains("download"), "{address}: {}", said.err);
    }
    assert!(!store.exists());
}

#[test]
fn a_hostile_name_of_a_service_becomes_no_path() {
    let scratch = folder();
    let base = scratch.path();
    let long = "x".repeat(300);
    let names = [
        "../../x",
        "/etc/x",
        "..\\..\\x",
        "CON",
        "nul.json",
        ".",
        "..",
        "a/b",
        "day=2025-03-01",
        "a\nb",
        "a\u{0}b",
        "-rf",
        &long,
    ];
    let mut text = String::new();
    for (n, name) in names.iter().enumerate() {
        for (k, key) in ["service_name", "revision_name", "project_id"].iter().enumerate() {
            let mut labels = json!({"service_name": "plain", "project_id": "acme"});
            labels[*key] = (*name).into();
            let entry = json!({
                "insertId": format!("{name}-{n}-{k}"), "timestamp": "2025-03-01T10:00:00Z", "severity": "ERROR",
                "textPayload": format!("{name} is stuck"), "logName": format!("projects/acme/logs/{name}"),
                "resource": {"type": name, "labels": labels},
            });
            text.push_str(&format!("{entry}\n"));
        }
    }
    let inner = base.join("a/b/c");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("dump.json"), text).unwrap();
    let (store, out) = (inner.join("store"), inner.join("out"));
    let mut command = gardener();
    command.current_dir(&inner).args(["run", "dump.json", "--store", "store", "--out", "out"]);
    Said::from(command.output().unwrap()).exits(0);
    assert_names(&store);
    for name in tree(&out).keys() {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        assert!(name.bytes().all(plain) && !name.contains("..") && name.len() < 80, "{name:?} holds a word of the log");
    }
    let outside: Vec<String> = tree(base)
        .into_keys()
        .filter(|name| !name.starts_with("a/b/c/store/") && !name.starts_with("a/b/c/out/"))
        .collect();
    assert_eq!(outside, ["a/b/c/dump.json"], "nothing was written beside the store and the documents");
    // They are values all the same, whole.
    let sql = base.join("names.sql");
    fs::write(&sql, "SELECT DISTINCT service FROM rows ORDER BY service\n").unwrap();
    let rows =
        run(["query", sql.to_str().unwrap(), "--store", store.to_str().unwrap(), "--format", "json"]).exits(0).json();
    let services: BTreeSet<&str> = rows.as_array().unwrap().iter().filter_map(|row| row["service"].as_str()).collect();
    for name in ["../../x", "CON", &long] {
        assert!(services.contains(name), "{name:?} in {services:?}");
    }
}
