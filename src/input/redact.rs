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
use regex::{Captures, Regex, RegexBuilder};

/// A form of credential: name, pattern, and which group is the secret (0: the whole match).
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

/// The forms, in the order in which they are applied.
///
/// Texts may be JSON as it was written: an escape before a secret is stepped over whole, since half of one would be no JSON.
const FORMS: [Form; 10] = [
    (
        "private-key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        0,
    ),
    ("jwt", r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", 0),
    (
        "api-key",
        concat!(
            r"(?-u:\b)(?:AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}",
            r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}",
            r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}",
            r"|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}",
            r"|(?:AKIA|ASIA)[0-9A-Z]{16}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{32,}|hf_[A-Za-z0-9]{30,}",
            r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|shpat_[A-Fa-f0-9]{32}|dckr_pat_[A-Za-z0-9_-]{20,}",
            r"|gsk_[A-Za-z0-9]{40,})",
        ),
        0,
    ),
    ("token", r"(?-u:\b)(?:[Bb](?:earer|asic)|B(?:EARER|ASIC))[ \t]+([A-Za-z0-9._~+/=-]{16,})", 1),
    ("password", r#"://[^/\s:@"'\\]*:([^/\s@"'\\]{1,256})@"#, 1),
    (
        "password",
        concat!(
            r#"(?i-u)(?:\b|_)(?:password|passwd|pwd|passphrase|(?:client|api|app|secret)[_-]?(?:secret|key)"#,
            r#"|(?:webhook|jwt|session|signing|oauth)[_-]?secret|(?:secret[_-]?access|shared[_-]?access|account)[_-]?key"#,
            r#"|(?:access|auth|refresh|id|session|security|api|bot)[_-]?token)"#,
            r#"\\?["']?[ \t]*[:=](?:[ \t]|\\u[0-9a-f]{4}|\\[bft/\\])*(?:\\?["'](?:\\u[0-9a-f]{4}|\\[bft])*)?((?u:[^\s"'\\,;&{}()<>]){6,})"#,
        ),
        1,
    ),
    (
        "token",
        concat!(
            r#"(?i-u)\bauthorization\\?["']?[ \t]*[:=](?:[ \t]|\\u[0-9a-f]{4}|\\[bft/\\])*(?:\\?["'](?:\\u[0-9a-f]{4}|\\[bft])*)?"#,
            r"(?:token|apikey|digest|negotiate|key|hmac)?[ \t]*",
            r"([A-Za-z0-9._~+/=-]{16,})"
        ),
        1,
    ),
    (
        "cookie",
        concat!(
            r#"(?i-u)(?:\b(?:set-)?cookie\\?["']?[ \t]*[:=][ \t]*\\?["']?[A-Za-z0-9_.%-]+=|\b(?:phpsessid|jsessionid|connect\.sid)=)"#,
            r#"((?u:[^\r\n"'\\]){6,})"#
        ),
        1,
    ),
    ("signature", r"(?i-u)(?:\b(?:x-goog|x-amz)-(?:signature|security-token)|[?&]sig)=([A-Za-z0-9%/+_-]{20,})", 1),
    (
        "webhook",
        r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/)([A-Za-z0-9/_-]{16,})",
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
            self.apply(self.form(form), name, group, &mut out, hits);
        }
        for rule in &self.rules {
            self.apply(&rule.pattern, &rule.name, rule.group, &mut out, hits);
        }
        out
    }

    fn apply(&self, pattern: &Regex, name: &str, group: usize, out: &mut Cow<'_, str>, hits: &mut Hits) {
        let mut count = 0;
        let replaced = pattern.replace_all(out, |captures: &Captures<'_>| {
            let whole = captures.get_match();
            let secret = captures.get(group).unwrap_or(whole);
            let stays = |text: &str| self.allow.iter().any(|allowed| allowed.is_match(text));
            if masked_already(secret.as_str()) || stays(secret.as_str()) || stays(whole.as_str()) {
                return whole.as_str().to_owned();
            }
            count += 1;
            let (before, rest) = whole.as_str().split_at(secret.start() - whole.start());
            format!("{before}<redacted:{name}>{}", &rest[secret.len()..])
        });
        if count > 0 {
            let replaced = replaced.into_owned();
            *out = Cow::Owned(replaced);
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
