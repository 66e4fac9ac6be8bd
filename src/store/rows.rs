//! Rows as columns: what a piece of a dump becomes, what days are merged from, and what a file is written from.
//!
//! A row costs a few hundred bytes here and no allocation: texts stand one behind the other, texts that repeat are codes into
//! a dictionary, and a column in which nothing stood yet takes no room at all. The same struct serves all three ends, so that
//! nothing is ever turned into rows of structs and back.

use std::borrow::Cow;

mod apart;
mod bytes;
mod column;
mod known;
mod room;

pub(super) use apart::Raws;
use column::Run;
pub(super) use column::{Dict, Ints, Texts};
use known::KnownCodes;
pub(super) use room::Room;

use crate::mine::{RowRole, Subject, row_role};
use crate::record::{Identity, Kind, LogRecord, Stretch, payload_hash};

/// Stands for an absent integer.
pub(super) const NONE: i64 = i64::MIN;
/// Stands for an absent text in a dictionary column.
pub(super) const NO_CODE: u32 = u32::MAX;

/// Rows from which on codes of what repeats are remembered.
const FEW_ROWS: usize = 64;
/// Why a row is more severe than it says: a stack was written row by row, and this is its head or its exception.
const RAISED: &str = "stack in the rows around it";
/// Least bytes that are worth compressing.
const PACKED_BYTES: usize = 64 << 10;
/// Most rows of a block that is still added to, and bytes of long texts that make a block full: small inputs share blocks.
const SHARED_ROWS: usize = 4 << 10;
const FULL_BYTES: usize = 1 << 20;

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($variant),* }
        impl $name {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    };
}

columns! {
    /// Integer columns, absent where [`NONE`].
    IntCol {
        Receive, Severity, EffectiveSeverity, Naive, Line, HttpStatus, HttpLatency, SplitIndex, SplitTotal, SplitParts,
        SplitOwnBytes, PayloadRank, Lossy, PayloadHash, Offset, Length, Repeat,
    }
}

columns! {
    /// Texts that repeat.
    DictCol {
        Project, Service, Reason, Kind, Revision, Instance, Location, ResourceType, LogName, Module, Function, User, Labels,
        HttpMethod, HttpHost, HttpRoute, DeployRevision, DeployOutcome, DeployBy, DeployMessage, SplitUid, TsSource,
    }
}

columns! {
    /// Texts that seldom repeat; absent ones are empty.
    TextCol { InsertId, Message, Trace, Span, Raw }
}

/// Rows of one or several inputs.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// Times, [`NONE`] where there is none.
    pub(super) ts_ns: Vec<i64>,
    /// Position of each row's input in the list of files.
    pub(super) files: Vec<u32>,
    /// Hash of the entry, of rows that are known by their content, and 0 of others; empty when all are known by their ids.
    content: Vec<u128>,
    roles: Vec<RowRole>,
    aside: Vec<bool>,
    ints: [Ints; IntCol::ALL.len()],
    dicts: [Dict; DictCol::ALL.len()],
    texts: [Texts; TextCol::ALL.len()],
    known: KnownCodes,
    /// The rows were read back from the store.
    pub(super) stored: bool,
    /// Nothing is added any more, and raw entries may be compressed.
    settled: bool,
    /// Raw entries are compressed, or cannot be.
    packed: bool,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.ts_ns.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ts_ns.is_empty()
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        let own = self.ts_ns.capacity() * 8
            + self.files.capacity() * 4
            + self.content.capacity() * 16
            + self.roles.capacity()
            + self.aside.capacity();
        let ints: usize = self.ints.iter().map(|ints| ints.0.capacity() * 8).sum();
        let dicts: usize = self.dicts.iter().map(Dict::bytes).sum();
        let texts: usize = self.texts.iter().map(Texts::bytes).sum();
        own + ints + dicts + texts + size_of::<Self>()
    }

    /// Adds rows to blocks that wait, small ones to one another; answers how many bytes more are held.
    pub(super) fn wait(blocks: &mut Vec<Self>, mut rows: Self) -> isize {
        rows.known.clear();
        match blocks.last_mut() {
            Some(last) if last.takes(&rows) => {
                let before = last.bytes();
                let all: Vec<(u32, u32)> = (0..rows.len() as u32).map(|row| (0, row)).collect();
                last.append(&[&rows], &all);
                last.settle_if_full();
                last.bytes() as isize - before as isize
            }
            last => {
                let given_back = last.map_or(0, |last| {
                    let before = last.bytes();
                    last.settle();
                    before - last.bytes()
                });
                let bytes = rows.bytes();
                blocks.push(rows);
                bytes as isize - given_back as isize
            }
        }
    }

    /// Whether these rows and others share a block.
    fn takes(&self, others: &Self) -> bool {
        !self.settled && !others.settled && self.len() + others.len() <= SHARED_ROWS
    }

    /// Settles rows that are a block of their own; small ones will be added to one another.
    pub(super) fn settle_if_full(&mut self) {
        let long = [TextCol::Message, TextCol::Raw].map(|column| self.texts(column).text.len());
        if self.len() >= SHARED_ROWS || long.iter().sum::<usize>() >= FULL_BYTES {
            self.settle();
        }
    }

    /// Gives back what was reserved for further rows.
    fn settle(&mut self) {
        if self.settled {
            return;
        }
        self.settled = true;
        self.known.clear();
        self.ts_ns.shrink_to_fit();
        self.files.shrink_to_fit();
        self.content.shrink_to_fit();
        self.roles.shrink_to_fit();
        self.aside.shrink_to_fit();
        self.ints.iter_mut().for_each(|ints| ints.0.shrink_to_fit());
        self.dicts.iter_mut().for_each(Dict::shrink);
        self.texts.iter_mut().for_each(Texts::shrink);
    }

    /// Bytes of raw entries that may be compressed.
    pub(super) fn loose(&self) -> usize {
        let raw = self.texts(TextCol::Raw).text.len();
        if self.settled && !self.packed && raw >= PACKED_BYTES { raw } else { 0 }
    }

    /// Compresses the raw entries: rows that wait for the rest of their day are not looked at, and the room they take decides
    /// how many days can wait.
    pub(super) fn pack(&mut self) {
        if self.loose() > 0 {
            self.texts[TextCol::Raw as usize].pack();
            self.packed = true;
        }
    }

    #[inline]
    pub(super) fn ints(&self, column: IntCol) -> &Ints {
        &self.ints[column as usize]
    }

    #[inline]
    pub(super) fn dict(&self, column: DictCol) -> &Dict {
        &self.dicts[column as usize]
    }

    #[inline]
    pub(super) fn texts(&self, column: TextCol) -> &Texts {
        &self.texts[column as usize]
    }

    #[inline]
    pub(super) fn int(&self, column: IntCol, row: usize) -> i64 {
        self.ints[column as usize].get(row)
    }

    #[inline]
    pub(super) fn word(&self, column: DictCol, row: usize) -> Option<&str> {
        self.dicts[column as usize].get(row)
    }

    #[inline]
    pub(super) fn text(&self, column: TextCol, row: usize) -> &str {
        self.texts[column as usize].get(row)
    }

    /// Bytes of the texts that may be long.
    pub(super) fn text_bytes(&self, row: usize) -> usize {
        let long = [TextCol::Message, TextCol::Raw];
        long.iter().map(|column| self.texts[*column as usize].length(row)).sum()
    }

    #[inline]
    pub(super) fn content_hash(&self, row: usize) -> u128 {
        self.content.get(row).copied().unwrap_or(0)
    }

    pub(super) fn role(&self, row: usize) -> RowRole {
        self.roles[row]
    }

    pub(super) fn is_aside(&self, row: usize) -> bool {
        self.aside[row]
    }

    pub(super) fn has_splits(&self) -> bool {
        !self.dict(DictCol::SplitUid).is_empty()
    }

    /// Whether every row has an id of its own, so that none is known by its content.
    pub(super) fn has_ids(&self) -> bool {
        self.content.is_empty()
    }

    /// Hash of the payload before redaction; only what cannot be computed again is kept.
    pub(super) fn payload_hash(&self, row: usize) -> u64 {
        match self.int(IntCol::PayloadHash, row) {
            NONE => self.own_payload_hash(row, self.text(TextCol::Message, row)),
            hash => hash.cast_unsigned(),
        }
    }

    fn own_payload_hash(&self, row: usize, message: &str) -> u64 {
        let word = |column| self.word(column, row).unwrap_or("");
        let status = i32::try_from(self.int(IntCol::HttpStatus, row)).ok();
        payload_hash(message, word(DictCol::HttpMethod), word(DictCol::HttpRoute), status)
    }

    /// What a row is mined as: its text, else its request, else nothing.
    pub(super) fn subject<'a>(&'a self, row: usize, message: &'a str) -> Subject<'a> {
        if !message.is_empty() {
            return Subject::Text(message);
        }
        let word = |column| self.word(column, row);
        let (method, route) = (word(DictCol::HttpMethod), word(DictCol::HttpRoute));
        let status = self.int(IntCol::HttpStatus, row);
        let latency = self.int(IntCol::HttpLatency, row);
        if method.is_none() && route.is_none() && word(DictCol::HttpHost).is_none() && status == NONE && latency == NONE
        {
            return Subject::Empty;
        }
        Subject::Request {
            method: method.unwrap_or(""),
            route: route.unwrap_or(""),
            status: u16::try_from(status).ok(),
        }
    }

    /// Whether a row tells of a request, whatever its text says.
    pub(super) fn is_request(&self, row: usize) -> bool {
        self.subject(row, "") != Subject::Empty || self.word(DictCol::Kind, row) == Some(Kind::Request.as_str())
    }

    /// Adds a record of the input at `file`, of whose text some stretches are known.
    pub(super) fn push(&mut self, file: u32, rec: &LogRecord<'_>, known: &[Stretch<'_>], role: RowRole) {
        use DictCol as D;
        use IntCol as I;
        use TextCol as T;
        let row = self.len();
        let http = rec.http.as_ref();
        let deploy = rec.deploy.as_deref();
        let split = rec.split.as_ref();
        // What few rows repeat is not worth the room.
        let known = if row < FEW_ROWS { &[] } else { known };
        /// Gives each column its value: written out column by column, because a loop over them costs as much as the columns.
        macro_rules! give {
            ($count:expr, $give:expr, $($column:path => $value:expr),+ $(,)?) => {{
                const { assert!([$($column as usize),+].len() == $count, "each column has a value") };
                $($give($column, $value);)+
            }};
        }
        let (dicts, codes) = (&mut self.dicts, &mut self.known);
        give!(
            7,
            |column: D, text: Option<&str>| {
                let dict = &mut dicts[column as usize];
                let text = text.unwrap_or_default();
                let Some(spot) = KnownCodes::spot(known, text).filter(|_| !text.is_empty()) else {
                    dict.push(row, Some(text));
                    return;
                };
                let code = codes.code(column, spot).unwrap_or_else(|| {
                    let code = dict.code(text);
                    codes.keep(column, spot, code);
                    code
                });
                dict.push_code(row, code);
            },
            D::Project => rec.project.as_deref(),
            D::Service => rec.service.as_deref(),
            D::Revision => rec.revision.as_deref(),
            D::Instance => rec.instance.as_deref(),
            D::Location => rec.location.as_deref(),
            D::ResourceType => rec.resource_type.as_deref(),
            D::Labels => rec.labels.as_deref(),
        );
        give!(
            D::ALL.len() - 7,
            |column: D, text: Option<&str>| dicts[column as usize].push(row, text),
            D::Reason => rec.effective_reason,
            D::Kind => Some(rec.kind.as_str()),
            D::LogName => rec.log_name.as_deref(),
            D::Module => rec.module.as_deref(),
            D::Function => rec.function.as_deref(),
            D::User => rec.user.as_deref(),
            D::HttpMethod => http.and_then(|http| http.method.as_deref()),
            D::HttpHost => http.and_then(|http| http.host.as_deref()),
            D::HttpRoute => http.and_then(|http| http.path.as_deref()),
            D::DeployRevision => deploy.and_then(|deploy| deploy.revision.as_deref()),
            D::DeployOutcome => deploy.map(|deploy| deploy.outcome),
            D::DeployBy => deploy.and_then(|deploy| deploy.by.as_deref()),
            D::DeployMessage => deploy.and_then(|deploy| deploy.message.as_deref()),
            D::SplitUid => split.map(|split| &*split.uid),
            D::TsSource => rec.ts_source.as_deref(),
        );
        let texts = &mut self.texts;
        give!(
            T::ALL.len(),
            |column: T, text: &str| texts[column as usize].push(row, text),
            T::InsertId => rec.insert_id.as_deref().unwrap_or(""),
            T::Message => &*rec.message,
            T::Trace => rec.trace.as_deref().unwrap_or(""),
            T::Span => rec.span.as_deref().unwrap_or(""),
            T::Raw => &*rec.raw,
        );
        let ints = &mut self.ints;
        give!(
            I::ALL.len(),
            |column: I, value: i64| ints[column as usize].push(row, value),
            I::Receive => rec.receive_ns.unwrap_or(NONE),
            I::Severity => i64::from(rec.severity.number()),
            I::EffectiveSeverity => i64::from(rec.effective_severity.number()),
            I::Naive => if rec.ts_naive { 1 } else { NONE },
            I::Line => rec.line.unwrap_or(NONE),
            I::HttpStatus => http.and_then(|http| http.status).map_or(NONE, i64::from),
            I::HttpLatency => http.and_then(|http| http.latency_ns).unwrap_or(NONE),
            I::SplitIndex => split.map_or(NONE, |split| i64::from(split.index)),
            I::SplitTotal => split.map_or(NONE, |split| i64::from(split.total)),
            I::SplitParts => NONE,
            I::SplitOwnBytes => NONE,
            I::PayloadRank => i64::from(rec.payload_rank),
            I::Lossy => if rec.lossy == 0 { NONE } else { i64::from(rec.lossy) },
            I::PayloadHash => rec.payload_hash.map_or(NONE, u64::cast_signed),
            I::Offset => i64::try_from(rec.offset).unwrap_or(i64::MAX),
            I::Length => i64::from(rec.length),
            I::Repeat => NONE,
        );
        if rec.insert_id.is_none() || rec.identity == Identity::Content {
            self.content.resize(row, 0);
            self.content.push(rec.content_hash);
        } else if !self.content.is_empty() {
            self.content.push(0);
        }
        self.roles.push(role);
        self.aside.push(rec.set_aside);
        self.files.push(file);
        self.ts_ns.push(rec.ts_ns.unwrap_or(NONE));
    }

    /// The rows named by (position in `blocks`, row), in that order.
    pub(super) fn gather(blocks: &[&Self], places: &[(u32, u32)]) -> Self {
        let mut out = Self { stored: blocks.iter().all(|block| block.stored), ..Self::default() };
        out.append(blocks, places);
        out
    }

    /// Adds rows of other blocks behind those that are here.
    pub(super) fn append(&mut self, blocks: &[&Self], places: &[(u32, u32)]) {
        self.append_columns(blocks, places, TextCol::ALL);
    }

    /// The same, of some columns of texts.
    ///
    /// Dumps are nearly sorted, so most rows follow one another in their block: they are copied run by run.
    fn append_columns(&mut self, blocks: &[&Self], places: &[(u32, u32)], texts: &[TextCol]) {
        let base = self.len();
        let follows = |a: &(u32, u32), b: &(u32, u32)| a.0 == b.0 && b.1 == a.1.wrapping_add(1);
        let mut at = base;
        let runs = places.chunk_by(follows).map(|run| {
            let first = run[0].1 as usize;
            at += run.len();
            Run { at: at - run.len(), block: run[0].0 as usize, rows: first..first + run.len() }
        });
        let runs: Vec<Run> = runs.collect();
        if !self.content.is_empty() || blocks.iter().any(|block| !block.content.is_empty()) {
            self.content.resize(base, 0);
            for Run { block, rows, .. } in &runs {
                self.content.extend(rows.clone().map(|row| blocks[*block].content_hash(row)));
            }
        }
        self.ts_ns.reserve(places.len());
        self.files.reserve(places.len());
        self.roles.reserve(places.len());
        self.aside.reserve(places.len());
        for Run { block, rows, .. } in &runs {
            let block = blocks[*block];
            self.ts_ns.extend_from_slice(&block.ts_ns[rows.clone()]);
            self.files.extend_from_slice(&block.files[rows.clone()]);
            self.roles.extend_from_slice(&block.roles[rows.clone()]);
            self.aside.extend_from_slice(&block.aside[rows.clone()]);
        }
        for column in IntCol::ALL {
            let ints = &mut self.ints[*column as usize];
            if !ints.is_empty() || blocks.iter().any(|block| !block.ints(*column).is_empty()) {
                ints.0.reserve(places.len());
                for Run { at, block, rows } in &runs {
                    ints.append(*at, blocks[*block].ints(*column), rows.clone());
                }
            }
        }
        let mut met = vec![false; blocks.len()];
        for Run { block, .. } in &runs {
            met[*block] = true;
        }
        for column in texts {
            let texts = &mut self.texts[*column as usize];
            if !texts.is_empty() || blocks.iter().any(|block| !block.texts(*column).is_empty()) {
                let mut from: Vec<Option<Cow<'_, Texts>>> = Vec::with_capacity(blocks.len());
                from.extend(blocks.iter().zip(&met).map(|(block, met)| met.then(|| block.texts(*column).unpacked())));
                // Exactly: growing would hold half as much again for a moment.
                let bytes = |run: &Run| from[run.block].as_ref().map_or(0, |texts| texts.span(&run.rows).len());
                texts.text.reserve_exact(runs.iter().map(bytes).sum());
                texts.ends.reserve_exact(places.len());
                for Run { at, block, rows } in &runs {
                    if let Some(from) = &from[*block] {
                        texts.append(*at, from, rows.clone());
                    }
                }
            }
        }
        for column in DictCol::ALL {
            let dict = &mut self.dicts[*column as usize];
            if !dict.is_empty() || blocks.iter().any(|block| !block.dict(*column).is_empty()) {
                dict.codes.reserve(places.len());
                dict.append(&blocks.iter().map(|block| block.dict(*column)).collect::<Vec<_>>(), &runs);
            }
        }
    }

    /// Rows read back from the store, column by column: the closures answer the value of a column in a row.
    pub(super) fn read_back<'a>(
        count: usize,
        (word, text, int): (
            impl Fn(DictCol, usize) -> Option<&'a str>,
            impl Fn(TextCol, usize) -> &'a str,
            impl Fn(IntCol, usize) -> i64,
        ),
    ) -> Self {
        let mut out = Self { stored: true, ..Self::default() };
        for row in 0..count {
            for column in DictCol::ALL {
                out.dicts[*column as usize].push(row, word(*column, row));
            }
            for column in IntCol::ALL {
                out.ints[*column as usize].push(row, int(*column, row));
            }
            for column in TextCol::ALL {
                out.texts[*column as usize].push(row, text(*column, row));
            }
        }
        out.roles = (0..count).map(|row| row_role(out.text(TextCol::Message, row))).collect();
        out
    }

    /// Rows whose parts are apart again: a payload's hash that follows from the row's own text is not kept.
    pub(super) fn apart(mut self, joined: &[bool]) -> Self {
        if joined.contains(&true) {
            let of = |row: usize| {
                let hash = self.int(IntCol::PayloadHash, row);
                let follows = || self.own_payload_hash(row, self.text(TextCol::Message, row)).cast_signed() == hash;
                if joined[row] && hash != NONE && follows() { NONE } else { hash }
            };
            let mut ints = Ints::default();
            (0..self.len()).for_each(|row| ints.push(row, of(row)));
            self.ints[IntCol::PayloadHash as usize] = ints;
        }
        self
    }

    /// Sets what stands in no column of its own.
    pub(super) fn with_identity(mut self, ts_ns: Vec<i64>, files: Vec<u32>, content: Vec<u128>, aside: bool) -> Self {
        self.aside = vec![aside; ts_ns.len()];
        self.ts_ns = ts_ns;
        self.files = files;
        if content.iter().any(|hash| *hash != 0) {
            self.content = content;
        }
        self
    }

    /// Replaces the texts of messages, for the few rows whose parts are joined. `own`: bytes of a row's own text, number of
    /// parts, and hash of its own payload.
    pub(super) fn with_messages(mut self, messages: &[String], own: [&[i64]; 3]) -> Self {
        let mut texts = Texts::default();
        for (row, message) in messages.iter().enumerate() {
            texts.push(row, message);
        }
        self.texts[TextCol::Message as usize] = texts;
        let columns = [IntCol::SplitOwnBytes, IntCol::SplitParts, IntCol::PayloadHash];
        for (column, values) in columns.into_iter().zip(own) {
            let mut ints = Ints::default();
            for (row, value) in values.iter().enumerate() {
                ints.push(row, *value);
            }
            self.ints[column as usize] = ints;
        }
        self.roles = messages.iter().map(|message| row_role(message)).collect();
        self
    }

    /// Makes a row that says nothing of its severity as severe as its event.
    pub(super) fn raise(&mut self, row: usize, severity: i64) {
        self.ints[IntCol::EffectiveSeverity as usize].set(row, severity);
        self.dicts[DictCol::Reason as usize].set(row, Some(RAISED));
    }

    /// Takes back what [`Self::raise`] did: rows that come later may make other events of the rows of a store.
    pub(super) fn lower(&mut self) {
        let Some(raised) = self.dict(DictCol::Reason).find(RAISED) else { return };
        for row in 0..self.len() {
            if self.dict(DictCol::Reason).code_at(row) == raised {
                let severity = self.int(IntCol::Severity, row);
                self.ints[IntCol::EffectiveSeverity as usize].set(row, severity);
                self.dicts[DictCol::Reason as usize].set(row, None);
            }
        }
    }

    /// Sets which copy of its content each row is; 0 for most.
    pub(super) fn set_repeats(&mut self, repeats: &[u32]) {
        let mut ints = Ints::default();
        for (row, repeat) in repeats.iter().enumerate() {
            ints.push(row, if *repeat == 0 { NONE } else { i64::from(*repeat) });
        }
        self.ints[IntCol::Repeat as usize] = ints;
    }

    /// Which copy of its content a stored row is.
    pub(super) fn repeat(&self, row: usize) -> u32 {
        u32::try_from(self.int(IntCol::Repeat, row)).unwrap_or(0)
    }
}
