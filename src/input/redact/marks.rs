//! Which forms of credential a text may hold, told by marks: literals at or near the start of tokens, and names before a `:`
//! or `=`.
//!
//! Every text of a dump is looked through, and nearly none holds a credential: what counts is how fast a text is passed by.
//! Each mark holds a byte (or two letters) that is rare in log text, so these are found first, sixteen bytes of text at a time;
//! then the two bytes around each tell by tables whether it can be one of a mark, and the three before it whether any ends there.

mod names;

use names::{is_option, named_before};
use wide::u8x16;

use super::{API_KEY, JWT, PASSWORD, PRIVATE_KEY, TOKEN, WEBHOOK};

/// Forms of credential, one bit each.
pub(crate) type Forms = u16;

/// What a token holds at or near its start.
struct Mark {
    /// Ends with the rare byte. Marks are found by its last four bytes; shorter ones see [`may_end`] and [`may_start`].
    before: &'static str,
    /// What follows.
    after: &'static str,
    form: usize,
    /// Least number of a token's characters behind it.
    least: usize,
}

const fn mark(before: &'static str, after: &'static str, form: usize, least: usize) -> Mark {
    Mark { before, after, form, least }
}

const MARKS: [Mark; 41] = [
    mark("PRIVATE KEY-", "", PRIVATE_KEY, 0),
    mark("PRIVATE KEY BLOCK-", "", PRIVATE_KEY, 0),
    mark(".", "eyJ", JWT, 8),
    mark("A", "Iza", API_KEY, 35),
    mark("A", "KIA", API_KEY, 16),
    mark("A", "SIA", API_KEY, 16),
    mark("ya29.", "", API_KEY, 20),
    mark("GOCSPX-", "", API_KEY, 20),
    mark("ghp_", "", API_KEY, 30),
    mark("gho_", "", API_KEY, 30),
    mark("ghu_", "", API_KEY, 30),
    mark("ghs_", "", API_KEY, 30),
    mark("ghr_", "", API_KEY, 30),
    mark("_pat_", "", API_KEY, 20),
    mark("glpat-", "", API_KEY, 20),
    mark("xoxa-", "", API_KEY, 10),
    mark("xoxb-", "", API_KEY, 10),
    mark("xoxe-", "", API_KEY, 10),
    mark("xoxo-", "", API_KEY, 10),
    mark("xoxp-", "", API_KEY, 10),
    mark("xoxr-", "", API_KEY, 10),
    mark("xoxs-", "", API_KEY, 10),
    mark("xapp-", "", API_KEY, 12),
    mark("sk-", "", API_KEY, 20),
    mark("k_live_", "", API_KEY, 16),
    mark("k_test_", "", API_KEY, 16),
    mark("whsec_", "", API_KEY, 24),
    mark("npm_", "", API_KEY, 36),
    mark("pypi-", "", API_KEY, 32),
    mark("hf_", "", API_KEY, 30),
    mark("SG.", "", API_KEY, 32),
    mark("shpat_", "", API_KEY, 32),
    mark("gsk_", "", API_KEY, 40),
    mark("hooks.", "slack.com", WEBHOOK, 0),
    mark(".", "com/api/webhooks", WEBHOOK, 0),
    mark(".", "com\\/api\\/webhooks", WEBHOOK, 0),
    mark("--", "", PASSWORD, 0),
    mark("e", "arer", TOKEN, 16),
    mark("E", "ARER", TOKEN, 16),
    mark("a", "sic", TOKEN, 16),
    mark("A", "SIC", TOKEN, 16),
];

/// A set of four bytes each: a look into it may say yes to what is not in it.
struct Set([u64; 64]);

impl Set {
    const fn place(word: u32) -> (usize, u64) {
        let hash = word.wrapping_mul(0x9e37_79b1) >> 20;
        (hash as usize / 64, 1 << (hash % 64))
    }

    const fn of(words: &[u32]) -> Self {
        Self([0; 64]).and(words)
    }

    const fn and(mut self, words: &[u32]) -> Self {
        let mut at = 0;
        while at < words.len() {
            let (word, bit) = Self::place(words[at]);
            self.0[word] |= bit;
            at += 1;
        }
        self
    }

    #[inline]
    fn has(&self, word: u32) -> bool {
        let (at, bit) = Self::place(word);
        self.0[at] & bit != 0
    }
}

/// Last four bytes of a text.
const fn last_four(text: &[u8]) -> u32 {
    let [.., a, b, c, d] = *text else { panic!("a text has four bytes") };
    u32::from_le_bytes([a, b, c, d])
}

/// What each of [`MARKS`] that is long enough ends with, up to its rare byte; 0 of others.
const LAST: [u32; MARKS.len()] = {
    let mut last = [0; MARKS.len()];
    let mut at = 0;
    while at < last.len() {
        let before = MARKS[at].before.as_bytes();
        last[at] = if before.len() > 3 { last_four(before) } else { 0 };
        at += 1;
    }
    last
};

static MARK_ENDS: Set = Set::of(&LAST);

/// Whether a mark may end with the four bytes of a word, of which the last is a rare one.
#[inline]
fn may_end(word: u32) -> bool {
    let short = word >> 8;
    MARK_ENDS.has(word)
        || short == last_four(b"\0sk-") >> 8
        || short == last_four(b"\0hf_") >> 8
        || short == last_four(b"\0SG.") >> 8
        || word >> 16 == last_four(b"\0\0--") >> 16 && short & 0xff != u32::from(b'-')
}

/// What marks start with whose rare byte is their first, but [`SITE`].
const STARTS: [u32; 8] = [
    u32::from_le_bytes(*b".eyJ"),
    u32::from_le_bytes(*b"AIza"),
    u32::from_le_bytes(*b"AKIA"),
    u32::from_le_bytes(*b"ASIA"),
    u32::from_le_bytes(*b"eare"),
    u32::from_le_bytes(*b"EARE"),
    u32::from_le_bytes(*b"asic"),
    u32::from_le_bytes(*b"ASIC"),
];

/// The start of the marks that are a path of a site, and what follows: every host of a `.com` begins like it.
const SITE: u32 = u32::from_le_bytes(*b".com");
const SITE_PATHS: [u32; 2] = [u32::from_le_bytes(*b"/api"), u32::from_le_bytes(*b"\\/ap")];

/// Whether a mark may start at a position: one whose rare byte is its first.
#[inline]
fn may_start(s: &[u8], at: usize) -> bool {
    let word = word_from(s, at);
    STARTS.contains(&word) || word == SITE && SITE_PATHS.contains(&word_from(s, at + SITE.to_le_bytes().len()))
}

/// Of each byte, the kinds of rare byte that it is: a bit for those that marks end with, another for those that they start with.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    (kinds[b'-' as usize], kinds[b'_' as usize], kinds[b'.' as usize]) = (1, 2, 4 | 8);
    (kinds[b'A' as usize], kinds[b'e' as usize], kinds[b'E' as usize], kinds[b'a' as usize]) = (16, 32, 64, 128);
    kinds
};
/// Kinds of rare byte that marks end with, and those that they start with.
const ENDING: u8 = 1 | 2 | 4;
const STARTING: u8 = !ENDING;

/// Of each byte, the kinds of rare byte that it stands before in marks.
static BEFORE: [u8; 256] = {
    let (mut beside, mut at) = ([0; 256], 0);
    while at < MARKS.len() {
        if let [.., byte, rare] = MARKS[at].before.as_bytes() {
            assert!(KINDS[*rare as usize] & ENDING != 0, "marks end with a rare byte");
            beside[*byte as usize] |= KINDS[*rare as usize] & ENDING;
        }
        at += 1;
    }
    beside
};

/// Of each byte, the kinds of rare byte that it stands behind in marks.
static BEHIND: [u8; 256] = {
    let (mut beside, mut at) = ([0; 256], 0);
    while at < MARKS.len() {
        if let ([rare], [byte, ..]) = (MARKS[at].before.as_bytes(), MARKS[at].after.as_bytes()) {
            assert!(KINDS[*rare as usize] & STARTING != 0, "marks start with a rare byte");
            beside[*byte as usize] |= KINDS[*rare as usize] & STARTING;
        }
        at += 1;
    }
    beside
};

/// Whether the bytes around a rare one are such as marks have there.
#[inline]
fn may_mark(s: &[u8], at: usize) -> bool {
    let around = s.get(at.wrapping_sub(1)..).and_then(<[u8]>::first_chunk);
    // At the ends of the text anything may be.
    around.is_none_or(|[before, rare, behind]| {
        KINDS[*rare as usize] & (BEFORE[*before as usize] | BEHIND[*behind as usize]) != 0
    })
}

/// Bytes of a chunk.
const CHUNK: usize = 16;

/// Bytes to be looked at, one bit each.
#[derive(Clone, Copy, Default)]
struct Rare {
    /// `:` and `=`, before which names stand, and backslashes, of which what follows may be such a `=`.
    names: u32,
    /// Bytes that marks end or start with.
    marks: u32,
    /// `b`, of which what follows may be `earer` or `asic`.
    b: u32,
}

impl Rare {
    /// Looks at a chunk; `before` is what was found in the one before it.
    #[inline]
    fn of(chunk: [u8; CHUNK], before: Self) -> Self {
        let text = u8x16::new(chunk);
        let lower = text | u8x16::splat(0x20);
        let is = |byte: u8| text.simd_eq(u8x16::splat(byte));
        let is_letter = |letter: u8| lower.simd_eq(u8x16::splat(letter));
        let b = is_letter(b'b').to_bitmask();
        let behind_b = (is_letter(b'e') | is_letter(b'a')).to_bitmask() & (b << 1 | before.b >> (CHUNK - 1));
        let marks = is(b'-') | is(b'.') | is(b'_') | is(b'A');
        Self { names: (is(b':') | is(b'=') | is(b'\\')).to_bitmask(), marks: marks.to_bitmask() | behind_b, b }
    }
}

/// The forms whose mark a text holds.
pub(super) fn marked(s: &[u8]) -> Forms {
    let (chunks, rest) = s.as_chunks();
    let (mut found, mut rare) = (0, Rare::default());
    for (at, chunk) in chunks.iter().enumerate() {
        rare = Rare::of(*chunk, rare);
        if rare.names | rare.marks != 0 {
            found |= marked_among(s, at * CHUNK, rare);
        }
    }
    if rest.is_empty() {
        return found;
    }
    let mut last = [0; CHUNK];
    last[..rest.len()].copy_from_slice(rest);
    found | marked_among(s, s.len() - rest.len(), Rare::of(last, rare))
}

fn marked_among(s: &[u8], base: usize, Rare { mut names, mut marks, .. }: Rare) -> Forms {
    let mut found = 0;
    while names != 0 {
        found |= named_before(s, base + names.trailing_zeros() as usize);
        names &= names - 1;
    }
    while marks != 0 {
        let at = base + marks.trailing_zeros() as usize;
        if may_mark(s, at) && (may_end(word_to(s, at)) || may_start(s, at)) {
            found |= marked_at(s, at);
        }
        marks &= marks - 1;
    }
    found
}

/// The four bytes up to a position; NUL stands for those before the text.
#[inline]
fn word_to(s: &[u8], at: usize) -> u32 {
    if let Some(word) = s[..=at].last_chunk() {
        return u32::from_le_bytes(*word);
    }
    short_word(&s[..=at])
}

#[cold]
#[inline(never)]
fn short_word(s: &[u8]) -> u32 {
    s.iter().fold(0, |word, byte| word >> 8 | u32::from(*byte) << 24)
}

/// The four bytes from a position on; NUL stands for all of them where there are less.
#[inline]
fn word_from(s: &[u8], at: usize) -> u32 {
    s.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word))
}

/// The forms of the marks whose rare byte stands at a position.
#[cold]
#[inline(never)]
fn marked_at(s: &[u8], at: usize) -> Forms {
    let (before, after) = s.split_at(at + 1);
    let here = |mark: &&Mark| before.ends_with(mark.before.as_bytes()) && after.starts_with(mark.after.as_bytes());
    let forms = MARKS.iter().filter(here).map(|mark| {
        let rest = &after[mark.after.len()..];
        let start = before.len() - mark.before.len();
        let likely = match mark.form {
            TOKEN => {
                let blanks = blanks(rest);
                blanks > 0 && long(&rest[blanks..], mark.least)
            }
            PASSWORD => is_option(rest),
            API_KEY => {
                // Before `k_live_` and `_pat_` stands more.
                let within = matches!(s[start], b'k' | b'_');
                (within || is_edge(&s[..start])) && long(rest, mark.least)
            }
            _ => long(rest, mark.least),
        };
        Forms::from(likely) << mark.form
    });
    forms.fold(0, |forms, form| forms | form)
}

/// Whether a word may begin behind a text: at its start, behind what is no letter of a word, and behind what only looks like
/// one (the end of an escape, of a colour, or of a byte of a URL).
fn is_edge(before: &[u8]) -> bool {
    let back = |n: usize| before.len().checked_sub(n).map(|at| before[at]);
    back(1).is_none_or(|last| !is_word(last) || last == b'm')
        || back(2) == Some(b'\\')
        || back(3) == Some(b'%')
        || back(4) == Some(b'\\')
        || back(6) == Some(b'\\')
}

/// How many bytes of blanks a text begins with, tabs that were escaped among them.
fn blanks(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &text[at..] {
            [b' ' | b'\t', ..] => at += 1,
            rest @ [b'\\', ..] => {
                let slashes = rest.iter().take_while(|b| **b == b'\\').count();
                if rest.get(slashes) != Some(&b't') {
                    return at;
                }
                at += slashes + 1;
            }
            _ => return at,
        }
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn is_token(b: u8) -> bool {
    is_word(b) || matches!(b, b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
}

/// Whether `least` characters of a token follow; one that goes on behind an escape is not measured.
fn long(rest: &[u8], least: usize) -> bool {
    let length = rest.iter().take(least).position(|b| !is_token(*b)).unwrap_or(rest.len());
    length >= least || rest.get(length) == Some(&b'\\')
}
