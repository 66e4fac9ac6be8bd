//! What people wrote beside a report: headings of `notes.md` name a section or an id, the text below belongs there.
//!
//! Nothing of it is ever lost: what stands under no known heading goes to the end of the document.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::report::v1::Report;

/// Sections of a document that take remarks, by the heading to write.
pub(super) fn sections(report: &Report) -> &'static [&'static str] {
    match &report.weekly {
        Some(_) => {
            &["Summary", "Did the fixes hold?", "Changes", "Drifts", "Deploys", "Requests", "Open issues", "Not seen"]
        }
        None => &["Summary", "Timeline", "Deploys", "Data quality", "Risk assessment", "Next steps"],
    }
}

/// Remarks by section; every section has a place.
pub(super) type Sections = BTreeMap<String, Option<String>>;

/// Remarks by heading.
#[derive(Debug, Default)]
pub(super) struct Notes {
    by_heading: BTreeMap<String, String>,
    order: Vec<String>,
}

impl Notes {
    /// Reads `notes.md`; comments of HTML are hints of ours and dropped, headings without text too.
    pub(super) fn read(text: Option<&str>) -> Self {
        let mut notes = Self::default();
        let mut heading = String::new();
        let mut fence = false;
        for line in without_comments(text.unwrap_or_default()).lines() {
            fence ^= line.starts_with("```");
            if let Some(rest) = line.strip_prefix('#').filter(|_| !fence) {
                rest.trim_start_matches('#').trim().clone_into(&mut heading);
            } else {
                let body = notes.by_heading.entry(heading.clone()).or_default();
                body.push_str(line);
                body.push('\n');
                if !notes.order.contains(&heading) {
                    notes.order.push(heading.clone());
                }
            }
        }
        notes.by_heading.retain(|_, body| !body.trim().is_empty());
        notes
    }

    /// The remark under the heading that starts with `key`'s first word or equals it.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self
            .by_heading
            .iter()
            .find(|(heading, _)| heading.eq_ignore_ascii_case(key) || heading.split_whitespace().next() == Some(key));
        found.map(|(_, body)| body.trim())
    }

    /// Remarks under headings that are not told elsewhere, in order.
    pub(super) fn rest(&self, is_told: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let rest = self.order.iter().filter(|heading| !is_told(heading));
        rest.filter_map(|heading| Some((heading.clone(), self.by_heading.get(heading)?.trim().to_owned()))).collect()
    }

    /// Remarks of sections by their name, and in order those that belong to nothing shown.
    pub(super) fn split(&self, report: &Report) -> (Sections, Vec<(String, String)>) {
        let names = sections(report);
        let key = |name: &str| name.to_lowercase().replace(' ', "_").replace('?', "");
        let sections = names.iter().map(|name| (key(name), self.get(name).map(str::to_owned))).collect();
        let ids: BTreeSet<&str> = report.clusters.iter().map(|c| c.id.as_str()).collect();
        let known = |heading: &str| {
            names.iter().any(|name| name.eq_ignore_ascii_case(heading))
                || heading.split_whitespace().next().is_some_and(|word| ids.contains(word))
        };
        (sections, self.rest(known))
    }
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// What `notes.md` holds when it is created: empty places for remarks on sections and on the clusters with findings.
pub fn notes_skeleton(report: &Report) -> String {
    if let Some(section) = &report.postmortem {
        return super::postmortem::skeleton(section);
    }
    let document = match report.run.document.as_str() {
        "weekly" => "weekly retrospective",
        other if !other.is_empty() => other,
        _ => "worklog",
    };
    let mut out = format!(
        "<!-- Remarks on this {document}. They are merged into the documents whenever those are rendered again.\n\
         Write below a heading; a heading is a section's name or the id of a cluster. -->\n",
    );
    for name in sections(report) {
        let _ = write!(out, "\n## {name}\n");
    }
    for row in &report.summary.findings {
        let _ = write!(out, "\n## {}\n", row.cluster);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::v1::Cluster;

    #[test]
    fn a_remark_finds_its_place_and_none_is_lost() {
        let notes = Notes::read(Some(
            "hello\n<!-- hint -->\n## Summary\nSeen by Ann.\n\n## C1 crash\nfixed\n```\n# not a heading\n```\n## C9\nold\n## Timeline\n\n",
        ));
        let cluster = Cluster { id: "C1".into(), ..Cluster::default() };
        let report = Report { clusters: vec![cluster], ..Report::default() };
        let (sections, rest) = notes.split(&report);
        assert_eq!(sections["summary"].as_deref(), Some("Seen by Ann."));
        assert_eq!(sections.values().flatten().count(), 1);
        assert_eq!(notes.get("C1"), Some("fixed\n```\n# not a heading\n```"));
        assert_eq!(rest, [(String::new(), "hello".to_owned()), ("C9".to_owned(), "old".to_owned())]);
    }

    #[test]
    fn an_untouched_skeleton_adds_nothing() {
        let notes = Notes::read(Some(&notes_skeleton(&Report::default())));
        let (sections, rest) = notes.split(&Report::default());
        assert!(sections.values().all(Option::is_none) && rest.is_empty());
    }
}
