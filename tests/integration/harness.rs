//! Runs the binary in folders of its own and compares what it wrote.
//!
//! The run over `data/` is made once for all tests that only read its outputs; it stands below Cargo's folder for test
//! files, so that it can be looked at after a failure.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// What a run of the binary said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The same, after asserting the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code; stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("stdout is not JSON ({error}):\n{}", self.out))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The binary, without anything of the developer's surroundings that changes what it does.
pub(crate) fn gardener() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gardener"));
    command
        .env_remove("GARDENER_CONFIG")
        .env_remove("GARDENER_LOG")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run<I, S>(args: I) -> Said
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    gardener().args(args).output().expect("the binary starts").into()
}

/// A file or folder of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A fresh folder that goes away with the value.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("gardener-").tempdir().expect("a temporary folder")
}

/// A JSON file.
#[track_caller]
pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where a program is, or `None` after saying that the test is skipped.
///
/// # Panics
/// With `GARDENER_TEST_ALL=1`, where nothing may be skipped.
#[track_caller]
pub(crate) fn need(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let found =
        names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()));
    if found.is_none() {
        missing(names[0]);
    }
    found
}

/// Says that a test is skipped because something is missing, or fails where nothing may be skipped.
#[track_caller]
pub(crate) fn missing(what: &str) {
    assert!(
        std::env::var_os("GARDENER_TEST_ALL").is_none_or(|value| value != "1"),
        "{what} is missing, and GARDENER_TEST_ALL=1 allows no skipped test"
    );
    eprintln!("skipped: {what} is missing");
}

/// `run` over all of `data/`, with these flags more.
pub(crate) fn run_data(store: &Path, out: &Path, more: &[&str]) -> Said {
    let mut command = gardener();
    command.arg("run").arg(repository("data/dumps")).arg("--issues").arg(repository("data/issues.json"));
    command
        .arg("--config")
        .arg(repository("data/gardener.toml"))
        .arg("--store")
        .arg(store)
        .arg("--out")
        .arg(out)
        .args(more);
    command.output().expect("the binary starts").into()
}

/// One run over `data/` that all tests share; nobody writes into it.
pub(crate) struct Sample {
    pub(crate) store: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) said: Said,
    pub(crate) report: Value,
    pub(crate) actions: Value,
    // Held to the end of the process: a second test run in the same target folder waits for it.
    _lock: File,
}

/// The shared run.
pub(crate) fn sample() -> &'static Sample {
    static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = File::create(scratch.join("sample.lock")).expect("a lock file");
        lock.lock().expect("the lock");
        let base = scratch.join("sample");
        let _ = fs::remove_dir_all(&base);
        let (store, out) = (base.join("garden"), base.join("worklog"));
        let said = run_data(&store, &out, &[]).exits(0);
        let (report, actions) = (json(&out.join("report.json")), json(&out.join("actions.json")));
        Sample { store, out, said, report, actions, _lock: lock }
    });
    &SAMPLE
}

/// Every file below a folder: relative name to bytes.
pub(crate) fn tree(base: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(base)
        .into_iter()
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name =
                entry.path().strip_prefix(base).expect("a file below the folder").to_string_lossy().replace('\\', "/");
            (name, fs::read(entry.path()).expect("a readable file"))
        })
        .collect()
}

/// Asserts that two folders hold the same files with the same bytes; names the first line that differs in each.
#[track_caller]
pub(crate) fn assert_same_tree(left: &Path, right: &Path) {
    let (a, b) = (tree(left), tree(right));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b), "other files");
    let different: Vec<String> = a
        .iter()
        .filter(|(name, bytes)| b[*name] != **bytes)
        .map(|(name, bytes)| first_difference(name, bytes, &b[name]))
        .collect();
    assert!(different.is_empty(), "{} of {} files differ:\n{}", different.len(), a.len(), different.join("\n"));
}

fn first_difference(name: &str, left: &[u8], right: &[u8]) -> String {
    let (left, right) = (String::from_utf8_lossy(left), String::from_utf8_lossy(right));
    let cut = |line: Option<&str>| line.map_or_else(|| "(ends)".to_owned(), |line| line.chars().take(300).collect());
    let (mut a, mut b) = (left.lines(), right.lines());
    for number in 1.. {
        let (one, other) = (a.next(), b.next());
        if one != other || one.is_none() {
            return format!("{name}, line {number}:\n  {}\n  {}", cut(one), cut(other));
        }
    }
    unreachable!("the loop ends with the shorter text")
}

/// The digest of a store.
#[track_caller]
pub(crate) fn digest(store: &Path) -> String {
    let said = run([OsStr::new("store"), OsStr::new("digest"), OsStr::new("--store"), store.as_os_str()]).exits(0);
    let digest = said.out.trim().to_owned();
    assert!(digest.len() >= 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "a digest, not {digest:?}");
    digest
}
