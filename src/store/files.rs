//! The inputs that rows come from: positions in a list instead of content ids of 32 bytes in every row.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::record::ContentId;

#[derive(Debug, Default)]
struct List {
    ids: Arc<Vec<ContentId>>,
    known: FxHashMap<ContentId, u32>,
}

/// Inputs met so far, in the order they were met: positions are for one call only and never stored.
#[derive(Debug, Default)]
pub(super) struct FileList(RwLock<List>);

/// A look at the list as it stood.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(Arc<Vec<ContentId>>);

impl FileList {
    /// Position of an input.
    pub(super) fn add(&self, id: ContentId) -> u32 {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = list.known.get(&id) {
            return *at;
        }
        let at = u32::try_from(list.ids.len()).unwrap_or(u32::MAX);
        Arc::make_mut(&mut list.ids).push(id);
        list.known.insert(id, at);
        at
    }

    /// Every input so far.
    pub(super) fn files(&self) -> Files {
        Files(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).ids))
    }
}

impl Files {
    /// Content id at a position.
    pub(super) fn id(&self, at: u32) -> &ContentId {
        &self.0[at as usize]
    }
}
