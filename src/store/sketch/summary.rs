//! The summary of a day in the making: where every line is unique, a day has as many rows of it as of its own, so a row that
//! stands for one moment is small, and texts are held once.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::super::StoreError;
use super::super::computed::Computed;
use super::super::rows::{Dict, DictCol, NO_CODE, NONE, Rows};
use super::run::{self, Record};
use super::{EPISODE_GAP_NS, SummaryRow, unite};
use crate::mine::SigId;
use crate::record::Kind;
use crate::time::{self, HOUR_NS};

/// What rows are summarised by, beside their signature.
const SUMMARISED: [DictCol; 4] = [DictCol::Project, DictCol::Service, DictCol::Kind, DictCol::Revision];
/// Rows that are added before equal ones are looked for.
const UNSETTLED_ROWS: usize = 1 << 16;

/// Rows of some signatures on one UTC day, by project, service, kind and revision.
#[derive(Debug)]
pub(in crate::store) struct Summary {
    day: i64,
    words: Dict,
    places: Vec<Place<u32>>,
    known: FxHashMap<Place<u32>, u32>,
    rows: Vec<Row>,
    /// Rows when equal ones were united last.
    settled: usize,
}

/// What rows are summarised by, beside their signature, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place<T> {
    project: T,
    service: T,
    kind: Kind,
    revision: T,
}

impl<T> Place<T> {
    fn map<'a, U>(&'a self, mut with: impl FnMut(&'a T) -> U) -> Place<U> {
        let Self { project, service, kind, revision } = self;
        Place { project: with(project), service: with(service), kind: *kind, revision: with(revision) }
    }
}

#[derive(Debug)]
struct Row {
    sig: SigId,
    place: u32,
    rows: u64,
    times: Times,
}

/// A day may have as many as rows.
const _: () = assert!(size_of::<Row>() <= 64);

/// When the rows were.
#[derive(Debug)]
enum Times {
    /// In one interval and one hour: first and last.
    Short(i64, i64),
    Long(Box<Long>),
}

#[derive(Debug)]
struct Long {
    hours: [u64; 24],
    intervals: Vec<(i64, i64)>,
}

fn hour_of(day: i64, ts_ns: i64) -> usize {
    usize::try_from((ts_ns - time::day_start(day)) / HOUR_NS).unwrap_or(0).min(23)
}

impl Times {
    fn into_long(self, day: i64, rows: u64) -> Box<Long> {
        match self {
            Self::Long(long) => long,
            Self::Short(first, last) => {
                let mut hours = [0; 24];
                hours[hour_of(day, first)] = rows;
                Box::new(Long { hours, intervals: vec![(first, last)] })
            }
        }
    }
}

impl Row {
    /// Adds a row that is not older than those before it.
    fn add(&mut self, day: i64, ts_ns: i64) {
        if let Times::Short(first, last) = &mut self.times
            && ts_ns - *last <= EPISODE_GAP_NS
            && hour_of(day, *first) == hour_of(day, ts_ns)
        {
            (*last, self.rows) = (ts_ns, self.rows + 1);
            return;
        }
        if let Times::Short(first, last) = self.times {
            self.times = Times::Long(Times::Short(first, last).into_long(day, self.rows));
        }
        self.rows += 1;
        if let Times::Long(long) = &mut self.times {
            long.hours[hour_of(day, ts_ns)] += 1;
            match long.intervals.last_mut() {
                Some(open) if ts_ns - open.1 <= EPISODE_GAP_NS => open.1 = ts_ns,
                _ => long.intervals.push((ts_ns, ts_ns)),
            }
        }
    }

    /// Adds what another row says of the same.
    fn merge(&mut self, day: i64, other: Self) {
        let mine = std::mem::replace(&mut self.times, Times::Short(0, 0));
        self.times = match (mine, other.times) {
            (Times::Short(a, b), Times::Short(c, d))
                if hour_of(day, a) == hour_of(day, c) && a.max(c).saturating_sub(b.min(d)) <= EPISODE_GAP_NS =>
            {
                Times::Short(a.min(c), b.max(d))
            }
            (mine, theirs) => {
                let (mut mine, theirs) = (mine.into_long(day, self.rows), theirs.into_long(day, other.rows));
                mine.hours.iter_mut().zip(theirs.hours).for_each(|(sum, rows)| *sum += rows);
                let both = [std::mem::take(&mut mine.intervals), theirs.intervals];
                mine.intervals = unite(both.concat());
                Times::Long(mine)
            }
        };
        self.rows += other.rows;
    }
}

/// The signature that a row is counted under, where those from `floor` on fell out of the table.
fn counted(sig: SigId, floor: Option<SigId>) -> SigId {
    if floor.is_some_and(|floor| sig >= floor) { sig.coarse() } else { sig }
}

impl Summary {
    pub(in crate::store) fn new(day: i64) -> Self {
        let (words, known) = (Dict::default(), FxHashMap::default());
        Self { day, words, places: Vec::new(), known, rows: Vec::new(), settled: 0 }
    }

    /// The summary of some sorted rows of a day; joiners and frames are not in it.
    pub(in crate::store) fn of(day: i64, rows: &Rows, computed: &Computed) -> Self {
        let mut index: FxHashMap<(SigId, [u32; 4]), usize> = FxHashMap::default();
        let mut out = Self::new(day);
        for row in 0..rows.len() {
            let ts_ns = rows.ts_ns[row];
            if computed.role[row].is_attached() || ts_ns == NONE {
                continue;
            }
            let codes = SUMMARISED.map(|column| rows.dict(column).code_at(row));
            let sig = computed.sig[row];
            match index.entry((sig, codes)) {
                std::collections::hash_map::Entry::Occupied(known) => out.rows[*known.get()].add(day, ts_ns),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(out.rows.len());
                    let [project, service, kind, revision] = SUMMARISED.map(|column| rows.word(column, row));
                    let kind = kind.and_then(Kind::from_word).unwrap_or_default();
                    let place = out.place(Place { project, service, kind, revision });
                    out.rows.push(Row { sig, place, rows: 1, times: Times::Short(ts_ns, ts_ns) });
                }
            }
        }
        out
    }

    fn place(&mut self, place: Place<Option<&str>>) -> u32 {
        let words = &mut self.words;
        let place = place.map(|word| word.map_or(NO_CODE, |word| words.code(word)));
        *self.known.entry(place).or_insert_with(|| {
            self.places.push(place);
            (self.places.len() - 1) as u32
        })
    }

    fn words_of(&self, place: u32) -> Place<Option<&str>> {
        let word = |code: &u32| (*code != NO_CODE).then(|| self.words.values.get(*code as usize));
        self.places[place as usize].map(word)
    }

    /// Adds the summary of another part of the day. Signatures from `floor` on fell out of the table.
    pub(super) fn absorb(&mut self, other: Self, floor: Option<SigId>) {
        if self.rows.is_empty() {
            *self = other;
        } else {
            let places: Vec<u32> =
                (0..other.places.len() as u32).map(|place| self.place(other.words_of(place))).collect();
            let moved = |row: Row| Row { place: places[row.place as usize], ..row };
            self.rows.extend(other.rows.into_iter().map(moved));
        }
        if self.rows.len() > 2 * self.settled + UNSETTLED_ROWS {
            self.settle(floor);
        }
    }

    /// Sorts the rows and unites equal ones, in place.
    pub(super) fn settle(&mut self, floor: Option<SigId>) {
        let mut order: Vec<u32> = (0..self.places.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.words_of(*a).cmp(&self.words_of(*b)));
        let mut ranks = vec![0_u32; order.len()];
        for (rank, place) in (0..).zip(order) {
            ranks[place as usize] = rank;
        }
        for row in &mut self.rows {
            row.sig = counted(row.sig, floor);
        }
        self.rows.sort_unstable_by_key(|row| (ranks[row.place as usize], row.sig));
        let day = self.day;
        self.rows.dedup_by(|part, known| {
            let same = (part.place, part.sig) == (known.place, known.sig);
            if same {
                let times = std::mem::replace(&mut part.times, Times::Short(0, 0));
                known.merge(day, Row { times, ..*part });
            }
            same
        });
        self.settled = self.rows.len();
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        let long = |row: &Row| match &row.times {
            Times::Short(..) => 0,
            Times::Long(long) => size_of::<Long>() + long.intervals.capacity() * size_of::<(i64, i64)>(),
        };
        let places = self.places.capacity() * 3 * size_of::<Place<u32>>();
        let rows = self.rows.capacity() * size_of::<Row>() + self.rows.iter().map(long).sum::<usize>();
        rows + places + self.words.bytes()
    }

    /// Hands every row to `each`, in the order in which they were settled.
    pub(super) fn records(
        self,
        mut each: impl FnMut(SummaryRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Self { words, places, rows, .. } = self;
        let word = |code: &u32| (*code != NO_CODE).then(|| words.values.get(*code as usize).to_owned());
        rows.into_iter().try_for_each(|row| each(SummaryRecord { place: places[row.place as usize].map(word), row }))
    }
}

/// A row of a summary with its texts.
#[derive(Debug)]
pub(super) struct SummaryRecord {
    place: Place<Option<String>>,
    row: Row,
}

impl SummaryRecord {
    /// The row as it is written.
    pub(super) fn into_row(self, day: i64) -> SummaryRow {
        let Place { project, service, kind, revision } = self.place;
        let Row { sig: sig_id, rows, times, .. } = self.row;
        let Long { hours, intervals } = *times.into_long(day, rows);
        SummaryRow { day, sig_id, project, service, kind, revision, rows, hours, intervals }
    }
}

impl Record for SummaryRecord {
    fn put(&self, out: &mut Vec<u8>) {
        let Place { project, service, kind, revision } = &self.place;
        out.extend_from_slice(&self.row.sig.0.to_le_bytes());
        for word in [project, service, revision] {
            run::put_text(out, word.as_deref());
        }
        run::put_text(out, Some(kind.as_str()));
        out.extend_from_slice(&self.row.rows.to_le_bytes());
        let (hours, intervals) = match &self.row.times {
            Times::Short(first, last) => (&[][..], &[(*first, *last)][..]),
            Times::Long(long) => (&long.hours[..], &long.intervals[..]),
        };
        out.extend_from_slice(&((hours.len() + intervals.len()) as u64).to_le_bytes());
        for rows in hours {
            out.extend_from_slice(&rows.to_le_bytes());
        }
        for (first, last) in intervals {
            out.extend_from_slice(&first.to_le_bytes());
            out.extend_from_slice(&last.to_le_bytes());
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let sig = SigId(u128::from_le_bytes(*bytes.split_off(..16)?.first_chunk()?));
        let (project, service) = (run::take_text(bytes)?, run::take_text(bytes)?);
        let (revision, kind) = (run::take_text(bytes)?, run::take_text(bytes)?);
        let kind = Kind::from_word(&kind?)?;
        let (rows, count) = (run::take_number(bytes)?, run::take_number(bytes)?);
        let times = if count == 1 {
            Times::Short(run::take_int(bytes)?, run::take_int(bytes)?)
        } else {
            let mut hours = [0; 24];
            for rows in &mut hours {
                *rows = run::take_number(bytes)?;
            }
            let mut intervals = Vec::new();
            for _ in hours.len() as u64..count {
                intervals.push((run::take_int(bytes)?, run::take_int(bytes)?));
            }
            Times::Long(Box::new(Long { hours, intervals }))
        };
        let place = Place { project, service, kind, revision };
        Some(Self { place, row: Row { sig, place: 0, rows, times } })
    }

    fn order(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place).then_with(|| self.row.sig.cmp(&other.row.sig))
    }
}

/// Unites records that come in order; of those that are counted coarsely, the ones of one place are held.
pub(super) struct Uniting {
    day: i64,
    floor: Option<SigId>,
    open: Option<SummaryRecord>,
    coarse: BTreeMap<SigId, Row>,
}

impl Uniting {
    /// Signatures from `floor` on fell out of the table.
    pub(super) fn new(day: i64, floor: Option<SigId>) -> Self {
        Self { day, floor, open: None, coarse: BTreeMap::new() }
    }

    /// Adds a record, and hands what is complete to `each`.
    pub(super) fn add(
        &mut self,
        mut record: SummaryRecord,
        each: &mut impl FnMut(SummaryRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        record.row.sig = counted(record.row.sig, self.floor);
        let same_place = self.open.as_ref().is_some_and(|open| open.place == record.place);
        if !same_place {
            self.finish(each)?;
            self.open = Some(record);
            return Ok(());
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        if open.row.sig == record.row.sig {
            open.row.merge(self.day, record.row);
        } else if !record.row.sig.is_coarse() {
            let closed = std::mem::replace(open, record);
            each(closed)?;
        } else if let Some(known) = self.coarse.get_mut(&record.row.sig) {
            known.merge(self.day, record.row);
        } else {
            self.coarse.insert(record.row.sig, record.row);
        }
        Ok(())
    }

    /// Hands what is left of a place to `each`.
    pub(super) fn finish(
        &mut self,
        each: &mut impl FnMut(SummaryRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(SummaryRecord { place, row }) = self.open.take() else { return Ok(()) };
        let mut coarse = std::mem::take(&mut self.coarse);
        if row.sig.is_coarse() {
            coarse.insert(row.sig, row);
        } else {
            each(SummaryRecord { place: place.clone(), row })?;
        }
        coarse.into_values().try_for_each(|row| each(SummaryRecord { place: place.clone(), row }))
    }
}
