//! Memory that files are read into.

/// Bytes that stay unused in front of what is read. Large allocations begin a few bytes behind the start of a page (sixteen, in
/// glibc). AMD's processors since Zen 3 copy from the page cache to the first 31 bytes behind such a start at a fifth of the
/// speed that they reach to any other place.
pub(crate) const LEAD: usize = 48;

/// Bytes of a file, or of a batch of it.
#[derive(Default)]
pub(crate) struct Held(Vec<u8>);

impl Held {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.get(LEAD..).unwrap_or_default()
    }

    /// What more is read into: a buffer in which the bytes stand behind [`LEAD`] others.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.0.len() < LEAD {
            self.0.resize(LEAD, 0);
        }
        &mut self.0
    }

    /// Forgets the bytes and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(LEAD + length);
    }

    /// Adds bytes in front of those that are there.
    pub(crate) fn put_before(&mut self, bytes: &[u8]) {
        self.buffer().splice(LEAD..LEAD, bytes.iter().copied());
    }
}
