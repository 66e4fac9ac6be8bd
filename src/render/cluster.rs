//! What a document says of one cluster: counts in words, charts, variables, the command that reads its entries.
//!
//! Worklog and bodies say the same thing the same way, so the words are made here once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::common::Cut;
use super::notes::Notes;
use super::view::RenderOptions;
use super::{chart, filters, safe};
use crate::report::v1::{ActionRow, Cluster, Family, Parameter, Report};
use crate::time;

/// A cluster with what belongs to it.
#[derive(Debug, Serialize)]
pub(super) struct ClusterView<'a> {
    c: &'a Cluster,
    family: Option<&'a Family>,
    /// `ERROR 28, DEFAULT 8`
    severities: String,
    spark: Option<String>,
    svg: Option<String>,
    times: Cut<&'a str>,
    actions: Vec<&'a ActionRow>,
    parameters: Vec<String>,
    revisions: String,
    hosts: String,
    stacks: String,
    lines: String,
    example: Option<String>,
    example_cut: bool,
    gcloud: String,
    note: Option<&'a str>,
    owner: Option<&'a str>,
}

impl<'a> ClusterView<'a> {
    /// Its id, which is its place in the document.
    pub(super) fn id(&self) -> &'a str {
        &self.c.id
    }
}

/// DEFAULT 0 to EMERGENCY 8; unknown names count as DEFAULT.
pub(super) fn rank(severity: &str) -> usize {
    const NAMES: [&str; 9] =
        ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"];
    NAMES.iter().position(|name| name.eq_ignore_ascii_case(severity)).unwrap_or(0)
}

pub(super) fn ns(text: &str) -> Option<i64> {
    time::parse(text).map(|at| at.ns)
}

/// What every cluster of a document shares.
pub(super) struct Context<'a, 'b> {
    pub(super) report: &'a Report,
    pub(super) options: &'b RenderOptions<'a>,
    pub(super) notes: &'a Notes,
    pub(super) charts: bool,
    pub(super) window: (i64, i64),
}

impl<'a> Context<'a, '_> {
    pub(super) fn svg(&self, c: &Cluster) -> Option<String> {
        if c.trend.per_day.len() > 2 {
            return Some(chart::heat_strip(&c.trend.per_day));
        }
        let ticks: Vec<i64> = c.times.iter().filter_map(|text| ns(text)).collect();
        let band = (ns(&c.first)?, ns(&c.last)?);
        let label = format!("{} in the window: {}", filters::count(c.entries), filters::span(&c.first, &c.last));
        Some(chart::moments(self.window, band, &ticks, &label))
    }

    pub(super) fn cluster(&self, c: &'a Cluster) -> ClusterView<'a> {
        let example = c.example.as_ref().filter(|_| self.options.examples);
        let text = example.map(|e| e.json.as_deref().unwrap_or(&e.message));
        let shown = text.map(|text| safe::cut_entry(text, self.options.example_chars));
        ClusterView {
            c,
            family: c.family.as_ref().and_then(|id| self.report.families.iter().find(|f| f.id == *id)),
            severities: counts(&c.severities, true),
            spark: (c.trend.per_day.len() > 1).then(|| chart::spark_text(&c.trend.per_day)),
            svg: self.charts.then(|| self.svg(c)).flatten(),
            times: Cut::new(c.times.iter().map(String::as_str), self.options.times),
            actions: self.report.actions.iter().filter(|a| a.cluster == c.id).collect(),
            parameters: c.parameters.iter().filter(|p| tells(p)).map(parameter_words).collect(),
            revisions: counts(&c.revisions, false),
            hosts: c.http.as_ref().map(|http| counts(&http.hosts, false)).unwrap_or_default(),
            stacks: c
                .stacks
                .iter()
                .map(|s| format!("{} ({})", s.stack_id, filters::count(s.entries)))
                .collect::<Vec<_>>()
                .join(", "),
            lines: c.lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            example_cut: text.is_some_and(|text| shown.as_ref().is_some_and(|shown| shown.len() < text.len())),
            example: shown,
            gcloud: gcloud(c),
            note: self.notes.get(&c.id),
            owner: c.impact.as_ref().and_then(|i| i.owner.as_deref()).or_else(|| {
                self.report.services.iter().find(|row| row.service == c.service).and_then(|row| row.owner.as_deref())
            }),
        }
    }
}

/// The command that reads a cluster's entries where they came from; empty where they came from no Cloud Logging.
pub(super) fn gcloud(c: &Cluster) -> String {
    if c.filter.is_empty() {
        return String::new();
    }
    let project =
        if c.project.is_empty() { String::new() } else { format!(" --project={}", safe::shell_word(&c.project)) };
    format!("gcloud logging read {}{project} --format=json", safe::shell_word(&c.filter))
}

/// `a 28, b 8`: names with counts, most first, or most severe first.
pub(super) fn counts(map: &BTreeMap<String, u64>, severities: bool) -> String {
    let mut rows: Vec<_> = map.iter().filter(|(_, n)| **n > 0).collect();
    if severities {
        rows.sort_by_key(|(name, _)| std::cmp::Reverse(rank(name)));
    } else {
        rows.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    }
    let left = rows.len().saturating_sub(8);
    let mut words: Vec<String> =
        rows.iter().take(8).map(|(name, n)| format!("{name} {}", filters::count(**n))).collect();
    if left > 0 {
        words.push(format!("{left} more"));
    }
    words.join(", ")
}

/// Whether a variable says anything: a unit, a change, or few values.
fn tells(p: &Parameter) -> bool {
    p.drift.is_some() || p.median.is_some() || !p.top.is_empty()
}

/// `timeout (duration, s): 8 to 25, median 20; 3 distinct of 28`
pub(super) fn parameter_words(p: &Parameter) -> String {
    let name = p.name.clone().unwrap_or_else(|| format!("variable {}", p.slot + 1));
    let unit = p.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let mut facts = Vec::new();
    // Of a slot that holds words as well, the numbers are not all that it holds.
    let range = p.min.zip(p.max).filter(|(min, max)| min < max || p.distinct == 1);
    if let Some((min, max)) = range {
        let middle = p.median.map(|m| format!(", median {}{unit}", filters::number(m))).unwrap_or_default();
        let [min, max] = [min, max].map(filters::number);
        facts.push(if min == max { format!("always {min}{unit}") } else { format!("{min} to {max}{unit}{middle}") });
    } else if !p.top.is_empty() {
        let top: Vec<String> = p
            .top
            .iter()
            .take(3)
            .map(|v| format!("{} ({})", safe::cut(&safe::one_line(&v.value), 60), filters::count(v.n)))
            .collect();
        facts.push(format!("most often {}", top.join(", ")));
    }
    facts.push(format!("{} distinct of {}", filters::count(p.distinct), filters::count(p.n)));
    let mut words = format!("{name} ({}): {}", p.kind, facts.join("; "));
    if let Some(drift) = &p.drift {
        words = format!("{words}; {drift}");
    }
    words
}
