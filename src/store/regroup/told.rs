//! Exception and stack of an event that an export cut into lines: those that its lines would have as one message.
//!
//! They stand on the row that names the event; a row with a further exception's line has the type that it says, and the same
//! stack. What a row tells itself stays. All of it follows from the rows of the event, and is found again whenever its day is
//! compacted.

use super::super::event::EventRole;
use super::super::rows::{Rows, TextCol};
use super::Membership;
use crate::mine::{RowRole, exception_of, traced, unstamped};

/// Bytes of an event's lines that are read, at most.
const BYTES_MAX: usize = 1 << 20;

/// What a row has from its event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Told {
    pub(in crate::store) exception: Option<String>,
    pub(in crate::store) stack_id: Option<u64>,
}

/// What the rows of one event have from it, by their positions; `event` holds the positions of its rows, in the order in which
/// they were written.
pub(super) fn of_event(
    blocks: &[&Rows],
    places: &[(u32, u32)],
    event: &[(u32, u32)],
    members: &[Membership],
) -> Vec<(u32, Told)> {
    let row = |at: u32| {
        let (block, row) = places[at as usize];
        (blocks[block as usize], row as usize)
    };
    let text = |at: u32| {
        let (rows, row) = row(at);
        unstamped(rows.text(TextCol::Message, row))
    };
    let is_whole = |(_, at): &(u32, u32)| {
        let (rows, row) = row(*at);
        rows.role(row) == RowRole::Traceback
    };
    let named = |(_, at): &&(u32, u32)| matches!(members[*at as usize].role, EventRole::Head | EventRole::Traceback);
    if event.iter().any(is_whole) || !event.iter().any(|row| named(&row)) {
        return Vec::new();
    }
    let mut lines = String::new();
    for (_, at) in event {
        let line = text(*at);
        if lines.len() + line.len() > BYTES_MAX {
            break;
        }
        lines.push_str(line.trim_end_matches(['\n', '\r']));
        lines.push('\n');
    }
    let Some((exception, stack_id)) = traced(&lines) else { return Vec::new() };
    let of = |(_, at): &(u32, u32)| match members[*at as usize].role {
        EventRole::Head => Some((*at, Told { exception: exception.clone(), stack_id })),
        _ => Some((*at, Told { exception: Some(exception_of(text(*at))?.to_owned()), stack_id })),
    };
    event.iter().filter(named).filter_map(of).collect()
}

#[cfg(test)]
mod tests;
