//! The values inside a cluster's messages: how many, which, and whether they changed.
//!
//! A number that was one value and then another is a fact that needs no test: it is stated with the entry that first had the
//! new value. Anything else is tested on one value an episode, against the time before the window or, without one, between
//! its halves. Values that are almost all different are ids and are only counted.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::changes::{self, Change, NewValues};
use super::units::common;
use super::{AnalyzeError, Cluster, ClusterKey, stats};
use crate::mine::{ParamKind, Template, TemplateSet, extract};
use crate::query::{ClusterRows, Engine, MessageRow};
use crate::store::EPISODE_GAP_NS;
use crate::time::{Window, day_name, day_of};

/// Most frequent values listed for a variable.
const TOP: usize = 5;
/// Distinct values kept for one variable; more are counted as different.
const DISTINCT: usize = 10_000;

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
    /// Distinct values in the time before the window, where it was read.
    pub distinct_before: Option<u64>,
    /// Numbers, ascending.
    pub numbers: Vec<f64>,
    /// Most frequent values.
    pub top: Vec<(String, u64)>,
    /// Distinct addresses per domain, most first.
    pub domains: Vec<(String, u64)>,
    /// Numbers per UTC day, ascending, where there are several days.
    pub per_day: Vec<(String, Vec<f64>)>,
    /// A change over time.
    pub change: Option<Change>,
    /// Values that came for the first time.
    pub new_values: Option<NewValues>,
}

impl Parameter {
    /// Least, median and greatest number.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        Some((*self.numbers.first()?, stats::quantile(&self.numbers, 0.5)?, *self.numbers.last()?))
    }

    /// What changed, for a reader.
    pub fn drift(&self) -> Option<String> {
        let unit = self.unit.as_deref();
        self.change.as_ref().map(|change| change.told(unit)).or_else(|| Some(self.new_values.as_ref()?.told()))
    }

    /// The variables of one template in messages with their times (nanoseconds), of any severity.
    pub fn of_messages<'a>(template: &Template, messages: impl IntoIterator<Item = (i64, &'a str)>) -> Vec<Self> {
        let mut columns = BTreeMap::new();
        for (ts_ns, message) in messages {
            add(&mut columns, template, ts_ns, message, None);
        }
        let mut found = vec![columns.iter().map(|(slot, column)| column.parameter(*slot)).collect()];
        changes::fill(&mut found, &[&columns], &[None], None);
        found.remove(0)
    }
}

/// A value as it was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Rows.
    pub(super) n: u64,
    /// Episodes.
    pub(super) episodes: u64,
    last_ns: i64,
    /// First row, and its revision.
    pub(super) first_ns: i64,
    pub(super) revision: Option<String>,
    pub(super) number: Option<f64>,
}

/// The values of one variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) name: Option<String>,
    kind: Option<ParamKind>,
    mixed: bool,
    /// Number of each unit; empty text for none.
    units: BTreeMap<String, u64>,
    pub(super) values: BTreeMap<String, Seen>,
    pub(super) n: u64,
    numbers: Vec<(i64, f64, String)>,
}

/// The variables of one cluster, by slot.
pub(super) type Columns = BTreeMap<usize, Column>;

/// The values in the messages of a window, per cluster.
#[derive(Debug, Clone, Default)]
pub struct Values {
    pub(super) clusters: BTreeMap<ClusterKey, Columns>,
}

impl Values {
    /// The same values under other keys of clusters, which must stay different.
    #[must_use]
    pub fn rekeyed(self, key: impl Fn(&ClusterKey) -> ClusterKey) -> Self {
        Self { clusters: self.clusters.into_iter().map(|(own, columns)| (key(&own), columns)).collect() }
    }
}

/// Reads the values in messages of WARNING and above.
pub fn values(engine: &Engine, templates: &TemplateSet) -> Result<Values, AnalyzeError> {
    let found = engine.messages()?;
    let by_id: BTreeMap<&str, &Template> = templates.iter().map(|template| (template.id.as_str(), template)).collect();
    let mut rows: Vec<Vec<MessageRow>> = found.clusters.iter().map(|_| Vec::new()).collect();
    for (at, row) in found.rows {
        rows[at as usize].push(row);
    }
    let clusters: Vec<(ClusterRows, Vec<MessageRow>)> = found.clusters.into_iter().zip(rows).collect();
    let of = |(key, rows): (ClusterRows, Vec<MessageRow>)| {
        let template = by_id.get(key.template_id.as_str()).filter(|_| !rows.is_empty())?;
        let mut columns = Columns::new();
        for row in rows {
            add(&mut columns, template, row.ts_ns, &row.message, row.revision.as_deref());
        }
        Some((key.into(), columns))
    };
    Ok(Values { clusters: clusters.into_par_iter().filter_map(of).collect::<Vec<_>>().into_iter().collect() })
}

/// The variables of clusters of WARNING and above, in the order of `clusters`; empty lists for the others.
///
/// `before` are the values of the time before the window.
pub fn parameters(
    engine: &Engine,
    clusters: &[Cluster],
    templates: &TemplateSet,
    before: &Values,
    window: Window,
) -> Result<Vec<Vec<Parameter>>, AnalyzeError> {
    let now = values(engine, templates)?;
    let none = Columns::new();
    let columns: Vec<&Columns> =
        clusters.iter().map(|cluster| now.clusters.get(&cluster.key).unwrap_or(&none)).collect();
    let earlier: Vec<Option<&Columns>> = clusters.iter().map(|cluster| before.clusters.get(&cluster.key)).collect();
    let mut found: Vec<Vec<Parameter>> =
        columns.iter().map(|columns| columns.iter().map(|(slot, column)| column.parameter(*slot)).collect()).collect();
    let halves = before.clusters.is_empty().then_some(window);
    changes::fill(&mut found, &columns, &earlier, halves);
    Ok(found)
}

fn add(columns: &mut Columns, template: &Template, ts_ns: i64, message: &str, revision: Option<&str>) {
    for param in extract(template, message) {
        let column = columns.entry(param.slot).or_default();
        column.n += 1;
        column.mixed |= column.kind.is_some_and(|kind| kind != param.kind);
        column.kind.get_or_insert(param.kind);
        column.name = column.name.take().or(param.name);
        let unit = param.unit.unwrap_or_default();
        if let Some(number) = param.number {
            *column.units.entry(unit.clone()).or_default() += 1;
            column.numbers.push((ts_ns, number, unit));
        }
        if column.values.len() >= DISTINCT && !column.values.contains_key(&param.text) {
            continue;
        }
        let seen = column.values.entry(param.text).or_insert_with(|| Seen {
            first_ns: ts_ns,
            revision: revision.map(str::to_owned),
            number: param.number,
            ..Seen::default()
        });
        // Rows come in the order of time.
        if seen.n == 0 || ts_ns - seen.last_ns > EPISODE_GAP_NS {
            seen.episodes += 1;
        }
        (seen.n, seen.last_ns) = (seen.n + 1, ts_ns);
    }
}

impl Column {
    /// Numbers with their times, ascending, all in one unit: that of most of them.
    pub(super) fn numbers(&self) -> (Option<String>, Vec<(i64, f64)>) {
        let (unit, mut numbers) = common(&self.units, &self.numbers);
        numbers.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        (unit, numbers)
    }

    /// Whether a value is said in words, of which there are few.
    pub(super) fn is_word(&self) -> bool {
        self.numbers.is_empty() && matches!(self.kind, Some(ParamKind::Text | ParamKind::Bool | ParamKind::Host))
    }

    fn parameter(&self, slot: usize) -> Parameter {
        let (unit, timed) = self.numbers();
        let mut top: Vec<(String, u64)> = self.values.iter().map(|(value, seen)| (value.clone(), seen.n)).collect();
        top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        top.truncate(TOP);
        let mut days: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (ts_ns, number) in &timed {
            days.entry(day_of(*ts_ns)).or_default().push(*number);
        }
        for numbers in days.values_mut() {
            numbers.sort_by(f64::total_cmp);
        }
        let per_day = days.into_iter().map(|(day, numbers)| (day_name(day), numbers)).collect::<Vec<_>>();
        let mut numbers: Vec<f64> = timed.into_iter().map(|(_, number)| number).collect();
        numbers.sort_by(f64::total_cmp);
        let kind = if self.mixed {
            "text"
        } else {
            self.kind.map_or("text", |kind| kind.placeholder().trim_matches(['<', '>']))
        };
        Parameter {
            slot,
            name: self.name.clone(),
            kind: if kind == "*" { "text".into() } else { kind.to_owned() },
            unit,
            n: self.n,
            distinct: self.values.len() as u64,
            numbers,
            top,
            domains: if self.kind == Some(ParamKind::Email) { self.domains() } else { Vec::new() },
            per_day: if per_day.len() > 1 { per_day } else { Vec::new() },
            ..Parameter::default()
        }
    }

    /// Distinct addresses per domain.
    fn domains(&self) -> Vec<(String, u64)> {
        let mut domains: BTreeMap<String, u64> = BTreeMap::new();
        for (_, domain) in self.values.keys().filter_map(|address| address.rsplit_once('@')) {
            let domain = domain.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
            *domains.entry(domain.to_lowercase()).or_default() += 1;
        }
        let mut domains: Vec<(String, u64)> = domains.into_iter().collect();
        domains.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        domains.truncate(TOP);
        domains
    }
}

#[cfg(test)]
impl Column {
    /// A column of numbers for tests of what is made of it.
    pub(super) fn of_numbers(rows: &[(i64, f64)], unit: &str, revision: Option<&str>) -> Self {
        let mut column = Self { kind: Some(ParamKind::Duration), n: rows.len() as u64, ..Self::default() };
        for (ts_ns, number) in rows {
            let seen = column.values.entry(number.to_string()).or_insert_with(|| Seen {
                first_ns: *ts_ns,
                revision: revision.map(str::to_owned),
                number: Some(*number),
                ..Seen::default()
            });
            (seen.n, seen.episodes) = (seen.n + 1, seen.episodes + 1);
            *column.units.entry(unit.to_owned()).or_default() += 1;
            column.numbers.push((*ts_ns, *number, unit.to_owned()));
        }
        column
    }

    /// A column of words for tests of what is made of it.
    pub(super) fn of_words(words: &[(&str, u64)]) -> Self {
        let seen = |episodes| Seen { n: episodes, episodes, ..Seen::default() };
        let values = words.iter().map(|(word, n)| ((*word).to_owned(), seen(*n))).collect();
        Self { kind: Some(ParamKind::Text), n: words.iter().map(|(_, n)| n).sum(), values, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_domain_and_none_of_them_is_named() {
        let mut column =
            Column::of_words(&[("a@x.example", 4), ("b@x.example", 1), ("c@Y.example>", 9), ("no address", 1)]);
        column.kind = Some(ParamKind::Email);
        let found = column.parameter(0);
        assert_eq!(found.domains, [("x.example".to_owned(), 2), ("y.example".to_owned(), 1)]);
        assert_eq!((found.n, found.distinct, found.numbers.len()), (15, 4, 0));
    }

    #[test]
    fn numbers_of_one_day_need_no_table_of_days() {
        let day = crate::time::DAY_NS;
        assert!(Column::of_numbers(&[(0, 1.0), (5, 2.0)], "s", None).parameter(0).per_day.is_empty());
        let found = Column::of_numbers(&[(0, 3.0), (5, 2.0), (day, 1.0)], "s", None).parameter(0);
        assert_eq!(found.per_day, [("1970-01-01".into(), vec![2.0, 3.0]), ("1970-01-02".into(), vec![1.0])]);
        assert_eq!((found.range(), found.unit.as_deref()), (Some((1.0, 2.0, 3.0)), Some("s")));
        assert_eq!(Column::default().parameter(3).range(), None);
    }
}
