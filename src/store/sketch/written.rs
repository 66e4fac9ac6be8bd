//! Sketches as columns: a table is written and hashed in chunks that follow from what it holds, so that a long one need not be
//! in memory.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};

use super::super::StoreError;
use super::super::columns::{ColumnSpec, SIGNATURE_COLUMNS, SUMMARY_COLUMNS, schema};
use super::super::durable::Root;
use super::super::layout::{Placed, ROWS_PER_GROUP};
use super::super::parquet_file::Writer;
use super::SummaryRow;
use crate::mine::SignatureRow;

/// Rows of a chunk, and bytes of texts that make one full.
const CHUNK_ROWS: usize = ROWS_PER_GROUP;
const CHUNK_BYTES: usize = 16 << 20;

/// Rows of a table, column by column.
pub(super) trait Columns {
    type Row;
    const SPECS: &'static [ColumnSpec];

    /// Adds a row; answers how many bytes its texts have.
    fn push(&mut self, row: Self::Row) -> usize;
    /// Takes the columns out, in their order.
    fn take(&mut self) -> Vec<ArrayRef>;
}

#[derive(Default)]
pub(super) struct SignatureColumns {
    texts: [StringBuilder; 7],
    numbers: [Int64Builder; 3],
}

impl Columns for SignatureColumns {
    type Row = SignatureRow;
    const SPECS: &'static [ColumnSpec] = SIGNATURE_COLUMNS;

    fn push(&mut self, row: SignatureRow) -> usize {
        let texts = [
            Some(&row.sig_id),
            Some(&row.tokens),
            Some(&row.exemplar),
            Some(&row.exemplar_insert_id),
            row.exception.as_ref(),
            Some(&row.values),
            Some(&row.form),
        ];
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_option(text));
        let numbers = [row.count, row.first_ns, row.last_ns];
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.append_value(number));
        texts.into_iter().flatten().map(String::len).sum()
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        let [sig, tokens, exemplar, insert_id, exception, values, form] =
            self.texts.each_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        let [rows, first, last] = self.numbers.each_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        vec![sig, tokens, rows, first, last, exemplar, insert_id, exception, values, form]
    }
}

#[derive(Default)]
pub(super) struct SummaryColumns {
    texts: [StringBuilder; 7],
    rows: Int64Builder,
}

impl Columns for SummaryColumns {
    type Row = SummaryRow;
    const SPECS: &'static [ColumnSpec] = SUMMARY_COLUMNS;

    fn push(&mut self, row: SummaryRow) -> usize {
        let (sig, hours, intervals) = (row.sig_id.to_string(), json(&row.hours), json(&row.intervals));
        let texts = [
            Some(sig.as_str()),
            row.project.as_deref(),
            row.service.as_deref(),
            Some(row.kind.as_str()),
            row.revision.as_deref(),
            Some(&hours),
            Some(&intervals),
        ];
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_option(text));
        self.rows.append_value(i64::try_from(row.rows).unwrap_or(i64::MAX));
        texts.into_iter().flatten().map(str::len).sum()
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        let [sig, project, service, kind, revision, hours, intervals] =
            self.texts.each_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        vec![sig, project, service, kind, revision, Arc::new(self.rows.finish()), hours, intervals]
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("sketches hold numbers and strings only")
}

/// A table in the making.
pub(super) struct Chunks<'a, C> {
    root: &'a Root,
    writer: Writer,
    hasher: &'a mut blake3::Hasher,
    columns: C,
    rows: usize,
    bytes: usize,
    /// A chunk was written.
    begun: bool,
}

impl<'a, C: Columns> Chunks<'a, C> {
    /// Begins a file below `folder`; what it says goes into the hash as well.
    pub(super) fn new(
        root: &'a Root,
        folder: &str,
        columns: C,
        hasher: &'a mut blake3::Hasher,
    ) -> Result<Self, StoreError> {
        let writer = Writer::new(root, folder, C::SPECS, schema(C::SPECS))?;
        Ok(Self { root, writer, hasher, columns, rows: 0, bytes: 0, begun: false })
    }

    pub(super) fn add(&mut self, row: C::Row) -> Result<(), StoreError> {
        if self.rows == CHUNK_ROWS || self.bytes >= CHUNK_BYTES {
            self.chunk()?;
            // Its pages would wait for further rows.
            self.writer.end_group(self.root)?;
        }
        self.bytes += self.columns.push(row);
        self.rows += 1;
        Ok(())
    }

    fn chunk(&mut self) -> Result<(), StoreError> {
        (self.rows, self.bytes, self.begun) = (0, 0, true);
        let batch = RecordBatch::try_new(schema(C::SPECS), self.columns.take());
        let batch = batch.expect("arrays are made in the order of the column list");
        let hash = || batch.columns().iter().for_each(|column| hash(self.hasher, column.as_ref()));
        rayon::join(hash, || self.writer.write(self.root, &batch)).1
    }

    /// The file, with its number of rows.
    pub(super) fn place(mut self) -> Result<(Placed, usize), StoreError> {
        if self.rows > 0 || !self.begun {
            self.chunk()?;
        }
        let rows = self.writer.rows();
        Ok((self.writer.place(self.root)?, rows))
    }
}

/// Length, presence, then the values of what is present: two columns give the same bytes only if they hold the same.
fn hash(hasher: &mut blake3::Hasher, array: &dyn Array) {
    let texts = array.as_any().downcast_ref::<StringArray>();
    let numbers = array.as_any().downcast_ref::<Int64Array>();
    let of_texts: usize = texts.iter().flat_map(|texts| texts.iter().flatten()).map(|text| 8 + text.len()).sum();
    let of_numbers: usize = numbers.iter().map(|numbers| 8 * (numbers.len() - numbers.null_count())).sum();
    hasher.update(&((array.len() + of_texts + of_numbers) as u64).to_le_bytes());
    let mut bytes: Vec<u8> = (0..array.len()).map(|at| u8::from(array.is_valid(at))).collect();
    let mut put = |more: &[&[u8]]| {
        for more in more {
            bytes.extend_from_slice(more);
        }
        if bytes.len() >= 64 << 10 {
            hasher.update(&bytes);
            bytes.clear();
        }
    };
    for text in texts.iter().flat_map(|texts| texts.iter().flatten()) {
        put(&[&(text.len() as u64).to_le_bytes(), text.as_bytes()]);
    }
    for number in numbers.iter().flat_map(|numbers| numbers.iter().flatten()) {
        put(&[&number.to_le_bytes()]);
    }
    hasher.update(&bytes);
}
