//! Issue and comment bodies, and `review.md`: what people read before and after something is filed.
//!
//! A body must fit the tracker's limit and keep its markers and its last line, so it is rendered again with less until it
//! fits: first the quoted entry shrinks, then it goes, then the rows about members. Log text stands in fences only.

use std::fmt::Write as _;

use serde::Serialize;

use super::cluster::{counts, gcloud, parameter_words, rank};
use super::diff::diff;
use super::{RenderError, Renderer, filters, safe};
use crate::report::v1::{Cluster, Coverage, Family, Report, ReportWindow, Run, Totals};

/// Characters of a body at most; trackers refuse 65,536.
pub const BODY_LIMIT: usize = 60_000;

/// Lines of the quoted entry that stand in the open; the whole entry is folded below.
const MESSAGE_LINES: usize = 40;
/// Share of the window below which a status line says what was covered.
const THIN: f64 = 0.9;
/// Modules that name the logging library and not the code that logs.
const LOGGERS: [&str; 6] = ["logging", "root", "_logger", "loguru._logger", "structlog", "log"];

/// What a body needs to know of its action.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ActionFacts {
    /// Action id.
    pub id: String,
    /// create, comment, reopen, escalate …
    pub kind: String,
    /// Lines that identify the body, exactly as they must be written; they come first.
    pub markers: Vec<String>,
    /// Title of the issue to create, or of the target.
    pub title: String,
    /// What changed since the last action, one sentence each.
    pub change: Vec<String>,
    /// Related issues with their relation: `#12`, or `{{issue:act_…}}` for one whose number the filing step learns.
    pub related: Vec<(String, String)>,
    /// `owner/name`
    pub repo: String,
    /// Filter that reproduces the cluster; empty takes the cluster's own.
    pub query: String,
    /// What should happen instead, from a rule.
    pub expected: Option<String>,
    /// The next step, from a rule; otherwise it is derived from what is known.
    pub next: Option<String>,
    /// Issue that is written to.
    pub target: Option<u64>,
    /// Who owns the service, from the configuration.
    pub owner: Option<String>,
    /// Why an issue of people was taken for this one, when it hears of it for the first time.
    pub found: Option<String>,
    /// `from P2 to P1`, when the priority label is raised.
    pub raised: Option<String>,
    /// Another priority that the issue is labelled, when it stays.
    pub labelled: Option<String>,
    /// The same numbers at the last action and now.
    pub deltas: Vec<DeltaLine>,
    /// Up to when the data of the last action reached, RFC 3339.
    pub since: Option<String>,
    /// Events after the issue was closed, and the first of them, RFC 3339, where the window holds earlier ones.
    pub since_closing: Option<(u64, String)>,
    /// Seconds that both columns of `deltas` look back.
    pub over_s: Option<f64>,
    /// Key findings of the comment that is rewritten, which said more than what is new.
    pub earlier: Vec<String>,
    /// Covered days without an entry after which closing is suggested; 0 says nothing of it.
    pub absent_days: u32,
    /// Characters of the body at most; 0 for [`BODY_LIMIT`].
    pub limit: usize,
}

/// One row of the table of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeltaLine {
    /// What was measured.
    pub what: String,
    /// At the last action.
    pub before: String,
    /// Now.
    pub now: String,
}

/// A cluster, or a family with its root as the cluster, and the action about it.
#[derive(Debug, Clone)]
pub struct BodyInput<'a> {
    /// The report, masked.
    pub report: &'a Report,
    /// The cluster, the root for a family.
    pub cluster: &'a Cluster,
    /// Other members of its family.
    pub members: Vec<&'a Cluster>,
    /// The action.
    pub action: &'a ActionFacts,
}

/// A possible target.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CandidateLine {
    /// Issue number.
    pub number: u64,
    /// Score, 0 to 1.
    pub score: f64,
    /// open or closed.
    pub state: String,
    /// Its title.
    pub title: String,
}

/// One action as a reviewer sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ReviewItem {
    /// Action id.
    pub id: String,
    /// create, comment, reopen …
    pub kind: String,
    /// `ready`, `needs_review` …
    pub status: String,
    /// P0 to P10.
    pub priority: String,
    /// Cluster id.
    pub cluster: String,
    /// Title of the cluster or family.
    pub cluster_title: String,
    /// `owner/name`
    pub repo: String,
    /// Target issue.
    pub number: Option<u64>,
    /// Address of the target.
    pub url: Option<String>,
    /// Title to write, or of the target.
    pub title: String,
    /// Labels to add.
    pub labels: Vec<String>,
    /// Labels to take off.
    pub unlabel: Vec<String>,
    /// Why this action.
    pub reason: String,
    /// How the target was found: decision, state, marker, title, lexical, none.
    pub tier: String,
    /// Score of the match.
    pub score: Option<f64>,
    /// Why it matches.
    pub why: Vec<String>,
    /// Best targets.
    pub candidates: Vec<CandidateLine>,
    /// The whole body.
    pub body: String,
    /// The last comment of ours, to show what changes.
    pub last_comment: Option<String>,
}

/// How much of a body is shown.
#[derive(Debug, Clone, Copy)]
struct Level {
    example: usize,
    members: usize,
    text: usize,
}

const LEVELS: [Level; 5] = [
    Level { example: 12_000, members: 30, text: 4_000 },
    Level { example: 3_000, members: 30, text: 2_000 },
    Level { example: 0, members: 30, text: 1_000 },
    Level { example: 0, members: 8, text: 400 },
    Level { example: 0, members: 2, text: 160 },
];

/// What a body says of the report as a whole. The clusters stay out: turned into template values for every body, they made
/// the time grow with the square of their number.
#[derive(Serialize)]
struct Head<'a> {
    run: &'a Run,
    window: &'a ReportWindow,
    coverage: &'a Coverage,
    totals: &'a Totals,
}

#[derive(Serialize)]
struct BodyView<'a> {
    report: Head<'a>,
    c: &'a Cluster,
    family: Option<&'a Family>,
    members: Vec<MemberLine<'a>>,
    members_left: usize,
    action: &'a ActionFacts,
    markers: String,
    fact: String,
    severities: String,
    revisions: String,
    hosts: String,
    lines: String,
    /// The words of the quoted entry, where it has any.
    message: Option<String>,
    template: String,
    /// The message alone does not show what is the same in all entries.
    has_pattern: bool,
    example: Option<String>,
    example_cut: bool,
    parameters: Vec<String>,
    gcloud: String,
    expected: Vec<String>,
    since: Option<String>,
    compared: Option<String>,
    earlier: Vec<&'a str>,
    status: String,
    findings: Vec<String>,
    next: String,
}

#[derive(Serialize)]
struct MemberLine<'a> {
    c: &'a Cluster,
    /// In the family's own starts, where another family has it too.
    entries: u64,
    events: u64,
    severities: String,
    offset: Option<String>,
}

fn member_line<'a>(root: &Cluster, member: &'a Cluster, family: Option<&Family>) -> MemberLine<'a> {
    let own = family.and_then(|family| family.shared_members.iter().find(|own| own.cluster == member.id));
    let Some(own) = own else {
        return MemberLine {
            c: member,
            entries: member.entries,
            events: member.events,
            severities: counts(&member.severities, true),
            offset: offset(root, &member.first),
        };
    };
    // How its own entries split over several severities is not known.
    let severities = match member.severities.iter().filter(|(_, n)| **n > 0).collect::<Vec<_>>().as_slice() {
        [(severity, _)] => format!("{severity} {}", filters::count(own.entries)),
        _ => member.severity.clone(),
    };
    MemberLine { c: member, entries: own.entries, events: own.events, severities, offset: offset(root, &own.first) }
}

impl Renderer {
    /// The body of an issue: markers, impact, what happens, how to see it, details, next action.
    pub fn issue_body(&self, input: &BodyInput<'_>) -> Result<String, RenderError> {
        self.body("issue.md.j2", input)
    }

    /// The body of a comment: markers, status, key findings, next action.
    pub fn comment_body(&self, input: &BodyInput<'_>) -> Result<String, RenderError> {
        self.body("comment.md.j2", input)
    }

    fn body(&self, template: &'static str, input: &BodyInput<'_>) -> Result<String, RenderError> {
        let limit = if input.action.limit == 0 { BODY_LIMIT } else { input.action.limit.min(BODY_LIMIT) };
        let mut text = String::new();
        for level in LEVELS {
            text = self.markdown(template, &body_view(input, level))?;
            if text.chars().count() <= limit {
                return Ok(text);
            }
        }
        Err(RenderError::TooLong { id: input.action.id.clone(), chars: text.chars().count(), limit })
    }

    /// `review.md`: one screen an action, with the line that accepts or refuses it.
    pub fn review(&self, items: &[ReviewItem], unplanned: Option<&str>) -> Result<String, RenderError> {
        #[derive(Serialize)]
        struct Shown<'a> {
            a: &'a ReviewItem,
            diff: Option<String>,
        }
        #[derive(Serialize)]
        struct Screen<'a> {
            items: Vec<Shown<'a>>,
            unplanned: Option<&'a str>,
        }
        let items =
            items.iter().map(|a| Shown { a, diff: a.last_comment.as_deref().map(|old| diff(old, &a.body)) }).collect();
        self.markdown("review.md.j2", &Screen { items, unplanned })
    }
}

/// What the template of a body sees, as a value.
#[cfg(test)]
pub(super) fn seen(input: &BodyInput<'_>) -> serde_json::Value {
    serde_json::to_value(body_view(input, LEVELS[0])).expect("a map")
}

fn body_view<'a>(input: &BodyInput<'a>, level: Level) -> BodyView<'a> {
    let (c, action) = (input.cluster, input.action);
    let family = c.family.as_ref().and_then(|id| input.report.families.iter().find(|f| f.id == *id));
    let quoted = c.example.as_ref().filter(|_| level.example > 0 && input.report.run.examples);
    let example = quoted.map(|e| e.json.as_deref().unwrap_or(&e.message));
    let shown = example.map(|text| safe::cut_entry(text, level.example));
    let mut others: Vec<&Cluster> = input.members.iter().copied().filter(|m| m.id != c.id).collect();
    others.sort_by(|a, b| (&a.first, &a.id).cmp(&(&b.first, &b.id)));
    let words = quoted.map(|example| example.message.trim());
    let message = words.filter(|text| !text.is_empty()).map(|text| head(text, level.text));
    let findings = findings(c, family, action);
    let said: std::collections::BTreeSet<String> = findings.iter().map(|line| safe::one_line(line)).collect();
    BodyView {
        report: Head {
            run: &input.report.run,
            window: &input.report.window,
            coverage: &input.report.coverage,
            totals: &input.report.totals,
        },
        c,
        family,
        members_left: others.len().saturating_sub(level.members),
        members: others.into_iter().take(level.members).map(|m| member_line(c, m, family)).collect(),
        action,
        markers: action.markers.iter().map(|line| line.replace(['\n', '\r'], " ")).collect::<Vec<_>>().join("\n"),
        fact: fact(c, family),
        severities: counts(&c.severities, true),
        revisions: counts(&c.revisions, false),
        hosts: c.http.as_ref().map(|http| counts(&http.hosts, false)).unwrap_or_default(),
        lines: c.lines.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(", "),
        has_pattern: message.as_deref().is_some_and(|text| text != c.template),
        message,
        template: safe::cut(&c.template, level.text),
        example_cut: example.is_some_and(|text| shown.as_ref().is_some_and(|shown| shown.len() < text.len())),
        example: shown,
        parameters: c
            .parameters
            .iter()
            .filter(|p| p.drift.is_some() || (p.median.is_some() && p.distinct > 1))
            .take(8)
            .map(parameter_words)
            .collect(),
        gcloud: if action.query.is_empty() {
            gcloud(c)
        } else {
            gcloud(&Cluster { filter: action.query.clone(), project: c.project.clone(), ..Cluster::default() })
        },
        expected: expected(c, family, action),
        since: action.since.as_deref().map(filters::exact),
        compared: action.over_s.map(filters::seconds),
        status: status(c, input.report, action),
        earlier: action
            .earlier
            .iter()
            .map(String::as_str)
            .filter(|line| !said.contains(line.trim_start_matches("- ")))
            .collect(),
        findings,
        next: next(c, family, action),
    }
}

/// Seconds between the first entries of a root and of a member, as words.
fn offset(root: &Cluster, first: &str) -> Option<String> {
    let (from, to) = (crate::time::parse(&root.first)?.ns, crate::time::parse(first)?.ns);
    let words = crate::time::words((to - from).abs());
    Some(if to < from { format!("first seen {words} before") } else { format!("first seen {words} after") })
}

/// The first lines of a text, whole where they fit.
fn head(text: &str, chars: usize) -> String {
    let lines: Vec<&str> = text.lines().take(MESSAGE_LINES).collect();
    let more = text.lines().count() - lines.len();
    let mut shown = safe::cut(&lines.join("\n"), chars);
    if more > 0 {
        let _ = write!(shown, "\n… {} more lines", filters::count(more as u64));
    }
    shown
}

/// The observable fact, in one sentence.
fn fact(c: &Cluster, family: Option<&Family>) -> String {
    let when = filters::span(&c.first, &c.last);
    let n = filters::count;
    if let Some(f) = family.filter(|f| f.kind == "crash_loop") {
        let noun = if f.failed == 1 { "start" } else { "starts" };
        let often = short(&f.cadence.words).filter(|words| words.starts_with("every "));
        let often = often.map_or_else(String::new, |words| format!(", one {words}"));
        let (noun, failed) = match (f.ran, f.failed) {
            (true, 1) => ("instance", "exited after it had run"),
            (true, _) => ("instances", "exited after they had run"),
            (false, _) => (noun, "failed"),
        };
        let when = filters::span(&f.first, &f.last);
        return format!("{} {noun} of {} {failed}, {when}{often}.", n(f.failed), f.service);
    }
    let place = if c.service.is_empty() { String::new() } else { format!(" in {}", c.service) };
    if let Some(http) = &c.http {
        let status = http.status.map(|code| format!(" answered {code}")).unwrap_or_default();
        let requests = if c.entries == 1 { "request" } else { "requests" };
        let share = http.share_5xx.filter(|share| *share > 0.0 && http.status.is_some_and(|code| code >= 500));
        let share = share.map_or_else(String::new, |share| {
            let share = filters::percent(share);
            match http.share_5xx_while.map(filters::percent).filter(|part| *part != share) {
                Some(part) => format!(
                    "; of all requests on this route {part} were answered 5xx in these hours, and {share} in the window"
                ),
                None => format!("; of all requests on this route {share} were answered 5xx"),
            }
        });
        return format!("{} {requests} {} {}{status}{place}, {when}{share}.", n(c.entries), http.method, http.route);
    }
    let entries = if c.entries == 1 { "entry" } else { "entries" };
    let events = if c.events == c.entries {
        String::new()
    } else {
        format!(" in {} {}", n(c.events), if c.events == 1 { "event" } else { "events" })
    };
    format!("{} {} {entries}{events}{place}{}, {when}.", n(c.entries), c.effective_severity, reach(c))
}

/// Whom it reached, as far as the entries say.
fn reach(c: &Cluster) -> String {
    match (c.users, c.traces, c.instances) {
        (Some(users), ..) if users > 1 => format!(", {} users", filters::count(users)),
        (_, traces, _) if traces > 1 => format!(", {} requests", filters::count(traces)),
        (.., instances) if instances > 1 => format!(", {} instances", filters::count(instances)),
        _ => String::new(),
    }
}

/// The first part of a cadence: `every 7.1 s`.
fn short(words: &str) -> Option<&str> {
    words.split([';', '(']).next().map(str::trim).filter(|words| !words.is_empty())
}

/// What should be instead: a rule's words, else what the facts themselves ask for.
fn expected(c: &Cluster, family: Option<&Family>, action: &ActionFacts) -> Vec<String> {
    let mut lines = Vec::new();
    match (&action.expected, family, &c.http) {
        (Some(words), ..) => lines.push(words.clone()),
        (_, Some(f), _) if f.kind == "crash_loop" => {
            lines.push(if f.ran {
                format!("An instance of {} runs until it is not needed any more; none ends in an exit.", f.service)
            } else {
                format!("A start of {} serves; none ends in an exit.", f.service)
            });
        }
        (.., Some(http)) if http.status.is_some_and(|code| code >= 500) => {
            lines.push(format!("{} {} is answered with a status below 500.", http.method, http.route));
        }
        _ if rank(&c.effective_severity) >= rank("ERROR") => {
            lines.push("It does not happen, or it is expected and logged below ERROR.".to_owned());
        }
        _ => lines.push("It does not happen, or it is expected and no warning.".to_owned()),
    }
    if action.absent_days > 0 {
        let days = action.absent_days;
        lines.push(format!("After {days} covered days without an entry, closing this issue is suggested."));
    }
    lines
}

/// One line on where it stands.
fn status(c: &Cluster, report: &Report, action: &ActionFacts) -> String {
    let n = filters::count;
    let words = &c.cadence.words;
    let events = if words.contains("event") { String::new() } else { format!(" in {} events", n(c.events)) };
    let seen = if c.entries == 0 {
        "not seen in this window".to_owned()
    } else {
        let entries = if c.entries == 1 { "entry" } else { "entries" };
        format!("{} {entries}{events}; {words}", n(c.entries))
    };
    let word = match (action.kind.as_str(), &action.raised) {
        ("reopen", _) => match &action.since_closing {
            Some((1, first)) => format!("back after closing: 1 event since, at {first}; in the whole window"),
            Some((events, first)) => {
                format!("back after closing: {} events since, the first at {first}; in the whole window", n(*events))
            }
            None => "back after closing".to_owned(),
        },
        (_, Some(raised)) => format!("priority raised {raised}"),
        _ if c.status.is_empty() || c.status == "insufficient_coverage" => "seen".to_owned(),
        _ => c.status.replace('_', " "),
    };
    let thin = if report.coverage.fraction < THIN { format!(" {}", report.coverage.sentence) } else { String::new() };
    format!("{word}: {seen}.{thin}")
}

fn findings(c: &Cluster, family: Option<&Family>, action: &ActionFacts) -> Vec<String> {
    let mut found = action.change.clone();
    found.extend(c.status_why.iter().take(4).cloned());
    found.extend(c.parameters.iter().filter_map(|p| p.drift.clone().map(|_| parameter_words(p))).take(4));
    found.extend(family.map(|f| f.sentence.clone()).filter(|s| !s.is_empty()));
    found.extend(c.effective_reason.clone());
    if let Some(number) = action.target {
        // On its own page an issue is not called by its number.
        let own = format!("#{number} ");
        for line in &mut found {
            if let Some(rest) = line.strip_prefix(&own) {
                *line = format!("this issue {rest}");
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|line| seen.insert(line.clone()));
    found
}

/// One imperative, from what is known only.
fn next(c: &Cluster, family: Option<&Family>, action: &ActionFacts) -> String {
    let words = action.next.clone().unwrap_or_else(|| step(c, family, action));
    match &action.owner {
        Some(owner) => format!("{owner}: {words}"),
        None => words,
    }
}

fn step(c: &Cluster, family: Option<&Family>, action: &ActionFacts) -> String {
    let module = c.module.as_deref().filter(|module| !LOGGERS.contains(module));
    let place = match (module, &c.function, c.lines.first()) {
        (Some(module), Some(function), Some(line)) => Some(format!("{module}, function {function}, line {line}")),
        (Some(module), Some(function), None) => Some(format!("{module}, function {function}")),
        (Some(module), None, Some(line)) => Some(format!("{module}, line {line}")),
        (Some(module), None, None) => Some(module.to_owned()),
        (None, ..) => {
            let handler = c.http.as_ref().map(|http| format!("the handler of {} {}", http.method, http.route));
            c.frame.clone().or(handler)
        }
    };
    let look = format!("gardener show {} prints what happened around it", c.id);
    let Some(place) = place else {
        return format!("read the entries around {}: {look}.", filters::exact(&c.first));
    };
    match family {
        Some(f) if f.kind == "crash_loop" => {
            format!("check {place}; it stands first in the starts that failed ({look}).")
        }
        _ if action.kind == "reopen" => format!("check {place} and why the last fix did not hold ({look})."),
        _ if rank(&c.effective_severity) >= rank("ERROR") => format!("check {place} ({look})."),
        _ => format!("decide whether {place} should warn; if it may, mute it in gardener.toml."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_ends_with_how_much_is_left_out() {
        let text: Vec<String> = (0..MESSAGE_LINES + 5).map(|n| n.to_string()).collect();
        assert!(head(&text.join("\n"), 4_000).ends_with("\n… 5 more lines"));
        assert_eq!(head("a\nb", 4_000), "a\nb");
    }
}
