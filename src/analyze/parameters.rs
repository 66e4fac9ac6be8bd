//! The values inside a cluster's messages: how many, which, and whether they changed.
//!
//! A number that was one value and then another is a fact that needs no test: it is stated with the entry that first had the
//! new value. Anything else is tested on one value an episode, against the time before the window or, without one, between
//! its halves. Values that are almost all different are ids and are only counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::hash_map::RawEntryMut;
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::changes::{self, Change, NewValues};
use super::units::common;
use super::{AnalyzeError, Cluster, ClusterKey, stats};
use crate::mine::{Extractor, ParamKind, Template, TemplateSet, Value};
use crate::query::{ClusterRows, Engine, MessageRow};
use crate::store::EPISODE_GAP_NS;
use crate::time::{Window, day_name, day_of};

/// Most frequent values listed for a variable.
const TOP: usize = 5;
/// Distinct values kept for one variable; more are counted as different.
pub(super) const DISTINCT: usize = 10_000;

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
        let columns = columns(template, messages.into_iter().map(|(ts_ns, message)| (ts_ns, message, None)));
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
    pub(super) revision: Option<Arc<str>>,
    pub(super) number: Option<f64>,
}

/// What was seen of each value of one variable, in no order.
pub(super) type ValuesSeen = hashbrown::HashMap<CompactString, Seen, FxBuildHasher>;

/// The values of one variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) name: Option<String>,
    kind: Option<ParamKind>,
    mixed: bool,
    pub(super) values: ValuesSeen,
    pub(super) n: u64,
    /// Some value is a number, said in the unit of the others or not.
    is_numeric: bool,
    /// Unit of most numbers.
    pub(super) unit: Option<String>,
    /// Numbers with their times, ascending, all in that unit.
    pub(super) numbers: Vec<(i64, f64)>,
}

/// A column that grows.
#[derive(Debug, Default)]
struct Growing {
    name: Option<String>,
    kind: Option<ParamKind>,
    mixed: bool,
    values: ValuesSeen,
    n: u64,
    /// Number of each unit; empty text for none.
    units: Vec<(String, u64)>,
    /// Time, value, place of the unit.
    numbers: Vec<(i64, f64, usize)>,
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
    let mut rows: Vec<(&ClusterRows, Vec<&MessageRow>)> = found.clusters.iter().map(|key| (key, Vec::new())).collect();
    for (at, row) in &found.rows {
        rows[*at as usize].1.push(row);
    }
    // The largest first, so that none of them is left to one thread at the end.
    rows.sort_by_key(|(key, rows)| (std::cmp::Reverse(rows.len()), *key));
    let of = |(key, rows): (&ClusterRows, Vec<&MessageRow>)| {
        let template = by_id.get(key.template_id.as_str()).filter(|_| !rows.is_empty())?;
        let rows = rows.iter().map(|row| (row.ts_ns, &*row.message, row.revision.as_ref()));
        Some((key.clone().into(), columns(template, rows)))
    };
    let found: Vec<_> = rows.into_par_iter().with_max_len(1).filter_map(of).collect();
    Ok(Values { clusters: found.into_iter().collect() })
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
    let of = |columns: &&Columns| columns.iter().map(|(slot, column)| column.parameter(*slot)).collect();
    let mut found: Vec<Vec<Parameter>> = columns.par_iter().map(of).collect();
    let halves = before.clusters.is_empty().then_some(window);
    changes::fill(&mut found, &columns, &earlier, halves);
    // Ten thousand values a variable: letting go of them takes a while as well.
    now.clusters.into_par_iter().for_each(drop);
    Ok(found)
}

/// The variables of a template in messages with their times and revisions, in the order of time.
fn columns<'a>(template: &Template, rows: impl Iterator<Item = (i64, &'a str, Option<&'a Arc<str>>)>) -> Columns {
    let mut extractor = Extractor::new(template);
    let mut columns: BTreeMap<usize, Growing> = BTreeMap::new();
    for (ts_ns, message, revision) in rows {
        extractor.each(message, |value| columns.entry(value.slot).or_default().add(&value, ts_ns, revision));
    }
    columns.into_iter().map(|(slot, column)| (slot, column.grown())).collect()
}

impl Growing {
    fn add(&mut self, value: &Value<'_>, ts_ns: i64, revision: Option<&Arc<str>>) {
        self.n += 1;
        self.mixed |= self.kind.is_some_and(|kind| kind != value.kind);
        self.kind.get_or_insert(value.kind);
        if self.name.is_none() {
            self.name = value.name.map(str::to_owned);
        }
        if let Some(number) = value.number {
            let unit = value.unit.unwrap_or_default();
            let place = self.units.iter().position(|(known, _)| known == unit).unwrap_or_else(|| {
                self.units.push((unit.to_owned(), 0));
                self.units.len() - 1
            });
            self.units[place].1 += 1;
            self.numbers.push((ts_ns, number, place));
        }
        let is_full = self.values.len() >= DISTINCT;
        let seen = match self.values.raw_entry_mut().from_key(value.text) {
            RawEntryMut::Occupied(known) => known.into_mut(),
            RawEntryMut::Vacant(_) if is_full => return,
            RawEntryMut::Vacant(place) => {
                let (revision, number) = (revision.cloned(), value.number);
                place.insert(value.text.into(), Seen { first_ns: ts_ns, revision, number, ..Seen::default() }).1
            }
        };
        // Rows come in the order of time.
        if seen.n == 0 || ts_ns - seen.last_ns > EPISODE_GAP_NS {
            seen.episodes += 1;
        }
        (seen.n, seen.last_ns) = (seen.n + 1, ts_ns);
    }

    fn grown(self) -> Column {
        let (unit, mut numbers) = common(&self.units, &self.numbers);
        numbers.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let Self { name, kind, mixed, values, n, .. } = self;
        let is_numeric = !self.numbers.is_empty();
        Column { name, kind, mixed, values, n, is_numeric, unit, numbers }
    }
}

impl Column {
    /// Whether a value is said in words, of which there are few.
    pub(super) fn is_word(&self) -> bool {
        !self.is_numeric && matches!(self.kind, Some(ParamKind::Text | ParamKind::Bool | ParamKind::Host))
    }

    fn parameter(&self, slot: usize) -> Parameter {
        let mut top: Vec<(&CompactString, u64)> = self.values.iter().map(|(value, seen)| (value, seen.n)).collect();
        let often = |a: &(&CompactString, u64), b: &(&CompactString, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
        if top.len() > TOP {
            top.select_nth_unstable_by(TOP, often);
            top.truncate(TOP);
        }
        top.sort_by(often);
        let top = top.into_iter().map(|(value, n)| (value.to_string(), n)).collect();
        let mut days: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (ts_ns, number) in &self.numbers {
            days.entry(day_of(*ts_ns)).or_default().push(*number);
        }
        for numbers in days.values_mut() {
            numbers.sort_unstable_by(f64::total_cmp);
        }
        let per_day = days.into_iter().map(|(day, numbers)| (day_name(day), numbers)).collect::<Vec<_>>();
        let mut numbers: Vec<f64> = self.numbers.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let kind = if self.mixed {
            "text"
        } else {
            self.kind.map_or("text", |kind| kind.placeholder().trim_matches(['<', '>']))
        };
        Parameter {
            slot,
            name: self.name.clone(),
            kind: if kind == "*" { "text".into() } else { kind.to_owned() },
            unit: self.unit.clone(),
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
        let mut column = Growing::default();
        for (ts_ns, number) in rows {
            let text = number.to_string();
            let (kind, unit, number) = (ParamKind::Duration, Some(unit), Some(*number));
            let value = Value { slot: 0, position: 0, name: None, kind, unit, text: &text, number };
            column.add(&value, *ts_ns, revision.map(Arc::from).as_ref());
        }
        let mut column = column.grown();
        // Every row is an episode of its value.
        column.values.values_mut().for_each(|seen| seen.episodes = seen.n);
        column
    }

    /// A column of words for tests of what is made of it.
    pub(super) fn of_words(words: &[(&str, u64)]) -> Self {
        let seen = |episodes| Seen { n: episodes, episodes, ..Seen::default() };
        let values = words.iter().map(|(word, n)| ((*word).into(), seen(*n))).collect();
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
