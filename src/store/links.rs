//! What was filed: `state/issue_links.parquet`, the one thing in a store that does not come from its inputs.
//!
//! One row an issue and fingerprint, as plain text, so that any reader of Parquet can join it. It is replaced as a whole under
//! the writer's lock: a run that reads it sees the old rows or the new ones. Rows are sorted by identity, so the same results
//! give the same rows in whatever order they came back.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::durable::Root;
use super::{StoreError, layout, manifest};

const FILE: &str = "state/issue_links.parquet";
/// Key of the version in the file's footer.
const VERSION_KEY: &str = "log-gardener/issue-links";
const VERSION: u32 = 1;
/// Text columns in their order; `number` stands behind them.
const TEXTS: [&str; 14] = [
    "repo",
    "fingerprint",
    "signatures",
    "url",
    "last_run_id",
    "last_action_id",
    "last_kind",
    "last_comment_id",
    "last_at",
    "change_keys",
    "reopened_at",
    "undone",
    "closed_at",
    "last_priority",
];
/// Those that an earlier version did not write: where they are missing, nothing is known.
const LATER: [&str; 2] = ["closed_at", "last_priority"];

/// One fingerprint and the issue it was filed under. Lists are joined by commas, changes by newlines; what is unknown is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssueLink {
    /// `OWNER/REPO`.
    pub repo: String,
    /// `lgfp1:…`.
    pub fingerprint: String,
    /// Issue signatures at the time of filing.
    pub signatures: Vec<String>,
    /// Issue number.
    pub number: u64,
    /// Page of the issue.
    pub url: String,
    /// Run that planned the last action.
    pub last_run_id: String,
    /// The last action that was applied.
    pub last_action_id: String,
    /// What it did.
    pub last_kind: String,
    /// The newest comment of ours.
    pub last_comment_id: String,
    /// Data up to, as the last action saw it; RFC 3339.
    pub last_at: String,
    /// What that action said had changed.
    pub change_keys: Vec<String>,
    /// Data up to of every reopening of ours, oldest first; RFC 3339.
    pub reopened_at: Vec<String>,
    /// The issue was created by us and taken back.
    pub undone: bool,
    /// The closings that those reopenings answered, oldest first; RFC 3339. A tracker forgets them when it opens an issue again.
    pub closed_at: Vec<String>,
    /// The priority that the last text of ours said (`P2`).
    pub last_priority: String,
}

impl IssueLink {
    fn texts(&self) -> [String; TEXTS.len()] {
        [
            self.repo.clone(),
            self.fingerprint.clone(),
            self.signatures.join(","),
            self.url.clone(),
            self.last_run_id.clone(),
            self.last_action_id.clone(),
            self.last_kind.clone(),
            self.last_comment_id.clone(),
            self.last_at.clone(),
            self.change_keys.join("\n"),
            self.reopened_at.join(","),
            if self.undone { "yes" } else { "" }.to_owned(),
            self.closed_at.join(","),
            self.last_priority.clone(),
        ]
    }

    fn from_texts(number: u64, texts: [String; TEXTS.len()]) -> Self {
        let list = |text: &str, by: char| {
            text.split(by).filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let [
            repo,
            fingerprint,
            signatures,
            url,
            last_run_id,
            last_action_id,
            last_kind,
            last_comment_id,
            last_at,
            change_keys,
            reopened_at,
            undone,
            closed_at,
            last_priority,
        ] = texts;
        Self {
            repo,
            fingerprint,
            signatures: list(&signatures, ','),
            number,
            url,
            last_run_id,
            last_action_id,
            last_kind,
            last_comment_id,
            last_at,
            change_keys: list(&change_keys, '\n'),
            reopened_at: list(&reopened_at, ','),
            undone: undone == "yes",
            closed_at: list(&closed_at, ','),
            last_priority,
        }
    }
}

/// What was filed from the store at `root`, by identity; empty where nothing was.
pub fn read_links(root: &Path) -> Result<Vec<IssueLink>, StoreError> {
    let path = root.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::Io { path, source }),
    };
    let damaged = |reason: String| StoreError::Damaged { path: path.clone(), reason };
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(|e| damaged(e.to_string()))?;
    let footer = builder.metadata().file_metadata().key_value_metadata();
    let version = footer
        .and_then(|pairs| pairs.iter().find(|pair| pair.key == VERSION_KEY))
        .and_then(|pair| pair.value.as_deref()?.parse::<u32>().ok())
        .ok_or_else(|| damaged("its footer names no version".into()))?;
    if version > VERSION {
        return Err(StoreError::Newer { path, found: version, known: VERSION });
    }
    let mut links = Vec::new();
    for batch in builder.build().map_err(|e| damaged(e.to_string()))? {
        let batch = batch.map_err(|e| damaged(e.to_string()))?;
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| damaged(format!("it has no column {name}")));
        let mut texts = Vec::with_capacity(TEXTS.len());
        for name in TEXTS {
            if LATER.contains(&name) && batch.column_by_name(name).is_none() {
                texts.push(None);
                continue;
            }
            let text = column(name)?.as_string_opt::<i32>();
            texts.push(Some(text.ok_or_else(|| damaged(format!("column {name} is no text")))?));
        }
        let numbers = column("number")?
            .as_primitive_opt::<Int64Type>()
            .ok_or_else(|| damaged("column number is no number".into()))?;
        for row in 0..batch.num_rows() {
            let number =
                u64::try_from(numbers.value(row)).map_err(|_| damaged("an issue number is negative".into()))?;
            let text = |at: usize| texts[at].map_or_else(String::new, |column| column.value(row).to_owned());
            links.push(IssueLink::from_texts(number, std::array::from_fn(text)));
        }
    }
    Ok(links)
}

/// Replaces what was filed by what `change` makes of it; nobody else writes meanwhile. Returns the new rows.
pub fn update_links(
    root: &Path,
    change: impl FnOnce(Vec<IssueLink>) -> Vec<IssueLink>,
) -> Result<Vec<IssueLink>, StoreError> {
    manifest::Manifest::load(root)?.ok_or_else(|| StoreError::Absent { path: root.to_owned() })?;
    let _lock = layout::writer_lock(root)?;
    let old = read_links(root)?;
    let mut links = change(old.clone());
    links.sort();
    links.dedup();
    if links != old {
        let state = root.join("state");
        std::fs::create_dir_all(&state).map_err(layout::io(&state))?;
        layout::replace(&Root::new(root), FILE, &encode(&links)?)?;
    }
    Ok(links)
}

fn encode(links: &[IssueLink]) -> Result<Vec<u8>, StoreError> {
    let unwritable = |reason: String| StoreError::Unwritable { reason };
    let rows: Vec<[String; TEXTS.len()]> = links.iter().map(IssueLink::texts).collect();
    let text = |at: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row[at]))) as ArrayRef;
    let numbers = links.iter().map(|link| i64::try_from(link.number).unwrap_or(i64::MAX));
    let columns = TEXTS
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, text(at)))
        .chain([("number", Arc::new(Int64Array::from_iter_values(numbers)) as ArrayRef)]);
    let batch = RecordBatch::try_from_iter(columns).map_err(|error| unwritable(error.to_string()))?;
    let version = KeyValue::new(VERSION_KEY.to_owned(), VERSION.to_string());
    let properties = WriterProperties::builder()
        .set_created_by("log-gardener".to_owned())
        .set_key_value_metadata(Some(vec![version]))
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options)
        .map_err(|error| unwritable(error.to_string()))?;
    writer.write(&batch).map_err(|error| unwritable(error.to_string()))?;
    writer.close().map_err(|error| unwritable(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(repo: &str, number: u64) -> IssueLink {
        IssueLink {
            repo: repo.into(),
            fingerprint: format!("lgfp1:{number:016x}"),
            signatures: vec!["00000000000000b1".into(), "00000000000000b2".into()],
            number,
            last_at: "2030-03-20T12:00:00Z".into(),
            change_keys: vec!["parameter=lease=30 s, or so".into(), "priority=P1".into()],
            reopened_at: vec!["2030-03-01T00:00:00Z".into()],
            undone: number == 2,
            closed_at: vec!["2030-02-27T09:00:00Z".into()],
            last_priority: "P2".into(),
            ..IssueLink::default()
        }
    }

    fn store() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("dir");
        super::super::Store::create_or_open(dir.path()).expect("a store");
        dir
    }

    #[test]
    fn links_come_back_as_they_were_and_in_one_order() {
        let dir = store();
        assert_eq!(read_links(dir.path()).expect("none yet"), []);
        let given = vec![link("acme/shop", 2), link("acme/pump", 7)];
        update_links(dir.path(), |_| given.clone()).expect("writes");
        assert_eq!(read_links(dir.path()).expect("reads"), [given[1].clone(), given[0].clone()]);
        let bytes = std::fs::read(dir.path().join(FILE)).expect("file");
        update_links(dir.path(), |mut links| {
            links.reverse();
            links
        })
        .expect("writes");
        assert_eq!(std::fs::read(dir.path().join(FILE)).expect("file"), bytes, "the order they come in does not show");
    }

    #[test]
    fn a_file_of_before_the_later_columns_is_read_without_them() {
        let dir = store();
        update_links(dir.path(), |_| vec![link("acme/shop", 2)]).expect("writes");
        let bytes = Bytes::from(std::fs::read(dir.path().join(FILE)).expect("file"));
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("parquet");
        let version = builder.metadata().file_metadata().key_value_metadata().cloned();
        let batch = builder.build().expect("reader").next().expect("a batch").expect("rows");
        let kept: Vec<usize> =
            (0..batch.num_columns()).filter(|at| !LATER.contains(&batch.schema().field(*at).name().as_str())).collect();
        assert_eq!(kept.len() + LATER.len(), batch.num_columns());
        let old = batch.project(&kept).expect("columns");
        let properties = WriterProperties::builder().set_key_value_metadata(version).build();
        let mut written = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut written, old.schema(), Some(properties)).expect("writer");
        writer.write(&old).expect("rows");
        writer.close().expect("footer");
        std::fs::write(dir.path().join(FILE), written).expect("write");
        let expected = IssueLink { closed_at: Vec::new(), last_priority: String::new(), ..link("acme/shop", 2) };
        assert_eq!(read_links(dir.path()).expect("reads"), [expected]);
    }

    #[test]
    fn a_newer_or_broken_file_is_refused_and_nothing_is_written_without_a_store() {
        let dir = store();
        std::fs::write(dir.path().join(FILE), "PAR1 not").expect("write");
        assert!(matches!(read_links(dir.path()), Err(StoreError::Damaged { .. })));
        let empty = tempfile::tempdir().expect("dir");
        assert!(matches!(update_links(empty.path(), |links| links), Err(StoreError::Absent { .. })));
    }
}
