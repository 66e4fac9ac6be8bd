//! A stand-in for GitHub's REST interface: plain HTTP on a Unix socket, which is how `gh` talks when `http_unix_socket` is set.
//!
//! It keeps issues and comments in memory, records every request, and knows only the calls that the filing step and the export
//! script make; anything else is a 404, so that a call nobody thought of is seen. Its clock moves a second with each write.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Said, missing, need};

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn writes(&self) -> bool {
        self.method != "GET"
    }
}

/// What the stand-in does instead of answering, once, to a request whose line begins so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Answers with a status and does nothing.
    Refuse(u16),
    /// Does what is asked and never answers.
    Hang,
    /// Does what is asked, and somebody else files the same issue at the same moment.
    Twin,
}

#[derive(Debug, Default)]
struct State {
    repo: String,
    issues: BTreeMap<u64, Value>,
    comments: BTreeMap<u64, (u64, Value)>,
    now_s: i64,
    next_comment: u64,
    requests: Vec<Request>,
    trouble: Vec<(String, Trouble)>,
    hung: usize,
    page: usize,
}

struct Shared {
    state: Mutex<State>,
    hung: Condvar,
}

/// The stand-in; it ends with the test process.
pub(crate) struct GitHub {
    shared: Arc<Shared>,
    config: tempfile::TempDir,
    gh: PathBuf,
    bash: PathBuf,
}

impl GitHub {
    /// Starts one that holds the issues of an export; `None` where `gh` or `bash` is missing.
    #[track_caller]
    pub(crate) fn start(export: &Value, now: &str) -> Option<Self> {
        let (gh, bash) = (need(&["gh"])?, need(&["bash"])?);
        let config = crate::harness::folder();
        let socket = config.path().join("s");
        let Ok(listener) = UnixListener::bind(&socket) else {
            missing("a place for a Unix socket");
            return None;
        };
        let state = State {
            repo: export["repo"].as_str().expect("a repository").to_owned(),
            now_s: now.parse::<jiff::Timestamp>().expect("a moment").as_second(),
            next_comment: 9_000_001,
            page: 100,
            ..State::default()
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), hung: Condvar::new() });
        let answering = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&answering);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        let github = Self { shared, config, gh, bash };
        github.load(export);
        let said: Said =
            github.gh().args(["config", "set", "http_unix_socket"]).arg(&socket).output().expect("gh starts").into();
        said.exits(0);
        Some(github)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("the state")
    }

    fn load(&self, export: &Value) {
        let mut state = self.lock();
        for issue in export["issues"].as_array().expect("issues") {
            let number = issue["number"].as_u64().expect("a number");
            let mut kept = issue.clone();
            let labels = issue["labels"].as_array().cloned().unwrap_or_default();
            let labels: Vec<Value> = labels
                .iter()
                .map(|label| if label.is_string() { json!({"name": label}) } else { label.clone() })
                .collect();
            kept["labels"] = json!(labels);
            for comment in issue["comments"].as_array().into_iter().flatten() {
                let id = comment["id"].as_u64().expect("a numeric id");
                let mut comment = comment.clone();
                comment["issue_url"] = json!(format!("https://api.github.com/repos/{}/issues/{number}", state.repo));
                state.comments.insert(id, (number, comment));
            }
            kept["comments"] = json!(0);
            state.issues.insert(number, kept);
        }
    }

    fn environment(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap_or_default();
        let gh = self.gh.parent().expect("gh lies in a folder").display().to_string();
        command
            .env("GH_CONFIG_DIR", self.config.path())
            .env("GH_TOKEN", "stand-in")
            .env("GH_PROMPT_DISABLED", "1")
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .env("PATH", format!("{path}:{gh}"))
            .env_remove("GH_HOST")
            .env_remove("GH_ENTERPRISE_TOKEN")
            .env_remove("GITHUB_TOKEN");
    }

    fn gh(&self) -> Command {
        let mut command = Command::new(&self.gh);
        self.environment(&mut command);
        command
    }

    /// `apply.sh` of a folder with these arguments, filing at a moment, without pauses.
    pub(crate) fn apply(&self, folder: &Path, now: &str, args: &[&str]) -> Command {
        let mut command = self.script(&folder.join("apply.sh"));
        command.args(args).env("APPLY", "1").env("GARDENER_NOW", now).env("GARDENER_MIN_INTERVAL_MS", "0");
        command
    }

    /// Any script, with `gh` talking to the stand-in.
    pub(crate) fn script(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.bash);
        self.environment(&mut command);
        command.arg(script).env_remove("APPLY").env_remove("GARDENER_NOW").env_remove("GARDENER_MIN_INTERVAL_MS");
        command
    }

    /// Asks for trouble at the next request whose line (`PATCH /repos/…`) begins so.
    pub(crate) fn trouble(&self, line: &str, trouble: Trouble) {
        self.lock().trouble.push((line.to_owned(), trouble));
    }

    /// Waits until a request hangs.
    pub(crate) fn wait_until_hung(&self) {
        let state = self.lock();
        let waited = self.shared.hung.wait_timeout_while(state, Duration::from_mins(1), |state| state.hung == 0);
        assert!(!waited.expect("the state").1.timed_out(), "nothing came that could hang");
    }

    /// Issues a page of a list holds.
    pub(crate) fn page_of(&self, rows: usize) {
        self.lock().page = rows;
    }

    /// Requests that changed something, in order; empties the record.
    pub(crate) fn writes(&self) -> Vec<Request> {
        std::mem::take(&mut self.lock().requests).into_iter().filter(Request::writes).collect()
    }

    pub(crate) fn issue(&self, number: u64) -> Value {
        self.lock().issues[&number].clone()
    }

    /// Changes an issue as a person would.
    pub(crate) fn edit(&self, number: u64, change: impl FnOnce(&mut Value)) {
        let mut state = self.lock();
        let now = state.tick();
        let issue = state.issues.get_mut(&number).expect("the issue");
        change(issue);
        issue["updated_at"] = json!(now);
    }

    pub(crate) fn comments(&self, number: u64) -> Vec<Value> {
        self.lock().comments.values().filter(|(of, _)| *of == number).map(|(_, comment)| comment.clone()).collect()
    }

    /// Everything a person would see, without times: what an undo must bring back.
    pub(crate) fn picture(&self) -> Value {
        let state = self.lock();
        let issues: Vec<Value> = state
            .issues
            .values()
            .map(|issue| json!([issue["number"], issue["title"], issue["state"], issue["labels"], issue["body"]]))
            .collect();
        let comments: Vec<Value> =
            state.comments.iter().map(|(id, (of, comment))| json!([id, of, comment["body"]])).collect();
        json!([issues, comments])
    }

    /// An export as `scripts/export-issues.sh` writes it, made at a moment.
    pub(crate) fn export(&self, exported_at: &str) -> Value {
        let state = self.lock();
        let issues: Vec<Value> = state.issues.values().cloned().collect();
        let comments: Vec<Value> = state.comments.values().map(|(_, comment)| comment.clone()).collect();
        json!({"exported_at": exported_at, "repo": state.repo, "state": "all", "issues": issues, "comments": comments})
    }
}

impl State {
    fn tick(&mut self) -> String {
        self.now_s += 1;
        jiff::Timestamp::from_second(self.now_s).expect("a moment").to_string()
    }

    /// Does what a request asks: status, body, and whether a next page exists.
    fn answer(&mut self, request: &Request) -> (u16, Value, bool) {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let Some(rest) = path.strip_prefix(&format!("/repos/{}/issues", self.repo)) else { return not_found() };
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        let number = parts.first().and_then(|part| part.parse::<u64>().ok());
        match (request.method.as_str(), parts.as_slice(), number) {
            ("GET", [], _) => {
                let wanted = value(query, "state").unwrap_or("open");
                let since = value(query, "since").unwrap_or("").to_owned();
                let mut rows: Vec<Value> = self
                    .issues
                    .values()
                    .filter(|issue| wanted == "all" || issue["state"] == wanted)
                    .filter(|issue| issue["updated_at"].as_str().unwrap_or("") >= since.as_str())
                    .cloned()
                    .collect();
                rows.reverse();
                self.paged(query, rows)
            }
            ("GET", ["comments"], _) => {
                let rows = self.comments.values().map(|(_, comment)| comment.clone()).collect();
                self.paged(query, rows)
            }
            ("GET", [_, "comments"], Some(number)) => {
                let of = self.comments.values().filter(|(of, _)| *of == number);
                let rows = of.map(|(_, comment)| comment.clone()).collect();
                self.paged(query, rows)
            }
            ("GET", [_], Some(number)) => {
                let count = self.comments.values().filter(|(of, _)| *of == number).count();
                self.issues.get(&number).map_or_else(not_found, |issue| {
                    let mut issue = issue.clone();
                    issue["comments"] = json!(count);
                    (200, issue, false)
                })
            }
            ("GET", ["comments", id], _) => {
                let found = id.parse().ok().and_then(|id: u64| self.comments.get(&id));
                found.map_or_else(not_found, |(_, comment)| (200, comment.clone(), false))
            }
            ("POST", [], _) => {
                let number = self.create(&request.body);
                (201, self.issues[&number].clone(), false)
            }
            ("POST", [_, "comments"], Some(number)) => self.comment(number, &request.body),
            ("POST", [_, "labels"], Some(number)) => {
                self.tick();
                let add = request.body["labels"].as_array().cloned().unwrap_or_default();
                let Some(issue) = self.issues.get_mut(&number) else { return not_found() };
                let labels = issue["labels"].as_array_mut().expect("labels");
                for name in add {
                    if !labels.iter().any(|label| label["name"] == name) {
                        labels.push(json!({"name": name}));
                    }
                }
                (200, issue["labels"].clone(), false)
            }
            ("DELETE", [_, "labels", name], Some(number)) => {
                self.tick();
                let Some(issue) = self.issues.get_mut(&number) else { return not_found() };
                let labels = issue["labels"].as_array_mut().expect("labels");
                let before = labels.len();
                labels.retain(|label| label["name"] != *name);
                if labels.len() == before { not_found() } else { (200, issue["labels"].clone(), false) }
            }
            ("PATCH", ["comments", id], _) => {
                let now = self.tick();
                let id = id.parse().unwrap_or(0);
                let Some((_, comment)) = self.comments.get_mut(&id) else { return not_found() };
                comment["body"] = request.body["body"].clone();
                comment["updated_at"] = json!(now);
                (200, comment.clone(), false)
            }
            ("DELETE", ["comments", id], _) => {
                self.tick();
                let gone = id.parse().ok().and_then(|id: u64| self.comments.remove(&id));
                gone.map_or_else(not_found, |_| (204, Value::Null, false))
            }
            ("PATCH", [_], Some(number)) => {
                let now = self.tick();
                let Some(issue) = self.issues.get_mut(&number) else { return not_found() };
                for (key, value) in request.body.as_object().into_iter().flatten() {
                    issue[key] = value.clone();
                }
                if request.body["state"] == "open" {
                    issue["closed_at"] = Value::Null;
                    issue["state_reason"] = json!("reopened");
                } else if request.body["state"] == "closed" {
                    issue["closed_at"] = json!(now);
                }
                issue["updated_at"] = json!(now);
                (200, issue.clone(), false)
            }
            _ => not_found(),
        }
    }

    fn create(&mut self, body: &Value) -> u64 {
        let now = self.tick();
        let number = self.issues.keys().max().map_or(1, |most| most + 1);
        let labels: Vec<Value> =
            body["labels"].as_array().into_iter().flatten().map(|name| json!({"name": name})).collect();
        let issue = json!({"number": number, "title": body["title"], "body": body["body"], "state": "open", "state_reason": null, "labels": labels, "created_at": now, "updated_at": now, "closed_at": null, "html_url": format!("https://github.com/{}/issues/{number}", self.repo), "user": {"login": "gardener-bot"}, "author_association": "COLLABORATOR", "comments": 0});
        self.issues.insert(number, issue);
        number
    }

    fn comment(&mut self, number: u64, body: &Value) -> (u16, Value, bool) {
        let now = self.tick();
        let Some(issue) = self.issues.get_mut(&number) else { return not_found() };
        issue["updated_at"] = json!(now);
        let id = self.next_comment;
        self.next_comment += 1;
        let repo = &self.repo;
        let comment = json!({"id": id, "issue_url": format!("https://api.github.com/repos/{repo}/issues/{number}"), "html_url": format!("https://github.com/{repo}/issues/{number}#issuecomment-{id}"), "body": body["body"], "created_at": now, "updated_at": now, "user": {"login": "gardener-bot"}, "author_association": "COLLABORATOR"});
        self.comments.insert(id, (number, comment.clone()));
        (201, comment, false)
    }

    fn paged(&self, query: &str, rows: Vec<Value>) -> (u16, Value, bool) {
        let number = |key: &str, least: usize| value(query, key).and_then(|text| text.parse().ok()).unwrap_or(least);
        let size = number("per_page", 30).min(self.page).max(1);
        let page = number("page", 1).max(1);
        let rest: Vec<Value> = rows.into_iter().skip((page - 1) * size).collect();
        (200, json!(rest[..rest.len().min(size)]), rest.len() > size)
    }
}

fn not_found() -> (u16, Value, bool) {
    (404, json!({"message": "Not Found"}), false)
}

fn value<'q>(query: &'q str, key: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// Answers the requests of one connection.
fn serve(stream: &UnixStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some((request, host)) = read(&mut reader) {
        let line = format!("{} {}", request.method, request.path);
        let mut state = shared.state.lock().expect("the state");
        let found = state.trouble.iter().position(|(start, _)| line.starts_with(start.as_str()));
        let trouble = found.map(|at| state.trouble.remove(at).1);
        state.requests.push(request.clone());
        let (status, body, more) = match trouble {
            Some(Trouble::Refuse(status)) => (status, json!({"message": "refused by the stand-in"}), false),
            _ => state.answer(&request),
        };
        if trouble == Some(Trouble::Twin) {
            state.create(&request.body);
        }
        if trouble == Some(Trouble::Hang) {
            state.hung += 1;
            shared.hung.notify_all();
            drop(state);
            // Until the other side gives up.
            let _ = reader.read(&mut [0; 1]);
            return;
        }
        drop(state);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let link = if more { next_page(&request.path, &host) } else { String::new() };
        let head = format!(
            "HTTP/1.1 {status} Stand-In\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n{link}\r\n",
            text.len()
        );
        if (&*stream).write_all(head.as_bytes()).and_then(|()| (&*stream).write_all(text.as_bytes())).is_err() {
            return;
        }
    }
}

fn next_page(path: &str, host: &str) -> String {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let page: usize = value(query, "page").and_then(|text| text.parse().ok()).unwrap_or(1);
    let others: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page=")).collect();
    let query =
        others.into_iter().map(str::to_owned).chain([format!("page={}", page + 1)]).collect::<Vec<_>>().join("&");
    format!("Link: <https://{host}{bare}?{query}>; rel=\"next\"\r\n")
}

fn read(reader: &mut BufReader<&UnixStream>) -> Option<(Request, String)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.replace("%3A", ":"));
    let (mut length, mut host) = (0, "api.github.com".to_owned());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "host" => value.trim().clone_into(&mut host),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some((Request { method, path, body }, host))
}
