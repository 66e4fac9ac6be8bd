//! The last step of matching: words.
//!
//! Measured on real issues, the cosine of weighted terms separates well above 0.45 and below 0.15, and what lies
//! between waits for a person. Where a closed issue and an open one say nearly the same, the open one is meant: the
//! closed one is its history.

use super::corpus::{Query, View};
use super::export_types::IssueState;
use super::known::Verdict;
use super::matching::{Candidate, Found, IssueIndex, Match, MatchSubject, MatchVerdict, Tier, round4};
use super::text::{message_names, place_names};
use std::cmp::Ordering;

/// From here on words alone decide.
pub const AUTO_SCORE: f64 = 0.45;
/// The same for an issue of which only the title is known, which has fewer words to be diluted by.
pub const AUTO_SCORE_TITLE_ONLY: f64 = 0.40;
/// Below this nothing is alike.
pub const REVIEW_SCORE: f64 = 0.15;
/// An open issue is preferred to a closed one from this share of its score on.
pub const OPEN_SHARE: f64 = 0.6;
/// Two issues nearer than this are not told apart by words.
pub const NEAR: f64 = 0.05;
/// What remains of a score when the issue holds none of the names of the message.
const VETO_FLOOR: f64 = 0.5;
/// Most candidates that an answer lists.
const MAX_CANDIDATES: usize = 5;
/// How much the place of a message counts against its text.
const PLACE_FACTOR: f64 = 0.25;
/// What remains of a score when the issue names other places in the code and not this one.
const ELSEWHERE: f64 = 0.65;
/// From this share of the pick's score on, an issue that says the same is its twin.
pub(super) const TWIN_SHARE: f64 = 0.85;
/// Share of the words of a message that an issue must hold to be meant beyond doubt: one word replaced by another makes another
/// problem of the same sentence ("initialisation timed out", "migration timed out").
const WORDS_HELD: f64 = 0.8;
/// The same for a title, which never holds all of them.
const WORDS_HELD_TITLE_ONLY: f64 = 0.5;

/// An issue with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub(super) at: usize,
    pub(super) score: f64,
    pub(super) held: f64,
}

impl IssueIndex<'_> {
    pub(super) fn query(&self, subject: &MatchSubject<'_>) -> Query {
        let place = [subject.module, subject.function];
        let mut parts = vec![(subject.message, 1.0)];
        parts.extend(subject.exception.map(|name| (name, 1.0)));
        parts.extend(place.into_iter().flatten().map(|text| (text, PLACE_FACTOR)));
        let names = message_names(subject.message);
        self.view.query(&self.corpus, &parts, &names, &place_names(subject.module))
    }

    /// The issues that share a word with a query, in the order of the exports.
    pub(super) fn scores(&self, subject: &MatchSubject<'_>, query: &Query) -> Vec<Scored> {
        let cosines = self.view.cosines(&self.corpus, query);
        let names = View::names_held(&self.corpus, query);
        let elsewhere = View::is_elsewhere(&self.corpus, query);
        self.visible(subject.repo)
            .filter(|at| cosines[*at] > 0.0)
            .map(|at| {
                let held = names.get(at).copied().unwrap_or(1.0);
                let doc = &self.corpus.docs[at];
                let veto = if doc.quotes_messages { VETO_FLOOR + (1.0 - VETO_FLOOR) * held } else { 1.0 };
                let is_elsewhere = elsewhere.get(at).copied().unwrap_or(false);
                let place = if doc.names_places && is_elsewhere { ELSEWHERE } else { 1.0 };
                Scored { at, score: cosines[at] * veto * place, held }
            })
            .filter(|scored| scored.score > 0.0)
            .collect()
    }

    /// The order of nearness: the nearest first, of equals an open one, then the older number.
    pub(super) fn nearer(&self, a: &Scored, b: &Scored) -> Ordering {
        let closed = |scored: &Scored| self.state(scored.at) != IssueState::Open;
        let rest = || closed(a).cmp(&closed(b)).then(self.number(a.at).cmp(&self.number(b.at))).then(a.at.cmp(&b.at));
        b.score.total_cmp(&a.score).then_with(rest)
    }

    pub(super) fn candidates(&self, query: &Query, scored: &[Scored], first: Option<u64>) -> Vec<Candidate> {
        // Nearly all issues share some word with a message, and few are listed: the nearest are kept, not all put in order.
        let (mut chosen, mut others) = (Vec::new(), Vec::with_capacity(MAX_CANDIDATES + 1));
        for scored in scored {
            if Some(self.number(scored.at)) == first {
                chosen.push(*scored);
            } else if others.len() < MAX_CANDIDATES
                || others.last().is_some_and(|last| self.nearer(scored, last) == Ordering::Less)
            {
                let at = others.partition_point(|kept| self.nearer(kept, scored) == Ordering::Less);
                others.insert(at, *scored);
                others.truncate(MAX_CANDIDATES);
            }
        }
        chosen.sort_by(|a, b| self.nearer(a, b));
        let listed = chosen.iter().chain(&others).take(MAX_CANDIDATES);
        listed
            .map(|scored| Candidate {
                number: self.number(scored.at),
                score: round4(scored.score),
                state: self.state(scored.at),
                shared_terms: self.view.shared_terms(&self.corpus, query, scored.at, 5),
            })
            .collect()
    }

    pub(super) fn identity(
        &self,
        found: Option<Found>,
        query: &Query,
        scored: &[Scored],
        decided: Option<Verdict>,
    ) -> Match {
        let target = found.as_ref().map(|found| found.number);
        Match {
            tier: found.as_ref().map_or(Tier::Decision, |found| found.tier),
            score: 1.0,
            why: found.as_ref().map_or_else(|| vec!["decided by a person".to_owned()], |found| vec![found.why.clone()]),
            target,
            verdict: if found.is_some() { MatchVerdict::Auto } else { MatchVerdict::None },
            candidates: self.candidates(query, scored, target),
            decided,
            shared_entries: found.map_or(0, |found| found.shared_entries),
        }
    }

    /// The lexical step. `hint` is an identity that was found but is not sure by itself.
    pub(super) fn by_words(&self, query: &Query, scored: &[Scored], hint: Option<Found>) -> Match {
        let picked = self.pick(query, scored);
        let mut why = Vec::new();
        let mut verdict = MatchVerdict::None;
        if let Some(pick) = picked {
            let doc = &self.corpus.docs[pick.at];
            let auto = if doc.title_only { AUTO_SCORE_TITLE_ONLY } else { AUTO_SCORE };
            let shared = self.view.shared_terms(&self.corpus, query, pick.at, 5);
            why.push(format!("shared: {}", shared.join(", ")));
            if pick.score >= auto {
                verdict = MatchVerdict::Auto;
                if doc.title_only && self.state(pick.at) == IssueState::Closed {
                    verdict = MatchVerdict::Review;
                    why.push(
                        "closed and without a text: an open issue about the same may not show it in its title"
                            .to_owned(),
                    );
                }
                if let Some(rival) = self.rival(scored, pick) {
                    verdict = MatchVerdict::Review;
                    why.push(format!("#{} is as near and says something else", self.number(rival.at)));
                }
                if let Some(doubt) = self.says_something_else(query, pick) {
                    verdict = MatchVerdict::Review;
                    why.push(doubt.to_owned());
                }
            } else if pick.score >= REVIEW_SCORE {
                verdict = MatchVerdict::Review;
                why.push(format!("between {REVIEW_SCORE} and {auto}: alike, not the same beyond doubt"));
            }
            if pick.held < 1.0 && doc.quotes_messages && verdict != MatchVerdict::None {
                why.push("names of the message are missing there".to_owned());
            }
            why.dedup();
        }
        let mut target = picked.filter(|_| verdict != MatchVerdict::None).map(|pick| self.number(pick.at));
        let mut tier = if target.is_some() { Tier::Lexical } else { Tier::None };
        let mut score = picked.map_or(0.0, |pick| pick.score);
        if let Some(hint) = hint {
            why.insert(0, hint.why.clone());
            // Words may confirm a doubtful identity; they may not overrule it.
            if target != Some(hint.number) || verdict != MatchVerdict::Auto {
                verdict = MatchVerdict::Review;
                tier = hint.tier;
                target = Some(hint.number);
                let own = scored.iter().filter(|scored| self.number(scored.at) == hint.number);
                score = own.min_by(|a, b| self.nearer(a, b)).map_or(0.0, |scored| scored.score);
            }
        }
        if target.is_none() {
            why.clear();
            why.push(match picked {
                Some(pick) => {
                    format!("nearest is #{} with {}, below {REVIEW_SCORE}", self.number(pick.at), round4(pick.score))
                }
                None => "no issue shares a word".to_owned(),
            });
        }
        let first = target.or(picked.map(|pick| self.number(pick.at)));
        Match {
            tier,
            score: round4(score),
            why,
            target,
            verdict,
            candidates: self.candidates(query, scored, first),
            decided: None,
            shared_entries: 0,
        }
    }

    /// The best issue, or an open one that is nearly as good as a closed best; of open twins the oldest, which is the
    /// one that the others will be closed in favour of.
    pub(super) fn pick(&self, query: &Query, scored: &[Scored]) -> Option<Scored> {
        let best = *scored.iter().min_by(|a, b| self.nearer(a, b))?;
        let same = |scored: &Scored| self.says_something_else(query, *scored).is_none();
        let open = |scored: &&Scored| self.state(scored.at) == IssueState::Open;
        let pick = match scored.iter().filter(open).min_by(|a, b| self.nearer(a, b)) {
            Some(open) if open.score >= OPEN_SHARE * best.score && (same(open) || !same(&best)) => *open,
            _ => return Some(best),
        };
        if pick.score < AUTO_SCORE {
            return Some(pick);
        }
        // Two issues take long to compare, so that the oldest is looked at first.
        let age = |scored: &Scored| (self.corpus.docs[scored.at].issue.created_ns, self.number(scored.at));
        let near = |other: &&Scored| other.at == pick.at || other.score >= TWIN_SHARE * pick.score;
        let mut twins: Vec<&Scored> = scored.iter().filter(open).filter(near).collect();
        twins.sort_by(|a, b| age(a).cmp(&age(b)).then_with(|| self.nearer(a, b)));
        let is_twin = |other: &&&Scored| {
            other.at == pick.at || same(other) && self.view.likeness(&self.corpus, pick.at, other.at) >= AUTO_SCORE
        };
        twins.iter().find(is_twin).map(|twin| **twin)
    }

    /// What a message says that an issue does not, where that makes it another problem in nearly the same words.
    pub(super) fn says_something_else(&self, query: &Query, pick: Scored) -> Option<&'static str> {
        let doc = &self.corpus.docs[pick.at];
        let (words, names) = if doc.title_only {
            (WORDS_HELD_TITLE_ONLY, View::names_differ(&self.corpus, query, pick.at))
        } else {
            (WORDS_HELD, pick.held < 1.0 && (doc.quotes_messages || pick.held == 0.0))
        };
        if names {
            return Some("names of the message are missing there");
        }
        (View::words_held(&self.corpus, query, pick.at) < words).then_some("words of the message are missing there")
    }

    /// Another issue that is as near as the pick and about something else.
    pub(super) fn rival(&self, scored: &[Scored], pick: Scored) -> Option<Scored> {
        let near = |other: &&Scored| other.at != pick.at && (other.score - pick.score).abs() < NEAR;
        let mut rivals: Vec<&Scored> = scored.iter().filter(near).collect();
        rivals.sort_by(|a, b| self.nearer(a, b));
        let differs = |other: &&&Scored| self.view.likeness(&self.corpus, pick.at, other.at) < AUTO_SCORE;
        rivals.iter().find(differs).map(|rival| **rival)
    }
}
