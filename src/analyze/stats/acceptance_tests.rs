//! The cheap rows of the acceptance table, on fewer seeds than the bench takes.

use super::acceptance::*;
use super::contrast::{DISPERSION, Kind, contrast};
use super::drift::{Drift, switch};
use super::inside::inside;
use super::judge::{Options, Status};
use super::rate::Counts;
use super::revision::{Revision, Times, appeared_with};
use super::sim::{Bursts, World};
use super::table::Hours;

const H: i64 = crate::time::HOUR_NS;

#[test]
fn nothing_changed_raises_at_most_two_flags_and_simpler_rules_raise_many() {
    let ours = flags(ours, &World::default(), 2).wrong_a_seed();
    assert!(ours <= 2.0, "{ours}");
    assert!(
        flags(super::acceptance::ours, &World { bursts: Bursts::Even, ..World::default() }, 1).wrong_a_seed() <= 2.0
    );
    for (rule, least) in [(week_over_week as Rule, 50.0), (poisson_lines, 20.0)] {
        let theirs = flags(rule, &World::default(), 2).wrong_a_seed();
        assert!(theirs >= least, "{theirs}");
    }
    assert!(flags(poisson_episodes, &World::default(), 2).wrong_a_seed() > ours);
}

#[test]
fn large_changes_are_found_and_few_flags_are_false() {
    for (factor, power) in [(6.0, 0.5), (12.0, 0.7)] {
        let found = flags(ours, &changed_by(factor), 3);
        assert!(found.false_share() <= 0.1 && found.power() >= power, "x{factor}: {found:?}");
    }
}

#[test]
fn onsets_are_found_within_days_and_steady_rows_have_none() {
    let found = onset(1.0, 4.0, None, 200);
    assert!(found.false_alarm <= 0.05 && found.power >= 0.9 && found.error <= 1.0, "{found:?}");
}

#[test]
fn a_long_unchanged_window_has_at_most_two_sinces() {
    assert!(since_without_baseline(2) <= 2.0);
}

#[test]
fn twelve_hours_cut_out_resolve_nothing() {
    assert_eq!(harmed_by_a_cut(1, 400), 0);
}

#[test]
fn identical_weeks_hardly_change_a_status() {
    let found = identical_weeks(1, 400, 4);
    assert!(found.changed <= 2.0 && found.resolved <= 8.0, "{found:?}");
}

#[test]
fn a_slow_ramp_escalates_against_the_anchor_by_its_third_week() {
    for seed in 1..=20 {
        assert!(ramp(seed).is_some_and(|week| week <= 3), "seed {seed}: {:?}", ramp(seed));
    }
}

#[test]
fn little_coverage_gives_no_status_and_no_false_flags() {
    let hour = covered(1, 1);
    assert!(hour.judged < 1e-9 && hour.wrong < 1e-9 && hour.resolved < 1e-9, "{hour:?}");
    for hours in [5, 14] {
        let found = covered(hours, 1);
        assert!(found.wrong <= 2.0 && found.judged > 0.9, "{hours} h a day: {found:?}");
    }
}

#[test]
fn a_limit_that_changed_overnight_is_a_fact_with_its_first_moment() {
    let row: Vec<(i64, f64)> = (0..20).map(|at| (at * 7 * H, if at < 11 { 2.1 } else { 2.8 })).collect();
    let Some(Drift::Constant { from, to, first_ns, .. }) = switch(&row) else { panic!("a fact") };
    assert_eq!((from, to, first_ns), (2.1, 2.8, 77 * H));
}

#[test]
fn a_deploy_is_named_and_its_onset_lies_within_a_bucket() {
    let daily: Vec<u32> = (0..20).map(|day| if day < 13 { 0 } else { 2 }).collect();
    let found = inside(&daily_table(&[daily]), Hours::new(0, 20 * 24), &Options::default()).remove(0);
    assert_eq!(found.status, Status::New);
    assert!((found.changes[0].hour - 13 * 24).abs() <= 24);
    let revisions: Vec<Revision> = [(0, 13.0, 0), (13, 7.0, 14)]
        .map(|(day, exposure, episodes)| Revision {
            name: format!("r{day}"),
            first_ns: day * 24 * H,
            exposure,
            episodes,
        })
        .into();
    let times = Times { first_ns: (13 * 24 + 12) * H, last_ns: 19 * 24 * H, d: 1.0 };
    assert_eq!(appeared_with(&revisions, times).map(|tie| tie.revision), Some(1));
}

#[test]
fn a_normal_line_that_stops_during_an_incident_has_vanished() {
    let mut counts = vec![Counts { e0: 300, e1: 30, t0: 600.0, t1: 60.0, d: DISPERSION }; 40];
    counts.push(Counts { e0: 400, e1: 0, t0: 600.0, t1: 60.0, d: DISPERSION });
    assert_eq!(contrast(&counts)[40].kind, Kind::Vanished);
}

#[test]
fn shared_traffic_links_nothing_and_a_true_tie_is_found() {
    let dense = links(6.0, 1);
    assert!(dense.wrong <= 0.02 && dense.found >= 0.99, "{dense:?}");
}
