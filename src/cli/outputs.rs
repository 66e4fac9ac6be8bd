//! Writing documents without ever destroying what people wrote.
//!
//! Files are made beside their place and renamed, so that a run that is killed leaves whole files. What was written is
//! remembered with its hash: a file that was changed by hand since is not overwritten without `--force`, and `notes.md` is
//! never touched once it exists.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Stop;

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

    /// Refuses a folder in which a file of an earlier run was changed by hand.
    pub(crate) fn check(folder: &Path, force: bool) -> anyhow::Result<()> {
        let changed: Vec<String> = read_written(folder)
            .into_iter()
            .filter(|(name, hash)| {
                std::fs::read(folder.join(name)).is_ok_and(|bytes| blake3::hash(&bytes).to_hex().as_str() != hash)
            })
            .map(|(name, _)| name)
            .collect();
        if changed.is_empty() || force {
            return Ok(());
        }
        let names = changed.join(", ");
        Err(Stop::Usage(format!("{}: {names} changed by hand since it was written; put remarks into notes.md, choose another --out, or overwrite with --force", folder.display())).into())
    }

    /// Writes everything; files of an earlier run that this one does not have are removed.
    pub(crate) fn write(self, folder: &Path) -> anyhow::Result<()> {
        let fail = |path: &Path, error: std::io::Error| {
            anyhow::Error::new(error).context(format!("cannot write {}", path.display()))
        };
        let mut written = BTreeMap::new();
        for (name, content) in &self.files {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(|error| fail(parent, error))?;
            place(parent, &path, content).map_err(|error| fail(&path, error))?;
            written.insert(name.clone(), blake3::hash(content).to_hex().to_string());
        }
        for name in read_written(folder).into_keys().filter(|name| !self.files.contains_key(name)) {
            let _ = std::fs::remove_file(folder.join(name));
        }
        let path = folder.join(WRITTEN);
        place(folder, &path, format!("{}\n", serde_json::to_string_pretty(&written)?).as_bytes())
            .map_err(|error| fail(&path, error))
    }
}

fn read_written(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read(folder.join(WRITTEN)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn place(folder: &Path, path: &PathBuf, content: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".gardener-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    set_mode(file.as_file(), path)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
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
    fn a_file_changed_by_hand_is_not_overwritten_without_force() {
        let dir = tempfile::tempdir().expect("dir");
        outputs(&["a.md", "bodies/b.md"]).write(dir.path()).expect("writes");
        Outputs::check(dir.path(), false).expect("nothing changed");
        std::fs::write(dir.path().join("a.md"), "mine").expect("write");
        let error = Outputs::check(dir.path(), false).expect_err("must refuse").to_string();
        assert!(error.contains("a.md") && error.contains("--force"), "{error}");
        Outputs::check(dir.path(), true).expect("forced");
    }

    #[test]
    fn files_of_an_earlier_run_go_and_strangers_stay() {
        let dir = tempfile::tempdir().expect("dir");
        outputs(&["a.md", "b.md"]).write(dir.path()).expect("writes");
        std::fs::write(dir.path().join("notes.md"), "mine").expect("write");
        outputs(&["a.md"]).write(dir.path()).expect("writes");
        assert!(dir.path().join("a.md").exists() && !dir.path().join("b.md").exists());
        assert_eq!(std::fs::read_to_string(dir.path().join("notes.md")).expect("kept"), "mine");
    }
}
