//! What the analysis must reach on logs with a known truth: each function measures one row of the acceptance table.
//!
//! The bench prints them on five seeds, the tests below hold the limits on fewer.

use super::compare::compare;
use super::cooccur::{Lagged, Order, Row, lagged};
use super::inside::inside;
use super::judge::{Options, Status, judge};
use super::multiple::{adjust, claimed};
use super::onset::{self, Direction, changes};
use super::rate::Counts;
use super::season::Season;
use super::sim::{Bursts, Random, Simulated, World, simulate};
use super::table::{Bin, Exposure, Hours, Level, Subject, Table};

/// Nanoseconds in an hour.
const HOUR_NS: i64 = 3_600_000_000_000;
/// Four weeks before the window.
pub(super) const BEFORE: Hours = Hours { since: 0, until: 28 * 24 };
/// The window.
pub(super) const WINDOW: Hours = Hours { since: 28 * 24, until: 35 * 24 };

/// Flags of a rule against the truth, summed over seeds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Changed templates that were flagged in the right direction.
    pub(super) right: usize,
    /// Others that were flagged.
    pub(super) wrong: usize,
    /// Changed templates.
    pub(super) changed: usize,
    /// Seeds.
    pub(super) seeds: usize,
}

impl Flags {
    /// Share of flags that are false.
    pub(super) fn false_share(&self) -> f64 {
        self.wrong as f64 / (self.right + self.wrong).max(1) as f64
    }

    /// Share of changed templates that are flagged.
    pub(super) fn power(&self) -> f64 {
        self.right as f64 / self.changed.max(1) as f64
    }

    /// False flags a seed.
    pub(super) fn wrong_a_seed(&self) -> f64 {
        self.wrong as f64 / self.seeds.max(1) as f64
    }
}

/// A rule: which templates it flags, and in which direction.
pub(super) type Rule = fn(&Simulated) -> Vec<Option<Direction>>;

/// The rule of the analysis.
pub(super) fn ours(world: &Simulated) -> Vec<Option<Direction>> {
    compare(&world.table, WINDOW, BEFORE).into_iter().map(|test| test?.direction).collect()
}

/// Lines of this week at least twice those of the week before, and at least five.
pub(super) fn week_over_week(world: &Simulated) -> Vec<Option<Direction>> {
    let sum = |days: &[u32]| days.iter().sum::<u32>();
    let rises = |lines: &Vec<u32>| sum(&lines[28..]) >= 5 && sum(&lines[28..]) >= 2 * sum(&lines[21..28]);
    world.lines.iter().map(|lines| rises(lines).then_some(Direction::Rise)).collect()
}

/// Exact Poisson test on lines, Benjamini-Hochberg.
pub(super) fn poisson_lines(world: &Simulated) -> Vec<Option<Direction>> {
    let sum = |days: &[u32]| days.iter().map(|n| u64::from(*n)).sum::<u64>();
    rises(world.lines.iter().map(|lines| (sum(&lines[..28]), sum(&lines[28..]))))
}

/// The same on episodes.
pub(super) fn poisson_episodes(world: &Simulated) -> Vec<Option<Direction>> {
    rises(world.table.subjects.iter().map(|subject| (subject.count(BEFORE), subject.count(WINDOW))))
}

fn rises(counts: impl Iterator<Item = (u64, u64)>) -> Vec<Option<Direction>> {
    let counts: Vec<Counts> = counts.map(|(e0, e1)| Counts { e0, e1, t0: 28.0, t1: 7.0, d: 1.0 }).collect();
    let p: Vec<Option<f64>> = counts.iter().map(|counts| (counts.e0 > 0).then(|| counts.p_up())).collect();
    adjust(&p)
        .into_iter()
        .zip(counts)
        .map(|(q, counts)| (claimed(q) && counts.rises()).then_some(Direction::Rise))
        .collect()
}

/// A rule on a world, over seeds from 1 on.
pub(super) fn flags(rule: Rule, world: &World, seeds: u64) -> Flags {
    let wanted = if world.factor < 1.0 { Direction::Fall } else { Direction::Rise };
    let mut flags = Flags::default();
    for seed in 1..=seeds {
        let world = simulate(&World { seed, ..*world });
        for (flag, changed) in rule(&world).into_iter().zip(&world.changed) {
            flags.changed += usize::from(*changed);
            match flag {
                Some(direction) if *changed && direction == wanted => flags.right += 1,
                Some(_) => flags.wrong += 1,
                None => {}
            }
        }
        flags.seeds += 1;
    }
    flags
}

/// A world in which 5 % of the templates change by a factor after four weeks.
pub(super) fn changed_by(factor: f64) -> World {
    World { changed: 0.05, factor, ..World::default() }
}

/// Onset on 35 daily counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Onset {
    /// Share of unchanged rows with a change.
    pub(super) false_alarm: f64,
    /// Share of rows with a rise at day 28 in which one is found in days 21 to 34.
    pub(super) power: f64,
    /// Median distance of the boundary found from day 28, in days.
    pub(super) error: f64,
    /// Share of onset intervals that hold day 28, of the rises found.
    pub(super) held: f64,
}

/// Measures onsets at a rate a day; with `noise`, days differ by gamma noise of that shape.
pub(super) fn onset(rate: f64, factor: f64, noise: Option<f64>, runs: u64) -> Onset {
    let row = |seed: u64, factor: f64| -> Vec<Bin> {
        let mut random = Random::new(seed);
        (0..35)
            .map(|day| {
                let own = noise.map_or(1.0, |shape| random.gamma(shape));
                let n = random.poisson(rate * own * if day >= 28 { factor } else { 1.0 }) as u32;
                Bin { hours: Hours::new(day * 24, day * 24 + 24), n, t: 24.0 }
            })
            .collect()
    };
    let wrong = (0..runs).filter(|run| !changes(&row(2 * run, 1.0), onset::ALPHA, 1.0).is_empty()).count();
    let mut errors = Vec::new();
    let mut held = 0;
    for run in 0..runs {
        let found = changes(&row(2 * run + 1, factor), onset::ALPHA, 1.0);
        let rise = found
            .iter()
            .filter(|change| change.direction == Direction::Rise && change.at >= 21)
            .min_by_key(|change| change.at.abs_diff(28));
        if let Some(rise) = rise {
            errors.push(rise.at.abs_diff(28) as f64);
            held += usize::from(rise.interval.since <= 28 * 24 && rise.interval.until >= 28 * 24);
        }
    }
    errors.sort_by(f64::total_cmp);
    Onset {
        false_alarm: wrong as f64 / runs as f64,
        power: errors.len() as f64 / runs as f64,
        error: super::quantile(&errors, 0.5).unwrap_or(f64::NAN),
        held: held as f64 / errors.len().max(1) as f64,
    }
}

/// Clusters with a "since" in an unchanged window of 30 days without a time before it, a seed.
pub(super) fn since_without_baseline(seeds: u64) -> f64 {
    let sum: usize = (1..=seeds)
        .map(|seed| {
            let world = simulate(&World { seed, days: 30, ..World::default() });
            let found = inside(&world.table, Hours::new(0, 30 * 24), &Options::default());
            found.iter().filter(|judgement| !judgement.changes.is_empty()).count()
        })
        .sum();
    sum as f64 / seeds as f64
}

/// Clusters that become resolved or declining when 12 hours are cut out of the window, over seeds and five places.
pub(super) fn harmed_by_a_cut(seeds: u64, templates: usize) -> usize {
    let bad = |status: Status| matches!(status, Status::Resolved | Status::Declining);
    let mut harmed = 0;
    for seed in 1..=seeds {
        let run = |cut| {
            judge(
                &simulate(&World { seed, templates, cut, ..World::default() }).table,
                WINDOW,
                BEFORE,
                &Options::default(),
            )
        };
        let whole = run(None);
        for at in [28 * 24, 29 * 24 + 8, 31 * 24, 33 * 24 + 3, 34 * 24 + 12] {
            let pairs = run(Some((at, at + 12))).into_iter().zip(&whole);
            harmed += pairs.filter(|(cut, whole)| bad(cut.status) && !bad(whole.status)).count();
        }
    }
    harmed
}

/// Entries into a status, per 1,200 templates and week.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Entries {
    /// Into escalating or declining.
    pub(super) changed: f64,
    /// Into resolved.
    pub(super) resolved: f64,
}

/// Thirty weekly windows at identical rates with Poisson noise, each against `weeks_before` weeks.
pub(super) fn identical_weeks(seeds: u64, templates: usize, weeks_before: i64) -> Entries {
    const WEEKS: i64 = 30;
    let mut entries = Entries::default();
    let mut weeks = 0.0;
    for seed in 1..=seeds {
        let days = (WEEKS + 4) * 7;
        let steady = World { bursts: Bursts::Single, day_shape: None, weekend: 1.0, ..World::default() };
        let world = World { seed, templates, days, ..steady };
        let table = simulate(&world).table;
        let mut last: Vec<Status> = Vec::new();
        for week in 4..WEEKS + 4 {
            let window = Hours::new(week * 168, week * 168 + 168);
            let before = Hours::new(window.since - weeks_before * 168, window.since);
            let now: Vec<Status> =
                judge(&table, window, before, &Options::default()).iter().map(|judgement| judgement.status).collect();
            let entered = now.iter().zip(&last).filter(|(now, last)| now != last).map(|(now, _)| *now);
            for status in entered {
                entries.changed += f64::from(u8::from(matches!(status, Status::Escalating | Status::Declining)));
                entries.resolved += f64::from(u8::from(status == Status::Resolved));
            }
            weeks += f64::from(u8::from(!last.is_empty()));
            last = now;
        }
    }
    let scale = 1_200.0 / templates as f64 / weeks;
    Entries { changed: entries.changed * scale, resolved: entries.resolved * scale }
}

/// Week (1 to 5) of a ramp of x1.5 a week from three episodes a day in which the anchor first says "escalating".
///
/// The anchor is the four weeks before the ramp; each window is compared with the week before it.
pub(super) fn ramp(seed: u64) -> Option<i64> {
    let mut random = Random::new(seed);
    let daily = (0..28 + 35_i32).map(|day| {
        let week = if day < 28 { 0 } else { (day - 28) / 7 + 1 };
        random.poisson(3.0 * 1.5_f64.powi(week)) as u32
    });
    let mut table = daily_table(&[daily.collect()]);
    table.subjects[0].anchor = Some(BEFORE);
    (1..=5).find(|week| {
        let window = WINDOW.shifted((week - 1) * 168);
        let before = Hours::new(window.since - 168, window.since);
        judge(&table, window, before, &Options::default())[0].status == Status::Escalating
    })
}

/// Rows of daily episodes, fully covered.
pub(super) fn daily_table(rows: &[Vec<u32>]) -> Table {
    let days = rows.iter().map(Vec::len).max().unwrap_or(0);
    let subject = |daily: &Vec<u32>| Subject {
        level: Level::Error,
        exposure: 0,
        episodes: (0..).zip(daily).filter(|(_, n)| **n > 0).map(|(day, n)| (day * 24 + 12, *n)).collect(),
        known: false,
        anchor: None,
    };
    Table {
        origin_ns: 0,
        exposures: vec![Exposure::new(0, &vec![3_600; days * 24], &Season::default(), 0)],
        subjects: rows.iter().map(subject).collect(),
    }
}

/// A world of which some hours of each day are covered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Covered {
    /// Share of the clusters seen that get a status.
    pub(super) judged: f64,
    /// False flags a seed, nothing changed.
    pub(super) wrong: f64,
    /// Power at x6.
    pub(super) power: f64,
    /// False "resolved" a seed, nothing changed.
    pub(super) resolved: f64,
}

/// Measures a coverage of some hours a day.
pub(super) fn covered(hours_a_day: i64, seeds: u64) -> Covered {
    let (mut judged, mut seen, mut resolved) = (0_usize, 0_usize, 0_usize);
    for seed in 1..=seeds {
        let table = simulate(&World { seed, hours_a_day, ..World::default() }).table;
        let found = judge(&table, WINDOW, BEFORE, &Options::default());
        let pairs = found.iter().zip(&table.subjects).filter(|(_, subject)| !subject.episodes.is_empty());
        for (judgement, _) in pairs {
            seen += 1;
            judged += usize::from(judgement.status != Status::InsufficientCoverage);
            resolved += usize::from(judgement.status == Status::Resolved);
        }
    }
    Covered {
        judged: judged as f64 / seen.max(1) as f64,
        wrong: flags(ours, &World { hours_a_day, ..World::default() }, seeds).wrong_a_seed(),
        power: flags(ours, &World { hours_a_day, ..changed_by(6.0) }, seeds).power(),
        resolved: resolved as f64 / seeds as f64,
    }
}

/// Links between clusters under shared traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Links {
    /// Share of the pairs without a tie that are linked.
    pub(super) wrong: f64,
    /// Share of the pairs in which 60 % of A's episodes are followed by B within seconds that are linked.
    pub(super) found: f64,
    /// Share of those in which A is proven to come first.
    pub(super) directed: f64,
}

/// Twenty clusters over 28 days with a daily rhythm and busy hours that all share; ten of them follow another.
pub(super) fn links(episodes_a_day: f64, seeds: u64) -> Links {
    const CLUSTERS: usize = 20;
    const DAYS: i64 = 28;
    let mut links = Links::default();
    for seed in 1..=seeds {
        let mut random = Random::new(seed);
        let mut times: Vec<Vec<i64>> = vec![Vec::new(); CLUSTERS];
        for hour in 0..DAYS * 24 {
            let rhythm = 1.0 + 0.8 * ((hour % 24) as f64 / 24.0 * std::f64::consts::TAU).sin();
            let busy = if random.uniform() < 0.05 { 6.0 } else { 0.75 };
            for own in &mut times {
                for _ in 0..random.poisson(episodes_a_day / 24.0 * rhythm * busy) {
                    own.push(((hour * 3_600) as f64 * 1e9 + random.uniform() * 3.6e12) as i64);
                }
            }
        }
        for pair in 0..CLUSTERS / 4 {
            let caused: Vec<i64> = times[2 * pair].clone().into_iter().filter(|_| random.uniform() < 0.6).collect();
            times[2 * pair + 1].extend(caused.iter().map(|ts| ts + 2_000_000_000 + (random.uniform() * 1e10) as i64));
        }
        let covered = vec![(0, DAYS * 24 * HOUR_NS)];
        let rows: Vec<Row> = times
            .into_iter()
            .map(|mut times_ns| {
                times_ns.sort_unstable();
                Row { times_ns, covered: covered.clone(), service: 0 }
            })
            .collect();
        let tied = |pair: &Lagged| pair.a / 2 == pair.b / 2 && pair.a.max(pair.b) < CLUSTERS / 2;
        let (found, _) = lagged(&rows);
        let right: Vec<&Lagged> = found.iter().filter(|pair| tied(pair)).collect();
        links.wrong += (found.len() - right.len()) as f64;
        links.found += right.len() as f64;
        links.directed += right.iter().filter(|pair| pair.order == Order::Precedes && pair.a < pair.b).count() as f64;
    }
    let true_pairs = (CLUSTERS / 4) as f64 * seeds as f64;
    let all_pairs = (CLUSTERS * (CLUSTERS - 1) / 2) as f64 * seeds as f64;
    links.wrong /= all_pairs - true_pairs;
    links.found /= true_pairs;
    links.directed /= true_pairs;
    links
}
