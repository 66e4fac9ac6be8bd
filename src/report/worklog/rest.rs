//! What is counted and not told: the clusters beyond the limit, exactly, and the rows that only they would have.

use std::collections::BTreeSet;

use super::{Material, family_priority, family_span};
use crate::analyze::{Cluster, Family, Priority, Ranked, Role, Status};
use crate::report::sentences::{count, of};
use crate::report::v1;

/// Places of the clusters that a report tells one by one, ascending: the most urgent ones. What went away ranks behind what
/// goes on and is looked for all the same, so up to half of the places are kept for it.
pub fn told(clusters: &[Ranked], limit: usize) -> Vec<usize> {
    if clusters.len() <= limit {
        return (0..clusters.len()).collect();
    }
    let silent = (0..clusters.len()).filter(|at| clusters[*at].cluster.silent.is_some());
    let gone = (0..clusters.len()).filter(|at| is_problem(&clusters[*at]) && is_gone(&clusters[*at]));
    let mut is_told = vec![false; clusters.len()];
    silent.chain(gone).take(limit / 2).for_each(|at| is_told[at] = true);
    let mut room = limit - is_told.iter().filter(|told| **told).count();
    for told in &mut is_told {
        if room > 0 && !*told {
            *told = true;
            room -= 1;
        }
    }
    (0..clusters.len()).filter(|at| is_told[*at]).collect()
}

/// Whether the lists of what is new, worse or gone name a cluster: loud, no symptom, and no fault of the data.
pub(in crate::report) fn is_problem(ranked: &Ranked) -> bool {
    let cluster = &ranked.cluster;
    cluster.is_loud() && ranked.role != Role::Symptom && !cluster.data_quality && cluster.silent.is_none()
}

fn is_gone(ranked: &Ranked) -> bool {
    matches!(ranked.status.status, Status::Resolved | Status::Quiet)
}

/// The sums of everything that is left out; `None` where that is nothing. `is_told` is of each cluster of the analysis,
/// `families` are those without a member that is told.
pub(super) fn rest(
    material: &Material<'_>,
    report: &v1::Report,
    is_told: &[bool],
    families: &[&Family],
) -> Option<v1::Rest> {
    let all = &material.analysis.clusters;
    let limit = material.config.limits.report_clusters;
    let mut rest = v1::Rest { limit: limit as u64, families: families.len() as u64, ..v1::Rest::default() };
    let (mut services, mut loud_services) = (BTreeSet::<(&str, &str)>::new(), BTreeSet::<(&str, &str)>::new());
    for (at, ranked) in all.iter().enumerate().filter(|(at, _)| !is_told[*at]) {
        let Cluster { key, entries, attached, events, .. } = &ranked.cluster;
        let is_loud = ranked.cluster.is_loud() && ranked.cluster.is_shown();
        list(&mut rest.lists, ranked, material, at);
        if is_loud {
            rest.loud += 1;
            rest.loud_entries += entries;
            loud_services.insert((&key.project, &key.service));
        }
        if ranked.role != Role::Symptom && is_loud {
            let urgency = urgency(ranked, material);
            rest.findings += 1;
            rest.lists.next += u64::from(super::level(&urgency) <= 2 && !is_gone(ranked));
            *rest.statuses.entry(ranked.status.status.as_str().to_owned()).or_default() += 1;
            *rest.problem_priority.entry(urgency).or_default() += 1;
        }
        if !ranked.cluster.is_present() {
            rest.absent += 1;
            rest.absent_silent += u64::from(is_loud);
            continue;
        }
        rest.clusters += 1;
        rest.entries += entries;
        rest.attached += attached;
        rest.events += events;
        services.insert((&key.project, &key.service));
        *rest.priority.entry(ranked.priority.word()).or_default() += 1;
        *rest.effective_severity.entry(ranked.cluster.effective_severity().as_str().to_owned()).or_default() += 1;
    }
    (rest.services, rest.loud_services) = (services.len() as u64, loud_services.len() as u64);
    for family in families {
        let (first_ns, last_ns) = family_span(family, all);
        rest.lists.timeline += 1 + u64::from(first_ns != last_ns);
    }
    if rest.clusters + rest.absent == 0 {
        return None;
    }
    let routes = report.routes.iter().skip(limit);
    (rest.routes, rest.requests) = routes.fold((0, 0), |sum, row| (sum.0 + 1, sum.1 + row.requests));
    let named = named(report, limit);
    let unnamed = report.services.iter().filter(|row| !named.contains(row.service.as_str()));
    (rest.service_rows, rest.service_entries) = unnamed.fold((0, 0), |sum, row| (sum.0 + 1, sum.1 + row.entries));
    rest.sentence = sentence(&rest, report.clusters.len() as u64, report.totals.further);
    Some(rest)
}

/// Counts the rows that a cluster would have in the lists of the report.
fn list(lists: &mut v1::RestLists, ranked: &Ranked, material: &Material<'_>, at: usize) {
    let (cluster, status) = (&ranked.cluster, ranked.status.status);
    lists.silent += u64::from(cluster.silent.is_some());
    lists.impact += u64::from(ranked.priority.impact.is_some() && cluster.is_loud() && cluster.is_shown());
    if cluster.is_loud() && cluster.is_shown() {
        let ends = cluster.silent.as_ref().map_or(status == Status::Resolved, |silent| !silent.is_open());
        lists.timeline += 1 + u64::from(ends);
    }
    let is_whole_service = cluster.silent.as_ref().is_some_and(|silent| silent.whole_service);
    if cluster.is_loud() && !cluster.data_quality && !is_whole_service {
        let values = material.parameters.get(at).map_or(&[][..], Vec::as_slice);
        lists.values += values.iter().filter(|value| value.drift().is_some()).count() as u64;
    }
    if is_problem(ranked) {
        match status {
            Status::New => lists.new += 1,
            Status::Regressed => lists.regressed += 1,
            Status::Escalating => lists.escalating += 1,
            Status::Resolved | Status::Quiet => lists.gone += 1,
            _ => {}
        }
    }
}

/// The priority of a problem: of a root, that of its family where it is more urgent.
fn urgency(ranked: &Ranked, material: &Material<'_>) -> String {
    let own = Priority::word(&ranked.priority);
    let family = ranked.family.filter(|_| ranked.role == Role::Root).map(|at| &material.analysis.families[at]);
    let of_family = family.map(|family| family_priority(family, &material.analysis.clusters));
    of_family.filter(|word| super::level(word) < super::level(&own)).unwrap_or(own)
}

/// Services with a row of their own: the most urgent ones, and those of the clusters that are told.
fn named(report: &v1::Report, limit: usize) -> BTreeSet<&str> {
    let first = report.services.iter().take(limit).map(|row| row.service.as_str());
    first.chain(report.clusters.iter().map(|cluster| cluster.service.as_str())).collect()
}

fn sentence(rest: &v1::Rest, told: u64, further: u64) -> String {
    let mut sentence = format!(
        "{} {} told one by one here, the most urgent ones and what went away",
        of(told, "cluster", "clusters"),
        if told == 1 { "is" } else { "are" }
    );
    if rest.clusters > 0 {
        sentence.push_str(&format!(
            "; {} more {} only counted: {} and {} of {}, {} of these clusters of WARNING and above",
            count(rest.clusters),
            if rest.clusters == 1 { "is" } else { "are" },
            of(rest.entries, "entry", "entries"),
            of(rest.attached, "attached row", "attached rows"),
            of(rest.services, "service", "services"),
            count(rest.loud - rest.absent_silent)
        ));
    }
    if rest.absent > 0 {
        sentence.push_str(&format!("; {} without an entry in the window as well", count(rest.absent)));
    }
    if further > 0 {
        let further = of(further, "entry", "entries");
        sentence.push_str(&format!("; {further} of further templates, counted together, are in no cluster"));
    }
    sentence.push_str(&format!(
        ". Nothing is planned for them; report-clusters = {} under [limits] of gardener.toml decides how many are told; --service or a shorter window leaves fewer out.",
        count(rest.limit)
    ));
    sentence
}

/// Takes the rows out that [`rest`] has counted.
pub(super) fn cut(report: &mut v1::Report) {
    let Some(limit) = report.rest.as_ref().and_then(|rest| usize::try_from(rest.limit).ok()) else { return };
    let kept: BTreeSet<String> = named(report, limit).into_iter().map(str::to_owned).collect();
    report.routes.truncate(limit);
    report.services.retain(|row| kept.contains(&row.service));
    report.coverage.services.retain(|name, _| kept.contains(name));
}
