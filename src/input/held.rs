//! Memory that files are read into.

/// Bytes that stay unused in front of what is read. Large allocations begin a few bytes behind the start of a page (sixteen, in
/// glibc). AMD's processors since Zen 3 copy from the page cache to the first 31 bytes behind such a start at a fifth of the
/// speed that they reach to any other place.
pub(crate) const LEAD: usize = 48;

/// Bytes of a file, or of a batch of it. Its memory is kept from one to the next, and filled with zeros once only.
#[derive(Default)]
pub(crate) struct Held {
    memory: Vec<u8>,
    len: usize,
}

impl Held {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.get(LEAD..LEAD + self.len).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets the bytes and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.len = self.len.min(length);
    }

    /// Room for so many more bytes, which count once [`Held::grow`] was told of them.
    pub(crate) fn free(&mut self, room: usize) -> &mut [u8] {
        let from = LEAD + self.len;
        let until = from + room;
        if self.memory.len() < until / 2 {
            // Fresh memory is zero, and taken page by page as it is written.
            let mut memory = vec![0; until];
            memory[LEAD..from].copy_from_slice(self.bytes());
            self.memory = memory;
        } else if self.memory.len() < until {
            self.memory.resize(until, 0);
        }
        &mut self.memory[from..until]
    }

    /// Counts bytes that were written into what was [`Held::free`].
    pub(crate) fn grow(&mut self, more: usize) {
        self.len += more;
        assert!(more == 0 || LEAD + self.len <= self.memory.len(), "only what was free can be written into");
    }

    /// Adds bytes behind those that are there.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.free(bytes.len()).copy_from_slice(bytes);
        self.grow(bytes.len());
    }

    /// Adds bytes in front of those that are there.
    pub(crate) fn put_before(&mut self, bytes: &[u8]) {
        self.free(bytes.len());
        self.memory.copy_within(LEAD..LEAD + self.len, LEAD + bytes.len());
        self.memory[LEAD..LEAD + bytes.len()].copy_from_slice(bytes);
        self.grow(bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_added_on_both_sides_and_memory_serves_again() {
        let mut held = Held::default();
        assert_eq!((held.bytes(), held.len()), (&b""[..], 0));
        held.free(4)[..2].copy_from_slice(b"cd");
        held.grow(2);
        held.put_before(b"ab");
        held.add(b"ef");
        assert_eq!(held.bytes(), b"abcdef");
        held.truncate(9);
        held.truncate(5);
        assert_eq!((held.bytes(), held.len()), (&b"abcde"[..], 5));
        let memory = held.memory.as_ptr();
        held.clear();
        assert_eq!(held.bytes(), b"");
        assert_eq!(held.free(6), b"abcdef", "it is not filled with zeros again");
        assert_eq!(held.memory.as_ptr(), memory);
        held.free(1 << 20).fill(b'x');
        held.grow(1 << 20);
        held.put_before(&[b'y'; 100]);
        assert_eq!(held.bytes(), [vec![b'y'; 100], vec![b'x'; 1 << 20]].concat());
    }
}
