//! Writing documents without ever destroying what people wrote.
//!
//! Files are made beside their place and renamed when all of them are there, so that a run that is killed leaves whole files,
//! and one that fails leaves those of the run before. What was written is
//! remembered with its hash: a file that was changed by hand since is not overwritten without `--force`, and `notes.md` is
//! never touched once it exists.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempPath;

use super::Stop;

/// Threads that write: nearly all that a file costs is waiting for the disk, which takes together what waits at the same time.
const WRITERS: usize = 16;
/// Remembers what was written.
const WRITTEN: &str = ".written.json";

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
    fn check(&self, folder: &Path, further: &[String]) -> anyhow::Result<()> {
        let written = read_written(folder);
        let foreign = |name: &&String| {
            std::fs::read(folder.join(name))
                .is_ok_and(|bytes| written.get(*name).map(String::as_str) != Some(hash(&bytes).as_str()))
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
    pub(crate) fn replace(mut self, folder: &Path, force: bool) -> anyhow::Result<()> {
        let earlier = read_written(folder);
        if !force {
            self.check(folder, &[])?;
        }
        for (name, known) in earlier.iter().filter(|(name, _)| is_inside(name)) {
            if let (false, Ok(bytes)) = (self.files.contains_key(name), std::fs::read(folder.join(name))) {
                // What was changed by hand is left alone here, and noticed by the next run.
                if hash(&bytes) == *known {
                    self.files.insert(name.clone(), bytes);
                }
            }
        }
        self.write(folder, true)
    }

    /// Writes everything; files of an earlier run that this one does not have are removed.
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
        if !force {
            self.check(folder, further)?;
        }
        let earlier = read_written(folder);
        let made = new_folders(folder, self.files.keys().chain(further));
        let ready = self.staged(folder, make).inspect_err(|_| {
            // Those that hold something, or are somebody's, stay.
            made.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
        })?;
        let mut written: BTreeMap<String, String> = BTreeMap::new();
        for (name, (file, hash)) in ready {
            let path = folder.join(&name);
            file.persist(&path).map_err(|error| failed(&path, error.error))?;
            written.insert(name, hash);
        }
        for (name, known) in earlier.iter().filter(|(name, _)| !written.contains_key(*name) && is_inside(name)) {
            let path = folder.join(name);
            if std::fs::read(&path).is_ok_and(|bytes| hash(&bytes) == *known) {
                let _ = std::fs::remove_file(path);
            }
        }
        let path = folder.join(WRITTEN);
        place(folder, &path, format!("{}\n", serde_json::to_string_pretty(&written)?).as_bytes())
            .map_err(|error| failed(&path, error))
    }

    /// Puts these files and those that `make` makes on the disk.
    fn staged(
        self,
        folder: &Path,
        make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<BTreeMap<String, Ready>> {
        let staged = Staged { folder, files: Mutex::default() };
        match rayon::ThreadPoolBuilder::new().num_threads(WRITERS).build() {
            Ok(writers) => writers.in_place_scope(|scope| fill(self.files, &staged, scope, make))?,
            // Without threads of its own, on those that are there.
            Err(_) => rayon::in_place_scope(|scope| fill(self.files, &staged, scope, make))?,
        }
        let files = staged.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.into_iter().map(|(name, file)| Ok((name, file?))).collect()
    }
}

fn fill<'scope>(
    files: BTreeMap<String, Vec<u8>>,
    staged: &'scope Staged<'scope>,
    scope: &rayon::Scope<'scope>,
    make: impl FnOnce(&Sink<'_, '_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sink = Sink { staged, scope };
    for (name, content) in files {
        sink.put(name, content);
    }
    make(&sink)
}

/// The folders of some files that are not there yet, each behind the one that holds it.
fn new_folders<'a>(folder: &Path, names: impl Iterator<Item = &'a String>) -> BTreeSet<PathBuf> {
    let files: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    let above = files.iter().flat_map(|file| file.ancestors().skip(1).take_while(|above| !above.exists()));
    above.map(Path::to_owned).collect()
}

/// A file that is on the disk, beside its place, and the hash of what it holds.
type Ready = (TempPath, String);

/// The files of a folder that wait for their names.
struct Staged<'a> {
    folder: &'a Path,
    files: Mutex<BTreeMap<String, anyhow::Result<Ready>>>,
}

impl Staged<'_> {
    fn add(&self, name: String, content: &[u8]) {
        let path = self.folder.join(&name);
        let parent = path.parent().unwrap_or(self.folder);
        let made = std::fs::create_dir_all(parent).map_err(|error| failed(parent, error));
        let ready = made.and_then(|()| beside(parent, &path, content).map_err(|error| failed(&path, error)));
        let ready = ready.map(|file| (file, hash(content)));
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(name, ready);
    }
}

/// Takes files while others are written.
pub(crate) struct Sink<'a, 'scope> {
    staged: &'scope Staged<'scope>,
    scope: &'a rayon::Scope<'scope>,
}

impl Sink<'_, '_> {
    /// Adds a file.
    pub(crate) fn put(&self, name: impl Into<String>, content: impl Into<Vec<u8>>) {
        let (staged, name, content): (_, String, Vec<u8>) = (self.staged, name.into(), content.into());
        self.scope.spawn(move |_| staged.add(name, &content));
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

fn read_written(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read(folder.join(WRITTEN)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

pub(super) fn place(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    beside(folder, path, content)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// What is to stand at `path`, on the disk under another name.
fn beside(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<TempPath> {
    let mut file = tempfile::Builder::new().prefix(".gardener-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    set_mode(file.as_file(), path)?;
    // Closed: a report may have more files than may be open.
    Ok(file.into_temp_path())
}

#[cfg(unix)]
fn set_mode(file: &std::fs::File, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let script = path.extension().is_some_and(|extension| extension == "sh");
    file.set_permissions(std::fs::Permissions::from_mode(if script { 0o755 } else { 0o644 }))
}

#[cfg(not(unix))]
fn set_mode(_: &std::fs::File, _: &Path) -> std::io::Result<()> {
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
        let mut names: Vec<_> =
            std::fs::read_dir(dir.path()).expect("folder").map(|entry| entry.expect("entry").file_name()).collect();
        names.sort();
        assert_eq!(names, [WRITTEN, "a.md", "bodies"]);
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
