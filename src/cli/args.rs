//! The command line as typed; nothing is resolved here.
//!
//! Help is written for somebody who has a folder of exported logs and has never seen this tool. Flags and configuration keys
//! are the same words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Offline batch analyzer over exported logs: worklogs and an issue action list, exact and reproducible.
#[derive(Debug, Parser)]
#[command(
    name = "gardener",
    version,
    about,
    long_about = "Reads exported logs (any JSON shape, gzip, zstd, UTF-16), keeps them deduplicated as Parquet, groups them by mined\n\
                  templates, and writes a worklog for people and an action list for a separate filing step.\n\
                  It never uses the network, and every number it prints is the result of a query.",
    after_help = "Start here:\n  gardener run exports/                       one folder of dumps to a worklog\n  \
                  gardener run exports/ --issues issues.json  and the actions against your tracker\n\n\
                  Exit codes: 0 done, 1 findings at or above --fail-on, 2 usage or configuration, 3 input, 4 store, 70 bug.",
    disable_help_subcommand = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every verb takes.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// Configuration file [default: gardener.toml, if it is here]
    #[arg(long, global = true, value_name = "FILE", env = "GARDENER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Worker threads [default: one a core]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Memory that reading dumps may take, about: rows beyond it wait on disk [default: 512MiB]
    #[arg(long, global = true, value_name = "SIZE", value_parser = size)]
    pub(crate) memory_limit: Option<usize>,
    /// Print only what was asked for, and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say more on stderr; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The result as JSON on stdout, everything else on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress bars
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Exit 3 when an entry was malformed or had to be repaired
    #[arg(long, global = true)]
    pub(crate) strict: bool,
}

/// Least memory an ingest is held to: below it, nothing but waiting on disk would be done.
const MEMORY_MIN: usize = 64 << 20;

/// A size such as `512MiB`, `2GB` or a number of bytes.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim().len() - text.trim().trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.trim().split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(format!("{unit:?} is no unit: write 512MiB, 2GiB or a number of bytes")),
    };
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(factor));
    let bytes = bytes.ok_or_else(|| format!("{text:?} is no size: write 512MiB, 2GiB or a number of bytes"))?;
    if bytes < MEMORY_MIN { Err("less than 64MiB is too little to read dumps with".to_owned()) } else { Ok(bytes) }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The main job in one go: read dumps, analyze, write the worklog and the action list
    Run(RunArgs),
    /// Read dumps into a store and print what was read
    Ingest(IngestArgs),
    /// Worklog and action list for one window of what is stored
    Worklog(WorklogArgs),
    /// One week against the weeks before it: did the fixes hold, what is new, worse, gone
    Weekly(WeeklyArgs),
    /// One incident window against its baseline: what rose, what vanished, since when, what came before, how it ended
    Postmortem(PostmortemArgs),
    /// Run a named query or a .sql file over the store
    Query(QueryArgs),
    /// The mined templates with their counts
    Templates(TemplatesArgs),
    /// Which existing issue a message belongs to, and why
    Match(MatchArgs),
    /// Everything known of one cluster
    Explain(ExplainArgs),
    /// Take back what the filing step did, so that the next run knows it
    Results(ResultsArgs),
    /// Answer what waits for a person: which issue, a new one, never, or not now
    Decide(DecideArgs),
    /// The entries themselves around a cluster's first one, of a trace, or around a moment
    Show(ShowArgs),
    /// A good run against a bad one: what is new, gone, more or less frequent, which values changed
    Compare(CompareArgs),
    /// Whether gardener.toml is valid, and what each of its rules matches
    Config(ConfigArgs),
    /// Care of the store: its files, digest, figures, integrity
    Store(StoreArgs),
    /// Print a JSON Schema
    Schema {
        /// Which one
        #[arg(value_enum)]
        name: SchemaName,
    },
    /// Template per line of a plain text file
    #[command(display_order = 100)]
    Mine(MineArgs),
    /// On a cluster: dumps to sorted parts by day
    #[command(display_order = 101)]
    Shard(ShardArgs),
    /// On a cluster: the parts of one day to its rows and sketches
    #[command(display_order = 102)]
    Compact(CompactArgs),
    /// On a cluster: sketches to one, and at the end to the store's manifest
    #[command(display_order = 103)]
    Merge(MergeArgs),
    /// Shell completions
    #[command(display_order = 104)]
    Completions {
        /// Shell to write for
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The manual page
    #[command(display_order = 105)]
    Man,
}

/// How inputs are read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadArgs {
    /// For which rows the entry itself is kept
    #[arg(long, value_enum, default_value_t = Raw::Warning)]
    pub(crate) raw: Raw,
    /// Start of the window that the inputs cover, if you know it; times of text lines that lack the year are of it
    #[arg(long, value_name = "TIME", requires = "declared_until")]
    pub(crate) declared_since: Option<String>,
    /// End of the window that the inputs cover
    #[arg(long, value_name = "TIME", requires = "declared_since")]
    pub(crate) declared_until: Option<String>,
    /// Filter that the inputs were exported with
    #[arg(long, value_name = "FILTER", requires = "declared_since")]
    pub(crate) declared_filter: Option<String>,
    /// Plain text lines are entries
    #[arg(long)]
    pub(crate) text: bool,
    /// Read files again that the store knows by path, size and time
    #[arg(long)]
    pub(crate) rehash: bool,
    /// Keep credentials as they are: the store then holds secrets
    #[arg(long)]
    pub(crate) no_redact: bool,
}

/// Which part of the store is looked at.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Window")]
pub(crate) struct WindowArgs {
    /// First moment: RFC 3339, a date, or "2025-09-15 17:00 America/Los_Angeles"
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// First moment after the window
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// The last 15m, 1h, 12h, 2d, 7d before --as-of
    #[arg(long, value_name = "SPAN", conflicts_with_all = ["since", "until"])]
    pub(crate) last: Option<String>,
    /// Pretend that the data ends here [default: just after the newest stored entry]
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Only this service (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Vec<String>,
    /// Zone for display and for times typed without one
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
}

/// Where issues are filed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrackerArg {
    #[default]
    Github,
    Gitlab,
    Jira,
}

/// What reports are made with.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct ReportArgs {
    /// Issue export: FILE, or OWNER/REPO=FILE (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) issues: Vec<String>,
    /// When the issues were exported, if the file does not say
    #[arg(long, value_name = "TIME")]
    pub(crate) issues_exported_at: Option<String>,
    /// Whose limits bodies keep; calls are written for GitHub only
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub(crate) tracker: TrackerArg,
    /// Exit 3 when less than this share of the window is covered (0 to 1)
    #[arg(long, value_name = "F")]
    pub(crate) require_coverage: Option<f64>,
    /// Exit 1 when a finding has this priority or a more urgent one
    #[arg(long, value_name = "P1")]
    pub(crate) fail_on: Option<String>,
    /// Quote no entries, for documents that are passed on
    #[arg(long)]
    pub(crate) no_examples: bool,
    /// Folder whose files replace templates of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
    /// Overwrite documents that were changed by hand
    #[arg(long)]
    pub(crate) force: bool,
    /// Values are read for clusters with this beginning of an id also below WARNING, where reports do not need them.
    #[arg(skip)]
    pub(crate) variables_of: Option<String>,
}

/// `run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Files, folders, globs, or - for stdin
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Folder to write into [default: worklogs/<window and run id>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// `ingest`
#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Files, folders, globs, or - for stdin
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// `shard`
#[derive(Debug, Args)]
#[command(
    long_about = "First of the three steps of an ingest, for tasks of a cluster (docs/scale.md). Reads dumps and writes their \
                  rows as sorted parts, one set a day, into raw/ of the store's folder, with the books of what was read. \
                  Writes only files named by their content, so a task may be run again, or twice at a time. Prints one \
                  line: the receipt (`gardener schema receipt`). Any other exit code than 0 means: run it again."
)]
pub(crate) struct ShardArgs {
    /// Files, folders, globs
    #[arg(required = true, value_name = "FILE")]
    pub(crate) inputs: Vec<String>,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Files are named in reports as seen from this folder, as if it had been ingested
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// `compact`
#[derive(Debug, Args)]
#[command(
    long_about = "Second of the three steps of an ingest, for tasks of a cluster (docs/scale.md). Takes all parts of one UTC \
                  day, from every shard, and what the store has of it; writes the day's distinct rows, summaries and books. \
                  Parts may be named twice and may overlap. With --sort they only become one part: for a day with more parts \
                  than one task should open. Prints one line, the receipt."
)]
pub(crate) struct CompactArgs {
    /// Parts as receipts name them, or any path to them
    #[arg(required = true, value_name = "PART")]
    pub(crate) parts: Vec<String>,
    /// Their day, such as 2025-09-15, or none for rows without a time
    #[arg(long, value_name = "DAY")]
    pub(crate) day: String,
    /// Make one sorted part of them, to be compacted with others
    #[arg(long)]
    pub(crate) sort: bool,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

/// `merge`
#[derive(Debug, Args)]
#[command(
    long_about = "Last of the three steps of an ingest, for tasks of a cluster (docs/scale.md). Makes one sketch of several, \
                  in any order and grouping; naming one twice changes nothing, sketches that overlap in part are refused. \
                  With --publish the store's manifest is written: first it is checked that every row which a shard has read \
                  was compacted, and that no day of the store has changed since. Prints one line, the receipt."
)]
pub(crate) struct MergeArgs {
    /// Sketches as receipts of shard, compact and merge name them
    #[arg(required = true, value_name = "SKETCH")]
    pub(crate) sketches: Vec<String>,
    /// Write the manifest: from then on the store holds what the sketches say
    #[arg(long)]
    pub(crate) publish: bool,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

/// `worklog`
#[derive(Debug, Args)]
pub(crate) struct WorklogArgs {
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Folder to write into [default: worklogs/<window and run id>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// `weekly`
#[derive(Debug, Args)]
pub(crate) struct WeeklyArgs {
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Folder to write into [default: worklogs/weekly-<window and run id>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// ISO week; it begins on `week-starts` in `time-zone` of the configuration [default: the last complete one]
    #[arg(long, value_name = "2025-W37")]
    pub(crate) week: Option<String>,
    /// Plan actions and write actions.json, bodies/, review.md and apply.sh as well
    #[arg(long)]
    pub(crate) actions: bool,
    /// Pretend that the data ends here [default: just after the newest stored entry]
    #[arg(long, value_name = "TIME", help_heading = "Window")]
    pub(crate) as_of: Option<String>,
    /// Only this service (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Window")]
    pub(crate) service: Vec<String>,
    /// Zone of weeks and days, of display, and of times typed without one [default: `time-zone`, else UTC]
    #[arg(long, value_name = "ZONE", help_heading = "Window")]
    pub(crate) tz: Option<String>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// `postmortem`
#[derive(Debug, Args)]
#[command(
    long_about = "Compares the window of an incident with quiet times, and writes postmortem.md, postmortem.html and \
                  report.json: impact, timeline, first signal, trigger candidates, what rose, what vanished, how far it \
                  reached, recovery. What logs cannot know is left blank and asked for in notes.md; what is written there \
                  is merged whenever the document is made again, and never overwritten.\n\n\
                  Without a flag for it the baseline is the same hours of the days before and the two hours before, without \
                  the last 15 minutes: at least 10 times the window where that much is covered. Export all severities from \
                  2 h before to 1 h after the incident: without INFO, disappearances cannot be seen."
)]
pub(crate) struct PostmortemArgs {
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Folder to write into [default: worklogs/postmortem-<window and run id>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Start of the time to compare with
    #[arg(
        long,
        value_name = "TIME",
        requires = "baseline_until",
        conflicts_with = "baseline_revision",
        help_heading = "Baseline"
    )]
    pub(crate) baseline_since: Option<String>,
    /// First moment after it
    #[arg(long, value_name = "TIME", requires = "baseline_since", help_heading = "Baseline")]
    pub(crate) baseline_until: Option<String>,
    /// Compare with everything else that this revision wrote, its services only
    #[arg(long, value_name = "REVISION", help_heading = "Baseline")]
    pub(crate) baseline_revision: Option<String>,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// `query`
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Name of a query, or a .sql file; without it, the names are listed
    #[arg(value_name = "NAME_OR_FILE")]
    pub(crate) query: Option<String>,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Print tables and columns with their units
    #[arg(long)]
    pub(crate) tables: bool,
    /// Write the tables as Parquet into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) export: Option<PathBuf>,
    /// Leave `rows` out of the export: `gardener store files` names its files
    #[arg(long, requires = "export")]
    pub(crate) without_rows: bool,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
}

/// `templates`
#[derive(Debug, Args)]
pub(crate) struct TemplatesArgs {
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
}

/// `match`
#[derive(Debug, Args)]
pub(crate) struct MatchArgs {
    /// A message as it stands in a log
    #[arg(value_name = "MESSAGE", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) message: Option<String>,
    /// Issue export: FILE, or OWNER/REPO=FILE (repeatable)
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) issues: Vec<String>,
    /// NDJSON rows {"id","as_of","service","module","function","severity","message"}; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

/// `explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Cluster, family or fingerprint, also a unique beginning of one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Issue export: FILE, or OWNER/REPO=FILE (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) issues: Vec<String>,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Most entries, stacks and hosts listed, each
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
}

/// `results`
#[derive(Debug, Args)]
#[command(
    long_about = "Reads results.jsonl, which apply.sh writes, against the actions.json and report.json beside it. What was \
                  filed is kept in the store (state/issue_links.parquet), so that the next run comments only on what changed \
                  since, and creates nothing twice whatever export it is given. The section \"Processing results\" of \
                  worklog.md and worklog.html is written again; notes.md stays as it is. Taking the same file in twice \
                  changes nothing."
)]
pub(crate) struct ResultsArgs {
    /// Rows of the filing step; report.json and actions.json of its run stand beside it
    #[arg(value_name = "RESULTS.jsonl")]
    pub(crate) file: PathBuf,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Folder whose files replace templates of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
    /// Overwrite documents that were changed by hand
    #[arg(long)]
    pub(crate) force: bool,
}

/// `show`
#[derive(Debug, Args)]
#[command(
    long_about = "Prints entries of all services, interleaved in the order of time: 30 s before and after the first entry of \
                  a cluster, or of any moment; or all entries of a trace. What was asked for is marked with >. Mail and IP \
                  addresses are masked as in documents."
)]
pub(crate) struct ShowArgs {
    /// Cluster or family (also a unique beginning of its id), a time, a trace, or the insertId of an entry
    #[arg(value_name = "ID|TRACE|TIME")]
    pub(crate) what: String,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// How far to look before and after, such as 30s, 5m, 1h [default: 30s; of a trace: its own entries only]
    #[arg(long, value_name = "SPAN")]
    pub(crate) around: Option<String>,
    /// Only entries with the same trace, instance or service as the one asked for (all that are named)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub(crate) same: Vec<Same>,
    /// How entries are printed
    #[arg(long, value_enum, default_value_t = ShowFormat::Text)]
    pub(crate) format: ShowFormat,
    /// Most entries, the nearest in time
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) limit: usize,
    /// Most lines of one message below its first
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(crate) lines: usize,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
}

/// What entries must share with the one asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Same {
    /// The request
    Trace,
    /// The instance, pod or container
    Instance,
    /// The service
    Service,
}

impl Same {
    /// Its column.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Instance => "instance",
            Self::Service => "service",
        }
    }
}

/// How `show` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// For people
    Text,
    /// One JSON object a line
    Ndjson,
}

/// `compare`
#[derive(Debug, Args)]
#[command(
    long_about = "Compares two inputs: files, folders and globs (read into a store that goes away afterwards), a store, or \
                  STORE@REVISION. Rates are events per request, per trace, or per covered hour, whichever both sides know. \
                  What stands on one side only is always listed; what may be chance says so."
)]
pub(crate) struct CompareArgs {
    /// The good one: dumps, a store, or STORE@REVISION
    #[arg(value_name = "INPUT_A")]
    pub(crate) a: String,
    /// The bad one
    #[arg(value_name = "INPUT_B")]
    pub(crate) b: String,
    /// Write compare.md and compare.json into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Most rows of each list
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Only this service (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Vec<String>,
    /// Overwrite documents that were changed by hand
    #[arg(long)]
    pub(crate) force: bool,
}

/// `decide`
#[derive(Debug, Args)]
#[command(
    long_about = "Keeps an answer in decisions.toml, beside the configuration file, or without one beside the store. Every \
                  run reads it first: the answer holds for the fingerprint and its signatures until another one is given. \
                  The file is meant for version control, and may be edited by hand."
)]
#[command(group(clap::ArgGroup::new("answer").required(true).args(["issue", "new", "never", "mute"])))]
pub(crate) struct DecideArgs {
    /// Action, cluster or fingerprint, also a unique beginning of one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// It belongs to this issue
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) issue: Option<u64>,
    /// It is a problem of its own, and none of the issues that were named with it
    #[arg(long)]
    pub(crate) new: bool,
    /// It is never filed
    #[arg(long)]
    pub(crate) never: bool,
    /// It is left alone until a date, or until it gets worse (three times the events, a higher severity)
    #[arg(long, requires_all = ["reason", "owner", "until"])]
    pub(crate) mute: bool,
    /// Why it is muted
    #[arg(long, value_name = "TEXT", requires = "mute")]
    pub(crate) reason: Option<String>,
    /// Who answers for that
    #[arg(long, value_name = "NAME", requires = "mute")]
    pub(crate) owner: Option<String>,
    /// First day on which it counts again (2025-10-15), or never
    #[arg(long, value_name = "DATE", requires = "mute")]
    pub(crate) until: Option<String>,
    /// Folder of the report that names the ID [default: the newest one in worklogs/]
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

/// `config`
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Say what each rule matches in a store, and which match nothing; exit 2 when the file is not valid
    #[command(
        long_about = "Reads gardener.toml (or --config FILE) and holds each [[service]], [[impact]], [[rule]], [[mute]], \
                      [[shape]], [[set-aside]], [[exit]] and [redaction] pattern against everything stored: how many \
                      entries it matches, in which clusters or services. Rules that match nothing and mutes that have \
                      expired are named. Unknown keys are listed with their lines; exit 2 when the file is not valid."
    )]
    Check {
        /// Folder of the store [default: garden, or `store` of the configuration, if it is there]
        #[arg(long, value_name = "DIR")]
        store: Option<PathBuf>,
        /// Most clusters or services listed for a rule
        #[arg(long, value_name = "N", default_value_t = 5)]
        limit: usize,
    },
}

/// `store`
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
    /// Folder of the store [default: garden, or `store` of the configuration]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
}

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreAction {
    /// Print the live Parquet files
    Files {
        /// As CREATE VIEW statements for DuckDB
        #[arg(long)]
        duckdb: bool,
    },
    /// Print one hash over rows and sketches: equal inputs give equal digests
    Digest,
    /// Print figures
    Stats,
    /// Check every live file against the manifest
    Verify,
    /// Remove what the manifest does not name: leftovers of stopped runs, replaced files
    #[command(
        long_about = "Removes files in the store's folders that the manifest does not name: leftovers of stopped runs, and \
                      files that were replaced while somebody read them. An ingest does the same when it begins and ends, \
                      so this is for afterwards. Exits 4 while another process reads or writes the store."
    )]
    Tidy {
        /// Only count what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Drop whole UTC days before a date, for good
    #[command(
        long_about = "Drops the rows, summaries and books of all UTC days before DATE. It happens as a whole or not at all. \
                      state/pruned.json keeps which days went and how many rows they had.\n\n\
                      Pruned days stay away: a later ingest reads files that reach back before DATE, stores what lies after \
                      it, and counts the rest as set aside (`set_aside.pruned` with --json). Reports claim no coverage \
                      before DATE. Rows without a time stay. To look at pruned days again, ingest their dumps into another \
                      store; nothing brings them back into this one."
    )]
    Prune {
        /// First day that stays, such as 2025-09-15 (UTC)
        #[arg(long, value_name = "DATE")]
        before: String,
        /// Only say what would be dropped
        #[arg(long)]
        dry_run: bool,
    },
}

/// `mine`
#[derive(Debug, Args)]
pub(crate) struct MineArgs {
    /// Plain text, one message a line; - for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// How rows are printed
    #[arg(long, value_enum, default_value_t = MineFormat::Ndjson)]
    pub(crate) format: MineFormat,
}

/// For which rows the entry itself is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Raw {
    /// For none
    None,
    /// For WARNING and above, and the stacks and exceptions of their events (not for prose in them)
    #[default]
    Warning,
    /// For all
    All,
}

/// How tables are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// Comma separated
    Csv,
    /// One JSON array
    Json,
}

/// How `mine` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MineFormat {
    /// One JSON object a line
    Ndjson,
    /// Comma separated
    Csv,
}

/// Published schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// actions.json
    Actions,
    /// report.json
    Report,
    /// gardener.toml
    Config,
    /// A row of results.jsonl
    Results,
    /// gardener ingest --json
    Ingest,
    /// The line that shard, compact and merge print
    Receipt,
    /// gardener run, worklog, weekly and postmortem --json
    Written,
    /// gardener explain --json
    Explain,
    /// gardener show --json
    Show,
    /// gardener templates --json
    Templates,
    /// A line of gardener mine
    Mine,
    /// gardener match --json
    Match,
    /// gardener decide --json
    Decide,
    /// gardener results --json
    Returned,
    /// gardener config check --json
    ConfigCheck,
    /// gardener store … --json
    Store,
    /// gardener query --json, without a query
    Queries,
    /// gardener compare --json
    Compare,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
