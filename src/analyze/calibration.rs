//! How often the rule that flags clusters would have flagged them in past weeks of this very data.
//!
//! A baseline as long as the window's own leaves no room for past windows in most stores, so past windows are compared with
//! as many windows before them as the store allows (at most four): the same rule, on less. Real changes count as flags too,
//! therefore the words are "a usual week", never "a quiet one".

use super::history::Judged;
use super::stats::placebo::{Split, placebo};
use super::stats::table::Hours;
use crate::time::{HOUR_NS, words};

/// Longest window that past ones are cut for.
const LONGEST_HOURS: i64 = 7 * 24;
/// Past windows that a shorter baseline is accepted for.
const WANTED: usize = 3;
/// Windows of a baseline, most first.
const BASELINES: [i64; 3] = [4, 2, 1];

/// The rule on past windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Hours of a past window.
    pub window_h: i64,
    /// Hours before it that it was compared with.
    pub baseline_h: i64,
    /// Past windows, newest first: start in nanoseconds, and what was flagged.
    pub splits: Vec<(i64, Split)>,
    /// Flags in one of them, on average.
    pub mean: f64,
    /// Flags of this window by the same rule; `None` where it has no time before it.
    pub now: Option<usize>,
}

impl Calibration {
    /// For a reader.
    pub fn told(&self) -> String {
        let length = words(self.window_h * HOUR_NS);
        let past = match self.splits.len() {
            1 => "the one stretch".to_owned(),
            n => format!("the {n} stretches"),
        };
        let (place, now) = if let Some(now) = self.now {
            ("before this one".to_owned(), format!("; in this one {now}"))
        } else {
            let before = words(self.baseline_h * HOUR_NS);
            (format!("inside this window, each against the {before} before it"), String::new())
        };
        format!(
            "calibration: in {past} of {length} {place}, the rule for rising and falling clusters flagged {:.1} on average{now}",
            self.mean
        )
    }
}

/// Runs the rule on what is stored before the window, or inside one that holds everything.
pub(crate) fn calibration(judged: &Judged) -> Option<Calibration> {
    let Judged { table, hours, earlier, .. } = judged;
    let length = hours.len().min(LONGEST_HOURS);
    if length == 0 {
        return None;
    }
    let first = table.exposures.iter().map(|exposure| exposure.extent().0).min()?;
    // A window without a time before it is its own past: its last stretch is a past window too.
    let newest = match earlier {
        Some(_) => Hours::new(hours.since, hours.since + length),
        None => Hours::new(hours.until, hours.until + length),
    };
    let stored = Hours::new(first, newest.since);
    let found = BASELINES
        .iter()
        .map(|windows| {
            let baseline = windows * length;
            (baseline, placebo(table, newest, Hours::new(newest.since - baseline, newest.since), stored))
        })
        .find(|(baseline, found)| found.splits.len() >= WANTED || (*baseline == length && !found.splits.is_empty()));
    let (baseline_h, found) = found?;
    let at = |split: Split| (table.origin_ns + split.window.since * HOUR_NS, split);
    let flagged = |judgement: &&super::stats::judge::Judgement| {
        judgement.test.as_ref().is_some_and(|test| test.direction.is_some())
    };
    Some(Calibration {
        window_h: length,
        baseline_h,
        mean: found.mean?,
        splits: found.splits.into_iter().map(at).collect(),
        now: earlier.map(|_| judged.judgements.iter().filter(flagged).count()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::history::{History, judged};
    use super::super::{Before, Cluster, Coverage};
    use super::*;
    use crate::analyze::coverage::ServiceCoverage;
    use crate::time::{DAY_NS, Window};

    fn covered(from: i64, to: i64) -> Coverage {
        let mut seen = Coverage::default();
        let intervals = vec![(from * DAY_NS, to * DAY_NS)];
        seen.services.insert(String::new(), ServiceCoverage { intervals, ..ServiceCoverage::default() });
        seen
    }

    /// One cluster with so many episodes on each day; the window is the last week, or everything.
    fn run(daily: &[i64], whole: bool) -> Option<Calibration> {
        let days = daily.len() as i64;
        let since = if whole { 0 } else { days - 7 };
        let cluster = Cluster { entries: 1, ..Cluster::default() };
        let at = |(day, n): (i64, &i64)| (0..*n).map(move |k| (day * DAY_NS + k * HOUR_NS, day * DAY_NS + k * HOUR_NS));
        let runs = (0..).zip(daily).flat_map(at).collect();
        let history = History { runs: [(cluster.key.clone(), runs)].into(), ..History::default() };
        let coverage = if whole { Coverage::default() } else { covered(0, since) };
        let before = Before { coverage, history, ..Before::default() };
        let window = Window::new(since * DAY_NS, days * DAY_NS).ok()?;
        calibration(&judged(&[cluster], &before, &covered(since, days), &[None], window, 7.0))
    }

    #[test]
    fn a_store_without_past_windows_has_no_calibration() {
        assert_eq!(run(&[], true), None);
        assert_eq!(run(&[1], true), None);
        assert_eq!(run(&[2; 13], true), None, "a week, and no week before it");
        assert_eq!(run(&[2; 14], false), None);
    }

    #[test]
    fn equal_weeks_flag_nothing_and_a_wild_one_is_counted() {
        let quiet = run(&[2; 35], false).expect("four weeks before");
        assert_eq!((quiet.splits.len(), quiet.now), (3, Some(0)));
        assert!(quiet.mean.abs() < 1e-9 && quiet.baseline_h == 168);
        assert!(quiet.told().contains("in the 3 stretches of 7.0 days before this one"), "{}", quiet.told());
        assert!(quiet.told().ends_with("flagged 0.0 on average; in this one 0"), "{}", quiet.told());
        let mut wild = [1; 28];
        wild[14..21].fill(20);
        let found = run(&wild, true).expect("inside one window");
        assert_eq!(found.splits.iter().map(|(_, split)| split.rising).sum::<usize>(), 1);
        assert!(found.mean > 0.3 && found.now.is_none(), "{found:?}");
        assert!(found.told().contains("inside this window, each against the 7.0 days before it"), "{}", found.told());
    }
}
