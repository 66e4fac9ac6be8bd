//! Words of messages and issues: how a text becomes weighted terms.
//!
//! Log messages are told apart by the names in them (functions, settings, routes, quoted things) far more than by
//! their prose, so names are kept whole beside their sub-words and weigh more. What differs from one occurrence to
//! the next (ids, measured values) is masked, or two occurrences of one problem would look like two problems.

use super::title::skimmable;
use std::collections::{BTreeMap, BTreeSet};

/// Weight of a name kept whole against a plain word.
const NAME_WEIGHT: f64 = 3.0;
/// Longest text that is looked at, in bytes; issues end at 65,536 characters.
const MAX_TEXT_BYTES: usize = 262_144;
/// Longest term, in bytes; longer ones are data, not names.
const MAX_TERM_BYTES: usize = 160;

/// English words that say nothing about a problem.
const STOP: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "did", "do", "does", "for", "from", "had",
    "has", "have", "if", "in", "into", "is", "it", "its", "may", "must", "need", "not", "of", "on", "or", "see",
    "should", "so", "than", "that", "the", "their", "then", "there", "these", "this", "to", "was", "were", "when",
    "which", "will", "with", "would", "you", "your", "redacted",
];

/// The terms of one text.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Term and how often; names carry a leading `=`, so that they never mix with words.
    pub counts: BTreeMap<String, f64>,
    /// A word behind each stem, for people.
    pub surfaces: BTreeMap<String, String>,
    /// Names kept whole (with their `=`).
    pub names: BTreeSet<String>,
}

impl Terms {
    /// Takes the terms of a text in, each counted `times`.
    pub fn add(&mut self, text: &str, times: f64) {
        let mut end = text.len().min(MAX_TEXT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        for chunk in chunks(&skimmable(&text[..end])) {
            self.add_chunk(&chunk, times);
        }
        for port in ports(&text[..end]) {
            *self.counts.entry(port.clone()).or_default() += times;
            self.names.insert(port);
        }
    }

    fn add_chunk(&mut self, chunk: &Chunk<'_>, times: f64) {
        let text = chunk.text;
        if let Some(route) = route_of(text) {
            self.name(&route, times);
            self.words(&route, times);
            return;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Statuses, error codes and ports are stable and telling; short numbers and long ids are neither.
            if (3..=5).contains(&text.len()) {
                *self.counts.entry(text.to_owned()).or_default() += times;
            }
            return;
        }
        for part in text.split('/') {
            if chunk.quoted || is_name(part) {
                self.name(part, times);
                if part.contains('.') {
                    for piece in part.split('.').filter(|piece| is_name(piece)) {
                        self.name(piece, times);
                    }
                }
            }
            self.words(part, times);
        }
    }

    fn name(&mut self, text: &str, times: f64) {
        let Some(masked) = mask(text) else { return };
        if masked.len() > MAX_TERM_BYTES {
            return;
        }
        let term = format!("={masked}");
        *self.counts.entry(term.clone()).or_default() += times;
        self.names.insert(term);
    }

    fn words(&mut self, text: &str, times: f64) {
        for word in sub_words(text).into_iter().filter(|word| word.len() <= MAX_TERM_BYTES) {
            let stem = stem(&word);
            *self.counts.entry(stem.clone()).or_default() += times;
            self.surfaces.entry(stem).or_insert(word);
        }
    }
}

/// Weight of a term that occurs so often: logarithmic, names more than words.
pub fn term_weight(term: &str, count: f64) -> f64 {
    let base = 1.0 + count.max(1.0).ln();
    if term.starts_with('=') { base * NAME_WEIGHT } else { base }
}

/// How rare a term is: the inverse document frequency of BM25 (Robertson and Zaragoza 2009, eq. 3.3, kept positive).
pub fn rarity(documents: usize, with_term: usize) -> f64 {
    let (all, with) = (documents as f64, with_term as f64);
    (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
}

/// The names that a message itself points at: what must be there in an issue about the same thing.
pub fn message_names(message: &str) -> BTreeSet<String> {
    let mut terms = Terms::default();
    for chunk in chunks(&skimmable(message)) {
        if let Some(route) = route_of(chunk.text) {
            terms.name(&route, 1.0);
        } else {
            for part in chunk.text.split('/').filter(|part| chunk.quoted || is_name(part)) {
                terms.name(part, 1.0);
            }
        }
    }
    terms.names.extend(ports(message));
    if let Some(status) = request_status(message) {
        terms.names.insert(status);
    }
    terms.names
}

/// The ports of addresses in a text, as names: another port is another program.
fn ports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(':') {
        let port: &str = text[at + 1..].split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
        let ends = !text[at + 1 + port.len()..].starts_with(|letter: char| letter.is_alphanumeric() || letter == ':');
        let in_host = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
        let host = text[..at].rsplit(|letter: char| !in_host(letter)).next().unwrap_or_default();
        if (2..=5).contains(&port.len()) && ends && is_host(host) {
            found.insert(format!("=port:{port}"));
        }
    }
    found
}

/// An IPv4 address, `localhost`, or a dotted name that is no source file (`boot.py:12` names a line).
fn is_host(text: &str) -> bool {
    const SOURCES: [&str; 16] =
        ["py", "js", "ts", "jsx", "tsx", "mjs", "java", "kt", "go", "rb", "php", "rs", "cs", "c", "cc", "cpp"];
    let labels: Vec<&str> = text.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let digits = |label: &&str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    text == "localhost"
        || (labels.len() == 4 && labels.iter().all(digits))
        || (labels.len() >= 2
            && last.len() >= 2
            && last.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !SOURCES.contains(&last))
}

/// The name of the place in the code that logged a message, when its module says one; words like `logging` do not.
pub fn place_names(module: Option<&str>) -> BTreeSet<String> {
    let mut terms = Terms::default();
    if let Some(module) = module.filter(|module| module.contains('.') && is_name(module)) {
        terms.name(module, 1.0);
    }
    terms.names
}

/// The status of a text that describes a request (`GET … 404`), as a plain term.
fn request_status(message: &str) -> Option<String> {
    let words: Vec<&str> = message.split_whitespace().collect();
    let verb = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let has_verb = words.iter().take(8).any(|word| verb.contains(word));
    let status = words
        .iter()
        .find(|word| word.len() == 3 && word.parse::<u16>().is_ok_and(|code| (100..600).contains(&code)))?;
    has_verb.then(|| (*status).to_owned())
}

/// A run of characters that belong together, and whether quotes stood around it.
struct Chunk<'a> {
    text: &'a str,
    quoted: bool,
}

/// Splits at everything that cannot be inside a name, a route or an address.
fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let inside =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '/' | ':' | '<' | '*' | '>');
    let mut out = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (start, inside(letter)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let quote = |around: Option<char>| around.is_some_and(|mark| matches!(mark, '\'' | '"' | '`'));
                let before = text[..from].chars().next_back();
                let quoted = quote(before) && quote(text[at..].chars().next());
                push_pieces(&text[from..at], quoted, &mut out);
                start = None;
            }
            _ => {}
        }
    }
    out
}

/// Takes placeholders and address schemes apart and trims punctuation.
fn push_pieces<'a>(text: &'a str, quoted: bool, out: &mut Vec<Chunk<'a>>) {
    if text.contains("://") {
        out.push(Chunk { text: text.trim_end_matches(['.', ':', '-']), quoted });
        return;
    }
    for piece in text.split(['<', '>', '*', ':']) {
        let piece = piece.trim_matches(['.', '-']);
        let piece = if piece.len() > 1 { piece.trim_end_matches('/') } else { "" };
        if !piece.is_empty() {
            out.push(Chunk { text: piece, quoted });
        } else if text.len() == 1 && text.chars().all(char::is_alphanumeric) {
            out.push(Chunk { text, quoted: false });
        }
    }
}

/// The path of an address, or a text that is a path itself.
fn route_of(text: &str) -> Option<String> {
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map(|(_, path)| path)?,
        None => text.strip_prefix('/')?,
    };
    let path = path.trim_matches('/');
    path.contains(|letter: char| letter.is_alphabetic()).then(|| format!("/{path}"))
}

/// Whether a text is a name by its spelling: `snake_case`, `dotted.name`, `camelCase`.
fn is_name(text: &str) -> bool {
    let inner = |mark: char| {
        text.split(mark).count() > 1
            && text.split(mark).all(|part| part.chars().any(char::is_alphabetic) || mark == '_')
    };
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    letters >= 3 && ((text.contains('_') && !text.trim_matches('_').is_empty()) || inner('.') || has_hump(text))
}

/// A capital after a small letter, inside one word.
fn has_hump(text: &str) -> bool {
    text.chars().zip(text.chars().skip(1)).any(|(left, right)| left.is_lowercase() && right.is_uppercase())
}

/// Lower case, with each part that looks like an id or a value replaced; `None` when no letters are left.
fn mask(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut part = String::new();
    for letter in text.chars().chain(std::iter::once('\0')) {
        if letter.is_alphanumeric() {
            part.extend(letter.to_lowercase());
            continue;
        }
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let hex = part.len() >= 6 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let version = part.len() <= 2;
        if digits > 0 && (hex || digits == part.len() || (digits * 2 >= part.len() && !version)) {
            out.push('#');
        } else {
            out.push_str(&part);
        }
        part.clear();
        if letter != '\0' {
            out.push(letter);
        }
    }
    (out.chars().filter(|letter| letter.is_alphabetic()).count() >= 3).then_some(out)
}

/// Words of a text: split at marks, digits and humps, lower case, without stop words.
fn sub_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.split(|letter: char| !letter.is_alphabetic()) {
        let letters: Vec<char> = run.chars().collect();
        let mut from = 0;
        for at in 1..=letters.len() {
            let end = at == letters.len();
            let hump = !end
                && letters[at].is_uppercase()
                && (letters[at - 1].is_lowercase()
                    || letters.get(at + 1).is_some_and(|next| next.is_lowercase()) && at > from + 1);
            if end || hump {
                let word: String = letters[from..at].iter().flat_map(|letter| letter.to_lowercase()).collect();
                from = at;
                if word.chars().count() >= 2 && !STOP.contains(&word.as_str()) {
                    words.push(word);
                }
            }
        }
    }
    words
}

/// A light stem (plural, `-ing`, `-ed`, `-ure`, `-ion`), enough to bring `failed`, `failing` and `failures` together.
fn stem(word: &str) -> String {
    let word = match word {
        _ if word.len() > 4 && word.ends_with("ies") => {
            return format!("{}y", &word[..word.len() - 3]);
        }
        _ if word.len() > 3
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !word.ends_with("us")
            && !word.ends_with("is") =>
        {
            &word[..word.len() - 1]
        }
        _ => word,
    };
    for end in ["ing", "ed", "ure", "ion", "e"] {
        if let Some(head) = word.strip_suffix(end)
            && head.len() >= 4
        {
            return head.to_owned();
        }
    }
    word.to_owned()
}
