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
    /// How often it came, in words; for people only, and never a change by itself.
    pub cadence: String,
}

/// The same numbers as of the last action and as of now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFacts {
    /// `at` of the last action, ns since the epoch.
    pub since_ns: i64,
    /// How far both look back, ns; 0 when unknown.
    pub over_ns: i64,
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
            let often = Some((&before.cadence, &now.cadence)).filter(|(old, new)| old != new && !old.is_empty());
            let often = often.map_or_else(String::new, |(old, new)| format!(" ({old} -> {new})"));
            let words = format!("{} -> {} events{often}", before.events, now.events);
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

/// One number at the last action and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// What was measured.
    pub what: String,
    /// At the last action; empty when there was none.
    pub before: String,
    /// Now.
    pub now: String,
}

impl ChangeFacts {
    /// The numbers side by side: events always, the rest where it differs.
    pub fn deltas(&self) -> Vec<Delta> {
        let (before, now) = (&self.before, &self.now);
        let row = |what: &str, before: String, now: String| Delta { what: what.to_owned(), before, now };
        let mut rows = vec![row("Events", before.events.to_string(), now.events.to_string())];
        let priority = |of: &Snapshot| of.priority.map_or_else(String::new, |priority| priority.to_string());
        let words = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>().join(", ");
        for (what, old, new) in [
            ("How often", before.cadence.clone(), now.cadence.clone()),
            ("Priority", priority(before), priority(now)),
            ("Severity", before.severity_name.clone(), now.severity_name.clone()),
            ("Exceptions", words(&before.exceptions), words(&now.exceptions)),
            ("Modules", words(&before.modules), words(&now.modules)),
        ] {
            if old != new && !new.is_empty() {
                rows.push(row(what, old, new));
            }
        }
        for (slot, value) in now.parameters.difference(&before.parameters) {
            let old = before.parameters.iter().find(|(name, _)| name == slot);
            rows.push(row(slot, old.map_or_else(String::new, |(_, value)| value.clone()), value.clone()));
        }
        rows
    }
}

/// The count band of a number of events: floor(log2), 0 for none.
pub fn band(events: u64) -> u32 {
    events.checked_ilog2().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_counts_says_how_often_it_came_and_comes() {
        let of = |events, cadence: &str, lease: &str| Snapshot {
            events,
            cadence: cadence.to_owned(),
            parameters: [("lease".to_owned(), lease.to_owned())].into(),
            ..Snapshot::default()
        };
        let facts = ChangeFacts {
            before: of(10, "every 15.0 s", "2.1 s"),
            now: of(40, "every 7.0 s", "2.8 s"),
            ..ChangeFacts::default()
        };
        let words: Vec<String> = facts.changes().into_iter().map(|change| change.words).collect();
        assert_eq!(words, ["10 -> 40 events (every 15.0 s -> every 7.0 s)", "lease 2.1 s -> 2.8 s"]);
        let rows: Vec<[String; 3]> = facts.deltas().into_iter().map(|row| [row.what, row.before, row.now]).collect();
        assert_eq!(
            rows,
            [["Events", "10", "40"], ["How often", "every 15.0 s", "every 7.0 s"], ["lease", "2.1 s", "2.8 s"]]
        );
        let same = ChangeFacts { before: of(10, "every 15.0 s", "2 s"), now: of(10, "every 7.0 s", "2 s"), ..facts };
        assert!(same.changes().is_empty(), "how often alone is no change");
    }
}
