//! Questions about some clusters together: what all their rows name, and when their events were.
//!
//! Distinct counts of single clusters cannot be added up, and SQL here has no parameters, so the clusters stand in the text
//! as quoted literals.

use std::collections::BTreeMap;

use super::{ClusterRows, Engine, QueryError};

/// Clusters that one question names at most; its text would grow without an end otherwise.
pub const PICKED: usize = 2_000;

/// Distinct things that the rows of some clusters name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Service; `None` for all together.
    pub service: Option<String>,
    /// Events.
    pub events: u64,
    /// Instances.
    pub instances: u64,
    /// Revisions.
    pub revisions: u64,
    /// Traces.
    pub traces: u64,
    /// Users.
    pub users: u64,
}

/// A text inside the quotes of a literal.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

/// The rows of the clusters, under the names `columns`; the first [`PICKED`] of them.
fn picked(clusters: &[ClusterRows], columns: &str) -> String {
    let keys: Vec<String> = clusters
        .iter()
        .take(PICKED)
        .map(|ClusterRows { template_id, project, service, kind }| {
            format!("'{}'", quoted(&format!("{template_id}/{kind}/{project}/{service}")))
        })
        .collect();
    format!(
        "WITH picked AS (SELECT {columns} FROM rows AS r JOIN templates AS t ON r.sig_id = t.sig_id \
         WHERE r.event_role IN ('head', 'traceback') AND t.template_id || '/' || r.kind || '/' || COALESCE(r.project, '') \
         || '/' || COALESCE(r.service, '') IN ({}))",
        keys.join(", ")
    )
}

/// First rows of the events of clusters, nanoseconds.
pub type EventTimes = BTreeMap<ClusterRows, Vec<i64>>;

/// The key of a row's cluster, as columns.
const KEY: &str = "t.template_id AS template_id, COALESCE(r.project, '') AS project, COALESCE(r.service, '') AS service, \
                   r.kind AS kind";

impl Engine {
    /// What the rows of some clusters name: all services together, then each by name. Without a cluster: nothing.
    pub fn reach(&self, clusters: &[ClusterRows]) -> Result<Vec<Reach>, QueryError> {
        if clusters.is_empty() {
            return Ok(Vec::new());
        }
        let columns = "COALESCE(r.service, '') AS service, r.event_id AS event_id, r.instance AS instance, \
                       r.revision AS revision, r.trace AS trace, r.user_id AS user_id";
        let count = |column: &str| format!("CAST(COUNT(DISTINCT {column}) AS BIGINT) AS {column}s");
        let counted = ["event_id", "instance", "revision", "trace", "user_id"].map(count).join(", ");
        let with = picked(clusters, columns);
        let all = self.sql(&format!("{with} SELECT {counted} FROM picked"))?;
        let each =
            self.sql(&format!("{with} SELECT service, {counted} FROM picked GROUP BY service ORDER BY service ASC"))?;
        let mut out = Vec::new();
        for (table, named) in [(&all, false), (&each, true)] {
            let n = |name: &str, row: usize| {
                Ok::<_, QueryError>(table.i64(name)?[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
            };
            for row in 0..table.len() {
                out.push(Reach {
                    service: if named { table.str("service")?[row].clone() } else { None },
                    events: n("event_ids", row)?,
                    instances: n("instances", row)?,
                    revisions: n("revisions", row)?,
                    traces: n("traces", row)?,
                    users: n("user_ids", row)?,
                });
            }
        }
        Ok(out)
    }

    /// For how long the instances of each cluster's rows had written when the first of these came, nanoseconds, ascending;
    /// clusters whose rows name no instance are left out.
    pub fn lived(&self, clusters: &[ClusterRows]) -> Result<BTreeMap<ClusterRows, Vec<i64>>, QueryError> {
        let mut out: BTreeMap<ClusterRows, Vec<i64>> = BTreeMap::new();
        if clusters.is_empty() {
            return Ok(out);
        }
        let table = self.sql(&format!(
            "{}, ends AS (SELECT template_id, project, service, kind, instance, MIN(ts_ns) AS end_ns FROM picked \
             WHERE instance IS NOT NULL GROUP BY template_id, project, service, kind, instance), \
             begun AS (SELECT r.instance AS instance, MIN(r.ts_ns) AS first_ns FROM rows AS r \
             WHERE r.instance IN (SELECT instance FROM ends) GROUP BY r.instance) \
             SELECT template_id, project, service, kind, e.end_ns - b.first_ns AS lived_ns \
             FROM ends AS e JOIN begun AS b ON e.instance = b.instance ORDER BY lived_ns ASC",
            picked(clusters, &format!("{KEY}, r.instance AS instance, r.ts_ns AS ts_ns"))
        ))?;
        for (key, lived_ns) in table.clusters()?.into_iter().zip(table.i64("lived_ns")?) {
            out.entry(key).or_default().extend(*lived_ns);
        }
        Ok(out)
    }

    /// Events of some clusters per (service, revision); those that name none are left out.
    pub fn revisions_of(&self, clusters: &[ClusterRows]) -> Result<BTreeMap<(String, String), u64>, QueryError> {
        if clusters.is_empty() {
            return Ok(BTreeMap::new());
        }
        let columns = "COALESCE(r.service, '') AS service, r.revision AS revision, r.event_id AS event_id";
        let table = self.sql(&format!(
            "{} SELECT service, revision, CAST(COUNT(DISTINCT event_id) AS BIGINT) AS events FROM picked \
             WHERE revision IS NOT NULL GROUP BY service, revision ORDER BY service ASC, revision ASC",
            picked(clusters, columns)
        ))?;
        let (services, revisions, events) = (table.str("service")?, table.str("revision")?, table.i64("events")?);
        Ok((0..table.len())
            .filter_map(|row| {
                let key = (services[row].clone().unwrap_or_default(), revisions[row].clone()?);
                Some((key, events[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0)))
            })
            .collect())
    }

    /// First row of each event of some clusters, nanoseconds, ascending; clusters without a row are left out.
    pub fn event_times(&self, clusters: &[ClusterRows]) -> Result<EventTimes, QueryError> {
        let mut out = EventTimes::new();
        if clusters.is_empty() {
            return Ok(out);
        }
        let columns = format!("{KEY}, r.event_id AS event_id, r.ts_ns AS ts_ns");
        let table = self.sql(&format!(
            "{} SELECT template_id, project, service, kind, event_id, MIN(ts_ns) AS at_ns FROM picked \
             GROUP BY template_id, project, service, kind, event_id ORDER BY at_ns ASC, event_id ASC, template_id ASC",
            picked(clusters, &columns)
        ))?;
        for (key, at_ns) in table.clusters()?.into_iter().zip(table.i64("at_ns")?) {
            out.entry(key).or_default().extend(*at_ns);
        }
        Ok(out)
    }
}
