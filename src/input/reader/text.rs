//! Lines of plain text to records.

use std::borrow::Cow;

use super::super::json::Tape;
use super::super::lines;
use super::super::repair;
use super::super::said::{self, Said};
use super::super::shape::{Beside, Row, lossy};
use super::{Known, Place, Reader};
use crate::record::{Collect, Kind, LogRecord, Severity, Stretch, effective, effective_behind_time, hash128};
use crate::time::{self, Parsed};

/// An entry that was taken.
pub(super) struct Taken {
    time: Option<Parsed>,
}

/// The time of an entry, and what it was read from.
type Moment = Option<(Parsed, &'static str)>;

/// Whether the time of a record, which an object behind the head of a line says, is that of the row: not that of a thing it
/// speaks of, nor one whose zone is not told.
fn is_own_time(record: &LogRecord<'_>, head_ns: i64) -> bool {
    const KEYS: [&str; 10] =
        ["timestamp", "@timestamp", "time", "ts", "t", "@t", "datetime", "asctime", "Timestamp", "Time"];
    let is_named = record.ts_source.as_deref().is_some_and(|source| KEYS.contains(&source));
    is_named && !record.ts_naive && record.ts_ns.is_some_and(|ns| ns.abs_diff(head_ns) <= time::DAY_NS.unsigned_abs())
}

impl<C: Collect> Reader<'_, C> {
    /// Takes an entry of plain text. `before` is the time of the entry before it, which one without a time has, too; returns
    /// the entry's own.
    pub(super) fn text(&mut self, offset: u64, bytes: &[u8], before: Option<Parsed>) -> Option<Parsed> {
        let text = String::from_utf8_lossy(bytes);
        let line = said::uncoloured(text.lines().next().unwrap_or_default());
        let said = said::of(&line);
        let own = self.own_time(&said);
        // An object behind a head that nobody knows is a row where it has a time of its own.
        if own.is_none()
            && said.object.is_none()
            && line.trim_ascii_end().ends_with('}')
            && let Some(taken) = self.headed_object(offset, bytes)
        {
            return taken.time.or(before);
        }
        let moment =
            own.map(|(parsed, _)| parsed).or(before).map(|parsed| (parsed, own.map_or("line before", |own| own.1)));
        let own = own.map(|(parsed, _)| parsed);
        let place = Place { offset, length: bytes.len() };
        let identity = hash128(&[bytes]);
        let mut tape = Tape::default();
        let told = if let Some(Ok(object)) = said.object.map(|object| tape.parse(object)) {
            self.behind_head(&Row::of(object), &said, moment, place, &text, identity)
        } else {
            self.plain(said, moment, place, &text, identity);
            None
        };
        own.or(told).or(before)
    }

    /// The time that a line says.
    fn own_time(&self, said: &Said<'_>) -> Moment {
        let of_window = || Some(Parsed { ns: said.yearless?.near(self.near?)?, naive: true });
        said.time
            .map(|parsed| (parsed, "line"))
            .or_else(|| of_window().map(|parsed| (parsed, "line, year of the window")))
    }

    /// Takes an entry whose first line is an object behind a head; `None` where it is none, or one that says nothing by itself
    /// behind a head that nobody knows.
    pub(super) fn headed_object(&mut self, offset: u64, bytes: &[u8]) -> Option<Taken> {
        let text = String::from_utf8_lossy(bytes);
        let line = said::uncoloured(text.lines().next().unwrap_or_default());
        let said = said::headed(&line)?;
        let object = said.object?;
        let (mut tape, mended);
        tape = Tape::default();
        let is_strict = tape.parse(object).is_ok();
        let object = if is_strict {
            object
        } else {
            mended = repair::repair(object.as_bytes());
            tape.parse(&mended).ok()?;
            &mended
        };
        let row = Row::of(tape.parsed(object));
        if said.unknown_head {
            let mut record = LogRecord::default();
            self.map(&row, Beside::default(), text.len(), &mut record);
            if record.ts_ns.is_none() || record.message.starts_with('{') {
                return None;
            }
        }
        self.tally.duplicate_keys += tape.duplicate_keys;
        self.tally.repaired += u64::from(!is_strict || matches!(text, Cow::Owned(_)));
        let moment = self.own_time(&said);
        let place = Place { offset, length: bytes.len() };
        Some(Taken { time: self.behind_head(&row, &said, moment, place, &text, hash128(&[bytes])) })
    }

    /// The row that an object behind the head of a line is. What it says itself counts before what the head says. Answers its
    /// time.
    fn behind_head<'r>(
        &mut self,
        row: &Row<'r>,
        said: &Said<'r>,
        moment: Moment,
        place: Place,
        text: &'r str,
        identity: u128,
    ) -> Option<Parsed> {
        let mut record = LogRecord::default();
        self.map(row, Beside::default(), text.len(), &mut record);
        if record.insert_id.is_none() {
            // Two lines may hold the same object.
            record.content_hash = identity;
        }
        if let Some((parsed, source)) = moment.filter(|(parsed, _)| !is_own_time(&record, parsed.ns)) {
            (record.ts_ns, record.ts_naive, record.ts_source) = (Some(parsed.ns), parsed.naive, Some(source.into()));
        }
        if record.severity == Severity::Default && (said.severity.is_some() || record.effective_reason.is_none()) {
            record.severity = said.severity.unwrap_or_default();
            let found = effective(record.severity, &record.message, said.level);
            (record.effective_severity, record.effective_reason) = (found.severity, found.reason);
        }
        record.service = record.service.or(said.service.map(Cow::Borrowed));
        record.instance = record.instance.or(said.instance.map(Cow::Borrowed));
        if let Some((_, rest)) = text.split_once('\n') {
            record.message = Cow::Owned(format!("{}\n{rest}", record.message));
        }
        let time = record.ts_ns.map(|ns| Parsed { ns, naive: record.ts_naive });
        self.emit(&mut record, place, text, &Known::default());
        time
    }

    /// An entry that is text.
    fn plain<'r>(&mut self, said: Said<'r>, moment: Moment, place: Place, text: &'r str, identity: u128) {
        let mut record = LogRecord {
            severity: said.severity.unwrap_or_default(),
            service: said.service.map(Cow::Borrowed),
            instance: said.instance.map(Cow::Borrowed),
            trace: said.trace.map(Cow::Borrowed),
            content_hash: identity,
            payload_rank: 2,
            ..LogRecord::default()
        };
        if let Some((parsed, source)) = moment {
            (record.ts_ns, record.ts_naive, record.ts_source) = (Some(parsed.ns), parsed.naive, Some(source.into()));
        }
        let behind = text.split_once('\n').map(|(_, rest)| rest);
        let levelled = behind.filter(|rest| lines::begins_with_level(rest));
        record.message = match (said.named, said.source.zip(levelled)) {
            // The name of its container is no part of what it says.
            (Some(named), _) => match (Stretch { text, id: 0 }).offset_of(named) {
                Some(start) => Cow::Borrowed(text[start..].trim_start_matches(['\r', '\n'])),
                // The line was coloured.
                None => Cow::Owned(behind.map_or(named.to_owned(), |rest| format!("{named}\n{rest}"))),
            },
            (None, Some(((class, method), rest))) => {
                (record.module, record.function) = (Some(class.into()), method.map(Cow::Borrowed));
                Cow::Borrowed(rest)
            }
            (None, None) => Cow::Borrowed(text),
        };
        let found = effective(record.severity, &record.message, said.level);
        let found = match said.behind_time.filter(|_| found.reason.is_none()) {
            Some(text) => effective_behind_time(record.severity, text),
            None => found,
        };
        (record.effective_severity, record.effective_reason) = (found.severity, found.reason);
        if said.http.is_some() {
            (record.http, record.kind) = (said.http, Kind::Request);
        }
        let status = record.http.as_ref().and_then(|http| http.status);
        if let Some(status @ 400..) = status {
            let implied = if status < 500 { Severity::Warning } else { Severity::Error };
            // A server writes one level before every request.
            let is_open = found.severity == Severity::Default || found.reason.is_some() && said.level.is_none();
            if is_open && implied > found.severity {
                record.effective_severity = implied;
                record.effective_reason = Some("response status");
            }
        }
        record.lossy = lossy(text);
        self.emit(&mut record, place, text, &Known::default());
    }
}
