//! What people and earlier runs have settled: decisions and links, as plain data.
//!
//! Both are found by fingerprint, and by issue signature when the fingerprint has moved on (a template that
//! generalised, or another store).

use super::finding::Priority;
use super::parse_ns;
use crate::store::IssueLink;

/// A mute ends when the events of a window reach so many times what they were when it was given.
const MUTE_TIMES: u64 = 3;

/// The answer of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to this issue.
    Issue(u64),
    /// It is a problem of its own, whatever these issues seem to say.
    New {
        /// Numbers that it is not.
        not: Vec<u64>,
    },
    /// It shall never be filed.
    Never,
    /// Left alone for a time.
    Mute(Mute),
}

/// Under what a mute was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub owner: String,
    /// First moment that it does not hold any more, ns since the epoch; `None` for never.
    pub until_ns: Option<i64>,
    /// Events of the window that it was given for; 0 when unknown.
    pub events: u64,
    /// Effective severity then, on Google's scale; 0 when unknown.
    pub severity: i32,
}

impl Mute {
    /// Whether it still holds for a finding at a moment: it ends on its day, at three times the events, and when the
    /// finding became more severe.
    pub fn holds(&self, as_of_ns: i64, events: u64, severity: i32) -> bool {
        self.until_ns.is_none_or(|until| as_of_ns < until)
            && (self.events == 0 || events < self.events.saturating_mul(MUTE_TIMES))
            && (self.severity == 0 || severity <= self.severity)
    }
}

/// One entry of `decisions.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Fingerprint at the time of the decision.
    pub fingerprint: String,
    /// Its issue signatures then.
    pub signatures: Vec<String>,
    /// The answer.
    pub verdict: Verdict,
}

/// What an earlier run filed, as the results brought it back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Repository; empty matches any.
    pub repo: String,
    /// Fingerprint that was filed.
    pub fingerprint: String,
    /// Its issue signatures.
    pub signatures: Vec<String>,
    /// The issue.
    pub number: u64,
    /// Page of the issue.
    pub url: Option<String>,
    /// We created the issue and took it back.
    pub undone: bool,
    /// The last action that was applied.
    pub last_action_id: Option<String>,
    /// The comment it wrote.
    pub last_comment_id: Option<String>,
    /// Up to when its data reached, ns since the epoch.
    pub last_at_ns: Option<i64>,
    /// When the issue was reopened by us, ns since the epoch.
    pub reopened_ns: Vec<i64>,
    /// When the issue was closed before each of them, ns since the epoch; fewer where that is not known.
    pub closed_ns: Vec<i64>,
    /// The priority that our last text said.
    pub last_priority: Option<Priority>,
    /// Not to be written to before this moment, ns since the epoch.
    pub suppressed_until_ns: Option<i64>,
}

/// A closing that did not hold: we opened the issue again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reopening {
    /// When it had been closed, ns since the epoch.
    pub closed_ns: i64,
    /// Up to when the data reached that we opened it again for, ns since the epoch.
    pub at_ns: i64,
}

impl Link {
    /// The reopenings whose closing is known. Each closing was answered by the first reopening after it.
    pub(crate) fn reopenings(&self) -> impl Iterator<Item = Reopening> + '_ {
        self.closed_ns.iter().filter_map(|&closed_ns| {
            let at_ns = self.reopened_ns.iter().copied().filter(|at_ns| *at_ns >= closed_ns).min()?;
            Some(Reopening { closed_ns, at_ns })
        })
    }

    /// Whether it lies in a repository; `None` asks for any.
    pub(crate) fn is_in(&self, repo: Option<&str>) -> bool {
        repo.is_none_or(|repo| self.repo.is_empty() || self.repo.eq_ignore_ascii_case(repo))
    }
}

impl From<&IssueLink> for Link {
    fn from(kept: &IssueLink) -> Self {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            repo: kept.repo.clone(),
            fingerprint: kept.fingerprint.clone(),
            signatures: kept.signatures.clone(),
            number: kept.number,
            url: some(&kept.url),
            undone: kept.undone,
            last_action_id: some(&kept.last_action_id),
            last_comment_id: some(&kept.last_comment_id),
            last_at_ns: parse_ns(&kept.last_at),
            reopened_ns: kept.reopened_at.iter().filter_map(|text| parse_ns(text)).collect(),
            closed_ns: kept.closed_at.iter().filter_map(|text| parse_ns(text)).collect(),
            last_priority: kept.last_priority.parse().ok(),
            suppressed_until_ns: None,
        }
    }
}

/// Entries of a cluster that stand under signatures which are in a list as well.
pub(crate) fn shared_entries(own: &[(String, u64)], other: &[String]) -> u64 {
    own.iter().filter(|(id, _)| other.contains(id)).map(|(_, entries)| (*entries).max(1)).sum()
}

/// The one that a cluster is known by: the same fingerprint, else the most shared entries; of equals the
/// later one, because later entries correct earlier ones.
pub(crate) fn best_known<'a, T>(
    known: &'a [T],
    fingerprint: Option<&str>,
    signatures: &[(String, u64)],
    identity: impl Fn(&T) -> (&str, &[String]),
) -> Option<&'a T> {
    let same = known.iter().rev().find(|item| fingerprint == Some(identity(item).0));
    same.or_else(|| {
        let shared = |item: &T| shared_entries(signatures, identity(item).1);
        known.iter().filter(|item| shared(item) > 0).max_by_key(|item| shared(item))
    })
}
