//! Wrappers too large to be held: what they say of their rows, which are read one by one.
//!
//! The framer opens and closes them and remembers an id; what stands behind the id is kept here, for all threads that read the
//! file. An id is a hash of what was said so far, so that the walks of two blocks mean the same by it.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::json::{Tape, Value};
use super::shape::Beside;

/// The wrappers of one file.
#[derive(Debug, Default)]
pub(super) struct Streamed {
    by_id: Mutex<FxHashMap<u64, Arc<Said>>>,
}

/// What a wrapper and those around it say.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) id: u64,
    pub(super) outer: u64,
    /// `{"resource":…,"scope":…}`
    text: String,
    tape: Tape,
}

impl Said {
    /// What the name of a container says of the row behind it.
    pub(super) fn of_container(service: &str, name: &str) -> Option<Self> {
        // Names have no sign that JSON escapes.
        let attributes = format!(r#"{{"service.name":"{service}","service.instance.id":"{name}"}}"#);
        let text = format!(r#"{{"resource":{{"attributes":{attributes}}}}}"#);
        let mut tape = Tape::default();
        tape.parse(&text).ok()?;
        Some(Self { id: 0, outer: 0, text, tape })
    }

    /// For the rows inside.
    pub(super) fn beside(&self) -> Beside<'_> {
        let said = self.tape.parsed(&self.text);
        Beside { resource: said.some("resource"), scope: said.some("scope"), ..Beside::default() }
    }
}

impl Streamed {
    /// Notes a wrapper inside another one; its id.
    pub(super) fn open(&self, outer: u64, said: Beside<'_>) -> Option<u64> {
        let text = format!("{{\"resource\":{},\"scope\":{}}}", object(said.resource), object(said.scope));
        let mut tape = Tape::default();
        tape.parse(&text).ok()?;
        // 0 is no wrapper.
        let id = xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), outer) | 1;
        self.all().insert(id, Arc::new(Said { id, outer, text, tape }));
        Some(id)
    }

    /// What is said under an id.
    pub(super) fn get(&self, id: u64) -> Option<Arc<Said>> {
        if id == 0 { None } else { self.all().get(&id).cloned() }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, FxHashMap<u64, Arc<Said>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn object(value: Option<Value<'_>>) -> &str {
    value.filter(|value| value.is_object()).map_or("null", Value::raw)
}
