//! The acceptance table of the analysis: `cargo bench --bench analysis` prints Markdown.
//!
//! Worlds with a known truth come from the same generator and the same measures as the tests; only the seeds are more.

#![allow(clippy::print_stdout, reason = "a bench prints its tables")]

use std::time::Instant;

use log_gardener::analyze::stats::{
    compare, cooccur, inside, judge, multiple, onset, placebo, quantile, rate, season, table,
};

#[path = "../src/analyze/stats/acceptance.rs"]
mod acceptance;
#[path = "analysis/scale.rs"]
mod scale;
#[path = "../src/analyze/stats/sim.rs"]
mod sim;

use acceptance::{BEFORE, Rule, WINDOW, changed_by, flags};
use sim::{Bursts, World, simulate};

const SEEDS: u64 = 5;

fn main() {
    // `cargo bench --bench analysis -- scale` measures only that.
    if std::env::args().any(|word| word == "scale") {
        return scale::run();
    }
    rules();
    checks();
    onsets();
    links();
    coverage();
    worlds();
    speed();
    scale::run();
}

/// Rules that are used elsewhere, on the same worlds.
fn rules() {
    println!(
        "\n## Rules compared\n\n28 + 7 days, 1,200 templates, 5 % changed, {SEEDS} seeds; FDP = share of flags that are false.\n"
    );
    println!("| rule | false flags, nothing changed | x3: FDP / power | x6 | x12 |\n|---|---|---|---|---|");
    let rules: [(&str, Rule); 4] = [
        ("week/week ratio >= 2, n >= 5 lines", acceptance::week_over_week),
        ("Poisson exact on lines + BH", acceptance::poisson_lines),
        ("episodes, D = 1 + BH", acceptance::poisson_episodes),
        ("**episodes, moderated D + BH, both directions**", acceptance::ours),
    ];
    for (name, rule) in rules {
        print!("| {name} | {:.1} |", flags(rule, &World::default(), SEEDS).wrong_a_seed());
        for factor in [3.0, 6.0, 12.0] {
            let found = flags(rule, &changed_by(factor), SEEDS);
            print!(" {:.2} / {:.2} |", found.false_share(), found.power());
        }
        println!();
    }
}

fn row(check: &str, limit: &str, reached: &str, holds: bool) {
    println!("| {check} | {limit} | {reached} | {} |", if holds { "yes" } else { "**no**" });
}

fn checks() {
    println!("\n## Acceptance\n\n| check | must reach | reached | holds |\n|---|---|---|---|");
    let wrong = flags(acceptance::ours, &World::default(), SEEDS).wrong_a_seed();
    row("nothing changed: false flags per 1,200", "<= 2", &format!("{wrong:.1}"), wrong <= 2.0);
    for (factor, least) in [(6.0, 0.5), (12.0, 0.7)] {
        let found = flags(acceptance::ours, &changed_by(factor), SEEDS);
        let (share, power) = (found.false_share(), found.power());
        let limit = format!("<= .10 / >= {least:.2}");
        row(
            &format!("x{factor}: false share / power"),
            &limit,
            &format!("{share:.3} / {power:.3}"),
            share <= 0.1 && power >= least,
        );
    }
    let found = acceptance::onset(1.0, 4.0, None, 400);
    row(
        "onset, x4 at day 28, 1/day: false alarm / power",
        "<= .05 / >= .90",
        &format!("{:.3} / {:.3}", found.false_alarm, found.power),
        found.false_alarm <= 0.05 && found.power >= 0.9,
    );
    let since = acceptance::since_without_baseline(SEEDS);
    row(
        "30 days, no baseline, nothing changed: clusters with a \"since\"",
        "<= 2",
        &format!("{since:.1}"),
        since <= 2.0,
    );
    let harmed = acceptance::harmed_by_a_cut(SEEDS, 1_200);
    row(
        "12 hours cut out (5 places x seeds): become resolved or declining",
        "0",
        &format!("{harmed} of {} judgements", SEEDS * 5 * 1_200),
        harmed == 0,
    );
    for weeks_before in [4, 1] {
        let found = acceptance::identical_weeks(SEEDS, 1_200, weeks_before);
        row(
            &format!(
                "30 identical weeks against {weeks_before} before: entries into escalating or declining / resolved"
            ),
            "<= 2 / <= 8",
            &format!("{:.2} / {:.2}", found.changed, found.resolved),
            found.changed <= 2.0 && found.resolved <= 8.0,
        );
    }
    let weeks: Vec<i64> = (1..=100).map(|seed| acceptance::ramp(seed).unwrap_or(99)).collect();
    let late = weeks.iter().filter(|week| **week > 3).count();
    let by_two = weeks.iter().filter(|week| **week <= 2).count();
    row(
        "ramp x1.5 a week from 3 a day: escalating against the anchor",
        "by week 3",
        &format!("by week 3 in {} of 100, by week 2 in {by_two}", 100 - late),
        late == 0,
    );
}

fn onsets() {
    println!("\n## Onset\n\n35 daily counts, x4 at day 28, 400 runs.\n");
    println!(
        "| rate a day | days | false alarm | power | median error (days) | interval holds the day |\n|---|---|---|---|---|---|"
    );
    for noise in [None, Some(3.0)] {
        for rate in [0.3, 1.0, 5.0, 50.0] {
            let found = acceptance::onset(rate, 4.0, noise, 400);
            let days = noise.map_or_else(|| "Poisson".to_owned(), |shape| format!("gamma noise, shape {shape}"));
            let (alarm, power) = (found.false_alarm, found.power);
            println!("| {rate} | {days} | {alarm:.3} | {power:.3} | {:.1} | {:.2} |", found.error, found.held);
        }
    }
}

fn links() {
    println!(
        "\n## Links\n\n20 clusters over 28 days with a daily rhythm and shared busy hours; in 5 pairs 60 % of A's episodes are followed by B within 12 s; {SEEDS} seeds.\n"
    );
    println!("| episodes a day | false links | true links found | direction proven |\n|---|---|---|---|");
    for rate in [0.6, 2.0, 6.0, 24.0] {
        let found = acceptance::links(rate, SEEDS);
        println!("| {rate} | {:.4} | {:.2} | {:.2} |", found.wrong, found.found, found.directed);
    }
}

fn coverage() {
    println!(
        "\n## Coverage\n\n{SEEDS} seeds.\n\n| hours a day | share of clusters with a status | false flags per 1,200 | power at x6 | \"resolved\", nothing changed |\n|---|---|---|---|---|"
    );
    for hours in [1, 5, 14, 24] {
        let found = acceptance::covered(hours, SEEDS);
        println!("| {hours} | {:.2} | {:.1} | {:.2} | {:.1} |", found.judged, found.wrong, found.power, found.resolved);
    }
}

/// The result hangs on rates and bursts; other worlds show by how much.
fn worlds() {
    println!(
        "\n## Other worlds\n\n| bursts | sigma of log rate | false flags, nothing changed | x6: FDP / power | x12 | x1/6 |\n|---|---|---|---|---|---|"
    );
    for bursts in [Bursts::Single, Bursts::Falling, Bursts::Even] {
        for sigma in [1.5, 1.75, 2.0] {
            let world = World { sigma, bursts, ..World::default() };
            print!("| {bursts:?} | {sigma} | {:.1} |", flags(acceptance::ours, &world, SEEDS).wrong_a_seed());
            for factor in [6.0, 12.0, 1.0 / 6.0] {
                let found = flags(acceptance::ours, &World { sigma, bursts, ..changed_by(factor) }, SEEDS);
                print!(" {:.2} / {:.2} |", found.false_share(), found.power());
            }
            println!();
        }
    }
}

fn timed(name: &str, mut run: impl FnMut()) {
    let best = (0..5).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    println!("| {name} | {:.1} ms |", best.min().unwrap_or_default().as_secs_f64() * 1_000.0);
}

fn speed() {
    println!("\n## Time\n\n1,200 templates x 35 days, best of 5.\n\n| step | time |\n|---|---|");
    let world = simulate(&changed_by(6.0));
    let long = simulate(&World { days: 70, ..World::default() });
    timed("`compare`", || drop(compare::compare(&world.table, WINDOW, BEFORE)));
    timed("`judge` with four earlier windows", || {
        drop(judge::judge(&world.table, WINDOW, BEFORE, &judge::Options::default()));
    });
    timed("`inside` over 35 days", || {
        drop(inside::inside(&world.table, table::Hours::new(0, 35 * 24), &judge::Options::default()));
    });
    timed("`placebo`, 5 past weeks", || {
        let until = 70 * 24;
        let window = table::Hours::new(until - 168, until);
        drop(placebo::placebo(&long.table, window, BEFORE.shifted(35 * 24), table::Hours::new(0, until)));
    });
}
