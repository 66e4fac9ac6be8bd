//! A whole run opens no socket. The query engine links an HTTP client, so this is shown and not only claimed.

use std::fs;
use std::process::Command;

use crate::harness::{Said, folder, need, repository};

#[test]
fn a_whole_run_opens_no_socket() {
    let Some(strace) = need(&["strace"]) else { return };
    let scratch = folder();
    let trace = scratch.path().join("trace.txt");
    let said: Said = Command::new(strace)
        .args(["--follow-forks", "--trace=%network", "--output"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_gardener"))
        .arg("run")
        .arg(repository("data/dumps/client"))
        .arg("--issues")
        .arg(repository("data/issues.json"))
        .arg("--store")
        .arg(scratch.path().join("store"))
        .arg("--out")
        .arg(scratch.path().join("out"))
        .output()
        .expect("strace starts")
        .into();
    said.exits(0);
    let calls = fs::read_to_string(&trace).unwrap();
    assert!(calls.contains("exited with 0"), "it was traced to its end:\n{calls}");
    let network: Vec<&str> = calls.lines().filter(|line| line.contains('(')).collect();
    assert!(network.is_empty(), "{network:#?}");
}
