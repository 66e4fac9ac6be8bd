//! Values inside messages on two sides: constants that became others, numbers that moved, words that are new.
//!
//! The values are those of [`parameters`](super::parameters); here two stretches of time, or two inputs, are held against
//! each other, where a report holds a window against the time before it.

use std::collections::BTreeMap;

use super::ClusterKey;
use super::parameters::{Column, Values};
use super::stats::drift::{Drift, Slot, drifts, new_values};

/// Distinct words of one variable; one with more takes new ones all the time.
const DISTINCT: usize = 1_000;
/// New words named for one variable.
const NAMED: usize = 3;

/// A variable that changed between two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Cluster.
    pub key: ClusterKey,
    /// Position of the variable.
    pub slot: usize,
    /// Key or word before it.
    pub name: Option<String>,
    /// Before and after, in words.
    pub change: String,
}

/// What changed, in the order of clusters and slots; `names` are what the sides are called.
pub fn value_changes(before: &Values, after: &Values, names: (&str, &str)) -> Vec<Changed> {
    let mut pairs: Vec<(&ClusterKey, usize, &Column, &Column, Option<String>)> = Vec::new();
    let mut slots = Vec::new();
    for (key, new) in &after.clusters {
        let Some(old) = before.clusters.get(key) else { continue };
        for (slot, after) in new {
            let Some(before) = old.get(slot) else { continue };
            let (older, newer, unit) = (&before.numbers, &after.numbers, after.unit.clone());
            // Numbers of two units cannot be compared, and are no change of a value.
            let comparable = before.unit == unit;
            let fraction = |numbers: &[(i64, f64)]| numbers.iter().any(|(_, number)| number.fract() != 0.0);
            let measured = unit.is_some() || fraction(older) || fraction(newer);
            let keep = |numbers: &[(i64, f64)]| if comparable { numbers.to_vec() } else { Vec::new() };
            slots.push(Slot { before: keep(older), after: keep(newer), measured });
            pairs.push((key, *slot, before, after, unit));
        }
    }
    let mut out = Vec::new();
    for ((key, slot, before, after, unit), drift) in pairs.into_iter().zip(drifts(&slots)) {
        let mut tell = |change: String| out.push(Changed { key: key.clone(), slot, name: after.name.clone(), change });
        let unit = unit.map_or_else(String::new, |unit| format!(" {unit}"));
        match drift {
            Some(Drift::Constant { from, to, n, .. }) => tell(format!(
                "always {from}{unit} in {} ({} values), always {to}{unit} in {} ({})",
                names.0, n.0, names.1, n.1
            )),
            Some(Drift::Shift { from, to, shift, n, .. }) => tell(format!(
                "median {from}{unit} -> {to}{unit}, typically {shift:+.3}{unit} ({} and {} values)",
                n.0, n.1
            )),
            None => {}
        }
        if !before.is_word() || !after.is_word() || before.values.len().max(after.values.len()) > DISTINCT {
            continue;
        }
        let words = |column: &Column| -> BTreeMap<String, u64> {
            column.values.iter().map(|(word, seen)| (word.to_string(), seen.n)).collect()
        };
        let new = new_values(&words(before), &words(after));
        if !new.is_empty() {
            let listed: Vec<String> =
                new.iter().take(NAMED).map(|found| format!("{:?} ({})", found.value, found.n)).collect();
            let more = if new.len() > NAMED { format!(" and {} more", new.len() - NAMED) } else { String::new() };
            tell(format!("not seen in {}: {}{more}", names.0, listed.join(", ")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(column: Column) -> Values {
        let key = ClusterKey { template_id: "t".into(), ..ClusterKey::default() };
        Values { clusters: BTreeMap::from([(key, BTreeMap::from([(0, column)]))]) }
    }

    fn numbers(value: f64, unit: &str) -> Values {
        let rows: Vec<(i64, f64)> = (0..5).map(|at| (at, value)).collect();
        side(Column::of_numbers(&rows, unit, None))
    }

    fn told(before: &Values, after: &Values) -> Vec<String> {
        value_changes(before, after, ("the baseline", "the window")).into_iter().map(|found| found.change).collect()
    }

    #[test]
    fn constants_and_new_words_are_facts_and_equal_sides_tell_nothing() {
        assert!(told(&Values::default(), &Values::default()).is_empty());
        let old = numbers(2.1, "s");
        assert!(told(&old, &old).is_empty() && told(&Values::default(), &old).is_empty());
        assert_eq!(
            told(&old, &numbers(2.8, "s")),
            ["always 2.1 s in the baseline (5 values), always 2.8 s in the window (5)"]
        );
        let (old, new) = (side(Column::of_words(&[("eu", 40)])), side(Column::of_words(&[("eu", 3), ("us", 9)])));
        assert_eq!(told(&old, &new), ["not seen in the baseline: \"us\" (9)"]);
    }
}
