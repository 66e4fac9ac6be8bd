//! What changed since the last action on an issue, and what of it is worth a comment.
//!
//! Only lasting steps count: a higher priority or severity, twice or half the events, a parameter with a new value, a
//! new exception or module. Time alone and a new revision alone are no change, or every run would comment.

use super::finding::Priority;
use std::collections::BTreeSet;

/// The numbers of a cluster at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Priority, where it could be computed.
    pub priority: Option<Priority>,
    /// Effective severity on Google's scale.
    pub severity: i32,
    /// Its word.
    pub severity_name: String,
    /// Events over a window of the same length.
    pub events: u64,
    /// Slots with their typical value (`timeout`, `25.0 s`).
    pub parameters: BTreeSet<(String, String)>,
    /// Exception types.
    pub exceptions: BTreeSet<String>,
    /// Modules.
    pub modules: BTreeSet<String>,
}

/// The same numbers as of the last action and as of now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFacts {
    /// `at` of the last action, ns since the epoch.
    pub since_ns: i64,
    /// As of then.
    pub before: Snapshot,
    /// As of now.
    pub now: Snapshot,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Canonical, for the action's id.
    pub key: String,
    /// For people.
    pub words: String,
    /// A count, which alone is worth one comment a week.
    pub is_count: bool,
    /// A higher priority.
    pub is_priority: bool,
}

impl ChangeFacts {
    /// The changes, by key. Empty when the store holds nothing of before: it knows of no change then.
    pub fn changes(&self) -> Vec<Change> {
        let (before, now) = (&self.before, &self.now);
        let mut out = Vec::new();
        if before.events == 0 {
            return out;
        }
        let mut add = |key: String, words: String, is_count: bool, is_priority: bool| {
            out.push(Change { key, words, is_count, is_priority });
        };
        if let (Some(old), Some(new)) = (before.priority, now.priority)
            && new < old
        {
            add(format!("priority={new}"), format!("priority {old} -> {new}"), false, true);
        }
        if now.severity > before.severity {
            let words = format!("severity {} -> {}", before.severity_name, now.severity_name);
            add(format!("severity={}", now.severity), words, false, false);
        }
        if now.events >= before.events.saturating_mul(2) || now.events.saturating_mul(2) <= before.events {
            let words = format!("{} -> {} events", before.events, now.events);
            add(format!("events={}", band(now.events)), words, true, false);
        }
        for (slot, value) in now.parameters.difference(&before.parameters) {
            let old = before.parameters.iter().find(|(name, _)| name == slot).map_or("none", |(_, value)| value);
            add(format!("parameter={slot}={value}"), format!("{slot} {old} -> {value}"), false, false);
        }
        for name in now.exceptions.difference(&before.exceptions) {
            add(format!("exception={name}"), format!("new exception {name}"), false, false);
        }
        for name in now.modules.difference(&before.modules) {
            add(format!("module={name}"), format!("new module {name}"), false, false);
        }
        out.sort_by(|a, b| a.key.cmp(&b.key));
        out
    }
}

/// The count band of a number of events: floor(log2), 0 for none.
pub fn band(events: u64) -> u32 {
    events.checked_ilog2().unwrap_or(0)
}
