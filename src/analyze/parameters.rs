//! The values inside a cluster's messages: how many, which, and whether a constant became another one.
//!
//! A number that was one value and then another is a fact that needs no test: it is stated with the moment at which the new
//! value first stood. Values that are almost all different are ids and are only counted.

use std::collections::BTreeMap;

use super::cluster::keys;
use super::{AnalyzeError, Cluster, ClusterKey, stats};
use crate::mine::{ParamKind, TemplateSet, extract};
use crate::query::Engine;
use crate::time::{day_name, day_of, rfc3339_seconds};

/// Most frequent values listed for a variable.
const TOP: usize = 5;
/// Distinct values kept for one variable; more are counted as different.
const DISTINCT: usize = 10_000;
/// Steps named in a drift.
const STEPS: usize = 6;
/// Rows with a value before and after a change.
const SUPPORT: usize = 2;

/// One variable of a cluster's template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameter {
    /// Position among the variables.
    pub slot: usize,
    /// Key or word before it.
    pub name: Option<String>,
    /// Kind of value.
    pub kind: String,
    /// Unit.
    pub unit: Option<String>,
    /// Values seen.
    pub n: u64,
    /// Distinct values.
    pub distinct: u64,
    /// Numbers, ascending.
    pub numbers: Vec<f64>,
    /// Most frequent values.
    pub top: Vec<(String, u64)>,
    /// A change over time.
    pub drift: Option<String>,
}

impl Parameter {
    /// Least, median and greatest number.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        Some((*self.numbers.first()?, stats::quantile(&self.numbers, 0.5)?, *self.numbers.last()?))
    }
}

#[derive(Default)]
struct Column {
    name: Option<String>,
    kind: Option<ParamKind>,
    mixed: bool,
    unit: Option<String>,
    values: BTreeMap<String, u64>,
    n: u64,
    numbers: Vec<(i64, f64)>,
}

/// Reads the variables of clusters of WARNING and above, in the order of `clusters`; empty lists for the others.
pub fn parameters(
    engine: &Engine,
    clusters: &[Cluster],
    templates: &TemplateSet,
) -> Result<Vec<Vec<Parameter>>, AnalyzeError> {
    let table = super::ask(engine, "messages")?;
    let (ts, messages) = (table.i64("ts_ns")?, table.str("message")?);
    let at: BTreeMap<&ClusterKey, usize> =
        clusters.iter().enumerate().map(|(at, cluster)| (&cluster.key, at)).collect();
    let by_id: BTreeMap<&str, &crate::mine::Template> =
        templates.iter().map(|template| (template.id.as_str(), template)).collect();
    let mut found: Vec<BTreeMap<usize, Column>> = (0..clusters.len()).map(|_| BTreeMap::new()).collect();
    for (row, key) in keys(&table)?.iter().enumerate() {
        let (Some(at), Some(template), Some(message)) =
            (at.get(key), by_id.get(key.template_id.as_str()), &messages[row])
        else {
            continue;
        };
        add(&mut found[*at], template, ts[row].unwrap_or(0), message);
    }
    Ok(found
        .into_iter()
        .map(|columns| columns.into_iter().map(|(slot, column)| finish(slot, column)).collect())
        .collect())
}

impl Parameter {
    /// The variables of one template in messages with their times (nanoseconds), of any severity.
    pub fn of_messages<'a>(
        template: &crate::mine::Template,
        messages: impl IntoIterator<Item = (i64, &'a str)>,
    ) -> Vec<Self> {
        let mut columns = BTreeMap::new();
        for (ts_ns, message) in messages {
            add(&mut columns, template, ts_ns, message);
        }
        columns.into_iter().map(|(slot, column)| finish(slot, column)).collect()
    }
}

fn add(columns: &mut BTreeMap<usize, Column>, template: &crate::mine::Template, ts_ns: i64, message: &str) {
    for param in extract(template, message) {
        let column = columns.entry(param.slot).or_default();
        column.n += 1;
        column.mixed |= column.kind.is_some_and(|kind| kind != param.kind);
        column.kind.get_or_insert(param.kind);
        column.name = column.name.take().or(param.name);
        column.unit = column.unit.take().or(param.unit);
        column.numbers.extend(param.number.map(|number| (ts_ns, number)));
        if column.values.len() < DISTINCT || column.values.contains_key(&param.text) {
            *column.values.entry(param.text).or_default() += 1;
        }
    }
}

fn finish(slot: usize, mut column: Column) -> Parameter {
    let distinct = column.values.len() as u64;
    let drift = drift(&mut column.numbers, column.n, distinct, column.unit.as_deref());
    let mut top: Vec<(String, u64)> = column.values.into_iter().collect();
    top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    top.truncate(TOP);
    let mut numbers: Vec<f64> = column.numbers.into_iter().map(|(_, number)| number).collect();
    numbers.sort_by(f64::total_cmp);
    let kind = if column.mixed {
        "text"
    } else {
        column.kind.map_or("text", |kind| kind.placeholder().trim_matches(['<', '>']))
    };
    Parameter {
        slot,
        name: column.name,
        kind: if kind == "*" { "text".into() } else { kind.to_owned() },
        unit: column.unit,
        n: column.n,
        distinct,
        numbers,
        top,
        drift,
    }
}

/// States a step when the value was one constant and then another, and each day's constant when it changed on several days.
fn drift(numbers: &mut [(i64, f64)], n: u64, distinct: u64, unit: Option<&str>) -> Option<String> {
    // Ids and measurements differ in nearly every row; a handful of values is a setting or a degrading constant.
    if distinct < 2 || distinct * 2 > n || numbers.len() as u64 != n {
        return None;
    }
    numbers.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut runs: Vec<(f64, i64, i64, usize)> = Vec::new();
    for (ts_ns, value) in numbers.iter().copied() {
        match runs.last_mut() {
            Some(run) if run.0.total_cmp(&value).is_eq() => {
                run.2 = ts_ns;
                run.3 += 1;
            }
            _ => runs.push((value, ts_ns, ts_ns, 1)),
        }
    }
    // Each value stands in one stretch of time only: it changed, and did not alternate.
    if runs.len() as u64 != distinct || runs[0].3 < SUPPORT || runs[runs.len() - 1].3 < SUPPORT {
        return None;
    }
    let unit = unit.map_or_else(String::new, |unit| format!(" {unit}"));
    let value = |run: &(f64, i64, i64, usize)| format!("{}{unit}", run.0);
    let since = |run: &(f64, i64, i64, usize)| {
        let name = rfc3339_seconds(run.1);
        if runs.len() == 2 { name } else { day_name(day_of(run.1)) }
    };
    if runs.len() <= STEPS {
        let steps: Vec<String> = std::iter::once(value(&runs[0]))
            .chain(runs[1..].iter().map(|run| format!("{} (since {})", value(run), since(run))))
            .collect();
        return Some(steps.join(" -> "));
    }
    let (first, last) = (&runs[0], &runs[runs.len() - 1]);
    let rising = runs.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let how = if rising {
        "rising in"
    } else if runs.windows(2).all(|pair| pair[0].0 > pair[1].0) {
        "falling in"
    } else {
        "changing in"
    };
    Some(format!(
        "{} ({}) -> {} ({}), {how} {} steps",
        value(first),
        day_name(day_of(first.1)),
        value(last),
        day_name(day_of(last.1)),
        runs.len() - 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_NS;

    fn drifted(values: &[f64]) -> Option<String> {
        let mut numbers: Vec<(i64, f64)> =
            values.iter().enumerate().map(|(day, value)| (day as i64 * DAY_NS / 2, *value)).collect();
        let mut distinct = values.to_vec();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        drift(&mut numbers, values.len() as u64, distinct.len() as u64, Some("s"))
    }

    #[test]
    fn a_constant_that_becomes_another_is_stated_with_its_moment() {
        assert_eq!(drifted(&[2.1, 2.1, 2.8, 2.8]).as_deref(), Some("2.1 s -> 2.8 s (since 1970-01-02T00:00:00Z)"));
        let ramp: Vec<f64> = (0..20).map(|n| f64::from(n / 2)).collect();
        assert_eq!(drifted(&ramp).as_deref(), Some("0 s (1970-01-01) -> 9 s (1970-01-10), rising in 9 steps"));
    }

    #[test]
    fn ids_alternating_values_and_single_rows_are_no_drift() {
        assert_eq!(drifted(&[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(drifted(&[1.0, 1.0, 2.0, 2.0, 1.0, 1.0]), None);
        assert_eq!(drifted(&[1.0, 1.0, 1.0, 2.0]), None);
        assert_eq!(drifted(&[1.0, 1.0]), None);
        assert_eq!(drifted(&[]), None);
    }
}
