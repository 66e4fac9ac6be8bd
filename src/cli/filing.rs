//! What a plan becomes on disk: rows of the worklog, bodies, `review.md`, `apply.list` and the frozen `actions.json`.
//!
//! `issue` plans without bodies and `render` makes bodies without knowing plans; they meet here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::context::Asked;
use super::outputs::Outputs;
use super::planning;
use crate::issue::{
    ActionKind, ChangeFacts, Comment, Delta, ExportState, Issue, PlannedAction, Related, Tier, apply_list_lines,
    parse_markers, v1 as actions_v1, v1_build, valid_until_ns,
};
use crate::render::{self, ActionFacts, BodyInput, CandidateLine, DeltaLine, Renderer, ReviewItem};
use crate::report::v1;
use crate::time::SECOND_NS;

/// Lines that a rewritten comment quotes of what it said before, at most.
const EARLIER_LINES: usize = 12;
/// Letters of such a line, at most.
const EARLIER_CHARS: usize = 400;
/// What stands above them in a comment; see `templates/comment.md.j2`.
const EARLIER: &str = "This comment said before:";

/// Members from which on a family is told by its root only in the links of each of them.
const LARGE_FAMILY: usize = 100;

/// Rows of the worklog for what is planned, and the issues each cluster is tied to.
pub(crate) fn add_actions(report: &mut v1::Report, planned: &[PlannedAction], exports: &[ExportState]) {
    let tracked = Tracked::new(exports);
    let places: BTreeMap<String, usize> =
        report.clusters.iter().enumerate().rev().map(|(at, cluster)| (cluster.id.clone(), at)).collect();
    for action in planned {
        let target = action.target.as_ref();
        report.actions.push(v1::ActionRow {
            id: action.id.clone(),
            cluster: action.cluster_id.clone(),
            kind: action.kind.as_str().to_owned(),
            status: action.status.as_str().to_owned(),
            number: target.map(|target| target.number),
            url: target.and_then(|target| target.url.clone()),
            title: action.title.clone().or_else(|| target.and_then(|target| tracked.title_of(target.number))),
            priority: action.priority.to_string(),
            previous: action.previous_priority.map(|priority| priority.to_string()),
            reason: action.reason.clone(),
            repo: action.repo.clone(),
        });
        let Some(cluster) = places.get(&action.cluster_id).map(|at| &mut report.clusters[*at]) else { continue };
        for candidate in action.matched.candidates.iter().filter(|candidate| {
            Some(candidate.number) == action.matched.target
                || target.is_some_and(|target| target.number == candidate.number)
        }) {
            cluster.links.push(v1::Link {
                number: Some(candidate.number),
                url: target.and_then(|target| target.url.clone()),
                cluster: None,
                relation: "matches".into(),
                state: Some(candidate.state.as_str().to_owned()),
                score: Some(candidate.score),
                title: tracked.title_of(candidate.number),
                ..v1::Link::default()
            });
        }
    }
    let families: BTreeMap<&str, &v1::Family> =
        report.families.iter().rev().map(|family| (family.id.as_str(), family)).collect();
    for cluster in &mut report.clusters {
        if let Some(family) = cluster.family.as_deref().and_then(|id| families.get(id)) {
            // Those that the analysis has measured are tied already, with their time apart.
            let tied: Vec<String> = cluster.links.iter().filter_map(|link| link.cluster.clone()).collect();
            // In a large family each names the root: the family itself has all of them.
            let most = if family.members.len() > LARGE_FAMILY { 1 } else { family.members.len() };
            let others = family.members[..most].iter();
            let others = others.filter(|member| **member != cluster.id && !tied.contains(member));
            cluster.links.extend(others.map(|member| v1::Link {
                cluster: Some(member.clone()),
                relation: "same_family".into(),
                ..v1::Link::default()
            }));
        }
    }
    report.issue_exports = exports
        .iter()
        .map(|state| {
            let fit = if state.fitness.is_fit() {
                "fresh and complete".to_owned()
            } else {
                format!("not fit for unseen writing: {}", state.fitness.reasons.join("; "))
            };
            format!("{}: {} issues, {fit}", state.export.path, state.export.issues.len())
        })
        .collect();
}

/// Bodies, review, `apply.list` and the frozen action list.
pub(crate) fn actions(
    renderer: &Renderer,
    report: &v1::Report,
    planned: &[PlannedAction],
    exports: &[ExportState],
    policy: &crate::issue::Policy,
    asked: &Asked,
    outputs: &mut Outputs,
) -> anyhow::Result<actions_v1::ActionList> {
    let (told, tracked) = (Told::new(report), Tracked::new(exports));
    let mut bodies = BTreeMap::new();
    let mut reviews = Vec::new();
    let mut list = format!(
        "#run={}\n#valid_until={}\n",
        report.run.run_id,
        valid_until_ns(exports).map_or_else(|| "-".to_owned(), planning::stamp)
    );
    let write = |action: &PlannedAction| -> anyhow::Result<Option<(String, v1_build::BodyInfo)>> {
        if !action.kind.has_body() {
            return Ok(None);
        }
        let body = body(renderer, report, &told, action, &tracked, policy, asked)?;
        let sha256 = hex(&Sha256::digest(body.as_bytes()));
        let chars = body.chars().count() as u64;
        Ok(Some((body, v1_build::BodyInfo { file: action.body_file(), sha256, chars })))
    };
    let written: Vec<_> = planned.par_iter().map(write).collect::<anyhow::Result<_>>()?;
    for (action, written) in planned.iter().zip(written) {
        let (body, info) = written.unzip();
        if let (Some(body), Some(info)) = (&body, &info) {
            bodies.insert(action.id.clone(), info.clone());
            outputs.add(info.file.clone(), body.clone());
        }
        for (file, content) in &action.side_files {
            outputs.add(file.clone(), content.clone());
        }
        let lines = apply_list_lines(action)?;
        if let Some(info) = info.filter(|_| !lines.is_empty()) {
            list.push_str(&format!("#sha256 {} {}\n", info.sha256, info.file));
        }
        if !lines.is_empty() && !action.depends_on.is_empty() {
            list.push_str(&format!("#depends {} {}\n", action.id, action.depends_on.join(" ")));
        }
        for line in lines {
            list.push_str(&line);
            list.push('\n');
        }
        if action.kind.writes() {
            reviews.push(review(action, body.unwrap_or_default(), &tracked));
        }
    }
    outputs.add("apply.list", list);
    outputs.add("apply.sh", render::APPLY_SH);
    let coverage = &report.coverage;
    let run = actions_v1::Run {
        run_id: report.run.run_id.clone(),
        data_up_to: report.run.data_up_to.clone(),
        tool: report.run.tool.clone(),
        tool_version: report.run.tool_version.clone(),
        config_digest: report.run.config_digest.clone(),
        fingerprint_scheme: crate::issue::fingerprint::SCHEME.to_owned(),
        window: actions_v1::Window {
            start: report.window.since.clone(),
            end: report.window.until.clone(),
            timezone: report.window.timezone.clone(),
        },
        coverage: actions_v1::Coverage {
            fraction: coverage.fraction,
            complete: coverage.complete,
            reasons: coverage.reasons.clone(),
        },
    };
    let sources = report
        .sources
        .iter()
        .map(|source| actions_v1::Source {
            path: source.path.clone(),
            content_id: source.content_id.clone(),
            entries: source.entries,
        })
        .collect();
    let rest = report.rest.as_ref().filter(|rest| rest.loud > 0);
    let unplanned = rest.map(|rest| actions_v1::Unplanned {
        clusters: rest.loud,
        entries: rest.loud_entries,
        services: rest.loud_services,
        reason: rest.sentence.clone(),
    });
    let (review, list) = rayon::join(
        || renderer.review(&reviews, unplanned.as_ref().map(|left| left.reason.as_str())),
        || v1_build::build(run, sources, exports, policy, planned, &bodies, unplanned.clone()),
    );
    outputs.add("review.md", review?);
    Ok(list)
}

/// The clusters of a report by id and by family, in their order.
struct Told<'a> {
    by_id: BTreeMap<&'a str, &'a v1::Cluster>,
    by_family: BTreeMap<&'a str, Vec<&'a v1::Cluster>>,
}

impl<'a> Told<'a> {
    fn new(report: &'a v1::Report) -> Self {
        let mut by_family: BTreeMap<&str, Vec<&v1::Cluster>> = BTreeMap::new();
        for cluster in &report.clusters {
            if let Some(family) = &cluster.family {
                by_family.entry(family).or_default().push(cluster);
            }
        }
        let by_id: BTreeMap<&str, &v1::Cluster> =
            report.clusters.iter().rev().map(|cluster| (cluster.id.as_str(), cluster)).collect();
        // A cluster names one family; what stands in the starts of several loops is told in the text of each.
        for family in &report.families {
            for own in &family.shared_members {
                let Some(cluster) = by_id.get(own.cluster.as_str()) else { continue };
                let known = by_family.entry(&family.id).or_default();
                if !known.iter().any(|other| other.id == cluster.id) {
                    known.push(cluster);
                }
            }
        }
        Self { by_id, by_family }
    }
}

/// The issues of all exports by number: those of several repositories may share one.
struct Tracked<'e> {
    by_number: BTreeMap<u64, Vec<(Option<&'e str>, &'e Issue)>>,
}

impl<'e> Tracked<'e> {
    fn new(exports: &'e [ExportState]) -> Self {
        let mut by_number: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for export in exports.iter().map(|state| &state.export) {
            for issue in &export.issues {
                by_number.entry(issue.number).or_default().push((export.repo.as_deref(), issue));
            }
        }
        Self { by_number }
    }

    fn title_of(&self, number: u64) -> Option<String> {
        self.by_number.get(&number).map(|issues| issues[0].1.title.clone())
    }

    /// The issue of a number in a repository; an empty name is any.
    fn issue(&self, repo: &str, number: u64) -> Option<&'e Issue> {
        let here = |own: Option<&str>| own.is_none_or(|own| repo.is_empty() || own.eq_ignore_ascii_case(repo));
        self.by_number.get(&number)?.iter().find(|(own, _)| here(*own)).map(|(_, issue)| *issue)
    }
}

fn body(
    renderer: &Renderer,
    report: &v1::Report,
    told: &Told<'_>,
    action: &PlannedAction,
    tracked: &Tracked<'_>,
    policy: &crate::issue::Policy,
    asked: &Asked,
) -> anyhow::Result<String> {
    let cluster = told
        .by_id
        .get(action.cluster_id.as_str())
        .ok_or_else(|| anyhow::anyhow!("the action {} has no cluster", action.id))?;
    let family = cluster.family.as_deref().and_then(|id| told.by_family.get(id));
    let members = family.into_iter().flatten().copied().filter(|other| other.id != cluster.id).collect();
    let target_title = action.target.as_ref().and_then(|target| tracked.title_of(target.number));
    let facts = ActionFacts {
        id: action.id.clone(),
        kind: action.kind.as_str().to_owned(),
        markers: action.markers(asked.as_of_ns).format().lines().map(str::to_owned).collect(),
        title: action.title.clone().or(target_title).unwrap_or_default(),
        change: action.changes.clone(),
        related: action.related.iter().filter_map(related).collect(),
        repo: action.repo.clone(),
        query: query(action),
        expected: None,
        next: None,
        target: action.target.as_ref().map(|target| target.number),
        owner: action.owner.clone(),
        found: found(action),
        raised: raised(action),
        labelled: labelled(action),
        deltas: action.compared.iter().flat_map(ChangeFacts::deltas).map(delta).collect(),
        since: action.compared.as_ref().map(|facts| planning::stamp(facts.since_ns)),
        since_closing: action.since_closing.map(|(events, first_ns)| (events, planning::stamp(first_ns))),
        over_s: action
            .compared
            .as_ref()
            .filter(|facts| facts.over_ns > 0)
            .map(|facts| facts.over_ns as f64 / SECOND_NS as f64),
        earlier: earlier(action, tracked),
        absent_days: policy.absent_days,
        limit: policy.tracker.body_limit(),
    };
    let input = BodyInput { report, cluster, members, action: &facts };
    Ok(if action.kind == ActionKind::Create { renderer.issue_body(&input)? } else { renderer.comment_body(&input)? })
}

/// The filter of an action's entries; of an issue that is reopened, those from the first after its closing on.
fn query(action: &PlannedAction) -> String {
    const SINCE: &str = "timestamp>=\"";
    let whole = &action.evidence.query;
    let behind = whole.strip_prefix(SINCE).and_then(|rest| rest.split_once('"'));
    match action.since_closing.zip(behind) {
        Some(((_, first_ns), (_, rest))) => format!("{SINCE}{}\"{rest}", planning::stamp(first_ns)),
        None => whole.clone(),
    }
}

/// How another issue is named in a body: by its number, or by the action that will make it.
fn related(related: &Related) -> Option<(String, String)> {
    let number = related.number.map(|number| format!("#{number}"));
    let future = || related.action.as_ref().map(|action| format!("{{{{issue:{action}}}}}"));
    Some((number.or_else(future)?, related.relation.as_str().to_owned()))
}

fn delta(delta: Delta) -> DeltaLine {
    DeltaLine { what: delta.what, before: delta.before, now: delta.now }
}

/// How an issue was found that never heard of this before: whoever reads it there may know better.
fn found(action: &PlannedAction) -> Option<String> {
    let first = action.kind == ActionKind::Comment && action.last_action.is_none();
    (first && action.matched.tier == Tier::Lexical).then(|| action.matched.why.join("; "))
}

fn raised(action: &PlannedAction) -> Option<String> {
    let to = action.labels_add.first().filter(|_| action.kind == ActionKind::Escalate)?;
    Some(format!("from {} to {to}", action.previous_priority?))
}

/// Another priority that the issue is labelled, and stays.
fn labelled(action: &PlannedAction) -> Option<String> {
    let label = action.previous_priority.filter(|label| *label != action.priority)?;
    (action.kind != ActionKind::Escalate).then(|| label.to_string())
}

/// Our last comment on the target, as the export holds it.
fn last_comment<'e>(action: &PlannedAction, tracked: &Tracked<'e>) -> Option<&'e Comment> {
    let (target, last) = (action.target.as_ref()?, action.last_action.as_ref().filter(|last| last.is_comment)?);
    let issue = tracked.issue(&action.repo, target.number)?;
    issue.comments.iter().rev().find(|comment| {
        (last.comment_id.is_some() && comment.id == last.comment_id)
            || (last.act.is_some() && parse_markers(&comment.body).and_then(|markers| markers.act) == last.act)
    })
}

/// The key findings of a comment that is rewritten, and what it quoted of those before: an edit adds, it does not take away.
fn earlier(action: &PlannedAction, tracked: &Tracked<'_>) -> Vec<String> {
    let comment = last_comment(action, tracked).filter(|_| action.kind == ActionKind::EditComment);
    let Some(comment) = comment else { return Vec::new() };
    let mut lines = comment.body.lines().map(str::trim_end);
    let mut kept: Vec<String> = Vec::new();
    let findings =
        lines.by_ref().skip_while(|line| *line != "**Key findings:**").skip(1).skip_while(|line| line.is_empty());
    kept.extend(findings.take_while(|line| line.starts_with("- ")).map(plain));
    let quoted = lines.by_ref().skip_while(|line| *line != EARLIER).skip_while(|line| !line.starts_with("```")).skip(1);
    kept.extend(quoted.take_while(|line| line.starts_with("- ")).map(str::to_owned));
    kept.truncate(EARLIER_LINES);
    kept
}

/// Our own words, without what made them inert: they are quoted as code.
fn plain(line: &str) -> String {
    let line = line.replace("&zwnj;", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut out = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '\\' && next.is_ascii_punctuation() => out.extend(letters.next()),
            _ => out.push(letter),
        }
    }
    out.chars().take(EARLIER_CHARS).collect()
}

fn review(action: &PlannedAction, body: String, tracked: &Tracked<'_>) -> ReviewItem {
    let title_of = |number: u64| tracked.title_of(number).unwrap_or_default();
    let number = action.target.as_ref().map(|target| target.number);
    ReviewItem {
        id: action.id.clone(),
        kind: action.kind.as_str().to_owned(),
        status: action.status.as_str().to_owned(),
        priority: action.priority.to_string(),
        cluster: action.cluster_id.clone(),
        cluster_title: action.cluster_title.clone(),
        repo: action.repo.clone(),
        number,
        url: action.target.as_ref().and_then(|target| target.url.clone()),
        title: action.title.clone().unwrap_or_else(|| number.map(title_of).unwrap_or_default()),
        labels: action.labels_add.clone(),
        unlabel: action.labels_remove.clone(),
        reason: action.reason.clone(),
        tier: action.matched.tier.as_str().to_owned(),
        score: Some(action.matched.score),
        why: action.matched.why.clone(),
        candidates: action
            .matched
            .candidates
            .iter()
            .map(|candidate| CandidateLine {
                number: candidate.number,
                score: candidate.score,
                state: candidate.state.as_str().to_owned(),
                title: title_of(candidate.number),
            })
            .collect(),
        body,
        last_comment: last_comment(action, tracked).map(|comment| comment.body.replace("\r\n", "\n")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
