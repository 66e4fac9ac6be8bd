//! What a line of plain text says of itself.

use crate::time::{self, Parsed};

/// Whether a line has a time.
pub(super) fn has_time(head: &str) -> bool {
    time_of(head).is_some()
}

/// Whether a line is the first one of an entry.
pub(super) fn has_own_head(head: &str) -> bool {
    has_time(head)
}

pub(super) fn time_of(head: &str) -> Option<Parsed> {
    time::parse_front(head.trim_start_matches('[')).map(|(parsed, _)| parsed)
}
