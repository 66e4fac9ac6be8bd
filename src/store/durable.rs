//! Files on their way to the disk.
//!
//! A file must be on the disk before a manifest or a receipt names it, and not before the next file is begun: waiting for it
//! took up to a tenth of an ingest. So files of a store are synced side by side by threads that do nothing but wait, and
//! [`layout::replace`](super::layout::replace), which writes what names them, waits for all of them first.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::StoreError;

/// Files of a store that are synced at once; whoever brings more waits for the oldest.
const AT_ONCE: usize = 8;

/// The folder of a store that is written, with those of its files that are not known to be on the disk yet, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Root {
    path: PathBuf,
    syncing: Arc<Mutex<VecDeque<Syncing>>>,
}

/// A file that is being synced.
#[derive(Debug)]
struct Syncing {
    path: PathBuf,
    thread: JoinHandle<io::Result<()>>,
}

impl Syncing {
    fn wait(self) -> Result<(), StoreError> {
        let done = self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the sync of a file failed")));
        done.map_err(|source| StoreError::Io { path: self.path, source })
    }
}

impl Root {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), syncing: Arc::default() }
    }

    /// Syncs a file that stands under its name, and that name, while the caller goes on; what fails is told by
    /// [`settle`](Self::settle), or to who brings the next.
    pub(super) fn sync_soon(&self, path: PathBuf, file: File) -> Result<(), StoreError> {
        let (own, file) = (path.clone(), Arc::new(file));
        let sync = |file: &File, path: &Path| file.sync_all().inspect(|()| sync_folder(path));
        let behind = Arc::clone(&file);
        let thread = std::thread::Builder::new().name("sync".to_owned()).spawn(move || sync(&behind, &own));
        // Where no thread is to be had, the caller waits.
        let Ok(thread) = thread else {
            return sync(&file, &path).map_err(|source| StoreError::Io { path, source });
        };
        let mut all = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(Syncing { path, thread });
        let oldest = if all.len() > AT_ONCE { all.pop_front() } else { None };
        drop(all);
        oldest.map_or(Ok(()), Syncing::wait)
    }

    /// Waits until every file that was given to [`sync_soon`](Self::sync_soon) is on the disk; the first that failed is told.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        let all = std::mem::take(&mut *self.syncing.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter().map(Syncing::wait).fold(Ok(()), Result::and)
    }
}

impl Deref for Root {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// Makes a rename durable. Not every system can sync a folder; the rename itself is atomic all the same.
pub(super) fn sync_folder(file: &Path) {
    if let Some(folder) = file.parent().and_then(|folder| File::open(folder).ok()) {
        folder.sync_all().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_waited_for_and_not_too_many_are_synced_at_once() {
        let root = Root::new(Path::new("store"));
        for _ in 0..3 * AT_ONCE {
            root.clone().sync_soon(root.join("x"), tempfile::tempfile().expect("a file")).expect("syncs");
        }
        assert_eq!(root.syncing.lock().expect("lock").len(), AT_ONCE);
        root.settle().expect("on the disk");
        assert!(root.syncing.lock().expect("lock").is_empty());
        root.settle().expect("nothing is left");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_cannot_be_synced_is_told_by_name_before_anything_names_it() {
        let root = Root::new(Path::new("store"));
        let pipe = File::from(std::os::fd::OwnedFd::from(std::io::pipe().expect("a pipe").1));
        root.sync_soon(root.join("pipe"), pipe).expect("goes on");
        root.sync_soon(root.join("fine"), tempfile::tempfile().expect("a file")).expect("goes on");
        let told = root.settle().expect_err("a pipe is on no disk");
        assert!(matches!(&told, StoreError::Io { path, .. } if path.ends_with("pipe")), "{told}");
        root.settle().expect("it is told once");
    }
}
