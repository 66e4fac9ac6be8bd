//! Logs with a known truth, for the tests and the bench of the statistics: deterministic by seed, no log text in them.
//!
//! A template emits bursts at a log-normal rate; days differ by gamma noise, weekends are calmer. Lines outside what is
//! covered are lost, as an export loses them.

use super::season::Season;
use super::table::{Exposure, Level, Subject, Table};

/// xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64.
#[derive(Debug, Clone)]
pub(super) struct Random([u64; 4]);

impl Random {
    /// A generator whose numbers depend on the seed only.
    pub(super) fn new(seed: u64) -> Self {
        let mut x = seed;
        Self(std::array::from_fn(|_| {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in 0..1.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Gamma of mean 1 (Marsaglia and Tsang 2000); `shape` at least 1.
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / shape;
            }
        }
    }

    /// Poisson of a mean, by multiplying uniforms in parts of 20 (Knuth).
    pub(super) fn poisson(&mut self, mean: f64) -> u64 {
        let (mut left, mut n) = (mean.max(0.0), 0);
        while left > 0.0 {
            let (part, mut product) = (left.min(20.0), 1.0 - self.uniform());
            let limit = (-part).exp();
            while product > limit {
                n += 1;
                product *= 1.0 - self.uniform();
            }
            left -= part;
        }
        n
    }
}

/// How many lines a burst has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bursts {
    /// One line each.
    Single,
    /// 1 to 20 lines, k of them as often as 1/k^2 says: most bursts are a line or two.
    Falling,
    /// 1 to 20 lines, each number as often.
    Even,
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct World {
    /// Seed of everything.
    pub(super) seed: u64,
    /// Templates.
    pub(super) templates: usize,
    /// Days.
    pub(super) days: i64,
    /// Median of the log-normal rates, lines a day.
    pub(super) median: f64,
    /// Standard deviation of their logarithm.
    pub(super) sigma: f64,
    /// Lines of a burst.
    pub(super) bursts: Bursts,
    /// Shape of the gamma noise between days; `None` for Poisson days.
    pub(super) day_shape: Option<f64>,
    /// Rate of a Saturday or Sunday against a weekday.
    pub(super) weekend: f64,
    /// Share of templates that change.
    pub(super) changed: f64,
    /// By which factor.
    pub(super) factor: f64,
    /// From which day on.
    pub(super) from_day: i64,
    /// Covered hours of each day, from 09:00 on.
    pub(super) hours_a_day: i64,
    /// Hours cut out of the exports.
    pub(super) cut: Option<(i64, i64)>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            seed: 1,
            templates: 1_200,
            days: 35,
            median: 0.8,
            sigma: 1.75,
            bursts: Bursts::Falling,
            day_shape: Some(3.0),
            weekend: 0.5,
            changed: 0.0,
            factor: 1.0,
            from_day: 28,
            hours_a_day: 24,
            cut: None,
        }
    }
}

/// A world and its truth.
#[derive(Debug)]
pub(super) struct Simulated {
    /// What a store would answer.
    pub(super) table: Table,
    /// Whether each template changed.
    pub(super) changed: Vec<bool>,
    /// Lines of each template per day, for rules that count lines.
    pub(super) lines: Vec<Vec<u32>>,
}

const GAP_S: i64 = 900;
/// Most lines a day that are drawn; above it a template is only slower to simulate.
const MOST: f64 = 2_000.0;

/// Runs a world.
pub(super) fn simulate(world: &World) -> Simulated {
    let covered: Vec<u32> = (0..world.days * 24).map(|hour| if is_covered(world, hour) { 3_600 } else { 0 }).collect();
    let mut table = Table {
        origin_ns: 0,
        exposures: vec![Exposure::new(0, &covered, &Season::default(), 0)],
        subjects: Vec::with_capacity(world.templates),
    };
    let (mut changed, mut lines) = (Vec::new(), Vec::new());
    for template in 0..world.templates {
        let mut random = Random::new(world.seed.wrapping_mul(1_000_003).wrapping_add(template as u64));
        let rate = (world.median * (world.sigma * random.normal()).exp()).min(MOST);
        let changes = random.uniform() < world.changed;
        let (episodes, daily) = emit(world, &mut random, rate / mean_burst(world.bursts), changes);
        let level = [Level::Error, Level::Warning, Level::Other][template % 3];
        table.subjects.push(Subject { level, exposure: 0, episodes, known: false, anchor: None });
        changed.push(changes);
        lines.push(daily);
    }
    Simulated { table, changed, lines }
}

fn is_covered(world: &World, hour: i64) -> bool {
    let of_day = (hour % 24 + 24 - 9) % 24;
    of_day < world.hours_a_day && world.cut.is_none_or(|(from, to)| hour < from || hour >= to)
}

fn mean_burst(bursts: Bursts) -> f64 {
    match bursts {
        Bursts::Single => 1.0,
        Bursts::Even => 10.5,
        Bursts::Falling => {
            let k = || (1..=20).map(f64::from);
            k().map(|k| 1.0 / k).sum::<f64>() / k().map(|k| 1.0 / (k * k)).sum::<f64>()
        }
    }
}

fn burst(bursts: Bursts, random: &mut Random) -> i64 {
    match bursts {
        Bursts::Single => 1,
        Bursts::Even => 1 + (random.uniform() * 20.0) as i64,
        Bursts::Falling => {
            let all: f64 = (1..=20).map(|k| 1.0 / f64::from(k * k)).sum();
            let mut left = random.uniform() * all;
            (1..20_i64)
                .find(|k| {
                    left -= 1.0 / (k * k) as f64;
                    left < 0.0
                })
                .unwrap_or(20)
        }
    }
}

/// Episodes per hour and lines per day of one template at a rate of bursts a day.
fn emit(world: &World, random: &mut Random, rate: f64, changes: bool) -> (Vec<(i64, u32)>, Vec<u32>) {
    let mut seconds: Vec<i64> = Vec::new();
    for day in 0..world.days {
        let factor = if changes && day >= world.from_day { world.factor } else { 1.0 };
        let weekday = if day % 7 >= 5 { world.weekend } else { 1.0 };
        let noise = world.day_shape.map_or(1.0, |shape| random.gamma(shape));
        for _ in 0..random.poisson(rate * factor * weekday * noise) {
            let mut at = day * 86_400 + (random.uniform() * 86_400.0) as i64;
            for _ in 0..burst(world.bursts, random) {
                seconds.push(at);
                at += 1 + (random.uniform() * 60.0) as i64;
            }
        }
    }
    seconds.retain(|at| *at < world.days * 86_400 && is_covered(world, at / 3_600));
    seconds.sort_unstable();
    let mut daily = vec![0; world.days as usize];
    let mut episodes: Vec<(i64, u32)> = Vec::new();
    let mut last = i64::MIN / 2;
    for at in seconds {
        daily[(at / 86_400) as usize] += 1;
        if at - last > GAP_S {
            match episodes.last_mut() {
                Some(open) if open.0 == at / 3_600 => open.1 += 1,
                _ => episodes.push((at / 3_600, 1)),
            }
        }
        last = at;
    }
    (episodes, daily)
}
