//! `gardener.toml`: its schema, its defaults, and how flags override it.
//!
//! Unknown keys are refused by name: a rule that is silently ignored because of a typing error is worse than no rule. Flags
//! and keys are the same kebab-case words.

pub mod check;
mod rules;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use rules::{
    ExitRule, ImpactRule, IssuePolicy, MuteRule, PriorityRule, RuleSubject, ServiceRule, SetAsideRule, ShapeRule,
    Until, glob_matches,
};

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {}: {source}", path.display())]
    Read {
        /// File as given.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not valid.
    #[error("configuration {} is not valid: {reason}", path.display())]
    Parse {
        /// File as given.
        path: PathBuf,
        /// Position, key and expectation, as the TOML reader says them.
        reason: String,
    },
    /// A value cannot be used.
    #[error("configuration key {key}: {reason}")]
    Value {
        /// Dotted key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The whole of `gardener.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Folder of the store.
    pub store: Option<String>,
    /// Zone for display and for times typed without one; UTC when absent.
    pub time_zone: Option<String>,
    /// First day of a week; Monday when absent.
    pub week_starts: Option<String>,
    /// Days without an entry after which an issue's life ends (covered days).
    pub quiet_days: Option<u32>,
    /// Owners and repositories of services; the first match wins.
    pub service: Vec<ServiceRule>,
    /// What a module, route, service or exception means to the business.
    pub impact: Vec<ImpactRule>,
    /// Priorities and issue policy for what matches.
    pub rule: Vec<PriorityRule>,
    /// What is counted and listed but files nothing until a date.
    pub mute: Vec<MuteRule>,
    /// Mappings for JSON of any other shape.
    pub shape: Vec<ShapeRule>,
    /// Entries kept out of the analysis.
    pub set_aside: Vec<SetAsideRule>,
    /// Further last words of a runtime.
    pub exit: Vec<ExitRule>,
    /// What is masked.
    pub redaction: Redaction,
    /// How issues are filed.
    pub actions: Actions,
    /// Sizes of lists and caps.
    pub limits: Limits,
}

/// `[redaction]`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Redaction {
    /// File with the key for placeholders that are equal across documents.
    pub key_file: Option<String>,
    /// Further forms of credentials, masked before anything is stored.
    pub patterns: Vec<RedactionPattern>,
    /// Regular expressions of what is no credential though it looks like one.
    pub allow: Vec<String>,
}

/// A form of credential that only the user knows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RedactionPattern {
    /// Name in the placeholder, `<redacted:name>`, and in the report.
    pub name: String,
    /// Regular expression; its group `secret`, else its first group, else all of it is masked.
    pub pattern: String,
}

/// `[actions]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Actions {
    /// Repository for services without one of their own, `owner/name`.
    pub repo: Option<String>,
    /// Which matches may be ready without review: `lexical` or `exact`.
    pub auto: AutoPolicy,
    /// Label of every issue this tool files.
    pub label: String,
    /// Title; `{category}`, `{priority}` and `{name}` are filled in.
    pub title: String,
    /// Prefix of the category in titles.
    pub category_prefix: String,
    /// Authors whose markers are trusted, beside owners, members and collaborators.
    pub trusted_authors: Vec<String>,
    /// Most creates ready in one run.
    pub max_create: usize,
    /// Most comments ready in one run.
    pub max_comment: usize,
    /// Most reopens ready in one run.
    pub max_reopen: usize,
    /// Most actions ready in one run.
    pub max_total: usize,
    /// Pause between writes, in milliseconds.
    pub min_interval_ms: u64,
    /// Least urgent priority that creates an issue.
    pub create_floor: String,
    /// Least number of events that creates an issue below P1.
    pub create_min_events: u64,
    /// Days after closing within which an issue is reopened instead of filed anew.
    pub reopen_days: u32,
    /// Hours after closing that count as the fix's roll-out when revisions are unknown.
    pub reopen_grace_hours: u32,
    /// Points and thresholds of the priority model.
    pub priority: PriorityPoints,
}

impl Default for Actions {
    fn default() -> Self {
        Self {
            repo: None,
            auto: AutoPolicy::Lexical,
            label: "log-gardener".into(),
            title: "{category} | {priority} | {name}".into(),
            category_prefix: "GCP-".into(),
            trusted_authors: Vec::new(),
            max_create: 5,
            max_comment: 20,
            max_reopen: 3,
            max_total: 25,
            min_interval_ms: 3_000,
            create_floor: "P3".into(),
            create_min_events: 3,
            reopen_days: 30,
            reopen_grace_hours: 24,
            priority: PriorityPoints::default(),
        }
    }
}

/// Which matches may be ready without review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AutoPolicy {
    /// Every tier, within the measured bands.
    #[default]
    Lexical,
    /// Decisions, state, markers and title keys only.
    Exact,
}

/// `[actions.priority]`: points and thresholds of the priority model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PriorityPoints {
    /// Least points of P0, P1, P2 and P3.
    pub thresholds: [i32; 4],
    /// DEBUG to INFO, NOTICE, WARNING, ERROR, CRITICAL and above.
    pub severity: [i32; 5],
    /// Member of a crash loop.
    pub crash_loop: i32,
    /// Starts fail without a loop.
    pub failed_starts: i32,
    /// At least half of a route's requests answer 5xx.
    pub server_errors: i32,
    /// Many entries, a large share, and often.
    pub volume: i32,
    /// Entries from which volume counts.
    pub volume_min_entries: u64,
    /// Share of the service's entries of that severity or worse from which volume counts.
    pub volume_min_share: f64,
    /// Entries per covered hour from which volume counts.
    pub volume_min_rate_per_h: f64,
    /// Seen on at least three days.
    pub days: i32,
    /// Most points for distinct users, traces or instances.
    pub blast_radius_max: i32,
    /// Status regressed, escalating, new.
    pub status: [i32; 3],
    /// Root of a family.
    pub root: i32,
    /// Symptom in a family.
    pub symptom: i32,
    /// A service went silent, a message that came every hour went silent.
    pub silent: [i32; 2],
    /// The text says optional, non-blocking and the like.
    pub optional: i32,
    /// 4xx by a client.
    pub client_error: i32,
    /// A rule names it noise.
    pub noise: i32,
}

impl Default for PriorityPoints {
    fn default() -> Self {
        Self {
            thresholds: [80, 60, 35, 20],
            severity: [0, 5, 15, 30, 40],
            crash_loop: 40,
            failed_starts: 20,
            server_errors: 20,
            volume: 10,
            volume_min_entries: 10,
            volume_min_share: 0.10,
            volume_min_rate_per_h: 60.0,
            days: 10,
            blast_radius_max: 15,
            status: [20, 15, 10],
            root: 10,
            symptom: -10,
            silent: [40, 20],
            optional: -15,
            client_error: -20,
            noise: -30,
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Largest entry, in bytes; a larger one is malformed.
    pub row_bytes: usize,
    /// Times its size on disk that a compressed file may hold, beyond the first 64 MiB; what is larger is cut off there.
    pub max_ratio: u64,
    /// Row counts that look like a `--limit`.
    pub round_counts: Vec<u64>,
    /// Clusters that `report.json` tells one by one and that actions are planned for, the most urgent ones and up to half
    /// of what went away; at least 1. The others are counted.
    pub report_clusters: usize,
    /// Clusters with a section of their own in a document.
    pub clusters: usize,
    /// Clusters of INFO and below listed in a document.
    pub quiet_clusters: usize,
    /// Occurrence times listed for one cluster.
    pub times: usize,
    /// Rows of the timeline, and deploys.
    pub timeline: usize,
    /// Planned actions listed in a document.
    pub actions: usize,
    /// Files listed in a document.
    pub sources: usize,
    /// Services listed in a document.
    pub services: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            row_bytes: 16 << 20,
            max_ratio: 1_000,
            round_counts: vec![50, 100, 200, 500, 1_000, 5_000, 10_000],
            report_clusters: 5_000,
            clusters: 40,
            quiet_clusters: 25,
            times: 20,
            timeline: 60,
            actions: 60,
            sources: 200,
            services: 100,
        }
    }
}

impl Config {
    /// Reads a file, or the defaults when no path is given.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        config.check()?;
        Ok(config)
    }

    /// Refuses values that parse but cannot be meant.
    fn check(&self) -> Result<(), ConfigError> {
        if let Some(name) = &self.time_zone {
            crate::time::zone(name)
                .map_err(|error| ConfigError::Value { key: "time-zone".into(), reason: error.to_string() })?;
        }
        for (at, rule) in self.rule.iter().enumerate() {
            if let Some(priority) = &rule.priority {
                check_priority(&format!("rule[{at}].priority"), priority)?;
            }
        }
        check_priority("actions.create-floor", &self.actions.create_floor)?;
        for (at, mute) in self.mute.iter().enumerate() {
            mute.check().map_err(|reason| ConfigError::Value { key: format!("mute[{at}]"), reason })?;
        }
        for (at, shape) in self.shape.iter().enumerate() {
            let invalid = |key: &str, reason| ConfigError::Value { key: format!("shape[{at}].{key}"), reason };
            shape.check().map_err(|(key, reason)| invalid(key, reason))?;
            if self.shape[..at].iter().any(|other| other.name == shape.name) {
                return Err(invalid("name", format!("{:?} is the name of another shape", shape.name)));
            }
        }
        if self.limits.report_clusters == 0 {
            return Err(ConfigError::Value {
                key: "limits.report-clusters".into(),
                reason: "must be at least 1: a report that tells no cluster can name no problem".into(),
            });
        }
        self.check_actions()?;
        let thresholds = self.actions.priority.thresholds;
        if !thresholds.is_sorted_by(|a, b| a > b) {
            return Err(ConfigError::Value {
                key: "actions.priority.thresholds".into(),
                reason: "must fall from P0 to P3".into(),
            });
        }
        Ok(())
    }

    fn check_actions(&self) -> Result<(), ConfigError> {
        let invalid = |key: &str, reason: String| Err(ConfigError::Value { key: key.into(), reason });
        let title = &self.actions.title;
        let bare = title.replace("{category}", "").replace("{priority}", "").replace("{name}", "");
        if !title.contains("{name}") || bare.contains(['{', '}']) {
            let reason = format!("{title:?} must hold {{name}}, and of others only {{category}} and {{priority}}");
            return invalid("actions.title", reason);
        }
        let repos = self.service.iter().filter_map(|rule| rule.repo.as_ref()).chain(&self.actions.repo);
        if let Some(repo) = repos.into_iter().find(|repo| !is_repo(repo)) {
            return invalid("repo", format!("{repo:?} is no repository: write owner/name"));
        }
        if self.redaction.key_file.is_some() {
            return invalid(
                "redaction.key-file",
                "is not supported by this version: placeholders are numbered per document".into(),
            );
        }
        Ok(())
    }

    /// 16 hex of a hash over every value, so that a report can say under which configuration it was made.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
    }

    /// The rule of a service; the first match wins.
    pub fn service_rule(&self, service: &str) -> Option<&ServiceRule> {
        self.service.iter().find(|rule| glob_matches(&rule.r#match, service))
    }

    /// The repository that issues of a service go to.
    pub fn repo_of(&self, service: &str) -> Option<&str> {
        self.service_rule(service).and_then(|rule| rule.repo.as_deref()).or(self.actions.repo.as_deref())
    }
}

fn check_priority(key: &str, word: &str) -> Result<(), ConfigError> {
    let valid = word.strip_prefix('P').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= 10);
    if valid {
        Ok(())
    } else {
        Err(ConfigError::Value { key: key.to_owned(), reason: format!("{word:?} is no priority: write P0 to P10") })
    }
}

/// Whether a text is `OWNER/REPO`.
pub fn is_repo(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    text.split_once('/').is_some_and(|(owner, repo)| part(owner) && part(repo))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = toml::from_str::<Config>("time-zome = \"UTC\"").expect_err("must fail").to_string();
        assert!(error.contains("time-zome"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_meant_are_refused_with_their_key() {
        let of =
            |text: &str| toml::from_str::<Config>(text).expect("parses").check().expect_err("must fail").to_string();
        assert!(of("time-zone = \"Mars\"").starts_with("configuration key time-zone"));
        assert!(of("[[rule]]\nname = \"x\"\npriority = \"P11\"").contains("rule[0].priority"));
        assert!(of("[actions]\ntitle = \"{nope}\"").contains("actions.title"));
        assert!(of("[actions]\nrepo = \"bad\"").contains("owner/name"));
        assert!(of("[redaction]\nkey-file = \"k\"").contains("redaction.key-file"));
        let shape = |keys: &str| of(&format!("[[shape]]\nname = \"acme\"\n{keys}"));
        assert!(shape("message = \"m\"").starts_with("configuration key shape[0].match"));
        assert!(shape("match = [\"a\"]").contains("shape[0].message"));
        assert!(shape("match = [\"a..b\"]\nmessage = \"m\"").contains("shape[0].match: \"a..b\" is no path"));
        assert!(shape("match = [\"a\"]\ninsert-id = \"\"").contains("shape[0].insert-id"));
        let twice = "match = [\"a\"]\nuser = \"u\"\n";
        assert!(shape(&format!("{twice}[[shape]]\nname = \"acme\"\n{twice}")).contains("shape[1].name"));
        assert!(of("[[shape]]\nmatch = [\"a\"]\nspan = \"s\"").contains("shape[0].name"));
        assert!(of("[[mute]]\ntemplate = \"x\"\nreason = \"\"\nowner = \"a\"\nuntil = \"never\"").contains("mute[0]"));
    }

    #[test]
    fn the_digest_follows_the_values() {
        let other = Config { quiet_days: Some(3), ..Config::default() };
        assert_ne!(Config::default().digest(), other.digest());
        assert_eq!(Config::default().digest(), Config::default().digest());
    }
}
