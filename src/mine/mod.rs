//! Templates: which messages say the same thing, and what varies in them.
//!
//! Two passes. Pass 1 ([`Miner`]) turns each row into a signature by its form alone, in parallel;
//! a [`SignatureTable`] adds signatures up. Pass 2 ([`templates`]) decides by evidence, over the
//! few signatures that are left, which constants vary. Nothing depends on order: pass 1 looks at
//! one row, tables add up like sums, and pass 2 is a function of the table.
//!
//! Caps, so that no input grows memory without end: [`WORDS_MAX`] words of [`WORD_MAX_BYTES`] and [`TOKENS_MAX`] tokens a
//! message, [`SKETCH_VALUES`] values of [`VALUE_MAX_BYTES`] a variable, [`SIGNATURES_MAX`] signatures of together [`BYTES_MAX`]
//! a table. Where every line is unique, the signatures of least id stay and the rest is counted in [`COARSE_MAX`] buckets of
//! leading words. Both passes take time in proportion to bytes and to signatures (times their logarithm).

mod attached;
mod class;
mod damage;
mod dates;
mod dictionary;
mod evidence;
mod json;
mod lists;
mod many;
mod mask;
mod memo;
mod params;
mod parts;
mod render;
mod request;
mod scan;
mod signature;
mod sketch;
mod stack;
mod table;
mod telling;
mod token;
mod wordform;
mod words;

#[cfg(test)]
mod tests;

pub use dictionary::{Template, TemplateSet, templates};
pub use params::{Extractor, Param, ParamKind, Value, extract, extract_request};
pub use parts::{VALUE_MAX_BYTES, Values};
pub use scan::{Miner, Scanned, Signed, Subject};
pub use signature::{Form, Shape, SigId, Token};
pub use sketch::{SKETCH_VALUES, Sketch};
pub use stack::{
    Frame, Marks, RowRole, Stack, exception_of, may_be_exception, parse_stack, row_role, traced, unstamped,
};
pub use table::{
    BYTES_MAX, COARSE_MAX, EXEMPLAR_MAX_BYTES, Entry, SIGNATURES_MAX, SignatureRow, SignatureTable, United,
};
pub use token::{TOKENS_MAX, WORD_MAX_BYTES, WORDS_MAX};

/// Why stored signatures cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MineError {
    /// Not a signature id.
    #[error("signature id `{text}` is not 32 lower-case hex digits")]
    SigId {
        /// What stood there.
        text: String,
    },
    /// Not a form.
    #[error("form `{text}` is not one of text, exception, request, empty, json")]
    Form {
        /// What stood there.
        text: String,
    },
    /// A column does not hold the JSON it should.
    #[error("signature {sig_id}: column `{column}` is not readable; rebuild the signature table")]
    Row {
        /// Id of the row.
        sig_id: String,
        /// Column.
        column: &'static str,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// Tokens and id disagree.
    #[error("signature {sig_id}: its tokens hash to {found}; the table was written by another version or damaged")]
    Mismatch {
        /// Id of the row.
        sig_id: String,
        /// Id that the tokens have.
        found: String,
    },
    /// Values and tokens disagree.
    #[error("signature {sig_id}: column `values` does not name exactly the variables of `tokens`")]
    Positions {
        /// Id of the row.
        sig_id: String,
    },
}

/// Template id and text of each line of plain text, in the order of the lines.
pub fn mine_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut miner = Miner::new();
    let mut table = SignatureTable::new();
    let sigs: Vec<SigId> =
        lines.map(|line| miner.sign(&mut table, Subject::Text(line), Some(0), "", line).sig).collect();
    let set = templates(&table);
    sigs.iter().map(|&sig| set.get(sig).map_or_else(Default::default, |t| (t.id.clone(), t.text.clone()))).collect()
}
