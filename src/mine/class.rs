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
/// `/`, `?` and `@`: a word that holds one is looked at more closely.
pub(super) const CLOSER: u8 = 64;
/// A hard mask may start here when a word does: digits, hex letters, the first letter of a weekday or month.
pub(super) const LEAD: u8 = 128;

static TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        // Counts to 255 only.
        #[allow(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let b = i as u8;
        table[i] = match b {
            b'0'..=b'9' => WORD | DIGIT | LEAD,
            b'a'..=b'f' | b'A'..=b'F' | b'J' | b'M' | b'N' | b'O' | b'S' | b'T' | b'W' => WORD | LETTER | LEAD,
            b'g'..=b'z' | b'G'..=b'Z' => WORD | LETTER,
            b'_' => WORD,
            0x80..=0xff => WORD | HIGH,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1f | 0 => SPACE,
            b'=' | b',' | b':' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'|' | b'<' | b'>' => {
                DELIM
            }
            b'/' | b'?' | b'@' => CLOSER,
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

/// How many of the eight bytes at `i` are ASCII letters before the first that is none; 0 near the end of the text.
///
/// Eight bytes are tested at once: most of a log is words.
#[inline]
pub(super) fn letters(s: &[u8], i: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x80 * ONES;
    let Some(eight) = s.get(i..).and_then(<[u8]>::first_chunk::<8>) else {
        return 0;
    };
    let eight = u64::from_le_bytes(*eight);
    // In lower case and without top bits no sum below carries into the next byte.
    let low = (eight | (0x20 * ONES)) & !TOP;
    let from_a = low + (0x80 - 0x61) * ONES;
    let after_z = low + (0x80 - 0x7b) * ONES;
    let others = !(from_a & !after_z & !eight) & TOP;
    others.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_letters_are_counted_at_once_as_one_by_one() {
        for b in 0..=255_u8 {
            let text = [b'a', b'Z', b, b'q', b'1', b'x', b'y', b'z'];
            let expected = if b.is_ascii_alphabetic() { 4 } else { 2 };
            assert_eq!(letters(&text, 0), expected, "{b}");
        }
        assert_eq!(letters(b"abcdefgh", 0), 8);
        assert_eq!(letters(b"abcdefgh", 1), 0);
    }
}
