//! The sentences of a report: every number in them is exact, and has its unit.
//!
//! Words that only seem to say how many ("multiple", "~", "50+") never appear; what could not be seen is said first.

use std::collections::BTreeMap;

use super::v1;
use super::worklog::{Material, is_loud, is_shown, level};
use crate::analyze::{Family, FamilyKind, Ranked, Status};
use crate::record::Severity;
use crate::store::EPISODE_GAP_NS;
use crate::time::{SECOND_NS, rfc3339_seconds, words};

/// `1,234,567`
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 entry`, `2 entries`
pub(crate) fn of(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `8.1 s`, `3.3 days`
pub(super) fn seconds(value: f64) -> String {
    words((value * SECOND_NS as f64).round() as i64)
}

/// One sentence on a family: what follows what, never a cause.
pub(super) fn family(family: &Family, clusters: &[Ranked]) -> String {
    let title = |at: usize| super::worklog::title(&clusters[at].cluster.template);
    let n = family.times_ns.len() as u64;
    let after: Vec<String> = family
        .lags_ns
        .iter()
        .filter(|(member, _)| family.members.contains(member))
        .take(3)
        .map(|(member, lag)| {
            let order = if *lag < 0 { "before" } else { "after" };
            let service = &clusters[*member].cluster.key.service;
            let elsewhere = if *service == family.service { String::new() } else { format!(" in {}", named(service)) };
            if lag.abs() < SECOND_NS / 1_000 {
                return format!("\"{}\"{elsewhere} at the same moment (median)", title(*member));
            }
            format!("\"{}\"{elsewhere} {} {order} it (median)", title(*member), words(lag.abs()))
        })
        .collect();
    let after = if after.is_empty() { String::new() } else { format!("; {}", after.join(", ")) };
    match family.kind {
        FamilyKind::CrashLoop => {
            let what =
                if clusters[family.root].cluster.exception.is_some() { "first exception" } else { "first error" };
            let seen = match family.rooted {
                all if all >= n => format!("{what} of each"),
                0 => "no error was exported before them, so they are named after".to_owned(),
                some => format!("{what}, exported of {} of them", count(some)),
            };
            format!(
                "crash loop: {} ended in an exit, {}; {seen}: \"{}\"{after}",
                of(n, "start", "starts"),
                family.cadence().words,
                title(family.root),
            )
        }
        FamilyKind::SameEvent => {
            format!("written together in {}: \"{}\" stands first{after}", of(n, "event", "events"), title(family.root))
        }
        FamilyKind::SameTrace => {
            format!("same request in {}: \"{}\" stands first{after}", of(n, "trace", "traces"), title(family.root))
        }
        FamilyKind::SameInstance => {
            let instances = of(n, "instance", "instances");
            format!("same instance, on {instances}: \"{}\" stands first{after}", title(family.root))
        }
        FamilyKind::Precedes => format!(
            "\"{}\" precedes what follows within 30 s, more often than the hours around explain{after}",
            title(family.root)
        ),
    }
}

/// Routes by service, project, method and path.
type Routes<'a> = BTreeMap<[&'a str; 4], &'a v1::Route>;

/// `48 of 480 requests of its route answered 5xx (10.0 %)`
fn failed_requests(http: &v1::HttpStats, cluster: &v1::Cluster, routes: &Routes<'_>) -> Option<String> {
    let share = http.share_5xx.filter(|share| *share > 0.0)?;
    let route = routes.get(&[cluster.service.as_str(), &cluster.project, &http.method, &http.route]);
    let failed = route.and_then(|row| Some((*row.statuses.get("5xx")?, row.requests)));
    Some(match failed {
        Some((failed, all)) => format!(
            "{} of {} of its route answered 5xx ({:.1} %)",
            count(failed),
            of(all, "request", "requests"),
            100.0 * share
        ),
        None => format!("{:.1} % of its route's requests answered 5xx", 100.0 * share),
    })
}

fn how_often(cluster: &v1::Cluster, routes: &Routes<'_>) -> String {
    if let Some(silent) = &cluster.silent {
        let hours = words((silent.covered_h * 3_600.0).round() as i64 * SECOND_NS);
        return format!("silent for {hours} that were exported");
    }
    let events = if cluster.events == cluster.entries {
        String::new()
    } else {
        format!(" ({})", of(cluster.events, "event", "events"))
    };
    let words = &cluster.cadence.words;
    let often = if cluster.entries == 1 {
        "once".to_owned()
    } else {
        format!("{}{events}, {words}", of(cluster.entries, "entry", "entries"))
    };
    let route = cluster.http.as_ref().and_then(|http| failed_requests(http, cluster, routes));
    let users = cluster.users.filter(|users| *users > 0).map(|users| of(users, "user", "users"));
    let during = cluster.links.iter().find(|link| link.relation == "during").and_then(|link| link.why.clone());
    [Some(often), route, during, users].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Around the end of a rollout, the platform says why it failed.
const ROLLOUT_NS: i64 = 60 * SECOND_NS;
/// Before what got worse by coming again.
const BACK: &str = "came back: ";

/// A cluster that came back, as the top tells it.
pub(super) fn came_back(cluster: &v1::Cluster) -> String {
    format!("{BACK}{}", told(cluster))
}

/// A finding as one line of the top: which, where, why.
fn told(cluster: &v1::Cluster) -> String {
    format!("{} {} ({}): {}", cluster.id, cluster.title, named(&cluster.service), cluster.status_why.join("; "))
}

/// Covered seconds after the last event of a finding, where no gap between its events was as long: it stopped.
///
/// Only what some export covers is silence. Less than an episode's gap is none, and of a single event nobody knows how often
/// it comes.
fn stopped_s(last: &str, cadence: &v1::Cadence, covered: &[[String; 2]]) -> Option<f64> {
    let ns = |text: &str| crate::time::parse(text).map(|at| at.ns);
    let last_ns = ns(last)?;
    let after = covered.iter().filter_map(|[from, to]| Some((ns(to)? - ns(from)?.max(last_ns)).max(0)));
    let silent_s = after.sum::<i64>() as f64 / SECOND_NS as f64;
    let usual_s = cadence.max_s?.max(EPISODE_GAP_NS as f64 / SECOND_NS as f64);
    (silent_s > usual_s).then(|| (silent_s * 10.0).round() / 10.0)
}

/// A service by its name, and rows without one as such.
fn named(service: &str) -> &str {
    if service.is_empty() { "no service" } else { service }
}

/// Where to begin: the module and function that wrote it or in which its stack ends, the one revision that has it.
fn start(cluster: &v1::Cluster) -> Option<String> {
    let place = match (&cluster.module, &cluster.function) {
        (Some(module), Some(function)) => Some(format!("written by {module}, function {function}")),
        (Some(module), None) => Some(format!("written by {module}")),
        _ => cluster.frame.as_ref().map(|frame| format!("its stack ends in {frame}")),
    };
    let ties = &cluster.revision_ties;
    let revision = match (&ties.appeared, &ties.only_in) {
        (Some(appeared), _) => Some(format!("since revision {}", appeared.revision)),
        (None, Some(only)) => Some(format!("only in revision {only}")),
        _ => None,
    };
    let known: Vec<String> = [revision, place].into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join("; "))
}

/// The revision that was rolled out next after the last entry of what stopped.
fn next_revision(row: &v1::FindingRow, report: &v1::Report) -> Option<String> {
    let ns = |text: &str| crate::time::parse(text).map(|at| at.ns);
    let last_ns = ns(&row.last)?;
    let own = report.deploys.iter().filter(|deploy| deploy.service == row.service && deploy.outcome != "failed");
    let after = own.filter_map(|deploy| Some((ns(&deploy.at).filter(|at| *at > last_ns)?, deploy)));
    let (at_ns, next) = after.min_by_key(|(at_ns, _)| *at_ns)?;
    Some(format!(
        "followed by revision {}, rolled out at {}, {} after its last entry",
        next.revision,
        rfc3339_seconds(at_ns),
        words(at_ns - last_ns)
    ))
}

/// The rollout that failed and holds all entries of a cluster: by their revision, or of the platform's words about the service
/// by their time.
fn failed_rollout<'a>(cluster: &v1::Cluster, report: &'a v1::Report) -> Option<&'a str> {
    let ns = |text: &str| crate::time::parse(text).map(|at| at.ns);
    let (first_ns, last_ns) = (ns(&cluster.first)?, ns(&cluster.last)?);
    let of_platform = cluster.revisions.is_empty() && matches!(cluster.kind.as_str(), "system" | "audit");
    let holds = |deploy: &&v1::Deploy| {
        let near = |at: i64| at - first_ns <= ROLLOUT_NS && last_ns - at <= ROLLOUT_NS;
        let by_time = of_platform && ns(&deploy.at).is_some_and(near);
        by_time || !of_platform && cluster.revisions.keys().eq([&deploy.revision])
    };
    let failed = report.deploys.iter().filter(|deploy| deploy.service == cluster.service && deploy.outcome == "failed");
    failed.filter(holds).map(|deploy| deploy.revision.as_str()).next()
}

/// What went away, and last what came with a rollout that failed: that it is gone is no fix.
fn gone(clusters: &[&v1::Cluster], report: &v1::Report) -> Vec<String> {
    let rollouts = clusters.iter().filter_map(|cluster| Some((cluster, failed_rollout(cluster, report)?)));
    let rollouts =
        rollouts.map(|(cluster, revision)| format!("with the failed rollout of {revision}: {}", told(cluster)));
    let others = clusters.iter().filter(|cluster| failed_rollout(cluster, report).is_none());
    others.map(|cluster| told(cluster)).chain(rollouts).collect()
}

/// The top of a document.
pub(super) fn summary(report: &v1::Report, material: &Material<'_>) -> v1::Summary {
    let mut summary = v1::Summary::default();
    let owner = |service: &str| material.config.service_rule(service).and_then(|rule| rule.owner.clone());
    let families: BTreeMap<&str, &v1::Family> =
        report.families.iter().map(|family| (family.root.as_str(), family)).collect();
    let mut routes = Routes::new();
    for row in &report.routes {
        routes.entry([&row.service, &row.project, &row.method, &row.route]).or_insert(row);
    }
    if let Some(rest) = &report.rest {
        summary.statuses.clone_from(&rest.statuses);
    }
    for cluster in report.clusters.iter().filter(|cluster| is_loud(cluster) && is_shown(cluster)) {
        if cluster.role == "symptom" {
            continue;
        }
        *summary.statuses.entry(cluster.status.clone()).or_default() += 1;
        let family = families.get(cluster.id.as_str());
        summary.findings.push(v1::FindingRow {
            cluster: cluster.id.clone(),
            family: family.map(|family| family.id.clone()),
            priority: family
                .map_or(&cluster.priority, |family| {
                    if level(&family.priority) < level(&cluster.priority) {
                        &family.priority
                    } else {
                        &cluster.priority
                    }
                })
                .clone(),
            title: cluster.title.clone(),
            service: cluster.service.clone(),
            how_often: family.map_or_else(
                || how_often(cluster, &routes),
                |family| match family.kind.as_str() {
                    "crash_loop" => format!(
                        "crash loop, {} ended in an exit, {}",
                        of(family.events, "start", "starts"),
                        family.cadence.words
                    ),
                    _ => format!(
                        "{}; with {} in its family",
                        how_often(cluster, &routes),
                        of(family.members.len() as u64 - 1, "other cluster", "other clusters")
                    ),
                },
            ),
            since: family
                .map_or(
                    &cluster.first,
                    |family| if family.first < cluster.first { &family.first } else { &cluster.first },
                )
                .clone(),
            last: family
                .map_or(&cluster.last, |family| if family.last > cluster.last { &family.last } else { &cluster.last })
                .clone(),
            stopped_s: None,
            status: cluster.status.clone(),
            owner: owner(&cluster.service),
        });
    }
    let by_id: BTreeMap<&str, &v1::Cluster> = report.clusters.iter().map(|own| (own.id.as_str(), own)).collect();
    for row in &mut summary.findings {
        let Some(cluster) = by_id.get(row.cluster.as_str()).filter(|own| own.silent.is_none()) else { continue };
        let cadence = families.get(row.cluster.as_str()).map_or(&cluster.cadence, |family| &family.cadence);
        let covered = report.coverage.services.get(&row.service);
        row.stopped_s = covered.and_then(|found| stopped_s(&row.last, cadence, &found.intervals));
    }
    // What went away stands behind what goes on.
    summary.findings.sort_by_key(|row| (level(&row.priority), row.is_gone()));
    let loud: Vec<&v1::Cluster> =
        report.clusters.iter().filter(|cluster| is_loud(cluster) && cluster.category.is_none()).collect();
    let of_status = |status: Status| {
        loud.iter().copied().filter(move |cluster| {
            cluster.status == status.as_str() && cluster.role != "symptom" && cluster.silent.is_none()
        })
    };
    let lines = |status: Status| -> Vec<String> { of_status(status).map(told).collect() };
    summary.new = lines(Status::New);
    let silent = report.clusters.iter().filter_map(|cluster| {
        let silent = cluster.silent.as_ref()?;
        Some(format!("{} {} ({}): {}", cluster.id, cluster.title, cluster.service, silent.sentence))
    });
    let back = lines(Status::Regressed).into_iter().map(|line| format!("{BACK}{line}"));
    let more = lines(Status::Escalating).into_iter().map(|line| format!("comes more often: {line}"));
    summary.worse = silent.chain(back).chain(more).chain(requests(report)).collect();
    for cluster in &loud {
        let drifts = cluster.parameters.iter().filter_map(|parameter| {
            let drift = parameter.drift.as_ref()?;
            let name = parameter
                .name
                .as_deref()
                .filter(|name| !name.is_empty())
                .map_or_else(String::new, |name| format!(" after \"{name}\""));
            Some(format!("values moved: {} {} ({}): value{name} {drift}", cluster.id, cluster.title, cluster.service))
        });
        summary.worse.extend(drifts);
    }
    summary.gone = gone(&of_status(Status::Resolved).chain(of_status(Status::Quiet)).collect::<Vec<_>>(), report);
    summary.follows =
        report.families.iter().map(|family| format!("{} {}: {}", family.id, family.service, family.sentence)).collect();
    let pressing = summary.findings.iter().filter(|row| row.is_pressing());
    summary.next = pressing
        .enumerate()
        .map(|(at, row)| {
            let who = row.owner.clone().unwrap_or_else(|| "no owner configured".to_owned());
            let stopped = row.stopped_s.map(|s| format!("stopped, {} covered since", seconds(s)));
            let start = by_id.get(row.cluster.as_str()).and_then(|cluster| start(cluster));
            let next = row.stopped_s.and_then(|_| next_revision(row, report));
            // It goes for each: said once.
            let begin = (at == 0).then(|| format!("start with gardener explain {}", row.cluster));
            let known: Vec<String> = [Some(who), stopped, start, next, begin].into_iter().flatten().collect();
            format!("{}: {} {} ({}), {}", row.priority, row.cluster, row.title, named(&row.service), known.join("; "))
        })
        .collect();
    summary.unseen.clone_from(&report.coverage.reasons);
    if !material.totals.is_empty() && material.totals.iter().all(|row| row.severity != Severity::Info) {
        summary.unseen.push("no INFO entry is in this window: what stopped coming cannot be seen".into());
    }
    if report.totals.further > 0 {
        summary.unseen.push(format!(
            "{} of further templates, beyond the signatures that a day keeps one by one, are counted together and in no cluster",
            of(report.totals.further, "entry", "entries")
        ));
    }
    let unseen = report
        .data_quality
        .iter()
        .filter(|row| matches!(row.kind.as_str(), "without_payload" | "malformed" | "empty_file"));
    summary.unseen.extend(unseen.map(|row| match row.files.len() {
        1..=3 => format!("{} ({})", row.text, row.files.join(", ")),
        _ => row.text.clone(),
    }));
    summary.sentence = sentence(report, &summary);
    summary
}

/// Routes whose requests take longer or fail more often.
fn requests(report: &v1::Report) -> impl Iterator<Item = String> {
    report.routes.iter().flat_map(|row| {
        let name = format!("requests: {} {} ({})", row.method, row.route, named(&row.service));
        row.worse.iter().map(move |sentence| format!("{name}: {sentence}"))
    })
}

fn sentence(report: &v1::Report, summary: &v1::Summary) -> String {
    let names: Vec<&str> = report
        .services
        .iter()
        .map(|row| if row.service.is_empty() { "(no service)" } else { row.service.as_str() })
        .take(3)
        .collect();
    let who = match report.services.len() {
        0 => return "No entry was read in this window.".into(),
        n if n > 3 => format!("{} and {}", names.join(", "), of(n as u64 - 3, "other service", "other services")),
        _ => names.join(", "),
    };
    let beyond = report.rest.as_ref().map_or(0, |rest| rest.findings);
    let Some(worst) = summary.findings.first() else {
        if beyond > 0 {
            return format!(
                "{who}: {} of WARNING and above in {}, which {} only counted: no cluster that is told is one.",
                of(beyond, "problem", "problems"),
                report.window.words,
                if beyond == 1 { "is" } else { "are" }
            );
        }
        let worse = requests(report).next().map_or_else(String::new, |line| format!(" Got worse: {line}."));
        return format!(
            "{who}: no cluster of WARNING or above in {} of data; see what could not be seen.{worse}",
            report.window.words
        );
    };
    let families = report.rest.as_ref().map_or(0, |rest| rest.families) + report.families.len() as u64;
    let n = |status: &str| summary.statuses.get(status).copied().unwrap_or(0);
    // What is new, worse and gone is said also where it is nothing; the others only where they are.
    let counts = [
        (n("new"), "new", true),
        (n("regressed"), "regressed", true),
        (n("escalating"), "escalating", true),
        (n("ongoing"), "ongoing", false),
        (n("declining"), "declining", false),
        (n("resolved") + n("quiet"), "gone or quiet", true),
        (n("insufficient_coverage"), "with too little history to compare", false),
    ];
    let stopped = summary.findings.iter().filter(|row| row.status == "ongoing" && row.stopped_s.is_some()).count();
    let ongoing = if stopped == 0 { "ongoing".to_owned() } else { format!("ongoing ({stopped} of them stopped)") };
    let counts: Vec<String> = counts
        .iter()
        .filter(|(n, _, always)| *always || *n > 0)
        .map(|(n, word, _)| format!("{} {}", count(*n), if *word == "ongoing" { &ongoing } else { *word }))
        .collect();
    format!(
        "{who}: {} of WARNING and above ({}) in {}. Worst: {} ({}, {}). {}.",
        of(summary.findings.len() as u64 + beyond, "problem", "problems"),
        of(families, "family", "families"),
        report.window.words,
        worst.title,
        worst.priority,
        worst.how_often,
        counts.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_have_their_unit() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(of(1, "entry", "entries"), "1 entry");
        assert_eq!(of(1_000, "entry", "entries"), "1,000 entries");
    }

    #[test]
    fn only_covered_silence_longer_than_any_gap_is_a_stop() {
        let at = |minute: i64| crate::time::rfc3339(minute * 60 * SECOND_NS);
        let cadence = |max_s: Option<f64>| v1::Cadence { max_s, ..v1::Cadence::default() };
        let covered = [[at(0), at(60)], [at(600), at(660)]];
        assert_eq!(stopped_s(&at(10), &cadence(Some(8.0)), &covered), Some(110.0 * 60.0));
        assert_eq!(stopped_s(&at(10), &cadence(Some(3.0 * 3_600.0)), &covered), None, "it has been away for longer");
        assert_eq!(stopped_s(&at(10), &cadence(None), &covered), None, "one event has no gap");
        assert_eq!(stopped_s(&at(655), &cadence(Some(1.0)), &covered), None, "the data ends with it");
        assert_eq!(stopped_s(&at(55), &cadence(Some(1.0)), &covered[..1]), None, "what nobody exported is no silence");
    }
}
