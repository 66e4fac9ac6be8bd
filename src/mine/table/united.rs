//! The union of tables whose rows come in order of ids: what a table of all of them would hold, one signature at a time.

use super::{BYTES_MAX, Entry, MineError, SIGNATURES_MAX, SigId, SignatureRow, SignatureTable, worst_bytes};

/// Rows of several tables, united as they come; only coarse buckets are held.
#[derive(Debug)]
pub struct United {
    limit: usize,
    bytes_max: usize,
    held: usize,
    bytes: usize,
    floor: Option<SigId>,
    /// The last signature, of which more rows may come.
    open: Option<(SigId, Entry)>,
    coarse: SignatureTable,
}

impl United {
    /// Nothing yet; signatures from `floor` on are known to have fallen out.
    pub fn new(floor: Option<SigId>) -> Self {
        Self::with_limits(floor, SIGNATURES_MAX, BYTES_MAX)
    }

    pub(super) fn with_limits(floor: Option<SigId>, limit: usize, bytes_max: usize) -> Self {
        let coarse = SignatureTable::with_limits(limit, bytes_max);
        Self { limit, bytes_max, held: 0, bytes: 0, floor, open: None, coarse }
    }

    /// Adds a row, whose id is not less than that of the row before; answers a signature that is complete, if it stays.
    pub fn add(&mut self, row: SignatureRow) -> Result<Option<SignatureRow>, MineError> {
        let (sig, entry) = Entry::from_row(row)?;
        if sig.is_coarse() {
            self.coarse.insert(sig, entry);
            return Ok(self.close());
        }
        if let Some((_, open)) = self.open.as_mut().filter(|(open, _)| *open == sig) {
            open.merge(entry);
            return Ok(None);
        }
        let closed = self.close();
        self.open = Some((sig, entry));
        Ok(closed)
    }

    /// The last signature, if it stays. The first that does not fit falls out, with all behind it.
    fn close(&mut self) -> Option<SignatureRow> {
        let (sig, entry) = self.open.take()?;
        let bytes = self.bytes + worst_bytes(&entry.shape);
        if self.floor.is_some_and(|floor| sig >= floor) || self.held == self.limit || bytes > self.bytes_max {
            self.floor = Some(self.floor.map_or(sig, |floor| floor.min(sig)));
            self.coarse.insert_coarse(sig.coarse(), entry.into_coarse());
            return None;
        }
        (self.held, self.bytes) = (self.held + 1, bytes);
        Some(entry.to_row(sig))
    }

    /// The signature that was complete with the last row, if it stays; the coarse buckets; the least signature that fell out.
    pub fn finish(mut self) -> (Option<SignatureRow>, SignatureTable, Option<SigId>) {
        (self.close(), self.coarse, self.floor)
    }
}
