//! Credentials never reach the store: what they look like, and what stands in their place.
//!
//! Masking happens per row, after the hashes that identify it were taken, so that two exports of one entry stay one row.
//! Personal data stays: the store is as private as the dumps, and documents mask it. What
//! an exporter masked already (`REDACTED`, `***`) is left as it is.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Captures, Regex, RegexSet};

/// A form of credential: name, pattern, and which group is the secret (0: the whole match).
const FORMS: [(&str, &str, usize); 6] = [
    ("private-key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", 0),
    ("jwt", r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", 0),
    (
        "api-key",
        r"(?-u:\b)(?:AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}|[sr]k_live_[A-Za-z0-9]{16,}|(?:AKIA|ASIA)[0-9A-Z]{16}|npm_[A-Za-z0-9]{36}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
        0,
    ),
    ("token", r"(?i-u)\b(?:bearer|basic)[ \t]+([A-Za-z0-9._~+/=-]{16,})", 1),
    ("password", r#"://[^/\s:@"'\\]*:([^/\s@"'\\]{1,256})@"#, 1),
    (
        "password",
        r#"(?i-u)(?:\b|_)(?:password|passwd|pwd|(?:client|api|app|secret)[_-]?(?:secret|key)|access[_-]?token|auth[_-]?token|refresh[_-]?token)\\?["']?[ \t]*[:=][ \t]*\\?["']?((?u:[^\s"'\\,;&{}()<>]){6,})"#,
        1,
    ),
];

struct Forms {
    any: RegexSet,
    each: Vec<Regex>,
}

fn forms() -> &'static Forms {
    static FORMS_ONCE: OnceLock<Forms> = OnceLock::new();
    FORMS_ONCE.get_or_init(|| Forms {
        any: RegexSet::new(FORMS.iter().map(|form| form.1)).expect("the patterns are constants and were tested"),
        each: FORMS
            .iter()
            .map(|form| Regex::new(form.1).expect("the patterns are constants and were tested"))
            .collect(),
    })
}

/// Masks credentials in a text and adds the number of hits to `hits`.
pub(crate) fn redact<'a>(text: &'a str, hits: &mut u64) -> Cow<'a, str> {
    let forms = forms();
    let found = forms.any.matches(text);
    if !found.matched_any() {
        return Cow::Borrowed(text);
    }
    let mut out = Cow::Borrowed(text);
    for at in &found {
        let (name, _, group) = FORMS[at];
        let replaced = forms.each[at].replace_all(&out, |captures: &Captures<'_>| {
            let whole = captures.get(0).map_or("", |found| found.as_str());
            let secret = captures.get(group).map_or("", |found| found.as_str());
            if masked_already(secret) {
                return whole.to_owned();
            }
            *hits += 1;
            whole.replace(secret, &format!("<redacted:{name}>"))
        });
        out = Cow::Owned(replaced.into_owned());
    }
    out
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
mod tests {
    use super::*;

    fn masked(text: &str) -> (String, u64) {
        let mut hits = 0;
        let out = redact(text, &mut hits).into_owned();
        (out, hits)
    }

    #[test]
    fn every_form_of_credential_is_masked() {
        let key = format!("AKIA{}", "A1B2C3D4E5F6G7H8");
        for (text, expected) in [
            ("Authorization: Bearer abcdef0123456789abcdef".to_owned(), "Authorization: Bearer <redacted:token>"),
            ("postgres://app:hunter2@db/shop".to_owned(), "postgres://app:<redacted:password>@db/shop"),
            (r#"{"password": "correct-horse"}"#.to_owned(), r#"{"password": "<redacted:password>"}"#),
            (format!("key {key} used"), "key <redacted:api-key> used"),
            ("t=eyJhbGciOiJI.eyJzdWIiOiIx.c2ln".to_owned(), "t=<redacted:jwt>"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----".to_owned(),
                "<redacted:private-key>",
            ),
        ] {
            assert_eq!(masked(&text), (expected.to_owned(), 1), "{text}");
        }
    }

    #[test]
    fn what_is_masked_already_or_no_secret_stays() {
        for text in [
            "AUTH=REDACTED",
            "postgres://***@db/shop",
            "postgres://u:***@db",
            "password: ********",
            "password is wrong",
            "the basic plan costs nothing",
        ] {
            assert_eq!(masked(text), (text.to_owned(), 0), "{text}");
        }
    }
}
