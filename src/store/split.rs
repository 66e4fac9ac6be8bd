//! Entries that the exporter split because of their size: their parts become one row again.
//!
//! The part with the least index stays and takes the others' text behind its own; the others are kept beside the rows, so
//! that a part that comes with a later file joins exactly as if it had come with the first.

use std::collections::BTreeMap;

use super::row::{Row, file_order};

/// Undoes [`join`]: rows as they were exported, without what compacting found out about them.
pub(super) fn part(rows: &mut [Row]) {
    for row in rows {
        if let Some(own) = row.own_bytes.take() {
            row.rec.message.truncate(usize::try_from(own).unwrap_or(usize::MAX).min(row.rec.message.len()));
        }
        row.parts = 1;
        row.forget();
    }
}

/// Joins parts; the second list holds the parts that are no rows any more. Order of rows is kept.
pub(super) fn join(mut rows: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let mut groups: BTreeMap<(Option<String>, String), Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(split) = &row.rec.split {
            groups.entry((row.rec.project.clone(), split.uid.clone())).or_default().push(at);
        }
    }
    groups.retain(|_, members| members.len() > 1);
    if groups.is_empty() {
        return (rows, Vec::new());
    }
    let mut gone = vec![false; rows.len()];
    for members in groups.values_mut() {
        let index = |at: usize| rows[at].rec.split.as_ref().map_or(0, |split| split.index);
        members.sort_by(|a, b| index(*a).cmp(&index(*b)).then_with(|| file_order(&rows[*a], &rows[*b])));
        let (head, others) = members.split_first().expect("a group has at least two members");
        let text: String = others.iter().map(|at| rows[*at].rec.message.as_str()).collect();
        let row = &mut rows[*head];
        row.own_bytes = i64::try_from(row.rec.message.len()).ok();
        row.rec.message.push_str(&text);
        row.parts = i32::try_from(others.len() + 1).unwrap_or(i32::MAX);
        for at in others {
            gone[*at] = true;
        }
    }
    let (mut kept, mut parts) = (Vec::with_capacity(rows.len()), Vec::new());
    for (row, gone) in rows.into_iter().zip(gone) {
        if gone { &mut parts } else { &mut kept }.push(row);
    }
    (kept, parts)
}
