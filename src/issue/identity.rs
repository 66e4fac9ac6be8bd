//! The steps of matching that are identities: decisions, state, markers, title keys.
//!
//! What people said comes before what we remember, that before what stands in the tracker. A marker counts by itself
//! only when its author is believed; everybody can write one.

use super::export_types::IssueState;
use super::known::{Decision, Link, Verdict, best_known, shared_entries};
use super::matching::{Found, IssueIndex, MatchSubject, MatchVerdict, Tier};
use super::named::Places;
use super::title::title_key;

impl IssueIndex<'_> {
    /// What a person said, of those decisions that `named` holds.
    pub(super) fn decided(&self, subject: &MatchSubject<'_>, named: &Places) -> Option<(Option<Found>, Verdict)> {
        let here: Vec<&Decision> = named.decisions.iter().map(|at| &self.options.decisions[*at]).collect();
        let known = best_known(&here, subject.fingerprint, subject.signatures, |item| {
            (item.fingerprint.as_str(), item.signatures.as_slice())
        })?;
        let found = match &known.verdict {
            Verdict::Issue(number) => Some(Found {
                tier: Tier::Decision,
                number: *number,
                verdict: MatchVerdict::Auto,
                why: format!("decided by a person: #{number}"),
                shared_entries: 0,
            }),
            // A problem of its own is found again where it was filed since, or it would be filed in every run.
            Verdict::New { not } => {
                let own = |found: &Found| found.verdict == MatchVerdict::Auto && !not.contains(&found.number);
                self.linked(subject, named).filter(own).or_else(|| self.marked_but(subject, named, not).filter(own))
            }
            Verdict::Mute(_) if subject.ignore_mute => return None,
            Verdict::Never | Verdict::Mute(_) => None,
        };
        Some((found, known.verdict.clone()))
    }

    pub(super) fn linked(&self, subject: &MatchSubject<'_>, named: &Places) -> Option<Found> {
        let links = named.links.iter().map(|at| &self.options.links[*at]);
        let here: Vec<&Link> = links.filter(|link| link.is_in(subject.repo)).collect();
        let link = best_known(&here, subject.fingerprint, subject.signatures, |item| {
            (item.fingerprint.as_str(), item.signatures.as_slice())
        })?;
        let same = subject.fingerprint == Some(link.fingerprint.as_str());
        Some(Found {
            tier: Tier::State,
            number: link.number,
            verdict: MatchVerdict::Auto,
            why: format!("filed by an earlier run as #{}", link.number),
            shared_entries: if same { 0 } else { shared_entries(subject.signatures, &link.signatures) },
        })
    }

    pub(super) fn marked(&self, subject: &MatchSubject<'_>, named: &Places) -> Option<Found> {
        self.marked_but(subject, named, &[])
    }

    /// The issue whose markers name the subject, among all but those in `not`.
    fn marked_but(&self, subject: &MatchSubject<'_>, named: &Places, not: &[u64]) -> Option<Found> {
        let own = |fp: &str| subject.fingerprint == Some(fp) || subject.aliases.iter().any(|alias| alias == fp);
        // (strength, shared entries, open, number): identity before signatures before hints.
        let mut best: Option<((u8, u64, bool, u64), Found)> = None;
        let mut rivals = 0;
        for at in self.seen(subject.repo, &named.issues).filter(|&at| !not.contains(&self.number(at))) {
            for (markers, believed) in &self.marks[at] {
                let shared = shared_entries(subject.signatures, &markers.sigs);
                let is_symptom =
                    subject.root_fingerprint.is_some() && markers.fp.as_deref() == subject.root_fingerprint;
                let (strength, verdict, why) = if markers.fp.as_deref().is_some_and(own) {
                    (4, MatchVerdict::Auto, "its marker holds this fingerprint")
                } else if markers.also.iter().any(|fp| own(fp)) && is_symptom {
                    (3, MatchVerdict::Auto, "its marker names this as a symptom of the same root")
                } else if shared > 0 {
                    (2, MatchVerdict::Auto, "its marker holds signatures of this cluster")
                } else if markers.also.iter().any(|fp| own(fp)) {
                    (1, MatchVerdict::Review, "its marker names this as a symptom of another root")
                } else {
                    continue;
                };
                let (strength, verdict, why) = if *believed {
                    (strength, verdict, why)
                } else {
                    (0, MatchVerdict::Review, "a marker names this, but its author is not trusted")
                };
                let shared = if strength == 2 { shared } else { 0 };
                let rank = (strength, shared, self.state(at) == IssueState::Open, self.number(at));
                let tied = best.as_ref().is_some_and(|(seen, found)| {
                    found.number != self.number(at) && strength == 2 && (seen.0, seen.1) == (rank.0, rank.1)
                });
                rivals = if tied { rivals + 1 } else { rivals };
                if best.as_ref().is_none_or(|(seen, _)| rank > *seen) {
                    if !tied {
                        rivals = 0;
                    }
                    let number = self.number(at);
                    let why = format!("#{number}: {why}");
                    best = Some((rank, Found { tier: Tier::Marker, number, verdict, why, shared_entries: shared }));
                }
            }
        }
        best.map(|(_, mut found)| {
            if rivals > 0 {
                found.verdict = MatchVerdict::Review;
                found.why.push_str("; another issue shares as many");
            }
            found
        })
    }

    pub(super) fn titled(&self, subject: &MatchSubject<'_>) -> Option<Found> {
        let keys: Vec<String> = [subject.title, subject.headline].into_iter().flatten().filter_map(title_key).collect();
        let mut named: Vec<usize> = keys.iter().flat_map(|key| self.corpus.titled(key)).copied().collect();
        named.sort_unstable();
        named.dedup();
        let same: Vec<usize> = self.seen(subject.repo, &named).collect();
        let open = same.iter().filter(|&&at| self.state(at) == IssueState::Open).count();
        let best = same.into_iter().max_by_key(|&at| (self.state(at) == IssueState::Open, self.number(at)))?;
        let number = self.number(best);
        let verdict = if open > 1 { MatchVerdict::Review } else { MatchVerdict::Auto };
        let more = if open > 1 { format!(", as have {} other open ones", open - 1) } else { String::new() };
        Some(Found {
            tier: Tier::TitleKey,
            number,
            verdict,
            why: format!("#{number} has the same title{more}"),
            shared_entries: 0,
        })
    }
}
