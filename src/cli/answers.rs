//! What verbs print with `--json`, as one form each: agents and scripts read these, so that each has a schema.
//!
//! `report.json`, `actions.json`, the ingest report and the results have modules of their own; the small answers stand here.
//! `gardener schema NAME` prints their schemas, and a test holds what a run prints against them.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde_json::{Map, Value};

use super::args::SchemaName;
use crate::config::check::UnknownKey;
use crate::issue::MatchAnswer;
use crate::report::v1::{ActionRow, Cluster, FindingRow, Report};
use crate::report::v1_postmortem::{Point, Trigger};
use crate::report::v1_weekly::{Fix, WeekService};
use crate::store::{Pruned, Stats, Tidied};

/// Prints an answer: JSON on standard output, one value.
pub(crate) fn print(answer: &impl Serialize) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(super::context::unheard(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(answer)?))?)
}

/// `gardener run`, `worklog`, `weekly` and `postmortem --json`: where the documents are, and what their first lines say.
///
/// Lists are cut as in the documents, and say how much was left out; `report.json` in the folder `out` has everything.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Written<'a> {
    /// `worklog`, `weekly` or `postmortem`.
    pub(crate) document: &'a str,
    /// The folder that was written into.
    pub(crate) out: String,
    /// Which run this is.
    pub(crate) run_id: &'a str,
    /// First moment of the window, RFC 3339.
    pub(crate) since: &'a str,
    /// First moment after it.
    pub(crate) until: &'a str,
    /// Newest stored entry, or `--as-of`.
    pub(crate) data_up_to: &'a str,
    /// What of the window could be seen.
    pub(crate) coverage: Covered<'a>,
    /// What was found, most urgent first; a family counts once.
    pub(crate) findings: &'a [FindingRow],
    /// Findings that are not listed here.
    pub(crate) findings_left_out: usize,
    /// Planned actions; nothing was filed.
    pub(crate) actions: &'a [ActionRow],
    /// Actions that are not listed here.
    pub(crate) actions_left_out: usize,
    /// What only a retrospective has.
    #[serde(flatten)]
    pub(crate) weekly: Option<WrittenWeek<'a>>,
    /// What only a postmortem has.
    #[serde(flatten)]
    pub(crate) postmortem: Option<WrittenIncident<'a>>,
}

/// What of a window could be seen.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Covered<'a> {
    /// Least share over the severities of WARNING and above, 0 to 1.
    pub(crate) fraction: f64,
    /// Nothing is known to be missing.
    pub(crate) complete: bool,
    /// Why not.
    pub(crate) reasons: &'a [String],
    /// Commands that would fetch what is missing.
    pub(crate) fetch: &'a [String],
}

/// The first lines of a retrospective.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WrittenWeek<'a> {
    /// `2025-W38`
    pub(crate) week: &'a str,
    /// Services against the weeks before.
    pub(crate) services: &'a [WeekService],
    /// What became of issues that were closed lately.
    pub(crate) fixes: &'a [Fix],
}

/// The first lines of a postmortem.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WrittenIncident<'a> {
    /// What, since when, how far, what came before, how it ended.
    pub(crate) summary: &'a [Point],
    /// What came shortly before the first signal; candidates, never causes.
    pub(crate) triggers: &'a [Trigger],
    /// `yes`, `no` or `unknown`.
    pub(crate) recovered: &'a str,
    /// What only people know, and is still to be written into `notes.md`.
    pub(crate) blanks: Vec<&'a str>,
}

impl<'a> Written<'a> {
    /// The answer of a report, its lists cut at a limit.
    pub(crate) fn new(report: &'a Report, folder: &Path, limit: usize) -> Self {
        let (findings, actions) = (&report.summary.findings, &report.actions);
        Self {
            document: &report.run.document,
            out: folder.display().to_string(),
            run_id: &report.run.run_id,
            since: &report.window.since,
            until: &report.window.until,
            data_up_to: &report.run.data_up_to,
            coverage: Covered {
                fraction: report.coverage.fraction,
                complete: report.coverage.complete,
                reasons: &report.coverage.reasons,
                fetch: &report.coverage.fetch,
            },
            findings: &findings[..findings.len().min(limit)],
            findings_left_out: findings.len().saturating_sub(limit)
                + report.rest.as_ref().map_or(0, |rest| usize::try_from(rest.findings).unwrap_or(usize::MAX)),
            actions: &actions[..actions.len().min(limit)],
            actions_left_out: actions.len().saturating_sub(limit),
            weekly: report.weekly.as_ref().map(|weekly| WrittenWeek {
                week: &weekly.week,
                services: &weekly.services,
                fixes: &weekly.fixes,
            }),
            postmortem: report.postmortem.as_ref().map(|own| WrittenIncident {
                summary: &own.summary,
                triggers: &own.triggers,
                recovered: &own.recovery.recovered,
                blanks: own.blanks.iter().map(|blank| blank.key.as_str()).collect(),
            }),
        }
    }
}

/// `gardener explain ID --json`: the cluster as `report.json` has it, and its oldest entries.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explained<'a> {
    /// Everything known of it.
    #[serde(flatten)]
    pub(crate) cluster: &'a Cluster,
    /// Its oldest entries, as many as `--limit` says.
    pub(crate) first_entries: Vec<EntryRef>,
}

/// A stored entry, by what finds it again.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EntryRef {
    /// When, RFC 3339 with nine digits.
    pub(crate) timestamp: String,
    /// Envelope severity.
    pub(crate) severity: String,
    /// The exporter's id.
    #[serde(rename = "insertId")]
    pub(crate) insert_id: Option<String>,
    /// File it came from.
    pub(crate) file: String,
    /// Byte offset in that file.
    pub(crate) offset: i64,
}

/// `gardener show … --json`: entries in time order; `--format ndjson` prints one entry a line.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shown {
    /// What was looked for, in words.
    pub(crate) what: String,
    /// Template of the cluster that was asked for.
    pub(crate) template: Option<String>,
    /// The moment around which entries are shown.
    pub(crate) at: String,
    /// First moment looked at.
    pub(crate) since: String,
    /// First moment after.
    pub(crate) until: String,
    /// Entries that `--limit` left out.
    pub(crate) left_out: LeftOut,
    /// The entries; what an entry does not have is absent.
    pub(crate) entries: Vec<Map<String, Value>>,
}

/// Entries that were not shown, on either side.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LeftOut {
    /// Before the first one shown.
    pub(crate) earlier: u64,
    /// After the last one shown.
    pub(crate) later: u64,
}

/// A row of `gardener templates --json`.
#[derive(Debug, JsonSchema)]
#[allow(dead_code, reason = "the query answers with these columns; this is their schema")]
pub(crate) struct TemplateRow {
    /// 16 hex of the canonical text.
    template_id: String,
    /// Rows of the window.
    entries: u64,
    /// Distinct services.
    services: u64,
    /// Highest effective severity, Google's number.
    severity: i64,
    /// Oldest row, nanoseconds since 1970 UTC.
    first_ns: i64,
    /// Newest row.
    last_ns: i64,
    /// text, exception, request, json …
    form: String,
    /// Template with typed placeholders.
    template: String,
    /// One message of it.
    example: Option<String>,
}

/// A line of `gardener mine`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MinedLine<'a> {
    /// Line of the input, from 1.
    pub(crate) line: usize,
    /// Template id.
    pub(crate) id: &'a str,
    /// Template with typed placeholders.
    pub(crate) template: &'a str,
}

/// `gardener decide … --json`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Decided {
    /// The file that keeps the answer.
    pub(crate) decisions: String,
    /// Cluster id.
    pub(crate) cluster: String,
    /// Fingerprint that the answer is kept under.
    pub(crate) fingerprint: String,
    /// The answer in words.
    pub(crate) answer: String,
    /// `false` when the file said so already.
    pub(crate) changed: bool,
}

/// `gardener results … --json`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Returned {
    /// The report's folder.
    pub(crate) out: String,
    /// Rows read.
    pub(crate) rows: usize,
    /// Actions per status.
    pub(crate) statuses: BTreeMap<String, usize>,
    /// Rows about actions that the list does not hold.
    pub(crate) strangers: usize,
    /// Problems that the store knows as filed.
    pub(crate) links: usize,
}

/// `gardener config check --json`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// The file.
    pub(crate) configuration: String,
    /// Whether it can be used.
    pub(crate) valid: bool,
    /// What each rule matches in the store; absent without a store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rules: Option<Vec<Value>>,
    /// Keys that no part of the configuration has.
    pub(crate) unknown: Vec<UnknownKey>,
    /// What is wrong with it.
    pub(crate) problems: Vec<String>,
}

/// `gardener store … --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum StoreAnswer {
    /// `stats`
    Stats(Stats),
    /// `files`
    Files {
        /// Paths of the live Parquet files.
        files: Vec<String>,
    },
    /// `digest`
    Digest {
        /// One hash over the distinct rows and the sketches.
        digest: String,
    },
    /// `verify`
    Verified {
        /// Whether every file holds what was written.
        sound: bool,
        /// Damaged files.
        defects: Vec<DamagedFile>,
    },
    /// `prune`
    Pruned {
        /// What went, or would go.
        #[serde(flatten)]
        pruned: Pruned,
        /// Nothing was removed.
        dry_run: bool,
    },
    /// `tidy`
    Tidied {
        /// What went, or would go.
        #[serde(flatten)]
        tidied: Tidied,
        /// Nothing was removed.
        dry_run: bool,
    },
}

/// A file that does not hold what was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DamagedFile {
    /// Its path.
    pub(crate) path: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// `gardener query --json`, without a query: what can be asked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NamedQuery {
    /// Name for `gardener query NAME`.
    pub(crate) name: &'static str,
    /// The question it answers.
    pub(crate) question: String,
}

/// The schema of a small answer; `None` for the documents, which have modules of their own.
pub(crate) fn schema(name: SchemaName) -> Option<Schema> {
    Some(match name {
        SchemaName::Written => schema_for!(Written<'_>),
        SchemaName::Explain => schema_for!(Explained<'_>),
        SchemaName::Show => schema_for!(Shown),
        SchemaName::Templates => schema_for!(Vec<TemplateRow>),
        SchemaName::Mine => schema_for!(MinedLine<'_>),
        SchemaName::Match => schema_for!(MatchAnswer),
        SchemaName::Decide => schema_for!(Decided),
        SchemaName::Returned => schema_for!(Returned),
        SchemaName::ConfigCheck => schema_for!(Checked),
        SchemaName::Store => schema_for!(StoreAnswer),
        SchemaName::Queries => schema_for!(Vec<NamedQuery>),
        _ => return None,
    })
}
