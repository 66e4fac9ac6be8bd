//! Tables of keys: which field of a record each path of a row feeds, and how much it counts.
//!
//! Most logging systems differ in the names of their keys and in nothing else. One walk over a row follows a tree made of the
//! table's paths, so that a row costs its own keys, not the table's; a dotted key (`log.level`) and nested keys are the same path,
//! unless a path begins with `=`: that is one key.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::super::json::{NodeKind, Value};
use super::payload::{Best, is_stack};
use super::{frames, http_status, seldom_timestamp, text, timestamp};
use crate::time::Parsed;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Time,
    /// A time that may be another than the row's: it counts where the row has no other.
    OtherTime,
    /// The level of the row itself.
    Level,
    /// A level that only implies a severity.
    Hint,
    Message,
    /// A stack: a text of several lines, or a list of lines or frames.
    Stack,
    Service,
    Revision,
    Instance,
    Project,
    Location,
    ResourceType,
    LogName,
    Id,
    Trace,
    Span,
    Module,
    /// `file:line`.
    Caller,
    Function,
    Line,
    User,
    Method,
    Url,
    Host,
    Status,
    /// Text with a unit, or seconds.
    Latency,
    LatencyMs,
    LatencyNs,
    /// A duration whose unit its logger tells.
    Duration,
    /// An object of labels.
    Labels,
    /// The type of an exception that has its message elsewhere.
    ErrorType,
}

/// Number of [`Field`]s.
const FIELDS: usize = Field::ErrorType as usize + 1;

#[derive(Default)]
struct Node {
    children: FxHashMap<&'static [u8], usize>,
    feeds: Vec<Feed>,
}

#[derive(Clone, Copy)]
struct Feed {
    field: Field,
    rank: u16,
    path: &'static str,
}

/// A tree of paths.
pub(super) struct Table {
    nodes: Vec<Node>,
}

impl Table {
    /// A table of fields with their paths, best first.
    pub(super) fn new(fields: &[(Field, &[&'static str])]) -> Self {
        let mut table = Self { nodes: vec![Node::default()] };
        for (field, paths) in fields {
            for (rank, path) in (0_u16..).zip(*paths) {
                let mut at = 0;
                let (path, parts) = path.strip_prefix('=').map_or((*path, usize::MAX), |key| (key, 1));
                for segment in path.splitn(parts, '.') {
                    let next = table.nodes.len();
                    let child = *table.nodes[at].children.entry(segment.as_bytes()).or_insert(next);
                    if child == next {
                        table.nodes.push(Node::default());
                    }
                    at = child;
                }
                table.nodes[at].feeds.push(Feed { field: *field, rank, path });
            }
        }
        table
    }

    /// What a row holds of the table's fields.
    pub(super) fn read<'a>(&self, row: Value<'a>) -> Found<'a> {
        let mut found = Found {
            within: row,
            best: [Best::default(); FIELDS],
            times: [None; 3],
            whole: Best::default(),
            has_message: false,
        };
        self.walk(0, row, &mut found);
        found
    }

    fn walk<'a>(&self, at: usize, object: Value<'a>, found: &mut Found<'a>) {
        for (key, value) in object.fields() {
            let Some(child) = self.child(at, key) else { continue };
            let node = &self.nodes[child];
            for feed in &node.feeds {
                found.offer(*feed, value);
            }
            // The tree is as deep as its longest path, so the row's own depth does not matter.
            if !node.children.is_empty() && value.is_object() {
                self.walk(child, value, found);
            }
        }
    }

    fn child(&self, at: usize, key: &[u8]) -> Option<usize> {
        let children = &self.nodes[at].children;
        if let Some(child) = children.get(key) {
            return Some(*child);
        }
        memchr::memchr(b'.', key)?;
        key.split(|b| *b == b'.').try_fold(at, |at, segment| self.nodes[at].children.get(segment).copied())
    }
}

/// The best value of each field of a row.
pub(super) struct Found<'a> {
    within: Value<'a>,
    best: [Best; FIELDS],
    /// The best time in a usual form, the best in a form that only some programs write, and the best of other times.
    times: [Option<(u16, Parsed, &'static str)>; 3],
    /// An object or array where a message was expected.
    whole: Best,
    /// A key that holds nothing but messages stands in it, blank or not.
    has_message: bool,
}

/// Keys of messages that rows also use for something else: where one is blank, the row may still say it elsewhere.
const OTHERWISE: [&str; 8] =
    ["error.message", "error", "err.message", "body", "description", "Operation", "fields.message", "errorMessage"];

/// log4j2's frames have causes beside them, which its own shape reads.
const THROWN: &str = "thrown.extendedStackTrace";

impl<'a> Found<'a> {
    fn offer(&mut self, feed: Feed, value: Value<'a>) {
        self.has_message |= feed.field == Field::Message && !OTHERWISE.contains(&feed.path);
        let best = &mut self.best[feed.field as usize];
        match feed.field {
            Field::Time | Field::OtherTime => {
                // A zero time is a way to say that the time is unknown.
                let known = value.is_object() || value.scalar().is_some_and(|text| text != "0");
                // A number under them is a span of time.
                let known = known && (!["dt", "requestTime"].contains(&feed.path) || value.as_str().is_some());
                if known {
                    let at = if feed.field == Field::Time { 0 } else { 2 };
                    let took = self.offer_time(at, feed, || timestamp(value));
                    if !took && self.times[0].is_none() {
                        self.offer_time(at.max(1), feed, || seldom_timestamp(value));
                    }
                }
            }
            Field::Stack => {
                if value.kind() == NodeKind::Escaped && value.raw().contains("\\n") {
                    let told = match feed.path {
                        "message" => false,
                        "error" | "err" => text(value).is_some_and(|text| is_stack(&text)),
                        _ => true,
                    };
                    if told {
                        best.offer(feed.rank, value);
                    }
                } else if feed.path == "Exception" && frames::joined(value).is_some() {
                    best.offer(feed.rank, value);
                } else if feed.path != THROWN && (value.is_array() || value.is_object()) && frames::of(value).is_some()
                {
                    best.put(feed.rank, value);
                }
            }
            // Other things have a status too.
            Field::Status if value.as_i64().is_none_or(|status| http_status(status).is_none()) => {}
            Field::Labels => {
                if value.is_object() && value.raw().len() > 2 {
                    best.put(feed.rank, value);
                }
            }
            // Grafana calls a line so, and others the number of one.
            Field::Message if feed.path == "Line" && value.as_str().is_none() => {}
            Field::Message if value.is_object() || value.is_array() => self.whole.put(feed.rank, value),
            _ => best.offer(feed.rank, value),
        }
    }

    /// Takes a time that is better than the one known, and says whether it could be read.
    fn offer_time(&mut self, at: usize, feed: Feed, read: impl Fn() -> Option<Parsed>) -> bool {
        if self.times[at].is_some_and(|(rank, ..)| feed.rank > rank) {
            return true;
        }
        let parsed = read();
        if let Some(parsed) = parsed {
            self.times[at] = Some((feed.rank, parsed, feed.path));
        }
        parsed.is_some()
    }

    /// The time, and the path it was read from.
    pub(super) fn time(&self) -> Option<(Parsed, &'static str)> {
        self.times.iter().find_map(|time| *time).map(|(_, parsed, path)| (parsed, path))
    }

    /// The best value of a field.
    pub(super) fn value(&self, field: Field) -> Option<Value<'a>> {
        self.best[field as usize].value(self.within)
    }

    /// The text of the best value of a field.
    pub(super) fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        self.value(field).and_then(text)
    }

    /// The integer of the best value of a field.
    pub(super) fn number(&self, field: Field) -> Option<i64> {
        self.value(field).and_then(Value::as_i64)
    }

    /// Whether a key of a message stands in it, even a blank one.
    pub(super) fn has_message(&self) -> bool {
        self.has_message
    }

    /// An object or array that stands where a message was expected.
    pub(super) fn whole_message(&self) -> Option<Value<'a>> {
        self.whole.value(self.within)
    }
}

impl Best {
    /// Takes a value of any kind.
    pub(super) fn put(&mut self, rank: u16, value: Value<'_>) {
        if rank <= self.rank {
            *self = Self { rank, spot: value.spot() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    #[test]
    fn dotted_and_nested_keys_are_the_same_path_and_the_best_counts() {
        let table = Table::new(&[
            (Field::Level, &["log.level", "lvl"]),
            (Field::Time, &["t.at", "time"]),
            (Field::Message, &["message", "msg"]),
        ]);
        for text in [
            r#"{"lvl":"info","log.level":"warn","t.at":"never","time":"2025-01-01T00:00:00Z","msg":"m","message":""}"#,
            r#"{"log":{"level":"warn"},"lvl":"info","t":{"at":"0"},"time":"2025-01-01T00:00:00Z","message":null,"msg":"m"}"#,
        ] {
            let mut tape = Tape::default();
            let found = table.read(tape.parse(text).expect("valid"));
            assert_eq!(found.text(Field::Level).as_deref(), Some("warn"), "{text}");
            assert_eq!(found.text(Field::Message).as_deref(), Some("m"), "{text}");
            assert_eq!(found.time().map(|(_, path)| path), Some("time"), "{text}");
            assert!(found.text(Field::Service).is_none() && found.whole_message().is_none());
        }
    }
}
