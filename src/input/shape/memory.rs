//! What earlier rows of an input were read as: logs by name, resources by the number of their bytes.
//!
//! Rows name a dozen logs and come from a dozen resources. A log's name with its slashes is made once and then borrowed; where
//! a resource has the bytes of an earlier one, its labels stand in it where they stood there.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use crate::record::{LogRecord, Stretch};

/// Names of logs that are remembered. Of those that come later, each is made as often as it comes.
const NAMES: usize = 16;
/// Resources that are remembered.
const RESOURCES: usize = 128;
/// What a resource says.
const FIELDS: usize = 6;

/// A name as it is written, and as it is meant.
type Name = (Box<str>, Box<str>);

/// A text of a stretch: where it begins, and its length; none where that is 0.
type Span = (u16, u16);

/// The resource of a number, which is never 0.
type Resource = (u16, [Span; FIELDS]);

/// See the module.
pub(crate) struct Memory {
    names: [OnceCell<Name>; NAMES],
    resources: [Cell<Resource>; RESOURCES],
    /// The instance that labels name, of labels which say nothing else.
    labels: [Cell<(u16, Span)>; RESOURCES],
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            names: Default::default(),
            resources: [const { Cell::new((0, [(0, 0); FIELDS])) }; _],
            labels: [const { Cell::new((0, (0, 0))) }; _],
        }
    }
}

impl Memory {
    /// What a name is read as by `read`.
    pub(super) fn name<'a>(&'a self, written: &str, read: impl Fn(&str) -> String) -> Cow<'a, str> {
        for cell in &self.names {
            let (known, meant) = cell.get_or_init(|| {
                let meant = read(written).into_boxed_str();
                (written.into(), meant)
            });
            if **known == *written {
                return Cow::Borrowed(meant);
            }
        }
        Cow::Owned(read(written))
    }

    /// Fills in what the resource of a number says, if it is remembered.
    pub(super) fn recall<'a>(&self, number: u16, raw: &'a str, record: &mut LogRecord<'a>) -> bool {
        let (known, spans) = self.resources[usize::from(number) % RESOURCES].get();
        if known != number {
            return false;
        }
        for (field, span) in fields(record).into_iter().zip(spans) {
            *field = Some(text_at(raw, span)).filter(|text| !text.is_empty()).map(Cow::Borrowed);
        }
        true
    }

    /// The instance that labels of a number name, if they are remembered; empty where they name none.
    #[inline]
    pub(super) fn instance<'a>(&self, number: u16, raw: &'a str) -> Option<&'a str> {
        let (known, span) = self.labels[usize::from(number) % RESOURCES].get();
        (known == number).then(|| text_at(raw, span))
    }

    /// Remembers the instance that labels of a number name, which is empty where they name none.
    pub(super) fn note_instance(&self, number: u16, raw: &str, instance: &str) {
        let span = if instance.is_empty() { Some((0, 0)) } else { span_of(raw, instance) };
        if let Some(span) = span {
            self.labels[usize::from(number) % RESOURCES].set((number, span));
        }
    }

    /// Remembers what the resource of a number said, unless it is not said by its own bytes.
    pub(super) fn note(&self, number: u16, raw: &str, record: &mut LogRecord<'_>) {
        let mut spans = [(0, 0); FIELDS];
        for (span, field) in spans.iter_mut().zip(fields(record)) {
            let Some(text) = field else { continue };
            let Some(found) = span_of(raw, text) else { return };
            *span = found;
        }
        self.resources[usize::from(number) % RESOURCES].set((number, spans));
    }
}

/// Where a text stands in another, of which it is a part.
fn span_of(raw: &str, text: &str) -> Option<Span> {
    let from = Stretch { text: raw, id: 0 }.offset_of(text)?;
    Some((from.try_into().ok()?, text.len().try_into().ok()?))
}

#[inline]
fn text_at(raw: &str, (from, length): Span) -> &str {
    let (from, length) = (usize::from(from), usize::from(length));
    raw.get(from..from + length).unwrap_or_default()
}

/// The fields that a resource fills.
fn fields<'r, 'a>(record: &'r mut LogRecord<'a>) -> [&'r mut Option<Cow<'a, str>>; FIELDS] {
    let LogRecord { resource_type, service, revision, location, instance, project, .. } = record;
    [resource_type, service, revision, location, instance, project]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_once_while_there_is_room_and_always_the_same() {
        let memory = Memory::default();
        let calls = Cell::new(0);
        let read = |name: &str| {
            calls.set(calls.get() + 1);
            name.to_uppercase()
        };
        for n in [0, 1, 1, 0, 20].into_iter().chain(0..2 * NAMES).chain([1, 0, 2 * NAMES - 1]) {
            let name = format!("log{n}");
            assert_eq!(memory.name(&name, read), name.to_uppercase());
        }
        assert!(matches!(memory.name("log1", read), Cow::Borrowed(_)));
        // Each once, but the last one, for which there is no room.
        assert_eq!(calls.get(), 2 * NAMES + 1);
    }

    #[test]
    fn a_resource_says_again_what_its_bytes_said_and_no_other_of_its_place_does() {
        let raw = r#"{"labels":{"service_name":"shop","location":"here"},"type":"cloud_run_revision"}"#;
        let at = |text: &str| raw.find(text).map(|at| Cow::Borrowed(&raw[at..at + text.len()]));
        let said =
            || LogRecord { service: at("shop"), resource_type: at("cloud_run_revision"), ..LogRecord::default() };
        let memory = Memory::default();
        let mut record = LogRecord::default();
        assert!(!memory.recall(7, raw, &mut record));
        memory.note(7, raw, &mut said());
        // The same bytes elsewhere.
        let again = raw.to_owned();
        assert!(memory.recall(7, &again, &mut record));
        assert_eq!(fields(&mut record), fields(&mut said()));
        assert!(!memory.recall(7 + RESOURCES as u16, raw, &mut record));
        assert_eq!(memory.instance(7, raw), None, "a resource is no labels");
        memory.note_instance(7, raw, at("here").as_deref().unwrap_or_default());
        assert_eq!(memory.instance(7, &again), Some("here"));
        memory.note_instance(7, raw, "");
        assert_eq!(memory.instance(7, &again), Some(""));
        memory.note_instance(9, raw, "elsewhere");
        assert_eq!(memory.instance(9, raw), None);
        // What was made, and stands nowhere in it, is made again.
        let mut made = LogRecord { project: Some(Cow::Owned("p".to_owned())), ..said() };
        memory.note(8, raw, &mut made);
        assert!(!memory.recall(8, raw, &mut record));
    }
}
