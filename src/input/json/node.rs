//! A node of the tape: what a value is, where its text stands, and where the next one begins.

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Null,
    False,
    True,
    Number,
    /// Without escapes: the slice is the text.
    Plain,
    /// With escapes.
    Escaped,
    Array,
    Object,
}

/// Start, end, the index of the node after this one and all inside it, and what it is: four numbers, so that nodes which stand
/// in row after row are moved with one addition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Node([u32; 4]);

impl Node {
    #[inline]
    pub(super) const fn new(kind: NodeKind, start: usize, end: usize, next: usize) -> Self {
        Self([start as u32, end as u32, next as u32, kind as u32])
    }

    #[inline]
    pub(super) const fn kind(self) -> NodeKind {
        match self.0[3] & 7 {
            0 => NodeKind::Null,
            1 => NodeKind::False,
            2 => NodeKind::True,
            3 => NodeKind::Number,
            4 => NodeKind::Plain,
            5 => NodeKind::Escaped,
            6 => NodeKind::Array,
            _ => NodeKind::Object,
        }
    }

    #[inline]
    pub(super) const fn start(self) -> usize {
        self.0[0] as usize
    }

    #[inline]
    pub(super) const fn end(self) -> usize {
        self.0[1] as usize
    }

    #[inline]
    pub(super) const fn next(self) -> usize {
        self.0[2] as usize
    }

    /// Of a member that stood in earlier texts too: which it is; 0 of others.
    #[inline]
    pub(super) const fn repeat(self) -> u16 {
        (self.0[3] >> 16) as u16
    }

    /// The node, closed: where its text ends, and which node follows.
    #[inline]
    pub(super) const fn close(&mut self, end: usize, next: usize) {
        self.0[1] = end as u32;
        self.0[2] = next as u32;
    }

    /// The same node with a number, or without one.
    pub(super) const fn numbered(self, repeat: u16) -> Self {
        let [start, end, next, kind] = self.0;
        Self([start, end, next, kind & 7 | (repeat as u32) << 16])
    }

    /// The node as it is where its text stands elsewhere and its object has another index.
    #[inline]
    pub(super) fn moved(self, by: u32, first: u32) -> Self {
        let by = [by, by, first, 0];
        Self(std::array::from_fn(|at| self.0[at].wrapping_add(by[at])))
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, repeat) = (self.kind(), self.repeat());
        write!(f, "{kind:?} {}..{} next {} repeat {repeat}", self.start(), self.end(), self.next())
    }
}
