//! Rows to events: a pure function over the sorted rows of one day.
//!
//! Runtimes write one failure as several rows within microseconds: chained stack traces with a joining sentence between
//! them, or a message and then every frame as a row of its own. Rows of one stream (service, instance, log) that follow one
//! another within [`GAP_NS`] and continue one another by their text become one event; rows of other kinds may stand between.
//! A stack that was written line by line is one event too: what stands below its frames belongs to it, and the line of an
//! exception ends one of Python, which it names. Templates and counts of entries do not change.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::event::EventRole;
use super::files::Files;
use super::order::{Place, origin};
use super::rows::{DictCol, IntCol, NONE, Rows};
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
    /// Frames of Python, whose exception has not come yet.
    awaits: bool,
    /// The envelope's severity, and the one its text implies.
    severity: (i64, i64),
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

/// What regrouping says of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    /// Position of the row that names the event: its head, or its first row where an export begins inside a stack.
    pub(super) named_by: u32,
    pub(super) role: EventRole,
    /// Rows of the event.
    pub(super) rows: i32,
}

/// What regrouping says of every row of a slice, and from which row on more rows could still change it.
///
/// Rows without an id that have one time lie in the order of their content; they are read in the order of their dump.
pub(super) fn regroup(blocks: &[&Rows], places: &[(u32, u32)], files: &Files) -> (Vec<Membership>, usize) {
    let Some(order) = as_written(blocks, places, files) else { return in_order(blocks, places) };
    let written: Vec<(u32, u32)> = order.iter().map(|at| places[*at as usize]).collect();
    let (members, open_from) = in_order(blocks, &written);
    let mut out = members.clone();
    for (member, at) in members.into_iter().zip(&order) {
        out[*at as usize] = Membership { named_by: order[member.named_by as usize], ..member };
    }
    let ts = |at: usize| blocks[places[at].0 as usize].ts_ns[places[at].1 as usize];
    let open = (1..=open_from).rev().find(|at| *at == places.len() || ts(at - 1) != ts(*at));
    (out, open.unwrap_or(0))
}

/// The order in which rows of one time that have no id stand in their dumps, where one of them is of a stack; `None` where
/// all of them lie so.
fn as_written(blocks: &[&Rows], places: &[(u32, u32)], files: &Files) -> Option<Vec<u32>> {
    let place = |at: u32| Place::new(blocks[places[at as usize].0 as usize], places[at as usize].1 as usize);
    let is_tied = |a: u32, b: u32| place(a).ts_ns() == place(b).ts_ns() && place(b).insert_id().is_empty();
    let mut order: Option<Vec<u32>> = None;
    let (mut at, end) = (0, places.len() as u32);
    while at < end {
        let first = at;
        at += 1;
        if !place(first).insert_id().is_empty() {
            continue;
        }
        while at < end && is_tied(first, at) {
            at += 1;
        }
        let of_stack = |at: u32| place(at).rows.role(place(at).row) != RowRole::Plain;
        if at - first > 1 && (first..at).any(of_stack) {
            let order = order.get_or_insert_with(|| (0..end).collect());
            order[first as usize..at as usize].sort_by(|a, b| origin(place(*a), place(*b), files));
        }
    }
    order
}

fn in_order(blocks: &[&Rows], places: &[(u32, u32)]) -> (Vec<Membership>, usize) {
    let role = |at: (u32, u32)| blocks[at.0 as usize].role(at.1 as usize);
    let alone = |at: usize| Membership { named_by: at as u32, role: EventRole::Head, rows: 1 };
    let (event_of, open_from) = assign(blocks, places);
    let mut out: Vec<Membership> = (0..places.len()).map(alone).collect();
    let mut size: FxHashMap<u32, i32> = FxHashMap::default();
    let mut head: FxHashMap<u32, u32> = FxHashMap::default();
    let joined = |at: usize| event_of[at] != at as u32;
    let attached = |at: usize| match role(places[at]) {
        RowRole::Joiner | RowRole::Frame | RowRole::PythonFrame => true,
        RowRole::Inside => joined(at),
        RowRole::Plain | RowRole::Traceback | RowRole::Exception => false,
    };
    // Most rows are events of their own: only those that are not are looked at again.
    let several: Vec<usize> = (0..places.len()).filter(|at| joined(*at) || role(places[*at]).is_of_stack()).collect();
    let mut firsts: Vec<usize> = several.iter().map(|at| event_of[*at] as usize).collect();
    firsts.extend(&several);
    firsts.sort_unstable();
    firsts.dedup();
    for at in &firsts {
        let event = event_of[*at];
        let rows = size.entry(event).or_insert(0);
        *rows = rows.saturating_add(1);
        if !attached(*at) {
            head.entry(event).or_insert(*at as u32);
        }
    }
    for at in firsts {
        let event = event_of[at];
        let named_by = head.get(&event).copied().unwrap_or(event);
        out[at] = Membership {
            named_by,
            rows: size[&event],
            role: match role(places[at]) {
                RowRole::Joiner => EventRole::Joiner,
                RowRole::Frame | RowRole::PythonFrame => EventRole::Frame,
                RowRole::Inside if joined(at) => EventRole::Frame,
                _ if named_by == at as u32 => EventRole::Head,
                _ => EventRole::Traceback,
            },
        };
    }
    (out, open_from)
}

/// For each row the position of the first row of its event; and the first row of anything that is still open at the end.
fn assign(blocks: &[&Rows], places: &[(u32, u32)]) -> (Vec<u32>, usize) {
    type Key<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);
    let mut streams: FxHashMap<Key<'_>, Stream> = FxHashMap::default();
    let mut event_of: Vec<u32> = (0..places.len()).map(|at| at as u32).collect();
    // Nothing is joined to a plain row that no row of a stack follows within the gap, and no such row to what is not near one.
    let near_stack = near_stacks(blocks, places);
    for (at, (block, row)) in places.iter().enumerate() {
        let (rows, row) = (blocks[*block as usize], *row as usize);
        // An empty line stands inside of stacks, and heads none.
        if !near_stack[at] || rows.role(row) == RowRole::Plain && rows.int(IntCol::PayloadRank, row) == 0 {
            continue;
        }
        let ts_ns = rows.ts_ns[row];
        let word = |column| rows.word(column, row);
        let key = (word(DictCol::Service), word(DictCol::Instance), word(DictCol::LogName));
        let severity = (rows.int(IntCol::Severity, row), rows.int(IntCol::EffectiveSeverity, row));
        let role = rows.role(row);
        let stream = streams.entry(key).or_default();
        let stack = stream.stack.filter(|last| last.is_near(ts_ns));
        let newest = stack.filter(|stack| stream.plain.back().is_none_or(|plain| plain.at < stack.at));
        let joined = match role {
            RowRole::Plain => None,
            RowRole::Traceback => stack.filter(|last| last.role == RowRole::Joiner),
            RowRole::Joiner => stack.filter(|last| last.role != RowRole::Joiner),
            RowRole::Frame => head_of_frame(stack, &stream.plain, ts_ns, severity.0),
            // Behind an exception they are another one's.
            RowRole::PythonFrame => {
                let open = stack.filter(|last| last.role != RowRole::Traceback);
                head_of_frame(open, &stream.plain, ts_ns, severity.0)
                    .filter(|head| stack.is_none_or(|last| open.is_some() || head.at > last.at))
            }
            RowRole::Inside => newest.filter(|last| last.role != RowRole::Joiner),
            RowRole::Exception => newest.filter(|last| last.awaits),
        };
        event_of[at] = joined.map_or(at, |last| last.event) as u32;
        let (role, awaits) = match role {
            RowRole::Inside if joined.is_some() => (RowRole::Frame, joined.is_some_and(|last| last.awaits)),
            RowRole::Exception if joined.is_some() => (RowRole::Traceback, false),
            RowRole::Inside | RowRole::Exception => (RowRole::Plain, false),
            RowRole::Frame => (role, joined.is_some_and(|last| last.awaits)),
            role => (role, role == RowRole::PythonFrame),
        };
        let last = Last { at, event: event_of[at] as usize, role, ts_ns, awaits, severity };
        if role == RowRole::Plain {
            if stream.plain.len() == CANDIDATES {
                stream.plain.pop_front();
            }
            stream.plain.push_back(last);
        } else {
            stream.stack = Some(last);
        }
    }
    let ts = |at: &(u32, u32)| blocks[at.0 as usize].ts_ns[at.1 as usize];
    let end = places.last().map_or(0, ts);
    let tail = places.iter().rposition(|at| end.saturating_sub(ts(at)) > GAP_NS).map_or(0, |at| at + 1);
    let open = event_of[tail..].iter().map(|event| *event as usize).min().unwrap_or(tail);
    (event_of, open.min(tail))
}

/// Rows of stacks, and rows with a time that one of them follows within the gap; or precedes, where they may belong to it.
fn near_stacks(blocks: &[&Rows], places: &[(u32, u32)]) -> Vec<bool> {
    let mut near = vec![false; places.len()];
    let of = |at: usize| {
        let (block, row) = places[at];
        let rows = blocks[block as usize];
        (rows.ts_ns[row as usize], rows.role(row as usize))
    };
    let mut newest: Option<i64> = None;
    for at in (0..places.len()).rev() {
        let (ts_ns, role) = of(at);
        if ts_ns == NONE {
            continue;
        }
        if role.is_of_stack() {
            newest = Some(ts_ns);
        }
        near[at] = newest.is_some_and(|newest| newest - ts_ns <= GAP_NS);
    }
    newest = None;
    for (at, near) in near.iter_mut().enumerate() {
        let (ts_ns, role) = of(at);
        if ts_ns == NONE || role == RowRole::Plain {
            continue;
        }
        *near |= newest.is_some_and(|newest| ts_ns - newest <= GAP_NS);
        if role.is_of_stack() || *near {
            newest = Some(ts_ns);
        }
    }
    near
}

/// What a frame continues: the open stack, or a plain row that came after it and can be a new head.
///
/// A stream's other rows may fall between a head and its frames. A row of the frame's own severity, or of WARNING and above,
/// is taken for a head; any other one for a bystander, unless nothing else is there.
fn head_of_frame(stack: Option<Last>, plain: &VecDeque<Last>, ts_ns: i64, severity: i64) -> Option<Last> {
    let near = || plain.iter().rev().filter(|last| last.is_near(ts_ns));
    let since_stack = |last: &&Last| stack.is_none_or(|stack| last.at > stack.at);
    let is_head =
        |last: &&Last| last.severity.0 == severity || last.severity.1 >= i64::from(Severity::Warning.number());
    let head = near().filter(since_stack).find(is_head);
    head.copied().or(stack).or_else(|| near().next().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{LogRecord, Severity};
    use crate::store::files::FileList;
    use crate::store::fixture::{DAY_ONE, MS, row};
    use crate::store::order::sorted;

    const TRACE: &str =
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\nValueError: bad";
    const JOINER: &str = "During handling of the above exception, another exception occurred:";
    const FRAME: &str = "    at handler (/app/index.js:10:5)";

    /// (event, role, rows in event) of rows in file order of their times; events are numbered as they appear.
    fn events(records: impl IntoIterator<Item = LogRecord<'static>>) -> Vec<(usize, EventRole, i32)> {
        let files = FileList::default();
        let file = files.add(crate::record::ContentId([1; 32]));
        let mut rows = Rows::default();
        for record in records {
            rows.push(file, &record, &[], crate::mine::row_role(&record.message));
        }
        let members = regroup(&[&rows], &sorted(&[&rows], &files.files()), &files.files()).0;
        let mut seen: Vec<u32> = Vec::new();
        let mut number = |id: u32| {
            seen.iter().position(|known| *known == id).unwrap_or_else(|| {
                seen.push(id);
                seen.len() - 1
            })
        };
        members.iter().map(|member| (number(member.named_by), member.role, member.rows)).collect()
    }

    fn at(micros: i64, message: &'static str) -> LogRecord<'static> {
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
    fn lines_of_one_time_without_ids_are_read_in_the_order_of_their_dump() {
        let lines = [
            "Traceback (most recent call last):",
            "  File \"/srv/app.py\", line 3, in one",
            "    two()",
            "  File \"/srv/app.py\", line 7, in two",
            "    three()",
            "  File \"/srv/app.py\", line 9, in three",
            "    return {}[1]",
            "KeyError: 1",
            "GET /cart took 3 ms",
        ];
        let files = FileList::default();
        let file = files.add(crate::record::ContentId([1; 32]));
        // Times, so that the lines are the same ones at another time and lie in another order there.
        for (times, ms) in [(1, 0), (3, 1)] {
            let mut rows = Rows::default();
            for time in 0..times {
                for (at, line) in lines.iter().enumerate() {
                    let mut record = row(DAY_ONE + time * 20 * MS + ms, "", line);
                    record.offset = (time * 1_000 + at as i64 * 50) as u64;
                    rows.push(file, &record, &[], crate::mine::row_role(line));
                }
            }
            let places = sorted(&[&rows], &files.files());
            let (members, _) = regroup(&[&rows], &places, &files.files());
            for (member, at) in members.iter().zip(&places) {
                let line = rows.int(IntCol::Offset, at.1 as usize) as usize % 1_000 / 50;
                let head = rows.int(IntCol::Offset, places[member.named_by as usize].1 as usize) as usize % 1_000 / 50;
                // The line of the exception names a stack of Python.
                let expected = if line == 8 { (8, 1) } else { (7, 8) };
                assert_eq!((head, member.rows), expected, "{}", lines[line]);
            }
        }
    }

    #[test]
    fn two_crashes_and_two_instances_stay_apart() {
        let other = |mut record: LogRecord<'static>| {
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
    fn an_empty_line_inside_of_a_stack_heads_nothing() {
        use EventRole::{Frame, Head};
        let empty = LogRecord { payload_rank: 0, ..row(DAY_ONE + 1, "", "") };
        let rows = [
            row(DAY_ONE, "", "panic: no stock"),
            empty,
            row(DAY_ONE + 2, "", "goroutine 1 [running]:"),
            row(DAY_ONE + 3, "", "\t/srv/till.go:7 +0x1d"),
        ];
        assert_eq!(events(rows), [(0, Head, 3), (1, Head, 1), (0, Frame, 3), (0, Frame, 3)]);
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
    fn a_stack_of_python_that_was_written_line_by_line_is_one_event() {
        use EventRole::{Frame, Head, Joiner, Traceback};
        let lines = |from: i64| {
            vec![
                at(from, "Traceback (most recent call last):"),
                at(from + 1, "  File \"/app/a.py\", line 3, in f"),
                at(from + 2, "    g()"),
                at(from + 3, "  File \"/app/a.py\", line 9, in g"),
                at(from + 4, "    raise ValueError(1)"),
                at(from + 5, "ValueError: no"),
            ]
        };
        let one = [(0, Frame, 6), (0, Frame, 6), (0, Frame, 6), (0, Frame, 6), (0, Frame, 6), (0, Head, 6)];
        assert_eq!(events(lines(0)), one);
        // Another one behind it, an exception that no stack awaits, and rows that only look like parts.
        let mut rows = lines(0);
        rows.extend(lines(10));
        rows.extend([at(20, "ValueError: again"), at(21, "    indented")]);
        let found: Vec<_> = events(rows).into_iter().map(|event| (event.0, event.2)).collect();
        assert_eq!(found[..12], [[(0, 6); 6], [(1, 6); 6]].concat());
        assert_eq!(found[12..], [(2, 1), (3, 1)]);
        // A chain.
        let mut rows = lines(0);
        rows.push(at(7, JOINER));
        rows.extend(lines(10));
        let found = events(rows);
        assert!(found.iter().all(|event| (event.0, event.2) == (0, 13)), "{found:?}");
        assert_eq!((found[5].1, found[6].1, found[12].1), (Head, Joiner, Traceback));
    }

    #[test]
    fn causes_and_functions_between_frames_belong_to_their_stack() {
        let java = vec![
            at(0, "org.shop.OrderException: cannot order"),
            at(1, "\tat org.shop.Orders.place(Orders.java:42)"),
            at(2, "Caused by: java.io.IOException: disk"),
            at(3, "\tat org.shop.Disk.write(Disk.java:7)"),
            at(4, "org.shop.OrderException: cannot order"),
            at(5, "\tat org.shop.Orders.place(Orders.java:42)"),
        ];
        let found: Vec<_> = events(java).into_iter().map(|event| (event.0, event.2)).collect();
        assert_eq!(found, [(0, 4), (0, 4), (0, 4), (0, 4), (1, 2), (1, 2)]);
        let go = vec![
            at(0, "panic: no stock"),
            at(1, "goroutine 1 [running]:"),
            at(2, "main.pick(0x1)"),
            at(3, "\t/src/shop/main.go:12 +0x1d"),
            at(4, "main.main()"),
            at(5, "\t/src/shop/main.go:7 +0x1d"),
        ];
        assert!(events(go).iter().all(|event| (event.0, event.2) == (0, 6)));
        let alone = at(0, "Caused by: java.io.IOException: disk");
        assert_eq!(events(vec![alone]), [(0, EventRole::Head, 1)]);
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
