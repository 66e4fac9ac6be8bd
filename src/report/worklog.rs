//! The report of one window, from its analysis: ids, words and times are made here, nothing is counted.
//!
//! Every list is ordered and complete but for the clusters beyond the limit, which are in every sum; a document may cut it, and says so.

mod cluster;
mod data;
mod rest;
mod services;
mod timeline;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rayon::prelude::*;

use super::facts;
use super::quality;
use super::sentences;
use super::ties::Ties;
use super::v1;
use crate::analyze::{Analysis, Cadence, Cluster, Coverage, Family, Parameter, Priority, Ranked};
use crate::config::Config;
use crate::issue::{Fingerprint, FingerprintParts, FingerprintText, cluster_ids, issue_signature, top_signatures};
use crate::record::Severity;
use crate::record::ingest::FileReport;
use crate::store::Deploy;
use crate::time::{Window, local, rfc3339};

pub(super) use cluster::name;
pub use cluster::title;
pub(super) use rest::is_problem;
pub use rest::told;

/// Share of rows without payload from which the collector is at fault.
pub const PAYLOAD_LESS: f64 = 0.2;

/// Rows of one project, service, kind and severity.
#[derive(Debug, Clone)]
pub struct TotalRow {
    /// Project.
    pub project: String,
    /// Service.
    pub service: String,
    /// Kind.
    pub kind: String,
    /// Envelope severity.
    pub severity: Severity,
    /// Effective severity.
    pub effective: Severity,
    /// Rows.
    pub n: u64,
    /// Rows without payload.
    pub without_payload: u64,
    /// Oldest row.
    pub first_ns: i64,
    /// Newest row.
    pub last_ns: i64,
}

/// All that a report is made of.
#[derive(Debug)]
pub struct Material<'a> {
    /// The analysis.
    pub analysis: &'a Analysis,
    /// Places of the clusters that are told one by one, ascending; of the others only sums are made.
    pub told: &'a [usize],
    /// Variables per cluster, in the analysis' order.
    pub parameters: &'a [Vec<Parameter>],
    /// Coverage of the window.
    pub coverage: &'a Coverage,
    /// Sums.
    pub totals: &'a [TotalRow],
    /// Entries of templates beyond those that are kept one by one, which are in the sums and in no cluster.
    pub further: u64,
    /// Deploys in the window.
    pub deploys: &'a [Deploy],
    /// Files of the store.
    pub files: &'a [FileReport],
    /// Configuration.
    pub config: &'a Config,
    /// The window.
    pub window: Window,
    /// Zone of display.
    pub zone: &'a TimeZone,
    /// Name of that zone.
    pub zone_name: &'a str,
    /// Services asked for.
    pub services: &'a [String],
    /// Which run this is.
    pub run: v1::Run,
    /// Queries behind the numbers: name and question.
    pub queries: &'a [(String, String)],
    /// Number of conflicts between duplicates.
    pub conflicts: u64,
    /// Where values were not read from all messages: from how many, and the time of the last.
    pub values_cut: Option<(u64, i64)>,
}

/// Fingerprints of clusters, in their order.
pub fn fingerprints(clusters: &[&Cluster]) -> Vec<Fingerprint> {
    clusters.par_iter().map(|cluster| fingerprint(cluster)).collect()
}

/// Ids of all clusters of an analysis, in their order.
pub fn ids(analysis: &Analysis) -> Vec<String> {
    let clusters: Vec<&Cluster> = analysis.clusters.iter().map(|ranked| &ranked.cluster).collect();
    cluster_ids(&fingerprints(&clusters))
}

fn fingerprint(cluster: &Cluster) -> Fingerprint {
    let status =
        cluster.http.as_ref().and_then(|http| http.status).map_or_else(|| "-".to_owned(), |status| status.to_string());
    let text = match &cluster.http {
        Some(http) => FingerprintText::Request { method: &http.method, route: &http.route, status: &status },
        None => FingerprintText::Template(&cluster.canonical),
    };
    let key = &cluster.key;
    Fingerprint::of(&FingerprintParts {
        project: &key.project,
        service: &key.service,
        kind: &key.kind,
        exception: cluster.exception.as_deref(),
        text,
    })
}

fn signatures(cluster: &Cluster) -> Vec<(String, u64)> {
    let (key, exception) = (&cluster.key, cluster.exception.as_deref());
    let of = |sig: &str| issue_signature(&key.project, &key.service, &key.kind, exception, sig);
    let signatures: Vec<(String, u64)> = cluster.signatures.iter().map(|(sig, n)| (of(sig), *n)).collect();
    // What is not in the window has no counts to choose by, and is only looked up.
    if cluster.entries == 0 { signatures } else { top_signatures(&signatures) }
}

/// Fingerprints and issue signatures of clusters, in their order.
pub fn identities(clusters: &[&Cluster]) -> Vec<(Fingerprint, Vec<(String, u64)>)> {
    clusters.par_iter().map(|cluster| (fingerprint(cluster), signatures(cluster))).collect()
}

/// Makes the report; actions and links are added by the caller.
pub fn build(material: &Material<'_>) -> v1::Report {
    let all = &material.analysis.clusters;
    let clusters: Vec<&Cluster> = all.iter().map(|ranked| &ranked.cluster).collect();
    let fingerprints = fingerprints(&clusters);
    let ids = cluster_ids(&fingerprints);
    let mut report = v1::Report {
        schema: v1::SCHEMA.into(),
        schema_version: v1::VERSION.into(),
        run: material.run.clone(),
        window: data::window(material),
        coverage: data::coverage(material),
        totals: data::totals(material),
        deploys: material.deploys.iter().map(|deploy| deploy_row(deploy, material)).collect(),
        sources: material.files.iter().map(data::source).collect(),
        ..v1::Report::default()
    };
    let mut is_told = vec![false; all.len()];
    material.told.iter().for_each(|at| is_told[*at] = true);
    let families: Vec<&Family> = material.analysis.families.iter().collect();
    let (told, left): (Vec<&Family>, Vec<&Family>) =
        families.into_iter().partition(|family| family.members.iter().any(|member| is_told[*member]));
    report.families = told.par_iter().map(|family| family_row(family, material, &ids)).collect();
    let ties = Ties::new(material.analysis, &ids);
    let files: BTreeMap<&str, &str> =
        material.files.iter().rev().map(|file| (file.content_id.as_str(), file.path.as_str())).collect();
    let days = cluster::Days::new(material);
    let shared = cluster::Shared { material, ids: &ids, ties: &ties, files: &files, days: &days };
    report.clusters =
        material.told.par_iter().map(|at| cluster::cluster_row(&shared, *at, &fingerprints[*at])).collect();
    tie_deploys(&mut report);
    report.calibration = material.analysis.calibration.as_ref().map(facts::calibration);
    report.routes = material.analysis.routes.par_iter().map(facts::route).collect();
    let (services, (data_quality, timeline)) = rayon::join(
        || services::services(material),
        || rayon::join(|| quality::data_quality(material), || timeline::timeline(&report, material)),
    );
    (report.services, report.data_quality, report.timeline) = (services, data_quality, timeline);
    report.queries = queries(material);
    // Sums and sentences are of everything: rows are left out last, but for those of clusters.
    report.rest = rest::rest(material, &report, &is_told, &left);
    report.summary = sentences::summary(&report, material);
    rest::cut(&mut report);
    report
}

/// Which clusters came and went with each revision.
fn tie_deploys(report: &mut v1::Report) {
    type Revision<'a> = (&'a str, &'a str);
    let (mut appeared, mut gone) = (BTreeMap::<Revision, Vec<String>>::new(), BTreeMap::<Revision, Vec<String>>::new());
    for cluster in &report.clusters {
        let ties = &cluster.revision_ties;
        for (change, into) in [(&ties.appeared, &mut appeared), (&ties.gone, &mut gone)] {
            if let Some(change) = change {
                into.entry((&cluster.service, &change.revision)).or_default().push(cluster.id.clone());
            }
        }
    }
    for deploy in &mut report.deploys {
        let key = (deploy.service.as_str(), deploy.revision.as_str());
        let own = |of: &BTreeMap<Revision, Vec<String>>| of.get(&key).cloned().unwrap_or_default();
        (deploy.appeared, deploy.gone) = (own(&appeared), own(&gone));
    }
}

/// 0 for P0 … 10 for P10.
pub fn level(priority: &str) -> u8 {
    priority.strip_prefix('P').and_then(|n| n.parse().ok()).unwrap_or(10)
}

fn deploy_row(deploy: &Deploy, material: &Material<'_>) -> v1::Deploy {
    v1::Deploy {
        revision: deploy.revision.clone(),
        service: deploy.service.clone().unwrap_or_default(),
        at: rfc3339(deploy.at_ns),
        at_local: local(deploy.at_ns, material.zone),
        outcome: deploy.outcome.clone(),
        by: deploy.by.clone(),
        // The platform's words are those of an entry.
        message: deploy.message.clone().filter(|_| material.run.examples),
        ..v1::Deploy::default()
    }
}

fn cadence_row(cadence: &Cadence) -> v1::Cadence {
    let round = |value: Option<f64>| value.map(|value| (value * 1_000.0).round() / 1_000.0);
    v1::Cadence {
        words: cadence.words.clone(),
        unit: "event".into(),
        n: cadence.n,
        median_s: round(cadence.median_s),
        min_s: round(cadence.min_s),
        max_s: round(cadence.max_s),
        cv: round(cadence.cv),
    }
}

pub(super) fn family_id(root: &str) -> String {
    format!("F{}", root.strip_prefix('C').unwrap_or(root))
}

/// The most urgent priority of its members.
pub(super) fn family_priority(family: &Family, clusters: &[Ranked]) -> String {
    let best = family.members.iter().map(|member| &clusters[*member].priority).min_by_key(|own| own.level);
    best.map(Priority::word).unwrap_or_default()
}

/// First and last event of a family, nanoseconds.
pub(super) fn family_span(family: &Family, clusters: &[Ranked]) -> (i64, i64) {
    let root = &clusters[family.root].cluster;
    let [first, last] = [family.times_ns.first(), family.times_ns.last()];
    (first.copied().unwrap_or(root.first_ns), last.copied().unwrap_or(root.last_ns))
}

fn family_row(family: &Family, material: &Material<'_>, ids: &[String]) -> v1::Family {
    let clusters = &material.analysis.clusters;
    let (first, last) = family_span(family, clusters);
    v1::Family {
        id: family_id(&ids[family.root]),
        kind: family.kind.as_str().to_owned(),
        root: ids[family.root].clone(),
        members: family.members.iter().map(|member| ids[*member].clone()).collect(),
        entries: family
            .members
            .iter()
            .map(|member| family.shared.get(member).map_or(clusters[*member].cluster.entries, |own| own.entries))
            .sum(),
        shared_members: family
            .shared
            .iter()
            .map(|(member, own)| v1::SharedMember {
                cluster: ids[*member].clone(),
                entries: own.entries,
                events: own.events,
                first: rfc3339(own.first_ns),
            })
            .collect(),
        events: family.times_ns.len() as u64,
        failed: family.failed,
        ran: family.ran,
        first: rfc3339(first),
        last: rfc3339(last),
        cadence: cadence_row(&family.cadence()),
        service: family.service.clone(),
        sentence: sentences::family(family, clusters),
        priority: family_priority(family, clusters),
    }
}

/// Whether the window holds anything of a cluster.
pub(super) fn is_present(cluster: &v1::Cluster) -> bool {
    cluster.entries + cluster.attached > 0
}

/// Whether the window shows something of a cluster: entries, or that they stopped.
pub(super) fn is_shown(cluster: &v1::Cluster) -> bool {
    is_present(cluster) || cluster.silent.is_some()
}

/// Whether a cluster is of WARNING or above, or went silent.
pub fn is_loud(cluster: &v1::Cluster) -> bool {
    cluster.silent.is_some()
        || Severity::from_word(&cluster.effective_severity).is_some_and(|severity| severity >= Severity::Warning)
}

fn queries(material: &Material<'_>) -> Vec<v1::QueryRef> {
    material
        .queries
        .iter()
        .map(|(name, question)| v1::QueryRef {
            name: name.clone(),
            question: question.clone(),
            command: format!("gardener query {name}"),
        })
        .collect()
}
