//! The tables that queries see, made from a snapshot for one window and set of services.
//!
//! The scan is cut here, not in SQL: only files of the window's days are opened and rows are filtered by an integer, because
//! a join with `report_window` would prune nothing. Derived columns spare queries what the dialect cannot say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use polars::prelude::{DataType, Expr, LazyFrame, PlRefPath, PolarsResult, ScanArgsParquet, col, lit, when};

use super::rows::RowSource;
use super::table::{Data, Table};
use super::{QueryError, frame};
use crate::mine::{SigId, TemplateSet};
use crate::record::Severity;
use crate::record::ingest::{FileReport, Span};
use crate::store::{ROW_COLUMNS, Snapshot, SummaryFiles};
use crate::time::{self, DAY_NS, HOUR_NS, Window};

/// Services a query is limited to, case-folded; empty for all.
#[derive(Debug, Clone, Default)]
pub(super) struct Services(BTreeSet<String>);

impl Services {
    pub(super) fn new(services: &[String]) -> Self {
        Self(services.iter().map(|service| service.to_lowercase()).collect())
    }

    /// Whether none is named.
    pub(super) fn all(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn hold(&self, service: Option<&str>) -> bool {
        self.0.is_empty() || service.is_some_and(|service| self.0.contains(&service.to_lowercase()))
    }
}

fn name_of(column: &str) -> Expr {
    let names = Severity::ALL.into_iter().rev();
    names.fold(lit("DEFAULT"), |rest, severity| {
        when(col(column).eq(lit(severity.number()))).then(lit(severity.as_str())).otherwise(rest)
    })
}

/// `rows`: distinct entries of the window.
pub(super) fn rows(files: &[PathBuf], window: Window, services: &Services) -> PolarsResult<LazyFrame> {
    let all = if files.is_empty() {
        frame::empty(ROW_COLUMNS)?
    } else {
        // One scan over all files: over a union of scans the engine cannot count rows without 128-bit integers.
        let paths = files.iter().map(|file| PlRefPath::try_from_path(file)).collect::<PolarsResult<Vec<_>>>()?;
        // Names are plain paths: a `[` in a folder's name is no pattern.
        let args = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
        LazyFrame::scan_parquet_files(paths.into_iter().collect(), args)?
    };
    let mut kept = col("ts_ns").gt_eq(lit(window.since_ns)).and(col("ts_ns").lt(lit(window.until_ns)));
    if !services.0.is_empty() {
        let one = |service: &String| col("service").str().to_lowercase().eq(lit(service.as_str()));
        let any = services.0.iter().map(one).reduce(Expr::or).expect("the set is not empty");
        kept = kept.and(any);
    }
    let hours = || col("ts_ns").floor_div(lit(HOUR_NS));
    Ok(all.filter(kept).with_columns([
        col("ts_ns")
            .floor_div(lit(DAY_NS))
            .cast(DataType::Int32)
            .cast(DataType::Date)
            .dt()
            .to_string("%Y-%m-%d")
            .alias("day"),
        (hours() * lit(HOUR_NS)).alias("hour_ns"),
        (hours() - col("ts_ns").floor_div(lit(DAY_NS)) * lit(24_i64)).alias("hour"),
        name_of("severity").alias("severity_name"),
        name_of("effective_severity").alias("effective_severity_name"),
    ]))
}

/// `templates`: signature to template.
pub(super) fn templates(set: &TemplateSet) -> Table {
    let members: Vec<_> =
        set.iter().flat_map(|template| set.members(&template.id).iter().map(move |sig| (sig, template))).collect();
    let text = |of: &dyn Fn(usize) -> Option<String>| Data::Str((0..members.len()).map(of).collect());
    Table::new(vec![
        ("sig_id", text(&|at| Some(members[at].0.to_string()))),
        ("template_id", text(&|at| Some(members[at].1.id.clone()))),
        ("template", text(&|at| Some(members[at].1.text.clone()))),
        ("canonical", text(&|at| Some(members[at].1.canonical.clone()))),
        ("exception", text(&|at| members[at].1.exception.clone())),
        ("form", text(&|at| Some(members[at].1.form.as_str().to_owned()))),
    ])
}

/// A group of `summary`: template, project, service, kind, revision, hour.
type Group = (String, Option<String>, Option<String>, String, Option<String>, i64);

/// `summary`: rows per template, project, service, kind, revision and hour; joiners and frames are not in it.
///
/// Whole hours come from the sketches. An hour that the window cuts is counted from its rows. `all` holds every row stored.
pub(super) fn summary(
    files: &SummaryFiles,
    all: Option<Window>,
    source: &RowSource,
    count: impl Fn(Window) -> Result<Table, QueryError>,
) -> Result<Table, QueryError> {
    let Some(all) = all else { return Ok(summary_table(BTreeMap::new())) };
    let (window, services) = (source.window, &source.services);
    // Where no row lies outside, nothing is cut.
    let inner = (
        if window.since_ns <= all.since_ns { all.since_ns - all.since_ns.rem_euclid(HOUR_NS) } else { window.since_ns },
        if window.until_ns >= all.until_ns { all.until_ns.saturating_add(HOUR_NS) } else { window.until_ns },
    );
    let ids = &source.templates.ids;
    let template = |sig: SigId| source.templates.of(sig).map_or_else(|| sig.to_string(), |at| ids[at as usize].clone());
    let mut groups: BTreeMap<Group, i64> = BTreeMap::new();
    let mut cut: BTreeSet<i64> = BTreeSet::new();
    for row in files.read()? {
        if !services.hold(row.service.as_deref()) {
            continue;
        }
        for (hour, rows) in (0_i64..).zip(row.hours) {
            let start = time::day_start(row.day) + hour * HOUR_NS;
            if rows == 0 || start + HOUR_NS <= inner.0 || start >= inner.1 {
                continue;
            }
            if start < inner.0 || start + HOUR_NS > inner.1 {
                cut.insert(start);
                continue;
            }
            let group = (
                template(row.sig_id),
                row.project.clone(),
                row.service.clone(),
                row.kind.as_str().to_owned(),
                row.revision.clone(),
                start,
            );
            *groups.entry(group).or_insert(0) += i64::try_from(rows).unwrap_or(i64::MAX);
        }
    }
    for start in cut {
        let Ok(part) = Window::new(start.max(window.since_ns), (start + HOUR_NS).min(window.until_ns)) else {
            continue;
        };
        let counted = count(part)?;
        let (sig, project, service) = (counted.str("sig_id")?, counted.str("project")?, counted.str("service")?);
        let (kind, revision, rows) = (counted.str("kind")?, counted.str("revision")?, counted.i64("n")?);
        for at in 0..counted.len() {
            let sig = sig[at].as_deref().and_then(|hex| hex.parse().ok()).unwrap_or(SigId(0));
            let group = (
                template(sig),
                project[at].clone(),
                service[at].clone(),
                kind[at].clone().unwrap_or_default(),
                revision[at].clone(),
                start,
            );
            *groups.entry(group).or_insert(0) += rows[at].unwrap_or(0);
        }
    }
    Ok(summary_table(groups))
}

fn summary_table(groups: BTreeMap<Group, i64>) -> Table {
    let rows: Vec<(Group, i64)> = groups.into_iter().collect();
    let text = |of: &dyn Fn(&Group) -> Option<String>| Data::Str(rows.iter().map(|row| of(&row.0)).collect());
    Table::new(vec![
        ("template_id", text(&|group| Some(group.0.clone()))),
        ("project", text(&|group| group.1.clone())),
        ("service", text(&|group| group.2.clone())),
        ("kind", text(&|group| Some(group.3.clone()))),
        ("revision", text(&|group| group.4.clone())),
        ("hour_ns", Data::I64(rows.iter().map(|row| Some(row.0.5)).collect())),
        ("rows", Data::I64(rows.iter().map(|row| Some(row.1)).collect())),
    ])
}

/// `coverage`: first and last entry per file, service and severity, with what was declared and suspected.
pub(super) fn coverage(snapshot: &Snapshot, services: &Services) -> Table {
    let sources = snapshot.sources();
    let spans: Vec<(&FileReport, &Span)> = sources
        .iter()
        .flat_map(|source| source.spans.iter().map(|span| (&source.report, span)))
        .filter(|(_, span)| services.hold(Some(&span.service)))
        .collect();
    let text = |of: &dyn Fn(&FileReport, &Span) -> Option<String>| {
        Data::Str(spans.iter().map(|(report, span)| of(report, span)).collect())
    };
    let int = |of: &dyn Fn(&FileReport, &Span) -> Option<i64>| {
        Data::I64(spans.iter().map(|(report, span)| of(report, span)).collect())
    };
    let cap = |report: &FileReport, span: &Span| {
        let (caps, word) = (report.caps(), span.severity.as_str());
        let found =
            caps.iter().find(|cap| cap.severity == word).or_else(|| caps.iter().find(|cap| cap.severity == "ALL"))?;
        i64::try_from(found.rows).ok()
    };
    let moment = |text: &str| time::parse(text).map(|parsed| parsed.ns);
    let non_empty = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Table::new(vec![
        ("content_id", text(&|report, _| Some(report.content_id.clone()))),
        ("file", text(&|report, _| Some(report.path.clone()))),
        ("project", text(&|_, span| non_empty(&span.project))),
        ("service", text(&|_, span| non_empty(&span.service))),
        ("severity", int(&|_, span| Some(i64::from(span.severity.number())))),
        ("severity_name", text(&|_, span| Some(span.severity.as_str().to_owned()))),
        ("first_ns", int(&|_, span| Some(span.first_ns))),
        ("last_ns", int(&|_, span| Some(span.last_ns))),
        ("entries", int(&|_, span| i64::try_from(span.entries).ok())),
        ("declared_since_ns", int(&|report, _| moment(&report.declared_window.as_ref()?.since))),
        ("declared_until_ns", int(&|report, _| moment(&report.declared_window.as_ref()?.until))),
        ("declared_source", text(&|report, _| Some(report.declared_window.as_ref()?.source.clone()))),
        ("declared_filter", text(&|report, _| report.declared_window.as_ref()?.filter.clone())),
        ("cap_rows", int(&cap)),
    ])
}

/// `deploys`: one row per project and revision, first seen before the window's end.
pub(super) fn deploys(snapshot: &Snapshot, window: Window, services: &Services) -> Table {
    let deploys: Vec<_> = snapshot
        .deploys()
        .into_iter()
        .filter(|deploy| deploy.at_ns < window.until_ns && services.hold(deploy.service.as_deref()))
        .collect();
    let text = |of: &dyn Fn(usize) -> Option<String>| Data::Str((0..deploys.len()).map(of).collect());
    Table::new(vec![
        ("revision", text(&|at| Some(deploys[at].revision.clone()))),
        ("service", text(&|at| deploys[at].service.clone())),
        ("project", text(&|at| deploys[at].project.clone())),
        ("at_ns", Data::I64(deploys.iter().map(|deploy| Some(deploy.at_ns)).collect())),
        ("outcome", text(&|at| Some(deploys[at].outcome.clone()))),
        ("by_whom", text(&|at| deploys[at].by.clone())),
        ("message", text(&|at| deploys[at].message.clone())),
    ])
}

/// `report_window`: one row.
pub(super) fn report_window(window: Window) -> Table {
    Table::new(vec![
        ("since_ns", Data::I64(vec![Some(window.since_ns)])),
        ("until_ns", Data::I64(vec![Some(window.until_ns)])),
    ])
}
