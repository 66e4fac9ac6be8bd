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

/// Services per stream.
#[derive(Debug, Default)]
pub(super) struct Streams {
    carried: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
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
        let carried = streams.into_iter().map(|(name, files)| (name, companions(&files)));
        Self { carried: carried.filter(|(_, found)| !found.is_empty()).collect() }
    }

    /// Services that a file would hold if they had written anything: carried by its stream, beside one that it holds.
    pub(super) fn silent_in<'a>(&'a self, report: &FileReport, spans: &[Span]) -> impl Iterator<Item = &'a str> {
        let own: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
        let carried = self.carried.get(&stream_of(&report.path));
        let silent: Vec<&str> = carried
            .into_iter()
            .flatten()
            .filter(|(name, beside)| !own.contains(name.as_str()) && beside.iter().any(|o| own.contains(o.as_str())))
            .map(|(name, _)| name.as_str())
            .collect();
        silent.into_iter()
    }
}

/// For each service that the files carry, the others that stand beside it in them.
///
/// Between the first and the last file that hold it, at least half of those that hold one of the others must hold it too:
/// one export of everything among many of one service carries nothing.
fn companions(files: &[Member<'_>]) -> BTreeMap<String, BTreeSet<String>> {
    let services: BTreeSet<&str> = files.iter().flat_map(|(_, _, services)| services.iter().copied()).collect();
    let mut carried = BTreeMap::new();
    for service in services {
        let mixed = || files.iter().filter(|(_, _, own)| own.contains(service) && own.len() > 1);
        let beside: BTreeSet<&str> =
            mixed().flat_map(|(_, _, own)| own.iter().copied()).filter(|other| *other != service).collect();
        let life = (mixed().map(|file| file.0).min(), mixed().map(|file| file.1).max());
        let (Some(first), Some(last)) = life else { continue };
        let held = mixed().count();
        let asked = files
            .iter()
            .filter(|(from, to, own)| *from <= last && *to >= first && own.iter().any(|other| beside.contains(other)))
            .count();
        if held >= LEAST_FILES && held * 2 >= asked {
            carried.insert(service.to_owned(), beside.into_iter().map(str::to_owned).collect());
        }
    }
    carried
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
