//! The issues of all exports as weighted terms, and how alike two texts are.
//!
//! Terms are read once; how rare each is depends on which issues exist at the moment asked for, so an [`View`] of the
//! corpus at a moment holds the rarities and lengths, and many moments share one reading.

use super::export_types::{Export, Issue};
use super::text::{Terms, rarity, term_weight};
use super::title::title_key;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// How often the words of a title count against those of a text: a title is the author's own summary.
const TITLE_TIMES: f64 = 2.0;
/// A tracker of fewer issues counts as a part of one of so many; in a handful of issues every word is rare.
const MIN_DOCUMENTS: usize = 50;
/// Most quoted blocks of one issue that are compared by themselves.
const MAX_BLOCKS: usize = 16;
/// Up to so many passages are compared one by one; of more it is less work to add up all of them term by term.
const FEW_PASSAGES: usize = 64;

/// One issue with its terms.
#[derive(Debug)]
pub(crate) struct Doc<'e> {
    pub(crate) issue: &'e Issue,
    /// Number of its repository, where the export says it.
    repo: Option<usize>,
    /// The whole issue, then its title with each quoted block: term and weight, by term.
    passages: Vec<Vec<(u32, f64)>>,
    /// The names in its title.
    own_names: Vec<u32>,
    /// Whether the absence of a name says anything: only where messages are quoted.
    pub(crate) quotes_messages: bool,
    /// Whether it names places in the code (`module.of.code`).
    pub(crate) names_places: bool,
    pub(crate) title_only: bool,
}

impl Doc<'_> {
    /// Whether a name or a plain word stands in it.
    fn holds(&self, term: u32) -> bool {
        self.passages[0].binary_search_by_key(&term, |(id, _)| *id).is_ok()
    }
}

/// All issues, read once.
#[derive(Debug, Default)]
pub(crate) struct Corpus<'e> {
    pub(crate) docs: Vec<Doc<'e>>,
    vocabulary: FxHashMap<String, u32>,
    /// How each term is shown to people.
    words: Vec<String>,
    /// Of each term, the passages that hold it with its weight there, ascending.
    postings: Vec<Vec<(u32, f64)>>,
    /// Of each passage, its issue and its place there.
    places: Vec<(usize, usize)>,
    /// Of each issue, its first passage.
    firsts: Vec<usize>,
    /// Numbers of the repositories, by their names in lower case.
    repos: FxHashMap<String, usize>,
    /// Positions of the issues of a number, ascending: repositories count by themselves.
    by_number: FxHashMap<u64, Vec<usize>>,
    /// Positions of the issues of a title key, ascending.
    by_title: FxHashMap<String, Vec<usize>>,
}

impl<'e> Corpus<'e> {
    pub(crate) fn new(exports: &'e [Export]) -> Self {
        let mut corpus = Self::default();
        for export in exports {
            let next = corpus.repos.len();
            let repo = export.repo.as_ref().map(|name| *corpus.repos.entry(name.to_ascii_lowercase()).or_insert(next));
            for issue in &export.issues {
                let doc = corpus.read(issue, repo);
                let at = corpus.docs.len();
                corpus.by_number.entry(issue.number).or_default().push(at);
                if let Some(key) = title_key(&issue.title) {
                    corpus.by_title.entry(key).or_default().push(at);
                }
                corpus.docs.push(doc);
            }
        }
        corpus.postings = vec![Vec::new(); corpus.words.len()];
        for (at, doc) in corpus.docs.iter().enumerate() {
            corpus.firsts.push(corpus.places.len());
            for (place, passage) in doc.passages.iter().enumerate() {
                let number = u32::try_from(corpus.places.len()).unwrap_or(u32::MAX);
                corpus.places.push((at, place));
                for (id, weight) in passage {
                    corpus.postings[*id as usize].push((number, *weight));
                }
            }
        }
        corpus
    }

    /// Positions of the issues of a number, ascending.
    pub(crate) fn numbered(&self, number: u64) -> &[usize] {
        self.by_number.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Positions of the issues of a title key, ascending.
    pub(crate) fn titled(&self, key: &str) -> &[usize] {
        self.by_title.get(key).map_or(&[], Vec::as_slice)
    }

    /// Which issues lie in a repository; those of an export that names none lie in any, and `None` asks for all.
    pub(crate) fn in_repo(&self, asked: Option<&str>) -> impl Fn(usize) -> bool + '_ {
        let asked = asked.map(|name| self.repos.get(&name.to_ascii_lowercase()).copied());
        move |at| match (asked, self.docs[at].repo) {
            (Some(asked), Some(own)) => asked == Some(own),
            _ => true,
        }
    }

    /// The passages of an issue, as they are numbered in all.
    fn passages_of(&self, at: usize) -> Range<usize> {
        self.firsts[at]..self.firsts[at] + self.docs[at].passages.len()
    }

    /// Of each issue, how many of these terms it holds; empty when there are none.
    fn holders(&self, terms: &[Option<u32>]) -> Vec<usize> {
        let mut held = if terms.is_empty() { Vec::new() } else { vec![0; self.docs.len()] };
        for (passage, _) in terms.iter().flatten().flat_map(|id| &self.postings[*id as usize]) {
            let (at, place) = self.places[*passage as usize];
            held[at] += usize::from(place == 0);
        }
        held
    }

    fn read(&mut self, issue: &'e Issue, repo: Option<usize>) -> Doc<'e> {
        let body = issue.body.as_deref().unwrap_or_default();
        let mut terms = Terms::default();
        terms.add(&issue.title, TITLE_TIMES);
        let own_names = terms.names.clone();
        for line in body.lines().filter(|line| !line.starts_with("<!-- log-gardener:")) {
            terms.add(line, 1.0);
        }
        let quotes_messages = body.contains("```") || terms.names.len() >= 2;
        let whole = self.weigh(&terms);
        let mut passages = vec![whole];
        for block in fenced_blocks(body).into_iter().take(MAX_BLOCKS) {
            let mut terms = Terms::default();
            terms.add(&issue.title, TITLE_TIMES);
            for line in block {
                terms.add(line, 1.0);
            }
            passages.push(self.weigh(&terms));
        }
        Doc {
            issue,
            repo,
            own_names: own_names.iter().filter_map(|name| self.vocabulary.get(name).copied()).collect(),
            passages,
            quotes_messages,
            names_places: terms.names.iter().any(|name| name.contains('.') && !name.contains('/')),
            title_only: issue.body.is_none(),
        }
    }

    fn weigh(&mut self, terms: &Terms) -> Vec<(u32, f64)> {
        let mut weighted: Vec<(u32, f64)> =
            terms.counts.iter().map(|(term, count)| (self.intern(term, terms), term_weight(term, *count))).collect();
        weighted.sort_by_key(|(id, _)| *id);
        weighted
    }

    fn intern(&mut self, term: &str, terms: &Terms) -> u32 {
        if let Some(id) = self.vocabulary.get(term) {
            return *id;
        }
        let id = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.vocabulary.insert(term.to_owned(), id);
        self.words.push(terms.surfaces.get(term).map_or(term, String::as_str).to_owned());
        id
    }
}

/// A text that is looked for: terms the corpus knows, and the length of those it does not.
pub(crate) struct Query {
    /// Term and weight times rarity, by term.
    terms: Vec<(u32, f64)>,
    length: f64,
    /// Names that an issue about the same thing must hold; `None` for one that no issue holds.
    names: Vec<Option<u32>>,
    /// Plain words of the message and how rare each is; `None` for one that no issue holds.
    words: Vec<(Option<u32>, f64)>,
    /// Where it was logged, as names; empty when that is unknown or nothing particular.
    places: Vec<Option<u32>>,
}

/// The corpus at one moment.
#[derive(Debug)]
pub(crate) struct View {
    /// Positions of the issues that exist, ascending.
    pub(crate) visible: Vec<usize>,
    /// Of each issue, whether it exists.
    exists: Vec<bool>,
    rarities: Vec<f64>,
    /// Of a term that no issue holds.
    unseen: f64,
    /// Of each passage; 0 where the issue does not exist.
    lengths: Vec<f64>,
}

impl View {
    pub(crate) fn new(corpus: &Corpus<'_>, as_of_ns: Option<i64>) -> Self {
        let exists: Vec<bool> = corpus.docs.iter().map(|doc| doc.issue.exists_at(as_of_ns)).collect();
        let visible: Vec<usize> = (0..exists.len()).filter(|&at| exists[at]).collect();
        let mut with_term = vec![0_usize; corpus.words.len()];
        for &at in &visible {
            for (id, _) in &corpus.docs[at].passages[0] {
                with_term[*id as usize] += 1;
            }
        }
        let documents = visible.len().max(MIN_DOCUMENTS);
        let rarities: Vec<f64> = with_term.iter().map(|with| rarity(documents, *with)).collect();
        let length = |passage: &Vec<(u32, f64)>| {
            let squares: f64 = passage.iter().map(|(id, weight)| (weight * rarities[*id as usize]).powi(2)).sum();
            squares.sqrt()
        };
        let mut lengths = vec![0.0; corpus.places.len()];
        for &at in &visible {
            let own = corpus.docs[at].passages.iter().map(length);
            lengths[corpus.passages_of(at)].iter_mut().zip(own).for_each(|(slot, length)| *slot = length);
        }
        let unseen = rarity(documents, 0);
        Self { visible, exists, rarities, unseen, lengths }
    }

    /// Whether an issue exists.
    pub(crate) fn shows(&self, at: usize) -> bool {
        self.exists[at]
    }

    /// Weighs what is looked for. `parts` are texts with how much each counts.
    pub(crate) fn query(
        &self,
        corpus: &Corpus<'_>,
        parts: &[(&str, f64)],
        names: &BTreeSet<String>,
        places: &BTreeSet<String>,
    ) -> Query {
        let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for (text, factor) in parts {
            let mut terms = Terms::default();
            terms.add(text, 1.0);
            for (term, count) in terms.counts {
                let slot = counts.entry(term).or_insert((0.0, 0.0));
                slot.0 += count;
                slot.1 = slot.1.max(*factor);
            }
        }
        let mut terms = Vec::new();
        let mut squares = 0.0;
        for (term, (count, factor)) in &counts {
            let known = corpus.vocabulary.get(term).copied();
            let rare = known.map_or(self.unseen, |id| self.rarities[id as usize]);
            let weight = term_weight(term, *count) * rare * factor;
            squares += weight * weight;
            terms.extend(known.map(|id| (id, weight)));
        }
        terms.sort_by_key(|(id, _)| *id);
        let ids = |names: &BTreeSet<String>| names.iter().map(|name| corpus.vocabulary.get(name).copied()).collect();
        let mut message = Terms::default();
        // Letters between the digits of an id are no word of the message.
        let is_word = |part: &&str| !part.bytes().any(|byte| byte.is_ascii_digit());
        for (text, _) in parts.iter().take(1) {
            let text = without_placeholders(text);
            let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).filter(is_word).collect();
            message.add(&words.join(" "), 1.0);
        }
        let plain = message
            .counts
            .keys()
            .filter(|term| !term.starts_with(['=', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']));
        let words = plain.map(|term| {
            let known = corpus.vocabulary.get(term).copied();
            (known, known.map_or(self.unseen, |id| self.rarities[id as usize]))
        });
        Query { terms, length: squares.sqrt(), names: ids(names), words: words.collect(), places: ids(places) }
    }

    /// Cosine of a query and the passage of each issue that is nearest to it, 0 to 1. A long discussion around a quoted
    /// message must not make the issue look like another one.
    pub(crate) fn cosines(&self, corpus: &Corpus<'_>, query: &Query) -> Vec<f64> {
        let mut dots = vec![0.0; corpus.places.len()];
        // By term, in the order of terms: whatever is looked for, each passage adds the same numbers in the same order.
        for (id, left) in &query.terms {
            let rarity = self.rarities[*id as usize];
            for (passage, right) in &corpus.postings[*id as usize] {
                dots[*passage as usize] += left * right * rarity;
            }
        }
        let mut cosines = vec![0.0_f64; corpus.docs.len()];
        for &at in &self.visible {
            for passage in corpus.passages_of(at) {
                if dots[passage] > 0.0 {
                    cosines[at] = cosines[at].max(ratio(dots[passage], query.length * self.lengths[passage]));
                }
            }
        }
        cosines
    }

    /// Cosine of a query and one passage, the same number as [`View::cosines`] finds.
    fn cosine(&self, corpus: &Corpus<'_>, query: &Query, passage: usize) -> f64 {
        let (at, place) = corpus.places[passage];
        let terms = shared(&query.terms, &corpus.docs[at].passages[place]);
        let dot = terms.fold(0.0, |dot, (id, left, right)| dot + left * right * self.rarities[id as usize]);
        ratio(dot, query.length * self.lengths[passage])
    }

    /// Whether some issue could be as near as `least`. Of a message that mostly says what no issue says, a look at its
    /// weightiest words answers.
    pub(crate) fn comes_near(&self, corpus: &Corpus<'_>, query: &Query, least: f64) -> bool {
        let mut terms: Vec<(f64, u32)> = query.terms.iter().map(|(id, weight)| (*weight, *id)).collect();
        terms.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // An issue that holds only the lightest of the terms is no nearer than their length; rounding is allowed for.
        let most = (least * (1.0 - 1e-9) * query.length).powi(2);
        let mut squares = 0.0;
        let heavy = terms.into_iter().skip_while(|(weight, _)| {
            squares += weight * weight;
            squares < most
        });
        // An issue that is near holds one of the others, so that no other has to be looked at.
        let mut holders: Vec<usize> = heavy
            .flat_map(|(_, id)| &corpus.postings[id as usize])
            .map(|(passage, _)| *passage as usize)
            .filter(|passage| self.lengths[*passage] > 0.0)
            .take(FEW_PASSAGES + 1)
            .collect();
        if holders.len() > FEW_PASSAGES {
            return self.cosines(corpus, query).into_iter().any(|cosine| cosine >= least);
        }
        holders.sort_unstable();
        holders.dedup();
        holders.into_iter().any(|passage| self.cosine(corpus, query, passage) >= least)
    }

    /// Cosine of two issues, 0 to 1.
    pub(crate) fn likeness(&self, corpus: &Corpus<'_>, left: usize, right: usize) -> f64 {
        let (lefts, rights) = (&corpus.docs[left].passages, &corpus.docs[right].passages);
        let mut best = 0.0_f64;
        for (a, a_length) in lefts.iter().zip(&self.lengths[corpus.passages_of(left)]) {
            for (b, b_length) in rights.iter().zip(&self.lengths[corpus.passages_of(right)]) {
                let dot: f64 = shared(a, b).map(|(id, x, y)| x * y * self.rarities[id as usize].powi(2)).sum();
                best = best.max(ratio(dot, a_length * b_length));
            }
        }
        best
    }

    /// Which share of the names of a message each issue holds; empty, as if all were held, when the message has none.
    pub(crate) fn names_held(corpus: &Corpus<'_>, query: &Query) -> Vec<f64> {
        let all = query.names.len() as f64;
        corpus.holders(&query.names).into_iter().map(|held| held as f64 / all).collect()
    }

    /// Which share of the plain words of a message an issue holds, rare ones counting more; 1 when the message has none.
    pub(crate) fn words_held(corpus: &Corpus<'_>, query: &Query, at: usize) -> f64 {
        let all: f64 = query.words.iter().map(|(_, rarity)| rarity).sum();
        let holds = |word: &Option<u32>| word.is_some_and(|id| corpus.docs[at].holds(id));
        let held: f64 = query.words.iter().filter(|(word, _)| holds(word)).map(|(_, rarity)| rarity).sum();
        if all > 0.0 { held / all } else { 1.0 }
    }

    /// Whether a title names something that the message does not, while it leaves out something that the message names.
    pub(crate) fn names_differ(corpus: &Corpus<'_>, query: &Query, at: usize) -> bool {
        let doc = &corpus.docs[at];
        let holds = |name: &Option<u32>| name.is_some_and(|id| doc.holds(id));
        let asked = |name: &u32| query.names.contains(&Some(*name));
        !query.names.iter().all(holds) && doc.own_names.iter().any(|name| !asked(name))
    }

    /// Of each issue, whether it holds none of the names of the place of a message; empty when that is unknown.
    pub(crate) fn is_elsewhere(corpus: &Corpus<'_>, query: &Query) -> Vec<bool> {
        corpus.holders(&query.places).into_iter().map(|held| held == 0).collect()
    }

    /// The terms that tie a query to an issue, the weightiest first, without the mark of names.
    pub(crate) fn shared_terms(&self, corpus: &Corpus<'_>, query: &Query, at: usize, most: usize) -> Vec<String> {
        let mut terms: Vec<(f64, &str)> = shared(&query.terms, &corpus.docs[at].passages[0])
            .map(|(id, left, right)| (left * right * self.rarities[id as usize], corpus.words[id as usize].as_str()))
            .collect();
        terms.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut out: Vec<String> = Vec::new();
        for (_, term) in terms {
            let term = term.trim_start_matches('=');
            if out.len() < most && !out.iter().any(|seen| seen == term) {
                out.push(term.to_owned());
            }
        }
        out
    }
}

/// The lines of each fenced block.
fn fenced_blocks(body: &str) -> Vec<Vec<&str>> {
    let mut blocks = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in body.lines() {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        open = match (open.take(), fence) {
            (None, true) => Some(Vec::new()),
            (Some(block), true) => {
                blocks.push(block);
                None
            }
            (Some(mut block), false) => {
                block.push(line);
                Some(block)
            }
            (None, false) => None,
        };
    }
    blocks.extend(open);
    blocks
}

fn ratio(dot: f64, lengths: f64) -> f64 {
    if lengths > 0.0 { dot / lengths } else { 0.0 }
}

/// Pairs of weights of the terms that both sorted lists hold.
fn shared<'a>(left: &'a [(u32, f64)], right: &'a [(u32, f64)]) -> impl Iterator<Item = (u32, f64, f64)> + 'a {
    let mut right = right.iter().peekable();
    left.iter().filter_map(move |(id, a)| {
        while right.next_if(|(other, _)| other < id).is_some() {}
        right.next_if(|(other, _)| other == id).map(|(_, b)| (*id, *a, *b))
    })
}
/// A template without its placeholders (`<uuid>`, `<*>`): their names are no words of the message.
fn without_placeholders(text: &str) -> String {
    let is_placeholder = |inside: &str| {
        (1..=12).contains(&inside.len())
            && inside.bytes().all(|byte| byte.is_ascii_lowercase() || b"*-".contains(&byte))
    };
    let mut pieces = text.split('<');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push(' ');
        out.push_str(match piece.split_once('>') {
            Some((inside, rest)) if is_placeholder(inside) => rest,
            _ => piece,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::issue::tests::{export, issue, words};

    #[test]
    fn names_of_placeholders_are_no_words() {
        assert_eq!(without_placeholders("POST /pay/<uuid>/capture took <num>s"), "POST /pay/ /capture took  s");
        assert_eq!(without_placeholders("a < b and List<String> <"), "a   b and List String>  ");
    }

    const WORDS: [&str; 12] = [
        "feed_worker",
        "timeout",
        "connection",
        "refused",
        "refund",
        "webhook",
        "/api/orders",
        "503",
        "load_rates",
        "slot",
        "missed",
        "queue",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_counted_at_once_is_what_each_issue_holds(
            texts in proptest::collection::vec((words(&WORDS, 7), words(&WORDS, 7), 0..3_i64), 0..90), message in words(&WORDS, 7), rare in 0..4_usize,
        ) {
            let made = |(at, (title, body, day)): (usize, &(String, String, i64))| Issue {
                body: Some(format!("{body}\n```\n{title} 404\n```\n")),
                created_ns: Some(*day),
                ..issue(at as u64, title, "")
            };
            let exports = [export(texts.iter().enumerate().map(made).collect())];
            let corpus = Corpus::new(&exports);
            let view = View::new(&corpus, Some(1));
            // Words that no issue holds make the shared ones light.
            let message = format!("{message}{}", [" zumabo_relti", " kavuno", " mirobo tansu varek"][..rare.min(3)].concat());
            let names = crate::issue::text::message_names(&message);
            let query = view.query(&corpus, &[(&message, 1.0)], &names, &names);
            let cosines = view.cosines(&corpus, &query);
            for (at, cosine) in cosines.iter().enumerate() {
                let one_by_one = corpus.passages_of(at).map(|passage| view.cosine(&corpus, &query, passage));
                prop_assert_eq!(one_by_one.fold(0.0, f64::max).to_bits(), cosine.to_bits());
                let held = query.names.iter().filter(|name| name.is_some_and(|id| corpus.docs[at].holds(id))).count();
                let share = View::names_held(&corpus, &query).get(at).copied();
                prop_assert_eq!(share, (!query.names.is_empty()).then(|| held as f64 / query.names.len() as f64));
                let elsewhere = View::is_elsewhere(&corpus, &query).get(at).copied().unwrap_or(false);
                prop_assert_eq!(elsewhere, held == 0 && !query.places.is_empty());
            }
            for least in [0.05, 0.15, 0.3, 0.4, 0.45, 0.6, 0.9] {
                let slow = cosines.iter().any(|cosine| *cosine >= least);
                prop_assert_eq!(view.comes_near(&corpus, &query, least), slow, "{}", least);
            }
        }
    }
}
