//! Small charts: inline SVG with a text alternative for HTML, block characters for Markdown.
//!
//! No colour stands in a chart: classes are coloured by the style sheet, so light, dark and print agree with the text. What
//! no input covers is drawn apart from zero, because an export gap must not look like silence.

use std::fmt::Write as _;

use minijinja::HtmlEscape;

use super::{filters, safe};
use crate::report::v1::DayCount;

/// Width of a strip over the window, in user units.
const STRIP: f64 = 320.0;
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

fn open(out: &mut String, width: f64, height: f64, class: &str, label: &str) {
    let label = safe::one_line(label);
    let label = HtmlEscape(&label);
    let _ = write!(
        out,
        "<svg class=\"chart {class}\" preserveAspectRatio=\"{fit}\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"{label}\"><title>{label}</title>",
        // Without text in it a strip may be stretched to its place.
        fit = if class == "covered" { "none" } else { "xMinYMid" },
        w = filters::number(width),
        h = filters::number(height),
    );
}

fn rect(out: &mut String, class: &str, place: [f64; 4], title: &str) {
    let [x, y, width, height] = place.map(filters::number);
    let _ = write!(out, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">");
    if !title.is_empty() {
        let _ = write!(out, "<title>{}</title>", HtmlEscape(&safe::one_line(title)));
    }
    out.push_str("</rect>");
}

/// The sentence that says what a row of days shows.
pub(crate) fn days_words(days: &[DayCount]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return "no days".to_owned();
    };
    let most = days.iter().max_by(|a, b| a.entries.cmp(&b.entries).then_with(|| b.day.cmp(&a.day))).unwrap_or(first);
    let dark = days.iter().filter(|day| !day.covered).count();
    let total: u64 = days.iter().map(|day| day.entries).sum();
    let mut words = format!(
        "{} entries per UTC day, {} to {}, most on {} ({})",
        filters::count(total),
        first.day,
        last.day,
        most.day,
        filters::count(most.entries)
    );
    if dark > 0 {
        let _ = write!(words, ", {dark} of {} days not covered", days.len());
    }
    words
}

fn day_title(day: &DayCount) -> String {
    let gap = if day.covered { "" } else { ", not covered" };
    format!("{}: {} entries{gap}", day.day, filters::count(day.entries))
}

/// One cell a UTC day, darker with more entries (five steps on a root scale).
pub fn heat_strip(days: &[DayCount]) -> String {
    let cell = if days.len() > 31 { 8.0 } else { 14.0 };
    let most = days.iter().map(|day| day.entries).max().unwrap_or(0);
    let mut out = String::new();
    open(&mut out, days.len() as f64 * cell, 16.0, "heat", &days_words(days));
    for (at, day) in days.iter().enumerate() {
        let class = match (day.entries, day.covered) {
            (0, false) => "dark".to_owned(),
            (0, true) => "h0".to_owned(),
            (n, _) => format!("h{}", level(n, most, 5)),
        };
        rect(&mut out, &class, [at as f64 * cell + 0.5, 1.0, cell - 1.5, 14.0], &day_title(day));
    }
    out.push_str("</svg>");
    out
}

/// 1 to `steps` by the square root of the share of the greatest.
fn level(n: u64, most: u64, steps: u8) -> u8 {
    let share = (n as f64 / most.max(1) as f64).sqrt();
    (1..=steps).find(|step| share <= f64::from(*step) / f64::from(steps)).unwrap_or(steps)
}

/// One column a UTC day, height by entries.
pub fn day_bars(days: &[DayCount]) -> String {
    let most = days.iter().map(|day| day.entries).max().unwrap_or(0).max(1) as f64;
    let step = (640.0 / days.len().max(1) as f64).clamp(6.0, 92.0);
    let mut out = String::new();
    open(&mut out, step * days.len() as f64, 96.0, "bars", &days_words(days));
    for (at, day) in days.iter().enumerate() {
        let x = at as f64 * step + 1.0;
        if !day.covered {
            rect(&mut out, "dark", [x, 0.0, step - 2.0, 80.0], &day_title(day));
        }
        let high = if day.entries == 0 { 0.0 } else { (day.entries as f64 / most * 78.0).max(1.5) };
        rect(&mut out, "bar", [x, 80.0 - high, step - 2.0, high], &day_title(day));
        if step >= 30.0 {
            let _ = write!(
                out,
                "<text x=\"{}\" y=\"93\" text-anchor=\"middle\">{}</text>",
                filters::number(x + step / 2.0 - 1.0),
                HtmlEscape(day.day.get(5..).unwrap_or(""))
            );
        }
    }
    out.push_str("</svg>");
    out
}

/// Where something lies in the window: a band from first to last, a tick for each known moment. All in nanoseconds.
pub fn moments(window: (i64, i64), band: (i64, i64), ticks: &[i64], label: &str) -> String {
    let mut out = String::new();
    open(&mut out, STRIP, 16.0, "moments", label);
    rect(&mut out, "track", [0.0, 7.0, STRIP, 2.0], "");
    let at = |ns: i64| position(window, ns) * STRIP;
    rect(&mut out, "band", [at(band.0), 5.0, (at(band.1) - at(band.0)).max(2.0), 6.0], "");
    for tick in ticks {
        rect(&mut out, "tick", [(at(*tick) - 0.75).clamp(0.0, STRIP - 1.5), 1.0, 1.5, 14.0], "");
    }
    out.push_str("</svg>");
    out
}

/// Which parts of the window are covered. All in nanoseconds.
pub fn covered(window: (i64, i64), parts: &[(i64, i64)], label: &str) -> String {
    let mut out = String::new();
    open(&mut out, STRIP, 12.0, "covered", label);
    rect(&mut out, "dark", [0.0, 1.0, STRIP, 10.0], "");
    for (from, to) in parts {
        let (from, to) = (position(window, *from) * STRIP, position(window, *to) * STRIP);
        rect(&mut out, "part", [from, 1.0, (to - from).max(1.0).min(STRIP - from.min(STRIP - 1.0)), 10.0], "");
    }
    out.push_str("</svg>");
    out
}

fn position(window: (i64, i64), ns: i64) -> f64 {
    let length = (window.1 - window.0).max(1) as f64;
    ((ns - window.0) as f64 / length).clamp(0.0, 1.0)
}

/// As [`spark_text`], with a bar between weeks of these numbers of days; heights compare over all of them.
pub fn spark_weeks(days: &[DayCount], lengths: &[usize]) -> String {
    let mut blocks = spark_text(days).chars().collect::<Vec<_>>().into_iter();
    let weeks: Vec<String> = lengths.iter().map(|n| blocks.by_ref().take(*n).collect()).collect();
    weeks.join("│")
}

/// Cells as of [`heat_strip`], with a gap between weeks; what no input covers is hatched.
pub fn week_strip(days: &[DayCount], lengths: &[usize]) -> String {
    const CELL: f64 = 9.0;
    const GAP: f64 = 4.0;
    let most = days.iter().map(|day| day.entries).max().unwrap_or(0);
    let weeks = lengths.len().saturating_sub(1) as f64;
    let mut out = String::new();
    open(&mut out, days.len() as f64 * CELL + weeks * GAP, 16.0, "heat", &days_words(days));
    let mut at = 0;
    let mut x = 0.5;
    for length in lengths {
        for day in days.iter().skip(at).take(*length) {
            let class = match (day.entries, day.covered) {
                (0, false) => "dark".to_owned(),
                (0, true) => "h0".to_owned(),
                (n, _) => format!("h{}", level(n, most, 5)),
            };
            rect(&mut out, &class, [x, 1.0, CELL - 1.5, 14.0], &day_title(day));
            if class == "dark" {
                let right = filters::number(x + CELL - 1.5);
                let left = filters::number(x);
                let _ = write!(out, "<path class=\"hatch\" d=\"M{left} 8L{right} 1M{left} 15L{right} 8\"/>");
            }
            x += CELL;
        }
        at += length;
        x += GAP;
    }
    out.push_str("</svg>");
    out
}

/// One block character a UTC day; `.` is a day without entries, `?` one that no input covers.
pub fn spark_text(days: &[DayCount]) -> String {
    let most = days.iter().map(|day| day.entries).max().unwrap_or(0);
    days.iter()
        .map(|day| match (day.entries, day.covered) {
            (0, false) => '?',
            (0, true) => '.',
            (n, _) => BLOCKS[usize::from(level(n, most, 8)) - 1],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(entries: &[u64], gap: usize) -> Vec<DayCount> {
        let day = |(at, n): (usize, &u64)| DayCount {
            day: format!("2025-09-{:02}", at + 1),
            entries: *n,
            covered: at != gap,
        };
        entries.iter().enumerate().map(day).collect()
    }

    #[test]
    fn a_gap_in_the_export_does_not_look_like_silence() {
        let days = days(&[0, 0, 1, 25, 100], 1);
        assert_eq!(spark_text(&days), ".?▁▄█");
        let svg = heat_strip(&days);
        assert!(svg.contains("class=\"dark\"") && svg.contains("class=\"h0\"") && svg.contains("class=\"h5\""));
        assert!(svg.contains(
            "aria-label=\"126 entries per UTC day, 2025-09-01 to 2025-09-05, most on 2025-09-05 (100), 1 of 5 days not covered\""
        ));
        assert!(svg.contains("<title>2025-09-02: 0 entries, not covered</title>"));
    }

    #[test]
    fn charts_stay_inside_their_frame_and_escape_their_labels() {
        let svg = moments((0, 100), (-5, 500), &[-1, 50, 100], "<b> & \u{202e}");
        assert!(svg.contains("&lt;b&gt; &amp; \\u202e") && !svg.contains("<b>"));
        for x in svg.split(" x=\"").skip(1) {
            let x: f64 = x.split('"').next().and_then(|x| x.parse().ok()).expect("x");
            assert!((0.0..=STRIP).contains(&x));
        }
        assert!(day_bars(&[]).contains("no days") && heat_strip(&[]).contains("no days"));
        assert!(covered((0, 100), &[(90, 200)], "x").contains("x=\"288\""));
    }
}
