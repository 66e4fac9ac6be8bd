//! What of a postmortem's section a document shows, and where a person's words go.
//!
//! As for the worklog, every choice stands here as a field: the report is never cut, a document is, and says so. A blank that
//! `notes.md` answers shows the answer; one that it does not shows its question.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::chart::{self, Lane, Mark, Timeline};
use super::cluster::{ClusterView, ns};
use super::common::{Common, Cut, services};
use super::filters;
use super::notes::Notes;
use super::safe;
use super::view::{RenderOptions, View};
use crate::report::v1::{Cluster, Report};
use crate::report::v1_postmortem::{
    Change, FieldSkew, Moment, ParameterChange, Postmortem, ServiceImpact, ServiceSeries,
};
use crate::time::{self, SECOND_NS};

/// Sections of a postmortem that take remarks, beside its blanks.
pub(super) const SECTIONS: [&str; 3] = ["Summary", "Timeline", "Data quality"];
/// Services drawn in the timeline.
const LANES: usize = 8;
/// Steps of a timeline in Markdown.
const COLUMNS: usize = 96;
/// Changed fields and values that are listed.
const VALUES: usize = 25;
/// Values of one field that are listed, of those with more and of those with less.
const PER_FIELD: usize = 3;
/// Entries quoted as supporting data.
const QUOTED: usize = 3;

/// Everything that the templates of a postmortem read.
#[derive(Debug, Serialize)]
pub(super) struct PostmortemView<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    p: &'a Postmortem,
    /// Services that the incident touched; all of the window where none did.
    services: Vec<&'a str>,
    /// Clusters with a row of their own: only they can be linked to.
    anchors: BTreeSet<&'a str>,
    rose: Cut<&'a Change>,
    fell: Cut<&'a Change>,
    fields: Cut<&'a FieldSkew>,
    values: Cut<&'a ParameterChange>,
    moments: Cut<&'a Moment>,
    service_rows: Cut<&'a ServiceImpact>,
    quoted: Vec<ClusterView<'a>>,
    blanks: BTreeMap<String, BlankView<'a>>,
    /// Blanks without an answer.
    open: Vec<&'a str>,
    /// Time from the first signal to the moment that the answer under "Detection" begins with.
    detection_lag: Option<String>,
    chart_svg: Option<String>,
    marks: Vec<(String, String)>,
    text_chart: Option<String>,
    notes: BTreeMap<String, Option<String>>,
    /// Remarks on clusters of the incident, then those that belong to nothing shown.
    other_notes: Vec<(String, String)>,
}

/// A blank with its answer.
#[derive(Debug, Serialize)]
struct BlankView<'a> {
    key: &'a str,
    hint: &'a str,
    text: Option<&'a str>,
}

/// `Root cause` as a key of a template: `root_cause`.
fn word(key: &str) -> String {
    key.to_lowercase().replace(' ', "_")
}

impl<'a> PostmortemView<'a> {
    pub(super) fn new(report: &'a Report, options: &RenderOptions<'a>, notes: &'a Notes, charts: bool) -> Option<Self> {
        let p = report.postmortem.as_ref()?;
        let ids: BTreeSet<&str> = p.rose.iter().chain(&p.fell).map(|change| change.cluster.as_str()).collect();
        let by_id: BTreeMap<&str, &Cluster> = report.clusters.iter().map(|c| (c.id.as_str(), c)).collect();
        let blanks: BTreeMap<String, BlankView> = p
            .blanks
            .iter()
            .map(|blank| {
                let text = notes.get(&blank.key);
                (word(&blank.key), BlankView { key: &blank.key, hint: &blank.hint, text })
            })
            .collect();
        let is_known = |heading: &str| {
            SECTIONS.iter().chain(&["Remarks"]).any(|name| name.eq_ignore_ascii_case(heading))
                || p.blanks.iter().any(|blank| blank.key.eq_ignore_ascii_case(heading))
        };
        let is_cluster = |heading: &str| heading.split_whitespace().next().is_some_and(|word| ids.contains(word));
        let touched: Vec<&str> = p.reach.iter().filter_map(|reach| reach.service.as_deref()).collect();
        let mut common = Common::new(report, options);
        // What a dump of another day was asked for says nothing of an incident.
        let quality = report.data_quality.iter().filter(|row| row.kind != "asked_window");
        common.quality_rows = Cut::new(quality, options.quiet);
        let marks = marks(p);
        let context = View::context(report, options, notes, charts);
        let mut other_notes = notes.rest(|heading| !is_cluster(heading));
        other_notes.extend(notes.rest(|heading| is_known(heading) || is_cluster(heading)));
        let quoted = p.rose.iter().filter_map(|change| by_id.get(change.cluster.as_str()).copied());
        Some(Self {
            common,
            p,
            services: if touched.is_empty() { services(report) } else { touched },
            anchors: p
                .rose
                .iter()
                .take(options.clusters)
                .chain(p.fell.iter().take(options.clusters))
                .map(|own| own.cluster.as_str())
                .collect(),
            rose: Cut::new(&p.rose, options.clusters),
            fell: Cut::new(&p.fell, options.clusters),
            service_rows: Cut::new(&p.services, options.services),
            fields: fields(&p.fields),
            values: Cut::new(&p.values, VALUES),
            moments: Cut::new(&p.moments, options.timeline),
            quoted: quoted
                .filter(|_| options.examples)
                .filter(|c| c.example.is_some())
                .take(QUOTED)
                .map(|c| context.cluster(c))
                .collect(),
            open: p
                .blanks
                .iter()
                .filter(|blank| notes.get(&blank.key).is_none())
                .map(|blank| blank.key.as_str())
                .collect(),
            detection_lag: detection_lag(p, notes),
            chart_svg: (charts && !p.series.services.is_empty()).then(|| svg(report, p, &marks)),
            marks: marks.iter().map(|mark| (mark.label.clone(), mark.text.clone())).collect(),
            text_chart: text_chart(report, p),
            notes: SECTIONS.iter().map(|name| (word(name), notes.get(name).map(str::to_owned))).collect(),
            other_notes,
            blanks,
        })
    }
}

/// Values that stand out, first those that there is more of; a field with hundreds of them does not hide the others.
fn fields(all: &[FieldSkew]) -> Cut<&FieldSkew> {
    let mut seen: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    let few = all.iter().filter(|own| {
        let n = seen.entry((&own.field, own.residual > 0.0)).or_default();
        *n += 1;
        *n <= PER_FIELD
    });
    let (more, less): (Vec<&FieldSkew>, Vec<&FieldSkew>) = few.partition(|own| own.residual > 0.0);
    let mut cut = Cut::new(more.into_iter().chain(less), VALUES);
    (cut.left, cut.total) = (all.len() - cut.rows.len(), all.len());
    cut
}

/// When people noticed, if the answer begins with a time.
fn detection_lag(p: &Postmortem, notes: &Notes) -> Option<String> {
    let text = notes.get("Detection")?;
    let first = ns(&p.signals.first()?.at)?;
    let at =
        text.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '.', '(', ')'])).find_map(|word| {
            // A date alone is no moment.
            word.contains('T').then(|| time::parse(word)).flatten()
        })?;
    let lag = at.ns - first;
    Some(if lag >= 0 {
        format!("{} after the first signal in the logs", time::words(lag))
    } else {
        format!("{} before the first signal in the logs", time::words(-lag))
    })
}

/// Rollouts around the window, by letters in order of time.
fn marks(p: &Postmortem) -> Vec<Mark> {
    p.rollouts
        .iter()
        .zip('A'..='Z')
        .filter_map(|(own, letter)| {
            let reported = own
                .reported
                .as_ref()
                .map_or_else(String::new, |at| format!(", deploy reported {} {}", own.outcome, filters::clock(at)));
            Some(Mark {
                at_ns: ns(&own.began)?,
                label: letter.to_string(),
                text: format!("{} {} from {}{reported}", own.service, own.revision, filters::time_words(&own.began)),
            })
        })
        .collect()
}

/// Services in the order in which they are drawn: those with something of WARNING or above, or most rows.
fn lanes(p: &Postmortem) -> impl Iterator<Item = &ServiceSeries> {
    p.series.services.iter().take(LANES)
}

fn svg(report: &Report, p: &Postmortem, marks: &[Mark]) -> String {
    let span = (ns(&p.series.since).unwrap_or(0), ns(&p.series.until).unwrap_or(1));
    let lanes: Vec<Lane> = lanes(p)
        .map(|own| Lane {
            name: &own.service,
            entries: &own.entries,
            warnings: &own.warnings,
            errors: &own.errors,
            covered: &own.covered,
        })
        .collect();
    chart::timeline(&Timeline {
        span,
        asked: (ns(&report.window.since).unwrap_or(span.0), ns(&report.window.until).unwrap_or(span.1)),
        extent: p.extent.as_ref().and_then(|own| Some((ns(&own.first)?, ns(&own.last)?))),
        step_s: p.series.step_s,
        lanes: &lanes,
        marks,
    })
}

/// The timeline in block characters: what is of WARNING and above, a service a line.
fn text_chart(report: &Report, p: &Postmortem) -> Option<String> {
    let (from, until) = (ns(&p.series.since)?, ns(&p.series.until)?);
    let step = i64::try_from(p.series.step_s).ok()? * SECOND_NS;
    let asked = (ns(&report.window.since)?, ns(&report.window.until)?);
    let inner = p.extent.as_ref().and_then(|own| Some((ns(&own.first)?, ns(&own.last)?))).unwrap_or(asked);
    // As much quiet time on both sides as makes the shape plain.
    let pad = ((asked.1.max(inner.1) - asked.0.min(inner.0)) / 2).max(12 * step);
    let view = ((asked.0.min(inner.0) - pad).max(from), (asked.1.max(inner.1) + pad).min(until));
    let first = usize::try_from((view.0 - from).div_euclid(step)).ok()?;
    let last = usize::try_from((view.1 - from + step - 1).div_euclid(step)).ok()?;
    let width = (last.saturating_sub(first)).div_ceil(COLUMNS).max(1);
    let name = lanes(p).map(|own| own.service.chars().count()).max()?.clamp(5, 24);
    let mut out = String::new();
    let start = from + i64::try_from(first).ok()? * step;
    let columns = last.saturating_sub(first).div_ceil(width);
    for own in lanes(p) {
        let cells: Vec<(u64, u64, bool)> = (0..columns)
            .map(|column| {
                let range = first + column * width..(first + (column + 1) * width).min(own.entries.len());
                let sum = |list: &[u64]| list.get(range.clone()).unwrap_or(&[]).iter().sum::<u64>();
                let covered = own.covered.get(range.clone()).unwrap_or(&[]).iter().any(|covered| *covered);
                (sum(&own.warnings) + sum(&own.errors), sum(&own.entries), covered)
            })
            .collect();
        let most = cells.iter().map(|cell| cell.0).max().unwrap_or(0);
        let line: String = cells
            .iter()
            .map(|(loud, entries, covered)| match (loud, entries, covered) {
                (0, 0, false) => '?',
                (0, 0, true) => ' ',
                (0, _, _) => '.',
                (n, _, _) => chart::block(*n, most),
            })
            .collect();
        let _ = writeln!(
            out,
            "{:<name$} |{line}| {} at most",
            safe::cut(&safe::visible(&own.service), name),
            filters::count(most)
        );
    }
    let at = |moment: i64| usize::try_from((moment - start).div_euclid(step)).unwrap_or(0) / width;
    let mut asked_line = vec![' '; columns];
    for cell in asked_line.iter_mut().take(at(asked.1 - 1) + 1).skip(at(asked.0)) {
        *cell = '^';
    }
    let _ = writeln!(out, "{:<name$} |{}|", "asked", asked_line.iter().collect::<String>());
    let mut marked = vec![' '; columns];
    for mark in marks(p).iter().filter(|mark| mark.at_ns >= start) {
        if let Some(cell) = marked.get_mut(at(mark.at_ns)) {
            *cell = if *cell == ' ' { mark.label.chars().next().unwrap_or('+') } else { '+' };
        }
    }
    if marked.iter().any(|cell| *cell != ' ') {
        let _ = writeln!(out, "{:<name$} |{}|", "rollouts", marked.iter().collect::<String>());
    }
    let end = start + i64::try_from(columns * width).unwrap_or(0) * step;
    let _ = write!(
        out,
        "{} to {}, {} a column",
        filters::time_words(&time::rfc3339(start)),
        filters::clock(&time::rfc3339(end)),
        filters::seconds((i64::try_from(width).unwrap_or(1) * step / SECOND_NS) as f64)
    );
    Some(out)
}

/// What `notes.md` beside a postmortem holds when it is created: a place for each blank, with its question.
pub(super) fn skeleton(p: &Postmortem) -> String {
    let mut out = String::from(
        "<!-- What only people know about this incident. It is merged into the postmortem whenever that is made again, and \
         never overwritten. Write below a heading; headings are those of the document, or the id of a cluster. -->\n",
    );
    for name in SECTIONS {
        let _ = write!(out, "\n## {name}\n");
    }
    for blank in &p.blanks {
        let _ = write!(out, "\n## {}\n<!-- {} -->\n", blank.key, blank.hint);
    }
    out
}
