//! The text of a template: cosmetics that no id depends on.
//!
//! A variable that never varied is shown as its value, a constant prefix of all values is kept,
//! and a placeholder is named by the kind of its values when they agree.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::params::{ParamKind, kind_of};
use super::parts::VALUE_MAX_BYTES;
use super::signature::{Form, Shape, Token};
use super::wordform::{LOST, is_symbol, skeleton};
use super::words::is_unit;

/// Rows after which a lone value of a soft variable is shown as text.
const REVEAL_ROWS: i64 = 2;
/// Keys of a JSON message that are shown behind its text.
const KEYS_SHOWN: usize = 6;
/// Values looked at for a common prefix.
const PREFIX_VALUES: usize = 16;

/// The values seen in one variable of a template.
pub(super) struct Slot {
    pub(super) values: BTreeSet<String>,
    pub(super) soft: bool,
}

/// The canonical text: every variable as `<*>`.
pub(super) fn canonical(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        match token {
            Token::Var => out.push_str("<*>"),
            Token::Space => out.push(' '),
            Token::Text(text) => out.push_str(text),
        }
    }
    out
}

/// The text for people; `rows` is the number of rows behind it.
pub(super) fn text(shape: &Shape, slots: &BTreeMap<usize, Slot>, rows: i64) -> String {
    let (form, tokens) = (shape.form, &*shape.tokens);
    // People look for what a JSON message says, then for its exception, and then for its keys.
    if form == Form::Json
        && let [Token::Text(keys), said @ ..] = tokens
    {
        let said = said.strip_prefix(&[Token::Space]).unwrap_or(said);
        let before = tokens.len() - said.len();
        let slots = slots.iter().filter(|(i, _)| **i >= before).map(|(i, slot)| (i - before, slot)).collect();
        let exception = shape.exception.as_deref().map(|exception| format!("[{exception}]")).unwrap_or_default();
        let parts = [line(form, said, &slots, rows), exception, some_keys(keys).into_owned()];
        return parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    }
    line(form, tokens, &slots.iter().map(|(&i, slot)| (i, slot)).collect(), rows)
}

/// `{a, b.c, … 7 more}`: as many keys as are read at a glance.
fn some_keys(keys: &str) -> Cow<'_, str> {
    let mut all = keys.trim_start_matches('{').trim_end_matches('}').split(", ");
    let shown: Vec<&str> = all.by_ref().take(KEYS_SHOWN).collect();
    match all.count() {
        0 | 1 => keys.into(),
        more => format!("{{{}, … {more} more}}", shown.join(", ")).into(),
    }
}

fn line(form: Form, tokens: &[Token], slots: &BTreeMap<usize, &Slot>, rows: i64) -> String {
    let mut out: Vec<String> = Vec::with_capacity(tokens.len());
    // Whether the piece at the same index of `out` is a bare placeholder.
    let mut bare: Vec<bool> = Vec::with_capacity(tokens.len());
    // Where one size changes its unit, a unit that happened to stay is a part of its value too.
    let sizes = slots.values().any(|slot| !slot.values.is_empty() && slot.values.iter().all(|v| is_size_unit(v)));
    for (i, token) in tokens.iter().enumerate() {
        let (piece, is_bare) = match (token, slots.get(&i)) {
            (Token::Space, _) => (" ".to_owned(), false),
            (Token::Text(text), _) if sizes && is_size_unit(text) && follows_placeholder(&out, &bare) => {
                out.pop();
                bare.pop();
                if let Some(last) = out.last_mut() {
                    "<size>".clone_into(last);
                }
                continue;
            }
            // A path swallows the full stop behind it, as far as anyone can tell.
            (Token::Text(text), _)
                if &**text == "." && bare.last() == Some(&true) && out.last().is_some_and(|o| o == "<path>") =>
            {
                continue;
            }
            (Token::Text(text), _) => (text.to_string(), false),
            (Token::Var, None) => ("<*>".to_owned(), true),
            (Token::Var, Some(&slot)) => {
                if let Some(value) = undamaged(slot).filter(|_| form != Form::Request) {
                    (value, false)
                } else if let Some(value) = constant(slot, i == 0, rows).filter(|_| form != Form::Request) {
                    (value.to_owned(), false)
                } else if follows_placeholder(&out, &bare)
                    && !slot.values.is_empty()
                    && slot.values.iter().all(|v| is_unit(v))
                {
                    out.pop();
                    bare.pop();
                    if let Some(last) = out.last_mut() {
                        quantity(&slot.values).clone_into(last);
                    }
                    continue;
                } else {
                    placeholder(&slot.values)
                }
            }
        };
        out.push(piece);
        bare.push(is_bare);
    }
    out.concat()
}

/// The one value of a soft variable that never varied, when it reads as text.
fn constant(slot: &Slot, first: bool, rows: i64) -> Option<&str> {
    let value = slot.values.first().filter(|_| slot.values.len() == 1 && slot.soft)?;
    let stem = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let plain = !stem.is_empty() && value.len() - stem.len() <= 2 && stem.bytes().all(|b| b.is_ascii_alphabetic());
    let shown = value.is_empty() || (first && value.len() < VALUE_MAX_BYTES) || (rows >= REVEAL_ROWS && plain);
    shown.then_some(value.as_str())
}

/// The one clean value of which all others are damaged copies, or the one symbol of a place.
fn undamaged(slot: &Slot) -> Option<String> {
    let values: BTreeSet<String> = slot.values.iter().map(|v| code_points(v)).collect();
    let damaged = |v: &&String| v.contains(['?', LOST]);
    let mut clean = values.iter().filter(|v| !damaged(v));
    let (value, None) = (clean.next()?, clean.next()) else {
        return None;
    };
    let symbol = slot.soft && values.len() == 1 && is_symbol(value);
    let copies = values.len() > 1 && values.iter().all(|v| skeleton(v) == skeleton(value));
    (symbol || copies).then(|| value.clone())
}

/// `[U+2705]` as the characters that it names.
fn code_points(value: &str) -> String {
    let mut out = String::new();
    for part in value.split_inclusive(']') {
        let code = part.strip_prefix("[U+").and_then(|p| p.strip_suffix(']'));
        match code.and_then(|c| u32::from_str_radix(c, 16).ok()).and_then(char::from_u32) {
            Some(c) => out.push(c),
            None => out.push_str(part),
        }
    }
    out
}

/// Whether what comes next stands behind a placeholder and a space.
fn follows_placeholder(out: &[String], bare: &[bool]) -> bool {
    let n = out.len();
    n >= 2 && out[n - 1] == " " && bare[n - 2]
}

fn is_size_unit(text: &str) -> bool {
    is_unit(text) && (text.ends_with('B') || text.starts_with("byte"))
}

fn quantity(units: &BTreeSet<String>) -> &'static str {
    if units.iter().all(|u| is_size_unit(u)) { "<size>" } else { "<*>" }
}

/// The placeholder of a set of values, and whether nothing stands before it.
fn placeholder(values: &BTreeSet<String>) -> (String, bool) {
    if let Some(prefix) = common_prefix(values) {
        return (format!("{prefix}<*>"), false);
    }
    if are_numbered(values) {
        return ("#<num>".to_owned(), false);
    }
    if let Some(unit) = common_unit(values) {
        return (format!("<num>{unit}"), false);
    }
    if let Some(brackets) = common_brackets(values) {
        return (brackets, false);
    }
    let mut kinds = values.iter().filter(|v| !v.is_empty()).map(|v| kind_of(v).0);
    let kind = kinds.next().filter(|&first| kinds.all(|k| k == first));
    (format!("<{}>", kind.unwrap_or(ParamKind::Text).placeholder()), true)
}

/// Whether every value is the number of something: `#11` of a frame, `#402` of an issue.
fn are_numbered(values: &BTreeSet<String>) -> bool {
    let is_number = |value: &String| {
        value.strip_prefix('#').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut filled = values.iter().filter(|value| !value.is_empty()).peekable();
    filled.peek().is_some() && filled.all(is_number)
}

/// The unit attached to every value: `ms` of 3ms and 20ms.
fn common_unit(values: &BTreeSet<String>) -> Option<String> {
    let mut units = values.iter().filter(|v| !v.is_empty()).map(|v| {
        let (_, unit, number) = kind_of(v);
        unit.filter(|u| number.is_some() && v.ends_with(u) && !v.contains(' ') && !v.ends_with('%'))
            .filter(|u| v[..v.len() - u.len()].bytes().all(|b| !b.is_ascii_alphabetic()))
    });
    let first = units.next()??;
    units.all(|u| u == Some(first)).then(|| first.to_owned())
}

/// The one pair of brackets around every value, with the name before it: `[<*>]`, `Intent{<*>}`.
fn common_brackets(values: &BTreeSet<String>) -> Option<String> {
    let frame = |value: &'_ String| -> Option<(usize, char)> {
        let open = value.find(['[', '{', '('])?;
        let close = match value.as_bytes()[open] {
            b'[' => ']',
            b'{' => '}',
            _ => ')',
        };
        let named = value[..open].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'));
        (named && value.find(close) == Some(value.len() - 1)).then_some((open, close))
    };
    let first = values.first()?;
    let (open, close) = frame(first)?;
    let head = &first[..=open];
    let same = |value: &String| frame(value) == Some((open, close)) && value.starts_with(head);
    // Brackets that never held anything are shown as they are.
    let held = if values.iter().all(|value| value.len() == head.len() + 1) { "" } else { "<*>" };
    values.iter().all(same).then(|| format!("{head}{held}{close}"))
}

/// A constant alphabetic beginning of all values: `node-` of node-7 and node-12, `com.shop.`.
fn common_prefix(values: &BTreeSet<String>) -> Option<String> {
    let values: Vec<&str> = values.iter().map(String::as_str).filter(|v| !v.is_empty()).take(PREFIX_VALUES).collect();
    let typed = |v: &&str| v.contains(['/', ' ']) || v.starts_with(['+', '-']) || kind_of(v).0.is_hard();
    if values.is_empty() || values.iter().any(typed) {
        return None;
    }
    let pieces: Vec<Vec<&str>> = values.iter().map(|v| split(v)).collect();
    let shortest = pieces.iter().map(Vec::len).min()?;
    let is_mark = |p: &str| p.len() == 1 && p.bytes().all(is_separator);
    let is_word = |p: &str| !p.is_empty() && p.chars().all(char::is_alphabetic);
    let mut n = 0;
    while n < shortest {
        let piece = pieces[0][n];
        if !pieces.iter().all(|p| p[n] == piece) || !(is_word(piece) || is_mark(piece)) {
            break;
        }
        n += 1;
    }
    n -= n % 2;
    let prefix = pieces[0][..n].concat();
    // Of one value without a digit nobody knows which part of it would vary.
    let told = values.len() > 1 || values[0].bytes().any(|b| b.is_ascii_digit());
    let single = told && n == 2 && pieces.iter().all(|p| p.len() == 3) && is_word(&prefix[..prefix.len() - 1]);
    let dotted = n >= 4 && values.len() > 1 && prefix.ends_with('.');
    (single || dotted).then_some(prefix)
}

const fn is_separator(b: u8) -> bool {
    matches!(b, b'-' | b'@' | b'#' | b'$' | b'%' | b'&' | b'+' | b'.')
}

/// Words and separators in turn; a word may be empty.
fn split(value: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    for (i, b) in value.bytes().enumerate() {
        if is_separator(b) {
            out.push(&value[from..i]);
            out.push(&value[i..=i]);
            from = i + 1;
        }
    }
    out.push(&value[from..]);
    out
}
