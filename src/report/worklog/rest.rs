//! What is counted and not told: the clusters beyond the limit, exactly, and the rows that only they would have.

use std::collections::BTreeSet;

use super::{Material, family_priority};
use crate::analyze::{Cluster, Family, Priority, Ranked, Role};
use crate::report::sentences::{count, of};
use crate::report::v1;

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
    let mut services: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (_, ranked) in is_told.iter().zip(all).filter(|(told, _)| !**told) {
        let Cluster { key, entries, attached, events, .. } = &ranked.cluster;
        if ranked.role != Role::Symptom && ranked.cluster.is_loud() && ranked.cluster.is_shown() {
            rest.findings += 1;
            *rest.statuses.entry(ranked.status.status.as_str().to_owned()).or_default() += 1;
            *rest.priority.entry(urgency(ranked, material)).or_default() += 1;
        }
        if !ranked.cluster.is_present() {
            rest.absent += 1;
            continue;
        }
        rest.clusters += 1;
        rest.entries += entries;
        rest.attached += attached;
        rest.events += events;
        rest.loud += u64::from(ranked.cluster.is_loud());
        services.insert((&key.project, &key.service));
        *rest.effective_severity.entry(ranked.cluster.effective_severity().as_str().to_owned()).or_default() += 1;
    }
    rest.services = services.len() as u64;
    if rest.clusters + rest.absent == 0 {
        return None;
    }
    let routes = report.routes.iter().skip(limit);
    (rest.routes, rest.requests) = routes.fold((0, 0), |sum, row| (sum.0 + 1, sum.1 + row.requests));
    let named = named(report, limit);
    let unnamed = report.services.iter().filter(|row| !named.contains(row.service.as_str()));
    (rest.service_rows, rest.service_entries) = unnamed.fold((0, 0), |sum, row| (sum.0 + 1, sum.1 + row.entries));
    rest.sentence = sentence(&rest, report.clusters.len() as u64);
    Some(rest)
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

fn sentence(rest: &v1::Rest, told: u64) -> String {
    let mut sentence = format!(
        "{} {} told one by one here, the most urgent ones",
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
            count(rest.loud)
        ));
    }
    if rest.absent > 0 {
        sentence.push_str(&format!("; {} without an entry in the window as well", count(rest.absent)));
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
