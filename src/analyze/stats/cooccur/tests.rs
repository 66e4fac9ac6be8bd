//! Tests of [`cooccur`](super), in their own file because they need a generator.

use super::super::sim::Random;
use super::*;

const S: i64 = SECOND_NS;
const DAY: i64 = 86_400 * S;

fn row(times_ns: Vec<i64>, days: i64) -> Row {
    let mut times_ns = times_ns;
    times_ns.sort_unstable();
    Row { times_ns, covered: vec![(0, days * DAY)], service: 0 }
}

#[test]
fn nothing_one_episode_and_one_cluster_link_nothing() {
    assert_eq!(lagged(&[]), (Vec::new(), 0));
    assert_eq!(lagged(&[row(vec![], 1), row(vec![5], 1)]), (Vec::new(), 0));
    assert_eq!(lagged(&[row((0..99).map(|n| n * 60 * S).collect(), 1)]), (Vec::new(), 0));
    assert!(components(&[], &[]).is_empty() && components(&[], &[1, 2]).is_empty());
    assert!(same_trace(&[], 0).is_empty());
}

#[test]
fn what_follows_within_seconds_is_linked_and_what_comes_first_is_named() {
    let cause: Vec<i64> = (0..20).map(|n| n * 3 * 3_600 * S + 17 * S).collect();
    let effect: Vec<i64> = cause.iter().map(|ts| ts + 4 * S).collect();
    let (found, tested) = lagged(&[row(effect, 3), row(cause, 3)]);
    assert_eq!((found.len(), tested), (1, 1));
    let link = found[0];
    assert_eq!(
        (link.a, link.b, link.order, link.k, link.of, link.median_lag_ns),
        (1, 0, Order::Precedes, 20, 20, 4 * S)
    );
}

#[test]
fn shared_traffic_is_no_link() {
    let mut random = Random::new(7);
    let mut rows: Vec<Vec<i64>> = vec![Vec::new(); 12];
    // Busy half hours that every cluster shares: over the whole window each pair looks tied, locally none is.
    for hour in 0..24 * 14 {
        let busy = if random.uniform() < 0.15 { 12.0 } else { 0.3 };
        for times in &mut rows {
            for _ in 0..random.poisson(busy) {
                times.push((hour * 3_600 + (random.uniform() * 3_600.0) as i64) * S);
            }
        }
    }
    let rows: Vec<Row> = rows.into_iter().map(|times| row(times, 14)).collect();
    let (found, tested) = lagged(&rows);
    assert!(tested > 100 && found.len() <= 2, "{} of {tested}", found.len());
}

#[test]
fn equal_moments_and_seconds_between_services_have_no_order() {
    let times: Vec<i64> = (0..12).map(|n| n * 7_200 * S).collect();
    let (found, _) = lagged(&[row(times.clone(), 2), row(times.clone(), 2)]);
    assert_eq!(found.iter().map(|link| link.order).collect::<Vec<_>>(), [Order::Together]);
    let mut later = row(times.iter().map(|ts| ts + S / 2).collect(), 2);
    later.service = 1;
    let (found, _) = lagged(&[row(times, 2), later]);
    assert_eq!(found.iter().map(|link| link.order).collect::<Vec<_>>(), [Order::Together], "clocks differ");
}

#[test]
fn only_what_both_were_covered_for_counts() {
    let cause: Vec<i64> = (0..20).map(|n| n * 3_600 * S).collect();
    let effect: Vec<i64> = cause.iter().map(|ts| ts + 2 * S).collect();
    let mut short = row(effect, 1);
    short.covered = vec![(0, 2 * 3_600 * S - 1)];
    assert_eq!(lagged(&[row(cause, 1), short]).1, 0, "two common hours hold two pairs");
}

#[test]
fn one_huge_row_is_one_local_rate() {
    let mut random = Random::new(3);
    let mut moments = |n: usize| (0..n).map(|_| (random.uniform() * DAY as f64) as i64).collect::<Vec<i64>>();
    let rows = [row(moments(20_000), 1), row(moments(60), 1)];
    assert!(lagged(&rows).0.is_empty());
}

#[test]
fn traces_give_support_lift_and_lag() {
    let rows: Vec<Traced> = (0..10_u64)
        .flat_map(|trace| {
            let base = trace as i64 * S;
            [(3, base + 50), (1, base)].map(|(cluster, ts_ns)| Traced { trace, cluster, ts_ns })
        })
        .chain((10..20).map(|trace| Traced { trace, cluster: 1, ts_ns: 0 }))
        .collect();
    let found = same_trace(&rows, 1_000);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].a, found[0].b, found[0].support, found[0].median_lag_ns), (1, 3, 10, 50));
    assert!((found[0].b_given_a - 0.5).abs() < 1e-12 && (found[0].lift - 50.0).abs() < 1e-9);
}

#[test]
fn the_root_is_the_earliest_that_nothing_precedes() {
    let found = components(&[(2, 0, true), (2, 1, true), (0, 1, false), (4, 5, false)], &[1, 2, 3, 0, 9, 8]);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].members.as_slice(), found[0].root, found[0].proven), (&[0, 1, 2][..], 2, true));
    assert_eq!((found[1].members.as_slice(), found[1].root, found[1].proven), (&[4, 5][..], 5, false));
    let circle = components(&[(0, 1, true), (1, 0, true)], &[5, 4]);
    assert_eq!((circle[0].root, circle[0].proven), (1, false));
}
