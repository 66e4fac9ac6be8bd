//! How much noisier than Poisson a cluster's days are, from few days and many clusters.
//!
//! A cluster's own Pearson dispersion has too few days to be trusted, so it is shrunk to the median of the clusters of about
//! its volume, as moderated quasi-likelihood does for genes (Lund et al. 2012; Smyth 2004): many features, few replicates.
//! Without it, clusters whose noise is underestimated by chance are the ones that get flagged.

use super::table::Bin;

/// Days that the trend counts for.
pub const PRIOR: f64 = 10.0;
/// Clusters of about the same volume whose median is the trend.
pub const NEIGHBOURS: usize = 101;
/// Least share of the mean exposure that a block needs; shorter ones are joined to the next.
const MIN_SHARE: f64 = 0.5;

/// Pearson dispersion of one cluster: its sum over blocks, and the degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raw {
    /// Episodes in all.
    pub volume: u64,
    /// Sum of (y - mean)^2 / mean over the blocks of every period.
    pub sum: f64,
    /// Blocks less periods; 0 when nothing can be said.
    pub df: f64,
}

impl Raw {
    /// Dispersion within periods, each with its own rate: `periods` hold the covered blocks of one stretch each.
    ///
    /// The mean of a block is the period's rate times its exposure, so unequal coverage is no dispersion.
    pub fn of(periods: &[&[Bin]]) -> Self {
        let mut raw = Self { volume: 0, sum: 0.0, df: 0.0 };
        for period in periods {
            let n: u64 = period.iter().map(|bin| u64::from(bin.n)).sum();
            let t: f64 = period.iter().map(|bin| bin.t).sum();
            let least = MIN_SHARE * t / period.len().max(1) as f64;
            let (mut blocks, mut open) = (0_usize, (0.0, 0.0));
            raw.volume += n;
            for (at, bin) in period.iter().enumerate() {
                open = (open.0 + f64::from(bin.n), open.1 + bin.t);
                if open.1 >= least || at + 1 == period.len() {
                    let mean = n as f64 * open.1 / t;
                    if mean > 0.0 {
                        raw.sum += (open.0 - mean).powi(2) / mean;
                    }
                    blocks += 1;
                    open = (0.0, 0.0);
                }
            }
            raw.df += blocks.saturating_sub(1) as f64;
        }
        raw
    }

    fn ratio(&self) -> Option<f64> {
        (self.df > 0.0 && self.volume > 0).then(|| self.sum / self.df)
    }
}

/// Moderated dispersion of each cluster, at least 1: (10 x trend + df x raw) / (10 + df).
pub fn moderated(raws: &[Raw]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..raws.len()).filter(|at| raws[*at].ratio().is_some()).collect();
    order.sort_by_key(|at| (raws[*at].volume, *at));
    let ratios: Vec<f64> = order.iter().filter_map(|at| raws[*at].ratio()).collect();
    raws.iter()
        .enumerate()
        .map(|(at, raw)| {
            let trend = trend(&ratios, order.partition_point(|other| (raws[*other].volume, *other) < (raw.volume, at)));
            let own = raw.ratio().map_or(0.0, |ratio| ratio * raw.df);
            let df = if raw.ratio().is_some() { raw.df } else { 0.0 };
            ((PRIOR * trend + own) / (PRIOR + df)).max(1.0)
        })
        .collect()
}

/// Median of the ratios around a place in the order of volume; 1 when there is none.
fn trend(ratios: &[f64], place: usize) -> f64 {
    let width = NEIGHBOURS.min(ratios.len());
    if width == 0 {
        return 1.0;
    }
    let from = place.saturating_sub(width / 2).min(ratios.len() - width);
    let mut near = ratios[from..from + width].to_vec();
    let (_, median, _) = near.select_nth_unstable_by(width / 2, f64::total_cmp);
    *median
}

#[cfg(test)]
mod tests {
    use super::super::table::Hours;
    use super::*;

    fn bins(counts: &[u32]) -> Vec<Bin> {
        (0..).zip(counts).map(|(day, n)| Bin { hours: Hours::new(day * 24, day * 24 + 24), n: *n, t: 24.0 }).collect()
    }

    fn raw(counts: &[u32]) -> Raw {
        Raw::of(&[&bins(counts)])
    }

    #[test]
    fn no_day_one_day_and_equal_days_have_dispersion_one() {
        assert_eq!(moderated(&[]), Vec::<f64>::new());
        for counts in [&[][..], &[7], &[0, 0, 0], &[5; 30]] {
            assert_eq!(moderated(&[raw(counts)]), [1.0], "{counts:?}");
        }
    }

    #[test]
    fn a_step_between_periods_is_no_dispersion() {
        let (low, high) = (bins(&[1; 28]), bins(&[20; 7]));
        let raw = Raw::of(&[&low, &high]);
        assert!(raw.sum.abs() < 1e-9 && (raw.df - 33.0).abs() < 1e-9);
    }

    #[test]
    fn one_huge_day_is_damped_by_its_neighbours() {
        let mut huge = [1; 35];
        huge[3] = 4_000_000_000;
        let mut raws = vec![raw(&[1, 0, 2, 1, 0, 2, 1]); 100];
        raws.push(raw(&huge));
        let all = moderated(&raws);
        assert!(all[100].is_finite() && all[100] > 1e6);
        assert!(all[..100].iter().all(|d| *d <= 1.0 + 1e-9), "one wild cluster does not widen the others");
    }

    #[test]
    fn noise_that_neighbours_share_is_believed_although_the_cluster_looks_calm() {
        let mut raws = vec![raw(&[0, 9, 0, 9, 0, 9, 0, 9]); 100];
        raws.push(raw(&[4, 5, 4, 5, 4, 5, 4, 5]));
        let calm = moderated(&raws)[100];
        assert!(calm > 2.0, "{calm}");
    }

    #[test]
    fn a_sliver_of_coverage_is_joined_to_the_next_block() {
        let mut days = bins(&[2, 2, 1, 2, 2, 2]);
        days[2].t = 0.01;
        assert!((Raw::of(&[&days]).df - 4.0).abs() < 1e-9);
    }
}
