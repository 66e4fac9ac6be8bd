//! Small packed files as a whole: a stream costs half as much again, and what comes out of it is copied once more.
//!
//! Only what a file says of its own size is believed, and only where it holds one member or frame and nothing else; anything
//! that is torn, joined or padded is left to the stream ([`super::codec`]), which tells what is wrong with it.

use memchr::memmem;
use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};

use super::codec::{Coding, codec_of, is_plain};

/// What each member of a gzip file begins with: its magic number, and the only method there is.
const MEMBER: &[u8] = &[0x1f, 0x8b, 8];

/// Unpacks one file after the other with the same tools.
#[derive(Default)]
pub(super) struct Unpacker {
    gzip: Option<libdeflater::Decompressor>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl Unpacker {
    /// Unpacks a file of at most `most` bytes of text into `out`; `None` where its stream has to be read, and then `out` holds
    /// nothing that means anything.
    pub(super) fn whole(&mut self, bytes: &[u8], out: &mut Vec<u8>, most: usize) -> Option<Coding> {
        let codec = codec_of(bytes);
        let size = match codec {
            "gzip" => gzip_size(bytes)?,
            "zstd" => zstd_size(bytes)?,
            _ => return None,
        };
        if size == 0 || size > most {
            return None;
        }
        out.resize(size, 0);
        let written = if codec == "gzip" {
            let gzip = self.gzip.get_or_insert_with(libdeflater::Decompressor::new);
            let written = gzip.gzip_decompress(bytes, out).ok()?;
            let (_, trailer) = bytes.split_last_chunk::<8>()?;
            let sum = u32::from_le_bytes(*trailer.first_chunk()?);
            // What stands at the end of the file is the member's own: nothing follows it.
            (libdeflater::crc32(out) == sum).then_some(written)?
        } else {
            if self.zstd.is_none() {
                self.zstd = zstd::bulk::Decompressor::new().ok();
            }
            self.zstd.as_mut()?.decompress_to_buffer(bytes, out.as_mut_slice()).ok()?
        };
        (written == size && is_plain(out)).then_some(Coding { codec, encoding: "utf-8" })
    }
}

/// Bytes of text that the only member of a gzip file says it holds.
fn gzip_size(bytes: &[u8]) -> Option<usize> {
    // Packed bytes may look like the beginning of a member: then the stream is read.
    if memmem::find(bytes.get(1..)?, MEMBER).is_some() {
        return None;
    }
    Some(u32::from_le_bytes(*bytes.last_chunk()?) as usize)
}

/// Bytes of text that the only frame of a zstd file says it holds.
fn zstd_size(bytes: &[u8]) -> Option<usize> {
    let is_one = find_frame_compressed_size(bytes).ok()? == bytes.len();
    usize::try_from(get_frame_content_size(bytes).ok()??).ok().filter(|_| is_one)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::super::codec::Decoded;
    use super::super::held::Held;
    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        out.write_all(text).expect("packs");
        out.finish().expect("ends")
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        let mut packer = zstd::bulk::Compressor::new(1).expect("a packer");
        packer.include_checksum(true).expect("sums");
        packer.compress(text).expect("packs")
    }

    /// The text, unpacked at once where that is done.
    fn whole(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![7; 40];
        Unpacker::default().whole(bytes, &mut out, 1 << 16)?;
        Some(out)
    }

    /// The text and what is wrong with it, from the stream.
    fn streamed(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
        let mut decoded = Decoded::new(Box::new(bytes), bytes.len() as u64, 1_000).expect("opens");
        let mut out = Held::default();
        while decoded.fill(&mut out, 1 << 20) {}
        (out.bytes().to_vec(), decoded.broken)
    }

    #[test]
    fn one_member_or_frame_is_unpacked_at_once_and_its_tools_serve_again() {
        let text = b"{\"a\":1}\n".repeat(500);
        let mut unpacker = Unpacker::default();
        let mut out = Vec::new();
        for bytes in [gzip(&text), zstd(&text), gzip(b"{}"), zstd(b"{}")] {
            let coding = unpacker.whole(&bytes, &mut out, 1 << 16).expect("is whole");
            assert_eq!((coding.codec, coding.encoding), (codec_of(&bytes), "utf-8"));
            assert_eq!(out, streamed(&bytes).0);
        }
    }

    #[test]
    fn what_is_joined_torn_padded_or_something_else_is_left_to_the_stream() {
        let text = b"{\"a\":1}\n".repeat(9);
        for pack in [gzip, zstd] {
            let one = pack(&text);
            let joined = [one.clone(), one.clone()].concat();
            let padded = [&one[..], &[0; 512]].concat();
            let followed = [&one[..], b"tail"].concat();
            let mut changed = one.clone();
            changed[one.len() / 2] ^= 1;
            for bytes in [&joined, &padded, &followed, &changed, &one[..one.len() - 3].to_vec(), &one[..7].to_vec()] {
                assert_eq!(whole(bytes), None);
            }
            assert_eq!(whole(&pack(b"")), None);
            assert_eq!(whole(&pack(&b"a".repeat(1 << 17))), None, "too large");
            assert_eq!(whole(&pack(b"\xff\xfe{\0}\0")), None, "UTF-16");
            assert_eq!(whole(&pack(&gzip(&text))), None, "packed twice");
        }
        assert_eq!(whole(&text), None);
    }

    proptest! {
        #[test]
        fn whatever_is_unpacked_at_once_is_what_the_stream_gives(
            text in proptest::collection::vec(any::<u8>(), 0..300),
            packed in any::<bool>(),
            cut in proptest::option::of(0_usize..400),
            more in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut bytes = if packed { gzip(&text) } else { zstd(&text) };
            bytes.truncate(cut.unwrap_or(usize::MAX));
            bytes.extend_from_slice(&more);
            if let Some(found) = whole(&bytes) {
                prop_assert_eq!((found, None), streamed(&bytes));
            }
        }
    }
}
