//! The summary that ends a run on the terminal: what a person must know before opening a file.
//!
//! Plain text of at most 24 lines; the caller colours it. Every text passes [`safe::terminal`], because a log line may hold
//! sequences that a terminal obeys.

use super::common::still_back;
use super::filters;
use super::safe;
use crate::report::v1::Report;
use crate::report::v1_postmortem::{Change, Postmortem};
use crate::report::v1_weekly::Weekly;

const WIDTH: usize = 110;
const LINES: usize = 24;
/// Services and closed issues of a week that are told.
const SERVICES: usize = 4;

/// At most 24 lines on a report, without commands at the end.
pub fn terminal_summary(report: &Report) -> String {
    terminal_summary_with(report, &[])
}

/// As [`terminal_summary`], ending with the next commands (three at most are shown).
pub fn terminal_summary_with(report: &Report, commands: &[String]) -> String {
    if let Some(section) = &report.postmortem {
        return postmortem(report, section, commands);
    }
    let mut lines = Vec::new();
    let services: Vec<&str> = report.services.iter().map(|row| row.service.as_str()).collect();
    let week_name = report.weekly.as_ref().map_or_else(String::new, |weekly| format!("{}  ", weekly.week));
    let span = filters::span(&report.window.since, &report.window.until);
    lines.push(format!("{week_name}{}  {span}", list(&services)));
    lines.extend(wrap(&report.coverage.sentence));
    let t = &report.totals;
    let rest = report.rest.as_ref();
    let counted = rest
        .filter(|rest| rest.clusters > 0)
        .map_or_else(String::new, |rest| format!(" ({} of them only counted)", filters::count(rest.clusters)));
    lines.push(format!(
        "{} entries in the files, {} distinct in the window, {} events, {} clusters{counted}",
        filters::count(t.entries),
        filters::count(t.unique),
        filters::count(t.events),
        filters::count(t.clusters)
    ));
    match &report.weekly {
        Some(weekly) => lines.extend(week(weekly)),
        None => lines.extend(wrap(&report.summary.sentence)),
    }
    let tail = tail(report);
    let commands = &commands[..commands.len().min(3)];
    let below = if commands.is_empty() { 0 } else { commands.len() + 1 };
    let room = LINES.saturating_sub(lines.len() + tail.len() + below + 3 + usize::from(rest.is_some()));
    let findings = &report.summary.findings;
    if !findings.is_empty() {
        lines.push(String::new());
    }
    for row in findings.iter().take(room) {
        let since = filters::time_words(&row.since);
        let since = since.get(..16).map_or(since.clone(), |minute| format!("{minute}Z"));
        // The title gives way, not the figures.
        let often = row.how_often.split(" (").next().unwrap_or_default();
        let facts = format!("; {}, since {since}", safe::terminal(often));
        let head = format!("{:<3} {}  {}: ", row.priority, row.cluster, row.service);
        let width = WIDTH.saturating_sub(head.chars().count() + facts.chars().count()).max(24);
        lines.push(format!("{head}{}{facts}", safe::cut(&safe::terminal(&row.title), width)));
    }
    if findings.len() > room {
        lines.push(format!("    {} more in the {}", findings.len() - room, document(report)));
    }
    if let Some(rest) = rest.filter(|rest| rest.findings > 0) {
        lines.push(format!(
            "    {} more only counted: report-clusters = {}",
            filters::count(rest.findings),
            rest.limit
        ));
    }
    lines.extend(tail);
    let lines = lines.iter().map(|line| safe::cut(&safe::terminal(line), WIDTH).trim_end().to_owned());
    let mut text = lines.take(LINES - below).collect::<Vec<_>>().join("\n") + "\n";
    if !commands.is_empty() {
        text.push('\n');
    }
    // A command is copied as a whole, so it is never cut.
    for command in commands {
        text.push_str("  ");
        text.push_str(&safe::terminal(command));
        text.push('\n');
    }
    text
}

fn document(report: &Report) -> &'static str {
    if report.weekly.is_some() { "retrospective" } else { "worklog" }
}

/// A line a service, and what became of closed issues.
fn week(weekly: &Weekly) -> Vec<String> {
    let mut lines = vec![weekly.sentence.clone()];
    for s in weekly.services.iter().take(SERVICES) {
        let figures = &s.errors_per_1000_requests;
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        let rate = match figures.this {
            Some(_) => format!("{} errors per 1,000 requests (last {})", number(figures.this), number(figures.last)),
            None => format!("{} errors, no requests in the data", filters::count(s.errors)),
        };
        lines.push(format!(
            "  {}: {rate}; {} new, {} worse, {} same, {} gone; {} deploys",
            s.service, s.families_new, s.families_worse, s.families_same, s.families_gone, s.deploys
        ));
    }
    let back = weekly.fixes.iter().filter(|fix| fix.verdict == "came_back");
    let back: Vec<String> = back.take(SERVICES).map(|fix| format!("#{}", fix.number)).collect();
    if !weekly.fixes.is_empty() {
        let holds = weekly.fixes.iter().filter(|fix| fix.verdict == "holds").count();
        let words =
            if back.is_empty() { "none came back".to_owned() } else { format!("{} came back", back.join(", ")) };
        lines.push(format!("fixes of the last 28 days: {words}, {holds} of {} hold", weekly.fixes.len()));
    }
    lines
}

/// A postmortem in as many lines: its summary, what rose, what vanished, what was not seen.
fn postmortem(report: &Report, section: &Postmortem, commands: &[String]) -> String {
    let mut lines = vec![format!("postmortem  {}", filters::span(&report.window.since, &report.window.until))];
    lines.push(section.baseline.sentence.clone());
    lines.extend(section.summary.iter().map(|point| format!("{}: {}", point.name, point.text)));
    let row = |change: &Change| {
        format!("  {:<10} {}  {}: {}", change.what.replace('_', " "), change.cluster, change.service, change.title)
    };
    for (name, list) in [("rose", &section.rose), ("vanished or fell", &section.fell)] {
        if list.is_empty() {
            continue;
        }
        lines.push(format!("{name}: {}", list.len()));
        lines.extend(list.iter().take(3).map(row));
    }
    if let Some(first) = section.unseen.first() {
        let more =
            if section.unseen.len() > 1 { format!(" (and {} more)", section.unseen.len() - 1) } else { String::new() };
        lines.push(format!("not seen: {}{more}", safe::cut(first, WIDTH - 22)));
    }
    let commands = &commands[..commands.len().min(3)];
    let room = LINES.saturating_sub(if commands.is_empty() { 0 } else { commands.len() + 1 });
    let lines = lines.iter().map(|line| safe::cut(&safe::terminal(line), WIDTH).trim_end().to_owned());
    let mut text = lines.take(room).collect::<Vec<_>>().join("\n") + "\n";
    if !commands.is_empty() {
        text.push('\n');
    }
    for command in commands {
        text.push_str("  ");
        text.push_str(&safe::terminal(command));
        text.push('\n');
    }
    text
}

fn tail(report: &Report) -> Vec<String> {
    let mut tail = Vec::new();
    let s = &report.summary;
    let left = report.rest.as_ref().map(|rest| rest.lists.clone()).unwrap_or_default();
    let worse = left.worse().saturating_sub(still_back(report));
    let lists = [
        ("new", &s.new, left.new),
        ("worse", &s.worse, worse),
        ("gone", &s.gone, left.gone),
        ("not seen", &s.unseen, 0),
    ];
    for (name, list, left) in lists {
        let more = list.len().saturating_sub(1) as u64 + left;
        match list.first() {
            Some(first) => {
                let more = if more > 0 { format!(" (and {} more)", filters::count(more)) } else { String::new() };
                tail.push(format!("{name}: {}{more}", safe::cut(first, WIDTH - 22)));
            }
            None if left > 0 => tail.push(format!("{name}: {}, only counted", filters::count(left))),
            None => {}
        }
    }
    if !report.actions.is_empty() {
        let ready = report
            .actions
            .iter()
            .filter(|a| a.status == "ready" && !matches!(a.kind.as_str(), "none" | "link"))
            .count();
        let review = report.actions.iter().filter(|a| a.status == "needs_review").count();
        tail.push(format!("actions: {ready} ready, {review} for review; nothing is filed yet"));
    }
    if !tail.is_empty() {
        tail.insert(0, String::new());
    }
    tail
}

/// At most two lines of words; what does not fit is cut.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in safe::terminal(text).split_whitespace() {
        let full = lines.len() == 2;
        match lines.last_mut() {
            Some(line) if full || line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "no service".to_owned(),
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a}, {b}, {c} and {} more", rest.len()),
        _ => names.join(", "),
    }
}
