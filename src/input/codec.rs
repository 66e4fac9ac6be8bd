//! Bytes on disk to UTF-8 text: compression by magic number, UTF-16 by byte order mark, never by suffix.
//!
//! A stream that breaks keeps what was decoded before the break; the break itself is a problem with an offset. The content
//! id is taken on the way, over the bytes as they are on disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

use super::InputError;
use crate::record::ContentId;

const BUFFER: usize = 256 << 10;

/// How a file was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding {
    pub(crate) codec: &'static str,
    pub(crate) encoding: &'static str,
}

#[derive(Debug, Default)]
struct Tally {
    hasher: blake3::Hasher,
    bytes: u64,
}

/// What the raw side of the stream saw; complete once [`Decoded::finish`] was called.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Tally>>);

struct Counted<R> {
    inner: R,
    shared: Shared,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        let mut tally = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.hasher.update(&buf[..n]);
        tally.bytes += n as u64;
        Ok(n)
    }
}

type Raw = BufReader<Counted<Box<dyn Read + Send>>>;

/// A file as UTF-8 text.
pub(crate) struct Decoded {
    inner: Box<dyn Read + Send>,
    shared: Shared,
    pub(crate) coding: Coding,
    utf16: Option<Decoder>,
    /// Bytes read for the look at the front, or left over from a UTF-16 block.
    pending: Vec<u8>,
    pending_at: usize,
    ended: bool,
    /// Why the stream ended before its end.
    pub(crate) broken: Option<String>,
}

/// Opens a file (`-` is standard input) and looks at its front.
pub(crate) fn open(path: &Path) -> Result<Decoded, InputError> {
    let raw: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|source| InputError::Open { path: path.to_owned(), source })?)
    };
    decode(raw).map_err(|source| InputError::Open { path: path.to_owned(), source })
}

fn decode(raw: Box<dyn Read + Send>) -> io::Result<Decoded> {
    let shared = Shared::default();
    let mut raw: Raw = BufReader::with_capacity(BUFFER, Counted { inner: raw, shared: shared.clone() });
    let front = raw.fill_buf()?;
    let (codec, inner): (_, Box<dyn Read + Send>) = match front {
        [0x1f, 0x8b, ..] => ("gzip", Box::new(flate2::bufread::MultiGzDecoder::new(raw))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", Box::new(zstd::stream::read::Decoder::with_buffer(raw)?)),
        _ => ("none", Box::new(raw)),
    };
    let mut decoded = Decoded {
        inner,
        shared,
        coding: Coding { codec, encoding: "utf-8" },
        utf16: None,
        pending: Vec::new(),
        pending_at: 0,
        ended: false,
        broken: None,
    };
    decoded.look();
    Ok(decoded)
}

impl Decoded {
    /// Reads the first four bytes to tell UTF-16 from UTF-8.
    fn look(&mut self) {
        let mut front = [0_u8; 4];
        let mut n = 0;
        while n < front.len() {
            match self.read_inner(&mut front[n..]) {
                0 => break,
                got => n += got,
            }
        }
        let front = &front[..n];
        let (encoding, skip) = match front {
            [0xff, 0xfe, ..] => ("utf-16le", 2),
            [0xfe, 0xff, ..] => ("utf-16be", 2),
            [first, 0, second, 0] if *first != 0 && *second != 0 => ("utf-16le", 0),
            [0, first, 0, second] if *first != 0 && *second != 0 => ("utf-16be", 0),
            _ => ("utf-8", 0),
        };
        self.coding.encoding = encoding;
        self.utf16 = match encoding {
            "utf-16le" => Some(UTF_16LE.new_decoder_without_bom_handling()),
            "utf-16be" => Some(UTF_16BE.new_decoder_without_bom_handling()),
            _ => None,
        };
        let front = front[skip..].to_vec();
        self.pending = if self.utf16.is_some() { self.transcode(&front, false) } else { front };
    }

    /// Reads decompressed bytes; a broken stream ends there and says why.
    fn read_inner(&mut self, buf: &mut [u8]) -> usize {
        if self.ended {
            return 0;
        }
        loop {
            match self.inner.read(buf) {
                Ok(0) => {
                    self.ended = true;
                    return 0;
                }
                Ok(n) => return n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.broken = Some(match (self.coding.codec, error.kind()) {
                        ("none", _) => format!("reading stopped: {error}"),
                        (codec, io::ErrorKind::UnexpectedEof) => format!("the {codec} stream is cut off"),
                        (codec, _) => format!("the {codec} stream is damaged: {error}"),
                    });
                    return 0;
                }
            }
        }
    }

    fn transcode(&mut self, bytes: &[u8], last: bool) -> Vec<u8> {
        let Some(decoder) = &mut self.utf16 else { return bytes.to_vec() };
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 8);
        let mut out = vec![0; room];
        let (_, _, written, _) = decoder.decode_to_utf8(bytes, &mut out, last);
        out.truncate(written);
        out
    }

    /// Reads what is left so that hash and size cover the whole file, and returns them.
    pub(crate) fn finish(mut self) -> (ContentId, u64) {
        let mut sink = vec![0; BUFFER];
        while self.read_inner(&mut sink) > 0 {}
        let tally = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        (ContentId(*tally.hasher.finalize().as_bytes()), tally.bytes)
    }
}

impl Read for Decoded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let waiting = &self.pending[self.pending_at..];
            if !waiting.is_empty() {
                let n = waiting.len().min(buf.len());
                buf[..n].copy_from_slice(&waiting[..n]);
                self.pending_at += n;
                return Ok(n);
            }
            if self.utf16.is_none() {
                return Ok(self.read_inner(buf));
            }
            if self.ended {
                return Ok(0);
            }
            let mut block = vec![0; BUFFER];
            let n = self.read_inner(&mut block);
            self.pending = self.transcode(&block[..n], n == 0);
            self.pending_at = 0;
        }
    }
}

/// Hash of a file's bytes, without decoding it.
pub(crate) fn content_id(path: &Path) -> io::Result<ContentId> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(ContentId(*hasher.finalize().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> (String, Coding, Option<String>, u64) {
        let size = bytes.len() as u64;
        let mut decoded = decode(Box::new(io::Cursor::new(bytes.to_vec()))).expect("opens");
        let mut text = Vec::new();
        decoded.read_to_end(&mut text).expect("never fails");
        let (coding, broken) = (decoded.coding, decoded.broken.clone());
        let (id, counted) = decoded.finish();
        assert_eq!(id.0, *blake3::hash(bytes).as_bytes(), "the hash covers the whole file");
        assert_eq!(counted, size);
        (String::from_utf8(text).expect("utf-8"), coding, broken, counted)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("write");
        encoder.finish().expect("finish")
    }

    #[test]
    fn reads_several_members_and_frames_as_one_text() {
        let (text, coding, broken, _) = read(&[gzip("one\n"), gzip("two\n")].concat());
        assert_eq!((text.as_str(), coding.codec, broken), ("one\ntwo\n", "gzip", None));
        let frames =
            [zstd::encode_all(&b"one\n"[..], 1).expect("zstd"), zstd::encode_all(&b"two\n"[..], 1).expect("zstd")]
                .concat();
        let (text, coding, broken, _) = read(&frames);
        assert_eq!((text.as_str(), coding.codec, broken), ("one\ntwo\n", "zstd", None));
    }

    #[test]
    fn a_torn_stream_keeps_what_came_before_the_break() {
        let long = (0..5_000).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let whole = gzip(&long);
        let (text, _, broken, _) = read(&whole[..whole.len() - 40]);
        assert!(!text.is_empty() && long.starts_with(&text));
        assert_eq!(broken.as_deref(), Some("the gzip stream is cut off"));
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
            (text.as_bytes().to_vec(), "utf-8"),
        ] {
            let (got, coding, _, _) = read(&bytes);
            assert_eq!((got.as_str(), coding.encoding), (text, encoding));
        }
        assert_eq!(read(&[]).0, "");
    }
}
