//! Whether the values in a slot of a template changed: a time, a size, a number of tries, a name.
//!
//! One constant before and another after is a fact and needs no test. Anything else is tested by ranks (Mann and Whitney
//! 1947, with tie correction), and told only if a value after beats a value before in 8 of 10 cases (probability of
//! superiority: Vargha and Delaney 2000) and the typical difference (Hodges and Lehmann 1963) is a tenth of the old median:
//! with many values a p-value alone calls every trifle a change. One value an episode goes in, after unit normalisation.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::multiple::{adjust, claimed};
use super::special::normal_two_sided;

/// Episodes that each side needs.
pub const MIN_EPISODES: usize = 3;
/// Probability of superiority from which a shift is told; below one minus it, downwards.
pub const MIN_A12: f64 = 0.8;
/// Least typical difference, as a share of the median before.
pub const MIN_SHIFT: f64 = 0.1;
/// Share of distinct values above which a slot holds ids.
const ID_SHARE: f64 = 0.9;
/// Values a side from which the typical difference is taken, evenly over the order; more add nothing to a median.
const MOST: usize = 500;

/// Values of one slot, with their times, before and after a cut.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slot {
    /// (moment in nanoseconds, value), one an episode, ascending by moment.
    pub before: Vec<(i64, f64)>,
    /// The same after the cut.
    pub after: Vec<(i64, f64)>,
    /// The value is measured (it has a unit or a fraction): such a slot holds no ids, however many values differ.
    pub measured: bool,
}

/// What changed in a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drift {
    /// One value before, another after: a fact.
    Constant {
        /// Value before.
        from: f64,
        /// Value after.
        to: f64,
        /// First moment with the new value.
        first_ns: i64,
        /// Last moment with the old value.
        last_ns: i64,
        /// Values before and after.
        n: (usize, usize),
    },
    /// The values moved.
    Shift {
        /// Median before.
        from: f64,
        /// Median after.
        to: f64,
        /// Typical difference of a value after from a value before.
        shift: f64,
        /// Probability that a value after exceeds a value before, ties half.
        a12: f64,
        /// Mann-Whitney p-value, two-sided.
        p: f64,
        /// Adjusted over the slots given.
        q: f64,
        /// Values before and after.
        n: (usize, usize),
    },
}

/// What changed in each slot, in their order; Benjamini-Hochberg over the slots that ranks decide.
pub fn drifts(slots: &[Slot]) -> Vec<Option<Drift>> {
    let facts: Vec<Option<Drift>> = slots.iter().map(constant).collect();
    let ranks: Vec<Option<Ranks>> = slots
        .par_iter()
        .zip(&facts)
        .map(|(slot, fact)| if fact.is_none() && !holds_ids(slot) { Ranks::of(slot) } else { None })
        .collect();
    let adjusted = adjust(&ranks.iter().map(|ranks| ranks.as_ref().map(|ranks| ranks.p)).collect::<Vec<_>>());
    facts
        .into_iter()
        .zip(slots)
        .zip(ranks.into_iter().zip(adjusted))
        .map(|((fact, slot), (ranks, q))| fact.or_else(|| ranks?.told(slot, q?)))
        .collect()
}

fn values(side: &[(i64, f64)]) -> Vec<f64> {
    let mut values: Vec<f64> = side.iter().map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Values are read from text, so equal ones are equal to the last bit.
fn same(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

/// The one value of a side with enough of them.
fn only(side: &[(i64, f64)]) -> Option<f64> {
    let (_, first) = *side.first()?;
    (side.len() >= MIN_EPISODES && side.iter().all(|(_, value)| same(*value, first))).then_some(first)
}

fn constant(slot: &Slot) -> Option<Drift> {
    let (from, to) = (only(&slot.before)?, only(&slot.after)?);
    let (last, first) = (slot.before.last()?, slot.after.first()?);
    let n = (slot.before.len(), slot.after.len());
    (!same(from, to)).then_some(Drift::Constant { from, to, first_ns: first.0, last_ns: last.0, n })
}

/// The last change from one constant to another in a row of values, wherever it lies; needs three of each.
///
/// For a window without a time before it: "2.1 s until A, 2.8 s from B on".
pub fn switch(row: &[(i64, f64)]) -> Option<Drift> {
    let cut = row.len() - row.iter().rev().take_while(|(_, value)| same(*value, row[row.len() - 1].1)).count();
    let (before, after) = row.split_at(cut);
    let start = before.len() - before.iter().rev().take_while(|(_, value)| same(*value, before[cut - 1].1)).count();
    // What came before the old constant must not be the new one: that would be a slot that goes back and forth.
    let back = before[..start].iter().any(|(_, value)| after.first().is_some_and(|(_, new)| same(*value, *new)));
    let slot = Slot { before: before[start..].to_vec(), after: after.to_vec(), measured: true };
    constant(&slot).filter(|_| !back)
}

fn holds_ids(slot: &Slot) -> bool {
    let mut all = values(&slot.before);
    all.extend(values(&slot.after));
    all.sort_by(f64::total_cmp);
    let n = all.len();
    all.dedup();
    !slot.measured && all.len() as f64 > ID_SHARE * n as f64
}

struct Ranks {
    a12: f64,
    p: f64,
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Ranks {
    /// Mann-Whitney by the normal approximation with tie and continuity correction.
    fn of(slot: &Slot) -> Option<Self> {
        let (before, after) = (values(&slot.before), values(&slot.after));
        if before.len().min(after.len()) < MIN_EPISODES {
            return None;
        }
        let mut all: Vec<(f64, bool)> =
            before.iter().map(|value| (*value, false)).chain(after.iter().map(|value| (*value, true))).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (n0, n1, n) = (before.len() as f64, after.len() as f64, all.len() as f64);
        let (mut rank_sum, mut ties, mut at) = (0.0, 0.0, 0);
        while at < all.len() {
            let tied = all[at..].iter().take_while(|value| same(value.0, all[at].0)).count();
            let middle = at as f64 + f64::midpoint(tied as f64, 1.0);
            rank_sum += middle * all[at..at + tied].iter().filter(|value| value.1).count() as f64;
            ties += (tied as f64).powi(3) - tied as f64;
            at += tied;
        }
        let u = rank_sum - n1 * (n1 + 1.0) / 2.0;
        let variance = n0 * n1 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
        let distance = ((u - n0 * n1 / 2.0).abs() - 0.5).max(0.0);
        let p = if variance > 0.0 { normal_two_sided(distance / variance.sqrt()) } else { 1.0 };
        Some(Self { a12: u / (n0 * n1), p, before, after })
    }

    fn told(&self, slot: &Slot, q: f64) -> Option<Drift> {
        let strong = self.a12 >= MIN_A12 || self.a12 <= 1.0 - MIN_A12;
        if !(strong && claimed(Some(q))) {
            return None;
        }
        let median = |sorted: &[f64]| super::quantile(sorted, 0.5);
        let (from, to) = (median(&self.before)?, median(&self.after)?);
        let shift = hodges_lehmann(&self.before, &self.after)?;
        let large = shift != 0.0 && shift.abs() >= MIN_SHIFT * from.abs();
        let n = (slot.before.len(), slot.after.len());
        large.then_some(Drift::Shift { from, to, shift, a12: self.a12, p: self.p, q, n })
    }
}

/// Median of all differences of a value after from a value before; both sorted.
fn hodges_lehmann(before: &[f64], after: &[f64]) -> Option<f64> {
    let thin = |sorted: &[f64]| -> Vec<f64> {
        let n = sorted.len().min(MOST);
        (0..n).map(|at| sorted[at * sorted.len() / n]).collect()
    };
    let (before, after) = (thin(before), thin(after));
    let mut differences: Vec<f64> = after.iter().flat_map(|b| before.iter().map(move |a| b - a)).collect();
    differences.sort_by(f64::total_cmp);
    super::quantile(&differences, 0.5)
}

/// A value of a slot that came up for the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct NewValue {
    /// The value.
    pub value: String,
    /// Episodes that have it.
    pub n: u64,
    /// Episodes before in which it did not stand.
    pub unseen_in: u64,
    /// Share it had less than before, 95 of 100 times (rule of three).
    pub share_below: f64,
}

/// Values after that never stood before, most frequent first; none where the slot holds ids, or nothing is known before.
pub fn new_values(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<NewValue> {
    let unseen_in: u64 = before.values().sum();
    let n: u64 = unseen_in + after.values().sum::<u64>();
    let distinct = before.len() + after.keys().filter(|value| !before.contains_key(*value)).count();
    if unseen_in == 0 || distinct as f64 > ID_SHARE * n as f64 {
        return Vec::new();
    }
    let share_below = (3.0 / unseen_in as f64).min(1.0);
    let mut found: Vec<NewValue> = after
        .iter()
        .filter(|(value, n)| **n > 0 && !before.contains_key(*value))
        .map(|(value, n)| NewValue { value: value.clone(), n: *n, unseen_in, share_below })
        .collect();
    found.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.value.cmp(&b.value)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f64], from_ns: i64) -> Vec<(i64, f64)> {
        (from_ns..).zip(values).map(|(ns, value)| (ns, *value)).collect()
    }

    fn slot(before: &[f64], after: &[f64], measured: bool) -> Slot {
        Slot { before: row(before, 0), after: row(after, 1_000), measured }
    }

    fn drift(before: &[f64], after: &[f64]) -> Option<Drift> {
        drifts(&[slot(before, after, true)]).remove(0)
    }

    #[test]
    fn nothing_one_value_and_equal_values_are_no_drift() {
        assert!(drifts(&[]).is_empty());
        for (before, after) in [(&[][..], &[][..]), (&[1.0], &[2.0]), (&[2.0; 9], &[2.0; 9]), (&[2.0, 2.0], &[3.0; 9])]
        {
            assert_eq!(drift(before, after), None, "{before:?} {after:?}");
        }
        assert_eq!(switch(&[]), None);
        assert_eq!(switch(&row(&[1.0; 9], 0)), None);
    }

    #[test]
    fn one_constant_after_another_is_a_fact_with_its_moment() {
        let want = Drift::Constant { from: 2.1, to: 2.8, first_ns: 1_000, last_ns: 2, n: (3, 4) };
        assert_eq!(drift(&[2.1; 3], &[2.8; 4]), Some(want));
        let found = switch(&row(&[2.1, 2.1, 2.1, 2.8, 2.8, 2.8], 50));
        assert_eq!(found, Some(Drift::Constant { from: 2.1, to: 2.8, first_ns: 53, last_ns: 52, n: (3, 3) }));
        assert_eq!(switch(&row(&[2.8, 2.1, 2.1, 2.1, 2.8, 2.8, 2.8], 0)), None, "it goes back and forth");
    }

    #[test]
    fn a_shift_needs_ranks_superiority_and_size() {
        let old: Vec<f64> = (0..30).map(|n| 100.0 + f64::from(n % 7)).collect();
        let slower: Vec<f64> = old.iter().map(|value| value * 1.4).collect();
        assert!(
            matches!(drift(&old, &slower), Some(Drift::Shift { shift, a12, .. }) if a12 > 0.99 && (shift - 41.0).abs() < 3.0)
        );
        let trifle: Vec<f64> = old.iter().map(|value| value + 8.0).collect();
        assert_eq!(drift(&old, &trifle), None, "certain, and too small to tell");
        let two_modes: Vec<f64> = (0..300).map(|n| if n % 2 == 0 { 10.0 } else { 100.0 }).collect();
        let other_mix: Vec<f64> = (0..300).map(|n| if n % 3 == 0 { 10.0 } else { 100.0 }).collect();
        assert_eq!(drift(&two_modes, &other_mix), None, "significant, and half the values are as before");
    }

    #[test]
    fn one_huge_value_moves_nothing() {
        let old = [5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0];
        let mut new = old;
        new[3] = 1e300;
        assert_eq!(drift(&old, &new), None);
        let mut broken = old;
        broken[0] = f64::NAN;
        assert_eq!(drift(&old, &broken), None);
    }

    #[test]
    fn ids_are_left_out_unless_they_are_measured() {
        let ids: Vec<f64> = (0..40).map(f64::from).collect();
        let later: Vec<f64> = (1_000..1_040).map(f64::from).collect();
        assert_eq!(drifts(&[slot(&ids, &later, false)]), [None]);
        assert!(drifts(&[slot(&ids, &later, true)])[0].is_some());
    }

    #[test]
    fn new_values_are_told_with_what_was_seen_before() {
        let of = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
            pairs.iter().map(|(value, n)| ((*value).to_owned(), *n)).collect()
        };
        let found = new_values(&of(&[("card", 250), ("cash", 50)]), &of(&[("card", 20), ("voucher", 7), ("gift", 9)]));
        let told: Vec<(&str, u64)> = found.iter().map(|new| (new.value.as_str(), new.n)).collect();
        assert_eq!(told, [("gift", 9), ("voucher", 7)]);
        assert!((found[0].share_below - 0.01).abs() < 1e-12);
        assert!(new_values(&of(&[]), &of(&[("a", 9)])).is_empty());
        assert!(new_values(&of(&[("a", 1), ("b", 1)]), &of(&[("c", 1)])).is_empty(), "these are ids");
    }
}
