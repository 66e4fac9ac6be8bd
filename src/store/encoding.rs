//! Parquet's encodings, as far as the store uses them: runs and packed bits, packed differences, texts after shared fronts.
//!
//! Written here because the writer of the Parquet library looks every text of a dictionary column up in a hash table again;
//! rows hold codes already (`benches/README.md`). Source: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

/// Shortest run that is written as one.
const RUN: usize = 8;
/// Differences of one block, and of one of its parts, of DELTA_BINARY_PACKED.
const BLOCK: usize = 128;
const MINI: usize = 32;

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
    let (mut held, mut bits) = (0_u128, 0_u32);
    for value in values {
        held |= u128::from(value) << bits;
        bits += width;
        while bits >= 8 {
            out.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        out.push(held as u8);
    }
}

/// RLE / bit-packed hybrid without a length in front.
pub(super) fn hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let bytes = width.div_ceil(8) as usize;
    let packed = |out: &mut Vec<u8>, values: &[u32]| {
        if values.is_empty() {
            return;
        }
        let groups = values.len().div_ceil(8);
        varint(out, (groups as u64) << 1 | 1);
        let padding = std::iter::repeat_n(0, groups * 8 - values.len());
        pack(out, values.iter().map(|value| u64::from(*value)).chain(padding), width);
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
    let deltas: Vec<i64> = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    for block in deltas.chunks(BLOCK) {
        let least = block.iter().copied().min().unwrap_or(0);
        varint(out, zigzag(least));
        let above: Vec<u64> = block.iter().map(|delta| delta.wrapping_sub(least).cast_unsigned()).collect();
        let width = |mini: &[u64]| width_of(mini.iter().copied().max().unwrap_or(0));
        let minis: Vec<&[u64]> = above.chunks(MINI).collect();
        out.extend((0..BLOCK / MINI).map(|at| minis.get(at).map_or(0, |mini| width(mini) as u8)));
        for mini in minis {
            let padding = std::iter::repeat_n(0, MINI - mini.len());
            pack(out, mini.iter().copied().chain(padding), width(mini));
        }
    }
}

/// DELTA_BYTE_ARRAY: of each text what differs from the one before.
pub(super) fn front_coded<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str>) {
    let (mut shared, mut lengths, mut rest, mut before) = (Vec::new(), Vec::new(), Vec::new(), "");
    for text in texts {
        let same = before.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        shared.push(same as i64);
        lengths.push((text.len() - same) as i64);
        rest.extend_from_slice(&text.as_bytes()[same..]);
        before = text;
    }
    delta(out, &shared);
    delta(out, &lengths);
    out.extend_from_slice(&rest);
}

/// Which values of an optional column are present.
pub(super) enum Presence<'a> {
    /// All of them.
    All,
    /// None.
    None,
    /// Those with a 1.
    Bits(&'a [u32]),
}

/// Definition levels of an optional column, with their length in front.
pub(super) fn levels(out: &mut Vec<u8>, count: usize, presence: &Presence<'_>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    match presence {
        Presence::Bits(bits) => hybrid(out, bits, 1),
        Presence::All | Presence::None => {
            varint(out, (count as u64) << 1);
            out.push(u8::from(matches!(presence, Presence::All)));
        }
    }
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}
