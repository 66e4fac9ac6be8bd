//! What each cluster comes together with: looked up by cluster, because a report of thousands asks for each.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{probability, rounded};
use super::sentences::{count, of};
use super::v1;
use super::worklog::family_id;
use crate::analyze::{Analysis, Family, FamilyKind, Link};
use crate::time::{SECOND_NS, words};

/// Members of a family, in the order of clusters, that its root names one by one; the family has all of them.
const NAMED: usize = 100;

/// Families and pairs by cluster.
pub(super) struct Ties<'a> {
    analysis: &'a Analysis,
    ids: &'a [String],
    /// Families that a cluster stands in, by place.
    families: FxHashMap<usize, Vec<usize>>,
    members: Vec<FxHashSet<usize>>,
    /// Pairs that a cluster stands in, by place.
    pairs: FxHashMap<usize, Vec<usize>>,
    /// Crash loops by project and service.
    loops: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    /// First and last row of everything in the window.
    extent: Option<(i64, i64)>,
}

impl<'a> Ties<'a> {
    pub(super) fn new(analysis: &'a Analysis, ids: &'a [String]) -> Self {
        let mut families: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        let mut loops: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (place, family) in analysis.families.iter().enumerate() {
            for member in &family.members {
                families.entry(*member).or_default().push(place);
            }
            if family.kind == FamilyKind::CrashLoop {
                let key = &analysis.clusters[family.root].cluster.key;
                loops.entry((&key.project, &key.service)).or_default().push(place);
            }
        }
        let mut pairs: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for (place, link) in analysis.links.iter().enumerate() {
            for at in [link.a, link.b] {
                pairs.entry(at).or_default().push(place);
            }
        }
        let present = || analysis.clusters.iter().map(|row| &row.cluster).filter(|row| row.is_present());
        let extent = present().map(|row| row.first_ns).min().zip(present().map(|row| row.last_ns).max());
        let members = analysis.families.iter().map(|family| family.members.iter().copied().collect()).collect();
        Self { analysis, ids, families, members, pairs, loops, extent }
    }

    /// What a cluster comes together with, in or out of its family.
    pub(super) fn links(&self, at: usize) -> Vec<v1::Link> {
        let row = |other: usize, relation: &str, lag_ns: i64| v1::Link {
            cluster: Some(self.ids[other].clone()),
            relation: relation.to_owned(),
            lag_s: Some(rounded(lag_ns as f64 / SECOND_NS as f64, 3)),
            ..v1::Link::default()
        };
        let mut links = Vec::new();
        for place in self.families.get(&at).into_iter().flatten() {
            let (family, members) = (&self.analysis.families[*place], &self.members[*place]);
            let kind = family.kind.as_str();
            if !matches!(family.kind, FamilyKind::CrashLoop | FamilyKind::SameEvent | FamilyKind::SameTrace) {
                continue;
            }
            if at == family.root {
                let own = family.lags_ns.iter().filter(|(other, _)| members.contains(other));
                links.extend(own.take(NAMED).map(|(other, lag_ns)| row(*other, kind, *lag_ns)));
            } else if let Some(lag_ns) = family.lags_ns.get(&at) {
                links.push(row(family.root, kind, -lag_ns));
            }
        }
        let key = self.analysis.clusters.get(at).map(|ranked| &ranked.cluster.key);
        let loops = key.and_then(|key| self.loops.get(&(key.project.as_str(), key.service.as_str())));
        let outside = loops.into_iter().flatten().filter(|place| !self.members[**place].contains(&at));
        links.extend(outside.filter_map(|place| self.during(at, &self.analysis.families[*place])));
        for place in self.pairs.get(&at).into_iter().flatten() {
            let link = &self.analysis.links[*place];
            let (other, lag_ns) = if at == link.a { (link.b, link.lag_ns) } else { (link.a, -link.lag_ns) };
            links.push(v1::Link {
                why: Some(link.told()),
                q: Some(probability(link.q)),
                ..row(other, relation(link, at), lag_ns)
            });
        }
        links
    }

    /// How much of a cluster fell into the time of a crash loop of its service: counted, not tested, so only where it is at
    /// least three events, a fifth of all, and four times as many as the rest of the data has in such a time.
    fn during(&self, at: usize, family: &Family) -> Option<v1::Link> {
        let cluster = &self.analysis.clusters[at].cluster;
        let span = (*family.times_ns.first()?, *family.times_ns.last()?);
        let inside = crowded(&cluster.times_ns, span, self.extent)?;
        Some(v1::Link {
            cluster: Some(self.ids[family.root].clone()),
            relation: "during".to_owned(),
            why: Some(format!(
                "{} of {} in the {} of crash loop {}",
                count(inside as u64),
                of(cluster.times_ns.len() as u64, "event", "events"),
                words(span.1 - span.0),
                family_id(&self.ids[family.root])
            )),
            ..v1::Link::default()
        })
    }
}

/// How many of the moments, ascending, lie in a span of the data, where they crowd in it.
fn crowded(times_ns: &[i64], span: (i64, i64), data: Option<(i64, i64)>) -> Option<usize> {
    let inside = times_ns.partition_point(|ns| *ns <= span.1) - times_ns.partition_point(|ns| *ns < span.0);
    if inside < 3 || inside * 5 < times_ns.len() {
        return None;
    }
    let data = data?;
    let (within, all) = (i128::from(span.1 - span.0), i128::from(data.1 - data.0));
    let (here, there) = (inside as i128, (times_ns.len() - inside) as i128);
    (2 * within < all && here * (all - within) > 4 * there * within).then_some(inside)
}

/// How a cluster stands to the other one of a pair; order is stated where it is proven, cause never is.
fn relation(link: &Link, at: usize) -> &'static str {
    match (link.kind, link.ordered) {
        (FamilyKind::SameInstance, _) => "same_instance",
        (_, false) => "together",
        (_, true) if at == link.a => "precedes",
        (_, true) => "follows",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crowds_in_a_crash_loop_is_counted_in_it() {
        let told = |times: &[i64]| crowded(times, (100, 102), Some((0, 1_000)));
        assert_eq!(told(&[10, 100, 101, 102, 700]), Some(3));
        assert_eq!(told(&[100, 100, 100]), Some(3), "nothing of it stands elsewhere");
        assert_eq!(told(&[100, 102]), None, "two are no crowd");
        assert_eq!(told(&[10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 101, 102, 200, 300, 400, 500]), None, "most is not");
        assert_eq!(
            crowded(&[10, 100, 101, 102, 700], (100, 600), Some((0, 1_000))),
            None,
            "half of the data is no time of its own"
        );
        assert_eq!(crowded(&[], (0, 0), Some((0, 0))), None);
    }

    #[test]
    fn a_pair_is_named_from_both_sides() {
        let link = |kind, ordered| Link {
            a: 3,
            b: 1,
            kind,
            ordered,
            n: 4,
            of: 5,
            expected: 0.1,
            lag_ns: 2 * SECOND_NS,
            p: 0.001,
            q: 0.01,
        };
        let lagged = link(FamilyKind::Precedes, true);
        assert_eq!((relation(&lagged, 3), relation(&lagged, 1)), ("precedes", "follows"));
        assert_eq!(relation(&link(FamilyKind::Precedes, false), 1), "together");
        let analysis =
            Analysis { clusters: vec![], families: vec![], links: vec![lagged], calibration: None, routes: vec![] };
        let ids: Vec<String> = (0..4).map(|n| format!("C{n}")).collect();
        let ties = Ties::new(&analysis, &ids);
        let found = ties.links(1);
        assert_eq!((found[0].cluster.as_deref(), found[0].lag_s), (Some("C3"), Some(-2.0)));
        assert!(ties.links(0).is_empty());
    }
}
