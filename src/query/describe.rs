//! What each table of a query holds: columns, types, units.

use std::fmt::Write;

use crate::store::{ColumnType, ROW_COLUMNS};

/// A table that queries see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Name in SQL.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// (name, type, what stands in it) of each column.
    pub columns: Vec<(&'static str, &'static str, &'static str)>,
}

const ROWS_DERIVED: &[(&str, &str, &str)] = &[
    ("day", "text", "UTC day, YYYY-MM-DD"),
    ("hour_ns", "bigint", "start of the UTC hour, nanoseconds"),
    ("hour", "bigint", "UTC hour of the day, 0 to 23"),
    ("severity_name", "text", "DEFAULT to EMERGENCY"),
    ("effective_severity_name", "text", "DEFAULT to EMERGENCY"),
];
const TEMPLATES: &[(&str, &str, &str)] = &[
    ("sig_id", "text", "signature; joins rows.sig_id, one row a signature"),
    ("template_id", "text", "template, 16 hex"),
    ("template", "text", "the template, with typed placeholders"),
    ("canonical", "text", "the template that the id is a hash of"),
    ("exception", "text", "exception type"),
    ("form", "text", "text, exception, request, empty or json"),
];
const SUMMARY: &[(&str, &str, &str)] = &[
    ("template_id", "text", "template, 16 hex"),
    ("project", "text", "cloud project or account"),
    ("service", "text", "service"),
    ("kind", "text", "app, request, system, audit or build"),
    ("revision", "text", "deployed revision or version"),
    ("hour_ns", "bigint", "start of the UTC hour, nanoseconds"),
    ("rows", "bigint", "rows of the hour inside the window, joiners and frames left out"),
];
const COVERAGE: &[(&str, &str, &str)] = &[
    ("content_id", "text", "blake3 of the input, 64 hex; joins rows.file"),
    ("file", "text", "name of the input"),
    ("project", "text", "cloud project or account"),
    ("service", "text", "service"),
    ("severity", "bigint", "envelope severity, Google's numbers"),
    ("severity_name", "text", "DEFAULT to EMERGENCY"),
    ("first_ns", "bigint", "oldest entry, nanoseconds"),
    ("last_ns", "bigint", "newest entry, nanoseconds"),
    ("entries", "bigint", "entries before deduplication"),
    ("declared_since_ns", "bigint", "start of the window stated for the input, nanoseconds"),
    ("declared_until_ns", "bigint", "its end, nanoseconds"),
    ("declared_source", "text", "sidecar, flag, or file metadata (asked for, never covered)"),
    ("declared_filter", "text", "filter of the export"),
    ("cap_rows", "bigint", "row count that looks like a limit of the export, else null"),
];
const DEPLOYS: &[(&str, &str, &str)] = &[
    ("revision", "text", "revision"),
    ("service", "text", "service"),
    ("project", "text", "cloud project or account"),
    ("at_ns", "bigint", "first row that names it, nanoseconds"),
    ("outcome", "text", "ok, failed or unknown"),
    ("by_whom", "text", "who asked for it"),
    ("message", "text", "the platform's words"),
];
const REPORT_WINDOW: &[(&str, &str, &str)] = &[
    ("since_ns", "bigint", "first moment of the window, nanoseconds"),
    ("until_ns", "bigint", "first moment after it, nanoseconds"),
];

/// Every table, in the order in which people need them.
pub fn tables() -> Vec<TableInfo> {
    let word = |kind| match kind {
        ColumnType::Int64 => "bigint",
        ColumnType::Int32 => "integer",
        ColumnType::Text => "text",
        ColumnType::Bool => "boolean",
        ColumnType::Micros => "timestamp",
    };
    let stored = ROW_COLUMNS.iter().map(|spec| (spec.name, word(spec.kind), spec.about));
    let info = |name, about, columns: &[_]| TableInfo { name, about, columns: columns.to_vec() };
    vec![
        TableInfo {
            name: "rows",
            about: "one row per distinct entry of the window",
            columns: stored.chain(ROWS_DERIVED.iter().copied()).collect(),
        },
        info("templates", "signature to template", TEMPLATES),
        info("summary", "rows per template, project, service, kind, revision and hour", SUMMARY),
        info("coverage", "first and last entry per input, service and severity", COVERAGE),
        info("deploys", "one row per revision that a stored entry says was deployed before the window's end", DEPLOYS),
        info("report_window", "one row: the window", REPORT_WINDOW),
    ]
}

/// The same as text for a terminal.
pub fn tables_text() -> String {
    let mut out = String::new();
    for table in tables() {
        // Writing to a String cannot fail.
        writeln!(out, "{}: {}", table.name, table.about).ok();
        for (name, kind, about) in table.columns {
            writeln!(out, "  {name:<24} {kind:<10} {about}").ok();
        }
        out.push('\n');
    }
    out
}
