//! Row groups as columns of codes and numbers: how a report reads all rows of a window.
//!
//! Only the columns that are asked for are decoded, one row group at a time, and words come as the codes they are stored as:
//! a report compares and counts small integers, and looks at each word once a group instead of once a row.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow_array::types::Int32Type;
use arrow_array::{Array, BooleanArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use rustc_hash::FxHashMap;

use super::StoreError;
use super::columns::{ColumnType, ROW_COLUMNS};
use super::layout::io;
use crate::time::Window;

/// The code of a word that is absent.
pub const NO_WORD: u32 = u32::MAX;
/// An integer that is absent.
pub const NO_INT: i64 = i64::MIN;

/// The schema of rows in which words that repeat stay codes.
static CODED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let coded = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let plain = super::columns::schema(ROW_COLUMNS);
    let fields = ROW_COLUMNS.iter().zip(plain.fields()).map(|(spec, field)| {
        let is_word = spec.kind == ColumnType::Text && spec.repeats() && !matches!(spec.name, "message" | "trace");
        if is_word { Arc::new(Field::new(spec.name, coded(), true)) } else { field.clone() }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
});

/// One row group of a file.
#[derive(Debug, Clone)]
pub struct RowGroup {
    file: Arc<Opened>,
    index: usize,
}

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

/// Words of a column: a code a row, and what the codes stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Code of each row, or [`NO_WORD`].
    pub codes: Vec<u32>,
    /// The words, by code.
    pub words: Vec<String>,
}

/// Rows that are decoded at a time: the library's columns of texts grow by copying what they hold.
const BATCH: usize = 8 << 10;

/// Columns of some rows of one row group.
#[derive(Debug)]
pub struct Cut {
    /// Of [`BATCH`] rows each, the last of those that are left.
    batches: Vec<RecordBatch>,
    path: PathBuf,
}

/// Texts of a column, one a row.
#[derive(Debug, Clone)]
pub struct TextsOf<'a>(Vec<&'a StringArray>);

impl<'a> TextsOf<'a> {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let (column, row) = (self.0[row / BATCH], row % BATCH);
        column.is_valid(row).then(|| column.value(row))
    }
}

/// A text of a column, which stays as it was read: a million of them are as many allocations as columns.
#[derive(Debug, Clone)]
pub struct Text {
    column: Arc<StringArray>,
    row: u32,
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.column.value(self.row as usize)
    }
}

/// A column of text whose texts outlive the rows that it was read with.
#[derive(Debug, Clone)]
pub struct SharedTexts(Vec<Arc<StringArray>>);

impl SharedTexts {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let (column, row) = (&self.0[row / BATCH], row % BATCH);
        column.is_valid(row).then(|| column.value(row))
    }

    /// The text of a row, to keep.
    pub fn own(&self, row: usize) -> Option<Text> {
        let (column, row) = (&self.0[row / BATCH], row % BATCH);
        column.is_valid(row).then(|| Text { column: column.clone(), row: row as u32 })
    }
}

/// The row groups of some files of rows that may hold rows of a window, in the order of the files.
pub fn row_groups(files: &[PathBuf], window: Window) -> Result<Vec<RowGroup>, StoreError> {
    let mut out = Vec::new();
    for path in files {
        let file = File::open(path).map_err(io(path))?;
        let options = ArrowReaderOptions::new()
            .with_schema(CODED.clone())
            // With the places of pages, a single row costs one page.
            .with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(|error| damaged(path, &error))?;
        let groups: Vec<usize> = (0..metadata.metadata().num_row_groups())
            .filter(|at| touches(metadata.metadata().row_group(*at), window))
            .collect();
        let file = Arc::new(Opened { path: path.clone(), metadata });
        out.extend(groups.into_iter().map(|index| RowGroup { file: file.clone(), index }));
    }
    Ok(out)
}

fn touches(group: &RowGroupMetaData, window: Window) -> bool {
    let times = group.columns().iter().find(|chunk| chunk.column_descr().name() == "ts_ns");
    match times.and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int64(times)) => {
            times.min_opt().is_none_or(|first| *first < window.until_ns)
                && times.max_opt().is_none_or(|last| *last >= window.since_ns)
        }
        _ => true,
    }
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
}

/// Rows as ranges of neighbours.
fn ranges(rows: &[u32]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for row in rows.iter().map(|row| *row as usize) {
        match out.last_mut() {
            Some(open) if open.end == row => open.end += 1,
            _ => out.push(row..row + 1),
        }
    }
    out
}

impl RowGroup {
    /// Whether a column may lack a value in some row.
    pub fn has_absent(&self, column: &str) -> bool {
        let group = self.file.metadata.metadata().row_group(self.index);
        let chunk = group.columns().iter().find(|chunk| chunk.column_descr().name() == column);
        chunk.and_then(|chunk| chunk.statistics()).and_then(Statistics::null_count_opt) != Some(0)
    }

    /// Reads columns of all rows, or of some, which are named in ascending order.
    pub fn read(&self, columns: &[&str], only: Option<&[u32]>) -> Result<Cut, StoreError> {
        let path = &self.file.path;
        let file = File::open(path).map_err(io(path))?;
        let metadata = self.file.metadata.clone();
        let rows = usize::try_from(metadata.metadata().row_group(self.index).num_rows()).unwrap_or(0);
        let mask = ProjectionMask::columns(metadata.metadata().file_metadata().schema_descr(), columns.iter().copied());
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_row_groups(vec![self.index])
            .with_projection(mask)
            .with_batch_size(BATCH);
        if let Some(only) = only {
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges(only).into_iter(), rows));
        }
        let reader = builder.build().map_err(|error| damaged(path, &error))?;
        let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().map_err(|error| damaged(path, &error))?;
        let expected = only.map_or(rows, <[u32]>::len);
        let sizes = batches.iter().map(RecordBatch::num_rows);
        if !sizes.clone().eq((0..expected).step_by(BATCH).map(|start| BATCH.min(expected - start))) {
            let held: usize = sizes.sum();
            return Err(damaged(path, &format!("row group {} holds {held} rows, {expected} are named", self.index)));
        }
        Ok(Cut { batches, path: path.clone() })
    }
}

impl Cut {
    fn wrong(&self, name: &str) -> StoreError {
        damaged(&self.path, &format!("column {name} is missing or of another type"))
    }

    /// A column of each batch, if it is of a type.
    fn arrays<T: 'static>(&self, name: &str) -> Option<Vec<&T>> {
        self.batches.iter().map(|batch| batch.column_by_name(name)?.as_any().downcast_ref()).collect()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Integers or truth values of any width; [`NO_INT`] is absent.
    pub fn ints(&self, name: &str) -> Result<Vec<i64>, StoreError> {
        let mut out = Vec::with_capacity(self.len());
        if let Some(arrays) = self.arrays::<Int64Array>(name) {
            for array in arrays {
                add(&mut out, array.values().iter().copied(), array, NO_INT);
            }
        } else if let Some(arrays) = self.arrays::<Int32Array>(name) {
            for array in arrays {
                add(&mut out, array.values().iter().copied().map(i64::from), array, NO_INT);
            }
        } else {
            let arrays: Vec<&BooleanArray> = self.arrays(name).ok_or_else(|| self.wrong(name))?;
            out.extend(arrays.iter().flat_map(|array| array.iter().map(|value| value.map_or(NO_INT, i64::from))));
        }
        Ok(out)
    }

    /// Texts.
    pub fn texts(&self, name: &str) -> Result<TextsOf<'_>, StoreError> {
        self.arrays(name).map(TextsOf).ok_or_else(|| self.wrong(name))
    }

    /// Texts that are kept.
    pub fn shared_texts(&self, name: &str) -> Result<SharedTexts, StoreError> {
        let TextsOf(arrays) = self.texts(name)?;
        Ok(SharedTexts(arrays.into_iter().map(|array| Arc::new(array.clone())).collect()))
    }

    /// Words as codes.
    pub fn words(&self, name: &str) -> Result<Words, StoreError> {
        let mut out = Words { codes: Vec::with_capacity(self.len()), words: Vec::new() };
        let Some(coded) = self.arrays::<DictionaryArray<Int32Type>>(name) else {
            return Ok(self.plain_words(&self.texts(name)?, out));
        };
        let (mut last, mut base) = (None, 0);
        for array in coded {
            // Batches of a chunk have one dictionary, unless that grew too large.
            if !last.is_some_and(|last| Arc::ptr_eq(last, array.values())) {
                let words: &StringArray = array.values().as_any().downcast_ref().ok_or_else(|| self.wrong(name))?;
                base = out.words.len() as u32;
                out.words.extend((0..words.len()).map(|at| words.value(at).to_owned()));
                last = Some(array.values());
            }
            let keys = array.keys();
            add(&mut out.codes, keys.values().iter().map(|key| key.cast_unsigned().wrapping_add(base)), keys, NO_WORD);
        }
        Ok(distinct(out))
    }

    /// Words of a dictionary that grew too large, which lie row by row.
    fn plain_words(&self, texts: &TextsOf<'_>, mut out: Words) -> Words {
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        for row in 0..self.len() {
            out.codes.push(texts.get(row).map_or(NO_WORD, |word| {
                *known.entry(word).or_insert_with(|| {
                    out.words.push(word.to_owned());
                    (out.words.len() - 1) as u32
                })
            }));
        }
        out
    }
}

/// Adds the values of an array, with `absent` in the place of those that it does not have.
fn add<T: Copy>(out: &mut Vec<T>, values: impl Iterator<Item = T>, array: &impl Array, absent: T) {
    let start = out.len();
    out.extend(values);
    let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else { return };
    let (values, mut next) = (&mut out[start..], 0);
    // Values mostly come in long rows of them, and so do gaps.
    for (from, to) in nulls.valid_slices() {
        values[next..from].fill(absent);
        next = to;
    }
    values[next..].fill(absent);
}

/// The same words, each once: a group without a dictionary has a word a row.
fn distinct(coded: Words) -> Words {
    let place: Vec<u32> = {
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        (0_u32..).zip(&coded.words).map(|(at, word)| *known.entry(word).or_insert(at)).collect()
    };
    if (0_u32..).zip(&place).all(|(at, first)| at == *first) {
        return coded;
    }
    let codes = coded.codes.iter().map(|code| if *code == NO_WORD { NO_WORD } else { place[*code as usize] }).collect();
    Words { codes, words: coded.words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Http, LogRecord};
    use crate::store::fixture::{DAY_ONE, folder, input, row, store_of};

    #[test]
    fn a_group_gives_the_rows_that_are_named_as_codes_numbers_and_texts() {
        let folder = folder();
        let other = LogRecord { service: Some("mail".into()), insert_id: None, ..row(DAY_ONE + 2, "", "sent") };
        let rows = vec![row(DAY_ONE, "a", "one"), row(DAY_ONE + 1, "b", "two"), other];
        let snapshot = store_of(&folder, vec![vec![input(1, rows)]]).snapshot().expect("snapshot");
        let window = snapshot.whole().expect("rows");
        let groups = row_groups(&snapshot.files(None), window).expect("opens");
        assert_eq!(groups.len(), 1);
        assert!(groups[0].has_absent("insert_id") && !groups[0].has_absent("service"));
        let all = groups[0].read(&["ts_ns", "service", "insert_id", "http_status"], None).expect("reads");
        assert_eq!(all.ints("ts_ns").expect("times"), [DAY_ONE, DAY_ONE + 1, DAY_ONE + 2]);
        assert_eq!(all.ints("http_status").expect("absent"), [NO_INT; 3]);
        let services = all.words("service").expect("words");
        assert_eq!((services.codes, services.words), (vec![0, 0, 1], vec!["shop".to_owned(), "mail".to_owned()]));
        assert_eq!(all.texts("insert_id").expect("ids").get(2), None);
        let some = groups[0].read(&["message", "location"], Some(&[0, 2])).expect("reads");
        let texts = some.texts("message").expect("texts");
        assert_eq!([texts.get(0), texts.get(1)], [Some("one"), Some("sent")]);
        assert_eq!(some.words("location").expect("absent").codes, [NO_WORD; 2]);
        assert!(some.words("service").is_err(), "it was not asked for");
        let later = Window::new(window.until_ns, window.until_ns + 1).expect("window");
        assert!(row_groups(&snapshot.files(None), later).expect("opens").is_empty());
    }

    #[test]
    fn rows_of_several_batches_are_those_that_were_stored() {
        let folder = folder();
        let n = 2 * BATCH + 3;
        let of = |at: usize| LogRecord {
            service: Some(format!("service {}", at % 5).into()).filter(|_| !at.is_multiple_of(7)),
            http: Some(Http { status: Some(200), ..Http::default() }).filter(|_| !at.is_multiple_of(3)),
            message: format!("message {at}").into(),
            ..row(DAY_ONE + at as i64, &format!("id {at}"), "")
        };
        let snapshot = store_of(&folder, vec![vec![input(1, (0..n).map(of).collect())]]).snapshot().expect("snapshot");
        let groups = row_groups(&snapshot.files(None), snapshot.whole().expect("rows")).expect("opens");
        let columns = ["ts_ns", "message", "service", "http_status", "trace"];
        let some: Vec<u32> = (0..n as u32).filter(|at| at % 8 != 1 || *at > 9_000).collect();
        for (cut, rows) in [
            (groups[0].read(&columns, None).expect("reads"), (0..n as u32).collect()),
            (groups[0].read(&columns, Some(&some)).expect("reads"), some.clone()),
            (groups[0].read(&columns, Some(&[])).expect("reads"), Vec::new()),
        ] {
            assert_eq!(cut.len(), rows.len());
            let times: Vec<i64> = rows.iter().map(|at| DAY_ONE + i64::from(*at)).collect();
            assert_eq!(cut.ints("ts_ns").expect("times"), times);
            let (texts, shared) = (cut.texts("message").expect("texts"), cut.shared_texts("message").expect("texts"));
            let (statuses, services) =
                (cut.ints("http_status").expect("numbers"), cut.words("service").expect("words"));
            for (at, row) in rows.iter().enumerate() {
                let message = format!("message {row}");
                assert_eq!((texts.get(at), shared.get(at)), (Some(&*message), Some(&*message)));
                assert_eq!(shared.own(at).as_deref(), Some(&*message));
                assert_eq!(statuses[at], if row % 3 > 0 { 200 } else { NO_INT });
                let service = services.words.get(services.codes[at] as usize).map(String::as_str);
                assert_eq!(service, Some(&*format!("service {}", row % 5)).filter(|_| row % 7 > 0));
            }
        }
    }

    #[test]
    fn equal_words_have_one_code() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let coded = Words { codes: vec![0, 1, 2, NO_WORD], words: words(&["a", "b", "a"]) };
        assert_eq!(distinct(coded).codes, [0, 1, 0, NO_WORD]);
    }
}
