//! SQL over the store: a window's tables, the project's own queries and people's.
//!
//! The engine (Polars) stays behind this module: what goes in is text, what comes out is a plain [`Table`]. The window and
//! the services are cut before a query sees the tables, so that no query can forget to.

mod cells;
mod describe;
mod entries;
mod facts;
mod frame;
mod loud;
mod mined;
mod named;
mod picked;
mod reach;
mod rows;
mod table;
mod texts;
mod turn;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use polars::prelude::{Expr, LazyFrame, ParquetCompression, ParquetWriter, PolarsError, col, len, lit};
use polars::sql::SQLContext;
use thiserror::Error;

pub use describe::{TableInfo, tables, tables_text};
pub use entries::{ClusterRows, Entries, EntryFilter};
pub use facts::{AttachedRows, ClusterFacts, Counts, Facts, SharedEvent, TotalRows, TraceRow};
pub use loud::{Keyed, MessageRow, StartRow};
pub use named::{NAMED, named};
pub use picked::{Example, Raws};
pub use reach::{EventTimes, PICKED, Reach};
pub use table::{Column, Data, Table};
pub use texts::{EndedRow, Exit, ExitOf};

use crate::mine::TemplateSet;
use crate::store::{Snapshot, StoreError, row_groups};
use crate::time::Window;
use cells::{Depth, Place};
use facts::LoudRows;
use rows::{RowSource, TemplateIndex};
use views::Services;

/// Why a query has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// The engine refused it.
    #[error("query failed: {reason}; `gardener query --tables` lists tables and columns, docs/queries.md the dialect")]
    Engine {
        /// The engine's words.
        reason: String,
    },
    /// It reads something that is not a table of the store.
    #[error("query calls {function}: queries read the tables of the store only")]
    OutsideTable {
        /// The function.
        function: String,
    },
    /// None of the project's own queries.
    #[error("there is no query {name}: `gardener query` lists them")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A column that the caller needs is not there.
    #[error("query has no column {name}, it has {found}")]
    NoColumn {
        /// Column asked for.
        name: String,
        /// Columns there are.
        found: String,
    },
    /// A column has another type than the caller needs.
    #[error("column {name} is {found}, expected {expected}")]
    ColumnType {
        /// Column asked for.
        name: String,
        /// Type expected.
        expected: &'static str,
        /// Type found.
        found: &'static str,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// File.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PolarsError> for QueryError {
    fn from(error: PolarsError) -> Self {
        let text = error.to_string();
        // The engine appends its whole plan to some errors; the first lines say what is wrong.
        Self::Engine { reason: text.lines().take(3).collect::<Vec<_>>().join(" ").trim().to_owned() }
    }
}

/// What an engine is limited to, beside its window.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineOptions<'a> {
    /// Services, in any case; empty for all.
    pub services: &'a [String],
}

/// The tables of one window.
pub struct Engine {
    frames: BTreeMap<&'static str, LazyFrame>,
    source: RowSource,
    /// What the tables of [`LATER`] are made from. It keeps the files that queries read in place.
    snapshot: Snapshot,
    later: [OnceLock<LazyFrame>; LATER.len()],
    walked: Walked,
}

/// Tables that are made when a query names them: a report asks for none of them.
const LATER: [&str; 3] = ["coverage", "deploys", "summary"];

/// What a walk over all rows leaves for later questions.
#[derive(Default)]
struct Walked {
    totals: OnceLock<Table>,
    further: OnceLock<u64>,
    loud: OnceLock<Vec<LoudRows>>,
    traces: OnceLock<Keyed<TraceRow>>,
    shared: OnceLock<Keyed<SharedEvent>>,
    shown: OnceLock<Vec<(u32, Place)>>,
    samples: OnceLock<Vec<(u32, Place)>>,
    messages: OnceLock<Keyed<MessageRow>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("tables", &self.frames.keys()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes the tables of a window.
    pub fn open(
        snapshot: &Snapshot,
        templates: &TemplateSet,
        window: Window,
        options: EngineOptions<'_>,
    ) -> Result<Self, QueryError> {
        let services = Services::new(options.services);
        let files = snapshot.files(Some(window));
        let rows = views::rows(&files, window, &services)?;
        let plain = [("templates", views::templates(templates)), ("report_window", views::report_window(window))];
        let mut frames = BTreeMap::from([("rows", rows)]);
        for (name, table) in plain {
            frames.insert(name, frame::of_table(&table)?);
        }
        let source = RowSource {
            files,
            window,
            parts: None,
            services,
            revision: None,
            templates: TemplateIndex::new(templates),
        };
        Ok(Self { frames, source, snapshot: snapshot.clone(), later: Default::default(), walked: Walked::default() })
    }

    /// The same tables with the rows of one revision only; `templates`, `coverage` and `deploys` stay as they are.
    #[must_use]
    pub fn of_revision(mut self, revision: &str) -> Self {
        if let Some(frame) = self.frames.get_mut("rows") {
            *frame = frame.clone().filter(col("revision").eq(lit(revision)));
        }
        self.later = Default::default();
        self.source.revision = Some(revision.to_owned());
        self.walked = Walked::default();
        self
    }

    /// The same tables with the rows of some windows only, all inside the engine's own; every other table stays as it is.
    #[must_use]
    pub fn within(mut self, windows: &[Window]) -> Self {
        let inside =
            |window: &Window| col("ts_ns").gt_eq(lit(window.since_ns)).and(col("ts_ns").lt(lit(window.until_ns)));
        let any = windows.iter().map(inside).reduce(Expr::or).unwrap_or_else(|| lit(false));
        if let Some(frame) = self.frames.get_mut("rows") {
            *frame = frame.clone().filter(any);
        }
        self.source.parts = Some(windows.to_vec());
        self.walked = Walked::default();
        self
    }

    /// A table of [`LATER`], made when it is asked for first.
    fn later(&self, at: usize) -> Result<LazyFrame, QueryError> {
        if let Some(frame) = self.later[at].get() {
            return Ok(frame.clone());
        }
        let (snapshot, source) = (&self.snapshot, &self.source);
        let frame = match LATER[at] {
            "coverage" => frame::of_table(&views::coverage(snapshot, &source.services))?,
            "deploys" => frame::of_table(&views::deploys(snapshot, source.window, &source.services))?,
            _ => {
                let files = snapshot.summary_files(Some(source.window));
                let table = views::summary(&files, snapshot.whole(), source, |part| count(source, part))?;
                let all = frame::of_table(&table)?;
                match &source.revision {
                    Some(revision) => all.filter(col("revision").eq(lit(revision.as_str()))),
                    None => all,
                }
            }
        };
        Ok(self.later[at].get_or_init(|| frame).clone())
    }

    /// Runs one SELECT over the tables.
    pub fn sql(&self, query: &str) -> Result<Table, QueryError> {
        refuse_files(query)?;
        let mut context = SQLContext::new();
        for (name, frame) in &self.frames {
            context.register(name, frame.clone());
        }
        let words = query.to_ascii_lowercase();
        for (at, name) in LATER.into_iter().enumerate() {
            // `SHOW TABLES` names none of them.
            if words.contains(name) || words.trim_start().starts_with("show") {
                context.register(name, self.later(at)?);
            }
        }
        Ok(frame::to_table(&context.execute(query)?.collect()?)?)
    }

    /// What a report asks of every row, in one walk over them; the same figures as the queries that the fields name.
    pub fn facts(&self) -> Result<Facts, QueryError> {
        let mut facts = facts::facts(&self.source, Depth::Full)?;
        // What another call has set is the same.
        let _ = self.walked.totals.set(loud::totals(&facts.totals));
        let _ = self.walked.further.set(facts.further);
        let _ = self.walked.loud.set(std::mem::take(&mut facts.loud));
        let _ = self.walked.traces.set(std::mem::take(&mut facts.traces));
        let _ = self.walked.shared.set(std::mem::take(&mut facts.shared));
        let _ = self.walked.shown.set(std::mem::take(&mut facts.shown));
        let _ = self.walked.samples.set(std::mem::take(&mut facts.samples));
        Ok(facts)
    }

    /// Entries of no template that is known: they are in `totals` and in no cluster.
    pub fn further(&self) -> Result<u64, QueryError> {
        match self.walked.further.get() {
            Some(further) => Ok(*further),
            None => Ok(self.facts()?.further),
        }
    }

    /// The answer of one of the project's own queries; without SQL where a walk over the rows answers several at once.
    pub fn answer(&self, name: &str) -> Result<Table, QueryError> {
        match name {
            "template_counts" => mined::template_counts(&self.source),
            "totals" => match self.walked.totals.get() {
                Some(totals) => Ok(totals.clone()),
                None => Ok(loud::totals(&self.facts()?.totals)),
            },
            "starts" => Ok(loud::starts_table(&loud::starts(&self.source, self.loud()?)?)),
            "messages" => Ok(loud::messages_table(&loud::messages(&self.source, self.loud()?)?)),
            "cluster_traces" => Ok(loud::traces_table(loud::traces(&self.source, self.loud()?)?)),
            _ => match named(name) {
                Some(query) => self.sql(query),
                None => Err(QueryError::Unknown { name: name.to_owned() }),
            },
        }
    }

    /// The rows of `starts` on instances on which some message ends a start, without their texts. The messages that are read
    /// on the way are kept for [`Engine::messages`].
    pub fn ended(&self, exit_of: &ExitOf<'_>) -> Result<Keyed<EndedRow>, QueryError> {
        let found = texts::texts(&self.source, self.loud()?, exit_of)?;
        // What another call has set is the same.
        let _ = self.walked.messages.set(found.messages);
        Ok(found.ended)
    }

    /// The rows of `messages`.
    pub fn messages(&self) -> Result<&Keyed<MessageRow>, QueryError> {
        if let Some(found) = self.walked.messages.get() {
            return Ok(found);
        }
        let found = loud::messages(&self.source, self.loud()?)?;
        Ok(self.walked.messages.get_or_init(|| found))
    }

    /// Where there are more messages than [`Engine::messages`] answers: how many it answers, and the time of the last.
    pub fn messages_cut(&self) -> Result<Option<(u64, i64)>, QueryError> {
        let rows = &self.messages()?.rows;
        let last = rows.last().filter(|_| rows.len() >= loud::MESSAGES);
        Ok(last.map(|(_, row)| (rows.len() as u64, row.ts_ns)))
    }

    /// The rows of `cluster_traces`, traces and instances by number; one may stand several times.
    pub fn traces(&self) -> Result<&Keyed<TraceRow>, QueryError> {
        if let Some(found) = self.walked.traces.get() {
            return Ok(found);
        }
        let found = facts::facts(&self.source, Depth::Full)?.traces;
        Ok(self.walked.traces.get_or_init(|| found))
    }

    /// The rows of `shared_events`, events by number.
    pub fn shared_events(&self) -> Result<&Keyed<SharedEvent>, QueryError> {
        if let Some(found) = self.walked.shared.get() {
            return Ok(found);
        }
        let found = facts::facts(&self.source, Depth::Full)?.shared;
        Ok(self.walked.shared.get_or_init(|| found))
    }

    /// Entries of some clusters as they were stored, where that was kept: a report quotes those that it tells, and of a
    /// hundred thousand others they would fill the memory.
    pub fn raws(&self, wanted: &BTreeSet<ClusterRows>) -> Result<BTreeMap<ClusterRows, Raws>, QueryError> {
        if self.walked.shown.get().is_none() {
            self.facts()?;
        }
        let walked = (self.walked.traces.get(), self.walked.shown.get(), self.walked.samples.get());
        let (Some(traces), Some(shown), Some(samples)) = walked else { return Ok(BTreeMap::new()) };
        let key = |at: &u32| &traces.clusters[*at as usize];
        let own = |rows: &[(u32, Place)]| -> Vec<(u32, Place)> {
            rows.iter().filter(|(at, _)| wanted.contains(key(at))).copied().collect()
        };
        let (shown, samples) = (own(shown), own(samples));
        let groups = row_groups(&self.source.files, self.source.window)?;
        let raws = picked::raws(&groups, &shown.iter().chain(&samples).map(|(_, place)| *place).collect())?;
        let raw = |place: &Place| raws.get(place).cloned().flatten();
        let mut out: BTreeMap<ClusterRows, Raws> = BTreeMap::new();
        for (at, place) in &shown {
            out.entry(key(at).clone()).or_default().example = raw(place);
        }
        for (at, place) in &samples {
            out.entry(key(at).clone()).or_default().samples.extend(raw(place));
        }
        Ok(out)
    }

    fn loud(&self) -> Result<&[LoudRows], QueryError> {
        if let Some(found) = self.walked.loud.get() {
            return Ok(found);
        }
        let found = loud::find(&self.source)?;
        Ok(self.walked.loud.get_or_init(|| found))
    }

    /// The same as far as keys, rows, events, times and levels go; everything else is left empty.
    pub fn sizes(&self) -> Result<Facts, QueryError> {
        facts::facts(&self.source, Depth::Sizes)
    }

    /// What the tables hold.
    pub fn tables(&self) -> Vec<TableInfo> {
        tables()
    }

    /// Writes every table as `<name>.parquet` into a folder, `rows` only if asked for; answers the files.
    pub fn export(&self, folder: &Path, rows: bool) -> Result<Vec<PathBuf>, QueryError> {
        std::fs::create_dir_all(folder).map_err(|source| QueryError::Write { path: folder.to_owned(), source })?;
        let mut files = Vec::new();
        let mut frames = self.frames.clone();
        for (at, name) in LATER.into_iter().enumerate() {
            frames.insert(name, self.later(at)?);
        }
        for (name, frame) in frames.into_iter().filter(|(name, _)| rows || *name != "rows") {
            let path = folder.join(format!("{name}.parquet"));
            let mut data = frame.collect()?;
            let file =
                std::fs::File::create(&path).map_err(|source| QueryError::Write { path: path.clone(), source })?;
            ParquetWriter::new(file).with_compression(ParquetCompression::Zstd(None)).finish(&mut data)?;
            files.push(path);
        }
        Ok(files)
    }
}

/// Rows of a part of an hour per signature, project, service, kind and revision.
fn count(source: &RowSource, part: Window) -> Result<Table, QueryError> {
    let counted = views::rows(&source.files, part, &source.services)?
        .filter(col("event_role").neq(lit("joiner")).and(col("event_role").neq(lit("frame"))))
        .group_by([col("sig_id"), col("project"), col("service"), col("kind"), col("revision")])
        .agg([len().alias("n")]);
    Ok(frame::to_table(&counted.collect()?)?)
}

/// Refuses the engine's table functions: they read any file, and some of them any address.
///
/// The name is refused wherever it stands, in texts and comments too: no way of quoting can hide it then.
fn refuse_files(query: &str) -> Result<(), QueryError> {
    let lower = query.to_ascii_lowercase();
    match ["read_parquet", "read_csv", "read_ipc", "read_json"].into_iter().find(|function| lower.contains(function)) {
        Some(function) => Err(QueryError::OutsideTable { function: function.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
