//! Pass 2: text that an export through a narrow code page damaged finds the clean text again.
//!
//! `Gr??e gepr?ft` is variables by its form, several in one message, so no context of one place can join it to `Größe geprüft`.
//! Here a damaged signature takes the words of the one clean signature that it can be a copy of. Where there are several, or
//! none, it stays as it is: what is lost is not guessed.

use std::collections::BTreeMap;

use super::dictionary::Leaf;
use super::signature::Token;
use super::wordform::{LOST, skeleton};

/// Gives damaged signatures the words of the clean ones.
pub(super) fn repair(leaves: &mut [Leaf<'_>]) {
    let damaged: Vec<(usize, Vec<(usize, String)>)> =
        leaves.iter().enumerate().map(|(n, leaf)| (n, damages(leaf))).filter(|(_, d)| !d.is_empty()).collect();
    if damaged.is_empty() {
        return;
    }
    let mut clean: BTreeMap<Vec<Token>, Vec<usize>> = BTreeMap::new();
    for (n, leaf) in leaves.iter().enumerate() {
        if leaf.tokens.iter().any(is_foreign) {
            clean.entry(key(&leaf.tokens)).or_default().push(n);
        }
    }
    for (n, places) in damaged {
        let Some(candidates) = clean.get(&key(&leaves[n].tokens)) else {
            continue;
        };
        let mut found: Vec<&[Token]> = candidates
            .iter()
            .map(|&c| &*leaves[c].tokens)
            .filter(|tokens| is_copy(&leaves[n].tokens, &places, tokens))
            .collect();
        found.sort_unstable();
        found.dedup();
        if let [tokens] = found[..] {
            let tokens = tokens.to_vec();
            leaves[n].tokens = tokens.into();
        }
    }
}

/// Variables of a signature that hold one damaged word: position and what is left of it.
fn damages(leaf: &Leaf<'_>) -> Vec<(usize, String)> {
    let place = |(position, sketch): &(u16, super::Sketch)| {
        let mut values = sketch.iter().map(|(_, value)| value);
        let first = values.next().filter(|v| v.contains(['?', LOST]))?;
        let left = skeleton(first);
        values.all(|v| v.contains(['?', LOST]) && skeleton(v) == left).then(|| (usize::from(*position), left))
    };
    leaf.entry.values.iter().filter_map(place).filter(|(at, _)| leaf.tokens[*at] == Token::Var).collect()
}

/// A word that a narrow code page would damage.
fn is_foreign(token: &Token) -> bool {
    matches!(token, Token::Text(text) if !text.is_ascii() && !text.contains(LOST))
}

/// The tokens with all that may be damaged as variables.
fn key(tokens: &[Token]) -> Vec<Token> {
    tokens.iter().map(|t| if is_foreign(t) { Token::Var } else { t.clone() }).collect()
}

/// Whether the damaged places, and nothing else, differ from a clean signature, and in nothing but lost characters.
fn is_copy(tokens: &[Token], places: &[(usize, String)], clean: &[Token]) -> bool {
    tokens.iter().zip(clean).enumerate().all(|(i, (mine, theirs))| {
        mine == theirs
            || places.iter().any(|(at, left)| *at == i && matches!(theirs, Token::Text(t) if skeleton(t) == *left))
    })
}
