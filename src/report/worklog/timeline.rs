//! What happened, in order of time: deploys, families, first and last entries, silences, caps.

use super::{Material, is_loud, is_shown};
use crate::analyze::Status;
use crate::report::{quality, v1};
use crate::time::rfc3339;

/// The rows, oldest first.
pub(super) fn timeline(report: &v1::Report, material: &Material<'_>) -> Vec<v1::TimelineRow> {
    let row = |at: &str, kind: &str, text: String, cluster: Option<&str>| v1::TimelineRow {
        at: at.to_owned(),
        kind: kind.to_owned(),
        text,
        cluster: cluster.map(str::to_owned),
    };
    let mut rows = Vec::new();
    for deploy in &report.deploys {
        let by = deploy.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
        rows.push(row(
            &deploy.at,
            "deploy",
            format!("{} {}: deploy {}{by}", deploy.service, deploy.revision, deploy.outcome),
            None,
        ));
    }
    for family in &report.families {
        rows.push(row(
            &family.first,
            "family_begins",
            format!("{}: {}", family.service, family.sentence),
            Some(&family.id),
        ));
        if family.last != family.first {
            rows.push(row(
                &family.last,
                "family_ends",
                format!("last event of {} ({} events)", family.id, family.events),
                Some(&family.id),
            ));
        }
    }
    for cluster in report.clusters.iter().filter(|cluster| is_loud(cluster) && is_shown(cluster)) {
        if let Some(silent) = &cluster.silent {
            let name = if silent.whole_service { "the service" } else { cluster.title.as_str() };
            rows.push(row(
                &silent.last,
                "went_silent",
                format!("{}: last entry of {name}", cluster.service),
                Some(&cluster.id),
            ));
            rows.extend(silent.until.as_ref().map(|until| {
                row(
                    until,
                    "came_back",
                    format!("{}: first entry of {name} after it", cluster.service),
                    Some(&cluster.id),
                )
            }));
            continue;
        }
        let what = if cluster.status == Status::New.as_str() { "first_seen" } else { "first_in_window" };
        rows.push(row(&cluster.first, what, format!("{}: {}", cluster.service, cluster.title), Some(&cluster.id)));
        if cluster.status == Status::Resolved.as_str() {
            rows.push(row(
                &cluster.last,
                "last_seen",
                format!("{}: last entry of {}", cluster.service, cluster.title),
                Some(&cluster.id),
            ));
        }
    }
    for cap in &material.coverage.caps {
        rows.push(row(
            &rfc3339(if cap.oldest_first { cap.newest_ns } else { cap.oldest_ns }),
            "coverage",
            quality::cap(cap),
            None,
        ));
    }
    rows.sort_by(|a, b| (&a.at, &a.kind, &a.text).cmp(&(&b.at, &b.kind, &b.text)));
    rows
}
