//! What changed about each known problem since it was last written about.
//!
//! The store is asked twice: for a window that ends where the data of the last write ended, and for one of the same length that
//! ends now. Both reach no further than the store does, so that a store which has only grown longer shows no change; a store
//! without rows before the last write knows of none. Both are judged without their past, which the earlier one may not have.
//! A priority depends on that past (new, back, escalating), and was told to people: it rose only where it is above both what
//! the earlier window is judged to be and what was filed.
//!
//! Every moment of a last write is looked at, however many there are. What is read stays bounded all the same: when there are
//! more than a dozen moments, the windows that are compared become shorter, and each comment says how far it looked back.

use std::collections::BTreeMap;

use super::context::Asked;
use super::planning;
use super::report::{Made, coverage};
use crate::analyze::{self, Parameter};
use crate::config::Config;
use crate::issue::{ChangeFacts, Finding, IssueIndex, LastAction, Priority, Snapshot};
use crate::query::{Engine, EngineOptions};
use crate::report::identities;
use crate::time::{DAY_NS, Window};

/// How often the window of the report may be read again, all moments together.
const READ_AGAIN: usize = 12;
/// Share of its old value by which a number must move to be another one.
const STEP: f64 = 0.2;
/// Least length of a window that is compared.
const SHORTEST_NS: i64 = DAY_NS / 24;

/// A cluster at one moment, by what it is recognised.
struct Seen {
    fingerprint: String,
    signatures: Vec<(String, u64)>,
    snapshot: Snapshot,
    /// Typical number and unit of each variable that has a unit.
    numbers: BTreeMap<String, (f64, String)>,
}

/// Fills in the changes of the findings that were written about before; `last` in their order.
pub(crate) fn fill(
    made: &Made,
    index: &IssueIndex<'_>,
    config: &Config,
    last: &[Option<LastAction>],
    findings: &mut [Finding],
) -> anyhow::Result<()> {
    let Some((first_ns, _)) = made.snapshot.range() else { return Ok(()) };
    let asked = &made.asked;
    let until_ns = asked.window.until_ns;
    let mut by_moment: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, action) in last.iter().enumerate() {
        if let Some(since_ns) = action.as_ref().map(|action| action.at_ns).filter(|at_ns| *at_ns < until_ns) {
            by_moment.entry(since_ns).or_default().push(at);
        }
    }
    let longest = longest(until_ns - asked.window.since_ns, by_moment.len());
    let mut now: BTreeMap<i64, Moment> = BTreeMap::new();
    for (since_ns, members) in by_moment {
        let Some(length) = length(longest, since_ns.saturating_sub(first_ns)) else { continue };
        let before = Moment::new(look(made, Window::new(since_ns - length, since_ns)?, index, config)?);
        if let std::collections::btree_map::Entry::Vacant(entry) = now.entry(length) {
            entry.insert(Moment::new(look(made, Window::new(until_ns - length, until_ns)?, index, config)?));
        }
        for at in members {
            let finding = &findings[at];
            let (Some(old), Some(new)) =
                (before.best(finding), now.get(&length).and_then(|moment| moment.best(finding)))
            else {
                continue;
            };
            let filed = last[at].as_ref().and_then(|action| action.priority);
            let mut facts = facts(since_ns, length, old, new);
            say_priority(&mut facts, filed, finding.priority);
            findings[at].changes = Some(facts);
        }
    }
    Ok(())
}

/// How far a comparison may look back when so many moments are looked at: all of them together read the report's window a
/// dozen times at most.
fn longest(window_ns: i64, moments: usize) -> i64 {
    let share = i64::try_from(moments.max(READ_AGAIN)).unwrap_or(i64::MAX);
    (window_ns / share).saturating_mul(READ_AGAIN as i64).max(SHORTEST_NS.min(window_ns))
}

/// How far both sides of a comparison look back, `None` where the store holds too little of before. Halves of the longest, so that
/// many moments of a young store share the window that ends now.
fn length(longest: i64, stored_ns: i64) -> Option<i64> {
    let mut length = longest;
    while length > stored_ns {
        length /= 2;
    }
    (length >= SHORTEST_NS).then_some(length)
}

/// The clusters of one moment, found by fingerprint and by signature: all findings are looked for among all of them.
struct Moment {
    seen: Vec<Seen>,
    /// The first of each fingerprint.
    by_fingerprint: BTreeMap<String, usize>,
    /// All of each signature.
    by_signature: BTreeMap<String, Vec<usize>>,
}

impl Moment {
    fn new(seen: Vec<Seen>) -> Self {
        let by_fingerprint = seen.iter().enumerate().rev().map(|(at, one)| (one.fingerprint.clone(), at)).collect();
        let mut by_signature: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, one) in seen.iter().enumerate() {
            for (id, _) in &one.signatures {
                by_signature.entry(id.clone()).or_default().push(at);
            }
        }
        Self { seen, by_fingerprint, by_signature }
    }

    /// The cluster of a finding: the same fingerprint, else most shared entries.
    fn best(&self, finding: &Finding) -> Option<&Seen> {
        if let Some(at) = self.by_fingerprint.get(&finding.fingerprint) {
            return Some(&self.seen[*at]);
        }
        let shared = |one: &Seen| -> u64 {
            let known = |id: &String| finding.signatures.iter().any(|(own, _)| own == id);
            one.signatures.iter().filter(|(id, _)| known(id)).map(|(_, entries)| entries).sum()
        };
        let mut near: Vec<usize> =
            finding.signatures.iter().filter_map(|(id, _)| self.by_signature.get(id)).flatten().copied().collect();
        near.sort_unstable();
        near.dedup();
        let rank = |one: &&Seen| (shared(one), std::cmp::Reverse(one.fingerprint.clone()));
        near.into_iter().map(|at| &self.seen[at]).filter(|one| shared(one) > 0).max_by_key(rank)
    }
}

fn facts(since_ns: i64, over_ns: i64, old: &Seen, new: &Seen) -> ChangeFacts {
    let (mut before, mut now) = (old.snapshot.clone(), new.snapshot.clone());
    for (slot, (number, unit)) in &old.numbers {
        let Some((later, same)) = new.numbers.get(slot).filter(|(_, same)| same == unit) else { continue };
        let step = (later - number).abs();
        if step > 0.0 && step >= STEP * number.abs() {
            before.parameters.insert((slot.clone(), words(*number, unit)));
            now.parameters.insert((slot.clone(), words(*later, same)));
        }
    }
    ChangeFacts { since_ns, over_ns, before, now }
}

/// Puts the priorities that people read in the place of those that the two windows have by themselves: what was filed, and what
/// the report says now. Where that is no rise, only a fall since what was filed is left to be shown.
fn say_priority(facts: &mut ChangeFacts, filed: Option<Priority>, now: Priority) {
    let (measured_before, measured_now) = (facts.before.priority, facts.now.priority);
    let least = filed.into_iter().chain(measured_before).min();
    let rose = least.is_some_and(|least| now < least && measured_now.is_some_and(|measured| measured < least));
    let fell = filed.is_some_and(|filed| filed < now);
    facts.before.priority = if rose { filed.or(measured_before) } else { filed.filter(|_| fell) };
    facts.now.priority = Some(now).filter(|_| rose || fell);
}

/// A number with three digits that count, and its unit.
fn words(number: f64, unit: &str) -> String {
    let digits = usize::from(number.abs() < 100.0 && number.fract() != 0.0);
    format!("{number:.digits$} {unit}")
}

/// The clusters of a window, judged by themselves.
fn look(made: &Made, window: Window, index: &IssueIndex<'_>, config: &Config) -> anyhow::Result<Vec<Seen>> {
    let services = &made.asked.services;
    let engine = Engine::open(&made.snapshot, &made.templates, window, EngineOptions { services })?;
    let clusters = analyze::clusters(&engine, &made.templates)?;
    let asked = Asked { window, as_of_ns: window.until_ns, explicit: true, ..made.asked.clone() };
    let covered = coverage(&made.stated, &asked);
    let ties = planning::ties(&clusters, &index.at(Some(window.until_ns)), config);
    let before = analyze::Before::default();
    let starts = analyze::start_rows(&engine, config)?;
    let analysis = analyze::run(&engine, &starts, clusters, &before, &covered, &ties, window, config)?;
    let ordered: Vec<analyze::Cluster> = analysis.clusters.iter().map(|ranked| ranked.cluster.clone()).collect();
    let parameters = analyze::parameters(&engine, &ordered, &made.templates, &analyze::Values::default(), window)?;
    let all: Vec<&analyze::Cluster> = ordered.iter().collect();
    let ids = identities(&all);
    let rows = analysis.clusters.iter().zip(&parameters).zip(ids).enumerate();
    Ok(rows
        .map(|(at, ((ranked, parameters), (fingerprint, signatures)))| {
            let cluster = &ranked.cluster;
            let of_root = ranked.family.map(|family| &analysis.families[family]).filter(|family| family.root == at);
            let events = of_root.map_or(0, |family| family.times_ns.len() as u64).max(cluster.events);
            let severity = cluster.effective_severity();
            let places = cluster.places.keys().map(|(module, _)| module.clone());
            Seen {
                fingerprint: fingerprint.as_str().to_owned(),
                signatures,
                snapshot: Snapshot {
                    priority: Some(Priority::new(ranked.priority.level)),
                    severity: severity.number(),
                    severity_name: severity.to_string(),
                    events,
                    parameters: std::collections::BTreeSet::new(),
                    exceptions: cluster.exception.iter().cloned().collect(),
                    modules: places.filter(|module| !module.is_empty()).collect(),
                    cadence: often(&ranked.cadence.words),
                },
                numbers: parameters.iter().filter_map(number_of).collect(),
            }
        })
        .collect())
}

/// The first part of a cadence, which two moments can be compared by: `every 7.1 s`.
fn often(words: &str) -> String {
    words.split([';', '(']).next().unwrap_or_default().trim().to_owned()
}

/// Only measures count: a number without a unit may be an id, and words may be personal.
fn number_of(parameter: &Parameter) -> Option<(String, (f64, String))> {
    let unit = parameter.unit.clone()?;
    let (_, median, _) = parameter.range()?;
    let name = parameter.name.clone().filter(|name| is_plain(name)).unwrap_or_else(|| "value".to_owned());
    Some((format!("{name} ({})", parameter.slot + 1), (median, unit)))
}

/// A name that is a word of a program and no text of a person.
fn is_plain(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(number: f64) -> Seen {
        Seen {
            fingerprint: String::new(),
            signatures: Vec::new(),
            snapshot: Snapshot { events: 10, ..Snapshot::default() },
            numbers: [("timeout (1)".to_owned(), (number, "s".to_owned()))].into(),
        }
    }

    #[test]
    fn a_number_counts_as_changed_from_a_fifth_on() {
        let keys = |from, to| -> Vec<String> {
            facts(0, 0, &seen(from), &seen(to)).changes().into_iter().map(|change| change.words).collect()
        };
        assert_eq!(keys(2.1, 2.8), ["timeout (1) 2.1 s -> 2.8 s"]);
        assert!(keys(2.1, 2.4).is_empty() && keys(2.0, 2.0).is_empty());
    }

    #[test]
    fn a_priority_rose_only_above_what_was_filed_and_what_was_measured() {
        let priority = |level: u8| (level < 9).then(|| Priority::new(level));
        // Measured before and now, filed, said now; 9 is unknown.
        for (measured, filed, said, shown) in [
            ((3, 2), 3, 2, (3, 2)),
            ((3, 2), 2, 2, (9, 9)),
            ((3, 2), 9, 2, (3, 2)),
            ((3, 2), 4, 1, (4, 1)),
            ((2, 2), 3, 2, (9, 9)),
            ((3, 2), 3, 3, (9, 9)),
            ((2, 3), 2, 3, (2, 3)),
            ((2, 3), 9, 3, (9, 9)),
        ] {
            let mut facts = facts(0, 0, &seen(1.0), &seen(1.0));
            (facts.before.priority, facts.now.priority) = (priority(measured.0), priority(measured.1));
            say_priority(&mut facts, priority(filed), Priority::new(said));
            let case = format!("{measured:?} filed {filed} said {said}");
            assert_eq!((facts.before.priority, facts.now.priority), (priority(shown.0), priority(shown.1)), "{case}");
            assert_eq!(!facts.changes().is_empty(), shown.1 < shown.0, "{case}");
        }
    }

    #[test]
    fn a_finding_is_found_again_as_by_looking_at_each_cluster() {
        // (fingerprint, signatures); the second and the third share as many entries with what moved on.
        let rows = [("c", vec![("s1", 4)]), ("b", vec![("s2", 3), ("s1", 1)]), ("a", vec![("s2", 3)]), ("a", vec![])];
        let named = |list: &[(&str, u64)]| list.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<Vec<_>>();
        let one = |(fingerprint, signatures): &(&str, Vec<(&str, u64)>)| Seen {
            fingerprint: (*fingerprint).to_owned(),
            signatures: named(signatures),
            ..seen(1.0)
        };
        let moment = Moment::new(rows.iter().map(one).collect());
        for (fingerprint, signatures, expected) in [
            ("a", vec![("s1", 9)], Some(2)),
            ("c", vec![], Some(0)),
            ("x", vec![("s2", 1)], Some(2)),
            ("x", vec![("s1", 1)], Some(0)),
            ("x", vec![("s1", 1), ("s2", 1)], Some(1)),
            ("x", vec![("s3", 1)], None),
        ] {
            let finding =
                Finding { fingerprint: fingerprint.to_owned(), signatures: named(&signatures), ..Finding::default() };
            let found = moment.best(&finding).map(|found| moment.seen.iter().position(|one| std::ptr::eq(one, found)));
            assert_eq!(found, expected.map(Some), "{fingerprint} {signatures:?}");
        }
    }

    #[test]
    fn any_number_of_moments_is_looked_at_and_what_is_read_stays_bounded() {
        let window = 24 * DAY_NS;
        assert_eq!(longest(window, 1), window);
        assert_eq!(longest(window, 12), window);
        for moments in [13_usize, 40, 200] {
            let length = longest(window, moments);
            assert!(length > 0 && length * i64::try_from(moments).unwrap() <= 12 * window, "{moments}: {length}");
        }
        assert_eq!(longest(window, 100_000), SHORTEST_NS, "an hour is the least");
        assert_eq!(length(window, 100 * DAY_NS), Some(window));
        assert_eq!(length(window, 13 * DAY_NS), Some(window / 2), "what is stored of before is shorter");
        assert_eq!(length(window, SHORTEST_NS / 2), None);
        let lengths: std::collections::BTreeSet<_> =
            (1..500).filter_map(|day| length(window, day * DAY_NS / 20)).collect();
        assert!(lengths.len() <= 10, "young stores share the window that ends now: {lengths:?}");
    }
}
