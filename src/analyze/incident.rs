//! An incident window against its baseline: what rose, what fell, since when, how far it reached, what came before, how it
//! ended.
//!
//! Both directions count, because in labelled faults the decisive line was more often one that vanished than one that
//! appeared; the unit is the event. Whatever has never been stored before is listed, tested or not. Nothing here is called
//! a cause: what came shortly before is a candidate, and an order within a second is unknown.

pub mod baseline;
pub mod extent;
mod rollout;
mod story;

use std::collections::{BTreeMap, BTreeSet};

use super::activity::has_collapsed;
use super::stats::contrast::{DISPERSION, Kind, contrast};
use super::stats::multiple::claimed;
use super::stats::rate::Counts;
use super::{
    Activity, AnalyzeError, Changed, Cluster, ClusterKey, Coverage, FieldSkew, Fields, Values, activity, exposure,
    field_skews, fields, sizes, value_changes, values,
};
use crate::mine::TemplateSet;
use crate::query::{ClusterRows, Engine, Reach};
use crate::record::Severity;
use crate::store::Deploy;
use crate::time::{HOUR_NS, SECOND_NS, Window};

pub use rollout::{Rollout, rollouts};
pub use story::{Back, FirstSignal, NEAR_NS, Recovered, Recovery, Trigger, TriggerKind, is_same_moment, rising};

/// Two moments closer than this have no order: clocks of machines differ, and writers buffer.
pub const SAME_MOMENT_NS: i64 = SECOND_NS;
/// Time before the window that is looked at as well.
pub const BEFORE_NS: i64 = 2 * HOUR_NS;
/// Time after it.
pub const AFTER_NS: i64 = HOUR_NS;

/// One side of the comparison.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Its clusters, with their sizes.
    pub clusters: Vec<Cluster>,
    /// Per service.
    pub activity: BTreeMap<String, Activity>,
    /// What the inputs cover of it.
    pub coverage: Coverage,
    /// Values of fields.
    pub fields: Fields,
    /// Values in messages of WARNING and above.
    pub values: Values,
}

/// Reads one side from an engine that is cut to it; `clusters` are known already, or their sizes are read.
pub fn side(
    engine: &Engine,
    templates: &TemplateSet,
    coverage: Coverage,
    clusters: Option<Vec<Cluster>>,
) -> Result<Side, AnalyzeError> {
    let clusters = match clusters {
        Some(known) => known,
        None => sizes(engine, templates)?,
    };
    Ok(Side {
        fields: fields(engine, &clusters)?,
        values: values(engine, templates)?,
        activity: activity(engine)?,
        clusters,
        coverage,
    })
}

/// What a cluster did in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Nothing of it is stored before the window.
    FirstSeen,
    /// Not in the baseline, but stored earlier.
    Returned,
    /// More than in the baseline, beyond chance.
    Risen,
    /// In the baseline and not in the window, beyond chance.
    Vanished,
    /// Less than in the baseline, beyond chance.
    Fallen,
}

impl What {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstSeen => "first_seen",
            Self::Returned => "returned",
            Self::Risen => "risen",
            Self::Vanished => "vanished",
            Self::Fallen => "fallen",
        }
    }

    /// There is more of it than before.
    pub fn is_rise(self) -> bool {
        matches!(self, Self::FirstSeen | Self::Returned | Self::Risen)
    }
}

/// A cluster that differs from its baseline.
#[derive(Debug, Clone)]
pub struct Change {
    /// The cluster, of the window where it is there, else of the baseline.
    pub cluster: Cluster,
    /// What it did.
    pub what: What,
    /// Events and exposures, baseline (0) and window (1).
    pub counts: Counts,
    /// requests, traces or hours.
    pub unit: &'static str,
    /// Events expected in the window, 95 of 100 times.
    pub expected: Option<(u64, u64)>,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over all clusters compared; `None` where no outcome could have been told from chance.
    pub q: Option<f64>,
    /// Told from chance at 5 % false claims.
    pub sure: bool,
    /// Seconds of the window in which the inputs cover its service and severity.
    pub covered_s: f64,
    /// The same of the baseline.
    pub baseline_s: f64,
    /// Newest row stored before the window.
    pub before_ns: Option<i64>,
    /// Its events from two hours before the window to one hour after it, nanoseconds, ascending.
    pub times_ns: Vec<i64>,
}

impl Change {
    /// Whether it is of WARNING or above.
    pub fn is_loud(&self) -> bool {
        self.cluster.effective_severity() >= Severity::Warning
    }
}

/// All clusters compared.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// Those that differ, most surprising first.
    pub changes: Vec<Change>,
    /// Clusters that could have been told from chance.
    pub tested: u64,
    /// Clusters of which nothing can be said beyond chance.
    pub same: u64,
    /// Clusters of the baseline, per service, whose severity no input covers in the window.
    pub blind: BTreeMap<String, u64>,
}

/// Compares the clusters of a window with those of its baseline; `before` has each cluster's newest row before the window.
pub fn compared(window: &Side, baseline: &Side, before: &BTreeMap<ClusterKey, i64>) -> Compared {
    let by_key = |side: &'_ Side| -> BTreeMap<ClusterKey, usize> {
        side.clusters.iter().enumerate().map(|(at, cluster)| (cluster.key.clone(), at)).collect()
    };
    let (now, then) = (by_key(window), by_key(baseline));
    let keys: BTreeSet<&ClusterKey> = now.keys().chain(then.keys()).collect();
    let mut out = Compared::default();
    let mut subjects: Vec<(&Cluster, Counts, &'static str, f64, f64)> = Vec::new();
    for key in keys {
        let (new, old) =
            (now.get(key).map(|at| &window.clusters[*at]), then.get(key).map(|at| &baseline.clusters[*at]));
        let Some(shown) = new.or(old).filter(|cluster| !cluster.data_quality) else { continue };
        let hours = (baseline.coverage.hours_of(shown), window.coverage.hours_of(shown));
        if new.is_none() && hours.1 <= 0.0 {
            *out.blind.entry(key.service.clone()).or_default() += 1;
            continue;
        }
        let of = |side: &Side| side.activity.get(&key.service).copied().unwrap_or_default();
        let whole = |side: &Side| {
            side.coverage.services.get(&key.service).is_none_or(|service| service.is_whole(shown.severity()))
        };
        let events = |side: Option<&Cluster>| side.map_or(0, |cluster| cluster.events);
        let counts_by = |t0, t1| Counts { e0: events(old), e1: events(new), t0, t1, d: DISPERSION };
        let by_time = (counts_by(hours.0, hours.1), "hours");
        let (counts, unit) = if whole(baseline) && whole(window) {
            let (before, after) = (of(baseline), of(window));
            let (t0, t1, unit) = exposure(before, after, hours);
            let own = (counts_by(t0, t1), unit);
            // A fall beside as many requests is the cluster's; together with them, it is the service's.
            // What rose by both rose; a steady probe did not because its neighbours are gone.
            let rose = own.0.rises() && by_time.0.rises();
            if has_collapsed(before, after, hours) && !rose { by_time } else { own }
        } else {
            by_time
        };
        subjects.push((shown, counts, unit, hours.0 * 3_600.0, hours.1 * 3_600.0));
    }
    let counts: Vec<Counts> = subjects.iter().map(|subject| subject.1).collect();
    for (found, (cluster, counts, unit, baseline_s, covered_s)) in contrast(&counts).into_iter().zip(subjects) {
        out.tested += u64::from(found.q.is_some());
        let before_ns = before.get(&cluster.key).copied();
        let what = match found.kind {
            Kind::FirstSeen if before_ns.is_none() => What::FirstSeen,
            Kind::FirstSeen => What::Returned,
            Kind::Risen => What::Risen,
            Kind::Vanished => What::Vanished,
            Kind::Fallen => What::Fallen,
            Kind::Same => {
                out.same += 1;
                continue;
            }
        };
        out.changes.push(Change {
            cluster: cluster.clone(),
            what,
            counts,
            unit,
            expected: found.expected,
            p: found.p,
            q: found.q,
            sure: claimed(found.q),
            covered_s,
            baseline_s,
            before_ns,
            times_ns: Vec::new(),
        });
    }
    out.changes.sort_by(|a, b| {
        (b.is_loud(), b.sure)
            .cmp(&(a.is_loud(), a.sure))
            .then(a.p.total_cmp(&b.p))
            .then(b.counts.e1.cmp(&a.counts.e1))
            .then(a.cluster.key.cmp(&b.cluster.key))
    });
    out
}

/// Rows of one service in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// Its start, nanoseconds.
    pub at_ns: i64,
    /// Service.
    pub service: String,
    /// Rows.
    pub entries: u64,
    /// Of effective severity WARNING.
    pub warnings: u64,
    /// Of ERROR and above.
    pub errors: u64,
}

/// Time in which a service was not exported, inside what is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// First moment.
    pub from_ns: i64,
    /// First moment after.
    pub to_ns: i64,
    /// Service.
    pub service: String,
    /// Below which severity nothing was exported; `None` for a gap of everything.
    pub below: Option<Severity>,
}

/// Least length of a gap that is told.
const GAP_NS: i64 = 60 * SECOND_NS;

/// Gaps of the export in a stretch of time, per service: of everything, and of INFO where the rest was exported.
pub fn gaps(coverage: &Coverage, span: Window, services: &BTreeSet<String>) -> Vec<Gap> {
    let mut out = Vec::new();
    for name in services {
        let own = coverage.services.get(name);
        let all = own.map_or(&[][..], |own| own.intervals.as_slice());
        let missing = holes(all, (span.since_ns, span.until_ns));
        let told = |(from_ns, to_ns): (i64, i64), below| Gap { from_ns, to_ns, service: name.clone(), below };
        let info = own.and_then(|own| own.severities.get(&Severity::Info)).map_or(&[][..], Vec::as_slice);
        for part in all {
            let silent = holes(info, *part).into_iter().filter(|(from, to)| to - from >= GAP_NS);
            out.extend(silent.map(|hole| told(hole, Some(Severity::Notice))));
        }
        out.extend(missing.into_iter().filter(|(from, to)| to - from >= GAP_NS).map(|hole| told(hole, None)));
    }
    out.sort();
    out
}

/// What ascending intervals leave out of a stretch.
fn holes(intervals: &[(i64, i64)], span: (i64, i64)) -> Vec<(i64, i64)> {
    let mut out = Vec::new();
    let mut at = span.0;
    for (from, to) in intervals.iter().filter(|(from, to)| *to > span.0 && *from < span.1) {
        if *from > at {
            out.push((at, *from));
        }
        at = at.max(*to);
    }
    if at < span.1 {
        out.push((at, span.1));
    }
    out
}

/// How late the collector received entries of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// Service.
    pub service: String,
    /// Rows that say when they were received.
    pub received: u64,
    /// Greatest time from being written to being received, nanoseconds.
    pub greatest_ns: i64,
}

/// An entry of the audit log: somebody changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at_ns: i64,
    /// Of which cluster.
    pub key: ClusterKey,
    /// What it says.
    pub message: String,
    /// Who, where it says so.
    pub by: Option<String>,
}

/// What is known beside the two sides.
#[derive(Debug)]
pub struct Material<'a> {
    /// The window that was asked for.
    pub window: Window,
    /// The time around it that is looked at.
    pub around: Window,
    /// The window's side.
    pub now: &'a Side,
    /// The baseline's side.
    pub then: &'a Side,
    /// What the inputs cover of the time around.
    pub coverage: &'a Coverage,
    /// Each cluster's newest row before the window.
    pub before: &'a BTreeMap<ClusterKey, i64>,
    /// Revisions (service, name) with rows before the time around the window.
    pub known: &'a BTreeSet<(String, String)>,
    /// Deploys of the whole store.
    pub deploys: &'a [Deploy],
    /// Silences of whole services that touch the window: last entry before, first entry after.
    pub silences: &'a [(i64, Option<i64>)],
}

/// The analysis of an incident window.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Clusters against the baseline.
    pub compared: Compared,
    /// Values of fields that stand out.
    pub skews: Vec<FieldSkew>,
    /// Values in messages that changed.
    pub values: Vec<Changed>,
    /// First and last event that the data shows, with whether it is a silence.
    pub extent: Option<(i64, i64)>,
    /// The extent is that of a silence, not of a burst.
    pub silent: bool,
    /// First signal of each service, in order of time.
    pub signals: Vec<FirstSignal>,
    /// Revisions that came or were reported around the window, in order of time.
    pub rollouts: Vec<Rollout>,
    /// What came shortly before the first signal, nearest first.
    pub triggers: Vec<Trigger>,
    /// How it ended.
    pub recovery: Recovery,
    /// What the rows of the rising clusters name, all services first.
    pub reach: Vec<Reach>,
    /// Times without an export.
    pub gaps: Vec<Gap>,
    /// Rows per minute and service.
    pub minutes: Vec<Minute>,
    /// Receive lags in the window.
    pub lags: Vec<Lag>,
    /// Audit entries around the window, in order of time.
    pub audit: Vec<AuditEntry>,
    /// Events of the rising clusters around the window, per (service, revision).
    pub named: BTreeMap<(String, String), u64>,
    /// Clusters of the time around the window, with their sizes.
    pub around: Vec<Cluster>,
}

/// Answers every question about an incident window; `inside` is cut to the window, `wide` to the time around it.
pub fn incident(
    material: &Material<'_>,
    inside: &Engine,
    wide: &Engine,
    templates: &TemplateSet,
) -> Result<Incident, AnalyzeError> {
    let mut all = compared(material.now, material.then, material.before);
    let around = sizes(wide, templates)?;
    let told: Vec<ClusterRows> = all.changes.iter().map(|change| change.cluster.key.rows()).collect();
    let mut times = times(wide, &told)?;
    for change in &mut all.changes {
        change.times_ns = times.remove(&change.cluster.key).unwrap_or_default();
    }
    // Of equally surprising ones, what came first.
    all.changes.sort_by(|a, b| {
        (b.is_loud(), b.sure)
            .cmp(&(a.is_loud(), a.sure))
            .then(a.p.total_cmp(&b.p))
            .then(a.times_ns.first().cmp(&b.times_ns.first()))
            .then(a.cluster.key.cmp(&b.cluster.key))
    });
    let covered = material.coverage.any();
    let (shown, fell) = story::extent(&all.changes, material.window, material.around, &covered);
    // A silence that is short beside the window makes nothing fall by half, and is the incident all the same.
    let outage = if shown.is_none() { story::outage(material.silences, material.around) } else { None };
    let silent = fell || outage.is_some();
    let extent = shown.or(outage.map(|(from, to, _)| (from, to)));
    // A silence is known as far as the exports go, whatever was asked for.
    let end = covered.last().map_or(i64::MAX, |(_, to)| *to);
    let extent = extent.map(|(from, to)| (from, if silent { to.min(end).max(from) } else { to }));
    let rollouts = rollouts(material.deploys, &revisions(wide)?, material.known, material.around);
    let signals = story::signals(&all.changes, extent, silent);
    let first_ns = extent.map_or(material.window.since_ns, |(first, _)| first);
    let rows: Vec<ClusterRows> = rising(&all.changes).iter().map(|change| change.cluster.key.rows()).collect();
    let named = wide.revisions_of(&rows)?;
    let audit = audit(wide)?;
    let triggers = story::triggers(first_ns, &rollouts, &audit, &all.changes, silent, &named);
    let loud: Vec<&Change> = rising(&all.changes);
    let reach = inside.reach(&rows)?;
    let answered = story::answered(&loud, &around);
    let served = self::times(wide, &answered.iter().map(|cluster| cluster.key.rows()).collect::<Vec<_>>())?;
    let mut recovery = story::recovery(&all.changes, extent, silent, &rollouts, &served, material.around, &covered);
    if outage.is_some_and(|(_, _, is_over)| is_over) {
        recovery.recovered = Recovered::Yes;
    }
    let services: BTreeSet<String> = material
        .then
        .activity
        .keys()
        .chain(material.now.activity.keys())
        .chain(material.coverage.services.keys())
        .cloned()
        .collect();
    Ok(Incident {
        skews: field_skews(&material.then.fields, &material.now.fields),
        values: value_changes(&material.then.values, &material.now.values, ("the baseline", "the window")),
        extent,
        silent,
        signals,
        rollouts,
        triggers,
        recovery,
        reach,
        gaps: gaps(material.coverage, material.around, &services),
        minutes: minutes(wide)?,
        lags: lags(inside)?,
        compared: all,
        audit,
        named,
        around,
    })
}

fn times(engine: &Engine, clusters: &[ClusterRows]) -> Result<BTreeMap<ClusterKey, Vec<i64>>, AnalyzeError> {
    let found = engine.event_times(clusters)?.into_iter();
    Ok(found.map(|(key, times)| (ClusterKey::from(key), times)).collect())
}

fn audit(engine: &Engine) -> Result<Vec<AuditEntry>, AnalyzeError> {
    let table = super::ask(engine, "audit_entries")?;
    let (at, messages, users) = (table.i64("ts_ns")?, table.str("message")?, table.str("user_id")?);
    let keys = super::cluster::keys(&table)?.into_iter().enumerate();
    Ok(keys
        .map(|(row, key)| AuditEntry {
            at_ns: at[row].unwrap_or(0),
            key,
            message: messages[row].clone().unwrap_or_default(),
            by: users[row].clone().filter(|name| !name.is_empty()),
        })
        .collect())
}

/// First and last moment of each (service, revision).
type Lives = BTreeMap<(String, String), (i64, i64)>;

/// First and last row of each (service, revision).
fn revisions(engine: &Engine) -> Result<Lives, AnalyzeError> {
    let table = super::ask(engine, "revisions")?;
    let (services, names) = (table.str("service")?, table.str("revision")?);
    let (first, last) = (table.i64("first_ns")?, table.i64("last_ns")?);
    Ok((0..table.len())
        .filter_map(|row| {
            let key = (services[row].clone().unwrap_or_default(), names[row].clone()?);
            Some((key, (first[row]?, last[row]?)))
        })
        .collect())
}

fn minutes(engine: &Engine) -> Result<Vec<Minute>, AnalyzeError> {
    let table = super::ask(engine, "minutes")?;
    let (at, services) = (table.i64("minute_ns")?, table.str("service")?);
    let (entries, warnings, errors) = (table.i64("entries")?, table.i64("warnings")?, table.i64("errors")?);
    let count = |column: &[Option<i64>], row: usize| column[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Ok((0..table.len())
        .map(|row| Minute {
            at_ns: at[row].unwrap_or(0),
            service: services[row].clone().unwrap_or_default(),
            entries: count(entries, row),
            warnings: count(warnings, row),
            errors: count(errors, row),
        })
        .collect())
}

fn lags(engine: &Engine) -> Result<Vec<Lag>, AnalyzeError> {
    let table = super::ask(engine, "receive_lags")?;
    let (services, received) = (table.str("service")?, table.i64("received")?);
    let greatest = table.i64("greatest_lag_ns")?;
    let rows = (0..table.len()).filter_map(|row| {
        Some(Lag {
            service: services[row].clone().unwrap_or_default(),
            received: received[row].and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0)?,
            greatest_ns: greatest[row]?,
        })
    });
    let mut lags: Vec<Lag> = rows.collect();
    lags.sort_by(|a, b| b.greatest_ns.cmp(&a.greatest_ns).then_with(|| a.service.cmp(&b.service)));
    Ok(lags)
}

#[cfg(test)]
mod tests;
