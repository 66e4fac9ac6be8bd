//! What a row is inside its event.

/// What a row is inside its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
    /// Every role.
    pub(super) const ALL: [Self; 4] = [Self::Head, Self::Traceback, Self::Joiner, Self::Frame];

    /// The word stored in the `event_role` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Traceback => "traceback",
            Self::Joiner => "joiner",
            Self::Frame => "frame",
        }
    }

    /// Whether the row makes no cluster of its own.
    pub fn is_attached(self) -> bool {
        matches!(self, Self::Joiner | Self::Frame)
    }
}
