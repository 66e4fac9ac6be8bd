//! Which exports belong to one row of exports, and which services such a row carries.
//!
//! A service that writes nothing for an hour stands in no file of that hour, and yet it was exported: the file before and the
//! file after hold it. Files of one stream have the same name but for its digits. A service is carried by a stream whose
//! files hold it together with others again and again; then a file of that stream without it is evidence of silence. What
//! comes in files of its own is carried by nothing: where those end, its export is missing, which is another finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::ingest::{FileReport, Span};

/// Files with a service and others in one, from which a stream carries it.
const LEAST_FILES: usize = 3;
/// Most sets of services that the files of one stream hold; a stream with more carries nothing: its services come as they like.
const MOST_SETS: usize = 4_096;

/// Services per stream.
#[derive(Debug, Default)]
pub(super) struct Streams {
    by_name: BTreeMap<String, Stream>,
}

/// A file's name with every row of digits as one sign.
fn stream_of(path: &str) -> String {
    let mut name = String::with_capacity(path.len());
    for letter in path.chars() {
        match letter {
            '0'..='9' if name.ends_with('#') => {}
            '0'..='9' => name.push('#'),
            other => name.push(other),
        }
    }
    name
}

/// A file of a stream: its span of time and the services in it.
type Member<'a> = (i64, i64, BTreeSet<&'a str>);

impl Streams {
    /// Reads which services come together in which files.
    pub(super) fn of(files: &[(&FileReport, &[Span])]) -> Self {
        let mut streams: BTreeMap<String, Vec<Member<'_>>> = BTreeMap::new();
        for (report, spans) in files {
            let first = spans.iter().map(|span| span.first_ns).min();
            let last = spans.iter().map(|span| span.last_ns).max();
            if let Some((first, last)) = first.zip(last) {
                let services = spans.iter().map(|span| span.service.as_str()).collect();
                streams.entry(stream_of(&report.path)).or_default().push((first, last, services));
            }
        }
        let of = |(name, files): (String, Vec<Member<'_>>)| Stream::of(&files).map(|stream| (name, stream));
        Self { by_name: streams.into_iter().filter_map(of).collect() }
    }

    /// Services that a file would hold if they had written anything: carried by its stream, beside one that it holds.
    pub(super) fn silent_in<'a>(&'a self, report: &FileReport, spans: &[Span]) -> impl Iterator<Item = &'a str> {
        let own: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
        let silent = self.by_name.get(&stream_of(&report.path)).map(|stream| stream.silent_beside(&own));
        silent.into_iter().flatten()
    }
}

/// Sets of services, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Sets(Vec<u64>);

impl Sets {
    fn none(of: usize) -> Self {
        Self(vec![0; of.div_ceil(64)])
    }

    fn add(&mut self, set: usize) {
        self.0[set / 64] |= 1 << (set % 64);
    }

    fn remove(&mut self, set: usize) {
        self.0[set / 64] &= !(1 << (set % 64));
    }

    fn has(&self, set: usize) -> bool {
        self.0[set / 64] & 1 << (set % 64) != 0
    }

    fn add_all(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own |= other);
    }

    fn meets(&self, others: &Self) -> bool {
        self.0.iter().zip(&others.0).any(|(own, other)| own & other != 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        (0..64 * self.0.len()).filter(|set| self.has(*set))
    }
}

/// A service of a stream.
#[derive(Debug)]
struct Service {
    /// The sets in which it stands beside others.
    beside: Sets,
    carried: bool,
}

/// The services that stand beside others in the files of a stream that carries any of them.
///
/// What stands beside what is kept by the sets of services that files hold, not by pairs of services: of those there are millions
/// where every instance calls itself a service.
#[derive(Debug)]
struct Stream {
    services: BTreeMap<String, Service>,
    sets: usize,
}

impl Stream {
    /// Between the first and the last file that hold it, at least half of those that hold one of the services beside it must hold
    /// a carried service too: one export of everything among many of one service carries nothing.
    fn of(files: &[Member<'_>]) -> Option<Self> {
        let mut sets: BTreeMap<&BTreeSet<&str>, usize> = BTreeMap::new();
        let mut set_of = Vec::with_capacity(files.len());
        for (_, _, own) in files {
            let next = sets.len();
            set_of.push(*sets.entry(own).or_insert(next));
        }
        if sets.len() > MOST_SETS {
            return None;
        }
        let mut beside: BTreeMap<&str, Sets> = BTreeMap::new();
        let mut alone: BTreeMap<&str, usize> = BTreeMap::new();
        for (own, set) in &sets {
            for service in *own {
                if own.len() > 1 {
                    beside.entry(service).or_insert_with(|| Sets::none(sets.len())).add(*set);
                } else {
                    alone.insert(service, *set);
                }
            }
        }
        // The sets that share a service with a set of several.
        let mut near = vec![Sets::default(); sets.len()];
        for (own, set) in sets.iter().filter(|(own, _)| own.len() > 1) {
            let mut found = Sets::none(sets.len());
            for service in *own {
                beside.get(service).into_iter().for_each(|others| found.add_all(others));
                alone.get(service).into_iter().for_each(|set| found.add(*set));
            }
            near[*set] = found;
        }
        // Services that stand in the same sets have the same neighbours.
        let mut known: BTreeMap<&Sets, Sets> = BTreeMap::new();
        let is_carried = |service: &str, own: &Sets, neighbours: &Sets| {
            let held = || files.iter().zip(&set_of).filter(|(_, set)| own.has(**set)).map(|(file, _)| file);
            let life = (held().map(|file| file.0).min(), held().map(|file| file.1).max());
            let (Some(first), Some(last)) = life else { return false };
            let count = held().count();
            // A file of this service alone asks for nothing.
            let mut neighbours = neighbours.clone();
            alone.get(service).into_iter().for_each(|set| neighbours.remove(*set));
            let asked = files
                .iter()
                .zip(&set_of)
                .filter(|((from, to, _), set)| *from <= last && *to >= first && neighbours.has(**set));
            count >= LEAST_FILES && count * 2 >= asked.count()
        };
        let mut carried = BTreeMap::new();
        for (service, own) in &beside {
            let neighbours = known.entry(own).or_insert_with(|| {
                let mut found = Sets::none(sets.len());
                own.iter().for_each(|set| found.add_all(&near[set]));
                found
            });
            carried.insert(*service, is_carried(service, own, neighbours));
        }
        let sets = sets.len();
        let services: BTreeMap<String, Service> = beside
            .iter()
            .map(|(name, own)| ((*name).to_owned(), Service { beside: own.clone(), carried: carried[name] }))
            .collect();
        services.values().any(|service| service.carried).then_some(Self { services, sets })
    }

    /// Services that it carries beside one of those that a file holds, and that the file does not hold.
    fn silent_beside(&self, own: &BTreeSet<&str>) -> Vec<&str> {
        let mut met = Sets::none(self.sets);
        for service in own.iter().filter_map(|name| self.services.get(*name)) {
            met.add_all(&service.beside);
        }
        let silent = self
            .services
            .iter()
            .filter(|(name, service)| service.carried && service.beside.meets(&met) && !own.contains(name.as_str()));
        silent.map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Severity;

    fn report(path: &str) -> FileReport {
        FileReport { path: path.into(), ..FileReport::default() }
    }

    fn spans(hour: i64, services: &[&str]) -> Vec<Span> {
        let of = |service: &&str| Span {
            project: String::new(),
            service: (*service).into(),
            severity: Severity::Info,
            first_ns: hour * 10,
            last_ns: hour * 10 + 9,
            entries: 1,
        };
        services.iter().map(of).collect()
    }

    fn silent(files: &[(&str, &[&str])]) -> Vec<Vec<String>> {
        let reports: Vec<FileReport> = files.iter().map(|(path, _)| report(path)).collect();
        let rows: Vec<Vec<Span>> = (0..).zip(files).map(|(hour, (_, services))| spans(hour, services)).collect();
        let all: Vec<(&FileReport, &[Span])> = reports.iter().zip(rows.iter().map(Vec::as_slice)).collect();
        let streams = Streams::of(&all);
        reports
            .iter()
            .zip(&rows)
            .map(|(report, spans)| streams.silent_in(report, spans).map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn a_service_is_silent_in_the_files_that_carry_its_neighbours_on() {
        let found = silent(&[
            ("h/01.json", &["a", "b"]),
            ("h/02.json", &["a", "b"]),
            ("h/03.json", &["a", "b"]),
            ("h/04.json", &["a"]),
            ("other/05.json", &["a"]),
        ]);
        assert_eq!(found, [vec![], vec![], vec![], vec!["b".to_owned()], vec![]]);
    }

    /// For each service that the files carry, the others that stand beside it in them: pair by pair, as the rule says it.
    fn companions<'a>(files: &[Member<'a>]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let services: BTreeSet<&str> = files.iter().flat_map(|(_, _, services)| services.iter().copied()).collect();
        let mut carried = BTreeMap::new();
        for service in services {
            let mixed = || files.iter().filter(|(_, _, own)| own.contains(service) && own.len() > 1);
            let beside: BTreeSet<&str> =
                mixed().flat_map(|(_, _, own)| own.iter().copied()).filter(|other| *other != service).collect();
            let life = (mixed().map(|file| file.0).min(), mixed().map(|file| file.1).max());
            let (Some(first), Some(last)) = life else { continue };
            let asks = |(from, to, own): &&Member<'_>| {
                *from <= last && *to >= first && own.iter().any(|other| beside.contains(other))
            };
            let (held, asked) = (mixed().count(), files.iter().filter(asks).count());
            if held >= LEAST_FILES && held * 2 >= asked {
                carried.insert(service, beside);
            }
        }
        carried
    }

    #[test]
    fn sets_of_services_say_what_pairs_of_them_say() {
        const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
        let mut number = 7_u64;
        let mut next = |below: u64| {
            number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (number >> 33) % below
        };
        let (mut carrying, mut silent) = (0, 0);
        for _ in 0..2_000 {
            let (services, density) = (1 + next(NAMES.len() as u64) as usize, 1 + next(9));
            let files: Vec<Member<'_>> = (0..=next(9) as i64)
                .map(|hour| {
                    let own = NAMES[..services].iter().copied().filter(|_| next(10) < density).collect();
                    (hour * 10, hour * 10 + next(25) as i64, own)
                })
                .collect();
            let expected = companions(&files);
            let found = Stream::of(&files);
            carrying += usize::from(found.is_some());
            for (_, _, own) in &files {
                let beside = |(name, beside): &(&&str, &BTreeSet<&str>)| {
                    !own.contains(**name) && beside.iter().any(|other| own.contains(other))
                };
                let expected: Vec<&str> = expected.iter().filter(beside).map(|(name, _)| *name).collect();
                let found = found.as_ref().map(|stream| stream.silent_beside(own)).unwrap_or_default();
                assert_eq!(found, expected, "{files:?}");
                silent += found.len();
            }
        }
        assert!(carrying > 100 && silent > 100, "{carrying} {silent}");
    }

    #[test]
    fn thousands_of_services_are_judged_in_no_time() {
        let names: Vec<String> = (0..20_000).map(|n| format!("instance-{n}")).collect();
        let own: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let files: Vec<Member<'_>> = (0..24).map(|hour| (hour * 10, hour * 10 + 9, own.clone())).collect();
        let stream = Stream::of(&files).expect("it carries all of them");
        assert_eq!(stream.silent_beside(&BTreeSet::from(["instance-7"])).len(), names.len() - 1);
        let many: Vec<Member<'_>> =
            (0..=MOST_SETS as i64).map(|n| (n, n, own.iter().copied().skip(n as usize).take(2).collect())).collect();
        assert!(Stream::of(&many).is_none());
    }

    #[test]
    fn files_of_one_service_each_carry_nothing_and_neither_does_one_export_of_everything() {
        let apart = silent(&[("d1", &["a"]), ("d2", &["b"]), ("d3", &["a"]), ("d4", &["b"]), ("d5", &["a"])]);
        assert!(apart.iter().all(Vec::is_empty), "{apart:?}");
        let once = silent(&[("d1", &["a"]), ("d2", &["a", "b"]), ("d3", &["a"]), ("d4", &["a"])]);
        assert!(once.iter().all(Vec::is_empty), "{once:?}");
        assert!(silent(&[]).is_empty());
        assert_eq!(stream_of("x/2025-09-01T00Z.json.gz"), "x/#-#-#T#Z.json.gz");
    }
}
