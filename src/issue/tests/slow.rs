//! What is looked up and picked out is what a look at every issue, in order, finds.

use proptest::prelude::*;

use super::super::lexical::{AUTO_SCORE, NEAR, OPEN_SHARE, Scored, TWIN_SHARE};
use super::super::named::Places;
use super::super::{
    Decision, Export, IndexOptions, Issue, IssueIndex, IssueState, Link, Markers, MatchSubject, Verdict,
};
use super::{closed, export, issue, ns, words};
use crate::issue::corpus::Query;

const WORDS: [&str; 16] = [
    "feed_worker",
    "shop.rates",
    "'currency'",
    "timeout",
    "connection",
    "refused",
    "refund",
    "webhook",
    "/api/orders",
    "503",
    "load_rates",
    "GET",
    "CartSession",
    "missed",
    "slot",
    "queue",
];

fn id(number: u8) -> String {
    format!("lgfp1:{number:016x}")
}

fn signature(number: u8) -> String {
    format!("{number:016x}")
}

/// Number, title, text, form, day, ids of the marker.
type Row = (u64, String, String, u8, u8, (u8, u8, u8));

fn row() -> impl Strategy<Value = Row> {
    (1..40_u64, words(&WORDS, 5), words(&WORDS, 9), 0..8_u8, 1..4_u8, (0..12_u8, 0..12_u8, 0..12_u8))
}

fn made((number, title, text, form, day, (fp, sig, also)): &Row) -> Issue {
    let mut own = issue(*number, title, text);
    own.created_ns = Some(ns(&format!("2030-01-0{day}T08:00:00Z")));
    match form {
        0 => own.body = None,
        1 => own.body = Some(text.clone()),
        2 | 3 => own = closed(own, "2030-02-01T00:00:00Z", None),
        4 | 5 => {
            let markers = Markers {
                fp: Some(id(*fp)),
                sigs: vec![signature(*sig)],
                also: vec![id(*also)],
                at_ns: Some(ns("2030-01-09T00:00:00Z")),
                ..Markers::default()
            };
            own.body = Some(format!("{}\n{text}", markers.format()));
            if *form == 5 {
                own.author_association = Some("NONE".to_owned());
            }
        }
        _ => {}
    }
    own
}

fn two_exports(rows: &[Row]) -> [Export; 2] {
    let (left, right) = rows.split_at(rows.len() / 3);
    let of = |rows: &[Row]| export(rows.iter().map(made).collect());
    [of(left), Export { repo: Some("acme/other".to_owned()), ..of(right) }]
}

/// All issues that share a word, in the order of nearness, as every question was answered before.
fn in_order(index: &IssueIndex<'_>, scored: &[Scored]) -> Vec<Scored> {
    let mut all = scored.to_vec();
    let open = |scored: &Scored| index.state(scored.at) == IssueState::Open;
    all.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(open(b).cmp(&open(a))).then(index.number(a.at).cmp(&index.number(b.at)))
    });
    all
}

fn slow_pick(index: &IssueIndex<'_>, query: &Query, sorted: &[Scored]) -> Option<Scored> {
    let best = *sorted.first()?;
    let same = |scored: &Scored| index.says_something_else(query, *scored).is_none();
    let open = |scored: &&Scored| index.state(scored.at) == IssueState::Open;
    let pick = match sorted.iter().find(open) {
        Some(open) if open.score >= OPEN_SHARE * best.score && (same(open) || !same(&best)) => *open,
        _ => return Some(best),
    };
    if pick.score < AUTO_SCORE {
        return Some(pick);
    }
    let twin = |other: &&Scored| {
        other.score >= TWIN_SHARE * pick.score
            && same(other)
            && index.view.likeness(&index.corpus, pick.at, other.at) >= AUTO_SCORE
    };
    let age = |scored: &&Scored| (index.corpus.docs[scored.at].issue.created_ns, index.number(scored.at));
    sorted.iter().filter(open).filter(|other| other.at == pick.at || twin(other)).min_by_key(age).copied()
}

fn slow_rival(index: &IssueIndex<'_>, sorted: &[Scored], pick: Scored) -> Option<Scored> {
    sorted
        .iter()
        .filter(|other| other.at != pick.at && (other.score - pick.score).abs() < NEAR)
        .find(|other| index.view.likeness(&index.corpus, pick.at, other.at) < AUTO_SCORE)
        .copied()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_picked_out_is_what_stands_first_in_order(
        rows in proptest::collection::vec(row(), 0..60), messages in proptest::collection::vec(words(&WORDS, 8), 1..6),
    ) {
        let exports = two_exports(&rows);
        let index = IssueIndex::new(&exports, IndexOptions::default());
        for (message, repo) in messages.iter().flat_map(|message| [(message, None), (message, Some("Acme/Shop"))]) {
            let subject = MatchSubject { repo, message, module: Some("shop.rates"), ..MatchSubject::default() };
            let query = index.query(&subject);
            let scored = index.scores(&subject, &query);
            let sorted = in_order(&index, &scored);
            let pick = index.pick(&query, &scored);
            prop_assert_eq!(pick, slow_pick(&index, &query, &sorted));
            for one in &sorted {
                prop_assert_eq!(index.rival(&scored, *one), slow_rival(&index, &sorted, *one));
            }
            for first in [None, Some(1), Some(99), pick.map(|pick| index.number(pick.at))] {
                let is_first = |scored: &&Scored| Some(index.number(scored.at)) == first;
                let (chosen, others): (Vec<&Scored>, Vec<&Scored>) = sorted.iter().partition(is_first);
                let slow: Vec<u64> = chosen.iter().chain(&others).take(5).map(|one| index.number(one.at)).collect();
                let listed = index.candidates(&query, &scored, first);
                prop_assert_eq!(listed.iter().map(|one| one.number).collect::<Vec<_>>(), slow);
            }
            let found = index.find(&subject);
            prop_assert_eq!(index.sure(&subject), found.target.filter(|_| found.verdict == super::super::MatchVerdict::Auto));
        }
    }

    #[test]
    fn what_names_a_cluster_is_found_as_by_looking_at_all_of_it(
        rows in proptest::collection::vec(row(), 0..40),
        settled in proptest::collection::vec((0..12_u8, 0..12_u8, 1..40_u64, 0..4_u8), 0..20),
        asked in proptest::collection::vec((0..12_u8, 0..12_u8, 0..12_u8, 1..9_u64, words(&WORDS, 4)), 1..8),
    ) {
        let exports = two_exports(&rows);
        let decision = |(fp, sig, number, form): &(u8, u8, u64, u8)| Decision {
            fingerprint: id(*fp),
            signatures: vec![signature(*sig)],
            verdict: match form {
                0 => Verdict::Never,
                1 => Verdict::New { not: vec![*number] },
                _ => Verdict::Issue(*number),
            },
        };
        let link = |(fp, sig, number, form): &(u8, u8, u64, u8)| Link {
            repo: ["acme/shop", "acme/other", ""][usize::from(*form % 3)].to_owned(),
            fingerprint: id(*sig),
            signatures: vec![signature(*fp)],
            number: *number,
            last_at_ns: Some(i64::from(*form)),
            ..Link::default()
        };
        let (left, right) = settled.split_at(settled.len() / 2);
        let options = IndexOptions {
            decisions: left.iter().map(decision).collect(),
            links: right.iter().map(link).collect(),
            ..IndexOptions::default()
        };
        let index = IssueIndex::new(&exports, options);
        let all = Places {
            decisions: (0..left.len()).collect(),
            links: (0..right.len()).collect(),
            issues: (0..rows.len()).collect(),
        };
        for (fp, alias, sig, entries, title) in &asked {
            let (own, aliases) = (id(*fp), [id(*alias)]);
            let signatures = [(signature(*sig), *entries), (signature(*alias), 2)];
            for repo in [None, Some("acme/shop")] {
                let subject = MatchSubject {
                    repo,
                    fingerprint: Some(&own),
                    aliases: &aliases,
                    signatures: &signatures,
                    root_fingerprint: Some(&own),
                    title: Some(title),
                    ..MatchSubject::default()
                };
                let named = index.named.of(&subject).unwrap_or_default();
                prop_assert_eq!(index.decided(&subject, &named), index.decided(&subject, &all));
                prop_assert_eq!(index.linked(&subject, &named), index.linked(&subject, &all));
                prop_assert_eq!(index.marked(&subject, &named), index.marked(&subject, &all));
                let key = super::super::title::title_key(title);
                let same = |at: &usize| key.is_some() && super::super::title::title_key(&index.corpus.docs[*at].issue.title) == key;
                let best = index.visible(repo).filter(same).max_by_key(|at| (index.state(*at) == IssueState::Open, index.number(*at)));
                prop_assert_eq!(index.titled(&subject).map(|found| found.number), best.map(|at| index.number(at)));
                for number in 1..40 {
                    let slow = index.visible(repo).find(|at| index.number(*at) == number);
                    let slow = slow.map(|at| index.corpus.docs[at].issue);
                    let same = match (index.issue(repo, number), slow) {
                        (Some(found), Some(slow)) => std::ptr::eq(found, slow),
                        (found, slow) => found.is_none() && slow.is_none(),
                    };
                    prop_assert!(same, "{}", number);
                    let of = |link: &&Link| link.number == number && link.is_in(repo);
                    let slow = index.options.links.iter().filter(of).max_by_key(|link| link.last_at_ns);
                    prop_assert_eq!(index.link(repo, number), slow);
                }
            }
        }
    }
}
