//! Pass 1: one row in, its signature and values out.
//!
//! The result is a pure function of the row. What the miner remembers (whole messages, known lines and shapes) is bounded
//! and only saves work: nearly all rows repeat a shape. [`Miner::sign`] is the way for many rows: it adds a row's values
//! to a table straight from the text. [`Miner::scan`] hands them out instead.

use std::sync::Arc;

use super::memo::{LineKey, Messages, Seen, Shapes};
use super::parts::{Parts, Values, cut_value};
use super::signature::{Form, Shape, SigId};
use super::stack;
use super::table::{Epoch, Row, SignatureTable};
use super::telling::telling;
use super::token::{Kind, Scanner, Span};
use super::{json, request};
use crate::record::strip_ansi;

/// What a row is mined as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// Text of a message.
    Text(&'a str),
    /// A request without text.
    Request {
        /// HTTP method, as logged.
        method: &'a str,
        /// Path or URL; query and ids are cut here.
        route: &'a str,
        /// Response status.
        status: Option<u16>,
    },
    /// Neither text nor request.
    Empty,
}

/// What pass 1 learned of one row.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// Id of the signature.
    pub sig: SigId,
    /// The signature.
    pub shape: Arc<Shape>,
    /// The values of its variables.
    pub values: Arc<Values>,
    /// Type of the last exception in the row: full dotted name, as printed.
    pub exception: Option<Arc<str>>,
    /// First line of that exception's message.
    pub exception_message: Option<Arc<str>>,
    /// Hash of the in-app frames (file and function) of the row's stack.
    pub stack_id: Option<u64>,
}

/// What [`Miner::sign`] answers: a [`Scanned`] without what went into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'m> {
    /// Id of the signature.
    pub sig: SigId,
    /// Type of the last exception in the row: full dotted name, as printed.
    pub exception: Option<&'m str>,
    /// Hash of the in-app frames (file and function) of the row's stack.
    pub stack_id: Option<u64>,
}

/// Where a row's values go.
enum Sink<'s> {
    /// To its signature's entry.
    Table(&'s mut SignatureTable, Row<'s>),
    /// To the caller, with the exception's message.
    Caller(Values, Option<Arc<str>>),
    /// Nowhere: a row without a time counts in no table.
    Nobody,
}

/// Scratch of one thread.
pub struct Miner {
    scanner: Scanner,
    encoded: Vec<u8>,
    head: Vec<u8>,
    vars: Vec<Span>,
    shapes: Shapes,
    messages: Messages,
    /// The table signed into last; its number is the epoch of what is remembered of it.
    table: Epoch,
    epoch: u32,
}

impl Default for Miner {
    fn default() -> Self {
        Self::new()
    }
}

impl Miner {
    /// A miner that remembers nothing.
    pub fn new() -> Self {
        Self {
            scanner: Scanner::default(),
            encoded: Vec::new(),
            head: Vec::new(),
            vars: Vec::new(),
            shapes: Shapes::default(),
            messages: Messages::new(),
            table: Epoch::default(),
            epoch: 0,
        }
    }

    /// Signature and values of one row.
    pub fn scan(&mut self, subject: Subject<'_>) -> Scanned {
        self.make_room();
        let mut sink = Sink::Caller(Values::default(), None);
        let (known, stack_id) = self.mine(subject, &mut sink);
        let (values, exception_message) = match sink {
            Sink::Caller(values, text) => (values, text),
            Sink::Table(..) | Sink::Nobody => Default::default(),
        };
        let known = self.shapes.get(known);
        Scanned {
            sig: known.id,
            shape: Arc::clone(&known.shape),
            values: Arc::new(values),
            exception: known.exception.clone(),
            exception_message,
            stack_id,
        }
    }

    /// Signature of one row, which is added to `table` when it has a time (ns since the epoch).
    ///
    /// The same as [`Miner::scan`] and [`SignatureTable::add`], and several times as fast while many rows go to one table;
    /// `message` is the text kept if the row becomes the exemplar.
    pub fn sign(
        &mut self,
        table: &mut SignatureTable,
        subject: Subject<'_>,
        ts_ns: Option<i64>,
        insert_id: &str,
        message: &str,
    ) -> Signed<'_> {
        self.make_room();
        if !self.table.is(table.epoch()) {
            self.table = table.epoch().clone();
            self.epoch = self.epoch.wrapping_add(1);
            if self.epoch == 0 {
                self.forget();
            }
        }
        let row = ts_ns.map(|ts_ns| Row { ts_ns, insert_id, message });
        let place = if let Subject::Text(text) = subject { self.messages.place(text) } else { None };
        if let (Some(place), Subject::Text(text)) = (place, subject)
            && let Some(seen) = self.messages.get(place, text)
            && self.count(seen, table, row)
        {
            return self.signed(seen.known, seen.stack_id);
        }
        let mut sink = row.map_or(Sink::Nobody, |row| Sink::Table(table, row));
        let (known, stack_id) = self.mine(subject, &mut sink);
        if let (Some(place), Subject::Text(text)) = (place, subject) {
            let epoch = if row.is_some() { self.epoch } else { 0 };
            self.messages.put(place, text, Seen { known, stack_id, epoch });
        }
        self.signed(known, stack_id)
    }

    /// Counts a row whose message was signed before, if the table has its values.
    fn count(&mut self, seen: Seen, table: &mut SignatureTable, row: Option<Row<'_>>) -> bool {
        let Some(row) = row else {
            return true;
        };
        let (epoch, index) = self.shapes.get(seen.known).place;
        let has = seen.epoch == self.epoch && epoch == self.epoch;
        if has {
            table.entry(index).count(row);
        }
        has
    }

    fn signed(&mut self, known: u32, stack_id: Option<u64>) -> Signed<'_> {
        let known = self.shapes.get(known);
        Signed { sig: known.id, exception: known.exception.as_deref(), stack_id }
    }

    /// Forgets everything when too much is remembered.
    fn make_room(&mut self) {
        if self.shapes.is_full() {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.shapes.clear();
        self.messages.clear();
        // Epoch 0 is no table's.
        self.epoch = self.epoch.max(1);
    }

    /// The signature of a row and its stack's id; the row's values go to `sink`.
    fn mine(&mut self, subject: Subject<'_>, sink: &mut Sink<'_>) -> (u32, Option<u64>) {
        match subject {
            Subject::Text(message) => self.text(message, sink),
            Subject::Request { method, route, status } => (self.request(method, route, status, sink), None),
            Subject::Empty => {
                let mut parts = Parts::new(Form::Empty, None);
                parts.word("<no payload>");
                (self.finish(&parts, sink), None)
            }
        }
    }

    fn text(&mut self, message: &str, sink: &mut Sink<'_>) -> (u32, Option<u64>) {
        let odd = memchr::memchr3(0x1b, b'\\', b'\n', message.as_bytes()).is_some();
        let body = trim(message);
        if !odd && !body.starts_with('{') {
            return (self.line(body, sink), None);
        }
        let clean = strip_ansi(message);
        let message: &str = clean.as_deref().unwrap_or(message);
        let lines = if message.starts_with('{') { None } else { stack::unescape(message) };
        let message: &str = lines.as_deref().unwrap_or(message);
        let body = message.trim();
        if !body.contains('\n') {
            let object = if body.starts_with('{') { self.object(body, sink) } else { None };
            return object.unwrap_or_else(|| (self.line(body, sink), None));
        }
        let stack = stack::parse_stack(message);
        if let Some(stack) = &stack
            && let Some((exception, text)) = stack.exceptions.last()
        {
            return (self.exception(stack, exception, text, sink), stack.id());
        }
        if body.starts_with('{')
            && let Some(found) = self.object(body, sink)
        {
            return found;
        }
        let told = telling(body);
        let mut parts = Parts::new(Form::Text, None);
        parts.mined(&mut self.scanner, &told);
        parts.space();
        parts.variable(false, "");
        // Frames without an exception, as loggers of Go write them beside a message.
        (self.finish(&parts, sink), stack.and_then(|stack| stack.id()))
    }

    /// A message of one line.
    fn line(&mut self, line: &str, sink: &mut Sink<'_>) -> u32 {
        let spans = self.scanner.scan(line);
        self.vars.clear();
        self.vars.extend(spans.iter().filter(|span| span.kind.is_variable()));
        let key = LineKey { head: &[], text: line.as_bytes(), vars: &self.vars };
        let hash = (!self.scanner.is_irregular() && key.is_short()).then(|| key.hash());
        let found = hash.and_then(|hash| self.shapes.of_line(hash, key)).unwrap_or_else(|| {
            let mut parts = Parts::new(Form::Text, None);
            parts.spans(self.scanner.spans(), line);
            let found = known(&mut self.shapes, &mut self.encoded, &parts);
            if let Some(hash) = hash {
                self.shapes.add_line(hash, key, found);
            }
            found
        });
        self.deliver(found, line, sink);
        found
    }

    fn request(&mut self, method: &str, route: &str, status: Option<u16>, sink: &mut Sink<'_>) -> u32 {
        let method = trim(method);
        self.head.clear();
        self.head.push(status.is_some().into());
        self.head.extend_from_slice(&status.unwrap_or(0).to_le_bytes());
        self.head.extend_from_slice(method.as_bytes());
        let path = request::scan(&mut self.vars, route);
        let key = LineKey { head: &self.head, text: path.as_bytes(), vars: &self.vars };
        let hash = key.hash();
        let found = self.shapes.of_line(hash, key).unwrap_or_else(|| {
            let mut parts = Parts::new(Form::Request, None);
            request::parts(&mut parts, method, path, &self.vars, status);
            let found = known(&mut self.shapes, &mut self.encoded, &parts);
            self.shapes.add_line(hash, key, found);
            found
        });
        self.deliver(found, path, sink);
        found
    }

    /// Hands the variables of `text` to the sink.
    fn deliver(&mut self, found: u32, text: &str, sink: &mut Sink<'_>) {
        let values = self.vars.iter().map(|var| (var.kind == Kind::Soft, cut_value(var.text(text))));
        hand_over(&mut self.shapes, self.epoch, found, values, sink);
    }

    fn exception(&mut self, stack: &stack::Stack<'_>, exception: &str, text: &str, sink: &mut Sink<'_>) -> u32 {
        let mut parts = Parts::new(Form::Exception, Some(exception));
        let first = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
        if let Some(head) = stack.head {
            parts.mined(&mut self.scanner, head.trim());
            parts.space();
            parts.word("[");
            parts.word(exception);
            parts.word("]");
        } else {
            parts.word(exception);
            if !first.is_empty() {
                parts.word(":");
                parts.space();
                parts.mined(&mut self.scanner, first);
            }
        }
        if let Sink::Caller(_, message) = sink {
            *message = (!first.is_empty()).then(|| Arc::from(first));
        }
        self.finish(&parts, sink)
    }

    fn object(&mut self, body: &str, sink: &mut Sink<'_>) -> Option<(u32, Option<u64>)> {
        let object = json::parse(body)?;
        let stack = object.stack.as_deref().and_then(stack::parse_stack);
        let exception = stack.as_ref().and_then(|s| s.exceptions.last());
        let mut parts = Parts::new(Form::Json, exception.map(|(name, _)| *name));
        parts.word(&object.paths);
        let first = object.message.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
        if !first.is_empty() {
            parts.space();
            parts.mined(&mut self.scanner, first);
        }
        if let Sink::Caller(_, message) = sink {
            *message = exception.and_then(|(_, text)| text.lines().next()).map(Arc::from);
        }
        Some((self.finish(&parts, sink), stack.as_ref().and_then(stack::Stack::id)))
    }

    fn finish(&mut self, parts: &Parts<'_>, sink: &mut Sink<'_>) -> u32 {
        let found = known(&mut self.shapes, &mut self.encoded, parts);
        hand_over(&mut self.shapes, self.epoch, found, parts.values(), sink);
        found
    }
}

/// As [`str::trim`], which reads characters where most texts have nothing to trim.
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// The signature of some parts.
fn known(shapes: &mut Shapes, encoded: &mut Vec<u8>, parts: &Parts<'_>) -> u32 {
    encoded.clear();
    parts.encode(encoded);
    shapes.of_encoding(encoded).unwrap_or_else(|| shapes.add(encoded, parts.shape()))
}

fn hand_over<'v>(
    shapes: &mut Shapes,
    epoch: u32,
    found: u32,
    values: impl Iterator<Item = (bool, &'v str)>,
    sink: &mut Sink<'_>,
) {
    match sink {
        Sink::Nobody => {}
        Sink::Caller(out, _) => {
            for (position, (soft, value)) in shapes.get(found).shape.variables().zip(values) {
                out.push(position, soft, value);
            }
        }
        Sink::Table(table, row) => {
            let known = shapes.get(found);
            if known.place.0 == epoch {
                table.entry(known.place.1).add(*row, values);
            } else if let Some(index) = table.add_row(known.id, &known.shape, *row, values) {
                known.place = (epoch, index);
            }
        }
    }
}
