//! What is known of inputs, packed: a hundred thousand reports differ in little but hashes and counts.
//!
//! As structs they are several kilobytes each, and were most of what an ingest of many small files held. Here each is JSON,
//! compressed against the first one of its kind: some three hundred bytes. What is asked for all the time (ids, paths, names)
//! stands beside it in the clear.

use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::record::ingest::FileReport;

/// zstd level: the texts are short, and are read back once or twice.
const LEVEL: i32 = 1;

/// Packs values of one kind.
#[derive(Default)]
pub(super) struct Packer(Mutex<Option<Tools>>);

struct Tools {
    zip: zstd::bulk::Compressor<'static>,
    unzip: zstd::bulk::Decompressor<'static>,
    text: Vec<u8>,
}

/// A packed value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed(Box<[u8]>);

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer")
    }
}

impl Packer {
    /// Packs a value.
    pub(super) fn pack<T: Serialize>(&self, value: &T) -> Packed {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tools = guard.get_or_insert_with(|| Tools::like(&json(value)));
        tools.text.clear();
        serde_json::to_writer(&mut tools.text, value).expect(PLAIN);
        let Tools { zip, text, .. } = tools;
        Packed(zip.compress(text).expect("there is room for what is compressed").into())
    }

    /// A value as it was packed here.
    pub(super) fn unpack<T: DeserializeOwned>(&self, packed: &Packed) -> T {
        serde_json::from_slice(&self.text(packed)).expect("it was written as this type")
    }

    /// The JSON of a value that was packed here.
    pub(super) fn text(&self, packed: &Packed) -> Vec<u8> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tools = guard.as_mut().expect("what packed a value is there to unpack it");
        // As large as the frame says; the number is only its limit.
        tools.unzip.decompress(&packed.0, usize::MAX).expect("it was compressed in this process")
    }
}

const PLAIN: &str = "reports hold texts and numbers only";

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect(PLAIN)
}

impl Tools {
    fn like(front: &[u8]) -> Self {
        let none = "a compressor without files or threads can be made";
        Self {
            zip: zstd::bulk::Compressor::with_dictionary(LEVEL, front).expect(none),
            unzip: zstd::bulk::Decompressor::with_dictionary(front).expect(none),
            text: Vec::new(),
        }
    }
}

/// Reports of files, by path and content.
#[derive(Debug, Default)]
pub struct Reports {
    packer: Packer,
    /// Path, content id, report.
    files: Vec<(Box<str>, Box<str>, Packed)>,
}

impl Reports {
    /// Adds a report behind the others.
    pub fn push(&mut self, report: &FileReport) {
        let packed = self.packer.pack(report);
        self.files.push((report.path.as_str().into(), report.content_id.as_str().into(), packed));
    }

    /// Puts them in the order of paths, those of one path in the order of contents.
    pub fn sort(&mut self) {
        self.files.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    }

    /// Adds the reports of another list.
    pub fn extend(&mut self, others: Self) {
        if self.is_empty() {
            *self = others;
        } else {
            others.iter().for_each(|report| self.push(&report));
        }
    }

    /// Every report, in order; each is made when it is asked for.
    pub fn iter(&self) -> impl Iterator<Item = FileReport> {
        self.files.iter().map(|(_, _, packed)| self.packer.unpack(packed))
    }

    /// Number of reports.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl FromIterator<FileReport> for Reports {
    fn from_iter<I: IntoIterator<Item = FileReport>>(reports: I) -> Self {
        let mut out = Self::default();
        reports.into_iter().for_each(|report| out.push(&report));
        out
    }
}

impl Serialize for Reports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for report in self.iter() {
            seq.serialize_element(&report)?;
        }
        seq.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(number: u32) -> FileReport {
        FileReport {
            path: format!("2025/09/15/{number:02}:00:00_S{number}.json"),
            content_id: format!("{:064x}", u128::from(number) * 0x1234_5678_9abc_def0_1234),
            entries: u64::from(number),
            severity: [("INFO".to_owned(), 3), ("ERROR".to_owned(), u64::from(number))].into(),
            first: Some("2025-09-15T00:00:00.000000000Z".to_owned()),
            ..FileReport::default()
        }
    }

    #[test]
    fn reports_come_back_as_they_were_and_in_order() {
        let mut reports: Reports = (0..300).rev().map(report).collect();
        reports.sort();
        let mut expected: Vec<FileReport> = (0..300).map(report).collect();
        expected.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(reports.iter().collect::<Vec<_>>(), expected);
        let (packed, plain) = (serde_json::to_string(&reports), serde_json::to_string(&expected));
        assert_eq!(packed.expect("text"), plain.expect("text"));
    }

    #[test]
    fn a_packed_report_is_a_third_of_its_text_and_less() {
        let reports: Reports = (0..300).map(report).collect();
        let packed: usize = reports.files.iter().map(|(_, _, packed)| packed.0.len()).sum();
        let plain: usize = reports.iter().map(|report| json(&report).len()).sum();
        assert!(packed * 3 < plain, "{packed} of {plain}");
    }
}
