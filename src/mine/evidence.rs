//! Pass 2: which constants are variables, judged by what stands in the same place elsewhere.
//!
//! For every position of every signature the *context* is the signature without that position.
//! The set of words found in one context is the evidence; whether it is enough depends on the
//! words. All moves of a round apply at once and ties are broken by content, so the result is a
//! function of the set of signatures. Contexts are compared by hash first and then word by word:
//! a collision of hashes can cost time and never changes a result.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::signature::Form;
use super::wordform::is_event_key;
use super::words::{NAME_NEED, Word, is_level, leads};

/// A variable.
pub(super) const VAR: u32 = 0;
/// White space.
pub(super) const SPACE: u32 = 1;
/// Rounds of generalisation; a signature gains at most one variable a round.
const ROUNDS: usize = 5;
/// Factor on the need at the first word of a message, which usually names the event.
const FIRST_FACTOR: usize = 4;
/// Constant words beside a place from which on less is needed.
const LONG: usize = 20;
/// Distinct identifiers, and other words, that are enough there.
const LONG_NAME_NEED: usize = 2;
const LONG_PLAIN_NEED: usize = 4;
/// Distinct names of one path segment that make it a variable.
const SEGMENT_NEED: usize = 64;
/// Distinct names in each of two places that make both variables.
const PAIR_NEED: usize = 4;
/// Constant words that must be left beside two such places.
const PAIR_STATIC: usize = 2;
/// Names of one message looked at in pairs.
const PAIR_PLACES: usize = 8;

/// Token sequences of one form and exception type, and what they generalise to.
pub(super) struct Evidence<'a> {
    pub(super) form: Form,
    pub(super) words: &'a [Word<'a>],
    pub(super) exception: Option<u32>,
    pub(super) sequences: Vec<Box<[u32]>>,
    index: FxHashMap<Box<[u32]>, usize>,
    pub(super) parent: Vec<usize>,
    /// (cue, word) where the word behind the cue became a variable.
    named: BTreeSet<(u32, u32)>,
    /// Contexts looked at so far: what a test counts instead of time.
    pub(super) work: Cell<usize>,
}

impl<'a> Evidence<'a> {
    /// Starts from the sequences given; `exception` is the word that names the exception type.
    pub(super) fn new(form: Form, exception: Option<u32>, words: &'a [Word<'a>]) -> Self {
        Self {
            form,
            words,
            exception,
            sequences: Vec::new(),
            index: FxHashMap::default(),
            parent: Vec::new(),
            named: BTreeSet::new(),
            work: Cell::new(0),
        }
    }

    /// The node of a sequence, made when new.
    pub(super) fn node(&mut self, sequence: &[u32]) -> usize {
        if let Some(&node) = self.index.get(sequence) {
            return node;
        }
        let node = self.sequences.len();
        self.sequences.push(sequence.into());
        self.index.insert(sequence.into(), node);
        self.parent.push(node);
        node
    }

    /// What a node generalises to.
    pub(super) fn resolve(&self, mut node: usize) -> &[u32] {
        while self.parent[node] != node {
            node = self.parent[node];
        }
        &self.sequences[node]
    }

    /// Runs all rules to the end.
    pub(super) fn run(&mut self) {
        if self.form == Form::Empty {
            return;
        }
        let mut current: Vec<usize> = (0..self.sequences.len()).collect();
        self.sort(&mut current);
        if self.form != Form::Request {
            self.trailing_lists(&mut current);
            self.bracket_lists(&mut current);
        }
        for _ in 0..ROUNDS {
            let mut moves = self.round(&current);
            if moves.is_empty() && self.form != Form::Request {
                moves = self.pairs(&current);
            }
            if moves.is_empty() {
                break;
            }
            // The moves of one node stand together.
            for group in moves.chunk_by(|a, b| a.0 == b.0) {
                let node = group[0].0;
                let mut general = self.sequences[node].to_vec();
                for &(_, position) in group {
                    if let Some(cue) = self.cue_before(&general, position) {
                        self.named.insert((cue, general[position]));
                    }
                    general[position] = VAR;
                }
                let general = self.node(&general);
                self.parent[node] = general;
            }
            self.settle(&mut current);
        }
        if self.form != Form::Request {
            self.known_names(&mut current);
            self.common_words(&mut current);
            self.chunks(&mut current);
            self.parentheses(&mut current);
        }
    }

    /// A word that was a value behind a cue in one message (`opened for user ann`) is one behind the same cue in another
    /// (`closed for user ann`), for which there may be too few words to tell.
    fn known_names(&mut self, current: &mut Vec<usize>) {
        if self.named.is_empty() {
            return;
        }
        for &node in &*current {
            let s = &self.sequences[node];
            let named = |&i: &usize| {
                s[i] != VAR
                    && self.may_vary(s, i)
                    && self.cue_before(s, i).is_some_and(|cue| self.named.contains(&(cue, s[i])))
            };
            let places: Vec<usize> = (0..s.len()).filter(named).collect();
            if !places.is_empty() {
                let mut general = s.to_vec();
                for place in places {
                    general[place] = VAR;
                }
                let general = self.node(&general);
                self.parent[node] = general;
            }
        }
        self.settle(current);
    }

    fn is_equals(&self, token: u32) -> bool {
        token != VAR && self.words[token as usize].text == "="
    }

    fn names_events(&self, token: u32) -> bool {
        token != VAR && is_event_key(self.words[token as usize].text)
    }

    /// The cue right before a place, delimiters and spaces aside.
    ///
    /// The last word of a message is a name only if a preposition or a delimiter leads to the cue: `for user ann` is about a
    /// user, `worker process stopped` about what happened.
    fn cue_before(&self, s: &[u32], position: usize) -> Option<u32> {
        let told = |t: u32| t == VAR || (t != SPACE && !self.words[t as usize].is_delimiter());
        let at = s[..position].iter().rposition(|&t| told(t))?;
        let cue = s[at];
        if cue == VAR || !self.words[cue as usize].cue {
            return None;
        }
        let spaced = s[at + 1..position].iter().all(|&t| t == SPACE);
        if spaced && !s[position + 1..].iter().any(|&t| self.is_static(t)) {
            let lead = s[..at].iter().rev().copied().find(|&t| t != SPACE)?;
            let leads =
                lead != VAR && (self.words[lead as usize].is_delimiter() || leads(self.words[lead as usize].text));
            return leads.then_some(cue);
        }
        Some(cue)
    }

    /// Replaces each node by what it has become.
    pub(super) fn settle(&self, current: &mut Vec<usize>) {
        for node in &mut *current {
            while self.parent[*node] != *node {
                *node = self.parent[*node];
            }
        }
        self.sort(current);
    }

    /// The node of a sequence, if it is one of `current`, which is sorted.
    pub(super) fn among(&self, current: &[usize], sequence: &[u32]) -> Option<usize> {
        let node = *self.index.get(sequence)?;
        current.binary_search_by(|&n| self.sequences[n].as_ref().cmp(sequence)).ok().map(|_| node)
    }

    fn sort(&self, nodes: &mut Vec<usize>) {
        nodes.sort_unstable_by(|&a, &b| self.sequences[a].cmp(&self.sequences[b]));
        nodes.dedup();
    }

    pub(super) fn is_static(&self, token: u32) -> bool {
        token != VAR && token != SPACE && self.words[token as usize].alnum
    }

    /// One round: (node, position to generalise), for the nodes that move.
    fn round(&self, current: &[usize]) -> Vec<(usize, usize)> {
        // Contexts of different length never meet, so one length at a time bounds the memory.
        let mut lengths: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &node in current {
            lengths.entry(self.sequences[node].len()).or_default().push(node);
        }
        let mut moves = Vec::new();
        for nodes in lengths.values() {
            if nodes.len() > 1 {
                self.round_of_length(nodes, &mut moves);
            }
        }
        moves.sort_unstable();
        moves
    }

    fn round_of_length(&self, nodes: &[usize], moves: &mut Vec<(usize, usize)>) {
        let mut contexts: Vec<(u64, u32, u32)> = Vec::new();
        for &node in nodes {
            let s = &self.sequences[node];
            let whole = s.iter().enumerate().fold(0_u64, |sum, (i, &t)| sum.wrapping_add(mix(i, t)));
            for (i, &t) in s.iter().enumerate() {
                if self.may_vary(s, i) {
                    let rest = whole.wrapping_sub(mix(i, t));
                    contexts.push((rest, narrow(i), narrow(node)));
                }
            }
        }
        self.work.set(self.work.get() + contexts.len());
        let same = |a: &(u64, u32, u32), b: &(u64, u32, u32)| self.compare(a, b) == Ordering::Equal;
        contexts.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| self.compare(a, b)).then_with(|| a.2.cmp(&b.2))
        });
        // Best move of each node: the largest evidence, then the leftmost place.
        let mut best: BTreeMap<u32, (usize, u32)> = BTreeMap::new();
        for group in contexts.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1) && same(a, b)) {
            if group.len() < 2 || !self.is_enough(group) {
                continue;
            }
            for &(_, position, node) in group {
                let known = best.entry(node).or_insert((group.len(), position));
                if (group.len(), std::cmp::Reverse(position)) > (known.0, std::cmp::Reverse(known.1)) {
                    *known = (group.len(), position);
                }
            }
        }
        for (node, (_, position)) in best {
            let (node, position) = (node as usize, position as usize);
            if self.sequences[node][position] != VAR {
                moves.push((node, position));
            }
        }
    }

    /// As [`Evidence::round`] for two places at once, where both hold names: (node, position), two moves a node.
    ///
    /// Two names that change together (a job and its host) never meet in a context of one place.
    fn pairs(&self, current: &[usize]) -> Vec<(usize, usize)> {
        let mut contexts: Vec<(u64, u32, u32, u32)> = Vec::new();
        for &node in current {
            let s = &self.sequences[node];
            let names: Vec<usize> = (0..s.len()).filter(|&i| self.is_name(s, i)).take(PAIR_PLACES).collect();
            if names.len() < 2 || s.iter().filter(|&&t| self.is_static(t)).count() < 2 + PAIR_STATIC {
                continue;
            }
            let whole = s.iter().enumerate().fold(s.len() as u64, |sum, (i, &t)| sum.wrapping_add(mix(i, t)));
            for (n, &i) in names.iter().enumerate() {
                for &j in &names[n + 1..] {
                    let rest = whole.wrapping_sub(mix(i, s[i])).wrapping_sub(mix(j, s[j]));
                    contexts.push((rest, narrow(i), narrow(j), narrow(node)));
                }
            }
        }
        self.work.set(self.work.get() + contexts.len());
        let without = |c: &(u64, u32, u32, u32)| {
            let (i, j) = (c.1 as usize, c.2 as usize);
            let s = &self.sequences[c.3 as usize];
            (s.len(), s[..i].iter().chain(&s[i + 1..j]).chain(&s[j + 1..]))
        };
        let compare = |a: &(u64, u32, u32, u32), b: &(u64, u32, u32, u32)| {
            let ((n, x), (m, y)) = (without(a), without(b));
            n.cmp(&m).then_with(|| x.cmp(y))
        };
        contexts.sort_unstable_by(|a, b| {
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| compare(a, b)).then_with(|| a.3.cmp(&b.3))
        });
        let mut best: BTreeMap<u32, (usize, u32, u32)> = BTreeMap::new();
        for group in contexts.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2) && compare(a, b).is_eq()) {
            let distinct = |position: usize| {
                let mut words: Vec<u32> = group.iter().map(|c| self.sequences[c.3 as usize][position]).collect();
                words.sort_unstable();
                words.dedup();
                words.len()
            };
            let need = if group[0].1 == 0 { PAIR_NEED * FIRST_FACTOR } else { PAIR_NEED };
            if group.len() < need || distinct(group[0].1 as usize) < need || distinct(group[0].2 as usize) < PAIR_NEED {
                continue;
            }
            for &(_, i, j, node) in group {
                let known = best.entry(node).or_insert((group.len(), i, j));
                if (group.len(), std::cmp::Reverse((i, j))) > (known.0, std::cmp::Reverse((known.1, known.2))) {
                    *known = (group.len(), i, j);
                }
            }
        }
        best.into_iter().flat_map(|(node, (_, i, j))| [i, j].map(|at| (node as usize, at as usize))).collect()
    }

    /// Whether a name stands at `i`.
    fn is_name(&self, s: &[u32], i: usize) -> bool {
        s[i] != VAR && self.may_vary(s, i) && self.words[s[i] as usize].is_name()
    }

    /// Compares the contexts of two (hash, position, node), positions being equal.
    fn compare(&self, a: &(u64, u32, u32), b: &(u64, u32, u32)) -> Ordering {
        let position = a.1 as usize;
        let (x, y) = (&self.sequences[a.2 as usize], &self.sequences[b.2 as usize]);
        x[..position].cmp(&y[..position]).then_with(|| x[position + 1..].cmp(&y[position + 1..]))
    }

    /// Whether the constant or variable at `i` takes part in evidence at all.
    pub(super) fn may_vary(&self, s: &[u32], i: usize) -> bool {
        let token = s[i];
        if token == VAR {
            return true;
        }
        if token == SPACE || !self.words[token as usize].may_vary() {
            return false;
        }
        match self.form {
            Form::Text => true,
            Form::Exception => self.exception != Some(token),
            Form::Json => i > 0,
            Form::Request => i > 2 && self.words.get(s[i - 1] as usize).is_some_and(|w| w.text == "/"),
            Form::Empty => false,
        }
    }

    /// Whether the words of one context make its place a variable.
    fn is_enough(&self, group: &[(u64, u32, u32)]) -> bool {
        let (_, position, node) = group[0];
        let position = position as usize;
        let s = &self.sequences[node as usize];
        let text = |t: u32| self.words[t as usize].text;
        let rest = || s.iter().enumerate().filter(|&(i, _)| i != position).map(|(_, &t)| t);
        let told = rest().filter(|&t| self.is_static(t)).count();
        if told == 0 {
            return false;
        }
        let mut before = s[..position].iter().rev().copied().filter(|&t| t != SPACE);
        let previous = before.next();
        if previous.is_some_and(|t| self.is_equals(t)) && before.next().is_some_and(|t| self.names_events(t)) {
            return false;
        }
        let cue = self.cue_before(s, position).is_some();
        let next = s.get(position + 1).map_or("", |&t| text(t));
        let found = || group.iter().map(|&(_, _, n)| self.sequences[n as usize][position]);
        let real = || found().filter(|&t| t != VAR).map(|t| &self.words[t as usize]);
        let variable = found().any(|t| t == VAR);
        if self.form == Form::Request {
            return variable || group.len() >= SEGMENT_NEED;
        }
        // What stands before the first word: times, ids, a level. That word usually names the event.
        let lead = |&t: &u32| t == VAR || t == SPACE || !self.words[t as usize].alnum || is_level(text(t));
        let first = previous.is_none()
            || (s[..position].iter().any(|&t| t != VAR && t != SPACE && is_level(text(t)))
                && s[..position].iter().all(lead));
        let previous_text = previous.map_or("", text);
        // What most of the words are decides, not the odd one among them.
        let mut needs: Vec<usize> = real().map(|w| w.need(previous_text, cue, next)).collect();
        needs.sort_unstable();
        let mut need = needs.get(needs.len().saturating_sub(1) / 2).copied().unwrap_or(usize::MAX);
        // Two statements of a program that agree in so many words and differ in one are hardly ever two.
        if told >= LONG {
            need = if need > NAME_NEED { need.min(LONG_PLAIN_NEED) } else { need.min(LONG_NAME_NEED) };
        }
        let known = real().all(|w| w.qualified) || real().all(|w| w.account);
        if variable || known || (previous == Some(VAR) && real().all(|w| w.unit)) {
            need = 2;
        }
        if first {
            if group.len() > 2 && real().all(|w| w.dots > 1) {
                need = 3;
            } else if !variable {
                need = need.saturating_mul(FIRST_FACTOR);
            }
        }
        group.len() >= need
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("tables are capped far below 2^32 signatures")
}

/// A well-mixed number for a word in its place (the finaliser of `SplitMix64`).
fn mix(position: usize, token: u32) -> u64 {
    let mut z = ((position as u64) << 32 | u64::from(token)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
