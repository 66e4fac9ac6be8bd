//! The section of a postmortem, from the analysis of its window: ids, words and times are made here, nothing is counted.
//!
//! No sentence says that something caused something: what came shortly before is a candidate, and within a second the order
//! is unknown. What logs cannot know is a blank with a question.

mod moments;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::v1::Report;
use super::v1_postmortem::{
    BackRow, Baseline, Blank, Change, Command, ExportGap, Extent, FieldSkew, ParameterChange, Postmortem, Reach,
    ReceiveLag, Recovery, RecoveryRollout, Rollout, Series, ServiceImpact, ServiceSeries, Signal, Trigger,
};
use super::worklog::{fingerprints, title};
use crate::analyze::incident::extent::covered_s;
use crate::analyze::incident::{self, Incident, Recovered, Side, TriggerKind, is_same_moment};
use crate::analyze::{Among, Cluster, ClusterKey, Coverage};
use crate::issue::cluster_ids;
use crate::time::{SECOND_NS, Window, local, rfc3339, rfc3339_seconds, words as length};

/// Steps of the timeline's chart at most; beyond it a step is longer than a minute.
const STEPS: i64 = 480;
/// Lengths of a step, in minutes.
const STEP_MINUTES: [i64; 7] = [1, 2, 5, 15, 60, 360, 1_440];

/// All that the section is made of.
pub struct IncidentMaterial<'a> {
    /// The analysis.
    pub incident: &'a Incident,
    /// The window's side.
    pub now: &'a Side,
    /// The baseline's side.
    pub then: &'a Side,
    /// `default`, `given`, `revision` or `none`.
    pub kind: &'a str,
    /// The revision asked for as baseline.
    pub revision: Option<&'a str>,
    /// Stretches of the baseline.
    pub baseline: &'a [Window],
    /// The window.
    pub window: Window,
    /// The time around it that was looked at.
    pub around: Window,
    /// What the inputs cover of that.
    pub coverage: &'a Coverage,
    /// Zone of display.
    pub zone: &'a TimeZone,
    /// Times listed for a cluster.
    pub times: usize,
    /// Issues of the exports that belong to what changed.
    pub issues: &'a BTreeMap<ClusterKey, u64>,
    /// Flags that commands need beside a window, such as ` --service desk`.
    pub flags: &'a str,
    /// Flags of the baseline, for this verb only.
    pub own_flags: &'a str,
}

impl std::fmt::Debug for IncidentMaterial<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IncidentMaterial").field("window", &self.window).finish_non_exhaustive()
    }
}

/// Ids and titles of clusters, those of the report first.
struct Names {
    ids: BTreeMap<ClusterKey, String>,
    titles: BTreeMap<ClusterKey, String>,
}

impl Names {
    fn of(report: &Report, incident: &Incident) -> Self {
        let mut seen: BTreeMap<&ClusterKey, &Cluster> = BTreeMap::new();
        let told = incident.compared.changes.iter().map(|change| &change.cluster);
        for cluster in told.chain(&incident.around) {
            seen.entry(&cluster.key).or_insert(cluster);
        }
        let shown: Vec<&Cluster> = seen.values().copied().collect();
        let prints = fingerprints(&shown);
        let known: BTreeMap<&str, &str> =
            report.clusters.iter().map(|cluster| (cluster.fingerprint.as_str(), cluster.id.as_str())).collect();
        let own = cluster_ids(&prints);
        let ids = shown.iter().zip(prints.iter().zip(own)).map(|(cluster, (print, id))| {
            (cluster.key.clone(), known.get(print.as_str()).map_or(id, |id| (*id).to_owned()))
        });
        let titles = shown.iter().map(|cluster| (cluster.key.clone(), title(&cluster.template)));
        Self { ids: ids.collect(), titles: titles.collect() }
    }

    fn id(&self, key: &ClusterKey) -> String {
        self.ids.get(key).cloned().unwrap_or_default()
    }

    fn title(&self, key: &ClusterKey) -> String {
        self.titles.get(key).cloned().unwrap_or_default()
    }
}

/// Makes the section; `report` is the report of the same window, without it.
pub fn postmortem(report: &Report, material: &IncidentMaterial<'_>) -> Postmortem {
    let incident = material.incident;
    let names = Names::of(report, incident);
    let by_id: ById<'_> = report.clusters.iter().map(|cluster| (cluster.id.as_str(), cluster)).collect();
    let back: BTreeMap<&ClusterKey, i64> =
        incident.recovery.back.iter().rev().map(|back| (&back.key, back.at_ns)).collect();
    let all: Vec<(bool, Change)> = incident
        .compared
        .changes
        .iter()
        .map(|change| (change.what.is_rise(), change_row(&by_id, &back, material, &names, change)))
        .collect();
    let pick = |rise: bool| all.iter().filter(|row| row.0 == rise).map(|row| row.1.clone()).collect::<Vec<_>>();
    let mut section = Postmortem {
        baseline: baseline(material),
        extent: extent(material),
        services: services(material),
        signals: signals(material, &names),
        triggers: incident.triggers.iter().map(|trigger| trigger_row(material, &names, trigger)).collect(),
        rose: roots_first(report, pick(true)),
        fell: pick(false),
        tested: incident.compared.tested,
        unchanged: incident.compared.same,
        fields: incident.skews.iter().map(field_row).collect(),
        values: incident.values.iter().map(|found| value_row(&names, found)).collect(),
        reach: incident.reach.iter().map(reach_row).collect(),
        recovery: recovery(material, &names),
        rollouts: incident.rollouts.iter().map(|rollout| rollout_row(report, material, rollout)).collect(),
        gaps: gaps(material),
        series: series(material),
        receive_lags: incident
            .lags
            .iter()
            .map(|lag| ReceiveLag {
                service: named(&lag.service),
                received: lag.received,
                greatest_s: seconds(lag.greatest_ns),
            })
            .collect(),
        blanks: blanks(),
        ..Postmortem::default()
    };
    section.moments = moments::moments(report, material, &names);
    section.unseen = words::unseen(report, material, &section);
    section.impact = words::impact(report, material, &section);
    section.summary = words::summary(report, material, &section);
    section.commands = commands(material, &section);
    section
}

/// Roots of families before the rest of what is as loud: they are what a reader looks for.
fn roots_first(report: &Report, mut rows: Vec<Change>) -> Vec<Change> {
    let roots: BTreeSet<&str> = report.families.iter().map(|family| family.root.as_str()).collect();
    rows.sort_by_key(|row| !roots.contains(row.cluster.as_str()));
    rows
}

fn seconds(ns: i64) -> f64 {
    ns as f64 / SECOND_NS as f64
}

fn in_words(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and no window is longer than 292 years")]
    let ns = (seconds * SECOND_NS as f64).round() as i64;
    length(ns)
}

/// The name of a service, also of the unknown one.
fn named(service: &str) -> String {
    if service.is_empty() { "(no service)".to_owned() } else { service.to_owned() }
}

fn baseline(material: &IncidentMaterial<'_>) -> Baseline {
    let (covered, window_s) = (material.then.coverage.any_s(), material.now.coverage.any_s());
    let entries = material.then.activity.values().map(|own| own.entries).sum();
    let rows = |windows: &[Window]| windows.iter().map(|own| [rfc3339(own.since_ns), rfc3339(own.until_ns)]).collect();
    let mut row = Baseline {
        kind: material.kind.to_owned(),
        revision: material.revision.map(str::to_owned),
        windows: rows(material.baseline),
        covered_s: covered,
        window_covered_s: window_s,
        entries,
        sentence: String::new(),
    };
    row.sentence = words::baseline(material, &row);
    row
}

fn extent(material: &IncidentMaterial<'_>) -> Option<Extent> {
    let (first, last) = material.incident.extent?;
    let silent = material.incident.silent;
    let window = material.window;
    // Half-open, in whole seconds: the last event lies inside.
    let asked = (first.div_euclid(SECOND_NS) * SECOND_NS, (last.div_euclid(SECOND_NS) + 1) * SECOND_NS);
    let same = asked == (window.since_ns, window.until_ns);
    let what = if silent { "the data shows a silence from" } else { "the data shows" };
    let order = if first < window.since_ns { "; it began before what was asked for" } else { "" };
    let end = if last >= window.until_ns { "; it ended after it" } else { "" };
    Some(Extent {
        kind: if silent { "silence" } else { "rise" }.into(),
        first: rfc3339(first),
        last: rfc3339(last),
        first_local: local(first, material.zone),
        last_local: local(last, material.zone),
        seconds: seconds(last - first),
        words: length(last - first),
        sentence: format!(
            "asked {} to {}; {what} {} to {} ({}){order}{end}",
            rfc3339_seconds(window.since_ns),
            rfc3339_seconds(window.until_ns),
            rfc3339_seconds(first),
            rfc3339_seconds(last),
            length(last - first),
        ),
        command: (!same).then(|| {
            let (since, until) = (rfc3339_seconds(asked.0), rfc3339_seconds(asked.1));
            format!("gardener postmortem --since {since} --until {until}{}{}", material.flags, material.own_flags)
        }),
    })
}

fn services(material: &IncidentMaterial<'_>) -> Vec<ServiceImpact> {
    let loud = |side: &Side, name: &str| {
        let own = side.clusters.iter().filter(|cluster| cluster.key.service == name);
        own.filter(|cluster| cluster.effective_severity() >= crate::record::Severity::Warning)
            .map(|cluster| cluster.events)
            .sum::<u64>()
    };
    let covered = |side: &Side, name: &str| {
        side.coverage.services.get(name).map_or(0.0, crate::analyze::ServiceCoverage::covered_s)
    };
    let names: BTreeSet<&String> = material.now.activity.keys().chain(material.then.activity.keys()).collect();
    let rising: BTreeMap<&str, u64> =
        incident::rising(&material.incident.compared.changes).iter().fold(BTreeMap::new(), |mut sums, change| {
            *sums.entry(change.cluster.key.service.as_str()).or_default() += change.counts.e1;
            sums
        });
    let mut rows: Vec<(u64, ServiceImpact)> = names
        .into_iter()
        .map(|name| {
            let of = |side: &Side| side.activity.get(name).copied().unwrap_or_default();
            let (now, then) = (of(material.now), of(material.then));
            let row = ServiceImpact {
                service: named(name),
                covered_s: covered(material.now, name),
                baseline_covered_s: covered(material.then, name),
                entries: now.entries,
                baseline_entries: then.entries,
                warning_or_above: loud(material.now, name),
                baseline_warning_or_above: loud(material.then, name),
                requests: now.requests,
                requests_5xx: now.failed,
                baseline_requests: then.requests,
                baseline_requests_5xx: then.failed,
            };
            (rising.get(name.as_str()).copied().unwrap_or(0), row)
        })
        .collect();
    rows.sort_by(|a, b| {
        b.0.cmp(&a.0).then(b.1.warning_or_above.cmp(&a.1.warning_or_above)).then_with(|| a.1.service.cmp(&b.1.service))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

fn signals(material: &IncidentMaterial<'_>, names: &Names) -> Vec<Signal> {
    let first = material.incident.signals.first().map_or(0, |own| own.at_ns);
    let severity = |key: &ClusterKey| {
        let own = material.incident.compared.changes.iter().find(|change| change.cluster.key == *key);
        own.map_or_else(String::new, |change| change.cluster.effective_severity().as_str().to_owned())
    };
    let row = |(at, own): (usize, &incident::FirstSignal)| Signal {
        at: rfc3339(own.at_ns),
        at_local: local(own.at_ns, material.zone),
        service: named(&own.key.service),
        cluster: names.id(&own.key),
        title: names.title(&own.key),
        severity: severity(&own.key),
        order: match at {
            0 => "first",
            _ if is_same_moment(first, own.at_ns) => "unknown",
            _ => "later",
        }
        .into(),
    };
    material.incident.signals.iter().enumerate().map(row).collect()
}

fn trigger_row(material: &IncidentMaterial<'_>, names: &Names, own: &incident::Trigger) -> Trigger {
    let rollout = own.rollout.map(|at| &material.incident.rollouts[at]);
    Trigger {
        kind: match own.kind {
            TriggerKind::Rollout => "rollout",
            TriggerKind::Change => "change",
            TriggerKind::FirstLine => "first_line",
            TriggerKind::Revision => "revision",
        }
        .into(),
        at: rfc3339(own.at_ns),
        at_local: local(own.at_ns, material.zone),
        text: words::trigger(material, names, own),
        lag_s: seconds(own.lag_ns),
        order: own.is_before().map_or("unknown", |before| if before { "before" } else { "after" }).into(),
        cluster: own.key.as_ref().map(|key| names.id(key)),
        service: rollout.map(|own| named(&own.service)).or_else(|| own.key.as_ref().map(|key| named(&key.service))),
        revision: rollout.map(|own| own.revision.clone()),
    }
}

/// The clusters of a report by id.
type ById<'a> = BTreeMap<&'a str, &'a super::v1::Cluster>;

fn change_row(
    by_id: &ById<'_>,
    back: &BTreeMap<&ClusterKey, i64>,
    material: &IncidentMaterial<'_>,
    names: &Names,
    change: &incident::Change,
) -> Change {
    let id = names.id(&change.cluster.key);
    let known = by_id.get(id.as_str());
    let times = &change.times_ns;
    let window_s = material.window.seconds();
    let missing = window_s - change.covered_s;
    Change {
        title: names.title(&change.cluster.key),
        template: change.cluster.template.clone(),
        service: named(&change.cluster.key.service),
        kind: change.cluster.key.kind.clone(),
        severity: change.cluster.effective_severity().as_str().to_owned(),
        what: change.what.as_str().to_owned(),
        events: change.counts.e1,
        baseline_events: change.counts.e0,
        expected_low: change.expected.map(|range| range.0),
        expected_high: change.expected.map(|range| range.1),
        ratio: change.counts.ratio().filter(|ratio| ratio.is_finite()),
        exposure_unit: change.unit.to_owned(),
        exposure_window: change.counts.t1,
        exposure_baseline: change.counts.t0,
        p: change.p,
        q: change.q,
        significant: change.sure,
        sentence: words::change(change),
        first: times.first().copied().map(rfc3339),
        last: times.last().copied().map(rfc3339),
        seen_before: change.before_ns.map(rfc3339),
        back: back.get(&change.cluster.key).map(|at_ns| rfc3339(*at_ns)),
        gap: (!change.what.is_rise() && missing >= 1.0)
            .then(|| format!("{} of the {} were not exported for it", in_words(missing), in_words(window_s))),
        cadence: known.filter(|own| own.entries > 0).map(|own| own.cadence.clone()),
        times: if times.len() <= material.times { times.iter().copied().map(rfc3339).collect() } else { Vec::new() },
        family: known.and_then(|own| own.family.clone()),
        issues: material.issues.get(&change.cluster.key).copied().into_iter().collect(),
        cluster: id,
    }
}

fn field_row(own: &crate::analyze::FieldSkew) -> FieldSkew {
    let share = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 / of as f64 };
    FieldSkew {
        field: own.value.field.clone(),
        value: own.value.value.clone(),
        among: if own.among == Among::All { "all" } else { "WARNING and above" }.into(),
        events: own.value.n1,
        of: own.value.of1,
        baseline_events: own.value.n0,
        baseline_of: own.value.of0,
        share: share(own.value.n1, own.value.of1),
        baseline_share: share(own.value.n0, own.value.of0),
        lift: own.lift,
        residual: own.residual,
        p: own.p,
        q: own.q,
    }
}

fn value_row(names: &Names, found: &crate::analyze::Changed) -> ParameterChange {
    ParameterChange {
        cluster: names.id(&found.key),
        title: names.title(&found.key),
        slot: found.slot as u64,
        name: found.name.clone(),
        change: found.change.clone(),
    }
}

fn reach_row(own: &crate::query::Reach) -> Reach {
    Reach {
        service: own.service.as_deref().map(named),
        events: own.events,
        instances: own.instances,
        revisions: own.revisions,
        traces: own.traces,
        users: Some(own.users).filter(|n| *n > 0),
    }
}

fn recovery(material: &IncidentMaterial<'_>, names: &Names) -> Recovery {
    let own = &material.incident.recovery;
    let row = |back: &incident::Back, kind: &str| BackRow {
        at: rfc3339(back.at_ns),
        service: named(&back.key.service),
        cluster: names.id(&back.key),
        title: names.title(&back.key),
        kind: kind.into(),
    };
    let mut back: Vec<BackRow> = own.served.iter().map(|back| row(back, "answered")).collect();
    back.extend(own.back.iter().map(|found| row(found, "back")));
    back.sort_by(|a, b| (&a.at, &a.cluster, &a.kind).cmp(&(&b.at, &b.cluster, &b.kind)));
    Recovery {
        recovered: match own.recovered {
            Recovered::Yes => "yes",
            Recovered::No => "no",
            Recovered::Unknown => "unknown",
        }
        .into(),
        at: own.at_ns.map(rfc3339),
        at_local: own.at_ns.map(|at| local(at, material.zone)),
        after_s: own.after_s,
        events: own.events,
        expected_high: own.expected.map(|range| range.1),
        sentence: words::recovery(material),
        back,
        rollouts: own
            .rollouts
            .iter()
            .map(|(at, lag_ns)| {
                let rollout = &material.incident.rollouts[*at];
                RecoveryRollout {
                    service: named(&rollout.service),
                    revision: rollout.revision.clone(),
                    at: rfc3339(rollout.began_ns),
                    lag_s: seconds(*lag_ns),
                    text: words::recovery_rollout(material, rollout, *lag_ns),
                }
            })
            .collect(),
    }
}

fn rollout_row(report: &Report, material: &IncidentMaterial<'_>, own: &incident::Rollout) -> Rollout {
    let place = match material.incident.extent {
        None => "around",
        Some((first, _)) if own.began_ns <= first => "before",
        Some((_, last)) if own.began_ns > last => "after",
        Some(_) => "during",
    };
    Rollout {
        service: named(&own.service),
        revision: own.revision.clone(),
        began: rfc3339(own.began_ns),
        began_local: local(own.began_ns, material.zone),
        reported: own.reported_ns.map(rfc3339),
        outcome: own.outcome.clone(),
        by: own.by.clone(),
        message: own.message.clone().filter(|_| report.run.examples),
        place: place.into(),
    }
}

fn gaps(material: &IncidentMaterial<'_>) -> Vec<ExportGap> {
    let window = material.window;
    let row = |own: &incident::Gap| ExportGap {
        since: rfc3339(own.from_ns),
        until: rfc3339(own.to_ns),
        service: named(&own.service),
        what: if own.below.is_some() { "INFO and below" } else { "everything" }.into(),
        seconds: seconds(own.to_ns - own.from_ns),
        inside: own.from_ns < window.until_ns && own.to_ns > window.since_ns,
    };
    material.incident.gaps.iter().map(row).collect()
}

fn series(material: &IncidentMaterial<'_>) -> Series {
    let minute = 60 * SECOND_NS;
    let from = material.around.since_ns.div_euclid(minute) * minute;
    let length = material.around.until_ns - from;
    let fits = |own: &&i64| length <= STEPS * **own * minute;
    let step = STEP_MINUTES.iter().find(fits).unwrap_or(&STEP_MINUTES[STEP_MINUTES.len() - 1]) * minute;
    let n = usize::try_from((length + step - 1).div_euclid(step)).unwrap_or(0);
    let blank = |service: &str| {
        let own = material.coverage.services.get(service).map_or(&[][..], |own| own.intervals.as_slice());
        let covered = |at: usize| {
            let start = from + i64::try_from(at).unwrap_or(0) * step;
            2.0 * covered_s(own, start, start + step) >= seconds(step)
        };
        ServiceSeries {
            service: named(service),
            entries: vec![0; n],
            warnings: vec![0; n],
            errors: vec![0; n],
            covered: (0..n).map(covered).collect(),
        }
    };
    let mut rows: BTreeMap<String, ServiceSeries> = BTreeMap::new();
    let known = material.now.activity.keys().chain(material.coverage.services.keys());
    for service in known {
        rows.entry(named(service)).or_insert_with(|| blank(service));
    }
    for own in &material.incident.minutes {
        let Some(at) = usize::try_from((own.at_ns - from).div_euclid(step)).ok().filter(|at| *at < n) else { continue };
        let row = rows.entry(named(&own.service)).or_insert_with(|| blank(&own.service));
        row.entries[at] += own.entries;
        row.warnings[at] += own.warnings;
        row.errors[at] += own.errors;
        // What has rows was exported.
        row.covered[at] = true;
    }
    let order: Vec<String> = services(material).into_iter().map(|row| row.service).collect();
    let place = |name: &str| order.iter().position(|own| own == name).unwrap_or(order.len());
    let mut services: Vec<ServiceSeries> = rows.into_values().collect();
    services.sort_by(|a, b| place(&a.service).cmp(&place(&b.service)).then_with(|| a.service.cmp(&b.service)));
    Series {
        since: rfc3339(from),
        until: rfc3339(from + i64::try_from(n).unwrap_or(0) * step),
        step_s: u64::try_from(step / SECOND_NS).unwrap_or(60),
        services,
    }
}

fn commands(material: &IncidentMaterial<'_>, section: &Postmortem) -> Vec<Command> {
    let row = |what: &str, command: String| Command { what: what.to_owned(), command };
    let (since, until) = (rfc3339_seconds(material.around.since_ns), rfc3339_seconds(material.around.until_ns));
    let around = format!("--since {since} --until {until}{}", material.flags);
    let mut rows = Vec::new();
    if let Some(command) = section.extent.as_ref().and_then(|extent| extent.command.clone()) {
        rows.push(row("The same document for the time that the data shows", command));
    }
    if let Some(first) = section.signals.first() {
        rows.push(row(
            "All entries around the first signal, all services in the order of time",
            format!("gardener show {} --around 30s{}", first.at, material.flags),
        ));
    }
    rows.push(row("Rows per minute and service", format!("gardener query minutes {around}")));
    rows.push(row("Values of fields, in the window", format!("gardener query field_values {around}")));
    rows.push(row(
        "Revisions: when they wrote, and what was reported of them",
        format!("gardener query revisions {around}"),
    ));
    rows.push(row("Requests by route and answer", format!("gardener query requests {around}")));
    for change in section.rose.iter().take(3) {
        rows.push(row(
            "Everything known of a cluster that rose",
            format!(
                "gardener explain {} --since {} --until {}{}",
                change.cluster,
                rfc3339_seconds(material.window.since_ns),
                rfc3339_seconds(material.window.until_ns),
                material.flags
            ),
        ));
    }
    rows
}

/// The fields of the usual templates of reviews that only people can fill.
fn blanks() -> Vec<Blank> {
    const BLANKS: [(&str, &str); 11] = [
        ("Customer impact", "Who noticed what, in the customers' words; money, contracts and promises concerned."),
        (
            "Detection",
            "Who or what noticed first, and when (begin with the time, as 2025-09-21T17:45:00Z: the lag is computed). Should an alert have told it, and which?",
        ),
        ("Response", "Who did what when, from the first page to the end; decisions, with what was known at the time."),
        (
            "Root cause",
            "What led to it, as far as it is understood and proved. Logs show what came before; they prove no cause.",
        ),
        (
            "Contributing factors",
            "What made it possible, likelier, longer or larger: in code, configuration, tests, process, load.",
        ),
        ("Mitigation", "What ended it, and how it is known that this did."),
        ("What went well", "What worked, and should stay as it is."),
        ("What went wrong", "What did not work in detection, response or tools."),
        ("Where we got lucky", "What would have made it worse, and did not happen."),
        ("Lessons learned", "What is known now that was not known before."),
        ("Action items", "One line each: what, kind (prevent, detect, mitigate), owner, due date, issue."),
    ];
    BLANKS.iter().map(|(key, hint)| Blank { key: (*key).to_owned(), hint: (*hint).to_owned() }).collect()
}
