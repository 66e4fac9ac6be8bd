//! Rows to records: what the framer finds is parsed, mapped, hashed, masked and handed to a collector.
//!
//! A record borrows from the row it was read from and lives until the collector has seen it. Hashes are taken before
//! credentials are masked, so that two exports of one entry stay one row however they were masked.

mod text;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrayvec::ArrayVec;

use super::framing::{End, Front, Opened, Sink, Taken, Text, Verdict, gap};
use super::json::{Refused, Tape, Value};
use super::redact::{Forms, Hits, Redactor};
use super::shape::{self, Beside, Carried, MOST_REPEATS, Memory, Row, Unwrapped};
use super::streamed::{Said, Streamed};
use super::tally::Tally;
use super::{ReadOptions, lines, pieces, repair, said};
use crate::config::glob_matches;
use crate::record::ingest::NO_OBJECT;
use crate::record::{Collect, Identity, LogRecord, Stretch, hash128};
use crate::time::{self, Window};

/// Makes the records of one stretch of a file.
pub(super) struct Reader<'a, C> {
    options: &'a ReadOptions,
    streamed: &'a Streamed,
    /// What the file covers, which says the year where a time lacks it.
    near: Option<Window>,
    /// The wrapper in which the rows stand.
    within: Option<Arc<Said>>,
    /// The name before the newest row that had one, and what it says.
    container: Option<(String, Arc<Said>)>,
    tape: Tape,
    /// Of stretches that repeat, by number: the forms of credential that each may hold.
    forms: Vec<Option<Forms>>,
    tape_id: u64,
    /// What rows of the tape were read as; moved out while others are.
    memory: Option<Box<Memory>>,
    /// Rows that are likely to follow one another plainly; see [`Reader::batch`].
    ahead: usize,
    tally: Tally,
    collector: C,
}

/// Most rows that are read at once.
const AT_ONCE: usize = 8;

/// Where a row stands in the file, and how many bytes it has there (a mended or made text has others).
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    length: usize,
}

impl<'a, C: Collect> Reader<'a, C> {
    pub(super) fn new(options: &'a ReadOptions, streamed: &'a Streamed, collector: C) -> Self {
        let tape = Tape::for_rows();
        Self {
            options,
            streamed,
            near: None,
            within: None,
            container: None,
            tape_id: tape.id(),
            tape,
            forms: Vec::new(),
            memory: None,
            ahead: 0,
            tally: Tally::default(),
            collector,
        }
    }

    /// Of a file that covers a window.
    pub(super) fn near(self, window: Option<Window>) -> Self {
        Self { near: window, ..self }
    }

    /// What was collected and counted.
    pub(super) fn finish(self) -> (C, Tally) {
        (self.collector, self.tally)
    }

    /// Parses a whole text and takes its rows. `length` is that of the row in the file, where the text is another.
    fn parse(&mut self, place: Place, text: &str) -> Result<Verdict, Refused> {
        // The tape is moved out while rows borrow it; it keeps its capacity.
        let mut tape = std::mem::take(&mut self.tape);
        let verdict = tape.parse(text).map(|object| self.take(object, place, text));
        self.tally.duplicate_keys += if verdict.is_ok() { tape.duplicate_keys } else { 0 };
        self.tape = tape;
        verdict
    }

    /// Takes all rows that a top-level object holds.
    fn take(&mut self, object: Value<'_>, place: Place, text: &str) -> Verdict {
        self.take_unless_piece(object, place, text, false).unwrap_or(Verdict::Refused("a piece"))
    }

    /// The same; `None` when it is a piece of a longer row and `pieces` asks to leave those.
    fn take_unless_piece(&mut self, object: Value<'_>, place: Place, text: &str, pieces: bool) -> Option<Verdict> {
        let within = self.within.clone();
        let outer = within.as_deref().map(Said::beside).unwrap_or_default();
        Some(match shape::unwrap(object, &self.options.mappings) {
            Unwrapped::Row(row) => {
                if pieces && is_piece(&row) {
                    return None;
                }
                self.keep(&row, outer, place, text);
                Verdict::Read { entries: place.length as u64, wrapper: false }
            }
            Unwrapped::Wrapper { rows, window } => {
                self.tally.asked(place.offset, window);
                let mut entries = 0;
                for carried in rows {
                    let Carried { row, beside } = carried;
                    // A mended text has other offsets than the file: its rows stand where the wrapper stands.
                    let inner = if text.len() == place.length {
                        Place { offset: place.offset + row.start() as u64, length: row.raw().len() }
                    } else {
                        place
                    };
                    if carried.is_row() {
                        entries += row.raw().len() as u64;
                        self.keep(&Row::of(row), beside.or(outer), inner, row.raw());
                    } else {
                        self.refused(inner, NO_OBJECT, row.raw());
                    }
                }
                // A mended text may be longer than the bytes it stands for.
                Verdict::Read { entries: entries.min(place.length as u64), wrapper: true }
            }
        })
    }

    fn keep(&mut self, row: &Row<'_>, beside: Beside<'_>, place: Place, text: &str) {
        if let Some(data) = shape::pubsub::data(row, self.options.row_bytes) {
            self.delivered(data, place, text);
            return;
        }
        self.ahead = (self.ahead + 1).min(AT_ONCE);
        let mut record = LogRecord::default();
        self.map(row, beside, text.len(), &mut record);
        let known = self.known(row);
        self.emit(&mut record, place, text, &known);
    }

    /// Fills the record of a row of `length` bytes.
    fn map<'r>(&self, row: &Row<'r>, beside: Beside<'r>, length: usize, record: &mut LogRecord<'r>) {
        shape::map(row, beside, &self.options.mappings, record);
        if record.insert_id.is_none() || record.identity == Identity::Content {
            let mut canonical = String::with_capacity(length);
            shape::canonical(row.value(), beside, &mut canonical);
            record.content_hash = hash128(&[canonical.as_bytes()]);
        }
        record.set_aside = self.options.set_aside.iter().any(|rule| {
            row.value().path(&rule.field).and_then(Value::scalar).is_some_and(|value| glob_matches(&rule.value, &value))
        });
    }

    /// Reads some rows stage by stage: all are parsed, then all mapped, then all handed on. The code of a stage fits into a
    /// processor's cache of instructions and that of all of them does not, so that row by row, fetching code was a good part of
    /// the time. What is not plainly a row of its own, or not JSON, ends the batch before it and is read alone.
    fn batch(&mut self, tape: &mut Tape, offset: u64, text: &str, until: usize, comma: bool) -> Option<Taken> {
        let mut taken = Taken::default();
        let mut found = ArrayVec::<_, AT_ONCE>::new();
        let (mut plain, mut start) = (true, 0);
        tape.clear();
        while found.len() < self.ahead && start < until {
            match tape.parse_beside(text, start) {
                Ok((root, end)) if end - start <= self.options.row_bytes => {
                    found.push((root, start..end, tape.multi_line, tape.duplicate_keys));
                    let Some(gap) = gap(&text.as_bytes()[end..], comma) else { break };
                    start = end + gap;
                }
                Ok(_) => {
                    plain = false;
                    break;
                }
                Err(refused) => {
                    plain = refused.may_be_cut(text);
                    break;
                }
            }
        }
        let tape = &*tape;
        let carries = |row: &Row<'_>| shape::pubsub::data(row, self.options.row_bytes).is_some();
        let memory = self.memory.take().unwrap_or_default();
        let mut rows = ArrayVec::<Row<'_>, AT_ONCE>::new();
        for (root, ..) in &found {
            match shape::unwrap(tape.root(text, *root), &self.options.mappings) {
                Unwrapped::Row(mut row) if !is_piece(&row) && !carries(&row) => {
                    row.remember(&memory);
                    rows.push(row);
                }
                _ => {
                    plain = false;
                    break;
                }
            }
        }
        self.ahead = if plain { (2 * self.ahead).min(AT_ONCE) } else { 0 };
        let within = self.within.clone();
        let outer = within.as_deref().map(Said::beside).unwrap_or_default();
        let mut records: [LogRecord<'_>; AT_ONCE] = Default::default();
        for ((record, row), (_, span, ..)) in records.iter_mut().zip(&rows).zip(&found) {
            self.map(row, outer, span.len(), record);
        }
        for ((record, row), (_, span, multi_line, duplicate_keys)) in records.iter_mut().zip(&rows).zip(found) {
            let known = self.known(row);
            let place = Place { offset: offset + span.start as u64, length: span.len() };
            self.tally.duplicate_keys += duplicate_keys;
            taken.rows += 1;
            taken.entries += span.len() as u64;
            taken.multi_line += u64::from(multi_line);
            (taken.last, taken.length) = (span.start, span.end);
            self.emit(record, place, &text[span], &known);
        }
        drop((records, rows));
        self.memory = Some(memory);
        taken.structure = if comma { taken.rows.saturating_sub(1) } else { 0 };
        (taken.rows > 0).then_some(taken)
    }

    fn known<'r>(&mut self, row: &Row<'r>) -> Known<'r> {
        let mut known = Known::default();
        for (number, text) in row.repeats() {
            let at = usize::from(number);
            if self.forms.len() <= at {
                self.forms.resize(at + 1, None);
            }
            known.forms[known.count] = *self.forms[at].get_or_insert_with(|| Redactor::forms(text));
            known.stretches[known.count] = Stretch { text, id: self.tape_id << 16 | u64::from(number) };
            known.count += 1;
        }
        known
    }

    /// The entries inside a Pub/Sub envelope; offset and length are the envelope's.
    fn delivered(&mut self, data: Result<Vec<u8>, &'static str>, place: Place, envelope: &str) {
        let data = match data {
            Ok(data) => data,
            Err(reason) => return self.refused(place, reason, envelope),
        };
        let bytes = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&data);
        let mut tape = Tape::default();
        let mended;
        let strict = std::str::from_utf8(bytes).map_err(|_| "the data of the envelope is not UTF-8");
        let text = match strict.and_then(|text| tape.parse(text).map(|_| text).map_err(|refused| refused.reason)) {
            Ok(text) => text,
            Err(reason) => {
                mended = repair::repair(bytes);
                if tape.parse(&mended).is_err() {
                    return self.refused(place, reason, envelope);
                }
                self.tally.repaired += 1;
                &mended
            }
        };
        self.tally.duplicate_keys += tape.duplicate_keys;
        self.deliver(tape.parsed(text), place, envelope);
    }

    /// The entries of a list, of a wrapper, or the one that a value is.
    fn deliver(&mut self, value: Value<'_>, place: Place, envelope: &str) {
        if value.is_array() {
            value.items().for_each(|item| self.deliver(item, place, envelope));
            return;
        }
        let rows = match shape::unwrap(value, &self.options.mappings) {
            Unwrapped::Row(row) if value.is_object() => {
                return self.keep(&row, Beside::default(), place, value.raw());
            }
            Unwrapped::Row(_) => return self.refused(place, "the data of the envelope is not a JSON object", envelope),
            Unwrapped::Wrapper { rows, .. } => rows,
        };
        for carried in rows {
            if carried.is_row() {
                self.keep(&Row::of(carried.row), carried.beside, place, carried.row.raw());
            } else {
                self.refused(place, NO_OBJECT, envelope);
            }
        }
    }

    /// Completes a record and hands it on.
    fn emit<'r>(&mut self, record: &mut LogRecord<'r>, place: Place, text: &'r str, known: &Known<'r>) {
        record.offset = place.offset;
        record.length = u32::try_from(place.length).unwrap_or(u32::MAX);
        record.ts_ns = record.ts_ns.filter(|ns| time::is_plausible(*ns));
        self.tally.count(record);
        let redactor = self.options.redactor();
        let mut said = (0..0, 0);
        if let Some(redactor) = redactor {
            let hits = &mut self.tally.redacted;
            let forms = Redactor::forms(&record.message);
            said = (string_within(&record.message, text), forms);
            if let Some(masked) = masked(&record.message, forms, redactor, hits) {
                record.payload_hash = Some(record.own_payload_hash());
                record.message = masked.into();
            }
            if let Some(labels) = &record.labels {
                let forms = known.forms_of(labels).unwrap_or_else(|| Redactor::forms(labels));
                if let Some(masked) = masked(labels, forms, redactor, hits) {
                    record.labels = Some(masked.into());
                }
            }
        }
        // The same secrets again: counted once, with the message.
        let raw = || {
            let Some(redactor) = redactor else { return Cow::Borrowed(text) };
            redactor.mask(text, known.forms_of_row(text, said), &mut Hits::default())
        };
        self.collector.push(record, known.stretches(), raw);
    }

    fn refused(&mut self, place: Place, reason: &str, text: &str) {
        self.malformed(place.offset, place.length as u64, reason, text.as_bytes());
    }
}

/// Stretches of a row that stood in earlier rows, and the forms of credential that each may hold.
#[derive(Default)]
struct Known<'r> {
    stretches: [Stretch<'r>; MOST_REPEATS],
    forms: [Forms; MOST_REPEATS],
    count: usize,
}

impl<'r> Known<'r> {
    fn stretches(&self) -> &[Stretch<'r>] {
        &self.stretches[..self.count]
    }

    /// The forms that a text may hold, where it is a part of a stretch.
    fn forms_of(&self, text: &str) -> Option<Forms> {
        self.stretches().iter().zip(self.forms).find_map(|(known, forms)| known.offset_of(text).map(|_| forms))
    }

    /// The forms that the whole row may hold. `said`: its message, and the forms of that.
    fn forms_of_row(&self, text: &str, said: (Range<usize>, Forms)) -> Forms {
        let whole = Stretch { text, id: 0 };
        let range = |known: &Stretch<'_>| {
            let start = whole.offset_of(known.text)?;
            Some(start..start + known.text.len())
        };
        let mut ranges = [const { 0..0 }; MOST_REPEATS + 1];
        let mut forms = said.1;
        for (at, known) in self.stretches().iter().enumerate() {
            if let Some(range) = range(known) {
                ranges[at] = range;
                forms |= self.forms[at];
            }
        }
        ranges[MOST_REPEATS] = said.0;
        forms | Redactor::forms_beside(text, &mut ranges)
    }
}

/// Where a text stands in a row as a whole string: no credential reaches across its quotes.
fn string_within(text: &str, row: &str) -> Range<usize> {
    let Some(start) = (Stretch { text: row, id: 0 }).offset_of(text) else { return 0..0 };
    let end = start + text.len();
    let quoted = start > 0 && row.as_bytes()[start - 1] == b'"' && row.as_bytes().get(end) == Some(&b'"');
    if quoted { start..end } else { 0..0 }
}

/// The text without its credentials; `None` where it holds none.
fn masked(text: &str, forms: Forms, redactor: &Redactor, hits: &mut Hits) -> Option<String> {
    match redactor.mask(text, forms, hits) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    }
}

/// Whether a row is a piece of an entry that goes on in another row.
fn is_piece(row: &Row<'_>) -> bool {
    row.may_go_on && pieces::Part::of(row.value()).is_some_and(|part| part.open)
}

impl<C: Collect> Sink for Reader<'_, C> {
    fn rows(&mut self, offset: u64, text: &str, until: usize, comma: bool) -> Option<Taken> {
        if self.ahead < 2 {
            return None;
        }
        // As in `parse`.
        let mut tape = std::mem::take(&mut self.tape);
        let taken = self.batch(&mut tape, offset, text, until, comma);
        self.tape = tape;
        taken
    }

    fn front(&mut self, offset: u64, text: &str) -> Front {
        let mut tape = std::mem::take(&mut self.tape);
        let front = match tape.parse_front(text) {
            Ok((object, length)) if length <= self.options.row_bytes => {
                match self.take_unless_piece(object, Place { offset, length }, &text[..length], true) {
                    Some(Verdict::Read { entries, wrapper }) => {
                        self.tally.duplicate_keys += tape.duplicate_keys;
                        Front::Read { length, entries, wrapper, multi_line: tape.multi_line }
                    }
                    Some(Verdict::Refused(_)) => Front::Refused,
                    None => Front::Piece,
                }
            }
            Err(refused) if refused.may_be_cut(text) => Front::Short,
            _ => Front::Refused,
        };
        self.tape = tape;
        front
    }

    fn named(&mut self, offset: u64, name: &str, text: &str) -> Front {
        if self.container.as_ref().is_none_or(|(known, _)| known != name) {
            let said = said::container(name).and_then(|(service, name)| Said::of_container(service, name));
            let Some(said) = said else { return Front::Refused };
            self.container = Some((name.to_owned(), Arc::new(said)));
        }
        // A wrapper around the rows says more than a name before them.
        if self.within.is_some() {
            return Front::Refused;
        }
        self.within = self.container.as_ref().map(|(_, said)| Arc::clone(said));
        let front = self.front(offset, text);
        self.within = None;
        front
    }

    fn wrapper(&mut self, offset: u64, text: &str, known: bool) -> Option<Opened> {
        let mut tape = Tape::default();
        let object = tape.parse(text).ok()?;
        let front = shape::front(object, &self.options.mappings);
        let (said, groups) = if known { front.unwrap_or_default() } else { front? };
        self.tally.asked(offset, shape::window(object));
        let outer = self.within.clone();
        let said = said.or(outer.as_deref().map(Said::beside).unwrap_or_default());
        let id = self.streamed.open(outer.as_deref().map_or(0, |outer| outer.id), said)?;
        Some(Opened { id, groups })
    }

    fn list(&mut self, text: &str, beside: bool) -> Option<bool> {
        let text = text.trim_ascii_start();
        if text.as_bytes().first().is_some_and(|byte| *byte != b'{') {
            return Some(false);
        }
        let mut tape = Tape::default();
        match tape.parse_front(text) {
            Ok((row, _)) => Some(shape::is_of_rows(row, beside)),
            Err(refused) if refused.may_be_cut(text) && text.len() < self.options.row_bytes => None,
            Err(_) => Some(false),
        }
    }

    fn within(&mut self, wrapper: u64) {
        if self.within.as_deref().map_or(0, |within| within.id) != wrapper {
            self.within = self.streamed.get(wrapper);
        }
    }

    fn outer(&mut self) -> u64 {
        self.within.as_deref().map_or(0, |within| within.outer)
    }

    fn pieces(&mut self, offset: u64, bytes: &[u8], end: End) -> Option<Taken> {
        let run = pieces::follow(bytes, end)?;
        let (length, rows, multi_line, last) = (run.length, run.rows, run.multi_line, run.last);
        let mut taken = Taken { length, structure: run.commas, rows, multi_line, last, ..Taken::default() };
        for entry in run.entries {
            let place = Place { offset: offset + entry.range.start as u64, length: entry.range.len() };
            let verdict = self.parse(place, &entry.text);
            let entries = match verdict {
                Ok(Verdict::Read { entries, wrapper: true }) => {
                    taken.wrappers += 1;
                    entries
                }
                Ok(Verdict::Read { .. }) => entry.bytes as u64,
                Ok(Verdict::Refused(reason)) | Err(Refused { reason, .. }) => {
                    self.refused(place, reason, &entry.text);
                    0
                }
            };
            taken.entries += entries;
            taken.structure += entry.bytes as u64 - entries;
        }
        Some(taken)
    }

    fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict {
        let place = Place { offset, length: bytes.len() };
        let strict = simdutf8::basic::from_utf8(bytes).ok().map(|text| self.parse(place, text));
        if let Some(Ok(verdict)) = strict {
            return verdict;
        }
        let before = self.tally.repaired;
        match self.parse(place, &repair::repair(bytes)) {
            Ok(verdict) => {
                // What it carries may have been mended as well: that is the same row.
                self.tally.repaired = self.tally.repaired.max(before + 1);
                verdict
            }
            Err(refused) => Verdict::Refused(strict.and_then(Result::err).unwrap_or(refused).reason),
        }
    }

    fn converted(&mut self, offset: u64, length: u64, text: &str) -> Verdict {
        self.parse(Place { offset, length: length as usize }, text)
            .unwrap_or_else(|refused| Verdict::Refused(refused.reason))
    }

    fn malformed(&mut self, offset: u64, length: u64, reason: &str, shown: &[u8]) {
        let redactor = self.options.redactor();
        self.tally.malformed(offset, length, reason, || {
            let text = String::from_utf8_lossy(shown);
            let mut text = match redactor {
                Some(redactor) => redactor.redact(&text, &mut Hits::default()).into_owned(),
                None => text.into_owned(),
            };
            text.truncate(text.floor_char_boundary(super::framing::SHOWN));
            text
        });
    }

    fn headed(&mut self, offset: u64, bytes: &[u8]) -> bool {
        self.headed_object(offset, bytes).is_some()
    }

    fn text_line(&mut self, offset: u64, bytes: &[u8]) -> bool {
        if self.options.text {
            self.text(offset, bytes, None);
        }
        self.options.text
    }

    fn text_lines(&mut self, offset: u64, bytes: &[u8], end: End) -> Text {
        if !self.options.text {
            return Text::Refused;
        }
        let Some(run) = lines::follow(bytes, end) else { return Text::Short };
        let mut taken = Taken { length: run.length, blank_lines: run.blank_lines, ..Taken::default() };
        let mut before = None;
        for entry in run.entries {
            let text = &bytes[entry.clone()];
            if let Some(at) = said::blank_at(text) {
                (before, taken.blank_lines) = (Some(at), taken.blank_lines + 1);
                continue;
            }
            taken.rows += 1;
            taken.entries += entry.len() as u64;
            before = self.text(offset + entry.start as u64, text, before);
        }
        Text::Read(taken)
    }
}
