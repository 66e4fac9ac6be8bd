//! Which names a list keeps that would be too long: the least by hash.
//!
//! So what is left out depends on the names alone, not on the order in which they came, nor on how the list was put together:
//! a name that stays was among the least all the time, and what is counted for it is exact.

use super::hash128;

/// Services that a list of them names; rows of further ones are counted in one number.
pub(crate) const SERVICES_LISTED: usize = 1 << 14;

/// Least hash of a name that was left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Floor(Option<u128>);

impl Floor {
    /// Whether a name is left out, by [`rank`].
    pub(crate) fn leaves_out(self, rank: u128) -> bool {
        self.0.is_some_and(|floor| rank >= floor)
    }

    /// Whether no name was left out yet.
    pub(crate) fn is_none(self) -> bool {
        self.0.is_none()
    }

    /// Leaves out what another list left out.
    pub(crate) fn meet(&mut self, other: Self) {
        self.0 = self.0.into_iter().chain(other.0).min();
    }

    /// Leaves out all but so many of these names.
    pub(crate) fn lower(&mut self, mut ranks: Vec<u128>, most: usize) {
        ranks.sort_unstable();
        ranks.dedup();
        self.meet(Self(ranks.get(most).copied()));
    }
}

/// The place of a name in the order in which names are kept.
pub(crate) fn rank<const PARTS: usize>(name: [&str; PARTS]) -> u128 {
    hash128(&name.map(str::as_bytes))
}
