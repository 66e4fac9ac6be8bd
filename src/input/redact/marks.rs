//! Which forms of credential a text may hold, told by marks: literals at or near the start of tokens, and names before a `:`
//! or `=`.
//!
//! Every text of a dump is looked through, and nearly none holds a credential: what counts is how fast a text is passed by.
//! Each mark holds a byte (or two letters) that is rare in log text, so these are found first, sixteen bytes of text at a time;
//! then the two bytes around each tell by tables whether it can be one of a mark, and the three before it whether any ends there.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use wide::u8x16;

use super::values::{JUDGED, PARTING, RANDOM};
use super::{API_KEY, COOKIE, HEADER, JWT, PASSWORD, PRIVATE_KEY, SIGNATURE, TOKEN, URL, WEBHOOK};

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

/// Names before a `:` or `=`, in lower case and without `_` and `-`: what they end in, and their form.
const NAMES: [(&str, usize); 44] = [
    ("password", PASSWORD),
    ("passwd", PASSWORD),
    ("pwd", PASSWORD),
    ("passphrase", PASSWORD),
    ("clientsecret", PASSWORD),
    ("clientkey", PASSWORD),
    ("apisecret", PASSWORD),
    ("apikey", PASSWORD),
    ("appsecret", PASSWORD),
    ("appkey", PASSWORD),
    ("secretsecret", PASSWORD),
    ("secretkey", PASSWORD),
    ("webhooksecret", PASSWORD),
    ("jwtsecret", PASSWORD),
    ("sessionsecret", PASSWORD),
    ("signingsecret", PASSWORD),
    ("oauthsecret", PASSWORD),
    ("secretaccesskey", PASSWORD),
    ("sharedaccesskey", PASSWORD),
    ("accountkey", PASSWORD),
    ("accesstoken", PASSWORD),
    ("authtoken", PASSWORD),
    ("refreshtoken", PASSWORD),
    ("idtoken", PASSWORD),
    ("sessiontoken", PASSWORD),
    ("securitytoken", PASSWORD),
    ("apitoken", PASSWORD),
    ("bottoken", PASSWORD),
    (WEAK[0], PASSWORD),
    (WEAK[1], PASSWORD),
    (VALUE, PASSWORD),
    ("authorization", HEADER),
    ("cookie", COOKIE),
    ("phpsessid", COOKIE),
    ("jsessionid", COOKIE),
    ("connect.sid", COOKIE),
    ("xgoogsignature", SIGNATURE),
    ("xamzsignature", SIGNATURE),
    ("xgoogsecuritytoken", SIGNATURE),
    ("xamzsecuritytoken", SIGNATURE),
    ("?sig", SIGNATURE),
    ("&sig", SIGNATURE),
    ("\\u0026sig", SIGNATURE),
    ("&amp;sig", SIGNATURE),
];
/// Names that prove nothing, unless what follows may be a secret.
const WEAK: [&str; 2] = ["token", "secret"];
/// The name of the second half of a pair, whose first one says what it is.
const VALUE: &str = "value";
/// Longest name of [`NAMES`] as it may be written, in bytes.
const NAME_MAX_BYTES: usize = 24;

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

/// Three lower-case letters as a number: comparing numbers is one step.
const fn three(text: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, text[0], text[1], text[2]])
}

/// Letters that were in upper case, in lower case; also three at once.
const LOWER: u32 = three([0x20; 3]);

/// What each of [`NAMES`] ends in.
const ENDS: [u32; NAMES.len()] = {
    let mut ends = [0; NAMES.len()];
    let mut at = 0;
    while at < ends.len() {
        let [.., a, b, c] = *NAMES[at].0.as_bytes() else { panic!("a name has three letters") };
        ends[at] = three([a, b, c]);
        at += 1;
    }
    ends
};

/// The same behind which an escaped tab stands.
const ENDS_AND_TAB: [u32; NAMES.len()] = {
    let (mut ends, mut at) = (ENDS, 0);
    while at < ends.len() {
        ends[at] = three([ends[at].to_be_bytes()[3], b'\\', b't']) | LOWER;
        at += 1;
    }
    ends
};

/// The same where more stands between the two: a quote, a blank, another such tab.
const TABS: [u32; 6] = [
    three(*b"\"\\t") | LOWER,
    three(*b"'\\t") | LOWER,
    three(*b" \\t") | LOWER,
    three(*b"\t\\t") | LOWER,
    three(*b"t\\t") | LOWER,
    three(*b"\\\\t") | LOWER,
];

static NAME_ENDS: Set = Set::of(&ENDS).and(&ENDS_AND_TAB).and(&TABS);

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
    /// `:` and `=`, before which names stand.
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
        Self { names: (is(b':') | is(b'=')).to_bitmask(), marks: marks.to_bitmask() | behind_b, b }
    }
}

/// The forms whose mark a text holds.
pub(super) fn marked(s: &[u8]) -> Forms {
    let (chunks, rest) = s.as_chunks();
    let (mut found, mut rare) = (named_before_escapes(s), Rare::default());
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

/// What `=` tells of where it is escaped, as encoders do that write for HTML.
#[inline]
fn named_before_escapes(s: &[u8]) -> Forms {
    static EQUALS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("u003"));
    let named = |at: usize| {
        let name = without_around(&s[..at]);
        let is_equals = name.len() < at && matches!(s.get(at + 4), Some(b'd' | b'D'));
        if is_equals && may_name(name) { name_form(name, &s[at + 5..]) } else { 0 }
    };
    EQUALS.find_iter(s).fold(0, |found, at| found | named(at))
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

/// Whether what follows `--` is an option of [`NAMES`], with its value behind it.
fn is_option(rest: &[u8]) -> bool {
    let end = rest.iter().take(64).position(|b| !b.is_ascii_alphanumeric() && *b != b'-').unwrap_or(0);
    matches!(rest[end..].first(), Some(b' ' | b'\t' | b'\\' | b'"' | b'\''))
        && NAMES.iter().any(|(name, form)| *form == PASSWORD && is_name(&rest[..end], name))
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

/// What the `:` or `=` at `at` tells of: a name before it, or a URL with a password.
#[inline]
fn named_before(s: &[u8], at: usize) -> Forms {
    let name = match &s[..at] {
        name @ [.., last] if !is_around_name(*last) => name,
        [name @ .., b'"'] if name.last().is_some_and(|last| !is_around_name(*last)) => name,
        around => without_around(around),
    };
    let mut found = if may_name(name) { name_form(name, &s[at + 1..]) } else { 0 };
    match s.get(at + 1..at + 3) {
        Some(b"//") if has_password(&s[at + 3..]) => found |= 1 << URL,
        Some(b"\\/" | b"\\\\") if has_escaped_password(&s[at + 1..]) => found |= 1 << URL,
        _ => {}
    }
    found
}

/// Whether a byte may stand between a name and its `:` or `=`.
#[inline]
fn is_around_name(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\' | b' ' | b'\t')
}

/// Whether a text may end as one of [`NAMES`] does.
#[inline]
fn may_name(s: &[u8]) -> bool {
    s.last_chunk().is_some_and(|end| NAME_ENDS.has(three(*end) | LOWER))
}

/// The form that the name at the end of `s` tells of; `rest` stands behind its `:` or `=`.
#[cold]
#[inline(never)]
fn name_form(s: &[u8], rest: &[u8]) -> Forms {
    let mut s = s;
    while let [before @ .., b't'] = s
        && before.last() == Some(&b'\\')
    {
        s = without_around(before);
    }
    let end = s.last_chunk().map_or(0, |end| three(*end) | LOWER);
    let found = NAMES.iter().zip(ENDS).filter(|((name, _), ends)| *ends == end && is_name(s, name));
    found.fold(0, |forms, ((name, form), _)| {
        let likely = match *name {
            VALUE => return forms | first_of_pair(&s[..s.len() - VALUE.len()], rest),
            name if WEAK.contains(&name) => may_be_secret(rest, RANDOM),
            // At the end of a longer word it proves less.
            _ if *form == PASSWORD && !is_whole(s, name) => may_be_secret(rest, 0),
            _ => true,
        };
        forms | Forms::from(likely) << form
    })
}

/// A text without what may stand between a name and its `:` or `=`.
fn without_around(s: &[u8]) -> &[u8] {
    &s[..s.iter().rposition(|byte| !is_around_name(*byte)).map_or(0, |last| last + 1)]
}

/// The forms that the first half of a pair tells of, which `s` ends with before the name of the second.
fn first_of_pair(s: &[u8], rest: &[u8]) -> Forms {
    let mut comma = s;
    // Between the two may be line breaks, also escaped.
    loop {
        comma = match comma {
            [before @ .., last] if is_around_name(*last) || last.is_ascii_whitespace() => before,
            [before @ .., b'\\', b'n' | b'r' | b't'] | [before @ .., b'\\', b'u', b'0', b'0', b'0', _] => before,
            _ => break,
        };
    }
    let [first @ .., b','] = comma else { return 0 };
    let first = without_around(first);
    let is_name_of_one = may_name(first) && !is_name(first, VALUE);
    if is_name_of_one { name_form(first, rest) } else { 0 }
}

/// Whether a value may be a secret where its name does not prove it: long enough, and not of letters alone.
fn may_be_secret(rest: &[u8], least: usize) -> bool {
    let start = rest.iter().position(|b| !is_around_name(*b) && *b != b'>').unwrap_or(rest.len());
    let (before, value) = rest.split_at(start);
    let ends =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b',' | b';' | b'&' | b'{' | b'}' | b'<' | b'>');
    // As many bytes as characters are judged: what is none of ASCII tells at once.
    let judged = &value[..value.len().min(JUDGED)];
    let value = &judged[..judged.iter().position(ends).unwrap_or(judged.len())];
    let tells = |b: &u8| !b.is_ascii_alphabetic() && !PARTING.as_bytes().contains(b);
    // What is escaped is left to the pattern.
    value.len() >= least && value.iter().any(tells) || before.last() == Some(&b'\\') || value.contains(&b'\\')
}

/// Whether a text ends with a name, however that is written.
fn is_name(s: &[u8], name: &str) -> bool {
    before_name(s, name).is_some()
}

/// Whether the name that a text ends with is more than the end of a word.
fn is_whole(s: &[u8], name: &str) -> bool {
    before_name(s, name).is_some_and(|before| before.ends_with(b"_") || is_edge(before))
}

/// What stands before the name that a text ends with.
fn before_name<'s>(s: &'s [u8], name: &str) -> Option<&'s [u8]> {
    let mut written = s.iter().enumerate().rev().take(NAME_MAX_BYTES).filter(|(_, b)| !matches!(b, b'_' | b'-'));
    let mut start = s.len();
    for letter in name.bytes().rev() {
        start = written.next().filter(|(_, b)| b.to_ascii_lowercase() == letter)?.0;
    }
    Some(&s[..start])
}

/// As [`has_password`], where the slashes of `://` are escaped.
#[cold]
#[inline(never)]
fn has_escaped_password(rest: &[u8]) -> bool {
    let slash = |rest: &[u8]| {
        let slashes = rest.iter().take_while(|b| **b == b'\\').count();
        (rest.get(slashes) == Some(&b'/')).then_some(slashes + 1)
    };
    slash(rest).is_some_and(|one| slash(&rest[one..]).is_some_and(|two| has_password(&rest[one + two..])))
}

/// Longest password of a URL, in bytes as they may be escaped.
const URL_PASSWORD: usize = 256 * 9;

/// Whether what follows `://` is `user:password@`.
#[cold]
#[inline(never)]
fn has_password(rest: &[u8]) -> bool {
    let ends = |b: &u8| matches!(b, b'/' | b'@' | b'"' | b'\'') || b.is_ascii_whitespace();
    let user = rest.iter().position(|b| *b == b':' || ends(b) || *b == b'\\').unwrap_or(rest.len());
    rest.get(user) == Some(&b':')
        && rest[user..].iter().take(URL_PASSWORD).position(ends).is_some_and(|end| rest[user + end] == b'@')
}
