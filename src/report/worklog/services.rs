//! The table of services: counts, revisions, owner, the most urgent priority.

use std::collections::BTreeMap;

use super::{Material, level};
use crate::analyze::{Priority, Ranked};
use crate::record::Severity;
use crate::report::{facts, v1};
use crate::time::rfc3339;

/// Services, most urgent first.
pub(super) fn services(material: &Material<'_>) -> Vec<v1::ServiceRow> {
    let mut rows: BTreeMap<(String, String), v1::ServiceRow> = BTreeMap::new();
    for total in material.totals {
        let row = rows.entry((total.project.clone(), total.service.clone())).or_default();
        row.entries += total.n;
        row.errors += if total.effective >= Severity::Error { total.n } else { 0 };
        row.warnings += if total.effective == Severity::Warning { total.n } else { 0 };
    }
    let all = &material.analysis.clusters;
    for Ranked { cluster, .. } in all.iter().filter(|row| row.cluster.silent.as_ref().is_some_and(|s| s.whole_service))
    {
        // A service that wrote nothing has no rows to be counted, and is the one to be seen.
        rows.entry((cluster.key.project.clone(), cluster.key.service.clone())).or_default();
    }
    let mut shown: BTreeMap<(String, String), Vec<&Ranked>> = BTreeMap::new();
    for row in all.iter().filter(|row| row.cluster.is_shown()) {
        let key = &row.cluster.key;
        shown.entry((key.project.clone(), key.service.clone())).or_default().push(row);
    }
    let mut locations: BTreeMap<&str, &str> = BTreeMap::new();
    for Ranked { cluster, .. } in all {
        if let Some(location) = cluster.example.as_ref().and_then(|example| example.location.as_deref()) {
            locations.entry(&cluster.key.service).or_insert(location);
        }
    }
    let mut rows: Vec<v1::ServiceRow> = rows
        .into_iter()
        .map(|(key, mut row)| {
            let own = shown.remove(&key).unwrap_or_default();
            let (project, service) = key;
            for Ranked { cluster, .. } in &own {
                for (revision, (n, _)) in &cluster.revisions {
                    *row.revisions.entry(revision.clone()).or_default() += n;
                }
                if let Some(http) = &cluster.http {
                    row.requests += cluster.entries;
                    row.requests_5xx +=
                        if http.status.is_some_and(|status| status >= 500) { cluster.entries } else { 0 };
                }
            }
            let worst = own.iter().map(|row| &row.priority).min_by_key(|priority| priority.level);
            row.worst_priority = worst.map(Priority::word).unwrap_or_default();
            if let Some(location) = locations.get(service.as_str()) {
                (*location).clone_into(&mut row.location);
            }
            if row.requests > 0 {
                let per_1000 = |n: u64| facts::rounded(1_000.0 * n as f64 / row.requests as f64, 2);
                row.errors_per_1000_requests = Some(per_1000(row.errors));
                row.requests_5xx_per_1000 = Some(per_1000(row.requests_5xx));
            }
            let gone = own
                .iter()
                .filter_map(|row| row.cluster.silent.as_ref())
                .find(|silent| silent.whole_service && silent.is_open());
            row.silent_since = gone.map(|silent| rfc3339(silent.last_ns));
            row.owner = material.config.service_rule(&service).and_then(|rule| rule.owner.clone());
            row.repo = material.config.repo_of(&service).map(str::to_owned);
            row.project = project;
            row.service = service;
            row
        })
        .collect();
    rows.sort_by(|a, b| {
        level(&a.worst_priority)
            .cmp(&level(&b.worst_priority))
            .then(b.errors.cmp(&a.errors))
            .then(a.service.cmp(&b.service))
            .then(a.project.cmp(&b.project))
    });
    rows
}
