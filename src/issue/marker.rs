//! Markers: the hidden first lines of a body by which an issue, and the last write to it, are recognised again.
//!
//! Only whole lines of the exact form count, only from the very first line on, and reading stops at the first line
//! that is no marker. Log text stands below the markers of every body that we write, so a log line that looks like
//! one is never read. Who wrote a body decides whether its markers are believed ([`Trust`]).

use super::export_types::{Comment, Issue};
use super::finding::Priority;
use super::fingerprint::{Fingerprint, MAX_SIGNATURES, is_hex};
use super::known::Reopening;
use super::{format_ns, parse_ns};

const OPEN: &str = "<!-- log-gardener:";
const CLOSE: &str = " -->";
/// Lines of a body that can be markers.
pub const MAX_LINES: usize = 6;

/// What the markers of one body say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markers {
    /// Fingerprint of the family's root or of the cluster.
    pub fp: Option<String>,
    /// Issue signatures filed with it.
    pub sigs: Vec<String>,
    /// Fingerprints of its symptoms.
    pub also: Vec<String>,
    /// The action that wrote the body.
    pub act: Option<String>,
    /// Data up to, ns since the epoch.
    pub at_ns: Option<i64>,
    /// Of a comment that opened the issue again: when it had been closed, ns since the epoch.
    pub closed_ns: Option<i64>,
}

impl Markers {
    /// The lines for the top of a body, without a newline behind the last.
    pub fn format(&self) -> String {
        let mut lines = Vec::new();
        if let Some(fp) = &self.fp {
            let sigs = if self.sigs.is_empty() { String::new() } else { format!(" sig={}", self.sigs.join(",")) };
            lines.push(format!("{OPEN}fp={fp}{sigs}{CLOSE}"));
        }
        if !self.also.is_empty() {
            lines.push(format!("{OPEN}also={}{CLOSE}", self.also.join(",")));
        }
        lines.extend(self.act.as_deref().map(act_marker));
        lines.extend(self.at_ns.map(|ns| format!("{OPEN}at={}{CLOSE}", format_ns(ns))));
        // The last of them: a version that does not know it stops reading here.
        lines.extend(self.closed_ns.map(|ns| format!("{OPEN}closed={}{CLOSE}", format_ns(ns))));
        lines.join("\n")
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The marker that one action leaves behind, as it stands in the body and in `expect.marker_absent`.
pub fn act_marker(action_id: &str) -> String {
    format!("{OPEN}act={action_id}{CLOSE}")
}

/// Reads the markers at the head of a body; `None` when its first line is none.
pub fn parse_markers(body: &str) -> Option<Markers> {
    let mut markers = Markers::default();
    for line in body.lines().take(MAX_LINES) {
        if read_line(line, &mut markers).is_none() {
            break;
        }
    }
    (!markers.is_empty()).then_some(markers)
}

/// Takes one line in; `None` when it is no marker, or one of a kind that was there already.
fn read_line(line: &str, markers: &mut Markers) -> Option<()> {
    let (key, value) = line.strip_prefix(OPEN)?.strip_suffix(CLOSE)?.split_once('=')?;
    match key {
        "fp" if markers.fp.is_none() => {
            let (fp, sigs) = match value.split_once(" sig=") {
                Some((fp, list)) => (fp, read_list(list, MAX_SIGNATURES, |sig| is_hex(sig, 16))?),
                None => (value, Vec::new()),
            };
            markers.fp = Some(Fingerprint::parse(fp)?.as_str().to_owned());
            markers.sigs = sigs;
        }
        "also" if markers.also.is_empty() => {
            markers.also = read_list(value, usize::MAX, |fp| Fingerprint::parse(fp).is_some())?;
        }
        "act" if markers.act.is_none() => {
            markers.act = value.strip_prefix("act_").filter(|hex| is_hex(hex, 16)).map(|_| value.to_owned());
            markers.act.as_ref()?;
        }
        "at" if markers.at_ns.is_none() => markers.at_ns = Some(read_moment(value)?),
        "closed" if markers.closed_ns.is_none() => markers.closed_ns = Some(read_moment(value)?),
        _ => return None,
    }
    Some(())
}

fn read_moment(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.TZ".contains(&byte));
    parse_ns(text).filter(|_| plain)
}

fn read_list(text: &str, most: usize, valid: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let items: Vec<String> = text.split(',').map(str::to_owned).collect();
    (items.len() <= most && items.iter().all(|item| valid(item))).then_some(items)
}

/// Whose markers are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Logins, without regard to case.
    pub authors: Vec<String>,
    /// Our label: believed where the export names no authors, because only people with rights set labels.
    pub label: String,
}

impl Trust {
    fn believes(&self, author: Option<&str>, association: Option<&str>, issue: &Issue) -> bool {
        if author.is_none() && association.is_none() {
            return !self.label.is_empty() && issue.has_label(&self.label);
        }
        author.is_some_and(|name| self.authors.iter().any(|trusted| trusted.eq_ignore_ascii_case(name)))
            || matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"))
    }

    /// Whether the body of an issue is believed.
    pub fn of_issue(&self, issue: &Issue) -> bool {
        self.believes(issue.author.as_deref(), issue.author_association.as_deref(), issue)
    }

    /// Whether a comment on an issue is believed.
    pub fn of_comment(&self, comment: &Comment, issue: &Issue) -> bool {
        self.believes(comment.author.as_deref(), comment.author_association.as_deref(), issue)
    }
}

/// The newest write of ours to an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAction {
    /// Up to when the data of that write reached, ns since the epoch.
    pub at_ns: i64,
    /// REST id when it was a comment.
    pub comment_id: Option<String>,
    /// Whether it was a comment and not the body of the issue.
    pub is_comment: bool,
    /// Its action id.
    pub act: Option<String>,
    /// When it was written, ns since the epoch.
    pub written_ns: Option<i64>,
    /// Of a comment that opened the issue again: when it had been closed, ns since the epoch.
    pub closed_ns: Option<i64>,
    /// The priority that the issue was told to have: what our last text said, else its label.
    pub priority: Option<Priority>,
}

/// The newest believed write to an issue, by its `at`; a body or comment without `at` does not count.
pub fn last_action(issue: &Issue, trust: &Trust) -> Option<LastAction> {
    let own = issue.body.as_deref().filter(|_| trust.of_issue(issue)).and_then(parse_markers).and_then(|markers| {
        Some(LastAction {
            at_ns: markers.at_ns?,
            comment_id: None,
            is_comment: false,
            act: markers.act,
            written_ns: issue.created_ns,
            closed_ns: None,
            priority: None,
        })
    });
    let comments = issue.comments.iter().filter(|comment| trust.of_comment(comment, issue)).filter_map(|comment| {
        let markers = parse_markers(&comment.body)?;
        Some(LastAction {
            at_ns: markers.at_ns?,
            comment_id: comment.id.clone(),
            is_comment: true,
            closed_ns: closing(&markers, &comment.body),
            act: markers.act,
            written_ns: comment.created_ns,
            priority: None,
        })
    });
    own.into_iter().chain(comments).max_by_key(|action| (action.at_ns, action.written_ns))
}

/// What stands above the findings of a comment; see `templates/comment.md.j2`.
pub(crate) const FINDINGS: &str = "**Key findings:**";

/// The closings that believed comments of ours say an issue was opened again after.
pub(crate) fn reopenings<'a>(issue: &'a Issue, trust: &'a Trust) -> impl Iterator<Item = Reopening> + 'a {
    issue.comments.iter().filter(|comment| trust.of_comment(comment, issue)).filter_map(|comment| {
        let markers = parse_markers(&comment.body)?;
        let closed_ns = closing(&markers, &comment.body)?;
        Some(Reopening { closed_ns, at_ns: markers.at_ns.filter(|at_ns| *at_ns >= closed_ns)? })
    })
}

/// The closing that a comment of ours tells of: by its marker, or in its findings, because comments of the time before that
/// marker have nothing else. What a log says stands below the findings, in a block of code.
fn closing(markers: &Markers, body: &str) -> Option<i64> {
    if markers.closed_ns.is_some() || markers.act.is_none() {
        return markers.closed_ns;
    }
    let findings = body.lines().map(str::trim_end).skip_while(|line| *line != FINDINGS).skip(1);
    findings
        .skip_while(|line| line.is_empty())
        .take_while(|line| line.starts_with("- "))
        .find_map(|line| read_moment(line.strip_prefix("- this issue was closed at ")?.split(';').next()?))
}
