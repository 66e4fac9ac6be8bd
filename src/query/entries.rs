//! The entries themselves, in the order of time, around a moment.
//!
//! No named query can do this, because SQL here has no parameters. What a person typed becomes a quoted literal, and the
//! limit is spent from the moment outwards: what is nearest to it matters most.

use std::fmt::Write as _;

use super::{Engine, QueryError, Table};

/// Columns of [`Engine::entries`].
const COLUMNS: &str = "r.ts_ns AS ts_ns, r.insert_id AS insert_id, r.project AS project, r.service AS service, \
    r.severity_name AS severity_name, r.effective_severity AS effective_severity, \
    r.effective_severity_name AS effective_severity_name, r.message AS message, r.kind AS kind, r.revision AS revision, \
    r.instance AS instance, r.trace AS trace, r.span AS span, r.module AS module, r.function AS function, r.line AS line, \
    r.exception AS exception, r.http_method AS http_method, r.http_host AS http_host, r.http_route AS http_route, \
    r.http_status AS http_status, r.http_latency_ns AS http_latency_ns, r.event_id AS event_id, \
    r.event_role AS event_role, r.file AS file, r.offset AS byte_offset, t.template_id AS template_id";

/// What entries must have; `None` asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Trace id.
    pub trace: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// The exporter's id.
    pub insert_id: Option<String>,
    /// Cluster; joiners and frames of its events are not among its entries.
    pub cluster: Option<ClusterRows>,
}

/// What the entries of one cluster share.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterRows {
    /// Template, 16 hex.
    pub template_id: String,
    /// Project, or empty.
    pub project: String,
    /// Service, or empty.
    pub service: String,
    /// app, request, system, audit or build.
    pub kind: String,
}

/// Entries around a moment.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    /// `ts_ns`, `insert_id`, `message`, … of each, oldest first.
    pub rows: Table,
    /// Entries before the first of them that the limit left out.
    pub earlier: u64,
    /// Entries after the last of them that the limit left out.
    pub later: u64,
}

impl EntryFilter {
    fn sql(&self) -> String {
        let columns = [
            ("trace", &self.trace),
            ("instance", &self.instance),
            ("service", &self.service),
            ("insert_id", &self.insert_id),
        ];
        let mut sql = columns.into_iter().fold(String::from("TRUE"), |sql, (name, value)| match value {
            Some(value) => format!("{sql} AND r.{name} = '{}'", quoted(value)),
            None => sql,
        });
        if let Some(ClusterRows { template_id, project, service, kind }) = &self.cluster {
            let _ = write!(
                sql,
                " AND t.template_id = '{}' AND COALESCE(r.project, '') = '{}' AND COALESCE(r.service, '') = '{}' AND \
                 r.kind = '{}' AND r.event_role IN ('head', 'traceback')",
                quoted(template_id),
                quoted(project),
                quoted(service),
                quoted(kind),
            );
        }
        sql
    }
}

/// The tables that entries come from.
const FROM: &str = "rows AS r LEFT JOIN templates AS t ON r.sig_id = t.sig_id";

/// A text inside the quotes of a literal.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

impl Engine {
    /// Number of matching entries of the engine's window, and the times of the first and the last in nanoseconds; `None`
    /// when there is none.
    pub fn extent(&self, filter: &EntryFilter) -> Result<Option<(u64, i64, i64)>, QueryError> {
        let table = self.sql(&format!(
            "SELECT CAST(COUNT(*) AS BIGINT) AS n, MIN(r.ts_ns) AS first_ns, MAX(r.ts_ns) AS last_ns FROM {FROM} WHERE {}",
            filter.sql()
        ))?;
        let value = |name| Ok::<_, QueryError>(table.i64(name)?.first().copied().flatten());
        let n = value("n")?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Ok(value("first_ns")?.zip(value("last_ns")?).map(|(first, last)| (n, first, last)))
    }

    /// Matching entries of the engine's window, at most `most`, those next to `at_ns` first.
    pub fn entries(&self, filter: &EntryFilter, at_ns: i64, most: usize) -> Result<Entries, QueryError> {
        let wanted = filter.sql();
        let count = |side: &str| -> Result<usize, QueryError> {
            let sql =
                format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {FROM} WHERE {wanted} AND r.ts_ns {side} {at_ns}");
            let n = self.sql(&sql)?.i64("n")?.first().copied().flatten().unwrap_or(0);
            Ok(usize::try_from(n).unwrap_or(0))
        };
        let (before, after) = (count("<")?, count(">=")?);
        let later = after.min((most - most / 2).max(most.saturating_sub(before)));
        let earlier = before.min(most - later);
        // Both limits become one range of places, so that rows of one moment are never told apart by chance.
        let (skip, take) = (before - earlier, earlier + later);
        let rows = self.sql(&format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE {wanted} \
             ORDER BY ts_ns ASC, insert_id ASC NULLS LAST, file ASC, byte_offset ASC LIMIT {take} OFFSET {skip}"
        ))?;
        Ok(Entries { rows, earlier: skip as u64, later: (after - later) as u64 })
    }
}
