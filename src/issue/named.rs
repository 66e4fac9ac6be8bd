//! Where each fingerprint and signature is named: in decisions, in links of earlier runs, in markers.
//!
//! A run asks for thousands of clusters among thousands of issues; looked up, each is compared with those few that name it.

use super::marker::Markers;
use super::matching::{IndexOptions, MatchSubject};
use rustc_hash::FxHashMap;

/// Positions of what names an id, each list ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// In the decisions.
    pub(super) decisions: Vec<usize>,
    /// In the links.
    pub(super) links: Vec<usize>,
    /// In the issues.
    pub(super) issues: Vec<usize>,
}

/// All ids with their places.
#[derive(Debug, Default)]
pub(super) struct Named {
    by_id: FxHashMap<String, Places>,
    /// Positions of the links to an issue number, ascending.
    by_number: FxHashMap<u64, Vec<usize>>,
}

impl Named {
    /// Reads what is settled; `marks` are the markers of each issue.
    pub(super) fn new(marks: &[Vec<(Markers, bool)>], options: &IndexOptions) -> Self {
        let mut named = Self::default();
        for (at, own) in options.decisions.iter().enumerate() {
            named.add(own.signatures.iter().chain([&own.fingerprint]), at, |places| &mut places.decisions);
        }
        for (at, own) in options.links.iter().enumerate() {
            named.add(own.signatures.iter().chain([&own.fingerprint]), at, |places| &mut places.links);
            named.by_number.entry(own.number).or_default().push(at);
        }
        for (at, own) in marks.iter().enumerate() {
            let ids = own.iter().flat_map(|(own, _)| own.sigs.iter().chain(&own.also).chain(&own.fp));
            named.add(ids, at, |places| &mut places.issues);
        }
        named
    }

    fn add<'s>(
        &mut self,
        ids: impl Iterator<Item = &'s String>,
        at: usize,
        list: impl Fn(&mut Places) -> &mut Vec<usize>,
    ) {
        for id in ids {
            let list = list(self.by_id.entry(id.clone()).or_default());
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
    }

    /// What names a subject, `None` when nothing does.
    pub(super) fn of(&self, subject: &MatchSubject<'_>) -> Option<Places> {
        let fingerprints = subject.fingerprint.into_iter().chain(subject.aliases.iter().map(String::as_str));
        let ids = fingerprints.chain(subject.signatures.iter().map(|(id, _)| id.as_str()));
        let mut found: Option<Places> = None;
        for places in ids.filter_map(|id| self.by_id.get(id)) {
            let all = found.get_or_insert_default();
            all.decisions.extend(&places.decisions);
            all.links.extend(&places.links);
            all.issues.extend(&places.issues);
        }
        if let Some(all) = &mut found {
            for list in [&mut all.decisions, &mut all.links, &mut all.issues] {
                list.sort_unstable();
                list.dedup();
            }
        }
        found
    }

    /// Positions of the links to an issue number, ascending.
    pub(super) fn links_to(&self, number: u64) -> &[usize] {
        self.by_number.get(&number).map_or(&[], Vec::as_slice)
    }
}
