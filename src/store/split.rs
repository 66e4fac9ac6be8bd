//! Entries that the exporter split because of their size: their parts become one row again.
//!
//! The part with the least index stays and takes the others' text behind its own; the others are kept beside the rows, so
//! that a part that comes with a later file joins exactly as if it had come with the first.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::files::Files;
use super::merge::dedup_key;
use super::order::{Place, file_order};
use super::rows::{DictCol, IntCol, NONE, Rows, TextCol};
use crate::record::Kind;

/// Which row it is: input, offset, and key of the entry. An envelope has one offset for all entries that it holds.
type Identity = (u32, i64, u128);

/// What becomes of a row that is a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It takes the others' text: the row of [`Splits::rows`] stands in its place.
    Head(u32),
    /// It is no row any more.
    Part,
}

/// Parts of a day, joined.
#[derive(Debug, Default)]
pub(super) struct Splits {
    /// Rows that others were joined to.
    pub(super) rows: Rows,
    fates: FxHashMap<Identity, Fate>,
}

impl Splits {
    /// Joins the parts among `rows`, which holds every part of the day that stays.
    pub(super) fn join(rows: &Rows, files: &Files) -> Self {
        let place = |row: usize| Place::new(rows, row);
        let mut groups: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
        for row in 0..rows.len() {
            if let Some(uid) = rows.word(DictCol::SplitUid, row) {
                groups.entry((rows.word(DictCol::Project, row), uid)).or_default().push(row);
            }
        }
        let mut fates = FxHashMap::default();
        let (mut heads, mut messages, mut own) = (Vec::new(), Vec::new(), Vec::new());
        for mut members in groups.into_values().filter(|members| members.len() > 1) {
            let index = |row: usize| rows.int(IntCol::SplitIndex, row);
            members.sort_by(|a, b| index(*a).cmp(&index(*b)).then_with(|| file_order(place(*a), place(*b), files)));
            let texts: Vec<&str> = members.iter().map(|row| rows.text(TextCol::Message, *row)).collect();
            let head = members[0];
            own.push([
                i64::try_from(texts[0].len()).unwrap_or(NONE),
                i64::try_from(members.len()).unwrap_or(NONE),
                rows.payload_hash(head).cast_signed(),
            ]);
            messages.push(joined(&texts, rows.word(DictCol::Kind, head)));
            fates.insert(identity(rows, head, rows.repeat(head)), Fate::Head(heads.len() as u32));
            fates.extend(members[1..].iter().map(|row| (identity(rows, *row, rows.repeat(*row)), Fate::Part)));
            heads.push((0, head as u32));
        }
        let column = |at: usize| own.iter().map(|own: &[i64; 3]| own[at]).collect::<Vec<_>>();
        let joined = Rows::gather(&[rows], &heads).with_messages(&messages, [&column(0), &column(1), &column(2)]);
        Self { rows: joined, fates }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fates.is_empty()
    }

    /// What becomes of a row, of which it is told which copy of its content it is; `None` for a row that stays as it is.
    pub(super) fn fate(&self, rows: &Rows, row: usize, copy: u32) -> Option<Fate> {
        rows.word(DictCol::SplitUid, row)?;
        self.fates.get(&identity(rows, row, copy)).copied()
    }
}

/// The text of parts in their order. What an audit entry is read by, its method or status, stands in each of its parts: only
/// the request and the response are divided.
fn joined(texts: &[&str], kind: Option<&str>) -> String {
    if kind != Some(Kind::Audit.as_str()) {
        return texts.concat();
    }
    let mut told: Vec<&str> = Vec::new();
    for text in texts {
        if !told.contains(text) {
            told.push(text);
        }
    }
    told.concat()
}

fn identity(rows: &Rows, row: usize, copy: u32) -> Identity {
    (rows.files[row], rows.int(IntCol::Offset, row), dedup_key(Place::new(rows, row), copy))
}

#[cfg(test)]
mod tests;
