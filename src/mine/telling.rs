//! Which lines of a text of several lines say what happened.
//!
//! The first line that holds a word, and below a headline (`APPLICATION FAILED TO START`, `Description:`) the first sentence:
//! headlines are shared by many problems. What is no sentence (queries, tables, listings) varies too much to be mined.

use std::borrow::Cow;

/// Lines below a headline among which its sentence is looked for.
const LINES_MAX: usize = 8;
/// Words of a sentence.
const SENTENCE_WORDS: usize = 4;
/// Longest headline in capitals, in bytes.
const HEADLINE_MAX_BYTES: usize = 80;

/// The text that is mined of a message of several lines, as one line.
pub(super) fn telling(body: &str) -> Cow<'_, str> {
    let mut lines = body.lines().map(str::trim).filter(|line| line.chars().any(char::is_alphanumeric));
    let Some(first) = lines.next() else {
        return body.lines().next().unwrap_or_default().trim().into();
    };
    if !is_headline(first) {
        return first.into();
    }
    // A sentence may announce a list.
    let sentence = lines.take(LINES_MAX).find(|line| !is_headline(line) || is_sentence(line));
    sentence.filter(|line| is_sentence(line)).map_or(first.into(), |line| format!("{first} {line}").into())
}

/// Whether a line announces what follows: it ends with a colon, or holds capitals and nothing else.
fn is_headline(line: &str) -> bool {
    let capitals = || {
        line.len() <= HEADLINE_MAX_BYTES
            && !line.bytes().any(|b| b.is_ascii_digit())
            && line.chars().any(char::is_uppercase)
            && !line.chars().any(char::is_lowercase)
    };
    line.ends_with(':') || capitals()
}

/// Whether a line reads like prose: it begins with a word that is not all capitals, and most of it are words.
fn is_sentence(line: &str) -> bool {
    let plain = |word: &&str| {
        let word = word.trim_end_matches([',', '.', ':', ';', '!', '?']);
        !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '-' | '’'))
    };
    let words = line.split_whitespace().count();
    let told = line.split_whitespace().filter(plain).count();
    let begins =
        line.split_whitespace().next().is_some_and(|word| plain(&word) && word.chars().any(char::is_lowercase));
    begins && told >= SENTENCE_WORDS && 5 * told >= 3 * words
}

#[cfg(test)]
mod tests {
    use super::telling;

    #[test]
    fn the_first_line_with_a_word_tells_what_happened() {
        assert_eq!(telling("report ready\nline two"), "report ready");
        assert_eq!(telling("*****\n\n  Disk is full\n*****"), "Disk is full");
        assert_eq!(telling("+---+\n|---|"), "+---+");
    }

    #[test]
    fn below_a_headline_the_first_sentence_tells_it() {
        let text = "****\nSTART FAILED\n****\n\nDescription:\n\nThe cart needs a queue that is not there.\n\nAction:\n\nAdd one.";
        assert_eq!(telling(text), "START FAILED The cart needs a queue that is not there.");
        let list = "START FAILED\n\nDescription:\n\nThe carts need one another in a cycle:\n\n|  cart a\n|  cart b";
        assert_eq!(telling(list), "START FAILED The carts need one another in a cycle:");
        for rest in ["SELECT id FROM carts WHERE user = 7 AND open", "{\"a\": 1}", "id: 7", "Host: shop.example"] {
            assert_eq!(telling(&format!("Query failed:\n{rest}")), "Query failed:", "{rest}");
        }
    }
}
