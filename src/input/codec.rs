//! Bytes on disk to UTF-8 text: compression by magic number, UTF-16 by byte order mark, never by suffix. What was packed twice
//! (a `.gz` that a server packed once more on its way) is unpacked twice.
//!
//! A stream that breaks keeps what was decoded before the break; the break itself is a problem with an offset. Members and
//! frames are decoded one by one, so that what stands behind the last one is told from damage. A stream that grows beyond
//! any honest ratio is ended: it was made to fill a disk.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

use super::held::Held;

/// Decoded bytes below which no ratio is looked at.
const FREE: u64 = 64 << 20;
/// Most bytes of plain text read at once.
const PLAIN_STEP: usize = 32 << 20;
/// Bytes decoded or transcoded at once.
const STEP: usize = 256 << 10;

/// Most layers of compression.
const LAYERS: usize = 4;

/// How a file was decoded; the codec is that of the innermost layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding {
    pub(crate) codec: &'static str,
    pub(crate) encoding: &'static str,
}

/// The bytes on disk, and how many of them were consumed.
struct Raw<'a> {
    inner: Box<dyn BufRead + Send + 'a>,
    consumed: u64,
}

impl Read for Raw<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.consumed += n as u64;
        Ok(n)
    }
}

impl BufRead for Raw<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.consumed += n as u64;
        self.inner.consume(n);
    }
}

enum Stream<'a> {
    Plain(Raw<'a>),
    Gzip(Box<flate2::bufread::GzDecoder<Raw<'a>>>),
    Zstd(zstd::stream::read::Decoder<'static, Raw<'a>>),
    Ended,
}

impl<'a> Stream<'a> {
    /// The decoder of the member, frame or text that stands at the front.
    fn of(mut raw: Raw<'a>) -> io::Result<Self> {
        let codec = codec_of(raw.fill_buf()?);
        Ok(match codec {
            "gzip" => Self::Gzip(Box::new(flate2::bufread::GzDecoder::new(raw))),
            "zstd" => Self::Zstd(zstd::stream::read::Decoder::with_buffer(raw)?.single_frame()),
            _ => Self::Plain(raw),
        })
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(buf),
            Self::Gzip(member) => member.read(buf),
            Self::Zstd(frame) => frame.read(buf),
            Self::Ended => Ok(0),
        }
    }
}

/// The compression that the first bytes of a file name.
pub(crate) fn codec_of(front: &[u8]) -> &'static str {
    match front {
        [0x1f, 0x8b, ..] => "gzip",
        // Frames, and the skippable ones that some writers put before them.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => "zstd",
        _ => "none",
    }
}

/// Bytes at the front that tell an archive.
const ARCHIVE: usize = 264;

/// What to do with a file of files, or one that is packed as nothing is that is read here; `None` of any other.
pub(crate) fn archive_of(front: &[u8]) -> Option<&'static str> {
    match front {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some("it is a zip archive: unpack it (unzip) and ingest what it holds"),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', ..] => {
            Some("it is packed by bzip2: unpack it (bunzip2) first")
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("it is packed by xz: unpack it (unxz) first"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => {
            Some("it is a 7z archive: unpack it (7z x) and ingest what it holds")
        }
        [4, b'"', b'M', 0x18, ..] => Some("it is packed by lz4: unpack it (unlz4) first"),
        _ => is_tar(front).then_some("it is a tar archive: unpack it (tar -xf) and ingest what it holds"),
    }
}

/// Whether a text begins with the header of a tape archive. Source: <https://www.gnu.org/software/tar/manual/html_node/Standard.html>.
fn is_tar(front: &[u8]) -> bool {
    front.get(257..262) == Some(b"ustar") && front.first() != Some(&0) && front[..100].contains(&0)
}

/// The encoding that the first decoded bytes show, and how many of them are its mark.
pub(crate) fn encoding_of(front: &[u8]) -> (&'static str, usize) {
    match front {
        [0xff, 0xfe, ..] => ("utf-16le", 2),
        [0xfe, 0xff, ..] => ("utf-16be", 2),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => ("utf-16le", 0),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => ("utf-16be", 0),
        _ => ("utf-8", 0),
    }
}

/// Whether bytes are text as they stand, neither compressed nor UTF-16.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    codec_of(bytes) == "none" && encoding_of(bytes).0 == "utf-8"
}

/// A file as UTF-8 text.
pub(crate) struct Decoded<'a> {
    stream: Stream<'a>,
    pub(crate) coding: Coding,
    utf16: Option<Decoder>,
    /// Bytes read for the look at the front, or waiting to be transcoded.
    waiting: Held,
    /// Bytes that came out of the decompressor, and how many may.
    size: u64,
    most: u64,
    max_ratio: u64,
    /// Layers of compression that are around this one.
    layer: usize,
    /// Why the stream ended before its end.
    pub(crate) broken: Option<String>,
    /// What to do with it, where it is no text.
    pub(crate) archive: Option<&'static str>,
}

impl<'a> Decoded<'a> {
    /// Looks at the front of `inner`, which holds `size` bytes; it may grow to `max_ratio` times that.
    pub(crate) fn new(inner: Box<dyn BufRead + Send + 'a>, size: u64, max_ratio: u64) -> io::Result<Self> {
        Self::within(inner, size, max_ratio, 0)
    }

    fn within(inner: Box<dyn BufRead + Send + 'a>, size: u64, max_ratio: u64, layer: usize) -> io::Result<Self> {
        let mut raw = Raw { inner, consumed: 0 };
        let codec = codec_of(raw.fill_buf()?);
        let most = if codec == "none" { u64::MAX } else { size.saturating_mul(max_ratio).max(FREE) };
        let mut decoded = Self {
            stream: Stream::of(raw)?,
            coding: Coding { codec, encoding: "utf-8" },
            utf16: None,
            waiting: Held::default(),
            size: 0,
            most,
            max_ratio,
            layer,
            broken: None,
            archive: None,
        };
        let mut front = Held::default();
        while front.len() < ARCHIVE && decoded.decode(&mut front, ARCHIVE) {}
        if codec != "none" && codec_of(front.bytes()) != "none" && layer + 1 < LAYERS {
            decoded.waiting = front;
            let packed = BufReader::with_capacity(STEP, Packed { layer: decoded, taken: 0 });
            return Self::within(Box::new(packed), size, max_ratio, layer + 1);
        }
        decoded.archive = archive_of(front.bytes());
        let (encoding, mark) = encoding_of(front.bytes());
        decoded.coding.encoding = encoding;
        decoded.utf16 = match encoding {
            "utf-16le" => Some(UTF_16LE.new_decoder_without_bom_handling()),
            "utf-16be" => Some(UTF_16BE.new_decoder_without_bom_handling()),
            _ => None,
        };
        decoded.waiting.add(&front.bytes()[mark..]);
        Ok(decoded)
    }

    /// How many bytes of text there are, and why that is not all.
    pub(crate) fn length(mut self) -> (u64, Option<String>) {
        let (mut text, mut bytes) = (Held::default(), 0);
        loop {
            let more = self.fill(&mut text, STEP);
            bytes += text.len() as u64;
            text.clear();
            if !more {
                return (bytes, self.broken);
            }
        }
    }

    /// Adds text to `out` until it holds `most` bytes (somewhat more where it is transcoded) or the file ends; whether more
    /// follows.
    pub(crate) fn fill(&mut self, out: &mut Held, most: usize) -> bool {
        let Some(mut decoder) = self.utf16.take() else {
            out.add(self.waiting.bytes());
            self.waiting.clear();
            return self.decode(out, most);
        };
        let mut more = true;
        while more && out.len() < most {
            let mut bytes = std::mem::take(&mut self.waiting);
            more = self.decode(&mut bytes, STEP);
            let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 8);
            let (_, _, written, _) = decoder.decode_to_utf8(bytes.bytes(), out.free(room), !more);
            out.grow(written);
            bytes.clear();
            self.waiting = bytes;
        }
        if more {
            self.utf16 = Some(decoder);
        }
        more
    }

    /// Adds decompressed bytes until `out` holds `most`; `false` at the end.
    fn decode(&mut self, out: &mut Held, most: usize) -> bool {
        loop {
            let begin = out.len();
            if begin >= most {
                return true;
            }
            let step = (most - begin).min(if matches!(self.stream, Stream::Plain(_)) { PLAIN_STEP } else { STEP });
            let read = self.stream.read(out.free(step));
            let more = read.as_ref().map_or(0, |n| *n);
            out.grow(more);
            self.size += more as u64;
            match read {
                Ok(0) => {
                    if !self.advance() {
                        return false;
                    }
                }
                Ok(_) if self.size > self.most => {
                    let over = (self.size - self.most) as usize;
                    out.truncate(out.len().saturating_sub(over).max(begin));
                    return self.end(format!(
                        "the {} stream grows to more than {} times its size: limit max-ratio",
                        self.coding.codec, self.max_ratio
                    ));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return self.end(match (self.coding.codec, error.kind()) {
                        ("none", _) => format!("reading stopped: {error}"),
                        (codec, io::ErrorKind::UnexpectedEof) => format!("the {codec} stream is cut off"),
                        (codec, _) => format!("the {codec} stream is damaged: {error}"),
                    });
                }
            }
        }
    }

    fn end(&mut self, reason: String) -> bool {
        self.stream = Stream::Ended;
        self.broken.get_or_insert(reason);
        false
    }

    /// Goes on to the next member or frame; `false` where there is none.
    fn advance(&mut self) -> bool {
        let mut raw = match std::mem::replace(&mut self.stream, Stream::Ended) {
            Stream::Gzip(member) => member.into_inner(),
            Stream::Zstd(frame) => frame.finish(),
            Stream::Plain(_) | Stream::Ended => return false,
        };
        let codec = match raw.fill_buf() {
            Ok([]) => return false,
            Ok(front) => codec_of(front),
            Err(error) => return self.end(format!("reading stopped: {error}")),
        };
        let at = raw.consumed;
        if codec != self.coding.codec {
            let (mut rest, mut buffer) = ((0_u64, false), vec![0; 8 << 10]);
            while let Ok(n @ 1..) = raw.read(&mut buffer) {
                rest = (rest.0 + n as u64, rest.1 || buffer[..n].iter().any(|byte| *byte != 0));
            }
            // Tapes and archives pad with zeros.
            if rest.1 {
                let codec = self.coding.codec;
                let whole = if self.layer == 0 { "the file on disk" } else { "what was packed once more" };
                self.end(format!(
                    "{} bytes behind the {codec} stream, at byte {at} of {whole}, are no {codec}",
                    rest.0
                ));
            }
            return false;
        }
        match Stream::of(raw) {
            Ok(stream) => {
                self.stream = stream;
                true
            }
            Err(error) => self.end(format!("the {codec} stream is damaged: {error}")),
        }
    }
}

/// The bytes of a layer whose text is packed itself.
struct Packed<'a> {
    layer: Decoded<'a>,
    /// Of those that it decoded, how many were taken.
    taken: usize,
}

impl Read for Packed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.layer.waiting.len() {
            let mut bytes = std::mem::take(&mut self.layer.waiting);
            bytes.clear();
            self.layer.decode(&mut bytes, STEP);
            (self.layer.waiting, self.taken) = (bytes, 0);
        }
        let bytes = &self.layer.waiting.bytes()[self.taken..];
        if let (true, Some(reason)) = (bytes.is_empty(), &self.layer.broken) {
            return Err(io::Error::other(reason.clone()));
        }
        let more = bytes.len().min(buf.len());
        buf[..more].copy_from_slice(&bytes[..more]);
        self.taken += more;
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> (String, Coding, Option<String>) {
        let (text, coding, broken) = read_bytes(bytes);
        (String::from_utf8(text).expect("utf-8"), coding, broken)
    }

    fn read_bytes(bytes: &[u8]) -> (Vec<u8>, Coding, Option<String>) {
        let mut decoded = Decoded::new(Box::new(bytes), bytes.len() as u64, 1_000).expect("opens");
        let mut text = Held::default();
        let mut most = 3;
        while decoded.fill(&mut text, most) {
            most = text.len() + 3;
        }
        (text.bytes().to_vec(), decoded.coding, decoded.broken)
    }

    fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_ref()).expect("write");
        encoder.finish().expect("finish")
    }

    fn zstd(text: impl AsRef<[u8]>) -> Vec<u8> {
        zstd::encode_all(text.as_ref(), 1).expect("zstd")
    }

    #[test]
    fn what_was_packed_twice_is_unpacked_twice() {
        let long = (0..200_000).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        for twice in [gzip(gzip(&long)), zstd(gzip(&long)), gzip(gzip(zstd(&long)))] {
            let (text, coding, broken) = read(&twice);
            assert!(text == long);
            assert_eq!((coding.encoding, broken), ("utf-8", None));
        }
        let torn = gzip(gzip(&long));
        let (text, _, broken) = read(&torn[..torn.len() - 40]);
        assert!(!text.is_empty() && long.starts_with(&text));
        assert_eq!(broken.as_deref(), Some("the gzip stream is damaged: the gzip stream is cut off"));
        let followed = gzip([gzip("one\n"), b"rest".to_vec()].concat());
        let said = "4 bytes behind the gzip stream, at byte 24 of what was packed once more, are no gzip";
        assert_eq!((read(&followed).0.as_str(), read(&followed).2.as_deref()), ("one\n", Some(said)));
        let six = (0..6).fold(b"x".to_vec(), |inner, _| gzip(inner));
        assert_eq!(read_bytes(&six).1.codec, "gzip", "no more than some layers");
    }

    #[test]
    fn archives_are_told_with_what_to_do() {
        let mut tar = vec![0; 512];
        tar[..5].copy_from_slice(b"a.log");
        tar[257..262].copy_from_slice(b"ustar");
        for (front, tool) in [
            (&tar[..], "tar -xf"),
            (b"PK\x03\x04\x14\0", "unzip"),
            (b"BZh91AY&SY", "bunzip2"),
            (b"\xfd7zXZ\0\0", "unxz"),
            (b"7z\xbc\xaf\x27\x1c", "7z x"),
            (b"\x04\"M\x18", "unlz4"),
        ] {
            assert!(archive_of(front).is_some_and(|remedy| remedy.contains(tool)), "{tool}");
        }
        let line = "x".repeat(257) + "ustar";
        for text in [&b"PK is a name"[..], b"BZh", b"{}", b"", line.as_bytes(), &tar[..200]] {
            assert_eq!(archive_of(text), None);
        }
    }

    #[test]
    fn reads_several_members_and_frames_as_one_text() {
        let (text, coding, broken) = read(&[gzip("one\n"), gzip(""), gzip("two\n")].concat());
        assert_eq!((text.as_str(), coding.codec, broken), ("one\ntwo\n", "gzip", None));
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7];
        let (text, coding, broken) = read(&[&skippable[..], &zstd("one\n"), &skippable, &zstd("two\n")].concat());
        assert_eq!((text.as_str(), coding.codec, broken), ("one\ntwo\n", "zstd", None));
    }

    #[test]
    fn a_torn_stream_keeps_what_came_before_the_break() {
        let long = (0..5_000).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let whole = gzip(&long);
        let (text, _, broken) = read(&whole[..whole.len() - 40]);
        assert!(!text.is_empty() && long.starts_with(&text));
        assert_eq!(broken.as_deref(), Some("the gzip stream is cut off"));
        let whole = zstd(&long);
        assert_eq!(read(&whole[..whole.len() - 4]).2.as_deref(), Some("the zstd stream is cut off"));
    }

    #[test]
    fn what_was_read_before_the_disk_failed_is_kept() {
        struct Failing<'a>(&'a [u8]);
        impl Read for Failing<'_> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                if self.0.is_empty() { Err(io::Error::other("no disk")) } else { self.0.read(buf) }
            }
        }
        let text = b"{\"a\":1}\n".repeat(50_000);
        let inner = io::BufReader::with_capacity(1_000, Failing(&text));
        let mut decoded = Decoded::new(Box::new(inner), text.len() as u64, 1_000).expect("opens");
        let mut out = Held::default();
        while decoded.fill(&mut out, usize::MAX) {}
        assert!(out.bytes() == text);
        assert_eq!(decoded.broken.as_deref(), Some("reading stopped: no disk"));
    }

    #[test]
    fn what_stands_behind_a_stream_is_told_with_its_place() {
        for (codec, stream) in [("gzip", gzip("one\n")), ("zstd", zstd("one\n"))] {
            let at = stream.len();
            let (text, _, broken) = read(&[&stream[..], b"rest of it"].concat());
            let said = format!("10 bytes behind the {codec} stream, at byte {at} of the file on disk, are no {codec}");
            assert_eq!((text.as_str(), broken), ("one\n", Some(said)));
            assert_eq!(read(&[&stream[..], &[0; 512]].concat()).2, None, "padding is none");
        }
    }

    #[test]
    fn a_stream_that_grows_beyond_measure_is_ended() {
        let bomb = zstd::encode_all(io::repeat(b'x').take(FREE + (8 << 20)), 1).expect("zstd");
        let mut decoded = Decoded::new(Box::new(&bomb[..]), bomb.len() as u64, 2).expect("opens");
        let mut text = Held::default();
        assert!(!decoded.fill(&mut text, usize::MAX));
        assert_eq!(text.len() as u64, FREE);
        assert!(decoded.broken.is_some_and(|why| why.contains("max-ratio")));
    }

    #[test]
    fn utf16_is_told_by_its_mark_or_its_zeros() {
        let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let text = "[{\"m\":\"größe 😀\"}]\r\n";
        for (bytes, encoding) in [
            ([vec![0xff, 0xfe], le(text)].concat(), "utf-16le"),
            ([vec![0xfe, 0xff], be(text)].concat(), "utf-16be"),
            (le(text), "utf-16le"),
            (be(text), "utf-16be"),
            (text.as_bytes().to_vec(), "utf-8"),
        ] {
            let (got, coding, _) = read(&bytes);
            assert_eq!((got.as_str(), coding.encoding), (text, encoding));
        }
        assert_eq!(read(&[]).0, "");
    }
}
