//! Single entries with their texts: only the rows that were chosen are fetched.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::QueryError;
use super::cells::Place;
use crate::record::Severity;
use crate::store::{Cut, NO_INT, NO_WORD, RowGroup, StoreError};

/// One stored entry (`examples`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Example {
    /// Its time, nanoseconds.
    pub ts_ns: i64,
    /// The exporter's id.
    pub insert_id: Option<String>,
    /// Envelope severity.
    pub severity: Severity,
    /// What people read.
    pub message: String,
    /// The entry, where it was kept and was asked for ([`super::Engine::raws`]).
    pub raw: Option<String>,
    /// Content id of its file.
    pub file: String,
    /// Byte offset in the decoded file.
    pub offset: i64,
    /// Revision.
    pub revision: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// Trace.
    pub trace: Option<String>,
    /// Region.
    pub location: Option<String>,
}

/// Entries of a cluster as they were stored (`examples`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raws {
    /// The one that stands for it.
    pub example: Option<String>,
    /// Some that differ: in revision, place, severity, signature; and the newest.
    pub samples: Vec<String>,
}

impl Example {
    /// What decides between rows of one level: time, id, input, place in it.
    pub(super) fn order(&self) -> (i64, &str, &str, i64) {
        (self.ts_ns, self.insert_id.as_deref().unwrap_or(""), &self.file, self.offset)
    }
}

const COLUMNS: [&str; 10] =
    ["ts_ns", "insert_id", "severity", "message", "file", "offset", "revision", "instance", "trace", "location"];

/// The entries at some places, without themselves as they were stored: see [`raws`].
pub(super) fn entries(groups: &[RowGroup], places: &BTreeSet<Place>) -> Result<BTreeMap<Place, Example>, QueryError> {
    fetched(groups, places, &COLUMNS, read)
}

/// The entries at some places as they were stored; none where that was not kept.
pub(super) fn raws(groups: &[RowGroup], places: &BTreeSet<Place>) -> Result<Owned, QueryError> {
    texts(groups, places, "raw")
}

/// The ids of the entries at some places.
pub(super) fn insert_ids(groups: &[RowGroup], places: &BTreeSet<Place>) -> Result<Owned, QueryError> {
    texts(groups, places, "insert_id")
}

/// Texts of some rows.
type Owned = BTreeMap<Place, Option<String>>;

fn texts(groups: &[RowGroup], places: &BTreeSet<Place>, column: &'static str) -> Result<Owned, QueryError> {
    fetched(groups, places, &[column], |cut| {
        let found = cut.texts(column)?;
        Ok((0..cut.len()).map(|row| own(found.get(row))).collect())
    })
}

/// Columns of the rows at some places.
pub(super) fn fetched<T: Send>(
    groups: &[RowGroup],
    places: &BTreeSet<Place>,
    columns: &[&str],
    read: impl Fn(&Cut) -> Result<Vec<T>, StoreError> + Sync,
) -> Result<BTreeMap<Place, T>, QueryError> {
    let mut by_group: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
    for place in places {
        by_group.entry(place.group).or_default().push(*place);
    }
    let fetch = |(group, mut places): (u32, Vec<Place>)| {
        places.sort_unstable_by_key(|place| place.row);
        let rows: Vec<u32> = places.iter().map(|place| place.row).collect();
        let cut = groups[group as usize].read(columns, Some(&rows))?;
        Ok(places.into_iter().zip(read(&cut)?).collect::<Vec<_>>())
    };
    let found: Vec<Vec<(Place, T)>> = by_group.into_par_iter().map(fetch).collect::<Result<_, StoreError>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn own(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn read(cut: &Cut) -> Result<Vec<Example>, StoreError> {
    let (ts, severity, offset) = (cut.ints("ts_ns")?, cut.ints("severity")?, cut.ints("offset")?);
    let (id, message, trace) = (cut.texts("insert_id")?, cut.texts("message")?, cut.texts("trace")?);
    let (file, revision) = (cut.words("file")?, cut.words("revision")?);
    let (instance, location) = (cut.words("instance")?, cut.words("location")?);
    let word = |words: &crate::store::Words, row: usize| {
        Some(words.codes[row]).filter(|code| *code != NO_WORD).map(|code| words.words[code as usize].clone())
    };
    Ok((0..cut.len())
        .map(|row| Example {
            ts_ns: ts[row],
            insert_id: own(id.get(row)),
            severity: Severity::from_number(severity[row]).unwrap_or_default(),
            message: message.get(row).unwrap_or("").to_owned(),
            raw: None,
            file: word(&file, row).unwrap_or_default(),
            offset: Some(offset[row]).filter(|n| *n != NO_INT).unwrap_or(0),
            revision: word(&revision, row),
            instance: word(&instance, row),
            trace: own(trace.get(row)),
            location: word(&location, row),
        })
        .collect())
}
