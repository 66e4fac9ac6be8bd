//! Parquet's encodings, as far as the store uses them: runs and packed bits, packed differences, texts after shared fronts.
//!
//! Written here because the writer of the Parquet library looks every text of a dictionary column up in a hash table again;
//! rows hold codes already (`benches/README.md`). Source: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

/// Shortest run that is written as one.
const RUN: usize = 8;
/// Differences of one block, and of one of its parts, of DELTA_BINARY_PACKED.
const BLOCK: usize = 128;
const MINI: usize = 32;

/// Bytes of a text that differ from the one before, for which there is room: as many as an id of random digits has.
const REST: usize = 32;

/// Unsigned LEB128.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bits needed for the values up to `max`.
pub(super) fn width_of(max: u64) -> u32 {
    u64::BITS - max.leading_zeros()
}

/// Appends values of `width` bits, least significant bit first, padded to whole bytes.
fn pack(out: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    let (mut held, mut bits) = (0_u64, 0_u32);
    for value in values {
        held |= value << bits;
        if bits + width >= u64::BITS {
            out.extend_from_slice(&held.to_le_bytes());
            // What of the value is left over; none of it where it ended with the word.
            let taken = u64::BITS - bits;
            held = if taken < u64::BITS { value >> taken } else { 0 };
            bits = width - taken;
        } else {
            bits += width;
        }
    }
    out.extend_from_slice(&held.to_le_bytes()[..bits.div_ceil(8) as usize]);
}

/// Appends groups of eight values of `width` bits; what is missing of the last group is zeros.
fn pack_eights(out: &mut Vec<u8>, values: &[u32], width: u32) {
    /// Widest values of which eight fit into one word.
    const NARROW: u32 = 16;
    let mut at = out.len();
    let end = at + values.len().div_ceil(8) * width as usize;
    if width > NARROW {
        pack(out, values.iter().map(|value| u64::from(*value)), width);
        out.resize(end, 0);
        return;
    }
    // A word is written whole, and the next one over what it does not need.
    out.resize(end + size_of::<u128>(), 0);
    let (eights, rest) = values.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for [a, b, c, d, e, f, g, h] in eights.iter().chain((!rest.is_empty()).then_some(&last)) {
        let four = |four: [&u32; 4]| four.into_iter().rev().fold(0, |held, value| held << width | u64::from(*value));
        let word = u128::from(four([a, b, c, d])) | u128::from(four([e, f, g, h])) << (4 * width);
        out[at..at + size_of::<u128>()].copy_from_slice(&word.to_le_bytes());
        at += width as usize;
    }
    out.truncate(end);
}

/// RLE / bit-packed hybrid without a length in front.
pub(super) fn hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let bytes = width.div_ceil(8) as usize;
    let packed = |out: &mut Vec<u8>, values: &[u32]| {
        if values.is_empty() {
            return;
        }
        varint(out, (values.len().div_ceil(8) as u64) << 1 | 1);
        pack_eights(out, values, width);
    };
    let (mut start, mut at) = (0, 0);
    while at < values.len() {
        let value = values[at];
        let run = 1 + values[at + 1..].iter().take_while(|other| **other == value).count();
        // Only the last group of packed values may be short: a run gives what is missing before it.
        let missing = (8 - (at - start) % 8) % 8;
        if run >= RUN + missing {
            packed(out, &values[start..at + missing]);
            varint(out, ((run - missing) as u64) << 1);
            out.extend_from_slice(&value.to_le_bytes()[..bytes]);
            start = at + run;
        }
        at += run;
    }
    packed(out, &values[start..]);
}

/// DELTA_BINARY_PACKED.
pub(super) fn delta(out: &mut Vec<u8>, values: &[i64]) {
    let zigzag = |value: i64| ((value << 1) ^ (value >> 63)).cast_unsigned();
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / MINI) as u64);
    varint(out, values.len() as u64);
    varint(out, zigzag(values.first().copied().unwrap_or(0)));
    let mut above = [0_u64; BLOCK];
    let mut before = values.first().copied().unwrap_or(0);
    for block in values.get(1..).unwrap_or_default().chunks(BLOCK) {
        let above = &mut above[..block.len().next_multiple_of(MINI)];
        let mut least = i64::MAX;
        for (place, value) in above.iter_mut().zip(block) {
            let delta = value.wrapping_sub(before);
            (before, least) = (*value, least.min(delta));
            *place = delta.cast_unsigned();
        }
        varint(out, zigzag(least));
        let (used, padding) = above.split_at_mut(block.len());
        for delta in used {
            *delta = delta.wrapping_sub(least.cast_unsigned());
        }
        padding.fill(0);
        let width = |mini: &[u64]| width_of(mini.iter().fold(0, |all, value| all | value));
        let minis = || above.chunks(MINI);
        out.extend(minis().map(|mini| width(mini) as u8).chain(std::iter::repeat(0)).take(BLOCK / MINI));
        for mini in minis() {
            pack(out, mini.iter().copied(), width(mini));
        }
    }
}

/// Bytes in which two texts begin alike, eight at a time.
fn shared_front(a: &[u8], b: &[u8]) -> usize {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let mut at = 0;
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        let other = word(a) ^ word(b);
        if other != 0 {
            return at + other.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(a, b)| a == b).count()
}

/// DELTA_BYTE_ARRAY: of each text what differs from the one before.
pub(super) fn front_coded(out: &mut Vec<u8>, texts: &[&[u8]]) {
    let (mut shared, mut lengths) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
    let (mut rest, mut before): (_, &[u8]) = (Vec::with_capacity(REST * texts.len()), &[]);
    for text in texts {
        let same = shared_front(before, text);
        shared.push(same as i64);
        lengths.push((text.len() - same) as i64);
        rest.extend_from_slice(&text[same..]);
        before = text;
    }
    delta(out, &shared);
    delta(out, &lengths);
    out.extend_from_slice(&rest);
}

/// Definition levels of an optional column of which all values are present, or none, with their length in front.
pub(super) fn level(out: &mut Vec<u8>, count: usize, present: bool) {
    with_length(out, |out| {
        varint(out, (count as u64) << 1);
        out.push(u8::from(present));
    });
}

/// Definition levels of an optional column, with their length in front: one run of bits, in which zstd finds what repeats.
pub(super) fn levels<T>(out: &mut Vec<u8>, values: &[T], is_present: impl Fn(&T) -> bool) {
    with_length(out, |out| {
        let eights = values.chunks(8);
        varint(out, (eights.len() as u64) << 1 | 1);
        out.extend(eights.map(|eight| bits(eight.iter().map(&is_present))));
    });
}

/// Eight truth values, the first one lowest.
pub(super) fn bits(truths: impl Iterator<Item = bool>) -> u8 {
    truths.enumerate().fold(0, |byte, (at, truth)| byte | u8::from(truth) << at)
}

fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that fill all 64 bits, the same each time.
    fn number(n: u64) -> u64 {
        (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23).wrapping_mul(0xd1b5_4a32_d192_ed03)
    }

    #[test]
    fn packed_values_stand_bit_behind_bit() {
        for width in 0..=64_u32 {
            let mask = if width == 0 { 0 } else { u64::MAX >> (64 - width) };
            for count in [0_u64, 1, 7, 8, 32, 67] {
                let values: Vec<u64> = (0..count).map(|n| number(n) & mask).collect();
                let mut bytes = vec![7];
                pack(&mut bytes, values.iter().copied(), width);
                let bits = width as usize * values.len();
                assert_eq!(bytes.len() - 1, bits.div_ceil(8), "{count} of {width} bits");
                let bit = |at: usize| u64::from(bytes[1 + at / 8] >> (at % 8) & 1);
                for (at, value) in values.iter().enumerate() {
                    let found = (0..width as usize).fold(0, |all, n| all | bit(at * width as usize + n) << n);
                    assert_eq!(found, *value, "value {at} of {count} of {width} bits");
                }
            }
        }
    }

    #[test]
    fn groups_of_eight_are_packed_as_values_one_by_one() {
        for width in 1..=32_u32 {
            let mask = u32::MAX >> (32 - width);
            for count in [0_u64, 1, 3, 8, 9, 40, 61] {
                let values: Vec<u32> = (0..count).map(|n| number(n) as u32 & mask).collect();
                let (mut bytes, mut expected) = (vec![7], vec![7]);
                pack_eights(&mut bytes, &values, width);
                pack(&mut expected, values.iter().map(|value| u64::from(*value)), width);
                expected.resize(1 + values.len().div_ceil(8) * width as usize, 0);
                assert_eq!(bytes, expected, "{count} of {width} bits");
            }
        }
    }

    #[test]
    fn differences_add_up_to_the_values() {
        let far = [i64::MIN, i64::MAX, 0, -1, 1, i64::MAX, i64::MIN];
        for count in [0, 1, 2, 32, 33, 128, 129, 130, 300] {
            for shift in [0, 1, 40, 63] {
                let mut values: Vec<i64> = (0..count).map(|n| number(n).cast_signed() >> shift).collect();
                values.extend(far.iter().take(count as usize % 8));
                let mut bytes = Vec::new();
                delta(&mut bytes, &values);
                assert_eq!(undone(&bytes), values, "{count} numbers, of which {shift} bits fell");
            }
        }
    }

    /// Reads what [`delta`] writes, as the format says.
    fn undone(bytes: &[u8]) -> Vec<i64> {
        let mut at = 0;
        let next = |at: &mut usize| {
            let (mut value, mut shift) = (0_u64, 0);
            loop {
                let byte = bytes[*at];
                *at += 1;
                value |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return value;
                }
            }
        };
        let signed = |value: u64| (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
        let [block, minis, count, first] = std::array::from_fn(|_| next(&mut at));
        assert_eq!((block, minis), (128, 4));
        let mut values = if count == 0 { Vec::new() } else { vec![signed(first)] };
        while values.len() < count as usize {
            let (least, start) = (next(&mut at), at);
            let mut bits = (start + 4) * 8;
            for mini in 0..4 {
                let width = bytes[start + mini] as usize;
                for n in 0..32 {
                    if values.len() == count as usize {
                        // The last part is padded to its full length, parts behind it are not written at all.
                        bits += (32 - n) * width;
                        break;
                    }
                    let bit = |at: usize| u64::from(bytes[at / 8] >> (at % 8) & 1);
                    let above = (0..width).fold(0, |all, n| all | bit(bits + n) << n);
                    bits += width;
                    let before = *values.last().expect("the first stands in front");
                    values.push(before.wrapping_add(signed(least)).wrapping_add(above.cast_signed()));
                }
                if values.len() == count as usize {
                    break;
                }
            }
            at = bits / 8;
        }
        values
    }

    #[test]
    fn texts_share_the_front_in_which_no_byte_differs() {
        for (a, b, same) in [("", "", 0), ("a", "", 0), ("abcdefgh", "abcdefgh", 8), ("abcdefghi", "abcdefghx", 8)] {
            assert_eq!(shared_front(a.as_bytes(), b.as_bytes()), same, "{a} {b}");
        }
        let long = "0123456789abcdefghijk";
        for at in 0..long.len() {
            let mut other = long.as_bytes().to_vec();
            other[at] = b'!';
            assert_eq!(shared_front(long.as_bytes(), &other), at);
            assert_eq!(shared_front(long.as_bytes(), &long.as_bytes()[..at]), at);
        }
    }
}
