//! Rows below a line that says why a program did not start, where an export cut the block into rows: banners of Spring, the
//! JVM's report of a crash, what the launchers of Java and .NET and the checks of Django list.
//!
//! Such rows have no form of their own. They belong to the block as long as they follow it without a pause and say neither
//! a severity nor a time of their own; a block of Spring ends with the text below `Action:`.

use super::super::rows::{DictCol, IntCol, Rows, TextCol};
use super::GAP_NS;
use crate::mine::RowRole;

/// Longest time that a block takes.
pub(super) const BLOCK_NS: i64 = 10 * GAP_NS;
/// Most rows of a block.
const ROWS_MAX: u32 = 64;

/// A block that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    part: Part,
    /// Position of the row that opened it.
    pub(super) first: u32,
    /// Severity that the envelopes of its rows have.
    severity: i64,
    until_ns: i64,
    rows: u32,
    /// Each of its rows begins with `#`.
    marked: bool,
}

/// Which part of a block is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Its reason is to come.
    Head,
    /// What belongs to the reason.
    Details,
    /// What is to be done, which is to come.
    Action,
    /// The same, and it has come.
    Text,
    /// Nothing but blank rows.
    End,
}

/// What a row is to the block that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// The reason, which the row that opened the block does not give.
    Reason,
    /// Anything else.
    Detail,
}

impl Block {
    /// The block that a row opens, if it does.
    pub(super) fn opened(rows: &Rows, row: usize, at: usize) -> Option<Self> {
        let part = match rows.role(row) {
            RowRole::Banner => Part::Head,
            RowRole::Reason => Part::Details,
            _ => return None,
        };
        Some(Self {
            part,
            first: at as u32,
            severity: rows.int(IntCol::Severity, row),
            until_ns: rows.ts_ns[row].saturating_add(BLOCK_NS),
            rows: 1,
            marked: rows.text(TextCol::Message, row).trim_start().starts_with('#'),
        })
    }

    /// What a row is to the block that it follows, and what is open below it; `None` where it belongs to something else.
    pub(super) fn with(self, rows: &Rows, row: usize) -> Option<(Self, Is)> {
        let text = rows.text(TextCol::Message, row);
        let (body, role) = (text.trim(), rows.role(row));
        let blank = !body.contains(char::is_alphanumeric);
        let is_error = role == RowRole::Exception || role.is_of_stack();
        let tells = rows.word(DictCol::Reason, row).is_some() && !is_error
            || rows.int(IntCol::Severity, row) != self.severity
            || is_dated(body)
            || matches!(role, RowRole::Banner | RowRole::Reason);
        let other = tells || self.marked && !body.starts_with('#') || self.rows == ROWS_MAX;
        if !blank && other || rows.ts_ns[row] > self.until_ns {
            return None;
        }
        let (part, is) = match self.part {
            Part::Head if blank || is_label(body) => (Part::Head, Is::Detail),
            Part::Head => (Part::Details, Is::Reason),
            Part::Details if body == "Action:" => (Part::Action, Is::Detail),
            Part::Text if body.is_empty() => (Part::End, Is::Detail),
            Part::Action if blank => (Part::Action, Is::Detail),
            Part::Action => (Part::Text, Is::Detail),
            Part::End if !body.is_empty() && !text.starts_with([' ', '\t']) => return None,
            part => (part, Is::Detail),
        };
        Some((Self { part, rows: self.rows + u32::from(!blank), ..self }, is))
    }
}

/// Whether a line is one word that announces what stands below it: `Description:`.
fn is_label(body: &str) -> bool {
    body.trim_start_matches(['#', ' ']).strip_suffix(':').is_some_and(|label| !label.contains(' '))
}

/// Whether a line begins with a time, as entries do.
fn is_dated(body: &str) -> bool {
    let digits = body.trim_start_matches('[');
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    digits.len() >= rest.len() + 2 && rest.starts_with(['-', '/', ':'])
}
