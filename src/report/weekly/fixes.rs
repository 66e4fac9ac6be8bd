//! "Did the fixes hold?": what became of the problems whose issues were closed in the last four weeks.
//!
//! A problem came back when it stands in a revision that is newer than the closing; without revisions, after the time that a
//! roll-out may take. It holds when it would have come at its earlier rate and did not: with an expected number of 3, none by
//! chance has a probability below 5 % (rule of three; Hanley and Lippman-Hand, JAMA 1983). Everything else is too early to say.

use super::{Closing, FIX_DAYS, Tied, WeeklyMaterial, covered_ns, hours_words, tenths};
use crate::issue::IssueState;
use crate::report::sentences::of;
use crate::report::v1_weekly::{Fix, IssueRef, RevisionCount};
use crate::time::{DAY_NS, HOUR_NS, Window, rfc3339, rfc3339_seconds};

/// Expected number from which silence says something.
const EXPECTED: f64 = 3.0;
/// Covered hours below which nothing is said.
const LEAST_H: f64 = 24.0;

/// Closed issues with something in the data, and those without.
pub(super) fn fixes(material: &WeeklyMaterial<'_>) -> (Vec<Fix>, Vec<IssueRef>) {
    let until_ns = material.window().until_ns;
    let recent = |closed_ns: i64| closed_ns < until_ns && closed_ns >= until_ns - FIX_DAYS * DAY_NS;
    let closed = |issue: &crate::issue::Issue| {
        issue.closed_ns.filter(|ns| recent(*ns) && issue.state == IssueState::Closed && !issue.closed_unwanted())
    };
    let ids = material.known();
    let tied_closing = |tied: &Tied<'_>| tied.closed.filter(|closing| recent(closing.closed_ns));
    let of = |tied: &Tied<'_>| {
        let own = tied.clusters.iter().filter_map(|cluster| ids.get(&cluster.key));
        let clusters = own.map(|(id, _)| (*id).to_owned()).collect();
        Some(Fix { clusters, ..fix(material, tied, tied_closing(tied)?) })
    };
    let mut fixes: Vec<Fix> = material.tied.iter().filter_map(of).collect();
    // What came back in this week before what was told in an earlier one.
    let since = rfc3339(material.window().since_ns);
    let rank = |fix: &Fix| {
        let verdict = ["came_back", "too_early", "holds"].iter().position(|verdict| *verdict == fix.verdict);
        (verdict, fix.back_since.as_ref().is_some_and(|back| *back < since))
    };
    fixes.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.closed.cmp(&a.closed)).then(a.number.cmp(&b.number)));
    let known = |number: u64, repo: Option<&str>| {
        material.tied.iter().any(|tied| tied.issue.number == number && tied.repo == repo)
    };
    let mut elsewhere: Vec<IssueRef> = material
        .issues
        .iter()
        .filter(|(repo, issue)| closed(issue).is_some() && !known(issue.number, *repo))
        .map(|(repo, issue)| IssueRef {
            number: issue.number,
            title: issue.title.clone(),
            url: issue.url.clone(),
            repo: repo.map(str::to_owned),
            closed: issue.closed_ns.map(rfc3339),
        })
        .collect();
    elsewhere.sort_by(|a, b| (&a.repo, a.number).cmp(&(&b.repo, b.number)));
    (fixes, elsewhere)
}

fn fix(material: &WeeklyMaterial<'_>, tied: &Tied<'_>, closing: Closing) -> Fix {
    let Closing { closed_ns, reopened_ns } = closing;
    let until_ns = material.window().until_ns;
    let revisions = revisions(material, tied, closed_ns);
    let since = Window { since_ns: closed_ns, until_ns };
    let covered_h = tied.clusters.iter().map(|cluster| tenths(covered_ns(&cluster.covered, since))).fold(0.0, f64::max);
    let expected = expected(material, tied, since);
    let events = tied.events.len() as u64;
    let last = tied.events.last().map(|event| event.at_ns);
    let newer: u64 = revisions.iter().filter(|row| row.newer).map(|row| row.events).sum();
    // Without revisions a roll-out is given a day.
    let grace_ns = i64::from(material.config.actions.reopen_grace_hours) * HOUR_NS;
    let late = revisions.is_empty() && last.is_some_and(|last_ns| last_ns > closed_ns + grace_ns);
    let newer_names: Vec<&str> = revisions.iter().filter(|row| row.newer).map(|row| row.revision.as_str()).collect();
    let back_ns = tied.events.iter().find_map(|event| {
        let back = match &event.revision {
            Some(name) => newer_names.contains(&name.as_str()),
            None => late && event.at_ns > closed_ns + grace_ns,
        };
        back.then_some(event.at_ns)
    });
    let (verdict, sentence) = if newer > 0 {
        let first = newer_names.first().copied().unwrap_or_default();
        let since = back_ns.map_or_else(String::new, |ns| format!(" at {}", rfc3339_seconds(ns)));
        (
            "came_back",
            format!("{} in revisions newer than the closing, first {first}{since}", of(newer, "event", "events")),
        )
    } else if late {
        ("came_back", format!("{} since closing; the entries name no revision", of(events, "event", "events")))
    } else if events > 0 {
        let why = if revisions.is_empty() {
            "within the day that a roll-out may take"
        } else {
            "only in revisions older than the closing: the fix is not out, or was before"
        };
        ("too_early", format!("{} since closing, {why}", of(events, "event", "events")))
    } else if covered_h < LEAST_H {
        ("too_early", format!("only {} of the time since are covered", hours_words(covered_h)))
    } else {
        match expected {
            Some(expected) if expected >= EXPECTED => (
                "holds",
                format!(
                    "not seen in {} covered; {expected:.0} episodes would have come at its earlier rate",
                    hours_words(covered_h)
                ),
            ),
            Some(expected) => (
                "too_early",
                format!(
                    "not seen in {} covered, but at its earlier rate only {expected:.1} episodes would have come",
                    hours_words(covered_h)
                ),
            ),
            None => ("too_early", "nothing is known of its rate before the closing".to_owned()),
        }
    };
    Fix {
        number: tied.issue.number,
        title: tied.issue.title.clone(),
        url: tied.issue.url.clone(),
        repo: tied.repo.map(str::to_owned),
        closed: rfc3339(closed_ns),
        reopened: reopened_ns.map(rfc3339),
        clusters: Vec::new(),
        service: tied.clusters.first().map(|cluster| cluster.key.service.clone()).unwrap_or_default(),
        events_since: events,
        last: last.map(rfc3339),
        back_since: back_ns.filter(|_| verdict == "came_back").map(rfc3339),
        revisions,
        covered_h_since: covered_h,
        expected: expected.map(|expected| (expected * 10.0).round() / 10.0),
        verdict: verdict.to_owned(),
        sentence: last
            .map(|ns| ("last", ns))
            .into_iter()
            .chain(reopened_ns.map(|ns| ("opened again with the data up to", ns)))
            .fold(sentence, |text, (what, ns)| format!("{text}; {what} {}", rfc3339_seconds(ns))),
    }
}

/// Events since closing per revision, in the order in which the revisions first served.
fn revisions(material: &WeeklyMaterial<'_>, tied: &Tied<'_>, closed_ns: i64) -> Vec<RevisionCount> {
    let service = tied.clusters.first().map(|cluster| cluster.key.service.clone()).unwrap_or_default();
    let mut rows: Vec<(i64, RevisionCount)> = Vec::new();
    for event in &tied.events {
        let Some(revision) = &event.revision else { continue };
        let first_ns = material.revisions.get(&(service.clone(), revision.clone())).copied().unwrap_or(event.at_ns);
        if let Some((_, row)) = rows.iter_mut().find(|(_, row)| row.revision == *revision) {
            row.events += 1;
        } else {
            let newer = first_ns > closed_ns;
            rows.push((first_ns, RevisionCount { revision: revision.clone(), events: 1, newer }));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.revision.cmp(&b.1.revision)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Episodes that would have come since closing, at the rate of the covered time before it.
fn expected(material: &WeeklyMaterial<'_>, tied: &Tied<'_>, since: Window) -> Option<f64> {
    let mut sum: Option<f64> = None;
    for cluster in &tied.clusters {
        let before = Window { since_ns: since.since_ns - FIX_DAYS * DAY_NS, until_ns: since.since_ns };
        let covered = covered_ns(&cluster.covered, before);
        let runs = material.runs.get(&cluster.key).map_or(&[][..], Vec::as_slice);
        let episodes = runs.iter().filter(|(first, _)| before.holds(*first)).count();
        if covered > 0 && episodes > 0 {
            let rate = episodes as f64 / covered as f64;
            *sum.get_or_insert(0.0) += rate * covered_ns(&cluster.covered, since) as f64;
        }
    }
    sum
}
