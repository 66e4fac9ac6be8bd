//! Calls of the filing step: `gh api` with REST addresses, as word lists, never as shell text.
//!
//! No word comes from a log. Titles, bodies and labels of unusual spelling stand in files that the words name, so the
//! list of calls can be split at spaces and nothing in it is ever evaluated.

pub use crate::config::is_repo;

use super::IssueError;
use super::planned::{ActionKind, ActionStatus, Command, PlannedAction};

/// Most labels on a new issue.
pub const MAX_LABELS: usize = 4;

/// Whether a text may stand in the list of calls as it is.
pub fn is_safe_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./:=@[]-".contains(&byte))
}

/// Fills in the calls and the files they refer to. Actions that write nothing, and those without a usable
/// repository or target, get none.
pub fn fill_commands(action: &mut PlannedAction) {
    action.commands.clear();
    action.side_files.clear();
    if !action.kind.writes() || !is_repo(&action.repo) {
        return;
    }
    let issues = format!("repos/{}/issues", action.repo);
    let body = format!("body=@{}", action.body_file());
    if action.kind == ActionKind::Create {
        let title_file = format!("bodies/{}.title", action.id);
        let mut argv = call("POST", &issues, &["-F", &format!("title=@{title_file}"), "-F", &body]);
        let labels = label_words(action);
        argv.extend(labels);
        action.side_files.insert(0, (title_file, action.title.clone().unwrap_or_default()));
        action.commands.push(Command { step: "create", argv });
        return;
    }
    let Some(target) = action.target.clone() else {
        return;
    };
    let issue = format!("{issues}/{}", target.number);
    if action.kind.has_body() {
        let (step, argv) = match &target.comment_id {
            Some(id) if is_safe_word(id) => ("edit", call("PATCH", &format!("{issues}/comments/{id}"), &["-F", &body])),
            _ => ("comment", call("POST", &format!("{issue}/comments"), &["-F", &body])),
        };
        action.commands.push(Command { step, argv });
    }
    match action.kind {
        ActionKind::Reopen => {
            action.commands.push(Command { step: "state", argv: call("PATCH", &issue, &["-f", "state=open"]) });
        }
        ActionKind::CloseCandidate => {
            let argv = call("PATCH", &issue, &["-f", "state=closed", "-f", "state_reason=completed"]);
            action.commands.push(Command { step: "state", argv });
        }
        _ => {}
    }
    let labels = label_words(action);
    if !labels.is_empty() {
        let mut argv = call("POST", &format!("{issue}/labels"), &[]);
        argv.extend(labels);
        action.commands.push(Command { step: "labels", argv });
    }
    for label in action.labels_remove.iter().filter(|label| is_path_word(label)) {
        let argv = call("DELETE", &format!("{issue}/labels/{label}"), &[]);
        action.commands.push(Command { step: "unlabel", argv });
    }
}

/// The lines of `apply.list` for one action: none unless it is ready.
///
/// A line is one call, words separated by one space: action id, kind, repository, issue number or `-`, expected state
/// or `-`, fingerprint, step, then the words behind `gh api`.
pub fn apply_list_lines(action: &PlannedAction) -> Result<Vec<String>, IssueError> {
    if action.status != ActionStatus::Ready {
        return Ok(Vec::new());
    }
    let number = action.target.as_ref().map_or_else(|| "-".to_owned(), |target| target.number.to_string());
    let state = action.expected_state().unwrap_or("-");
    let mut lines = Vec::new();
    for command in &action.commands {
        let head = [&action.id, action.kind.as_str(), &action.repo, &number, state, &action.fingerprint, command.step];
        let words: Vec<&str> = head.into_iter().chain(command.argv.iter().skip(2).map(String::as_str)).collect();
        if let Some(word) = words.iter().find(|word| !is_safe_word(word)) {
            return Err(IssueError::UnsafeWord { action: action.id.clone(), word: (*word).to_owned() });
        }
        lines.push(words.join(" "));
    }
    Ok(lines)
}

/// The same as one text, each line ended; empty when the action makes no call.
pub fn apply_list_line(action: &PlannedAction) -> Result<String, IssueError> {
    Ok(apply_list_lines(action)?.into_iter().map(|line| line + "\n").collect())
}

fn call(method: &str, path: &str, rest: &[&str]) -> Vec<String> {
    ["gh", "api", "-X", method, path].iter().chain(rest).map(|word| (*word).to_owned()).collect()
}

/// `-f labels[]=P1`, or from a file where the label has other characters.
fn label_words(action: &mut PlannedAction) -> Vec<String> {
    let mut words = Vec::new();
    for (at, label) in action.labels_add.iter().take(MAX_LABELS).enumerate() {
        if is_safe_word(label) {
            words.extend(["-f".to_owned(), format!("labels[]={label}")]);
        } else {
            let file = format!("bodies/{}.label-{}", action.id, at + 1);
            words.extend(["-F".to_owned(), format!("labels[]=@{file}")]);
            action.side_files.push((file, label.clone()));
        }
    }
    words
}

/// A label that can stand in an address without being escaped.
fn is_path_word(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
