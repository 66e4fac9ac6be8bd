//! Writing one export: rows in a shape, compressed, with what the truth must know of it.
//!
//! Which files there are is told in [`crate::folder`]; here is only how each is made.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::clock::{HOUR, python, zulu};
use crate::codec::{Codec, save};
use crate::entry::{Entry, Severity};
use crate::world::World;

/// Row counts at which tools cut; an export that happens to have one would be taken for a cut one.
const LIMITS: [usize; 7] = [50, 100, 200, 500, 1_000, 5_000, 10_000];
/// The rows of the export that a limit did cut.
pub(crate) const CAP: usize = 1_000;
/// The hour of which only the newest rows were exported, and nothing else.
pub(crate) const CAPPED_HOUR: (i64, i64) = (23, 14);

/// One file as it was written.
pub(crate) struct Written {
    /// Relative to `dumps/`, with `/`.
    pub(crate) path: String,
    pub(crate) framing: &'static str,
    pub(crate) codec: Codec,
    pub(crate) bytes: usize,
    /// Indices into the world's entries, one per row.
    pub(crate) rows: Vec<usize>,
    /// Rows whose payload was lost and that have no request either.
    pub(crate) without_payload: usize,
    /// True: the file holds microseconds only.
    pub(crate) micros: bool,
    pub(crate) note: &'static str,
}

/// Everything that was written.
pub(crate) struct Exports<'a> {
    pub(crate) world: &'a World,
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<Written>,
    pub(crate) sidecars: Vec<String>,
    /// Background rows left out of an export so that its count is not a limit's.
    skipped: BTreeSet<usize>,
}

/// How rows stand in a file.
pub(crate) enum Shape {
    /// One pretty array.
    Array,
    /// One object a line, as a sink writes.
    Lines,
}

impl<'a> Exports<'a> {
    /// Exports into `root`, which is `dumps/`.
    pub(crate) fn new(world: &'a World, root: PathBuf) -> Self {
        Self { world, root, files: Vec::new(), sidecars: Vec::new(), skipped: BTreeSet::new() }
    }

    /// Entries of `[from, to)` that `keep` holds on to, oldest first.
    pub(crate) fn select(&self, from: i64, to: i64, keep: impl Fn(&Entry) -> bool) -> Vec<usize> {
        let mut rows: Vec<_> = (0..self.world.entries.len())
            .filter(|i| !self.skipped.contains(i))
            .filter(|&i| {
                let e = &self.world.entries[i];
                from <= e.ts && e.ts < to && keep(e)
            })
            .collect();
        rows.sort_by_key(|&i| (self.world.entries[i].ts, &self.world.entries[i].insert_id));
        rows
    }

    /// Takes everyday rows out until neither the file nor two of its severities have a limit's count.
    pub(crate) fn unround(&mut self, rows: &mut Vec<usize>) {
        loop {
            let count = |s: Severity| rows.iter().filter(|&&i| self.world.entries[i].severity == s).count();
            let counts =
                [Severity::Default, Severity::Info, Severity::Notice, Severity::Warning, Severity::Error].map(count);
            let round = LIMITS.contains(&rows.len())
                || LIMITS.iter().any(|limit| counts.iter().filter(|c| *c == limit).count() > 1);
            let dull = rows.iter().rposition(|&i| {
                let e = &self.world.entries[i];
                e.severity == Severity::Info && !self.world.clusters[e.cluster].finding
            });
            match dull {
                Some(position) if round => {
                    self.skipped.insert(rows.remove(position));
                }
                _ => return,
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one file has that many properties")]
    pub(crate) fn keep(
        &mut self,
        path: String,
        framing: &'static str,
        codec: Codec,
        text: Vec<u8>,
        rows: Vec<usize>,
        without_payload: usize,
        micros: bool,
        note: &'static str,
    ) -> io::Result<()> {
        let bytes = codec.encode(text, false)?;
        save(&self.root.join(&path), &bytes)?;
        self.files.push(Written { path, framing, codec, bytes: bytes.len(), rows, without_payload, micros, note });
        Ok(())
    }

    pub(crate) fn api_rows(
        &mut self,
        path: String,
        shape: &Shape,
        codec: Codec,
        rows: Vec<usize>,
        note: &'static str,
    ) -> io::Result<()> {
        let lines = matches!(shape, Shape::Lines);
        let mut text = Vec::new();
        if lines {
            for &i in &rows {
                serde_json::to_writer(&mut text, &self.world.entries[i].camel(true))?;
                text.push(b'\n');
            }
        } else {
            let values: Vec<Value> = rows.iter().map(|&i| self.world.entries[i].camel(false)).collect();
            serde_json::to_writer_pretty(&mut text, &values)?;
            text.push(b'\n');
        }
        let framing = if lines { "ndjson" } else { "array" };
        self.keep(path, framing, codec, text, rows, 0, false, note)
    }

    /// What `gcloud logging read --format=json` prints: pretty, newest first.
    pub(crate) fn gcloud(
        &mut self,
        path: String,
        codec: Codec,
        mut rows: Vec<usize>,
        note: &'static str,
    ) -> io::Result<()> {
        rows.reverse();
        self.api_rows(path, &Shape::Array, codec, rows, note)
    }

    pub(crate) fn sidecar(&mut self, dump: &str, since: i64, until: i64, filter: &str) -> io::Result<()> {
        let path = format!("{dump}.meta.json");
        let value = json!({"since": zulu(since), "until": zulu(until), "filter": filter, "limit": null, "exit": 0});
        let mut text = serde_json::to_vec_pretty(&value)?;
        text.push(b'\n');
        save(&self.root.join(&path), &text)?;
        self.sidecars.push(path);
        Ok(())
    }

    /// Rows as a script over the client library writes them; the script reads application logs and requests.
    pub(crate) fn client_rows(&self, rows: &[usize], stripped: impl Fn(usize) -> bool) -> (Vec<Value>, usize) {
        let lost = rows.iter().filter(|&&i| stripped(i) && self.world.entries[i].http.is_none()).count();
        (rows.iter().map(|&i| self.world.entries[i].snake(stripped(i))).collect(), lost)
    }

    pub(crate) fn by_severity(
        &mut self,
        path: &str,
        rows: &[usize],
        asked: (i64, i64),
        stripped: impl Fn(usize) -> bool,
        note: &'static str,
    ) -> io::Result<()> {
        let mut groups = serde_json::Map::new();
        let mut summary = serde_json::Map::new();
        let (mut order, mut lost) = (Vec::new(), 0);
        for severity in [Severity::Error, Severity::Warning, Severity::Notice, Severity::Info] {
            let mut some: Vec<_> =
                rows.iter().copied().filter(|&i| self.world.entries[i].severity == severity).collect();
            some.reverse();
            let (values, without) = self.client_rows(&some, &stripped);
            summary.insert(severity.word().to_owned(), values.len().into());
            groups.insert(severity.word().to_owned(), values.into());
            order.extend(some);
            lost += without;
        }
        let text = serde_json::to_vec_pretty(&json!({
            "collection_time": python(asked.1 + 9 * 1_000_000_000).trim_end_matches("+00:00"),
            "time_range": {"start": python(asked.0), "end": python(asked.1), "duration_hours": (asked.1 - asked.0) / HOUR},
            "logs_by_severity": groups, "summary": summary,
        }))?;
        self.keep(path.to_owned(), "wrapper", Codec::None, text, order, lost, true, note)
    }
}
