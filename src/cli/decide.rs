//! `gardener decide`: a person's answer, kept where every run reads it first.
//!
//! The id is looked up in a report, because that is where people see it; what is kept are the fingerprint and its signatures,
//! which outlive every report.

use std::path::{Path, PathBuf};

use super::answers::{self, Decided};
use super::args::DecideArgs;
use super::context::{Context, read_text};
use super::results::action_list;
use super::{Stop, outputs, pages};
use crate::issue::decisions::{Answer, DecisionEntry, add_decision};
use crate::issue::v1::{Action, ActionList};
use crate::issue::{Decision, Mute, Verdict};
use crate::record::Severity;
use crate::report::v1::Report;

/// Runs the verb.
pub(crate) fn run(context: &Context, args: &DecideArgs) -> anyhow::Result<()> {
    let folder = match &args.report {
        Some(folder) => folder.clone(),
        None => newest(Path::new("worklogs"))?,
    };
    let list = action_list(&folder.join("actions.json"))?;
    let action = find(&list, &args.id, &folder)?;
    let entry = entry(args, action, &folder);
    let path = context.decisions_path(&context.store_path(args.store.as_ref()));
    let text = read_text(&path)?;
    let refuse = |reason: String| Stop::Usage(format!("{}: {reason}", path.display()));
    let added = add_decision(&text, &entry).map_err(refuse)?;
    let about = format!("{} {}", action.cluster.id, pages::shown(&action.cluster.title));
    let answer = |changed| Decided {
        decisions: path.display().to_string(),
        cluster: action.cluster.id.clone(),
        fingerprint: action.fingerprint.primary.clone(),
        answer: words(&entry),
        changed,
    };
    let Some(text) = added else {
        context.say(&format!("{} says so already of {about}", path.display()))?;
        return if context.common.json { answers::print(&answer(false)) } else { Ok(()) };
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .and_then(|()| outputs::place(parent, &path, text.as_bytes()))
        .map_err(|error| anyhow::Error::new(error).context(format!("cannot write {}", path.display())))?;
    context.say(&format!("{}: {} for {about}; {}", path.display(), words(&entry), followed(&entry, &list)))?;
    if context.common.json { answers::print(&answer(true)) } else { Ok(()) }
}

/// What is said of an answer: whether a run follows it. A mute that ends before the data do is followed by none, whether it was
/// mistyped or is meant to take back an earlier one; "now" is the end of the data and never the clock.
fn followed(entry: &DecisionEntry, list: &ActionList) -> String {
    let end = &list.run.data_up_to;
    match entry.read() {
        Ok(Decision { verdict: Verdict::Mute(Mute { until_ns: Some(until_ns), .. }), .. })
            if crate::issue::parse_ns(end).is_some_and(|end_ns| until_ns <= end_ns) =>
        {
            format!("that is over: the data reach to {end}, so no run mutes it, and an earlier mute of it ends")
        }
        _ => "the next run follows it".to_owned(),
    }
}

fn words(entry: &DecisionEntry) -> String {
    match entry.answer {
        Answer::Issue => format!("issue {}", entry.issue.unwrap_or_default()),
        Answer::New => "a new issue".to_owned(),
        Answer::Never => "never an issue".to_owned(),
        Answer::Mute => format!("muted until {}", entry.until.as_deref().unwrap_or_default()),
    }
}

fn entry(args: &DecideArgs, action: &Action, folder: &Path) -> DecisionEntry {
    let answer = match (args.issue, args.new, args.never) {
        (Some(_), ..) => Answer::Issue,
        (_, true, _) => Answer::New,
        (_, _, true) => Answer::Never,
        _ => Answer::Mute,
    };
    let named = action.target.iter().map(|target| target.number);
    let named = named.chain(action.matched.candidates.iter().map(|candidate| candidate.number));
    let not_issues: std::collections::BTreeSet<u64> = named.filter(|_| answer == Answer::New).collect();
    let mute = answer == Answer::Mute;
    DecisionEntry {
        cluster: action.cluster.id.clone(),
        title: action.cluster.title.clone(),
        fingerprint: action.fingerprint.primary.clone(),
        signatures: action.fingerprint.signatures.clone(),
        answer,
        issue: args.issue,
        not_issues: not_issues.into_iter().collect(),
        reason: args.reason.clone(),
        owner: args.owner.clone(),
        until: args.until.clone(),
        events: Some(action.evidence.distinct_events).filter(|_| mute),
        severity: severity(&action.cluster.id, folder).filter(|_| mute),
    }
}

/// How severe the cluster was, where the report beside the list can be read.
fn severity(cluster: &str, folder: &Path) -> Option<i32> {
    let bytes = std::fs::read(folder.join("report.json")).ok()?;
    let report: Report = serde_json::from_slice(&bytes).ok()?;
    let row = report.clusters.iter().find(|row| row.id == cluster)?;
    Severity::from_word(&row.effective_severity).map(Severity::number)
}

/// The action of an id, of its cluster, or of a unique beginning of either.
fn find<'a>(list: &'a ActionList, id: &str, folder: &Path) -> anyhow::Result<&'a Action> {
    let refuse = |words: String| Err(Stop::Usage(words).into());
    if id.is_empty() {
        return refuse("the id is empty: name an action or a cluster".into());
    }
    let names =
        |action: &'a Action| [action.id.as_str(), action.cluster.id.as_str(), action.fingerprint.primary.as_str()];
    let exact: Vec<&Action> = list.actions.iter().filter(|action| names(action).contains(&id)).collect();
    let begun = || list.actions.iter().filter(|action| names(action).iter().any(|name| name.starts_with(id))).collect();
    let hits: Vec<&Action> = if exact.is_empty() { begun() } else { exact };
    match hits.as_slice() {
        [] => refuse(format!(
            "no action or cluster {} in {}: its review.md lists what waits; --report names another folder",
            pages::shown(id),
            folder.join("actions.json").display()
        )),
        [first, rest @ ..] if rest.iter().all(|other| other.fingerprint.primary == first.fingerprint.primary) => {
            Ok(first)
        }
        many => {
            let names = many.iter().take(5).map(|action| format!("{} ({})", action.id, action.cluster.id));
            refuse(format!("{} begins {} ids: {}", pages::shown(id), many.len(), names.collect::<Vec<_>>().join(", ")))
        }
    }
}

/// The report whose data reach furthest; of equals the one written last.
fn newest(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut best: Option<((Option<i64>, std::time::SystemTime), PathBuf)> = None;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut candidates: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    candidates.sort();
    for path in candidates {
        let file = path.join("actions.json");
        let Ok(written) = file.metadata().and_then(|data| data.modified()) else { continue };
        let Ok(list) = action_list(&file) else { continue };
        let rank = (crate::issue::parse_ns(&list.run.data_up_to), written);
        if best.as_ref().is_none_or(|(old, _)| rank >= *old) {
            best = Some((rank, path));
        }
    }
    let none = "there is no report in worklogs/: name its folder with --report DIR";
    best.map(|(_, path)| path).ok_or_else(|| Stop::Usage(none.into()).into())
}
