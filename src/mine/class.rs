//! Byte classes: what the scanner asks of every byte, answered by one table.

/// Part of a word (`\w`); every byte of a non-ASCII character is.
pub(super) const WORD: u8 = 1;
/// White space.
pub(super) const SPACE: u8 = 2;
/// A token of its own.
pub(super) const DELIM: u8 = 4;
/// `0` to `9`.
pub(super) const DIGIT: u8 = 8;
/// ASCII letter.
pub(super) const LETTER: u8 = 16;
/// Byte of a non-ASCII character.
pub(super) const HIGH: u8 = 32;
/// `/` and `?`: a word that holds one is looked at more closely.
pub(super) const CLOSER: u8 = 64;

static TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        // Counts to 255 only.
        #[allow(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let b = i as u8;
        table[i] = match b {
            b'0'..=b'9' => WORD | DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => WORD | LETTER,
            b'_' => WORD,
            0x80..=0xff => WORD | HIGH,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1f | 0 => SPACE,
            b'=' | b',' | b':' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'|' | b'<' | b'>' => {
                DELIM
            }
            b'/' | b'?' => CLOSER,
            _ => 0,
        };
        i += 1;
    }
    table
}

/// The classes of a byte.
#[inline]
pub(super) fn of(b: u8) -> u8 {
    TABLE[b as usize]
}

/// Whether a byte belongs to a word.
#[inline]
pub(super) fn is_word(b: u8) -> bool {
    of(b) & WORD != 0
}

/// Whether a byte is white space.
#[inline]
pub(super) fn is_space(b: u8) -> bool {
    of(b) & SPACE != 0
}
