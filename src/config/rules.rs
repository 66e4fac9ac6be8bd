//! The repeated tables of `gardener.toml`: what each holds and what it matches.
//!
//! A rule matches when all of its conditions do; a rule without a condition matches nothing, so that a half-written one
//! does not fix the priority of everything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[[service]]`: owner and repository.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceRule {
    /// Glob over service names.
    pub r#match: String,
    /// Team or person.
    #[serde(default)]
    pub owner: Option<String>,
    /// `owner/name`.
    #[serde(default)]
    pub repo: Option<String>,
}

/// What a rule looks at in a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleSubject<'a> {
    /// Service name.
    pub service: &'a str,
    /// Module or logger.
    pub module: &'a str,
    /// Route of a request.
    pub route: &'a str,
    /// Status of a request.
    pub status: Option<i32>,
    /// Exception type.
    pub exception: &'a str,
    /// Template text.
    pub template: &'a str,
}

/// `[[impact]]`: printed word for word, marked "as configured".
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ImpactRule {
    /// Glob over modules.
    pub module: Option<String>,
    /// Glob over routes.
    pub route: Option<String>,
    /// Glob over services.
    pub service: Option<String>,
    /// Glob over exception types.
    pub exception: Option<String>,
    /// What the business calls it.
    pub capability: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// The sentence to print.
    pub sentence: String,
    /// Priority points.
    pub points: i32,
}

/// `[[rule]]`: fixes a priority or the issue policy of what matches.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PriorityRule {
    /// Printed wherever the rule had a say.
    pub name: String,
    /// Glob over services.
    pub service: Option<String>,
    /// Glob over modules.
    pub module: Option<String>,
    /// Glob over routes.
    pub route: Option<String>,
    /// Glob over exception types.
    pub exception: Option<String>,
    /// Glob over template texts.
    pub template: Option<String>,
    /// Response status.
    pub status: Option<i32>,
    /// P0 to P10.
    pub priority: Option<String>,
    /// `never` files nothing.
    pub issue: Option<IssuePolicy>,
    /// Known noise: loses points.
    pub noise: bool,
}

/// Whether a rule lets issues be filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IssuePolicy {
    /// Never.
    Never,
}

/// `[[mute]]`: counted and listed all the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MuteRule {
    /// Glob over template texts.
    pub template: Option<String>,
    /// Glob over services.
    pub service: Option<String>,
    /// Glob over modules.
    pub module: Option<String>,
    /// Glob over exception types.
    pub exception: Option<String>,
    /// Why; required.
    pub reason: String,
    /// Who; required.
    pub owner: String,
    /// A date, or `never`; required.
    #[schemars(with = "String")]
    pub until: Option<Until>,
}

/// End of a mute: a TOML date or a word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Until {
    /// `2025-10-15` without quotes.
    Date(toml::value::Datetime),
    /// `"never"` or a quoted date.
    Word(String),
}

impl Until {
    /// The date as text, or `never`.
    pub fn text(&self) -> String {
        match self {
            Self::Date(date) => date.to_string(),
            Self::Word(word) => word.clone(),
        }
    }
}

impl MuteRule {
    /// Reason, owner and end are required.
    pub fn check(&self) -> Result<(), String> {
        if self.reason.trim().is_empty() || self.owner.trim().is_empty() {
            return Err("reason and owner are required".into());
        }
        let Some(until) = self.until.as_ref().map(Until::text) else {
            return Err("until is required: a date, or \"never\"".into());
        };
        if until == "never" || crate::time::day_from_name(until.get(..10).unwrap_or("")).is_some() {
            Ok(())
        } else {
            Err(format!("until {until:?} is neither a date nor \"never\""))
        }
    }

    /// Whether the mute still holds at a moment.
    pub fn holds_at(&self, ns: i64) -> bool {
        match self.until.as_ref().map(Until::text) {
            Some(word) if word == "never" => true,
            Some(date) => {
                date.get(..10).and_then(crate::time::day_from_name).is_some_and(|day| crate::time::day_of(ns) < day)
            }
            None => false,
        }
    }
}

/// `[[shape]]`: any other JSON, chosen when all keys of `match` are present; dotted paths.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ShapeRule {
    /// Name in the ingest report.
    pub name: String,
    /// Keys that must all be present.
    pub r#match: Vec<String>,
    /// Path of the time.
    pub timestamp: Option<String>,
    /// Path of the severity.
    pub severity: Option<String>,
    /// Path of the message.
    pub message: Option<String>,
    /// Path of the service.
    pub service: Option<String>,
    /// Path of the instance.
    pub instance: Option<String>,
    /// Path of the revision.
    pub revision: Option<String>,
    /// Path of the trace.
    pub trace: Option<String>,
    /// Path of the span.
    pub span: Option<String>,
    /// Path of the entry's id: two rows of one id and time are one entry.
    pub insert_id: Option<String>,
    /// Path of the user.
    pub user: Option<String>,
    /// Path of an object of labels.
    pub labels: Option<String>,
    /// Path of the logger.
    pub logger: Option<String>,
    /// Path of the source file.
    pub file: Option<String>,
    /// Path of the source line.
    pub line: Option<String>,
    /// Path of the function.
    pub function: Option<String>,
    /// Path of the response status.
    pub status: Option<String>,
    /// Path of the latency.
    pub latency: Option<String>,
    /// Path of the URL.
    pub url: Option<String>,
    /// Path of the request method.
    pub method: Option<String>,
}

impl ShapeRule {
    /// Says what is wrong with it, and at which of its keys.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.name.trim().is_empty() {
            return Err(("name", "must not be empty: the shape is told by it".into()));
        }
        if self.r#match.is_empty() {
            return Err(("match", "must list a key at least: without one every row would be of this shape".into()));
        }
        let fields = self.fields();
        let conditions = self.r#match.iter().map(|path| ("match", path));
        let paths = fields.iter().filter_map(|(key, path)| Some((*key, path.as_ref()?)));
        if let Some((key, path)) = conditions.chain(paths).find(|(_, path)| path.split('.').any(str::is_empty)) {
            return Err((key, format!("{path:?} is no path: write a key, or keys with dots between them")));
        }
        if fields.iter().all(|(_, path)| path.is_none()) {
            return Err(("message", "is missing, as are all other keys: the shape would read nothing".into()));
        }
        Ok(())
    }

    /// Every key that names a path, and the path.
    fn fields(&self) -> [(&'static str, &Option<String>); 19] {
        [
            ("timestamp", &self.timestamp),
            ("severity", &self.severity),
            ("message", &self.message),
            ("service", &self.service),
            ("instance", &self.instance),
            ("revision", &self.revision),
            ("trace", &self.trace),
            ("span", &self.span),
            ("insert-id", &self.insert_id),
            ("user", &self.user),
            ("labels", &self.labels),
            ("logger", &self.logger),
            ("file", &self.file),
            ("line", &self.line),
            ("function", &self.function),
            ("status", &self.status),
            ("latency", &self.latency),
            ("url", &self.url),
            ("method", &self.method),
        ]
    }
}

/// `[[set-aside]]`: entries kept out of the analysis, by a field and its value.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SetAsideRule {
    /// Dotted path into the entry.
    pub field: String,
    /// Glob over the field's text.
    pub value: String,
    /// Why; printed.
    pub reason: Option<String>,
}

/// `[[exit]]`: further last words of a runtime.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExitRule {
    /// Glob over messages.
    pub message: String,
}

/// Whether a glob covers a text; `*` and `?`, case-sensitive, and `/` is an ordinary character.
///
/// `<*>` in a pattern is the placeholder itself: patterns are copied from printed templates.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    // Where the letters behind a star stand next.
    fn next_of(pattern: &[u8], text: &[u8]) -> Option<usize> {
        let letters = pattern.iter().position(|byte| matches!(byte, b'*' | b'?')).unwrap_or(pattern.len());
        let Some((first, rest)) = pattern[..letters].split_first() else { return Some(0) };
        // Patterns are short: preparing a search for them costs more than it saves.
        memchr::memchr_iter(*first, text).find(|at| text[at + 1..].starts_with(rest))
    }
    fn covers(pattern: &[u8], text: &[u8]) -> bool {
        let (mut at_pattern, mut at_text, mut star) = (0, 0, None);
        while at_text < text.len() {
            match pattern.get(at_pattern) {
                Some(b'*') => {
                    at_pattern += 1;
                    if at_pattern == pattern.len() {
                        return true;
                    }
                    let Some(next) = next_of(&pattern[at_pattern..], &text[at_text..]) else { return false };
                    at_text += next;
                    star = Some((at_pattern, at_text));
                }
                Some(b'?') => {
                    at_pattern += 1;
                    at_text += 1;
                }
                Some(byte) if *byte == text[at_text] => {
                    at_pattern += 1;
                    at_text += 1;
                }
                _ => match star {
                    Some((behind, at)) => {
                        let Some(next) = next_of(&pattern[behind..], &text[at + 1..]) else { return false };
                        (at_pattern, at_text) = (behind, at + 1 + next);
                        star = Some((behind, at_text));
                    }
                    None => return false,
                },
            }
        }
        pattern[at_pattern..].iter().all(|byte| *byte == b'*')
    }
    covers(pattern.as_bytes(), text.as_bytes())
}

/// Whether every given condition holds, and at least one was given.
fn all_match(conditions: &[(Option<&str>, &str)], status: (Option<i32>, Option<i32>)) -> bool {
    let given = conditions.iter().filter_map(|(pattern, text)| pattern.map(|pattern| (pattern, text)));
    let any = given.clone().next().is_some() || status.0.is_some();
    any && given.into_iter().all(|(pattern, text)| glob_matches(pattern, text))
        && status.0.is_none_or(|wanted| status.1 == Some(wanted))
}

impl ImpactRule {
    /// Whether the rule speaks of a cluster.
    pub fn matches(&self, subject: &RuleSubject<'_>) -> bool {
        all_match(
            &[
                (self.module.as_deref(), subject.module),
                (self.route.as_deref(), subject.route),
                (self.service.as_deref(), subject.service),
                (self.exception.as_deref(), subject.exception),
            ],
            (None, None),
        )
    }
}

impl PriorityRule {
    /// Whether the rule speaks of a cluster.
    pub fn matches(&self, subject: &RuleSubject<'_>) -> bool {
        all_match(
            &[
                (self.module.as_deref(), subject.module),
                (self.route.as_deref(), subject.route),
                (self.service.as_deref(), subject.service),
                (self.exception.as_deref(), subject.exception),
                (self.template.as_deref(), subject.template),
            ],
            (self.status, subject.status),
        )
    }
}

impl MuteRule {
    /// Whether the mute speaks of a cluster.
    pub fn matches(&self, subject: &RuleSubject<'_>) -> bool {
        all_match(
            &[
                (self.module.as_deref(), subject.module),
                (self.service.as_deref(), subject.service),
                (self.exception.as_deref(), subject.exception),
                (self.template.as_deref(), subject.template),
            ],
            (None, None),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_agree_with_their_definition() {
        fn covers(pattern: &[u8], text: &[u8]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, rest) => rest.is_none(),
                (Some((b'*', behind)), _) => (0..=text.len()).any(|at| covers(behind, &text[at..])),
                (Some((b'?', behind)), Some((_, rest))) => covers(behind, rest),
                (Some((letter, behind)), Some((first, rest))) => letter == first && covers(behind, rest),
                (Some(_), None) => false,
            }
        }
        let all = |letters: &str, length: u32| -> Vec<String> {
            let n = letters.len();
            let of = |code: usize| (0..length).map(|at| char::from(letters.as_bytes()[code / n.pow(at) % n])).collect();
            (0..n.pow(length)).map(of).collect()
        };
        let texts: Vec<String> = (0..=6).flat_map(|length| all("ab", length)).collect();
        for pattern in (0..=5).flat_map(|length| all("ab*?", length)) {
            for text in &texts {
                assert_eq!(
                    glob_matches(&pattern, text),
                    covers(pattern.as_bytes(), text.as_bytes()),
                    "{pattern} {text}"
                );
            }
        }
    }

    #[test]
    fn globs_cover_what_people_write() {
        assert!(glob_matches("shop-*", "shop-api") && glob_matches("*", "") && glob_matches("a?c", "abc"));
        assert!(glob_matches("Session failed <*>", "Session failed <num>"));
        assert!(!glob_matches("shop-*", "my-shop-api") && !glob_matches("a?c", "ac"));
    }

    #[test]
    fn a_rule_without_a_condition_matches_nothing() {
        let subject = RuleSubject { service: "shop-api", status: Some(404), ..RuleSubject::default() };
        assert!(!PriorityRule::default().matches(&subject));
        assert!(PriorityRule { status: Some(404), ..PriorityRule::default() }.matches(&subject));
        assert!(
            !PriorityRule { status: Some(404), service: Some("other".into()), ..PriorityRule::default() }
                .matches(&subject)
        );
    }

    #[test]
    fn a_mute_ends_on_its_day() {
        let mute = MuteRule { until: Some(Until::Word("2025-10-15".into())), ..MuteRule::default() };
        let at = |name: &str| crate::time::day_start(crate::time::day_from_name(name).expect("day"));
        assert!(mute.holds_at(at("2025-10-14")) && !mute.holds_at(at("2025-10-15")));
    }
}
