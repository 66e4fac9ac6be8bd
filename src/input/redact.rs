//! Credentials never reach the store: what they look like, and what stands in their place.
//!
//! Masking happens per row, after the hashes that identify it were taken, so that two exports of one entry stay one row.
//! Personal data stays: the store is as private as the dumps, and documents mask it. What
//! an exporter masked already (`REDACTED`, `***`) is left as it is.
//!
//! Nearly no text holds a credential, so every text is first looked through for [`marks`]. Only the forms whose mark was found
//! run their pattern.

mod marks;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

pub(crate) use marks::Forms;
use marks::marked;
use regex::{Captures, Regex, RegexBuilder};
use values::{LEAST, NUMBER, goes_on, looks_random, masked_already, reads_as_text, unescaped, value_end};

/// A form of credential: name, pattern, and which group is the secret (0: the whole match).
///
/// What a name alone does not prove is judged by its value: see [`Found::is_likely`].
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

/// `=`, as it is or as encoders escape it that write for HTML (Gson).
macro_rules! equals {
    () => {
        r"(?:=|\\+u003[Dd])"
    };
}

/// From a name to its value: its end, `:`, `=` or `=>`, and blanks; in a list of pairs also what stands between the two.
macro_rules! is {
    () => {
        concat!(
            r#"(?:\\*["'])?(?:[ \t]|\\+t)*(?:"#,
            equals!(),
            r#"(?:>|\\+u003[Ee])?|:|,(?:\s|\\+(?:[nrt]|u000[9AaDd]))*\\*["']value\\*["'][ \t]*:)"#,
            r#"(?:[ \t]|\\+(?:u00[0-7][0-9A-Fa-f]|[bft/]))*(?:\\*["'](?:\\+(?:u00[0-7][0-9A-Fa-f]|[bft]))*)?"#
        )
    };
}

/// A character of a token; encoders escape some of them.
macro_rules! token {
    () => {
        r"(?:[A-Za-z0-9._~+/=-]|\\+(?:/|u003[Dd]))"
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
        // Up to the value, which is read and judged apart: one look for names is one pass over the text.
        concat!(
            "(?i-u)(?:(?<strong>(?:",
            edge!(),
            r"|_)(?:password|passwd|pwd|passphrase|(?:client|api|app|secret)[_-]?(?:secret|key)",
            r"|(?:webhook|jwt|session|signing|oauth)[_-]?secret|(?:secret[_-]?access|shared[_-]?access|account)[_-]?key",
            r"|(?:access|auth|refresh|id|session|security|api|bot)[_-]?token))",
            // The same at the end of a longer word.
            r"|(?<glued>[a-z0-9](?:password|passwd|passphrase|(?-i:(?:Client|Api|App|Secret)(?:Secret|Key)",
            r"|(?:Webhook|Jwt|Session|Signing|OAuth|Oauth)Secret|(?:SecretAccess|SharedAccess|Account)Key",
            r"|(?:Access|Auth|Refresh|Id|Session|Security|Api|Bot)Token)))",
            "|(?<weak>token|secret))",
            is!(),
            r"|(?<flag>(?:^|(?u:[^-]))--(?:[a-z0-9-]{0,39}-)?(?:password|passwd|passphrase|token|secret|(?:api|secret)-?key))",
            r#"(?:(?:[ \t]|\\+t)+|\\*["']\s*,\s*)(?:\\*["'])?"#,
        ),
        0,
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
            "[A-Za-z0-9_.%-]+",
            equals!(),
            r"|(?:phpsessid|jsessionid|connect\.sid)",
            equals!(),
            ")",
            r#"((?:(?u:[^\r\n"'\\])|\\+(?:[/t]|u0026|u003[C-Ec-e])){6,})"#
        ),
        1,
    ),
    (
        "signature",
        concat!(
            "(?i-u)(?:",
            edge!(),
            r"(?:x-goog|x-amz)-(?:signature|security-token)|(?:[?&]|&amp;|\\+u0026)sig)",
            equals!(),
            "([A-Za-z0-9%/+_-]{20,})"
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
            if form == PASSWORD {
                self.apply_names(name, &mut out, hits);
            } else {
                self.apply(self.form(form), (name, group), &mut out, hits);
            }
        }
        for rule in &self.rules {
            self.apply(&rule.pattern, (&rule.name, rule.group), &mut out, hits);
        }
        out
    }

    /// Masks what a pattern finds in one of its groups.
    fn apply(&self, pattern: &Regex, (name, group): (&str, usize), out: &mut Cow<'_, str>, hits: &mut Hits) {
        let mut masks = Masks::new(name);
        let mut from = 0;
        while let Some(captures) = (from <= out.len()).then(|| pattern.captures_at(out, from)).flatten() {
            let whole = captures.get_match();
            let secret = captures.get(group).unwrap_or(whole);
            // Patterns of a configuration may match between two characters.
            from = whole.end()
                + if whole.is_empty() { out[whole.end()..].chars().next().map_or(1, char::len_utf8) } else { 0 };
            if !masked_already(secret.as_str()) && !self.stays(secret.as_str()) && !self.stays(whole.as_str()) {
                masks.add(out, secret.range(), "");
            }
        }
        masks.finish(out, hits);
    }

    /// Masks the values behind names of [`PASSWORD`].
    ///
    /// What was taken for a secret may hold the name of one, so the search goes on behind the name, and a value that many names
    /// share is measured once.
    fn apply_names(&self, form: &str, out: &mut Cow<'_, str>, hits: &mut Hits) {
        let mut masks = Masks::new(form);
        let (mut from, mut measured) = (0, 0..0);
        while let Some(captures) = self.form(PASSWORD).captures_at(out, from) {
            let found = Found::of(&captures, out);
            from = found.behind_name();
            let (range, quote) = if let Some((number, quote)) = found.number() {
                if found.kind != Kind::Strong {
                    continue;
                }
                (number, quote)
            } else {
                if !measured.contains(&found.value) {
                    measured = found.value..value_end(out, found.value);
                }
                (found.value..measured.end, "")
            };
            let value = &out[range.clone()];
            if value.len() < LEAST || (quote.is_empty() && !found.is_likely(range.end)) {
                continue;
            }
            from = range.end;
            if !masked_already(value) && !self.stays(value) && !self.stays(&out[found.name.start..range.end]) {
                masks.add(out, range, quote);
            }
        }
        masks.finish(out, hits);
    }

    /// Whether the configuration lets a text stay.
    fn stays(&self, text: &str) -> bool {
        self.allow.iter().any(|allowed| allowed.is_match(text))
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

/// A text in which secrets are being masked, from its start to its end.
struct Masks<'n> {
    name: &'n str,
    text: String,
    copied: usize,
    count: u64,
}

impl<'n> Masks<'n> {
    fn new(name: &'n str) -> Self {
        Self { name, text: String::new(), copied: 0, count: 0 }
    }

    fn add(&mut self, text: &str, secret: Range<usize>, quote: &str) {
        self.count += 1;
        self.text.push_str(&text[self.copied..secret.start]);
        self.text.extend([quote, "<redacted:", self.name, ">", quote]);
        self.copied = secret.end;
    }

    fn finish(mut self, out: &mut Cow<'_, str>, hits: &mut Hits) {
        if self.count > 0 {
            self.text.push_str(&out[self.copied..]);
            *out = Cow::Owned(self.text);
            hits.add(self.name, self.count);
        }
    }
}

/// How much a name tells of its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A secret stands behind it.
    Strong,
    /// The end of a longer word, or the first half of a pair.
    Glued,
    /// `token` and `secret` tell of much else.
    Weak,
    /// An option of a command, which prose may tell of.
    Option,
}

/// A name, and where its value starts.
struct Found<'t> {
    text: &'t str,
    kind: Kind,
    name: Range<usize>,
    value: usize,
}

impl<'t> Found<'t> {
    fn of(captures: &Captures<'_>, text: &'t str) -> Self {
        let value = captures.get_match().end();
        let kinds = [("strong", Kind::Strong), ("glued", Kind::Glued), ("weak", Kind::Weak), ("flag", Kind::Option)];
        let found = kinds.into_iter().find_map(|(group, kind)| Some((captures.name(group)?.range(), kind)));
        let (name, kind) = found.unwrap_or((captures.get_match().range(), Kind::Weak));
        Self { text, kind, name, value }
    }

    /// Where the next name may start: an option may be told of by `:` or `=` as well.
    fn behind_name(&self) -> usize {
        if self.kind != Kind::Option {
            return self.name.end;
        }
        self.name.start + self.text[self.name.clone()].find("--").map_or(1, |at| at + 2)
    }

    /// What stands between the name and its value.
    fn between(&self) -> &'t str {
        &self.text[self.name.end..self.value]
    }

    /// The quote behind the name, as it is escaped.
    fn name_quote(&self) -> &'t str {
        let between = self.between();
        let slashes = between.bytes().take_while(|b| *b == b'\\').count();
        if between[slashes..].starts_with(['"', '\'']) { &between[..=slashes] } else { "" }
    }

    fn is_pair(&self) -> bool {
        self.kind != Kind::Option && self.between().contains(',')
    }

    fn is_quoted(&self) -> bool {
        let between = self.between();
        let start = if self.is_pair() { between.rfind(':') } else { between.find([':', '=', ',']) };
        between[start.unwrap_or(0)..].contains(['"', '\''])
    }

    /// A bare number or such a word behind a quoted name, as JSON has it, and the quote of the name.
    fn number(&self) -> Option<(Range<usize>, &'t str)> {
        let quote = self.name_quote();
        if quote.is_empty() || self.is_quoted() {
            return None;
        }
        let rest = &self.text[self.value..];
        let start = self.value + rest.bytes().take_while(|b| matches!(b, b'[' | b' ')).count();
        let is_number = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let word = ["true", "false", "null"].into_iter().find(|word| self.text[start..].starts_with(word));
        let digits = || self.text.as_bytes()[start..].iter().take(NUMBER).take_while(|b| is_number(b)).count();
        let length = word.map_or_else(digits, str::len);
        let ends = self.text[start + length..].starts_with(|c: char| matches!(c, ',' | ']' | '}') || c.is_whitespace());
        (length > 0 && ends).then_some((start..start + length, if self.is_pair() { "" } else { quote }))
    }

    /// Whether the value up to `end` is likely a secret.
    fn is_likely(&self, end: usize) -> bool {
        let value = unescaped(&self.text[self.value..end]);
        if value.len() < LEAST {
            return false;
        }
        let (between, rest) = (self.between(), &self.text[end..]);
        let prose = !self.is_quoted();
        if between.contains("=>") && prose {
            // Programs have names and calls there.
            return looks_random(&value);
        }
        if self.is_pair() {
            // Of a message, the last word tells nothing.
            let before = &self.text.as_bytes()[..self.name.end];
            let name = before.iter().rev().take(NUMBER).find(|b| !b.is_ascii_alphanumeric() && !b"-_.".contains(b));
            if !matches!(name, Some(b'"' | b'\'')) {
                return false;
            }
        } else if self.kind == Kind::Strong {
            return true;
        }
        if reads_as_text(&value) || rest.starts_with('(') {
            return false;
        }
        let name = self.text[self.name.clone()].to_ascii_lowercase();
        match self.kind {
            Kind::Weak => looks_random(&value) && !(name == "token" && self.is_no_credential()),
            Kind::Option if name.contains("token") || name.contains("--secret") || name.contains("-secret") => {
                looks_random(&value)
            }
            Kind::Glued => !(prose && between.contains(':') && goes_on(rest)),
            // `[--password PASSWORD]` tells how a command is used.
            Kind::Option => !(prose && value.ends_with(']')),
            Kind::Strong => true,
        }
    }

    /// Whether the word before `token` says that it is a place in a list, a lock, or a piece of a language.
    fn is_no_credential(&self) -> bool {
        let before = self.text[..self.name.start].trim_end_matches(['_', '-', '.', ' ']);
        let tail = &before.as_bytes()[before.len().saturating_sub(NUMBER)..];
        let upper = tail.last().is_some_and(u8::is_ascii_uppercase);
        let is_same = |b: &&u8| if upper { b.is_ascii_uppercase() } else { b.is_ascii_lowercase() };
        let mut length = tail.iter().rev().take_while(is_same).count();
        length += usize::from(!upper && tail.iter().rev().nth(length).is_some_and(u8::is_ascii_uppercase));
        let word = tail[tail.len() - length..].to_ascii_lowercase();
        NO_CREDENTIALS.iter().any(|no| no.as_bytes() == word)
    }
}

/// Words before `token` that make no credential of it.
const NO_CREDENTIALS: [&str; 17] = [
    "page",
    "nextpage",
    "pagination",
    "continuation",
    "cursor",
    "sync",
    "next",
    "lock",
    "unlock",
    "fencing",
    "trace",
    "commit",
    "unexpected",
    "invalid",
    "lexer",
    "cancel",
    "cancellation",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests;
