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

const ONES: u64 = 0x0101_0101_0101_0101;
const TOP: u64 = 0x80 * ONES;

/// Eight bytes of a text, tested at once: most of a log is words and numbers. Each answer is the top bit of a byte.
#[derive(Clone, Copy)]
struct Eight(u64);

impl Eight {
    /// The bytes at `i`; none near the end of the text.
    #[inline]
    fn at(s: &[u8], i: usize) -> Option<Self> {
        s.get(i..).and_then(<[u8]>::first_chunk::<8>).map(|eight| Self(u64::from_le_bytes(*eight)))
    }

    /// Those from `least` up and below `above`, both ASCII, when `fold` was set in all.
    #[inline]
    const fn within(self, fold: u8, least: u8, above: u8) -> u64 {
        // Without top bits no sum carries into the next byte.
        let low = (self.0 | (fold as u64 * ONES)) & !TOP;
        let from = low + (0x80 - least as u64) * ONES;
        let beyond = low + (0x80 - above as u64) * ONES;
        from & !beyond & !self.0 & TOP
    }

    #[inline]
    const fn letters(self) -> u64 {
        self.within(0x20, b'a', b'z' + 1)
    }

    #[inline]
    const fn digits(self) -> u64 {
        self.within(0, b'0', b'9' + 1)
    }
}

/// How many bytes there are before the first one that is not marked.
#[inline]
fn before_other(marked: u64) -> usize {
    std::num::NonZeroU64::new(!marked & TOP).map_or(8, |other| other.trailing_zeros() as usize / 8)
}

/// How many of the eight bytes at `i` are ASCII letters before the first that is none; 0 near the end of the text.
#[inline]
pub(super) fn letters(s: &[u8], i: usize) -> usize {
    Eight::at(s, i).map_or(0, |eight| before_other(eight.letters()))
}

/// How many of the eight bytes at `i` belong to a word before the first that does not, and which of [`LETTER`], [`DIGIT`] and
/// [`HIGH`] they are; 0 near the end of the text.
#[inline]
pub(super) fn word(s: &[u8], i: usize) -> (usize, u8) {
    let Some(eight) = Eight::at(s, i) else { return (0, 0) };
    let (letters, digits, high) = (eight.letters(), eight.digits(), eight.0 & TOP);
    let n = before_other(letters | digits | high | eight.within(0, b'_', b'_' + 1));
    // The marks of the first n bytes.
    let own = if n == 8 { u64::MAX } else { (1 << (8 * n)) - 1 };
    let class = |marks: u64, class: u8| if marks & own == 0 { 0 } else { class };
    (n, class(letters, LETTER) | class(digits, DIGIT) | class(high, HIGH))
}

/// How many hexadecimal digits begin at `i`, of nine at most.
#[inline]
pub(super) fn hex_digits(s: &[u8], i: usize) -> usize {
    let Some(eight) = Eight::at(s, i) else {
        return s[i..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
    };
    match before_other(eight.digits() | eight.within(0x20, b'a', b'f' + 1)) {
        8 if s.get(i + 8).is_some_and(u8::is_ascii_hexdigit) => 9,
        n => n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_hexadecimal_digits_are_counted_as_one_by_one() {
        for b in 0..=255_u8 {
            for text in
                [[b'a', b'7', b, b'_', b'1', 0xc3, b'Z', b'z', b'q'], [b'f', b'0', b'C', b'9', b, b'1', b'e', b'2', b]]
            {
                let n = text[..8].iter().position(|&b| !is_word(b)).unwrap_or(8);
                let seen = text[..n].iter().fold(0, |seen, &b| seen | of(b)) & (LETTER | DIGIT | HIGH);
                assert_eq!(word(&text, 0), (n, seen), "{text:?}");
                let hex = text.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(9);
                assert_eq!(hex_digits(&text, 0), hex, "{text:?}");
                assert_eq!(hex_digits(&text[..5], 0), hex.min(5), "{text:?}");
            }
        }
        assert_eq!((word(b"1234567", 0), hex_digits(b"", 0)), ((0, 0), 0));
    }

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
