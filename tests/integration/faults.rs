//! What goes wrong around a store: killed runs, full disks, missing rights, other writers.
//!
//! Whatever happens, the store stays what it was or becomes what it was to become, and the message says what to do. The long
//! version of the kills is `benches/faults.py`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Said, digest, folder, gardener, missing, need, run, tree};

/// The least of a seeded stream of numbers: the same kills at every run, as far as the machine repeats itself.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 16) % n
    }
}

/// Hour files of two services over two days; each holds the last entries of the one before again.
pub(crate) fn dumps(folder: &Path, rows: u64) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let line = |n: u64| {
        let (day, hour, second) = (1 + n * 2 / rows, n * 48 / rows % 24, n % 3600);
        let severity = ["INFO", "INFO", "WARNING", "ERROR"][(n % 4) as usize];
        let service = ["pump", "valve"][(n % 2) as usize];
        let entry = json!({
            "insertId": format!("row{n:06}"),
            "timestamp": format!("2025-03-{day:02}T{hour:02}:{:02}:{:02}Z", second / 60, second % 60),
            "severity": severity,
            "textPayload": format!("pump {} of basin {} took {} ms", n % 7, n % 3, n * 31 % 997),
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": service, "project_id": "acme"}},
        });
        format!("{entry}\n")
    };
    let files = 12;
    (0..files)
        .map(|file| {
            let (from, to) = (rows * file / files, rows * (file + 1) / files);
            let path = folder.join(format!("part{file:02}.json"));
            fs::write(&path, (from.saturating_sub(20)..to).map(line).collect::<String>()).unwrap();
            path
        })
        .collect()
}

pub(crate) fn store_args<'a>(store: &'a Path, verb: &'a str) -> [&'a str; 4] {
    ["store", verb, "--store", store.to_str().unwrap()]
}

fn ingest(store: &Path, inputs: &[PathBuf]) -> Command {
    let mut command = gardener();
    command.args(["ingest", "--quiet", "--store"]).arg(store).args(inputs);
    command
}

#[track_caller]
pub(crate) fn ingested(store: &Path, inputs: &[PathBuf]) -> Said {
    Said::from(ingest(store, inputs).output().expect("the binary starts")).exits(0)
}

#[track_caller]
pub(crate) fn assert_sound(store: &Path) {
    run(store_args(store, "verify")).exits(0);
}

/// No file that was being written is left, and every name is made of days and hashes.
#[track_caller]
pub(crate) fn assert_names(store: &Path) {
    let hash = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let day = |name: &str| {
        name == "day=none" || name.strip_prefix("day=").is_some_and(|day| day.len() == 10 && day.is_ascii())
    };
    for name in tree(store).keys() {
        let parts: Vec<&str> = name.split('/').collect();
        let fine = match parts[..] {
            ["manifest.json" | "writer.lock" | "readers.lock"] | ["state", "pruned.json"] => true,
            ["ledger" | "quarantine", file] => file.split_once('.').is_some_and(|(stem, _)| hash(stem)),
            ["rows" | "sketch" | "ledger", folder, file] => {
                day(folder) && file.split_once('.').is_some_and(|(stem, _)| hash(stem))
            }
            _ => false,
        };
        assert!(fine, "{name} is no name that a store writes");
    }
}

/// Reads a store over and over until told to stop: it is absent, or in one of the states.
fn read_on(store: &Path, states: &BTreeSet<String>, stop: &AtomicBool) -> u64 {
    let mut seen = 0;
    while !stop.load(Ordering::Relaxed) {
        let said = run(store_args(store, "digest"));
        if said.code == 4 && said.err.contains("no store in") {
            continue;
        }
        let said = said.exits(0);
        assert!(states.contains(said.out.trim()), "a reader saw neither the one state nor the other: {said:?}");
        let said = run(["query", "days", "--format", "json", "--store", store.to_str().unwrap()]);
        assert!(said.code == 0, "a reader was disturbed: {said:?}");
        seen += 1;
    }
    seen
}

#[test]
fn killed_at_any_moment_the_store_is_whole_and_the_next_ingest_completes_it() {
    let scratch = folder();
    let base = scratch.path();
    let inputs = dumps(&base.join("dumps"), 2_000);
    let (half, whole) = (base.join("half"), base.join("whole"));
    ingested(&half, &inputs[..7]);
    let began = Instant::now();
    ingested(&whole, &inputs);
    let took = began.elapsed();
    let empty = base.join("empty");
    fs::write(base.join("nothing.json"), "").unwrap();
    ingested(&empty, &[base.join("nothing.json")]);
    let (half_digest, whole_digest, empty_digest) = (digest(&half), digest(&whole), digest(&empty));

    let seed = 20_250_301;
    let mut numbers = Numbers(seed);
    for kill in 0..10 {
        let store = base.join(format!("store{kill}"));
        // From nothing, and onto days that are there already.
        let before = if kill % 2 == 0 {
            empty_digest.clone()
        } else {
            ingested(&store, &inputs[..7]);
            half_digest.clone()
        };
        let states = BTreeSet::from([before, whole_digest.clone()]);
        let stop = AtomicBool::new(false);
        let after = Duration::from_micros(numbers.below(took.as_micros() as u64 * 11 / 10));
        std::thread::scope(|scope| {
            let reader = (kill >= 7).then(|| scope.spawn(|| read_on(&store, &states, &stop)));
            let mut child = ingest(&store, &inputs).stderr(Stdio::null()).spawn().expect("the binary starts");
            std::thread::sleep(after);
            child.kill().expect("it can be killed");
            child.wait().unwrap();
            let said = run(store_args(&store, "verify"));
            let absent = said.code == 4 && said.err.contains("no store in");
            assert!(
                said.code == 0 || (absent && kill % 2 == 0),
                "kill {kill} of seed {seed} after {after:?}: {said:?}"
            );
            if said.code == 0 {
                assert!(states.contains(&digest(&store)), "kill {kill} of seed {seed} after {after:?}: a third state");
            }
            ingested(&store, &inputs);
            stop.store(true, Ordering::Relaxed);
            if let Some(reader) = reader {
                reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
        assert_eq!(digest(&store), whole_digest, "kill {kill} of seed {seed} after {after:?}");
        run(store_args(&store, "tidy")).exits(0);
        assert_sound(&store);
        assert_names(&store);
    }
}

#[test]
fn a_full_disk_leaves_the_store_as_it_was_and_says_so() {
    let Some(bash) = need(&["bash"]) else { return };
    let scratch = folder();
    let base = scratch.path();
    let inputs = dumps(&base.join("dumps"), 6_000);
    let (store, whole) = (base.join("store"), base.join("whole"));
    ingested(&store, &inputs[..2]);
    ingested(&whole, &inputs);
    let (before, files) = (digest(&store), tree(&store));
    // A disk that fills up, for a process that may not write beyond a length: the same refusal in the middle of a file.
    for blocks in [1, 8, 24] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut command = Command::new(&bash);
        command.args(["-c", &limit, "bash", env!("CARGO_BIN_EXE_gardener"), "ingest", "--store"]);
        let said = Said::from(command.arg(&store).args(&inputs).output().expect("bash starts")).exits(4);
        assert!(said.err.contains("File too large") && said.err.contains(store.to_str().unwrap()), "{}", said.err);
        assert_sound(&store);
        assert_eq!(digest(&store), before, "{blocks} KiB");
        assert_names(&store);
    }
    // What was finished before the refusal is removed, and nothing else.
    run(store_args(&store, "tidy")).exits(0);
    assert_eq!(tree(&store), files);
    ingested(&store, &inputs);
    assert_eq!(digest(&store), digest(&whole));
}

#[test]
fn a_disk_without_space_leaves_the_store_as_it_was_and_says_so() {
    // A small file system of its own needs rights that not every machine gives; the test above needs none.
    let scratch = folder();
    let base = scratch.path();
    let disk = base.join("disk");
    fs::create_dir(&disk).unwrap();
    let inputs = dumps(&base.join("dumps"), 20_000);
    let script = "mount -t tmpfs -o size=240k none \"$1\" || exit 99
        \"$2\" ingest --quiet --store \"$1/store\" \"$3\" || exit 98
        before=$(\"$2\" store digest --store \"$1/store\")
        \"$2\" ingest --quiet --store \"$1/store\" \"$4\"; code=$?
        [ \"$before\" = \"$(\"$2\" store digest --store \"$1/store\")\" ] || exit 97
        \"$2\" store verify --store \"$1/store\" >/dev/null || exit 96
        exit $code";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(&disk).arg(env!("CARGO_BIN_EXE_gardener")).arg(&inputs[0]).arg(base.join("dumps"));
    let said = match command.output() {
        Ok(output) => Said::from(output),
        Err(error) => return eprintln!("skipped: unshare is missing ({error})"),
    };
    if said.code == 99 || said.err.contains("unshare:") {
        return eprintln!("skipped: no file system can be mounted here ({})", said.err.trim());
    }
    let said = said.exits(4);
    assert!(said.err.contains("No space left"), "{}", said.err);
}

/// The binary for a user who may not do everything. A superuser steps down for that.
struct Unprivileged(Vec<PathBuf>);

impl Unprivileged {
    /// Opens `base` to everybody; `None` after saying that the test is skipped.
    fn new(base: &Path) -> Option<Self> {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(base, 0o755);
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_gardener"));
        let probe = base.join("probe");
        fs::write(&probe, "x").unwrap();
        mode(&probe, 0o000);
        if File::open(&probe).is_err() {
            return Some(Self(vec![binary]));
        }
        let setpriv = need(&["setpriv"])?;
        // Where the build lies, another user may not look.
        let link = base.join("gardener");
        if fs::hard_link(&binary, &link).is_err() {
            fs::copy(&binary, &link).unwrap();
        }
        let words = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"].map(PathBuf::from);
        let this = Self(std::iter::once(setpriv).chain(words).chain([link]).collect());
        if this.run(&["--version"]).code != 0 {
            missing("a way to run as another user");
            return None;
        }
        Some(this)
    }

    fn run(&self, args: &[&str]) -> Said {
        let mut command = Command::new(&self.0[0]);
        command.args(&self.0[1..]).args(args).current_dir("/").stdin(Stdio::null());
        command.output().expect("the program starts").into()
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named_and_hides_no_other() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = folder();
    let base = scratch.path();
    let Some(user) = Unprivileged::new(base) else { return };
    let inputs = dumps(&base.join("dumps"), 120);
    fs::set_permissions(&inputs[3], fs::Permissions::from_mode(0o000)).unwrap();
    let open = base.join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let store = open.join("store");
    let args = |input: &Path| {
        let words = ["ingest", input.to_str().unwrap(), "--json", "--store", store.to_str().unwrap()];
        words.map(str::to_owned)
    };
    let words = args(&base.join("dumps"));
    let report = user.run(&words.each_ref().map(String::as_str)).exits(0).json();
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 12);
    let closed: Vec<&Value> = files.iter().filter(|file| !file["skipped"].is_null()).collect();
    assert_eq!(closed.len(), 1, "{report:#}");
    assert_eq!(closed[0]["path"], "part03.json");
    assert!(closed[0]["skipped"].as_str().unwrap().contains("ermission denied"), "{}", closed[0]);
    assert!(report["total"]["unique"].as_u64().unwrap() >= 100);
    // Alone it is an input that could not be opened.
    let words = args(&inputs[3]);
    let said = user.run(&words.each_ref().map(String::as_str)).exits(3);
    assert!(said.err.contains("part03.json") && said.err.contains("ermission denied"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_written_is_read_and_refuses_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = folder();
    let base = scratch.path();
    let Some(user) = Unprivileged::new(base) else { return };
    let inputs = dumps(&base.join("dumps"), 240);
    let store = base.join("store");
    ingested(&store, &inputs[..6]);
    let mode = |folders: u32, files: u32| {
        for entry in walkdir::WalkDir::new(&store).contents_first(folders & 0o200 == 0) {
            let entry = entry.unwrap();
            let bits = if entry.file_type().is_dir() { folders } else { files };
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(bits)).unwrap();
        }
    };
    mode(0o555, 0o444);
    let before = tree(&store);
    let place = store.to_str().unwrap();
    assert_eq!(user.run(&["store", "digest", "--store", place]).exits(0).out.trim().len(), 64);
    user.run(&["store", "verify", "--store", place]).exits(0);
    user.run(&["query", "days", "--store", place]).exits(0);
    user.run(&["store", "prune", "--before", "2025-03-02", "--dry-run", "--store", place]).exits(0);
    for args in [
        &["ingest", inputs[9].to_str().unwrap(), "--store", place][..],
        &["store", "prune", "--before", "2025-03-02", "--store", place],
        &["store", "tidy", "--store", place],
    ] {
        let said = user.run(args).exits(4);
        assert!(said.err.contains(place) && said.err.contains("ermission denied"), "{args:?}: {}", said.err);
    }
    // Nor can one be made where nothing may be written.
    let below = store.join("rows/inner");
    let said = user.run(&["ingest", inputs[9].to_str().unwrap(), "--store", below.to_str().unwrap()]).exits(4);
    assert!(said.err.contains("ermission denied"), "{}", said.err);
    assert_eq!(tree(&store), before, "nothing was touched");
    mode(0o755, 0o644);
}

#[test]
fn a_second_writer_is_told_to_wait_and_readers_are_not() {
    let scratch = folder();
    let base = scratch.path();
    let inputs = dumps(&base.join("dumps"), 240);
    let store = base.join("store");
    ingested(&store, &inputs[..6]);
    let before = digest(&store);
    let lock = File::options().write(true).open(store.join("writer.lock")).unwrap();
    lock.lock().unwrap();
    let said = Said::from(ingest(&store, &inputs).output().unwrap()).exits(4);
    assert!(said.err.contains("another process") && said.err.contains("wait until"), "{}", said.err);
    for args in [&["tidy"][..], &["prune", "--before", "2025-03-02"]] {
        let said = run(["store"].iter().chain(args).copied().chain(["--store", store.to_str().unwrap()])).exits(4);
        assert!(said.err.contains("wait until"), "{args:?}: {}", said.err);
    }
    assert_eq!(digest(&store), before);
    drop(lock);
    ingested(&store, &inputs);

    // Two at once: one may be sent away, none does harm.
    let both = base.join("both");
    let start = |part: &[PathBuf]| ingest(&both, part).stderr(Stdio::piped()).spawn().unwrap();
    let (one, other) = (start(&inputs[..6]), start(&inputs[6..]));
    for child in [one, other] {
        let said = Said::from(child.wait_with_output().unwrap());
        assert!(said.code == 0 || (said.code == 4 && said.err.contains("wait until")), "{said:?}");
    }
    assert_sound(&both);
    ingested(&both, &inputs);
    assert_eq!(digest(&both), digest(&store));
}
