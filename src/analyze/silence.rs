//! What came in every hour and is gone, while exports that would hold it went on.
//!
//! A silent service is a finding of its own: a cluster without entries, so that priority, documents and actions treat it as
//! any other, with its last entry as first and last. A silent message is said of its own cluster, of routine ones only (an
//! error that stops is no loss), and not where it ended with a deploy: a reworded line is not a silence. Where the exports
//! themselves end, nothing is found and coverage says so ([`missing_exports`]).
//!
//! A service is silent by its hours, once nothing comes any more ([`gone_silent`]), or by the rows that it would have written
//! in a pause that touches the window, over or not ([`outage`]). Such a pause is believed where the export is known to be
//! whole: its window was stated, or other services wrote throughout.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::MissingExport;
use super::history::{ceil_hours, covered, exposure, season};
use super::stats::outage::{self, Hourly, Outage, outages};
use super::stats::silent::{self, gone_silent};
use super::stats::table::{Exposure, Hours, Level, Subject, Table};
use super::{Before, Cluster, ClusterKey, Coverage, History, Runs};
use crate::record::Severity;
use crate::store::unite;
use crate::time::{DAY_NS, HOUR_NS, Window, rfc3339_seconds, words};

/// Template of the cluster that stands for a silent service.
pub(super) const SERVICE: &str = "<service went silent>";
/// A silence that began longer than this before a window is told no more: the service is retired.
const RETIRED_NS: i64 = 7 * DAY_NS;
/// Covered hours that others must go on for an export to be called missing.
const MISSING_NS: i64 = 2 * HOUR_NS;

/// A silence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Silent {
    /// The whole service is silent, not one message.
    pub whole_service: bool,
    /// Its last entry.
    pub last_ns: i64,
    /// It began in the window.
    pub is_new: bool,
    /// Covered hours since then.
    pub covered_h: f64,
    /// Covered hours with an entry until then.
    pub hours_with: u64,
    /// Share of the covered hours until then that had one, 0 to 1.
    pub regular: f64,
    /// Chance of such a silence at the rate before it.
    pub p0: f64,
    /// First entry after it; `None` while it lasts.
    pub until_ns: Option<i64>,
    /// Rows that were to be expected in it, where they were counted.
    pub expected: Option<f64>,
    /// Others of the service in the window: last entry before, first entry after.
    pub further: Vec<(i64, Option<i64>)>,
}

impl Silent {
    /// Whether it lasts at the window's end.
    pub fn is_open(&self) -> bool {
        self.until_ns.is_none()
    }

    /// For a reader.
    pub fn told(&self) -> String {
        let covered = words((self.covered_h * HOUR_NS as f64) as i64);
        let at = rfc3339_seconds;
        let what = if self.whole_service { "the service wrote" } else { "it came" };
        let habit =
            format!("{what} in {:.0} % of the covered hours ({})", (self.regular * 100.0).floor(), self.hours_with);
        let missed = self.expected.map(|rows| format!("about {rows:.0} entries were to be expected"));
        let mut told = match self.until_ns {
            Some(until_ns) => format!(
                "was silent from {} to {}, {covered} of it exported: {}{habit} besides; it writes again",
                at(self.last_ns),
                at(until_ns),
                missed.map_or_else(String::new, |missed| format!("{missed}, ")),
            ),
            None => format!(
                "went silent: {habit}, and not at all since {}, while {covered} were exported{}",
                at(self.last_ns),
                missed.map_or_else(String::new, |missed| format!(" and {missed}")),
            ),
        };
        let span = |(from_ns, until_ns): &(i64, Option<i64>)| match until_ns {
            Some(until_ns) => format!("from {} to {}", at(*from_ns), at(*until_ns)),
            None => format!("since {}", at(*from_ns)),
        };
        if !self.further.is_empty() {
            told.push_str(&format!("; also {}", self.further.iter().map(span).collect::<Vec<_>>().join(", ")));
        }
        told
    }
}

/// One row of hours at a time, judged on the table that [`gone_silent`] takes.
struct Ear<'a> {
    before: &'a Before,
    seen: &'a Coverage,
    window: Window,
}

impl Ear<'_> {
    fn history(&self) -> &History {
        &self.before.history
    }

    /// Covered intervals of a service at a severity, before the window and in it.
    fn covered(&self, service: &str, severity: Severity) -> Vec<(i64, i64)> {
        let of = |coverage: &Coverage| -> Vec<(i64, i64)> {
            let found = coverage.services.get(service).and_then(|service| service.severities.get(&severity));
            found.cloned().unwrap_or_default()
        };
        unite([of(&self.before.coverage), of(self.seen)].concat())
    }

    /// Severity of most rows of a service.
    fn usual(&self, service: &str) -> Option<Severity> {
        let mut rows: BTreeMap<Severity, u64> = BTreeMap::new();
        for coverage in [&self.before.coverage, self.seen] {
            for (severity, n) in coverage.services.get(service).into_iter().flat_map(|service| &service.rows) {
                *rows.entry(*severity).or_default() += n;
            }
        }
        rows.into_iter().max_by_key(|(severity, n)| (*n, *severity)).map(|(severity, _)| severity)
    }

    fn exposure(&self, service: &str, intervals: &[(i64, i64)]) -> Exposure {
        let season = season(self.history().volume.get(service), intervals);
        exposure(intervals, 0, ceil_hours(self.window.until_ns), &season)
    }

    /// Judges hours (since 1970, UTC) with an entry, the newest of which is at `last_ns`.
    fn hear(&self, hours: &BTreeSet<i64>, exposure: &Exposure, last_ns: i64) -> Option<Silent> {
        let until = ceil_hours(self.window.until_ns);
        let subject = Subject {
            level: Level::Other,
            exposure: 0,
            episodes: hours.iter().filter(|hour| **hour < until).map(|hour| (*hour, 1)).collect(),
            lasting: Vec::new(),
            runs: Vec::new(),
            known: false,
            anchor: None,
        };
        let stretch = Hours::new(exposure.extent().0.min(subject.episodes.first()?.0), until);
        let table = Table { origin_ns: 0, exposures: vec![exposure.clone()], subjects: vec![subject] };
        let found: silent::Silent = gone_silent(&table, &table.subjects[0], stretch)?;
        (last_ns >= self.recent_ns()).then(|| Silent {
            whole_service: false,
            last_ns,
            is_new: last_ns >= self.window.since_ns,
            covered_h: found.hours,
            hours_with: found.silence.episodes,
            regular: found.regular,
            p0: found.silence.p0(),
            until_ns: None,
            expected: None,
            further: Vec::new(),
        })
    }

    /// Earliest last entry of what is told in this window.
    fn recent_ns(&self) -> i64 {
        self.window.since_ns - RETIRED_NS.max(self.window.until_ns - self.window.since_ns)
    }

    fn newest<'r>(&self, runs: impl Iterator<Item = &'r (i64, i64)>) -> Option<i64> {
        let inside = runs.filter(|(first, _)| *first < self.window.until_ns);
        inside.map(|(_, last)| (*last).min(self.window.until_ns - 1)).max()
    }

    /// A service by its hours and by its rows; `runs` are of all services.
    fn service(&self, service: &str, last_ns: i64, runs: &BTreeMap<&str, Runs>) -> Option<Silent> {
        // Where mostly failures are exported, or written, their end is no loss.
        let usual = self.usual(service).filter(|severity| *severity < Severity::Warning)?;
        let intervals = self.covered(service, usual);
        let volume = self.history().volume.get(service)?;
        let hours = volume.keys().copied().collect();
        let gone = self.hear(&hours, &self.exposure(service, &intervals), last_ns);
        let gone = gone.map(|found| Silent { whole_service: true, ..found });
        let mut pauses = self.outages(service, &intervals, runs);
        // The one that lasts, else the one in which most was missed.
        let weight = |own: &Silent| (own.is_open(), own.expected.unwrap_or(0.0));
        pauses.sort_by(|a, b| weight(b).partial_cmp(&weight(a)).unwrap_or(std::cmp::Ordering::Equal));
        let mut pauses = pauses.into_iter();
        let first = match (pauses.next(), gone) {
            (Some(own), _) if own.is_open() => own,
            (own, Some(gone)) => {
                pauses = own.into_iter().chain(pauses).collect::<Vec<_>>().into_iter();
                gone
            }
            (own, None) => own?,
        };
        let mut further: Vec<(i64, Option<i64>)> = pauses.map(|own| (own.last_ns, own.until_ns)).collect();
        further.sort_unstable();
        Some(Silent { further, ..first })
    }

    /// Pauses of a service that touch the window, beyond chance and habit.
    fn outages(&self, service: &str, intervals: &[(i64, i64)], runs: &BTreeMap<&str, Runs>) -> Vec<Silent> {
        let (until_ns, since_ns) = (self.window.until_ns, self.window.since_ns);
        // Rows that name no service come from nowhere that could fall silent.
        let (false, Some(own)) = (service.is_empty(), runs.get(service)) else { return Vec::new() };
        let spans: Vec<(i64, Option<i64>)> = own
            .iter()
            .enumerate()
            .filter(|(_, (first, last))| *first < until_ns && *last < until_ns)
            .map(|(at, (_, last))| (*last, own.get(at + 1).map(|next| next.0).filter(|next| *next < until_ns)))
            .collect();
        let touches = |span: &(i64, Option<i64>)| {
            span.1.map_or(span.0 >= self.recent_ns(), |back_ns| back_ns > since_ns) && span.0 < until_ns
        };
        if !spans.iter().any(touches) {
            return Vec::new();
        }
        let (first, covered_s) = covered(intervals, 0, ceil_hours(until_ns));
        let volume = self.history().volume.get(service);
        let rows = |hour: i64| volume.and_then(|hours| hours.get(&hour)).copied().unwrap_or(0);
        let beat = Hourly { rows: (first..).take(covered_s.len()).map(rows).collect(), first, covered_s };
        let pause = |span: &(i64, Option<i64>)| {
            let to = span.1.unwrap_or(until_ns);
            let from = intervals.partition_point(|(_, end)| *end <= span.0);
            let parts: Runs = intervals[from..]
                .iter()
                .take_while(|(begin, _)| *begin < to)
                .map(|(begin, end)| ((*begin).max(span.0), (*end).min(to)))
                .collect();
            let (first, covered_s) = covered(&parts, 0, ceil_hours(to));
            outage::Pause { first, covered_s, asked: touches(span) }
        };
        let pauses: Vec<outage::Pause> = spans.iter().map(pause).collect();
        let asked = Hours::new(since_ns.div_euclid(HOUR_NS), ceil_hours(until_ns));
        let told = |found: Outage| {
            let (last_ns, back_ns) = spans[found.place];
            Silent {
                whole_service: true,
                last_ns,
                is_new: last_ns >= since_ns,
                covered_h: found.hours,
                hours_with: found.hours_with,
                regular: found.regular,
                p0: found.p,
                until_ns: back_ns,
                expected: Some(found.expected),
                further: Vec::new(),
            }
        };
        let found = outages(&beat, &pauses, asked, runs.len()).into_iter().map(told);
        found.filter(|own| self.is_whole(service, own.last_ns, own.until_ns.unwrap_or(until_ns), runs)).collect()
    }

    /// Whether the exports are known to go on through a pause of a service: stated, or others wrote without a pause of half
    /// its length.
    fn is_whole(&self, service: &str, from_ns: i64, to_ns: i64, runs: &BTreeMap<&str, Runs>) -> bool {
        let half = (to_ns - from_ns) / 2;
        let fits = |parts: Runs| {
            let mut at = from_ns;
            for (first, last) in parts {
                if first - at > half {
                    return false;
                }
                at = at.max(last);
            }
            to_ns - at <= half
        };
        let stated = [&self.before.coverage, self.seen].into_iter().filter_map(|own| own.stated.get(service));
        let others = runs.iter().filter(|(name, _)| **name != service).map(|(_, runs)| runs);
        let near = |all: Vec<&Runs>| {
            let near = all.into_iter().flatten().filter(|(first, last)| *last >= from_ns && *first <= to_ns);
            unite(near.copied().collect())
        };
        fits(near(stated.collect())) || fits(near(others.collect()))
    }

    fn message(&self, cluster: &Cluster, exposure: &Exposure) -> Option<Silent> {
        let runs = self.history().runs.get(&cluster.key)?;
        let hours: BTreeSet<i64> =
            runs.iter().flat_map(|(first, last)| first.div_euclid(HOUR_NS)..=last.div_euclid(HOUR_NS)).collect();
        let last_ns = self.newest(runs.iter())?;
        self.hear(&hours, exposure, last_ns).filter(|_| !self.ended_with_a_revision(&cluster.key, last_ns))
    }

    /// Whether a revision that has none of a message began to serve within a day before its last entry, or was the next to
    /// begin after it.
    fn ended_with_a_revision(&self, key: &ClusterKey, last_ns: i64) -> bool {
        let Some(served) = self.history().served.get(&key.service) else { return false };
        let own = self.history().by_revision.get(key);
        served.iter().any(|(revision, hours)| {
            let begins = hours.keys().next().map_or(i64::MAX, |hour| hour * HOUR_NS);
            let goes_on = hours.keys().next_back().is_some_and(|hour| (hour + 1) * HOUR_NS > last_ns);
            let lacks = own.is_none_or(|own| !own.contains_key(revision));
            lacks && goes_on && begins >= last_ns - DAY_NS && begins <= last_ns + MISSING_NS
        })
    }
}

/// Says of each routine message that it went silent, and adds a cluster for each service that did.
pub fn silences(clusters: &mut Vec<Cluster>, before: &Before, seen: &Coverage, window: Window) {
    let ear = Ear { before, seen, window };
    // Of each service its first project and its last entry, and when it wrote.
    let mut services: BTreeMap<&str, (&str, Option<i64>)> = BTreeMap::new();
    let mut all: BTreeMap<&str, Runs> = BTreeMap::new();
    for (key, runs) in &before.history.runs {
        let (_, last_ns) = services.entry(&key.service).or_insert((&key.project, None));
        *last_ns = (*last_ns).max(ear.newest(runs.iter()));
        all.entry(&key.service).or_default().extend_from_slice(runs);
    }
    for runs in all.values_mut() {
        *runs = unite(std::mem::take(runs));
    }
    let mut silent: BTreeMap<&str, Silent> = BTreeMap::new();
    for (service, (_, last_ns)) in &services {
        if let Some(found) = last_ns.and_then(|last_ns| ear.service(service, last_ns, &all)) {
            silent.insert(service, found);
        }
    }
    let mut exposures: BTreeMap<(String, Severity), Exposure> = BTreeMap::new();
    let heard = |cluster: &&mut Cluster| {
        let routine = cluster.effective_severity() < Severity::Warning && !cluster.data_quality;
        routine && matches!(cluster.key.kind.as_str(), "app" | "request" | "system")
    };
    for cluster in clusters.iter_mut().filter(heard) {
        let service = cluster.key.service.clone();
        if silent.get(service.as_str()).is_some_and(Silent::is_open) {
            continue;
        }
        let severity = cluster.severity();
        let exposure = exposures
            .entry((service.clone(), severity))
            .or_insert_with(|| ear.exposure(&service, &ear.covered(&service, severity)));
        cluster.silent = ear.message(cluster, exposure);
    }
    for (service, found) in silent {
        let project = services.get(service).map_or("", |(project, _)| project);
        clusters.push(of_service(project.to_owned(), service.to_owned(), found));
    }
}

fn of_service(project: String, service: String, found: Silent) -> Cluster {
    Cluster {
        key: ClusterKey { template_id: SERVICE.into(), project, service, kind: "app".into() },
        template: SERVICE.into(),
        canonical: SERVICE.into(),
        first_ns: found.last_ns,
        last_ns: found.last_ns,
        signatures: BTreeMap::from([(SERVICE.to_owned(), 0)]),
        silent: Some(found),
        ..Cluster::default()
    }
}

/// Services that came in every hour until their exports ended, while those of others go on.
pub fn missing_exports(before: &Before, seen: &Coverage, window: Window) -> Vec<MissingExport> {
    let ear = Ear { before, seen, window };
    let ends: Vec<(String, Severity, Runs)> = before
        .history
        .volume
        .keys()
        .filter_map(|service| {
            let severity = ear.usual(service)?;
            Some((service.clone(), severity, ear.covered(service, severity)))
        })
        .collect();
    let end = |intervals: &[(i64, i64)]| intervals.last().map_or(i64::MIN, |(_, to)| *to);
    let newest = ends.iter().map(|(_, _, intervals)| end(intervals)).max().unwrap_or(i64::MIN);
    let recent = ear.recent_ns();
    ends.into_iter()
        .filter(|(_, _, intervals)| {
            let until = end(intervals);
            until >= recent && until < newest.saturating_sub(MISSING_NS)
        })
        .filter(|(service, _, intervals)| {
            let (first, cells) = covered(intervals, 0, ceil_hours(end(intervals)));
            let hours = cells.iter().map(|seconds| f64::from(*seconds) / 3_600.0).sum();
            let with = before
                .history
                .volume
                .get(service)
                .map_or(0, |hours| hours.range(first..first + cells.len() as i64).count() as u64);
            silent::is_regular(with, hours)
        })
        .map(|(service, severity, intervals)| MissingExport { service, severity, until_ns: end(&intervals) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::coverage::ServiceCoverage;
    use super::*;

    const DAYS: i64 = 5;

    fn coverage(services: &[(&str, i64)]) -> Coverage {
        let mut seen = Coverage::default();
        for (service, hours) in services {
            let intervals = vec![(0, hours * HOUR_NS)];
            let own = ServiceCoverage {
                intervals: intervals.clone(),
                severities: BTreeMap::from([(Severity::Info, intervals)]),
                rows: BTreeMap::from([(Severity::Info, 100)]),
            };
            seen.services.insert((*service).into(), own);
        }
        seen
    }

    fn key(service: &str) -> ClusterKey {
        ClusterKey { template_id: "beat".into(), service: service.into(), ..ClusterKey::default() }
    }

    /// A message every hour up to an hour, in a service.
    fn history(rows: &[(&str, std::ops::Range<i64>, Option<&str>)]) -> History {
        let mut history = History::default();
        for (service, hours, revision) in rows {
            for hour in hours.clone() {
                let run = (hour * HOUR_NS + 5, hour * HOUR_NS + 9);
                history.runs.entry(key(service)).or_default().push(run);
                *history.volume.entry((*service).into()).or_default().entry(hour).or_default() += 1;
                if let Some(revision) = revision {
                    let own = history.by_revision.entry(key(service)).or_default();
                    own.entry((*revision).into()).or_default().push(run);
                    let served = history.served.entry((*service).into()).or_default();
                    served.entry((*revision).into()).or_default().insert(hour, 1);
                }
            }
        }
        history
    }

    fn beat(service: &str) -> Cluster {
        let mut cluster = Cluster { key: key(service), entries: 9, ..Cluster::default() };
        cluster.severities.insert(Severity::Info, 9);
        cluster.effective.insert(Severity::Info, 9);
        cluster
    }

    fn window() -> Window {
        Window::new(0, DAYS * DAY_NS).expect("window")
    }

    fn run(clusters: &mut Vec<Cluster>, history: History, seen: &Coverage) -> Vec<MissingExport> {
        let before = Before { history, ..Before::default() };
        silences(clusters, &before, seen, window());
        missing_exports(&before, seen, window())
    }

    #[test]
    fn a_service_that_falls_silent_while_it_is_exported_is_a_cluster_of_its_own() {
        let mut clusters = vec![beat("a"), beat("b")];
        let all = history(&[("a", 0..120, None), ("b", 0..100, None)]);
        let missing = run(&mut clusters, all, &coverage(&[("a", 120), ("b", 120)]));
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(clusters.len(), 3);
        let found = clusters[2].silent.clone().expect("silent");
        assert!(found.whole_service && found.is_new && clusters[2].template == SERVICE, "{found:?}");
        assert_eq!((clusters[2].key.service.as_str(), clusters[2].last_ns), ("b", 99 * HOUR_NS + 9));
        assert_eq!(found.covered_h as i64, 21, "from its last entry on");
        assert!(found.told().starts_with("went silent: the service wrote in 100 % of the covered hours (99), "));
        assert!(clusters[0].silent.is_none() && clusters[1].silent.is_none(), "its messages are not told once more");
    }

    #[test]
    fn with_its_export_missing_too_it_is_no_finding_but_a_line_of_coverage() {
        let mut clusters = vec![beat("a"), beat("b")];
        let all = history(&[("a", 0..120, None), ("b", 0..100, None)]);
        let missing = run(&mut clusters, all, &coverage(&[("a", 120), ("b", 100)]));
        assert_eq!(clusters.len(), 2);
        let until_ns = 100 * HOUR_NS;
        assert_eq!(missing, [MissingExport { service: "b".into(), severity: Severity::Info, until_ns }]);
    }

    #[test]
    fn a_message_that_came_every_hour_is_told_of_its_cluster() {
        let mut clusters = vec![beat("a")];
        let mut all = history(&[("a", 0..100, None)]);
        all.volume.insert("a".into(), (0..120).map(|hour| (hour, 5)).collect());
        run(&mut clusters, all.clone(), &coverage(&[("a", 120)]));
        assert!(clusters[0].silent.as_ref().is_some_and(|found| !found.whole_service));
        assert_eq!(clusters.len(), 1);
        let mut loud = vec![Cluster { effective: BTreeMap::from([(Severity::Error, 9)]), ..beat("a") }];
        run(&mut loud, all, &coverage(&[("a", 120)]));
        assert!(loud[0].silent.is_none(), "an error that stops is no loss");
    }

    #[test]
    fn a_message_that_ends_with_a_deploy_was_reworded() {
        let mut all = history(&[("a", 0..100, Some("r1"))]);
        all.volume.insert("a".into(), (0..120).map(|hour| (hour, 5)).collect());
        let mut clusters = vec![beat("a")];
        run(&mut clusters, all.clone(), &coverage(&[("a", 120)]));
        assert!(clusters[0].silent.is_some());
        let served = all.served.get_mut("a").expect("served");
        served.insert("r2".into(), (100..120).map(|hour| (hour, 5)).collect());
        let mut clusters = vec![beat("a")];
        run(&mut clusters, all, &coverage(&[("a", 120)]));
        assert!(clusters[0].silent.is_none());
    }

    /// Two rows a minute but for some hours.
    fn busy(history: &mut History, service: &str, silent: std::ops::Range<i64>) {
        for (from, to) in [(0, silent.start), (silent.end, DAYS * 24)].into_iter().filter(|(from, to)| from < to) {
            history.runs.entry(key(service)).or_default().push((from * HOUR_NS, to * HOUR_NS - 1));
            history.volume.entry(service.into()).or_default().extend((from..to).map(|hour| (hour, 120)));
        }
    }

    /// What is found of a service that wrote nothing for some hours, beside one that went on but for others.
    fn outage(silent: std::ops::Range<i64>, other: std::ops::Range<i64>, stated: bool) -> Vec<Silent> {
        let mut all = History::default();
        busy(&mut all, "a", silent);
        busy(&mut all, "b", other);
        let mut seen = coverage(&[("a", 120), ("b", 120)]);
        if stated {
            seen.stated = ["a", "b"].map(|name| (name.to_owned(), vec![(0, DAYS * DAY_NS)])).into();
        }
        let mut clusters = vec![beat("a"), beat("b")];
        run(&mut clusters, all, &seen);
        clusters.into_iter().filter_map(|cluster| cluster.silent).collect()
    }

    #[test]
    fn a_busy_service_that_paused_is_told_although_it_is_back() {
        let found = outage(84..85, 0..0, false);
        assert!(found.len() == 1 && !found[0].is_open() && found[0].until_ns == Some(85 * HOUR_NS), "{found:?}");
        assert!(found[0].expected.is_some_and(|rows| (rows - 120.0).abs() < 2.0), "{found:?}");
        assert!(
            found[0].told().starts_with(
                "was silent from 1970-01-04T11:59:59Z to 1970-01-04T13:00:00Z, 60.0 min of it exported: about 1"
            ),
            "{}",
            found[0].told()
        );
        let open = outage(119..120, 0..0, false);
        assert!(open.len() == 1 && open[0].is_open(), "{open:?}");
        assert!(open[0].told().ends_with("while 60.0 min were exported and about 120 entries were to be expected"));
    }

    #[test]
    fn a_pause_of_all_services_is_one_only_where_the_export_is_stated() {
        assert!(outage(84..86, 84..86, false).is_empty(), "two files with nothing between them look the same");
        assert_eq!(outage(84..86, 84..86, true).len(), 2);
    }

    #[test]
    fn failures_that_end_are_no_silence_where_only_failures_are_exported() {
        let mut all = History::default();
        busy(&mut all, "a", 84..90);
        busy(&mut all, "b", 100..120);
        let mut seen = coverage(&[("a", 120), ("b", 120)]);
        for own in seen.services.values_mut() {
            own.severities = BTreeMap::from([(Severity::Error, own.intervals.clone())]);
            own.rows = BTreeMap::from([(Severity::Error, 100)]);
        }
        let mut clusters = vec![beat("a"), beat("b")];
        run(&mut clusters, all, &seen);
        assert!(clusters.iter().all(|cluster| cluster.silent.is_none()), "fixed, and not silent");
    }

    #[test]
    fn nothing_one_entry_and_what_is_long_gone_are_not_told() {
        let seen = coverage(&[("a", 120)]);
        for all in [History::default(), history(&[("a", 3..4, None)])] {
            let mut clusters = vec![beat("a")];
            assert!(run(&mut clusters, all, &seen).is_empty());
            assert!(clusters.len() == 1 && clusters[0].silent.is_none());
        }
        let mut clusters = vec![beat("a")];
        let before =
            Before { history: history(&[("a", 0..100, None)]), coverage: coverage(&[("a", 900)]), ..Before::default() };
        let late = Window::new(800 * HOUR_NS, 900 * HOUR_NS).expect("window");
        silences(&mut clusters, &before, &seen, late);
        assert_eq!(clusters.len(), 1, "retired for a month");
    }
}
