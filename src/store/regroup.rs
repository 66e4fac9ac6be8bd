//! Rows to events: a pure function over the sorted rows of one day.
//!
//! Runtimes write one failure as several rows within microseconds: chained stack traces with a joining sentence between
//! them, or a message and then every frame as a row of its own. Rows of one stream (service, instance, log) that follow one
//! another within [`GAP_NS`] and continue one another by their text become one event; rows of other kinds may stand between.
//! A stack that was written line by line is one event too: what stands below its frames belongs to it, blank rows between its
//! lines do, the line of an exception ends one of Python, which it names (below the stack's header one of any type of several
//! words), and the line that an error was logged with stands above its exception. Templates and counts of entries do not
//! change.
//!
//! A row alone does not show that it is the head of such a stack. Where it says nothing of its severity, it is as severe as its
//! event: what the first row of it says that says anything, else an error.

mod block;
mod told;

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::event::EventRole;
use super::files::Files;
use super::order::{Place, origin};
use super::rows::{DictCol, IntCol, NONE, Rows, TextCol};
use crate::mine::{Marks, RowRole, may_be_exception, unstamped};
use crate::record::Severity;
use block::{BLOCK_NS, Block, Is, lone_file, opens};
pub(super) use told::Told;

/// Longest pause between two rows of one event.
pub const GAP_NS: i64 = 5_000_000;

/// Plain rows remembered as possible heads of the frames after them.
const CANDIDATES: usize = 4;

/// A row that later rows may continue.
#[derive(Clone, Copy)]
struct Last {
    at: usize,
    role: RowRole,
    ts_ns: i64,
    /// Frames of Python or a message on the console of .NET, whose exception has not come yet.
    awaits: bool,
    /// The header of Python stands above its frames.
    headed: bool,
    /// The envelope's severity, and the one its text implies.
    severity: (i64, i64),
    /// The line of an exception that is no part of a stack so far.
    exception: bool,
    /// What the row below it is to it.
    below: Below,
    /// The block that it belongs to.
    block: Option<Block>,
}

/// What the next row of a stream is to a row, whatever its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Only its text tells.
    Any,
    /// What failed.
    Error,
    /// The same, indented.
    Indented,
    /// The code at a place of Node, below which the caret stands.
    Code,
    /// The caret, below which the error stands.
    Caret,
    /// What something above it was caused by.
    Cause,
}

impl Below {
    /// What stands below a row of some role that was joined to another.
    fn of(role: RowRole, joined: Option<&Last>) -> Self {
        match (joined.map(|last| last.below), role) {
            (Some(Self::Code), _) => Self::Caret,
            (Some(Self::Caret), RowRole::Frame) | (_, RowRole::Opener) => Self::Error,
            (_, RowRole::Console) => Self::Indented,
            (_, RowRole::Place) => Self::Code,
            (Some(_), RowRole::Cause) => Self::Cause,
            _ => Self::Any,
        }
    }

    /// Whether a row of some role right below it is that, whatever its text says; a cause must look like one.
    fn takes(self, role: RowRole, is_cause: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Error | Self::Code => true,
            Self::Cause => is_cause(),
            Self::Indented => role == RowRole::Inside,
            Self::Any | Self::Caret => false,
        }
    }
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
    /// Rows since the newest of both that belong to what comes next, if that is of a stack.
    between: Vec<u32>,
    /// The same of rows that stand above a possible head, by its position.
    above: FxHashMap<usize, Vec<u32>>,
}

impl Stream {
    /// The newest row, if it is the line of an exception whose frames have not come. An indented row below it is more of its
    /// message, or the code that Rails shows.
    fn open_exception(&self, ts_ns: i64) -> Option<Last> {
        let is_open = |plain: &Last| plain.exception && plain.is_near(ts_ns);
        let newest = self.plain.back().filter(|plain| self.stack.is_none_or(|stack| stack.at < plain.at));
        newest.copied().filter(is_open)
    }

    /// The line of a log right above the line of an exception that a frame follows at some time: `ERROR could not save`.
    fn logged(&self, exception: &Last, ts_ns: i64) -> Option<Last> {
        let at = self.plain.iter().rposition(|plain| plain.at == exception.at)?;
        let above = *self.plain.get(at.checked_sub(1)?)?;
        let is_loud = above.severity.1 >= i64::from(Severity::Warning.number());
        let is_right_above = self.stack.is_none_or(|stack| stack.at < above.at);
        (is_loud && is_right_above && !above.exception && above.is_near(ts_ns)).then_some(above)
    }
}

/// What regrouping says of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    /// Position of the row that names the event: its head, or its first row where an export begins inside a stack.
    pub(super) named_by: u32,
    pub(super) role: EventRole,
    /// Rows of the event.
    pub(super) rows: i32,
    /// What the row's severity is in this event, where it says nothing itself.
    pub(super) severity: Option<i64>,
}

/// What regrouping says of a slice.
#[derive(Debug)]
pub(super) struct Regrouped {
    /// For each row its event.
    pub(super) members: Vec<Membership>,
    /// Exception and stack that rows have from their event, by position.
    pub(super) told: FxHashMap<u32, Told>,
    /// From which row on more rows could still change it.
    pub(super) open_from: usize,
}

/// What regrouping says of the rows of a slice.
///
/// Rows that are known by their content and have one time lie in the order of their content; they are read in the order of their dump.
pub(super) fn regroup(blocks: &[&Rows], places: &[(u32, u32)], files: &Files) -> Regrouped {
    let Some(order) = as_written(blocks, places, files) else { return in_order(blocks, places) };
    let written: Vec<(u32, u32)> = order.iter().map(|at| places[*at as usize]).collect();
    let Regrouped { members, told, open_from } = in_order(blocks, &written);
    let mut out = members.clone();
    for (member, at) in members.into_iter().zip(&order) {
        out[*at as usize] = Membership { named_by: order[member.named_by as usize], ..member };
    }
    let ts = |at: usize| blocks[places[at].0 as usize].ts_ns[places[at].1 as usize];
    let open = (1..=open_from).rev().find(|at| *at == places.len() || ts(at - 1) != ts(*at));
    let told = told.into_iter().map(|(at, told)| (order[at as usize], told)).collect();
    Regrouped { members: out, told, open_from: open.unwrap_or(0) }
}

/// The order in which rows of one time that are known by their content stand in their dumps, where one of them is of a stack; `None` where
/// all of them lie so.
fn as_written(blocks: &[&Rows], places: &[(u32, u32)], files: &Files) -> Option<Vec<u32>> {
    let place = |at: u32| Place::new(blocks[places[at as usize].0 as usize], places[at as usize].1 as usize);
    let is_tied = |a: u32, b: u32| place(a).ts_ns() == place(b).ts_ns() && place(b).by_content();
    let mut order: Option<Vec<u32>> = None;
    let (mut at, end) = (0, places.len() as u32);
    while at < end {
        let first = at;
        at += 1;
        if !place(first).by_content() {
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

fn in_order(blocks: &[&Rows], places: &[(u32, u32)]) -> Regrouped {
    let role = |at: (u32, u32)| blocks[at.0 as usize].role(at.1 as usize);
    let alone = |at: usize| Membership { named_by: at as u32, role: EventRole::Head, rows: 1, severity: None };
    let Events { of: event_of, inside, open_from } = assign(blocks, places);
    let mut out: Vec<Membership> = (0..places.len()).map(alone).collect();
    let mut size: FxHashMap<u32, i32> = FxHashMap::default();
    let mut head: FxHashMap<u32, u32> = FxHashMap::default();
    let mut said: FxHashMap<u32, i64> = FxHashMap::default();
    let joined = |at: usize| event_of[at] != at as u32;
    let of_stack = [RowRole::Joiner, RowRole::Frame, RowRole::PythonFrame, RowRole::Place];
    let attached = |at: usize| of_stack.contains(&role(places[at])) || inside.contains(&(at as u32));
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
            if let Some(severity) = own_severity(blocks, places[*at]) {
                said.entry(event).or_insert(severity);
            }
        }
    }
    for at in firsts.iter().copied() {
        let event = event_of[at];
        let named_by = head.get(&event).copied().unwrap_or(event);
        let rows = size[&event];
        let says_nothing = rows > 1 && !attached(at) && own_severity(blocks, places[at]).is_none();
        out[at] = Membership {
            named_by,
            rows,
            severity: says_nothing.then(|| said.get(&event).copied().unwrap_or(i64::from(Severity::Error.number()))),
            role: match role(places[at]) {
                RowRole::Joiner => EventRole::Joiner,
                _ if attached(at) => EventRole::Frame,
                _ if named_by == at as u32 => EventRole::Head,
                _ => EventRole::Traceback,
            },
        };
    }
    let mut events: Vec<(u32, u32)> = firsts.iter().map(|at| (event_of[*at], *at as u32)).collect();
    events.sort_unstable();
    let several = events.chunk_by(|a, b| a.0 == b.0).filter(|event| event.len() > 1);
    let told = several.flat_map(|event| told::of_event(blocks, places, event, &out)).collect();
    Regrouped { members: out, told, open_from }
}

/// The severity that a row itself tells, in its envelope or by its text.
fn own_severity(blocks: &[&Rows], (block, row): (u32, u32)) -> Option<i64> {
    let (rows, row) = (blocks[block as usize], row as usize);
    let is_told = rows.int(IntCol::Severity, row) != i64::from(Severity::Default.number())
        || rows.word(DictCol::Reason, row).is_some();
    is_told.then(|| rows.int(IntCol::EffectiveSeverity, row))
}

/// What [`assign`] finds.
struct Events {
    /// For each row the position of the first row of its event.
    of: Vec<u32>,
    /// Rows of stacks whose text does not show it.
    inside: FxHashSet<u32>,
    /// The first row of anything that is still open at the end.
    open_from: usize,
}

fn assign(blocks: &[&Rows], places: &[(u32, u32)]) -> Events {
    type Key<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);
    let mut streams: FxHashMap<Key<'_>, Stream> = FxHashMap::default();
    let mut event_of: Vec<u32> = (0..places.len()).map(|at| at as u32).collect();
    let mut inside: FxHashSet<u32> = FxHashSet::default();
    // Nothing is joined to a plain row that no row of a stack follows within the gap, and no such row to what is not near one.
    let near_stack = near_stacks(blocks, places);
    let ts = |at: &(u32, u32)| blocks[at.0 as usize].ts_ns[at.1 as usize];
    let text_at = |at: usize| unstamped(blocks[places[at].0 as usize].text(TextCol::Message, places[at].1 as usize));
    let file_at = |at: usize| lone_file(blocks[places[at].0 as usize], places[at].1 as usize);
    for (at, (block, row)) in places.iter().enumerate() {
        let (rows, row) = (blocks[*block as usize], *row as usize);
        if !near_stack[at] {
            continue;
        }
        let ts_ns = rows.ts_ns[row];
        let word = |column| rows.word(column, row);
        let key = (word(DictCol::Service), word(DictCol::Instance), word(DictCol::LogName));
        let severity = (rows.int(IntCol::Severity, row), rows.int(IntCol::EffectiveSeverity, row));
        let text = || unstamped(rows.text(TextCol::Message, row));
        let role = match rows.role(row) {
            // A request says nothing by its lack of a text; it may fall between any rows.
            RowRole::Between if rows.is_request(row) => continue,
            RowRole::Banner | RowRole::Reason if !opens(rows, row) => RowRole::Plain,
            role => role,
        };
        // Behind Ruby's logger and tags, only what stands behind the same ones is of one stack.
        let marks = if role == RowRole::Plain { Marks::default() } else { Marks::of(text()) };
        let agrees = |last: &Last| marks.is_empty() || marks.agrees(Marks::before(text_at(last.at)));
        let stream = streams.entry(key).or_default();
        let stack = stream.stack.filter(|last| last.is_near(ts_ns));
        let newest = stack.filter(|stack| stream.plain.back().is_none_or(|plain| plain.at < stack.at));
        if let Some(open) = stack
            && let Some((block, is)) = open.block.and_then(|block| block.with(rows, row, newest.is_some()))
        {
            event_of[at] = event_of[open.at];
            match is {
                // The banner says less than the reason below it.
                Is::Reason => inside.insert(block.first),
                Is::Detail => inside.insert(at as u32),
            };
            stream.stack = Some(Last { at, role: RowRole::Traceback, ts_ns, severity, block: Some(block), ..open });
            continue;
        }
        // An exception of any name ends the frames of Python below their header, if nothing tells it from them.
        let is_open = |last: Last| {
            last.awaits
                && last.headed
                && last.role != RowRole::Traceback
                && last.severity.0 == severity.0
                && file_at(last.at) == lone_file(rows, row)
        };
        let says_nothing = || rows.word(DictCol::Reason, row).is_none() && !rows.is_request(row);
        let role =
            if role == RowRole::Plain && newest.is_some_and(is_open) && says_nothing() && may_be_exception(text()) {
                RowRole::Exception
            } else {
                role
            };
        if role == RowRole::Between
            || role == RowRole::Inside && stream.open_exception(ts_ns).is_some_and(|open| agrees(&open))
        {
            stream.between.push(at as u32);
            continue;
        }
        let mut between = std::mem::take(&mut stream.between);
        let is_cause = |last: &Last| {
            let is_one = matches!(role, RowRole::Exception | RowRole::Inside | RowRole::Traceback);
            last.severity.0 == severity.0
                && (is_one || role == RowRole::Plain && (may_be_exception(text()) || is_numbered(text())))
        };
        let taken = newest.filter(|last| last.below.takes(role, || is_cause(last)));
        let joined = taken.or_else(|| match role {
            RowRole::Plain
            | RowRole::Between
            | RowRole::Opener
            | RowRole::Console
            | RowRole::Place
            | RowRole::Banner => None,
            RowRole::Cause => newest.or_else(|| stream.open_exception(ts_ns)),
            RowRole::Traceback => stack.filter(|last| last.role == RowRole::Joiner),
            RowRole::Joiner => stack.filter(|last| last.role != RowRole::Joiner),
            RowRole::Frame => head_of_frame(stack.filter(agrees), &stream.plain, ts_ns, severity.0, agrees),
            RowRole::PythonFrame if is_entry(text()) => None,
            // Behind an exception they are another one's.
            RowRole::PythonFrame => {
                let open = stack.filter(|last| last.role != RowRole::Traceback);
                head_of_frame(open, &stream.plain, ts_ns, severity.0, agrees)
                    .filter(|head| stack.is_none_or(|last| open.is_some() || head.at > last.at))
            }
            RowRole::Inside => newest.filter(|last| last.role != RowRole::Joiner),
            RowRole::Exception | RowRole::Reason => newest.filter(|last| last.awaits),
        });
        let joined = joined.filter(agrees);
        // A line of Ruby behind marks that no other one has is what it was without its neighbours.
        let role = if role == RowRole::Frame && joined.is_none() && !marks.is_empty() { RowRole::Plain } else { role };
        let mut firsts = [at; 2];
        if let Some(head) = &joined {
            let above = if head.exception { stream.logged(head, ts_ns) } else { None };
            let its = Marks::of(text_at(head.at));
            let above = above.filter(|above| its.is_empty() || its.agrees(Marks::before(text_at(above.at))));
            firsts = [above.map_or(head.at, |above| above.at), head.at];
            between.extend(firsts.iter().filter_map(|first| stream.above.remove(first)).flatten());
        }
        if joined.is_some() || role.is_of_stack() {
            // Its first row names an event while it is put together.
            between.retain(|between| {
                let at = *between as usize;
                let its = Marks::of(text_at(at));
                ts_ns - ts(&places[at]) <= GAP_NS && (its.is_empty() || its.agrees(Marks::before(text())))
            });
            let event = between.iter().copied().fold(event_of[firsts[0]], u32::min);
            for of in firsts {
                event_of[of] = event;
            }
            event_of[at] = event;
            for at in between.drain(..) {
                event_of[at as usize] = event;
                inside.insert(at);
            }
        }
        let below = Below::of(role, joined.as_ref());
        let (role, awaits) = match role {
            _ if taken.is_some_and(|last| last.below == Below::Code) => {
                inside.insert(at as u32);
                (RowRole::Frame, true)
            }
            RowRole::Inside if taken.is_some_and(|last| last.below == Below::Cause) => {
                inside.insert(at as u32);
                (RowRole::Frame, false)
            }
            RowRole::Cause if joined.is_some() => {
                inside.insert(at as u32);
                (RowRole::Frame, false)
            }
            RowRole::Plain | RowRole::Inside | RowRole::Exception if taken.is_some() => {
                // What only announces an error says less than the error below it.
                inside.extend(taken.filter(|last| last.role == RowRole::Opener).map(|last| last.at as u32));
                (RowRole::Traceback, taken.is_some_and(|last| last.below == Below::Indented))
            }
            RowRole::Inside if joined.is_some() => {
                inside.insert(at as u32);
                (RowRole::Frame, joined.is_some_and(|last| last.awaits))
            }
            RowRole::Exception if joined.is_some() => (RowRole::Traceback, false),
            RowRole::Inside | RowRole::Exception => (RowRole::Plain, false),
            RowRole::Frame => (role, joined.is_some_and(|last| last.awaits)),
            role => (role, matches!(role, RowRole::PythonFrame | RowRole::Place)),
        };
        let headed = role == RowRole::PythonFrame && text().contains("Traceback (")
            || role != RowRole::Traceback && joined.is_some_and(|last| last.headed);
        let exception = role == RowRole::Plain && rows.role(row) == RowRole::Exception;
        let ends_python = role == RowRole::Traceback && joined.is_some_and(|last| last.awaits && last.headed);
        let explained = || if ends_python { Block::explained(rows, row, at) } else { None };
        let block = Block::opened(rows, row, at).or_else(explained);
        let last = Last { at, role, ts_ns, awaits, headed, severity, exception, below, block };
        if role == RowRole::Plain {
            if stream.plain.len() == CANDIDATES
                && let Some(gone) = stream.plain.pop_front()
            {
                stream.above.remove(&gone.at);
            }
            if !between.is_empty() {
                stream.above.insert(at, between);
            }
            stream.plain.push_back(last);
        } else {
            stream.stack = Some(last);
        }
    }
    let end = places.last().map_or(0, ts);
    let tail = places.iter().rposition(|at| end.saturating_sub(ts(at)) > GAP_NS).map_or(0, |at| at + 1);
    let open = event_of[tail..].iter().map(|event| *event as usize).min().unwrap_or(tail);
    Events { of: event_of, inside, open_from: open.min(tail) }
}

/// Rows of stacks, and rows with a time that one of them follows or precedes within the gap.
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
    let mut opened: Option<i64> = None;
    for (at, near) in near.iter_mut().enumerate() {
        let (ts_ns, role) = of(at);
        if ts_ns == NONE {
            continue;
        }
        *near |= newest.is_some_and(|newest| ts_ns - newest <= GAP_NS);
        *near |= opened.is_some_and(|opened| ts_ns - opened <= BLOCK_NS);
        if matches!(role, RowRole::Banner | RowRole::Reason) {
            opened = Some(ts_ns);
        }
        if role.is_of_stack() || *near && matches!(role, RowRole::Inside | RowRole::Exception) {
            newest = Some(ts_ns);
        }
    }
    near
}

/// Whether a row opens a stack of Python behind a level of its own: what stands above it is another entry.
fn is_entry(text: &str) -> bool {
    text.split_once("Traceback (").is_some_and(|(level, _)| level.contains(':'))
}

/// Whether a line is a cause with its number, as anyhow writes several: `0: could not bind`.
fn is_numbered(line: &str) -> bool {
    line.trim().split_once(": ").is_some_and(|(number, text)| {
        !text.is_empty() && (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// What a frame continues: the open stack, or a plain row that came after it and can be a new head.
///
/// A stream's other rows may fall between a head and its frames. A row of the frame's own severity, or of WARNING and above,
/// is taken for a head; any other one for a bystander, unless nothing else is there.
fn head_of_frame(
    stack: Option<Last>,
    plain: &VecDeque<Last>,
    ts_ns: i64,
    severity: i64,
    agrees: impl Fn(&Last) -> bool,
) -> Option<Last> {
    let near = || plain.iter().rev().filter(|last| last.is_near(ts_ns) && agrees(last));
    let since_stack = |last: &&Last| stack.is_none_or(|stack| last.at > stack.at);
    let is_head =
        |last: &&Last| last.severity.0 == severity || last.severity.1 >= i64::from(Severity::Warning.number());
    let head = near().filter(since_stack).find(is_head);
    head.copied().or(stack).or_else(|| near().next().copied())
}

#[cfg(test)]
mod tests;
