//! Rows to events: a pure function over the sorted rows of one day.
//!
//! Runtimes write one failure as several rows within microseconds: chained stack traces with a joining sentence between
//! them, or a message and then every frame as a row of its own. Rows of one stream (service, instance, log) that follow one
//! another within [`GAP_NS`] and continue one another by their text become one event; rows of other kinds may stand between.
//! Templates and counts of entries do not change.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::row::{EventRole, Row};
use crate::mine::RowRole;
use crate::record::Severity;

/// Longest pause between two rows of one event.
pub const GAP_NS: i64 = 5_000_000;

/// Plain rows remembered as possible heads of the frames after them.
const CANDIDATES: usize = 4;

/// A row that later rows may continue.
#[derive(Clone, Copy)]
struct Last {
    at: usize,
    event: usize,
    role: RowRole,
    ts_ns: i64,
    /// The envelope's severity, and the one its text implies.
    severity: (Severity, Severity),
}

impl Last {
    fn is_near(&self, ts_ns: i64) -> bool {
        ts_ns - self.ts_ns <= GAP_NS
    }
}

/// What is open in one stream.
#[derive(Default)]
struct Stream {
    /// Newest row that belongs to a stack.
    stack: Option<Last>,
    /// Newest rows that do not, newest last: frames may follow one of them.
    plain: VecDeque<Last>,
}

/// Sets `event_id`, `role` and `rows_in_event` of every row. `roles` are the rows' own, from their text.
pub(super) fn regroup(rows: &mut [Row], roles: &[RowRole]) {
    let event_of = assign(rows, roles);
    let mut size = vec![0_i32; rows.len()];
    let mut head: Vec<Option<usize>> = vec![None; rows.len()];
    for (at, event) in event_of.iter().enumerate() {
        size[*event] = size[*event].saturating_add(1);
        if head[*event].is_none() && !matches!(roles[at], RowRole::Joiner | RowRole::Frame) {
            head[*event] = Some(at);
        }
    }
    for (at, event) in event_of.iter().enumerate() {
        // Without a head the event is named by its first row: an export may begin inside a stack.
        let named_by = head[*event].unwrap_or(*event);
        rows[at].event_id = (rows[named_by].key >> 64) as u64;
        rows[at].rows_in_event = size[*event];
        rows[at].role = match roles[at] {
            RowRole::Joiner => EventRole::Joiner,
            RowRole::Frame => EventRole::Frame,
            _ if named_by == at => EventRole::Head,
            _ => EventRole::Traceback,
        };
    }
}

/// For each row the position of the first row of its event.
fn assign(rows: &[Row], roles: &[RowRole]) -> Vec<usize> {
    type Key<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);
    let mut streams: FxHashMap<Key<'_>, Stream> = FxHashMap::default();
    let mut event_of: Vec<usize> = (0..rows.len()).collect();
    for (at, row) in rows.iter().enumerate() {
        let Some(ts_ns) = row.rec.ts_ns else { continue };
        let key = (row.rec.service.as_deref(), row.rec.instance.as_deref(), row.rec.log_name.as_deref());
        let stream = streams.entry(key).or_default();
        let stack = stream.stack.filter(|last| last.is_near(ts_ns));
        let joined = match roles[at] {
            RowRole::Plain => None,
            RowRole::Traceback => stack.filter(|last| last.role == RowRole::Joiner),
            RowRole::Joiner => stack.filter(|last| last.role != RowRole::Joiner),
            RowRole::Frame => head_of_frame(stack, &stream.plain, ts_ns, row.rec.severity),
        };
        event_of[at] = joined.map_or(at, |last| last.event);
        let severity = (row.rec.severity, row.rec.effective_severity);
        let last = Last { at, event: event_of[at], role: roles[at], ts_ns, severity };
        if roles[at] == RowRole::Plain {
            if stream.plain.len() == CANDIDATES {
                stream.plain.pop_front();
            }
            stream.plain.push_back(last);
        } else {
            stream.stack = Some(last);
        }
    }
    event_of
}

/// What a frame continues: the open stack, or a plain row that came after it and can be a new head.
///
/// A stream's other rows may fall between a head and its frames. A row of the frame's own severity, or of WARNING and above,
/// is taken for a head; any other one for a bystander, unless nothing else is there.
fn head_of_frame(stack: Option<Last>, plain: &VecDeque<Last>, ts_ns: i64, severity: Severity) -> Option<Last> {
    let near = || plain.iter().rev().filter(|last| last.is_near(ts_ns));
    let since_stack = |last: &&Last| stack.is_none_or(|stack| last.at > stack.at);
    let is_head = |last: &&Last| last.severity.0 == severity || last.severity.1 >= Severity::Warning;
    let head = near().filter(since_stack).find(is_head);
    head.copied().or(stack).or_else(|| near().next().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mine::row_role;
    use crate::record::{ContentId, LogRecord};
    use crate::store::fixture::{DAY_ONE, MS, row};
    use crate::store::{row as rows, shard};

    const TRACE: &str =
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad";
    const JOINER: &str = "During handling of the above exception, another exception occurred:";
    const FRAME: &str = "    at handler (/app/index.js:10:5)";

    /// (event, role, rows in event) of rows in file order of their times; events are numbered as they appear.
    fn events(records: Vec<LogRecord>) -> Vec<(usize, EventRole, i32)> {
        let mut sorted = rows::sort(shard::rows(records, ContentId([1; 32]), 0));
        let roles: Vec<RowRole> = sorted.iter().map(|row| row_role(&row.rec.message)).collect();
        regroup(&mut sorted, &roles);
        let mut seen: Vec<u64> = Vec::new();
        let number = |id: u64, seen: &mut Vec<u64>| {
            seen.iter().position(|known| *known == id).unwrap_or_else(|| {
                seen.push(id);
                seen.len() - 1
            })
        };
        sorted.iter().map(|row| (number(row.event_id, &mut seen), row.role, row.rows_in_event)).collect()
    }

    fn at(micros: i64, message: &str) -> LogRecord {
        row(DAY_ONE + micros * 1_000, &format!("id{micros:09}"), message)
    }

    #[test]
    fn a_chained_exception_is_one_event_whatever_stands_between() {
        use EventRole::{Head, Joiner, Traceback};
        let mut rows = vec![
            at(0, TRACE),
            at(10, JOINER),
            at(15, "pool has 3 workers"),
            at(30, TRACE),
            at(34, JOINER),
            at(80, TRACE),
        ];
        let expected =
            [(0, Head, 5), (0, Joiner, 5), (1, Head, 1), (0, Traceback, 5), (0, Joiner, 5), (0, Traceback, 5)];
        assert_eq!(events(rows.clone()), expected);
        rows.reverse();
        assert_eq!(events(rows), expected);
    }

    #[test]
    fn two_crashes_and_two_instances_stay_apart() {
        let other = |mut record: LogRecord| {
            record.instance = Some("i2".into());
            record
        };
        let rows = vec![
            at(0, TRACE),
            other(at(1, TRACE)),
            at(2, JOINER),
            other(at(3, JOINER)),
            at(4, TRACE),
            other(at(5, TRACE)),
            at(9, TRACE),
        ];
        let found: Vec<usize> = events(rows).into_iter().map(|event| event.0).collect();
        assert_eq!(found, [0, 1, 0, 1, 0, 1, 2]);
    }

    #[test]
    fn a_pause_ends_an_event() {
        let far = 5_001;
        let found: Vec<usize> =
            events(vec![at(0, TRACE), at(far, JOINER), at(2 * far, TRACE)]).into_iter().map(|event| event.0).collect();
        assert_eq!(found, [0, 1, 2]);
        let near: Vec<usize> =
            events(vec![at(0, TRACE), at(5_000, JOINER), at(10_000, TRACE)]).into_iter().map(|event| event.0).collect();
        assert_eq!(near, [0, 0, 0]);
    }

    #[test]
    fn frames_follow_their_head_and_not_a_bystander() {
        use EventRole::{Frame, Head};
        let bystander =
            LogRecord { severity: Severity::Info, effective_severity: Severity::Info, ..at(20, "cache is warm") };
        let rows = vec![
            at(0, "Mail server refused"),
            at(5, FRAME),
            bystander,
            at(30, FRAME),
            at(40, "Payment refused"),
            at(44, FRAME),
        ];
        let expected = [(0, Head, 3), (0, Frame, 3), (1, Head, 1), (0, Frame, 3), (2, Head, 2), (2, Frame, 2)];
        assert_eq!(events(rows), expected);
    }

    #[test]
    fn a_bystander_before_the_first_frame_is_no_head() {
        let bystander =
            LogRecord { severity: Severity::Info, effective_severity: Severity::Info, ..at(2, "cache is warm") };
        let found: Vec<usize> = events(vec![at(0, "Mail server refused"), bystander, at(5, FRAME)])
            .into_iter()
            .map(|event| event.0)
            .collect();
        assert_eq!(found, [0, 1, 0]);
    }

    #[test]
    fn an_event_without_a_head_is_named_by_its_first_row() {
        use EventRole::{Frame, Head, Joiner};
        assert_eq!(events(vec![at(0, FRAME), at(1, FRAME)]), [(0, Frame, 2), (0, Frame, 2)]);
        // The stack after a joiner whose first stack was not exported is the head.
        assert_eq!(events(vec![at(0, JOINER), at(1, TRACE)]), [(0, Joiner, 2), (0, Head, 2)]);
        assert_eq!(GAP_NS, 5 * MS);
    }
}
