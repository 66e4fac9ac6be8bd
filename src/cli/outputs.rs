//! Writing documents without ever destroying what people wrote.
//!
//! Files are made in a folder of their own inside the one they are for, and renamed when all of them are there, so that a run
//! that is killed leaves whole files, and one that fails leaves those of the run before; what a killed run was making is
//! removed by the next one. What was written is remembered with its hash: a file that was changed by hand since is not
//! overwritten without `--force`, and `notes.md` is never touched once it exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Stop, owner};
use crate::input::WRITTEN;

/// Threads that write: nearly all that a file costs is waiting for the disk, which takes together what waits at the same time.
const WRITERS: usize = 16;
/// What the name of a folder begins with whose files are being made.
const MAKING: &str = ".gardener-making-";

/// The hash of each file that was written, by its name; two of them, with a blank between, where a run was killed that may have
/// put another file in the place of the first.
type Written = BTreeMap<String, String>;

/// The files of one report, by their name inside the folder.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    files: BTreeMap<String, Vec<u8>>,
}

impl Outputs {
    /// Adds a file.
    pub(crate) fn add(&mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(name.into(), content.into());
    }

    /// Refuses to overwrite what this tool did not write, or what was changed by hand since.
    fn check(&self, folder: &Path, further: &[String], earlier: &Written) -> anyhow::Result<()> {
        let foreign = |name: &&String| {
            std::fs::read(folder.join(name)).is_ok_and(|bytes| !is_known(earlier.get(*name), &hash(&bytes)))
        };
        let names: BTreeSet<&String> = self.files.keys().chain(further).collect();
        let changed: Vec<&str> = names.into_iter().filter(foreign).map(String::as_str).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let names = changed.join(", ");
        let remedy = "put remarks into notes.md, choose another --out, or overwrite with --force";
        Err(Stop::Usage(format!("{}: {names} changed by hand, or not written by gardener; {remedy}", folder.display()))
            .into())
    }

    /// Writes these files over those of the same name; the others of an earlier run stay, and stay remembered.
    pub(crate) fn replace(self, folder: &Path, force: bool) -> anyhow::Result<()> {
        self.written(folder, (force, Others::Stay), &[], |_| Ok(()))
    }

    /// Writes everything; files of an earlier run of the same verb that this one does not have are removed.
    pub(crate) fn write(self, folder: &Path, force: bool) -> anyhow::Result<()> {
        self.write_with(folder, force, &[], |_| Ok(()))
    }

    /// As [`Outputs::write`], with files of the names in `further` that `make` puts while the others are on their way to the
    /// disk. None of them is seen under its name before all are there.
    pub(crate) fn write_with(
        self,
        folder: &Path,
        force: bool,
        further: &[String],
        make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.written(folder, (force, Others::Go), further, make)
    }

    fn written(
        self,
        folder: &Path,
        how: (bool, Others),
        further: &[String],
        make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut made = new_folders(folder);
        self.into_folder(folder, how, further, make, &mut made).inspect_err(|_| {
            // Those that hold something, or are somebody's, stay.
            made.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
        })
    }

    fn into_folder(
        self,
        folder: &Path,
        (force, others): (bool, Others),
        further: &[String],
        make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
        made: &mut Vec<PathBuf>,
    ) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let _held = hold(folder);
        let earlier = read_written(folder);
        if !force {
            if others == Others::Go {
                let names = self.files.keys().chain(further).map(String::as_str).collect();
                owner::check(folder, &names, earlier.keys())?;
            }
            self.check(folder, further, &earlier)?;
        }
        let making =
            tempfile::Builder::new().prefix(MAKING).tempdir_in(folder).map_err(|error| failed(folder, error))?;
        let ready = self.made(folder, making.path(), further.len(), make)?;
        make_room(folder, ready.keys(), made)?;
        let mut written: Written = ready.iter().map(|(name, (_, hash))| (name.clone(), hash.clone())).collect();
        let memory = folder.join(WRITTEN);
        let remember = |written: &Written| {
            place(folder, &memory, json(written)?.as_bytes()).map_err(|error| failed(&memory, error))
        };
        // What stands in each place is known at any moment from here on.
        let both = either(&earlier, &written);
        if both != earlier {
            remember(&both)?;
        }
        for (name, (file, _)) in ready {
            let path = folder.join(&name);
            moved(&file, &path).map_err(|error| failed(&path, error))?;
        }
        let own: BTreeSet<String> = written.keys().cloned().collect();
        let own: BTreeSet<&str> = own.iter().map(String::as_str).collect();
        for (name, known) in earlier.into_iter().filter(|(name, _)| is_inside(name)) {
            if written.contains_key(&name) {
                continue;
            }
            let path = folder.join(&name);
            if others == Others::Stay || !owner::is_same(&name, &own) {
                written.insert(name, known);
            } else if std::fs::read(&path).is_ok_and(|bytes| is_known(Some(&known), &hash(&bytes))) {
                let _ = std::fs::remove_file(path);
            }
        }
        remember(&written)
    }

    /// Puts these files and those that `make` makes on the disk.
    fn made(
        self,
        folder: &Path,
        staging: &Path,
        further: usize,
        make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<BTreeMap<String, Ready>> {
        let making = Making { folder, staging, count: AtomicUsize::new(0), files: Mutex::default() };
        let writers = (self.files.len() + further).clamp(1, WRITERS);
        match rayon::ThreadPoolBuilder::new().num_threads(writers).build() {
            Ok(writers) => writers.in_place_scope(|scope| fill(self.files, &making, scope, make))?,
            // Without threads of its own, on those that are there.
            Err(_) => rayon::in_place_scope(|scope| fill(self.files, &making, scope, make))?,
        }
        let files = making.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.into_iter().map(|(name, file)| Ok((name, file?))).collect()
    }
}

fn fill<'scope>(
    files: BTreeMap<String, Vec<u8>>,
    making: &'scope Making<'scope>,
    scope: &rayon::Scope<'scope>,
    make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sink = Sink { making, scope };
    for (name, content) in files {
        sink.put(name, content);
    }
    make(&sink)
}

/// The folders that are made for a folder to be there, each behind the one that holds it.
fn new_folders(folder: &Path) -> Vec<PathBuf> {
    let mut new: Vec<PathBuf> = folder.ancestors().take_while(|above| !above.exists()).map(Path::to_owned).collect();
    new.reverse();
    new
}

/// What happens to the files of an earlier run that this one does not write.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    Stay,
    Go,
}

/// Makes the folders of some files; refuses before any file has its place what would stop between two of them.
fn make_room<'a>(
    folder: &Path,
    names: impl Iterator<Item = &'a String>,
    made: &mut Vec<PathBuf>,
) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    let parents: BTreeSet<&Path> =
        files.iter().filter_map(|file| file.parent()).filter(|parent| *parent != folder).collect();
    for parent in parents {
        made.extend(new_folders(parent));
        std::fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        tempfile::tempfile_in(parent).map_err(|error| failed(parent, error))?;
    }
    match files.iter().find(|file| file.is_dir()) {
        Some(file) => Err(failed(file, ErrorKind::IsADirectory.into())),
        None => Ok(()),
    }
}

/// Keeps other runs from writing into a folder, and removes what killed ones were making there. `None` where a folder cannot
/// be held: what is left there may be another run's.
fn hold(folder: &Path) -> Option<File> {
    let held = File::open(folder).ok()?;
    if held.try_lock().is_err() {
        tracing::warn!("{}: waiting for another run that writes there", folder.display());
        held.lock().ok()?;
    }
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let making = entry.file_name().to_str().is_some_and(|name| name.starts_with(MAKING));
        if making && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_made(&entry.path());
        }
    }
    Some(held)
}

/// Removes the files that a run was making, and their folder when nothing else is in it.
fn remove_made(folder: &Path) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files.filter(|file| file.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit)) {
        let _ = std::fs::remove_file(file.path());
    }
    let _ = std::fs::remove_dir(folder);
}

/// What is remembered while files of a run take the places of an earlier one's.
fn either(earlier: &Written, written: &Written) -> Written {
    let mut both = earlier.clone();
    for (name, hash) in written {
        let known = both.entry(name.clone()).or_default();
        if !is_known(Some(known), hash) {
            let between = if known.is_empty() { "" } else { " " };
            known.extend([between, hash]);
        }
    }
    both
}

fn is_known(known: Option<&String>, hash: &str) -> bool {
    known.is_some_and(|known| known.split(' ').any(|known| known == hash))
}

fn json(written: &Written) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(written)?))
}

/// Gives a file its place; where that is on another file system, a copy.
fn moved(file: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::rename(file, path) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            place(path.parent().unwrap_or(Path::new(".")), path, &std::fs::read(file)?)
        }
        done => done,
    }
}

/// A file that is on the disk, and the hash of what it holds.
type Ready = (PathBuf, String);

/// Files that wait for their names.
struct Making<'a> {
    /// Where they are to stand.
    folder: &'a Path,
    staging: &'a Path,
    count: AtomicUsize,
    files: Mutex<BTreeMap<String, anyhow::Result<Ready>>>,
}

impl Making<'_> {
    fn add(&self, name: String, content: &[u8]) {
        let file = self.staging.join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        let made = File::create_new(&file).and_then(|to| filled(&to, Path::new(&name), content));
        let ready = made.map(|()| (file, hash(content))).map_err(|error| failed(&self.folder.join(&name), error));
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(name, ready);
    }
}

/// Takes files while others are written.
pub(crate) struct Sink<'a, 'scope> {
    making: &'scope Making<'scope>,
    scope: &'a rayon::Scope<'scope>,
}

impl Sink<'_, '_> {
    /// Adds a file.
    pub(crate) fn put(&self, name: impl Into<String>, content: impl Into<Vec<u8>>) {
        let (making, name, content): (_, String, Vec<u8>) = (self.making, name.into(), content.into());
        self.scope.spawn(move |_| making.add(name, &content));
    }
}

fn failed(path: &Path, error: std::io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("cannot write {}", path.display()))
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Whether a remembered name stays inside the folder: the memory is a file that anybody may have edited.
fn is_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn read_written(folder: &Path) -> Written {
    std::fs::read(folder.join(WRITTEN)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

pub(super) fn place(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    let file = tempfile::Builder::new().prefix(".gardener-").tempfile_in(folder)?;
    filled(file.as_file(), path, content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Puts a content on the disk, as what is to stand at `path`.
fn filled(mut file: &File, path: &Path, content: &[u8]) -> std::io::Result<()> {
    file.write_all(content)?;
    file.sync_all()?;
    set_mode(file, path)
}

#[cfg(unix)]
fn set_mode(file: &File, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let script = path.extension().is_some_and(|extension| extension == "sh");
    file.set_permissions(std::fs::Permissions::from_mode(if script { 0o755 } else { 0o644 }))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(names: &[&str]) -> Outputs {
        let mut outputs = Outputs::default();
        for name in names {
            outputs.add(*name, format!("content of {name}"));
        }
        outputs
    }

    #[test]
    fn a_file_changed_by_hand_or_not_ours_is_not_overwritten_without_force() {
        let dir = tempfile::tempdir().expect("dir");
        outputs(&["a.md", "bodies/b.md"]).write(dir.path(), false).expect("writes");
        outputs(&["a.md", "bodies/b.md"]).write(dir.path(), false).expect("nothing changed");
        for change in ["a.md", ".written.json"] {
            std::fs::write(dir.path().join(change), "mine").expect("write");
            let error = outputs(&["a.md"]).write(dir.path(), false).expect_err("must refuse").to_string();
            assert!(error.contains("a.md") && error.contains("--force"), "{error}");
        }
        outputs(&["a.md"]).write(dir.path(), true).expect("forced");
    }

    #[test]
    fn files_of_an_earlier_run_go_and_strangers_stay() {
        let dir = tempfile::tempdir().expect("dir");
        let out = dir.path().join("out");
        outputs(&["a.md", "b.md"]).write(&out, false).expect("writes");
        std::fs::write(out.join("notes.md"), "mine").expect("write");
        std::fs::write(dir.path().join("victim"), "x").expect("write");
        let memory = std::fs::read_to_string(out.join(WRITTEN)).expect("memory");
        let forged = memory.replacen('{', &format!("{{\"../victim\":\"{}\",", hash(b"x")), 1);
        std::fs::write(out.join(WRITTEN), forged).expect("write");
        outputs(&["a.md"]).write(&out, true).expect("writes");
        assert!(out.join("a.md").exists() && !out.join("b.md").exists());
        assert!(dir.path().join("victim").exists(), "nothing outside the folder is touched");
        assert_eq!(std::fs::read_to_string(out.join("notes.md")).expect("kept"), "mine");
    }

    #[test]
    fn what_another_verb_wrote_is_neither_removed_nor_replaced_unasked() {
        let worklog = ["worklog.md", "report.json", "actions.json", "bodies/b.md"];
        let weekly = ["weekly.md", "report.json"];
        let compare = ["compare.md", "compare.json"];
        for (first, second, refused) in [
            (&worklog[..], &weekly[..], Some("a worklog (worklog.md) and its plan (actions.json)")),
            (&weekly, &worklog, Some("a weekly (weekly.md)")),
            (&["postmortem.md", "report.json"], &worklog, Some("a postmortem (postmortem.md)")),
            (&["weekly.md", "report.json", "actions.json"], &weekly, Some("a plan (actions.json)")),
            (&worklog, &compare, None),
            (&compare, &weekly, None),
            (&worklog, &worklog[..3], None),
        ] {
            let dir = tempfile::tempdir().expect("dir");
            outputs(first).write(dir.path(), false).expect("writes");
            let before = read_written(dir.path());
            match (outputs(second).write(dir.path(), false), refused) {
                (Err(error), Some(what)) => {
                    assert!(error.to_string().contains(what) && error.to_string().contains("--out"), "{error}");
                    assert_eq!(read_written(dir.path()), before);
                    assert!(first.iter().all(|name| dir.path().join(name).exists()), "{first:?}");
                    outputs(second).write(dir.path(), true).expect("forced");
                    assert!(!dir.path().join(first[0]).exists() || first[0] == second[0]);
                }
                (written, what) => {
                    written.expect("writes");
                    assert_eq!(what, None, "{first:?} {second:?}");
                    let stays = second[0].starts_with("compare.") || first[0].starts_with("compare.");
                    assert!(!stays || first.iter().all(|name| dir.path().join(name).exists()), "{first:?} {second:?}");
                }
            }
        }
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("entry").file_name().into_string().expect("name")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_would_stop_a_run_between_two_files_stops_it_before() {
        let dir = tempfile::tempdir().expect("dir");
        outputs(&["a.md"]).write(dir.path(), false).expect("writes");
        std::fs::create_dir_all(dir.path().join("b.md/in")).expect("folder");
        std::fs::write(dir.path().join("bodies"), "mine").expect("write");
        for name in ["b.md", "bodies/1.md"] {
            let mut new = outputs(&[name, "new/c.md"]);
            new.add("a.md", "another");
            let error = new.write(dir.path(), false).expect_err("stops").to_string();
            assert!(error.contains(name.split('/').next().unwrap_or(name)) && !error.contains(MAKING), "{error}");
            assert_eq!(std::fs::read_to_string(dir.path().join("a.md")).expect("there"), "content of a.md");
            assert_eq!(names_in(dir.path()), [WRITTEN, "a.md", "b.md", "bodies"]);
        }
    }

    #[test]
    fn what_a_stopped_run_had_put_in_place_is_known_and_what_nobody_wrote_is_not() {
        let dir = tempfile::tempdir().expect("dir");
        let of = |content: &str| Written::from([("a.md".to_owned(), hash(content.as_bytes()))]);
        std::fs::write(dir.path().join(WRITTEN), json(&either(&of("old"), &of("new"))).expect("json")).expect("write");
        for (content, known) in [("old", true), ("new", true), ("mine", false)] {
            std::fs::write(dir.path().join("a.md"), content).expect("write");
            let checked = outputs(&["a.md"]).check(dir.path(), &[], &read_written(dir.path()));
            assert_eq!(checked.is_ok(), known, "{content}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_run_was_making_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().expect("dir");
        for (folder, file) in [("making-aB3xYz", "0"), ("making-of-somebody", "notes"), ("cache", "0")] {
            let folder = dir.path().join(format!(".gardener-{folder}"));
            std::fs::create_dir(&folder).expect("folder");
            std::fs::write(folder.join(file), "half").expect("write");
        }
        outputs(&["a.md"]).write(dir.path(), false).expect("writes");
        assert_eq!(names_in(dir.path()), [".gardener-cache", ".gardener-making-of-somebody", WRITTEN, "a.md"]);
    }

    #[test]
    fn files_of_an_earlier_run_stay_where_some_are_replaced() {
        let dir = tempfile::tempdir().expect("dir");
        outputs(&["a.md", "b.md"]).write(dir.path(), false).expect("writes");
        let mut new = Outputs::default();
        new.add("a.md", "another");
        new.replace(dir.path(), false).expect("replaces");
        assert_eq!(names_in(dir.path()), [WRITTEN, "a.md", "b.md"]);
        outputs(&["a.md", "b.md"]).write(dir.path(), false).expect("both are remembered");
        std::fs::write(dir.path().join("b.md"), "mine").expect("write");
        outputs(&["a.md"]).replace(dir.path(), false).expect("b is not its business");
        let refused = outputs(&["b.md"]).write(dir.path(), false).expect_err("changed by hand").to_string();
        assert!(refused.contains("b.md"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn runs_that_write_into_one_folder_take_turns() {
        let dir = tempfile::tempdir().expect("dir");
        std::thread::scope(|scope| {
            for name in ["a.md", "b.md", "c.md", "d.md"] {
                let folder = dir.path();
                scope.spawn(move || outputs(&["a.md", name]).write(folder, false).expect("writes"));
            }
        });
        let names: Vec<String> = read_written(dir.path()).into_keys().collect();
        assert_eq!(names_in(dir.path())[1..], names, "one run's files, and nothing else");
    }

    #[test]
    fn what_fails_leaves_the_files_of_the_run_before_and_no_others() {
        let dir = tempfile::tempdir().expect("dir");
        outputs(&["a.md", "bodies/b.md"]).write(dir.path(), false).expect("writes");
        let mut new = Outputs::default();
        new.add("a.md", "another");
        let further = ["c.md".to_owned()];
        let failed = new.write_with(dir.path(), false, &further, |sink| {
            sink.put("c.md", "more");
            anyhow::bail!("no template")
        });
        assert!(failed.is_err_and(|error| error.to_string().contains("no template")));
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).ok();
        assert_eq!((read("a.md"), read("c.md")), (Some("content of a.md".into()), None));
        assert_eq!(names_in(dir.path()), [WRITTEN, "a.md", "bodies"]);
        let out = dir.path().join("deep/out");
        let failed = outputs(&["a.md", "bodies/b.md"]).write_with(&out, false, &[], |_| anyhow::bail!("no template"));
        assert!(failed.is_err() && !dir.path().join("deep").exists());
        // What comes later is looked after as well.
        std::fs::write(dir.path().join("c.md"), "mine").expect("write");
        let refused = outputs(&["a.md"]).write_with(dir.path(), false, &further, |sink| {
            sink.put("c.md", "more");
            Ok(())
        });
        assert!(refused.is_err_and(|error| error.to_string().contains("c.md")));
        assert_eq!(read("c.md").as_deref(), Some("mine"));
    }
}
