//! What people and earlier runs have settled: decisions and links, as plain data.
//!
//! Both are found by fingerprint, and by issue signature when the fingerprint has moved on (a template that
//! generalised, or another store).

/// The answer of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to this issue.
    Issue(u64),
    /// It is a problem of its own.
    New,
    /// It shall never be filed.
    Never,
    /// It is muted; the rule that mutes decides until when and is applied before planning.
    Mute,
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
    /// Fingerprint that was filed.
    pub fingerprint: String,
    /// Its issue signatures.
    pub signatures: Vec<String>,
    /// The issue.
    pub number: u64,
    /// The last action that was applied.
    pub last_action_id: Option<String>,
    /// The comment it wrote.
    pub last_comment_id: Option<String>,
    /// Up to when its data reached, ns since the epoch.
    pub last_at_ns: Option<i64>,
    /// When the issue was reopened by us, ns since the epoch.
    pub reopened_ns: Vec<i64>,
    /// Not to be written to before this moment, ns since the epoch.
    pub suppressed_until_ns: Option<i64>,
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
