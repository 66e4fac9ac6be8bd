//! One column of one row group: its pages, compressed, with what the file's footer says of them.
//!
//! ZSTD level 2 (1 for identifiers, messages and raw entries), statistics per page for integers and for texts that repeat, no
//! embedded Arrow schema.

use std::borrow::Cow;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use rustc_hash::FxHashMap;
use zstd::zstd_safe::CParameter;

use super::encoding::{bits, delta, front_coded, hybrid, level, levels, width_of};
use super::rows::{NO_CODE, NONE, Texts};

/// zstd level of what is kept: large pages are not larger for it than at level 3, in little more than half of the time.
pub(super) const ZSTD_LEVEL: i32 = 2;
/// zstd level of identifiers, which hold nothing that looking longer would find, and of long texts.
const FAST_LEVEL: i32 = 1;
/// Bits of zstd's table for messages, one more than the level has: they take as much room as at level 2. Raw entries, of which more
/// repeats, would take a fortieth less, for a seventh of time.
const MESSAGE_HASH_LOG: u32 = 15;
/// Least length of what zstd takes for a repeat in identifiers: shorter ones are chance among sixteen letters.
const ID_MATCH: u32 = 7;
/// Rows of one page.
const ROWS_PER_PAGE: usize = 16 << 10;
/// Bytes of a page of long texts.
const BYTES_PER_PAGE: usize = 2 << 20;
/// Most bytes of a dictionary; a column with more is written plain.
const DICTIONARY_BYTES: usize = 1 << 20;
/// The value that leaves a parameter of zstd to the level.
const AS_LEVEL: u32 = 0;
/// Part of a page that zstd must save, or the chunk is left as it is.
const LEAST_SAVED: usize = 16;
/// Longest text in statistics.
const STATISTICS_BYTES: usize = 64;

/// Values of a column over the rows of a row group.
pub(super) enum Values<'a> {
    /// Nothing is present.
    Absent,
    /// Integers that seldom repeat; [`NONE`] is absent.
    Many(Cow<'a, [i64]>),
    /// Integers that repeat.
    Few(Cow<'a, [i64]>),
    /// Truth values.
    Truth(Vec<bool>),
    /// Texts by code.
    Codes(Cow<'a, [u32]>, &'a Texts),
    /// Identifiers: nearly all differ, and those of neighbours begin alike. Empty is absent.
    Ids(&'a Texts),
    /// Texts; empty is absent, unless `empty` says that it is a text.
    Texts { texts: &'a Texts, empty: bool },
    /// Raw entries; empty is absent.
    Entries(&'a [&'a str]),
}

/// A column chunk, ready to be put into a file.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

/// Reused between chunks: a compressor is some hundred kilobytes.
pub(super) struct Encoder {
    zstd: zstd::bulk::Compressor<'static>,
    level: i32,
    page: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(level: i32) -> Result<Self> {
        let zstd = zstd::bulk::Compressor::new(level).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(Self { zstd, level, page: Vec::new() })
    }

    /// Writes the values of `rows` rows.
    pub(super) fn chunk(&mut self, column: &ColumnDescPtr, rows: usize, values: &Values<'_>) -> Result<Chunk> {
        let mut out = Pages::new(column.clone(), rows);
        match values {
            Values::Absent => {
                out.codec = Codec::Plain;
                self.absent(&mut out)?;
            }
            Values::Many(ints) => {
                out.codec = Codec::IfSmaller;
                self.many(&mut out, ints)?;
            }
            Values::Few(ints) => self.few(&mut out, ints)?,
            Values::Truth(truths) => self.truths(&mut out, truths)?,
            Values::Codes(codes, texts) => self.codes(&mut out, codes, texts)?,
            Values::Ids(texts) => {
                self.fast(CParameter::MinMatch, ID_MATCH, |encoder| encoder.ids(&mut out, texts))?;
            }
            Values::Texts { texts, empty } => {
                let text = |at| texts.get(at);
                self.fast(CParameter::HashLog, MESSAGE_HASH_LOG, |encoder| encoder.texts(&mut out, text, *empty))?;
            }
            Values::Entries(entries) => {
                let entry = |at| entries.get(at).copied().unwrap_or_default();
                self.fast(CParameter::HashLog, AS_LEVEL, |encoder| encoder.texts(&mut out, entry, false))?;
            }
        }
        out.close()
    }

    fn absent(&mut self, out: &mut Pages) -> Result<()> {
        for (_, rows) in pages(out.rows) {
            self.page.clear();
            level(&mut self.page, rows, false);
            out.page(self, Encoding::PLAIN, rows, rows, None)?;
        }
        Ok(())
    }

    fn many(&mut self, out: &mut Pages, ints: &[i64]) -> Result<()> {
        for (start, rows) in pages(out.rows) {
            let ints = &ints[start..start + rows];
            let present = present_of(ints, NONE);
            self.page.clear();
            levels_of(&mut self.page, ints, |value| *value != NONE, present.len());
            delta(&mut self.page, &present);
            let range = present.iter().min().zip(present.iter().max());
            let range = range.map(|(least, most)| out.int_range(*least, *most));
            out.page(self, Encoding::DELTA_BINARY_PACKED, rows, rows - present.len(), range)?;
        }
        Ok(())
    }

    fn few(&mut self, out: &mut Pages, ints: &[i64]) -> Result<()> {
        let mut known: FxHashMap<i64, u32> = FxHashMap::default();
        let mut distinct: Vec<i64> = Vec::new();
        let (mut last, mut last_code) = (NONE, NO_CODE);
        let mut codes = Vec::with_capacity(ints.len());
        for value in ints {
            if *value != last {
                last = *value;
                last_code = if last == NONE {
                    NO_CODE
                } else {
                    *known.entry(last).or_insert_with(|| {
                        distinct.push(last);
                        (distinct.len() - 1) as u32
                    })
                };
            }
            codes.push(last_code);
        }
        if distinct.len() * 8 > DICTIONARY_BYTES {
            return self.many(out, ints);
        }
        self.page.clear();
        let short = out.column.physical_type() == Type::INT32;
        for value in &distinct {
            if short {
                self.page.extend_from_slice(&(*value as i32).to_le_bytes());
            } else {
                self.page.extend_from_slice(&value.to_le_bytes());
            }
        }
        out.dictionary(self, distinct.len())?;
        let range_of = |out: &Pages, used: &[bool]| {
            let met = || distinct.iter().zip(used).filter(|(_, used)| **used).map(|(value, _)| *value);
            met().min().zip(met().max()).map(|(least, most)| out.int_range(least, most))
        };
        self.coded(out, &codes, distinct.len(), range_of)
    }

    fn truths(&mut self, out: &mut Pages, truths: &[bool]) -> Result<()> {
        for (start, rows) in pages(out.rows) {
            self.page.clear();
            level(&mut self.page, rows, true);
            self.page.extend(truths[start..start + rows].chunks(8).map(|eight| bits(eight.iter().copied())));
            out.page(self, Encoding::PLAIN, rows, 0, None)?;
        }
        Ok(())
    }

    fn codes(&mut self, out: &mut Pages, codes: &[u32], texts: &Texts) -> Result<()> {
        let bytes: usize = (0..texts.len()).map(|at| 4 + texts.get(at).len()).sum();
        if bytes > DICTIONARY_BYTES {
            let mut plain = Texts::default();
            for code in codes {
                plain.add(if *code == NO_CODE { "" } else { texts.get(*code as usize) });
            }
            return self.texts(out, |at| plain.get(at), false);
        }
        self.page.clear();
        for at in 0..texts.len() {
            put(&mut self.page, texts.get(at));
        }
        out.dictionary(self, texts.len())?;
        // Places of the values in their order, so that a page's range is found without comparing texts.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by(|a, b| texts.get(*a).cmp(texts.get(*b)));
        let range_of = |_: &Pages, used: &[bool]| {
            let least = order.iter().find(|at| used[**at])?;
            let most = order.iter().rfind(|at| used[**at])?;
            let (least, most) = (texts.get(*least), texts.get(*most));
            (least.len().max(most.len()) <= STATISTICS_BYTES)
                .then(|| Range { least: least.as_bytes().to_vec(), most: most.as_bytes().to_vec() })
        };
        self.coded(out, codes, texts.len(), range_of)
    }

    /// Pages of codes into a dictionary that was written before.
    fn coded(
        &mut self,
        out: &mut Pages,
        codes: &[u32],
        distinct: usize,
        range_of: impl Fn(&Pages, &[bool]) -> Option<Range>,
    ) -> Result<()> {
        let width = width_of(distinct.saturating_sub(1) as u64).max(1);
        let mut used = vec![false; distinct];
        for (start, rows) in pages(out.rows) {
            let codes = &codes[start..start + rows];
            used.fill(false);
            let present = present_of(codes, NO_CODE);
            for code in present.iter() {
                used[*code as usize] = true;
            }
            self.page.clear();
            levels_of(&mut self.page, codes, |code| *code != NO_CODE, present.len());
            self.page.push(width as u8);
            hybrid(&mut self.page, &present, width);
            let range = range_of(out, &used);
            out.page(self, Encoding::RLE_DICTIONARY, rows, rows - present.len(), range)?;
        }
        Ok(())
    }

    fn ids(&mut self, out: &mut Pages, texts: &Texts) -> Result<()> {
        for (start, rows) in pages(out.rows) {
            let ids: Vec<&[u8]> = (start..start + rows).map(|at| texts.bytes_at(at)).collect();
            let present = present_of(&ids, &[]);
            self.page.clear();
            levels_of(&mut self.page, &ids, |id| !id.is_empty(), present.len());
            front_coded(&mut self.page, &present);
            let present = present.len();
            out.page(self, Encoding::DELTA_BYTE_ARRAY, rows, rows - present, None)?;
        }
        Ok(())
    }

    /// Writes something at the fast level, a parameter of zstd being other than the level has it.
    fn fast(
        &mut self,
        parameter: fn(u32) -> CParameter,
        value: u32,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.at_level(self.level.min(FAST_LEVEL))?;
        self.set(parameter(value))?;
        write(self)?;
        self.set(parameter(AS_LEVEL))?;
        self.at_level(self.level)
    }

    fn set(&mut self, parameter: CParameter) -> Result<()> {
        self.zstd.set_parameter(parameter).map_err(|error| ParquetError::External(Box::new(error)))
    }

    fn at_level(&mut self, level: i32) -> Result<()> {
        self.zstd.set_compression_level(level).map_err(|error| ParquetError::External(Box::new(error)))
    }

    fn texts<'t>(&mut self, out: &mut Pages, text: impl Fn(usize) -> &'t str, empty: bool) -> Result<()> {
        let mut start = 0;
        while start < out.rows {
            let (mut end, mut bytes) = (start, 0);
            while end < out.rows && end - start < ROWS_PER_PAGE && bytes < BYTES_PER_PAGE {
                bytes += text(end).len();
                end += 1;
            }
            self.page.clear();
            let is = |at: &usize| empty || !text(*at).is_empty();
            let rows: Vec<usize> = (start..end).collect();
            let present = rows.iter().filter(|at| is(at)).count();
            levels_of(&mut self.page, &rows, is, present);
            for at in rows.iter().filter(|at| is(at)) {
                put(&mut self.page, text(*at));
            }
            out.page(self, Encoding::PLAIN, rows.len(), rows.len() - present, None)?;
            start = end;
        }
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// What is present: in most columns everything or nothing.
fn present_of<T: Copy + PartialEq>(values: &[T], absent: T) -> Cow<'_, [T]> {
    if values.contains(&absent) {
        Cow::Owned(values.iter().copied().filter(|value| *value != absent).collect())
    } else {
        Cow::Borrowed(values)
    }
}

fn levels_of<T>(out: &mut Vec<u8>, values: &[T], is: impl Fn(&T) -> bool, present: usize) {
    if present == values.len() {
        level(out, values.len(), true);
    } else {
        levels(out, values, is);
    }
}

/// (first row, rows) of each page.
fn pages(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(ROWS_PER_PAGE).map(move |start| (start, ROWS_PER_PAGE.min(rows - start)))
}

/// Least and greatest value of a page, as Parquet writes them.
struct Range {
    least: Vec<u8>,
    most: Vec<u8>,
}

/// Whether the pages of a chunk are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Zstd,
    /// Left to its first page: integers that were packed mostly hold nothing that zstd could leave out.
    IfSmaller,
    Plain,
}

/// The pages of one chunk so far.
struct Pages {
    column: ColumnDescPtr,
    rows: usize,
    codec: Codec,
    sink: TrackedWrite<Vec<u8>>,
    index: ColumnIndexBuilder,
    /// A page with values but without a range makes the index useless.
    indexed: bool,
    offsets: OffsetIndexBuilder,
    dictionary_at: Option<i64>,
    data_at: Option<i64>,
    encodings: Vec<PageEncodingStats>,
    uncompressed: i64,
    nulls: u64,
    least: Option<Vec<u8>>,
    most: Option<Vec<u8>>,
}

impl Pages {
    fn new(column: ColumnDescPtr, rows: usize) -> Self {
        Self {
            index: ColumnIndexBuilder::new(column.physical_type()),
            column,
            rows,
            codec: Codec::Zstd,
            sink: TrackedWrite::new(Vec::new()),
            indexed: true,
            offsets: OffsetIndexBuilder::new(),
            dictionary_at: None,
            data_at: None,
            encodings: Vec::new(),
            uncompressed: 0,
            nulls: 0,
            least: None,
            most: None,
        }
    }

    fn int_range(&self, least: i64, most: i64) -> Range {
        let bytes = |value: i64| match self.column.physical_type() {
            Type::INT32 => (value as i32).to_le_bytes().to_vec(),
            _ => value.to_le_bytes().to_vec(),
        };
        Range { least: bytes(least), most: bytes(most) }
    }

    /// The encoder's page as it is written.
    fn compressed(&mut self, encoder: &mut Encoder) -> Result<Bytes> {
        if self.codec == Codec::Plain {
            return Ok(Bytes::copy_from_slice(&encoder.page));
        }
        let bytes = encoder.zstd.compress(&encoder.page).map_err(|error| ParquetError::External(Box::new(error)))?;
        let is_smaller = || bytes.len() + encoder.page.len() / LEAST_SAVED < encoder.page.len();
        if self.codec == Codec::IfSmaller && !is_smaller() {
            self.codec = Codec::Plain;
            return self.compressed(encoder);
        }
        self.codec = Codec::Zstd;
        Ok(Bytes::from(bytes))
    }

    fn write(&mut self, page: Page, uncompressed: usize) -> Result<(u64, usize)> {
        let encoding = page.encoding();
        let kind = page.page_type();
        let spec = SerializedPageWriter::new(&mut self.sink).write_page(CompressedPage::new(page, uncompressed))?;
        self.uncompressed += i64::try_from(spec.uncompressed_size).unwrap_or(0);
        match self.encodings.last_mut() {
            Some(last) if last.page_type == kind && last.encoding == encoding => last.count += 1,
            _ => self.encodings.push(PageEncodingStats { page_type: kind, encoding, count: 1 }),
        }
        Ok((spec.offset, spec.compressed_size))
    }

    fn dictionary(&mut self, encoder: &mut Encoder, values: usize) -> Result<()> {
        let buf = self.compressed(encoder)?;
        let num_values = u32::try_from(values).unwrap_or(u32::MAX);
        let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
        let (at, _) = self.write(page, encoder.page.len())?;
        self.dictionary_at = i64::try_from(at).ok();
        Ok(())
    }

    /// Writes the encoder's page.
    fn page(
        &mut self,
        encoder: &mut Encoder,
        encoding: Encoding,
        rows: usize,
        nulls: usize,
        range: Option<Range>,
    ) -> Result<()> {
        let page = Page::DataPage {
            buf: self.compressed(encoder)?,
            num_values: u32::try_from(rows).unwrap_or(u32::MAX),
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let (at, bytes) = self.write(page, encoder.page.len())?;
        self.data_at.get_or_insert(i64::try_from(at).unwrap_or(0));
        self.offsets.append_offset_and_size(i64::try_from(at).unwrap_or(0), i32::try_from(bytes).unwrap_or(i32::MAX));
        self.offsets.append_row_count(i64::try_from(rows).unwrap_or(0));
        self.nulls += nulls as u64;
        let null_count = i64::try_from(nulls).unwrap_or(0);
        match range {
            Some(range) => {
                self.widen(&range);
                self.index.append(false, range.least, range.most, null_count, None);
            }
            None if nulls == rows => self.index.append(true, Vec::new(), Vec::new(), null_count, None),
            None => self.indexed = false,
        }
        Ok(())
    }

    fn widen(&mut self, range: &Range) {
        let column = &self.column;
        let below = |a: &[u8], b: &[u8]| match column.physical_type() {
            Type::INT32 => int32(a) < int32(b),
            Type::INT64 => int64(a) < int64(b),
            _ => a < b,
        };
        if self.least.as_ref().is_none_or(|least| below(&range.least, least)) {
            self.least = Some(range.least.clone());
        }
        if self.most.as_ref().is_none_or(|most| below(most, &range.most)) {
            self.most = Some(range.most.clone());
        }
    }

    fn statistics(&self) -> Statistics {
        // A range holds for the chunk only if every page has one.
        let of = |value: &Option<Vec<u8>>| value.clone().filter(|_| self.indexed);
        let (least, most, nulls) = (of(&self.least), of(&self.most), Some(self.nulls));
        match self.column.physical_type() {
            Type::INT32 => Statistics::int32(least.map(|v| int32(&v)), most.map(|v| int32(&v)), None, nulls, false),
            Type::INT64 => Statistics::int64(least.map(|v| int64(&v)), most.map(|v| int64(&v)), None, nulls, false),
            Type::BOOLEAN => Statistics::boolean(None, None, None, nulls, false),
            _ => Statistics::byte_array(least.map(ByteArray::from), most.map(ByteArray::from), None, nulls, false),
        }
    }

    fn close(self) -> Result<Chunk> {
        let statistics = self.statistics();
        let compression = match self.codec {
            Codec::Plain => Compression::UNCOMPRESSED,
            Codec::Zstd | Codec::IfSmaller => Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?),
        };
        let written = self.sink.bytes_written();
        let encodings = self.encodings.iter().map(|stats| stats.encoding).chain([Encoding::RLE]);
        let metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(compression)
            .set_encodings_mask(parquet::basic::EncodingMask::new_from_encodings(encodings.collect::<Vec<_>>().iter()))
            .set_page_encoding_stats(self.encodings)
            .set_total_compressed_size(i64::try_from(written).unwrap_or(0))
            .set_total_uncompressed_size(self.uncompressed)
            .set_num_values(i64::try_from(self.rows).unwrap_or(0))
            .set_data_page_offset(self.data_at.unwrap_or(0))
            .set_dictionary_page_offset(self.dictionary_at)
            .set_statistics(statistics)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: written as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: if self.indexed { Some(self.index.build()?) } else { None },
            offset_index: Some(self.offsets.build()),
        };
        Ok(Chunk { bytes: Bytes::from(self.sink.into_inner()?), close })
    }
}

fn int32(bytes: &[u8]) -> i32 {
    bytes.try_into().map_or(0, i32::from_le_bytes)
}

fn int64(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_le_bytes)
}
