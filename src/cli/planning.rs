//! Joins analysis, issues and report: exports in, planned actions out.
//!
//! `issue` knows no analysis and `analyze` no issues, so the two meet here as plain data: ties before anything is ranked,
//! findings afterwards.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::Stop;
use super::args::TrackerArg;
use super::context::{Asked, Known};
use crate::analyze::{Cluster, Coverage, IssueTie, Ranked, absent_days, active_period_start};
use crate::config::{AutoPolicy, Config};
use crate::input::InputError;
use crate::issue::{
    ActionKind, Auto, Caps, Category, Export, ExportOverrides, ExportState, Finding, IndexOptions, Issue, IssueIndex,
    IssueState, MatchSubject, PlannedAction, Policy, Priority, Role, RunFacts, StateReason, Status, Tracker, fitness,
    read_export,
};
use crate::report::weekly::Closing;
use crate::report::{PAYLOAD_LESS, identities, is_loud, v1};
use crate::time;

/// Letters of a message that are compared with issues.
const MESSAGE: usize = 4_000;

/// Reads `--issues FILE` and `--issues OWNER/REPO=FILE`.
pub(crate) fn read_exports(arguments: &[String], exported_at_ns: Option<i64>) -> anyhow::Result<Vec<Export>> {
    arguments
        .iter()
        .map(|argument| {
            let (repo, path) = match argument.split_once('=') {
                Some((repo, path)) if crate::issue::commands::is_repo(repo) && !Path::new(argument).exists() => {
                    (Some(repo.to_owned()), path)
                }
                _ => (None, argument.as_str()),
            };
            let bytes = std::fs::read(path).map_err(|source| InputError::Open { path: path.into(), source })?;
            let name =
                Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned());
            let export = read_export(&name, &bytes, &ExportOverrides { repo, exported_at_ns })
                .map_err(|error| Stop::Input(error.to_string()))?;
            Ok(export)
        })
        .collect()
}

/// Exports with their judgement.
pub(crate) fn judged(exports: &[Export], asked: &Asked, newest_ns: i64) -> Vec<ExportState> {
    exports
        .iter()
        .map(|export| ExportState { fitness: fitness(export, newest_ns, asked.as_of_ns), export: export.clone() })
        .collect()
}

/// The rules of filing of a configuration.
pub(crate) fn policy(config: &Config) -> Policy {
    let actions = &config.actions;
    Policy {
        repo: actions.repo.clone().unwrap_or_default(),
        caps: Caps {
            max_create: actions.max_create,
            max_comment: actions.max_comment,
            max_reopen: actions.max_reopen,
            max_total: actions.max_total,
            min_interval_ms: actions.min_interval_ms,
        },
        create_floor: actions.create_floor.parse().unwrap_or_default(),
        create_min_events: actions.create_min_events,
        reopen_days: i64::from(actions.reopen_days),
        reopen_grace_h: i64::from(actions.reopen_grace_hours),
        absent_days: config.quiet_days.unwrap_or(7),
        label: actions.label.clone(),
        auto: match actions.auto {
            AutoPolicy::Lexical => Auto::Lexical,
            AutoPolicy::Exact => Auto::Exact,
        },
        title: actions.title.replace("{category}", &format!("{}{{category}}", actions.category_prefix)),
        trusted_authors: actions.trusted_authors.clone(),
        ..Policy::default()
    }
}

/// Where issues are filed, as it was typed.
pub(crate) fn tracker(given: TrackerArg) -> Tracker {
    match given {
        TrackerArg::Github => Tracker::Github,
        TrackerArg::Gitlab => Tracker::Gitlab,
        TrackerArg::Jira => Tracker::Jira,
    }
}

/// The index over exports, as the end of the data sees them.
pub(crate) fn index<'e>(exports: &'e [Export], policy: &Policy, known: &Known) -> IssueIndex<'e> {
    IssueIndex::new(
        exports,
        IndexOptions {
            trust: policy.trust(),
            decisions: known.decisions.clone(),
            links: known.links.clone(),
            ..IndexOptions::default()
        },
    )
}

fn message_of(cluster: &Cluster) -> String {
    let text = cluster
        .example
        .as_ref()
        .map(|example| example.message.as_str())
        .filter(|text| !text.is_empty())
        .unwrap_or(&cluster.template);
    text.chars().take(MESSAGE).collect()
}

/// What the issues say of each cluster before it is ranked: closed as completed, and when.
pub(crate) fn ties(clusters: &[Cluster], index: &IssueIndex<'_>, config: &Config) -> Vec<Option<IssueTie>> {
    let all: Vec<&Cluster> = clusters.iter().collect();
    identities(&all)
        .par_iter()
        .zip(clusters)
        .map(|((fingerprint, signatures), cluster)| {
            let message = message_of(cluster);
            let (module, function) = cluster.place();
            let number = index.sure(&MatchSubject {
                repo: config.repo_of(&cluster.key.service),
                fingerprint: Some(fingerprint.as_str()),
                signatures,
                message: &message,
                module,
                function,
                exception: cluster.exception.as_deref(),
                service: Some(&cluster.key.service),
                ..MatchSubject::default()
            })?;
            let issue = index.issue(config.repo_of(&cluster.key.service), number)?;
            let completed = issue.state == IssueState::Closed
                && issue.state_reason.as_ref().is_some_and(|reason| *reason == StateReason::Completed);
            let acted_ns = index.last_action(config.repo_of(&cluster.key.service), number).map(|last| last.at_ns);
            // What we opened again was closed before, whatever the tracker still says of it.
            let reopened = closing(issue, index, config.repo_of(&cluster.key.service), None)
                .filter(|found| issue.state == IssueState::Open && found.reopened_ns.is_some());
            Some(IssueTie {
                closed_ns: issue.closed_ns.filter(|_| completed).or(reopened.map(|found| found.closed_ns)),
                reopened_ns: reopened.and_then(|found| found.reopened_ns),
                acted_ns,
                number,
            })
        })
        .collect()
}

/// The last closing of an issue before a moment (`None`: of all), and whether we have opened it again since.
pub(crate) fn closing(
    issue: &Issue,
    index: &IssueIndex<'_>,
    repo: Option<&str>,
    until_ns: Option<i64>,
) -> Option<Closing> {
    let until_ns = until_ns.or(index.as_of_ns());
    let own = issue.closed_ns.filter(|_| issue.state == IssueState::Closed && !issue.closed_unwanted());
    let own = own.map(|closed_ns| Closing { closed_ns, reopened_ns: None });
    let again = index.reopenings(repo, issue.number).into_iter();
    let again = again.map(|found| Closing { closed_ns: found.closed_ns, reopened_ns: Some(found.at_ns) });
    // Of one that stands in both, what the tracker says: it is closed, by an export that is older than our reopening.
    again
        .chain(own)
        .filter(|found| until_ns.is_none_or(|until| found.closed_ns < until))
        .max_by_key(|found| found.closed_ns)
}

/// What the plan knows of the clusters it can act on: those of WARNING and above. Routine rows make no action, not even one
/// that says so, or the few that matter would drown in them.
pub(crate) fn findings(
    report: &v1::Report,
    ranked: &[Ranked],
    before: &Coverage,
    seen: &Coverage,
    config: &Config,
) -> Vec<Finding> {
    let families: BTreeMap<&str, &v1::Family> =
        report.families.iter().rev().map(|family| (family.id.as_str(), family)).collect();
    report
        .clusters
        .par_iter()
        .zip(ranked)
        .filter(|(row, _)| is_loud(row))
        .map(|(row, found)| {
            let cluster = &found.cluster;
            let identity = &identities(&[cluster])[0];
            let family = row.family.as_deref().and_then(|id| families.get(id).copied());
            Finding {
                id: row.id.clone(),
                title: row.title.clone(),
                headline: family.filter(|family| family.root == row.id && family.kind == "crash_loop").map(|family| {
                    let how = if family.ran { "keeps exiting" } else { "cannot start" };
                    format!("{} {how}: {}", family.service, row.title)
                }),
                service: row.service.clone(),
                project: row.project.clone(),
                kind: row.kind.clone(),
                family: row.family.clone(),
                role: match row.role.as_str() {
                    "root" => Role::Root,
                    "symptom" => Role::Symptom,
                    _ => Role::Independent,
                },
                fingerprint: row.fingerprint.clone(),
                aliases: Vec::new(),
                signatures: identity.1.clone(),
                status: row.status.parse::<Status>().unwrap_or_default(),
                category: cluster.data_quality.then_some(Category::DataQuality),
                severity: cluster.effective_severity().number(),
                severity_name: row.effective_severity.clone(),
                priority: Priority::new(found.priority.level),
                priority_score: i64::from(found.priority.points),
                priority_why: row
                    .priority_terms
                    .iter()
                    .map(|term| format!("{:+} {}: {}", term.points, term.term, term.why))
                    .collect(),
                priority_terms_beside_severity: found.priority.terms_beside_severity(),
                priority_fixed_by: row
                    .priority_terms
                    .iter()
                    .find(|term| term.term == "rule")
                    .map(|term| term.why.clone()),
                entries: row.entries,
                events: found.cluster.silent.as_ref().map_or_else(
                    || {
                        let own = family.filter(|family| family.root == row.id);
                        own.map_or(row.events, |family| family.events.max(row.events))
                    },
                    // Of a silence, each covered hour without an entry is one.
                    |silent| silent.covered_h as u64,
                ),
                first_ns: cluster.first_ns,
                last_ns: cluster.last_ns,
                insert_ids: cluster.insert_ids.clone(),
                revisions: cluster.revisions.iter().map(|(name, (_, first_ns))| (name.clone(), *first_ns)).collect(),
                message: message_of(cluster),
                module: row.module.clone(),
                function: row.function.clone(),
                exception: row.exception.clone(),
                active_period_start_ns: active_period_start(cluster, seen, config),
                absent_covered_days: absent_days(cluster, before, seen),
                query: row.filter.clone(),
                worklog_anchor: format!("worklog.md#{}", row.id),
                family_members: family.map(|family| family.members.clone()).unwrap_or_default(),
                payload_less: cluster.data_quality,
                suppressed_by: found
                    .priority
                    .never
                    .as_ref()
                    .map(|rule| format!("rule {rule:?}: issue = \"never\""))
                    .or_else(|| row.muted.as_ref().map(|muted| format!("muted: {muted}"))),
                blocked_by: None,
                repo: config.repo_of(&row.service).map(str::to_owned),
                owner: config.service_rule(&row.service).and_then(|rule| rule.owner.clone()),
                assignees: Vec::new(),
                changes: None,
            }
        })
        .collect()
}

/// What holds for the whole run: data too thin to act on blocks everything.
pub(crate) fn run_facts(report: &v1::Report, asked: &Asked) -> RunFacts {
    let totals = &report.totals;
    let thin = totals.unique > 0 && totals.without_payload as f64 > PAYLOAD_LESS * totals.unique as f64;
    let blocked_by = if totals.unique == 0 {
        Some("no entry was read".to_owned())
    } else {
        thin.then(|| {
            format!("{} of {} rows have no payload: export the whole entries", totals.without_payload, totals.unique)
        })
    };
    RunFacts { as_of_ns: asked.as_of_ns, blocked_by }
}

/// `2025-09-15T21:37:44Z`, for markers and headers.
pub(crate) fn stamp(ns: i64) -> String {
    time::rfc3339_short(ns)
}

/// Fills what came after the closing of issues that are reopened: the window may hold the same problem from before it.
pub(super) fn since_closing(planned: &mut [PlannedAction], report: &v1::Report, ranked: &[Ranked]) {
    for action in planned.iter_mut().filter(|action| action.kind == ActionKind::Reopen) {
        let closed_ns = action.target.as_ref().and_then(|target| target.closed_ns);
        let place = report.clusters.iter().position(|row| row.id == action.cluster_id);
        let (Some(closed_ns), Some(found)) = (closed_ns, place.and_then(|at| ranked.get(at))) else { continue };
        let times = &found.cluster.times_ns;
        let later = &times[times.partition_point(|at| *at <= closed_ns)..];
        // Where all of it came later, the numbers of the window say so.
        action.since_closing = later.first().filter(|_| later.len() < times.len()).map(|at| (later.len() as u64, *at));
    }
}
