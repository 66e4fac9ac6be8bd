//! Two inputs against each other: what is new in the second, what is gone, what is more or less frequent, which values
//! changed.
//!
//! The incident analysis over a good run and a bad one: events, the exact conditional test with the exposure that both
//! sides know best (requests, traces, else covered hours), and both directions, because what vanished often tells more than
//! what appeared. What stands on one side only is listed whether or not it can be told from chance, and says which.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analyze::stats::contrast::{DISPERSION, contrast};
use crate::analyze::stats::multiple::claimed;
use crate::analyze::stats::rate::Counts;
use crate::analyze::{
    Activity, Among, Cluster, ClusterKey, Coverage, FieldSkew, Fields, Values, exposure, field_skews, value_changes,
};
use crate::issue::cluster_ids;
use crate::report::fingerprints;
use crate::time::{HOUR_NS, rfc3339};

/// One side, as queried.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// What the person typed.
    pub name: String,
    /// Its clusters.
    pub clusters: Vec<Cluster>,
    /// Per service; an empty name is unknown.
    pub activity: BTreeMap<String, Activity>,
    /// What its inputs cover; `None` for a revision, which covers the time from its first row to its last.
    pub coverage: Option<Coverage>,
    /// Values in messages of WARNING and above.
    pub values: Values,
    /// Values of fields.
    pub fields: Fields,
}

/// What is said of a side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SideRow {
    /// What the person typed.
    pub name: String,
    /// Rows.
    pub entries: u64,
    /// Events.
    pub events: u64,
    /// Oldest row, RFC 3339.
    pub first: Option<String>,
    /// Newest row.
    pub last: Option<String>,
}

/// One cluster on both sides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Cluster id.
    pub cluster: String,
    /// Service.
    pub service: String,
    /// app, request, system, audit or build.
    pub kind: String,
    /// Effective severity.
    pub severity: String,
    /// Template.
    pub template: String,
    /// Events in A.
    pub a: u64,
    /// Events in B.
    pub b: u64,
    /// requests, traces or hours.
    pub exposure: String,
    /// Exposure of A.
    pub exposure_a: f64,
    /// Exposure of B.
    pub exposure_b: f64,
    /// Events expected in B at the rate of A, 95 of 100 times.
    pub expected: Option<(u64, u64)>,
    /// Rate in B over rate in A.
    pub ratio: Option<f64>,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over all clusters; absent where no outcome could have been told from chance.
    pub q: Option<f64>,
    /// Told from chance at the level of 5 % false claims.
    pub sure: bool,
}

/// A value that changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValueRow {
    /// Cluster id.
    pub cluster: String,
    /// Template.
    pub template: String,
    /// Position of the variable.
    pub slot: usize,
    /// Key or word before it.
    pub name: Option<String>,
    /// Before and after, in words.
    pub change: String,
}

/// A value of a field whose share of the events differs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldRow {
    /// service, revision, instance, route, status, host, location, severity or user domain.
    pub field: String,
    /// The value.
    pub value: String,
    /// `all` events, or those of `WARNING and above`.
    pub among: String,
    /// Events with it in A.
    pub a: u64,
    /// Events with the field in A.
    pub of_a: u64,
    /// Events with it in B.
    pub b: u64,
    /// Events with the field in B.
    pub of_b: u64,
    /// Share in B over share in A, half an event added to each.
    pub lift: f64,
    /// Signed root of G: standard deviations, above 0 when it is more frequent in B.
    pub residual: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over all values compared.
    pub q: f64,
}

/// The whole comparison: `log-gardener/compare` 1.0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// `log-gardener/compare`
    pub schema: String,
    /// `1.0`
    pub schema_version: String,
    /// The first input, taken as good.
    pub a: SideRow,
    /// The second.
    pub b: SideRow,
    /// In B only, loudest first.
    pub new: Vec<Row>,
    /// In A only.
    pub gone: Vec<Row>,
    /// More frequent in B, beyond chance.
    pub more: Vec<Row>,
    /// Less frequent in B, beyond chance.
    pub less: Vec<Row>,
    /// Values in messages that changed.
    pub values: Vec<ValueRow>,
    /// Values of fields whose share of the events differs, strongest first.
    pub fields: Vec<FieldRow>,
    /// Clusters whose rates cannot be told apart.
    pub same: u64,
    /// What a reader must know of the comparison itself.
    pub remarks: Vec<String>,
}

/// Compares two sides whose templates were mined together.
///
/// Where each side is of one project and these differ (a test system against the real one), the project is not part of what
/// makes a cluster.
pub fn compare(a: &Side, b: &Side) -> Comparison {
    let (of_a, of_b) = (projects(a), projects(b));
    if let ([from], [to]) = (of_a.as_slice(), of_b.as_slice())
        && from != to
    {
        let mut found = compare_aligned(&moved(a, to), b);
        found.remarks.push(format!("A is of project {from}, B of {to}; clusters are compared as if of one"));
        return found;
    }
    compare_aligned(a, b)
}

fn projects(side: &Side) -> Vec<String> {
    let all: BTreeSet<&String> = side.clusters.iter().map(|cluster| &cluster.key.project).collect();
    all.into_iter().filter(|name| !name.is_empty()).cloned().collect()
}

/// The side as if its entries were of another project.
fn moved(side: &Side, project: &str) -> Side {
    let key = |key: &ClusterKey| match key.project.as_str() {
        "" => key.clone(),
        _ => ClusterKey { project: project.to_owned(), ..key.clone() },
    };
    let clusters = side.clusters.iter().map(|cluster| Cluster { key: key(&cluster.key), ..cluster.clone() });
    Side { clusters: clusters.collect(), values: side.values.clone().rekeyed(key), ..side.clone() }
}

fn compare_aligned(a: &Side, b: &Side) -> Comparison {
    let by_key = |side: &'_ Side| -> BTreeMap<ClusterKey, usize> {
        side.clusters.iter().enumerate().map(|(at, cluster)| (cluster.key.clone(), at)).collect()
    };
    let (in_a, in_b) = (by_key(a), by_key(b));
    let keys: BTreeSet<&ClusterKey> = in_a.keys().chain(in_b.keys()).collect();
    let pairs: Vec<(Option<&Cluster>, Option<&Cluster>)> = keys
        .iter()
        .map(|key| (in_a.get(*key).map(|at| &a.clusters[*at]), in_b.get(*key).map(|at| &b.clusters[*at])))
        .collect();
    // Where both have it, B is shown: it is what is being looked at.
    let shown: Vec<&Cluster> = pairs.iter().filter_map(|(a, b)| b.or(*a)).collect();
    let ids = cluster_ids(&fingerprints(&shown));
    let exposures: Vec<(f64, f64, &str)> = shown.iter().map(|cluster| exposures(a, b, cluster)).collect();
    let counts: Vec<Counts> = pairs
        .iter()
        .zip(&exposures)
        .map(|((a, b), (t0, t1, _))| Counts {
            e0: a.map_or(0, |cluster| cluster.events),
            e1: b.map_or(0, |cluster| cluster.events),
            t0: *t0,
            t1: *t1,
            d: DISPERSION,
        })
        .collect();
    let mut out = Comparison {
        schema: "log-gardener/compare".into(),
        schema_version: "1.0".into(),
        a: side_row(a),
        b: side_row(b),
        remarks: remarks(a, b),
        ..Comparison::default()
    };
    for (at, found) in contrast(&counts).into_iter().enumerate() {
        let (t0, t1, unit) = exposures[at];
        let cluster = shown[at];
        let row = Row {
            cluster: ids[at].clone(),
            service: cluster.key.service.clone(),
            kind: cluster.key.kind.clone(),
            severity: cluster.effective_severity().as_str().to_owned(),
            template: cluster.template.clone(),
            a: found.counts.e0,
            b: found.counts.e1,
            exposure: unit.to_owned(),
            exposure_a: t0,
            exposure_b: t1,
            expected: found.expected,
            ratio: found.counts.ratio(),
            p: found.p,
            q: found.q,
            sure: claimed(found.q),
        };
        match pairs[at] {
            (None, _) => out.new.push(row),
            (_, None) => out.gone.push(row),
            _ if row.sure && found.counts.rises() => out.more.push(row),
            _ if row.sure && found.counts.falls() => out.less.push(row),
            _ => out.same += 1,
        }
    }
    let loud: BTreeMap<&str, i32> =
        shown.iter().zip(&ids).map(|(cluster, id)| (id.as_str(), cluster.effective_severity().number())).collect();
    for list in [&mut out.new, &mut out.gone, &mut out.more, &mut out.less] {
        list.sort_by(|x, y| {
            let level = |row: &Row| loud[row.cluster.as_str()];
            level(y).cmp(&level(x)).then(x.p.total_cmp(&y.p)).then(x.cluster.cmp(&y.cluster))
        });
    }
    out.values = value_rows(a, b, &shown, &ids);
    out.fields = field_skews(&a.fields, &b.fields).iter().map(field_row).collect();
    out
}

/// What both sides know best of how much a cluster's service did: (A, B, unit).
fn exposures(a: &Side, b: &Side, cluster: &Cluster) -> (f64, f64, &'static str) {
    let of = |side: &Side| side.activity.get(&cluster.key.service).copied().unwrap_or_default();
    let hours = |side: &Side| {
        let own = of(side);
        let span = || (own.last_ns - own.first_ns) as f64 / HOUR_NS as f64;
        side.coverage.as_ref().map_or_else(span, |seen| seen.hours_of(cluster))
    };
    exposure(of(a), of(b), (hours(a), hours(b)))
}

fn value_rows(a: &Side, b: &Side, shown: &[&Cluster], ids: &[String]) -> Vec<ValueRow> {
    let at: BTreeMap<&ClusterKey, usize> = shown.iter().enumerate().map(|(at, cluster)| (&cluster.key, at)).collect();
    let told = value_changes(&a.values, &b.values, ("A", "B")).into_iter();
    told.filter_map(|found| {
        let place = *at.get(&found.key)?;
        Some(ValueRow {
            cluster: ids[place].clone(),
            template: shown[place].template.clone(),
            slot: found.slot,
            name: found.name,
            change: found.change,
        })
    })
    .collect()
}

fn field_row(found: &FieldSkew) -> FieldRow {
    FieldRow {
        field: found.value.field.clone(),
        value: found.value.value.clone(),
        among: match found.among {
            Among::All => "all".into(),
            Among::Loud => "WARNING and above".into(),
        },
        a: found.value.n0,
        of_a: found.value.of0,
        b: found.value.n1,
        of_b: found.value.of1,
        lift: found.lift,
        residual: found.residual,
        p: found.p,
        q: found.q,
    }
}

fn side_row(side: &Side) -> SideRow {
    SideRow {
        name: side.name.clone(),
        entries: side.activity.values().map(|own| own.entries).sum(),
        events: side.clusters.iter().map(|cluster| cluster.events).sum(),
        first: side.activity.values().map(|own| own.first_ns).min().map(rfc3339),
        last: side.activity.values().map(|own| own.last_ns).max().map(rfc3339),
    }
}

fn remarks(a: &Side, b: &Side) -> Vec<String> {
    let mut out = Vec::new();
    for (one, other) in [(a, b), (b, a)] {
        let names: Vec<&str> = one
            .activity
            .keys()
            .filter(|name| !other.activity.contains_key(*name))
            .map(|name| if name.is_empty() { "(unknown)" } else { name.as_str() })
            .collect();
        if !names.is_empty() {
            out.push(format!("services of {} only: {}", one.name, names.join(", ")));
        }
    }
    for (side, seen) in [a, b].into_iter().filter_map(|side| Some((side, side.coverage.as_ref()?))) {
        if !seen.caps.is_empty() {
            out.push(format!(
                "{}: {} exports are cut by a row cap; rates are lower bounds there",
                side.name,
                seen.caps.len()
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Severity;

    fn side(name: &str, sizes: &[(&str, u64)], requests: u64) -> Side {
        let clusters = sizes.iter().map(|(template, events)| {
            let key = ClusterKey { template_id: (*template).into(), service: "desk".into(), ..ClusterKey::default() };
            Cluster {
                key,
                template: (*template).into(),
                canonical: (*template).into(),
                entries: *events,
                events: *events,
                effective: BTreeMap::from([(Severity::Error, *events)]),
                ..Cluster::default()
            }
        });
        let activity = Activity { entries: sizes.iter().map(|(_, n)| n).sum(), requests, ..Activity::default() };
        Side {
            name: name.into(),
            clusters: clusters.collect(),
            activity: BTreeMap::from([("desk".to_owned(), activity)]),
            ..Side::default()
        }
    }

    fn names(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.template.as_str()).collect()
    }

    #[test]
    fn both_directions_are_told_and_rates_not_counts_are_compared() {
        let a = side("a", &[("stays", 400), ("rises", 40), ("falls", 400), ("goes", 2)], 10_000);
        let b = side("b", &[("stays", 40), ("rises", 400), ("falls", 1), ("comes", 1)], 1_000);
        let found = compare(&a, &b);
        assert_eq!((names(&found.new), names(&found.gone)), (vec!["comes"], vec!["goes"]));
        assert_eq!((names(&found.more), names(&found.less)), (vec!["rises"], vec!["falls"]));
        assert_eq!((found.same, found.new[0].sure, found.more[0].exposure.as_str()), (1, false, "requests"));
    }

    #[test]
    fn empty_and_equal_sides_differ_in_nothing() {
        let empty = compare(&Side::default(), &Side::default());
        assert!(empty.new.is_empty() && empty.gone.is_empty() && empty.same == 0 && empty.a.first.is_none());
        let one = side("a", &[("x", 1), ("y", 4_000_000_000)], 100);
        let found = compare(&one, &one);
        assert_eq!((found.same, found.new.len() + found.gone.len() + found.more.len() + found.less.len()), (2, 0));
    }

    #[test]
    fn a_test_system_is_compared_with_the_real_one_across_projects() {
        let of = |project: &str| {
            let mut side = side(project, &[("x", 5)], 100);
            side.clusters[0].key.project = project.into();
            side
        };
        let found = compare(&of("stage"), &of("real"));
        assert_eq!((found.same, found.new.len(), found.gone.len()), (1, 0, 0));
        assert_eq!(found.remarks, ["A is of project stage, B of real; clusters are compared as if of one"]);
    }

    #[test]
    fn services_of_one_side_are_named() {
        let found = compare(&side("a", &[("x", 3)], 0), &Side { name: "b".into(), ..Side::default() });
        assert_eq!(found.remarks, ["services of a only: desk"]);
        assert!(!found.gone[0].sure && found.gone[0].q.is_none(), "nothing covered, nothing claimed");
    }
}
