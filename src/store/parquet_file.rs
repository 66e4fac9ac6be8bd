//! Parquet files of the store: how small tables are written, and how any file is read back.
//!
//! Rows have a writer of their own ([`super::write`]); sketches go through the library's. ZSTD level 2, no embedded Arrow
//! schema, no dictionary for identifiers that never repeat.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;

use super::StoreError;
use super::chunk::ZSTD_LEVEL;
use super::columns::{ColumnSpec, ColumnType};
use super::layout::{Draft, Placed, ROWS_PER_GROUP, io};

fn properties(columns: &[ColumnSpec]) -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("2 is a zstd level");
    let mut builder = WriterProperties::builder()
        .set_created_by("log-gardener".to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP));
    for column in columns.iter().filter(|column| !column.repeats()) {
        let path = ColumnPath::from(column.name);
        builder = builder.set_column_dictionary_enabled(path.clone(), false);
        if matches!(column.kind, ColumnType::Int64 | ColumnType::Micros) {
            builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    builder.build()
}

/// A Parquet file in the making.
pub(super) struct Writer {
    writer: ArrowWriter<Draft>,
    rows: usize,
}

impl Writer {
    pub(super) fn new(
        root: &Path,
        folder: &str,
        columns: &[ColumnSpec],
        schema: SchemaRef,
    ) -> Result<Self, StoreError> {
        let options = ArrowWriterOptions::new().with_properties(properties(columns)).with_skip_arrow_metadata(true);
        let draft = Draft::new(root, folder)?;
        let writer = ArrowWriter::try_new_with_options(draft, schema, options).map_err(|error| broken(root, &error))?;
        Ok(Self { writer, rows: 0 })
    }

    pub(super) fn write(&mut self, root: &Path, batch: &RecordBatch) -> Result<(), StoreError> {
        self.rows += batch.num_rows();
        self.writer.write(batch).map_err(|error| broken(root, &error))
    }

    /// Number of rows written so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn place(self, root: &Path) -> Result<Placed, StoreError> {
        self.writer.into_inner().map_err(|error| broken(root, &error))?.place(root, "parquet")
    }
}

fn broken(path: &Path, error: &parquet::errors::ParquetError) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
}

/// Batches of at most `rows` rows of a file, in order.
pub(super) fn batches(
    path: &Path,
    rows: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, StoreError>> + use<>, StoreError> {
    let file = File::open(path).map_err(io(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, &error))?;
    let reader = builder.with_batch_size(rows).build().map_err(|error| broken(path, &error))?;
    let path = path.to_owned();
    Ok(reader
        .map(move |batch| batch.map_err(|error| StoreError::Damaged { path: path.clone(), reason: error.to_string() })))
}

/// Whether a column of a file holds any value, as the file's footer says.
pub(super) fn has_values(path: &Path, column: &str) -> Result<bool, StoreError> {
    let file = File::open(path).map_err(io(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, &error))?;
    Ok(builder.metadata().row_groups().iter().any(|group| {
        let chunk = group.columns().iter().find(|chunk| chunk.column_descr().name() == column);
        let nulls = chunk.and_then(|chunk| chunk.statistics()).and_then(Statistics::null_count_opt);
        nulls.is_none_or(|nulls| i64::try_from(nulls).ok() != Some(group.num_rows()))
    }))
}

/// Hands every batch of a file to `each`.
pub(super) fn read(
    path: &Path,
    mut each: impl FnMut(&RecordBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    batches(path, ROWS_PER_GROUP)?.try_for_each(|batch| each(&batch?))
}
