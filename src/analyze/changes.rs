//! Whether the values of a variable changed: steps from one constant to another, a shift, a word that is new.
//!
//! Steps are facts and come first: each value stands in one stretch of time only. What is no step is tested by ranks on one
//! value an episode ([`drifts`]), corrected over all variables of the report. A new word is told with the episodes in which
//! it did not stand.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::parameters::{Column, Columns, Parameter, Seen};
use super::stats::drift::{Drift, MIN_EPISODES, NewValue, Slot, drifts, new_values};
use crate::store::EPISODE_GAP_NS;
use crate::time::{DAY_NS, Window, day_name, day_of, rfc3339_seconds};

/// Steps named in words.
const STEPS: usize = 6;
/// Rows at either end of several steps.
const SUPPORT: usize = 2;
/// Days that a window without a time before it must span for its halves to be compared.
const HALVES_DAYS: i64 = 3;
/// Episodes before in which a word must not have stood to be called new.
const UNSEEN: u64 = 30;
/// Distinct words that a variable may have had before: what has more takes new ones all the time.
const FEW: usize = 20;

/// One value for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The value.
    pub value: f64,
    /// First entry.
    pub first_ns: i64,
    /// Last entry.
    pub last_ns: i64,
    /// Entries.
    pub n: usize,
    /// Episodes.
    pub episodes: usize,
    /// Revision of the first entry.
    pub revision: Option<String>,
}

/// What happened to the numbers of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// One value after another, each in one stretch of time.
    Steps(Vec<Run>),
    /// The values moved.
    Shift {
        /// What was tested.
        drift: Drift,
        /// Before the window, or between its halves.
        halves: bool,
    },
}

/// Words that came for the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct NewValues(pub Vec<NewValue>);

impl NewValues {
    /// For a reader.
    pub fn told(&self) -> String {
        let unseen = self.0.first().map_or(0, |value| value.unseen_in);
        let words: Vec<String> =
            self.0.iter().take(3).map(|new| format!("\"{}\" ({} episodes)", new.value, new.n)).collect();
        let more = self.0.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("new value {}{more}, not in {unseen} episodes before", words.join(", "))
    }
}

impl Change {
    /// For a reader; `unit` follows each number.
    pub fn told(&self, unit: Option<&str>) -> String {
        let unit = unit.map_or_else(String::new, |unit| format!(" {unit}"));
        match self {
            Self::Steps(runs) => steps_told(runs, &unit),
            Self::Shift { drift, halves } => shift_told(drift, *halves, &unit),
        }
    }
}

fn steps_told(runs: &[Run], unit: &str) -> String {
    let value = |run: &Run| format!("{}{unit}", run.value);
    match runs {
        [] => String::new(),
        [old, new] => {
            let revision = new.revision.as_deref().map_or_else(String::new, |name| format!(", revision {name}"));
            format!("{} -> {}, first at {}{revision}", value(old), value(new), rfc3339_seconds(new.first_ns))
        }
        [first, rest @ ..] if runs.len() <= STEPS => {
            let since = |run: &Run| format!("{} (since {})", value(run), day_name(day_of(run.first_ns)));
            std::iter::once(value(first)).chain(rest.iter().map(since)).collect::<Vec<_>>().join(" -> ")
        }
        [first, .., last] => {
            let all = |ordered: fn(f64, f64) -> bool| runs.windows(2).all(|pair| ordered(pair[0].value, pair[1].value));
            let how = match (all(|a, b| a < b), all(|a, b| a > b)) {
                (true, _) => "rising in",
                (_, true) => "falling in",
                _ => "changing in",
            };
            format!(
                "{} ({}) -> {} ({}), {how} {} steps",
                value(first),
                day_name(day_of(first.first_ns)),
                value(last),
                day_name(day_of(last.first_ns)),
                runs.len() - 1
            )
        }
        [only] => value(only),
    }
}

fn shift_told(drift: &Drift, halves: bool, unit: &str) -> String {
    let (Drift::Shift { from, to, a12, n, .. }, [before, now]) =
        (drift, if halves { ["in the first half of the window", "in the second"] } else { ["before", "now"] })
    else {
        return String::new();
    };
    let (word, share) = if *a12 >= 0.5 { ("larger", *a12) } else { ("smaller", 1.0 - a12) };
    format!(
        "typically {}{unit} {before} ({} episodes), {}{unit} {now} ({}); {word} in {:.0} of 100 comparisons",
        short(*from),
        n.0,
        short(*to),
        n.1,
        (share * 100.0).floor()
    )
}

/// A number as short as three digits that count allow.
pub(super) fn short(number: f64) -> String {
    let digits = match number.abs() {
        x if x >= 100.0 || number.fract() == 0.0 => 0,
        x if x >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Fills in what changed of every variable. `earlier` are the columns of the time before, in the order of `now`; without
/// any, the halves of a window are compared.
pub(super) fn fill(
    found: &mut [Vec<Parameter>],
    now: &[&Columns],
    earlier: &[Option<&Columns>],
    halves: Option<Window>,
) {
    let of = |(at, parameters): (usize, &mut Vec<Parameter>)| {
        let mut tested: Vec<(usize, usize, Slot)> = Vec::new();
        for (place, parameter) in parameters.iter_mut().enumerate() {
            let Some(column) = now[at].get(&parameter.slot) else { continue };
            let before = earlier[at].and_then(|columns| columns.get(&parameter.slot));
            parameter.distinct_before = before.map(|before| before.values.len() as u64);
            parameter.new_values = before.and_then(|before| new_words(before, column));
            if let Some(runs) = steps(before, column) {
                parameter.change = Some(Change::Steps(runs));
            } else if let Some(slot) = slot(before, column, halves) {
                tested.push((at, place, slot));
            }
        }
        tested
    };
    let tested: Vec<Vec<(usize, usize, Slot)>> = found.par_iter_mut().enumerate().map(of).collect();
    let tested: Vec<(usize, usize, Slot)> = tested.into_iter().flatten().collect();
    let slots: Vec<Slot> = tested.iter().map(|(_, _, slot)| slot.clone()).collect();
    for ((at, place, _), drift) in tested.iter().zip(drifts(&slots)) {
        // One constant an episode may hide other values in it; constants are told by the steps, from every row.
        if let Some(drift) = drift.filter(|drift| matches!(drift, Drift::Shift { .. })) {
            found[*at][*place].change = Some(Change::Shift { drift, halves: halves.is_some() });
        }
    }
}

/// Numbers with their moments, ascending.
type Timed = [(i64, f64)];

/// Numbers of both columns in one unit, or none where they have different ones.
fn joined<'a>(before: Option<&'a Column>, now: &'a Column) -> Option<(&'a Timed, &'a Timed)> {
    match before {
        Some(before) if before.unit == now.unit || before.numbers.is_empty() => Some((&before.numbers, &now.numbers)),
        Some(_) => None,
        None => Some((&[], &now.numbers)),
    }
}

/// The steps of a variable that ends in the window with another value than it began with; every row counts.
fn steps(before: Option<&Column>, column: &Column) -> Option<Vec<Run>> {
    let (earlier, now) = joined(before, column)?;
    let n = before.map_or(0, |before| before.n) + column.n;
    // The window must show the change: its first entry with a new value stands in it.
    let begins = now.first()?.0;
    if (earlier.len() + now.len()) as u64 != n {
        return None;
    }
    let rows = || earlier.iter().chain(now).copied();
    let mut distinct: Vec<u64> = rows().map(|(_, value)| value.to_bits()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    // Ids and measurements differ in nearly every row; a handful of values is a setting or a degrading constant.
    if distinct.len() < 2 || distinct.len() as u64 * 2 > n {
        return None;
    }
    let mut runs: Vec<Run> = Vec::new();
    for (ts_ns, value) in rows() {
        match runs.last_mut() {
            Some(run) if run.value.total_cmp(&value).is_eq() => {
                run.episodes += usize::from(ts_ns - run.last_ns > EPISODE_GAP_NS);
                (run.last_ns, run.n) = (ts_ns, run.n + 1);
            }
            _ => runs.push(Run { value, first_ns: ts_ns, last_ns: ts_ns, n: 1, episodes: 1, revision: None }),
        }
    }
    // Each value stands in one stretch of time only: it changed, and did not alternate.
    let last = runs.len() - 1;
    let enough = |run: &Run| if last == 1 { run.episodes >= MIN_EPISODES } else { run.n >= SUPPORT };
    if runs.len() != distinct.len() || !enough(&runs[0]) || !enough(&runs[last]) || runs[last].first_ns < begins {
        return None;
    }
    for run in &mut runs {
        let begins = |seen: &Seen| seen.first_ns == run.first_ns && seen.number.is_some();
        let first = column.values.iter().filter(|(_, seen)| begins(seen)).min_by_key(|(value, _)| *value);
        run.revision = first.and_then(|(_, seen)| seen.revision.as_deref().map(str::to_owned));
    }
    Some(runs)
}

/// One value an episode, before the window and in it, or in its halves.
fn slot(before: Option<&Column>, column: &Column, halves: Option<Window>) -> Option<Slot> {
    let (earlier, now) = joined(before, column)?;
    let measured = column.unit.is_some() || now.iter().any(|(_, value)| value.fract() != 0.0);
    let (earlier, now) = match halves {
        Some(window) if window.until_ns - window.since_ns >= HALVES_DAYS * DAY_NS => {
            let middle = i64::midpoint(window.since_ns, window.until_ns);
            now.split_at(now.partition_point(|(ts_ns, _)| *ts_ns < middle))
        }
        Some(_) => return None,
        None => (earlier, now),
    };
    let (before, after) = (an_episode(earlier), an_episode(now));
    (before.len().min(after.len()) >= MIN_EPISODES).then_some(Slot { before, after, measured })
}

/// The middle value of each episode.
fn an_episode(rows: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let episodes = rows.chunk_by(|a, b| b.0 - a.0 <= EPISODE_GAP_NS);
    episodes
        .map(|rows| {
            let mut values: Vec<f64> = rows.iter().map(|(_, value)| *value).collect();
            values.sort_by(f64::total_cmp);
            (rows[0].0, values[values.len() / 2])
        })
        .collect()
}

/// Words of a variable with few of them that never stood in many episodes before, and in three now.
fn new_words(before: &Column, now: &Column) -> Option<NewValues> {
    if !before.is_word() || !now.is_word() || before.values.len() > FEW {
        return None;
    }
    let episodes = |column: &Column| -> BTreeMap<String, u64> {
        column.values.iter().map(|(value, seen)| (value.to_string(), seen.episodes)).collect()
    };
    let mut found = new_values(&episodes(before), &episodes(now));
    found.retain(|new| new.unseen_in >= UNSEEN && new.n >= MIN_EPISODES as u64);
    (!found.is_empty()).then_some(NewValues(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn rows(values: &[f64], from_hour: i64) -> Vec<(i64, f64)> {
        (0..).zip(values).map(|(at, value)| ((from_hour + at * 12) * HOUR, *value)).collect()
    }

    fn told(before: &[f64], now: &[f64], halves: Option<Window>) -> Option<String> {
        let column = |values: &[f64], from| Column::of_numbers(&rows(values, from), "s", Some("r2"));
        let now = Columns::from([(0, column(now, 1_000))]);
        let earlier = Columns::from([(0, column(before, 0))]);
        let mut found = vec![vec![Parameter { unit: Some("s".into()), ..Parameter::default() }]];
        fill(&mut found, &[&now], &[(!before.is_empty()).then_some(&earlier)], halves);
        found[0][0].drift()
    }

    #[test]
    fn a_constant_that_becomes_another_is_stated_with_the_entry_where_it_first_appears() {
        let words = "2.1 s -> 2.8 s, first at 1970-02-11T16:00:00Z, revision r2";
        assert_eq!(told(&[2.1; 3], &[2.8; 3], None).as_deref(), Some(words), "against the time before");
        let words = "2.1 s -> 2.8 s, first at 1970-02-13T04:00:00Z, revision r2";
        assert_eq!(told(&[], &[2.1, 2.1, 2.1, 2.8, 2.8, 2.8], None).as_deref(), Some(words), "inside one window");
    }

    #[test]
    fn several_steps_are_told_by_their_days() {
        let ramp: Vec<f64> = (0..20).map(|n| f64::from(n / 2)).collect();
        let words = "0 s (1970-02-11) -> 9 s (1970-02-20), rising in 9 steps";
        assert_eq!(told(&[], &ramp, None).as_deref(), Some(words));
        let three = [1.0, 1.0, 3.0, 3.0, 2.0, 2.0];
        assert_eq!(told(&[], &three, None).as_deref(), Some("1 s -> 3 s (since 1970-02-12) -> 2 s (since 1970-02-13)"));
    }

    #[test]
    fn ids_alternating_values_and_few_episodes_are_no_steps() {
        for values in [
            &[1.0, 2.0, 3.0, 4.0][..],
            &[1.0, 1.0, 2.0, 2.0, 1.0, 1.0],
            &[2.1, 2.1, 2.8, 2.8],
            &[1.0, 1.0],
            &[1.0],
            &[],
        ] {
            assert_eq!(told(&[], values, None), None, "{values:?}");
        }
        assert_eq!(told(&[2.8; 4], &[2.8; 9], None), None, "nothing changed");
        let mut huge = [2.1; 6];
        huge[5] = 1e300;
        assert_eq!(told(&[2.1; 6], &huge, None), None, "one entry is no change");
    }

    #[test]
    fn a_shift_is_told_with_both_medians() {
        let old: Vec<f64> = (0..30).map(|n| 100.0 + f64::from(n % 7)).collect();
        let new: Vec<f64> = old.iter().map(|value| value * 1.5).collect();
        let words = "typically 103 s before (30 episodes), 154 s now (30); larger in 100 of 100 comparisons";
        assert_eq!(told(&old, &new, None).as_deref(), Some(words));
        let window = Window::new(1_000 * HOUR, (1_000 + 60 * 12) * HOUR).ok();
        let halves = told(&[], &[old.clone(), new].concat(), window).expect("a shift");
        assert!(halves.starts_with("typically 103 s in the first half of the window (30 episodes), "), "{halves}");
        assert_eq!(told(&old, &old, None), None);
    }

    #[test]
    fn a_new_word_is_told_with_the_episodes_that_lacked_it() {
        let words = |words: &[(&str, u64)]| Column::of_words(words);
        let before = words(&[("card", 250), ("cash", 50)]);
        let found = new_words(&before, &words(&[("card", 20), ("voucher", 7), ("once", 1)])).expect("a new word");
        assert_eq!(found.told(), "new value \"voucher\" (7 episodes), not in 300 episodes before");
        assert_eq!(new_words(&words(&[("card", 9)]), &words(&[("voucher", 7)])), None, "too little was seen before");
        assert_eq!(new_words(&before, &words(&[("card", 7)])), None);
        assert_eq!(new_words(&words(&[]), &words(&[])), None);
    }

    #[test]
    fn numbers_are_as_short_as_their_digits_that_count() {
        assert_eq!(
            [short(0.0), short(2.1), short(12.34), short(1_234.5), short(0.126)],
            ["0", "2.1", "12.3", "1234", "0.13"]
        );
    }
}
