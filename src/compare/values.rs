//! Values inside messages on two sides: constants that became others, numbers that moved, words that are new.

use std::collections::BTreeMap;

use super::{Side, ValueRow};
use crate::analyze::stats::drift::{Drift, Slot, drifts, new_values};
use crate::analyze::{Cluster, ClusterKey};
use crate::mine::{ParamKind, TemplateSet, extract};
use crate::query::{QueryError, Table};

/// Distinct words kept for one variable; a variable with more holds ids.
const DISTINCT: usize = 1_000;
/// New words named for one variable.
const NAMED: usize = 3;

/// Values of one cluster, by slot.
pub type Values = BTreeMap<usize, Column>;

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

/// Reads the answer of the query `messages`.
pub fn values(table: &Table, templates: &TemplateSet) -> Result<BTreeMap<ClusterKey, Values>, QueryError> {
    let (ids, projects, services, kinds) =
        (table.str("template_id")?, table.str("project")?, table.str("service")?, table.str("kind")?);
    let (ts, messages) = (table.i64("ts_ns")?, table.str("message")?);
    let text = |column: &[Option<String>], row: usize| column[row].clone().unwrap_or_default();
    let mut out: BTreeMap<ClusterKey, Values> = BTreeMap::new();
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

/// What changed between two sides, in the order of clusters and slots.
pub(super) fn changes(a: &Side, b: &Side, shown: &[&Cluster], ids: &[String]) -> Vec<ValueRow> {
    let mut at = Vec::new();
    let mut slots = Vec::new();
    for (place, cluster) in shown.iter().enumerate() {
        let (Some(old), Some(new)) = (a.values.get(&cluster.key), b.values.get(&cluster.key)) else { continue };
        for (slot, after) in new.iter().filter(|(_, column)| !column.ids) {
            let Some(before) = old.get(slot).filter(|column| !column.ids) else { continue };
            let fraction = |column: &Column| column.numbers.iter().any(|(_, number)| number.fract() != 0.0);
            let measured = after.unit.is_some() || fraction(after) || fraction(before);
            slots.push(Slot { before: before.numbers.clone(), after: after.numbers.clone(), measured });
            at.push((place, *slot, before, after));
        }
    }
    let told = drifts(&slots);
    let mut out = Vec::new();
    for ((place, slot, before, after), drift) in at.into_iter().zip(told) {
        let mut tell = |change: String| {
            out.push(ValueRow {
                cluster: ids[place].clone(),
                template: shown[place].template.clone(),
                slot,
                name: after.name.clone(),
                change,
            });
        };
        let unit = after.unit.as_deref().map_or_else(String::new, |unit| format!(" {unit}"));
        match drift {
            Some(Drift::Constant { from, to, n, .. }) => {
                tell(format!("always {from}{unit} in A ({} values), always {to}{unit} in B ({})", n.0, n.1));
            }
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
            tell(format!("not seen in A: {}{more}", listed.join(", ")));
        }
    }
    out
}
