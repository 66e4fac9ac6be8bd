//! Parquet files of the store: how small tables are written, and how any file is read back.
//!
//! Rows have a writer of their own ([`super::write`]); sketches go through the library's. ZSTD level 2, no embedded Arrow
//! schema, no dictionary for identifiers that never repeat.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;

use super::StoreError;
use super::chunk::ZSTD_LEVEL;
use super::columns::{ColumnSpec, ColumnType};
use super::durable::Root;
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

    /// Ends the row group: what is written next goes into another.
    pub(super) fn end_group(&mut self, root: &Path) -> Result<(), StoreError> {
        self.writer.flush().map_err(|error| broken(root, &error))
    }

    /// Number of rows written so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn place(self, root: &Root) -> Result<Placed, StoreError> {
        self.writer.into_inner().map_err(|error| broken(root, &error))?.place(root, "parquet")
    }
}

fn broken(path: &Path, error: &parquet::errors::ParquetError) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
}

/// Batches of at most `rows` rows of a file, in order. None spans two row groups: a group of long rows has few, and so has a
/// batch of them.
pub(super) fn batches(
    path: &Path,
    rows: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, StoreError>> + use<>, StoreError> {
    let file = File::open(path).map_err(io(path))?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| broken(path, &error))?;
    let path = path.to_owned();
    let groups = 0..metadata.metadata().num_row_groups();
    Ok(groups.flat_map(move |group| {
        let reader = file.try_clone().map_err(io(&path)).and_then(|file| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
            let reader = builder.with_row_groups(vec![group]).with_batch_size(rows).build();
            reader.map_err(|error| broken(&path, &error))
        });
        let (reader, failed) = match reader {
            Ok(reader) => (Some(reader), None),
            Err(error) => (None, Some(Err(error))),
        };
        let path = path.clone();
        let batches = reader.into_iter().flatten();
        let batches = batches.map(move |batch| {
            batch.map_err(|error| StoreError::Damaged { path: path.clone(), reason: error.to_string() })
        });
        failed.into_iter().chain(batches)
    }))
}

/// The least of a column of integers, as the file's footer says; `None` where it does not say, or where a row has none.
pub(super) fn least(path: &Path, column: &str) -> Result<Option<i64>, StoreError> {
    let file = File::open(path).map_err(io(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, &error))?;
    let of_group = |group: &RowGroupMetaData| {
        let chunk = group.columns().iter().find(|chunk| chunk.column_descr().name() == column)?;
        match chunk.statistics()? {
            Statistics::Int64(found) if found.null_count_opt() == Some(0) => found.min_opt().copied(),
            _ => None,
        }
    };
    let least: Option<Vec<i64>> = builder.metadata().row_groups().iter().map(of_group).collect();
    Ok(least.and_then(|least| least.into_iter().min()))
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
