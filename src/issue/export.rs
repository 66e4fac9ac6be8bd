//! Reads issue exports: the wrapped form of `scripts/export-issues.sh`, bare arrays of `gh issue list --json`, REST
//! arrays, and several of them one after the other.
//!
//! One row reader serves every shape, by accepting both spellings of each key; a missing field lowers what can be
//! decided later and is never an error here. Only a file that holds no list of issues at all is refused.

use super::export_row::{Row, comment_of, issue_of_comment, object_text, read_row};
use super::export_types::{Comment, Export, Issue};
use super::{IssueError, parse_ns};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How deep arrays of arrays (`gh api --paginate --slurp`) are followed.
const MAX_DEPTH: usize = 4;

/// What the command line knows better than the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportOverrides {
    /// `OWNER/REPO`, of `--issues OWNER/REPO=FILE`.
    pub repo: Option<String>,
    /// `--issues-exported-at`, ns since the epoch.
    pub exported_at_ns: Option<i64>,
}

/// Reads one export. `name` is the file name as given and is only repeated.
///
/// Pull requests are dropped and counted; a number that comes twice (overlapping pages) is kept once, as last updated.
/// An empty list is an export of no issues, not an error.
pub fn read_export(name: &str, bytes: &[u8], overrides: &ExportOverrides) -> Result<Export, IssueError> {
    let mut found = Found::default();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        let value = value.map_err(|error| IssueError::NotJson {
            name: name.to_owned(),
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        })?;
        found.take(value, 0);
    }
    let strange = found.rows > 0 && found.malformed >= found.rows && found.issues.is_empty();
    if !found.list_seen || strange {
        // A list of something else, such as log entries, is no export that happens to be empty.
        let what = if strange {
            format!("a list of {} rows, none with an issue number,", found.rows)
        } else {
            found.stray.unwrap_or("an empty file").to_owned()
        };
        return Err(IssueError::NoIssues { name: name.to_owned(), found: what });
    }
    let rows = found.rows;
    let issues = found.attach_comments();
    let repo = overrides.repo.clone().or(found.repo).or_else(|| repo_of_urls(&issues));
    Ok(Export {
        path: name.to_owned(),
        repo,
        exported_at: overrides.exported_at_ns.or(found.exported_at),
        state: found.state,
        issues,
        sha256: hex(&Sha256::digest(bytes)),
        rows,
        dropped_pull_requests: found.pull_requests,
        dropped_malformed: found.malformed,
    })
}

/// What the walk through the file has met so far.
#[derive(Default)]
struct Found {
    list_seen: bool,
    stray: Option<&'static str>,
    repo: Option<String>,
    exported_at: Option<i64>,
    state: Option<String>,
    rows: usize,
    pull_requests: usize,
    malformed: usize,
    issues: BTreeMap<u64, Issue>,
    comments: BTreeMap<u64, Vec<Comment>>,
}

impl Found {
    fn take(&mut self, value: Value, depth: usize) {
        match value {
            Value::Array(items) if depth < MAX_DEPTH => {
                self.list_seen = true;
                for item in items {
                    self.take(item, depth + 1);
                }
            }
            Value::Object(object) => self.take_object(object, depth),
            Value::Array(_) => self.malformed += 1,
            other => {
                self.stray = Some(kind_of(&other));
                // A stray scalar inside a list is a damaged row; outside it is simply not an export.
                self.malformed += usize::from(depth > 0);
            }
        }
    }

    fn take_object(&mut self, mut object: Map<String, Value>, depth: usize) {
        if !object.contains_key("number") {
            if let Some((number, comment)) = issue_of_comment(&object).zip(comment_of(&object)) {
                self.comments.entry(number).or_default().push(comment);
                return;
            }
            // `issues` of our script, `items` of a search, `nodes`/`data` of other collectors.
            for key in ["issues", "items", "nodes", "data"] {
                if object.get(key).is_some_and(|list| list.is_array() || list.is_object()) {
                    self.header(&object);
                    if let Some(list) = object.remove(key) {
                        self.take(list, depth + 1);
                    }
                    if let Some(comments @ Value::Array(_)) = object.remove("comments") {
                        self.take(comments, depth + 1);
                    }
                    return;
                }
            }
            self.stray = Some("an object");
            if depth > 0 {
                self.rows += 1;
                self.malformed += 1;
            }
            return;
        }
        // Issues one a line are a list as well.
        self.list_seen = true;
        self.rows += 1;
        match read_row(&object) {
            Row::Issue(issue) => self.keep(*issue),
            Row::PullRequest => self.pull_requests += 1,
            Row::Malformed => self.malformed += 1,
        }
    }

    fn header(&mut self, object: &Map<String, Value>) {
        let text = |keys: &[&str]| object_text(object, keys);
        if let Some(at) = text(&["exported_at", "exportedAt"]).and_then(|at| parse_ns(&at)) {
            // Several wrapped exports in one file are as old as the oldest of them.
            self.exported_at = Some(self.exported_at.map_or(at, |seen| seen.min(at)));
        }
        let repo = text(&["repo", "repository", "nameWithOwner", "full_name"]).or_else(|| {
            object
                .get("repository")
                .and_then(Value::as_object)
                .and_then(|inner| object_text(inner, &["full_name", "nameWithOwner"]))
        });
        self.repo = self.repo.take().or(repo);
        self.state = self.state.take().or_else(|| text(&["state"]).map(|word| word.to_lowercase()));
    }

    fn keep(&mut self, issue: Issue) {
        match self.issues.get(&issue.number) {
            Some(seen) if seen.updated_ns >= issue.updated_ns => {}
            _ => {
                self.issues.insert(issue.number, issue);
            }
        }
    }

    /// Comments that came as a list of their own join their issues; oldest first, each once.
    fn attach_comments(&mut self) -> Vec<Issue> {
        let mut issues: Vec<Issue> = std::mem::take(&mut self.issues).into_values().collect();
        for issue in &mut issues {
            issue.comments.extend(self.comments.remove(&issue.number).unwrap_or_default());
            issue.comments.sort_by(|a, b| (a.created_ns, &a.id, &a.body).cmp(&(b.created_ns, &b.id, &b.body)));
            issue.comments.dedup();
        }
        issues
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// `OWNER/REPO` when every address that is there agrees.
fn repo_of_urls(issues: &[Issue]) -> Option<String> {
    let mut repos = issues.iter().filter_map(|issue| repo_of_url(issue.url.as_deref()?));
    let first = repos.next()?;
    repos.all(|repo| repo == first).then_some(first)
}

/// `OWNER/REPO` of `https://HOST/OWNER/REPO/issues/N` or of its REST address.
pub fn repo_of_url(url: &str) -> Option<String> {
    let parts: Vec<&str> = url.split('/').collect();
    let at = parts.iter().rposition(|part| *part == "issues")?;
    let (owner, repo) = (parts.get(at.checked_sub(2)?)?, parts.get(at - 1)?);
    (at >= 5 && !owner.is_empty() && !repo.is_empty()).then(|| format!("{owner}/{repo}"))
}

/// Lower-case hex of a digest.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
