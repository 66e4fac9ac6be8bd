//! Receipts in a store's folder: what tasks of a cluster made that no manifest names yet.
//!
//! A run on a cluster writes into the store for hours before its last step publishes anything. Until then its receipts keep
//! its files from being swept by whoever else writes into the store; the last step takes them away, and with them what was
//! needed on the way only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::durable::Root;
use super::layout::{self, io};
use super::manifest::Manifest;
use super::{StoreError, ledger};
use crate::record::receipt::{Receipt, Step};

/// Folder of the receipts; while it is there, files in the making are left alone too.
const FOLDER: &str = "receipt";

/// Makes a folder ready to be written into by tasks, in any number and at the same time.
///
/// Refused where files of somebody else lie in it: what no manifest and no receipt names is removed some day.
pub(super) fn begin(root: &Path) -> Result<(), StoreError> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() && Manifest::load(root)?.is_none() {
        layout::refuse_foreign(root)?;
    }
    fs::create_dir_all(&folder).map_err(io(&folder))
}

/// Keeps a receipt under its id. The same task writes the same file again.
pub(super) fn keep(root: &Root, receipt: &Receipt) -> Result<(), StoreError> {
    let mut text = serde_json::to_vec(receipt).expect("a receipt has string keys and whole numbers only");
    text.push(b'\n');
    layout::replace(root, &format!("{FOLDER}/{}.json", receipt.id), &text)
}

fn all(root: &Path) -> Result<Vec<(PathBuf, Receipt)>, StoreError> {
    let Ok(entries) = fs::read_dir(root.join(FOLDER)) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.into_iter().map(|path| ledger::read_json(&path).map(|receipt| (path, receipt))).collect()
}

/// Files that receipts name, relative to the store; `None` when no run on a cluster is under way.
pub(super) fn kept(root: &Path) -> Result<Option<BTreeSet<String>>, StoreError> {
    if !root.join(FOLDER).is_dir() {
        return Ok(None);
    }
    Ok(Some(all(root)?.into_iter().flat_map(|(_, receipt)| receipt.files).collect()))
}

/// Takes away the receipts of tasks whose every leaf was published, and of earlier attempts at the days that were; with the
/// last receipt the run has ended.
pub(super) fn release(root: &Path, leaves: &BTreeSet<String>, days: &BTreeSet<String>) -> Result<(), StoreError> {
    for (path, receipt) in all(root)? {
        let is_older = receipt.step == Step::Compact && receipt.day.as_ref().is_some_and(|day| days.contains(day));
        if is_older || receipt.leaves.iter().all(|leaf| leaves.contains(leaf)) {
            fs::remove_file(&path).map_err(io(&path))?;
        }
    }
    // Fails while receipts of other runs stand in it, and that is how it should be.
    fs::remove_dir(root.join(FOLDER)).ok();
    Ok(())
}
