//! One row of an export: an issue, a pull request, or a comment, in camel case (`gh --json`) or snake case (REST).
//!
//! A field of an unexpected type counts as missing: tools differ in what they send, and a title is worth keeping even
//! where the labels beside it cannot be read.

use super::export_types::{Comment, Issue, IssueState, StateReason};
use super::parse_ns;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// What a row turned out to be.
pub(crate) enum Row {
    /// An issue.
    Issue(Box<Issue>),
    /// A pull request, which the REST list mixes in.
    PullRequest,
    /// No usable number.
    Malformed,
}

/// Reads one row that has a `number`.
pub(crate) fn read_row(row: &Object) -> Row {
    let pull_key = row.get("pull_request").is_some_and(|value| !value.is_null())
        || row.get("isPullRequest").and_then(Value::as_bool) == Some(true);
    let url = object_text(row, &["html_url", "url"]);
    if pull_key || url.as_deref().is_some_and(|url| url.contains("/pull/")) {
        return Row::PullRequest;
    }
    let Some(number) = row.get("number").and_then(number_of) else {
        return Row::Malformed;
    };
    let closed_ns = time(row, &["closedAt", "closed_at"]);
    let state = match object_text(row, &["state"]).map(|word| word.to_lowercase()).as_deref() {
        Some("closed") => IssueState::Closed,
        // Without a state the date of closing is the only evidence.
        None if closed_ns.is_some() => IssueState::Closed,
        Some(_) | None => IssueState::Open,
    };
    let author = row.get("author").or_else(|| row.get("user"));
    Row::Issue(Box::new(Issue {
        number,
        title: object_text(row, &["title"]).unwrap_or_default(),
        body: object_text(row, &["body"]),
        body_absent: !row.contains_key("body"),
        state,
        state_reason: object_text(row, &["stateReason", "state_reason"]).as_deref().and_then(StateReason::read),
        labels: labels(row.get("labels")),
        created_ns: time(row, &["createdAt", "created_at"]),
        closed_ns: closed_ns.filter(|_| state == IssueState::Closed),
        updated_ns: time(row, &["updatedAt", "updated_at"]),
        url,
        author: login(author),
        author_association: association(row),
        comments: comments(row),
    }))
}

/// A comment row, when it has a text.
pub(crate) fn comment_of(row: &Object) -> Option<Comment> {
    let body = row.get("body")?.as_str()?.to_owned();
    let url_id = object_text(row, &["html_url", "url"]).and_then(|url| comment_id_of_url(&url));
    let plain_id = row.get("databaseId").or_else(|| row.get("id")).and_then(number_of).map(|id| id.to_string());
    Some(Comment {
        id: plain_id.or(url_id),
        author: login(row.get("author").or_else(|| row.get("user"))),
        author_association: association(row),
        body,
        created_ns: time(row, &["createdAt", "created_at"]),
        updated_ns: time(row, &["updatedAt", "updated_at"]),
    })
}

/// The issue that a REST comment row belongs to.
pub(crate) fn issue_of_comment(row: &Object) -> Option<u64> {
    let url = object_text(row, &["issue_url", "issueUrl"])?;
    url.rsplit('/').next()?.parse().ok()
}

/// The first of the keys that holds a text which is not empty.
pub(crate) fn object_text(row: &Object, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| row.get(*key)?.as_str().filter(|text| !text.trim().is_empty())).map(str::to_owned)
}

fn time(row: &Object, keys: &[&str]) -> Option<i64> {
    object_text(row, keys).and_then(|text| parse_ns(&text))
}

fn number_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim_start_matches('#').parse().ok())
}

/// `…#issuecomment-123` or `…/issues/comments/123`.
fn comment_id_of_url(url: &str) -> Option<String> {
    let tail = url.rsplit_once("#issuecomment-").or_else(|| url.rsplit_once("/comments/"))?.1;
    (!tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit())).then(|| tail.to_owned())
}

fn association(row: &Object) -> Option<String> {
    object_text(row, &["authorAssociation", "author_association"]).map(|word| word.to_uppercase())
}

fn login(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(name) if !name.is_empty() => Some(name.clone()),
        Value::Object(user) => object_text(user, &["login", "name"]),
        _ => None,
    }
}

/// A list, or what GraphQL wraps around one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Object(object) => object.get("nodes").and_then(Value::as_array).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

fn labels(value: Option<&Value>) -> Vec<String> {
    let items = value.map_or(&[][..], list);
    items
        .iter()
        .filter_map(|label| match label {
            Value::String(name) => Some(name.clone()),
            Value::Object(object) => object_text(object, &["name"]),
            _ => None,
        })
        .collect()
}

/// `comments` is a number in the REST list of issues and an array elsewhere.
fn comments(row: &Object) -> Vec<Comment> {
    let keys = ["comments", "comments_list", "comment_list", "commentsList"];
    keys.iter()
        .filter_map(|key| row.get(*key))
        .flat_map(list)
        .filter_map(|comment| comment_of(comment.as_object()?))
        .collect()
}
