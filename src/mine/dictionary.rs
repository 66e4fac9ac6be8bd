//! Templates and their ids: a pure function of a signature table, and of nothing else.
//!
//! There is no dictionary of earlier results. A rule that takes the largest evidence first is not
//! monotone in its evidence, so a remembered decision would make the result depend on the order
//! of days. An id is the hash of the canonical tokens; the text that people read is made after it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::damage;
use super::evidence::{Evidence, SPACE, VAR};
use super::render::{self, Slot};
use super::signature::{Form, Shape, SigId, Token};
use super::table::{Entry, SignatureRow, SignatureTable};
use super::words::Word;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// 16 hex digits of the BLAKE3 hash of the canonical tokens.
    pub id: String,
    /// For people: typed placeholders such as `<ip>`, `<num>`, `<*>`.
    pub text: String,
    /// The canonical tokens as text, every variable as `<*>`.
    pub canonical: String,
    /// Type of the last exception, of exception and JSON rows.
    pub exception: Option<String>,
    /// What kind of row.
    pub form: Form,
    pub(super) tokens: Box<[Token]>,
}

/// Templates of one table, and which signature belongs to which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateSet {
    templates: Vec<Template>,
    members: Vec<Vec<SigId>>,
    by_sig: BTreeMap<SigId, usize>,
}

impl TemplateSet {
    /// The template of a signature.
    pub fn get(&self, sig: SigId) -> Option<&Template> {
        let index = self.by_sig.get(&sig).or_else(|| self.by_sig.get(&sig.coarse()))?;
        self.templates.get(*index)
    }

    /// Every template, ascending by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Template> {
        self.templates.iter()
    }

    /// The template of an id.
    pub fn by_id(&self, id: &str) -> Option<&Template> {
        self.index(id).and_then(|i| self.templates.get(i))
    }

    /// Signatures of a template, ascending; empty for an unknown id.
    pub fn members(&self, id: &str) -> &[SigId] {
        self.index(id).and_then(|i| self.members.get(i)).map_or(&[], Vec::as_slice)
    }

    /// Number of templates.
    pub fn len(&self) -> usize {
        self.templates.len()
    }

    /// Whether there is no template.
    pub fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// The template as a signature without rows: evidence that its variables vary, to be stored in
    /// place of signatures that are removed.
    pub fn evidence_row(&self, id: &str) -> Option<SignatureRow> {
        let template = self.by_id(id)?;
        let shape = Shape {
            form: template.form,
            exception: template.exception.as_deref().map(Into::into),
            tokens: template.tokens.clone(),
        };
        Some(SignatureRow::without_rows(shape))
    }

    fn index(&self, id: &str) -> Option<usize> {
        self.templates.binary_search_by(|t| t.id.as_str().cmp(id)).ok()
    }
}

/// One signature on its way to a template.
pub(super) struct Leaf<'a> {
    sig: SigId,
    pub(super) entry: &'a Entry,
    /// Tokens after soft variables that never vary became text again, and damaged words clean.
    pub(super) tokens: Cow<'a, [Token]>,
}

type Key = (Form, Option<Box<str>>, Vec<Token>);

/// Pass 2: the templates of a table.
pub fn templates(table: &SignatureTable) -> TemplateSet {
    let mut parts: BTreeMap<(Form, Option<&str>), Vec<Leaf<'_>>> = BTreeMap::new();
    let mut groups: BTreeMap<Key, Vec<Leaf<'_>>> = BTreeMap::new();
    let places = constant_places(table);
    for (sig, entry) in table.iter() {
        let shape = &entry.shape;
        let leaf = Leaf { sig, entry, tokens: revealed(entry, &places) };
        // Coarse buckets are evidence like any other: a place full of words makes many of them.
        parts.entry((shape.form, shape.exception.as_deref())).or_default().push(leaf);
    }
    for ((form, exception), leaves) in parts {
        generalise(form, exception, leaves, &mut groups);
    }
    collect(groups)
}

/// Runs the evidence of one form and exception type and files its leaves under their templates.
fn generalise<'a>(
    form: Form,
    exception: Option<&str>,
    mut leaves: Vec<Leaf<'a>>,
    groups: &mut BTreeMap<Key, Vec<Leaf<'a>>>,
) {
    damage::repair(&mut leaves);
    let (keys, _) = resolve(form, exception, &leaves);
    for (leaf, tokens) in leaves.into_iter().zip(keys) {
        groups.entry((form, exception.map(Into::into), tokens)).or_default().push(leaf);
    }
}

/// The tokens that each leaf generalises to, and the contexts looked at for it.
fn resolve(form: Form, exception: Option<&str>, leaves: &[Leaf<'_>]) -> (Vec<Vec<Token>>, usize) {
    // Words are numbered in their own order, so that no number depends on the order of rows.
    let texts = leaves.iter().flat_map(|leaf| leaf.tokens.iter()).filter_map(|token| match token {
        Token::Text(text) => Some(&**text),
        Token::Var | Token::Space => None,
    });
    let mut texts: Vec<&str> = texts.collect::<FxHashSet<_>>().into_iter().collect();
    texts.sort_unstable();
    let numbers: FxHashMap<&str, u32> = texts.iter().copied().zip(2..).collect();
    let mut words = vec![Word::default(), Word::default()];
    words.extend(texts.iter().map(|t| Word::new(t)));
    let number = |text: &str| numbers.get(text).copied();
    let mut evidence = Evidence::new(form, exception.and_then(number), &words);
    let mut sequence = Vec::new();
    let mut nodes = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        sequence.clear();
        sequence.extend(leaf.tokens.iter().map(|token| match token {
            Token::Var => VAR,
            Token::Space => SPACE,
            Token::Text(text) => number(text).expect("every word was collected above"),
        }));
        nodes.push(evidence.node(&sequence));
    }
    evidence.run();
    let token = |&t: &u32| match t {
        VAR => Token::Var,
        SPACE => Token::Space,
        word => Token::text(texts[word as usize - 2]),
    };
    let keys = nodes.into_iter().map(|node| evidence.resolve(node).iter().map(token).collect()).collect();
    (keys, evidence.work.get())
}

/// Contexts that pass 2 looks at for the plain texts of a table.
#[cfg(test)]
pub(super) fn templates_work(table: &SignatureTable) -> usize {
    let leaves = table.iter().filter(|(sig, _)| !sig.is_coarse());
    let leaves: Vec<_> =
        leaves.map(|(sig, entry)| Leaf { sig, entry, tokens: revealed(entry, &FxHashSet::default()) }).collect();
    resolve(Form::Text, None, &leaves).1
}

/// A soft value with what stands around it: four tokens before, two behind.
type Place<'a> = (&'a [Token], &'a str, &'a [Token]);

/// Where a soft variable had one value over several rows of a signature.
fn constant_places(table: &SignatureTable) -> FxHashSet<Place<'_>> {
    let entries = table.iter().map(|(_, entry)| entry).filter(|entry| entry.count >= 2);
    entries.flat_map(|entry| single_words(entry).map(|(i, value)| place(&entry.shape.tokens, i, value))).collect()
}

fn place<'a>(tokens: &'a [Token], i: usize, value: &'a str) -> Place<'a> {
    (&tokens[i.saturating_sub(4)..i], value, &tokens[(i + 1).min(tokens.len())..(i + 3).min(tokens.len())])
}

/// Soft variables that had one value, a word with digits in it.
fn single_words(entry: &Entry) -> impl Iterator<Item = (usize, &str)> {
    let tokens = &entry.shape.tokens;
    let equals = |i: usize| matches!(&tokens[i], Token::Text(t) if &**t == "=");
    entry.values.iter().filter_map(move |(position, sketch)| {
        let i = usize::from(*position);
        let after_equals = (i > 0 && equals(i - 1)) || (i > 1 && tokens[i - 1] == Token::Space && equals(i - 2));
        let value = sketch.only_soft().filter(|value| !after_equals && is_word_with_digits(value))?;
        Some((i, value))
    })
}

/// Tokens of a signature in which a soft variable with one value over several rows is that value. A single row says nothing
/// of its own, so there the value counts only where another signature has it as a constant in the same place.
fn revealed<'a>(entry: &'a Entry, constant: &FxHashSet<Place<'a>>) -> Cow<'a, [Token]> {
    let tokens = &entry.shape.tokens;
    let mut out = Cow::Borrowed(&**tokens);
    for (i, value) in single_words(entry) {
        if entry.count >= 2 || constant.contains(&place(tokens, i, value)) {
            out.to_mut()[i] = Token::text(value);
        }
    }
    out
}

/// Letters, one or two digits, letters.
fn is_word_with_digits(text: &str) -> bool {
    super::wordform::is_soft(text.as_bytes()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn collect(groups: BTreeMap<Key, Vec<Leaf<'_>>>) -> TemplateSet {
    let of = |((form, exception, tokens), leaves): (Key, Vec<Leaf<'_>>)| {
        let shape = Shape { form, exception, tokens: tokens.into() };
        let slots = slots(&shape.tokens, &leaves);
        let rows = leaves.iter().map(|l| l.entry.count).sum();
        let template = Template {
            id: template_id(&shape),
            text: render::text(&shape, &slots, rows),
            canonical: render::canonical(&shape.tokens),
            exception: shape.exception.as_deref().map(str::to_owned),
            form,
            tokens: shape.tokens,
        };
        (template, leaves.iter().map(|l| l.sig).collect::<Vec<_>>())
    };
    let made: Vec<(Template, Vec<SigId>)> = groups.into_par_iter().map(of).collect();
    let mut found: BTreeMap<String, (Template, Vec<SigId>)> = BTreeMap::new();
    for (template, sigs) in made {
        let (_, members) = found.entry(template.id.clone()).or_insert_with(|| (template, Vec::new()));
        members.extend(sigs);
    }
    let mut set = TemplateSet::default();
    for (index, (template, mut members)) in found.into_values().enumerate() {
        members.sort_unstable();
        set.by_sig.extend(members.iter().map(|&sig| (sig, index)));
        set.templates.push(template);
        set.members.push(members);
    }
    set
}

fn template_id(shape: &Shape) -> String {
    let mut bytes = Vec::new();
    super::signature::encode_head(&mut bytes, shape.form, shape.exception.as_deref());
    for token in &shape.tokens {
        super::signature::encode(&mut bytes, token);
    }
    format!("{:032x}", super::signature::first_128_bits(&bytes))[..16].to_owned()
}

/// What the signatures of a template held in each of its variables.
fn slots(tokens: &[Token], leaves: &[Leaf<'_>]) -> BTreeMap<usize, Slot> {
    let variables = tokens.iter().enumerate().filter(|(_, token)| **token == Token::Var);
    let mut slots: BTreeMap<usize, Slot> =
        variables.map(|(i, _)| (i, Slot { values: BTreeSet::new(), soft: true })).collect();
    for leaf in leaves {
        let places = Places::new(tokens, &leaf.tokens);
        for (&i, slot) in &mut slots {
            let Some(place) = places.of(i) else {
                continue;
            };
            match (&leaf.tokens[place], leaf.entry.sketch(place)) {
                (Token::Var, Some(sketch)) => {
                    for (soft, value) in sketch.iter() {
                        slot.soft &= soft;
                        slot.values.insert(value.to_owned());
                    }
                }
                (Token::Text(text), _) => {
                    // A constant here is a variable elsewhere, even where the values of that one are not told.
                    slot.soft = false;
                    slot.values.insert(text.to_string());
                }
                _ => {}
            }
        }
    }
    slots
}

/// Which token of a signature stands where a template has a variable. Where one variable took the place of several tokens, what
/// stands before it is counted from the front and what stands behind it from the end.
struct Places {
    template: usize,
    leaf: usize,
    front: usize,
    back: usize,
}

impl Places {
    fn new(template: &[Token], leaf: &[Token]) -> Self {
        let fits = |(t, l): &(&Token, &Token)| t == l || (**t == Token::Var && **l != Token::Space);
        let front = template.iter().zip(leaf).take_while(fits).count();
        let back = template.iter().rev().zip(leaf.iter().rev()).take_while(fits).count();
        Self { template: template.len(), leaf: leaf.len(), front, back }
    }

    fn of(&self, i: usize) -> Option<usize> {
        if self.template == self.leaf || i + 1 < self.front {
            return Some(i);
        }
        let behind = self.template - i;
        (behind < self.back).then(|| self.leaf - behind)
    }
}
