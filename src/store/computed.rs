//! What compacting finds out about rows: signature, exception, stack, event.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::event::EventRole;
use super::regroup::{Membership, Told};
use super::rows::{Dict, Rows, TextCol, Texts};
use crate::mine::{Miner, SigId, SignatureTable};
use crate::time;

/// Columns that compacting adds to rows, in their order.
#[derive(Debug, Default)]
pub(super) struct Computed {
    pub(super) sig: Vec<SigId>,
    pub(super) exception: Dict,
    pub(super) stack: Dict,
    pub(super) event_id: Texts,
    pub(super) role: Vec<EventRole>,
    pub(super) rows_in_event: Vec<i64>,
}

/// What rows have from their events, and the place of the first row among those that it is said of.
#[derive(Default)]
pub(super) struct FromEvents<'a> {
    pub(super) told: Option<&'a FxHashMap<u32, Told>>,
    pub(super) first: usize,
}

impl<'a> FromEvents<'a> {
    fn of(&self, row: usize) -> Option<&'a Told> {
        self.told?.get(&((self.first + row) as u32))
    }
}

/// Signs some rows and adds them to a signature table. A row without an exception of its own has that of its event.
pub(super) fn sign(
    (rows, some): (&Rows, Range<usize>),
    from: &FromEvents<'_>,
    miner: &mut Miner,
    table: &mut SignatureTable,
    out: &mut Computed,
) {
    let mut hex = String::new();
    out.sig.reserve(some.len());
    for row in some {
        let message = rows.text(TextCol::Message, row);
        let ts_ns = Some(rows.ts_ns[row]).filter(|ts_ns| *ts_ns != super::rows::NONE);
        let signed = miner.sign(table, rows.subject(row, message), ts_ns, rows.text(TextCol::InsertId, row), message);
        out.sig.push(signed.sig);
        let told = from.of(row).filter(|_| signed.exception.is_none());
        out.exception.push(row, told.map_or(signed.exception, |told| told.exception.as_deref()));
        hex.clear();
        if let Some(id) = told.map_or(signed.stack_id, |told| told.stack_id) {
            use std::fmt::Write as _;
            let _ = write!(hex, "{id:016x}");
        }
        out.stack.push(row, Some(&hex));
    }
}

/// Names events: `first` is the place in the day of the first row of the slice, `members` tells of its rows.
pub(super) fn name_events(day: Option<i64>, first: u64, members: &[Membership], out: &mut Computed) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let day = day.map_or(u64::MAX >> 32, |day| (day - time::day_of(0)).cast_unsigned());
    let mut text = [0_u8; 16];
    for member in members {
        let id = day << 32 | (first + u64::from(member.named_by));
        for (at, digit) in text.iter_mut().enumerate() {
            *digit = HEX[(id >> (60 - 4 * at) & 15) as usize];
        }
        out.event_id.add(std::str::from_utf8(&text).unwrap_or_default());
        out.role.push(member.role);
        out.rows_in_event.push(i64::from(member.rows));
    }
}
