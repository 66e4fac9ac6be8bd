//! Which issue a cluster belongs to: decisions, state, markers, titles, and only then words.
//!
//! The first four steps are identities (`identity`), words are evidence (`lexical`); the first that is sure ends the
//! search. An identity that is not sure is never overruled by words: it goes to a person.

use super::corpus::{Corpus, Query, View};
use super::decide::label_priority;
use super::export_types::{Export, IssueState};
use super::known::{Decision, Link, Reopening, Verdict};
use super::lexical::{AUTO_SCORE, AUTO_SCORE_TITLE_ONLY};
use super::marker::{LastAction, Markers, Trust, last_action, parse_markers, reopenings};
use super::named::Named;
use std::sync::Arc;

/// Share of issues with a text below which the absence of a match says nothing.
const BODIES_NEEDED: f64 = 0.5;

/// How a match was found; the order is the order of trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A person said so.
    Decision,
    /// The results of an earlier run said so.
    State,
    /// A marker in the issue.
    Marker,
    /// The same title, but for category, priority and numbers.
    TitleKey,
    /// Words.
    Lexical,
    /// Not found.
    None,
}

impl Tier {
    /// The word of the action list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::State => "state",
            Self::Marker => "marker",
            Self::TitleKey => "title_key",
            Self::Lexical => "lexical",
            Self::None => "none",
        }
    }
}

/// What a match is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchVerdict {
    /// Sure enough to write.
    Auto,
    /// A person has to look.
    Review,
    /// No issue is meant.
    None,
}

/// An issue that came near.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Issue number.
    pub number: u64,
    /// 0 to 1, four digits.
    pub score: f64,
    /// At the moment asked for.
    pub state: IssueState,
    /// Terms that both share, the weightiest first.
    pub shared_terms: Vec<String>,
}

/// The answer for one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// How it was found.
    pub tier: Tier,
    /// 0 to 1, four digits; 1 for identities.
    pub score: f64,
    /// For people: why this and not another.
    pub why: Vec<String>,
    /// The issue.
    pub target: Option<u64>,
    /// What it is good for.
    pub verdict: MatchVerdict,
    /// The nearest issues, the chosen one first, at most five.
    pub candidates: Vec<Candidate>,
    /// The decision of a person, where there is one.
    pub decided: Option<Verdict>,
    /// Entries of the cluster that the target's signatures cover; 0 unless found by signature.
    pub shared_entries: u64,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct MatchSubject<'a> {
    /// Repository that its issues are filed in; `None` looks into all.
    pub repo: Option<&'a str>,
    /// Fingerprint.
    pub fingerprint: Option<&'a str>,
    /// Fingerprints of older schemes.
    pub aliases: &'a [String],
    /// Issue signatures with their entries.
    pub signatures: &'a [(String, u64)],
    /// Fingerprint of the family's root when the subject is its symptom.
    pub root_fingerprint: Option<&'a str>,
    /// Human title.
    pub title: Option<&'a str>,
    /// Name under which a new issue of it is filed, where that is another.
    pub headline: Option<&'a str>,
    /// Message or template.
    pub message: &'a str,
    /// Module.
    pub module: Option<&'a str>,
    /// Function.
    pub function: Option<&'a str>,
    /// Exception type.
    pub exception: Option<&'a str>,
    /// Service.
    pub service: Option<&'a str>,
    /// Severity.
    pub severity: Option<&'a str>,
    /// A mute of a person does not hold any more.
    pub ignore_mute: bool,
}

/// What an index is asked with beside the exports.
#[derive(Debug, Clone, Default)]
pub struct IndexOptions {
    /// Issues created later are hidden, open and closed are taken as of then; ns since the epoch.
    pub as_of_ns: Option<i64>,
    /// Whose markers are believed.
    pub trust: Trust,
    /// Decisions of people.
    pub decisions: Vec<Decision>,
    /// What earlier runs filed.
    pub links: Vec<Link>,
}

/// The issues of all exports, ready to be asked.
#[derive(Debug)]
pub struct IssueIndex<'e> {
    pub(super) corpus: Arc<Corpus<'e>>,
    pub(super) marks: Arc<Vec<Vec<(Markers, bool)>>>,
    /// Every fingerprint and signature that a decision, an earlier run or a marker names, and where.
    pub(super) named: Arc<Named>,
    pub(super) view: View,
    has_bodies: bool,
    pub(super) options: IndexOptions,
}

/// A found identity, before words are looked at.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) tier: Tier,
    pub(crate) number: u64,
    pub(crate) verdict: MatchVerdict,
    pub(crate) why: String,
    pub(crate) shared_entries: u64,
}

impl<'e> IssueIndex<'e> {
    /// Reads the exports into an index.
    pub fn new(exports: &'e [Export], options: IndexOptions) -> Self {
        let corpus = Corpus::new(exports);
        let marks: Vec<_> = corpus.docs.iter().map(|doc| read_marks(doc.issue, &options.trust)).collect();
        let view = View::new(&corpus, options.as_of_ns);
        let named = Arc::new(Named::new(&marks, &options));
        let has_bodies = has_bodies(&corpus, &view);
        Self { corpus: Arc::new(corpus), marks: Arc::new(marks), named, view, has_bodies, options }
    }

    /// The same issues at another moment, without reading them again.
    #[must_use]
    pub fn at(&self, as_of_ns: Option<i64>) -> Self {
        let options = IndexOptions { as_of_ns, ..self.options.clone() };
        let view = View::new(&self.corpus, as_of_ns);
        let (corpus, marks, named) = (Arc::clone(&self.corpus), Arc::clone(&self.marks), Arc::clone(&self.named));
        let has_bodies = has_bodies(&corpus, &view);
        Self { corpus, marks, named, view, has_bodies, options }
    }

    /// The moment the index stands at, ns since the epoch.
    pub fn as_of_ns(&self) -> Option<i64> {
        self.options.as_of_ns
    }

    /// The issue of a number, if it exists at the moment; `repo` as in [`MatchSubject`].
    pub fn issue(&self, repo: Option<&str>, number: u64) -> Option<&'e super::export_types::Issue> {
        let found = self.seen(repo, self.corpus.numbered(number)).next()?;
        Some(self.corpus.docs[found].issue)
    }

    /// What an earlier run knows of an issue.
    pub fn link(&self, repo: Option<&str>, number: u64) -> Option<&Link> {
        let links = self.named.links_to(number).iter().map(|at| &self.options.links[*at]);
        links.filter(|link| link.is_in(repo)).max_by_key(|link| link.last_at_ns)
    }

    /// The last write of ours to an issue: from the state of earlier runs or from its newest believed marker,
    /// whichever is newer.
    pub fn last_action(&self, repo: Option<&str>, number: u64) -> Option<LastAction> {
        let marked = self.issue(repo, number).and_then(|issue| last_action(issue, &self.options.trust));
        let kept = self.link(repo, number).and_then(|link| {
            Some(LastAction {
                at_ns: link.last_at_ns?,
                comment_id: link.last_comment_id.clone(),
                is_comment: link.last_comment_id.is_some(),
                act: link.last_action_id.clone(),
                written_ns: None,
                closed_ns: None,
                priority: link.last_priority,
            })
        });
        // Where both tell of one write, the state knows the priority, and the comment itself what it says of a closing.
        let (id, closed_ns) = marked.as_ref().map(|own| (own.comment_id.clone(), own.closed_ns)).unwrap_or_default();
        let mut newest = marked.into_iter().chain(kept).max_by_key(|action| action.at_ns)?;
        newest.closed_ns = closed_ns.filter(|_| newest.comment_id == id);
        newest.priority = newest.priority.or_else(|| self.issue(repo, number).and_then(label_priority));
        Some(newest)
    }

    /// The closings of an issue after which we opened it again, oldest first: the tracker forgets them, the state of earlier
    /// runs and our own comments do not.
    pub fn reopenings(&self, repo: Option<&str>, number: u64) -> Vec<Reopening> {
        let links = self.named.links_to(number).iter().map(|at| &self.options.links[*at]);
        let kept = links.filter(|link| link.is_in(repo) && !link.undone).flat_map(Link::reopenings);
        let told = self.issue(repo, number).into_iter().flat_map(|issue| reopenings(issue, &self.options.trust));
        // Of one closing, the first reopening: a later comment may tell of it again.
        let mut all: Vec<Reopening> = kept.chain(told).collect();
        all.sort_unstable();
        all.dedup_by_key(|reopening| reopening.closed_ns);
        all
    }

    /// Whether enough issues have a text for "no match" to mean anything.
    pub fn has_bodies(&self) -> bool {
        self.has_bodies
    }

    /// Which issue a subject belongs to.
    pub fn find(&self, subject: &MatchSubject<'_>) -> Match {
        self.find_by(subject, &self.query(subject))
    }

    fn find_by(&self, subject: &MatchSubject<'_>, query: &Query) -> Match {
        let scored = self.scores(subject, query);
        let known = self.named.of(subject);
        if let Some(found) = known.as_ref().and_then(|known| self.decided(subject, known)) {
            return self.identity(found.0, query, &scored, Some(found.1));
        }
        let identity = |known| self.linked(subject, known).or_else(|| self.marked(subject, known));
        let found = known.as_ref().and_then(identity).or_else(|| self.titled(subject));
        match found {
            Some(found) if found.verdict == MatchVerdict::Auto => self.identity(Some(found), query, &scored, None),
            doubtful => self.by_words(query, &scored, doubtful),
        }
    }

    /// The issue that a subject belongs to beyond doubt: what [`IssueIndex::find`] is sure of, without candidates and reasons,
    /// for callers that ask of every cluster there is.
    pub fn sure(&self, subject: &MatchSubject<'_>) -> Option<u64> {
        let has_title = subject.title.is_some() || subject.headline.is_some();
        let query = self.query(subject);
        let near = || self.view.comes_near(&self.corpus, &query, AUTO_SCORE_TITLE_ONLY.min(AUTO_SCORE));
        if !has_title && self.named.of(subject).is_none() && !near() {
            return None;
        }
        let found = self.find_by(subject, &query);
        found.target.filter(|_| found.verdict == MatchVerdict::Auto)
    }

    pub(super) fn visible<'s>(&'s self, repo: Option<&'s str>) -> impl Iterator<Item = usize> + 's {
        self.view.visible.iter().copied().filter(self.in_repo(repo))
    }

    /// Of these issues, those that exist and lie in a repository.
    pub(super) fn seen<'s>(&'s self, repo: Option<&'s str>, of: &'s [usize]) -> impl Iterator<Item = usize> + 's {
        of.iter().copied().filter(|at| self.view.shows(*at)).filter(self.in_repo(repo))
    }

    fn in_repo<'s>(&'s self, repo: Option<&'s str>) -> impl Fn(&usize) -> bool + 's {
        let is_in = self.corpus.in_repo(repo);
        move |at| is_in(*at)
    }

    pub(super) fn state(&self, at: usize) -> IssueState {
        self.corpus.docs[at].issue.state_at(self.options.as_of_ns)
    }

    pub(super) fn number(&self, at: usize) -> u64 {
        self.corpus.docs[at].issue.number
    }
}

fn has_bodies(corpus: &Corpus<'_>, view: &View) -> bool {
    let with = view.visible.iter().filter(|&&at| !corpus.docs[at].title_only).count();
    view.visible.is_empty() || with as f64 >= BODIES_NEEDED * view.visible.len() as f64
}

fn read_marks(issue: &super::export_types::Issue, trust: &Trust) -> Vec<(Markers, bool)> {
    let own = issue.body.as_deref().and_then(parse_markers).map(|markers| (markers, trust.of_issue(issue)));
    let comments = issue
        .comments
        .iter()
        .filter_map(|comment| Some((parse_markers(&comment.body)?, trust.of_comment(comment, issue))));
    own.into_iter().chain(comments).collect()
}

/// Four digits behind the point.
pub(crate) fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
