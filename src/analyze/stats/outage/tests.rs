use super::super::sim::Random;
use super::*;

/// A quarter of an hour in seconds: longer pauses are known one by one.
const QUARTER: i64 = 900;
const HOUR: i64 = 3_600;
/// A Monday, in hours since 1970.
const MONDAY: i64 = 4 * 24;

/// What `outages` is told of a service that wrote at some seconds since its first hour and is covered for some hours.
fn told(mut seconds: Vec<i64>, hours: i64, asked: Hours, services: usize) -> Vec<Outage> {
    seconds.retain(|at| (0..hours * HOUR).contains(at));
    seconds.sort_unstable();
    let mut rows = vec![0; hours as usize];
    for at in &seconds {
        rows[(at / HOUR) as usize] += 1;
    }
    let beat = Hourly { first: MONDAY, covered_s: vec![3_600; rows.len()], rows };
    let ends: Vec<i64> = seconds.iter().copied().chain([hours * HOUR]).collect();
    let pauses: Vec<Pause> = ends
        .windows(2)
        .filter(|pair| pair[1] - pair[0] > QUARTER)
        .map(|pair| {
            let cells = pair[0] / HOUR..=(pair[1] - 1) / HOUR;
            let own = |hour: i64| (pair[1].min((hour + 1) * HOUR) - pair[0].max(hour * HOUR)) as u32;
            let asked = pair[0] < asked.until * HOUR && pair[1] > asked.since * HOUR;
            Pause { first: MONDAY + pair[0] / HOUR, covered_s: cells.map(own).collect(), asked }
        })
        .collect();
    outages(&beat, &pauses, Hours::new(MONDAY + asked.since, MONDAY + asked.until), services)
}

/// Bursts at a rate per hour that depends on the hour, each of some rows within ten minutes.
fn service(random: &mut Random, days: i64, bursts: impl Fn(&mut Random, i64) -> f64, most: u64) -> Vec<i64> {
    let mut seconds = Vec::new();
    for hour in 0..days * 24 {
        let rate = bursts(random, hour);
        for _ in 0..random.poisson(rate) {
            let begin = hour * HOUR + (random.uniform() * 3_600.0) as i64;
            for _ in 0..=(random.uniform() * most as f64) as u64 {
                seconds.push(begin + if most > 1 { (random.uniform() * 600.0) as i64 } else { 0 });
            }
        }
    }
    seconds
}

/// Kinds of services that do nothing but what they always do.
const KINDS: [&str; 12] = [
    "steady",
    "bursts",
    "slow",
    "rare",
    "office",
    "loose office",
    "workdays",
    "night batch",
    "idle",
    "idling worker",
    "lulls",
    "drained",
];

fn ordinary(kind: &str, random: &mut Random, days: i64) -> Vec<i64> {
    let is_work = |hour: i64, from: i64, to: i64| (hour / 24) % 7 < 5 && (from..to).contains(&(hour % 24));
    match kind {
        "steady" => service(random, days, |_, _| 120.0, 1),
        "bursts" => service(random, days, |random, _| 4.0 * random.gamma(2.0), 20),
        "slow" => service(random, days, |_, hour| if hour % 24 < 6 { 1.0 } else { 6.0 }, 3),
        "rare" => service(random, days, |_, _| 1.0, 2),
        "office" => service(random, days, |_, hour| if is_work(hour, 9, 18) { 100.0 } else { 0.02 }, 1),
        "loose office" => {
            // Every day begins and ends when it does.
            let days_off: Vec<(i64, i64)> =
                (0..days).map(|_| ((random.uniform() * 5_400.0) as i64, (random.uniform() * 5_400.0) as i64)).collect();
            let mut all = service(random, days, |_, hour| if is_work(hour, 8, 19) { 60.0 } else { 0.0 }, 1);
            all.retain(|at| {
                let (late, early) = days_off[(at / HOUR / 24) as usize];
                let own = at % (24 * HOUR);
                own >= 8 * HOUR + late && own < 19 * HOUR - early
            });
            all
        }
        "workdays" => {
            let rate = |hour: i64| if is_work(hour, 8, 19) { 40.0 } else { 3.0 * f64::from(is_work(hour, 0, 24)) };
            service(random, days, |_, hour| rate(hour), 1)
        }
        "idling worker" => {
            // Ten hours of work, two without any, more or less.
            let (mut at, mut works, mut seconds) = (0.0, true, Vec::new());
            while at < (days * 24 * HOUR) as f64 {
                let length = if works { 36_000.0 } else { 7_200.0 } * (0.4 * random.normal()).exp();
                if works {
                    seconds.extend((0..(length / 60.0) as i64).map(|minute| at as i64 + 60 * minute));
                }
                (at, works) = (at + length, !works);
            }
            seconds
        }
        "night batch" => {
            let mut all = Vec::new();
            for day in 0..days {
                let begin = day * 24 * HOUR + 2 * HOUR + (random.uniform() * 5_400.0) as i64;
                all.extend((0..4_000).map(|_| begin + (random.uniform() * 3_000.0) as i64));
            }
            all.extend((0..days * 24).filter(|_| random.uniform() < 0.3).map(|hour| hour * HOUR + 60));
            all
        }
        "idle" => service(random, days, |_, hour| if hour % 24 < 7 { 0.1 } else { 0.7 }, 60),
        "lulls" => {
            // Rates that wander over hours, as traffic of few customers does.
            let mut level = 0.0_f64;
            let mut levels = Vec::new();
            for _ in 0..days * 24 {
                level = 0.8 * level + 0.6 * random.normal();
                levels.push(20.0 * level.exp());
            }
            service(random, days, |_, hour| levels[hour as usize], 3)
        }
        _ => {
            // Moved elsewhere day by day, to a last row an hour or so.
            service(random, days, |_, hour| 400.0 * (-8.0 * hour as f64 / (24.0 * days as f64)).exp() + 0.3, 1)
        }
    }
}

#[test]
fn services_that_do_what_they_always_do_have_no_outage() {
    let mut random = Random::new(17);
    for kind in KINDS {
        let (mut looks, mut claims) = (0, 0);
        for days in [3, 4, 9, 28] {
            for run in 0..if days == 28 { 12 } else { 30 } {
                let seconds = ordinary(kind, &mut random, days);
                // Windows of a day and of everything, and one that ends in the middle of the day.
                let end = days * 24;
                let cut = end - 1 - run % 24;
                for (until, since) in [(end, end - 24), (end, 0), (cut, cut - 6)] {
                    looks += 1;
                    claims += usize::from(!told(seconds.clone(), until, Hours::new(since, until), 1).is_empty());
                }
            }
        }
        assert!(claims * 100 <= looks, "{kind}: {claims} of {looks}");
    }
}

#[test]
fn an_outage_is_found_whether_or_not_it_is_over() {
    let mut random = Random::new(3);
    // A kind, the hours in which nothing came, days.
    let cases = [
        ("steady", 3 * 24 + 12, 1.0, 4, 20),
        ("steady", 3 * 24 + 12, 0.75, 28, 19),
        ("bursts", 15 * 24 + 4, 24.0, 28, 18),
        ("slow", 10 * 24 + 10, 5.0, 14, 18),
        ("office", 10 * 24 + 11, 2.0, 12, 19),
    ];
    for (kind, from, hours, days, least) in cases {
        let mut found = [0, 0];
        for _ in 0..20 {
            let mut seconds = ordinary(kind, &mut random, days);
            let (since, until) = (from * HOUR, from * HOUR + (hours * 3_600.0) as i64);
            seconds.retain(|at| !(since..until).contains(at));
            let asked = Hours::new(from - 12, from + 24);
            found[0] += usize::from(told(seconds.clone(), days * 24, asked, 20).len() == 1);
            // As of its last moment.
            let last = (until + HOUR - 1) / HOUR;
            seconds.retain(|at| *at < until);
            let own = told(seconds, last, Hours::new(last - 1, last), 20);
            found[1] += usize::from(own.len() == 1 && own[0].hours >= 0.9 * hours);
        }
        assert!(found.iter().all(|found| *found >= least), "{kind} for {hours} h of {days} days: {found:?} of 20");
    }
}

#[test]
fn each_of_several_outages_is_found() {
    let mut random = Random::new(11);
    let steady = service(&mut random, 26, |_, _| 30.0, 1);
    let days = [3, 9, 14, 19, 24];
    let is_down = |at: i64| days.contains(&(at / HOUR / 24)) && (14..16).contains(&(at / HOUR % 24));
    let seconds: Vec<i64> = steady.into_iter().filter(|at| !is_down(*at)).collect();
    assert_eq!(told(seconds.clone(), 26 * 24, Hours::new(0, 26 * 24), 2).len(), 5);
    for day in days {
        let until = (day + 1) * 24;
        assert_eq!(told(seconds.clone(), until, Hours::new(until - 24, until), 2).len(), 1, "as of day {day}");
    }
    // Three that belong together, and two of a first day.
    let flapping = |spans: &'static [(i64, i64)]| {
        let seconds = service(&mut Random::new(7), 5, |_, _| 60.0, 1);
        let down = move |at: &i64| spans.iter().any(|(from, to)| (*from * 60..*to * 60).contains(at));
        told(seconds.into_iter().filter(|at| !down(at)).collect(), 5 * 24, Hours::new(0, 5 * 24), 2).len()
    };
    assert_eq!(flapping(&[(4_920, 4_962), (4_980, 5_025), (5_046, 5_100)]), 3);
    assert_eq!(flapping(&[(600, 642), (660, 705)]), 2);
}

#[test]
fn no_row_one_row_and_a_day_of_rows_say_nothing() {
    let all = Hours::new(0, 4 * 24);
    assert!(told(Vec::new(), 96, all, 1).is_empty());
    assert!(told(vec![5], 96, all, 1).is_empty());
    assert!(told((0..24 * 60).map(|minute| minute * 60).collect(), 48, Hours::new(0, 48), 1).is_empty());
    assert!(outages(&Hourly::default(), &[Pause::default()], all, 1).is_empty());
}

#[test]
fn more_services_and_shorter_knowledge_need_more() {
    let beat = |services| {
        let minutes = (0..4 * 24 * 60).filter(|minute| !(5_000..5_040).contains(minute) && minute % 3 == 0);
        told(minutes.map(|minute| minute * 60).collect(), 96, Hours::new(72, 96), services).len()
    };
    assert_eq!((beat(1), beat(100_000)), (1, 0), "13 rows that did not come");
}
