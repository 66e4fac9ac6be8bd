//! Pass 1: one row in, its signature and values out.
//!
//! The result is a pure function of the row. The caches in front (whole messages, known shapes)
//! are bounded and only save work: half of all log messages are exact repeats, and nearly all
//! repeat a shape.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ansi::strip_ansi;
use super::parts::{Parts, Room, VALUE_MAX_BYTES, Values};
use super::signature::{Form, Shape, SigId, Token, encode, encode_head, encode_text};
use super::stack;
use super::token::{Kind, Scanner};
use super::{json, request};

/// Slots of the cache of whole messages; a power of two.
const MESSAGE_SLOTS: usize = 1 << 12;
/// Longest message kept in the cache, in bytes.
const CACHED_MESSAGE_MAX_BYTES: usize = 1024;
/// Shapes remembered before the memory is emptied.
const SHAPES_MAX: usize = 1 << 13;
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

struct Known {
    id: SigId,
    shape: Arc<Shape>,
    exception: Option<Arc<str>>,
}

impl Known {
    fn scanned(&self, values: Values, exception_message: Option<Arc<str>>, stack_id: Option<u64>) -> Scanned {
        Scanned {
            sig: self.id,
            shape: Arc::clone(&self.shape),
            values: Arc::new(values),
            exception: self.exception.clone(),
            exception_message,
            stack_id,
        }
    }
}

#[derive(Default)]
struct Slot {
    hash: u64,
    message: Box<str>,
    scanned: Option<Scanned>,
}

/// Scratch of one thread.
pub struct Miner {
    scanner: Scanner,
    encoded: Vec<u8>,
    shapes: FxHashMap<Box<[u8]>, Known>,
    slots: Vec<Slot>,
}

impl Default for Miner {
    fn default() -> Self {
        Self::new()
    }
}

impl Miner {
    /// A miner with empty caches.
    pub fn new() -> Self {
        let mut slots = Vec::new();
        slots.resize_with(MESSAGE_SLOTS, Slot::default);
        Self { scanner: Scanner::default(), encoded: Vec::new(), shapes: FxHashMap::default(), slots }
    }

    /// Signature and values of one row.
    pub fn scan(&mut self, subject: Subject<'_>) -> Scanned {
        let message = match subject {
            Subject::Text(message) => message,
            Subject::Request { method, route, status } => {
                let mut parts = Parts::new(Form::Request, None);
                request::parts(&mut parts, method, route, status);
                return self.finish(&parts, None, None);
            }
            Subject::Empty => {
                let mut parts = Parts::new(Form::Empty, None);
                parts.word("<no payload>");
                return self.finish(&parts, None, None);
            }
        };
        if message.len() > CACHED_MESSAGE_MAX_BYTES {
            return self.text(message);
        }
        let hash = rustc_hash::FxBuildHasher.hash_one_str(message);
        let index = usize::try_from(hash % MESSAGE_SLOTS as u64).unwrap_or(0);
        let slot = &self.slots[index];
        let seen = slot.hash == hash;
        if seen
            && *slot.message == *message
            && let Some(scanned) = &slot.scanned
        {
            return scanned.clone();
        }
        let scanned = self.text(message);
        let slot = &mut self.slots[index];
        slot.hash = hash;
        // The text is kept from the second time on: unique messages cost no copy.
        if seen {
            slot.message = message.into();
            slot.scanned = Some(scanned.clone());
        }
        scanned
    }

    fn text(&mut self, message: &str) -> Scanned {
        let clean = strip_ansi(message);
        let message: &str = clean.as_deref().unwrap_or(message);
        let lines = if message.starts_with('{') { None } else { stack::unescape(message) };
        let message: &str = lines.as_deref().unwrap_or(message);
        let body = message.trim();
        if !body.contains('\n') {
            return if body.starts_with('{') { self.object(body) } else { None }
                .unwrap_or_else(|| self.line(body, false));
        }
        if let Some(stack) = stack::parse_stack(message)
            && let Some((exception, text)) = stack.exceptions.last()
        {
            return self.exception(&stack, exception, text);
        }
        if body.starts_with('{')
            && let Some(scanned) = self.object(body)
        {
            return scanned;
        }
        self.line(body.lines().next().unwrap_or_default().trim_end(), true)
    }

    /// One line of plain text; `more` says that further lines follow.
    fn line(&mut self, line: &str, more: bool) -> Scanned {
        if !more {
            // Nearly every row is one line of a known shape: no pieces are made for it.
            let spans = self.scanner.scan(line);
            self.encoded.clear();
            encode_head(&mut self.encoded, Form::Text, None);
            let mut values = Room::default();
            for span in spans {
                match span.kind {
                    Kind::Space => encode(&mut self.encoded, &Token::Space),
                    Kind::Word | Kind::Delim => encode_text(&mut self.encoded, span.text(line)),
                    Kind::Hard | Kind::Soft => {
                        encode(&mut self.encoded, &Token::Var);
                        values.count += 1;
                        values.bytes += span.text(line).len().min(VALUE_MAX_BYTES);
                    }
                }
            }
            if let Some(known) = self.shapes.get(self.encoded.as_slice()) {
                let mut found = Values::with_room(&values);
                for (position, span) in spans.iter().enumerate() {
                    if span.kind.is_variable() {
                        found.push(position, span.kind == Kind::Soft, span.text(line));
                    }
                }
                return known.scanned(found, None, None);
            }
        }
        let mut parts = Parts::new(Form::Text, None);
        parts.mined(&mut self.scanner, line);
        if more {
            parts.space();
            parts.variable(false, "");
        }
        self.finish(&parts, None, None)
    }

    fn exception(&mut self, stack: &stack::Stack<'_>, exception: &str, text: &str) -> Scanned {
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
        let message = (!first.is_empty()).then(|| Arc::from(first));
        self.finish(&parts, message, stack.id())
    }

    fn object(&mut self, body: &str) -> Option<Scanned> {
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
        let message = exception.and_then(|(_, text)| text.lines().next()).map(Arc::from);
        Some(self.finish(&parts, message, stack.as_ref().and_then(stack::Stack::id)))
    }

    fn finish(&mut self, parts: &Parts<'_>, exception_message: Option<Arc<str>>, stack_id: Option<u64>) -> Scanned {
        self.encoded.clear();
        parts.encode(&mut self.encoded);
        if let Some(known) = self.shapes.get(self.encoded.as_slice()) {
            return known.scanned(parts.values(), exception_message, stack_id);
        }
        let shape = Arc::new(parts.shape());
        let id = shape.id_of(&self.encoded);
        let exception: Option<Arc<str>> = shape.exception.as_deref().map(Arc::from);
        if self.shapes.len() >= SHAPES_MAX {
            self.shapes.clear();
        }
        let known = Known { id, shape: Arc::clone(&shape), exception: exception.clone() };
        self.shapes.insert(self.encoded.as_slice().into(), known);
        Scanned { sig: id, shape, values: Arc::new(parts.values()), exception, exception_message, stack_id }
    }
}

trait HashStr {
    fn hash_one_str(&self, text: &str) -> u64;
}

impl HashStr for rustc_hash::FxBuildHasher {
    fn hash_one_str(&self, text: &str) -> u64 {
        use std::hash::BuildHasher;
        self.hash_one(text)
    }
}
