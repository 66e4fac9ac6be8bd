//! The timeline of a postmortem: what was asked, what came, what people and platforms did, and where the export has gaps.
//!
//! Clusters of one family are told once, by their family. A row within a second of the one before it says that their order
//! is unknown.

use std::collections::BTreeSet;

use super::words::{audited, quote, rolled};
use super::{IncidentMaterial, Names, in_words, named};
use crate::analyze::incident::{NEAR_NS, What, is_same_moment};
use crate::report::sentences::of;
use crate::report::v1::Report;
use crate::report::v1_postmortem::Moment;
use crate::time::{local, parse, rfc3339};

/// Clusters whose first and last event stand in the timeline.
const CLUSTERS: usize = 40;

struct Rows<'a> {
    zone: &'a jiff::tz::TimeZone,
    rows: Vec<(i64, u8, Moment)>,
}

impl Rows<'_> {
    fn add(&mut self, at_ns: i64, rank: u8, kind: &str, text: String, cluster: Option<String>) {
        let row = Moment {
            at: rfc3339(at_ns),
            at_local: local(at_ns, self.zone),
            kind: kind.to_owned(),
            text,
            cluster,
            order_unknown: false,
        };
        self.rows.push((at_ns, rank, row));
    }
}

/// Everything that happened, in order of time.
pub(super) fn moments(report: &Report, material: &IncidentMaterial<'_>, names: &Names) -> Vec<Moment> {
    let incident = material.incident;
    let (first, last) = incident.extent.unwrap_or((material.window.since_ns, material.window.until_ns));
    let mut rows = Rows { zone: material.zone, rows: Vec::new() };
    rows.add(material.window.since_ns, 0, "asked", "the window asked for begins".into(), None);
    rows.add(material.window.until_ns, 9, "asked", "the window asked for ends".into(), None);
    for gap in &incident.gaps {
        let what = if gap.below.is_some() { "INFO and below" } else { "everything" };
        let text = format!(
            "{}: {what} not exported for {}",
            named(&gap.service),
            in_words((gap.to_ns - gap.from_ns) as f64 / 1e9)
        );
        rows.add(gap.from_ns, 1, "gap", text, None);
    }
    for own in &incident.rollouts {
        rows.add(own.began_ns, 2, "rollout", rolled(own), None);
        if let Some(at) = own.reported_ns.filter(|at| !is_same_moment(own.began_ns, *at)) {
            let message = own.message.as_ref().filter(|_| report.run.examples);
            let message = message.map_or_else(String::new, |text| format!(": {}", quote(text)));
            let text = format!("{}: deploy of {} reported {}{message}", named(&own.service), own.revision, own.outcome);
            rows.add(at, 3, "reported", text, None);
        }
    }
    for own in incident.audit.iter().filter(|own| (first - NEAR_NS..=last + NEAR_NS).contains(&own.at_ns)) {
        rows.add(own.at_ns, 3, "change", audited(own), Some(names.id(&own.key)));
    }
    let ns = |text: &str| parse(text).map(|at| at.ns);
    for family in &report.families {
        if let Some(at) = ns(&family.first) {
            let text = format!("{}: {}", family.service, family.sentence);
            rows.add(at, 5, &family.kind, text, Some(family.id.clone()));
        }
        if let Some(at) = ns(&family.last).filter(|_| family.last != family.first) {
            let text = format!("{}: last of {}", family.service, of(family.events, "event", "events"));
            rows.add(at, 5, &family.kind, text, Some(family.id.clone()));
        }
    }
    let members: BTreeSet<&str> =
        report.families.iter().flat_map(|own| own.members.iter().map(String::as_str)).collect();
    let signal = incident.signals.first();
    let told = |change: &&crate::analyze::incident::Change| {
        let id = names.id(&change.cluster.key);
        let is_signal = signal.is_some_and(|own| own.key == change.cluster.key);
        // Lines of INFO that merely came more often are in the table; audit entries have rows of their own.
        let tells = change.is_loud() || !change.what.is_rise() || change.what == What::FirstSeen;
        is_signal || tells && !members.contains(id.as_str()) && change.cluster.key.kind != "audit"
    };
    for change in incident.compared.changes.iter().filter(told).take(CLUSTERS) {
        let (id, title) = (names.id(&change.cluster.key), quote(&names.title(&change.cluster.key)));
        let service = named(&change.cluster.key.service);
        if change.what.is_rise() {
            let inside: Vec<i64> = change.times_ns.iter().copied().filter(|at| (first..=last).contains(at)).collect();
            let (Some(from), Some(to)) = (inside.first(), inside.last()) else { continue };
            let is_signal = signal.is_some_and(|own| own.key == change.cluster.key);
            let kind = if is_signal { "first_signal" } else { "first" };
            rows.add(*from, 4, kind, format!("{service}: {title}"), Some(id.clone()));
            if from != to && !members.contains(id.as_str()) {
                let text = format!("{service}: last of {} of {title}", of(inside.len() as u64, "event", "events"));
                rows.add(*to, 6, "last", text, Some(id));
            }
        } else {
            let before = change.times_ns.iter().rev().find(|at| **at <= first);
            let back = change.times_ns.iter().find(|at| **at > first.max(before.copied().unwrap_or(first)));
            if let Some(at) = before {
                rows.add(
                    *at,
                    4,
                    "last_before",
                    format!("{service}: last before it {} {title}", change.what.as_str()),
                    Some(id.clone()),
                );
            }
            if let Some(at) = back.filter(|_| change.what == What::Vanished) {
                rows.add(*at, 7, "back", format!("{service}: {title} is there again"), Some(id));
            }
        }
    }
    if let Some((_, last)) = incident.extent {
        let text =
            if incident.silent { "end of the silence in the data" } else { "last event of the incident in the data" };
        rows.add(last, 8, "end", text.into(), None);
    }
    for own in &incident.recovery.served {
        let text = format!(
            "{}: first request answered below 500 after it: {}",
            named(&own.key.service),
            quote(&names.title(&own.key))
        );
        rows.add(own.at_ns, 8, "answered", text, Some(names.id(&own.key)));
    }
    let mut rows = rows.rows;
    rows.sort_by(|a, b| (a.0, a.1, &a.2.kind, &a.2.text).cmp(&(b.0, b.1, &b.2.kind, &b.2.text)));
    let mut before: Option<i64> = None;
    rows.into_iter()
        .map(|(at_ns, _, mut row)| {
            // What was asked and what was exported are no events of the incident.
            if row.kind != "asked" && row.kind != "gap" {
                row.order_unknown = before.is_some_and(|before| is_same_moment(before, at_ns));
                before = Some(at_ns);
            }
            row
        })
        .collect()
}
