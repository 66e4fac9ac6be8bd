//! Deploys of the week, with what came and went with them.
//!
//! The test of revisions (`analyze/deploy.rs`) claims what can be told from chance over all that is stored. A week wants to
//! know of what has only begun as well: "came" needs an entry in that revision within a day, and none in the week before;
//! "went" needs silence since, where at least three episodes would have come at the rate of the week before, or a crash loop
//! whose last exit stands right before it. All of it says what follows what, never that it is the cause.

use super::{WeeklyMaterial, covered_ns};
use crate::report::v1;
use crate::report::v1_weekly::{DeployRow, Moved};
use crate::report::worklog::{is_loud, is_present};
use crate::store::Deploy;
use crate::time::{DAY_NS, HOUR_NS, Window, parse, rfc3339};

/// Time before a deploy that it is compared with.
const BEFORE_NS: i64 = 7 * DAY_NS;
/// Episodes expected from which silence says something.
const EXPECTED: f64 = 3.0;

pub(super) fn deploys(material: &WeeklyMaterial<'_>) -> Vec<DeployRow> {
    material
        .deploys
        .iter()
        .zip(&material.report.deploys)
        .map(|(deploy, row)| DeployRow {
            revision: row.revision.clone(),
            service: row.service.clone(),
            at: row.at.clone(),
            outcome: row.outcome.clone(),
            by: row.by.clone(),
            came: with(material, came(material, deploy), &row.appeared, |cluster| &cluster.first),
            went: with(material, went(material, deploy), &row.gone, |cluster| &cluster.last),
        })
        .collect()
}

/// Adds what the test of revisions claims beside it, by priority.
fn with(
    material: &WeeklyMaterial<'_>,
    mut found: Vec<Moved>,
    claimed: &[String],
    at: impl Fn(&v1::Cluster) -> &String,
) -> Vec<Moved> {
    let known: Vec<String> = found.iter().map(|row| row.cluster.clone()).collect();
    let more =
        material.report.clusters.iter().filter(|row| {
            claimed.contains(&row.id) && !known.contains(&row.id) && is_loud(row) && row.role != "symptom"
        });
    found.extend(more.map(|row| Moved { cluster: row.id.clone(), title: row.title.clone(), at: at(row).clone() }));
    found
}

fn moved(row: &v1::Cluster, at_ns: i64) -> Moved {
    Moved { cluster: row.id.clone(), title: row.title.clone(), at: rfc3339(at_ns) }
}

/// The next deploy of the same service.
fn next_ns(material: &WeeklyMaterial<'_>, deploy: &Deploy) -> i64 {
    let later = material.deploys.iter().filter(|other| other.service == deploy.service && other.at_ns > deploy.at_ns);
    later.map(|other| other.at_ns).min().unwrap_or(i64::MAX)
}

fn came(material: &WeeklyMaterial<'_>, deploy: &Deploy) -> Vec<Moved> {
    let until_ns = next_ns(material, deploy).min(deploy.at_ns + DAY_NS);
    let service = deploy.service.as_deref().unwrap_or_default();
    // The platform says that a revision is ready when it has written for a while.
    let wrote_ns = material.revisions.get(&(service.to_owned(), deploy.revision.clone())).copied();
    let since_ns = wrote_ns.filter(|ns| *ns > deploy.at_ns - HOUR_NS).unwrap_or(deploy.at_ns).min(deploy.at_ns);
    let mut found = Vec::new();
    for (row, ranked) in material.pairs() {
        let cluster = &ranked.cluster;
        if !is_loud(row) || !is_present(row) || row.role == "symptom" || row.service != service {
            continue;
        }
        let Some(runs) = material.runs.get(&cluster.key) else { continue };
        let quiet = runs.iter().all(|(first, last)| *last < since_ns - BEFORE_NS || *first >= since_ns);
        let first = runs.iter().map(|(first, _)| *first).find(|first| *first >= since_ns);
        if let Some(first_ns) = first.filter(|first| quiet && *first < until_ns)
            && cluster.revisions.contains_key(&deploy.revision)
        {
            found.push(moved(row, first_ns));
        }
    }
    found
}

fn went(material: &WeeklyMaterial<'_>, deploy: &Deploy) -> Vec<Moved> {
    let service = deploy.service.as_deref().unwrap_or_default();
    let before = Window { since_ns: deploy.at_ns - BEFORE_NS, until_ns: deploy.at_ns };
    let after = Window { since_ns: deploy.at_ns, until_ns: material.window().until_ns };
    let mut found = Vec::new();
    for (row, ranked) in material.pairs() {
        let cluster = &ranked.cluster;
        if !is_loud(row) || row.role == "symptom" || row.service != service {
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
        if !between && (expected >= EXPECTED || ends_a_loop(material.report, row, deploy.at_ns)) {
            found.push(moved(row, last_ns));
        }
    }
    found
}

/// Whether the deploy stands within an hour after the last exit of the crash loop that this cluster is the root of.
fn ends_a_loop(report: &v1::Report, row: &v1::Cluster, at_ns: i64) -> bool {
    let loops = report.families.iter().filter(|family| family.kind == "crash_loop" && family.root == row.id);
    loops.filter_map(|family| parse(&family.last)).any(|last| last.ns < at_ns && at_ns - last.ns <= HOUR_NS)
}
