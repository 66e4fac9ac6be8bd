//! What an incident window has that quiet times have not, and what it lacks.
//!
//! Clusters are compared by the formula of [`rate`](super::rate) in both directions, with requests or traces as exposure,
//! because in labelled faults the decisive line was more often one that vanished than one that appeared. Then each value of
//! each field is set against the same field in quiet times by a G-test (Sokal and Rohlf, Biometry), with lift and support,
//! as interactive comparison tools do without the test. The unit is the event.

use super::multiple::{Discrete, adjust, adjust_discrete, claimed};
use super::rate::Counts;
use super::special::chi2_tail;

/// Least events of a value in either window.
pub const MIN_SUPPORT: u64 = 3;
/// Dispersion of a window of minutes, where no days are there to measure it: traces of one burst are not independent.
pub const DISPERSION: f64 = 5.0;
/// Least lift, or least drop, of a value that is told.
const MIN_LIFT: f64 = 2.0;

/// What a cluster did in the incident window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Not there in quiet times: listed whether or not it can be tested.
    FirstSeen,
    /// There in quiet times, gone in the window.
    Vanished,
    /// More than in quiet times.
    Risen,
    /// Less.
    Fallen,
    /// Nothing to be told from chance.
    Same,
}

/// One cluster in the incident window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// What it did.
    pub kind: Kind,
    /// Events in quiet times (0) and in the window (1), with exposures.
    pub counts: Counts,
    /// Chance of so extreme a count, two-sided.
    pub p: f64,
    /// Adjusted over the clusters; `None` where no outcome could have reached the level.
    pub q: Option<f64>,
    /// Events expected in the window, 95 of 100 times.
    pub expected: Option<(u64, u64)>,
}

/// Compares every cluster, in the order given; `order` ranks the answer.
pub fn contrast(counts: &[Counts]) -> Vec<Contrast> {
    let least = |counts: &Counts| 2.0 * counts.least_p_up().min(counts.least_p_down());
    let tested = |counts: &Counts| Some(Discrete { p: counts.p_two_sided(), least: least(counts) });
    let adjusted = adjust_discrete(&counts.iter().map(tested).collect::<Vec<_>>());
    counts
        .iter()
        .zip(adjusted)
        .map(|(counts, q)| {
            let kind = match (counts.e0, counts.e1) {
                (0, 1..) => Kind::FirstSeen,
                (1.., 0) if claimed(q) && counts.falls() => Kind::Vanished,
                _ if claimed(q) && counts.rises() => Kind::Risen,
                _ if claimed(q) && counts.falls() => Kind::Fallen,
                _ => Kind::Same,
            };
            Contrast { kind, counts: *counts, p: counts.p_two_sided(), q, expected: counts.expected() }
        })
        .collect()
}

/// Indexes of what changed, most surprising first.
pub fn order(contrasts: &[Contrast]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contrasts.len()).filter(|at| contrasts[*at].kind != Kind::Same).collect();
    order.sort_by(|a, b| contrasts[*a].p.total_cmp(&contrasts[*b].p).then(a.cmp(b)));
    order
}

/// Events that have one value of one field, of those that have the field at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The field.
    pub field: String,
    /// The value.
    pub value: String,
    /// Events with it in the window.
    pub n1: u64,
    /// Events with the field in the window.
    pub of1: u64,
    /// Events with it in quiet times.
    pub n0: u64,
    /// Events with the field in quiet times.
    pub of0: u64,
}

/// A value that is over- or under-represented in the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Skew {
    /// Index of the value given.
    pub value: usize,
    /// Share in the window over share in quiet times, half an event added to each.
    pub lift: f64,
    /// Signed root of G: standard deviations, above 0 when it is more frequent in the window.
    pub residual: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Adjusted over the values given.
    pub q: f64,
}

/// The values whose share changed, strongest first.
pub fn skews(values: &[Value]) -> Vec<Skew> {
    let g: Vec<Option<f64>> = values
        .iter()
        .map(|value| (value.n1.max(value.n0) >= MIN_SUPPORT && value.of1 > 0 && value.of0 > 0).then(|| g_test(value)))
        .collect();
    let adjusted = adjust(&g.iter().map(|g| g.map(chi2_tail)).collect::<Vec<_>>());
    let mut found: Vec<Skew> = (0..values.len())
        .filter_map(|at| {
            let (value, g, q) = (&values[at], g[at]?, adjusted[at]?);
            let share = |n: u64, of: u64| (n as f64 + 0.5) / (of as f64 + 1.0);
            let lift = share(value.n1, value.of1) / share(value.n0, value.of0);
            let large =
                lift >= MIN_LIFT && value.n1 >= MIN_SUPPORT || lift <= 1.0 / MIN_LIFT && value.n0 >= MIN_SUPPORT;
            let residual = g.sqrt().copysign(lift - 1.0);
            (claimed(Some(q)) && large).then(|| Skew { value: at, lift, residual, p: chi2_tail(g), q })
        })
        .collect();
    found.sort_by(|a, b| b.residual.abs().total_cmp(&a.residual.abs()).then(a.value.cmp(&b.value)));
    found
}

/// G of the two-by-two table: with and without the value, in the window and in quiet times.
fn g_test(value: &Value) -> f64 {
    let (n1, n0) = (value.n1.min(value.of1) as f64, value.n0.min(value.of0) as f64);
    let (of1, of0) = (value.of1 as f64, value.of0 as f64);
    // Added up, not subtracted from all: beside a huge count the few others would be lost.
    let (all, with, without) = (of1 + of0, n1 + n0, (of1 - n1) + (of0 - n0));
    let term = |observed: f64, expected: f64| if observed > 0.0 { observed * (observed / expected).ln() } else { 0.0 };
    let g = term(n1, of1 * with / all)
        + term(of1 - n1, of1 * without / all)
        + term(n0, of0 * with / all)
        + term(of0 - n0, of0 * without / all);
    (2.0 * g).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(e0: u64, e1: u64) -> Counts {
        Counts { e0, e1, t0: 710.0, t1: 71.0, d: DISPERSION }
    }

    #[test]
    fn nothing_one_event_and_equal_shares_are_the_same() {
        assert!(contrast(&[]).is_empty());
        let kinds: Vec<Kind> =
            contrast(&[counts(0, 0), counts(1, 0), counts(100, 10)]).iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [Kind::Same; 3]);
    }

    #[test]
    fn both_directions_are_told_and_what_is_new_is_always_listed() {
        let found = contrast(&[counts(460, 0), counts(0, 1), counts(20, 54), counts(460, 8), counts(460, 46)]);
        let kinds: Vec<Kind> = found.iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [Kind::Vanished, Kind::FirstSeen, Kind::Risen, Kind::Fallen, Kind::Same]);
        let order = order(&found);
        assert_eq!((order.len(), order[0], order[3]), (4, 2, 1));
    }

    #[test]
    fn one_huge_count_is_told_and_finite() {
        let found = contrast(&[counts(5, u64::MAX / 8)]);
        assert!(found[0].kind == Kind::Risen && found[0].p.is_finite());
    }

    fn value(value: &str, n1: u64, of1: u64, n0: u64, of0: u64) -> Value {
        Value { field: "zone".into(), value: value.into(), n1, of1, n0, of0 }
    }

    #[test]
    fn fields_need_support_a_lift_and_both_windows() {
        assert!(skews(&[]).is_empty());
        assert!(skews(&[value("a", 2, 2, 0, 900), value("b", 5, 9, 0, 0), value("c", 10, 20, 50, 100)]).is_empty());
        assert!(skews(&[value("everywhere", 10_000, 10_000, 90_000, 90_000)]).is_empty());
    }

    #[test]
    fn over_and_under_represented_values_have_their_sign() {
        let found =
            skews(&[value("west", 38, 40, 100, 900), value("east", 1, 40, 700, 900), value("north", 1, 40, 20, 900)]);
        let told: Vec<(usize, bool)> = found.iter().map(|skew| (skew.value, skew.residual > 0.0)).collect();
        assert_eq!(told, [(0, true), (1, false)]);
        assert!(found[0].lift > 8.0 && found[1].lift < 0.1);
    }

    #[test]
    fn the_g_statistic_is_the_textbook_one() {
        // 10 of 20 against 5 of 20: G = 2 sum(O ln(O/E)) with E = 7.5 and 12.5.
        let want = 2.0
            * (10.0 * (10.0_f64 / 7.5).ln()
                + 10.0 * (10.0_f64 / 12.5).ln()
                + 5.0 * (5.0_f64 / 7.5).ln()
                + 15.0 * (15.0_f64 / 12.5).ln());
        assert!((g_test(&value("a", 10, 20, 5, 20)) - want).abs() < 1e-12);
    }
}
