//! Pass 2: places that hold more here and fewer there.
//!
//! Evidence of one place needs messages of one length. The rules here join messages of different length whose difference is
//! only how many values stand in one place: lists, values of several pieces, optional parentheses.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, SPACE, VAR};

/// Tokens of one chunk that a variable may stand for.
const CHUNK_MAX: usize = 16;
/// Constant words that must be left beside a chunk that becomes a variable.
const CHUNK_STATIC: usize = 2;

/// What stands between two brackets or quotes, and whether it is a word without commas and variables.
struct List {
    start: usize,
    end: usize,
    lone: bool,
}

impl List {
    const fn length(&self) -> usize {
        self.end - self.start
    }
}

impl Evidence<'_> {
    /// Space-separated variables at the end, more here and fewer there, are one variable.
    pub(super) fn trailing_lists(&mut self, current: &mut Vec<usize>) {
        let mut groups: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        for &node in &*current {
            let s = &self.sequences[node];
            let mut end = s.len();
            while end >= 2 && s[end - 1] == VAR && s[end - 2] == SPACE {
                end -= 2;
            }
            if end < s.len() {
                let mut key = s[..end].to_vec();
                key.extend([SPACE, VAR]);
                groups.entry(key).or_default().push(node);
            }
        }
        for (key, members) in groups {
            if members.len() > 1 && key.iter().any(|&t| self.is_static(t)) {
                let short = self.node(&key);
                for member in members {
                    self.parent[member] = short;
                }
            }
        }
        self.settle(current);
    }

    /// `[a, b]` here and `[a, b, c]` there: the list is one variable.
    pub(super) fn bracket_lists(&mut self, current: &mut Vec<usize>) {
        let mut groups: BTreeMap<Vec<u32>, Vec<(usize, Vec<List>)>> = BTreeMap::new();
        for &node in &*current {
            let (key, lists) = self.without_lists(&self.sequences[node]);
            if !lists.is_empty() {
                groups.entry(key).or_default().push((node, lists));
            }
        }
        for (key, members) in groups {
            if members.len() < 2 || !key.iter().any(|&t| self.is_static(t)) {
                continue;
            }
            // A lone word is a list only where others have lists; a level in brackets stays.
            let varies = |slot: usize| {
                let of = |list: fn(&List) -> usize| members.iter().map(move |(_, lists)| list(&lists[slot]));
                let first = members[0].1[slot].length();
                of(|list| usize::from(!list.lone)).any(|list| list > 0)
                    && of(List::length).any(|length| length != first)
            };
            let varying: Vec<bool> = (0..members[0].1.len()).map(varies).collect();
            for (member, lists) in members {
                let mut short = self.sequences[member].to_vec();
                for (list, _) in lists.iter().zip(&varying).rev().filter(|(_, varies)| **varies) {
                    short.splice(list.start..list.end, [VAR]);
                }
                let short = self.node(&short);
                if short != member {
                    self.parent[member] = short;
                }
            }
        }
        self.settle(current);
    }

    /// The sequence with each bracketed list as one variable, and where those are.
    fn without_lists(&self, s: &[u32]) -> (Vec<u32>, Vec<List>) {
        let mut out = Vec::with_capacity(s.len());
        let mut lists = Vec::new();
        let mut i = 0;
        while i < s.len() {
            out.push(s[i]);
            i += 1;
            if let Some(end) = self.list_end(s, i - 1) {
                out.push(VAR);
                let comma = |&t: &u32| t == VAR || self.words[t as usize].text == ",";
                lists.push(List { start: i, end, lone: i < end && !s[i..end].iter().any(comma) });
                i = end;
            }
        }
        (out, lists)
    }

    /// Where the list ends (its closing bracket) that the bracket at `open` begins: elements of one chunk each, between commas;
    /// or the quoted value of several pieces.
    fn list_end(&self, s: &[u32], open: usize) -> Option<usize> {
        let text = |t: u32| self.words.get(t as usize).map_or("", |w| w.text);
        let close = match text(s[open]) {
            "[" => "]",
            "{" => "}",
            "(" => ")",
            quote @ ("'" | "\"") if open == 0 || s[open - 1] == SPACE || is_opening(text(s[open - 1])) => {
                let inner = s[open + 1..].iter().take_while(|&&t| t != SPACE && text(t) != quote).count();
                let end = open + 1 + inner;
                let told = inner >= 2 && s[open + 1..end].contains(&VAR);
                return (told && s.get(end).is_some_and(|&t| text(t) == quote)).then_some(end);
            }
            _ => return None,
        };
        let prose = close == ")";
        let mut depth = 0_usize;
        for (i, &t) in s.iter().enumerate().skip(open + 1) {
            match text(t) {
                "[" | "{" | "(" => depth += 1,
                "]" | "}" | ")" if depth > 0 => depth -= 1,
                end @ ("]" | "}" | ")") => return (end == close).then_some(i),
                _ if self.exception == Some(t) => return None,
                _ if t == SPACE && !matches!(text(s[i - 1]), "," | ":" | ";") => return None,
                _ if prose && self.is_static(t) => return None,
                _ => {}
            }
        }
        None
    }

    /// A value of several pieces (`cache-7:80`, `10.0.0.1 10.0.0.2`) where another message has one variable is that variable.
    pub(super) fn chunks(&mut self, current: &mut Vec<usize>) {
        for _ in 0..2 {
            let mut moved = false;
            for &node in &*current {
                if let Some(general) = self.general_chunk(node, current) {
                    self.parent[node] = general;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
            self.settle(current);
        }
    }

    /// The shorter sequence among `current` in which one chunk of this one, or what its delimiters enclose, is a variable;
    /// the leftmost wins, then the longest.
    fn general_chunk(&self, node: usize, current: &[usize]) -> Option<usize> {
        let s = &self.sequences[node];
        let delimiter = |t: u32| t != VAR && self.words[t as usize].is_delimiter();
        let mut start = 0;
        while start < s.len() {
            let end = start + s[start..].iter().take_while(|&&t| t != SPACE).count();
            let (mut from, mut to) = (start, end);
            while to - from >= 2 && to - from <= CHUNK_MAX {
                if let Some(general) = self.with_variable(s, from, to, current) {
                    return Some(general);
                }
                let (open, close) = (delimiter(s[from]), delimiter(s[to - 1]));
                if !open && !close {
                    break;
                }
                // Quotes and brackets come off together, a lone comma alone.
                from += usize::from(open);
                to -= usize::from(close);
            }
            start = end + 1;
        }
        None
    }

    /// The sequence among `current` in which `from..to`, which holds a variable, is one.
    fn with_variable(&self, s: &[u32], from: usize, to: usize, current: &[usize]) -> Option<usize> {
        if !s[from..to].contains(&VAR) {
            return None;
        }
        let key = [&s[..from], &[VAR], &s[to..]].concat();
        let told = key.iter().filter(|&&t| self.is_static(t)).count() >= CHUNK_STATIC;
        told.then(|| self.among(current, &key)).flatten()
    }

    /// `(3 KB)` here and nothing there: the parenthesis is optional.
    pub(super) fn parentheses(&mut self, current: &mut Vec<usize>) {
        let mut groups: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        for &node in &*current {
            groups.entry(self.without_parentheses(&self.sequences[node]).0).or_default().push(node);
        }
        for (mut key, members) in groups {
            if members.len() > 1 && self.among(current, &key).is_some() {
                let told = |&m: &usize| self.without_parentheses(&self.sequences[m]).1;
                let told: BTreeSet<usize> = members.iter().flat_map(told).collect();
                for unit in told.into_iter().rev() {
                    key.drain(unit - 1..=unit);
                }
                let plain = self.node(&key);
                for member in members {
                    if member != plain {
                        self.parent[member] = plain;
                    }
                }
            }
        }
        self.settle(current);
    }

    /// The sequence without its parentheses of quantities, and where in it units stand whose size such a one says again:
    /// without its unit `2048 bytes (2.00 KB)` meets `12 bytes`, and both are sizes.
    fn without_parentheses(&self, s: &[u32]) -> (Vec<u32>, Vec<usize>) {
        let is = |t: u32, text: &str| self.words[t as usize].text == text;
        let unit = |t: u32| t != VAR && t != SPACE && self.words[t as usize].unit;
        let mut out: Vec<u32> = Vec::with_capacity(s.len());
        let mut told = Vec::new();
        let mut i = 0;
        while i < s.len() {
            if i > 0 && s[i - 1] == SPACE && is(s[i], "(") {
                let fits = |&&t: &&u32| t == VAR || t == SPACE || unit(t);
                let inner = s[i + 1..].iter().take_while(fits).count();
                let close = i + 1 + inner;
                if s.get(close).is_some_and(|&t| is(t, ")")) && s[i..close].contains(&VAR) {
                    if out.last() == Some(&SPACE) {
                        out.pop();
                    }
                    if s[i..close].iter().any(|&t| unit(t)) && matches!(out[..], [.., VAR, SPACE, u] if unit(u)) {
                        told.push(out.len() - 1);
                    }
                    i = close + 1;
                    continue;
                }
            }
            out.push(s[i]);
            i += 1;
        }
        (out, told)
    }
}

/// Whether a quote behind this opens a value.
fn is_opening(text: &str) -> bool {
    matches!(text, "(" | "[" | "{" | "=" | ":" | ",")
}
