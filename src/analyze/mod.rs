//! One question a file: what is there, how much of the window was seen, how often, what belongs together, how urgent.
//!
//! The functions take what the queries answered and the ledgers, and return plain data; nothing here knows templates'
//! algorithms, issues or documents. [`clusters`] comes first, because issues are matched to clusters before anything is
//! ranked; [`run`] then takes those links as plain data.

#[cfg(test)]
mod by_query;
mod cadence;
mod cluster;
mod coverage;
mod family;
mod filter;
mod fold;
mod history;
mod parameters;
mod priority;
pub mod stats;
mod status;

use thiserror::Error;

pub use cadence::Cadence;
pub use cluster::{Cluster, ClusterKey, Example, HttpStats, absent, clusters, sizes};
pub use coverage::{CapCut, Coverage, ServiceCoverage, SeverityCoverage, coverage};
pub use family::{Exits, Family, FamilyKind, Role};
pub use filter::{explorer_url, fetch_command, logging_filter};
pub use history::History;
pub use parameters::{Parameter, parameters};
pub use priority::{Priority, Term};
pub use status::{Status, StatusOf, active_period_start};

use crate::config::Config;
use crate::query::{Engine, QueryError};
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
    /// When the matching issue was closed as completed; `None` for open ones.
    pub closed_ns: Option<i64>,
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
}

/// The analysis of one window.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Clusters, most urgent first.
    pub clusters: Vec<Ranked>,
    /// Families; members are indexes into `clusters`.
    pub families: Vec<Family>,
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
}

/// Concludes everything about the clusters of a window.
///
/// `ties` has an entry for each cluster, in the order of `clusters`; `before` is the time before the window. Clusters
/// without entries ([`absent`]) stand behind all others, or the families would point to the wrong ones.
pub fn run(
    engine: &Engine,
    clusters: Vec<Cluster>,
    before: &Before,
    seen: &Coverage,
    ties: &[Option<IssueTie>],
    window: Window,
    config: &Config,
) -> Result<Analysis, AnalyzeError> {
    let exits = Exits::new(&config.exit);
    let rows = family::start_rows(engine)?;
    let traces = family::trace_rows(engine)?;
    let mut families = family::crash_loops(&clusters, &rows, &exits, seen);
    let failed_starts = family::failing_starts(&clusters, &rows, &exits);
    families.extend(family::same_trace(&clusters, &traces, &families));
    let quiet_days = f64::from(config.quiet_days.unwrap_or(status::QUIET_DAYS));
    let judged = history::judged(&clusters, before, seen, window, quiet_days);
    let shares = fold::shares(&clusters);
    let routes = fold::routes(&clusters);
    let mut ranked: Vec<Ranked> = clusters
        .into_iter()
        .zip(judged)
        .enumerate()
        .map(|(at, (cluster, judged))| {
            let family = families.iter().position(|family| family.members.contains(&at));
            let role = family
                .map_or(Role::Independent, |found| if families[found].root == at { Role::Root } else { Role::Symptom });
            let hours = seen.hours_of(&cluster);
            let rate_per_h = if hours > 0.0 { cluster.entries as f64 / hours } else { 0.0 };
            let status = status::status(&cluster, judged, ties.get(at).and_then(Option::as_ref));
            let share_5xx = cluster.http.as_ref().and_then(|http| {
                routes.get(&(cluster.key.service.clone(), http.method.clone(), http.route.clone())).copied()
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
            };
            let priority = priority::priority(&facts, config);
            let cadence = cadence::cadence(&cluster.times_ns);
            Ranked { cadence, status, priority, family, role, share: shares[at], rate_per_h, share_5xx, cluster }
        })
        // Of what is not in the window, only what went away is told.
        .filter(|found| found.cluster.is_present() || matches!(found.status.status, Status::Quiet | Status::Resolved))
        .collect();
    let order = fold::order(&ranked);
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    for family in &mut families {
        family.root = place[family.root];
        family.members.iter_mut().for_each(|member| *member = place[*member]);
        family.lags_ns = std::mem::take(&mut family.lags_ns).into_iter().map(|(at, lag)| (place[at], lag)).collect();
        let root = family.root;
        family.members.sort_by_key(|member| (*member != root, *member));
    }
    let mut sorted: Vec<Option<Ranked>> = ranked.drain(..).map(Some).collect();
    let clusters = order.iter().filter_map(|old| sorted[*old].take()).collect();
    Ok(Analysis { clusters, families })
}

/// Runs one of the project's own queries.
pub(crate) fn ask(engine: &Engine, name: &str) -> Result<crate::query::Table, AnalyzeError> {
    Ok(engine.answer(name)?)
}

/// Rows of the window by project, service, kind, severity and effective severity.
pub fn totals(engine: &Engine) -> Result<crate::query::Table, AnalyzeError> {
    ask(engine, "totals")
}
