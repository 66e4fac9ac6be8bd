//! Credentials never reach the store: what they look like, and what stands in their place.
//!
//! Masking happens per row, after the hashes that identify it were taken, so that two exports of one entry stay one row.
//! Personal data stays: the store is as private as the dumps, and documents mask it. What
//! an exporter masked already (`REDACTED`, `***`) is left as it is.
//!
//! Nearly no text holds a credential, so every text is first looked through for [`marks`]. Only the forms whose mark was found
//! run their pattern.

mod marks;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

pub(crate) use marks::Forms;
use marks::marked;
use regex::{Captures, Match, Regex, RegexBuilder};

/// A form of credential: name, pattern, and which group is the secret (0: the whole match).
///
/// What a name alone does not prove is judged by the secret: see [`is_likely`].
type Form = (&'static str, &'static str, usize);

const PRIVATE_KEY: usize = 0;
const JWT: usize = 1;
const API_KEY: usize = 2;
const TOKEN: usize = 3;
const URL: usize = 4;
const PASSWORD: usize = 5;
const HEADER: usize = 6;
const COOKIE: usize = 7;
const SIGNATURE: usize = 8;
const WEBHOOK: usize = 9;

/// Where a secret or its name may begin: at a word's edge, and behind what only looks like the letters of a word: an escape,
/// however often it was escaped again, a colour, a byte of a URL.
macro_rules! edge {
    () => {
        r"(?:(?-u:\b)|\\+(?:[bfnrtv]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|\[[0-9;]{1,16}m|%[0-9A-Fa-f]{2})"
    };
}

/// From a name to its value: its end, `:`, `=` or `=>`, and blanks; in a list of pairs also what stands between the two.
macro_rules! is {
    () => {
        concat!(
            r#"(?:\\*["'])?(?:[ \t]|\\+t)*"#,
            r#"(?:=>?|:|,(?:\s|\\+(?:[nrt]|u000[9AaDd]))*\\*["']value\\*["'][ \t]*:)"#,
            r#"(?:[ \t]|\\+(?:u[0-9A-Fa-f]{4}|[bft/]))*(?:\\*["'](?:\\+(?:u[0-9A-Fa-f]{4}|[bft]))*)?"#
        )
    };
}

/// A character of a token; encoders escape some of them.
macro_rules! token {
    () => {
        r"(?:[A-Za-z0-9._~+/=-]|\\+(?:/|u003[Dd]))"
    };
}

/// A character of a password; escapes of what could be one are, those of blanks and quotes are not.
macro_rules! secret {
    () => {
        concat!(
            r#"(?u:[^\s"'\\,;&{}()<>]|\\+(?-i:[^\s"'\\,;&{}()<>bfnrtu]"#,
            r"|u(?:003[Dd]|00[89A-Fa-f][0-9A-Fa-f]|0[1-9A-Fa-f][0-9A-Fa-f]{2}|[1-9A-Fa-f][0-9A-Fa-f]{3})))"
        )
    };
}

/// The forms, in the order in which they are applied.
///
/// Texts may be JSON as it was written: an escape before a secret is stepped over whole, since half of one would be no JSON.
const FORMS: [Form; 10] = [
    (
        "private-key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        0,
    ),
    ("jwt", concat!(edge!(), r"(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"), 1),
    (
        "api-key",
        concat!(
            edge!(),
            r"(AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}",
            r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}",
            r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}",
            r"|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}",
            r"|(?:AKIA|ASIA)[0-9A-Z]{16}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{32,}|hf_[A-Za-z0-9]{30,}",
            r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|shpat_[A-Fa-f0-9]{32}|dckr_pat_[A-Za-z0-9_-]{20,}",
            r"|gsk_[A-Za-z0-9]{40,})",
        ),
        1,
    ),
    ("token", concat!(edge!(), r"(?:[Bb](?:earer|asic)|B(?:EARER|ASIC))(?:[ \t]|\\+t)+(", token!(), "{16,})"), 1),
    (
        "password",
        // A password may hold `@`: the host begins behind the last one.
        concat!(
            r#":(?://|(?:\\+/){2})[^/\s:@"'\\]*:((?:[^/\s@"'\\]|\\{1,4}u[0-9A-Fa-f]{4}){1,256}"#,
            r#"(?:@(?:[^/\s@"'\\?#&;<>|]|\\{1,4}u[0-9A-Fa-f]{4})*)*)@"#
        ),
        1,
    ),
    (
        "password",
        concat!(
            "(?i-u)(?:(?:(?:",
            edge!(),
            r"|_)(?:password|passwd|pwd|passphrase|(?:client|api|app|secret)[_-]?(?:secret|key)",
            r"|(?:webhook|jwt|session|signing|oauth)[_-]?secret|(?:secret[_-]?access|shared[_-]?access|account)[_-]?key",
            r"|(?:access|auth|refresh|id|session|security|api|bot)[_-]?token)",
            // The same at the end of a longer word.
            r"|(?<glued>[a-z0-9](?:password|passwd|passphrase|(?-i:(?:Client|Api|App|Secret)(?:Secret|Key)",
            r"|(?:Webhook|Jwt|Session|Signing|OAuth|Oauth)Secret|(?:SecretAccess|SharedAccess|Account)Key",
            r"|(?:Access|Auth|Refresh|Id|Session|Security|Api|Bot)Token)))",
            "|(?<weak>token|secret))",
            is!(),
            r"|(?<flag>(?:^|(?u:[^-]))--(?:[a-z0-9-]{0,39}-)?(?:password|passwd|passphrase|token|secret|(?:api|secret)-?key))",
            r#"(?:(?:[ \t]|\\+t)+|\\*["']\s*,\s*)(?:\\*["'])?)"#,
            "(?<secret>",
            secret!(),
            "{6,})",
        ),
        4,
    ),
    (
        "token",
        concat!(
            "(?i-u)",
            edge!(),
            "authorization",
            is!(),
            r"(?:token|apikey|digest|negotiate|key|hmac)?(?:[ \t]|\\+t)*(",
            token!(),
            "{16,})"
        ),
        1,
    ),
    (
        "cookie",
        concat!(
            "(?i-u)",
            edge!(),
            "(?:(?:set-)?cookie",
            is!(),
            r"[A-Za-z0-9_.%-]+=|(?:phpsessid|jsessionid|connect\.sid)=)",
            r#"((?:(?u:[^\r\n"'\\])|\\+(?:[/t]|u0026|u003[C-Ec-e])){6,})"#
        ),
        1,
    ),
    (
        "signature",
        concat!(
            "(?i-u)(?:",
            edge!(),
            r"(?:x-goog|x-amz)-(?:signature|security-token)|(?:[?&]|&amp;|\\+u0026)sig)=([A-Za-z0-9%/+_-]{20,})"
        ),
        1,
    ),
    (
        "webhook",
        concat!(
            r"(?:hooks\.slack\.com\\*/(?:services|workflows|triggers)|discord(?:app)?\.com\\?/api\\?/webhooks)\\*/",
            r"((?:[A-Za-z0-9/_-]|\\+/){16,})"
        ),
        1,
    ),
];

/// How often each form was masked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hits(BTreeMap<String, u64>);

impl Hits {
    /// All hits.
    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// (name of the form, hits), ascending by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, hits)| (name.as_str(), *hits))
    }

    /// Adds the hits of another text or thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, hits) in other.iter() {
            self.add(name, hits);
        }
    }

    fn add(&mut self, name: &str, hits: u64) {
        if let Some(sum) = self.0.get_mut(name) {
            *sum += hits;
        } else {
            self.0.insert(name.to_owned(), hits);
        }
    }
}

/// A rule of the configuration.
#[derive(Debug)]
struct Rule {
    name: String,
    pattern: Regex,
    group: usize,
}

/// What is masked: the forms known here, and rules of the configuration.
#[derive(Debug)]
pub(crate) struct Redactor {
    /// Patterns of [`FORMS`]; most runs need few of them.
    forms: [OnceLock<Regex>; FORMS.len()],
    rules: Vec<Rule>,
    allow: Vec<Regex>,
}

impl Redactor {
    /// A redactor with rules (name, pattern) and patterns of what stays although a form or rule matches it.
    ///
    /// A rule masks its group `secret`, else its first group, else the whole match. The error names the rule and what is
    /// wrong with it.
    pub(crate) fn new(rules: &[(&str, &str)], allow: &[&str]) -> Result<Self, String> {
        Ok(Self {
            forms: [const { OnceLock::new() }; FORMS.len()],
            rules: rules.iter().map(|(name, pattern)| rule(name, pattern)).collect::<Result<_, _>>()?,
            allow: allow.iter().map(|pattern| compile("allow", pattern)).collect::<Result<_, _>>()?,
        })
    }

    /// Masks credentials in a text and counts them.
    pub(crate) fn redact<'a>(&self, text: &'a str, hits: &mut Hits) -> Cow<'a, str> {
        self.mask(text, Self::forms(text), hits)
    }

    /// The forms that a text may hold.
    pub(crate) fn forms(text: &str) -> Forms {
        marked(text.as_bytes())
    }

    /// The forms that a text may hold outside of ranges: whole values of JSON, across whose ends no credential reaches.
    pub(crate) fn forms_beside(text: &str, ranges: &mut [Range<usize>]) -> Forms {
        ranges.sort_unstable_by_key(|range| range.start);
        let (mut forms, mut from) = (0, 0);
        for range in ranges {
            forms |= text.as_bytes().get(from..range.start).map_or(0, marked);
            from = from.max(range.end);
        }
        forms | text.as_bytes().get(from..).map_or(0, marked)
    }

    /// As [`Self::redact`], of a text whose forms are known.
    pub(crate) fn mask<'a>(&self, text: &'a str, forms: Forms, hits: &mut Hits) -> Cow<'a, str> {
        if forms == 0 && self.rules.is_empty() {
            return Cow::Borrowed(text);
        }
        self.replace(text, forms, hits)
    }

    #[cold]
    fn replace<'a>(&self, text: &'a str, marked: Forms, hits: &mut Hits) -> Cow<'a, str> {
        let mut out = Cow::Borrowed(text);
        let marked = (0..FORMS.len()).filter(|form| marked & 1 << form != 0);
        // Forms are judged by the text as it came: what one of them wrote is nothing for the next.
        for form in marked.filter(|&form| self.form(form).is_match(text)).collect::<Vec<_>>() {
            let (name, _, group) = FORMS[form];
            self.apply(self.form(form), name, (group, is_likely), &mut out, hits);
        }
        for rule in &self.rules {
            self.apply(&rule.pattern, &rule.name, (rule.group, |_, _, _| true), &mut out, hits);
        }
        out
    }

    /// Masks what a pattern finds. `secret`: its group, and whether what stands in it is one.
    fn apply(&self, pattern: &Regex, name: &str, secret: (usize, Judge), out: &mut Cow<'_, str>, hits: &mut Hits) {
        let (group, is_secret) = secret;
        let (mut masked, mut copied, mut from, mut count) = (String::new(), 0, 0, 0);
        let mut refused = (0, 0);
        let stays = |text: &str| self.allow.iter().any(|allowed| allowed.is_match(text));
        while let Some(captures) = (from <= out.len()).then(|| pattern.captures_at(out, from)).flatten() {
            let whole = captures.get_match();
            let secret = captures.get(group).unwrap_or(whole);
            if !is_secret(&captures, secret, out) {
                // What was taken for a secret may hold the name of one; thousands of names on end are none.
                refused = (secret.end(), if refused.0 == secret.end() { refused.1 + 1 } else { 0 });
                from = if refused.1 < NAMES_ON_END { secret.start() } else { whole.end() };
                continue;
            }
            // Patterns of a configuration may match between two characters.
            from = whole.end()
                + if whole.is_empty() { out[whole.end()..].chars().next().map_or(1, char::len_utf8) } else { 0 };
            if masked_already(secret.as_str()) || stays(secret.as_str()) || stays(whole.as_str()) {
                continue;
            }
            count += 1;
            masked.push_str(&out[copied..secret.start()]);
            masked.extend(["<redacted:", name, ">"]);
            copied = secret.end();
        }
        if count > 0 {
            masked.push_str(&out[copied..]);
            *out = Cow::Owned(masked);
            hits.add(name, count);
        }
    }

    fn form(&self, form: usize) -> &Regex {
        self.forms[form].get_or_init(|| Regex::new(FORMS[form].1).expect("the patterns are constants and were tested"))
    }
}

/// Masks credentials by the built-in forms alone, and adds the number of hits to `hits`.
#[cfg(test)]
fn redact<'a>(text: &'a str, hits: &mut u64) -> Cow<'a, str> {
    let redactor = Redactor::new(&[], &[]).expect("there is no rule that could be wrong");
    let mut found = Hits::default();
    let out = redactor.redact(text, &mut found);
    *hits += found.total();
    out
}

fn compile(name: &str, pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(1 << 22)
        .build()
        .map_err(|error| format!("redaction: pattern of `{name}` cannot be used: {error}"))
}

fn rule(name: &str, pattern: &str) -> Result<Rule, String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(format!("redaction: name `{name}` is not made of lower-case letters, digits and `-`"));
    }
    let pattern = compile(name, pattern)?;
    if pattern.is_match("") {
        return Err(format!("redaction: pattern of `{name}` matches the empty text; make it match something"));
    }
    let named = pattern.capture_names().position(|group| group == Some("secret"));
    let group = named.unwrap_or(usize::from(pattern.captures_len() > 1));
    Ok(Rule { name: name.to_owned(), pattern, group })
}

/// Tells whether what a pattern found in a text is a secret.
type Judge = fn(&Captures<'_>, Match<'_>, &str) -> bool;

/// Whether a value is likely a secret where its name alone does not prove it: `token`, a name at the end of a longer word and
/// before prose, or an option of a command that prose may tell of.
fn is_likely(captures: &Captures<'_>, secret: Match<'_>, text: &str) -> bool {
    let value = secret.as_str();
    if captures.name("weak").is_some() {
        return looks_random(value);
    }
    if let Some(glued) = captures.name("glued") {
        return text[glued.end()..secret.start()].contains(['"', '\'', '=']) || !is_word(value);
    }
    let Some(flag) = captures.name("flag") else { return true };
    let flag = flag.as_str().to_ascii_lowercase();
    let weak = flag.contains("token") || flag.contains("--secret") || flag.contains("-secret");
    if weak { looks_random(value) } else { !is_word(value) }
}

/// Whether a text may be a word of prose, the name of an error or of a file.
fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'-' | b'_' | b':' | b'/' | b'[' | b']'))
}

/// How often one text may be taken for the secret of another name, so that a long one is not read again for each.
const NAMES_ON_END: u32 = 64;

/// Least length of what [`looks_random`].
const RANDOM: usize = 12;

/// Whether a text looks drawn by lot: long, and of letters and digits that alternate more often than in words, versions and
/// times.
fn looks_random(text: &str) -> bool {
    let class = |b: u8| match b {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let classes: Vec<u8> = text.bytes().map(class).collect();
    // A capital begins a word: what follows it is no change.
    let changes = classes.windows(2).filter(|two| !matches!(two, [0, _] | [_, 0] | [2, 1]) && two[0] != two[1]).count();
    let mixed = classes.contains(&3) && (classes.contains(&1) || classes.contains(&2));
    mixed && text.len() >= RANDOM && 5 * changes >= text.len()
}

/// What an exporter, this tool, or a configuration's placeholder put there instead of a secret.
fn masked_already(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    secret.starts_with("***")
        || lower.contains("redacted")
        || secret.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'?'))
        || ["$", "%", "none", "null", "true", "false", "missing", "projects/", "required", "not"]
            .iter()
            .any(|word| lower.starts_with(word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests;
