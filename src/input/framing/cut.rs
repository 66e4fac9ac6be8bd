//! Where a file may be cut into blocks that are read at the same time: guesses, and the state that belongs to them.
//!
//! The first two rows show how rows follow one another: on lines of their own, at some indent, or one behind the other with
//! the same first key. A cut is made where that pattern stands again, and the block behind it is walked from the state that
//! held before the second row. A wrong guess costs time and never a row: whoever joins the blocks checks that the walk
//! before a cut ended exactly there and in that state.

use super::state::Line;
use super::{End, Framer, Front, Sink, State, Taken, Verdict, Window};

/// Bytes looked at for two rows.
const LOOK: usize = 1 << 20;
/// Bytes in which a line with a time is looked for.
const NEAR: usize = 64 << 10;
/// Lines without a row after which a file counts as lines.
const LINES: usize = 64;

/// How rows follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// A line that begins so.
    Line(Vec<u8>),
    /// These bytes, of which the last ones, from the position on, belong to the row.
    Between(Vec<u8>, usize),
}

/// How a file can be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pattern: Pattern,
    state: State,
}

#[derive(Default)]
struct Look {
    rows: Vec<(u64, usize)>,
    lines: usize,
}

impl Sink for Look {
    fn front(&mut self, _: u64, _: &str) -> Front {
        Front::Refused
    }
    fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict {
        self.rows.push((offset, bytes.len()));
        Verdict::Read { entries: bytes.len() as u64, wrapper: false }
    }
    fn converted(&mut self, _: u64, length: u64, _: &str) -> Verdict {
        Verdict::Read { entries: length, wrapper: false }
    }
    fn malformed(&mut self, _: u64, _: u64, _: &str, _: &[u8]) {
        self.lines += 1;
    }
    fn pieces(&mut self, _: u64, bytes: &[u8], _: End) -> Option<Taken> {
        // A line at a time, as if none went on.
        self.lines += 1;
        let length = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        Some(Taken { length, entries: length as u64, rows: 1, ..Taken::default() })
    }
}

impl Profile {
    /// What the rows at the front of a window show; `None` when they show no pattern.
    pub(crate) fn of(bytes: &[u8], state: State, limit: usize) -> Option<Self> {
        let bytes = &bytes[..bytes.len().min(LOOK)];
        // As if the file ended there: a row that is cut off is none.
        let window = Window { bytes, base: 0, last: true };
        let (mut framer, mut look, mut at) = (Framer::new(state, limit), Look::default(), 0);
        let (mut before, mut end_of_first) = (state, 0);
        while look.rows.len() < 2 && look.lines < LINES {
            let rows = look.rows.len();
            before = framer.state;
            let next = framer.run(window, at, at + 1, &mut look);
            if next == at || framer.is_table() {
                break;
            }
            at = next;
            if look.rows.len() > rows && rows == 0 {
                end_of_first = at;
            }
        }
        let line_start = State { line: Line::Start, column: 0, ..framer.state };
        let [_, (second, _)] = look.rows[..] else {
            // Lines of text, or one row after another that is none.
            let lines = look.lines >= LINES && !framer.state.in_array;
            return lines.then(|| Self { pattern: Pattern::Line(Vec::new()), state: line_start });
        };
        let second = second as usize;
        let between = &bytes[end_of_first..second];
        if let Some(line) = memchr::memrchr(b'\n', between) {
            let mut lead = between[line + 1..].to_vec();
            if lead.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                lead.push(b'{');
                return Some(Self { pattern: Pattern::Line(lead), state: line_start });
            }
            // Names before the rows, which may differ; rows of several lines would be cut anywhere.
            let single = memchr::memchr(b'\n', &bytes[second..at]).is_none();
            return single.then(|| Self { pattern: Pattern::Line(Vec::new()), state: line_start });
        }
        let key = bytes[second..at].iter().position(|byte| *byte == b':')?;
        let begin = end_of_first - 1;
        let pattern = Pattern::Between(bytes[begin..=second + key].to_vec(), second - begin);
        Some(Self { pattern, state: before })
    }

    /// The state in which a block behind a cut begins.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// The first cut at or behind `from`.
    pub(crate) fn first(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        match &self.pattern {
            Pattern::Line(lead) => {
                let lines = || memchr::memchr_iter(b'\n', rest).map(|end| from + end + 1);
                // Of plain lines, one that may begin with a time: others may belong to the one before.
                let dated = |line: &usize| matches!(bytes.get(*line), Some(b'0'..=b'9' | b'[' | b'<'));
                let mut near = lines().take_while(|line| line - from < NEAR);
                let cut = if lead.is_empty() { near.find(dated) } else { None };
                cut.or_else(|| lines().find(|line| bytes[*line..].starts_with(lead)))
            }
            Pattern::Between(needle, row) => memchr::memmem::find(rest, needle).map(|found| from + found + row),
        }
    }

    /// The last cut behind `from`.
    pub(crate) fn last(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        match &self.pattern {
            Pattern::Line(lead) => memchr::memrchr_iter(b'\n', rest)
                .map(|end| from + end + 1)
                .find(|line| bytes[*line..].starts_with(lead)),
            Pattern::Between(needle, row) => memchr::memmem::rfind(rest, needle).map(|found| from + found + row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(text: &str) -> Vec<usize> {
        let Some(profile) = Profile::of(text.as_bytes(), State::START, 1 << 20) else { return Vec::new() };
        let mut cuts = Vec::new();
        let mut at = 0;
        while let Some(cut) = profile.first(text.as_bytes(), at) {
            cuts.push(cut);
            at = cut;
        }
        cuts
    }

    #[test]
    fn cuts_stand_where_rows_begin() {
        let line = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
        assert_eq!(cuts(line), [8, 16]);
        let pretty = "[\n  {\n    \"a\": {\n    }\n  },\n  {\n    \"a\": 2\n  },\n  {\n    \"a\": 3\n  }\n]\n";
        assert_eq!(cuts(pretty).len(), 2 + 1, "the line before the first row is one too");
        let single = "[{\"a\":{\"b\":1}},{\"a\":2},{\"a\":3}]";
        assert_eq!(cuts(single).iter().map(|at| &single[*at..*at + 5]).collect::<Vec<_>>(), ["{\"a\":", "{\"a\":"]);
        assert_eq!(cuts("x-1 | {\"a\":1}\nx-2 | {\"a\":2}\n"), [14, 28]);
        assert_eq!(cuts("{\"a\":1}"), [0; 0]);
        assert_eq!(cuts(&"just text\n".repeat(70)).len(), 70);
        let stacks = "2024-01-02 03:04:05 no\n  at f\nError: x\n".repeat(40);
        let newest = stacks.rfind("2024").expect("a line with a time");
        let cuts = cuts(&stacks);
        assert!(
            cuts.iter().take_while(|cut| **cut <= newest).all(|cut| stacks[*cut..].starts_with("2024")),
            "{cuts:?}"
        );
    }
}
