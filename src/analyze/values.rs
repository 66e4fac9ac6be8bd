//! Values inside messages on two sides: constants that became others, numbers that moved, words that are new.

use std::collections::BTreeMap;

use super::stats::drift::{Drift, Slot, drifts, new_values};
use super::{AnalyzeError, ClusterKey};
use crate::mine::{ParamKind, TemplateSet, extract};
use crate::query::Engine;

/// Distinct words kept for one variable; a variable with more holds ids.
const DISTINCT: usize = 1_000;
/// New words named for one variable.
const NAMED: usize = 3;

/// Values of one cluster, by slot.
pub type SideValues = BTreeMap<usize, Column>;

/// Values of one variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// Key or word before it.
    pub name: Option<String>,
    /// Unit.
    pub unit: Option<String>,
    /// (moment, number), ascending by moment.
    pub numbers: Vec<(i64, f64)>,
    /// Other values with their counts.
    pub words: BTreeMap<String, u64>,
    /// Values are addresses of people or machines, ids or times: counted elsewhere, and no change is told of them.
    pub ids: bool,
}

/// Reads the values in messages of WARNING and above of an engine's window.
pub fn side_values(engine: &Engine, templates: &TemplateSet) -> Result<BTreeMap<ClusterKey, SideValues>, AnalyzeError> {
    let table = super::ask(engine, "messages")?;
    let (ids, projects, services, kinds) =
        (table.str("template_id")?, table.str("project")?, table.str("service")?, table.str("kind")?);
    let (ts, messages) = (table.i64("ts_ns")?, table.str("message")?);
    let text = |column: &[Option<String>], row: usize| column[row].clone().unwrap_or_default();
    let mut out: BTreeMap<ClusterKey, SideValues> = BTreeMap::new();
    for row in 0..table.len() {
        let (Some(template), Some(message)) = (ids[row].as_deref().and_then(|id| templates.by_id(id)), &messages[row])
        else {
            continue;
        };
        let key = ClusterKey {
            template_id: text(ids, row),
            project: text(projects, row),
            service: text(services, row),
            kind: text(kinds, row),
        };
        let own = out.entry(key).or_default();
        for param in extract(template, message) {
            let column = own.entry(param.slot).or_default();
            column.name = column.name.take().or(param.name);
            column.unit = column.unit.take().or(param.unit);
            column.ids |= matches!(
                param.kind,
                ParamKind::Email | ParamKind::Ip | ParamKind::Uuid | ParamKind::Mac | ParamKind::Time | ParamKind::Hex
            );
            match param.number {
                Some(number) => column.numbers.push((ts[row].unwrap_or(0), number)),
                None if column.words.len() < DISTINCT || column.words.contains_key(&param.text) => {
                    *column.words.entry(param.text).or_default() += 1;
                }
                None => column.ids = true,
            }
        }
    }
    Ok(out)
}

/// A value that changed between two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Index of the pair given.
    pub pair: usize,
    /// Position of the variable.
    pub slot: usize,
    /// Key or word before it.
    pub name: Option<String>,
    /// Before and after, in words.
    pub change: String,
}

/// What changed in pairs of (before, after), in their order and that of slots; `names` are what the sides are called.
pub fn side_changes(pairs: &[(&SideValues, &SideValues)], names: (&str, &str)) -> Vec<Changed> {
    let mut at = Vec::new();
    let mut slots = Vec::new();
    for (pair, (old, new)) in pairs.iter().enumerate() {
        for (slot, after) in new.iter().filter(|(_, column)| !column.ids) {
            let Some(before) = old.get(slot).filter(|column| !column.ids) else { continue };
            let fraction = |column: &Column| column.numbers.iter().any(|(_, number)| number.fract() != 0.0);
            let measured = after.unit.is_some() || fraction(after) || fraction(before);
            slots.push(Slot { before: before.numbers.clone(), after: after.numbers.clone(), measured });
            at.push((pair, *slot, before, after));
        }
    }
    let told = drifts(&slots);
    let mut out = Vec::new();
    for ((pair, slot, before, after), drift) in at.into_iter().zip(told) {
        let mut tell = |change: String| out.push(Changed { pair, slot, name: after.name.clone(), change });
        let unit = after.unit.as_deref().map_or_else(String::new, |unit| format!(" {unit}"));
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
        let new = new_values(&before.words, &after.words);
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

    fn side(numbers: &[f64], words: &[(&str, u64)]) -> SideValues {
        let column = Column {
            name: Some("after".into()),
            unit: Some("s".into()),
            numbers: (0_i64..).zip(numbers).map(|(at, number)| (at, *number)).collect(),
            words: words.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect(),
            ids: false,
        };
        BTreeMap::from([(0, column)])
    }

    #[test]
    fn constants_and_new_words_are_facts_and_equal_sides_tell_nothing() {
        assert!(side_changes(&[], ("A", "B")).is_empty());
        let old = side(&[2.1; 5], &[("eu", 40)]);
        assert!(side_changes(&[(&old, &old), (&SideValues::new(), &old)], ("A", "B")).is_empty());
        let told = side_changes(&[(&old, &side(&[2.8; 5], &[("eu", 3), ("us", 9)]))], ("the baseline", "the window"));
        assert_eq!(told[0].change, "always 2.1 s in the baseline (5 values), always 2.8 s in the window (5)");
        assert_eq!(told[1].change, "not seen in the baseline: \"us\" (9)");
    }
}
