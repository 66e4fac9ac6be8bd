//! Which rows an engine sees, for what reads them without SQL: the same files, windows, services and revision.

use std::path::PathBuf;

use rustc_hash::FxHashMap;

use super::views::Services;
use crate::mine::{SigId, TemplateSet};
use crate::store::{NO_WORD, Words};
use crate::time::Window;

/// Templates by the signatures they hold.
#[derive(Debug, Default)]
pub(super) struct TemplateIndex {
    at: FxHashMap<SigId, u32>,
    /// Ids by place.
    pub(super) ids: Vec<String>,
    /// Texts by place.
    pub(super) texts: Vec<String>,
    /// Forms by place.
    pub(super) forms: Vec<&'static str>,
}

impl TemplateIndex {
    pub(super) fn new(set: &TemplateSet) -> Self {
        let mut out = Self::default();
        for template in set.iter() {
            let place = out.ids.len() as u32;
            out.at.extend(set.members(&template.id).iter().map(|sig| (*sig, place)));
            out.ids.push(template.id.clone());
            out.texts.push(template.text.clone());
            out.forms.push(template.form.as_str());
        }
        out
    }

    pub(super) fn of(&self, sig: SigId) -> Option<u32> {
        self.at.get(&sig).copied()
    }
}

/// The rows of an engine.
#[derive(Debug)]
pub(super) struct RowSource {
    pub(super) files: Vec<PathBuf>,
    pub(super) window: Window,
    /// Stretches of the window that alone are seen, ascending; `None` for all of it.
    pub(super) parts: Option<Vec<Window>>,
    pub(super) services: Services,
    pub(super) revision: Option<String>,
    pub(super) templates: TemplateIndex,
}

impl RowSource {
    /// Which rows of a group are seen.
    pub(super) fn kept(&self, ts_ns: &[i64], services: &Words, revisions: &Words) -> Vec<bool> {
        let holds = |words: &Words, row: usize, kept: &[bool]| match words.codes[row] {
            NO_WORD => false,
            code => kept[code as usize],
        };
        let by_service: Option<Vec<bool>> =
            (!self.services.all()).then(|| services.words.iter().map(|word| self.services.hold(Some(word))).collect());
        let by_revision: Option<Vec<bool>> =
            self.revision.as_ref().map(|revision| revisions.words.iter().map(|word| word == revision).collect());
        (0..ts_ns.len())
            .map(|row| {
                self.window.holds(ts_ns[row])
                    && self.parts.as_ref().is_none_or(|parts| parts.iter().any(|part| part.holds(ts_ns[row])))
                    && by_service.as_ref().is_none_or(|kept| holds(services, row, kept))
                    && by_revision.as_ref().is_none_or(|kept| holds(revisions, row, kept))
            })
            .collect()
    }
}
