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

/// Columns of some rows of one row group.
#[derive(Debug)]
pub struct Cut {
    batch: RecordBatch,
    path: PathBuf,
}

/// Texts of a column, one a row.
#[derive(Debug, Clone, Copy)]
pub struct TextsOf<'a>(&'a StringArray);

impl<'a> TextsOf<'a> {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        self.0.is_valid(row).then(|| self.0.value(row))
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
pub struct SharedTexts(Arc<StringArray>);

impl SharedTexts {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.0.is_valid(row).then(|| self.0.value(row))
    }

    /// The text of a row, to keep.
    pub fn own(&self, row: usize) -> Option<Text> {
        // Arrays of this kind hold less than 2^31 bytes, so that no row group has more rows with a text.
        let row = u32::try_from(row).ok().filter(|_| self.0.is_valid(row))?;
        Some(Text { column: self.0.clone(), row })
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
            .with_batch_size(rows.max(1));
        if let Some(only) = only {
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges(only).into_iter(), rows));
        }
        let mut reader = builder.build().map_err(|error| damaged(path, &error))?;
        let batch = reader.next().transpose().map_err(|error| damaged(path, &error))?;
        let batch = batch.unwrap_or_else(|| RecordBatch::new_empty(Arc::new(Schema::empty())));
        let expected = only.map_or(rows, <[u32]>::len);
        if batch.num_rows() != expected {
            return Err(damaged(
                path,
                &format!("row group {} holds {} rows, {expected} are named", self.index, batch.num_rows()),
            ));
        }
        Ok(Cut { batch, path: path.clone() })
    }
}

impl Cut {
    fn column(&self, name: &str) -> Option<&dyn Array> {
        self.batch.column_by_name(name).map(AsRef::as_ref)
    }

    fn wrong(&self, name: &str) -> StoreError {
        damaged(&self.path, &format!("column {name} is missing or of another type"))
    }

    fn array<T: 'static>(&self, name: &str) -> Option<&T> {
        self.column(name)?.as_any().downcast_ref()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Integers or truth values of any width; [`NO_INT`] is absent.
    pub fn ints(&self, name: &str) -> Result<Vec<i64>, StoreError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(array) = self.array::<Int64Array>(name) {
            return Ok(filled(array.values().to_vec(), array, NO_INT));
        }
        if let Some(array) = self.array::<Int32Array>(name) {
            let values = array.values().iter().copied().map(i64::from).collect();
            return Ok(filled(values, array, NO_INT));
        }
        let array = self.array::<BooleanArray>(name).ok_or_else(|| self.wrong(name))?;
        Ok(array.iter().map(|value| value.map_or(NO_INT, i64::from)).collect())
    }

    /// Texts.
    pub fn texts(&self, name: &str) -> Result<TextsOf<'_>, StoreError> {
        self.array(name).map(TextsOf).ok_or_else(|| self.wrong(name))
    }

    /// Texts that are kept.
    pub fn shared_texts(&self, name: &str) -> Result<SharedTexts, StoreError> {
        self.array::<StringArray>(name)
            .map(|array| SharedTexts(Arc::new(array.clone())))
            .ok_or_else(|| self.wrong(name))
    }

    /// Words as codes.
    pub fn words(&self, name: &str) -> Result<Words, StoreError> {
        if self.is_empty() {
            return Ok(Words::default());
        }
        if let Some(coded) = self.array::<DictionaryArray<Int32Type>>(name) {
            let words: &StringArray = coded.values().as_any().downcast_ref().ok_or_else(|| self.wrong(name))?;
            let keys = coded.keys();
            let codes = keys.values().iter().map(|key| key.cast_unsigned()).collect();
            let codes = filled(codes, keys, NO_WORD);
            let words = (0..words.len()).map(|at| words.value(at).to_owned()).collect();
            return Ok(distinct(Words { codes, words }));
        }
        // Words of a dictionary that grew too large lie row by row.
        let texts = self.texts(name)?;
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        let mut out = Words::default();
        for row in 0..self.len() {
            out.codes.push(texts.get(row).map_or(NO_WORD, |word| {
                *known.entry(word).or_insert_with(|| {
                    out.words.push(word.to_owned());
                    (out.words.len() - 1) as u32
                })
            }));
        }
        Ok(out)
    }
}

/// The same values with `absent` in the place of those that an array does not have.
fn filled<T: Copy>(mut values: Vec<T>, array: &impl Array, absent: T) -> Vec<T> {
    let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else { return values };
    let mut next = 0;
    // Values mostly come in long rows of them, and so do gaps.
    for (from, to) in nulls.valid_slices() {
        values[next..from].fill(absent);
        next = to;
    }
    values[next..].fill(absent);
    values
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
    use crate::record::LogRecord;
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
    fn equal_words_have_one_code() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let coded = Words { codes: vec![0, 1, 2, NO_WORD], words: words(&["a", "b", "a"]) };
        assert_eq!(distinct(coded).codes, [0, 1, 0, NO_WORD]);
    }
}
