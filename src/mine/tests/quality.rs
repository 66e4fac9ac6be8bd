//! How well the generated corpus is told apart, against its labels, and how many ids move while it grows.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use super::corpus;

/// A template with every placeholder as `<*>`; those that touch are one.
pub(super) fn bare(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        match after.split_once('>') {
            Some((name, after)) if name == "*" || name.bytes().all(|b| b.is_ascii_lowercase()) => {
                out.push_str("<*>");
                rest = after;
            }
            _ => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.replace("<*><*>", "<*>")
}

/// GA, PA, FGA, FTA of (label, id, template) per line.
pub(super) fn scores(lines: &[(String, String, String)]) -> [f64; 4] {
    let mut truth: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut found: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut same = 0;
    for (n, (label, id, text)) in lines.iter().enumerate() {
        truth.entry(label).or_default().insert(n);
        found.entry(id).or_default().insert(n);
        labels.entry(text).or_default().insert(label);
        same += usize::from(label == text);
    }
    let groups: BTreeSet<&BTreeSet<usize>> = found.values().collect();
    let right: Vec<usize> = truth.values().filter(|g| groups.contains(g)).map(BTreeSet::len).collect();
    let f1 = |right: usize, found: usize| 2.0 * right as f64 / (found + truth.len()) as f64;
    let exact = labels.iter().filter(|(text, of)| of.len() == 1 && of.contains(**text)).count();
    let all = lines.len() as f64;
    [right.iter().sum::<usize>() as f64 / all, same as f64 / all, f1(right.len(), found.len()), f1(exact, labels.len())]
}

#[test]
fn the_generated_corpus_is_told_apart_as_labelled() {
    for system in 0..corpus::SYSTEMS.len() {
        let lines: Vec<_> = corpus::lines(1, 2, 9000).into_iter().filter(|l| l.system == system).collect();
        let found = mine_lines(lines.iter().map(|l| l.text.as_str()));
        let judged: Vec<_> =
            lines.iter().zip(found).map(|(l, (id, text))| (l.label.clone(), id, bare(&text))).collect();
        let [ga, pa, fga, fta] = scores(&judged);
        let wrong: BTreeSet<_> = judged.iter().filter(|(l, _, t)| l != t).map(|(l, _, t)| (l, t)).collect();
        assert!(
            ga >= 0.99 && pa >= 0.95 && fga >= 0.97 && fta >= 0.9,
            "system {system}: GA {ga:.3} PA {pa:.3} FGA {fga:.3} FTA {fta:.3}\n{wrong:#?}"
        );
    }
}

/// Signatures of some weeks of growing systems, and the labels that each has.
fn weeks(weeks: std::ops::RangeInclusive<u64>) -> (SignatureTable, BTreeMap<SigId, String>) {
    let (mut miner, mut table, mut labels) = (Miner::new(), SignatureTable::new(), BTreeMap::new());
    for week in weeks {
        // Little to begin with: in the first week many names have not been met.
        for line in corpus::lines(5, week, 700 * week as usize) {
            let sig = miner.sign(&mut table, Subject::Text(&line.text), Some(week as i64), "", &line.text).sig;
            labels.insert(sig, line.label);
        }
    }
    (table, labels)
}

/// What an issue keeps of a cluster: its id and its eight largest signatures.
fn filed(table: &SignatureTable, set: &TemplateSet) -> BTreeMap<String, Vec<SigId>> {
    let largest = |id: &str| {
        let mut sigs = set.members(id).to_vec();
        sigs.sort_by_key(|&s| (std::cmp::Reverse(table.get(s).map_or(0, |e| e.count)), s));
        sigs.truncate(8);
        sigs
    };
    set.iter().map(|t| (t.id.clone(), largest(&t.id))).collect()
}

#[test]
fn what_was_filed_in_the_first_week_is_found_again() {
    let (first, label_of) = weeks(1..=1);
    let filed = filed(&first, &templates(&first));
    let (mut all, mut moved, mut lost) = (0, 0, Vec::new());
    for last in 2..=8 {
        for (name, from) in [("all weeks so far", 1), ("only that week", last)] {
            let (later, labels) = weeks(from..=last);
            let set = templates(&later);
            let labels: BTreeSet<&String> = labels.values().collect();
            // What did not happen again cannot be found.
            let happened = filed.iter().filter(|(_, sigs)| labels.contains(&label_of[&sigs[0]]));
            let (mut clusters, mut changed) = (0, 0);
            for (id, sigs) in happened {
                clusters += 1;
                let kept = set.by_id(id).is_some();
                changed += usize::from(!kept);
                if !kept && !sigs.iter().any(|&s| later.get(s).is_some()) {
                    lost.push((last, name, &label_of[&sigs[0]]));
                }
            }
            println!("week {last}, {name}: {changed} of {clusters} ids changed, {} clusters now", set.len());
            (all, moved) = (all + clusters, moved + changed);
        }
    }
    println!(
        "{:.2} % of ids changed, {} of {all} clusters not found again",
        100.0 * moved as f64 / all as f64,
        lost.len()
    );
    assert!(lost.len() * 100 <= all, "{lost:#?}");
}
