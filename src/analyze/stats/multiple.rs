//! Many tests at once: how many of the claims may be chance.
//!
//! Benjamini and Hochberg 1995 limits the expected share of false claims; tests that could not have been claimed with any
//! outcome are left out first (Tarone 1990, for this use Gilbert 2005), because on sparse logs they are the most and would
//! only dilute.

/// Share of claims that may be false, on average.
pub const LEVEL: f64 = 0.05;

/// Adjusted p-values (q-values) in the order of `p`; a hypothesis is claimed where its q-value is at most the level.
///
/// `None` entries are not tested and stay `None`.
pub fn adjust(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut tested: Vec<(f64, usize)> = p.iter().enumerate().filter_map(|(at, p)| p.map(|p| (p, at))).collect();
    tested.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let m = tested.len() as f64;
    let mut adjusted = vec![None; p.len()];
    let mut least: f64 = 1.0;
    for (rank, (p, at)) in tested.into_iter().enumerate().rev() {
        least = least.min(p * m / (rank + 1) as f64);
        adjusted[at] = Some(least);
    }
    adjusted
}

/// A p-value and the least one that any outcome of the same test reaches (0 when it has no floor).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discrete {
    /// What was observed.
    pub p: f64,
    /// What the counts, however they had fallen, could have given at best.
    pub least: f64,
}

/// [`adjust`] after leaving out the tests whose least p-value exceeds level / K, K the least number for which no more than
/// K tests remain (Gilbert 2005); they are `None` in the answer.
pub fn adjust_discrete(tests: &[Option<Discrete>]) -> Vec<Option<f64>> {
    let mut least: Vec<f64> = tests.iter().flatten().map(|test| test.least).collect();
    least.sort_unstable_by(f64::total_cmp);
    let remain = |k: usize| least.partition_point(|least| *least <= LEVEL / k as f64);
    let k = (1..=least.len().max(1)).find(|k| remain(*k) <= *k).unwrap_or(1);
    let kept = |test: Discrete| (test.least <= LEVEL / k as f64).then_some(test.p);
    adjust(&tests.iter().map(|test| test.and_then(kept)).collect::<Vec<_>>())
}

/// [`adjust_discrete`] inside each family; `family[i]` names the family of `tests[i]`.
pub fn adjust_families<F: Ord + Copy>(tests: &[Option<Discrete>], family: &[F]) -> Vec<Option<f64>> {
    let mut families: Vec<F> = family.to_vec();
    families.sort_unstable();
    families.dedup();
    let mut adjusted = vec![None; tests.len()];
    for own in families {
        let members: Vec<usize> = (0..tests.len()).filter(|at| family[*at] == own).collect();
        let values: Vec<Option<Discrete>> = members.iter().map(|at| tests[*at]).collect();
        for (at, q) in members.into_iter().zip(adjust_discrete(&values)) {
            adjusted[at] = q;
        }
    }
    adjusted
}

/// Whether a p-value is claimed at [`LEVEL`].
pub fn claimed(q: Option<f64>) -> bool {
    q.is_some_and(|q| q <= LEVEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: &[Option<f64>], want: &[Option<f64>]) {
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(want) {
            match (got, want) {
                (Some(got), Some(want)) => assert!((got - want).abs() < 1e-12, "{got} {want}"),
                other => assert_eq!(other.0, other.1),
            }
        }
    }

    #[test]
    fn adjustment_is_defined_for_none_one_and_equal_values() {
        close(&adjust(&[]), &[]);
        close(&adjust(&[None]), &[None]);
        close(&adjust(&[Some(0.03)]), &[Some(0.03)]);
        close(&adjust(&[Some(0.2); 4]), &[Some(0.2); 4]);
    }

    #[test]
    fn adjusted_values_never_fall_with_rank_and_skip_what_is_not_tested() {
        close(
            &adjust(&[Some(0.01), None, Some(0.04), Some(0.03), Some(0.9)]),
            &[Some(0.04), None, Some(0.16 / 3.0), Some(0.16 / 3.0), Some(0.9)],
        );
    }

    #[test]
    fn families_do_not_pay_for_one_another() {
        let p = [Some(0.02), Some(0.9), Some(0.9), Some(0.9)];
        let tests = p.map(|p| p.map(|p| Discrete { p, least: 0.0 }));
        close(&adjust_families(&tests, &[0, 1, 1, 1]), &[Some(0.02), Some(0.9), Some(0.9), Some(0.9)]);
        assert!(claimed(adjust_families(&tests, &[0, 1, 1, 1])[0]) && !claimed(adjust(&p)[0]));
    }

    #[test]
    fn tests_that_could_never_be_claimed_do_not_dilute_the_others() {
        let hopeless = vec![Some(Discrete { p: 0.04, least: 0.04 }); 99];
        let mut tests = hopeless.clone();
        tests.push(Some(Discrete { p: 0.002, least: 1e-9 }));
        let adjusted = adjust_discrete(&tests);
        assert_eq!((adjusted[0], adjusted[99]), (None, Some(0.002)));
        assert!(adjust_discrete(&hopeless).iter().all(Option::is_none));
        assert_eq!(adjust_discrete(&[]), []);
        close(&adjust_discrete(&[Some(Discrete { p: 0.04, least: 0.04 })]), &[Some(0.04)]);
    }
}
