//! Tables: files whose first lines name columns.

use super::csv::{self, Lead};
use super::fields::{self, Opens};
use super::{Counts, Sink, Window};

/// A table of either kind.
#[derive(Debug)]
pub(super) enum Table {
    /// Cells between commas, semicolons or tabs, below a header.
    Cells(csv::Table),
    /// Columns that a remark names.
    Fields(fields::Table),
}

/// Whether a file opens a table.
#[derive(Debug)]
pub(super) enum Opened {
    /// It does: how many bytes of it are the header, and what was passed over.
    Table(Table, usize, Lead),
    /// Only more bytes say it.
    Open,
    None,
}

impl Table {
    /// Looks at the front of a file, of which the first line is complete; `whole`: no more bytes are to be had.
    pub(super) fn open(bytes: &[u8], lead: Lead, whole: bool) -> Opened {
        if let Some((table, length)) = csv::Table::open(bytes, lead) {
            return Opened::Table(Self::Cells(table), length, lead);
        }
        match fields::Table::open(bytes, whole) {
            Opens::Table(table, length) => Opened::Table(Self::Fields(table), length, Lead::default()),
            Opens::Open => Opened::Open,
            Opens::None if whole => csv::below_banner(bytes, lead)
                .map_or(Opened::None, |(table, length, lead)| Opened::Table(Self::Cells(table), length, lead)),
            Opens::None if csv::may_have_banner(bytes, lead) => Opened::Open,
            Opens::None => Opened::None,
        }
    }

    /// Reads the next record or blank; `None` when it needs a longer window.
    pub(super) fn step<S: Sink>(
        &mut self,
        window: Window<'_>,
        at: usize,
        limit: usize,
        counts: &mut Counts,
        sink: &mut S,
    ) -> Option<usize> {
        if matches!(window.bytes[at], b'\n' | b'\r') {
            counts.by.blank += 1;
            return Some(at + 1);
        }
        match self {
            Self::Cells(table) => table.step(window, at, limit, counts, sink),
            Self::Fields(table) => table.step(window, at, limit, counts, sink),
        }
    }
}
