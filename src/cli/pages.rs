//! Text of logs on the terminal: nothing in it may move the cursor or change a colour.

use crate::render::safe;

/// A text that a terminal shows and does not obey.
pub(crate) fn shown(text: &str) -> String {
    safe::terminal(text)
}
