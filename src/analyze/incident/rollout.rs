//! Revisions that came around an incident: what deploys report, and what the rows show by themselves.
//!
//! A deploy is reported when it has succeeded or failed; the new revision writes earlier than that, and a crash of it as
//! well. So a rollout begins with the first row of its revision, where that is earlier than the report.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::Deploy;
use crate::time::Window;

/// A revision that came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollout {
    /// Service.
    pub service: String,
    /// Revision.
    pub revision: String,
    /// Its first row or its report, whichever is earlier.
    pub began_ns: i64,
    /// When the deploy was reported; `None` when no row reports one.
    pub reported_ns: Option<i64>,
    /// ok, failed or unknown.
    pub outcome: String,
    /// Who asked for it.
    pub by: Option<String>,
    /// The platform's words.
    pub message: Option<String>,
    /// It wrote nothing before the time that is looked at.
    pub is_new: bool,
}

/// Deploys reported around the window, and revisions that wrote first there, in order of time.
///
/// `seen` has the first and last row of each (service, revision) around the window, `known` those that wrote before.
pub fn rollouts(
    deploys: &[Deploy],
    seen: &BTreeMap<(String, String), (i64, i64)>,
    known: &BTreeSet<(String, String)>,
    around: Window,
) -> Vec<Rollout> {
    let mut out: BTreeMap<(String, String), Rollout> = BTreeMap::new();
    for deploy in deploys.iter().filter(|deploy| around.holds(deploy.at_ns)) {
        let key = (deploy.service.clone().unwrap_or_default(), deploy.revision.clone());
        let rollout = Rollout {
            service: key.0.clone(),
            revision: key.1.clone(),
            began_ns: deploy.at_ns,
            reported_ns: Some(deploy.at_ns),
            outcome: deploy.outcome.clone(),
            by: deploy.by.clone(),
            message: deploy.message.clone(),
            is_new: !known.contains(&key),
        };
        out.entry(key).or_insert(rollout);
    }
    for (key, (first_ns, _)) in seen.iter().filter(|(key, _)| !known.contains(*key)) {
        // A revision whose deploy was reported before the time looked at is not new here, nor is one that merely stands at
        // the beginning of the data.
        let earlier = deploys.iter().any(|deploy| deploy.revision == key.1 && deploy.at_ns < around.since_ns);
        let follows = known.iter().any(|(service, _)| *service == key.0)
            || seen.iter().any(|(other, (first, _))| other.0 == key.0 && *first < *first_ns);
        let reported = out.contains_key(key);
        if earlier || !(follows || reported) {
            continue;
        }
        let rollout = out.entry(key.clone()).or_insert_with(|| Rollout {
            service: key.0.clone(),
            revision: key.1.clone(),
            began_ns: *first_ns,
            outcome: "unknown".into(),
            is_new: true,
            ..Rollout::default()
        });
        rollout.began_ns = rollout.began_ns.min(*first_ns);
    }
    let mut out: Vec<Rollout> = out.into_values().collect();
    out.sort_by(|a, b| (a.began_ns, &a.service, &a.revision).cmp(&(b.began_ns, &b.service, &b.revision)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy(revision: &str, at_ns: i64) -> Deploy {
        Deploy {
            project: None,
            service: Some("desk".into()),
            revision: revision.into(),
            at_ns,
            outcome: "ok".into(),
            by: None,
            message: None,
        }
    }

    fn key(revision: &str) -> (String, String) {
        ("desk".to_owned(), revision.to_owned())
    }

    #[test]
    fn a_rollout_begins_with_the_first_row_of_its_revision() {
        let around = Window { since_ns: 100, until_ns: 900 };
        let seen = BTreeMap::from([(key("r1"), (100, 800)), (key("r2"), (300, 700)), (key("r3"), (600, 800))]);
        let known = BTreeSet::from([key("r1")]);
        let found = rollouts(&[deploy("r0", 50), deploy("r2", 350), deploy("r9", 950)], &seen, &known, around);
        let told: Vec<_> = found.iter().map(|own| (own.revision.as_str(), own.began_ns, own.reported_ns)).collect();
        assert_eq!(told, [("r2", 300, Some(350)), ("r3", 600, None)]);
        assert_eq!(found[1].outcome, "unknown", "no row reports it");
    }

    #[test]
    fn where_nothing_is_stored_before_revisions_are_not_new() {
        let around = Window { since_ns: 100, until_ns: 900 };
        assert!(rollouts(&[], &BTreeMap::new(), &BTreeSet::new(), around).is_empty());
        let seen = BTreeMap::from([(key("r1"), (100, 800))]);
        assert!(rollouts(&[deploy("r1", 60)], &seen, &BTreeSet::new(), around).is_empty());
        assert!(rollouts(&[], &seen, &BTreeSet::new(), around).is_empty(), "the beginning of the data is no rollout");
    }
}
