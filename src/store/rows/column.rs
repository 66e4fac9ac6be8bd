//! The three kinds of columns that rows have: integers, texts, and texts that repeat.
//!
//! A column in which no row has a value yet takes no room, and values behind the last that is present are absent.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::{NO_CODE, NONE};

/// zstd level of texts that wait in memory: a third less time than level 1 both ways, for half as much room again.
const PACKED_LEVEL: i32 = -5;

/// Values of the first rows; those behind the last that is kept are absent.
fn filled<T: Copy>(values: &[T], rows: usize, absent: T) -> Cow<'_, [T]> {
    if let Some(values) = values.get(..rows) {
        return Cow::Borrowed(values);
    }
    let mut all = values.to_vec();
    all.resize(rows, absent);
    Cow::Owned(all)
}

/// Adds `count` values, of which the first stands at `at`, and of which those behind `values` are absent. Nothing is kept as
/// long as all are.
fn extend<T: Copy + PartialEq>(out: &mut Vec<T>, at: usize, values: &[T], count: usize, absent: T) {
    if out.is_empty() && values.iter().all(|value| *value == absent) {
        return;
    }
    out.resize(at, absent);
    out.extend_from_slice(values);
    out.resize(at + count, absent);
}

/// Integers; nothing is kept until one is present.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Ints(pub(super) Vec<i64>);

impl Ints {
    #[inline]
    pub(super) fn push(&mut self, row: usize, value: i64) {
        if value != NONE {
            if self.0.len() < row {
                self.0.resize(row, NONE);
            }
            self.0.push(value);
        }
    }

    #[inline]
    pub(in crate::store) fn get(&self, row: usize) -> i64 {
        self.0.get(row).copied().unwrap_or(NONE)
    }

    /// The values of the first rows.
    pub(in crate::store) fn of(&self, rows: usize) -> Cow<'_, [i64]> {
        filled(&self.0, rows, NONE)
    }

    /// Adds a run of another column's rows, of which the first stands at `at` here.
    pub(super) fn append(&mut self, at: usize, from: &Self, run: Range<usize>) {
        extend(&mut self.0, at, from.0.get(run.start..run.end.min(from.0.len())).unwrap_or_default(), run.len(), NONE);
    }

    /// Changes the value of a row.
    pub(super) fn set(&mut self, row: usize, value: i64) {
        if self.0.len() <= row {
            self.0.resize(row + 1, NONE);
        }
        self.0[row] = value;
    }

    /// Whether no value is present.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Texts one behind the other.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Texts {
    pub(super) ends: Vec<u32>,
    pub(super) text: String,
    /// The text, compressed; `text` is empty then.
    packed: Option<Vec<u8>>,
}

impl Texts {
    /// Texts as they lie in memory: where each ends, and all of them one behind the other.
    pub(super) fn of(ends: Vec<u32>, text: String) -> Self {
        Self { ends, text, packed: None }
    }

    /// Adds a text and answers its place.
    #[inline]
    pub(in crate::store) fn add(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        // A part is cut long before 4 GiB of text.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        (self.ends.len() - 1) as u32
    }

    pub(super) fn push(&mut self, row: usize, text: &str) {
        if !text.is_empty() {
            if self.ends.len() < row {
                let end = self.text.len() as u32;
                self.ends.resize(row, end);
            }
            self.add(text);
        }
    }

    /// Adds a run of another column's rows, of which the first stands at `at` here.
    pub(super) fn append(&mut self, at: usize, from: &Self, run: Range<usize>) {
        let ends = from.ends.get(run.start..run.end.min(from.ends.len())).unwrap_or_default();
        let span = from.span(&run);
        let begin = span.start as u32;
        let text = from.text.get(span).unwrap_or("");
        if self.ends.is_empty() && text.is_empty() {
            return;
        }
        let here = self.text.len() as u32;
        self.ends.resize(at, here);
        self.text.push_str(text);
        self.ends.extend(ends.iter().map(|end| end - begin + here));
        self.ends.resize(at + run.len(), self.text.len() as u32);
    }

    /// Where the texts of some rows stand.
    pub(super) fn span(&self, rows: &Range<usize>) -> Range<usize> {
        // Behind the last that is present there is none.
        let end_of = |rows: usize| rows.min(self.ends.len()).checked_sub(1).map_or(0, |last| self.ends[last] as usize);
        end_of(rows.start)..end_of(rows.end)
    }

    #[inline]
    pub(in crate::store) fn get(&self, at: usize) -> &str {
        let Some(end) = self.ends.get(at) else { return "" };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.text.get(start as usize..*end as usize).unwrap_or("")
    }

    /// A text as bytes, which are not looked through for the ends of characters.
    #[inline]
    pub(in crate::store) fn bytes_at(&self, at: usize) -> &[u8] {
        let Some(end) = self.ends.get(at) else { return &[] };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.text.as_bytes().get(start as usize..*end as usize).unwrap_or_default()
    }

    /// Whether the text at a place is this one; nothing is looked at where it is longer or shorter.
    #[inline]
    fn is(&self, at: usize, text: &str) -> bool {
        let Some(end) = self.ends.get(at) else { return false };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        (end - start) as usize == text.len() && self.bytes_at(at) == text.as_bytes()
    }

    /// Bytes of a text, packed or not.
    pub(super) fn length(&self, at: usize) -> usize {
        let start = if at == 0 { 0 } else { self.ends.get(at - 1).copied().unwrap_or(0) };
        self.ends.get(at).map_or(0, |end| (end - start) as usize)
    }

    pub(in crate::store) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.ends.capacity() * 4 + self.text.capacity() + self.packed.as_ref().map_or(0, Vec::capacity)
    }

    pub(super) fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    /// Compresses the text: from here on it can be read through [`Self::unpacked`] only.
    pub(super) fn pack(&mut self) {
        // What cannot be compressed waits as it is.
        if let Ok(mut packed) = zstd::bulk::compress(self.text.as_bytes(), PACKED_LEVEL) {
            packed.shrink_to_fit();
            self.packed = Some(packed);
            self.text = String::new();
        }
    }

    /// The texts as they were before they were packed.
    pub(super) fn unpacked(&self) -> Cow<'_, Self> {
        let Some(packed) = &self.packed else { return Cow::Borrowed(self) };
        let bytes = self.ends.last().copied().unwrap_or(0) as usize;
        let text = zstd::bulk::decompress(packed, bytes).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.expect("what was compressed in this process can be decompressed");
        Cow::Owned(Self { ends: self.ends.clone(), text, packed: None })
    }
}

/// Codes that a dictionary remembers beside its index, and values from which on it does.
const LATELY: usize = 64;
const FEW: usize = 2;

/// Where the code of a text is remembered: texts of one column mostly differ in their ends.
#[inline]
fn lately(text: &str) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = text.as_bytes();
    let word = match bytes.last_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    ((word ^ bytes.len() as u64).wrapping_mul(ODD) >> (u64::BITS - LATELY.trailing_zeros())) as usize
}

/// Texts by code.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Dict {
    pub(super) codes: Vec<u32>,
    pub(in crate::store) values: Texts,
    index: HashTable<u32>,
    last: u32,
    /// Codes that were looked up lately, by a few bytes of their texts; any code may stand anywhere.
    lately: Option<Box<[u32; LATELY]>>,
}

impl Dict {
    /// Codes and what they stand for. Nothing can be added.
    pub(super) fn settled(codes: Vec<u32>, values: Texts) -> Self {
        Self { codes, values, ..Self::default() }
    }

    /// The code of a text, new or known.
    #[inline]
    pub(in crate::store) fn code(&mut self, text: &str) -> u32 {
        // Neighbours in a dump mostly agree.
        if !self.values.is(self.last as usize, text) {
            let at = lately(text);
            let code = self.lately.as_ref().map_or(NO_CODE, |codes| codes[at]);
            self.last = if self.values.is(code as usize, text) { code } else { self.looked_up(text, at) };
        }
        self.last
    }

    #[inline(never)]
    fn looked_up(&mut self, text: &str, at: usize) -> u32 {
        let hash = FxBuildHasher.hash_one(text);
        let values = &self.values;
        let found = self.index.find(hash, |code| values.is(*code as usize, text)).copied();
        let code = found.unwrap_or_else(|| {
            let code = self.values.add(text);
            let values = &self.values;
            self.index.insert_unique(hash, code, |code| FxBuildHasher.hash_one(values.get(*code as usize)));
            code
        });
        // Few values are found by neighbours or not at all.
        if code as usize >= FEW {
            self.lately.get_or_insert_with(|| Box::new([NO_CODE; LATELY]));
        }
        if let Some(codes) = &mut self.lately {
            codes[at] = code;
        }
        code
    }

    #[inline]
    pub(in crate::store) fn push(&mut self, row: usize, text: Option<&str>) {
        match text {
            Some(text) if !text.is_empty() => {
                let code = self.code(text);
                self.push_code(row, code);
            }
            _ => self.push_code(row, NO_CODE),
        }
    }

    #[inline]
    pub(in crate::store) fn push_code(&mut self, row: usize, code: u32) {
        if code != NO_CODE {
            if self.codes.len() < row {
                self.codes.resize(row, NO_CODE);
            }
            self.codes.push(code);
        }
    }

    /// Changes the value of a row.
    pub(super) fn set(&mut self, row: usize, text: Option<&str>) {
        let code = text.map_or(NO_CODE, |text| self.code(text));
        if self.codes.len() <= row {
            self.codes.resize(row + 1, NO_CODE);
        }
        self.codes[row] = code;
    }

    /// The code of a text, if a row has it.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        (0..self.values.len()).find(|code| self.values.is(*code, text)).map(|code| code as u32)
    }

    #[inline]
    pub(in crate::store) fn code_at(&self, row: usize) -> u32 {
        self.codes.get(row).copied().unwrap_or(NO_CODE)
    }

    /// The codes of the first rows.
    pub(in crate::store) fn codes(&self, rows: usize) -> Cow<'_, [u32]> {
        filled(&self.codes, rows, NO_CODE)
    }

    #[inline]
    pub(in crate::store) fn get(&self, row: usize) -> Option<&str> {
        let code = self.code_at(row);
        (code != NO_CODE).then(|| self.values.get(code as usize))
    }

    /// Whether no value is present.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    pub(in crate::store) fn bytes(&self) -> usize {
        self.codes.capacity() * 4 + self.values.bytes() + self.index.capacity() * 8
    }

    pub(super) fn shrink(&mut self) {
        self.codes.shrink_to_fit();
        self.values.shrink();
        // Only those who add to the dictionary look texts up.
        self.index = HashTable::new();
        self.lately = None;
    }
}

/// Rows of one block that follow one another, and where the first of them comes to stand.
pub(super) struct Run {
    pub(super) at: usize,
    pub(super) block: usize,
    pub(super) rows: Range<usize>,
}

impl Dict {
    pub(super) fn append(&mut self, dicts: &[&Self], runs: &[Run]) {
        // Codes of a block to codes here, as they are met.
        let mut known: Vec<Vec<u32>> = dicts.iter().map(|dict| vec![NO_CODE; dict.values.len()]).collect();
        let mut codes: Vec<u32> = Vec::new();
        for Run { at, block, rows } in runs {
            let (from, known) = (dicts[*block], &mut known[*block]);
            let theirs = from.codes.get(rows.start..rows.end.min(from.codes.len())).unwrap_or_default();
            codes.clear();
            // Neighbours mostly agree.
            let mut last = (NO_CODE, NO_CODE);
            codes.extend(theirs.iter().map(|code| {
                if *code != last.0 {
                    let ours = known.get_mut(*code as usize).map_or(NO_CODE, |slot| {
                        if *slot == NO_CODE {
                            *slot = self.code(from.values.get(*code as usize));
                        }
                        *slot
                    });
                    last = (*code, ours);
                }
                last.1
            }));
            extend(&mut self.codes, *at, &codes, rows.len(), NO_CODE);
        }
    }
}
