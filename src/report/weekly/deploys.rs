//! Deploys of the week, with what came and went with them.
//!
//! The test of revisions (`analyze/deploy.rs`) claims what can be told from chance over all that is stored. A week wants to
//! know of what has only begun as well: "came" needs an entry in that revision within a day, and none in the week before;
//! "went" needs silence since, where at least three episodes would have come at the rate of the week before, or a crash loop
//! whose last exit stands right before it. All of it says what follows what, never that it is the cause.

use std::collections::BTreeSet;

use super::{WeeklyMaterial, covered_ns};
use crate::analyze::{Analysis, Change, Cluster, Family, FamilyKind, MISSED, Ranked, Revisions, Role, missed_before};
use crate::report::v1;
use crate::report::v1_weekly::{DeployRow, Moved};
use crate::report::worklog::{family_span, name};
use crate::store::Deploy;
use crate::time::{DAY_NS, HOUR_NS, Window, rfc3339};

/// Time before a deploy that it is compared with.
const BEFORE_NS: i64 = 7 * DAY_NS;
/// Episodes expected from which silence says something.
const EXPECTED: f64 = 3.0;

pub(super) fn deploys(material: &WeeklyMaterial<'_>) -> Vec<DeployRow> {
    let row = |(deploy, row): (&Deploy, &v1::Deploy)| {
        let came = came(material, deploy);
        let came = with(material, came, row, |ties| ties.appeared.as_ref(), |cluster| cluster.first_ns);
        let went = went(material, deploy);
        let went = with(material, went, row, |ties| ties.gone.as_ref(), |cluster| cluster.last_ns);
        let ((came, came_more), (went, went_more)) = (told(material, came), told(material, went));
        DeployRow {
            revision: row.revision.clone(),
            service: row.service.clone(),
            at: row.at.clone(),
            outcome: row.outcome.clone(),
            by: row.by.clone(),
            came,
            came_more,
            went,
            went_more,
        }
    };
    material.deploys.iter().zip(&material.report.deploys).map(row).collect()
}

/// Places of clusters, each with the time at which it came or went.
type Found = Vec<(usize, i64)>;

/// Adds what the test of revisions claims beside it, by priority.
fn with(
    material: &WeeklyMaterial<'_>,
    mut found: Found,
    deploy: &v1::Deploy,
    change: impl Fn(&Revisions) -> Option<&Change>,
    at_ns: impl Fn(&Cluster) -> i64,
) -> Found {
    let known: BTreeSet<usize> = found.iter().map(|(at, _)| *at).collect();
    let claimed = |ranked: &Ranked| {
        let change = change(&ranked.revisions);
        ranked.cluster.key.service == deploy.service
            && change.is_some_and(|change| change.revision == deploy.revision)
            && ranked.cluster.is_loud()
            && ranked.role != Role::Symptom
    };
    let more = material.all().filter(|(at, _, ranked)| !known.contains(at) && claimed(ranked));
    found.extend(more.map(|(at, _, ranked)| (at, at_ns(&ranked.cluster))));
    found
}

/// The rows of clusters that the report tells, and how many more there are.
fn told(material: &WeeklyMaterial<'_>, found: Found) -> (Vec<Moved>, u64) {
    let all = found.len();
    let told = found.into_iter().filter(|(at, _)| material.tells(*at));
    let row = |(at, ns): (usize, i64)| Moved {
        cluster: material.ids[at].clone(),
        title: name(&material.analysis.clusters[at].cluster),
        at: rfc3339(ns),
    };
    let rows: Vec<Moved> = told.map(row).collect();
    let more = (all - rows.len()) as u64;
    (rows, more)
}

/// The next deploy of the same service.
fn next_ns(material: &WeeklyMaterial<'_>, deploy: &Deploy) -> i64 {
    let later = material.deploys.iter().filter(|other| other.service == deploy.service && other.at_ns > deploy.at_ns);
    later.map(|other| other.at_ns).min().unwrap_or(i64::MAX)
}

/// Whether a cluster is one that a deploy of a service may have brought or ended.
fn may_move(ranked: &Ranked, service: &str) -> bool {
    ranked.cluster.is_loud() && ranked.role != Role::Symptom && ranked.cluster.key.service == service
}

fn came(material: &WeeklyMaterial<'_>, deploy: &Deploy) -> Found {
    let until_ns = next_ns(material, deploy).min(deploy.at_ns + DAY_NS);
    let service = deploy.service.as_deref().unwrap_or_default();
    // The platform says that a revision is ready when it has written for a while.
    let wrote_ns = material.revisions.get(&(service.to_owned(), deploy.revision.clone())).copied();
    let since_ns = wrote_ns.filter(|ns| *ns > deploy.at_ns - HOUR_NS).unwrap_or(deploy.at_ns).min(deploy.at_ns);
    let mut found = Vec::new();
    for (at, _, ranked) in material.all() {
        let cluster = &ranked.cluster;
        if !may_move(ranked, service) || !cluster.is_present() {
            continue;
        }
        let Some(runs) = material.runs.get(&cluster.key) else { continue };
        let quiet = runs.iter().all(|(first, last)| *last < since_ns - BEFORE_NS || *first >= since_ns);
        let first = runs.iter().map(|(first, _)| *first).find(|first| *first >= since_ns);
        if let Some(first_ns) = first.filter(|first| quiet && *first < until_ns)
            && cluster.revisions.contains_key(&deploy.revision)
        {
            found.push((at, first_ns));
        }
    }
    found
}

fn went(material: &WeeklyMaterial<'_>, deploy: &Deploy) -> Found {
    let service = deploy.service.as_deref().unwrap_or_default();
    let before = Window { since_ns: deploy.at_ns - BEFORE_NS, until_ns: deploy.at_ns };
    let after = Window { since_ns: deploy.at_ns, until_ns: material.window().until_ns };
    let mut found = Vec::new();
    for (at, _, ranked) in material.all() {
        let cluster = &ranked.cluster;
        if !may_move(ranked, service) {
            continue;
        }
        let Some(runs) = material.runs.get(&cluster.key) else { continue };
        let Some(last_ns) = runs.iter().map(|(_, last)| *last).max().filter(|last| before.holds(*last)) else {
            continue;
        };
        // Another deploy stood between its last entry and this one: it went with that one, or before.
        let between = material
            .deploys
            .iter()
            .any(|other| other.service == deploy.service && other.at_ns > last_ns && other.at_ns < deploy.at_ns);
        let intervals = material.coverage.intervals_of(cluster);
        let (hours_before, hours_after) = (covered_ns(intervals, before), covered_ns(intervals, after));
        let episodes = runs.iter().filter(|(first, _)| before.holds(*first)).count();
        let expected = episodes as f64 * hours_after as f64 / (hours_before.max(1)) as f64;
        let with_it = missed_before(runs, deploy.at_ns) < MISSED;
        if !between && (with_it && expected >= EXPECTED || ends_a_loop(material.analysis, at, deploy.at_ns)) {
            found.push((at, last_ns));
        }
    }
    found
}

/// Whether the deploy stands within an hour after the last exit of the crash loop that this cluster is the root of.
fn ends_a_loop(analysis: &Analysis, root: usize, at_ns: i64) -> bool {
    let loops = analysis.families.iter().filter(|family| family.kind == FamilyKind::CrashLoop && family.root == root);
    let last = |family: &Family| family_span(family, &analysis.clusters).1;
    loops.map(last).any(|last_ns| last_ns < at_ns && at_ns - last_ns <= HOUR_NS)
}
