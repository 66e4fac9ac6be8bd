//! What pass 2 asks of a word: does it look like a name, a unit, a cue for a name.
//!
//! The lists hold words of no particular system; a rule that helps one system's logs only would
//! be worth nothing on the next.

use super::token::is_delimiter;
use super::wordform::{has_alnum, is_redacted};

/// Distinct plain words in one place that make it a variable.
pub(super) const PLAIN_NEED: usize = 6;
/// Distinct identifiers in one place that make it a variable.
pub(super) const NAME_NEED: usize = 3;

const UNITS: [&str; 19] = [
    "B", "KB", "MB", "GB", "TB", "kB", "KiB", "MiB", "GiB", "TiB", "bytes", "byte", "ms", "s", "sec", "secs",
    "seconds", "us", "ns",
];
const CUES: [&str; 26] = [
    "user",
    "host",
    "domain",
    "file",
    "directory",
    "service",
    "class",
    "ruser",
    "process",
    "interface",
    "package",
    "module",
    "key",
    "name",
    "id",
    "node",
    "server",
    "address",
    "port",
    "uid",
    "app",
    "pool",
    "device",
    "queue",
    "topic",
    "tenant",
];

/// Whether a word is a unit of measure.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}

/// Whether a word is a level of severity.
pub(super) fn is_level(word: &str) -> bool {
    const LEVELS: [&str; 12] = [
        "trace",
        "debug",
        "info",
        "notice",
        "warn",
        "warning",
        "error",
        "err",
        "critical",
        "fatal",
        "alert",
        "emergency",
    ];
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// What a word looks like.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Look {
    #[default]
    Plain,
    Name,
    Upper,
    Delimiter,
    /// Written by an exporter in place of a secret.
    Redacted,
    /// A number that the scanner left a constant: the status of a request.
    Status,
}

/// A word and what is known of it.
#[allow(clippy::struct_excessive_bools, reason = "each answers another question of pass 2")]
#[derive(Debug, Default)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) alnum: bool,
    pub(super) unit: bool,
    pub(super) cue: bool,
    pub(super) dots: usize,
    /// A name of three or more parts (`org.shop.Cart`) names one thing of many; one that ends in capitals names an event.
    pub(super) qualified: bool,
    /// The name of an account that every system has.
    pub(super) account: bool,
    look: Look,
}

impl<'a> Word<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let look = if is_delimiter(text) {
            Look::Delimiter
        } else if is_redacted(text) {
            Look::Redacted
        } else if text.bytes().all(|b| b.is_ascii_digit()) {
            Look::Status
        } else if is_name(text) || is_account(text) {
            Look::Name
        } else if is_upper(text) {
            Look::Upper
        } else {
            Look::Plain
        };
        Self {
            text,
            alnum: has_alnum(text),
            unit: is_unit(text),
            cue: CUES.iter().any(|cue| text.eq_ignore_ascii_case(cue)),
            dots: text.bytes().filter(|&b| b == b'.').count(),
            qualified: is_qualified(text),
            account: is_account(text),
            look,
        }
    }

    /// Whether the word is a single delimiter.
    pub(super) fn is_delimiter(&self) -> bool {
        self.look == Look::Delimiter
    }

    /// Whether the word looks like a name.
    pub(super) fn is_name(&self) -> bool {
        self.look == Look::Name
    }

    /// Whether the word can be a variable: it holds a letter or digit, stands for no secret and is no status of a request.
    pub(super) fn may_vary(&self) -> bool {
        self.alnum && !matches!(self.look, Look::Redacted | Look::Status)
    }

    /// Distinct words that must stand in this word's place before the place is a variable.
    pub(super) fn need(&self, previous: &str, previous_word_is_cue: bool, next: &str) -> usize {
        if previous == "=" {
            2
        } else if (matches!(previous, "\"" | "'") && next == previous)
            || self.look == Look::Name
            || previous_word_is_cue
        {
            NAME_NEED
        } else if self.look == Look::Upper {
            2 * PLAIN_NEED
        } else {
            PLAIN_NEED
        }
    }
}

/// Whether a word leads to the noun of a name: `for user ann`.
pub(super) fn leads(word: &str) -> bool {
    const WORDS: [&str; 17] = [
        "for", "of", "from", "to", "by", "in", "into", "on", "at", "with", "as", "via", "using", "the", "invalid",
        "unknown", "illegal",
    ];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Accounts that every system has: names of users wherever they stand.
fn is_account(text: &str) -> bool {
    const ACCOUNTS: [&str; 8] =
        ["root", "admin", "administrator", "guest", "nobody", "anonymous", "postgres", "ubuntu"];
    ACCOUNTS.contains(&text)
}

/// Digits, `_ \ @ # $ / +`, an inner `.` or `-`, a `-` at the end, camelCase, other scripts.
fn is_name(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let b = text.as_bytes();
    b.iter().any(|&c| c.is_ascii_digit() || c >= 0x80 || matches!(c, b'_' | b'\\' | b'@' | b'#' | b'$' | b'/' | b'+'))
        || b.windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
        || b.windows(3).any(|w| matches!(w[1], b'.' | b'-') && word(w[0]) && word(w[2]))
        || matches!(b, [.., first, b'-'] if word(*first))
}

/// Three or more identifiers between dots, the last not in capitals.
fn is_qualified(text: &str) -> bool {
    let part = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'))
    };
    text.bytes().filter(|&b| b == b'.').count() >= 2
        && text.split('.').all(part)
        && text.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_lowercase()))
}

fn is_upper(text: &str) -> bool {
    text.len() > 2 && text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}
