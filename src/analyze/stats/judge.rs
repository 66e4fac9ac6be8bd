//! What each cluster is doing in a window, against the time before it.
//!
//! The order of the questions is the decision: is enough covered, was it ever seen before, is it gone, did its rate change.
//! Whatever is not proven is `ongoing` or `quiet`, and the sentence says what would prove it. Issues are not known here:
//! `regressed` is decided by the caller, who knows what was closed.

use super::compare::{self, Baseline, MIN_COVERAGE, Test, compare, is_covered, still_rising};
use super::onset::{Change, Direction, changes, refined};
use super::rate::{ALPHA, Silence, rule_of_three};
use super::table::{Hours, Subject, Table};
use crate::time::{HOUR_NS, words};

/// What a cluster does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Never seen before, while it would have been.
    New,
    /// Its rate rose.
    Escalating,
    /// Seen before, and now.
    Ongoing,
    /// Its rate fell.
    Declining,
    /// Not seen for a while.
    Quiet,
    /// Gone, and the silence is evidence.
    Resolved,
    /// Too little was covered to say.
    InsufficientCoverage,
}

/// What may be set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Covered days without an episode after which a cluster is quiet.
    pub quiet_days: f64,
    /// Earlier windows that may hold a cluster in `Escalating`.
    pub earlier_windows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { quiet_days: 7.0, earlier_windows: 4 }
    }
}

/// A status, the sentence for a reader and the numbers for the JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The word.
    pub status: Status,
    /// Why, for a reader; no p-value in it.
    pub why: String,
    /// The comparison of rates, where there was one.
    pub test: Option<Test>,
    /// The silence at the window's end, where anything was seen before it.
    pub silence: Option<Silence>,
    /// Hour from which it can be called resolved if it stays silent and covered; `None` when it is resolved, or cannot be.
    pub resolved_from: Option<i64>,
    /// Change points inside the window and the time before it, of clusters whose rate changed; oldest first.
    pub changes: Vec<Change>,
    /// Covered hours of silence before the window that had already counted as resolved, of a cluster that came back.
    pub returned_after: Option<f64>,
    /// Escalating only because it was so in an earlier window and has not calmed down.
    pub held: bool,
}

/// Covered time before a window, in the window's own covered time, that `New` needs.
const HISTORY: f64 = 2.0;
/// Share of that time that may lack: exports by the day and the hour leave seconds between their last row and the next
/// one's first, so that two whole weeks are covered for 14 days less some minutes. A hundredth hides nothing that the test
/// could tell: the bound on the earlier rate moves by a hundredth with it.
const HISTORY_SLACK: f64 = 0.01;
/// Covered days before a window that `New` needs.
const HISTORY_DAYS: usize = 3;
/// Covered hours of silence that `Resolved` needs.
pub(super) const SILENT_HOURS: f64 = 24.0;
/// Chance at which a silence of any length is called resolved: it is looked at window after window, and every look is
/// another chance to be wrong. At 0.05 a week's looks at 1,200 unchanged clusters call 15 to 40 of them resolved.
const PATIENT_ALPHA: f64 = 0.005;
/// Episodes from which a row of hours is dense enough to place a change by the hour.
const DENSE: u64 = 100;
/// Days up to which such a row is scanned by the hour, of a cluster that is known to have changed.
const SHORT_DAYS: i64 = 14;
/// How far ahead it is told when a silence would be proof: nobody waits a year for it.
const FORESEEN_HOURS: i64 = 60 * 24;

/// Judges every cluster of a table; `before` is the baseline, as far as it is stored, and ends where the window begins.
pub fn judge(table: &Table, window: Hours, before: Hours, options: &Options) -> Vec<Judgement> {
    let now = compare(table, window, before);
    let earlier: Vec<Vec<Option<Test>>> = (1..=options.earlier_windows as i64)
        .map(|back| compare(table, window.shifted(-back * window.len()), before.shifted(-back * window.len())))
        .collect();
    let dispersions = compare::dispersions(table, window, before);
    table
        .subjects
        .iter()
        .enumerate()
        .map(|(at, subject)| {
            let past: Vec<Option<Test>> = earlier.iter().map(|tests| tests[at]).collect();
            let case = Case { table, subject, window, before, d: dispersions[at] };
            case.judge(now[at], &past, options)
        })
        .collect()
}

/// Change points of a cluster in a stretch, oldest first; `first_p` as in [`changes`].
///
/// Claimed from covered days, and placed by the hour where the cluster is dense enough.
pub fn change_points(table: &Table, subject: &Subject, stretch: Hours, first_p: f64) -> Vec<Change> {
    let found = changes(&table.bins(subject, stretch, 24), first_p, 1.0);
    if found.is_empty() || subject.count(stretch) < DENSE {
        return found;
    }
    let edge = |at: usize, other: i64| found.get(at).map_or(other, |change| change.hour);
    (0..found.len())
        .map(|at| {
            let since = at.checked_sub(1).map_or(stretch.since, |earlier| found[earlier].hour);
            refined(&found[at], &table.bins(subject, Hours::new(since, edge(at + 1, stretch.until)), 1))
        })
        .collect()
}

/// Change points of a cluster whose rate is known to have changed, in a stretch that may hold few days: by the hour then.
fn known_changes(table: &Table, subject: &Subject, stretch: Hours) -> Vec<Change> {
    if stretch.len() >= SHORT_DAYS * 24 || subject.count(stretch) < DENSE {
        return change_points(table, subject, stretch, ALPHA);
    }
    let d = super::onset::dispersion(&table.bins(subject, stretch, 24));
    changes(&table.bins(subject, stretch, 1), ALPHA, d)
}

/// First episode from the best boundary of a rise on, hour after the last episode before that of a fall.
///
/// Both lie inside the onset interval or at its edge, which says how sure the moment is.
pub fn since_hour(subject: &Subject, change: &Change) -> i64 {
    match change.direction {
        Direction::Rise => subject.first(Hours::new(change.hour, i64::MAX)).unwrap_or(change.hour),
        Direction::Fall => subject.last(Hours::new(i64::MIN, change.hour)).map_or(change.hour, |last| last + 1),
    }
}

/// The moment of [`since_hour`], for a reader.
pub(super) fn since(table: &Table, subject: &Subject, change: &Change) -> String {
    let hour = since_hour(subject, change);
    match change.direction {
        Direction::Rise => table.began(subject, hour),
        Direction::Fall if subject.runs.is_empty() => table.moment(hour),
        Direction::Fall => table.ended(subject, hour - 1),
    }
}

/// The silence at the end of a stretch: what came since `from`, and how long nothing has.
pub fn silence(table: &Table, subject: &Subject, stretch: Hours, d: f64) -> Option<Silence> {
    let last = subject.last(stretch)?;
    let exposure = table.exposure(subject);
    Some(Silence {
        episodes: subject.count(stretch),
        until: exposure.weighted(Hours::new(stretch.since, last + 1)),
        since: exposure.weighted(Hours::new(last + 1, stretch.until)),
        d,
    })
}

/// One cluster in one window.
struct Case<'a> {
    table: &'a Table,
    subject: &'a Subject,
    window: Hours,
    before: Hours,
    d: f64,
}

/// Hours as a reader's span.
pub(super) fn span(hours: f64) -> String {
    words((hours * HOUR_NS as f64) as i64)
}

impl Case<'_> {
    fn judge(&self, test: Option<Test>, past: &[Option<Test>], options: &Options) -> Judgement {
        let covered = self.table.exposure(self.subject).covered(self.window);
        let n = self.subject.count(self.window);
        let mut found = Judgement {
            status: Status::Ongoing,
            why: String::new(),
            test,
            silence: silence(self.table, self.subject, self.stored(), self.d),
            resolved_from: None,
            changes: Vec::new(),
            returned_after: None,
            held: false,
        };
        (found.status, found.why) = if !is_covered(covered, self.window) {
            self.too_little(covered, "the window")
        } else if n == 0 {
            self.absent(&mut found, options)
        } else if !self.seen_before() {
            self.first_seen(covered)
        } else if test.is_none() {
            self.too_little(self.table.exposure(self.subject).covered(self.before), "the time before the window")
        } else if let Some(gone) = self.gone(&mut found, options) {
            gone
        } else {
            self.rate(test.as_ref(), past, &mut found)
        };
        if matches!(found.status, Status::Escalating | Status::Declining) {
            found.changes = known_changes(self.table, self.subject, self.whole());
            let wanted = if found.status == Status::Escalating { Direction::Rise } else { Direction::Fall };
            if let Some(change) = found.changes.iter().rev().find(|change| change.direction == wanted) {
                let verb = if wanted == Direction::Rise { "rising" } else { "falling" };
                found.why += &format!("; {verb} since {}", since(self.table, self.subject, change));
            }
        }
        if n > 0 && self.seen_before() {
            found.returned_after = self.returned();
        }
        if let Some(hours) = found.returned_after {
            found.why += &format!("; back after {} covered without an episode", span(hours));
        }
        found
    }

    fn whole(&self) -> Hours {
        Hours::new(self.before.since, self.window.until)
    }

    /// Everything up to the window's end.
    fn stored(&self) -> Hours {
        Hours::new(self.table.exposure(self.subject).extent().0.min(self.before.since), self.window.until)
    }

    fn seen_before(&self) -> bool {
        self.subject.known || self.subject.first(Hours::new(i64::MIN, self.window.since)).is_some()
    }

    fn too_little(&self, covered: f64, what: &str) -> (Status, String) {
        let why = format!(
            "{} of {what} covered; comparing with {} needs {}",
            span(covered),
            span(self.window.len() as f64),
            span(MIN_COVERAGE * self.window.len() as f64)
        );
        (Status::InsufficientCoverage, why)
    }

    fn first_seen(&self, covered: f64) -> (Status, String) {
        let exposure = self.table.exposure(self.subject);
        let stored = Hours::new(i64::MIN / 2, self.window.since);
        let (hours, days) = (exposure.covered(stored), self.days(stored));
        if hours <= 0.0 {
            return (Status::InsufficientCoverage, "first seen here; nothing before the window is stored".into());
        }
        let unseen = unseen(hours, days);
        if is_history(hours, days, covered) {
            return (Status::New, format!("{unseen}, {}", rarer(hours)));
        }
        let needed = format!("calling it new needs {} on {HISTORY_DAYS} days", span(HISTORY * covered));
        (Status::InsufficientCoverage, format!("first seen here; {unseen}, and {needed}"))
    }

    fn days(&self, stretch: Hours) -> usize {
        let (first, until) = self.table.exposure(self.subject).extent();
        self.table
            .exposure(self.subject)
            .days(Hours::new(stretch.since.max(first.min(stretch.until)), stretch.until.min(until)))
    }

    /// Nothing in the window.
    fn absent(&self, found: &mut Judgement, options: &Options) -> (Status, String) {
        let exposure = self.table.exposure(self.subject);
        if !is_covered(exposure.covered(self.before), self.window) {
            return self.too_little(exposure.covered(self.before), "the time before the window");
        }
        if found.silence.is_none() {
            return (Status::Quiet, "not seen in this window or the time before it".into());
        }
        self.gone_or_quiet(found, options)
    }

    /// Hour from which a silence counts: after the last episode, and after the last hole in the window's coverage that is
    /// longer than any before it, because such a hole may hide an episode.
    fn silent_from(&self, last: i64) -> (i64, bool) {
        let exposure = self.table.exposure(self.subject);
        let hole = exposure.hole_end(self.window, exposure.longest_hole(self.before)).filter(|end| *end > last + 1);
        (hole.unwrap_or(last + 1), hole.is_some())
    }

    /// The silence to judge at the window's end: from the time before the window if the whole window is silent and covered
    /// as usual, else from everything that is stored; and the chance at which it counts.
    fn silences(&self, last: i64) -> Vec<(Silence, Hours, f64)> {
        let exposure = self.table.exposure(self.subject);
        let (from, holed) = self.silent_from(last);
        let since = exposure.weighted(Hours::new(from, self.window.until));
        let of = |stretch: Hours, since: f64, alpha: f64| {
            let (episodes, until) = (self.subject.count(stretch), exposure.weighted(stretch));
            (Silence { episodes, until, since, d: self.d }, stretch, alpha)
        };
        let mut silences = vec![of(Hours::new(self.stored().since, last + 1), since, PATIENT_ALPHA)];
        if last < self.window.since && !holed {
            silences.push(of(self.before, exposure.weighted(self.window), ALPHA));
        }
        silences
    }

    fn gone_or_quiet(&self, found: &mut Judgement, options: &Options) -> (Status, String) {
        let exposure = self.table.exposure(self.subject);
        let last = self.subject.last(self.stored()).unwrap_or(self.before.since);
        let (from, holed) = self.silent_from(last);
        let hours = exposure.covered(Hours::new(from, self.window.until));
        // What a hole may hide counts as an episode, and after an episode in the window the quiet days must pass.
        let least = if holed { options.quiet_days * 24.0 } else { SILENT_HOURS };
        let told = |silence: &Silence, before: Hours| {
            let (last, n) = (self.table.ended(self.subject, last), silence.episodes);
            let before = span(exposure.covered(before));
            let episodes = if n == 1 { "1 episode" } else { &format!("{n} episodes") };
            format!("last seen at {last}; {} covered since then, {episodes} in {before} before", span(hours))
        };
        let silences = self.silences(last);
        let proven = silences.iter().rev().find(|(silence, _, alpha)| hours >= least && silence.p0() <= *alpha);
        if let Some((silence, before, _)) = proven {
            found.silence = Some(*silence);
            return (Status::Resolved, told(silence, *before));
        }
        let (silence, before, alpha) = silences[0];
        found.silence = Some(silence);
        found.resolved_from = silence
            .hours_to_go(alpha)
            .map(|hours_to_go| self.window.until + hours_to_go.max(least - hours).ceil() as i64);
        let soon = |hour: &i64| *hour <= self.window.until + FORESEEN_HOURS;
        let hope = found.resolved_from.filter(soon).map_or_else(String::new, |hour| {
            format!(
                "; too early to call it resolved, which it can be from {} if it stays silent",
                self.table.moment(hour)
            )
        });
        (Status::Quiet, told(&silence, before) + &hope)
    }

    /// Seen in the window, but silent for the quiet days at its end.
    fn gone(&self, found: &mut Judgement, options: &Options) -> Option<(Status, String)> {
        let last = self.subject.last(self.window)?;
        let hours = self.table.exposure(self.subject).covered(Hours::new(last + 1, self.window.until));
        (hours >= options.quiet_days * 24.0).then(|| self.gone_or_quiet(found, options))
    }

    fn rate(&self, test: Option<&Test>, past: &[Option<Test>], found: &mut Judgement) -> (Status, String) {
        let Some(test) = test else { return (Status::Ongoing, String::new()) };
        let expected = match test.expected {
            (low, high) if low == high => format!("{low}"),
            (low, high) => format!("{low}-{high}"),
        };
        let baseline = match test.baseline {
            Baseline::Before => "the time before the window",
            Baseline::Anchor => "the time before the last action on its issue",
        };
        let told = format!(
            "expected {expected} episodes, saw {} (against {baseline}: {} in {} covered)",
            test.counts.e1,
            test.counts.e0,
            span(self.table.exposure(self.subject).covered(test.against))
        );
        match test.direction {
            Some(Direction::Rise) => (Status::Escalating, told),
            Some(Direction::Fall) => (Status::Declining, told),
            None if still_rising(Some(test), past) => {
                found.held = true;
                (Status::Escalating, format!("{told}; it rose in an earlier window and has not been calm in two since"))
            }
            None => (Status::Ongoing, format!("no change of rate to be told from chance: {told}")),
        }
    }

    /// Covered hours of a silence that ended in the window and had counted as resolved by then.
    fn returned(&self) -> Option<f64> {
        let back = self.subject.first(self.window)?;
        let until = Hours::new(self.stored().since, back);
        let silence = silence(self.table, self.subject, until, self.d)?;
        let hours = self.table.exposure(self.subject).covered(Hours::new(self.subject.last(until)? + 1, back));
        (hours >= SILENT_HOURS && silence.p0() <= PATIENT_ALPHA).then_some(hours)
    }
}

/// A rate per hour as words: "once in 12.0 h".
/// Whether so much covered time without an episode makes what came in `covered` hours after it new.
pub(super) fn is_history(hours: f64, days: usize, covered: f64) -> bool {
    hours >= HISTORY * (1.0 - HISTORY_SLACK) * covered && days >= HISTORY_DAYS
}

/// What came never, for a reader.
pub(super) fn unseen(hours: f64, days: usize) -> String {
    format!("not seen in {} covered on {days} days before", span(hours))
}

/// The rate that such a time allows, for a reader.
pub(super) fn rarer(hours: f64) -> String {
    format!("so that it came less than {}", per_time(rule_of_three(hours).unwrap_or(0.0)))
}

fn per_time(per_hour: f64) -> String {
    if per_hour > 0.0 { format!("once in {}", span(1.0 / per_hour)) } else { "ever".into() }
}

#[cfg(test)]
mod tests;
