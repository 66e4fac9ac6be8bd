//! The signature table: what is known of every signature, as sums, minima and unions.
//!
//! Every field merges associatively and commutatively, so tables of threads, shards and days add
//! up to the table of the whole. The number of signatures is capped: the least ids stay, the rest
//! is counted in coarse buckets. Which ids are the least does not depend on order either, and an
//! id that stays was never dropped anywhere, so its counts are exact.
//!
//! Memory: at most [`SIGNATURES_MAX`] signatures, at most [`BYTES_MAX`] bytes of them when every sketch is full of the longest
//! values (ordinary logs need a twentieth of that), and at most [`COARSE_MAX`] coarse buckets of a short exemplar each (32 MiB).
//! A signature's share is a function of its tokens alone, so that this cap does not depend on order either.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::MineError;
use super::parts::{VALUE_MAX_BYTES, cut, position_of};
use super::scan::Scanned;
use super::signature::{Form, Shape, SigId, Token};
use super::sketch::{SKETCH_VALUES, Sketch};

mod united;
pub use united::United;

#[cfg(test)]
mod tests;

/// Signatures a table holds one by one; further ones are counted in coarse buckets.
pub const SIGNATURES_MAX: usize = 1 << 17;
/// Bytes that the signatures of a table may need at worst.
pub const BYTES_MAX: usize = 2 << 30;
/// Coarse buckets a table can hold beside them.
pub const COARSE_MAX: usize = 1 << 16;
/// Longest exemplar kept, in bytes.
pub const EXEMPLAR_MAX_BYTES: usize = 4096;
/// Longest exemplar of a coarse bucket, of whose signatures it shows one only.
const COARSE_EXEMPLAR_MAX_BYTES: usize = 512;

/// What is known of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The signature.
    pub shape: Arc<Shape>,
    /// Rows.
    pub count: i64,
    /// Least timestamp, in ns since the epoch.
    pub first_ns: i64,
    /// Greatest timestamp, in ns since the epoch.
    pub last_ns: i64,
    /// Text of the row that is least by (timestamp, insert id), cut to [`EXEMPLAR_MAX_BYTES`].
    pub exemplar: Box<str>,
    /// Insert id of that row.
    pub exemplar_insert_id: Box<str>,
    /// Token position and values of each variable, ascending.
    pub values: Vec<(u16, Sketch)>,
}

/// What a table keeps of a row besides its signature and values.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) ts_ns: i64,
    pub(super) insert_id: &'a str,
    pub(super) message: &'a str,
}

impl Entry {
    fn new<'v>(shape: &Arc<Shape>, row: Row<'_>, values: impl Iterator<Item = (bool, &'v str)>) -> Self {
        let sketch_of = |(position, (soft, value))| {
            let mut sketch = Sketch::default();
            sketch.add(soft, value);
            (position_of(position), sketch)
        };
        Self {
            shape: Arc::clone(shape),
            count: 1,
            first_ns: row.ts_ns,
            last_ns: row.ts_ns,
            exemplar: cut(row.message, EXEMPLAR_MAX_BYTES).into(),
            exemplar_insert_id: row.insert_id.into(),
            values: shape.variables().zip(values).map(sketch_of).collect(),
        }
    }

    /// Adds a row with its values, one for each variable.
    #[inline]
    pub(super) fn add<'v>(&mut self, row: Row<'_>, values: impl Iterator<Item = (bool, &'v str)>) {
        self.count(row);
        for ((soft, value), (_, sketch)) in values.zip(&mut self.values) {
            sketch.add(soft, value);
        }
    }

    /// Adds a row whose values are known to be among the entry's.
    #[inline]
    pub(super) fn count(&mut self, row: Row<'_>) {
        let none_yet = self.count == 0;
        self.count += 1;
        self.last_ns = if none_yet { row.ts_ns } else { self.last_ns.max(row.ts_ns) };
        if none_yet || row.ts_ns <= self.first_ns {
            self.exemplify(row, none_yet);
        }
    }

    /// Makes the row the exemplar if it is the least.
    #[cold]
    fn exemplify(&mut self, row: Row<'_>, none_yet: bool) {
        let message = cut(row.message, EXEMPLAR_MAX_BYTES);
        let key = (row.ts_ns, row.insert_id, message);
        if none_yet || key < self.exemplar_key() {
            self.first_ns = row.ts_ns;
            self.exemplar_insert_id = row.insert_id.into();
            self.exemplar = message.into();
        }
    }

    /// Adds another entry of the same signature, or, in a coarse bucket, of another one.
    fn merge(&mut self, other: Self) {
        // A signature without rows (kept as evidence only) has neither times nor exemplar.
        if self.count == 0 || (other.count > 0 && other.exemplar_key() < self.exemplar_key()) {
            self.exemplar = other.exemplar;
            self.exemplar_insert_id = other.exemplar_insert_id;
        }
        (self.first_ns, self.last_ns) = match (self.count, other.count) {
            (0, _) => (other.first_ns, other.last_ns),
            (_, 0) => (self.first_ns, self.last_ns),
            _ => (self.first_ns.min(other.first_ns), self.last_ns.max(other.last_ns)),
        };
        self.count += other.count;
        for ((_, mine), (_, theirs)) in self.values.iter_mut().zip(other.values) {
            mine.merge(theirs);
        }
    }

    fn exemplar_key(&self) -> (i64, &str, &str) {
        (self.first_ns, &self.exemplar_insert_id, &self.exemplar)
    }

    /// The entry as it counts in its coarse bucket.
    fn into_coarse(mut self) -> Self {
        self.shape = Arc::new(self.shape.coarse());
        self.values = Vec::new();
        if self.exemplar.len() > COARSE_EXEMPLAR_MAX_BYTES {
            self.exemplar = cut(&self.exemplar, COARSE_EXEMPLAR_MAX_BYTES).into();
        }
        self
    }

    /// Bytes that the entry takes, about.
    fn held_bytes(&self) -> usize {
        let tokens = self.shape.tokens.iter().map(|token| match token {
            Token::Text(text) => size_of::<Token>() + text.len().next_multiple_of(8),
            Token::Var | Token::Space => size_of::<Token>(),
        });
        let values: usize =
            self.values.iter().map(|(_, sketch)| size_of::<(u16, Sketch)>() + sketch.held_bytes()).sum();
        // With its share of the index.
        size_of::<(SigId, Self)>()
            + 48
            + tokens.sum::<usize>()
            + self.exemplar.len()
            + self.exemplar_insert_id.len()
            + values
    }

    /// The entry of a row made by [`Self::to_row`].
    fn from_row(row: SignatureRow) -> Result<(SigId, Self), MineError> {
        let sig: SigId = row.sig_id.parse()?;
        let bad = |column: &'static str| {
            let sig_id = row.sig_id.clone();
            move |source| MineError::Row { sig_id, column, source }
        };
        let tokens: Box<[Token]> = serde_json::from_str(&row.tokens).map_err(bad("tokens"))?;
        let values: Vec<(u16, Sketch)> = serde_json::from_str(&row.values).map_err(bad("values"))?;
        let form: Form = row.form.parse()?;
        let shape = Shape { form, exception: row.exception.map(Into::into), tokens };
        if !sig.is_coarse() && shape.id() != sig {
            return Err(MineError::Mismatch { sig_id: row.sig_id, found: shape.id().to_string() });
        }
        let fits = sig.is_coarse() || values.iter().map(|(p, _)| usize::from(*p)).eq(shape.variables());
        if !fits {
            return Err(MineError::Positions { sig_id: row.sig_id });
        }
        let entry = Self {
            shape: Arc::new(shape),
            count: row.count,
            first_ns: row.first_ns,
            last_ns: row.last_ns,
            exemplar: row.exemplar.into(),
            exemplar_insert_id: row.exemplar_insert_id.into(),
            values,
        };
        Ok((sig, entry))
    }

    fn to_row(&self, sig: SigId) -> SignatureRow {
        // Strings and integers always serialise.
        let json = Result::<String, serde_json::Error>::unwrap_or_default;
        SignatureRow {
            sig_id: sig.to_string(),
            tokens: json(serde_json::to_string(&self.shape.tokens)),
            count: self.count,
            first_ns: self.first_ns,
            last_ns: self.last_ns,
            exemplar: self.exemplar.to_string(),
            exemplar_insert_id: self.exemplar_insert_id.to_string(),
            exception: self.shape.exception.as_deref().map(str::to_owned),
            values: json(serde_json::to_string(&self.values)),
            form: self.shape.form.to_string(),
        }
    }

    /// Values of the variable at a token position.
    pub fn sketch(&self, position: usize) -> Option<&Sketch> {
        let found = self.values.binary_search_by_key(&position, |(p, _)| usize::from(*p)).ok()?;
        self.values.get(found).map(|(_, s)| s)
    }
}

/// One signature as a row of a table of strings and integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureRow {
    /// [`SigId`] as hex.
    pub sig_id: String,
    /// JSON array: constants as strings, variables as `0`.
    pub tokens: String,
    /// Rows.
    pub count: i64,
    /// Least timestamp, in ns since the epoch.
    pub first_ns: i64,
    /// Greatest timestamp, in ns since the epoch.
    pub last_ns: i64,
    /// Text of the row that is least by (timestamp, insert id).
    pub exemplar: String,
    /// Insert id of that row.
    pub exemplar_insert_id: String,
    /// Type of the last exception.
    pub exception: Option<String>,
    /// JSON array of `[position, [overflow, hard values, soft values]]`.
    pub values: String,
    /// `text`, `exception`, `request`, `empty` or `json`.
    pub form: String,
}

impl SignatureRow {
    /// A signature that no row has: it counts for nothing and is evidence for pass 2.
    pub(super) fn without_rows(shape: Shape) -> Self {
        let values = shape.variables().filter_map(|p| Some((u16::try_from(p).ok()?, Sketch::default()))).collect();
        let sig = shape.id();
        let entry = Entry {
            shape: Arc::new(shape),
            count: 0,
            first_ns: 0,
            last_ns: 0,
            exemplar: Box::default(),
            exemplar_insert_id: Box::default(),
            values,
        };
        entry.to_row(sig)
    }
}

/// Names one table until an entry of it moves: where entries lie may be remembered as long.
#[derive(Debug, Default, Clone)]
pub(super) struct Epoch(Arc<()>);

impl Epoch {
    #[inline]
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Additive state per signature.
#[derive(Debug)]
pub struct SignatureTable {
    limit: usize,
    bytes_max: usize,
    /// What the entries may need at worst.
    bytes: usize,
    /// Least signature that fell out: what is not below it would not have stayed in another order.
    floor: Option<SigId>,
    epoch: Epoch,
    entries: Vec<(SigId, Entry)>,
    /// Where the entry of a signature lies.
    index: BTreeMap<SigId, u32>,
    coarse: BTreeMap<SigId, Entry>,
}

impl Default for SignatureTable {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for SignatureTable {
    fn clone(&self) -> Self {
        // The copy goes its own way.
        Self {
            limit: self.limit,
            bytes_max: self.bytes_max,
            bytes: self.bytes,
            floor: self.floor,
            epoch: Epoch::default(),
            entries: self.entries.clone(),
            index: self.index.clone(),
            coarse: self.coarse.clone(),
        }
    }
}

impl PartialEq for SignatureTable {
    fn eq(&self, other: &Self) -> bool {
        (self.limit, self.bytes_max) == (other.limit, other.bytes_max)
            && self.len() == other.len()
            && self.iter().eq(other.iter())
    }
}

impl Eq for SignatureTable {}

impl SignatureTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::with_limits(SIGNATURES_MAX, BYTES_MAX)
    }

    pub(super) fn with_limits(limit: usize, bytes_max: usize) -> Self {
        let (index, coarse) = (BTreeMap::new(), BTreeMap::new());
        Self { limit, bytes_max, bytes: 0, floor: None, epoch: Epoch::default(), entries: Vec::new(), index, coarse }
    }

    /// Bytes that the signatures held may need at worst.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds one row.
    pub fn add(&mut self, scanned: &Scanned, ts_ns: i64, insert_id: &str, message: &str) {
        let values = scanned.values.iter().map(|(_, soft, value)| (soft, value));
        self.add_row(scanned.sig, &scanned.shape, Row { ts_ns, insert_id, message }, values);
    }

    pub(super) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The entry that lies there.
    pub(super) fn entry(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize].1
    }

    /// Adds one row; answers where its entry lies, unless it fell out of a full table.
    pub(super) fn add_row<'v>(
        &mut self,
        sig: SigId,
        shape: &Arc<Shape>,
        row: Row<'_>,
        values: impl Iterator<Item = (bool, &'v str)>,
    ) -> Option<u32> {
        if let Some(&index) = self.index.get(&sig) {
            self.entry(index).add(row, values);
            return Some(index);
        }
        let entry = Entry::new(shape, row, values);
        if self.is_below_floor(sig) && self.has_room(&entry.shape) {
            return Some(self.push(sig, entry));
        }
        self.insert(sig, entry);
        self.index.get(&sig).copied()
    }

    /// Adds another table: counts are summed, times and exemplars the least, values united.
    pub fn merge(&mut self, other: Self) {
        if let Some(floor) = other.floor {
            self.lower(floor);
        }
        for (sig, entry) in other.entries.into_iter().chain(other.coarse) {
            self.insert(sig, entry);
        }
    }

    fn insert(&mut self, sig: SigId, entry: Entry) {
        if sig.is_coarse() {
            self.insert_coarse(sig, entry);
        } else if let Some(&index) = self.index.get(&sig) {
            self.entry(index).merge(entry);
        } else {
            let full = !self.has_room(&entry.shape);
            if !self.is_below_floor(sig) || full && self.index.last_key_value().is_none_or(|(last, _)| sig > *last) {
                self.floor = Some(self.floor.map_or(sig, |floor| floor.min(sig)));
                self.insert_coarse(sig.coarse(), entry.into_coarse());
                return;
            }
            self.push(sig, entry);
            while self.entries.len() > self.limit || self.bytes > self.bytes_max {
                self.drop_last();
            }
        }
    }

    fn is_below_floor(&self, sig: SigId) -> bool {
        self.floor.is_none_or(|floor| sig < floor)
    }

    fn has_room(&self, shape: &Shape) -> bool {
        self.entries.len() < self.limit && self.bytes + worst_bytes(shape) <= self.bytes_max
    }

    /// Holds a signature that is new.
    fn push(&mut self, sig: SigId, entry: Entry) -> u32 {
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.bytes += worst_bytes(&entry.shape);
        self.index.insert(sig, index);
        self.entries.push((sig, entry));
        index
    }

    /// Moves the greatest signature to its coarse bucket. The least ids whose bytes fit stay: a longer prefix of them never
    /// fits later, so nothing that falls out here would have stayed in another order. It does not come back where smaller
    /// ones leave room for it: some of its rows are counted in the bucket.
    fn drop_last(&mut self) {
        let Some((last, index)) = self.index.pop_last() else {
            return;
        };
        let (_, fallen) = self.entries.swap_remove(index as usize);
        if let Some((moved, _)) = self.entries.get(index as usize) {
            self.index.insert(*moved, index);
        }
        self.epoch = Epoch::default();
        self.floor = Some(self.floor.map_or(last, |floor| floor.min(last)));
        self.bytes -= worst_bytes(&fallen.shape);
        self.insert_coarse(last.coarse(), fallen.into_coarse());
    }

    fn insert_coarse(&mut self, bucket: SigId, entry: Entry) {
        let Some(known) = self.coarse.get_mut(&bucket) else {
            self.coarse.insert(bucket, entry);
            return;
        };
        if known.shape != entry.shape {
            // Two leading words share a bucket: nothing is constant in it.
            let form = known.shape.form.min(entry.shape.form);
            known.shape = Arc::new(Shape { form, exception: None, tokens: [Token::Var].into() });
        }
        known.merge(entry);
    }

    /// Signatures held, coarse buckets among them.
    pub fn len(&self) -> usize {
        self.entries.len() + self.coarse.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of a signature; of its coarse bucket when it fell out of a full table.
    pub fn get(&self, sig: SigId) -> Option<&Entry> {
        let index = self.index.get(&sig).map(|&index| &self.entries[index as usize].1);
        index.or_else(|| self.coarse.get(&sig.coarse()))
    }

    /// Every signature, ascending by id; coarse buckets last.
    pub fn iter(&self) -> impl Iterator<Item = (SigId, &Entry)> {
        let entries = self.index.iter().map(|(&sig, &index)| (sig, &self.entries[index as usize].1));
        entries.chain(self.coarse.iter().map(|(&sig, entry)| (sig, entry)))
    }

    /// The table as rows, ascending by signature id.
    pub fn to_rows(&self) -> Vec<SignatureRow> {
        self.row_chunks(usize::MAX).flatten().collect()
    }

    /// The same, so many at a time.
    pub fn row_chunks(&self, rows: usize) -> impl Iterator<Item = Vec<SignatureRow>> {
        let mut all = self.iter();
        std::iter::from_fn(move || {
            let some: Vec<(SigId, &Entry)> = all.by_ref().take(rows).collect();
            let made = some.into_par_iter().with_min_len(64).map(|(sig, entry)| entry.to_row(sig));
            Some(made.collect::<Vec<_>>()).filter(|made| !made.is_empty())
        })
    }

    /// The table of rows made by [`SignatureTable::to_rows`], from one table or from many.
    pub fn from_rows(rows: impl IntoIterator<Item = SignatureRow>) -> Result<Self, MineError> {
        let mut table = Self::new();
        rows.into_iter().try_for_each(|row| table.add_table_row(row))?;
        table.close();
        Ok(table)
    }

    /// Adds a row of a table; [`Self::close`] is to be called after the last.
    pub fn add_table_row(&mut self, row: SignatureRow) -> Result<(), MineError> {
        let (sig, entry) = Entry::from_row(row)?;
        self.insert(sig, entry);
        Ok(())
    }

    /// Says that no further row of a table comes: if any fell out of it, they were greater than all that stayed.
    pub fn close(&mut self) {
        if !self.coarse.is_empty() {
            let above = self.index.last_key_value().map_or(0, |(last, _)| last.0.saturating_add(1));
            self.lower(SigId(above));
        }
    }

    /// The least signature that is known to have fallen out: none from it on is held.
    pub const fn floor(&self) -> Option<SigId> {
        self.floor
    }

    /// Counts signatures from this one on in their coarse buckets, as a table that they fell out of does.
    pub fn lower(&mut self, floor: SigId) {
        self.floor = Some(self.floor.map_or(floor, |known| known.min(floor)));
        while self.index.last_key_value().is_some_and(|(last, _)| self.floor.is_some_and(|floor| *last >= floor)) {
            self.drop_last();
        }
    }

    /// Bytes that the table takes, about.
    pub fn held_bytes(&self) -> usize {
        self.entries.iter().map(|(_, entry)| entry).chain(self.coarse.values()).map(Entry::held_bytes).sum()
    }
}

/// Bytes that an entry of this shape may need: tokens, exemplar, full sketches.
fn worst_bytes(shape: &Shape) -> usize {
    const OF_TOKEN: usize = size_of::<Token>();
    const OF_SKETCH: usize = size_of::<(u16, Sketch)>() + SKETCH_VALUES * (VALUE_MAX_BYTES + 40);
    let of_token = |token: &Token| match token {
        Token::Var => OF_TOKEN + OF_SKETCH,
        Token::Space => OF_TOKEN,
        Token::Text(text) => OF_TOKEN + text.len(),
    };
    size_of::<Entry>() + EXEMPLAR_MAX_BYTES + shape.tokens.iter().map(of_token).sum::<usize>()
}
