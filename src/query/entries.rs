//! The entries themselves, in the order of time, around a moment.
//!
//! Rows are found by the columns that were asked about, as codes, and only what is shown is fetched with its texts. The limit
//! is spent from the moment outwards: what is nearest to it matters most.

use rayon::prelude::*;

use super::cells::Place;
use super::picked::fetched;
use super::rows::RowSource;
use super::table::{Data, Table};
use super::{Engine, QueryError};
use crate::record::Severity;
use crate::store::{Cut, NO_INT, NO_WORD, RowGroup, StoreError, Words, row_groups};

/// Words of [`Engine::entries`].
const WORDS: [&str; 14] = [
    "project",
    "service",
    "kind",
    "revision",
    "instance",
    "module",
    "function",
    "exception",
    "http_method",
    "http_host",
    "http_route",
    "event_role",
    "file",
    "sig_id",
];
/// Texts of it.
const TEXTS: [&str; 5] = ["insert_id", "message", "trace", "span", "event_id"];
/// Integers of it.
const INTS: [&str; 7] = ["ts_ns", "severity", "effective_severity", "line", "http_status", "http_latency_ns", "offset"];
/// Its columns, in order.
const COLUMNS: [&str; 27] = [
    "ts_ns",
    "insert_id",
    "project",
    "service",
    "severity_name",
    "effective_severity",
    "effective_severity_name",
    "message",
    "kind",
    "revision",
    "instance",
    "trace",
    "span",
    "module",
    "function",
    "line",
    "exception",
    "http_method",
    "http_host",
    "http_route",
    "http_status",
    "http_latency_ns",
    "event_id",
    "event_role",
    "file",
    "byte_offset",
    "template_id",
];

/// What entries must have; `None` asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Trace id.
    pub trace: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// The exporter's id.
    pub insert_id: Option<String>,
    /// Cluster; joiners and frames of its events are not among its entries.
    pub cluster: Option<ClusterRows>,
}

/// What the entries of one cluster share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterRows {
    /// Template, 16 hex.
    pub template_id: String,
    /// Project, or empty.
    pub project: String,
    /// Service, or empty.
    pub service: String,
    /// app, request, system, audit or build.
    pub kind: String,
}

/// Entries around a moment.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    /// `ts_ns`, `insert_id`, `message`, … of each, oldest first.
    pub rows: Table,
    /// Entries before the first of them that the limit left out.
    pub earlier: u64,
    /// Entries after the last of them that the limit left out.
    pub later: u64,
}

/// What a column of words must be.
struct Wanted {
    words: Words,
    kept: Vec<bool>,
    absent: bool,
}

impl Wanted {
    fn new(words: Words, is: impl Fn(&str) -> bool, absent: bool) -> Self {
        Self { kept: words.words.iter().map(|word| is(word)).collect(), absent, words }
    }

    fn holds(&self, row: usize) -> bool {
        match self.words.codes[row] {
            NO_WORD => self.absent,
            code => self.kept[code as usize],
        }
    }
}

impl EntryFilter {
    /// Columns that decide.
    fn columns(&self) -> Vec<&'static str> {
        let mut names = vec!["ts_ns", "service", "revision"];
        names.extend(self.trace.as_ref().map(|_| "trace"));
        names.extend(self.instance.as_ref().map(|_| "instance"));
        names.extend(self.insert_id.as_ref().map(|_| "insert_id"));
        names.extend(self.cluster.iter().flat_map(|_| ["sig_id", "project", "kind", "event_role"]));
        names
    }

    /// The rows of a group that match, in its order.
    fn rows(&self, source: &RowSource, at: u32, group: &RowGroup) -> Result<Vec<Place>, StoreError> {
        let cut = group.read(&self.columns(), None)?;
        let ts = cut.ints("ts_ns")?;
        let kept = source.kept(&ts, &cut.words("service")?, &cut.words("revision")?);
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut is = |name: &str, value: &str| -> Result<(), StoreError> {
            wanted.push(Wanted::new(cut.words(name)?, |word| word == value, false));
            Ok(())
        };
        for (name, value) in [("instance", &self.instance), ("service", &self.service)] {
            value.as_ref().map_or(Ok(()), |value| is(name, value))?;
        }
        if let Some(ClusterRows { template_id, project, service, kind }) = &self.cluster {
            let of_template = |hex: &str| {
                let template = hex.parse().ok().and_then(|sig| source.templates.of(sig));
                template.is_some_and(|at| source.templates.ids[at as usize] == *template_id)
            };
            wanted.push(Wanted::new(cut.words("sig_id")?, of_template, false));
            for (name, value) in [("project", project), ("service", service), ("kind", kind)] {
                wanted.push(Wanted::new(cut.words(name)?, |word| word == value, value.is_empty()));
            }
            wanted.push(Wanted::new(cut.words("event_role")?, |word| matches!(word, "head" | "traceback"), false));
        }
        let mut texts = Vec::new();
        for (name, value) in [("trace", &self.trace), ("insert_id", &self.insert_id)] {
            if let Some(value) = value {
                texts.push((cut.texts(name)?, value.as_str()));
            }
        }
        let matches = |row: &usize| {
            kept[*row]
                && wanted.iter().all(|column| column.holds(*row))
                && texts.iter().all(|(column, value)| column.get(*row) == Some(value))
        };
        let place = |row: usize| Place { ts_ns: ts[row], group: at, row: row as u32 };
        Ok((0..ts.len()).filter(matches).map(place).collect())
    }

    /// All rows that match, by time.
    fn places(&self, source: &RowSource, groups: &[RowGroup]) -> Result<Vec<Place>, QueryError> {
        let found: Vec<Vec<Place>> = groups
            .par_iter()
            .enumerate()
            .map(|(at, group)| self.rows(source, at as u32, group))
            .collect::<Result<_, StoreError>>()?;
        let mut places: Vec<Place> = found.into_iter().flatten().collect();
        places.sort_unstable();
        Ok(places)
    }
}

/// One entry, as the columns of the answer hold it.
#[derive(Debug, Clone, Default)]
struct Entry {
    words: [Option<String>; WORDS.len()],
    texts: [Option<String>; TEXTS.len()],
    ints: [i64; INTS.len()],
}

impl Entry {
    fn text(&self, name: &str) -> Option<&str> {
        let words = WORDS.iter().zip(&self.words);
        let mut all = words.chain(TEXTS.iter().zip(&self.texts));
        all.find(|(known, _)| **known == name).and_then(|(_, text)| text.as_deref())
    }

    fn int(&self, name: &str) -> Option<i64> {
        INTS.iter().zip(self.ints).find(|(known, _)| **known == name).map(|(_, n)| n).filter(|n| *n != NO_INT)
    }

    /// Time, id (absent last), input, place in it.
    fn order(&self) -> (i64, bool, Option<&str>, Option<&str>, Option<i64>) {
        let id = self.text("insert_id");
        (self.int("ts_ns").unwrap_or(0), id.is_none(), id, self.text("file"), self.int("offset"))
    }
}

fn read(cut: &Cut) -> Result<Vec<Entry>, StoreError> {
    let mut out = vec![Entry::default(); cut.len()];
    for (at, name) in WORDS.into_iter().enumerate() {
        let words = cut.words(name)?;
        for (entry, code) in out.iter_mut().zip(&words.codes).filter(|(_, code)| **code != NO_WORD) {
            entry.words[at] = Some(words.words[*code as usize].clone());
        }
    }
    for (at, name) in TEXTS.into_iter().enumerate() {
        let texts = cut.texts(name)?;
        out.iter_mut().enumerate().for_each(|(row, entry)| entry.texts[at] = texts.get(row).map(str::to_owned));
    }
    for (at, name) in INTS.into_iter().enumerate() {
        out.iter_mut().zip(cut.ints(name)?).for_each(|(entry, n)| entry.ints[at] = n);
    }
    Ok(out)
}

fn table(source: &RowSource, entries: &[Entry]) -> Table {
    let column = |name: &'static str| {
        let texts = |of: &dyn Fn(&Entry) -> Option<String>| Data::Str(entries.iter().map(of).collect());
        let level = |entry: &Entry, name: &str| {
            Some(entry.int(name).and_then(Severity::from_number).unwrap_or_default().as_str().to_owned())
        };
        let data = match name {
            "ts_ns" | "effective_severity" | "line" | "http_status" | "http_latency_ns" => {
                Data::I64(entries.iter().map(|entry| entry.int(name)).collect())
            }
            "byte_offset" => Data::I64(entries.iter().map(|entry| entry.int("offset")).collect()),
            "severity_name" => texts(&|entry| level(entry, "severity")),
            "effective_severity_name" => texts(&|entry| level(entry, "effective_severity")),
            "template_id" => texts(&|entry| {
                let at = source.templates.of(entry.text("sig_id")?.parse().ok()?)?;
                Some(source.templates.ids[at as usize].clone())
            }),
            _ => texts(&|entry| entry.text(name).map(str::to_owned)),
        };
        (name, data)
    };
    Table::new(COLUMNS.into_iter().map(column).collect())
}

impl Engine {
    /// Number of matching entries of the engine's window, and the times of the first and the last in nanoseconds; `None`
    /// when there is none.
    pub fn extent(&self, filter: &EntryFilter) -> Result<Option<(u64, i64, i64)>, QueryError> {
        let groups = row_groups(&self.source.files, self.source.window)?;
        let places = filter.places(&self.source, &groups)?;
        let ends = places.first().zip(places.last());
        Ok(ends.map(|(first, last)| (places.len() as u64, first.ts_ns, last.ts_ns)))
    }

    /// Matching entries of the engine's window, at most `most`, those next to `at_ns` first.
    pub fn entries(&self, filter: &EntryFilter, at_ns: i64, most: usize) -> Result<Entries, QueryError> {
        let groups = row_groups(&self.source.files, self.source.window)?;
        let places = filter.places(&self.source, &groups)?;
        let before = places.partition_point(|place| place.ts_ns < at_ns);
        let after = places.len() - before;
        let later = after.min((most - most / 2).max(most.saturating_sub(before)));
        let earlier = before.min(most - later);
        // Both limits become one range of places, so that rows of one moment are never told apart by chance.
        let (skip, take) = (before - earlier, earlier + later);
        let mut entries = Vec::new();
        if let Some(asked) = places.get(skip..skip + take).filter(|asked| !asked.is_empty()) {
            // Rows of one moment are ordered by more than their time: all of those at either end are looked at.
            let (since, until) = (asked[0].ts_ns, asked[take - 1].ts_ns);
            let from = places.partition_point(|place| place.ts_ns < since);
            let to = places.partition_point(|place| place.ts_ns <= until);
            let wanted = places[from..to].iter().copied().collect();
            let names: Vec<&str> = WORDS.into_iter().chain(TEXTS).chain(INTS).collect();
            entries = fetched(&groups, &wanted, &names, read)?.into_values().collect();
            entries.sort_by(|a, b| a.order().cmp(&b.order()));
            entries.drain(..skip - from);
            entries.truncate(take);
        }
        let rows = table(&self.source, &entries);
        Ok(Entries { rows, earlier: skip as u64, later: (after - later) as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mine::templates;
    use crate::query::EngineOptions;
    use crate::store::fixture::{DAY_ONE, MS, error, folder, input, row, store_of};

    /// The same question in SQL.
    fn asked(engine: &Engine, filter: &str, take: usize, skip: usize) -> Table {
        let columns: Vec<String> = COLUMNS
            .into_iter()
            .map(|name| match name {
                "byte_offset" => "r.offset AS byte_offset".to_owned(),
                "template_id" => "t.template_id AS template_id".to_owned(),
                name => format!("r.{name} AS {name}"),
            })
            .collect();
        let sql = format!(
            "SELECT {} FROM rows AS r LEFT JOIN templates AS t ON r.sig_id = t.sig_id WHERE {filter} \
             ORDER BY ts_ns ASC, insert_id ASC NULLS LAST, file ASC, byte_offset ASC LIMIT {take} OFFSET {skip}",
            columns.join(", ")
        );
        engine.sql(&sql).expect("runs")
    }

    #[test]
    fn entries_are_those_of_the_sql_whatever_is_asked_and_wherever_the_limit_cuts() {
        let folder = folder();
        let trace = |mut record: crate::record::LogRecord<'static>| {
            record.trace = Some("t1".into());
            record
        };
        let rows = vec![
            trace(row(DAY_ONE, "b", "sent 3 letters")),
            row(DAY_ONE, "", "sent 4 letters"),
            row(DAY_ONE, "a", "sent 5 letters"),
            trace(error(DAY_ONE + MS, "c", "Mail server refused")),
            row(DAY_ONE + 2 * MS, "", "cache is warm"),
            row(DAY_ONE + 2 * MS, "d", "sent 3 letters"),
        ];
        let snapshot = store_of(&folder, vec![vec![input(1, rows)]]).snapshot().expect("snapshot");
        let set = templates(&snapshot.signature_table(None).expect("table"));
        let window = snapshot.whole().expect("rows");
        let engine = Engine::open(&snapshot, &set, window, EngineOptions::default()).expect("opens");
        let all = engine.entries(&EntryFilter::default(), DAY_ONE + MS, 10).expect("finds");
        assert_eq!((all.earlier, all.later), (0, 0));
        assert_eq!(all.rows, asked(&engine, "TRUE", 10, 0));
        let two = engine.entries(&EntryFilter::default(), DAY_ONE + MS, 2).expect("finds");
        assert_eq!((two.earlier, two.later), (2, 2));
        assert_eq!(two.rows, asked(&engine, "TRUE", 2, 2));
        let of_trace = EntryFilter { trace: Some("t1".into()), ..EntryFilter::default() };
        assert_eq!(engine.extent(&of_trace).expect("finds"), Some((2, DAY_ONE, DAY_ONE + MS)));
        assert_eq!(engine.entries(&of_trace, 0, 9).expect("finds").rows, asked(&engine, "r.trace = 't1'", 9, 0));
        let template_id = all.rows.str("template_id").expect("ids")[0].clone().expect("known");
        let filter = format!("t.template_id = '{template_id}' AND r.project = 'acme' AND r.service = 'shop'");
        let key = ClusterRows { template_id, project: "acme".into(), service: "shop".into(), kind: "app".into() };
        let of_cluster = EntryFilter { cluster: Some(key), ..EntryFilter::default() };
        let found = engine.entries(&of_cluster, 0, 9).expect("finds").rows;
        assert!(found.len() > 1);
        assert_eq!(found, asked(&engine, &filter, 9, 0));
        let nothing = EntryFilter { instance: Some("i9".into()), ..EntryFilter::default() };
        assert_eq!(engine.extent(&nothing).expect("finds"), None);
        let none = engine.entries(&nothing, 0, 9).expect("finds").rows;
        assert!(none.is_empty() && none.columns.len() == COLUMNS.len());
    }
}
