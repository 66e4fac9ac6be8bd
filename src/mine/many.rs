//! Pass 2: messages in which several words vary at once and never repeat.
//!
//! A context with one or two places open needs a message that differs nowhere else. Where three names change in every message
//! there is none; but then very many signatures agree in all words that are common in their places, and those make the template.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::evidence::{Evidence, SPACE, VAR};

/// Signatures that must agree; a word is common in its place when as many have it.
const MANY: usize = 32;

impl Evidence<'_> {
    /// Joins signatures that agree in every common word, when those are at least half of the words and at least two.
    pub(super) fn common_words(&mut self, current: &mut Vec<usize>) {
        // Signatures of one build: the same delimiters, spaces and variables in the same places.
        let mut builds: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        for &node in &*current {
            let s = &self.sequences[node];
            if (0..s.len()).filter(|&i| self.is_word(s, i)).count() > 2 {
                let build = (0..s.len()).map(|i| if self.is_word(s, i) { u32::MAX } else { s[i] }).collect();
                builds.entry(build).or_default().push(node);
            }
        }
        for nodes in builds.into_values().filter(|nodes| nodes.len() >= MANY) {
            let mut counts: FxHashMap<(usize, u32), usize> = FxHashMap::default();
            for &node in &nodes {
                for place in self.sequences[node].iter().copied().enumerate() {
                    *counts.entry(place).or_default() += 1;
                }
            }
            let mut groups: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
            for &node in &nodes {
                let s = &self.sequences[node];
                let common = |i: usize| !self.is_word(s, i) || counts.get(&(i, s[i])).is_some_and(|&n| n >= MANY);
                let key: Vec<u32> = (0..s.len()).map(|i| if common(i) { s[i] } else { VAR }).collect();
                let words = (0..s.len()).filter(|&i| self.is_word(s, i)).count();
                let kept = (0..s.len()).filter(|&i| self.is_word(s, i) && key[i] != VAR).count();
                if kept >= 2 && 2 * kept >= words {
                    groups.entry(key).or_default().push(node);
                }
            }
            for (key, members) in groups.into_iter().filter(|(_, members)| members.len() >= MANY) {
                let general = self.node(&key);
                for member in members.into_iter().filter(|&member| member != general) {
                    self.parent[member] = general;
                }
            }
        }
        self.settle(current);
    }

    /// Whether a constant stands at `i` that may become a variable.
    fn is_word(&self, s: &[u32], i: usize) -> bool {
        s[i] != VAR && s[i] != SPACE && self.may_vary(s, i)
    }
}
