//! Small charts: inline SVG with a text alternative for HTML, block characters for Markdown.
//!
//! No colour stands in a chart: classes are coloured by the style sheet, so light, dark and print agree with the text. What
//! no input covers is drawn apart from zero, because an export gap must not look like silence.

use std::fmt::Write as _;

use minijinja::HtmlEscape;

use super::{filters, safe};
use crate::report::v1::DayCount;
use crate::time::{SECOND_NS, day_from_name};

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

/// What one row of days counts: `UTC day`, or `8 UTC days` where the window is long.
pub(crate) fn unit(days: &[DayCount]) -> String {
    let length = |day: &DayCount| Some(day_from_name(day.last_day.as_deref()?)? - day_from_name(&day.day)? + 1);
    match days.first().and_then(length) {
        Some(n) => format!("{n} UTC days"),
        None => "UTC day".to_owned(),
    }
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
        "{} entries per {}, {} to {}, most on {} ({})",
        filters::count(total),
        unit(days),
        first.day,
        last.last_day.as_ref().unwrap_or(&last.day),
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
    let until = day.last_day.as_ref().map(|last| format!(" to {last}")).unwrap_or_default();
    format!("{}{until}: {} entries{gap}", day.day, filters::count(day.entries))
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
                hatch(&mut out, [x, 1.0, CELL - 1.5, 14.0]);
            }
            x += CELL;
        }
        at += length;
        x += GAP;
    }
    out.push_str("</svg>");
    out
}

/// One service of a [`timeline`]: rows a step.
#[derive(Debug, Clone, Copy)]
pub struct Lane<'a> {
    /// Service.
    pub name: &'a str,
    /// Rows.
    pub entries: &'a [u64],
    /// Of WARNING.
    pub warnings: &'a [u64],
    /// Of ERROR and above.
    pub errors: &'a [u64],
    /// Steps that were exported.
    pub covered: &'a [bool],
}

/// A moment drawn over all lanes.
#[derive(Debug, Clone)]
pub struct Mark {
    /// When, nanoseconds.
    pub at_ns: i64,
    /// A letter.
    pub label: String,
    /// What it stands for.
    pub text: String,
}

/// What a [`timeline`] shows; times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timeline<'a> {
    /// First moment, and the first after.
    pub span: (i64, i64),
    /// The window that was asked for.
    pub asked: (i64, i64),
    /// First and last event of the incident.
    pub extent: Option<(i64, i64)>,
    /// Seconds a step.
    pub step_s: u64,
    /// Services from above.
    pub lanes: &'a [Lane<'a>],
    /// Rollouts.
    pub marks: &'a [Mark],
}

/// Width of a timeline, of its names, and height of a lane.
const TIMELINE: f64 = 960.0;
const NAMES: f64 = 120.0;
const LANE: f64 = 52.0;

/// Rows per step and service as columns on a root scale, gaps of the export hatched, rollouts as lettered lines.
pub fn timeline(of: &Timeline<'_>) -> String {
    let steps = of.lanes.iter().map(|lane| lane.entries.len()).max().unwrap_or(0).max(1);
    let (top, wide) = (26.0, TIMELINE - NAMES - 8.0);
    let bottom = top + LANE * of.lanes.len() as f64;
    let x = |ns: i64| NAMES + position(of.span, ns) * wide;
    let mut out = String::new();
    // A short name, and all that it shows as its description: a page reads the one, a person may ask for the other.
    open(&mut out, TIMELINE, bottom + 30.0, "minutes", "Rows per step and service");
    let _ = write!(out, "<desc>{}</desc>", HtmlEscape(&safe::one_line(&timeline_words(of))));
    let (from, to) = (x(of.asked.0), x(of.asked.1));
    rect(&mut out, "asked", [from, top, (to - from).max(1.5), bottom - top], "the window asked for");
    for (at, lane) in of.lanes.iter().enumerate() {
        let base = top + LANE * (at + 1) as f64 - 4.0;
        let high = LANE - 12.0;
        let most = lane.entries.iter().max().copied().unwrap_or(0).max(1) as f64;
        let width = wide / steps as f64;
        let name = safe::cut(&safe::one_line(lane.name), 18);
        let _ = write!(
            out,
            "<text class=\"lane\" x=\"0\" y=\"{}\">{}</text>",
            filters::number(base - high / 2.0),
            HtmlEscape(&name)
        );
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{}\">at most {}</text>",
            filters::number(base - high / 2.0 + 11.0),
            filters::count(lane.entries.iter().max().copied().unwrap_or(0))
        );
        rect(&mut out, "track", [NAMES, base, wide, 1.0], "");
        for (start, end) in runs(lane.covered) {
            hatch(&mut out, [NAMES + start as f64 * width, base - high, (end - start) as f64 * width, high]);
        }
        for step in 0..lane.entries.len() {
            let (n, warnings, errors) = (lane.entries[step], lane.warnings[step], lane.errors[step]);
            if n == 0 {
                continue;
            }
            let place = NAMES + step as f64 * width;
            let mut bar = |class: &str, value: u64, title: &str| {
                let tall = ((value as f64 / most).sqrt() * high).max(1.0);
                let gap = if width > 2.5 { 0.6 } else { 0.0 };
                rect(&mut out, class, [place, base - tall, (width - gap).max(0.8), tall], title);
            };
            let moment =
                of.span.0 + i64::try_from(step).unwrap_or(0) * i64::try_from(of.step_s).unwrap_or(60) * SECOND_NS;
            let title =
                format!("{} {}: {n} rows, {warnings} WARNING, {errors} ERROR and above", lane.name, clock(moment));
            bar("h1", n, &title);
            if warnings + errors > 0 {
                bar("h3", warnings + errors, &title);
            }
            if errors > 0 {
                bar("h5", errors, &title);
            }
        }
    }
    if let Some((first, last)) = of.extent {
        rect(&mut out, "extent", [x(first), top - 4.0, (x(last) - x(first)).max(2.0), 3.0], "what the data shows");
    }
    let mut before = f64::MIN;
    for mark in of.marks {
        let at = x(mark.at_ns);
        // Letters that would lie on one another take the row above.
        let row = if at - before < 9.0 { 9.0 } else { 18.0 };
        before = at;
        rect(&mut out, "mark", [at - 0.5, row + 2.0, 1.0, bottom - row - 2.0], &mark.text);
        let _ = write!(
            out,
            "<text class=\"mark\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            filters::number(at),
            filters::number(row),
            HtmlEscape(&mark.label)
        );
    }
    for (ns, label) in ticks(of.span) {
        let at = x(ns);
        rect(&mut out, "track", [at, bottom, 1.0, 5.0], "");
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            filters::number(at.clamp(NAMES, TIMELINE - 16.0)),
            filters::number(bottom + 16.0)
        );
    }
    out.push_str("</svg>");
    out
}

/// `17:39`
fn clock(ns: i64) -> String {
    crate::time::rfc3339_seconds(ns)[11..16].to_owned()
}

/// Stretches of steps that were not exported.
fn runs(covered: &[bool]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for at in (0..covered.len()).filter(|at| !covered[*at]) {
        match out.last_mut() {
            Some(open) if open.1 == at => open.1 = at + 1,
            _ => out.push((at, at + 1)),
        }
    }
    out
}

/// Slanted lines over a place: not exported. A pattern would need an address, and pages have none.
fn hatch(out: &mut String, [x, y, width, height]: [f64; 4]) {
    const APART: f64 = 6.0;
    out.push_str("<path class=\"hatch\" d=\"");
    let mut start = x - height;
    while start < x + width {
        let (from, to) = (start.max(x), (start + height).min(x + width));
        if to > from {
            let at = |place: f64| y + height - (place - start);
            let n = filters::number;
            let _ = write!(out, "M{} {}L{} {}", n(from), n(at(from)), n(to), n(at(to)));
        }
        start += APART;
    }
    out.push_str("\"><title>not exported</title></path>");
}

/// Times written below a timeline: at most eight, on round minutes, hours or days.
fn ticks(span: (i64, i64)) -> Vec<(i64, String)> {
    const MINUTES: [i64; 12] = [1, 5, 10, 15, 30, 60, 120, 240, 480, 1_440, 2_880, 10_080];
    let length = span.1 - span.0;
    let fits = |own: &&i64| length / (**own * 60 * SECOND_NS) <= 8;
    let step = MINUTES.iter().find(fits).unwrap_or(&43_200) * 60 * SECOND_NS;
    let mut at = span.0.div_euclid(step) * step;
    let mut out = Vec::new();
    while at < span.1 {
        if at >= span.0 {
            let text = crate::time::rfc3339_seconds(at);
            out.push((
                at,
                if step < 1_440 * 60 * SECOND_NS { text[11..16].to_owned() } else { text[5..10].to_owned() },
            ));
        }
        at += step;
    }
    out
}

/// The sentence that says what a timeline shows.
fn timeline_words(of: &Timeline<'_>) -> String {
    let mut words = format!(
        "Rows per {} and service, {}",
        if of.step_s == 60 { "minute".to_owned() } else { filters::seconds(of.step_s as f64) },
        filters::span(&crate::time::rfc3339(of.span.0), &crate::time::rfc3339(of.span.1))
    );
    for lane in of.lanes {
        let (all, loud) = (lane.entries.iter().sum(), lane.warnings.iter().chain(lane.errors).sum());
        let _ = write!(
            words,
            "; {}: {} rows, {} of WARNING and above",
            lane.name,
            filters::count(all),
            filters::count(loud)
        );
        let loudest = (0..lane.entries.len()).max_by_key(|at| (lane.warnings[*at] + lane.errors[*at], usize::MAX - at));
        if let Some(at) = loudest.filter(|_| loud > 0) {
            let moment =
                of.span.0 + i64::try_from(at).unwrap_or(0) * i64::try_from(of.step_s).unwrap_or(60) * SECOND_NS;
            let _ = write!(words, ", most at {}Z", clock(moment));
        }
        let dark = lane.covered.iter().filter(|covered| !**covered).count();
        if dark > 0 {
            let _ = write!(words, ", {dark} of {} steps not exported", lane.covered.len());
        }
    }
    for mark in of.marks {
        let _ = write!(words, "; {}: {}", mark.label, mark.text);
    }
    words
}

/// The block character of a number against the greatest.
pub(crate) fn block(n: u64, most: u64) -> char {
    BLOCKS[usize::from(level(n, most, 8)) - 1]
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
            last_day: None,
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
    fn a_timeline_says_what_it_shows_hatches_gaps_and_stays_inside() {
        const MINUTE: i64 = 60 * SECOND_NS;
        let lane = Lane {
            name: "desk <b>",
            entries: &[3, 0, 40, 1],
            warnings: &[0, 0, 4, 0],
            errors: &[0, 0, 30, 0],
            covered: &[true, false, true, true],
        };
        let mark = Mark { at_ns: 2 * MINUTE, label: "A".into(), text: "r2 & more".into() };
        let svg = timeline(&Timeline {
            span: (0, 4 * MINUTE),
            asked: (MINUTE, 2 * MINUTE),
            extent: Some((2 * MINUTE, 2 * MINUTE)),
            step_s: 60,
            lanes: &[lane],
            marks: &[mark],
        });
        assert!(svg.contains("44 rows, 34 of WARNING and above, most at 00:02Z, 1 of 4 steps not exported"), "{svg}");
        assert!(svg.contains("class=\"hatch\"") && svg.contains("class=\"mark\"") && !svg.contains("<b>"));
        for x in svg.split(" x=\"").skip(1) {
            let x: f64 = x.split('"').next().and_then(|x| x.parse().ok()).expect("x");
            assert!((0.0..=TIMELINE).contains(&x));
        }
        let empty = Timeline { span: (0, 0), asked: (0, 0), extent: None, step_s: 60, lanes: &[], marks: &[] };
        assert!(timeline(&empty).contains("</svg>"));
        assert!(ticks((0, 3 * 60 * MINUTE)).len() <= 9 && ticks((0, 400 * 1_440 * MINUTE)).len() <= 16);
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
