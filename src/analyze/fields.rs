//! Which values of which fields stand out: services, revisions, instances, routes, answers, hosts, places, users' domains.
//!
//! The counts come from queries, routes and answers from the templates of requests, where ids are masked already. Each value
//! is set against the same field on the other side by the G-test of [`contrast`](super::stats::contrast), once among all events and once
//! among those of WARNING and above: the first tells where the traffic went, the second what fails.

use std::collections::BTreeMap;

use super::stats::contrast::{Value, skews};
use super::{AnalyzeError, Cluster};
use crate::query::Engine;
use crate::record::Severity;

/// Events with one value of a field: (all, of WARNING and above).
type Events = (u64, u64);

/// Values of fields with their events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, BTreeMap<String, Events>>);

/// Among which events a value was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Among {
    /// Those of WARNING and above.
    Loud,
    /// All of them.
    All,
}

/// A value whose share differs between two sides.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSkew {
    /// The value with its counts: 1 after, 0 before.
    pub value: Value,
    /// Among which events.
    pub among: Among,
    /// Share after over share before.
    pub lift: f64,
    /// Signed root of G.
    pub residual: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over all values compared.
    pub q: f64,
}

impl Fields {
    /// Counts events with a value.
    pub fn add(&mut self, field: &str, value: &str, events: u64, loud: u64) {
        let own = self.0.entry(field.to_owned()).or_default().entry(value.to_owned()).or_default();
        own.0 += events;
        own.1 += loud;
    }

    /// The values of a field with their events.
    pub fn of(&self, field: &str) -> Option<&BTreeMap<String, Events>> {
        self.0.get(field)
    }
}

/// Reads the values of an engine's window; `clusters` are of the same window.
pub fn fields(engine: &Engine, clusters: &[Cluster]) -> Result<Fields, AnalyzeError> {
    let table = super::ask(engine, "field_values")?;
    let (names, values) = (table.str("field")?, table.str("value")?);
    let (events, loud) = (table.i64("events")?, table.i64("loud_events")?);
    let count = |column: &[Option<i64>], row: usize| column[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let mut found = Fields::default();
    for row in 0..table.len() {
        let (Some(name), Some(value)) = (&names[row], &values[row]) else { continue };
        let (n, m) = (count(events, row), count(loud, row));
        match (name.as_str(), value.rsplit_once('@')) {
            // A person is nobody's explanation; the organisation may be.
            ("user", Some((_, domain))) => found.add("user domain", domain, n, m),
            ("user", None) => {}
            _ => found.add(name, value, n, m),
        }
    }
    for cluster in clusters {
        let Some(http) = &cluster.http else { continue };
        let loud = if cluster.effective_severity() >= Severity::Warning { cluster.events } else { 0 };
        found.add("route", &format!("{} {}", http.method, http.route), cluster.events, loud);
        if let Some(status) = http.status {
            found.add("status", &status.to_string(), cluster.events, loud);
        }
    }
    Ok(found)
}

/// Values whose share differs, strongest first; a value is told once, among all events or among the louder ones, whichever
/// says more.
pub fn field_skews(before: &Fields, after: &Fields) -> Vec<FieldSkew> {
    let mut values: Vec<(Among, Value)> = Vec::new();
    for among in [Among::Loud, Among::All] {
        let n = |events: &Events| if among == Among::All { events.0 } else { events.1 };
        for (field, own) in &after.0 {
            let Some(old) = before.0.get(field) else { continue };
            let of = |all: &BTreeMap<String, Events>| all.values().map(n).sum::<u64>();
            let (of1, of0) = (of(own), of(old));
            let names: std::collections::BTreeSet<&String> = own.keys().chain(old.keys()).collect();
            for name in names {
                let count = |all: &BTreeMap<String, Events>| all.get(name).map_or(0, n);
                let value =
                    Value { field: field.clone(), value: name.clone(), n1: count(own), of1, n0: count(old), of0 };
                values.push((among, value));
            }
        }
    }
    let told = skews(&values.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>());
    let mut out: Vec<FieldSkew> = Vec::new();
    for skew in told {
        let (among, value) = &values[skew.value];
        let same = |other: &FieldSkew| {
            other.value.field == value.field
                && other.value.value == value.value
                && (other.lift > 1.0) == (skew.lift > 1.0)
        };
        // Strongest first: where the traffic itself moved, what fails moved along with it.
        if !out.iter().any(same) {
            out.push(FieldSkew {
                value: value.clone(),
                among: *among,
                lift: skew.lift,
                residual: skew.residual,
                p: skew.p,
                q: skew.q,
            });
        }
    }
    out.sort_by(|a, b| {
        b.residual
            .abs()
            .total_cmp(&a.residual.abs())
            .then_with(|| (&a.value.field, &a.value.value, a.among).cmp(&(&b.value.field, &b.value.value, b.among)))
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(rows: &[(&str, &str, u64, u64)]) -> Fields {
        let mut found = Fields::default();
        for (field, value, events, loud) in rows {
            found.add(field, value, *events, *loud);
        }
        found
    }

    #[test]
    fn nothing_one_side_and_equal_shares_tell_nothing() {
        let some = fields(&[("zone", "a", 100, 5), ("zone", "b", 100, 5)]);
        assert!(field_skews(&Fields::default(), &Fields::default()).is_empty());
        assert!(
            field_skews(&Fields::default(), &some).is_empty(),
            "a field of one side has nothing to be held against"
        );
        assert!(field_skews(&some, &some).is_empty());
        assert!(field_skews(&some, &fields(&[("zone", "a", 1, 1)])).is_empty(), "one event is no support");
    }

    #[test]
    fn what_fails_and_where_the_traffic_went_are_told_once_each() {
        let before =
            fields(&[("zone", "a", 1_000, 10), ("zone", "b", 1_000, 10), ("host", "x", 900, 9), ("host", "y", 900, 9)]);
        let after =
            fields(&[("zone", "a", 1_000, 90), ("zone", "b", 1_000, 1), ("host", "x", 900, 9), ("host", "y", 9, 0)]);
        let told = field_skews(&before, &after);
        let of =
            |field: &str, value: &str| told.iter().find(|skew| skew.value.field == field && skew.value.value == value);
        assert!(of("zone", "b").is_some_and(|skew| skew.among == Among::Loud && skew.residual < 0.0));
        assert!(of("host", "y").is_some_and(|skew| skew.lift < 0.1), "{told:?}");
        let mut names: Vec<_> = told.iter().map(|skew| (&skew.value.field, &skew.value.value)).collect();
        names.dedup();
        assert_eq!(names.len(), told.len());
    }

    #[test]
    fn a_huge_count_stays_finite() {
        let (one, huge) =
            (fields(&[("zone", "a", 10, 0), ("zone", "b", 10, 0)]), fields(&[("zone", "a", u64::MAX / 8, 0)]));
        assert!(field_skews(&one, &huge).iter().all(|skew| skew.residual.is_finite() && skew.lift.is_finite()));
    }
}
