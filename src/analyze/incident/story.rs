//! The course of an incident: first signals, what came shortly before, and how it ended.
//!
//! Pure functions over moments. "Shortly before" is half an hour; it makes a candidate and nothing more, and two moments
//! within a second have no order.

use std::collections::{BTreeMap, BTreeSet};

use super::extent::{Signal, burst, covered_s, silence};
use super::{AuditEntry, Change, Rollout, SAME_MOMENT_NS, What};
use crate::analyze::stats::contrast::DISPERSION;
use crate::analyze::stats::rate::Counts;
use crate::analyze::{Cluster, ClusterKey};
use crate::record::Severity;
use crate::time::{HOUR_NS, SECOND_NS, Window};

/// Time before the first signal in which something is a candidate, and after the last in which a rollout may have helped.
pub const NEAR_NS: i64 = HOUR_NS / 2;
/// Covered time after the last event from which a recovery can be told, at least.
const AFTER_S: f64 = 60.0;
/// Share of the rising events that name one revision, from which it is told.
const ONE_REVISION: f64 = 0.8;
/// First lines that are told as candidates.
const FIRST_LINES: usize = 3;
/// Answered requests looked at for the end of an incident, clusters of most events first.
const ANSWERED: usize = 50;

/// The changes that an incident is told by: what rose at WARNING or above, else whatever rose.
pub fn rising(changes: &[Change]) -> Vec<&Change> {
    let all: Vec<&Change> = changes.iter().filter(|change| change.what.is_rise()).collect();
    let loud: Vec<&Change> = all.iter().copied().filter(|change| change.is_loud()).collect();
    if loud.is_empty() { all } else { loud }
}

fn falling(changes: &[Change]) -> Vec<&Change> {
    changes.iter().filter(|change| !change.what.is_rise()).collect()
}

/// When it began and ended in the data, and whether that is a silence.
pub(super) fn extent(
    changes: &[Change],
    window: Window,
    around: Window,
    covered: &[(i64, i64)],
) -> (Option<(i64, i64)>, bool) {
    let window_s = covered_s(covered, window.since_ns, window.until_ns).max(1.0);
    let signals: Vec<Signal> = rising(changes)
        .into_iter()
        .map(|change| {
            let (quiet_s, loud_s) = (change.baseline_s, change.covered_s.max(1.0));
            Signal {
                times_ns: change.times_ns.clone(),
                // Half an event stands for what was never seen; without a baseline, in ten times the window.
                quiet_per_s: (change.counts.e0 as f64 + 0.5) / if quiet_s > 0.0 { quiet_s } else { 10.0 * window_s },
                loud_per_s: change.counts.e1 as f64 / loud_s,
            }
        })
        .collect();
    if let Some(found) = burst(&signals, window, covered) {
        return (Some(found), false);
    }
    let times: Vec<i64> = falling(changes).into_iter().flat_map(|change| change.times_ns.iter().copied()).collect();
    (silence(&times, window, around), true)
}

/// From the first to the last moment of some silences, as far as they are looked at, and whether all are over.
pub(super) fn outage(silences: &[(i64, Option<i64>)], around: Window) -> Option<(i64, i64, bool)> {
    let from = silences.iter().map(|(from, _)| (*from).max(around.since_ns)).min()?;
    let to = silences.iter().map(|(_, to)| to.unwrap_or(around.until_ns).min(around.until_ns)).max()?;
    Some((from, to, silences.iter().all(|(_, to)| to.is_some())))
}

/// The first event of a service that belongs to the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSignal {
    /// When.
    pub at_ns: i64,
    /// Of which cluster.
    pub key: ClusterKey,
}

/// First signal of each service inside the extent, in order of time.
pub(super) fn signals(changes: &[Change], extent: Option<(i64, i64)>, silent: bool) -> Vec<FirstSignal> {
    let Some((first, last)) = extent.filter(|_| !silent) else { return Vec::new() };
    let mut found: BTreeMap<&str, FirstSignal> = BTreeMap::new();
    for change in rising(changes) {
        let Some(at_ns) = change.times_ns.iter().copied().find(|at| (first..=last).contains(at)) else { continue };
        let own = FirstSignal { at_ns, key: change.cluster.key.clone() };
        let known = found.entry(&change.cluster.key.service).or_insert_with(|| own.clone());
        if (own.at_ns, &own.key) < (known.at_ns, &known.key) {
            *known = own;
        }
    }
    let mut found: Vec<FirstSignal> = found.into_values().collect();
    found.sort_by(|a, b| (a.at_ns, &a.key).cmp(&(b.at_ns, &b.key)));
    found
}

/// What kind of thing came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerKind {
    /// A revision came.
    Rollout,
    /// Somebody changed something: an audit entry.
    Change,
    /// A line that was never stored before.
    FirstLine,
    /// One revision wrote most of what rose.
    Revision,
}

/// Something that came shortly before the first signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// What it is.
    pub kind: TriggerKind,
    /// When.
    pub at_ns: i64,
    /// Time from it to the first signal; below 0 when it came later.
    pub lag_ns: i64,
    /// Index of the rollout.
    pub rollout: Option<usize>,
    /// The cluster.
    pub key: Option<ClusterKey>,
    /// The revision, for [`TriggerKind::Revision`]: service and name.
    pub revision: Option<(String, String)>,
    /// Events of it, of how many: rising ones that name the revision.
    pub events: (u64, u64),
    /// The audit entry.
    pub audit: Option<AuditEntry>,
}

impl Trigger {
    /// Whether it surely came before; `None` within a second.
    pub fn is_before(&self) -> Option<bool> {
        (self.lag_ns.abs() > SAME_MOMENT_NS).then_some(self.lag_ns > 0)
    }
}

/// Candidates before the first signal, nearest first; then the revision that most of it names.
pub(super) fn triggers(
    first_ns: i64,
    rollouts: &[Rollout],
    audit: &[AuditEntry],
    changes: &[Change],
    silent: bool,
    named: &BTreeMap<(String, String), u64>,
) -> Vec<Trigger> {
    let near = |at: i64| (first_ns - NEAR_NS..=first_ns + SAME_MOMENT_NS).contains(&at);
    let mut out = Vec::new();
    let blank = |kind, at_ns| Trigger {
        kind,
        at_ns,
        lag_ns: first_ns - at_ns,
        rollout: None,
        key: None,
        revision: None,
        events: (0, 0),
        audit: None,
    };
    for (at, rollout) in rollouts.iter().enumerate().filter(|(_, rollout)| near(rollout.began_ns)) {
        out.push(Trigger { rollout: Some(at), ..blank(TriggerKind::Rollout, rollout.began_ns) });
    }
    // What was asked for and answered within a second is told once.
    let mut told: Option<&AuditEntry> = None;
    for own in audit.iter().filter(|own| near(own.at_ns)) {
        let again = told.is_some_and(|other| {
            (&other.key, &other.message) == (&own.key, &own.message) && own.at_ns - other.at_ns <= 2 * SAME_MOMENT_NS
        });
        if !again {
            told = Some(own);
            let (key, audit) = (Some(own.key.clone()), Some(own.clone()));
            out.push(Trigger { key, audit, ..blank(TriggerKind::Change, own.at_ns) });
        }
    }
    if !silent {
        let mut lines: Vec<(i64, &Change)> = changes
            .iter()
            // Where nothing was covered before, everything is new, and that says nothing.
            .filter(|change| change.what == What::FirstSeen && change.baseline_s > 0.0)
            .filter(|change| change.cluster.key.kind != "audit")
            .filter_map(|change| Some((*change.times_ns.iter().find(|at| near(**at))?, change)))
            .collect();
        lines.sort_by(|a, b| (a.0, &a.1.cluster.key).cmp(&(b.0, &b.1.cluster.key)));
        // What is new before the first signal; without such a line, the signal itself where it is new.
        let earlier = lines.iter().filter(|(at, _)| *at < first_ns).count();
        for (at, change) in lines.into_iter().take(earlier.clamp(1, FIRST_LINES)) {
            let key = Some(change.cluster.key.clone());
            out.push(Trigger { key, events: (change.counts.e1, 0), ..blank(TriggerKind::FirstLine, at) });
        }
    }
    out.sort_by(|a, b| (a.kind, a.lag_ns, &a.key, a.rollout).cmp(&(b.kind, b.lag_ns, &b.key, b.rollout)));
    out.extend(one_revision(first_ns, rollouts, named).map(|(at, revision, events)| Trigger {
        rollout: Some(at),
        revision: Some(revision),
        events,
        ..blank(TriggerKind::Revision, rollouts[at].began_ns)
    }));
    out
}

/// A service and its revision.
type Served = (String, String);

/// The revision that at least four of five rising events name, where it came around the window: (rollout, name, events).
fn one_revision(
    first_ns: i64,
    rollouts: &[Rollout],
    named: &BTreeMap<(String, String), u64>,
) -> Option<(usize, Served, (u64, u64))> {
    let of: u64 = named.values().sum();
    let (revision, n) = named.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)))?;
    let own = rollouts.iter().position(|own| (&own.service, &own.revision) == (&revision.0, &revision.1))?;
    let told = *n as f64 >= ONE_REVISION * of as f64 && rollouts[own].began_ns <= first_ns + SAME_MOMENT_NS;
    told.then(|| (own, revision.clone(), (*n, of)))
}

/// Whether it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// Back inside what quiet times have.
    Yes,
    /// More goes on than quiet times have.
    No,
    /// Nothing, or too little, is covered after the last event.
    Unknown,
}

/// A cluster that is back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Which.
    pub key: ClusterKey,
    /// Its first event after the last one of the incident.
    pub at_ns: i64,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// Whether it did.
    pub recovered: Recovered,
    /// The last event of the incident; for a silence, the first event after it.
    pub at_ns: Option<i64>,
    /// Covered seconds after it.
    pub after_s: f64,
    /// Events of the rising clusters in that time.
    pub events: u64,
    /// Events that quiet times have in that time, 95 of 100 times.
    pub expected: Option<(u64, u64)>,
    /// What had fallen and is there again.
    pub back: Vec<Back>,
    /// The first request of each affected service that was answered below 500 afterwards.
    pub served: Vec<Back>,
    /// Rollouts between the first signal and half an hour after the last event, with the time from the last event to them;
    /// below 0 when they came before it.
    pub rollouts: Vec<(usize, i64)>,
}

/// How it ended; `served` has the times of requests that were answered.
pub(super) fn recovery(
    changes: &[Change],
    extent: Option<(i64, i64)>,
    silent: bool,
    rollouts: &[Rollout],
    served: &BTreeMap<ClusterKey, Vec<i64>>,
    around: Window,
    covered: &[(i64, i64)],
) -> Recovery {
    let mut out = Recovery {
        recovered: Recovered::Unknown,
        at_ns: None,
        after_s: 0.0,
        events: 0,
        expected: None,
        back: Vec::new(),
        served: Vec::new(),
        rollouts: Vec::new(),
    };
    let Some((first, last)) = extent else { return out };
    out.at_ns = Some(last);
    out.after_s = covered_s(covered, last, around.until_ns);
    let after = |times: &[i64]| times.iter().copied().find(|at| *at > last);
    out.back = falling(changes)
        .into_iter()
        .filter_map(|change| {
            let at_ns =
                if silent { change.times_ns.iter().copied().find(|at| *at >= last) } else { after(&change.times_ns) };
            Some(Back { key: change.cluster.key.clone(), at_ns: at_ns? })
        })
        .collect();
    out.back.sort_by(|a, b| (a.at_ns, &a.key).cmp(&(b.at_ns, &b.key)));
    let mut first_served: BTreeMap<&str, Back> = BTreeMap::new();
    for (key, times) in served {
        let Some(at_ns) = after(times) else { continue };
        let own = Back { key: key.clone(), at_ns };
        let known = first_served.entry(&key.service).or_insert_with(|| own.clone());
        if (own.at_ns, &own.key) < (known.at_ns, &known.key) {
            *known = own;
        }
    }
    out.served = first_served.into_values().collect();
    out.served.sort_by(|a, b| (a.at_ns, &a.key).cmp(&(b.at_ns, &b.key)));
    out.rollouts = rollouts
        .iter()
        .enumerate()
        .filter(|(_, own)| own.began_ns > first + SAME_MOMENT_NS && own.began_ns <= last + NEAR_NS)
        .map(|(at, own)| (at, own.began_ns - last))
        .collect();
    if silent {
        let ended = last < around.until_ns && !out.back.is_empty();
        out.recovered = if ended {
            Recovered::Yes
        } else if covered_s(covered, first, around.until_ns) > 0.0 {
            Recovered::No
        } else {
            Recovered::Unknown
        };
        return out;
    }
    let risen = rising(changes);
    let (mut quiet, mut quiet_s) = (0, 0.0_f64);
    for change in &risen {
        out.events += change.times_ns.iter().filter(|at| **at > last).count() as u64;
        quiet += change.counts.e0;
        quiet_s = quiet_s.max(change.baseline_s);
    }
    out.expected = Counts { e0: quiet, e1: out.events, t0: quiet_s, t1: out.after_s, d: DISPERSION }.expected();
    if out.after_s >= AFTER_S {
        // Without a baseline only nothing at all is inside what quiet times have.
        let most = out.expected.map_or(0, |(_, high)| high);
        out.recovered = if out.events <= most { Recovered::Yes } else { Recovered::No };
    }
    out
}

/// Clusters of requests answered below 500 in the services that the rising clusters are of.
pub(super) fn answered<'a>(rising: &[&Change], around: &'a [Cluster]) -> Vec<&'a Cluster> {
    let services: BTreeSet<&str> = rising.iter().map(|change| change.cluster.key.service.as_str()).collect();
    let good = |cluster: &&Cluster| {
        let status = cluster.http.as_ref().and_then(|http| http.status);
        status.is_some_and(|status| status < 500)
            && services.contains(cluster.key.service.as_str())
            && cluster.effective_severity() < Severity::Error
    };
    let mut found: Vec<&Cluster> = around.iter().filter(good).collect();
    found.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.key.cmp(&b.key)));
    found.truncate(ANSWERED);
    found
}

/// Whether a moment lies within a second after another, so that their order is unknown.
pub fn is_same_moment(before_ns: i64, at_ns: i64) -> bool {
    (at_ns - before_ns).abs() <= SECOND_NS.min(SAME_MOMENT_NS)
}
