//! Issue and comment bodies, and `review.md`: what people read before and after something is filed.
//!
//! A body must fit the tracker's limit and keep its markers and its last line, so it is rendered again with less until it
//! fits: first the quoted entry shrinks, then it goes, then the rows about members. Log text stands in fences only.

use serde::Serialize;

use super::cluster::{counts, gcloud, parameter_words, rank};
use super::{RenderError, Renderer, filters, safe};
use crate::report::v1::{Cluster, Coverage, Family, Report, ReportWindow, Run, Totals};

/// Characters of a body at most; trackers refuse 65,536.
pub const BODY_LIMIT: usize = 60_000;

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
    /// Related issues with their relation.
    pub related: Vec<(u64, String)>,
    /// `owner/name`
    pub repo: String,
    /// Filter that reproduces the cluster; empty takes the cluster's own.
    pub query: String,
    /// What should happen instead, from a rule.
    pub expected: Option<String>,
    /// The next step, from a rule; otherwise it is derived from what is known.
    pub next: Option<String>,
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
    template: String,
    example: Option<String>,
    example_cut: bool,
    parameters: Vec<String>,
    gcloud: String,
    expected: Option<&'a str>,
    status: String,
    findings: Vec<String>,
    next: String,
}

#[derive(Serialize)]
struct MemberLine<'a> {
    c: &'a Cluster,
    severities: String,
    offset: Option<String>,
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
        let mut text = String::new();
        for level in LEVELS {
            text = self.markdown(template, &body_view(input, level))?;
            if text.chars().count() <= BODY_LIMIT {
                return Ok(text);
            }
        }
        Err(RenderError::TooLong { id: input.action.id.clone(), chars: text.chars().count(), limit: BODY_LIMIT })
    }

    /// `review.md`: one screen an action, with the line that accepts or refuses it.
    pub fn review(&self, items: &[ReviewItem]) -> Result<String, RenderError> {
        #[derive(Serialize)]
        struct Shown<'a> {
            a: &'a ReviewItem,
            diff: Option<String>,
        }
        #[derive(Serialize)]
        struct Screen<'a> {
            items: Vec<Shown<'a>>,
        }
        let items =
            items.iter().map(|a| Shown { a, diff: a.last_comment.as_deref().map(|old| diff(old, &a.body)) }).collect();
        self.markdown("review.md.j2", &Screen { items })
    }
}

fn body_view<'a>(input: &BodyInput<'a>, level: Level) -> BodyView<'a> {
    let (c, action) = (input.cluster, input.action);
    let family = c.family.as_ref().and_then(|id| input.report.families.iter().find(|f| f.id == *id));
    let example = c.example.as_ref().filter(|_| level.example > 0).map(|e| e.json.as_deref().unwrap_or(&e.message));
    let shown = example.map(|text| safe::cut(text, level.example));
    let others: Vec<&Cluster> = input.members.iter().copied().filter(|m| m.id != c.id).collect();
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
        members: others
            .into_iter()
            .take(level.members)
            .map(|m| MemberLine { c: m, severities: counts(&m.severities, true), offset: offset(c, m) })
            .collect(),
        action,
        markers: action.markers.iter().map(|line| line.replace(['\n', '\r'], " ")).collect::<Vec<_>>().join("\n"),
        fact: fact(c, family),
        severities: counts(&c.severities, true),
        revisions: counts(&c.revisions, false),
        hosts: c.http.as_ref().map(|http| counts(&http.hosts, false)).unwrap_or_default(),
        lines: c.lines.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(", "),
        template: safe::cut(&c.template, level.text),
        example_cut: example.is_some_and(|text| shown.as_ref().is_some_and(|shown| shown.len() < text.len())),
        example: shown,
        parameters: c
            .parameters
            .iter()
            .filter(|p| p.drift.is_some() || p.median.is_some())
            .take(8)
            .map(parameter_words)
            .collect(),
        gcloud: if action.query.is_empty() {
            gcloud(c)
        } else {
            gcloud(&Cluster { filter: action.query.clone(), project: c.project.clone(), ..Cluster::default() })
        },
        expected: action.expected.as_deref(),
        status: status(c, input.report),
        findings: findings(c, family, action),
        next: next(c, family, action),
    }
}

/// Seconds between the first entries of a root and of a member, as words.
fn offset(root: &Cluster, member: &Cluster) -> Option<String> {
    let (from, to) = (crate::time::parse(&root.first)?.ns, crate::time::parse(&member.first)?.ns);
    let words = crate::time::words((to - from).abs());
    Some(if to < from { format!("first seen {words} before") } else { format!("first seen {words} after") })
}

/// The observable fact, in one sentence.
fn fact(c: &Cluster, family: Option<&Family>) -> String {
    let when = filters::span(&c.first, &c.last);
    let n = filters::count;
    if let Some(f) = family.filter(|f| f.kind == "crash_loop") {
        let of = f.starts.map(|starts| format!(" of {} observed", n(starts))).unwrap_or_default();
        let noun = if f.starts.or(Some(f.failed)) == Some(1) { "start" } else { "starts" };
        return format!("{}{of} {noun} of {} failed, {}.", n(f.failed), f.service, filters::span(&f.first, &f.last));
    }
    let place = if c.service.is_empty() { String::new() } else { format!(" in {}", c.service) };
    if let Some(http) = &c.http {
        let status = http.status.map(|code| format!(" answered {code}")).unwrap_or_default();
        let requests = if c.entries == 1 { "request" } else { "requests" };
        return format!("{} {requests} {} {}{status}{place}, {when}.", n(c.entries), http.method, http.route);
    }
    let entries = if c.entries == 1 { "entry" } else { "entries" };
    let events = if c.events == 1 { "event" } else { "events" };
    format!("{} {} {entries} in {} {events}{place}, {when}.", n(c.entries), c.effective_severity, n(c.events))
}

/// One line on where it stands.
fn status(c: &Cluster, report: &Report) -> String {
    let n = filters::count;
    let words = &c.cadence.words;
    let events = if words.contains("event") { String::new() } else { format!(" in {} events", n(c.events)) };
    let seen = if c.entries == 0 {
        "not seen in this window".to_owned()
    } else {
        format!("{} entries{events}; {words}", n(c.entries))
    };
    let partial = if report.coverage.complete {
        String::new()
    } else {
        format!("; {}", report.coverage.sentence.trim_end_matches('.'))
    };
    let word = if c.status.is_empty() { "seen" } else { &c.status };
    format!("{}: {seen}{partial}.", word.replace('_', " "))
}

fn findings(c: &Cluster, family: Option<&Family>, action: &ActionFacts) -> Vec<String> {
    let mut found = action.change.clone();
    found.extend(c.status_why.iter().take(4).cloned());
    found.extend(c.parameters.iter().filter_map(|p| p.drift.clone().map(|_| parameter_words(p))).take(4));
    found.extend(family.map(|f| f.sentence.clone()).filter(|s| !s.is_empty()));
    found.extend(c.effective_reason.clone());
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|line| seen.insert(line.clone()));
    found
}

/// One imperative, from what is known only.
fn next(c: &Cluster, family: Option<&Family>, action: &ActionFacts) -> String {
    if let Some(next) = &action.next {
        return next.clone();
    }
    let place = match (&c.module, &c.function, c.lines.first()) {
        (Some(module), Some(function), Some(line)) => format!("{module}, function {function}, line {line}"),
        (Some(module), Some(function), None) => format!("{module}, function {function}"),
        (Some(module), None, Some(line)) => format!("{module}, line {line}"),
        (Some(module), None, None) => module.clone(),
        _ => match &c.http {
            Some(http) => format!("the handler of {} {}", http.method, http.route),
            None => {
                return format!("read the entries around {} with gardener show {}.", filters::exact(&c.first), c.id);
            }
        },
    };
    match family {
        Some(f) if f.kind == "crash_loop" => format!("check {place}; it stands first in the starts that failed."),
        _ if rank(&c.effective_severity) >= rank("ERROR") => format!("check {place}."),
        _ => format!("decide whether {place} should warn, or mute it with a [[mute]] rule of gardener.toml."),
    }
}

/// Lines taken out and added, from the longest common subsequence; long texts are compared as whole.
fn diff(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if a.len() * b.len() > 1_000_000 {
        return format!("the last comment had {} lines, this one has {}", a.len(), b.len());
    }
    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    let mut line = |sign: char, text: &str| {
        out.push(sign);
        out.push_str(text);
        out.push('\n');
    };
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            line(' ', a[i]);
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            line('-', a[i]);
            i += 1;
        } else {
            line('+', b[j]);
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_only_what_changed() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc"), " a\n-b\n+x\n c\n");
        assert_eq!(diff("", "a"), "+a\n");
    }
}
