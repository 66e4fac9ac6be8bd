//! A row on its way into the store: the record, the identity it is deduplicated by, and what compacting finds out about it.
//!
//! Two orders are defined here and nowhere else: which of several duplicates is kept, and in what order rows lie in a file.
//! Both are total and depend on content only, so that no order of inputs, threads or ingests can show.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};

use crate::mine::{SigId, Subject};
use crate::record::{ContentId, LogRecord};

/// `input` of a row that was read back from the store.
pub(super) const STORED: u32 = u32::MAX;

/// What a row is inside its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventRole {
    /// The row that names the event; every row that is an event of its own.
    #[default]
    Head,
    /// A further stack trace of the event.
    Traceback,
    /// Only says that two stack traces belong together.
    Joiner,
    /// Only a line of a stack.
    Frame,
}

impl EventRole {
    /// The word stored in the `event_role` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Traceback => "traceback",
            Self::Joiner => "joiner",
            Self::Frame => "frame",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Head, Self::Traceback, Self::Joiner, Self::Frame].into_iter().find(|role| role.as_str() == word)
    }

    /// Whether the row makes no cluster of its own.
    pub fn is_attached(self) -> bool {
        matches!(self, Self::Joiner | Self::Frame)
    }
}

/// One row, as compacting sees it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The record; its `effective_reason` is moved to `reason`.
    pub(super) rec: LogRecord,
    /// Why the effective severity differs.
    pub(super) reason: Option<Cow<'static, str>>,
    /// Identity for deduplication.
    pub(super) key: u128,
    /// First half of the payload's hash: bodies that differ are conflicts.
    pub(super) payload_hash: i64,
    /// The input that the row came from.
    pub(super) file: ContentId,
    /// Position of that input in the call, or [`STORED`].
    pub(super) input: u32,
    /// Parts joined into this row, 1 for most.
    pub(super) parts: i32,
    /// Bytes of the message that are the row's own; more follow when parts were joined.
    pub(super) own_bytes: Option<i64>,
    pub(super) sig: SigId,
    pub(super) exception: Option<String>,
    pub(super) stack_id: Option<u64>,
    pub(super) event_id: u64,
    pub(super) role: EventRole,
    pub(super) rows_in_event: i32,
}

impl Row {
    /// A row of one input, with the key it is deduplicated by.
    pub(super) fn new(mut rec: LogRecord, key: u128, file: ContentId, input: u32) -> Self {
        Self {
            reason: rec.effective_reason.take().map(Cow::Borrowed),
            payload_hash: (rec.payload_hash >> 64) as i64,
            rec,
            key,
            file,
            input,
            parts: 1,
            own_bytes: None,
            sig: SigId(0),
            exception: None,
            stack_id: None,
            event_id: 0,
            role: EventRole::Head,
            rows_in_event: 1,
        }
    }

    /// Takes back what compacting found out: a part of an entry must not remember when it was a row.
    pub(super) fn forget(&mut self) {
        self.sig = SigId(0);
        self.exception = None;
        self.stack_id = None;
        self.event_id = 0;
        self.role = EventRole::Head;
        self.rows_in_event = 1;
    }

    /// What the row is mined as: its text, else its request, else nothing.
    pub(super) fn subject(&self) -> Subject<'_> {
        subject(&self.rec)
    }
}

/// What a record is mined as: its text, else its request, else nothing.
pub fn subject(rec: &LogRecord) -> Subject<'_> {
    match (&rec.http, rec.message.is_empty()) {
        (_, false) => Subject::Text(&rec.message),
        (Some(http), true) => Subject::Request {
            method: http.method.as_deref().unwrap_or(""),
            route: http.path.as_deref().unwrap_or(""),
            status: http.status.and_then(|status| u16::try_from(status).ok()),
        },
        (None, true) => Subject::Empty,
    }
}

/// `Less` when `a` is to be kept: richest payload, then least damaged text, then least (content id, offset) (D2).
pub(super) fn preference(a: &Row, b: &Row) -> Ordering {
    let of = |row: &Row| (Reverse(row.rec.payload_rank), row.rec.lossy, row.file, row.rec.offset);
    of(a).cmp(&of(b))
}

/// Order of rows in a file: time, id, key.
pub(super) fn file_order(a: &Row, b: &Row) -> Ordering {
    (a.rec.ts_ns, &a.rec.insert_id, a.key).cmp(&(b.rec.ts_ns, &b.rec.insert_id, b.key))
}

/// Sorts without moving the rows until their places are known: a row is some hundred bytes.
pub(super) fn sort(rows: Vec<Row>) -> Vec<Row> {
    if rows.is_sorted_by(|a, b| file_order(a, b) != Ordering::Greater) {
        return rows;
    }
    let mut order: Vec<(Option<i64>, usize)> = rows.iter().map(|row| row.rec.ts_ns).zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| file_order(&rows[a.1], &rows[b.1])));
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, at)| rows[at].take()).collect()
}
