//! `decisions.toml`: what people answered, kept under version control beside the configuration.
//!
//! Entries are only ever added, so that remarks of people stay and the history shows; of two entries about one fingerprint
//! the later one counts. Each names the fingerprint and its issue signatures, because either may be all that is left of it.

use serde::{Deserialize, Serialize};

use super::fingerprint::{Fingerprint, MAX_SIGNATURES, is_hex};
use super::known::{Decision, Mute, Verdict};
use crate::time;

/// Head of a new file.
pub const HEAD: &str = "# Answers of people, added by `gardener decide` and read first by every run. Keep it under version control.\n\
                        # Of two entries about one fingerprint the later one counts; remarks and reordering are yours.\n";

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionFile {
    /// Entries, oldest first.
    #[serde(default)]
    pub decision: Vec<DecisionEntry>,
}

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DecisionEntry {
    /// Cluster id when it was decided, for people.
    #[serde(default)]
    pub cluster: String,
    /// Its title then, for people.
    #[serde(default)]
    pub title: String,
    /// By which it is recognised.
    pub fingerprint: String,
    /// By which it is recognised when the fingerprint has moved on.
    #[serde(default)]
    pub signatures: Vec<String>,
    /// What was answered.
    pub answer: Answer,
    /// With `issue`: the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<u64>,
    /// With `new`: issues that it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_issues: Vec<u64>,
    /// With `mute`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// With `mute`: who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// With `mute`: a date, or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// With `mute`: events of the window then; it ends at three times as many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// With `mute`: effective severity then, on Google's scale; it ends at a higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<i32>,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It belongs to an issue.
    #[default]
    Issue,
    /// It is a problem of its own.
    New,
    /// It is never filed.
    Never,
    /// It is left alone for a time.
    Mute,
}

impl DecisionEntry {
    /// The entry as the plan reads it, or what is wrong with it.
    pub fn read(&self) -> Result<Decision, String> {
        if Fingerprint::parse(&self.fingerprint).is_none() {
            return Err(format!("fingerprint {:?} is none: lgfp1: and 16 hex", self.fingerprint));
        }
        if self.signatures.len() > MAX_SIGNATURES || !self.signatures.iter().all(|sig| is_hex(sig, 16)) {
            return Err(format!("signatures are at most {MAX_SIGNATURES} times 16 hex"));
        }
        let verdict = match self.answer {
            Answer::Issue => Verdict::Issue(self.issue.ok_or("answer = \"issue\" needs issue = NUMBER")?),
            Answer::New => Verdict::New { not: self.not_issues.clone() },
            Answer::Never => Verdict::Never,
            Answer::Mute => Verdict::Mute(self.mute()?),
        };
        Ok(Decision { fingerprint: self.fingerprint.clone(), signatures: self.signatures.clone(), verdict })
    }

    fn mute(&self) -> Result<Mute, String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (Some(reason), Some(owner), Some(until)) = (given(&self.reason), given(&self.owner), given(&self.until))
        else {
            return Err("answer = \"mute\" needs reason, owner and until".into());
        };
        let until_ns = match until.as_str() {
            "never" => None,
            date => {
                let day = time::day_from_name(date).filter(|day| time::day_name(*day) == date);
                let start = day.and_then(|day| day.checked_mul(time::DAY_NS));
                Some(
                    start
                        .ok_or_else(|| format!("until {date:?} is neither a date such as 2025-10-15 nor \"never\""))?,
                )
            }
        };
        Ok(Mute { reason, owner, until_ns, events: self.events.unwrap_or(0), severity: self.severity.unwrap_or(0) })
    }
}

/// Reads the file's text; errors name the entry.
pub fn read_decisions(text: &str) -> Result<Vec<Decision>, String> {
    let file: DecisionFile = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let one = |(at, entry): (usize, &DecisionEntry)| {
        entry.read().map_err(|reason| format!("decision {} ({}): {reason}", at + 1, entry.cluster))
    };
    file.decision.iter().enumerate().map(one).collect()
}

/// The file's text with one more entry; `None` when its last word on that fingerprint says so already.
pub fn add_decision(text: &str, entry: &DecisionEntry) -> Result<Option<String>, String> {
    entry.read()?;
    let file: DecisionFile = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    if file.decision.iter().rev().find(|old| old.fingerprint == entry.fingerprint) == Some(entry) {
        return Ok(None);
    }
    let one = DecisionFile { decision: vec![entry.clone()] };
    let added = toml::to_string(&one).map_err(|error| error.to_string())?;
    let head = if text.trim().is_empty() { HEAD } else { text };
    let gap = if head.ends_with('\n') { "\n" } else { "\n\n" };
    Ok(Some(format!("{head}{gap}{added}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(answer: Answer) -> DecisionEntry {
        DecisionEntry {
            cluster: "C00000000".into(),
            title: "it's \"odd\"\n[[decision]] ✂".into(),
            fingerprint: "lgfp1:00000000000000aa".into(),
            signatures: vec!["00000000000000b1".into()],
            answer,
            ..DecisionEntry::default()
        }
    }

    #[test]
    fn entries_are_added_behind_what_people_wrote_and_the_last_one_counts() {
        let mut text = "# ours\n".to_owned();
        let issue = DecisionEntry { issue: Some(7), ..entry(Answer::Issue) };
        let new = DecisionEntry { not_issues: vec![7, 9], ..entry(Answer::New) };
        for added in [&issue, &new] {
            text = add_decision(&text, added).expect("valid").expect("another word");
        }
        assert!(text.starts_with("# ours\n\n[[decision]]\n"), "{text}");
        assert_eq!(add_decision(&text, &new), Ok(None), "the same answer twice is one");
        let read: Vec<Verdict> = read_decisions(&text).expect("reads").into_iter().map(|found| found.verdict).collect();
        assert_eq!(read, [Verdict::Issue(7), Verdict::New { not: vec![7, 9] }]);
        assert!(add_decision("", &entry(Answer::Never)).expect("valid").expect("text").starts_with(HEAD));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (broken, word) in [
            (entry(Answer::Issue), "issue = NUMBER"),
            (entry(Answer::Mute), "reason, owner and until"),
            (DecisionEntry { fingerprint: "C00".into(), ..entry(Answer::Never) }, "fingerprint"),
            (
                DecisionEntry {
                    reason: Some("r".into()),
                    owner: Some("o".into()),
                    until: Some("soon".into()),
                    ..entry(Answer::Mute)
                },
                "soon",
            ),
        ] {
            assert!(add_decision("", &broken).expect_err("refused").contains(word));
            let text = toml::to_string(&DecisionFile { decision: vec![broken] }).expect("toml");
            let error = read_decisions(&text).expect_err("refused");
            assert!(error.contains("decision 1 (C00000000)") && error.contains(word), "{error}");
        }
        assert!(read_decisions("[[decision]]\nwhat = 1").is_err());
    }

    #[test]
    fn a_mute_ends_on_its_day_and_when_things_get_worse() {
        let mute = Mute { reason: "r".into(), owner: "o".into(), until_ns: Some(100), events: 10, severity: 500 };
        assert!(mute.holds(99, 29, 500));
        assert!(!mute.holds(100, 1, 500) && !mute.holds(0, 30, 500) && !mute.holds(0, 1, 600));
        assert!(Mute { until_ns: None, events: 0, severity: 0, ..mute }.holds(i64::MAX, u64::MAX, 800));
    }
}
