//! What findings of one run mean for each other: symptoms follow their root, and one issue gets one write.
//!
//! Runs over the drafts of the decision table and only makes them more careful.

use super::decide::Draft;
use super::finding::{Finding, Role, Status};
use super::known::Verdict;
use super::matching::{Match, MatchVerdict, Tier};
use super::planned::{ActionKind, ActionStatus, Baseline, Related, Relation};
use super::title::title_key;
use std::collections::BTreeMap;

/// A finding with its match and its draft, in the order of importance.
#[derive(Debug)]
pub struct Item<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Repository that its issue is filed in.
    pub repo: String,
    /// How its issue was found.
    pub matched: Match,
    /// What the table decided.
    pub draft: Draft,
    /// Position of the root's item, for symptoms whose root is in the run.
    pub root: Option<usize>,
    /// Fingerprints of its symptoms.
    pub also: Vec<String>,
    /// Position of an earlier new issue of the same title.
    pub twin_of: Option<usize>,
}

/// Position of the root of each finding's family, for symptoms only.
pub fn roots(findings: &[&Finding]) -> Vec<Option<usize>> {
    let mut by_family: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if let (Role::Root, Some(family)) = (finding.role, finding.family.as_deref()) {
            by_family.entry(family).or_insert(at);
        }
    }
    let root = |finding: &&Finding| match (finding.role, finding.family.as_deref()) {
        (Role::Symptom, Some(family)) => by_family.get(family).copied(),
        _ => None,
    };
    findings.iter().map(root).collect()
}

/// A person said that it is a problem of its own, which is not asked again.
fn decided_new(item: &Item<'_>) -> bool {
    matches!(item.matched.decided, Some(Verdict::New { .. }))
}

/// Symptoms write nothing: they become links to their root, and what they know of issues goes to the root's action.
pub fn link_symptoms(items: &mut [Item<'_>]) {
    for at in 0..items.len() {
        let Some(root) = items[at].root else { continue };
        let fingerprint = items[at].finding.fingerprint.clone();
        if !items[root].also.contains(&fingerprint) {
            items[root].also.push(fingerprint);
        }
        let own = items[at].matched.target.filter(|_| items[at].matched.verdict == MatchVerdict::Auto);
        let of_root = items[root].draft.target;
        if let Some(number) = own.filter(|number| Some(*number) != of_root) {
            let related = Related { number: Some(number), action: None, relation: Relation::SameFamily };
            if !items[root].draft.related.iter().any(|seen| seen.number == Some(number)) {
                items[root].draft.related.push(related);
            }
            // A family that is partly filed already: filing its root as well may be a twin.
            let asked = !decided_new(&items[root]);
            if asked && items[root].draft.kind == ActionKind::Create && of_root.is_none() {
                let matched = &items[at].matched;
                let how = if matched.tier == Tier::Lexical {
                    format!("is surely #{number} ({:.2})", matched.score)
                } else {
                    format!("is already filed as #{number}")
                };
                let why = format!("its symptom {} {how}", items[at].finding.id);
                items[root].draft.review(&why);
            }
        }
        let draft = &mut items[at].draft;
        if draft.status == ActionStatus::Suppressed {
            continue;
        }
        draft.kind = ActionKind::Link;
        draft.status = ActionStatus::Ready;
        draft.target = None;
        draft.comment_id = None;
        draft.labels_add.clear();
        draft.labels_remove.clear();
        draft.changes.clear();
        draft.baseline = if own.is_some() { Baseline::Unchanged } else { Baseline::New };
        draft.reason =
            format!("symptom of {}: named in the text of its root, one issue a family", items[root].finding.id);
    }
    for item in items.iter_mut() {
        item.also.sort();
    }
}

/// Of several findings that would write to one issue the best known writes; the others wait for a person.
pub fn one_write_per_issue(items: &mut [Item<'_>]) {
    let mut by_issue: BTreeMap<(String, u64), Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(number) = item.draft.target.filter(|_| item.draft.kind.writes()) {
            by_issue.entry((item.repo.to_lowercase(), number)).or_default().push(at);
        }
    }
    for ((_, number), mut writers) in by_issue {
        // Positions are in order of importance already, so the sort only has to be stable.
        writers.sort_by(|a, b| {
            let (a, b) = (&items[*a].matched, &items[*b].matched);
            a.tier.cmp(&b.tier).then(b.shared_entries.cmp(&a.shared_entries)).then(b.score.total_cmp(&a.score))
        });
        let first = items[writers[0]].finding.id.clone();
        for &at in &writers[1..] {
            items[at].draft.review(&format!("{first} of this run belongs to #{number} more clearly"));
        }
    }
}

/// An issue is not done while another cluster of it is still there.
pub fn keep_open_what_goes_on(items: &mut [Item<'_>]) {
    let alive: BTreeMap<(String, u64), String> = items
        .iter()
        .filter(|item| !matches!(item.finding.status, Status::Quiet | Status::Resolved))
        .filter(|item| item.matched.verdict == MatchVerdict::Auto)
        .filter_map(|item| Some(((item.repo.to_lowercase(), item.matched.target?), item.finding.id.clone())))
        .collect();
    for item in items.iter_mut().filter(|item| item.draft.kind == ActionKind::CloseCandidate) {
        let Some(number) = item.draft.target else { continue };
        if let Some(other) = alive.get(&(item.repo.to_lowercase(), number)) {
            item.draft.kind = ActionKind::None;
            item.draft.status = ActionStatus::Ready;
            item.draft.reason = format!("gone, but {other} belongs to #{number} as well and goes on");
        }
    }
}

/// Two new issues of one title are one problem seen twice, more often than not.
pub fn one_issue_per_title(items: &mut [Item<'_>]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for at in 0..items.len() {
        let item = &items[at];
        if item.draft.kind != ActionKind::Create {
            continue;
        }
        let Some(key) = title_key(item.finding.headline.as_ref().unwrap_or(&item.finding.title)) else {
            continue;
        };
        let key = (item.repo.to_lowercase(), key);
        let Some(&first) = seen.get(&key) else {
            seen.insert(key, at);
            continue;
        };
        items[at].twin_of = Some(first);
        if !decided_new(&items[at]) {
            let why = format!("{} of this run makes an issue of the same title", items[first].finding.id);
            items[at].draft.review(&why);
        }
    }
}
