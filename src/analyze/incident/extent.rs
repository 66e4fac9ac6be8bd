//! When an incident began and ended in the data, whatever window was asked for.
//!
//! The events of everything that rose are points on a line. The stretch that speaks most for the rates of the window against
//! those of quiet times is the one with the greatest log likelihood ratio of two Poisson processes (a scan with a fixed
//! alternative; Karlin and Altschul 1990 for such maximal segments): each event adds ln(loud/quiet), each covered second
//! takes (loud - quiet) away. Without anything that rose, it is the silence of what fell.

use crate::time::{SECOND_NS, Window};

/// Events of one cluster with its rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Events, ascending, nanoseconds.
    pub times_ns: Vec<i64>,
    /// Events a second in quiet times, above 0.
    pub quiet_per_s: f64,
    /// Events a second in the window.
    pub loud_per_s: f64,
}

/// First and last event of the stretch that speaks most for an incident, of those that reach into the window.
///
/// `covered` are ascending disjoint intervals; time outside them takes nothing away.
pub fn burst(signals: &[Signal], window: Window, covered: &[(i64, i64)]) -> Option<(i64, i64)> {
    let mut events: Vec<(i64, f64)> = Vec::new();
    let mut decay_per_s = 0.0;
    for signal in signals.iter().filter(|signal| signal.loud_per_s > signal.quiet_per_s && signal.quiet_per_s > 0.0) {
        let gain = (signal.loud_per_s / signal.quiet_per_s).ln();
        decay_per_s += signal.loud_per_s - signal.quiet_per_s;
        events.extend(signal.times_ns.iter().map(|at| (*at, gain)));
    }
    events.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let loss = |from: i64, to: i64| decay_per_s * covered_s(covered, from, to);
    let forward = best(events.len(), |at| events[at].1, |at| loss(events[at - 1].0, events[at].0));
    let last = events.len().checked_sub(1)?;
    let backward =
        best(events.len(), |at| events[last - at].1, |at| loss(events[last - at].0, events[last - at + 1].0));
    let inside = (0..events.len()).filter(|at| window.holds(events[*at].0));
    let score = |at: usize| forward[at].0 + backward[last - at].0 - events[at].1;
    // Of equal scores the first event, so that the answer does not depend on how sums were rounded upwards.
    let middle = inside.max_by(|a, b| score(*a).total_cmp(&score(*b)).then(b.cmp(a)))?;
    Some((events[forward[middle].1].0, events[last - backward[last - middle].1].0))
}

/// For each place, the greatest sum of a run that ends there, and where that run begins.
fn best(n: usize, gain: impl Fn(usize) -> f64, loss: impl Fn(usize) -> f64) -> Vec<(f64, usize)> {
    let mut out: Vec<(f64, usize)> = Vec::with_capacity(n);
    for at in 0..n {
        let kept = at.checked_sub(1).map(|before| (out[before].0 - loss(at), out[before].1)).filter(|run| run.0 > 0.0);
        let (sum, start) = kept.unwrap_or((0.0, at));
        out.push((sum + gain(at), start));
    }
    out
}

/// The longest time without any of some events that reaches into the window; `around` bounds it where no event does.
pub fn silence(times_ns: &[i64], window: Window, around: Window) -> Option<(i64, i64)> {
    let mut times: Vec<i64> = times_ns.iter().copied().filter(|at| around.holds(*at)).collect();
    if times.is_empty() {
        return None;
    }
    times.sort_unstable();
    let edges: Vec<i64> = [around.since_ns].into_iter().chain(times).chain([around.until_ns]).collect();
    let reach = |from: i64, to: i64| to.min(window.until_ns) - from.max(window.since_ns);
    let gaps = edges.windows(2).map(|pair| (pair[0], pair[1])).filter(|(from, to)| reach(*from, *to) > 0);
    gaps.max_by_key(|(from, to)| (to - from, -from))
}

/// Covered seconds between two moments.
pub fn covered_s(covered: &[(i64, i64)], from_ns: i64, to_ns: i64) -> f64 {
    let part = |(from, to): &(i64, i64)| ((*to).min(to_ns) - (*from).max(from_ns)).max(0);
    covered.iter().map(part).sum::<i64>() as f64 / SECOND_NS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = SECOND_NS;
    const ALL: &[(i64, i64)] = &[(0, 100_000 * S)];

    fn signal(seconds: &[i64], quiet_per_s: f64, loud_per_s: f64) -> Signal {
        Signal { times_ns: seconds.iter().map(|at| at * S).collect(), quiet_per_s, loud_per_s }
    }

    fn window(since_s: i64, until_s: i64) -> Window {
        Window { since_ns: since_s * S, until_ns: until_s * S }
    }

    fn found(signals: &[Signal], asked: Window, covered: &[(i64, i64)]) -> Option<(i64, i64)> {
        burst(signals, asked, covered).map(|(from, to)| (from / S, to / S))
    }

    #[test]
    fn nothing_one_event_and_equal_rates_have_their_answers() {
        assert_eq!(burst(&[], window(0, 100), ALL), None);
        assert_eq!(found(&[signal(&[50], 1e-5, 0.01)], window(0, 100), ALL), Some((50, 50)));
        assert_eq!(found(&[signal(&[500], 1e-5, 0.01)], window(0, 100), ALL), None, "outside of what was asked");
        assert_eq!(found(&[signal(&[50], 0.01, 0.01)], window(0, 100), ALL), None);
    }

    #[test]
    fn the_data_shows_more_than_was_asked_for_and_leaves_background_out() {
        let mut times: Vec<i64> = (1_000..2_000).step_by(10).collect();
        times.splice(0..0, [100]);
        times.push(9_000);
        let asked = window(1_500, 1_800);
        assert_eq!(found(&[signal(&times, 1e-4, 0.1)], asked, ALL), Some((1_000, 1_990)));
    }

    #[test]
    fn a_gap_of_the_export_does_not_split_an_incident() {
        let times: Vec<i64> = (1_000..1_100).step_by(10).chain((9_000..9_100).step_by(10)).collect();
        let signals = [signal(&times, 1e-4, 0.1)];
        assert_eq!(found(&signals, window(1_000, 1_050), ALL), Some((1_000, 1_090)));
        let holes = [(0, 1_100 * S), (8_990 * S, 10_000 * S)];
        assert_eq!(found(&signals, window(1_000, 1_050), &holes), Some((1_000, 9_090)));
    }

    #[test]
    fn many_events_of_one_moment_stay_one_moment() {
        let signals = [signal(&vec![70; 100_000], 1e-6, 1e6)];
        assert_eq!(found(&signals, window(0, 100), ALL), Some((70, 70)));
    }

    #[test]
    fn a_silence_lies_between_the_events_around_it() {
        let times: Vec<i64> = (0..100).chain(400..500).map(|at| at * S).collect();
        assert_eq!(silence(&times, window(150, 300), window(0, 600)), Some((99 * S, 400 * S)));
        assert_eq!(silence(&[], window(0, 10), window(0, 600)), None);
        assert_eq!(silence(&[5 * S], window(10, 20), window(0, 600)), Some((5 * S, 600 * S)));
    }
}
