//! One question a file: what is there, how much of the window was seen, how often, what belongs together, how urgent.
//!
//! The functions take what the queries answered and the ledgers, and return plain data; nothing here knows templates'
//! algorithms, issues or documents. [`clusters`] comes first, because issues are matched to clusters before anything is
//! ranked; [`run`] then takes those links as plain data.

mod activity;
#[cfg(test)]
mod by_query;
mod cadence;
mod calibration;
mod changes;
mod cluster;
mod coverage;
mod deploy;
mod family;
mod fields;
mod filter;
mod fold;
mod history;
pub mod incident;
mod links;
mod parameters;
mod priority;
mod requests;
mod silence;
pub mod stats;
mod status;
mod streams;
mod traces;
mod units;
mod users;
mod values;

use std::collections::BTreeSet;

use rayon::prelude::*;
use thiserror::Error;

pub use crate::query::Example;
pub use activity::{Activity, activity, exposure};
pub use cadence::Cadence;
pub use calibration::Calibration;
pub use changes::{Change as ValueChange, NewValues, Run};
pub use cluster::{Cluster, ClusterKey, HttpStats, absent, clusters, quote, sizes};
pub use coverage::{CapCut, Coverage, MissingExport, ServiceCoverage, SeverityCoverage, coverage};
pub use deploy::{Canary, Change, Revisions};
pub(crate) use deploy::{MISSED, missed_before};
pub use family::{Exits, Family, FamilyKind, Role, Share, StartRows};
pub use fields::{Among, FieldSkew, Fields, field_skews, fields};
pub use filter::{Asked, explorer_url, fetch_command, logging_filter};
pub use history::{History, Runs};
pub use links::Link;
pub use parameters::{Parameter, Values, parameters, values};
pub use priority::{Priority, Term};
pub use requests::{Latencies, Latency, Route, RouteKey, latencies};
pub use silence::{Silent, missing_exports, silences};
pub use status::{Status, StatusOf, absent_days, active_period_start};
pub use users::name_users;
pub use values::{Changed, value_changes};

use crate::config::Config;
use crate::query::{ClusterRows, Engine, QueryError};
use crate::time::Window;

/// Why a window cannot be analysed.
#[derive(Debug, Error)]
pub enum AnalyzeError {
    /// A query failed, or answered with other columns than it promises.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// What is known of a cluster from the issues, as plain data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueTie {
    /// When the matching issue was closed as completed; `None` for open ones, but for those that we opened again.
    pub closed_ns: Option<i64>,
    /// Up to when the data reached that it was opened again for.
    pub reopened_ns: Option<i64>,
    /// End of the data that was last written about on it: the anchor that a slow change is seen against.
    pub acted_ns: Option<i64>,
    /// Number of the issue.
    pub number: u64,
}

/// The time before a window, as far as it is stored.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Its clusters, with their sizes only.
    pub clusters: Vec<Cluster>,
    /// What was covered of it.
    pub coverage: Coverage,
    /// When clusters were active, before the window and in it.
    pub history: History,
    /// Values in its messages, of the days next to the window.
    pub values: Values,
    /// Latencies of its requests, of the days next to the window.
    pub latencies: Latencies,
}

/// The analysis of one window.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Clusters, most urgent first.
    pub clusters: Vec<Ranked>,
    /// Families; members are indexes into `clusters`.
    pub families: Vec<Family>,
    /// Pairs of clusters that come together, in a family or not; indexes into `clusters`.
    pub links: Vec<Link>,
    /// What the rule for rising and falling clusters did in past weeks of this data.
    pub calibration: Option<Calibration>,
    /// Requests by route, most first.
    pub routes: Vec<Route>,
}

/// A cluster with everything that was concluded about it.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// The facts.
    pub cluster: Cluster,
    /// How often it came.
    pub cadence: Cadence,
    /// New, ongoing, gone …
    pub status: StatusOf,
    /// How urgent.
    pub priority: Priority,
    /// Index into the families.
    pub family: Option<usize>,
    /// Root, symptom or independent.
    pub role: Role,
    /// Share of its service's entries of this severity or worse, 0 to 1.
    pub share: f64,
    /// Entries per covered hour.
    pub rate_per_h: f64,
    /// Share of its route's requests answered 5xx, for requests.
    pub share_5xx: Option<f64>,
    /// The same of the hours from its first entry to its last, of a route that failed in some of the window's hours only.
    pub share_5xx_while: Option<f64>,
    /// Which revision it came or went with.
    pub revisions: Revisions,
    /// Presence in snapshots, where the exports are too short for rates.
    pub snapshots: Option<stats::fisher::Presence>,
}

/// Reads the rows that starts are made of. It comes before [`parameters`] and [`run`]: the messages that it meets are kept by
/// the engine, so that texts are read once.
pub fn start_rows(engine: &Engine, config: &Config) -> Result<StartRows, AnalyzeError> {
    family::start_rows(engine, &Exits::new(&config.exit))
}

/// Concludes everything about the clusters of a window; `rows` are those of [`start_rows`].
///
/// `ties` has an entry for each cluster, in the order of `clusters`; `before` is the time before the window. Clusters
/// without entries ([`absent`]) stand behind all others, or the families would point to the wrong ones.
pub fn run(
    engine: &Engine,
    rows: &StartRows,
    clusters: Vec<Cluster>,
    before: &Before,
    seen: &Coverage,
    ties: &[Option<IssueTie>],
    window: Window,
    config: &Config,
) -> Result<Analysis, AnalyzeError> {
    let quiet_days = f64::from(config.quiet_days.unwrap_or(status::QUIET_DAYS));
    // What stands together is found from rows, what changed from summaries: neither needs the other.
    let (tied, concluded) = rayon::join(
        || tied(engine, rows, &clusters, seen),
        || conclude(&clusters, before, seen, ties, window, quiet_days),
    );
    let Tied { mut families, mut links, failed_starts } = tied?;
    let Concluded { judgements, snapshots, revisions, calibration } = concluded;
    let routes = requests::routes(&clusters, before, seen);
    let shares = fold::shares(&clusters);
    let shares_5xx = fold::routes(&clusters);
    let shares_while = fold::shares_while(&clusters);
    let mut home: Vec<Option<usize>> = vec![None; clusters.len()];
    for (family, member) in
        families.iter().enumerate().flat_map(|(at, own)| own.members.iter().map(move |of| (at, *of)))
    {
        home[member].get_or_insert(family);
    }
    // Each of these is some kilobytes: they are made, thinned and brought into their order without standing there twice.
    let ranked: Vec<Option<Ranked>> = clusters
        .into_par_iter()
        .zip(judgements)
        .zip(revisions)
        .zip(snapshots)
        .enumerate()
        .map(|(at, (((cluster, judged), revisions), snapshots))| {
            let family = home[at];
            let role = family
                .map_or(Role::Independent, |found| if families[found].root == at { Role::Root } else { Role::Symptom });
            let hours = seen.hours_of(&cluster);
            let rate_per_h = if hours > 0.0 { cluster.entries as f64 / hours } else { 0.0 };
            let mut status = status::status(&cluster, judged, &revisions, ties.get(at).and_then(Option::as_ref));
            status.why.extend(snapshots.map(stats::fisher::Presence::told));
            let share_5xx = cluster.http.as_ref().and_then(|http| {
                shares_5xx.get(&(cluster.key.service.clone(), http.method.clone(), http.route.clone())).copied()
            });
            let facts = priority::Facts {
                cluster: &cluster,
                family: family.map(|found| &families[found]),
                role,
                failed_start: failed_starts.contains(&at),
                status: status.status,
                share: shares[at],
                rate_per_h,
                share_5xx,
                share_5xx_while: shares_while[at],
            };
            let priority = priority::priority(&facts, config);
            // Of what is not in the window, only what went away is told.
            let gone = matches!(status.status, Status::Quiet | Status::Resolved);
            (cluster.is_present() || gone || cluster.silent.is_some()).then(|| Ranked {
                cadence: cadence::cadence(&cluster.times_ns),
                status,
                priority,
                family,
                role,
                share: shares[at],
                rate_per_h,
                share_5xx,
                share_5xx_while: shares_while[at],
                revisions,
                snapshots,
                cluster,
            })
        })
        .collect();
    // What is left out has no entries, and so no family.
    let places = (0..).zip(&ranked).filter_map(|(at, found)| found.as_ref().map(|_| at)).collect::<Vec<usize>>();
    let mut ranked: Vec<Ranked> = ranked.into_iter().flatten().collect();
    let order = fold::order(&ranked);
    let mut place = vec![0; home.len()];
    for (new, old) in order.iter().enumerate() {
        place[places[*old]] = new;
    }
    fold::arrange(&mut ranked, order);
    for family in &mut families {
        family.root = place[family.root];
        family.members.iter_mut().for_each(|member| *member = place[*member]);
        family.shared = std::mem::take(&mut family.shared).into_iter().map(|(at, own)| (place[at], own)).collect();
        family.lags_ns = std::mem::take(&mut family.lags_ns).into_iter().map(|(at, lag)| (place[at], lag)).collect();
        let root = family.root;
        family.members.sort_by_key(|member| (*member != root, *member));
    }
    for link in &mut links {
        (link.a, link.b) = (place[link.a], place[link.b]);
    }
    links.sort_by_key(|link| (link.a, link.b));
    Ok(Analysis { clusters: ranked, families, links, calibration, routes })
}

/// Which clusters stand together.
struct Tied {
    families: Vec<Family>,
    links: Vec<Link>,
    /// Those that keep starts from succeeding.
    failed_starts: BTreeSet<usize>,
}

fn tied(engine: &Engine, rows: &StartRows, clusters: &[Cluster], seen: &Coverage) -> Result<Tied, AnalyzeError> {
    let loops = || {
        let starts = family::starts(rows);
        rayon::join(
            || family::crash_loops(clusters, rows, &starts, seen),
            || family::failing_starts(clusters, rows, &starts),
        )
    };
    let (traces, (mut families, failed_starts)) = rayon::join(|| traces::trace_rows(engine), loops);
    let traces = traces?;
    let roots: Vec<ClusterRows> = families.iter().map(|family| clusters[family.root].key.rows()).collect();
    let lived = engine.lived(&roots)?;
    for (family, root) in families.iter_mut().zip(&roots) {
        let half = lived.get(root).and_then(|lived| lived.get(lived.len() / 2));
        family.ran = half.is_some_and(|ns| *ns >= family::RAN_NS);
    }
    families.extend(traces::same_trace(clusters, &traces, &families));
    families.extend(traces::same_event(clusters, engine.shared_events()?, &families));
    let (on_instances, mut links) = links::same_instance(clusters, &traces, &families);
    families.extend(on_instances);
    let (preceding, pairs) = links::preceding(clusters, &families, seen);
    families.extend(preceding);
    links.extend(pairs);
    Ok(Tied { families, links, failed_starts })
}

/// What the summaries of a store say of clusters, in their order: all that needs no row.
#[derive(Debug, Clone)]
pub struct Concluded {
    /// The tests of their rates.
    pub judgements: Vec<stats::judge::Judgement>,
    /// Presence in snapshots, where the exports are too short for rates.
    pub snapshots: Vec<Option<stats::fisher::Presence>>,
    /// Which revision each came or went with.
    pub revisions: Vec<Revisions>,
    /// What the rule did in past weeks.
    pub calibration: Option<Calibration>,
}

/// Runs the statistics that stand on summaries alone: rates, change points, revisions, past windows.
pub fn conclude(
    clusters: &[Cluster],
    before: &Before,
    seen: &Coverage,
    ties: &[Option<IssueTie>],
    window: Window,
    quiet_days: f64,
) -> Concluded {
    let judged = history::judged(clusters, before, seen, ties, window, quiet_days);
    let (revisions, calibration) = rayon::join(
        || deploy::revisions(clusters, &before.history, &judged, window),
        || calibration::calibration(&judged),
    );
    Concluded { judgements: judged.judgements, snapshots: judged.snapshots, revisions, calibration }
}

/// Runs one of the project's own queries.
pub(crate) fn ask(engine: &Engine, name: &str) -> Result<crate::query::Table, AnalyzeError> {
    Ok(engine.answer(name)?)
}

/// Rows of the window by project, service, kind, severity and effective severity.
pub fn totals(engine: &Engine) -> Result<crate::query::Table, AnalyzeError> {
    ask(engine, "totals")
}
